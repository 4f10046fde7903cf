//! What of a paid period is given back, because the agent did not run in it. Integers only.

/// A part of a paid period that is not billed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Share {
    /// Seconds of the period.
    pub period: u64,
    /// Seconds of it in which the agent ran, and could be reached.
    pub billable: u64,
    /// What is given back, in the currency's smallest unit.
    pub amount: i64,
}

impl Share {
    /// Seconds that are not billed.
    pub const fn unbilled(self) -> u64 {
        self.period - self.billable
    }
}

/// The share of `price` that was paid for `period` seconds and of which `billable` ran.
///
/// Rounded down to a whole unit: two shares of one period are never more than its price. Seconds beyond the period count for nothing,
/// and less than `tolerance` unbilled seconds are no share at all: a restart is no reason for a line on an invoice.
pub fn unbilled(price: i64, period: u64, billable: u64, tolerance: u64) -> Option<Share> {
    let billable = billable.min(period);
    let missing = period - billable;
    if price <= 0 || missing == 0 || missing < tolerance {
        return None;
    }
    let amount = i128::from(price) * i128::from(missing) / i128::from(period);
    // At most the price, which is an i64.
    let amount = i64::try_from(amount).unwrap_or(price);
    (amount > 0).then_some(Share { period, billable, amount })
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const HOUR: u64 = 3_600;

    #[test]
    fn a_month_that_did_not_run_is_not_paid_and_one_that_ran_is() {
        for days in [28, 29, 30, 31] {
            let period = days * 24 * HOUR;
            assert_eq!(unbilled(900, period, 0, 60).map(|share| share.amount), Some(900));
            assert_eq!(unbilled(900, period, period, 60), None);
            assert_eq!(unbilled(900, period, period + HOUR, 60), None, "a clock that was turned forward");
        }
        // The month with the hour that summer time takes away has an hour less.
        assert_eq!(unbilled(744, 743 * HOUR, 642 * HOUR, 0).map(|share| share.amount), Some(101));
    }

    proptest! {
        #[test]
        fn two_halves_give_back_no_more_than_the_whole(price in 0i64..=i64::MAX, period in 1u64..=4_000_000_000, first: u64, second: u64) {
            let first = first % (period + 1);
            let second = second % (period - first + 1);
            let of = |missing: u64| unbilled(price, period, period - missing, 0).map_or(0, |share| share.amount);
            prop_assert!(of(first) + of(second) <= of(first + second));
            prop_assert!(of(first) >= 0 && of(first) <= price);
        }
    }
}
