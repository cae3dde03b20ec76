//! One sheet: cells, notes, merged areas, frozen rows.

use std::cmp::Ordering;

use super::super::progress::Rows;
use super::super::raised::Raised;
use super::address::{Area, Place};
use super::format::Format;

/// What a cell holds.
#[derive(Debug, Clone, PartialEq, Default)]
pub enum Content {
    /// Nothing.
    #[default]
    Empty,
    /// A number.
    Number(f64),
    /// A text.
    Text(String),
    /// True or false.
    Bool(bool),
    /// What a formula could not compute: `#N/A`.
    Error(&'static str),
}

/// A cell.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Cell {
    /// What it holds.
    pub content: Content,
    /// How a number in it is shown.
    pub format: Format,
    /// A note about it.
    pub note: String,
}

impl Cell {
    /// What is shown.
    pub fn text(&self) -> String {
        match &self.content {
            Content::Empty => String::new(),
            Content::Number(number) => self.format.show(*number),
            Content::Text(text) => text.clone(),
            Content::Bool(value) => value.to_string().to_uppercase(),
            Content::Error(error) => (*error).to_owned(),
        }
    }
}

/// Cells that a sheet may have. The reference's service knows ten million in a file.
pub const MOST_CELLS: usize = 50_000;
/// Bytes of text that a sheet may hold.
pub const MOST_TEXT: usize = 1 << 20;
/// Rows and columns of a new sheet.
const NEW: (usize, usize) = (1000, 26);

/// A sheet.
#[derive(Debug, Clone, PartialEq)]
pub struct Grid {
    /// Its name.
    pub name: String,
    rows: Vec<Vec<Cell>>,
    /// Rows and columns that there are, whether used or not.
    size: (usize, usize),
    /// How many rows stay on top where the sheet is sorted.
    pub frozen: usize,
    merged: Vec<Area>,
}

impl Grid {
    /// A sheet with these cells.
    pub fn new(name: &str, rows: Vec<Vec<Cell>>) -> Self {
        let width = rows.iter().map(Vec::len).max().unwrap_or_default();
        let size = (rows.len().max(NEW.0), width.max(NEW.1));
        Self { name: name.to_owned(), rows, size, frozen: 0, merged: Vec::new() }
    }

    /// The cell at a place, if it was ever used.
    pub fn cell(&self, place: Place) -> Option<&Cell> {
        self.rows.get(place.row)?.get(place.column)
    }

    /// The text at a place; that of the first cell of a merged area everywhere in it.
    pub fn shown(&self, place: Place) -> String {
        let area = self.merged.iter().find(|area| area.contains(place));
        self.cell(area.map_or(place, |area| area.first)).map(Cell::text).unwrap_or_default()
    }

    /// How many rows and columns are used.
    pub fn used(&self) -> (usize, usize) {
        let filled = |cell: &Cell| cell.content != Content::Empty && !cell.text().is_empty();
        let rows = self.rows.iter().rposition(|row| row.iter().any(filled)).map_or(0, |at| at + 1);
        let width = |row: &Vec<Cell>| row.iter().rposition(filled).map_or(0, |at| at + 1);
        (rows, self.rows.iter().map(width).max().unwrap_or_default())
    }

    /// The texts of all used cells.
    pub fn values(&self) -> Rows {
        let (rows, columns) = self.used();
        let row = |row| (0..columns).map(|column| self.shown(Place { row, column })).collect();
        (0..rows).map(row).collect()
    }

    /// The texts of an area, without the empty rows at its end and as wide as its widest row.
    ///
    /// # Errors
    /// An area beyond the sheet.
    pub fn values_of(&self, area: Area) -> Result<Rows, Raised> {
        self.inside(area.first)?;
        let (rows, columns) = self.used();
        let last = Place { row: area.last.row.min(rows.max(1) - 1), column: area.last.column.min(columns.max(1) - 1) };
        let row = |row| (area.first.column..=last.column).map(|column| self.shown(Place { row, column })).collect();
        let mut values: Rows = (area.first.row..=last.row).map(row).collect();
        while values.last().is_some_and(|row| row.iter().all(String::is_empty)) {
            values.pop();
        }
        let width = |row: &Vec<String>| row.iter().rposition(|text| !text.is_empty()).map_or(0, |at| at + 1);
        let widest = values.iter().map(width).max().unwrap_or_default();
        values.iter_mut().for_each(|row| row.truncate(widest));
        Ok(values)
    }

