//! CONNECT for channels that bring their own TLS: the name must be one that a channel of this agent needs, its address public,
//! and the TLS that follows must ask for the same name.

use std::sync::Arc;
use std::time::Duration;

use http::{Request, Response, StatusCode};
use hyper::body::Incoming;
use hyper::upgrade::OnUpgrade;
use hyper_util::rt::TokioIo;
use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWriteExt as _};
use tokio::time::timeout;

use super::hello::{self, Look};
use super::{TenantDoor, refuse};
use crate::body::ReplyBody;
use crate::ingress::agent::chain;
use crate::meters::Door;
use crate::outside;
use crate::pool::ConnectError;
use crate::reply::Reply;
use crate::routes::Agent;
use crate::tunnel::{self, Closed};

/// How long the TLS greeting may take.
const HELLO_WITHIN: Duration = Duration::from_secs(10);

/// A tunnel to this very door: what comes through it is served as if it had come straight.
pub fn here(door: &Arc<TenantDoor>, mut request: Request<Incoming>) -> Reply {
    let Some(near) = request.extensions_mut().remove::<OnUpgrade>() else {
        return refuse(StatusCode::BAD_REQUEST, "no_upgrade", "CONNECT works over HTTP/1.1 only.");
    };
    let place = match door.tunnel_place() {
        Ok(place) => place,
        Err(reply) => return *reply,
    };
    let door = door.clone();
    door.shared.clone().tunnels.spawn(async move {
        let _place = place;
        match near.await {
            Ok(near) => super::serve(door, near, super::Way::Tunnelled).await,
            Err(error) => tracing::debug!(deployment = %door.deployment, "a tunnel was agreed upon but not opened: {error}"),
        }
    });
    Response::new(ReplyBody::empty())
}

pub async fn open(door: &Arc<TenantDoor>, agent: &Agent, mut request: Request<Incoming>) -> Reply {
    let asked = request.uri().authority().map(|authority| authority.as_str().to_owned()).unwrap_or_default();
    let no = |code, why: &str, help: &str| {
        door.refused(&asked, why);
        refuse(StatusCode::FORBIDDEN, code, help)
    };
    let (Some(host), Some(443)) = (request.uri().host(), request.uri().port_u16()) else {
        return no("port_refused", "only port 443", "Only port 443 can be reached through this gateway.");
    };
    let host = host.strip_suffix('.').unwrap_or(host).to_ascii_lowercase();
    let literal = host.starts_with('[') || !host.split('.').next_back().is_some_and(|last| last.bytes().any(|byte| byte.is_ascii_alphabetic()));
    if literal {
        return no("address_refused", "an address instead of a name", "Names only: addresses cannot be reached through this gateway.");
    }
    if !allowed(agent, &host) {
        return no(
            "name_refused",
            "no channel of this agent needs this name",
            "No channel of this agent needs this name. Add the channel in the agent's settings.",
        );
    }
    let Some(near) = request.extensions_mut().remove::<OnUpgrade>() else {
        return refuse(StatusCode::BAD_REQUEST, "no_upgrade", "CONNECT works over HTTP/1.1 only.");
    };
    let place = match door.tunnel_place() {
        Ok(place) => place,
        Err(reply) => return *reply,
    };
    let far = match outside::connect(&door.shared, &host, 443).await {
        Ok(far) => far,
        Err(ConnectError::Private) => return no("private_address", "its address is private, or this machine's", "This name leads to a private address."),
        Err(error) => {
            tracing::info!(deployment = %door.deployment, host, "a channel's server cannot be reached: {}", chain(&error));
            return refuse(StatusCode::BAD_GATEWAY, "unreachable", "The channel's server cannot be reached at the moment. It is tried again by the agent.");
        }
    };
    let door = door.clone();
    door.shared.clone().tunnels.spawn(async move {
        let _place = place;
        match near.await {
            Ok(near) => pass(&door, TokioIo::new(near), far, host).await,
            Err(error) => tracing::debug!(deployment = %door.deployment, "a tunnel was agreed upon but not opened: {error}"),
        }
    });
    Response::new(ReplyBody::empty())
}

/// Whether a channel of the agent needs `host`.
fn allowed(agent: &Agent, host: &str) -> bool {
    agent.channels.iter().flat_map(|channel| channel.kind.reaches()).any(|pattern| matches(pattern, host))
}

fn matches(pattern: &str, host: &str) -> bool {
    match pattern.strip_prefix("*.") {
        Some(domain) => host.strip_suffix(domain).is_some_and(|front| front.len() > 1 && front.ends_with('.')),
        None => host == pattern,
    }
}

async fn pass(door: &TenantDoor, mut near: TokioIo<hyper::upgrade::Upgraded>, mut far: tokio::net::TcpStream, host: String) {
    let greeting = match timeout(HELLO_WITHIN, greeting(&mut near, &host)).await {
        Ok(Ok(greeting)) => greeting,
        Ok(Err(why)) => return door.refused(&host, why),
        Err(_) => return door.refused(&host, "no TLS greeting came"),
    };
    if let Err(error) = far.write_all(&greeting).await {
        tracing::debug!(deployment = %door.deployment, "a channel's server closed at once: {error}");
        return;
    }
    let meters = &door.shared.meters;
    let cut = async {
        let mut changes = door.shared.routes.changes();
        loop {
            if !door.agent().is_some_and(|agent| allowed(&agent, &host)) {
                return;
            }
            tokio::select! {
                () = door.over.cancelled() => return,
                changed = changes.changed() => if changed.is_err() { return },
            }
        }
    };
    meters.tunnels.increment(1.0);
    let passed = tunnel::run(near, far, Duration::from_secs(door.shared.config.limits.tunnel_idle_seconds), cut).await;
    meters.tunnels.decrement(1.0);
    meters.bytes(Door::Connect).increment(passed.inward);
    match passed.closed {
        Closed::Cut => tracing::info!(deployment = %door.deployment, host, "a tunnel was cut: it is no longer allowed"),
        Closed::Ended | Closed::Idle => tracing::debug!(deployment = %door.deployment, host, ?passed, "a tunnel ended"),
    }
}

/// The first bytes, once they are a TLS greeting for `host` and nothing else.
async fn greeting(near: &mut (impl AsyncRead + Unpin), host: &str) -> Result<Vec<u8>, &'static str> {
    let mut bytes = Vec::with_capacity(2048);
    loop {
        match hello::look(&bytes) {
            Look::Hello { encrypted: true, .. } => return Err("the TLS greeting hides its name (ECH)"),
            Look::Hello { name: Some(name), encrypted: false } if name.eq_ignore_ascii_case(host) => return Ok(bytes),
            Look::Hello { name: Some(_), .. } => return Err("the TLS greeting asks for another name"),
            Look::Hello { name: None, .. } => return Err("the TLS greeting asks for no name"),
            Look::Other => return Err("what followed is not TLS"),
            Look::More => {}
        }
        match near.read_buf(&mut bytes).await {
            Ok(0) | Err(_) => return Err("it ended before its TLS greeting"),
            Ok(_) => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use super::matches;

    #[test]
    fn a_star_stands_for_labels_and_nothing_else() {
        assert!(matches("discord.com", "discord.com"));
        assert!(matches("*.discord.gg", "gateway-us-east1-b.discord.gg") && matches("*.discord.gg", "a.b.discord.gg"));
        for host in ["discord.gg", ".discord.gg", "evildiscord.gg", "discord.gg.evil.example", "discord.com"] {
            assert!(!matches("*.discord.gg", host), "{host}");
        }
    }
}
