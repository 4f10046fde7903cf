//! `config diff`: two of a tenant's own documents, line by line.

use serde_json::json;
use similar::TextDiff;
use vivier_core::wire::agents::{ConfigOut, RevisionOut};

use crate::api::Api;
use crate::cli::{DiffArgs, Text};
use crate::failure::Failure;
use crate::output::{Output, Paint};
use crate::target::{self, Prefer};
use crate::text;

/// One side: what it is called, and which version of the document it is.
struct Side {
    revision: Option<u64>,
    version: u64,
}

impl Side {
    fn name(&self, config: &ConfigOut) -> String {
        let version = format!("document v{}, {} UTC", self.version, text::moment(config.created_at));
        self.revision.map_or_else(|| version.clone(), |number| format!("revision {number} ({version})"))
    }
}

pub async fn run(api: &Api, args: &DiffArgs, output: &Output) -> Result<(), Failure> {
    let deployment = target::find(api, &args.named.name, Prefer::Living).await?;
    let revisions = api.revisions(deployment.id).await?;
    let to = side(&revisions, args.to.unwrap_or(Text::Revision(deployment.revision)), deployment.slug.as_str())?;
    let from = match args.from {
        Some(from) => side(&revisions, from, deployment.slug.as_str())?,
        None => before(&revisions, deployment.revision, to.version).ok_or_else(|| {
            Failure::usage(format!("{} has had one document only: there is nothing to compare it with.", deployment.slug))
                .next(format!("`vivier config get {}` prints it.", deployment.slug))
        })?,
    };
    let old = api.config_version(deployment.id, from.version).await?;
    let new = api.config_version(deployment.id, to.version).await?;
    let diff = unified(&old.text, &new.text, &from.name(&old), &to.name(&new));
    if output.is_json() {
        let side = |side: &Side| json!({ "revision": side.revision, "config_version": side.version });
        return output.document(&json!({ "from": side(&from), "to": side(&to), "diff": diff }));
    }
    if diff.is_empty() {
        output.aside(format!("The document is the same in {} and {}.", from.name(&old), to.name(&new)));
    }
    diff.lines().try_for_each(|line| output.line(output.paint(paint(line), &text::harmless(line, false))))?;
    if old.provider != new.provider {
        output.aside("The provider differs as well.");
    }
    if old.channels != new.channels {
        output.aside("The channels differ as well.");
    }
    Ok(())
}

fn side(revisions: &[RevisionOut], meant: Text, slug: &str) -> Result<Side, Failure> {
    match meant {
        Text::Version(version) => Ok(Side { revision: None, version }),
        Text::Revision(number) => match revisions.iter().find(|revision| revision.number == number) {
            Some(revision) => Ok(Side { revision: Some(number), version: revision.config_version }),
            None => Err(Failure::not_found(format!("{slug} has no revision {number}.")).next(format!("`vivier revisions {slug}` lists them."))),
        },
    }
}

/// The latest revision before `number` that holds another document than `version`.
fn before(revisions: &[RevisionOut], number: u64, version: u64) -> Option<Side> {
    let earlier = revisions.iter().filter(|revision| revision.number < number && revision.config_version != version);
    earlier.max_by_key(|revision| revision.number).map(|revision| Side { revision: Some(revision.number), version: revision.config_version })
}

/// Empty when the texts are the same.
fn unified(old: &str, new: &str, old_name: &str, new_name: &str) -> String {
    if old == new { String::new() } else { TextDiff::from_lines(old, new).unified_diff().context_radius(3).header(old_name, new_name).to_string() }
}

fn paint(line: &str) -> Paint {
    match line.as_bytes() {
        [b'-', b'-', b'-', b' ', ..] | [b'+', b'+', b'+', b' ', ..] => Paint::Strong,
        [b'-', ..] => Paint::Bad,
        [b'+', ..] => Paint::Good,
        [b'@', ..] => Paint::Busy,
        _ => Paint::Plain,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_printed_is_a_patch_and_nothing_when_nothing_differs() {
        assert_eq!(unified("a\n", "a\n", "1", "2"), "");
        assert_eq!(unified("a\nb\nc\n", "a\nB\nc\n", "1", "2"), "--- 1\n+++ 2\n@@ -1,3 +1,3 @@\n a\n-b\n+B\n c\n");
    }
}
