//! What the functions do to a sheet.

use super::super::raised::Raised;
use super::super::service::{Named, argument};
use super::address::{Area, Place};
use super::formula::{self, FUNCTIONS as OPERATORS};
use super::functions::listed;
use super::grid::{Cell, Grid, Side, refused};
use super::input::{content, rows, typed, whole};
use crate::python::{Value, text};

const WHOLE: &str = "Warning: You cannot delete whole sheet at once, please try other functions";
const A1: &str = "you should use A1 notation to display all positions in the sheet and you can use \
    get_A1_annotation(row, col) to get its A1 address.";

/// A cell by its label.
pub(super) fn place(value: &Value) -> Result<Place, Raised> {
    Place::read(&text(value))
}

/// An index from 1.
fn index(value: &Value) -> Result<usize, Raised> {
    let number = whole(value)?;
    usize::try_from(number.saturating_sub(1)).map_err(|_| refused(&format!("The index {number} is below 1.")))
}

impl Grid {
    pub(super) fn freeze_data(&mut self, dimension: &Value, count: &Value) -> Result<Value, Raised> {
        let number = whole(count)?;
        match text(dimension).as_str() {
            "rows" => self.freeze(usize::try_from(number).map_err(|_| refused("The count is negative."))?)?,
            "columns" => {}
            _ => return Err(Raised::new("", "Error: the dimension should be one of the rows/columns")),
        }
        Ok(Value::from(format!("You have successfully freeze the {} {number}", text(dimension)).as_str()))
    }

    fn label(row: &Value, column: &Value) -> Result<Value, Raised> {
        let (row, column) = (whole(row)?, whole(column)?);
        let wrong = || Raised::new("IncorrectCellLabel", format!("({row}, {column})"));
        let from_one =
            |number: i64| usize::try_from(number.saturating_sub(1)).ok().filter(|number| *number < 10_000_000);
        let place = from_one(row).zip(from_one(column)).map(|(row, column)| Place { row, column });
        place.map(|place| Value::from(place.label().as_str())).ok_or_else(wrong)
    }

    /// Inserts lines (rows or columns), each a list of values, before the one at an index.
    pub(super) fn insert_lines(&mut self, side: Side, values: &Value, at: &Value) -> Result<(), Raised> {
        let lines = rows(values)?;
        let at = index(at)?;
        let used = if side == Side::Rows { self.used().0 } else { self.used().1 };
        let mut changed = self.clone();
        changed.insert(side, at, lines.len(), at == used)?;
        for (line, cells) in lines.into_iter().enumerate() {
            for (along, content) in cells.into_iter().enumerate() {
                let place = match side {
                    Side::Rows => Place { row: at + line, column: along },
                    Side::Columns => Place { row: along, column: at + line },
                };
                changed.place(place)?.content = content;
            }
        }
        self.replaced(changed)
    }

    pub(super) fn replaced(&mut self, changed: Self) -> Result<(), Raised> {
        changed.bounded()?;
        *self = changed;
        Ok(())
    }

    pub(super) fn delete_lines(&mut self, dimension: &Value, list: &Value) -> Result<(), Raised> {
        let Value::List(items) = list else {
            return Err(Raised::new("TypeError", format!("'{}' object is not iterable", list.type_name())));
        };
        let mut indices = items.iter().map(whole).collect::<Result<Vec<_>, _>>()?;
        indices.sort_unstable_by(|a, b| b.cmp(a));
        let (side, all) = match text(dimension).as_str() {
            "row" => (Side::Rows, indices.len() + 1 >= self.used().0),
            "col" => (Side::Columns, indices.len() == self.used().1),
            _ => return Err(Raised::new("", "Wrong dimension, please choose from row/col")),
        };
        if all {
            return Err(Raised::new("", WHOLE));
        }
        for number in indices {
            self.delete(side, index(&Value::Int(number.into()))?)?;
        }
        Ok(())
    }

    pub(super) fn update(&mut self, position: &Value, value: &Value) -> Result<(), Raised> {
        let (content, format) = typed(content(value)?, self);
        let cell = self.place(place(position)?)?;
        if let Some(format) = format.filter(|_| cell.format.is_automatic()) {
            cell.format = format;
        }
        cell.content = content;
        self.bounded()
    }

    pub(super) fn update_range(&mut self, start: &Value, end: &Value, values: &Value) -> Result<(), Raised> {
        let (used_rows, used_columns) = self.used();
        let last = Place { row: used_rows.max(1) - 1, column: used_columns.max(1) - 1 };
        if text(start) == "A1" && text(end) == last.label() {
            return Err(Raised::new("", "Warning: You cannot update whole sheet at once, please try other functions"));
        }
        let (area, lines) = (Area::between(place(start)?, place(end)?), rows(values)?);
        let mut changed = self.clone();
        for (line, cells) in lines.into_iter().enumerate() {
            for (along, content) in cells.into_iter().enumerate() {
                let (row, column) = (area.first.row.saturating_add(line), area.first.column.saturating_add(along));
                let place = Place { row, column };
                if !area.contains(place) {
                    return Err(refused(&format!(
                        "Requested writing within range, but tried writing to {}.",
                        place.label()
                    )));
                }
                changed.place(place)?.content = content;
            }
        }
        self.replaced(changed)
    }

