//! The plan of a deployment and the price of its subscription: neither goes ahead without the other.

use crate::plan::PlanName;

/// What brings both together.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum PlanStep {
    /// They agree.
    Rest,
    /// Change the subscription's price to that of this plan.
    Move(PlanName),
    /// The subscription is of this plan already: give the deployment the same.
    Adopt(PlanName),
}

/// `ours`: what the deployment has; `wanted`: what was asked for, and is not done; `priced`: what the subscription was last read to be of,
/// `None` when its price is of no plan of ours.
///
/// Where nobody has asked for anything, what is paid decides: somebody has changed it at the provider.
pub fn agree(ours: PlanName, wanted: Option<PlanName>, priced: Option<PlanName>) -> PlanStep {
    match (wanted, priced) {
        (Some(wanted), Some(priced)) if wanted == priced => PlanStep::Adopt(wanted),
        (Some(wanted), Some(_) | None) => PlanStep::Move(wanted),
        (None, Some(priced)) if priced != ours => PlanStep::Adopt(priced),
        (None, Some(_) | None) => PlanStep::Rest,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whatever_was_asked_both_end_on_the_same_plan() {
        let all = PlanName::ALL;
        for ours in all {
            for wanted in all.into_iter().map(Some).chain([None]) {
                for priced in all.into_iter().map(Some).chain([None]) {
                    let (mut mine, mut asked, mut paid) = (ours, wanted, priced);
                    for _ in 0..3 {
                        match agree(mine, asked, paid) {
                            PlanStep::Rest => break,
                            PlanStep::Move(plan) => paid = Some(plan),
                            PlanStep::Adopt(plan) => (mine, asked) = (plan, None),
                        }
                    }
                    assert_eq!(agree(mine, asked, paid), PlanStep::Rest, "{ours} {wanted:?} {priced:?}");
                    assert!(paid.is_none_or(|paid| paid == mine), "{ours} {wanted:?} {priced:?}");
                    assert_eq!(mine, wanted.or(priced).unwrap_or(ours));
                }
            }
        }
    }
}
