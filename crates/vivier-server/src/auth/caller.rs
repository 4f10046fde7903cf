//! Who calls: read from a session's cookie or a bearer token, once per request.

use std::net::IpAddr;

use axum::http::{HeaderMap, HeaderValue, header};
use vivier_core::id::{AccountId, LookId, SessionId, TokenId, UserId};
use vivier_core::name::Email;
use vivier_core::secret::Secret;
use vivier_core::time::Timestamp;
use vivier_core::wire::accounts::{MemberRole, TokenScope};

use super::token;
use crate::app::App;
use crate::store::sessions::Session;
use crate::store::tokens::Token;
use crate::store::{Actor, StoreError};

/// Someone who is signed in, at work in an account.
#[derive(Clone, Debug)]
pub struct Caller {
    pub user: UserId,
    pub email: Email,
    /// Of this installation, whatever the account.
    pub operator: bool,
    pub account: AccountId,
    /// What they may do in the account, at this moment.
    pub role: MemberRole,
    pub via: Via,
    /// An operator's look at somebody's account: nothing can be changed with it.
    pub look: Option<LookId>,
    /// The address that the request came from; absent when it came over the socket itself.
    pub from: Option<IpAddr>,
    /// Names the effect of this request, when it came with an `Idempotency-Key`.
    pub once: Option<uuid::Uuid>,
}

/// A person who signed in with a browser's session: at work in an account, or a member of none.
#[derive(Clone, Debug)]
pub struct Someone {
    pub user: UserId,
    pub email: Email,
    pub operator: bool,
    /// Where they are at work.
    pub account: Option<AccountId>,
    pub session: SessionId,
    pub from: Option<IpAddr>,
    pub once: Option<uuid::Uuid>,
}

/// How someone is signed in.
#[derive(Clone, Debug)]
pub enum Via {
    Session { id: SessionId },
    Token { id: TokenId, scopes: Vec<TokenScope> },
}

/// What a request shows for itself.
#[derive(Clone, Debug)]
pub enum Identity {
    Nobody,
    /// Something was shown, and it is not (or no longer) valid. The sentence for the caller.
    Invalid(&'static str),
    /// Signed in, and a member of no account.
    Alone(Someone),
    Known(Caller),
}

impl Identity {
    /// The session of this browser, while it lives.
    pub const fn session(&self) -> Option<SessionId> {
        match self {
            Self::Known(caller) => caller.session(),
            Self::Alone(someone) => Some(someone.session),
            Self::Nobody | Self::Invalid(_) => None,
        }
    }
}

impl Someone {
    pub fn actor(&self) -> Actor {
        Actor { account: self.account, user: Some(self.user), name: self.email.to_string(), from: self.from, once: self.once }
    }
}

impl Caller {
    pub fn actor(&self) -> Actor {
        Actor { from: self.from, once: self.once, ..Actor::user(self.account, self.user, self.email.as_str()) }
    }

    /// As an operator, in another's timeline.
    pub fn operator_actor(&self) -> Actor {
        Actor { name: format!("operator {}", self.email), ..self.actor() }
    }

    pub const fn session(&self) -> Option<SessionId> {
        match self.via {
            Via::Session { id } => Some(id),
            Via::Token { .. } => None,
        }
    }

    /// Whether it is still so: for answers that last.
    pub async fn still_valid(&self, app: &App) -> Result<bool, StoreError> {
        match &self.via {
            Via::Session { id } => Ok(app.store.session_lives(*id).await?.is_some()),
            Via::Token { id, scopes: _ } => app.store.token_lives(*id).await,
        }
    }
}

/// The name of the session's cookie: `__Host-` binds it to this very host, and needs HTTPS.
pub fn cookie_name(public_url: &str) -> &'static str {
    if public_url.starts_with("https:") { "__Host-vivier_session" } else { "vivier_session" }
}

