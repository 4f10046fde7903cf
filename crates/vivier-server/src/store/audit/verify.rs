//! Whether the log is what was written: read from the first row to the last, on either database, while it is written to.

use std::collections::HashSet;

use serde::{Deserialize, Serialize};
use vivier_core::wire::audit::{AuditFinding, AuditHead, AuditReport, AuditTrouble};

use super::append::{End, HEAD};
use super::chain::{self, Lasting, Personal};
use super::{ALL_OLDEST_FIRST, BROKEN, FORGOTTEN, MOST_ON_A_PAGE, Stored};
use crate::store::{Columns as _, Store, StoreError, int, statements};

/// Findings that a report names; further ones are counted.
const MOST_FINDINGS: usize = 50;

statements! {
    /// What stands outside the chain.
    STRAYS = "SELECT COUNT(*) AS strays FROM audit_logs WHERE seq IS NULL OR seq < 1 OR seq > (SELECT seq FROM audit_head WHERE id = 1)";
    STRAY = "SELECT id FROM audit_logs WHERE seq IS NULL OR seq < 1 OR seq > (SELECT seq FROM audit_head WHERE id = 1) ORDER BY id LIMIT 1";
    /// Who was forgotten, and where the log says so.
    FORGETTINGS = "SELECT subject, seq FROM audit_logs WHERE action = $1 ORDER BY seq";
}

/// A head that was kept elsewhere: the log must still hold it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct KeptHead {
    pub seq: i64,
    /// In hexadecimal.
    pub hash: String,
}

/// Why a text is no head.
#[derive(Debug, thiserror::Error)]
#[error("a head is written as `vivierd audit head` prints it: the number of its row, a colon, and 64 hexadecimal digits")]
pub struct ParseHeadError;

impl std::str::FromStr for KeptHead {
    type Err = ParseHeadError;

    fn from_str(text: &str) -> Result<Self, ParseHeadError> {
        let (seq, hash) = text.trim().split_once(':').ok_or(ParseHeadError)?;
        let seq = seq.parse().ok().filter(|seq| *seq >= 0).ok_or(ParseHeadError)?;
        let fits = hash.len() == 2 * chain::BYTES && hash.bytes().all(|byte| byte.is_ascii_hexdigit());
        if fits { Ok(Self { seq, hash: hash.to_ascii_lowercase() }) } else { Err(ParseHeadError) }
    }
}

impl std::fmt::Display for KeptHead {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}:{}", self.seq, self.hash)
    }
}

struct Findings {
    named: Vec<AuditFinding>,
    count: u64,
}

impl Findings {
    fn add(&mut self, place: Option<i64>, trouble: AuditTrouble, message: impl Into<String>) {
        self.count += 1;
        if self.named.len() < MOST_FINDINGS {
            self.named.push(AuditFinding { place: place.map(|place| u64::try_from(place).unwrap_or_default()), trouble, message: message.into() });
        }
    }
}

impl Store {
    /// Where the chain ends now.
    pub async fn audit_head(&self) -> Result<AuditHead, StoreError> {
        let end = self.audit_end().await?.ok_or_else(|| StoreError::Corrupt("the audit log has no end".to_owned()))?;
        Ok(AuditHead { place: u64::try_from(end.seq).unwrap_or_default(), hash: hex::encode(&end.hash), chain: end.chain })
    }

    async fn audit_end(&self) -> Result<Option<End>, StoreError> {
        let row = sqlx::query(HEAD).fetch_optional(self.reader()).await?;
        row.map(|row| End::from_row(&row)).transpose()
    }

    /// Reads the whole log, up to where it ends now, and says what is not as it was written. `kept` are heads that somebody kept
    /// elsewhere, each with where.
    pub async fn verify_audit(&self, kept: &[(String, KeptHead)]) -> Result<AuditReport, StoreError> {
        let mut findings = Findings { named: Vec::new(), count: 0 };
        let Some(end) = self.audit_end().await? else {
            findings.add(None, AuditTrouble::End, "the end of the log was taken away; the next start of Vivier writes down that it was");
            return Ok(AuditReport { rows: 0, forgotten: 0, head: None, findings: findings.named, count: findings.count });
        };
        if !self.trail.key()?.is_ours(&end.chain, end.seq, &end.hash, &end.seal) {
            findings.add(
                Some(end.seq),
                AuditTrouble::End,
                "the end of the log was not sealed by this installation: it was written by somebody else, or the seal's key was exchanged",
            );
        }
        let forgettings = self.forgettings().await?;
        let mut walk = Walk { before: chain::genesis(&end.chain).to_vec(), expected: 1, rows: 0, forgotten: 0 };
        loop {
            let rows = self.audit_rows(walk.expected - 1, end.seq).await?;
            let Some(last) = rows.last().map(|row| row.seq) else { break };
            for row in rows {
                walk.check(&row, &forgettings, &mut findings);
                for (place, kept) in kept.iter().filter(|(_, kept)| kept.seq == row.seq) {
                    if kept.hash != hex::encode(&row.hash) {
                        findings.add(
                            Some(row.seq),
                            AuditTrouble::Kept,
                            format!("row {} is not the one whose hash was kept in {place}: it, or rows before it, were written anew", row.seq),
                        );
                    }
                }
            }
            walk.expected = last.saturating_add(1);
        }
        walk.finish(&end, &mut findings);
        for (place, kept) in kept.iter().filter(|(_, kept)| kept.seq > end.seq) {
            let missing = kept.seq - end.seq;
            let message = format!(
                "{missing} rows are missing at the end: {place} has known one with the number {}. Somebody took them away, put an older copy of the database in place, or the machine lost power before they were on disk",
                kept.seq
            );
            findings.add(Some(end.seq), AuditTrouble::Truncated, message);
        }
        let strays = sqlx::query(STRAYS).fetch_one(self.reader()).await?.count("strays")?;
        if strays > 0 {
            let id = sqlx::query(STRAY).fetch_optional(self.reader()).await?.map(|row| row.text("id")).transpose()?.unwrap_or_default();
            findings.add(
                None,
                AuditTrouble::Stray,
                format!("{strays} rows stand outside the chain: somebody else wrote them, such as the one with the id {id}"),
            );
        }
        let head = AuditHead { place: u64::try_from(end.seq).unwrap_or_default(), hash: hex::encode(&end.hash), chain: end.chain };
        metrics::gauge!("vivier_audit_rows").set(walk.rows as f64);
        metrics::gauge!("vivier_audit_findings").set(findings.count as f64);
        Ok(AuditReport { rows: walk.rows, forgotten: walk.forgotten, head: Some(head), findings: findings.named, count: findings.count })
    }

