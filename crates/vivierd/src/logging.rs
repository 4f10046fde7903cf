//! The log: lines for people on a terminal, JSON elsewhere.

use std::io::IsTerminal as _;

use serde::{Deserialize, Serialize};
use tracing_subscriber::EnvFilter;

/// How the log looks.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Format {
    /// Text on a terminal, JSON elsewhere.
    #[default]
    Auto,
    Text,
    Json,
}

/// # Errors
/// When `filter` is no tracing filter.
pub fn init(filter: &str, format: Format) -> anyhow::Result<()> {
    let filter =
        EnvFilter::try_new(filter).map_err(|error| anyhow::anyhow!("log.filter: {error}; use a level such as `info`, or `vivier_server=debug,info`"))?;
    let text = match format {
        Format::Text => true,
        Format::Json => false,
        Format::Auto => std::io::stderr().is_terminal(),
    };
    let builder = tracing_subscriber::fmt().with_env_filter(filter).with_writer(std::io::stderr);
    if text {
        builder.compact().init()
    } else {
        builder.json().flatten_event(true).with_current_span(true).with_span_list(false).init()
    }
    Ok(())
}
