//! The edge's own cookie: who may pass to one agent, signed, so that no store is asked.
//!
//! `v1.<account, deployment, session, expiry>.<HMAC-SHA256>`, both in URL-safe base 64. It is bound to one deployment and one
//! account: a cookie that another agent's page managed to set here, or an older owner's, is worth nothing.

use aws_lc_rs::hmac;
use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use http::header::{COOKIE, HeaderMap, HeaderValue};
use uuid::Uuid;
use vivier_core::id::{AccountId, DeploymentId, SessionId};
use vivier_core::secret::Secret;
use vivier_core::time::Timestamp;
use zeroize::Zeroizing;

/// Where the browser's scheme is https: bound to the host by the browser itself.
pub const SECURE_NAME: &str = "__Host-vivier";
/// In development without TLS, where browsers refuse `__Host-` cookies.
pub const PLAIN_NAME: &str = "vivier_agent";
const PAYLOAD: usize = 16 * 3 + 8;
/// More cookies of our name than this are not looked at: an honest browser sends one.
const MOST: usize = 4;

/// The key under which cookies are signed.
#[derive(Clone)]
pub struct CookieKey {
    bytes: std::sync::Arc<Zeroizing<Vec<u8>>>,
    key: std::sync::Arc<hmac::Key>,
}

impl CookieKey {
    /// From base 64 of 32 bytes.
    pub fn parse(text: &Secret) -> Option<Self> {
        let bytes = Zeroizing::new(STANDARD.decode(text.expose().trim()).or_else(|_| URL_SAFE_NO_PAD.decode(text.expose().trim())).ok()?);
        Self::from_bytes(bytes)
    }

    pub fn from_bytes(bytes: Zeroizing<Vec<u8>>) -> Option<Self> {
        let key = (bytes.len() == 32).then(|| hmac::Key::new(hmac::HMAC_SHA256, &bytes))?;
        Some(Self { bytes: bytes.into(), key: key.into() })
    }

    /// For the file in which the edge keeps it.
    pub fn expose(&self) -> &[u8] {
        &self.bytes
    }
}

/// Who a valid cookie speaks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Pass {
    pub account: AccountId,
    pub deployment: DeploymentId,
    pub session: SessionId,
    pub expires_at: Timestamp,
}

impl Pass {
    pub fn seal(&self, key: &CookieKey) -> String {
        let mut payload = [0; PAYLOAD];
        payload[..16].copy_from_slice(self.account.as_uuid().as_bytes());
        payload[16..32].copy_from_slice(self.deployment.as_uuid().as_bytes());
        payload[32..48].copy_from_slice(self.session.as_uuid().as_bytes());
        payload[48..].copy_from_slice(&self.expires_at.as_millis().to_be_bytes());
        let tag = hmac::sign(&key.key, &payload);
        format!("v1.{}.{}", URL_SAFE_NO_PAD.encode(payload), URL_SAFE_NO_PAD.encode(tag))
    }

    /// The pass in a cookie's value, when the signature is ours. The comparison takes constant time.
    pub fn open(key: &CookieKey, value: &str) -> Option<Self> {
        let (payload, tag) = value.strip_prefix("v1.")?.split_once('.')?;
        let mut bytes = [0; PAYLOAD];
        let mut tag_bytes = [0; 32];
        let whole = URL_SAFE_NO_PAD.decode_slice(payload, &mut bytes) == Ok(PAYLOAD) && URL_SAFE_NO_PAD.decode_slice(tag, &mut tag_bytes) == Ok(32);
        if !whole {
            return None;
        }
        hmac::verify(&key.key, &bytes, &tag_bytes).ok()?;
        let id = |at: usize| Uuid::from_slice(&bytes[at..at + 16]).ok();
        let expiry = i64::from_be_bytes(bytes[48..].try_into().ok()?);
        Some(Self {
            account: AccountId::from_uuid(id(0)?),
            deployment: DeploymentId::from_uuid(id(16)?),
            session: SessionId::from_uuid(id(32)?),
            expires_at: Timestamp::from_millis(expiry),
        })
    }
}

/// The name under which the cookie is kept.
pub const fn name(secure: bool) -> &'static str {
    if secure { SECURE_NAME } else { PLAIN_NAME }
}

