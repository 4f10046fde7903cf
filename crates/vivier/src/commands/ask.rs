//! What is asked in one word: `restart`, `suspend`, `resume`, `retry`, `restore`, and `rm`.

use std::time::Duration;

use vivier_core::id::{DeploymentId, EventId};
use vivier_core::lifecycle::State;
use vivier_core::wire::agents::{DeploymentOut, DeploymentPatch};

use super::timeline::{self, Settled};
use crate::api::{Api, Verb};
use crate::cli::{AskArgs, EditArgs, RmArgs};
use crate::failure::Failure;
use crate::output::Output;
use crate::target::{self, Prefer};
use crate::{prompt, text};

pub async fn run(api: &Api, verb: Verb, args: &AskArgs, output: &Output) -> Result<(), Failure> {
    let prefer = if verb == Verb::Restore { Prefer::Deleted } else { Prefer::Living };
    let found = target::find(api, &args.named.name, prefer).await?;
    let newest = if args.wait { newest_event(api, found.id).await? } else { None };
    let asked = api.ask(found.id, verb).await?;
    // Already so: the server has nothing to do, and says it by the state.
    if verb == Verb::Retry && found.state == State::Running && asked.state == State::Running {
        return output.done(&asked, format!("{} is running: there is nothing to try again. `vivier restart {}` restarts it.", asked.slug, asked.slug));
    }
    if !args.wait {
        let sentence = match verb {
            Verb::Restart => format!("{} restarts.", asked.slug),
            Verb::Suspend => format!("{} is suspended; its data is kept.", asked.slug),
            Verb::Resume => format!("{} starts again.", asked.slug),
            Verb::Retry => format!("{} is tried again.", asked.slug),
            Verb::Restore => format!("{} is restored.", asked.slug),
        };
        return output.done(&asked, format!("{sentence} State: {}. `vivier status {}` shows how it goes.", asked.state, asked.slug));
    }
    let wanted = match verb {
        Verb::Suspend => State::Suspended,
        Verb::Restart | Verb::Resume | Verb::Retry | Verb::Restore => State::Running,
    };
    let settled = wait_for(api, found.id, newest, args.timeout, output).await?;
    finish(settled, wanted, output)
}

pub async fn newest_event(api: &Api, id: DeploymentId) -> Result<Option<EventId>, Failure> {
    Ok(api.events(id, 1).await?.iter().map(|event| event.id).max())
}

pub async fn wait_for(api: &Api, id: DeploymentId, newest: Option<EventId>, seconds: u64, output: &Output) -> Result<Settled, Failure> {
    timeline::wait(api, id, newest, Duration::from_secs(seconds), output, |now| timeline::is_settled(now.state)).await
}

/// Prints where it ended; a failure when that is not what was wanted.
pub fn finish(settled: Settled, wanted: State, output: &Output) -> Result<(), Failure> {
    match settled {
        Settled::Yes(now) if now.state == wanted => {
            let sentence = if now.state == State::Running { text::harmless(&now.url, false) } else { format!("{} is {}.", now.slug, now.state) };
            output.done(&*now, sentence)?;
            remedies(&now, output);
            Ok(())
        }
        Settled::Yes(now) => Err(ended_elsewhere(&now)),
        Settled::NotYet(now) => {
            let failure = Failure::failed(format!("{} is still {}; waiting has ended, its work goes on.", now.slug, now.state));
            Err(failure.next(format!("`vivier status {}` shows how it goes.", now.slug)))
        }
    }
}

/// What does not work although it runs.
pub fn remedies(now: &DeploymentOut, output: &Output) {
    for degradation in &now.degraded {
        output.aside(format!("warning: degraded: {}: {}", text::harmless(&degradation.part, false), text::harmless(&degradation.reason, false)));
        output.aside(format!("  Remedy: {}", text::harmless(&degradation.remedy, false)));
    }
}

fn ended_elsewhere(now: &DeploymentOut) -> Failure {
    let reason = now.reason.as_ref().map(|reason| format!(": {}", text::harmless(reason, false))).unwrap_or_else(|| ".".to_owned());
    let failure = |verb: &str| Failure::failed(format!("{} {verb}{reason}", now.slug));
    match now.state {
        State::Failed => failure("has failed").next(format!("`vivier status {0}` and `vivier logs {0}` show why; `vivier retry {0}` tries again.", now.slug)),
        State::Requested
        | State::Provisioning
        | State::Configuring
        | State::Starting
        | State::Running
        | State::Updating
        | State::Restarting
        | State::Suspended
        | State::Terminated => failure(&format!("is {}", now.state)).next(format!("`vivier status {}` shows what happened.", now.slug)),
    }
}

pub async fn edit(api: &Api, args: &EditArgs, output: &Output) -> Result<(), Failure> {
    let EditArgs { named, new_name, plan } = args;
    if new_name.is_none() && plan.is_none() {
        return Err(Failure::usage("There is nothing to change.").next("Give --name or --plan."));
    }
    let found = target::find(api, &named.name, Prefer::Living).await?;
    let edited = api.edit(found.id, &DeploymentPatch { name: new_name.clone(), plan: *plan }).await?;
    output.done(&edited, format!("{} is called {} and has the plan {}. State: {}.", edited.slug, edited.name, edited.plan, edited.state))
}

pub async fn remove(api: &Api, args: &RmArgs, output: &Output) -> Result<(), Failure> {
    let found = target::find(api, &args.named.name, Prefer::Living).await?;
    if !args.yes {
        if !output.may_ask() {
            return Err(Failure::usage(format!("Deleting {} needs a confirmation, and there is no terminal to ask.", found.slug)).next("Give --yes."));
        }
        let typed = prompt::text(&format!("This deletes {} ({}). Type its slug to confirm:", found.slug, found.name), None, None)?;
        if typed != found.slug.as_str() {
            return Err(Failure::usage(format!("That is not {:?}: nothing was deleted.", found.slug.as_str())));
        }
    }
    let deleted = api.delete(found.id).await?;
    let kept =
        deleted.purge_at.map(|at| format!(" Its data goes {}; until then `vivier restore {}` takes it back.", text::until(at, text::now()), deleted.slug));
    output.done(&deleted, format!("{} is deleted.{}", deleted.slug, kept.unwrap_or_default()))
}
