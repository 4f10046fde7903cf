//! Channels and waves as an operator sees them and asks of them, and following as an owner does.

use reqwest::Method;
use serde_json::{Value, json};

use super::api::{Api, As, settings};
use crate::support::store::{TestStore, image};
use crate::support::{World, eventually};

/// An operator, and a tenant with `count` agents on the older of two releases.
async fn fleet(count: usize) -> (Api, As, As, Vec<String>) {
    let mut world = World::with_images(TestStore::sqlite().await, settings(), vec![image("2026.9.6", 2), image("2026.9.7", 1)]).await;
    world.start();
    let api = Api::over(world).await;
    let operator = api.operator().await;
    let (tenant, _) = api.signup().await;
    let mut ids = Vec::new();
    for number in 0..count {
        let id = api.deploy(&tenant, &format!("Agent {number}")).await;
        api.until_state(&tenant, &id, "running").await;
        ids.push(id);
    }
    (api, operator, tenant, ids)
}

async fn newer(api: &Api, operator: &As) -> String {
    let releases = api.get(operator, "/v1/operator/releases").await.ok(200).json();
    let found = releases["items"].as_array().expect("a list").iter().find(|one| one["openclaw_version"] == "2026.9.7").cloned();
    found.expect("it is there")["id"].as_str().expect("an id").to_owned()
}

async fn wave(api: &Api, operator: &As, id: &str) -> Value {
    api.get(operator, &format!("/v1/operator/waves/{id}")).await.ok(200).json()
}

#[tokio::test]
async fn an_operator_promotes_a_release_sees_its_wave_move_and_takes_it_back() {
    let (api, operator, tenant, ids) = fleet(3).await;
    let release = newer(&api, &operator).await;
    let channels = api.get(&operator, "/v1/operator/channels").await.ok(200).json();
    assert_eq!((&channels["items"][0]["name"], &channels["items"][0]["followers"]), (&json!("stable"), &json!(3)));
    let plan = api.get(&operator, &format!("/v1/operator/releases/{release}/promote?channel=stable")).await.ok(200).json();
    assert_eq!((&plan["moves"], &plan["targets"]), (&json!(3), &json!([1, 1, 1, 3])));
    assert!(plan["summary"].as_str().is_some_and(|summary| summary.contains("1, then all 3 agents")), "{plan}");

    let body = json!({ "channel": "stable", "plan": { "soak_seconds": 3600 } });
    let promoted = api.post(&operator, &format!("/v1/operator/releases/{release}/promote"), &body).await.ok(202).json();
    let id = promoted["wave"]["id"].as_str().expect("a wave").to_owned();
    assert_eq!((&promoted["channel"]["wave"], &promoted["wave"]["state"]), (&json!(id), &json!("running")));
    api.post(&operator, &format!("/v1/operator/releases/{release}/promote"), &body).await.problem(409, "conflict");
    let quiet = eventually("the canary is good", || async {
        let wave = wave(&api, &operator, &id).await;
        (wave["members"]["good"] == 1 && wave["members"]["moving"] == 0).then_some(wave)
    })
    .await;
    assert!(quiet["waits_for"].as_str().is_some_and(|waits| waits.starts_with("quiet until")), "{quiet}");
    assert_eq!((&quiet["stage"], &quiet["stages"][0]["target"], &quiet["stages"][0]["members"]["good"]), (&json!(1), &json!(1), &json!(1)));
    assert_eq!((&quiet["agents"][0]["state"], &quiet["agents"][0]["before"], &quiet["agents"][0]["revision"]), (&json!("good"), &json!(1), &json!(2)));

    let path = |verb: &str| format!("/v1/operator/waves/{id}/{verb}");
    assert_eq!(api.post(&operator, &path("pause"), &Value::Null).await.ok(200).json()["state"], "paused");
    assert_eq!(api.post(&operator, &path("pause"), &Value::Null).await.ok(200).json()["state"], "paused");
    assert_eq!(api.post(&operator, &path("resume"), &Value::Null).await.ok(200).json()["state"], "running");
    assert_eq!(api.post(&operator, &path("abort"), &Value::Null).await.ok(200).json()["state"], "aborted");
    api.post(&operator, &path("resume"), &Value::Null).await.problem(409, "conflict");
    let plan = api.get(&operator, &path("revert")).await.ok(200).json();
    assert_eq!(plan["agents"].as_array().map(Vec::len), Some(1), "{plan}");
    assert_eq!(api.post(&operator, &path("revert"), &json!({})).await.ok(200).json()["state"], "reverting");
    eventually("it is reverted", || async { (wave(&api, &operator, &id).await["state"] == "reverted").then_some(()) }).await;
    for id in &ids {
        assert_eq!(api.until_state(&tenant, id, "running").await["openclaw_version"], "2026.9.6");
    }
    let waves = api.get(&operator, "/v1/operator/waves?limit=1").await.ok(200).json();
    assert_eq!((&waves["items"][0]["id"], &waves["items"][0]["members"]["returned"]), (&json!(id), &json!(1)));
    // The numbers, for whoever watches.
    let numbers = api.get(&As::Nobody, "/metrics").await.ok(200).text;
    assert!(numbers.contains("vivier_waves{channel=\"stable\",state=\"running\"}"), "{numbers}");
}

