//! The dashboard's files, and what this process says of itself.

use reqwest::{Method, header};
use serde_json::json;

use super::api::{Api, As};

#[tokio::test]
async fn every_page_is_the_dashboard_under_a_policy_without_inline_scripts_or_styles() {
    let api = Api::new().await;
    for path in ["/", "/login", "/deployments/dep_x", "/setup?token=abc", "/index.html"] {
        let answer = api.get(&As::Nobody, path).await.ok(200);
        assert!(answer.headers["content-type"].to_str().is_ok_and(|kind| kind.starts_with("text/html")), "{path}");
        let policy = answer.headers[header::CONTENT_SECURITY_POLICY].to_str().expect("text");
        assert!(
            policy.contains("script-src 'self'; style-src 'self';") && policy.contains("frame-ancestors 'none'") && policy.contains("default-src 'none'"),
            "{policy}"
        );
        assert_eq!(answer.headers["x-content-type-options"], "nosniff");
        assert_eq!(answer.headers["cache-control"], "no-cache");
        assert_eq!(answer.headers["referrer-policy"], "same-origin");
        let tag = answer.headers[header::ETAG].clone();
        let request = api.request(&As::Nobody, Method::GET, path).header(header::IF_NONE_MATCH, tag);
        api.send(request).await.ok(304);
    }
    for path in ["/assets/missing-123.js", "/favicon-none.ico", "/..%2f..%2fCargo.toml", "/%2e%2e/%2e%2e/Cargo.toml", "/.env"] {
        let answer = api.get(&As::Nobody, path).await;
        assert!(answer.status == 404 || (answer.status == 200 && answer.text.contains("<html")), "{path}: {} {}", answer.status, answer.text);
        assert!(!answer.text.contains("[workspace]"), "{path}");
    }
}

#[tokio::test]
async fn a_browser_at_an_address_that_nothing_is_at_gets_a_page_with_a_way_on_and_a_program_a_problem() {
    let api = Api::new().await;
    let (who, _) = api.signup().await;
    let browser = async |path: &str| api.send(api.request(&who, Method::GET, path).header(header::ACCEPT, "text/html,application/xhtml+xml,*/*;q=0.8")).await;
    for (path, title) in [("/assets/gone.js", "There is no such page"), ("/open/", "There is no such page"), ("/open/nobodys-agent", "No such agent")] {
        let answer = browser(path).await.ok(404);
        assert!(answer.headers["content-type"].to_str().is_ok_and(|kind| kind.starts_with("text/html")), "{path}");
        assert!(answer.text.contains(&format!("<h1>{title}</h1>")) && answer.text.contains("href=\"/agents\""), "{path}: {}", answer.text);
        let policy = answer.headers[header::CONTENT_SECURITY_POLICY].to_str().expect("text");
        assert!(policy.contains("style-src 'sha256-") && !policy.contains("unsafe-inline"), "{policy}");
        assert!(!answer.text.contains("style=") && !answer.text.contains("<script>"), "what the policy would not let through: {}", answer.text);
        assert_eq!(answer.headers["cache-control"], "no-store");
    }
    for path in ["/v1", "/v1/nothing", "/.well-known/acme"] {
        browser(path).await.problem(404, "not_found");
    }
    for path in ["/assets/gone.js", "/open/"] {
        api.get(&who, path).await.problem(404, "not_found");
    }
    // Another's agent and one that never was are the same page.
    let (other, _) = api.signup().await;
    api.deploy(&other, "Theirs").await;
    assert_eq!(browser("/open/theirs").await.ok(404).text, browser("/open/never-was").await.ok(404).text);
}

/// Files of a dashboard that was built. Where none was, the placeholder has none.
#[tokio::test]
async fn files_whose_name_is_a_hash_are_kept_for_ever() {
    let api = Api::new().await;
    let assets = concat!(env!("CARGO_MANIFEST_DIR"), "/../../web/dist/assets");
    for entry in std::fs::read_dir(assets).into_iter().flatten().flatten().take(5) {
        let name = entry.file_name().into_string().expect("a name");
        let answer = api.send(api.request(&As::Nobody, Method::HEAD, &format!("/assets/{name}"))).await.ok(200);
        assert_eq!(answer.headers["cache-control"], "public, max-age=31536000, immutable", "{name}");
        assert_eq!(answer.headers["x-content-type-options"], "nosniff");
        let kind = answer.headers["content-type"].to_str().expect("text");
        assert!(!name.ends_with(".js") || kind.starts_with("text/javascript"), "{name} {kind}");
    }
    let page = api.get(&As::Nobody, "/").await.text;
    assert!(!page.contains("<script>") && !page.contains("onload="), "a script of the page itself would not run under the policy: {page}");
    assert!(!page.contains("<style") && !page.contains(" style="), "nor would a style of the page itself apply: {page}");
}

#[tokio::test]
async fn health_is_for_all_and_numbers_are_for_the_socket_and_for_operators() {
    let api = Api::new().await;
    assert_eq!(api.get(&As::Nobody, "/healthz").await.ok(200).json(), json!({ "ok": true }));
    assert_eq!(api.get(&As::Nobody, "/readyz").await.ok(200).json()["ready"], true);
    let (tenant, _) = api.signup().await;
    let operator = api.operator().await;
    let through_the_edge = async |who: &As| api.send(api.request(who, Method::GET, "/metrics").header("x-forwarded-for", "192.0.2.1")).await;
    through_the_edge(&As::Nobody).await.problem(404, "not_found");
    through_the_edge(&tenant).await.problem(404, "not_found");
    through_the_edge(&operator).await.ok(200);
    let answer = api.get(&As::Nobody, "/metrics").await.ok(200);
    assert!(answer.text.contains("vivier_http_requests_total{") && answer.text.contains("vivier_http_request_seconds_bucket{"), "{}", answer.text);
}

#[tokio::test]
async fn a_database_that_does_not_answer_is_a_problem_without_its_details() {
    let api = Api::new().await;
    let (who, _) = api.signup().await;
    api.world.app.store.close().await;
    let ready = api.get(&As::Nobody, "/readyz").await.ok(503);
    assert_eq!(ready.json()["failing"], json!(["database"]));
    api.get(&As::Nobody, "/healthz").await.ok(200);
    let answer = api.get(&who, "/v1/deployments").await;
    answer.problem(500, "internal");
    assert!(!answer.text.contains("sqlx") && !answer.text.to_lowercase().contains("pool"), "{}", answer.text);
}
