//! The tables behind signing in: links, second factors, identities, steps under way.

use vivier_core::id::UserId;
use vivier_core::name::Email;
use vivier_server::auth::token::digest;
use vivier_server::auth::{recovery, totp};
use vivier_server::clock::Clock as _;
use vivier_server::mail::Mail;
use vivier_server::store::factors::{Second, Taken};
use vivier_server::store::identities::Identity;
use vivier_server::store::links::Letter;
use vivier_server::store::steps::{MOST_TRIES, StepKind};
use vivier_server::store::{Actor, StoreError};

use crate::support::TestStore;

on_both_engines!(
    a_link_of_many_who_use_it_at_once_works_for_one,
    a_code_of_many_who_bring_it_at_once_is_taken_once,
    a_step_goes_on_once_and_not_after_its_time,
    an_identity_has_one_user_and_nobody_loses_the_last_way_in,
);

fn letter(token: &str, to: &Email) -> Letter {
    Letter { token_hash: digest(token), mail: Mail::new(to.clone(), "x", "y") }
}

async fn somebody(test: &TestStore) -> (Actor, UserId, Email) {
    let (_, actor) = test.account().await;
    let email = actor.name.parse().expect("an address");
    let user = actor.user.expect("a person");
    (actor, user, email)
}

async fn a_link_of_many_who_use_it_at_once_works_for_one(test: TestStore) {
    let store = &test.store;
    let (actor, user, email) = somebody(&test).await;
    store.send_verification(&actor, user, &letter("verify", &email)).await.expect("sent");
    let tries = futures_util::future::join_all((0..6).map(|_| store.verify_email(digest("verify"), None))).await;
    assert_eq!(tries.iter().filter(|result| result.is_ok()).count(), 1, "{tries:?}");
    let new: Email = format!("new-{email}").parse().expect("an address");
    store.begin_email_change(&actor, user, &new, &letter("change", &new)).await.expect("begun");
    assert_eq!(store.pending_email(user).await.expect("a look").as_ref(), Some(&new));
    store.finish_email_change(digest("change"), None, |old, _| letter("undo", old)).await.expect("changed");
    assert_eq!(store.user(user).await.expect("there").email, new);
    store.undo_email_change(digest("undo"), None, |old| letter("reset", old)).await.expect("taken back");
    let back = store.user(user).await.expect("there");
    assert_eq!((&back.email, back.password_hash.as_deref()), (&email, None));
    let tell = |email: &Email| Mail::new(email.clone(), "x", "y");
    store.reset_password(digest("reset"), "another hash", None, tell).await.expect("set");
    assert!(matches!(store.reset_password(digest("reset"), "a third", None, tell).await, Err(StoreError::NotFound("link"))));
    assert_eq!(store.user(user).await.expect("there").password_hash.as_deref(), Some("another hash"));
}

async fn a_code_of_many_who_bring_it_at_once_is_taken_once(test: TestStore) {
    let store = &test.store;
    let (actor, user, email) = somebody(&test).await;
    let secret = totp::new_secret();
    let tell = Mail::new(email, "x", "y");
    store.enrol_app(&actor, user, &secret).await.expect("kept");
    let (codes, digests) = recovery::new_codes();
    let code = || totp::code_at(&secret, test.clock.now());
    assert_eq!(store.confirm_app(&actor, user, &code(), &digests, &tell).await.expect("confirmed"), Some(true));
    assert!(matches!(store.enrol_app(&actor, user, &secret).await, Err(StoreError::Conflict(_))));
    test.clock.turn_seconds(60);
    for (code, expected) in [(code(), Taken::App), (codes[0].expose().to_owned(), Taken::Recovery)] {
        let tries = futures_util::future::join_all((0..6).map(|_| store.take_code(user, &code))).await;
        let taken: Vec<_> = tries.into_iter().filter_map(|taken| taken.expect("an answer")).collect();
        assert_eq!(taken, [expected]);
    }
    let factors = store.factors(user).await.expect("a look");
    assert!(factors.asked() && factors.codes == 9, "{factors:?}");
    store.begin_step(StepKind::Second, digest("step"), Some(user), b"{}").await.expect("begun");
    for _ in 0..MOST_TRIES {
        assert_eq!(store.second_step(digest("step"), "000000", None).await.expect("an answer"), Second::Wrong);
    }
    assert_eq!(store.second_step(digest("step"), codes[1].expose(), None).await.expect("an answer"), Second::Gone);
    store.drop_app(&actor, user, &tell).await.expect("off");
    assert_eq!(store.factors(user).await.expect("a look").codes, 0);
}

async fn a_step_goes_on_once_and_not_after_its_time(test: TestStore) {
    let store = &test.store;
    store.begin_step(StepKind::Oidc, digest("a"), None, b"state").await.expect("begun");
    assert!(store.take_step(StepKind::UsePasskey, digest("a")).await.expect("an answer").is_none(), "of another kind");
    let tries = futures_util::future::join_all((0..6).map(|_| store.take_step(StepKind::Oidc, digest("a")))).await;
    let taken: Vec<_> = tries.into_iter().filter_map(|step| step.expect("an answer")).collect();
    assert_eq!((taken.len(), taken[0].state.as_slice()), (1, &b"state"[..]));
    store.begin_step(StepKind::Oidc, digest("b"), None, b"state").await.expect("begun");
    test.clock.turn_seconds(StepKind::Oidc.seconds());
    assert!(store.take_step(StepKind::Oidc, digest("b")).await.expect("an answer").is_none());
    store.prune_steps().await.expect("forgotten");
}

async fn an_identity_has_one_user_and_nobody_loses_the_last_way_in(test: TestStore) {
    let store = &test.store;
    let (actor, user, email) = somebody(&test).await;
    let (other, stranger, _) = somebody(&test).await;
    let tell = Mail::new(email, "x", "y");
    let identity = Identity { issuer: "https://id.example.com".to_owned(), subject: "1".to_owned(), email: None };
    store.link_identity(&actor, user, &identity, &tell).await.expect("linked");
    assert_eq!(store.identity(&identity).await.expect("a look"), Some(user));
    assert!(matches!(store.link_identity(&other, stranger, &identity, &tell).await, Err(StoreError::Conflict(_))));
    store.used_identity(user, &Identity { email: Some("a@b.c".to_owned()), ..identity.clone() }, None).await.expect("noted");
    assert_eq!(store.identities(user).await.expect("a list")[0].email.as_deref(), Some("a@b.c"));
    store.unlink_identity(&actor, user, &identity.issuer, &tell).await.expect("a password is left");
    assert!(matches!(store.unlink_identity(&actor, user, &identity.issuer, &tell).await, Err(StoreError::NotFound(_))));
}
