//! Snapshots of one deployment's state: kept copies, and the way back to one.
//!
//! They lie beside the state, where no agent reaches: `snapshots/<number>/data` is the copy, and `snapshots/<number>/snapshot.json`,
//! written last, says that it is whole. Where the file system can share blocks (XFS, Btrfs), each file is shared until one side
//! is written; elsewhere only what has changed is copied, and the rest is a link to the copy in the snapshot before. Never to the
//! state itself: a link to a file that will be written would let the snapshot change with it.
//!
//! The functions block, and know nothing of containers: that nothing writes to the state meanwhile, and that one deployment is
//! worked on by one caller at a time, is the caller's part. Extended attributes are not kept, nor are sockets, pipes and devices;
//! a file with several names becomes several files.

mod copy;
mod manifest;
#[cfg(test)]
mod tests;
mod walk;

use std::collections::BTreeSet;
use std::fs::File;
use std::io::{self, Write};
use std::os::unix::fs::{MetadataExt, OpenOptionsExt};
use std::path::{Path, PathBuf};
use std::time::Instant;

use rustix::fs::{CWD, FlockOperation, RenameFlags, flock, fstat, renameat_with, statvfs, syncfs};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use vivier_core::id::DeploymentId;
pub use vivier_core::runtime::{CopyMethod, Snapshot};
use vivier_core::time::Timestamp;

use self::copy::{Earlier, Weight};
use self::manifest::Manifest;
use self::walk::Life;
use crate::fault;
use crate::layout::{self, Layout};

const MIB: u64 = 1024 * 1024;
/// What a snapshot must leave free for everybody else on the disk: this, or this share of the disk if that is more.
const RESERVE_BYTES: u64 = 256 * MIB;
const RESERVE_SHARE: u64 = 50;
/// Inodes that must stay free, on file systems that count them.
const RESERVE_INODES: u64 = 10_000;

const RECORD: &str = "snapshot.json";
const MANIFEST: &str = "manifest";
const DATA: &str = "data";
const DRAFT: &str = "draft";
/// Begins the name of what was the state before a restoration, and has not been removed yet.
const FORMER: &str = "former-";
const REHEARSAL: &str = "a copy of this agent's data to try the change on";

/// What a snapshot taken now would need, and what there is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Room {
    /// Bytes that would be added to the disk.
    pub needed: u64,
    /// Bytes that are free.
    pub free: u64,
    /// There would be enough left over for the others.
    pub fits: bool,
}

/// Keeps a copy of the state of `id` as snapshot `number`. One that is complete is left as it is and returned; a half-made one is
/// made anew. Nothing may write to the state meanwhile.
///
/// # Errors
/// `StorageFull` before anything is copied, when the disk would be left with less than the reserve; with the figures. `NotFound`
/// when there is no state. Else when the disk fails.
pub fn take(layout: &Layout, id: DeploymentId, number: u64, now: Timestamp) -> io::Result<Snapshot> {
    let target = layout.snapshot(id, number);
    if let Some(kept) = read::<Snapshot>(&target.join(RECORD))? {
        return Ok(kept);
    }
    let started = Instant::now();
    tidy(layout, id)?;
    let method = copy::method(&layout.volume(id))?;
    let before = Before::of(layout, id, method)?;
    let weight = copy::weigh(&layout.state(id), Life::Still, method, before.as_ref().map(Before::open).transpose()?)?;
    let disk = Disk::of(&layout.volume(id))?;
    disk.take(weight, disk.reserve(), "a snapshot of this agent's data")?;

    let made = make(&layout.state(id), &target, method, before.as_ref()).and_then(|bytes| {
        let took_ms = u64::try_from(started.elapsed().as_millis()).unwrap_or(u64::MAX);
        let snapshot = Snapshot { number, taken_at: now, bytes, took_ms, method };
        write(&target.join(RECORD), &snapshot)?;
        fault::point("snapshot.complete");
        Ok(snapshot)
    });
    if made.is_err()
        && let Err(error) = walk::remove(&target)
    {
        tracing::warn!(deployment = %id, snapshot = number, "failed to remove a half-made snapshot, the next one will: {error}");
    }
    made
}

