//! A Stripe of our own: customers, payment pages, subscriptions, invoices, credit; idempotency keys; signed webhooks; the test's clock.
//!
//! Shapes from <https://docs.stripe.com/api>, as far as the server reads them. What people do at Stripe (paying, a card that fails, a
//! month that ends) are methods here. Every change makes the events that Stripe would send; a test delivers them as it likes.

mod api;
mod people;

use std::collections::{BTreeMap, HashMap};
use std::sync::{Arc, Mutex, MutexGuard};

use serde_json::{Value, json};
use vivier_core::secret::Secret;
use vivier_server::billing::stripe::signature;
use vivier_server::billing::{BillingSettings, Provider};
use vivier_server::clock::{Clock as _, TurnedClock};

pub const KEY: &str = "sk_test_canary_stripe_key";
pub const WEBHOOK_SECRET: &str = "whsec_test_canary_signing";

/// How it answers.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Mood {
    #[default]
    Well,
    /// 500, and nothing was done.
    Broken,
    /// 500, although it was done.
    BrokenAfterwards,
    Busy,
    /// No JSON.
    Nonsense,
    /// JSON that is no object of its.
    Strange,
    /// No answer at all, for longer than anyone waits.
    Silent,
    /// 401.
    Locked,
}

#[derive(Default)]
pub(super) struct State {
    pub customers: BTreeMap<String, Value>,
    pub sessions: BTreeMap<String, Value>,
    pub subscriptions: BTreeMap<String, Value>,
    pub invoices: BTreeMap<String, Value>,
    /// By invoice.
    pub lines: BTreeMap<String, Vec<Value>>,
    pub setup_intents: BTreeMap<String, Value>,
    pub prices: BTreeMap<String, i64>,
    /// What was given back, by customer: amounts as Stripe keeps them (negative: credit).
    pub balances: BTreeMap<String, Vec<(i64, String)>>,
    pub events: Vec<Value>,
    /// Answers by idempotency key, with the body that they are of.
    pub kept: HashMap<String, (String, u16, Value)>,
    pub mood: Mood,
    pub counter: u64,
    /// Calls that had an effect.
    pub effects: Vec<String>,
    /// After so many more effects the caller never hears back.
    pub fuse: Option<u64>,
    pub blown: bool,
    /// The next change of a price is refused so.
    pub decline: Option<String>,
}

/// The stand-in. Cheap to clone; ends with the last one.
#[derive(Clone)]
pub struct Stripe {
    pub(super) state: Arc<Mutex<State>>,
    pub(super) clock: Arc<TurnedClock>,
    _dir: Arc<tempfile::TempDir>,
    settings: BillingSettings,
    _server: Arc<Server>,
}

struct Server(tokio::task::JoinHandle<()>);

impl Drop for Server {
    fn drop(&mut self) {
        self.0.abort();
    }
}

impl Stripe {
    /// Listens on loopback. Knows the prices `price_starter` (900) and `price_pro` (1900).
    pub async fn new(clock: Arc<TurnedClock>) -> Self {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let address = listener.local_addr().expect("an address");
        let state = Arc::new(Mutex::new(State::default()));
        state.lock().expect("one writer").prices.extend([("price_starter".to_owned(), 900), ("price_pro".to_owned(), 1_900)]);
        let router = api::router(state.clone(), clock.clone());
        let server = tokio::spawn(async move { axum::serve(listener, router).await.expect("served") });
        let dir = Arc::new(tempfile::tempdir().expect("a directory"));
        let (key, hook) = (dir.path().join("key"), dir.path().join("hook"));
        std::fs::write(&key, format!("{KEY}\n")).expect("written");
        std::fs::write(&hook, format!("whsec_another_one\n{WEBHOOK_SECRET}\n")).expect("written");
        let settings = BillingSettings {
            provider: Provider::Stripe,
            api_base: format!("http://{address}"),
            secret_key_file: key,
            webhook_secret_file: hook,
            timeout_seconds: 2,
            ..BillingSettings::default()
        };
        Self { state, clock, _dir: dir, settings, _server: Arc::new(Server(server)) }
    }

    pub fn settings(&self) -> BillingSettings {
        self.settings.clone()
    }

    pub(super) fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().expect("one writer")
    }

    pub fn be(&self, mood: Mood) {
        self.lock().mood = mood;
    }

    /// After `effects` more calls with an effect, the caller never hears back: as one that is killed.
    pub fn set_fuse(&self, effects: Option<u64>) {
        let mut state = self.lock();
        state.fuse = effects;
        state.blown = false;
    }

    pub fn blown(&self) -> bool {
        self.lock().blown
    }

    pub fn effects(&self) -> Vec<String> {
        self.lock().effects.clone()
    }

    /// Everything that has happened and was not taken yet, as webhooks' bodies.
    pub fn take_events(&self) -> Vec<String> {
        self.lock().events.drain(..).map(|event| event.to_string()).collect()
    }

    /// The header of a webhook that is sent now.
    pub fn sign(&self, body: &str) -> String {
        signature::sign(body.as_bytes(), &Secret::new(WEBHOOK_SECRET), self.clock.now())
    }

    pub fn subscription(&self, id: &str) -> Value {
        self.lock().subscriptions.get(id).cloned().unwrap_or(Value::Null)
    }

    /// The subscriptions that may still be charged.
    pub fn live(&self) -> Vec<String> {
        let state = self.lock();
        let ended = |status: &Value| matches!(status.as_str(), Some("canceled" | "incomplete_expired"));
        state.subscriptions.iter().filter(|(_, subscription)| !ended(&subscription["status"])).map(|(id, _)| id.clone()).collect()
    }

    pub fn invoice(&self, id: &str) -> Value {
        self.lock().invoices.get(id).cloned().unwrap_or(Value::Null)
    }

    pub fn lines(&self, invoice: &str) -> Vec<Value> {
        self.lock().lines.get(invoice).cloned().unwrap_or_default()
    }

    /// What the customer has at Stripe, as credit.
    pub fn credit(&self, customer: &str) -> i64 {
        -self.lock().balances.get(customer).into_iter().flatten().map(|(amount, _)| amount).sum::<i64>()
    }

    pub fn customers(&self) -> Vec<String> {
        self.lock().customers.keys().cloned().collect()
    }

    pub fn sessions(&self) -> Vec<String> {
        self.lock().sessions.keys().cloned().collect()
    }

    /// What was charged and paid, by every invoice.
    pub fn charged(&self) -> i64 {
        self.lock().invoices.values().filter(|invoice| invoice["status"] == "paid").filter_map(|invoice| invoice["amount_paid"].as_i64()).sum()
    }

    pub(super) fn seconds(&self) -> i64 {
        self.clock.now().as_millis().div_euclid(1_000)
    }
}

impl State {
    pub(super) fn name(&mut self, prefix: &str) -> String {
        self.counter += 1;
        format!("{prefix}_{:04}", self.counter)
    }

    pub(super) fn happened(&mut self, kind: &str, object: &Value, now: i64) {
        let id = self.name("evt");
        self.events.push(json!({ "id": id, "object": "event", "type": kind, "created": now, "api_version": "2020-08-27", "data": { "object": object } }));
    }
}
