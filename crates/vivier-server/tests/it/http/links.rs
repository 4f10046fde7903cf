//! Links in mails: addresses are proven, passwords set anew and addresses changed by whoever reads the mails, and by nobody else.

use reqwest::Method;
use serde_json::json;
use vivier_server::Config;
use vivier_server::config::VerifyEmail;

use super::api::{Api, As, PASSWORD, new_deployment, settings};
use super::mailbox::{another_session, confirmed, mail, mails, sign_in, token};

const NEW: &str = "another horse battery";

#[tokio::test]
async fn an_address_is_confirmed_by_its_link_once_and_a_new_one_makes_the_old_one_worthless() {
    let api = Api::new().await;
    let (who, email) = api.signup().await;
    let first = token(&api, &email, "Confirm your address", 1).await;
    let me = async || api.get(&who, "/v1/auth/security").await.ok(200).json();
    assert!(me().await["email_verified_at"].is_null());
    api.post(&who, "/v1/auth/verify/resend", &json!(null)).await.ok(202);
    let second = token(&api, &email, "Confirm your address", 2).await;
    for wrong in [first.as_str(), "", "guess"] {
        assert_eq!(api.post(&As::Nobody, "/v1/auth/verify", &json!({ "token": wrong })).await.paths(), ["token"]);
    }
    // Of another purpose, it is none.
    assert_eq!(api.post(&As::Nobody, "/v1/auth/reset/finish", &json!({ "token": second, "new_password": NEW })).await.paths(), ["token"]);
    api.post(&As::Nobody, "/v1/auth/verify", &json!({ "token": second })).await.ok(204);
    assert!(me().await["email_verified_at"].is_string());
    assert_eq!(api.post(&As::Nobody, "/v1/auth/verify", &json!({ "token": second })).await.paths(), ["token"]);
    api.post(&who, "/v1/auth/verify/resend", &json!(null)).await.problem(409, "conflict");
    // The database knows no link.
    let bytes = ["vivier.db", "vivier.db-wal"].map(|name| std::fs::read(api.world.test.dir.path().join(name)).unwrap_or_default()).concat();
    assert!(!bytes.windows(second.len()).any(|window| window == second.as_bytes()));
}

#[tokio::test]
async fn links_end_after_their_time() {
    let api = Api::new().await;
    let (_, email) = api.signup().await;
    let verify = token(&api, &email, "Confirm your address", 1).await;
    api.post(&As::Nobody, "/v1/auth/reset", &json!({ "email": email })).await.ok(202);
    let reset = token(&api, &email, "Set a new password", 1).await;
    api.world.test.clock.turn_seconds(3_601);
    assert_eq!(api.post(&As::Nobody, "/v1/auth/reset/finish", &json!({ "token": reset, "new_password": NEW })).await.paths(), ["token"]);
    api.world.test.clock.turn_seconds(3 * 86_400);
    assert_eq!(api.post(&As::Nobody, "/v1/auth/verify", &json!({ "token": verify })).await.paths(), ["token"]);
}

#[tokio::test]
async fn where_confirmation_matters_an_unconfirmed_user_has_trials_only() {
    let api = Api::with(Config { verify_email: VerifyEmail::Always, ..settings() }).await;
    let (who, email) = api.signup().await;
    let problem = api.post(&who, "/v1/deployments", &new_deployment("Early")).await.problem(403, "email_unverified");
    assert!(problem["detail"].as_str().is_some_and(|detail| detail.contains(&email)), "{problem}");
    let mut trial = new_deployment("Trial");
    trial["plan"] = json!("trial");
    let id = api.post(&who, "/v1/deployments", &trial).await.ok(202).json()["id"].as_str().expect("an id").to_owned();
    api.with_body(&who, Method::PATCH, &format!("/v1/deployments/{id}"), &json!({ "plan": "pro" })).await.problem(403, "email_unverified");
    let token = token(&api, &email, "Confirm your address", 1).await;
    api.post(&As::Nobody, "/v1/auth/verify", &json!({ "token": token })).await.ok(204);
    api.post(&who, "/v1/deployments", &new_deployment("Now")).await.ok(202);
}

#[tokio::test]
async fn who_asks_for_a_reset_learns_nothing_about_whose_address_it_is() {
    let api = Api::new().await;
    let (_, email) = api.signup().await;
    let nobody = format!("{}@example.com", uuid::Uuid::new_v4().simple());
    let mut fastest = [f64::MAX; 2];
    for _ in 0..12 {
        for (place, address) in [&email, &nobody].into_iter().enumerate() {
            let begun = std::time::Instant::now();
            let answer = api.post(&As::Nobody, "/v1/auth/reset", &json!({ "email": address })).await.ok(202);
            fastest[place] = fastest[place].min(begun.elapsed().as_secs_f64());
            assert_eq!(answer.text, "");
        }
    }
    // Both only enqueue a job. Were the mail made here, somebody would take several times as long as nobody.
    let ratio = fastest[0] / fastest[1];
    assert!((0.4..2.5).contains(&ratio), "{fastest:?}");
    mail(&api, &email, "Set a new password", 12).await;
    assert!(mails(&api, &nobody, "Set a new password").is_empty());
}

