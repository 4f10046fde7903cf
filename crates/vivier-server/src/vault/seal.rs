//! The cipher: AES-256-GCM-SIV with random nonces, and what a ciphertext is for as associated data.

use aws_lc_rs::aead::{AES_256_GCM_SIV, Aad, NONCE_LEN, Nonce, RandomizedNonceKey};
use zeroize::Zeroizing;

use crate::keys::DataKey;

/// The first byte of a ciphertext: which scheme it is of.
const SCHEME: u8 = 1;

/// `None` when there is no randomness.
pub(crate) fn seal(key: &DataKey, associated: &[u8], plain: &[u8]) -> Option<Vec<u8>> {
    let key = RandomizedNonceKey::new(&AES_256_GCM_SIV, key.expose()).ok()?;
    let mut sealed = Vec::with_capacity(plain.len() + 16);
    sealed.extend_from_slice(plain);
    let nonce = key.seal_in_place_append_tag(Aad::from(associated), &mut sealed).ok()?;
    let mut out = Vec::with_capacity(1 + NONCE_LEN + sealed.len());
    out.push(SCHEME);
    out.extend_from_slice(nonce.as_ref());
    out.append(&mut sealed);
    Some(out)
}

/// `None` when this is not what was sealed under this key with this associated data.
pub(crate) fn open(key: &DataKey, associated: &[u8], ciphertext: &[u8]) -> Option<Zeroizing<Vec<u8>>> {
    let key = RandomizedNonceKey::new(&AES_256_GCM_SIV, key.expose()).ok()?;
    let (&SCHEME, rest) = ciphertext.split_first()? else { return None };
    let (nonce, sealed) = rest.split_at_checked(NONCE_LEN)?;
    let nonce = Nonce::try_assume_unique_for_key(nonce).ok()?;
    let mut bytes = Zeroizing::new(sealed.to_vec());
    let length = key.open_in_place(nonce, Aad::from(associated), &mut bytes).ok()?.len();
    bytes.truncate(length);
    Some(bytes)
}
