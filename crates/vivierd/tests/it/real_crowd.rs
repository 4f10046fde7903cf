//! A crowd: fifty deployments asked for at the same moment, and a host that has no room. On real Docker, with the light stand-in
//! for OpenClaw's gateway.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Instant;

use futures_util::future::join_all;
use serde_json::{Value, json};

use crate::product::{Product, docker, until};

const CROWD: usize = 50;
/// How many more than the account may make in an hour.
const REFUSED: usize = 5;
/// `server.concurrency`, as it is by default.
const TURNS: usize = 4;
const MIB: u64 = 1 << 20;

/// One line of a file of `/proc`, in MB.
fn megabytes(file: &str, name: &str) -> u64 {
    let text = std::fs::read_to_string(file).unwrap_or_default();
    let line = text.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(':'));
    line.and_then(|rest| rest.trim().trim_end_matches(" kB").parse::<u64>().ok()).unwrap_or_default() / 1024
}

/// Posts all of `bodies` at once, each on a connection of its own.
async fn post_at_once(product: &Product, bodies: Vec<Value>) -> Vec<(u16, Value)> {
    join_all(bodies.into_iter().map(|body| product.try_call("POST", "/v1/deployments", Some(body)))).await
}

async fn all(product: &Product) -> Vec<Value> {
    product.call("GET", "/v1/deployments?limit=200", None).await["items"].as_array().expect("deployments").clone()
}

fn text<'a>(deployment: &'a Value, name: &str) -> &'a str {
    deployment[name].as_str().unwrap_or_default()
}

/// The host, as the operator sees it.
async fn host(product: &Product) -> Value {
    product.call("GET", "/v1/operator/hosts", None).await["items"][0].clone()
}

/// Which agent answers at the address of `slug`: the host name of its container.
async fn who_answers(product: &Product, slug: &str) -> String {
    let answer = product.agent(slug, reqwest::Method::GET, "/v1/standin").bearer_auth(&product.token).send().await.expect("an answer");
    let text = answer.text().await.expect("a body");
    serde_json::from_str::<Value>(&text).ok().and_then(|answer| answer["hostname"].as_str().map(str::to_owned)).unwrap_or(text)
}

/// Nothing of this product is on the machine but its own processes.
async fn until_nothing_is_left(product: &Product, seconds: u64) {
    until("nothing is left", seconds, || async {
        let data = product.data.path();
        let volumes = std::fs::read_dir(data.join("volumes")).expect("volumes").count();
        let delivered = std::fs::read_dir(data.join("delivered")).expect("deliveries").count();
        let left = (product.containers().len(), product.networks().len(), volumes, delivered, doors(product));
        if left == (0, 0, 0, 0, 0) { Ok(()) } else { Err(format!("containers, networks, volumes, deliveries, doors: {left:?}")) }
    })
    .await;
}

/// How many doors the firewall has open.
fn doors(product: &Product) -> usize {
    let firewall = vivier_host::firewall::Firewall::new("nft".into(), product.installation().parse().expect("an installation"));
    let listed = std::process::Command::new("nft").args(["list", "set", "inet", firewall.table(), "doors"]).output().expect("nft runs");
    String::from_utf8_lossy(&listed.stdout).matches(" . 18790").count()
}

