//! Requests while an agent changes: real Docker, the whole product, and the light stand-in for OpenClaw's gateway.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use reqwest::Method;
use serde_json::json;

use crate::product::{Product, until};

const ROLLOUTS: usize = 20;
const AT_ONCE: usize = 12;

#[tokio::test(flavor = "multi_thread")]
async fn real_twenty_restarts_under_load_fail_no_request() {
    let product = Arc::new(Product::with_standin(&[]).await);
    let made = product.call("POST", "/v1/deployments", Some(json!({"name": "Ada", "plan": "starter"}))).await;
    let (id, slug) = (made["id"].as_str().expect("an id").to_owned(), made["slug"].as_str().expect("a slug").to_owned());
    product.wait(&id, "running", 90).await;

    let (over, done) = (Arc::new(AtomicBool::new(false)), Arc::new(AtomicUsize::new(0)));
    let mut load = Vec::new();
    for worker in 0..AT_ONCE {
        let (product, slug, over, done) = (product.clone(), slug.clone(), over.clone(), done.clone());
        load.push(tokio::spawn(async move {
            let method = if worker % 2 == 0 { Method::GET } else { Method::POST };
            let (mut failures, mut longest) = (Vec::new(), Duration::ZERO);
            // At a pace, so that the load does not take the cores that the restarts need.
            let mut pace = tokio::time::interval(Duration::from_millis(50));
            pace.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
            while !over.load(Ordering::SeqCst) {
                pace.tick().await;
                let begun = Instant::now();
                let answer = product.agent(&slug, method.clone(), "/v1/standin").bearer_auth(&product.token).send().await;
                longest = longest.max(begun.elapsed());
                done.fetch_add(1, Ordering::SeqCst);
                match answer {
                    Ok(answer) if answer.status() == 200 => {}
                    Ok(answer) => failures.push(format!("{method} {} {}", answer.status(), answer.text().await.unwrap_or_default())),
                    Err(error) => failures.push(format!("{method} {error:?}")),
                }
            }
            (failures, longest)
        }));
    }
    for _ in 0..ROLLOUTS {
        let goal = done.load(Ordering::SeqCst) + 50;
        until("the load goes on", 60, || async { if done.load(Ordering::SeqCst) >= goal { Ok(()) } else { Err("not yet".to_owned()) } }).await;
        product.call("POST", &format!("/v1/deployments/{id}/restart"), None).await;
        until("it is on its way", 30, || async {
            let seen = product.deployment(&id).await;
            if seen["state"] == "restarting" { Ok(()) } else { Err(seen["state"].to_string()) }
        })
        .await;
        product.wait(&id, "running", 90).await;
    }
    over.store(true, Ordering::SeqCst);
    let (mut failures, mut longest) = (Vec::new(), Duration::ZERO);
    for worker in load {
        let (failed, took) = worker.await.expect("no panic");
        failures.extend(failed);
        longest = longest.max(took);
    }
    let done = done.load(Ordering::SeqCst);
    println!("{done} requests during {ROLLOUTS} restarts, {} failed, the longest took {longest:?}", failures.len());
    assert!(failures.is_empty(), "{} of {done}: {failures:#?}\n{}", failures.len(), product.log_tail());
    assert!(done >= 1000, "{done}");
}
