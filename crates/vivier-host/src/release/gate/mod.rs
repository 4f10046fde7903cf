//! The gate: what is in an image, against what is known, by what the operator accepts.
//!
//! It is closed until it was shown that it may open. What was not looked at is [`Verdict::Unscanned`], which is not `Passed`: only the
//! operator, in person and with a reason, can let that through. Nobody lets `Failed` through: that is what the policy is for.

mod scan;
mod text;

use std::path::Path;

use jiff::civil::Date;
use jiff::tz::TimeZone;
use vivier_core::digest::Digest;
use vivier_core::time::Timestamp;

pub use scan::{AcceptError, Acceptance, Asked, Finding, Gap, Idle, Ruling, Scan};
pub use vivier_core::release::Verdict;

use crate::release::bill::{Bill, BillError, Subjects};
use crate::release::osv::{self, Answers, Match};
use crate::release::policy::{Allowance, Policy};

const DAY_MILLIS: i64 = 86_400_000;

/// Looks at `bill` with the database in the folder `database`, by `policy`, as of `now`. Whatever is missing is in the answer.
///
/// # Errors
/// Only when the bill names no image.
pub fn scan(bill: &Bill, database: Option<&Path>, policy: &Policy, now: Timestamp) -> Result<Scan, BillError> {
    let subjects = bill.subjects();
    let mut gaps = Vec::new();
    let answers = match database {
        None => {
            gaps.push(Gap::NoDatabase);
            None
        }
        Some(folder) => match osv::ask(folder, subjects.known.keys(), now) {
            Ok(answers) => Some(answers),
            Err(error) => {
                gaps.push(Gap::Unreadable { why: error.to_string() });
                None
            }
        },
    };
    let asked = asked(&subjects, answers.as_ref(), now);
    if answers.is_some() {
        gaps.extend(asked.iter().filter_map(|asked| gap(asked, policy)));
    }
    if !subjects.strange.is_empty() {
        gaps.push(Gap::Strange { components: subjects.strange.into_iter().collect() });
    }

    let today = day(now);
    let mut used = vec![false; policy.allow.len()];
    let matches = answers.map(|answers| answers.matches).unwrap_or_default();
    let mut findings: Vec<Finding> = matches.into_iter().map(|found| judge(found, policy, today, &mut used)).collect();
    findings.sort_by_key(Finding::rank);
    let idle = policy.allow.iter().zip(used).filter(|(_, used)| !used).map(|(allowance, _)| idle(allowance, today)).collect();
    let verdict = if findings.iter().any(Finding::blocks) {
        Verdict::Failed
    } else if gaps.is_empty() {
        Verdict::Passed
    } else {
        Verdict::Unscanned
    };
    Ok(Scan {
        image: bill.image()?,
        at: now,
        verdict,
        gaps,
        acceptance: None,
        bill: Digest::of(bill.to_json()),
        policy: policy.digest.clone(),
        fail_on: policy.fail_on,
        asked,
        findings,
        idle,
    })
}

fn asked(subjects: &Subjects, answers: Option<&Answers>, now: Timestamp) -> Vec<Asked> {
    let mut asked: Vec<Asked> = Vec::new();
    for subject in subjects.known.keys() {
        match asked.last_mut() {
            Some(last) if last.ecosystem == subject.ecosystem => last.packages += 1,
            _ => {
                let coverage = answers.and_then(|answers| answers.coverage.get(&subject.ecosystem)).copied().unwrap_or_default();
                let age_days = coverage.newest.map(|newest| u64::try_from(now.millis_since(newest) / DAY_MILLIS).unwrap_or(0));
                asked.push(Asked { ecosystem: subject.ecosystem.clone(), packages: 1, records: coverage.records, newest: coverage.newest, age_days });
            }
        }
    }
    asked
}

fn gap(asked: &Asked, policy: &Policy) -> Option<Gap> {
    let Asked { ecosystem, packages: _, records, newest, age_days } = asked;
    if *records == 0 {
        return Some(Gap::Nothing { ecosystem: ecosystem.clone() });
    }
    let old = age_days.is_none_or(|age| age > u64::from(policy.max_age_days));
    old.then(|| Gap::Old { ecosystem: ecosystem.clone(), newest: *newest, age_days: *age_days, max_age_days: policy.max_age_days })
}

fn judge(found: Match, policy: &Policy, today: Date, used: &mut [bool]) -> Finding {
    let Match { subject, id, aliases, summary, severity, fixed_in, unclear } = found;
    let counts_as = severity.unwrap_or(policy.unknown_severity);
    let fits = |allowance: &Allowance| {
        let named = allowance.id == id || aliases.contains(&allowance.id);
        named && allowance.package.as_ref().is_none_or(|package| *package == subject.name)
    };
    // Of several that fit, the one that holds longest.
    let mut best: Option<&Allowance> = None;
    for (allowance, used) in policy.allow.iter().zip(used).filter(|(allowance, _)| fits(allowance)) {
        *used = true;
        best = Some(best.filter(|best| best.expires >= allowance.expires).unwrap_or(allowance));
    }
    let ruling = match best {
        Some(Allowance { reason, expires, .. }) if *expires >= today => Ruling::Allowed { reason: reason.clone(), expires: *expires },
        _ if counts_as < policy.fail_on => Ruling::Mild,
        Some(Allowance { reason, expires, .. }) => Ruling::Expired { reason: reason.clone(), expires: *expires },
        None => Ruling::Blocks,
    };
    let bill_version = subject.version;
    Finding { id, aliases, summary, ecosystem: subject.ecosystem, package: subject.name, version: bill_version, severity, counts_as, fixed_in, unclear, ruling }
}

fn idle(allowance: &Allowance, today: Date) -> Idle {
    Idle { allowance: allowance.clone(), expired: allowance.expires < today }
}

/// The day of `at`, in UTC.
fn day(at: Timestamp) -> Date {
    let at = jiff::Timestamp::from_millisecond(at.as_millis()).unwrap_or(jiff::Timestamp::MAX);
    at.to_zoned(TimeZone::UTC).date()
}

#[cfg(test)]
mod tests;
