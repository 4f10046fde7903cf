//! The ledger: what is granted is there, taken, given back or ended, and never more or less than that.

use std::collections::BTreeMap;

use proptest::prelude::*;
use proptest::test_runner::{Config, TestRunner};
use vivier_core::credits::{CreditSource, Credits};
use vivier_core::id::AccountId;
use vivier_core::time::Timestamp;
use vivier_core::wire::credits::{CreditEntryKind, ReferralRefusal, ReferralState};
use vivier_server::clock::Clock as _;
use vivier_server::store::credits::NewGrant;
use vivier_server::store::referrals::TrialCredit;
use vivier_server::store::{Actor, Store, StoreError};
use vivier_server::terms::{CreditSettings, Terms};

use crate::support::TestStore;
use crate::support::store::loose;

on_both_engines!(
    any_order_of_grants_ends_redemptions_and_refunds_conserves_the_total,
    many_invoices_at_once_never_take_more_than_there_is,
    an_occasion_grants_once_and_an_invoice_takes_once,
    what_ends_soonest_is_taken_first_and_goes_back_where_it_came_from,
    no_grant_passes_what_an_account_may_have,
    the_database_itself_refuses_to_change_the_books,
    a_page_of_the_history_ends_where_the_next_begins,
    trial_credits_end_after_whole_days_whatever_the_calendar_says,
    a_card_gives_trial_credits_once_ever,
    two_accounts_with_one_card_at_once_get_one_trial,
    a_paid_first_invoice_credits_both_sides_once,
    a_referral_that_looks_like_one_person_is_refused_with_its_reason,
    a_crowd_by_one_code_is_refused,
);

const DAY: i64 = 86_400;

async fn grant(store: &Store, account: AccountId, amount: u64, expires_at: Option<Timestamp>, once: &str) -> Credits {
    let mut tx = store.begin().await.expect("a transaction");
    let new = NewGrant { account, source: CreditSource::Operator, amount: Credits::new(amount), expires_at, once, note: None };
    let granted = tx.grant(&Actor::system(), &new).await.expect("granted");
    tx.commit().await.expect("committed");
    granted
}

async fn redeem(store: &Store, account: AccountId, most: u64, invoice: &str) -> Credits {
    let mut tx = store.begin().await.expect("a transaction");
    let taken = tx.redeem(account, Credits::new(most), invoice).await.expect("redeemed");
    tx.commit().await.expect("committed");
    taken
}

async fn refund(store: &Store, invoice: &str) -> Credits {
    let mut tx = store.begin().await.expect("a transaction");
    let returned = tx.refund(invoice).await.expect("refunded");
    tx.commit().await.expect("committed");
    returned
}

fn rich(test: &TestStore) -> Store {
    let credits = CreditSettings { most: Credits::MOST, ..CreditSettings::default() };
    test.store.clone().with_terms(Terms { credits, ..loose() })
}

#[derive(Clone, Debug)]
enum Step {
    Grant {
        amount: u64,
        lives: Option<i64>,
    },
    Redeem {
        most: u64,
    },
    /// Of the invoice that was made so many redemptions ago.
    Refund {
        back: usize,
    },
    Again {
        back: usize,
    },
    Wait {
        seconds: i64,
    },
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let step = prop_oneof![
        (1_u64..500, prop::option::of(1_i64..40)).prop_map(|(amount, lives)| Step::Grant { amount, lives }),
        (0_u64..700).prop_map(|most| Step::Redeem { most }),
        (0_usize..6).prop_map(|back| Step::Refund { back }),
        (0_usize..6).prop_map(|back| Step::Again { back }),
        (0_i64..20).prop_map(|seconds| Step::Wait { seconds }),
    ];
    prop::collection::vec(step, 1..30)
}

/// What a ledger is supposed to be, as simply as it can be said.
#[derive(Default)]
struct Model {
    /// What is left, when it ends.
    grants: Vec<(u64, i64)>,
    invoices: Vec<(String, BTreeMap<usize, u64>, bool)>,
    granted: u64,
}

