//! AWS KMS: `Encrypt` and `Decrypt`, with the owner as encryption context.
//!
//! Source: <https://docs.aws.amazon.com/kms/latest/APIReference/>. KMS changes the material behind a key's id by itself, so an id tells no
//! generation. A client of a few calls instead of the SDK: see `docs/decisions/0018-keys-and-versions.md`.

use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use serde_json::{Value, json};
use zeroize::Zeroizing;

use super::credentials::Credentials;
use super::http::{Answer, Http};
use super::sigv4::{self, Signed};
use super::{DataKey, KeyEncryption, KeyError, KeyId, KeyKind, KmsSettings, Owner, Wrapped};

/// One KMS key.
pub struct AwsKms {
    settings: KmsSettings,
    http: Http,
    credentials: Credentials,
}

impl AwsKms {
    /// # Errors
    /// When a setting cannot be.
    pub fn open(settings: &KmsSettings) -> Result<Self, KeyError> {
        settings.check()?;
        let timeout = Duration::from_secs(settings.timeout_seconds.into());
        Ok(Self { settings: settings.clone(), http: Http::new(timeout, None)?, credentials: Credentials::of(settings)? })
    }

    fn service(&self) -> String {
        format!("AWS KMS in {}", self.settings.region)
    }

    fn endpoint(&self) -> String {
        let own = || format!("https://kms.{}.amazonaws.com", self.settings.region);
        self.settings.endpoint.clone().unwrap_or_else(own).trim_end_matches('/').to_owned()
    }

    async fn call(&self, operation: &str, body: Value) -> Result<Value, KeyError> {
        let away = |reason: String| KeyError::Unavailable { service: self.service(), reason };
        let keys = self.credentials.get().await?;
        let body = Zeroizing::new(body.to_string());
        let target = format!("TrentService.{operation}");
        let endpoint = self.endpoint();
        let host = endpoint.split_once("://").map_or(endpoint.as_str(), |(_, rest)| rest);
        let request = sigv4::Request { region: &self.settings.region, service: "kms", host, target: &target, body: body.as_bytes() };
        let Signed { date, authorization } = sigv4::sign(&keys, &request, std::time::SystemTime::now());
        let mut headers = vec![
            ("content-type", sigv4::CONTENT_TYPE),
            ("host", host),
            ("x-amz-date", date.as_str()),
            ("x-amz-target", target.as_str()),
            ("authorization", authorization.as_str()),
        ];
        if let Some(token) = &keys.session {
            headers.push(("x-amz-security-token", token.expose()));
        }
        let Answer { status, body } = self.http.post(&format!("{endpoint}/"), &headers, body.as_bytes()).await.map_err(away)?;
        let answer: Value = serde_json::from_slice(&body).unwrap_or_default();
        if status == 200 {
            return Ok(answer);
        }
        let code = answer["__type"].as_str().unwrap_or_default().rsplit('#').next().unwrap_or_default().to_owned();
        let said = answer["message"].as_str().or_else(|| answer["Message"].as_str()).unwrap_or_default();
        Err(self.refusal(status, &code, &said.chars().filter(|letter| !letter.is_control()).take(300).collect::<String>()))
    }

    fn refusal(&self, status: u16, code: &str, said: &str) -> KeyError {
        let key = &self.settings.key_id;
        let reason = format!("{status} {code} {said}").trim().to_owned();
        let refused = |remedy: String| KeyError::Refused { service: self.service(), reason: reason.clone(), remedy };
        match code {
            "ThrottlingException" | "KMSInternalException" | "DependencyTimeoutException" | "KeyUnavailableException" | "LimitExceededException" => {
                KeyError::Unavailable { service: self.service(), reason }
            }
            "DisabledException" | "KMSInvalidStateException" => {
                refused(format!("Enable the key {key} again, or cancel its deletion: without it no secret can be read"))
            }
            "NotFoundException" => {
                refused(format!("Look at the key {key} and the region; a key that was deleted cannot come back, and what it wrapped is lost"))
            }
            _ if status >= 500 => KeyError::Unavailable { service: self.service(), reason },
            _ => refused(format!("Give these credentials kms:Encrypt and kms:Decrypt on {key}, and look at the machine's clock")),
        }
    }
}

