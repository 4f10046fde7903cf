//! A server that is away, strange, slow to come back, or gone while somebody reads.

use serde_json::json;
use vivier_core::lifecycle::State;
use wiremock::matchers::{method, path};
use wiremock::{Mock, ResponseTemplate};

use crate::world::{ADA, World, deployment, finished};

#[tokio::test]
async fn a_server_that_is_not_there_is_exit_6() {
    let world = World::new().await;
    // A port that was free a moment ago.
    let port = std::net::TcpListener::bind("127.0.0.1:0").and_then(|listener| listener.local_addr()).expect("a port").port();
    let ran = world.run(&["ls", "--url", &format!("http://127.0.0.1:{port}")]);
    assert_eq!(ran.code, 6, "{}", ran.err);
    assert!(ran.err.contains("cannot be reached") && ran.err.contains("Connection refused") && ran.err.contains("Next:"), "{}", ran.err);
}

#[tokio::test]
async fn a_lost_answer_is_asked_for_again_with_the_same_key() {
    let world = World::new().await;
    let at = format!("/v1/deployments/{ADA}/restart");
    Mock::given(method("POST")).and(path(at.clone())).respond_with(ResponseTemplate::new(502)).up_to_n_times(2).with_priority(1).mount(&world.server).await;
    world.answer("POST", &at, 202, deployment(ADA, "Ada", "ada", State::Restarting)).await;
    let ran = world.run(&["restart", "ada"]);
    assert_eq!(ran.code, 0, "{}", ran.err);
    let keys: Vec<_> = world.requests("POST", &at).await.iter().map(|request| request.headers["idempotency-key"].clone()).collect();
    assert_eq!(keys.len(), 3);
    assert!(keys.iter().all(|key| key == keys[0]), "{keys:?}");
}

#[tokio::test]
async fn a_first_try_that_is_still_at_work_is_waited_for() {
    let world = World::new().await;
    let at = format!("/v1/deployments/{ADA}/retry");
    let busy = crate::world::problem(409, "in_progress", "A request with this Idempotency-Key is being done at this moment.");
    let busy = ResponseTemplate::new(409).set_body_raw(busy.to_string(), "application/problem+json");
    Mock::given(method("POST")).and(path(at.clone())).respond_with(busy).up_to_n_times(1).with_priority(1).mount(&world.server).await;
    world.answer("POST", &at, 202, deployment(ADA, "Ada", "ada", State::Starting)).await;
    let ran = world.run(&["retry", "ada"]);
    assert_eq!(ran.code, 0, "{}", ran.err);
}

#[tokio::test]
async fn a_server_that_is_being_replaced_is_waited_for() {
    let world = World::new().await;
    let mut away = crate::world::problem(503, "serve_down", "The dashboard is not up at the moment; agents keep running.");
    away["retry_after_seconds"] = json!(2);
    let template = ResponseTemplate::new(503).set_body_raw(away.to_string(), "application/problem+json");
    let at = format!("/v1/deployments/{ADA}/suspend");
    Mock::given(method("POST")).and(path(at.clone())).respond_with(template).up_to_n_times(1).with_priority(1).mount(&world.server).await;
    world.answer("POST", &at, 202, deployment(ADA, "Ada", "ada", State::Suspended)).await;
    assert_eq!(world.run(&["suspend", "ada"]).code, 0);

    let gone = World::new().await;
    gone.refuse("POST", &at, away).await;
    insta::assert_snapshot!("serve_down", gone.run(&["suspend", "ada"]).snapshot(&gone));
    assert_eq!(gone.requests("POST", &at).await.len(), 6);

    let full = World::new().await;
    full.refuse("POST", &at, crate::world::problem(503, "no_room", "The host has no room for another agent.")).await;
    assert_eq!((full.run(&["suspend", "ada"]).code, full.requests("POST", &at).await.len()), (5, 1), "the server's own word is final");
}

#[tokio::test]
async fn a_connection_that_breaks_is_made_again() {
    let world = World::new().await;
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let url = format!("http://{}", listener.local_addr().expect("an address"));
    let upstream = *world.server.address();
    let pump = tokio::spawn(async move {
        // The first connection is cut after the request has been read: the client cannot know whether it was done.
        let (mut first, _) = listener.accept().await.expect("a client");
        let _read = tokio::io::AsyncReadExt::read(&mut first, &mut [0; 4096]).await;
        drop(first);
        loop {
            let (mut client, _) = listener.accept().await.expect("a client");
            let mut server = tokio::net::TcpStream::connect(upstream).await.expect("the stand-in");
            tokio::spawn(async move { tokio::io::copy_bidirectional(&mut client, &mut server).await });
        }
    });
    let command = world.command(&["ls", "--url", &url, "--json"]);
    let ran = tokio::task::spawn_blocking(move || finished(&mut assert_cmd::Command::from_std(command))).await.expect("ran");
    pump.abort();
    assert_eq!(ran.code, 0, "{}", ran.err);
}

#[tokio::test]
async fn a_server_that_is_not_vivier_is_named_as_such() {
    let world = World::new().await;
    world.server.reset().await;
    Mock::given(method("GET")).respond_with(ResponseTemplate::new(200).set_body_string("<html>")).mount(&world.server).await;
    insta::assert_snapshot!("strange_answer", world.run(&["ls"]).snapshot(&world));
    world.server.reset().await;
    insta::assert_snapshot!("strange_404", world.run(&["ls"]).snapshot(&world));
    Mock::given(method("GET")).respond_with(ResponseTemplate::new(301).insert_header("location", "https://elsewhere")).mount(&world.server).await;
    insta::assert_snapshot!("redirected", world.run(&["ls"]).snapshot(&world));
}

#[tokio::test]
async fn nobody_signed_in_is_exit_3_without_a_request() {
    let world = World::signed_out().await;
    insta::assert_snapshot!("not_signed_in", world.run(&["ls"]).snapshot(&world));
    assert!(world.server.received_requests().await.expect("recorded").is_empty());
    let told: serde_json::Value = serde_json::from_str(&world.run(&["ls", "--json"]).err).expect("one document on stderr");
    assert_eq!((told["error"].clone(), told["exit_code"].clone()), (json!("not_signed_in"), json!(3)));
}

#[tokio::test]
async fn bad_addresses_are_usage_errors() {
    let world = World::new().await;
    for url in ["localhost:8080", "ftp://example.com", "http://user:secret@example.com", "http://example.com/path"] {
        let ran = world.run(&["ls", "--url", url]);
        assert_eq!(ran.code, 2, "{url}: {}", ran.err);
    }
}

#[tokio::test]
async fn a_reader_that_goes_away_is_no_failure() {
    let world = World::new().await;
    let mut child = world.command(&["ls"]).stdout(std::process::Stdio::piped()).stderr(std::process::Stdio::piped()).spawn().expect("started");
    drop(child.stdout.take());
    let output = tokio::task::spawn_blocking(move || child.wait_with_output()).await.expect("joined").expect("ended");
    assert_eq!((output.status.code(), String::from_utf8_lossy(&output.stderr).as_ref()), (Some(0), ""));
}
