//! What has been sent: read out of the outbox.

use super::api::{Answer, Api, As, PASSWORD};
use serde_json::json;

/// Mails to `email` whose subject is `subject`, oldest first, without their heads.
pub fn mails(api: &Api, email: &str, subject: &str) -> Vec<String> {
    let Ok(files) = std::fs::read_dir(api.world.test.dir.path().join("outbox")) else { return Vec::new() };
    let mut names: Vec<_> = files.filter_map(Result::ok).map(|entry| entry.path()).filter(|path| path.extension().is_some_and(|kind| kind == "eml")).collect();
    // Their names are of jobs, whose ids are in order.
    names.sort();
    let texts = names.iter().filter_map(|path| std::fs::read_to_string(path).ok());
    let ours = texts.filter(|text| text.contains(&format!("\r\nTo: {email}\r\n")) && text.contains(&format!("\r\nSubject: {subject}\r\n")));
    ours.filter_map(|text| text.split_once("\r\n\r\n").map(|(_, body)| body.to_owned())).collect()
}

/// The newest of them, once there are `count`.
pub async fn mail(api: &Api, email: &str, subject: &str, count: usize) -> String {
    crate::support::eventually(&format!("{count} mails `{subject}` to {email}"), || async {
        let mails = mails(api, email, subject);
        mails.get(count - 1).cloned()
    })
    .await
}

/// The token of its link.
pub async fn token(api: &Api, email: &str, subject: &str, count: usize) -> String {
    let mail = mail(api, email, subject, count).await;
    let link = mail.lines().find(|line| line.contains("#token=")).unwrap_or_else(|| panic!("no link in {mail}"));
    assert!(link.starts_with("http://localhost:8080/"), "{link}");
    link.split("#token=").nth(1).expect("a token").to_owned()
}

pub async fn sign_in(api: &Api, email: &str, password: &str) -> Answer {
    api.post(&As::Nobody, "/v1/auth/login", &json!({ "email": email, "password": password })).await
}

/// Someone who is signed in, and whose address is confirmed.
pub async fn confirmed(api: &Api) -> (As, String) {
    let (who, email) = api.signup().await;
    let token = token(api, &email, "Confirm your address", 1).await;
    api.post(&As::Nobody, "/v1/auth/verify", &json!({ "token": token })).await.ok(204);
    (who, email)
}

/// The session after a second sign-in.
pub async fn another_session(api: &Api, email: &str) -> As {
    As::Cookie(sign_in(api, email, PASSWORD).await.ok(200).cookie().expect("a session"))
}
