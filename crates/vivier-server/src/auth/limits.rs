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
use vivier_core::wire::limits::RateOut;

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
    ChangesByAccount,
    ChangesByAddress,
    HeavyByAccount,
    HeavyByAddress,
    InviteByAccount,
    ExportByAccount,
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
            Self::ChangesByAccount => "changes_per_account",
            Self::ChangesByAddress => "changes_per_address",
            Self::HeavyByAccount => "heavy_per_account",
            Self::HeavyByAddress => "heavy_per_address",
            Self::InviteByAccount => "invitations_per_account",
            Self::ExportByAccount => "exports_per_account",
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
            Self::ChangesByAccount => "Too many changes were sent for this account",
            Self::ChangesByAddress => "Too many changes were sent from this address",
            Self::HeavyByAccount => "Too many costly requests were sent for this account",
            Self::HeavyByAddress => "Too many costly requests were sent from this address",
            Self::InviteByAccount => "Too many invitations were sent from this account",
            Self::ExportByAccount => "The account was exported too often",
        }
    }
}

/// A limit that is reached.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Reached {
    pub limit: Limit,
    /// Seconds, at least 1.
    pub retry_after: u64,
    /// How many at once, and in each period.
    pub allowed: u32,
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
    burst: u32,
    per: Duration,
    buckets: Buckets,
    clock: Turning,
    swept: AtomicI64,
}

impl Bucket {
    fn new(limit: Limit, burst: u32, per: Duration, clock: &SharedClock) -> Self {
        let burst = NonZeroU32::new(burst).unwrap_or(NonZeroU32::MIN);
        let quota = Quota::with_period(per / burst.get()).expect("the period is longer than nothing").allow_burst(burst);
        let clock = Turning(clock.clone());
        Self { limit, burst: burst.get(), per, buckets: RateLimiter::dashmap_with_clock(quota, clock.clone()), clock, swept: AtomicI64::new(0) }
    }

