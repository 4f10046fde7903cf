//! Signing in with an identity provider: what comes back is believed once, in the browser that went, when it is right in every way; and
//! an address of mail makes nobody somebody else.

use std::sync::Arc;

use reqwest::header;
use serde_json::{Value, json};
use vivier_server::Config;

use super::api::{Answer, Api, As, PASSWORD, settings};
use super::mailbox::{confirmed, mail, sign_in};
use crate::support::issuer::{Flaw, Issuer};

struct Scene {
    api: Api,
    issuer: Issuer,
    _dir: Arc<tempfile::TempDir>,
}

async fn scene(change: impl FnOnce(&mut vivier_server::auth::oidc::OidcSettings)) -> Scene {
    let dir = Arc::new(tempfile::tempdir().expect("a directory"));
    let issuer = Issuer::new(dir.path()).await;
    let mut provider = issuer.settings.clone();
    change(&mut provider);
    let api = Api::with(Config { oidc: vec![provider], ..settings() }).await;
    Scene { api, issuer, _dir: dir }
}

/// A browser on its way: where it was sent, and the cookie that it was given.
struct Trip {
    address: String,
    cookie: String,
    state: String,
}

fn place(answer: &Answer) -> &str {
    answer.headers[header::LOCATION].to_str().expect("text")
}

/// The cookies that an answer sets, without those that it takes away.
fn cookies(answer: &Answer) -> Vec<String> {
    let lines = answer.headers.get_all(header::SET_COOKIE).iter().filter_map(|line| line.to_str().ok());
    lines.filter(|line| !line.contains("Max-Age=0")).filter_map(|line| line.split(';').next().map(str::to_owned)).collect()
}

impl Scene {
    async fn set_out(&self, next: &str) -> Trip {
        let answer = self.api.get(&As::Nobody, &format!("/v1/auth/oidc/corp?next={next}")).await.ok(303);
        self.trip(place(&answer).to_owned(), &answer)
    }

    fn trip(&self, address: String, answer: &Answer) -> Trip {
        let line = answer.headers[header::SET_COOKIE].to_str().expect("text");
        assert!(line.contains("; HttpOnly; SameSite=Lax; Max-Age=900"), "{line}");
        let url: url::Url = address.parse().expect("an address");
        let state = url.query_pairs().find(|(name, _)| name == "state").expect("a state").1.into_owned();
        assert!(url.query_pairs().any(|(name, value)| name == "tenant" && value == "1"), "the provider's own query stays: {address}");
        Trip { address, cookie: cookies(answer)[0].clone(), state }
    }

    async fn back(&self, cookie: &str, state: &str, code: &str) -> Answer {
        self.api.get(&As::Cookie(cookie.to_owned()), &format!("/v1/auth/oidc/corp/callback?code={code}&state={state}&session_state=x")).await.ok(303)
    }

    /// The whole way, by somebody with these claims.
    async fn go(&self, next: &str, claims: Value) -> Answer {
        let trip = self.set_out(next).await;
        let code = self.issuer.approve(&trip.address, claims);
        self.back(&trip.cookie, &trip.state, &code).await
    }

    async fn me(&self, answer: &Answer) -> Value {
        let session = cookies(answer).into_iter().find(|cookie| cookie.starts_with("vivier_session=")).expect("a session");
        self.api.get(&As::Cookie(session), "/v1/auth/me").await.ok(200).json()
    }
}

fn ada() -> Value {
    json!({ "sub": "ada-1", "email": "ada@example.com", "email_verified": true })
}

#[track_caller]
fn refused(answer: &Answer, problem: &str) {
    assert_eq!(place(answer), format!("/login?problem={problem}"));
    assert!(cookies(answer).is_empty(), "nobody is signed in: {answer:?}");
}

