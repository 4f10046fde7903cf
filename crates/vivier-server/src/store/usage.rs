//! Usage: when an agent could be reached, how far its usage has been counted, and how much was used in each hour and day of UTC.
//!
//! Exactly once: a reading's sample, what it adds to hours and days, and the mark up to which all is counted are one transaction, and
//! the mark moves by compare-and-swap. A reading that was taken before another one counted is dropped.

use std::collections::BTreeMap;

use sqlx::any::AnyRow;
use vivier_core::id::{AccountId, DeploymentId};
use vivier_core::time::Timestamp;
use vivier_core::usage::{Amounts, DAY_MS, Mark, Span, Usage, beginning, count};
use vivier_core::wire::usage::{DeploymentUsage, UsageAmounts, UsageOut, UsagePoint, UsageStep};

use super::{Columns as _, Store, StoreError, Tx, int, json, new_uuid, statements};

statements! {
    OPEN_SPAN = "SELECT id FROM usage_spans WHERE deployment_id = $1 AND ended_at IS NULL";
    LAST_END = "SELECT COALESCE(MAX(ended_at), 0) AS ended_at FROM usage_spans WHERE deployment_id = $1";
    BEGIN_SPAN = "INSERT INTO usage_spans (id, deployment_id, account_id, began_at) VALUES ($1, $2, $3, $4)";
    /// The clock may have gone back: a span never ends before it began.
    END_SPAN = "UPDATE usage_spans SET ended_at = CASE WHEN began_at > $2 THEN began_at ELSE $2 END WHERE id = $1";
    SPANS = "SELECT began_at, ended_at FROM usage_spans WHERE deployment_id = $1 AND (ended_at IS NULL OR ended_at > $2) AND began_at < $3 ORDER BY began_at";
    MARKS = "SELECT deployment_id, version FROM usage_meters";
    MARK = "SELECT at, counted_until, counters FROM usage_meters WHERE deployment_id = $1 AND version = $2";
    FIRST_MARK = "INSERT INTO usage_meters (deployment_id, at, counted_until, counters) VALUES ($1, $2, $3, $4) ON CONFLICT (deployment_id) DO NOTHING";
    MOVE_MARK = "UPDATE usage_meters SET at = $3, counted_until = $4, counters = $5, version = version + 1 WHERE deployment_id = $1 AND version = $2";
    OWNER = "SELECT account_id FROM deployments WHERE id = $1";
    SAMPLE = "INSERT INTO usage_samples (deployment_id, at, container, cpu_micros, memory_bytes, storage_bytes, received_bytes, sent_bytes) \
        VALUES ($1, $2, $3, $4, $5, $6, $7, $8) ON CONFLICT (deployment_id, at) DO NOTHING";
    ADD = "INSERT INTO usage_metrics (account_id, period, starts_at, deployment_id, running_ms, cpu_micros, memory_kib_seconds, storage_kib_seconds, \
            egress_bytes, ingress_bytes) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10) \
        ON CONFLICT (account_id, period, starts_at, deployment_id) DO UPDATE SET running_ms = usage_metrics.running_ms + excluded.running_ms, \
            cpu_micros = usage_metrics.cpu_micros + excluded.cpu_micros, \
            memory_kib_seconds = usage_metrics.memory_kib_seconds + excluded.memory_kib_seconds, \
            storage_kib_seconds = usage_metrics.storage_kib_seconds + excluded.storage_kib_seconds, \
            egress_bytes = usage_metrics.egress_bytes + excluded.egress_bytes, ingress_bytes = usage_metrics.ingress_bytes + excluded.ingress_bytes";
    READ = "SELECT u.starts_at, u.deployment_id, d.name, u.running_ms, u.cpu_micros, u.memory_kib_seconds, u.storage_kib_seconds, u.egress_bytes, \
            u.ingress_bytes, u.model_tokens \
        FROM usage_metrics u JOIN deployments d ON d.id = u.deployment_id \
        WHERE u.account_id = $1 AND u.period = $2 AND u.starts_at >= $3 AND u.starts_at < $4 AND ($5 = '' OR u.deployment_id = $5) \
        ORDER BY u.starts_at, u.deployment_id";
    PRUNE_SAMPLES = "DELETE FROM usage_samples WHERE at < $1";
    PRUNE_HOURS = "DELETE FROM usage_metrics WHERE period = 'hour' AND starts_at < $1";
}

