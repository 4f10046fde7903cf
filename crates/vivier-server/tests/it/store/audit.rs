//! The audit log: what is written stays as it was written, or it shows.

use serde_json::json;
use vivier_core::lifecycle::Ask;
use vivier_core::wire::audit::{AuditOutcome, AuditReport, AuditTrouble};
use vivier_server::store::audit::verify::KeptHead;
use vivier_server::store::audit::{AuditFilter, Whose};
use vivier_server::store::{Actor, Engine, Store, StoreError};

use crate::support::TestStore;
use crate::support::store::{RULES, agent};

on_both_engines!(
    what_nobody_touched_is_found_whole,
    every_change_of_a_row_shows_and_names_the_row,
    rows_that_are_taken_away_show_wherever_they_were,
    an_older_copy_of_the_end_shows_by_a_head_that_was_kept,
    who_writes_the_chain_anew_cannot_seal_it,
    rows_that_somebody_else_writes_show,
    an_end_that_was_moved_while_we_ran_is_written_down_for_ever,
    an_end_that_was_taken_away_is_noticed_at_the_next_start,
    rows_from_before_the_chain_get_their_place,
    a_deleted_accounts_names_are_gone_and_the_chain_holds,
    names_that_vanish_without_a_reason_show,
    many_at_once_make_one_chain,
    what_the_log_cannot_take_does_not_happen,
    a_transaction_that_is_taken_back_leaves_no_row,
    the_log_is_found_by_who_what_target_outcome_and_time,
);

/// Says something straight to the database, as an intruder would.
async fn tamper(test: &TestStore, sql: &str) -> u64 {
    let url = test.url.clone().unwrap_or_else(|| format!("sqlite://{}", test.dir.path().join("vivier.db").display()));
    let pool = sqlx::AnyPool::connect(&url).await.expect("the database");
    let done = sqlx::query(sqlx::AssertSqlSafe(sql.to_owned())).execute(&pool).await.expect("tampered with");
    pool.close().await;
    done.rows_affected()
}

/// Seven rows: of a sign-up, and of six things that were done.
async fn written(test: &TestStore) -> Actor {
    let (account, actor) = test.account().await;
    for number in 0..6 {
        let mut tx = test.store.begin().await.expect("a transaction");
        tx.audit(&actor, Some(account), "token.create", &format!("tok_{number}"), json!({ "number": number })).await.expect("written");
        tx.commit_quietly().await.expect("committed");
    }
    actor
}

async fn verify(store: &Store) -> AuditReport {
    store.verify_audit(&[]).await.expect("a report")
}

/// The one thing that is wrong, and where.
#[track_caller]
fn only(report: &AuditReport) -> (Option<u64>, AuditTrouble) {
    assert_eq!((report.count, report.findings.len()), (1, 1), "{report:#?}");
    (report.findings[0].place, report.findings[0].trouble)
}

async fn what_nobody_touched_is_found_whole(test: TestStore) {
    written(&test).await;
    let report = verify(&test.store).await;
    assert_eq!((report.rows, report.count), (7, 0), "{report:#?}");
    let head = test.store.audit_head().await.expect("a head");
    assert_eq!((head.place, report.head.as_ref()), (7, Some(&head)));
    let kept: KeptHead = format!("{}:{}", head.place, head.hash).parse().expect("as it is printed");
    written(&test).await;
    let report = test.store.verify_audit(&[("a drawer".to_owned(), kept)]).await.expect("a report");
    assert_eq!((report.rows, report.count), (14, 0), "the head of before is still in it: {report:#?}");
    let again = test.reopen().await;
    assert_eq!(verify(&again).await.count, 0, "another start changes nothing");
}

async fn every_change_of_a_row_shows_and_names_the_row(test: TestStore) {
    written(&test).await;
    for change in [
        "actor = 'eve@example.com'",
        "origin = '192.0.2.9'",
        "detail = '{}'",
        "action = 'token.revoke'",
        "subject = 'tok_9'",
        "outcome = 'refused'",
        "at = at + 1",
        "account_id = NULL",
        "user_id = 'usr_somebody'",
        "id = 'another'",
    ] {
        let test = TestStore::beside(&test).await;
        written(&test).await;
        assert_eq!(tamper(&test, &format!("UPDATE audit_logs SET {change} WHERE seq = 4")).await, 1);
        let (place, trouble) = only(&verify(&test.store).await);
        assert_eq!((place, trouble), (Some(4), AuditTrouble::Altered), "{change}");
    }
}

