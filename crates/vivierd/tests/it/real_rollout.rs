//! A release that harms: real Docker, the whole product, and a light stand-in for OpenClaw's gateway that migrates the data
//! forward and then falls over.

use std::collections::BTreeSet;
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use crate::product::{Product, docker, enter, until};

/// Starts as the stand-in does, has rewritten the data by then, and dies some seconds later.
pub const HARMFUL: &str = r"#!/bin/sh
echo migrated >/home/node/.openclaw/letter
/usr/local/bin/node /opt/openclaw/gateway-standin.mjs & gateway=$!
sleep 8
kill -9 $gateway
exit 3
";

/// Makes a release of `parent` whose gateway is `script`, and lets the product know it. The answer is its digest.
pub async fn release_of(product: &Product, parent: &str, version: &str, script: &str) -> String {
    let folder = tempfile::tempdir().expect("a directory");
    let gateway = folder.path().join("gateway");
    std::fs::write(&gateway, script).expect("written");
    std::fs::set_permissions(&gateway, std::os::unix::fs::PermissionsExt::from_mode(0o755)).expect("may be run");
    let container = docker(&["create", "--label", "io.vivier.installation=standin-build", parent]);
    docker(&["cp", &gateway.to_string_lossy(), &format!("{}:/opt/openclaw/bin/gateway", container.trim())]);
    let image = docker(&["commit", "--change", &format!("LABEL io.vivier.openclaw.version={version}"), container.trim()]);
    docker(&["rm", container.trim()]);
    product.images.lock().expect("no panic").push(image.trim().to_owned());
    enter(product.data.path(), image.trim(), version).await;
    image.trim().to_owned()
}

pub async fn until_known(product: &Product, version: &str) -> String {
    until("the release is in the catalogue", 90, || async {
        let releases = product.call("GET", "/v1/releases", None).await;
        let found = releases["items"].as_array().into_iter().flatten().find(|one| one["openclaw_version"] == version);
        found.and_then(|one| one["image"].as_str().map(str::to_owned)).ok_or_else(|| releases.to_string())
    })
    .await
}

#[tokio::test(flavor = "multi_thread")]
async fn real_a_release_that_migrates_the_data_and_falls_over_is_taken_back_with_the_data_from_before() {
    let product = Product::with_standin(&[("VIVIER_SERVER__PROBATION_SECONDS", "120")]).await;
    let good = until_known(&product, "0.0.0-standin").await;
    let id = product.call("POST", "/v1/deployments", Some(json!({"name": "Ada", "plan": "starter"}))).await["id"].as_str().expect("an id").to_owned();
    let path = format!("/v1/deployments/{id}");
    let state_is = |wanted: &'static str, revision: u64| {
        let (product, path) = (&product, &path);
        move || async move {
            let seen = product.call("GET", path, None).await;
            if seen["state"] == wanted && seen["revision"] == revision { Ok(seen) } else { Err(seen.to_string()) }
        }
    };
    until("it runs", 60, state_is("running", 1)).await;
    let letter = product.data.path().join(format!("volumes/{id}/state/letter"));
    std::fs::write(&letter, "what the owner wrote").expect("written");

    let harmful = release_of(&product, &good, "0.0.1-harmful", HARMFUL).await;
    until_known(&product, "0.0.1-harmful").await;
    product.call("POST", &format!("{path}/release"), Some(json!({"image": harmful}))).await;
    let on_it = until("the harmful release runs", 120, state_is("running", 2)).await;
    assert_eq!((on_it["image"].as_str(), on_it["last_known_good_revision"].as_u64()), (Some(harmful.as_str()), Some(1)), "not trusted yet");

    let back = until("the old release runs again", 120, state_is("running", 3)).await;
    assert_eq!(back["image"], good.as_str());
    assert_eq!(std::fs::read_to_string(&letter).expect("it is there"), "what the owner wrote");
    let revisions = product.call("GET", &format!("{path}/revisions"), None).await;
    let failed = &revisions["items"][1];
    assert_eq!((failed["number"].as_u64(), failed["outcome"].as_str()), (Some(2), Some("failed")), "{revisions:#}");
    assert!(failed["reason"].as_str().is_some_and(|reason| reason.contains("ended by itself with code 3")), "{failed:#}");
    assert_eq!(revisions["items"][0]["restores"], 2, "{revisions:#}");
    let events = product.call("GET", &format!("{path}/events?limit=100"), None).await;
    let told: Vec<&str> = events["items"].as_array().into_iter().flatten().filter_map(|event| event["message"].as_str()).collect();
    for step in ["it starts on a copy of the data", "the data from before revision 2 is kept", "the data is what it was before revision 2"] {
        assert!(told.iter().any(|line| line.contains(step)), "`{step}` is not told: {told:#?}");
    }
    assert_eq!(product.containers().len(), 1);

    // On demand, the same way: to the harmful one's time and back is a choice, but what is lost is said before.
    let plan: Value = product.call("GET", &format!("{path}/rollback?revision=2"), None).await;
    assert_eq!(plan["other_release"], true, "{plan:#}");
    assert!(plan["summary"].as_str().is_some_and(|summary| summary.contains("revision 2")), "{plan:#}");
}

