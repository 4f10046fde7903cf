//! The tables behind signing in, on both engines.

use vivier_core::id::{SessionId, UserId};
use vivier_core::wire::accounts::{MemberRole, TokenScope};
use vivier_server::auth::token::digest;
use vivier_server::store::codes::Opener;
use vivier_server::store::idempotency::{Claim, Key};
use vivier_server::store::invitations::Letter;
use vivier_server::store::sessions::{NewSession, Origin};
use vivier_server::store::tokens::NewApiToken;
use vivier_server::store::users::{NewUser, SETUP_TOKEN};
use vivier_server::store::{Actor, Store, StoreError};

use crate::support::TestStore;
use crate::support::store::{RULES, agent};

macro_rules! on_both_engines {
    ($($name:ident),* $(,)?) => {
        mod sqlite {
            $(#[tokio::test]
            async fn $name() {
                super::$name(crate::support::TestStore::sqlite().await).await;
            })*
        }
        mod postgres {
            $(#[tokio::test]
            async fn $name() {
                super::$name(crate::support::TestStore::postgres().await).await;
            })*
        }
    };
}

on_both_engines!(
    accounts_are_made_once_and_the_setup_token_is_used_once,
    sessions_live_slide_and_end,
    tokens_are_found_by_their_digest_until_they_end,
    codes_are_used_once,
    of_many_who_claim_a_key_one_gets_it,
    of_many_who_accept_one_invitation_one_joins,
    however_hands_and_removals_meet_there_is_one_owner,
    a_closed_account_is_erased_when_its_time_is_over,
);

async fn accounts_are_made_once_and_the_setup_token_is_used_once(test: TestStore) {
    let store = &test.store;
    let email = "ada@example.com".parse().expect("an address");
    store.platform_put(SETUP_TOKEN, &digest("token")).await.expect("kept");
    assert!(!store.has_operator().await.expect("a count"));
    let new = |setup: Option<&str>| NewUser { email: &email, password_hash: Some("hash"), verified: false, setup: setup.map(digest), once: None, letter: None };
    let error = store.sign_up(&new(Some("guess"))).await.expect_err("another token");
    assert!(matches!(error, StoreError::NotFound(_)), "{error:?}");
    let (user, own) = store.sign_up(&new(Some("token"))).await.expect("the token, after a wrong guess");
    assert!(user.operator);
    assert_eq!((own.role, own.account.name.as_str()), (MemberRole::Owner, "ada"));
    assert!(store.has_operator().await.expect("a count"));
    let error = store.sign_up(&new(None)).await.expect_err("the same address");
    assert!(matches!(error, StoreError::Taken { field: "email", .. }), "{error:?}");
    let other = "eve@example.com".parse().expect("an address");
    let error = store.sign_up(&NewUser { email: &other, ..new(Some("token")) }).await.expect_err("used up");
    assert!(matches!(error, StoreError::NotFound(_)), "{error:?}");
    let read = store.user_by_email(&email).await.expect("a look").expect("it is there");
    assert_eq!((read.id, read.password_hash.as_deref(), read.created_at), (user.id, Some("hash"), user.created_at));
    assert!(store.user_by_email(&other).await.expect("a look").is_none());
    // The same request, sent again after it was cut off.
    let once = Some(uuid::Uuid::now_v7());
    let first = store.sign_up(&NewUser { email: &other, once, ..new(None) }).await.expect("made");
    let again = store.sign_up(&NewUser { email: &other, once, ..new(None) }).await.expect("found");
    assert_eq!((first.0.id, first.1), (again.0.id, again.1));
}

/// Opens a session for `actor`.
async fn open(store: &Store, actor: &Actor, text: &str, replaces: Option<SessionId>) -> SessionId {
    let email = actor.name.parse().expect("an address");
    let user = actor.user.expect("a person");
    let new =
        NewSession { user, email: &email, account: actor.account, token_hash: digest(text), idle_days: 30, replaces, since: None, origin: Origin::default() };
    store.open_session(new).await.expect("opened").0
}

