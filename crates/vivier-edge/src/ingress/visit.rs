//! One public connection, and the way of each of its requests to the right room.

use std::io;
use std::net::IpAddr;
use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll};
use std::time::Instant;

use bytes::Bytes;
use http::header::{AUTHORIZATION, CONTENT_LENGTH, HeaderMap, HeaderValue, ORIGIN};
use http::request::Parts;
use http::{Method, Request, Response, StatusCode, Uri, Version};
use http_body::{Body as HttpBody, Frame, SizeHint};
use hyper::body::Incoming;

use crate::body::ReplyBody;
use crate::cookie::{self, Pass};
use crate::edge::Shared;
use crate::headers;
use crate::ingress::pulse::{Beat, Pulse};
use crate::ingress::{agent, dashboard};
use crate::meters::Door;
use crate::public::{self, Place};
use crate::reply::{Refusal, Reply, opens_page};
use crate::routes::{Agent, Table};

/// One public connection.
pub struct Visit {
    pub shared: Arc<Shared>,
    peer: IpAddr,
    pulse: Arc<Pulse>,
    /// The peer as `serve` sees it.
    peer_text: HeaderValue,
    /// The peer as an agent sees it: never loopback.
    peer_for_agents: HeaderValue,
    /// The last cookie that was verified on this connection: a browser sends the same one with every request.
    known: Mutex<Option<(HeaderValue, Pass)>>,
}

/// An answer's body, and the sign that its request is still under way.
pub struct Body {
    inner: ReplyBody,
    _beat: Beat,
}

impl HttpBody for Body {
    type Data = Bytes;
    type Error = io::Error;

    fn poll_frame(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, io::Error>>> {
        Pin::new(&mut self.inner).poll_frame(cx)
    }

    fn is_end_stream(&self) -> bool {
        self.inner.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.inner.size_hint()
    }
}

impl Visit {
    pub fn new(shared: Arc<Shared>, peer: IpAddr, pulse: Arc<Pulse>) -> Self {
        let peer = peer.to_canonical();
        let (peer_text, peer_for_agents) = (address(peer), for_agents(&shared, peer));
        Self { shared, peer, pulse, peer_text, peer_for_agents, known: Mutex::new(None) }
    }

    pub async fn answer(self: Arc<Self>, request: Request<Incoming>) -> Response<Body> {
        let begun = Instant::now();
        let beat = self.pulse.begin(request.version() == Version::HTTP_2);
        let (door, reply) = self.route(request).await;
        self.shared.meters.answered(door, reply.status(), begun.elapsed());
        reply.map(|inner| Body { inner, _beat: beat })
    }

    /// Waits until the peer has gone, also while it still has unread bytes of a request's body under way.
    pub async fn left(&self) {
        self.pulse.left().await;
    }

    async fn route(self: &Arc<Self>, request: Request<Incoming>) -> (Door, Reply) {
        let (mut parts, body) = request.into_parts();
        let page = opens_page(&parts.method, &parts.headers);
        let nowhere = |refusal: Refusal| (Door::Nowhere, refusal.reply(page));
        if self.pulse.two_framings() {
            return nowhere(bad("two_framings", "the request carries both Transfer-Encoding and Content-Length; send one of them"));
        }
        if parts.method == Method::CONNECT || parts.method == Method::TRACE {
            let title = "This method is not allowed";
            return nowhere(Refusal::new(
                StatusCode::METHOD_NOT_ALLOWED,
                "method_not_allowed",
                title,
                "this is no proxy and echoes nothing; use GET, POST or another plain method",
            ));
        }
        if parts.method != Method::OPTIONS && !parts.uri.path().starts_with('/') || parts.uri.path() == "*" {
            return nowhere(bad("bad_target", "the request's target must be a path"));
        }
        let host = match public::host(&mut parts) {
            Ok(host) => host,
            Err(error) => return nowhere(bad("bad_host", error.to_string())),
        };
        if relative(&mut parts).is_err() {
            return nowhere(bad("bad_target", "the request's target must be a path"));
        }
        if let Some(length) = parts.headers.get(CONTENT_LENGTH)
            && length.to_str().ok().and_then(|text| text.parse::<u64>().ok()).is_none_or(|length| length > self.shared.config.limits.body_bytes)
        {
            return nowhere(too_large(self.shared.config.limits.body_bytes));
        }
        match self.shared.public.place(&host) {
            Place::Dashboard => (Door::Dashboard, dashboard::forward(self, parts, body, page).await),
            Place::Agent(label) => {
                let agent = self.shared.routes.load().agent(label).cloned();
                match agent {
                    Some(agent) => (Door::Agent, agent::forward(self, agent, parts, body, page).await),
                    None => {
                        let detail = format!("There is no agent named {label} here. It may have been deleted, or the name is misspelt.");
                        let refusal = Refusal::new(StatusCode::NOT_FOUND, "no_such_agent", "No agent has this name", detail);
                        (Door::Agent, refusal.link(self.shared.public.url.clone(), "Go to the dashboard").reply(page))
                    }
                }
            }
            Place::Elsewhere => {
                let detail = format!("This is a Vivier. It does not answer for this host name; it is at {}.", self.shared.public.url);
                let refusal = Refusal::new(StatusCode::MISDIRECTED_REQUEST, "unknown_host", "This host is not served here", detail);
                nowhere(refusal.link(self.shared.public.url.clone(), "Go to the dashboard"))
            }
        }
    }

