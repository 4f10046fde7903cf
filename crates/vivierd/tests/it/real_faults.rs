//! Kill anything: the world converges again. And what a hostile agent can reach: nothing.

use std::process::Command;

use serde_json::json;

use crate::product::{Product, StandIn, docker, until};

#[tokio::test(flavor = "multi_thread")]
async fn real_whatever_is_killed_the_agent_answers_again_and_a_hostile_agent_reaches_nothing() {
    let mut product = Product::start().await;
    let models = StandIn::start("model-standin.mjs", &[]);
    let asked = json!({
        "name": "Phoenix", "plan": "pro",
        "provider": {"kind": "openai_compatible", "base_url": format!("{}/v1", models.url), "model": "stand-in", "api_key": "sk-none"},
    });
    let made = product.call("POST", "/v1/deployments", Some(asked)).await;
    let id = made["id"].as_str().expect("an id").to_owned();
    // Killed in the middle of provisioning: each role once.
    for role in ["serve", "host"] {
        product.kill(role);
        until("the API answers again", 60, || async {
            product
                .http
                .get(format!("{}/readyz", product.url))
                .send()
                .await
                .map_err(|error| error.to_string())?
                .error_for_status()
                .map_err(|error| error.to_string())
        })
        .await;
    }
    let seen = product.wait(&id, "running", 300).await;
    let slug = seen["slug"].as_str().expect("a slug").to_owned();
    assert_eq!((product.containers().len(), product.networks().len()), (1, 1), "one workload, one network");

    hostile(&product);

    // The edge is killed: a new one finds the routes, and signed-in programs pass.
    product.kill("edge");
    answers(&product, &slug).await;

    // The container is removed by hand: it comes back.
    let before = product.containers();
    docker(&["rm", "-f", &before[0]]);
    until("another container runs", 300, || async {
        let now = product.containers();
        if now.len() == 1 && now != before { Ok(()) } else { Err(format!("{now:?}")) }
    })
    .await;
    product.wait(&id, "running", 300).await;
    answers(&product, &slug).await;

    // A container that nobody owns is stopped and kept, never silently removed.
    let installation = std::fs::read_to_string(product.data.path().join("installation")).expect("an installation");
    let image = seen["image"].as_str().expect("a digest");
    let stray = docker(&[
        "run",
        "-d",
        "--network",
        "none",
        "--label",
        &format!("io.vivier.installation={}", installation.trim()),
        "--entrypoint",
        "sleep",
        image,
        "3600",
    ]);
    let stray = stray.trim().to_owned();
    until("the stray is in quarantine", 120, || async {
        let listed = product.call("GET", "/v1/operator/quarantine", None).await;
        let running = docker(&["inspect", "-f", "{{.State.Running}}", &stray]);
        if listed.to_string().contains(&stray[..12]) && running.trim() == "false" { Ok(()) } else { Err(format!("{listed} running={running}")) }
    })
    .await;
    docker(&["rm", "-f", &stray]);

    // Ctrl-C and up again: the agent has run all the while, and is found.
    let container = product.containers();
    let started = docker(&["inspect", "-f", "{{.State.StartedAt}}", &container[0]]);
    product.down().await;
    assert_eq!(docker(&["inspect", "-f", "{{.State.Running}}", &container[0]]).trim(), "true", "agents keep running");
    product.up().await;
    product.wait(&id, "running", 120).await;
    answers(&product, &slug).await;
    assert_eq!(docker(&["inspect", "-f", "{{.State.StartedAt}}", &container[0]]), started, "it was adopted, not restarted");
}

async fn answers(product: &Product, slug: &str) {
    until("the agent answers", 240, || async {
        product.chat(slug, "are you there").await.and_then(|text| if text.contains("are you there") { Ok(()) } else { Err(text) })
    })
    .await;
}

/// From inside the running agent's own network namespace and file system.
fn hostile(product: &Product) {
    let container = product.containers().remove(0);
    let gateway = docker(&["inspect", "-f", "{{range .NetworkSettings.Networks}}{{.Gateway}}{{end}}", &container]).trim().to_owned();
    let own = Command::new("ip").args(["-4", "-o", "addr"]).output().expect("ip runs");
    let addresses: Vec<String> = String::from_utf8_lossy(&own.stdout)
        .lines()
        .filter_map(|line| line.split_whitespace().nth(3)?.split('/').next().map(str::to_owned))
        .filter(|address| !address.starts_with("127."))
        .collect();
    // A listener on every address of the host: reachable for the host, never for the agent.
    let listener = std::net::TcpListener::bind("0.0.0.0:0").expect("a listener");
    let port = listener.local_addr().expect("an address").port();
    let mut targets: Vec<(String, u16)> = addresses.iter().map(|address| (address.clone(), port)).collect();
    targets.extend(addresses.iter().map(|address| (address.clone(), product.port)));
    targets.extend([("169.254.169.254".to_owned(), 80), ("192.0.2.1".to_owned(), 443), (gateway.clone(), 22), (gateway.clone(), 2375)]);
    let script = r"
        const net = require('net');
        const targets = JSON.parse(process.argv[1]);
        Promise.all(targets.map(([host, port]) => new Promise((done) => {
            const socket = net.connect({ host, port, timeout: 1500 });
            const end = (word) => { socket.destroy(); done([host, port, word]); };
            socket.on('connect', () => end('reached'));
            socket.on('timeout', () => end('silent'));
            socket.on('error', (error) => end(error.code));
        }))).then((results) => console.log(JSON.stringify(results)));
    ";
    let probe = |targets: &[(String, u16)]| -> Vec<(String, u16, String)> {
        let list = serde_json::to_string(targets).expect("JSON");
        serde_json::from_str(&docker(&["exec", &container, "node", "-e", script, &list])).expect("results")
    };
    for (host, port, result) in probe(&targets) {
        assert_ne!(result, "reached", "the agent reached {host}:{port}");
    }
    // The probe itself works: the one door it was given opens.
    let door = probe(&[(gateway, 18790)]);
    assert_eq!(door[0].2, "reached", "{door:?}");
    let socket = docker(&["exec", &container, "sh", "-c", "ls /var/run/docker.sock /run/docker.sock 2>/dev/null | wc -l"]);
    assert_eq!(socket.trim(), "0", "no Docker socket inside");
    let names = docker(&["exec", &container, "node", "-e", "require('dns').lookup('example.com', (error) => console.log(error ? error.code : 'resolved'))"]);
    assert_ne!(names.trim(), "resolved", "no names are resolved inside");
}