/// A reading that was taken while the mark had this version; `None`: there was no mark.
#[derive(Clone, Debug)]
pub struct Reading {
    pub deployment: DeploymentId,
    pub version: Option<u64>,
    pub usage: Usage,
}

/// What one deployment used in one hour or day.
#[derive(Clone, Debug, PartialEq)]
pub struct UsageRow {
    pub starts_at: Timestamp,
    pub deployment: DeploymentId,
    pub name: vivier_core::name::DisplayName,
    pub amounts: Amounts,
    pub model_tokens: Option<u64>,
}

impl Store {
    /// How far each deployment has been counted: to be read *before* the readings are taken.
    pub async fn usage_marks(&self) -> Result<BTreeMap<DeploymentId, u64>, StoreError> {
        let rows = sqlx::query(MARKS).fetch_all(self.reader()).await?;
        rows.iter().map(|row| Ok((row.parse("deployment_id")?, row.count("version")?))).collect()
    }

    /// Counts readings, each once: one that another worker has overtaken, or whose deployment is gone, is left out. Returns how many
    /// counted.
    pub async fn count_usage(&self, readings: &[Reading]) -> Result<usize, StoreError> {
        let mut tx = self.begin().await?;
        let mut counted = 0;
        for reading in readings {
            if tx.count_reading(reading).await? {
                counted += 1;
            }
        }
        tx.commit_quietly().await?;
        Ok(counted)
    }

    /// Whole seconds between `from` and `to` in which the deployment could be reached: neither failed, nor suspended, nor on its way. What
    /// lies ahead of now is not counted.
    pub async fn billable_seconds(&self, id: DeploymentId, from: Timestamp, to: Timestamp) -> Result<u64, StoreError> {
        let to = to.min(self.now());
        let rows = sqlx::query(SPANS).bind(id.to_string()).bind(from.as_millis()).bind(to.as_millis()).fetch_all(self.reader()).await?;
        let millis: i64 = spans(&rows)?.iter().map(|span| span.within(from, to)).sum();
        Ok(millis.unsigned_abs() / 1_000)
    }

    /// What an account's deployments used, one row for each hour or day and deployment, oldest first.
    pub async fn usage_rows(
        &self,
        account: AccountId,
        step: UsageStep,
        from: Timestamp,
        to: Timestamp,
        only: Option<DeploymentId>,
    ) -> Result<Vec<UsageRow>, StoreError> {
        let rows = sqlx::query(READ)
            .bind(account.to_string())
            .bind(step.as_str())
            .bind(from.as_millis())
            .bind(to.as_millis())
            .bind(only.map(|id| id.to_string()).unwrap_or_default())
            .fetch_all(self.reader())
            .await?;
        rows.iter().map(usage_row).collect()
    }