/// Bound to the ciphertext by KMS, and told in CloudTrail: it must not be secret.
fn context(owner: Owner) -> Value {
    json!({ "vivier": "data-key/1", "owner": owner.to_string() })
}

#[async_trait::async_trait]
impl KeyEncryption for AwsKms {
    fn kind(&self) -> KeyKind {
        KeyKind::AwsKms
    }

    async fn current(&self) -> Result<KeyId, KeyError> {
        Ok(KeyId::new(KeyKind::AwsKms, &self.settings.key_id))
    }

    async fn wrap(&self, owner: Owner, key: &DataKey) -> Result<Wrapped, KeyError> {
        let body = json!({ "KeyId": self.settings.key_id, "Plaintext": BASE64.encode(key.expose()), "EncryptionContext": context(owner) });
        let answer = self.call("Encrypt", body).await?;
        let blob = BASE64.decode(answer["CiphertextBlob"].as_str().unwrap_or_default()).ok().filter(|blob| !blob.is_empty());
        let bytes = blob.ok_or_else(|| KeyError::Unavailable { service: self.service(), reason: "its answer holds no ciphertext".to_owned() })?;
        Ok(Wrapped { key: self.current().await?, bytes })
    }

    async fn unwrap(&self, owner: Owner, wrapped: &Wrapped) -> Result<DataKey, KeyError> {
        let broken = || KeyError::Open { owner, key: wrapped.key.clone() };
        let id = wrapped.key.of(KeyKind::AwsKms).unwrap_or_default();
        let body = json!({ "KeyId": id, "CiphertextBlob": BASE64.encode(&wrapped.bytes), "EncryptionContext": context(owner) });
        let answer = match self.call("Decrypt", body).await {
            Err(KeyError::Refused { reason, .. }) if reason.contains("InvalidCiphertextException") || reason.contains("IncorrectKeyException") => {
                return Err(broken());
            }
            answer => answer?,
        };
        let plain = Zeroizing::new(BASE64.decode(answer["Plaintext"].as_str().unwrap_or_default()).map_err(|_| broken())?);
        DataKey::from_bytes(&plain).ok_or_else(broken)
    }

    fn holds(&self, key: &KeyId) -> bool {
        // Any key of the account, by its id: the credentials decide. So a rotation may move from one KMS key to another.
        key.of(KeyKind::AwsKms).is_some()
    }

    async fn advance(&self) -> Result<KeyId, KeyError> {
        self.current().await
    }

    fn tells_generations(&self) -> bool {
        false
    }

    fn retire(&self, _is_needed: &dyn Fn(&KeyId) -> bool) -> Result<Vec<KeyId>, KeyError> {
        Ok(Vec::new())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_kms_refuses_is_told_with_what_to_do_and_what_passes_is_tried_again() {
        let settings = KmsSettings {
            key_id: "alias/vivier".to_owned(),
            region: "eu-central-1".to_owned(),
            credentials_file: Some("/nowhere".into()),
            ..KmsSettings::default()
        };
        let kms = AwsKms::open(&settings).expect("a client");
        for (status, code, transient, words) in [
            (400, "DisabledException", false, "Enable the key alias/vivier again"),
            (400, "KMSInvalidStateException", false, "cancel its deletion"),
            (400, "NotFoundException", false, "cannot come back"),
            (400, "AccessDeniedException", false, "kms:Encrypt and kms:Decrypt on alias/vivier"),
            (403, "InvalidSignatureException", false, "the machine's clock"),
            (400, "ThrottlingException", true, "does not answer"),
            (503, "", true, "does not answer"),
        ] {
            let error = kms.refusal(status, code, "said so");
            assert!(error.is_transient() == transient && error.to_string().contains(words), "{code}: {error}");
        }
    }
}
