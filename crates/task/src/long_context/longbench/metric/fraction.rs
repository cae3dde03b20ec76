//! Numbers in a reply.

use std::sync::LazyLock;

use regex::Regex;

use super::super::Switches;
use crate::pattern;

static NUMBER: LazyLock<Regex> = LazyLock::new(|| pattern(r"\d+"));
static PARAGRAPH: LazyLock<Regex> = LazyLock::new(|| pattern(r"Paragraph (\d+)"));
static PARAGRAPH_ZH: LazyLock<Regex> = LazyLock::new(|| pattern(r"段落(\d+)"));

/// The share of the numbers of a reply that are `answer`; 0 where it has none.
///
/// ```
/// use task::long_context::longbench::{Switches, count};
/// assert_eq!(count("7 of 12", "7", &Switches::all(true)), 0.5);
/// assert_eq!(count("07", "7", &Switches::all(false)), 0.0);
/// assert_eq!(count("07", "7", &Switches::all(true)), 1.0);
/// ```
pub fn count(prediction: &str, answer: &str, switches: &Switches) -> f64 {
    let same = |number: &str| match switches.numbers_by_value {
        true => plain(number) == plain(answer),
        false => number == answer,
    };
    let (mut all, mut right) = (0usize, 0usize);
    for number in NUMBER.find_iter(prediction) {
        all += 1;
        right += usize::from(same(number.as_str()));
    }
    if all == 0 { 0.0 } else { right as f64 / all as f64 }
}

/// Numbers as words, up to twenty.
const WORDS: [&str; 21] = [
    "zero",
    "one",
    "two",
    "three",
    "four",
    "five",
    "six",
    "seven",
    "eight",
    "nine",
    "ten",
    "eleven",
    "twelve",
    "thirteen",
    "fourteen",
    "fifteen",
    "sixteen",
    "seventeen",
    "eighteen",
    "nineteen",
    "twenty",
];

static STATED: LazyLock<Regex> = LazyLock::new(|| {
    pattern(&format!(
        r"(?i)\b(?:answer(?: is| are|:)|paragraph|there (?:are|is)|in total|total of|number (?:of [a-z ]{{1,40}} )?is)\W{{0,12}}(?:paragraph\W{{0,6}}|only |exactly |number )?(\d+|{})\b",
        WORDS.join("|")
    ))
});
static ANY: LazyLock<Regex> = LazyLock::new(|| pattern(&format!(r"(?i)(\d+)|\b({})\b", WORDS.join("|"))));

/// The number that a reply states: the last one after words like "the answer is", "there are" or "paragraph", else the
/// only one, else the last; words up to twenty count as numbers. `None` where there is none.
///
/// ```
/// use task::long_context::longbench::stated;
/// assert_eq!(stated("Of 12 paragraphs there are seven different ones.").as_deref(), Some("7"));
/// assert_eq!(stated("Paragraph 3, and not 4").as_deref(), Some("3"));
/// ```
pub fn stated(prediction: &str) -> Option<String> {
    let value = |said: &str| {
        let word = WORDS.iter().position(|word| word.eq_ignore_ascii_case(said));
        word.map_or_else(|| said.to_owned(), |value| value.to_string())
    };
    let named = STATED.captures_iter(prediction).filter_map(|found| found.get(1)).last();
    named.or_else(|| ANY.find_iter(prediction).last()).map(|found| value(found.as_str()))
}

/// ASCII digits without zeros in front; digits of other scripts stand for the same value.
fn plain(number: &str) -> String {
    let digits: String = number.trim().chars().map(digit).collect();
    let short = digits.trim_start_matches('0');
    if short.is_empty() { "0".to_owned() } else { short.to_owned() }
}

/// Decimal digits lie in runs of ten from 0 to 9; full-width and Arabic ones are those that occur.
fn digit(c: char) -> char {
    let value =
        [0xFF10, 0x0660, 0x06F0, 0x0966].iter().find_map(|zero| u32::from(c).checked_sub(*zero).filter(|d| *d < 10));
    value.and_then(|value| char::from_digit(value, 10)).unwrap_or(c)
}

/// The number of the paragraph that an answer names first: `Paragraph 7`.
pub fn paragraph(answer: &str) -> Option<&str> {
    PARAGRAPH.captures(answer).and_then(|found| found.get(1)).map(|number| number.as_str())
}

/// The same for `段落7`.
pub fn paragraph_zh(answer: &str) -> Option<&str> {
    PARAGRAPH_ZH.captures(answer).and_then(|found| found.get(1)).map(|number| number.as_str())
}
