//! What an agent's owner sees while the agent cannot be reached.

use http::StatusCode;
use vivier_core::lifecycle::State;

use crate::edge::Shared;
use crate::reply::Refusal;
use crate::routes::Agent;

/// A page (or problem) by state, with what happens next.
pub fn away(shared: &Shared, agent: &Agent) -> Refusal {
    let reason = agent.reason.as_deref().map(|reason| format!("\n\n{reason}")).unwrap_or_default();
    let say = |code, title, detail: &str| Refusal::new(StatusCode::SERVICE_UNAVAILABLE, code, title, format!("{detail}{reason}"));
    let dashboard = format!("{}/deployments/{}", shared.public.url, agent.deployment);
    let waiting = |refusal: Refusal| refusal.retry_after(5).refresh(3);
    let stays = |refusal: Refusal, link| refusal.retry_after(60).refresh(30).link(dashboard.clone(), link);
    match agent.state {
        State::Requested | State::Provisioning | State::Configuring => {
            waiting(say("agent_preparing", "Your agent is being prepared…", "It gets its own sealed room. This page opens it by itself when it is ready."))
        }
        State::Starting => {
            waiting(say("agent_starting", "Your agent is starting…", "This takes about half a minute. This page opens it by itself when it is ready."))
        }
        State::Running => waiting(say("agent_unreachable", "Your agent is not reachable", "It was running a moment ago; its connection is being restored.")),
        State::Updating => waiting(say("agent_updating", "Your agent is being updated…", "It comes back by itself, with all it knows.")),
        State::Restarting => waiting(say("agent_restarting", "Your agent is restarting…", "It comes back by itself, with all it knows.")),
        State::Suspended => stays(
            say("agent_suspended", "Your agent is suspended", "It was stopped; what it knows is kept. Resume it in the dashboard."),
            "Open it in the dashboard",
        ),
        State::Failed => stays(
            say("agent_failed", "Your agent could not be started", "The dashboard shows what happened, step by step, and can try again."),
            "See what happened",
        ),
        State::Terminated => stays(
            say("agent_terminated", "Your agent has been deleted", "Until its data is removed for good, it can be restored in the dashboard."),
            "Open the dashboard",
        ),
    }
}
