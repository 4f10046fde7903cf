//! Secrets at rest.

use std::collections::BTreeMap;

use vivier_core::secret::Secret;
use vivier_server::store::revisions::Change;

use crate::support::TestStore;
use crate::support::store::{RULES, agent};

on_both_engines!(a_secret_comes_back_as_it_was_and_names_say_nothing_more, a_ciphertext_moved_to_another_row_does_not_open);

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
