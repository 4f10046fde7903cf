//! What the owner of an account is told about money.

use vivier_core::id::DeploymentId;
use vivier_core::name::Email;
use vivier_core::time::Timestamp;

use super::Mail;

/// The agent that a letter is about.
#[derive(Clone, Copy, Debug)]
pub struct Agent<'a> {
    pub name: &'a str,
    pub public_url: &'a str,
    pub deployment: DeploymentId,
}

impl Agent<'_> {
    fn billing(&self) -> String {
        format!("{}/billing", self.public_url)
    }

    fn page(&self) -> String {
        format!("{}/agents/{}", self.public_url, self.deployment)
    }
}

/// Days and hours, as a person reads them.
fn when(at: Timestamp) -> String {
    let text = at.to_string();
    let (day, rest) = text.split_once('T').unwrap_or((&text, ""));
    let clock: String = rest.chars().take(5).collect();
    format!("{day} at {clock} UTC")
}

fn why(agent: Agent<'_>) -> String {
    format!("\nYou get this mail because you own the account that pays for this agent at\n{}\n", agent.public_url)
}

/// Money is taken here from now on, and this agent was here before.
pub fn billing_begins(to: Email, agent: Agent<'_>, until: Timestamp) -> Mail {
    let text = format!(
        "Your agent \"{}\" is to be paid for from now on.\n\nIt runs on until {}. Choose how to pay here:\n{}\n\n\
         Without a payment it is stopped then; its data is kept.\n{}",
        agent.name,
        when(until),
        agent.billing(),
        why(agent)
    );
    Mail::new(to, &format!("Please pay for your agent {}", agent.name), text)
}

pub fn grace_begins(to: Email, agent: Agent<'_>, until: Timestamp) -> Mail {
    let text = format!(
        "A payment for your agent \"{}\" has failed.\n\nIt runs on until {}. Pay, or change the card, here:\n{}\n\n\
         Without a payment it is stopped then. Its data is kept, and it runs again by\nitself as soon as it is paid.\n{}",
        agent.name,
        when(until),
        agent.billing(),
        why(agent)
    );
    Mail::new(to, &format!("A payment for your agent {} has failed", agent.name), text)
}

pub fn grace_ends(to: Email, agent: Agent<'_>, until: Timestamp) -> Mail {
    let text = format!(
        "Your agent \"{}\" will be stopped on\n{}, because a payment for it is missing.\n\nPay, or change the card, here:\n{}\n\n\
         Its data is kept, and it runs again by itself as soon as it is paid.\n{}",
        agent.name,
        when(until),
        agent.billing(),
        why(agent)
    );
    Mail::new(to, &format!("Your agent {} will be stopped within a day", agent.name), text)
}

pub fn suspended(to: Email, agent: Agent<'_>, until: Timestamp) -> Mail {
    let text = format!(
        "Your agent \"{}\" is being stopped, because it is not paid for.\n\nIts data is kept. Pay here, and it runs again by itself:\n{}\n\n\
         Without a payment it is deleted on {}.\n{}",
        agent.name,
        agent.billing(),
        when(until),
        why(agent)
    );
    Mail::new(to, &format!("Your agent {} is stopped", agent.name), text)
}

pub fn window_ends(to: Email, agent: Agent<'_>, until: Timestamp) -> Mail {
    let text = format!(
        "Your agent \"{}\" will be deleted on\n{}, because it is not paid for.\n\nPay here, and it runs again by itself:\n{}\n\n\
         Or take its configuration along from its own page:\n{}\n{}",
        agent.name,
        when(until),
        agent.billing(),
        agent.page(),
        why(agent)
    );
    Mail::new(to, &format!("Your agent {} will be deleted within a day", agent.name), text)
}

pub fn terminated(to: Email, agent: Agent<'_>, until: Timestamp) -> Mail {
    let text = format!(
        "Your agent \"{}\" is deleted, because it was not paid for.\n\nIts data is kept until {}. Until then you can take it\n\
         along, or restore the agent and pay for it, on its own page:\n{}\n\nAfter that its data is gone, and nothing brings it back. Nothing is charged\n\
         for it any more.\n{}",
        agent.name,
        when(until),
        agent.page(),
        why(agent)
    );
    Mail::new(to, &format!("Your agent {} is deleted; take its data along", agent.name), text)
}

pub fn running(to: Email, agent: Agent<'_>) -> Mail {
    let text = format!("Thank you: your agent \"{}\" is paid for, and runs.\n\nIts bill is here:\n{}\n{}", agent.name, agent.billing(), why(agent));
    Mail::new(to, &format!("Your agent {} runs", agent.name), text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_letter_fits_a_terminal_and_says_where_to_pay_and_why_it_came() {
        let name = "a".repeat(40);
        let agent = Agent { name: &name, public_url: "https://agents.example.com", deployment: DeploymentId::from_uuid(uuid::Uuid::from_u128(7)) };
        let at = Timestamp::from_millis(1_790_000_000_000);
        let to = || "ada@example.com".parse::<Email>().expect("an address");
        let letters = [
            billing_begins(to(), agent, at),
            grace_begins(to(), agent, at),
            grace_ends(to(), agent, at),
            suspended(to(), agent, at),
            window_ends(to(), agent, at),
            terminated(to(), agent, at),
            running(to(), agent),
        ];
        for letter in letters {
            assert!(letter.text.contains("https://agents.example.com/") && letter.text.contains("You get this mail because"), "{}", letter.text);
            for line in letter.text.lines().filter(|line| !line.contains(&name)) {
                assert!(line.len() <= 76, "{} letters: {line}", line.len());
            }
            assert!(!letter.text.contains("T14:"), "{}", letter.text);
        }
        assert_eq!(when(at), "2026-09-21 at 14:13 UTC");
    }
}
