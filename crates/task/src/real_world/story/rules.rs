//! AgentBoard's rules around a text adventure: what is made of an action, of a text, and how far the agent is.

use std::sync::LazyLock;

use regex::Regex;

use crate::pattern;
use crate::python::is_space;

/// The most words of an action.
const WORDS: usize = 20;

static SPACES: LazyLock<Regex> = LazyLock::new(|| pattern(" {2,}"));
static SCORES: LazyLock<Regex> = LazyLock::new(|| pattern(r"\[Your score .*?\]"));

/// What the game is told of an action: nothing from the first comma or full stop on, and 20 words at most.
///
/// ```
/// assert_eq!(task::real_world::story::cleaned_action("take lamp, then go. north"), "take lamp");
/// ```
pub fn cleaned_action(said: &str) -> String {
    let first = said.split([',', '.']).next().unwrap_or_default();
    first.split(' ').take(WORDS).collect::<Vec<_>>().join(" ")
}

/// Whether an action asks which actions there are.
pub fn asks_for_help(action: &str) -> bool {
    let lower = action.to_lowercase();
    lower.contains("check") && lower.contains("action")
}

/// What the agent is shown of a text: one line, single spaces, without scores in brackets.
///
/// ```
/// assert_eq!(task::real_world::story::cleaned_text("Taken.\n\n[Your score went up.]"), "Taken. ");
/// ```
pub fn cleaned_text(text: &str) -> String {
    let line = text.replace('\n', " ");
    SCORES.replace_all(&SPACES.replace_all(&line, " "), "").into_owned()
}

/// The texts that show how far the agent is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Watch {
    left: Vec<String>,
    all: usize,
}

impl Watch {
    /// None seen yet.
    pub fn new(subgoals: &[String]) -> Self {
        Self { left: subgoals.iter().map(|text| bare(text)).collect(), all: subgoals.len() }
    }

    /// Looks at a cleaned text: the first subgoal that is in it and was not seen before counts, and no other. Only ASCII
    /// letters, digits and spaces are compared.
    pub fn see(&mut self, text: &str) {
        let text = bare(text);
        if let Some(found) = self.left.iter().position(|subgoal| text.contains(subgoal)) {
            self.left.remove(found);
        }
    }

    /// How many were seen.
    pub fn met(&self) -> usize {
        self.all - self.left.len()
    }

    /// How many there are.
    pub fn goals(&self) -> usize {
        self.all
    }

    /// The share that was seen, in [0, 1]; 0 of none.
    pub fn progress(&self) -> f64 {
        self.met() as f64 / self.all.max(1) as f64
    }

    /// Whether all were seen.
    pub fn won(&self) -> bool {
        self.all > 0 && self.left.is_empty()
    }
}

fn bare(text: &str) -> String {
    text.chars().filter(|&character| character.is_ascii_alphanumeric() || is_space(character)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_subgoal_a_text_counts_and_none_twice() {
        let mut watch = Watch::new(&["Taken.".into(), "the lamp!".into()]);
        let mut met = Vec::new();
        for text in ["taken", "Taken: the lamp is yours", "Taken", "... the... lamp?"] {
            watch.see(text);
            met.push(watch.met());
        }
        assert_eq!(met, [0, 1, 1, 2]);
        assert!(watch.won() && watch.progress() == 1.0);
        assert!(!Watch::new(&[]).won());
    }

    #[test]
    fn an_action_keeps_twenty_words_and_the_spaces_between_them() {
        let many = "go ".repeat(30);
        assert_eq!(cleaned_action(&many).split(' ').count(), 20);
        assert_eq!(cleaned_action("say  hello"), "say  hello");
        assert!(asks_for_help("Check valid ACTIONS") && !asks_for_help("check the lamp"));
    }
}
