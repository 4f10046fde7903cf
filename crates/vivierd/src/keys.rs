//! `vivierd keys …`: which key-encryption keys are in use, and a new one for everything.

use vivier_server::admin;
use vivier_server::store::keys::{KeyReport, Rotation};

use crate::cli::KeysCommand;
use crate::settings::Settings;

/// # Errors
/// When a key does not answer or does not open, or the store cannot be reached; each with the next step.
pub async fn run(settings: Settings, command: KeysCommand) -> anyhow::Result<()> {
    match command {
        KeysCommand::Status { json } => {
            let report = admin::key_report(&settings.server).await?;
            if json {
                println!("{}", serde_json::to_string_pretty(&report)?);
            } else {
                print(&report);
            }
        }
        KeysCommand::Rotate { json } => {
            let rotation = admin::rotate_keys(&settings.server).await?;
            if json {
                println!("{}", serde_json::to_string_pretty(&rotation)?);
                return Ok(());
            }
            let Rotation { report, rewrapped, retired } = rotation;
            eprintln!("{rewrapped} data keys are wrapped anew.");
            for key in retired {
                eprintln!("{key} is gone: nothing needs it any more. A backup of the database from before still does; keep your copy of it as long.");
            }
            print(&report);
        }
    }
    Ok(())
}

fn print(report: &KeyReport) {
    println!("{}  wraps from now on", report.current);
    for (key, count) in &report.wrapped {
        let old = if *key == report.current { "" } else { "  (an older key; `vivierd keys rotate` wraps them anew)" };
        println!("{key}  {count} data keys{old}");
    }
}
