//! The end of the chain: where a transaction's rows are appended, and where it shows when somebody else has moved it.

use std::sync::atomic::{AtomicI64, Ordering};
use std::sync::{Arc, OnceLock};

use vivier_core::id::AccountId;

use super::chain::{self, Hash, Lasting, Personal, SealKey};
use super::{AuditOutcome, Entry, Whose};
use crate::store::{Actor, Columns as _, Store, StoreError, Tx, new_uuid, statements, word};

/// The name of the seal's key among the platform's own values.
const KEY: &str = "audit_seal";
/// Rows of before that are chained in one go.
const BATCH: i64 = 500;

statements! {
    /// Takes the head's lock, which is everybody's last.
    TAKE_HEAD = "UPDATE audit_head SET seq = seq WHERE id = 1 RETURNING chain, seq, hash, seal";
    MOVE_HEAD = "UPDATE audit_head SET seq = $1, hash = $2, seal = $3 WHERE id = 1";
    MAKE_HEAD = "INSERT INTO audit_head (id, chain, seq, hash, seal) VALUES (1, $1, $2, $3, $4)";
    HEAD = "SELECT chain, seq, hash, seal FROM audit_head WHERE id = 1";
    LAST = "SELECT seq, hash FROM audit_logs WHERE seq IS NOT NULL ORDER BY seq DESC LIMIT 1";
    INSERT = "INSERT INTO audit_logs (id, at, account_id, actor, action, subject, detail, seq, user_id, outcome, origin, salt, commitment, hash) \
        VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14) ON CONFLICT (id) DO NOTHING";
    /// Those from before the chain.
    UNCHAINED = "SELECT id, at, account_id, actor, action, subject, detail FROM audit_logs WHERE seq IS NULL ORDER BY at, id LIMIT $1";
    ENCHAIN = "UPDATE audit_logs SET seq = $2, salt = $3, commitment = $4, hash = $5 WHERE id = $1";
}

/// What a process keeps of the chain.
#[derive(Default)]
pub(in crate::store) struct Trail {
    key: OnceLock<SealKey>,
    /// The last place that this process has written.
    last: AtomicI64,
}

impl Trail {
    pub(super) fn key(&self) -> Result<&SealKey, StoreError> {
        self.key.get().ok_or_else(|| StoreError::Corrupt("the audit log's key was not opened (Store::open_keys comes before everything else)".to_owned()))
    }

    /// Remembers how far the chain has come. Call it when it is committed.
    pub(in crate::store) fn came_to(&self, seq: i64) {
        self.last.fetch_max(seq, Ordering::SeqCst);
    }
}

/// Where the chain ends.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct End {
    pub chain: String,
    pub seq: i64,
    pub hash: Vec<u8>,
    pub seal: Vec<u8>,
}

impl End {
    pub(super) fn from_row(row: &sqlx::any::AnyRow) -> Result<Self, StoreError> {
        Ok(Self { chain: row.text("chain")?, seq: row.int("seq")?, hash: row.blob("hash")?, seal: row.blob("seal")? })
    }
}

/// Something that is wrong with the end, in words for the log.
const FORGED: &str = "the end of the log was not sealed by us: it was written by somebody else";
const SHORTER: &str = "the end of the log is before one that this process has written: rows were taken away";
const HEADLESS: &str = "the end of the log was taken away";

impl Store {
    /// Makes the seal's key when there is none, and gives the rows from before the chain their places. Part of [`Store::open_keys`].
    pub(in crate::store) async fn open_audit(&self) -> Result<(), StoreError> {
        let key = self.platform_get_or_make(KEY, || rand::random::<[u8; chain::BYTES]>().to_vec()).await?;
        // Opened a second time, it is the same one.
        let _ = self.trail.key.set(SealKey::new(key));
        if sqlx::query(HEAD).fetch_optional(self.reader()).await?.is_some() {
            return Ok(());
        }
        let mut tx = self.begin().await?;
        let rows = tx.enchain().await?;
        tx.commit_quietly().await?;
        tracing::info!(rows, "the audit log is a chain from now on");
        Ok(())
    }
}

impl Tx {
    /// Appends this transaction's rows. The last thing before the commit. Returns the place of the last one.
    pub(in crate::store) async fn append_audit(&mut self) -> Result<Option<i64>, StoreError> {
        if self.audit.is_empty() && self.forget.is_empty() {
            return Ok(None);
        }
        let trail = self.trail.clone();
        let key = trail.key()?;
        let end = match sqlx::query(TAKE_HEAD).fetch_optional(self.conn()).await? {
            Some(row) => End::from_row(&row)?,
            None => return Err(StoreError::Corrupt(format!("{HEADLESS}; start Vivier anew, and look with `vivierd audit verify`"))),
        };
        let mut entries = std::mem::take(&mut self.audit);
        if let Some(wrong) = wrong(&trail, key, &end) {
            tracing::error!(place = end.seq, "the audit log was altered: {wrong}");
            metrics::counter!("vivier_audit_breaks_total").increment(1);
            entries.insert(0, broken(wrong, &end));
        }
        let forget = std::mem::take(&mut self.forget);
        entries.extend(forget.iter().map(Whose::entry));
        let (mut seq, mut hash) = (end.seq, end.hash);
        for entry in &entries {
            seq += 1;
            hash = self.insert_entry(entry, seq, &hash).await?.to_vec();
        }
        for whose in forget {
            self.make_unreadable(whose).await?;
        }
        let seal = key.seal(&end.chain, seq, &hash);
        sqlx::query(MOVE_HEAD).bind(seq).bind(hash).bind(seal).execute(self.conn()).await?;
        Ok(Some(seq))
    }

