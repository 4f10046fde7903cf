//! Whether a version is affected (the evaluation of ossf.github.io/osv-schema).

use std::cmp::Ordering;

use super::record::{Affected, Event, Range};
use super::version::{Order, compare};

/// What a record says of one version.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Answer {
    Unaffected,
    /// With the versions above it that are told to be without the vulnerability.
    Affected(Vec<String>),
    /// A version cannot be compared: the one asked about, or one of the record's. It counts as affected.
    Unclear(String),
}

/// `version` by one entry of a record.
pub(super) fn evaluate(affected: &Affected, order: Order, version: &str) -> Answer {
    let ranges: Vec<&Range> = affected.ranges.iter().filter(|range| matches!(range.kind.as_str(), "SEMVER" | "ECOSYSTEM")).collect();
    if affected.versions.iter().any(|one| one == version) {
        return Answer::Affected(fixes(&ranges, order, version));
    }
    if ranges.is_empty() && affected.versions.is_empty() {
        return Answer::Unclear("the record names no versions".to_owned());
    }
    for range in &ranges {
        match within(range, order, version) {
            Ok(true) => return Answer::Affected(fixes(&ranges, order, version)),
            Ok(false) => {}
            Err(strange) => return Answer::Unclear(format!("{strange:?} cannot be compared with {version:?}")),
        }
    }
    Answer::Unaffected
}

/// A moment of a range's history. At the same version, what introduces comes first: `introduced: 0, fixed: 0` is Debian's way to say
/// that a release never had it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Turn {
    Introduced,
    Fixed,
    LastAffected,
}

fn within(range: &Range, order: Order, version: &str) -> Result<bool, String> {
    let mut events: Vec<(Turn, &str)> = Vec::new();
    let mut limits = Vec::new();
    for (kind, at) in range.events.iter().flatten() {
        match kind.as_str() {
            "introduced" => events.push((Turn::Introduced, at)),
            "fixed" => events.push((Turn::Fixed, at)),
            "last_affected" => events.push((Turn::LastAffected, at)),
            "limit" => limits.push(at.as_str()),
            _ => return Err(kind.clone()),
        }
    }
    let against = |at: &str| compare(order, version, at).ok_or_else(|| at.to_owned());
    let mut before_limit = limits.is_empty();
    for limit in limits {
        before_limit |= limit == "*" || against(limit)?.is_lt();
    }
    if !before_limit {
        return Ok(false);
    }
    // Sorting with a comparison that can fail: what cannot be compared with the version is found first.
    for (turn, at) in &events {
        if !is_origin(*turn, at) {
            against(at)?;
        }
    }
    events.sort_by(|(one_turn, one), (other_turn, other)| {
        let origin = is_origin(*other_turn, other).cmp(&is_origin(*one_turn, one));
        origin.then_with(|| compare(order, one, other).unwrap_or(Ordering::Equal)).then_with(|| one_turn.cmp(other_turn))
    });
    let mut affected = false;
    for (turn, at) in events {
        let reached = if is_origin(turn, at) { Ordering::Greater } else { against(at)? };
        match turn {
            Turn::Introduced if reached.is_ge() => affected = true,
            Turn::Fixed if reached.is_ge() => affected = false,
            Turn::LastAffected if reached.is_gt() => affected = false,
            Turn::Introduced | Turn::Fixed | Turn::LastAffected => {}
        }
    }
    Ok(affected)
}

/// `introduced: "0"` comes before every version, and is none itself.
fn is_origin(turn: Turn, at: &str) -> bool {
    turn == Turn::Introduced && at == "0"
}

