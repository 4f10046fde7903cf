//! One agent's host: who may pass, and the way to its gateway.

use std::sync::{Arc, LazyLock};
use std::time::Duration;

use http::header::{AUTHORIZATION, ORIGIN, UPGRADE, WWW_AUTHENTICATE};
use http::request::Parts;
use http::{HeaderValue, Request, Response, StatusCode};
use hyper::body::Incoming;
use tokio::net::TcpStream;
use vivier_core::id::SessionId;
use vivier_core::time::Timestamp;

use crate::body::{BodyError, ReplyBody, RequestBody, Streamed};
use crate::cookie::{self, Pass};
use crate::edge::Shared;
use crate::headers;
use crate::ingress::visit::{Visit, forged, token, too_large};
use crate::ingress::{bearers, pages, session, sockets};
use crate::io::Stream;
use crate::meters::Door;
use crate::pool::{ConnectError, ExchangeError};
use crate::reply::{Refusal, Reply, see_other};
use crate::routes::{Agent, Leash, Place};

/// Who passes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Who {
    Browser(Pass),
    Program,
}

impl Who {
    pub fn session(self) -> Option<SessionId> {
        match self {
            Self::Browser(pass) => Some(pass.session),
            Self::Program => None,
        }
    }

    /// Until when the browser may stay.
    pub fn until(self) -> Option<Timestamp> {
        match self {
            Self::Browser(pass) => Some(pass.expires_at),
            Self::Program => None,
        }
    }
}

static AGENT: LazyLock<Arc<str>> = LazyLock::new(|| "".into());

pub async fn forward(visit: &Arc<Visit>, agent: Arc<Agent>, mut parts: Parts, body: Incoming, page: bool) -> Reply {
    let shared = &visit.shared;
    if session::ours(parts.uri.path()) {
        return session::answer(shared, &agent, &parts, page).await;
    }
    let pass = {
        let table = shared.routes.load();
        visit.pass(&table, &agent, &parts.headers)
    };
    let for_programs = parts.uri.path() == "/v1" || parts.uri.path().starts_with("/v1/");
    let who = match (token(&parts.headers).filter(|_| for_programs), pass) {
        (Some(token), _) => match bearers::check(shared, &agent, token).await {
            Ok(()) => Who::Program,
            Err(refusal) => {
                let mut reply = refusal.reply(false);
                reply.headers_mut().insert(WWW_AUTHENTICATE, HeaderValue::from_static("Bearer realm=\"vivier\""));
                return reply;
            }
        },
        (None, Some(pass)) => Who::Browser(pass),
        (None, None) => return turn_away(shared, &agent, &parts, page),
    };
    if who != Who::Program && forged(shared, &agent, &parts) {
        let detail = "the request comes from another site's page; open the agent under its own address";
        return Refusal::new(StatusCode::FORBIDDEN, "foreign_origin", "Another site's request", detail).reply(page);
    }
    let Some(upstream) = agent.upstream else { return pages::away(shared, &agent).reply(page) };
    let Some(place) = Place::take(&agent, shared.config.limits.requests_per_agent) else {
        let detail = format!("this agent already has {} requests under way; try again in a moment", shared.config.limits.requests_per_agent);
        return Refusal::new(StatusCode::TOO_MANY_REQUESTS, "too_many_requests", "Too many requests at once", detail).retry_after(1).reply(page);
    };
    if who == Who::Program {
        parts.headers.remove(AUTHORIZATION);
    }
    cookie::strip(&mut parts.headers);
    if parts.headers.contains_key(UPGRADE) && sockets::asked(&parts) {
        if !may_open_socket(shared, &agent, &parts, who) {
            let detail = "a WebSocket must be opened by a page of the agent's own address";
            return Refusal::new(StatusCode::FORBIDDEN, "foreign_origin", "Another site's request", detail).reply(false);
        }
        return sockets::open(visit, agent, upstream, who, place, parts).await;
    }
    visit.attribute(&mut parts.headers, true);
    let body = RequestBody::visitor(body, shared.config.limits.body_bytes, shared.stall());
    let connect = || connect(upstream, shared.connect_within());
    match agent.pool.exchange(&AGENT, connect, Request::from_parts(parts, body), shared.answer_within()).await {
        Ok(answer) => {
            let (mut head, answer) = answer.into_parts();
            headers::clean_answer(&mut head.headers, || shared.public.agent_origin(&agent.slug), upstream);
            let leash = Some(Leash::new(shared.routes.clone(), agent, who.session()));
            let bytes = Some(shared.meters.bytes(Door::Agent));
            Response::from_parts(head, ReplyBody::Streamed(Box::new(Streamed { answer, leash, _place: Some(place), bytes })))
        }
        Err(error) => fault(shared, &agent, &error).reply(page),
    }
}

