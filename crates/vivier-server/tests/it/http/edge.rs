//! The way into an agent: links and codes, and what the edge asks on its own socket.

use axum::body::Body;
use axum::http::Request;
use reqwest::header;
use serde_json::{Value, json};
use tower::ServiceExt as _;

use super::api::{Api, As};

/// Asks the control door. `None` is a refusal.
async fn ask(api: &Api, path: &str, body: &Value) -> Option<Value> {
    let request = Request::post(path).header(header::CONTENT_TYPE, "application/json").body(Body::from(body.to_string())).expect("a request");
    let response = vivier_server::control::router(api.world.app.clone()).oneshot(request).await.expect("an answer");
    if response.status() != 200 {
        assert_eq!(response.status(), 404);
        return None;
    }
    let bytes = axum::body::to_bytes(response.into_body(), 1 << 20).await.expect("a body");
    Some(serde_json::from_slice(&bytes).expect("JSON"))
}

fn query(url: &str, name: &str) -> String {
    let url = url::Url::parse(url).expect("an address");
    url.query_pairs().find(|(key, _)| key == name).map(|(_, value)| value.into_owned()).expect("it is there")
}

async fn slug(api: &Api, who: &As, id: &str) -> String {
    api.get(who, &format!("/v1/deployments/{id}")).await.ok(200).json()["slug"].as_str().expect("a slug").to_owned()
}

#[tokio::test]
async fn a_link_opens_the_agent_once_within_a_minute_and_only_under_its_own_name() {
    let api = Api::new().await;
    let (who, _) = api.signup().await;
    let (id, other) = (api.deploy(&who, "Opened").await, api.deploy(&who, "Another").await);
    let (name, another) = (slug(&api, &who, &id).await, slug(&api, &who, &other).await);
    let link = async || {
        let answer = api.post(&who, &format!("/v1/deployments/{id}/open"), &json!({ "return": "/chat?x=1" })).await.ok(200).json();
        answer["url"].as_str().expect("a link").to_owned()
    };
    let url = link().await;
    assert!(url.starts_with(&format!("http://{name}.localhost:8080/.vivier/session?code=")), "{url}");
    assert_eq!(query(&url, "return"), "/chat?x=1");
    let code = query(&url, "code");
    assert!(code.len() >= 43);
    assert_eq!(ask(&api, "/redeem", &json!({ "code": code, "slug": another })).await, None, "another agent's name");
    let grant = ask(&api, "/redeem", &json!({ "code": code, "slug": name })).await.expect("granted");
    assert_eq!(grant["deployment"], id);
    assert!(grant["session"].as_str().is_some_and(|session| session.starts_with("ses_")));
    assert_eq!(ask(&api, "/redeem", &json!({ "code": code, "slug": name })).await, None, "twice");
    let late = query(&link().await, "code");
    api.world.test.clock.turn_seconds(61);
    assert_eq!(ask(&api, "/redeem", &json!({ "code": late, "slug": name })).await, None, "too late");
    let orphan = query(&link().await, "code");
    api.post(&who, "/v1/auth/logout", &json!(null)).await.ok(204);
    assert_eq!(ask(&api, "/redeem", &json!({ "code": orphan, "slug": name })).await, None, "its session has ended");
}

