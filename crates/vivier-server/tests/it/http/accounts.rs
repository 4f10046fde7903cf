//! Where one is signed in; what an account's owner takes away; and how an account and a person end.

use serde_json::{Value, json};
use vivier_server::auth::token::digest;

use super::api::{Api, As, PASSWORD};
use super::members::join;
use crate::support::eventually;

fn items(value: &Value) -> &Vec<Value> {
    value["items"].as_array().expect("a list")
}

async fn login(api: &Api, email: &str, agent: &str, from: &str) -> As {
    let request = api.request(&As::Nobody, reqwest::Method::POST, "/v1/auth/login").json(&json!({ "email": email, "password": PASSWORD }));
    let answer = api.send(request.header("user-agent", agent).header("x-forwarded-for", from)).await.ok(200);
    As::Cookie(answer.cookie().expect("a session"))
}

#[tokio::test]
async fn one_sees_where_one_is_signed_in_and_ends_any_of_it() {
    let api = Api::new().await;
    let (here, email) = api.signup().await;
    let firefox = "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0";
    let there = login(&api, &email, firefox, "192.0.2.7").await;
    let elsewhere = login(&api, &email, "curl/8", "2001:db8::9").await;
    let listed = api.get(&here, "/v1/sessions").await.ok(200).json();
    assert_eq!(items(&listed).len(), 3);
    let theirs = items(&listed).iter().find(|session| session["address"] == "192.0.2.7").expect("there");
    assert_eq!((theirs["browser"].as_str(), theirs["current"].as_bool()), (Some("Firefox on Linux"), Some(false)));
    assert_eq!(items(&listed).iter().filter(|session| session["current"] == true).count(), 1);
    assert!(theirs["account"].is_string() && theirs["last_seen_at"].is_string());
    let (stranger, _) = api.signup().await;
    let id = theirs["id"].as_str().expect("an id");
    api.delete(&stranger, &format!("/v1/sessions/{id}")).await.problem(404, "not_found");
    api.delete(&here, &format!("/v1/sessions/{id}")).await.ok(204);
    api.get(&there, "/v1/auth/me").await.problem(401, "unauthorized");
    api.delete(&here, &format!("/v1/sessions/{id}")).await.problem(404, "not_found");
    api.delete(&here, "/v1/sessions").await.ok(204);
    api.get(&elsewhere, "/v1/auth/me").await.problem(401, "unauthorized");
    assert_eq!(items(&api.get(&here, "/v1/sessions").await.ok(200).json()).len(), 1);
    api.get(&stranger, "/v1/auth/me").await.ok(200);
}

#[tokio::test]
async fn an_owner_takes_everything_away_and_no_secret_is_in_it() {
    let api = Api::new().await;
    let (owner, email) = api.signup().await;
    let (_, guest) = join(&api, &owner, "viewer").await;
    let id = api.deploy(&owner, "Exported").await;
    let As::Token(secret) = api.token(&owner, &["read"]).await else { unreachable!("a token") };
    api.post(&owner, "/v1/invitations", &json!({ "email": "next@example.com", "role": "admin" })).await.ok(201);
    let (other, _) = api.signup().await;
    api.deploy(&other, "Somebody else's").await;
    let answer = api.get(&owner, "/v1/account/export").await.ok(200);
    assert!(answer.headers["content-disposition"].to_str().is_ok_and(|value| value.starts_with("attachment; filename=\"vivier-acc_")));
    let document = answer.json();
    for part in ["account", "members", "invitations", "tokens", "deployments", "configs", "secrets", "revisions", "events", "audit"] {
        assert!(document[part].as_array().is_some_and(|rows| !rows.is_empty()), "{part} is missing: {document:#}");
    }
    assert_eq!(document["deployments"][0]["id"], id.as_str());
    assert!(document["deployments"][0]["created_at"].as_str().is_some_and(|at| at.ends_with('Z')));
    assert_eq!(document["members"].as_array().map(Vec::len), Some(2));
    for there in [&email, &guest] {
        assert!(answer.text.contains(there.as_str()));
    }
    for gone in ["Somebody else's", "sk-canary-provider-key", secret.as_str(), "hash", "$argon2"] {
        assert!(!answer.text.contains(gone), "{gone} is in the export");
    }
}

