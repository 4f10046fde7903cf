//! Sends a mail: over SMTP, or into a file.

use std::io::Write as _;
use std::os::unix::fs::{OpenOptionsExt as _, PermissionsExt as _};
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use lettre::message::header::{ContentTransferEncoding, ContentType, HeaderName, HeaderValue};
use lettre::message::{Body, Mailbox, Message};
use lettre::transport::smtp::authentication::Credentials;
use lettre::transport::smtp::client::{Certificate, Tls, TlsParameters};
use lettre::transport::smtp::{AsyncSmtpTransport, Error as SmtpError};
use lettre::{AsyncTransport as _, Tokio1Executor};
use vivier_core::id::JobId;
use vivier_core::time::Timestamp;

use super::{Mail, MailSettings, Security};

/// The longest password file, in bytes.
const MOST_PASSWORD: usize = 4_096;

/// Where mails leave.
#[derive(Clone, Debug)]
pub struct Post {
    settings: MailSettings,
    outbox: PathBuf,
}

/// Where a mail went.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Sent {
    /// The server took it, and said this.
    Server { name: String, port: u16, answer: String },
    /// It is in this file.
    File(PathBuf),
}

/// Why a mail was not sent. Never holds the mail or the password.
#[derive(Debug, thiserror::Error)]
#[error("{message}")]
pub struct SendError {
    pub message: String,
    /// The server will never take it: the address does not exist, say.
    pub forever: bool,
}

impl SendError {
    fn later(message: impl Into<String>) -> Self {
        Self { message: message.into(), forever: false }
    }

    fn never(message: impl Into<String>) -> Self {
        Self { message: message.into(), forever: true }
    }
}

impl Post {
    /// `data_dir`: where the outbox is, when there is no server.
    pub fn new(settings: &MailSettings, data_dir: &Path) -> Self {
        Self { settings: settings.clone(), outbox: data_dir.join("outbox") }
    }

    /// Where mails go, for people.
    pub fn describe(&self) -> String {
        match &self.settings.host {
            Some(host) => format!("{host}:{}", self.settings.port()),
            None => self.outbox.display().to_string(),
        }
    }

    /// Sends `mail`. The same `id` and `at` make the same mail, by its Message-ID: a repetition is recognised by who reads it, and in
    /// the outbox it is the same file.
    ///
    /// # Errors
    /// Whether it is worth another try, and why it did not work.
    pub async fn send(&self, mail: &Mail, id: JobId, at: Timestamp) -> Result<Sent, SendError> {
        let message = self.message(mail, id, at)?;
        match &self.settings.host {
            Some(host) => self.over_smtp(host, message).await,
            None => {
                let (outbox, bytes) = (self.outbox.clone(), message.formatted());
                let written = tokio::task::spawn_blocking(move || write(&outbox, id, &bytes)).await;
                match written {
                    Ok(Ok(path)) => Ok(Sent::File(path)),
                    Ok(Err(error)) => Err(SendError::later(format!("the outbox {} cannot be written: {error}", self.outbox.display()))),
                    Err(error) => Err(SendError::later(format!("the outbox cannot be written: {error}"))),
                }
            }
        }
    }

    fn message(&self, mail: &Mail, id: JobId, at: Timestamp) -> Result<Message, SendError> {
        let Mail { to, subject, text } = mail;
        let from = self.settings.sender().map_err(|error| SendError::later(format!("server.mail.{error}")))?;
        let to: Mailbox = to.as_str().parse().map_err(|_| SendError::never("the address cannot be written as mail wants it"))?;
        let at = SystemTime::UNIX_EPOCH + Duration::from_millis(u64::try_from(at.as_millis()).unwrap_or_default());
        let message_id = format!("<{id}@{}>", from.email.domain());
        let built =
            Message::builder().from(from).to(to).subject(subject).date(at).message_id(Some(message_id)).header(ContentType::TEXT_PLAIN).body(body(text));
        let mut message = built.map_err(|error| SendError::never(format!("the mail cannot be written: {error}")))?;
        // RFC 3834: no machine answers it.
        message.headers_mut().insert_raw(HeaderValue::new(HeaderName::new_from_ascii_str("Auto-Submitted"), "auto-generated".to_owned()));
        Ok(message)
    }

    async fn over_smtp(&self, host: &str, message: Message) -> Result<Sent, SendError> {
        let port = self.settings.port();
        let transport = self.transport(host, port).await?;
        match transport.send(message).await {
            Ok(response) => Ok(Sent::Server { name: host.to_owned(), port, answer: response.message().collect::<Vec<_>>().join(" ") }),
            Err(error) => Err(explain(host, port, &error)),
        }
    }

