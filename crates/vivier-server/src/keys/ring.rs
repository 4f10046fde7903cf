//! Every key-encryption key that this installation can use: one kind wraps, and each that has wrapped something can unwrap it.

use std::path::{Path, PathBuf};
use std::sync::{Arc, PoisonError, RwLock};

use zeroize::Zeroizing;

use super::aws::AwsKms;
use super::file::FileKeys;
use super::transit::Transit;
use super::{DataKey, KeyEncryption, KeyError, KeyId, KeyKind, KeySettings, Owner, Wrapped};

/// The kinds that are set up. What wraps can be changed while it is used.
pub struct KeyRing {
    directory: PathBuf,
    kinds: RwLock<Arc<Kinds>>,
    /// Held for reading from before a key is wrapped until it is stored, and for writing while old keys are taken away: nothing is
    /// ever stored that was wrapped by a key that is gone.
    gate: tokio::sync::RwLock<()>,
    /// What wrapped last: for the metrics, which ask nobody.
    last: RwLock<Option<KeyId>>,
    /// One rotation at a time.
    turn: tokio::sync::Mutex<()>,
}

struct Kinds {
    settings: KeySettings,
    /// Always there: it reads what was wrapped before another kind was set up.
    file: Arc<FileKeys>,
    others: Vec<Arc<dyn KeyEncryption>>,
}

impl Kinds {
    fn open(directory: &Path, settings: &KeySettings, file: Option<Arc<FileKeys>>) -> Result<Self, KeyError> {
        let file = match file {
            Some(file) => file,
            None => Arc::new(FileKeys::open(directory)?),
        };
        let mut others: Vec<Arc<dyn KeyEncryption>> = Vec::new();
        if let Some(vault) = &settings.vault {
            others.push(Arc::new(Transit::open(vault)?));
        }
        if let Some(kms) = &settings.aws_kms {
            others.push(Arc::new(AwsKms::open(kms)?));
        }
        let kinds = Self { settings: settings.clone(), file, others };
        kinds.of(settings.kind)?;
        Ok(kinds)
    }

    fn of(&self, kind: KeyKind) -> Result<Arc<dyn KeyEncryption>, KeyError> {
        if kind == KeyKind::File {
            return Ok(self.file.clone());
        }
        let found = self.others.iter().find(|other| other.kind() == kind).cloned();
        found.ok_or_else(|| KeyError::Settings(format!("kind = \"{0}\" needs the section [server.keys.{0}]", kind.as_str())))
    }

    /// Whoever can unwrap what `key` has wrapped.
    fn holder(&self, key: &KeyId) -> Result<Arc<dyn KeyEncryption>, KeyError> {
        if self.file.holds(key) {
            return Ok(self.file.clone());
        }
        self.others.iter().find(|other| other.holds(key)).cloned().ok_or_else(|| self.missing(key, 1))
    }

    fn missing(&self, key: &KeyId, count: u64) -> KeyError {
        match KeyKind::ALL.into_iter().find(|kind| key.of(*kind).is_some()) {
            Some(KeyKind::File) => self.file.missing(key, count),
            Some(kind @ (KeyKind::Vault | KeyKind::AwsKms)) => {
                let remedy = format!("set up [server.keys.{}] as it was when they were wrapped", kind.as_str());
                KeyError::Missing { key: key.clone(), count, remedy }
            }
            None => KeyError::Missing { key: key.clone(), count, remedy: "a newer Vivier may have wrapped them; go back to it".to_owned() },
        }
    }
}

impl KeyRing {
    /// The files in `directory`, and what else is set up.
    ///
    /// # Errors
    /// When a key file cannot be used, or a setting cannot be.
    pub fn open(directory: &Path, settings: &KeySettings) -> Result<Self, KeyError> {
        let kinds = Kinds::open(directory, settings, None)?;
        Ok(Self {
            directory: directory.to_owned(),
            kinds: RwLock::new(Arc::new(kinds)),
            gate: tokio::sync::RwLock::default(),
            last: RwLock::default(),
            turn: tokio::sync::Mutex::default(),
        })
    }

