//! Ledger, payment provider and runtime held against each other; revenue and cost of each account. All of it only reads, apart from
//! the report that is kept.

use sqlx::any::AnyRow;
use vivier_core::id::{AccountId, DeploymentId, ReconciliationId};
use vivier_core::money::Money;
use vivier_core::time::Timestamp;
use vivier_core::wire::books::{Difference, DifferenceKind, MarginOut, ReconciliationOut};

use super::{Actor, Columns as _, Store, StoreError, int, json, new_uuid, statements};
use crate::config::CostSettings;
use crate::mail::books as texts;

/// Differences of one kind that a report names.
const MOST: i64 = 200;
/// What is on its way is no difference: it must have stood so for this long, in milliseconds.
const SETTLED_MILLIS: i64 = 3_600_000;
/// How long ago a subscription must have been read, in milliseconds.
const READ_MILLIS: i64 = 2 * 86_400_000;
/// Reports that are kept.
const KEPT: i64 = 400;

statements! {
    RUNS_UNPAID = "SELECT d.id, d.account_id, d.slug, COALESCE(s.stage, 'none') AS stage FROM deployments d \
        JOIN runtime_instances r ON r.deployment_id = d.id LEFT JOIN subscriptions s ON s.deployment_id = d.id \
        WHERE d.plan <> 'trial' AND r.routed = 1 AND d.created_at <= $1 \
        AND (s.deployment_id IS NULL OR (s.stage_since <= $1 AND s.stage IN ('unpaid', 'suspending', 'suspended', 'ending', 'ended'))) ORDER BY d.id LIMIT $2";
    PAID_NOT_RUNNING = "SELECT d.id, d.account_id, d.slug, d.desired, d.holds, s.stage FROM subscriptions s JOIN deployments d ON d.id = s.deployment_id \
        JOIN runtime_instances r ON r.deployment_id = d.id \
        WHERE s.paid = 'good' AND s.stage_since <= $1 AND r.routed = 0 AND (r.observed_at IS NULL OR r.proven_since IS NULL OR r.proven_since <= $1) \
        AND d.desired <> 'suspended' ORDER BY d.id LIMIT $2";
    INVOICE_CREDITS = "SELECT i.id, i.account_id, i.credits, CAST(COALESCE(SUM(c.amount), 0) AS BIGINT) AS taken FROM invoices i \
        LEFT JOIN credits_redemptions c ON c.applied_to_invoice_id = i.id WHERE i.decided_at <= $1 AND i.status <> 'void' \
        GROUP BY i.id, i.account_id, i.credits HAVING i.credits <> COALESCE(SUM(c.amount), 0) ORDER BY i.id LIMIT $2";
    UNKNOWN_INVOICE = "SELECT c.applied_to_invoice_id AS id, c.account_id, CAST(SUM(c.amount) AS BIGINT) AS taken FROM credits_redemptions c \
        WHERE NOT EXISTS (SELECT 1 FROM invoices i WHERE i.id = c.applied_to_invoice_id) \
        GROUP BY c.applied_to_invoice_id, c.account_id HAVING SUM(c.amount) <> 0 ORDER BY c.applied_to_invoice_id LIMIT $1";
    NOT_READ = "SELECT deployment_id, account_id FROM subscriptions WHERE stripe_id IS NOT NULL AND paid NOT IN ('never', 'given_up', 'over') \
        AND (read_at IS NULL OR read_at <= $1) ORDER BY deployment_id LIMIT $2";
    UNOWNED = "SELECT name FROM quarantine ORDER BY name LIMIT $1";
    INSERT = "INSERT INTO reconciliations (id, at, differences, report) VALUES ($1, $2, $3, $4)";
    LIST = "SELECT id, at, differences, report FROM reconciliations ORDER BY id DESC LIMIT $1";
    LAST = "SELECT MAX(at) AS at FROM reconciliations";
    PRUNE = "DELETE FROM reconciliations WHERE id NOT IN (SELECT id FROM reconciliations ORDER BY id DESC LIMIT $1)";
    OPERATORS = "SELECT email FROM users WHERE operator = 1 ORDER BY id LIMIT 20";
    MARGINS = "SELECT a.id, a.name, CAST(COALESCE(i.paid, 0) AS BIGINT) AS paid, CAST(COALESCE(u.cpu, 0) AS BIGINT) AS cpu, CAST(COALESCE(u.memory, 0) AS BIGINT) AS memory, \
        CAST(COALESCE(u.storage, 0) AS BIGINT) AS storage, CAST(COALESCE(u.egress, 0) AS BIGINT) AS egress FROM accounts a \
        LEFT JOIN (SELECT account_id, SUM(amount_paid) AS paid FROM invoices WHERE paid_at >= $1 AND paid_at < $2 AND currency = $3 GROUP BY account_id) i ON i.account_id = a.id \
        LEFT JOIN (SELECT account_id, SUM(cpu_micros) AS cpu, SUM(memory_kib_seconds) AS memory, SUM(storage_kib_seconds) AS storage, SUM(egress_bytes) AS egress \
            FROM usage_metrics WHERE period = 'day' AND starts_at >= $1 AND starts_at < $2 GROUP BY account_id) u ON u.account_id = a.id \
        WHERE i.account_id IS NOT NULL OR u.account_id IS NOT NULL ORDER BY a.id LIMIT 1000";
}

