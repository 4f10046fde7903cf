//! Deployments, as the public API shows and takes them.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::channel::{ChannelKind, ChannelSettings};
use crate::config::ConfigIssue;
use crate::digest::Digest;
use crate::hold::Hold;
use crate::id::{AccountId, DeploymentId, EventId, ReleaseId};
use crate::lifecycle::{Action, State};
use crate::name::{DisplayName, Slug};
use crate::plan::PlanName;
use crate::provider::{ProviderKind, ProviderSettings};
use crate::release::{Verdict, Withdrawal};
use crate::runtime::{Limits, Proof, Snapshot};
use crate::secret::Secret;
use crate::template::TemplateName;
use crate::time::Timestamp;
use crate::waves::ReleaseChannel;
use crate::window::Window;

/// A new deployment.
#[derive(Clone, Debug, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewDeployment {
    pub name: DisplayName,
    /// The label of its address; made from the name when absent.
    #[serde(default)]
    pub slug: Option<Slug>,
    pub plan: PlanName,
    #[serde(default = "assistant")]
    pub template: TemplateName,
    /// Absent: the agent starts, but cannot answer until a provider is set.
    #[serde(default)]
    pub provider: Option<NewProvider>,
    #[serde(default)]
    pub channels: Vec<NewChannel>,
    /// The tenant's own OpenClaw configuration (JSON5); the template's when absent.
    #[serde(default)]
    pub config: Option<String>,
}

const fn assistant() -> TemplateName {
    TemplateName::Assistant
}

#[derive(Clone, Debug, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewProvider {
    pub kind: ProviderKind,
    #[serde(default)]
    pub base_url: Option<String>,
    pub model: String,
    /// Kept encrypted, never shown again, never given to the agent's container. In an update: absent keeps the one that is there.
    #[serde(default)]
    #[schema(value_type = Option<String>)]
    pub api_key: Option<Secret>,
}

#[derive(Clone, Debug, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewChannel {
    pub kind: ChannelKind,
    /// By name: `bot_token`, `app_token`, `token`. In an update: absent ones are kept as they are.
    #[serde(default)]
    #[schema(value_type = BTreeMap<String, String>)]
    pub tokens: BTreeMap<String, Secret>,
    #[serde(default)]
    pub allow_from: Vec<String>,
    #[serde(default)]
    pub api_root: Option<String>,
}

/// A deployment, as it was last seen.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct DeploymentOut {
    pub id: DeploymentId,
    pub account: AccountId,
    pub name: DisplayName,
    pub slug: Slug,
    /// Where it is reached.
    pub url: String,
    pub plan: PlanName,
    pub template: TemplateName,
    pub limits: Limits,
    pub state: State,
    /// Who keeps it suspended whatever its owner wants; absent when nobody does.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub holds: Vec<Hold>,
    /// Why it is in this state, in a sentence, where there is something to say; with the next step for a failure.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    /// What does not work although it runs.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub degraded: Vec<Degradation>,
    /// When the agent was last looked at; absent before the first look.
    pub observed_at: Option<Timestamp>,
    /// What is being done at this moment.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub doing: Option<Action>,
    /// Its place among those that wait for their turn, from 1; absent when it waits for nothing.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub queue_position: Option<u32>,
    pub openclaw_version: String,
    pub image: Digest,
    /// The channel whose releases it gets by itself; absent: it stays on its release until its owner chooses another.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub follows: Option<ReleaseChannel>,
    /// When the channel's releases may be brought to it; absent: at any time.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub window: Option<Window>,
    pub revision: u64,
    pub last_known_good_revision: Option<u64>,
    pub provider: Option<ProviderSettings>,
    pub channels: Vec<ChannelSettings>,
    pub created_at: Timestamp,
    /// When a trial ends.
    pub expires_at: Option<Timestamp>,
    /// When its data goes, for a deleted one; until then it can be restored.
    pub purge_at: Option<Timestamp>,
}

/// Something that does not work although the agent runs.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct Degradation {
    /// What OpenClaw calls it, such as `telegram`.
    pub part: String,
    pub reason: String,
    pub remedy: String,
}

#[derive(Clone, Debug, Default, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct DeploymentPatch {
    #[serde(default)]
    pub name: Option<DisplayName>,
    #[serde(default)]
    pub plan: Option<PlanName>,
}

/// The release that an agent is to run.
#[derive(Clone, Debug, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewRelease {
    /// Of one in the list of releases.
    pub image: Digest,
}

/// One line of the timeline.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct EventOut {
    pub id: EventId,
    pub at: Timestamp,
    pub kind: EventKind,
    /// What was done, for steps.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub action: Option<Action>,
    pub outcome: Outcome,
    pub message: String,
    /// How long a step took.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub duration_ms: Option<u64>,
    /// Who asked: an address of mail, `system`, or `operator`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub actor: Option<String>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum EventKind {
    /// Someone asked for something.
    Ask,
    /// The reconciler did something.
    Step,
    /// The state that the owner sees has changed.
    State,
    /// Something was seen, such as an exit.
    Sight,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Outcome {
    Started,
    Done,
    Failed,
    Noted,
}

