//! Passkeys: several, by name; alone and as the second factor; and no answer but the right one.

use serde_json::{Value, json};
use vivier_server::Config;

use super::api::{Answer, Api, As, PASSWORD, settings};
use super::mailbox::{mail, sign_in};
use crate::support::authenticator::{Passkey, Twist};

async fn ask_new(api: &Api, who: &As) -> Value {
    api.post(who, "/v1/auth/passkeys/options", &json!({ "password": PASSWORD })).await.ok(200).json()
}

async fn add(api: &Api, who: &As, name: &str) -> (Passkey, Value) {
    let question = ask_new(api, who).await;
    let (passkey, credential) = Passkey::create(&question["options"], Twist::None);
    let added = api.post(who, "/v1/auth/passkeys", &json!({ "token": question["token"], "name": name, "credential": credential })).await.ok(201).json();
    (passkey, added)
}

async fn ask(api: &Api, second: Option<&Value>) -> Value {
    api.post(&As::Nobody, "/v1/auth/passkeys/sign-in/options", &json!({ "second": second })).await.ok(200).json()
}

async fn answer(api: &Api, question: &Value, credential: &Value) -> Answer {
    api.post(&As::Nobody, "/v1/auth/passkeys/sign-in", &json!({ "token": question["token"], "credential": credential })).await
}

#[tokio::test]
async fn a_passkey_signs_in_alone_and_its_answer_works_once() {
    let api = Api::new().await;
    let (who, email) = api.signup().await;
    assert_eq!(api.post(&who, "/v1/auth/passkeys/options", &json!({})).await.paths(), ["password"]);
    let (mut laptop, added) = add(&api, &who, "Laptop").await;
    assert_eq!(added["recovery_codes"].as_array().map(Vec::len), Some(10), "with the first second factor: {added}");
    let (_, phone) = add(&api, &who, "Phone").await;
    assert!(phone.get("recovery_codes").is_none(), "{phone}");
    mail(&api, &email, "A passkey was added", 2).await;
    let listed = api.get(&who, "/v1/auth/security").await.ok(200).json();
    assert_eq!(listed["passkeys"].as_array().expect("a list").iter().map(|passkey| &passkey["name"]).collect::<Vec<_>>(), ["Laptop", "Phone"]);

    let question = ask(&api, None).await;
    let credential = laptop.get(&question["options"], Twist::None);
    let session = As::Cookie(answer(&api, &question, &credential).await.ok(200).cookie().expect("a session"));
    assert_eq!(api.get(&session, "/v1/auth/me").await.ok(200).json()["user"]["email"], email.as_str());
    answer(&api, &question, &credential).await.problem(401, "begin_again");
    // Neither does it answer another question.
    let other = ask(&api, None).await;
    assert_eq!(answer(&api, &other, &credential).await.paths(), ["credential"]);
}

#[tokio::test]
async fn an_answer_that_is_not_quite_right_is_refused() {
    let api = Api::new().await;
    let (who, _) = api.signup().await;
    for twist in [Twist::Origin, Twist::Unverified, Twist::Challenge] {
        let question = ask_new(&api, &who).await;
        let (_, credential) = Passkey::create(&question["options"], twist);
        let body = json!({ "token": question["token"], "name": "x", "credential": credential });
        assert_eq!(api.post(&who, "/v1/auth/passkeys", &body).await.paths(), ["credential"], "{twist:?}");
        assert_eq!(api.post(&who, "/v1/auth/passkeys", &body).await.paths(), ["token"], "a question is asked once");
    }
    let (mut passkey, _) = add(&api, &who, "Key").await;
    for twist in [Twist::Origin, Twist::Unverified, Twist::Challenge, Twist::Key] {
        let question = ask(&api, None).await;
        let credential = passkey.get(&question["options"], twist);
        assert_eq!(answer(&api, &question, &credential).await.paths(), ["credential"], "{twist:?}");
    }
    // Somebody else's name on it.
    let (other, _) = api.signup().await;
    let (stranger, _) = add(&api, &other, "Other").await;
    let question = ask(&api, None).await;
    passkey.user = stranger.user;
    answer(&api, &question, &passkey.get(&question["options"], Twist::None)).await.problem(401, "unknown_passkey");
    // One that nobody has registered here.
    let made = ask_new(&api, &who).await;
    let (mut unknown, _) = Passkey::create(&made["options"], Twist::None);
    let question = ask(&api, None).await;
    answer(&api, &question, &unknown.get(&question["options"], Twist::None)).await.problem(401, "unknown_passkey");
}

#[tokio::test]
async fn a_question_of_one_user_registers_nothing_for_another() {
    let api = Api::new().await;
    let (who, _) = api.signup().await;
    let (other, _) = api.signup().await;
    let question = ask_new(&api, &who).await;
    let (_, credential) = Passkey::create(&question["options"], Twist::None);
    let body = json!({ "token": question["token"], "name": "x", "credential": credential });
    assert_eq!(api.post(&other, "/v1/auth/passkeys", &body).await.paths(), ["token"]);
}

#[tokio::test]
async fn a_passkey_is_the_second_factor_of_its_own_user_only() {
    let api = Api::new().await;
    let (who, email) = api.signup().await;
    let (mut own, _) = add(&api, &who, "Own").await;
    let (other, _) = api.signup().await;
    let (mut others, _) = add(&api, &other, "Other's").await;
    let step = sign_in(&api, &email, PASSWORD).await.ok(202).json();
    assert_eq!(step["kinds"], json!(["passkey", "recovery_code"]));
    let question = ask(&api, Some(&step["token"])).await;
    answer(&api, &question, &others.get(&question["options"], Twist::None)).await.problem(401, "begin_again");
    let question = ask(&api, Some(&step["token"])).await;
    let session = As::Cookie(answer(&api, &question, &own.get(&question["options"], Twist::None)).await.ok(200).cookie().expect("a session"));
    api.get(&session, "/v1/auth/me").await.ok(200);
    // The first step is used up.
    api.post(&As::Nobody, "/v1/auth/passkeys/sign-in/options", &json!({ "second": step["token"] })).await.problem(401, "begin_again");
}

#[tokio::test]
async fn a_removed_passkey_signs_nobody_in_and_removing_it_needs_the_password() {
    let api = Api::new().await;
    let (who, email) = api.signup().await;
    let (mut passkey, added) = add(&api, &who, "Lost").await;
    let path = format!("/v1/auth/passkeys/{}/remove", added["passkey"]["id"].as_str().expect("an id"));
    assert_eq!(api.post(&who, &path, &json!({})).await.paths(), ["password"]);
    let (stranger, _) = api.signup().await;
    api.post(&stranger, &path, &json!({ "password": PASSWORD })).await.problem(404, "not_found");
    api.post(&who, &path, &json!({ "password": PASSWORD })).await.ok(204);
    mail(&api, &email, "A passkey was removed", 1).await;
    let question = ask(&api, None).await;
    answer(&api, &question, &passkey.get(&question["options"], Twist::None)).await.problem(401, "unknown_passkey");
    sign_in(&api, &email, PASSWORD).await.ok(200);
}

#[tokio::test]
async fn at_an_address_without_a_name_no_passkeys_are_offered() {
    let api = Api::with(Config { public_url: "http://127.0.0.1:8080".to_owned(), ..settings() }).await;
    assert_eq!(api.get(&As::Nobody, "/v1/auth/options").await.ok(200).json()["passkeys"], false);
    let (who, _) = api.signup().await;
    api.post(&who, "/v1/auth/passkeys/options", &json!({ "password": PASSWORD })).await.problem(409, "no_passkeys");
}