/// `Set-Cookie` for a session that lives until `expires_at`.
pub fn session_cookie(public_url: &str, token: &Secret, now: Timestamp, expires_at: Timestamp) -> HeaderValue {
    let secure = if public_url.starts_with("https:") { "; Secure" } else { "" };
    let seconds = (expires_at.millis_since(now) / 1_000).max(0);
    let text = format!("{}={}; Path=/; HttpOnly; SameSite=Lax; Max-Age={seconds}{secure}", cookie_name(public_url), token.expose());
    let mut value = HeaderValue::from_str(&text).expect("a cookie of base 64 and digits is a header value");
    value.set_sensitive(true);
    value
}

/// `Set-Cookie` that takes the session's cookie away.
pub fn no_cookie(public_url: &str) -> HeaderValue {
    let secure = if public_url.starts_with("https:") { "; Secure" } else { "" };
    let text = format!("{}=; Path=/; HttpOnly; SameSite=Lax; Max-Age=0{secure}", cookie_name(public_url));
    HeaderValue::from_str(&text).expect("an empty cookie is a header value")
}

/// The session's token of a request's cookies, unless it is given twice: then nobody knows which one is meant.
pub fn session_token<'a>(headers: &'a HeaderMap, public_url: &str) -> Option<&'a str> {
    cookie(headers, cookie_name(public_url))
}

/// A cookie by its name, unless it is given twice.
pub fn cookie<'a>(headers: &'a HeaderMap, name: &str) -> Option<&'a str> {
    let mut found = headers
        .get_all(header::COOKIE)
        .iter()
        .filter_map(|value| value.to_str().ok())
        .flat_map(|line| line.split(';'))
        .filter_map(|pair| pair.trim().split_once('='))
        .filter(|(key, _)| *key == name)
        .map(|(_, value)| value);
    let one = found.next()?;
    if found.next().is_some() { None } else { Some(one) }
}

/// Reads who calls. The second value is a renewed cookie to send along.
pub async fn identify(app: &App, headers: &HeaderMap) -> Result<(Identity, Option<HeaderValue>), StoreError> {
    let from = client_address(headers);
    if let Some(value) = headers.get(header::AUTHORIZATION) {
        let bearer = value.to_str().ok().and_then(|text| text.split_once(' ')).filter(|(scheme, _)| scheme.eq_ignore_ascii_case("bearer"));
        let Some((_, text)) = bearer else { return Ok((Identity::Invalid("Send `Authorization: Bearer viv_…`."), None)) };
        return match app.store.token(token::digest(text.trim())).await? {
            None => Ok((Identity::Invalid("The API token is unknown, has expired or was deleted. Make a new one in the dashboard, under Account."), None)),
            Some(token) => {
                app.store.touch_token(&token).await?;
                let Token { id, account, user, email, role, operator, scopes, expires_at: _, last_used_at: _ } = token;
                let via = Via::Token { id, scopes };
                Ok((Identity::Known(Caller { user, email, operator, account, role, via, look: None, from, once: None }), None))
            }
        };
    }
    let Some(text) = session_token(headers, &app.settings.public_url) else { return Ok((Identity::Nobody, None)) };
    let Some(session) = app.store.session(token::digest(text)).await? else {
        return Ok((Identity::Invalid("The session has ended. Sign in again."), None));
    };
    let renewed = app.store.touch_session(&session, app.settings.session_days, from).await?;
    let cookie = renewed.map(|expires_at| session_cookie(&app.settings.public_url, &Secret::new(text), app.clock.now(), expires_at));
    let Session { id, user, email, operator, place, look, created_at: _, expires_at: _, last_seen_at: _ } = session;
    let identity = match place {
        Some((account, role)) => Identity::Known(Caller { user, email, operator, account, role, via: Via::Session { id }, look, from, once: None }),
        None => Identity::Alone(Someone { user, email, operator, account: None, session: id, from, once: None }),
    };
    Ok((identity, cookie))
}

/// The client's address, as the edge wrote it: the last entry of `X-Forwarded-For`. `None`: the request did not come through
/// the edge, but over the socket itself.
pub fn client_address(headers: &HeaderMap) -> Option<IpAddr> {
    let line = headers.get_all("x-forwarded-for").iter().next_back()?.to_str().ok()?;
    line.rsplit(',').next()?.trim().parse().ok()
}