/// A deployment's configuration.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct ConfigOut {
    /// The number of the version.
    pub version: u64,
    /// The tenant's own document, as written.
    pub text: String,
    /// What OpenClaw is given: the document under the platform's overlay. Secrets are references.
    #[schema(value_type = Object)]
    pub effective: serde_json::Value,
    pub provider: Option<ProviderSettings>,
    pub channels: Vec<ChannelSettings>,
    pub created_at: Timestamp,
    /// Who wrote it.
    pub author: String,
    /// Whether an agent has run with it.
    pub outcome: RevisionOutcome,
}

/// A new configuration. What is absent stays as it is.
#[derive(Clone, Debug, Default, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewConfig {
    #[serde(default)]
    pub text: Option<String>,
    #[serde(default)]
    pub provider: Option<NewProvider>,
    #[serde(default)]
    pub channels: Option<Vec<NewChannel>>,
    /// Refuse (409) unless the current version is this one: nobody's change is lost.
    #[serde(default)]
    pub expected_version: Option<u64>,
    /// Only check: nothing is written.
    #[serde(default)]
    pub dry_run: bool,
}

/// What a check of a configuration says.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct ConfigCheck {
    pub valid: bool,
    pub issues: Vec<ConfigIssue>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum RevisionOutcome {
    /// On its way.
    Pending,
    /// An agent has run with it, proven.
    Good,
    /// It did not work, and was taken back.
    Failed,
    /// Replaced before it was tried.
    Superseded,
}

/// Configuration version + release + secrets version, numbered per deployment, immutable.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct RevisionOut {
    pub number: u64,
    pub config_version: u64,
    pub secrets_version: u64,
    pub openclaw_version: String,
    pub image: Digest,
    pub outcome: RevisionOutcome,
    /// Why it failed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    /// The last lines that its gateway wrote, when it had started and failed. At most 20, of at most 500 letters.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub log: Vec<String>,
    pub author: String,
    pub created_at: Timestamp,
    /// When it was decided what came of it: trusted, taken back, or replaced by another.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ended_at: Option<Timestamp>,
    pub current: bool,
    pub last_known_good: bool,
    /// The copy of the data from before this revision, while it is kept.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub snapshot: Option<Snapshot>,
    /// It began on the data of the snapshot from before this revision, and not on what was there.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub restores: Option<u64>,
}

/// A release that an agent may run.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct ReleaseChoice {
    pub id: ReleaseId,
    pub image: Digest,
    pub openclaw_version: String,
    pub created_at: Timestamp,
    /// New deployments get it.
    pub is_default: bool,
    /// What the operator says of it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub notes: Option<String>,
    /// Whether it was compared with known vulnerabilities.
    pub verdict: Verdict,
    /// Why the operator starts it although it is unscanned.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub accepted: Option<String>,
    /// It was taken back: it cannot be chosen.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub withdrawn: Option<Withdrawal>,
}

/// Which revision to go back to; the last known good one when absent.
#[derive(Clone, Debug, Default, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Rollback {
    #[serde(default)]
    pub revision: Option<u64>,
    /// `keep` when absent and the release stays the same, else `restore`: an older OpenClaw cannot read what a newer one wrote.
    #[serde(default)]
    pub data: Option<RollbackData>,
}

/// What becomes of the data when an earlier revision is wanted again.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum RollbackData {
    /// It stays as it is.
    Keep,
    /// It is put back to what it was when that revision was left. What was written since is kept as a snapshot, for a while.
    Restore,
}

/// What going back would do.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct RollbackPlan {
    /// The revision whose content comes back, as a new revision.
    pub revision: u64,
    pub config_version: u64,
    pub openclaw_version: String,
    /// It is another release than the one that is wanted now.
    pub other_release: bool,
    /// What happens to the data unless the request says otherwise.
    pub data: RollbackData,
    /// The data as that revision left it; absent when no copy is kept.
    pub snapshot: Option<Snapshot>,
    /// Putting the data back loses what was written since then.
    pub loses_since: Option<Timestamp>,
    /// Secrets of that revision whose text was revoked: today's takes their place, or they are left out.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub revoked: Vec<String>,
    /// All of it in a sentence or two.
    pub summary: String,
}

/// A secret, by name only.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct SecretOut {
    /// Such as `channels.telegram.botToken` or `provider.apiKey`.
    pub name: String,
    pub version: u64,
    pub created_at: Timestamp,
}

/// One version of a secret. Never its text.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct SecretVersionOut {
    pub version: u64,
    pub created_at: Timestamp,
    /// Who set it; absent when that was not written down yet.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub author: Option<String>,
    pub state: SecretState,
    /// The revisions that hold it, newest first, at most 20.
    pub revisions: Vec<u64>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub revoked_at: Option<Timestamp>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub revoked_by: Option<String>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum SecretState {
    /// Of the wanted revision, of the one that runs, or of the one that Vivier would go back to by itself.
    InUse,
    /// Kept for the way back to an earlier revision.
    Superseded,
    /// Its text is destroyed.
    Revoked,
    /// The secret was deleted with this version; there was no text.
    Deleted,
}

/// A secret's new text.
#[derive(Clone, Debug, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewSecret {
    /// 1 to 8192 bytes.
    #[schema(value_type = String)]
    pub value: Secret,
}

/// A link that signs its holder in to the agent, once, within a minute.
#[derive(Clone, Debug, Serialize, Deserialize, utoipa::ToSchema)]
pub struct OpenOut {
    pub url: String,
    pub expires_at: Timestamp,
}

/// The evidence of a deployment's seal.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct ProofOut {
    pub holds: bool,
    pub proof: Proof,
}
