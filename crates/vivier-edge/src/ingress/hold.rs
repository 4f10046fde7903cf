//! Requests that wait for an agent on its way back: while it changes to another revision, or restarts, it has no gateway for
//! some 20 to 60 s, and whoever asks meanwhile is answered by the next one instead of being refused.
//!
//! A waiting request is a future that looks at the route table whenever that was swapped. It is bounded in time and number, its
//! body stays unread (what hyper has taken from the socket by itself is one buffer; the rest waits at the client), and a client
//! that leaves takes its request along. Knows nothing of why an agent is away: only the state that the route tells.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use http::StatusCode;
use tokio::time::Instant;
use vivier_core::lifecycle::State;

use crate::edge::Shared;
use crate::ingress::agent::Who;
use crate::ingress::pages;
use crate::ingress::visit::Visit;
use crate::meters::Held;
use crate::reply::Refusal;
use crate::routes::Agent;

/// How long a browser's navigation waits before it is shown the page that tries again by itself; and how long a request that its
/// gateway lost waits for the table to say that the gateway is gone. Unrouting travels here within a few hundredths of a second.
const BRIEFLY: Duration = Duration::from_secs(2);

/// One request's waiting, of which there may be more than one: the limit counts from the first.
pub struct Hold {
    /// A person waits, and has a page to look at instead.
    page: bool,
    /// Part of the body may still be at the client.
    body: bool,
    until: Option<Instant>,
}

/// Whether an agent in this state, without a gateway, gets one again without anybody's doing, and soon.
///
/// A first start is none: it may wait for its turn, for room or for an image, nobody has relied on the agent yet, and the answer
/// "not yet" is the true one.
const fn comes_back(state: State) -> bool {
    match state {
        State::Running | State::Updating | State::Restarting => true,
        State::Requested | State::Provisioning | State::Configuring | State::Starting | State::Suspended | State::Failed | State::Terminated => false,
    }
}

/// What the table says of an agent.
enum Look {
    Back(Arc<Agent>),
    Away,
    /// It still names the gateway that was lost.
    Silent,
    Over(Box<Refusal>),
}

impl Hold {
    pub fn new(page: bool, body: bool) -> Self {
        Self { page, body, until: None }
    }

    /// Waits until `agent` has a gateway: any, when it had none; another, or the same one anew, when the one it had was lost.
    ///
    /// # Errors
    /// With what the client is to be told when the agent will not come back or the session has ended; with `None` when there was
    /// no (more) waiting: it is switched off, too many wait already, the time is over, or the edge stops.
    pub async fn until_back(&mut self, visit: &Visit, agent: &Agent, who: Who) -> Result<Arc<Agent>, Option<Box<Refusal>>> {
        let shared = &visit.shared;
        let limits = &shared.config.limits;
        if limits.hold_seconds == 0 {
            return Err(None);
        }
        // Before the first look: a swap between look and wait must wake.
        let mut changes = shared.routes.changes();
        let mut look = self::look(shared, agent, who);
        match look {
            Look::Back(now) => return Ok(now),
            Look::Over(refusal) => return Err(Some(refusal)),
            Look::Away | Look::Silent => {}
        }
        let Some(mut place) = Place::take(shared, agent) else {
            shared.meters.hold_refused();
            return Err(None);
        };
        let longest = Duration::from_secs(limits.hold_seconds);
        let until = *self.until.get_or_insert_with(|| place.since + if self.page { longest.min(BRIEFLY) } else { longest });
        loop {
            let until = match look {
                Look::Back(now) => {
                    place.outcome = Held::Resumed;
                    return Ok(now);
                }
                Look::Over(refusal) => {
                    place.outcome = Held::Refused;
                    return Err(Some(refusal));
                }
                Look::Away => until,
                Look::Silent => until.min(place.since + BRIEFLY),
            };
            tokio::select! {
                changed = changes.changed() => {
                    if changed.is_err() {
                        return Err(None);
                    }
                }
                () = tokio::time::sleep_until(until) => {
                    place.outcome = Held::Late;
                    return Err(None);
                }
                () = shared.closing.cancelled() => {
                    place.outcome = Held::Late;
                    return Err(None);
                }
                // Without a body it is hyper that notices, and drops this future.
                () = visit.left(), if self.body => return Err(None),
            }
            look = self::look(shared, agent, who);
        }
    }
}

fn look(shared: &Shared, agent: &Agent, who: Who) -> Look {
    let table = shared.routes.load();
    let Some(now) = table.agent(agent.slug.as_str()).filter(|_| table.still(agent)) else {
        let detail = format!("There is no agent named {} here any more.", agent.slug);
        let refusal = Refusal::new(StatusCode::NOT_FOUND, "no_such_agent", "No agent has this name", detail);
        return Look::Over(Box::new(refusal.link(shared.public.url.clone(), "Go to the dashboard")));
    };
    if who.session().is_some_and(|session| table.ended(session)) {
        let detail = format!("the session ended while the request waited; sign in at {} and open the agent there", shared.public.url);
        return Look::Over(Box::new(Refusal::new(StatusCode::UNAUTHORIZED, "not_signed_in", "Not signed in", detail)));
    }
    match now.upstream {
        // The table gives an agent a new pool whenever its address came, went or changed.
        Some(_) if agent.upstream.is_some() && Arc::ptr_eq(&now.pool, &agent.pool) => Look::Silent,
        Some(_) => Look::Back(now.clone()),
        None if comes_back(now.state) => Look::Away,
        None => Look::Over(Box::new(pages::away(shared, now))),
    }
}

/// One of the places for waiting requests; given back, and counted by its outcome, when it is dropped.
struct Place<'a> {
    shared: &'a Shared,
    of_agent: Arc<AtomicUsize>,
    since: Instant,
    outcome: Held,
}

impl<'a> Place<'a> {
    fn take(shared: &'a Shared, agent: &Agent) -> Option<Self> {
        let limits = &shared.config.limits;
        let of_agent = agent.held.clone();
        if of_agent.fetch_add(1, Ordering::Relaxed) >= limits.held_per_agent {
            of_agent.fetch_sub(1, Ordering::Relaxed);
            return None;
        }
        if shared.held.fetch_add(1, Ordering::Relaxed) >= limits.held {
            shared.held.fetch_sub(1, Ordering::Relaxed);
            of_agent.fetch_sub(1, Ordering::Relaxed);
            return None;
        }
        shared.meters.hold_begins();
        Some(Self { shared, of_agent, since: Instant::now(), outcome: Held::Left })
    }
}

impl Drop for Place<'_> {
    fn drop(&mut self) {
        self.of_agent.fetch_sub(1, Ordering::Relaxed);
        self.shared.held.fetch_sub(1, Ordering::Relaxed);
        self.shared.meters.hold_ends(self.outcome, self.since.elapsed());
    }
}