/// Copies the state to a new snapshot, and returns once it is on disk for sure.
fn make(state: &Path, target: &Path, method: CopyMethod, before: Option<&Before>) -> io::Result<u64> {
    layout::make_private(&target.join(DATA))?;
    fault::point("snapshot.begin");
    // Opened before anything is written: a write that fails later is told to those who held the file system open.
    let disk = File::open(target)?;
    let begun = manifest::changed(&fstat(&disk)?).0;
    let copied = copy::copy(state, &target.join(DATA), method, before.map(Before::open).transpose()?, Manifest::begun(begun))?;
    if method == CopyMethod::Copy {
        std::fs::write(target.join(MANIFEST), copied.manifest.bytes())?;
        fault::point("snapshot.manifest");
    }
    syncfs(&disk)?;
    Ok(copied.bytes)
}

/// The data of snapshot `number`, which must be complete.
fn kept(layout: &Layout, id: DeploymentId, number: u64) -> io::Result<PathBuf> {
    let source = layout.snapshot(id, number);
    match read::<Snapshot>(&source.join(RECORD))? {
        Some(_) => Ok(source.join(DATA)),
        None => Err(io::Error::new(io::ErrorKind::NotFound, format!("snapshot {number} is not kept any more; choose one that is"))),
    }
}

/// Every complete snapshot of `id`, oldest number first. Reads names and small files only; a snapshot that says something we do not
/// understand is left out.
///
/// # Errors
/// When the disk fails. None is not an error.
pub fn list(layout: &Layout, id: DeploymentId) -> io::Result<Vec<Snapshot>> {
    let mut complete = Vec::new();
    for number in numbers(layout, id)? {
        match read::<Snapshot>(&layout.snapshot(id, number).join(RECORD)) {
            Err(error) if error.kind() == io::ErrorKind::InvalidData => {}
            found => complete.extend(found?),
        }
    }
    Ok(complete)
}

/// Whether a snapshot taken now would fit. The state may be written to meanwhile.
///
/// # Errors
/// `NotFound` when there is no state; `ResourceBusy` when the agent moves directories about just now. Else when the disk fails.
pub fn room(layout: &Layout, id: DeploymentId) -> io::Result<Room> {
    let method = copy::method(&layout.volume(id))?;
    let before = Before::of(layout, id, method)?;
    let weigh = || copy::weigh(&layout.state(id), Life::Live, method, before.as_ref().map(Before::open).transpose()?);
    let mut weight = weigh();
    for _ in 0..2 {
        match weight {
            Err(error) if error.kind() == io::ErrorKind::ResourceBusy => weight = weigh(),
            weighed => {
                weight = weighed;
                break;
            }
        }
    }
    let (weight, disk) = (weight?, Disk::of(&layout.volume(id))?);
    Ok(Room { needed: weight.bytes, free: disk.free, fits: disk.fits(weight, disk.reserve()) })
}

/// What the state takes on the disk, in bytes; `None`: there is none. It may be written to meanwhile.
///
/// # Errors
/// `ResourceBusy` when the agent moves directories about just now. Else when the disk fails.
pub fn size(layout: &Layout, id: DeploymentId) -> io::Result<Option<u64>> {
    let weigh = || copy::weigh(&layout.state(id), Life::Live, CopyMethod::Copy, None);
    let mut weight = weigh();
    for _ in 0..2 {
        match &weight {
            Err(error) if error.kind() == io::ErrorKind::ResourceBusy => weight = weigh(),
            Ok(_) | Err(_) => break,
        }
    }
    match weight {
        Ok(weight) => Ok(Some(weight.bytes)),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(error),
    }
}

