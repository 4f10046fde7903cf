//! Waves on real Docker, the whole product, with the light stand-in for OpenClaw's gateway: a harmful release stops at its canary, a
//! good one reaches everybody, whoever is killed meanwhile.

use serde_json::{Value, json};

use crate::product::{Product, until};
use crate::real_rollout::{HARMFUL, release_of, until_known};

/// Starts as the stand-in does: another release only by its image.
const GOOD: &str = "#!/bin/sh\nexec /usr/local/bin/node /opt/openclaw/gateway-standin.mjs\n";

/// Promotes `image` to `stable`, one agent first, and gives the wave's path. serve and host are killed on its way.
async fn promote(product: &Product, image: &str) -> String {
    let releases = product.call("GET", "/v1/operator/releases", None).await;
    let release = releases["items"].as_array().into_iter().flatten().find(|one| one["image"] == image).expect("it is in the catalogue");
    let id = release["id"].as_str().expect("an id");
    let plan = json!({"stages": ["1", "all"], "soak_seconds": 0, "concurrency": 2});
    let promoted = product.call("POST", &format!("/v1/operator/releases/{id}/promote"), Some(json!({"channel": "stable", "plan": plan}))).await;
    let wave = format!("/v1/operator/waves/{}", promoted["wave"]["id"].as_str().expect("a wave"));
    for role in ["serve", "host"] {
        until("the wave moves somebody", 60, || async {
            let (_, seen) = product.try_call("GET", &wave, None).await;
            let moves = seen["agents"].as_array().into_iter().flatten().any(|agent| agent["state"] == "moving");
            if moves { Ok(()) } else { Err(seen.to_string()) }
        })
        .await;
        product.kill(role);
    }
    wave
}

async fn until_state(product: &Product, wave: &str, state: &str) -> Value {
    until(&format!("the wave is {state}"), 240, || async {
        let (_, seen) = product.try_call("GET", wave, None).await;
        if seen["state"] == state { Ok(seen) } else { Err(format!("{seen}\n{}", product.log_tail())) }
    })
    .await
}

#[tokio::test(flavor = "multi_thread")]
async fn real_a_harmful_release_stops_at_its_canary_and_a_good_one_reaches_everybody() {
    let product = Product::with_standin(&[("VIVIER_SERVER__PROBATION_SECONDS", "15")]).await;
    let old = until_known(&product, "0.0.0-standin").await;
    let mut agents = Vec::new();
    for name in ["Ada", "Bea", "Cleo", "Dora"] {
        let made = product.call("POST", "/v1/deployments", Some(json!({"name": name, "plan": "starter"}))).await;
        agents.push(made["id"].as_str().expect("an id").to_owned());
    }
    let letter = |id: &str| product.data.path().join(format!("volumes/{id}/state/letter"));
    for id in &agents {
        product.wait(id, "running", 120).await;
        std::fs::write(letter(id), "what the owner wrote").expect("written");
    }
    let harmful = release_of(&product, &old, "0.0.1-harmful", HARMFUL).await;
    until_known(&product, "0.0.1-harmful").await;

    let wave = promote(&product, &harmful).await;
    let halted = until_state(&product, &wave, "halted").await;
    assert!(halted["reason"].as_str().is_some_and(|reason| !reason.is_empty()), "{halted:#}");
    let mut touched = 0;
    for id in &agents {
        let seen = product.wait(id, "running", 120).await;
        assert_eq!(seen["image"], old.as_str(), "{seen:#}");
        assert_eq!(std::fs::read_to_string(letter(id)).expect("it is there"), "what the owner wrote");
        touched += u32::from(seen["revision"] != 1);
    }
    assert_eq!(touched, 1, "only the canary was ever touched");
    product.call("POST", &format!("{wave}/abort"), Some(json!({}))).await;

    let good = release_of(&product, &old, "0.0.2-good", GOOD).await;
    until_known(&product, "0.0.2-good").await;
    let wave = promote(&product, &good).await;
    let finished = until_state(&product, &wave, "finished").await;
    for id in &agents {
        let seen = product.wait(id, "running", 60).await;
        assert_eq!(seen["image"], good.as_str(), "{seen:#}\n{finished:#}");
        assert_eq!(std::fs::read_to_string(letter(id)).expect("it is there"), "what the owner wrote");
    }
    assert_eq!((product.containers().len(), product.networks().len()), (4, 4));
}
