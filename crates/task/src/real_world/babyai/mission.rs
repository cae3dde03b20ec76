//! Missions, read from their text.
//!
//! ```text
//! mission := part | part ", then " part | part " after you " part
//! part    := action | action " and " action
//! action  := "go to " things | "open " things | "pick up " things | "put " things " next to " things
//! things  := ("the" | "a" | "an") [color] (kind | "object") ["in front of you" | "behind you" | "on your left" | "on your right"]
//! ```

use std::fmt;
use std::str::FromStr;

use super::grid::{Color, Facing, Look, Place};

/// What is to be done.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Mission {
    /// What comes first in the text.
    pub first: Part,
    /// What comes second, and when it is to be done.
    pub second: Option<(Order, Part)>,
}

/// In which order the two parts of a mission are to be done.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Order {
    /// As they are told: `.., then ..`
    Then,
    /// The other way round: `.. after you ..`
    After,
}

/// One action, or two in any order.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Part {
    /// The first action.
    pub action: Action,
    /// The second one.
    pub and: Option<Action>,
}

/// Something to be done to things.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Action {
    /// Stand before one and look at it.
    GoTo(Things),
    /// Open one.
    Open(Things),
    /// Pick one up.
    PickUp(Things),
    /// Put one of the first beside one of the second.
    PutNext(Things, Things),
}

/// A description that things fit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Things {
    /// `box`, `ball`, `key` or `door`; `None` for any `object`.
    pub kind: Option<&'static str>,
    /// Their color.
    pub color: Option<Color>,
    /// Where they are, seen from where the agent begins.
    pub side: Option<Side>,
}

/// A direction as the agent sees it when it begins.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Side {
    /// in front of you
    Front,
    /// behind you
    Behind,
    /// on your left
    Left,
    /// on your right
    Right,
}

const SIDES: [(Side, &str); 4] = [
    (Side::Front, " in front of you"),
    (Side::Behind, " behind you"),
    (Side::Left, " on your left"),
    (Side::Right, " on your right"),
];
const KINDS: [&str; 4] = ["box", "ball", "key", "door"];

impl Mission {
    /// A mission of one action.
    pub fn of(action: Action) -> Self {
        Self { first: Part { action, and: None }, second: None }
    }
}

impl Things {
    /// Whether a thing looks as described, wherever it is.
    pub fn fit(&self, look: Look) -> bool {
        self.kind.is_none_or(|kind| kind == look.kind.word()) && self.color.is_none_or(|color| color == look.color)
    }
}

impl Side {
    /// Whether a place lies on that side of an agent.
    pub fn has(self, agent: Place, facing: Facing, place: Place) -> bool {
        let (front, right) = (facing.along(agent, place), facing.right().along(agent, place));
        match self {
            Self::Front => front > 0,
            Self::Behind => front < 0,
            Self::Left => right < 0,
            Self::Right => right > 0,
        }
    }
}

impl FromStr for Mission {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        for (order, word) in [(Order::Then, ", then "), (Order::After, " after you ")] {
            if let Some((first, second)) = text.split_once(word) {
                return Ok(Self { first: part(first)?, second: Some((order, part(second)?)) });
            }
        }
        Ok(Self { first: part(text)?, second: None })
    }
}

fn part(text: &str) -> Result<Part, String> {
    Ok(match text.split_once(" and ") {
        Some((a, b)) => Part { action: a.parse()?, and: Some(b.parse()?) },
        None => Part { action: text.parse()?, and: None },
    })
}

impl FromStr for Action {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let wrong = |why: &str| format!("the mission asks to {text:?}: {why}");
        let read = |words: &str| things(words).ok_or_else(|| wrong(&format!("{words:?} names nothing that it may")));
        if let Some(words) = text.strip_prefix("go to ") {
            return read(words).map(Self::GoTo);
        }
        if let Some(words) = text.strip_prefix("open ") {
            let doors = read(words)?;
            return if doors.kind == Some("door") {
                Ok(Self::Open(doors))
            } else {
                Err(wrong("only doors are opened"))
            };
        }
        if let Some(words) = text.strip_prefix("pick up ") {
            let things = read(words)?;
            return if things.kind == Some("door") { Err(wrong("doors stay")) } else { Ok(Self::PickUp(things)) };
        }
        let Some((moved, fixed)) = text.strip_prefix("put ").and_then(|words| words.split_once(" next to ")) else {
            return Err(wrong("it begins with \"go to\", \"open\", \"pick up\", or \"put\" with \"next to\""));
        };
        let moved = read(moved)?;
        if moved.kind == Some("door") { Err(wrong("doors stay")) } else { Ok(Self::PutNext(moved, read(fixed)?)) }
    }
}

fn things(text: &str) -> Option<Things> {
    let words = ["the ", "a ", "an "].iter().find_map(|article| text.strip_prefix(article))?;
    let sided = SIDES.iter().find_map(|(side, phrase)| Some((words.strip_suffix(phrase)?, Some(*side))));
    let (words, side) = sided.unwrap_or((words, None));
    let (color, kind) = match words.split_once(' ') {
        Some((color, kind)) => (Some(Color::named(color)?), kind),
        None => (None, words),
    };
    let kind = if kind == "object" { None } else { Some(*KINDS.iter().find(|known| **known == kind)?) };
    Some(Things { kind, color, side })
}

/// With `the`; `a` where [`Display`](fmt::Display)'s alternate form is asked for.
impl fmt::Display for Things {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(if f.alternate() { "a" } else { "the" })?;
        if let Some(color) = self.color {
            write!(f, " {}", color.as_str())?;
        }
        write!(f, " {}", self.kind.unwrap_or("object"))?;
        let phrase = SIDES.iter().find(|(side, _)| Some(*side) == self.side).map_or("", |(_, phrase)| phrase);
        f.write_str(phrase)
    }
}

impl fmt::Display for Action {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::GoTo(things) => write!(f, "go to {things}"),
            Self::Open(doors) => write!(f, "open {doors}"),
            Self::PickUp(things) => write!(f, "pick up {things}"),
            Self::PutNext(moved, fixed) => write!(f, "put {moved} next to {fixed}"),
        }
    }
}

impl fmt::Display for Part {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.action.fmt(f)?;
        self.and.as_ref().map_or(Ok(()), |action| write!(f, " and {action}"))
    }
}

impl fmt::Display for Mission {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.first.fmt(f)?;
        match &self.second {
            Some((Order::Then, part)) => write!(f, ", then {part}"),
            Some((Order::After, part)) => write!(f, " after you {part}"),
            None => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn missions_are_read_and_told_again() -> Result<(), String> {
        for text in [
            "go to the red ball",
            "open the door on your left",
            "pick up the yellow object",
            "put the red ball next to the blue box behind you and open the door, then go to the key",
            "go to the object after you pick up the box in front of you and go to the red door",
        ] {
            assert_eq!(text.parse::<Mission>()?.to_string(), text);
        }
        assert_eq!("go to a red ball".parse::<Mission>(), "go to the red ball".parse());
        Ok(())
    }

    #[test]
    fn what_is_no_mission_is_named() {
        for text in [
            "",
            "go",
            "go to red ball",
            "open the ball",
            "pick up the door",
            "put the door next to the key",
            "put the key",
            "go to the pink ball",
            "go to the red cat",
            "fly to the red ball",
            "go to the ball, then ",
            "go to the  ball",
        ] {
            assert!(text.parse::<Mission>().is_err(), "{text}");
        }
    }
}
