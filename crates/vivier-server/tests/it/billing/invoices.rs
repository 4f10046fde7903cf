//! What is taken off an invoice: time that did not run. The clock goes over month ends, leap days and summer time.

use vivier_core::billing::Stage;
use vivier_core::id::DeploymentId;
use vivier_core::runtime::fake::Behaviour;
use vivier_core::time::Timestamp;
use vivier_server::clock::Clock as _;

use super::shop::Shop;
use crate::support::eventually;

/// The sum of our lines on an invoice.
fn taken_off(shop: &Shop, invoice: &str) -> i64 {
    let lines = shop.stripe.lines(invoice);
    lines.iter().filter(|line| line["metadata"]["vivier"] == "unbilled").filter_map(|line| line["amount"].as_i64()).sum()
}

async fn settled(shop: &Shop, invoice: &str) -> vivier_server::store::billing::invoices::InvoiceRow {
    eventually("the invoice is settled", || async {
        let row = shop.world().store().invoice(invoice).await.expect("the store")?;
        row.settled_at.is_some().then_some(row)
    })
    .await
}

/// Fails for `seconds`, and runs again.
async fn away(shop: &Shop, id: DeploymentId, seconds: i64) {
    shop.world().fake.set_behaviour(id, Behaviour { exits_after_ms: Some(5), exit_code: 1, ..Behaviour::default() });
    shop.world().fake.crash(id, 1, false);
    shop.until_state(id, "failed").await;
    shop.turn(seconds);
    shop.world().fake.set_behaviour(id, Behaviour::default());
    shop.api.post(&shop.who, &format!("/v1/deployments/{id}/retry"), &serde_json::json!(null)).await.ok(202);
    shop.until_state(id, "running").await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn time_in_which_it_failed_is_taken_off_the_next_invoice_once_and_explained() {
    let shop = Shop::new().await;
    let (id, subscription) = shop.paid("starter").await;
    shop.until_state(id, "running").await;
    shop.turn_days(10);
    away(&shop, id, 3 * 86_400).await;
    shop.turn_days(17);
    let now = shop.world().now().as_millis() / 1_000;
    let invoice = shop.stripe.renew(&subscription, now + 30 * 86_400);
    shop.deliver().await;
    shop.deliver().await;
    let row = settled(&shop, &invoice).await;
    // Three days of thirty, of nine dollars.
    assert!((-91..=-89).contains(&taken_off(&shop, &invoice)), "{}", taken_off(&shop, &invoice));
    let words = row.share.expect("a share").words;
    assert!(words.starts_with("Not billed: 72 h") && words.contains("in which Ada did not run"), "{words}");
    assert_eq!(shop.stripe.lines(&invoice).len(), 2);
    shop.stripe.finalize(&invoice);
    shop.deliver().await;
    shop.applied().await;
    let list = shop.api.get(&shop.who, "/v1/billing/invoices").await.ok(200).json();
    assert_eq!(list["items"][0]["not_billed"]["words"], words);
    assert_eq!(shop.bill(id).await.stage, Stage::Good);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_month_in_which_it_ran_is_billed_in_full() {
    let shop = Shop::new().await;
    let (id, subscription) = shop.paid("starter").await;
    shop.until_state(id, "running").await;
    shop.turn_days(30);
    let now = shop.world().now().as_millis() / 1_000;
    let invoice = shop.stripe.renew(&subscription, now + 30 * 86_400);
    shop.deliver().await;
    let row = settled(&shop, &invoice).await;
    assert_eq!((taken_off(&shop, &invoice), row.share, shop.stripe.lines(&invoice).len()), (0, None, 1));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_invoice_that_was_closed_before_we_came_is_made_good_by_credit() {
    let mut shop = Shop::new().await;
    let (id, subscription) = shop.paid("starter").await;
    shop.until_state(id, "running").await;
    shop.turn_days(10);
    away(&shop, id, 10 * 86_400).await;
    shop.turn_days(10);
    shop.api.world.stop().await;
    let now = shop.world().now().as_millis() / 1_000;
    let invoice = shop.stripe.renew(&subscription, now + 30 * 86_400);
    shop.stripe.finalize(&invoice);
    shop.deliver().await;
    shop.api.world.start();
    settled(&shop, &invoice).await;
    assert_eq!(taken_off(&shop, &invoice), 0);
    let credit = shop.stripe.credit(&shop.stripe.customers()[0]);
    assert!((298..=302).contains(&credit), "{credit}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn months_of_every_length_are_shared_by_their_own_seconds() {
    let shop = Shop::new().await;
    let at = |text: &str| text.parse::<Timestamp>().expect("a time").as_millis() / 1_000;
    // February of a leap year, the month of summer time's beginning and of its end (both in UTC), a month of 31 days.
    for (from, to) in [
        ("2028-02-01T00:00:00Z", "2028-03-01T00:00:00Z"),
        ("2028-03-15T00:00:00Z", "2028-04-15T00:00:00Z"),
        ("2028-10-15T00:00:00Z", "2028-11-15T00:00:00Z"),
        ("2028-12-31T23:59:59Z", "2029-01-31T23:59:59Z"),
    ] {
        let (from, to) = (at(from), at(to));
        shop.turn(from - shop.world().test.clock.now().as_millis() / 1_000);
        let who = shop.api.signup().await.0;
        let body = crate::http::api::new_deployment("Ada");
        let id: DeploymentId = shop.api.post(&who, "/v1/deployments", &body).await.ok(202).json()["id"].as_str().expect("an id").parse().expect("an id");
        let page = shop.api.post(&who, "/v1/billing/checkout", &serde_json::json!({ "deployment": id })).await.ok(200).json();
        let subscription = shop.stripe.pay(page["url"].as_str().and_then(|url| url.rsplit('/').next()).expect("an address"));
        shop.deliver().await;
        shop.until(id, Stage::Good).await;
        // Stopped by its owner for the second half.
        let half = (to - from) / 2;
        shop.turn(half);
        shop.world()
            .store()
            .ask(&shop.world().actor, shop.bill(id).await.account, id, vivier_core::lifecycle::Ask::Suspend, &crate::support::store::RULES)
            .await
            .expect("suspended");
        shop.world().app.wake.notify_one();
        eventually("it is stopped", || async { (!shop.world().fake.running(id)).then_some(()) }).await;
        shop.turn(to - shop.world().test.clock.now().as_millis() / 1_000);
        let invoice = shop.stripe.renew(&subscription, to + 31 * 86_400);
        shop.deliver().await;
        settled(&shop, &invoice).await;
        let share = -taken_off(&shop, &invoice);
        assert!((449..=450).contains(&share), "{share} of the period from {from} to {to}");
        let bill = shop.bill(id).await;
        assert_eq!(bill.period.map(|(_, end)| end.as_millis() / 1_000), Some(to + 31 * 86_400));
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn credits_are_taken_off_an_invoice_once_and_come_back_when_it_is_voided() {
    let shop = Shop::new().await;
    let (id, subscription) = shop.paid("starter").await;
    shop.until_state(id, "running").await;
    let answer = shop.api.post(&shop.who, "/v1/billing/card", &serde_json::json!(null)).await.ok(200).json();
    shop.stripe.show_card(answer["url"].as_str().and_then(|url| url.rsplit('/').next()).expect("an address"), "fingerprint_1");
    shop.deliver().await;
    let balance = async || shop.world().store().credits_balance(shop.account).await.expect("the store").count();
    eventually("the credits are there", || async { (balance().await == 500).then_some(()) }).await;
    shop.turn_days(20);
    let now = shop.world().now().as_millis() / 1_000;
    let invoice = shop.stripe.renew(&subscription, now + 30 * 86_400);
    shop.deliver().await;
    let row = settled(&shop, &invoice).await;
    let taken: i64 = shop.stripe.lines(&invoice).iter().filter(|line| line["metadata"]["vivier"] == "credits").filter_map(|line| line["amount"].as_i64()).sum();
    assert_eq!((taken, row.credits, balance().await), (-500, 500, 0));
    assert_eq!(shop.stripe.invoice(&invoice)["amount_due"], 400);
    shop.stripe.void(&invoice);
    shop.deliver().await;
    eventually("the credits are back", || async { (balance().await == 500).then_some(()) }).await;
}
