//! A provider that does not answer as it should: nothing advances, it is said, and it is tried again.

use serde_json::json;
use vivier_core::billing::Stage;

use super::shop::Shop;
use crate::support::eventually;
use crate::support::stripe::{KEY, Mood};

const MOODS: [Mood; 7] = [Mood::Broken, Mood::BrokenAfterwards, Mood::Busy, Mood::Nonsense, Mood::Strange, Mood::Silent, Mood::Locked];

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_payment_is_applied_when_the_provider_answers_again_and_not_before() {
    let shop = Shop::new().await;
    for mood in MOODS {
        let id = shop.deploy("starter").await;
        let session = shop.checkout(id, None).await;
        shop.stripe.pay(&session);
        shop.stripe.be(mood);
        shop.deliver().await;
        if mood != Mood::BrokenAfterwards {
            eventually(&format!("{mood:?} is noticed"), || async {
                let pending = shop.world().store().event_backlog().await.expect("the store").0;
                let said = shop.world().store().put_off_events().await.expect("the store") > 0;
                (pending > 0 && said).then_some(())
            })
            .await;
            assert_eq!(shop.bill(id).await.stage, Stage::Unpaid, "{mood:?}");
        }
        shop.stripe.be(Mood::Well);
        shop.turn(1_000);
        shop.until(id, Stage::Good).await;
        shop.applied().await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nobody_is_suspended_by_what_was_read_before_the_provider_went_away() {
    let shop = Shop::new().await;
    let (id, subscription) = shop.paid("starter").await;
    shop.until_state(id, "running").await;
    let invoice = shop.stripe.fail(&subscription);
    shop.deliver().await;
    shop.until(id, Stage::Grace).await;
    shop.applied().await;
    // They pay, and nobody hears of it.
    shop.stripe.settle(&invoice);
    shop.stripe.take_events();
    shop.stripe.be(Mood::Broken);
    shop.turn_days(4);
    eventually("it is said", || async { shop.bill(id).await.trouble.is_some().then_some(()) }).await;
    assert_eq!(shop.bill(id).await.stage, Stage::Grace);
    shop.stripe.be(Mood::Well);
    shop.turn(1_000);
    shop.until(id, Stage::Good).await;
    assert!(shop.world().fake.running(id));
    let stops = shop.world().fake.effects().iter().filter(|effect| effect.ends_with(" stopped")).count();
    assert_eq!(stops, 0, "{:#?}\n{}", shop.world().fake.effects(), shop.world().timeline_of(shop.account, id).await.join("\n"));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_asks_meanwhile_is_told_so_and_never_shown_a_key() {
    let shop = Shop::new().await;
    let (id, _) = shop.paid("starter").await;
    let other = shop.deploy("pro").await;
    for mood in [Mood::Broken, Mood::Nonsense, Mood::Strange, Mood::Locked] {
        shop.stripe.be(mood);
        let asks = [
            ("/v1/billing/checkout", json!({ "deployment": other })),
            ("/v1/billing/cancel", json!({ "deployment": id, "when": "now" })),
            ("/v1/billing/portal", json!(null)),
            ("/v1/billing/card", json!(null)),
        ];
        for (path, body) in asks {
            let answer = shop.api.post(&shop.who, path, &body).await;
            let problem = answer.any_problem();
            assert_eq!(answer.status.as_u16(), 503, "{path} {mood:?} {problem}");
            assert!(!answer.text.contains(KEY) && !answer.text.contains("sk_test"), "{}", answer.text);
        }
    }
    shop.stripe.be(Mood::Well);
    assert_eq!(shop.bill(id).await.stage, Stage::Good);
    assert_eq!(shop.stripe.live().len(), 1);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_was_done_although_its_answer_was_lost_is_not_done_again() {
    let shop = Shop::new().await;
    let id = shop.deploy("starter").await;
    shop.stripe.be(Mood::BrokenAfterwards);
    // First the customer, then the page: each was made, and nobody heard of it.
    for _ in 0..2 {
        shop.api.post(&shop.who, "/v1/billing/checkout", &json!({ "deployment": id })).await.problem(503, "provider_away");
    }
    shop.stripe.be(Mood::Well);
    let session = shop.checkout(id, None).await;
    assert_eq!((shop.stripe.customers().len(), shop.stripe.sessions()), (1, vec![session]));
}
