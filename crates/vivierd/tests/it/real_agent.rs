//! A real OpenClaw agent, from `POST /v1/deployments` to its answers, and back to nothing.
//!
//! Start-ups cost 10 to 25 s of CPU each, so that one agent lives through each story.

use std::process::Command;

use futures_util::StreamExt as _;
use serde_json::{Value, json};

use crate::product::{Product, StandIn, docker, until};

const MODEL_KEY: &str = "sk-canary-model-key-0123456789";
const BOT_TOKEN: &str = "123456789:AAcanarycanarycanarycanarycanary0123456";

fn new_agent(name: &str, models: &StandIn) -> Value {
    json!({
        "name": name, "plan": "pro", "template": "assistant",
        "provider": {"kind": "openai_compatible", "base_url": format!("{}/v1", models.url), "model": "stand-in", "api_key": MODEL_KEY},
    })
}

#[tokio::test(flavor = "multi_thread")]
async fn real_an_agent_answers_over_http_and_telegram_and_its_keys_are_nowhere_they_must_not_be() {
    let product = Product::start().await;
    let models = StandIn::start("model-standin.mjs", &["--key", MODEL_KEY]);
    let telegram = StandIn::start("telegram-standin.mjs", &["--token", BOT_TOKEN]);
    let mut asked = new_agent("Ada's agent", &models);
    asked["template"] = json!("telegram");
    asked["channels"] = json!([{"kind": "telegram", "tokens": {"bot_token": BOT_TOKEN}, "allow_from": ["42"], "api_root": telegram.url}]);
    let made = product.call("POST", "/v1/deployments", Some(asked)).await;
    let id = made["id"].as_str().expect("an id").to_owned();
    let seen = product.wait(&id, "running", 240).await;
    let slug = seen["slug"].as_str().expect("a slug").to_owned();

    // Talk: over the agent's own OpenAI-compatible endpoint, through the edge, with the account's token.
    let answer = product.chat(&slug, "ping 7").await.expect("an answer");
    assert!(answer.contains("ping 7"), "{answer}");
    let stranger =
        product.agent(&slug, reqwest::Method::POST, "/v1/chat/completions").bearer_auth("viv_wrong").json(&json!({})).send().await.expect("an answer");
    assert!([401, 404].contains(&stranger.status().as_u16()), "{}", stranger.status());

    // Channels: a message in, an answer out.
    let http = reqwest::Client::new();
    let told =
        http.post(format!("{}/control/message", telegram.url)).json(&json!({"chat": 42, "text": "hello from telegram"})).send().await.expect("an answer");
    assert!(told.status().is_success());
    until("the bot answers", 120, || async {
        let sent = http
            .get(format!("{}/control/sent", telegram.url))
            .send()
            .await
            .map_err(|error| error.to_string())?
            .text()
            .await
            .map_err(|error| error.to_string())?;
        if sent.contains("hello from telegram") { Ok(()) } else { Err(sent) }
    })
    .await;

    // Watch: the timeline explains every step with its duration; the log begins with its tail; CPU and memory are there.
    let events = product.call("GET", &format!("/v1/deployments/{id}/events?limit=200"), None).await;
    for action in ["allocate", "prepare", "configure", "start", "prove", "route"] {
        let done = events["items"].as_array().expect("events").iter().any(|event| event["action"] == action && event["outcome"] == "done");
        assert!(done, "no {action} in {events:#}");
    }
    for action in ["prepare", "configure", "start", "prove"] {
        let timed = events["items"].as_array().expect("events").iter().any(|event| event["action"] == action && event["duration_ms"].is_u64());
        assert!(timed, "{action} says not how long it took: {events:#}");
    }
    let mut log = product
        .http
        .get(format!("{}/v1/deployments/{id}/logs?follow=true&tail=5", product.url))
        .bearer_auth(&product.token)
        .send()
        .await
        .expect("a log")
        .bytes_stream();
    let mut read = String::new();
    while !read.contains("data:") {
        let chunk = tokio::time::timeout(std::time::Duration::from_secs(20), log.next()).await.expect("in time").expect("a chunk").expect("bytes");
        read.push_str(&String::from_utf8_lossy(&chunk));
    }
    drop(log);
    let stats = product.call("GET", &format!("/v1/deployments/{id}/stats"), None).await;
    assert!(stats["memory_bytes"].as_u64().expect("memory") > 100 << 20, "{stats}");

    // Sealed: the proof holds, and no key is where it must not be.
    let proof = product.call("GET", &format!("/v1/deployments/{id}/proof"), None).await;
    assert_eq!(proof["holds"], true, "{proof:#}");
    nowhere(&product, &id, &events).await;

    // Another token is handed to the gateway while it runs. A wrong one is a degraded agent, not a failed start.
    let process = || docker(&["inspect", "--format", "{{.Id}} {{.State.StartedAt}}", &format!("vivier-{id}")]);
    let before = process();
    let wrong = "987654321:AAwrongwrongwrongwrongwrongwrongwrong012";
    product
        .call(
            "POST",
            &format!("/v1/deployments/{id}/config"),
            Some(json!({"channels": [{"kind": "telegram", "tokens": {"bot_token": wrong}, "allow_from": ["42"], "api_root": telegram.url}]})),
        )
        .await;
    until("telegram is degraded", 240, || async {
        let seen = product.deployment(&id).await;
        let degraded = seen["degraded"]
            .as_array()
            .is_some_and(|parts| parts.iter().any(|part| part["part"] == "telegram" && part["remedy"].as_str().is_some_and(|remedy| !remedy.is_empty())));
        if seen["state"] == "running" && degraded { Ok(()) } else { Err(format!("{seen}")) }
    })
    .await;

    assert_eq!(process(), before, "the same container, the same process");
    product.call("PUT", &format!("/v1/deployments/{id}/secrets/channels.telegram.botToken"), Some(json!({"value": BOT_TOKEN}))).await;
    until("telegram works again", 120, || async {
        let seen = product.deployment(&id).await;
        if seen["state"] == "running" && seen["degraded"].as_array().is_none_or(Vec::is_empty) { Ok(()) } else { Err(format!("{seen}")) }
    })
    .await;
    assert_eq!(process(), before, "the same container, the same process");
    let told = http.post(format!("{}/control/message", telegram.url)).json(&json!({"chat": 42, "text": "once more"})).send().await.expect("an answer");
    assert!(told.status().is_success());
    until("the bot answers with its token of before", 120, || async {
        let sent = http.get(format!("{}/control/sent", telegram.url)).send().await.map_err(|error| error.to_string())?;
        let sent = sent.text().await.map_err(|error| error.to_string())?;
        if sent.contains("once more") { Ok(()) } else { Err(sent) }
    })
    .await;
    let events = product.call("GET", &format!("/v1/deployments/{id}/events?limit=200"), None).await;
    assert!(events.to_string().contains("works with the changed secrets, without a restart"), "{events:#}");
    let versions = product.call("GET", &format!("/v1/deployments/{id}/secrets/channels.telegram.botToken/versions"), None).await;
    assert_eq!(versions["items"].as_array().map(Vec::len), Some(3), "{versions:#}");
    nowhere(&product, &id, &events).await;

    // Delete: nothing is left but the data, and that can be taken back until the retention is over.
    product.call("DELETE", &format!("/v1/deployments/{id}"), None).await;
    until("container and network are gone", 90, || async {
        let left = (product.containers().len(), product.networks().len());
        if left == (0, 0) { Ok(()) } else { Err(format!("{left:?}")) }
    })
    .await;
    let gone = product.deployment(&id).await;
    assert_eq!(gone["state"], "terminated");
    assert!(gone["purge_at"].is_string(), "{gone}");
    product.call("POST", &format!("/v1/deployments/{id}/restore"), None).await;
    product.wait(&id, "running", 240).await;
    for line in product.log().lines() {
        assert!(!line.contains(MODEL_KEY) && !line.contains(BOT_TOKEN), "a key in Vivier's own log: {line}");
    }
}

