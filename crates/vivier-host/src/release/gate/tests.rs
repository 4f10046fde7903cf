//! The gate against the pinned database in `tests/osv`.

use std::collections::BTreeMap;
use std::path::PathBuf;

use super::*;
use crate::release::bill::{Binary, Contents, Manifest};
use crate::release::osv::{Ecosystem, Severity};

/// The day after the database's newest record.
const NOW: &str = "2026-11-21T12:00:00Z";

fn at(text: &str) -> Timestamp {
    text.parse().expect("a time")
}

fn pinned() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/osv")
}

/// A copy of the pinned database that a test may change.
fn copy() -> tempfile::TempDir {
    let copy = tempfile::tempdir().expect("a directory");
    for ecosystem in ["npm", "Debian", "Bitnami"] {
        std::fs::create_dir(copy.path().join(ecosystem)).expect("a folder");
        for file in std::fs::read_dir(pinned().join(ecosystem)).expect("a folder") {
            let file = file.expect("a file");
            std::fs::copy(file.path(), copy.path().join(ecosystem).join(file.file_name())).expect("copied");
        }
    }
    copy
}

/// An image that the pinned database has something against.
fn bill() -> Bill {
    let mut contents = Contents {
        os_release: Some("ID=debian\nVERSION_ID=\"12\"\n".to_owned()),
        node: vec![Binary { path: "usr/local/bin/node".to_owned(), version: "24.21.0".to_owned(), sha256: "00".repeat(32) }],
        ..Contents::default()
    };
    for (name, version) in
        [("openclaw", "2026.9.6"), ("zod", "4.6.5"), ("@slack/bolt", "5.1.0"), ("undici", "7.29.1"), ("undici", "8.10.2"), ("ws", "9.0.0-rc.2")]
    {
        let manifest = Manifest { name: name.to_owned(), version: version.to_owned(), ..Manifest::default() };
        contents.packages.insert(format!("app/{version}/node_modules/{name}"), manifest);
    }
    let debian = [("libc6", "glibc", "2.36-9+deb12u13"), ("zlib1g", "zlib", "1:1.2.13.dfsg-1"), ("libssl3", "openssl", "3.0.17-1~deb12u3")];
    let stanza =
        |(name, source, version)| format!("Package: {name}\nStatus: install ok installed\nArchitecture: amd64\nSource: {source}\nVersion: {version}\n");
    contents.dpkg_status = Some(debian.map(stanza).join("\n"));
    Bill::of(&Digest::of("image"), "2026.9.6", &contents).expect("a bill")
}

fn policy(text: &str) -> Policy {
    Policy::parse(text, Path::new("policy.toml")).expect("a policy")
}

fn with(database: &Path, policy: &Policy, now: &str) -> Scan {
    scan(&bill(), Some(database), policy, at(now)).expect("a verdict")
}

/// A policy that lets pass all that the pinned database has against the image.
const LENIENT: &str = r#"
[[allow]]
id = "GHSA-2222-2222-2221"
reason = "the header never comes from outside"
expires = 2026-12-31
[[allow]]
id = "CVE-2026-900002"
package = "@slack/bolt"
reason = "sockets only"
expires = 2026-12-31
[[allow]]
id = "CVE-2026-900011"
reason = "waiting for Debian"
expires = 2026-12-31
"#;

fn rulings(scan: &Scan) -> BTreeMap<&str, &Ruling> {
    scan.findings.iter().map(|finding| (finding.id.as_str(), &finding.ruling)).collect()
}