fn report(row: &AnyRow) -> Result<ReconciliationOut, StoreError> {
    Ok(ReconciliationOut { id: row.parse("id")?, at: row.at("at")?, count: row.count("differences")?, differences: row.json("report")? })
}

fn difference(kind: DifferenceKind, account: Option<AccountId>, deployment: Option<DeploymentId>, message: String) -> Difference {
    Difference { kind, account, deployment, invoice: None, message }
}

impl Store {
    /// Holds everything against everything. `billed`: whether anybody has to pay here.
    async fn differences(&self, billed: bool) -> Result<Vec<Difference>, StoreError> {
        let now = self.now();
        let settled = now.plus_millis(-SETTLED_MILLIS).as_millis();
        let mut found = Vec::new();
        if billed {
            for row in sqlx::query(RUNS_UNPAID).bind(settled).bind(MOST).fetch_all(self.reader()).await? {
                let message = format!(
                    "{} runs, and its bill stands at \"{}\"; look at its subscription, and suspend it if nobody pays",
                    row.text("slug")?,
                    row.text("stage")?
                );
                found.push(difference(DifferenceKind::RunsUnpaid, row.parse_opt("account_id")?, row.parse_opt("id")?, message));
            }
            for row in sqlx::query(PAID_NOT_RUNNING).bind(settled).bind(MOST).fetch_all(self.reader()).await? {
                let holds = row.text("holds")?;
                let why = if holds.is_empty() { row.text("desired")? } else { format!("held by {holds}") };
                let message = format!("{} is paid for and does not run ({why}); bring it back, or end its subscription", row.text("slug")?);
                found.push(difference(DifferenceKind::PaidNotRunning, row.parse_opt("account_id")?, row.parse_opt("id")?, message));
            }
            for row in sqlx::query(NOT_READ).bind(now.plus_millis(-READ_MILLIS).as_millis()).bind(MOST).fetch_all(self.reader()).await? {
                let message = "its subscription was not read at the payment provider for two days; look at the billing jobs".to_owned();
                found.push(difference(DifferenceKind::NotRead, row.parse_opt("account_id")?, row.parse_opt("deployment_id")?, message));
            }
        }
        for row in sqlx::query(INVOICE_CREDITS).bind(settled).bind(MOST).fetch_all(self.reader()).await? {
            let message = format!("the invoice holds {} credits, and the ledger took {} for it", row.int("credits")?, row.int("taken")?);
            let one = difference(DifferenceKind::InvoiceCredits, row.parse_opt("account_id")?, None, message);
            found.push(Difference { invoice: Some(row.text("id")?), ..one });
        }
        for row in sqlx::query(UNKNOWN_INVOICE).bind(MOST).fetch_all(self.reader()).await? {
            let message = format!("the ledger took {} credits for an invoice that is not known here", row.int("taken")?);
            let one = difference(DifferenceKind::UnknownInvoice, row.parse_opt("account_id")?, None, message);
            found.push(Difference { invoice: Some(row.text("id")?), ..one });
        }
        let wrong = self.credits_totals().await?.wrong;
        if wrong > 0 {
            found.push(difference(
                DifferenceKind::BrokenGrant,
                None,
                None,
                format!("{wrong} grants of the ledger have less left than nothing, or more than they had: somebody wrote into the database"),
            ));
        }
        for row in sqlx::query(UNOWNED).bind(MOST).fetch_all(self.reader()).await? {
            found.push(difference(
                DifferenceKind::UnownedContainer,
                None,
                None,
                format!("the container {} is nobody's; it is stopped and kept in quarantine", row.text("name")?),
            ));
        }
        Ok(found)
    }

