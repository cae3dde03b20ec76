//! Which parts of a reply decide something.

use std::ops::Range;

use record::{Decided, Decision};

/// The whole reply but for the space around it.
pub(crate) fn whole(reply: &str, decision: Decision) -> Vec<Decided> {
    let from = reply.len() - reply.trim_start().len();
    let range = from..from + reply.trim().len();
    if range.is_empty() { Vec::new() } else { vec![Decided { decision, range }] }
}

/// Finds texts in a reply, each after the one before where it is there, else anywhere.
pub(crate) struct Finder<'a> {
    reply: &'a str,
    at: usize,
    found: Vec<Decided>,
}

impl<'a> Finder<'a> {
    /// Begins at a byte of the reply.
    pub fn new(reply: &'a str, at: usize) -> Self {
        Self { reply, at: reply.floor_char_boundary(at), found: Vec::new() }
    }

    /// Goes to a byte of the reply.
    pub fn go(&mut self, at: usize) {
        self.at = self.reply.floor_char_boundary(at);
    }

    /// Finds a text, and says whether it is there.
    pub fn find(&mut self, text: &str, decision: Decision) -> bool {
        let text = text.trim();
        if text.is_empty() {
            return false;
        }
        let free = |range: &Range<usize>| !self.found.iter().any(|other| overlap(&other.range, range));
        let after = self.reply[self.at..].match_indices(text).map(|(from, _)| self.at + from);
        let anywhere = self.reply.match_indices(text).map(|(from, _)| from);
        let ranges = after.chain(anywhere).map(|from| from..from + text.len());
        let Some(range) = ranges.take(MOST).find(free) else { return false };
        self.at = range.end;
        self.found.push(Decided { decision, range });
        true
    }

    /// What was found, in the order of the reply.
    pub fn finish(mut self) -> Vec<Decided> {
        self.found.sort_by_key(|decided| decided.range.start);
        self.found
    }
}

/// Places that are tried for one text.
const MOST: usize = 200;

fn overlap(a: &Range<usize>, b: &Range<usize>) -> bool {
    a.start < b.end && b.start < a.end
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_are_found_one_after_the_other() {
        let reply = "pay pay 5 é 5";
        let mut finder = Finder::new(reply, 1);
        assert!(finder.find("pay", Decision::Tool));
        assert!(finder.find("5", Decision::Argument) && finder.find("5", Decision::Argument));
        assert!(!finder.find("5", Decision::Argument) && !finder.find(" ", Decision::Argument));
        let found: Vec<_> = finder.finish().into_iter().map(|decided| decided.range).collect();
        assert_eq!(found, [4..7, 8..9, 13..14]);
        assert_eq!(whole("  é\n", Decision::Answer), [Decided { decision: Decision::Answer, range: 2..4 }]);
        assert_eq!(whole(" \n", Decision::Answer), []);
    }
}