#[tokio::test]
async fn a_deleted_account_ends_at_once_and_what_is_personal_after_the_retention() {
    let api = Api::new().await;
    let (owner, email) = api.signup().await;
    let (guest, guests) = join(&api, &owner, "admin").await;
    let id = api.deploy(&owner, "Ended").await;
    api.until_state(&owner, &id, "running").await;
    let token = api.token(&owner, &["read"]).await;
    let me = api.get(&owner, "/v1/auth/me").await.json();
    let (account, name) = (me["account"]["id"].as_str().expect("an id").to_owned(), me["account"]["name"].clone());
    let delete = |name: &Value, password: &str| json!({ "name": name, "password": password });
    api.post(&guest, "/v1/account/delete", &delete(&name, PASSWORD)).await.problem(403, "role_missing");
    assert_eq!(api.post(&owner, "/v1/account/delete", &delete(&name, "not the password")).await.paths(), ["password"]);
    assert_eq!(api.post(&owner, "/v1/account/delete", &delete(&json!("another"), PASSWORD)).await.paths(), ["name"]);
    api.get(&owner, &format!("/v1/deployments/{id}")).await.ok(200);
    let deleted = api.post(&owner, "/v1/account/delete", &delete(&name, PASSWORD)).await.ok(200);
    assert_eq!(deleted.json()["deployments"], 1);
    assert!(deleted.headers["set-cookie"].to_str().is_ok_and(|line| line.contains("Max-Age=0")));
    for who in [&owner, &guest, &token] {
        api.get(who, "/v1/deployments").await.problem(401, "unauthorized");
    }
    let store = &api.world.app.store;
    let deployment = id.parse().expect("an id");
    let owned = store.deployment_owner(deployment).await.expect("still there");
    eventually("it is ended", || async { (store.deployment(owned, deployment).await.expect("there").state.to_string() == "terminated").then_some(()) }).await;
    for address in [&email, &guests] {
        let outbox = api.world.test.dir.path().join("outbox");
        eventually("a mail says so", || async {
            let mut texts = std::fs::read_dir(&outbox).into_iter().flatten().flatten().filter_map(|entry| std::fs::read_to_string(entry.path()).ok());
            texts.any(|text| text.contains(&format!("To: {address}")) && text.contains("was deleted by its owner")).then_some(())
        })
        .await;
    }
    // Whoever was in it signs in to what they have elsewhere: nothing.
    let again = api.post(&As::Nobody, "/v1/auth/login", &json!({ "email": guests, "password": PASSWORD })).await.ok(200);
    assert_eq!(again.json()["account"], Value::Null);
    // Nothing personal goes before its time, and everything after it.
    assert_eq!(store.erase_accounts().await.expect("a look"), 0);
    api.world.test.clock.turn_seconds(i64::from(api.world.app.settings.retention_days) * 86_400 + 1);
    eventually("it is purged and erased", || async {
        let gone = store.deployment_owner(deployment).await.is_err();
        let account = store.account(account.parse().expect("an id")).await.expect("its row stays");
        (gone && account.name == "deleted").then_some(())
    })
    .await;
    let log = store.audit_log(Some(account.parse().expect("an id")), 500).await.expect("a log");
    assert!(log.iter().any(|row| row.action == "account.delete"), "what was done stays");
    assert!(log.iter().all(|row| row.actor != email && row.actor != guests), "who did it does not: {log:#?}");
    assert!(store.members(account.parse().expect("an id")).await.expect("a list").is_empty());
}

