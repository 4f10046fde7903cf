//! Jobs: claimed once, fenced, in series, once per key, tried again, given up.

use vivier_core::wire::jobs::{JobKind, JobState};
use vivier_server::jobs::{Job, Task};
use vivier_server::mail::Mail;
use vivier_server::store::jobs::{Claim, Claimed, KEPT_DAYS};
use vivier_server::store::{Actor, Store, StoreError};

use crate::support::TestStore;

on_both_engines!(
    a_job_is_there_exactly_when_its_cause_is_committed,
    of_many_who_claim_each_gets_another,
    one_who_was_thought_dead_can_finish_nothing,
    a_series_is_done_one_by_one_in_order_and_a_dead_one_lets_the_next_go_on,
    of_one_dedupe_key_there_is_one_job_until_it_is_forgotten,
    a_dead_job_waits_for_an_operator,
    what_an_executor_writes_with_the_end_of_its_job_it_writes_once,
);

fn task(subject: &str) -> Task {
    Task::Mail(Mail::new("ada@example.com".parse().expect("an address"), subject, "text"))
}

async fn enqueue(store: &Store, job: Job) -> bool {
    let mut tx = store.begin().await.expect("a transaction");
    let id = tx.enqueue(job).await.expect("enqueued");
    tx.commit().await.expect("committed");
    id.is_some()
}

async fn claim_as(store: &Store, owner: &str) -> Option<Claimed> {
    match store.claim_job(owner, store.now().plus_seconds(30)).await.expect("a claim") {
        Claim::Job(job) => Some(*job),
        Claim::Nothing => None,
        Claim::Unreadable(id) => panic!("{id} cannot be read"),
    }
}

async fn claim(store: &Store) -> Option<Claimed> {
    claim_as(store, "one").await
}

fn subject(job: &Claimed) -> &str {
    match &job.task {
        Task::Mail(mail) => &mail.subject,
        Task::PasswordReset { email } => email.as_str(),
    }
}

async fn a_job_is_there_exactly_when_its_cause_is_committed(test: TestStore) {
    let store = &test.store;
    let mut tx = store.begin().await.expect("a transaction");
    tx.enqueue(Job::new(task("taken back"))).await.expect("enqueued");
    drop(tx);
    assert!(claim(store).await.is_none());
    assert!(enqueue(store, Job::new(task("later")).at(store.now().plus_seconds(60))).await);
    assert!(claim(store).await.is_none(), "its time has not come");
    test.clock.turn_seconds(61);
    let job = claim(store).await.expect("its time has come");
    assert_eq!((job.kind, job.attempts, subject(&job)), (JobKind::Mail, 1, "later"));
    assert!(claim(store).await.is_none(), "it is taken");
    store.finish_job(&job.lease).await.expect("done");
    test.clock.turn_seconds(3_600);
    assert!(claim(store).await.is_none(), "it is done");
    let (jobs, more) = store.jobs(None, None, 10).await.expect("a list");
    assert!(!more && jobs.len() == 1 && jobs[0].state == JobState::Done, "{jobs:?}");
}

async fn of_many_who_claim_each_gets_another(test: TestStore) {
    let store = &test.store;
    for number in 0..6 {
        enqueue(store, Job::new(task(&number.to_string()))).await;
    }
    let tries = futures_util::future::join_all((0..10).map(|runner| async move {
        // PostgreSQL lets one of two who meet go away with nothing; it looks again.
        for _ in 0..10 {
            if let Some(job) = claim_as(store, &format!("runner {runner}")).await {
                return Some(job);
            }
        }
        None
    }))
    .await;
    let mut subjects: Vec<_> = tries.into_iter().flatten().map(|job| subject(&job).to_owned()).collect();
    subjects.sort();
    assert_eq!(subjects, ["0", "1", "2", "3", "4", "5"]);
}

async fn one_who_was_thought_dead_can_finish_nothing(test: TestStore) {
    let store = &test.store;
    enqueue(store, Job::new(task("x"))).await;
    let first = claim_as(store, "first").await.expect("claimed");
    store.renew_job(&first.lease, store.now().plus_seconds(30)).await.expect("renewed");
    test.clock.turn_seconds(31);
    let second = claim_as(store, "second").await.expect("taken over");
    assert_eq!(second.attempts, 2);
    let later = store.now().plus_seconds(5);
    for result in [
        store.renew_job(&first.lease, later).await,
        store.finish_job(&first.lease).await,
        store.put_job_off(&first.lease, later, "no").await,
        store.bury_job(&first.lease, "no").await,
    ] {
        assert!(matches!(result, Err(StoreError::Lost)), "{result:?}");
    }
    store.finish_job(&second.lease).await.expect("done");
    store.finish_job(&second.lease).await.expect("saying so again is no error");
    assert!(matches!(store.finish_job(&first.lease).await, Err(StoreError::Lost)));
    // The same process, started again under the same name, is another one.
    enqueue(store, Job::new(task("y"))).await;
    let before = claim(store).await.expect("claimed");
    store.end_job_leases(None).await.expect("ended");
    let after = claim(store).await.expect("claimed again");
    assert!(matches!(store.finish_job(&before.lease).await, Err(StoreError::Lost)));
    store.finish_job(&after.lease).await.expect("done");
}

