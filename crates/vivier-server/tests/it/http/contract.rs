//! What `openapi.json` says of every operation, tried on every operation.

use reqwest::{Method, header};
use serde_json::{Value, json};

use super::api::{Answer, Api, As, settings};
use super::schema::{Mutant, Operation, document, example, mutants, operations};
use crate::support::store::{TestStore, image};
use crate::support::world::World;

/// The operation's address, with what stands in its path.
fn path(operation: &Operation, deployment: &str, token: &str) -> String {
    let id = match operation.path.as_str() {
        path if path.starts_with("/v1/tokens") => token,
        // Whether another's exist for anyone else is the matrix's question.
        path if path.starts_with("/v1/members") => "usr_01kb00000000000000000000zz",
        path if path.starts_with("/v1/invitations") => "inv_01kb00000000000000000000zz",
        path if path.starts_with("/v1/sessions") => "ses_01kb00000000000000000000zz",
        path if path.starts_with("/v1/operator/waves") => "wav_01kb00000000000000000000zz",
        path if path.starts_with("/v1/tickets") || path.starts_with("/v1/operator/tickets") => "tkt_01kb00000000000000000000zz",
        path if path.starts_with("/v1/operator/accounts") => "acc_01kb00000000000000000000zz",
        path if path.starts_with("/v1/operator/jobs") => "job_01kb00000000000000000000zz",
        path if path.starts_with("/v1/auth/passkeys") => "pky_01kb00000000000000000000zz",
        path if path.starts_with("/v1/operator/releases") && !deployment.starts_with("rel_") => "rel_01kb00000000000000000000zz",
        path if path.starts_with("/v1/releases") => "rel_01kb00000000000000000000zz",
        _ => deployment,
    };
    operation.path.replace("{id}", id).replace("{n}", "1").replace("{name}", "custom.NAME").replace("{provider}", "corp")
}

/// What these need is not in the document: a wave, a ticket, an account of that id, a link of a mail, a code, a passkey, an identity, a price.
const NEEDS_MORE: [&str; 33] = [
    "claim_referral",
    "revert_wave",
    "switch_account",
    "hand_over",
    "change_member",
    "show_invitation",
    "accept_invitation",
    "delete_account",
    "delete_user",
    "checkout",
    "cancel",
    "open_ticket",
    "write_in_ticket",
    "answer_ticket",
    "suspend_account",
    "resume_account",
    "begin_look",
    "give_credits",
    "set_limit",
    "second_step",
    "verify_email",
    "finish_reset",
    "finish_email_change",
    "undo_email_change",
    "confirm_app",
    "disable_app",
    "new_recovery_codes",
    "add_passkey",
    "remove_passkey",
    "passkey_options",
    "passkey_sign_in",
    "link_identity",
    "unlink_identity",
];

fn method(operation: &Operation) -> Method {
    operation.method.parse().expect("a method")
}

fn right_body(operation: &Operation, document: &Value) -> Value {
    operation.body_schema().map_or(Value::Null, |schema| example(document, schema, ""))
}

#[track_caller]
fn is_documented(operation: &Operation, answer: &Answer) {
    let status = answer.status.as_u16();
    assert!(status < 500, "{}: {status} {}", operation.id, answer.text);
    assert!(operation.documents(status) || status == 405, "{} answers {status}, which is not documented: {}", operation.id, answer.text);
}

/// One account with a running deployment and an API token.
struct Owner {
    who: As,
    deployment: String,
    token: String,
}

async fn owner(api: &Api) -> Owner {
    let (who, _) = api.signup().await;
    let deployment = api.deploy(&who, "Owned").await;
    let token = api.post(&who, "/v1/tokens", &json!({ "name": "t", "scopes": ["read"] })).await.ok(201);
    Owner { who, deployment, token: token.json()["id"].as_str().expect("an id").to_owned() }
}

