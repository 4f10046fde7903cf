//! Mails, from the transaction that wants one to the server that takes it.

use vivier_core::id::JobId;
use vivier_core::wire::jobs::JobState;
use vivier_server::Config;
use vivier_server::mail::{Mail, Post, Sent};

use crate::support::smtp::{Mood, PASSWORD, SmtpServer};
use crate::support::{World, eventually};

fn mail(subject: &str) -> Mail {
    Mail::new("ada@example.com".parse().expect("an address"), subject, "Dear Ada,\n.\nhttp://localhost:8080/verify?token=canary-token\n")
}

async fn enqueue(world: &World, subject: &str) {
    let mut tx = world.store().begin().await.expect("a transaction");
    tx.mail(Some(world.account), &mail(subject)).await.expect("enqueued");
    tx.commit().await.expect("committed");
}

async fn world(settings: vivier_server::mail::MailSettings) -> World {
    World::idle(Config { mail: settings, ..Config::default() }).await
}

async fn dead(world: &World) -> Option<vivier_core::wire::jobs::JobOut> {
    world.store().jobs(Some(JobState::Dead), None, 10).await.expect("a list").0.into_iter().next()
}

#[tokio::test]
async fn a_mail_leaves_over_starttls_with_a_sign_in_and_only_when_its_cause_is_committed() {
    let dir = tempfile::tempdir().expect("a directory");
    let server = SmtpServer::private(dir.path()).await;
    let mut world = world(server.settings.clone()).await;
    world.start();
    let mut tx = world.store().begin().await.expect("a transaction");
    tx.mail(None, &mail("never committed")).await.expect("enqueued");
    drop(tx);
    enqueue(&world, "Hello Ada\r\nBcc: eve@example.com").await;
    let taken = server.until(1).await.remove(0);
    assert!(taken.encrypted && taken.signed_in, "{taken:?}");
    assert_eq!((taken.to.as_str(), taken.from.as_str()), ("ada@example.com", "vivier@localhost"));
    assert_eq!(taken.header("subject"), Some("Hello Ada Bcc: eve@example.com"), "a name in a subject adds no header: {}", taken.text);
    assert_eq!(taken.header("bcc"), None);
    assert_eq!(taken.header("auto-submitted"), Some("auto-generated"));
    assert_eq!(taken.header("content-type"), Some("text/plain; charset=utf-8"));
    assert!(taken.body().contains("\r\nhttp://localhost:8080/verify?token=canary-token\r\n"), "readable as it is: {}", taken.text);
    eventually("it is done", || async { world.store().job_counts().await.expect("counts").is_empty().then_some(()) }).await;
    world.stop().await;
    assert_eq!(server.taken().len(), 1);
}

#[tokio::test]
async fn a_mail_that_is_waiting_is_sealed_and_the_next_process_sends_it() {
    let server = SmtpServer::plain().await;
    let mut world = world(server.settings.clone()).await;
    // Killed between the commit and the sending.
    enqueue(&world, "Waiting").await;
    let bytes = ["vivier.db", "vivier.db-wal"].map(|name| std::fs::read(world.test.dir.path().join(name)).unwrap_or_default()).concat();
    for secret in ["canary-token", "Dear Ada"] {
        assert!(!bytes.windows(secret.len()).any(|window| window == secret.as_bytes()), "{secret} is in clear in the database");
    }
    world.kill().await;
    world.start();
    assert_eq!(server.until(1).await[0].header("subject"), Some("Waiting"));
    world.stop().await;
}

#[tokio::test]
async fn a_server_that_goes_away_before_it_says_yes_gets_the_mail_again_under_the_same_id() {
    let server = SmtpServer::plain().await;
    server.set(Mood::GoesAway);
    let mut world = world(server.settings.clone()).await;
    world.start();
    enqueue(&world, "Twice").await;
    server.until(1).await;
    server.set(Mood::Takes);
    let taken = server.until(2).await;
    let ids: Vec<_> = taken.iter().map(|mail| mail.header("message-id").expect("an id")).collect();
    assert_eq!(ids[0], ids[1]);
    assert_eq!(taken[0].text, taken[1].text, "the very same mail");
    world.stop().await;
}

#[tokio::test]
async fn a_process_killed_after_the_server_took_the_mail_sends_it_again_under_the_same_id() {
    let server = SmtpServer::plain().await;
    server.set(Mood::Silent);
    let mut world = world(server.settings.clone()).await;
    enqueue(&world, "Killed").await;
    world.start();
    server.until(1).await;
    world.kill().await;
    server.set(Mood::Takes);
    world.start();
    let taken = server.until(2).await;
    assert_eq!(taken[0].header("message-id"), taken[1].header("message-id"));
    eventually("it is done", || async { world.store().job_counts().await.expect("counts").is_empty().then_some(()) }).await;
    world.stop().await;
    assert_eq!(server.taken().len(), 2);
}

