use serde_json::{Value, json};

use super::contents::tests::tar_of;
use super::*;

const STATUS: &str = "\
Package: libc6
Status: install ok installed
Architecture: amd64
Source: glibc
Version: 2.36-9+deb12u13
Depends: libgcc-s1, libcrypt1 (>= 1:4.4.10-10~)

Package: libgcc-s1
Status: install ok installed
Architecture: amd64
Source: gcc-12 (12.2.0-14+deb12u1)
Version: 12.2.0-14+deb12u1
Depends: gcc-12-base (= 12.2.0-14+deb12u1) | base-of-gcc,
 libc6 (>= 2.35)

Package: mawk
Status: install ok installed
Architecture: amd64
Version: 1.3.4.20200120-3.1
Provides: awk, libcrypt1

Package: gone
Status: deinstall ok config-files
Architecture: amd64
Version: 1.0
";

/// An image in small: OpenClaw with a dependency in two versions, a plugin beside it, Node, and three Debian packages.
fn image() -> Vec<(&'static str, Vec<u8>)> {
    let package = |name: &str, version: &str, needs: &[&str]| {
        let needs: serde_json::Map<String, Value> = needs.iter().map(|name| ((*name).to_owned(), json!("*"))).collect();
        json!({ "name": name, "version": version, "license": "ISC", "dependencies": needs }).to_string().into_bytes()
    };
    let mut node = b"/node-v24.21.0.tar.gz".to_vec();
    node.resize(9 * 1024 * 1024, 0);
    let lock = json!({ "lockfileVersion": 3, "packages": {
        "": { "dependencies": { "openclaw": "2026.9.6" } },
        "node_modules/openclaw": { "version": "2026.9.6", "license": "MIT", "integrity": "sha512-AAECAw==" },
        "node_modules/zod": { "version": "9.9.9", "license": "WTFPL", "integrity": "sha512-/w==" },
        "node_modules/pruned": { "version": "1.0.0" },
    } });
    vec![
        ("etc/os-release", b"PRETTY_NAME=\"Debian GNU/Linux 12 (bookworm)\"\nVERSION_ID=\"12\"\nID=debian\n".to_vec()),
        ("var/lib/dpkg/status", STATUS.as_bytes().to_vec()),
        ("usr/local/bin/node", node),
        ("opt/openclaw/package-lock.json", lock.to_string().into_bytes()),
        ("opt/openclaw/node_modules/openclaw/package.json", package("openclaw", "2026.9.6", &["zod", "@s/ws", "absent"])),
        ("opt/openclaw/node_modules/openclaw/node_modules/@s/ws/package.json", package("@s/ws", "2.0.0-rc.1", &["zod"])),
        ("opt/openclaw/node_modules/zod/package.json", package("zod", "4.6.5", &[])),
        ("opt/openclaw/npm/projects/d/node_modules/zod/package.json", package("zod", "4.6.5", &[])),
    ]
}

fn bill_of(files: &[(&str, Vec<u8>)]) -> Result<Bill, BillError> {
    let files: Vec<(&str, &[u8])> = files.iter().map(|(path, bytes)| (*path, bytes.as_slice())).collect();
    let contents = Contents::read(tar_of(&files).as_slice()).expect("contents");
    Bill::of(&Digest::of("image"), "2026.9.6", &contents)
}

fn component<'b>(bill: &'b Bill, bom_ref: &str) -> &'b Component {
    bill.components.iter().find(|component| component.bom_ref == bom_ref).unwrap_or_else(|| panic!("{bom_ref} is in the bill"))
}

#[test]
fn the_bill_names_what_is_installed_and_not_what_was_pruned() {
    let bill = bill_of(&image()).expect("a bill");
    let names: Vec<&str> = bill.components.iter().map(|component| component.bom_ref.as_str()).collect();
    assert_eq!(
        names,
        [
            "debian-12",
            "pkg:deb/debian/libc6@2.36-9%2Bdeb12u13?arch=amd64&distro=debian-12",
            "pkg:deb/debian/libgcc-s1@12.2.0-14%2Bdeb12u1?arch=amd64&distro=debian-12",
            "pkg:deb/debian/mawk@1.3.4.20200120-3.1?arch=amd64&distro=debian-12",
            "pkg:generic/node@24.21.0",
            "pkg:npm/%40s/ws@2.0.0-rc.1",
            "pkg:npm/openclaw@2026.9.6",
            "pkg:npm/zod@4.6.5",
        ]
    );
    assert_eq!((bill.image().expect("a digest"), bill.openclaw()), (Digest::of("image"), Some("2026.9.6")));
}

#[test]
fn licence_and_hash_come_from_the_lock_when_it_speaks_of_this_version_and_else_from_the_package() {
    let bill = bill_of(&image()).expect("a bill");
    let openclaw = serde_json::to_value(component(&bill, "pkg:npm/openclaw@2026.9.6")).expect("serialises");
    assert_eq!(openclaw["licenses"], json!([{ "license": { "id": "MIT" } }]));
    assert_eq!(openclaw["hashes"], json!([{ "alg": "SHA-512", "content": "00010203" }]));
    let zod = component(&bill, "pkg:npm/zod@4.6.5");
    assert_eq!(serde_json::to_value(&zod.licenses).expect("serialises"), json!([{ "license": { "id": "ISC" } }]));
    assert!(zod.hashes.is_empty());
    let places: Vec<_> = zod.places().collect();
    assert_eq!(places, ["/opt/openclaw/node_modules/zod", "/opt/openclaw/npm/projects/d/node_modules/zod"], "one component, two places");
    let ws = component(&bill, "pkg:npm/%40s/ws@2.0.0-rc.1");
    assert_eq!((ws.group.as_deref(), ws.name.as_str(), ws.version.as_deref()), (Some("@s"), "ws", Some("2.0.0-rc.1")));
}

