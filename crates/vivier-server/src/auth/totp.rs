//! Codes of authenticator apps (RFC 6238): SHA-1, six digits, 30 seconds, as every app knows them.

use qrcode::QrCode;
use qrcode::render::svg;
use totp_rs::{Algorithm, Builder, Totp};
use vivier_core::name::Email;
use vivier_core::secret::Secret;
use vivier_core::time::Timestamp;
use vivier_core::wire::security::AppEnrolment;
use zeroize::Zeroizing;

/// Seconds of one code.
const STEP: u64 = 30;
/// Steps before and after that are taken as well: clocks differ.
const SKEW: u16 = 1;
/// RFC 4226, 4: 160 bits are recommended.
const SECRET_BYTES: usize = 20;
const ISSUER: &str = "Vivier";

/// A new secret.
pub fn new_secret() -> Zeroizing<Vec<u8>> {
    let mut bytes = Zeroizing::new(vec![0u8; SECRET_BYTES]);
    aws_lc_rs::rand::fill(&mut bytes).expect("the kernel's random source answers once it is seeded, which is before any process of ours");
    bytes
}

fn totp(secret: &[u8], name: &str) -> Totp {
    Builder::new()
        .with_algorithm(Algorithm::SHA1)
        .with_digits(6)
        .with_skew(SKEW)
        .with_step_duration(STEP)
        .with_secret(secret.to_vec())
        .with_issuer(Some(ISSUER))
        .with_account_name(name)
        .build_noncompliant()
}

/// What an app must be told.
///
/// # Errors
/// When there is no picture of it.
pub fn enrolment(secret: &[u8], email: &Email) -> anyhow::Result<AppEnrolment> {
    // A colon would end the name (the form of `otpauth` addresses), and no address that we take has one.
    let url = totp(secret, email.as_str()).to_url().map_err(|error| anyhow::anyhow!("{error}"))?;
    let picture = QrCode::new(url.as_bytes())?.render::<svg::Color<'_>>().min_dimensions(220, 220).quiet_zone(true).build();
    let text = Secret::new(totp_rs::Secret::from(secret.to_vec()).to_base32());
    Ok(AppEnrolment { secret: text, url: Secret::new(url), picture: Secret::new(picture) })
}

/// The time step whose code this is, of the one before, this one and the next. Spaces do not count.
pub fn matching_step(secret: &[u8], code: &str, now: Timestamp) -> Option<u64> {
    let digits: Zeroizing<String> = Zeroizing::new(code.chars().filter(|letter| !letter.is_whitespace()).collect());
    if digits.len() != 6 || !digits.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    let seconds = u64::try_from(now.as_millis() / 1_000).ok()?;
    totp(secret, "x").check(&digits, seconds)
}

/// The code of a moment: for tests that stand in for an app.
pub fn code_at(secret: &[u8], now: Timestamp) -> String {
    totp(secret, "x").generate(u64::try_from(now.as_millis() / 1_000).unwrap_or_default()).to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// RFC 6238, appendix B, its last six digits.
    #[test]
    fn codes_are_those_of_the_standard() {
        let secret = b"12345678901234567890";
        for (seconds, code) in [(59, "287082"), (1_111_111_109, "081804"), (1_234_567_890, "005924"), (2_000_000_000, "279037")] {
            assert_eq!(code_at(secret, Timestamp::from_millis(seconds * 1_000)), code);
            assert_eq!(matching_step(secret, code, Timestamp::from_millis(seconds * 1_000)), u64::try_from(seconds).ok().map(|seconds| seconds / 30));
        }
    }

    #[test]
    fn one_step_before_and_after_is_taken_and_no_more() {
        let secret = new_secret();
        let at = |seconds: i64| Timestamp::from_millis(seconds * 1_000);
        let code = code_at(&secret, at(1_000_000_020));
        let spaced = format!("{} {}", &code[..3], &code[3..]);
        for (seconds, taken) in [(999_999_960, false), (999_999_990, true), (1_000_000_020, true), (1_000_000_079, true), (1_000_000_080, false)] {
            assert_eq!(matching_step(&secret, &spaced, at(seconds)).is_some(), taken, "{seconds}");
        }
        for text in ["", "12345", "1234567", "abcdef", "٠٠٠٠٠٠"] {
            assert_eq!(matching_step(&secret, text, at(1_000_000_020)), None, "{text}");
        }
    }

    #[test]
    fn an_app_is_told_the_secret_as_text_and_as_a_picture() {
        let enrolment = enrolment(b"12345678901234567890", &"ada@example.com".parse().expect("an address")).expect("a picture");
        assert_eq!(enrolment.secret.expose(), "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ");
        assert!(
            enrolment.url.expose().starts_with("otpauth://totp/Vivier:ada%40example.com?secret=GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ"),
            "{}",
            enrolment.url.expose()
        );
        assert!(enrolment.picture.expose().contains("<svg"));
    }
}
