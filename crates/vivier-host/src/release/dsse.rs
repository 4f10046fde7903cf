//! DSSE envelopes (github.com/secure-systems-lab/dsse, version 1.0): a document with its signatures.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde::{Deserialize, Serialize};

use super::keys::{PublicKey, SigningKey};

/// What is inside: an in-toto statement.
pub const IN_TOTO: &str = "application/vnd.in-toto+json";

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Envelope {
    payload_type: String,
    /// Base64.
    payload: String,
    signatures: Vec<Signature>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
struct Signature {
    /// A hint, and believed by nobody.
    #[serde(default)]
    keyid: String,
    /// Base64.
    sig: String,
}

/// Why an envelope is not opened.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Sealed {
    /// It is no envelope with a statement.
    Malformed,
    /// No trusted key has signed it; these say that they have.
    Untrusted(Vec<String>),
    /// A trusted key is named, and its signature is not over this.
    Wrong(String),
}

impl Envelope {
    /// # Errors
    /// When the key cannot sign.
    pub fn seal(payload: &[u8], key: &SigningKey) -> anyhow::Result<Self> {
        let sig = STANDARD.encode(key.sign(&pre_authentication(IN_TOTO, payload))?);
        Ok(Self { payload_type: IN_TOTO.to_owned(), payload: STANDARD.encode(payload), signatures: vec![Signature { keyid: key.public().id(), sig }] })
    }

    /// The statement, and the key that has signed it.
    ///
    /// # Errors
    /// When none of `trusted` has signed it.
    pub fn open(&self, trusted: &[PublicKey]) -> Result<(Vec<u8>, String), Sealed> {
        let payload = STANDARD.decode(&self.payload).ok().filter(|_| self.payload_type == IN_TOTO).ok_or(Sealed::Malformed)?;
        let signed = pre_authentication(&self.payload_type, &payload);
        for signature in &self.signatures {
            let bytes = STANDARD.decode(&signature.sig).map_err(|_not_base64| Sealed::Malformed)?;
            if let Some(key) = trusted.iter().find(|key| key.has_signed(&signed, &bytes)) {
                return Ok((payload, key.id()));
            }
        }
        let named: Vec<String> = self.signatures.iter().map(|signature| signature.keyid.chars().take(80).collect()).collect();
        match named.iter().find(|named| trusted.iter().any(|key| key.id() == **named)) {
            Some(trusted) => Err(Sealed::Wrong(trusted.clone())),
            None => Err(Sealed::Untrusted(named)),
        }
    }
}

/// What is signed, so that no document can pass for one of another type ("PAE" in the specification).
fn pre_authentication(kind: &str, payload: &[u8]) -> Vec<u8> {
    let mut out = format!("DSSEv1 {} {kind} {} ", kind.len(), payload.len()).into_bytes();
    out.extend_from_slice(payload);
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_signed_is_the_specifications_example() {
        assert_eq!(pre_authentication("http://example.com/HelloWorld", b"hello world"), b"DSSEv1 29 http://example.com/HelloWorld 11 hello world");
    }

    #[test]
    fn an_envelope_opens_for_the_key_that_signed_it_and_says_why_it_does_not() {
        let folder = tempfile::tempdir().expect("a directory");
        let [ada, eve] = ["ada.key", "eve.key"].map(|name| SigningKey::make(&folder.path().join(name)).expect("made"));
        let envelope = Envelope::seal(b"{}", &ada).expect("sealed");
        let both = [eve.public().clone(), ada.public().clone()];
        assert_eq!(envelope.open(&both), Ok((b"{}".to_vec(), ada.public().id())));
        assert_eq!(envelope.open(&both[..1]), Err(Sealed::Untrusted(vec![ada.public().id()])));
        let other = Envelope { payload: STANDARD.encode("[]"), ..envelope.clone() };
        assert_eq!(other.open(&both), Err(Sealed::Wrong(ada.public().id())));
        assert_eq!(Envelope { payload_type: "text/plain".to_owned(), ..envelope.clone() }.open(&both), Err(Sealed::Malformed));
        assert_eq!(Envelope { signatures: Vec::new(), ..envelope }.open(&both), Err(Sealed::Untrusted(Vec::new())));
    }
}
