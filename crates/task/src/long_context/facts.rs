//! Facts to hide, drawn from a seed: one, several, one that points at another, or one among many of its form.

use record::Rng;
use serde::Deserialize;

use crate::vocabulary::{ADJECTIVES, CITIES, NOUNS, word, words};

/// What must be found.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Kind {
    /// One fact.
    Single,
    /// Three facts, all of them asked for.
    Several,
    /// A fact that another fact points at.
    TwoHops,
    /// One fact among others of its form: other towns, and other things about the same town.
    Distractors,
}

impl Kind {
    /// As it is written in settings and tags.
    pub fn name(self) -> &'static str {
        match self {
            Self::Single => "single",
            Self::Several => "several",
            Self::TwoHops => "two_hops",
            Self::Distractors => "distractors",
        }
    }
}

/// A sentence that looks like the needle and is none.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Distractor {
    /// The sentence.
    pub needle: String,
    /// What a model answers that was taken in by it.
    pub answer: String,
}

/// What is hidden, asked and wanted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Hidden {
    /// The sentences that the answer needs; the first goes to the cell's depth.
    pub needles: Vec<String>,
    /// Sentences that the answer does not need.
    pub distractors: Vec<Distractor>,
    /// What is asked.
    pub question: String,
    /// What answers it.
    pub answer: String,
}

impl Hidden {
    /// Everything to hide with its depth in percent: the first needle at `depth`, the others at equal distances from it.
    pub fn places(&self, depth: f64) -> Vec<(&str, f64)> {
        let texts: Vec<&str> =
            self.needles.iter().chain(self.distractors.iter().map(|one| &one.needle)).map(String::as_str).collect();
        let step = 100.0 / texts.len().max(1) as f64;
        let place = |at: usize| if at == 0 { depth } else { (depth + step * at as f64) % 100.0 };
        texts.into_iter().enumerate().map(|(at, text)| (text, place(at))).collect()
    }
}

/// Towns beside the one that is asked for.
const OTHERS: usize = 12;
/// Other things that a town has.
const THINGS: &[&str] = &["motto", "password", "symbol"];

/// A riddle of a kind. No two of its facts have the same number, so an answer names one of them only.
pub fn draw(rng: &mut Rng, kind: Kind) -> Hidden {
    let towns = words(rng, CITIES, OTHERS + 1);
    let numbers = rng.choose(90, OTHERS + 1 + THINGS.len());
    let mut secrets = numbers
        .into_iter()
        .map(|number| format!("{} {} {}", word(rng, ADJECTIVES), word(rng, NOUNS), number + 10))
        .collect::<Vec<_>>()
        .into_iter();
    let mut fact = |thing: &str, town: &str| {
        let answer = secrets.next().unwrap_or_default();
        Distractor { needle: format!(" The {thing} of {town} is {answer}."), answer }
    };
    let asked = fact("secret code", towns[0]);
    let question = format!("What is the secret code of {}?", towns[0]);
    let mut others = |range: std::ops::Range<usize>| -> Vec<Distractor> {
        towns[range].iter().map(|town| fact("secret code", town)).collect()
    };
    match kind {
        Kind::Single => Hidden { needles: vec![asked.needle], distractors: Vec::new(), question, answer: asked.answer },
        Kind::Several => {
            let all = [vec![asked], others(1..3)].concat();
            let question = format!("What are the secret codes of {}, {} and {}?", towns[0], towns[1], towns[2]);
            let answer = all.iter().map(|one| one.answer.as_str()).collect::<Vec<_>>().join(", ");
            Hidden {
                needles: all.into_iter().map(|one| one.needle).collect(),
                distractors: Vec::new(),
                question,
                answer,
            }
        }
        Kind::TwoHops => {
            let pointer = format!(" The secret code of {} is the same as that of {}.", towns[1], towns[0]);
            let question = format!("What is the secret code of {}?", towns[1]);
            Hidden { needles: vec![asked.needle, pointer], distractors: others(2..6), question, answer: asked.answer }
        }
        Kind::Distractors => {
            let mut distractors = others(1..OTHERS + 1);
            distractors.extend(THINGS.iter().map(|thing| fact(thing, towns[0])));
            Hidden { needles: vec![asked.needle], distractors, question, answer: asked.answer }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_kind_holds_its_answer_and_no_distractor_does() {
        for seed in 0..200 {
            for kind in [Kind::Single, Kind::Several, Kind::TwoHops, Kind::Distractors] {
                let hidden = draw(&mut Rng::new(seed), kind);
                let text = hidden.needles.concat();
                assert!(hidden.answer.split(", ").all(|part| text.contains(part)), "{hidden:?}");
                let answers: std::collections::BTreeSet<_> = hidden.distractors.iter().map(|one| &one.answer).collect();
                assert_eq!(answers.len(), hidden.distractors.len());
                assert!(hidden.distractors.iter().all(|one| !hidden.answer.contains(&one.answer)));
            }
        }
        assert_eq!(draw(&mut Rng::new(1), Kind::Several).needles.len(), 3);
        assert_eq!(draw(&mut Rng::new(1), Kind::Distractors).distractors.len(), 15);
    }

    #[test]
    fn a_pointer_says_where_the_answer_is_and_not_what() {
        let hidden = draw(&mut Rng::new(5), Kind::TwoHops);
        assert!(!hidden.needles[1].contains(&hidden.answer));
        let places = hidden.places(100.0);
        assert_eq!((places[0].1, places.len()), (100.0, 6));
        assert!(places.iter().all(|(_, depth)| (0.0..=100.0).contains(depth)));
    }
}
