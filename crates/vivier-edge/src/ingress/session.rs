//! `/.vivier/…` on an agent's host: how a browser gets its pass, and gives it back. The agent never sees these requests.

use std::sync::Arc;

use http::header::{HeaderValue, SET_COOKIE};
use http::request::Parts;
use http::{Method, StatusCode};
use vivier_core::id::SessionId;
use vivier_core::secret::Secret;
use vivier_core::wire::edge::Redeem;

use crate::cookie::{self, Pass};
use crate::edge::Shared;
use crate::public::safe_return;
use crate::reply::{Refusal, Reply, see_other};
use crate::routes::Agent;

/// How long a pass lasts that no session stands behind.
const PASS_WITHOUT_SESSION_SECONDS: i64 = 3600;

/// Whether a path is the edge's own.
pub fn ours(path: &str) -> bool {
    path == "/.vivier" || path.starts_with("/.vivier/")
}

pub async fn answer(shared: &Shared, agent: &Arc<Agent>, parts: &Parts, page: bool) -> Reply {
    match (parts.uri.path(), &parts.method) {
        ("/.vivier/session", &Method::GET) => redeem(shared, agent, parts.uri.query().unwrap_or_default(), page).await,
        ("/.vivier/logout", &Method::GET | &Method::POST) => see_other(&shared.public.url, [(SET_COOKIE, set_cookie(shared, "", 0))]),
        _ => Refusal::new(StatusCode::NOT_FOUND, "not_found", "There is nothing here", "Only /.vivier/session and /.vivier/logout are here.").reply(page),
    }
}

async fn redeem(shared: &Shared, agent: &Agent, query: &str, page: bool) -> Reply {
    let value = |name: &str| url::form_urlencoded::parse(query.as_bytes()).find(|(key, _)| key == name).map(|(_, value)| value.into_owned());
    let back = value("return").unwrap_or_default();
    let back = safe_return(&back);
    let spent = || {
        let refusal = Refusal::new(
            StatusCode::FORBIDDEN,
            "link_spent",
            "This link has been used",
            "A link to an agent works once, and for a minute. Open the agent again from the dashboard.",
        );
        refusal.link(shared.public.open_url(&agent.slug, back), "Open the agent again").reply(page)
    };
    let Some(code) = value("code").filter(|code| !code.is_empty() && code.len() <= 512) else { return spent() };
    let grant = match shared.control.redeem(&Redeem { code: Secret::new(code), slug: agent.slug.clone() }).await {
        Ok(Some(grant)) => grant,
        Ok(None) => return spent(),
        Err(error) => {
            tracing::warn!("a code cannot be redeemed: {error}");
            let detail = "Vivier's server is restarting. This page tries again by itself.";
            return Refusal::new(StatusCode::SERVICE_UNAVAILABLE, "serve_down", "One moment…", detail).retry_after(2).refresh(3).reply(page);
        }
    };
    let key = shared.routes.load().cookie_key.clone();
    let now = (shared.world.now)();
    let Some(key) = key else { return spent() };
    if grant.deployment != agent.deployment || grant.account != agent.account || grant.expires_at <= now {
        return spent();
    }
    // A link made with an API token has no session whose end could take the pass back, so the pass itself ends soon.
    let (session, expires_at) = match grant.session {
        Some(session) => (session, grant.expires_at),
        None => (SessionId::from_uuid(uuid::Uuid::now_v7()), grant.expires_at.min(now.plus_seconds(PASS_WITHOUT_SESSION_SECONDS))),
    };
    let pass = Pass { account: grant.account, deployment: grant.deployment, session, expires_at };
    let seconds = expires_at.millis_since(now) / 1000;
    see_other(back, [(SET_COOKIE, set_cookie(shared, &pass.seal(&key), seconds))])
}

fn set_cookie(shared: &Shared, value: &str, seconds: i64) -> HeaderValue {
    let secure = if shared.public.secure { "; Secure" } else { "" };
    let text = format!("{}={value}; Path=/; Max-Age={seconds}; HttpOnly; SameSite=Lax{secure}", cookie::name(shared.public.secure));
    HeaderValue::from_str(&text).unwrap_or(HeaderValue::from_static("vivier_agent=; Max-Age=0"))
}
