//! How often someone may try: token buckets by address and by account, in memory, of bounded size.

use std::net::{IpAddr, Ipv6Addr};
use std::num::NonZeroU32;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Duration;

use governor::clock::{Clock, Reference};
use governor::nanos::Nanos;
use governor::state::keyed::DashMapStateStore;
use governor::{Quota, RateLimiter};
use sha2::{Digest as _, Sha256};

use crate::clock::SharedClock;
use crate::config::Config;

/// Keys that one limit remembers. Beyond, strangers share buckets: a flood of addresses cannot take memory.
const MOST_KEYS: usize = 20_000;
/// The buckets that strangers share then.
const SHARED: u128 = 256;
/// How often, at most, what is full again is forgotten, in milliseconds.
const SWEEP_MILLIS: i64 = 1_000;

/// What is limited.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Limit {
    SignupByAddress,
    LoginByAddress,
    LoginByAccount,
    DeployByAddress,
    Open,
    SecondByUser,
    SecondByAddress,
    LinkByAddress,
    MailByUser,
    ResetByAccount,
    ResetByAddress,
    Billing,
}

impl Limit {
    /// The `code` of the problem.
    pub const fn code(self) -> &'static str {
        match self {
            Self::SignupByAddress => "signups_per_address",
            Self::LoginByAddress => "logins_per_address",
            Self::LoginByAccount => "logins_per_account",
            Self::DeployByAddress => "deploys_per_address",
            Self::Open => "opens",
            Self::SecondByUser => "codes_per_user",
            Self::SecondByAddress => "codes_per_address",
            Self::LinkByAddress => "links_per_address",
            Self::MailByUser => "mails_per_user",
            Self::ResetByAccount => "resets_per_account",
            Self::ResetByAddress => "resets_per_address",
            Self::Billing => "billing_calls",
        }
    }

    pub const fn sentence(self) -> &'static str {
        match self {
            Self::SignupByAddress => "Too many accounts were made from this address",
            Self::LoginByAddress => "Too many sign-ins were tried from this address",
            Self::LoginByAccount => "Too many sign-ins were tried for this account",
            Self::DeployByAddress => "Too many deployments were asked for from this address",
            Self::Open => "The agent was opened too often",
            Self::SecondByUser => "Too many codes were tried for this user",
            Self::SecondByAddress => "Too many codes were tried from this address",
            Self::LinkByAddress => "Too many links were tried from this address",
            Self::MailByUser => "Too many mails were asked for",
            Self::ResetByAccount => "Too many mails were asked for, to this address",
            Self::ResetByAddress => "Too many mails were asked for from this address",
            Self::Billing => "Too much was asked of the payment provider for this account",
        }
    }
}

/// A limit that is reached.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Reached {
    pub limit: Limit,
    /// Seconds, at least 1.
    pub retry_after: u64,
}

/// The installation's clock, as governor wants it.
#[derive(Clone)]
struct Turning(SharedClock);

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Instant(u64);

impl std::ops::Add<Nanos> for Instant {
    type Output = Self;

    fn add(self, nanos: Nanos) -> Self {
        Self(self.0.saturating_add(nanos.as_u64()))
    }
}

impl Reference for Instant {
    fn duration_since(&self, earlier: Self) -> Nanos {
        self.0.saturating_sub(earlier.0).into()
    }

    fn saturating_sub(&self, duration: Nanos) -> Self {
        Self(self.0.checked_sub(duration.into()).unwrap_or(self.0))
    }
}

impl Clock for Turning {
    type Instant = Instant;

    fn now(&self) -> Instant {
        let millis = u64::try_from(self.0.now().as_millis()).unwrap_or_default();
        Instant(millis.saturating_mul(1_000_000))
    }
}

type Buckets = RateLimiter<u128, DashMapStateStore<u128>, Turning, governor::middleware::NoOpMiddleware<Instant>>;

struct Bucket {
    limit: Limit,
    buckets: Buckets,
    clock: Turning,
    swept: AtomicI64,
}

impl Bucket {
    fn new(limit: Limit, burst: u32, per: Duration, clock: &SharedClock) -> Self {
        let burst = NonZeroU32::new(burst).unwrap_or(NonZeroU32::MIN);
        let quota = Quota::with_period(per / burst.get()).expect("the period is longer than nothing").allow_burst(burst);
        let clock = Turning(clock.clone());
        Self { limit, buckets: RateLimiter::dashmap_with_clock(quota, clock.clone()), clock, swept: AtomicI64::new(0) }
    }

    fn check(&self, key: u128) -> Result<(), Reached> {
        let key = if self.buckets.len() < MOST_KEYS { key } else { self.crowded(key) };
        self.buckets.check_key(&key).map_err(|not_until| {
            let wait = not_until.wait_time_from(self.clock.now());
            Reached { limit: self.limit, retry_after: wait.as_secs() + 1 }
        })
    }

    /// Forgets whose bucket is full again; when that makes no room, strangers share.
    fn crowded(&self, key: u128) -> u128 {
        let now = self.clock.0.now().as_millis();
        let swept = self.swept.load(Ordering::Relaxed);
        if now - swept >= SWEEP_MILLIS && self.swept.compare_exchange(swept, now, Ordering::Relaxed, Ordering::Relaxed).is_ok() {
            self.buckets.retain_recent();
        }
        if self.buckets.len() < MOST_KEYS { key } else { key % SHARED }
    }
}

