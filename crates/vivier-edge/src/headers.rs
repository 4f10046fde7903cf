//! Which headers pass, in which direction.
//!
//! In trusted-proxy mode an agent believes whatever its proxy says about the visitor, so everything of that kind that comes
//! from outside is a forged credential and is taken out.

use http::header::{CONNECTION, HeaderMap, HeaderName, HeaderValue, LOCATION, SET_COOKIE};

use crate::cookie;

pub const X_FORWARDED_FOR: HeaderName = HeaderName::from_static("x-forwarded-for");
pub const X_FORWARDED_HOST: HeaderName = HeaderName::from_static("x-forwarded-host");
pub const X_FORWARDED_PROTO: HeaderName = HeaderName::from_static("x-forwarded-proto");
pub const USER: HeaderName = HeaderName::from_static(vivier_core::agent::USER_HEADER);

const HOP_BY_HOP: [&str; 10] = [
    "connection",
    "keep-alive",
    "proxy-authenticate",
    "proxy-authorization",
    "proxy-connection",
    "te",
    "trailer",
    "transfer-encoding",
    "upgrade",
    "http2-settings",
];
/// Headers by which proxies tell who a visitor is, by their beginnings.
const CLAIM_PREFIXES: [&str; 12] = [
    "x-openclaw-",
    "x-forwarded-",
    "x-vivier-",
    "x-original-",
    "x-remote-",
    "x-auth-request-",
    "x-webauth-",
    "x-envoy-",
    "x-pomerium-",
    "tailscale-",
    "remote-",
    "cf-",
];
const CLAIMS: [&str; 9] =
    ["forwarded", "x-forwarded", "x-real-ip", "x-client-ip", "x-cluster-client-ip", "true-client-ip", "fastly-client-ip", "x-rewrite-url", "x-host"];

/// Compares as servers do that turn hyphens into underscores: `x_forwarded_for` is no other header.
fn begins(name: &str, prefix: &str) -> bool {
    name.len() >= prefix.len() && name.bytes().zip(prefix.bytes()).all(|(one, other)| one == other || (one == b'_' && other == b'-'))
}

fn claims(name: &str) -> bool {
    matches!(name.as_bytes().first(), Some(b'x' | b'f' | b't' | b'r' | b'c'))
        && (CLAIM_PREFIXES.iter().any(|prefix| begins(name, prefix)) || CLAIMS.iter().any(|exact| name.len() == exact.len() && begins(name, exact)))
}

fn hop_by_hop(name: &str) -> bool {
    matches!(name.as_bytes().first(), Some(b'c' | b'h' | b'k' | b'p' | b't' | b'u')) && HOP_BY_HOP.contains(&name)
}

/// Takes out what concerns one connection only, also what `Connection` names. Content-Length stays: it frames the message.
pub fn strip_hop_by_hop(headers: &mut HeaderMap) {
    let mut gone: Vec<HeaderName> = Vec::new();
    for value in headers.get_all(CONNECTION) {
        let names = value.to_str().unwrap_or_default().split(',').map(str::trim).filter(|name| !name.is_empty());
        // Nobody may have these taken out: they say where the message goes and where it ends.
        let names = names.filter(|name| !name.eq_ignore_ascii_case("host") && !name.eq_ignore_ascii_case("content-length"));
        gone.extend(names.filter_map(|name| name.parse().ok()));
    }
    gone.extend(headers.keys().filter(|name| hop_by_hop(name.as_str())).cloned());
    for name in gone {
        headers.remove(name);
    }
}

/// Takes out what a visitor may not say about itself.
pub fn strip_claims(headers: &mut HeaderMap) {
    let gone: Vec<HeaderName> = headers.keys().filter(|name| claims(name.as_str())).cloned().collect();
    for name in gone {
        headers.remove(name);
    }
}

/// Takes out what an agent may not say to a browser: cookies for other hosts than its own or in Vivier's names, redirects to
/// elsewhere, and other servers in its place. `upstream` is the address under which the edge knows it.
pub fn clean_answer(headers: &mut HeaderMap, own_origin: impl FnOnce() -> String, upstream: std::net::SocketAddr) {
    strip_hop_by_hop(headers);
    headers.remove(http::header::ALT_SVC);
    if headers.contains_key(SET_COOKIE) && headers.get_all(SET_COOKIE).iter().any(|value| !own_cookie(value)) {
        let kept: Vec<HeaderValue> = headers.get_all(SET_COOKIE).iter().filter(|value| own_cookie(value)).cloned().collect();
        headers.remove(SET_COOKIE);
        for value in kept {
            headers.append(SET_COOKIE, value);
        }
    }
    if let Some(location) = headers.remove(LOCATION)
        && let Some(kept) = own_location(&location, &own_origin(), upstream)
    {
        headers.insert(LOCATION, kept);
    }
    headers.entry(http::header::X_CONTENT_TYPE_OPTIONS).or_insert(HeaderValue::from_static("nosniff"));
    headers.entry(http::header::REFERRER_POLICY).or_insert(HeaderValue::from_static("strict-origin-when-cross-origin"));
}

