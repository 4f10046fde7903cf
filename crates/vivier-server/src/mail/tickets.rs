//! Mails about support tickets. They say that there is something to read, never what: a mailbox is no place for it.

use vivier_core::name::Email;

use super::Mail;

fn link(public_url: &str, path: &str) -> String {
    format!("{}{path}", public_url.trim_end_matches('/'))
}

/// To an operator: a tenant has opened a ticket, or written in one.
pub fn to_operator(to: Email, number: u64, new: bool, public_url: &str) -> Mail {
    let what = if new { "is new" } else { "has a new message of the tenant" };
    let text = format!(
        "Ticket {number} {what}.\n\nRead and answer it here:\n{}\n\nYou get this mail because you are an operator of this Vivier.\n",
        link(public_url, &format!("/operator/tickets/{number}"))
    );
    Mail::new(to, &format!("Ticket {number} {what}"), text)
}

/// To the tenant: an operator has answered.
pub fn answered(to: Email, number: u64, solved: bool, public_url: &str) -> Mail {
    let solved = if solved {
        "\nThe operator thinks that this solves it. If it does not, write again:\nthe ticket is then open again. Otherwise it closes by itself.\n"
    } else {
        ""
    };
    let text = format!(
        "There is an answer to your ticket {number}.\n{solved}\nRead it here:\n{}\n\nYou get this mail because you opened the ticket.\n",
        link(public_url, &format!("/tickets/{number}"))
    );
    Mail::new(to, &format!("An answer to your ticket {number}"), text)
}

/// To the tenant: the ticket was closed.
pub fn closed(to: Email, number: u64, public_url: &str) -> Mail {
    let text = format!(
        "Your ticket {number} is closed. You can read it and open it again here:\n{}\n\nYou get this mail because you opened the ticket.\n",
        link(public_url, &format!("/tickets/{number}"))
    );
    Mail::new(to, &format!("Your ticket {number} is closed"), text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_text_fits_a_narrow_window_and_says_why_it_came() {
        let to: Email = "ada@example.com".parse().expect("an address");
        let url = "https://agents.example.com/";
        for mail in [
            to_operator(to.clone(), 1001, true, url),
            to_operator(to.clone(), 1001, false, url),
            answered(to.clone(), 1001, true, url),
            answered(to.clone(), 1001, false, url),
            closed(to, 1001, url),
        ] {
            assert!(mail.text.lines().all(|line| line.chars().count() <= 76), "{}", mail.text);
            assert!(mail.text.contains("because you") && mail.text.contains("https://agents.example.com/") && !mail.text.contains("com//"), "{}", mail.text);
        }
    }
}
