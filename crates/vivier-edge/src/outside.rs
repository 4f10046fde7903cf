//! Calls to the outside on an agent's behalf: resolve, check every address, connect to exactly one that passed, speak TLS.

use std::net::SocketAddr;
use std::sync::Arc;

use anyhow::Context as _;
use rustls::pki_types::{CertificateDer, ServerName};
use rustls::{ClientConfig, RootCertStore};
use tokio::net::TcpStream;
use tokio::time::timeout;
use tokio_rustls::TlsConnector;

use crate::edge::Shared;
use crate::ingress::tune;
use crate::io::Stream;
use crate::network;
use crate::pool::ConnectError;

/// Addresses of one name that are tried.
const MOST_TRIES: usize = 4;

pub struct Outside {
    tls: TlsConnector,
}

/// A server to call.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Server {
    pub tls: bool,
    /// A name or an address, without brackets.
    pub host: String,
    pub port: u16,
}

impl Server {
    /// Of an address that core has checked (`provider::http_address`).
    pub fn of(url: &url::Url) -> Option<Self> {
        let tls = match url.scheme() {
            "https" => true,
            "http" => false,
            _ => return None,
        };
        let host = match url.host()? {
            url::Host::Domain(name) => name.to_owned(),
            url::Host::Ipv4(address) => address.to_string(),
            url::Host::Ipv6(address) => address.to_string(),
        };
        Some(Self { tls, host, port: url.port_or_known_default()? })
    }
}

impl Outside {
    /// Trusts the system's certificates (or those of `SSL_CERT_FILE`), and `extra`.
    ///
    /// # Errors
    /// When the crypto provider does not offer what TLS needs.
    pub fn new(extra: &[CertificateDer<'static>]) -> anyhow::Result<Self> {
        let mut roots = RootCertStore::empty();
        let found = rustls_native_certs::load_native_certs();
        for error in &found.errors {
            tracing::warn!("some of the system's certificates cannot be read: {error}");
        }
        roots.add_parsable_certificates(found.certs);
        roots.add_parsable_certificates(extra.iter().cloned());
        if roots.is_empty() {
            tracing::warn!("no certificates to trust: install ca-certificates, or set SSL_CERT_FILE; until then no model provider can be reached over https");
        }
        let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
        let builder = ClientConfig::builder_with_provider(provider).with_safe_default_protocol_versions().context("TLS cannot be set up")?;
        let mut config = builder.with_root_certificates(roots).with_no_client_auth();
        config.alpn_protocols = vec![b"http/1.1".to_vec()];
        Ok(Self { tls: TlsConnector::from(Arc::new(config)) })
    }
}

/// Connects to `host`, to an address that an agent may have called.
///
/// # Errors
/// [`ConnectError::Private`] when all its addresses are refused; otherwise why no connection was made.
pub async fn connect(shared: &Shared, host: &str, port: u16) -> Result<TcpStream, ConnectError> {
    let within = shared.connect_within();
    let resolved = timeout(within, (shared.world.resolve)(host.to_owned(), port)).await.map_err(|_| ConnectError::Slow)?.map_err(ConnectError::Resolve)?;
    let callable: Vec<SocketAddr> =
        resolved.iter().copied().filter(|address| network::callable(*address, &shared.config.allow_private)).take(MOST_TRIES).collect();
    let mut failure = if resolved.is_empty() { ConnectError::Resolve(std::io::Error::other("the name has no address")) } else { ConnectError::Private };
    for address in callable {
        match timeout(within, TcpStream::connect(address)).await {
            Ok(Ok(stream)) => {
                tune(&stream, shared.stall());
                return Ok(stream);
            }
            Ok(Err(error)) => failure = ConnectError::Connect(error),
            Err(_) => failure = ConnectError::Slow,
        }
    }
    Err(failure)
}

/// Connects to `server`, with TLS where it speaks it.
///
/// # Errors
/// As [`connect`], or when the TLS handshake fails.
pub async fn open(shared: &Shared, server: &Server) -> Result<Stream, ConnectError> {
    let stream = connect(shared, &server.host, server.port).await?;
    if !server.tls {
        return Ok(Stream::Tcp(stream));
    }
    let name = ServerName::try_from(server.host.clone()).map_err(|error| ConnectError::Tls(std::io::Error::other(error)))?;
    let tls = timeout(shared.connect_within(), shared.outside.tls.connect(name, stream)).await.map_err(|_| ConnectError::Slow)?;
    Ok(Stream::Tls(Box::new(tls.map_err(ConnectError::Tls)?)))
}
