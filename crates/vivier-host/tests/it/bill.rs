//! The bill of materials of the real agent image, and the gate before it.

use serde_json::json;
use vivier_host::docker::Engine;
use vivier_host::release::bill::{self, Bill, Kind};
use vivier_host::release::gate::{self, Verdict};
use vivier_host::release::policy::Policy;

use crate::support::{docker, real_image};

#[tokio::test]
async fn the_real_image_has_a_bill_that_names_openclaw_node_and_libc_and_is_the_same_each_time() {
    let image = real_image();
    let label = |name: &str| docker(&["image", "inspect", "--format", &format!("{{{{index .Config.Labels {name:?}}}}}"), image.as_str()]);
    let (openclaw, node) = (label("io.vivier.openclaw.version"), label("io.vivier.node.version"));
    let engine = Engine::new("/var/run/docker.sock".into()).get().await.expect("an engine");

    let contents = bill::contents_of(&engine, &image).await.expect("contents");
    let bill = Bill::of(&image, &openclaw, &contents).expect("a bill");
    let again = Bill::of(&image, &openclaw, &bill::contents_of(&engine, &image).await.expect("contents")).expect("a bill");
    assert!(bill.to_json() == again.to_json(), "made twice, it is the same to the byte");
    assert_eq!(Bill::parse(&bill.to_json()).expect("parses"), bill);
    if let Some(path) = std::env::var_os("VIVIER_TEST_BILL") {
        std::fs::write(path, bill.to_json()).expect("written");
    }

    let find = |start: &str| {
        let mut found = bill.components.iter().filter(|component| component.bom_ref.starts_with(start));
        let component = found.next().unwrap_or_else(|| panic!("{start} is in the bill"));
        assert!(found.next().is_none(), "{start} is there once");
        component
    };
    let part = find("pkg:npm/openclaw@");
    assert_eq!(part.version.as_deref(), Some(openclaw.as_str()));
    assert_eq!(part.hashes[0].alg, "SHA-512", "the lock's integrity");
    assert_eq!(find("pkg:generic/node@").version.as_deref(), Some(node.as_str()), "what the binary says is what the recipe says");
    let libc = find("pkg:deb/debian/libc6@");
    let says = docker(&["run", "--rm", "--network", "none", "--entrypoint", "/usr/bin/dpkg-query", image.as_str(), "-W", "-f", "${Version}", "libc6"]);
    assert_eq!((libc.version.as_deref(), libc.property(bill::SOURCE)), (Some(says.as_str()), Some("glibc")));
    find("pkg:npm/%40openclaw/discord@");
    find("pkg:npm/%40openclaw/slack@");
    assert!(!bill.components.iter().any(|component| component.bom_ref.starts_with("pkg:npm/typescript@")), "what the recipe prunes is not there");

    let unlicensed = bill.components.iter().filter(|component| {
        component.kind == Kind::Library && component.purl.as_deref().is_some_and(|purl| purl.starts_with("pkg:npm/")) && component.licenses.is_empty()
    });
    let unlicensed: Vec<_> = unlicensed.map(|component| &component.bom_ref).collect();
    println!("{} components; npm packages without a licence: {unlicensed:?}", bill.components.len());
    assert!(bill.components.len() > 400 && unlicensed.len() < 10);
    let subjects = bill.subjects();
    assert!(subjects.strange.is_empty(), "{:?}", subjects.strange);
    assert!(bill.needs(image.as_str()).expect("the image needs").len() >= 4, "OpenClaw, both plugins, Node, Debian");

    let left =
        docker(&["ps", "--all", "--quiet", "--filter", "label=io.vivier.role=bill", "--filter", &format!("ancestor={image}"), "--filter", "status=running"]);
    assert_eq!(left, "", "nothing of the image was started");
}

#[tokio::test]
async fn the_gate_finds_in_the_real_image_what_a_database_has_against_it() {
    let image = real_image();
    let openclaw = docker(&["image", "inspect", "--format", "{{index .Config.Labels \"io.vivier.openclaw.version\"}}", image.as_str()]);
    let engine = Engine::new("/var/run/docker.sock".into()).get().await.expect("an engine");
    let bill = Bill::of(&image, &openclaw, &bill::contents_of(&engine, &image).await.expect("contents")).expect("a bill");

    // A database of today with one record for each ecosystem: against OpenClaw, glibc and Node, fixed far ahead.
    let database = tempfile::tempdir().expect("a directory");
    let now = "2026-11-21T12:00:00Z";
    for (id, ecosystem, name, kind) in [
        ("GHSA-9999-9999-9999", "npm", "openclaw", "SEMVER"),
        ("DSA-99999-1", "Debian:12", "glibc", "ECOSYSTEM"),
        ("BIT-node-2026-999999", "Bitnami", "node", "SEMVER"),
    ] {
        let range = json!({ "type": kind, "events": [{ "introduced": "0" }, { "fixed": "9999.0.0" }] });
        let affected = json!({ "package": { "ecosystem": ecosystem, "name": name }, "ranges": [range] });
        let record = json!({ "id": id, "modified": now, "affected": [affected], "database_specific": { "severity": "CRITICAL" } });
        std::fs::write(database.path().join(format!("{id}.json")), record.to_string()).expect("written");
    }
    let now = now.parse().expect("a time");
    let scan = gate::scan(&bill, Some(database.path()), &Policy::default(), now).expect("a verdict");
    println!("{scan}");
    assert_eq!((scan.verdict, scan.gaps.len()), (Verdict::Failed, 0));
    let found: Vec<_> = scan.findings.iter().map(|finding| (finding.package.as_str(), finding.blocks())).collect();
    assert_eq!(found, [("openclaw", true), ("glibc", true), ("node", true)]);

    // Fixed long ago, the same records have nothing against it.
    for file in std::fs::read_dir(database.path()).expect("a folder") {
        let path = file.expect("a file").path();
        std::fs::write(&path, std::fs::read_to_string(&path).expect("text").replace("9999.0.0", "1.0.0")).expect("written");
    }
    let scan = gate::scan(&bill, Some(database.path()), &Policy::default(), now).expect("a verdict");
    assert_eq!((scan.verdict, scan.findings.len()), (Verdict::Passed, 0), "{scan}");
}