#[test]
fn what_is_affected_is_found_and_nothing_else() {
    let scan = with(&pinned(), &Policy::default(), NOW);
    let found: Vec<_> = scan
        .findings
        .iter()
        .map(|finding| {
            let Finding { id, ecosystem, package, version, severity, counts_as, fixed_in, ruling, .. } = finding;
            (id.as_str(), format!("{ecosystem} {package} {version}"), *severity, *counts_as, fixed_in.join(" "), ruling.clone())
        })
        .collect();
    let row =
        |id, package: &str, severity: Option<Severity>, counts_as, fixed: &str, ruling| (id, package.to_owned(), severity, counts_as, fixed.to_owned(), ruling);
    assert_eq!(
        found,
        [
            row("GHSA-2222-2222-2221", "npm undici 7.29.1", Some(Severity::Critical), Severity::Critical, "7.29.2", Ruling::Blocks),
            row("GHSA-2222-2222-2222", "npm @slack/bolt 5.1.0", Some(Severity::High), Severity::High, "", Ruling::Blocks),
            row("DEBIAN-CVE-2026-900011", "Debian:12 openssl 3.0.17-1~deb12u3", None, Severity::High, "3.0.17-1~deb12u4", Ruling::Blocks),
            row("GHSA-2222-2222-2225", "npm ws 9.0.0-rc.2", Some(Severity::Medium), Severity::Medium, "9.0.0-rc.3", Ruling::Mild),
            row("DSA-90012-1", "Debian:12 zlib 1:1.2.13.dfsg-1", Some(Severity::Medium), Severity::Medium, "1:1.2.13.dfsg-1+deb12u1", Ruling::Mild),
            row("DEBIAN-CVE-2026-900010", "Debian:12 glibc 2.36-9+deb12u13", Some(Severity::Low), Severity::Low, "", Ruling::Mild),
        ],
        "not what is fixed, withdrawn, of another name, ecosystem, version or release of Debian"
    );
    assert_eq!((scan.verdict, scan.may_start(), scan.gaps.len()), (Verdict::Failed, false, 0));
    assert_eq!(scan.findings[4].aliases, ["CVE-2026-900012", "CVE-2026-900013"], "what a distribution's advisory is about");

    let asked: Vec<_> = scan.asked.iter().map(|asked| (asked.ecosystem.clone(), asked.packages, asked.records, asked.age_days)).collect();
    assert_eq!(asked, [(Ecosystem::Npm, 6, 7, Some(1)), (Ecosystem::Debian("12".to_owned()), 3, 3, Some(1)), (Ecosystem::Bitnami, 1, 1, Some(1))]);
    assert_eq!(scan.asked[0].newest, Some(at("2026-11-20T09:30:00Z")));
    assert_eq!((scan.image.clone(), scan.bill.clone(), scan.policy.clone()), (Digest::of("image"), Digest::of(bill().to_json()), Digest::of("")));
}

#[test]
fn an_allowance_by_id_alias_or_cve_lets_a_finding_pass_and_its_reason_is_told() {
    let scan = with(&pinned(), &policy(LENIENT), NOW);
    assert_eq!((scan.verdict, scan.may_start()), (Verdict::Passed, true), "{scan}");
    let expires = jiff::civil::date(2026, 12, 31);
    let allowed = |reason: &str| Ruling::Allowed { reason: reason.to_owned(), expires };
    let rulings = rulings(&scan);
    assert_eq!(rulings["GHSA-2222-2222-2221"], &allowed("the header never comes from outside"));
    assert_eq!(rulings["GHSA-2222-2222-2222"], &allowed("sockets only"));
    assert_eq!(rulings["DEBIAN-CVE-2026-900011"], &allowed("waiting for Debian"));
    assert_eq!(scan.idle, []);
    assert!(scan.to_string().starts_with("passed: no finding stops "), "{scan}");
    assert!(scan.to_string().contains(" (3 allowed, 3 milder than high)\n"), "{scan}");
}

#[test]
fn an_allowance_for_another_package_or_for_nothing_helps_nobody_and_is_told() {
    let text = LENIENT.replace("\"@slack/bolt\"", "\"bolt\"") + "[[allow]]\nid = \"CVE-1999-1\"\nreason = \"long ago\"\nexpires = 2020-01-01\n";
    let scan = with(&pinned(), &policy(&text), NOW);
    assert_eq!((scan.verdict, rulings(&scan)["GHSA-2222-2222-2222"]), (Verdict::Failed, &Ruling::Blocks));
    let idle: Vec<_> = scan.idle.iter().map(|idle| (idle.allowance.id.as_str(), idle.expired)).collect();
    assert_eq!(idle, [("CVE-2026-900002", false), ("CVE-1999-1", true)]);
    let told = scan.to_string();
    assert!(told.contains("allows CVE-2026-900002 in bolt, which was not found; remove it"), "{told}");
    assert!(told.contains("CVE-1999-1, which was not found, and has expired on 2020-01-01"), "{told}");
}