async fn sessions_live_slide_and_end(test: TestStore) {
    let store = &test.store;
    let (account, actor) = test.account().await;
    let user = actor.user.expect("a person");
    let first = open(store, &actor, "one", None).await;
    let session = store.session(digest("one")).await.expect("a look").expect("it lives");
    assert_eq!((session.id, session.user, session.place), (first, user, Some((account, MemberRole::Owner))));
    assert!(store.session(digest("other")).await.expect("a look").is_none());
    assert_eq!(store.touch_session(&session, 30, None).await.expect("a look"), None, "it was written just now");
    test.clock.turn_seconds(7_200);
    let end = store.touch_session(&session, 30, None).await.expect("written").expect("moved");
    assert_eq!(store.session_lives(first).await.expect("a look"), Some(end));
    let second = open(store, &actor, "two", Some(first)).await;
    assert!(store.session(digest("one")).await.expect("a look").is_none(), "replaced");
    let third = open(store, &actor, "three", None).await;
    store.set_password(&actor, user, "new hash", Some(third)).await.expect("changed");
    assert!(store.session(digest("two")).await.expect("a look").is_none() && store.session_lives(second).await.expect("a look").is_none());
    assert!(store.session(digest("three")).await.expect("a look").is_some());
    store.end_session(&actor, third).await.expect("ended");
    assert!(store.session(digest("three")).await.expect("a look").is_none());
    for number in 0..55 {
        open(store, &actor, &format!("many {number}"), None).await;
    }
    assert!(store.session(digest("many 0")).await.expect("a look").is_none(), "the oldest of too many has ended");
    assert!(store.session(digest("many 54")).await.expect("a look").is_some());
    test.clock.turn_seconds(31 * 86_400);
    assert!(store.session(digest("many 54")).await.expect("a look").is_none());
    store.prune_sessions().await.expect("forgotten");
}

async fn tokens_are_found_by_their_digest_until_they_end(test: TestStore) {
    let store = &test.store;
    let (account, actor) = test.account().await;
    let (stranger, other) = test.account().await;
    let maker = actor.user.expect("a person");
    let name = "ci".parse().expect("a name");
    let new = |text: &str, days| NewApiToken {
        name: &name,
        token_hash: digest(text),
        hint: "viv_12345678",
        scopes: &[TokenScope::Read, TokenScope::Chat],
        expires_in_days: days,
    };
    let made = store.create_token(&actor, account, maker, &new("one", Some(2))).await.expect("made");
    let token = store.token(digest("one")).await.expect("a look").expect("valid");
    assert_eq!((token.id, token.account, token.scopes.as_slice()), (made.id, account, &[TokenScope::Read, TokenScope::Chat][..]));
    store.touch_token(&token).await.expect("noted");
    assert!(store.tokens(account, None).await.expect("a list")[0].last_used_at.is_some());
    assert!(store.tokens(stranger, None).await.expect("a list").is_empty());
    let error = store.revoke_token(&other, stranger, None, made.id).await.expect_err("another's");
    assert!(matches!(error, StoreError::NotFound("token")), "{error:?}");
    // Sent again: the same token, with the text that is shown this time.
    let once = Actor { once: Some(uuid::Uuid::now_v7()), ..actor.clone() };
    let first = store.create_token(&once, account, maker, &new("two", None)).await.expect("made");
    let again = store.create_token(&once, account, maker, &new("three", None)).await.expect("made again");
    assert_eq!(first.id, again.id);
    assert!(store.token(digest("two")).await.expect("a look").is_none() && store.token(digest("three")).await.expect("a look").is_some());
    test.clock.turn_seconds(2 * 86_400 + 1);
    assert!(store.token(digest("one")).await.expect("a look").is_none() && !store.token_lives(made.id).await.expect("a look"));
    store.revoke_token(&actor, account, None, first.id).await.expect("taken back");
    assert!(store.token(digest("three")).await.expect("a look").is_none());
}

async fn codes_are_used_once(test: TestStore) {
    let store = &test.store;
    test.release().await;
    let (account, actor) = test.account().await;
    let deployment = store.create_deployment(&actor, account, agent("Coded"), &RULES).await.expect("made");
    let session = open(store, &actor, "session", None).await;
    store.create_code(digest("code"), account, deployment.id, Opener::Browser(session)).await.expect("kept");
    let tries = futures_util::future::join_all((0..8).map(|_| store.redeem_code(digest("code"), &deployment.slug))).await;
    let granted: Vec<_> = tries.into_iter().filter_map(|answer| answer.expect("an answer")).collect();
    assert_eq!(granted.len(), 1);
    assert_eq!((granted[0].account, granted[0].deployment, granted[0].session), (account, deployment.id, session));
    let name = "ci".parse().expect("a name");
    let new = NewApiToken { name: &name, token_hash: digest("token"), hint: "viv_12345678", scopes: &[TokenScope::Write], expires_in_days: None };
    let user = actor.user.expect("a person");
    let token = store.create_token(&actor, account, user, &new).await.expect("made").id;
    let program = Opener::Program { user, token };
    store.create_code(digest("program's"), account, deployment.id, program).await.expect("kept");
    let granted = store.redeem_code(digest("program's"), &deployment.slug).await.expect("an answer").expect("granted");
    assert!(store.session_lives(granted.session).await.expect("a look").is_some());
    store.revoke_token(&actor, account, None, token).await.expect("taken back");
    assert_eq!(store.session_lives(granted.session).await.expect("a look"), None, "what a token's link opened ends with the token");
    assert!(store.ended_sessions().await.expect("a list").contains(&granted.session));
    store.create_code(digest("late"), account, deployment.id, Opener::Browser(session)).await.expect("kept");
    test.clock.turn_seconds(61);
    assert_eq!(store.redeem_code(digest("late"), &deployment.slug).await.expect("an answer"), None);
}

