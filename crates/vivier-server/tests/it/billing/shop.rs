//! A world where agents cost money: an API, a Stripe, and somebody who is signed in.

use serde_json::{Value, json};
use vivier_core::billing::Stage;
use vivier_core::id::{AccountId, DeploymentId};
use vivier_core::money::{Currency, Money};
use vivier_core::plan::Plans;
use vivier_server::Config;
use vivier_server::store::billing::Billed;

use crate::http::api::{Answer, Api, As, new_deployment, settings};
use crate::support::stripe::Stripe;
use crate::support::{TestStore, World, eventually};

pub struct Shop {
    pub api: Api,
    pub stripe: Stripe,
    pub who: As,
    pub account: AccountId,
}

/// Starter costs 9 dollars, Pro 19; Trial and Team are free.
pub fn plans() -> Plans {
    let mut plans = Plans::default();
    for (plan, price, name) in [(&mut plans.starter, 900, "price_starter"), (&mut plans.pro, 1_900, "price_pro")] {
        plan.price = Some(Money::new(price, Currency::USD));
        plan.stripe_price = Some(name.to_owned());
    }
    plans
}

/// Settings of a shop whose Stripe is `stripe`.
pub fn priced(stripe: &Stripe) -> Config {
    Config { billing: stripe.settings(), plans: plans(), ..settings() }
}

impl Shop {
    pub async fn new() -> Self {
        Self::over(TestStore::sqlite().await).await
    }

    pub async fn over(test: TestStore) -> Self {
        let stripe = Stripe::new(test.clock.clone()).await;
        let mut world = World::over(test, priced(&stripe)).await;
        world.start();
        let api = Api::over(world).await;
        let (who, _) = api.signup().await;
        let me = api.get(&who, "/v1/billing").await.ok(200).json();
        let account = me["account"].as_str().expect("an account").parse().expect("an id");
        Self { api, stripe, who, account }
    }

    pub fn world(&self) -> &World {
        &self.api.world
    }

    /// Turns the clock of everybody.
    pub fn turn(&self, seconds: i64) {
        self.world().test.clock.turn_seconds(seconds);
    }

    pub fn turn_days(&self, days: i64) {
        self.turn(days * 86_400);
    }

    /// An agent of a plan, as it is made.
    pub async fn deploy(&self, plan: &str) -> DeploymentId {
        let mut body = new_deployment("Ada");
        body["plan"] = json!(plan);
        let answer = self.api.post(&self.who, "/v1/deployments", &body).await.ok(202).json();
        answer["id"].as_str().expect("an id").parse().expect("an id")
    }

    /// A payment page; returns its session at Stripe.
    pub async fn checkout(&self, id: DeploymentId, plan: Option<&str>) -> String {
        let body = json!({ "deployment": id, "plan": plan });
        let answer = self.api.post(&self.who, "/v1/billing/checkout", &body).await.ok(200).json();
        answer["url"].as_str().and_then(|url| url.rsplit('/').next()).expect("an address").to_owned()
    }

    /// An agent that is paid for, and runs. Returns its subscription as well.
    pub async fn paid(&self, plan: &str) -> (DeploymentId, String) {
        let id = self.deploy(plan).await;
        let session = self.checkout(id, None).await;
        let subscription = self.stripe.pay(&session);
        self.deliver().await;
        self.until(id, Stage::Good).await;
        (id, subscription)
    }

    /// Sends one webhook.
    pub async fn send(&self, body: &str) -> Answer {
        self.send_signed(body, &self.stripe.sign(body)).await
    }

    pub async fn send_signed(&self, body: &str, signature: &str) -> Answer {
        let request = self.api.request(&As::Nobody, reqwest::Method::POST, "/v1/billing/webhook").header("stripe-signature", signature);
        self.api.send(request.header("content-type", "application/json").body(body.to_owned())).await
    }

    /// Delivers everything that has happened at Stripe.
    pub async fn deliver(&self) {
        for body in self.stripe.take_events() {
            self.send(&body).await.ok(200);
        }
    }

    pub async fn bill(&self, id: DeploymentId) -> Billed {
        self.world().store().billed(id).await.expect("the store").expect("a bill")
    }

    pub async fn until(&self, id: DeploymentId, stage: Stage) -> Billed {
        let what = format!("{id} is {}", stage.as_str());
        let seen = eventually(&what, || async {
            let bill = self.world().store().billed(id).await.expect("the store")?;
            (bill.stage == stage).then_some(bill)
        });
        match tokio::time::timeout(std::time::Duration::from_secs(20), seen).await {
            Ok(bill) => bill,
            Err(_) => {
                let bill = self.world().store().billed(id).await;
                let timeline = self.world().timeline_of(self.account, id).await;
                panic!("{id} did not become {}: {bill:#?}\n{}\n{:#?}", stage.as_str(), timeline.join("\n"), self.stripe.effects());
            }
        }
    }

    pub async fn get(&self, id: DeploymentId) -> Value {
        self.api.get(&self.who, &format!("/v1/deployments/{id}")).await.ok(200).json()
    }

    pub async fn until_state(&self, id: DeploymentId, state: &str) -> Value {
        self.api.until_state(&self.who, &id.to_string(), state).await
    }

    /// Nothing waits to be applied.
    pub async fn applied(&self) {
        eventually("every event is applied", || async { (self.world().store().event_backlog().await.expect("the store").0 == 0).then_some(()) }).await;
    }

    /// The subjects of the letters that were sent, oldest first.
    pub async fn letters(&self, count: usize) -> Vec<String> {
        let outbox = self.world().test.dir.path().join("outbox");
        let read = || {
            let mut files: Vec<_> = std::fs::read_dir(&outbox).into_iter().flatten().flatten().map(|entry| entry.path()).collect();
            files.sort();
            let texts = files.iter().filter_map(|path| std::fs::read_to_string(path).ok());
            texts.filter_map(|text| text.lines().find_map(|line| line.strip_prefix("Subject: ")).map(str::to_owned)).collect::<Vec<_>>()
        };
        let about_money = |subject: &String| subject.contains("agent");
        eventually(&format!("{count} letters"), || async {
            let letters: Vec<_> = read().into_iter().filter(about_money).collect();
            (letters.len() >= count).then_some(letters)
        })
        .await
    }
}
