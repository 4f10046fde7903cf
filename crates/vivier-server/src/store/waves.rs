//! Waves as an operator sees them and asks of them. What moves them is in [`steps`](self::steps).

mod steps;

use serde::{Deserialize, Serialize};
use sqlx::any::AnyRow;
use vivier_core::id::{AccountId, DeploymentId, WaveId};
use vivier_core::lifecycle::{Desired, State};
use vivier_core::name::{DisplayName, Email, Slug};
use vivier_core::time::Timestamp;
use vivier_core::waves::{Admitted, Facts, Member, MemberState, ReleaseChannel, View, WaveAsk, WavePlan, WaveState, admit};
use vivier_core::window::Window;
use vivier_core::wire::agents::{RevisionOutcome, RollbackData};
use vivier_core::wire::waves::{ReleaseRef, RevertPlan, RevertedOut};

use super::catalogue::unstartable;
use super::channels::release;
use super::seen::Fault;
use super::{Actor, Columns as _, Store, StoreError, Tx, json, statements, word};

macro_rules! select_waves {
    ($condition:literal) => {
        concat!(
            "SELECT w.id, w.channel, w.plan, w.state, w.reason, w.stage, w.stages, w.data, w.author, w.created_at, w.changed_at, w.ended_at, w.version, \
             l.id AS release_id, l.image, l.openclaw_version, l.gone_at, l.verdict, l.accepted, l.withdrawn_reason, p.id AS previous_id, p.image AS previous_image, p.openclaw_version AS previous_version \
             FROM waves w JOIN releases l ON l.id = w.release_id LEFT JOIN releases p ON p.id = w.previous_id ",
            $condition
        )
    };
}

statements! {
    ONE = select_waves!("WHERE w.id = $1");
    LIST = select_waves!("WHERE ($1 = '' OR w.id < $1) ORDER BY w.id DESC LIMIT $2");
    /// Those that something is to be done or written down about.
    STEERED = select_waves!(
        "WHERE w.state IN ('running', 'reverting') \
         OR w.id IN (SELECT m.wave_id FROM wave_members m WHERE m.state IN ('moving', 'returning')) OR w.state IN ('paused', 'halted') ORDER BY w.id"
    );
    MEMBERS = "SELECT m.position, m.deployment_id, m.state, m.reason, m.forgiven, m.stage, m.had, m.revision, m.back, m.begun_at, m.decided_at, \
        d.account_id, d.name, d.slug, COALESCE(a.email, 'deleted@vivier.invalid') AS owner, \
        CASE WHEN d.desired = 'running' AND d.holds <> '' THEN 'suspended' ELSE d.desired END AS desired, d.follows, d.maintenance, d.revision AS wanted, d.version, \
        v.release_id, w.release_id AS wave_release, w.channel, r.seen_version, r.state AS shown, r.last_known_good, r.fault, \
        o.outcome, o.reason AS outcome_reason \
        FROM wave_members m JOIN waves w ON w.id = m.wave_id JOIN deployments d ON d.id = m.deployment_id LEFT JOIN members p ON p.account_id = d.account_id AND p.role = 'owner' LEFT JOIN users a ON a.id = p.user_id \
        LEFT JOIN runtime_instances r ON r.deployment_id = d.id \
        LEFT JOIN revisions v ON v.deployment_id = d.id AND v.number = d.revision \
        LEFT JOIN revisions o ON o.deployment_id = d.id AND o.number = COALESCE(m.back, m.revision) \
        WHERE m.wave_id = $1 ORDER BY m.position";
    CHANNEL_OF = "SELECT channel FROM waves WHERE id = $1";
    LOCK = "UPDATE waves SET version = version + 1 WHERE id = $1 RETURNING state, release_id, previous_id";
    SET_STATE = "UPDATE waves SET state = $2, reason = CASE WHEN $2 = 'running' THEN NULL ELSE reason END, changed_at = $3, ended_at = $4, data = $5 WHERE id = $1";
    FORGIVE = "UPDATE wave_members SET forgiven = 1 WHERE wave_id = $1 AND state IN ('failed', 'returning', 'returned', 'stuck')";
    COUNTS = "SELECT w.channel, w.state AS wave_state, m.state, COUNT(*) AS count FROM waves w JOIN wave_members m ON m.wave_id = w.id \
        WHERE w.state IN ('running', 'paused', 'halted', 'reverting') GROUP BY w.channel, w.state, m.state";
}

