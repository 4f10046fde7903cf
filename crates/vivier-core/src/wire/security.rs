//! How people prove who they are: addresses of mail, second factors, passkeys, identity providers.

use serde::{Deserialize, Serialize};

use crate::id::PasskeyId;
use crate::name::{DisplayName, Email};
use crate::secret::Secret;
use crate::time::Timestamp;

/// What a link in a mail carries.
#[derive(Clone, Debug, Deserialize, Serialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct MailLink {
    #[schema(value_type = String)]
    pub token: Secret,
}

#[derive(Clone, Debug, Deserialize, Serialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ResetRequest {
    pub email: Email,
}

#[derive(Clone, Debug, Deserialize, Serialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct PasswordReset {
    /// Out of the link.
    #[schema(value_type = String)]
    pub token: Secret,
    /// 10 to 256 characters.
    #[schema(value_type = String, min_length = 10, max_length = 256)]
    pub new_password: Secret,
}

/// What shows that the person at the keyboard is the one who signed in. Someone who has a password gives it; someone who has none must
/// have signed in within the last 15 minutes.
#[derive(Clone, Debug, Default, Deserialize, Serialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Reassurance {
    #[serde(default)]
    #[schema(value_type = Option<String>)]
    pub password: Option<Secret>,
    /// Of the authenticator app, or a recovery code; where an operation asks for it.
    #[serde(default)]
    #[schema(value_type = Option<String>)]
    pub code: Option<Secret>,
}

#[derive(Clone, Debug, Deserialize, Serialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct EmailChange {
    pub email: Email,
    /// See `Reassurance`.
    #[serde(default)]
    #[schema(value_type = Option<String>)]
    pub password: Option<Secret>,
}

/// The first step of a sign-in held; now the second.
#[derive(Clone, Debug, Deserialize, Serialize, utoipa::ToSchema)]
pub struct SecondStep {
    /// Stands for the first step, for a few minutes and a few tries.
    #[schema(value_type = String)]
    pub token: Secret,
    /// What is taken.
    pub kinds: Vec<FactorKind>,
    pub expires_at: Timestamp,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum FactorKind {
    /// A code of the authenticator app.
    App,
    /// One of the codes that were shown once.
    RecoveryCode,
    Passkey,
}

#[derive(Clone, Debug, Deserialize, Serialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct SecondFactor {
    /// Of the first step.
    #[schema(value_type = String)]
    pub token: Secret,
    /// Six digits of the authenticator app, or a recovery code.
    #[schema(value_type = String)]
    pub code: Secret,
}

/// How the caller signs in.
#[derive(Clone, Debug, Serialize, Deserialize, utoipa::ToSchema)]
pub struct SecurityOut {
    pub email: Email,
    /// Since when the address is known to be theirs.
    pub email_verified_at: Option<Timestamp>,
    /// Whether some things wait until it is.
    pub verification_needed: bool,
    /// Where a change of the address waits to be confirmed.
    pub new_email: Option<Email>,
    pub has_password: bool,
    /// Since when an authenticator app is asked for.
    pub app_since: Option<Timestamp>,
    pub recovery_codes_left: u64,
    /// Whether this installation's address lets browsers use passkeys.
    pub passkeys_possible: bool,
    pub passkeys: Vec<PasskeyOut>,
    pub identities: Vec<IdentityOut>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct PasskeyOut {
    pub id: PasskeyId,
    pub name: DisplayName,
    pub created_at: Timestamp,
    pub last_used_at: Option<Timestamp>,
}

/// An identity provider, and who it knows the caller as.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct IdentityOut {
    /// Its name in the settings.
    pub provider: String,
    pub title: String,
    /// Absent: it is not linked.
    pub linked_at: Option<Timestamp>,
    /// As the provider last said.
    pub email: Option<String>,
}

/// Ways to sign in that this installation offers beside the password.
#[derive(Clone, Debug, Serialize, Deserialize, utoipa::ToSchema)]
pub struct SignInOptions {
    pub passkeys: bool,
    pub providers: Vec<ProviderName>,
}

#[derive(Clone, Debug, Serialize, Deserialize, utoipa::ToSchema)]
pub struct ProviderName {
    /// Begin at `/v1/auth/oidc/<name>`.
    pub name: String,
    pub title: String,
}

/// An authenticator app to set up; it counts once a code of it has been confirmed.
#[derive(Clone, Debug, Serialize, Deserialize, utoipa::ToSchema)]
pub struct AppEnrolment {
    /// To type in, base 32.
    #[schema(value_type = String)]
    pub secret: Secret,
    /// `otpauth://…`, what the picture says.
    #[schema(value_type = String)]
    pub url: Secret,
    /// A QR code, as SVG.
    #[schema(value_type = String)]
    pub picture: Secret,
}

#[derive(Clone, Debug, Deserialize, Serialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct AppConfirmation {
    /// Six digits.
    #[schema(value_type = String)]
    pub code: Secret,
}

/// Codes that each stand in for the second factor once. They are shown this one time.
#[derive(Clone, Debug, Serialize, Deserialize, utoipa::ToSchema)]
pub struct RecoveryCodes {
    #[schema(value_type = Vec<String>)]
    pub codes: Vec<Secret>,
}

/// What a browser is to be asked (`navigator.credentials`), and the token that brings its answer back.
#[derive(Clone, Debug, Serialize, Deserialize, utoipa::ToSchema)]
pub struct PasskeyChallenge {
    #[schema(value_type = String)]
    pub token: Secret,
    /// `publicKey` of the options, as WebAuthn's JSON form: for `PublicKeyCredential.parseCreationOptionsFromJSON` and its kin.
    #[schema(value_type = Object)]
    pub options: serde_json::Value,
}

#[derive(Clone, Debug, Deserialize, Serialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewPasskey {
    #[schema(value_type = String)]
    pub token: Secret,
    /// To tell it from others, 1 to 60 characters.
    pub name: DisplayName,
    /// The browser's answer, as JSON.
    #[schema(value_type = Object)]
    pub credential: serde_json::Map<String, serde_json::Value>,
}

/// A passkey was added.
#[derive(Clone, Debug, Serialize, Deserialize, utoipa::ToSchema)]
pub struct PasskeyAdded {
    pub passkey: PasskeyOut,
    /// With the first second factor: what helps when it is lost. Shown this one time.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<Vec<String>>)]
    pub recovery_codes: Option<Vec<Secret>>,
}

#[derive(Clone, Debug, Default, Deserialize, Serialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct PasskeyQuestion {
    /// Of the first step, when the passkey is the second.
    #[serde(default)]
    #[schema(value_type = Option<String>)]
    pub second: Option<Secret>,
}

#[derive(Clone, Debug, Deserialize, Serialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct PasskeyAnswer {
    #[schema(value_type = String)]
    pub token: Secret,
    /// The browser's answer, as JSON.
    #[schema(value_type = Object)]
    pub credential: serde_json::Map<String, serde_json::Value>,
}

/// Where the browser goes to link an identity.
#[derive(Clone, Debug, Serialize, Deserialize, utoipa::ToSchema)]
pub struct LinkAddress {
    pub url: String,
}
