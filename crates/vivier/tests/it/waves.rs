//! Channels and waves, for operators; following, for owners.

use serde_json::{Value, json};
use vivier_core::wire::agents::ReleaseChoice;
use vivier_core::wire::waves::{Promoted, PromotionPlan, ReleaseChannelOut, RevertPlan, WaveDetail};

use crate::world::{ADA, World, ada, ago};

const RELEASE: &str = "rel_01k0000000000000000000000a";
const WAVE: &str = "wav_01k0000000000000000000000a";
const IMAGE: &str = "sha256:b031729057b32c2ba6c02c59249891ce40bdf59d28e2567dc44c75e2348b54c1";

/// The stand-in must speak the language of the real one.
fn checked<T: serde::de::DeserializeOwned>(value: Value) -> Value {
    serde_json::from_value::<T>(value.clone()).unwrap_or_else(|error| panic!("{error}: {value}"));
    value
}

fn release() -> Value {
    json!({ "id": RELEASE, "image": IMAGE, "openclaw_version": "2026.9.7" })
}

fn counts(good: u64, failed: u64, waiting: u64) -> Value {
    json!({ "waiting": waiting, "moving": 0, "good": good, "failed": failed, "skipped": 0, "returning": 0, "returned": 0, "stuck": 0 })
}

fn wave(state: &str) -> Value {
    let stage = |size: &str, target: u64, members: Value, more: Value| {
        let mut stage = json!({ "size": size, "target": target, "members": members, "began_at": null, "ended_at": null });
        stage.as_object_mut().expect("an object").extend(more.as_object().expect("an object").clone());
        stage
    };
    let agent = |slug: &str, more: Value| {
        let mut agent = json!({
            "deployment": ADA, "name": slug, "slug": slug, "owner": "ada@example.com", "state": "waiting", "stage": null, "revision": null,
            "before": null, "back": null, "window": null, "begun_at": null, "decided_at": null
        });
        agent.as_object_mut().expect("an object").extend(more.as_object().expect("an object").clone());
        agent
    };
    let failed = json!({ "state": "failed", "stage": 2, "revision": 8, "reason": "it did not start on a copy of the data" });
    checked::<WaveDetail>(json!({
        "id": WAVE, "channel": "stable", "release": release(), "previous": null,
        "plan": { "stages": ["1", "25%", "all"], "min_success_percent": 90, "max_failures": 3, "soak_seconds": 600, "concurrency": 2 },
        "state": state, "reason": "fewer than 90 % of stage 2 can work with it: 1 of 2 failed", "stage": 2,
        "stages": [
            stage("1", 1, counts(1, 0, 0), json!({ "began_at": "2026-11-21T07:00:00.000Z", "ended_at": "2026-11-21T07:12:00.000Z" })),
            stage("25%", 2, counts(0, 1, 0), json!({ "began_at": "2026-11-21T07:12:00.000Z" })),
            stage("all", 4, counts(0, 0, 0), json!({})),
        ],
        "members": counts(1, 1, 2), "created_at": ago(1_900), "created_by": "operator ada@example.com", "ended_at": null,
        "agents": [
            agent("ada", json!({ "state": "good", "stage": 1, "revision": 3 })),
            agent("bob", failed),
            agent("carl", json!({ "window": "sun 02:00-05:00 Europe/Berlin" })),
            agent("dora", json!({})),
        ]
    }))
}

async fn with_releases(world: &World) {
    let release = checked::<ReleaseChoice>(json!({
        "id": RELEASE, "image": IMAGE, "openclaw_version": "2026.9.7", "created_at": ago(3_700), "is_default": true, "verdict": "passed"
    }));
    world.answer("GET", "/v1/releases", 200, json!({ "items": [release] })).await;
    let plan = checked::<PromotionPlan>(json!({
        "channel": "stable", "release": self::release(), "moves": 4, "targets": [1, 1, 1, 4], "summary": "OpenClaw 2026.9.7 reaches 1, then all 4 agents.",
        "plan": { "stages": ["1", "5%", "25%", "all"], "min_success_percent": 90, "max_failures": 3, "soak_seconds": 600, "concurrency": 2 }
    }));
    world.answer("GET", &format!("/v1/operator/releases/{RELEASE}/promote"), 200, plan).await;
}

fn channel() -> Value {
    checked::<ReleaseChannelOut>(json!({
        "name": "stable", "release": release(), "promoted_at": ago(90_000), "promoted_by": "operator ada@example.com", "followers": 4, "behind": 2,
        "wave": WAVE, "history": []
    }))
}

