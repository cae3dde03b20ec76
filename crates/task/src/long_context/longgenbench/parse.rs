//! Answers in a long reply: `Answer_9: .. The answer is 18.`
//!
//! All patterns are searched in one pass, in time that grows with the reply's length alone.

use std::collections::BTreeMap;
use std::sync::LazyLock;

use regex::Regex;

use super::Switches;
use crate::pattern;

/// What kind of answer a set has.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// A number, GSM8K.
    Number,
    /// One of the letters A to D, MMLU.
    Letter,
}

static NUMBERS: LazyLock<Regex> = LazyLock::new(|| pattern(r"(?s)Answer_\d+:[\s\x1c-\x1f]*.*?answer is (\d+)"));
static LETTERS: LazyLock<Regex> = LazyLock::new(|| pattern(r"Answer_\d+:[\s\x1c-\x1f]*.*?answer is \((.*?)\)"));
static GOLD: LazyLock<Regex> = LazyLock::new(|| pattern(r"####[\s\x1c-\x1f]*(\d+)"));

static STRICT_HEADING: LazyLock<Regex> = LazyLock::new(|| pattern(r"Answer_(\d{1,9}):"));
static STRICT_NUMBER: LazyLock<Regex> = LazyLock::new(|| pattern(r"answer is (\d+)"));
static STRICT_LETTER: LazyLock<Regex> = LazyLock::new(|| pattern(r"answer is \((.*?)\)"));
/// At the start of a line `Answer 9:` in any dress; elsewhere only `Answer_9:`, for a sentence may speak of answers.
static HEADING: LazyLock<Regex> =
    LazyLock::new(|| pattern(r"(?im)(?:^[ \t*#>]*answer[ _]?|\banswer_)(\d{1,9})\b\**[ \t]*:"));
static NUMBER_SAID: LazyLock<Regex> =
    LazyLock::new(|| pattern(r"(?i)answer is[\s:*_$€£=(\\{]*(?:\\?boxed\{)?([-−]?[\s$€£]*\d[\d,]*(?:\.\d+)?)"));
static NUMBER_ON_LINE: LazyLock<Regex> = LazyLock::new(|| pattern(r"(?i)answer is\b.*?([-−]?\$?\d[\d,]*(?:\.\d+)?)"));
static LETTER_SAID: LazyLock<Regex> = LazyLock::new(|| pattern(r"(?i:answer is)[\s:*_(\[]*([A-D])\b"));
static GOLD_NUMBER: LazyLock<Regex> = LazyLock::new(|| pattern(r"####\s*([-−]?[\s$€£]*\d[\d,]*(?:\.\d+)?)"));

/// A heading in any dress on a line of its own, or before a sign or its answer.
static ANY_HEADING: LazyLock<Regex> = LazyLock::new(|| {
    pattern(
        r"(?im)^[ \t*#>_`-]*(?:answer|a)[ _#]*(?:to (?:question )?)?(\d{1,9})\b[*_`]*[ \t]*(?:[:.)–—-]|\*\*|$|[ \t]+)|\banswer_(\d{1,9})\b\**[ \t]*:",
    )
});
/// A line that begins with a number, for replies without any such heading.
static NUMBERED_LINE: LazyLock<Regex> =
    LazyLock::new(|| pattern(r"(?im)^[ \t*#>_`-]*(?:question[ _]?|q)?(\d{1,9})[*_`]*[ \t]*[:.)][*_`]*(?:[ \t]|$)"));
/// A number as people write it: `9,500`, `9 500`, `$9{,}500`, `3/4`, `\frac{3}{4}`, `12.50`.
const AMOUNT: &str = r"[-−]?\s?\\?[$€£]?\s?(?:\\[dt]?frac\{\d{1,15}\}\{\d{1,15}\}|(?:\d{1,3}(?:(?:,|\{,\}|\\,|[  \u{202f}\u{2009}'’])\d{3})+|\d+)(?:\.\d+)?(?:\s?/\s?\d+)?)";
static AMOUNTS: LazyLock<Regex> = LazyLock::new(|| pattern(AMOUNT));
static AMOUNT_SAID: LazyLock<Regex> = LazyLock::new(|| {
    pattern(&format!(
        r"(?i)answer(?:\s+(?:to|for)\s[^.\n]{{1,40}}?)?\s*(?:is|are|:|=)[\s:*_=(\\\[{{`]*?(?:\\?boxed\{{)?({AMOUNT})"
    ))
});
static LETTER_ALONE: LazyLock<Regex> =
    LazyLock::new(|| pattern(r"\(([A-D])\)|(?m)^[\s*_`]*([A-D])[\s*_`.)]*$|\*\*([A-D])\*\*"));

