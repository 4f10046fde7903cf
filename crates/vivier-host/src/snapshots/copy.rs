//! Copies a tree: owners, modes, times, links as links, and files with their holes. Sockets, pipes and devices are left out, hard
//! links become files of their own, and extended attributes are not kept.

use std::ffi::{CStr, CString};
use std::io;
use std::num::NonZeroU64;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::path::Path;
use std::sync::mpsc::{SyncSender, sync_channel};

use rustix::fs::{
    Advice, AtFlags, FileType, Gid, Mode, OFlags, SeekFrom, Stat, Timespec, Timestamps, Uid, chownat, copy_file_range, fadvise, fchmod, fchown, fstat,
    ftruncate, futimens, ioctl_ficlone, linkat, mkdirat, openat, readlinkat, seek, statat, symlinkat, utimensat,
};
use rustix::io::Errno;
use vivier_core::runtime::CopyMethod;

use super::manifest::{Looks, Manifest};
use super::walk::{Life, Place, Visitor, at, kind, walk};
use crate::fault;

/// What a directory entry takes up at most, besides data; generous on every file system we know.
const ENTRY_BYTES: u64 = 512;
const DIRECTORY_BYTES: u64 = 4_096;
/// From this size on a file is filled on the side.
const BIG: u64 = 1024 * 1024;
/// So much is copied at a time.
const STRETCH: usize = 32 * 1024 * 1024;
/// So many files wait at most to be filled; each holds two descriptors.
const JOBS: usize = 16;

/// Finds out whether files in `directory` can share their blocks, with two files that never get a name.
pub(super) fn method(directory: &Path) -> io::Result<CopyMethod> {
    let nameless = || openat(rustix::fs::CWD, directory, OFlags::TMPFILE | OFlags::RDWR | OFlags::CLOEXEC, Mode::from(0o600));
    let probe = || -> Result<(), Errno> {
        let (from, to) = (nameless()?, nameless()?);
        rustix::io::pwrite(&from, b"probe", 0)?;
        ioctl_ficlone(&to, &from)
    };
    match probe() {
        Ok(()) => Ok(CopyMethod::Reflink),
        Err(error) if unsupported(error) || error == Errno::ISDIR => Ok(CopyMethod::Copy),
        Err(Errno::NOSPC | Errno::DQUOT) => Ok(CopyMethod::Copy),
        Err(error) => Err(error.into()),
    }
}

fn unsupported(error: Errno) -> bool {
    [Errno::OPNOTSUPP, Errno::XDEV, Errno::INVAL, Errno::NOTTY, Errno::NOSYS].contains(&error)
}

/// The snapshot before, walked through in step with the state.
pub(super) struct Earlier<'a> {
    place: Place,
    manifest: &'a Manifest,
    /// So many levels above, the two trees parted: that directory is not in the snapshot before.
    parted: u64,
}

impl<'a> Earlier<'a> {
    pub(super) fn open(data: &Path, manifest: &'a Manifest) -> io::Result<Self> {
        Ok(Self { place: Place::open(data)?, manifest, parted: 0 })
    }

    fn enter(&mut self, name: &CStr) {
        if self.parted > 0 || self.place.enter(name).is_err() {
            self.parted += 1;
        }
    }

    fn leave(&mut self) -> io::Result<()> {
        if self.parted == 0 {
            return self.place.leave();
        }
        self.parted -= 1;
        Ok(())
    }

    /// The inode of the copy that holds exactly what this file holds.
    fn same(&self, name: &CStr, stat: &Stat) -> Option<u64> {
        if self.parted > 0 {
            return None;
        }
        let copy = statat(self.place.here(), name, AtFlags::SYMLINK_NOFOLLOW).ok()?;
        let same = kind(&copy) == FileType::RegularFile && copy.st_size == stat.st_size && self.manifest.knows(copy.st_ino, &Looks::of(stat));
        same.then_some(copy.st_ino)
    }
}

/// What a copy would take.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Weight {
    pub(super) bytes: u64,
    pub(super) entries: u64,
}

struct Scales<'a> {
    method: CopyMethod,
    earlier: Option<Earlier<'a>>,
    weight: Weight,
}

/// What copying `from` would add to the disk.
pub(super) fn weigh(from: &Path, life: Life, method: CopyMethod, earlier: Option<Earlier<'_>>) -> io::Result<Weight> {
    let mut scales = Scales { method, earlier, weight: Weight { bytes: DIRECTORY_BYTES, entries: 1 } };
    walk(from, life, &mut scales)?;
    Ok(scales.weight)
}

