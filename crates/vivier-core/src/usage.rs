//! How much an agent has used: from readings of its counters to amounts in each hour of UTC.
//!
//! Pure, and exactly once: [`count`] says what a reading adds to what has been counted, whatever the clock did meanwhile and however
//! often the container was replaced. Counters are added as they grew; time is counted up to a mark that never goes back.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::time::Timestamp;

pub const HOUR_MS: i64 = 3_600_000;
pub const DAY_MS: i64 = 24 * HOUR_MS;

/// Between two readings that lie further apart, memory is counted for this long only: nobody knows what it was in between.
const MEMORY_GAP_MS: i64 = HOUR_MS / 4;
/// The same for storage, which changes slowly; and how far back a counter's growth is spread.
const LONG_GAP_MS: i64 = 2 * DAY_MS;
/// No reading counts more running time than this: a clock that jumps by years does not make a bill.
const LONGEST_MS: i64 = 31 * DAY_MS;

/// What a container's counters say. They begin at zero when it starts.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Counters {
    /// The engine's id of it.
    pub container: String,
    /// When it was started, by the host's clock: together with the container, names one life of the counters.
    pub started_at: Timestamp,
    pub cpu_micros: u64,
    /// In use now, without the page cache that can be dropped.
    pub memory_bytes: u64,
    pub received_bytes: u64,
    pub sent_bytes: u64,
}

/// One look at what an agent uses.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Usage {
    /// `None`: no container runs.
    pub counters: Option<Counters>,
    /// What its data takes on the disk, without kept copies. `None`: there is none.
    pub storage_bytes: Option<u64>,
}

/// How far an agent's usage has been counted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mark {
    /// Of the last reading.
    pub at: Timestamp,
    /// Time before this has been counted.
    pub counted_until: Timestamp,
    /// Of the container that was read last.
    pub counters: Option<Counters>,
}

/// A time in which an agent could be reached.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Span {
    pub began_at: Timestamp,
    /// `None`: it lasts.
    pub ended_at: Option<Timestamp>,
}

impl Span {
    /// Milliseconds of it between `from` and `to`.
    pub fn within(&self, from: Timestamp, to: Timestamp) -> i64 {
        let end = self.ended_at.map_or(to, |end| end.min(to));
        end.millis_since(self.began_at.max(from)).max(0)
    }
}

/// What was used.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Amounts {
    pub running_ms: u64,
    pub cpu_micros: u64,
    pub memory_kib_seconds: u64,
    pub storage_kib_seconds: u64,
    pub egress_bytes: u64,
    pub ingress_bytes: u64,
}

impl Amounts {
    #[must_use]
    pub const fn plus(self, other: Self) -> Self {
        Self {
            running_ms: self.running_ms.saturating_add(other.running_ms),
            cpu_micros: self.cpu_micros.saturating_add(other.cpu_micros),
            memory_kib_seconds: self.memory_kib_seconds.saturating_add(other.memory_kib_seconds),
            storage_kib_seconds: self.storage_kib_seconds.saturating_add(other.storage_kib_seconds),
            egress_bytes: self.egress_bytes.saturating_add(other.egress_bytes),
            ingress_bytes: self.ingress_bytes.saturating_add(other.ingress_bytes),
        }
    }
}

/// The beginning of the hour (or of the day, with [`DAY_MS`]) that `at` is in, in UTC: there are no leap seconds and no summer time.
pub const fn beginning(at: Timestamp, length_ms: i64) -> Timestamp {
    Timestamp::from_millis(at.as_millis() - at.as_millis().rem_euclid(length_ms))
}