    /// The visitor's address: the peer's, or what a proxy that the operator trusts says.
    fn visitor(&self, headers: &HeaderMap) -> Option<IpAddr> {
        let trusted = &self.shared.config.trusted_proxies;
        if trusted.is_empty() || !trusted.iter().any(|network| network.contains(self.peer)) {
            return None;
        }
        // From the right: each hop was added by the one after it; the first that is not trusted is the visitor.
        let lines: Vec<&str> = headers.get_all(headers::X_FORWARDED_FOR).iter().filter_map(|line| line.to_str().ok()).collect();
        let hops = lines.iter().rev().flat_map(|line| line.rsplit(',')).map_while(|hop| hop.trim().parse::<IpAddr>().ok());
        hops.map(|hop| hop.to_canonical()).find(|hop| !trusted.iter().any(|network| network.contains(*hop)))
    }

    /// Replaces what a visitor says about itself by what is known of it.
    pub fn attribute(&self, headers: &mut HeaderMap, to_agent: bool) {
        let visitor = self.visitor(headers);
        headers::strip_hop_by_hop(headers);
        headers::strip_claims(headers);
        headers.remove(http::header::EXPECT);
        let forwarded_for = match (visitor, to_agent) {
            (None, true) => self.peer_for_agents.clone(),
            (None, false) => self.peer_text.clone(),
            (Some(visitor), true) => for_agents(&self.shared, visitor),
            (Some(visitor), false) => address(visitor),
        };
        headers.insert(headers::X_FORWARDED_FOR, forwarded_for);
        headers.insert(headers::X_FORWARDED_PROTO, HeaderValue::from_static(self.shared.public.scheme()));
        if let Some(host) = headers.get(http::header::HOST).cloned() {
            headers.insert(headers::X_FORWARDED_HOST, host);
        }
        if to_agent {
            headers.insert(headers::USER, HeaderValue::from_static(vivier_core::agent::OWNER));
        }
    }

    /// The pass of the browser for this agent, if its cookie is one: ours, for this agent and its owner, not over, not ended.
    pub fn pass(&self, table: &Table, agent: &Agent, headers: &HeaderMap) -> Option<Pass> {
        let key = table.cookie_key.as_ref()?;
        let mut lines = headers.get_all(http::header::COOKIE).iter();
        let line = lines.next()?;
        // Only a single line says all: over HTTP/2 there may be more, of which this one says nothing.
        let single = lines.next().is_none();
        let valid = |pass: &Pass| {
            pass.deployment == agent.deployment && pass.account == agent.account && pass.expires_at > (self.shared.world.now)() && !table.ended(pass.session)
        };
        if single {
            let known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
            if let Some((known, pass)) = &*known
                && known == line
            {
                // One that is not valid for this agent may stand beside one that is.
                if valid(pass) {
                    return Some(*pass);
                }
            }
        }
        // Another subdomain's page can make the browser send further cookies of our name: any valid one counts.
        let pass = cookie::values(headers, self.shared.public.secure).filter_map(|value| Pass::open(key, value)).find(valid)?;
        if single {
            *self.known.lock().unwrap_or_else(PoisonError::into_inner) = Some((line.clone(), pass));
        }
        Some(pass)
    }
}

fn address(address: IpAddr) -> HeaderValue {
    HeaderValue::from_str(&address.to_string()).unwrap_or(HeaderValue::from_static("192.0.2.1"))
}

fn for_agents(shared: &Shared, visitor: IpAddr) -> HeaderValue {
    address(if visitor.is_loopback() || visitor.is_unspecified() { shared.config.loopback_stands_as.into() } else { visitor })
}

pub fn bad(code: &'static str, detail: impl Into<String>) -> Refusal {
    Refusal::new(StatusCode::BAD_REQUEST, code, "The request cannot be read", detail)
}

pub fn too_large(most: u64) -> Refusal {
    let detail = format!("a request's body may have {most} bytes at most; send less, or have the operator raise edge.limits.body_bytes");
    Refusal::new(StatusCode::PAYLOAD_TOO_LARGE, "too_large", "The request is too large", detail)
}

/// Reduces the target to path and query, which is all that travels on.
fn relative(parts: &mut Parts) -> Result<(), http::Error> {
    if parts.uri.authority().is_some() {
        let target = parts.uri.path_and_query().cloned();
        let mut uri = http::uri::Parts::default();
        uri.path_and_query = target;
        parts.uri = Uri::from_parts(uri)?;
    }
    parts.version = Version::HTTP_11;
    Ok(())
}

/// Whether the request would change something and comes from another site's page: browsers send the cookie along between
/// agents of one domain, which count as one site.
pub fn forged(shared: &Shared, agent: &Agent, parts: &Parts) -> bool {
    let safe = matches!(parts.method, Method::GET | Method::HEAD | Method::OPTIONS);
    !safe && parts.headers.get(ORIGIN).is_some_and(|origin| !shared.public.is_origin_of(origin, &agent.slug))
}

/// The program's token, when the request carries one of ours.
pub fn token(headers: &HeaderMap) -> Option<&str> {
    let text = headers.get(AUTHORIZATION)?.to_str().ok()?;
    let (scheme, token) = text.split_once(' ')?;
    let token = token.trim();
    (scheme.eq_ignore_ascii_case("bearer") && token.starts_with("viv_") && token.len() <= 256).then_some(token)
}