    /// What an account used, summed for each part and for each deployment.
    pub async fn usage(&self, account: AccountId, step: UsageStep, from: Timestamp, to: Timestamp, only: Option<DeploymentId>) -> Result<UsageOut, StoreError> {
        type Sum = (Amounts, Option<u64>);
        let add = |sum: &mut Sum, row: &UsageRow| {
            *sum = (sum.0.plus(row.amounts), sum.1.map_or(row.model_tokens, |tokens| Some(tokens.saturating_add(row.model_tokens.unwrap_or_default()))));
        };
        let (mut total, mut series, mut each) = (Sum::default(), BTreeMap::<Timestamp, Sum>::new(), BTreeMap::new());
        for row in self.usage_rows(account, step, from, to, only).await? {
            add(&mut total, &row);
            add(series.entry(row.starts_at).or_default(), &row);
            add(&mut each.entry(row.deployment).or_insert_with(|| (row.name.clone(), Sum::default())).1, &row);
        }
        let mut each: Vec<_> = each.into_iter().collect();
        each.sort_by_key(|(id, (_, (amounts, _)))| (std::cmp::Reverse(amounts.running_ms), *id));
        Ok(UsageOut {
            from,
            to,
            step,
            total: amounts(total),
            series: series.into_iter().map(|(starts_at, sum)| UsagePoint { starts_at, amounts: amounts(sum) }).collect(),
            deployments: each.into_iter().map(|(deployment, (name, sum))| DeploymentUsage { deployment, name, amounts: amounts(sum) }).collect(),
        })
    }

    /// Forgets samples and hours that are older than this. Days stay.
    pub async fn prune_usage(&self, samples_before: Timestamp, hours_before: Timestamp) -> Result<(), StoreError> {
        let mut tx = self.begin().await?;
        sqlx::query(PRUNE_SAMPLES).bind(samples_before.as_millis()).execute(tx.conn()).await?;
        sqlx::query(PRUNE_HOURS).bind(hours_before.as_millis()).execute(tx.conn()).await?;
        tx.commit_quietly().await
    }
}

impl Tx {
    /// From now on the deployment can be reached, or cannot. Part of every record of what was seen.
    pub(super) async fn reachable(&mut self, account: AccountId, id: DeploymentId, routed: bool) -> Result<(), StoreError> {
        let open = sqlx::query(OPEN_SPAN).bind(id.to_string()).fetch_optional(self.conn()).await?;
        let now = self.now().as_millis();
        match (open, routed) {
            (None, true) => {
                // Two spans never overlap, whatever the clock says.
                let began = sqlx::query(LAST_END).bind(id.to_string()).fetch_one(self.conn()).await?.int("ended_at")?.max(now);
                sqlx::query(BEGIN_SPAN).bind(new_uuid().to_string()).bind(id.to_string()).bind(account.to_string()).bind(began).execute(self.conn()).await?;
            }
            (Some(span), false) => {
                sqlx::query(END_SPAN).bind(span.text("id")?).bind(now).execute(self.conn()).await?;
            }
            (None, false) | (Some(_), true) => {}
        }
        Ok(())
    }

    async fn count_reading(&mut self, reading: &Reading) -> Result<bool, StoreError> {
        let Reading { deployment, version, usage } = reading;
        let (id, at) = (deployment.to_string(), self.now());
        let Some(owner) = sqlx::query(OWNER).bind(&id).fetch_optional(self.conn()).await? else { return Ok(false) };
        let account = owner.text("account_id")?;
        let before = match version {
            None => None,
            Some(version) => match sqlx::query(MARK).bind(&id).bind(int(*version)).fetch_optional(self.conn()).await? {
                None => return Ok(false),
                Some(row) => Some(Mark { at: row.at("at")?, counted_until: row.at("counted_until")?, counters: row.json_opt("counters")? }),
            },
        };
        let since = before.as_ref().map_or(i64::MIN, |mark| mark.counted_until.as_millis());
        let rows = sqlx::query(SPANS).bind(&id).bind(since).bind(at.as_millis()).fetch_all(self.conn()).await?;
        let (mark, hours) = count(before.as_ref(), at, usage, &spans(&rows)?);
        let (until, counters) = (mark.counted_until.as_millis(), mark.counters.as_ref().map(json));
        let moved = match version {
            None => sqlx::query(FIRST_MARK).bind(&id).bind(at.as_millis()).bind(until).bind(counters).execute(self.conn()).await?,
            Some(version) => sqlx::query(MOVE_MARK).bind(&id).bind(int(*version)).bind(at.as_millis()).bind(until).bind(counters).execute(self.conn()).await?,
        };
        if moved.rows_affected() == 0 {
            return Ok(false);
        }
        let counters = usage.counters.as_ref();
        sqlx::query(SAMPLE)
            .bind(&id)
            .bind(at.as_millis())
            .bind(counters.map(|counters| counters.container.clone()))
            .bind(counters.map(|counters| int(counters.cpu_micros)))
            .bind(counters.map(|counters| int(counters.memory_bytes)))
            .bind(usage.storage_bytes.map(int))
            .bind(counters.map(|counters| int(counters.received_bytes)))
            .bind(counters.map(|counters| int(counters.sent_bytes)))
            .execute(self.conn())
            .await?;
        let mut days: BTreeMap<Timestamp, Amounts> = BTreeMap::new();
        for (hour, amounts) in &hours {
            let day = days.entry(beginning(*hour, DAY_MS)).or_default();
            *day = day.plus(*amounts);
        }
        for (step, parts) in [(UsageStep::Hour, hours), (UsageStep::Day, days)] {
            for (starts_at, amounts) in parts {
                self.add_usage(&account, &id, step, starts_at, amounts).await?;
            }
        }
        Ok(true)
    }

