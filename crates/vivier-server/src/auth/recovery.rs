//! Recovery codes: each stands in for the second factor once. 80 random bits, so that their SHA-256 cannot be turned back.

use aws_lc_rs::rand;
use sha2::{Digest as _, Sha256};
use vivier_core::secret::Secret;
use zeroize::Zeroizing;

/// How many there are.
pub const COUNT: usize = 10;
/// Crockford's letters: none looks like another.
const LETTERS: &[u8; 32] = b"0123456789abcdefghjkmnpqrstvwxyz";
const LENGTH: usize = 16;

/// New codes, such as `4xk2-9dmp-…`, and what is kept of them.
pub fn new_codes() -> (Vec<Secret>, Vec<[u8; 32]>) {
    (0..COUNT).map(|_| new_code()).unzip()
}

fn new_code() -> (Secret, [u8; 32]) {
    let mut bytes = Zeroizing::new([0u8; LENGTH]);
    rand::fill(bytes.as_mut()).expect("the kernel's random source answers once it is seeded, which is before any process of ours");
    let letters: Zeroizing<Vec<u8>> = Zeroizing::new(bytes.iter().map(|byte| LETTERS[usize::from(byte & 31)]).collect());
    let groups: Vec<String> = letters.chunks(4).map(|group| String::from_utf8_lossy(group).into_owned()).collect();
    (Secret::new(groups.join("-")), Sha256::digest(letters.as_slice()).into())
}

/// What is kept of a code, however it was typed; `None` when it can be none.
pub fn digest(code: &str) -> Option<[u8; 32]> {
    let mut letters = Zeroizing::new(Vec::with_capacity(LENGTH));
    for letter in code.chars().filter(|letter| !letter.is_whitespace() && *letter != '-') {
        let letter = match letter.to_ascii_lowercase() {
            'o' => '0',
            'i' | 'l' => '1',
            other => other,
        };
        let byte = u8::try_from(letter).ok().filter(|byte| LETTERS.contains(byte))?;
        if letters.len() == LENGTH {
            return None;
        }
        letters.push(byte);
    }
    (letters.len() == LENGTH).then(|| Sha256::digest(letters.as_slice()).into())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_code_is_known_however_it_is_typed_and_nothing_else_is_a_code() {
        let (codes, digests) = new_codes();
        assert_eq!((codes.len(), digests.len()), (COUNT, COUNT));
        for (code, kept) in codes.iter().zip(&digests) {
            let text = code.expose();
            assert_eq!(text.len(), 19);
            for typed in [text.to_owned(), text.to_uppercase(), text.replace('-', ""), text.replace('-', " ").replace('0', "O").replace('1', "l")] {
                assert_eq!(digest(&typed).as_ref(), Some(kept), "{typed}");
            }
            assert_eq!(digest(&format!("{text}0")), None);
            assert_eq!(digest(&text[1..]), None);
        }
        assert_eq!(digest("123456"), None);
        assert_ne!(digests[0], digests[1]);
    }
}
