//! State volumes: one directory for each deployment, owned by the agent's user.
//!
//! A volume is reached only through this file, so that a disk quota (an image on a loop device, or a project quota where the
//! kernel has one) can take the directory's place later without anyone else noticing. Today no size is enforced, and
//! [`Quota::warning`] says so to the operator.

use std::io;
use std::path::Path;

use vivier_core::agent;
use vivier_core::id::DeploymentId;

use crate::layout::{self, Layout};
use crate::{fault, snapshots};

/// How the size of a volume is enforced.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Quota {
    /// Not at all.
    None,
}

impl Quota {
    /// What the operator should know.
    pub const fn warning(self) -> Option<&'static str> {
        match self {
            Self::None => Some("Disk space is not limited per agent on this host: one agent can fill the disk. Watch the free space."),
        }
    }
}

/// The volume of `id` is there.
pub fn exists(layout: &Layout, id: DeploymentId) -> io::Result<bool> {
    layout.state(id).try_exists()
}

/// Makes the volume of `id`. One that exists is left as it is, whatever is in it.
///
/// # Errors
/// When the directory cannot be made.
pub fn ensure(layout: &Layout, id: DeploymentId) -> io::Result<()> {
    layout::make_private(&layout.volume(id))?;
    fault::point("volume.directory");
    if !layout.state(id).try_exists()? {
        layout::make_for_agent(&layout.state(id))?;
        fault::point("volume.state");
    }
    Ok(())
}

/// Gives a state directory the link by which OpenClaw finds the image's plugins, and trusts them. What the agent itself has put there
/// stays.
///
/// # Errors
/// When the link cannot be made.
pub fn link_plugins(state: &Path) -> io::Result<()> {
    let link = state.join(agent::PLUGINS_LINK);
    match std::os::unix::fs::symlink(agent::PLUGINS_DIR, &link) {
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => return Ok(()),
        made => made?,
    }
    fault::point("volume.plugins");
    std::os::unix::fs::lchown(&link, Some(agent::UID), Some(agent::UID))
}

/// Takes the volume of `id` away, with everything in it.
///
/// # Errors
/// When it cannot be removed.
pub fn remove(layout: &Layout, id: DeploymentId) -> io::Result<()> {
    // The tenant's tree: as deep as it likes, so not by recursion.
    snapshots::remove_tree(&layout.volume(id))?;
    fault::point("volume.remove");
    Ok(())
}
