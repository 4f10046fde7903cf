//! Members, invitations, and whoever is no member any more.

use reqwest::Method;
use serde_json::{Value, json};
use vivier_core::wire::catalogue::SignupMode;
use vivier_server::Config;

use super::api::{Answer, Api, As, PASSWORD, settings};
use crate::support::eventually;

/// The token of the newest mail to `email`.
pub async fn invited(api: &Api, email: &str) -> String {
    let outbox = api.world.test.dir.path().join("outbox");
    eventually(&format!("a mail to {email}"), || async {
        let mut mails: Vec<_> = std::fs::read_dir(&outbox).into_iter().flatten().flatten().map(|entry| entry.path()).collect();
        mails.sort();
        let texts = mails.iter().rev().filter_map(|path| std::fs::read_to_string(path).ok());
        let mail = texts.into_iter().find(|text| text.contains(&format!("To: {email}")))?;
        Some(mail.split_once("/invitation#")?.1.chars().take_while(|letter| !letter.is_whitespace()).collect())
    })
    .await
}

async fn invite(api: &Api, who: &As, email: &str, role: &str) -> Answer {
    api.post(who, "/v1/invitations", &json!({ "email": email, "role": role })).await
}

/// Another user, who becomes a member of `owner`'s account with this role. With their session in that account.
pub async fn join(api: &Api, owner: &As, role: &str) -> (As, String) {
    let email = format!("{}@example.com", uuid::Uuid::new_v4().simple());
    invite(api, owner, &email, role).await.ok(201);
    let token = invited(api, &email).await;
    let body = json!({ "email": email, "password": PASSWORD, "invitation": token });
    let answer = api.post(&As::Nobody, "/v1/auth/signup", &body).await.ok(201);
    assert_eq!(answer.json()["account"]["role"], role);
    (As::Cookie(answer.cookie().expect("a session")), email)
}

async fn me(api: &Api, who: &As) -> Value {
    api.get(who, "/v1/auth/me").await.ok(200).json()
}

fn text(value: &Value) -> String {
    value.as_str().expect("a text").to_owned()
}

async fn patch(api: &Api, who: &As, path: &str, body: &Value) -> Answer {
    api.with_body(who, Method::PATCH, path, body).await
}

#[tokio::test]
async fn an_invitation_is_accepted_once_by_whom_it_was_sent_to() {
    let api = Api::new().await;
    let (owner, _) = api.signup().await;
    let (guest, email) = api.signup().await;
    let (stranger, _) = api.signup().await;
    let made = invite(&api, &owner, &email, "member").await.ok(201).json();
    assert!(!made.to_string().contains("token"), "the link leaves by mail alone: {made}");
    let token = json!({ "token": invited(&api, &email).await });
    let shown = api.post(&As::Nobody, "/v1/auth/invitation", &token).await.ok(200).json();
    assert_eq!((shown["email"].as_str(), shown["role"].as_str()), (Some(email.as_str()), Some("member")));
    // Whoever else finds the link is not whom it was sent to.
    assert_eq!(api.post(&stranger, "/v1/auth/invitation/accept", &token).await.problem(409, "taken")["fields"][0]["path"], "token");
    let joined = api.post(&guest, "/v1/auth/invitation/accept", &token).await.ok(200).json();
    assert_eq!(joined["role"], "member");
    api.post(&guest, "/v1/auth/invitation/accept", &token).await.problem(404, "invitation_invalid");
    api.post(&As::Nobody, "/v1/auth/invitation", &token).await.problem(404, "invitation_invalid");
    // They work where they did, until they switch; then in the other, with a session of its own.
    assert_ne!(me(&api, &guest).await["account"]["id"], joined["id"]);
    let accounts = api.get(&guest, "/v1/accounts").await.ok(200).json();
    assert_eq!(accounts["items"].as_array().map(Vec::len), Some(2));
    let switched = api.post(&guest, "/v1/auth/switch", &json!({ "account": joined["id"] })).await.ok(200);
    assert_eq!(switched.json()["account"]["id"], joined["id"]);
    let there = As::Cookie(switched.cookie().expect("a new session"));
    api.get(&guest, "/v1/auth/me").await.problem(401, "unauthorized");
    assert_eq!(api.get(&there, "/v1/members").await.ok(200).json()["items"].as_array().map(Vec::len), Some(2));
    api.post(&stranger, "/v1/auth/switch", &json!({ "account": joined["id"] })).await.problem(404, "not_found");
    // The next sign-in goes on where they worked last.
    let again = api.post(&As::Nobody, "/v1/auth/login", &json!({ "email": email, "password": PASSWORD })).await.ok(200);
    assert_eq!(again.json()["account"]["id"], joined["id"]);
}

