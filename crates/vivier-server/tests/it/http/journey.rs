//! One owner's way from signing up to deleting, and what is never said on it.

use std::sync::{Arc, Mutex};

use futures_util::StreamExt as _;
use reqwest::Method;
use serde_json::json;
use vivier_core::id::DeploymentId;

use super::api::{Api, As};

/// Reads a stream of events until `enough` says so.
pub async fn read_events(response: reqwest::Response, mut enough: impl FnMut(&str) -> bool) -> String {
    assert_eq!(response.status(), 200);
    assert_eq!(response.headers()["content-type"], "text/event-stream");
    let mut bytes = response.bytes_stream();
    let mut text = String::new();
    let reading = async {
        while let Some(chunk) = bytes.next().await {
            text.push_str(&String::from_utf8_lossy(&chunk.expect("a chunk")));
            if enough(&text) {
                break;
            }
        }
    };
    tokio::time::timeout(std::time::Duration::from_secs(20), reading).await.expect("the stream says what is waited for");
    text
}

#[tokio::test]
async fn an_owner_deploys_watches_configures_and_deletes() {
    let api = Api::new().await;
    let (who, email) = api.signup().await;
    assert_eq!(api.get(&who, "/v1/auth/me").await.ok(200).json()["user"]["email"], email);
    let catalogue = api.get(&As::Nobody, "/v1/catalogue").await.ok(200).json();
    assert_eq!(catalogue["openclaw_version"], "2026.9.6");

    let id = api.deploy(&who, "My first agent").await;
    let at = |rest: &str| format!("/v1/deployments/{id}{rest}");
    let running = api.until_state(&who, &id, "running").await;
    assert!(running["url"].as_str().is_some_and(|url| url.starts_with("http://my-first-agent-") && url.ends_with(".localhost:8080")), "{running}");
    assert!(running["observed_at"].is_string());
    assert_eq!(api.get(&who, "/v1/deployments?state=running&q=FIRST").await.ok(200).json()["items"][0]["id"], id);
    assert_eq!(api.get(&who, "/v1/deployments?state=failed").await.ok(200).json()["items"], json!([]));
    assert_eq!(api.get(&who, &at("/proof")).await.ok(200).json()["holds"], true);
    assert!(api.get(&who, &at("/stats")).await.ok(200).json()["memory_bytes"].as_u64().is_some_and(|bytes| bytes > 0));

    // The timeline explains itself, and can be paged.
    let events = api.get(&who, &at("/events?limit=3")).await.ok(200).json();
    let cursor = events["next_cursor"].as_str().expect("more follow");
    let older = api.get(&who, &at(&format!("/events?limit=3&cursor={cursor}"))).await.ok(200).json();
    assert!(older["items"][0]["id"].as_str() < events["items"][2]["id"].as_str());
    let followed = api.request(&who, Method::GET, &at("/events?follow=true")).send().await.expect("an answer");
    let text = read_events(followed, |text| text.contains("\"running\"") || text.matches("event: event").count() >= 5).await;
    assert!(text.starts_with(": connected\nretry: 2000\n\n") && text.contains("id: evt_"), "{text}");

    // Logs: the tail first, then what comes.
    let deployment: DeploymentId = id.parse().expect("an id");
    api.world.fake.write_log(deployment, "said before");
    let followed = api.request(&who, Method::GET, &at("/logs?follow=true&tail=1")).send().await.expect("an answer");
    let mut written = false;
    let fake = api.world.fake.clone();
    let text = read_events(followed, |text| {
        if text.contains("said before") && !written {
            written = true;
            fake.write_log(deployment, "said \"now\"\nin two lines");
        }
        text.contains("in two lines")
    })
    .await;
    assert_eq!(text.matches("event: line\n").count(), 2, "{text}");
    let lines = api.get(&who, &at("/logs?tail=2")).await.ok(200).json();
    assert_eq!(lines["items"][0]["text"], "said before");
    let file = api.get(&who, &at("/logs?format=text&tail=2")).await.ok(200);
    assert!(file.text.contains("info") && file.text.contains("said before\n"), "{}", file.text);
    assert!(file.headers["content-disposition"].to_str().is_ok_and(|value| value.starts_with("attachment; filename=\"my-first-agent-")));

    // Configuration: checked, applied, versioned, rolled back.
    let config = api.get(&who, &at("/config")).await.ok(200).json();
    assert_eq!(config["version"], 1);
    assert_eq!(config["effective"]["gateway"]["auth"]["mode"], "trusted-proxy");
    let text = "{\n  ui: { assistant: { name: 'Grace' } },\n}\n";
    let check = api.post(&who, &at("/config"), &json!({ "text": "{ gateway: { bind: 'lan' } }", "dry_run": true })).await.ok(200).json();
    assert_eq!((check["valid"].as_bool(), check["issues"][0]["path"].as_str()), (Some(false), Some("text.gateway.bind")));
    let refused = api.post(&who, &at("/config"), &json!({ "text": "{\n gateway: {\n  bind: 'lan' } }" })).await;
    assert_eq!(refused.problem(422, "invalid_fields")["fields"][0]["line"], 3);
    let applied = api.post(&who, &at("/config"), &json!({ "text": text, "expected_version": 1 })).await.ok(202).json();
    assert_eq!((applied["version"].as_u64(), applied["text"].as_str()), (Some(2), Some(text)));
    api.post(&who, &at("/config"), &json!({ "text": "{}", "expected_version": 1 })).await.problem(409, "conflict");
    api.until_state(&who, &id, "running").await;
    assert_eq!(api.get(&who, &at("/config/versions/1")).await.ok(200).json()["version"], 1);
    api.get(&who, &at("/config/versions/99")).await.problem(404, "not_found");
    crate::support::eventually("revision 2 is good", || async {
        let revisions = api.get(&who, &at("/revisions")).await.ok(200).json();
        (revisions["items"][0]["outcome"] == "good").then_some(())
    })
    .await;
    api.post(&who, &at("/rollback"), &json!({ "revision": 1 })).await.ok(202);
    assert_eq!(api.get(&who, &at("/config")).await.ok(200).json()["version"], 1);

    // Secrets by name only.
    let put = json!({ "value": "canary-custom-secret" });
    api.with_body(&who, Method::PUT, &at("/secrets/custom.GITHUB"), &put).await.ok(202);
    let names = api.get(&who, &at("/secrets")).await.ok(200).text;
    assert!(names.contains("custom.GITHUB") && names.contains("provider.apiKey") && !names.contains("model.key"), "{names}");
    api.delete(&who, &at("/secrets/custom.GITHUB")).await.ok(202);
    api.delete(&who, &at("/secrets/custom.GITHUB")).await.problem(404, "not_found");

    // Its life.
    api.until_state(&who, &id, "running").await;
    api.post(&who, &at("/suspend"), &json!(null)).await.ok(202);
    api.post(&who, &at("/suspend"), &json!(null)).await.ok(200);
    api.post(&who, &at("/restart"), &json!(null)).await.problem(409, "conflict");
    api.post(&who, &at("/resume"), &json!(null)).await.ok(202);
    api.until_state(&who, &id, "running").await;
    api.with_body(&who, Method::PATCH, &at(""), &json!({ "name": "Renamed" })).await.ok(200);
    let gone = api.delete(&who, &at("")).await.ok(202).json();
    assert_eq!(gone["state"], "terminated");
    assert!(gone["purge_at"].is_string());
    api.delete(&who, &at("")).await.ok(200);
    assert_eq!(api.get(&who, "/v1/deployments").await.ok(200).json()["items"], json!([]));
    assert_eq!(api.get(&who, "/v1/deployments?deleted=true").await.ok(200).json()["items"][0]["name"], "Renamed");
    api.post(&who, &at("/restore"), &json!(null)).await.ok(202);
    api.until_state(&who, &id, "running").await;
}

