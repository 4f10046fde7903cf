//! Asking for something: restart and its kin, rm, secrets.

use serde_json::json;
use vivier_core::lifecycle::State;
use wiremock::matchers::{method, path};
use wiremock::{Mock, ResponseTemplate};

use crate::world::{ADA, BOB, OLD, World, ada, ago, bob, deployment, event, old, problem, sse};

#[tokio::test]
async fn each_ask_is_one_post_with_an_idempotency_key() {
    let world = World::new().await;
    for (verb, state) in [("restart", State::Restarting), ("suspend", State::Suspended), ("resume", State::Starting), ("retry", State::Starting)] {
        world.answer("POST", &format!("/v1/deployments/{ADA}/{verb}"), 202, deployment(ADA, "Ada", "ada", state)).await;
        let ran = world.run(&[verb, "ada"]);
        insta::assert_snapshot!(format!("ask_{verb}"), ran.snapshot(&world));
        let requests = world.requests("POST", &format!("/v1/deployments/{ADA}/{verb}")).await;
        assert_eq!(requests.len(), 1);
        assert!(requests[0].headers.get("idempotency-key").is_some_and(|key| key.len() == 36), "{verb}");
    }
    assert_eq!(world.run(&["restart", "ada", "--json"]).json()["state"], "restarting");
}

#[tokio::test]
async fn what_runs_is_not_said_to_be_tried_again() {
    let world = World::new().await;
    world.answer("POST", &format!("/v1/deployments/{ADA}/retry"), 200, ada()).await;
    let ran = world.run(&["retry", "ada"]);
    assert_eq!((ran.code, ran.out.contains("nothing to try again")), (0, true), "{} {}", ran.out, ran.err);
}

#[tokio::test]
async fn restore_looks_among_the_deleted_ones_first() {
    let world = World::new().await;
    world.answer("POST", &format!("/v1/deployments/{OLD}/restore"), 202, deployment(OLD, "Old", "old", State::Provisioning)).await;
    let ran = world.run(&["restore", "old"]);
    assert_eq!(ran.code, 0, "{}", ran.err);
}

#[tokio::test]
async fn a_refusal_is_exit_5_with_the_servers_sentence() {
    let world = World::new().await;
    let refusal = problem(409, "refused", "The deployment is suspended; resume it first.");
    world.refuse("POST", &format!("/v1/deployments/{ADA}/restart"), refusal).await;
    insta::assert_snapshot!("ask_refused", world.run(&["restart", "ada"]).snapshot(&world));
    insta::assert_snapshot!("ask_refused_json", world.run(&["restart", "ada", "--json"]).snapshot(&world));
}

#[tokio::test]
async fn waiting_shows_the_new_lines_of_the_timeline_and_ends_with_the_address() {
    let world = World::signed_out().await;
    world.answer("GET", "/v1/deployments", 200, json!({ "items": [ada()] })).await;
    world.answer("GET", &format!("/v1/deployments/{ADA}/events"), 200, json!({ "items": [event(1, "state", "noted", "running", None)] })).await;
    world.answer("POST", &format!("/v1/deployments/{ADA}/restart"), 202, deployment(ADA, "Ada", "ada", State::Restarting)).await;
    // Looks: still restarting until the stream has been read, then running.
    let look = |state, times: u64| {
        let template = ResponseTemplate::new(200).set_body_json(deployment(ADA, "Ada", "ada", state));
        Mock::given(method("GET")).and(path(format!("/v1/deployments/{ADA}"))).respond_with(template).up_to_n_times(times)
    };
    look(State::Restarting, 3).mount(&world.server).await;
    look(State::Running, 1_000).mount(&world.server).await;
    let stream = sse(&[
        ("1", event(1, "state", "noted", "running", None)),
        ("2", event(2, "step", "done", "The container has stopped", Some(1_200))),
        ("3", event(3, "step", "done", "The gateway has started", Some(14_000))),
    ]);
    Mock::given(method("GET"))
        .and(path(format!("/v1/deployments/{ADA}/events")))
        .and(wiremock::matchers::query_param("follow", "true"))
        .respond_with(stream)
        .with_priority(1)
        .mount(&world.server)
        .await;
    let mut command = world.command(&["restart", "ada", "--wait"]);
    command.env("VIVIER_TOKEN", "viv_x");
    let ran = crate::world::finished(&mut assert_cmd::Command::from_std(command));
    insta::assert_snapshot!("ask_wait", ran.snapshot(&world));
}

