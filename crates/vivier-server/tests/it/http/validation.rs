//! What a new deployment may not be, and where the answer says so.

use serde_json::{Value, json};
use vivier_server::Config;

use super::api::{Api, new_deployment, settings};

const TELEGRAM: &str = "123456789:AAabcdefghijklmnopqrstuvwxyz012345678";

fn with(changes: Value) -> Value {
    let mut body = json!({ "name": "Agent", "plan": "starter" });
    for (key, value) in changes.as_object().expect("an object") {
        body[key] = value.clone();
    }
    body
}

#[tokio::test]
async fn every_field_of_a_new_deployment_is_checked_at_the_door() {
    let api = Api::new().await;
    let (who, _) = api.signup().await;
    let cases: [(Value, &[&str]); 24] = [
        (json!({ "name": "a\nb" }), &["name"]),
        (json!({ "slug": "UPPER" }), &["slug"]),
        (json!({ "slug": "www" }), &["slug"]),
        (json!({ "slug": "a.b" }), &["slug"]),
        (json!({ "provider": { "kind": "openai", "model": "m" } }), &["provider.api_key"]),
        (json!({ "provider": { "kind": "openai", "model": "a b", "api_key": "k" } }), &["provider.model"]),
        (json!({ "provider": { "kind": "openai", "model": "m", "api_key": "a\r\nx-evil: 1" } }), &["provider.api_key"]),
        (json!({ "provider": { "kind": "openai_compatible", "model": "m" } }), &["provider.base_url"]),
        (json!({ "provider": { "kind": "openai_compatible", "model": "m", "base_url": "file:///etc/passwd" } }), &["provider.base_url"]),
        (json!({ "provider": { "kind": "openai_compatible", "model": "m", "base_url": "http://u:p@h/" } }), &["provider.base_url"]),
        (json!({ "template": "telegram" }), &["channels[0]"]),
        (json!({ "template": "slack", "channels": [{ "kind": "telegram", "tokens": { "bot_token": TELEGRAM } }] }), &["channels[1]"]),
        (json!({ "channels": [{ "kind": "telegram" }] }), &["channels[0].tokens.bot_token"]),
        (json!({ "channels": [{ "kind": "telegram", "tokens": { "bot_token": "nope" } }] }), &["channels[0].tokens.bot_token"]),
        (json!({ "channels": [{ "kind": "telegram", "tokens": { "bot_token": TELEGRAM, "other": "x" } }] }), &["channels[0].tokens"]),
        (
            json!({ "channels": [{ "kind": "slack", "tokens": { "bot_token": "xapp-1234567890-ab", "app_token": "xoxb-1234567890-ab" } }] }),
            &["channels[0].tokens.app_token", "channels[0].tokens.bot_token"],
        ),
        (
            json!({ "channels": [{ "kind": "telegram", "tokens": { "bot_token": TELEGRAM } }, { "kind": "telegram", "tokens": { "bot_token": TELEGRAM } }] }),
            &["channels[1].kind"],
        ),
        (json!({ "channels": [{ "kind": "telegram", "tokens": { "bot_token": TELEGRAM }, "allow_from": ["42", "a b"] }] }), &["channels[0].allow_from[1]"]),
        (json!({ "channels": [{ "kind": "telegram", "tokens": { "bot_token": TELEGRAM }, "api_root": "gopher://x" }] }), &["channels[0].api_root"]),
        (
            json!({ "channels": [{ "kind": "slack", "tokens": { "bot_token": "xoxb-1234567890-ab", "app_token": "xapp-1234567890-ab" }, "api_root": "http://x" }] }),
            &["channels[0].api_root"],
        ),
        (json!({ "config": "{ gateway: { auth: { mode: 'none' } } }" }), &["config.gateway.auth"]),
        (json!({ "config": "{ nope" }), &["config"]),
        (json!({ "config": "[".repeat(100) }), &["config"]),
        (json!({ "config": format!("{{ a: \"{}\" }}", "x".repeat(300_000)) }), &["config"]),
    ];
    for (changes, paths) in cases {
        let answer = api.post(&who, "/v1/deployments", &with(changes.clone())).await;
        assert_eq!(answer.status, 422, "{changes} {}", answer.text);
        assert_eq!(answer.paths(), paths, "{changes}");
    }
    // All of them at once, not one after the other.
    let many = with(json!({ "provider": { "kind": "openai", "model": "" }, "channels": [{ "kind": "telegram" }], "config": "7" }));
    assert_eq!(api.post(&who, "/v1/deployments", &many).await.paths(), ["provider.model", "provider.api_key", "channels[0].tokens.bot_token", "config"]);
    assert_eq!(api.get(&who, "/v1/deployments").await.json()["items"], json!([]));
}

