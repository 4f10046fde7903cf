//! The operations of the public API, one method each. Source: `openapi.json`; a test compares [`OPERATIONS`] with it.

pub mod console;

use serde::de::DeserializeOwned;
use serde_json::json;
use vivier_core::id::{DeploymentId, InvitationId, JobId, ReleaseId, SessionId, TokenId, UserId, WaveId};
use vivier_core::runtime::{LogLine, Stats};
use vivier_core::time::Timestamp;
use vivier_core::waves::{ReleaseChannel, WaveAsk};
use vivier_core::wire::Page;
use vivier_core::wire::accounts::{AccountOut, MeOut, NewToken, TokenCreated, TokenOut};
use vivier_core::wire::agents::{
    ConfigCheck, ConfigOut, DeploymentOut, DeploymentPatch, EventOut, NewConfig, NewDeployment, NewRelease, NewSecret, OpenOut, ProofOut, ReleaseChoice,
    RevisionOut, Rollback, RollbackPlan, SecretOut, SecretVersionOut,
};
use vivier_core::wire::billing::{BillingLink, BillingOut, Cancel, InvoiceOut, NewCheckout, SubscriptionOut};
use vivier_core::wire::catalogue::Catalogue;
use vivier_core::wire::credits::{CreditEntryOut, CreditsOut};
use vivier_core::wire::jobs::JobOut;
use vivier_core::wire::limits::LimitsOut;
use vivier_core::wire::members::{
    AccountDeleted, AccountDeletion, AccountPatch, InvitationOut, MemberOut, MemberPatch, NewAccount, NewInvitation, NewOwner, SessionOut,
};
use vivier_core::wire::operator::{HostOut, NewWithdrawal, OwnedDeploymentOut, QuarantineOut, ReleaseOut};
use vivier_core::wire::usage::{UsageOut, UsageStep};
use vivier_core::wire::waves::{Follow, Promote, Promoted, PromotionPlan, ReleaseChannelOut, Revert, RevertPlan, WaveDetail, WaveOut};

use crate::failure::Failure;
use crate::http::{Call, Http};