    async fn add_usage(&mut self, account: &str, id: &str, step: UsageStep, starts_at: Timestamp, amounts: Amounts) -> Result<(), StoreError> {
        let Amounts { running_ms, cpu_micros, memory_kib_seconds, storage_kib_seconds, egress_bytes, ingress_bytes } = amounts;
        sqlx::query(ADD)
            .bind(account)
            .bind(step.as_str())
            .bind(starts_at.as_millis())
            .bind(id)
            .bind(int(running_ms))
            .bind(int(cpu_micros))
            .bind(int(memory_kib_seconds))
            .bind(int(storage_kib_seconds))
            .bind(int(egress_bytes))
            .bind(int(ingress_bytes))
            .execute(self.conn())
            .await?;
        Ok(())
    }
}

fn spans(rows: &[AnyRow]) -> Result<Vec<Span>, StoreError> {
    rows.iter().map(|row| Ok(Span { began_at: row.at("began_at")?, ended_at: row.at_opt("ended_at")? })).collect()
}

fn usage_row(row: &AnyRow) -> Result<UsageRow, StoreError> {
    Ok(UsageRow {
        starts_at: row.at("starts_at")?,
        deployment: row.parse("deployment_id")?,
        name: row.parse("name")?,
        amounts: Amounts {
            running_ms: row.count("running_ms")?,
            cpu_micros: row.count("cpu_micros")?,
            memory_kib_seconds: row.count("memory_kib_seconds")?,
            storage_kib_seconds: row.count("storage_kib_seconds")?,
            egress_bytes: row.count("egress_bytes")?,
            ingress_bytes: row.count("ingress_bytes")?,
        },
        model_tokens: row.count_opt("model_tokens")?,
    })
}

/// For people: what is counted in small units, in those that they think in.
#[allow(clippy::cast_precision_loss, reason = "shown with a few digits; what is charged is counted in whole units")]
pub fn amounts((sum, model_tokens): (Amounts, Option<u64>)) -> UsageAmounts {
    const KIB_SECONDS: f64 = 1_048_576.0 * 3_600.0;
    let Amounts { running_ms, cpu_micros, memory_kib_seconds, storage_kib_seconds, egress_bytes, ingress_bytes } = sum;
    let rounded = |value: f64| (value * 1_000_000.0).round() / 1_000_000.0;
    UsageAmounts {
        running_seconds: running_ms / 1_000,
        cpu_seconds: rounded(cpu_micros as f64 / 1_000_000.0),
        memory_gb_hours: rounded(memory_kib_seconds as f64 / KIB_SECONDS),
        storage_gb_hours: rounded(storage_kib_seconds as f64 / KIB_SECONDS),
        egress_bytes,
        ingress_bytes,
        model_tokens,
    }
}