#[tokio::test]
async fn a_list_is_read_page_by_page_and_misses_nothing() {
    let api = Api::new().await;
    let (who, _) = api.signup().await;
    let mut made = Vec::new();
    for number in 0..5 {
        made.push(api.deploy(&who, &format!("Agent {number}")).await);
    }
    let mut seen = Vec::new();
    let mut cursor = String::new();
    loop {
        let page = api.get(&who, &format!("/v1/deployments?limit=2{cursor}")).await.ok(200).json();
        seen.extend(page["items"].as_array().expect("items").iter().map(|item| item["id"].as_str().expect("an id").to_owned()));
        match page["next_cursor"].as_str() {
            Some(next) => cursor = format!("&cursor={next}"),
            None => break,
        }
    }
    made.reverse();
    assert_eq!(seen, made);
}

#[tokio::test]
async fn what_fails_beside_a_running_agent_is_named_with_its_remedy() {
    use vivier_core::runtime::fake::Behaviour;
    let api = Api::new().await;
    let (who, _) = api.signup().await;
    let cut_off = [("discord".to_owned(), "Gateway reconnect scheduled in 4000ms".to_owned())].into();
    api.world.fake.set_default_behaviour(Behaviour { failing: vec!["telegram".to_owned()], cut_off, ..Behaviour::default() });
    let body = json!({ "name": "Bot", "plan": "starter", "template": "telegram",
        "channels": [{ "kind": "telegram", "tokens": { "bot_token": "123456789:AAabcdefghijklmnopqrstuvwxyz012345678" } }] });
    let id = api.post(&who, "/v1/deployments", &body).await.ok(202).json()["id"].as_str().expect("an id").to_owned();
    let running = api.until_state(&who, &id, "running").await;
    assert_eq!(running["degraded"][0]["part"], "telegram", "{running}");
    for field in ["reason", "remedy"] {
        assert!(running["degraded"][0][field].as_str().is_some_and(|text| text.contains("token")), "{running}");
    }
    assert_eq!(running["degraded"][1]["part"], "discord", "{running}");
    assert!(running["degraded"][1]["reason"].as_str().is_some_and(|text| text.contains("OpenClaw says: Gateway reconnect")), "{running}");
}

