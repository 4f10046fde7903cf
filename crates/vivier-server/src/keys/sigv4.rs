//! AWS Signature Version 4, for a POST of JSON to `/`.
//!
//! Source: <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_sigv-create-signed-request.html>.

use std::time::{SystemTime, UNIX_EPOCH};

use aws_lc_rs::hmac;
use sha2::{Digest as _, Sha256};

use super::credentials::Keys;

pub(super) const CONTENT_TYPE: &str = "application/x-amz-json-1.1";

pub(super) struct Request<'a> {
    pub region: &'a str,
    pub service: &'a str,
    /// With the port, where there is one.
    pub host: &'a str,
    pub target: &'a str,
    pub body: &'a [u8],
}

pub(super) struct Signed {
    /// `x-amz-date`.
    pub date: String,
    pub authorization: String,
}

pub(super) fn sign(keys: &Keys, request: &Request<'_>, now: SystemTime) -> Signed {
    let Request { region, service, host, target, body } = request;
    let date = stamp(now);
    let day = &date[..8];
    // In the order of the alphabet.
    let mut headers = vec![("content-type", CONTENT_TYPE), ("host", *host), ("x-amz-date", date.as_str())];
    if let Some(token) = &keys.session {
        headers.push(("x-amz-security-token", token.expose()));
    }
    headers.push(("x-amz-target", target));
    let names = headers.iter().map(|(name, _)| *name).collect::<Vec<_>>().join(";");
    let lines: String = headers.iter().map(|(name, value)| format!("{name}:{}\n", value.trim())).collect();
    let canonical = format!("POST\n/\n\n{lines}\n{names}\n{}", hex::encode(Sha256::digest(body)));
    let scope = format!("{day}/{region}/{service}/aws4_request");
    let text = format!("AWS4-HMAC-SHA256\n{date}\n{scope}\n{}", hex::encode(Sha256::digest(canonical)));
    let first = zeroize::Zeroizing::new(format!("AWS4{}", keys.secret.expose()));
    let mut key = hmac_of(first.as_bytes(), day);
    for part in [*region, *service, "aws4_request"] {
        key = hmac_of(key.as_ref(), part);
    }
    let signature = hex::encode(hmac_of(key.as_ref(), &text).as_ref());
    Signed { authorization: format!("AWS4-HMAC-SHA256 Credential={}/{scope}, SignedHeaders={names}, Signature={signature}", keys.id), date }
}

fn hmac_of(key: &[u8], text: &str) -> hmac::Tag {
    hmac::sign(&hmac::Key::new(hmac::HMAC_SHA256, key), text.as_bytes())
}

/// `20150830T123600Z`.
fn stamp(now: SystemTime) -> String {
    let seconds = now.duration_since(UNIX_EPOCH).map_or(0, |since| since.as_secs());
    let (days, rest) = (seconds / 86_400, seconds % 86_400);
    // Days to a civil date (Howard Hinnant, "chrono-Compatible Low-Level Date Algorithms").
    let z = days + 719_468;
    let (era, of_era) = (z / 146_097, z % 146_097);
    let year_of_era = (of_era - of_era / 1_460 + of_era / 36_524 - of_era / 146_096) / 365;
    let of_year = of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let shifted = (5 * of_year + 2) / 153;
    let day = of_year - (153 * shifted + 2) / 5 + 1;
    let month = if shifted < 10 { shifted + 3 } else { shifted - 9 };
    let year = year_of_era + era * 400 + u64::from(month <= 2);
    format!("{year:04}{month:02}{day:02}T{:02}{:02}{:02}Z", rest / 3_600, rest / 60 % 60, rest % 60)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Duration;
    use vivier_core::secret::Secret;

    #[test]
    fn the_key_is_derived_and_the_date_written_as_in_amazons_own_example() {
        // From Amazon's "Deriving the signing key" example.
        let mut key = hmac_of(b"AWS4wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY", "20120215");
        for part in ["us-east-1", "iam", "aws4_request"] {
            key = hmac_of(key.as_ref(), part);
        }
        assert_eq!(hex::encode(key.as_ref()), "f4780e2d9f65fa895f9c67b32ce1baf0b0d8a43505a000a1a9e090d414db404d");
        for (seconds, text) in
            [(0, "19700101T000000Z"), (1_440_938_160, "20150830T123600Z"), (1_709_208_000, "20240229T120000Z"), (4_107_542_399, "21000228T235959Z")]
        {
            assert_eq!(stamp(UNIX_EPOCH + Duration::from_secs(seconds)), text);
        }
    }

    #[test]
    fn whatever_is_signed_changes_the_signature() {
        let keys = |secret: &str, session: Option<&str>| Keys { id: "AKIDEXAMPLE".to_owned(), secret: Secret::new(secret), session: session.map(Secret::new) };
        let request = |body: &'static [u8], target: &'static str| Request { region: "eu-central-1", service: "kms", host: "kms.test", target, body };
        let now = UNIX_EPOCH + Duration::from_secs(1_440_938_160);
        let all = [
            sign(&keys("a", None), &request(b"{}", "TrentService.Encrypt"), now),
            sign(&keys("b", None), &request(b"{}", "TrentService.Encrypt"), now),
            sign(&keys("a", Some("s")), &request(b"{}", "TrentService.Encrypt"), now),
            sign(&keys("a", None), &request(b"{} ", "TrentService.Encrypt"), now),
            sign(&keys("a", None), &request(b"{}", "TrentService.Decrypt"), now),
        ];
        let distinct: std::collections::BTreeSet<&str> = all.iter().map(|signed| signed.authorization.as_str()).collect();
        assert_eq!(distinct.len(), all.len());
        assert!(all[0].authorization.starts_with("AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/20150830/eu-central-1/kms/aws4_request, SignedHeaders=content-type;host;x-amz-date;x-amz-target, Signature="));
    }
}