/// Method and path of everything that is called here.
#[cfg(test)]
const OPERATIONS: &[(&str, &str)] = &[
    ("get", "/v1/auth/me"),
    ("get", "/v1/catalogue"),
    ("get", "/v1/billing"),
    ("get", "/v1/billing/invoices"),
    ("post", "/v1/billing/checkout"),
    ("post", "/v1/billing/cancel"),
    ("post", "/v1/billing/portal"),
    ("post", "/v1/billing/card"),
    ("get", "/v1/tokens"),
    ("post", "/v1/tokens"),
    ("delete", "/v1/tokens/current"),
    ("delete", "/v1/tokens/{id}"),
    ("get", "/v1/members"),
    ("patch", "/v1/members/{id}"),
    ("delete", "/v1/members/{id}"),
    ("get", "/v1/invitations"),
    ("post", "/v1/invitations"),
    ("post", "/v1/invitations/{id}/resend"),
    ("delete", "/v1/invitations/{id}"),
    ("get", "/v1/sessions"),
    ("delete", "/v1/sessions"),
    ("delete", "/v1/sessions/{id}"),
    ("get", "/v1/accounts"),
    ("post", "/v1/accounts"),
    ("patch", "/v1/account"),
    ("get", "/v1/account/export"),
    ("post", "/v1/account/owner"),
    ("post", "/v1/account/leave"),
    ("post", "/v1/account/delete"),
    ("post", "/v1/auth/switch"),
    ("get", "/v1/deployments"),
    ("post", "/v1/deployments"),
    ("get", "/v1/deployments/{id}"),
    ("patch", "/v1/deployments/{id}"),
    ("delete", "/v1/deployments/{id}"),
    ("post", "/v1/deployments/{id}/restart"),
    ("post", "/v1/deployments/{id}/suspend"),
    ("post", "/v1/deployments/{id}/resume"),
    ("post", "/v1/deployments/{id}/retry"),
    ("post", "/v1/deployments/{id}/restore"),
    ("get", "/v1/deployments/{id}/rollback"),
    ("post", "/v1/deployments/{id}/rollback"),
    ("get", "/v1/releases"),
    ("get", "/v1/releases/{id}/sbom"),
    ("get", "/v1/releases/{id}/provenance"),
    ("post", "/v1/deployments/{id}/release"),
    ("post", "/v1/deployments/{id}/open"),
    ("get", "/v1/deployments/{id}/config"),
    ("post", "/v1/deployments/{id}/config"),
    ("get", "/v1/deployments/{id}/config/versions/{n}"),
    ("get", "/v1/deployments/{id}/revisions"),
    ("get", "/v1/deployments/{id}/secrets"),
    ("put", "/v1/deployments/{id}/secrets/{name}"),
    ("delete", "/v1/deployments/{id}/secrets/{name}"),
    ("get", "/v1/deployments/{id}/secrets/{name}/versions"),
    ("post", "/v1/deployments/{id}/secrets/{name}/versions/{n}/revoke"),
    ("get", "/v1/deployments/{id}/logs"),
    ("get", "/v1/deployments/{id}/events"),
    ("get", "/v1/deployments/{id}/stats"),
    ("get", "/v1/deployments/{id}/proof"),
    ("get", "/v1/operator/hosts"),
    ("get", "/v1/operator/deployments"),
    ("post", "/v1/operator/deployments/{id}/suspend"),
    ("post", "/v1/operator/deployments/{id}/resume"),
    ("get", "/v1/operator/releases"),
    ("post", "/v1/operator/releases/{id}/withdraw"),
    ("delete", "/v1/operator/releases/{id}/withdraw"),
    ("get", "/v1/operator/quarantine"),
    ("put", "/v1/deployments/{id}/follow"),
    ("get", "/v1/operator/channels"),
    ("get", "/v1/operator/releases/{id}/promote"),
    ("post", "/v1/operator/releases/{id}/promote"),
    ("get", "/v1/operator/jobs"),
    ("post", "/v1/operator/jobs/{id}/retry"),
    ("delete", "/v1/operator/jobs/{id}"),
    ("get", "/v1/operator/waves"),
    ("get", "/v1/operator/waves/{id}"),
    ("post", "/v1/operator/waves/{id}/pause"),
    ("post", "/v1/operator/waves/{id}/resume"),
    ("post", "/v1/operator/waves/{id}/abort"),
    ("get", "/v1/operator/waves/{id}/revert"),
    ("post", "/v1/operator/waves/{id}/revert"),
    ("get", "/v1/credits"),
    ("get", "/v1/credits/history"),
    ("get", "/v1/usage"),
    ("get", "/v1/usage/export"),
    ("get", "/v1/limits"),
    ("post", "/v1/auth/login"),
    ("post", "/v1/auth/second"),
    ("post", "/v1/auth/logout"),
];

/// The longest page that the server gives.
const LONG_PAGE: u32 = 200;

/// What can be asked of a deployment in one word.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verb {
    Restart,
    Suspend,
    Resume,
    Retry,
    Restore,
}

impl Verb {
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Restart => "restart",
            Self::Suspend => "suspend",
            Self::Resume => "resume",
            Self::Retry => "retry",
            Self::Restore => "restore",
        }
    }
}

pub struct Api {
    pub http: Http,
}

impl Api {
    pub async fn me(&self) -> Result<MeOut, Failure> {
        self.http.json(Call::get(&["v1", "auth", "me"])).await
    }

    /// The owner first.
    pub async fn members(&self) -> Result<Vec<MemberOut>, Failure> {
        self.list(&["v1", "members"]).await
    }

    pub async fn set_role(&self, user: UserId, patch: &MemberPatch) -> Result<(), Failure> {
        self.http.done(Call::new(reqwest::Method::PATCH, &["v1", "members", &user.to_string()]).body(patch)?).await
    }

