//! The timeline is told, not flooded.

use vivier_core::lifecycle::Action;
use vivier_core::wire::agents::{EventKind, Outcome};
use vivier_server::store::events::{KEPT, Note};
use vivier_server::store::reconcile::Decision;

use crate::support::TestStore;
use crate::support::store::{RULES, agent};

on_both_engines!(a_fault_that_lasts_is_one_line, only_the_newest_are_kept_and_pages_meet);

async fn a_fault_that_lasts_is_one_line(test: TestStore) {
    let (account, actor) = test.account().await;
    test.release().await;
    let id = test.store.create_deployment(&actor, account, agent("Ada"), &RULES).await.expect("made").id;
    test.store.claim(id, "one", test.store.now().plus_seconds(30)).await.expect("an answer").expect("claimed");
    let mut work = test.store.work(id).await.expect("a look").expect("there");
    let step = |outcome, message: &str| Note::new(EventKind::Step, outcome, message).action(Action::Prepare);
    for _ in 0..5 {
        let notes = [step(Outcome::Started, "making"), step(Outcome::Failed, "no disk").took(7)];
        test.store.record("one", &mut work, &notes, &Decision::Nothing).await.expect("recorded");
        test.clock.turn_seconds(60);
    }
    let notes = [step(Outcome::Failed, "no network"), step(Outcome::Started, "making"), step(Outcome::Done, "there")];
    test.store.record("one", &mut work, &notes, &Decision::Nothing).await.expect("recorded");
    let notes = [step(Outcome::Started, "making"), step(Outcome::Failed, "no disk")];
    test.store.record("one", &mut work, &notes, &Decision::Nothing).await.expect("recorded");
    let mut events = test.store.events(account, id, None, None, 50).await.expect("events");
    events.reverse();
    let told: Vec<_> = events.iter().filter(|event| event.kind == EventKind::Step).map(|event| (event.outcome, event.message.as_str())).collect();
    assert_eq!(
        told,
        [
            (Outcome::Started, "making"),
            (Outcome::Failed, "no disk"),
            (Outcome::Failed, "no network"),
            (Outcome::Done, "there"),
            (Outcome::Started, "making"),
            (Outcome::Failed, "no disk"),
        ]
    );
}

async fn only_the_newest_are_kept_and_pages_meet(test: TestStore) {
    let (account, actor) = test.account().await;
    test.release().await;
    let id = test.store.create_deployment(&actor, account, agent("Ada"), &RULES).await.expect("made").id;
    test.store.claim(id, "one", test.store.now().plus_seconds(30)).await.expect("an answer").expect("claimed");
    let mut work = test.store.work(id).await.expect("a look").expect("there");
    let notes: Vec<Note> = (0..KEPT + 40).map(|number| Note::new(EventKind::Sight, Outcome::Noted, number.to_string())).collect();
    test.store.record("one", &mut work, &notes, &Decision::Nothing).await.expect("recorded");
    test.store.prune_events().await.expect("pruned");
    let all = test.store.events(account, id, None, None, 500).await.expect("events");
    assert_eq!(all.len(), 500);
    assert_eq!(all[0].message, "539");
    let older = test.store.events(account, id, Some(all[9].id), None, 5).await.expect("events");
    assert_eq!(older[0].id, all[10].id);
    let newer = test.store.events(account, id, None, Some(all[9].id), 5).await.expect("events");
    assert_eq!(newer.iter().map(|event| event.id).collect::<Vec<_>>(), all[4..9].iter().rev().map(|event| event.id).collect::<Vec<_>>());
}