#[tokio::test]
async fn somebody_new_gets_an_account_and_somebody_known_their_own_with_either_kind_of_key() {
    let scene = scene(|_| {}).await;
    let options = scene.api.get(&As::Nobody, "/v1/auth/options").await.ok(200).json();
    assert_eq!(options["providers"], json!([{ "name": "corp", "title": "Example Corp" }]));
    let first = scene.go("/agents/new", ada()).await;
    assert_eq!(place(&first), "/agents/new");
    let me = scene.me(&first).await;
    assert_eq!((me["user"]["email"].as_str(), me["user"]["email_verified_at"].is_string()), (Some("ada@example.com"), true));
    scene.issuer.sign_with_ec(true);
    // Their address has changed at the provider: they are who they were.
    let again = scene.go("/", json!({ "sub": "ada-1", "email": "lovelace@example.com", "email_verified": true })).await;
    assert_eq!(scene.me(&again).await["user"], me["user"]);
    // And whoever got the old address there is not.
    let heir = scene.go("/", json!({ "sub": "eve-2", "email": "ada@example.com", "email_verified": true })).await;
    refused(&heir, "link_first");
}

#[tokio::test]
async fn a_token_that_is_wrong_in_any_way_signs_nobody_in() {
    let scene = scene(|_| {}).await;
    scene.me(&scene.go("/", ada()).await).await;
    for flaw in [
        Flaw::Nonce,
        Flaw::NoNonce,
        Flaw::Audience,
        Flaw::Party,
        Flaw::Expired,
        Flaw::Early,
        Flaw::Issuer,
        Flaw::AlgNone,
        Flaw::AlgHmac,
        Flaw::Signature,
        Flaw::UnknownKey,
    ] {
        scene.issuer.set(flaw);
        let answer = scene.go("/", ada()).await;
        assert_eq!(place(&answer), "/login?problem=failed", "{flaw:?}");
        refused(&answer, "failed");
    }
    scene.issuer.set(Flaw::None);
    scene.me(&scene.go("/", ada()).await).await;
}

#[tokio::test]
async fn new_keys_of_the_provider_are_learned_and_asked_for_only_so_often() {
    let scene = scene(|_| {}).await;
    scene.me(&scene.go("/", ada()).await).await;
    assert_eq!(scene.issuer.key_looks(), 1);
    scene.issuer.rotate();
    refused(&scene.go("/", ada()).await, "failed");
    assert_eq!(scene.issuer.key_looks(), 1, "they were asked for a moment ago");
    scene.api.world.test.clock.turn_seconds(11);
    scene.me(&scene.go("/", ada()).await).await;
    assert_eq!(scene.issuer.key_looks(), 2);
}

#[tokio::test]
async fn a_state_and_a_code_work_once() {
    let scene = scene(|_| {}).await;
    let trip = scene.set_out("/").await;
    let code = scene.issuer.approve(&trip.address, ada());
    scene.me(&scene.back(&trip.cookie, &trip.state, &code).await).await;
    refused(&scene.back(&trip.cookie, &trip.state, &code).await, "stale");
    // The code in another sign-in's way back: the provider refuses it, and PKCE would as well.
    let other = scene.set_out("/").await;
    refused(&scene.back(&other.cookie, &other.state, &code).await, "failed");
    let stolen = scene.issuer.approve(&trip.address, ada());
    let other = scene.set_out("/").await;
    refused(&scene.back(&other.cookie, &other.state, &stolen).await, "failed");
    refused(&scene.back(&trip.cookie, "", "").await, "stale");
    let late = scene.set_out("/").await;
    scene.api.world.test.clock.turn_seconds(901);
    let code = scene.issuer.approve(&late.address, ada());
    refused(&scene.back(&late.cookie, &late.state, &code).await, "stale");
}

