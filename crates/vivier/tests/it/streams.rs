//! Logs, events and chat: lines, streams that break, and Ctrl-C.

use std::io::{BufRead as _, BufReader, Read as _};
use std::process::Stdio;
use std::time::Duration;

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use serde_json::{Value, json};
use wiremock::matchers::{body_partial_json, header, method, path, query_param};
use wiremock::{Mock, ResponseTemplate};

use vivier_core::lifecycle::State;

use crate::world::{ADA, TOKEN, World, ada, deployment, event, problem, sse};

fn log(second: u32, level: Option<&str>, text: &str) -> Value {
    json!({ "at": format!("2026-11-21T07:00:{second:02}.250Z"), "level": level, "subsystem": level.map(|_| "gateway"), "text": text })
}

async fn world() -> World {
    let world = World::new().await;
    let lines = json!({ "items": [
        log(1, Some("info"), "ready"), log(2, Some("warn"), "memory pressure"), log(3, None, "plain\u{1b}]0;owned\u{7}"), log(4, Some("debug"), "detail")
    ]});
    world.answer("GET", &format!("/v1/deployments/{ADA}/logs"), 200, lines).await;
    world
}

#[tokio::test]
async fn logs_are_printed_filtered_and_harmless() {
    let world = world().await;
    insta::assert_snapshot!("logs", world.run(&["logs", "ada", "--tail", "4"]).snapshot(&world));
    insta::assert_snapshot!("logs_level", world.run(&["logs", "ada", "--level", "warn"]).snapshot(&world));
    let json = world.run(&["logs", "ada", "--json"]);
    let lines: Vec<Value> = json.out.lines().map(|line| serde_json::from_str(line).expect("one document a line")).collect();
    assert_eq!((lines.len(), &lines[0]["text"]), (4, &json!("ready")));
    assert_eq!(world.run(&["logs", "ada", "--tail", "10001"]).code, 2);
}

/// A log's stream: lines have no ids.
fn log_stream(lines: &[Value], end: Option<&str>) -> ResponseTemplate {
    let mut body: String = lines.iter().map(|line| format!("event: line\ndata: {line}\n\n")).collect();
    if let Some(reason) = end {
        body.push_str(&format!("event: end\ndata: {{\"reason\":\"{reason}\"}}\n\n"));
    }
    ResponseTemplate::new(200).set_body_raw(format!(": connected\nretry: 1\n\n{body}"), "text/event-stream")
}

#[tokio::test]
async fn a_followed_log_misses_nothing_and_repeats_nothing_when_the_connection_breaks() {
    let world = World::new().await;
    let at = format!("/v1/deployments/{ADA}/logs");
    let (one, two, three) = (log(1, Some("info"), "one"), log(2, Some("error"), "two"), log(3, Some("info"), "three"));
    let stream = |template: ResponseTemplate, times| Mock::given(method("GET")).and(path(at.clone())).respond_with(template).up_to_n_times(times);
    stream(log_stream(&[one.clone(), two.clone()], None), 1).mount(&world.server).await;
    stream(log_stream(&[one, two, three], Some("end")), 1).mount(&world.server).await;
    stream(ResponseTemplate::new(204), 1).mount(&world.server).await;
    insta::assert_snapshot!("logs_follow", world.run(&["logs", "ada", "-f", "--tail", "10"]).snapshot(&world));
    let asked: Vec<String> = world.requests("GET", &at).await.iter().map(|request| request.url.query().unwrap_or_default().to_owned()).collect();
    assert_eq!(asked, ["follow=true&tail=10", "follow=true&tail=200", "follow=true&tail=200"]);
}

