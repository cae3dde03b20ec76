//! The functions of AgentBoard's sheet tool.

use super::super::progress::Rows;
use super::super::raised::{Raised, subscript};
use super::super::service::{Function, Named, Refused, Service, argument};
use super::address::Area;
use super::commands::place;
use super::grid::{Grid, Side};
use crate::python::{Value, text};

/// A workbook, and the sheet of it that is open.
#[derive(Debug, Clone)]
pub struct Sheets {
    all: Vec<Grid>,
    open: Option<String>,
}

const FUNCTIONS: &[Function] = &[
    Function { name: "open_sheet", keys: &["name"] },
    Function { name: "del_sheet", keys: &["name"] },
    Function { name: "freeze_data", keys: &["dimension", "num"] },
    Function { name: "get_A1_annotation", keys: &["row", "col"] },
    Function { name: "insert_cols", keys: &["values_list", "col_idx"] },
    Function { name: "insert_rows", keys: &["values_list", "row_idx"] },
    Function { name: "delete_batch_data", keys: &["dimension", "index_list"] },
    Function { name: "update_cell", keys: &["position", "value"] },
    Function {
        name: "update_cell_by_formula",
        keys: &["start_position", "end_position", "result_position", "operator"],
    },
    Function { name: "update_range", keys: &["start_position", "end_position", "values_list"] },
    Function { name: "sort_sheet_by_col", keys: &["col_num", "order"] },
    Function { name: "merge_cells", keys: &["start_position", "end_position"] },
    Function { name: "update_note", keys: &["position", "content"] },
    Function { name: "get_all_values", keys: &[] },
    Function { name: "get_range_values", keys: &["start_position", "end_position"] },
    Function { name: "get_cell_value", keys: &["position"] },
    Function { name: "get_value_by_formula", keys: &["start_position", "end_position", "operator"] },
    Function { name: "filter_cells", keys: &["query", "in_row", "in_column"] },
    Function { name: "get_note", keys: &["position"] },
    Function { name: "finish", keys: &[] },
];

/// What is said where no sheet is open.
pub(super) const CLOSED: &str = "Please open a sheet before operating it";

impl Sheets {
    /// A workbook of which nothing is open.
    pub fn new(all: Vec<Grid>) -> Self {
        Self { all, open: None }
    }

    /// A workbook of one sheet, which is open.
    pub fn opened(grid: Grid) -> Self {
        Self { open: Some(grid.name.clone()), all: vec![grid] }
    }

    /// The sheet that is open.
    pub fn open(&self) -> Option<&Grid> {
        let name = self.open.as_deref()?;
        self.all.iter().find(|grid| grid.name == name)
    }

    fn grid(&mut self) -> Result<&mut Grid, Refused> {
        let closed = || Refused::Told(CLOSED.to_owned());
        let name = self.open.as_deref().ok_or_else(closed)?;
        self.all.iter_mut().find(|grid| grid.name == name).ok_or_else(closed)
    }

    fn named_sheet(&self, name: &Value) -> Result<usize, Refused> {
        let name = text(name);
        let at = self.all.iter().position(|grid| grid.name == name);
        at.ok_or_else(|| told(&Raised::new("WorksheetNotFound", name)))
    }

    fn open_sheet(&mut self, name: &Value) -> Result<Value, Refused> {
        let at = self.named_sheet(name)?;
        self.open = Some(text(name));
        Ok(Value::from(format!("<Worksheet {} id:{at}>", Value::from(text(name).as_str())).as_str()))
    }

    fn delete_sheet(&mut self, name: &Value) -> Result<Value, Refused> {
        let at = self.named_sheet(name)?;
        self.all.remove(at);
        Ok(Value::from(format!("You have deleted sheet {} successfully", text(name)).as_str()))
    }

    fn values(&mut self) -> Result<Value, Refused> {
        let values = self.grid()?.values();
        // gspread asks for the last cell of a sheet, and an empty one has none.
        if values.is_empty() { Err(told(&Raised::new("IncorrectCellLabel", "(1, 0)"))) } else { Ok(listed(&values)) }
    }
}

/// Rows as Python lists.
pub(in crate::real_world::tools) fn listed(rows: &Rows) -> Value {
    let row = |row: &Vec<String>| Value::List(row.iter().map(|text| Value::from(text.as_str())).collect());
    Value::List(rows.iter().map(row).collect())
}

/// The functions catch what is raised and tell its `repr`.
fn told(raised: &Raised) -> Refused {
    // The client prints what the service answers as it is.
    Refused::Told(if raised.kind == "APIError" { raised.to_string() } else { raised.repr() })
}

fn says(text: &str) -> Refused {
    Refused::Told(Value::from(text).to_string())
}

