//! Signing in, and everything that someone else might try with it.

use reqwest::{Method, header};
use serde_json::json;
use vivier_core::wire::catalogue::SignupMode;
use vivier_server::Config;

use super::api::{Api, As, PASSWORD, settings};

#[tokio::test]
async fn a_sign_in_never_goes_on_with_the_session_from_before() {
    let api = Api::new().await;
    let (first, email) = api.signup().await;
    let body = json!({ "email": email, "password": PASSWORD });
    let answer = api.post(&first, "/v1/auth/login", &body).await.ok(200);
    let second = As::Cookie(answer.cookie().expect("a new session"));
    let (As::Cookie(one), As::Cookie(other)) = (&first, &second) else { unreachable!("both are cookies") };
    assert_ne!(one, other);
    api.get(&first, "/v1/auth/me").await.problem(401, "unauthorized");
    api.get(&second, "/v1/auth/me").await.ok(200);
    // A session that somebody else chose is not taken up.
    let fixed = As::Cookie("vivier_session=chosen-by-somebody-else".to_owned());
    let answer = api.post(&fixed, "/v1/auth/login", &body).await.ok(200);
    assert!(!answer.cookie().expect("a session").contains("chosen"));
    api.get(&fixed, "/v1/auth/me").await.problem(401, "unauthorized");
    // Two cookies of one name: nobody knows which one is meant.
    let As::Cookie(cookie) = &second else { unreachable!("a cookie") };
    api.get(&As::Cookie(format!("{cookie}; {cookie}x")), "/v1/auth/me").await.problem(401, "unauthorized");
}

#[tokio::test]
async fn the_cookie_is_for_this_host_and_out_of_reach_of_scripts() {
    let api = Api::new().await;
    let email = "a@example.com";
    let answer = api.post(&As::Nobody, "/v1/auth/signup", &json!({ "email": email, "password": PASSWORD })).await.ok(201);
    let line = answer.headers[header::SET_COOKIE].to_str().expect("text");
    assert!(line.starts_with("vivier_session=") && line.contains("; Path=/; HttpOnly; SameSite=Lax; Max-Age=259"), "{line}");
    assert!(!line.contains("Secure") && !line.contains("Domain"), "{line}");

    let secure = Api::with(Config { public_url: "https://vivier.example".to_owned(), base_domain: "vivier.example".to_owned(), ..settings() }).await;
    let answer = secure.post(&As::Nobody, "/v1/auth/signup", &json!({ "email": email, "password": PASSWORD })).await.ok(201);
    let line = answer.headers[header::SET_COOKIE].to_str().expect("text");
    assert!(line.starts_with("__Host-vivier_session=") && line.ends_with("; Secure") && !line.contains("Domain"), "{line}");
    secure.get(&As::Cookie(answer.cookie().expect("a session")), "/v1/auth/me").await.ok(200);
}

#[tokio::test]
async fn signing_out_ends_the_session_and_the_edge_hears_of_it() {
    let api = Api::new().await;
    let (who, _) = api.signup().await;
    let (other, _) = api.signup().await;
    let answer = api.post(&who, "/v1/auth/logout", &json!(null)).await.ok(204);
    assert!(answer.headers[header::SET_COOKIE].to_str().is_ok_and(|line| line.contains("Max-Age=0")));
    api.get(&who, "/v1/auth/me").await.problem(401, "unauthorized");
    api.get(&other, "/v1/auth/me").await.ok(200);
    let routes = vivier_server::routes::Routes::default();
    routes.make(&api.world.app.store, api.world.app.settings.subnet_pool).await.expect("a table");
    assert_eq!(routes.now().expect("made").ended_sessions.len(), 1);
}

#[tokio::test]
async fn a_session_slides_while_it_is_used_and_ends_when_it_is_not() {
    let api = Api::new().await;
    let (idle, _) = api.signup().await;
    let (used, _) = api.signup().await;
    for _ in 0..3 {
        api.world.test.clock.turn_seconds(20 * 86_400);
        let answer = api.get(&used, "/v1/auth/me").await;
        if answer.status == 200 {
            assert!(answer.headers[header::SET_COOKIE].to_str().is_ok_and(|line| line.contains("Max-Age=259")), "renewed for 30 days");
        }
        answer.ok(200);
    }
    api.get(&idle, "/v1/auth/me").await.problem(401, "unauthorized");
    // However often it is used: three times the idle time is the end.
    api.world.test.clock.turn_seconds(20 * 86_400);
    api.get(&used, "/v1/auth/me").await.ok(200);
    api.world.test.clock.turn_seconds(20 * 86_400);
    api.get(&used, "/v1/auth/me").await.problem(401, "unauthorized");
}

#[tokio::test]
async fn an_unknown_address_and_a_wrong_password_get_the_same_answer_in_the_same_time() {
    let api = Api::new().await;
    let (_, email) = api.signup().await;
    let mut bodies = Vec::new();
    let mut times = Vec::new();
    for address in [email.as_str(), "nobody@example.com"] {
        let mut fastest = std::time::Duration::MAX;
        for _ in 0..4 {
            let begun = std::time::Instant::now();
            let answer = api.post(&As::Nobody, "/v1/auth/login", &json!({ "email": address, "password": "not the password" })).await;
            fastest = fastest.min(begun.elapsed());
            let mut problem = answer.problem(401, "wrong_credentials");
            problem["request_id"] = json!(null);
            bodies.push(problem);
        }
        times.push(fastest.as_secs_f64());
    }
    assert!(bodies.iter().all(|body| *body == bodies[0]));
    // Without the decoy the unknown address is answered in a hundredth of the time.
    let ratio = times[1] / times[0];
    assert!(ratio > 0.3, "known {} s, unknown {} s", times[0], times[1]);
}

