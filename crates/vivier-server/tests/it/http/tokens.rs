//! What each scope of a token opens, and that nothing else does.

use reqwest::Method;
use serde_json::json;

use super::api::{Api, As};
use super::schema::{document, example, operations};

#[tokio::test]
async fn a_token_does_what_its_scopes_name_and_nothing_else() {
    let (api, document) = (Api::new().await, document());
    let (owner, _) = api.signup().await;
    let id = api.deploy(&owner, "Owned").await;
    for scope in ["read", "write", "chat"] {
        let token = api.token(&owner, &[scope]).await;
        // Each of these would end the token; it has a test of its own.
        let others = |operation: &super::schema::Operation| operation.id != "delete_current_token" && !operation.path.starts_with("/v1/operator");
        for operation in operations().into_iter().filter(|operation| !operation.is_public() && others(operation)) {
            let body = operation.body_schema().map_or(json!(null), |schema| example(&document, schema, ""));
            let path = operation.path.replace("{id}", &id).replace("{n}", "1").replace("{name}", "custom.X");
            let path = if operation.path.starts_with("/v1/tokens") { path.replace(&id, "tok_01kb00000000000000000000zz") } else { path };
            let answer = api.with_body(&token, operation.method.parse::<Method>().expect("a method"), &path, &body).await;
            match operation.scope() {
                None => {
                    answer.problem(403, "session_required");
                }
                Some(needed) if needed == scope => assert_ne!(answer.status, 403, "{} with {scope}: {}", operation.id, answer.text),
                Some(_) => {
                    answer.problem(403, "scope_missing");
                }
            }
        }
    }
}

#[tokio::test]
async fn a_token_is_shown_once_listed_by_its_hint_and_ends_when_it_is_deleted_or_expires() {
    let api = Api::new().await;
    let (owner, _) = api.signup().await;
    let made = api.post(&owner, "/v1/tokens", &json!({ "name": "ci", "scopes": ["write", "read", "read"], "expires_in_days": 2 })).await.ok(201).json();
    let secret = made["secret"].as_str().expect("shown").to_owned();
    assert!(secret.starts_with("viv_") && secret.starts_with(made["hint"].as_str().expect("a hint")));
    assert_eq!(made["scopes"], json!(["read", "write"]));
    let listed = api.get(&owner, "/v1/tokens").await.ok(200);
    assert!(!listed.text.contains(&secret) && listed.text.contains(made["hint"].as_str().expect("a hint")));
    assert!(listed.json()["items"][0]["last_used_at"].is_null());
    let token = As::Token(secret);
    api.get(&token, "/v1/auth/me").await.ok(200);
    assert!(api.get(&owner, "/v1/tokens").await.json()["items"][0]["last_used_at"].is_string());
    api.world.test.clock.turn_seconds(2 * 86_400 + 1);
    api.get(&token, "/v1/auth/me").await.problem(401, "unauthorized");

    let (other, _) = api.signup().await;
    let token = api.token(&owner, &["read"]).await;
    let id = api.get(&owner, "/v1/tokens").await.json()["items"][0]["id"].as_str().expect("an id").to_owned();
    api.delete(&other, &format!("/v1/tokens/{id}")).await.problem(404, "not_found");
    api.get(&token, "/v1/auth/me").await.ok(200);
    api.delete(&owner, &format!("/v1/tokens/{id}")).await.ok(204);
    api.get(&token, "/v1/auth/me").await.problem(401, "unauthorized");
    api.delete(&owner, &format!("/v1/tokens/{id}")).await.problem(404, "not_found");
    for (body, path) in [
        (json!({ "name": "x", "scopes": [] }), "scopes"),
        (json!({ "name": "x", "scopes": ["root"] }), "scopes[0]"),
        (json!({ "name": "x", "scopes": ["read"], "expires_in_days": 0 }), "expires_in_days"),
        (json!({ "name": "x", "scopes": ["read"], "expires_in_days": 367 }), "expires_in_days"),
    ] {
        assert_eq!(api.post(&owner, "/v1/tokens", &body).await.paths(), [path]);
    }
}

