//! Support tickets, from the tenant's question to the operator's answer.

use serde_json::{Value, json};
use vivier_server::Config;

use super::api::{Api, As, settings};

async fn open(api: &Api, who: &As, body: &Value) -> Value {
    api.post(who, "/v1/tickets", body).await.ok(201).json()
}

#[tokio::test]
async fn a_ticket_goes_from_question_to_answer_and_back_and_notes_stay_with_the_operators() {
    let api = Api::new().await;
    let ((ada, mail), (eve, _), operator) = (api.signup().await, api.signup().await, api.operator().await);
    let ticket = open(&api, &ada, &json!({ "subject": "It does not answer", "message": "Since noon." })).await;
    let (id, number) = (ticket["id"].as_str().expect("an id").to_owned(), ticket["number"].as_u64().expect("a number"));
    assert_eq!((ticket["state"].as_str(), ticket["snapshot"].is_null(), ticket["has_snapshot"].as_bool()), (Some("open"), true, Some(false)));
    // Found by number, subject and state; by nobody else.
    for query in [format!("q={number}"), format!("q=%23{number}"), "q=ANSWER".to_owned(), "state=open".to_owned()] {
        assert_eq!(api.get(&operator, &format!("/v1/operator/tickets?{query}")).await.ok(200).json()["items"][0]["id"], id.as_str(), "{query}");
    }
    api.get(&eve, &format!("/v1/tickets/{id}")).await.problem(404, "not_found");
    api.post(&eve, &format!("/v1/tickets/{id}/messages"), &json!({ "message": "x" })).await.problem(404, "not_found");
    assert_eq!(api.get(&eve, "/v1/tickets").await.ok(200).json()["items"], json!([]));
    // A note, an answer, another word.
    let say = async |who: &As, side: &str, body: Value| api.post(who, &format!("{side}/tickets/{id}/messages"), &body).await.ok(200).json();
    assert_eq!(say(&operator, "/v1/operator", json!({ "message": "The usual?", "internal": true })).await["state"], "open");
    assert_eq!(say(&operator, "/v1/operator", json!({ "message": "What do you see?" })).await["state"], "waiting");
    let seen = say(&ada, "/v1", json!({ "message": "Nothing." })).await;
    assert_eq!(seen["state"], "open");
    let texts: Vec<_> = seen["messages"].as_array().expect("messages").iter().map(|said| said["message"].as_str().expect("a text")).collect();
    assert_eq!(texts, ["Since noon.", "What do you see?", "Nothing."], "without the note");
    let seen = say(&operator, "/v1/operator", json!({ "message": "Look again.", "solved": true })).await;
    assert_eq!((seen["state"].as_str(), seen["messages"].as_array().map(Vec::len)), (Some("solved"), Some(5)));
    api.post(&operator, &format!("/v1/operator/tickets/{id}/messages"), &json!({ "message": "x", "internal": true, "solved": true }))
        .await
        .problem(422, "invalid_fields");
    // Closed, nothing is said any more; then opened again.
    assert_eq!(api.post(&ada, &format!("/v1/tickets/{id}/close"), &Value::Null).await.ok(200).json()["state"], "closed");
    let refused = api.post(&ada, &format!("/v1/tickets/{id}/messages"), &json!({ "message": "x" })).await.any_problem();
    assert!(refused["detail"].as_str().expect("words").contains("open it again"), "{refused}");
    assert_eq!(api.post(&ada, &format!("/v1/tickets/{id}/reopen"), &Value::Null).await.ok(200).json()["state"], "open");
    // Whoever opened it is told of the answers, the operators of the questions; never what was said.
    let mails = crate::support::eventually("the mails are written", || async {
        let mails: Vec<String> = std::fs::read_dir(api.world.test.dir.path().join("outbox"))
            .ok()?
            .filter_map(|entry| std::fs::read_to_string(entry.ok()?.path()).ok())
            .filter(|text| text.contains("icket"))
            .collect();
        (mails.len() >= 5).then_some(mails)
    })
    .await;
    assert_eq!(mails.iter().filter(|text| text.contains(&format!("To: {mail}"))).count(), 2, "{mails:#?}");
    assert!(mails.iter().all(|text| !text.contains("noon") && text.contains(&number.to_string())), "{mails:#?}");
    // And all of it is in the log.
    let log = api.get(&ada, "/v1/audit?action=ticket.").await.ok(200).json();
    assert_eq!(log["items"].as_array().map(Vec::len), Some(7), "{log:#}");
}

