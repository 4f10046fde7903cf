//! An operator looks at somebody's account: reads, changes nothing, and is seen.

use reqwest::Method;
use serde_json::{Value, json};

use super::api::{Api, As};
use super::schema::operations;

async fn account_of(api: &Api, who: &As) -> String {
    api.get(who, "/v1/auth/me").await.ok(200).json()["account"]["id"].as_str().expect("an account").to_owned()
}

#[tokio::test]
async fn a_look_sees_the_account_ends_and_is_visible_to_the_tenant() {
    let api = Api::new().await;
    let ((ada, mail), operator) = (api.signup().await, api.operator().await);
    let id = api.deploy(&ada, "Ada").await;
    let (account, own) = (account_of(&api, &ada).await, account_of(&api, &operator).await);
    let found = api.get(&operator, &format!("/v1/operator/accounts?q={}", &mail[..10].to_uppercase())).await.ok(200).json();
    assert_eq!(
        (found["items"][0]["id"].as_str(), found["items"][0]["owner"].as_str(), found["items"][0]["deployments"].as_u64()),
        (Some(account.as_str()), Some(mail.as_str()), Some(1))
    );
    let detail = api.get(&operator, &format!("/v1/operator/accounts/{account}")).await.ok(200).json();
    assert_eq!((detail["agents"][0]["id"].as_str(), detail["people"][0]["role"].as_str()), (Some(id.as_str()), Some("owner")));
    api.get(&operator, &format!("/v1/deployments/{id}")).await.problem(404, "not_found");

    let look = format!("/v1/operator/accounts/{account}/look");
    assert_eq!(api.post(&operator, &look, &json!({ "reason": " " })).await.paths(), ["reason"]);
    assert_eq!(api.post(&operator, &look, &json!({ "reason": "r", "minutes": 241 })).await.paths(), ["minutes"]);
    api.post(&ada, &look, &json!({ "reason": "r" })).await.problem(404, "not_found");
    let begun = api.post(&operator, &look, &json!({ "reason": "ticket 1001", "minutes": 10 })).await.ok(201).json();
    assert_eq!((begun["now"].as_bool(), begun["reason"].as_str()), (Some(true), Some("ticket 1001")));
    let me = api.get(&operator, "/v1/auth/me").await.ok(200).json();
    assert_eq!((me["account"]["id"].as_str(), me["look"]["id"].as_str()), (Some(account.as_str()), begun["id"].as_str()), "{me:#}");
    api.get(&operator, &format!("/v1/deployments/{id}")).await.ok(200);
    api.get(&operator, &format!("/v1/deployments/{id}/config")).await.ok(200);
    // The tenant sees it while it lasts, and after.
    let seen = api.get(&ada, "/v1/looks").await.ok(200).json();
    assert_eq!((seen["items"][0]["reason"].as_str(), seen["items"][0]["now"].as_bool()), (Some("ticket 1001"), Some(true)), "{seen:#}");
    api.delete(&operator, "/v1/auth/look").await.ok(204);
    assert_eq!(account_of(&api, &operator).await, own, "at work in its own account again");
    api.get(&operator, &format!("/v1/deployments/{id}")).await.problem(404, "not_found");
    let log = api.get(&ada, "/v1/audit?action=account.&limit=2").await.ok(200).json();
    assert_eq!(
        (log["items"][0]["action"].as_str(), log["items"][1]["action"].as_str(), log["items"][1]["detail"]["reason"].as_str()),
        (Some("account.look_end"), Some("account.look"), Some("ticket 1001"))
    );
    // One that nobody ends is over by itself.
    api.post(&operator, &look, &json!({ "reason": "again", "minutes": 1 })).await.ok(201);
    api.world.test.clock.turn_seconds(61);
    assert_eq!(account_of(&api, &operator).await, own);
    assert_eq!(api.get(&ada, "/v1/looks").await.ok(200).json()["items"][0]["now"], false);
}