impl Model {
    fn balance(&self, now: i64) -> u64 {
        self.grants.iter().filter(|(_, end)| *end > now).map(|(left, _)| left).sum()
    }

    fn redeem(&mut self, invoice: String, most: u64, now: i64) -> u64 {
        let mut order: Vec<usize> = (0..self.grants.len()).filter(|place| self.grants[*place].1 > now).collect();
        order.sort_by_key(|place| (self.grants[*place].1, *place));
        let (mut wanted, mut parts) = (most, BTreeMap::new());
        for place in order {
            let part = self.grants[place].0.min(wanted);
            if part > 0 {
                self.grants[place].0 -= part;
                wanted -= part;
                parts.insert(place, part);
            }
        }
        self.invoices.push((invoice, parts, false));
        most - wanted
    }
}

async fn any_order_of_grants_ends_redemptions_and_refunds_conserves_the_total(test: TestStore) {
    let store = rich(&test);
    let handle = tokio::runtime::Handle::current();
    tokio::task::block_in_place(|| {
        let mut runner = TestRunner::new(Config { cases: 24, failure_persistence: None, ..Config::default() });
        runner.run(&steps(), |steps| handle.block_on(follow(&test, &store, steps))).expect("every order");
    });
    let totals = store.credits_totals().await.expect("totals");
    assert_eq!(totals.wrong, 0);
    assert_eq!(totals.granted, totals.redeemed.plus(totals.expired).plus(totals.outstanding));
}

async fn follow(test: &TestStore, store: &Store, steps: Vec<Step>) -> Result<(), TestCaseError> {
    test.clock.set(test.clock.now());
    let (account, _) = test.account().await;
    let mut model = Model::default();
    for (number, step) in steps.into_iter().enumerate() {
        let now = test.clock.now();
        match step {
            Step::Grant { amount, lives } => {
                let end = lives.map(|seconds| now.plus_seconds(seconds));
                let granted = grant(store, account, amount, end, &format!("{account}/{number}")).await;
                prop_assert_eq!(granted.count(), amount);
                model.grants.push((amount, end.map_or(i64::MAX, Timestamp::as_millis)));
                model.granted += amount;
            }
            Step::Redeem { most } => {
                let invoice = format!("in_{account}_{number}");
                let taken = redeem(store, account, most, &invoice).await;
                prop_assert_eq!(taken.count(), model.redeem(invoice, most, now.as_millis()));
            }
            Step::Refund { back } => {
                let Some(place) = model.invoices.len().checked_sub(back + 1) else { continue };
                let (invoice, parts, returned) = model.invoices[place].clone();
                let expected = if returned { 0 } else { parts.values().sum() };
                prop_assert_eq!(refund(store, &invoice).await.count(), expected);
                if !returned {
                    for (grant, part) in parts {
                        model.grants[grant].0 += part;
                    }
                }
                model.invoices[place].2 = true;
            }
            Step::Again { back } => {
                let Some(place) = model.invoices.len().checked_sub(back + 1) else { continue };
                let (invoice, parts, returned) = model.invoices[place].clone();
                // One that took nothing leaves no line: asked again, it may take what has come since.
                if parts.is_empty() {
                    continue;
                }
                let expected = if returned { 0 } else { parts.values().sum() };
                prop_assert_eq!(redeem(store, account, 1_000_000, &invoice).await.count(), expected, "taken once");
            }
            Step::Wait { seconds } => test.clock.turn_seconds(seconds),
        }
        let now = test.clock.now().as_millis();
        let ledger = store.credits(account).await.expect("a ledger");
        prop_assert_eq!(ledger.balance.count(), model.balance(now));
        prop_assert_eq!(ledger.granted.count(), model.granted);
        let conserved = ledger.balance.plus(ledger.redeemed).plus(ledger.expired);
        prop_assert_eq!(conserved, ledger.granted, "what is granted is there, taken or ended");
    }
    Ok(())
}

