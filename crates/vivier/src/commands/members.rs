//! `members`: who works in the account.

use serde_json::json;
use vivier_core::name::Email;
use vivier_core::wire::accounts::MemberRole;
use vivier_core::wire::members::{InvitationOut, MemberOut, MemberPatch, NewInvitation, NewOwner};

use super::account::{as_person, with_password_of};
use crate::api::Api;
use crate::cli::MembersCommand;
use crate::failure::Failure;
use crate::output::{Output, plain};
use crate::{prompt, text};

pub async fn run(api: &Api, command: &MembersCommand, output: &Output) -> Result<(), Failure> {
    match command {
        MembersCommand::Ls => list(&api.members().await?, output),
        MembersCommand::Invite { email, role, person } => {
            let new = NewInvitation { email: email.clone(), role: (*role).into() };
            let made = as_person(api, person, output, async |api| api.invite(&new).await).await?;
            output.done(&made, format!("A mail is on its way to {email}. Its link works once, until {}.", text::moment(made.expires_at)))
        }
        MembersCommand::Invitations(person) => {
            let open = as_person(api, person, output, async |api| api.invitations().await).await?;
            invitations(&open, output)
        }
        MembersCommand::Resend { id, person } => {
            let sent = as_person(api, person, output, async |api| api.resend_invitation(*id).await).await?;
            output.done(&sent, format!("Sent again to {}; the link of before works no more.", sent.email))
        }
        MembersCommand::Revoke { id, person } => {
            as_person(api, person, output, async |api| api.revoke_invitation(*id).await).await?;
            output.done(&json!({ "id": id, "revoked": true }), format!("{id} is taken back: its link is worth nothing."))
        }
        MembersCommand::Role { email, role, person } => {
            let (member, role) = (find(api, email).await?, MemberRole::from(*role));
            as_person(api, person, output, async |api| api.set_role(member.user, &MemberPatch { role }).await).await?;
            output.done(&json!({ "user": member.user, "email": email, "role": role }), format!("{email} is {role} now."))
        }
        MembersCommand::Rm { email, person } => {
            let member = find(api, email).await?;
            as_person(api, person, output, async |api| api.remove_member(member.user).await).await?;
            output.done(
                &json!({ "user": member.user, "email": email, "removed": true }),
                format!("{email} is out of the account; their sessions and tokens here have ended."),
            )
        }
        MembersCommand::Owner { email, yes, person } => {
            let member = find(api, email).await?;
            if !yes {
                if !output.may_ask() {
                    return Err(Failure::usage("Handing an account over cannot be taken back by you.").next("Give --yes."));
                }
                let typed = prompt::text(&format!("Type {email} to hand the account over:"), None, None)?;
                if typed.trim() != email.as_str() {
                    return Err(Failure::usage("That is not their address: nothing was done."));
                }
            }
            with_password_of(api, person, output, async |api, password| api.hand_over(&NewOwner { user: member.user, password: Some(password) }).await).await?;
            output.done(&json!({ "owner": email }), format!("{email} owns the account now; you are an admin of it."))
        }
    }
}

/// The member with this address.
async fn find(api: &Api, email: &Email) -> Result<MemberOut, Failure> {
    let members = api.members().await?;
    let found = members.into_iter().find(|member| member.email == *email);
    found.ok_or_else(|| Failure::not_found(format!("{email} is no member of this account.")).next("`vivier members ls` shows who is."))
}

fn list(members: &[MemberOut], output: &Output) -> Result<(), Failure> {
    if output.is_json() {
        return output.document(&members);
    }
    let now = text::now();
    let rows = members.iter().map(|member| {
        vec![
            plain(member.email.to_string()),
            plain(member.role.to_string()),
            plain(text::age(member.created_at, now)),
            plain(member.last_seen_at.map_or_else(|| "never".to_owned(), |at| format!("{} ago", text::age(at, now)))),
            plain(member.user.to_string()),
        ]
    });
    output.table(&["email", "role", "age", "seen", "id"], rows.collect())
}

fn invitations(open: &[InvitationOut], output: &Output) -> Result<(), Failure> {
    if output.is_json() {
        return output.document(&open);
    }
    if open.is_empty() {
        return output.line("Nobody is invited.");
    }
    let now = text::now();
    let rows = open.iter().map(|one| {
        vec![
            plain(one.id.to_string()),
            plain(one.email.to_string()),
            plain(one.role.to_string()),
            plain(text::harmless(&one.invited_by, false)),
            plain(format!("{} ago", text::age(one.sent_at, now))),
            plain(if one.expired { "expired".to_owned() } else { text::until(one.expires_at, now) }),
        ]
    });
    output.table(&["id", "email", "role", "by", "sent", "ends"], rows.collect())
}