    /// Puts something into a cell, whose format stays.
    ///
    /// # Errors
    /// A place beyond the sheet, or more than a sheet may hold.
    pub fn put(&mut self, place: Place, content: Content) -> Result<(), Raised> {
        self.place(place)?.content = content;
        self.bounded()
    }

    /// Puts a cell of a file into the sheet, which is as large as its cells need.
    ///
    /// # Errors
    /// More than a sheet may hold.
    pub(super) fn fill(&mut self, place: Place, cell: Cell) -> Result<(), Raised> {
        self.size = (self.size.0.max(place.row.saturating_add(1)), self.size.1.max(place.column.saturating_add(1)));
        *self.place(place)? = cell;
        Ok(())
    }

    /// The cell at a place, made where there is none.
    ///
    /// # Errors
    /// A place beyond the sheet, or more than a sheet may hold.
    pub fn place(&mut self, place: Place) -> Result<&mut Cell, Raised> {
        self.inside(place)?;
        let width = self.rows.iter().map(Vec::len).max().unwrap_or_default().max(place.column + 1);
        if self.rows.len().max(place.row + 1).saturating_mul(width) > MOST_CELLS {
            return Err(too_much());
        }
        if self.rows.len() <= place.row {
            self.rows.resize_with(place.row + 1, Vec::new);
        }
        let row = self.rows.get_mut(place.row).ok_or_else(too_much)?;
        if row.len() <= place.column {
            row.resize_with(place.column + 1, Cell::default);
        }
        row.get_mut(place.column).ok_or_else(too_much)
    }

    fn inside(&self, place: Place) -> Result<(), Raised> {
        if place.row < self.size.0 && place.column < self.size.1 {
            return Ok(());
        }
        let (rows, columns) = self.size;
        let range = format!("Range ({}!{}) exceeds grid limits.", self.name, place.label());
        Err(refused(&format!("{range} Max rows: {rows}, max columns: {columns}")))
    }

    /// Refuses what is larger than a sheet may be.
    pub(super) fn bounded(&self) -> Result<(), Raised> {
        let bytes = |cell: &Cell| match &cell.content {
            Content::Text(text) => text.len() + cell.note.len(),
            _ => cell.note.len(),
        };
        let text: usize = self.rows.iter().flatten().map(bytes).sum();
        let cells: usize = self.rows.iter().map(|row| row.len().max(1)).sum();
        if text > MOST_TEXT || cells > MOST_CELLS { Err(too_much()) } else { Ok(()) }
    }

    /// Makes room for rows or columns before the one at an index, which get the formats of that one, or of the one before.
    ///
    /// # Errors
    /// An index beyond the sheet, or more than a sheet may hold.
    pub fn insert(&mut self, side: Side, at: usize, count: usize, like_before: bool) -> Result<(), Raised> {
        let most = if side == Side::Rows { self.size.0 } else { self.size.1 };
        let width = self.rows.iter().map(Vec::len).max().unwrap_or_default();
        let (rows, columns) =
            if side == Side::Rows { (self.rows.len() + count, width) } else { (self.rows.len(), width + count) };
        if at > most {
            return Err(refused(&format!("The index {at} is beyond the sheet.")));
        }
        if count > MOST_CELLS || rows.saturating_mul(columns) > MOST_CELLS {
            return Err(too_much());
        }
        let model = if like_before { at.checked_sub(1) } else { Some(at) };
        match side {
            Side::Rows => {
                self.size.0 += count;
                let model = model.and_then(|at| self.rows.get(at)).map(|row| row.iter().map(bare).collect::<Vec<_>>());
                if at < self.rows.len() {
                    self.rows.splice(at..at, std::iter::repeat_n(model.unwrap_or_default(), count));
                } else if let Some(model) = model {
                    self.rows.extend(std::iter::repeat_n(model, count));
                }
            }
            Side::Columns => {
                self.size.1 += count;
                for row in &mut self.rows {
                    let model = model.and_then(|at| row.get(at)).map(bare).unwrap_or_default();
                    if at <= row.len() {
                        row.splice(at..at, std::iter::repeat_n(model, count));
                    }
                }
            }
        }
        self.shift(side, at, |place| place + count);
        Ok(())
    }

