//! What a heat map is drawn of, in units from its upper left corner: said once, drawn as SVG and as pixels.

use super::color::Fill;

/// From the left, from the top.
pub(super) type Point = (f64, f64);

/// A drawing, its marks in the order in which they are drawn.
pub(super) struct Drawing {
    pub width: f64,
    pub height: f64,
    pub marks: Vec<Mark>,
}

/// One thing that is drawn.
pub(super) enum Mark {
    Text(Text),
    /// A cell: what it is in words, its color and its number.
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
        x: f64,
        top: f64,
        bottom: f64,
    },
}

/// A rectangle by its upper left corner.
#[derive(Debug, Clone, Copy)]
pub(super) struct Area {
    pub x: f64,
    pub y: f64,
    pub width: f64,
    pub height: f64,
}

impl Area {
    /// The same where its drawing begins at a corner.
    pub fn moved(self, corner: Point) -> Self {
        Self { x: corner.0 + self.x, y: corner.1 + self.y, ..self }
    }

    /// What a frame of some width leaves.
    pub fn inside(self, frame: f64) -> Self {
        let (width, height) = (self.width - 2.0 * frame, self.height - 2.0 * frame);
        Self { x: self.x + frame, y: self.y + frame, width, height }
    }
}

/// A line of text.
pub(super) struct Text {
    pub text: String,
    /// Where it stands, on its base line.
    pub at: Point,
    pub anchor: Anchor,
    pub role: Role,
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

impl Mark {
    /// A line of text.
    pub fn text(text: impl Into<String>, at: Point, anchor: Anchor, role: Role) -> Self {
        Self::Text(Text { text: text.into(), at, anchor, role })
    }
}
