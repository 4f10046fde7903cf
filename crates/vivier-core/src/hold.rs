//! Holds: why a deployment stands still although its owner wants it to run.
//!
//! What the owner wants is kept beside them. While there is a hold, the deployment is suspended; when the last one is lifted, what the
//! owner wanted holds again. Only whoever has set a hold lifts it.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use crate::lifecycle::Desired;

/// Who keeps a deployment suspended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Hold {
    /// It is not paid for.
    Billing,
    /// An operator of this installation.
    Operator,
}

impl Hold {
    pub const ALL: [Self; 2] = [Self::Billing, Self::Operator];

    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Billing => "billing",
            Self::Operator => "operator",
        }
    }

    /// The sentence for the owner, with the next step.
    pub const fn sentence(self) -> &'static str {
        match self {
            Self::Billing => "it is suspended because it is not paid for; pay under Billing, and it runs again by itself",
            Self::Operator => "it is suspended by the operator of this installation; ask them",
        }
    }
}

/// The holds on one deployment. As text: their names with spaces between; empty when there is none.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct Holds {
    pub billing: bool,
    pub operator: bool,
}

impl Holds {
    pub const NONE: Self = Self { billing: false, operator: false };

    pub const fn has(self, hold: Hold) -> bool {
        match hold {
            Hold::Billing => self.billing,
            Hold::Operator => self.operator,
        }
    }

    /// With `hold` set or lifted.
    #[must_use]
    pub const fn with(self, hold: Hold, set: bool) -> Self {
        match hold {
            Hold::Billing => Self { billing: set, ..self },
            Hold::Operator => Self { operator: set, ..self },
        }
    }

    pub const fn is_empty(self) -> bool {
        !self.billing && !self.operator
    }

    pub fn list(self) -> Vec<Hold> {
        Hold::ALL.into_iter().filter(|hold| self.has(*hold)).collect()
    }

    /// The one to tell of first: paying does not help against an operator.
    pub const fn first(self) -> Option<Hold> {
        match (self.operator, self.billing) {
            (true, _) => Some(Hold::Operator),
            (false, true) => Some(Hold::Billing),
            (false, false) => None,
        }
    }

    /// What is wanted of a deployment whose owner asks for `asked`.
    pub const fn over(self, asked: Desired) -> Desired {
        match asked {
            Desired::Running if !self.is_empty() => Desired::Suspended,
            Desired::Running | Desired::Suspended | Desired::Terminated | Desired::Purged => asked,
        }
    }
}

impl fmt::Display for Holds {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let names: Vec<_> = self.list().into_iter().map(Hold::as_str).collect();
        f.write_str(&names.join(" "))
    }
}

#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("must be names of holds (billing, operator) with spaces between")]
pub struct ParseHoldsError;

impl FromStr for Holds {
    type Err = ParseHoldsError;

    fn from_str(text: &str) -> Result<Self, ParseHoldsError> {
        text.split_whitespace().try_fold(Self::NONE, |holds, name| {
            let hold = Hold::ALL.into_iter().find(|hold| hold.as_str() == name).ok_or(ParseHoldsError)?;
            Ok(holds.with(hold, true))
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn holds_come_back_from_their_text_and_only_stop_what_would_run() {
        for billing in [false, true] {
            for operator in [false, true] {
                let holds = Holds { billing, operator };
                assert_eq!(holds.to_string().parse::<Holds>(), Ok(holds));
                let held = billing || operator;
                assert_eq!(holds.over(Desired::Running) == Desired::Suspended, held);
                for asked in [Desired::Suspended, Desired::Terminated, Desired::Purged] {
                    assert_eq!(holds.over(asked), asked, "a hold neither starts nor deletes anything");
                }
            }
        }
        assert!("billing,operator".parse::<Holds>().is_err());
    }
}