#[tokio::test]
async fn an_invitation_tells_nobody_who_has_an_account() {
    let api = Api::new().await;
    let (owner, _) = api.signup().await;
    let (_, known) = api.signup().await;
    let unknown = format!("{}@example.com", uuid::Uuid::new_v4().simple());
    let mut answers = Vec::new();
    for email in [&known, &unknown] {
        let mut made = invite(&api, &owner, email, "viewer").await.ok(201).json();
        let token = invited(&api, email).await;
        let mut shown = api.post(&As::Nobody, "/v1/auth/invitation", &json!({ "token": token })).await.ok(200).json();
        let mut again = invite(&api, &owner, email, "viewer").await.problem(409, "conflict");
        for value in [&mut made, &mut shown, &mut again] {
            *value = serde_json::from_str(&value.to_string().replace(email.as_str(), "EMAIL")).expect("json");
            for field in ["id", "request_id", "created_at", "sent_at", "expires_at"] {
                value.as_object_mut().expect("an object").shift_remove(field);
            }
        }
        answers.push((made, shown, again));
    }
    assert_eq!(answers[0], answers[1]);
    // What was never a link, was used, taken back or is too old: one answer.
    let id = text(&api.get(&owner, "/v1/invitations").await.json()["items"][0]["id"]);
    let old = invited(&api, &unknown).await;
    api.delete(&owner, &format!("/v1/invitations/{id}")).await.ok(204);
    let revoked = api.post(&As::Nobody, "/v1/auth/invitation", &json!({ "token": old })).await.problem(404, "invitation_invalid");
    let never = api.post(&As::Nobody, "/v1/auth/invitation", &json!({ "token": "x".repeat(43) })).await.problem(404, "invitation_invalid");
    assert_eq!(revoked["detail"], never["detail"]);
}

#[tokio::test]
async fn an_invitation_expires_is_sent_again_with_another_link_and_is_taken_back() {
    let api = Api::new().await;
    let (owner, _) = api.signup().await;
    let (guest, email) = api.signup().await;
    let id = text(&invite(&api, &owner, &email, "admin").await.ok(201).json()["id"]);
    let first = invited(&api, &email).await;
    let resend = format!("/v1/invitations/{id}/resend");
    api.post(&owner, &resend, &json!(null)).await.problem(409, "conflict");
    api.world.test.clock.turn_seconds(7 * 86_400 + 1);
    api.post(&guest, "/v1/auth/invitation/accept", &json!({ "token": first })).await.problem(404, "invitation_invalid");
    assert_eq!(api.get(&owner, "/v1/invitations").await.ok(200).json()["items"][0]["expired"], true);
    api.post(&owner, &resend, &json!(null)).await.ok(200);
    let second = eventually("another link", || async { Some(invited(&api, &email).await).filter(|token| *token != first) }).await;
    api.post(&guest, "/v1/auth/invitation/accept", &json!({ "token": first })).await.problem(404, "invitation_invalid");
    assert_eq!(api.post(&As::Nobody, "/v1/auth/invitation", &json!({ "token": second })).await.ok(200).json()["role"], "admin");
    api.delete(&owner, &format!("/v1/invitations/{id}")).await.ok(204);
    api.delete(&owner, &format!("/v1/invitations/{id}")).await.problem(404, "not_found");
    api.post(&guest, "/v1/auth/invitation/accept", &json!({ "token": second })).await.problem(404, "invitation_invalid");
    // Only the digests are kept.
    let bytes = ["vivier.db", "vivier.db-wal"].map(|name| std::fs::read(api.world.test.dir.path().join(name)).unwrap_or_default()).concat();
    for token in [first, second] {
        assert!(!bytes.windows(token.len()).any(|window| window == token.as_bytes()), "a link is in clear in the database");
    }
}

