//! Passwords: argon2id, at a bounded concurrency, so that a crowd of sign-ins cannot take the machine's memory.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use argon2::password_hash::phc::PasswordHash;
use argon2::{Algorithm, Argon2, Params, PasswordHasher as _, PasswordVerifier as _, Version};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use vivier_core::secret::Secret;

/// The shortest and longest password, in characters.
pub const LENGTH: std::ops::RangeInclusive<usize> = 10..=256;

/// OWASP's Password Storage Cheat Sheet (2026): argon2id with 19 MiB, two passes, one lane.
const MEMORY_KIB: u32 = 19 * 1024;
const PASSES: u32 = 2;
const LANES: u32 = 1;

/// Sign-ins that may wait for their turn; one more is told to come back.
const MOST_WAITING: usize = 64;

/// What an unknown address is checked against: the same work, and never a match that counts.
const DECOY: &str = "$argon2id$v=19$m=19456,t=2,p=1$dml2aWVyZGVjb3lzYWx0IQ$ZGVjb3lkZWNveWRlY295ZGVjb3lkZWNveWRlY295ISE";

/// Too many are waiting already.
#[derive(Debug, thiserror::Error)]
#[error("too many passwords are being checked at this moment")]
pub struct Busy;

/// Hashes and checks passwords.
pub struct Passwords {
    turns: Arc<Semaphore>,
    waiting: AtomicUsize,
}

struct Waiting<'a>(&'a AtomicUsize);

impl Drop for Waiting<'_> {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::SeqCst);
    }
}

fn argon2() -> Argon2<'static> {
    Argon2::new(Algorithm::Argon2id, Version::V0x13, Params::new(MEMORY_KIB, PASSES, LANES, None).expect("the parameters above are within argon2's bounds"))
}

impl Default for Passwords {
    fn default() -> Self {
        Self::new()
    }
}

impl Passwords {
    pub fn new() -> Self {
        let turns = std::thread::available_parallelism().map_or(2, std::num::NonZero::get).clamp(1, 4);
        Self { turns: Arc::new(Semaphore::new(turns)), waiting: AtomicUsize::new(0) }
    }

    async fn turn(&self) -> Result<OwnedSemaphorePermit, Busy> {
        let before = self.waiting.fetch_add(1, Ordering::SeqCst);
        let _waiting = Waiting(&self.waiting);
        if before >= MOST_WAITING {
            return Err(Busy);
        }
        self.turns.clone().acquire_owned().await.map_err(|_| Busy)
    }

    /// A PHC string of `password` with a random salt.
    pub async fn hash(&self, password: Secret) -> Result<String, Busy> {
        let turn = self.turn().await?;
        let hashed = tokio::task::spawn_blocking(move || {
            let _turn = turn;
            argon2().hash_password(password.expose().as_bytes()).map(|hash| hash.to_string())
        });
        match hashed.await {
            Ok(Ok(text)) => Ok(text),
            Ok(Err(error)) => {
                tracing::error!(%error, "a password cannot be hashed");
                Err(Busy)
            }
            Err(error) => {
                tracing::error!(%error, "a password cannot be hashed");
                Err(Busy)
            }
        }
    }

    /// Whether `password` is the one that `hash` was made of. Without a hash (nobody has this address) the work is the same,
    /// and the answer is no.
    pub async fn verify(&self, password: Secret, hash: Option<String>) -> Result<bool, Busy> {
        let turn = self.turn().await?;
        let known = hash.is_some();
        let hash = hash.unwrap_or_else(|| DECOY.to_owned());
        let checked = tokio::task::spawn_blocking(move || {
            let _turn = turn;
            PasswordHash::new(&hash).is_ok_and(|hash| argon2().verify_password(password.expose().as_bytes(), &hash).is_ok())
        });
        match checked.await {
            Ok(holds) => Ok(holds && known),
            Err(error) => {
                tracing::error!(%error, "a password cannot be checked");
                Err(Busy)
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_password_matches_its_own_hash_and_no_other() {
        let passwords = Passwords::new();
        let hash = passwords.hash(Secret::new("correct horse")).await.expect("hashed");
        assert!(hash.starts_with("$argon2id$v=19$m=19456,t=2,p=1$"), "{hash}");
        assert!(passwords.verify(Secret::new("correct horse"), Some(hash.clone())).await.expect("checked"));
        assert!(!passwords.verify(Secret::new("battery staple"), Some(hash)).await.expect("checked"));
        assert!(!passwords.verify(Secret::new("correct horse"), None).await.expect("checked"));
    }

    #[test]
    fn the_decoy_costs_what_a_real_hash_costs() {
        let decoy = PasswordHash::new(DECOY).expect("the decoy is a PHC string");
        assert_eq!(decoy.params.get_decimal("m"), Some(MEMORY_KIB));
        assert_eq!(decoy.params.get_decimal("t"), Some(PASSES));
        assert!(decoy.hash.is_some() && decoy.salt.is_some());
    }
}
