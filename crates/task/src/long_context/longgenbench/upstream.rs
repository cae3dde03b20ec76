//! The parser of LongGenBench's own repository, which ACBench does not use: kept to compare with its published numbers.

use std::sync::LazyLock;

use regex::Regex;

use super::Kind;
use crate::pattern;

static NUMBER: LazyLock<Regex> = LazyLock::new(|| pattern(r"\d*\.?\d+"));
static LETTER: LazyLock<Regex> = LazyLock::new(|| pattern("[A-D]"));

/// The pieces of a reply that it takes for answers: after each line that ends in `:`, the text up to an empty line.
///
/// The reference searches `(?<=:\n)(.*?)(?=\n\n|$)`; this walks the same places once.
pub fn upstream_pieces(reply: &str) -> Vec<String> {
    let text = reply.split("Answer_").collect::<Vec<_>>().join("\n");
    let starts: Vec<usize> = text.match_indices(":\n").map(|(at, _)| at + 2).collect();
    let (mut pieces, mut from, mut was_empty) = (Vec::new(), 0, false);
    let mut next = 0;
    loop {
        next += starts[next..].partition_point(|&start| start < from);
        let Some(&start) = starts.get(next) else { return pieces };
        // After an empty piece a search does not find it again, only a longer one at the same place.
        let end = match was_empty && start == from {
            true => end(&text, start + 1),
            false => end(&text, start),
        };
        match end {
            Some(end) => {
                pieces.push(text[start..end].to_owned());
                (from, was_empty) = (end, end == start);
            }
            None => next += 1,
        }
    }
}

/// The first place from `from` on where a piece ends: before an empty line, before a last line end, or at the end.
fn end(text: &str, from: usize) -> Option<usize> {
    let bytes = text.as_bytes();
    let last = bytes.len() - usize::from(text.ends_with('\n'));
    let found = bytes.get(from..)?.windows(2).position(|pair| pair == b"\n\n").map(|at| from + at);
    found.or(Some(if from <= last { last } else { bytes.len() }))
}

/// Which pieces hold the right answer: the last number (commas left out) or the last of the letters A to D.
pub fn upstream_correct(reply: &str, answers: &[String], kind: Kind) -> Vec<bool> {
    let last = |text: &str| {
        let pattern = match kind {
            Kind::Number => &NUMBER,
            Kind::Letter => &LETTER,
        };
        pattern.find_iter(text).last().map(|found| found.as_str().to_owned())
    };
    let right = |(piece, answer): (&String, &String)| {
        last(&piece.replace(',', "")).is_some_and(|said| last(answer).is_some_and(|gold| gold == said))
    };
    upstream_pieces(reply).iter().zip(answers).map(right).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pieces_are_those_of_the_pattern_with_its_look_behind() {
        // What Python's `re.findall` gives.
        for (reply, wanted) in [
            ("", &[][..]),
            ("a:\nb", &["b"]),
            ("a:\nb\n", &["b"]),
            ("a:\nb\n\nc:\nd\n\n", &["b", "d"]),
            ("a:\n", &[""]),
            ("a:\n\n\nfoo\n\nbar", &["", "\n\nfoo"]),
            ("a:\nx:\n\n\nb", &["x:", "", "\n\nb"]),
            (":\n\n:\n\n:\n\n:\n\n", &["\n:", "\n:", "\n:", "", "\n"]),
            (":\n\n\n:\n\n\n:\n\n\n", &["", "\n\n:", "", "\n\n:", "", "\n"]),
            (":\n:\n:\n:\n", &[":\n:\n:", ""]),
        ] {
            assert_eq!(upstream_pieces(reply), wanted, "{reply:?}");
        }
    }

    #[test]
    fn a_long_reply_is_walked_once() {
        for piece in [":\n", ":\n\n", ":\na", ":\n\n\n", "Answer_1:\n"] {
            let reply = piece.repeat((1 << 20) / piece.len());
            assert!(upstream_pieces(&reply).len() <= reply.len());
        }
    }
}
