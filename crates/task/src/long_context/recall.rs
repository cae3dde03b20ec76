//! How much of the answer a response holds.

use std::collections::BTreeSet;

use crate::deviation::{CLEAN_REPLY, deviations};

deviations! {
    "needle", "the recall of the published heat maps";
    clean_reply: CLEAN_REPLY,
    stop_words: "the reference counts every word of the answer, so that \"a\" alone earns 1 of 11; only content \
        words count",
    punctuation: "the reference cuts words at spaces, so that \"day.\" is another word than \"day\"; words are runs \
        of letters and digits",
    other_number: "the reference gives part of the score to another fact that shares words with the right one; \
        where the answer has a number, a reply with other numbers instead is worth nothing",
    taken_in: "the reference does not mind other facts beside the right one; where distractors are hidden, the \
        score is divided by one more than the number of those that the reply gives too, but of two answers in \
        sentences of their own the last one counts",
}

/// What of a response is compared.
pub fn judged(response: &str, switches: &Switches) -> String {
    match switches.clean_reply {
        true => record::half_width(&record::clean(response)).into_owned(),
        false => response.to_owned(),
    }
}

/// The share of the answer's words that a response has, in [0, 1].
pub fn found(answer: &str, response: &str, switches: &Switches) -> f64 {
    let cut = |text: &str| -> BTreeSet<String> {
        match switches.punctuation {
            true => words(text),
            false => text.to_lowercase().split_whitespace().map(str::to_owned).collect(),
        }
    };
    let (all, got) = (cut(answer), cut(response));
    let is_content = |word: &&String| {
        !switches.stop_words || !STOP_WORDS.contains(&word.trim_matches(|c: char| !c.is_alphanumeric()))
    };
    let content: BTreeSet<String> = all.iter().filter(is_content).cloned().collect();
    let wanted = if content.is_empty() { all } else { content };
    if switches.other_number && has_other_numbers(answer, response) {
        return 0.0;
    }
    share(wanted.intersection(&got).count(), wanted.len())
}

/// Whether the answer has numbers, and the response others, but none of those.
fn has_other_numbers(answer: &str, response: &str) -> bool {
    let numbers = |text: &str| -> BTreeSet<String> {
        words(text).into_iter().filter(|word| word.bytes().all(|byte| byte.is_ascii_digit())).collect()
    };
    let (wanted, got) = (numbers(answer), numbers(response));
    !wanted.is_empty() && !got.is_empty() && wanted.is_disjoint(&got)
}

/// Words that say nothing of an answer.
const STOP_WORDS: &[&str] = &[
    "a", "about", "all", "an", "and", "any", "are", "as", "at", "be", "been", "but", "by", "can", "could", "did", "do",
    "does", "for", "from", "had", "has", "have", "he", "her", "his", "i", "if", "in", "is", "it", "its", "may", "my",
    "no", "not", "of", "on", "or", "our", "she", "so", "some", "such", "than", "that", "the", "their", "them", "then",
    "there", "these", "they", "this", "those", "to", "up", "was", "we", "were", "what", "when", "where", "which",
    "who", "will", "with", "would", "you", "your",
];

/// The score of the published heat maps: the share of the answer's distinct lower-cased words, cut at spaces, that
/// the response has too. 0 for an answer without words.
///
/// ```
/// assert_eq!(task::long_context::heat_map("Eat a cake.", "a cake"), 1.0 / 3.0);
/// ```
pub fn heat_map(answer: &str, response: &str) -> f64 {
    let cut = |text: &str| -> BTreeSet<String> { text.to_lowercase().split_whitespace().map(str::to_owned).collect() };
    let (answer, response) = (cut(answer), cut(response));
    share(answer.intersection(&response).count(), answer.len())
}

/// The content words of an answer: how many a response has, and which it lacks.
#[derive(Debug, Clone, PartialEq)]
pub struct Recall {
    /// Distinct content words of the answer.
    pub wanted: usize,
    /// Those that the response lacks, in alphabetical order.
    pub missing: Vec<String>,
}

impl Recall {
    /// Compares a response with an answer. An answer of nothing but stop words is taken whole.
    ///
    /// ```
    /// let recall = task::long_context::Recall::of("Eat a cake.", "A cake, of course");
    /// assert_eq!((recall.wanted, recall.share()), (2, 0.5));
    /// assert_eq!(recall.missing, ["eat"]);
    /// ```
    pub fn of(answer: &str, response: &str) -> Self {
        let all = words(answer);
        let content: BTreeSet<String> =
            all.iter().filter(|word| !STOP_WORDS.contains(&word.as_str())).cloned().collect();
        let wanted = if content.is_empty() { all } else { content };
        let got = words(response);
        Self { wanted: wanted.len(), missing: wanted.difference(&got).cloned().collect() }
    }

    /// The share of content words that the response has, in [0, 1].
    pub fn share(&self) -> f64 {
        share(self.wanted - self.missing.len(), self.wanted)
    }
}

fn words(text: &str) -> BTreeSet<String> {
    let lower = text.to_lowercase();
    lower.split(|c: char| !c.is_alphanumeric()).filter(|word| !word.is_empty()).map(str::to_owned).collect()
}

fn share(part: usize, whole: usize) -> f64 {
    if whole == 0 { 0.0 } else { part as f64 / whole as f64 }
}

/// Where the last of an answer's content words stand together in a response, as a byte offset; `None` where it lacks some.
pub fn stated_at(answer: &str, response: &str) -> Option<usize> {
    if Recall::of(answer, response).share() < 1.0 {
        return None;
    }
    let lower = response.to_lowercase();
    let last = answer.split(|c: char| !c.is_alphanumeric()).rfind(|word| !word.is_empty())?.to_lowercase();
    lower.rfind(&last)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn all_off_is_the_heat_map_and_all_on_the_corrected_recall() {
        for answer in ["walk a dog on a sunny day.", "", "to be"] {
            for response in ["a", "walk the dog, sunny DAY!", "", "day. to"] {
                assert_eq!(found(answer, response, &Switches::all(false)), heat_map(answer, response));
                assert_eq!(found(answer, response, &Switches::all(true)), Recall::of(answer, response).share());
            }
        }
    }

    #[test]
    fn another_number_is_another_fact() {
        let score = |reply| found("misty kettle 57", reply, &Switches::all(true));
        assert_eq!(
            [score("It is misty kettle 57."), score("misty kettle"), score("misty lamp 12")],
            [1.0, 2.0 / 3.0, 0.0]
        );
        assert_eq!(score("Of 3 codes it is misty kettle 57"), 1.0);
    }

    #[test]
    fn stop_words_and_stops_earn_nothing_once_corrected() {
        let answer = "walk a dog on a sunny day.";
        assert!(heat_map(answer, "a") > 0.0);
        assert_eq!(Recall::of(answer, "a on").share(), 0.0);
        assert!(heat_map(answer, "walk a dog on a sunny day") < 1.0);
        assert_eq!(Recall::of(answer, "Walk the dog, sunny DAY!").share(), 1.0);
        assert_eq!(Recall::of("to be or not to be", "to be").wanted, 4);
        assert_eq!(Recall::of("", "x").share(), 0.0);
    }
}