#[tokio::test]
async fn an_operator_promotes_a_release_after_seeing_what_it_means() {
    let world = World::new().await;
    with_releases(&world).await;
    let path = format!("/v1/operator/releases/{RELEASE}/promote");
    let promoted = checked::<Promoted>(json!({ "channel": channel(), "wave": wave("running") }));
    world.answer("POST", &path, 202, promoted).await;
    let told = world.run(&["operator", "promote", "2026.9.7", "--channel", "stable", "--dry-run"]);
    assert_eq!((told.code, told.out.as_str()), (0, "OpenClaw 2026.9.7 reaches 1, then all 4 agents.\n"));
    let asked = world.run(&["operator", "promote", "2026.9.7", "--channel", "stable"]);
    assert_eq!(asked.code, 2, "nobody can be asked: {}", asked.err);
    assert!(world.requests("POST", &path).await.is_empty());
    let own = ["operator", "promote", "b0317", "--channel", "stable", "--stages", "2,all", "--soak", "60", "--yes"];
    insta::assert_snapshot!("operator_promote", world.run(&own).snapshot(&world));
    assert_eq!(
        world.only_body("POST", &path).await["plan"],
        json!({
            "stages": ["2", "all"], "soak_seconds": 60, "min_success_percent": null, "max_failures": null, "concurrency": null
        })
    );
    let wrong = world.run(&["operator", "promote", "b0317", "--channel", "stable", "--stages", "2", "--yes"]);
    assert!(wrong.code == 2 && wrong.err.contains("stages must end with `all`"), "{}", wrong.err);
    assert_eq!(world.run(&["operator", "promote", "2026.9.9", "--channel", "stable"]).code, 4);
}

#[tokio::test]
async fn a_wave_is_shown_with_its_stages_and_everybody_in_it() {
    let world = World::new().await;
    world.answer("GET", "/v1/operator/waves", 200, json!({ "items": [wave("halted")] })).await;
    world.answer("GET", &format!("/v1/operator/waves/{WAVE}"), 200, wave("halted")).await;
    world.answer("GET", "/v1/operator/channels", 200, json!({ "items": [channel()] })).await;
    insta::assert_snapshot!("operator_channels", world.run(&["operator", "channels"]).snapshot(&world));
    insta::assert_snapshot!("operator_waves", world.run(&["operator", "waves"]).snapshot(&world));
    insta::assert_snapshot!("operator_wave_show", world.run(&["operator", "wave", "show", WAVE]).snapshot(&world));
    assert_eq!(world.run(&["operator", "wave", "show", WAVE, "--json"]).json()["agents"][1]["state"], "failed");
}

#[tokio::test]
async fn a_wave_is_paused_resumed_aborted_and_reverted() {
    let world = World::new().await;
    for (verb, state) in [("pause", "paused"), ("resume", "running"), ("abort", "aborted")] {
        world.answer("POST", &format!("/v1/operator/waves/{WAVE}/{verb}"), 200, wave(state)).await;
        let ran = world.run(&["operator", "wave", verb, WAVE]);
        assert_eq!((ran.code, ran.out.as_str()), (0, format!("{WAVE} is {state}: 1 good, 1 failed, 2 waiting.\n").as_str()), "{}", ran.err);
    }
    let path = format!("/v1/operator/waves/{WAVE}/revert");
    let plan = checked::<RevertPlan>(json!({ "agents": [], "summary": "1 agent goes back to what it had before." }));
    world.answer("GET", &path, 200, plan).await;
    world.answer("POST", &path, 200, wave("reverting")).await;
    assert_eq!(world.run(&["operator", "wave", "revert", WAVE, "--dry-run"]).out, "1 agent goes back to what it had before.\n");
    assert_eq!(world.run(&["operator", "wave", "revert", WAVE]).code, 2);
    assert!(world.run(&["operator", "wave", "revert", WAVE, "--yes", "--data", "keep"]).out.contains("is reverting"));
    assert_eq!(world.only_body("POST", &path).await, json!({ "data": "keep" }));
}

#[tokio::test]
async fn an_owner_follows_a_channel_and_keeps_the_window_unless_told_otherwise() {
    let world = World::new().await;
    let path = format!("/v1/deployments/{ADA}/follow");
    let mut followed = ada();
    followed["follows"] = json!("canary");
    followed["window"] = json!("sun 02:00-05:00 Europe/Berlin");
    world.answer("PUT", &path, 200, followed).await;
    let ran = world.run(&["release", "follow", "ada", "canary", "--window", "sun 02:00-05:00 europe/berlin"]);
    assert_eq!(ran.out, "ada follows canary, within sun 02:00-05:00 Europe/Berlin. The next promotion brings it its release.\n", "{}", ran.err);
    assert_eq!(world.only_body("PUT", &path).await, json!({ "channel": "canary", "window": "sun 02:00-05:00 Europe/Berlin" }));
    let wrong = world.run(&["release", "follow", "ada", "stable", "--window", "sometimes"]);
    assert!(wrong.code == 2 && wrong.err.contains("sun 02:00-05:00 Europe/Berlin"), "{}", wrong.err);
    assert_eq!(world.run(&["release", "follow", "ada", "nightly"]).code, 2);
}