    pub(super) fn sort_by(&mut self, column: &Value, order: &Value) -> Result<(), Raised> {
        let descending = match text(order).as_str() {
            "asc" => false,
            "des" => true,
            _ => return Err(Raised::new("ValueError", "Either 'asc' or 'des' should be specified as sort order.")),
        };
        self.sort(index(column)?, descending)
    }

    pub(super) fn formula_at(&mut self, arguments: &Named) -> Result<(), Raised> {
        let result = argument(arguments, "result_position");
        let formula = formula_of(arguments, Some(result))?;
        let value = formula::value(&formula, self);
        self.put(place(result)?, value)
    }

    /// Computes a formula. The reference writes it into a column that it inserts, and leaves that there where the formula
    /// has cells that are none.
    pub(super) fn formula_value(&mut self, arguments: &Named) -> Result<Value, Raised> {
        match formula_of(arguments, None) {
            Ok(formula) => {
                let shown = Cell { content: formula::value(&formula, self), ..Cell::default() };
                Ok(Value::from(shown.text().as_str()))
            }
            Err(raised) => {
                if raised.message.ends_with(A1) {
                    let one = Value::List(vec![Value::List(vec![Value::Int(1.into())])]);
                    let at = Value::Int((self.used().1 + 1).into());
                    self.insert_lines(Side::Columns, &one, &at)?;
                }
                Err(raised)
            }
        }
    }

    pub(super) fn filter(&self, query: &Value, row: &Value, column: &Value) -> Result<Value, Raised> {
        let only = |value: &Value| if matches!(value, Value::None) { Ok(None) } else { index(value).map(Some) };
        let (row, column) = (only(row)?, only(column)?);
        if row.is_some() && column.is_some() {
            return Err(Raised::new("TypeError", "Either 'in_row' or 'in_column' should be specified."));
        }
        let Value::Text(_) = query else {
            let kind = query.type_name();
            return Err(Raised::new("AttributeError", format!("'{kind}' object has no attribute 'search'")));
        };
        let (query, values) = (text(query), self.values());
        let cells = values
            .iter()
            .enumerate()
            .flat_map(|(row, cells)| (0..cells.len()).map(move |column| Place { row, column }));
        let wanted =
            cells.filter(|at| row.is_none_or(|row| row == at.row) && column.is_none_or(|column| column == at.column));
        let found = wanted.filter(|at| values[at.row][at.column] == query);
        Ok(Value::List(found.map(|at| Value::from(at.label().as_str())).collect()))
    }

    pub(super) fn note(&self, position: &Value) -> Result<String, Raised> {
        Ok(self.cell(place(position)?).map(|cell| cell.note.clone()).unwrap_or_default())
    }

    pub(super) fn annotate(&mut self, position: &Value, note: &Value) -> Result<Value, Raised> {
        let Value::Text(_) = note else {
            return Err(Raised::new("TypeError", "Only string allowed as content for a note."));
        };
        self.place(place(position)?)?.note = text(note);
        self.bounded()?;
        let says = format!("Updated! the {}'s note is {}", text(position), self.note(position)?);
        Ok(Value::from(says.as_str()))
    }
}

/// The formula that a call asks for, and whether its cells are such: one capital letter and digits.
fn formula_of(arguments: &Named, result: Option<&Value>) -> Result<String, Raised> {
    let operator = text(argument(arguments, "operator"));
    if !OPERATORS.contains(&operator.as_str()) {
        let all = OPERATORS.map(|name| format!("\"{name}\"")).join(", ");
        return Err(Raised::new("", format!("the operator should be one of the [{all}]")));
    }
    let proper = |value: &Value| {
        let label = text(value);
        let (letter, digits) = (label.as_bytes().first(), label.get(1..).unwrap_or_default());
        letter.is_some_and(u8::is_ascii_uppercase)
            && !digits.is_empty()
            && digits.bytes().all(|byte| byte.is_ascii_digit())
    };
    let (cells, cells_are) = match argument(arguments, "position_list") {
        Value::List(list) => (list.iter().map(text).collect::<Vec<_>>().join(","), list.iter().all(proper)),
        Value::None => {
            let (start, end) = (argument(arguments, "start_position"), argument(arguments, "end_position"));
            (format!("{}:{}", text(start), text(end)), proper(start) && proper(end))
        }
        _ => (String::new(), false),
    };
    match cells_are && result.is_none_or(proper) {
        true => Ok(format!("{operator}({cells})")),
        false => Err(Raised::new("", format!("In the sheet formula, {A1}"))),
    }
}

impl Grid {
    /// The functions that change no cell's text.
    pub(super) fn look(&mut self, function: &str, arguments: &Named) -> Result<Value, Raised> {
        let of = |name: &str| argument(arguments, name);
        let (start, end, position) = (of("start_position"), of("end_position"), of("position"));
        match function {
            "freeze_data" => self.freeze_data(of("dimension"), of("num")),
            "get_A1_annotation" => Self::label(of("row"), of("col")),
            "update_note" => self.annotate(position, of("content")),
            "get_range_values" => Ok(listed(&self.values_of(Area::between(place(start)?, place(end)?))?)),
            "get_cell_value" => {
                let shown = self.shown(place(position)?);
                Ok(if shown.is_empty() { Value::None } else { Value::from(shown.as_str()) })
            }
            "get_value_by_formula" => self.formula_value(arguments),
            "filter_cells" => self.filter(of("query"), of("in_row"), of("in_column")),
            _ => self.note(position).map(|note| Value::from(note.as_str())),
        }
    }
}
