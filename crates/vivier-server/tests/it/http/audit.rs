//! The audit log as a tenant and an operator see it.

use super::api::{Api, As};

/// The rows of an export in lines.
fn rows(text: &str) -> Vec<serde_json::Value> {
    text.lines().map(|line| serde_json::from_str(line).expect("one JSON object in each line")).collect()
}

#[tokio::test]
async fn a_tenant_reads_what_was_done_to_its_own_things_and_an_operator_all_of_it() {
    let api = Api::new().await;
    let ((ada, mail), (_, other), operator) = (api.signup().await, api.signup().await, api.operator().await);
    let id = api.deploy(&ada, "Ada").await;
    api.post(&operator, &format!("/v1/operator/deployments/{id}/suspend"), &serde_json::Value::Null).await;
    let own = api.get(&ada, "/v1/audit").await.ok(200).json();
    let own = own["items"].as_array().expect("rows").clone();
    let actions: Vec<_> = own.iter().map(|row| row["action"].as_str().expect("an action")).collect();
    assert_eq!(actions, ["deployment.hold", "deployment.create", "account.login", "account.signup"]);
    assert!(own[0]["actor"].as_str().expect("an actor").starts_with("operator ") && own[1]["actor"] == mail.as_str(), "{own:#?}");
    assert!(own.iter().all(|row| row["outcome"] == "done" && row["hash"].as_str().is_some_and(|hash| hash.len() == 64)), "{own:#?}");
    assert!(!format!("{own:?}").contains(&other), "nobody else's");
    // Filters, pages.
    let found = api.get(&ada, &format!("/v1/audit?action=deployment.&subject={id}&limit=1")).await.ok(200).json();
    assert_eq!((found["items"][0]["action"].as_str(), found["next_cursor"].is_string()), (Some("deployment.hold"), true));
    let next = api.get(&ada, &format!("/v1/audit?action=deployment.&cursor={}", found["next_cursor"].as_str().expect("more"))).await.ok(200).json();
    assert_eq!(next["items"][0]["action"], "deployment.create");
    let account = own[0]["account"].as_str().expect("an account");
    api.get(&operator, &format!("/v1/audit?account={account}")).await.problem(404, "not_found");
    for wrong in ["action=token", "action=Token.x", "subject=dep_1", "outcome=maybe", "since=yesterday", "limit=501", "cursor=0"] {
        let name = wrong.split('=').next().expect("a name");
        assert_eq!(api.get(&ada, &format!("/v1/audit?{wrong}")).await.paths(), [name]);
    }
    // An operator sees everybody's, of one account when it asks so.
    let all = api.get(&operator, "/v1/operator/audit?limit=500").await.ok(200).json();
    assert!(all["items"].as_array().expect("rows").len() > own.len() + 2, "{all:#}");
    let one = api.get(&operator, &format!("/v1/operator/audit?account={account}&q={}", &mail[..8])).await.ok(200).json();
    assert_eq!(one["items"].as_array().expect("rows").len(), own.len() - 1, "{one:#}");
    api.get(&ada, "/v1/operator/audit").await.problem(404, "not_found");
}

#[tokio::test]
async fn an_export_holds_every_row_oldest_first_however_many_there_are() {
    let api = Api::new().await;
    let (ada, _) = api.signup().await;
    let operator = api.operator().await;
    let row = api.get(&ada, "/v1/audit").await.ok(200).json()["items"][0].clone();
    let id = |name: &str| row[name].as_str().expect("an id").to_owned();
    let actor = vivier_server::store::Actor::user(id("account").parse().expect("an id"), id("user").parse().expect("an id"), "=cmd@example.com");
    for number in 0..1_203 {
        let mut tx = api.world.store().begin().await.expect("a transaction");
        let detail = serde_json::json!({ "note": "a \"quoted\", long\nline", "number": number });
        tx.audit(&actor, actor.account, "token.create", "tok_x", detail).await.expect("written");
        tx.commit_quietly().await.expect("committed");
    }
    let answer = api.get(&ada, "/v1/audit/export").await.ok(200);
    assert_eq!(answer.headers["content-type"], "application/x-ndjson");
    let lines = rows(&answer.text);
    assert_eq!(lines.len(), 1_205);
    let places: Vec<_> = lines.iter().map(|row| row["seq"].as_u64().expect("a number")).collect();
    assert!(places.is_sorted() && lines[0]["action"] == "account.signup", "{:?}", lines[0]);
    let answer = api.get(&ada, "/v1/audit/export?format=csv&action=token.create").await.ok(200);
    assert!(answer.headers["content-disposition"].to_str().expect("text").contains("audit.csv"));
    assert!(answer.text.starts_with("seq,at,account,actor,") && answer.text.contains(",'=cmd@example.com,"), "{}", &answer.text[..400]);
    assert_eq!(answer.text.matches("\r\n").count(), 1_204);
    assert!(rows(&api.get(&operator, "/v1/operator/audit/export").await.ok(200).text).len() > 1_205);
    api.get(&As::Nobody, "/v1/audit/export").await.problem(401, "unauthorized");
}

#[tokio::test]
async fn an_operator_has_the_whole_log_verified() {
    let api = Api::new().await;
    let operator = api.operator().await;
    let report = api.get(&operator, "/v1/operator/audit/verification").await.ok(200).json();
    assert_eq!((report["count"].as_u64(), report["head"]["place"].as_u64()), (Some(0), report["rows"].as_u64()), "{report:#}");
}
