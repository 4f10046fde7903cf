//! Revisions: the list, another release, the way back, and what differs between two documents.

use serde_json::{Value, json};
use vivier_core::lifecycle::State;
use vivier_core::wire::agents::{ReleaseChoice, RevisionOut, RollbackPlan};
use wiremock::matchers::{method, path};
use wiremock::{Mock, ResponseTemplate};

use crate::world::{ADA, World, ada, ago, deployment, event, problem, sse};

const OLD: &str = "sha256:00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff";
const NEW: &str = "sha256:b031729057b32c2ba6c02c59249891ce40bdf59d28e2567dc44c75e2348b54c1";

/// The stand-in must speak the language of the real one.
fn checked<T: serde::de::DeserializeOwned>(value: Value) -> Value {
    serde_json::from_value::<T>(value.clone()).unwrap_or_else(|error| panic!("{error}: {value}"));
    value
}

fn at(rest: &str) -> String {
    format!("/v1/deployments/{ADA}{rest}")
}

fn releases() -> Value {
    let one = |image: &str, version: &str, default: bool, age: i64| {
        checked::<ReleaseChoice>(json!({
            "id": "rel_01k0000000000000000000000a", "image": image, "openclaw_version": version, "created_at": ago(age), "is_default": default,
            "verdict": if default { "passed" } else { "unscanned" }, "accepted": (!default).then_some("no database here")
        }))
    };
    json!({ "items": [one(NEW, "2026.9.7", true, 3_700), one(OLD, "2026.9.6", false, 9 * 86_400 + 60)] })
}

fn revision(number: u64, outcome: &str, more: &Value) -> Value {
    let mut value = json!({
        "number": number, "config_version": number.min(2), "secrets_version": 1, "openclaw_version": "2026.9.6", "image": OLD, "outcome": outcome,
        "author": "ada@example.com", "created_at": ago(605 - 60 * i64::try_from(number).expect("small")), "current": false, "last_known_good": false
    });
    value.as_object_mut().expect("an object").extend(more.as_object().expect("an object").clone());
    checked::<RevisionOut>(value)
}

fn kept(number: u64) -> Value {
    json!({ "number": number, "taken_at": "2026-11-21T07:30:05.000Z", "bytes": 13_000_000, "took_ms": 40, "method": "reflink" })
}

async fn with_revisions(world: &World, items: Vec<Value>) {
    world.answer("GET", &at("/revisions"), 200, json!({ "items": items })).await;
}

/// Ada as she is once something was asked of her: `looks` times on her way, then as `end` says.
async fn becomes(world: &World, looks: u64, end: Value) {
    let look = |body: Value, times: u64, priority| {
        let template = ResponseTemplate::new(200).set_body_json(body);
        Mock::given(method("GET")).and(path(at(""))).respond_with(template).up_to_n_times(times).with_priority(priority)
    };
    let mut way = deployment(ADA, "Ada", "ada", State::Updating);
    way["revision"] = json!(2);
    look(way, looks, 1).mount(&world.server).await;
    look(end, 1_000, 2).mount(&world.server).await;
    let told = sse(&[("2", event(2, "step", "done", "the data from before revision 2 is kept: 12 MB", Some(40)))]);
    let following = wiremock::matchers::query_param("follow", "true");
    Mock::given(method("GET")).and(path(at("/events"))).and(following).respond_with(told).with_priority(1).mount(&world.server).await;
    world.answer("GET", &at("/events"), 200, json!({ "items": [event(1, "state", "noted", "running", None)] })).await;
}

fn running(revision: u64, good: u64, version: &str) -> Value {
    let mut one = ada();
    one["revision"] = json!(revision);
    one["last_known_good_revision"] = json!(good);
    one["openclaw_version"] = json!(version);
    one
}

async fn asked_for_the_new_release() -> World {
    let world = World::new().await;
    world.answer("GET", "/v1/releases", 200, releases()).await;
    let mut asked = deployment(ADA, "Ada", "ada", State::Updating);
    asked["revision"] = json!(2);
    asked["openclaw_version"] = json!("2026.9.7");
    world.answer("POST", &at("/release"), 202, asked).await;
    world
}

#[tokio::test]
async fn revisions_say_how_each_went_and_whose_data_is_kept() {
    let world = World::new().await;
    let failed = json!({ "reason": "OpenClaw ended by itself with code 1: unknown key", "snapshot": kept(2), "openclaw_version": "2026.9.7", "image": NEW });
    let items = vec![
        revision(3, "good", &json!({ "current": true, "last_known_good": true, "restores": 2, "author": "system" })),
        revision(2, "failed", &failed),
        revision(1, "good", &json!({})),
    ];
    with_revisions(&world, items).await;
    let ran = world.run(&["revisions", "ada"]);
    insta::assert_snapshot!("revisions", ran.snapshot(&world));
    assert_eq!(world.run(&["config", "history", "ada"]).out, ran.out, "the older name");
    assert_eq!(world.run(&["revisions", "ada", "--json"]).json()[1]["snapshot"]["bytes"], 13_000_000);
}

