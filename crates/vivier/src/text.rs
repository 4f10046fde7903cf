//! How things look in a terminal: ages, sizes, durations, and text from strangers made harmless.

use vivier_core::time::Timestamp;

/// Now, by this machine's clock.
pub fn now() -> Timestamp {
    Timestamp::from_millis(jiff::Timestamp::now().as_millisecond())
}

/// How long ago, in one unit: `42 s`, `7 min`, `3 h`, `12 d`.
pub fn age(at: Timestamp, now: Timestamp) -> String {
    span(now.millis_since(at))
}

/// How long until then, in one unit; `now` when it is over.
pub fn until(at: Timestamp, now: Timestamp) -> String {
    let left = at.millis_since(now);
    if left <= 0 { "now".to_owned() } else { format!("in {}", span(left)) }
}

fn span(millis: i64) -> String {
    let seconds = millis.max(0) / 1000;
    match seconds {
        0..120 => format!("{seconds} s"),
        120..7_200 => format!("{} min", seconds / 60),
        7_200..172_800 => format!("{} h", seconds / 3600),
        _ => format!("{} d", seconds / 86_400),
    }
}

/// A duration to wait: `45 s`, `1 min 30 s`.
pub fn seconds(seconds: u64) -> String {
    match (seconds / 60, seconds % 60) {
        (0, rest) => format!("{rest} s"),
        (minutes, 0) => format!("{minutes} min"),
        (minutes, rest) => format!("{minutes} min {rest} s"),
    }
}

/// A step's duration: `8 ms`, `1.2 s`, `3 min 5 s`.
pub fn duration(millis: u64) -> String {
    match millis {
        0..1_000 => format!("{millis} ms"),
        1_000..60_000 => format!("{}.{} s", millis / 1000, millis % 1000 / 100),
        _ => seconds(millis / 1000),
    }
}

/// Bytes in binary units: `512 MiB`, `1.5 GiB`.
pub fn bytes(bytes: u64) -> String {
    const UNITS: [&str; 5] = ["B", "KiB", "MiB", "GiB", "TiB"];
    let (mut whole, mut rest, mut unit) = (bytes, 0, 0);
    while whole >= 1024 && unit + 1 < UNITS.len() {
        rest = whole % 1024;
        whole /= 1024;
        unit += 1;
    }
    let tenths = rest * 10 / 1024;
    if unit == 0 || whole >= 100 || tenths == 0 { format!("{whole} {}", UNITS[unit]) } else { format!("{whole}.{tenths} {}", UNITS[unit]) }
}

/// Thousandths of a core: `0.50`.
pub fn cores(millis: u64) -> String {
    format!("{}.{:02}", millis / 1000, millis % 1000 / 10)
}

/// A point in time of today's precision, in UTC: `2026-11-21 07:30:05`.
pub fn moment(at: Timestamp) -> String {
    let text = at.to_string();
    match text.split_once('T') {
        Some((day, time)) => format!("{day} {}", time.get(..8).unwrap_or(time)),
        None => text,
    }
}

/// The time of day with milliseconds, in UTC.
pub fn clock(at: Timestamp) -> String {
    let text = at.to_string();
    text.split_once('T').map_or_else(|| text.clone(), |(_, time)| time.trim_end_matches('Z').to_owned())
}

/// Text that an agent, a tenant or a model wrote, safe to print: control characters (which could move the cursor, rename the
/// window or answer in the reader's name) are shown instead of obeyed. Line breaks stay where `lines` says so.
pub fn harmless(text: &str, lines: bool) -> String {
    text.chars()
        .map(|letter| match letter {
            '\n' if lines => letter,
            '\t' => letter,
            '\u{0}'..='\u{1f}' => char::from_u32(0x2400 + u32::from(letter)).unwrap_or('\u{fffd}'),
            '\u{7f}' => '\u{2421}',
            '\u{80}'..='\u{9f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' => '\u{fffd}',
            _ => letter,
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_and_times_read_well() {
        assert_eq!(
            [bytes(0), bytes(1023), bytes(1 << 20), bytes(1536 << 20), bytes(150 << 30)],
            ["0 B", "1023 B", "1 MiB", "1.5 GiB", "150 GiB"].map(str::to_owned)
        );
        assert_eq!([duration(8), duration(1_290), duration(185_000)], ["8 ms", "1.2 s", "3 min 5 s"].map(str::to_owned));
        let at = |seconds: i64| Timestamp::from_millis(seconds * 1000);
        assert_eq!([age(at(0), at(119)), age(at(0), at(121)), age(at(0), at(7_300)), age(at(0), at(999_999))], ["119 s", "2 min", "2 h", "11 d"]);
        assert_eq!([until(at(10), at(4)), until(at(4), at(10))], ["in 6 s", "now"]);
        assert_eq!([cores(500), cores(1255)], ["0.50", "1.25"]);
        assert_eq!(moment(Timestamp::from_millis(1_790_000_000_123)), "2026-09-21 14:13:20");
        assert_eq!(clock(Timestamp::from_millis(1_790_000_000_123)), "14:13:20.123");
    }

    #[test]
    fn an_agents_text_cannot_steer_the_terminal() {
        assert_eq!(harmless("a\u{1b}]0;x\u{7}b\r\nc\u{202e}", false), "a␛]0;x␇b␍␊c\u{fffd}");
        assert_eq!(harmless("a\nb\tc", true), "a\nb\tc");
    }
}