async fn many_invoices_at_once_never_take_more_than_there_is(test: TestStore) {
    let store = rich(&test);
    let (account, _) = test.account().await;
    grant(&store, account, 100, None, "a").await;
    grant(&store, account, 55, Some(test.clock.now().plus_seconds(60)), "b").await;
    let invoices: Vec<String> = (0..24).map(|number| format!("in_{number}")).collect();
    // Each of them twice: a webhook that is delivered again meets itself.
    let takes = invoices.iter().chain(&invoices).map(|invoice| redeem(&store, account, 20, invoice));
    let taken: Vec<u64> = futures_util::future::join_all(takes).await.into_iter().map(Credits::count).collect();
    let ledger = store.credits(account).await.expect("a ledger");
    assert_eq!((ledger.balance, ledger.redeemed), (Credits::ZERO, Credits::new(155)));
    assert_eq!(taken.iter().take(24).zip(taken.iter().skip(24)).map(|(one, again)| *one.max(again)).sum::<u64>(), 155, "{taken:?}");
    let returns = invoices.iter().chain(&invoices).map(|invoice| refund(&store, invoice));
    let returned: u64 = futures_util::future::join_all(returns).await.into_iter().map(Credits::count).sum();
    assert_eq!((returned, store.credits_balance(account).await.expect("a balance")), (155, Credits::new(155)));
}

async fn an_occasion_grants_once_and_an_invoice_takes_once(test: TestStore) {
    let (account, _) = test.account().await;
    let (other, _) = test.account().await;
    for _ in 0..3 {
        assert_eq!(grant(&test.store, account, 70, None, "gift/1").await, Credits::new(70));
    }
    assert_eq!(redeem(&test.store, account, 30, "in_1").await, Credits::new(30));
    assert_eq!(redeem(&test.store, account, 50, "in_1").await, Credits::new(30));
    assert_eq!(test.store.credits_balance(account).await.expect("a balance"), Credits::new(40));
    // Neither another's occasion nor another's invoice gives anybody anything.
    let mut tx = test.store.begin().await.expect("a transaction");
    let foreign = NewGrant { account: other, source: CreditSource::Operator, amount: Credits::new(1), expires_at: None, once: "gift/1", note: None };
    assert!(matches!(tx.grant(&Actor::system(), &foreign).await, Err(StoreError::Corrupt(_))));
    assert!(matches!(tx.redeem(other, Credits::new(1), "in_1").await, Err(StoreError::Corrupt(_))));
    drop(tx);
    assert_eq!(refund(&test.store, "in_unknown").await, Credits::ZERO);
    // A transaction that is given up has done nothing.
    let mut tx = test.store.begin().await.expect("a transaction");
    tx.redeem(account, Credits::new(5), "in_2").await.expect("redeemed");
    drop(tx);
    assert_eq!(test.store.credits_balance(account).await.expect("a balance"), Credits::new(40));
}

async fn what_ends_soonest_is_taken_first_and_goes_back_where_it_came_from(test: TestStore) {
    let (account, _) = test.account().await;
    let now = test.clock.now();
    grant(&test.store, account, 10, None, "never").await;
    grant(&test.store, account, 10, Some(now.plus_seconds(200)), "late").await;
    grant(&test.store, account, 10, Some(now.plus_seconds(100)), "soon").await;
    redeem(&test.store, account, 15, "in_1").await;
    let left = |ledger: vivier_server::store::credits::Ledger| ledger.grants.iter().map(|grant| grant.left.count()).collect::<Vec<_>>();
    assert_eq!(left(test.store.credits(account).await.expect("a ledger")), [5, 10]);
    test.clock.turn_seconds(100);
    assert_eq!(refund(&test.store, "in_1").await, Credits::new(15));
    let ledger = test.store.credits(account).await.expect("a ledger");
    assert_eq!((ledger.balance.count(), ledger.expired.count()), (20, 10), "what would have ended meanwhile has");
    test.clock.turn_seconds(100);
    assert_eq!(left(test.store.credits(account).await.expect("a ledger")), [10]);
}

