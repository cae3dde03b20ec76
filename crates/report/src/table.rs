//! Tables and sentences of the commands that show no run's report.

use comfy_table::presets::UTF8_FULL_CONDENSED;
use comfy_table::{Attribute, Cell, CellAlignment, ContentArrangement, Table};

use crate::wording;

/// A table for the terminal, no wider than `width` columns; the columns named in `right` stand to the right.
pub(crate) fn table(header: &[&str], rows: &[Vec<String>], right: &[&str], width: u16) -> String {
    let mut table = Table::new();
    table.load_style(UTF8_FULL_CONDENSED);
    table.set_header(header.iter().map(|title| Cell::new(title).add_attribute(Attribute::Bold)));
    for row in rows {
        table.add_row(header.iter().zip(row).map(|(title, text)| {
            let cell = Cell::new(wording::printable(text));
            if right.contains(title) { cell.set_alignment(CellAlignment::Right) } else { cell }
        }));
    }
    table.set_content_arrangement(ContentArrangement::Dynamic).set_width(width.max(40));
    table.force_no_tty();
    format!("{table}\n")
}

/// The same table in Markdown.
pub(crate) fn markdown(header: &[&str], rows: &[Vec<String>], right: &[&str]) -> String {
    let rule: Vec<&str> = header.iter().map(|title| if right.contains(title) { "--:" } else { "---" }).collect();
    let mut text = format!("| {} |\n|{}|\n", header.join(" | "), rule.join("|"));
    for row in rows {
        let cells: Vec<String> = row.iter().map(|cell| crate::markdown::plain(cell)).collect();
        text.push_str(&format!("| {} |\n", cells.join(" | ")));
    }
    text
}

/// Sentences, each on lines of its own.
pub(crate) fn sentences(lines: &[String], width: u16) -> String {
    let mut text = String::new();
    for line in lines {
        crate::terminal::wrapped(&wording::printable(line), usize::from(width.max(40)), &mut text);
    }
    text
}
