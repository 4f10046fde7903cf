//! Where things lie on the host's disk. Paths are made here only, and only from typed ids, so that no text from outside can
//! become a path.

use std::io;
use std::os::unix::fs::{DirBuilderExt, PermissionsExt};
use std::path::{Path, PathBuf};

use anyhow::Context;
use vivier_core::agent;
use vivier_core::digest::Digest;
use vivier_core::id::{DeploymentId, InstallationId};

/// The data directory, and what lies in it.
#[derive(Clone, Debug)]
pub struct Layout {
    root: PathBuf,
}

impl Layout {
    /// Makes the directories that must be there. The data directory stays closed to other users of the host.
    ///
    /// # Errors
    /// When a directory cannot be made.
    pub fn open(data_dir: &Path) -> anyhow::Result<Self> {
        let make = |path: &Path| make_private(path).with_context(|| format!("cannot make {}; is the disk writable and the user root?", path.display()));
        make(data_dir)?;
        let root = data_dir.canonicalize().with_context(|| format!("cannot resolve {}", data_dir.display()))?;
        for name in ["volumes", "delivered", "images", "quarantine", "run"] {
            make(&root.join(name))?;
        }
        Ok(Self { root })
    }

    pub fn root(&self) -> &Path {
        &self.root
    }

    /// Reads the installation's id, or makes one up and keeps it.
    ///
    /// # Errors
    /// When the file holds something else, or cannot be read or written.
    pub fn installation(&self) -> anyhow::Result<InstallationId> {
        let path = self.root.join("installation");
        let made = InstallationId::from_uuid(made_up_uuid());
        // A link, so that the file appears whole: `serve` may be looking for it at this very moment.
        let fresh = self.root.join(format!(".installation.{}", std::process::id()));
        std::fs::write(&fresh, format!("{made}\n")).with_context(|| format!("cannot write {}", fresh.display()))?;
        let linked = std::fs::hard_link(&fresh, &path);
        std::fs::remove_file(&fresh).with_context(|| format!("cannot remove {}", fresh.display()))?;
        match linked {
            Ok(()) => return Ok(made),
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {}
            Err(error) => return Err(error).with_context(|| format!("cannot write {}", path.display())),
        }
        let text = std::fs::read_to_string(&path).with_context(|| format!("cannot read {}", path.display()))?;
        text.trim().parse().with_context(|| format!("{} must hold an id such as {made}", path.display()))
    }

    /// One deployment's storage: the volume itself and what is noted about it.
    pub fn volume(&self, id: DeploymentId) -> PathBuf {
        self.root.join("volumes").join(id.to_string())
    }

    /// What is mounted as the agent's state directory.
    pub fn state(&self, id: DeploymentId) -> PathBuf {
        self.volume(id).join("state")
    }

    /// The kept copies of the state.
    pub fn snapshots(&self, id: DeploymentId) -> PathBuf {
        self.volume(id).join("snapshots")
    }

    pub fn snapshot(&self, id: DeploymentId, number: u64) -> PathBuf {
        self.snapshots(id).join(number.to_string())
    }

    /// What is about to take the state's place; after that, for a moment, what was the state before.
    pub fn restoring(&self, id: DeploymentId) -> PathBuf {
        self.volume(id).join("restoring")
    }

    /// What a rehearsal works with.
    pub fn rehearsal(&self, id: DeploymentId) -> PathBuf {
        self.volume(id).join("rehearsal")
    }

    /// The secrets that a rehearsal is given: on the tmpfs, as the agent's.
    pub fn rehearsal_secrets(&self, id: DeploymentId) -> PathBuf {
        self.secrets_root().join(format!("{id}.rehearsal"))
    }

    /// What the state was last put back to.
    pub fn restored(&self, id: DeploymentId) -> PathBuf {
        self.volume(id).join("restored.json")
    }

    pub fn delivered(&self, id: DeploymentId) -> PathBuf {
        self.root.join("delivered").join(id.to_string())
    }

    /// What is mounted as the agent's configuration directory.
    pub fn config_dir(&self, id: DeploymentId) -> PathBuf {
        self.delivered(id).join("config")
    }

