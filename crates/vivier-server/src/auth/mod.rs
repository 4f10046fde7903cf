//! Who is there, and may they: passwords, sessions, tokens, the origin of a request, and how often someone may try.
//!
//! This room knows no routes: `http` asks it. It never logs, stores or returns a password, a token or a code in plain text.

pub mod browser;
pub mod caller;
pub mod limits;
pub mod oidc;
pub mod origin;
pub mod password;
pub mod recovery;
pub mod setup;
pub mod token;
pub mod totp;
pub mod webauthn;

use crate::clock::SharedClock;
use crate::config::Config;

/// What is kept in memory for signing in.
pub struct Auth {
    pub passwords: password::Passwords,
    pub limits: limits::Limits,
    pub passkeys: webauthn::Passkeys,
    pub providers: oidc::Providers,
}

impl Auth {
    pub fn new(config: &Config, clock: SharedClock) -> Self {
        Self {
            passwords: password::Passwords::new(),
            limits: limits::Limits::new(config, clock.clone()),
            passkeys: webauthn::Passkeys::new(&config.public_url),
            providers: oidc::Providers::new(clock),
        }
    }
}
