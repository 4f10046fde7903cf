//! Requests that are sent again.

use reqwest::Method;
use serde_json::{Value, json};

use super::api::{Answer, Api, As, PASSWORD, new_deployment};

async fn post(api: &Api, who: &As, key: &str, path: &str, body: &Value) -> Answer {
    let request = api.request(who, Method::POST, path).header("idempotency-key", key);
    api.send(if body.is_null() { request } else { request.json(body) }).await
}

fn key() -> String {
    uuid::Uuid::new_v4().to_string()
}

async fn count(api: &Api, who: &As) -> usize {
    api.get(who, "/v1/deployments?deleted=true").await.ok(200).json()["items"].as_array().map_or(0, Vec::len)
}

#[tokio::test]
async fn the_same_key_and_body_get_the_same_answer_and_no_second_effect() {
    let api = Api::new().await;
    let (who, _) = api.signup().await;
    let (key, body) = (key(), new_deployment("Once"));
    let first = post(&api, &who, &key, "/v1/deployments", &body).await.ok(202);
    let second = post(&api, &who, &key, "/v1/deployments", &body).await.ok(202);
    assert_eq!(first.text, second.text);
    assert_eq!(second.headers["idempotency-replayed"], "true");
    assert_eq!(second.headers["content-type"], first.headers["content-type"]);
    assert_eq!(count(&api, &who).await, 1);
    // Another body, another path: another request.
    post(&api, &who, &key, "/v1/deployments", &new_deployment("Twice")).await.problem(422, "key_reused");
    let id = first.json()["id"].as_str().expect("an id").to_owned();
    post(&api, &who, &key, &format!("/v1/deployments/{id}/restart"), &json!(null)).await.problem(422, "key_reused");
    // Another account's key is another key.
    let (other, _) = api.signup().await;
    let theirs = post(&api, &other, &key, "/v1/deployments", &body).await.ok(202);
    assert_ne!(theirs.json()["id"], first.json()["id"]);
    // A day later it is forgotten.
    api.world.test.clock.turn_seconds(86_401);
    let third = post(&api, &who, &key, "/v1/deployments", &body).await.ok(202);
    assert_ne!(third.json()["id"], first.json()["id"]);
    for bad in ["short", "has a space in it", &"x".repeat(129)] {
        assert_eq!(post(&api, &who, bad, "/v1/deployments", &body).await.paths(), ["Idempotency-Key"]);
    }
}

#[tokio::test]
async fn many_at_once_with_one_key_have_one_effect() {
    let api = Api::new().await;
    let (who, _) = api.signup().await;
    let (key, body) = (key(), new_deployment("Once"));
    let answers = futures_util::future::join_all((0..16).map(|_| post(&api, &who, &key, "/v1/deployments", &body))).await;
    let mut ids = std::collections::BTreeSet::new();
    for answer in &answers {
        match answer.status.as_u16() {
            202 => {
                ids.insert(answer.json()["id"].to_string());
            }
            _ => {
                answer.problem(409, "in_progress");
                assert_eq!(answer.headers["retry-after"], "1");
            }
        }
    }
    assert_eq!(ids.len(), 1, "{answers:?}");
    assert_eq!(count(&api, &who).await, 1);
}

#[tokio::test]
async fn a_refusal_is_not_kept_so_that_the_mended_request_may_go_under_the_same_key() {
    let api = Api::new().await;
    let (who, _) = api.signup().await;
    let key = key();
    assert_eq!(post(&api, &who, &key, "/v1/deployments", &json!({ "name": "x", "plan": "none" })).await.status, 422);
    post(&api, &who, &key, "/v1/deployments", &new_deployment("Mended")).await.ok(202);
}

