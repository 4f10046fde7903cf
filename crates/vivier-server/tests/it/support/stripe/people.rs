//! What people, cards and the calendar do at Stripe.

use serde_json::{Value, json};

use super::{State, Stripe};

impl Stripe {
    /// Somebody pays on a payment page. Returns the subscription.
    pub fn pay(&self, session: &str) -> String {
        let now = self.seconds();
        let mut state = self.lock();
        let page = state.sessions[session].clone();
        assert_eq!(page["status"], "open", "nobody pays on a page that is over");
        let price = page["vivier_price"].as_str().expect("a price").to_owned();
        let amount = state.prices[&price];
        let (id, item) = (state.name("sub"), state.name("si"));
        let subscription = json!({
            "id": id, "object": "subscription", "customer": page["customer"], "status": "active", "metadata": page["vivier_metadata"],
            "cancel_at_period_end": false, "cancellation_details": { "reason": null }, "ended_at": null,
            "items": { "object": "list", "data": [{ "id": item, "price": { "id": price, "currency": "usd", "unit_amount": amount },
                "current_period_start": now, "current_period_end": now + 30 * 86_400 }] },
        });
        state.subscriptions.insert(id.clone(), subscription.clone());
        let invoice = state.new_invoice(&subscription, "subscription_create", "paid", amount, (now, now), now);
        let page = state.sessions.get_mut(session).expect("a page");
        page["status"] = json!("complete");
        page["url"] = Value::Null;
        page["subscription"] = json!(id);
        let page = page.clone();
        // The order in which Stripe sends them is nobody's promise.
        let invoice = state.invoices[&invoice].clone();
        state.happened("invoice.paid", &invoice, now);
        state.happened("customer.subscription.created", &subscription, now);
        state.happened("checkout.session.completed", &page, now);
        id
    }

    /// The same is paid a second time, on another page.
    pub fn pay_again(&self, subscription: &str) -> String {
        let now = self.seconds();
        let mut state = self.lock();
        let (id, item) = (state.name("sub"), state.name("si"));
        let mut second = state.subscriptions[subscription].clone();
        second["id"] = json!(id);
        second["items"]["data"][0]["id"] = json!(item);
        state.subscriptions.insert(id.clone(), second.clone());
        state.happened("customer.subscription.created", &second, now);
        id
    }

    /// Somebody shows a card on a page for one.
    pub fn show_card(&self, session: &str, fingerprint: &str) {
        let now = self.seconds();
        let mut state = self.lock();
        let (intent, method) = (state.name("seti"), state.name("pm"));
        let card = json!({ "brand": "visa", "last4": "4242", "exp_month": 12, "exp_year": 2030, "fingerprint": fingerprint });
        let value = json!({ "id": intent, "status": "succeeded", "payment_method": { "id": method, "card": card } });
        state.setup_intents.insert(intent.clone(), value);
        let page = state.sessions.get_mut(session).expect("a page");
        page["status"] = json!("complete");
        page["setup_intent"] = json!(intent);
        let page = page.clone();
        state.happened("checkout.session.completed", &page, now);
    }

    pub fn set_status(&self, subscription: &str, status: &str, reason: Option<&str>) {
        let now = self.seconds();
        let mut state = self.lock();
        let found = state.subscriptions.get_mut(subscription).expect("a subscription");
        found["status"] = json!(status);
        if let Some(reason) = reason {
            found["cancellation_details"] = json!({ "reason": reason });
        }
        let found = found.clone();
        let kind = if status == "canceled" { "customer.subscription.deleted" } else { "customer.subscription.updated" };
        state.happened(kind, &found, now);
    }

    /// The next period begins, and its card is refused. Returns the invoice.
    pub fn fail(&self, subscription: &str) -> String {
        let now = self.seconds();
        let invoice = {
            let mut state = self.lock();
            let found = state.subscriptions[subscription].clone();
            let amount = found["items"]["data"][0]["price"]["unit_amount"].as_i64().expect("a price");
            let id = state.new_invoice(&found, "subscription_update", "open", amount, (now, now), now);
            let invoice = state.invoices[&id].clone();
            state.happened("invoice.payment_failed", &invoice, now);
            id
        };
        self.set_status(subscription, "past_due", None);
        invoice
    }

