//! Releases over the API: what is told of one, its papers, and taking it back.

use reqwest::header;
use serde_json::{Value, json};
use vivier_core::release::Verdict;
use vivier_core::wire::host::Image;

use super::api::{Answer, Api, settings};
use crate::support::store::{TestStore, image};
use crate::support::world::World;

/// Over a host that holds `images`.
async fn holding(images: Vec<Image>) -> Api {
    let mut world = World::with_images(TestStore::sqlite().await, settings(), images).await;
    world.start();
    Api::over(world).await
}

fn one(list: &Answer, version: &str) -> Value {
    list.json()["items"].as_array().into_iter().flatten().find(|release| release["openclaw_version"] == version).expect("it is listed").clone()
}

#[tokio::test]
async fn a_withdrawn_release_is_nobodys_default_and_cannot_be_chosen_or_gone_back_to() {
    let api = holding(vec![image("2026.9.7", 2), image("2026.9.6", 1)]).await;
    let operator = api.operator().await;
    let (who, _) = api.signup().await;
    let deployment = api.deploy(&who, "Ada").await;
    let listed = api.get(&operator, "/v1/operator/releases").await.ok(200);
    let id = |version: &str| one(&listed, version)["id"].as_str().expect("an id").to_owned();
    let path = format!("/v1/operator/releases/{}/withdraw", id("2026.9.7"));
    api.post(&who, &path, &json!({ "reason": "mine" })).await.problem(404, "not_found");
    assert_eq!(api.post(&operator, &path, &json!({ "reason": "  " })).await.paths(), ["reason"]);

    // Away from it, so that there is a way back to it.
    let other = one(&listed, "2026.9.6")["image"].clone();
    api.post(&who, &format!("/v1/deployments/{deployment}/release"), &json!({ "image": other })).await.ok(202);
    let withdrawn = api.post(&operator, &path, &json!({ "reason": "it eats letters" })).await.ok(200);
    let withdrawn = withdrawn.json();
    assert_eq!((&withdrawn["withdrawn"]["reason"], &withdrawn["is_default"]), (&json!("it eats letters"), &json!(false)));
    let seen = api.get(&who, "/v1/releases").await.ok(200);
    assert_eq!(one(&seen, "2026.9.7")["withdrawn"]["reason"], "it eats letters");
    assert_eq!(one(&seen, "2026.9.6")["is_default"], true, "new agents get the newest of the others");

    let image = one(&listed, "2026.9.7")["image"].clone();
    let refused = api.post(&who, &format!("/v1/deployments/{deployment}/release"), &json!({ "image": image })).await;
    assert!(refused.problem(409, "conflict")["detail"].as_str().is_some_and(|detail| detail.contains("was withdrawn: it eats letters")), "{}", refused.text);
    for answer in [
        api.get(&who, &format!("/v1/deployments/{deployment}/rollback?revision=1")).await,
        api.post(&who, &format!("/v1/deployments/{deployment}/rollback"), &json!({ "revision": 1 })).await,
    ] {
        assert!(answer.problem(409, "conflict")["detail"].as_str().is_some_and(|detail| detail.contains("was withdrawn")), "{}", answer.text);
    }
    let audit = api.world.store().audit_log(None, 5).await.expect("the audit log");
    assert!(audit.iter().any(|row| row.action == "release.withdraw" && row.detail.contains("it eats letters")), "{audit:?}");

    // What the host says counts: it still says so after a look.
    api.world.app.releases.sync().await.expect("a look");
    assert!(one(&api.get(&who, "/v1/releases").await.ok(200), "2026.9.7")["withdrawn"].is_object());
    let back = api.delete(&operator, &path).await.ok(200).json();
    assert_eq!((back.get("withdrawn"), &back["is_default"]), (None, &json!(true)));
    api.post(&who, &format!("/v1/deployments/{deployment}/release"), &json!({ "image": image })).await.ok(202);
}

#[tokio::test]
async fn a_release_that_the_gate_refuses_is_listed_and_given_to_nobody() {
    let failed = Image { verdict: Verdict::Failed, ..image("2026.9.8", 3) };
    let unscanned = Image { verdict: Verdict::Unscanned, ..image("2026.9.7", 2) };
    let accepted = Image { verdict: Verdict::Unscanned, accepted: Some("no database here".to_owned()), ..image("2026.9.6", 1) };
    let api = holding(vec![failed, unscanned, accepted]).await;
    let (who, _) = api.signup().await;
    let deployment = api.deploy(&who, "Ada").await;
    assert_eq!(api.get(&who, &format!("/v1/deployments/{deployment}")).await.ok(200).json()["openclaw_version"], "2026.9.6");
    let listed = api.get(&who, "/v1/releases").await.ok(200);
    assert_eq!(one(&listed, "2026.9.6")["accepted"], "no database here");
    for (version, words) in [("2026.9.8", "vulnerabilities"), ("2026.9.7", "not scanned")] {
        let image = one(&listed, version)["image"].clone();
        let refused = api.post(&who, &format!("/v1/deployments/{deployment}/release"), &json!({ "image": image })).await;
        assert!(refused.problem(409, "conflict")["detail"].as_str().is_some_and(|detail| detail.contains(words)), "{}", refused.text);
    }
}

#[tokio::test]
async fn the_papers_of_a_release_can_be_downloaded_by_everyone_who_is_signed_in() {
    let folder = tempfile::tempdir().expect("a directory");
    let paper = |name: &str, text: &str| {
        let path = folder.path().join(name);
        std::fs::write(&path, text).expect("writes");
        Some(path)
    };
    let with = Image { sbom: paper("sbom.cdx.json", r#"{"bomFormat":"CycloneDX"}"#), provenance: paper("p.json", r#"{"payload":""}"#), ..image("2026.9.7", 2) };
    let api = holding(vec![with, image("2026.9.6", 1)]).await;
    let (who, _) = api.signup().await;
    let listed = api.get(&who, "/v1/releases").await.ok(200);
    let path = |version: &str, what: &str| format!("/v1/releases/{}/{what}", one(&listed, version)["id"].as_str().expect("an id"));
    let bill = api.get(&who, &path("2026.9.7", "sbom")).await.ok(200);
    assert_eq!((bill.headers[header::CONTENT_TYPE].as_bytes(), bill.text.as_str()), (&b"application/vnd.cyclonedx+json"[..], r#"{"bomFormat":"CycloneDX"}"#));
    assert_eq!(bill.headers[header::CONTENT_DISPOSITION], r#"attachment; filename="openclaw-2026.9.7.cdx.json""#);
    let statement = api.get(&who, &path("2026.9.7", "provenance")).await.ok(200);
    assert_eq!(
        (statement.headers[header::CONTENT_TYPE].as_bytes(), statement.text.as_str()),
        (&b"application/vnd.dsse.envelope.v1+json"[..], r#"{"payload":""}"#)
    );
    api.get(&who, &path("2026.9.6", "sbom")).await.problem(404, "not_found");
    api.get(&who, "/v1/releases/rel_00000000000000000000000000/sbom").await.problem(404, "not_found");
}
