//! Configuration: get, set, edit, check.

use serde_json::{Value, json};
use wiremock::matchers::{body_partial_json, method, path};
use wiremock::{Mock, ResponseTemplate};

use crate::world::{ADA, BOB, World, ago, finished, problem};

const TEXT: &str = "// mine\n{\n  ui: { assistant: { name: \"Ada\" } },\n}\n";

fn config(version: u64) -> Value {
    json!({
        "version": version, "text": TEXT, "effective": { "gateway": { "port": 18789 } }, "provider": { "kind": "openai", "model": "gpt-5-mini" },
        "channels": [{ "kind": "telegram", "allow_from": ["42"] }], "created_at": ago(60), "author": "ada@example.com", "outcome": "pending"
    })
}

async fn world() -> World {
    let world = World::new().await;
    for id in [ADA, BOB] {
        world.answer("GET", &format!("/v1/deployments/{id}/config"), 200, config(4)).await;
    }
    world
}

async fn accepts(world: &World, id: &str) {
    let at = format!("/v1/deployments/{id}/config");
    Mock::given(method("POST"))
        .and(path(at.clone()))
        .and(body_partial_json(json!({ "dry_run": true })))
        .respond_with(ResponseTemplate::new(200).set_body_json(json!({ "valid": true, "issues": [] })))
        .with_priority(1)
        .mount(&world.server)
        .await;
    world.answer("POST", &at, 202, config(5)).await;
}

#[tokio::test]
async fn get_prints_the_document_as_written_and_effective_what_openclaw_is_given() {
    let world = world().await;
    assert_eq!(world.run(&["config", "get", "ada"]).out, TEXT);
    assert_eq!(world.run(&["config", "get", "ada", "--effective"]).json(), json!({ "gateway": { "port": 18789 } }));
    assert_eq!(world.run(&["config", "get", "ada", "--json"]).json()["version"], 4);
}

#[tokio::test]
async fn set_sends_only_what_was_given_and_guards_against_lost_changes() {
    let world = world().await;
    accepts(&world, BOB).await;
    let key = world.file("key.txt", "sk-abc\n");
    let document = world.file("bob.json5", "{}");
    let ran = world.run(&["config", "set", "bob-the-bot", &document, "--model", "gpt-5.2", "--api-key-file", &key]);
    insta::assert_snapshot!("config_set", ran.snapshot(&world));
    assert_eq!(
        world.only_body("POST", &format!("/v1/deployments/{BOB}/config")).await,
        json!({
            "text": "{}", "provider": { "kind": "openai", "base_url": null, "model": "gpt-5.2", "api_key": "sk-abc" },
            "channels": null, "expected_version": 4, "dry_run": false
        })
    );
    assert_eq!(world.run(&["config", "set", "bob-the-bot"]).code, 2);
}

#[tokio::test]
async fn a_channel_is_added_beside_those_that_stay_and_can_be_removed() {
    let world = world().await;
    accepts(&world, BOB).await;
    let (bot, app) = (world.file("bot", "xoxb-1234567890-abc\n"), world.file("app", "xapp-1-A0123456789-abc\n"));
    let tokens = [format!("bot_token={bot}"), format!("app_token={app}")];
    let ran = world.run(&["config", "set", "bob-the-bot", "--channel", "slack", "--token-file", &tokens[0], "--token-file", &tokens[1]]);
    assert_eq!(ran.code, 0, "{}", ran.err);
    let sent = world.only_body("POST", &format!("/v1/deployments/{BOB}/config")).await;
    assert_eq!(
        sent["channels"],
        json!([
            { "kind": "telegram", "tokens": {}, "allow_from": ["42"], "api_root": null },
            { "kind": "slack", "tokens": { "app_token": "xapp-1-A0123456789-abc", "bot_token": "xoxb-1234567890-abc" }, "allow_from": [], "api_root": null }
        ])
    );
    let other = self::world().await;
    accepts(&other, BOB).await;
    assert_eq!(other.run(&["config", "set", "bob-the-bot", "--remove-channel", "telegram"]).code, 0);
    assert_eq!(other.only_body("POST", &format!("/v1/deployments/{BOB}/config")).await["channels"], json!([]));
}

#[tokio::test]
async fn issues_are_shown_in_the_document_with_line_and_caret() {
    let world = world().await;
    let at = format!("/v1/deployments/{ADA}/config");
    let issues = json!([
        { "path": "text.ui.assistant.name", "message": "must be a text", "line": 3 },
        { "path": "text.gateway.bind", "message": "cannot be set: the platform decides where the gateway listens. Remove it." }
    ]);
    world.answer("POST", &at, 200, json!({ "valid": false, "issues": issues })).await;
    let document = world.file("ada.json5", "// mine\n{\n  ui: { assistant: { name: 7 } },\n  gateway: {\n    \"bind\": \"lan\",\n  },\n}\n");
    insta::assert_snapshot!("config_check", world.run(&["config", "check", "ada", &document]).snapshot(&world));
    let json = world.run(&["config", "check", "ada", &document, "--json"]);
    assert_eq!((json.code, json.json()["valid"].clone()), (5, json!(false)));

    let refusing = self::world().await;
    let mut refusal = problem(422, "invalid_config", "OpenClaw 2026.9.6 does not accept this document.");
    refusal["fields"] = json!([{ "path": "text.ui.assistant.name", "message": "must be a text", "line": 3 }]);
    refusing.refuse("POST", &at, refusal).await;
    let document = refusing.file("ada.json5", "// mine\n{\n  ui: { assistant: { name: 7 } },\n}\n");
    insta::assert_snapshot!("config_set_refused", refusing.run(&["config", "set", "ada", &document]).snapshot(&refusing));
}

