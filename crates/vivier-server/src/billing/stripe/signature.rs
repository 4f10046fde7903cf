//! The signature of a webhook: `Stripe-Signature: t=<seconds>,v1=<hex>[,v1=<hex>]`, an HMAC-SHA256 over `<seconds>.<body>`.
//!
//! Source: <https://docs.stripe.com/webhooks#verify-manually>. The raw body counts, not what it says.

use aws_lc_rs::hmac;
use vivier_core::secret::Secret;
use vivier_core::time::Timestamp;

/// Seconds that a webhook may be old, or ahead of our clock.
pub const WINDOW_SECONDS: i64 = 300;
/// Signatures that are compared: Stripe sends one for each secret that is valid, and nobody has a dozen.
const MOST_SIGNATURES: usize = 8;

/// Why a webhook is not taken. The sentence is for the log of whoever sent it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum SignatureError {
    #[error("the header Stripe-Signature is missing or malformed")]
    Header,
    #[error("the signature is older than {WINDOW_SECONDS} s, or from the future")]
    Expired,
    #[error("no signature fits the body")]
    Wrong,
}

/// Whether `body` was signed by one of `secrets`, within the window around `now`.
///
/// # Errors
/// When it was not. Signatures are compared in constant time, before the time is: the answer says nothing about a forged one.
pub fn check(header: Option<&str>, body: &[u8], secrets: &[Secret], now: Timestamp) -> Result<(), SignatureError> {
    let header = header.ok_or(SignatureError::Header)?;
    let mut time = None;
    let mut given: Vec<Vec<u8>> = Vec::new();
    for part in header.split(',') {
        let (name, value) = part.trim().split_once('=').ok_or(SignatureError::Header)?;
        match name {
            "t" if time.is_none() => time = Some(value),
            // Two times: nobody knows which one is meant.
            "t" => return Err(SignatureError::Header),
            "v1" if given.len() < MOST_SIGNATURES => given.push(hex::decode(value).map_err(|_| SignatureError::Header)?),
            // `v0` is of Stripe's test mode, and weaker; what comes later we do not know.
            _ => {}
        }
    }
    let text = time.ok_or(SignatureError::Header)?;
    let seconds: i64 = text.parse().map_err(|_| SignatureError::Header)?;
    let signed = [text.as_bytes(), b".", body].concat();
    let fits = secrets.iter().any(|secret| {
        let key = hmac::Key::new(hmac::HMAC_SHA256, secret.expose().as_bytes());
        given.iter().any(|tag| hmac::verify(&key, &signed, tag).is_ok())
    });
    if !fits {
        return Err(SignatureError::Wrong);
    }
    let age = now.as_millis().div_euclid(1_000).saturating_sub(seconds);
    if age.saturating_abs() > WINDOW_SECONDS { Err(SignatureError::Expired) } else { Ok(()) }
}

/// The header that [`check`] accepts: for tests, and for a stand-in of Stripe.
pub fn sign(body: &[u8], secret: &Secret, at: Timestamp) -> String {
    let seconds = at.as_millis().div_euclid(1_000);
    let key = hmac::Key::new(hmac::HMAC_SHA256, secret.expose().as_bytes());
    let tag = hmac::sign(&key, &[seconds.to_string().as_bytes(), b".", body].concat());
    format!("t={seconds},v1={}", hex::encode(tag))
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: Timestamp = Timestamp::from_millis(1_790_000_000_000);

    fn secret(text: &str) -> Secret {
        Secret::new(text)
    }

    #[test]
    fn a_known_signature_is_accepted() {
        let header = sign(b"{}", &secret("whsec_test"), NOW);
        // By `printf '%s' '1790000000.{}' | openssl dgst -sha256 -hmac whsec_test`.
        assert_eq!(header, "t=1790000000,v1=1c2847ad1f8158a1da978f36627ac1f07f7fd027321ac9ad40bccc06743f8396");
        assert_eq!(check(Some(&header), b"{}", &[secret("whsec_old"), secret("whsec_test")], NOW), Ok(()));
        assert_eq!(check(Some(&format!("{header},v0=00")), b"{}", &[secret("whsec_test")], NOW), Ok(()));
    }

    #[test]
    fn whatever_is_changed_it_is_refused() {
        let own = [secret("whsec_test")];
        let header = sign(b"{\"id\":1}", &own[0], NOW);
        assert_eq!(check(Some(&header), b"{\"id\":2}", &own, NOW), Err(SignatureError::Wrong), "another body");
        assert_eq!(check(Some(&header), b"{\"id\":1", &own, NOW), Err(SignatureError::Wrong), "a truncated body");
        assert_eq!(check(Some(&header), b"{\"id\":1}", &[secret("whsec_other")], NOW), Err(SignatureError::Wrong), "another secret");
        assert_eq!(check(Some(&header), b"{\"id\":1}", &[], NOW), Err(SignatureError::Wrong));
        let later = header.replace("t=1790000000", "t=1790000001");
        assert_eq!(check(Some(&later), b"{\"id\":1}", &own, NOW), Err(SignatureError::Wrong), "another time");
        for header in ["", "t=1", "v1=00", "t=x,v1=00", "t=1,v1=zz", "t=1,t=1790000000,v1=00", "nonsense"] {
            assert!(check(Some(header), b"{}", &own, NOW).is_err(), "{header}");
        }
        assert_eq!(check(None, b"{}", &own, NOW), Err(SignatureError::Header));
    }

    #[test]
    fn it_is_valid_for_five_minutes_on_either_side() {
        let own = [secret("whsec_test")];
        let header = sign(b"{}", &own[0], NOW);
        for (seconds, ok) in [(-301, false), (-300, true), (0, true), (300, true), (301, false), (i64::MAX / 1_000, false)] {
            assert_eq!(check(Some(&header), b"{}", &own, NOW.plus_seconds(seconds)).is_ok(), ok, "{seconds}");
        }
    }
}