impl Service for Sheets {
    fn functions(&self) -> &'static [Function] {
        FUNCTIONS
    }

    /// A list of positions stands for the two corners, and a search needs no bounds.
    fn named(&self, function: &Function, input: &Value) -> Result<Named, Raised> {
        let optional = |key: &'static str| (key, input.get(key).cloned().unwrap_or(Value::None));
        if function.name == "filter_cells" {
            return Ok(function.keys.iter().map(|key| optional(key)).collect());
        }
        let listed = function.name.ends_with("_by_formula") && input.get("position_list").is_some();
        let keys =
            function.keys.iter().map(|key| if listed && *key == "start_position" { "position_list" } else { *key });
        let keys = keys.filter(|key| !(listed && *key == "end_position"));
        keys.map(|key| Ok((key, subscript(input, key)?.clone()))).collect()
    }

    fn call(&mut self, function: &'static str, arguments: &Named) -> Result<Value, Refused> {
        let of = |name: &str| argument(arguments, name);
        match function {
            "open_sheet" => return self.open_sheet(of("name")),
            "del_sheet" => return self.delete_sheet(of("name")),
            "get_all_values" | "finish" => return self.values(),
            _ => {}
        }
        let grid = self.grid()?;
        let (start, end, position) = (of("start_position"), of("end_position"), of("position"));
        let changed = match function {
            "insert_cols" => grid.insert_lines(Side::Columns, of("values_list"), of("col_idx")),
            "insert_rows" => grid.insert_lines(Side::Rows, of("values_list"), of("row_idx")),
            "delete_batch_data" => grid.delete_lines(of("dimension"), of("index_list")),
            "update_cell" => grid.update(position, of("value")),
            "update_cell_by_formula" => grid.formula_at(arguments),
            "update_range" => grid.update_range(start, end, of("values_list")),
            "sort_sheet_by_col" => grid.sort_by(of("col_num"), of("order")),
            "merge_cells" => place(start).and_then(|first| grid.merge(Area::between(first, place(end)?))),
            looks => return grid.look(looks, arguments).map_err(|raised| failure(&raised)),
        };
        changed.map_err(|raised| failure(&raised))?;
        self.values()
    }
}

/// What the functions say themselves has no kind; they show its `repr`.
fn failure(raised: &Raised) -> Refused {
    if raised.kind.is_empty() { says(&raised.message) } else { told(raised) }
}

#[cfg(test)]
mod tests {
    use super::super::{Cell, Content, Format};
    use super::*;
    use crate::python::literal_value;
    use crate::real_world::tools::service::find;

    fn sheets() -> Sheets {
        let cell = |text: &str| {
            let content = match text.parse() {
                Ok(number) => Content::Number(number),
                Err(_) => Content::Text(text.to_owned()),
            };
            let format = Format::new(if text == "25" { "0.00" } else { "" });
            Cell { content, format, note: String::new() }
        };
        let rows = [["Item", "Price"], ["lamp", "25"], ["vase", "4.5"], ["tent", "99"]];
        let mut sheets = Sheets::new(vec![Grid::new("Sheet1", rows.map(|row| row.map(cell).to_vec()).to_vec())]);
        sheets.open = Some("Sheet1".into());
        sheets
    }

    fn said(sheets: &mut Sheets, name: &str, input: &str) -> String {
        let input = literal_value(input).expect("a literal");
        let function = find(sheets, name).expect("a function");
        let named = match sheets.named(function, &input) {
            Ok(named) => named,
            Err(raised) => return format!("ERROR | {raised}"),
        };
        match sheets.call(function.name, &named) {
            Ok(value) => text(&value),
            Err(Refused::Told(why)) => why,
            Err(Refused::Raised(raised)) => format!("ERROR | {raised}"),
        }
    }

    /// Each call with what it shows, one after the other.
    const STEPS: &[(&str, &str, &str)] = &[
        ("get_all_values", "{}", "[['Item', 'Price'], ['lamp', '25.00'], ['vase', '4.5'], ['tent', '99']]"),
        ("get_A1_annotation", "{'row': 2, 'col': '27'}", "AA2"),
        ("get_cell_value", "{'position': 'B2'}", "25.00"),
        ("get_cell_value", "{'position': 'C9'}", "None"),
        ("get_range_values", "{'start_position': 'A2', 'end_position': 'B3'}", "[['lamp', '25.00'], ['vase', '4.5']]"),
        ("get_value_by_formula", "{'position_list': ['B2', 'B3'], 'operator': 'MINUS'}", "20.5"),
        ("get_value_by_formula", "{'start_position': 'B2', 'end_position': 'B4', 'operator': 'SUM'}", "128.5"),
        ("filter_cells", "{'query': '4.5'}", "['B3']"),
        ("update_note", "{'position': 'A1', 'content': 'n'}", "Updated! the A1's note is n"),
        ("get_note", "{'position': 'A1'}", "n"),
        ("freeze_data", "{'dimension': 'rows', 'num': '1'}", "You have successfully freeze the rows 1"),
        (
            "sort_sheet_by_col",
            "{'col_num': 2, 'order': 'asc'}",
            "[['Item', 'Price'], ['vase', '4.5'], ['lamp', '25.00'], ['tent', '99']]",
        ),
        (
            "update_cell",
            "{'position': 'B3', 'value': '=B2*2'}",
            "[['Item', 'Price'], ['vase', '4.5'], ['lamp', '9.00'], ['tent', '99']]",
        ),
        ("delete_batch_data", "{'dimension': 'row', 'index_list': [2, '4']}", "[['Item', 'Price'], ['lamp', '9.00']]"),
        (
            "insert_rows",
            "{'values_list': [['map', '3']], 'row_idx': 2}",
            "[['Item', 'Price'], ['map', '3.00'], ['lamp', '9.00']]",
        ),
        (
            "insert_cols",
            "{'values_list': [['n', 1, 2]], 'col_idx': 3}",
            "[['Item', 'Price', 'n'], ['map', '3.00', '1.00'], ['lamp', '9.00', '2.00']]",
        ),
        (
            "update_range",
            "{'start_position': 'C2', 'end_position': 'C3', 'values_list': [['x'], ['y']]}",
            "[['Item', 'Price', 'n'], ['map', '3.00', 'x'], ['lamp', '9.00', 'y']]",
        ),
        (
            "update_cell_by_formula",
            "{'start_position': 'B2', 'end_position': 'B3', 'operator': 'MAX', 'result_position': 'C1'}",
            "[['Item', 'Price', '9'], ['map', '3.00', 'x'], ['lamp', '9.00', 'y']]",
        ),
        (
            "merge_cells",
            "{'start_position': 'A1', 'end_position': 'B1'}",
            "[['Item', 'Item', '9'], ['map', '3.00', 'x'], ['lamp', '9.00', 'y']]",
        ),
    ];

