//! Names as the outside sees them: which host is the dashboard, which an agent, and what their addresses are.

use std::borrow::Cow;
use std::net::{Ipv4Addr, Ipv6Addr};

use http::header::{HOST, HeaderValue};
use http::request::Parts;
use vivier_core::name::Slug;

use crate::config::Config;

/// The installation's own names.
#[derive(Clone, Debug)]
pub struct Public {
    /// Browsers use https.
    pub secure: bool,
    /// `http://localhost:8080`, without a slash at its end.
    pub url: String,
    host: String,
    /// `.` and the base domain.
    suffix: String,
    /// `:8080`, or nothing where the port is the scheme's own.
    port: String,
}

/// Why the settings name no usable address.
#[derive(Debug, thiserror::Error)]
pub enum PublicError {
    #[error("public_url must be an address such as http://localhost:8080 or https://agents.example.com, without a path")]
    Url,
    #[error("base_domain must be a domain name in lower case, such as agents.example.com")]
    Domain,
}

/// Why a request's host cannot be used: the caller gets 400.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum HostError {
    #[error("the request names no host; send exactly one Host header")]
    Missing,
    #[error("the request names its host more than once; send exactly one Host header")]
    Several,
    #[error("the request's host is not a host name")]
    Shape,
}

/// Where a host leads.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Place<'a> {
    Dashboard,
    /// A name under the base domain, whether or not an agent has it.
    Agent(&'a str),
    Elsewhere,
}

impl Public {
    /// # Errors
    /// When the settings cannot be used.
    pub fn new(config: &Config) -> Result<Self, PublicError> {
        let url = url::Url::parse(&config.public_url).map_err(|_| PublicError::Url)?;
        let bare = url.path() == "/" && url.query().is_none() && url.fragment().is_none() && url.username().is_empty();
        let secure = match url.scheme() {
            "http" => false,
            "https" => true,
            _ => return Err(PublicError::Url),
        };
        let host = url.host_str().filter(|_| bare).ok_or(PublicError::Url)?.to_owned();
        let domain = config.base_domain.as_str();
        if name(domain) != Ok(Cow::Borrowed(domain)) || domain.parse::<Ipv4Addr>().is_ok() {
            return Err(PublicError::Domain);
        }
        let port = url.port().map_or_else(String::new, |port| format!(":{port}"));
        Ok(Self { secure, url: config.public_url.trim_end_matches('/').to_owned(), host, suffix: format!(".{domain}"), port })
    }

    pub fn scheme(&self) -> &'static str {
        if self.secure { "https" } else { "http" }
    }

    pub fn place<'a>(&self, host: &'a str) -> Place<'a> {
        if host == self.host {
            return Place::Dashboard;
        }
        match host.strip_suffix(&self.suffix) {
            Some(label) if !label.contains('.') => Place::Agent(label),
            Some(_) | None => Place::Elsewhere,
        }
    }

    /// Whether `origin` (the header) is exactly this agent's.
    pub fn is_origin_of(&self, origin: &HeaderValue, slug: &Slug) -> bool {
        let rest = origin.to_str().ok().and_then(|text| text.strip_prefix(self.scheme())).and_then(|text| text.strip_prefix("://"));
        let rest = rest.and_then(|text| text.strip_prefix(slug.as_str())).and_then(|text| text.strip_prefix(self.suffix.as_str()));
        rest == Some(self.port.as_str())
    }

    pub fn agent_origin(&self, slug: &Slug) -> String {
        format!("{}://{slug}{}{}", self.scheme(), self.suffix, self.port)
    }

    /// Where a browser without a pass for an agent is sent.
    pub fn open_url(&self, slug: &Slug, back: &str) -> String {
        let back: String = url::form_urlencoded::byte_serialize(back.as_bytes()).collect();
        format!("{}/open/{slug}?return={back}", self.url)
    }
}

/// The host that a request names, in lower case, without port and trailing dot. Fixes the `Host` header so that there is
/// exactly one, with the same text, whatever the version of HTTP and the form of the request's target.
///
/// # Errors
/// When there is none, more than one, or one that is no host name.
pub fn host(parts: &mut Parts) -> Result<String, HostError> {
    let mut named = parts.headers.get_all(HOST).iter();
    let (header, more) = (named.next(), named.next());
    if more.is_some() {
        return Err(HostError::Several);
    }
    let header = header.map(|value| value.to_str().map_err(|_| HostError::Shape).and_then(parse)).transpose()?;
    let target = parts.uri.authority().map(|authority| parse(authority.as_str())).transpose()?;
    let (host, port) = match (header, target) {
        (Some(header), None) => header,
        (None, Some(target)) if parts.version == http::Version::HTTP_2 => target,
        (Some(header), Some(target)) if header == target => header,
        // A target that contradicts the header is an attempt to be seen as two hosts.
        (Some(_), Some(_)) => return Err(HostError::Several),
        (None, Some(_) | None) => return Err(HostError::Missing),
    };
    let name = host.into_owned();
    let canonical = parts.headers.get(HOST).is_some_and(|value| {
        let rest = value.as_bytes().strip_prefix(name.as_bytes());
        rest.is_some_and(|rest| rest.is_empty() || rest.first() == Some(&b':'))
    });
    if !canonical {
        let text = port.map_or_else(|| name.clone(), |port| format!("{name}:{port}"));
        parts.headers.insert(HOST, HeaderValue::from_str(&text).map_err(|_| HostError::Shape)?);
    }
    Ok(name)
}

