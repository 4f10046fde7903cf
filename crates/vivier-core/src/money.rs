//! Amounts of money: whole numbers of a currency's smallest unit, never floats.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use crate::text::travels_as_text;

/// Active codes of ISO 4217 (list one, published 2026-01-01), in groups by how many digits stand after the point. Precious metals, funds
/// and test codes are no means of payment and are left out.
const CODES: [(u32, &str); 4] = [
    (
        2,
        "aed afn all amd aoa ars aud awg azn bam bbd bdt bmd bnd bob brl bsd btn bwp byn bzd cad cdf chf cny cop crc cup cve czk dkk dop dzd egp ern \
         etb eur fjd fkp gbp gel ghs gip gmd gtq gyd hkd hnl htg huf idr ils inr irr jmd kes kgs khr kpw kyd kzt lak lbp lkr lrd lsl mad mdl mga mkd mmk \
         mnt mop mru mur mvr mwk mxn myr mzn nad ngn nio nok npr nzd pab pen pgk php pkr pln qar ron rsd rub sar sbd scr sdg sek sgd shp sle sos srd ssp \
         stn svc syp szl thb tjs tmt top try ttd twd tzs uah usd uyu uzs ved ves wst xcd xcg yer zar zmw zwg",
    ),
    (0, "bif clp djf gnf isk jpy kmf krw pyg rwf ugx vnd vuv xaf xof xpf"),
    (3, "bhd iqd jod kwd lyd omr tnd"),
    (4, "clf uyw"),
];

/// A currency of ISO 4217, by its code. Written in lower case, as payment providers do.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Currency([u8; 3]);

/// Why a text names no currency.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("must be the code of a currency of ISO 4217, such as `usd` or `eur`")]
pub struct ParseCurrencyError;

impl Currency {
    pub const USD: Self = Self(*b"usd");
    pub const EUR: Self = Self(*b"eur");

    /// In lower case.
    pub fn as_str(&self) -> &str {
        std::str::from_utf8(&self.0).unwrap_or("???")
    }

    /// Digits after the point: 2 for `usd`, 0 for `jpy`, 3 for `kwd`.
    pub fn exponent(self) -> u32 {
        CODES.iter().find(|(_, codes)| codes.split(' ').any(|code| code.as_bytes() == self.0)).map_or(2, |(exponent, _)| *exponent)
    }
}

impl FromStr for Currency {
    type Err = ParseCurrencyError;

    fn from_str(text: &str) -> Result<Self, ParseCurrencyError> {
        let code: [u8; 3] = text.to_ascii_lowercase().into_bytes().try_into().map_err(|_| ParseCurrencyError)?;
        let known = CODES.iter().flat_map(|(_, codes)| codes.split(' ')).any(|known| known.as_bytes() == code);
        if known { Ok(Self(code)) } else { Err(ParseCurrencyError) }
    }
}

impl fmt::Display for Currency {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl fmt::Debug for Currency {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

travels_as_text!(Currency, pattern: Some("^[a-z]{3}$"), format: None);

/// An amount: `{"amount": 900, "currency": "usd"}` is nine dollars. May be negative: what is given back.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Money {
    /// In the smallest unit of the currency, such as cents.
    #[serde(rename = "amount")]
    pub minor: i64,
    pub currency: Currency,
}

/// Why two amounts do not add up.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum MoneyError {
    #[error("{0} and {1} cannot be added: they are different currencies")]
    Currencies(Currency, Currency),
    #[error("the amount is too large")]
    Overflow,
}

impl Money {
    pub const fn new(minor: i64, currency: Currency) -> Self {
        Self { minor, currency }
    }

    pub const fn zero(currency: Currency) -> Self {
        Self::new(0, currency)
    }

    pub const fn is_zero(self) -> bool {
        self.minor == 0
    }

    fn with(self, other: Self, sum: impl Fn(i64, i64) -> Option<i64>) -> Result<Self, MoneyError> {
        if self.currency != other.currency {
            return Err(MoneyError::Currencies(self.currency, other.currency));
        }
        Ok(Self::new(sum(self.minor, other.minor).ok_or(MoneyError::Overflow)?, self.currency))
    }

    /// # Errors
    /// When the currencies differ, or the sum does not fit.
    pub fn checked_add(self, other: Self) -> Result<Self, MoneyError> {
        self.with(other, i64::checked_add)
    }

    /// # Errors
    /// When the currencies differ, or the difference does not fit.
    pub fn checked_sub(self, other: Self) -> Result<Self, MoneyError> {
        self.with(other, i64::checked_sub)
    }

    /// # Errors
    /// When the product does not fit.
    pub fn checked_mul(self, times: i64) -> Result<Self, MoneyError> {
        Ok(Self::new(self.minor.checked_mul(times).ok_or(MoneyError::Overflow)?, self.currency))
    }

    /// `part` of `whole` of it, such as 17 days of 30, rounded to the nearest smallest unit, halves away from zero.
    ///
    /// # Errors
    /// When `whole` is 0 or the result does not fit.
    pub fn share(self, part: u64, whole: u64) -> Result<Self, MoneyError> {
        let product = i128::from(self.minor).checked_mul(i128::from(part)).ok_or(MoneyError::Overflow)?;
        let whole = i128::from(whole);
        let (quotient, rest) = (product.checked_div(whole).ok_or(MoneyError::Overflow)?, product.checked_rem(whole).ok_or(MoneyError::Overflow)?);
        let away = if rest.unsigned_abs() >= whole.unsigned_abs().div_ceil(2) { rest.signum() } else { 0 };
        Ok(Self::new(i64::try_from(quotient + away).map_err(|_| MoneyError::Overflow)?, self.currency))
    }

