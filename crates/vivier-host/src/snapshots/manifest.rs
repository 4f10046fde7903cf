//! What the files of a snapshot were when it was taken, so that the next one copies only what has changed.

use std::collections::BTreeMap;
use std::io;
use std::path::Path;

use rustix::fs::Stat;

/// A file in the state that is this young when a snapshot begins may be written again without its times moving on: clocks of
/// file systems tick in milliseconds at best, in two seconds at worst.
const YOUNG_SECONDS: i64 = 2;
/// More files than this are not remembered (but copied every time): the manifest is held in memory, and an agent may make
/// any number of files.
const MOST: usize = 500_000;
const MAGIC: &[u8; 8] = b"vvsnap01";
const RECORD: usize = 68;

/// What tells that the content of a file is what it was. The size and the time of modification alone do not: npm gives every file
/// of a package the same date, and an inode's number is used again at once. The time of the last change (ctime) is the kernel's own
/// and cannot be set; all that moves it without touching the content costs is one more copy.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Looks {
    inode: u64,
    size: i64,
    modified: (i64, i64),
    changed: (i64, i64),
    mode: u32,
    owner: (u32, u32),
}

impl Looks {
    pub(super) fn of(stat: &Stat) -> Self {
        Self {
            inode: stat.st_ino,
            size: stat.st_size,
            modified: (stat.st_mtime, nanos(stat.st_mtime_nsec)),
            changed: changed(stat),
            mode: stat.st_mode,
            owner: (stat.st_uid, stat.st_gid),
        }
    }
}

/// The time of the last change, in seconds and nanoseconds of the file system's clock.
pub(super) fn changed(stat: &Stat) -> (i64, i64) {
    (stat.st_ctime, nanos(stat.st_ctime_nsec))
}

fn nanos(value: impl TryInto<i64>) -> i64 {
    value.try_into().unwrap_or_default()
}

/// For each file of a snapshot, by its inode there, how the file in the state looked that it is a copy of. Names are not in it:
/// they would be as long as the agent likes.
#[derive(Debug, Default)]
pub(super) struct Manifest {
    files: BTreeMap<u64, Looks>,
    /// When the snapshot was begun, in seconds of the file system's own clock, which is the one that gives files their times.
    begun: i64,
}

impl Manifest {
    pub(super) fn begun(at: i64) -> Self {
        Self { files: BTreeMap::new(), begun: at }
    }

    /// The file `copy` of the snapshot holds what a file with these looks held. What is too young to be sure is not remembered.
    pub(super) fn remember(&mut self, copy: u64, looks: Looks) {
        let old = looks.modified.0.max(looks.changed.0) < self.begun.saturating_sub(YOUNG_SECONDS);
        if old && self.files.len() < MOST {
            self.files.insert(copy, looks);
        }
    }

    /// The file `copy` of the snapshot holds what the file with these looks holds.
    pub(super) fn knows(&self, copy: u64, looks: &Looks) -> bool {
        self.files.get(&copy) == Some(looks)
    }

    /// `None` when there is none that can be read: then everything is copied.
    pub(super) fn read(path: &Path) -> io::Result<Option<Self>> {
        let bytes = match std::fs::read(path) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            bytes => bytes?,
        };
        let Some((records, [])) = bytes.strip_prefix(MAGIC).map(<[u8]>::as_chunks::<RECORD>) else { return Ok(None) };
        let files = records.iter().map(unpack).collect();
        Ok(Some(Self { files, begun: 0 }))
    }

    pub(super) fn bytes(&self) -> Vec<u8> {
        let mut bytes = Vec::with_capacity(MAGIC.len() + RECORD * self.files.len());
        bytes.extend_from_slice(MAGIC);
        for (copy, looks) in &self.files {
            let Looks { inode, size, modified, changed, mode, owner } = *looks;
            bytes.extend_from_slice(&copy.to_le_bytes());
            bytes.extend_from_slice(&inode.to_le_bytes());
            for number in [size, modified.0, modified.1, changed.0, changed.1] {
                bytes.extend_from_slice(&number.to_le_bytes());
            }
            for number in [mode, owner.0, owner.1] {
                bytes.extend_from_slice(&number.to_le_bytes());
            }
        }
        bytes
    }
}

fn unpack(record: &[u8; RECORD]) -> (u64, Looks) {
    let long = |at: usize| u64::from_le_bytes(std::array::from_fn(|byte| record[at + byte]));
    let signed = |at: usize| long(at).cast_signed();
    let short = |at: usize| u32::from_le_bytes(std::array::from_fn(|byte| record[at + byte]));
    let looks = Looks {
        inode: long(8),
        size: signed(16),
        modified: (signed(24), signed(32)),
        changed: (signed(40), signed(48)),
        mode: short(56),
        owner: (short(60), short(64)),
    };
    (long(0), looks)
}