#[test]
fn an_allowance_holds_to_the_end_of_its_last_day_and_then_fails_the_release_and_says_so() {
    let lenient = policy(&LENIENT.replace("reason = \"sockets only\"\nexpires = 2026-12-31", "reason = \"sockets only\"\nexpires = 2026-11-21"));
    assert_eq!(with(&pinned(), &lenient, "2026-11-21T23:59:59Z").verdict, Verdict::Passed);
    let scan = with(&pinned(), &lenient, "2026-11-22T00:00:00Z");
    let expired = Ruling::Expired { reason: "sockets only".to_owned(), expires: jiff::civil::date(2026, 11, 21) };
    assert_eq!((scan.verdict, rulings(&scan)["GHSA-2222-2222-2222"]), (Verdict::Failed, &expired));
    assert!(scan.to_string().contains("its allowance (sockets only) has expired on 2026-11-21: no fix is known"), "{scan}");

    let again =
        format!("{}\n[[allow]]\nid = \"GHSA-2222-2222-2222\"\nreason = \"looked again\"\nexpires = 2026-12-01\n", LENIENT.replace("2026-12-31", "2026-11-20"));
    let scan = with(&pinned(), &policy(&again), NOW);
    assert_eq!(
        rulings(&scan)["GHSA-2222-2222-2222"],
        &Ruling::Allowed { reason: "looked again".to_owned(), expires: jiff::civil::date(2026, 12, 1) },
        "the one that holds longest"
    );
}

#[test]
fn an_expired_allowance_does_not_make_worse_what_is_mild() {
    let text = format!("{LENIENT}[[allow]]\nid = \"DSA-90012-1\"\nreason = \"x\"\nexpires = 2026-11-01\n");
    let scan = with(&pinned(), &policy(&text), NOW);
    assert_eq!((scan.verdict, rulings(&scan)["DSA-90012-1"]), (Verdict::Passed, &Ruling::Mild));
}

#[test]
fn the_policy_says_from_where_a_severity_stops_a_release_and_what_the_unrated_count_as() {
    let stops = |text: &str| {
        let scan = with(&pinned(), &policy(text), NOW);
        scan.findings.iter().filter(|finding| finding.blocks()).map(|finding| finding.package.clone()).collect::<Vec<_>>()
    };
    assert_eq!(stops("fail_on = \"critical\""), ["undici"]);
    assert_eq!(stops("unknown_severity = \"critical\"\nfail_on = \"critical\""), ["undici", "openssl"]);
    assert_eq!(stops("unknown_severity = \"low\""), ["undici", "@slack/bolt"]);
    assert_eq!(stops("fail_on = \"low\"").len(), 6);
}

#[test]
fn without_a_database_that_can_be_read_nothing_is_known() {
    let unscanned = |database: Option<&Path>| {
        let scan = scan(&bill(), database, &policy(LENIENT), at(NOW)).expect("a verdict");
        assert_eq!((scan.verdict, scan.may_start(), scan.findings.len()), (Verdict::Unscanned, false, 0), "{scan}");
        scan.to_string()
    };
    let said = unscanned(None);
    assert!(said.contains("no vulnerability database is set: set `host.vulnerability_database`"), "{said}");
    let said = unscanned(Some(Path::new("/nowhere/osv")));
    assert!(said.contains("there is no vulnerability database at /nowhere/osv"), "{said}");
    let empty = tempfile::tempdir().expect("a directory");
    std::fs::write(empty.path().join("README.md"), "soon").expect("written");
    let said = unscanned(Some(empty.path()));
    assert!(said.contains("holds no OSV record"), "{said}");

    for (name, bytes, why) in [
        ("npm/broken.json", b"{\"id\":".as_slice(), "is no OSV record"),
        ("npm/list.json", b"[]", "is no OSV record"),
        ("npm/undated.json", b"{\"id\":\"X-1\",\"modified\":\"yesterday\"}", "is no OSV record"),
        ("npm/nameless.json", b"{\"modified\":\"2026-11-20T09:30:00Z\"}", "is no OSV record"),
        ("npm/all.zip", b"PK\x03\x04 and no more", "is no zip archive"),
    ] {
        let database = copy();
        std::fs::write(database.path().join(name), bytes).expect("written");
        let said = unscanned(Some(database.path()));
        assert!(said.contains(name) && said.contains(why) && said.contains("fetch that file again"), "{said}");
    }
    let database = copy();
    std::os::unix::fs::symlink("/etc/passwd", database.path().join("npm/link.json")).expect("a link");
    let said = unscanned(Some(database.path()));
    assert!(said.contains("link.json") && said.contains("symbolic link"), "{said}");
}

