//! `deploy`.

use serde_json::json;
use vivier_core::lifecycle::State;
use wiremock::matchers::{method, path, query_param};
use wiremock::{Mock, ResponseTemplate};

use crate::world::{ADA, World, deployment, event, problem, sse};

/// A server that accepts, and whose deployment is in each of `states` once, and in the last one for ever.
async fn accepting(states: &[serde_json::Value]) -> World {
    let world = World::new().await;
    world.server.reset().await;
    world.answer("POST", "/v1/deployments", 202, deployment(ADA, "Ada", "ada", State::Requested)).await;
    let stream = sse(&[
        ("1", event(1, "ask", "noted", "Asked for", None)),
        ("2", event(2, "step", "done", "A place is reserved", Some(12))),
        ("3", event(3, "step", "done", "The gateway has started", Some(14_200))),
    ]);
    Mock::given(method("GET"))
        .and(path(format!("/v1/deployments/{ADA}/events")))
        .and(query_param("follow", "true"))
        .respond_with(stream)
        .mount(&world.server)
        .await;
    for (index, state) in states.iter().enumerate() {
        let times = if index + 1 == states.len() { u64::MAX } else { 1 };
        let template = ResponseTemplate::new(200).set_body_json(state);
        Mock::given(method("GET")).and(path(format!("/v1/deployments/{ADA}"))).respond_with(template).up_to_n_times(times).mount(&world.server).await;
    }
    world
}

fn in_state(state: State) -> serde_json::Value {
    deployment(ADA, "Ada", "ada", state)
}

#[tokio::test]
async fn a_deploy_follows_the_timeline_until_it_runs_and_prints_the_address() {
    let world = accepting(&[in_state(State::Requested), in_state(State::Provisioning), in_state(State::Starting), in_state(State::Running)]).await;
    let ran = world.run_with(&["deploy", "Ada", "--plan", "starter", "--provider", "openai", "--model", "gpt-5-mini", "--api-key-stdin"], "sk-secret\n");
    insta::assert_snapshot!("deploy", ran.snapshot(&world));
    assert_eq!(
        world.only_body("POST", "/v1/deployments").await,
        json!({
            "name": "Ada", "slug": null, "plan": "starter", "template": "assistant", "channels": [], "config": null,
            "provider": { "kind": "openai", "base_url": null, "model": "gpt-5-mini", "api_key": "sk-secret" }
        })
    );
}

#[tokio::test]
async fn a_deploy_that_fails_is_exit_1_with_the_reason_and_the_next_step() {
    let mut failed = in_state(State::Failed);
    failed["reason"] = json!("The host has no room: 81 % of its memory is in use. Try again later.");
    let world = accepting(&[failed]).await;
    insta::assert_snapshot!("deploy_failed", world.run(&["deploy", "Ada", "--plan", "starter"]).snapshot(&world));
}

#[tokio::test]
async fn no_wait_returns_at_once_and_json_is_one_document() {
    let world = accepting(&[in_state(State::Requested)]).await;
    insta::assert_snapshot!("deploy_no_wait", world.run(&["deploy", "Ada", "--plan", "starter", "--no-wait"]).snapshot(&world));
    let world = accepting(&[in_state(State::Running)]).await;
    let ran = world.run(&["deploy", "Ada", "--plan", "starter", "--json"]);
    assert_eq!((ran.json()["state"].clone(), ran.err.as_str()), (json!("running"), ""));
}

#[tokio::test]
async fn waiting_has_an_end() {
    let world = accepting(&[in_state(State::Starting)]).await;
    let ran = world.run(&["deploy", "Ada", "--plan", "starter", "--timeout", "0"]);
    assert_eq!(ran.code, 1);
    assert!(ran.err.contains("still starting"), "{}", ran.err);
}

#[tokio::test]
async fn a_telegram_agent_takes_its_token_from_a_file() {
    let world = accepting(&[in_state(State::Running)]).await;
    let token = world.file("token", "123456789:AAabcdefghijklmnopqrstuvwxyz012345678\n");
    let ran = world.run(&["deploy", "Ada", "--plan", "pro", "--channel", "telegram", "--token-file", &token, "--allow-from", "42", "--slug", "ada-bot"]);
    assert_eq!(ran.code, 0, "{}", ran.err);
    let sent = world.only_body("POST", "/v1/deployments").await;
    assert_eq!((sent["template"].as_str(), sent["slug"].as_str()), (Some("telegram"), Some("ada-bot")));
    assert_eq!(
        sent["channels"],
        json!([{ "kind": "telegram", "tokens": { "bot_token": "123456789:AAabcdefghijklmnopqrstuvwxyz012345678" }, "allow_from": ["42"], "api_root": null }])
    );
}

#[tokio::test]
async fn what_makes_no_sense_is_said_before_anything_is_sent() {
    let world = World::new().await;
    let bad = world.file("bad", "987654321\n");
    let cases: [&[&str]; 7] = [
        &["deploy"],
        &["deploy", "Ada"],
        &["deploy", "Ada", "--plan", "huge"],
        &["deploy", "Ada", "--plan", "starter", "--provider", "openai"],
        &["deploy", "Ada", "--plan", "starter", "--provider", "openai_compatible", "--model", "m"],
        &["deploy", "Ada", "--plan", "starter", "--channel", "telegram", "--token-file", &bad],
        &["deploy", "Ada", "--plan", "starter", "--template", "slack"],
    ];
    let told: Vec<String> = cases
        .iter()
        .map(|arguments| {
            let ran = world.run(arguments);
            assert_eq!(ran.code, 2, "{arguments:?}: {}", ran.err);
            assert!(!ran.err.contains("987654321"), "no error repeats a secret");
            ran.err
        })
        .collect();
    insta::assert_snapshot!("deploy_usage", told.join("\n").replace(&world.home.path().display().to_string(), "HOME"));
    assert!(world.server.received_requests().await.expect("recorded").is_empty());
}

#[tokio::test]
async fn a_refused_deploy_names_the_fields() {
    let world = World::new().await;
    world.server.reset().await;
    let mut refusal = problem(422, "invalid", "Some fields are wrong.");
    refusal["fields"] = json!([{ "path": "slug", "message": "is taken; choose another" }]);
    world.refuse("POST", "/v1/deployments", refusal).await;
    insta::assert_snapshot!("deploy_refused", world.run(&["deploy", "Ada", "--plan", "starter", "--slug", "ada"]).snapshot(&world));
}
