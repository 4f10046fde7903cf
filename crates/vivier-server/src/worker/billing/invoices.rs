//! What is taken off an invoice: the time of the period before it in which the agent did not run, and credits of the ledger.
//!
//! It is decided once, while the invoice is a draft or soon after, and then brought there: as a line of a draft, which carries the reason;
//! as the customer's credit at the provider, when the draft was closed before we came. Which of both happened is read on the invoice
//! itself, so a repetition after a crash finds its own line.

use vivier_core::billing::{Share, unbilled};
use vivier_core::time::Timestamp;

use super::read::read_invoices;
use super::{Biller, BillingError};
use crate::billing::stripe::objects::InvoiceStatus;
use crate::billing::stripe::{LineAsk, StripeError};
use crate::store::StoreError;
use crate::store::billing::invoices::{InvoiceRow, ShareNote};
use crate::store::billing::{Billed, Stretch};

/// The names of our lines.
const UNBILLED: &str = "unbilled";
const CREDITS: &str = "credits";

impl Biller<'_> {
    /// Decides and settles what is open.
    pub(super) async fn settle_invoices(&mut self) -> Result<(), StoreError> {
        for row in self.app.store.unsettled_invoices().await? {
            if self.is_quiet() {
                return Ok(());
            }
            let result = match row.decided_at {
                None => self.decide(&row).await,
                Some(_) => self.settle_invoice(&row).await,
            };
            if let Err(error) = result {
                self.heard(&error, "an invoice");
            }
        }
        Ok(())
    }

    async fn decide(&self, row: &InvoiceRow) -> Result<(), BillingError> {
        let store = &self.app.store;
        let bill = match row.deployment {
            Some(id) => store.billed(id).await?,
            None => None,
        };
        let share = match &bill {
            Some(bill) if row.looks_back() && row.seen.status != InvoiceStatus::Void => self.share(bill, row.seen.period).await?,
            Some(_) | None => None,
        };
        Ok(store.decide_invoice(row, share.as_ref().map(|(note, amount)| (note, *amount))).await?)
    }

    /// What of a period was paid and not used, with the words for it.
    async fn share(&self, bill: &Billed, (from, to): (Timestamp, Timestamp)) -> Result<Option<(ShareNote, i64)>, BillingError> {
        let store = &self.app.store;
        let period = seconds(from, to);
        let (mut amount, mut billable) = (0_i64, 0_u64);
        for (stretch, begin, end) in stretches(&bill.prices, from, to) {
            // What is still to come of a period that was ended early will not run.
            let ran = store.billable_seconds(bill.deployment, begin, end.min(self.now())).await?.min(seconds(begin, end));
            billable += ran;
            // As if the rest of the period had run: only this stretch counts, at its own price.
            if let Some(Share { amount: part, .. }) = unbilled(stretch.amount, period, period - (seconds(begin, end) - ran), 0) {
                amount = amount.saturating_add(part);
            }
        }
        let missing = stretches(&bill.prices, from, to).map(|(_, begin, end)| seconds(begin, end)).sum::<u64>().saturating_sub(billable);
        if amount <= 0 || missing < u64::from(self.billing.settings.tolerance_seconds) {
            return Ok(None);
        }
        let words = format!("Not billed: {} in which {} did not run, of the time from {} to {}", length(missing), bill.name, day(from), day(to));
        Ok(Some((ShareNote { period, billable, words }, amount)))
    }

    async fn settle_invoice(&self, row: &InvoiceRow) -> Result<(), BillingError> {
        let (store, stripe) = (&self.app.store, &self.billing.stripe);
        let id = &row.seen.id;
        let invoice = match stripe.invoice(id).await {
            // A draft that was deleted: nothing is charged, and nothing is to be taken off it.
            Err(StripeError::Missing(_)) => return Ok(store.settle_invoice(row, false).await?),
            other => other?,
        };
        let lines = stripe.invoice_lines(id).await?;
        let there = |name: &str| lines.iter().any(|line| line.metadata.get("vivier").is_some_and(|own| own == name));
        let draft = invoice.status == InvoiceStatus::Draft;
        if row.share_amount > 0 && !there(UNBILLED) && invoice.status != InvoiceStatus::Void {
            let words = row.share.as_ref().map_or("Not billed", |note| note.words.as_str());
            let line = LineAsk {
                customer: &invoice.customer,
                invoice: id,
                amount: -row.share_amount,
                currency: &invoice.currency,
                description: words,
                name: UNBILLED,
            };
            if draft {
                stripe.add_line(&line).await?;
            } else {
                let once = format!("vivier-share-{id}");
                stripe.give_back(&invoice.customer, row.share_amount, &invoice.currency, words, &once).await?;
            }
        }
        let mut redeemed = row.credits > 0 && there(CREDITS) && invoice.status != InvoiceStatus::Void;
        if row.credits > 0 && draft && !redeemed {
            let words = "Credits of your account";
            let line =
                LineAsk { customer: &invoice.customer, invoice: id, amount: -row.credits, currency: &invoice.currency, description: words, name: CREDITS };
            stripe.add_line(&line).await?;
            redeemed = true;
        }
        Ok(store.settle_invoice(row, redeemed).await?)
    }

    /// The last period of a subscription that has ended: what was paid and not used becomes the customer's credit. Whether something was
    /// done.
    pub(super) async fn settle_end(&self, bill: &Billed) -> Result<bool, BillingError> {
        let Some(id) = bill.stripe_id.as_deref().filter(|id| bill.paid == vivier_core::billing::Paid::Over && bill.final_of.as_deref() != Some(*id)) else {
            return Ok(false);
        };
        if self.is_quiet() {
            return Ok(false);
        }
        let (store, stripe) = (&self.app.store, &self.billing.stripe);
        // Whether its last period was paid is read at the provider, too: the event that says so may still be on its way.
        read_invoices(self.app, self.billing, bill.account).await?;
        let share = match bill.period {
            Some(period) if store.was_paid(id).await? => self.share(bill, period).await?,
            Some(_) | None => None,
        };
        let customer = store.billing_customer(bill.account).await?;
        let amount = match (share, customer, &bill.currency) {
            (Some((note, amount)), Some(customer), Some(currency)) => {
                stripe.give_back(&customer.id, amount, currency, &note.words, &format!("vivier-final-{id}")).await?;
                amount
            }
            (_, _, _) => 0,
        };
        store.final_settled(bill, amount).await?;
        Ok(true)
    }
}