impl Visitor for Scales<'_> {
    fn entry(&mut self, _here: BorrowedFd<'_>, name: &CStr, stat: &Stat) -> io::Result<()> {
        let file = kind(stat) == FileType::RegularFile;
        let linked = file && self.earlier.as_ref().is_some_and(|earlier| earlier.same(name, stat).is_some());
        self.weight.bytes += ENTRY_BYTES;
        self.weight.entries += u64::from(!linked);
        if file && !linked && self.method == CopyMethod::Copy {
            self.weight.bytes += allocated(stat);
        }
        Ok(())
    }

    fn enter(&mut self, name: &CStr) -> io::Result<()> {
        self.weight.bytes += DIRECTORY_BYTES;
        self.weight.entries += 1;
        if let Some(earlier) = &mut self.earlier {
            earlier.enter(name);
        }
        Ok(())
    }

    fn leave(&mut self, _here: BorrowedFd<'_>, _name: &CStr, _stat: &Stat) -> io::Result<()> {
        self.earlier.as_mut().map_or(Ok(()), Earlier::leave)
    }
}

fn allocated(stat: &Stat) -> u64 {
    u64::try_from(stat.st_blocks).unwrap_or_default().saturating_mul(512)
}

/// What was copied.
pub(super) struct Copied {
    /// Of all files, with those that were only linked, without holes.
    pub(super) bytes: u64,
    pub(super) manifest: Manifest,
}

/// A file that is made, and wants its content.
struct Job {
    name: CString,
    from: OwnedFd,
    to: OwnedFd,
    stat: Stat,
}

struct Copier<'a> {
    method: CopyMethod,
    earlier: Option<Earlier<'a>>,
    to: Place,
    bytes: u64,
    manifest: Manifest,
    /// Who fills the big files, while the walk goes on with the many small ones.
    filler: SyncSender<Job>,
}

/// Copies the tree `from` to the directory `to`, which is there and empty. Nothing may write to `from` meanwhile. A file that
/// `earlier` has just as it is becomes a link to the copy there. Nothing is on disk for sure until the file system is synced.
///
/// # Errors
/// When the disk is full, or fails.
pub(super) fn copy(from: &Path, to: &Path, method: CopyMethod, earlier: Option<Earlier<'_>>, manifest: Manifest) -> io::Result<Copied> {
    let to = Place::open(to)?;
    std::thread::scope(|scope| {
        let (filler, jobs) = sync_channel::<Job>(JOBS);
        let filling = std::thread::Builder::new()
            .name("snapshot".to_owned())
            .spawn_scoped(scope, move || jobs.iter().try_for_each(|job| job.fill(method).map_err(|error| at(&job.name, &error))))?;
        let mut copier = Copier { method, earlier, to, bytes: 0, manifest, filler };
        let walked = walk(from, Life::Still, &mut copier).and_then(|top| dress(copier.to.here(), &top));
        let Copier { filler, bytes, manifest, .. } = copier;
        drop(filler);
        let filled = filling.join().unwrap_or_else(|_| Err(io::Error::other("the copying of a file panicked")));
        // When the filling fails the walk is told only that nobody takes its jobs any more: the former has the reason.
        filled.and(walked)?;
        fault::point("snapshot.root");
        Ok(Copied { bytes, manifest })
    })
}

impl Visitor for Copier<'_> {
    fn entry(&mut self, here: BorrowedFd<'_>, name: &CStr, stat: &Stat) -> io::Result<()> {
        if kind(stat) == FileType::RegularFile {
            self.file(here, name, stat)?;
        } else if kind(stat) == FileType::Symlink {
            let target = readlinkat(here, name, Vec::new())?;
            symlinkat(target, self.to.here(), name)?;
            chownat(self.to.here(), name, owner(stat).0, owner(stat).1, AtFlags::SYMLINK_NOFOLLOW)?;
            utimensat(self.to.here(), name, &times(stat), AtFlags::SYMLINK_NOFOLLOW)?;
        } else {
            return Ok(());
        }
        fault::point("snapshot.entry");
        Ok(())
    }

    fn enter(&mut self, name: &CStr) -> io::Result<()> {
        mkdirat(self.to.here(), name, Mode::from(0o700))?;
        fault::point("snapshot.directory");
        self.to.enter(name)?;
        if let Some(earlier) = &mut self.earlier {
            earlier.enter(name);
        }
        Ok(())
    }

    fn leave(&mut self, _here: BorrowedFd<'_>, _name: &CStr, stat: &Stat) -> io::Result<()> {
        // Last, because every entry that is made in a directory changes its times.
        dress(self.to.here(), stat)?;
        self.to.leave()?;
        self.earlier.as_mut().map_or(Ok(()), Earlier::leave)
    }
}

