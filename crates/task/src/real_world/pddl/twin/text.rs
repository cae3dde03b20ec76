//! How the twin tells facts: a phrase for each predicate, in the order in which the domain declares them.

use std::collections::BTreeMap;

use super::super::{Fact, GroundedProblem, Schema, State};

/// Phrases by predicate, with a `{}` for each argument.
pub type Phrases = BTreeMap<String, String>;

/// What may change, as it is now: `State: the robot is in hall. ball1 is in hall. the arm left is free.`
pub fn state(world: &GroundedProblem, state: &State, phrases: &Phrases) -> String {
    format!("State: {}", facts(world, world.fluents(state), phrases))
}

/// How an action is written, with what each of its words stands for: `pick BALL ROOM ARM`.
pub fn form(schema: &Schema) -> String {
    let kinds = schema.parameters.iter().map(|kind| kind.to_uppercase());
    std::iter::once(schema.name.clone()).chain(kinds).collect::<Vec<_>>().join(" ")
}

/// What is said to words that name no action.
pub fn not_understood(world: &GroundedProblem) -> String {
    let names: Vec<&str> = world.domain().actions.iter().map(|action| action.name.as_str()).collect();
    format!("Nothing happens: the reply names no action. The actions are {}.", names.join(", "))
}

/// Why an action that was understood cannot be done: the first conditions that do not hold.
pub fn refusal(world: &GroundedProblem, at: &State, name: &str, args: &[String], phrases: &Phrases) -> String {
    match world.lacking(at, name, args) {
        None => {
            let form = world.domain().actions.iter().find(|action| action.name == name).map(form).unwrap_or_default();
            format!("Nothing happens: the form is {form}.")
        }
        Some(facts) if facts.is_empty() => "Nothing happens: that changes nothing.".to_owned(),
        Some(facts) => {
            let facts: Vec<String> = facts.iter().map(|fact| told(fact, phrases)).collect();
            format!("Nothing happens, because this is not true: {}.", facts.join("; "))
        }
    }
}

/// The goal, what never changes (where there is anything) and the state: the first message of a chat.
pub fn opening(world: &GroundedProblem, at: &State, phrases: &Phrases) -> String {
    let fluents: Vec<&Fact> = world.fluents(at).collect();
    let fixed = facts(world, world.facts(at).filter(|fact| !fluents.contains(fact)), phrases);
    let goal = facts(world, world.problem().goal.iter(), phrases);
    let fixed = if fixed.is_empty() { fixed } else { format!("Always: {fixed}\n") };
    format!("Goal: {goal}\n{fixed}{}", state(world, at, phrases))
}

fn facts<'a>(world: &GroundedProblem, facts: impl Iterator<Item = &'a Fact>, phrases: &Phrases) -> String {
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