/// The versions above `version` that are fixed, nearest first.
fn fixes(ranges: &[&Range], order: Order, version: &str) -> Vec<String> {
    let events = ranges.iter().flat_map(|range| &range.events).filter_map(|event: &Event| event.get("fixed"));
    let mut fixes: Vec<String> = events.filter(|at| compare(order, at, version) == Some(Ordering::Greater)).cloned().collect();
    fixes.sort_by(|one, other| compare(order, one, other).unwrap_or(Ordering::Equal));
    fixes.dedup();
    fixes
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    fn ask(order: Order, entry: Value, version: &str) -> Answer {
        evaluate(&serde_json::from_value::<Affected>(entry).expect("an entry"), order, version)
    }

    fn semver(events: Value, version: &str) -> Answer {
        ask(Order::Semantic, json!({ "ranges": [{ "type": "SEMVER", "events": events }] }), version)
    }

    fn affected(fixes: &[&str]) -> Answer {
        Answer::Affected(fixes.iter().map(|fix| (*fix).to_owned()).collect())
    }

    #[test]
    fn a_range_begins_with_what_introduces_and_ends_before_what_fixes() {
        let events = json!([{ "introduced": "1.0.0" }, { "fixed": "1.0.2" }, { "introduced": "3.0.0" }, { "fixed": "3.2.5" }]);
        for (version, answer) in [
            ("0.9.9", Answer::Unaffected),
            ("1.0.0-rc.1", Answer::Unaffected),
            ("1.0.0", affected(&["1.0.2", "3.2.5"])),
            ("1.0.1", affected(&["1.0.2", "3.2.5"])),
            ("1.0.2-rc.1", affected(&["1.0.2", "3.2.5"])),
            ("1.0.2", Answer::Unaffected),
            ("2.9.9", Answer::Unaffected),
            ("3.2.4", affected(&["3.2.5"])),
            ("3.2.5", Answer::Unaffected),
        ] {
            assert_eq!(semver(events.clone(), version), answer, "{version}");
        }
        let backwards = json!([{ "fixed": "3.2.5" }, { "introduced": "3.0.0" }, { "fixed": "1.0.2" }, { "introduced": "1.0.0" }]);
        assert_eq!(semver(backwards, "2.0.0"), Answer::Unaffected, "events may be in any order");
    }

    #[test]
    fn what_has_no_end_affects_everything_after_and_the_last_affected_is_affected() {
        assert_eq!(semver(json!([{ "introduced": "0" }]), "0.0.0-alpha"), affected(&[]));
        assert_eq!(semver(json!([{ "introduced": "0" }, { "last_affected": "2.0.0" }]), "2.0.0"), affected(&[]));
        assert_eq!(semver(json!([{ "introduced": "0" }, { "last_affected": "2.0.0" }]), "2.0.1-0"), Answer::Unaffected);
        assert_eq!(semver(json!([{ "introduced": "0" }, { "limit": "2.0.0" }]), "1.0.0"), affected(&[]));
        assert_eq!(semver(json!([{ "introduced": "0" }, { "limit": "2.0.0" }]), "2.0.0"), Answer::Unaffected);
        assert_eq!(semver(json!([{ "introduced": "0" }, { "limit": "*" }]), "2.0.0"), affected(&[]));
    }

    #[test]
    fn debian_epochs_tildes_and_the_sign_for_never_affected_are_understood() {
        let debian = |events: Value, version| ask(Order::Debian, json!({ "ranges": [{ "type": "ECOSYSTEM", "events": events }] }), version);
        let fixed = json!([{ "introduced": "0" }, { "fixed": "1:1.2.13.dfsg-1+deb12u1" }]);
        assert_eq!(debian(fixed.clone(), "1:1.2.13.dfsg-1"), affected(&["1:1.2.13.dfsg-1+deb12u1"]));
        assert_eq!(debian(fixed.clone(), "9.9-1"), affected(&["1:1.2.13.dfsg-1+deb12u1"]), "an epoch outweighs every number");
        assert_eq!(debian(fixed, "1:1.2.13.dfsg-1+deb12u1"), Answer::Unaffected);
        assert_eq!(debian(json!([{ "introduced": "0" }, { "fixed": "3.0.15-1" }]), "3.0.15-1~deb12u1"), affected(&["3.0.15-1"]));
        assert_eq!(debian(json!([{ "introduced": "0" }, { "fixed": "0" }]), "1.0-1"), Answer::Unaffected);
    }

    #[test]
    fn a_listed_version_is_affected_whatever_the_ranges_say_and_commits_say_nothing() {
        let entry = json!({ "versions": ["1.0.0"], "ranges": [{ "type": "SEMVER", "events": [{ "introduced": "2.0.0" }, { "fixed": "2.1.0" }] }, { "type": "GIT", "repo": "x", "events": [{ "introduced": "0" }] }] });
        assert_eq!(ask(Order::Semantic, entry.clone(), "1.0.0"), affected(&["2.1.0"]));
        assert_eq!(ask(Order::Semantic, entry, "1.0.1"), Answer::Unaffected);
    }

    #[test]
    fn what_cannot_be_compared_is_unclear_and_never_unaffected() {
        for (events, version) in [
            (json!([{ "introduced": "0" }, { "fixed": "soon" }]), "1.0.0"),
            (json!([{ "introduced": "1.0-x" }]), "1.0.0"),
            (json!([{ "introduced": "1.0.0" }]), "latest"),
            (json!([{ "introduced": "1.0.0" }, { "limit": "x" }]), "1.0.0"),
            (json!([{ "mended": "1.0.0" }]), "1.0.0"),
        ] {
            assert!(matches!(semver(events.clone(), version), Answer::Unclear(_)), "{events} {version}");
        }
        assert!(matches!(ask(Order::Semantic, json!({}), "1.0.0"), Answer::Unclear(_)), "neither ranges nor versions");
        assert!(matches!(ask(Order::Semantic, json!({ "ranges": [{ "type": "GIT", "events": [{ "introduced": "0" }] }] }), "1.0.0"), Answer::Unclear(_)));
    }
}
