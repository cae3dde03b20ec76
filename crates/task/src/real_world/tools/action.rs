//! How AgentBoard's tool agents act: `NAME with Action Input: LITERAL`.
//!
//! The two patterns are AgentBoard's interface (Apache-2.0). Its `eval` of the input is a reader of literals here.

use std::sync::LazyLock;

use regex::Regex;

use super::literal::literal;
use super::raised::Raised;
use crate::pattern;
use crate::python::Value;

/// Python's white space in a pattern: Rust's has no separators of information.
const STATED: &str = r"[\s\x1c-\x1f]*(.*?)[\s\x1c-\x1f]*with[\s\x1c-\x1f]*Action Input:[\s\x1c-\x1f]*(.*?)\n?\z";
const SENT: &str = r"\AAction:[\s\x1c-\x1f]*(.*?)[\s\x1c-\x1f]*with[\s\x1c-\x1f]*Action Input:[\s\x1c-\x1f]*(.*?)\n?\z";
/// What is answered to a reply that is no action.
pub const FORMAT_ERROR: &str = "Format error, please response in the format of  \"Action: [your action] with Action \
    Input: [your action input]";
/// The longest input that is read, in bytes; the reference knows no bound.
pub const MAX_INPUT: usize = 100_000;

/// An action as its text states it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Stated {
    /// The function.
    pub name: String,
    /// Its arguments, as text.
    pub input: String,
}

impl Stated {
    /// The action in a text; `None` where it has another form.
    ///
    /// ```
    /// use task::real_world::tools::Stated;
    /// let found = Stated::find("get_tasks with Action Input: {'project_id': '12'}").unwrap();
    /// assert_eq!((found.name.as_str(), found.input.as_str()), ("get_tasks", "{'project_id': '12'}"));
    /// assert_eq!(Stated::find("get_tasks"), None);
    /// ```
    pub fn find(text: &str) -> Option<Self> {
        static PATTERN: LazyLock<Regex> = LazyLock::new(|| pattern(STATED));
        let found = PATTERN.captures(text)?;
        Some(Self { name: found[1].to_owned(), input: found[2].to_owned() })
    }

    /// How the agent remembers it.
    pub fn remembered(&self) -> String {
        format!("{} with Action Input: {}", self.name, self.input)
    }

    /// What the environment is sent.
    pub fn sent(&self) -> String {
        format!("Action: {}", self.remembered())
    }

    /// The function and its arguments as the environment reads them.
    ///
    /// # Errors
    /// An input that is no literal, or a long one: what the reference raises.
    pub fn read(&self) -> Result<(String, Value), Raised> {
        static PATTERN: LazyLock<Regex> = LazyLock::new(|| pattern(SENT));
        if self.name.len() + self.input.len() > MAX_INPUT {
            return Err(Raised::new("Exception", format!("The action is longer than {MAX_INPUT} bytes.")));
        }
        let sent = self.sent();
        let Some(found) = PATTERN.captures(&sent) else {
            return Err(Raised::new("TypeError", "cannot unpack non-iterable NoneType object"));
        };
        let wrong = "Parameters in action input are not valid, please change your action input.";
        let value = literal(&found[2]).ok_or_else(|| Raised::new("Exception", wrong))?;
        Ok((found[1].to_owned(), value))
    }

    /// Whether the action ends an episode, as AgentBoard's query and todo environments see it: it has the word in it
    /// anywhere.
    pub fn finishes(&self) -> bool {
        let sent = self.sent();
        sent.contains("finish") || sent.contains("Finish")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_input_is_read_or_refused() {
        let read = |text: &str| Stated::find(text).map(|stated| stated.read());
        assert_eq!(read("f with Action Input: {'a': [1, None]} ").map(|r| r.is_ok()), Some(true));
        let refused = read("f with Action Input: {'a': true}").and_then(Result::err).map(|raised| raised.to_string());
        let wrong = "Exception(Parameters in action input are not valid, please change your action input.)";
        assert_eq!(refused.as_deref(), Some(wrong));
        let long = format!("f with Action Input: '{}'", "x".repeat(MAX_INPUT));
        assert!(read(&long).and_then(Result::err).is_some_and(|raised| raised.message.contains("longer")));
    }

    #[test]
    fn the_word_finish_ends_wherever_it_stands() {
        let stated = |name: &str, input: &str| Stated { name: name.into(), input: input.into() };
        assert!(stated("get_tasks", "{'a': 'Finished'}").finishes());
        assert!(!stated("FINISH", "{}").finishes());
    }
}
