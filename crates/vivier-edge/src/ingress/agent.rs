//! One agent's host: who may pass, and the way to its gateway.

use std::net::SocketAddr;
use std::sync::{Arc, LazyLock};
use std::time::Duration;

use http::header::{AUTHORIZATION, ORIGIN, UPGRADE, WWW_AUTHENTICATE};
use http::request::Parts;
use http::{HeaderValue, Request, Response, StatusCode};
use http_body::Body as _;
use hyper::body::Incoming;
use tokio::net::TcpStream;
use vivier_core::id::SessionId;
use vivier_core::time::Timestamp;

use crate::body::{BodyError, ReplyBody, RequestBody, Streamed};
use crate::cookie::{self, Pass};
use crate::edge::Shared;
use crate::headers;
use crate::ingress::hold::Hold;
use crate::ingress::visit::{Visit, forged, token, too_large};
use crate::ingress::{bearers, pages, session, sockets};
use crate::io::{Noted, Stream};
use crate::meters::Door;
use crate::pool::{ConnectError, ExchangeError, Lost};
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

/// How often a request that has left is sent again: one that brings its gateway down must not do so for ever.
const MOST_REPEATS: u32 = 1;

static AGENT: LazyLock<Arc<str>> = LazyLock::new(|| "".into());

pub async fn forward(visit: &Arc<Visit>, mut agent: Arc<Agent>, mut parts: Parts, body: Incoming, page: bool) -> Reply {
    let shared = &visit.shared;
    let mut swaps = shared.routes.swaps();
    if session::ours(parts.uri.path()) {
        return session::answer(shared, &agent, &parts, page).await;
    }
    let mut who = match admit(visit, &agent, &parts, page).await {
        Ok(who) => who,
        Err(reply) => return *reply,
    };
    if who != Who::Program && forged(shared, &agent, &parts) {
        let detail = "the request comes from another site's page; open the agent under its own address";
        return Refusal::new(StatusCode::FORBIDDEN, "foreign_origin", "Another site's request", detail).reply(page);
    }
    let socket = parts.headers.contains_key(UPGRADE) && sockets::asked(&parts);
    if socket && !may_open_socket(shared, &agent, &parts, who) {
        let detail = "a WebSocket must be opened by a page of the agent's own address";
        return Refusal::new(StatusCode::FORBIDDEN, "foreign_origin", "Another site's request", detail).reply(false);
    }
    let mut hold = Hold::new(page, !body.is_end_stream());
    if agent.upstream.is_none() {
        // Boxed here and below: the way of a request that need not wait stays small.
        agent = match Box::pin(hold.until_back(visit, &agent, who)).await {
            Ok(now) => now,
            Err(told) => return told.map_or_else(|| pages::away(shared, &agent), |told| *told).reply(page),
        };
        // Its session may have ended meanwhile, or its token.
        who = match Box::pin(admit(visit, &agent, &parts, page)).await {
            Ok(who) => who,
            Err(reply) => return *reply,
        };
    }
    if who == Who::Program {
        parts.headers.remove(AUTHORIZATION);
    }
    cookie::strip(&mut parts.headers);
    if socket {
        return Box::pin(sockets::open(visit, agent, who, hold, parts)).await;
    }
    visit.attribute(&mut parts.headers, true);
    let body = RequestBody::visitor(body, shared.config.limits.body_bytes, shared.stall());
    let mut request = Request::from_parts(parts, body);
    let mut repeats = 0;
    loop {
        // Checking a token takes a while: whoever has just been taken off the table is not asked any more.
        if shared.routes.swaps() != swaps {
            swaps = shared.routes.swaps();
            let table = shared.routes.load();
            if let Some(now) = table.agent(agent.slug.as_str()).filter(|_| table.still(&agent)) {
                agent = now.clone();
            }
        }
        let Some(upstream) = agent.upstream else {
            agent = match Box::pin(hold.until_back(visit, &agent, who)).await {
                Ok(now) => now,
                Err(told) => return told.map_or_else(|| pages::away(shared, &agent), |told| *told).reply(page),
            };
            continue;
        };
        let place = match take_place(shared, &agent) {
            Ok(place) => place,
            Err(refusal) => return refusal.reply(page),
        };
        let connect = || connect_noted(upstream, shared.connect_within());
        match agent.pool.attempt(&AGENT, connect, request, shared.answer_within()).await {
            Ok(answer) => {
                let (mut head, answer) = answer.into_parts();
                headers::clean_answer(&mut head.headers, || shared.public.agent_origin(&agent.slug), upstream);
                let leash = Some(Leash::new(shared.routes.clone(), agent, who.session()));
                let bytes = Some(shared.meters.bytes(Door::Agent));
                return Response::from_parts(head, ReplyBody::Streamed(Box::new(Streamed { answer, leash, _place: Some(place), bytes })));
            }
            Err(Lost { error, again: Some(again), sent }) if !sent || repeats < MOST_REPEATS => {
                drop(place);
                repeats += u32::from(sent);
                agent = match Box::pin(hold.until_back(visit, &agent, who)).await {
                    Ok(now) => now,
                    Err(told) => return told.map_or_else(|| fault(shared, &agent, &error), |told| *told).reply(page),
                };
                request = *again;
            }
            Err(lost) => return fault(shared, &agent, &lost.error).reply(page),
        }
    }
}

