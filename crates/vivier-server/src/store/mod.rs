//! The store: everything that must outlive the process, in SQLite (embedded, the default) or PostgreSQL.
//!
//! One SQL text for both: sqlx's `Any` driver, `$1` placeholders, and only TEXT, BIGINT and BLOB/BYTEA.
//!
//! - One method = one transaction = one sentence. No network call inside a transaction.
//! - Two writers, two tables: the API writes `deployments` (wanted), the worker `runtime_instances` (seen).
//! - Every row of a tenant is read with its account id: another's thing does not exist.
//! - Transactions run at READ COMMITTED on PostgreSQL and take their locks in one order: the account's row (by an UPDATE), then
//!   the deployment's, then the rest, and last of all, at the commit, the end of the audit log. So no serialization failure can arise, and deadlocks cannot either. SQLite has one writer.
//!
//! The store knows nothing of HTTP, of the runtime, or of what the worker decides.

pub mod accounts;
pub mod audit;
pub mod billing;
pub mod books;
pub mod catalogue;
pub mod channels;
pub mod closing;
pub mod codes;
pub mod console;
pub mod credits;
pub mod deployments;
pub mod events;
pub mod export;
pub mod factors;
pub mod holds;
pub mod idempotency;
pub mod identities;
pub mod invitations;
pub mod jobs;
pub mod keys;
pub mod links;
pub mod looks;
pub mod members;
pub mod passkeys;
pub mod platform;
pub mod quotas;
pub mod reconcile;
pub mod referrals;
pub mod revisions;
mod rollback;
pub mod routes;
pub mod secrets;
pub mod seen;
pub mod sessions;
pub mod steps;
pub mod tickets;
pub mod tokens;
pub mod usage;
pub mod users;
pub mod versions;
pub mod waves;

mod sql;

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use sqlx::any::{AnyConnectOptions, AnyPoolOptions, AnyRow};
use sqlx::{Any, AnyPool, ConnectOptions as _, Row as _};
use tokio::sync::{Notify, watch};
use vivier_core::id::{AccountId, UserId};
use vivier_core::quota::QuotaKind;
use vivier_core::time::Timestamp;

use crate::clock::SharedClock;
use crate::terms::Terms;
use crate::vault::Vault;

pub(crate) use self::sql::statements;