async fn no_grant_passes_what_an_account_may_have(test: TestStore) {
    let (account, actor) = test.account().await;
    let store = test.store.clone().with_terms(Terms { credits: CreditSettings { most: Credits::new(100), ..CreditSettings::default() }, ..loose() });
    assert_eq!(grant(&store, account, 80, None, "a").await, Credits::new(80));
    assert_eq!(grant(&store, account, 80, None, "b").await, Credits::new(20), "cut to what fits");
    assert_eq!(grant(&store, account, 80, None, "c").await, Credits::ZERO);
    let refused = store.give_credits(&actor, account, Credits::new(1), None, "thanks").await.expect_err("whole or not at all");
    assert!(refused.to_string().contains("100 of at most 100"), "{refused}");
    redeem(&store, account, 60, "in_1").await;
    let ledger = store.give_credits(&actor, account, Credits::new(60), Some(30), "thanks").await.expect("there is room again");
    assert_eq!((ledger.balance.count(), ledger.grants[0].note.as_deref()), (100, Some("thanks")));
}

async fn the_database_itself_refuses_to_change_the_books(test: TestStore) {
    let (account, _) = test.account().await;
    grant(&test.store, account, 10, None, "a").await;
    redeem(&test.store, account, 5, "in_1").await;
    for statement in [
        "UPDATE credits_ledger SET amount = 1000",
        "DELETE FROM credits_ledger",
        "UPDATE credits_redemptions SET amount = 1",
        "DELETE FROM credits_redemptions",
        "INSERT INTO credits_ledger (id, account_id, source, amount, created_at, metadata, once) SELECT 'x', account_id, source, -5, 0, '{}', 'x' FROM credits_ledger",
    ] {
        let mut tx = test.store.begin().await.expect("a transaction");
        assert!(sqlx::query(statement).execute(tx.conn()).await.is_err(), "{statement}");
    }
    assert_eq!(test.store.credits_balance(account).await.expect("a balance"), Credits::new(5));
}

async fn a_page_of_the_history_ends_where_the_next_begins(test: TestStore) {
    let (account, _) = test.account().await;
    for number in 0..5 {
        grant(&test.store, account, 10, None, &format!("g/{number}")).await;
        // Some lines of one moment.
        test.clock.turn_seconds(number % 2);
    }
    redeem(&test.store, account, 25, "in_1").await;
    refund(&test.store, "in_1").await;
    let (mut all, mut place) = (Vec::new(), None);
    loop {
        let (page, next) = test.store.credits_history(account, place, 3).await.expect("a page");
        all.extend(page);
        place = next;
        if place.is_none() {
            break;
        }
    }
    let count = |kind| all.iter().filter(|line| line.kind == kind).count();
    assert_eq!((count(CreditEntryKind::Granted), count(CreditEntryKind::Redeemed), count(CreditEntryKind::Returned)), (5, 3, 3), "{all:#?}");
    assert!(all.is_sorted_by(|one, next| (one.at, &one.id) > (next.at, &next.id)));
    let (foreign, _) = test.account().await;
    assert!(test.store.credits_history(foreign, None, 50).await.expect("a page").0.is_empty());
}