/// The stretches of one price each that lie within a period.
fn stretches(prices: &[Stretch], from: Timestamp, to: Timestamp) -> impl Iterator<Item = (Stretch, Timestamp, Timestamp)> {
    prices.iter().enumerate().filter_map(move |(place, stretch)| {
        let begin = if place == 0 { from } else { stretch.since.max(from) };
        let end = prices.get(place + 1).map_or(to, |next| next.since.min(to));
        (begin < end).then_some((*stretch, begin, end))
    })
}

fn seconds(from: Timestamp, to: Timestamp) -> u64 {
    u64::try_from(to.millis_since(from) / 1_000).unwrap_or_default()
}

fn length(seconds: u64) -> String {
    match (seconds / 3_600, seconds % 3_600 / 60) {
        (0, minutes) => format!("{minutes} min"),
        (hours, 0) => format!("{hours} h"),
        (hours, minutes) => format!("{hours} h {minutes} min"),
    }
}

/// The date of a time, as invoices show it.
fn day(at: Timestamp) -> String {
    at.to_string().chars().take(10).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(seconds: i64) -> Timestamp {
        Timestamp::from_millis(0).plus_seconds(seconds)
    }

    #[test]
    fn a_period_is_cut_where_its_price_changed_and_nowhere_else() {
        let prices = [Stretch { since: at(-500), amount: 900 }, Stretch { since: at(40), amount: 1_900 }, Stretch { since: at(70), amount: 900 }];
        let cut: Vec<_> = stretches(&prices, at(0), at(100)).map(|(stretch, from, to)| (stretch.amount, from, to)).collect();
        assert_eq!(cut, [(900, at(0), at(40)), (1_900, at(40), at(70)), (900, at(70), at(100))]);
        let last: Vec<_> = stretches(&prices, at(80), at(100)).map(|(stretch, from, to)| (stretch.amount, from, to)).collect();
        assert_eq!(last, [(900, at(80), at(100))]);
        // What was paid for a period was paid for all of it, however late it was first read.
        let late = [Stretch { since: at(30), amount: 900 }];
        assert_eq!(stretches(&late, at(0), at(100)).count(), 1);
        assert_eq!(stretches(&late, at(0), at(100)).next().map(|(_, from, to)| seconds(from, to)), Some(100));
        assert_eq!(stretches(&[], at(0), at(100)).count(), 0);
    }

    #[test]
    fn times_are_written_for_people() {
        assert_eq!((length(59), length(3_600), length(11_520)), ("0 min".to_owned(), "1 h".to_owned(), "3 h 12 min".to_owned()));
        assert_eq!(day(at(0)), "1970-01-01");
    }
}
