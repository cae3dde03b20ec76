//! The tables of the paper (arXiv 2505.19433) as printed, and those of their rows that stand beside a run.
//!
//! What is doubtful about a row is found by rules, so that a reader can check them: a cell outside of 0 to 100; a row that
//! equals another of its model to the last digit; a model far under a compressed version of itself in many columns.

mod kind;
mod show;

use record::{ColumnValue, RunRecord};
use serde::Serialize;

use crate::{Report, ReportError};
use kind::Kind;
pub use show::{paper_markdown, paper_terminal};

/// A table as bundled.
struct Bundled {
    number: u8,
    /// What [`record::Column::table`] calls it.
    table: &'static str,
    /// What its numbers are multiplied by to be points of 100.
    scale: f64,
    text: &'static str,
}

macro_rules! bundled {
    ($($number:literal $table:literal $scale:literal $file:literal;)*) => {
        [$(Bundled {
            number: $number,
            table: $table,
            scale: $scale,
            text: include_str!(concat!("../../paper/", $file, ".csv")),
        }),*]
    };
}

const BUNDLED: [Bundled; 8] = bundled! {
    3 "LongBench" 1.0 "table3_longbench_quant";
    4 "LongBench" 1.0 "table4_longbench_sparse";
    5 "LongBench" 1.0 "table5_longbench_small";
    6 "LongGenBench" 1.0 "table6_longgenbench";
    7 "LongGenBench" 1.0 "table7_longgenbench_small";
    8 "T-Eval" 1.0 "table8_teval";
    9 "AgentBoard" 1.0 "table9_agentboard";
    10 "WorfBench" 100.0 "table10_worfbench_full";
};

/// Columns whose headings the paper interchanged (its script prints one under the heading of the other).
const INTERCHANGED: (&str, &str, &str) = ("T-Eval", "Instr-S", "Instr-J");
/// A model this many points under a compressed version of itself is doubtful ..
const UNDER: f64 = 10.0;
/// .. where that is so in this share of the columns.
const MANY: f64 = 0.25;

/// A row, printed or measured: a model under a compression.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct PaperRow {
    /// The number of the paper's table; `None` for a row of the run.
    pub number: Option<u8>,
    /// The model as printed; of the run: its name.
    pub model: String,
    /// The compression as printed; of the run: the variant's name.
    pub compression: String,
    /// By column, points of 100.
    pub values: Vec<Option<f64>>,
    /// By column, points of 100: how much that differs from the same model as it was before, where the tables have it.
    pub changes: Vec<Option<f64>>,
    /// What is doubtful about it.
    pub doubts: Vec<String>,
    #[serde(skip)]
    kind: Option<Kind>,
}

/// A table of a run with the paper's rows beside it.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct PaperTable {
    /// What the table is called here: `T-Eval`.
    pub table: &'static str,
    /// Its columns.
    pub columns: Vec<String>,
    /// The run's rows, then the paper's.
    pub rows: Vec<PaperRow>,
    /// Whether generated samples are in the run's rows, so that they are not comparable with what is printed.
    pub generated: bool,
}

/// The paper's tables, whole.
///
/// # Errors
/// A bundled table that cannot be read.
pub fn paper_tables() -> Result<Vec<PaperTable>, ReportError> {
    let mut tables: Vec<PaperTable> = Vec::new();
    for bundled in &BUNDLED {
        let (columns, rows) = read(bundled)?;
        match tables.iter_mut().find(|table| table.table == bundled.table) {
            Some(table) => table.add(&columns, rows),
            None => tables.push(PaperTable { table: bundled.table, columns, rows, generated: false }),
        }
    }
    for table in &mut tables {
        table.compare();
        table.doubt();
    }
    Ok(tables)
}

/// Those that a run has numbers for, each with the rows of its variants' compressions.
///
/// # Errors
/// A bundled table that cannot be read.
pub fn paper_beside(run: &RunRecord, values: &[ColumnValue]) -> Result<Vec<PaperTable>, ReportError> {
    let beside = paper_tables()?.into_iter().filter_map(|table| table.beside(run, values));
    Ok(beside.collect())
}

/// The same for what a page shows; a table that cannot be read is none.
pub(crate) fn beside(report: &Report) -> Vec<PaperTable> {
    paper_beside(report.run, &report.analysis.columns).unwrap_or_default()
}

fn read(bundled: &Bundled) -> Result<(Vec<String>, Vec<PaperRow>), ReportError> {
    let wrong = |error: csv::Error| ReportError::Paper { number: bundled.number, problem: error.to_string() };
    let mut reader = csv::ReaderBuilder::new().flexible(true).from_reader(bundled.text.as_bytes());
    let columns: Vec<String> = reader.headers().map_err(wrong)?.iter().skip(2).map(heading(bundled.table)).collect();
    let mut rows = Vec::new();
    for record in reader.records() {
        let record = record.map_err(wrong)?;
        let cell = |at: usize| record.get(at).unwrap_or_default().trim().to_owned();
        let number = |text: &str| text.trim().parse::<f64>().ok().map(|value| value * bundled.scale);
        let mut values: Vec<_> = record.iter().skip(2).map(number).collect();
        values.resize(columns.len(), None);
        rows.push(PaperRow {
            number: Some(bundled.number),
            model: cell(0),
            kind: Some(Kind::printed(&cell(1))),
            compression: cell(1),
            values,
            changes: Vec::new(),
            doubts: Vec::new(),
        });
    }
    Ok((columns, rows))
}