#[tokio::test]
async fn nobody_is_flooded_with_mails_and_the_limit_tells_nothing_either() {
    let api = Api::with(Config { mails_per_hour: 2, ..settings() }).await;
    let (who, email) = api.signup().await;
    for address in [email.as_str(), "nobody@example.com"] {
        for _ in 0..2 {
            api.post(&As::Nobody, "/v1/auth/reset", &json!({ "email": address })).await.ok(202);
        }
        api.post(&As::Nobody, "/v1/auth/reset", &json!({ "email": address })).await.problem(429, "resets_per_account");
    }
    for _ in 0..2 {
        api.post(&who, "/v1/auth/verify/resend", &json!(null)).await.ok(202);
    }
    api.post(&who, "/v1/auth/verify/resend", &json!(null)).await.problem(429, "mails_per_user");
}

#[tokio::test]
async fn a_reset_works_once_ends_every_session_and_is_told() {
    let api = Api::new().await;
    let (one, email) = api.signup().await;
    let other = another_session(&api, &email).await;
    api.post(&As::Nobody, "/v1/auth/reset", &json!({ "email": email })).await.ok(202);
    let old = token(&api, &email, "Set a new password", 1).await;
    api.post(&As::Nobody, "/v1/auth/reset", &json!({ "email": email.to_uppercase() })).await.ok(202);
    let link = token(&api, &email, "Set a new password", 2).await;
    let finish = async |token: &str, password: &str| api.post(&As::Nobody, "/v1/auth/reset/finish", &json!({ "token": token, "new_password": password })).await;
    assert_eq!(finish(&old, NEW).await.paths(), ["token"], "only the newest works");
    assert_eq!(finish(&link, "short").await.paths(), ["new_password"], "and this has not used it up");
    finish(&link, NEW).await.ok(204);
    assert_eq!(finish(&link, "yet another password").await.paths(), ["token"], "once");
    for session in [&one, &other] {
        api.get(session, "/v1/auth/me").await.problem(401, "unauthorized");
    }
    sign_in(&api, &email, PASSWORD).await.problem(401, "wrong_credentials");
    let answer = sign_in(&api, &email, NEW).await.ok(200);
    mail(&api, &email, "Your password was set anew", 1).await;
    // Who reads the mails of an address has proven it.
    assert!(answer.json()["user"]["email_verified_at"].is_string());
}

#[tokio::test]
async fn an_address_changes_when_the_new_one_is_proven_and_the_old_one_can_take_it_back() {
    let api = Api::new().await;
    let (who, email) = confirmed(&api).await;
    let new = format!("new-{email}");
    let change = |password: Option<&str>| json!({ "email": new, "password": password });
    assert_eq!(api.post(&who, "/v1/auth/email", &change(None)).await.paths(), ["password"]);
    assert_eq!(api.post(&who, "/v1/auth/email", &change(Some("wrong wrong wrong"))).await.paths(), ["password"]);
    api.post(&who, "/v1/auth/email", &change(Some(PASSWORD))).await.ok(202);
    let link = token(&api, &new, "Confirm your new address", 1).await;
    assert_eq!(api.get(&who, "/v1/auth/security").await.ok(200).json()["new_email"], new.as_str());
    sign_in(&api, &new, PASSWORD).await.problem(401, "wrong_credentials");
    // Links that went to the old address do not outlive it.
    api.post(&As::Nobody, "/v1/auth/reset", &json!({ "email": email })).await.ok(202);
    let reset = token(&api, &email, "Set a new password", 1).await;
    api.post(&As::Nobody, "/v1/auth/email/finish", &json!({ "token": link })).await.ok(204);
    assert_eq!(api.post(&As::Nobody, "/v1/auth/email/finish", &json!({ "token": link })).await.paths(), ["token"]);
    assert_eq!(api.post(&As::Nobody, "/v1/auth/reset/finish", &json!({ "token": reset, "new_password": NEW })).await.paths(), ["token"]);
    sign_in(&api, &email, PASSWORD).await.problem(401, "wrong_credentials");
    let thief = As::Cookie(sign_in(&api, &new, PASSWORD).await.ok(200).cookie().expect("a session"));
    // It was not the owner who did this.
    let undo = token(&api, &email, "Your address was changed", 1).await;
    api.world.test.clock.turn_seconds(6 * 86_400);
    api.post(&As::Nobody, "/v1/auth/email/undo", &json!({ "token": undo })).await.ok(204);
    assert_eq!(api.post(&As::Nobody, "/v1/auth/email/undo", &json!({ "token": undo })).await.paths(), ["token"]);
    for session in [&who, &thief] {
        api.get(session, "/v1/auth/me").await.problem(401, "unauthorized");
    }
    for address in [&email, &new] {
        sign_in(&api, address, PASSWORD).await.problem(401, "wrong_credentials");
    }
    let reset = token(&api, &email, "Your address is back; set a new password", 1).await;
    api.post(&As::Nobody, "/v1/auth/reset/finish", &json!({ "token": reset, "new_password": NEW })).await.ok(204);
    sign_in(&api, &email, NEW).await.ok(200);
}

#[tokio::test]
async fn an_address_that_somebody_has_cannot_be_taken_and_is_not_told_about() {
    let api = Api::new().await;
    let (who, _) = confirmed(&api).await;
    let (_, taken) = api.signup().await;
    let free = format!("free-{taken}");
    let answers = [&taken, &free].map(|email| json!({ "email": email, "password": PASSWORD }));
    for body in &answers {
        assert_eq!(api.post(&who, "/v1/auth/email", body).await.ok(202).text, "");
    }
    api.post(&who, "/v1/auth/email", &answers[0]).await.ok(202);
    let link = token(&api, &taken, "Confirm your new address", 2).await;
    api.post(&As::Nobody, "/v1/auth/email/finish", &json!({ "token": link })).await.problem(409, "taken");
    sign_in(&api, &taken, PASSWORD).await.ok(200);
}