    pub async fn remove_member(&self, user: UserId) -> Result<(), Failure> {
        self.http.done(Call::new(reqwest::Method::DELETE, &["v1", "members", &user.to_string()])).await
    }

    pub async fn hand_over(&self, owner: &NewOwner) -> Result<(), Failure> {
        self.http.done(Call::post(&["v1", "account", "owner"]).body(owner)?).await
    }

    pub async fn invitations(&self) -> Result<Vec<InvitationOut>, Failure> {
        self.list(&["v1", "invitations"]).await
    }

    pub async fn invite(&self, invitation: &NewInvitation) -> Result<InvitationOut, Failure> {
        self.http.json(Call::post(&["v1", "invitations"]).body(invitation)?).await
    }

    pub async fn resend_invitation(&self, id: InvitationId) -> Result<InvitationOut, Failure> {
        self.http.json(Call::post(&["v1", "invitations", &id.to_string(), "resend"])).await
    }

    pub async fn revoke_invitation(&self, id: InvitationId) -> Result<(), Failure> {
        self.http.done(Call::new(reqwest::Method::DELETE, &["v1", "invitations", &id.to_string()])).await
    }

    /// Only with a session.
    pub async fn sessions(&self) -> Result<Vec<SessionOut>, Failure> {
        self.list(&["v1", "sessions"]).await
    }

    pub async fn end_session(&self, id: SessionId) -> Result<(), Failure> {
        self.http.done(Call::new(reqwest::Method::DELETE, &["v1", "sessions", &id.to_string()])).await
    }

    /// All but the one that asks.
    pub async fn end_other_sessions(&self) -> Result<(), Failure> {
        self.http.done(Call::new(reqwest::Method::DELETE, &["v1", "sessions"])).await
    }

    /// Those that whoever is signed in is a member of.
    pub async fn own_accounts(&self) -> Result<Vec<AccountOut>, Failure> {
        self.list(&["v1", "accounts"]).await
    }

    pub async fn create_account(&self, account: &NewAccount) -> Result<AccountOut, Failure> {
        self.http.json(Call::post(&["v1", "accounts"]).body(account)?).await
    }

    pub async fn rename_account(&self, patch: &AccountPatch) -> Result<AccountOut, Failure> {
        self.http.json(Call::new(reqwest::Method::PATCH, &["v1", "account"]).body(patch)?).await
    }

    /// JSON, as it is.
    pub async fn export_account(&self) -> Result<String, Failure> {
        self.http.text(Call::get(&["v1", "account", "export"])).await
    }

    pub async fn leave_account(&self) -> Result<(), Failure> {
        self.http.done(Call::post(&["v1", "account", "leave"])).await
    }

    pub async fn delete_account(&self, deletion: &AccountDeletion) -> Result<AccountDeleted, Failure> {
        self.http.json(Call::post(&["v1", "account", "delete"]).body(deletion)?).await
    }

    /// Public.
    pub async fn catalogue(&self) -> Result<Catalogue, Failure> {
        self.http.json(Call::get(&["v1", "catalogue"])).await
    }

    pub async fn billing(&self) -> Result<BillingOut, Failure> {
        self.http.json(Call::get(&["v1", "billing"])).await
    }

    /// The last hundred, newest first.
    pub async fn invoices(&self) -> Result<Vec<InvoiceOut>, Failure> {
        self.list(&["v1", "billing", "invoices"]).await
    }

    pub async fn checkout(&self, checkout: &NewCheckout) -> Result<BillingLink, Failure> {
        self.http.json(Call::post(&["v1", "billing", "checkout"]).body(checkout)?).await
    }

    pub async fn cancel_subscription(&self, cancel: &Cancel) -> Result<SubscriptionOut, Failure> {
        self.http.json(Call::post(&["v1", "billing", "cancel"]).body(cancel)?).await
    }

    pub async fn billing_portal(&self) -> Result<BillingLink, Failure> {
        self.http.json(Call::post(&["v1", "billing", "portal"])).await
    }

