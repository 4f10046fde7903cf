//! Members, sessions and accounts.

use serde_json::{Value, json};
use wiremock::matchers::{header, header_exists, method, path};
use wiremock::{Mock, ResponseTemplate};

use crate::world::{TOKEN, World, account, ago, problem};

const GRACE: &str = "usr_01k0000000000000000000000b";
const OTHER: &str = "acc_01k0000000000000000000000b";
const INVITATION: &str = "inv_01k0000000000000000000000a";
const SESSION: &str = "ses_01k0000000000000000000000a";
const PASSWORD: &str = "correct horse battery\n";

fn members() -> Value {
    json!({ "items": [
        { "user": "usr_01k0000000000000000000000a", "email": "ada@example.com", "role": "owner", "created_at": ago(86_400 * 9), "last_seen_at": ago(150) },
        { "user": GRACE, "email": "grace@example.com", "role": "viewer", "created_at": ago(86_400 * 2), "last_seen_at": null },
    ] })
}

fn invitation() -> Value {
    json!({ "id": INVITATION, "email": "linus@example.com", "role": "member", "invited_by": "ada@example.com", "created_at": ago(3_600), "sent_at": ago(3_600),
        "expires_at": ago(-86_400 * 6), "expired": false })
}

/// A server that wants a person for `verb` on `at`, and lets one in with the password.
async fn wants_a_person(world: &World, verb: &str, at: &str, status: u16, answer: Value) {
    let detail = "An API token cannot do this. Sign in with your address and password.";
    let refusal = ResponseTemplate::new(403).set_body_raw(problem(403, "session_required", detail).to_string(), "application/problem+json");
    Mock::given(method(verb)).and(path(at)).and(header_exists("authorization")).respond_with(refusal).mount(&world.server).await;
    let template = ResponseTemplate::new(status);
    let template = if status == 204 { template } else { template.set_body_json(answer) };
    Mock::given(method(verb)).and(path(at)).and(header("cookie", "vivier_session=abc123")).respond_with(template).mount(&world.server).await;
}

async fn world() -> World {
    let world = World::new().await;
    let entered = ResponseTemplate::new(200).insert_header("set-cookie", "vivier_session=abc123; HttpOnly; Path=/").set_body_json(account());
    Mock::given(method("POST")).and(path("/v1/auth/login")).respond_with(entered).mount(&world.server).await;
    world.answer("POST", "/v1/auth/logout", 204, Value::Null).await;
    world.answer("GET", "/v1/auth/me", 200, account()).await;
    world.answer("GET", "/v1/members", 200, members()).await;
    world
}

#[tokio::test]
async fn members_are_listed_changed_and_removed_by_their_address() {
    let world = world().await;
    insta::assert_snapshot!("members_ls", world.run(&["members", "ls"]).snapshot(&world));
    let at = format!("/v1/members/{GRACE}");
    wants_a_person(&world, "PATCH", &at, 204, Value::Null).await;
    wants_a_person(&world, "DELETE", &at, 204, Value::Null).await;
    let ran = world.run_with(&["members", "role", "grace@example.com", "member", "--password-stdin"], PASSWORD);
    assert_eq!((ran.code, ran.out.as_str()), (0, "grace@example.com is member now.\n"), "{}", ran.err);
    let asked = world.requests("PATCH", &at).await;
    assert_eq!(serde_json::from_slice::<Value>(&asked[1].body).expect("JSON"), json!({ "role": "member" }));
    let ran = world.run_with(&["members", "rm", "grace@example.com", "--password-stdin"], PASSWORD);
    assert_eq!(ran.code, 0, "{}", ran.err);
    // Each time the session of the password ended with the command.
    assert_eq!(world.requests("POST", "/v1/auth/logout").await.len(), 2);
    let ran = world.run(&["members", "rm", "nobody@example.com"]);
    assert_eq!(ran.code, 4, "{}", ran.err);
    assert_eq!(world.run(&["members", "role", "grace@example.com", "owner"]).code, 2, "an owner is made by handing over");
}