/// Everything that was logged, by everyone, while this process ran its tests.
#[derive(Clone, Default)]
struct Everything(Arc<Mutex<Vec<u8>>>);

impl std::io::Write for Everything {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.lock().expect("unpoisoned").extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

#[tokio::test]
async fn no_secret_is_in_any_answer_or_log_line() {
    let log = Everything::default();
    let writer = log.clone();
    let subscriber = tracing_subscriber::fmt().with_max_level(tracing::Level::TRACE).with_writer(move || writer.clone()).finish();
    tracing::subscriber::set_global_default(subscriber).expect("the first in this process");

    let api = Api::new().await;
    let (who, email) = api.signup().await;
    let canaries = [
        "canary-api-key-4711",
        "123456789:AAcanaryTelegramTokenabcdefghijklmnopq",
        "canary-custom-0815",
        "canary-new-api-key-4712",
        super::api::PASSWORD,
        "canary password 42",
    ];
    let body = json!({ "name": "Canary", "plan": "starter", "template": "telegram",
        "provider": { "kind": "openai", "model": "gpt-5-mini", "api_key": canaries[0] },
        "channels": [{ "kind": "telegram", "tokens": { "bot_token": canaries[1] } }] });
    let mut said = Vec::new();
    let created = api.post(&who, "/v1/deployments", &body).await.ok(202);
    let id = created.json()["id"].as_str().expect("an id").to_owned();
    said.push(created.text);
    let at = |rest: &str| format!("/v1/deployments/{id}{rest}");
    api.until_state(&who, &id, "running").await;
    said.push(api.with_body(&who, Method::PUT, &at("/secrets/custom.X"), &json!({ "value": canaries[2] })).await.ok(202).text);
    let provider = json!({ "provider": { "kind": "openai", "model": "gpt-5-mini", "api_key": canaries[3] } });
    said.push(api.post(&who, &at("/config"), &provider).await.ok(202).text);
    said.push(api.post(&who, "/v1/auth/password", &json!({ "current_password": super::api::PASSWORD, "new_password": canaries[5] })).await.ok(204).text);
    api.until_state(&who, &id, "running").await;
    let token = api.token(&who, &["read", "write"]).await;
    // In the wrong places, too: a refusal must not repeat what it refuses.
    for body in [
        json!({ "name": "x", "plan": canaries[0], "provider": canaries[0] }),
        json!({ "name": "x", "plan": "pro", "provider": { "kind": canaries[0], "model": "m" } }),
        json!({ "name": "x", "plan": "pro", "channels": [{ "kind": "telegram", "tokens": { "bot_token": canaries[2], canaries[2]: "y" } }] }),
        json!({ "name": "x", "plan": "pro", "channels": [{ "kind": "slack", "tokens": { "bot_token": canaries[1], "app_token": canaries[1] } }] }),
        json!({ "name": "x", "plan": "pro", "provider": { "kind": "openai", "model": "m", "base_url": format!("https://u:{}@h/", canaries[2]), "api_key": "a b" } }),
    ] {
        let answer = api.post(&who, "/v1/deployments", &body).await;
        assert_eq!(answer.status, 422);
        said.push(answer.text);
    }
    said.push(api.post(&As::Nobody, "/v1/auth/login", &json!({ "email": email, "password": [canaries[5]] })).await.text);
    said.push(api.post(&As::Nobody, "/v1/auth/login", &json!({ "email": canaries[5], "password": canaries[5] })).await.text);
    for path in ["", "/config", "/config/versions/1", "/revisions", "/secrets", "/events", "/logs", "/stats", "/proof"] {
        said.push(api.get(&who, &at(path)).await.text);
        said.push(api.get(&token, &at(path)).await.text);
    }
    for path in ["/v1/deployments", "/v1/tokens", "/v1/auth/me", "/v1/catalogue", "/metrics", "/healthz", "/readyz"] {
        said.push(api.get(&who, path).await.text);
    }
    let As::Token(text) = &token else { unreachable!("a token was asked for") };
    let logged = String::from_utf8_lossy(&log.0.lock().expect("unpoisoned")).into_owned();
    assert!(logged.contains("answered"), "the log was read");
    for canary in canaries.iter().copied().chain([text.as_str()]) {
        for answer in &said {
            assert!(!answer.contains(canary), "{canary} in {answer}");
        }
        assert!(!logged.contains(canary), "{canary} is in the log");
    }
    let As::Cookie(cookie) = &who else { unreachable!("a session was opened") };
    let session = cookie.split_once('=').map_or(cookie.as_str(), |(_, value)| value);
    assert!(!logged.contains(session) && !said.iter().any(|answer| answer.contains(session)), "the session's token was said or logged");
    // Nor in the database's files, in clear.
    for entry in std::fs::read_dir(api.world.test.dir.path()).expect("a directory").flatten().filter(|entry| entry.path().is_file()) {
        let bytes = std::fs::read(entry.path()).expect("readable");
        for canary in canaries.iter().copied().chain([text.as_str(), session]) {
            assert!(!bytes.windows(canary.len()).any(|window| window == canary.as_bytes()), "{canary} is in {}", entry.path().display());
        }
    }
}
