//! Envelope encryption: every account has a data key, and so has the platform; every data key is wrapped by a key-encryption key
//! (see [`crate::keys`]).
//!
//! What a ciphertext is for (account, deployment, name, version) is associated data, so a ciphertext that was moved to another row
//! does not open. Data keys are kept in memory once they have been unwrapped: whoever wraps them is asked once for each, and may be
//! away for a while. The vault knows nothing of the database.

pub(crate) mod seal;

use std::collections::HashMap;
use std::path::Path;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use vivier_core::id::{AccountId, DeploymentId};
use vivier_core::secret::Secret;
use zeroize::Zeroizing;

use crate::keys::{DataKey, KeyError, KeyRing, KeySettings, Owner, Wrapped};

/// Data keys that are kept in memory: a few hundred bytes each.
const MOST_KEPT: usize = 10_000;

#[derive(Debug, thiserror::Error)]
pub enum VaultError {
    #[error(transparent)]
    Key(#[from] KeyError),
    /// The ciphertext is not what was sealed under this key for this place.
    #[error("a secret cannot be decrypted: its data key is not the one that it was encrypted with, or the database was altered")]
    Open,
    #[error("a secret cannot be encrypted")]
    Seal,
}

/// What a secret is for: bound to its ciphertext.
#[derive(Clone, Copy, Debug)]
pub struct Place<'a> {
    pub account: AccountId,
    pub deployment: DeploymentId,
    pub name: &'a str,
    pub version: u64,
}

impl Place<'_> {
    fn associated(&self) -> Vec<u8> {
        let Self { account, deployment, name, version } = self;
        format!("vivier/secret/1\n{account}\n{deployment}\n{name}\n{version}").into_bytes()
    }
}

/// The ring of key-encryption keys, and the data keys that are in use.
pub struct Vault {
    ring: KeyRing,
    kept: Mutex<Kept>,
}

#[derive(Default)]
struct Kept {
    keys: HashMap<Owner, (Arc<DataKey>, u64)>,
    /// Counts the uses: the key that was used longest ago makes room.
    uses: u64,
}

impl std::fmt::Debug for Vault {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Vault")
    }
}

impl Vault {
    pub fn new(ring: KeyRing) -> Self {
        Self { ring, kept: Mutex::default() }
    }

    /// With key-encryption keys in files of `keys`.
    ///
    /// # Errors
    /// When a key file cannot be used.
    pub fn open(keys: &Path) -> Result<Self, VaultError> {
        Ok(Self::new(KeyRing::open(keys, &KeySettings::default())?))
    }

    pub const fn ring(&self) -> &KeyRing {
        &self.ring
    }

    fn kept(&self) -> MutexGuard<'_, Kept> {
        // Whatever another thread was doing when it panicked, each entry is whole.
        self.kept.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The owner's data key, if it is in memory.
    pub(crate) fn known(&self, owner: Owner) -> Option<Arc<DataKey>> {
        let mut kept = self.kept();
        kept.uses += 1;
        let now = kept.uses;
        let (key, used) = kept.keys.get_mut(&owner)?;
        *used = now;
        Some(key.clone())
    }

    /// Unwraps the owner's data key and keeps it in memory.
    pub(crate) async fn unwrap(&self, owner: Owner, wrapped: &Wrapped) -> Result<Arc<DataKey>, VaultError> {
        match self.ring.unwrap(owner, wrapped).await {
            Ok(key) => Ok(self.keep(owner, key)),
            Err(error) => {
                metrics::counter!("vivier_key_failures_total", "reason" => error.reason()).increment(1);
                Err(error.into())
            }
        }
    }

    fn keep(&self, owner: Owner, key: DataKey) -> Arc<DataKey> {
        let mut kept = self.kept();
        kept.uses += 1;
        let (key, now) = (Arc::new(key), kept.uses);
        if kept.keys.len() >= MOST_KEPT
            && let Some(oldest) = kept.keys.iter().filter(|(owner, _)| **owner != Owner::Platform).min_by_key(|(_, (_, used))| *used).map(|(owner, _)| *owner)
        {
            kept.keys.remove(&oldest);
        }
        kept.keys.insert(owner, (key.clone(), now));
        key
    }
}

