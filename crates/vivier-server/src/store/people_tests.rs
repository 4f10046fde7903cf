//! An installation from before users and accounts were two things.

use std::sync::Arc;

use sqlx::migrate::Migrator;
use vivier_core::id::{AccountId, UserId};
use vivier_core::wire::accounts::{MemberRole, TokenScope};

use super::super::{SQLITE, Store};
use crate::auth::token::digest;
use crate::clock::SystemClock;
use crate::vault::Vault;

#[tokio::test]
async fn an_account_of_before_is_a_user_who_owns_it_and_is_still_signed_in() {
    let dir = tempfile::tempdir().expect("a directory");
    sqlx::any::install_default_drivers();
    let url = format!("sqlite://{}?mode=rwc", dir.path().join("vivier.db").display());
    let pool = sqlx::AnyPool::connect(&url).await.expect("a database");
    let old: Vec<_> = SQLITE.iter().filter(|migration| migration.version < 8).cloned().collect();
    Migrator::with_migrations(old).run(&pool).await.expect("its tables");
    let account = |number: u128| AccountId::from_uuid(uuid::Uuid::from_u128(number));
    let deployment = vivier_core::id::DeploymentId::from_uuid(uuid::Uuid::from_u128(9));
    for (number, email, role) in [(7, "ada@example.com", "operator"), (8, "bob@example.com", "tenant")] {
        let id = account(number).to_string();
        let row = sqlx::query("INSERT INTO accounts (id, email, password_hash, role, created_at, version) VALUES ($1, $2, 'hash', $3, 1, 5)");
        row.bind(&id).bind(email).bind(role).execute(&pool).await.expect("an account");
        let row = sqlx::query("INSERT INTO sessions (id, account_id, token_hash, created_at, expires_at, last_seen_at) VALUES ($1, $2, $3, 1, $4, 1)");
        let session = vivier_core::id::SessionId::from_uuid(uuid::Uuid::from_u128(number)).to_string();
        row.bind(session).bind(&id).bind(digest(email).to_vec()).bind(i64::MAX).execute(&pool).await.expect("a session");
        let row =
            sqlx::query("INSERT INTO api_tokens (id, account_id, name, token_hash, hint, scopes, created_at) VALUES ($1, $2, 'ci', $3, 'viv_', 'read', 1)");
        let token = vivier_core::id::TokenId::from_uuid(uuid::Uuid::from_u128(number)).to_string();
        row.bind(token).bind(&id).bind(digest(&format!("token of {email}")).to_vec()).execute(&pool).await.expect("a token");
    }
    sqlx::query(
        "INSERT INTO deployments (id, account_id, slug, name, plan, template, desired, revision, created_at, follows) \
         VALUES ($1, $2, 'kept', 'Kept', 'starter', 'assistant', 'running', 1, 1, 'stable')",
    )
    .bind(deployment.to_string())
    .bind(account(8).to_string())
    .execute(&pool)
    .await
    .expect("a deployment, which refers to its account");
    pool.close().await;

    let vault = Arc::new(Vault::open(&dir.path().join("keys")).expect("a vault"));
    let store = Store::open(None, dir.path(), Arc::new(SystemClock), vault).await.expect("brought up to date");
    for (number, email, operator) in [(7, "ada@example.com", true), (8, "bob@example.com", false)] {
        let user = store.user_by_email(&email.parse().expect("an address")).await.expect("a look").expect("there");
        assert_eq!((user.id, user.operator), (UserId::from_uuid(uuid::Uuid::from_u128(number)), operator));
        assert_eq!(user.password_hash.as_deref(), Some("hash"));
        let own = store.memberships(user.id).await.expect("a list");
        assert_eq!(own.len(), 1);
        assert_eq!((own[0].account.id, own[0].account.name.as_str(), own[0].role), (account(number), &email[..3], MemberRole::Owner));
        let session = store.session(digest(email)).await.expect("a look").expect("still signed in");
        assert_eq!((session.user, session.place), (user.id, Some((account(number), MemberRole::Owner))));
        let token = store.token(digest(&format!("token of {email}"))).await.expect("a look").expect("still valid");
        assert_eq!((token.user, token.account, token.scopes), (user.id, account(number), vec![TokenScope::Read]));
    }
    assert_eq!(store.deployment_owner(deployment).await.expect("a look"), account(8));
    let broken = sqlx::query("PRAGMA foreign_key_check").fetch_all(store.reader()).await.expect("a check");
    assert!(broken.iter().all(|row| sqlx::Row::get::<String, _>(row, 0) != "deployments" || sqlx::Row::get::<String, _>(row, 2) != "accounts"));
}
