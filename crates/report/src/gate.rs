//! A run against a budget, and what samples can show: tables, JUnit XML and Markdown.

use record::{Gate, Gated, SamplePlan};

use crate::markdown::plain;
use crate::table::{markdown, sentences, table};
use crate::wording;

const HEADER: [&str; 7] = ["task", "variant", "n", "difference", "margin", "verdict", "budget"];
const RIGHT: [&str; 3] = ["n", "difference", "margin"];
const SIZES: [&str; 3] = ["flips", "samples for the margin", "smallest drop"];
const TASKS: [&str; 6] = ["task", "variant", "n", "flips", "smallest drop", "samples for the margin"];

/// The table for a terminal of `width` columns.
pub fn gate_terminal(gate: &Gate, width: u16) -> String {
    let mut lines = vec![bottom_line(gate)];
    lines.extend(broken(gate));
    table(&HEADER, &rows(gate), &RIGHT, width) + &sentences(&lines, width)
}

/// The table as Markdown, for a CI's page.
pub fn gate_markdown(gate: &Gate) -> String {
    let mut text = format!("## ACBench: {}\n\n{}\n", plain(&bottom_line(gate)), markdown(&HEADER, &rows(gate), &RIGHT));
    broken(gate).iter().for_each(|line| text.push_str(&format!("- {}\n", plain(line))));
    text
}

/// JUnit XML: a test suite a variant, a test case a task.
pub fn junit(gate: &Gate) -> String {
    let variants = gate.rows.iter().fold(Vec::new(), |mut all: Vec<&str>, row| {
        if !all.contains(&row.variant.as_str()) {
            all.push(&row.variant);
        }
        all
    });
    let failures = |rows: &[&Gated]| rows.iter().filter(|row| !row.within()).count();
    let all: Vec<&Gated> = gate.rows.iter().collect();
    let mut text = String::from("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n");
    text.push_str(&format!("<testsuites name=\"acbench\" tests=\"{}\" failures=\"{}\">\n", all.len(), failures(&all)));
    for variant in variants {
        let of: Vec<&Gated> = gate.rows.iter().filter(|row| row.variant == variant).collect();
        let (name, tests, failed) = (xml(variant), of.len(), failures(&of));
        text.push_str(&format!("  <testsuite name=\"{name}\" tests=\"{tests}\" failures=\"{failed}\">\n"));
        of.iter().for_each(|row| text.push_str(&case(row)));
        text.push_str("  </testsuite>\n");
    }
    text + "</testsuites>\n"
}

fn case(row: &Gated) -> String {
    let open = format!("    <testcase classname=\"{}\" name=\"{}\"", xml(&row.variant), xml(&row.task));
    if row.within() {
        return format!("{open}/>\n");
    }
    let why: Vec<String> = row.broken().map(|check| format!("{}: found {}", check.demand, check.found)).collect();
    format!("{open}>\n      <failure message=\"{}\"/>\n    </testcase>\n", xml(&why.join("; ")))
}

/// Text for an attribute; characters that XML does not have are shown as a sign.
fn xml(text: &str) -> String {
    let mut safe = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => safe.push_str("&amp;"),
            '<' => safe.push_str("&lt;"),
            '>' => safe.push_str("&gt;"),
            '"' => safe.push_str("&quot;"),
            c if c.is_control() || matches!(c, '\u{FFFE}' | '\u{FFFF}') => safe.push('\u{FFFD}'),
            c => safe.push(c),
        }
    }
    safe
}

fn rows(gate: &Gate) -> Vec<Vec<String>> {
    let row = |row: &Gated| {
        let budget = if row.within() { "within".to_owned() } else { "BROKEN".to_owned() };
        let delta = if row.n == 0 { "–".to_owned() } else { wording::points(row.delta) };
        let verdict = format!("{} {}", wording::sign(row.verdict), wording::word(row.verdict));
        let margin = wording::margin(row.margin);
        vec![row.task.clone(), row.variant.clone(), wording::count(row.n), delta, margin, verdict, budget]
    };
    gate.rows.iter().map(row).collect()
}

fn bottom_line(gate: &Gate) -> String {
    let broken = gate.rows.iter().filter(|row| !row.within()).count();
    let all = wording::counted(gate.rows.len(), "comparison");
    if gate.within {
        format!("Within the budget: {all}.")
    } else {
        format!("The budget is broken by {broken} of {all}.")
    }
}

fn broken(gate: &Gate) -> Vec<String> {
    let lines = gate.rows.iter().flat_map(|row| {
        row.broken().map(|check| format!("{}, {}: {} (found {})", row.variant, row.task, check.demand, check.found))
    });
    lines.collect()
}

/// How many samples a margin needs, for a terminal of `width` columns.
pub fn samples_terminal(plan: &SamplePlan, width: u16) -> String {
    let margin = wording::margin(plan.margin);
    let asked = plan.samples.map(|n| format!("smallest drop that {} samples show", wording::count(n)));
    let title = asked.unwrap_or_default();
    let header: Vec<&str> = match plan.samples {
        Some(_) => vec![SIZES[0], SIZES[1], &title],
        None => SIZES[..2].to_vec(),
    };
    let sizes: Vec<Vec<String>> = plan
        .sizes
        .iter()
        .map(|size| {
            let mut row = vec![format!("{}%", wording::percent(size.flips)), wording::count(size.needed)];
            row.extend(size.detectable.map(wording::percent));
            row
        })
        .collect();
    let mut text = sentences(
        &[format!(
            "Paired samples that show a drop of {margin} points, 80 times of 100 at p < 0.05, by the share of answers that \
             change (Connor 1987):"
        )],
        width,
    );
    text.push_str(&table(&header, &sizes, &header, width));
    if !plan.tasks.is_empty() {
        text.push_str(&sentences(
            &["What the samples of the run can show, at the flips that were seen:".to_owned()],
            width,
        ));
        text.push_str(&table(&TASKS, &tasks(plan), &TASKS[2..], width));
    }
    text
}

fn tasks(plan: &SamplePlan) -> Vec<Vec<String>> {
    let row = |task: &record::TaskSize| {
        let flips = format!("{}%", wording::percent(task.flips));
        let needed = if task.needed <= task.n { "enough".to_owned() } else { wording::about(task.needed) };
        let drop = wording::percent(task.detectable);
        vec![task.task.clone(), task.variant.clone(), wording::count(task.n), flips, drop, needed]
    };
    plan.tasks.iter().map(row).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use record::{Capability, Check, Verdict};

    #[test]
    fn junit_is_xml_whatever_the_names_are() {
        let check = Check { demand: "verdict = \"holds\"".into(), found: "<drops> & \u{1b}".into(), met: false };
        let row = Gated {
            variant: "a\"b".into(),
            task: "t".into(),
            capability: Capability::ToolUse,
            margin: 0.03,
            n: 4,
            delta: -0.5,
            verdict: Verdict::Drops,
            checks: vec![check],
        };
        let gate = Gate { run: "r".into(), budget: "b".into(), within: false, rows: vec![row] };
        let text = junit(&gate);
        assert!(text.contains("tests=\"1\" failures=\"1\"") && text.contains("name=\"a&quot;b\""), "{text}");
        assert!(text.contains("verdict = &quot;holds&quot;: found &lt;drops&gt; &amp; \u{FFFD}"), "{text}");
        assert!(gate_terminal(&gate, 100).contains("broken by 1 of 1 comparison"));
        assert!(gate_markdown(&gate).contains("BROKEN"));
    }
}
