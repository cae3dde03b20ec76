//! The twin's actions, and how replies name them.
//!
//! ```text
//! pick up red ball                          the form that the rules show
//! I would grab the red ball.
//! put it down next to the blue box
//! ```

use std::fmt;

use super::super::grid::{Color, Look};

/// What an agent of the twin can do.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum Deed {
    /// Turn left on the spot.
    TurnLeft,
    /// Turn right on the spot.
    TurnRight,
    /// So many steps ahead.
    Walk(usize),
    /// Walk up to a thing and face it.
    GoTo(Name),
    /// Walk up to a thing and take it.
    PickUp(Name),
    /// Put down what is carried, one step ahead.
    Drop,
    /// Put it down beside a thing.
    DropNextTo(Name),
    /// Walk up to a door and open it.
    Open(Name),
    /// Pass an open door.
    GoThrough(Name),
}

/// How a thing is called.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Name {
    /// Its color, where it is said.
    pub color: Option<Color>,
    /// `ball`, `key`, `box` or `door`.
    pub kind: &'static str,
}

const KINDS: [&str; 4] = ["ball", "key", "box", "door"];
/// Words between a verb and what it is about.
const FILLERS: [&str; 12] =
    ["the", "a", "an", "that", "this", "my", "your", "to", "open", "opened", "closed", "locked"];

impl Name {
    /// The whole name of a thing.
    pub fn of(look: Look) -> Self {
        Self { color: Some(look.color), kind: look.kind.word() }
    }

    /// Whether a thing may be called so.
    pub fn fits(self, look: Look) -> bool {
        self.kind == look.kind.word() && self.color.is_none_or(|color| color == look.color)
    }
}

/// `red ball`
impl fmt::Display for Name {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(color) = self.color {
            write!(f, "{} ", color.as_str())?;
        }
        f.write_str(self.kind)
    }
}

/// The form that the rules ask for: `drop next to blue box`.
impl fmt::Display for Deed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::TurnLeft => f.write_str("turn left"),
            Self::TurnRight => f.write_str("turn right"),
            Self::Walk(steps) => write!(f, "walk {steps}"),
            Self::GoTo(name) => write!(f, "go to {name}"),
            Self::PickUp(name) => write!(f, "pick up {name}"),
            Self::Drop => f.write_str("drop"),
            Self::DropNextTo(name) => write!(f, "drop next to {name}"),
            Self::Open(name) => write!(f, "open {name}"),
            Self::GoThrough(name) => write!(f, "go through {name}"),
        }
    }
}

/// Words of a line that are looked at; none that is meant to be read has more.
const MOST_WORDS: usize = 200;

/// The first action that a line names.
pub fn in_line(line: &str) -> Option<Deed> {
    let lower = line.to_lowercase();
    let words = lower.split(|c: char| !c.is_alphanumeric()).filter(|word| !word.is_empty());
    let words: Vec<&str> = words.take(MOST_WORDS).collect();
    (0..words.len()).find_map(|at| begins(&words[at..]))
}

/// The action that begins with the first of these words.
fn begins(words: &[&str]) -> Option<Deed> {
    let (verb, rest) = words.split_first()?;
    match *verb {
        "turn" | "rotate" | "face" | "look" => turned(rest),
        "left" if words.len() == 1 => Some(Deed::TurnLeft),
        "right" if words.len() == 1 => Some(Deed::TurnRight),
        "go" | "walk" | "move" | "step" | "head" | "pass" | "run" => went(rest),
        "forward" | "ahead" | "straight" => Some(Deed::Walk(steps(rest).unwrap_or(1))),
        "approach" | "reach" => name(rest).map(Deed::GoTo),
        "enter" | "cross" => name(rest).map(Deed::GoThrough),
        "pick" | "pickup" | "take" | "grab" | "get" | "collect" => {
            name(rest.strip_prefix(&["up"]).unwrap_or(rest)).map(Deed::PickUp)
        }
        "open" | "unlock" | "toggle" => name(rest).map(Deed::Open),
        "drop" | "put" | "place" | "release" | "leave" => dropped(verb, rest),
        _ => None,
    }
}

fn turned(rest: &[&str]) -> Option<Deed> {
    match *rest.iter().find(|word| !FILLERS.contains(word))? {
        "left" => Some(Deed::TurnLeft),
        "right" => Some(Deed::TurnRight),
        _ => None,
    }
}

