//! `tokens`: the account's API tokens.

use serde_json::json;
use vivier_core::wire::accounts::{NewToken, TokenScope};

use super::account::as_person;
use crate::api::Api;
use crate::cli::TokensCommand;
use crate::failure::Failure;
use crate::output::{Output, plain};
use crate::text;

pub async fn run(api: &Api, command: &TokensCommand, output: &Output) -> Result<(), Failure> {
    match command {
        TokensCommand::Ls(person) => {
            let tokens = as_person(api, person, output, async |api| api.tokens().await).await?;
            if output.is_json() {
                return output.document(&tokens);
            }
            if tokens.is_empty() {
                return output.line("Your account has no API tokens.");
            }
            let now = text::now();
            let rows = tokens.iter().map(|one| {
                vec![
                    plain(one.id.to_string()),
                    plain(text::harmless(&one.name, false)),
                    plain(one.scopes.iter().map(|scope| scope.as_str()).collect::<Vec<_>>().join(",")),
                    plain(text::harmless(&one.hint, false)),
                    plain(text::age(one.created_at, now)),
                    plain(one.last_used_at.map_or_else(|| "never".to_owned(), |at| format!("{} ago", text::age(at, now)))),
                    plain(one.expires_at.map_or_else(|| "never".to_owned(), |at| text::until(at, now))),
                ]
            });
            output.table(&["id", "name", "scopes", "begins", "age", "used", "ends"], rows.collect())
        }
        TokensCommand::Create { name, scopes, expires_in_days, person } => {
            let scopes: std::collections::BTreeSet<TokenScope> = scopes.iter().copied().collect();
            let new = NewToken { name: name.clone(), scopes: scopes.into_iter().collect(), expires_in_days: *expires_in_days };
            let made = as_person(api, person, output, async |api| api.create_token(&new).await).await?;
            if output.is_json() {
                return output.document(&made);
            }
            output.line(made.secret.expose())?;
            output.aside(format!("{} ({}). Keep its text: it is not shown again.", made.token.name, made.token.id));
            Ok(())
        }
        TokensCommand::Rm { id, person } => {
            as_person(api, person, output, async |api| api.revoke_token(*id).await).await?;
            output.done(&json!({ "id": id, "revoked": true }), format!("{id} is revoked."))
        }
    }
}
