//! What whoever is root on this machine may ask of a running `serve`, over `run/admin.sock`: about keys, the audit log, and promotions. When `serve` is down, the
//! same is done on the store itself.
//!
//! A socket of its own, because the edge reaches the others.

use std::io::ErrorKind;
use std::path::Path;
use std::sync::Arc;

use anyhow::Context as _;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{IntoResponse as _, Response};
use axum::routing::{get, post};
use axum::{Json, Router};
use bytes::Bytes;
use http_body_util::{BodyExt as _, Full, Limited};
use hyper_util::rt::TokioIo;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use vivier_core::digest::Digest;
use vivier_core::id::WaveId;
use vivier_core::waves::ReleaseChannel;

use crate::clock::SystemClock;
use crate::keys::{KeyRing, KeySettings};
use crate::serve::Lock;
use crate::store::keys::{KeyReport, Rotation};
use crate::store::{Actor, Store, StoreError};
use crate::vault::Vault;
use crate::{App, Config};

/// The longest answer, in bytes.
const MOST_BYTES: usize = 4 << 20;

/// The routes of `admin.sock`.
pub fn router(app: App) -> Router {
    Router::new()
        .route("/keys", get(status))
        .route("/keys/rotate", post(rotate))
        .route("/promote", post(promote_here))
        .merge(crate::audit::router())
        .with_state(app)
}

async fn status(State(app): State<App>) -> Response {
    answer(app.store.key_report().await)
}

async fn rotate(State(app): State<App>, Json(settings): Json<KeySettings>) -> Response {
    answer(rotate_and_say(&app.store, &settings).await)
}

async fn rotate_and_say(store: &Store, settings: &KeySettings) -> Result<Rotation, StoreError> {
    let rotation = store.rotate_keys(settings).await?;
    let mut tx = store.begin().await?;
    let detail = serde_json::json!({ "rewrapped": rotation.rewrapped, "retired": rotation.retired });
    tx.audit(&Actor::system(), None, "keys.rotate", rotation.report.current.as_str(), detail).await?;
    tx.commit_quietly().await?;
    Ok(rotation)
}

/// A release for a channel, asked for on this machine.
#[derive(Debug, Serialize, Deserialize)]
struct LocalPromotion {
    image: Digest,
    channel: ReleaseChannel,
    /// Who sits here.
    who: String,
}

/// What came of a promotion.
#[derive(Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct LocallyPromoted {
    pub openclaw_version: String,
    /// Absent: nobody had to be moved, and the channel has the release.
    pub wave: Option<WaveId>,
}

async fn promote_here(State(app): State<App>, Json(promotion): Json<LocalPromotion>) -> Response {
    let done = promote_and_say(&app.store, &app.settings, &promotion).await;
    app.wake.notify_one();
    answer(done)
}

async fn promote_and_say(store: &Store, config: &Config, promotion: &LocalPromotion) -> Result<LocallyPromoted, StoreError> {
    let LocalPromotion { image, channel, who } = promotion;
    let release = store.releases().await?.into_iter().find(|release| release.image == *image);
    let release = release.ok_or_else(|| {
        StoreError::Conflict("the catalogue does not know this release yet; a running Vivier enters it within a minute, then promote it again".to_owned())
    })?;
    let actor = Actor::named(format!("operator {who} on this machine"));
    let wave = store.promote(&actor, release.id, *channel, &config.waves).await?;
    Ok(LocallyPromoted { openclaw_version: release.openclaw_version, wave })
}

pub(crate) fn answer<T: serde::Serialize>(done: Result<T, StoreError>) -> Response {
    match done {
        Ok(done) => Json(done).into_response(),
        Err(error) => (StatusCode::CONFLICT, sentence(error)).into_response(),
    }
}

/// An error with what is behind it, for whoever is root.
pub(crate) fn sentence(error: StoreError) -> String {
    format!("{:#}", anyhow::Error::new(error))
}

/// Which keys wrap how many data keys.
///
/// # Errors
/// When neither `serve` nor the store can say so.
pub async fn key_report(config: &Config) -> anyhow::Result<KeyReport> {
    match ask(config, hyper::Request::get("/keys"), Bytes::new()).await? {
        Some(report) => Ok(report),
        None => alone(config).await?.0.key_report().await.map_err(|error| anyhow::anyhow!(sentence(error))),
    }
}