fn went(rest: &[&str]) -> Option<Deed> {
    match rest {
        ["through" | "into" | "past", rest @ ..] => name(rest).map(Deed::GoThrough),
        ["left", ..] => Some(Deed::TurnLeft),
        ["right", ..] => Some(Deed::TurnRight),
        ["to" | "toward" | "towards", rest @ ..] => name(rest).map(Deed::GoTo),
        ["up", "to", rest @ ..] => name(rest).map(Deed::GoTo),
        ["forward" | "forwards" | "ahead" | "straight", rest @ ..] => Some(Deed::Walk(steps(rest).unwrap_or(1))),
        _ => steps(rest).map(Deed::Walk).or_else(|| name(rest).map(Deed::GoTo)),
    }
}

/// A number at the beginning, in digits or as a word.
fn steps(rest: &[&str]) -> Option<usize> {
    const WORDS: [&str; 7] = ["zero", "one", "two", "three", "four", "five", "six"];
    let first = *rest.iter().find(|word| !["by", "for", "a", "about"].contains(*word))?;
    if ["step", "steps"].contains(&first) {
        return Some(1);
    }
    WORDS.iter().position(|word| *word == first).or_else(|| first.parse().ok())
}

fn dropped(verb: &str, rest: &[&str]) -> Option<Deed> {
    let beside = rest.iter().position(|word| ["next", "beside", "near", "by", "adjacent"].contains(word));
    if let Some(at) = beside
        && let Some(name) = name(rest[at + 1..].strip_prefix(&["to"]).unwrap_or(&rest[at + 1..]))
    {
        return Some(Deed::DropNextTo(name));
    }
    // "leave" and "place" also mean other things.
    let meant = ["drop", "release"].contains(&verb) || rest.contains(&"down") || name(rest).is_some();
    meant.then_some(Deed::Drop)
}

/// The name of a thing at the beginning, after words that say nothing.
fn name(words: &[&str]) -> Option<Name> {
    let mut color = None;
    for word in words {
        let word = if *word == "gray" { "grey" } else { *word };
        if let Some(kind) = KINDS.into_iter().find(|kind| *kind == word) {
            return Some(Name { color, kind });
        }
        match Color::named(word) {
            Some(named) if color.is_none() => color = Some(named),
            None if FILLERS.contains(&word) => {}
            _ => return None,
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    fn said(line: &str) -> Option<String> {
        in_line(line).map(|deed| deed.to_string())
    }

    #[test]
    fn the_form_of_an_action_is_read_as_that_action() {
        for form in [
            "turn left",
            "turn right",
            "walk 3",
            "go to red ball",
            "pick up blue key",
            "drop",
            "drop next to grey box",
            "open green door",
            "go through yellow door",
        ] {
            assert_eq!(said(form).as_deref(), Some(form));
        }
    }

    #[test]
    fn other_words_for_an_action_are_read_too() {
        for (line, form) in [
            ("I would grab the red ball.", "pick up red ball"),
            ("**Turn to the left**", "turn left"),
            ("walk two steps forward", "walk 2"),
            ("move forward", "walk 1"),
            ("step ahead by 4", "walk 4"),
            ("Go up to the closed gray door!", "go to grey door"),
            ("put the red ball down next to the blue box", "drop next to blue box"),
            ("put it down", "drop"),
            ("Unlock the door", "open door"),
            ("walk through the open blue door", "go through blue door"),
            ("go_to(red_ball)", "go to red ball"),
            ("left", "turn left"),
            ("go to red ball 1", "go to red ball"),
        ] {
            assert_eq!(said(line).as_deref(), Some(form), "{line}");
        }
        for line in
            ["", "hello", "go to the moon", "turn around", "open sesame", "the left one", "pick up red blue ball"]
        {
            assert_eq!(said(line), None, "{line}");
        }
    }

    proptest::proptest! {
        #[test]
        fn no_line_panics(line in "(go|walk|put|next|to|up|pick|red|ball|door|left|7|é| |_){0,14}") {
            if let Some(deed) = in_line(&line) {
                proptest::prop_assert_eq!(in_line(&deed.to_string()), Some(deed));
            }
        }
    }
}
