//! The next line of code.

use super::super::Switches;
use super::difflib::{indel_ratio, ratio};

/// How two lines of code are compared. The reference takes whichever its installation has.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Ratio {
    /// `difflib`'s, which `fuzzywuzzy` uses when installed alone, as LongBench's requirements say.
    #[default]
    Difflib,
    /// python-Levenshtein's, which `fuzzywuzzy` prefers where it is installed too.
    Indel,
}

/// The line of a reply that is compared: the first that is neither comment nor fence; empty where there is none.
pub fn code_line<'r>(reply: &'r str, switches: &Switches) -> &'r str {
    let mut lines = reply.trim_start_matches('\n').split('\n');
    let is_code = |line: &&str| match switches.whole_comments {
        true => !line.trim().is_empty() && !["```", "#", "//"].iter().any(|mark| line.trim_start().starts_with(mark)),
        false => !["`", "#", "//"].iter().any(|mark| line.contains(mark)),
    };
    lines.find(is_code).unwrap_or_default()
}

/// What follows in a reply after it has repeated the line that it goes on after; all of it where it has not.
pub fn after_heading<'r>(reply: &'r str, heading: &str) -> &'r str {
    let heading = heading.trim();
    let mut at = 0;
    for line in reply.split_inclusive('\n').take(40) {
        at += line.len();
        if !heading.is_empty() && line.trim() == heading {
            return &reply[at..];
        }
    }
    reply
}

/// How alike the reply's line of code and the right one are.
///
/// ```
/// use task::long_context::longbench::{Ratio, Switches, code_similarity};
/// let score = code_similarity("\nx = 1\n", "x = 2", Ratio::Difflib, &Switches::all(false));
/// assert_eq!(score, 0.8);
/// ```
pub fn code_similarity(reply: &str, answer: &str, kind: Ratio, switches: &Switches) -> f64 {
    let line = code_line(reply, switches);
    if line == answer {
        return 1.0;
    }
    let ratio = match kind {
        Ratio::Difflib => ratio(line, answer, !switches.frequent_characters),
        Ratio::Indel => indel_ratio(line, answer),
    };
    if switches.fine_ratio { ratio } else { (100.0 * ratio).round_ties_even() / 100.0 }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_whole_lines_are_comments_when_corrected() {
        let reply = "```python\n\n# half\nhalf = total // 2\nreturn half";
        assert_eq!(code_line(reply, &Switches::all(false)), "");
        assert_eq!(code_line(reply, &Switches::all(true)), "half = total // 2");
        assert_eq!(code_line("# only\n// this", &Switches::all(true)), "");
    }

    #[test]
    fn a_hundredth_is_lost_only_as_in_the_reference() {
        let score = |on| code_similarity("abc", "abd", Ratio::Difflib, &Switches::all(on));
        assert_eq!((score(false), score(true)), (0.67, 2.0 / 3.0));
    }
}
