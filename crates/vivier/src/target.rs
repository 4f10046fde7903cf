//! Which deployment a NAME means: its id, its slug or its name.

use vivier_core::id::DeploymentId;
use vivier_core::lifecycle::State;
use vivier_core::wire::agents::DeploymentOut;

use crate::api::Api;
use crate::failure::Failure;

/// Which deployments come into question first.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Prefer {
    Living,
    /// For `restore`.
    Deleted,
}

/// The deployment that `name` means.
///
/// # Errors
/// When there is none, or more than one: a guess could restart or delete the wrong agent.
pub async fn find(api: &Api, name: &str, prefer: Prefer) -> Result<DeploymentOut, Failure> {
    if let Ok(id) = name.parse::<DeploymentId>() {
        return api.deployment(id).await;
    }
    let deployments = api.deployments(true).await?;
    pick(deployments, name, prefer)
}

fn pick(deployments: Vec<DeploymentOut>, name: &str, prefer: Prefer) -> Result<DeploymentOut, Failure> {
    let names: Vec<String> = deployments.iter().filter(|one| one.state != State::Terminated).map(|one| one.slug.to_string()).collect();
    let meant = |one: &DeploymentOut| one.slug.as_str() == name || one.name.as_str().to_lowercase() == name.to_lowercase();
    let (deleted, living): (Vec<_>, Vec<_>) = deployments.into_iter().filter(meant).partition(|one| one.state == State::Terminated);
    let (first, second) = match prefer {
        Prefer::Living => (living, deleted),
        Prefer::Deleted => (deleted, living),
    };
    let mut candidates = if first.is_empty() { second } else { first };
    match (candidates.pop(), candidates.is_empty()) {
        (Some(only), true) => Ok(only),
        (Some(last), false) => {
            candidates.push(last);
            let failure =
                Failure::usage(format!("{name:?} means {} agents.", candidates.len())).next("Give the slug of one that no other has for a name, or the id.");
            Err(candidates.iter().fold(failure, |failure, one| failure.note(format!("{}  {}  {}  ({})", one.id, one.slug, one.name, one.state))))
        }
        (None, _) => {
            let failure = Failure::not_found(format!("You have no agent with the name, slug or id {name:?}.")).next("`vivier ls` lists your agents.");
            Err(match nearest(name, &names) {
                Some(near) => failure.note(format!("Did you mean {near}?")),
                None => failure,
            })
        }
    }
}

/// A slug that was probably meant: it begins alike, or one contains the other.
fn nearest<'a>(name: &str, names: &'a [String]) -> Option<&'a String> {
    let name = name.to_lowercase();
    let alike = |other: &str| other.chars().zip(name.chars()).take_while(|(a, b)| a == b).count();
    names.iter().filter(|other| other.contains(&name) || alike(other) >= 3).max_by_key(|other| alike(other))
}