async fn trial_credits_end_after_whole_days_whatever_the_calendar_says(test: TestStore) {
    // Into February of a leap year and of another, over a year's end, and over the nights when clocks are turned in Berlin and New York.
    for (from, days, last) in [
        ("2028-01-31T23:59:59.999Z", 90, "2028-04-30T23:59:59.999Z"),
        ("2027-12-01T12:00:00Z", 90, "2028-02-29T12:00:00Z"),
        ("2027-03-13T23:30:00Z", 90, "2027-06-11T23:30:00Z"),
        ("2027-10-30T23:30:00Z", 90, "2028-01-28T23:30:00Z"),
    ] {
        let from: Timestamp = from.parse().expect("a time");
        test.clock.set(from);
        let (account, _) = test.account().await;
        let mut tx = test.store.begin().await.expect("a transaction");
        assert_eq!(tx.card_verified(account, &format!("card {from}")).await.expect("verified"), TrialCredit::Granted(Credits::new(500)));
        tx.commit().await.expect("committed");
        let end = test.store.credits(account).await.expect("a ledger").grants[0].expires_at.expect("an end");
        assert_eq!((end, end.millis_since(from)), (last.parse().expect("a time"), days * DAY * 1_000));
        test.clock.set(end.plus_millis(-1));
        assert_eq!(test.store.credits_balance(account).await.expect("a balance"), Credits::new(500));
        test.clock.set(end);
        assert_eq!(test.store.credits_balance(account).await.expect("a balance"), Credits::ZERO);
    }
}

async fn card(store: &Store, account: AccountId, fingerprint: &str) -> TrialCredit {
    let mut tx = store.begin().await.expect("a transaction");
    let brought = tx.card_verified(account, fingerprint).await.expect("verified");
    tx.commit().await.expect("committed");
    brought
}

async fn a_card_gives_trial_credits_once_ever(test: TestStore) {
    let (ada, _) = test.account().await;
    let (eve, _) = test.account().await;
    assert_eq!(card(&test.store, ada, "fp_1").await, TrialCredit::Granted(Credits::new(500)));
    assert_eq!(card(&test.store, ada, "fp_1").await, TrialCredit::HadBefore);
    assert_eq!(card(&test.store, ada, "fp_2").await, TrialCredit::HadBefore, "another card, the same account");
    assert_eq!(card(&test.store, eve, "fp_1").await, TrialCredit::CardUsed);
    assert_eq!(card(&test.store, eve, "fp_3").await, TrialCredit::Granted(Credits::new(500)));
    assert_eq!(test.store.credits_balance(ada).await.expect("a balance"), Credits::new(500));
}

async fn two_accounts_with_one_card_at_once_get_one_trial(test: TestStore) {
    let mut accounts = Vec::new();
    for _ in 0..6 {
        accounts.push(test.account().await.0);
    }
    let brought = futures_util::future::join_all(accounts.iter().map(|account| card(&test.store, *account, "fp_one"))).await;
    assert_eq!(brought.iter().filter(|one| matches!(one, TrialCredit::Granted(_))).count(), 1, "{brought:?}");
    assert_eq!(brought.iter().filter(|one| **one == TrialCredit::CardUsed).count(), 5, "{brought:?}");
}

async fn paid(store: &Store, account: AccountId) -> Option<ReferralState> {
    let mut tx = store.begin().await.expect("a transaction");
    let state = tx.first_invoice_paid(account).await.expect("decided");
    tx.commit().await.expect("committed");
    state
}

async fn a_paid_first_invoice_credits_both_sides_once(test: TestStore) {
    let ((ada, _), (bob, bobs)) = (test.account().await, test.account().await);
    let (code, ..) = test.store.referral_code(ada, Some("192.0.2.1".parse().expect("an address"))).await.expect("a code");
    assert_eq!(test.store.referral_code(ada, None).await.expect("the same code").0, code);
    assert_eq!(paid(&test.store, bob).await, None, "it came by nobody");
    let claimed = test.store.claim_referral(&bobs, bob, &code, Some("198.51.100.1".parse().expect("an address"))).await.expect("claimed");
    assert_eq!(claimed.state, ReferralState::Pending);
    assert!(matches!(test.store.claim_referral(&bobs, bob, &code, None).await, Err(StoreError::Conflict(_))));
    let states = futures_util::future::join_all((0..6).map(|_| paid(&test.store, bob))).await;
    assert!(states.iter().all(|state| *state == Some(ReferralState::Credited)), "{states:?}");
    for side in [ada, bob] {
        assert_eq!(test.store.credits_balance(side).await.expect("a balance"), Credits::new(1_000));
    }
    assert_eq!(test.store.referral_code(ada, None).await.expect("a code"), (code, 0, 1));
    // An account that has been here for long was brought by nobody.
    let (old, olds) = test.account().await;
    test.clock.turn_seconds(15 * DAY);
    let refused = test.store.claim_referral(&olds, old, "22222222", None).await.expect_err("too old");
    assert!(refused.to_string().contains("within 14 days"), "{refused}");
}

