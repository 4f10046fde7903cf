//! A server and its clients.

use std::net::SocketAddr;
use std::time::Duration;

use reqwest::{Method, StatusCode, header};
use serde_json::{Value, json};
use vivier_core::plan::Plans;
use vivier_server::Config;
use vivier_server::terms::RateSettings;

use crate::support::World;

pub const PASSWORD: &str = "correct horse battery";

/// A world with its API on a port of its own. Stops with it.
pub struct Api {
    pub world: World,
    pub address: SocketAddr,
    client: reqwest::Client,
    server: tokio::task::JoinHandle<()>,
}

impl Drop for Api {
    fn drop(&mut self) {
        self.server.abort();
    }
}

/// Settings whose limits no test meets by accident.
/// Plans that let one account have this many trials.
pub fn trials(deployments: u32) -> Plans {
    let mut plans = Plans::default();
    plans.trial.deployments = deployments;
    plans
}

pub fn settings() -> Config {
    Config {
        signups_per_hour: 10_000,
        logins_per_quarter: 10_000,
        mails_per_hour: 10_000,
        deploys_per_hour: 10_000,
        plans: trials(10_000),
        rates: RateSettings { changes_per_minute: 100_000, heavy_per_minute: 100_000 },
        ..Config::default()
    }
}

/// What came back.
#[derive(Debug)]
pub struct Answer {
    pub status: StatusCode,
    pub headers: header::HeaderMap,
    pub text: String,
}

impl Answer {
    pub fn json(&self) -> Value {
        serde_json::from_str(&self.text).unwrap_or_else(|error| panic!("{error} in {} {:?}", self.status, self.text))
    }

    /// The problem, which must be one, of this status and code.
    #[track_caller]
    pub fn problem(&self, status: u16, code: &str) -> Value {
        let problem = self.any_problem();
        assert_eq!((self.status.as_u16(), problem["code"].as_str()), (status, Some(code)), "{}", self.text);
        problem
    }

    #[track_caller]
    pub fn any_problem(&self) -> Value {
        let kind = self.headers.get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok());
        assert_eq!(kind, Some("application/problem+json"), "{} {}", self.status, self.text);
        let problem = self.json();
        assert_eq!(problem["status"], self.status.as_u16(), "{}", self.text);
        assert!(problem["request_id"].as_str().is_some_and(|id| id.starts_with("req_")), "{}", self.text);
        assert!(!problem["detail"].as_str().unwrap_or_default().is_empty() && !problem["title"].as_str().unwrap_or_default().is_empty(), "{}", self.text);
        problem
    }

    /// The paths of the fields that are wrong.
    pub fn paths(&self) -> Vec<String> {
        let problem = self.any_problem();
        problem["fields"].as_array().into_iter().flatten().filter_map(|field| field["path"].as_str().map(str::to_owned)).collect()
    }

    #[track_caller]
    pub fn ok(self, status: u16) -> Self {
        assert_eq!(self.status.as_u16(), status, "{}", self.text);
        self
    }

    pub fn cookie(&self) -> Option<String> {
        let line = self.headers.get(header::SET_COOKIE)?.to_str().ok()?;
        line.split(';').next().map(str::to_owned)
    }
}

/// How a request shows who sends it.
#[derive(Clone, Debug)]
pub enum As {
    Nobody,
    Cookie(String),
    Token(String),
}

impl Api {
    pub async fn new() -> Self {
        Self::with(settings()).await
    }

    pub async fn with(settings: Config) -> Self {
        let mut world = World::idle(settings).await;
        world.start();
        Self::over(world).await
    }

    pub async fn over(world: World) -> Self {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let address = listener.local_addr().expect("an address");
        let router = vivier_server::http::router(world.app.clone());
        let server = tokio::spawn(async move { axum::serve(listener, router).await.expect("served") });
        Self { world, address, client: Self::client(), server }
    }

    pub fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.address)
    }

    fn client() -> reqwest::Client {
        reqwest::Client::builder().no_proxy().redirect(reqwest::redirect::Policy::none()).timeout(Duration::from_secs(60)).build().expect("a client")
    }

    pub fn request(&self, who: &As, method: Method, path: &str) -> reqwest::RequestBuilder {
        let request = self.client.request(method, self.url(path));
        match who {
            As::Nobody => request,
            As::Cookie(cookie) => request.header(header::COOKIE, cookie),
            As::Token(token) => request.bearer_auth(token),
        }
    }

    pub async fn send(&self, request: reqwest::RequestBuilder) -> Answer {
        let response = request.send().await.expect("an answer");
        let (status, headers) = (response.status(), response.headers().clone());
        Answer { status, headers, text: response.text().await.expect("a text") }
    }

    pub async fn get(&self, who: &As, path: &str) -> Answer {
        self.send(self.request(who, Method::GET, path)).await
    }

    pub async fn delete(&self, who: &As, path: &str) -> Answer {
        self.send(self.request(who, Method::DELETE, path)).await
    }

    pub async fn post(&self, who: &As, path: &str, body: &Value) -> Answer {
        self.with_body(who, Method::POST, path, body).await
    }

    pub async fn with_body(&self, who: &As, method: Method, path: &str, body: &Value) -> Answer {
        let request = self.request(who, method, path);
        self.send(if body.is_null() { request } else { request.json(body) }).await
    }

    /// A new account, signed in.
    pub async fn signup(&self) -> (As, String) {
        let email = format!("{}@example.com", uuid::Uuid::new_v4().simple());
        let answer = self.post(&As::Nobody, "/v1/auth/signup", &json!({ "email": email, "password": PASSWORD })).await.ok(201);
        (As::Cookie(answer.cookie().expect("a session")), email)
    }

    /// An operator, by the one-time token.
    pub async fn operator(&self) -> As {
        let token = vivier_server::auth::setup::ensure(&self.world.app).await.expect("the store").expect("no operator yet");
        let email = format!("{}@example.com", uuid::Uuid::new_v4().simple());
        let body = json!({ "email": email, "password": PASSWORD, "setup_token": token });
        let answer = self.post(&As::Nobody, "/v1/auth/signup", &body).await.ok(201);
        assert_eq!(answer.json()["user"]["operator"], true);
        As::Cookie(answer.cookie().expect("a session"))
    }

    pub async fn token(&self, who: &As, scopes: &[&str]) -> As {
        let answer = self.post(who, "/v1/tokens", &json!({ "name": "a program", "scopes": scopes })).await.ok(201);
        As::Token(answer.json()["secret"].as_str().expect("shown once").to_owned())
    }

    /// A new deployment's id.
    pub async fn deploy(&self, who: &As, name: &str) -> String {
        let answer = self.post(who, "/v1/deployments", &new_deployment(name)).await.ok(202);
        answer.json()["id"].as_str().expect("an id").to_owned()
    }

    pub async fn until_state(&self, who: &As, id: &str, state: &str) -> Value {
        crate::support::eventually(&format!("{id} is {state}"), || async {
            let answer = self.get(who, &format!("/v1/deployments/{id}")).await.ok(200).json();
            (answer["state"] == state).then_some(answer)
        })
        .await
    }
}

pub fn new_deployment(name: &str) -> Value {
    json!({ "name": name, "plan": "starter", "provider": { "kind": "openai", "model": "gpt-5-mini", "api_key": "sk-canary-provider-key" } })
}
