//! An installation from before data keys said who has wrapped them.

use sqlx::migrate::{Migrate as _, Migrator};

use super::*;
use crate::clock::SystemClock;
use crate::vault::{Vault, platform_place, seal};

#[tokio::test]
async fn an_installation_of_before_is_read_as_it_is_and_sealed_anew_by_itself() {
    let dir = tempfile::tempdir().expect("a directory");
    let account: vivier_core::id::AccountId = vivier_core::id::AccountId::from_uuid(uuid::Uuid::from_u128(7));
    let (kek, data_key) = (DataKey::random().expect("a key"), DataKey::random().expect("a key"));
    std::fs::create_dir(dir.path().join("keys")).expect("made");
    let file = dir.path().join("keys/kek");
    std::fs::write(&file, kek.expose()).expect("written");
    std::fs::set_permissions(&file, std::os::unix::fs::PermissionsExt::from_mode(0o600)).expect("private");

    // Its tables, and what it would have written.
    sqlx::any::install_default_drivers();
    let url = format!("sqlite://{}?mode=rwc", dir.path().join("vivier.db").display());
    let pool = sqlx::AnyPool::connect(&url).await.expect("a database");
    let old: Vec<_> = super::super::SQLITE.iter().filter(|migration| migration.version < 4).cloned().collect();
    Migrator::with_migrations(old).run(&pool).await.expect("its tables");
    pool.acquire().await.expect("a connection").ensure_migrations_table("_sqlx_migrations").await.expect("there");
    let seal = |place: &str, plain: &[u8]| seal::seal(&kek, place.as_bytes(), plain).expect("sealed");
    let platform = |name: &str, plain: &[u8]| seal::seal(&kek, &platform_place(name), plain).expect("sealed");
    sqlx::query("INSERT INTO accounts (id, email, password_hash, role, created_at) VALUES ($1, 'a@example.com', 'x', 'operator', 1)")
        .bind(account.to_string())
        .execute(&pool)
        .await
        .expect("an account");
    sqlx::query("INSERT INTO data_keys (account_id, wrapped, created_at) VALUES ($1, $2, 1)")
        .bind(account.to_string())
        .bind(seal(&format!("vivier/data-key/1\n{account}"), data_key.expose()))
        .execute(&pool)
        .await
        .expect("a data key");
    sqlx::query("INSERT INTO platform (name, value) VALUES ('edge.cookies', $1)")
        .bind(platform("edge.cookies", b"the cookie key"))
        .execute(&pool)
        .await
        .expect("a value");
    sqlx::query("INSERT INTO platform (name, value) VALUES ('allocation', $1)").bind(Vec::<u8>::new()).execute(&pool).await.expect("a lock");
    let answer = platform("idempotency\nscope\nkey", b"the answer");
    sqlx::query("INSERT INTO idempotency_keys (scope, key, fingerprint, created_at, expires_at, seed, epoch, status, answer) VALUES ('scope', 'key', $1, 1, $3, $4, '', 201, $2)")
        .bind(vec![1_u8])
        .bind(answer)
        .bind(i64::MAX)
        .bind(uuid::Uuid::from_u128(9).to_string())
        .execute(&pool)
        .await
        .expect("an answer");
    pool.close().await;

    let open = async || {
        let vault = Arc::new(Vault::open(&dir.path().join("keys")).expect("a vault"));
        let store = Store::open(None, dir.path(), Arc::new(SystemClock), vault).await.expect("a store");
        store.open_keys().await.expect("its keys");
        store
    };
    let store = open().await;
    assert_eq!(*store.data_key(Owner::Account(account)).await.expect("unwrapped"), data_key);
    assert_eq!(&**store.platform_get("edge.cookies").await.expect("opened").expect("there"), b"the cookie key");
    let before = super::super::idempotency::Key { scope: "scope".to_owned(), key: "key".to_owned() };
    let claim = store.claim_key(&before, &[1], "epoch").await.expect("claimed");
    assert_eq!(claim, super::super::idempotency::Claim::Done { status: 201, answer: b"the answer".to_vec() });
    store.rotate_keys(&KeySettings::default()).await.expect("rotated");
    assert!(!file.exists(), "nothing needs the old key");
    store.close().await;
    let store = open().await;
    assert_eq!(&**store.platform_get("edge.cookies").await.expect("opened").expect("there"), b"the cookie key");
    assert_eq!(*store.data_key(Owner::Account(account)).await.expect("unwrapped"), data_key);
}