/// With two releases: taking the older one back stands in nobody's way.
async fn api() -> Api {
    let mut world = World::with_images(TestStore::sqlite().await, settings(), vec![image("2026.9.6", 2), image("2026.9.5", 1)]).await;
    world.start();
    Api::over(world).await
}

/// The operator, to whom the older release stands in for a deployment.
async fn operator(api: &Api) -> Owner {
    let who = api.operator().await;
    let releases = api.get(&who, "/v1/operator/releases").await.ok(200).json();
    Owner { who, deployment: releases["items"][1]["id"].as_str().expect("a release").to_owned(), token: String::new() }
}

#[tokio::test]
async fn every_operation_is_closed_to_who_is_not_signed_in() {
    let (api, document) = (api().await, document());
    let owner = owner(&api).await;
    for operation in operations() {
        let (path, body) = (path(&operation, &owner.deployment, &owner.token), right_body(&operation, &document));
        let strangers =
            [As::Nobody, As::Cookie("vivier_session=AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA".to_owned()), As::Token(format!("viv_{}", "0".repeat(64)))];
        for stranger in strangers {
            let answer = api.with_body(&stranger, method(&operation), &path, &body).await;
            if operation.is_public() {
                assert!(answer.status.as_u16() < 500, "{}: {}", operation.id, answer.text);
            } else {
                answer.problem(401, "unauthorized");
                assert!(answer.headers.contains_key(header::WWW_AUTHENTICATE), "{}", operation.id);
            }
        }
    }
}

#[tokio::test]
async fn another_accounts_things_do_not_exist() {
    let (api, document) = (api().await, document());
    let owner = owner(&api).await;
    let (stranger, _) = api.signup().await;
    let mut tried = 0;
    // Releases are everybody's.
    for operation in operations() {
        if operation.path.starts_with("/v1/releases") || !(operation.path.contains("{id}") || operation.path.starts_with("/v1/operator")) {
            continue;
        }
        let (path, body) = (path(&operation, &owner.deployment, &owner.token), right_body(&operation, &document));
        let answer = api.with_body(&stranger, method(&operation), &path, &body).await;
        answer.problem(404, "not_found");
        // The same words as for what never was.
        let never = "dep_01kb00000000000000000000zz";
        let absent = api
            .with_body(&stranger, method(&operation), &path.replace(&owner.deployment, never).replace(&owner.token, "tok_01kb00000000000000000000zz"), &body)
            .await;
        assert_eq!(answer.any_problem()["detail"], absent.any_problem()["detail"], "{}", operation.id);
        tried += 1;
    }
    assert!(tried > 20, "{tried}");
    // And nothing has happened to them.
    api.get(&owner.who, &format!("/v1/deployments/{}", owner.deployment)).await.ok(200);
    assert_eq!(api.get(&owner.who, "/v1/tokens").await.ok(200).json()["items"][0]["id"], owner.token.as_str());
}

#[tokio::test]
async fn the_examples_that_the_mutations_begin_with_are_accepted() {
    let (api, document) = (api().await, document());
    let operator = operator(&api).await;
    for operation in operations().into_iter().filter(|operation| operation.body_schema().is_some() && !NEEDS_MORE.contains(&operation.id.as_str())) {
        let tenant = owner(&api).await;
        let owner = if operation.path.starts_with("/v1/operator") { &operator } else { &tenant };
        let mut body = right_body(&operation, &document);
        if operation.id == "login" {
            let (_, email) = api.signup().await;
            body["email"] = json!(email);
        }
        let answer = api.with_body(&owner.who, method(&operation), &path(&operation, &owner.deployment, &owner.token), &body).await;
        assert!(answer.status.is_success(), "{}: {} {} to {body}", operation.id, answer.status, answer.text);
        is_documented(&operation, &answer);
    }
}

