//! Whether an ID token holds (OpenID Connect Core 1.0, 3.1.3.7).

use jsonwebtoken::jwk::{AlgorithmParameters, Jwk, JwkSet, PublicKeyUse};
use jsonwebtoken::{Algorithm, DecodingKey, Validation, decode, decode_header};
use serde::Deserialize;
use subtle::ConstantTimeEq as _;
use vivier_core::time::Timestamp;

/// What a signature may be made with: nothing symmetric (whose key the token's reader would hold), and not "none".
const ALGORITHMS: [Algorithm; 9] = [
    Algorithm::RS256,
    Algorithm::RS384,
    Algorithm::RS512,
    Algorithm::PS256,
    Algorithm::PS384,
    Algorithm::PS512,
    Algorithm::ES256,
    Algorithm::ES384,
    Algorithm::EdDSA,
];
/// Clocks differ, in seconds.
const LEEWAY: i64 = 60;
/// The oldest token that is taken, in seconds: it was made for this very sign-in.
const OLDEST: i64 = 600;

/// Why a token does not hold. For the log: whoever brought it is told nothing of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum TokenError {
    #[error("it is no token, or of an algorithm that is not taken")]
    Form,
    /// Perhaps the provider has new keys.
    #[error("none of the provider's keys has signed it")]
    Key,
    #[error("its signature or its claims cannot be read")]
    Signature,
    #[error("it is another issuer's")]
    Issuer,
    #[error("it is for another audience")]
    Audience,
    #[error("it has expired, or is not valid yet, or is of another time")]
    Time,
    #[error("it answers another question")]
    Nonce,
}

/// What must be in it.
#[derive(Clone, Copy, Debug)]
pub struct Expected<'a> {
    pub issuer: &'a str,
    pub client_id: &'a str,
    pub nonce: &'a str,
}

/// Who the provider says that it is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Claims {
    pub subject: String,
    pub email: Option<String>,
    /// Whether the provider vouches for the address.
    pub email_verified: bool,
}

#[derive(Deserialize)]
struct Raw {
    iss: String,
    sub: String,
    aud: Audience,
    #[serde(default)]
    azp: Option<String>,
    exp: i64,
    iat: i64,
    #[serde(default)]
    nbf: Option<i64>,
    #[serde(default)]
    nonce: Option<String>,
    #[serde(default)]
    email: Option<String>,
    #[serde(default)]
    email_verified: Option<Verified>,
}

#[derive(Deserialize)]
#[serde(untagged)]
enum Audience {
    One(String),
    Many(Vec<String>),
}

/// Some providers write the word instead of the value.
#[derive(Deserialize)]
#[serde(untagged)]
enum Verified {
    Flag(bool),
    Word(String),
}

/// # Errors
/// The first thing that does not hold.
pub fn verify(token: &str, keys: &JwkSet, expected: &Expected<'_>, now: Timestamp) -> Result<Claims, TokenError> {
    let header = decode_header(token).map_err(|_| TokenError::Form)?;
    if !ALGORITHMS.contains(&header.alg) {
        return Err(TokenError::Form);
    }
    // Times, issuer and audience are checked below: by our own clock, and each with its own reason.
    let mut validation = Validation::new(header.alg);
    validation.validate_exp = false;
    validation.validate_aud = false;
    validation.required_spec_claims.clear();
    let mut candidates = keys.keys.iter().filter(|key| may_sign(key, header.kid.as_deref(), header.alg)).peekable();
    if candidates.peek().is_none() {
        return Err(TokenError::Key);
    }
    let raw = candidates.find_map(|key| DecodingKey::from_jwk(key).ok().and_then(|key| decode::<Raw>(token, &key, &validation).ok()));
    let Raw { iss, sub, aud, azp, exp, iat, nbf, nonce, email, email_verified } = raw.ok_or(TokenError::Signature)?.claims;
    if iss != expected.issuer {
        return Err(TokenError::Issuer);
    }
    let for_us = match &aud {
        Audience::One(one) => one == expected.client_id,
        // A token for several names the one that may use it.
        Audience::Many(many) => many.iter().any(|one| one == expected.client_id) && (many.len() == 1 || azp.is_some()),
    };
    if !for_us || azp.is_some_and(|party| party != expected.client_id) {
        return Err(TokenError::Audience);
    }
    let seconds = now.as_millis() / 1_000;
    let in_time = exp.saturating_add(LEEWAY) > seconds && iat.saturating_sub(LEEWAY) <= seconds && iat.saturating_add(OLDEST) > seconds;
    if !in_time || nbf.is_some_and(|from| from.saturating_sub(LEEWAY) > seconds) {
        return Err(TokenError::Time);
    }
    if !nonce.is_some_and(|nonce| bool::from(nonce.as_bytes().ct_eq(expected.nonce.as_bytes()))) {
        return Err(TokenError::Nonce);
    }
    let email_verified = match email_verified {
        Some(Verified::Flag(flag)) => flag,
        Some(Verified::Word(word)) => word == "true",
        None => false,
    };
    if sub.is_empty() || sub.len() > 255 {
        return Err(TokenError::Signature);
    }
    Ok(Claims { subject: sub, email, email_verified })
}

/// Whether a key can have signed a token with this header.
fn may_sign(key: &Jwk, kid: Option<&str>, algorithm: Algorithm) -> bool {
    let named = kid.is_none_or(|kid| key.common.key_id.as_deref() == Some(kid));
    let for_signing = key.common.public_key_use.as_ref().is_none_or(|purpose| *purpose == PublicKeyUse::Signature);
    let fits = match (&key.algorithm, algorithm) {
        (AlgorithmParameters::RSA(_), Algorithm::RS256 | Algorithm::RS384 | Algorithm::RS512 | Algorithm::PS256 | Algorithm::PS384 | Algorithm::PS512)
        | (AlgorithmParameters::EllipticCurve(_), Algorithm::ES256 | Algorithm::ES384)
        | (AlgorithmParameters::OctetKeyPair(_), Algorithm::EdDSA) => true,
        // Another family's key, and keys that are no public ones.
        _ => false,
    };
    named && for_signing && fits
}