#[tokio::test]
async fn whoever_signs_up_with_an_invitation_is_a_member_there_and_owns_nothing() {
    let api = Api::with(Config { signup: SignupMode::Closed, ..settings() }).await;
    let owner = api.operator().await;
    let email = "guest@example.com";
    invite(&api, &owner, email, "viewer").await.ok(201);
    let token = invited(&api, email).await;
    let signup = |email: &str, token: &str| json!({ "email": email, "password": PASSWORD, "invitation": token });
    assert_eq!(api.post(&As::Nobody, "/v1/auth/signup", &signup(email, "guess")).await.paths(), ["invitation"]);
    let other = api.post(&As::Nobody, "/v1/auth/signup", &signup("eve@example.com", &token)).await;
    assert_eq!(other.problem(409, "taken")["fields"][0]["path"], "email");
    let made = api.post(&As::Nobody, "/v1/auth/signup", &signup(email, &token)).await.ok(201);
    let guest = As::Cookie(made.cookie().expect("a session"));
    let made = made.json();
    assert_eq!((made["account"]["role"].as_str(), made["user"]["operator"].as_bool()), (Some("viewer"), Some(false)));
    assert!(made["user"]["email_verified_at"].is_string(), "the link came to this address");
    assert_eq!(api.get(&guest, "/v1/accounts").await.json()["items"].as_array().map(Vec::len), Some(1));
    // The operator has closed the installation: being a guest somewhere opens nothing else.
    api.post(&guest, "/v1/accounts", &json!({ "name": "Mine" })).await.problem(403, "signup_closed");
}

#[tokio::test]
async fn removal_ends_sessions_tokens_and_open_agents_at_once_and_only_there() {
    let api = Api::new().await;
    let (owner, _) = api.signup().await;
    let id = api.deploy(&owner, "Shared").await;
    let (guest, email) = join(&api, &owner, "member").await;
    let token = api.token(&guest, &["read", "write"]).await;
    let own = text(&api.post(&guest, "/v1/accounts", &json!({ "name": "Elsewhere" })).await.ok(201).json()["id"]);
    let elsewhere = As::Cookie(api.post(&As::Nobody, "/v1/auth/login", &json!({ "email": email, "password": PASSWORD })).await.ok(200).cookie().expect("one"));
    let elsewhere = As::Cookie(api.post(&elsewhere, "/v1/auth/switch", &json!({ "account": own })).await.ok(200).cookie().expect("one"));
    // A link that the program asked for, and one of the browser's: both opened.
    let routes = vivier_server::routes::Routes::default();
    let store = &api.world.app.store;
    let slug = text(&api.get(&owner, &format!("/v1/deployments/{id}")).await.json()["slug"]).parse().expect("a slug");
    let mut opened = Vec::new();
    for who in [&guest, &token] {
        let link = text(&api.post(who, &format!("/v1/deployments/{id}/open"), &json!(null)).await.ok(200).json()["url"]);
        let code = link.split_once("code=").expect("a code").1.split('&').next().expect("a value").to_owned();
        let redeemed = store.redeem_code(vivier_server::auth::token::digest(&code), &slug).await.expect("an answer").expect("granted");
        opened.push(redeemed.session);
    }
    let user = text(&me(&api, &guest).await["user"]["id"]);
    api.delete(&owner, &format!("/v1/members/{user}")).await.ok(204);
    api.get(&guest, "/v1/auth/me").await.problem(401, "unauthorized");
    api.get(&token, "/v1/deployments").await.problem(401, "unauthorized");
    routes.make(store, api.world.app.settings.subnet_pool).await.expect("a table");
    let ended = routes.now().expect("made").ended_sessions.clone();
    assert!(opened.iter().all(|session| ended.contains(session)), "the edge closes what they have open: {ended:?}");
    // Elsewhere they go on.
    assert_eq!(me(&api, &elsewhere).await["account"]["id"], own.as_str());
    api.delete(&owner, &format!("/v1/members/{user}")).await.problem(404, "not_found");
    // Invited again, they are in again; the token of before stays ended.
    invite(&api, &owner, &email, "admin").await.ok(201);
    let joined = eventually("the newest mail", || async {
        let answer = api.post(&elsewhere, "/v1/auth/invitation/accept", &json!({ "token": invited(&api, &email).await })).await;
        (answer.status == 200).then_some(answer)
    })
    .await;
    assert_eq!(joined.json()["role"], "admin");
    api.get(&token, "/v1/deployments").await.problem(401, "unauthorized");
}

