//! `accounts`: the accounts that one is a member of, and the one that one works in.

use serde_json::json;
use vivier_core::wire::accounts::AccountOut;
use vivier_core::wire::members::{AccountDeletion, AccountPatch, NewAccount};

use super::account::{as_person, use_account, with_password_of};
use crate::api::Api;
use crate::cli::{AccountsCommand, Global};
use crate::failure::Failure;
use crate::output::{Output, plain};
use crate::{prompt, text};

pub async fn run(api: &Api, global: &Global, command: &AccountsCommand, output: &Output) -> Result<(), Failure> {
    match command {
        AccountsCommand::Ls(person) => {
            let here = api.me().await?.account.map(|account| account.id);
            let all = as_person(api, person, output, async |api| api.own_accounts().await).await?;
            if output.is_json() {
                return output.document(&all);
            }
            let now = text::now();
            let row = |one: &AccountOut| {
                let mark = if Some(one.id) == here { "*" } else { "" };
                vec![
                    plain(mark),
                    plain(text::harmless(&one.name, false)),
                    plain(one.role.to_string()),
                    plain(text::age(one.created_at, now)),
                    plain(one.id.to_string()),
                ]
            };
            output.table(&["", "name", "role", "age", "id"], all.iter().map(row).collect())
        }
        AccountsCommand::Create { name, person } => {
            let made = as_person(api, person, output, async |api| api.create_account(&NewAccount { name: name.clone() }).await).await?;
            output.done(&made, format!("{name} is made ({}). `vivier accounts use {}` works in it.", made.id, made.id))
        }
        AccountsCommand::Use { account, person } => use_account(api, global, account, person, output).await,
        AccountsCommand::Rename { name, person } => {
            let now = as_person(api, person, output, async |api| api.rename_account(&AccountPatch { name: name.clone() }).await).await?;
            output.done(&now, format!("The account is called {name} now."))
        }
        AccountsCommand::Export { output: file, person } => {
            let document = as_person(api, person, output, async |api| api.export_account().await).await?;
            match file {
                None => output.raw(&document),
                Some(path) => {
                    std::fs::write(path, &document).map_err(|error| Failure::failed(format!("{} cannot be written: {error}", path.display())))?;
                    output.done(&json!({ "file": path, "bytes": document.len() }), format!("Everything is in {}.", path.display()))
                }
            }
        }
        AccountsCommand::Leave { yes, person } => {
            let account = working_in(api).await?;
            if !yes {
                if !output.may_ask() {
                    return Err(Failure::usage("Leaving ends your access at once.").next("Give --yes."));
                }
                let typed = prompt::text(&format!("Type {} to leave it:", account.name), None, None)?;
                if typed.trim() != account.name {
                    return Err(Failure::usage("That is not its name: nothing was done."));
                }
            }
            as_person(api, person, output, async |api| api.leave_account().await).await?;
            output.done(&json!({ "account": account.id, "left": true }), format!("You have left {}. `vivier login` signs in to another account.", account.name))
        }
        AccountsCommand::Delete { name, person } => {
            let deleted = with_password_of(api, person, output, async |api, password| {
                api.delete_account(&AccountDeletion { name: name.clone(), password: Some(password) }).await
            })
            .await?;
            let agents = deleted.deployments;
            output.done(
                &deleted,
                format!("{name} is deleted: {agents} of its agents are being ended, and what is personal is erased on {}.", text::moment(deleted.erase_at)),
            )
        }
    }
}

async fn working_in(api: &Api) -> Result<AccountOut, Failure> {
    api.me().await?.account.ok_or_else(|| Failure::not_found("You are a member of no account."))
}
