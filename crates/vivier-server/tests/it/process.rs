//! The process as a whole: sockets, the first operator's link, and a stop that cuts nothing short.

use std::os::unix::fs::PermissionsExt as _;
use std::sync::Arc;

use tokio_util::sync::CancellationToken;
use vivier_server::Config;

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
