//! `chat`: one message to an agent over its own OpenAI-compatible address, and its answer.

use std::path::Path;
use std::time::Duration;

use indicatif::{ProgressBar, ProgressStyle};
use serde_json::Value;
use url::Url;
use vivier_core::lifecycle::State;
use vivier_core::wire::agents::DeploymentOut;

use crate::api::Api;
use crate::cli::ChatArgs;
use crate::failure::{Exit, Failure};
use crate::http::{Call, PATIENT};
use crate::output::Output;
use crate::target::{self, Prefer};
use crate::{prompt, sse, text};

pub async fn run(api: &Api, args: &ChatArgs, output: &Output) -> Result<(), Failure> {
    let deployment = target::find(api, &args.named.name, Prefer::Living).await?;
    let message = if args.message == "-" { prompt::document(Path::new("-"))? } else { args.message.clone() };
    let base = Url::parse(&deployment.url).map_err(|error| Failure::failed(format!("The agent's address {:?} is no URL.", deployment.url)).note(error))?;
    let agent = api.http.at(base);
    let call = Call::post(&["v1", "chat", "completions"]).body(&Api::chat_body(&message, !output.is_json()))?.limit(Some(PATIENT)).at_most_once();
    if output.is_json() {
        return output.document(&agent.json::<Value>(call).await.map_err(|failure| explained(failure, &deployment))?);
    }
    let bar = if output.may_draw() { ProgressBar::new_spinner() } else { ProgressBar::hidden() };
    bar.set_style(ProgressStyle::with_template("{spinner} {wide_msg} {elapsed}").expect("the template is valid"));
    bar.set_message(format!("{} thinks; a first answer can take half a minute", deployment.name));
    bar.enable_steady_tick(Duration::from_millis(120));
    let response = agent.send(&call).await;
    let mut answer = Answer::default();
    let read = match response {
        Ok(response) => {
            sse::read_once(&agent, response, |message| {
                bar.finish_and_clear();
                answer.take(&message.data, output)
            })
            .await
        }
        Err(failure) => Err(explained(failure, &deployment)),
    };
    bar.finish_and_clear();
    read?;
    answer.end(output)
}

/// What has been said so far.
#[derive(Default)]
struct Answer {
    said: bool,
    ends_in_line: bool,
}

impl Answer {
    fn take(&mut self, data: &str, output: &Output) -> Result<(), Failure> {
        if data == "[DONE]" {
            return Ok(());
        }
        let chunk: Value = serde_json::from_str(data).map_err(|error| Failure::failed("The agent's answer cannot be read.").note(error))?;
        if let Some(error) = chunk.get("error") {
            let message = error.get("message").and_then(Value::as_str).unwrap_or("The agent gave no reason.");
            return Err(Failure::failed(format!("The agent could not answer: {}", text::harmless(message, false))));
        }
        let piece = chunk.pointer("/choices/0/delta/content").and_then(Value::as_str).unwrap_or_default();
        if !piece.is_empty() {
            self.said = true;
            self.ends_in_line = piece.ends_with('\n');
            output.raw(&text::harmless(piece, true))?;
        }
        Ok(())
    }

    fn end(&self, output: &Output) -> Result<(), Failure> {
        match (self.said, self.ends_in_line) {
            (true, true) => Ok(()),
            (true, false) => output.raw("\n"),
            (false, _) => Err(Failure::failed("The agent said nothing.").next("`vivier logs NAME` shows why.")),
        }
    }
}

/// The agent's own refusals do not know what the person can do about them.
fn explained(failure: Failure, deployment: &DeploymentOut) -> Failure {
    let slug = &deployment.slug;
    match (failure.exit(), deployment.state) {
        (Exit::NotSignedIn, _) => failure.next("The token needs the scope `chat`: `vivier login` makes one that has it."),
        (Exit::Unreachable | Exit::NotFound | Exit::Refused, state) if state != State::Running => {
            failure.note(format!("{slug} is {state}.")).next(format!("`vivier status {slug}` shows why."))
        }
        (_, _) => failure,
    }
}
