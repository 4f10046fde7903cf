//! Deployments as their owners see and ask for them.

use std::collections::HashSet;

use vivier_core::lifecycle::{Ask, State};
use vivier_core::plan::PlanName;
use vivier_core::quota::QuotaKind;
use vivier_server::store::StoreError;
use vivier_server::store::deployments::{Asked, Filter, NewAgent};
use vivier_server::terms::Terms;

use crate::support::TestStore;
use crate::support::store::{RULES, agent};

on_both_engines!(
    another_accounts_deployment_does_not_exist,
    a_taken_slug_is_refused_by_name_and_suggested_ones_never_collide,
    trials_are_limited_and_the_refusal_says_how,
    many_at_once_never_pass_the_hourly_limit,
    many_at_once_for_one_slug_make_one,
    a_page_ends_with_a_cursor_and_a_search_is_literal,
    asking_twice_is_already_so_and_what_cannot_be_says_why,
    a_trial_moved_to_a_paid_plan_does_not_end,
);

async fn another_accounts_deployment_does_not_exist(test: TestStore) {
    let (ada, ada_actor) = test.account().await;
    let (eve, eve_actor) = test.account().await;
    test.release().await;
    let made = test.store.create_deployment(&ada_actor, ada, agent("Ada"), &RULES).await.expect("made");
    let id = made.id;
    let store = &test.store;
    assert!(matches!(store.deployment(eve, id).await, Err(StoreError::NotFound(_))));
    assert!(matches!(store.deployment_by_slug(eve, &made.slug).await, Err(StoreError::NotFound(_))));
    assert!(matches!(store.ask(&eve_actor, eve, id, Ask::Terminate, &RULES).await, Err(StoreError::NotFound(_))));
    assert!(matches!(store.edit_deployment(&eve_actor, eve, id, None, None, &RULES).await, Err(StoreError::NotFound(_))));
    assert!(matches!(store.change(&eve_actor, eve, id, Default::default()).await, Err(StoreError::NotFound(_))));
    assert!(matches!(store.rollback(&eve_actor, eve, id, Some(1), None).await, Err(StoreError::NotFound(_))));
    assert!(matches!(store.config(eve, id, None).await, Err(StoreError::NotFound(_))));
    assert!(matches!(store.secret_names(eve, id).await, Err(StoreError::NotFound(_))));
    assert!(matches!(store.proof(eve, id).await, Err(StoreError::NotFound(_))));
    assert!(store.config_versions(eve, id).await.expect("a list").is_empty());
    assert!(store.revisions(eve, id).await.expect("a list").is_empty());
    assert!(store.events(eve, id, None, None, 10).await.expect("a list").is_empty());
    assert!(store.deployments(eve, &Filter { limit: 10, ..Filter::default() }).await.expect("a list").0.is_empty());
    assert_eq!(store.deployment(ada, id).await.expect("its owner's").state, State::Requested);
}

async fn a_taken_slug_is_refused_by_name_and_suggested_ones_never_collide(test: TestStore) {
    let (account, actor) = test.account().await;
    test.release().await;
    let named = || NewAgent { slug: Some("my-agent".parse().expect("a slug")), ..agent("Mine") };
    test.store.create_deployment(&actor, account, named(), &RULES).await.expect("free");
    match test.store.create_deployment(&actor, account, named(), &RULES).await {
        Err(StoreError::Taken { field: "slug", message }) => assert!(message.contains("my-agent"), "{message}"),
        other => panic!("{other:?}"),
    }
    let mut slugs = HashSet::new();
    for _ in 0..10 {
        assert!(slugs.insert(test.store.create_deployment(&actor, account, agent("Same name"), &RULES).await.expect("made").slug));
    }
}

async fn trials_are_limited_and_the_refusal_says_how(test: TestStore) {
    let (account, actor) = test.account().await;
    test.release().await;
    let test = TestStore { store: test.store.clone().with_terms(Terms::default()), ..test };
    let trial = || NewAgent { plan: PlanName::Trial, ..agent("Trial") };
    let mut last = None;
    for _ in 0..3 {
        last = Some(test.store.create_deployment(&actor, account, trial(), &RULES).await.expect("allowed").id);
    }
    match test.store.create_deployment(&actor, account, trial(), &RULES).await {
        Err(StoreError::Quota(quota)) => {
            assert_eq!((quota.limit, quota.used, quota.allowed), (QuotaKind::TrialDeployments, 3, 3));
            assert!(quota.message.contains("delete one"), "{}", quota.message);
        }
        other => panic!("{other:?}"),
    }
    test.store.create_deployment(&actor, account, agent("Paid"), &RULES).await.expect("another plan is no trial");
    let last = last.expect("three were made");
    test.store.ask(&actor, account, last, Ask::Terminate, &RULES).await.expect("granted");
    test.store.create_deployment(&actor, account, trial(), &RULES).await.expect("one was deleted");
    let refusal = test.store.ask(&actor, account, last, Ask::Restore, &RULES).await.expect_err("there are three again");
    assert!(matches!(refusal, StoreError::Quota(_)), "{refusal}");
}

