//! How alike two texts are: what WorfBench and T-Eval need an embedder for.

use std::collections::BTreeMap;

/// Similarity of two texts in [0, 1].
pub trait Judge: Sync {
    /// Shown with every number that depends on it: `lexical`.
    fn name(&self) -> &str;

    /// How alike they are; 1 for equal texts, symmetric.
    fn similarity(&self, a: &str, b: &str) -> f64;
}

/// Similarity from spelling alone: the cosine of the counts of words and of letter trigrams.
///
/// It needs no model, so it works offline. It is **not** comparable with the paper's sentence embeddings: two
/// paraphrases that share no word score 0. Equal texts (case and spaces aside) score 1.
///
/// ```
/// use task::{Judge, Lexical};
/// assert_eq!(Lexical.similarity("sort the log", "Sort  the log"), 1.0);
/// assert!(Lexical.similarity("sort the log", "sort the logs") > 0.6);
/// assert!(Lexical.similarity("sort the log", "paint a wall") < 0.3);
/// ```
pub struct Lexical;

impl Judge for Lexical {
    fn name(&self) -> &str {
        "lexical"
    }

    fn similarity(&self, a: &str, b: &str) -> f64 {
        let (a, b) = (words(a), words(b));
        if a == b {
            return 1.0;
        }
        0.5 * cosine(&counts(a.iter().cloned()), &counts(b.iter().cloned()))
            + 0.5 * cosine(&counts(trigrams(&a)), &counts(trigrams(&b)))
    }
}

fn words(text: &str) -> Vec<String> {
    text.split(|c: char| !c.is_alphanumeric()).filter(|w| !w.is_empty()).map(str::to_lowercase).collect()
}

fn trigrams(words: &[String]) -> impl Iterator<Item = String> + '_ {
    words.iter().flat_map(|word| {
        let padded: Vec<char> = std::iter::once(' ').chain(word.chars()).chain(std::iter::once(' ')).collect();
        padded.windows(3).map(|w| w.iter().collect()).collect::<Vec<String>>()
    })
}

fn counts(items: impl Iterator<Item = String>) -> BTreeMap<String, f64> {
    let mut all = BTreeMap::new();
    for item in items {
        *all.entry(item).or_insert(0.0) += 1.0;
    }
    all
}

fn cosine(a: &BTreeMap<String, f64>, b: &BTreeMap<String, f64>) -> f64 {
    let dot: f64 = a.iter().filter_map(|(key, x)| b.get(key).map(|y| x * y)).sum();
    let norm = |m: &BTreeMap<String, f64>| m.values().map(|x| x * x).sum::<f64>();
    let size = (norm(a) * norm(b)).sqrt();
    if size == 0.0 { 0.0 } else { (dot / size).min(1.0) }
}