    /// Compares, keeps the report, and tells the operators when something does not agree. Repairs nothing.
    pub async fn reconcile_books(&self, actor: &Actor, billed: bool, public_url: &str) -> Result<ReconciliationOut, StoreError> {
        let differences = self.differences(billed).await?;
        let id = ReconciliationId::from_uuid(actor.once.unwrap_or_else(new_uuid));
        let count = u64::try_from(differences.len()).unwrap_or(u64::MAX);
        let mut tx = self.begin().await?;
        let at = tx.now();
        tx.audit(actor, None, "books.reconcile", &id.to_string(), serde_json::json!({ "differences": count })).await?;
        sqlx::query(INSERT).bind(id.to_string()).bind(at.as_millis()).bind(int(count)).bind(json(&differences)).execute(tx.conn()).await?;
        sqlx::query(PRUNE).bind(KEPT).execute(tx.conn()).await?;
        if count > 0 {
            for row in sqlx::query(OPERATORS).fetch_all(tx.conn()).await? {
                tx.mail(None, &texts::differences(row.parse("email")?, &differences, public_url)).await?;
            }
        }
        tx.commit_quietly().await?;
        for kind in DifferenceKind::ALL {
            let of_kind = differences.iter().filter(|one| one.kind == kind).count();
            metrics::gauge!("vivier_reconciliation_differences", "kind" => kind.as_str()).set(of_kind as f64);
        }
        Ok(ReconciliationOut { id, at, count, differences })
    }

    /// When the books were last compared.
    pub async fn last_reconciliation(&self) -> Result<Option<Timestamp>, StoreError> {
        sqlx::query(LAST).fetch_one(self.reader()).await?.at_opt("at")
    }

    /// The last reports, newest first.
    pub async fn reconciliations(&self, limit: u32) -> Result<Vec<ReconciliationOut>, StoreError> {
        let rows = sqlx::query(LIST).bind(i64::from(limit)).fetch_all(self.reader()).await?;
        rows.iter().map(report).collect()
    }

    /// What each account has brought and cost from `since` to `until`, whole days of usage.
    pub async fn margins(&self, costs: &CostSettings, since: Timestamp, until: Timestamp) -> Result<Vec<MarginOut>, StoreError> {
        let rows = sqlx::query(MARGINS).bind(since.as_millis()).bind(until.as_millis()).bind(costs.currency.as_str()).fetch_all(self.reader()).await?;
        rows.iter()
            .map(|row| {
                let used = Used {
                    cpu_micros: row.count("cpu")?,
                    memory_kib_seconds: row.count("memory")?,
                    storage_kib_seconds: row.count("storage")?,
                    egress_bytes: row.count("egress")?,
                };
                let (revenue, cost) = (Money::new(row.int("paid")?, costs.currency), used.cost(costs));
                let margin = revenue.checked_sub(cost).map_err(|error| StoreError::Corrupt(format!("the margin of an account: {error}")))?;
                Ok(MarginOut { account: row.parse("id")?, name: row.text("name")?, revenue, cost, margin })
            })
            .collect()
    }
}

/// What was used.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Used {
    cpu_micros: u64,
    memory_kib_seconds: u64,
    storage_kib_seconds: u64,
    egress_bytes: u64,
}

impl Used {
    /// By the price list, rounded up to the smallest unit of the currency once, at the end.
    fn cost(self, costs: &CostSettings) -> Money {
        const GIB_KIB: u128 = 1 << 20;
        // (amount, of how many of them the price is)
        let parts = [
            (self.cpu_micros, 3_600_000_000, costs.vcpu_hour),
            (self.memory_kib_seconds, GIB_KIB * 3_600, costs.memory_gib_hour),
            (self.storage_kib_seconds, GIB_KIB * 30 * 86_400, costs.storage_gib_month),
            (self.egress_bytes, 1_000_000_000, costs.egress_gb),
        ];
        // In millionths of a millionth of the currency, so that each part keeps what it is.
        let micro = parts.into_iter().map(|(used, unit, price)| u128::from(used) * u128::from(price) * 1_000_000 / unit).sum::<u128>();
        let whole = 1_000_000_000_000 / 10u128.pow(costs.currency.exponent());
        Money::new(i64::try_from(micro.div_ceil(whole)).unwrap_or(i64::MAX), costs.currency)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cost_is_the_sum_of_its_parts_rounded_once() {
        let costs = CostSettings { vcpu_hour: 8_000, memory_gib_hour: 1_000, storage_gib_month: 50_000, egress_gb: 10_000, ..CostSettings::default() };
        let nothing = Used { cpu_micros: 0, memory_kib_seconds: 0, storage_kib_seconds: 0, egress_bytes: 0 };
        assert_eq!(nothing.cost(&costs).minor, 0);
        // A hundred hours of one processor at 0.008: 0.80.
        assert_eq!(Used { cpu_micros: 360_000_000_000, ..nothing }.cost(&costs).minor, 80);
        // A GiB for thirty days: 0.72 of memory, 0.05 of storage; 100 GB out: 1.00.
        let month = 30 * 86_400 * (1 << 20);
        let used = Used { cpu_micros: 0, memory_kib_seconds: month, storage_kib_seconds: month, egress_bytes: 100_000_000_000 };
        assert_eq!(used.cost(&costs).minor, 72 + 5 + 100);
        // Less than the smallest unit is one.
        assert_eq!(Used { egress_bytes: 1, ..nothing }.cost(&costs).minor, 1);
    }
}