    /// The sum of all; zero in `currency` of none.
    ///
    /// # Errors
    /// When one is of another currency, or the sum does not fit.
    pub fn sum(currency: Currency, all: impl IntoIterator<Item = Self>) -> Result<Self, MoneyError> {
        all.into_iter().try_fold(Self::zero(currency), Self::checked_add)
    }
}

/// `9.00 USD`: the number first, because a sign's place differs between countries.
impl fmt::Display for Money {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let exponent = self.currency.exponent();
        let unit = 10_u64.pow(exponent);
        let sign = if self.minor < 0 { "-" } else { "" };
        let minor = self.minor.unsigned_abs();
        write!(f, "{sign}{}", minor / unit)?;
        if exponent > 0 {
            write!(f, ".{:0width$}", minor % unit, width = usize::try_from(exponent).unwrap_or_default())?;
        }
        write!(f, " {}", self.currency.as_str().to_ascii_uppercase())
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn money(minor: i64, code: &str) -> Money {
        Money::new(minor, code.parse().expect("a currency"))
    }

    #[test]
    fn each_currency_is_shown_with_its_own_digits() {
        for (minor, code, shown) in [
            (900, "usd", "9.00 USD"),
            (-5, "eur", "-0.05 EUR"),
            (900, "jpy", "900 JPY"),
            (1_234, "kwd", "1.234 KWD"),
            (15, "clf", "0.0015 CLF"),
            (i64::MIN, "usd", "-92233720368547758.08 USD"),
        ] {
            assert_eq!(money(minor, code).to_string(), shown);
        }
    }

    #[test]
    fn money_travels_as_amount_and_currency() {
        let text = serde_json::to_string(&money(900, "USD")).expect("serialises");
        assert_eq!(text, r#"{"amount":900,"currency":"usd"}"#);
        assert_eq!(serde_json::from_str::<Money>(&text).expect("parses"), money(900, "usd"));
        for wrong in [r#"{"amount":9.5,"currency":"usd"}"#, r#"{"amount":9,"currency":"xyz"}"#, r#"{"amount":9}"#, r#"{"amount":9,"currency":"usd","x":1}"#] {
            assert!(serde_json::from_str::<Money>(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn no_code_is_listed_twice() {
        let mut codes: Vec<&str> = CODES.iter().flat_map(|(_, codes)| codes.split(' ')).collect();
        let all = codes.len();
        codes.sort_unstable();
        codes.dedup();
        assert_eq!((codes.len(), codes.iter().all(|code| code.len() == 3)), (all, true));
    }

    #[test]
    fn currencies_are_not_mixed() {
        assert_eq!(money(1, "usd").checked_add(money(1, "eur")), Err(MoneyError::Currencies(Currency::USD, Currency::EUR)));
        assert_eq!(money(i64::MAX, "usd").checked_add(money(1, "usd")), Err(MoneyError::Overflow));
        assert_eq!(money(1, "usd").share(1, 0), Err(MoneyError::Overflow));
    }

    #[test]
    fn halves_are_rounded_away_from_zero() {
        assert_eq!(money(5, "usd").share(1, 2), Ok(money(3, "usd")));
        assert_eq!(money(-5, "usd").share(1, 2), Ok(money(-3, "usd")));
        assert_eq!(money(10, "usd").share(1, 3), Ok(money(3, "usd")));
        assert_eq!(money(20, "usd").share(1, 3), Ok(money(7, "usd")));
    }

    proptest! {
        #[test]
        fn what_is_added_can_be_taken_away_again(a in any::<i64>(), b in any::<i64>()) {
            let (one, other) = (money(a, "usd"), money(b, "usd"));
            match one.checked_add(other) {
                Ok(sum) => {
                    prop_assert_eq!(sum.checked_sub(other), Ok(one));
                    prop_assert_eq!(other.checked_add(one), Ok(sum));
                }
                Err(error) => {
                    prop_assert_eq!(error, MoneyError::Overflow);
                    prop_assert!(a.checked_add(b).is_none());
                }
            }
        }

        #[test]
        fn shares_of_a_whole_miss_it_by_less_than_their_number(minor in -1_000_000_000_i64..1_000_000_000, whole in 1_u64..100_000, part in 0_u64..100_000) {
            let part = part.min(whole);
            let (one, rest) = (money(minor, "eur").share(part, whole).expect("fits"), money(minor, "eur").share(whole - part, whole).expect("fits"));
            prop_assert!((one.minor + rest.minor - minor).abs() <= 1);
            prop_assert!(one.minor.abs() <= minor.abs());
        }

        #[test]
        fn what_is_shown_says_the_amount_exactly(minor in any::<i64>(), code in prop::sample::select(vec!["usd", "jpy", "kwd", "clf"])) {
            let shown = money(minor, code).to_string();
            let digits: String = shown.chars().filter(|letter| letter.is_ascii_digit() || *letter == '-').collect();
            prop_assert_eq!(digits.parse::<i64>().expect("a number"), minor);
        }
    }
}
