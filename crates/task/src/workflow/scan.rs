//! Steps and edges in a text, found in one pass whatever the text is.

use crate::python::{is_digit, is_space, number, strip};

/// One end of an edge as it is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Name<'t> {
    Start,
    End,
    /// Decimal digits of any script.
    Number(&'t str),
}

/// The reference's rule, `\d+[:.] (.+)` anywhere: a number, a colon or full stop and one space; the rest of the line is
/// the step. The number is the printed one.
pub(super) fn strict_steps(text: &str) -> Vec<(usize, &str)> {
    let mut steps = Vec::new();
    let mut line = 0;
    while line < text.len() {
        let end = text[line..].find('\n').map_or(text.len(), |length| line + length);
        let whole = &text[line..end];
        let marks = whole.match_indices([':', '.']).filter(|(at, _)| {
            let rest = &whole[at + 1..];
            rest.len() > 1 && rest.starts_with(' ')
        });
        for (at, _) in marks {
            let before = &whole[..at];
            let digits = before.len() - before.trim_end_matches(is_digit).len();
            if digits > 0 {
                steps.push((number(&before[at - digits..]), strip(&whole[at + 2..])));
                break;
            }
        }
        line = end + 1;
    }
    steps
}

/// Lines that begin with a number and `:`, `.` or `)`, after signs and perhaps a word such as `Step`.
pub(super) fn loose_steps(text: &str) -> Vec<(usize, &str)> {
    text.split('\n').filter_map(loose_step).collect()
}

fn loose_step(line: &str) -> Option<(usize, &str)> {
    let line = line.trim_start_matches(|c: char| !c.is_alphanumeric() && c != '_');
    let line = without_word(line);
    let (digits, rest) = digits(line)?;
    let rest = rest.trim_start_matches([' ', '\t']).strip_prefix([':', '.', ')'])?;
    let step = rest.trim_start_matches([' ', '\t']);
    let first = step.chars().next()?;
    // "1.5" is no step 1, but "1. 5" is.
    let apart = step.len() < rest.len() || !is_digit(first);
    let kept = apart && !first.is_whitespace() && edge(step, true).is_none();
    kept.then(|| (number(digits), strip(step)))
}

/// The line without `Step`, `Node`, `Subtask` or `Task` and the spaces after it.
fn without_word(line: &str) -> &str {
    for word in ["step", "node", "subtask", "task"] {
        if let Some((first, rest)) = line.split_at_checked(word.len())
            && first.eq_ignore_ascii_case(word)
            && rest.starts_with([' ', '\t'])
        {
            return rest.trim_start_matches([' ', '\t']);
        }
    }
    line
}

/// All edges `(1,2)`, `(START,1)`, `(1,END)`, spaces allowed; with `any_case` also `(start,1)`.
pub(super) fn all_edges(text: &str, any_case: bool) -> Vec<(Name<'_>, Name<'_>)> {
    // What is tried at one parenthesis has no other one in it, so that all tries together read the text once.
    let opens = text.bytes().enumerate().filter(|(_, byte)| *byte == b'(').map(|(at, _)| at);
    let may_be = |at: &usize| text.as_bytes().get(at + 1).is_some_and(|next| !matches!(next, b'(' | b')' | b','));
    opens.filter(may_be).filter_map(|at| edge(&text[at..], any_case)).collect()
}

/// The edge at the start of a text.
fn edge(text: &str, any_case: bool) -> Option<(Name<'_>, Name<'_>)> {
    let (from, rest) = name(text.strip_prefix('(')?, "START", Name::Start, any_case)?;
    let (to, rest) = name(rest.strip_prefix(',')?, "END", Name::End, any_case)?;
    rest.starts_with(')').then_some((from, to))
}

/// Digits or the given word, with spaces around it, and what comes after.
fn name<'t>(text: &'t str, word: &str, meaning: Name<'t>, any_case: bool) -> Option<(Name<'t>, &'t str)> {
    let text = text.trim_start_matches(is_space);
    if let Some((digits, rest)) = digits(text) {
        return Some((Name::Number(digits), rest.trim_start_matches(is_space)));
    }
    let (first, rest) = text.split_at_checked(word.len())?;
    let same = if any_case { first.eq_ignore_ascii_case(word) } else { first == word };
    same.then(|| (meaning, rest.trim_start_matches(is_space)))
}

/// Digits at the start of a text, one at least, and what comes after.
fn digits(text: &str) -> Option<(&str, &str)> {
    let rest = text.trim_start_matches(is_digit);
    let digits = &text[..text.len() - rest.len()];
    (!digits.is_empty()).then_some((digits, rest))
}

#[cfg(test)]
mod tests {
    use regex::Regex;

    use super::*;

    /// Whether a name is digits, and its text, as the patterns say.
    fn written(name: Name<'_>) -> String {
        match name {
            Name::Start => "START".to_owned(),
            Name::End => "END".to_owned(),
            Name::Number(digits) => digits.to_owned(),
        }
    }

    #[test]
    fn one_pass_finds_what_the_patterns_find() -> Result<(), regex::Error> {
        let step = Regex::new(r"\d+[:.] (.+)")?;
        let loose = Regex::new(
            r"(?m)^[^\w\n]*(?:(?i:step|node|subtask|task)[ \t]+)?(\d+)[ \t]*[:.)](?:[ \t]+(\S.*)|([^\s\d].*))$",
        )?;
        let edge = r"\([\s\x1c-\x1f]*(\d+|START)[\s\x1c-\x1f]*,[\s\x1c-\x1f]*(\d+|END)[\s\x1c-\x1f]*\)";
        let (first, edge) = (Regex::new(&format!("^(?i:{edge})"))?, Regex::new(edge)?);
        let pieces = [
            "1",
            "23",
            "٣",
            ":",
            ".",
            ")",
            "(",
            ",",
            " ",
            "\t",
            "\n",
            "START",
            "END",
            "start",
            "a",
            "é",
            "Step ",
            "node",
            "- ",
            "\u{a0}",
            "\x1c",
            "\r",
            "_",
            "(1,2)",
            "1: ",
            "(START, 4 )",
        ];
        let mut rng = record::Rng::new(8);
        for _ in 0..20_000 {
            let text: String = (0..rng.between(0, 14)).filter_map(|_| rng.pick(&pieces).copied()).collect();
            let want: Vec<&str> =
                step.captures_iter(&text).map(|c| strip(c.get(1).map_or("", |m| m.as_str()))).collect();
            let got = strict_steps(&text);
            assert_eq!(got.iter().map(|(_, step)| *step).collect::<Vec<_>>(), want, "{text:?}");
            let want: Vec<(usize, &str)> = loose
                .captures_iter(&text)
                .map(|c| (number(&c[1]), c.get(2).or(c.get(3)).map_or("", |m| m.as_str())))
                .filter(|(_, step)| !first.is_match(step))
                .map(|(number, step)| (number, strip(step)))
                .collect();
            assert_eq!(loose_steps(&text), want, "{text:?}");
            let want: Vec<_> = edge.captures_iter(&text).map(|c| (c[1].to_owned(), c[2].to_owned())).collect();
            let got: Vec<_> = all_edges(&text, false).into_iter().map(|(a, b)| (written(a), written(b))).collect();
            assert_eq!(got, want, "{text:?}");
        }
        Ok(())
    }
}
