//! Secrets at rest.

use std::collections::BTreeMap;

use vivier_core::secret::Secret;
use vivier_core::wire::agents::SecretState;
use vivier_server::store::StoreError;
use vivier_server::store::revisions::Change;

use crate::support::TestStore;
use crate::support::store::{RULES, agent};

on_both_engines!(
    a_secret_comes_back_as_it_was_and_names_say_nothing_more,
    a_ciphertext_moved_to_another_row_does_not_open,
    a_revoked_version_is_destroyed_and_one_in_use_is_not,
    going_back_past_a_revoked_version_takes_todays_text,
    a_secret_that_the_configuration_refers_to_stays,
);

fn set(name: &str, text: Option<&str>) -> Change {
    Change { secrets: BTreeMap::from([(name.to_owned(), text.map(Secret::new))]), ..Change::default() }
}

async fn a_revoked_version_is_destroyed_and_one_in_use_is_not(test: TestStore) {
    let (account, actor) = test.account().await;
    test.release().await;
    let id = test.store.create_deployment(&actor, account, agent("Ada"), &RULES).await.expect("made").id;
    for text in ["one", "two", "three"] {
        test.store.change(&actor, account, id, set("custom.A", Some(text))).await.expect("set");
    }
    let states = async || -> Vec<(u64, SecretState, Vec<u64>)> {
        let all = test.store.secret_versions(account, id, "custom.A").await.expect("versions");
        assert!(all.iter().all(|one| one.author.as_deref() == Some(actor.name.as_str())));
        all.into_iter().map(|one| (one.version, one.state, one.revisions)).collect()
    };
    assert_eq!(states().await, [(4, SecretState::InUse, vec![4]), (3, SecretState::Superseded, vec![3]), (2, SecretState::Superseded, vec![2])]);
    let refused = test.store.revoke_secret(&actor, account, id, "custom.A", 4).await.expect_err("in use");
    assert!(refused.to_string().contains("set a new text first"), "{refused}");
    let revoked = test.store.revoke_secret(&actor, account, id, "custom.A", 2).await.expect("revoked");
    assert_eq!((revoked.state, revoked.revoked_by.as_deref()), (SecretState::Revoked, Some(actor.name.as_str())));
    test.store.revoke_secret(&actor, account, id, "custom.A", 2).await.expect("it is so already");
    assert_eq!(states().await[2].1, SecretState::Revoked);
    let mut tx = test.store.begin().await.expect("a transaction");
    let row = sqlx::query("SELECT COUNT(*) AS left_over FROM secrets WHERE deployment_id = $1 AND version = 2 AND ciphertext IS NOT NULL").bind(id.to_string());
    let left: i64 = sqlx::Row::get(&row.fetch_one(tx.conn()).await.expect("a count"), "left_over");
    drop(tx);
    assert_eq!(left, 0);
    for (name, version) in [("custom.A", 9), ("custom.B", 2)] {
        assert!(matches!(test.store.revoke_secret(&actor, account, id, name, version).await, Err(StoreError::NotFound(_))), "{name} {version}");
    }
    let (stranger, other) = test.account().await;
    assert!(matches!(test.store.secret_versions(stranger, id, "custom.A").await, Err(StoreError::NotFound(_))));
    assert!(matches!(test.store.revoke_secret(&other, stranger, id, "custom.A", 3).await, Err(StoreError::NotFound(_))));
    // Deleted: the tombstone is no text, and what it took away can be revoked.
    test.store.change(&actor, account, id, set("custom.A", None)).await.expect("deleted");
    assert_eq!(states().await[..2], [(5, SecretState::Deleted, vec![5]), (4, SecretState::Superseded, vec![4])]);
    test.store.revoke_secret(&actor, account, id, "custom.A", 4).await.expect("revoked");
    let refused = test.store.revoke_secret(&actor, account, id, "custom.A", 5).await.expect_err("nothing to revoke");
    assert!(refused.to_string().contains("no text"), "{refused}");
}

async fn going_back_past_a_revoked_version_takes_todays_text(test: TestStore) {
    let (account, actor) = test.account().await;
    test.release().await;
    let id = test.store.create_deployment(&actor, account, agent("Ada"), &RULES).await.expect("made").id;
    test.store.change(&actor, account, id, set("custom.A", Some("a-one"))).await.expect("set");
    test.store.change(&actor, account, id, set("custom.B", Some("b-one"))).await.expect("set");
    test.store.change(&actor, account, id, set("custom.A", Some("a-two"))).await.expect("set");
    test.store.change(&actor, account, id, set("custom.B", None)).await.expect("deleted");
    test.store.revoke_secret(&actor, account, id, "custom.A", 2).await.expect("revoked");
    assert_eq!(test.store.rollback_plan(account, id, Some(1)).await.expect("a plan").revoked, Vec::<String>::new());
    let plan = test.store.rollback_plan(account, id, Some(3)).await.expect("a plan");
    assert_eq!(plan.revoked, ["custom.A"]);
    assert!(plan.summary.contains("The text of custom.A was revoked since"), "{}", plan.summary);
    let back = test.store.rollback(&actor, account, id, Some(3), None).await.expect("back");
    let work = test.store.work(id).await.expect("a look").expect("there");
    let secrets = test.store.work_secrets(&work).await.expect("opened");
    assert_eq!((secrets["custom.A"].expose(), secrets["custom.B"].expose(), back.revision), ("a-two", "b-one", 6));
    // A set that never was has a number that never was: what is delivered is told apart by it.
    let newest = work.secret_set["custom.A"].version;
    assert!(newest > 5 && work.secret_set.values().all(|held| held.version <= newest), "{:?}", work.secret_set);
    // Revoked, and not there any more today either: it is left out.
    test.store.change(&actor, account, id, set("custom.A", None)).await.expect("deleted");
    test.store.rollback(&actor, account, id, Some(3), None).await.expect("back");
    let work = test.store.work(id).await.expect("a look").expect("there");
    assert!(!test.store.work_secrets(&work).await.expect("opened").contains_key("custom.A") && work.secret_set["custom.A"].deleted);
}

