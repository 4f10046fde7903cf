//! Key-encryption keys in files of the daemon's own: `kek` is generation 1, `kek-2` the next. The newest wraps; the older ones
//! stay until nothing is wrapped by them.
//!
//! AES-256-GCM-SIV with random nonces.

use std::collections::BTreeMap;
use std::io::{Read as _, Write as _};
use std::os::unix::fs::{MetadataExt as _, OpenOptionsExt as _, PermissionsExt as _};
use std::path::{Path, PathBuf};
use std::sync::{PoisonError, RwLock};

use zeroize::Zeroizing;

use super::{DataKey, KEY_BYTES, KeyEncryption, KeyError, KeyId, KeyKind, Owner, Wrapped};
use crate::vault::seal;

/// The directory with the generations that were there, or have been made, by number.
pub struct FileKeys {
    directory: PathBuf,
    generations: RwLock<BTreeMap<u64, DataKey>>,
}

impl FileKeys {
    /// Reads the generations that are there. Makes nothing: see [`KeyEncryption::current`].
    ///
    /// # Errors
    /// When a file can be read by others, or is no key.
    pub fn open(directory: &Path) -> Result<Self, KeyError> {
        let mut generations = BTreeMap::new();
        let listed = match std::fs::read_dir(directory) {
            Ok(listed) => listed,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
                return Ok(Self { directory: directory.to_owned(), generations: RwLock::default() });
            }
            Err(source) => return Err(KeyError::Io { path: directory.to_owned(), source }),
        };
        for entry in listed {
            let entry = entry.map_err(|source| KeyError::Io { path: directory.to_owned(), source })?;
            if let Some(generation) = entry.file_name().to_str().and_then(generation_of) {
                generations.insert(generation, read(&entry.path())?);
            }
        }
        Ok(Self { directory: directory.to_owned(), generations: RwLock::new(generations) })
    }

    fn path(&self, generation: u64) -> PathBuf {
        self.directory.join(if generation == 1 { "kek".to_owned() } else { format!("kek-{generation}") })
    }

    fn newest(&self) -> Option<(u64, DataKey)> {
        let generations = self.generations.read().unwrap_or_else(PoisonError::into_inner);
        generations.last_key_value().map(|(generation, key)| (*generation, key.clone()))
    }

    fn generation(&self, key: &KeyId) -> Option<(u64, DataKey)> {
        let number: u64 = key.of(KeyKind::File)?.parse().ok()?;
        let generations = self.generations.read().unwrap_or_else(PoisonError::into_inner);
        generations.get(&number).map(|key| (number, key.clone()))
    }

    /// Makes generation `number`, or takes the one that is there.
    fn make(&self, number: u64) -> Result<DataKey, KeyError> {
        let path = self.path(number);
        let io = |source| KeyError::Io { path: path.clone(), source };
        if !self.directory.exists() {
            std::fs::create_dir_all(&self.directory).map_err(io)?;
            std::fs::set_permissions(&self.directory, std::fs::Permissions::from_mode(0o700)).map_err(io)?;
        }
        write_new(&self.directory, &path).map_err(io)?;
        let key = read(&path)?;
        self.generations.write().unwrap_or_else(PoisonError::into_inner).insert(number, key.clone());
        Ok(key)
    }

    fn newest_or_first(&self) -> Result<(u64, DataKey), KeyError> {
        match self.newest() {
            Some(newest) => Ok(newest),
            None => Ok((1, self.make(1)?)),
        }
    }

    /// Opens what an installation of before sealed under its first key itself, without a data key between.
    ///
    /// # Errors
    /// When the first generation is gone, or is another.
    pub(crate) fn open_of_before(&self, place: &[u8], ciphertext: &[u8]) -> Result<Zeroizing<Vec<u8>>, KeyError> {
        let key = id(1);
        let (_, first) = self.generation(&key).ok_or_else(|| missing(key.clone(), 1, &self.path(1)))?;
        seal::open(&first, place, ciphertext).ok_or(KeyError::Open { owner: Owner::Platform, key })
    }

    /// What to say about a key that is not here.
    pub(crate) fn missing(&self, key: &KeyId, count: u64) -> KeyError {
        let number = key.of(KeyKind::File).and_then(|number| number.parse().ok()).unwrap_or(1);
        missing(key.clone(), count, &self.path(number))
    }
}

