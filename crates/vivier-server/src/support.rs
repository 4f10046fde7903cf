//! What a tenant may let an operator see of an agent: its configuration, its last events and the end of its log, without a secret.

use futures_util::StreamExt as _;
use vivier_core::redact::redact;
use vivier_core::runtime::LogQuery;
use vivier_core::secret::Secret;
use vivier_core::wire::agents::EventOut;
use vivier_core::wire::tickets::SupportSnapshot;

use crate::App;
use crate::store::StoreError;
use crate::store::deployments::Deployment;

/// Lines of the log, and events.
const LINES: u32 = 200;
const EVENTS: u32 = 30;
/// Bytes of the configuration and of the log; what is longer loses its beginning.
const MOST_CONFIG: usize = 64 * 1024;
const MOST_LOG: usize = 128 * 1024;

/// Takes the snapshot. Nothing of it is kept here.
///
/// # Errors
/// When the store does not answer. A host that is away leaves the log empty: help is wanted most when something is broken.
pub async fn snapshot(app: &App, deployment: &Deployment) -> Result<SupportSnapshot, StoreError> {
    let (account, id) = (deployment.account, deployment.id);
    let known = app.store.every_secret(account, id).await?;
    let known: Vec<&str> = known.iter().map(Secret::expose).collect();
    let clean = |text: &str| redact(text, &known);
    let config = app.store.config(account, id, None).await?;
    let events = app.store.events(account, id, None, None, EVENTS).await?;
    let events = events.into_iter().map(|event| EventOut { message: clean(&event.message), ..event }).collect();
    // As one text: a key of several lines is found only so.
    let log = clean(&end_of(&log(app, deployment).await, MOST_LOG));
    Ok(SupportSnapshot {
        taken_at: app.store.now(),
        name: clean(deployment.name.as_str()),
        slug: deployment.slug.to_string(),
        plan: deployment.plan.to_string(),
        state: deployment.state.to_string(),
        reason: deployment.reason.as_deref().map(clean),
        openclaw_version: deployment.openclaw_version.clone(),
        revision: deployment.revision,
        config: clean(&end_of(&config.text, MOST_CONFIG)),
        events,
        log: log.lines().map(str::to_owned).collect(),
    })
}

async fn log(app: &App, deployment: &Deployment) -> String {
    let mut lines = match app.runtime.logs(deployment.id, LogQuery { tail: LINES, follow: false }).await {
        Ok(lines) => lines,
        Err(error) => {
            tracing::debug!(detail = error.detail, "a snapshot without a log: {error}");
            return String::new();
        }
    };
    let mut text = String::new();
    while let Some(line) = lines.next().await {
        match line {
            Ok(line) => {
                text.push_str(&line.at.to_string());
                text.push(' ');
                text.push_str(&line.text);
                text.push('\n');
            }
            Err(error) => {
                tracing::debug!(detail = error.detail, "the log of a snapshot ends early: {error}");
                break;
            }
        }
    }
    text
}

/// The last `most` bytes, from a beginning of a line on.
fn end_of(text: &str, most: usize) -> String {
    let Some(from) = text.len().checked_sub(most).filter(|from| *from > 0) else { return text.to_owned() };
    let from = (from..text.len()).find(|at| text.is_char_boundary(*at)).unwrap_or(text.len());
    text[from..].split_once('\n').map_or("", |(_, rest)| rest).to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_long_text_loses_whole_lines_of_its_beginning() {
        assert_eq!(end_of("one\ntwo\nthree", 100), "one\ntwo\nthree");
        assert_eq!(end_of("one\ntwo\nthree", 8), "three");
        assert_eq!(end_of("eins\nzwölf\ndrei", 10), "drei");
    }
}
