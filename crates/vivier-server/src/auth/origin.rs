//! Where a request comes from: another site's page must not act with a visitor's cookie, and nobody is sent elsewhere.
//!
//! Agents live on names beside the dashboard's, so to a browser they may be the *same site*: `SameSite` alone would let one
//! tenant's agent act on the dashboard. So every unsafe request of a browser must be of the *same origin*.

use axum::http::{HeaderMap, Method, header};

/// Whether a request may have effects, as far as its origin goes. Programs send neither header; browsers cannot leave them out.
///
/// # Errors
/// With the sentence for the caller.
pub fn check(method: &Method, headers: &HeaderMap, public_origin: &str) -> Result<(), String> {
    if method.is_safe() {
        return Ok(());
    }
    let text = |name: &str| headers.get(name).map(|value| value.to_str().unwrap_or("?"));
    let refuse = || Err(format!("This request comes from another site's page. Open the dashboard at {public_origin} and try there."));
    if let Some(site) = text("sec-fetch-site")
        && !matches!(site, "same-origin" | "none")
    {
        return refuse();
    }
    if let Some(origin) = text(header::ORIGIN.as_str())
        && !origin.eq_ignore_ascii_case(public_origin)
    {
        return refuse();
    }
    Ok(())
}

/// The origin (`scheme://host[:port]`) of an address.
pub fn origin_of(address: &str) -> String {
    vivier_core::provider::http_address(address).map_or_else(|_| address.trim_end_matches('/').to_owned(), |url| url.origin().ascii_serialization())
}

/// A path on this very server, or `/`: whatever a link says, a visitor is not sent to another one.
pub fn local_path(text: Option<&str>) -> &str {
    let fits = |text: &&str| {
        let mut bytes = text.bytes();
        text.len() <= 2_000
            && bytes.next() == Some(b'/')
            // `//host` and `/\host` name another host to a browser.
            && !matches!(bytes.next(), Some(b'/' | b'\\'))
            && text.bytes().all(|byte| byte.is_ascii_graphic() && byte != b'\\')
    };
    text.filter(fits).unwrap_or("/")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nobody_is_sent_elsewhere() {
        for text in
            ["//evil.example", "/\\evil.example", "https://evil.example", "javascript:alert(1)", "/a\r\nLocation: x", "/\t/evil", "", "evil", "/%0d\u{e9}"]
        {
            assert_eq!(local_path(Some(text)), "/", "{text:?}");
        }
        assert_eq!(local_path(Some("/chat?session=1#a")), "/chat?session=1#a");
        assert_eq!(local_path(None), "/");
    }

    #[test]
    fn another_origin_may_look_but_not_act() {
        let headers = |pairs: &[(&'static str, &'static str)]| {
            pairs.iter().map(|(name, value)| (name.parse().expect("a name"), value.parse().expect("a value"))).collect::<HeaderMap>()
        };
        let own = "https://x.example";
        let post = |pairs: &[(&'static str, &'static str)]| check(&Method::POST, &headers(pairs), own);
        assert!(post(&[]).is_ok(), "a program");
        assert!(post(&[("origin", "https://x.example"), ("sec-fetch-site", "same-origin")]).is_ok());
        for pairs in [
            &[("origin", "https://evil.example")][..],
            &[("origin", "null")],
            &[("sec-fetch-site", "cross-site")],
            &[("sec-fetch-site", "same-site"), ("origin", "https://slug.x.example")],
            &[("origin", "http://x.example")],
            &[("origin", "https://x.example:444")],
        ] {
            assert!(post(pairs).is_err(), "{pairs:?}");
            assert!(check(&Method::GET, &headers(pairs), own).is_ok());
        }
    }
}
