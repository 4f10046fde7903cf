//! `release`: the releases of OpenClaw that an agent may run, and choosing another.

use vivier_core::release::{Verdict, Withdrawal};
use vivier_core::wire::agents::{DeploymentOut, NewRelease, ReleaseChoice};
use vivier_core::wire::waves::Follow;

use super::{ask, revisions};
use crate::api::Api;
use crate::cli::{Named, ReleaseCommand, WaitArgs};
use crate::failure::Failure;
use crate::output::{Output, Paint, plain};
use crate::target::{self, Prefer};
use crate::text;

/// Fewer digits of a digest than these are a guess.
const FEWEST_DIGITS: usize = 4;

pub async fn run(api: &Api, command: &ReleaseCommand, output: &Output) -> Result<(), Failure> {
    match command {
        ReleaseCommand::Ls => list(api, output).await,
        ReleaseCommand::Sbom { release } => document(api, release, "sbom", output).await,
        ReleaseCommand::Provenance { release } => document(api, release, "provenance", output).await,
        ReleaseCommand::Use { named, release, waiting } => choose(api, named, release, waiting, output).await,
        ReleaseCommand::Follow { named, channel, window, any_time } => {
            let found = target::find(api, &named.name, Prefer::Living).await?;
            let window = window.clone().or_else(|| found.window.filter(|_| !any_time));
            let asked = api.follow(found.id, &Follow { channel: channel.0, window: window.filter(|_| channel.0.is_some()) }).await?;
            output.done(&asked, followed(&asked))
        }
    }
}

fn followed(one: &DeploymentOut) -> String {
    match (one.follows, &one.window) {
        (Some(channel), Some(window)) => format!("{} follows {channel}, within {window}. The next promotion brings it its release.", one.slug),
        (Some(channel), None) => format!("{} follows {channel}. The next promotion brings it its release.", one.slug),
        (None, _) => format!("{} follows no channel: it stays on OpenClaw {}.", one.slug, text::harmless(&one.openclaw_version, false)),
    }
}

async fn list(api: &Api, output: &Output) -> Result<(), Failure> {
    let releases = api.release_choices().await?;
    if output.is_json() {
        return output.document(&releases);
    }
    if releases.is_empty() {
        return output.line("There is no release yet. An operator makes one with `vivierd release build`.");
    }
    let now = text::now();
    let rows = releases.iter().map(|one| {
        vec![
            plain(text::harmless(&one.openclaw_version, false)),
            plain(one.image.short()),
            plain(text::age(one.created_at, now)),
            checked(one.verdict, one.accepted.as_deref()),
            standing(one.withdrawn.as_ref(), if one.is_default { "new agents get it" } else { "" }),
        ]
    });
    output.table(&["openclaw", "image", "age", "vulnerabilities", ""], rows.collect())
}

/// What the gate said.
pub fn checked(verdict: Verdict, accepted: Option<&str>) -> (Paint, String) {
    let paint = match verdict {
        Verdict::Passed => Paint::Good,
        Verdict::Failed => Paint::Bad,
        Verdict::Unscanned => Paint::Warning,
    };
    (paint, text::harmless(&verdict.words(accepted), false))
}

/// Whether it was taken back; `otherwise` when it was not.
pub fn standing(withdrawn: Option<&Withdrawal>, otherwise: &str) -> (Paint, String) {
    match withdrawn {
        Some(withdrawn) => (Paint::Bad, format!("withdrawn: {}", text::harmless(&withdrawn.reason, false))),
        None => (Paint::Good, otherwise.to_owned()),
    }
}

async fn document(api: &Api, wanted: &str, which: &str, output: &Output) -> Result<(), Failure> {
    let release = pick(api.release_choices().await?, wanted)?;
    output.raw(&api.release_document(release.id, which).await?)
}

async fn choose(api: &Api, named: &Named, wanted: &str, waiting: &WaitArgs, output: &Output) -> Result<(), Failure> {
    let found = target::find(api, &named.name, Prefer::Living).await?;
    let release = pick(api.release_choices().await?, wanted)?;
    let newest = ask::newest_event(api, found.id).await?;
    let asked = api.use_release(found.id, &NewRelease { image: release.image.clone() }).await?;
    if asked.revision == found.revision {
        return output.done(&asked, format!("{} is on OpenClaw {} ({}) already.", asked.slug, release.openclaw_version, release.image.short()));
    }
    revisions::tell(api, asked, newest, waiting, output).await
}

/// The one release that `wanted` names.
pub fn pick(releases: Vec<ReleaseChoice>, wanted: &str) -> Result<ReleaseChoice, Failure> {
    let digits = wanted.strip_prefix("sha256:").unwrap_or(wanted);
    let by_digest = digits.len() >= FEWEST_DIGITS && digits.bytes().all(|byte| byte.is_ascii_hexdigit());
    let prefix = format!("sha256:{}", digits.to_ascii_lowercase());
    let meant = |one: &ReleaseChoice| one.openclaw_version == wanted || (by_digest && one.image.as_str().starts_with(&prefix));
    let show = |one: &ReleaseChoice| format!("{}  OpenClaw {}", one.image.short(), text::harmless(&one.openclaw_version, false));
    let (mut named, others): (Vec<_>, Vec<_>) = releases.into_iter().partition(meant);
    match (named.pop(), named.is_empty()) {
        (Some(only), true) => Ok(only),
        (Some(last), false) => {
            named.push(last);
            let failure = Failure::usage(format!("{wanted:?} means {} releases.", named.len())).next("Give the beginning of one's digest.");
            Err(named.iter().fold(failure, |failure, one| failure.note(show(one))))
        }
        (None, _) => {
            let failure = Failure::not_found(format!("There is no release {wanted:?} here.")).next("`vivier release ls` lists those that there are.");
            Err(others.iter().fold(failure, |failure, one| failure.note(show(one))))
        }
    }
}

#[cfg(test)]
mod tests {
    use vivier_core::time::Timestamp;

    use super::*;
    use crate::failure::Exit;

    fn release(first: char, version: &str) -> ReleaseChoice {
        let image = format!("sha256:{}{}", first.to_string().repeat(8), "0".repeat(56)).parse().expect("a digest");
        ReleaseChoice {
            id: "rel_00000000000000000000000000".parse().expect("an id"),
            image,
            openclaw_version: version.to_owned(),
            created_at: Timestamp::from_millis(0),
            is_default: false,
            notes: None,
            verdict: Verdict::Passed,
            accepted: None,
            withdrawn: None,
        }
    }

    #[test]
    fn a_release_is_named_by_its_digest_or_by_a_version_that_only_one_has() {
        let all = || vec![release('a', "2026.9.6"), release('b', "2026.9.7"), release('c', "2026.9.7")];
        let image = |wanted: &str| pick(all(), wanted).map(|one| one.image.as_str()[7..8].to_owned());
        assert_eq!(image("2026.9.6").expect("one"), "a");
        assert_eq!(image("cccc").expect("one"), "c");
        assert_eq!(image("sha256:BBBBB").expect("one"), "b");
        assert_eq!(image("2026.9.7").expect_err("two").exit(), Exit::Usage);
        assert_eq!(image("2026.9.8").expect_err("none").exit(), Exit::NotFound);
        assert_eq!(image("ccc").expect_err("too short to be meant").exit(), Exit::NotFound);
    }
}
