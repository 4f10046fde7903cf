//! A release promoted on the machine itself: while `serve` serves, and while it is down.

use tokio_util::sync::CancellationToken;
use vivier_core::digest::Digest;
use vivier_core::waves::ReleaseChannel;
use vivier_server::admin;
use vivier_server::{Config, run};

use crate::support::store::{RULES, agent, image};
use crate::support::{TestStore, eventually};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_release_is_promoted_on_the_machine_itself_whether_serve_runs_or_not() {
    let test = TestStore::sqlite().await;
    let (older, newer) = (image("2026.9.6", 2), image("2026.9.7", 1));
    test.store.sync_releases(&[older.clone(), newer.clone()]).await.expect("a catalogue");
    let sockets = test.dir.path().join("run");
    std::fs::create_dir_all(&sockets).expect("a directory");
    let config = Config { data_dir: test.dir.path().to_owned(), ..Config::default() };

    let done = admin::promote(&config, &older.image, ReleaseChannel::Stable, "ada").await.expect("nobody has to be moved");
    assert_eq!((done.openclaw_version.as_str(), done.wave), ("2026.9.6", None));
    let stable = test.store.channel(ReleaseChannel::Stable).await.expect("there");
    assert_eq!(stable.promoted_by.as_deref(), Some("operator ada on this machine"));
    let unknown = admin::promote(&config, &Digest::of("never built"), ReleaseChannel::Stable, "ada").await.expect_err("not in the catalogue");
    assert!(unknown.to_string().contains("within a minute"), "{unknown}");

    let (account, actor) = test.account().await;
    test.store.create_deployment(&actor, account, agent("Ada"), &RULES).await.expect("made");
    let stop = CancellationToken::new();
    let serving = tokio::spawn(run(config.clone(), stop.clone()));
    eventually("it serves", || async { tokio::net::UnixStream::connect(sockets.join("admin.sock")).await.ok() }).await;
    let begun = admin::promote(&config, &newer.image, ReleaseChannel::Stable, "ada").await.expect("begun");
    let wave = begun.wave.expect("there is somebody to move");
    let refused = admin::promote(&config, &older.image, ReleaseChannel::Stable, "ada").await.expect_err("one wave at a time");
    assert!(refused.to_string().contains(&wave.to_string()), "{refused}");
    assert_eq!(test.store.wave(wave).await.expect("there").release.openclaw_version, "2026.9.7");
    stop.cancel();
    serving.await.expect("no panic").expect("it ends in order");
}
