//! Changes, and the ways back from them.

use std::collections::BTreeMap;

use vivier_core::channel::{ChannelKind, ChannelSettings};
use vivier_core::provider::{ProviderKind, ProviderSettings};
use vivier_core::secret::Secret;
use vivier_core::wire::agents::RevisionOutcome;
use vivier_server::store::StoreError;
use vivier_server::store::deployments::NewAgent;
use vivier_server::store::revisions::{Change, ProviderChange};

use crate::support::TestStore;
use crate::support::store::{RULES, agent};

on_both_engines!(
    a_change_is_a_new_version_and_what_is_absent_stays,
    a_change_that_says_nothing_new_makes_nothing,
    nobodys_change_is_lost,
    many_changes_at_once_are_numbered_without_gaps,
    a_channel_that_goes_takes_its_tokens_along,
    going_back_wants_the_old_content_as_a_new_revision,
);

fn text(text: &str) -> Change {
    Change { text: Some(text.to_owned()), ..Change::default() }
}

fn telegram() -> ChannelSettings {
    ChannelSettings { kind: ChannelKind::Telegram, allow_from: Vec::new(), api_root: None }
}

async fn a_change_is_a_new_version_and_what_is_absent_stays(test: TestStore) {
    let (account, actor) = test.account().await;
    test.release().await;
    let id = test.store.create_deployment(&actor, account, agent("Ada"), &RULES).await.expect("made").id;
    let changed = test.store.change(&actor, account, id, text("{ a: 1 }")).await.expect("changed");
    assert_eq!((changed.revision, changed.config_version), (2, 2));
    let provider = ProviderSettings { kind: ProviderKind::Anthropic, base_url: None, model: "claude".to_owned() };
    let change = Change { provider: ProviderChange::Set(provider.clone()), ..Change::default() };
    test.store.change(&actor, account, id, change).await.expect("changed");
    let config = test.store.config(account, id, None).await.expect("the wanted one");
    assert_eq!((config.version, config.text.as_str(), config.provider.as_ref()), (3, "{ a: 1 }", Some(&provider)));
    assert_eq!((config.outcome, config.author.as_str()), (RevisionOutcome::Pending, actor.name.as_str()));
    let versions: Vec<_> = test.store.config_versions(account, id).await.expect("a list").iter().map(|one| (one.version, one.outcome)).collect();
    assert_eq!(versions, [(3, RevisionOutcome::Pending), (2, RevisionOutcome::Superseded), (1, RevisionOutcome::Superseded)]);
    assert_eq!(test.store.config(account, id, Some(1)).await.expect("kept").text, agent("Ada").text);
    assert!(matches!(test.store.config(account, id, Some(9)).await, Err(StoreError::NotFound(_))));
}

async fn a_change_that_says_nothing_new_makes_nothing(test: TestStore) {
    let (account, actor) = test.account().await;
    test.release().await;
    let id = test.store.create_deployment(&actor, account, agent("Ada"), &RULES).await.expect("made").id;
    let before = test.store.deployment(account, id).await.expect("there");
    let after = test.store.change(&actor, account, id, text(&agent("Ada").text)).await.expect("taken");
    assert_eq!((after.revision, after.version), (before.revision, before.version));
    let absent = Change { secrets: BTreeMap::from([("channels.slack.botToken".to_owned(), None)]), ..Change::default() };
    assert_eq!(test.store.change(&actor, account, id, absent).await.expect("taken").revision, 1);
}

async fn nobodys_change_is_lost(test: TestStore) {
    let (account, actor) = test.account().await;
    test.release().await;
    let id = test.store.create_deployment(&actor, account, agent("Ada"), &RULES).await.expect("made").id;
    let based_on_one = |what: &str| Change { expected_version: Some(1), ..text(what) };
    let (one, other) =
        tokio::join!(test.store.change(&actor, account, id, based_on_one("{ a: 1 }")), test.store.change(&actor, account, id, based_on_one("{ a: 2 }")));
    let results = [one, other];
    assert_eq!(results.iter().filter(|result| result.is_ok()).count(), 1);
    assert!(results.iter().any(|result| matches!(result, Err(StoreError::Conflict(reason)) if reason.contains("version 2"))), "{results:?}");
}

