//! Data keys: wrapped anew while everything goes on, whoever dies meanwhile.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicI64, Ordering};

use vivier_core::id::{AccountId, DeploymentId};
use vivier_core::secret::Secret;
use vivier_server::keys::KeySettings;
use vivier_server::store::revisions::Change;
use vivier_server::store::{Actor, Store};

use crate::support::TestStore;
use crate::support::store::{RULES, account, agent};

on_both_engines!(
    everything_is_wrapped_anew_while_secrets_are_set_and_read,
    a_rotation_that_dies_at_any_commit_is_gone_on_with,
    a_key_that_is_gone_is_named_and_nothing_is_made_in_its_place,
    a_data_key_that_was_moved_to_another_account_does_not_open,
);

/// More than a batch.
const ACCOUNTS: usize = 70;

async fn fill(store: &Store, accounts: usize) -> Vec<(AccountId, Actor, DeploymentId)> {
    let mut made = Vec::new();
    for _ in 0..accounts {
        let (id, actor) = account(store).await;
        let deployment = store.create_deployment(&actor, id, agent("Ada"), &RULES).await.expect("made").id;
        made.push((id, actor, deployment));
    }
    made
}

async fn provider_key(store: &Store, id: DeploymentId) -> String {
    let work = store.work(id).await.expect("a look").expect("there");
    store.work_secrets(&work).await.expect("opened")["provider.apiKey"].expose().to_owned()
}

fn key_files(test: &TestStore) -> Vec<String> {
    let mut names: Vec<String> =
        std::fs::read_dir(test.dir.path().join("keys")).expect("keys").map(|entry| entry.expect("an entry").file_name().into_string().expect("text")).collect();
    names.sort();
    names
}

async fn everything_is_wrapped_anew_while_secrets_are_set_and_read(test: TestStore) {
    test.release().await;
    let made = fill(&test.store, ACCOUNTS).await;
    let report = test.store.key_report().await.expect("a report");
    assert_eq!((report.current.as_str(), report.left()), ("file:1", 0));
    assert_eq!(report.wrapped.values().sum::<u64>(), ACCOUNTS as u64 + 1, "one for each account, and the platform's");
    // Another process of the same installation would not have the keys in memory: read through one that has none.
    let cold = test.reopen().await;
    let done = AtomicBool::new(false);
    let set_and_read = async {
        let mut turns = 0_u32;
        loop {
            let (account, actor, id) = &made[turns as usize % made.len()];
            let text = format!("sk-turn-{turns}");
            let secrets = BTreeMap::from([("provider.apiKey".to_owned(), Some(Secret::new(&text)))]);
            test.store.change(actor, *account, *id, Change { secrets, ..Change::default() }).await.expect("set");
            assert_eq!(provider_key(&test.store, *id).await, text);
            // A new account, and so a new data key, in the middle of it.
            fill(&test.store, 1).await;
            turns += 1;
            if done.load(Ordering::SeqCst) && turns > 5 {
                return turns;
            }
        }
    };
    let rotate = async {
        let rotation = test.store.rotate_keys(&KeySettings::default()).await.expect("rotated");
        done.store(true, Ordering::SeqCst);
        rotation
    };
    let (turns, rotation) = tokio::join!(set_and_read, rotate);
    assert_eq!(rotation.report.current.as_str(), "file:2");
    assert!(rotation.rewrapped > ACCOUNTS as u64, "{rotation:?}");
    assert_eq!(rotation.retired.iter().map(|key| key.as_str()).collect::<Vec<_>>(), ["file:1"]);
    assert_eq!(key_files(&test), ["kek-2"]);
    drop(cold);
    let fresh = test.reopen().await;
    for (turn, (_, _, id)) in made.iter().enumerate().skip(turns as usize % made.len()) {
        let text = provider_key(&fresh, *id).await;
        assert!(text.starts_with("sk-"), "{turn}: {text}");
    }
    assert_eq!(fresh.key_report().await.expect("a report").left(), 0);
    // And once more, from a process that has read everything already.
    assert_eq!(fresh.rotate_keys(&KeySettings::default()).await.expect("rotated").report.current.as_str(), "file:3");
    assert_eq!(key_files(&test), ["kek-3"]);
}

