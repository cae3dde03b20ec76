//! Two logs beside each other: the table and the sentences of `compare`.

use record::{Compared, Comparison, Difference, LogName};

use crate::markdown::plain;
use crate::table::{markdown, sentences, table};
use crate::wording;

const HEADER: [&str; 8] = ["task", "n", "A", "B", "B − A [95%]", "flips", "p (Holm)", "verdict"];
const RIGHT: [&str; 6] = ["n", "A", "B", "B − A [95%]", "flips", "p (Holm)"];

/// The comparison for a terminal of `width` columns.
pub fn comparison_terminal(comparison: &Comparison, width: u16) -> String {
    let mut text = sentences(&[side("A", &comparison.a), side("B", &comparison.b)], width);
    if !comparison.compared.is_empty() {
        text.push_str(&table(&HEADER, &rows(comparison), &RIGHT, width));
        text.push_str(&sentences(&details(comparison), width));
    }
    let warnings: Vec<String> = warnings(comparison).into_iter().map(|line| format!("Warning: {line}")).collect();
    text + &sentences(&warnings, width) + &sentences(&refused(comparison), width)
}

/// The comparison as Markdown.
pub fn comparison_markdown(comparison: &Comparison) -> String {
    let mut text = format!(
        "# ACBench: two logs, item by item\n\n- {}\n- {}\n",
        plain(&side("A", &comparison.a)),
        plain(&side("B", &comparison.b))
    );
    if !comparison.compared.is_empty() {
        text.push_str(&format!("\n{}\n", markdown(&HEADER, &rows(comparison), &RIGHT)));
        details(comparison).iter().for_each(|line| text.push_str(&format!("- {}\n", plain(line))));
    }
    text.push('\n');
    warnings(comparison).iter().for_each(|line| text.push_str(&format!("> Warning: {}\n>\n", plain(line))));
    refused(comparison).iter().for_each(|line| text.push_str(&format!("- **{}**\n", plain(line))));
    text
}

fn side(name: &str, log: &LogName) -> String {
    format!("{name}: {} ({}, {})", log.model, log.source, log.path)
}

fn rows(comparison: &Comparison) -> Vec<Vec<String>> {
    let row = |one: &Compared| {
        let [n, a, b, delta, flips, verdict] = cells(&one.paired);
        vec![one.name(), n, a, b, delta, flips, wording::p_value(one.p_holm), verdict]
    };
    comparison.compared.iter().map(row).collect()
}

/// n, A, B, difference, flips, verdict.
fn cells(found: &Difference) -> [String; 6] {
    [
        wording::count(found.n),
        wording::percent(found.a),
        wording::percent(found.b),
        format!("{} {}", wording::points(found.delta), wording::interval(found.interval)),
        format!("{}%", wording::percent(found.flips)),
        format!("{} {}", wording::sign(found.verdict), wording::word(found.verdict)),
    ]
}

/// What the table has no column for.
fn details(comparison: &Comparison) -> Vec<String> {
    let mut lines = vec![format!(
        "Points of 100; margin {}; flips are items whose score changed.",
        wording::margin(comparison.margin)
    )];
    for one in &comparison.compared {
        lines.extend(errors(one));
        if let Some(epochs) = &one.epochs {
            lines.push(format!(
                "{}: {} items with several answers each, so that the interval is over items: A is higher on {}, B on {}, \
                 equal on {}.",
                one.name(),
                wording::count(epochs.n),
                epochs.a_higher,
                epochs.b_higher,
                epochs.equal
            ));
        }
        if let Some(needed) = one.paired.needed {
            let needed = wording::about(needed);
            lines.push(format!(
                "{}: about {needed} items would decide (has {}).",
                one.name(),
                wording::count(one.paired.n)
            ));
        }
    }
    lines
}

/// Items without a score: left out in the table, wrong in this line.
fn errors(one: &Compared) -> Option<String> {
    let wrong = one.errors_wrong.as_ref()?;
    let [n, a, b, delta, _, verdict] = cells(wrong);
    Some(format!(
        "{}: {} without a score (A {}, B {}) left out; counted as wrong: n {n}, A {a}, B {b}, {delta}, {verdict}.",
        one.name(),
        wording::counted(one.paired.left_out, "item"),
        one.failed_a.len(),
        one.failed_b.len(),
    ))
}

fn warnings(comparison: &Comparison) -> Vec<String> {
    let mut all = comparison.warnings.clone();
    // What is the same for several tasks is said once.
    for warning in comparison.compared.iter().flat_map(|one| &one.warnings) {
        let whose: Vec<String> =
            comparison.compared.iter().filter(|one| one.warnings.contains(warning)).map(Compared::name).collect();
        let line = format!("{}: {warning}", whose.join(", "));
        if !all.contains(&line) {
            all.push(line);
        }
    }
    all
}

fn refused(comparison: &Comparison) -> Vec<String> {
    comparison.not_comparable.iter().map(|one| format!("NOT COMPARABLE {}: {}.", one.name, one.why)).collect()
}
