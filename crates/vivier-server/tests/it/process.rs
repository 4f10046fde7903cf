//! The process as a whole: sockets, the first operator's link, and a stop that cuts nothing short.

use std::os::unix::fs::PermissionsExt as _;
use std::sync::Arc;

use tokio_util::sync::CancellationToken;
use vivier_server::store::audit::verify::KeptHead;
use vivier_server::{Config, audit};

use crate::support::eventually;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn serve_opens_private_sockets_writes_the_first_link_and_ends_in_order() {
    let dir = tempfile::tempdir().expect("a directory");
    let config = Config { data_dir: dir.path().to_owned(), ..Config::default() };
    let stop = CancellationToken::new();
    let serving = tokio::spawn(vivier_server::run(config.clone(), stop.clone()));
    let run = dir.path().join("run");
    let link = eventually("the link is written", || async { std::fs::read_to_string(run.join("setup-link")).ok() }).await;
    assert!(link.starts_with("http://localhost:8080/setup?token="), "{link}");
    eventually("both sockets are there", || async { (run.join("serve.sock").exists() && run.join("control.sock").exists()).then_some(()) }).await;
    for (name, mode) in [("setup-link", 0o600), ("serve.sock", 0o600), ("control.sock", 0o600), ("admin.sock", 0o600), (".", 0o700), ("../keys/kek", 0o600)] {
        let found = std::fs::metadata(run.join(name)).expect("there").permissions().mode() & 0o777;
        assert_eq!(found, mode, "{name}: {found:o}");
    }
    let socket = Arc::new(run.join("serve.sock"));
    let client = reqwest::Client::builder().unix_socket(socket.as_path()).build().expect("a client");
    let health = client.get("http://serve/healthz").send().await.expect("it answers");
    assert!(health.status().is_success(), "{health:?}");

    let second = vivier_server::run(config.clone(), CancellationToken::new()).await.expect_err("one is enough");
    assert!(format!("{second:#}").contains("already"), "{second:#}");

    stop.cancel();
    serving.await.expect("no panic").expect("it ends in order");
    assert!(client.get("http://serve/healthz").send().await.is_err());
    // And starts again on what it left.
    let stop = CancellationToken::new();
    let serving = tokio::spawn(vivier_server::run(config, stop.clone()));
    eventually("it answers again", || async { client.get("http://serve/healthz").send().await.ok() }).await;
    stop.cancel();
    serving.await.expect("no panic").expect("it ends in order");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn keys_are_rotated_by_the_serve_that_runs_and_by_the_command_itself_when_none_does() {
    let dir = tempfile::tempdir().expect("a directory");
    let config = Config { data_dir: dir.path().to_owned(), ..Config::default() };
    let error = vivier_server::admin::key_report(&config).await.expect_err("there is nothing yet");
    assert!(error.to_string().contains("vivierd up"), "{error:#}");
    let stop = CancellationToken::new();
    let serving = tokio::spawn(vivier_server::run(config.clone(), stop.clone()));
    let socket = dir.path().join("run/admin.sock");
    eventually("it serves", || async { socket.exists().then_some(()) }).await;
    let client = reqwest::Client::builder().unix_socket(dir.path().join("run/serve.sock")).build().expect("a client");
    eventually("it answers", || async { client.get("http://serve/healthz").send().await.ok() }).await;
    let report = vivier_server::admin::key_report(&config).await.expect("a report");
    assert_eq!((report.current.as_str(), report.left()), ("file:1", 0));
    let rotation = vivier_server::admin::rotate_keys(&config).await.expect("rotated by serve");
    assert_eq!((rotation.report.current.as_str(), rotation.rewrapped), ("file:2", 1));
    // It works with the new key at once: what needs it answers.
    let numbers = client.get("http://serve/metrics").send().await.expect("it answers").text().await.expect("text");
    assert!(numbers.contains("vivier_wrapped_keys_left 0"), "{numbers}");
    // Settings that do not work change nothing.
    let vault = vivier_server::keys::TransitSettings { address: "http://127.0.0.1:9".to_owned(), token_file: dir.path().join("none"), ..Default::default() };
    let keys = vivier_server::keys::KeySettings { kind: vivier_server::keys::KeyKind::Vault, vault: Some(vault), aws_kms: None };
    let error = vivier_server::admin::rotate_keys(&Config { keys, ..config.clone() }).await.expect_err("no such Vault");
    assert!(error.to_string().contains("none"), "{error:#}");
    assert_eq!(vivier_server::admin::key_report(&config).await.expect("a report").current.as_str(), "file:2");
    stop.cancel();
    serving.await.expect("no panic").expect("it ends in order");
    let rotation = vivier_server::admin::rotate_keys(&config).await.expect("rotated without serve");
    assert_eq!((rotation.report.current.as_str(), rotation.report.left()), ("file:3", 0));
    let stop = CancellationToken::new();
    let serving = tokio::spawn(vivier_server::run(config.clone(), stop.clone()));
    eventually("it serves with the new key", || async { client.get("http://serve/healthz").send().await.ok() }).await;
    let report = vivier_server::admin::key_report(&config).await.expect("a report");
    assert_eq!(report.current.as_str(), "file:3");
    stop.cancel();
    serving.await.expect("no panic").expect("it ends in order");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_audit_log_is_verified_by_the_serve_that_runs_and_by_the_command_itself_when_none_does() {
    let dir = tempfile::tempdir().expect("a directory");
    let config = Config { data_dir: dir.path().to_owned(), ..Config::default() };
    let stop = CancellationToken::new();
    let serving = tokio::spawn(vivier_server::run(config.clone(), stop.clone()));
    let client = reqwest::Client::builder().unix_socket(dir.path().join("run/serve.sock")).build().expect("a client");
    eventually("it answers", || async { client.get("http://serve/healthz").send().await.ok() }).await;
    let signup = serde_json::json!({ "email": "ada@example.com", "password": "correct horse battery" });
    client.post("http://serve/v1/auth/signup").json(&signup).send().await.expect("it answers").error_for_status().expect("signed up");
    let head = audit::head(&config).await.expect("a head");
    assert!(head.place >= 2, "a sign-up and a sign-in: {head:?}");
    let kept: KeptHead = format!("{}:{}", head.place, head.hash).parse().expect("as it is printed");
    let report = audit::verify(&config, vec![kept.clone()]).await.expect("a report");
    assert_eq!((report.count, report.head.as_ref()), (0, Some(&head)), "{report:#?}");
    // Beside the database the end is written down, for this machine's own use.
    let file = audit::head_file(dir.path());
    eventually("the end is written down", || async { file.exists().then_some(()) }).await;
    assert_eq!(std::fs::metadata(&file).expect("there").permissions().mode() & 0o777, 0o600);
    stop.cancel();
    serving.await.expect("no panic").expect("it ends in order");
    assert_eq!(audit::verify(&config, vec![kept]).await.expect("a report").count, 0, "the same without serve");
    let other = KeptHead { seq: 1, hash: "0".repeat(64) };
    let report = audit::verify(&config, vec![other]).await.expect("a report");
    assert!(report.count == 1 && report.findings[0].message.contains("the head that was given"), "{report:#?}");
    // Rows that were taken away with the end put back show by the file alone.
    std::fs::write(&file, format!("{}:{}\n", head.place + 3, "0".repeat(64))).expect("written");
    let report = audit::verify(&config, Vec::new()).await.expect("a report");
    assert!(report.count == 1 && report.findings[0].message.contains("audit-head has known"), "{report:#?}");
}
