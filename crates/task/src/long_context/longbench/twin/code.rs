//! A file of small functions; the last one repeats an earlier one's body.

use std::collections::BTreeMap;

use super::{Maker, Puzzle};
use crate::vocabulary::{ADJECTIVES, NOUNS, VERBS, word};

pub(super) fn file(maker: &mut Maker<'_>, length: usize) -> Puzzle {
    let prompt = |code: &str, name: &str| format!("{code}\n\n# Does exactly the same as {name}.\ndef again(box):\n");
    let fixed = maker.count(&prompt("", "copy_lamp_1"));
    let mut bodies: BTreeMap<String, String> = BTreeMap::new();
    let mut names = Vec::new();
    let functions = maker.fill(length.saturating_sub(fixed), "\n\n", |maker| {
        let field = maker.of_split(|rng| format!("{}_{}", word(rng, ADJECTIVES), word(rng, NOUNS)));
        let line = format!("    return box.{field}.{}()", word(maker.rng, VERBS));
        let mut name = format!("{}_{}", word(maker.rng, VERBS), word(maker.rng, NOUNS));
        if bodies.contains_key(&name) {
            name = format!("{name}_{}", names.len());
        }
        let function = format!("def {name}(box):\n{line}");
        bodies.insert(name.clone(), line);
        names.push(name);
        function
    });
    // The last one that was drawn may not have found room.
    let name = names[maker.rng.below(functions.len())].clone();
    let line = bodies.remove(&name).unwrap_or_default();
    let file = Puzzle::new(prompt(&functions.join("\n\n"), &name), line);
    Puzzle { question: "def again(box):".to_owned(), ..file }
}