/// The answers that the reference finds in a reply, in order; numbers in front of them do not matter.
///
/// ```
/// use task::long_context::longgenbench::{Kind, found};
/// assert_eq!(found("Answer_9: 1 + 2. The answer is 3.\n\nAnswer_11: The answer is 7.", Kind::Number), ["3", "7"]);
/// ```
pub fn found(reply: &str, kind: Kind) -> Vec<&str> {
    let pattern = match kind {
        Kind::Number => &NUMBERS,
        Kind::Letter => &LETTERS,
    };
    pattern.captures_iter(reply).filter_map(|found| found.get(1)).map(|answer| answer.as_str()).collect()
}

/// The reference's gold of an answer of GSM8K: the digits after `####`.
pub fn gold_digits(answer: &str) -> Option<&str> {
    GOLD.captures(answer).and_then(|found| found.get(1)).map(|digits| digits.as_str())
}

/// The whole number after `####`, sign, thousands and decimals included.
pub fn gold_number(answer: &str) -> Option<String> {
    GOLD_NUMBER.captures(answer).map(|found| plain(&found[1]))
}

/// The answers of a reply by the number that each bears; the first of a number stands.
///
/// ```
/// use task::long_context::longgenbench::{Kind, Switches, numbered};
/// let reply = "Answer_9: none\nAnswer_11: The answer is **$1,200**.";
/// let answers = numbered(reply, Kind::Number, &Switches::all(true));
/// assert_eq!(answers.get(&11).map(String::as_str), Some("1200"));
/// assert_eq!(answers.len(), 1);
/// ```
pub fn numbered(reply: &str, kind: Kind, switches: &Switches) -> BTreeMap<usize, String> {
    let cleaned;
    let reply = match switches.clean_reply {
        true => {
            cleaned = record::half_width(&record::clean(reply)).into_owned();
            &cleaned
        }
        false => reply,
    };
    let by = |heading: &Regex| -> Vec<(usize, usize, usize)> {
        let found = heading.captures_iter(reply).filter_map(|found| {
            let whole = found.get(0)?;
            let number = found.iter().skip(1).flatten().next()?;
            Some((number.as_str().parse().ok()?, whole.start(), whole.end()))
        });
        found.collect()
    };
    let mut headings = by(if switches.any_mark { &HEADING } else { &STRICT_HEADING });
    if switches.any_heading {
        let more = by(&ANY_HEADING);
        headings = if more.len() > headings.len() { more } else { headings };
        if headings.is_empty() {
            headings = by(&NUMBERED_LINE);
        }
    }
    let ends = headings.iter().skip(1).map(|&(_, start, _)| start).chain([reply.len()]);
    let mut all = BTreeMap::new();
    for (&(number, _, start), end) in headings.iter().zip(ends) {
        if let Some(answer) = said(&reply[start..end], kind, switches) {
            if switches.last_said {
                all.insert(number, answer);
            } else {
                all.entry(number).or_insert(answer);
            }
        }
    }
    all
}

/// What one answer says.
fn said(answer: &str, kind: Kind, switches: &Switches) -> Option<String> {
    let of = |pattern: &Regex| {
        let mut all = pattern.captures_iter(answer);
        let found = if switches.last_said { all.last() } else { all.next() };
        found.and_then(|found| found.iter().skip(1).flatten().next().map(|said| said.as_str().to_owned()))
    };
    if kind == Kind::Number && switches.any_number {
        let amount = of(&AMOUNT_SAID).or_else(|| of(&NUMBER_ON_LINE));
        let amount = amount.or_else(|| {
            let last = AMOUNTS.find_iter(answer).last().filter(|_| switches.last_said);
            last.map(|found| found.as_str().to_owned())
        });
        return amount.map(|said| if switches.whole_numbers { value(&said) } else { said });
    }
    let said = match (kind, switches.any_mark) {
        (Kind::Letter, true) => of(&LETTER_SAID),
        (Kind::Letter, false) => of(&STRICT_LETTER),
        (Kind::Number, true) => of(&NUMBER_SAID).or_else(|| of(&NUMBER_ON_LINE)),
        (Kind::Number, false) => of(&STRICT_NUMBER),
    };
    let said = said.or_else(|| match kind {
        Kind::Letter if switches.last_said => of(&LETTER_ALONE),
        _ => None,
    });
    said.map(|said| if kind == Kind::Number && switches.whole_numbers { plain(&said) } else { said })
}

