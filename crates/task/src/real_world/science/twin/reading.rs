//! Finds the action in a reply, in whatever words it stands.
//!
//! ```text
//! put red cup in oven                                  the form that the rules show
//! I will place the red cup into the oven.
//! **Action:** switch the stove on
//! ```

use super::deed::{Deed, Role, Verb};
use super::house::House;
use crate::real_world::said::Reader;

/// The action that a cleaned reply asks for; `None` where it names none. Its objects are those that the reply names, and
/// such as the verb takes where there are any.
pub fn wanted(house: &House, reply: &str) -> Option<Deed> {
    let names = names(house);
    let in_line = |line: &str| in_line(house, &names, line);
    Reader { in_line: &in_line, is_whole: &|deed: &Deed| deed.fits(house) }.read(reply)
}

/// Words that name a verb.
const WORDS: &[(&str, Verb)] = &[
    ("go", Verb::Go),
    ("walk", Verb::Go),
    ("enter", Verb::Go),
    ("look", Verb::Look),
    ("inventory", Verb::Inventory),
    ("open", Verb::Open),
    ("close", Verb::Close),
    ("shut", Verb::Close),
    ("take", Verb::Take),
    ("pick", Verb::Take),
    ("grab", Verb::Take),
    ("get", Verb::Take),
    ("put", Verb::Put),
    ("place", Verb::Put),
    ("move", Verb::Put),
    ("drop", Verb::Drop),
    ("turn", Verb::TurnOn),
    ("switch", Verb::TurnOn),
    ("fill", Verb::Fill),
    ("pour", Verb::Pour),
    ("measure", Verb::Measure),
    ("connect", Verb::Connect),
    ("join", Verb::Connect),
    ("attach", Verb::Connect),
    ("disconnect", Verb::Disconnect),
    ("detach", Verb::Disconnect),
    ("plant", Verb::Plant),
    ("wait", Verb::Wait),
];

/// Words of a line that are looked at.
const MOST_WORDS: usize = 200;

/// What things and substances are called in words, the longest name first.
fn names(house: &House) -> Vec<(Vec<String>, String)> {
    let things = house.rooms.keys().chain(house.things.keys()).map(|name| (words(name), name.clone()));
    let held = house.things.keys().filter_map(|vessel| Some((words(&house.held_by(vessel)?.name), vessel.clone())));
    let mut all: Vec<_> = things.chain(held).filter(|(words, _)| !words.is_empty()).collect();
    all.sort_by_key(|(words, _)| std::cmp::Reverse(words.len()));
    all
}

enum Part {
    Verb(Verb),
    Object(String),
}

fn in_line(house: &House, names: &[(Vec<String>, String)], line: &str) -> Option<Deed> {
    let parts = parts(names, line);
    let mut named = None;
    for (at, part) in parts.iter().enumerate() {
        let Part::Verb(verb) = part else { continue };
        let mut before = objects(parts[..at].iter().rev());
        before.reverse();
        let mut all = objects(parts[at + 1..].iter());
        let after = arranged(house, *verb, &all);
        all.extend(before);
        let deed = if after.fits(house) { after } else { arranged(house, *verb, &all) };
        if deed.fits(house) {
            return Some(deed);
        }
        named = named.or(Some(deed));
    }
    named
}

fn objects<'a>(parts: impl Iterator<Item = &'a Part>) -> Vec<String> {
    let name = |part: &Part| if let Part::Object(name) = part { Some(name.clone()) } else { None };
    parts.map_while(name).collect()
}

/// The verbs and names of a line, in order.
fn parts(names: &[(Vec<String>, String)], line: &str) -> Vec<Part> {
    let words: Vec<String> = words(line).into_iter().take(MOST_WORDS).collect();
    let (mut all, mut at) = (Vec::new(), 0);
    while at < words.len() {
        let rest = &words[at..];
        if let Some((name, known)) = names.iter().find(|(name, _)| rest.starts_with(name)) {
            all.push(Part::Object(known.clone()));
            at += name.len();
            continue;
        }
        all.extend(WORDS.iter().find(|(word, _)| *word == rest[0]).map(|&(_, verb)| Part::Verb(particle(verb, rest))));
        at += 1;
    }
    all
}

/// `turn .. off` and `put .. down` are verbs of their own.
fn particle(verb: Verb, rest: &[String]) -> Verb {
    let says = |word: &str| rest.iter().skip(1).take(6).any(|other| other == word);
    match verb {
        Verb::TurnOn if says("off") => Verb::TurnOff,
        Verb::Put if says("down") => Verb::Drop,
        _ => verb,
    }
}

/// A verb with the first objects that it takes, in its order; with all that were named where they do not do.
fn arranged(house: &House, verb: Verb, named: &[String]) -> Deed {
    let mut left: Vec<&String> = named.iter().collect();
    let take = |role: &Role| {
        let place = left.iter().position(|name| role.fits(house, name))?;
        Some(left.remove(place).clone())
    };
    let objects: Option<Vec<String>> = verb.row().roles.iter().map(take).collect();
    Deed { verb, objects: objects.unwrap_or_else(|| named.to_vec()) }
}

/// The words of a text in lower case, without what stands between them.
fn words(text: &str) -> Vec<String> {
    let apart = |c: char| !(c.is_alphanumeric());
    text.to_lowercase().split(apart).filter(|word| !word.is_empty()).map(str::to_owned).collect()
}
