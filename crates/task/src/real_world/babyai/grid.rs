//! A grid of cells and the things that stand in them.

use std::fmt;
use std::str::FromStr;

/// The colors of things, in minigrid's order of codes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Color {
    /// red
    Red,
    /// green
    Green,
    /// blue
    Blue,
    /// purple
    Purple,
    /// yellow
    Yellow,
    /// grey
    Grey,
}

impl Color {
    /// All of them.
    pub const ALL: [Self; 6] = [Self::Red, Self::Green, Self::Blue, Self::Purple, Self::Yellow, Self::Grey];

    /// The word for it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Red => "red",
            Self::Green => "green",
            Self::Blue => "blue",
            Self::Purple => "purple",
            Self::Yellow => "yellow",
            Self::Grey => "grey",
        }
    }

    /// The color that a word names.
    pub fn named(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|color| color.as_str() == word)
    }
}

/// How a door stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Door {
    /// Can be walked and looked through.
    Open,
    /// Opens when toggled.
    Closed,
    /// Opens when toggled by someone who carries a key of its color.
    Locked,
}

impl Door {
    const ALL: [Self; 3] = [Self::Open, Self::Closed, Self::Locked];

    /// The word for it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Open => "open",
            Self::Closed => "closed",
            Self::Locked => "locked",
        }
    }
}

/// What kind of thing it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Kind {
    /// Cannot be passed nor looked through.
    Wall,
    /// A door, and how it stands.
    Door(Door),
    /// Opens locked doors of its color.
    Key,
    /// Can be carried.
    Ball,
    /// Can be carried; toggled, it gives way to what it holds.
    Box,
    /// Whoever walks onto it has won.
    Goal,
    /// Whoever walks onto it has lost.
    Lava,
}

impl Kind {
    /// The word for it, without the state of a door.
    pub fn word(self) -> &'static str {
        match self {
            Self::Wall => "wall",
            Self::Door(_) => "door",
            Self::Key => "key",
            Self::Ball => "ball",
            Self::Box => "box",
            Self::Goal => "goal",
            Self::Lava => "lava",
        }
    }

    /// Whether an agent may stand in its cell.
    pub fn can_be_entered(self) -> bool {
        matches!(self, Self::Door(Door::Open) | Self::Goal | Self::Lava)
    }

    /// Whether an agent may carry it.
    pub fn can_be_carried(self) -> bool {
        matches!(self, Self::Key | Self::Ball | Self::Box)
    }

    /// Whether what is behind it can be seen.
    pub fn is_clear(self) -> bool {
        !matches!(self, Self::Wall | Self::Door(Door::Closed | Door::Locked))
    }
}

/// How a thing looks: things that look alike cannot be told apart by eye.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Look {
    /// What kind of thing it is.
    pub kind: Kind,
    /// Its color.
    pub color: Color,
}

impl Look {
    /// A wall as minigrid has them.
    pub const WALL: Self = Self { kind: Kind::Wall, color: Color::Grey };
}

/// `red closed door`, `grey key`
impl fmt::Display for Look {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.kind {
            Kind::Door(state) => write!(f, "{} {} door", self.color.as_str(), state.as_str()),
            kind => write!(f, "{} {}", self.color.as_str(), kind.word()),
        }
    }
}

/// A thing of its own.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Thing {
    /// How it looks.
    pub look: Look,
    /// No two things of a world share it, and it never changes.
    pub id: usize,
    /// What a box holds.
    pub holds: Option<Look>,
}

/// A cell in the notation of level files: `.`, `#`, `key:grey`, `door:red:locked`, `box:blue`, and for a box that holds a
/// key `box:blue:key:red`; `goal` and `lava` need no color.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Cell(pub Option<(Look, Option<Look>)>);

