//! Envelope encryption: every account has a data key, every data key is wrapped by the key-encryption key, which is a file that
//! only the daemon can read.
//!
//! AES-256-GCM-SIV with random nonces; what a ciphertext is for (account, deployment, name, version) is associated data, so a
//! ciphertext that was moved to another row does not open. The vault knows nothing of the database.

use std::io::{Read as _, Write as _};
use std::os::unix::fs::{MetadataExt as _, OpenOptionsExt as _, PermissionsExt as _};
use std::path::{Path, PathBuf};

use aws_lc_rs::aead::{AES_256_GCM_SIV, Aad, NONCE_LEN, Nonce, RandomizedNonceKey};
use vivier_core::id::{AccountId, DeploymentId};
use vivier_core::secret::Secret;
use zeroize::Zeroizing;

const KEY_BYTES: usize = 32;
/// The first byte of every ciphertext: which scheme it is of.
const SCHEME: u8 = 1;

#[derive(Debug, thiserror::Error)]
pub enum VaultError {
    #[error("the key file {path} can be read by others (mode {mode:o}); run `chmod 600 {path}` and change every secret that may have been seen")]
    Exposed { path: PathBuf, mode: u32 },
    #[error("the key file {path} does not hold 32 bytes; restore it from your backup: without it no secret can be read")]
    Malformed { path: PathBuf },
    #[error("the key file {path} cannot be read or made")]
    Io {
        path: PathBuf,
        #[source]
        source: std::io::Error,
    },
    /// The ciphertext is not what was sealed under this key for this place.
    #[error("a secret cannot be decrypted: the key file is not the one that it was encrypted with, or the database was altered")]
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

/// The key-encryption key, in memory.
pub struct Vault {
    kek: RandomizedNonceKey,
}

impl std::fmt::Debug for Vault {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Vault")
    }
}

impl Vault {
    /// Opens `<keys>/kek`, or makes it on the first start (directory 0700, file 0600).
    pub fn open(keys: &Path) -> Result<Self, VaultError> {
        let path = keys.join("kek");
        let io = |source| VaultError::Io { path: path.clone(), source };
        if !keys.exists() {
            std::fs::create_dir_all(keys).map_err(io)?;
            std::fs::set_permissions(keys, std::fs::Permissions::from_mode(0o700)).map_err(io)?;
        }
        let mut file = match std::fs::File::open(&path) {
            Ok(file) => file,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
                make(keys, &path).map_err(io)?;
                std::fs::File::open(&path).map_err(io)?
            }
            Err(error) => return Err(io(error)),
        };
        let mode = file.metadata().map_err(io)?.mode() & 0o777;
        if mode & 0o077 != 0 {
            return Err(VaultError::Exposed { path, mode });
        }
        let mut bytes = Zeroizing::new(Vec::with_capacity(KEY_BYTES + 1));
        (&mut file).take(KEY_BYTES as u64 + 1).read_to_end(&mut bytes).map_err(io)?;
        if bytes.len() != KEY_BYTES {
            return Err(VaultError::Malformed { path });
        }
        Ok(Self { kek: key(&bytes)? })
    }

    /// A new data key for `account`, wrapped.
    pub fn new_data_key(&self, account: AccountId) -> Result<Vec<u8>, VaultError> {
        let mut bytes = Zeroizing::new(vec![0; KEY_BYTES]);
        aws_lc_rs::rand::fill(&mut bytes).map_err(|_| VaultError::Seal)?;
        seal(&self.kek, &data_key_place(account), &bytes)
    }

    /// Encrypts `secret` for `place` under the account's `wrapped` data key.
    pub fn seal(&self, wrapped: &[u8], place: &Place<'_>, secret: &Secret) -> Result<Vec<u8>, VaultError> {
        seal(&self.unwrap(wrapped, place.account)?, &place.associated(), secret.expose().as_bytes())
    }

    /// Decrypts what [`Vault::seal`] made for the same place.
    pub fn open_secret(&self, wrapped: &[u8], place: &Place<'_>, ciphertext: &[u8]) -> Result<Secret, VaultError> {
        let bytes = open(&self.unwrap(wrapped, place.account)?, &place.associated(), ciphertext)?;
        std::str::from_utf8(&bytes).map(Secret::new).map_err(|_| VaultError::Open)
    }

    /// Encrypts something of the platform's own, such as the key of the edge's cookies, under the key-encryption key itself.
    pub fn seal_platform(&self, name: &str, plain: &[u8]) -> Result<Vec<u8>, VaultError> {
        seal(&self.kek, &platform_place(name), plain)
    }

    pub fn open_platform(&self, name: &str, ciphertext: &[u8]) -> Result<Zeroizing<Vec<u8>>, VaultError> {
        open(&self.kek, &platform_place(name), ciphertext)
    }

    fn unwrap(&self, wrapped: &[u8], account: AccountId) -> Result<RandomizedNonceKey, VaultError> {
        key(&open(&self.kek, &data_key_place(account), wrapped)?)
    }
}

fn data_key_place(account: AccountId) -> Vec<u8> {
    format!("vivier/data-key/1\n{account}").into_bytes()
}