/// Encrypts `secret` for `place` under the account's data key.
pub fn seal_secret(key: &DataKey, place: &Place<'_>, secret: &Secret) -> Result<Vec<u8>, VaultError> {
    seal::seal(key, &place.associated(), secret.expose().as_bytes()).ok_or(VaultError::Seal)
}

/// Decrypts what [`seal_secret`] made for the same place.
pub fn open_secret(key: &DataKey, place: &Place<'_>, ciphertext: &[u8]) -> Result<Secret, VaultError> {
    let bytes = seal::open(key, &place.associated(), ciphertext).ok_or(VaultError::Open)?;
    std::str::from_utf8(&bytes).map(Secret::new).map_err(|_| VaultError::Open)
}

/// Encrypts something of the platform's own, such as the key of the edge's cookies, under the platform's data key.
pub fn seal_platform(key: &DataKey, name: &str, plain: &[u8]) -> Result<Vec<u8>, VaultError> {
    seal::seal(key, &platform_place(name), plain).ok_or(VaultError::Seal)
}

/// Decrypts what [`seal_platform`] made for the same name.
pub fn open_platform(key: &DataKey, name: &str, ciphertext: &[u8]) -> Result<Zeroizing<Vec<u8>>, VaultError> {
    seal::open(key, &platform_place(name), ciphertext).ok_or(VaultError::Open)
}

/// Encrypts something that belongs to the key's owner, such as a message in a ticket, for the one place that it is kept at.
pub fn seal_for(key: &DataKey, place: &str, plain: &[u8]) -> Result<Vec<u8>, VaultError> {
    seal::seal(key, format!("vivier/kept/1\n{place}").as_bytes(), plain).ok_or(VaultError::Seal)
}

/// Decrypts what [`seal_for`] made for the same place.
pub fn open_for(key: &DataKey, place: &str, ciphertext: &[u8]) -> Result<Zeroizing<Vec<u8>>, VaultError> {
    seal::open(key, format!("vivier/kept/1\n{place}").as_bytes(), ciphertext).ok_or(VaultError::Open)
}

/// What is bound to a value of the platform's own.
pub(crate) fn platform_place(name: &str) -> Vec<u8> {
    format!("vivier/platform/1\n{name}").into_bytes()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn place(name: &str, version: u64) -> Place<'_> {
        let id = uuid::Uuid::from_u128(7);
        Place { account: AccountId::from_uuid(id), deployment: DeploymentId::from_uuid(id), name, version }
    }

    #[test]
    fn a_secret_opens_at_its_own_place_and_nowhere_else() {
        let key = DataKey::random().expect("a key");
        let sealed = seal_secret(&key, &place("a", 1), &Secret::new("hunter2")).expect("sealed");
        assert!(!sealed.windows(7).any(|window| window == b"hunter2"));
        assert_eq!(open_secret(&key, &place("a", 1), &sealed).expect("opens").expose(), "hunter2");
        assert!(open_secret(&key, &place("a", 2), &sealed).is_err(), "another version");
        assert!(open_secret(&key, &place("b", 1), &sealed).is_err(), "another name");
        let other = AccountId::from_uuid(uuid::Uuid::from_u128(8));
        assert!(open_secret(&key, &Place { account: other, ..place("a", 1) }, &sealed).is_err(), "another account");
        assert!(open_secret(&DataKey::random().expect("a key"), &place("a", 1), &sealed).is_err(), "another key");
        for cut in [0, 1, 12, sealed.len() - 1] {
            assert!(open_secret(&key, &place("a", 1), &sealed[..cut]).is_err());
        }
    }

    #[tokio::test]
    async fn keys_in_memory_are_bounded_and_the_platforms_stays() {
        let dir = tempfile::tempdir().expect("a directory");
        let vault = Vault::open(dir.path()).expect("a vault");
        let owner = |number: usize| Owner::Account(AccountId::from_uuid(uuid::Uuid::from_u128(number as u128)));
        let key = || DataKey::random().expect("a key");
        vault.keep(Owner::Platform, key());
        for number in 0..MOST_KEPT + 5 {
            vault.keep(owner(number), key());
        }
        assert_eq!(vault.kept().keys.len(), MOST_KEPT);
        assert!(vault.known(Owner::Platform).is_some() && vault.known(owner(0)).is_none() && vault.known(owner(MOST_KEPT)).is_some());
    }
}
