//! The files of a database, one record after the other: JSON files and zip archives of them, in a folder and the folders in it.
//!
//! Nothing is unpacked to disk, so a name in an archive leads nowhere. Each record, each archive and the whole have a largest size, so
//! what was made to fill memory or to never end does neither. Links are refused: a database is what lies in its folder.

use std::fs::File;
use std::io::{self, BufReader, Read, Seek};
use std::path::{Path, PathBuf};

use memchr::memmem::Finder;

const MIB: u64 = 1024 * 1024;
const GIB: u64 = 1024 * MIB;
/// The largest record, in bytes. The largest that osv.dev had in 2026 have a few megabytes (every version of the Linux kernel).
const MAX_RECORD: u64 = 32 * MIB;
/// The largest archive, in bytes. npm's has some hundred megabytes.
const MAX_ARCHIVE: u64 = 4 * GIB;
/// The most entries of an archive: its directory is held in memory.
const MAX_ENTRIES: usize = 1_000_000;
/// The most records of a database, and the most bytes of all of them together, unpacked.
const MAX_RECORDS: u64 = 4_000_000;
const MAX_TOTAL: u64 = 64 * GIB;
/// How deep folders may lie in folders: `npm/all.zip`, `Debian/2026/…`.
const MAX_DEPTH: usize = 8;

/// Where in a database something is wrong, and what.
#[derive(Debug)]
pub(super) struct Flaw {
    pub place: String,
    pub why: String,
}

impl Flaw {
    fn new(place: impl AsRef<Path>, why: impl ToString) -> Self {
        Self { place: plain(&place.as_ref().to_string_lossy()), why: why.to_string() }
    }
}

/// Gives each record's bytes to `take`, and answers how many there were.
pub(super) fn each(root: &Path, take: impl FnMut(&[u8]) -> Result<(), String>) -> Result<u64, Flaw> {
    let mut walk = Walk { take, records: 0, bytes: 0 };
    walk.folder(root, 0)?;
    Ok(walk.records)
}

struct Walk<F> {
    take: F,
    records: u64,
    bytes: u64,
}

impl<F: FnMut(&[u8]) -> Result<(), String>> Walk<F> {
    fn folder(&mut self, folder: &Path, depth: usize) -> Result<(), Flaw> {
        if depth > MAX_DEPTH {
            return Err(Flaw::new(folder, format!("lies deeper than {MAX_DEPTH} folders")));
        }
        let failed = |error: io::Error| Flaw::new(folder, error);
        let mut entries: Vec<(PathBuf, std::fs::FileType)> = std::fs::read_dir(folder)
            .and_then(|entries| entries.map(|entry| entry.and_then(|entry| Ok((entry.path(), entry.file_type()?)))).collect())
            .map_err(failed)?;
        entries.sort_by(|(one, _), (other, _)| one.cmp(other));
        for (path, kind) in entries {
            let extension = path.extension().and_then(|extension| extension.to_str()).map(str::to_ascii_lowercase);
            if kind.is_symlink() {
                return Err(Flaw::new(path, "is a symbolic link; put the file itself there"));
            } else if kind.is_dir() {
                self.folder(&path, depth + 1)?;
            } else if kind.is_file() && extension.as_deref() == Some("json") {
                let file = File::open(&path).map_err(|error| Flaw::new(&path, error))?;
                self.record(&path.to_string_lossy(), file)?;
            } else if kind.is_file() && extension.as_deref() == Some("zip") {
                self.archive(&path)?;
            }
        }
        Ok(())
    }

    fn archive(&mut self, path: &Path) -> Result<(), Flaw> {
        let failed = |error: &dyn std::fmt::Display| Flaw::new(path, format!("is no zip archive that can be read ({error})"));
        let mut file = File::open(path).map_err(|error| failed(&error))?;
        let size = file.metadata().map_err(|error| failed(&error))?.len();
        if size > MAX_ARCHIVE {
            return Err(Flaw::new(path, format!("has {size} bytes, more than {MAX_ARCHIVE}")));
        }
        let entries = directory_entries(&mut file).map_err(|error| failed(&error))?;
        if entries > MAX_ENTRIES {
            return Err(Flaw::new(path, format!("has {entries} entries, more than {MAX_ENTRIES}")));
        }
        let mut archive = zip::ZipArchive::new(BufReader::new(file)).map_err(|error| failed(&error))?;
        for number in 0..archive.len() {
            let entry = archive.by_index(number).map_err(|error| failed(&error))?;
            let name = entry.name().map_err(|error| failed(&error))?.into_owned();
            if entry.is_file() && name.to_ascii_lowercase().ends_with(".json") {
                self.record(&format!("{}/{name}", path.display()), entry)?;
            }
        }
        Ok(())
    }

    fn record(&mut self, place: &str, from: impl Read) -> Result<(), Flaw> {
        let mut bytes = Vec::new();
        from.take(MAX_RECORD + 1).read_to_end(&mut bytes).map_err(|error| Flaw::new(place, error))?;
        let size = bytes.len() as u64;
        if size > MAX_RECORD {
            return Err(Flaw::new(place, format!("has more than {MAX_RECORD} bytes")));
        }
        self.records += 1;
        self.bytes += size;
        if self.records > MAX_RECORDS || self.bytes > MAX_TOTAL {
            return Err(Flaw::new(place, format!("comes after {MAX_RECORDS} records or {MAX_TOTAL} bytes, more than a database may have")));
        }
        (self.take)(&bytes).map_err(|why| Flaw::new(place, why))
    }
}

/// How many entries the archive's directory can have at most: each begins with this mark. What the archive itself says is not asked,
/// because it is believed only after its directory has been read into memory.
fn directory_entries(file: &mut File) -> io::Result<usize> {
    const MARK: &[u8] = b"PK\x01\x02";
    let finder = Finder::new(MARK);
    let mut window: Vec<u8> = Vec::new();
    let mut block = vec![0; 1024 * 1024];
    let mut count = 0;
    loop {
        let read = match file.read(&mut block) {
            Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
            read => read?,
        };
        if read == 0 {
            break;
        }
        window.extend_from_slice(&block[..read]);
        count += finder.find_iter(&window).count();
        // A whole mark is counted once: only a part of one is kept.
        window.drain(..window.len().saturating_sub(MARK.len() - 1));
    }
    file.rewind()?;
    Ok(count)
}

/// A name out of an archive can hold anything: for a message it is one short line.
fn plain(text: &str) -> String {
    text.chars().take(300).map(|letter| if letter.is_control() { '?' } else { letter }).collect()
}

#[cfg(test)]
mod tests;
