//! Which of two versions is the later one.

use std::cmp::Ordering;
use std::iter::Peekable;
use std::slice::Iter;

/// How the versions of an ecosystem are ordered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Order {
    /// Semantic Versioning 2.0.0, section 11: npm's and Node's.
    Semantic,
    /// dpkg's (`deb-version(7)`).
    Debian,
}

/// `one` beside `other`; `None` when either is no version of this kind.
pub fn compare(order: Order, one: &str, other: &str) -> Option<Ordering> {
    match order {
        Order::Semantic => Some(semantic(one)?.cmp_precedence(&semantic(other)?)),
        Order::Debian => Some(Debian::parse(one)?.cmp(&Debian::parse(other)?)),
    }
}

/// `1.2.3-rc.1`. Some records leave out trailing zeros (`fixed: 4`, `last_affected: 0`); osv.dev reads them as if they were there.
fn semantic(text: &str) -> Option<semver::Version> {
    let short = text.bytes().all(|byte| byte.is_ascii_digit() || byte == b'.');
    match text.split('.').count() {
        1 if short => semver::Version::parse(&format!("{text}.0.0")),
        2 if short => semver::Version::parse(&format!("{text}.0")),
        _ => semver::Version::parse(text),
    }
    .ok()
}

/// `[epoch:]upstream[-revision]`.
struct Debian<'a> {
    epoch: u64,
    upstream: &'a [u8],
    revision: &'a [u8],
}

impl<'a> Debian<'a> {
    fn parse(text: &'a str) -> Option<Self> {
        let (epoch, rest) = match text.split_once(':') {
            Some((epoch, rest)) => (epoch.parse().ok()?, rest),
            None => (0, text),
        };
        let (upstream, revision) = rest.rsplit_once('-').unwrap_or((rest, ""));
        let allowed = |byte: u8| byte.is_ascii_alphanumeric() || b".+-:~".contains(&byte);
        (!upstream.is_empty() && rest.bytes().all(allowed)).then_some(Self { epoch, upstream: upstream.as_bytes(), revision: revision.as_bytes() })
    }

    fn cmp(&self, other: &Self) -> Ordering {
        self.epoch.cmp(&other.epoch).then_with(|| parts(self.upstream, other.upstream)).then_with(|| parts(self.revision, other.revision))
    }
}

/// Compares stretches without digits and stretches of digits in turn. An absent revision equals `0`: no digits are worth nothing.
fn parts(one: &[u8], other: &[u8]) -> Ordering {
    let (mut one, mut other) = (one.iter().peekable(), other.iter().peekable());
    while one.peek().is_some() || other.peek().is_some() {
        let order = letters(&mut one, &mut other).then_with(|| number(&mut one).cmp(&number(&mut other)));
        if order.is_ne() {
            return order;
        }
    }
    Ordering::Equal
}

/// A tilde comes before the end, the end before letters, letters before everything else.
fn letters(one: &mut Peekable<Iter<'_, u8>>, other: &mut Peekable<Iter<'_, u8>>) -> Ordering {
    let weight = |byte: Option<&u8>| match byte {
        Some(b'~') => -1,
        None => 0,
        Some(letter) if letter.is_ascii_alphabetic() => i32::from(*letter),
        Some(other) => i32::from(*other) + 256,
    };
    loop {
        let (left, right) = (one.next_if(|byte| !byte.is_ascii_digit()), other.next_if(|byte| !byte.is_ascii_digit()));
        let order = weight(left).cmp(&weight(right));
        if order.is_ne() || left.is_none() {
            return order;
        }
    }
}

/// The digits that follow, as something that orders like their number however many they are: how many without leading zeros, then which.
fn number(text: &mut Peekable<Iter<'_, u8>>) -> (usize, Vec<u8>) {
    while text.next_if(|byte| **byte == b'0').is_some() {}
    let mut digits = Vec::new();
    while let Some(digit) = text.next_if(|byte| byte.is_ascii_digit()) {
        digits.push(*digit);
    }
    (digits.len(), digits)
}

#[cfg(test)]
mod tests {
    use std::cmp::Ordering::{Equal, Less};