#[tokio::test]
async fn what_the_server_will_never_take_is_dead_and_an_operator_can_try_it_again() {
    let server = SmtpServer::plain().await;
    server.set(Mood::Never);
    let mut world = world(server.settings.clone()).await;
    world.start();
    enqueue(&world, "Refused").await;
    let job = eventually("it is dead", || dead(&world)).await;
    assert!(job.error.as_deref().is_some_and(|error| error.contains("no such user")), "{job:?}");
    assert_eq!(job.attempts, 1, "the server's word is final");
    server.set(Mood::Takes);
    world.store().retry_job(&world.actor, job.id).await.expect("tried again");
    server.until(1).await;
    eventually("it is done", || async { world.store().job_counts().await.expect("counts").is_empty().then_some(()) }).await;
    world.stop().await;
}

#[tokio::test]
async fn a_server_that_is_down_is_tried_later_and_later_and_the_mail_is_not_lost() {
    let server = SmtpServer::plain().await;
    server.set(Mood::Later);
    let mut world = world(server.settings.clone()).await;
    world.start();
    enqueue(&world, "Later").await;
    let waiting = async || world.store().jobs(Some(JobState::Waiting), None, 10).await.expect("a list").0.into_iter().next();
    let job = eventually("it was tried twice", || async { waiting().await.filter(|job| job.attempts >= 2 && job.error.is_some()) }).await;
    assert!(job.error.as_deref().is_some_and(|error| error.contains("later, perhaps")), "{job:?}");
    server.set(Mood::Takes);
    server.until(1).await;
    world.stop().await;
}

#[tokio::test]
async fn a_wrong_password_is_told_without_being_repeated_and_the_mail_waits() {
    let dir = tempfile::tempdir().expect("a directory");
    let server = SmtpServer::private(dir.path()).await;
    std::fs::write(server.settings.password_file.as_ref().expect("a file"), "canary-wrong-password").expect("written");
    let post = Post::new(&server.settings, dir.path());
    let id = JobId::from_uuid(uuid::Uuid::now_v7());
    let error = post.send(&mail("x"), id, vivier_core::time::Timestamp::from_millis(0)).await.expect_err("refused");
    assert!(!error.forever && error.message.contains("sign-in") && error.message.contains("wrong password"), "{error:?}");
    assert!(!error.message.contains("canary"), "{error:?}");
    std::fs::write(server.settings.password_file.as_ref().expect("a file"), PASSWORD).expect("written");
    assert!(matches!(post.send(&mail("x"), id, vivier_core::time::Timestamp::from_millis(0)).await, Ok(Sent::Server { .. })), "it is read anew");
    // A certificate of nobody one trusts.
    let stranger = vivier_server::mail::MailSettings { ca_file: None, ..server.settings.clone() };
    let error = Post::new(&stranger, dir.path()).send(&mail("x"), id, vivier_core::time::Timestamp::from_millis(0)).await.expect_err("refused");
    assert!(!error.forever && error.message.contains("certificate"), "{error:?}");
    use std::os::unix::fs::PermissionsExt as _;
    std::fs::set_permissions(server.settings.password_file.as_ref().expect("a file"), std::fs::Permissions::from_mode(0o644)).expect("exposed");
    let error = post.send(&mail("x"), id, vivier_core::time::Timestamp::from_millis(0)).await.expect_err("refused");
    assert!(error.message.contains("chmod 600"), "{error:?}");
}

#[tokio::test]
async fn without_a_server_mails_are_files_that_others_cannot_read() {
    use std::os::unix::fs::PermissionsExt as _;
    let mut world = world(vivier_server::mail::MailSettings::default()).await;
    world.start();
    enqueue(&world, "In a file").await;
    let outbox = world.test.dir.path().join("outbox");
    let file = eventually("there is a file", || async {
        std::fs::read_dir(&outbox).ok()?.filter_map(Result::ok).map(|entry| entry.path()).find(|path| path.extension().is_some_and(|kind| kind == "eml"))
    })
    .await;
    let text = std::fs::read_to_string(&file).expect("text");
    assert!(text.contains("Subject: In a file\r\n") && text.contains("\r\nhttp://localhost:8080/verify?token=canary-token\r\n"), "{text}");
    assert_eq!(std::fs::metadata(&file).expect("there").permissions().mode() & 0o777, 0o600);
    assert_eq!(std::fs::metadata(&outbox).expect("there").permissions().mode() & 0o777, 0o700);
    world.stop().await;
}
