//! What makes the audit log a chain: the canonical encoding of a row, its hash over the row before it, and the seal of the end.
//!
//! Pure, and written so that somebody else can compute it too (docs/how-to/audit.md says it in words):
//!
//! - A text is its length as four bytes, most significant first, and its UTF-8; one that may be absent has a byte 0 or 1 before it.
//!   Numbers are eight bytes, most significant first. Every kind of digest begins with a line that says which it is.
//! - Actor, origin and detail are in the hash only by a salted commitment: when the salt is destroyed with them, nothing can be found
//!   out about them any more by guessing, and the chain holds all the same.

use sha2::{Digest as _, Sha256};
use zeroize::Zeroizing;

/// Bytes of a digest, a salt and the seal's key.
pub const BYTES: usize = 32;

pub type Hash = [u8; BYTES];

/// What may be made unreadable.
#[derive(Clone, Copy, Debug)]
pub struct Personal<'a> {
    pub actor: &'a str,
    pub origin: Option<&'a str>,
    pub detail: &'a str,
}

/// What stays readable for ever: ids, words of our own, numbers.
#[derive(Clone, Copy, Debug)]
pub struct Lasting<'a> {
    pub seq: i64,
    pub id: &'a str,
    pub at: i64,
    pub account: Option<&'a str>,
    pub user: Option<&'a str>,
    pub action: &'a str,
    pub subject: &'a str,
    pub outcome: &'a str,
}

struct Encoder(Sha256);

impl Encoder {
    fn new(kind: &str) -> Self {
        Self(Sha256::new()).raw(format!("vivier/audit/{kind}/1\n").as_bytes())
    }

    fn raw(mut self, bytes: &[u8]) -> Self {
        self.0.update(bytes);
        self
    }

    fn text(self, text: &str) -> Self {
        let length = u32::try_from(text.len()).unwrap_or(u32::MAX);
        self.raw(&length.to_be_bytes()).raw(text.as_bytes())
    }

    fn maybe(self, text: Option<&str>) -> Self {
        match text {
            None => self.raw(&[0]),
            Some(text) => self.raw(&[1]).text(text),
        }
    }

    fn number(self, number: i64) -> Self {
        self.raw(&number.to_be_bytes())
    }

    fn finish(self) -> Hash {
        self.0.finalize().into()
    }
}

/// What stands for the readable part in the row's hash.
pub fn commitment(salt: &[u8], personal: Personal<'_>) -> Hash {
    let Personal { actor, origin, detail } = personal;
    Encoder::new("personal").raw(salt).text(actor).maybe(origin).text(detail).finish()
}

/// The hash of the row that follows the one whose hash is `before`.
pub fn link(before: &[u8], lasting: Lasting<'_>, commitment: &[u8]) -> Hash {
    let Lasting { seq, id, at, account, user, action, subject, outcome } = lasting;
    let row = Encoder::new("row").raw(before).number(seq).text(id).number(at).maybe(account).maybe(user);
    row.text(action).text(subject).text(outcome).raw(commitment).finish()
}

/// What the first row follows.
pub fn genesis(chain: &str) -> Hash {
    Encoder::new("genesis").text(chain).finish()
}

/// The key of the seal: it lives in the database only wrapped.
pub struct SealKey(Zeroizing<Vec<u8>>);

impl SealKey {
    pub const fn new(bytes: Zeroizing<Vec<u8>>) -> Self {
        Self(bytes)
    }

    fn message(chain: &str, seq: i64, hash: &[u8]) -> Vec<u8> {
        let length = u32::try_from(chain.len()).unwrap_or(u32::MAX);
        [b"vivier/audit/head/1\n".as_slice(), &length.to_be_bytes(), chain.as_bytes(), &seq.to_be_bytes(), hash].concat()
    }

    fn key(&self) -> aws_lc_rs::hmac::Key {
        aws_lc_rs::hmac::Key::new(aws_lc_rs::hmac::HMAC_SHA256, &self.0)
    }

    /// Says that the chain ends here.
    pub fn seal(&self, chain: &str, seq: i64, hash: &[u8]) -> Vec<u8> {
        aws_lc_rs::hmac::sign(&self.key(), &Self::message(chain, seq, hash)).as_ref().to_vec()
    }

    /// Whether we have said so. In constant time.
    pub fn is_ours(&self, chain: &str, seq: i64, hash: &[u8], seal: &[u8]) -> bool {
        aws_lc_rs::hmac::verify(&self.key(), &Self::message(chain, seq, hash), seal).is_ok()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn lasting<'a>(action: &'a str, subject: &'a str) -> Lasting<'a> {
        Lasting { seq: 1, id: "i", at: 2, account: Some("acc"), user: None, action, subject, outcome: "done" }
    }

    #[test]
    fn the_encoding_is_the_one_that_is_documented_and_never_changes() {
        // Computed from the description in docs/how-to/audit.md by another program.
        let personal = Personal { actor: "ada@example.com", origin: Some("192.0.2.1"), detail: "{}" };
        let commitment = commitment(&[7; BYTES], personal);
        assert_eq!(hex::encode(commitment), "41fc41906570188c48b3d55d1c597893650698b812fafaa6ffefe4c4f16a82db");
        let row = Lasting {
            seq: 1,
            id: "an id",
            at: 1_790_000_000_123,
            account: Some("acc_1"),
            user: None,
            action: "token.create",
            subject: "tok_1",
            outcome: "done",
        };
        assert_eq!(hex::encode(link(&genesis("a chain"), row, &commitment)), "089da413430b0748d4a64bc93e0edd0412f9ccb5683061622ba2ca12e4a4c064");
    }

    #[test]
    fn a_seal_is_for_one_chain_one_length_and_one_hash() {
        let key = SealKey::new(Zeroizing::new(vec![1; BYTES]));
        let seal = key.seal("a", 7, &[2; BYTES]);
        assert!(key.is_ours("a", 7, &[2; BYTES], &seal));
        assert!(!key.is_ours("b", 7, &[2; BYTES], &seal) && !key.is_ours("a", 6, &[2; BYTES], &seal) && !key.is_ours("a", 7, &[3; BYTES], &seal));
        assert!(!SealKey::new(Zeroizing::new(vec![9; BYTES])).is_ours("a", 7, &[2; BYTES], &seal));
    }

    proptest! {
        #[test]
        fn what_is_moved_from_one_field_to_the_next_gives_another_hash(text in "[a-z]{2,20}", cut in 1usize..20) {
            let cut = cut.min(text.len() - 1);
            let one = link(&[0; BYTES], lasting(&text, ""), &[0; BYTES]);
            let other = link(&[0; BYTES], lasting(&text[..cut], &text[cut..]), &[0; BYTES]);
            prop_assert_ne!(one, other);
            let of = |actor, origin, detail| commitment(&[0; BYTES], Personal { actor, origin, detail });
            prop_assert_ne!(of(&text, None, ""), of(&text[..cut], None, &text[cut..]));
            prop_assert_ne!(of(&text, Some(""), ""), of(&text, None, ""));
        }
    }
}
