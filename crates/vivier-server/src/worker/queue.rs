//! Who may be on the way at the same time, and who waits for what.
//!
//! Starting an agent costs ten seconds of a core: fifty at once would all be late. So a deployment holds a turn from its first
//! step until it rests, and turns are given in the order in which they were asked for. Memory is waited for in a line of its
//! own: whoever waits for room must not keep a crashed agent from coming back.

use std::collections::{HashSet, VecDeque};
use std::sync::{Mutex, MutexGuard, PoisonError};

use vivier_core::id::DeploymentId;

/// The lines, shared between the worker and whoever shows a position.
#[derive(Debug)]
pub struct Queue {
    turns: usize,
    lines: Mutex<Lines>,
}

#[derive(Debug, Default)]
struct Lines {
    holders: HashSet<DeploymentId>,
    for_turn: VecDeque<DeploymentId>,
    for_room: VecDeque<DeploymentId>,
}

impl Queue {
    /// `turns`: how many may be on their way at a time.
    pub fn new(turns: usize) -> Self {
        Self { turns: turns.max(1), lines: Mutex::default() }
    }

    fn lock(&self) -> MutexGuard<'_, Lines> {
        // Nothing in here can be left half done by a panic.
        self.lines.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Takes a turn, or a place in the line for one.
    pub fn enter(&self, id: DeploymentId) -> bool {
        let mut lines = self.lock();
        if lines.holders.contains(&id) {
            return true;
        }
        let ahead = lines.for_turn.iter().position(|waiting| *waiting == id).unwrap_or(lines.for_turn.len());
        if lines.holders.len() + ahead < self.turns {
            lines.for_turn.retain(|waiting| *waiting != id);
            lines.holders.insert(id);
            return true;
        }
        if ahead == lines.for_turn.len() {
            lines.for_turn.push_back(id);
        }
        false
    }

    /// Gives the turn and every place back. Returns those who may enter now.
    pub fn leave(&self, id: DeploymentId) -> Vec<DeploymentId> {
        let mut lines = self.lock();
        lines.for_room.retain(|waiting| *waiting != id);
        Self::give_back(self.turns, &mut lines, id)
    }

    /// Gives the turn back and waits for room in memory, in order. Returns those who may enter now.
    pub fn wait_for_room(&self, id: DeploymentId) -> Vec<DeploymentId> {
        let mut lines = self.lock();
        if !lines.for_room.contains(&id) {
            lines.for_room.push_back(id);
        }
        Self::give_back(self.turns, &mut lines, id)
    }

    fn give_back(turns: usize, lines: &mut Lines, id: DeploymentId) -> Vec<DeploymentId> {
        lines.for_turn.retain(|waiting| *waiting != id);
        lines.holders.remove(&id);
        lines.for_turn.iter().take(turns.saturating_sub(lines.holders.len())).copied().collect()
    }

    /// There is room for it now.
    pub fn got_room(&self, id: DeploymentId) {
        self.lock().for_room.retain(|waiting| *waiting != id);
    }

    /// Somebody else has waited longer for room.
    pub fn is_behind_for_room(&self, id: DeploymentId) -> bool {
        self.lock().for_room.front().is_some_and(|first| *first != id)
    }

    /// Its place among those who wait, from 1; `None` when it waits for nothing.
    pub fn position(&self, id: DeploymentId) -> Option<u32> {
        let lines = self.lock();
        let place = lines.for_turn.iter().position(|waiting| *waiting == id).or_else(|| lines.for_room.iter().position(|waiting| *waiting == id))?;
        u32::try_from(place + 1).ok()
    }

    /// How many wait.
    pub fn len(&self) -> usize {
        let lines = self.lock();
        lines.for_turn.len() + lines.for_room.iter().filter(|id| !lines.for_turn.contains(id)).count()
    }

    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn id(number: u128) -> DeploymentId {
        DeploymentId::from_uuid(uuid::Uuid::from_u128(number))
    }

    #[test]
    fn turns_are_given_in_the_order_of_asking() {
        let queue = Queue::new(2);
        assert!(queue.enter(id(1)) && queue.enter(id(2)) && queue.enter(id(1)));
        assert!(!queue.enter(id(3)) && !queue.enter(id(4)) && !queue.enter(id(3)));
        assert_eq!((queue.position(id(3)), queue.position(id(4)), queue.position(id(1))), (Some(1), Some(2), None));
        assert_eq!(queue.leave(id(1)), [id(3)]);
        assert!(!queue.enter(id(5)), "the free turn is of the one who waits");
        assert!(!queue.enter(id(4)));
        assert!(queue.enter(id(3)));
        assert_eq!(queue.leave(id(4)), [], "no turn is free");
        assert_eq!(queue.leave(id(2)), [id(5)]);
        assert_eq!(queue.len(), 1);
    }

    #[test]
    fn who_waits_for_room_holds_no_turn() {
        let queue = Queue::new(1);
        assert!(queue.enter(id(1)));
        assert!(!queue.enter(id(2)));
        assert_eq!(queue.wait_for_room(id(1)), [id(2)]);
        assert!(queue.enter(id(2)));
        assert!(queue.is_behind_for_room(id(2)) && !queue.is_behind_for_room(id(1)));
        assert_eq!(queue.position(id(1)), Some(1));
        queue.got_room(id(1));
        assert!(queue.is_empty());
    }
}