/// The statements of both files.
pub(crate) fn statements() -> Vec<&'static str> {
    [ALL, steps::ALL].concat()
}

/// When a stage began and ended.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct StageTimes {
    pub began_at: Option<Timestamp>,
    pub ended_at: Option<Timestamp>,
}

/// A wave, without its members.
#[derive(Clone, Debug, PartialEq)]
pub struct Wave {
    pub id: WaveId,
    pub channel: ReleaseChannel,
    pub release: ReleaseRef,
    /// What the channel had before.
    pub previous: Option<ReleaseRef>,
    pub plan: WavePlan,
    pub state: WaveState,
    pub reason: Option<String>,
    /// From 0.
    pub stage: usize,
    pub stages: Vec<StageTimes>,
    /// What becomes of the data at its revert; `None`: as each deployment's plan says.
    pub data: Option<RollbackData>,
    /// Why its release may not be started any more.
    pub withdrawn: Option<String>,
    pub author: String,
    pub created_at: Timestamp,
    pub changed_at: Timestamp,
    pub ended_at: Option<Timestamp>,
    /// Raised by every step: the compare-and-swap.
    pub version: u64,
}

/// A deployment in a wave, and what is seen of it.
#[derive(Clone, Debug, PartialEq)]
pub struct WaveMember {
    pub position: u64,
    pub deployment: DeploymentId,
    pub account: AccountId,
    pub name: DisplayName,
    pub slug: Slug,
    pub owner: Email,
    pub state: MemberState,
    pub reason: Option<String>,
    pub forgiven: bool,
    /// The stage that began with it, from 0.
    pub stage: Option<usize>,
    /// The revision that it had, the one that it got, and the one that brings it back.
    pub had: Option<u64>,
    pub revision: Option<u64>,
    pub back: Option<u64>,
    pub window: Option<Window>,
    pub begun_at: Option<Timestamp>,
    pub decided_at: Option<Timestamp>,
    /// The revision that is wanted now, and the version of the row that says so.
    pub wanted: u64,
    pub version: u64,
    pub desired: Desired,
    pub facts: Facts,
}

impl Wave {
    fn from_row(row: &AnyRow) -> Result<Self, StoreError> {
        let previous = match row.parse_opt("previous_id")? {
            Some(id) => Some(ReleaseRef { id, image: row.parse("previous_image")?, openclaw_version: row.text("previous_version")? }),
            None => None,
        };
        let gone = row.int_opt("gone_at")?.map(|_| "the host does not hold its image any more".to_owned());
        let withdrawn = gone.or(unstartable(row)?);
        Ok(Self {
            id: row.parse("id")?,
            channel: row.word("channel")?,
            release: release(row)?.ok_or_else(|| StoreError::Corrupt("a wave without a release".to_owned()))?,
            previous,
            plan: row.json("plan")?,
            state: row.word("state")?,
            reason: row.text_opt("reason")?,
            stage: place(row.count("stage")?),
            stages: row.json("stages")?,
            data: row.word_opt("data")?,
            withdrawn,
            author: row.text("author")?,
            created_at: row.at("created_at")?,
            changed_at: row.at("changed_at")?,
            ended_at: row.at_opt("ended_at")?,
            version: row.count("version")?,
        })
    }

    /// The name under which it makes revisions and writes in timelines.
    pub fn actor(&self) -> Actor {
        Actor::named(format!("wave {}", self.id))
    }