/// The values of our cookie that a request carries.
pub fn values(headers: &HeaderMap, secure: bool) -> impl Iterator<Item = &str> {
    let wanted = name(secure);
    pairs(headers).filter_map(move |(name, value)| (name == wanted).then_some(value)).take(MOST)
}

fn pairs(headers: &HeaderMap) -> impl Iterator<Item = (&str, &str)> {
    headers
        .get_all(COOKIE)
        .iter()
        .filter_map(|line| line.to_str().ok())
        .flat_map(|line| line.split(';'))
        .map(|pair| pair.trim().split_once('=').map_or(("", pair.trim()), |(name, value)| (name.trim(), value.trim())))
}

/// Whether a cookie's name is one of Vivier's: never shown to an agent, never set by one.
pub fn ours(name: &str) -> bool {
    let bare = ["__Host-", "__Secure-"].iter().find_map(|prefix| name.get(..prefix.len()).filter(|start| start.eq_ignore_ascii_case(prefix)));
    let bare = bare.map_or(name, |prefix| &name[prefix.len()..]);
    bare.get(..6).is_some_and(|start| start.eq_ignore_ascii_case("vivier"))
}

/// Takes Vivier's cookies out of a request; other applications' pass as they are.
pub fn strip(headers: &mut HeaderMap) {
    let mut lines = headers.get_all(COOKIE).iter();
    let Some(first) = lines.next() else { return };
    // What a browser mostly sends: our cookie and no other.
    if lines.next().is_none() && first.to_str().is_ok_and(|line| !line.contains(';') && line.split_once('=').is_some_and(|(name, _)| ours(name.trim()))) {
        headers.remove(COOKIE);
        return;
    }
    if headers.get_all(COOKIE).iter().all(|line| line.to_str().is_ok()) && !pairs(headers).any(|(name, _)| ours(name)) {
        return;
    }
    let kept: Vec<String> = pairs(headers)
        .filter(|(name, value)| !(ours(name) || name.is_empty() && value.is_empty()))
        .map(|(name, value)| if name.is_empty() { value.to_owned() } else { format!("{name}={value}") })
        .collect();
    headers.remove(COOKIE);
    if !kept.is_empty()
        && let Ok(value) = HeaderValue::from_str(&kept.join("; "))
    {
        headers.insert(COOKIE, value);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key(byte: u8) -> CookieKey {
        CookieKey::from_bytes(Zeroizing::new(vec![byte; 32])).expect("32 bytes")
    }

    fn pass() -> Pass {
        let id = |value| Uuid::from_u128(value);
        Pass {
            account: AccountId::from_uuid(id(1)),
            deployment: DeploymentId::from_uuid(id(2)),
            session: SessionId::from_uuid(id(3)),
            expires_at: Timestamp::from_millis(1_790_000_000_000),
        }
    }

    #[test]
    fn a_pass_comes_back_from_its_cookie_and_from_no_altered_one() {
        let sealed = pass().seal(&key(1));
        assert_eq!(Pass::open(&key(1), &sealed), Some(pass()));
        assert_eq!(Pass::open(&key(2), &sealed), None);
        for at in 3..sealed.len() {
            let mut bytes = sealed.clone().into_bytes();
            bytes[at] = if bytes[at] == b'A' { b'B' } else { b'A' };
            let altered = String::from_utf8(bytes).expect("ASCII");
            assert_eq!(Pass::open(&key(1), &altered), None, "{at}");
        }
        for text in ["", "v1.", "v1..", "v2.a.b", "v1.AAAA.AAAA", &sealed[..sealed.len() - 1], &format!("{sealed}A")] {
            assert_eq!(Pass::open(&key(1), text), None, "{text}");
        }
    }

    #[test]
    fn only_our_own_cookies_are_taken_out() {
        let mut headers = HeaderMap::new();
        headers.append(COOKIE, HeaderValue::from_static("a=1; vivier_agent=x; b=2"));
        headers.append(COOKIE, HeaderValue::from_static("__Host-vivier=y; __host-VIVIER_session=z;c = 3"));
        assert_eq!(values(&headers, false).collect::<Vec<_>>(), ["x"]);
        strip(&mut headers);
        assert_eq!(headers.get_all(COOKIE).iter().collect::<Vec<_>>(), ["a=1; b=2; c=3"]);
        let mut only = HeaderMap::new();
        only.insert(COOKIE, HeaderValue::from_static("vivier_agent=x"));
        strip(&mut only);
        assert!(only.is_empty());
    }
}