/// Puts the state back to snapshot `number`, whole or not at all, on behalf of revision `revision`. Once it is done that is
/// remembered, and repeating it does nothing. Nothing may write to the state meanwhile, and whoever has it mounted must mount it
/// anew: the directory is another one. What was the state before is left to [`discard_former`]: an agent need not wait for that.
///
/// # Errors
/// `NotFound` when there is no such snapshot; `StorageFull` before anything is copied, with the figures (no reserve is kept: the way
/// back matters more). Else when the disk fails.
pub fn restore(layout: &Layout, id: DeploymentId, number: u64, revision: u64) -> io::Result<()> {
    tidy(layout, id)?;
    let wanted = Mark { snapshot: number, revision };
    let mut memory = Memory::read(layout, id)?;
    if memory.done == Some(wanted) {
        return Ok(());
    }
    let (data, volume, fresh) = (kept(layout, id, number)?, layout.volume(id), layout.restoring(id));
    let method = copy::method(&volume)?;
    let disk = Disk::of(&volume)?;
    disk.take(copy::weigh(&data, Life::Still, method, None)?, 0, "putting this agent's data back")?;

    layout::make_private(&fresh)?;
    fault::point("restore.begin");
    let directory = File::open(&volume)?;
    if let Err(error) = copy::copy(&data, &fresh, method, None, Manifest::default()) {
        tidy(layout, id)?;
        return Err(error);
    }
    syncfs(&directory)?;
    // The mark goes first. Whether the exchange came after it can be told by which directory is the state.
    memory.next = Some((wanted, std::fs::symlink_metadata(&fresh)?.ino()));
    memory.write(layout, id)?;
    fault::point("restore.mark");
    renameat_with(CWD, &fresh, CWD, layout.state(id), RenameFlags::EXCHANGE)?;
    fault::point("restore.exchange");
    directory.sync_all()?;
    note_restoration(layout, id)?;
    let former = std::fs::symlink_metadata(&fresh)?.ino();
    std::fs::rename(&fresh, volume.join(format!("{FORMER}{former}")))?;
    fault::point("restore.former");
    Ok(())
}

/// Takes away what was the state before a restoration. May be called beside everything else; what another one is removing already is
/// left to it.
///
/// # Errors
/// When it cannot be removed; it is tried again before the next snapshot or restoration.
pub fn discard_former(layout: &Layout, id: DeploymentId) -> io::Result<()> {
    let volume = layout.volume(id);
    for entry in std::fs::read_dir(&volume)? {
        let name = entry?.file_name();
        if !name.to_str().is_some_and(|name| name.starts_with(FORMER)) {
            continue;
        }
        let former = match File::open(volume.join(&name)) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => continue,
            opened => opened?,
        };
        match flock(&former, FlockOperation::NonBlockingLockExclusive) {
            Ok(()) => walk::remove(&volume.join(&name))?,
            Err(rustix::io::Errno::WOULDBLOCK) => {}
            Err(error) => return Err(error.into()),
        }
    }
    Ok(())
}

/// What the state was last put back to: the snapshot, and the revision on whose behalf.
///
/// # Errors
/// When the disk fails.
pub fn restored(layout: &Layout, id: DeploymentId) -> io::Result<Option<(u64, u64)>> {
    let memory = Memory::read(layout, id)?;
    let last = if memory.exchanged(layout, id)? { memory.next.map(|(mark, _)| mark) } else { memory.done };
    Ok(last.map(|mark| (mark.snapshot, mark.revision)))
}

/// Copies the state for a rehearsal while the agent may be writing to it: a draft, so that [`rehearsal`] has less to copy while it
/// may not. Does nothing where blocks are shared.
///
/// # Errors
/// `ResourceBusy` when a file is written while it is copied: there is no draft then, and the rehearsal copies everything. Else as
/// [`take`].
pub fn draft(layout: &Layout, id: DeploymentId) -> io::Result<()> {
    end_rehearsal(layout, id)?;
    let method = copy::method(&layout.volume(id))?;
    if method == CopyMethod::Reflink {
        return Ok(());
    }
    let disk = Disk::of(&layout.volume(id))?;
    disk.take(copy::weigh(&layout.state(id), Life::Live, method, None)?, disk.reserve(), REHEARSAL)?;
    let draft = layout.rehearsal(id).join(DRAFT);
    layout::make_private(&draft.join(DATA))?;
    let begun = manifest::changed(&fstat(&File::open(&draft)?)?).0;
    let copied = copy::copy(&layout.state(id), &draft.join(DATA), method, None, Manifest::begun(begun))?;
    std::fs::write(draft.join(MANIFEST), copied.manifest.bytes())
}

/// Copies the state for a rehearsal, into a directory that may be written to. Nothing may write to the state meanwhile.
///
/// # Errors
/// As [`take`].
pub fn rehearsal(layout: &Layout, id: DeploymentId) -> io::Result<PathBuf> {
    let draft = layout.rehearsal(id).join(DRAFT);
    let before = Manifest::read(&draft.join(MANIFEST))?.map(|manifest| Before { data: draft.join(DATA), manifest });
    let state = rehearse_on(layout, id, &layout.state(id), before.as_ref())?;
    // The copy is the only one from here on: what was linked to the draft is its own.
    walk::remove(&draft)?;
    Ok(state)
}

