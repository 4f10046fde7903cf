//! Credentials for AWS: from the environment, from a file, or from the role of the instance.
//!
//! Source: <https://docs.aws.amazon.com/sdkref/latest/guide/standardized-credentials.html> and the instance metadata service, version 2.

use std::path::PathBuf;
use std::time::{Duration, Instant};

use vivier_core::secret::Secret;

use super::http::{Answer, Http};
use super::{KeyError, KmsSettings};

/// How long what the instance's role has given is used: it is valid for hours, and renewed in good time.
const KEPT: Duration = Duration::from_secs(300);
/// Link-local; only the machine itself answers there.
const METADATA: &str = "http://169.254.169.254";

/// What signs a request.
#[derive(Clone, Debug)]
pub(super) struct Keys {
    pub id: String,
    pub secret: Secret,
    pub session: Option<Secret>,
}

pub(super) struct Credentials {
    source: Source,
    kept: tokio::sync::Mutex<Option<(Instant, Keys)>>,
}

enum Source {
    Given(Keys),
    /// Read anew for every call.
    File {
        path: PathBuf,
        profile: String,
    },
    Instance(Http),
}

impl Credentials {
    /// # Errors
    /// When no client can be made.
    pub fn of(settings: &KmsSettings) -> Result<Self, KeyError> {
        let variable = |name: &str| std::env::var(name).ok().filter(|text| !text.is_empty());
        let source = match (&settings.credentials_file, variable("AWS_ACCESS_KEY_ID"), variable("AWS_SECRET_ACCESS_KEY")) {
            (Some(path), _, _) => Source::File { path: path.clone(), profile: settings.profile.clone() },
            (None, Some(id), Some(secret)) => Source::Given(Keys { id, secret: Secret::new(secret), session: variable("AWS_SESSION_TOKEN").map(Secret::new) }),
            (None, _, _) => Source::Instance(Http::direct(Duration::from_secs(2))?),
        };
        Ok(Self { source, kept: tokio::sync::Mutex::default() })
    }

    pub async fn get(&self) -> Result<Keys, KeyError> {
        match &self.source {
            Source::Given(keys) => Ok(keys.clone()),
            Source::File { path, profile } => {
                let text = std::fs::read_to_string(path).map(zeroize::Zeroizing::new).map_err(|source| KeyError::Io { path: path.clone(), source })?;
                let none = || {
                    KeyError::Settings(format!(
                        "aws_kms.credentials_file: {} holds no aws_access_key_id and aws_secret_access_key in [{profile}]",
                        path.display()
                    ))
                };
                profile_of(&text, profile).ok_or_else(none)
            }
            Source::Instance(http) => {
                let mut kept = self.kept.lock().await;
                if let Some((since, keys)) = &*kept
                    && since.elapsed() < KEPT
                {
                    return Ok(keys.clone());
                }
                let keys = of_instance(http).await?;
                *kept = Some((Instant::now(), keys.clone()));
                Ok(keys)
            }
        }
    }
}

/// The section `[profile]` of a credentials file.
fn profile_of(text: &str, profile: &str) -> Option<Keys> {
    let mut within = false;
    let (mut id, mut secret, mut session) = (None, None, None);
    for line in text.lines().map(str::trim) {
        if let Some(name) = line.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')) {
            within = name.trim() == profile;
        } else if within && let Some((key, value)) = line.split_once('=') {
            let value = value.trim().to_owned();
            match key.trim() {
                "aws_access_key_id" => id = Some(value),
                "aws_secret_access_key" => secret = Some(Secret::new(value)),
                "aws_session_token" => session = Some(Secret::new(value)),
                _ => {}
            }
        }
    }
    Some(Keys { id: id.filter(|id| !id.is_empty())?, secret: secret?, session })
}

async fn of_instance(http: &Http) -> Result<Keys, KeyError> {
    let away = |reason: String| KeyError::Unavailable {
        service: "The metadata service of this machine".to_owned(),
        reason: format!("{reason}; where there is no instance role, set credentials_file, or AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY"),
    };
    let text = |Answer { status, body }: Answer| match status {
        200 => String::from_utf8(body.to_vec()).map_err(|_| away("its answer is no text".to_owned())),
        _ => Err(away(format!("it answers {status}"))),
    };
    let token = text(http.put(&format!("{METADATA}/latest/api/token"), &[("x-aws-ec2-metadata-token-ttl-seconds", "300")]).await.map_err(away)?)?;
    let headers = [("x-aws-ec2-metadata-token", token.as_str())];
    let at = format!("{METADATA}/latest/meta-data/iam/security-credentials/");
    let role = text(http.get(&at, &headers).await.map_err(away)?)?;
    let answer = text(http.get(&format!("{at}{}", role.lines().next().unwrap_or_default()), &headers).await.map_err(away)?)?;
    let answer: serde_json::Value = serde_json::from_str(&answer).unwrap_or_default();
    let part = |name: &str| answer[name].as_str().map(str::to_owned).ok_or_else(|| away(format!("its answer holds no {name}")));
    Ok(Keys { id: part("AccessKeyId")?, secret: Secret::new(part("SecretAccessKey")?), session: Some(Secret::new(part("Token")?)) })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_section_of_the_file_is_read_and_no_other() {
        let text = "[default]\naws_access_key_id = A\naws_secret_access_key = s=1\n\n[ other ]\naws_access_key_id=B\naws_secret_access_key=t\naws_session_token=u\n[half]\naws_access_key_id=C\n";
        let default = profile_of(text, "default").expect("there");
        assert_eq!((default.id.as_str(), default.secret.expose(), default.session), ("A", "s=1", None));
        let other = profile_of(text, "other").expect("there");
        assert_eq!((other.id.as_str(), other.session.expect("a token").expose()), ("B", "u"));
        assert!(profile_of(text, "half").is_none() && profile_of(text, "none").is_none());
    }
}