    /// Hands `look` everything that decides what the wave does next.
    pub fn seen<T>(&self, members: &[WaveMember], now: Timestamp, look: impl FnOnce(&View<'_>) -> T) -> T {
        let members: Vec<Member> =
            members.iter().map(|one| Member { state: one.state, reason: one.reason.clone(), forgiven: one.forgiven, facts: one.facts.clone() }).collect();
        look(&View {
            state: self.state,
            plan: &self.plan,
            stage: self.stage,
            quiet_since: self.changed_at,
            withdrawn: self.withdrawn.as_deref(),
            members: &members,
            now,
        })
    }
}

impl WaveMember {
    fn from_row(row: &AnyRow, now: Timestamp) -> Result<Self, StoreError> {
        let (wanted, version) = (row.count("wanted")?, row.count("version")?);
        let (revision, back) = (row.count_opt("revision")?, row.count_opt("back")?);
        let window: Option<Window> = row.parse_opt("maintenance")?;
        let desired: Desired = row.word("desired")?;
        // What was seen of something else than is wanted now says nothing.
        let current = row.count_opt("seen_version")? == Some(version);
        let shown = if current { row.word_opt("shown")?.unwrap_or(State::Updating) } else { State::Updating };
        let outcome: Option<RevisionOutcome> = row.word_opt("outcome")?;
        let facts = Facts {
            desired,
            shown,
            fault: row.json_opt::<Fault>("fault")?.map(|fault| fault.sentence()),
            follows: row.word_opt::<ReleaseChannel>("follows")? == Some(row.word("channel")?),
            there: row.text_opt("release_id")? == Some(row.text("wave_release")?),
            settled: current && shown == State::Running && row.count_opt("last_known_good")? == Some(wanted),
            ours: back.or(revision) == Some(wanted),
            outcome: outcome.map(|outcome| row.text_opt("outcome_reason").map(|reason| (outcome, reason))).transpose()?,
            opening: window.as_ref().map(|window| window.opening(now)),
        };
        Ok(Self {
            position: row.count("position")?,
            deployment: row.parse("deployment_id")?,
            account: row.parse("account_id")?,
            name: row.parse("name")?,
            slug: row.parse("slug")?,
            owner: row.parse("owner")?,
            state: row.word("state")?,
            reason: row.text_opt("reason")?,
            forgiven: row.flag("forgiven")?,
            stage: row.count_opt("stage")?.map(place),
            had: row.count_opt("had")?,
            revision,
            back,
            window,
            begun_at: row.at_opt("begun_at")?,
            decided_at: row.at_opt("decided_at")?,
            wanted,
            version,
            desired,
            facts,
        })
    }

    /// Whether a revert would bring it back: the release is on it by this wave, and nobody has changed it since.
    fn comes_back(&self) -> bool {
        matches!(self.state, MemberState::Good | MemberState::Moving) && self.facts.ours && matches!(self.desired, Desired::Running | Desired::Suspended)
    }
}

fn place(number: u64) -> usize {
    usize::try_from(number).unwrap_or(usize::MAX)
}

impl Store {
    /// Waves, newest first, before `cursor`; at most `limit` of 1 to 100.
    pub async fn waves(&self, cursor: Option<WaveId>, limit: u32) -> Result<Vec<Wave>, StoreError> {
        let cursor = cursor.map(|id| id.to_string()).unwrap_or_default();
        let rows = sqlx::query(LIST).bind(cursor).bind(i64::from(limit.clamp(1, 100))).fetch_all(self.reader()).await?;
        rows.iter().map(Wave::from_row).collect()
    }

    pub async fn wave(&self, id: WaveId) -> Result<Wave, StoreError> {
        let row = sqlx::query(ONE).bind(id.to_string()).fetch_optional(self.reader()).await?;
        Wave::from_row(&row.ok_or(StoreError::NotFound("wave"))?)
    }

    /// The members of a wave, in the order in which they are taken.
    pub async fn wave_members(&self, id: WaveId) -> Result<Vec<WaveMember>, StoreError> {
        let rows = sqlx::query(MEMBERS).bind(id.to_string()).fetch_all(self.reader()).await?;
        let now = self.now();
        rows.iter().map(|row| WaveMember::from_row(row, now)).collect()
    }

    /// The waves that something is to be done or written down about.
    pub async fn steered_waves(&self) -> Result<Vec<Wave>, StoreError> {
        let rows = sqlx::query(STEERED).fetch_all(self.reader()).await?;
        rows.iter().map(Wave::from_row).collect()
    }

    /// Members of open waves: channel, the wave's state, the member's state, how many.
    pub async fn wave_counts(&self) -> Result<Vec<(ReleaseChannel, WaveState, MemberState, u64)>, StoreError> {
        let rows = sqlx::query(COUNTS).fetch_all(self.reader()).await?;
        rows.iter().map(|row| Ok((row.word("channel")?, row.word("wave_state")?, row.word("state")?, row.count("count")?))).collect()
    }

