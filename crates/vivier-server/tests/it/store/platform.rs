//! The engine itself, the installation's own values, and the catalogue.

use vivier_core::wire::host::Image;

use crate::support::TestStore;
use crate::support::store::{RULES, agent, image};

on_both_engines!(
    every_statement_prepares,
    a_second_start_finds_the_tables_as_they_are,
    a_sealed_value_is_made_once_and_taken_once,
    the_newest_image_is_the_default_and_one_that_is_gone_is_no_choice,
    every_change_is_in_the_audit_log_with_its_actor,
);

async fn every_statement_prepares(test: TestStore) {
    let count = test.store.prepare_all().await.unwrap_or_else(|(statement, error)| panic!("{error}\n{statement}"));
    assert!(count > 60, "{count}");
}

async fn a_second_start_finds_the_tables_as_they_are(test: TestStore) {
    let (account, actor) = test.account().await;
    test.release().await;
    let made = test.store.create_deployment(&actor, account, agent("Ada"), &RULES).await.expect("made");
    let again = test.reopen().await;
    assert_eq!(again.deployment(account, made.id).await.expect("it is there").slug, made.slug);
}

async fn a_sealed_value_is_made_once_and_taken_once(test: TestStore) {
    let one = test.store.platform_get_or_make("k", || b"one".to_vec());
    let other = test.store.platform_get_or_make("k", || b"two".to_vec());
    let (one, other) = tokio::join!(one, other);
    assert_eq!(*one.expect("made"), *other.expect("the same"));
    let (one, other) = tokio::join!(test.store.platform_take("k"), test.store.platform_take("k"));
    let taken = [one.expect("an answer"), other.expect("an answer")];
    assert_eq!(taken.iter().filter(|value| value.is_some()).count(), 1);
}

async fn the_newest_image_is_the_default_and_one_that_is_gone_is_no_choice(test: TestStore) {
    let (old, new) = (image("2026.9.5", 1), image("2026.9.6", 2));
    assert!(test.store.sync_releases(&[old.clone(), new.clone()]).await.expect("synced"));
    assert!(!test.store.sync_releases(&[old.clone(), new.clone()]).await.expect("synced"), "nothing new, nothing written");
    assert_eq!(test.store.default_release().await.expect("a look").expect("one").openclaw_version, "2026.9.6");
    let (account, actor) = test.account().await;
    let made = test.store.create_deployment(&actor, account, agent("Ada"), &RULES).await.expect("made");
    assert_eq!(made.image, new.image);
    test.store.sync_releases(std::slice::from_ref(&old)).await.expect("synced");
    assert_eq!(test.store.default_release().await.expect("a look").expect("one").openclaw_version, "2026.9.5");
    assert_eq!(test.store.deployment(account, made.id).await.expect("still there").image, new.image, "what is pinned stays pinned");
    test.store.sync_releases(&[] as &[Image]).await.expect("synced");
    let error = test.store.create_deployment(&actor, account, agent("Bob"), &RULES).await.expect_err("no image");
    assert!(error.to_string().contains("vivierd release build"), "{error}");
}

async fn every_change_is_in_the_audit_log_with_its_actor(test: TestStore) {
    let (account, actor) = test.account().await;
    test.release().await;
    let made = test.store.create_deployment(&actor, account, agent("Ada"), &RULES).await.expect("made");
    test.store.ask(&actor, account, made.id, vivier_core::lifecycle::Ask::Suspend, &RULES).await.expect("granted");
    let log = test.store.audit_log(Some(account), 10).await.expect("a log");
    let actions: Vec<&str> = log.iter().map(|row| row.action.as_str()).collect();
    assert_eq!(actions, ["deployment.suspend", "deployment.create", "account.signup"]);
    assert!(log.iter().all(|row| row.actor == actor.name && row.account == Some(account)));
    let (other, _) = test.account().await;
    assert_eq!(test.store.audit_log(Some(other), 10).await.expect("a log").len(), 1, "only its own");
}