async fn a_rotation_that_dies_at_any_commit_is_gone_on_with(test: TestStore) {
    test.release().await;
    let made = fill(&test.store, ACCOUNTS).await;
    let mut deaths = 0;
    for commits in 0_i64.. {
        let fuse = Arc::new(AtomicI64::new(commits));
        let blown = Arc::new(tokio::sync::Notify::new());
        let (hook_fuse, hook_blown) = (fuse.clone(), blown.clone());
        let dying = test.reopen().await.with_commit_hook(Arc::new(move || {
            let (fuse, blown) = (hook_fuse.clone(), hook_blown.clone());
            Box::pin(async move {
                if fuse.fetch_sub(1, Ordering::SeqCst) <= 0 {
                    blown.notify_one();
                    std::future::pending::<()>().await;
                }
            })
        }));
        let settings = KeySettings::default();
        let finished = tokio::select! {
            done = dying.rotate_keys(&settings) => Some(done.expect("rotated")),
            () = blown.notified() => None,
        };
        let next = test.reopen().await;
        assert_eq!(provider_key(&next, made[0].2).await, "sk-provider-key-in-clear", "readable after a death at commit {commits}");
        if finished.is_some() {
            break;
        }
        deaths += 1;
        let before = key_files(&test).len();
        let rotation = next.rotate_keys(&settings).await.expect("gone on with");
        // What was begun is finished, not begun anew: one generation a rotation.
        assert_eq!((rotation.report.left(), key_files(&test).len()), (0, 1), "{before} files before: {rotation:?}");
        for (_, _, id) in &made {
            assert_eq!(provider_key(&next, *id).await, "sk-provider-key-in-clear");
        }
    }
    assert!(deaths >= 2, "{ACCOUNTS} keys take more than one commit: {deaths}");
}

async fn a_key_that_is_gone_is_named_and_nothing_is_made_in_its_place(test: TestStore) {
    test.release().await;
    fill(&test.store, 1).await;
    std::fs::rename(test.dir.path().join("keys/kek"), test.dir.path().join("kek")).expect("lost");
    let vault = vivier_server::vault::Vault::open(&test.dir.path().join("keys")).expect("a vault");
    let store = Store::open(test.url.as_deref(), test.dir.path(), test.clock.clone(), Arc::new(vault)).await.expect("a store");
    let error = format!("{:#}", anyhow::Error::new(store.open_keys().await.expect_err("its key is gone")));
    assert!(error.contains("2 data keys are wrapped by file:1") && error.contains("restore") && error.contains("kek"), "{error}");
    assert!(key_files(&test).is_empty());
    std::fs::rename(test.dir.path().join("kek"), test.dir.path().join("keys/kek")).expect("restored");
    test.reopen().await;
}

async fn a_data_key_that_was_moved_to_another_account_does_not_open(test: TestStore) {
    test.release().await;
    let made = fill(&test.store, 2).await;
    let mut tx = test.store.begin().await.expect("a transaction");
    sqlx::query("UPDATE wrapped_keys SET wrapped = (SELECT w.wrapped FROM wrapped_keys w WHERE w.owner = $1) WHERE owner = $2")
        .bind(made[0].0.to_string())
        .bind(made[1].0.to_string())
        .execute(tx.conn())
        .await
        .expect("moved");
    tx.commit().await.expect("committed");
    let cold = test.reopen().await;
    let work = cold.work(made[1].2).await.expect("a look").expect("there");
    let error = cold.work_secrets(&work).await.expect_err("it is another's");
    assert!(error.to_string().contains("cannot be unwrapped"), "{error}");
    // It stops the rotation, and the old key stays for what it may be needed for.
    let error = cold.rotate_keys(&KeySettings::default()).await.expect_err("one does not open");
    assert!(error.to_string().contains(&made[1].0.to_string()), "{error}");
    assert_eq!(key_files(&test), ["kek", "kek-2"]);
    assert_eq!(provider_key(&test.reopen().await, made[0].2).await, "sk-provider-key-in-clear");
}