#[tokio::test]
async fn invitations_are_sent_listed_and_taken_back() {
    let world = world().await;
    wants_a_person(&world, "POST", "/v1/invitations", 201, invitation()).await;
    wants_a_person(&world, "GET", "/v1/invitations", 200, json!({ "items": [invitation()] })).await;
    wants_a_person(&world, "POST", &format!("/v1/invitations/{INVITATION}/resend"), 200, invitation()).await;
    wants_a_person(&world, "DELETE", &format!("/v1/invitations/{INVITATION}"), 204, Value::Null).await;
    let person = |arguments: &[&str]| world.run_with(&[arguments, &["--password-stdin"]].concat(), PASSWORD);
    let ran = person(&["members", "invite", "linus@example.com", "--role", "admin"]);
    assert!(ran.code == 0 && ran.out.starts_with("A mail is on its way to linus@example.com."), "{} {}", ran.out, ran.err);
    let asked = world.requests("POST", "/v1/invitations").await;
    assert_eq!(serde_json::from_slice::<Value>(&asked[1].body).expect("JSON"), json!({ "email": "linus@example.com", "role": "admin" }));
    insta::assert_snapshot!("members_invitations", person(&["members", "invitations"]).snapshot(&world));
    assert_eq!(person(&["members", "resend", INVITATION]).code, 0);
    assert_eq!(person(&["members", "revoke", INVITATION]).code, 0);
}

#[tokio::test]
async fn handing_over_and_deleting_send_the_password_that_confirms_them_and_a_script_says_yes() {
    let world = world().await;
    world.answer("POST", "/v1/account/owner", 204, Value::Null).await;
    world.answer("POST", "/v1/account/delete", 200, json!({ "deployments": 2, "erase_at": "2026-11-28T12:00:00.000Z" })).await;
    let refused = world.run_with(&["members", "owner", "grace@example.com", "--password-stdin"], PASSWORD);
    assert_eq!(refused.code, 2, "{}", refused.err);
    let ran = world.run_with(&["members", "owner", "grace@example.com", "--yes", "--password-stdin"], PASSWORD);
    assert_eq!(ran.code, 0, "{}", ran.err);
    assert_eq!(world.only_body("POST", "/v1/account/owner").await, json!({ "user": GRACE, "password": "correct horse battery" }));
    let ran = world.run_with(&["accounts", "delete", "ada", "--password-stdin"], PASSWORD);
    assert!(ran.code == 0 && ran.out.contains("2 of its agents"), "{} {}", ran.out, ran.err);
    assert_eq!(world.only_body("POST", "/v1/account/delete").await, json!({ "name": "ada", "password": "correct horse battery" }));
}

#[tokio::test]
async fn sessions_are_listed_without_the_commands_own_and_ended() {
    let world = world().await;
    let session = |id: &str, current: bool| {
        json!({ "id": id, "current": current, "address": "192.0.2.7", "browser": "Firefox on Linux", "account": "ada", "created_at": ago(86_400), "last_seen_at": ago(120),
            "expires_at": ago(-86_400) })
    };
    let all = json!({ "items": [session(SESSION, false), session("ses_01k0000000000000000000000b", true)] });
    wants_a_person(&world, "GET", "/v1/sessions", 200, all).await;
    wants_a_person(&world, "DELETE", "/v1/sessions", 204, Value::Null).await;
    wants_a_person(&world, "DELETE", &format!("/v1/sessions/{SESSION}"), 204, Value::Null).await;
    insta::assert_snapshot!("sessions_ls", world.run_with(&["sessions", "ls", "--password-stdin"], PASSWORD).snapshot(&world));
    assert_eq!(world.run_with(&["sessions", "rm", SESSION, "--password-stdin"], PASSWORD).code, 0);
    assert_eq!(world.run_with(&["sessions", "rm", "--all", "--password-stdin"], PASSWORD).code, 0);
    assert_eq!(world.run(&["sessions", "rm"]).code, 2);
}

