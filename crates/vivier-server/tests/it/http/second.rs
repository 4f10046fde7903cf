//! The second factor: asked for, taken once, and not to be guessed.

use serde_json::{Value, json};
use vivier_core::time::Timestamp;
use vivier_server::Config;
use vivier_server::auth::totp::code_at;
use vivier_server::clock::Clock as _;

use super::api::{Answer, Api, As, PASSWORD, settings};
use super::mailbox::{mail, sign_in, token};

/// An authenticator app, and the recovery codes that came with it.
struct App {
    secret: Vec<u8>,
    codes: Vec<String>,
}

impl App {
    fn code(&self, api: &Api) -> String {
        self.code_at(api.world.test.clock.now())
    }

    fn code_at(&self, at: Timestamp) -> String {
        code_at(&self.secret, at)
    }
}

fn base32(text: &str) -> Vec<u8> {
    const LETTERS: &[u8] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";
    let bits: String = text.bytes().map(|letter| format!("{:05b}", LETTERS.iter().position(|known| *known == letter).expect("base 32"))).collect();
    bits.as_bytes().chunks_exact(8).map(|byte| u8::from_str_radix(std::str::from_utf8(byte).expect("bits"), 2).expect("a byte")).collect()
}

async fn set_up(api: &Api, who: &As) -> App {
    assert_eq!(api.post(who, "/v1/auth/app", &json!({})).await.paths(), ["password"]);
    let enrolment = api.post(who, "/v1/auth/app", &json!({ "password": PASSWORD })).await.ok(200).json();
    assert!(enrolment["picture"].as_str().is_some_and(|picture| picture.contains("<svg")), "{enrolment}");
    let mut app = App { secret: base32(enrolment["secret"].as_str().expect("a text")), codes: Vec::new() };
    assert_eq!(api.post(who, "/v1/auth/app/confirm", &json!({ "code": "000000" })).await.paths(), ["code"]);
    let codes = api.post(who, "/v1/auth/app/confirm", &json!({ "code": app.code(api) })).await.ok(200).json();
    app.codes = codes["codes"].as_array().expect("codes").iter().map(|code| code.as_str().expect("a text").to_owned()).collect();
    assert_eq!(app.codes.len(), 10);
    // The code that confirmed it is used up.
    api.world.test.clock.turn_seconds(60);
    app
}

async fn first_step(api: &Api, email: &str) -> Value {
    let answer = sign_in(api, email, PASSWORD).await.ok(202);
    assert!(answer.cookie().is_none(), "no session before the second step");
    answer.json()
}

async fn second(api: &Api, step: &Value, code: &str) -> Answer {
    api.post(&As::Nobody, "/v1/auth/second", &json!({ "token": step["token"], "code": code })).await
}

#[tokio::test]
async fn with_an_app_a_password_alone_signs_nobody_in_and_a_code_works_once() {
    let api = Api::new().await;
    let (who, email) = api.signup().await;
    // An app that was not confirmed is not asked for.
    api.post(&who, "/v1/auth/app", &json!({ "password": PASSWORD })).await.ok(200);
    sign_in(&api, &email, PASSWORD).await.ok(200);
    let who = As::Cookie(sign_in(&api, &email, PASSWORD).await.ok(200).cookie().expect("a session"));
    let app = set_up(&api, &who).await;
    mail(&api, &email, "An authenticator app was set up", 1).await;
    let step = first_step(&api, &email).await;
    assert_eq!(step["kinds"], json!(["app", "recovery_code"]));
    // The first step's token is no session, and no session is the second step.
    api.get(&As::Token(step["token"].as_str().expect("a token").to_owned()), "/v1/auth/me").await.problem(401, "unauthorized");
    api.get(&As::Cookie(format!("vivier_session={}", step["token"].as_str().expect("a token"))), "/v1/auth/me").await.problem(401, "unauthorized");
    second(&api, &step, "000000").await.problem(401, "wrong_code");
    let code = app.code(&api);
    let session = As::Cookie(second(&api, &step, &code).await.ok(200).cookie().expect("a session"));
    api.get(&session, "/v1/auth/me").await.ok(200);
    second(&api, &step, &code).await.problem(401, "begin_again");
    // Somebody saw the code being typed.
    let replay = first_step(&api, &email).await;
    second(&api, &replay, &code).await.problem(401, "wrong_code");
    // Nor is one of before taken once a later one was.
    let before = app.code_at(api.world.test.clock.now().plus_seconds(-30));
    second(&api, &replay, &before).await.problem(401, "wrong_code");
    api.world.test.clock.turn_seconds(30);
    second(&api, &replay, &app.code(&api)).await.ok(200);
    // The secret is nowhere in clear.
    let bytes = ["vivier.db", "vivier.db-wal"].map(|name| std::fs::read(api.world.test.dir.path().join(name)).unwrap_or_default()).concat();
    assert!(!bytes.windows(app.secret.len()).any(|window| window == app.secret));
}

#[tokio::test]
async fn of_many_who_bring_one_code_at_once_one_comes_in() {
    let api = Api::new().await;
    let (who, email) = api.signup().await;
    let app = set_up(&api, &who).await;
    let mut steps = Vec::new();
    for _ in 0..6 {
        steps.push(first_step(&api, &email).await);
    }
    let code = app.code(&api);
    let answers = futures_util::future::join_all(steps.iter().map(|step| second(&api, step, &code))).await;
    assert_eq!(answers.iter().filter(|answer| answer.status == 200).count(), 1);
}