async fn rows_that_are_taken_away_show_wherever_they_were(test: TestStore) {
    for (which, place, trouble) in [
        ("seq = 1", 1, AuditTrouble::Missing),
        ("seq IN (3, 4)", 3, AuditTrouble::Missing),
        ("seq > 5", 6, AuditTrouble::Truncated),
        ("seq > 0", 1, AuditTrouble::Truncated),
    ] {
        let test = TestStore::beside(&test).await;
        written(&test).await;
        tamper(&test, &format!("DELETE FROM audit_logs WHERE {which}")).await;
        assert_eq!(only(&verify(&test.store).await), (Some(place), trouble), "{which}");
    }
}

async fn an_older_copy_of_the_end_shows_by_a_head_that_was_kept(test: TestStore) {
    written(&test).await;
    tamper(&test, "CREATE TABLE stolen AS SELECT * FROM audit_head").await;
    written(&test).await;
    let head = test.store.audit_head().await.expect("a head");
    tamper(&test, "DELETE FROM audit_logs WHERE seq > 7").await;
    tamper(&test, "UPDATE audit_head SET seq = (SELECT seq FROM stolen), hash = (SELECT hash FROM stolen), seal = (SELECT seal FROM stolen)").await;
    assert_eq!(verify(&test.store).await.count, 0, "an end that we have sealed once is one of ours");
    let kept = KeptHead { seq: i64::try_from(head.place).expect("small"), hash: head.hash };
    let report = test.store.verify_audit(&[("the log file".to_owned(), kept)]).await.expect("a report");
    assert_eq!(only(&report), (Some(7), AuditTrouble::Truncated));
    assert!(report.findings[0].message.contains("7 rows are missing at the end: the log file has known"), "{report:#?}");
    // And the process that wrote them knows better, too.
    written(&test).await;
    assert!(verify(&test.store).await.findings.iter().any(|finding| finding.trouble == AuditTrouble::Noticed));
}

async fn who_writes_the_chain_anew_cannot_seal_it(test: TestStore) {
    written(&test).await;
    let head = test.store.audit_head().await.expect("a head");
    let other = TestStore::beside(&test).await;
    written(&other).await;
    // The rows and the end of a chain that is whole in itself, sealed under another installation's key.
    let rows = other.store.audit_page(&AuditFilter { oldest_first: true, limit: 100, ..AuditFilter::default() }).await.expect("rows");
    let end = other.store.audit_head().await.expect("a head");
    let bytes = |hex: &str| if test.store.engine() == Engine::Sqlite { format!("X'{hex}'") } else { format!("'\\x{hex}'") };
    for row in rows {
        tamper(&test, &format!("UPDATE audit_logs SET hash = {} WHERE seq = {}", bytes(&hex::encode(&row.hash)), row.seq)).await;
    }
    tamper(&test, &format!("UPDATE audit_head SET chain = '{}', hash = {}", end.chain, bytes(&end.hash))).await;
    let kept = KeptHead { seq: i64::try_from(head.place).expect("small"), hash: head.hash };
    let report = test.store.verify_audit(&[("a drawer".to_owned(), kept)]).await.expect("a report");
    let troubles: Vec<_> = report.findings.iter().map(|finding| finding.trouble).collect();
    assert!(troubles.contains(&AuditTrouble::End) && troubles.contains(&AuditTrouble::Kept), "{report:#?}");
}

async fn rows_that_somebody_else_writes_show(test: TestStore) {
    written(&test).await;
    for seq in ["NULL", "-1", "1000"] {
        let test = TestStore::beside(&test).await;
        written(&test).await;
        let row = format!("INSERT INTO audit_logs (id, at, actor, action, subject, detail, seq) VALUES ('x', 1, 'a', 'b', 'c', '{{}}', {seq})");
        tamper(&test, &row).await;
        assert_eq!(only(&verify(&test.store).await), (None, AuditTrouble::Stray), "{seq}");
    }
}