/// The value of a number as people write it, a fraction as a decimal number.
fn value(said: &str) -> String {
    let fraction = said.split_once("frac{").and_then(|(_, rest)| rest.split_once("}{"));
    let halves = fraction.map(|(a, b)| (a.to_owned(), b.trim_end_matches('}').to_owned()));
    let halves = halves.or_else(|| said.split_once('/').map(|(a, b)| (plain(a), plain(b))));
    let parsed = halves.and_then(|(a, b)| Some((a.parse::<f64>().ok()?, b.parse::<f64>().ok().filter(|b| *b != 0.0)?)));
    match parsed {
        Some((a, b)) => {
            let minus = if fraction.is_some() && said.trim_start().starts_with(['-', '−']) { "-" } else { "" };
            plain(&format!("{minus}{:.9}", a / b))
        }
        None => plain(said),
    }
}

/// A number without thousands, signs of money, zeros in front and zeros behind the point.
fn plain(number: &str) -> String {
    let negative = number.starts_with(['-', '−']);
    let kept: String = number.chars().filter(|c| c.is_ascii_digit() || *c == '.').collect();
    let (whole, part) = kept.split_once('.').unwrap_or((&kept, ""));
    let (whole, part) = (whole.trim_start_matches('0'), part.trim_end_matches('0'));
    let whole = if whole.is_empty() { "0" } else { whole };
    let value = if part.is_empty() { whole.to_owned() } else { format!("{whole}.{part}") };
    if negative && value != "0" { format!("-{value}") } else { value }
}

/// Right answers of a reply, one place a question.
///
/// `answers` are the rows' own: GSM8K's texts that end in `#### 18`, MMLU's letters. `first` is the number of the first
/// question.
pub fn correct(reply: &str, answers: &[String], kind: Kind, first: usize, switches: &Switches) -> Vec<bool> {
    let gold = |answer: &String| match kind {
        Kind::Letter => Some(answer.trim().to_owned()),
        Kind::Number if switches.whole_numbers => gold_number(answer),
        Kind::Number => gold_digits(answer).map(str::to_owned),
    };
    let said: Vec<Option<String>> = if switches.by_number {
        let mut all = numbered(reply, kind, switches);
        (first..first + answers.len()).map(|number| all.remove(&number)).collect()
    } else if switches.any_mark {
        numbered(reply, kind, switches).into_values().map(Some).collect()
    } else {
        found(reply, kind).into_iter().map(|said| Some(said.to_owned())).collect()
    };
    let at = |place: usize| said.get(place).cloned().flatten();
    answers.iter().enumerate().map(|(place, answer)| gold(answer).is_some_and(|gold| at(place) == Some(gold))).collect()
}

/// The share of right answers; 0 of none.
pub fn accuracy(right: &[bool]) -> f64 {
    right.iter().filter(|right| **right).count() as f64 / right.len().max(1) as f64
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_skipped_answer_shifts_the_others_in_the_reference_only() {
        let answers = ["a\n#### 18", "b\n#### 3", "c\n#### 1,200"].map(str::to_owned);
        let reply = "Answer_9:\nThe answer is $18.\n\nAnswer_11: so the answer is 1,200 dollars";
        let right = |on| correct(reply, &answers, Kind::Number, 9, &Switches::all(on));
        assert_eq!(right(false), [false, false, false]);
        assert_eq!(right(true), [true, false, true]);
        let prose = "Answer_9: the answer 3: is not, the answer is 18\n### Answer 10 : the answer is 3";
        assert_eq!(correct(prose, &answers, Kind::Number, 9, &Switches::all(true)), [true, true, false]);
        let letters = ["C", "B"].map(str::to_owned);
        let reply = "Answer_6: first\nthen. The answer is (C).\n**Answer_7:** The answer is **B**";
        let right = |on| correct(reply, &letters, Kind::Letter, 6, &Switches::all(on));
        assert_eq!((right(false), right(true)), (vec![false, false], vec![true, true]));
    }

    #[test]
    fn numbers_are_compared_by_value() {
        for (said, value) in [("-05.50", "-5.5"), ("$1,000", "1000"), ("0", "0"), ("-0.0", "0"), ("007", "7")] {
            assert_eq!(plain(said), value, "{said}");
        }
        assert_eq!(gold_number("x\n#### -5").as_deref(), Some("-5"));
        assert_eq!(gold_digits("x\n#### -5"), None);
    }

    #[test]
    fn a_reply_of_a_megabyte_is_read_in_no_time() {
        for piece in
            ["Answer_1: ", "Answer_1: answer is (", "answer is ", "Answer_", "answer 1: answer is -$ ", "** ", "\n*"]
        {
            let reply = piece.repeat((1 << 20) / piece.len());
            let began = std::time::Instant::now();
            for kind in [Kind::Number, Kind::Letter] {
                let _ = (found(&reply, kind).len(), numbered(&reply, kind, &Switches::all(true)).len());
            }
            assert!(began.elapsed().as_secs() < 20, "{piece}");
        }
    }
}