async fn many_changes_at_once_are_numbered_without_gaps(test: TestStore) {
    let (account, actor) = test.account().await;
    test.release().await;
    let id = test.store.create_deployment(&actor, account, agent("Ada"), &RULES).await.expect("made").id;
    let changes = (0..12).map(|number| test.store.change(&actor, account, id, text(&format!("{{ a: {number} }}"))));
    futures_util::future::try_join_all(changes).await.expect("all are taken, one after the other");
    let mut numbers: Vec<u64> = test.store.revisions(account, id).await.expect("a list").iter().map(|one| one.number).collect();
    numbers.sort_unstable();
    assert_eq!(numbers, (1..=13).collect::<Vec<_>>());
    let pending = test.store.revisions(account, id).await.expect("a list").iter().filter(|one| one.outcome == RevisionOutcome::Pending).count();
    assert_eq!(pending, 1);
}

async fn a_channel_that_goes_takes_its_tokens_along(test: TestStore) {
    let (account, actor) = test.account().await;
    test.release().await;
    let token = ("channels.telegram.botToken".to_owned(), Secret::new("123456789:AAabcdefghijklmnopqrstuvwxyz012345678"));
    let new = NewAgent { channels: vec![telegram()], secrets: BTreeMap::from([token]), ..agent("Ada") };
    let id = test.store.create_deployment(&actor, account, new, &RULES).await.expect("made").id;
    let names = async || -> Vec<String> { test.store.secret_names(account, id).await.expect("names").into_iter().map(|one| one.name).collect() };
    assert_eq!(names().await, ["channels.telegram.botToken"], "the key of the model door is the platform's own");
    test.store.change(&actor, account, id, Change { channels: Some(Vec::new()), ..Change::default() }).await.expect("changed");
    assert!(names().await.is_empty());
    // Once gone, it is not taken along again by every later change.
    let again = test.store.change(&actor, account, id, Change { channels: Some(Vec::new()), ..Change::default() }).await.expect("taken");
    assert_eq!(again.revision, 2);
}

async fn going_back_wants_the_old_content_as_a_new_revision(test: TestStore) {
    let (account, actor) = test.account().await;
    test.release().await;
    let id = test.store.create_deployment(&actor, account, agent("Ada"), &RULES).await.expect("made").id;
    let refusal = test.store.rollback(&actor, account, id, None, None).await.expect_err("nothing is known to work");
    assert!(matches!(refusal, StoreError::Conflict(_)), "{refusal}");
    let key = |text: &str| BTreeMap::from([("provider.apiKey".to_owned(), Some(Secret::new(text)))]);
    test.store.change(&actor, account, id, Change { secrets: key("sk-second"), ..text("{ a: 2 }") }).await.expect("changed");
    let back = test.store.rollback(&actor, account, id, Some(1), None).await.expect("back");
    assert_eq!((back.revision, back.config_version), (3, 1));
    let work = test.store.work(id).await.expect("a look").expect("there");
    let secrets = test.store.work_secrets(&work).await.expect("opened");
    assert_eq!(secrets["provider.apiKey"].expose(), "sk-provider-key-in-clear", "the secrets of then");
    // The next change builds on what is wanted, not on what was taken back.
    test.store.change(&actor, account, id, text("{ a: 4 }")).await.expect("changed");
    let work = test.store.work(id).await.expect("a look").expect("there");
    assert_eq!(test.store.work_secrets(&work).await.expect("opened")["provider.apiKey"].expose(), "sk-provider-key-in-clear");
    assert!(matches!(test.store.rollback(&actor, account, id, Some(99), None).await, Err(StoreError::NotFound(_))));
}
