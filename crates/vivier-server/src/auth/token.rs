//! Opaque tokens: 256 random bits each, of which only the SHA-256 is ever kept.

use base64::Engine as _;
use sha2::{Digest as _, Sha256};
use vivier_core::secret::Secret;
use zeroize::Zeroizing;

/// What every API token begins with, so that secret scanners know one.
pub const API_PREFIX: &str = "viv_";
/// Characters of an API token that may be shown, to tell tokens apart.
const HINT: usize = API_PREFIX.len() + 8;

fn random() -> Zeroizing<[u8; 32]> {
    let mut bytes = Zeroizing::new([0u8; 32]);
    aws_lc_rs::rand::fill(bytes.as_mut()).expect("the kernel's random source answers once it is seeded, which is before any process of ours");
    bytes
}

/// What is kept instead of a token.
pub fn digest(token: &str) -> [u8; 32] {
    Sha256::digest(token.as_bytes()).into()
}

/// For a session's cookie, a one-time code, the operator's link.
pub fn opaque() -> Secret {
    Secret::new(base64::engine::general_purpose::URL_SAFE_NO_PAD.encode(random().as_ref()))
}

/// An API token, and its hint.
pub fn api() -> (Secret, String) {
    let text = format!("{API_PREFIX}{}", hex::encode(random().as_ref()));
    let hint = text[..HINT].to_owned();
    (Secret::new(text), hint)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tokens_differ_and_their_hints_tell_little() {
        let ((one, hint), (other, _)) = (api(), api());
        assert_ne!(one.expose(), other.expose());
        assert_eq!(one.expose().len(), 68);
        assert!(one.expose().starts_with(&hint) && hint.len() == 12);
        assert_eq!(opaque().expose().len(), 43);
    }
}
