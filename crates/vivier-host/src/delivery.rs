//! What is handed to an agent: its configuration (a directory on disk) and its secrets (a directory on a tmpfs), both mounted
//! read-only. A new file is always moved over the old one inside the directory, so that the agent sees the one or the other,
//! whole.

use std::io::{self, Write};
use std::os::unix::fs::{MetadataExt, OpenOptionsExt, fchown};
use std::path::Path;

use nix::mount::{MsFlags, mount};
use serde_json::Value;
use vivier_core::agent;
use vivier_core::digest::Digest;
use vivier_core::id::DeploymentId;
use vivier_core::runtime::{RuntimeError, RuntimeErrorKind, SecretsDocument};
use zeroize::Zeroizing;

use crate::fault;
use crate::layout::{self, Layout};

/// The digest of the configuration that is delivered *and taken*: while a reload is under way it is the one from before, so that
/// a host that dies in the middle is asked to reload again.
pub fn config(layout: &Layout, id: DeploymentId) -> io::Result<Option<Digest>> {
    for path in [layout.previous_config(id), layout.config_file(id)] {
        match std::fs::read(&path) {
            // A file that is not JSON was not written by us: it counts as not delivered.
            Ok(bytes) => return Ok(serde_json::from_slice::<Value>(&bytes).ok().map(|value| Digest::of_json(&value))),
            Err(error) if error.kind() == io::ErrorKind::NotFound => {}
            Err(error) => return Err(error),
        }
    }
    Ok(None)
}

/// Delivers `value` to an agent that starts afresh: whatever a reload had begun is over.
///
/// # Errors
/// When the disk does not take it.
pub fn write_config(layout: &Layout, id: DeploymentId, value: &Value) -> io::Result<()> {
    if config(layout, id)?.as_ref() == Some(&Digest::of_json(value)) && !layout.previous_config(id).try_exists()? {
        return Ok(());
    }
    layout::make_private(&layout.delivered(id))?;
    layout::make_for_agent(&layout.config_dir(id))?;
    fault::point("config.directory");
    replace(&layout.config_file(id), value.to_string().as_bytes())?;
    fault::point("config.file");
    layout::remove(&layout.previous_config(id))
}

/// Delivers `value` to a running agent and keeps the old one at hand until [`settle`] or [`put_back`]. `false` when the file says
/// so already, because an earlier try was cut off.
///
/// # Errors
/// When the disk does not take it.
pub fn begin_reload(layout: &Layout, id: DeploymentId, value: &Value) -> io::Result<bool> {
    let old = std::fs::read(layout.config_file(id))?;
    if !layout.previous_config(id).try_exists()? {
        replace(&layout.previous_config(id), &old)?;
        fault::point("config.previous");
    }
    let fresh = value.to_string();
    if old == fresh.as_bytes() {
        return Ok(false);
    }
    replace(&layout.config_file(id), fresh.as_bytes())?;
    fault::point("config.reload");
    Ok(true)
}

/// The gateway has taken the new configuration.
///
/// # Errors
/// When the disk fails.
pub fn settle(layout: &Layout, id: DeploymentId) -> io::Result<()> {
    layout::remove(&layout.previous_config(id))?;
    fault::point("config.settle");
    Ok(())
}

/// The gateway has refused the new configuration: the old one is delivered again.
///
/// # Errors
/// When the disk fails.
pub fn put_back(layout: &Layout, id: DeploymentId) -> io::Result<()> {
    let old = std::fs::read(layout.previous_config(id))?;
    replace(&layout.config_file(id), &old)?;
    fault::point("config.put_back");
    settle(layout, id)
}

/// The version of the secrets that are delivered *and taken*: while a reload is under way it is the one from before.
pub fn secrets(layout: &Layout, id: DeploymentId) -> io::Result<Option<u64>> {
    if let Some((version, _)) = previous_secrets(layout, id)? {
        return Ok(version);
    }
    match std::fs::read_to_string(layout.secrets_version(id)) {
        Ok(text) => Ok(text.trim().parse().ok()),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(error),
    }
}

