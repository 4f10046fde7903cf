//! An authenticator in software: makes passkeys and answers questions, as WebAuthn (W3C, Level 3) says.

use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::signature::{ECDSA_P256_SHA256_ASN1_SIGNING, EcdsaKeyPair, KeyPair as _};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD as BASE64;
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};

/// User present and verified.
const UP: u8 = 1;
const UV: u8 = 4;
/// Attested credential data follows.
const AT: u8 = 64;

pub struct Passkey {
    pub id: Vec<u8>,
    pub user: Vec<u8>,
    key: EcdsaKeyPair,
    counter: u32,
}

/// How an answer differs from what it should be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Twist {
    None,
    /// From a page of another origin.
    Origin,
    /// Nobody touched or unlocked it.
    Unverified,
    /// Of another question.
    Challenge,
    /// Signed by another key.
    Key,
}

fn random<const N: usize>() -> Vec<u8> {
    let mut bytes = vec![0; N];
    aws_lc_rs::rand::fill(&mut bytes).expect("random");
    bytes
}

fn new_key() -> EcdsaKeyPair {
    EcdsaKeyPair::generate(&ECDSA_P256_SHA256_ASN1_SIGNING).expect("a key")
}

fn client_data(kind: &str, challenge: &Value, twist: Twist) -> Vec<u8> {
    let challenge = if twist == Twist::Challenge { json!(BASE64.encode(random::<32>())) } else { challenge.clone() };
    let origin = if twist == Twist::Origin { "http://localhost:9999" } else { "http://localhost:8080" };
    serde_json::to_vec(&json!({ "type": kind, "challenge": challenge, "origin": origin, "crossOrigin": false })).expect("JSON")
}

fn head(rp: &str, flags: u8, counter: u32) -> Vec<u8> {
    [Sha256::digest(rp.as_bytes()).as_slice(), &[flags], &counter.to_be_bytes()].concat()
}

/// A CBOR byte string of less than 64 KiB.
fn bytes(bytes: &[u8]) -> Vec<u8> {
    let length = u16::try_from(bytes.len()).expect("short");
    [&[0x59][..], &length.to_be_bytes(), bytes].concat()
}

impl Passkey {
    /// Answers `navigator.credentials.create`.
    pub fn create(options: &Value, twist: Twist) -> (Self, Value) {
        assert_eq!(options["rp"]["id"], "localhost", "{options}");
        assert_eq!(options["authenticatorSelection"]["residentKey"], "required", "{options}");
        assert_eq!(options["authenticatorSelection"]["userVerification"], "required", "{options}");
        let user = BASE64.decode(options["user"]["id"].as_str().expect("an id")).expect("base 64");
        let made = Self { id: random::<32>(), user, key: new_key(), counter: 0 };
        let point = made.key.public_key().as_ref();
        // COSE_Key: EC2, ES256, P-256 (RFC 9053).
        let cose = [&[0xa5, 0x01, 0x02, 0x03, 0x26, 0x20, 0x01, 0x21][..], &bytes(&point[1..33]), &[0x22], &bytes(&point[33..65])].concat();
        let flags = if twist == Twist::Unverified { UP | AT } else { UP | UV | AT };
        let length = u16::try_from(made.id.len()).expect("short").to_be_bytes();
        let data = [head("localhost", flags, 0).as_slice(), &[0; 16], &length, &made.id, &cose].concat();
        let attestation = [&[0xa3, 0x63][..], b"fmt", &[0x64], b"none", &[0x67], b"attStmt", &[0xa0, 0x68], b"authData", &bytes(&data)].concat();
        let client = client_data("webauthn.create", &options["challenge"], twist);
        let answer = json!({
            "id": BASE64.encode(&made.id), "rawId": BASE64.encode(&made.id), "type": "public-key",
            "response": { "attestationObject": BASE64.encode(attestation), "clientDataJSON": BASE64.encode(client) },
            "clientExtensionResults": {},
        });
        (made, answer)
    }

    /// Answers `navigator.credentials.get`.
    pub fn get(&mut self, options: &Value, twist: Twist) -> Value {
        assert_eq!(options["rpId"], "localhost", "{options}");
        self.counter += 1;
        let flags = if twist == Twist::Unverified { UP } else { UP | UV };
        let data = head("localhost", flags, self.counter);
        let client = client_data("webauthn.get", &options["challenge"], twist);
        let signed = [data.as_slice(), Sha256::digest(&client).as_slice()].concat();
        let other = new_key();
        let key = if twist == Twist::Key { &other } else { &self.key };
        let signature = key.sign(&SystemRandom::new(), &signed).expect("signed");
        json!({
            "id": BASE64.encode(&self.id), "rawId": BASE64.encode(&self.id), "type": "public-key",
            "response": {
                "authenticatorData": BASE64.encode(data), "clientDataJSON": BASE64.encode(client),
                "signature": BASE64.encode(signature.as_ref()), "userHandle": BASE64.encode(&self.user),
            },
            "clientExtensionResults": {},
        })
    }
}