#[tokio::test]
async fn a_promotion_that_is_sent_again_begins_one_wave() {
    let (api, operator, _, _) = fleet(1).await;
    let release = newer(&api, &operator).await;
    let body = json!({ "channel": "stable" });
    let send = || async {
        let request = api.request(&operator, Method::POST, &format!("/v1/operator/releases/{release}/promote"));
        api.send(request.header("idempotency-key", "promote-it-once").json(&body)).await.ok(202).json()
    };
    let (first, again) = (send().await, send().await);
    assert_eq!(first["wave"]["id"], again["wave"]["id"]);
    assert_eq!(api.get(&operator, "/v1/operator/waves").await.ok(200).json()["items"].as_array().map(Vec::len), Some(1));
}

#[tokio::test]
async fn what_is_wrong_with_a_plan_is_named() {
    let (api, operator, _, _) = fleet(0).await;
    let release = newer(&api, &operator).await;
    let path = format!("/v1/operator/releases/{release}/promote");
    for (plan, field) in [
        (json!({ "stages": ["1"] }), "plan.stages"),
        (json!({ "stages": [] }), "plan.stages"),
        (json!({ "stages": ["0%", "all"] }), "plan.stages[0]"),
        (json!({ "min_success_percent": 101 }), "plan.min_success_percent"),
        (json!({ "max_failures": 0 }), "plan.max_failures"),
        (json!({ "soak_seconds": 604_801 }), "plan.soak_seconds"),
        (json!({ "concurrency": 0 }), "plan.concurrency"),
    ] {
        let answer = api.post(&operator, &path, &json!({ "channel": "stable", "plan": plan })).await.ok(422);
        assert_eq!(answer.paths(), [field], "{plan}");
    }
    assert_eq!(api.post(&operator, &path, &json!({ "channel": "nightly" })).await.ok(422).paths(), ["channel"]);
    api.post(&operator, "/v1/operator/releases/rel_01kb00000000000000000000zz/promote", &json!({ "channel": "stable" })).await.problem(404, "not_found");
    // Nobody follows, so nobody has to be moved.
    let promoted = api.post(&operator, &path, &json!({ "channel": "canary" })).await.ok(202).json();
    assert_eq!((&promoted["channel"]["release"]["openclaw_version"], &promoted["wave"]), (&json!("2026.9.7"), &Value::Null));
}

#[tokio::test]
async fn an_owner_follows_a_channel_within_a_window_and_choosing_by_hand_ends_it() {
    let (api, _, tenant, ids) = fleet(1).await;
    let path = format!("/v1/deployments/{}", ids[0]);
    assert_eq!(api.get(&tenant, &path).await.ok(200).json()["follows"], "stable", "a new agent follows stable");
    let put = |body: Value| {
        let (api, tenant, path) = (&api, &tenant, format!("{path}/follow"));
        async move { api.with_body(tenant, Method::PUT, &path, &body).await }
    };
    let followed = put(json!({ "channel": "canary", "window": "SUN,sat 02:00-05:00 europe/berlin" })).await.ok(200).json();
    assert_eq!((&followed["follows"], &followed["window"]), (&json!("canary"), &json!("sat,sun 02:00-05:00 Europe/Berlin")));
    for (body, field) in [
        (json!({ "channel": "nightly" }), "channel"),
        (json!({ "channel": "stable", "window": "sometimes" }), "window"),
        (json!({ "channel": "stable", "window": "sun 02:00-05:00 Mars/Base" }), "window"),
        (json!({ "channels": "stable" }), "channels"),
    ] {
        assert_eq!(put(body.clone()).await.ok(422).paths(), [field], "{body}");
    }
    let none = put(json!({ "channel": null })).await.ok(200).json();
    assert_eq!((none.get("follows"), none.get("window")), (None, None));
    put(json!({ "channel": "stable" })).await.ok(200);
    let image = api.get(&tenant, &path).await.ok(200).json()["image"].clone();
    let chosen = api.post(&tenant, &format!("{path}/release"), &json!({ "image": image })).await.ok(202).json();
    assert_eq!((chosen.get("follows"), &chosen["revision"]), (None, &json!(1)), "also when it is the one that is there");
    let events = api.get(&tenant, &format!("{path}/events")).await.ok(200).text;
    assert!(events.contains("follows canary from now on, within sat,sun 02:00-05:00 Europe/Berlin") && events.contains("follows stable no more"), "{events}");
}
