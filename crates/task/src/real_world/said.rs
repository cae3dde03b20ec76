//! Where in a reply of a conversation its action stands, whatever the world.
//!
//! ```text
//! move kitchen hall                       the form that the rules show
//! Thought: the ball is in the hall.
//! **Action:** move from the kitchen to the hall.
//! ```

use std::sync::LazyLock;

use regex::Regex;

use crate::pattern;

/// Where the action is announced: `Action:`, `**Next action**:`, `Action 3:`.
static LABEL: LazyLock<Regex> = LazyLock::new(|| {
    pattern(r"(?im)^[ \t>*_#`-]*(?:my |the |next |final |chosen )*action(?: to take)?(?: \d+)?[ \t*_`]*[:：][ \t*_`]*")
});

/// Where a reply goes on in the name of the game.
static OTHERS: LazyLock<Regex> =
    LazyLock::new(|| pattern(r"(?im)^[ \t>*_#`]*(?:observation|state|new state|goal|user)[ \t*_`]*[:：]"));

/// Where a reply takes back what it said.
static CORRECTION: LazyLock<Regex> = LazyLock::new(|| {
    pattern(r"(?i)\b(?:actually|wait|sorry|correction|instead|rather|on second thought|let me correct|no,)")
});

/// Corrections that are looked at, from the end.
const MOST_CORRECTIONS: usize = 8;
/// Lines that are looked at; no reply that is meant to be read has more.
const MOST_LINES: usize = 200;

/// How a world reads a line.
pub(super) struct Reader<'a, A> {
    /// The action that a line names, with whatever it names of its objects.
    pub in_line: &'a dyn Fn(&str) -> Option<A>,
    /// Whether nothing is missing from an action.
    pub is_whole: &'a dyn Fn(&A) -> bool,
}

impl<A> Reader<'_, A> {
    /// The action that a cleaned reply asks for; `None` where it names none.
    ///
    /// What an `Action:` announces counts, else the first line that has a whole action, else the first that has the name
    /// of one. What follows a correction ("no, wait") counts more, and what is said in the game's name does not count.
    pub fn read(&self, reply: &str) -> Option<A> {
        let own =
            OTHERS.find_iter(reply).find(|found| found.start() > 0).map_or(reply, |found| &reply[..found.start()]);
        let announced = LABEL.find_iter(own).map(|found| &own[found.end()..]).find(|rest| !rest.trim().is_empty());
        announced.and_then(|rest| self.said(rest)).or_else(|| self.said(own))
    }

    /// The action of a text: the last correction that has one, else the text itself.
    fn said(&self, text: &str) -> Option<A> {
        let corrections: Vec<usize> = CORRECTION.find_iter(text).map(|found| found.start()).collect();
        let corrected = corrections.into_iter().rev().take(MOST_CORRECTIONS);
        let corrected = corrected.filter_map(|at| self.in_lines(&text[at..])).find(|action| (self.is_whole)(action));
        corrected.or_else(|| self.in_lines(text))
    }

    /// The first line with a whole action, else the first with the name of one.
    fn in_lines(&self, text: &str) -> Option<A> {
        let mut named = None;
        for line in text.lines().filter(|line| !line.trim().is_empty()).take(MOST_LINES) {
            match (self.in_line)(line) {
                Some(action) if (self.is_whole)(&action) => return Some(action),
                found => named = named.or(found),
            }
        }
        named
    }
}