    pub async fn show_card(&self) -> Result<BillingLink, Failure> {
        self.http.json(Call::post(&["v1", "billing", "card"])).await
    }

    pub async fn credits(&self) -> Result<CreditsOut, Failure> {
        self.http.json(Call::get(&["v1", "credits"])).await
    }

    /// Newest first, all of it.
    pub async fn credits_history(&self) -> Result<Vec<CreditEntryOut>, Failure> {
        let (mut all, mut cursor) = (Vec::new(), None::<String>);
        loop {
            let mut call = Call::get(&["v1", "credits", "history"]).query("limit", LONG_PAGE);
            if let Some(cursor) = &cursor {
                call = call.query("cursor", cursor);
            }
            let page: Page<CreditEntryOut> = self.http.json(call).await?;
            all.extend(page.items);
            cursor = page.next_cursor;
            if cursor.is_none() {
                return Ok(all);
            }
        }
    }

    fn usage_call(path: &[&str], from: Option<Timestamp>, to: Option<Timestamp>, step: UsageStep, only: Option<DeploymentId>) -> Call {
        let mut call = Call::get(path).query("step", step.as_str());
        for (name, at) in [("from", from), ("to", to)] {
            if let Some(at) = at {
                call = call.query(name, at);
            }
        }
        match only {
            Some(id) => call.query("deployment", id),
            None => call,
        }
    }

    pub async fn usage(&self, from: Option<Timestamp>, to: Option<Timestamp>, step: UsageStep, only: Option<DeploymentId>) -> Result<UsageOut, Failure> {
        self.http.json(Self::usage_call(&["v1", "usage"], from, to, step, only)).await
    }

    pub async fn export_usage(&self, from: Option<Timestamp>, to: Option<Timestamp>, step: UsageStep, only: Option<DeploymentId>) -> Result<String, Failure> {
        self.http.text(Self::usage_call(&["v1", "usage", "export"], from, to, step, only)).await
    }

    pub async fn limits(&self) -> Result<LimitsOut, Failure> {
        self.http.json(Call::get(&["v1", "limits"])).await
    }

    pub async fn tokens(&self) -> Result<Vec<TokenOut>, Failure> {
        self.list(&["v1", "tokens"]).await
    }

    pub async fn create_token(&self, token: &NewToken) -> Result<TokenCreated, Failure> {
        self.http.json(Call::post(&["v1", "tokens"]).body(token)?).await
    }

    pub async fn revoke_token(&self, id: TokenId) -> Result<(), Failure> {
        self.http.done(Call::new(reqwest::Method::DELETE, &["v1", "tokens", &id.to_string()])).await
    }

    /// Revokes the very token that this is asked with.
    pub async fn revoke_own_token(&self) -> Result<(), Failure> {
        self.http.done(Call::new(reqwest::Method::DELETE, &["v1", "tokens", "current"])).await
    }

    /// Newest first; with `deleted` also those that can still be restored.
    pub async fn deployments(&self, deleted: bool) -> Result<Vec<DeploymentOut>, Failure> {
        self.list_by(|| Call::get(&["v1", "deployments"]).query("deleted", deleted).query("limit", LONG_PAGE)).await
    }

    pub async fn deployment(&self, id: DeploymentId) -> Result<DeploymentOut, Failure> {
        self.http.json(Call::get(&["v1", "deployments", &id.to_string()])).await
    }

    pub async fn edit(&self, id: DeploymentId, patch: &DeploymentPatch) -> Result<DeploymentOut, Failure> {
        self.http.json(Call::new(reqwest::Method::PATCH, &["v1", "deployments", &id.to_string()]).body(patch)?).await
    }

    pub async fn deploy(&self, deployment: &NewDeployment) -> Result<DeploymentOut, Failure> {
        self.http.json(Call::post(&["v1", "deployments"]).body(deployment)?).await
    }

    pub async fn ask(&self, id: DeploymentId, verb: Verb) -> Result<DeploymentOut, Failure> {
        self.http.json(Call::post(&["v1", "deployments", &id.to_string(), verb.as_str()])).await
    }