    /// An open invoice is paid, and its subscription is active again.
    pub fn settle(&self, invoice: &str) {
        let now = self.seconds();
        let subscription = {
            let mut state = self.lock();
            let found = state.invoices.get_mut(invoice).expect("an invoice");
            found["status"] = json!("paid");
            found["amount_paid"] = found["amount_due"].clone();
            let found = found.clone();
            state.happened("invoice.paid", &found, now);
            found["parent"]["subscription_details"]["subscription"].as_str().expect("a subscription").to_owned()
        };
        self.set_status(&subscription, "active", None);
    }

    /// The next period begins now and ends at `end` (seconds): its draft invoice. Returns the invoice.
    pub fn renew(&self, subscription: &str, end: i64) -> String {
        let now = self.seconds();
        let mut state = self.lock();
        let found = state.subscriptions.get_mut(subscription).expect("a subscription");
        let item = &mut found["items"]["data"][0];
        let begun = item["current_period_start"].as_i64().expect("a time");
        item["current_period_start"] = json!(now);
        item["current_period_end"] = json!(end);
        let amount = item["price"]["unit_amount"].as_i64().expect("a price");
        let found = found.clone();
        let id = state.new_invoice(&found, "subscription_cycle", "draft", amount, (begun, now), now);
        let invoice = state.invoices[&id].clone();
        state.happened("invoice.created", &invoice, now);
        state.happened("customer.subscription.updated", &found, now);
        id
    }

    /// A draft is closed, and paid.
    pub fn finalize(&self, invoice: &str) {
        self.set_invoice(invoice, "paid", "invoice.paid");
    }

    pub fn void(&self, invoice: &str) {
        self.set_invoice(invoice, "void", "invoice.voided");
    }

    fn set_invoice(&self, invoice: &str, status: &str, kind: &str) {
        let now = self.seconds();
        let mut state = self.lock();
        let found = state.invoices.get_mut(invoice).expect("an invoice");
        found["status"] = json!(status);
        if status == "paid" {
            found["amount_paid"] = found["amount_due"].clone();
        }
        let found = found.clone();
        state.happened(kind, &found, now);
    }

    /// Somebody changes its price at Stripe.
    pub fn reprice(&self, subscription: &str, price: &str) {
        let now = self.seconds();
        let mut state = self.lock();
        let amount = state.prices.get(price).copied().unwrap_or(100);
        let found = state.subscriptions.get_mut(subscription).expect("a subscription");
        found["items"]["data"][0]["price"]["id"] = json!(price);
        found["items"]["data"][0]["price"]["unit_amount"] = json!(amount);
        let found = found.clone();
        state.happened("customer.subscription.updated", &found, now);
    }

    pub fn session_status(&self, session: &str) -> String {
        self.lock().sessions[session]["status"].as_str().expect("a status").to_owned()
    }

    /// The next change of a price is refused with these words.
    pub fn decline(&self, words: &str) {
        self.lock().decline = Some(words.to_owned());
    }
}

impl State {
    fn new_invoice(&mut self, subscription: &Value, reason: &str, status: &str, amount: i64, (from, to): (i64, i64), now: i64) -> String {
        let id = self.name("in");
        let paid = if status == "paid" { amount } else { 0 };
        let invoice = json!({
            "id": id, "object": "invoice", "customer": subscription["customer"], "status": status, "number": format!("VIV-{id}"), "billing_reason": reason,
            "currency": "usd", "total": amount, "amount_due": amount, "amount_paid": paid, "created": now, "period_start": from, "period_end": to,
            "hosted_invoice_url": format!("https://invoice.stripe.test/{id}"), "invoice_pdf": format!("https://invoice.stripe.test/{id}.pdf"),
            "parent": { "type": "subscription_details", "subscription_details": { "subscription": subscription["id"] } },
            "lines": { "object": "list", "data": [], "has_more": false },
        });
        self.invoices.insert(id.clone(), invoice);
        self.lines.insert(id.clone(), vec![json!({ "id": format!("il_{id}"), "amount": amount, "metadata": {} })]);
        id
    }
}
