//! Payments that fail: grace, suspension, the window, the end; and the way back from each.

use serde_json::json;
use vivier_core::billing::Stage;
use vivier_core::hold::Hold;
use vivier_core::runtime::fake::Behaviour;
use vivier_core::runtime::{RuntimeError, RuntimeErrorKind};

use super::shop::Shop;
use crate::support::eventually;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_failed_payment_begins_the_grace_and_its_owner_is_told_at_each_turn() {
    let shop = Shop::new().await;
    let (id, subscription) = shop.paid("starter").await;
    shop.until_state(id, "running").await;
    let invoice = shop.stripe.fail(&subscription);
    shop.deliver().await;
    let grace = shop.until(id, Stage::Grace).await;
    let days = grace.due_at.expect("an end").millis_since(grace.stage_since);
    assert_eq!(days, 3 * 86_400_000);
    assert!(shop.world().fake.running(id), "it runs on");
    shop.turn(2 * 86_400 + 60);
    assert_eq!(shop.letters(3).await[1..], ["A payment for your agent Ada has failed", "Your agent Ada will be stopped within a day"]);
    assert!(shop.world().fake.running(id));
    shop.turn_days(1);
    let suspended = shop.until(id, Stage::Suspended).await;
    assert!(!shop.world().fake.running(id));
    assert!(shop.world().fake.traces(id).contains(&"data"), "its data is kept");
    assert_eq!(suspended.due_at.expect("an end").millis_since(suspended.stage_since), 14 * 86_400_000);
    assert_eq!(shop.letters(4).await[3..], ["Your agent Ada is stopped"]);
    // The payment comes: it runs again.
    shop.stripe.settle(&invoice);
    shop.deliver().await;
    shop.until(id, Stage::Good).await;
    assert!(shop.world().fake.running(id));
    assert_eq!(shop.letters(5).await[4..], ["Your agent Ada runs"]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_payment_within_the_grace_leaves_the_agent_as_it_is() {
    let shop = Shop::new().await;
    let (id, subscription) = shop.paid("starter").await;
    shop.until_state(id, "running").await;
    let starts = || shop.world().fake.effects().iter().filter(|effect| effect.ends_with(" started")).count();
    let before = starts();
    let invoice = shop.stripe.fail(&subscription);
    shop.deliver().await;
    shop.until(id, Stage::Grace).await;
    shop.stripe.settle(&invoice);
    shop.deliver().await;
    shop.until(id, Stage::Good).await;
    shop.turn_days(5);
    shop.applied().await;
    assert_eq!((shop.bill(id).await.stage, starts()), (Stage::Good, before));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_not_paid_within_the_window_is_deleted_and_its_data_purged_after_the_retention() {
    let shop = Shop::new().await;
    let (id, subscription) = shop.paid("starter").await;
    shop.until_state(id, "running").await;
    shop.stripe.fail(&subscription);
    shop.deliver().await;
    shop.until(id, Stage::Grace).await;
    shop.turn_days(4);
    shop.until(id, Stage::Suspended).await;
    shop.turn_days(13);
    shop.turn(3_600);
    let letters = shop.letters(4).await;
    assert_eq!(letters.last().map(String::as_str), Some("Your agent Ada will be deleted within a day"), "{letters:?}");
    shop.turn_days(1);
    let ended = shop.until(id, Stage::Ended).await;
    assert_eq!(shop.letters(5).await[4..], ["Your agent Ada is deleted; take its data along"]);
    assert_eq!(shop.world().fake.traces(id), ["data"], "kept for the retention");
    assert!(shop.stripe.live().is_empty(), "nothing is charged any more");
    assert!(ended.purge_at.is_some());
    shop.turn_days(8);
    eventually("the data is purged", || async { shop.world().fake.traces(id).is_empty().then_some(()) }).await;
    assert_eq!(shop.bill(id).await.stage, Stage::Ended);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_was_never_paid_is_deleted_after_the_window() {
    let shop = Shop::new().await;
    let id = shop.deploy("starter").await;
    let session = shop.checkout(id, None).await;
    shop.turn_days(15);
    shop.until(id, Stage::Ended).await;
    assert_eq!(shop.world().fake.containers(), 0);
    assert_ne!(shop.stripe.session_status(&session), "open", "nobody pays for one that is gone");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_stop_that_fails_does_not_advance_the_bill() {
    let shop = Shop::new().await;
    let (id, subscription) = shop.paid("starter").await;
    shop.until_state(id, "running").await;
    shop.stripe.fail(&subscription);
    shop.deliver().await;
    shop.until(id, Stage::Grace).await;
    shop.world().fake.set_down(Some(RuntimeError::new(RuntimeErrorKind::Unreachable, "the host is away")));
    shop.turn_days(4);
    shop.until(id, Stage::Suspending).await;
    // It was not seen stopped: the window does not begin, however long that takes.
    shop.turn_days(30);
    assert_eq!(shop.letters(3).await[2..], ["Your agent Ada is stopped"]);
    assert_eq!(shop.bill(id).await.stage, Stage::Suspending);
    shop.world().fake.set_down(None);
    shop.until(id, Stage::Suspended).await;
    assert!(!shop.world().fake.running(id));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn one_that_is_paid_again_is_brought_up_until_it_runs() {
    let shop = Shop::new().await;
    let (id, subscription) = shop.paid("starter").await;
    shop.until_state(id, "running").await;
    let invoice = shop.stripe.fail(&subscription);
    shop.deliver().await;
    shop.until(id, Stage::Grace).await;
    shop.turn_days(4);
    shop.until(id, Stage::Suspended).await;
    shop.world().fake.set_behaviour(id, Behaviour { exits_after_ms: Some(5), exit_code: 1, ..Behaviour::default() });
    shop.stripe.settle(&invoice);
    shop.deliver().await;
    shop.until(id, Stage::Resuming).await;
    shop.until_state(id, "failed").await;
    assert_eq!(shop.bill(id).await.stage, Stage::Resuming, "paid, and not told that it runs");
    shop.world().fake.set_behaviour(id, Behaviour::default());
    // Nobody asks for a retry: the bill does.
    shop.turn(301);
    shop.until(id, Stage::Good).await;
    assert!(shop.world().fake.running(id));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_operators_hold_is_its_own_and_the_owners_wish_survives_both() {
    let shop = Shop::new().await;
    let operator = shop.api.operator().await;
    let (id, subscription) = shop.paid("starter").await;
    shop.until_state(id, "running").await;
    shop.api.post(&operator, &format!("/v1/operator/deployments/{id}/suspend"), &json!(null)).await.ok(202);
    shop.until_state(id, "suspended").await;
    let invoice = shop.stripe.fail(&subscription);
    shop.deliver().await;
    shop.until(id, Stage::Grace).await;
    shop.turn_days(4);
    shop.until(id, Stage::Suspended).await;
    assert_eq!(shop.get(id).await["holds"], json!(["billing", "operator"]));
    shop.stripe.settle(&invoice);
    shop.deliver().await;
    eventually("only the operator's is left", || async { (shop.get(id).await["holds"] == json!(["operator"])).then_some(()) }).await;
    shop.api.post(&shop.who, &format!("/v1/deployments/{id}/resume"), &json!(null)).await.problem(409, "conflict");
    assert!(!shop.world().fake.running(id));
    let (_, lifted) = shop.world().store().release_hold(&shop.world().actor, shop.account, id, Hold::Operator).await.expect("lifted");
    assert!(lifted.holds.is_empty());
    shop.world().app.wake.notify_one();
    shop.until(id, Stage::Good).await;
    assert!(shop.world().fake.running(id));
}