#[tokio::test]
async fn another_sites_page_cannot_act_with_a_visitors_cookie() {
    let api = Api::new().await;
    let (who, _) = api.signup().await;
    let own = &[("origin", "http://localhost:8080"), ("sec-fetch-site", "same-origin")][..];
    let foreign = [
        &[("origin", "https://evil.example"), ("sec-fetch-site", "cross-site")][..],
        &[("origin", "http://slug.localhost:8080"), ("sec-fetch-site", "same-site")],
        &[("origin", "null")],
        &[("sec-fetch-site", "cross-site")],
        &[("origin", "http://localhost:8081")],
    ];
    let send = async |headers: &[(&str, &str)], who: &As, method: Method, path: &str| {
        let request = api.request(who, method, path).json(&super::api::new_deployment("x"));
        api.send(headers.iter().fold(request, |request, (name, value)| request.header(*name, *value))).await
    };
    for headers in foreign {
        send(headers, &who, Method::POST, "/v1/deployments").await.problem(403, "wrong_origin");
        send(headers, &who, Method::DELETE, "/v1/deployments/dep_01kb00000000000000000000zz").await.problem(403, "wrong_origin");
        // Signing a visitor in as somebody else is an act as well.
        send(headers, &As::Nobody, Method::POST, "/v1/auth/login").await.problem(403, "wrong_origin");
    }
    send(own, &who, Method::POST, "/v1/deployments").await.ok(202);
    // A program with a token has no cookie that could be misused.
    let token = api.token(&who, &["write"]).await;
    send(foreign[0], &token, Method::POST, "/v1/deployments").await.ok(202);
    // And nobody's page may read an answer.
    let answer = send(foreign[0], &who, Method::GET, "/v1/auth/me").await;
    assert!(!answer.headers.contains_key(header::ACCESS_CONTROL_ALLOW_ORIGIN));
    assert_eq!(answer.headers["cross-origin-resource-policy"], "same-origin");
}

#[tokio::test]
async fn the_first_operator_is_whoever_holds_the_link_and_it_works_once() {
    let api = Api::with(Config { signup: SignupMode::Closed, ..settings() }).await;
    let signup = |token: Option<&str>| json!({ "email": format!("{}@example.com", uuid::Uuid::new_v4().simple()), "password": PASSWORD, "setup_token": token });
    api.post(&As::Nobody, "/v1/auth/signup", &signup(None)).await.problem(403, "signup_closed");
    let stale = vivier_server::auth::setup::ensure(&api.world.app).await.expect("the store").expect("nobody is an operator");
    let token = vivier_server::auth::setup::ensure(&api.world.app).await.expect("the store").expect("still nobody");
    for wrong in [stale.as_str(), "", "guess"] {
        let answer = api.post(&As::Nobody, "/v1/auth/signup", &signup(Some(wrong))).await;
        assert_eq!(answer.paths(), ["setup_token"]);
    }
    let file = vivier_server::auth::setup::link_file(&api.world.app);
    std::fs::create_dir_all(file.parent().expect("a directory")).expect("made");
    std::fs::write(&file, "the link").expect("written");
    let body = signup(Some(&token));
    let (one, other) = tokio::join!(api.post(&As::Nobody, "/v1/auth/signup", &body), async {
        let body = signup(Some(&token));
        api.post(&As::Nobody, "/v1/auth/signup", &body).await
    });
    let made: Vec<_> = [one, other].into_iter().filter(|answer| answer.status == 201).collect();
    assert_eq!(made.len(), 1, "once");
    assert_eq!(made[0].json()["user"]["operator"], true);
    assert!(!file.exists(), "the used link is gone");
    assert_eq!(vivier_server::auth::setup::ensure(&api.world.app).await.expect("the store"), None);
}

#[tokio::test]
async fn a_changed_password_ends_every_other_session() {
    let api = Api::new().await;
    let (here, email) = api.signup().await;
    let there =
        As::Cookie(api.post(&As::Nobody, "/v1/auth/login", &json!({ "email": email, "password": PASSWORD })).await.ok(200).cookie().expect("a session"));
    let change = |current: &str, new: &str| json!({ "current_password": current, "new_password": new });
    let answer = api.post(&here, "/v1/auth/password", &change("wrong wrong wrong", "another horse battery")).await;
    assert_eq!(answer.paths(), ["current_password"]);
    assert_eq!(api.post(&here, "/v1/auth/password", &change(PASSWORD, "short")).await.paths(), ["new_password"]);
    api.post(&here, "/v1/auth/password", &change(PASSWORD, "another horse battery")).await.ok(204);
    api.get(&here, "/v1/auth/me").await.ok(200);
    api.get(&there, "/v1/auth/me").await.problem(401, "unauthorized");
    api.post(&As::Nobody, "/v1/auth/login", &json!({ "email": email, "password": PASSWORD })).await.problem(401, "wrong_credentials");
    api.post(&As::Nobody, "/v1/auth/login", &json!({ "email": email, "password": "another horse battery" })).await.ok(200);
}