/// What a reload that is under way has put aside: the version, where it was known, and the document.
fn previous_secrets(layout: &Layout, id: DeploymentId) -> io::Result<Option<(Option<u64>, Zeroizing<String>)>> {
    match std::fs::read_to_string(layout.previous_secrets(id)) {
        Ok(text) => {
            let text = Zeroizing::new(text);
            let (version, document) = text.split_once('\n').unwrap_or_default();
            Ok(Some((version.parse().ok(), Zeroizing::new(document.to_owned()))))
        }
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(error),
    }
}

/// Delivers changed secrets to a running agent and keeps the old ones at hand until [`settle_secrets`] or [`put_back_secrets`].
///
/// # Errors
/// As [`write_secrets`].
pub fn begin_secrets_reload(layout: &Layout, id: DeploymentId, secrets: &SecretsDocument) -> Result<(), RuntimeError> {
    let deliver = || -> io::Result<()> {
        let file = layout.secrets_dir(id).join(agent::SECRETS_FILE);
        if previous_secrets(layout, id)?.is_none() {
            let before = Zeroizing::new(std::fs::read_to_string(&file)?);
            let version = self::secrets(layout, id)?.map(|version| version.to_string()).unwrap_or_default();
            replace(&layout.previous_secrets(id), Zeroizing::new(format!("{version}\n{}", *before)).as_bytes())?;
            fault::point("secrets.previous");
        }
        put_secrets(&layout.secrets_dir(id), secrets)?;
        fault::point("secrets.reload");
        Ok(())
    };
    deliver().map_err(|error| failed("the changed secrets cannot be delivered; the operator can look at the host's tmpfs", error))
}

/// The gateway has taken the changed secrets.
///
/// # Errors
/// When the tmpfs fails.
pub fn settle_secrets(layout: &Layout, id: DeploymentId, version: u64) -> io::Result<()> {
    replace(&layout.secrets_version(id), version.to_string().as_bytes())?;
    fault::point("secrets.taken");
    layout::remove(&layout.previous_secrets(id))?;
    fault::point("secrets.settle");
    Ok(())
}

/// The gateway has refused the changed secrets: the old ones are delivered again.
///
/// # Errors
/// When the tmpfs fails.
pub fn put_back_secrets(layout: &Layout, id: DeploymentId) -> io::Result<()> {
    if let Some((_, document)) = previous_secrets(layout, id)? {
        replace(&layout.secrets_dir(id).join(agent::SECRETS_FILE), document.as_bytes())?;
        fault::point("secrets.put_back");
    }
    layout::remove(&layout.previous_secrets(id))
}

/// Delivers the secrets. They are written to the tmpfs or not at all.
///
/// # Errors
/// `Refused` when there is no tmpfs to write to, `Failed` when it does not take them (when it is full, say).
pub fn write_secrets(layout: &Layout, id: DeploymentId, secrets: &SecretsDocument, tmpfs_bytes: u64) -> Result<(), RuntimeError> {
    mount_secrets(layout, tmpfs_bytes)?;
    let deliver = || -> io::Result<()> {
        let reloading = layout.previous_secrets(id).try_exists()?;
        if !reloading && self::secrets(layout, id)? == Some(secrets.version) && layout.secrets_dir(id).join(agent::SECRETS_FILE).try_exists()? {
            return Ok(());
        }
        // The version goes first and comes last: what is between counts as not delivered.
        layout::remove(&layout.secrets_version(id))?;
        put_secrets(&layout.secrets_dir(id), secrets)?;
        fault::point("secrets.file");
        // An agent that starts afresh: whatever a reload had begun is over.
        layout::remove(&layout.previous_secrets(id))?;
        replace(&layout.secrets_version(id), secrets.version.to_string().as_bytes())?;
        fault::point("secrets.version");
        Ok(())
    };
    deliver().map_err(|error| failed("the secrets cannot be delivered; the operator can look at the host's tmpfs", error))
}

/// Takes configuration and secrets away.
///
/// # Errors
/// When they cannot be removed.
pub fn remove(layout: &Layout, id: DeploymentId) -> io::Result<()> {
    for path in [layout.rehearsal_secrets(id), layout.previous_secrets(id), layout.secrets_version(id), layout.secrets_dir(id), layout.delivered(id)] {
        layout::remove(&path)?;
        fault::point("delivery.remove");
    }
    Ok(())
}