    async fn insert_entry(&mut self, entry: &Entry, seq: i64, before: &[u8]) -> Result<Hash, StoreError> {
        let Entry { id, account, actor, action, subject, outcome, detail } = entry;
        let (id, account, outcome) = (id.to_string(), account.as_ref().map(AccountId::to_string), word(outcome));
        let (user, origin) = (actor.user.map(|id| id.to_string()), actor.from.map(|address| address.to_string()));
        let salt = rand::random::<[u8; chain::BYTES]>();
        let commitment = chain::commitment(&salt, Personal { actor: &actor.name, origin: origin.as_deref(), detail });
        let at = self.now().as_millis();
        let lasting = Lasting { seq, id: &id, at, account: account.as_deref(), user: user.as_deref(), action, subject, outcome: &outcome };
        let hash = chain::link(before, lasting, &commitment);
        let written = sqlx::query(INSERT)
            .bind(&id)
            .bind(at)
            .bind(&account)
            .bind(&actor.name)
            .bind(action)
            .bind(subject)
            .bind(detail)
            .bind(seq)
            .bind(&user)
            .bind(&outcome)
            .bind(&origin)
            .bind(salt.to_vec())
            .bind(commitment.to_vec())
            .bind(hash.to_vec())
            .execute(self.conn())
            .await?;
        // Another has done the same request in the meantime.
        if written.rows_affected() == 0 { Err(StoreError::Repeated) } else { Ok(hash) }
    }

    /// Makes the chain: of the rows that are there, in the order of their time. Returns how many there were.
    ///
    /// Should there be chained rows already, somebody took the end away: the chain goes on behind the last of them, and says so.
    async fn enchain(&mut self) -> Result<u64, StoreError> {
        let trail = self.trail.clone();
        let key = trail.key()?;
        let chain = uuid::Uuid::new_v4().to_string();
        if let Some(last) = sqlx::query(LAST).fetch_optional(self.conn()).await? {
            let end = End { chain, seq: last.int("seq")?, hash: last.blob_opt("hash")?.unwrap_or_default(), seal: Vec::new() };
            sqlx::query(MAKE_HEAD).bind(&end.chain).bind(end.seq).bind(&end.hash).bind(key.seal(&end.chain, end.seq, &end.hash)).execute(self.conn()).await?;
            self.audit.push(broken(HEADLESS, &end));
            return Ok(0);
        }
        let (mut seq, mut hash) = (0, chain::genesis(&chain));
        loop {
            let rows = sqlx::query(UNCHAINED).bind(BATCH).fetch_all(self.conn()).await?;
            if rows.is_empty() {
                break;
            }
            for row in rows {
                seq += 1;
                let (id, account, actor) = (row.text("id")?, row.text_opt("account_id")?, row.text("actor")?);
                let (action, subject, detail) = (row.text("action")?, row.text("subject")?, row.text("detail")?);
                let salt = rand::random::<[u8; chain::BYTES]>();
                let commitment = chain::commitment(&salt, Personal { actor: &actor, origin: None, detail: &detail });
                let outcome = word(&AuditOutcome::Done);
                let lasting = Lasting {
                    seq,
                    id: &id,
                    at: row.int("at")?,
                    account: account.as_deref(),
                    user: None,
                    action: &action,
                    subject: &subject,
                    outcome: &outcome,
                };
                hash = chain::link(&hash, lasting, &commitment);
                let row = sqlx::query(ENCHAIN).bind(&id).bind(seq).bind(salt.to_vec()).bind(commitment.to_vec()).bind(hash.to_vec());
                row.execute(self.conn()).await?;
            }
        }
        let seal = key.seal(&chain, seq, &hash);
        sqlx::query(MAKE_HEAD).bind(&chain).bind(seq).bind(hash.to_vec()).bind(seal).execute(self.conn()).await?;
        Ok(u64::try_from(seq).unwrap_or_default())
    }
}

/// What is wrong with the end as it is found.
fn wrong(trail: &Arc<Trail>, key: &SealKey, end: &End) -> Option<&'static str> {
    if !key.is_ours(&end.chain, end.seq, &end.hash, &end.seal) {
        Some(FORGED)
    } else if end.seq < trail.last.load(Ordering::SeqCst) {
        Some(SHORTER)
    } else {
        None
    }
}

/// The row that says so, for ever: who has altered the log cannot take it away without it showing again.
fn broken(why: &str, end: &End) -> Entry {
    Entry {
        id: new_uuid(),
        account: None,
        actor: Actor::system(),
        action: super::BROKEN.to_owned(),
        subject: "audit log".to_owned(),
        outcome: AuditOutcome::Failed,
        detail: serde_json::json!({ "found": why, "place": end.seq, "hash": hex::encode(&end.hash) }).to_string(),
    }
}
