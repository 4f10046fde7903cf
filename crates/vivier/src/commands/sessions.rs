//! `sessions`: where one is signed in with a browser.

use serde_json::json;

use super::account::as_person;
use crate::api::Api;
use crate::cli::SessionsCommand;
use crate::failure::Failure;
use crate::output::{Output, plain};
use crate::text;

pub async fn run(api: &Api, command: &SessionsCommand, output: &Output) -> Result<(), Failure> {
    match command {
        SessionsCommand::Ls(person) => {
            // The session of this very command is no browser's.
            let all = as_person(api, person, output, async |api| api.sessions().await).await?;
            let all: Vec<_> = all.into_iter().filter(|session| !session.current).collect();
            if output.is_json() {
                return output.document(&all);
            }
            if all.is_empty() {
                return output.line("No browser is signed in.");
            }
            let now = text::now();
            let rows = all.iter().map(|one| {
                vec![
                    plain(one.id.to_string()),
                    plain(text::harmless(one.browser.as_deref().unwrap_or("unknown"), false)),
                    plain(one.address.clone().unwrap_or_else(|| "unknown".to_owned())),
                    plain(text::harmless(one.account.as_deref().unwrap_or("none"), false)),
                    plain(format!("{} ago", text::age(one.last_seen_at, now))),
                    plain(text::age(one.created_at, now)),
                ]
            });
            output.table(&["id", "browser", "address", "account", "seen", "age"], rows.collect())
        }
        SessionsCommand::Rm { id: Some(id), all: _, person } => {
            as_person(api, person, output, async |api| api.end_session(*id).await).await?;
            output.done(&json!({ "id": id, "ended": true }), format!("{id} has ended, and every agent that was opened with it is closed."))
        }
        SessionsCommand::Rm { id: None, all: _, person } => {
            as_person(api, person, output, async |api| api.end_other_sessions().await).await?;
            output.done(&json!({ "ended": "all" }), "Every browser is signed out. API tokens go on; `vivier tokens ls` shows them.")
        }
    }
}