#[test]
fn a_database_without_one_of_the_ecosystems_or_with_an_old_one_leaves_a_gap() {
    let database = copy();
    std::fs::remove_dir_all(database.path().join("Bitnami")).expect("removed");
    let scan = with(database.path(), &policy(LENIENT), NOW);
    assert_eq!((scan.verdict, scan.gaps.as_slice()), (Verdict::Unscanned, [Gap::Nothing { ecosystem: Ecosystem::Bitnami }].as_slice()));
    assert!(scan.to_string().contains("the database has nothing for Bitnami: add osv.dev's export of Bitnami"), "{scan}");
    assert_eq!(scan.findings.len(), 6, "what could be looked at is told");

    // Each ecosystem must be young by itself: a fresh npm does not stand in for an old Debian.
    let database = copy();
    for file in std::fs::read_dir(database.path().join("Debian")).expect("a folder") {
        let path = file.expect("a file").path();
        let text = std::fs::read_to_string(&path).expect("text").replace("2026-11-20T09:30:00Z", "2026-11-01T00:00:00Z");
        std::fs::write(&path, text).expect("written");
    }
    let scan = with(database.path(), &policy(LENIENT), NOW);
    let old = Gap::Old { ecosystem: Ecosystem::Debian("12".to_owned()), newest: Some(at("2026-11-01T00:00:00Z")), age_days: Some(20), max_age_days: 7 };
    assert_eq!((scan.verdict, scan.gaps.as_slice()), (Verdict::Unscanned, [old].as_slice()));
    assert!(scan.to_string().contains("20 days ago, and the policy's max_age_days is 7; fetch Debian again"), "{scan}");
    assert_eq!(with(database.path(), &policy(&format!("max_age_days = 20\n{LENIENT}")), NOW).verdict, Verdict::Passed);
    assert_eq!(with(&pinned(), &policy(LENIENT), "2026-11-27T23:00:00Z").verdict, Verdict::Passed, "seven days old");
    assert_eq!(with(&pinned(), &policy(LENIENT), "2026-11-28T10:00:00Z").verdict, Verdict::Unscanned, "eight days old");
}

#[test]
fn a_date_that_lies_ahead_does_not_keep_a_database_young() {
    let database = copy();
    let path = database.path().join("Bitnami/BIT-node-2026-900020.json");
    let text = std::fs::read_to_string(&path).expect("text").replace("2026-11-20T09:30:00Z", "2099-01-01T00:00:00Z");
    std::fs::write(&path, text).expect("written");
    let scan = with(database.path(), &policy(LENIENT), NOW);
    let undated = Gap::Old { ecosystem: Ecosystem::Bitnami, newest: None, age_days: None, max_age_days: 7 };
    assert_eq!((scan.verdict, scan.gaps.as_slice()), (Verdict::Unscanned, [undated].as_slice()));
    assert!(scan.to_string().contains("dated in the future"), "{scan}");
}

#[test]
fn what_is_known_to_be_bad_fails_although_not_everything_was_looked_at() {
    let scan = with(&pinned(), &Policy::default(), "2027-03-01T00:00:00Z");
    assert_eq!((scan.verdict, scan.gaps.len()), (Verdict::Failed, 3), "an old database knows enough to say no");
}