async fn a_series_is_done_one_by_one_in_order_and_a_dead_one_lets_the_next_go_on(test: TestStore) {
    let store = &test.store;
    for number in 0..3 {
        enqueue(store, Job::new(task(&format!("a{number}"))).serial("a")).await;
    }
    enqueue(store, Job::new(task("b0")).serial("b")).await;
    let first = claim(store).await.expect("the first of a");
    let other = claim(store).await.expect("of another series");
    assert_eq!((subject(&first), subject(&other)), ("a0", "b0"));
    assert!(claim(store).await.is_none(), "a1 waits for a0");
    store.finish_job(&other.lease).await.expect("done");
    store.put_job_off(&first.lease, store.now().plus_seconds(60), "not yet").await.expect("put off");
    assert!(claim(store).await.is_none(), "a1 still waits for a0");
    test.clock.turn_seconds(61);
    let first = claim(store).await.expect("again");
    assert_eq!(subject(&first), "a0");
    // Its process dies: nobody goes past it.
    test.clock.turn_seconds(31);
    let first = claim_as(store, "two").await.expect("taken over");
    assert_eq!((subject(&first), first.attempts), ("a0", 3));
    store.bury_job(&first.lease, "never").await.expect("dead");
    let second = claim(store).await.expect("the next");
    assert_eq!(subject(&second), "a1");
    store.finish_job(&second.lease).await.expect("done");
    assert_eq!(subject(&claim(store).await.expect("the last")), "a2");
}

async fn of_one_dedupe_key_there_is_one_job_until_it_is_forgotten(test: TestStore) {
    let store = &test.store;
    let job = || Job::new(task("once")).dedupe("invoice 7, first reminder");
    assert!(enqueue(store, job()).await);
    assert!(!enqueue(store, job()).await, "waiting");
    let claimed = claim(store).await.expect("claimed");
    store.finish_job(&claimed.lease).await.expect("done");
    assert!(!enqueue(store, job()).await, "done");
    store.prune_jobs().await.expect("pruned");
    assert!(!enqueue(store, job()).await, "done not long ago");
    test.clock.turn_seconds(KEPT_DAYS * 86_400 + 1);
    store.prune_jobs().await.expect("pruned");
    assert!(enqueue(store, job()).await, "forgotten");
}

async fn a_dead_job_waits_for_an_operator(test: TestStore) {
    let store = &test.store;
    let operator = Actor { name: "operator ada@example.com".to_owned(), ..Actor::system() };
    enqueue(store, Job::new(task("x"))).await;
    let job = claim(store).await.expect("claimed");
    let error = store.discard_job(&operator, job.lease.id).await.expect_err("it is being done");
    assert!(matches!(error, StoreError::Conflict(_)), "{error:?}");
    store.bury_job(&job.lease, "no such user").await.expect("dead");
    test.clock.turn_seconds(400 * 86_400);
    store.prune_jobs().await.expect("pruned");
    let (dead, _) = store.jobs(Some(JobState::Dead), None, 10).await.expect("a list");
    assert_eq!((dead.len(), dead[0].error.as_deref()), (1, Some("no such user")));
    let again = store.retry_job(&operator, job.lease.id).await.expect("tried again");
    assert_eq!((again.state, again.attempts), (JobState::Waiting, 0));
    let job = claim(store).await.expect("it is due at once");
    store.finish_job(&job.lease).await.expect("done");
    assert!(matches!(store.retry_job(&operator, job.lease.id).await, Err(StoreError::Conflict(_))), "it is done");
    enqueue(store, Job::new(task("y"))).await;
    let (waiting, _) = store.jobs(Some(JobState::Waiting), None, 10).await.expect("a list");
    store.discard_job(&operator, waiting[0].id).await.expect("thrown away");
    assert!(claim(store).await.is_none());
    assert!(matches!(store.discard_job(&operator, waiting[0].id).await, Err(StoreError::NotFound("job"))));
    let actions: Vec<_> = store.audit_log(None, 10).await.expect("a log").into_iter().map(|row| (row.actor, row.action)).collect();
    assert_eq!(actions, [(operator.name.clone(), "job.discard".to_owned()), (operator.name.clone(), "job.retry".to_owned())]);
}

async fn what_an_executor_writes_with_the_end_of_its_job_it_writes_once(test: TestStore) {
    let store = &test.store;
    enqueue(store, Job::new(task("x"))).await;
    let first = claim_as(store, "first").await.expect("claimed");
    test.clock.turn_seconds(31);
    let second = claim_as(store, "second").await.expect("taken over");
    // Both write their effect together with the end; one of them is refused, and its effect with it.
    for (lease, expected) in [(&first.lease, false), (&second.lease, true)] {
        let mut tx = store.begin().await.expect("a transaction");
        tx.audit(&Actor::system(), None, "effect", "x", serde_json::json!({})).await.expect("written");
        let finished = tx.finish_job(lease).await.is_ok();
        assert_eq!(finished, expected);
        if finished {
            tx.commit().await.expect("committed");
        }
    }
    assert_eq!(store.audit_log(None, 10).await.expect("a log").len(), 1);
}