    pub async fn delete(&self, id: DeploymentId) -> Result<DeploymentOut, Failure> {
        self.http.json(Call::new(reqwest::Method::DELETE, &["v1", "deployments", &id.to_string()])).await
    }

    /// What going back to `revision` (the last known good one when absent) would do.
    pub async fn rollback_plan(&self, id: DeploymentId, revision: Option<u64>) -> Result<RollbackPlan, Failure> {
        let call = Call::get(&["v1", "deployments", &id.to_string(), "rollback"]);
        let call = match revision {
            Some(number) => call.query("revision", number),
            None => call,
        };
        self.http.json(call).await
    }

    pub async fn rollback(&self, id: DeploymentId, rollback: &Rollback) -> Result<DeploymentOut, Failure> {
        self.http.json(Call::post(&["v1", "deployments", &id.to_string(), "rollback"]).body(rollback)?).await
    }

    /// Newest first.
    pub async fn release_choices(&self) -> Result<Vec<ReleaseChoice>, Failure> {
        self.list(&["v1", "releases"]).await
    }

    /// A document of a release, `sbom` or `provenance`, as it is.
    pub async fn release_document(&self, id: ReleaseId, which: &str) -> Result<String, Failure> {
        self.http.text(Call::get(&["v1", "releases", &id.to_string(), which])).await
    }

    pub async fn use_release(&self, id: DeploymentId, release: &NewRelease) -> Result<DeploymentOut, Failure> {
        self.http.json(Call::post(&["v1", "deployments", &id.to_string(), "release"]).body(release)?).await
    }

    pub async fn open(&self, id: DeploymentId) -> Result<OpenOut, Failure> {
        self.http.json(Call::post(&["v1", "deployments", &id.to_string(), "open"])).await
    }

    pub async fn config(&self, id: DeploymentId) -> Result<ConfigOut, Failure> {
        self.http.json(Call::get(&["v1", "deployments", &id.to_string(), "config"])).await
    }

    pub async fn config_version(&self, id: DeploymentId, version: u64) -> Result<ConfigOut, Failure> {
        self.http.json(Call::get(&["v1", "deployments", &id.to_string(), "config", "versions", &version.to_string()])).await
    }

    /// Writes a new configuration. What is wrong with a document arrives as the fields of a refusal.
    pub async fn set_config(&self, id: DeploymentId, config: &NewConfig) -> Result<ConfigOut, Failure> {
        self.http.json(Call::post(&["v1", "deployments", &id.to_string(), "config"]).body(config)?).await
    }

    pub async fn check_config(&self, id: DeploymentId, config: &NewConfig) -> Result<ConfigCheck, Failure> {
        let dry = NewConfig { dry_run: true, ..config.clone() };
        self.http.json(Call::post(&["v1", "deployments", &id.to_string(), "config"]).body(&dry)?).await
    }

    pub async fn revisions(&self, id: DeploymentId) -> Result<Vec<RevisionOut>, Failure> {
        self.list(&["v1", "deployments", &id.to_string(), "revisions"]).await
    }

    pub async fn secrets(&self, id: DeploymentId) -> Result<Vec<SecretOut>, Failure> {
        self.list(&["v1", "deployments", &id.to_string(), "secrets"]).await
    }

    pub async fn set_secret(&self, id: DeploymentId, name: &str, secret: &NewSecret) -> Result<DeploymentOut, Failure> {
        self.http.json(Call::new(reqwest::Method::PUT, &["v1", "deployments", &id.to_string(), "secrets", name]).body(secret)?).await
    }

    pub async fn remove_secret(&self, id: DeploymentId, name: &str) -> Result<DeploymentOut, Failure> {
        self.http.json(Call::new(reqwest::Method::DELETE, &["v1", "deployments", &id.to_string(), "secrets", name])).await
    }