async fn of_many_who_claim_a_key_one_gets_it(test: TestStore) {
    let store = &test.store;
    let key = Key { scope: "acc_x".to_owned(), key: "key-12345678".to_owned() };
    let claims = futures_util::future::join_all((0..8).map(|_| store.claim_key(&key, b"request", "me"))).await;
    let claims: Vec<_> = claims.into_iter().map(|claim| claim.expect("an answer")).collect();
    let seeds: Vec<_> = claims.iter().filter_map(|claim| if let Claim::Do(seed) = claim { Some(*seed) } else { None }).collect();
    assert_eq!(seeds.len(), 1, "{claims:?}");
    assert_eq!(claims.iter().filter(|claim| **claim == Claim::InProgress).count(), 7);
    assert_eq!(store.claim_key(&key, b"another", "me").await.expect("an answer"), Claim::Mismatch);
    // The process dies; those of the next one that come at once get it once, under the same name.
    let claims = futures_util::future::join_all((0..8).map(|_| store.claim_key(&key, b"request", "the next"))).await;
    let taken: Vec<_> = claims.into_iter().filter(|claim| matches!(claim, Ok(Claim::Do(seed)) if *seed == seeds[0])).collect();
    assert_eq!(taken.len(), 1);
    store.finish_claim(&key, 202, b"the answer").await.expect("kept");
    let done = store.claim_key(&key, b"request", "the next").await.expect("an answer");
    assert_eq!(done, Claim::Done { status: 202, answer: b"the answer".to_vec() });
    store.release_claim(&key).await.expect("nothing to release");
    assert!(matches!(store.claim_key(&key, b"request", "me").await, Ok(Claim::Done { .. })));
    test.clock.turn_seconds(86_401);
    store.expire_claims(store.now()).await.expect("forgotten");
    assert!(matches!(store.claim_key(&key, b"another", "me").await, Ok(Claim::Do(_))));
}

const URL: &str = "https://agents.example.com";

/// Another person, in an account of their own.
async fn another(test: &TestStore) -> (UserId, Actor) {
    let (_, actor) = test.account().await;
    (actor.user.expect("a person"), actor)
}

/// Makes them a member by an invitation.
async fn join(test: &TestStore, owner: &Actor, guest: &Actor, role: MemberRole) {
    let account = owner.account.expect("an account");
    let token = vivier_server::auth::token::opaque();
    let letter = Letter { token: &token, public_url: URL };
    let email = guest.name.parse().expect("an address");
    test.store.invite(owner, account, &email, role, &letter).await.expect("invited");
    test.store.accept_invitation(guest, guest.user.expect("a person"), digest(token.expose())).await.expect("joined");
}

async fn of_many_who_accept_one_invitation_one_joins(test: TestStore) {
    let store = &test.store;
    let (account, owner) = test.account().await;
    let (user, guest) = another(&test).await;
    let token = vivier_server::auth::token::opaque();
    let letter = Letter { token: &token, public_url: URL };
    let email = guest.name.parse().expect("an address");
    store.invite(&owner, account, &email, MemberRole::Member, &letter).await.expect("invited");
    let error = store.invite(&owner, account, &email, MemberRole::Member, &letter).await.expect_err("twice");
    assert!(matches!(error, StoreError::Conflict(_)), "{error:?}");
    let tries = (0..8).map(|_| store.accept_invitation(&guest, user, digest(token.expose())));
    let joined = futures_util::future::join_all(tries).await.into_iter().filter(Result::is_ok).count();
    assert_eq!(joined, 1);
    assert_eq!(store.members(account).await.expect("a list").len(), 2);
    assert!(store.invitations(account).await.expect("a list").is_empty());
    // A member is not invited again; nor is the invitation's link of any use to whoever signs up.
    let error = store.invite(&owner, account, &email, MemberRole::Admin, &letter).await.expect_err("a member");
    assert!(matches!(error, StoreError::Conflict(_)), "{error:?}");
}