/// What a reading at `at` adds, by the hours it falls into, and how far is counted then. `spans`: those that touch the time since
/// `mark.counted_until`, or all of them when nothing has been counted yet. The reading must have been taken after the one of `mark`.
pub fn count(mark: Option<&Mark>, at: Timestamp, usage: &Usage, spans: &[Span]) -> (Mark, BTreeMap<Timestamp, Amounts>) {
    let mut hours: BTreeMap<Timestamp, Amounts> = BTreeMap::new();
    let first = || spans.iter().map(|span| span.began_at).min().map_or(at, |began| began.min(at));
    let counted_until = mark.map_or_else(first, |mark| mark.counted_until);
    let before = mark.and_then(|mark| mark.counters.as_ref());
    if let Some(now) = &usage.counters {
        // The same life of the counters: what they grew by. Another: what it has counted so far.
        let same = before.filter(|before| before.container == now.container && before.started_at == now.started_at);
        let grown = |now: u64, before: Option<u64>| now.saturating_sub(before.unwrap_or_default());
        let cpu = grown(now.cpu_micros, same.map(|same| same.cpu_micros));
        let sent = grown(now.sent_bytes, same.map(|same| same.sent_bytes));
        let received = grown(now.received_bytes, same.map(|same| same.received_bytes));
        let since = match (same, mark) {
            (Some(_), Some(mark)) => mark.at,
            (Some(_) | None, _) => now.started_at,
        };
        let since = since.max(at.plus_millis(-LONG_GAP_MS));
        spread(since, at, [cpu, sent, received], |hour, [cpu, sent, received]| {
            let amounts = Amounts { cpu_micros: cpu, egress_bytes: sent, ingress_bytes: received, ..Amounts::default() };
            let entry = hours.entry(hour).or_default();
            *entry = entry.plus(amounts);
        });
        let known = counted_until.max(at.plus_millis(-MEMORY_GAP_MS));
        let known = if same.is_some() { known } else { known.max(now.started_at) };
        let mean = same.map_or(now.memory_bytes, |same| u64::midpoint(same.memory_bytes, now.memory_bytes));
        spread(known, at, [kib_seconds(mean, at.millis_since(known))], |hour, [held]| {
            let entry = hours.entry(hour).or_default();
            *entry = entry.plus(Amounts { memory_kib_seconds: held, ..Amounts::default() });
        });
    }
    if let Some(bytes) = usage.storage_bytes {
        let known = counted_until.max(at.plus_millis(-LONG_GAP_MS));
        spread(known, at, [kib_seconds(bytes, at.millis_since(known))], |hour, [held]| {
            let entry = hours.entry(hour).or_default();
            *entry = entry.plus(Amounts { storage_kib_seconds: held, ..Amounts::default() });
        });
    }
    let mut from = counted_until.max(at.plus_millis(-LONGEST_MS));
    while from < at {
        let end = beginning(from, HOUR_MS).plus_millis(HOUR_MS).min(at);
        let ran: i64 = spans.iter().map(|span| span.within(from, end)).sum();
        if ran > 0 {
            let entry = hours.entry(beginning(from, HOUR_MS)).or_default();
            *entry = entry.plus(Amounts { running_ms: ran.unsigned_abs(), ..Amounts::default() });
        }
        from = end;
    }
    hours.retain(|_, amounts| *amounts != Amounts::default());
    let counters = usage.counters.clone().or_else(|| before.cloned());
    (Mark { at, counted_until: counted_until.max(at), counters }, hours)
}

fn kib_seconds(bytes: u64, millis: i64) -> u64 {
    let product = u128::from(bytes) * u128::from(millis.max(0).unsigned_abs());
    u64::try_from(product / (1_024 * 1_000)).unwrap_or(u64::MAX)
}