#[tokio::test]
async fn a_name_is_given_once() {
    let api = Api::new().await;
    let (who, _) = api.signup().await;
    let (other, _) = api.signup().await;
    let body = with(json!({ "slug": "taken-name" }));
    api.post(&who, "/v1/deployments", &body).await.ok(202);
    let answer = api.post(&other, "/v1/deployments", &body).await;
    assert_eq!(answer.problem(409, "taken")["fields"][0]["path"], "slug");
}

#[tokio::test]
async fn without_an_image_or_room_a_deployment_is_refused_in_plain_words() {
    let api = Api::new().await;
    let (who, _) = api.signup().await;
    api.world.app.store.sync_releases(&[]).await.expect("an empty catalogue");
    let answer = api.post(&who, "/v1/deployments", &new_deployment("No image")).await;
    assert!(answer.problem(503, "no_image")["detail"].as_str().is_some_and(|detail| detail.contains("vivierd release build")));
    assert!(answer.headers.contains_key("retry-after"));

    let api = Api::with(Config { memory_ceiling: 0.000_001, ..settings() }).await;
    let (who, _) = api.signup().await;
    crate::support::eventually("the host was seen, and is full", || async {
        let answer = api.post(&who, "/v1/deployments", &new_deployment("No room")).await;
        (answer.status == 503).then(|| answer.problem(503, "host_full"))
    })
    .await;
}

#[tokio::test]
async fn a_key_goes_only_to_the_server_that_it_was_given_for() {
    let api = Api::new().await;
    let (who, _) = api.signup().await;
    let id = api.deploy(&who, "Keyed").await;
    let config = format!("/v1/deployments/{id}/config");
    let change = async |provider: Value| api.post(&who, &config, &json!({ "provider": provider })).await;
    // The same server, another model: the key stays.
    change(json!({ "kind": "openai", "model": "gpt-5.2" })).await.ok(202);
    // Another server would be told the key.
    let answer = change(json!({ "kind": "openai", "model": "m", "base_url": "https://evil.example/v1" })).await;
    assert_eq!(answer.paths(), ["provider.api_key"]);
    assert_eq!(change(json!({ "kind": "anthropic", "model": "m" })).await.paths(), ["provider.api_key"]);
    // A server of one's own needs none, and is not sent the old one: it is deleted.
    change(json!({ "kind": "openai_compatible", "model": "m", "base_url": "https://own.example/v1" })).await.ok(202);
    let names = api.get(&who, &format!("/v1/deployments/{id}/secrets")).await.ok(200).text;
    assert!(!names.contains("provider.apiKey"), "{names}");
    change(json!({ "kind": "openai", "model": "m", "api_key": "sk-new" })).await.ok(202);
}

#[tokio::test]
async fn secrets_are_checked_by_what_they_are_for() {
    let api = Api::new().await;
    let (who, _) = api.signup().await;
    let id = api
        .post(&who, "/v1/deployments", &with(json!({ "template": "telegram", "channels": [{ "kind": "telegram", "tokens": { "bot_token": TELEGRAM } }] })))
        .await
        .ok(202)
        .json()["id"]
        .as_str()
        .expect("an id")
        .to_owned();
    let at = |name: &str| format!("/v1/deployments/{id}/secrets/{name}");
    let put = async |name: &str, value: &str| api.with_body(&who, reqwest::Method::PUT, &at(name), &json!({ "value": value })).await;
    assert_eq!(put("channels.telegram.botToken", "nope").await.paths(), ["value"]);
    put("channels.telegram.botToken", TELEGRAM).await.ok(202);
    put("channels.slack.botToken", "xoxb-1234567890-ab").await.problem(409, "no_channel");
    put("provider.apiKey", "sk-1").await.problem(409, "no_provider");
    put("model.key", "x").await.problem(400, "invalid_path");
    put("gateway.auth.password", "x").await.problem(400, "invalid_path");
    assert_eq!(put("custom.A", "").await.paths(), ["value"]);
    assert_eq!(put("custom.A", &"x".repeat(8_193)).await.paths(), ["value"]);
    put("custom.A", "any text, with spaces\nand lines").await.ok(202);
    api.delete(&who, &at("channels.telegram.botToken")).await.problem(409, "channel_needs_it");
    api.delete(&who, &at("custom.A")).await.ok(202);
}

