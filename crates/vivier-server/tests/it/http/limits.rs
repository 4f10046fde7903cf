//! How often someone may try. The clock is turned, not waited for.

use reqwest::Method;
use serde_json::json;
use vivier_server::Config;

use super::api::{Answer, Api, As, PASSWORD, new_deployment, settings, trials};

async fn login(api: &Api, from: &str, email: &str) -> Answer {
    let body = json!({ "email": email, "password": "not the password" });
    api.send(api.request(&As::Nobody, Method::POST, "/v1/auth/login").header("x-forwarded-for", from).json(&body)).await
}

/// The limit's name and how long to wait, from an answer that is one.
fn wait(answer: &Answer, code: &str) -> i64 {
    let problem = answer.problem(429, code);
    let header: i64 = answer.headers["retry-after"].to_str().expect("text").parse().expect("seconds");
    assert_eq!(problem["retry_after_seconds"], header);
    header
}

#[tokio::test]
async fn guessing_one_accounts_password_is_stopped_whatever_the_address() {
    let api = Api::with(Config { logins_per_quarter: 3, ..settings() }).await;
    for number in 0..3 {
        login(&api, &format!("192.0.2.{number}"), "victim@example.com").await.problem(401, "wrong_credentials");
    }
    let seconds = wait(&login(&api, "192.0.2.77", "victim@example.com").await, "logins_per_account");
    login(&api, "192.0.2.77", "another@example.com").await.problem(401, "wrong_credentials");
    api.world.test.clock.turn_seconds(seconds);
    login(&api, "192.0.2.77", "victim@example.com").await.problem(401, "wrong_credentials");
}

#[tokio::test]
async fn one_address_cannot_try_many_accounts_and_cannot_invent_another() {
    let api = Api::with(Config { logins_per_quarter: 1, ..settings() }).await;
    for number in 0..5 {
        // What the client itself claims stands before what the edge adds.
        login(&api, &format!("203.0.113.{number}, 192.0.2.1"), &format!("a{number}@example.com")).await.problem(401, "wrong_credentials");
    }
    wait(&login(&api, "203.0.113.99, 192.0.2.1", "b@example.com").await, "logins_per_address");
    login(&api, "192.0.2.2", "b@example.com").await.problem(401, "wrong_credentials");
    // Of IPv6 a customer has a whole /64.
    for number in 0..5 {
        login(&api, &format!("2001:db8::{number}"), &format!("c{number}@example.com")).await.problem(401, "wrong_credentials");
    }
    wait(&login(&api, "2001:db8::ffff", "d@example.com").await, "logins_per_address");
}

#[tokio::test]
async fn accounts_are_not_made_in_masses() {
    let api = Api::with(Config { signups_per_hour: 2, ..settings() }).await;
    let signup = async || {
        let body = json!({ "email": format!("{}@example.com", uuid::Uuid::new_v4().simple()), "password": PASSWORD });
        api.send(api.request(&As::Nobody, Method::POST, "/v1/auth/signup").header("x-forwarded-for", "192.0.2.1").json(&body)).await
    };
    signup().await.ok(201);
    signup().await.ok(201);
    let seconds = wait(&signup().await, "signups_per_address");
    api.world.test.clock.turn_seconds(seconds);
    signup().await.ok(201);
}

#[tokio::test]
async fn an_account_has_its_trials_and_its_deploys_an_hour() {
    let api = Api::with(Config { plans: trials(2), deploys_per_hour: 4, ..settings() }).await;
    let (who, _) = api.signup().await;
    let trial = json!({ "name": "Trial", "plan": "trial" });
    let first = api.post(&who, "/v1/deployments", &trial).await.ok(202).json();
    assert!(first["expires_at"].is_string());
    api.post(&who, "/v1/deployments", &trial).await.ok(202);
    let answer = api.post(&who, "/v1/deployments", &trial).await;
    assert!(answer.problem(403, "trial_deployments")["detail"].as_str().is_some_and(|detail| detail.contains("2 of 2")), "{}", answer.text);
    let id = first["id"].as_str().expect("an id");
    api.delete(&who, &format!("/v1/deployments/{id}")).await.ok(202);
    api.post(&who, "/v1/deployments", &trial).await.ok(202);
    api.post(&who, "/v1/deployments", &new_deployment("Fourth")).await.ok(202);
    wait(&api.post(&who, "/v1/deployments", &new_deployment("Fifth")).await, "deploys_per_hour");
    api.world.test.clock.turn_seconds(3_601);
    api.post(&who, "/v1/deployments", &new_deployment("Fifth")).await.ok(202);
}

#[tokio::test]
async fn fifty_at_once_are_fifty_deployments_or_honest_refusals() {
    let api = Api::with(Config { deploys_per_hour: 40, ..settings() }).await;
    let (who, _) = api.signup().await;
    let bodies: Vec<_> = (0..50).map(|number| new_deployment(&format!("Crowd {number}"))).collect();
    let answers = futures_util::future::join_all(bodies.iter().map(|body| api.post(&who, "/v1/deployments", body))).await;
    let (made, refused): (Vec<_>, Vec<_>) = answers.into_iter().partition(|answer| answer.status == 202);
    for answer in &refused {
        let problem = answer.any_problem();
        assert!(matches!(answer.status.as_u16(), 429 | 503), "{problem}");
    }
    assert!(made.len() <= 40 && made.len() + refused.len() == 50, "{} made", made.len());
    let listed = api.get(&who, "/v1/deployments?limit=200").await.ok(200).json();
    assert_eq!(listed["items"].as_array().map(Vec::len), Some(made.len()));
    let slugs: std::collections::BTreeSet<_> = listed["items"].as_array().expect("items").iter().map(|item| item["slug"].to_string()).collect();
    assert_eq!(slugs.len(), made.len(), "each has a name of its own");
}
