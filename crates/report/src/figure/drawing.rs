//! What a heat map is drawn of, in units from its upper left corner: said once, drawn as SVG and as pixels.

use super::color::Fill;

/// A drawing, its marks in the order in which they are drawn.
pub(super) struct Drawing {
    pub width: usize,
    pub height: usize,
    pub marks: Vec<Mark>,
}

/// One thing that is drawn.
pub(super) enum Mark {
    Text(Text),
    /// A cell, what it is in words, its color and its number.
    Cell {
        area: Area,
        about: String,
        fill: Fill,
        number: Text,
    },
    /// A cell without a finished sample.
    Empty {
        area: Area,
        about: String,
    },
    /// A piece of the ramp of colors.
    Swatch {
        area: Area,
        fill: Fill,
    },
    /// A dashed line down.
    Limit {
        x: usize,
        top: usize,
        bottom: usize,
    },
}

/// A rectangle by its upper left corner.
#[derive(Debug, Clone, Copy)]
pub(super) struct Area {
    pub x: usize,
    pub y: usize,
    pub width: usize,
    pub height: usize,
}

/// A line of text.
pub(super) struct Text {
    pub text: String,
    /// Where it stands, on its base line.
    pub x: usize,
    pub y: usize,
    pub anchor: Anchor,
    pub role: Role,
}

impl Text {
    /// A text that begins at a place.
    pub fn new(text: impl Into<String>, x: usize, y: usize, role: Role) -> Self {
        Self { text: text.into(), x, y, anchor: Anchor::Start, role }
    }

    /// The same with another part at its place.
    pub fn anchored(self, anchor: Anchor) -> Self {
        Self { anchor, ..self }
    }
}

/// Which part of a text stands at its place.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Anchor {
    Start,
    Middle,
    End,
    /// The middle of a text that runs upward.
    Upward,
}

/// What a text is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Role {
    Title,
    /// A value of an axis or of the ramp.
    Tick,
    /// What an axis shows.
    Axis,
    /// The name of the dashed line.
    Limit,
    /// A cell's number, light where the cell is dark.
    Number {
        light: bool,
    },
}
