//! Whether the host has room for another agent.
//!
//! Two bounds, both in memory: what is used now together with what has been promised to agents that do not run yet must stay
//! under the ceiling; and the promises of all plans together must stay under what the host has, times the overcommit.

use std::sync::{Mutex, PoisonError};

use vivier_core::plan::PlanName;
use vivier_core::runtime::{Capacity, RuntimeError};
use vivier_core::time::Timestamp;

use crate::App;
use crate::config::Config;
use crate::store::StoreError;
use crate::store::reconcile::Reserved;

/// What is known of the host.
#[derive(Debug, Default)]
pub struct HostWatch(Mutex<Known>);

#[derive(Clone, Debug, Default)]
struct Known {
    capacity: Option<Capacity>,
    observed_at: Option<Timestamp>,
    reachable: bool,
}

impl HostWatch {
    /// Keeps the answer to a question for the host's capacity.
    pub fn note(&self, answer: &Result<Capacity, RuntimeError>, now: Timestamp) {
        let mut known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        known.reachable = answer.is_ok();
        if let Ok(capacity) = answer {
            known.capacity = Some(capacity.clone());
            known.observed_at = Some(now);
        }
    }

    fn known(&self) -> Known {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

/// Why new work is not admitted now.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct Refused {
    /// The numbers, and the next step.
    pub message: String,
    pub retry_after_seconds: u64,
}

/// What an operator sees of the host.
#[derive(Clone, Debug, PartialEq)]
pub struct HostView {
    pub reachable: bool,
    pub observed_at: Option<Timestamp>,
    pub capacity: Option<Capacity>,
    pub reserved_memory_bytes: u64,
    pub reserved_cpu_millis: u64,
    pub memory_ceiling: f64,
    pub admits: bool,
    pub reason: Option<String>,
    pub deployments: u64,
    pub queue_length: u64,
}

/// Would a new deployment of `plan` find room? Asked before it is written down; a host that has not been seen yet admits, and the
/// deployment then waits in `requested`.
///
/// # Errors
/// The outer one when the store fails; the inner one with the refusal.
pub async fn admission(app: &App, plan: PlanName) -> Result<Result<(), Refused>, StoreError> {
    let Some(capacity) = app.host.known().capacity else { return Ok(Ok(())) };
    let reserved = app.store.reserved().await?;
    let refused =
        |shortage| Refused { message: format!("{shortage}; nothing was made: try again when others are stopped or deleted"), retry_after_seconds: 30 };
    Ok(shortage(&app.settings, &capacity, reserved, app.settings.plans.get(plan).limits.memory_bytes).map_err(refused))
}

/// What is known of the host, for an operator.
///
/// # Errors
/// When the store fails.
pub async fn host_view(app: &App) -> Result<HostView, StoreError> {
    let Known { capacity, observed_at, reachable } = app.host.known();
    let reserved = app.store.reserved().await?;
    let smallest = app.settings.plans.least_memory_bytes();
    let refusal = match &capacity {
        Some(capacity) => shortage(&app.settings, capacity, reserved, smallest).err(),
        None => Some("the host has not answered yet".to_owned()),
    };
    Ok(HostView {
        reachable,
        observed_at,
        capacity,
        reserved_memory_bytes: reserved.memory_bytes,
        reserved_cpu_millis: reserved.cpu_millis,
        memory_ceiling: app.settings.memory_ceiling,
        admits: refusal.is_none(),
        reason: refusal,
        deployments: app.store.count_deployments().await?,
        queue_length: u64::try_from(app.queue.len()).unwrap_or(u64::MAX),
    })
}

/// Is there room for `need` bytes? The error is the sentence for the owner of a deployment that waits.
pub(super) fn room(settings: &Config, capacity: &Capacity, reserved: Reserved, need: u64) -> Result<(), String> {
    shortage(settings, capacity, reserved, need).map_err(|shortage| format!("{shortage}; it waits until others are stopped or deleted"))
}

/// Is there room for `need` bytes? The error is what is lacking, in numbers.
fn shortage(settings: &Config, capacity: &Capacity, reserved: Reserved, need: u64) -> Result<(), String> {
    let total = capacity.memory_total_bytes;
    let used = total.saturating_sub(capacity.memory_available_bytes);
    let ceiling = share(total, settings.memory_ceiling);
    let taken = used.saturating_add(reserved.coming_memory_bytes);
    if taken.saturating_add(need) > ceiling {
        return Err(format!(
            "the host has no room: {} of {} MB are in use or promised to agents on their way, {} MB more are needed, and new agents stop at {} MB",
            mib(taken),
            mib(total),
            mib(need),
            mib(ceiling)
        ));
    }
    let most = share(total, settings.memory_overcommit);
    if reserved.memory_bytes.saturating_add(need) > most {
        return Err(format!(
            "the host has no room: plans have promised {} MB, {} MB more are needed, and at most {} MB are promised on this host",
            mib(reserved.memory_bytes),
            mib(need),
            mib(most)
        ));
    }
    Ok(())
}

const fn mib(bytes: u64) -> u64 {
    bytes >> 20
}

#[allow(clippy::cast_possible_truncation, clippy::cast_precision_loss, clippy::cast_sign_loss, reason = "a share of memory needs no exact bytes")]
fn share(total: u64, part: f64) -> u64 {
    (total as f64 * part) as u64
}

#[cfg(test)]
mod tests {
    use super::*;

    const GIB: u64 = 1 << 30;

    fn capacity(total: u64, available: u64) -> Capacity {
        Capacity {
            at: Timestamp::from_millis(0),
            driver: "fake".to_owned(),
            engine_version: String::new(),
            cpus: 2,
            memory_total_bytes: total * GIB,
            memory_available_bytes: available * GIB,
            disk_total_bytes: 0,
            disk_available_bytes: 0,
            containers_running: 0,
            warnings: Vec::new(),
        }
    }

    #[test]
    fn new_work_stops_at_the_ceiling_with_the_numbers() {
        let settings = Config::default();
        let reserved = |memory, coming| Reserved { memory_bytes: memory * GIB, cpu_millis: 0, coming_memory_bytes: coming * GIB };
        assert!(room(&settings, &capacity(10, 9), reserved(0, 0), GIB).is_ok());
        let refusal = room(&settings, &capacity(10, 9), reserved(7, 7), GIB).expect_err("8 + 1 of 10 are over 0.8");
        assert!(refusal.contains("8192 of 10240 MB"), "{refusal}");
        assert!(room(&settings, &capacity(10, 9), reserved(14, 0), GIB).is_ok());
        assert!(room(&settings, &capacity(10, 9), reserved(15, 0), GIB).is_err(), "promises end at 1.5 times the host");
    }
}