/// Copies snapshot `number` for a rehearsal, into a directory that may be written to.
///
/// # Errors
/// `NotFound` when there is no such snapshot. Else as [`take`].
pub fn rehearsal_of(layout: &Layout, id: DeploymentId, number: u64) -> io::Result<PathBuf> {
    rehearse_on(layout, id, &kept(layout, id, number)?, None)
}

fn rehearse_on(layout: &Layout, id: DeploymentId, data: &Path, before: Option<&Before>) -> io::Result<PathBuf> {
    let (method, state) = (copy::method(&layout.volume(id))?, layout.rehearsal(id).join("state"));
    walk::remove(&state)?;
    let disk = Disk::of(&layout.volume(id))?;
    disk.take(copy::weigh(data, Life::Still, method, before.map(Before::open).transpose()?)?, disk.reserve(), REHEARSAL)?;
    layout::make_private(&state)?;
    copy::copy(data, &state, method, before.map(Before::open).transpose()?, Manifest::default())?;
    Ok(state)
}

/// Takes away what a rehearsal has left. Gone already is fine.
///
/// # Errors
/// When it cannot be removed.
pub fn end_rehearsal(layout: &Layout, id: DeploymentId) -> io::Result<()> {
    walk::remove(&layout.rehearsal(id))
}

/// Takes one snapshot away. Gone already is fine.
///
/// # Errors
/// When it cannot be removed.
pub fn forget(layout: &Layout, id: DeploymentId, number: u64) -> io::Result<()> {
    let target = layout.snapshot(id, number);
    // First it stops being complete, for good; then it may take its time.
    match std::fs::remove_file(target.join(RECORD)) {
        Ok(()) => sync(&target)?,
        Err(error) if error.kind() == io::ErrorKind::NotFound => {}
        Err(error) => return Err(error),
    }
    fault::point("snapshot.forget");
    walk::remove(&target)
}

/// Takes a tree of the agent's away, however deep. Gone already is fine; links are removed, never followed.
///
/// # Errors
/// When it cannot be removed.
pub(crate) fn remove_tree(tree: &Path) -> io::Result<()> {
    walk::remove(tree)
}

/// Clears up after a death: half-made snapshots, what a restoration has left, and what it had no time to note.
fn tidy(layout: &Layout, id: DeploymentId) -> io::Result<()> {
    for number in numbers(layout, id)? {
        let target = layout.snapshot(id, number);
        if !target.join(RECORD).try_exists()? {
            walk::remove(&target)?;
        }
    }
    note_restoration(layout, id)?;
    walk::remove(&layout.restoring(id))?;
    discard_former(layout, id)
}

/// Remembers the restoration that has come to its end as done.
fn note_restoration(layout: &Layout, id: DeploymentId) -> io::Result<()> {
    let mut memory = Memory::read(layout, id)?;
    if memory.exchanged(layout, id)? {
        memory.done = memory.next.take().map(|(mark, _)| mark);
        memory.write(layout, id)?;
        fault::point("restore.noted");
    }
    Ok(())
}

/// The numbers of the snapshots of `id`, complete or not.
fn numbers(layout: &Layout, id: DeploymentId) -> io::Result<BTreeSet<u64>> {
    let entries = match std::fs::read_dir(layout.snapshots(id)) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(BTreeSet::new()),
        entries => entries?,
    };
    let mut numbers = BTreeSet::new();
    for entry in entries {
        numbers.extend(entry?.file_name().to_str().and_then(|name| name.parse::<u64>().ok()));
    }
    Ok(numbers)
}

/// The newest snapshot there is, which a new one need not repeat.
struct Before {
    data: PathBuf,
    manifest: Manifest,
}

impl Before {
    /// `None` also where sharing blocks does better.
    fn of(layout: &Layout, id: DeploymentId, method: CopyMethod) -> io::Result<Option<Self>> {
        let Some(newest) = list(layout, id)?.pop().filter(|_| method == CopyMethod::Copy) else { return Ok(None) };
        let directory = layout.snapshot(id, newest.number);
        Ok(Manifest::read(&directory.join(MANIFEST))?.map(|manifest| Self { data: directory.join(DATA), manifest }))
    }