#[tokio::test]
async fn a_followed_log_of_a_suspended_agent_ends_with_a_sentence() {
    let world = World::new().await;
    world.server.reset().await;
    world.answer("GET", &format!("/v1/deployments/{ADA}"), 200, deployment(ADA, "Ada", "ada", State::Suspended)).await;
    world.refuse("GET", &format!("/v1/deployments/{ADA}/logs"), problem(409, "not_running", "The agent has no container at this moment.")).await;
    let ran = world.run(&["logs", ADA, "-f"]);
    assert_eq!((ran.code, ran.err.as_str()), (0, "ada is suspended: it writes nothing.\n"));
}

#[tokio::test]
async fn a_stream_whose_token_was_revoked_is_exit_3() {
    let world = World::new().await;
    let template = log_stream(&[log(1, None, "one")], Some("signed_out"));
    Mock::given(method("GET")).and(path(format!("/v1/deployments/{ADA}/logs"))).respond_with(template).mount(&world.server).await;
    assert_eq!(world.run(&["logs", "ada", "-f"]).code, 3);
}

/// The first connection ends after two events; the second must say what was read, and is told that nothing follows.
async fn broken_stream(world: &World, at: &str, first: ResponseTemplate) {
    let stream = || Mock::given(method("GET")).and(path(at.to_owned())).and(query_param("follow", "true"));
    stream().and(header("last-event-id", "2")).respond_with(ResponseTemplate::new(204)).with_priority(1).mount(&world.server).await;
    stream().respond_with(first).with_priority(2).mount(&world.server).await;
}

#[tokio::test]
async fn followed_events_are_shown_once() {
    let world = World::new().await;
    let at = format!("/v1/deployments/{ADA}/events");
    let first = sse(&[
        ("1", event(1, "step", "started", "Starting", None)),
        ("2", event(2, "step", "done", "Started", Some(12_345))),
        ("2", event(2, "step", "done", "Started", None)),
    ]);
    broken_stream(&world, &at, first).await;
    let ran = world.run(&["events", "ada", "--follow"]);
    insta::assert_snapshot!("events_follow", ran.snapshot(&world));
    let json = world.run(&["events", "ada", "-f", "--json"]);
    assert_eq!(json.out.lines().count(), 2, "{}", json.out);
}

#[tokio::test]
async fn a_timeline_of_several_days_names_each_day_once() {
    let world = World::new().await;
    let mut later = event(3, "state", "noted", "Running", None);
    later["at"] = json!("2026-11-22T00:00:01.000Z");
    let newest_first = [later, event(2, "step", "done", "Started", None), event(1, "step", "started", "Starting", None)];
    world.answer("GET", &format!("/v1/deployments/{ADA}/events"), 200, json!({ "items": newest_first })).await;
    let ran = world.run(&["events", "ada"]);
    let expected = "2026-11-21 (UTC)\n07:00:01.000  … Starting\n07:00:02.000  ✓ Started\n2026-11-22 (UTC)\n00:00:01.000  → Running\n";
    assert_eq!((ran.code, ran.out.as_str()), (0, expected), "{}", ran.err);
}

#[tokio::test]
async fn a_stream_that_is_refused_is_a_failure() {
    let world = World::new().await;
    world.refuse("GET", &format!("/v1/deployments/{ADA}/logs"), problem(409, "no_container", "The agent has no container now, so it writes nothing.")).await;
    assert_eq!(world.run(&["logs", "ada", "-f"]).code, 5);
}

