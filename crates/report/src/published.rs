//! The columns of published tables, laid out: a table of its own each, a row a variant.

use record::ColumnValue;

use crate::Report;
use crate::wording;

/// One published table.
pub(crate) struct Published<'a> {
    /// Its name: `T-Eval`.
    pub table: &'a str,
    /// The columns that some variant has, in the table's order.
    pub columns: Vec<&'a str>,
    /// Each variant with its numbers as they are printed; a dash where there is none.
    pub rows: Vec<(&'a str, Vec<String>)>,
    /// Whether generated samples are in it.
    pub generated: bool,
}

impl<'a> Published<'a> {
    /// All tables of a report.
    pub fn all(report: &Report<'a>) -> Vec<Self> {
        let values = &report.analysis.columns;
        let mut tables: Vec<&str> = Vec::new();
        for value in values {
            if !tables.contains(&value.table.as_str()) {
                tables.push(&value.table);
            }
        }
        tables.into_iter().map(|table| Self::of(table, values, report)).collect()
    }

    fn of(table: &'a str, values: &'a [ColumnValue], report: &Report<'a>) -> Self {
        let mine: Vec<&ColumnValue> = values.iter().filter(|value| value.table == table).collect();
        let mut columns: Vec<&str> = Vec::new();
        for value in &mine {
            if !columns.contains(&value.column.as_str()) {
                columns.push(&value.column);
            }
        }
        let number = |variant: &str, column: &str| {
            let found = mine.iter().find(|value| value.variant == variant && value.column == column);
            found.map_or_else(|| "–".to_owned(), |value| wording::percent(value.value / 100.0))
        };
        let variants = report.run.variants.iter().map(|variant| variant.name.as_str());
        let variants = variants.filter(|variant| mine.iter().any(|value| value.variant == *variant));
        let rows = variants.map(|name| (name, columns.iter().map(|column| number(name, column)).collect())).collect();
        Self { table, columns, rows, generated: mine.iter().any(|value| value.generated) }
    }
}
