use vivier_core::digest::Digest;

use super::*;

/// A tar stream of files, each a path and what it holds.
pub(crate) fn tar_of(files: &[(&str, &[u8])]) -> Vec<u8> {
    let mut archive = tar::Builder::new(Vec::new());
    for (path, bytes) in files {
        let mut header = tar::Header::new_gnu();
        header.set_size(bytes.len() as u64);
        header.set_mode(0o644);
        archive.append_data(&mut header, path, *bytes).expect("a file");
    }
    archive.into_inner().expect("an archive")
}

fn read(files: &[(&str, &[u8])]) -> Result<Contents, ContentsError> {
    Contents::read(tar_of(files).as_slice())
}

#[test]
fn packages_are_the_folders_right_below_node_modules_and_nothing_else() {
    let package = |name: &str| format!(r#"{{"name":"{name}","version":"1.0.0"}}"#).into_bytes();
    let (one, scoped, nested) = (package("one"), package("@s/two"), package("three"));
    let found = read(&[
        ("./app/node_modules/one/package.json", &one),
        ("app/node_modules/@s/two/package.json", &scoped),
        ("app/node_modules/one/node_modules/three/package.json", &nested),
        ("app/node_modules/one/dist/package.json", b"not JSON"),
        ("app/node_modules/@s/package.json", b"not JSON"),
        ("app/package.json", b"not JSON"),
        ("app/node_modules/odd/package.json", br#"{"name":"odd"}"#),
        ("app/node_modules/broken/package.json", b"{"),
    ])
    .expect("contents");
    let names: Vec<_> = found.packages.iter().map(|(folder, manifest)| (folder.as_str(), manifest.name.as_str())).collect();
    assert_eq!(names, [("app/node_modules/@s/two", "@s/two"), ("app/node_modules/one", "one"), ("app/node_modules/one/node_modules/three", "three")]);
    assert_eq!(found.nameless.iter().map(String::as_str).collect::<Vec<_>>(), ["app/node_modules/broken", "app/node_modules/odd"]);
}

#[test]
fn licences_are_read_in_every_form_that_npm_has_had() {
    for (said, licence) in [
        (r#""license":"MIT""#, Some("MIT")),
        (r#""license":{"type":"ISC","url":"x"}"#, Some("ISC")),
        (r#""licenses":[{"type":"MIT"},"Zlib"]"#, Some("MIT OR Zlib")),
        (r#""license":7"#, None),
    ] {
        let document = serde_json::from_str(&format!(r#"{{"name":"x","version":"1.0.0",{said}}}"#)).expect("JSON");
        assert_eq!(manifest(&document).expect("a manifest").licence.as_deref(), licence, "{said}");
    }
}

#[test]
fn node_tells_its_version_even_across_two_blocks() {
    let mut program = vec![b'.'; 1024 * 1024 - 12];
    program.extend_from_slice(b"https://x/v24.21.0/node-v24.21.0.tar.gz https://x/node-v24.21.0-headers.tar.gz\0/node-vX");
    let found = binary("usr/local/bin/node".to_owned(), &mut program.as_slice()).expect("a version");
    assert_eq!(found.version, "24.21.0");
    assert_eq!(found.sha256, Digest::of(&program).as_str().trim_start_matches("sha256:"));

    let mute = binary("bin/node".to_owned(), &mut [0_u8; 64].as_slice()).expect_err("no version").to_string();
    assert!(mute.contains("/bin/node") && mute.contains("which version"), "{mute}");
    let two = binary("bin/node".to_owned(), &mut b"/node-v1.2.3. /node-v4.5.6.tar".as_slice()).expect_err("two versions").to_string();
    assert!(two.contains("1.2.3 and 4.5.6"), "{two}");
}

#[test]
fn a_file_that_should_tell_and_does_not_is_an_error_with_its_name() {
    let lock = read(&[("app/package-lock.json", b"{")]).expect_err("a broken lock").to_string();
    assert!(lock.contains("/app/package-lock.json") && lock.contains("lock file"), "{lock}");
    let release = read(&[("etc/os-release", &[0xff])]).expect_err("not UTF-8").to_string();
    assert!(release.contains("/etc/os-release"), "{release}");
    let large = read(&[("usr/lib/os-release", &vec![b'x'; 70_000])]).expect_err("too large").to_string();
    assert!(large.contains("/usr/lib/os-release") && large.contains("65536"), "{large}");

    let mut archive = tar::Builder::new(Vec::new());
    let mut header = tar::Header::new_gnu();
    header.set_entry_type(tar::EntryType::Link);
    header.set_size(0);
    archive.append_link(&mut header, "app/node_modules/x/package.json", "elsewhere").expect("a link");
    let link = Contents::read(archive.into_inner().expect("an archive").as_slice()).expect_err("a hard link").to_string();
    assert!(link.contains("no regular file"), "{link}");

    let cut = &tar_of(&[("var/lib/dpkg/status", &[b'x'; 4_000])])[..2_000];
    assert!(matches!(Contents::read(cut), Err(ContentsError::Read(_))), "a stream that breaks off");
}
