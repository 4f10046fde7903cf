//! The calls that we make. Every effect carries a name of ours: repeated after a crash, it is the same effect.

use vivier_core::id::{AccountId, DeploymentId};

use super::objects::{Customer, Invoice, Line, List, Named, PaymentMethod, Portal, Session, SetupIntent, Subscription};
use super::{Form, Stripe, StripeError};

/// A payment page for one deployment.
#[derive(Clone, Copy, Debug)]
pub struct CheckoutAsk<'a> {
    pub customer: &'a str,
    pub account: AccountId,
    pub deployment: DeploymentId,
    pub price: &'a str,
    pub success_url: &'a str,
    pub cancel_url: &'a str,
}

/// How a subscription ends, or does not.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CancelHow {
    AtPeriodEnd,
    /// Takes [`CancelHow::AtPeriodEnd`] back.
    Undo,
}

/// A line on a draft invoice. Negative amounts give back.
#[derive(Clone, Copy, Debug)]
pub struct LineAsk<'a> {
    pub customer: &'a str,
    pub invoice: &'a str,
    /// In the currency's smallest unit.
    pub amount: i64,
    pub currency: &'a str,
    pub description: &'a str,
    /// How [`Invoice::line`] finds it again.
    pub name: &'a str,
}

impl Stripe {
    pub async fn create_customer(&self, account: AccountId, email: &str) -> Result<Named, StripeError> {
        let form = Form::new().with("email", email).with("metadata[account]", account);
        self.post("/v1/customers", &form, &format!("vivier-customer-{account}")).await
    }

    /// With its default payment method.
    pub async fn customer(&self, id: &str) -> Result<Customer, StripeError> {
        self.get(&format!("/v1/customers/{id}"), &[("expand[]", "invoice_settings.default_payment_method")]).await
    }

    /// The payment method for invoices from now on.
    pub async fn set_default_card(&self, customer: &str, method: &PaymentMethod) -> Result<Named, StripeError> {
        let form = Form::new().with("invoice_settings[default_payment_method]", &method.id);
        self.post(&format!("/v1/customers/{customer}"), &form, &format!("vivier-default-{customer}-{}", method.id)).await
    }

    pub async fn create_checkout(&self, ask: &CheckoutAsk<'_>, once: &str) -> Result<Session, StripeError> {
        let CheckoutAsk { customer, account, deployment, price, success_url, cancel_url } = ask;
        let form = Form::new()
            .with("mode", "subscription")
            .with("customer", customer)
            .with("client_reference_id", deployment)
            .with("line_items[0][price]", price)
            .with("line_items[0][quantity]", 1)
            .with("success_url", success_url)
            .with("cancel_url", cancel_url)
            .with("metadata[account]", account)
            .with("metadata[deployment]", deployment)
            .with("subscription_data[metadata][account]", account)
            .with("subscription_data[metadata][deployment]", deployment);
        self.post("/v1/checkout/sessions", &form, once).await
    }

    /// A page that takes a card, and no money.
    pub async fn create_setup(&self, customer: &str, account: AccountId, currency: &str, back: &str, once: &str) -> Result<Session, StripeError> {
        let form = Form::new()
            .with("mode", "setup")
            .with("customer", customer)
            .with("currency", currency)
            .with("payment_method_types[0]", "card")
            .with("success_url", format!("{back}?card=added"))
            .with("cancel_url", back)
            .with("metadata[account]", account);
        self.post("/v1/checkout/sessions", &form, once).await
    }

    pub async fn session(&self, id: &str) -> Result<Session, StripeError> {
        self.get(&format!("/v1/checkout/sessions/{id}"), &[]).await
    }

    /// Nobody can pay on it any more. Refused when somebody has.
    pub async fn expire_session(&self, id: &str) -> Result<Session, StripeError> {
        self.post(&format!("/v1/checkout/sessions/{id}/expire"), &Form::new(), &format!("vivier-expire-{id}")).await
    }