#[tokio::test]
async fn releases_are_listed_with_the_one_that_new_agents_get() {
    let world = World::new().await;
    world.answer("GET", "/v1/releases", 200, releases()).await;
    insta::assert_snapshot!("release_ls", world.run(&["release", "ls"]).snapshot(&world));
    assert_eq!(world.run(&["release", "ls", "--json"]).json()[0]["is_default"], true);
}

#[tokio::test]
async fn another_release_is_waited_for_until_it_is_trusted() {
    let world = asked_for_the_new_release().await;
    // It runs, and is not trusted yet: that is not the end.
    becomes(&world, 1, running(2, 2, "2026.9.7")).await;
    let probation = ResponseTemplate::new(200).set_body_json(running(2, 1, "2026.9.7"));
    Mock::given(method("GET")).and(path(at(""))).respond_with(probation).up_to_n_times(1).with_priority(1).mount(&world.server).await;
    with_revisions(&world, vec![revision(2, "good", &json!({ "openclaw_version": "2026.9.7", "current": true })), revision(1, "good", &json!({}))]).await;
    let ran = world.run(&["release", "use", "ada", "2026.9.7"]);
    insta::assert_snapshot!("release_use", ran.snapshot(&world));
    assert_eq!(world.only_body("POST", &at("/release")).await, json!({ "image": NEW }));
    assert!(world.requests("GET", &at("")).await.len() >= 3);
}

#[tokio::test]
async fn a_release_that_was_taken_back_is_a_failure_with_its_reason() {
    let world = asked_for_the_new_release().await;
    becomes(&world, 1, running(3, 3, "2026.9.6")).await;
    let failed = json!({ "openclaw_version": "2026.9.7", "reason": "the container ended by itself with code 1" });
    with_revisions(&world, vec![revision(3, "good", &json!({ "current": true, "restores": 2 })), revision(2, "failed", &failed)]).await;
    insta::assert_snapshot!("release_use_failed", world.run(&["release", "use", "ada", "b0317290"]).snapshot(&world));
}

#[tokio::test]
async fn a_release_is_not_waited_for_on_request_and_not_asked_for_when_it_is_unknown() {
    let world = asked_for_the_new_release().await;
    world.answer("GET", &at("/events"), 200, json!({ "items": [] })).await;
    let ran = world.run(&["release", "use", "ada", NEW, "--no-wait"]);
    assert_eq!((ran.code, ran.out.as_str()), (0, "ada: revision 2 is accepted. `vivier revisions ada` shows how it goes.\n"), "{}", ran.err);
    insta::assert_snapshot!("release_use_unknown", world.run(&["release", "use", "ada", "2025.1.1"]).snapshot(&world));
    assert_eq!(world.requests("POST", &at("/release")).await.len(), 1);
}

fn plan(revision: u64, restores: bool) -> Value {
    let taken = restores.then_some("2026-11-21T07:30:05.000Z");
    let summary = format!(
        "Configuration, secrets and OpenClaw 2026.9.5 of revision {revision} come back, as a new revision; the data as well: what was written since 2026-11-21T07:30:05.000Z is lost to the agent, and kept as a snapshot for a while."
    );
    checked::<RollbackPlan>(json!({
        "revision": revision, "config_version": 1, "openclaw_version": "2026.9.5", "other_release": restores, "data": if restores { "restore" } else { "keep" },
        "snapshot": if restores { kept(2) } else { Value::Null }, "loses_since": taken, "summary": summary
    }))
}

#[tokio::test]
async fn going_back_tells_first_what_is_lost_and_needs_a_yes() {
    let world = World::new().await;
    world.answer("GET", &at("/rollback"), 200, plan(7, true)).await;
    insta::assert_snapshot!("rollback_unconfirmed", world.run(&["rollback", "ada", "--revision", "7"]).snapshot(&world));
    let told = world.run(&["rollback", "ada", "--revision", "7", "--dry-run", "--json"]);
    assert_eq!((told.code, told.json()["data"].as_str()), (0, Some("restore")), "{}", told.err);
    assert!(world.requests("POST", &at("/rollback")).await.is_empty(), "nothing is asked for");
    let asked = world.requests("GET", &at("/rollback")).await;
    assert_eq!(asked[0].url.query(), Some("revision=7"));
}

