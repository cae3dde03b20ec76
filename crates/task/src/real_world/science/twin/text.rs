//! How a house is told.

use super::deed::VERBS;
use super::house::{HANDS, House, Kind, Thing};
use super::matter::Matter;
use super::physics::Stage;

/// What can be seen from where the agent is.
pub fn room(house: &House) -> String {
    let here = contents(house, &house.agent, "; ");
    let exits: Vec<String> = house.rooms.get(&house.agent).into_iter().flatten().map(|room| the(room)).collect();
    format!("You are in the {}. You see: {}. You can go to: {}.", house.agent, here, exits.join(", "))
}

/// What the agent holds.
pub fn inventory(house: &House) -> String {
    format!("You hold: {}.", contents(house, HANDS, "; "))
}

/// What is in or on a place.
pub fn inside(house: &House, place: &str) -> String {
    let preposition = house.place(place).map_or("in", |place| place.preposition());
    format!("{}: {}.", capital(&format!("{preposition} it")), contents(house, place, ", "))
}

/// What lies somewhere, or `nothing`.
fn contents(house: &House, place: &str, between: &str) -> String {
    let all: Vec<String> = house.things_at(place).map(|(name, thing)| told(house, name, thing)).collect();
    if all.is_empty() { "nothing".to_owned() } else { all.join(between) }
}

/// A thing, with what can be seen of it: `the stove (off; on it: the pan (empty))`.
fn told(house: &House, name: &str, thing: &Thing) -> String {
    let seen = match &thing.kind {
        Kind::Place(place) => {
            let door = place.open.map(|open| if open { "open" } else { "closed" }.to_owned());
            let switch = place.on.map(|on| if on { "on" } else { "off" }.to_owned());
            let inside = format!("{} it: {}", place.preposition(), contents(house, name, ", "));
            let inside = (place.open != Some(false)).then_some(inside);
            [switch, door, inside].into_iter().flatten().collect::<Vec<_>>().join("; ")
        }
        Kind::Vessel { holds } => holds.as_ref().map_or_else(|| "empty".to_owned(), matter),
        Kind::Lamp => if house.is_lit(name) { "lit" } else { "dark" }.to_owned(),
        Kind::Wire { ends: Some([a, b]) } => format!("joins the {a} and the {b}"),
        Kind::Pot { wet } => {
            format!("{}; in it: {}", if *wet > 0 { "wet" } else { "dry" }, contents(house, name, ", "))
        }
        Kind::Seed { age } => Stage::after(*age).as_str().to_owned(),
        _ => return the(name),
    };
    format!("the {name} ({seen})")
}

fn matter(matter: &Matter) -> String {
    format!("{} {}", matter.state().as_str(), matter.name)
}

/// What changed with a thing, if anything that can be seen.
pub fn event(before: &House, now: &House, name: &str) -> Option<String> {
    match (before.kind(name)?, now.kind(name)?) {
        (Kind::Vessel { holds: Some(old) }, Kind::Vessel { holds: Some(new) }) if old.state() != new.state() => {
            Some(format!("The {} in the {name} is now {}.", new.name, new.state().as_str()))
        }
        (Kind::Seed { age: old }, Kind::Seed { age: new }) if Stage::after(*old) != Stage::after(*new) => {
            Some(format!("The {name} {} now.", Stage::after(*new).as_str()))
        }
        (Kind::Lamp, Kind::Lamp) if before.is_lit(name) != now.is_lit(name) => {
            Some(format!("The {name} {}.", if now.is_lit(name) { "lights up" } else { "goes dark" }))
        }
        (Kind::Rod { .. }, Kind::Rod { conducts }) if now.tested.contains(name) && !before.tested.contains(name) => {
            let lamp = if *conducts { "the lamp is lit" } else { "the lamp stays dark" };
            Some(format!("The ring with the {name} is closed: {lamp}."))
        }
        (Kind::Pot { wet: 1.. }, Kind::Pot { wet: 0 }) => Some(format!("The {name} is dry now.")),
        _ => None,
    }
}

/// What is said to words that name no action.
pub fn not_understood() -> String {
    let forms: Vec<&str> = VERBS.iter().map(|row| row.form).collect();
    format!("Nothing happens: the reply names no action. The actions are: {}.", forms.join(", "))
}

/// The rules of the house.
pub fn instructions() -> String {
    let verbs: Vec<String> = VERBS.iter().map(|row| format!("{}: {}", row.form, row.does)).collect();
    format!(
        "You act in a house, to reach a goal. Time passes with each action.\n\
         What is on a stove that is on, or in a closed oven that is on, gets up to 30 degrees warmer with each action: \
         the stove heats to 150 degrees, the oven to 240. In a closed freezer it gets up to 15 degrees colder, down to \
         -20. Elsewhere it goes back to 20 degrees.\n\
         A lamp is lit while wires lead from a battery to it, and back from it to the battery, in a ring. A rod in the \
         ring tells whether it conducts: if not, the lamp stays dark.\n\
         A seed grows while its flower pot is wet: it is a sprout after 2 actions, has leaves after 4, and is in bloom \
         after 7. A pot stays wet for 4 actions after water was poured into it.\n\
         The actions are:\n{}\n\
         Reply with one action and nothing else: write it as shown, with the names of rooms and things for the words in \
         capitals. You are then told what happened. Go on until the whole goal is true.",
        verbs.join("\n")
    )
}

/// `the kitchen`.
fn the(name: &str) -> String {
    format!("the {name}")
}

/// With its first letter in upper case.
pub fn capital(text: &str) -> String {
    let mut rest = text.chars();
    rest.next().map_or_else(String::new, |first| first.to_uppercase().chain(rest).collect())
}
