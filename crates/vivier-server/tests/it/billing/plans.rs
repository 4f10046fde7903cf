//! Another plan: the price and the plan change together, or neither does.

use reqwest::Method;
use serde_json::{Value, json};
use vivier_core::id::DeploymentId;
use vivier_core::plan::PlanName;

use super::shop::Shop;
use crate::http::api::Answer;
use crate::support::eventually;
use crate::support::stripe::Mood;

async fn move_to(shop: &Shop, id: DeploymentId, plan: &str) -> Answer {
    shop.api.with_body(&shop.who, Method::PATCH, &format!("/v1/deployments/{id}"), &json!({ "plan": plan })).await
}

fn price(shop: &Shop, subscription: &str) -> Value {
    shop.stripe.subscription(subscription)["items"]["data"][0]["price"]["id"].clone()
}

async fn until_plan(shop: &Shop, id: DeploymentId, plan: PlanName) {
    eventually(&format!("the plan is {plan}"), || async {
        let bill = shop.bill(id).await;
        (bill.plan == plan && bill.wanted.is_none()).then_some(())
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_subscription_goes_first_and_the_plan_follows() {
    let shop = Shop::new().await;
    let (id, subscription) = shop.paid("starter").await;
    assert_eq!(move_to(&shop, id, "pro").await.ok(200).json()["plan"], "starter", "not before it is paid");
    until_plan(&shop, id, PlanName::Pro).await;
    assert_eq!(price(&shop, &subscription), "price_pro");
    move_to(&shop, id, "starter").await.ok(200);
    until_plan(&shop, id, PlanName::Starter).await;
    assert_eq!(price(&shop, &subscription), "price_starter");
    // Free plans are for those that have no subscription.
    move_to(&shop, id, "team").await.problem(409, "conflict");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_card_that_is_refused_leaves_both_as_they_were() {
    let shop = Shop::new().await;
    let (id, subscription) = shop.paid("starter").await;
    shop.stripe.decline("Your card has insufficient funds.");
    move_to(&shop, id, "pro").await.ok(200);
    let bill = eventually("it is said", || async {
        let bill = shop.bill(id).await;
        bill.trouble.is_some().then_some(bill)
    })
    .await;
    assert_eq!((bill.plan, bill.wanted, bill.trouble.as_deref()), (PlanName::Starter, None, Some("Your card has insufficient funds.")));
    assert_eq!(price(&shop, &subscription), "price_starter");
    // Asked again, it is another try.
    move_to(&shop, id, "pro").await.ok(200);
    until_plan(&shop, id, PlanName::Pro).await;
    assert_eq!(shop.bill(id).await.trouble, None);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn while_the_provider_is_away_it_is_tried_again_until_both_agree() {
    let shop = Shop::new().await;
    let (id, subscription) = shop.paid("starter").await;
    for mood in [Mood::Broken, Mood::BrokenAfterwards, Mood::Nonsense, Mood::Strange, Mood::Busy, Mood::Locked] {
        let (from, to) = if shop.bill(id).await.plan == PlanName::Starter { (PlanName::Starter, PlanName::Pro) } else { (PlanName::Pro, PlanName::Starter) };
        shop.stripe.be(mood);
        move_to(&shop, id, to.as_str()).await.ok(200);
        eventually("it is said", || async { shop.bill(id).await.trouble.is_some().then_some(()) }).await;
        assert_eq!(shop.bill(id).await.plan, from, "{mood:?}");
        shop.stripe.be(Mood::Well);
        shop.turn(600);
        until_plan(&shop, id, to).await;
        assert_eq!(price(&shop, &subscription), format!("price_{to}"), "{mood:?}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_price_that_is_changed_at_the_provider_changes_the_plan() {
    let shop = Shop::new().await;
    let (id, subscription) = shop.paid("starter").await;
    shop.stripe.reprice(&subscription, "price_pro");
    shop.deliver().await;
    until_plan(&shop, id, PlanName::Pro).await;
    // One that is no plan's changes nothing.
    shop.stripe.reprice(&subscription, "price_of_something_else");
    shop.deliver().await;
    shop.applied().await;
    assert_eq!(shop.bill(id).await.plan, PlanName::Pro);
}