#[tokio::test]
async fn nobody_is_signed_in_as_somebody_else_by_a_way_back_that_is_not_their_own() {
    let scene = scene(|_| {}).await;
    // The attacker goes to the provider as themselves, and gives the way back to a victim's browser.
    let attack = scene.set_out("/").await;
    let code = scene.issuer.approve(&attack.address, json!({ "sub": "eve-2", "email": "eve@example.com", "email_verified": true }));
    let victim = scene.set_out("/").await;
    refused(&scene.back(&victim.cookie, &attack.state, &code).await, "stale");
    let attack = scene.set_out("/").await;
    let code = scene.issuer.approve(&attack.address, ada());
    let answer = scene.api.get(&As::Nobody, &format!("/v1/auth/oidc/corp/callback?code={code}&state={}", attack.state)).await.ok(303);
    refused(&answer, "stale");
}

#[tokio::test]
async fn after_signing_in_nobody_is_led_to_another_site() {
    let scene = scene(|_| {}).await;
    for next in ["https://evil.example", "//evil.example", "/%5Cevil.example", "javascript:alert(1)", "%2F%2Fevil.example"] {
        let answer = scene.go(next, ada()).await;
        assert_eq!(place(&answer), "/", "{next}");
    }
    assert_eq!(place(&scene.go("/agents%3Fq%3D1", ada()).await), "/agents?q=1");
}

#[tokio::test]
async fn an_address_alone_makes_nobody_another_user() {
    for (trust, confirm, vouched, expected) in [
        // The provider's word is not trusted for it: link while signed in.
        (false, true, true, "link_first"),
        // Whoever signed up with somebody's address first would be given their sign-ins.
        (true, false, true, "link_first"),
        // The provider does not vouch for it: anybody can type an address.
        (true, true, false, "unverified"),
    ] {
        let scene = scene(|provider| provider.trust_email = trust).await;
        let (_, email) = if confirm { confirmed(&scene.api).await } else { scene.api.signup().await };
        let claims = json!({ "sub": "eve-2", "email": email, "email_verified": vouched });
        refused(&scene.go("/", claims).await, expected);
    }
    let scene = scene(|provider| provider.trust_email = true).await;
    let (_, email) = confirmed(&scene.api).await;
    let answer = scene.go("/", json!({ "sub": "ada-1", "email": email.to_uppercase(), "email_verified": "true" })).await;
    assert_eq!(scene.me(&answer).await["user"]["email"], email.as_str());
    mail(&scene.api, &email, "Another way to sign in was added", 1).await;
}

#[tokio::test]
async fn who_is_not_admitted_gets_no_account() {
    let scene = scene(|provider| provider.allowed_domains = vec!["example.com".to_owned()]).await;
    refused(&scene.go("/", json!({ "sub": "1", "email": "eve@evil.example", "email_verified": true })).await, "domain");
    refused(&scene.go("/", json!({ "sub": "2", "email": "ada@example.com", "email_verified": false })).await, "unverified");
    refused(&scene.go("/", json!({ "sub": "3" })).await, "unverified");
    scene.me(&scene.go("/", ada()).await).await;
    let closed = self::scene(|provider| provider.makes_accounts = false).await;
    refused(&closed.go("/", ada()).await, "unknown");
    let trip = closed.set_out("/").await;
    let answer =
        closed.api.get(&As::Cookie(trip.cookie.clone()), &format!("/v1/auth/oidc/corp/callback?error=access_denied&state={}", trip.state)).await.ok(303);
    refused(&answer, "declined");
    closed.api.get(&As::Nobody, "/v1/auth/oidc/nobody").await.problem(404, "not_found");
}