    pub async fn secret_versions(&self, id: DeploymentId, name: &str) -> Result<Vec<SecretVersionOut>, Failure> {
        self.list(&["v1", "deployments", &id.to_string(), "secrets", name, "versions"]).await
    }

    pub async fn revoke_secret(&self, id: DeploymentId, name: &str, version: u64) -> Result<SecretVersionOut, Failure> {
        self.http.json(Call::post(&["v1", "deployments", &id.to_string(), "secrets", name, "versions", &version.to_string(), "revoke"])).await
    }

    pub async fn logs(&self, id: DeploymentId, tail: u32) -> Result<Vec<LogLine>, Failure> {
        self.http.json::<Page<LogLine>>(Call::get(&["v1", "deployments", &id.to_string(), "logs"]).query("tail", tail)).await.map(|page| page.items)
    }

    /// The request of the stream: the last `tail` lines, then every line to come.
    pub fn follow_logs(id: DeploymentId, tail: u32) -> Call {
        Call::get(&["v1", "deployments", &id.to_string(), "logs"]).query("follow", true).query("tail", tail)
    }

    /// The last `limit` (at most 500), oldest first.
    pub async fn events(&self, id: DeploymentId, limit: u32) -> Result<Vec<EventOut>, Failure> {
        let call = Call::get(&["v1", "deployments", &id.to_string(), "events"]).query("limit", limit);
        let mut events = self.http.json::<Page<EventOut>>(call).await?.items;
        events.reverse();
        Ok(events)
    }

    /// The request of the stream: the last ones, oldest first, then each as it comes.
    pub fn follow_events(id: DeploymentId) -> Call {
        Call::get(&["v1", "deployments", &id.to_string(), "events"]).query("follow", true)
    }

    pub async fn stats(&self, id: DeploymentId) -> Result<Stats, Failure> {
        self.http.json(Call::get(&["v1", "deployments", &id.to_string(), "stats"])).await
    }

    pub async fn proof(&self, id: DeploymentId) -> Result<ProofOut, Failure> {
        self.http.json(Call::get(&["v1", "deployments", &id.to_string(), "proof"])).await
    }

    pub async fn hosts(&self) -> Result<Vec<HostOut>, Failure> {
        self.list(&["v1", "operator", "hosts"]).await
    }

    pub async fn all_deployments(&self) -> Result<Vec<OwnedDeploymentOut>, Failure> {
        self.list_by(|| Call::get(&["v1", "operator", "deployments"]).query("limit", LONG_PAGE)).await
    }

    /// Suspends or resumes anyone's.
    pub async fn operator_ask(&self, id: DeploymentId, verb: Verb) -> Result<DeploymentOut, Failure> {
        self.http.json(Call::post(&["v1", "operator", "deployments", &id.to_string(), verb.as_str()])).await
    }

    pub async fn releases(&self) -> Result<Vec<ReleaseOut>, Failure> {
        self.list(&["v1", "operator", "releases"]).await
    }

    pub async fn withdraw_release(&self, id: ReleaseId, withdrawal: &NewWithdrawal) -> Result<ReleaseOut, Failure> {
        self.http.json(Call::post(&["v1", "operator", "releases", &id.to_string(), "withdraw"]).body(withdrawal)?).await
    }

    pub async fn reinstate_release(&self, id: ReleaseId) -> Result<ReleaseOut, Failure> {
        self.http.json(Call::new(reqwest::Method::DELETE, &["v1", "operator", "releases", &id.to_string(), "withdraw"])).await
    }

    pub async fn quarantine(&self) -> Result<Vec<QuarantineOut>, Failure> {
        self.list(&["v1", "operator", "quarantine"]).await
    }

    pub async fn follow(&self, id: DeploymentId, follow: &Follow) -> Result<DeploymentOut, Failure> {
        self.http.json(Call::new(reqwest::Method::PUT, &["v1", "deployments", &id.to_string(), "follow"]).body(follow)?).await
    }

    pub async fn channels(&self) -> Result<Vec<ReleaseChannelOut>, Failure> {
        self.list(&["v1", "operator", "channels"]).await
    }

