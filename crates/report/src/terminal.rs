//! The table that ends a command.

use comfy_table::presets::UTF8_FULL_CONDENSED;
use comfy_table::{Attribute, Cell, CellAlignment, Color, ContentArrangement, Table};
use record::{CapabilitySummary, DENSE, Paired, TaskSource, TaskSummary, Verdict};

use crate::Report;
use crate::fault::Faults;
use crate::form::Form;
use crate::published::Published;
use crate::repeats;
use crate::verdict::{bottom_line, floor, notes, verdicts};
use crate::wording;

/// A column of the table.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Column {
    Capability,
    Task,
    Variant,
    Samples,
    Dense,
    Compressed,
    Difference,
    Flips,
    P,
    Verdict,
    Sign,
}

use Column::{Capability, Compressed, Dense, Difference, Flips, P, Samples, Sign, Task, Variant, Verdict as Word};

/// What to show, from wide to narrow: the first that fits without breaking a line is taken, else the last.
const LAYOUTS: &[&[Column]] = &[
    &[Capability, Task, Variant, Samples, Dense, Compressed, Difference, Flips, P, Word],
    &[Task, Variant, Samples, Dense, Compressed, Difference, Flips, P, Word],
    &[Task, Variant, Dense, Compressed, Difference, P, Word],
    &[Task, Variant, Dense, Compressed, Difference, Word],
    &[Task, Variant, Difference, Word],
    &[Task, Variant, Difference, Sign],
];

/// The comparisons as a table no wider than `width` columns (at least 40), followed by one sentence a method. Escape
/// sequences for color only where `color` is true.
pub fn terminal(report: &Report, width: u16, color: bool) -> String {
    let width = width.max(40);
    let fits = |table: &Table| {
        let content = table.column_max_content_widths();
        content.iter().map(|column| usize::from(*column) + 3).sum::<usize>() < usize::from(width)
    };
    let mut table = Table::new();
    for layout in LAYOUTS {
        table = draw(report, layout);
        if fits(&table) {
            break;
        }
    }
    table.set_content_arrangement(ContentArrangement::Dynamic).set_width(width);
    if color {
        table.enforce_styling();
    } else {
        table.force_no_tty();
    }
    let mut text = format!("{table}\n");
    closing(report, usize::from(width), &mut text);
    text
}

/// The table in one layout. A task without comparison shows the dense mean.
fn draw(report: &Report, layout: &[Column]) -> Table {
    let mut table = Table::new();
    table.load_style(UTF8_FULL_CONDENSED);
    table.set_header(layout.iter().map(|column| Cell::new(title(*column)).add_attribute(Attribute::Bold)));
    let mut last = None;
    for task in report.tasks() {
        if last.replace(task.capability) != Some(task.capability) {
            let summaries = report.analysis.capabilities.iter().filter(|summary| summary.capability == task.capability);
            // The means of one task are that task's own.
            for (index, summary) in summaries.filter(|summary| summary.tasks > 1).enumerate() {
                table.add_row(layout.iter().map(|column| together(*column, summary, index == 0)));
            }
        }
        let compared: Vec<&Paired> = report.comparisons(&task.task).collect();
        for (index, paired) in compared.iter().enumerate() {
            let cell = |column: &Column| {
                // The task is named once, so that its variants are seen as a group.
                let named = index == 0 || !matches!(column, Capability | Task);
                if named { comparison(*column, task, paired) } else { Cell::new("") }
            };
            table.add_row(layout.iter().map(cell));
        }
        if let (true, Some(summary)) = (compared.is_empty(), report.summary(DENSE, &task.task)) {
            table.add_row(layout.iter().map(|column| alone(*column, task, summary)));
        }
    }
    table
}

fn title(column: Column) -> &'static str {
    match column {
        Capability => "capability",
        Task => "task",
        Variant => "variant",
        Samples => "n",
        Dense => "dense",
        Compressed => "compr.",
        Difference => "difference [95%]",
        Flips => "flips",
        P => "p",
        Word => "verdict",
        Sign => "",
    }
}

