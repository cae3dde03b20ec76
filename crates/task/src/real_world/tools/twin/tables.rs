//! A small sheet of goods: orders that change its cells.

use record::Rng;
use serde::{Deserialize, Serialize};
use serde_json::{Value as Json, json};

use super::super::sheet::{Cell, Content, Grid, Place, Sheets};
use super::names::Names;
use super::scene::{Call, Level, Machine, Manual, Puzzle, Scene};
use crate::python::Value;

/// The goods, a row each.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Table {
    name: String,
    /// The columns' order: it cannot be known before it is seen.
    columns: [Column; 3],
    rows: Vec<Row>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
enum Column {
    Item,
    Price,
    Stock,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
struct Row {
    item: String,
    price: i64,
    stock: i64,
}

impl Row {
    fn number(&self, column: Column) -> Option<i64> {
        match column {
            Column::Item => None,
            Column::Price => Some(self.price),
            Column::Stock => Some(self.stock),
        }
    }

    fn cell(&self, column: Column) -> Cell {
        let content = match self.number(column) {
            Some(number) => Content::Number(number as f64),
            None => Content::Text(self.item.clone()),
        };
        Cell { content, ..Cell::default() }
    }

    fn value(&self, column: Column) -> Json {
        self.number(column).map_or_else(|| json!(self.item), Json::from)
    }
}

/// What is said of the tools.
pub const MANUAL: Manual = Manual {
    about: "The tools change a sheet. Its first row has the headings and stays on top; rows and columns are counted from 1, \
        and B3 is the cell of the second column in row 3.",
    tools: &[
        ("get_all_values", "all cells, row by row"),
        ("get_cell_value", "one cell"),
        ("get_value_by_formula", "SUM, AVERAGE, COUNT, MAX, MIN or PRODUCT of the cells from one to another"),
        ("update_cell", "writes a value into a cell"),
        ("update_range", "writes rows of values into the cells from one to another"),
        ("update_cell_by_formula", "writes SUM, AVERAGE, COUNT, MAX, MIN or PRODUCT of some cells into another one"),
        ("insert_rows", "puts new rows, each a list of values, before a row"),
        ("insert_cols", "puts new columns, each a list of values, before a column"),
        ("delete_batch_data", "deletes rows (\"row\") or columns (\"col\") by their numbers"),
        ("sort_sheet_by_col", "sorts the rows by a column, ascending (\"asc\") or descending (\"des\")"),
    ],
};

impl Machine for Sheets {
    fn state(&self) -> Value {
        self.open().map_or(Value::None, |grid| super::super::sheet::listed(&grid.values()))
    }
}

impl Table {
    fn draw(rng: &mut Rng, names: &mut Names) -> Self {
        let count = rng.between(6, 9);
        let row = |rng: &mut Rng, names: &mut Names| Row {
            item: names.thing(rng),
            price: rng.between(2, 99) as i64,
            stock: if rng.chance(0.3) { 0 } else { rng.between(1, 60) as i64 },
        };
        let mut columns = [Column::Item, Column::Price, Column::Stock];
        rng.shuffle(&mut columns);
        Self { name: names.project(rng), columns, rows: (0..count).map(|_| row(rng, names)).collect() }
    }

    pub(super) fn machine(&self) -> Sheets {
        let head = |column: &Column| Cell { content: Content::Text(format!("{column:?}")), ..Cell::default() };
        let row = |row: &Row| self.columns.iter().map(|column| row.cell(*column)).collect();
        let rows = std::iter::once(self.columns.iter().map(head).collect()).chain(self.rows.iter().map(row));
        let mut grid = Grid::new(&self.name, rows.collect());
        grid.frozen = 1;
        Sheets::opened(grid)
    }

    /// The rows that are meant, with their numbers in the sheet.
    fn meant(&self, wanted: impl Fn(&Row) -> bool) -> Vec<(usize, &Row)> {
        (2..).zip(&self.rows).filter(|(_, row)| wanted(row)).collect()
    }

    /// Where a column stands, from 1.
    fn place(&self, column: Column) -> usize {
        self.columns.iter().position(|other| *other == column).map_or(0, |at| at + 1)
    }

    /// The cell of a column in a row.
    fn label(&self, column: Column, row: usize) -> String {
        Place { row: row - 1, column: self.place(column).max(1) - 1 }.label()
    }

