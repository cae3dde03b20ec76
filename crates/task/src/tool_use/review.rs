//! T-Eval's `review`: what came of a call, as the letter of an answer.

use std::sync::LazyLock;

use record::Message;
use regex::Regex;
use serde_json::Value as Json;

use super::{Judgment, Mistake, Switches};
use crate::pattern;
use crate::python::{Cut, Value, load, strip};

/// The letter that is right.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Answer {
    /// The prompt asks for an object, which the reference reads and then never takes for right.
    object: bool,
    letter: String,
}

impl Answer {
    /// Reads `{"response_format", "answer"}`.
    ///
    /// # Errors
    /// What is missing or of another kind, in words.
    pub(super) fn read(gold: &Json) -> Result<Self, String> {
        let object = gold["response_format"] == "json";
        match gold["answer"].as_str() {
            Some(letter @ ("A" | "B" | "C" | "D" | "E")) => Ok(Self { object, letter: letter.to_owned() }),
            _ if object => Ok(Self { object, letter: String::new() }),
            _ => Err("its ground_truth has no \"answer\" from A to E".to_owned()),
        }
    }
}

/// Judges a reply that has been cleaned up. Metrics: `review_quality`, the value, and `parse_rate`.
pub(super) fn judge(gold: &Answer, prompt: &[Message], reply: &str, switches: &Switches) -> Judgment {
    let got = match (switches.stated_letter, gold.object) {
        _ if switches.stated_choice => chosen(prompt, reply),
        (true, _) => stated(reply),
        (false, false) => after_colon(reply),
        (false, true) => {
            let cut = Cut { start: Some('{'), end: Some('}'), ..Cut::default() };
            let parsed = matches!(load(reply, cut), Some(Value::Dict(_)));
            return scored(0.0, parsed, Some(Mistake::Malformed("an object is never right here".to_owned())), "");
        }
    };
    let right = got.is_some() && got == gold.letter.chars().next();
    let mistake = match got {
        Some(_) => None,
        None if strip(reply).is_empty() => Some(Mistake::NoCall),
        None => Some(Mistake::Malformed("the reply states no letter from A to E".to_owned())),
    };
    let got = got.map_or_else(String::new, String::from);
    let reason = match right {
        true => "the right answer".to_owned(),
        false => format!("wrong answer: wanted {}, got {got}", gold.letter),
    };
    scored(f64::from(u8::from(right)), !got.is_empty(), mistake, &reason)
}

fn scored(quality: f64, parsed: bool, mistake: Option<Mistake>, reason: &str) -> Judgment {
    let metrics = vec![("review_quality", quality), ("parse_rate", f64::from(u8::from(parsed)))];
    Judgment::of(quality, metrics, mistake, reason)
}

/// The reference: the first character after the first colon.
fn after_colon(reply: &str) -> Option<char> {
    let text = reply.split_once(':').map_or(reply, |(_, after)| after);
    strip(text).chars().next().filter(|letter| ('A'..='E').contains(letter))
}

/// The letter that a reply chooses: the last one that it calls the answer, else the one that it states, else that of the
/// choice whose text it repeats.
fn chosen(prompt: &[Message], reply: &str) -> Option<char> {
    static ANSWER: LazyLock<Regex> = LazyLock::new(|| {
        pattern(
            r"(?i)\b(?:answer|choice|letter)\b[\s*_`]*(?:is|:|=|should be|would be)[\s*_`:]*(?:option |choice |letter )?[\s*_`(\x22'\[]*([A-E])(?-u:\b)",
        )
    });
    static ALONE: LazyLock<Regex> = LazyLock::new(|| {
        pattern(r"(?i)^[^\p{L}\p{N}]*(?:option|choice|letter|answer)?[^\p{L}\p{N}]*([A-E])[^\p{L}\p{N}]*$")
    });
    let letter = |text: &str| text.chars().next().map(|letter| letter.to_ascii_uppercase());
    // "the answer is a call .." has an article, and no letter.
    let said = ANSWER.captures_iter(reply).filter_map(|found| found.get(1));
    let said = said.filter(|found| found.as_str() != "a" || !reply[found.end()..].starts_with(' ')).last();
    said.and_then(|found| letter(found.as_str()))
        .or_else(|| ALONE.captures(reply).and_then(|found| letter(&found[1])))
        .or_else(|| repeated(prompt, reply))
        .or_else(|| stated(reply))
}

