//! Which server, and with which token: the file `vivier/config.toml` in the user's configuration directory.
//!
//! ```toml
//! default = "http://localhost:8080/"
//!
//! [servers."http://localhost:8080/"]
//! token = "viv_…"
//! token_id = "tok_…"
//! email = "ada@example.com"
//! ```
//!
//! A token is kept with the server that made it, so that `--url` never sends it to another one. The file holds credentials:
//! it is written 0600, by moving a finished file over the old one.

use std::collections::BTreeMap;
use std::io::Write as _;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};
use url::Url;
use vivier_core::id::TokenId;
use vivier_core::secret::Secret;

use crate::cli::Global;
use crate::failure::Failure;

const DEFAULT_URL: &str = "http://localhost:8080/";

#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Settings {
    /// The server of the last sign-in.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub default: Option<String>,
    #[serde(default)]
    /// By the server's address, as [`server_url`] writes it.
    pub servers: BTreeMap<String, Server>,
}

/// One server's sign-in.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Server {
    pub token: Secret,
    /// Absent for a token that was made elsewhere: `logout` then forgets it without revoking it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub token_id: Option<TokenId>,
    pub email: String,
}

impl Settings {
    /// `$XDG_CONFIG_HOME/vivier/config.toml`, else `~/.config/vivier/config.toml`.
    pub fn path() -> Result<PathBuf, Failure> {
        let absolute = |name| std::env::var_os(name).map(PathBuf::from).filter(|path| path.is_absolute());
        let base = absolute("XDG_CONFIG_HOME").or_else(|| absolute("HOME").map(|home| home.join(".config")));
        base.map(|base| base.join("vivier/config.toml")).ok_or_else(|| {
            Failure::usage("There is no home directory to keep the sign-in in.").next("Set HOME or XDG_CONFIG_HOME, or give VIVIER_URL and VIVIER_TOKEN.")
        })
    }

    /// The settings; empty ones when there is no file.
    pub fn load() -> Result<Self, Failure> {
        let path = Self::path()?;
        let text = match std::fs::read_to_string(&path) {
            Ok(text) => text,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(Self::default()),
            Err(error) => return Err(Failure::usage(format!("{} cannot be read.", path.display())).note(error)),
        };
        // The parser's message would quote the line, and with it a token.
        toml::from_str(&text).map_err(|error: toml::de::Error| {
            let line = error.span().map_or(1, |span| 1 + text[..span.start.min(text.len())].matches('\n').count());
            Failure::usage(format!("{} is not valid (line {line}).", path.display())).next("Mend it, or remove it and sign in again with `vivier login`.")
        })
    }

    pub fn save(&self) -> Result<PathBuf, Failure> {
        let path = Self::path()?;
        let text = toml::to_string(self).map_err(|error| Failure::failed("The sign-in could not be written.").note(error))?;
        write_private(&path, &text).map_err(|error| Failure::failed(format!("{} could not be written.", path.display())).note(error))?;
        Ok(path)
    }
}

/// Writes `text` for the owner's eyes only, whole or not at all.
fn write_private(path: &Path, text: &str) -> std::io::Result<()> {
    let folder = path.parent().unwrap_or(Path::new("."));
    make_private_folder(folder)?;
    // A temporary file of this crate is made 0600.
    let mut file = tempfile::Builder::new().prefix(".config-").tempfile_in(folder)?;
    file.write_all(text.as_bytes())?;
    file.as_file().sync_all()?;
    file.persist(path).map_err(|error| error.error)?;
    Ok(())
}

fn make_private_folder(folder: &Path) -> std::io::Result<()> {
    use std::os::unix::fs::DirBuilderExt as _;
    std::fs::DirBuilder::new().recursive(true).mode(0o700).create(folder)
}

/// Where a command goes, and as whom.
#[derive(Clone, Debug)]
pub struct Access {
    pub url: Url,
    pub token: Option<Secret>,
}

impl Access {
    /// The server: `--url` or VIVIER_URL, else the one of the last sign-in, else this machine's. The token: VIVIER_TOKEN, else
    /// the one that was kept for this very server.
    pub fn find(global: &Global) -> Result<Self, Failure> {
        let given = std::env::var("VIVIER_TOKEN").ok().map(|text| text.trim().to_owned()).filter(|text| !text.is_empty());
        // With both given, a broken or missing file is nobody's concern.
        let settings = if given.is_some() && global.url.is_some() { Settings::default() } else { Settings::load()? };
        let url = match (&global.url, settings.default) {
            (Some(text), _) => server_url(text)?,
            (None, Some(text)) => server_url(&text)?,
            (None, None) => server_url(DEFAULT_URL)?,
        };
        let kept = settings.servers.get(url.as_str()).map(|server| server.token.clone());
        Ok(Self { token: given.map(Secret::new).or(kept), url })
    }
}

/// A server's address, in the one form that it is kept under.
pub fn server_url(text: &str) -> Result<Url, Failure> {
    let wrong =
        |why: &str| Failure::usage(format!("The address {text:?} {why}.")).next("Give one such as https://vivier.example.com or http://localhost:8080.");
    let url = Url::parse(text).map_err(|_| wrong("is no URL"))?;
    if !matches!(url.scheme(), "http" | "https") || url.host_str().is_none() {
        return Err(wrong("is not an http:// or https:// address"));
    }
    if !url.username().is_empty() || url.password().is_some() {
        return Err(wrong("must not carry a user or a password"));
    }
    if url.path() != "/" || url.query().is_some() || url.fragment().is_some() {
        return Err(wrong("must end after the host and the port"));
    }
    Ok(url)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_have_one_form_and_carry_no_credentials() {
        assert_eq!(server_url("http://LOCALHOST:8080").expect("valid").as_str(), DEFAULT_URL);
        for text in ["localhost:8080", "ftp://a", "http://u:p@a", "http://a/v1", "http://a/?q", "a"] {
            assert!(server_url(text).is_err(), "{text}");
        }
    }
}