#[tokio::test]
async fn while_an_operator_looks_every_operation_that_changes_something_is_refused() {
    let api = Api::new().await;
    let ((ada, _), operator) = (api.signup().await, api.operator().await);
    let id = api.deploy(&ada, "Ada").await;
    api.until_state(&ada, &id, "running").await;
    let account = account_of(&api, &ada).await;
    api.post(&operator, &format!("/v1/operator/accounts/{account}/look"), &json!({ "reason": "ticket 1001" })).await.ok(201);
    let before = api.get(&ada, &format!("/v1/deployments/{id}")).await.ok(200).json();
    let mut tried = 0;
    for operation in operations().into_iter().filter(|operation| operation.method != "GET") {
        // What ends it, or ends the session.
        if matches!(operation.id.as_str(), "end_look" | "logout") {
            continue;
        }
        let path =
            operation.path.replace("{id}", &id).replace("{n}", "1").replace("{name}", "custom.NAME").replace("{kind}", "telegram").replace("{provider}", "idp");
        let method: Method = operation.method.parse().expect("a method");
        api.with_body(&operator, method, &path, &json!({})).await.problem(403, "only_looking");
        tried += 1;
    }
    assert!(tried > 30, "{tried}");
    // Nor the agent's own pages.
    let slug = before["slug"].as_str().expect("a slug");
    api.get(&operator, &format!("/open/{slug}")).await.problem(403, "only_looking");
    let after = api.get(&ada, &format!("/v1/deployments/{id}")).await.ok(200).json();
    assert_eq!((&after["desired"], &after["revision"]), (&before["desired"], &before["revision"]));
    // No secret in anything that can be read.
    for operation in operations()
        .into_iter()
        .filter(|operation| operation.method == "GET" && operation.path.starts_with("/v1/deployments/{id}") && !operation.path.contains("{n"))
    {
        let answer = api.get(&operator, &operation.path.replace("{id}", &id)).await;
        assert!(!answer.text.contains("sk-canary-provider-key"), "{}", operation.id);
    }
    let log = api.get(&ada, "/v1/audit?outcome=refused").await.ok(200).json();
    let rows = log["items"].as_array().expect("rows").clone();
    assert!((1..=10).contains(&rows.len()) && rows.iter().all(|row| row["action"] == "request.refused" && row["detail"]["why"] == "only_looking"), "{log:#}");
}

#[tokio::test]
async fn what_is_refused_and_failed_sign_ins_are_in_the_log_and_do_not_fill_it() {
    let api = Api::new().await;
    let ((ada, mail), operator) = (api.signup().await, api.operator().await);
    for _ in 0..15 {
        api.get(&ada, "/v1/operator/hosts").await.problem(404, "not_found");
        api.post(&As::Nobody, "/v1/auth/login", &json!({ "email": mail, "password": "not the password" })).await.problem(401, "wrong_credentials");
        api.post(&As::Nobody, "/v1/auth/login", &json!({ "email": "nobody@example.com", "password": "not the password" }))
            .await
            .problem(401, "wrong_credentials");
    }
    let rows = crate::support::eventually("both kinds are written", || async {
        let log = api.get(&operator, "/v1/operator/audit?outcome=refused&limit=500").await.ok(200).json();
        let rows = log["items"].as_array().expect("rows").clone();
        let has =
            |action: &str, subject: &str| rows.iter().any(|row| row["action"] == action && row["subject"].as_str().is_some_and(|text| text.contains(subject)));
        (has("request.refused", "GET /v1/operator/hosts") && has("account.login", "usr_") && has("account.login", "unknown user")).then_some(rows)
    })
    .await;
    assert!(rows.len() <= 20, "{}", rows.len());
    assert!(!format!("{rows:?}").contains("nobody@example.com"), "an address that nobody has is not kept");
    let own = api.get(&ada, "/v1/audit?action=account.login&outcome=refused").await.ok(200).json();
    assert!(own["items"][0]["actor"] == mail.as_str(), "the tenant sees it: {own:#}");
}

