//! From a look to a [`Sight`]: pure, so that every case can be written down.

use vivier_core::digest::Digest;
use vivier_core::lifecycle::{Data, Desired, Drift, Sight, Workload};
use vivier_core::runtime::{Container, ContainerPhase, Observation, Restore, Subnet, WorkloadSpec};
use vivier_core::time::Timestamp;

use crate::store::reconcile::Work;

/// What a look is compared with.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Expected {
    pub fingerprint: Digest,
    pub config: Digest,
    pub secrets: u64,
    pub subnet: Subnet,
}

impl Expected {
    pub fn of(spec: &WorkloadSpec) -> Self {
        Self { fingerprint: spec.fingerprint(), config: spec.config_digest(), secrets: spec.secrets.version, subnet: spec.subnet }
    }
}

/// `container@finished`: names one exit.
pub fn exit_key(container: &str, finished_at: Timestamp) -> String {
    format!("{container}@{}", finished_at.as_millis())
}

/// What was seen, compared with what is wanted. `expected` is absent while no subnet is allocated; `observation` when the look failed.
pub fn sight(work: &Work, expected: Option<&Expected>, observation: Option<&Observation>, start_timeout_ms: i64, now: Timestamp) -> Sight {
    let (workload, drift) = match observation {
        None => (Workload::Unknown, work.seen.drift),
        Some(observation) => seen(work, expected, observation, start_timeout_ms),
    };
    Sight {
        desired: work.wanted.desired,
        allocated: work.seen.subnet_index.is_some(),
        workload,
        drift,
        data: observation.map_or(Data::Ready, |observation| data(work, observation)),
        rehearsed: !needs_rehearsal(work),
        routed: work.seen.routed,
        breaker: work.seen.breaker(&work.wanted, work.falls_back, now),
    }
}

fn seen(work: &Work, expected: Option<&Expected>, observation: &Observation, start_timeout_ms: i64) -> (Workload, Drift) {
    let Some(container) = &observation.container else {
        return (without_container(work, expected, observation), Drift::None);
    };
    let same = expected.is_some_and(|expected| expected.fingerprint == container.fingerprint);
    match &container.phase {
        ContainerPhase::Running { started_at, health } => {
            // A gateway that has been proven has started. A probe that it misses afterwards (busy, or restarting in place) is no
            // news about its start, and closes no door.
            let workload = match work.seen.proof.as_ref().filter(|proof| proof.container == container.id && proof.started_at == *started_at) {
                Some(proof) if proof.holds() => Workload::Proven,
                Some(_) => Workload::Disproven,
                None if health.started => Workload::Started,
                // Both times are the host's: clocks of two machines are never compared.
                None if observation.at.millis_since(*started_at) > start_timeout_ms => Workload::Overdue,
                None => Workload::Starting,
            };
            let drift = match expected {
                Some(_) if !same => Drift::Container,
                Some(expected) if !has_taken(work, container, *started_at, expected, observation) => Drift::Config,
                Some(_) | None => Drift::None,
            };
            (workload, drift)
        }
        ContainerPhase::Exited { finished_at, .. } if same => {
            let counted = work.seen.counted_exit.as_deref() == Some(exit_key(&container.id, *finished_at).as_str());
            let asked_for = work.seen.expected_exit.as_deref() == Some(container.id.as_str());
            let workload = if counted || asked_for { Workload::Stopped } else { Workload::Exited };
            (workload, delivered_drift(expected, observation))
        }
        ContainerPhase::Created if same => (Workload::Stopped, delivered_drift(expected, observation)),
        // A stopped container of another specification will be replaced: it is no container of ours.
        ContainerPhase::Exited { .. } | ContainerPhase::Created => (without_container(work, expected, observation), Drift::None),
    }
}

/// Another revision than the one that runs is tried beside it first, unless it is known to work: Vivier's own way back.
fn needs_rehearsal(work: &Work) -> bool {
    let another = work.seen.running_revision.is_some_and(|running| running != work.wanted.revision);
    another && work.falls_back && !work.returns && work.seen.rehearsed != Some(work.wanted.revision)
}

/// Whether the data is what the wanted revision is to start on.
fn data(work: &Work, observation: &Observation) -> Data {
    let revision = work.wanted.revision;
    let written_by_another = work.seen.running_revision.is_some_and(|running| running != revision);
    let kept = observation.snapshots.iter().any(|snapshot| snapshot.number == revision);
    match work.restores {
        // What a revision wrote that Vivier itself takes back is given up: its disk may be the reason.
        Some(_) if work.returns => {}
        Some(_) | None if observation.data && written_by_another && !kept => return Data::Unkept,
        Some(_) | None => {}
    }
    match work.restores {
        Some(snapshot) if observation.restored != Some(Restore { snapshot, revision }) => Data::Elsewhere,
        Some(_) | None => Data::Ready,
    }
}

/// The running gateway works with the wanted configuration and secrets: it took them while running, or started with them.
fn has_taken(work: &Work, container: &Container, started_at: Timestamp, expected: &Expected, observation: &Observation) -> bool {
    let delivered = observation.config.as_ref() == Some(&expected.config) && observation.secrets == Some(expected.secrets);
    match &work.seen.applied {
        Some(applied) if applied.container == container.id && applied.started_at == started_at => delivered && applied.config == expected.config,
        Some(_) | None => delivered,
    }
}

fn delivered_drift(expected: Option<&Expected>, observation: &Observation) -> Drift {
    let same = expected.is_some_and(|expected| observation.config.as_ref() == Some(&expected.config) && observation.secrets == Some(expected.secrets));
    if same { Drift::None } else { Drift::Config }
}

fn without_container(work: &Work, expected: Option<&Expected>, observation: &Observation) -> Workload {
    match work.wanted.desired {
        Desired::Running | Desired::Suspended => {
            let placed = observation.data && expected.is_some_and(|expected| observation.network == Some(expected.subnet));
            if !placed {
                return if observation.data { Workload::Data } else { Workload::Absent };
            }
            match delivered_drift(expected, observation) {
                Drift::None => Workload::Configured,
                Drift::Config | Drift::Container => Workload::Prepared,
            }
        }
        Desired::Terminated | Desired::Purged => {
            // Whatever is left of the workload must go, in whatever combination it is there.
            let leftovers = observation.network.is_some() || observation.config.is_some() || observation.secrets.is_some() || observation.container.is_some();
            match (leftovers, observation.data) {
                (true, _) => Workload::Prepared,
                (false, true) => Workload::Data,
                (false, false) => Workload::Absent,
            }
        }
    }
}

#[cfg(test)]
#[path = "sight_tests.rs"]
mod tests;