async fn an_end_that_was_moved_while_we_ran_is_written_down_for_ever(test: TestStore) {
    let actor = written(&test).await;
    tamper(&test, "DELETE FROM audit_logs WHERE seq = 7").await;
    tamper(&test, "UPDATE audit_head SET seq = 6, hash = (SELECT hash FROM audit_logs WHERE seq = 6)").await;
    let mut tx = test.store.begin().await.expect("a transaction");
    tx.audit(&actor, None, "token.create", "tok_x", json!({})).await.expect("written");
    tx.commit_quietly().await.expect("what the log finds wrong stops nobody");
    let report = verify(&test.store).await;
    assert_eq!(only(&report), (Some(7), AuditTrouble::Noticed));
    assert!(report.findings[0].message.contains("not sealed by us"), "{report:#?}");
    let newest = test.store.audit_log(None, 2).await.expect("rows");
    assert_eq!(newest.iter().map(|row| row.action.as_str()).collect::<Vec<_>>(), ["token.create", "audit.broken"]);
}

async fn an_end_that_was_taken_away_is_noticed_at_the_next_start(test: TestStore) {
    let actor = written(&test).await;
    tamper(&test, "DELETE FROM audit_head").await;
    assert!(verify(&test.store).await.findings.iter().any(|finding| finding.trouble == AuditTrouble::End));
    let mut tx = test.store.begin().await.expect("a transaction");
    tx.audit(&actor, None, "token.create", "tok_x", json!({})).await.expect("kept");
    let error = tx.commit_quietly().await.expect_err("there is no end to append to");
    assert!(error.to_string().contains("vivierd audit verify"), "{error}");
    let again = test.reopen().await;
    let troubles: Vec<_> = verify(&again).await.findings.iter().map(|finding| finding.trouble).collect();
    assert!(troubles.contains(&AuditTrouble::Noticed), "{troubles:?}");
}

async fn rows_from_before_the_chain_get_their_place(test: TestStore) {
    written(&test).await;
    tamper(&test, "DELETE FROM audit_head").await;
    tamper(&test, "UPDATE audit_logs SET seq = NULL, user_id = NULL, salt = NULL, commitment = NULL, hash = NULL").await;
    let again = test.reopen().await;
    let report = verify(&again).await;
    assert_eq!((report.rows, report.count), (7, 0), "{report:#?}");
    let first = again.audit_page(&AuditFilter { oldest_first: true, limit: 1, ..AuditFilter::default() }).await.expect("rows");
    assert_eq!(first[0].action, "account.signup");
}

async fn a_deleted_accounts_names_are_gone_and_the_chain_holds(test: TestStore) {
    let actor = written(&test).await;
    let account = actor.account.expect("an account");
    let (other, _) = test.account().await;
    let mut tx = test.store.begin().await.expect("a transaction");
    tx.audit(&actor, Some(account), "account.delete", &account.to_string(), json!({ "name": actor.name })).await.expect("written");
    tx.forget_in_audit(Whose::Account(account));
    tx.commit().await.expect("deleted");
    let report = verify(&test.store).await;
    assert_eq!((report.rows, report.forgotten, report.count), (10, 8, 0), "{report:#?}");
    let rows = test.store.audit_log(None, 100).await.expect("rows");
    assert!(!format!("{rows:?}").contains(&actor.name), "{rows:#?}");
    let deleted = rows.iter().find(|row| row.action == "account.delete").expect("what was done stays");
    assert_eq!((deleted.subject.as_str(), deleted.outcome, deleted.forgotten), (account.to_string().as_str(), AuditOutcome::Done, true));
    assert!(!rows.iter().any(|row| row.account == Some(other) && row.forgotten), "nobody else's");
    // What is unreadable cannot be written again.
    tamper(&test, "UPDATE audit_logs SET actor = 'eve@example.com' WHERE seq = 3").await;
    assert_eq!(only(&verify(&test.store).await), (Some(3), AuditTrouble::Altered));
}

async fn names_that_vanish_without_a_reason_show(test: TestStore) {
    written(&test).await;
    tamper(&test, "UPDATE audit_logs SET actor = '', origin = NULL, detail = '{}', salt = NULL WHERE seq = 5").await;
    assert_eq!(only(&verify(&test.store).await), (Some(5), AuditTrouble::Unexplained));
}

