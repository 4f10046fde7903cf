//! What the edge's table is made of.

use vivier_core::channel::ChannelSettings;
use vivier_core::id::{AccountId, DeploymentId, SessionId};
use vivier_core::lifecycle::{Desired, State};
use vivier_core::name::Slug;
use vivier_core::provider::ProviderSettings;

use super::deployments::{select_deployments, wanted};
use super::secrets::SecretSet;
use super::seen::Seen;
use super::{Columns as _, Store, StoreError, statements};

statements! {
    ROUTES = select_deployments!("WHERE d.desired <> 'purged' ORDER BY d.id");
    ENDED = "SELECT id FROM sessions WHERE ended_at IS NOT NULL AND expires_at > $1 ORDER BY id";
}

/// One deployment, as far as the edge is concerned.
#[derive(Clone, Debug)]
pub struct RouteRow {
    pub id: DeploymentId,
    pub account: AccountId,
    pub slug: Slug,
    pub desired: Desired,
    pub state: State,
    pub reason: Option<String>,
    pub seen: Seen,
    pub provider: Option<ProviderSettings>,
    pub channels: Vec<ChannelSettings>,
    pub secret_set: SecretSet,
}

impl Store {
    /// Every deployment that has a name.
    pub async fn route_rows(&self) -> Result<Vec<RouteRow>, StoreError> {
        let now = self.now();
        let rows = sqlx::query(ROUTES).fetch_all(self.reader()).await?;
        rows.iter()
            .map(|row| {
                let (seen, wanted) = (Seen::from_row(row)?, wanted(row)?);
                Ok(RouteRow {
                    id: row.parse("id")?,
                    account: row.parse("account_id")?,
                    slug: row.parse("slug")?,
                    desired: wanted.desired,
                    state: seen.shown_state(&wanted, row.flag("falls_back")?, now),
                    reason: seen.reason(&wanted),
                    seen,
                    provider: row.json_opt("provider")?,
                    channels: row.json("channels")?,
                    secret_set: row.json("secrets")?,
                })
            })
            .collect()
    }

    /// Sessions that have ended although their cookies have not.
    pub async fn ended_sessions(&self) -> Result<Vec<SessionId>, StoreError> {
        let rows = sqlx::query(ENDED).bind(self.now().as_millis()).fetch_all(self.reader()).await?;
        rows.iter().map(|row| row.parse("id")).collect()
    }
}
