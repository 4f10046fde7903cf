//! An identity provider on loopback: discovery, keys, and ID tokens that are right, or wrong in one way.

use std::collections::HashMap;
use std::sync::{Arc, Mutex};

use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::rsa::KeySize;
use aws_lc_rs::signature::{ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, KeyPair as _, RSA_PKCS1_SHA256, RsaKeyPair};
use axum::extract::{Form, State};
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse as _, Response};
use axum::routing::{get, post};
use axum::{Json, Router};
use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD as BASE64};
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};
use vivier_server::auth::oidc::OidcSettings;

pub const SECRET: &str = "canary-client-secret";

/// What is wrong with the next tokens.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Flaw {
    None,
    Nonce,
    NoNonce,
    Audience,
    /// For several, and another may use it.
    Party,
    Expired,
    Early,
    Issuer,
    AlgNone,
    /// Signed with the public key, as if it were a shared one.
    AlgHmac,
    /// Signed by somebody else's key under the right name.
    Signature,
    /// Of a key that is not published.
    UnknownKey,
}

pub struct Issuer {
    pub settings: OidcSettings,
    shared: Arc<Shared>,
    server: tokio::task::JoinHandle<()>,
}

struct Shared {
    url: String,
    inner: Mutex<Inner>,
}

struct Inner {
    flaw: Flaw,
    elliptic: bool,
    generation: u32,
    rsa: RsaKeyPair,
    ec: EcdsaKeyPair,
    /// Codes that were given out: what was asked, and of whom.
    codes: HashMap<String, (HashMap<String, String>, Value)>,
    key_looks: u32,
}

impl Drop for Issuer {
    fn drop(&mut self) {
        self.server.abort();
    }
}

fn rsa() -> RsaKeyPair {
    RsaKeyPair::generate(KeySize::Rsa2048).expect("a key")
}

fn ec() -> EcdsaKeyPair {
    EcdsaKeyPair::generate(&ECDSA_P256_SHA256_FIXED_SIGNING).expect("a key")
}

impl Issuer {
    /// With a client secret in `dir`.
    pub async fn new(dir: &std::path::Path) -> Self {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let url = format!("http://{}", listener.local_addr().expect("an address"));
        let inner = Inner { flaw: Flaw::None, elliptic: false, generation: 1, rsa: rsa(), ec: ec(), codes: HashMap::new(), key_looks: 0 };
        let shared = Arc::new(Shared { url: url.clone(), inner: Mutex::new(inner) });
        let router = Router::new()
            .route("/.well-known/openid-configuration", get(discovery))
            .route("/keys", get(keys))
            .route("/token", post(token))
            .with_state(shared.clone());
        let server = tokio::spawn(async move { axum::serve(listener, router).await.expect("served") });
        let file = dir.join("client-secret");
        std::fs::write(&file, format!("{SECRET}\n")).expect("written");
        let settings = OidcSettings {
            name: "corp".to_owned(),
            title: Some("Example Corp".to_owned()),
            issuer: url,
            client_id: "vivier".to_owned(),
            client_secret_file: Some(file),
            allowed_domains: Vec::new(),
            makes_accounts: true,
            trust_email: false,
        };
        Self { settings, shared, server }
    }

    fn inner(&self) -> std::sync::MutexGuard<'_, Inner> {
        self.shared.inner.lock().expect("whole")
    }

    pub fn set(&self, flaw: Flaw) {
        self.inner().flaw = flaw;
    }

    pub fn sign_with_ec(&self, elliptic: bool) {
        self.inner().elliptic = elliptic;
    }

    /// New keys, under new names.
    pub fn rotate(&self) {
        let mut inner = self.inner();
        inner.generation += 1;
        inner.rsa = rsa();
        inner.ec = ec();
    }

    pub fn key_looks(&self) -> u32 {
        self.inner().key_looks
    }

    /// Somebody signs in at the provider that `address` leads to, and is sent back with this code.
    pub fn approve(&self, address: &str, claims: Value) -> String {
        let url: url::Url = address.parse().expect("an address");
        assert!(address.starts_with(&self.shared.url), "{address}");
        let asked: HashMap<String, String> = url.query_pairs().into_owned().collect();
        assert_eq!((asked["response_type"].as_str(), asked["client_id"].as_str(), asked["code_challenge_method"].as_str()), ("code", "vivier", "S256"));
        let code = uuid::Uuid::new_v4().to_string();
        self.inner().codes.insert(code.clone(), (asked, claims));
        code
    }
}

async fn discovery(State(shared): State<Arc<Shared>>) -> Json<Value> {
    let url = &shared.url;
    Json(json!({
        "issuer": url, "authorization_endpoint": format!("{url}/authorize?tenant=1"), "token_endpoint": format!("{url}/token"),
        "jwks_uri": format!("{url}/keys"), "token_endpoint_auth_methods_supported": ["client_secret_basic"],
    }))
}