impl Copier<'_> {
    fn file(&mut self, here: BorrowedFd<'_>, name: &CStr, stat: &Stat) -> io::Result<()> {
        self.bytes += allocated(stat).min(size(stat));
        if let Some((earlier, copy)) = self.earlier.as_ref().and_then(|earlier| Some((earlier, earlier.same(name, stat)?))) {
            match linkat(earlier.place.here(), name, self.to.here(), name, AtFlags::empty()) {
                Ok(()) => {
                    self.manifest.remember(copy, Looks::of(stat));
                    return Ok(());
                }
                // It has as many names as the file system allows.
                Err(Errno::MLINK) => {}
                Err(error) => return Err(error.into()),
            }
        }
        // Nonblocking, should it have become a pipe meanwhile: nothing may write now, but that is an agent's promise.
        let from = openat(here, name, OFlags::RDONLY | OFlags::NOFOLLOW | OFlags::NONBLOCK | OFlags::NOCTTY | OFlags::CLOEXEC, Mode::empty())?;
        let opened = fstat(&from)?;
        if Looks::of(&opened) != Looks::of(stat) {
            return Err(disturbed());
        }
        let to = openat(self.to.here(), name, OFlags::WRONLY | OFlags::CREATE | OFlags::EXCL | OFlags::NOFOLLOW | OFlags::CLOEXEC, Mode::from(0o600))?;
        if self.method == CopyMethod::Copy {
            self.manifest.remember(fstat(&to)?.st_ino, Looks::of(stat));
        }
        let job = Job { name: name.to_owned(), from, to, stat: *stat };
        if self.method == CopyMethod::Copy && size(stat) >= BIG {
            return self.filler.send(job).map_err(|_| io::ErrorKind::BrokenPipe.into());
        }
        job.fill(self.method)
    }
}

impl Job {
    fn fill(&self, method: CopyMethod) -> io::Result<()> {
        self.content(method)?;
        dress(self.to.as_fd(), &self.stat)
    }

    fn content(&self, method: CopyMethod) -> io::Result<()> {
        let Self { name: _, from, to, stat } = self;
        if method == CopyMethod::Reflink {
            match ioctl_ficlone(to, from) {
                Ok(()) => return Ok(()),
                // This file alone cannot share its blocks (it may be marked so): it is copied.
                Err(error) if unsupported(error) => {}
                Err(error) => return Err(error.into()),
            }
        }
        let size = size(stat);
        if allocated(stat) >= size {
            return range(from, to, 0, size);
        }
        ftruncate(to, size)?;
        let mut offset = 0;
        while offset < size {
            let start = match seek(from, SeekFrom::Data(offset)) {
                Err(Errno::NXIO) => break,
                start => start?,
            };
            let end = seek(from, SeekFrom::Hole(start))?.min(size);
            range(from, to, start, end)?;
            offset = end;
        }
        Ok(())
    }
}

/// Somebody writes to what should stand still.
fn disturbed() -> io::Error {
    io::Error::new(io::ErrorKind::ResourceBusy, "it was written while it was being copied")
}

/// Copies the bytes from `start` to `end`.
fn range(from: &OwnedFd, to: &OwnedFd, start: u64, end: u64) -> io::Result<()> {
    let (mut read, mut written) = (start, start);
    while written < end {
        let length = usize::try_from(end - written).unwrap_or(usize::MAX).min(STRETCH);
        match copy_file_range(from, Some(&mut read), to, Some(&mut written), length) {
            Ok(0) => return Err(disturbed()),
            // The kernel begins to write it out now, so that the sync at the end has less to wait for.
            Ok(count) if count as u64 >= BIG => fadvise(to, written - count as u64, NonZeroU64::new(count as u64), Advice::DontNeed)?,
            Ok(_) | Err(Errno::INTR) => {}
            Err(error) if unsupported(error) => return through_memory(from, to, written, end),
            Err(error) => return Err(error.into()),
        }
    }
    Ok(())
}

/// The same where the file system cannot do it by itself.
fn through_memory(from: &OwnedFd, to: &OwnedFd, start: u64, end: u64) -> io::Result<()> {
    let mut buffer = vec![0; 256 * 1024];
    let mut offset = start;
    while offset < end {
        let wanted = usize::try_from(end - offset).unwrap_or(usize::MAX).min(buffer.len());
        let count = rustix::io::retry_on_intr(|| rustix::io::pread(from, &mut buffer[..wanted], offset))?;
        if count == 0 {
            return Err(disturbed());
        }
        let mut rest = &buffer[..count];
        while !rest.is_empty() {
            let count = rustix::io::retry_on_intr(|| rustix::io::pwrite(to, rest, offset))?;
            rest = &rest[count..];
            offset += count as u64;
        }
    }
    Ok(())
}

/// Owner, mode and times; in this order, because a new owner takes the setuid bits away and both change a time.
fn dress(file: BorrowedFd<'_>, stat: &Stat) -> io::Result<()> {
    let (user, group) = owner(stat);
    fchown(file, user, group)?;
    fchmod(file, Mode::from_raw_mode(stat.st_mode))?;
    futimens(file, &times(stat))?;
    Ok(())
}

fn owner(stat: &Stat) -> (Option<Uid>, Option<Gid>) {
    (Some(Uid::from_raw(stat.st_uid)), Some(Gid::from_raw(stat.st_gid)))
}

fn times(stat: &Stat) -> Timestamps {
    Timestamps {
        last_access: Timespec { tv_sec: stat.st_atime, tv_nsec: stat.st_atime_nsec.cast_signed() },
        last_modification: Timespec { tv_sec: stat.st_mtime, tv_nsec: stat.st_mtime_nsec.cast_signed() },
    }
}

fn size(stat: &Stat) -> u64 {
    u64::try_from(stat.st_size).unwrap_or_default()
}