/// What a store method says when it does not do what was asked. `Display` is safe to show to the caller where the variant is
/// the caller's doing; [`StoreError::Database`] and [`StoreError::Corrupt`] are ours.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// There is no such thing, or it is another account's.
    #[error("there is no such {0}")]
    NotFound(&'static str),
    /// Something of that name is there already, such as a slug. The field's name, and the sentence.
    #[error("{message}")]
    Taken { field: &'static str, message: String },
    /// The state of the thing does not allow it. The sentence carries the next step.
    #[error("{0}")]
    Conflict(String),
    /// It is paid for first. The sentence carries the next step.
    #[error("{0}")]
    Payment(String),
    /// A limit of the account is reached.
    #[error("{0}")]
    Quota(Quota),
    /// This very request has been done already (see [`Actor::once`]).
    #[error("this was done already")]
    Repeated,
    /// The worker's lease on a deployment is gone, or its row was written by another: look again.
    #[error("another worker has taken the deployment over")]
    Lost,
    #[error("the database did not answer as it should")]
    Database(#[source] sqlx::Error),
    #[error("the database holds something that cannot be read: {0}")]
    Corrupt(String),
    #[error(transparent)]
    Vault(#[from] crate::vault::VaultError),
    #[error("the database's tables cannot be brought up to date")]
    Migrate(#[source] sqlx::migrate::MigrateError),
}

/// Which limit was met, how much of it is used, and when some of it is free again.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Quota {
    pub limit: QuotaKind,
    pub used: u64,
    pub allowed: u64,
    /// When waiting helps, until when.
    pub free_at: Option<Timestamp>,
    /// When it was met, by the same clock.
    pub at: Timestamp,
    /// The sentence for the caller, with the next step.
    pub message: String,
}

impl std::fmt::Display for Quota {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.message)
    }
}

impl From<sqlx::Error> for StoreError {
    fn from(error: sqlx::Error) -> Self {
        Self::Database(error)
    }
}

impl StoreError {
    /// Whether a unique index refused the row.
    pub(crate) fn is_unique_violation(error: &sqlx::Error) -> bool {
        error.as_database_error().is_some_and(sqlx::error::DatabaseError::is_unique_violation)
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Engine {
    Sqlite,
    Postgres,
}

/// Who does something: for the audit log and the timeline.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Actor {
    /// The account that they act in; absent for the system, and for someone who is a member of none.
    pub account: Option<AccountId>,
    /// The person who acts; absent for the system.
    pub user: Option<UserId>,
    /// An address of mail, `operator <mail>` or `system`.
    pub name: String,
    /// The address that they act from, where one is known.
    pub from: Option<std::net::IpAddr>,
    /// Names a request that must have its effect once, however often it is sent: the audit row of its transaction carries this
    /// id, so that a second one is [`StoreError::Repeated`]. Something new is named from it.
    pub once: Option<uuid::Uuid>,
}

/// The name of [`Actor::system`]: the author of what Vivier decides by itself.
pub const SYSTEM: &str = "system";

impl Actor {
    pub fn system() -> Self {
        Self::named(SYSTEM)
    }

    /// A part of the installation, or someone at its machine.
    pub fn named(name: impl Into<String>) -> Self {
        Self { account: None, user: None, name: name.into(), from: None, once: None }
    }

    /// A person at work in an account.
    pub fn user(account: AccountId, user: UserId, name: impl Into<String>) -> Self {
        Self { account: Some(account), user: Some(user), ..Self::named(name) }
    }
}

/// Called after every commit of a transaction that wrote. A crash test dies here.
pub type CommitHook = Arc<dyn Fn() -> futures_util::future::BoxFuture<'static, ()> + Send + Sync>;

/// The pools. Cheap to clone.
#[derive(Clone)]
pub struct Store {
    engine: Engine,
    writer: AnyPool,
    reader: AnyPool,
    clock: SharedClock,
    vault: Arc<Vault>,
    changes: Arc<watch::Sender<u64>>,
    jobs: Arc<Notify>,
    trail: Arc<audit::Trail>,
    after_commit: Option<CommitHook>,
    terms: Arc<Terms>,
}

/// A transaction that writes. Dropping it without [`Tx::commit`] takes everything back.
pub struct Tx {
    inner: sqlx::Transaction<'static, Any>,
    now: Timestamp,
    vault: Arc<Vault>,
    changes: Arc<watch::Sender<u64>>,
    jobs: Arc<Notify>,
    /// Whether there is a job to be done that was not there before.
    enqueued: bool,
    trail: Arc<audit::Trail>,
    /// Rows of the audit log, appended at the commit.
    audit: Vec<audit::Entry>,
    /// Whose names in the audit log become unreadable at the commit.
    forget: Vec<audit::Whose>,
    after_commit: Option<CommitHook>,
    terms: Arc<Terms>,
}

impl Tx {
    /// The time of this transaction: one for all its rows.
    pub const fn now(&self) -> Timestamp {
        self.now
    }

    /// What the installation grants.
    pub fn terms(&self) -> &Terms {
        &self.terms
    }

    pub fn conn(&mut self) -> &mut sqlx::AnyConnection {
        &mut self.inner
    }

    /// Makes it so, and tells those who watch (see [`Store::changes`]).
    pub async fn commit(self) -> Result<(), StoreError> {
        let changes = self.changes.clone();
        self.commit_then(|| changes.send_modify(|count| *count += 1)).await
    }

    /// As [`Tx::commit`], for what changes no route and no state, such as the time of the last look.
    pub async fn commit_quietly(self) -> Result<(), StoreError> {
        self.commit_then(|| {}).await
    }

    async fn commit_then(mut self, tell: impl FnOnce() + Send) -> Result<(), StoreError> {
        let end = self.append_audit().await?;
        self.inner.commit().await?;
        if let Some(end) = end {
            self.trail.came_to(end);
        }
        tell();
        if self.enqueued {
            self.jobs.notify_one();
        }
        if let Some(hook) = self.after_commit {
            hook().await;
        }
        Ok(())
    }
}

static SQLITE: sqlx::migrate::Migrator = sqlx::migrate!("./migrations/sqlite");
static POSTGRES: sqlx::migrate::Migrator = sqlx::migrate!("./migrations/postgres");

impl Store {
    /// Opens the database and brings its tables up to date.
    ///
    /// `database_url` is `postgres://…` or `sqlite://<path>`; absent: `<data>/vivier.db`.
    pub async fn open(database_url: Option<&str>, data: &Path, clock: SharedClock, vault: Arc<Vault>) -> Result<Self, StoreError> {
        sqlx::any::install_default_drivers();
        let own = format!("sqlite://{}", data.join("vivier.db").display());
        let url = database_url.unwrap_or(&own);
        let engine = if url.starts_with("postgres:") || url.starts_with("postgresql:") { Engine::Postgres } else { Engine::Sqlite };
        let (writer, reader) = match engine {
            Engine::Sqlite => {
                let url = if url.contains('?') { url.to_owned() } else { format!("{url}?mode=rwc") };
                (sqlite_pool(&url, 1).await?, sqlite_pool(&url, 3).await?)
            }
            Engine::Postgres => {
                let options = quiet(url)?;
                let pool = AnyPoolOptions::new().max_connections(8).acquire_timeout(Duration::from_secs(10)).connect_with(options).await?;
                (pool.clone(), pool)
            }
        };
        let migrator = match engine {
            Engine::Sqlite => &SQLITE,
            Engine::Postgres => &POSTGRES,
        };
        migrator.run(&writer).await.map_err(StoreError::Migrate)?;
        let (changes, _) = watch::channel(0);
        Ok(Self {
            engine,
            writer,
            reader,
            clock,
            vault,
            changes: Arc::new(changes),
            jobs: Arc::new(Notify::new()),
            trail: Arc::default(),
            after_commit: None,
            terms: Arc::default(),
        })
    }

    /// The same store, with a hook after every commit: for crash tests.
    #[must_use]
    pub fn with_commit_hook(mut self, hook: CommitHook) -> Self {
        self.after_commit = Some(hook);
        self
    }

    /// The same store, deciding by these terms. Without it: by the defaults.
    #[must_use]
    pub fn with_terms(mut self, terms: Terms) -> Self {
        self.terms = Arc::new(terms);
        self
    }

    pub fn terms(&self) -> &Terms {
        &self.terms
    }

    pub const fn engine(&self) -> Engine {
        self.engine
    }

    pub fn now(&self) -> Timestamp {
        self.clock.now()
    }

    pub fn vault(&self) -> &Vault {
        &self.vault
    }

    /// Counts the commits of this process: a change wakes whoever keeps something that was made from the store.
    pub fn changes(&self) -> watch::Receiver<u64> {
        self.changes.subscribe()
    }

    /// Told when a job was enqueued: a hint, whose loss costs the runner one tick.
    pub fn enqueued(&self) -> Arc<Notify> {
        self.jobs.clone()
    }

    /// Begins a transaction that writes. Keep it short: SQLite has one at a time.
    pub async fn begin(&self) -> Result<Tx, StoreError> {
        let inner = match self.engine {
            // At once a writer: a reader that becomes one later can meet SQLITE_BUSY that no waiting mends.
            Engine::Sqlite => self.writer.begin_with("BEGIN IMMEDIATE").await?,
            Engine::Postgres => self.writer.begin().await?,
        };
        Ok(Tx {
            inner,
            now: self.clock.now(),
            vault: self.vault.clone(),
            changes: self.changes.clone(),
            jobs: self.jobs.clone(),
            enqueued: false,
            trail: self.trail.clone(),
            audit: Vec::new(),
            forget: Vec::new(),
            after_commit: self.after_commit.clone(),
            terms: self.terms.clone(),
        })
    }

    /// Where single statements that only read go.
    pub const fn reader(&self) -> &AnyPool {
        &self.reader
    }

    /// Whether the database answers: for `/readyz`.
    pub async fn ping(&self) -> Result<(), StoreError> {
        sqlx::query(sql::PING).execute(&self.reader).await?;
        Ok(())
    }

    /// Closes the pools: SQLite folds its log into the file.
    pub async fn close(&self) {
        self.reader.close().await;
        self.writer.close().await;
    }

    /// Prepares every statement of the store on this engine; the first that does not prepare is the error. For the tests.
    pub async fn prepare_all(&self) -> Result<usize, (String, sqlx::Error)> {
        use sqlx::{Executor as _, SqlSafeStr as _};
        let fail = |sql: &str, error| (sql.to_owned(), error);
        let mut connection = self.writer.acquire().await.map_err(|error| fail("acquire", error))?;
        let all = Self::statements();
        for statement in &all {
            connection.prepare(statement.into_sql_str()).await.map_err(|error| fail(statement, error))?;
        }
        Ok(all.len())
    }

    fn statements() -> Vec<&'static str> {
        [
            sql::ALL,
            accounts::ALL,
            closing::ALL,
            export::ALL,
            codes::ALL,
            console::ALL,
            books::ALL,
            looks::ALL,
            tickets::ALL,
            idempotency::ALL,
            identities::ALL,
            factors::ALL,
            links::ALL,
            passkeys::ALL,
            steps::ALL,
            invitations::ALL,
            jobs::ALL,
            keys::ALL,
            members::ALL,
            sessions::ALL,
            tokens::ALL,
            users::ALL,
            catalogue::ALL,
            channels::ALL,
            credits::ALL,
            deployments::ALL,
            events::ALL,
            holds::ALL,
            platform::ALL,
            quotas::ALL,
            reconcile::ALL,
            referrals::ALL,
            revisions::ALL,
            rollback::ALL,
            routes::ALL,
            secrets::ALL,
            usage::ALL,
            versions::ALL,
            &waves::statements(),
            &audit::statements(),
            &billing::statements(),
        ]
        .concat()
    }
}

fn quiet(url: &str) -> Result<AnyConnectOptions, StoreError> {
    Ok(url.parse::<AnyConnectOptions>()?.disable_statement_logging())
}

async fn sqlite_pool(url: &str, connections: u32) -> Result<AnyPool, StoreError> {
    let pool = AnyPoolOptions::new()
        .max_connections(connections)
        .acquire_timeout(Duration::from_secs(10))
        .after_connect(|connection, _| {
            Box::pin(async move {
                for &pragma in sql::PRAGMAS {
                    sqlx::query(pragma).execute(&mut *connection).await?;
                }
                Ok(())
            })
        })
        .connect_with(quiet(url)?)
        .await?;
    Ok(pool)
}

/// Reads columns into the types that cannot be wrong.
pub(crate) trait Columns {
    fn text(&self, column: &str) -> Result<String, StoreError>;
    fn text_opt(&self, column: &str) -> Result<Option<String>, StoreError>;
    fn int(&self, column: &str) -> Result<i64, StoreError>;
    fn int_opt(&self, column: &str) -> Result<Option<i64>, StoreError>;
    fn blob(&self, column: &str) -> Result<Vec<u8>, StoreError>;
    fn blob_opt(&self, column: &str) -> Result<Option<Vec<u8>>, StoreError>;

    fn flag(&self, column: &str) -> Result<bool, StoreError> {
        self.int(column).map(|value| value != 0)
    }

    fn count(&self, column: &str) -> Result<u64, StoreError> {
        let value = self.int(column)?;
        u64::try_from(value).map_err(|_| StoreError::Corrupt(format!("{column} is {value}")))
    }

    fn count_opt(&self, column: &str) -> Result<Option<u64>, StoreError> {
        self.int_opt(column)?.map(|value| u64::try_from(value).map_err(|_| StoreError::Corrupt(format!("{column} is {value}")))).transpose()
    }

    fn at(&self, column: &str) -> Result<Timestamp, StoreError> {
        self.int(column).map(Timestamp::from_millis)
    }

    fn at_opt(&self, column: &str) -> Result<Option<Timestamp>, StoreError> {
        Ok(self.int_opt(column)?.map(Timestamp::from_millis))
    }

    /// A column that a `FromStr` type reads.
    fn parse<T: std::str::FromStr>(&self, column: &str) -> Result<T, StoreError>
    where
        T::Err: std::fmt::Display,
    {
        self.text(column)?.parse().map_err(|error| StoreError::Corrupt(format!("{column} {error}")))
    }

    fn parse_opt<T: std::str::FromStr>(&self, column: &str) -> Result<Option<T>, StoreError>
    where
        T::Err: std::fmt::Display,
    {
        self.text_opt(column)?.map(|text| text.parse().map_err(|error| StoreError::Corrupt(format!("{column} {error}")))).transpose()
    }

    /// A column that holds JSON.
    fn json<T: serde::de::DeserializeOwned>(&self, column: &str) -> Result<T, StoreError> {
        serde_json::from_str(&self.text(column)?).map_err(|error| StoreError::Corrupt(format!("{column}: {error}")))
    }

    fn json_opt<T: serde::de::DeserializeOwned>(&self, column: &str) -> Result<Option<T>, StoreError> {
        self.text_opt(column)?.map(|text| serde_json::from_str(&text).map_err(|error| StoreError::Corrupt(format!("{column}: {error}")))).transpose()
    }

    /// A column that holds the bare name of an enum, as serde writes it.
    fn word<T: serde::de::DeserializeOwned>(&self, column: &str) -> Result<T, StoreError> {
        let text = self.text(column)?;
        serde_json::from_value(serde_json::Value::String(text)).map_err(|error| StoreError::Corrupt(format!("{column}: {error}")))
    }

    fn word_opt<T: serde::de::DeserializeOwned>(&self, column: &str) -> Result<Option<T>, StoreError> {
        let Some(text) = self.text_opt(column)? else { return Ok(None) };
        serde_json::from_value(serde_json::Value::String(text)).map(Some).map_err(|error| StoreError::Corrupt(format!("{column}: {error}")))
    }
}

impl Columns for AnyRow {
    fn text(&self, column: &str) -> Result<String, StoreError> {
        Ok(self.try_get(column)?)
    }

    fn text_opt(&self, column: &str) -> Result<Option<String>, StoreError> {
        Ok(self.try_get(column)?)
    }

    fn int(&self, column: &str) -> Result<i64, StoreError> {
        Ok(self.try_get(column)?)
    }

    fn int_opt(&self, column: &str) -> Result<Option<i64>, StoreError> {
        Ok(self.try_get(column)?)
    }

    fn blob(&self, column: &str) -> Result<Vec<u8>, StoreError> {
        Ok(self.try_get(column)?)
    }

    fn blob_opt(&self, column: &str) -> Result<Option<Vec<u8>>, StoreError> {
        Ok(self.try_get(column)?)
    }
}

/// The name of an enum's variant, as serde writes it: the text that is stored.
pub(crate) fn word<T: serde::Serialize>(value: &T) -> String {
    match serde_json::to_value(value) {
        Ok(serde_json::Value::String(text)) => text,
        Ok(other) => other.to_string(),
        Err(error) => unreachable!("a unit variant always serialises: {error}"),
    }
}

/// JSON text of something that always serialises.
pub(crate) fn json<T: serde::Serialize>(value: &T) -> String {
    serde_json::to_string(value).unwrap_or_else(|error| unreachable!("our own types always serialise: {error}"))
}

/// A new id's UUID: version 7, in order of creation within this process.
pub fn new_uuid() -> uuid::Uuid {
    uuid::Uuid::now_v7()
}

/// A count as both databases keep it.
pub(crate) fn int(value: u64) -> i64 {
    i64::try_from(value).unwrap_or(i64::MAX)
}
