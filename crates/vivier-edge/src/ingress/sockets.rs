//! WebSockets: the upgrade is passed on, then bytes go both ways until a side ends, the agent's route is withdrawn, the
//! session ends or its pass runs out. A swap of the route table for somebody else's sake does not touch them.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use http::header::{CONNECTION, HeaderValue, UPGRADE};
use http::request::Parts;
use http::{Method, Request, Response, StatusCode, Version};
use http_body_util::BodyExt as _;
use hyper::upgrade::OnUpgrade;
use hyper_util::rt::TokioIo;

use crate::body::{ReplyBody, RequestBody};
use crate::headers;
use crate::ingress::agent::{self, Who, fault};
use crate::ingress::dashboard;
use crate::ingress::hold::Hold;
use crate::ingress::pages;
use crate::ingress::visit::{Visit, bad};
use crate::io::Stream;
use crate::meters::Door;
use crate::pool;
use crate::reply::Reply;
use crate::routes::{Agent, Leash};
use crate::tunnel;

/// An answer other than 101 is passed on up to this size.
const MOST_REFUSAL: usize = 64 << 10;

/// Whether the request asks for a WebSocket (and not for any other protocol, such as h2c).
pub fn asked(parts: &Parts) -> bool {
    let says = |name, word: &str| {
        parts
            .headers
            .get_all(name)
            .iter()
            .filter_map(|value| value.to_str().ok())
            .flat_map(|value| value.split(','))
            .any(|item| item.trim().eq_ignore_ascii_case(word))
    };
    parts.method == Method::GET && parts.version == Version::HTTP_11 && says(UPGRADE, "websocket") && says(CONNECTION, "upgrade")
}

/// Opens one to an agent. When the agent goes away before it has answered, `hold` waits for it to come back.
pub async fn open(visit: &Arc<Visit>, mut agent: Arc<Agent>, who: Who, mut hold: Hold, mut parts: Parts) -> Reply {
    let shared = &visit.shared;
    let Some(near) = parts.extensions.remove::<OnUpgrade>() else { return no_upgrade() };
    // A pass that runs out closes what it opened.
    let now = (shared.world.now)();
    let lasts = who.until().map(|until| Duration::from_millis(u64::try_from(until.millis_since(now)).unwrap_or_default()));
    prepare(visit, &mut parts, true);
    let mut repeats = 0;
    let (mut answer, far, upstream, place) = loop {
        let Some(upstream) = agent.upstream else { return pages::away(shared, &agent).reply(false) };
        let place = match agent::take_place(shared, &agent) {
            Ok(place) => place,
            Err(refusal) => return refusal.reply(false),
        };
        let request = Request::from_parts(parts.clone(), RequestBody::empty());
        let tried = match agent::connect(upstream, shared.connect_within()).await {
            Ok(stream) => exchange(stream, request, shared.answer_within()).await,
            Err(error) => Err(pool::ExchangeError::Connect(error)),
        };
        let error = match tried {
            Ok((answer, far)) => break (answer, far, upstream, place),
            Err(error) => error,
        };
        let again = match &error {
            pool::ExchangeError::Connect(_) => true,
            pool::ExchangeError::Broken(_) => std::mem::replace(&mut repeats, 1) == 0,
            pool::ExchangeError::Late | pool::ExchangeError::Body(_) => false,
        };
        if !again {
            return fault(shared, &agent, &error).reply(false);
        }
        drop(place);
        agent = match Box::pin(hold.until_back(visit, &agent, who)).await {
            Ok(now) => now,
            Err(told) => return told.map_or_else(|| fault(shared, &agent, &error), |told| *told).reply(false),
        };
    };
    let own_origin = {
        let (shared, slug) = (shared.clone(), agent.slug.clone());
        move || shared.public.agent_origin(&slug)
    };
    headers::clean_answer(answer.headers_mut(), own_origin, upstream);
    let Some(far) = far else { return answer };
    mark_upgraded(&mut answer);
    let deployment = agent.deployment;
    let leash = Leash::new(shared.routes.clone(), agent, who.session());
    let cut = async move {
        match lasts {
            Some(lasts) => {
                tokio::select! { () = leash.broken() => {}, () = tokio::time::sleep(lasts) => {} }
            }
            None => leash.broken().await,
        }
    };
    join(visit, near, far, Door::Agent, cut, (place, deployment));
    answer
}