#[tokio::test]
async fn ctrl_c_ends_a_followed_log_cleanly() {
    let world = World::new().await;
    let at = format!("/v1/deployments/{ADA}/logs");
    let stream = || Mock::given(method("GET")).and(path(at.clone()));
    stream().respond_with(sse(&[("1", log(1, Some("info"), "one"))])).up_to_n_times(1).mount(&world.server).await;
    // The next connection stays silent.
    stream().respond_with(ResponseTemplate::new(204).set_delay(Duration::from_secs(3_600))).mount(&world.server).await;
    let mut child = world.command(&["logs", "ada", "--follow"]).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().expect("started");
    let ended = tokio::task::spawn_blocking(move || {
        let lines: Vec<String> = BufReader::new(child.stdout.take().expect("piped")).lines().take(2).map(|line| line.expect("a line")).collect();
        assert!(lines[0].ends_with("(UTC)") && lines[1].contains("one"), "{lines:?}");
        kill(Pid::from_raw(i32::try_from(child.id()).expect("a pid")), Signal::SIGINT).expect("interrupted");
        let mut told = String::new();
        child.stderr.take().expect("piped").read_to_string(&mut told).expect("text");
        (child.wait().expect("ended"), told)
    });
    let (status, told) = tokio::time::timeout(Duration::from_secs(20), ended).await.expect("it ends soon").expect("joined");
    assert_eq!((status.code(), told.as_str()), (Some(0), ""));
}

/// An agent whose address leads to the stand-in.
async fn chatting() -> World {
    let world = World::signed_out().await;
    let mut agent = ada();
    let port = world.server.address().port();
    agent["url"] = json!(format!("http://ada.localhost:{port}"));
    world.answer("GET", "/v1/deployments", 200, json!({ "items": [agent] })).await;
    world
}

fn chat(world: &World, arguments: &[&str], stdin: &str) -> crate::world::Ran {
    let mut command = world.command(arguments);
    command.env("VIVIER_TOKEN", TOKEN);
    crate::world::finished(assert_cmd::Command::from_std(command).write_stdin(stdin.to_owned()))
}

#[tokio::test]
async fn chat_reaches_the_agent_under_its_own_name_and_prints_the_answer_as_it_comes() {
    let world = chatting().await;
    let chunk = |text: &str| json!({ "choices": [{ "delta": { "content": text } }] });
    let body = format!("data: {}\n\ndata: {}\n\ndata: [DONE]\n\n", chunk("Hello,\n"), chunk("Ada."));
    let port = world.server.address().port();
    Mock::given(method("POST"))
        .and(path("/v1/chat/completions"))
        .and(header("authorization", format!("Bearer {TOKEN}").as_str()))
        .and(header("host", format!("ada.localhost:{port}").as_str()))
        .and(body_partial_json(json!({ "model": "openclaw/default", "messages": [{ "role": "user", "content": "hi" }], "stream": true })))
        .respond_with(ResponseTemplate::new(200).set_body_raw(body, "text/event-stream"))
        .mount(&world.server)
        .await;
    let ran = chat(&world, &["chat", "ada", "hi"], "");
    assert_eq!((ran.code, ran.out.as_str()), (0, "Hello,\nAda.\n"), "{}", ran.err);
    assert_eq!(chat(&world, &["chat", "ada", "-"], "hi").code, 0);
}

#[tokio::test]
async fn chat_in_json_is_one_document_and_a_refused_token_has_a_next_step() {
    let world = chatting().await;
    let answer = json!({ "choices": [{ "message": { "role": "assistant", "content": "Hello." } }] });
    Mock::given(body_partial_json(json!({ "stream": false })))
        .respond_with(ResponseTemplate::new(200).set_body_json(answer.clone()))
        .mount(&world.server)
        .await;
    assert_eq!(chat(&world, &["chat", "ada", "hi", "--json"], "").json(), answer);
    let refusing = chatting().await;
    refusing.answer("POST", "/v1/chat/completions", 401, json!({})).await;
    let ran = chat(&refusing, &["chat", "ada", "hi"], "");
    assert_eq!(ran.code, 3);
    assert!(ran.err.contains("scope `chat`"), "{}", ran.err);
}

#[tokio::test]
async fn a_message_is_never_said_twice() {
    let world = chatting().await;
    world.answer("POST", "/v1/chat/completions", 502, json!({})).await;
    let ran = chat(&world, &["chat", "ada", "hi"], "");
    assert_eq!((ran.code, world.requests("POST", "/v1/chat/completions").await.len()), (6, 1), "{}", ran.err);
}
