//! Which actions would do something: tried on copies of the machine.
//!
//! What is tried: the usual directions, and the usual verbs on things that the story's dictionary knows and that the
//! texts of `look` and `inventory` and the last text name. What is kept: actions after which the story's objects lie
//! otherwise, or have other attributes, than before and than after waiting; of several with the same effect the first.
//!
//! Jericho has grammar templates and lists of things for the games that it knows, and finds more: verbs of the game's own,
//! and things that only its object tree tells of. The agent is shown this list when it asks for help, so that official
//! episodes in which it does are not AgentBoard's to the letter.

use std::collections::BTreeSet;

use crate::real_world::zmachine::{Budget, Machine, Vocabulary, Wants};

/// Commands without a thing.
const ALONE: [&str; 15] = [
    "north",
    "south",
    "east",
    "west",
    "northeast",
    "northwest",
    "southeast",
    "southwest",
    "up",
    "down",
    "in",
    "out",
    "enter",
    "exit",
    "stand",
];
/// What is done with one thing.
const ONE: [&str; 20] = [
    "take", "open", "close", "push", "pull", "move", "turn", "turn on", "turn off", "light", "eat", "drink", "wear",
    "climb", "enter", "break", "search", "drop", "take off", "untie",
];
/// What is done with a thing that is carried and another.
const TWO: [(&str, &str); 7] =
    [("put", "in"), ("put", "on"), ("give", "to"), ("throw", "at"), ("tie", "to"), ("show", "to"), ("insert", "in")];
/// What is done to a thing with one that is carried.
const WITH: [&str; 5] = ["unlock", "open", "attack", "cut", "dig"];
/// Words that are no parts of names, though Inform says so of every word that a program compares with.
const NO_NAMES: [&str; 22] = [
    "a", "an", "the", "this", "that", "it", "them", "and", "or", "of", "in", "on", "to", "at", "with", "from", "into",
    "is", "are", "you", "your", "i",
];
/// The most things, and how many of them may be carried.
const THINGS: usize = 12;
const CARRIED: usize = 6;
/// The most actions that are tried.
const TRIES: usize = 500;
/// What a try may cost.
const BUDGET: Budget = Budget { instructions: 500_000, characters: 20_000 };
/// The most words of a thing's name.
const NAME: usize = 3;

/// The actions that change the story's world from here.
pub fn valid_actions(machine: &Machine, last: &str) -> Vec<String> {
    if machine.wants() != Wants::Line {
        return Vec::new();
    }
    let search = Search { vocabulary: machine.vocabulary(), machine: machine.clone().budgeted(BUDGET) };
    let (seen, carried) = (search.said("look"), search.said("inventory"));
    let things = search.things(&[&seen, &carried, last]);
    let carried: Vec<String> = search.things(&[&carried]).into_iter().take(CARRIED).collect();
    let mut effects = BTreeSet::from([search.machine.world().to_vec()]);
    effects.extend(search.effect("wait"));
    let fresh = |action: &String| search.effect(action).is_some_and(|effect| effects.insert(effect));
    search.candidates(&things, &carried).into_iter().take(TRIES).filter(fresh).collect()
}

struct Search {
    machine: Machine,
    vocabulary: Vocabulary,
}

impl Search {
    fn said(&self, line: &str) -> String {
        self.machine.clone().enter(line).unwrap_or_default()
    }

    /// The world after a line; `None` where the story fails over it.
    fn effect(&self, line: &str) -> Option<Vec<u8>> {
        let mut machine = self.machine.clone();
        machine.enter(line).ok()?;
        Some(machine.world().to_vec())
    }

    fn known(&self, command: &str) -> bool {
        command.split(' ').all(|word| self.vocabulary.find(word).is_some())
    }

    fn no_name(word: &str) -> bool {
        NO_NAMES.contains(&word) || ALONE.contains(&word) || ONE.contains(&word)
    }

    /// The names in some texts: words side by side that the dictionary has as parts of names.
    fn things(&self, texts: &[&str]) -> Vec<String> {
        let mut names: Vec<String> = Vec::new();
        for text in texts {
            let words = text.split(|c: char| !(c.is_alphanumeric() || "-'".contains(c)));
            let mut name: Vec<String> = Vec::new();
            for word in words.chain([""]) {
                let lower = word.to_lowercase();
                let known = || self.vocabulary.find(word).is_some_and(|known| known.thing);
                if !Self::no_name(&lower) && known() {
                    name.push(lower);
                } else if !name.is_empty() {
                    let last = name.split_off(name.len().saturating_sub(NAME)).join(" ");
                    name.clear();
                    if !names.contains(&last) {
                        names.push(last);
                    }
                }
            }
        }
        names.truncate(THINGS);
        names
    }

    fn candidates(&self, things: &[String], carried: &[String]) -> Vec<String> {
        let known = |verb: &&str| self.known(verb);
        let mut all: Vec<String> = ALONE.iter().copied().filter(known).map(str::to_owned).collect();
        for verb in ONE.iter().copied().filter(known) {
            all.extend(things.iter().map(|thing| format!("{verb} {thing}")));
        }
        let others = |held: &String| things.iter().filter(move |thing| *thing != held).collect::<Vec<_>>();
        for held in carried {
            for thing in others(held) {
                let with = WITH.iter().filter(|verb| self.known(verb) && self.known("with"));
                all.extend(with.map(|verb| format!("{verb} {thing} with {held}")));
                let two = TWO.iter().filter(|(verb, between)| self.known(verb) && self.known(between));
                all.extend(two.map(|(verb, between)| format!("{verb} {held} {between} {thing}")));
            }
        }
        all
    }
}
