//! The dashboard's files, out of this binary. It is one page that makes all others: unknown paths get it, too.

use axum::body::Body;
use axum::http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode, Uri, header};
use axum::response::{IntoResponse as _, Response};
use rust_embed::RustEmbed;

use super::pages;
use super::problem::for_status;

/// `web/dist`, or the placeholder that `build.rs` puts there while the dashboard has not been built.
#[derive(RustEmbed)]
#[folder = "../../web/dist"]
struct Files;

/// Scripts and styles come from this very origin alone. The editor and the plots make their own styles through the DOM, which
/// this does not govern.
const POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; font-src 'self'; connect-src 'self'; \
    manifest-src 'self'; worker-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'";
/// Names with a hash never change what they say.
const FOR_EVER: &str = "public, max-age=31536000, immutable";

/// Answers what no route does.
pub async fn file(method: Method, uri: Uri, headers: HeaderMap) -> Response {
    let path = uri.path().trim_start_matches('/');
    let ours = ["v1/", "open/", ".well-known/"].iter().any(|prefix| path.starts_with(prefix)) || path == "v1" || path == "open";
    let missing = || {
        // Below these, programs speak: whatever they say that they accept, they are told in their own form.
        let of_programs = path == "v1" || path.starts_with("v1/") || path.starts_with(".well-known/");
        if !of_programs && pages::opens_page(&method, &headers) { pages::no_such_page() } else { for_status(StatusCode::NOT_FOUND).into_response() }
    };
    if ours {
        return missing();
    }
    if method != Method::GET && method != Method::HEAD {
        let mut response = for_status(StatusCode::METHOD_NOT_ALLOWED).into_response();
        response.headers_mut().insert(header::ALLOW, HeaderValue::from_static("GET, HEAD"));
        return response;
    }
    // A path of the page's own has no file name; a file that is missing is missing, and not the page in disguise.
    let is_file = path.rsplit('/').next().is_some_and(|name| name.contains('.'));
    let name = if path.is_empty() || !is_file { "index.html" } else { path };
    match Files::get(name) {
        Some(found) => answer(name, found, &headers),
        None => missing(),
    }
}

fn answer(name: &str, found: rust_embed::EmbeddedFile, headers: &HeaderMap) -> Response {
    let tag = format!("\"{}\"", hex::encode(&found.metadata.sha256_hash()[..16]));
    let known = headers.get(header::IF_NONE_MATCH).and_then(|value| value.to_str().ok()).is_some_and(|value| value.split(',').any(|part| part.trim() == tag));
    let mut response = if known { StatusCode::NOT_MODIFIED.into_response() } else { Body::from(found.data.into_owned()).into_response() };
    let out = response.headers_mut();
    let mut set = |header: HeaderName, value: &str| {
        if let Ok(value) = HeaderValue::from_str(value) {
            out.insert(header, value);
        }
    };
    set(header::ETAG, &tag);
    set(header::CACHE_CONTROL, if name.starts_with("assets/") { FOR_EVER } else { "no-cache" });
    set(header::CONTENT_SECURITY_POLICY, POLICY);
    set(header::REFERRER_POLICY, "same-origin");
    if !known {
        let kind = found.metadata.mimetype();
        let charset = if kind.starts_with("text/") && !kind.contains("charset") { "; charset=utf-8" } else { "" };
        set(header::CONTENT_TYPE, &format!("{kind}{charset}"));
    }
    response
}