/// The heading under which a printed column belongs.
fn heading(table: &str) -> impl Fn(&str) -> String {
    let (of, one, other) = INTERCHANGED;
    let mistaken = table == of;
    move |printed| match printed {
        _ if mistaken && printed == one => other.to_owned(),
        _ if mistaken && printed == other => one.to_owned(),
        _ => printed.to_owned(),
    }
}

impl PaperTable {
    /// Adds the rows of another table of the same benchmark.
    fn add(&mut self, columns: &[String], rows: Vec<PaperRow>) {
        for column in columns.iter().filter(|column| !self.columns.contains(column)).cloned().collect::<Vec<_>>() {
            self.columns.push(column);
        }
        let places: Vec<_> = self.columns.iter().map(|column| columns.iter().position(|of| of == column)).collect();
        for row in &mut self.rows {
            row.values.resize(self.columns.len(), None);
        }
        self.rows.extend(rows.into_iter().map(|row| PaperRow {
            values: places.iter().map(|place| place.and_then(|at| row.values[at])).collect(),
            ..row
        }));
    }

    /// Finds what each row differs by from its model as it was before.
    fn compare(&mut self) {
        let before: Vec<_> = self.rows.iter().map(|row| self.before(row).cloned()).collect();
        for (row, before) in self.rows.iter_mut().zip(before) {
            let differ = |(at, value): (usize, &Option<f64>)| Some((*value)? - before.as_ref()?.values[at]?);
            row.changes = row.values.iter().enumerate().map(differ).collect();
        }
    }

    /// The row of the same model before it was compressed; none for such a row itself.
    fn before(&self, row: &PaperRow) -> Option<&PaperRow> {
        let same = |other: &&PaperRow| other.model == row.model && other.is_dense();
        (!row.is_dense()).then(|| self.rows.iter().find(same)).flatten()
    }

    fn doubt(&mut self) {
        let doubts: Vec<Vec<String>> = (0..self.rows.len()).map(|at| self.doubts(at)).collect();
        for (row, doubts) in self.rows.iter_mut().zip(doubts) {
            row.doubts = doubts;
        }
    }

    fn doubts(&self, at: usize) -> Vec<String> {
        let row = &self.rows[at];
        let mut doubts = Vec::new();
        let outside = |value: &Option<f64>| value.is_some_and(|value| !(0.0..=100.0).contains(&value));
        if let Some(column) = row.values.iter().position(outside) {
            doubts.push(format!("{} is outside of 0 to 100", self.columns[column]));
        }
        let others = || self.rows.iter().enumerate().filter(|(other, of)| *other != at && of.model == row.model);
        let nonzero = row.values.iter().flatten().any(|value| *value != 0.0);
        if let Some((_, same)) = others().find(|(other, of)| nonzero && *other < at && of.values == row.values) {
            doubts.push(format!("equal to {} in every column", same.compression));
        }
        let under = |of: &PaperRow| {
            let compared = row.values.iter().zip(&of.values);
            let gaps: Vec<f64> = compared.filter_map(|(mine, its)| Some((*its)? - (*mine)?)).collect();
            gaps.iter().filter(|gap| **gap > UNDER).count() as f64 > MANY * gaps.len() as f64
        };
        if let Some((_, better)) = others().find(|(_, of)| row.is_dense() && !of.is_dense() && under(of)) {
            doubts.push(format!("more than {UNDER} points under {} in many columns", better.compression));
        }
        doubts
    }

    /// What of it stands beside a run; `None` where the run has none of its columns.
    fn beside(self, run: &RunRecord, values: &[ColumnValue]) -> Option<Self> {
        let of = |variant: &str, column: &str| {
            let same =
                |value: &&ColumnValue| value.table == self.table && value.variant == variant && value.column == column;
            values.iter().find(same)
        };
        let places: Vec<usize> = (0..self.columns.len())
            .filter(|at| run.variants.iter().any(|variant| of(&variant.name, &self.columns[*at]).is_some()))
            .collect();
        let columns: Vec<String> = places.iter().map(|at| self.columns[*at].clone()).collect();
        let ours: Vec<PaperRow> = run
            .variants
            .iter()
            .map(|variant| PaperRow {
                number: None,
                model: run.model.name.clone(),
                compression: variant.name.clone(),
                values: columns.iter().map(|column| of(&variant.name, column).map(|value| value.value)).collect(),
                changes: Vec::new(),
                doubts: Vec::new(),
                kind: Kind::made(&variant.source),
            })
            .filter(|row| row.values.iter().any(Option::is_some))
            .collect();
        let generated = values.iter().any(|value| value.table == self.table && value.generated);
        let mut table = Self { table: self.table, columns, rows: ours, generated };
        table.compare();
        let pick = |from: &[Option<f64>]| places.iter().map(|at| from[*at]).collect();
        let alike = |row: &PaperRow| table.rows.iter().any(|own| own.kind == row.kind);
        // Models that the paper did not compress say nothing of what compression costs.
        let compressed = |model: &str| self.rows.iter().any(|row| row.model == model && !row.is_dense() && alike(row));
        let shown = self.rows.iter().filter(|row| alike(row) && compressed(&row.model));
        let printed: Vec<PaperRow> = shown
            .map(|row| PaperRow { values: pick(&row.values), changes: pick(&row.changes), ..row.clone() })
            .filter(|row| row.values.iter().any(Option::is_some))
            .collect();
        table.rows.extend(printed);
        (!places.is_empty()).then_some(table)
    }
}

impl PaperRow {
    fn is_dense(&self) -> bool {
        self.kind.as_ref().is_some_and(|kind| kind.method == "dense")
    }
}

#[cfg(test)]
mod tests;
