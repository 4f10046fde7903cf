//! A mail server on loopback: speaks SMTP (RFC 5321) with STARTTLS and AUTH, keeps what it takes, and fails when it is told to.

use std::path::PathBuf;
use std::sync::{Arc, Mutex};

use base64::Engine as _;
use rustls::pki_types::{PrivateKeyDer, PrivatePkcs8KeyDer};
use tokio::io::{AsyncBufReadExt as _, AsyncRead, AsyncWrite, AsyncWriteExt as _, BufReader};
use tokio::net::{TcpListener, TcpStream};
use tokio_rustls::TlsAcceptor;
use vivier_server::mail::{MailSettings, Security};

pub const USERNAME: &str = "vivier";
pub const PASSWORD: &str = "canary-smtp-password";

/// What the server does with the next mails.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mood {
    Takes,
    /// 451 at RCPT.
    Later,
    /// 550 at RCPT.
    Never,
    /// Takes the mail, and goes away before it says so: nobody can know.
    GoesAway,
    /// Takes the mail, and says nothing any more.
    Silent,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Taken {
    pub to: String,
    pub from: String,
    /// As it came, without the dots.
    pub text: String,
    pub encrypted: bool,
    pub signed_in: bool,
}

impl Taken {
    pub fn header(&self, name: &str) -> Option<&str> {
        let head = self.text.split("\r\n\r\n").next().unwrap_or_default();
        head.lines().find_map(|line| line.split_once(": ").filter(|(key, _)| key.eq_ignore_ascii_case(name)).map(|(_, value)| value))
    }

    pub fn body(&self) -> &str {
        self.text.split_once("\r\n\r\n").map_or("", |(_, body)| body)
    }
}

pub struct SmtpServer {
    pub settings: MailSettings,
    shared: Arc<Shared>,
    server: tokio::task::JoinHandle<()>,
}

struct Shared {
    mood: Mutex<Mood>,
    taken: Mutex<Vec<Taken>>,
    tls: Option<TlsAcceptor>,
}

impl Drop for SmtpServer {
    fn drop(&mut self) {
        self.server.abort();
    }
}

impl SmtpServer {
    /// In clear, and without a sign-in.
    pub async fn plain() -> Self {
        let settings = MailSettings { security: Security::None, ..MailSettings::default() };
        Self::start(settings, None).await
    }

    /// With STARTTLS and a sign-in; its authority and the password lie in `dir`.
    pub async fn private(dir: &std::path::Path) -> Self {
        let made = rcgen::generate_simple_self_signed(vec!["localhost".to_owned()]).expect("a certificate");
        let key = PrivateKeyDer::Pkcs8(PrivatePkcs8KeyDer::from(made.signing_key.serialize_der()));
        let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
        let config = rustls::ServerConfig::builder_with_provider(provider).with_safe_default_protocol_versions().expect("versions");
        let config = config.with_no_client_auth().with_single_cert(vec![made.cert.der().clone()], key).expect("a pair");
        let file = |name: &str, text: &str| -> PathBuf {
            use std::os::unix::fs::PermissionsExt as _;
            let path = dir.join(name);
            std::fs::write(&path, text).expect("written");
            std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o600)).expect("private");
            path
        };
        let settings = MailSettings {
            security: Security::Starttls,
            username: Some(USERNAME.to_owned()),
            password_file: Some(file("smtp-password", &format!("{PASSWORD}\n"))),
            ca_file: Some(file("smtp-ca.pem", &made.cert.pem())),
            ..MailSettings::default()
        };
        Self::start(settings, Some(TlsAcceptor::from(Arc::new(config)))).await
    }

    async fn start(settings: MailSettings, tls: Option<TlsAcceptor>) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let address = listener.local_addr().expect("an address");
        let shared = Arc::new(Shared { mood: Mutex::new(Mood::Takes), taken: Mutex::default(), tls });
        let server = tokio::spawn({
            let shared = shared.clone();
            async move {
                while let Ok((stream, _)) = listener.accept().await {
                    let shared = shared.clone();
                    tokio::spawn(async move { serve(stream, &shared).await });
                }
            }
        });
        let settings = MailSettings { host: Some("localhost".to_owned()), port: Some(address.port()), timeout_seconds: 5, ..settings };
        Self { settings, shared, server }
    }

    pub fn set(&self, mood: Mood) {
        *self.shared.mood.lock().expect("whole") = mood;
    }

    pub fn taken(&self) -> Vec<Taken> {
        self.shared.taken.lock().expect("whole").clone()
    }

    /// Waits until there are `count` mails.
    pub async fn until(&self, count: usize) -> Vec<Taken> {
        super::eventually(&format!("{count} mails are taken"), || async {
            let taken = self.taken();
            (taken.len() >= count).then_some(taken)
        })
        .await
    }
}

