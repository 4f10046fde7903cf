//! What an operator can set about mail.

use std::path::PathBuf;

use lettre::message::Mailbox;
use serde::{Deserialize, Serialize};

/// How the connection to the SMTP server is protected.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Security {
    /// In clear at first, then TLS or nothing (port 587).
    #[default]
    Starttls,
    /// TLS from the first byte (port 465).
    Tls,
    /// None: for a server on this very machine (port 25).
    None,
}

impl Security {
    pub const fn port(self) -> u16 {
        match self {
            Self::Starttls => 587,
            Self::Tls => 465,
            Self::None => 25,
        }
    }
}

/// `[server.mail]`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct MailSettings {
    /// Who the mails come from: an address, or a name and an address.
    pub from: String,
    /// The SMTP server's name. Absent: mails are written into `<data_dir>/outbox/`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub host: Option<String>,
    /// Absent: the usual one of `security`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub port: Option<u16>,
    pub security: Security,
    /// With a password file: signs in.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub username: Option<String>,
    /// Holds the password alone, read anew for every mail; readable by its owner only.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub password_file: Option<PathBuf>,
    /// An authority (PEM) beside the system's, for a server with a certificate of one's own.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ca_file: Option<PathBuf>,
    /// Seconds for one exchange with the server.
    pub timeout_seconds: u32,
}

impl Default for MailSettings {
    fn default() -> Self {
        Self {
            from: "Vivier <vivier@localhost>".to_owned(),
            host: None,
            port: None,
            security: Security::Starttls,
            username: None,
            password_file: None,
            ca_file: None,
            timeout_seconds: 30,
        }
    }
}

/// What is wrong with the settings, with the next step.
#[derive(Debug, thiserror::Error)]
pub enum MailError {
    #[error("from must be an address such as vivier@example.com, or \"Vivier <vivier@example.com>\"")]
    From,
    #[error("username and password_file go together: set both, or neither")]
    Login,
    #[error("a password would travel in clear: set security to \"starttls\" or \"tls\", or take username and password_file away")]
    Clear,
    #[error("timeout_seconds must be at least 1")]
    Timeout,
}

impl MailSettings {
    /// # Errors
    /// The first setting that cannot be.
    pub fn check(&self) -> Result<(), MailError> {
        self.sender()?;
        match (&self.username, &self.password_file, self.security) {
            (Some(_), Some(_), Security::None) => Err(MailError::Clear),
            (Some(_), None, _) | (None, Some(_), _) => Err(MailError::Login),
            (Some(_), Some(_), Security::Starttls | Security::Tls) | (None, None, _) => Ok(()),
        }?;
        if self.timeout_seconds == 0 { Err(MailError::Timeout) } else { Ok(()) }
    }

    pub(super) fn sender(&self) -> Result<Mailbox, MailError> {
        self.from.parse().map_err(|_| MailError::From)
    }

    pub fn port(&self) -> u16 {
        self.port.unwrap_or_else(|| self.security.port())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn settings_that_cannot_work_or_would_tell_the_password_are_refused() {
        MailSettings::default().check().expect("the defaults");
        let with = |change: &dyn Fn(&mut MailSettings)| {
            let mut settings = MailSettings { host: Some("mail.example.com".to_owned()), ..MailSettings::default() };
            change(&mut settings);
            settings.check()
        };
        assert!(with(&|settings| settings.from = "nobody".to_owned()).is_err());
        assert!(with(&|settings| settings.username = Some("vivier".to_owned())).is_err());
        assert!(with(&|settings| settings.timeout_seconds = 0).is_err());
        let login = |settings: &mut MailSettings| {
            settings.username = Some("vivier".to_owned());
            settings.password_file = Some("/etc/vivier/smtp".into());
        };
        with(&login).expect("over STARTTLS");
        let clear = |settings: &mut MailSettings| {
            login(settings);
            settings.security = Security::None;
        };
        assert!(with(&clear).is_err());
    }
}
