//! Credits: what an account may pay with beside money. One credit is one US cent; there are no parts of one.
//!
//! They are granted with an end, never handed on, and taken soonest-ending first. What is left of each grant is derived from what
//! was granted and what was taken: nothing here or in the store keeps a balance as a truth of its own.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::id::CreditId;
use crate::money::{Currency, Money};
use crate::time::Timestamp;

/// A number of credits, never below zero.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(transparent)]
pub struct Credits(u64);

impl Credits {
    pub const ZERO: Self = Self(0);
    /// The largest number that is granted or asked for at once: sums of a billion of them still fit.
    pub const MOST: Self = Self(1_000_000_000);

    pub const fn new(count: u64) -> Self {
        Self(count)
    }

    pub const fn count(self) -> u64 {
        self.0
    }

    pub const fn is_zero(self) -> bool {
        self.0 == 0
    }

    #[must_use]
    pub const fn plus(self, other: Self) -> Self {
        Self(self.0.saturating_add(other.0))
    }

    /// What is left when `other` is taken away; zero when that is more.
    #[must_use]
    pub const fn less(self, other: Self) -> Self {
        Self(self.0.saturating_sub(other.0))
    }

    /// What they are worth.
    pub fn worth(self) -> Money {
        Money::new(i64::try_from(self.0).unwrap_or(i64::MAX), Currency::USD)
    }
}

impl std::iter::Sum for Credits {
    fn sum<I: Iterator<Item = Self>>(all: I) -> Self {
        all.fold(Self::ZERO, Self::plus)
    }
}

impl fmt::Display for Credits {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.0, if self.0 == 1 { "credit" } else { "credits" })
    }
}

/// Why credits were granted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum CreditSource {
    /// A card was verified for the first time.
    Trial,
    /// Someone came by a referral, and paid: both sides get it.
    Referral,
    /// An operator gave it.
    Operator,
}

impl CreditSource {
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Trial => "trial",
            Self::Referral => "referral",
            Self::Operator => "operator",
        }
    }
}

/// A grant of which something is left.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Purse {
    pub id: CreditId,
    pub left: Credits,
    /// `None`: it does not end.
    pub expires_at: Option<Timestamp>,
}

impl Purse {
    /// Whether it can be taken from at `now`: it ends at the very moment that `expires_at` names.
    pub const fn lives(&self, now: Timestamp) -> bool {
        match self.expires_at {
            Some(end) => end.as_millis() > now.as_millis(),
            None => true,
        }
    }
}

/// How `most` is taken from `purses` at `now`: what ends soonest first, then what was granted first. The parts sum to `most` or to all
/// that there is.
pub fn draw(purses: &[Purse], most: Credits, now: Timestamp) -> Vec<(CreditId, Credits)> {
    let mut order: Vec<&Purse> = purses.iter().filter(|purse| purse.lives(now) && !purse.left.is_zero()).collect();
    order.sort_by_key(|purse| (purse.expires_at.map_or(i64::MAX, Timestamp::as_millis), purse.id));
    let mut wanted = most;
    let mut parts = Vec::new();
    for purse in order {
        let part = purse.left.min(wanted);
        if part.is_zero() {
            break;
        }
        wanted = wanted.less(part);
        parts.push((purse.id, part));
    }
    parts
}

/// What can be taken from `purses` at `now`.
pub fn balance(purses: &[Purse], now: Timestamp) -> Credits {
    purses.iter().filter(|purse| purse.lives(now)).map(|purse| purse.left).sum()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn purse(number: u128, left: u64, expires_at: Option<i64>) -> Purse {
        let id = CreditId::from_uuid(uuid::Uuid::from_u128(number));
        Purse { id, left: Credits::new(left), expires_at: expires_at.map(Timestamp::from_millis) }
    }

    #[test]
    fn what_ends_soonest_is_taken_first_and_what_has_ended_never() {
        let purses = [purse(1, 10, None), purse(2, 10, Some(300)), purse(3, 10, Some(200)), purse(4, 10, Some(100)), purse(5, 10, Some(200))];
        let taken = draw(&purses, Credits::new(25), Timestamp::from_millis(100));
        assert_eq!(taken, [(purses[2].id, Credits::new(10)), (purses[4].id, Credits::new(10)), (purses[1].id, Credits::new(5))]);
        assert_eq!(balance(&purses, Timestamp::from_millis(100)), Credits::new(40));
        assert_eq!(balance(&purses, Timestamp::from_millis(99)), Credits::new(50));
    }

    proptest! {
        #[test]
        fn no_more_is_taken_than_wanted_or_there(
            purses in prop::collection::vec((0_u64..1_000, prop::option::of(0_i64..1_000)), 0..20), most in 0_u64..10_000, now in 0_i64..1_000
        ) {
            let purses: Vec<Purse> = (1..).zip(purses).map(|(number, (left, end))| purse(number, left, end)).collect();
            let now = Timestamp::from_millis(now);
            let taken = draw(&purses, Credits::new(most), now);
            let sum: Credits = taken.iter().map(|(_, part)| *part).sum();
            prop_assert_eq!(sum, Credits::new(most).min(balance(&purses, now)));
            for (id, part) in taken {
                let from = purses.iter().find(|purse| purse.id == id).expect("one of them");
                prop_assert!(part <= from.left && !part.is_zero() && from.lives(now));
            }
        }
    }
}
