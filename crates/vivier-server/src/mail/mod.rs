//! Mail: plain text, to one person, sent by a job (see [`crate::store::Tx::mail`]) through the operator's SMTP server; without one
//! it is written into files, which is what one wants while trying Vivier out.
//!
//! Each subject's texts have a file of their own here: functions that return a [`Mail`]. Lines have at most 76 characters, a link
//! stands alone on its line, and every mail says why it came.

pub mod accounts;
pub mod billing;
pub mod books;
pub mod members;
mod post;
mod settings;
pub mod tickets;

use serde::{Deserialize, Serialize};
use vivier_core::id::JobId;
use vivier_core::name::Email;

use crate::Config;
use crate::clock::{Clock as _, SystemClock};
use crate::store::new_uuid;

pub use self::post::{Post, SendError, Sent};
pub use self::settings::{MailError, MailSettings, Security};

/// One mail. Its text may hold a one-time link: it is never logged, and kept sealed.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Mail {
    pub to: Email,
    /// One line.
    pub subject: String,
    pub text: String,
}

impl Mail {
    /// `subject` becomes one line, whatever is in it: a name that a tenant has chosen adds no header.
    pub fn new(to: Email, subject: &str, text: impl Into<String>) -> Self {
        let subject = subject.split(|letter: char| letter.is_control()).filter(|part| !part.is_empty()).collect::<Vec<_>>().join(" ");
        Self { to, subject, text: text.into() }
    }
}

impl std::fmt::Debug for Mail {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Mail").field("to", &self.to).field("subject", &self.subject).finish_non_exhaustive()
    }
}

/// Sends one mail at once, with the settings in force: for an operator who wants to know whether it works.
///
/// # Errors
/// When a setting cannot be, or the mail was not taken.
pub async fn send_test(config: &Config, to: &Email) -> anyhow::Result<Sent> {
    config.check()?;
    let text = format!(
        "This is a test of the mail settings of Vivier at\n{}\n\nSomebody ran `vivierd mail test` on its machine. If you read this, mail works, and\nthere is nothing to do.\n",
        config.public_url
    );
    let mail = Mail::new(to.clone(), "Mail from Vivier works", text);
    Ok(Post::new(&config.mail, &config.data_dir).send(&mail, JobId::from_uuid(new_uuid()), SystemClock.now()).await?)
}