async fn a_referral_that_looks_like_one_person_is_refused_with_its_reason(test: TestStore) {
    let (ada, adas) = test.account().await;
    let (code, ..) = test.store.referral_code(ada, Some("2001:db8:0:7::1".parse().expect("an address"))).await.expect("a code");
    let claim = async |account, actor: &Actor, from: &str| {
        test.store.claim_referral(actor, account, &code, Some(from.parse().expect("an address"))).await.expect("kept").state
    };
    assert_eq!(claim(ada, &adas, "192.0.2.1").await, ReferralState::Refused);
    let (near, nears) = test.account().await;
    assert_eq!(claim(near, &nears, "2001:db8:0:7:ffff::9").await, ReferralState::Refused);
    let (carded, cardeds) = test.account().await;
    assert_eq!(claim(carded, &cardeds, "198.51.100.9").await, ReferralState::Pending);
    // The card is seen after the claim: what decides is what is known when the invoice is paid.
    card(&test.store, ada, "fp_1").await;
    card(&test.store, carded, "fp_1").await;
    assert_eq!(paid(&test.store, carded).await, Some(ReferralState::Refused));
    assert_eq!(paid(&test.store, near).await, Some(ReferralState::Refused));
    assert!(matches!(test.store.claim_referral(&nears, test.account().await.0, "nosuchco", None).await, Err(StoreError::NotFound(_))));
    let (kept, next) = test.store.referrals(Some(ReferralState::Refused), None, 50).await.expect("a list");
    let reasons: Vec<_> = kept.iter().rev().map(|one| one.reason.expect("a reason")).collect();
    assert_eq!(reasons, [ReferralRefusal::SelfReferral, ReferralRefusal::SameAddressRange, ReferralRefusal::SameCard]);
    assert!(kept.iter().any(|one| one.detail.as_deref() == Some("both were seen in 2001:db8:0:7::/64")) && next.is_none());
    assert_eq!(test.store.credits_balance(carded).await.expect("a balance"), Credits::ZERO);
}

async fn a_crowd_by_one_code_is_refused(test: TestStore) {
    let credits = CreditSettings { claims_per_day: 4, referrals_per_month: 3, ..CreditSettings::default() };
    let store = test.store.clone().with_terms(Terms { credits, ..loose() });
    let (ada, _) = test.account().await;
    let (code, ..) = store.referral_code(ada, None).await.expect("a code");
    let mut states = Vec::new();
    for number in 0..5 {
        let (account, actor) = test.account().await;
        let from = format!("198.51.{number}.1").parse().expect("an address");
        store.claim_referral(&actor, account, &code, Some(from)).await.expect("kept");
        states.push(paid(&store, account).await.expect("one that came by a code"));
    }
    let expected = [ReferralState::Credited, ReferralState::Credited, ReferralState::Credited, ReferralState::Refused, ReferralState::Refused];
    assert_eq!(states, expected);
    let (refused, _) = store.referrals(Some(ReferralState::Refused), None, 50).await.expect("a list");
    assert!(refused.iter().all(|one| one.reason == Some(ReferralRefusal::Velocity)), "{refused:?}");
    assert_eq!(store.credits_balance(ada).await.expect("a balance"), Credits::new(3_000));
}