/// The canaries are searched for in everything that is not the tmpfs.
async fn nowhere(product: &Product, id: &str, events: &Value) {
    let containers = product.containers();
    assert_eq!(containers.len(), 1, "{containers:?}");
    let container = &containers[0];
    let pid = docker(&["inspect", "-f", "{{.State.Pid}}", container]).trim().to_owned();
    let places = [
        ("inspect", docker(&["inspect", container])),
        ("the engine's log", docker(&["logs", container])),
        ("environment and arguments of its processes", {
            let script = "for p in $(pgrep -g 0 2>/dev/null; ls /proc | grep -E '^[0-9]+$'); do tr '\\0' ' ' < /proc/$p/environ 2>/dev/null; tr '\\0' ' ' < /proc/$p/cmdline 2>/dev/null; done";
            String::from_utf8_lossy(&Command::new("nsenter").args(["-t", &pid, "-p", "-m", "sh", "-c", script]).output().expect("nsenter runs").stdout)
                .into_owned()
        }),
        ("events", events.to_string()),
        ("deployment", product.deployment(id).await.to_string()),
        ("config", product.call("GET", &format!("/v1/deployments/{id}/config"), None).await.to_string()),
        ("secrets", product.call("GET", &format!("/v1/deployments/{id}/secrets"), None).await.to_string()),
    ];
    for (place, text) in &places {
        assert!(!text.is_empty(), "{place} was not read");
        for canary in [MODEL_KEY, BOT_TOKEN] {
            assert!(!text.contains(canary), "{canary} in {place}");
        }
    }
    // Only the channel's token is delivered, on a tmpfs; the model's key never enters the container.
    let data = product.data.path();
    let on_tmpfs = grep(BOT_TOKEN, &data.join("run/secrets"));
    assert_eq!(on_tmpfs.len(), 1, "{on_tmpfs:?}");
    assert!(grep(MODEL_KEY, &data.join("run/secrets")).is_empty());
    for place in ["vivier.db", "vivier.db-wal", "delivered", "edge", "keys", "images", "volumes"] {
        for canary in [MODEL_KEY, BOT_TOKEN] {
            let found = grep(canary, &data.join(place));
            assert!(found.is_empty(), "{canary} in {found:?}");
        }
    }
}

