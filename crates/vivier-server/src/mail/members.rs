//! What people are told about the accounts that they work in.

use vivier_core::name::Email;
use vivier_core::time::Timestamp;
use vivier_core::wire::accounts::MemberRole;

use super::Mail;
use crate::store::invitations::Letter;

/// The most of an account's name that a line of a mail shows.
const LINE: usize = 60;

/// A name that somebody chose, in a line of its own: nothing in it can begin another line.
fn line(name: &str) -> String {
    name.chars().filter(|letter| !letter.is_control()).take(LINE).collect()
}

/// What the role lets one do, in words.
const fn may(role: MemberRole) -> &'static str {
    match role {
        MemberRole::Viewer => "look at its agents",
        MemberRole::Member => "make, change and talk to its agents",
        MemberRole::Admin => "make and change its agents, and invite others",
        MemberRole::Owner => "do everything in it",
    }
}

/// The same for whoever has signed up already and whoever has not.
pub fn invitation(to: &Email, account: &str, role: MemberRole, invited_by: &str, expires_at: Timestamp, letter: &Letter<'_>) -> Mail {
    let (account, may) = (line(account), may(role));
    let Letter { token, public_url } = letter;
    let text = format!(
        "{invited_by}\ninvites you to the account\n\n    {account}\n\non Vivier, which hosts AI agents. As {role} you may {may}.\n\n\
         Accept here, and sign in or sign up on the way:\n\n{public_url}/invitation#{}\n\n\
         The link works once, until {}. It is meant for this address alone:\n{to}\n\n\
         If you do not know who this is, do nothing: without the link nothing happens.\n",
        token.expose(),
        day(expires_at),
    );
    Mail::new(to.clone(), &format!("An invitation to {account} on Vivier"), text)
}

/// To everybody who was in it.
pub fn account_deleted(to: &Email, account: &str, by: &str, erase_at: Timestamp, public_url: &str) -> Mail {
    let account = line(account);
    let text = format!(
        "The account\n\n    {account}\n\nwas deleted by its owner, {by}.\n\n\
         Its agents are being ended, and nobody can work in it any more. What is\npersonal in it is erased on {}.\n\n\
         You get this mail because you were a member of it on\n{public_url}\n",
        day(erase_at),
    );
    Mail::new(to.clone(), &format!("{account} was deleted"), text)
}

/// To whom an account was handed over.
pub fn ownership(to: &Email, account: &str, by: &str, public_url: &str) -> Mail {
    let account = line(account);
    let text = format!(
        "{by}\nhas handed the account\n\n    {account}\n\nover to you. You own it now: its agents, its members and what it costs.\n\n\
         If that is a surprise, talk to them; an owner can hand an account over again:\n\n{public_url}/account\n"
    );
    Mail::new(to.clone(), &format!("You own {account} now"), text)
}

/// `2026-11-21 17:00 UTC`.
fn day(at: Timestamp) -> String {
    let text = at.to_string();
    let minutes = text.get(..16).unwrap_or(&text).replace('T', " ");
    format!("{minutes} UTC")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_line_is_long_and_a_name_breaks_none() {
        let token = vivier_core::secret::Secret::new("a".repeat(43));
        let (to, at) = ("somebody@example.com".parse().expect("an address"), Timestamp::from_millis(1_795_000_000_000));
        let letter = Letter { token: &token, public_url: "https://agents.example.com" };
        let wild = format!("Acme\r\nBcc: everyone@example.com\u{7} {}", "x".repeat(200));
        for mail in [
            invitation(&to, &wild, MemberRole::Member, "ada@example.com", at, &letter),
            account_deleted(&to, &wild, "ada@example.com", at, letter.public_url),
            ownership(&to, &wild, "ada@example.com", letter.public_url),
        ] {
            assert!(mail.text.lines().all(|line| line.chars().count() <= 90), "{}", mail.text);
            assert!(!mail.text.lines().any(|line| line.starts_with("Bcc")) && !mail.subject.contains('\n'), "{}", mail.text);
        }
        let text = invitation(&to, "Acme", MemberRole::Viewer, "ada@example.com", at, &letter).text;
        assert!(text.contains("2026-11-18 ") && text.contains(&format!("\nhttps://agents.example.com/invitation#{}\n", token.expose())), "{text}");
    }
}