impl FromStr for Cell {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let wrong =
            || format!("{text:?} is no cell: write \".\", \"#\", \"key:grey\", \"door:red:locked\" or the like");
        match text {
            "." => return Ok(Self(None)),
            "#" => return Ok(Self(Some((Look::WALL, None)))),
            _ => {}
        }
        let parts: Vec<&str> = text.splitn(5, ':').collect();
        let (look, holds) = match parts[..] {
            ["box", color, kind, inner] => (look(&["box", color]), Some(look(&[kind, inner]).ok_or_else(wrong)?)),
            _ => (look(&parts), None),
        };
        look.map(|look| Self(Some((look, holds)))).ok_or_else(wrong)
    }
}

fn look(parts: &[&str]) -> Option<Look> {
    let of = |kind, color| Color::named(color).map(|color| Look { kind, color });
    match *parts {
        ["key", color] => of(Kind::Key, color),
        ["ball", color] => of(Kind::Ball, color),
        ["box", color] => of(Kind::Box, color),
        ["wall", color] => of(Kind::Wall, color),
        ["goal"] => Some(Look { kind: Kind::Goal, color: Color::Green }),
        ["goal", color] => of(Kind::Goal, color),
        ["lava"] => Some(Look { kind: Kind::Lava, color: Color::Red }),
        ["door", color, state] => {
            let state = Door::ALL.into_iter().find(|door| door.as_str() == state)?;
            of(Kind::Door(state), color)
        }
        _ => None,
    }
}

impl fmt::Display for Cell {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Some((look, holds)) = self.0 else { return f.write_str(".") };
        match look.kind {
            Kind::Wall if look == Look::WALL => return f.write_str("#"),
            Kind::Door(state) => return write!(f, "door:{}:{}", look.color.as_str(), state.as_str()),
            kind => write!(f, "{}:{}", kind.word(), look.color.as_str())?,
        }
        holds.map_or(Ok(()), |held| write!(f, ":{}:{}", held.kind.word(), held.color.as_str()))
    }
}

/// A place: `x` grows to the right (east), `y` downward (south).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Place {
    /// The column.
    pub x: i32,
    /// The row.
    pub y: i32,
}

impl Place {
    /// The place so many steps away in a direction.
    pub fn ahead(self, facing: Facing, steps: i32) -> Self {
        let (dx, dy) = facing.vector();
        Self { x: self.x + dx * steps, y: self.y + dy * steps }
    }

    /// How many steps lie between two places.
    pub fn distance(self, other: Self) -> i32 {
        (self.x - other.x).abs() + (self.y - other.y).abs()
    }
}

/// A direction; as a number, minigrid's: 0 right, 1 down, 2 left, 3 up.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Facing {
    /// To growing `x`.
    Right,
    /// To growing `y`.
    Down,
    /// To shrinking `x`.
    Left,
    /// To shrinking `y`.
    Up,
}

impl Facing {
    /// All four, by their numbers.
    pub const ALL: [Self; 4] = [Self::Right, Self::Down, Self::Left, Self::Up];

    /// The direction to the right hand.
    pub fn right(self) -> Self {
        match self {
            Self::Right => Self::Down,
            Self::Down => Self::Left,
            Self::Left => Self::Up,
            Self::Up => Self::Right,
        }
    }

    /// The direction to the left hand.
    pub fn left(self) -> Self {
        self.right().right().right()
    }

    /// One step that way.
    pub fn vector(self) -> (i32, i32) {
        match self {
            Self::Right => (1, 0),
            Self::Down => (0, 1),
            Self::Left => (-1, 0),
            Self::Up => (0, -1),
        }
    }

    /// How far `to` lies that way from `from`; less than 0 behind.
    pub fn along(self, from: Place, to: Place) -> i32 {
        let (dx, dy) = self.vector();
        (to.x - from.x) * dx + (to.y - from.y) * dy
    }
}

/// Cells in rows; outside of them is wall.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Grid {
    width: i32,
    cells: Vec<Option<Thing>>,
}