#[tokio::test]
async fn a_token_never_does_more_than_its_maker_may_at_that_moment() {
    let api = Api::new().await;
    let (owner, _) = api.signup().await;
    let id = api.deploy(&owner, "Shared").await;
    let (guest, _) = join(&api, &owner, "member").await;
    let token = api.token(&guest, &["read", "write", "chat"]).await;
    let restart = format!("/v1/deployments/{id}/restart");
    api.post(&token, &restart, &json!(null)).await.ok(202);
    let user = text(&me(&api, &guest).await["user"]["id"]);
    patch(&api, &owner, &format!("/v1/members/{user}"), &json!({ "role": "viewer" })).await.ok(204);
    api.post(&token, &restart, &json!(null)).await.problem(403, "role_missing");
    api.get(&token, &format!("/v1/deployments/{id}")).await.ok(200);
    // Who may only look has no agent open, and is signed out where one might be.
    api.get(&guest, "/v1/auth/me").await.problem(401, "unauthorized");
    patch(&api, &owner, &format!("/v1/members/{user}"), &json!({ "role": "admin" })).await.ok(204);
    api.post(&token, &restart, &json!(null)).await.ok(202);
    // An admin sees everyone's tokens, and takes any back; others see their own.
    let listed = api.get(&owner, "/v1/tokens").await.ok(200).json();
    let token_id = text(&listed["items"][0]["id"]);
    let (viewer, _) = join(&api, &owner, "viewer").await;
    assert_eq!(api.get(&viewer, "/v1/tokens").await.ok(200).json()["items"].as_array().map(Vec::len), Some(0));
    api.delete(&viewer, &format!("/v1/tokens/{token_id}")).await.problem(404, "not_found");
    api.delete(&owner, &format!("/v1/tokens/{token_id}")).await.ok(204);
}

#[tokio::test]
async fn an_account_is_handed_over_and_never_without_its_owner() {
    let api = Api::new().await;
    let (owner, email) = api.signup().await;
    let (guest, _) = join(&api, &owner, "viewer").await;
    let (first, second) = (text(&me(&api, &owner).await["user"]["id"]), text(&me(&api, &guest).await["user"]["id"]));
    api.post(&owner, "/v1/account/leave", &json!(null)).await.problem(409, "conflict");
    api.delete(&owner, &format!("/v1/members/{first}")).await.problem(409, "conflict");
    patch(&api, &owner, &format!("/v1/members/{first}"), &json!({ "role": "viewer" })).await.problem(409, "conflict");
    assert_eq!(patch(&api, &owner, &format!("/v1/members/{second}"), &json!({ "role": "owner" })).await.paths(), ["role"]);
    assert_eq!(invite(&api, &owner, "x@example.com", "owner").await.paths(), ["role"]);
    let over = |user: &str, password: &str| json!({ "user": user, "password": password });
    assert_eq!(api.post(&owner, "/v1/account/owner", &over(&second, "not the password")).await.paths(), ["password"]);
    assert_eq!(api.post(&owner, "/v1/account/owner", &json!({ "user": second })).await.paths(), ["password"]);
    assert_eq!(api.post(&owner, "/v1/account/owner", &over("usr_01kb00000000000000000000zz", PASSWORD)).await.paths(), ["user"]);
    api.post(&guest, "/v1/account/owner", &over(&second, PASSWORD)).await.problem(403, "role_missing");
    api.post(&owner, "/v1/account/owner", &over(&second, PASSWORD)).await.ok(204);
    let members = api.get(&owner, "/v1/members").await.ok(200).json();
    let roles: Vec<_> = members["items"].as_array().expect("a list").iter().map(|member| text(&member["role"])).collect();
    assert_eq!(roles, ["owner", "admin"]);
    assert_eq!(me(&api, &owner).await["account"]["role"], "admin", "{email}");
    api.post(&owner, "/v1/account/leave", &json!(null)).await.ok(204);
    // Whoever has left is signed out there, and signs in to what is theirs: nothing.
    api.get(&owner, "/v1/auth/me").await.problem(401, "unauthorized");
    let alone = api.post(&As::Nobody, "/v1/auth/login", &json!({ "email": email, "password": PASSWORD })).await.ok(200);
    let who = As::Cookie(alone.cookie().expect("a session"));
    assert_eq!(alone.json()["account"], json!(null));
    api.get(&who, "/v1/deployments").await.problem(403, "no_account");
    api.post(&who, "/v1/accounts", &json!({ "name": "A new start" })).await.ok(201);
}

