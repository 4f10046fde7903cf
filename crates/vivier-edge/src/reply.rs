//! What the edge says itself: problem+json to programs, pages to people.

use http::header::{ACCEPT, CACHE_CONTROL, CONTENT_SECURITY_POLICY, CONTENT_TYPE, HeaderMap, HeaderName, HeaderValue, LOCATION, RETRY_AFTER};
use http::{Method, Response, StatusCode};
use vivier_core::wire::problem::Problem;

use crate::body::ReplyBody;

pub type Reply = Response<ReplyBody>;

/// One refusal, told to whoever asks in the form that they can read.
#[derive(Clone, Debug)]
pub struct Refusal {
    pub status: StatusCode,
    pub code: &'static str,
    pub title: &'static str,
    pub detail: String,
    /// Seconds after which trying again may help.
    pub retry_after: Option<u64>,
    /// Seconds after which a page loads itself again.
    pub refresh: Option<u64>,
    /// A link that helps a person on.
    pub link: Option<(String, &'static str)>,
}

impl Refusal {
    pub fn new(status: StatusCode, code: &'static str, title: &'static str, detail: impl Into<String>) -> Self {
        Self { status, code, title, detail: detail.into(), retry_after: None, refresh: None, link: None }
    }

    pub fn retry_after(self, seconds: u64) -> Self {
        Self { retry_after: Some(seconds), ..self }
    }

    pub fn refresh(self, seconds: u64) -> Self {
        Self { refresh: Some(seconds), ..self }
    }

    pub fn link(self, href: impl Into<String>, text: &'static str) -> Self {
        Self { link: Some((href.into(), text)), ..self }
    }

    /// As a page when `page`, else as problem+json.
    pub fn reply(self, page: bool) -> Reply {
        let mut reply = if page { self.page() } else { self.problem() };
        let headers = reply.headers_mut();
        headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
        headers.insert("x-content-type-options", HeaderValue::from_static("nosniff"));
        if let Some(seconds) = self.retry_after {
            headers.insert(RETRY_AFTER, HeaderValue::from(seconds));
        }
        reply
    }

    fn problem(&self) -> Reply {
        let problem = Problem {
            code: self.code.to_owned(),
            title: self.title.to_owned(),
            status: self.status.as_u16(),
            detail: self.detail.clone(),
            fields: Vec::new(),
            limit: None,
            retry_after_seconds: self.retry_after,
            request_id: None,
        };
        typed(self.status, "application/problem+json", serde_json::to_vec(&problem).unwrap_or_default())
    }

    fn page(&self) -> Reply {
        let refresh = self.refresh.map(|seconds| format!("<meta http-equiv=\"refresh\" content=\"{seconds}\">")).unwrap_or_default();
        let spinner = if self.refresh.is_some() { "<div class=\"wait\" aria-hidden=\"true\"></div>" } else { "" };
        let link = self.link.as_ref().map(|(href, text)| format!("<p><a href=\"{}\">{}</a></p>", escape(href), escape(text))).unwrap_or_default();
        let (title, detail) = (escape(self.title), escape(&self.detail));
        let html = format!(
            "<!doctype html>\n<html lang=\"en\">\n<meta charset=\"utf-8\">\n<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n\
             <meta name=\"color-scheme\" content=\"light dark\">{refresh}\n<title>{title}</title>\n<style>{STYLE}</style>\n\
             <main role=\"status\">{spinner}<h1>{title}</h1><p>{detail}</p>{link}<footer>Vivier · {}</footer></main>\n</html>\n",
            self.status.as_u16()
        );
        let mut reply = typed(self.status, "text/html; charset=utf-8", html.into_bytes());
        reply.headers_mut().insert(
            CONTENT_SECURITY_POLICY,
            HeaderValue::from_static("default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"),
        );
        reply
    }
}

/// The dashboard's colours and letters: its pages and these are one product to whoever meets them.
const STYLE: &str = "\
:root{color-scheme:light dark;--back:#f2f6f5;--card:#fff;--ink:#0b2a32;--soft:#456068;--line:#c9d8d7;--mark:#0c5f69}\
@media(prefers-color-scheme:dark){:root{--back:#07181d;--card:#0d242b;--ink:#e7f2f1;--soft:#a2bcc0;--line:#1f414b;--mark:#6fd0cf}}\
h1{font-family:'Iowan Old Style','Palatino Linotype',Palatino,'URW Palladio L',P052,'Book Antiqua',Georgia,'Liberation Serif',serif}\
*{box-sizing:border-box}html{height:100%}body{margin:0;min-height:100%;display:grid;place-items:center;padding:1.5rem;background:var(--back);color:var(--ink);\
font:1rem/1.6 system-ui,-apple-system,'Segoe UI',sans-serif}\
main{width:min(30rem,100%);background:var(--card);border:1px solid var(--line);border-radius:14px;padding:2.25rem;overflow-wrap:anywhere}\
h1{font-size:1.35rem;line-height:1.3;margin:0 0 .75rem}p{margin:0 0 1rem;white-space:pre-line}a{color:var(--mark);font-weight:600}\
footer{margin-top:1.75rem;color:var(--soft);font-size:.85rem}\
.wait{width:1.6rem;height:1.6rem;margin-bottom:1.25rem;border-radius:50%;border:3px solid var(--line);border-top-color:var(--mark);animation:turn 1s linear infinite}\
@keyframes turn{to{transform:rotate(1turn)}}@media(prefers-reduced-motion:reduce){.wait{animation:none}}";

pub fn typed(status: StatusCode, kind: &'static str, body: Vec<u8>) -> Reply {
    let mut reply = Response::new(ReplyBody::from(body));
    *reply.status_mut() = status;
    reply.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static(kind));
    reply
}

/// 303 to `location`, which must be made of visible ASCII; with a cookie when one is given.
pub fn see_other(location: &str, extra: impl IntoIterator<Item = (HeaderName, HeaderValue)>) -> Reply {
    let mut reply = Response::new(ReplyBody::empty());
    *reply.status_mut() = StatusCode::SEE_OTHER;
    let headers = reply.headers_mut();
    headers.insert(LOCATION, HeaderValue::from_str(location).unwrap_or(HeaderValue::from_static("/")));
    headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    headers.insert("referrer-policy", HeaderValue::from_static("no-referrer"));
    headers.extend(extra);
    reply
}

/// Whether a browser is opening a page (and not a program asking).
pub fn opens_page(method: &Method, headers: &HeaderMap) -> bool {
    (method == Method::GET || method == Method::HEAD)
        && headers.get_all(ACCEPT).iter().filter_map(|value| value.to_str().ok()).any(|value| value.contains("text/html"))
}

/// Text for HTML, in elements and in quoted attributes.
pub fn escape(text: &str) -> String {
    let mut out = String::with_capacity(text.len() + 16);
    for letter in text.chars() {
        match letter {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\'' => out.push_str("&#39;"),
            other => out.push(other),
        }
    }
    out
}