async fn keys(State(shared): State<Arc<Shared>>) -> Json<Value> {
    let mut inner = shared.inner.lock().expect("whole");
    inner.key_looks += 1;
    let generation = inner.generation;
    // RSAPublicKey in DER: two headers of four bytes, a zero, then 256 bytes of the modulus.
    let der = inner.rsa.public_key().as_ref().to_vec();
    assert_eq!((der.len(), der[8]), (270, 0), "a 2048-bit key");
    let point = inner.ec.public_key().as_ref().to_vec();
    Json(json!({ "keys": [
        { "kty": "RSA", "use": "sig", "alg": "RS256", "kid": format!("rsa-{generation}"), "n": BASE64.encode(&der[9..265]), "e": "AQAB" },
        { "kty": "EC", "use": "sig", "crv": "P-256", "kid": format!("ec-{generation}"), "x": BASE64.encode(&point[1..33]), "y": BASE64.encode(&point[33..65]) },
    ] }))
}

async fn token(State(shared): State<Arc<Shared>>, headers: HeaderMap, Form(form): Form<HashMap<String, String>>) -> Response {
    let refuse = || (StatusCode::BAD_REQUEST, Json(json!({ "error": "invalid_grant" }))).into_response();
    let expected = format!("Basic {}", STANDARD.encode(format!("vivier:{SECRET}")));
    if headers.get("authorization").and_then(|value| value.to_str().ok()) != Some(expected.as_str()) {
        return (StatusCode::UNAUTHORIZED, Json(json!({ "error": "invalid_client" }))).into_response();
    }
    let mut inner = shared.inner.lock().expect("whole");
    // A code is taken once.
    let Some((asked, claims)) = form.get("code").and_then(|code| inner.codes.remove(code)) else { return refuse() };
    let challenge = form.get("code_verifier").map(|verifier| BASE64.encode(Sha256::digest(verifier.as_bytes())));
    if challenge.as_deref() != asked.get("code_challenge").map(String::as_str) || form.get("redirect_uri") != asked.get("redirect_uri") {
        return refuse();
    }
    Json(json!({ "access_token": "x", "token_type": "Bearer", "id_token": id_token(&shared.url, &inner, &asked, claims) })).into_response()
}

fn id_token(url: &str, inner: &Inner, asked: &HashMap<String, String>, claims: Value) -> String {
    let now = i64::try_from(std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).expect("after 1970").as_secs()).expect("not for long");
    let mut payload = json!({ "iss": url, "aud": "vivier", "iat": now, "exp": now + 300, "nonce": asked["nonce"] });
    payload.as_object_mut().expect("an object").extend(claims.as_object().cloned().unwrap_or_default());
    let (kind, name) = if inner.elliptic { ("ES256", "ec") } else { ("RS256", "rsa") };
    let mut header = json!({ "typ": "JWT", "alg": kind, "kid": format!("{name}-{}", inner.generation) });
    match inner.flaw {
        Flaw::None | Flaw::Signature => {}
        Flaw::Nonce => payload["nonce"] = json!("of another sign-in"),
        Flaw::NoNonce => payload["nonce"] = Value::Null,
        Flaw::Audience => payload["aud"] = json!("another"),
        Flaw::Party => {
            payload["aud"] = json!(["vivier", "another"]);
            payload["azp"] = json!("another");
        }
        Flaw::Expired => {
            payload["iat"] = json!(now - 400);
            payload["exp"] = json!(now - 100);
        }
        Flaw::Early => payload["nbf"] = json!(now + 600),
        Flaw::Issuer => payload["iss"] = json!("https://accounts.example.org"),
        Flaw::AlgNone => header["alg"] = json!("none"),
        Flaw::AlgHmac => header["alg"] = json!("HS256"),
        Flaw::UnknownKey => header["kid"] = json!("never published"),
    }
    let signed = format!("{}.{}", BASE64.encode(header.to_string()), BASE64.encode(payload.to_string()));
    let signature = match inner.flaw {
        Flaw::AlgNone => Vec::new(),
        Flaw::AlgHmac => {
            let key = aws_lc_rs::hmac::Key::new(aws_lc_rs::hmac::HMAC_SHA256, inner.rsa.public_key().as_ref());
            aws_lc_rs::hmac::sign(&key, signed.as_bytes()).as_ref().to_vec()
        }
        Flaw::Signature => sign_rsa(&rsa(), &signed),
        Flaw::None if inner.elliptic => inner.ec.sign(&SystemRandom::new(), signed.as_bytes()).expect("signed").as_ref().to_vec(),
        Flaw::None | Flaw::Nonce | Flaw::NoNonce | Flaw::Audience | Flaw::Party | Flaw::Expired | Flaw::Early | Flaw::Issuer | Flaw::UnknownKey => {
            sign_rsa(&inner.rsa, &signed)
        }
    };
    format!("{signed}.{}", BASE64.encode(signature))
}

fn sign_rsa(key: &RsaKeyPair, text: &str) -> Vec<u8> {
    let mut signature = vec![0; key.public_modulus_len()];
    key.sign(&RSA_PKCS1_SHA256, &SystemRandom::new(), text.as_bytes(), &mut signature).expect("signed");
    signature
}