/// Mounts the tmpfs for secrets unless it is there.
///
/// # Errors
/// `Refused` with the reason when it cannot be mounted. There is no fallback to disk.
pub fn mount_secrets(layout: &Layout, bytes: u64) -> Result<(), RuntimeError> {
    let root = layout.secrets_root();
    layout::make_private(&root).map_err(|error| failed("the secrets directory cannot be made; is the host's data directory writable?", error))?;
    if is_tmpfs(&root).map_err(|error| failed("the secrets directory cannot be looked at", error))? {
        return Ok(());
    }
    let flags = MsFlags::MS_NOSUID | MsFlags::MS_NODEV | MsFlags::MS_NOEXEC;
    // `noswap` keeps secrets out of a swap file (Linux 6.4 and later); older kernels refuse the word.
    let mounted = ["noswap,", ""].into_iter().map(|swap| {
        let options = format!("{swap}mode=0700,size={bytes}");
        mount(Some("vivier-secrets"), &root, Some("tmpfs"), flags, Some(options.as_str()))
    });
    let mut refusal = nix::errno::Errno::EINVAL;
    for each in mounted {
        match each {
            Ok(()) => {
                fault::point("secrets.mount");
                return Ok(());
            }
            Err(error) => refusal = error,
        }
    }
    let message = "this host cannot keep secrets in memory, so it delivers none; `vivierd host` must run as root to mount a tmpfs";
    Err(RuntimeError::new(RuntimeErrorKind::Refused, message).with_detail(format!("mount tmpfs on {}: {refusal}", root.display())))
}

/// `path` is the root of a tmpfs of its own.
pub fn is_tmpfs(path: &Path) -> io::Result<bool> {
    let parent = path.parent().ok_or_else(|| io::Error::from(io::ErrorKind::InvalidInput))?;
    let own = std::fs::metadata(path)?.dev() != std::fs::metadata(parent)?.dev();
    Ok(own && nix::sys::statfs::statfs(path)?.filesystem_type() == nix::sys::statfs::TMPFS_MAGIC)
}

/// Delivers configuration and secrets to a rehearsal, beside the agent's own, which stay as they are. The answer is the two
/// directories.
///
/// # Errors
/// As [`write_config`] and [`write_secrets`].
pub fn write_rehearsal(
    layout: &Layout,
    id: DeploymentId,
    config: &Value,
    secrets: &SecretsDocument,
    tmpfs_bytes: u64,
) -> Result<(std::path::PathBuf, std::path::PathBuf), RuntimeError> {
    mount_secrets(layout, tmpfs_bytes)?;
    let (config_dir, secrets_dir) = (layout.rehearsal(id).join("config"), layout.rehearsal_secrets(id));
    let deliver = || -> io::Result<()> {
        layout::make_private(&layout.rehearsal(id))?;
        layout::make_for_agent(&config_dir)?;
        replace(&config_dir.join(agent::CONFIG_FILE), config.to_string().as_bytes())?;
        put_secrets(&secrets_dir, secrets)
    };
    deliver().map_err(|error| failed("what the rehearsal needs cannot be delivered; the operator can look at the host's disk", error))?;
    Ok((config_dir, secrets_dir))
}

fn put_secrets(directory: &Path, secrets: &SecretsDocument) -> io::Result<()> {
    layout::make_for_agent(directory)?;
    fault::point("secrets.directory");
    let text = Zeroizing::new(secrets.document().to_string());
    replace(&directory.join(agent::SECRETS_FILE), text.as_bytes())
}

/// Moves a new file of mode 0600 of the agent's user over `path`.
fn replace(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let name = path.file_name().and_then(std::ffi::OsStr::to_str).ok_or_else(|| io::Error::from(io::ErrorKind::InvalidInput))?;
    // Always the same name, so that a try that was cut off leaves nothing behind that the next would not overwrite.
    let fresh = path.with_file_name(format!(".{name}.new"));
    layout::remove(&fresh)?;
    let mut file = std::fs::OpenOptions::new().write(true).create_new(true).mode(0o600).open(&fresh)?;
    file.write_all(bytes)?;
    fchown(&file, Some(agent::UID), Some(agent::UID))?;
    file.sync_all()?;
    std::fs::rename(&fresh, path)
}

fn failed(message: &str, error: impl std::fmt::Display) -> RuntimeError {
    RuntimeError::new(RuntimeErrorKind::Failed, message).with_detail(error)
}