fn platform_place(name: &str) -> Vec<u8> {
    format!("vivier/platform/1\n{name}").into_bytes()
}

fn key(bytes: &[u8]) -> Result<RandomizedNonceKey, VaultError> {
    RandomizedNonceKey::new(&AES_256_GCM_SIV, bytes).map_err(|_| VaultError::Open)
}

fn seal(key: &RandomizedNonceKey, associated: &[u8], plain: &[u8]) -> Result<Vec<u8>, VaultError> {
    let mut sealed = plain.to_vec();
    let nonce = key.seal_in_place_append_tag(Aad::from(associated), &mut sealed).map_err(|_| VaultError::Seal)?;
    let mut out = Vec::with_capacity(1 + NONCE_LEN + sealed.len());
    out.push(SCHEME);
    out.extend_from_slice(nonce.as_ref());
    out.append(&mut sealed);
    Ok(out)
}

fn open(key: &RandomizedNonceKey, associated: &[u8], ciphertext: &[u8]) -> Result<Zeroizing<Vec<u8>>, VaultError> {
    let (&SCHEME, rest) = ciphertext.split_first().ok_or(VaultError::Open)? else { return Err(VaultError::Open) };
    let (nonce, sealed) = rest.split_at_checked(NONCE_LEN).ok_or(VaultError::Open)?;
    let nonce = Nonce::try_assume_unique_for_key(nonce).map_err(|_| VaultError::Open)?;
    let mut bytes = Zeroizing::new(sealed.to_vec());
    let length = key.open_in_place(nonce, Aad::from(associated), &mut bytes).map_err(|_| VaultError::Open)?.len();
    bytes.truncate(length);
    Ok(bytes)
}

/// Makes the key whole or not at all: written beside, synced, then linked to its name, which fails when it is there already.
fn make(keys: &Path, path: &Path) -> std::io::Result<()> {
    let mut bytes = Zeroizing::new([0u8; KEY_BYTES]);
    aws_lc_rs::rand::fill(bytes.as_mut()).map_err(|_| std::io::Error::other("no randomness"))?;
    let beside = keys.join(format!(".kek-{}", uuid::Uuid::new_v4()));
    let mut file = std::fs::OpenOptions::new().write(true).create_new(true).mode(0o600).open(&beside)?;
    file.write_all(bytes.as_ref())?;
    file.sync_all()?;
    let linked = std::fs::hard_link(&beside, path);
    std::fs::remove_file(&beside)?;
    match linked {
        Err(error) if error.kind() != std::io::ErrorKind::AlreadyExists => return Err(error),
        Ok(()) | Err(_) => {}
    }
    std::fs::File::open(keys)?.sync_all()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn vault() -> (Vault, tempfile::TempDir) {
        let dir = tempfile::tempdir().expect("a directory");
        (Vault::open(&dir.path().join("keys")).expect("a vault"), dir)
    }

    fn place(name: &str, version: u64) -> Place<'_> {
        let id = uuid::Uuid::from_u128(7);
        Place { account: AccountId::from_uuid(id), deployment: DeploymentId::from_uuid(id), name, version }
    }

    #[test]
    fn a_secret_opens_at_its_own_place_and_nowhere_else() {
        let (vault, _dir) = vault();
        let wrapped = vault.new_data_key(place("", 0).account).expect("a key");
        let sealed = vault.seal(&wrapped, &place("a", 1), &Secret::new("hunter2")).expect("sealed");
        assert!(!sealed.windows(7).any(|window| window == b"hunter2"));
        assert_eq!(vault.open_secret(&wrapped, &place("a", 1), &sealed).expect("opens").expose(), "hunter2");
        assert!(vault.open_secret(&wrapped, &place("a", 2), &sealed).is_err(), "another version");
        assert!(vault.open_secret(&wrapped, &place("b", 1), &sealed).is_err(), "another name");
        let other = AccountId::from_uuid(uuid::Uuid::from_u128(8));
        assert!(vault.open_secret(&wrapped, &Place { account: other, ..place("a", 1) }, &sealed).is_err(), "another account");
        for cut in [0, 1, 12, sealed.len() - 1] {
            assert!(vault.open_secret(&wrapped, &place("a", 1), &sealed[..cut]).is_err());
        }
    }

    #[test]
    fn the_key_is_made_once_and_refused_when_others_can_read_it() {
        let (vault, dir) = vault();
        let keys = dir.path().join("keys");
        let path = keys.join("kek");
        assert_eq!(std::fs::metadata(&path).expect("there").mode() & 0o777, 0o600);
        assert_eq!(std::fs::metadata(&keys).expect("there").mode() & 0o777, 0o700);
        let sealed = vault.seal_platform("x", b"y").expect("sealed");
        assert_eq!(&*Vault::open(&keys).expect("again").open_platform("x", &sealed).expect("the same key"), b"y");
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o640)).expect("chmod");
        let error = Vault::open(&keys).expect_err("exposed");
        assert!(error.to_string().contains("chmod 600"), "{error}");
    }
}
