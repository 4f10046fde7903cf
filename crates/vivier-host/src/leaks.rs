//! Whether OpenClaw has written a delivered secret in clear: into its configuration, or into the copies that it keeps of one.
//!
//! It is given references and is not meant to write what they lead to. The state belongs to the tenant, so nothing there is trusted:
//! links are not followed, only plain files are read, and how much is bounded.

use std::io::{self, Read};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

use vivier_core::runtime::SecretsDocument;
use zeroize::Zeroizing;

/// Shorter texts are found by chance.
const SHORTEST: usize = 8;
/// Files that are read, and bytes of each.
const MOST_FILES: usize = 64;
const MOST_BYTES: u64 = 4 << 20;
/// Entries of a directory that are looked at.
const MOST_ENTRIES: usize = 4_096;
/// Agents whose own copies are looked at.
const MOST_AGENTS: usize = 16;

/// The files in which a secret stands in clear, by the name that they have for a person; at most ten. Never the secret.
///
/// # Errors
/// When the configuration cannot be read. What cannot be read of the state is not OpenClaw's doing and counts as nothing.
pub fn find(config_dir: &Path, state: &Path, secrets: &SecretsDocument) -> io::Result<Vec<String>> {
    let needles: Vec<Zeroizing<Vec<u8>>> =
        secrets.values.values().map(|secret| secret.expose()).filter(|text| text.len() >= SHORTEST).flat_map(spellings).collect();
    if needles.is_empty() {
        return Ok(Vec::new());
    }
    let mut files: Vec<(String, PathBuf)> = Vec::new();
    for entry in std::fs::read_dir(config_dir)?.take(MOST_ENTRIES) {
        let entry = entry?;
        files.push((format!("config/{}", entry.file_name().to_string_lossy()), entry.path()));
    }
    for (name, path) in names_in(state).into_iter().filter(|(name, _)| is_copy(name)) {
        files.push((format!("state/{name}"), path));
    }
    for (agent, path) in names_in(&state.join("agents")).into_iter().take(MOST_AGENTS) {
        // What OpenClaw makes of the configuration for each agent.
        for name in ["models.json", "auth-profiles.json"] {
            files.push((format!("state/agents/{agent}/agent/{name}"), path.join("agent").join(name)));
        }
    }
    files.truncate(MOST_FILES);
    let holds =
        |path: &Path| read(path).is_some_and(|bytes| needles.iter().any(|needle| bytes.windows(needle.len()).any(|window| window == needle.as_slice())));
    Ok(files.into_iter().filter(|(_, path)| holds(path)).map(|(name, _)| shown(&name)).take(10).collect())
}

/// As it is, and as it stands in JSON when that differs.
fn spellings(text: &str) -> Vec<Zeroizing<Vec<u8>>> {
    let json = serde_json::Value::from(text).to_string();
    let inner = json.trim_start_matches('"').strip_suffix('"').unwrap_or_default().to_owned();
    let mut all = vec![Zeroizing::new(text.as_bytes().to_vec())];
    if inner != text {
        all.push(Zeroizing::new(inner.into_bytes()));
    }
    all
}

/// `openclaw.json` and whatever is kept beside it under its name: `.bak`, `.last-good`, `.pre-…`.
fn is_copy(name: &str) -> bool {
    name.starts_with("openclaw.json") || name.ends_with(".bak") || name.ends_with(".last-good")
}

fn names_in(directory: &Path) -> Vec<(String, PathBuf)> {
    // Only a directory, and not through a link.
    if !std::fs::symlink_metadata(directory).is_ok_and(|found| found.is_dir()) {
        return Vec::new();
    }
    let entries = std::fs::read_dir(directory).into_iter().flatten().take(MOST_ENTRIES).flatten();
    let mut names: Vec<(String, PathBuf)> = entries.map(|entry| (entry.file_name().to_string_lossy().into_owned(), entry.path())).collect();
    names.sort();
    names
}

/// The beginning of a plain file. `None` for anything else.
fn read(path: &Path) -> Option<Zeroizing<Vec<u8>>> {
    let no_wait = nix::libc::O_NOFOLLOW | nix::libc::O_NONBLOCK;
    let file = std::fs::OpenOptions::new().read(true).custom_flags(no_wait).open(path).ok()?;
    if !file.metadata().ok()?.is_file() {
        return None;
    }
    let mut bytes = Zeroizing::new(Vec::new());
    file.take(MOST_BYTES).read_to_end(&mut bytes).ok()?;
    Some(bytes)
}

/// A name from inside the container, on one line.
fn shown(name: &str) -> String {
    crate::gateway::plain(name, 120)
}

#[cfg(test)]
mod tests {
    use super::*;
    use vivier_core::secret::Secret;

    fn secrets(texts: &[&str]) -> SecretsDocument {
        let values = texts.iter().enumerate().map(|(place, text)| (format!("custom.S{place}"), Secret::new(*text))).collect();
        SecretsDocument { version: 1, versions: Default::default(), values }
    }

    #[test]
    fn a_secret_in_clear_is_found_by_the_files_name_in_the_configuration_and_in_every_copy() {
        let dir = tempfile::tempdir().expect("a directory");
        let (config, state) = (dir.path().join("config"), dir.path().join("state"));
        std::fs::create_dir_all(&config).expect("made");
        std::fs::create_dir_all(state.join("agents/main/agent")).expect("made");
        let secrets = secrets(&["s3cret-token", "quo\"ted\\secret", "short"]);
        std::fs::write(config.join("openclaw.json"), r#"{"a":{"source":"file","id":"/custom/S0"},"b":"short"}"#).expect("written");
        std::fs::write(state.join("notes.txt"), "s3cret-token: the tenant's own business").expect("written");
        assert_eq!(find(&config, &state, &secrets).expect("a look"), Vec::<String>::new());
        std::fs::write(config.join("openclaw.json"), r#"{"a":"s3cret-token"}"#).expect("written");
        std::fs::write(state.join("openclaw.json.bak.2"), r#"{"a":"quo\"ted\\secret"}"#).expect("written");
        std::fs::write(state.join("x.last-good"), "s3cret-token").expect("written");
        std::fs::write(state.join("agents/main/agent/models.json"), "s3cret-token").expect("written");
        let found = find(&config, &state, &secrets).expect("a look");
        assert_eq!(found, ["config/openclaw.json", "state/openclaw.json.bak.2", "state/x.last-good", "state/agents/main/agent/models.json"]);
    }

    #[test]
    fn a_hostile_state_is_neither_followed_nor_waited_for() {
        let dir = tempfile::tempdir().expect("a directory");
        let (config, state) = (dir.path().join("config"), dir.path().join("state"));
        std::fs::create_dir_all(&config).expect("made");
        std::fs::create_dir_all(&state).expect("made");
        std::fs::write(dir.path().join("outside"), "s3cret-token").expect("written");
        std::os::unix::fs::symlink(dir.path().join("outside"), state.join("openclaw.json")).expect("a link");
        nix::unistd::mkfifo(&state.join("openclaw.json.bak"), nix::sys::stat::Mode::S_IRWXU).expect("a pipe");
        std::os::unix::fs::symlink("/", state.join("agents")).expect("a link");
        for number in 0..200 {
            std::fs::write(state.join(format!("a{number:03}.bak")), "x").expect("written");
        }
        assert_eq!(find(&config, &state, &secrets(&["s3cret-token"])).expect("a look"), Vec::<String>::new());
    }
}