#[tokio::test]
async fn the_way_from_an_agents_name_leads_back_to_it_and_nowhere_else() {
    let api = Api::new().await;
    let (who, _) = api.signup().await;
    let (stranger, _) = api.signup().await;
    let id = api.deploy(&who, "Opened").await;
    let name = slug(&api, &who, &id).await;
    let go = async |who: &As, back: &str| api.get(who, &format!("/open/{name}?return={back}")).await;
    let location = |answer: &super::api::Answer| answer.headers[header::LOCATION].to_str().expect("text").to_owned();

    let answer = go(&As::Nobody, "%2Fchat%3Fa%3D1").await.ok(303);
    assert_eq!(location(&answer), format!("/login?next=%2Fopen%2F{name}%3Freturn%3D%252Fchat%253Fa%253D1"));
    let answer = go(&who, "%2Fchat").await.ok(303);
    assert!(location(&answer).starts_with(&format!("http://{name}.localhost:8080/.vivier/session?code=")));
    assert_eq!(query(&location(&answer), "return"), "/chat");
    for evil in [
        "https%3A%2F%2Fevil.example",
        "%2F%2Fevil.example",
        "%2F%5Cevil.example",
        "javascript%3Aalert(1)",
        "%0d%0aLocation%3A%20https%3A%2F%2Fevil.example",
        "%2F%09%2Fevil.example",
    ] {
        let answer = go(&who, evil).await.ok(303);
        assert_eq!(query(&location(&answer), "return"), "/", "{evil}");
        assert!(location(&answer).starts_with(&format!("http://{name}.localhost:8080/")));
        let answer = go(&As::Nobody, evil).await.ok(303);
        assert!(location(&answer).starts_with("/login?next=%2Fopen%2F") && !location(&answer).contains("evil"), "{}", location(&answer));
        let answer = api.post(&who, &format!("/v1/deployments/{id}/open"), &json!({ "return": urlencoding(evil) })).await.ok(200).json();
        assert_eq!(query(answer["url"].as_str().expect("a link"), "return"), "/", "{evil}");
    }
    // Another's agent, a deleted one, one that never was, and what is no name at all: the same page.
    let page = go(&stranger, "%2F").await.ok(404).text;
    assert!(page.contains("No such agent"));
    for path in ["/open/never-was-there", "/open/x", "/open/UPPER", "/open/a%0d%0ab", "/open/..%2f..%2fetc", "/open/www", "/open/%F0%9F%A6%9E"] {
        let answer = api.get(&who, path).await.ok(404);
        assert_eq!(answer.text, page, "{path}");
    }
    api.delete(&who, &format!("/v1/deployments/{id}")).await.ok(202);
    assert_eq!(go(&who, "%2F").await.ok(404).text, page);
    api.post(&who, &format!("/v1/deployments/{id}/open"), &json!(null)).await.problem(409, "conflict");
}

fn urlencoding(text: &str) -> String {
    url::form_urlencoded::parse(format!("x={text}").as_bytes()).next().map(|(_, value)| value.into_owned()).expect("a pair")
}

#[tokio::test]
async fn a_token_talks_to_its_accounts_agents_when_it_may_chat() {
    let api = Api::new().await;
    let (who, _) = api.signup().await;
    let (stranger, _) = api.signup().await;
    let id = api.deploy(&who, "Chatty").await;
    let name = slug(&api, &who, &id).await;
    let text = |token: &As| match token {
        As::Token(text) => text.clone(),
        As::Nobody | As::Cookie(_) => unreachable!("a token was asked for"),
    };
    let chat = text(&api.token(&who, &["chat"]).await);
    let grant = ask(&api, "/authorize", &json!({ "token": chat, "slug": name })).await.expect("granted");
    assert_eq!((grant["deployment"].as_str(), grant["session"].as_str()), (Some(id.as_str()), None));
    for token in [text(&api.token(&who, &["read", "write"]).await), text(&api.token(&stranger, &["chat"]).await), "viv_nonsense".to_owned(), String::new()] {
        assert_eq!(ask(&api, "/authorize", &json!({ "token": token, "slug": name })).await, None);
    }
    assert_eq!(ask(&api, "/authorize", &json!({ "token": chat, "slug": "never-was" })).await, None);
    let listed = api.get(&who, "/v1/tokens").await.json();
    let chat_id = listed["items"].as_array().expect("items").iter().find(|item| item["scopes"] == json!(["chat"])).expect("listed")["id"].clone();
    api.delete(&who, &format!("/v1/tokens/{}", chat_id.as_str().expect("an id"))).await.ok(204);
    assert_eq!(ask(&api, "/authorize", &json!({ "token": chat, "slug": name })).await, None, "deleted");
}

#[tokio::test]
async fn the_edge_is_told_of_a_new_route_while_it_waits() {
    let api = Api::new().await;
    let (who, _) = api.signup().await;
    let world = &api.world;
    world.app.routes.make(&world.app.store, world.app.settings.subnet_pool).await.expect("a table");
    let table = ask(&api, "/routes", &json!({ "after": null, "wait_seconds": 0 })).await.expect("a table");
    assert_eq!(table["routes"], json!([]));
    let version = table["version"].clone();
    let id = api.deploy(&who, "Routed").await;
    api.until_state(&who, &id, "running").await;
    let body = json!({ "after": version, "wait_seconds": 25 });
    let (newer, made) = tokio::join!(ask(&api, "/routes", &body), world.app.routes.make(&world.app.store, world.app.settings.subnet_pool));
    made.expect("a table");
    assert_eq!(newer.expect("a newer table")["routes"][0]["deployment"], id);
}