#[tokio::test(flavor = "multi_thread")]
async fn real_fifty_at_the_same_moment_all_run_in_their_turn_and_leave_nothing_behind() {
    let product = Product::with_standin(&[
        ("VIVIER_SERVER__DEPLOYS_PER_HOUR", "50"),
        ("VIVIER_SERVER__MEMORY_OVERCOMMIT", "100"),
        ("VIVIER_SERVER__RETENTION_DAYS", "0"),
    ])
    .await;
    until("the image is in the catalogue", 30, || async {
        let releases = product.call("GET", "/v1/releases", None).await;
        if releases.to_string().contains("0.0.0-standin") { Ok(()) } else { Err(releases.to_string()) }
    })
    .await;
    let free = megabytes("/proc/meminfo", "MemAvailable");
    let began = Instant::now();
    let answers = post_at_once(&product, vec![json!({"name": "Crowd", "plan": "starter"}); CROWD + REFUSED]).await;
    let asked = began.elapsed();
    // Exactly as many as the account may make in an hour, however close they come; the others are told so.
    let (made, refused): (Vec<_>, Vec<_>) = answers.iter().partition(|(status, _)| *status == 202);
    for (status, problem) in &refused {
        assert_eq!(*status, 429, "{problem}");
        assert!(text(problem, "detail").contains("50") && problem["retry_after_seconds"].is_u64(), "{problem}");
    }
    assert_eq!(refused.len(), REFUSED);
    let ids: BTreeSet<String> = made.iter().map(|(_, made)| text(made, "id").to_owned()).collect();
    assert_eq!(ids.len(), CROWD);

    let longest_line = AtomicUsize::new(0);
    let mut most_memory = 0;
    let mut roles: BTreeMap<&str, u64> = BTreeMap::new();
    let running = until("all run", 170, || {
        for role in ["serve", "edge", "host"] {
            let now = megabytes(&format!("/proc/{}/status", product.pid_of(role)), "VmRSS");
            let most = roles.entry(role).or_default();
            *most = now.max(*most);
        }
        most_memory = free.saturating_sub(megabytes("/proc/meminfo", "MemAvailable")).max(most_memory);
        let (longest_line, product) = (&longest_line, &product);
        async move {
            let all = all(product).await;
            let under_way = all.iter().filter(|one| ["provisioning", "configuring", "starting"].contains(&text(one, "state"))).count();
            assert!(under_way <= TURNS, "{under_way} at the same time");
            // Who waits is told its place, and no two the same.
            let places: Vec<u64> = all.iter().filter_map(|one| one["queue_position"].as_u64()).collect();
            assert_eq!(places.iter().collect::<BTreeSet<_>>().len(), places.len(), "{places:?}");
            longest_line.fetch_max(places.len(), Ordering::Relaxed);
            let failed: Vec<&Value> = all.iter().filter(|one| text(one, "state") == "failed").collect();
            assert!(failed.is_empty(), "{failed:#?}");
            let running = all.iter().filter(|one| text(one, "state") == "running").count();
            if running == CROWD { Ok(all) } else { Err(format!("{running} run, {} wait", places.len())) }
        }
    })
    .await;
    let took = began.elapsed();
    let longest_line = longest_line.into_inner();
    eprintln!(
        "{CROWD} asked for in {asked:.1?}, running after {took:.1?}; at most {longest_line} waited; the machine used {most_memory} MB more; {roles:?} MB"
    );
    assert!(longest_line > 10, "they waited in a line: {longest_line}");

    // No race for a name, a network or a container: every one has its own, and answers at its own address.
    let slugs: BTreeSet<&str> = running.iter().map(|one| text(one, "slug")).collect();
    assert_eq!((slugs.len(), product.containers().len(), product.networks().len(), doors(&product)), (CROWD, CROWD, CROWD, CROWD));
    let mut arguments = vec!["network".to_owned(), "inspect".to_owned(), "-f".to_owned(), "{{(index .IPAM.Config 0).Subnet}}".to_owned()];
    arguments.extend(product.networks());
    let said = docker(&arguments.iter().map(String::as_str).collect::<Vec<_>>());
    assert_eq!(said.lines().collect::<BTreeSet<_>>().len(), CROWD);
    for one in &running {
        until("it answers at its address", 20, || async {
            let host = who_answers(&product, text(one, "slug")).await;
            if host == text(one, "id").replace('_', "-") { Ok(()) } else { Err(host) }
        })
        .await;
    }

    // And away, all at once.
    let began = Instant::now();
    let paths: Vec<String> = ids.iter().map(|id| format!("/v1/deployments/{id}")).collect();
    join_all(paths.iter().map(|path| product.call("DELETE", path, None))).await;
    until_nothing_is_left(&product, 170).await;
    eprintln!("gone after {:.1?}", began.elapsed());
}