#[tokio::test]
async fn rm_wants_a_confirmation_and_tells_until_when_it_can_be_undone() {
    let world = World::new().await;
    let mut gone = old();
    gone["id"] = json!(ADA);
    gone["slug"] = json!("ada");
    gone["purge_at"] = json!(ago(-7 * 86_400 - 60));
    world.answer("DELETE", &format!("/v1/deployments/{ADA}"), 202, gone).await;
    insta::assert_snapshot!("rm_unconfirmed", world.run(&["rm", "ada"]).snapshot(&world));
    assert!(world.requests("DELETE", &format!("/v1/deployments/{ADA}")).await.is_empty());
    insta::assert_snapshot!("rm", world.run(&["rm", "ada", "--yes"]).snapshot(&world));
}

#[tokio::test]
async fn secrets_are_written_from_stdin_and_never_shown() {
    let world = World::new().await;
    let name = "channels.telegram.botToken";
    let secret = json!({ "name": name, "version": 3, "created_at": ago(185) });
    world.answer("GET", &format!("/v1/deployments/{BOB}/secrets"), 200, json!({ "items": [secret] })).await;
    world.answer("PUT", &format!("/v1/deployments/{BOB}/secrets/{name}"), 202, bob()).await;
    world.answer("DELETE", &format!("/v1/deployments/{BOB}/secrets/{name}"), 202, bob()).await;
    insta::assert_snapshot!("secrets_ls", world.run(&["secrets", "ls", "bob-the-bot"]).snapshot(&world));
    let ran = world.run_with(&["secrets", "set", "bob-the-bot", name], "123456:top-secret\n");
    assert_eq!(ran.code, 0, "{}", ran.err);
    assert!(!ran.out.contains("top-secret") && !ran.err.contains("top-secret"));
    assert_eq!(world.only_body("PUT", &format!("/v1/deployments/{BOB}/secrets/{name}")).await, json!({ "value": "123456:top-secret" }));
    assert_eq!(world.run(&["secrets", "rm", "bob-the-bot", name, "--json"]).json()["id"], BOB);
    assert_eq!(world.run_with(&["secrets", "set", "bob-the-bot", name], "").code, 2, "an empty secret makes no sense");
    let versions = json!([
        { "version": 3, "created_at": ago(185), "author": "bob@example.com", "state": "in_use", "revisions": [4, 3] },
        { "version": 2, "created_at": ago(3_700), "author": "bob@example.com", "state": "superseded", "revisions": [2] },
        { "version": 1, "created_at": ago(90_000), "state": "revoked", "revisions": [1], "revoked_at": ago(60), "revoked_by": "bob@example.com" },
    ]);
    let at = format!("/v1/deployments/{BOB}/secrets/{name}/versions");
    world.answer("GET", &at, 200, json!({ "items": versions })).await;
    world.answer("POST", &format!("{at}/2/revoke"), 200, json!({ "version": 2, "created_at": ago(3_700), "state": "revoked", "revisions": [2] })).await;
    let ran = world.run(&["secrets", "versions", "bob-the-bot", name]);
    for line in ["in use", "4, 3", "kept", "revoked", "bob@example.com"] {
        assert!(ran.out.contains(line), "{line}: {} {}", ran.out, ran.err);
    }
    let ran = world.run(&["secrets", "revoke", "bob-the-bot", name, "2"]);
    assert_eq!((ran.code, ran.out.contains("its text is destroyed")), (0, true), "{} {}", ran.out, ran.err);
}

#[tokio::test]
async fn an_agent_is_renamed_and_moved_to_another_plan() {
    let world = World::new().await;
    let mut moved = ada();
    moved["plan"] = json!("pro");
    world.answer("PATCH", &format!("/v1/deployments/{ADA}"), 200, moved).await;
    let ran = world.run(&["edit", "ada", "--plan", "pro"]);
    assert_eq!((ran.code, ran.out.as_str()), (0, "ada is called Ada and has the plan pro. State: running.\n"), "{}", ran.err);
    assert_eq!(world.only_body("PATCH", &format!("/v1/deployments/{ADA}")).await, json!({ "name": null, "plan": "pro" }));
    assert_eq!(world.run(&["edit", "ada"]).code, 2);
}
