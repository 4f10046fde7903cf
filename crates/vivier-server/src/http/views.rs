//! The store's words as the public API's. Everything is destructured in full: a field that is added must be decided about here.

use vivier_core::runtime::Proof;
use vivier_core::wire::accounts::{AccountOut, MeOut, UserOut};
use vivier_core::wire::agents::{DeploymentOut, ProofOut};
use vivier_core::wire::operator::{HostOut, OwnedDeploymentOut};

use crate::app::App;
use crate::store::accounts::Account;
use crate::store::deployments::Deployment;
use crate::store::members::Membership;
use crate::store::users::User;
use crate::worker::HostView;

pub fn deployment(app: &App, deployment: Deployment) -> DeploymentOut {
    let Deployment {
        id,
        account,
        owner: _,
        name,
        slug,
        plan,
        template,
        desired: _,
        asked: _,
        holds,
        state,
        reason,
        degraded,
        observed_at,
        doing,
        openclaw_version,
        image,
        follows,
        window,
        revision,
        last_known_good_revision,
        config_version: _,
        provider,
        channels,
        subnet_index: _,
        created_at,
        expires_at,
        purge_at,
        version: _,
    } = deployment;
    DeploymentOut {
        id,
        account,
        name,
        url: app.settings.agent_origin(&slug),
        slug,
        plan,
        template,
        limits: app.settings.plans.get(plan).limits,
        state,
        holds: holds.list(),
        reason,
        degraded,
        observed_at,
        doing,
        queue_position: app.queue.position(id),
        openclaw_version,
        image,
        follows,
        window,
        revision,
        last_known_good_revision,
        provider,
        channels,
        created_at,
        expires_at,
        purge_at,
    }
}

pub fn owned_deployment(app: &App, row: Deployment) -> OwnedDeploymentOut {
    OwnedDeploymentOut { owner: row.owner.clone(), deployment: deployment(app, row) }
}

pub fn user(user: &User) -> UserOut {
    let User { id, email, password_hash: _, operator, email_verified_at, created_at } = user.clone();
    UserOut { id, email, operator, email_verified_at, created_at }
}

pub fn account(membership: Membership) -> AccountOut {
    let Membership { account: Account { id, name, created_at, closed_at: _ }, role } = membership;
    AccountOut { id, name, role, created_at }
}

pub fn me(person: &User, membership: Option<Membership>) -> MeOut {
    MeOut { user: user(person), account: membership.map(account), look: None }
}

pub fn proof(proof: Proof) -> ProofOut {
    ProofOut { holds: proof.holds(), proof }
}

pub fn host(view: HostView) -> HostOut {
    let HostView { reachable, observed_at, capacity, reserved_memory_bytes, reserved_cpu_millis, memory_ceiling, admits, reason, deployments, queue_length } =
        view;
    HostOut {
        name: "local".to_owned(),
        reachable,
        observed_at,
        capacity,
        reserved_memory_bytes,
        reserved_cpu_millis,
        memory_ceiling,
        admits,
        reason,
        deployments,
        queue_length,
    }
}