impl Grid {
    /// A grid of rows of the same length; `None` where they are not, or where there are none.
    pub fn new(rows: &[Vec<Cell>]) -> Option<Self> {
        let width = rows.first()?.len();
        if width == 0 || rows.iter().any(|row| row.len() != width) {
            return None;
        }
        let thing = |(id, cell): (usize, &Cell)| cell.0.map(|(look, holds)| Thing { look, id, holds });
        let cells = rows.iter().flatten().enumerate().map(thing).collect();
        Some(Self { width: i32::try_from(width).ok()?, cells })
    }

    fn index(&self, at: Place) -> Option<usize> {
        let inside = (0..self.width).contains(&at.x) && at.y >= 0;
        let index = usize::try_from(i64::from(at.y) * i64::from(self.width) + i64::from(at.x)).ok()?;
        (inside && index < self.cells.len()).then_some(index)
    }

    /// Whether a place is on the grid.
    pub fn has(&self, at: Place) -> bool {
        self.index(at).is_some()
    }

    /// What stands at a place of the grid.
    pub fn at(&self, at: Place) -> Option<Thing> {
        self.index(at).and_then(|index| self.cells.get(index).copied().flatten())
    }

    /// How a place looks: outside of the grid like a wall, `None` where nothing stands.
    pub fn look(&self, at: Place) -> Option<Look> {
        match self.index(at) {
            Some(_) => self.at(at).map(|thing| thing.look),
            None => Some(Look::WALL),
        }
    }

    /// Puts a thing, or nothing, at a place of the grid.
    pub fn set(&mut self, at: Place, thing: Option<Thing>) {
        if let Some(cell) = self.index(at).and_then(|index| self.cells.get_mut(index)) {
            *cell = thing;
        }
    }

    /// Where things stand, row by row.
    pub fn things(&self) -> impl Iterator<Item = (Place, Thing)> + '_ {
        let width = self.width;
        self.cells.iter().zip(0..).filter_map(move |(cell, index): (_, i32)| {
            cell.map(|thing| (Place { x: index % width, y: index / width }, thing))
        })
    }

    /// The width, in cells.
    pub fn width(&self) -> i32 {
        self.width
    }

    /// The number of cells.
    pub fn size(&self) -> usize {
        self.cells.len()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cells_are_read_and_written() -> Result<(), String> {
        for text in [".", "#", "key:grey", "door:red:locked", "box:blue", "box:blue:key:red", "goal:green", "wall:red"]
        {
            assert_eq!(text.parse::<Cell>()?.to_string(), text);
        }
        assert_eq!("lava".parse::<Cell>()?.to_string(), "lava:red");
        for text in ["", "key", "key:pink", "door:red", "door:red:ajar", "box:red:", "box:red:box:red:key:red", "goal:"]
        {
            assert!(text.parse::<Cell>().is_err(), "{text}");
        }
        Ok(())
    }

    #[test]
    fn outside_is_wall() -> Result<(), String> {
        let row: Vec<Cell> = [".", "ball:red"].iter().map(|cell| cell.parse()).collect::<Result<_, _>>()?;
        let grid = Grid::new(&[row.clone(), row]).ok_or("rows of one length")?;
        assert_eq!(grid.look(Place { x: 1, y: 1 }).map(|look| look.to_string()), Some("red ball".into()));
        assert_eq!(grid.look(Place { x: 0, y: 0 }), None);
        for (x, y) in [(-1, 0), (2, 0), (0, -1), (0, 2), (i32::MAX, i32::MAX), (i32::MIN, i32::MIN)] {
            assert_eq!(grid.look(Place { x, y }), Some(Look::WALL));
            assert!(!grid.has(Place { x, y }));
        }
        assert_eq!(grid.things().count(), 2);
        assert!(Grid::new(&[]).is_none() && Grid::new(&[vec![]]).is_none());
        Ok(())
    }
}