/// Opens one to `serve`, which checks the session and the origin itself.
pub async fn open_to_serve(visit: &Arc<Visit>, socket: &Path, mut parts: Parts) -> Reply {
    let shared = &visit.shared;
    let Some(near) = parts.extensions.remove::<OnUpgrade>() else { return no_upgrade() };
    prepare(visit, &mut parts, false);
    let refuse = |error| dashboard::fault(shared.config.limits.body_bytes, &error).reply(false);
    let stream = match dashboard::connect(socket, shared.connect_within()).await {
        Ok(stream) => stream,
        Err(error) => return refuse(pool::ExchangeError::Connect(error)),
    };
    let (mut answer, far) = match exchange(stream, Request::from_parts(parts, RequestBody::empty()), shared.answer_within()).await {
        Ok(answer) => answer,
        Err(error) => return refuse(error),
    };
    headers::strip_hop_by_hop(answer.headers_mut());
    let Some(far) = far else { return answer };
    mark_upgraded(&mut answer);
    join(visit, near, far, Door::Dashboard, std::future::pending(), ());
    answer
}

fn no_upgrade() -> Reply {
    bad("no_upgrade", "this connection cannot be upgraded; open the WebSocket over HTTP/1.1").reply(false)
}

fn prepare(visit: &Visit, parts: &mut Parts, to_agent: bool) {
    visit.attribute(&mut parts.headers, to_agent);
    parts.headers.insert(CONNECTION, HeaderValue::from_static("Upgrade"));
    parts.headers.insert(UPGRADE, HeaderValue::from_static("websocket"));
}

fn mark_upgraded(answer: &mut Reply) {
    answer.headers_mut().insert(CONNECTION, HeaderValue::from_static("Upgrade"));
    answer.headers_mut().insert(UPGRADE, HeaderValue::from_static("websocket"));
}

/// The answer, and the far side's upgrade when it agreed.
async fn exchange(stream: Stream, request: Request<RequestBody>, within: Duration) -> Result<(Reply, Option<OnUpgrade>), pool::ExchangeError> {
    let mut answer = pool::upgrade(stream, request, within).await?;
    if answer.status() == StatusCode::SWITCHING_PROTOCOLS {
        let far = hyper::upgrade::on(&mut answer);
        return Ok((answer.map(|_| ReplyBody::empty()), Some(far)));
    }
    let (head, body) = answer.into_parts();
    let text = http_body_util::Limited::new(body, MOST_REFUSAL).collect().await.map(http_body_util::Collected::to_bytes).unwrap_or_default();
    let mut answer = Response::from_parts(head, ReplyBody::Full(Some(text)));
    answer.headers_mut().remove(http::header::CONTENT_LENGTH);
    Ok((answer, None))
}

fn join<K: Send + 'static>(visit: &Visit, near: OnUpgrade, far: OnUpgrade, door: Door, cut: impl Future<Output = ()> + Send + 'static, kept: K) {
    let shared = visit.shared.clone();
    let idle = Duration::from_secs(shared.config.limits.tunnel_idle_seconds);
    visit.shared.tunnels.spawn(async move {
        let (near, far) = match tokio::try_join!(near, far) {
            Ok(both) => both,
            Err(error) => {
                tracing::debug!("a WebSocket was agreed upon but not opened: {error}");
                return;
            }
        };
        shared.meters.web_sockets.increment(1.0);
        let cut = async {
            tokio::select! { () = cut => {}, () = shared.cut.cancelled() => {} }
        };
        let passed = tunnel::run(TokioIo::new(near), TokioIo::new(far), idle, cut).await;
        shared.meters.web_sockets.decrement(1.0);
        shared.meters.bytes(door).increment(passed.inward);
        tracing::debug!(?passed, "a WebSocket ended");
        drop(kept);
    });
}
