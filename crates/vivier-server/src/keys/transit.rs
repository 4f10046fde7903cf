//! HashiCorp Vault's transit engine (and OpenBao's): the key never leaves it.
//!
//! Source: <https://developer.hashicorp.com/vault/api-docs/secret/transit>. `encrypt`, `decrypt` and `rewrap` take `context`, which derived
//! keys are derived from and others ignore; associated data is not known to `rewrap`. So the owner is inside what is encrypted as well, and
//! compared after it was decrypted: a wrapped key that was moved to another row does not open, whatever kind of key it is.

use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use serde_json::{Value, json};
use zeroize::Zeroizing;

use super::http::{Answer, Http};
use super::{DataKey, KEY_BYTES, KeyEncryption, KeyError, KeyId, KeyKind, Owner, TransitSettings, Wrapped};

/// One transit key.
pub struct Transit {
    settings: TransitSettings,
    http: Http,
}

impl Transit {
    /// # Errors
    /// When a setting cannot be, or the authority's file cannot be read.
    pub fn open(settings: &TransitSettings) -> Result<Self, KeyError> {
        settings.check()?;
        let http = Http::new(Duration::from_secs(settings.timeout_seconds.into()), settings.ca_file.as_deref())?;
        Ok(Self { settings: settings.clone(), http })
    }

    fn service(&self) -> String {
        format!("Vault at {}", self.settings.address)
    }

    /// `mount/key`: the part of the ids before the version.
    fn name(&self) -> String {
        format!("{}/{}", self.settings.mount, self.settings.key)
    }

    /// The token, as the file holds it now.
    fn token(&self) -> Result<Zeroizing<String>, KeyError> {
        let path = &self.settings.token_file;
        let text = std::fs::read_to_string(path).map(Zeroizing::new).map_err(|source| KeyError::Io { path: path.clone(), source })?;
        let token = Zeroizing::new(text.trim().to_owned());
        let fits = !token.is_empty() && token.bytes().all(|byte| byte.is_ascii_graphic());
        if fits { Ok(token) } else { Err(KeyError::Settings(format!("vault.token_file: {} holds no token", path.display()))) }
    }

    /// One verb of the transit key.
    async fn call(&self, verb: &str, body: Value) -> Result<Value, KeyError> {
        let TransitSettings { address, mount, key, namespace, .. } = &self.settings;
        let url = format!("{}/v1/{mount}/{verb}/{key}", address.trim_end_matches('/'));
        let token = self.token()?;
        let mut headers = vec![("content-type", "application/json"), ("x-vault-token", token.as_str()), ("x-vault-request", "true")];
        if let Some(namespace) = namespace {
            headers.push(("x-vault-namespace", namespace));
        }
        let body = Zeroizing::new(body.to_string());
        let Answer { status, body } = self.http.post(&url, &headers, body.as_bytes()).await.map_err(|reason| self.away(reason))?;
        let mut answer: Value = serde_json::from_slice(&body).unwrap_or_default();
        if status == 200 {
            return Ok(answer["data"].take());
        }
        let said = answer["errors"].as_array().into_iter().flatten().filter_map(Value::as_str).collect::<Vec<_>>().join("; ");
        let said: String = said.chars().filter(|letter| !letter.is_control()).take(300).collect();
        Err(self.refusal(status, &said))
    }

    fn away(&self, reason: impl Into<String>) -> KeyError {
        KeyError::Unavailable { service: self.service(), reason: reason.into() }
    }

    fn refusal(&self, status: u16, said: &str) -> KeyError {
        let TransitSettings { mount, key, token_file, .. } = &self.settings;
        let refused = |remedy: String| KeyError::Refused { service: self.service(), reason: format!("{status} {said}"), remedy };
        match status {
            // Sealed, in maintenance, standing by, or too busy: it passes.
            429 | 472 | 473 | 500..=599 => self.away(format!("{status} {said}; if it is sealed, unseal it")),
            401 | 403 => refused(format!(
                "Put a token that is valid into {}, with a policy that grants update on {mount}/encrypt/{key}, {mount}/decrypt/{key} and {mount}/rewrap/{key}",
                token_file.display()
            )),
            404 => refused(format!("Mount the transit engine at {mount}, and restore the key {key}: without it no secret can be read")),
            _ => refused(format!(
                "Look at the key {mount}/{key}; its minimum decryption version must not be above what is in use, and it must not have been deleted"
            )),
        }
    }