#[tokio::test]
async fn everything_is_exported_into_a_file_or_to_stdout_as_it_is() {
    let world = world().await;
    wants_a_person(&world, "GET", "/v1/account/export", 200, json!({ "members": [{ "email": "ada@example.com" }] })).await;
    let ran = world.run_with(&["accounts", "export", "--password-stdin"], PASSWORD);
    assert_eq!(serde_json::from_str::<Value>(&ran.out).expect("JSON")["members"][0]["email"], "ada@example.com", "{}", ran.err);
    let file = world.home.path().join("all.json");
    let ran = world.run_with(&["accounts", "export", "-o", file.to_str().expect("a path"), "--password-stdin"], PASSWORD);
    assert_eq!(ran.code, 0, "{}", ran.err);
    assert!(std::fs::read_to_string(&file).expect("written").contains("ada@example.com"));
}

#[tokio::test]
async fn working_in_another_account_keeps_its_token_and_revokes_the_one_before() {
    let world = World::signed_out().await;
    let entered = |cookie: &str| ResponseTemplate::new(200).insert_header("set-cookie", format!("vivier_session={cookie}; HttpOnly; Path=/").as_str());
    let there = |name: &str, id: &str| {
        let mut me = account();
        me["account"] = json!({ "id": id, "name": name, "role": "member", "created_at": ago(60) });
        me
    };
    let token = |secret: &str| {
        json!({ "id": "tok_01k0000000000000000000000a", "name": "vivier on here", "scopes": ["read"], "hint": "viv_0123", "made_by": "ada@example.com",
            "created_at": ago(1), "expires_at": null, "last_used_at": null, "secret": secret })
    };
    let on = |verb: &str, at: &str, cookie: &str| Mock::given(method(verb)).and(path(at)).and(header("cookie", format!("vivier_session={cookie}").as_str()));
    Mock::given(method("POST")).and(path("/v1/auth/login")).respond_with(entered("first").set_body_json(account())).mount(&world.server).await;
    on("GET", "/v1/auth/me", "first").respond_with(ResponseTemplate::new(200).set_body_json(account())).mount(&world.server).await;
    on("POST", "/v1/tokens", "first").respond_with(ResponseTemplate::new(201).set_body_json(token(TOKEN))).mount(&world.server).await;
    let accounts = json!({ "items": [account()["account"], there("Reef & Sons", OTHER)["account"]] });
    on("GET", "/v1/accounts", "first").respond_with(ResponseTemplate::new(200).set_body_json(accounts)).mount(&world.server).await;
    let switched = entered("second").set_body_json(there("Reef & Sons", OTHER));
    on("POST", "/v1/auth/switch", "first").respond_with(switched).mount(&world.server).await;
    on("GET", "/v1/auth/me", "second").respond_with(ResponseTemplate::new(200).set_body_json(there("Reef & Sons", OTHER))).mount(&world.server).await;
    on("POST", "/v1/tokens", "second").respond_with(ResponseTemplate::new(201).set_body_json(token("viv_second"))).mount(&world.server).await;
    world.answer("POST", "/v1/auth/logout", 204, Value::Null).await;
    world.answer("DELETE", "/v1/tokens/current", 204, Value::Null).await;
    let bearer = format!("Bearer {TOKEN}");
    let by_token = Mock::given(method("GET")).and(path("/v1/auth/me")).and(header("authorization", bearer.as_str()));
    by_token.respond_with(ResponseTemplate::new(200).set_body_json(account())).mount(&world.server).await;

    assert_eq!(world.run_with(&["login", "--email", "ada@example.com", "--password-stdin"], PASSWORD).code, 0);
    let unknown = world.run_with(&["accounts", "use", "Nowhere", "--password-stdin"], PASSWORD);
    assert!(unknown.code == 4 && unknown.err.contains("Reef & Sons"), "{}", unknown.err);
    let ran = world.run_with(&["accounts", "use", "Reef & Sons", "--password-stdin"], PASSWORD);
    assert!(ran.code == 0 && ran.out.contains("member of the account Reef & Sons"), "{} {}", ran.out, ran.err);
    assert_eq!(world.only_body("POST", "/v1/auth/switch").await, json!({ "account": OTHER }));
    assert!(std::fs::read_to_string(world.settings()).expect("kept").contains("viv_second"));
    let revoked = world.requests("DELETE", "/v1/tokens/current").await;
    assert_eq!(revoked.len(), 1);
    assert_eq!(revoked[0].headers["authorization"].to_str().ok(), Some(bearer.as_str()), "the one of before");
}
