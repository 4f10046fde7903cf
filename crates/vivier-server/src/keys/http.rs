//! The few calls that key services want: one request, one bounded answer, no redirects.

use std::path::Path;
use std::time::Duration;

use zeroize::Zeroizing;

use super::KeyError;

/// The largest answer, in bytes.
const MOST_BYTES: usize = 256 * 1024;

/// A client with a patience of its own.
pub(super) struct Http {
    client: reqwest::Client,
    timeout: Duration,
}

/// What came back.
pub(super) struct Answer {
    pub status: u16,
    pub body: Zeroizing<Vec<u8>>,
}

impl Http {
    /// `authority`: a PEM file beside the system's.
    pub fn new(timeout: Duration, authority: Option<&Path>) -> Result<Self, KeyError> {
        Self::made(reqwest::Client::builder(), timeout, authority)
    }

    /// For what answers on this machine only: through no proxy.
    pub fn direct(timeout: Duration) -> Result<Self, KeyError> {
        Self::made(reqwest::Client::builder().no_proxy(), timeout, None)
    }

    fn made(builder: reqwest::ClientBuilder, timeout: Duration, authority: Option<&Path>) -> Result<Self, KeyError> {
        let mut builder = builder
            .redirect(reqwest::redirect::Policy::none())
            .timeout(timeout)
            .pool_idle_timeout(Duration::from_secs(30))
            .user_agent(concat!("vivier/", env!("CARGO_PKG_VERSION")));
        if let Some(path) = authority {
            let pem = std::fs::read(path).map_err(|source| KeyError::Io { path: path.to_owned(), source })?;
            let found =
                reqwest::Certificate::from_pem_bundle(&pem).map_err(|error| KeyError::Settings(format!("ca_file: {} is no PEM: {error}", path.display())))?;
            builder = found.into_iter().fold(builder, reqwest::ClientBuilder::add_root_certificate);
        }
        let client = builder.build().map_err(|error| KeyError::Settings(format!("no client can be made: {error}")))?;
        Ok(Self { client, timeout })
    }

    /// The reason of a failure is for a person, without the address's query.
    pub async fn post(&self, url: &str, headers: &[(&str, &str)], body: &[u8]) -> Result<Answer, String> {
        self.send(self.client.post(url).body(body.to_vec()), headers).await
    }

    pub async fn get(&self, url: &str, headers: &[(&str, &str)]) -> Result<Answer, String> {
        self.send(self.client.get(url), headers).await
    }

    pub async fn put(&self, url: &str, headers: &[(&str, &str)]) -> Result<Answer, String> {
        self.send(self.client.put(url), headers).await
    }

    async fn send(&self, mut request: reqwest::RequestBuilder, headers: &[(&str, &str)]) -> Result<Answer, String> {
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let mut response = request.send().await.map_err(|error| self.words(&error))?;
        let status = response.status().as_u16();
        let mut body = Zeroizing::new(Vec::new());
        while let Some(chunk) = response.chunk().await.map_err(|error| self.words(&error))? {
            if body.len() + chunk.len() > MOST_BYTES {
                return Err("its answer is too long".to_owned());
            }
            body.extend_from_slice(&chunk);
        }
        Ok(Answer { status, body })
    }

    fn words(&self, error: &reqwest::Error) -> String {
        if error.is_timeout() {
            return format!("no answer within {} s", self.timeout.as_secs());
        }
        let mut last: &dyn std::error::Error = error;
        while let Some(source) = last.source() {
            last = source;
        }
        last.to_string()
    }
}