async fn many_at_once_never_pass_the_hourly_limit(test: TestStore) {
    let (account, actor) = test.account().await;
    test.release().await;
    let test = TestStore { store: test.store.clone().with_terms(Terms::default()), ..test };
    let creates = (0..24).map(|_| test.store.create_deployment(&actor, account, agent("Crowd"), &RULES));
    let results = futures_util::future::join_all(creates).await;
    let made = results.iter().filter(|result| result.is_ok()).count();
    let refused = results
        .iter()
        .filter(|result| matches!(result, Err(StoreError::Quota(quota)) if quota.limit == QuotaKind::DeploysPerHour && quota.free_at.is_some()))
        .count();
    assert_eq!((made, refused), (10, 14));
    test.clock.turn_seconds(3_601);
    test.store.create_deployment(&actor, account, agent("Later"), &RULES).await.expect("an hour later it is free again");
}

async fn many_at_once_for_one_slug_make_one(test: TestStore) {
    test.release().await;
    let mut accounts = Vec::new();
    for _ in 0..8 {
        accounts.push(test.account().await);
    }
    let creates = accounts.iter().map(|(account, actor)| {
        let new = NewAgent { slug: Some("the-one".parse().expect("a slug")), ..agent("One") };
        test.store.create_deployment(actor, *account, new, &RULES)
    });
    let results = futures_util::future::join_all(creates).await;
    assert_eq!(results.iter().filter(|result| result.is_ok()).count(), 1);
    assert_eq!(results.iter().filter(|result| matches!(result, Err(StoreError::Taken { field: "slug", .. }))).count(), 7, "{results:?}");
}

async fn a_page_ends_with_a_cursor_and_a_search_is_literal(test: TestStore) {
    let (account, actor) = test.account().await;
    test.release().await;
    let mut ids = Vec::new();
    for name in ["Alpha", "Beta 50%", "alphabet", "Gamma_x", "Delta"] {
        ids.push(test.store.create_deployment(&actor, account, agent(name), &RULES).await.expect("made").id);
    }
    ids.reverse();
    let page = |cursor, search: Option<&str>| {
        let filter = Filter { search: search.map(str::to_owned), include_terminated: true, cursor, limit: 2 };
        let store = test.store.clone();
        async move {
            let (page, next) = store.deployments(account, &filter).await.expect("a page");
            (page.into_iter().map(|one| one.id).collect::<Vec<_>>(), next)
        }
    };
    let (first, cursor) = page(None, None).await;
    let (second, cursor) = page(cursor, None).await;
    let (third, end) = page(cursor, None).await;
    assert_eq!([first, second, third].concat(), ids, "newest first, each once");
    assert_eq!(end, None);
    assert_eq!(page(None, Some("ALPHA")).await.0, [ids[2], ids[4]]);
    assert_eq!(page(None, Some("50%")).await.0, [ids[3]]);
    assert_eq!(page(None, Some("a_x")).await.0, [ids[1]]);
    assert!(page(None, Some("' OR 1=1 --")).await.0.is_empty());
    test.store.ask(&actor, account, ids[0], Ask::Terminate, &RULES).await.expect("granted");
    let open = Filter { limit: 50, ..Filter::default() };
    assert_eq!(test.store.deployments(account, &open).await.expect("a page").0.len(), 4);
    assert_eq!(test.store.all_deployments(&open).await.expect("a page").0.len(), 4);
}

async fn asking_twice_is_already_so_and_what_cannot_be_says_why(test: TestStore) {
    let (account, actor) = test.account().await;
    test.release().await;
    let id = test.store.create_deployment(&actor, account, agent("Ada"), &RULES).await.expect("made").id;
    let ask = async |ask| test.store.ask(&actor, account, id, ask, &RULES).await;
    assert_eq!(ask(Ask::Suspend).await.expect("granted").0, Asked::Accepted);
    let (asked, deployment) = ask(Ask::Suspend).await.expect("granted");
    assert_eq!((asked, deployment.state), (Asked::AlreadySo, State::Suspended));
    let events = test.store.events(account, id, None, None, 50).await.expect("events").len();
    assert_eq!(events, 2, "what is so already is no event");
    assert!(matches!(ask(Ask::Restart).await, Err(StoreError::Conflict(reason)) if reason.contains("resume it first")));
    let (_, gone) = ask(Ask::Terminate).await.expect("granted");
    let kept = gone.purge_at.expect("kept for a while").millis_since(test.store.now());
    assert!((7 * 86_400_000 - 60_000..=7 * 86_400_000).contains(&kept), "{kept}");
    assert!(matches!(ask(Ask::Retry).await, Err(StoreError::Conflict(_))));
    let (_, back) = ask(Ask::Restore).await.expect("granted");
    assert_eq!((back.state, back.purge_at), (State::Requested, None));
}

async fn a_trial_moved_to_a_paid_plan_does_not_end(test: TestStore) {
    let (account, actor) = test.account().await;
    test.release().await;
    let new = NewAgent { plan: PlanName::Trial, ..agent("Ada") };
    let made = test.store.create_deployment(&actor, account, new, &RULES).await.expect("made");
    assert!(made.expires_at.is_some());
    let moved =
        test.store.edit_deployment(&actor, account, made.id, Some("Ada Paid".parse().expect("a name")), Some(PlanName::Pro), &RULES).await.expect("moved");
    assert_eq!((moved.expires_at, moved.plan, moved.name.as_str()), (None, PlanName::Pro, "Ada Paid"));
    test.clock.turn_seconds(73 * 3_600);
    assert_eq!(test.store.end_trials(&RULES).await.expect("a sweep"), 0);
}