    use super::*;

    #[test]
    fn debian_versions_are_ordered_as_dpkg_does() {
        for (one, other, expected) in [
            // deb-version(7): a tilde sorts before everything, even the end of a part.
            ("1~~", "1~~a", Less),
            ("1~~a", "1~", Less),
            ("1~", "1", Less),
            ("1", "1a", Less),
            ("1.0~beta1~svn1245", "1.0~beta1", Less),
            ("1.0~beta1", "1.0", Less),
            // Letters before what is no letter; numbers as numbers.
            ("1.0a", "1.0+", Less),
            ("1.0a", "1.0.", Less),
            ("1.2", "1.10", Less),
            ("1.02", "1.2", Equal),
            ("1.2", "1.2.0", Less),
            ("99999999999999999999998", "99999999999999999999999", Less),
            // An epoch comes before all else, and its absence is 0.
            ("9.9", "1:0.1", Less),
            ("0:1.0", "1.0", Equal),
            ("2:1.0", "10:0.1", Less),
            // A revision begins at the last hyphen; without one it is as if it were 0.
            ("1.0-1", "1.0-2", Less),
            ("1.0", "1.0-1", Less),
            ("1.0", "1.0-0", Equal),
            ("1.0-1-1", "1.0-1-2", Less),
            ("1.0-1", "1.0-1.1", Less),
            // As they occur.
            ("2.36-9+deb12u9", "2.36-9+deb12u10", Less),
            ("5.2.15-2", "5.2.15-2+b13", Less),
            ("3.0.15-1~deb12u1", "3.0.15-1", Less),
            ("1:1.2.13.dfsg-1", "1:1.2.13.dfsg-1", Equal),
        ] {
            assert_eq!(compare(Order::Debian, one, other), Some(expected), "{one} {other}");
            assert_eq!(compare(Order::Debian, other, one), Some(expected.reverse()), "{other} {one}");
        }
    }

    #[test]
    fn npm_versions_are_ordered_by_precedence() {
        // The example of semver.org, item 11.
        let rising =
            ["1.0.0-alpha", "1.0.0-alpha.1", "1.0.0-alpha.beta", "1.0.0-beta", "1.0.0-beta.2", "1.0.0-beta.11", "1.0.0-rc.1", "1.0.0", "1.0.1", "1.10.0"];
        for pair in rising.windows(2) {
            assert_eq!(compare(Order::Semantic, pair[0], pair[1]), Some(Less), "{pair:?}");
        }
        assert_eq!(compare(Order::Semantic, "1.0.0+one", "1.0.0+two"), Some(Equal), "a build has no precedence");
        for (short, long) in [("0", "0.0.0"), ("4", "4.0.0"), ("4.1", "4.1.0")] {
            assert_eq!(compare(Order::Semantic, short, long), Some(Equal), "{short}");
        }
    }

    #[test]
    fn what_is_no_version_is_not_compared() {
        for text in ["", ".", "1.", "v1.0.0", "1.0-rc", "1.0.0.0", "01.0.0", "latest"] {
            assert_eq!(compare(Order::Semantic, text, "1.0.0"), None, "{text}");
        }
        for text in ["", ":1", "a:1", "-1:1", "1 0", "1.0_1", "1:", "-1", "ä"] {
            assert_eq!(compare(Order::Debian, text, "1.0"), None, "{text}");
        }
    }

    proptest::proptest! {
        #[test]
        fn debian_versions_have_one_order(one in "[0-9a-c.+~:-]{1,8}", two in "[0-9a-c.+~:-]{1,8}", three in "[0-9a-c.+~:-]{1,8}") {
            let order = |left: &str, right: &str| compare(Order::Debian, left, right);
            proptest::prop_assert_eq!(order(&one, &two), order(&two, &one).map(Ordering::reverse));
            if let (Some(first), Some(second)) = (order(&one, &two), order(&two, &three)) && first.is_le() && second.is_le() {
                proptest::prop_assert!(order(&one, &three).is_some_and(Ordering::is_le));
            }
        }
    }
}