    pub async fn promotion_plan(&self, release: ReleaseId, channel: ReleaseChannel) -> Result<PromotionPlan, Failure> {
        self.http.json(Call::get(&["v1", "operator", "releases", &release.to_string(), "promote"]).query("channel", channel)).await
    }

    pub async fn promote(&self, release: ReleaseId, promote: &Promote) -> Result<Promoted, Failure> {
        self.http.json(Call::post(&["v1", "operator", "releases", &release.to_string(), "promote"]).body(promote)?).await
    }

    /// The newest ones; older ones are history.
    pub async fn jobs(&self, state: &str) -> Result<Vec<JobOut>, Failure> {
        self.list_by(|| Call::get(&["v1", "operator", "jobs"]).query("state", state).query("limit", 100)).await
    }

    pub async fn retry_job(&self, id: JobId) -> Result<JobOut, Failure> {
        self.http.json(Call::post(&["v1", "operator", "jobs", &id.to_string(), "retry"])).await
    }

    pub async fn discard_job(&self, id: JobId) -> Result<(), Failure> {
        self.http.done(Call::new(reqwest::Method::DELETE, &["v1", "operator", "jobs", &id.to_string()])).await
    }

    pub async fn waves(&self) -> Result<Vec<WaveOut>, Failure> {
        self.http.json::<Page<WaveOut>>(Call::get(&["v1", "operator", "waves"])).await.map(|page| page.items)
    }

    pub async fn wave(&self, id: WaveId) -> Result<WaveDetail, Failure> {
        self.http.json(Call::get(&["v1", "operator", "waves", &id.to_string()])).await
    }

    /// Pauses, resumes or aborts it.
    pub async fn ask_wave(&self, id: WaveId, ask: WaveAsk) -> Result<WaveDetail, Failure> {
        self.http.json(Call::post(&["v1", "operator", "waves", &id.to_string(), ask.as_str()])).await
    }

    pub async fn revert_plan(&self, id: WaveId) -> Result<RevertPlan, Failure> {
        self.http.json(Call::get(&["v1", "operator", "waves", &id.to_string(), "revert"])).await
    }

    pub async fn revert_wave(&self, id: WaveId, revert: &Revert) -> Result<WaveDetail, Failure> {
        self.http.json(Call::post(&["v1", "operator", "waves", &id.to_string(), "revert"]).body(revert)?).await
    }

    async fn list<T: DeserializeOwned>(&self, segments: &[&str]) -> Result<Vec<T>, Failure> {
        self.list_by(|| Call::get(segments)).await
    }

    /// Every page of a list.
    async fn list_by<T: DeserializeOwned>(&self, first: impl Fn() -> Call) -> Result<Vec<T>, Failure> {
        let mut items = Vec::new();
        let mut cursor: Option<String> = None;
        loop {
            let call = match &cursor {
                Some(cursor) => first().query("cursor", cursor),
                None => first(),
            };
            let Page { items: more, next_cursor } = self.http.json::<Page<T>>(call).await?;
            items.extend(more);
            // A server that repeats its cursor would hold us for ever.
            if next_cursor.is_none() || next_cursor == cursor {
                return Ok(items);
            }
            cursor = next_cursor;
        }
    }

    /// The body of an OpenAI-compatible chat with the agent.
    pub fn chat_body(message: &str, stream: bool) -> serde_json::Value {
        json!({ "model": "openclaw/default", "messages": [{ "role": "user", "content": message }], "stream": stream })
    }
}

#[cfg(test)]
mod tests {
    use super::OPERATIONS;

    #[test]
    fn every_operation_that_is_called_is_in_the_contract() {
        let text = std::fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/../../openapi.json")).expect("the contract is checked in");
        let contract: serde_json::Value = serde_json::from_str(&text).expect("JSON");
        for (method, path) in OPERATIONS.iter().chain(super::console::OPERATIONS) {
            assert!(contract["paths"][path][method].is_object(), "{method} {path}");
        }
    }
}
