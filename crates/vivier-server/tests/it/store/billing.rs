//! What is remembered about money, on both engines.

use vivier_core::billing::{Paid, Stage};
use vivier_core::hold::Hold;
use vivier_core::id::DeploymentId;
use vivier_core::lifecycle::Desired;
use vivier_core::plan::PlanName;
use vivier_server::store::StoreError;
use vivier_server::store::billing::SubscriptionSeen;
use vivier_server::store::billing::changes::Charged;
use vivier_server::store::billing::events::NewEvent;
use vivier_server::store::billing::intake::Intake;
use vivier_server::store::deployments::Rules;

use crate::support::TestStore;
use crate::support::store::{RULES, agent};

const PAID: Rules = Rules { charged: Charged::NONE.with(PlanName::Starter), ..RULES };

fn seen(id: &str, paid: Paid, test: &TestStore) -> SubscriptionSeen {
    let now = test.store.now();
    SubscriptionSeen {
        stripe_id: id.to_owned(),
        paid,
        item_id: Some("si_1".to_owned()),
        priced: Some(PlanName::Starter),
        amount: Some(900),
        currency: Some("usd".to_owned()),
        period: Some((now, now.plus_seconds(86_400))),
        cancel_at_period_end: false,
        look_at: now.plus_seconds(3_600),
    }
}

async fn what_was_written_since_the_reading_began_is_not_overwritten(test: TestStore) {
    let (account, actor) = test.account().await;
    test.release().await;
    let made = test.store.create_deployment(&actor, account, agent("Ada"), &PAID).await.expect("made");
    assert_eq!((made.asked, made.desired, made.holds.list()), (Desired::Running, Desired::Suspended, vec![Hold::Billing]));
    let bill = test.store.billed(made.id).await.expect("the store").expect("a bill");
    assert_eq!((bill.stage, bill.paid), (Stage::Unpaid, Paid::Never));
    let newer = seen("sub_1", Paid::Good, &test);
    test.store.saw_subscription(account, made.id, Some(&bill), &newer, &[]).await.expect("written");
    let older = seen("sub_1", Paid::Incomplete, &test);
    let lost = test.store.saw_subscription(account, made.id, Some(&bill), &older, &[]).await;
    assert!(matches!(lost, Err(StoreError::Lost)), "{lost:?}");
    let bill = test.store.billed_by_stripe("sub_1").await.expect("the store").expect("a bill");
    assert_eq!((bill.paid, bill.prices.len()), (Paid::Good, 1));
    // Another's deployment does not exist.
    let (other, _) = test.account().await;
    let nothing = DeploymentId::from_uuid(uuid::Uuid::now_v7());
    assert!(matches!(test.store.saw_subscription(other, nothing, None, &newer, &[]).await, Err(StoreError::NotFound(_))));
}

async fn an_event_is_kept_once_however_many_bring_it(test: TestStore) {
    let intake = Intake::default();
    let event = |n: usize| NewEvent { id: format!("evt_{n}"), kind: "x".to_owned(), object_kind: "invoice".to_owned(), object_id: format!("in_{n}") };
    let keeps = (0..200).map(|n| intake.keep(&test.store, event(n % 50)));
    let new = futures_util::future::join_all(keeps).await.into_iter().filter(|new| *new.as_ref().expect("kept")).count();
    assert_eq!((new, test.store.count_events().await.expect("the store")), (50, 50));
    let pending = test.store.pending_events().await.expect("the store");
    assert_eq!(pending.len(), 50);
    let ids: Vec<_> = pending.iter().map(|pending| pending.event.id.clone()).collect();
    test.store.events_applied(&ids[..40], "done").await.expect("written");
    test.store.put_events_off(&ids[40..], test.store.now().plus_seconds(60), "away").await.expect("written");
    assert!(test.store.pending_events().await.expect("the store").is_empty());
    assert_eq!(test.store.event_backlog().await.expect("the store").0, 10);
    test.clock.turn_seconds(61);
    assert_eq!(test.store.pending_events().await.expect("the store").len(), 10);
    // What is applied is forgotten in the end; what is not, never.
    test.clock.turn_seconds(50 * 86_400);
    test.store.prune_billing_events().await.expect("written");
    assert_eq!(test.store.count_events().await.expect("the store"), 10);
}

async fn agents_from_before_money_was_taken_get_a_bill_and_their_grace(test: TestStore) {
    let (account, actor) = test.account().await;
    test.release().await;
    let made = test.store.create_deployment(&actor, account, agent("Ada"), &RULES).await.expect("made");
    let patience = vivier_server::store::billing::steps::Patience { grace_days: 3, window_days: 14, retention_days: 7, public_url: "http://x".to_owned() };
    for round in 0..2 {
        let billed = test.store.bill_the_unbilled(|plan| plan == PlanName::Starter, &patience).await.expect("the store");
        assert_eq!(billed.len(), usize::from(round == 0));
    }
    let bill = test.store.billed(made.id).await.expect("the store").expect("a bill");
    assert_eq!((bill.stage, bill.holds.is_empty()), (Stage::Grace, true), "it runs on");
}

on_both_engines!(
    what_was_written_since_the_reading_began_is_not_overwritten,
    an_event_is_kept_once_however_many_bring_it,
    agents_from_before_money_was_taken_get_a_bill_and_their_grace,
);