/// The letter of the one choice whose text a reply repeats, or of the last of several.
fn repeated(prompt: &[Message], reply: &str) -> Option<char> {
    let words = |text: &str| {
        let words = text.split(|c: char| !c.is_alphanumeric()).filter(|word| !word.is_empty());
        words.map(str::to_lowercase).collect::<Vec<_>>().join(" ")
    };
    let said = words(&reply[..reply.floor_char_boundary(MOST_BYTES)]);
    let choices = prompt.last()?.content.lines().filter_map(|line| {
        let (letter, text) = line.split_once(['.', ')', ':'])?;
        let letter = letter.trim().parse().ok().filter(|letter| ('A'..='E').contains(letter))?;
        Some((said.rfind(&words(text)).filter(|_| text.contains(' '))?, letter))
    });
    choices.max().map(|(_, letter)| letter)
}

/// As much of a reply is searched for the text of a choice.
const MOST_BYTES: usize = 1 << 16;

/// The letter that a reply states: the one it begins with; else the first after the word "answer"; else the only one.
/// A letter is one that stands alone, and no article.
fn stated(reply: &str) -> Option<char> {
    static LETTER: LazyLock<Regex> = LazyLock::new(|| pattern(r"(?-u:\b)[A-E](?-u:\b)"));
    static ANSWER: LazyLock<Regex> = LazyLock::new(|| pattern("(?i:answer|choice|option)|答案|选择|选项"));
    let article = |end: usize| {
        let mut after = reply[end..].chars();
        match after.next() {
            Some('-') => true, // as in E-mail
            Some(' ') => reply[..end].ends_with('A') && after.next().is_some_and(char::is_lowercase),
            _ => false,
        }
    };
    let letters = |from: usize| {
        let found = LETTER.find_iter(&reply[from..]).map(move |found| (from + found.start(), from + found.end()));
        found.filter(move |(_, end)| !article(*end)).map(|(start, _)| (start, char::from(reply.as_bytes()[start])))
    };
    let (start, first) = letters(0).next()?;
    if !reply[..start].contains(char::is_alphanumeric) {
        return Some(first);
    }
    if let Some((_, letter)) = ANSWER.find(reply).and_then(|word| letters(word.end()).next()) {
        return Some(letter);
    }
    letters(0).all(|(_, letter)| letter == first).then_some(first)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_letter_that_is_meant_is_read() {
        for (reply, letter) in [
            ("B", Some('B')),
            ("(B) because", Some('B')),
            ("**B**", Some('B')),
            ("B: Correct", Some('B')),
            ("A: because the call is right", Some('A')),
            ("The answer is C", Some('C')),
            ("Out of A, B and C, my answer: C.", Some('C')),
            ("答案：B", Some('B')),
            ("选择:A", Some('A')),
            ("It is D, that is D.", Some('D')),
            ("It is D or E", None),
            ("A call was made, so it is E", Some('E')),
            ("Actually yes", None),
            ("Error", None),
            ("", None),
        ] {
            assert_eq!(stated(reply), letter, "{reply}");
        }
    }

    #[test]
    fn the_reference_reads_what_follows_the_first_colon() {
        for (reply, letter) in [("B: Correct", Some('C')), ("A: because", None), ("Actually", Some('A')), ("::A", None)]
        {
            assert_eq!(after_colon(reply), letter, "{reply}");
        }
    }
}
