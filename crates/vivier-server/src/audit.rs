//! The audit log from the outside of the database: its end written down beside it, its verification day by day, and what
//! `vivierd audit` asks.
//!
//! A copy of the database from before has an end that was sealed by us once. So the end is also kept in a file of the data directory
//! and, every hour, in the log of the process, which operators keep elsewhere.

use std::io::Write as _;
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};

use axum::extract::State;
use axum::response::Response;
use axum::routing::{get, post};
use axum::{Json, Router};
use bytes::Bytes;
use vivier_core::time::Timestamp;
use vivier_core::wire::audit::{AuditHead, AuditReport};

use crate::admin::{alone, answer, ask, sentence};
use crate::store::audit::verify::KeptHead;
use crate::store::{Store, StoreError};
use crate::{App, Config};

/// Seconds between two verifications of the whole log.
const VERIFY_SECONDS: i64 = 86_400;
/// Seconds between two lines about its end in the log of the process.
const TELL_SECONDS: i64 = 3_600;

/// Where the end is written down.
pub fn head_file(data: &Path) -> PathBuf {
    data.join("audit-head")
}

/// What is remembered between two looks.
#[derive(Default)]
pub struct Witness {
    written: Option<AuditHead>,
    told_at: Option<Timestamp>,
    verified_at: Option<Timestamp>,
}

impl Witness {
    /// Writes the end down when it has moved; once a day reads the whole log.
    ///
    /// # Errors
    /// When the database does not answer. What the verification finds goes to the log and into `vivier_audit_findings`.
    pub async fn look(&mut self, app: &App) -> Result<(), StoreError> {
        let now = app.store.now();
        let due = |last: Option<Timestamp>, seconds: i64| last.is_none_or(|last| now.millis_since(last) >= seconds * 1_000);
        // First: what the file has kept so far is held against the log before it is written anew.
        if due(self.verified_at, VERIFY_SECONDS) {
            self.verified_at = Some(now);
            let report = verify_here(&app.store, &app.settings.data_dir, Vec::new()).await?;
            for finding in &report.findings {
                tracing::error!(place = finding.place, "the audit log is not what was written: {}", finding.message);
            }
            tracing::info!(rows = report.rows, findings = report.count, "the audit log was verified");
        }
        let head = app.store.audit_head().await?;
        if self.written.as_ref() != Some(&head) {
            match write_down(&app.settings.data_dir, &head) {
                Ok(()) => self.written = Some(head.clone()),
                Err(error) => tracing::error!("failed to write the end of the audit log beside the database: {error}"),
            }
        }
        if due(self.told_at, TELL_SECONDS) {
            self.told_at = Some(now);
            tracing::info!(head = format!("{}:{}", head.place, head.hash), "the end of the audit log");
        }
        Ok(())
    }
}

/// Never to an earlier end: that would be one that somebody has put in place.
fn write_down(data: &Path, head: &AuditHead) -> std::io::Result<()> {
    if read_down(data).is_some_and(|kept| u64::try_from(kept.seq).is_ok_and(|seq| seq > head.place)) {
        return Ok(());
    }
    let path = head_file(data);
    let beside = path.with_extension("new");
    let mut file = std::fs::OpenOptions::new().write(true).create(true).truncate(true).mode(0o600).open(&beside)?;
    writeln!(file, "{}:{}", head.place, head.hash)?;
    file.sync_all()?;
    std::fs::rename(&beside, &path)
}

fn read_down(data: &Path) -> Option<KeptHead> {
    std::fs::read_to_string(head_file(data)).ok()?.parse().ok()
}

/// Verifies the log against the heads that are known here, and `kept` ones.
pub(crate) async fn verify_here(store: &Store, data: &Path, kept: Vec<KeptHead>) -> Result<AuditReport, StoreError> {
    let mut all: Vec<(String, KeptHead)> = kept.into_iter().map(|head| ("the head that was given".to_owned(), head)).collect();
    all.extend(read_down(data).map(|head| (format!("the file {}", head_file(data).display()), head)));
    store.verify_audit(&all).await
}

/// The routes of `admin.sock` about the log.
pub(crate) fn router() -> Router<App> {
    Router::new().route("/audit/head", get(head_of_serve)).route("/audit/verify", post(verify_by_serve))
}

async fn head_of_serve(State(app): State<App>) -> Response {
    answer(app.store.audit_head().await)
}

async fn verify_by_serve(State(app): State<App>, Json(kept): Json<Vec<KeptHead>>) -> Response {
    answer(verify_here(&app.store, &app.settings.data_dir, kept).await)
}

/// Where the log ends: asked of `serve`, or read while it is down.
///
/// # Errors
/// When neither `serve` nor the store can say so.
pub async fn head(config: &Config) -> anyhow::Result<AuditHead> {
    match ask(config, hyper::Request::get("/audit/head"), Bytes::new()).await? {
        Some(head) => Ok(head),
        None => alone(config).await?.0.audit_head().await.map_err(|error| anyhow::anyhow!(sentence(error))),
    }
}

/// Reads the whole log, and holds it against `kept` heads: while `serve` serves, or while it is down.
///
/// # Errors
/// When neither `serve` nor the store can be asked. What is found is no error, but the report's.
pub async fn verify(config: &Config, kept: Vec<KeptHead>) -> anyhow::Result<AuditReport> {
    let request = hyper::Request::post("/audit/verify").header(hyper::header::CONTENT_TYPE, "application/json");
    match ask(config, request, serde_json::to_vec(&kept)?.into()).await? {
        Some(report) => Ok(report),
        None => verify_here(&alone(config).await?.0, &config.data_dir, kept).await.map_err(|error| anyhow::anyhow!(sentence(error))),
    }
}