    fn open(&self) -> io::Result<Earlier<'_>> {
        Earlier::open(&self.data, &self.manifest)
    }
}

/// One restoration.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
struct Mark {
    snapshot: u64,
    revision: u64,
}

/// What `restored.json` remembers.
#[derive(Debug, Default, Serialize, Deserialize)]
struct Memory {
    /// The last restoration that is known to be done.
    done: Option<Mark>,
    /// The one that was about to be, and the inode of the directory that was to become the state: if it has become it, this one is
    /// done as well.
    next: Option<(Mark, u64)>,
}

impl Memory {
    fn read(layout: &Layout, id: DeploymentId) -> io::Result<Self> {
        Ok(read(&layout.restored(id))?.unwrap_or_default())
    }

    fn write(&self, layout: &Layout, id: DeploymentId) -> io::Result<()> {
        write(&layout.restored(id), self)
    }

    fn exchanged(&self, layout: &Layout, id: DeploymentId) -> io::Result<bool> {
        let Some((_, inode)) = self.next else { return Ok(false) };
        match std::fs::symlink_metadata(layout.state(id)) {
            Ok(state) => Ok(state.ino() == inode),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(false),
            Err(error) => Err(error),
        }
    }
}

/// The file system that the volumes are on.
struct Disk {
    size: u64,
    free: u64,
    /// `None` where inodes are made as they are needed.
    inodes: Option<u64>,
}

impl Disk {
    fn of(path: &Path) -> io::Result<Self> {
        let found = statvfs(path)?;
        let inodes = (found.f_files > 0).then_some(found.f_favail);
        Ok(Self { size: found.f_blocks.saturating_mul(found.f_frsize), free: found.f_bavail.saturating_mul(found.f_frsize), inodes })
    }

    const fn reserve(&self) -> u64 {
        let share = self.size / RESERVE_SHARE;
        if share > RESERVE_BYTES { share } else { RESERVE_BYTES }
    }

    fn fits(&self, weight: Weight, reserve: u64) -> bool {
        let spare = if reserve > 0 { RESERVE_INODES } else { 0 };
        weight.bytes.saturating_add(reserve) <= self.free && self.inodes.is_none_or(|inodes| weight.entries.saturating_add(spare) <= inodes)
    }

    fn take(&self, weight: Weight, reserve: u64, purpose: &str) -> io::Result<()> {
        if self.fits(weight, reserve) {
            return Ok(());
        }
        let mib = |bytes: u64| bytes.div_ceil(MIB);
        let kept = if reserve > 0 { format!(" and {} MiB must stay free", mib(reserve)) } else { String::new() };
        let files = self.inodes.map(|inodes| format!(" (files: {} of {inodes})", weight.entries)).unwrap_or_default();
        let message = format!(
            "{purpose} needs {} MiB{kept}, but the host's disk has {} MiB free{files}; make room there or remove older snapshots, then try again",
            mib(weight.bytes),
            self.free / MIB
        );
        Err(io::Error::new(io::ErrorKind::StorageFull, message))
    }
}

/// `None` when there is no such file. One that says something else than we would (a later Vivier may have written it) is an error:
/// nothing is to be thrown away, or done again, because of it.
fn read<T: DeserializeOwned>(path: &Path) -> io::Result<Option<T>> {
    match std::fs::read(path) {
        Ok(bytes) => match serde_json::from_slice(&bytes) {
            Ok(value) => Ok(Some(value)),
            Err(error) => Err(io::Error::new(io::ErrorKind::InvalidData, format!("{} cannot be understood: {error}", path.display()))),
        },
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(error),
    }
}

/// Writes the file whole or not at all, and for good.
fn write(path: &Path, value: &impl Serialize) -> io::Result<()> {
    let fresh = path.with_extension("new");
    let mut file = std::fs::OpenOptions::new().write(true).create(true).truncate(true).mode(0o600).open(&fresh)?;
    file.write_all(&serde_json::to_vec(value)?)?;
    file.sync_all()?;
    std::fs::rename(&fresh, path)?;
    sync(path.parent().ok_or(io::ErrorKind::InvalidInput)?)
}

fn sync(directory: &Path) -> io::Result<()> {
    File::open(directory)?.sync_all()
}