    /// The next rows in the order of the chain.
    async fn audit_rows(&self, after: i64, end: i64) -> Result<Vec<Stored>, StoreError> {
        let rows = sqlx::query(ALL_OLDEST_FIRST)
            .bind("")
            .bind("")
            .bind("")
            .bind("")
            .bind("")
            .bind("")
            .bind(i64::MIN)
            .bind(i64::MAX)
            .bind(after)
            .bind(end.saturating_add(1))
            .bind(int(u64::from(MOST_ON_A_PAGE)))
            .fetch_all(self.reader())
            .await?;
        rows.iter().map(Stored::from_row).collect()
    }

    async fn forgettings(&self) -> Result<HashSet<String>, StoreError> {
        let rows = sqlx::query(FORGETTINGS).bind(FORGOTTEN).fetch_all(self.reader()).await?;
        rows.iter().map(|row| row.text("subject")).collect()
    }
}

/// The way along the chain.
struct Walk {
    /// The hash of the row before.
    before: Vec<u8>,
    /// The place that comes next.
    expected: i64,
    rows: u64,
    forgotten: u64,
}

impl Walk {
    fn check(&mut self, row: &Stored, forgettings: &HashSet<String>, findings: &mut Findings) {
        let place = Some(row.seq);
        if row.seq > self.expected {
            let (first, last) = (self.expected, row.seq - 1);
            let which = if first == last { format!("row {first} is") } else { format!("rows {first} to {last} are") };
            findings.add(Some(first), AuditTrouble::Missing, format!("{which} missing: taken away"));
        }
        if row.seq < self.expected {
            findings.add(place, AuditTrouble::Stray, format!("there is another row with the number {}", row.seq));
        }
        let gap = row.seq != self.expected;
        self.expected = row.seq.saturating_add(1);
        self.rows += 1;
        let personal = Personal { actor: &row.actor, origin: row.origin.as_deref(), detail: &row.detail };
        match &row.salt {
            Some(salt) => {
                if chain::commitment(salt, personal).as_slice() != row.commitment {
                    findings.add(
                        place,
                        AuditTrouble::Altered,
                        format!("row {} says something else than what was written: its actor, its address or its detail was changed", row.seq),
                    );
                }
            }
            None => {
                self.forgotten += 1;
                if !(row.actor.is_empty() && row.origin.is_none() && row.detail == "{}") {
                    findings.add(place, AuditTrouble::Altered, format!("row {} was made unreadable, and something was written into it afterwards", row.seq));
                }
                let named = [&row.account, &row.user].into_iter().flatten().any(|id| forgettings.contains(id));
                if !named {
                    findings.add(
                        place,
                        AuditTrouble::Unexplained,
                        format!("row {} was made unreadable, and no row says that its account or its person was deleted", row.seq),
                    );
                }
            }
        }
        let lasting = Lasting {
            seq: row.seq,
            id: &row.id,
            at: row.at,
            account: row.account.as_deref(),
            user: row.user.as_deref(),
            action: &row.action,
            subject: &row.subject,
            outcome: &row.outcome,
        };
        // Behind a gap nothing can be computed: the row stands for itself, and the next one is held against it.
        if !gap && chain::link(&self.before, lasting, &row.commitment).as_slice() != row.hash {
            findings.add(
                place,
                AuditTrouble::Altered,
                format!("row {} is not what was written: its action, target, time or outcome was changed, or the row before it was", row.seq),
            );
        }
        if row.action == BROKEN {
            findings.add(place, AuditTrouble::Noticed, format!("at row {} Vivier found the log altered while it ran: {}", row.seq, row.detail));
        }
        self.before.clone_from(&row.hash);
    }

    /// What the end promises must have been there.
    fn finish(&self, end: &End, findings: &mut Findings) {
        if self.expected <= end.seq {
            let (first, last) = (self.expected, end.seq);
            findings.add(Some(first), AuditTrouble::Truncated, format!("rows {first} to {last} are missing at the end: taken away"));
        } else if self.before != end.hash {
            findings.add(Some(end.seq), AuditTrouble::End, format!("row {} is not the one that the end was sealed with", end.seq));
        }
    }
}