/// Gives each hour between `from` and `to` its part of `amounts`, by time; the parts sum to the whole. When no time has passed, or the
/// clock went back, all of it falls into the hour of `to`.
fn spread<const N: usize>(from: Timestamp, to: Timestamp, amounts: [u64; N], mut give: impl FnMut(Timestamp, [u64; N])) {
    let whole = to.millis_since(from);
    if whole <= 0 {
        return give(beginning(to, HOUR_MS), amounts);
    }
    let (mut given, mut at) = ([0; N], from);
    while at < to {
        let end = beginning(at, HOUR_MS).plus_millis(HOUR_MS).min(to);
        let done = u128::from(end.millis_since(from).unsigned_abs());
        let mut part = [0; N];
        for place in 0..N {
            let by_now = u64::try_from(u128::from(amounts[place]) * done / u128::from(whole.unsigned_abs())).unwrap_or(amounts[place]);
            part[place] = by_now.saturating_sub(given[place]);
            given[place] = by_now;
        }
        give(beginning(at, HOUR_MS), part);
        at = end;
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn at(text: &str) -> Timestamp {
        text.parse().expect("a time")
    }

    fn reading(container: &str, started: Timestamp, cpu: u64) -> Usage {
        let container = container.to_owned();
        let counters = Counters { container, started_at: started, cpu_micros: cpu, memory_bytes: 1_024_000, received_bytes: cpu / 2, sent_bytes: cpu * 2 };
        Usage { counters: Some(counters), storage_bytes: Some(10_240_000) }
    }

    #[test]
    fn an_interval_over_an_hours_end_is_split_there_and_loses_nothing() {
        let began = at("2028-02-29T23:59:30Z");
        let span = Span { began_at: began, ended_at: None };
        let (mark, none) = count(None, began, &reading("a", began, 0), &[span]);
        assert!(none.is_empty(), "{none:?}");
        let (mark, hours) = count(Some(&mark), at("2028-03-01T00:00:30Z"), &reading("a", began, 101), &[span]);
        assert_eq!(mark.counted_until, at("2028-03-01T00:00:30Z"));
        let expected = |cpu, sent, received| Amounts {
            running_ms: 30_000,
            cpu_micros: cpu,
            memory_kib_seconds: 30_000,
            storage_kib_seconds: 300_000,
            egress_bytes: sent,
            ingress_bytes: received,
        };
        let expected = [(at("2028-02-29T23:00:00Z"), expected(50, 101, 25)), (at("2028-03-01T00:00:00Z"), expected(51, 101, 25))];
        assert_eq!(hours.into_iter().collect::<Vec<_>>(), expected);
        assert_eq!(beginning(at("2028-03-01T00:00:30Z"), DAY_MS), at("2028-03-01T00:00:00Z"));
    }

    #[test]
    fn summer_time_makes_no_hour_longer() {
        // The night when Berlin has 02:30 twice: UTC has two hours of it.
        let (from, to) = (at("2027-10-31T00:30:00Z"), at("2027-10-31T02:30:00Z"));
        let span = Span { began_at: from, ended_at: None };
        let mark = Mark { at: from, counted_until: from, counters: None };
        let (_, hours) = count(Some(&mark), to, &Usage { counters: None, storage_bytes: None }, &[span]);
        assert_eq!(hours.values().map(|hour| hour.running_ms).collect::<Vec<_>>(), [1_800_000, 3_600_000, 1_800_000]);
    }

    #[test]
    fn a_container_that_is_replaced_or_started_again_begins_at_zero() {
        let began = at("2027-01-01T00:00:00Z");
        let (mark, _) = count(None, began.plus_millis(1_000), &reading("a", began, 500), &[]);
        let (mark, again) = count(Some(&mark), began.plus_millis(2_000), &reading("a", began.plus_millis(1_500), 40), &[]);
        assert_eq!(again.values().map(|hour| hour.cpu_micros).sum::<u64>(), 40);
        let (mark, absent) = count(Some(&mark), began.plus_millis(3_000), &Usage { counters: None, storage_bytes: None }, &[]);
        assert!(absent.is_empty());
        let (_, back) = count(Some(&mark), began.plus_millis(4_000), &reading("b", began.plus_millis(3_500), 7), &[]);
        assert_eq!(back.values().map(|hour| hour.cpu_micros).sum::<u64>(), 7);
    }

    #[derive(Clone, Debug)]
    enum Step {
        /// Milliseconds, also backwards, and how much the counter grows meanwhile.
        Read(i64, u64),
        Restart,
    }

    proptest! {
        #[test]
        fn whatever_the_clock_does_counters_are_counted_once_and_no_moment_twice(
            steps in prop::collection::vec(
                prop_oneof![8 => (-20_000_000_i64..40_000_000, 0_u64..1_000_000).prop_map(|(millis, grown)| Step::Read(millis, grown)), 1 => Just(Step::Restart)],
                1..40,
            )
        ) {
            let began = at("2027-06-15T10:20:30Z");
            let span = Span { began_at: began, ended_at: None };
            let (mut now, mut life, mut cpu, mut all, mut latest) = (began, 0, 0_u64, 0_u64, began);
            let mut mark: Option<Mark> = None;
            let mut sum = Amounts::default();
            for step in steps {
                match step {
                    Step::Restart => {
                        life += 1;
                        cpu = 0;
                    }
                    Step::Read(millis, grown) => {
                        now = now.plus_millis(millis).max(began);
                        latest = latest.max(now);
                        cpu += grown;
                        all += grown;
                        let (next, hours) = count(mark.as_ref(), now, &reading("a", began.plus_millis(life), cpu), &[span]);
                        prop_assert!(hours.keys().all(|hour| beginning(*hour, HOUR_MS) == *hour && *hour <= now));
                        sum = hours.values().fold(sum, |sum, hour| sum.plus(*hour));
                        mark = Some(next);
                    }
                }
            }
            prop_assert_eq!(sum.cpu_micros, all);
            prop_assert_eq!(sum.running_ms, latest.millis_since(began).unsigned_abs());
            prop_assert!(sum.memory_kib_seconds <= sum.running_ms);
        }
    }
}