#[tokio::test]
async fn unknown_fields_that_would_give_power_are_refused_and_give_none() {
    let api = Api::new().await;
    let (owner, _) = api.signup().await;
    let (guest, _) = join(&api, &owner, "viewer").await;
    let account = text(&me(&api, &owner).await["account"]["id"]);
    let fresh = || format!("{}@example.com", uuid::Uuid::new_v4().simple());
    let id = api.deploy(&owner, "Mine").await;
    let fields: [(&str, Value); 6] = [
        ("operator", json!(true)),
        ("role", json!("owner")),
        ("account_id", json!(account)),
        ("account", json!(account)),
        ("email_verified_at", json!("2026-01-01T00:00:00Z")),
        ("id", json!("usr_01kb00000000000000000000zz")),
    ];
    for (field, value) in &fields {
        let with = |mut body: Value| {
            body[field] = value.clone();
            body
        };
        let signup = api.post(&As::Nobody, "/v1/auth/signup", &with(json!({ "email": fresh(), "password": PASSWORD }))).await;
        assert_eq!(signup.paths(), [*field], "signup");
        assert_eq!(api.post(&As::Nobody, "/v1/auth/login", &with(json!({ "email": fresh(), "password": PASSWORD }))).await.paths(), [*field], "login");
        assert_eq!(api.post(&guest, "/v1/accounts", &with(json!({ "name": "x" }))).await.paths(), [*field], "accounts");
        assert_eq!(api.post(&guest, "/v1/tokens", &with(json!({ "name": "x", "scopes": ["read"] }))).await.paths(), [*field], "tokens");
        assert_eq!(patch(&api, &owner, "/v1/account", &with(json!({ "name": "x" }))).await.paths(), [*field], "account");
        assert_eq!(patch(&api, &owner, &format!("/v1/deployments/{id}"), &with(json!({ "name": "x" }))).await.paths(), [*field], "deployment");
        if *field != "role" {
            assert_eq!(invite(&api, &owner, "x@example.com", "viewer").await.status.as_u16() / 100, 2, "an invitation without it");
            let listed = api.get(&owner, "/v1/invitations").await.json();
            api.delete(&owner, &format!("/v1/invitations/{}", text(&listed["items"][0]["id"]))).await.ok(204);
            let invitation = api.post(&owner, "/v1/invitations", &with(json!({ "email": fresh(), "role": "viewer" }))).await;
            assert_eq!(invitation.paths(), [*field], "invitation");
        }
    }
    let who = me(&api, &guest).await;
    assert_eq!((who["user"]["operator"].as_bool(), who["account"]["role"].as_str()), (Some(false), Some("viewer")));
}

#[tokio::test]
async fn invitations_are_not_sent_in_masses() {
    let api = Api::with(Config { signups_per_hour: 3, ..settings() }).await;
    let (owner, _) = api.signup().await;
    for number in 0..3 {
        invite(&api, &owner, &format!("a{number}@example.com"), "viewer").await.ok(201);
    }
    let problem = invite(&api, &owner, "b@example.com", "viewer").await.problem(429, "invitations_per_account");
    assert!(problem["retry_after_seconds"].as_u64().is_some_and(|seconds| seconds > 0));
    let (other, _) = api.signup().await;
    invite(&api, &other, "b@example.com", "viewer").await.ok(201);
}
