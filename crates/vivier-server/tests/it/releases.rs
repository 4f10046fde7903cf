//! A configuration against the schema of its release.

use serde_json::json;
use vivier_core::wire::host::Image;

use crate::support::World;
use crate::support::store::image;

async fn check(schema: &serde_json::Value, config: &serde_json::Value) -> Vec<(String, String)> {
    let world = World::idle(vivier_server::Config::default()).await;
    let path = world.test.dir.path().join("schema.json");
    std::fs::write(&path, schema.to_string()).expect("written");
    let image = Image { config_schema: Some(path), ..image("2026.9.6", 1) };
    world.store().sync_releases(std::slice::from_ref(&image)).await.expect("synced");
    let issues = world.app.releases.validate(&image.image, config).await.expect("checked");
    issues.into_iter().map(|issue| (issue.path, issue.message)).collect()
}

#[tokio::test]
async fn every_issue_has_its_dotted_path_and_says_what_must_be() {
    let schema = json!({
        "type": "object",
        "additionalProperties": false,
        "properties": {
            "never": { "type": "object", "properties": { "met": { "type": "nonsense" } } },
            "ui": {
                "type": "object",
                "additionalProperties": false,
                "required": ["name"],
                "properties": { "name": { "type": "string" }, "size": { "enum": ["small", "large"] }, "count": { "type": "integer", "minimum": 1 } },
            },
            "either": { "anyOf": [{ "type": "string" }, { "type": "object", "required": ["id"], "properties": { "id": { "type": "string" } } }] },
        },
    });
    assert_eq!(check(&schema, &json!({ "ui": { "name": "Ada", "size": "small" }, "either": { "id": "x" } })).await, []);
    let issues = check(&schema, &json!({ "ui": { "name": 7, "size": "huge", "count": 0, "nam": 1 }, "either": { "id": 3 }, "typo": true })).await;
    let of = |path: &str| issues.iter().filter(|(at, _)| at == path).map(|(_, message)| message.clone()).collect::<Vec<_>>();
    assert!(of("ui.name")[0].contains("must be text"), "{issues:#?}");
    assert!(of("ui.size")[0].contains("small") && of("ui.size")[0].contains("large"), "{issues:#?}");
    assert!(of("ui.count")[0].contains('1'), "{issues:#?}");
    assert!(of("ui.nam")[0].contains("not known"), "{issues:#?}");
    assert!(of("typo")[0].contains("not known"), "{issues:#?}");
    assert_eq!(of("either").len() + of("either.id").len(), 1, "{issues:#?}");
    assert!(check(&schema, &json!({ "ui": {} })).await[0].1.contains("name"));
}

#[tokio::test]
async fn a_release_without_a_schema_has_nothing_to_say() {
    let world = World::idle(vivier_server::Config::default()).await;
    let issues = world.app.releases.validate(&image("2026.9.6", 1).image, &json!({ "anything": 1 })).await.expect("nothing to say");
    assert!(issues.is_empty());
}
