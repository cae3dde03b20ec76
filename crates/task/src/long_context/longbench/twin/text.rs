//! Names, sentences that answer nothing, and texts of a wanted length.

use record::Rng;

use super::Maker;
use crate::Split;
use crate::vocabulary::{ADJECTIVES, NOUNS, PEOPLE, VERBS, an, word};

impl Maker<'_> {
    /// Tokens of a text.
    pub(super) fn count(&self, text: &str) -> usize {
        self.tokens.encode(text).len()
    }

    /// A first name and a last name that belong to this split.
    pub(super) fn name(&mut self) -> String {
        self.of_split(|rng| format!("{} {}", word(rng, PEOPLE), capital(word(rng, NOUNS))))
    }

    /// `count` different names; fewer only where there are no more.
    pub(super) fn names(&mut self, count: usize) -> Vec<String> {
        let mut all = Vec::new();
        for _ in 0..count * 50 {
            let name = self.name();
            if all.len() < count && !all.contains(&name) {
                all.push(name);
            }
        }
        all
    }

    /// A thing and what it looks like, of this split.
    pub(super) fn thing(&mut self) -> String {
        self.of_split(|rng| format!("{} {}", word(rng, ADJECTIVES), word(rng, NOUNS)))
    }

    /// Draws until the text's digest says that it belongs to this split; half of all do.
    pub(super) fn of_split(&mut self, mut draw: impl FnMut(&mut Rng) -> String) -> String {
        loop {
            let text = draw(self.rng);
            let odd = Rng::stream(0, &text).next_u64() % 2 == 1;
            if odd == (self.split == Split::Test) {
                return text;
            }
        }
    }

    /// A sentence that answers nothing.
    pub(super) fn filler(&mut self) -> String {
        let rng = &mut *self.rng;
        let (person, verb, noun) = (word(rng, PEOPLE), word(rng, VERBS), word(rng, NOUNS));
        let (adjective, other) = (word(rng, ADJECTIVES), word(rng, NOUNS));
        match rng.below(4) {
            0 => format!("{person} will {verb} the {adjective} {noun}."),
            1 => format!("The {noun} was {adjective} and the {other} was old."),
            2 => format!("{person} saw {} {noun} by the {other}.", an(adjective)),
            _ => format!("They {verb} the {noun} on {} day.", an(adjective)),
        }
    }

    /// Pieces of text, drawn until they have about `room` tokens with `between` before each; at least one.
    pub(super) fn fill(
        &mut self,
        room: usize,
        between: &str,
        mut next: impl FnMut(&mut Self) -> String,
    ) -> Vec<String> {
        let mut pieces = vec![next(self)];
        let mut used = self.count(&pieces[0]);
        loop {
            let piece = next(self);
            used += self.count(&format!("{between}{piece}"));
            if used > room {
                return pieces;
            }
            pieces.push(piece);
        }
    }

    /// Puts `few` into `many` at random places, in order.
    pub(super) fn hide(&mut self, many: Vec<String>, few: Vec<String>) -> Vec<String> {
        let mut places: Vec<usize> = few.iter().map(|_| self.rng.below(many.len() + 1)).collect();
        places.sort_unstable();
        let mut hidden = places.into_iter().zip(few).peekable();
        let mut all = Vec::new();
        for (at, piece) in many.into_iter().enumerate() {
            while let Some((_, fact)) = hidden.next_if(|(place, _)| *place <= at) {
                all.push(fact);
            }
            all.push(piece);
        }
        all.extend(hidden.map(|(_, fact)| fact));
        all
    }
}

/// `kettle` is `Kettle`.
pub(super) fn capital(text: &str) -> String {
    let mut letters = text.chars();
    letters.next().map_or_else(String::new, |first| first.to_uppercase().chain(letters).collect())
}
