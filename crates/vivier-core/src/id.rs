//! Prefixed, parse-checked identifiers: `dep_…`, `acc_…`. An id says what it names, so that one can never be used for another.
//!
//! The text after the prefix is 26 characters of Crockford's base 32 (lower case) over a UUID version 7, so ids sort by age.

use std::fmt;
use std::str::FromStr;

const ALPHABET: &[u8; 32] = b"0123456789abcdefghjkmnpqrstvwxyz";
const ENCODED: usize = 26;

/// Why a text is not an id of the wanted kind.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("must be `{prefix}_` followed by 26 characters of 0-9 and a-z (without i, l, o, u)")]
pub struct ParseIdError {
    pub prefix: &'static str,
}

fn encode(value: u128) -> String {
    (0..ENCODED).rev().map(|place| char::from(ALPHABET[usize::try_from((value >> (place * 5)) & 31).unwrap_or_default()])).collect()
}

fn decode(text: &str) -> Option<u128> {
    // 26 × 5 = 130 bits: the first character may carry three bits only, or the value would overflow silently.
    if text.len() != ENCODED || !(b'0'..=b'7').contains(text.as_bytes().first()?) {
        return None;
    }
    text.bytes().try_fold(0u128, |value, byte| {
        let digit = ALPHABET.iter().position(|&letter| letter == byte)?;
        Some((value << 5) | u128::try_from(digit).ok()?)
    })
}

macro_rules! id {
    ($(#[$doc:meta])* $name:ident, $prefix:literal) => {
        $(#[$doc])*
        #[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $name(uuid::Uuid);

        impl $name {
            pub const PREFIX: &'static str = $prefix;

            /// Names `uuid`; a version 7 UUID keeps ids in order of creation.
            pub const fn from_uuid(uuid: uuid::Uuid) -> Self {
                Self(uuid)
            }

            pub const fn as_uuid(&self) -> uuid::Uuid {
                self.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, "{}_{}", $prefix, encode(self.0.as_u128()))
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                fmt::Display::fmt(self, f)
            }
        }

        impl FromStr for $name {
            type Err = ParseIdError;

            fn from_str(text: &str) -> Result<Self, ParseIdError> {
                text.strip_prefix(concat!($prefix, "_"))
                    .and_then(decode)
                    .map(|value| Self(uuid::Uuid::from_u128(value)))
                    .ok_or(ParseIdError { prefix: $prefix })
            }
        }

        $crate::text::travels_as_text!($name, pattern: Some(concat!("^", $prefix, "_[0-7][0-9a-hjkmnp-tv-z]{25}$")), format: None);
    };
}

id!(/// One customer: what owns agents, tokens and money. People work in it as its members.
    AccountId, "acc");
id!(/// One person who signs in.
    UserId, "usr");
id!(/// One invitation into an account.
    InvitationId, "inv");
id!(/// One customer's agent.
    DeploymentId, "dep");
id!(/// One sign-in of one browser.
    SessionId, "ses");
id!(/// One bearer token of a program (its name, not its secret).
    TokenId, "tok");
id!(/// One line of a deployment's timeline.
    EventId, "evt");
id!(/// One installation of Vivier: what tells its containers from a neighbour's on the same engine.
    InstallationId, "ins");
id!(/// One release of the agent image in the catalogue.
    ReleaseId, "rel");
id!(/// One roll-out of a release over the followers of a channel.
    WaveId, "wav");
id!(/// One thing to be done once, later, such as a mail to send.
    JobId, "job");
id!(/// One grant of credits.
    CreditId, "crd");
id!(/// Credits taken for an invoice, or given back.
    RedemptionId, "rdm");
id!(/// One account that came by another's referral code.
    ReferralId, "ref");
id!(/// One passkey of a user.
    PasskeyId, "pky");

id!(/// One support ticket.
    TicketId, "tkt");
id!(/// What a tenant let an operator see of an agent, for a ticket.
    SnapshotId, "snp");
id!(/// One time that an operator looked at somebody's account.
    LookId, "lok");
id!(/// One comparison of the ledger, the payment provider and the runtime.
    ReconciliationId, "rec");

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn an_id_of_another_kind_is_refused_by_name() {
        let account = AccountId::from_uuid(uuid::Uuid::from_u128(7)).to_string();
        let error = account.parse::<DeploymentId>().expect_err("an account is no deployment");
        assert!(error.to_string().contains("`dep_`"), "{error}");
    }

    proptest! {
        #[test]
        fn every_id_comes_back_from_its_text(value: u128) {
            let id = DeploymentId::from_uuid(uuid::Uuid::from_u128(value));
            prop_assert_eq!(id.to_string().parse::<DeploymentId>(), Ok(id));
        }

        #[test]
        fn no_text_makes_the_parser_panic(text in ".{0,40}") {
            let _ = text.parse::<DeploymentId>();
            let _ = format!("dep_{text}").parse::<DeploymentId>();
        }

        #[test]
        fn two_texts_never_name_one_thing(text in "dep_[0-9a-z]{26}") {
            if let Ok(id) = text.parse::<DeploymentId>() {
                prop_assert_eq!(id.to_string(), text);
            }
        }
    }
}
