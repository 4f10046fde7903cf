//! Passkeys (WebAuthn): what the browser is asked, and whether its answer holds. The name that passkeys are bound to is the public
//! URL's host: another host's page, and another port's, cannot use them.

use url::Url;
use vivier_core::id::UserId;
use vivier_core::name::Email;
use webauthn_rs::prelude::{
    AuthenticationResult, CreationChallengeResponse, DiscoverableAuthentication, DiscoverableKey, Passkey, PasskeyAuthentication, PasskeyRegistration,
    PublicKeyCredential, RegisterPublicKeyCredential, RequestChallengeResponse, Webauthn, WebauthnBuilder, WebauthnError,
};
use webauthn_rs_proto::ResidentKeyRequirement;

/// The relying party; absent where browsers offer no passkeys: an address of digits has no name to bind them to.
pub struct Passkeys(Option<Webauthn>);

/// What a sign-in with a passkey waits for.
#[derive(serde::Serialize, serde::Deserialize)]
pub enum Awaited {
    /// Whoever has a passkey for this place.
    Anybody(DiscoverableAuthentication),
    /// The second factor of one user, whose first step this token stands for.
    Second { state: PasskeyAuthentication, step: [u8; 32] },
}

impl Passkeys {
    pub fn new(public_url: &str) -> Self {
        let made = Url::parse(public_url).ok().and_then(|url| {
            let host = url.domain()?;
            WebauthnBuilder::new(host, &url).ok()?.rp_name("Vivier").build().ok()
        });
        Self(made)
    }

    /// For the public URL's host, if it has a name.
    pub const fn party(&self) -> Option<&Webauthn> {
        self.0.as_ref()
    }
}

/// Asks for a new passkey that the authenticator itself remembers, so that it can sign in without a name being typed.
///
/// # Errors
/// When the challenge cannot be made.
pub fn ask_new(party: &Webauthn, user: UserId, email: &Email, known: &[Passkey]) -> Result<(CreationChallengeResponse, PasskeyRegistration), WebauthnError> {
    let known = known.iter().map(|passkey| passkey.cred_id().clone()).collect();
    let (mut challenge, state) = party.start_passkey_registration(user.as_uuid(), email.as_str(), email.as_str(), Some(known))?;
    if let Some(selection) = &mut challenge.public_key.authenticator_selection {
        selection.resident_key = Some(ResidentKeyRequirement::Required);
        selection.require_resident_key = true;
    }
    Ok((challenge, state))
}

/// # Errors
/// When the answer does not hold.
pub fn take_new(party: &Webauthn, answer: &RegisterPublicKeyCredential, state: &PasskeyRegistration) -> Result<Passkey, WebauthnError> {
    party.finish_passkey_registration(answer, state)
}

/// Asks whoever has a passkey.
///
/// # Errors
/// When the challenge cannot be made.
pub fn ask_anybody(party: &Webauthn) -> Result<(RequestChallengeResponse, Awaited), WebauthnError> {
    let (mut challenge, state) = party.start_discoverable_authentication()?;
    // A button was pressed: the browser asks at once, and not when a field is filled.
    challenge.mediation = None;
    Ok((challenge, Awaited::Anybody(state)))
}

/// Asks for one of `known`.
///
/// # Errors
/// When the challenge cannot be made.
pub fn ask_second(party: &Webauthn, known: &[Passkey], step: [u8; 32]) -> Result<(RequestChallengeResponse, Awaited), WebauthnError> {
    let (challenge, state) = party.start_passkey_authentication(known)?;
    Ok((challenge, Awaited::Second { state, step }))
}

/// Whether the answer holds, of the passkey that it names. The authenticator has verified its user (a fingerprint, a PIN): what it
/// holds and what they know are two factors.
///
/// # Errors
/// When it does not hold.
pub fn check(party: &Webauthn, answer: &PublicKeyCredential, awaited: Awaited, passkey: &Passkey) -> Result<AuthenticationResult, WebauthnError> {
    let result = match awaited {
        Awaited::Anybody(state) => party.finish_discoverable_authentication_v2(answer, state, DiscoverableKey::from(passkey))?,
        Awaited::Second { state, step: _ } => party.finish_passkey_authentication(answer, &state)?,
    };
    if result.user_verified() { Ok(result) } else { Err(WebauthnError::UserNotVerified) }
}

/// The user that an answer names.
pub fn named(answer: &PublicKeyCredential) -> Option<UserId> {
    answer.get_user_unique_id().and_then(|bytes| uuid::Uuid::from_slice(bytes).ok()).map(UserId::from_uuid)
}