    /// With its payment method.
    pub async fn setup_intent(&self, id: &str) -> Result<SetupIntent, StripeError> {
        self.get(&format!("/v1/setup_intents/{id}"), &[("expand[]", "payment_method")]).await
    }

    pub async fn subscription(&self, id: &str) -> Result<Subscription, StripeError> {
        self.get(&format!("/v1/subscriptions/{id}"), &[]).await
    }

    /// Ends it with its period, or does not.
    pub async fn cancel_later(&self, id: &str, how: CancelHow, once: &str) -> Result<Subscription, StripeError> {
        let form = Form::new().with("cancel_at_period_end", how == CancelHow::AtPeriodEnd);
        self.post(&format!("/v1/subscriptions/{id}"), &form, once).await
    }

    /// Ends it at once. One that has ended already is as it should be.
    pub async fn cancel_now(&self, id: &str) -> Result<Subscription, StripeError> {
        match self.delete(&format!("/v1/subscriptions/{id}"), &[("invoice_now", "false"), ("prorate", "false")]).await {
            // Stripe calls an ended subscription missing here, and knows it otherwise.
            Err(StripeError::Missing(_)) => self.subscription(id).await,
            other => other,
        }
    }

    /// Ends at once one that was paid twice: what was paid for it becomes the customer's credit at Stripe.
    pub async fn cancel_double(&self, id: &str) -> Result<Subscription, StripeError> {
        match self.delete(&format!("/v1/subscriptions/{id}"), &[("invoice_now", "true"), ("prorate", "true")]).await {
            Err(StripeError::Missing(_)) => self.subscription(id).await,
            other => other,
        }
    }

    /// Gives a subscription another price. What is dearer is charged at once, and refused when that fails: nothing has changed then.
    pub async fn move_price(&self, id: &str, item: &str, price: &str, dearer: bool, once: &str) -> Result<Subscription, StripeError> {
        let form = Form::new()
            .with("items[0][id]", item)
            .with("items[0][price]", price)
            .with("proration_behavior", if dearer { "always_invoice" } else { "create_prorations" })
            .with("payment_behavior", "error_if_incomplete");
        self.post(&format!("/v1/subscriptions/{id}"), &form, once).await
    }

    pub async fn invoice(&self, id: &str) -> Result<Invoice, StripeError> {
        self.get(&format!("/v1/invoices/{id}"), &[]).await
    }

    /// The lines of an invoice: of a long one, the object itself holds only the first ten.
    pub async fn invoice_lines(&self, id: &str) -> Result<Vec<Line>, StripeError> {
        Ok(self.get::<List<Line>>(&format!("/v1/invoices/{id}/lines"), &[("limit", "100")]).await?.data)
    }

    /// A customer's invoices, newest first.
    pub async fn invoices(&self, customer: &str, limit: u32) -> Result<List<Invoice>, StripeError> {
        self.get("/v1/invoices", &[("customer", customer), ("limit", &limit.to_string())]).await
    }

    pub async fn add_line(&self, ask: &LineAsk<'_>) -> Result<Named, StripeError> {
        let LineAsk { customer, invoice, amount, currency, description, name } = ask;
        let form = Form::new()
            .with("customer", customer)
            .with("invoice", invoice)
            .with("amount", amount)
            .with("currency", currency)
            .with("description", description)
            .with("metadata[vivier]", name);
        self.post("/v1/invoiceitems", &form, &format!("vivier-line-{invoice}-{name}")).await
    }

    /// Credit at Stripe, taken off the customer's next invoice. `amount` is what is given.
    pub async fn give_back(&self, customer: &str, amount: i64, currency: &str, description: &str, once: &str) -> Result<Named, StripeError> {
        // Negative: what Stripe owes the customer.
        let form = Form::new().with("amount", -amount).with("currency", currency).with("description", description);
        self.post(&format!("/v1/customers/{customer}/balance_transactions"), &form, once).await
    }

    pub async fn portal(&self, customer: &str, back: &str, once: &str) -> Result<Portal, StripeError> {
        self.post("/v1/billing_portal/sessions", &Form::new().with("customer", customer).with("return_url", back), once).await
    }
}