/// One cell of a comparison.
fn comparison(column: Column, task: &TaskSource, paired: &Paired) -> Cell {
    let color = match paired.verdict {
        Verdict::Holds => Color::Cyan,
        Verdict::Drops => Color::Red,
        Verdict::Inconclusive => Color::Yellow,
        Verdict::Floor => Color::Grey,
    };
    let measured = |text: String| number(if paired.n == 0 { "–".to_owned() } else { text });
    match column {
        Capability => Cell::new(wording::capability(task.capability)),
        Task => Cell::new(wording::printable(&task.task)),
        Variant => Cell::new(wording::printable(&paired.variant)),
        Samples => number(wording::count(paired.n)),
        Dense => measured(wording::percent(paired.dense)),
        Compressed => measured(wording::percent(paired.compressed)),
        Difference => measured(format!("{} {}", wording::points(paired.delta), wording::interval(paired.interval))),
        Flips => measured(format!("{}%", wording::percent(paired.flips))),
        P => measured(wording::p_value(paired.p)),
        Word => Cell::new(format!("{} {}", wording::sign(paired.verdict), wording::word(paired.verdict))).fg(color),
        Sign => Cell::new(wording::sign(paired.verdict)).fg(color),
    }
}

/// One cell of a capability's line: means over its tasks, and how many of them have which verdict.
fn together(column: Column, summary: &CapabilitySummary, first: bool) -> Cell {
    let bold = |text: String| Cell::new(text).add_attribute(Attribute::Bold);
    let verdicts = || {
        let signs = summary.verdicts.iter().map(|(verdict, count)| format!("{} {count}", wording::sign(*verdict)));
        signs.collect::<Vec<_>>().join(" ")
    };
    match column {
        Capability if first => bold(wording::capability(summary.capability)),
        Task if first => bold(format!("{}, mean of {}", wording::capability(summary.capability), summary.tasks)),
        Variant => bold(wording::printable(&summary.variant)),
        Dense => number(wording::percent(summary.dense)),
        Compressed => number(wording::percent(summary.compressed)),
        Difference => number(wording::points(summary.compressed - summary.dense)),
        P => number(summary.pooled.as_ref().map(|pooled| wording::p_value(pooled.p)).unwrap_or_default()),
        Word => Cell::new(summary.pooled.as_ref().map_or_else(verdicts, |pooled| {
            format!("{} {}", wording::sign(pooled.verdict), wording::word(pooled.verdict))
        })),
        _ => Cell::new(""),
    }
}

/// One cell of a task that only the dense model was asked.
fn alone(column: Column, task: &TaskSource, summary: &TaskSummary) -> Cell {
    match column {
        Capability => Cell::new(wording::capability(task.capability)),
        Task => Cell::new(wording::printable(&task.task)),
        Variant => Cell::new(DENSE),
        Samples => number(wording::count(summary.n)),
        Dense if summary.n > 0 => number(wording::percent(summary.mean)),
        _ => Cell::new(""),
    }
}

fn number(text: String) -> Cell {
    Cell::new(text).set_alignment(CellAlignment::Right)
}

/// The sentences under the table.
fn closing(report: &Report, width: usize, text: &mut String) {
    let failed: usize = report.analysis.summaries.iter().map(|summary| summary.failed).sum();
    let mut lines = vec![format!(
        "Points of 100; margin {}; flips are samples whose score changed.",
        wording::margin(report.analysis.margin)
    )];
    if failed > 0 {
        lines.push(format!("{} failed and left out of every mean.", wording::counted(failed, "sample")));
    }
    for table in Published::all(report) {
        for (variant, numbers) in &table.rows {
            let cells = table.columns.iter().zip(numbers).map(|(column, number)| format!("{column} {number}"));
            lines.push(format!("{}, {variant}: {}.", table.table, cells.collect::<Vec<_>>().join(", ")));
        }
    }
    lines.extend(repeats::sentences(report));
    lines.extend(Form::line(report));
    lines.extend(Faults::of(report).lines(report));
    for verdict in verdicts(report) {
        lines.push(format!("{} {}", wording::sign(verdict.worst()), verdict.sentence()));
        lines.extend(verdict.together());
    }
    lines.extend(floor(report));
    lines.push(bottom_line(report));
    lines.extend(notes(report));
    for line in lines {
        wrapped(&wording::printable(&line), width, text);
    }
}

/// Breaks a line between words.
pub(crate) fn wrapped(line: &str, width: usize, text: &mut String) {
    let mut column = 0;
    for word in line.split(' ') {
        let length = word.chars().count();
        if column > 0 && column + 1 + length > width {
            text.push('\n');
            column = 0;
        } else if column > 0 {
            text.push(' ');
            column += 1;
        }
        text.push_str(word);
        column += length;
    }
    text.push('\n');
}
