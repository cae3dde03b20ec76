//! The paper's tables in a terminal and in Markdown.

use super::{PaperRow, PaperTable};
use crate::table::{markdown, sentences, table};
use crate::wording;

/// The tables for a terminal: as many columns side by side as fit, the rest below.
pub fn paper_terminal(tables: &[PaperTable], width: u16) -> String {
    let mut text = String::new();
    for of in tables {
        text.push_str(&format!("{}\n\n", of.table));
        let names: Vec<String> = of.rows.iter().map(PaperRow::name).collect();
        let longest = names.iter().map(|name| name.chars().count()).max().unwrap_or_default();
        let fit = usize::from(width).saturating_sub(longest + 4) / CELL;
        for from in (0..of.columns.len()).step_by(fit.max(1)) {
            let shown = from..of.columns.len().min(from + fit.max(1));
            let numbers: Vec<&str> = of.columns[shown.clone()].iter().map(String::as_str).collect();
            let rows = names.iter().zip(&of.rows);
            let rows: Vec<_> =
                rows.map(|(name, row)| [std::slice::from_ref(name), &row.cells()[shown.clone()]].concat()).collect();
            text.push_str(&table(&[&[""], numbers.as_slice()].concat(), &rows, &numbers, width));
        }
        text.push_str(&sentences(&of.notes(), width));
        text.push('\n');
    }
    text
}

/// The tables in Markdown.
pub fn paper_markdown(tables: &[PaperTable]) -> String {
    let mut text = String::new();
    for of in tables {
        let numbers: Vec<&str> = of.columns.iter().map(String::as_str).collect();
        let rows = of.rows.iter();
        let rows: Vec<_> = rows
            .map(|row| {
                [row.origin(), row.model().to_owned(), row.compression.clone()].into_iter().chain(row.cells()).collect()
            })
            .collect();
        let header = [&["from", "model", "compression"], numbers.as_slice()].concat();
        text.push_str(&format!("{}\n\n{}\n", of.table, markdown(&header, &rows, &numbers)));
        for note in of.notes() {
            text.push_str(&format!("{}\n\n", crate::markdown::plain(&note)));
        }
    }
    text
}

/// Characters that a cell of a terminal's table takes: `100.0 (−100.0)` and its border.
const CELL: usize = 17;

impl PaperTable {
    /// What to know of it, a sentence each.
    pub(crate) fn notes(&self) -> Vec<String> {
        let mut notes = vec![format!(
            "Points of 100; in brackets the change from the same model uncompressed. The paper (arXiv 2505.19433) has no \
             interval and does not say how often it measured{}.",
            if self.table == "T-Eval" {
                "; it prints Instr-S and Instr-J interchanged, here each is under its own"
            } else {
                ""
            }
        )];
        if self.generated {
            notes.push("The run's rows are of generated samples: compare changes, not levels.".to_owned());
        }
        for row in self.rows.iter().filter(|row| !row.doubts.is_empty()) {
            notes.push(format!("Doubtful: {} {}: {}.", row.model, row.compression, row.doubts.join("; ")));
        }
        notes
    }
}

impl PaperRow {
    /// Where it is from: `Table 8`, `this run`.
    pub(crate) fn origin(&self) -> String {
        self.number.map_or_else(|| "this run".to_owned(), |number| format!("Table {number}"))
    }

    /// Its numbers: `46.5 (−4.5)`.
    pub(crate) fn cells(&self) -> Vec<String> {
        let cell = |(value, change): (&Option<f64>, &Option<f64>)| {
            let Some(value) = value else { return "–".to_owned() };
            let changed = change.map(|change| format!(" ({})", wording::points(change / 100.0)));
            wording::percent(value / 100.0) + &changed.unwrap_or_default()
        };
        self.values.iter().zip(&self.changes).map(cell).collect()
    }

    /// `Table 8 Qwen2.5-7B GPTQ`; `this run gptq-w4-g128`, since all its rows are of one model.
    fn name(&self) -> String {
        match self.number {
            Some(_) => format!("{} {} {}", self.origin(), self.model, self.compression),
            None => format!("{} {}", self.origin(), self.compression),
        }
    }

    /// The model without the folders above it.
    fn model(&self) -> &str {
        self.model.rsplit('/').next().unwrap_or(&self.model)
    }
}
