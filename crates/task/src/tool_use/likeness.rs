//! How alike two texts are, as T-Eval asks it of an embedder.

use std::collections::HashMap;

use crate::Judge;

/// Characters of a text that are compared. Embedders read fewer, and a reply of a megabyte must not take long.
const COMPARED: usize = 4096;

/// `max(0, similarity)` of texts; each pair is judged once.
pub(super) struct Likeness<'j> {
    judge: &'j dyn Judge,
    known: HashMap<(String, String), f64>,
}

impl<'j> Likeness<'j> {
    pub(super) fn new(judge: &'j dyn Judge) -> Self {
        Self { judge, known: HashMap::new() }
    }

    pub(super) fn of(&mut self, a: &str, b: &str) -> f64 {
        let pair = (cut(a).to_owned(), cut(b).to_owned());
        let judge = self.judge;
        *self.known.entry(pair).or_insert_with_key(|(a, b)| judge.similarity(a, b).max(0.0))
    }
}

fn cut(text: &str) -> &str {
    text.char_indices().nth(COMPARED).map_or(text, |(end, _)| &text[..end])
}
