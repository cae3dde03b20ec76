//! `report.md`: the verdicts and the table, for a pull request or a model card.

use record::WeightsRecord;

use crate::Report;
use crate::fault::{Faults, number};
use crate::form::Form;
use crate::published::Published;
use crate::verdict::{bottom_line, floor, notes, verdicts};
use crate::wording;

/// The whole file.
pub(crate) fn markdown(report: &Report) -> String {
    let mut text = format!("# ACBench: what compression costs {}\n\n", plain(&report.run.model.name));
    text.push_str(&format!("**{}**\n\n", plain(&bottom_line(report))));
    for verdict in verdicts(report) {
        text.push_str(&format!("- {}\n", plain(&verdict.sentence())));
    }
    if let Some(floor) = floor(report) {
        text.push_str(&format!("\n{}\n", plain(&floor)));
    }
    text.push('\n');
    for note in notes(report) {
        text.push_str(&format!("> {}\n>\n", plain(&note)));
    }
    text.push_str(&format!(
        "\nScores and differences are in points of 100; intervals are 95%; the margin is {} points; scoring is {}.\n\n",
        wording::margin(report.analysis.margin),
        report.run.scoring,
    ));
    text.push_str("| capability | task | variant | n | dense | compressed | difference | flips (harmful) | p (Holm) | verdict |\n");
    text.push_str("|---|---|---|--:|--:|--:|--:|--:|--:|---|\n");
    for task in report.tasks() {
        for variant in report.compressed() {
            let Some(paired) = report.paired(variant, &task.task) else { continue };
            text.push_str(&format!(
                "| {} | {} | {} | {} | {} | {} | {} {} | {} ({}) | {} ({}) | {} {} |\n",
                wording::capability(task.capability),
                plain(&task.task),
                plain(variant),
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
            ));
        }
    }
    published(report, &mut text);
    form(report, &mut text);
    mistakes(report, &mut text);
    compression(report, &mut text);
    text
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
        let counts: Vec<String> = kinds.iter().map(|kind| number(summary, *kind).to_string()).collect();
        let (task, variant) = (plain(&summary.task), plain(&summary.variant));
        text.push_str(&format!("| {task} | {variant} | {} | {} |\n", summary.n, counts.join(" | ")));
    }
}

fn compression(report: &Report, text: &mut String) {
    if report.weights.is_empty() {
        return;
    }
    text.push_str(
        "\n| variant | method | settings | bits a weight | whole checkpoint | zeros |\n|---|---|---|--:|--:|--:|\n",
    );
    for variant in report.compressed() {
        let Some(record) = report.weights.get(variant) else { continue };
        let (method, settings, bits, whole, sparsity) = match record {
            WeightsRecord::Compressed(made) => {
                let settings = wording::settings(&made.settings);
                (made.method.clone(), settings, made.effective_bits, made.checkpoint_bits, made.sparsity)
            }
            WeightsRecord::Found(found) => {
                let method = format!("ready-made, {}", found.format);
                (method, wording::linears(found), found.linear_bits, found.checkpoint_bits, found.sparsity)
            }
        };
        text.push_str(&format!(
            "| {} | {} | {} | {bits:.2} | {whole:.2} | {}% |\n",
            plain(variant),
            plain(&method),
            plain(&settings.join(", ")),
            wording::percent(sparsity),
        ));
    }
}

/// Text that cannot end a table cell or begin markup.
fn plain(text: &str) -> String {
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