#[tokio::test]
async fn a_snapshot_is_what_was_shown_holds_no_secret_and_is_destroyed_when_the_ticket_is_long_closed() {
    let api = Api::new().await;
    let ((ada, _), (eve, _), operator) = (api.signup().await, api.signup().await, api.operator().await);
    let id = api.deploy(&ada, "Ada").await;
    let text = "{ note: 'sk-canary-provider-key and ghp_abcdefghijklmnopqrstuvwxyz', ui: { name: 'Ada' } }";
    api.post(&ada, &format!("/v1/deployments/{id}/config"), &json!({ "text": text })).await;
    let preview = api.post(&ada, &format!("/v1/deployments/{id}/support-snapshot"), &Value::Null).await.ok(201).json();
    let shown = preview["snapshot"].to_string();
    assert!(!shown.contains("canary") && !shown.contains("ghp_"), "{shown}");
    assert!(shown.contains("[hidden]") && preview["snapshot"]["events"].as_array().is_some_and(|events| !events.is_empty()), "{shown}");
    // It is nobody else's, and of no other agent.
    let snapshot = preview["id"].as_str().expect("an id");
    let body = |deployment: Option<&str>| json!({ "subject": "s", "message": "m", "deployment": deployment, "snapshot": snapshot });
    assert_eq!(api.post(&eve, "/v1/tickets", &body(None)).await.paths(), ["snapshot"]);
    assert_eq!(api.post(&eve, "/v1/tickets", &body(Some(&id))).await.paths(), ["deployment"]);
    api.post(&ada, "/v1/tickets", &body(None)).await.problem(409, "conflict");
    let ticket = open(&api, &ada, &body(Some(&id))).await;
    assert_eq!(api.post(&ada, "/v1/tickets", &body(Some(&id))).await.paths(), ["snapshot"], "for one ticket");
    let place = format!("/v1/operator/tickets/{}", ticket["id"].as_str().expect("an id"));
    assert_eq!(api.get(&operator, &place).await.ok(200).json()["snapshot"], preview["snapshot"], "exactly what was shown");
    // In the database it is sealed.
    let file = std::fs::read(api.world.test.dir.path().join("vivier.db")).expect("the file");
    assert!(!String::from_utf8_lossy(&file).contains("\"taken_at\""), "in clear");
    api.post(&operator, &format!("{place}/close"), &Value::Null).await.ok(200);
    let tickets = Config::default().tickets;
    let end = async || api.world.store().end_tickets(tickets.close_days, tickets.snapshot_days, &tickets.rules(), "http://localhost").await.expect("ended");
    end().await;
    assert!(api.get(&operator, &place).await.ok(200).json()["snapshot"].is_object(), "not yet");
    api.world.test.clock.turn_seconds(86_400 * i64::from(tickets.snapshot_days) + 1);
    end().await;
    let after = api.world.store().ticket_detail(ticket["id"].as_str().expect("an id").parse().expect("an id"), None).await.expect("there");
    assert!(after.snapshot.is_none() && after.snapshot_destroyed_at.is_some(), "{after:?}");
}

#[tokio::test]
async fn what_is_too_long_or_too_much_is_refused_with_the_limit() {
    let tickets = vivier_server::config::TicketSettings { messages: 3, message_bytes: 100, ..Config::default().tickets };
    let quotas = vivier_server::terms::QuotaSettings { open_tickets: 2, ..settings().quotas };
    let api = Api::with(Config { tickets, quotas, ..settings() }).await;
    let (ada, _) = api.signup().await;
    for (subject, message, path) in
        [("", "m", "subject"), ("a\nb", "m", "subject"), (&*"x".repeat(151), "m", "subject"), ("s", " ", "message"), ("s", &"x".repeat(101), "message")]
    {
        assert_eq!(api.post(&ada, "/v1/tickets", &json!({ "subject": subject, "message": message })).await.paths(), [path]);
    }
    let ticket = open(&api, &ada, &json!({ "subject": "s", "message": "m" })).await;
    let place = format!("/v1/tickets/{}/messages", ticket["id"].as_str().expect("an id"));
    for _ in 0..2 {
        api.post(&ada, &place, &json!({ "message": "more" })).await.ok(200);
    }
    let refused = api.post(&ada, &place, &json!({ "message": "more" })).await.problem(409, "conflict");
    assert!(refused["detail"].as_str().expect("words").contains("open another"), "{refused}");
    open(&api, &ada, &json!({ "subject": "s", "message": "m" })).await;
    let refused = api.post(&ada, "/v1/tickets", &json!({ "subject": "s", "message": "m" })).await.any_problem();
    assert_eq!(refused["code"], "open_tickets", "{refused}");
}
