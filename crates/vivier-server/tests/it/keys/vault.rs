//! A stand-in for Vault's transit engine. Source of the shapes: <https://developer.hashicorp.com/vault/api-docs/secret/transit>.

use std::path::PathBuf;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use aws_lc_rs::aead::{AES_256_GCM, Aad, Nonce, RandomizedNonceKey};
use axum::extract::{Path, State};
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse as _, Response};
use axum::routing::post;
use axum::{Json, Router};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use serde_json::{Value, json};
use vivier_server::keys::{KeyKind, KeySettings, TransitSettings};

pub const TOKEN: &str = "hvs.canary-token-of-vivier";

/// What it has, and how it misbehaves.
#[derive(Default)]
pub struct Engine {
    /// Versions of the key, from 1; none: it was deleted.
    pub versions: Vec<[u8; 32]>,
    pub sealed: bool,
    pub token: String,
    /// Milliseconds before each answer.
    pub slow: u64,
    /// Calls so far, by verb.
    pub calls: Vec<String>,
}

#[derive(Clone)]
pub struct VaultStandIn {
    pub engine: Arc<Mutex<Engine>>,
    pub settings: KeySettings,
    _dir: Arc<tempfile::TempDir>,
}

impl VaultStandIn {
    pub async fn start() -> Self {
        let engine = Arc::new(Mutex::new(Engine { versions: vec![rand_key()], token: TOKEN.to_owned(), ..Engine::default() }));
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let address = listener.local_addr().expect("an address");
        let router = Router::new().route("/v1/transit/{verb}/{key}", post(answer)).with_state(engine.clone());
        tokio::spawn(async move { axum::serve(listener, router).await });
        let dir = tempfile::tempdir().expect("a directory");
        let token_file: PathBuf = dir.path().join("token");
        std::fs::write(&token_file, format!("{TOKEN}\n")).expect("written");
        let vault = TransitSettings { address: format!("http://{address}"), token_file, timeout_seconds: 1, ..TransitSettings::default() };
        Self { engine, settings: KeySettings { kind: KeyKind::Vault, vault: Some(vault), aws_kms: None }, _dir: Arc::new(dir) }
    }

    pub fn with<T>(&self, change: impl FnOnce(&mut Engine) -> T) -> T {
        change(&mut self.engine.lock().expect("no panic before"))
    }

    /// As an operator does with `vault write -f transit/keys/vivier/rotate`.
    pub fn rotate(&self) {
        self.with(|engine| engine.versions.push(rand_key()));
    }

    pub fn calls(&self, verb: &str) -> usize {
        self.with(|engine| engine.calls.iter().filter(|call| *call == verb).count())
    }
}

fn rand_key() -> [u8; 32] {
    rand::random()
}

async fn answer(State(engine): State<Arc<Mutex<Engine>>>, Path((verb, key)): Path<(String, String)>, headers: HeaderMap, Json(body): Json<Value>) -> Response {
    let slow = engine.lock().expect("no panic before").slow;
    tokio::time::sleep(Duration::from_millis(slow)).await;
    let mut engine = engine.lock().expect("no panic before");
    engine.calls.push(verb.clone());
    let errors = |status: StatusCode, said: &str| (status, Json(json!({ "errors": [said] }))).into_response();
    if engine.sealed {
        return errors(StatusCode::SERVICE_UNAVAILABLE, "Vault is sealed");
    }
    if headers.get("x-vault-token").and_then(|token| token.to_str().ok()) != Some(engine.token.as_str()) {
        return errors(StatusCode::FORBIDDEN, "permission denied");
    }
    if key != "vivier" || engine.versions.is_empty() {
        return errors(StatusCode::BAD_REQUEST, "encryption key not found");
    }
    let done = match verb.as_str() {
        "encrypt" => encrypt(&engine, &body["plaintext"]).map(|ciphertext| json!({ "ciphertext": ciphertext, "key_version": engine.versions.len() })),
        "decrypt" => decrypt(&engine, &body["ciphertext"]).map(|plaintext| json!({ "plaintext": plaintext })),
        "rewrap" => decrypt(&engine, &body["ciphertext"])
            .and_then(|plaintext| encrypt(&engine, &Value::String(plaintext)))
            .map(|ciphertext| json!({ "ciphertext": ciphertext, "key_version": engine.versions.len() })),
        _ => return errors(StatusCode::NOT_FOUND, "unsupported path"),
    };
    match done {
        Some(data) => Json(json!({ "request_id": "r", "lease_id": "", "renewable": false, "lease_duration": 0, "data": data })).into_response(),
        None => errors(StatusCode::BAD_REQUEST, "cipher: message authentication failed"),
    }
}

fn encrypt(engine: &Engine, plaintext: &Value) -> Option<String> {
    let mut sealed = BASE64.decode(plaintext.as_str()?).ok()?;
    let key = RandomizedNonceKey::new(&AES_256_GCM, engine.versions.last()?).ok()?;
    let nonce = key.seal_in_place_append_tag(Aad::empty(), &mut sealed).ok()?;
    let mut out = nonce.as_ref().to_vec();
    out.append(&mut sealed);
    Some(format!("vault:v{}:{}", engine.versions.len(), BASE64.encode(out)))
}

fn decrypt(engine: &Engine, ciphertext: &Value) -> Option<String> {
    let (version, text) = ciphertext.as_str()?.strip_prefix("vault:v")?.split_once(':')?;
    let key = RandomizedNonceKey::new(&AES_256_GCM, engine.versions.get(version.parse::<usize>().ok()?.checked_sub(1)?)?).ok()?;
    let bytes = BASE64.decode(text).ok()?;
    let (nonce, sealed) = bytes.split_at_checked(12)?;
    let mut sealed = sealed.to_vec();
    let plain = key.open_in_place(Nonce::try_assume_unique_for_key(nonce).ok()?, Aad::empty(), &mut sealed).ok()?;
    Some(BASE64.encode(plain))
}
