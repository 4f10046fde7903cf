//! What is paid for which agent, and the links to where one pays.

use serde_json::{Value, json};
use vivier_core::wire::billing::{BillingLink, BillingOut, InvoiceOut, SubscriptionOut};

use crate::world::{ADA, BOB, World, ago, problem};

/// The stand-in must speak the language of the real one.
fn checked<T: serde::de::DeserializeOwned>(value: Value) -> Value {
    serde_json::from_value::<T>(value.clone()).unwrap_or_else(|error| panic!("{error}: {value}"));
    value
}

fn subscription(id: &str, slug: &str, more: Value) -> Value {
    let mut one = json!({
        "deployment": id, "name": slug, "slug": slug, "plan": "starter", "stage": "good", "explanation": "Paid.",
        "price": { "amount": 900, "currency": "usd" }, "period_ends_at": ago(-20 * 86_400), "cancels": false, "can_cancel": true, "can_pay": false
    });
    one.as_object_mut().expect("an object").extend(more.as_object().expect("an object").clone());
    checked::<SubscriptionOut>(one)
}

fn bill() -> Value {
    let late = json!({
        "stage": "grace", "explanation": "A payment is missing. It runs until Friday; pay, and nothing happens.", "pay_until": ago(-2 * 86_400 - 60),
        "moving_to": "pro", "trouble": "Stripe is not available: no answer within 20 s; it is tried again"
    });
    checked::<BillingOut>(json!({
        "account": "acc_01k0000000000000000000000a", "card": { "brand": "visa", "last4": "4242", "exp_month": 4, "exp_year": 2030 },
        "subscriptions": [subscription(ADA, "ada", json!({})), subscription(BOB, "bob", late)]
    }))
}

#[tokio::test]
async fn a_bill_says_what_is_paid_and_what_is_missing() {
    let world = World::new().await;
    let bill = bill();
    world.answer("GET", "/v1/billing", 200, bill.clone()).await;
    insta::assert_snapshot!("billing-status", world.run(&["billing", "status"]).snapshot(&world));
    assert_eq!(world.run(&["--json", "billing", "status"]).json(), bill);
}

#[tokio::test]
async fn invoices_say_what_was_not_billed_and_why() {
    let world = World::new().await;
    let off = json!({ "amount": { "amount": 90, "currency": "usd" }, "words": "Not billed: 72 h in which Ada did not run" });
    let invoice = checked::<InvoiceOut>(json!({
        "id": "in_1", "number": "VIV-0001", "deployment": ADA, "status": "paid", "total": { "amount": 810, "currency": "usd" },
        "due": { "amount": 0, "currency": "usd" }, "created_at": "2026-11-01T00:00:00.000Z", "paid_at": "2026-11-01T01:00:00.000Z",
        "not_billed": off, "credits": 0, "url": "https://invoice.example.com/in_1", "pdf": null
    }));
    world.answer("GET", "/v1/billing/invoices", 200, json!({ "items": [invoice] })).await;
    insta::assert_snapshot!("billing-invoices", world.run(&["billing", "invoices"]).snapshot(&world));
}

#[tokio::test]
async fn a_link_stands_alone_on_stdout() {
    let world = World::new().await;
    let link = checked::<BillingLink>(json!({ "url": "https://checkout.example.com/cs_1", "expires_at": "2026-11-22T00:00:00.000Z" }));
    for what in ["checkout", "portal", "card"] {
        world.answer("POST", &format!("/v1/billing/{what}"), 200, link.clone()).await;
    }
    let ran = world.run(&["billing", "checkout", "ada", "--plan", "pro"]);
    assert_eq!((ran.code, ran.out.as_str()), (0, "https://checkout.example.com/cs_1\n"), "{}", ran.err);
    assert_eq!(world.only_body("POST", "/v1/billing/checkout").await, json!({ "deployment": ADA, "plan": "pro" }));
    assert_eq!(world.run(&["billing", "portal"]).out, "https://checkout.example.com/cs_1\n");
    assert_eq!(world.run(&["billing", "card"]).out, "https://checkout.example.com/cs_1\n");
}

#[tokio::test]
async fn a_subscription_is_ended_with_its_period_unless_one_insists() {
    let world = World::new().await;
    let ends = subscription(ADA, "ada", json!({ "cancels": true, "explanation": "Paid until the end of its period." }));
    world.answer("POST", "/v1/billing/cancel", 200, ends).await;
    let asked = world.run(&["billing", "cancel", "ada", "--now"]);
    assert_eq!(asked.code, 2, "{}", asked.err);
    assert!(asked.err.contains("--yes"), "{}", asked.err);
    for (arguments, when) in [(&["--now", "--yes"][..], "now"), (&[], "period_end"), (&["--keep"], "never")] {
        let ran = world.run(&[&["billing", "cancel", "ada"], arguments].concat());
        assert_eq!((ran.code, ran.out.as_str()), (0, "ada: Paid until the end of its period.\n"), "{}", ran.err);
        let bodies = world.requests("POST", "/v1/billing/cancel").await;
        let last: Value = serde_json::from_slice(&bodies.last().expect("a request").body).expect("JSON");
        assert_eq!(last, json!({ "deployment": ADA, "when": when }));
    }
}

#[tokio::test]
async fn where_no_money_is_taken_it_says_so() {
    let world = World::new().await;
    world.refuse("GET", "/v1/billing", problem(409, "billing_off", "No money is taken here: every plan is free to choose.")).await;
    let ran = world.run(&["billing", "status"]);
    assert_eq!(ran.code, 5, "{}", ran.err);
    assert!(ran.err.contains("No money is taken here"), "{}", ran.err);
}