    /// The number of the last row.
    fn last(&self) -> usize {
        self.rows.len() + 1
    }
}

/// An order; `None` where the one that was drawn changes nothing, or too much.
pub fn draw(rng: &mut Rng, names: &mut Names, level: Level) -> Option<Puzzle> {
    let table = Table::draw(rng, names);
    let kinds: &[Order] = match level {
        Level::Easy => &[restock, add, delete],
        Level::Hard => &[delete_sold, raise, worth, total, dearest],
    };
    let (goal, change) = rng.pick(kinds)?(&table, rng, names)?;
    let goal = format!("In the sheet \"{}\": {goal}", table.name);
    let calls = [vec![Call::new("get_all_values", [])], change, vec![Call::new("finish", [])]].concat();
    Some(Puzzle { scene: Scene::Tables(table), goal, calls })
}

type Order = fn(&Table, &mut Rng, &mut Names) -> Option<(String, Vec<Call>)>;

fn update(position: String, value: i64) -> Call {
    Call::new("update_cell", [("position", json!(position)), ("value", json!(value))])
}

fn delete_rows(numbers: &[usize]) -> Call {
    Call::new("delete_batch_data", [("dimension", json!("row")), ("index_list", json!(numbers))])
}

fn restock(table: &Table, rng: &mut Rng, _: &mut Names) -> Option<(String, Vec<Call>)> {
    let rows = table.meant(|_| true);
    let (number, row) = rng.pick(&rows)?;
    let stock = rng.between(61, 99) as i64;
    let call = update(table.label(Column::Stock, *number), stock);
    Some((format!("set the stock of the {} to {stock}.", row.item), vec![call]))
}

fn add(table: &Table, rng: &mut Rng, names: &mut Names) -> Option<(String, Vec<Call>)> {
    let (price, stock) = (rng.between(2, 99) as i64, rng.between(1, 60) as i64);
    let row = Row { item: names.thing(rng), price, stock };
    let goal =
        format!("add a row for the {} below the last one: its price is {price}, its stock is {stock}.", row.item);
    let values: Vec<Json> = table.columns.iter().map(|column| row.value(*column)).collect();
    let place = ("row_idx", json!(table.last() + 1));
    Some((goal, vec![Call::new("insert_rows", [("values_list", json!([values])), place])]))
}

fn delete(table: &Table, rng: &mut Rng, _: &mut Names) -> Option<(String, Vec<Call>)> {
    let rows = table.meant(|_| true);
    let mut chosen = rng.choose(rows.len(), 2);
    chosen.sort_unstable();
    let [a, b] = <[usize; 2]>::try_from(chosen).ok()?;
    let goal = format!("delete the rows of the {} and of the {}.", rows[b].1.item, rows[a].1.item);
    Some((goal, vec![delete_rows(&[rows[a].0, rows[b].0])]))
}

fn delete_sold(table: &Table, _: &mut Rng, _: &mut Names) -> Option<(String, Vec<Call>)> {
    let numbers: Vec<usize> = table.meant(|row| row.stock == 0).into_iter().map(|(number, _)| number).collect();
    let goal = "delete the row of every item of which nothing is in stock.".to_owned();
    (2..=3).contains(&numbers.len()).then(|| (goal, vec![delete_rows(&numbers)]))
}

fn raise(table: &Table, rng: &mut Rng, _: &mut Names) -> Option<(String, Vec<Call>)> {
    let (most, by) = (rng.between(5, 30) as i64, rng.between(2, 9) as i64);
    let rows = table.meant(|row| row.stock < most);
    let goal = format!("raise the price of every item of which fewer than {most} are in stock by {by}.");
    let raised = |(number, row): &(usize, &Row)| update(table.label(Column::Price, *number), row.price + by);
    (2..=3).contains(&rows.len()).then(|| (goal, rows.iter().map(raised).collect()))
}

fn worth(table: &Table, _: &mut Rng, _: &mut Names) -> Option<(String, Vec<Call>)> {
    let products = table.rows.iter().map(|row| json!(row.price * row.stock));
    let column: Vec<Json> = std::iter::once(json!("Worth")).chain(products).collect();
    let goal = "add a column \"Worth\" behind the last one, with price times stock for every item.".to_owned();
    Some((goal, vec![Call::new("insert_cols", [("values_list", json!([column])), ("col_idx", json!(4))])]))
}

fn total(table: &Table, _: &mut Rng, _: &mut Names) -> Option<(String, Vec<Call>)> {
    let cell = |row: usize| json!(table.label(Column::Stock, row));
    let goal = "write the stock of all items together into the cell below the last stock.".to_owned();
    let (start, end) = (("start_position", cell(2)), ("end_position", cell(table.last())));
    let result = ("result_position", cell(table.last() + 1));
    Some((goal, vec![Call::new("update_cell_by_formula", [start, end, ("operator", json!("SUM")), result])]))
}

/// Orders rows by a number and leaves the first three.
fn dearest(table: &Table, rng: &mut Rng, _: &mut Names) -> Option<(String, Vec<Call>)> {
    let (order, which) = if rng.chance(0.5) { ("asc", "lowest") } else { ("des", "highest") };
    let mut prices: Vec<i64> = table.rows.iter().map(|row| row.price).collect();
    prices.sort_unstable();
    prices.dedup();
    let goal = format!("sort the rows by the price, the {which} first, and delete all items but the first three.");
    let column = ("col_num", json!(table.place(Column::Price)));
    let sort = Call::new("sort_sheet_by_col", [column, ("order", json!(order))]);
    let rest: Vec<usize> = (5..=table.last()).collect();
    (prices.len() == table.rows.len()).then(|| (goal, vec![sort, delete_rows(&rest)]))
}