#[test]
fn of_two_copies_of_a_record_the_later_one_counts() {
    let database = copy();
    let write = |modified: &str, more: &str| {
        let event = r#"[{"introduced":"0"}]"#;
        let text = format!(
            r#"{{"id":"GHSA-2222-2222-2222","modified":"{modified}",{more}"affected":[{{"package":{{"ecosystem":"npm","name":"@slack/bolt"}},"ranges":[{{"type":"SEMVER","events":{event}}}]}}]}}"#
        );
        std::fs::write(database.path().join("npm/copy.json"), text).expect("written");
    };
    write("2026-11-20T10:00:00Z", r#""withdrawn":"2026-11-20T10:00:00Z","#);
    assert!(!rulings(&with(database.path(), &Policy::default(), NOW)).contains_key("GHSA-2222-2222-2222"), "a later copy takes it back");
    write("2026-11-19T10:00:00Z", r#""withdrawn":"2026-11-19T10:00:00Z","#);
    assert!(rulings(&with(database.path(), &Policy::default(), NOW)).contains_key("GHSA-2222-2222-2222"), "an earlier one does not");
}

#[test]
fn what_cannot_be_compared_counts_as_affected_and_says_why() {
    let database = copy();
    let record = r#"{"id":"X-1","modified":"2026-11-20T09:30:00Z","affected":[{"package":{"ecosystem":"npm","name":"zod"},"ranges":[{"type":"SEMVER","events":[{"introduced":"next"}]}]}]}"#;
    std::fs::write(database.path().join("npm/odd.json"), record).expect("written");
    let scan = with(database.path(), &policy(LENIENT), NOW);
    assert_eq!((scan.verdict, rulings(&scan)["X-1"]), (Verdict::Failed, &Ruling::Blocks));
    assert!(scan.to_string().contains("counts as affected: \"next\" cannot be compared with \"4.6.5\""), "{scan}");
}

#[test]
fn a_component_of_no_known_ecosystem_leaves_a_gap() {
    let strange = Bill::parse(&bill().to_json().replace("distro=debian-12", "distro=ubuntu-24.04")).expect("a bill");
    let scan = scan(&strange, Some(&pinned()), &policy(LENIENT), at(NOW)).expect("a verdict");
    assert!(matches!(scan.gaps.as_slice(), [Gap::Strange { components }] if components.len() == 3), "{:?}", scan.gaps);
    assert_eq!(scan.verdict, Verdict::Unscanned);
}

#[test]
fn unscanned_is_accepted_by_somebody_with_a_reason_and_nothing_else_is() {
    let word = |who: &str, reason: &str| Acceptance { accepted_by: who.to_owned(), reason: reason.to_owned(), at: at(NOW) };
    let unscanned = scan(&bill(), None, &Policy::default(), at(NOW)).expect("a verdict");
    assert_eq!(unscanned.clone().accept(word("root", " ")), Err(AcceptError::NoReason));
    assert_eq!(unscanned.clone().accept(word("", "air gap")), Err(AcceptError::Nobody));
    let accepted = unscanned.accept(word("root", "air gap, looked at by hand")).expect("accepted");
    assert!(accepted.may_start() && accepted.verdict == Verdict::Unscanned, "it stays what it is");
    assert!(accepted.to_string().contains("accepted all the same by root") && accepted.to_string().contains("air gap, looked at by hand"), "{accepted}");
    assert_eq!(serde_json::from_str::<Scan>(&accepted.to_json()).expect("parses"), accepted);

    assert_eq!(with(&pinned(), &Policy::default(), NOW).accept(word("root", "please")), Err(AcceptError::Failed));
    assert_eq!(with(&pinned(), &policy(LENIENT), NOW).accept(word("root", "please")), Err(AcceptError::Passed));
}

#[test]
fn the_document_can_be_read_back_and_the_text_has_a_next_step_for_each_finding() {
    let scan = with(&pinned(), &Policy::default(), NOW);
    assert_eq!(serde_json::from_str::<Scan>(&scan.to_json()).expect("parses"), scan);
    let text = scan.to_string();
    let lines: Vec<&str> = text.lines().collect();
    assert!(lines[0].starts_with("failed: 3 of 6 findings stop "), "{text}");
    assert!(lines.contains(&"  npm: 6 packages, 7 records, the newest of 2026-11-20T09:30:00.000Z (1 day ago)"), "{text}");
    let line = |id: &str| *lines.iter().find(|line| line.contains(id)).unwrap_or_else(|| panic!("{id} is in\n{text}"));
    assert!(line("GHSA-2222-2222-2221 (CVE-2026-900001)").starts_with("✗ critical "), "{text}");
    assert!(line("GHSA-2222-2222-2221").ends_with("fixed in 7.29.2: move to an OpenClaw that has it, or update the lock, and build again"), "{text}");
    assert!(line("GHSA-2222-2222-2222").ends_with("no fix is known: wait for one, or allow it in the policy with a reason and an expiry"), "{text}");
    assert!(line("DEBIAN-CVE-2026-900011").starts_with("✗ unrated, as high "), "{text}");
    assert!(line("DEBIAN-CVE-2026-900011").ends_with("fixed in 3.0.17-1~deb12u4: build again with a fresh base"), "{text}");
    assert!(line("DSA-90012-1").starts_with("  medium ") && line("DSA-90012-1").ends_with("milder than the policy fails on"), "{text}");
}