#[tokio::test]
async fn an_account_is_suspended_as_a_whole_and_let_go_again() {
    let api = Api::new().await;
    let ((ada, _), operator) = (api.signup().await, api.operator().await);
    let (one, other) = (api.deploy(&ada, "One").await, api.deploy(&ada, "Other").await);
    api.until_state(&ada, &one, "running").await;
    let place = format!("/v1/operator/accounts/{}", account_of(&api, &ada).await);
    api.post(&operator, &format!("{place}/suspend"), &Value::Null).await.any_problem();
    let done = api.post(&operator, &format!("{place}/suspend"), &json!({ "reason": "abuse" })).await.ok(200).json();
    assert_eq!((done["changed"].as_u64(), done["already"].as_u64()), (Some(2), Some(0)));
    for id in [&one, &other] {
        api.until_state(&ada, id, "suspended").await;
    }
    assert_eq!(api.get(&operator, &place).await.ok(200).json()["held"], 2);
    let done = api.post(&operator, &format!("{place}/resume"), &json!({ "reason": "it was none" })).await.ok(200).json();
    assert_eq!((done["changed"].as_u64(), done["already"].as_u64()), (Some(2), Some(0)));
    api.until_state(&ada, &one, "running").await;
}

#[tokio::test]
async fn an_operator_gives_credits_allows_more_and_has_the_books_compared() {
    let api = Api::new().await;
    let ((ada, _), operator) = (api.signup().await, api.operator().await);
    let place = format!("/v1/operator/accounts/{}", account_of(&api, &ada).await);
    assert_eq!(api.post(&operator, &format!("{place}/credits"), &json!({ "amount": 0, "note": "n" })).await.paths(), ["amount"]);
    let now = api.post(&operator, &format!("{place}/credits"), &json!({ "amount": 500, "note": "for the outage" })).await.ok(200).json();
    assert_eq!(now["credits"], 500);
    let body = json!({ "limit": "open_tickets", "allowed": 0, "reason": "spam" });
    let now = api.with_body(&operator, Method::PUT, &format!("{place}/limits"), &body).await.ok(200).json();
    assert!(now["limits"].as_array().expect("limits").iter().any(|one| one["limit"] == "open_tickets" && one["allowed"] == 0 && one["own"] == true), "{now:#}");
    assert_eq!(api.post(&ada, "/v1/tickets", &json!({ "subject": "s", "message": "m" })).await.any_problem()["code"], "open_tickets");
    // Nothing differs; then the ledger takes credits for an invoice that nobody knows.
    let report = api.post(&operator, "/v1/operator/reconciliations", &Value::Null).await.ok(200).json();
    assert_eq!((report["count"].as_u64(), report["differences"].as_array().map(Vec::len)), (Some(0), Some(0)), "{report:#}");
    let account = account_of(&api, &ada).await.parse().expect("an id");
    let mut tx = api.world.store().begin().await.expect("a transaction");
    let taken = tx.redeem(account, vivier_core::credits::Credits::new(70), "in_nobody_knows").await.expect("taken");
    tx.commit().await.expect("committed");
    assert_eq!(taken.count(), 70);
    let report = api.post(&operator, "/v1/operator/reconciliations", &Value::Null).await.ok(200).json();
    let one = &report["differences"][0];
    assert_eq!((one["kind"].as_str(), one["invoice"].as_str()), (Some("unknown_invoice"), Some("in_nobody_knows")), "{report:#}");
    assert!(one["message"].as_str().expect("words").contains("70 credits"), "{one}");
    assert_eq!(api.get(&operator, "/v1/operator/reconciliations").await.ok(200).json()["items"][0]["id"], report["id"]);
    crate::support::eventually("the operator is told", || async {
        let outbox = std::fs::read_dir(api.world.test.dir.path().join("outbox")).ok()?;
        outbox.filter_map(|entry| std::fs::read_to_string(entry.ok()?.path()).ok()).find(|text| text.contains("1 differences in the books"))
    })
    .await;
    assert_eq!(api.get(&operator, "/v1/operator/margins").await.ok(200).json()["items"], json!([]));
    api.get(&ada, "/v1/operator/reconciliations").await.problem(404, "not_found");
}