fn parse(text: &str) -> Result<(Cow<'_, str>, Option<u16>), HostError> {
    if let Some(rest) = text.strip_prefix('[') {
        let (address, rest) = rest.split_once(']').ok_or(HostError::Shape)?;
        address.parse::<Ipv6Addr>().map_err(|_| HostError::Shape)?;
        let port = if rest.is_empty() { None } else { Some(port(rest.strip_prefix(':').ok_or(HostError::Shape)?)?) };
        return Ok((Cow::Owned(format!("[{address}]")), port));
    }
    let (host, given) = text.split_once(':').map_or((text, None), |(host, port)| (host, Some(port)));
    Ok((name(host)?, given.map(port).transpose()?))
}

fn port(text: &str) -> Result<u16, HostError> {
    if (1..=5).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_digit()) {
        text.parse().map_err(|_| HostError::Shape)
    } else {
        Err(HostError::Shape)
    }
}

/// A host name in lower case; one trailing dot is the same name.
fn name(text: &str) -> Result<Cow<'_, str>, HostError> {
    let text = text.strip_suffix('.').unwrap_or(text);
    let label = |label: &str| !label.is_empty() && label.len() <= 63 && label.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'_');
    if text.len() > 253 || !text.split('.').all(label) {
        return Err(HostError::Shape);
    }
    Ok(if text.bytes().any(|byte| byte.is_ascii_uppercase()) { Cow::Owned(text.to_ascii_lowercase()) } else { Cow::Borrowed(text) })
}

/// A path on the agent's own origin to go back to, or `/` for anything that would lead elsewhere.
pub fn safe_return(text: &str) -> &str {
    let own = text.starts_with('/')
        && !text.starts_with("//")
        && text.len() <= 2048
        && !text.starts_with("/.vivier/")
        && text.bytes().all(|byte| byte.is_ascii_graphic() && byte != b'\\');
    if own { text } else { "/" }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn public() -> Public {
        Public::new(&Config::default()).expect("the defaults are usable")
    }

    #[test]
    fn hosts_are_read_strictly() {
        let good = [
            ("localhost", "localhost", None),
            ("LocalHost:8080", "localhost", Some(8080)),
            ("ada.localhost.", "ada.localhost", None),
            ("ada.localhost.:80", "ada.localhost", Some(80)),
            ("127.0.0.1:1", "127.0.0.1", Some(1)),
            ("[::1]:80", "[::1]", Some(80)),
        ];
        for (text, host, port) in good {
            assert_eq!(parse(text), Ok((Cow::Borrowed(host), port)), "{text}");
        }
        for text in ["", ".", "a..b", "a:b", "a:", "a:123456", "a:99999", "a b", "a/b", "a@b", "a,b", "[::1", "[::1]x", "[1]", "a..", "a\tb", "ä", "a:+80"] {
            assert!(parse(text).is_err(), "{text:?}");
        }
    }

    #[test]
    fn a_host_leads_to_the_dashboard_an_agent_or_nowhere() {
        let public = public();
        assert_eq!(public.place("localhost"), Place::Dashboard);
        assert_eq!(public.place("ada.localhost"), Place::Agent("ada"));
        for host in ["a.b.localhost", "127.0.0.1", "[::1]", "evil.example", "adalocalhost", "localhost.evil.example"] {
            assert_eq!(public.place(host), Place::Elsewhere, "{host}");
        }
    }

    #[test]
    fn only_the_agents_own_origin_is_its_origin() {
        let slug: Slug = "ada".parse().expect("a slug");
        let is = |text: &'static str| public().is_origin_of(&HeaderValue::from_static(text), &slug);
        assert!(is("http://ada.localhost:8080"));
        for text in [
            "null",
            "https://ada.localhost:8080",
            "http://ada.localhost",
            "http://eve.localhost:8080",
            "http://ada.localhost:8080.evil.example",
            "http://ada.localhost:80801",
        ] {
            assert!(!is(text), "{text}");
        }
        assert_eq!(public().agent_origin(&slug), "http://ada.localhost:8080");
        assert_eq!(public().open_url(&slug, "/a?b=c&d=/e"), "http://localhost:8080/open/ada?return=%2Fa%3Fb%3Dc%26d%3D%2Fe");
    }

    #[test]
    fn a_return_never_leaves_the_agent() {
        for text in ["/", "/chat?session=1#x", "/a//b"] {
            assert_eq!(safe_return(text), text);
        }
        for text in [
            "",
            "//evil.example",
            "/\\evil.example",
            "https://evil.example",
            "javascript:alert(1)",
            "/a\r\nSet-Cookie: x",
            "/\t/evil",
            "/.vivier/logout",
            "\\/evil",
        ] {
            assert_eq!(safe_return(text), "/", "{text:?}");
        }
    }
}