fn own_cookie(value: &HeaderValue) -> bool {
    let Ok(text) = value.to_str() else { return false };
    let mut parts = text.split(';');
    let name = parts.next().unwrap_or_default().split('=').next().unwrap_or_default().trim();
    !cookie::ours(name) && !parts.any(|part| part.split('=').next().unwrap_or_default().trim().eq_ignore_ascii_case("domain"))
}

/// The redirect, when it stays with the agent; one to the agent's inner address becomes a path.
fn own_location(location: &HeaderValue, origin: &str, upstream: std::net::SocketAddr) -> Option<HeaderValue> {
    let text = location.to_str().ok()?;
    if text.contains('\\') || text.bytes().any(|byte| !byte.is_ascii_graphic()) {
        return None;
    }
    if text.starts_with('/') {
        return (!text.starts_with("//")).then(|| location.clone());
    }
    for base in [origin, &format!("http://{upstream}")] {
        if let Some(rest) = text.strip_prefix(base)
            && (rest.is_empty() || rest.starts_with(['/', '?', '#']))
        {
            return HeaderValue::from_str(if rest.starts_with('/') && !rest.starts_with("//") { rest } else { "/" }).ok();
        }
    }
    // A relative reference; a colon before any slash would make it another scheme.
    let first = text.split(['/', '?', '#']).next().unwrap_or_default();
    (!first.contains(':')).then(|| location.clone())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_claim_of_identity_is_taken_out_in_every_spelling() {
        let mut headers = HeaderMap::new();
        for name in
            ["x-openclaw-user", "x_openclaw_user", "X-Forwarded-For", "x_forwarded_for", "forwarded", "x-real-ip", "tailscale-user-login", "cf-connecting-ip"]
        {
            headers.insert(name.parse::<HeaderName>().expect("a name"), HeaderValue::from_static("1"));
        }
        for name in ["accept", "x-custom", "x-requested-with", "cache-control", "range"] {
            headers.insert(name.parse::<HeaderName>().expect("a name"), HeaderValue::from_static("1"));
        }
        strip_claims(&mut headers);
        assert_eq!(headers.len(), 5, "{headers:?}");
    }

    #[test]
    fn what_connection_names_goes_with_it() {
        let mut headers = HeaderMap::new();
        for (name, value) in
            [("connection", "close, X-Secret-Hop"), ("x-secret-hop", "1"), ("te", "trailers"), ("upgrade", "h2c"), ("http2-settings", "x"), ("host", "a")]
        {
            headers.insert(name, HeaderValue::from_static(value));
        }
        strip_hop_by_hop(&mut headers);
        assert_eq!(headers.keys().collect::<Vec<_>>(), ["host"]);
    }

    #[test]
    fn redirects_stay_with_the_agent() {
        let upstream = "10.90.0.2:18789".parse().expect("an address");
        let go = |text: &'static str| {
            own_location(&HeaderValue::from_static(text), "http://ada.localhost:8080", upstream).map(|value| value.to_str().expect("text").to_owned())
        };
        assert_eq!(go("/chat").as_deref(), Some("/chat"));
        assert_eq!(go("chat?x=1:2").as_deref(), Some("chat?x=1:2"));
        assert_eq!(go("http://ada.localhost:8080/a").as_deref(), Some("/a"));
        assert_eq!(go("http://10.90.0.2:18789/a").as_deref(), Some("/a"));
        for text in [
            "//evil.example",
            "https://evil.example/",
            "/\\evil.example",
            "javascript:alert(1)",
            "http://ada.localhost:80801/",
            "http://ada.localhost:8080.evil.example/",
        ] {
            assert_eq!(go(text), None, "{text}");
        }
        assert_eq!(go("http://ada.localhost:8080//evil.example").as_deref(), Some("/"));
    }

    #[test]
    fn cookies_for_other_hosts_are_not_set() {
        let own = |text: &'static str| own_cookie(&HeaderValue::from_static(text));
        assert!(own("a=1; Path=/; HttpOnly"));
        assert!(!own("a=1; domain=localhost") && !own("a=1; Path=/; Domain = .localhost") && !own("vivier_agent=x") && !own("__Host-vivier=x"));
    }
}
