//! How the twin tells facts: a phrase for each predicate, in the order in which the domain declares them.

use std::collections::BTreeMap;

use super::super::{Fact, State, World};

/// Phrases by predicate, with a `{}` for each argument.
pub type Phrases = BTreeMap<String, String>;

/// What may change, as it is now: `robot in hall. ball1 in hall. left free.`
pub fn state(world: &World, state: &State, phrases: &Phrases) -> String {
    facts(world, world.fluents(state), phrases)
}

/// The goal, what never changes (where there is anything) and the state: the first message of a chat.
pub fn opening(world: &World, at: &State, phrases: &Phrases) -> String {
    let fluents: Vec<&Fact> = world.fluents(at).collect();
    let fixed = facts(world, world.facts(at).filter(|fact| !fluents.contains(fact)), phrases);
    let goal = facts(world, world.problem().goal.iter(), phrases);
    let fixed = if fixed.is_empty() { fixed } else { format!("Fixed: {fixed}\n") };
    format!("Goal: {goal}\n{fixed}{}", state(world, at, phrases))
}

fn facts<'a>(world: &World, facts: impl Iterator<Item = &'a Fact>, phrases: &Phrases) -> String {
    let rank = |fact: &Fact| world.domain().predicates.iter().position(|p| p.name == fact.predicate);
    let mut all: Vec<&Fact> = facts.collect();
    all.sort_by_key(|fact| (rank(fact), fact.args.clone()));
    all.iter().map(|fact| format!("{}.", told(fact, phrases))).collect::<Vec<_>>().join(" ")
}

fn told(fact: &Fact, phrases: &Phrases) -> String {
    match phrases.get(&fact.predicate) {
        Some(phrase) => fact.args.iter().fold(phrase.clone(), |text, arg| text.replacen("{}", arg, 1)),
        None => std::iter::once(&fact.predicate).chain(&fact.args).map(String::as_str).collect::<Vec<_>>().join(" "),
    }
}