fn grep(text: &str, place: &std::path::Path) -> Vec<String> {
    if !place.exists() {
        return Vec::new();
    }
    let found = Command::new("grep").args(["-rlaF", "--", text]).arg(place).output().expect("grep runs");
    String::from_utf8_lossy(&found.stdout).lines().map(str::to_owned).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn real_a_configuration_is_applied_in_place_refused_with_its_path_and_rolled_back() {
    let product = Product::start().await;
    let models = StandIn::start("model-standin.mjs", &["--key", MODEL_KEY]);
    let made = product.call("POST", "/v1/deployments", Some(new_agent("Config", &models))).await;
    let id = made["id"].as_str().expect("an id").to_owned();
    product.wait(&id, "running", 240).await;
    let before = product.containers();

    // Refused before anything is touched, with the path.
    let (status, problem) =
        product.try_call("POST", &format!("/v1/deployments/{id}/config"), Some(json!({"text": "{ agents: { defaults: { maxConcurrent: 'many' } } }"}))).await;
    assert_eq!(status, 422, "{problem}");
    assert!(problem["fields"].to_string().contains("agents.defaults.maxConcurrent"), "{problem:#}");
    let (status, problem) = product.try_call("POST", &format!("/v1/deployments/{id}/config"), Some(json!({"text": "{ gateway: { bind: 'loopback' } }"}))).await;
    assert_eq!(status, 422, "{problem}");
    assert!(problem["fields"].to_string().contains("gateway.bind"), "{problem:#}");

    // Applied in place: the same container, its own view of it changed.
    product.call("POST", &format!("/v1/deployments/{id}/config"), Some(json!({"text": "{ ui: { seamColor: '#336699' } }"}))).await;
    until("the revision is good", 90, || async {
        let revisions = product.call("GET", &format!("/v1/deployments/{id}/revisions"), None).await;
        let newest = &revisions["items"][0];
        if newest["outcome"] == "good" && newest["current"] == true { Ok(()) } else { Err(newest.to_string()) }
    })
    .await;
    assert_eq!(product.containers(), before, "a reload replaces no container");
    let config = product.call("GET", &format!("/v1/deployments/{id}/config"), None).await;
    assert_eq!(config["effective"]["ui"]["seamColor"], "#336699");

    // And back.
    product.call("POST", &format!("/v1/deployments/{id}/rollback"), Some(json!({"revision": 1}))).await;
    until("the first text is back", 90, || async {
        let config = product.call("GET", &format!("/v1/deployments/{id}/config"), None).await;
        let state = product.deployment(&id).await["state"].clone();
        if config["effective"]["ui"]["seamColor"] != "#336699" && state == "running" { Ok(()) } else { Err(format!("{state} {config}")) }
    })
    .await;

    // Suspended: no container runs, its name says so; resumed: it answers again.
    let slug = product.deployment(&id).await["slug"].as_str().expect("a slug").to_owned();
    product.call("POST", &format!("/v1/deployments/{id}/suspend"), None).await;
    product.wait(&id, "suspended", 60).await;
    until("its name says so", 60, || async {
        let status = product
            .agent(&slug, reqwest::Method::GET, "/v1/models")
            .bearer_auth(&product.token)
            .send()
            .await
            .map_err(|error| error.to_string())?
            .status()
            .as_u16();
        if status == 503 { Ok(()) } else { Err(status.to_string()) }
    })
    .await;
    product.call("POST", &format!("/v1/deployments/{id}/resume"), None).await;
    product.wait(&id, "running", 240).await;
    let answer = product.chat(&slug, "still there?").await.expect("an answer");
    assert!(answer.contains("still there?"), "{answer}");
}