async fn a_secret_that_the_configuration_refers_to_stays(test: TestStore) {
    let (account, actor) = test.account().await;
    test.release().await;
    let id = test.store.create_deployment(&actor, account, agent("Ada"), &RULES).await.expect("made").id;
    let refers = "{ models: { providers: { mine: { apiKey: { source: 'file', provider: 'vivier', id: '/custom/A' } } } } }";
    let text = || Change { text: Some(refers.to_owned()), ..Change::default() };
    let refused = test.store.change(&actor, account, id, text()).await.expect_err("there is none");
    assert!(refused.to_string().contains("`models.providers.mine.apiKey`"), "{refused}");
    assert_eq!(test.store.deployment(account, id).await.expect("there").revision, 1);
    let both = Change { secrets: set("custom.A", Some("one")).secrets, ..text() };
    assert_eq!(test.store.change(&actor, account, id, both).await.expect("together").revision, 2);
    let refused = test.store.change(&actor, account, id, set("custom.A", None)).await.expect_err("it is referred to");
    assert!(refused.to_string().contains("`models.providers.mine.apiKey`"), "{refused}");
    // To go back to where it was revoked and is not there today would lose it as well.
    test.store.change(&actor, account, id, Change { text: Some("{}".to_owned()), ..set("custom.A", None) }).await.expect("reference and secret go together");
    test.store.revoke_secret(&actor, account, id, "custom.A", 2).await.expect("revoked");
    let refused = test.store.rollback(&actor, account, id, Some(2), None).await.expect_err("its text is gone");
    assert!(refused.to_string().contains("`models.providers.mine.apiKey`"), "{refused}");
    test.store.change(&actor, account, id, set("custom.A", Some("today"))).await.expect("set");
    test.store.rollback(&actor, account, id, Some(2), None).await.expect("with today's text");
}

async fn a_secret_comes_back_as_it_was_and_names_say_nothing_more(test: TestStore) {
    let (account, actor) = test.account().await;
    test.release().await;
    let id = test.store.create_deployment(&actor, account, agent("Ada"), &RULES).await.expect("made").id;
    let work = test.store.work(id).await.expect("a look").expect("there");
    let secrets = test.store.work_secrets(&work).await.expect("opened");
    assert_eq!(secrets["provider.apiKey"].expose(), "sk-provider-key-in-clear");
    assert!(secrets["model.key"].expose().starts_with("vk-"));
    let names = test.store.secret_names(account, id).await.expect("names");
    assert_eq!(names.iter().map(|one| (one.name.as_str(), one.version)).collect::<Vec<_>>(), [("provider.apiKey", 1)]);
    assert!(!format!("{names:?}").contains("sk-provider"));
}

async fn a_ciphertext_moved_to_another_row_does_not_open(test: TestStore) {
    let (account, actor) = test.account().await;
    test.release().await;
    let id = test.store.create_deployment(&actor, account, agent("Ada"), &RULES).await.expect("made").id;
    let mut tx = test.store.begin().await.expect("a transaction");
    sqlx::query("UPDATE secrets SET ciphertext = (SELECT s.ciphertext FROM secrets s WHERE s.deployment_id = $1 AND s.name = 'provider.apiKey') WHERE deployment_id = $1 AND name = 'model.key'")
        .bind(id.to_string())
        .execute(tx.conn())
        .await
        .expect("moved");
    tx.commit().await.expect("committed");
    let work = test.store.work(id).await.expect("a look").expect("there");
    let error = test.store.work_secrets(&work).await.expect_err("it was moved");
    assert!(error.to_string().contains("cannot be decrypted"), "{error}");
}

#[tokio::test]
async fn no_file_of_the_database_holds_a_secret_in_clear() {
    let test = TestStore::sqlite().await;
    let (account, actor) = test.account().await;
    test.release().await;
    let id = test.store.create_deployment(&actor, account, agent("Ada"), &RULES).await.expect("made").id;
    let token = BTreeMap::from([("channels.telegram.botToken".to_owned(), Some(Secret::new("123456789:AAclear-as-day-clear-as-day-clear-as")))]);
    test.store.change(&actor, account, id, Change { secrets: token, ..Change::default() }).await.expect("changed");
    let work = test.store.work(id).await.expect("a look").expect("there");
    let virtual_key = test.store.work_secrets(&work).await.expect("opened")["model.key"].expose().to_owned();
    test.store.close().await;
    let mut searched = 0;
    for entry in std::fs::read_dir(test.dir.path()).expect("a directory") {
        let path = entry.expect("an entry").path();
        if path.is_file() {
            let bytes = std::fs::read(&path).expect("readable");
            searched += bytes.len();
            for secret in ["sk-provider-key-in-clear", "clear-as-day", &virtual_key] {
                assert!(!bytes.windows(secret.len()).any(|window| window == secret.as_bytes()), "{} holds {secret}", path.display());
            }
            assert!(path.extension().is_none_or(|end| end != "db") || bytes.windows(3).any(|window| window == b"Ada"), "the right file was searched");
        }
    }
    assert!(searched > 10_000, "{searched}");
}