#[test]
fn each_depends_on_what_it_would_find() {
    let bill = bill_of(&image()).expect("a bill");
    let needs = |of: &str| bill.needs(of).unwrap_or_else(|| panic!("{of} is in the graph")).iter().map(String::as_str).collect::<Vec<_>>();
    assert_eq!(needs(Digest::of("image").as_str()), ["debian-12", "pkg:generic/node@24.21.0", "pkg:npm/openclaw@2026.9.6"]);
    assert_eq!(needs("pkg:npm/openclaw@2026.9.6"), ["pkg:npm/%40s/ws@2.0.0-rc.1", "pkg:npm/zod@4.6.5"]);
    assert_eq!(needs("pkg:npm/%40s/ws@2.0.0-rc.1"), ["pkg:npm/zod@4.6.5"]);
    assert_eq!(needs("pkg:npm/zod@4.6.5"), [""; 0]);
    let (libc, libgcc) =
        ("pkg:deb/debian/libc6@2.36-9%2Bdeb12u13?arch=amd64&distro=debian-12", "pkg:deb/debian/libgcc-s1@12.2.0-14%2Bdeb12u1?arch=amd64&distro=debian-12");
    let mawk = "pkg:deb/debian/mawk@1.3.4.20200120-3.1?arch=amd64&distro=debian-12";
    assert_eq!(needs(libc), [libgcc, mawk], "by name, and by what it provides");
    assert_eq!(needs(libgcc), [libc], "a field may go on in the next line");
    assert_eq!(needs("debian-12"), [libc, libgcc, mawk]);
}

#[test]
fn a_database_is_asked_about_source_packages_scoped_names_and_node() {
    let subjects = bill_of(&image()).expect("a bill").subjects();
    assert_eq!(subjects.strange, BTreeSet::new());
    let asked: Vec<_> = subjects.known.keys().map(|subject| format!("{} {} {}", subject.ecosystem, subject.name, subject.version)).collect();
    assert_eq!(
        asked,
        [
            "npm @s/ws 2.0.0-rc.1",
            "npm openclaw 2026.9.6",
            "npm zod 4.6.5",
            "Debian:12 gcc-12 12.2.0-14+deb12u1",
            "Debian:12 glibc 2.36-9+deb12u13",
            "Debian:12 mawk 1.3.4.20200120-3.1",
            "Bitnami node 24.21.0",
        ]
    );
}

#[test]
fn the_same_image_gives_the_same_bytes_whatever_order_its_files_come_in_and_they_can_be_read_back() {
    let bill = bill_of(&image()).expect("a bill");
    let mut backwards = image();
    backwards.reverse();
    assert_eq!(bill.to_json(), bill_of(&backwards).expect("a bill").to_json());
    assert_eq!(Bill::parse(&bill.to_json()).expect("parses"), bill);

    let document: Value = serde_json::from_str(&bill.to_json()).expect("JSON");
    assert_eq!((&document["bomFormat"], &document["specVersion"], &document["version"]), (&json!("CycloneDX"), &json!("1.6"), &json!(1)));
    let serial = document["serialNumber"].as_str().expect("a text");
    assert!(serial.strip_prefix("urn:uuid:").is_some_and(|id| id.parse::<uuid::Uuid>().is_ok()), "{serial}");
    assert!(document["metadata"].get("timestamp").is_none(), "nothing of the clock");
}

#[test]
fn an_image_that_lacks_what_every_agent_image_has_gets_no_bill() {
    for (without, said) in [
        ("opt/openclaw/node_modules/openclaw/package.json", "no npm package openclaw at version 2026.9.6"),
        ("usr/local/bin/node", "0 Node binaries"),
        ("var/lib/dpkg/status", "no list of Debian packages"),
        ("etc/os-release", "no list of Debian packages"),
    ] {
        let files: Vec<_> = image().into_iter().filter(|(path, _)| *path != without).collect();
        let error = bill_of(&files).expect_err(without).to_string();
        assert!(error.contains(said), "{error}");
    }
    let mut files = image();
    files.retain(|(path, _)| *path != "var/lib/dpkg/status");
    files.push(("var/lib/dpkg/status", b"Package: x\nStatus: install ok installed\nArchitecture: amd64\n".to_vec()));
    let error = bill_of(&files).expect_err("no version").to_string();
    assert!(error.contains("no field Version") && error.contains("Package: x"), "{error}");
}

#[test]
fn what_is_no_bill_of_ours_is_refused() {
    let good = bill_of(&image()).expect("a bill").to_json();
    for (text, said) in [
        ("{}".to_owned(), "not a CycloneDX document"),
        (good.replace("\"1.6\"", "\"1.5\""), "CycloneDX 1.5"),
        (good.replace(Digest::of("image").as_str(), "latest"), "no image's digest"),
        (" ".repeat(33 * 1024 * 1024), "more than"),
    ] {
        let error = Bill::parse(&text).expect_err(said).to_string();
        assert!(error.contains(said), "{error}");
    }
}