    fn wrapped(&self, answer: &Value) -> Result<Wrapped, KeyError> {
        let ciphertext = answer["ciphertext"].as_str().unwrap_or_default();
        let version = ciphertext.strip_prefix("vault:v").and_then(|rest| rest.split_once(':')).and_then(|(version, _)| version.parse::<u64>().ok());
        let version = version.ok_or_else(|| self.away("its answer holds no ciphertext"))?;
        Ok(Wrapped { key: KeyId::new(KeyKind::Vault, format_args!("{}:v{version}", self.name())), bytes: ciphertext.as_bytes().to_vec() })
    }
}

fn context(owner: Owner) -> String {
    BASE64.encode(owner.place())
}

#[async_trait::async_trait]
impl KeyEncryption for Transit {
    fn kind(&self) -> KeyKind {
        KeyKind::Vault
    }

    async fn current(&self) -> Result<KeyId, KeyError> {
        // Reading a key's versions wants a policy of its own; encrypting tells the newest as well.
        let probe = json!({ "plaintext": BASE64.encode("vivier/probe"), "context": context(Owner::Platform) });
        Ok(self.wrapped(&self.call("encrypt", probe).await?)?.key)
    }

    async fn wrap(&self, owner: Owner, key: &DataKey) -> Result<Wrapped, KeyError> {
        let mut plain = Zeroizing::new(owner.place().into_bytes());
        plain.extend_from_slice(key.expose());
        let body = json!({ "plaintext": BASE64.encode(&*plain), "context": context(owner) });
        self.wrapped(&self.call("encrypt", body).await?)
    }

    async fn unwrap(&self, owner: Owner, wrapped: &Wrapped) -> Result<DataKey, KeyError> {
        let broken = || KeyError::Open { owner, key: wrapped.key.clone() };
        let ciphertext = std::str::from_utf8(&wrapped.bytes).map_err(|_| broken())?;
        let answer = self.call("decrypt", json!({ "ciphertext": ciphertext, "context": context(owner) })).await;
        let answer = match answer {
            // 400: it does not decrypt. (Only the words tell that from a version that is not allowed any more.)
            Err(KeyError::Refused { reason, .. }) if reason.contains("authentication failed") || reason.contains("invalid ciphertext") => return Err(broken()),
            answer => answer?,
        };
        let plain = Zeroizing::new(BASE64.decode(answer["plaintext"].as_str().unwrap_or_default()).map_err(|_| broken())?);
        let (place, key) = plain.split_at_checked(plain.len().saturating_sub(KEY_BYTES)).ok_or_else(broken)?;
        if place != owner.place().as_bytes() {
            return Err(broken());
        }
        DataKey::from_bytes(key).ok_or_else(broken)
    }

    async fn rewrap(&self, owner: Owner, wrapped: &Wrapped) -> Result<Wrapped, KeyError> {
        // What does not open for its owner is not wrapped anew: `rewrap` alone would not notice.
        self.unwrap(owner, wrapped).await?;
        let ciphertext = String::from_utf8_lossy(&wrapped.bytes);
        self.wrapped(&self.call("rewrap", json!({ "ciphertext": ciphertext, "context": context(owner) })).await?)
    }

    fn holds(&self, key: &KeyId) -> bool {
        key.of(KeyKind::Vault).and_then(|rest| rest.rsplit_once(":v")).is_some_and(|(name, _)| name == self.name())
    }

    async fn advance(&self) -> Result<KeyId, KeyError> {
        // When a new version is made is Vault's operators' to decide; the newest there is, is used.
        self.current().await
    }

    fn tells_generations(&self) -> bool {
        true
    }

    fn retire(&self, _is_needed: &dyn Fn(&KeyId) -> bool) -> Result<Vec<KeyId>, KeyError> {
        Ok(Vec::new())
    }
}
