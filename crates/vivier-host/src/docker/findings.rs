//! What OpenClaw says against a configuration or its state, read from its own reports.
//!
//! `openclaw config validate --json` prints `{"valid":false,"issues":[{path,message,allowedValues}]}` and ends with 1;
//! `openclaw doctor --lint --severity-min error --json` prints `{"ok":false,"findings":[{checkId,severity,message,path,fixHint}]}`
//! and ends with 1, or with 2 when it could not even begin (seen with 2026.9.6; documented in its `cli/doctor/lint`).

use serde::Deserialize;
use serde_json::Value;

use crate::gateway;

/// Findings that are told, and how many letters of each.
pub(super) const MOST: usize = 20;
pub(super) const LONGEST: usize = 500;
/// Lines that are told of a report that cannot be read.
const MOST_LINES: usize = 5;

/// Reports of OpenClaw's that a rehearsal asks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Report {
    /// The configuration alone, before anything starts.
    Config,
    /// The state as the gateway has migrated it, together with the configuration. Reads only.
    Doctor,
}

#[derive(Deserialize)]
struct ConfigReport {
    valid: bool,
    #[serde(default)]
    issues: Vec<Issue>,
}

#[derive(Deserialize)]
struct Issue {
    #[serde(default)]
    path: String,
    #[serde(default)]
    message: String,
    #[serde(default, rename = "allowedValues")]
    allowed_values: Vec<Value>,
}

#[derive(Deserialize)]
struct DoctorReport {
    ok: bool,
    #[serde(default)]
    findings: Vec<Finding>,
}

#[derive(Deserialize)]
struct Finding {
    #[serde(default, rename = "checkId")]
    check: String,
    #[serde(default)]
    path: Option<String>,
    #[serde(default)]
    message: String,
    #[serde(default, rename = "fixHint")]
    hint: Option<String>,
}

impl Report {
    /// OpenClaw's own command for it, in the image.
    pub fn command(self) -> Vec<String> {
        let arguments: &[&str] = match self {
            Self::Config => &["config", "validate", "--json"],
            Self::Doctor => &["doctor", "--lint", "--severity-min", "error", "--json"],
        };
        std::iter::once("/opt/openclaw/bin/openclaw").chain(arguments.iter().copied()).map(str::to_owned).collect()
    }

    const fn title(self) -> &'static str {
        match self {
            Self::Config => "openclaw config validate",
            Self::Doctor => "openclaw doctor",
        }
    }

    /// What the report says against it; nothing when it passes. A report that cannot be read passes nothing.
    pub fn findings(self, exit_code: i64, lines: &[String]) -> Vec<String> {
        let said = match self {
            Self::Config => last_json::<ConfigReport>(lines).map(|report| (report.valid, report.issues.into_iter().map(Issue::line).collect())),
            Self::Doctor => last_json::<DoctorReport>(lines).map(|report| (report.ok, report.findings.into_iter().map(Finding::line).collect())),
        };
        let mut findings: Vec<String> = match said {
            Some((true, _)) if exit_code == 0 => return Vec::new(),
            Some((_, findings)) => findings,
            None => tail(lines),
        };
        findings.truncate(MOST - 1);
        findings.insert(0, format!("{} ended with code {exit_code}", self.title()));
        findings
    }
}

impl Issue {
    fn line(self) -> String {
        let Self { path, message, allowed_values } = self;
        let mut line = if path.is_empty() { message } else { format!("{path}: {message}") };
        if !allowed_values.is_empty() {
            let allowed: Vec<String> = allowed_values.iter().map(Value::to_string).collect();
            line = format!("{line} (allowed: {})", allowed.join(", "));
        }
        gateway::plain(&line, LONGEST)
    }
}

impl Finding {
    fn line(self) -> String {
        let Self { check, path, message, hint } = self;
        let place = path.filter(|path| !path.is_empty()).unwrap_or(check);
        let hint = hint.filter(|hint| !hint.is_empty()).map(|hint| format!(" ({hint})")).unwrap_or_default();
        gateway::plain(&format!("{place}: {message}{hint}"), LONGEST)
    }
}

/// The last line that is such a report: warnings of Node's may stand before it.
fn last_json<T: for<'de> Deserialize<'de>>(lines: &[String]) -> Option<T> {
    lines.iter().rev().find_map(|line| serde_json::from_str(line).ok())
}

/// The last lines of a log, bounded and without control characters.
pub(super) fn tail(lines: &[String]) -> Vec<String> {
    let said: Vec<String> = lines.iter().map(|line| line.trim()).filter(|line| !line.is_empty()).map(|line| gateway::plain(line, LONGEST)).collect();
    said[said.len().saturating_sub(MOST_LINES)..].to_vec()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lines(text: &[&str]) -> Vec<String> {
        text.iter().map(|&line| line.to_owned()).collect()
    }

    #[test]
    fn a_valid_configuration_and_a_healthy_state_say_nothing() {
        let valid = lines(&["(node:7) Warning: something", r#"{"valid":true,"path":"/etc/openclaw/openclaw.json","warnings":[]}"#]);
        assert_eq!(Report::Config.findings(0, &valid), Vec::<String>::new());
        let healthy = lines(&[r#"{"schemaVersion":1,"ok":true,"checksRun":35,"checksSkipped":30,"findings":[]}"#]);
        assert_eq!(Report::Doctor.findings(0, &healthy), Vec::<String>::new());
    }

    #[test]
    fn each_issue_is_told_with_its_path_and_what_is_allowed() {
        let report = lines(&[
            r#"{"valid":false,"issues":[{"path":"gateway.bind","message":"Invalid input","allowedValues":["lan","loopback"]},{"message":"no path"}]}"#,
        ]);
        let findings = Report::Config.findings(1, &report);
        assert_eq!(findings, ["openclaw config validate ended with code 1", r#"gateway.bind: Invalid input (allowed: "lan", "loopback")"#, "no path"]);
    }

    #[test]
    fn a_doctors_finding_names_its_path_or_its_check_and_the_hint() {
        let report = lines(&[
            r#"{"ok":false,"findings":[{"checkId":"core/a","severity":"error","message":"broken","path":"x.y","fixHint":"mend it"},{"checkId":"core/b","message":"also\u0007"}]}"#,
        ]);
        assert_eq!(Report::Doctor.findings(1, &report)[1..], ["x.y: broken (mend it)", "core/b: also"]);
    }

    #[test]
    fn what_is_no_report_or_ends_badly_passes_nothing() {
        assert_eq!(Report::Doctor.findings(2, &lines(&["", "boom"])), ["openclaw doctor ended with code 2", "boom"]);
        assert_eq!(Report::Config.findings(0, &[]), ["openclaw config validate ended with code 0"]);
        let odd = lines(&[r#"{"valid":true,"issues":[]}"#]);
        assert_eq!(Report::Config.findings(137, &odd), ["openclaw config validate ended with code 137"], "killed after it had printed");
        let many = format!(r#"{{"valid":false,"issues":[{}]}}"#, vec![r#"{"path":"a","message":"b"}"#; 50].join(","));
        assert_eq!(Report::Config.findings(1, &lines(&[&many])).len(), MOST);
    }
}
