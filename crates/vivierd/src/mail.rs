//! `vivierd mail …`: whether mail works.

use anyhow::anyhow;
use vivier_server::mail::{Sent, send_test};

use crate::cli::MailCommand;
use crate::settings::Settings;

/// # Errors
/// When the address is none, when a setting cannot be, and when the server does not take the mail; each with the next step.
pub async fn run(settings: &Settings, command: MailCommand) -> anyhow::Result<()> {
    match command {
        MailCommand::Test { to } => {
            let to = to.parse().map_err(|error| anyhow!("{to} is no address: it {error}"))?;
            match send_test(&settings.server, &to).await? {
                Sent::Server { name, port, answer } => println!("{name}:{port} has taken the mail to {to}, and says: {answer}"),
                Sent::File(path) => {
                    println!("No SMTP server is set (server.mail.host), so the mail to {to} is in {}", path.display());
                }
            }
        }
    }
    Ok(())
}
