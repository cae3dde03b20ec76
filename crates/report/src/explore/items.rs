//! The samples of a task: what they are called, and what is known of each while the variants are read.

use std::collections::HashMap;

use serde::Serialize;

use super::ITEMS;
use super::chunk::Places;

/// The samples of a task, in the order in which they were first seen.
#[derive(Default)]
pub(super) struct Items {
    places: HashMap<String, usize>,
    /// Which text of `tag_places` each sample has.
    tags: Vec<usize>,
    tag_places: HashMap<String, usize>,
    /// What the dense model scored, and why; `None` where it did not finish.
    pub dense: Vec<Option<(f64, String)>>,
    /// A hash of what opened the conversation, once it is known.
    pub opened: Vec<Option<u64>>,
}

/// What a file of ids holds.
#[derive(Serialize)]
pub(super) struct Contents<'a> {
    ids: Vec<&'a str>,
    /// What the tags say, each text once.
    texts: Vec<&'a str>,
    /// Which text each sample has.
    tags: Vec<usize>,
    /// How many samples follow in the same file of openings, and which: -1 for none.
    asked: Vec<(usize, i64)>,
    /// How many files of openings there are, and samples in all.
    files: usize,
    samples: usize,
}

impl Items {
    /// How many samples were seen.
    pub fn len(&self) -> usize {
        self.tags.len()
    }

    /// The place of a sample that was seen.
    pub fn known(&self, sample: &str) -> Option<usize> {
        self.places.get(sample).copied()
    }

    /// The place of a sample, a new one for one that was not seen.
    pub fn place(&mut self, sample: &str, tags: impl FnOnce() -> String) -> usize {
        if let Some(place) = self.places.get(sample) {
            return *place;
        }
        let (place, next) = (self.len(), self.tag_places.len());
        self.places.insert(sample.to_owned(), place);
        self.tags.push(*self.tag_places.entry(tags()).or_insert(next));
        self.dense.push(None);
        self.opened.push(None);
        place
    }

    /// What each file of ids holds; there is one at least.
    pub fn parts<'a>(&'a self, asked: &'a Places) -> impl Iterator<Item = Contents<'a>> {
        let (ids, texts) = (ordered(&self.places), ordered(&self.tag_places));
        (0..self.len().div_ceil(ITEMS).max(1)).map(move |part| {
            let range = part * ITEMS..((part + 1) * ITEMS).min(self.len());
            let (own, tags) = own(&texts, &self.tags[range.clone()]);
            let ids = ids[range.clone()].to_vec();
            Contents { ids, texts: own, tags, asked: asked.runs(range), files: asked.files, samples: self.len() }
        })
    }
}

/// Names by their places.
fn ordered(places: &HashMap<String, usize>) -> Vec<&str> {
    let mut names = vec![""; places.len()];
    places.iter().for_each(|(name, place)| names[*place] = name);
    names
}

/// The texts that some samples have, each once, and which of them each sample has.
fn own<'a>(texts: &[&'a str], tags: &[usize]) -> (Vec<&'a str>, Vec<usize>) {
    let (mut known, mut own) = (HashMap::new(), Vec::new());
    let place = |tag: &usize| {
        *known.entry(*tag).or_insert_with(|| {
            own.push(texts[*tag]);
            own.len() - 1
        })
    };
    let tags = tags.iter().map(place).collect();
    (own, tags)
}