#[tokio::test]
async fn a_person_in_no_account_is_deleted_and_their_address_is_free_again() {
    let api = Api::new().await;
    let (owner, email) = api.signup().await;
    let delete = |email: &str, password: &str| json!({ "email": email, "password": password });
    assert_eq!(api.post(&owner, "/v1/auth/user/delete", &delete("another@example.com", PASSWORD)).await.paths(), ["email"]);
    api.post(&owner, "/v1/auth/user/delete", &delete(&email, PASSWORD)).await.problem(409, "conflict");
    let name = api.get(&owner, "/v1/auth/me").await.json()["account"]["name"].clone();
    api.post(&owner, "/v1/account/delete", &json!({ "name": name, "password": PASSWORD })).await.ok(200);
    let alone = As::Cookie(api.post(&As::Nobody, "/v1/auth/login", &json!({ "email": email, "password": PASSWORD })).await.ok(200).cookie().expect("one"));
    assert_eq!(api.post(&alone, "/v1/auth/user/delete", &delete(&email, "not the password")).await.paths(), ["password"]);
    api.post(&alone, "/v1/auth/user/delete", &delete(&email, PASSWORD)).await.ok(204);
    api.get(&alone, "/v1/auth/me").await.problem(401, "unauthorized");
    api.post(&As::Nobody, "/v1/auth/login", &json!({ "email": email, "password": PASSWORD })).await.problem(401, "wrong_credentials");
    let log = api.world.app.store.audit_log(None, 500).await.expect("a log");
    assert!(log.iter().any(|row| row.action == "user.delete") && log.iter().all(|row| !row.actor.contains(&email)), "{log:#?}");
    let again = api.post(&As::Nobody, "/v1/auth/signup", &json!({ "email": email, "password": PASSWORD })).await.ok(201);
    assert_ne!(again.json()["account"]["id"], Value::Null);
}

#[tokio::test]
async fn who_has_no_password_confirms_by_having_signed_in_just_now() {
    let api = Api::new().await;
    let (owner, email) = api.signup().await;
    let (guest, _) = join(&api, &owner, "admin").await;
    let guest = api.get(&guest, "/v1/auth/me").await.json()["user"]["id"].clone();
    // As somebody whom an identity provider signs in.
    let store = &api.world.app.store;
    let mut tx = store.begin().await.expect("a transaction");
    sqlx::query("UPDATE users SET password_hash = NULL WHERE email = $1").bind(&email).execute(tx.conn()).await.expect("written");
    tx.commit_quietly().await.expect("kept");
    api.world.test.clock.turn_seconds(901);
    api.post(&owner, "/v1/account/owner", &json!({ "user": guest })).await.problem(403, "sign_in_again");
    let user = store.user_by_email(&email.parse().expect("an address")).await.expect("a look").expect("there");
    let place = store.memberships(user.id).await.expect("a list")[0].account.id;
    let new = vivier_server::store::sessions::NewSession {
        user: user.id,
        email: &user.email,
        account: Some(place),
        token_hash: digest("fresh"),
        idle_days: 30,
        replaces: None,
        since: None,
        origin: vivier_server::store::sessions::Origin::default(),
    };
    store.open_session(new).await.expect("opened");
    api.post(&As::Cookie("vivier_session=fresh".to_owned()), "/v1/account/owner", &json!({ "user": guest })).await.ok(204);
}

#[tokio::test]
async fn a_switch_is_no_sign_in_and_begins_a_new_session() {
    let api = Api::new().await;
    let (who, _) = api.signup().await;
    let other = api.post(&who, "/v1/accounts", &json!({ "name": "Other" })).await.ok(201).json()["id"].clone();
    let before = api.get(&who, "/v1/sessions").await.ok(200).json();
    api.world.test.clock.turn_seconds(5_000);
    let answer = api.post(&who, "/v1/auth/switch", &json!({ "account": other })).await.ok(200);
    let there = As::Cookie(answer.cookie().expect("another session"));
    api.get(&who, "/v1/auth/me").await.problem(401, "unauthorized");
    let after = api.get(&there, "/v1/sessions").await.ok(200).json();
    assert_eq!(items(&after).len(), 1);
    assert_ne!(items(&after)[0]["id"], items(&before)[0]["id"]);
    // Else whoever holds a session that was left open could make it fresh.
    assert_eq!(items(&after)[0]["created_at"], items(&before)[0]["created_at"]);
}