    pub fn config_file(&self, id: DeploymentId) -> PathBuf {
        self.config_dir(id).join(agent::CONFIG_FILE)
    }

    /// The configuration from before, while the gateway has not yet said that it takes the new one.
    pub fn previous_config(&self, id: DeploymentId) -> PathBuf {
        self.delivered(id).join("previous.json")
    }

    /// The tmpfs.
    pub fn secrets_root(&self) -> PathBuf {
        self.root.join("run").join("secrets")
    }

    /// What is mounted as the agent's secrets directory.
    pub fn secrets_dir(&self, id: DeploymentId) -> PathBuf {
        self.secrets_root().join(id.to_string())
    }

    /// The version of the secrets that are delivered: on the tmpfs, so that a reboot takes both.
    pub fn secrets_version(&self, id: DeploymentId) -> PathBuf {
        self.secrets_root().join(format!("{id}.version"))
    }

    /// The secrets from before and their version, while the gateway has not yet said that it takes the new ones. On the tmpfs too.
    pub fn previous_secrets(&self, id: DeploymentId) -> PathBuf {
        self.secrets_root().join(format!("{id}.previous"))
    }

    pub fn images(&self) -> PathBuf {
        self.root.join("images")
    }

    pub fn image(&self, image: &Digest) -> PathBuf {
        self.images().join(hex_of(image))
    }

    /// Says why a release must not be started any more. Beside the release, not in it: what is signed anew stays withdrawn.
    pub fn withdrawal(&self, image: &Digest) -> PathBuf {
        self.images().join(format!("{}.withdrawn.json", hex_of(image)))
    }

    /// The operator's key pair for releases, where no other place is set.
    pub fn release_key(&self) -> PathBuf {
        self.root.join("keys").join("release.key")
    }

    pub fn release_public_key(&self) -> PathBuf {
        self.root.join("keys").join("release.pub")
    }

    pub fn quarantine(&self) -> PathBuf {
        self.root.join("quarantine")
    }

    pub fn socket(&self) -> PathBuf {
        self.root.join("run").join("host.sock")
    }

    pub fn lock(&self) -> PathBuf {
        self.root.join("run").join("host.lock")
    }

    /// Every deployment that has data or a delivery here.
    ///
    /// # Errors
    /// When a directory cannot be read.
    pub fn deployments(&self) -> io::Result<std::collections::BTreeSet<DeploymentId>> {
        let mut found = std::collections::BTreeSet::new();
        for name in ["volumes", "delivered"] {
            for entry in std::fs::read_dir(self.root.join(name))? {
                found.extend(entry?.file_name().to_str().and_then(|name| name.parse::<DeploymentId>().ok()));
            }
        }
        Ok(found)
    }
}

/// The 64 digits of a digest.
pub fn hex_of(digest: &Digest) -> &str {
    digest.as_str().trim_start_matches("sha256:")
}

/// Makes a directory for root alone, with its parents. One that exists stays as it is.
pub(crate) fn make_private(path: &Path) -> io::Result<()> {
    std::fs::DirBuilder::new().recursive(true).mode(0o700).create(path)
}

/// Makes a directory that belongs to the agent's user alone. Repeating it mends owner and mode.
pub(crate) fn make_for_agent(path: &Path) -> io::Result<()> {
    match std::fs::DirBuilder::new().mode(0o700).create(path) {
        Ok(()) => {}
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {}
        Err(error) => return Err(error),
    }
    std::os::unix::fs::lchown(path, Some(agent::UID), Some(agent::UID))?;
    std::fs::set_permissions(path, std::fs::Permissions::from_mode(0o700))
}

/// Takes a file or a whole directory away. What is gone already is fine; links are removed, never followed.
pub(crate) fn remove(path: &Path) -> io::Result<()> {
    let removed = match std::fs::symlink_metadata(path) {
        Ok(found) if found.is_dir() => std::fs::remove_dir_all(path),
        Ok(_) => std::fs::remove_file(path),
        Err(error) => Err(error),
    };
    match removed {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
        other => other,
    }
}

fn made_up_uuid() -> uuid::Uuid {
    uuid::Uuid::now_v7()
}
