//! A store of a test's own, on either engine.

use std::collections::BTreeMap;
use std::sync::Arc;

use vivier_core::channel::ChannelSettings;
use vivier_core::digest::Digest;
use vivier_core::id::AccountId;
use vivier_core::plan::PlanName;
use vivier_core::provider::{ProviderKind, ProviderSettings};
use vivier_core::release::Verdict;
use vivier_core::secret::Secret;
use vivier_core::template::TemplateName;
use vivier_core::time::Timestamp;
use vivier_core::wire::host::Image;
use vivier_server::clock::TurnedClock;
use vivier_server::store::billing::changes::Charged;
use vivier_server::store::deployments::{NewAgent, Rules};
use vivier_server::store::users::NewUser;
use vivier_server::store::{Actor, Engine, Store};
use vivier_server::terms::Terms;
use vivier_server::vault::Vault;

pub const RULES: Rules = Rules { trial_hours: 72, retention_days: 7, charged: Charged::NONE, window_days: 14 };

/// For tests that make more than a person does in an hour.
pub fn loose() -> Terms {
    let mut terms = Terms { deploys_per_hour: 1_000, ..Terms::default() };
    terms.plans.trial.deployments = 1_000;
    terms
}

/// A store, with a directory and a clock of its own.
pub struct TestStore {
    pub store: Store,
    pub clock: Arc<TurnedClock>,
    pub dir: Arc<tempfile::TempDir>,
    pub url: Option<String>,
}

impl TestStore {
    pub async fn sqlite() -> Self {
        Self::at(None, Arc::new(tempfile::tempdir().expect("a directory"))).await
    }

    /// A database of its own in the cluster of `VIVIER_TEST_POSTGRES_URL`.
    pub async fn postgres() -> Self {
        let cluster = std::env::var("VIVIER_TEST_POSTGRES_URL")
            .expect("VIVIER_TEST_POSTGRES_URL is not set: run the tests as `scripts/postgres cargo nextest run -p vivier-server`, which starts a cluster");
        let name = format!("vivier_{}", uuid::Uuid::new_v4().simple());
        sqlx::any::install_default_drivers();
        let admin = sqlx::AnyPool::connect(&cluster).await.expect("the cluster answers");
        sqlx::query(sqlx::AssertSqlSafe(format!("CREATE DATABASE {name}"))).execute(&admin).await.expect("a database of our own");
        admin.close().await;
        // The name of the database stands between the authority and the query.
        let (base, query) = cluster.split_once('?').map_or((cluster.as_str(), String::new()), |(base, query)| (base, format!("?{query}")));
        let base = base.rsplit_once('/').map_or(base, |(base, _)| base);
        Self::at(Some(format!("{base}/{name}{query}")), Arc::new(tempfile::tempdir().expect("a directory"))).await
    }

    /// Another one on the same engine.
    pub async fn beside(other: &Self) -> Self {
        match other.store.engine() {
            Engine::Sqlite => Self::sqlite().await,
            Engine::Postgres => Self::postgres().await,
        }
    }

    async fn at(url: Option<String>, dir: Arc<tempfile::TempDir>) -> Self {
        let clock = Arc::new(TurnedClock::default());
        let store = open(url.as_deref(), &dir, &clock).await;
        Self { store, clock, dir, url }
    }

    /// The same database, opened anew: as a process that starts again would.
    pub async fn reopen(&self) -> Store {
        open(self.url.as_deref(), &self.dir, &self.clock).await
    }

    /// An account with a name of its own.
    pub async fn account(&self) -> (AccountId, Actor) {
        account(&self.store).await
    }

    /// One release in the catalogue.
    pub async fn release(&self) -> Digest {
        let image = image("2026.9.6", 1);
        self.store.sync_releases(std::slice::from_ref(&image)).await.expect("the catalogue");
        image.image
    }
}

async fn open(url: Option<&str>, dir: &tempfile::TempDir, clock: &Arc<TurnedClock>) -> Store {
    let vault = Arc::new(Vault::open(&dir.path().join("keys")).expect("a vault"));
    let store = Store::open(url, dir.path(), clock.clone(), vault).await.expect("a store").with_terms(loose());
    store.open_keys().await.expect("its keys");
    store
}

pub async fn account(store: &Store) -> (AccountId, Actor) {
    let email = format!("{}@example.com", uuid::Uuid::new_v4().simple()).parse().expect("an address");
    let new = NewUser { email: &email, password_hash: Some("$argon2id$none"), verified: false, setup: None, once: None, letter: None };
    let (user, own) = store.sign_up(&new).await.expect("an account");
    (own.account.id, Actor::user(own.account.id, user.id, email.as_str()))
}

pub fn image(version: &str, built: i64) -> Image {
    Image {
        image: Digest::of(version),
        openclaw_version: version.to_owned(),
        node_version: "24.21.0".to_owned(),
        size_bytes: 700 << 20,
        built_at: Timestamp::from_millis(built),
        notes: None,
        verdict: Verdict::Passed,
        accepted: None,
        withdrawn: None,
        signed_by: Digest::of("a key").to_string(),
        config_schema: None,
        sbom: None,
        provenance: None,
    }
}

/// An agent with a provider and its key.
pub fn agent(name: &str) -> NewAgent {
    NewAgent {
        name: name.parse().expect("a name"),
        slug: None,
        plan: PlanName::Starter,
        template: TemplateName::Assistant,
        text: "{ ui: { assistant: { name: 'Ada' } } }".to_owned(),
        provider: Some(ProviderSettings { kind: ProviderKind::Openai, base_url: None, model: "gpt-5-mini".to_owned() }),
        channels: Vec::<ChannelSettings>::new(),
        secrets: BTreeMap::from([("provider.apiKey".to_owned(), Secret::new("sk-provider-key-in-clear"))]),
    }
}
