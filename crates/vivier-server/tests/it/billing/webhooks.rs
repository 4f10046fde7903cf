//! Events as they come: forged, late, cut, too large, a hundred times, in any order.

use serde_json::json;
use vivier_core::billing::Stage;
use vivier_core::secret::Secret;
use vivier_server::billing::stripe::signature;
use vivier_server::clock::Clock as _;

use super::shop::Shop;
use crate::http::api::{Api, As};
use crate::support::stripe::WEBHOOK_SECRET;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_stripe_did_not_sign_or_nobody_can_read_is_refused_and_changes_nothing() {
    let shop = Shop::new().await;
    let id = shop.deploy("starter").await;
    let session = shop.checkout(id, None).await;
    shop.stripe.pay(&session);
    let body = shop.stripe.take_events().remove(0);
    let now = shop.stripe.sign(&body);
    let refused = |answer: crate::http::api::Answer| answer.problem(400, "webhook_refused");
    refused(shop.send_signed(&body, "").await);
    refused(shop.send_signed(&body, "t=1,v1=00").await);
    refused(shop.send_signed(&body, &signature::sign(body.as_bytes(), &Secret::new("whsec_forged_by_somebody"), shop.world().now())).await);
    refused(shop.send_signed(&body[..body.len() - 1], &now).await);
    refused(shop.send_signed(&body.replace("invoice", "Invoice"), &now).await);
    for seconds in [-301, 302] {
        let at = shop.world().test.clock.now().plus_seconds(seconds);
        refused(shop.send_signed(&body, &signature::sign(body.as_bytes(), &Secret::new(WEBHOOK_SECRET), at)).await);
    }
    let large = format!("{{\"id\":\"evt_1\",\"type\":\"x\",\"pad\":\"{}\"}}", "x".repeat(600 * 1024));
    refused(shop.send(&large).await);
    for nonsense in ["", "[]", "{}", "{\"id\":7}", "\u{0}", r#"{"id":"evt","type":"x","data":{"object":{"object":"invoice","id":"a\u0000"}}}"#] {
        refused(shop.send(nonsense).await);
    }
    let long = json!({ "id": "e".repeat(300), "type": "x", "data": { "object": { "object": "invoice", "id": "in" } } }).to_string();
    refused(shop.send(&long).await);
    assert_eq!(shop.world().store().count_events().await.expect("the store"), 0);
    assert_eq!(shop.bill(id).await.stage, Stage::Unpaid);
    // The same body with its own signature is taken.
    shop.send(&body).await.ok(200);
    assert_eq!(shop.world().store().count_events().await.expect("the store"), 1);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_hundred_times_the_same_events_in_any_order_are_one_effect() {
    let shop = Shop::new().await;
    let id = shop.deploy("starter").await;
    let session = shop.checkout(id, None).await;
    let subscription = shop.stripe.pay(&session);
    let bodies = shop.stripe.take_events();
    let sends = (0..100).map(|round| {
        let (shop, bodies) = (&shop, &bodies);
        async move {
            for place in 0..bodies.len() {
                // Each sender in an order of its own.
                shop.send(&bodies[(place * 2 + round) % bodies.len()]).await.ok(200);
            }
        }
    });
    futures_util::future::join_all(sends).await;
    shop.until(id, Stage::Good).await;
    shop.until_state(id, "running").await;
    shop.applied().await;
    assert_eq!(shop.world().store().count_events().await.expect("the store"), u64::try_from(bodies.len()).expect("few"));
    assert_eq!(shop.stripe.live(), [subscription]);
    assert_eq!(shop.world().fake.effects().iter().filter(|effect| effect.ends_with(" started")).count(), 1);
    assert_eq!(shop.letters(1).await.len(), 1);
    let audit = shop.world().store().audit_log(Some(shop.account), 500).await.expect("the log");
    assert_eq!(audit.iter().filter(|row| row.action == "deployment.release_hold").count(), 1);
    assert_eq!(audit.iter().filter(|row| row.action == "billing.invoice").count(), 1);
}

#[tokio::test]
async fn an_event_that_is_answered_is_kept_although_nobody_applies_it_yet() {
    let mut shop = Shop::new().await;
    let id = shop.deploy("starter").await;
    let session = shop.checkout(id, None).await;
    shop.api.world.stop().await;
    shop.stripe.pay(&session);
    shop.deliver().await;
    assert_eq!(shop.bill(id).await.stage, Stage::Unpaid);
    shop.api.world.start();
    shop.until(id, Stage::Good).await;
}

#[tokio::test]
async fn where_no_money_is_taken_nothing_of_it_is_there() {
    let api = Api::new().await;
    let (who, _) = api.signup().await;
    assert_eq!(api.get(&who, "/v1/catalogue").await.ok(200).json()["billing"], false);
    for path in ["/v1/billing", "/v1/billing/invoices"] {
        api.get(&who, path).await.problem(409, "billing_off");
    }
    for path in ["/v1/billing/portal", "/v1/billing/card", "/v1/billing/refresh"] {
        api.post(&who, path, &json!(null)).await.problem(409, "billing_off");
    }
    let id = api.deploy(&who, "Ada").await;
    api.post(&who, "/v1/billing/checkout", &json!({ "deployment": id })).await.problem(409, "billing_off");
    api.post(&who, "/v1/billing/cancel", &json!({ "deployment": id, "when": "now" })).await.problem(409, "billing_off");
    api.post(&As::Nobody, "/v1/billing/webhook", &json!({})).await.problem(404, "not_found");
    api.until_state(&who, &id, "running").await;
    api.with_body(&who, reqwest::Method::PATCH, &format!("/v1/deployments/{id}"), &json!({ "plan": "pro" })).await.ok(200);
}