async fn many_at_once_make_one_chain(test: TestStore) {
    let (account, actor) = test.account().await;
    let once = uuid::Uuid::now_v7();
    let writers = (0..40).map(|number| {
        let (store, actor) = (test.store.clone(), actor.clone());
        tokio::spawn(async move {
            let actor = if number % 2 == 0 { Actor { once: Some(once), ..actor } } else { actor };
            let mut tx = store.begin().await.expect("a transaction");
            let first = tx.audit(&actor, Some(account), "token.create", "tok_1", json!({ "number": number })).await;
            let done = match first {
                Ok(()) => tx.commit().await,
                Err(error) => Err(error),
            };
            match done {
                Ok(()) => true,
                Err(StoreError::Repeated) => false,
                Err(error) => panic!("{error}: {error:?}"),
            }
        })
    });
    let written = futures_util::future::join_all(writers).await.into_iter().filter(|done| *done.as_ref().expect("no panic")).count();
    assert_eq!(written, 21, "each, and the one that was sent twenty times once");
    let report = verify(&test.store).await;
    assert_eq!((report.rows, report.count), (22, 0), "{report:#?}");
}

async fn what_the_log_cannot_take_does_not_happen(test: TestStore) {
    let (account, actor) = test.account().await;
    test.release().await;
    let made = test.store.create_deployment(&actor, account, agent("Ada"), &RULES).await.expect("made");
    tamper(&test, "ALTER TABLE audit_logs RENAME TO audit_logs_away").await;
    assert!(test.store.ask(&actor, account, made.id, Ask::Suspend, &RULES).await.is_err());
    tamper(&test, "ALTER TABLE audit_logs_away RENAME TO audit_logs").await;
    let now = test.store.deployment(account, made.id).await.expect("there");
    assert_eq!((now.desired, now.version), (made.desired, made.version));
    assert_eq!(verify(&test.store).await.count, 0);
}

async fn a_transaction_that_is_taken_back_leaves_no_row(test: TestStore) {
    let (account, actor) = test.account().await;
    let before = test.store.audit_head().await.expect("a head");
    let mut tx = test.store.begin().await.expect("a transaction");
    tx.audit(&actor, Some(account), "token.create", "tok_1", json!({})).await.expect("kept");
    drop(tx);
    assert_eq!(test.store.audit_head().await.expect("a head"), before);
}

async fn the_log_is_found_by_who_what_target_outcome_and_time(test: TestStore) {
    let actor = written(&test).await;
    let account = actor.account.expect("an account");
    test.clock.turn_seconds(3_600);
    let later = test.store.now();
    let (_, other) = test.account().await;
    test.store.audit_refusal(&other, Some(account), "request.refused", "DELETE /v1/tokens", json!({ "why": "role" })).await.expect("written");
    let find = |filter: AuditFilter| {
        let store = test.store.clone();
        async move { store.audit_page(&AuditFilter { limit: 100, ..filter }).await.expect("a page").iter().map(|row| row.seq).collect::<Vec<_>>() }
    };
    let all = AuditFilter::default();
    assert_eq!(find(AuditFilter { account: Some(account), ..all.clone() }).await, [9, 7, 6, 5, 4, 3, 2, 1]);
    assert_eq!(find(AuditFilter { actor: Some(other.name[..12].to_uppercase()), ..all.clone() }).await, [9, 8]);
    assert_eq!(find(AuditFilter { action: Some("account.signup".to_owned()), ..all.clone() }).await, [8, 1]);
    assert_eq!(find(AuditFilter { action: Some("token.".to_owned()), oldest_first: true, ..all.clone() }).await, [2, 3, 4, 5, 6, 7]);
    assert_eq!(find(AuditFilter { action: Some("token".to_owned()), ..all.clone() }).await, [0i64; 0]);
    assert_eq!(find(AuditFilter { subject: Some("tok_3".to_owned()), ..all.clone() }).await, [5]);
    assert_eq!(find(AuditFilter { outcome: Some(AuditOutcome::Refused), ..all.clone() }).await, [9]);
    assert_eq!(find(AuditFilter { since: Some(later), ..all.clone() }).await, [9, 8]);
    assert_eq!(find(AuditFilter { until: Some(later), account: Some(account), cursor: Some(3), ..all.clone() }).await, [2, 1]);
    assert_eq!(find(AuditFilter { cursor: Some(7), oldest_first: true, ..all }).await, [8, 9]);
}