/// # Errors
/// When there is no connection within `within`.
pub async fn connect(upstream: std::net::SocketAddr, within: Duration) -> Result<Stream, ConnectError> {
    let stream = tokio::time::timeout(within, TcpStream::connect(upstream)).await.map_err(|_| ConnectError::Slow)?.map_err(ConnectError::Connect)?;
    stream.set_nodelay(true).map_err(ConnectError::Connect)?;
    Ok(Stream::Tcp(stream))
}

fn may_open_socket(shared: &Shared, agent: &Agent, parts: &Parts, who: Who) -> bool {
    match (parts.headers.get(ORIGIN), who) {
        (Some(origin), _) => shared.public.is_origin_of(origin, &agent.slug) && parts.headers.get_all(ORIGIN).iter().count() == 1,
        // A program has no origin; every browser has.
        (None, Who::Program) => true,
        (None, Who::Browser(_)) => false,
    }
}

/// A browser goes to the dashboard, which knows whether it may come back; a program is told what is missing.
fn turn_away(shared: &Shared, agent: &Agent, parts: &Parts, page: bool) -> Reply {
    if page {
        let back = parts.uri.path_and_query().map_or("/", |target| target.as_str());
        return see_other(&shared.public.open_url(&agent.slug, back), []);
    }
    let detail = format!(
        "sign in at {} and open the agent there, or call its /v1 endpoints with `Authorization: Bearer viv_…` (an API token with the scope chat)",
        shared.public.url
    );
    let mut reply = Refusal::new(StatusCode::UNAUTHORIZED, "not_signed_in", "Not signed in", detail).reply(false);
    reply.headers_mut().insert(WWW_AUTHENTICATE, HeaderValue::from_static("Bearer realm=\"vivier\""));
    reply
}

/// What a visitor is told when the agent did not answer.
pub fn fault(shared: &Shared, agent: &Agent, error: &ExchangeError) -> Refusal {
    match error {
        ExchangeError::Body(BodyError::TooLarge) => return too_large(shared.config.limits.body_bytes),
        ExchangeError::Body(BodyError::Stalled | BodyError::Broken) => {
            let detail = "the request's body stopped arriving; send it again";
            return Refusal::new(StatusCode::REQUEST_TIMEOUT, "body_stalled", "The request is incomplete", detail);
        }
        ExchangeError::Connect(_) | ExchangeError::Late | ExchangeError::Broken(_) => {}
    }
    tracing::info!(deployment = %agent.deployment, "an agent did not answer: {}", chain(error));
    match error {
        ExchangeError::Late => {
            let detail = "the agent took too long to answer; look at its logs in the dashboard, or try again";
            Refusal::new(StatusCode::GATEWAY_TIMEOUT, "agent_too_slow", "The agent took too long", detail)
        }
        ExchangeError::Connect(_) => {
            let detail = "The agent does not take connections at the moment. It is probably restarting; this page tries again by itself.";
            Refusal::new(StatusCode::SERVICE_UNAVAILABLE, "agent_unreachable", "The agent is not reachable", detail).retry_after(2).refresh(3)
        }
        ExchangeError::Broken(_) | ExchangeError::Body(_) => {
            let detail = "The agent broke off before it answered. It may have restarted; try again in a moment.";
            Refusal::new(StatusCode::BAD_GATEWAY, "agent_broke_off", "The agent broke off", detail).retry_after(2).refresh(3)
        }
    }
}

/// An error and its causes in one line, for the log.
pub fn chain(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(cause) = source {
        text.push_str(": ");
        text.push_str(&cause.to_string());
        source = cause.source();
    }
    text
}
