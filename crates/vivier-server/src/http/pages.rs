//! Pages for a person whose browser asked for what is not there. In the dashboard's look, but without the dashboard: a page of
//! its own that needs no script to be read. Programs get a problem instead, always.

use std::sync::LazyLock;

use axum::http::{HeaderMap, HeaderValue, Method, StatusCode, header};
use axum::response::{Html, IntoResponse as _, Response};
use base64::Engine as _;
use sha2::{Digest as _, Sha256};

/// The dashboard's colours and type (`web/src/styles.css`), as much of them as one card needs.
const STYLE: &str = "\
:root{color-scheme:light;--paper:#f2f6f5;--surface:#fff;--line:#c9d8d7;--ink:#0b2a32;--muted:#456068;--teal:#0c5f69;--coral:#bf3a22;--on-coral:#fff;\
--shadow:0 1px 2px rgb(11 42 50/6%),0 8px 24px -12px rgb(11 42 50/18%)}\
[data-theme=dark]{color-scheme:dark;--paper:#07181d;--surface:#0d242b;--line:#1f414b;--ink:#e7f2f1;--muted:#a2bcc0;--teal:#6fd0cf;--coral:#ff8a70;--on-coral:#2b0d06;\
--shadow:0 1px 2px rgb(0 0 0/30%),0 10px 28px -14px rgb(0 0 0/60%)}\
@media(prefers-color-scheme:dark){:root:not([data-theme=light]){color-scheme:dark;--paper:#07181d;--surface:#0d242b;--line:#1f414b;--ink:#e7f2f1;--muted:#a2bcc0;\
--teal:#6fd0cf;--coral:#ff8a70;--on-coral:#2b0d06;--shadow:0 1px 2px rgb(0 0 0/30%),0 10px 28px -14px rgb(0 0 0/60%)}}\
*{box-sizing:border-box}html{-webkit-text-size-adjust:100%}\
body{margin:0;min-height:100vh;min-height:100dvh;display:grid;grid-template-rows:auto 1fr;background:var(--paper);color:var(--ink);\
font:.9375rem/1.55 ui-sans-serif,system-ui,-apple-system,'Segoe UI',Roboto,'Noto Sans','Liberation Sans',sans-serif}\
h1,.name{font-family:'Iowan Old Style','Palatino Linotype',Palatino,'URW Palladio L',P052,'Book Antiqua',Georgia,'Liberation Serif',serif;font-weight:600;letter-spacing:-.01em}\
header{padding:.85rem 1.25rem;background:var(--surface);border-bottom:1px solid var(--line)}\
.home{display:flex;width:max-content;align-items:center;gap:.5rem;color:inherit;text-decoration:none}.home svg{width:2rem;height:2rem}.name{font-size:1.25rem}\
main{place-self:center;width:min(32rem,100% - 2rem);margin:2rem 0;padding:2.25rem;background:var(--surface);border:1px solid var(--line);border-radius:14px;\
box-shadow:var(--shadow);overflow-wrap:anywhere}\
h1{margin:0 0 .6rem;font-size:1.6rem;line-height:1.2;text-wrap:balance}p{margin:0 0 1.5rem;color:var(--muted);text-wrap:pretty}\
.next{display:inline-flex;align-items:center;min-height:2.625rem;padding:.5rem 1.1rem;border-radius:9px;background:var(--coral);color:var(--on-coral);font-weight:600;text-decoration:none}\
.also{display:inline-block;margin:.6rem 0 0 1rem;color:var(--teal);text-underline-offset:3px}\
a:focus-visible{outline:3px solid var(--teal);outline-offset:2px;border-radius:9px}\
@media(max-width:30rem){main{padding:1.5rem}.next{width:100%;justify-content:center}.also{display:block;margin:1rem 0 0;text-align:center}}";

/// The dashboard's mark.
const MARK: &str = "<svg viewBox=\"0 0 32 32\" aria-hidden=\"true\"><rect width=\"32\" height=\"32\" rx=\"8\" fill=\"#0d3540\"/>\
<path d=\"M5 13.5c2.2-2.4 4.6-2.4 7 0s5 2.4 7.4 0 5-2.4 7.6 0V23a4 4 0 0 1-4 4H9a4 4 0 0 1-4-4z\" fill=\"#1f7a83\"/>\
<path d=\"M16 24.5c-1.6-2.6-2-5-.9-7.4-3 .2-5.6-1.7-5.9-4.9-.3-3 1.6-5.6 4.5-6.6-.5 2.1 0 3.6 1.5 4.6.3-1.9 1.3-3.3 3.2-4.2 3 1.6 4.3 4.5 3.3 7.3-.7 2.1-2.3 3.4-4.3 3.8\
-.8 2.4-.9 4.7-1.4 7.4z\" fill=\"#ff7d62\"/></svg>";

/// Nothing runs here but the dashboard's own choice of theme, and no style but this one.
static POLICY: LazyLock<HeaderValue> = LazyLock::new(|| {
    let style = base64::engine::general_purpose::STANDARD.encode(Sha256::digest(STYLE));
    let policy = format!(
        "default-src 'none'; script-src 'self'; style-src 'sha256-{style}'; img-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
    );
    HeaderValue::from_str(&policy).expect("base 64 and words are a header value")
});

/// Whether a browser is opening a page, and not a program asking.
pub fn opens_page(method: &Method, headers: &HeaderMap) -> bool {
    (method == Method::GET || method == Method::HEAD)
        && headers.get_all(header::ACCEPT).iter().filter_map(|value| value.to_str().ok()).any(|value| value.contains("text/html"))
}

/// An address that nothing is at.
pub fn no_such_page() -> Response {
    not_found("There is no such page", "The address may be mistyped, or what it named is gone.", None)
}

/// The same page for an agent that is another's, deleted, or never was.
pub fn no_such_agent() -> Response {
    let text = "There is no agent of this name, or it belongs to another account than the one that you are signed in with.";
    not_found("No such agent", text, Some(("/account", "See who you are signed in as")))
}

/// For who is a viewer in the account: agents do what they are told, so talking to one is no mere looking.
pub fn only_looking() -> Response {
    let text =
        "You are a viewer in this account: you see its agents in the dashboard, and cannot talk to them. Ask an admin of the account for the role member.";
    let mut page = not_found("This agent is not yours to talk to", text, Some(("/account", "See who you are signed in as")));
    *page.status_mut() = StatusCode::FORBIDDEN;
    page
}

/// The texts are our own: nothing of the request stands in the page.
fn not_found(title: &'static str, text: &'static str, also: Option<(&'static str, &'static str)>) -> Response {
    let also = also.map(|(href, text)| format!("<a class=\"also\" href=\"{href}\">{text}</a>")).unwrap_or_default();
    let page = format!(
        "<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n\
         <meta name=\"color-scheme\" content=\"light dark\">\n<meta name=\"robots\" content=\"noindex\">\n<title>{title} · Vivier</title>\n\
         <link rel=\"icon\" type=\"image/svg+xml\" href=\"/favicon.svg\">\n<script src=\"/theme.js\"></script>\n<style>{STYLE}</style>\n</head>\n<body>\n\
         <header><a class=\"home\" href=\"/\">{MARK}<span class=\"name\">Vivier</span></a></header>\n\
         <main><h1>{title}</h1><p>{text}</p><a class=\"next\" href=\"/agents\">To your agents</a>{also}</main>\n</body>\n</html>\n"
    );
    (StatusCode::NOT_FOUND, [(header::CONTENT_SECURITY_POLICY, POLICY.clone())], Html(page)).into_response()
}
