//! Paying for an agent, as its owner does it.

use serde_json::json;
use vivier_core::billing::Stage;

use super::shop::Shop;
use crate::support::eventually;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_agent_of_a_paid_plan_waits_for_its_payment_and_then_runs() {
    let shop = Shop::new().await;
    let id = shop.deploy("starter").await;
    let waiting = shop.get(id).await;
    assert_eq!((waiting["state"].as_str(), waiting["holds"].clone()), (Some("suspended"), json!(["billing"])));
    assert!(waiting["reason"].as_str().expect("a reason").contains("not paid for"), "{waiting}");
    // Nobody talks it into running.
    for ask in ["resume", "restart", "retry"] {
        shop.api.post(&shop.who, &format!("/v1/deployments/{id}/{ask}"), &json!(null)).await.problem(409, "conflict");
    }
    let first = shop.checkout(id, None).await;
    assert_eq!(shop.checkout(id, None).await, first, "the page that is open");
    let other = shop.checkout(id, Some("pro")).await;
    assert_ne!(other, first);
    let session = shop.checkout(id, Some("starter")).await;
    assert_eq!(shop.world().fake.containers(), 0, "nothing was started before it was paid");
    shop.stripe.pay(&session);
    shop.deliver().await;
    shop.until(id, Stage::Good).await;
    let running = shop.until_state(id, "running").await;
    assert_eq!(running["holds"], json!(null), "{running}");
    let bill = shop.api.get(&shop.who, "/v1/billing").await.ok(200).json();
    let line = &bill["subscriptions"][0];
    assert_eq!(
        (line["stage"].as_str(), line["plan"].as_str(), line["price"].clone()),
        (Some("good"), Some("starter"), json!({ "amount": 900, "currency": "usd" }))
    );
    assert_eq!((line["can_cancel"].clone(), line["can_pay"].clone()), (json!(true), json!(false)));
    let invoices = shop.api.get(&shop.who, "/v1/billing/invoices").await.ok(200).json();
    assert_eq!((invoices["items"][0]["status"].as_str(), invoices["items"][0]["total"]["amount"].as_i64()), (Some("paid"), Some(900)));
    shop.api.post(&shop.who, "/v1/billing/checkout", &json!({ "deployment": id })).await.problem(409, "conflict");
    let portal = shop.api.post(&shop.who, "/v1/billing/portal", &json!(null)).await.ok(200).json();
    assert!(portal["url"].as_str().expect("an address").starts_with("https://billing.stripe.test/cus_"));
    assert_eq!(shop.letters(1).await, ["Your agent Ada runs"]);
    assert_eq!(shop.stripe.customers().len(), 1);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_payment_whose_events_are_lost_is_found_all_the_same() {
    let shop = Shop::new().await;
    let id = shop.deploy("starter").await;
    let session = shop.checkout(id, None).await;
    shop.stripe.pay(&session);
    assert_eq!(shop.stripe.take_events().len(), 3);
    // Whoever comes back from the payment page asks for it.
    shop.api.post(&shop.who, "/v1/billing/refresh", &json!(null)).await.ok(202);
    shop.until(id, Stage::Good).await;
    shop.until_state(id, "running").await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_trial_becomes_a_paid_agent_without_stopping() {
    let shop = Shop::new().await;
    let id = shop.deploy("trial").await;
    shop.until_state(id, "running").await;
    let edit = |plan: &str| json!({ "plan": plan });
    let path = format!("/v1/deployments/{id}");
    let refused = shop.api.with_body(&shop.who, reqwest::Method::PATCH, &path, &edit("starter")).await;
    refused.problem(402, "payment_required");
    let session = shop.checkout(id, Some("starter")).await;
    shop.stripe.pay(&session);
    shop.deliver().await;
    shop.until(id, Stage::Good).await;
    let paid = eventually("it is a Starter", || async {
        let paid = shop.get(id).await;
        (paid["plan"] == "starter").then_some(paid)
    })
    .await;
    assert_eq!(paid["expires_at"], json!(null), "{paid}");
    assert_eq!(shop.world().fake.effects().iter().filter(|effect| effect.ends_with(" stopped")).count(), 0, "{:?}", shop.world().fake.effects());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_subscription_ends_with_its_period_or_at_once_or_not_after_all() {
    let shop = Shop::new().await;
    let (id, subscription) = shop.paid("starter").await;
    shop.until_state(id, "running").await;
    let cancel = async |when: &str| shop.api.post(&shop.who, "/v1/billing/cancel", &json!({ "deployment": id, "when": when })).await.ok(200).json();
    for _ in 0..2 {
        assert_eq!(cancel("period_end").await["cancels"], true);
        assert_eq!(cancel("never").await["cancels"], false);
    }
    assert_eq!(shop.bill(id).await.stage, Stage::Good);
    assert_eq!(cancel("now").await["can_cancel"], false);
    shop.until(id, Stage::Suspended).await;
    assert!(!shop.world().fake.running(id));
    assert_eq!(shop.stripe.subscription(&subscription)["status"], "canceled");
    // Most of the month was paid and not used: it is credit at Stripe.
    let customer = shop.stripe.customers().remove(0);
    eventually("the rest is given back", || async { (shop.stripe.credit(&customer) > 0).then_some(()) }).await;
    assert!((890..=900).contains(&shop.stripe.credit(&customer)), "{}", shop.stripe.credit(&customer));
    // Another subscription, and it runs again with its data.
    let session = shop.checkout(id, None).await;
    shop.stripe.pay(&session);
    shop.deliver().await;
    shop.until(id, Stage::Good).await;
    shop.until_state(id, "running").await;
    shop.applied().await;
    assert_eq!(shop.stripe.live().len(), 1);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_its_owner_deletes_is_charged_no_more_and_is_paid_for_again_when_restored() {
    let shop = Shop::new().await;
    let (id, _) = shop.paid("starter").await;
    shop.api.delete(&shop.who, &format!("/v1/deployments/{id}")).await.ok(202);
    shop.until(id, Stage::Ended).await;
    assert!(shop.stripe.live().is_empty());
    shop.api.post(&shop.who, &format!("/v1/deployments/{id}/restore"), &json!(null)).await.ok(202);
    shop.until(id, Stage::Suspended).await;
    assert_eq!(shop.get(id).await["holds"], json!(["billing"]));
    assert!(!shop.world().fake.running(id), "no free ride");
    let session = shop.checkout(id, None).await;
    shop.stripe.pay(&session);
    shop.deliver().await;
    shop.until(id, Stage::Good).await;
    shop.until_state(id, "running").await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_second_subscription_for_one_agent_is_ended_and_credited() {
    let shop = Shop::new().await;
    let id = shop.deploy("starter").await;
    let session = shop.checkout(id, None).await;
    let first = shop.stripe.pay(&session);
    // A page that we forgot, say, in a tab of last week's.
    let second = shop.stripe.pay_again(&first);
    shop.deliver().await;
    shop.until(id, Stage::Good).await;
    eventually("one is left", || async { (shop.stripe.live().len() == 1).then_some(()) }).await;
    let ended = if shop.stripe.live() == [first.clone()] { second } else { first };
    assert_eq!(shop.stripe.subscription(&ended)["status"], "canceled");
    assert_eq!(shop.stripe.credit(&shop.stripe.customers()[0]), 900);
    shop.until_state(id, "running").await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_card_is_shown_without_paying_and_brings_its_credits_once() {
    let shop = Shop::new().await;
    let answer = shop.api.post(&shop.who, "/v1/billing/card", &json!(null)).await.ok(200).json();
    let session = answer["url"].as_str().and_then(|url| url.rsplit('/').next()).expect("an address").to_owned();
    shop.stripe.show_card(&session, "fingerprint_1");
    shop.deliver().await;
    let bill = eventually("the card is known", || async {
        let bill = shop.api.get(&shop.who, "/v1/billing").await.ok(200).json();
        bill["card"].is_object().then_some(bill)
    })
    .await;
    assert_eq!((bill["card"]["brand"].as_str(), bill["card"]["last4"].as_str()), (Some("visa"), Some("4242")));
    // Its credits come once: not for another account with the same card.
    let balance = async |account| shop.world().store().credits_balance(account).await.expect("the store").count();
    assert_eq!(balance(shop.account).await, 500);
    let other = shop.api.signup().await.0;
    let answer = shop.api.post(&other, "/v1/billing/card", &json!(null)).await.ok(200).json();
    let session = answer["url"].as_str().and_then(|url| url.rsplit('/').next()).expect("an address").to_owned();
    shop.stripe.show_card(&session, "fingerprint_1");
    shop.deliver().await;
    shop.applied().await;
    let account = shop.api.get(&other, "/v1/billing").await.ok(200).json()["account"].as_str().expect("an id").parse().expect("an id");
    assert_eq!((balance(shop.account).await, balance(account).await), (500, 0));
    assert!(!bill.to_string().contains("fingerprint"), "{bill}");
}