#[tokio::test]
async fn bodies_that_are_wrong_are_refused_with_the_path_of_the_field() {
    let (api, document) = (api().await, document());
    let mut tried = 0;
    let operator = operator(&api).await;
    for operation in operations().into_iter().filter(|operation| operation.body_schema().is_some()) {
        // One account each: a sign-in that succeeds ends the session before.
        let tenant = owner(&api).await;
        let owner = if operation.path.starts_with("/v1/operator") { &operator } else { &tenant };
        let right = right_body(&operation, &document);
        let optional = operation.value["requestBody"]["required"] != json!(true);
        for Mutant { path: place, body, certain } in mutants(&document, operation.body_schema().expect("a body"), &right) {
            if optional && body.is_null() {
                continue;
            }
            let request = api.request(&owner.who, method(&operation), &path(&operation, &owner.deployment, &owner.token)).json(&body);
            let answer = api.send(request).await;
            let short: String = body.to_string().chars().take(300).collect();
            assert!(answer.status.as_u16() < 500, "{} at `{place}`: {} {} to {short}", operation.id, answer.status, answer.text);
            is_documented(&operation, &answer);
            tried += 1;
            if certain {
                assert_eq!(answer.status.as_u16(), 422, "{} at `{place}`: {} to {short}", operation.id, answer.text);
                let paths = answer.paths();
                assert!(paths.iter().any(|path| path.starts_with(&place)), "{} at `{place}`: {paths:?} {}", operation.id, answer.text);
            } else if answer.status.is_client_error() {
                answer.any_problem();
            }
        }
    }
    assert!(tried > 400, "{tried}");
}