/// All limits.
pub struct Limits {
    signup: Bucket,
    login_address: Bucket,
    login_account: Bucket,
    deploy: Bucket,
    open: Bucket,
    second_user: Bucket,
    second_address: Bucket,
    link: Bucket,
    mail: Bucket,
    reset_account: Bucket,
    reset_address: Bucket,
    billing: Bucket,
}

impl Limits {
    pub fn new(config: &Config, clock: SharedClock) -> Self {
        let hour = Duration::from_secs(3_600);
        let quarter = Duration::from_secs(900);
        Self {
            signup: Bucket::new(Limit::SignupByAddress, config.signups_per_hour, hour, &clock),
            // Several people may share an address; one account is one person.
            login_address: Bucket::new(Limit::LoginByAddress, config.logins_per_quarter.saturating_mul(5), quarter, &clock),
            login_account: Bucket::new(Limit::LoginByAccount, config.logins_per_quarter, quarter, &clock),
            deploy: Bucket::new(Limit::DeployByAddress, config.deploys_per_hour.saturating_mul(10), hour, &clock),
            open: Bucket::new(Limit::Open, 60, Duration::from_secs(60), &clock),
            second_user: Bucket::new(Limit::SecondByUser, config.logins_per_quarter, quarter, &clock),
            second_address: Bucket::new(Limit::SecondByAddress, config.logins_per_quarter.saturating_mul(5), quarter, &clock),
            link: Bucket::new(Limit::LinkByAddress, config.logins_per_quarter.saturating_mul(5), quarter, &clock),
            mail: Bucket::new(Limit::MailByUser, config.mails_per_hour, hour, &clock),
            reset_account: Bucket::new(Limit::ResetByAccount, config.mails_per_hour, hour, &clock),
            reset_address: Bucket::new(Limit::ResetByAddress, config.mails_per_hour.saturating_mul(10), hour, &clock),
            billing: Bucket::new(Limit::Billing, 30, Duration::from_secs(60), &clock),
        }
    }

    /// Counts one try.
    ///
    /// # Errors
    /// When there were too many; it is not counted then.
    pub fn check(&self, limit: Limit, key: &str) -> Result<(), Reached> {
        let bucket = match limit {
            Limit::SignupByAddress => &self.signup,
            Limit::LoginByAddress => &self.login_address,
            Limit::LoginByAccount => &self.login_account,
            Limit::DeployByAddress => &self.deploy,
            Limit::Open => &self.open,
            Limit::SecondByUser => &self.second_user,
            Limit::SecondByAddress => &self.second_address,
            Limit::LinkByAddress => &self.link,
            Limit::MailByUser => &self.mail,
            Limit::ResetByAccount => &self.reset_account,
            Limit::ResetByAddress => &self.reset_address,
            Limit::Billing => &self.billing,
        };
        bucket.check(fold(key))
    }
}

/// Keys of one size, whatever they were made of.
fn fold(key: &str) -> u128 {
    let digest: [u8; 32] = Sha256::digest(key.as_bytes()).into();
    u128::from_le_bytes(digest[..16].try_into().expect("a SHA-256 has more than 16 bytes"))
}

/// What counts as one address: an IPv4 address, or the /64 that one customer of a provider is given.
pub fn address_key(address: Option<IpAddr>) -> String {
    match address {
        None => "direct".to_owned(),
        Some(IpAddr::V4(address)) => address.to_string(),
        Some(IpAddr::V6(address)) => match address.to_ipv4_mapped() {
            Some(address) => address.to_string(),
            None => Ipv6Addr::from(u128::from(address) & (u128::MAX << 64)).to_string(),
        },
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::clock::TurnedClock;
    use std::sync::Arc;

    #[test]
    fn a_limit_says_when_to_come_back_and_means_it() {
        let clock = Arc::new(TurnedClock::default());
        let limits = Limits::new(&Config { logins_per_quarter: 3, ..Config::default() }, clock.clone());
        for _ in 0..3 {
            limits.check(Limit::LoginByAccount, "a").expect("within the limit");
        }
        let reached = limits.check(Limit::LoginByAccount, "a").expect_err("the fourth");
        assert!((290..=301).contains(&reached.retry_after), "{reached:?}");
        limits.check(Limit::LoginByAccount, "b").expect("another's");
        clock.turn_seconds(i64::try_from(reached.retry_after).expect("small"));
        limits.check(Limit::LoginByAccount, "a").expect("after waiting");
    }

    #[test]
    fn a_flood_of_addresses_takes_bounded_memory() {
        let limits = Limits::new(&Config::default(), Arc::new(TurnedClock::default()));
        for number in 0..(MOST_KEYS + 5_000) {
            let _ = limits.check(Limit::SignupByAddress, &number.to_string());
        }
        assert!(limits.signup.buckets.len() <= MOST_KEYS + usize::try_from(SHARED).expect("small"), "{}", limits.signup.buckets.len());
    }

    #[test]
    fn one_customers_v6_addresses_count_as_one() {
        let key = |text: &str| address_key(Some(text.parse().expect("an address")));
        assert_eq!(key("2001:db8::1"), key("2001:db8::ffff:1"));
        assert_ne!(key("2001:db8::1"), key("2001:db8:0:1::1"));
        assert_eq!(key("::ffff:192.0.2.1"), key("192.0.2.1"));
    }
}