    async fn transport(&self, host: &str, port: u16) -> Result<AsyncSmtpTransport<Tokio1Executor>, SendError> {
        let tls = match self.settings.security {
            Security::None => Tls::None,
            Security::Starttls => Tls::Required(self.tls(host).await?),
            Security::Tls => Tls::Wrapper(self.tls(host).await?),
        };
        let mut builder = AsyncSmtpTransport::<Tokio1Executor>::builder_dangerous(host)
            .port(port)
            .tls(tls)
            .timeout(Some(Duration::from_secs(u64::from(self.settings.timeout_seconds))));
        if let (Some(username), Some(file)) = (&self.settings.username, &self.settings.password_file) {
            builder = builder.credentials(Credentials::new(username.clone(), password(file).await?));
        }
        Ok(builder.build())
    }

    async fn tls(&self, host: &str) -> Result<TlsParameters, SendError> {
        let mut builder = TlsParameters::builder(host.to_owned());
        if let Some(file) = &self.settings.ca_file {
            let pem =
                tokio::fs::read(file).await.map_err(|error| SendError::later(format!("server.mail.ca_file ({}) cannot be read: {error}", file.display())))?;
            let certificate =
                Certificate::from_pem(&pem).map_err(|_| SendError::later(format!("server.mail.ca_file ({}) holds no certificate in PEM", file.display())))?;
            builder = builder.add_root_certificate(certificate);
        }
        builder.build_rustls().map_err(|error| SendError::later(format!("TLS cannot be prepared: {error}")))
    }
}

/// As it is, where mail can carry it (RFC 5322, 2.1.1: ASCII, lines of 998 characters at most): a link then stands in the file and in
/// the mail's source as it is opened. lettre would encode lines from 77 characters on.
fn body(text: &str) -> Body {
    let plain = text.bytes().all(|byte| byte == b'\n' || byte == b'\t' || (b' '..=b'~').contains(&byte));
    if plain && text.lines().all(|line| line.len() <= 998) {
        Body::dangerous_pre_encoded(text.replace('\n', "\r\n").into_bytes(), ContentTransferEncoding::SevenBit)
    } else {
        Body::new(text.to_owned())
    }
}

/// The password alone, in a file that nobody else can read.
async fn password(file: &Path) -> Result<String, SendError> {
    let fail = |why: String| SendError::later(format!("server.mail.password_file ({}) {why}", file.display()));
    let about = tokio::fs::metadata(file).await.map_err(|error| fail(format!("cannot be read: {error}")))?;
    if about.permissions().mode() & 0o077 != 0 {
        return Err(fail("can be read by others; `chmod 600` it".to_owned()));
    }
    let text = tokio::fs::read_to_string(file).await.map_err(|error| fail(format!("cannot be read: {error}")))?;
    let text = text.trim_end_matches(['\r', '\n']);
    if text.is_empty() || text.len() > MOST_PASSWORD {
        return Err(fail("must hold the password, and nothing else".to_owned()));
    }
    Ok(text.to_owned())
}

/// The server's words and what they mean for another try. RFC 5321, 4.2: 5yz is final; but a refused sign-in (RFC 4954: 530, 534, 535,
/// 538) and a server that is misconfigured are the operator's to mend, and the mail must not be lost over it.
fn explain(host: &str, port: u16, error: &SmtpError) -> SendError {
    let code = error.status().map(u16::from);
    let words = chain(error);
    match code {
        Some(530 | 534 | 535 | 538) => SendError::later(format!("{host}:{port} refuses the sign-in of server.mail.username: {words}")),
        Some(550..=553) => SendError::never(format!("{host}:{port} does not take mail for this address: {words}")),
        Some(_) => SendError::later(format!("{host}:{port} did not take the mail: {words}")),
        None if error.is_tls() => SendError::later(format!("TLS with {host}:{port} does not work: {words}")),
        None => SendError::later(format!("{host}:{port} cannot be reached: {words}")),
    }
}

fn chain(error: &(dyn std::error::Error + 'static)) -> String {
    let words: Vec<String> = std::iter::successors(Some(error), |error| error.source()).map(ToString::to_string).collect();
    // Each says what the next one says, too, or not.
    words
        .iter()
        .enumerate()
        .filter(|(at, word)| words.get(at + 1).is_none_or(|next| !word.contains(next.as_str())))
        .map(|(_, word)| word.as_str())
        .collect::<Vec<_>>()
        .join(": ")
}

/// Whole or not at all, and for nobody else's eyes.
fn write(outbox: &Path, id: JobId, bytes: &[u8]) -> std::io::Result<PathBuf> {
    std::fs::create_dir_all(outbox)?;
    std::fs::set_permissions(outbox, std::fs::Permissions::from_mode(0o700))?;
    let (path, beside) = (outbox.join(format!("{id}.eml")), outbox.join(format!(".{id}.new")));
    let mut file = std::fs::OpenOptions::new().write(true).create(true).truncate(true).mode(0o600).open(&beside)?;
    file.write_all(bytes)?;
    std::fs::rename(&beside, &path)?;
    Ok(path)
}
