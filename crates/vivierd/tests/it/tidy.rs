//! Rules of the tree that no compiler checks. A second correction of the same kind becomes a test here.

use std::path::{Path, PathBuf};

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..").canonicalize().expect("the root of the checkout")
}

fn sources(folder: &Path, ending: &str, into: &mut Vec<PathBuf>) {
    for entry in std::fs::read_dir(folder).expect("a folder").map(|entry| entry.expect("an entry").path()) {
        if entry.is_dir() {
            if !["target", "node_modules", "dist", "snapshots"].contains(&entry.file_name().and_then(|name| name.to_str()).unwrap_or_default()) {
                sources(&entry, ending, into);
            }
        } else if entry.extension().is_some_and(|extension| extension == ending) {
            into.push(entry);
        }
    }
}

fn rust() -> Vec<(PathBuf, String)> {
    let mut files = Vec::new();
    sources(&root().join("crates"), "rs", &mut files);
    files.into_iter().map(|path| (path.clone(), std::fs::read_to_string(&path).expect("a text"))).collect()
}

#[test]
fn nothing_is_left_undone_or_switched_off() {
    // Written in pieces, or this file would find itself.
    let words =
        [concat!("to", "do!("), concat!("unimple", "mented!("), concat!("db", "g!("), concat!("#[ig", "nore"), concat!("FIX", "ME"), concat!("XX", "X ")];
    let found: Vec<String> =
        rust().iter().flat_map(|(path, text)| words.iter().filter(|word| text.contains(**word)).map(|word| format!("{}: {word}", path.display()))).collect();
    assert!(found.is_empty(), "{found:#?}");
}

#[test]
fn the_rooms_know_only_what_they_may() {
    let may = [
        ("vivier-core", [].as_slice()),
        ("vivier-host", ["vivier-core"].as_slice()),
        ("vivier-edge", ["vivier-core"].as_slice()),
        ("vivier-server", ["vivier-core"].as_slice()),
        ("vivier", ["vivier-core"].as_slice()),
        ("vivierd", ["vivier-core", "vivier-host", "vivier-edge", "vivier-server"].as_slice()),
    ];
    for (room, allowed) in may {
        let manifest = std::fs::read_to_string(root().join("crates").join(room).join("Cargo.toml")).expect("a manifest");
        let manifest: toml::Table = manifest.parse().expect("TOML");
        let dependencies = manifest["dependencies"].as_table().expect("dependencies");
        for name in dependencies.keys().filter(|name| name.starts_with("vivier")) {
            assert!(allowed.contains(&name.as_str()), "{room} must not know {name}");
        }
        let only = [
            ("bollard", "vivier-host"),
            ("sqlx", "vivier-server"),
            ("axum", "vivier-host vivier-server"),
            ("tokio", "vivier-host vivier-edge vivier-server vivierd vivier"),
        ];
        for (library, rooms) in only {
            assert!(!dependencies.contains_key(library) || rooms.split(' ').any(|allowed| allowed == room), "{room} must not use {library}");
        }
    }
}

#[test]
fn a_file_is_one_noun() {
    let long: Vec<String> = rust()
        .iter()
        .map(|(path, text)| (path, text.lines().count()))
        .filter(|(_, lines)| *lines > 900)
        .map(|(path, lines)| format!("{}: {lines} lines; is it two nouns?", path.display()))
        .collect();
    assert!(long.is_empty(), "{long:#?}");
}

#[test]
fn every_room_says_what_it_is_for() {
    for (path, text) in rust() {
        let is_room = ["lib.rs", "mod.rs", "main.rs"].contains(&path.file_name().and_then(|name| name.to_str()).unwrap_or_default());
        assert!(!is_room || text.starts_with("//!"), "{} has no words about what it is for", path.display());
    }
}

#[test]
fn every_setting_and_target_that_the_readme_names_exists() {
    let readme = std::fs::read_to_string(root().join("README.md")).expect("a README");
    let makefile = std::fs::read_to_string(root().join("Makefile")).expect("a Makefile");
    let targets: Vec<&str> = readme.match_indices("`make ").filter_map(|(at, _)| readme[at + 6..].split(['`', ' ', '\n']).next()).collect();
    assert!(targets.contains(&"up") && targets.contains(&"test"), "README begins with the two commands");
    for target in targets {
        assert!(makefile.contains(&format!("\n{target}:")), "README names `make {target}`, which the Makefile lacks");
    }
}

#[test]
fn there_is_one_crypto_stack() {
    // The lock file also lists what optional features would bring; only what is built counts.
    let tree = std::process::Command::new(env!("CARGO"))
        .args(["tree", "--workspace", "--edges", "normal,build", "--prefix", "none", "--format", "{p}", "--offline"])
        .current_dir(root())
        .output()
        .expect("cargo runs");
    assert!(tree.status.success(), "{}", String::from_utf8_lossy(&tree.stderr));
    let tree = String::from_utf8_lossy(&tree.stdout);
    for name in ["ring", "openssl", "openssl-sys", "native-tls"] {
        assert!(!tree.lines().any(|line| line.split(' ').next() == Some(name)), "{name} has come in; `cargo tree -i {name}` says through whom");
    }
    assert!(tree.contains("aws-lc-rs"), "the tree was read");
}