#[tokio::test]
async fn an_identity_is_linked_by_who_is_signed_in_and_unlinked_again() {
    let scene = scene(|provider| provider.makes_accounts = false).await;
    let (who, email) = scene.api.signup().await;
    assert_eq!(scene.api.post(&who, "/v1/auth/identities/corp", &json!({})).await.paths(), ["password"]);
    let answer = scene.api.post(&who, "/v1/auth/identities/corp", &json!({ "password": PASSWORD })).await.ok(200);
    let trip = scene.trip(answer.json()["url"].as_str().expect("an address").to_owned(), &answer);
    let code = scene.issuer.approve(&trip.address, json!({ "sub": "ada-1" }));
    // In another session, it links nothing: the cookie of the way is there, the session is not.
    let As::Cookie(session) = &who else { unreachable!("a cookie") };
    let (other, _) = scene.api.signup().await;
    let As::Cookie(others) = &other else { unreachable!("a cookie") };
    let back = scene.back(&format!("{}; {others}", trip.cookie), &trip.state, &code).await;
    assert_eq!(place(&back), "/account?problem=stale");
    let answer = scene.api.post(&who, "/v1/auth/identities/corp", &json!({ "password": PASSWORD })).await.ok(200);
    let trip = scene.trip(answer.json()["url"].as_str().expect("an address").to_owned(), &answer);
    let code = scene.issuer.approve(&trip.address, json!({ "sub": "ada-1" }));
    let back = scene.back(&format!("{}; {session}", trip.cookie), &trip.state, &code).await;
    assert_eq!(place(&back), "/account");
    mail(&scene.api, &email, "Another way to sign in was added", 1).await;
    assert_eq!(scene.me(&scene.go("/", json!({ "sub": "ada-1" })).await).await["user"]["email"], email.as_str());
    // Somebody else cannot have it as well.
    let answer = scene.api.post(&other, "/v1/auth/identities/corp", &json!({ "password": PASSWORD })).await.ok(200);
    let trip = scene.trip(answer.json()["url"].as_str().expect("an address").to_owned(), &answer);
    let code = scene.issuer.approve(&trip.address, json!({ "sub": "ada-1" }));
    let back = scene.back(&format!("{}; {others}", trip.cookie), &trip.state, &code).await;
    assert_eq!(place(&back), "/account?problem=taken");
    scene.api.post(&who, "/v1/auth/identities/corp/unlink", &json!({ "password": PASSWORD })).await.ok(204);
    refused(&scene.go("/", json!({ "sub": "ada-1" })).await, "unverified");
}

#[tokio::test]
async fn nobody_removes_their_last_way_in_and_without_a_password_a_fresh_sign_in_is_wanted() {
    let scene = scene(|_| {}).await;
    let answer = scene.go("/", ada()).await;
    let session = As::Cookie(cookies(&answer).into_iter().find(|cookie| cookie.starts_with("vivier_session=")).expect("a session"));
    scene.api.post(&session, "/v1/auth/identities/corp/unlink", &json!({})).await.problem(409, "conflict");
    scene.api.world.test.clock.turn_seconds(16 * 60);
    scene.api.post(&session, "/v1/auth/app", &json!({})).await.problem(403, "sign_in_again");
    sign_in(&scene.api, "ada@example.com", "").await.problem(401, "wrong_credentials");
}

#[tokio::test]
async fn the_second_factor_is_asked_for_after_a_provider_too() {
    let scene = scene(|_| {}).await;
    let answer = scene.go("/", ada()).await;
    let session = As::Cookie(cookies(&answer).into_iter().find(|cookie| cookie.starts_with("vivier_session=")).expect("a session"));
    let enrolment = scene.api.post(&session, "/v1/auth/app", &json!({})).await.ok(200).json();
    let code = super::second::code(&scene.api, enrolment["secret"].as_str().expect("a text"));
    scene.api.post(&session, "/v1/auth/app/confirm", &json!({ "code": code })).await.ok(200);
    scene.api.world.test.clock.turn_seconds(60);
    let answer = scene.go("/agents", ada()).await;
    assert!(cookies(&answer).is_empty(), "no session before the second step");
    let (path, fragment) = place(&answer).split_once('#').expect("a fragment");
    assert_eq!(path, "/login?next=%2Fagents");
    let step: std::collections::HashMap<_, _> = url::form_urlencoded::parse(fragment.as_bytes()).into_owned().collect();
    assert_eq!(step["kinds"], r#"["app","recovery_code"]"#);
    let code = super::second::code(&scene.api, enrolment["secret"].as_str().expect("a text"));
    scene.api.post(&As::Nobody, "/v1/auth/second", &json!({ "token": step["second"], "code": code })).await.ok(200);
}