async fn serve(stream: TcpStream, shared: &Shared) {
    let Some(stream) = session(stream, shared, false).await else { return };
    if let Some(tls) = &shared.tls
        && let Ok(stream) = tls.accept(stream).await
    {
        session(stream, shared, true).await;
    }
}

/// One conversation. Returns the stream when the client goes on with TLS.
async fn session<S: AsyncRead + AsyncWrite + Unpin>(stream: S, shared: &Shared, encrypted: bool) -> Option<S> {
    let mut stream = BufReader::new(stream);
    let (mut from, mut to, mut signed_in) = (String::new(), String::new(), false);
    if !encrypted {
        say(&mut stream, "220 localhost ready").await?;
    }
    loop {
        let line = line(&mut stream).await?;
        let verb = line.split([' ', ':']).next().unwrap_or_default().to_ascii_uppercase();
        let mood = *shared.mood.lock().expect("whole");
        match verb.as_str() {
            "EHLO" => {
                let offers = match (&shared.tls, encrypted) {
                    (Some(_), false) => "250-localhost\r\n250 STARTTLS",
                    (Some(_), true) => "250-localhost\r\n250 AUTH PLAIN LOGIN",
                    (None, _) => "250 localhost",
                };
                say(&mut stream, offers).await?;
            }
            "STARTTLS" => {
                say(&mut stream, "220 go ahead").await?;
                return Some(stream.into_inner());
            }
            "AUTH" => {
                let given = line.split(' ').nth(2).and_then(|text| base64::engine::general_purpose::STANDARD.decode(text).ok()).unwrap_or_default();
                signed_in = given == format!("\0{USERNAME}\0{PASSWORD}").as_bytes();
                say(&mut stream, if signed_in { "235 welcome" } else { "535 5.7.8 wrong password" }).await?;
            }
            "MAIL" => {
                from = address(&line);
                say(&mut stream, if shared.tls.is_some() && !signed_in { "530 5.7.0 sign in first" } else { "250 ok" }).await?;
            }
            "RCPT" => {
                to = address(&line);
                let answer = match mood {
                    Mood::Later => "451 4.3.0 later, perhaps",
                    Mood::Never => "550 5.1.1 no such user",
                    Mood::Takes | Mood::GoesAway | Mood::Silent => "250 ok",
                };
                say(&mut stream, answer).await?;
            }
            "DATA" => {
                say(&mut stream, "354 go on").await?;
                let text = data(&mut stream).await?;
                shared.taken.lock().expect("whole").push(Taken { to: to.clone(), from: from.clone(), text, encrypted, signed_in });
                match mood {
                    Mood::GoesAway => return None,
                    Mood::Silent => std::future::pending().await,
                    Mood::Takes | Mood::Later | Mood::Never => {}
                }
                say(&mut stream, "250 2.0.0 taken as 4711").await?;
            }
            "RSET" | "NOOP" => say(&mut stream, "250 ok").await?,
            "QUIT" => {
                say(&mut stream, "221 bye").await?;
                return None;
            }
            _ => say(&mut stream, "502 what").await?,
        }
    }
}

fn address(line: &str) -> String {
    line.split('<').nth(1).and_then(|rest| rest.split('>').next()).unwrap_or_default().to_owned()
}

async fn line<S: AsyncRead + Unpin>(stream: &mut BufReader<S>) -> Option<String> {
    let mut line = String::new();
    match stream.read_line(&mut line).await {
        Ok(0) | Err(_) => None,
        Ok(_) => Some(line.trim_end().to_owned()),
    }
}

async fn data<S: AsyncRead + Unpin>(stream: &mut BufReader<S>) -> Option<String> {
    let mut text = String::new();
    loop {
        let mut line = String::new();
        if stream.read_line(&mut line).await.ok()? == 0 {
            return None;
        }
        if line == ".\r\n" {
            return Some(text);
        }
        text.push_str(line.strip_prefix('.').unwrap_or(&line));
    }
}

async fn say<S: AsyncRead + AsyncWrite + Unpin>(stream: &mut BufReader<S>, line: &str) -> Option<()> {
    stream.write_all(format!("{line}\r\n").as_bytes()).await.ok()?;
    stream.flush().await.ok()
}