#[tokio::test]
async fn edit_opens_the_editor_checks_and_applies() {
    let world = world().await;
    accepts(&world, ADA).await;
    let edit = |editor: &str| {
        let mut command = world.command(&["config", "edit", "ada"]);
        command.env("EDITOR", editor);
        finished(&mut assert_cmd::Command::from_std(command))
    };
    assert_eq!(edit("true").out, "Nothing was changed.\n");
    assert!(world.requests("POST", &format!("/v1/deployments/{ADA}/config")).await.is_empty());
    assert_eq!(edit("false").code, 1);
    let ran = edit("sed -i s/Ada/Bea/");
    assert_eq!(ran.code, 0, "{}", ran.err);
    let sent = world.requests("POST", &format!("/v1/deployments/{ADA}/config")).await;
    let bodies: Vec<Value> = sent.iter().map(|request| serde_json::from_slice(&request.body).expect("JSON")).collect();
    assert_eq!(bodies.len(), 2, "a check, then the change");
    assert_eq!((bodies[1]["text"].as_str(), bodies[1]["expected_version"].as_u64()), (Some(TEXT.replace("Ada", "Bea").as_str()), Some(4)));
}

#[tokio::test]
async fn an_edit_that_is_refused_keeps_the_text() {
    let world = world().await;
    let at = format!("/v1/deployments/{ADA}/config");
    world.answer("POST", &at, 200, json!({ "valid": false, "issues": [{ "path": "text.ui", "message": "must be an object", "line": 3 }] })).await;
    let mut command = world.command(&["config", "edit", "ada"]);
    command.env("EDITOR", "sed -i s/Ada/Bea/").env("TMPDIR", world.home.path());
    let ran = finished(&mut assert_cmd::Command::from_std(command));
    assert_eq!(ran.code, 5, "{}", ran.err);
    let kept = ran.err.lines().find_map(|line| line.strip_prefix("Your text is kept in ")).expect("it says where").trim_end_matches('.').to_owned();
    assert!(std::fs::read_to_string(kept).expect("kept").contains("Bea"));
}

#[tokio::test]
async fn a_configuration_moves_from_one_agent_to_another_without_its_secrets() {
    let world = world().await;
    let secret = |name: &str| json!({ "name": name, "version": 1, "created_at": ago(60) });
    let items = ["provider.apiKey", "channels.telegram.botToken", "custom.GITHUB"].map(secret);
    world.answer("GET", &format!("/v1/deployments/{ADA}/secrets"), 200, json!({ "items": items })).await;
    world.answer("GET", &format!("/v1/deployments/{BOB}/secrets"), 200, json!({ "items": [secret("provider.apiKey")] })).await;
    world.answer("PUT", &format!("/v1/deployments/{BOB}/secrets/custom.GITHUB"), 202, crate::world::bob()).await;
    accepts(&world, BOB).await;

    let exported = world.run(&["config", "export", "ada"]);
    let file = world.file("ada.json", &exported.out);
    let document = exported.json();
    assert_eq!((document["document"].as_str(), document["secrets"].as_array().map(Vec::len)), (Some(TEXT), Some(3)), "{document:#}");

    // Nothing is sent while something is missing.
    let lacking = world.run(&["config", "import", "bob-the-bot", &file]);
    insta::assert_snapshot!("config_import_lacking", lacking.snapshot(&world));
    assert!(world.requests("POST", &format!("/v1/deployments/{BOB}/config")).await.is_empty());

    let token = world.file("token.txt", "123456789:AAabcdefghijklmnopqrstuvwxyz012345678\n");
    let github = world.file("github.txt", "ghp_1\n");
    let (token, github) = (format!("channels.telegram.botToken={token}"), format!("custom.GITHUB={github}"));
    let ran = world.run(&["config", "import", "bob-the-bot", &file, "--secret", &token, "--secret", &github]);
    assert_eq!(ran.code, 0, "{}", ran.err);
    assert_eq!(world.only_body("PUT", &format!("/v1/deployments/{BOB}/secrets/custom.GITHUB")).await, json!({ "value": "ghp_1" }));
    let body = world.only_body("POST", &format!("/v1/deployments/{BOB}/config")).await;
    assert_eq!(body["text"], TEXT);
    assert_eq!(body["provider"], json!({ "kind": "openai", "base_url": null, "model": "gpt-5-mini", "api_key": null }), "the key that is there is kept");
    let tokens = json!({ "bot_token": "123456789:AAabcdefghijklmnopqrstuvwxyz012345678" });
    assert_eq!(body["channels"], json!([{ "kind": "telegram", "tokens": tokens, "allow_from": ["42"], "api_root": null }]));

    let odd = world.run(&["config", "import", "bob-the-bot", &world.file("odd.json5", TEXT)]);
    assert!(odd.code == 2 && odd.err.contains("is no exported configuration") && odd.err.contains("vivier config set"), "{}", odd.err);
    let newer = world.file("newer.json", &exported.out.replace("\"vivier_config\": 1", "\"vivier_config\": 2"));
    assert!(world.run(&["config", "import", "bob-the-bot", &newer]).err.contains("form 2"));
}