    /// Deletes a row or column.
    ///
    /// # Errors
    /// An index beyond the sheet.
    pub fn delete(&mut self, side: Side, at: usize) -> Result<(), Raised> {
        let size = if side == Side::Rows { &mut self.size.0 } else { &mut self.size.1 };
        if at >= *size || *size == 1 {
            return Err(refused(&format!("There is no row or column with the index {} to delete.", at + 1)));
        }
        *size -= 1;
        match side {
            Side::Rows if at < self.rows.len() => drop(self.rows.remove(at)),
            Side::Rows => {}
            Side::Columns => self.rows.iter_mut().filter(|row| at < row.len()).for_each(|row| drop(row.remove(at))),
        }
        if side == Side::Rows && at < self.frozen {
            self.frozen -= 1;
        }
        self.shift(side, at + 1, |place| place - 1);
        Ok(())
    }

    /// Moves merged areas at and behind an index.
    fn shift(&mut self, side: Side, from: usize, to: impl Fn(usize) -> usize) {
        for area in &mut self.merged {
            for place in [&mut area.first, &mut area.last] {
                let at = if side == Side::Rows { &mut place.row } else { &mut place.column };
                if *at >= from {
                    *at = to(*at);
                }
            }
        }
    }

    /// Sorts the rows below the frozen ones by a column; empty cells stand last in either order.
    ///
    /// # Errors
    /// A column beyond the sheet.
    pub fn sort(&mut self, column: usize, descending: bool) -> Result<(), Raised> {
        self.inside(Place { row: 0, column })?;
        let content = |row: &Vec<Cell>| row.get(column).map_or(Content::Empty, |cell| cell.content.clone());
        let from = self.frozen.min(self.rows.len());
        self.rows[from..].sort_by(|a, b| match (content(a), content(b)) {
            (Content::Empty, Content::Empty) => Ordering::Equal,
            (Content::Empty, _) => Ordering::Greater,
            (_, Content::Empty) => Ordering::Less,
            (a, b) if descending => compared(&b, &a),
            (a, b) => compared(&a, &b),
        });
        Ok(())
    }

    /// Makes one cell of an area: all but its first lose what they hold.
    ///
    /// # Errors
    /// An area beyond the sheet, or one that cuts another.
    pub fn merge(&mut self, area: Area) -> Result<(), Raised> {
        self.inside(area.last)?;
        if area.size() > MOST_CELLS {
            return Err(too_much());
        }
        let apart = |other: &Area| {
            other.last.row < area.first.row
                || area.last.row < other.first.row
                || other.last.column < area.first.column
                || area.last.column < other.first.column
        };
        let within = |other: &Area| area.contains(other.first) && area.contains(other.last);
        if self.merged.iter().any(|other| !apart(other) && !within(other)) {
            return Err(refused("You must select all cells in a merged range to merge or unmerge them."));
        }
        self.merged.retain(apart);
        for (row, cells) in self.rows.iter_mut().enumerate() {
            for (column, cell) in cells.iter_mut().enumerate() {
                let place = Place { row, column };
                if area.contains(place) && place != area.first {
                    cell.content = Content::Empty;
                }
            }
        }
        self.merged.push(area);
        Ok(())
    }

    /// Freezes rows; more than there are is refused.
    ///
    /// # Errors
    /// A sheet keeps one row that is not frozen.
    pub fn freeze(&mut self, rows: usize) -> Result<(), Raised> {
        if rows >= self.size.0 {
            return Err(refused("You can't freeze all visible rows on the sheet."));
        }
        self.frozen = rows;
        Ok(())
    }
}

/// Rows or columns.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Side {
    /// Rows.
    Rows,
    /// Columns.
    Columns,
}