    fn check(&self, key: u128) -> Result<(), Reached> {
        let key = if self.buckets.len() < MOST_KEYS { key } else { self.crowded(key) };
        self.buckets.check_key(&key).map_err(|not_until| {
            let wait = not_until.wait_time_from(self.clock.now());
            Reached { limit: self.limit, retry_after: wait.as_secs() + 1, allowed: self.burst }
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
    changes_account: Bucket,
    changes_address: Bucket,
    heavy_account: Bucket,
    heavy_address: Bucket,
    invite: Bucket,
    export: Bucket,
}

impl Limits {
    pub fn new(config: &Config, clock: SharedClock) -> Self {
        let hour = Duration::from_secs(3_600);
        let quarter = Duration::from_secs(900);
        let minute = Duration::from_secs(60);
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
            changes_account: Bucket::new(Limit::ChangesByAccount, config.rates.changes_per_minute, minute, &clock),
            changes_address: Bucket::new(Limit::ChangesByAddress, config.rates.changes_per_minute.saturating_mul(5), minute, &clock),
            heavy_account: Bucket::new(Limit::HeavyByAccount, config.rates.heavy_per_minute, minute, &clock),
            heavy_address: Bucket::new(Limit::HeavyByAddress, config.rates.heavy_per_minute.saturating_mul(5), minute, &clock),
            // A mail to somebody who has not asked for it: as seldom as new accounts.
            invite: Bucket::new(Limit::InviteByAccount, config.signups_per_hour, hour, &clock),
            export: Bucket::new(Limit::ExportByAccount, 10, hour, &clock),
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
            Limit::ChangesByAccount => &self.changes_account,
            Limit::ChangesByAddress => &self.changes_address,
            Limit::HeavyByAccount => &self.heavy_account,
            Limit::HeavyByAddress => &self.heavy_address,
            Limit::InviteByAccount => &self.invite,
            Limit::ExportByAccount => &self.export,
        };
        bucket.check(fold(key))
    }
}

/// How costly a request is for this installation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Cost {
    /// Reads a few rows.
    Cheap,
    /// Writes, or wakes the worker.
    Change,
    /// Reads or sends much, or makes the host work.
    Heavy,
}

/// What costs more than its method says. Every other safe request is cheap, every other unsafe one is a change, so that a new route
/// is limited before anybody thinks of it.
pub const COSTS: &[(&str, &str, Cost)] = &[
    ("POST", "/v1/deployments", Cost::Heavy),
    ("GET", "/v1/deployments/{id}/logs", Cost::Heavy),
    ("GET", "/v1/deployments/{id}/stats", Cost::Heavy),
    ("POST", "/v1/deployments/{id}/config", Cost::Heavy),
    ("POST", "/v1/deployments/{id}/rollback", Cost::Heavy),
    ("POST", "/v1/deployments/{id}/update", Cost::Heavy),
    ("GET", "/v1/usage", Cost::Heavy),
    ("GET", "/v1/usage/export", Cost::Heavy),
    ("GET", "/v1/audit/export", Cost::Heavy),
    ("GET", "/v1/operator/audit/export", Cost::Heavy),
    ("GET", "/v1/operator/audit/verification", Cost::Heavy),
    // Have limits of their own, by address and by account, that are tighter.
    ("POST", "/v1/auth/signup", Cost::Cheap),
    ("POST", "/v1/auth/login", Cost::Cheap),
    // The payment provider sends these from few addresses, hundreds a second, and signs each.
    ("POST", "/v1/billing/webhook", Cost::Cheap),
];

impl Cost {
    /// Of a request; `route` is its template.
    pub fn of(method: &axum::http::Method, route: &str) -> Self {
        let named = COSTS.iter().find(|(verb, path, _)| *verb == method.as_str() && *path == route);
        match named {
            Some((.., cost)) => *cost,
            None if method.is_safe() => Self::Cheap,
            None => Self::Change,
        }
    }
}

impl Limits {
    /// Counts a request against its account and its address.
    ///
    /// # Errors
    /// When there were too many of either.
    pub fn spend(&self, cost: Cost, account: Option<&str>, address: &str) -> Result<(), Reached> {
        let (by_account, by_address) = match cost {
            Cost::Cheap => return Ok(()),
            Cost::Change => (Limit::ChangesByAccount, Limit::ChangesByAddress),
            Cost::Heavy => (Limit::HeavyByAccount, Limit::HeavyByAddress),
        };
        self.check(by_address, address)?;
        account.map_or(Ok(()), |account| self.check(by_account, account))
    }

    /// What whoever calls should know beforehand.
    pub fn rates(&self) -> Vec<RateOut> {
        let shown = [&self.changes_account, &self.changes_address, &self.heavy_account, &self.heavy_address, &self.open];
        let title = |limit: Limit| match limit {
            Limit::ChangesByAccount => "changes of an account",
            Limit::ChangesByAddress => "changes from an address",
            Limit::HeavyByAccount => "costly requests of an account",
            Limit::HeavyByAddress => "costly requests from an address",
            Limit::Open => "openings of an agent",
            Limit::SignupByAddress
            | Limit::LoginByAddress
            | Limit::LoginByAccount
            | Limit::DeployByAddress
            | Limit::SecondByUser
            | Limit::SecondByAddress
            | Limit::LinkByAddress
            | Limit::MailByUser
            | Limit::ResetByAccount
            | Limit::ResetByAddress
            | Limit::Billing
            | Limit::InviteByAccount
            | Limit::ExportByAccount => limit.sentence(),
        };
        let out = |bucket: &&Bucket| RateOut {
            limit: bucket.limit.code().to_owned(),
            title: title(bucket.limit).to_owned(),
            allowed: bucket.burst,
            period_seconds: u32::try_from(bucket.per.as_secs()).unwrap_or(u32::MAX),
        };
        shown.iter().map(out).collect()
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
