//! Walks through a tree that an agent has made, and trusts nothing in it: no link is followed, a name may be any bytes, and a
//! tree may be a hundred thousand levels deep. So there is one open descriptor however deep it goes, and no recursion.

use std::ffi::{CStr, CString};
use std::io;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::path::Path;

use rustix::fs::{AtFlags, FileType, Mode, OFlags, RawDir, Stat, fstat, openat, statat};
use rustix::io::Errno;

use crate::fault;

/// What is done on the way. The directory that a name is in is always `here`.
pub(super) trait Visitor {
    /// Anything but a directory.
    fn entry(&mut self, here: BorrowedFd<'_>, name: &CStr, stat: &Stat) -> io::Result<()>;
    /// The walk has gone into the directory `name`.
    fn enter(&mut self, name: &CStr) -> io::Result<()>;
    /// It has come back from there, and was everywhere below.
    fn leave(&mut self, here: BorrowedFd<'_>, name: &CStr, stat: &Stat) -> io::Result<()>;
}

/// Whether somebody may be writing to a tree while it is walked through.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Life {
    /// Nobody: what vanishes on the way is an error.
    Still,
    /// What vanishes is left out.
    Live,
}

struct Level {
    name: CString,
    stat: Stat,
    rest: Vec<CString>,
}

/// Goes through all of `root`, depth first, and returns what is known of `root` itself.
pub(super) fn walk(root: &Path, life: Life, visitor: &mut impl Visitor) -> io::Result<Stat> {
    let mut place = Place::open(root)?;
    let top = fstat(&place.here)?;
    let mut levels = vec![Level { name: CString::default(), stat: top, rest: scan(&place, life, visitor)? }];
    while let Some(level) = levels.last_mut() {
        if let Some(name) = level.rest.pop() {
            match place.enter(&name) {
                Err(error) if life == Life::Live && vanished(&error) => continue,
                entered => entered.map_err(|error| at(&name, &error))?,
            }
            visitor.enter(&name)?;
            let stat = fstat(&place.here)?;
            let rest = scan(&place, life, visitor)?;
            levels.push(Level { name, stat, rest });
        } else if let Some(done) = levels.pop()
            && !levels.is_empty()
        {
            place.leave()?;
            visitor.leave(place.here(), &done.name, &done.stat)?;
        }
    }
    Ok(top)
}

/// Shows the visitor what is in a directory, and returns the directories in it.
fn scan(place: &Place, life: Life, visitor: &mut impl Visitor) -> io::Result<Vec<CString>> {
    let mut directories = Vec::new();
    let mut buffer = Vec::with_capacity(32 * 1024);
    let mut entries = RawDir::new(&place.here, buffer.spare_capacity_mut());
    while let Some(entry) = entries.next() {
        let entry = match entry {
            // The directory itself has gone meanwhile.
            Err(Errno::NOENT) if life == Life::Live => break,
            entry => entry?,
        };
        let name = entry.file_name();
        if name == c"." || name == c".." {
            continue;
        }
        if entry.file_type() == FileType::Directory {
            directories.push(name.to_owned());
            continue;
        }
        let stat = match statat(&place.here, name, AtFlags::SYMLINK_NOFOLLOW) {
            Err(Errno::NOENT) if life == Life::Live => continue,
            stat => stat.map_err(|error| at(name, &error.into()))?,
        };
        if kind(&stat) == FileType::Directory {
            directories.push(name.to_owned());
        } else {
            match visitor.entry(place.here(), name, &stat) {
                Err(error) if life == Life::Live && vanished(&error) => {}
                seen => seen.map_err(|error| at(name, &error))?,
            }
        }
    }
    Ok(directories)
}

pub(super) fn kind(stat: &Stat) -> FileType {
    FileType::from_raw_mode(stat.st_mode)
}

fn vanished(error: &io::Error) -> bool {
    matches!(error.kind(), io::ErrorKind::NotFound | io::ErrorKind::NotADirectory)
}

/// The error, with the name it is about: the name is the agent's, so it is shown escaped and not at any length.
pub(super) fn at(name: &CStr, error: &io::Error) -> io::Error {
    let shown: String = name.to_string_lossy().escape_default().take(80).collect();
    io::Error::new(error.kind(), format!("`{shown}`: {error}"))
}

/// A directory somewhere below a root, from which one can go down and up again, but never above the root.
pub(super) struct Place {
    here: OwnedFd,
    /// Device and inode of each directory above, the root's first.
    above: Vec<(u64, u64)>,
}

impl Place {
    pub(super) fn open(root: &Path) -> io::Result<Self> {
        Ok(Self { here: openat(rustix::fs::CWD, root, DIRECTORY, Mode::empty())?, above: Vec::new() })
    }

    pub(super) fn here(&self) -> BorrowedFd<'_> {
        self.here.as_fd()
    }

    /// # Errors
    /// Also when `name` is no directory: a link to one is none.
    pub(super) fn enter(&mut self, name: &CStr) -> io::Result<()> {
        let below = openat(&self.here, name, DIRECTORY, Mode::empty())?;
        self.above.push(identity(self.here())?);
        self.here = below;
        Ok(())
    }

    /// # Errors
    /// When the directory has been moved meanwhile: `..` of it would lead elsewhere.
    pub(super) fn leave(&mut self) -> io::Result<()> {
        let above = openat(&self.here, c"..", DIRECTORY, Mode::empty())?;
        if self.above.pop() != Some(identity(above.as_fd())?) {
            return Err(io::Error::new(io::ErrorKind::ResourceBusy, "a directory was moved while it was being read; try again when nothing writes to it"));
        }
        self.here = above;
        Ok(())
    }
}

const DIRECTORY: OFlags = OFlags::RDONLY.union(OFlags::DIRECTORY).union(OFlags::NOFOLLOW).union(OFlags::CLOEXEC);

fn identity(directory: BorrowedFd<'_>) -> io::Result<(u64, u64)> {
    let stat = fstat(directory)?;
    Ok((stat.st_dev, stat.st_ino))
}

struct Remover;

impl Visitor for Remover {
    fn entry(&mut self, here: BorrowedFd<'_>, name: &CStr, _stat: &Stat) -> io::Result<()> {
        rustix::fs::unlinkat(here, name, AtFlags::empty())?;
        fault::point("snapshot.unlink");
        Ok(())
    }

    fn enter(&mut self, _name: &CStr) -> io::Result<()> {
        Ok(())
    }

    fn leave(&mut self, here: BorrowedFd<'_>, name: &CStr, _stat: &Stat) -> io::Result<()> {
        rustix::fs::unlinkat(here, name, AtFlags::REMOVEDIR)?;
        fault::point("snapshot.rmdir");
        Ok(())
    }
}

/// Takes a tree away, however deep it is. Gone already is fine.
pub(super) fn remove(root: &Path) -> io::Result<()> {
    match walk(root, Life::Still, &mut Remover).and_then(|_| std::fs::remove_dir(root)) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
        removed => removed,
    }
}
