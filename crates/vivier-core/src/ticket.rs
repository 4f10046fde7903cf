//! The life of a support ticket: who may do what when, and what becomes of it.
//!
//! ```text
//! open ⇄ waiting → solved → closed        (a word of the tenant's opens it again, until it is closed; then it is reopened)
//! ```

use serde::{Deserialize, Serialize};

/// Where a ticket stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum TicketState {
    /// An operator is to answer.
    Open,
    /// The tenant is to answer.
    Waiting,
    /// The operator thinks that it is done; it closes by itself.
    Solved,
    /// Nobody is to do anything.
    Closed,
}

impl TicketState {
    pub const ALL: [Self; 4] = [Self::Open, Self::Waiting, Self::Solved, Self::Closed];

    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Open => "open",
            Self::Waiting => "waiting",
            Self::Solved => "solved",
            Self::Closed => "closed",
        }
    }
}

/// What somebody does to a ticket.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum TicketAsk {
    /// The tenant writes.
    Write,
    /// An operator writes to the tenant.
    Answer,
    /// An operator writes a note that the tenant does not see.
    Note,
    /// An operator thinks that it is done.
    Solve,
    /// Either of them ends it, or its time is over.
    Close,
    /// Either of them opens it again.
    Reopen,
}

impl TicketAsk {
    pub const ALL: [Self; 6] = [Self::Write, Self::Answer, Self::Note, Self::Solve, Self::Close, Self::Reopen];
}

/// Why it cannot be, with the next step.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum TicketRefusal {
    #[error("the ticket is closed; open it again first")]
    Closed,
    #[error("the ticket is open already")]
    Open,
}

/// What becomes of a ticket.
///
/// # Errors
/// When it cannot be done in this state.
pub const fn after(state: TicketState, ask: TicketAsk) -> Result<TicketState, TicketRefusal> {
    match (state, ask) {
        (TicketState::Open | TicketState::Waiting | TicketState::Solved, TicketAsk::Write) => Ok(TicketState::Open),
        (TicketState::Open | TicketState::Waiting | TicketState::Solved, TicketAsk::Answer) => Ok(TicketState::Waiting),
        (TicketState::Open | TicketState::Waiting | TicketState::Solved, TicketAsk::Solve) => Ok(TicketState::Solved),
        (TicketState::Closed, TicketAsk::Write | TicketAsk::Answer | TicketAsk::Solve) => Err(TicketRefusal::Closed),
        (state, TicketAsk::Note) => Ok(state),
        (TicketState::Open | TicketState::Waiting | TicketState::Solved | TicketState::Closed, TicketAsk::Close) => Ok(TicketState::Closed),
        (TicketState::Solved | TicketState::Closed, TicketAsk::Reopen) => Ok(TicketState::Open),
        (TicketState::Open | TicketState::Waiting, TicketAsk::Reopen) => Err(TicketRefusal::Open),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_ask_in_every_state_has_the_answer_that_is_written_down() {
        let table: Vec<String> = TicketState::ALL
            .into_iter()
            .flat_map(|state| TicketAsk::ALL.into_iter().map(move |ask| (state, ask)))
            .map(|(state, ask)| {
                let then = after(state, ask).map_or_else(|refusal| format!("refused: {refusal}"), |then| then.as_str().to_owned());
                format!("{:8}{:8}{then}", state.as_str(), format!("{ask:?}"))
            })
            .collect();
        insta::assert_snapshot!(table.join("\n"), @r"
        open    Write   open
        open    Answer  waiting
        open    Note    open
        open    Solve   solved
        open    Close   closed
        open    Reopen  refused: the ticket is open already
        waiting Write   open
        waiting Answer  waiting
        waiting Note    waiting
        waiting Solve   solved
        waiting Close   closed
        waiting Reopen  refused: the ticket is open already
        solved  Write   open
        solved  Answer  waiting
        solved  Note    solved
        solved  Solve   solved
        solved  Close   closed
        solved  Reopen  open
        closed  Write   refused: the ticket is closed; open it again first
        closed  Answer  refused: the ticket is closed; open it again first
        closed  Note    closed
        closed  Solve   refused: the ticket is closed; open it again first
        closed  Close   closed
        closed  Reopen  open
        ");
    }
}