#[tokio::test]
async fn what_is_no_json_is_refused_by_everything_that_takes_a_body() {
    let (api, document) = (api().await, document());
    let (tenant, operator) = (owner(&api).await, operator(&api).await);
    let deep = format!("{}{}", "[".repeat(100_000), "]".repeat(100_000));
    for operation in operations().into_iter().filter(|operation| operation.body_schema().is_some()) {
        let owner = if operation.path.starts_with("/v1/operator") { &operator } else { &tenant };
        let path = path(&operation, &owner.deployment, &owner.token);
        let send = async |kind: Option<&str>, body: Vec<u8>| {
            let request = api.request(&owner.who, method(&operation), &path).body(body);
            let request = match kind {
                Some(kind) => request.header(header::CONTENT_TYPE, kind),
                None => request,
            };
            let answer = api.send(request).await;
            assert!(answer.status.is_client_error(), "{}: {} {}", operation.id, answer.status, answer.text);
            is_documented(&operation, &answer);
            answer
        };
        let json = Some("application/json");
        for body in ["{", "}", "{\"a\":", "{} {}", "nul", "\u{feff}{}", "{'a':1}"] {
            let answer = send(json, body.as_bytes().to_vec()).await;
            assert!(matches!(answer.status.as_u16(), 400 | 422), "{}: {body} {}", operation.id, answer.text);
            answer.any_problem();
        }
        send(json, deep.clone().into_bytes()).await.any_problem();
        send(json, b"{\"name\":\"\xff\xfe\"}".to_vec()).await.any_problem();
        send(json, vec![b' '; 1024 * 1024 + 1]).await.problem(413, "too_large");
        send(json, br#"{"x":"\u0000"}"#.to_vec()).await.any_problem();
        let right = right_body(&operation, &document).to_string();
        for kind in [Some("text/plain"), Some("application/x-www-form-urlencoded"), Some("multipart/form-data; boundary=x"), None] {
            send(kind, right.clone().into_bytes()).await.problem(415, "unsupported_media_type");
        }
    }
}

#[tokio::test]
async fn addresses_and_queries_that_are_wrong_are_refused() {
    let (api, document) = (api().await, document());
    let owner = owner(&api).await;
    let ids = [
        "x",
        "dep_",
        "acc_01kb00000000000000000000zz",
        "dep_01KB00000000000000000000ZZ",
        "dep_zzzzzzzzzzzzzzzzzzzzzzzzzz",
        "%00",
        "%0d%0aSet-Cookie:x",
        "..%2f..%2f",
        "%ff%fe",
        "dep_01kb00000000000000000000zz'--",
        "-1",
        "1e9",
        "%F0%9F%A6%9E",
    ];
    for operation in operations() {
        let body = right_body(&operation, &document);
        for parameter in operation.parameters("path") {
            let name = parameter["name"].as_str().expect("a name");
            for bad in ids.iter().copied().chain([long_id()]) {
                let place = operation.path.replace(&format!("{{{name}}}"), bad);
                let place = path(&Operation { path: place, ..operation.clone() }, &owner.deployment, &owner.token);
                let answer = api.with_body(&owner.who, method(&operation), &place, &body).await;
                assert!(answer.status.is_client_error(), "{} {place}: {} {}", operation.id, answer.status, answer.text);
                let problem = answer.any_problem();
                if answer.status == 400 {
                    assert_eq!(problem["fields"][0]["path"], name, "{} {place}: {problem}", operation.id);
                }
                assert!(!answer.headers.contains_key(header::SET_COOKIE), "{place}");
            }
        }
        // Providers add what they like to the way back, and a path to go on to may be anything.
        if operation.path.starts_with("/v1/operator") || operation.path.starts_with("/v1/auth/oidc/") {
            continue;
        }
        let place = path(&operation, &owner.deployment, &owner.token);
        for parameter in operation.parameters("query") {
            let name = parameter["name"].as_str().expect("a name");
            for bad in ["%00", "a%0d%0ab", "-1", "99999999999999999999", "%ff", "1.5", "%F0%9F%A6%9E", "null"] {
                // A search may look for anything that can be written.
                if name == "q" && !matches!(bad, "%00" | "a%0d%0ab") {
                    continue;
                }
                let answer = api.get(&owner.who, &format!("{place}?{name}={bad}")).await;
                assert!(matches!(answer.status.as_u16(), 400 | 422), "{} {name}={bad}: {} {}", operation.id, answer.status, answer.text);
                answer.any_problem();
            }
            api.get(&owner.who, &format!("{place}?{name}=1&{name}=1")).await.problem(422, "invalid_fields");
        }
        if !operation.parameters("query").is_empty() {
            let answer = api.get(&owner.who, &format!("{place}?nonsense=1")).await;
            assert_eq!(answer.paths(), ["nonsense"], "{}", operation.id);
        }
    }
}

fn long_id() -> &'static str {
    static LONG: std::sync::LazyLock<String> = std::sync::LazyLock::new(|| format!("dep_{}", "0".repeat(4_000)));
    &LONG
}

#[tokio::test]
async fn unknown_addresses_and_methods_are_problems_too() {
    let api = Api::new().await;
    let (who, _) = api.signup().await;
    for path in ["/v1", "/v1/", "/v1/nothing", "/v1/deployments/", "/v1/auth", "/open", "/.well-known/acme"] {
        api.get(&who, path).await.problem(404, "not_found");
    }
    let answer = api.send(api.request(&who, Method::PUT, "/v1/deployments")).await;
    answer.problem(405, "method_not_allowed");
    let allow = answer.headers.get(header::ALLOW).and_then(|value| value.to_str().ok()).unwrap_or_default().to_owned();
    assert!(allow.contains("GET") && allow.contains("POST"), "{allow}");
    for method in ["TRACE", "CONNECTED", "PROPFIND"] {
        let answer = api.send(api.request(&who, method.parse().expect("a method"), "/v1/deployments")).await;
        answer.problem(405, "method_not_allowed");
    }
    api.send(api.request(&As::Nobody, Method::POST, "/")).await.problem(405, "method_not_allowed");
}

#[tokio::test]
async fn the_document_is_served_as_it_is_checked_in() {
    let api = Api::new().await;
    let answer = api.get(&As::Nobody, "/openapi.json").await.ok(200);
    assert_eq!(answer.json(), document());
}