#[tokio::test]
async fn a_token_of_any_scope_takes_itself_back_and_a_session_has_none_to_take_back() {
    let api = Api::new().await;
    let (owner, _) = api.signup().await;
    let other = api.token(&owner, &["read"]).await;
    for scope in ["read", "write", "chat"] {
        let token = api.token(&owner, &[scope]).await;
        api.delete(&token, "/v1/tokens/current").await.ok(204);
        api.get(&token, "/v1/auth/me").await.problem(401, "unauthorized");
        api.delete(&token, "/v1/tokens/current").await.problem(401, "unauthorized");
    }
    api.delete(&owner, "/v1/tokens/current").await.problem(403, "token_required");
    api.get(&other, "/v1/auth/me").await.ok(200);
    assert_eq!(api.get(&owner, "/v1/tokens").await.json()["items"].as_array().map(Vec::len), Some(1));
}

#[tokio::test]
async fn a_wrong_token_is_not_made_up_for_by_a_cookie() {
    let api = Api::new().await;
    let (As::Cookie(cookie), _) = api.signup().await else { unreachable!("a session was opened") };
    for value in ["Bearer viv_wrong", "Basic dTpw", "Bearer", ""] {
        let request = api.request(&As::Cookie(cookie.clone()), Method::GET, "/v1/auth/me").header("authorization", value);
        api.send(request).await.problem(401, "unauthorized");
    }
}

#[tokio::test]
async fn the_operators_routes_do_not_exist_for_anyone_else() {
    let api = Api::new().await;
    let (tenant, email) = api.signup().await;
    let id = api.deploy(&tenant, "Tenant's").await;
    let operator = api.operator().await;
    let reader = api.token(&operator, &["read"]).await;
    let gets = ["/v1/operator/hosts", "/v1/operator/deployments", "/v1/operator/quarantine", "/v1/operator/releases"];
    for path in gets {
        api.get(&tenant, path).await.problem(404, "not_found");
        api.get(&As::Nobody, path).await.problem(401, "unauthorized");
        api.get(&operator, path).await.ok(200);
        api.get(&reader, path).await.ok(200);
    }
    let suspend = format!("/v1/operator/deployments/{id}/suspend");
    api.post(&tenant, &suspend, &json!(null)).await.problem(404, "not_found");
    api.post(&reader, &suspend, &json!(null)).await.problem(403, "scope_missing");
    assert_eq!(api.get(&tenant, &format!("/v1/deployments/{id}")).await.json()["state"].as_str().filter(|state| *state == "suspended"), None);
    api.post(&operator, &suspend, &json!(null)).await.ok(202);
    assert_eq!(api.get(&tenant, &format!("/v1/deployments/{id}")).await.json()["state"], "suspended");
    let found = api.get(&operator, &format!("/v1/operator/deployments?q={}", &email[..12])).await.ok(200).json();
    assert_eq!((found["items"][0]["id"].as_str(), found["items"][0]["owner"].as_str()), (Some(id.as_str()), Some(email.as_str())));
    api.post(&operator, &format!("/v1/operator/deployments/{id}/resume"), &json!(null)).await.ok(202);
    let events = api.get(&tenant, &format!("/v1/deployments/{id}/events")).await.text;
    assert!(events.contains("operator "), "the owner sees who it was: {events}");
    // An operator is no owner: another's deployment is not theirs to read.
    api.get(&operator, &format!("/v1/deployments/{id}")).await.problem(404, "not_found");
    let releases = api.get(&operator, "/v1/operator/releases").await.json();
    assert_eq!(releases["items"][0]["is_default"], true);
    assert_eq!(api.get(&operator, "/v1/operator/hosts").await.json()["items"].as_array().map(Vec::len), Some(1));
}
