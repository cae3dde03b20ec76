//! `results.csv`: one row a task of a variant, in the run's order; shares, not points.

use record::{Analysis, Fault, Paired, RunRecord, TaskSummary};

use crate::{Report, Tallies};

/// The columns; those from `left_out` on are empty for the dense variant.
const HEADER: &str = "capability,task,variant,n,failed,mean,mean_low,mean_high,no_call,malformed,\
                      hallucinated_tool,wrong_tool,wrong_argument,left_out,dense,compressed,delta,\
                      delta_low,delta_high,bound_low,bound_high,test,p,p_exact,p_holm,flips,harmful_flips,verdict,\
                      detectable,needed";

/// The CSV files of a report that need nothing but its numbers, by name: `results.csv`, and `columns.csv` where published
/// tables have columns for the run.
pub fn tables_csv(run: &RunRecord, analysis: &Analysis) -> Vec<(&'static str, String)> {
    let (weights, tallies) = (Default::default(), Tallies::default());
    let report = Report {
        run,
        analysis,
        weights: &weights,
        tallies: &tallies,
        examples: &[],
        explore: None,
        behaviors: &[],
        probes: None,
        blames: &[],
    };
    let mut files = vec![("results.csv", csv(&report))];
    if !analysis.columns.is_empty() {
        files.push(("columns.csv", columns(&report)));
    }
    files
}

/// The whole file, RFC 4180.
pub(crate) fn csv(report: &Report) -> String {
    let mut text = format!("{HEADER}\r\n");
    for task in report.tasks() {
        for summary in report.summaries(&task.task) {
            let mut cells = means(summary);
            let paired = report.paired(&summary.variant, &task.task);
            cells.extend(paired.map_or_else(|| vec![String::new(); 17], comparison));
            let cells: Vec<String> = cells.iter().map(|cell| quoted(cell)).collect();
            text.push_str(&cells.join(","));
            text.push_str("\r\n");
        }
    }
    text
}

/// `columns.csv`: the columns of published tables, in the tables' units; `generated` where twins were asked.
pub(crate) fn columns(report: &Report) -> String {
    let mut text = "table,column,variant,value,generated\r\n".to_owned();
    for value in &report.analysis.columns {
        let cells = [&value.table, &value.column, &value.variant].map(|cell| quoted(cell));
        text.push_str(&format!("{},{},{}\r\n", cells.join(","), value.value, value.generated));
    }
    text
}

fn means(summary: &TaskSummary) -> Vec<String> {
    let mut cells = vec![
        summary.capability.to_string(),
        summary.task.clone(),
        summary.variant.clone(),
        summary.n.to_string(),
        summary.failed.to_string(),
        summary.mean.to_string(),
        summary.interval.low.to_string(),
        summary.interval.high.to_string(),
    ];
    cells.extend(Fault::ALL.iter().map(|fault| summary.faults.get(fault).copied().unwrap_or(0).to_string()));
    cells
}

fn comparison(paired: &Paired) -> Vec<String> {
    vec![
        paired.left_out.to_string(),
        paired.dense.to_string(),
        paired.compressed.to_string(),
        paired.delta.to_string(),
        paired.interval.low.to_string(),
        paired.interval.high.to_string(),
        paired.bounds.low.to_string(),
        paired.bounds.high.to_string(),
        paired.test.to_string(),
        paired.p.to_string(),
        paired.p_exact.map(|p| p.to_string()).unwrap_or_default(),
        paired.p_holm.to_string(),
        paired.flips.to_string(),
        paired.harmful_flips.to_string(),
        paired.verdict.to_string(),
        paired.detectable.to_string(),
        paired.needed.map(|n| n.to_string()).unwrap_or_default(),
    ]
}

/// A cell in quotes where it needs them.
fn quoted(cell: &str) -> String {
    if cell.contains([',', '"', '\n', '\r']) { format!("\"{}\"", cell.replace('"', "\"\"")) } else { cell.to_owned() }
}
