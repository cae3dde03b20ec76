//! ROUGE-L over sentences, as the Python package `rouge` 1.0.1 computes it.
//!
//! Its sentences end at every `.`, its words are compared as they are (no stemming, case counts), and a word that
//! occurs twice counts once.

use std::collections::HashMap;

use super::super::Switches;
use super::chinese::cut;
use super::lcs::Table;
use crate::python::split;

/// The most cells of all tables of a pair, one a word of the answer and word of the prediction: 64 MB of bits. What
/// the prediction has beyond them is not read; a reply of 1 MB against a page of 600 words is below it.
const MAX_CELLS: usize = 1 << 29;
/// The most pairs of sentences, likewise.
const MAX_PAIRS: usize = 1 << 22;
/// From this many steps on, the reference's recursive back-trace passes CPython's limit of 1,000 frames, some of
/// which its callers hold (measured with CPython 3.11, called as LongBench's `eval.py` does).
const MAX_STEPS: usize = 991;

/// F of ROUGE-L over the sentences of prediction and answer; 0 where either has none.
///
/// ```
/// use task::long_context::longbench::{Switches, rouge};
/// let f = rouge("The cat sat. It slept.", "The cat sat on a mat", &Switches::all(true));
/// assert!((f - 2.0 * 0.6 * 0.5 / 1.1).abs() < 1e-12); // 3 of 5 words, 3 of 6 words
/// ```
pub fn rouge(prediction: &str, answer: &str, switches: &Switches) -> f64 {
    let mut ids = HashMap::new();
    let answer = sentences(answer, &mut ids, usize::MAX, usize::MAX);
    let answer_words: usize = answer.iter().map(Vec::len).sum();
    if answer.is_empty() {
        return 0.0;
    }
    let prediction = sentences(prediction, &mut ids, MAX_CELLS / answer_words.max(1), MAX_PAIRS / answer.len());
    if prediction.is_empty() {
        return 0.0;
    }
    let mut union = vec![false; ids.len()];
    for one in &answer {
        for other in &prediction {
            let steps = take(one, other, &mut union);
            if steps >= MAX_STEPS && !switches.deep_rouge {
                return 0.0;
            }
        }
    }
    let distinct = |sentences: &[Vec<u32>]| {
        let mut seen = vec![false; ids.len()];
        sentences.iter().flatten().for_each(|&word| seen[word as usize] = true);
        seen.iter().filter(|seen| **seen).count() as f64
    };
    let common = union.iter().filter(|taken| **taken).count() as f64;
    let (recall, precision) = (common / distinct(&answer), common / distinct(&prediction));
    match switches.plain_f {
        true if common == 0.0 => 0.0,
        true => 2.0 * (precision * recall) / (precision + recall),
        false => 2.0 * ((precision * recall) / (precision + recall + 1e-8)),
    }
}

/// The same over the Chinese words of both.
pub fn rouge_zh(prediction: &str, answer: &str, switches: &Switches) -> f64 {
    rouge(&cut(prediction).join(" "), &cut(answer).join(" "), switches)
}

/// The words of each sentence by number, `ids` being the numbers so far; a sentence of white space is one empty word.
fn sentences<'t>(text: &'t str, ids: &mut HashMap<&'t str, u32>, words: usize, sentences: usize) -> Vec<Vec<u32>> {
    let mut left = words.max(1);
    let mut all = Vec::new();
    for piece in text.split('.').filter(|piece| !piece.is_empty()).take(sentences.max(1)) {
        let mut number = |word: &'t str| {
            let next = ids.len() as u32; // texts are below 4 GB
            *ids.entry(word).or_insert(next)
        };
        let mut sentence: Vec<u32> = split(piece).take(left).map(&mut number).collect();
        if sentence.is_empty() {
            sentence.push(number(""));
        }
        left = left.saturating_sub(sentence.len());
        all.push(sentence);
        if left == 0 {
            break;
        }
    }
    all
}

/// Adds the words of one longest common subsequence to `union`: the one that is found from the end of both, going
/// back in the answer only where that keeps more. Returns the steps of the way.
fn take(answer: &[u32], prediction: &[u32], union: &mut [bool]) -> usize {
    let table = Table::new(answer, prediction);
    let (mut i, mut j, mut steps) = (answer.len(), prediction.len(), 0);
    while i > 0 && j > 0 {
        steps += 1;
        if answer[i - 1] == prediction[j - 1] {
            union[answer[i - 1] as usize] = true;
            i -= 1;
            j -= 1;
        } else if table.rises(i - 1, j - 1) {
            // The cell above is larger than the one before exactly where the row rises here.
            i -= 1;
        } else {
            j -= 1;
        }
    }
    steps
}