#[tokio::test]
async fn a_document_that_cannot_be_is_refused_with_its_path_and_nothing_is_changed() {
    let api = Api::new().await;
    let (who, _) = api.signup().await;
    let id = api.deploy(&who, "Checked").await;
    let (agent, config, secrets) =
        (format!("/v1/deployments/{id}"), format!("/v1/deployments/{id}/config"), |name: &str| format!("/v1/deployments/{id}/secrets/{name}"));
    let state = async || {
        let agent = api.get(&who, &agent).await.ok(200).json();
        let config = api.get(&who, &config).await.ok(200).json();
        (agent["revision"].clone(), config["version"].clone(), config["text"].clone())
    };
    let before = state().await;
    let to = |name: &str| format!("{{ source: 'file', provider: 'vivier', id: '/custom/{name}' }}");
    let deep = format!("{{ a: {}{} }}", "[".repeat(40), "]".repeat(40));
    let missing = format!("{{\n  models: {{ providers: {{ mine: {{\n    apiKey: {} }} }} }} }}", to("GONE"));
    for (text, path) in [
        (format!("{{ a: '{}' }}", "x".repeat(300_000)), "text"),
        (deep, "text"),
        ("{ a: 1 b: 2 }".to_owned(), "text"),
        ("[]".to_owned(), "text"),
        ("{ gateway: { bind: 'lan' } }".to_owned(), "text.gateway.bind"),
        ("{ secrets: { providers: { vivier: { source: 'exec' } } } }".to_owned(), "text.secrets.providers.vivier"),
        ("{ models: { providers: { vivier: {} } } }".to_owned(), "text.models.providers.vivier"),
        (missing.clone(), "text.models.providers.mine.apiKey"),
        (format!("{{ list: [{}] }}", to("GONE")), "text.list.0"),
        // The provider's key never comes into the container, so nothing there can refer to it.
        ("{ a: { source: 'file', provider: 'vivier', id: '/provider/apiKey' } }".to_owned(), "text.a"),
    ] {
        let answer = api.post(&who, &config, &json!({ "text": text })).await;
        assert_eq!((answer.status.as_u16(), answer.paths()), (422, vec![path.to_owned()]), "{text:.80} {}", answer.text);
        let dry = api.post(&who, &config, &json!({ "text": text, "dry_run": true })).await.ok(200).json();
        assert_eq!((&dry["valid"], &dry["issues"][0]["path"]), (&json!(false), &json!(path)));
        assert_eq!(state().await, before, "{text:.80}");
    }
    let answer = api.post(&who, &config, &json!({ "text": missing })).await;
    assert_eq!(answer.json()["fields"][0]["line"], 3, "{}", answer.text);
    assert!(answer.text.contains("Set `custom.GONE` first"), "{}", answer.text);
    let made = api.post(&who, "/v1/deployments", &with(json!({ "config": format!("{{ a: {} }}", to("NONE")) }))).await;
    assert_eq!(made.paths(), ["config.a"]);
    // With the secret there it goes through, and then the secret may not go.
    api.with_body(&who, reqwest::Method::PUT, &secrets("custom.GONE"), &json!({ "value": "here-now" })).await.ok(202);
    api.post(&who, &config, &json!({ "text": missing })).await.ok(202);
    let held = state().await;
    let answer = api.delete(&who, &secrets("custom.GONE")).await;
    assert!(answer.problem(409, "conflict")["detail"].as_str().is_some_and(|detail| detail.contains("`models.providers.mine.apiKey`")));
    assert_eq!(state().await, held);
}

#[tokio::test]
async fn versions_of_a_secret_are_listed_and_revoked_and_never_shown() {
    let api = Api::new().await;
    let (who, _) = api.signup().await;
    let (stranger, _) = api.signup().await;
    let id = api.deploy(&who, "Versions").await;
    let at = |rest: &str| format!("/v1/deployments/{id}/secrets/custom.A{rest}");
    for text in ["canary-one", "canary-two"] {
        api.with_body(&who, reqwest::Method::PUT, &at(""), &json!({ "value": text })).await.ok(202);
    }
    let listed = api.get(&who, &at("/versions")).await.ok(200);
    assert!(!listed.text.contains("canary"), "{}", listed.text);
    let items = listed.json()["items"].clone();
    assert_eq!((&items[0]["state"], &items[1]["version"]), (&json!("in_use"), &json!(2)), "{items}");
    api.post(&who, &at("/versions/3/revoke"), &json!({})).await.problem(409, "conflict");
    // Trusted by now, or on its way: only then is the old one nobody's way back.
    let revoked = crate::support::eventually("the old version can be revoked", || async {
        let answer = api.post(&who, &at("/versions/2/revoke"), &json!({})).await;
        (answer.status == 200).then_some(answer)
    })
    .await;
    assert_eq!(revoked.json()["state"], "revoked");
    api.post(&who, &at("/versions/2/revoke"), &json!({})).await.ok(200);
    api.post(&who, &at("/versions/99/revoke"), &json!({})).await.problem(404, "not_found");
    api.get(&stranger, &at("/versions")).await.problem(404, "not_found");
    api.post(&stranger, &at("/versions/2/revoke"), &json!({})).await.problem(404, "not_found");
    assert_eq!(api.get(&who, &at("/versions")).await.ok(200).json()["items"][1]["state"], "revoked");
    let plan = api.get(&who, &format!("/v1/deployments/{id}/rollback?revision=2")).await.ok(200).json();
    assert_eq!(plan["revoked"], json!(["custom.A"]), "{plan}");
}
