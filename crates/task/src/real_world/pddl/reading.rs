//! Finds the action in a reply of a conversation, in whatever words it stands.
//!
//! ```text
//! move kitchen hall                       the form that the rules show
//! (move kitchen hall), move(kitchen, hall)
//! Thought: the ball is in the hall.
//! **Action:** move from the kitchen to the hall.
//! ```

use std::collections::HashSet;

use super::grounded::GroundedProblem;
use super::words::words;
use crate::real_world::said::Reader;

/// What a reply asks for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Wanted {
    /// An action of the game.
    pub name: String,
    /// Objects: as many, and of such kinds, as the action takes, where the reply names such.
    pub args: Vec<String>,
}

/// The action that a cleaned reply asks for; `None` where it names none of the game's.
pub fn wanted(world: &GroundedProblem, reply: &str) -> Option<Wanted> {
    let in_line = |line: &str| in_line(world, line);
    Reader { in_line: &in_line, is_whole: &|wanted| fits(world, wanted) }.read(reply)
}

/// The first whole action of a line, else the first name of one with the objects after it.
fn in_line(world: &GroundedProblem, line: &str) -> Option<Wanted> {
    let parts = parts(world, line);
    let mut named = None;
    for (at, part) in parts.iter().enumerate() {
        let Part::Action(name) = part else { continue };
        let objects = |parts: &mut dyn Iterator<Item = &Part>| -> Vec<String> {
            parts
                .take_while(|part| matches!(part, Part::Object(_)))
                .filter_map(|part| if let Part::Object(name) = part { Some(name.clone()) } else { None })
                .collect()
        };
        let after = objects(&mut parts[at + 1..].iter());
        let mut before = objects(&mut parts[..at].iter().rev());
        before.reverse();
        for objects in [after.clone(), [after.clone(), before].concat()] {
            if let Some(args) = arrange(world, name, &objects) {
                return Some(Wanted { name: name.clone(), args });
            }
        }
        named = named.or(Some(Wanted { name: name.clone(), args: after }));
    }
    named
}

enum Part {
    Action(String),
    Object(String),
}

/// The names of actions and objects in a line, in order; a name may be written apart (`pick up`, `ball 1`, `jack up`).
fn parts(world: &GroundedProblem, line: &str) -> Vec<Part> {
    let actions: HashSet<&str> = world.domain().actions.iter().map(|action| action.name.as_str()).collect();
    let objects: HashSet<&str> = world.problem().objects.iter().map(|(name, _)| name.as_str()).collect();
    let part = |text: &str| {
        if actions.contains(text) {
            Some(Part::Action(text.to_owned()))
        } else {
            objects.contains(text).then(|| Part::Object(text.to_owned()))
        }
    };
    let bare = |word: &String| word.trim_matches(['`', '\'', '"', '*', '_', '.', ',']).to_owned();
    let words: Vec<String> = words(&line.to_lowercase()).iter().map(bare).filter(|word| !word.is_empty()).collect();
    let mut all = Vec::new();
    let mut at = 0;
    while at < words.len() {
        let joined = words
            .get(at + 1)
            .and_then(|next| ["", "-", "_"].iter().find_map(|between| part(&format!("{}{between}{next}", words[at]))));
        at += if joined.is_some() { 2 } else { 1 };
        let found = joined.or_else(|| part(&words[at - 1])).or_else(|| part(&words[at - 1].replace('_', "-")));
        all.extend(found);
    }
    all
}

/// The first objects in the order in which the action takes them, whichever way they stand; `None` where they do not fit.
fn arrange(world: &GroundedProblem, name: &str, objects: &[String]) -> Option<Vec<String>> {
    let schema = world.domain().actions.iter().find(|action| action.name == name)?;
    let first = objects.get(..schema.parameters.len());
    if let Some(first) = first.filter(|first| fits(world, &Wanted { name: name.to_owned(), args: first.to_vec() })) {
        return Some(first.to_vec());
    }
    let kind = |object: &String| world.problem().objects.iter().find(|(name, _)| name == object).map(|(_, kind)| kind);
    let mut left: Vec<&String> = objects.iter().collect();
    let take = |wanted: &String| {
        let place =
            left.iter().position(|object| kind(object).is_some_and(|kind| world.domain().is_a(kind, wanted)))?;
        Some(left.remove(place).clone())
    };
    schema.parameters.iter().map(take).collect()
}

/// Whether the objects are as many, and of such kinds, as the action takes.
fn fits(world: &GroundedProblem, wanted: &Wanted) -> bool {
    world.lacking(&world.initial(), &wanted.name, &wanted.args).is_some()
}
