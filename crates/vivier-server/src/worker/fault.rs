//! Why something failed, in words for the owner with the next step; and how long to wait before the next try.

use vivier_core::plan::{PlanName, Plans};
use vivier_core::runtime::{RuntimeError, RuntimeErrorKind};

use crate::store::seen::Fault;

/// Failures in a row after which no repetition is tried.
pub const TOO_MANY: u32 = 5;

/// An exit that nobody asked for.
pub fn of_exit(exit_code: i64, out_of_memory: bool, last_lines: &[String], plans: &Plans, plan: PlanName, failures: u32) -> Fault {
    let said = last_lines.iter().rev().map(|line| line.trim()).find(|line| !line.is_empty()).map(short).unwrap_or_default();
    let after = if said.is_empty() { String::new() } else { format!(": {said}") };
    if out_of_memory {
        let memory = plans.get(plan).limits.memory_bytes >> 20;
        let remedy = match plans.larger_than(plan) {
            Some(larger) => format!("Move it to {}, or switch off channels and plugins that it does not need.", larger.name.title()),
            None => "Switch off channels and plugins that it does not need.".to_owned(),
        };
        return Fault { open: failures >= TOO_MANY, reason: format!("it ran out of memory ({memory} MB)"), remedy };
    }
    // OpenClaw's own code for a bad or missing configuration: no repetition mends it.
    if exit_code == 78 {
        return Fault {
            open: true,
            reason: format!("OpenClaw refused its configuration{after}"),
            remedy: "Correct the configuration, or go back to an earlier revision.".to_owned(),
        };
    }
    let remedy = if failures >= TOO_MANY { "Look at its log, correct what it says, then retry." } else { "" };
    Fault { open: failures >= TOO_MANY, reason: format!("it ended by itself with code {exit_code}{after}"), remedy: remedy.to_owned() }
}

/// A start that took too long.
pub fn of_overdue(seconds: u32, failures: u32) -> Fault {
    let remedy = if failures >= TOO_MANY { "Look at its log; a configuration with fewer channels and plugins starts faster. Then retry." } else { "" };
    Fault { open: failures >= TOO_MANY, reason: format!("it did not say within {seconds} s that it has started"), remedy: remedy.to_owned() }
}

/// A proof that did not hold.
pub fn of_proof(differences: &[String], failures: u32) -> Fault {
    let remedy = if failures >= TOO_MANY { "It is kept closed. An operator must look at the host, then retry." } else { "" };
    Fault { open: failures >= TOO_MANY, reason: format!("it is not sealed as it must be ({})", short(&differences.join("; "))), remedy: remedy.to_owned() }
}

/// A step that the runtime could not do.
pub fn of_step(error: &RuntimeError, failures: u32) -> Fault {
    let remedy = match error.kind {
        RuntimeErrorKind::Image => {
            "Choose another release; or an operator makes this one startable (`vivierd release list` says what is wrong, `vivierd release build` builds and signs); then retry."
        }
        RuntimeErrorKind::Refused => "The host's own policy forbids it; an operator must look at the host's log, then retry.",
        RuntimeErrorKind::Rejected => "Correct the configuration, or go back to an earlier revision.",
        RuntimeErrorKind::Unreachable | RuntimeErrorKind::Conflict | RuntimeErrorKind::Capacity | RuntimeErrorKind::NotFound | RuntimeErrorKind::Failed => {
            if failures >= TOO_MANY {
                "Retry; if it fails again, an operator must look at the host's log."
            } else {
                ""
            }
        }
    };
    Fault { open: !error.is_transient() || failures >= TOO_MANY, reason: short(&error.message), remedy: remedy.to_owned() }
}

/// Milliseconds before the next try after `failures` in a row: 5 s, doubled each time, up to 5 min, give or take a fifth, so that
/// many that failed together do not come back together.
pub fn backoff_millis(failures: u32, jitter: f64) -> i64 {
    let doubled = 5_000_i64.saturating_mul(1 << failures.saturating_sub(1).min(10)).min(300_000);
    let spread = doubled / 5;
    // `jitter` is 0 to 1; the product is far below what a float holds exactly.
    #[allow(clippy::cast_possible_truncation, clippy::cast_precision_loss, reason = "below 60,000")]
    let part = (spread as f64 * 2.0 * jitter.clamp(0.0, 1.0)) as i64;
    doubled - spread + part
}

fn short(text: &str) -> String {
    let mut short: String = text.chars().filter(|letter| !letter.is_control()).take(300).collect();
    if text.chars().count() > 300 {
        short.push('…');
    }
    short
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn waiting_doubles_to_five_minutes_and_spreads() {
        assert_eq!(backoff_millis(1, 0.5), 5_000);
        assert_eq!(backoff_millis(3, 0.5), 20_000);
        assert_eq!(backoff_millis(40, 0.5), 300_000);
        assert!((4_000..=6_000).contains(&backoff_millis(1, 0.0)) && (4_000..=6_000).contains(&backoff_millis(1, 1.0)));
    }

    #[test]
    fn a_refused_configuration_opens_the_breaker_at_once_and_others_after_five() {
        let lines = vec!["Invalid config at ui.x".to_owned(), "  ".to_owned()];
        let fault = of_exit(78, false, &lines, &Plans::default(), PlanName::Starter, 1);
        assert!(fault.open && fault.sentence().contains("Invalid config at ui.x"), "{fault:?}");
        assert!(!of_exit(1, false, &[], &Plans::default(), PlanName::Starter, 4).open);
        assert!(of_exit(1, false, &[], &Plans::default(), PlanName::Starter, 5).open);
        assert!(of_exit(137, true, &[], &Plans::default(), PlanName::Starter, 1).sentence().contains("Pro"));
    }
}
