//! The documents say what is so: links lead somewhere, tests that are cited exist, commands and settings are real.

use std::path::{Path, PathBuf};

use crate::world::World;

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..").canonicalize().expect("the root of the checkout")
}

fn files(folder: &Path, endings: &[&str], into: &mut Vec<PathBuf>) {
    for entry in std::fs::read_dir(folder).expect("a folder").map(|entry| entry.expect("an entry").path()) {
        let name = entry.file_name().and_then(|name| name.to_str()).unwrap_or_default().to_owned();
        if entry.is_dir() {
            if !["target", "node_modules", "dist", "snapshots", ".git"].contains(&name.as_str()) {
                files(&entry, endings, into);
            }
        } else if endings.iter().any(|ending| name.ends_with(ending)) {
            into.push(entry);
        }
    }
}

/// Path and text of every document.
fn documents() -> Vec<(PathBuf, String)> {
    let mut paths: Vec<PathBuf> = ["README.md", "ARCHITECTURE.md", "CONTRIBUTING.md"].map(|name| root().join(name)).into();
    files(&root().join("docs"), &[".md"], &mut paths);
    paths.into_iter().map(|path| (path.clone(), std::fs::read_to_string(&path).expect("a text"))).collect()
}

/// What stands between single backticks, outside of fenced blocks; and the lines of the fenced blocks.
fn code(text: &str) -> (Vec<String>, Vec<String>) {
    let (mut inline, mut fenced, mut inside) = (Vec::new(), Vec::new(), false);
    let mut prose = String::new();
    for line in text.lines() {
        if line.trim_start().starts_with("```") {
            inside = !inside;
        } else if inside {
            fenced.push(line.trim().to_owned());
        } else {
            prose.push_str(line);
            prose.push(' ');
        }
    }
    inline.extend(prose.split('`').skip(1).step_by(2).map(str::to_owned));
    (inline, fenced)
}

/// The words of a command, as a shell takes them, until a comment, a pipe (`bash|zsh|fish` stands for one of them) or a file.
fn words(line: &str) -> Vec<String> {
    let mut words = Vec::new();
    let mut word: Option<String> = None;
    let mut quote = None;
    for letter in line.chars() {
        match (quote, letter) {
            (Some(end), _) if letter == end => quote = None,
            (Some(_), _) => word.get_or_insert_default().push(letter),
            (None, '"' | '\'') => {
                quote = Some(letter);
                word.get_or_insert_default();
            }
            (None, '#' | '|' | ';' | '\\' | '>') => break,
            (None, _) if letter.is_whitespace() => words.extend(word.take()),
            (None, _) => word.get_or_insert_default().push(letter),
        }
    }
    words.extend(word);
    words
}

#[test]
fn every_link_leads_to_a_file() {
    let mut broken = Vec::new();
    for (path, text) in documents() {
        for target in text.split("](").skip(1).filter_map(|rest| rest.split(')').next()) {
            let file = target.split('#').next().unwrap_or_default();
            if !file.is_empty() && !file.contains("://") && !path.parent().expect("a folder").join(file).exists() {
                broken.push(format!("{}: {target}", path.display()));
            }
        }
    }
    assert!(broken.is_empty(), "{broken:#?}");
}

#[test]
fn every_test_that_is_cited_exists() {
    let mut sources = Vec::new();
    files(&root().join("crates"), &[".rs"], &mut sources);
    let code_of_all: String = sources.iter().map(|path| std::fs::read_to_string(path).expect("a text")).collect();
    let (_, security) = documents().into_iter().find(|(path, _)| path.ends_with("docs/security.md")).expect("it is there");
    let cited: Vec<String> = code(&security)
        .0
        .into_iter()
        .filter(|word| word.matches('_').count() >= 3 && word.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'_'))
        .collect();
    assert!(cited.len() > 10, "the table cites tests: {cited:?}");
    let missing: Vec<&String> = cited.iter().filter(|name| !code_of_all.contains(&format!("fn {name}("))).collect();
    assert!(missing.is_empty(), "{missing:#?}");
}

#[test]
fn every_setting_that_is_named_exists() {
    let example = std::fs::read_to_string(root().join("vivier.example.toml")).expect("the example");
    let mut known = Vec::new();
    let mut section = String::new();
    for line in example.lines() {
        if let Some(name) = line.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')) {
            section = name.to_owned();
        } else if let Some(key) = line.split_once(" = ").and_then(|(before, _)| before.split_whitespace().last()) {
            known.push(format!("{section}.{key}"));
        }
    }
    let mut missing = Vec::new();
    for (path, text) in documents() {
        for word in code(&text).0 {
            let setting = ["server.", "edge.", "host.", "log."].iter().any(|section| word.starts_with(section))
                && word.bytes().all(|byte| byte.is_ascii_lowercase() || byte == b'_' || byte == b'.')
                && ![".rs", ".sock", ".md", ".toml"].iter().any(|ending| word.ends_with(ending));
            if setting && !known.contains(&word) && !known.iter().any(|name| name.starts_with(&format!("{word}."))) {
                missing.push(format!("{}: {word}", path.display()));
            }
        }
    }
    assert!(known.len() > 30 && missing.is_empty(), "{missing:#?}");
}

#[tokio::test]
async fn every_command_that_is_shown_can_be_typed() {
    let world = World::signed_out().await;
    let (mut tried, mut wrong) = (0, Vec::new());
    for (path, text) in documents() {
        let (inline, fenced) = code(&text);
        for line in inline.iter().chain(&fenced) {
            let Some(arguments) = line.strip_prefix("vivier ").filter(|rest| !rest.contains('→')) else { continue };
            let arguments = words(&arguments.replace(['[', ']'], ""));
            // An ellipsis stands for more of the same.
            let arguments: Vec<&str> = arguments.iter().map(String::as_str).filter(|word| !word.contains('…')).chain(["--help"]).collect();
            let ran = world.run(&arguments);
            if ran.code != 0 {
                wrong.push(format!("{}: {line}: {}", path.display(), ran.err.lines().next().unwrap_or_default()));
            }
            tried += 1;
        }
    }
    assert!(tried > 20 && wrong.is_empty(), "{tried}: {wrong:#?}");
}