#[tokio::test]
async fn codes_are_not_guessed_neither_after_one_first_step_nor_after_many() {
    let api = Api::with(Config { logins_per_quarter: 12, ..settings() }).await;
    let (who, email) = api.signup().await;
    let app = set_up(&api, &who).await;
    api.world.test.clock.turn_seconds(1_800);
    let step = first_step(&api, &email).await;
    for _ in 0..5 {
        second(&api, &step, "000000").await.problem(401, "wrong_code");
    }
    // Even the right one is too late.
    second(&api, &step, &app.code(&api)).await.problem(401, "begin_again");
    // A new first step gives no new tries beyond the user's own.
    let step = first_step(&api, &email).await;
    for _ in 0..5 {
        second(&api, &step, "000000").await.problem(401, "wrong_code");
    }
    let step = first_step(&api, &email).await;
    for _ in 0..2 {
        second(&api, &step, "000000").await.problem(401, "wrong_code");
    }
    second(&api, &step, &app.code(&api)).await.problem(429, "codes_per_user");
    api.world.test.clock.turn_seconds(200);
    let step = first_step(&api, &email).await;
    second(&api, &step, &app.code(&api)).await.ok(200);
}

#[tokio::test]
async fn a_first_step_does_not_wait_for_ever_and_ends_with_the_password() {
    let api = Api::new().await;
    let (who, email) = api.signup().await;
    let app = set_up(&api, &who).await;
    let step = first_step(&api, &email).await;
    api.world.test.clock.turn_seconds(301);
    second(&api, &step, &app.code(&api)).await.problem(401, "begin_again");
    let step = first_step(&api, &email).await;
    api.post(&As::Nobody, "/v1/auth/reset", &json!({ "email": email })).await.ok(202);
    let link = token(&api, &email, "Set a new password", 1).await;
    api.post(&As::Nobody, "/v1/auth/reset/finish", &json!({ "token": link, "new_password": "another horse battery" })).await.ok(204);
    second(&api, &step, &app.code(&api)).await.problem(401, "begin_again");
    // A reset takes no factor away.
    sign_in(&api, &email, "another horse battery").await.ok(202);
}

#[tokio::test]
async fn each_recovery_code_works_once_and_new_ones_replace_them() {
    let api = Api::new().await;
    let (who, email) = api.signup().await;
    let app = set_up(&api, &who).await;
    for code in &app.codes[..2] {
        let step = first_step(&api, &email).await;
        second(&api, &step, &code.to_uppercase()).await.ok(200);
        let step = first_step(&api, &email).await;
        second(&api, &step, code).await.problem(401, "wrong_code");
    }
    let who = As::Cookie(second(&api, &first_step(&api, &email).await, &app.code(&api)).await.ok(200).cookie().expect("a session"));
    assert_eq!(api.get(&who, "/v1/auth/security").await.ok(200).json()["recovery_codes_left"], 8);
    assert_eq!(api.post(&who, "/v1/auth/recovery-codes", &json!({ "password": PASSWORD })).await.paths(), ["code"]);
    api.world.test.clock.turn_seconds(60);
    let made = api.post(&who, "/v1/auth/recovery-codes", &json!({ "password": PASSWORD, "code": app.code(&api) })).await.ok(200).json();
    let step = first_step(&api, &email).await;
    second(&api, &step, &app.codes[5]).await.problem(401, "wrong_code");
    second(&api, &step, made["codes"][0].as_str().expect("a code")).await.ok(200);
}

#[tokio::test]
async fn turning_the_app_off_needs_the_password_and_a_code() {
    let api = Api::new().await;
    let (who, email) = api.signup().await;
    let app = set_up(&api, &who).await;
    let off = async |body: Value| api.post(&who, "/v1/auth/app/disable", &body).await;
    assert_eq!(off(json!({ "code": app.code(&api) })).await.paths(), ["password"]);
    assert_eq!(off(json!({ "password": PASSWORD })).await.paths(), ["code"]);
    assert_eq!(off(json!({ "password": PASSWORD, "code": "000000" })).await.paths(), ["code"]);
    assert_eq!(off(json!({ "password": "wrong wrong wrong", "code": app.code(&api) })).await.paths(), ["password"]);
    // A set-up app cannot be replaced by enrolling another.
    api.post(&who, "/v1/auth/app", &json!({ "password": PASSWORD })).await.problem(409, "conflict");
    off(json!({ "password": PASSWORD, "code": app.code(&api) })).await.ok(204);
    mail(&api, &email, "The authenticator app was turned off", 1).await;
    sign_in(&api, &email, PASSWORD).await.ok(200);
    let left = api.get(&who, "/v1/auth/security").await.ok(200).json();
    assert_eq!((&left["app_since"], &left["recovery_codes_left"]), (&json!(null), &json!(0)), "codes that stand in for nothing go, too");
}

/// The code that an app shows now which was told `secret` (base 32).
pub fn code(api: &Api, secret: &str) -> String {
    code_at(&base32(secret), api.world.test.clock.now())
}
