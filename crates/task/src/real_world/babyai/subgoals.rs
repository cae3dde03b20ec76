//! Progress by patterns: sentences that the agent should come to read, one credited a step.

use serde::{Deserialize, Serialize};

/// Subgoals as the benchmark's rows have them.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum Subgoals {
    /// Patterns of one way to the goal.
    One(Vec<String>),
    /// Patterns of several ways of the same length: a step on any of them counts for all.
    Several(Vec<Vec<String>>),
}

/// Subgoals and which of them were met.
#[derive(Debug, Clone)]
pub struct Tracker {
    left: Vec<Vec<String>>,
    met: usize,
    all: usize,
}

impl Tracker {
    /// All subgoals open; `None` where there are none.
    pub fn new(subgoals: &Subgoals) -> Option<Self> {
        let left = match subgoals {
            Subgoals::One(patterns) => vec![patterns.clone()],
            Subgoals::Several(ways) => ways.clone(),
        };
        let all = left.first().map_or(0, Vec::len);
        (all > 0).then_some(Self { left, met: 0, all })
    }

    /// Credits the first pattern that an observation meets on any of the ways, and takes it off all of them.
    pub fn read(&mut self, observation: &str) {
        let length = self.left.first().map_or(0, Vec::len);
        let hit = |way: &Vec<String>, index: usize| way.get(index).is_some_and(|pattern| met(observation, pattern));
        let Some(index) = (0..length).find(|&index| self.left.iter().any(|way| hit(way, index))) else { return };
        self.met += 1;
        for way in &mut self.left {
            // The reference removes by value: where a way has the same pattern twice, the first goes.
            let first = way.get(index).and_then(|pattern| way.iter().position(|other| other == pattern));
            first.map(|first| way.remove(first));
        }
    }

    /// Subgoals met.
    pub fn met(&self) -> usize {
        self.met
    }

    /// Subgoals.
    pub fn all(&self) -> usize {
        self.all
    }

    /// The share that is met, in [0, 1].
    pub fn share(&self) -> f64 {
        (self.met as f64 / self.all as f64).min(1.0)
    }
}

/// Whether one sentence of an observation has all pieces of a pattern, which are parted by `**`, or else by `*`.
fn met(observation: &str, pattern: &str) -> bool {
    let pattern = crate::python::strip(pattern);
    let mark = if pattern.contains("**") { "**" } else { "*" };
    let pieces: Vec<&str> = pattern.split(mark).map(|piece| piece.trim_matches('.')).collect();
    observation.split('.').any(|sentence| pieces.iter().all(|piece| sentence.contains(piece)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_sentence_has_all_pieces_of_a_pattern() {
        let seen =
            "There is a red ball 1 right in front of you 2 steps away.  There is a red key 1 0 steps in front of you.";
        assert!(met(seen, " There is a red ball ** right in front of you 2 steps away. "));
        assert!(met(seen, "red key*0 steps"));
        assert!(!met(seen, "red key ** right in front of you"));
        assert!(!met(seen, "away.  There"), "no sentence has a dot");
        assert!(met(seen, "") && met("", "**"));
    }

    #[test]
    fn a_step_on_one_way_counts_for_all_and_each_observation_for_one() {
        let ways = [["a b", "c", "d"], ["x", "c", "a b"]].map(|way| way.map(str::to_owned).to_vec());
        let mut several = Tracker::new(&Subgoals::Several(ways.to_vec())).expect("three subgoals");
        for (seen, met) in [("d c. x", 1), ("d c. x", 2), ("x", 2), ("a b", 3), ("a b", 3)] {
            several.read(seen);
            assert_eq!(several.met(), met, "{seen}");
        }
        assert_eq!(several.share(), 1.0);
        let mut one = Tracker::new(&Subgoals::One(vec!["a".into(), "b".into()])).expect("two subgoals");
        one.read("a b");
        assert_eq!((one.met(), one.all(), one.share()), (1, 2, 0.5));
        assert!(Tracker::new(&Subgoals::Several(vec![])).is_none() && Tracker::new(&Subgoals::One(vec![])).is_none());
    }
}
