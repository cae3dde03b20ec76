//! ROUGE-1 as `rouge_score` 0.1.2 computes it with its stemmer on.

use super::{f1, shared, stem};

/// Precision, recall and F of the unigrams that two texts share, each in [0, 1].
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Rouge {
    /// Shared words over words of the prediction.
    pub precision: f64,
    /// Shared words over words of the target.
    pub recall: f64,
    /// Their harmonic mean.
    pub f: f64,
}

/// ROUGE-1 (Lin 2004): words with their multiplicity, stemmed where longer than three letters.
///
/// ```
/// let score = task::measure::rouge1("Eat a sandwich.", "eat sandwiches");
/// assert_eq!((score.precision, score.recall), (1.0, 2.0 / 3.0));
/// ```
pub fn rouge1(target: &str, prediction: &str) -> Rouge {
    let (target, prediction) = (words(target), words(prediction));
    let shared = shared(&target, &prediction) as f64;
    let (precision, recall) = (shared / prediction.len().max(1) as f64, shared / target.len().max(1) as f64);
    Rouge { precision, recall, f: f1(precision, recall) }
}

/// Runs of `a-z` and `0-9` of the lower-cased text.
fn words(text: &str) -> Vec<String> {
    text.to_lowercase()
        .split(|c: char| !c.is_ascii_lowercase() && !c.is_ascii_digit())
        .filter(|word| !word.is_empty())
        .map(|word| if word.len() > 3 { stem(word) } else { word.to_owned() })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_has_rouge_1_with_itself_and_0_with_nothing() {
        assert_eq!(rouge1("The quick fox.", "the QUICK fox").f, 1.0);
        assert_eq!(rouge1("The quick fox.", "").f, 0.0);
        assert_eq!(rouge1("", "").f, 0.0);
    }
}