/// What the timeline says has begun, one entry for each start of a step. Nothing while the API does not answer.
async fn begun(product: &Product, path: &str) -> Vec<(String, String)> {
    let (status, events) = product.try_call("GET", &format!("{path}/events?limit=100"), None).await;
    let events = events["items"].as_array().filter(|_| status == 200).cloned().unwrap_or_default();
    let started = events.iter().filter(|event| event["outcome"] == "started");
    started.filter_map(|event| Some((event["id"].as_str()?.to_owned(), event["action"].as_str()?.to_owned()))).collect()
}

/// Every process of the host's dies at its 37th change of the world, whatever that is (a rehearsal, which begins anew each time, needs fewer); serve is killed as each step is seen to begin.
#[tokio::test(flavor = "multi_thread")]
async fn real_a_rollout_and_its_way_back_end_the_same_however_often_serve_and_host_are_killed() {
    let mut product = Product::with_standin(&[("VIVIER_SERVER__PROBATION_SECONDS", "600")]).await;
    let good = until_known(&product, "0.0.0-standin").await;
    let id = product.call("POST", "/v1/deployments", Some(json!({"name": "Ada", "plan": "starter"}))).await["id"].as_str().expect("an id").to_owned();
    let path = format!("/v1/deployments/{id}");
    product.wait(&id, "running", 60).await;
    let letter = product.data.path().join(format!("volumes/{id}/state/letter"));
    std::fs::write(&letter, "what the owner wrote").expect("written");
    let harmful = release_of(&product, &good, "0.0.1-harmful", HARMFUL).await;
    until_known(&product, "0.0.1-harmful").await;
    product.down().await;
    product.settings.push((vivier_host::fault::VARIABLE, "37".to_owned()));
    product.up().await;

    let mut met: BTreeSet<String> = begun(&product, &path).await.into_iter().map(|(event, _)| event).collect();
    product.call("POST", &format!("{path}/release"), Some(json!({"image": harmful}))).await;
    let mut steps: BTreeSet<String> = BTreeSet::new();
    let deadline = Instant::now() + Duration::from_secs(300);
    let back = loop {
        let (_, seen) = product.try_call("GET", &path, None).await;
        if seen["state"] == "running" && seen["revision"] == 3 {
            break seen;
        }
        assert!(Instant::now() < deadline, "no way back: {seen}\n{}", product.log_tail());
        for (event, action) in begun(&product, &path).await {
            // Once for each kind of step: one that is repeated because of that is left in peace.
            if met.insert(event) && steps.insert(action) {
                until("serve can be killed", 20, || async { product.try_kill("serve") }).await;
            }
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    };
    let deaths = product.log().matches("dying at").count();
    assert!(deaths >= 2 && steps.len() >= 6, "the host died {deaths} times, serve at {steps:?}");

    assert_eq!(back["image"], good.as_str());
    assert_eq!(std::fs::read_to_string(&letter).expect("it is there"), "what the owner wrote");
    let revisions = product.call("GET", &format!("{path}/revisions"), None).await;
    assert_eq!((revisions["items"][1]["outcome"].as_str(), revisions["items"][0]["restores"].as_u64()), (Some("failed"), Some(2)), "{revisions:#}");
    let left = docker(&["ps", "-aq", "--filter", &format!("label=io.vivier.deployment={id}")]);
    assert_eq!((left.lines().count(), product.networks().len()), (1, 1), "one workload, no rehearsal, one network: {left}");
    let snapshots = std::fs::read_dir(product.data.path().join(format!("volumes/{id}/snapshots"))).expect("snapshots");
    assert_eq!(snapshots.count(), 1, "the data from before revision 2, whole, and nothing half done");
}