fn missing(key: KeyId, count: u64, path: &Path) -> KeyError {
    KeyError::Missing { key, count, remedy: format!("restore {} from your backup: without it those secrets cannot be read", path.display()) }
}

fn id(generation: u64) -> KeyId {
    KeyId::new(KeyKind::File, generation)
}

#[async_trait::async_trait]
impl KeyEncryption for FileKeys {
    fn kind(&self) -> KeyKind {
        KeyKind::File
    }

    async fn current(&self) -> Result<KeyId, KeyError> {
        self.newest_or_first().map(|(generation, _)| id(generation))
    }

    async fn wrap(&self, owner: Owner, key: &DataKey) -> Result<Wrapped, KeyError> {
        let (generation, kek) = self.newest_or_first()?;
        let bytes = seal::seal(&kek, owner.place().as_bytes(), key.expose()).ok_or(KeyError::Seal)?;
        Ok(Wrapped { key: id(generation), bytes })
    }

    async fn unwrap(&self, owner: Owner, wrapped: &Wrapped) -> Result<DataKey, KeyError> {
        let (_, kek) = self.generation(&wrapped.key).ok_or_else(|| self.missing(&wrapped.key, 1))?;
        let bytes = seal::open(&kek, owner.place().as_bytes(), &wrapped.bytes);
        bytes.and_then(|bytes| DataKey::from_bytes(&bytes)).ok_or_else(|| KeyError::Open { owner, key: wrapped.key.clone() })
    }

    fn holds(&self, key: &KeyId) -> bool {
        self.generation(key).is_some()
    }

    async fn advance(&self) -> Result<KeyId, KeyError> {
        let next = self.newest().map_or(1, |(generation, _)| generation + 1);
        self.make(next)?;
        Ok(id(next))
    }

    fn tells_generations(&self) -> bool {
        true
    }

    fn retire(&self, is_needed: &dyn Fn(&KeyId) -> bool) -> Result<Vec<KeyId>, KeyError> {
        let mut generations = self.generations.write().unwrap_or_else(PoisonError::into_inner);
        let gone: Vec<u64> = generations.keys().copied().filter(|generation| !is_needed(&id(*generation))).collect();
        for generation in &gone {
            let path = self.path(*generation);
            match std::fs::remove_file(&path) {
                Err(error) if error.kind() != std::io::ErrorKind::NotFound => return Err(KeyError::Io { path, source: error }),
                Ok(()) | Err(_) => generations.remove(generation),
            };
        }
        if !gone.is_empty() {
            sync_directory(&self.directory).map_err(|source| KeyError::Io { path: self.directory.clone(), source })?;
        }
        Ok(gone.into_iter().map(id).collect())
    }
}

/// `kek` is 1, `kek-7` is 7; anything else is no key.
fn generation_of(name: &str) -> Option<u64> {
    match name.strip_prefix("kek")? {
        "" => Some(1),
        rest => rest.strip_prefix('-')?.parse().ok().filter(|number| *number > 1 && rest == format!("-{number}")),
    }
}

fn read(path: &Path) -> Result<DataKey, KeyError> {
    let io = |source| KeyError::Io { path: path.to_owned(), source };
    let mut file = std::fs::File::open(path).map_err(io)?;
    let mode = file.metadata().map_err(io)?.mode() & 0o777;
    if mode & 0o077 != 0 {
        return Err(KeyError::Exposed { path: path.to_owned(), mode });
    }
    let mut bytes = Zeroizing::new(Vec::with_capacity(KEY_BYTES + 1));
    (&mut file).take(KEY_BYTES as u64 + 1).read_to_end(&mut bytes).map_err(io)?;
    DataKey::from_bytes(&bytes).ok_or_else(|| KeyError::Malformed { path: path.to_owned() })
}

