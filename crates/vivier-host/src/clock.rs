//! The one place that reads the clock.

use vivier_core::time::Timestamp;

pub(crate) fn now() -> Timestamp {
    Timestamp::from_millis(jiff::Timestamp::now().as_millisecond())
}

/// A timestamp of the engine. Docker writes year 1 for "never".
pub(crate) fn parse(text: Option<&str>) -> Option<Timestamp> {
    text?.parse::<Timestamp>().ok().filter(|at| at.as_millis() > 0)
}