    fn kinds(&self) -> Arc<Kinds> {
        self.kinds.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    fn active(&self) -> Result<Arc<dyn KeyEncryption>, KeyError> {
        let kinds = self.kinds();
        kinds.of(kinds.settings.kind)
    }

    /// Uses other settings from now on, if a key can be wrapped and unwrapped with them. Those in force already change nothing.
    ///
    /// # Errors
    /// When a setting cannot be, or the kind that is to wrap does not work: the settings from before stay.
    pub async fn adopt(&self, settings: &KeySettings) -> Result<(), KeyError> {
        let before = self.kinds();
        if before.settings == *settings {
            return Ok(());
        }
        let fresh = Arc::new(Kinds::open(&self.directory, settings, Some(before.file.clone()))?);
        let active = fresh.of(settings.kind)?;
        let probe = DataKey::random()?;
        let wrapped = active.wrap(Owner::Platform, &probe).await?;
        if active.unwrap(Owner::Platform, &wrapped).await? != probe {
            return Err(KeyError::Open { owner: Owner::Platform, key: wrapped.key });
        }
        *self.kinds.write().unwrap_or_else(PoisonError::into_inner) = fresh;
        Ok(())
    }

    /// The key that a wrap is made with now.
    pub async fn current(&self) -> Result<KeyId, KeyError> {
        let current = self.active()?.current().await?;
        *self.last.write().unwrap_or_else(PoisonError::into_inner) = Some(current.clone());
        Ok(current)
    }

    /// What [`KeyRing::current`] said last, without asking anybody.
    pub fn remembered(&self) -> Option<KeyId> {
        self.last.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Wraps with the current key. Hold [`KeyRing::storing`] from before this call until it is stored.
    pub async fn wrap(&self, owner: Owner, key: &DataKey) -> Result<Wrapped, KeyError> {
        self.active()?.wrap(owner, key).await
    }

    pub async fn unwrap(&self, owner: Owner, wrapped: &Wrapped) -> Result<DataKey, KeyError> {
        self.kinds().holder(&wrapped.key)?.unwrap(owner, wrapped).await
    }

    /// Wraps with the current key what any of the keys has wrapped.
    pub async fn rewrap(&self, owner: Owner, wrapped: &Wrapped) -> Result<Wrapped, KeyError> {
        let kinds = self.kinds();
        let (from, to) = (kinds.holder(&wrapped.key)?, kinds.of(kinds.settings.kind)?);
        if from.kind() == to.kind() {
            return to.rewrap(owner, wrapped).await;
        }
        to.wrap(owner, &from.unwrap(owner, wrapped).await?).await
    }

    /// See [`KeyEncryption::advance`].
    pub async fn advance(&self) -> Result<KeyId, KeyError> {
        self.active()?.advance().await
    }

    /// See [`KeyEncryption::tells_generations`].
    pub fn tells_generations(&self) -> Result<bool, KeyError> {
        Ok(self.active()?.tells_generations())
    }

    /// Whether everything that is wrapped by `key` could be unwrapped, as far as can be said here.
    ///
    /// # Errors
    /// [`KeyError::Missing`], with what to do.
    pub fn check(&self, key: &KeyId, count: u64) -> Result<(), KeyError> {
        let kinds = self.kinds();
        kinds.holder(key).map(drop).map_err(|_| kinds.missing(key, count))
    }

    /// Takes away the old generations for which `is_needed` says no. Hold [`KeyRing::alone`].
    ///
    /// # Errors
    /// When a file cannot be removed.
    pub fn retire(&self, current: &KeyId, is_needed: &dyn Fn(&KeyId) -> bool) -> Result<Vec<KeyId>, KeyError> {
        self.kinds().file.retire(&|key| key == current || is_needed(key))
    }

    /// Nobody takes keys away while this is held.
    pub async fn storing(&self) -> tokio::sync::RwLockReadGuard<'_, ()> {
        self.gate.read().await
    }

    /// Nothing that is wrapped waits to be stored while this is held.
    pub async fn alone(&self) -> tokio::sync::RwLockWriteGuard<'_, ()> {
        self.gate.write().await
    }

    /// The turn to rotate.
    pub async fn turn(&self) -> tokio::sync::MutexGuard<'_, ()> {
        self.turn.lock().await
    }

    /// See [`FileKeys::open_of_before`].
    pub(crate) fn open_of_before(&self, place: &[u8], ciphertext: &[u8]) -> Result<Zeroizing<Vec<u8>>, KeyError> {
        self.kinds().file.open_of_before(place, ciphertext)
    }
}
