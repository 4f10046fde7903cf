//! What an operator can set about money.

use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};
use vivier_core::secret::Secret;

use super::stripe::StripeError;

/// Who takes the money.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Provider {
    /// Nobody: every plan is free to choose.
    #[default]
    None,
    Stripe,
}

/// `[server.billing]`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct BillingSettings {
    pub provider: Provider,
    /// Where Stripe's API is. Another address than Stripe's own is for tests.
    pub api_base: String,
    /// The file that holds the secret key (`sk_…`, or better a restricted `rk_…`). Read anew for every call. Mode 0600.
    pub secret_key_file: PathBuf,
    /// The file that holds the webhook's signing secrets (`whsec_…`), one on a line: several while one is being replaced. Mode 0600.
    pub webhook_secret_file: PathBuf,
    /// Seconds that one call to Stripe may take.
    pub timeout_seconds: u32,
    /// Days that an agent runs on after a payment has failed.
    pub grace_days: u32,
    /// Days that a suspended (or never paid) agent waits for a payment before it is deleted. Its data is then kept for
    /// `server.retention_days`.
    pub window_days: u32,
    /// Seconds of a period in which an agent may be away before they are given back: a restart is no line on an invoice.
    pub tolerance_seconds: u32,
}

impl Default for BillingSettings {
    fn default() -> Self {
        Self {
            provider: Provider::None,
            api_base: "https://api.stripe.com".to_owned(),
            secret_key_file: PathBuf::new(),
            webhook_secret_file: PathBuf::new(),
            timeout_seconds: 20,
            grace_days: 3,
            window_days: 14,
            tolerance_seconds: 300,
        }
    }
}

impl BillingSettings {
    /// # Errors
    /// The first setting that cannot be.
    pub fn check(&self) -> Result<(), StripeError> {
        let wrong = |field: &str, why: &str| Err(StripeError::Settings(format!("billing.{field} {why}")));
        if vivier_core::provider::http_address(&self.api_base).is_err() {
            return wrong("api_base", "must be an address such as https://api.stripe.com");
        }
        if self.secret_key_file.as_os_str().is_empty() {
            return wrong("secret_key_file", "must name the file that holds Stripe's secret key");
        }
        if self.webhook_secret_file.as_os_str().is_empty() {
            return wrong("webhook_secret_file", "must name the file that holds the webhook's signing secret");
        }
        for (field, value) in [("timeout_seconds", self.timeout_seconds), ("window_days", self.window_days)] {
            if value == 0 {
                return wrong(field, "must be at least 1");
            }
        }
        Ok(())
    }

    /// The secret key, as the file holds it now.
    ///
    /// # Errors
    /// When the file cannot be read, or holds no key.
    pub fn secret_key(&self) -> Result<Secret, StripeError> {
        let lines = lines(&self.secret_key_file, "billing.secret_key_file")?;
        match lines.as_slice() {
            [key] => Ok(key.clone()),
            _ => Err(StripeError::Settings(format!("billing.secret_key_file: {} must hold one key", self.secret_key_file.display()))),
        }
    }

    /// The signing secrets, as the file holds them now.
    ///
    /// # Errors
    /// When the file cannot be read, or holds none.
    pub fn webhook_secrets(&self) -> Result<Vec<Secret>, StripeError> {
        lines(&self.webhook_secret_file, "billing.webhook_secret_file")
    }
}

/// The words of a file, one on a line; `#` begins a remark.
fn lines(path: &Path, setting: &str) -> Result<Vec<Secret>, StripeError> {
    let text = std::fs::read_to_string(path)
        .map(zeroize::Zeroizing::new)
        .map_err(|error| StripeError::Settings(format!("{setting}: {} cannot be read: {error}", path.display())))?;
    let words: Vec<_> = text.lines().map(str::trim).filter(|line| !line.is_empty() && !line.starts_with('#')).collect();
    let fit = |word: &&str| word.len() >= 8 && word.bytes().all(|byte| byte.is_ascii_graphic());
    if words.is_empty() || !words.iter().all(fit) {
        return Err(StripeError::Settings(format!("{setting}: {} holds no key", path.display())));
    }
    Ok(words.into_iter().map(Secret::new).collect())
}
