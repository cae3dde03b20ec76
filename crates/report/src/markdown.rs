//! `report.md`: the verdicts and the table, for a pull request or a model card.

use record::Paired;

use crate::Report;
use crate::fault::{Faults, replies};
use crate::form::Form;
use crate::published::Published;
use crate::repeats;
use crate::stored::Stored;
use crate::tally::{Served, served_calls};
use crate::verdict::{bottom_line, floor, notes, verdicts};
use crate::wording;

/// The whole file.
pub(crate) fn markdown(report: &Report) -> String {
    let mut text = format!("# ACBench: what compression costs {}\n\n", plain(&report.run.model.name));
    opening(report, &mut text);
    comparisons(report, &mut text);
    published(report, &mut text);
    beside(report, &mut text);
    repeated(report, &mut text);
    form(report, &mut text);
    mistakes(report, &mut text);
    served(report, &mut text);
    compression(report, &mut text);
    text
}

/// What a person can act on, and what the numbers are not.
fn opening(report: &Report, text: &mut String) {
    text.push_str(&format!("**{}**\n\n", plain(&bottom_line(report))));
    for verdict in verdicts(report) {
        let together = verdict.together().map(|together| format!(" {together}")).unwrap_or_default();
        text.push_str(&format!("- {}{together}\n", plain(&verdict.sentence())));
    }
    if let Some(floor) = floor(report) {
        text.push_str(&format!("\n{}\n", plain(&floor)));
    }
    text.push('\n');
    for note in notes(report) {
        text.push_str(&format!("> {}\n>\n", plain(&note)));
    }
}

/// Every task of every compressed variant.
fn comparisons(report: &Report, text: &mut String) {
    text.push_str(&format!(
        "\nScores and differences are in points of 100; intervals are 95%; the margin is {} points; scoring is {}{}.\n\n",
        wording::margin(report.analysis.margin),
        report.run.scoring,
        wording::activations(report.run.activations),
    ));
    text.push_str("| capability | task | variant | n | dense | compressed | difference | flips (harmful) | p (Holm) | verdict |\n");
    text.push_str("|---|---|---|--:|--:|--:|--:|--:|--:|---|\n");
    for paired in report.tasks().flat_map(|task| report.comparisons(&task.task)) {
        text.push_str(&comparison(paired));
    }
}

fn comparison(paired: &Paired) -> String {
    format!(
        "| {} | {} | {} | {} | {} | {} | {} {} | {} ({}) | {} ({}) | {} {} |\n",
        wording::capability(paired.capability),
        plain(&paired.task),
        plain(&paired.variant),
        paired.n,
        wording::percent(paired.dense),
        wording::percent(paired.compressed),
        wording::points(paired.delta),
        wording::interval(paired.interval),
        wording::percent(paired.flips),
        wording::percent(paired.harmful_flips),
        wording::p_value(paired.p),
        wording::p_value(paired.p_holm),
        wording::sign(paired.verdict),
        wording::word(paired.verdict),
    )
}

/// The columns of published tables.
fn published(report: &Report, text: &mut String) {
    for table in Published::all(report) {
        let columns: Vec<String> = table.columns.iter().map(|column| plain(column)).collect();
        text.push_str(&format!("\n{}:\n\n| variant | {} |\n", plain(table.table), columns.join(" | ")));
        text.push_str(&format!("|---|{}\n", "--:|".repeat(columns.len())));
        for (variant, numbers) in &table.rows {
            text.push_str(&format!("| {} | {} |\n", plain(variant), numbers.join(" | ")));
        }
    }
}

/// The paper's rows of the same compressions.
fn beside(report: &Report, text: &mut String) {
    let tables = crate::paper::beside(report);
    if !tables.is_empty() {
        text.push_str(&format!("\nBeside the paper: {}", crate::paper_markdown(&tables)));
    }
}

/// Samples that were asked several times.
fn repeated(report: &Report, text: &mut String) {
    let rows = repeats::rows(report);
    if !rows.is_empty() {
        let table = crate::table::markdown(&repeats::HEADINGS, &rows, &repeats::HEADINGS[2..]);
        text.push_str(&format!("\n{}\n\n{table}", repeats::MEANING));
    }
}

/// How many replies have the asked form, and how many can be read in any.
fn form(report: &Report, text: &mut String) {
    let rows = Form::of(report);
    if rows.is_empty() {
        return;
    }
    text.push_str("\n| task | variant | asked form | readable | score of readable |\n|---|---|--:|--:|--:|\n");
    for Form { summary, asked, read, content } in rows {
        let (task, variant) = (plain(&summary.task), plain(&summary.variant));
        let numbers = [asked, read, content].map(wording::percent).join(" | ");
        text.push_str(&format!("| {task} | {variant} | {numbers} |\n"));
    }
}

/// Replies by kind of mistake.
fn mistakes(report: &Report, text: &mut String) {
    let Faults { kinds, rows } = Faults::of(report);
    if rows.is_empty() {
        return;
    }
    let names: Vec<String> = kinds.iter().map(ToString::to_string).collect();
    text.push_str(&format!("\nReplies by kind of mistake:\n\n| task | variant | n | {} |\n", names.join(" | ")));
    text.push_str(&format!("|---|---|--:|{}\n", "--:|".repeat(kinds.len())));
    for summary in rows {
        let counts: Vec<String> = kinds.iter().map(|kind| replies(summary, *kind).to_string()).collect();
        let (task, variant) = (plain(&summary.task), plain(&summary.variant));
        text.push_str(&format!("| {task} | {variant} | {} | {} |\n", summary.n, counts.join(" | ")));
    }
}

/// What servers made of the calls that models wrote.
fn served(report: &Report, text: &mut String) {
    let rows: Vec<_> = served_calls(report).collect();
    if rows.is_empty() {
        return;
    }
    text.push_str("\nCalls as models wrote them, and as their servers gave them:\n\n");
    text.push_str("| task | variant | replies with calls | given otherwise | calls written | lost | added |\n");
    text.push_str("|---|---|--:|--:|--:|--:|--:|\n");
    for (task, variant, served) in rows {
        let Served { replies, differing, written, lost, added, .. } = served;
        let (task, variant) = (plain(task), plain(variant));
        text.push_str(&format!("| {task} | {variant} | {replies} | {differing} | {written} | {lost} | {added} |\n"));
    }
}

/// How the weights are stored.
fn compression(report: &Report, text: &mut String) {
    if report.weights.is_empty() {
        return;
    }
    text.push_str(
        "\n| variant | method | settings | bits a weight | whole checkpoint | zeros |\n|---|---|---|--:|--:|--:|\n",
    );
    for (variant, weights) in report.stored() {
        let stored = Stored::of(weights);
        text.push_str(&format!(
            "| {} | {} | {} | {:.2} | {:.2} | {}% |\n",
            plain(variant),
            plain(&stored.method),
            plain(&stored.settings.join(", ")),
            stored.bits,
            stored.checkpoint_bits,
            wording::percent(stored.sparsity),
        ));
    }
}

/// Text that cannot end a table cell or begin markup.
pub(crate) fn plain(text: &str) -> String {
    let mut safe = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '|' | '`' | '*' | '_' | '[' | ']' | '\\' | '#' => {
                safe.push('\\');
                safe.push(c);
            }
            '<' => safe.push_str("&lt;"),
            c if c.is_control() => safe.push(' '),
            c => safe.push(c),
        }
    }
    safe
}
