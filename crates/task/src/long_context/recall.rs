//! How much of the answer a response holds.
//!
//! | deviation | `paper` | `corrected` |
//! |---|---|---|
//! | `stop_words` | every word of the answer counts: "a" alone earns 1 of 11 | only content words count |
//! | `punctuation` | words are cut at spaces: "day." matches only "day." | words are runs of letters and digits |

use std::collections::BTreeSet;

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

#[cfg(test)]
mod tests {
    use super::*;

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
