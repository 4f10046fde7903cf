//! The mail about a comparison of the books that found differences.

use std::collections::BTreeMap;

use vivier_core::name::Email;
use vivier_core::wire::books::{Difference, DifferenceKind};

use super::Mail;

const fn words(kind: DifferenceKind) -> &'static str {
    match kind {
        DifferenceKind::RunsUnpaid => "agents run, and nobody pays for them",
        DifferenceKind::PaidNotRunning => "agents are paid for, and do not run",
        DifferenceKind::InvoiceCredits => "invoices and ledger differ in credits",
        DifferenceKind::UnknownInvoice => "invoices of the ledger are not known",
        DifferenceKind::BrokenGrant => "grants of the ledger cannot be",
        DifferenceKind::NotRead => "subscriptions were not read for two days",
        DifferenceKind::UnownedContainer => "containers are nobody's",
    }
}

/// To an operator. How many of each kind; the page names them.
pub fn differences(to: Email, found: &[Difference], public_url: &str) -> Mail {
    let mut counts: BTreeMap<DifferenceKind, usize> = BTreeMap::new();
    for one in found {
        *counts.entry(one.kind).or_default() += 1;
    }
    let lines: String = counts.iter().map(|(kind, count)| format!("{count:>5}  {}\n", words(*kind))).collect();
    let text = format!(
        "Ledger, payment provider and runtime were compared, and do not agree:\n\n{lines}\nNothing was changed. Each is named here:\n{}/operator/books\n\nYou get this mail because you are an operator of this Vivier.\n",
        public_url.trim_end_matches('/')
    );
    Mail::new(to, &format!("{} differences in the books", found.len()), text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_text_counts_each_kind_and_fits_a_narrow_window() {
        let one = |kind| Difference { kind, account: None, deployment: None, invoice: None, message: "m".to_owned() };
        let found: Vec<_> = DifferenceKind::ALL.into_iter().chain([DifferenceKind::RunsUnpaid]).map(one).collect();
        let mail = differences("ops@example.com".parse().expect("an address"), &found, "https://agents.example.com");
        assert!(mail.text.lines().all(|line| line.chars().count() <= 76), "{}", mail.text);
        assert!(mail.subject.starts_with("8 ") && mail.text.contains("    2  agents run, and nobody pays"), "{}", mail.text);
    }
}
