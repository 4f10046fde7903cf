//! Mails about someone's own sign-in.

use vivier_core::name::Email;
use vivier_core::secret::Secret;

use super::Mail;
use crate::auth::token;
use crate::store::links::{Letter, Purpose};

/// A new link of one purpose, in the mail that carries it. The token stands behind `#`: no server that the link passes is told it.
pub fn letter(public_url: &str, purpose: Purpose, to: &Email, write: impl FnOnce(&str, &Secret, &Email) -> Mail) -> Letter {
    let token = token::opaque();
    let page = match purpose {
        Purpose::Verify => "verify",
        Purpose::Reset => "reset",
        Purpose::Change => "email",
        Purpose::Undo => "undo",
    };
    let link = Secret::new(format!("{}/{page}#token={}", public_url.trim_end_matches('/'), token.expose()));
    Letter { token_hash: token::digest(token.expose()), mail: write(public_url, &link, to) }
}

/// Proves that the address of a new user is theirs.
pub fn verify(public_url: &str, link: &Secret, to: &Email) -> Mail {
    let text = format!(
        "Somebody, we hope you, signed up with this address at\n{public_url}\n\n\
         Open this link to confirm that the address is yours:\n\n{}\n\n\
         It works once, for three days. If it was not you, do nothing: without\nthe link nobody can confirm this address.\n",
        link.expose()
    );
    Mail::new(to.clone(), "Confirm your address", text)
}

/// Sets the password anew.
pub fn reset(public_url: &str, link: &Secret, to: &Email) -> Mail {
    let text = format!(
        "Somebody, we hope you, asked to set a new password at\n{public_url}\n\n\
         Open this link to set one:\n\n{}\n\n\
         It works once, for an hour. If it was not you, do nothing: your\npassword stays as it is.\n",
        link.expose()
    );
    Mail::new(to.clone(), "Set a new password", text)
}

/// To the address that somebody wants to have from now on.
pub fn change(public_url: &str, link: &Secret, to: &Email) -> Mail {
    let text = format!(
        "Somebody, we hope you, wants to sign in with this address from now on at\n{public_url}\n\n\
         Open this link to make it so:\n\n{}\n\n\
         It works once, for a day. If it was not you, do nothing.\n",
        link.expose()
    );
    Mail::new(to.clone(), "Confirm your new address", text)
}

/// To the address that was given up: takes it back.
pub fn undo(public_url: &str, link: &Secret, to: &Email, new: &Email) -> Mail {
    let text = format!(
        "The address that you sign in with at\n{public_url}\n\nis now {new}\n\n\
         If you wanted that, do nothing. If not, open this link within seven\ndays:\n\n{}\n\n\
         It brings this address back, signs everybody out, takes away what was\nadded to your sign-in, and lets you set a new password.\n",
        link.expose()
    );
    Mail::new(to.clone(), "Your address was changed", text)
}

/// After an address was brought back.
pub fn reset_after_undo(public_url: &str, link: &Secret, to: &Email) -> Mail {
    let text = format!(
        "This address is yours again at\n{public_url}\n\nEverybody was signed out. Open this link to set a new password:\n\n{}\n\n\
         It works once, for an hour; the sign-in page sends another one. Then\nlook at Account, Security: what stands there was there before the change.\n",
        link.expose()
    );
    Mail::new(to.clone(), "Your address is back; set a new password", text)
}

/// What happened to someone's sign-in, told after it has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Happened {
    PasswordReset,
    AppOn,
    AppOff,
    NewCodes,
    PasskeyAdded,
    PasskeyRemoved,
    Linked,
    Unlinked,
}

/// Tells that something about someone's sign-in has changed: if it was not them, they must hear of it.
pub fn told(public_url: &str, to: &Email, happened: Happened, detail: &str) -> Mail {
    let (subject, what) = match happened {
        Happened::PasswordReset => {
            ("Your password was set anew", "Your password was set anew, with a link from a mail to this address.\nEverybody was signed out.")
        }
        Happened::AppOn => ("An authenticator app was set up", "An authenticator app was set up. Signing in asks for its code from now on."),
        Happened::AppOff => ("The authenticator app was turned off", "The authenticator app was turned off. Signing in does not ask for its\ncode any more."),
        Happened::NewCodes => ("New recovery codes were made", "New recovery codes were made. The old ones work no more."),
        Happened::PasskeyAdded => {
            ("A passkey was added", "A passkey was added. It can sign in, and signing in with the password\nasks for a second factor from now on.")
        }
        Happened::PasskeyRemoved => ("A passkey was removed", "A passkey was removed. It cannot sign in any more."),
        Happened::Linked => ("Another way to sign in was added", "An identity of another service was linked. It can sign in from now on."),
        Happened::Unlinked => ("A way to sign in was removed", "An identity of another service was unlinked. It cannot sign in any more."),
    };
    let detail = if detail.is_empty() { String::new() } else { format!("\n\n  {detail}") };
    let text = format!(
        "{what}{detail}\n\nThis concerns you at\n{public_url}\n\nIf it was not you: set a new password with \"Forgot your password?\" on the\nsign-in page, and look at Account, Security.\n"
    );
    Mail::new(to.clone(), subject, text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_mail_is_readable_as_it_is_and_its_link_stands_alone() {
        let (url, to) = ("https://agents.example.com", "ada@example.com".parse().expect("an address"));
        let other: Email = "ada.lovelace@example.org".parse().expect("an address");
        let letters = [
            letter(url, Purpose::Verify, &to, verify),
            letter(url, Purpose::Reset, &to, reset),
            letter(url, Purpose::Change, &to, change),
            letter(url, Purpose::Undo, &to, |url, link, to| undo(url, link, to, &other)),
            letter(url, Purpose::Reset, &to, reset_after_undo),
        ];
        for letter in &letters {
            let link = letter.mail.text.lines().find(|line| line.contains("#token=")).expect("a link");
            assert!(link.starts_with("https://agents.example.com/"), "{link}");
            let token = link.split("#token=").nth(1).expect("a token");
            assert_eq!(token::digest(token), letter.token_hash);
        }
        let told = [
            Happened::PasswordReset,
            Happened::AppOn,
            Happened::AppOff,
            Happened::NewCodes,
            Happened::PasskeyAdded,
            Happened::PasskeyRemoved,
            Happened::Linked,
            Happened::Unlinked,
        ]
        .map(|happened| told(url, &to, happened, "Ada's laptop"));
        for mail in letters.into_iter().map(|letter| letter.mail).chain(told) {
            for line in mail.text.lines().filter(|line| !line.contains("#token=")) {
                assert!(line.chars().count() <= 76 && line.is_ascii(), "{line}");
            }
            assert!(mail.text.ends_with('\n') && !mail.text.contains("  \n"));
        }
    }
}