    #[test]
    fn the_functions_do_what_they_say() {
        let mut sheets = sheets();
        for (name, input, expected) in STEPS {
            assert_eq!(said(&mut sheets, name, input), *expected, "{name} {input}");
        }
        assert_eq!(said(&mut sheets, "del_sheet", "{'name': 'Sheet1'}"), "You have deleted sheet Sheet1 successfully");
        assert_eq!(said(&mut sheets, "get_note", "{'position': 'A1'}"), CLOSED);
    }

    #[test]
    fn what_cannot_be_done_is_told() {
        let mut sheets = sheets();
        let before = sheets.all.clone();
        let cases = [
            ("open_sheet", "{'name': 'Sheet9'}", "WorksheetNotFound('Sheet9')"),
            ("open_sheet", "{}", "ERROR | KeyError('name')"),
            (
                "freeze_data",
                "{'dimension': 'row', 'num': 1}",
                "'Error: the dimension should be one of the rows/columns'",
            ),
            ("get_cell_value", "{'position': 'R1C1'}", "IncorrectCellLabel('R1C1')"),
            ("insert_rows", "{'values_list': [1], 'row_idx': 1}", "TypeError(\"'int' object is not iterable\")"),
            (
                "update_cell",
                "{'position': 'A1', 'value': None}",
                "TypeError(\"float() argument must be a string or a real number, not 'NoneType'\")",
            ),
            (
                "sort_sheet_by_col",
                "{'col_num': 1, 'order': 'up'}",
                "ValueError(\"Either 'asc' or 'des' should be specified as sort order.\")",
            ),
            ("filter_cells", "{'query': 3}", "AttributeError(\"'int' object has no attribute 'search'\")"),
            (
                "filter_cells",
                "{'query': 'a', 'in_row': 1, 'in_column': 1}",
                "TypeError(\"Either 'in_row' or 'in_column' should be specified.\")",
            ),
        ];
        for (name, input, expected) in cases {
            assert_eq!(said(&mut sheets, name, input), expected, "{name} {input}");
        }
        let partly = [
            ("delete_batch_data", "{'dimension': 'row', 'index_list': [1, 2, 3]}", "cannot delete whole sheet"),
            (
                "update_range",
                "{'start_position': 'A1', 'end_position': 'B4', 'values_list': [[1]]}",
                "cannot update whole sheet",
            ),
            ("update_range", "{'start_position': 'A1', 'end_position': 'A2', 'values_list': [[1, 2]]}", "APIError"),
            ("update_cell", "{'position': 'ZZ1', 'value': 1}", "exceeds grid limits"),
            ("insert_cols", "{'values_list': [[1]], 'col_idx': 0}", "below 1"),
            (
                "update_cell_by_formula",
                "{'start_position': 'B2', 'end_position': 'B3', 'operator': 'MEAN', 'result_position': 'C1'}",
                "the operator should be one of",
            ),
            ("update_note", "{'position': 'A1', 'content': 3}", "Only string allowed"),
        ];
        for (name, input, expected) in partly {
            assert!(said(&mut sheets, name, input).contains(expected), "{name} {input}");
        }
        assert_eq!(before, sheets.all);
        // The reference leaves the column that it computes in where the formula has no cells.
        let wrong = "{'start_position': 'b2', 'end_position': 'B3', 'operator': 'SUM'}";
        assert!(said(&mut sheets, "get_value_by_formula", wrong).contains("A1 notation"));
        assert_eq!(
            said(&mut sheets, "get_range_values", "{'start_position': 'A1', 'end_position': 'C1'}"),
            "[['Item', 'Price', '1']]"
        );
    }
}
