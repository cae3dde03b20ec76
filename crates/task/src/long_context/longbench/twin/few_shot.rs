//! Questions with the kind of their answer, to go on with.

use super::{Maker, Puzzle};
use crate::vocabulary::{CITIES, NOUNS, VERBS, word};

/// What may be asked for.
const CLASSES: &[&str] = &["person", "place", "number", "color", "date", "reason"];

/// Examples of questions and their classes, and one more question.
pub(super) fn examples(maker: &mut Maker<'_>, length: usize) -> Puzzle {
    let (class, question) = question(maker);
    let prompt = |examples: &str| {
        format!(
            "Each question asks for something of a certain type. Name the type of the last one.\n\n{examples}\nQuestion: \
             {question}\nType:"
        )
    };
    let fixed = maker.count(&prompt(""));
    let example = |maker: &mut Maker<'_>| {
        let (class, question) = self::question(maker);
        format!("Question: {question}\nType: {class}")
    };
    let examples = maker.fill(length.saturating_sub(fixed), "\n", example).join("\n");
    Puzzle {
        classes: CLASSES.iter().map(|class| (*class).to_owned()).collect(),
        ..Puzzle::new(prompt(&examples), class.to_owned())
    }
}

fn question(maker: &mut Maker<'_>) -> (&'static str, String) {
    let (name, thing) = (maker.name(), maker.thing());
    let rng = &mut *maker.rng;
    let (verb, noun, city) = (word(rng, VERBS), word(rng, NOUNS), word(rng, CITIES));
    let class = rng.below(CLASSES.len());
    let question = match (CLASSES[class], rng.chance(0.5)) {
        ("person", true) => format!("Who will {verb} the {thing}?"),
        ("person", false) => format!("Who saw {name} in {city}?"),
        ("place", true) => format!("Where did {name} see the {noun}?"),
        ("place", false) => format!("Which town has the {thing}?"),
        ("number", true) => format!("How many times did {name} {verb} the {noun}?"),
        ("number", false) => format!("How old is the {thing}?"),
        ("color", true) => format!("What color is the {noun} of {name}?"),
        ("color", false) => format!("Is the {thing} red or blue?"),
        ("date", true) => format!("When will {name} {verb} the {noun}?"),
        ("date", false) => format!("On which day was the {thing} sold?"),
        (_, true) => format!("Why did {name} {verb} the {noun}?"),
        (_, false) => format!("What made {name} go to {city}?"),
    };
    (CLASSES[class], question)
}