#[tokio::test]
async fn what_was_shown_is_what_is_asked_for() {
    let world = World::new().await;
    world.answer("GET", &at("/rollback"), 200, plan(7, true)).await;
    world.answer("GET", &at("/events"), 200, json!({ "items": [] })).await;
    world.answer("POST", &at("/rollback"), 202, running(9, 8, "2026.9.5")).await;
    let back = |data: &[&str]| world.run(&[&["rollback", "ada", "--yes", "--no-wait"], data].concat());
    let ran = back(&[]);
    assert_eq!(ran.code, 0, "{}", ran.err);
    assert!(ran.err.contains("is lost to the agent") && ran.out.contains("revision 9 is accepted"), "{} {}", ran.out, ran.err);
    let kept = back(&["--data", "keep"]);
    assert!(kept.err.contains("--data keep: the data stays as it is"), "{}", kept.err);
    let sent: Vec<Value> = world.requests("POST", &at("/rollback")).await.iter().map(|request| serde_json::from_slice(&request.body).expect("JSON")).collect();
    assert_eq!(sent, [json!({ "revision": 7, "data": "restore" }), json!({ "revision": 7, "data": "keep" })]);
}

#[tokio::test]
async fn a_way_back_that_leads_nowhere_is_refused_before_anything_is_asked_for() {
    let world = World::new().await;
    world.answer("GET", &at("/rollback"), 200, plan(1, false)).await;
    // Ada is on revision 1, and it is the last known good one.
    insta::assert_snapshot!("rollback_to_itself", world.run(&["rollback", "ada", "--yes"]).snapshot(&world));
    insta::assert_snapshot!("rollback_no_data", world.run(&["rollback", "ada", "--revision", "1", "--data", "restore", "--yes"]).snapshot(&world));
    assert!(world.requests("POST", &at("/rollback")).await.is_empty());
    let world = World::new().await;
    world.refuse("GET", &at("/rollback"), problem(409, "conflict", "no revision has been seen to work yet; name one, or change the configuration")).await;
    assert_eq!(world.run(&["rollback", "ada", "--yes"]).code, 5);
}

async fn with_documents() -> World {
    let world = World::new().await;
    for (version, name) in [(1, "Ada"), (2, "Bea"), (3, "Cleo")] {
        let config = json!({
            "version": version, "text": format!("// mine\n{{\n  agents: {{ defaults: {{ name: \"{name}\" }} }},\n}}\n"), "effective": {}, "provider": null,
            "channels": if version == 3 { json!([{ "kind": "telegram", "allow_from": ["42"] }]) } else { json!([]) },
            "created_at": format!("2026-11-21T07:0{version}:00.000Z"), "author": "ada@example.com", "outcome": "good"
        });
        world.answer("GET", &at(&format!("/config/versions/{version}")), 200, config).await;
    }
    let at_version = |version: u64| json!({ "config_version": version });
    // Revision 4 changed only secrets.
    let items = vec![
        revision(4, "good", &at_version(3)),
        revision(3, "good", &at_version(3)),
        revision(2, "failed", &at_version(2)),
        revision(1, "good", &at_version(1)),
    ];
    with_revisions(&world, items).await;
    let mut now = running(4, 4, "2026.9.6");
    now["id"] = json!(ADA);
    Mock::given(method("GET"))
        .and(path("/v1/deployments"))
        .respond_with(ResponseTemplate::new(200).set_body_json(json!({ "items": [now] })))
        .with_priority(1)
        .mount(&world.server)
        .await;
    world
}

#[tokio::test]
async fn the_diff_is_against_the_document_before_unless_one_says_otherwise() {
    let world = with_documents().await;
    insta::assert_snapshot!("config_diff", world.run(&["config", "diff", "ada"]).snapshot(&world));
    let named = world.run(&["config", "diff", "ada", "1", "v2"]);
    assert!(named.out.contains("--- revision 1 (document v1") && named.out.contains("+++ document v2"), "{}", named.out);
    let same = world.run(&["config", "diff", "ada", "3", "4"]);
    assert_eq!((same.code, same.out.as_str()), (0, ""), "{}", same.err);
    let document = world.run(&["config", "diff", "ada", "2", "--json"]).json();
    assert_eq!((document["from"]["config_version"].as_u64(), document["to"]["revision"].as_u64()), (Some(2), Some(4)));
    assert_eq!(world.run(&["config", "diff", "ada", "17"]).code, 4);
    assert_eq!(world.run(&["config", "diff", "ada", "two"]).code, 2);
}