/// Wraps every data key anew (see [`Store::rotate_keys`]), while `serve` serves or while it is down.
///
/// # Errors
/// When a key does not answer or does not open. What is wrapped anew stays so; it can be called again.
pub async fn rotate_keys(config: &Config) -> anyhow::Result<Rotation> {
    let body = serde_json::to_vec(&config.keys)?;
    let request = hyper::Request::post("/keys/rotate").header(hyper::header::CONTENT_TYPE, "application/json");
    match ask(config, request, body.into()).await? {
        Some(rotation) => Ok(rotation),
        None => rotate_and_say(&alone(config).await?.0, &config.keys).await.map_err(|error| anyhow::anyhow!(sentence(error))),
    }
}

/// Gives a release to a channel, by the settings' plan: while `serve` serves, or while it is down; then its wave begins with it.
///
/// # Errors
/// When the catalogue does not know the release, when it may not be started, or while another wave keeps the channel.
pub async fn promote(config: &Config, image: &Digest, channel: ReleaseChannel, who: &str) -> anyhow::Result<LocallyPromoted> {
    let promotion = LocalPromotion { image: image.clone(), channel, who: who.to_owned() };
    let request = hyper::Request::post("/promote").header(hyper::header::CONTENT_TYPE, "application/json");
    match ask(config, request, serde_json::to_vec(&promotion)?.into()).await? {
        Some(promoted) => Ok(promoted),
        None => promote_and_say(&alone(config).await?.0, config, &promotion).await.map_err(|error| anyhow::anyhow!(sentence(error))),
    }
}

/// The store, with the lock that keeps `serve` away.
pub(crate) async fn alone(config: &Config) -> anyhow::Result<(Store, Lock)> {
    config.check()?;
    let run = config.data_dir.join("run");
    anyhow::ensure!(run.is_dir(), "{} is no data directory of Vivier's yet; start it once with `vivierd up`", config.data_dir.display());
    let lock = Lock::take(&run.join("serve.lock"))?;
    let vault = Arc::new(Vault::new(KeyRing::open(&config.data_dir.join("keys"), &config.keys)?));
    let store = Store::open(config.database_url.as_deref(), &config.data_dir, Arc::new(SystemClock), vault).await.context("the store cannot be opened")?;
    store.open_keys().await.map_err(|error| anyhow::anyhow!(sentence(error)))?;
    Ok((store, lock))
}

/// Asks a running `serve`. `None` when there is none.
pub(crate) async fn ask<T: DeserializeOwned>(config: &Config, request: http::request::Builder, body: Bytes) -> anyhow::Result<Option<T>> {
    let socket = config.data_dir.join("run").join("admin.sock");
    let Some(stream) = connect(&socket).await? else { return Ok(None) };
    let (mut sender, connection) = hyper::client::conn::http1::handshake(TokioIo::new(stream)).await?;
    let talking = tokio::spawn(connection);
    let response = sender.send_request(request.header(hyper::header::HOST, "serve").body(Full::new(body))?).await;
    let response = response.context("serve went away before it answered; what it has done stays. Call this again")?;
    let status = response.status();
    let bytes = Limited::new(response.into_body(), MOST_BYTES).collect().await.map_err(|error| anyhow::anyhow!(error))?.to_bytes();
    talking.abort();
    anyhow::ensure!(status.is_success(), "{}", String::from_utf8_lossy(&bytes));
    Ok(Some(serde_json::from_slice(&bytes).context("serve is of another version than this program; restart it")?))
}

async fn connect(socket: &Path) -> anyhow::Result<Option<tokio::net::UnixStream>> {
    match tokio::net::UnixStream::connect(socket).await {
        Ok(stream) => Ok(Some(stream)),
        // Nobody listens: the file, if it is there, is of a dead process.
        Err(error) if matches!(error.kind(), ErrorKind::NotFound | ErrorKind::ConnectionRefused) => Ok(None),
        Err(error) => Err(error).with_context(|| format!("{} cannot be reached; this command wants to be run as the user that runs vivierd", socket.display())),
    }
}
