//! How a wave grows, and what stops it.

use std::fmt;
use std::str::FromStr;

use crate::text::travels_as_text;
use serde::{Deserialize, Serialize};

/// More stages than anyone has patience for.
const MOST_STAGES: usize = 10;
const MOST_COUNT: u32 = 1_000_000;
/// Seconds: a week.
const MOST_SOAK: u32 = 7 * 86_400;
const MOST_CONCURRENCY: u32 = 1_000;

/// How many members a stage reaches, those of the stages before included: `3`, `5%`, or `all`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Size {
    Count(u32),
    /// 1 to 100, rounded up to whole members.
    Percent(u8),
}

#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("must be a number of agents from 1, a share such as `5%`, or `all`")]
pub struct ParseSizeError;

impl Size {
    pub const ALL: Self = Self::Percent(100);

    /// Of `total` members.
    fn of(self, total: usize) -> usize {
        match self {
            Self::Count(count) => usize::try_from(count).unwrap_or(usize::MAX).min(total),
            Self::Percent(percent) => (total * usize::from(percent)).div_ceil(100),
        }
    }
}

impl FromStr for Size {
    type Err = ParseSizeError;

    fn from_str(text: &str) -> Result<Self, ParseSizeError> {
        if text == "all" {
            return Ok(Self::ALL);
        }
        let number = |digits: &str| digits.bytes().all(|byte| byte.is_ascii_digit()).then(|| digits.parse::<u32>().ok()).flatten().ok_or(ParseSizeError);
        match text.strip_suffix('%') {
            Some(digits) => {
                let percent = number(digits)?;
                u8::try_from(percent).ok().filter(|percent| (1..=100).contains(percent)).map(Self::Percent).ok_or(ParseSizeError)
            }
            None => Some(number(text)?).filter(|count| (1..=MOST_COUNT).contains(count)).map(Self::Count).ok_or(ParseSizeError),
        }
    }
}

impl fmt::Display for Size {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Count(count) => write!(f, "{count}"),
            Self::Percent(100) => f.write_str("all"),
            Self::Percent(percent) => write!(f, "{percent}%"),
        }
    }
}

travels_as_text!(Size, pattern: Some("^([1-9][0-9]{0,5}|[1-9][0-9]?%|100%|all)$"), format: None);

/// How a wave grows, and what stops it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields, default)]
pub struct WavePlan {
    /// How many agents are reached by the end of each stage, such as `1`, `5%`, `25%`, `all`. The last is `all`. One failure in the
    /// first stage, the canary, stops the wave.
    pub stages: Vec<Size>,
    /// The share of agents, 0 to 100, that must work with the release. The wave stops as soon as a stage cannot reach it any more.
    pub min_success_percent: u8,
    /// The wave stops at this many failures, whatever the share.
    pub max_failures: u32,
    /// Seconds that a stage must have been quiet before the next one begins.
    pub soak_seconds: u32,
    /// Agents that may be on their way at the same time.
    pub concurrency: u32,
}

/// What is wrong with a plan: the field, and the sentence that follows its name.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{field} {message}")]
pub struct PlanError {
    pub field: &'static str,
    pub message: String,
}

impl Default for WavePlan {
    fn default() -> Self {
        Self {
            stages: vec![Size::Count(1), Size::Percent(5), Size::Percent(25), Size::ALL],
            min_success_percent: 90,
            max_failures: 3,
            soak_seconds: 600,
            concurrency: 2,
        }
    }
}

impl WavePlan {
    /// # Errors
    /// The first field that cannot be.
    pub fn check(&self) -> Result<(), PlanError> {
        let Self { stages, min_success_percent, max_failures, soak_seconds, concurrency } = self;
        let error = |field, message: &str| Err(PlanError { field, message: message.to_owned() });
        if stages.is_empty() || stages.len() > MOST_STAGES {
            return error("stages", "must have 1 to 10 stages");
        }
        if stages.last() != Some(&Size::ALL) {
            return error("stages", "must end with `all`");
        }
        if *min_success_percent > 100 {
            return error("min_success_percent", "must be 0 to 100");
        }
        if *max_failures == 0 || *max_failures > MOST_COUNT {
            return error("max_failures", "must be 1 to 1000000");
        }
        if *soak_seconds > MOST_SOAK {
            return error("soak_seconds", "must be at most 604800, a week");
        }
        if *concurrency == 0 || *concurrency > MOST_CONCURRENCY {
            return error("concurrency", "must be 1 to 1000");
        }
        Ok(())
    }

    /// How many of `total` members each stage reaches: never fewer than the stage before, the last one all.
    pub fn targets(&self, total: usize) -> Vec<usize> {
        let mut reached = 0;
        self.stages
            .iter()
            .map(|size| {
                reached = size.of(total).max(reached);
                reached
            })
            .collect()
    }

    /// The plan for `total` members, in a sentence or two.
    pub fn words(&self, total: usize) -> String {
        let mut targets = self.targets(total);
        targets.dedup();
        let steps: Vec<String> = targets.iter().map(|target| if *target == total { format!("all {total}") } else { target.to_string() }).collect();
        let Self { stages: _, min_success_percent, max_failures, soak_seconds, concurrency } = self;
        format!(
            "{} agents, {} at a time, with {} of quiet between stages. It stops at the first failure among the first {}, at failure {max_failures}, \
             or when fewer than {min_success_percent} % work.",
            steps.join(", then "),
            concurrency,
            span(*soak_seconds),
            targets.first().copied().unwrap_or_default()
        )
    }
}

fn span(seconds: u32) -> String {
    match seconds {
        0..=119 => format!("{seconds} s"),
        120..=7_199 => format!("{} min", seconds / 60),
        _ => format!("{} h", seconds / 3_600),
    }
}