/// Who asks.
///
/// # Errors
/// With the answer for somebody who may not pass.
async fn admit(visit: &Visit, agent: &Arc<Agent>, parts: &Parts, page: bool) -> Result<Who, Box<Reply>> {
    let shared = &visit.shared;
    let pass = {
        let table = shared.routes.load();
        visit.pass(&table, agent, &parts.headers)
    };
    let for_programs = parts.uri.path() == "/v1" || parts.uri.path().starts_with("/v1/");
    match (token(&parts.headers).filter(|_| for_programs), pass) {
        (Some(token), _) => match bearers::check(shared, agent, token).await {
            Ok(()) => Ok(Who::Program),
            Err(refusal) => {
                let mut reply = refusal.reply(false);
                reply.headers_mut().insert(WWW_AUTHENTICATE, HeaderValue::from_static("Bearer realm=\"vivier\""));
                Err(Box::new(reply))
            }
        },
        (None, Some(pass)) => Ok(Who::Browser(pass)),
        (None, None) => Err(Box::new(turn_away(shared, agent, parts, page))),
    }
}

/// # Errors
/// When the agent has as many requests under way as it may.
pub fn take_place(shared: &Shared, agent: &Agent) -> Result<Place, Box<Refusal>> {
    let most = shared.config.limits.requests_per_agent;
    Place::take(agent, most).ok_or_else(|| {
        let detail = format!("this agent already has {most} requests under way; try again in a moment");
        Box::new(Refusal::new(StatusCode::TOO_MANY_REQUESTS, "too_many_requests", "Too many requests at once", detail).retry_after(1))
    })
}

async fn connect_noted(upstream: SocketAddr, within: Duration) -> Result<Stream, ConnectError> {
    Ok(Stream::Noted(Noted::new(dial(upstream, within).await?)))
}

/// # Errors
/// When there is no connection within `within`.
pub async fn connect(upstream: SocketAddr, within: Duration) -> Result<Stream, ConnectError> {
    Ok(Stream::Tcp(dial(upstream, within).await?))
}

async fn dial(upstream: SocketAddr, within: Duration) -> Result<TcpStream, ConnectError> {
    let stream = tokio::time::timeout(within, TcpStream::connect(upstream)).await.map_err(|_| ConnectError::Slow)?.map_err(ConnectError::Connect)?;
    stream.set_nodelay(true).map_err(ConnectError::Connect)?;
    Ok(stream)
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
