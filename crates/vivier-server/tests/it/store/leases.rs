//! Leases, records and allocations: what keeps two workers from doing one thing twice.

use std::collections::HashSet;

use vivier_core::wire::agents::{EventKind, Outcome};
use vivier_server::store::StoreError;
use vivier_server::store::events::Note;
use vivier_server::store::reconcile::Decision;

use crate::support::TestStore;
use crate::support::store::{RULES, agent};

on_both_engines!(
    one_of_two_claims_holds_until_it_ends,
    a_record_of_a_lost_lease_or_an_old_row_writes_nothing,
    allocations_at_once_never_share_a_subnet,
    allocations_at_once_never_share_the_last_room,
    going_back_is_given_up_when_something_newer_is_wanted,
);

fn note() -> Note {
    Note::new(EventKind::Sight, Outcome::Noted, "a look")
}

async fn one_of_two_claims_holds_until_it_ends(test: TestStore) {
    let (account, actor) = test.account().await;
    test.release().await;
    let id = test.store.create_deployment(&actor, account, agent("Ada"), &RULES).await.expect("made").id;
    let until = || test.store.now().plus_seconds(30);
    let (one, other) = tokio::join!(test.store.claim(id, "one", until()), test.store.claim(id, "other", until()));
    let epochs = [one.expect("an answer"), other.expect("an answer")];
    assert_eq!(epochs.iter().filter(|epoch| epoch.is_some()).count(), 1, "{epochs:?}");
    let (winner, loser) = if epochs[0].is_some() { ("one", "other") } else { ("other", "one") };
    assert_eq!(test.store.claim(id, winner, until()).await.expect("an answer"), Some(1), "its own again, without a new epoch");
    assert_eq!(test.store.renew(winner, until()).await.expect("an answer"), 1);
    test.clock.turn_seconds(31);
    assert_eq!(test.store.claim(id, loser, until()).await.expect("an answer"), Some(2), "it ended");
    assert_eq!(test.store.renew(winner, until()).await.expect("an answer"), 0);
    test.store.release(loser).await.expect("released");
    assert_eq!(test.store.claim(id, winner, until()).await.expect("an answer"), Some(3));
}

async fn a_record_of_a_lost_lease_or_an_old_row_writes_nothing(test: TestStore) {
    let (account, actor) = test.account().await;
    test.release().await;
    let id = test.store.create_deployment(&actor, account, agent("Ada"), &RULES).await.expect("made").id;
    test.store.claim(id, "one", test.store.now().plus_seconds(30)).await.expect("an answer").expect("claimed");
    let mut work = test.store.work(id).await.expect("a look").expect("there");
    let mut stale = work.clone();
    test.store.record("one", &mut work, &[note()], &Decision::Nothing).await.expect("recorded");
    assert!(matches!(test.store.record("one", &mut stale, &[note()], &Decision::Nothing).await, Err(StoreError::Lost)), "an old row");
    assert!(matches!(test.store.record("other", &mut work, &[note()], &Decision::Nothing).await, Err(StoreError::Lost)), "another's lease");
    let events = test.store.events(account, id, None, None, 50).await.expect("events");
    assert_eq!(events.iter().filter(|event| event.kind == EventKind::Sight).count(), 1, "{events:?}");
    test.store.record("one", &mut work, &[note()], &Decision::Nothing).await.expect("still its own");
}

async fn allocations_at_once_never_share_a_subnet(test: TestStore) {
    let (account, actor) = test.account().await;
    test.release().await;
    let mut works = Vec::new();
    for _ in 0..12 {
        let id = test.store.create_deployment(&actor, account, agent("Crowd"), &RULES).await.expect("made").id;
        test.store.claim(id, "one", test.store.now().plus_seconds(30)).await.expect("an answer").expect("claimed");
        works.push(test.store.work(id).await.expect("a look").expect("there"));
    }
    let allocations = works.iter_mut().map(|work| test.store.allocate("one", work, 10, &[3], &[], |_| Ok(())));
    let results = futures_util::future::try_join_all(allocations).await.expect("answers");
    let got: HashSet<u32> = results.iter().filter_map(|result| result.as_ref().ok().copied()).collect();
    assert_eq!(got, (0..10).filter(|index| *index != 3).collect(), "each once, and none that is avoided");
    let refused: Vec<_> = results.iter().filter_map(|result| result.as_ref().err()).collect();
    assert_eq!(refused.len(), 3);
    assert!(refused[0].contains("subnet_pool"), "{refused:?}");
}

async fn allocations_at_once_never_share_the_last_room(test: TestStore) {
    let (account, actor) = test.account().await;
    test.release().await;
    let mut works = Vec::new();
    for _ in 0..6 {
        let id = test.store.create_deployment(&actor, account, agent("Crowd"), &RULES).await.expect("made").id;
        test.store.claim(id, "one", test.store.now().plus_seconds(30)).await.expect("an answer").expect("claimed");
        works.push(test.store.work(id).await.expect("a look").expect("there"));
    }
    let room = |reserved: vivier_server::store::reconcile::Reserved| if reserved.memory_bytes >= 2 << 30 { Err("full".to_owned()) } else { Ok(()) };
    let allocations = works.iter_mut().map(|work| test.store.allocate("one", work, 100, &[], &[], room));
    let results = futures_util::future::try_join_all(allocations).await.expect("answers");
    assert_eq!(results.iter().filter(|result| result.is_ok()).count(), 2);
    assert_eq!(test.store.reserved().await.expect("a sum").memory_bytes, 2 << 30);
}

async fn going_back_is_given_up_when_something_newer_is_wanted(test: TestStore) {
    let (account, actor) = test.account().await;
    test.release().await;
    let id = test.store.create_deployment(&actor, account, agent("Ada"), &RULES).await.expect("made").id;
    test.store.claim(id, "one", test.store.now().plus_seconds(30)).await.expect("an answer").expect("claimed");
    let mut work = test.store.work(id).await.expect("a look").expect("there");
    let change = |text: &str| vivier_server::store::revisions::Change { text: Some(text.to_owned()), ..Default::default() };
    test.store.change(&actor, account, id, change("{ a: 2 }")).await.expect("changed");
    test.store.change(&actor, account, id, change("{ a: 3 }")).await.expect("changed");
    let back = Decision::FallBack { good: 1, failed: 2, reason: "no".to_owned(), log: Vec::new(), restores: None };
    assert!(matches!(test.store.record("one", &mut work, &[], &back).await, Err(StoreError::Lost)));
    assert_eq!(test.store.deployment(account, id).await.expect("there").revision, 3);
    let mut work = test.store.work(id).await.expect("a look").expect("there");
    let back = Decision::FallBack { good: 1, failed: 3, reason: "no".to_owned(), log: Vec::new(), restores: None };
    test.store.record("one", &mut work, &[], &back).await.expect("recorded");
    let after = test.store.deployment(account, id).await.expect("there");
    assert_eq!((after.revision, after.config_version), (4, 1));
}
