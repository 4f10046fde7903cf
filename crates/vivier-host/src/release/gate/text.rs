//! The verdict for people: what was looked at, what was found, and what to do about each.

use std::fmt::{self, Display, Formatter};

use vivier_core::release::Verdict;

use super::scan::{Asked, Finding, Gap, Idle, Ruling, Scan};
use crate::release::osv::Ecosystem;

/// How many names of a list are told.
const SHOWN: usize = 3;

impl Display for Scan {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        let Self { image, at: _, verdict, gaps, acceptance, bill: _, policy: _, fail_on, asked, findings, idle } = self;
        let blocking = findings.iter().filter(|finding| finding.blocks()).count();
        match verdict {
            Verdict::Passed if findings.is_empty() => writeln!(f, "passed: nothing is known against {}", image.short())?,
            Verdict::Passed => {
                let allowed = findings.iter().filter(|finding| matches!(finding.ruling, Ruling::Allowed { .. })).count();
                let mild = findings.len() - allowed;
                writeln!(f, "passed: no finding stops {} ({allowed} allowed, {mild} milder than {})", image.short(), fail_on.as_str())?;
            }
            Verdict::Failed => writeln!(f, "failed: {blocking} of {} findings stop {}", findings.len(), image.short())?,
            Verdict::Unscanned => writeln!(f, "unscanned: {} was not looked at in full, so it does not start", image.short())?,
        }
        for gap in gaps {
            writeln!(f, "  {gap}")?;
        }
        if let Some(acceptance) = acceptance {
            writeln!(f, "  accepted all the same by {}, {}: {}", acceptance.accepted_by, acceptance.at, acceptance.reason)?;
        }
        asked.iter().try_for_each(|asked| writeln!(f, "  {asked}"))?;
        if !findings.is_empty() {
            writeln!(f)?;
            table(f, findings)?;
        }
        idle.iter().try_for_each(|idle| writeln!(f, "{idle}"))
    }
}

impl Display for Asked {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        let Self { ecosystem, packages, records, newest, age_days } = self;
        write!(f, "{ecosystem}: {}, {}", many(*packages, "package"), many(*records, "record"))?;
        match (newest, age_days) {
            (Some(newest), Some(age)) => write!(f, ", the newest of {newest} ({} ago)", many(*age, "day")),
            _ => Ok(()),
        }
    }
}

impl Display for Gap {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        match self {
            Self::NoDatabase => f.write_str("no vulnerability database is set: set `host.vulnerability_database` (docs/how-to/gate-a-release.md)"),
            Self::Unreadable { why } => f.write_str(why),
            Self::Nothing { ecosystem } => write!(f, "the database has nothing for {ecosystem}: add osv.dev's export of {}", ecosystem.export()),
            Self::Old { ecosystem, newest: Some(newest), age_days: Some(age), max_age_days } => {
                write!(
                    f,
                    "the database is too old for {ecosystem}: its newest record is of {newest}, {age} days ago, and the policy's max_age_days is {max_age_days}; fetch {} again",
                    ecosystem.export()
                )
            }
            Self::Old { ecosystem, .. } => {
                write!(f, "every record for {ecosystem} is dated in the future: look at this machine's clock, or fetch {} again", ecosystem.export())
            }
            Self::Strange { components } => {
                write!(f, "{} components are of no ecosystem that is looked at: {}", components.len(), few(components))
            }
        }
    }
}

impl Display for Idle {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        let place = self.allowance.package.as_ref().map(|package| format!(" in {package}")).unwrap_or_default();
        let since = if self.expired { format!(", and has expired on {}", self.allowance.expires) } else { String::new() };
        write!(f, "note: the policy allows {}{place}, which was not found{since}; remove it", self.allowance.id)
    }
}

impl Finding {
    /// What to do about it.
    pub fn next_step(&self) -> String {
        let fix = || match (self.fixed_in.first(), &self.ecosystem) {
            (None, _) => "no fix is known: wait for one, or allow it in the policy with a reason and an expiry".to_owned(),
            (Some(fix), Ecosystem::Debian(_)) => format!("fixed in {fix}: build again with a fresh base"),
            (Some(fix), Ecosystem::Npm) => format!("fixed in {fix}: move to an OpenClaw that has it, or update the lock, and build again"),
            (Some(fix), Ecosystem::Bitnami) => format!("fixed in {fix}: move the recipe to that Node and build again"),
        };
        match &self.ruling {
            Ruling::Blocks => fix(),
            Ruling::Expired { reason, expires } => format!("its allowance ({reason}) has expired on {expires}: {}", fix()),
            Ruling::Allowed { reason, expires } => format!("allowed until {expires}: {reason}"),
            Ruling::Mild => "milder than the policy fails on".to_owned(),
        }
    }

    fn name(&self) -> String {
        let cve = self.aliases.iter().find(|alias| alias.starts_with("CVE-"));
        cve.map_or_else(|| self.id.clone(), |cve| format!("{} ({cve})", self.id))
    }

    fn grade(&self) -> String {
        match (self.severity, &self.unclear) {
            (Some(severity), None) => severity.as_str().to_owned(),
            (Some(severity), Some(_)) => format!("{}, perhaps", severity.as_str()),
            (None, _) => format!("unrated, as {}", self.counts_as.as_str()),
        }
    }
}

fn table(f: &mut Formatter<'_>, findings: &[Finding]) -> fmt::Result {
    let rows: Vec<[String; 3]> = findings.iter().map(|finding| [finding.grade(), format!("{} {}", finding.package, finding.version), finding.name()]).collect();
    let widths: [usize; 3] = std::array::from_fn(|column| rows.iter().map(|row| row[column].chars().count()).max().unwrap_or(0));
    for (row, finding) in rows.iter().zip(findings) {
        let mark = if finding.blocks() { '✗' } else { ' ' };
        write!(f, "{mark} ")?;
        for (cell, width) in row.iter().zip(widths) {
            write!(f, "{cell:width$}  ")?;
        }
        writeln!(f, "{}", finding.next_step())?;
        if let Some(why) = &finding.unclear {
            writeln!(f, "    counts as affected: {why}")?;
        }
    }
    Ok(())
}

fn many(count: u64, what: &str) -> String {
    if count == 1 { format!("1 {what}") } else { format!("{count} {what}s") }
}

fn few(names: &[String]) -> String {
    let more = names.len().saturating_sub(SHOWN);
    let shown = names.iter().take(SHOWN).map(String::as_str).collect::<Vec<_>>().join(", ");
    if more == 0 { shown } else { format!("{shown} and {more} more") }
}