/// Makes the key whole or not at all: written beside, synced, then linked to its name, which fails when it is there already.
fn write_new(directory: &Path, path: &Path) -> std::io::Result<()> {
    let key = DataKey::random().map_err(std::io::Error::other)?;
    let beside = directory.join(format!(".kek-{}", uuid::Uuid::new_v4()));
    let mut file = std::fs::OpenOptions::new().write(true).create_new(true).mode(0o600).open(&beside)?;
    file.write_all(key.expose())?;
    file.sync_all()?;
    let linked = std::fs::hard_link(&beside, path);
    std::fs::remove_file(&beside)?;
    match linked {
        Err(error) if error.kind() != std::io::ErrorKind::AlreadyExists => return Err(error),
        Ok(()) | Err(_) => {}
    }
    sync_directory(directory)
}

fn sync_directory(directory: &Path) -> std::io::Result<()> {
    std::fs::File::open(directory)?.sync_all()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn owner(number: u128) -> Owner {
        Owner::Account(vivier_core::id::AccountId::from_uuid(uuid::Uuid::from_u128(number)))
    }

    #[tokio::test]
    async fn the_key_is_made_once_and_refused_when_others_can_read_it() {
        let dir = tempfile::tempdir().expect("a directory");
        let directory = dir.path().join("keys");
        let keys = FileKeys::open(&directory).expect("opened");
        assert!(!directory.exists(), "reading makes nothing");
        let data_key = DataKey::random().expect("a key");
        let wrapped = keys.wrap(owner(1), &data_key).await.expect("wrapped");
        assert_eq!(wrapped.key.as_str(), "file:1");
        let path = directory.join("kek");
        assert_eq!(std::fs::metadata(&path).expect("there").mode() & 0o777, 0o600);
        assert_eq!(std::fs::metadata(&directory).expect("there").mode() & 0o777, 0o700);
        let again = FileKeys::open(&directory).expect("again");
        assert_eq!(again.unwrap(owner(1), &wrapped).await.expect("the same key"), data_key);
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o640)).expect("chmod");
        let error = FileKeys::open(&directory).err().expect("exposed");
        assert!(error.to_string().contains("chmod 600"), "{error}");
    }

    #[tokio::test]
    async fn a_wrapped_key_opens_for_its_owner_by_its_own_generation_and_for_nobody_else() {
        let dir = tempfile::tempdir().expect("a directory");
        let keys = FileKeys::open(dir.path()).expect("opened");
        let data_key = DataKey::random().expect("a key");
        let old = keys.wrap(owner(1), &data_key).await.expect("wrapped");
        assert_eq!(keys.advance().await.expect("the next").as_str(), "file:2");
        let new = keys.rewrap(owner(1), &old).await.expect("wrapped again");
        assert_eq!((new.key.as_str(), keys.current().await.expect("one").as_str()), ("file:2", "file:2"));
        for wrapped in [&old, &new] {
            assert_eq!(keys.unwrap(owner(1), wrapped).await.expect("opens"), data_key);
            assert!(matches!(keys.unwrap(owner(2), wrapped).await, Err(KeyError::Open { .. })), "another owner");
        }
        let lied = Wrapped { key: new.key.clone(), bytes: old.bytes.clone() };
        assert!(matches!(keys.unwrap(owner(1), &lied).await, Err(KeyError::Open { .. })), "another generation");
        for cut in [0, 1, 12, new.bytes.len() - 1] {
            let cut = Wrapped { key: new.key.clone(), bytes: new.bytes[..cut].to_vec() };
            assert!(keys.unwrap(owner(1), &cut).await.is_err());
        }
        assert_eq!(keys.retire(&|key| key.as_str() != "file:1").expect("retired").iter().map(KeyId::as_str).collect::<Vec<_>>(), ["file:1"]);
        assert!(!dir.path().join("kek").exists() && dir.path().join("kek-2").exists());
        let error = keys.unwrap(owner(1), &old).await.expect_err("gone");
        assert!(error.to_string().contains("restore") && error.to_string().contains("kek"), "{error}");
    }

    #[test]
    fn only_files_of_their_names_are_keys() {
        for (name, generation) in [("kek", Some(1)), ("kek-2", Some(2)), ("kek-12", Some(12))] {
            assert_eq!(generation_of(name), generation);
        }
        for name in ["kek-1", "kek-02", "kek-", "kek2", "kek.bak", "kek-2.old", ".kek-x", "other"] {
            assert_eq!(generation_of(name), None, "{name}");
        }
    }
}