    /// What reverting a wave would do.
    pub async fn revert_plan(&self, id: WaveId) -> Result<RevertPlan, StoreError> {
        let wave = self.wave(id).await?;
        let members = self.wave_members(id).await?;
        let mut agents = Vec::new();
        for member in members.iter().filter(|member| member.comes_back()) {
            let plan = self.rollback_plan(member.account, member.deployment, member.had).await?;
            agents.push(RevertedOut { deployment: member.deployment, slug: member.slug.clone(), plan });
        }
        let (total, restored) = (agents.len(), agents.iter().filter(|one| one.plan.data == RollbackData::Restore).count());
        let earliest = agents.iter().filter_map(|one| one.plan.loses_since).min();
        let mut summary = match total {
            0 => "No agent is on the release by this wave; nobody would be moved.".to_owned(),
            1 => "1 agent goes back to what it had before.".to_owned(),
            _ => format!("{total} agents go back to what they had before."),
        };
        if let Some(earliest) = earliest.filter(|_| restored > 0) {
            summary.push_str(&format!(
                " The data of {restored} is put back: what was written since the release came (from {earliest} on) is lost to them, and kept as a snapshot for a while."
            ));
        }
        if total > restored {
            summary.push_str(&format!(" {} start on the data that is there: no copy from before is kept, or none was needed yet.", total - restored));
        }
        if wave.state == WaveState::Finished {
            let to = wave.previous.as_ref().map_or_else(|| "no release".to_owned(), |previous| format!("OpenClaw {}", previous.openclaw_version));
            summary.push_str(&format!(" The channel {} goes back to {to}.", wave.channel));
        }
        Ok(RevertPlan { agents, summary })
    }

    /// Grants an operator's ask, or refuses it with the reason ([`StoreError::Conflict`]). `data` is for a revert.
    pub async fn ask_wave(&self, actor: &Actor, id: WaveId, ask: WaveAsk, data: Option<RollbackData>) -> Result<Wave, StoreError> {
        let mut tx = self.begin().await?;
        let row = sqlx::query(CHANNEL_OF).bind(id.to_string()).fetch_optional(tx.conn()).await?;
        let channel: ReleaseChannel = row.ok_or(StoreError::NotFound("wave"))?.word("channel")?;
        let has = tx.lock_channel(channel).await?;
        let row = sqlx::query(LOCK).bind(id.to_string()).fetch_one(tx.conn()).await?;
        tx.first_time(actor).await?;
        let wave = tx.wave(id).await?;
        let becomes = match admit(row.word("state")?, ask) {
            Admitted::Becomes(state) => state,
            Admitted::AlreadySo => {
                drop(tx);
                return self.wave(id).await;
            }
            Admitted::Refused(why) => return Err(StoreError::Conflict(why.to_owned())),
        };
        let now = tx.now();
        match ask {
            WaveAsk::Pause | WaveAsk::Abort => {}
            WaveAsk::Resume => {
                if let Some(reason) = &wave.withdrawn {
                    return Err(StoreError::Conflict(format!("its release cannot be started any more ({reason}); abort or revert the wave")));
                }
                if wave.state == WaveState::Halted {
                    sqlx::query(FORGIVE).bind(id.to_string()).execute(tx.conn()).await?;
                }
            }
            WaveAsk::Revert => {
                if !wave.state.is_open() {
                    tx.no_open_wave(channel).await?;
                }
                // Only a wave that finished has given its release to the channel.
                if wave.state == WaveState::Finished && has == Some(wave.release.id) {
                    tx.move_channel(channel, wave.previous.as_ref().map(|previous| previous.id), &actor.name).await?;
                }
            }
        }
        let ended_at = (!becomes.is_open()).then_some(now);
        sqlx::query(SET_STATE)
            .bind(id.to_string())
            .bind(word(&becomes))
            .bind(now.as_millis())
            .bind(ended_at.map(Timestamp::as_millis))
            .bind(data.as_ref().map(word))
            .execute(tx.conn())
            .await?;
        let detail = serde_json::json!({ "from": wave.state, "to": becomes, "data": data });
        tx.audit(actor, None, &format!("wave.{}", ask.as_str()), &id.to_string(), detail).await?;
        let wave = tx.wave(id).await?;
        tx.commit().await?;
        Ok(wave)
    }
}

impl Tx {
    async fn wave(&mut self, id: WaveId) -> Result<Wave, StoreError> {
        let row = sqlx::query(ONE).bind(id.to_string()).fetch_one(self.conn()).await?;
        Wave::from_row(&row)
    }
}

/// Stage times as they are kept.
fn times(stages: &[StageTimes]) -> String {
    json(&stages)
}