#[tokio::test]
async fn what_was_done_before_the_process_died_is_found_and_not_done_again() {
    use vivier_server::store::idempotency::{Claim, Key};
    let api = Api::new().await;
    let (who, _) = api.signup().await;
    let me = api.get(&who, "/v1/auth/me").await.json();
    let scope = format!("{} {}", me["account"]["id"].as_str().expect("an id"), me["user"]["id"].as_str().expect("an id"));
    let id = api.deploy(&who, "Restarted").await;
    let store = &api.world.app.store;
    let restart = format!("/v1/deployments/{id}/restart");
    let requests = [
        ("/v1/deployments".to_owned(), new_deployment("Once")),
        (restart, json!(null)),
        (format!("/v1/deployments/{id}/config"), json!({ "text": "{ /* a */ }" })),
    ];
    for (path, body) in requests {
        let before = api.get(&who, &format!("/v1/deployments/{id}/events?limit=500")).await.text.matches("\"ask\"").count();
        let made = count(&api, &who).await;
        // The claim of a process that died right after it: the effect is named from the claim's UUID.
        let name = key();
        let bytes = if body.is_null() { Vec::new() } else { serde_json::to_vec(&body).expect("json") };
        let fingerprint = <sha2::Sha256 as sha2::Digest>::digest([b"POST\n", path.as_bytes(), b"\n", &bytes].concat());
        let place = Key { scope: scope.clone(), key: name.clone() };
        let Claim::Do(seed) = store.claim_key(&place, &fingerprint, "a process that died").await.expect("the store") else { panic!("a new key") };
        let first = post(&api, &who, &name, &path, &body).await.ok(202);
        if path == "/v1/deployments" {
            assert_eq!(first.json()["id"], vivier_core::id::DeploymentId::from_uuid(seed).to_string(), "named from the claim");
        }
        // And of one that died after its effect, before it could keep the answer.
        store.lose_answer(&place).await;
        let again = post(&api, &who, &name, &path, &body).await.ok(202);
        assert!(!again.headers.contains_key("idempotency-replayed"), "it was done over, by the same name");
        let made_now = count(&api, &who).await;
        assert_eq!(made_now - made, usize::from(path == "/v1/deployments"), "{path}");
        let asks = api.get(&who, &format!("/v1/deployments/{id}/events?limit=500")).await.text.matches("\"ask\"").count() - before;
        assert_eq!(asks, usize::from(path != "/v1/deployments"), "{path}: one ask, however often it was sent");
    }
}

/// What a death between the effect and the keeping of the answer leaves.
trait LoseAnswer {
    async fn lose_answer(&self, key: &vivier_server::store::idempotency::Key);
}

impl LoseAnswer for vivier_server::store::Store {
    async fn lose_answer(&self, key: &vivier_server::store::idempotency::Key) {
        let mut tx = self.begin().await.expect("a transaction");
        let statement = "UPDATE idempotency_keys SET status = NULL, answer = NULL, epoch = 'a process that died' WHERE scope = $1 AND key = $2";
        let done = sqlx::query(statement).bind(&key.scope).bind(&key.key).execute(tx.conn()).await.expect("updated");
        assert_eq!(done.rows_affected(), 1);
        tx.commit_quietly().await.expect("committed");
    }
}

#[tokio::test]
async fn a_token_that_is_asked_for_again_is_the_same_token() {
    let api = Api::new().await;
    let (who, _) = api.signup().await;
    let (key, body) = (key(), json!({ "name": "ci", "scopes": ["read"] }));
    let first = post(&api, &who, &key, "/v1/tokens", &body).await.ok(201);
    let second = post(&api, &who, &key, "/v1/tokens", &body).await.ok(201);
    assert_eq!(first.json()["secret"], second.json()["secret"]);
    assert_eq!(api.get(&who, "/v1/tokens").await.json()["items"].as_array().map(Vec::len), Some(1));
}

#[tokio::test]
async fn signing_up_again_with_the_same_key_is_the_same_account() {
    let api = Api::new().await;
    let (key, body) = (key(), json!({ "email": "ada@example.com", "password": PASSWORD }));
    let first = post(&api, &As::Nobody, &key, "/v1/auth/signup", &body).await.ok(201);
    let second = post(&api, &As::Nobody, &key, "/v1/auth/signup", &body).await.ok(201);
    assert_eq!(first.text, second.text);
    api.get(&As::Cookie(second.cookie().expect("the session")), "/v1/auth/me").await.ok(200);
    // Who does not know the password does not get the answer.
    post(&api, &As::Nobody, &key, "/v1/auth/signup", &json!({ "email": "ada@example.com", "password": "another password" })).await.problem(422, "key_reused");
    let taken = api.post(&As::Nobody, "/v1/auth/signup", &body).await;
    assert_eq!(taken.problem(409, "taken")["fields"][0]["path"], "email");
}