#[tokio::test(flavor = "multi_thread")]
async fn real_a_host_whose_memory_is_promised_to_four_fifths_refuses_more_and_says_why() {
    // Everything about memory as it is by default.
    let product = Product::with_standin(&[
        ("VIVIER_SERVER__DEPLOYS_PER_HOUR", "1000"),
        ("VIVIER_SERVER__CONCURRENCY", "100"),
        ("VIVIER_SERVER__RETENTION_DAYS", "0"),
        ("VIVIER_SERVER__STOP_GRACE_SECONDS", "2"),
    ])
    .await;
    // What is decided by is what the kernel says.
    let total = megabytes("/proc/meminfo", "MemTotal");
    let view = until("the host was looked at", 30, || async {
        let view = host(&product).await;
        if view["capacity"].is_object() { Ok(view) } else { Err(view.to_string()) }
    })
    .await;
    assert_eq!(view["capacity"]["memory_total_bytes"].as_u64().expect("memory") / MIB, total, "{view:#}");
    let available = view["capacity"]["memory_available_bytes"].as_u64().expect("memory") / MIB;
    assert!(available.abs_diff(megabytes("/proc/meminfo", "MemAvailable")) < total / 10, "{view:#}");
    assert_eq!(view["admits"], true, "{view:#}");

    // Agents on their way count with all that their plan promises: as many as fit under 80 %, and some more. They never come to their
    // end, so that what is promised stays.
    let ceiling = total * 8 / 10;
    let need = 4096;
    let fit = ceiling.saturating_sub(total - available) / need;
    let many = usize::try_from(fit).expect("a count") + 3;
    assert!((4..=100).contains(&many), "this test is for machines of 8 to 500 GB: {view:#}");
    let body = json!({"name": "Large", "plan": "team", "config": "{ standin: { neverStarts: true } }"});
    let answers = post_at_once(&product, vec![body.clone(); many]).await;
    for (status, answer) in &answers {
        assert!(*status == 202 || (*status == 503 && answer["code"] == "host_full"), "{status} {answer}");
    }
    let (waiting, started) = until("those that fit are on their way, and the others wait", 120, || async {
        let all = all(&product).await;
        let (started, waiting): (Vec<Value>, Vec<Value>) = all.into_iter().partition(|one| text(one, "state") == "starting");
        let told = waiting.iter().all(|one| text(one, "state") == "requested" && text(one, "reason").contains("room") && one["queue_position"].is_u64());
        let count = u64::try_from(started.len()).unwrap_or_default();
        // Others use the machine as well: one more or less may fit by now.
        if told && !waiting.is_empty() && count.abs_diff(fit) <= 1 { Ok((waiting, started)) } else { Err(format!("{waiting:#?} {count} of {fit}")) }
    })
    .await;
    // The first in line is told the numbers, whoever is behind it that others come first.
    let first = waiting.iter().min_by_key(|one| one["queue_position"].as_u64()).expect("somebody waits");
    let reason = text(first, "reason");
    assert!(reason.contains(&format!("of {total} MB")) && reason.contains(&format!("new agents stop at {ceiling} MB; it waits until")), "{reason}");

    // Whoever comes now is refused, with the numbers and when to come again.
    let (status, problem) = product.try_call("POST", "/v1/deployments", Some(body)).await;
    assert_eq!((status, text(&problem, "code")), (503, "host_full"), "{problem:#}");
    assert!(text(&problem, "detail").contains(&format!("new agents stop at {ceiling} MB")), "{problem:#}");
    assert!(text(&problem, "detail").ends_with("try again when others are stopped or deleted"), "{problem:#}");
    assert!(problem["retry_after_seconds"].as_u64().is_some_and(|seconds| seconds > 0), "{problem:#}");
    eprintln!("{}", text(&problem, "detail"));
    let view = host(&product).await;
    eprintln!("{} of {many} started; the operator sees: {} {}", started.len(), view["admits"], view["reason"]);

    // One goes, and the first in line comes.
    product.call("DELETE", &format!("/v1/deployments/{}", text(&started[0], "id")), None).await;
    product.wait(text(first, "id"), "starting", 60).await;
    for one in all(&product).await {
        product.call("DELETE", &format!("/v1/deployments/{}", text(&one, "id")), None).await;
    }
    until_nothing_is_left(&product, 120).await;
}