/// A cell with nothing in it and the format of another.
fn bare(cell: &Cell) -> Cell {
    Cell { format: cell.format.clone(), ..Cell::default() }
}

/// Numbers stand before texts, these before truth values and errors. Letters' case does not count.
fn compared(a: &Content, b: &Content) -> Ordering {
    let rank = |content: &Content| match content {
        Content::Number(_) => 0,
        Content::Text(_) => 1,
        Content::Bool(_) => 2,
        Content::Error(_) => 3,
        Content::Empty => 4,
    };
    match (a, b) {
        (Content::Number(a), Content::Number(b)) => a.total_cmp(b),
        (Content::Text(a), Content::Text(b)) => a.to_lowercase().cmp(&b.to_lowercase()),
        (Content::Bool(a), Content::Bool(b)) => a.cmp(b),
        _ => rank(a).cmp(&rank(b)),
    }
}

/// What Google's service answers to a request that it refuses.
pub(super) fn refused(message: &str) -> Raised {
    Raised::new("APIError", format!("{{'code': 400, 'message': \"{message}\", 'status': 'INVALID_ARGUMENT'}}"))
}

fn too_much() -> Raised {
    refused(&format!("This would make the sheet larger than {MOST_CELLS} cells or {MOST_TEXT} bytes of text."))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn grid(texts: &[&[&str]]) -> Grid {
        let cell = |text: &&str| {
            let content = match text.parse() {
                Ok(number) => Content::Number(number),
                Err(_) if text.is_empty() => Content::Empty,
                Err(_) => Content::Text((*text).to_owned()),
            };
            Cell { content, ..Cell::default() }
        };
        Grid::new("S", texts.iter().map(|row| row.iter().map(cell).collect()).collect())
    }

    fn place(label: &str) -> Place {
        Place::read(label).expect("a label")
    }

    #[test]
    fn rows_are_sorted_below_the_frozen_ones_and_empty_ones_last() {
        let mut sheet = grid(&[&["name", "n"], &["b", "10"], &["a", ""], &["c", "9"], &["d", "x"]]);
        sheet.freeze(1).expect("a row");
        sheet.sort(1, true).expect("a column");
        assert_eq!(sheet.values().concat(), ["name", "n", "d", "x", "b", "10", "c", "9", "a", ""]);
        sheet.sort(1, false).expect("a column");
        assert_eq!(sheet.values()[1], ["c", "9"]);
        assert!(sheet.sort(26, false).is_err());
    }

    #[test]
    fn what_is_merged_shows_its_first_cell_and_moves_with_the_rows() {
        let mut sheet = grid(&[&["a", "b"], &["c", "d"], &["e", "f"]]);
        sheet.merge(Area::between(place("B2"), place("A2"))).expect("an area");
        assert_eq!(sheet.values().concat(), ["a", "b", "c", "c", "e", "f"]);
        assert!(sheet.merge(Area::between(place("B1"), place("B2"))).is_err());
        sheet.insert(Side::Rows, 0, 1, false).expect("room");
        assert_eq!(sheet.values().concat(), ["", "", "a", "b", "c", "c", "e", "f"]);
        sheet.delete(Side::Rows, 0).expect("a row");
        sheet.delete(Side::Columns, 0).expect("a column");
        assert_eq!(sheet.used(), (3, 1));
    }

    #[test]
    fn nothing_grows_beyond_its_bounds() {
        let mut sheet = grid(&[&["a"]]);
        assert!(sheet.put(place("ZZ1"), Content::Bool(true)).is_err());
        assert!(sheet.insert(Side::Rows, 0, 10_000_000, false).is_err());
        assert!(sheet.insert(Side::Columns, 27, 1, false).is_err());
        assert!(sheet.put(place("A1"), Content::Text("x".repeat(MOST_TEXT + 1))).is_err());
        assert!(sheet.delete(Side::Columns, 26).is_err() && sheet.freeze(1000).is_err());
        assert_eq!(sheet.values_of(Area::between(place("C1"), place("Z900"))), Ok(vec![]));
    }
}
