//! Between `edge` and `serve`: which names lead where, and who may pass. HTTP/1.1 over `serve`'s control socket; the edge asks.
//!
//! | route | body | answer |
//! |---|---|---|
//! | `POST /routes` | [`RoutesAfter`] | [`RouteTable`], at once when it is newer than `after`, else after at most `wait_seconds` (the same one) |
//! | `POST /redeem` | [`Redeem`] | [`Grant`], or 404 when the code is unknown, used or too old |
//! | `POST /authorize` | [`Authorize`] | [`Grant`], or 404 when the token may not talk to this agent |
//!
//! A browser that has no cookie for an agent is sent to `<public url>/open/<slug>?return=<path>`; `serve` sends it back to
//! `http(s)://<slug>.<base domain>/.vivier/session?code=…&return=…`, where the edge redeems the code and sets its cookie.

use std::net::SocketAddr;

use serde::{Deserialize, Serialize};

use crate::channel::ChannelKind;
use crate::id::{AccountId, DeploymentId, SessionId};
use crate::lifecycle::State;
use crate::name::Slug;
use crate::provider::KeyHeader;
use crate::runtime::Subnet;
use crate::secret::Secret;
use crate::time::Timestamp;

#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct RoutesAfter {
    /// The version that the edge has; absent at its start.
    pub after: Option<u64>,
    /// At most 25.
    pub wait_seconds: u32,
}

/// Every way to every agent. Immutable, and swapped as a whole: nobody's WebSocket notices another one's change.
/// Holds secrets (model keys): it travels over the control socket and stays in memory.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct RouteTable {
    /// Grows with every change; starts anew with every `serve` (see `epoch`).
    pub version: u64,
    /// Which run of `serve` counts `version`.
    pub epoch: u64,
    /// The key under which the edge signs its cookies: 32 bytes, base 64. The same for ever, so that cookies outlive restarts.
    pub cookie_key: Secret,
    pub routes: Vec<Route>,
    /// Sessions that have ended although their cookies have not.
    pub ended_sessions: Vec<SessionId>,
}

/// One agent's name and doors.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Route {
    pub slug: Slug,
    pub deployment: DeploymentId,
    pub account: AccountId,
    /// Where the gateway listens; absent while the agent cannot be reached.
    pub upstream: Option<SocketAddr>,
    /// What to tell a visitor while it cannot be reached.
    pub state: State,
    pub reason: Option<String>,
    /// The tenant's network: the edge's inner doors listen on its gateway address, for its agent's address alone.
    pub subnet: Option<Subnet>,
    pub doors: Doors,
}

/// What an agent may reach through the edge.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Doors {
    pub model: Option<ModelDoor>,
    /// Channels whose servers the agent may reach.
    pub channels: Vec<ChannelDoor>,
}

/// `http://<gateway>:18790/model/…` → `<base_url>/…`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ModelDoor {
    /// What the agent must present (as a bearer token or `x-api-key`). Worth nothing outside its own network.
    pub virtual_key: Secret,
    pub base_url: String,
    /// The real key, added outside the container. Absent for servers that need none.
    pub key: Option<Secret>,
    pub key_header: KeyHeader,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ChannelDoor {
    pub kind: ChannelKind,
    /// Telegram: another Bot API server than its own.
    pub api_root: Option<String>,
}

#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Redeem {
    pub code: Secret,
    pub slug: Slug,
}

#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Authorize {
    /// An account's API token (`viv_…`).
    pub token: Secret,
    pub slug: Slug,
}

/// May pass to this agent.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Grant {
    pub account: AccountId,
    pub deployment: DeploymentId,
    /// The browser's session, or none for a token.
    pub session: Option<SessionId>,
    pub expires_at: Timestamp,
}
