//! `vivierd audit …`: where the audit log ends, and whether it is what was written.

use vivier_core::wire::audit::{AuditHead, AuditReport};
use vivier_server::audit;

use crate::cli::AuditCommand;
use crate::settings::Settings;

/// # Errors
/// When the log cannot be read, and when a row of it is not what was written.
pub async fn run(settings: Settings, command: AuditCommand) -> anyhow::Result<()> {
    match command {
        AuditCommand::Head { json } => {
            let head = audit::head(&settings.server).await?;
            if json {
                println!("{}", serde_json::to_string_pretty(&head)?);
            } else {
                let AuditHead { place, hash, chain: _ } = head;
                println!("{place}:{hash}");
            }
        }
        AuditCommand::Verify { heads, json } => {
            let report = audit::verify(&settings.server, heads).await?;
            if json {
                println!("{}", serde_json::to_string_pretty(&report)?);
            } else {
                print(&report);
            }
            anyhow::ensure!(report.count == 0, "the audit log is not what was written; docs/runbook.md says what to do");
        }
    }
    Ok(())
}

fn print(report: &AuditReport) {
    let AuditReport { rows, forgotten, head, findings, count } = report;
    for finding in findings {
        println!("{}", finding.message);
    }
    let named = u64::try_from(findings.len()).unwrap_or(u64::MAX);
    if *count > named {
        println!("… and {} more", count - named);
    }
    match count {
        0 => println!("{rows} rows, each as it was written."),
        count => println!("{rows} rows, {count} findings."),
    }
    if *forgotten > 0 {
        println!("{forgotten} of them are of deleted accounts: who it was cannot be read any more.");
    }
    if let Some(AuditHead { place, hash, chain: _ }) = head {
        println!("The log ends with {place}:{hash}");
    }
}