async fn however_hands_and_removals_meet_there_is_one_owner(test: TestStore) {
    let store = &test.store;
    let (account, owner) = test.account().await;
    let first = owner.user.expect("a person");
    let mut others = Vec::new();
    for _ in 0..3 {
        let (user, actor) = another(&test).await;
        join(&test, &owner, &actor, MemberRole::Admin).await;
        others.push((user, actor));
    }
    let hand = others.iter().map(|(user, _)| store.hand_over(&owner, account, first, *user, URL));
    let remove = others.iter().map(|(user, _)| store.remove_member(&owner, account, *user));
    let leave = others.iter().map(|(user, actor)| store.remove_member(actor, account, *user));
    let demote = others.iter().map(|(user, _)| store.set_role(&owner, account, *user, MemberRole::Viewer));
    let all = futures_util::future::join4(
        futures_util::future::join_all(hand),
        futures_util::future::join_all(remove),
        futures_util::future::join_all(leave),
        futures_util::future::join_all(demote),
    );
    let (handed, ..) = all.await;
    let members = store.members(account).await.expect("a list");
    let owners: Vec<_> = members.iter().filter(|member| member.role == MemberRole::Owner).collect();
    assert_eq!(owners.len(), 1, "{members:#?}");
    assert!(handed.iter().filter(|result| result.is_ok()).count() <= 1, "{handed:?}");
    for result in handed.iter().filter_map(|result| result.as_ref().err()) {
        assert!(matches!(result, StoreError::Conflict(_) | StoreError::NotFound("member")), "{result:?}");
    }
}

async fn a_closed_account_is_erased_when_its_time_is_over(test: TestStore) {
    let store = &test.store;
    test.release().await;
    let (account, owner) = test.account().await;
    let (user, guest) = another(&test).await;
    join(&test, &owner, &guest, MemberRole::Admin).await;
    let deployment = store.create_deployment(&owner, account, agent("Ended"), &RULES).await.expect("made");
    let document = store.export(account).await.expect("a document").to_string();
    assert!(document.contains(&guest.name) && document.contains("Ended"), "{document}");
    let session = open(store, &guest, "theirs", None).await;
    let name = store.account(account).await.expect("there").name;
    let error = store.close_account(&owner, account, "another", 7, URL).await.expect_err("another name");
    assert!(matches!(error, StoreError::Taken { field: "name", .. }), "{error:?}");
    let closed = store.close_account(&owner, account, &name, 7, URL).await.expect("closed");
    assert_eq!(closed.deployments, 1);
    assert!(matches!(store.close_account(&owner, account, &name, 7, URL).await, Err(StoreError::NotFound("account"))));
    // Whoever was about to make something in it comes too late.
    let error = store.create_deployment(&owner, account, agent("Late"), &RULES).await.expect_err("closed");
    assert!(matches!(error, StoreError::NotFound("account")), "{error:?}");
    assert!(store.session_lives(session).await.expect("a look").is_some(), "that one works in an account of their own");
    assert_eq!(store.memberships(user).await.expect("a list").len(), 1);
    test.clock.turn_seconds(7 * 86_400 + 1);
    assert_eq!(store.erase_accounts().await.expect("a look"), 0, "its agent's data is still there");
    assert_eq!(store.end_retentions().await.expect("a look"), 1);
    let mut tx = store.begin().await.expect("a transaction");
    sqlx::query("DELETE FROM runtime_instances WHERE deployment_id = $1").bind(deployment.id.to_string()).execute(tx.conn()).await.expect("purged");
    tx.commit_quietly().await.expect("kept");
    assert_eq!(store.erase_accounts().await.expect("a look"), 1);
    assert_eq!(store.erase_accounts().await.expect("a look"), 0, "once");
    assert_eq!(store.account(account).await.expect("its row stays").name, "deleted");
    assert!(store.members(account).await.expect("a list").is_empty());
    let log = store.audit_log(Some(account), 100).await.expect("a log");
    assert!(log.iter().any(|row| row.action == "account.delete") && log.iter().all(|row| row.actor != owner.name), "{log:#?}");
    // The owner is in no account now, and may go as well.
    let person = owner.user.expect("a person");
    store.delete_user(&owner, person).await.expect("deleted");
    assert!(store.user_by_email(&owner.name.parse().expect("an address")).await.expect("a look").is_none());
    let log = store.audit_log(None, 500).await.expect("a log");
    assert!(log.iter().all(|row| row.actor != owner.name), "{log:#?}");
}
