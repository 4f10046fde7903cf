//! `operator jobs` and `operator job`: what waits, what was given up, and what becomes of it.

use vivier_core::wire::jobs::JobOut;

use crate::api::Api;
use crate::cli::JobCommand;
use crate::failure::Failure;
use crate::output::{Output, plain};
use crate::text;

pub async fn list(api: &Api, state: &str, output: &Output) -> Result<(), Failure> {
    let jobs = api.jobs(state).await?;
    if output.is_json() {
        return output.document(&jobs);
    }
    if jobs.is_empty() {
        return output.line(format!("No job is {state}."));
    }
    let now = text::now();
    let rows = jobs.iter().map(|job| {
        let JobOut { id, kind, state: _, account: _, serial: _, attempts, created_at, run_at: _, ended_at: _, error } = job;
        let error = error.as_deref().map(|error| text::harmless(error, false)).unwrap_or_default();
        vec![plain(id.to_string()), plain(kind.as_str()), plain(text::age(*created_at, now)), plain(attempts.to_string()), plain(error)]
    });
    output.table(&["id", "kind", "age", "tries", "why"], rows.collect())
}

pub async fn one(api: &Api, command: &JobCommand, output: &Output) -> Result<(), Failure> {
    match command {
        JobCommand::Retry { id } => {
            let job = api.retry_job(*id).await?;
            output.done(&job, format!("{} ({}) is tried again.", job.id, job.kind.as_str()))
        }
        JobCommand::Discard { id } => {
            api.discard_job(*id).await?;
            output.done(&serde_json::json!({ "discarded": id }), format!("{id} is gone; it is never done."))
        }
    }
}
