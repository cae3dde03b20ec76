//! Shortest plans, breadth first.

use std::collections::{HashMap, VecDeque};

use super::strips::{State, World};

impl World {
    /// A shortest plan from a state to the goal, as action indices; empty where the goal holds already.
    /// Among plans of one length the order of the groundings decides, so the answer never changes.
    /// `None` where there is no plan, or none was found among the first `max_states` states.
    pub fn plan(&self, from: &State, max_states: usize) -> Option<Vec<usize>> {
        if self.solved(from) {
            return Some(Vec::new());
        }
        // Every state seen, with how it was reached: the index of the state before it and the action.
        let mut reached: Vec<Option<(usize, usize)>> = vec![None];
        let mut seen: HashMap<State, usize> = HashMap::from([(from.clone(), 0)]);
        let mut open = VecDeque::from([(from.clone(), 0)]);
        while let Some((state, index)) = open.pop_front() {
            for action in self.applicable(&state) {
                let next = self.apply(&state, action);
                if seen.contains_key(&next) {
                    continue;
                }
                if self.solved(&next) {
                    return Some(path(&reached, index, action));
                }
                if reached.len() >= max_states {
                    return None;
                }
                let id = reached.len();
                reached.push(Some((index, action)));
                seen.insert(next.clone(), id);
                open.push_back((next, id));
            }
        }
        None
    }
}

/// The actions that lead to the state `index`, then `last`.
fn path(reached: &[Option<(usize, usize)>], mut index: usize, last: usize) -> Vec<usize> {
    let mut actions = vec![last];
    while let Some((before, action)) = reached[index] {
        actions.push(action);
        index = before;
    }
    actions.reverse();
    actions
}
