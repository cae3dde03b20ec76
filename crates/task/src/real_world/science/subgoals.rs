//! How far an episode is: patterns that were seen in what the engine said.

use regex::{Regex, RegexBuilder};

/// What a pattern may take of memory when it is compiled, in bytes.
const MOST_BYTES: usize = 1 << 20;

/// The subgoals of an episode, and which were reached.
#[derive(Debug, Clone)]
pub struct Subgoals {
    patterns: Vec<Regex>,
    seen: Vec<bool>,
}

impl Subgoals {
    /// The patterns of a row.
    ///
    /// # Errors
    /// A pattern that cannot be used, and why: AgentBoard's are Python's, of which looking around and back references have no
    /// meaning here, since they could take for ever.
    pub fn new(patterns: &[String]) -> Result<Self, String> {
        let compiled = |pattern: &String| {
            let regex = RegexBuilder::new(pattern).size_limit(MOST_BYTES).build();
            regex.map_err(|why| format!("the subgoal {pattern:?} is no pattern that can be used: {why}"))
        };
        let patterns: Vec<Regex> = patterns.iter().map(compiled).collect::<Result<_, _>>()?;
        Ok(Self { seen: vec![false; patterns.len()], patterns })
    }

    /// Looks for them in a text; what was found once stays found.
    ///
    /// ```
    /// use task::real_world::science::Subgoals;
    /// let mut goals = Subgoals::new(&["stove".into(), "boiling|steam".into()]).unwrap();
    /// goals.look("You move to the stove.");
    /// goals.look("nothing");
    /// assert_eq!((goals.met(), goals.count()), (1, 2));
    /// ```
    pub fn look(&mut self, text: &str) {
        for (pattern, seen) in self.patterns.iter().zip(&mut self.seen) {
            *seen |= pattern.is_match(text);
        }
    }

    /// How many were found.
    pub fn met(&self) -> usize {
        self.seen.iter().filter(|seen| **seen).count()
    }

    /// How many there are.
    pub fn count(&self) -> usize {
        self.patterns.len()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pattern_that_cannot_be_used_is_named() {
        let problem = |pattern: &str| Subgoals::new(&[pattern.to_owned()]).err().unwrap_or_default();
        assert!(problem("(a").contains("the subgoal \"(a\" is no pattern"));
        assert!(problem("(?=a)b").contains("look"));
        assert!(problem("(((a{99}){99}){99}){99}").contains("is no pattern"));
        assert_eq!(problem("You move to the (greenhouse|outside)"), "");
    }
}
