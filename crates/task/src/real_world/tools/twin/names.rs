//! Names that no other split has.

use std::collections::BTreeSet;

use record::Rng;

use crate::Split;
use crate::vocabulary::{ADJECTIVES, FIELDS, NOUNS, PEOPLE, VERBS, word};

/// Names of one split, each given once.
pub struct Names {
    split: Split,
    given: BTreeSet<String>,
}

const BEGINNINGS: &[&str] =
    &["b", "d", "f", "g", "h", "k", "l", "m", "n", "p", "r", "s", "t", "v", "br", "dr", "gr", "kl", "st", "tr"];
const VOWELS: &[&str] = &["a", "e", "i", "o", "u"];
const ENDS: &[&str] = &["", "l", "n", "r", "s", "m", "k", "nd", "rt"];
/// Draws of a name before a number is put behind one.
const DRAWS: usize = 1000;

impl Names {
    /// Names of a split, none of them given yet.
    pub fn new(split: Split) -> Self {
        Self { split, given: BTreeSet::new() }
    }

    /// A name of this split that was not given before.
    fn fresh(&mut self, rng: &mut Rng, make: impl Fn(&mut Rng) -> String) -> String {
        let drawn =
            (0..DRAWS).map(|_| make(rng)).find(|name| split_of(name) == self.split && !self.given.contains(name));
        let name = drawn.unwrap_or_else(|| format!("{} {}", make(rng), self.given.len()));
        self.given.insert(name.clone());
        name
    }

    /// `Anna Kestrim`
    pub fn person(&mut self, rng: &mut Rng) -> String {
        self.fresh(rng, |rng| format!("{} {}", word(rng, PEOPLE), invented(rng)))
    }

    /// `Drumeland`
    pub fn town(&mut self, rng: &mut Rng) -> String {
        self.fresh(rng, invented)
    }

    /// `Kolvin Institute`
    pub fn institute(&mut self, rng: &mut Rng) -> String {
        self.fresh(rng, |rng| format!("{} Institute", invented(rng)))
    }

    /// `The Quiet Lamp`
    pub fn film(&mut self, rng: &mut Rng) -> String {
        self.fresh(rng, |rng| format!("The {} {}", capital(word(rng, ADJECTIVES)), capital(word(rng, NOUNS))))
    }

    /// `On Narrow Maps of Kolvin`
    pub fn paper(&mut self, rng: &mut Rng) -> String {
        self.fresh(rng, |rng| {
            let things = crate::vocabulary::plural(word(rng, NOUNS));
            format!("On {} {} of {}", capital(word(rng, ADJECTIVES)), capital(&things), invented(rng))
        })
    }

    /// `amber lamp`
    pub fn thing(&mut self, rng: &mut Rng) -> String {
        self.fresh(rng, |rng| format!("{} {}", word(rng, ADJECTIVES), word(rng, NOUNS)))
    }

    /// `Paint the amber lamp`
    pub fn errand(&mut self, rng: &mut Rng) -> String {
        self.fresh(rng, |rng| {
            format!("{} the {} {}", capital(word(rng, VERBS)), word(rng, ADJECTIVES), word(rng, NOUNS))
        })
    }

    /// `Bakery survey`
    pub fn project(&mut self, rng: &mut Rng) -> String {
        self.fresh(rng, |rng| format!("{} {}", capital(word(rng, FIELDS)), word(rng, NOUNS)))
    }
}

/// Which split a name belongs to: a quarter of them is held out.
pub(super) fn split_of(name: &str) -> Split {
    match record::digest(name.as_bytes()).as_bytes() {
        [b'0'..=b'3', ..] => Split::Test,
        _ => Split::Train,
    }
}

fn invented(rng: &mut Rng) -> String {
    let syllables = rng.between(2, 3);
    let text: String = (0..syllables)
        .map(|at| {
            let end = if at + 1 == syllables { word(rng, ENDS) } else { "" };
            format!("{}{}{end}", word(rng, BEGINNINGS), word(rng, VOWELS))
        })
        .collect();
    capital(&text)
}

fn capital(text: &str) -> String {
    let mut chars = text.chars();
    chars.next().map_or_else(String::new, |first| first.to_uppercase().chain(chars).collect())
}
