//! `results.tex`: tables for a paper, with booktabs and nothing else.

use record::{Analysis, DENSE, Interval, RunRecord, TaskSummary, Verdict};

use crate::wording;

/// The tables of a run: every task of every variant, and the decisions over several tasks. `\usepackage{booktabs}` is all
/// that they need.
pub fn latex(run: &RunRecord, analysis: &Analysis) -> String {
    let mut text = format!(
        "% {} by ACBench {}; points of 100; intervals are 95%. Needs \\usepackage{{booktabs}}.\n",
        one_line(&run.model.name),
        one_line(&run.version)
    );
    text.push_str(&tasks(run, analysis));
    text.push_str(&together(analysis));
    text
}

/// One row a variant of a task, a group a task.
fn tasks(run: &RunRecord, analysis: &Analysis) -> String {
    let mut rows = String::new();
    for task in &run.tasks {
        let of = || analysis.summaries.iter().filter(|one| one.task == task.task);
        for (at, summary) in of().enumerate() {
            if at == 0 {
                rows.push_str("\\midrule\n");
            }
            let name = if at == 0 { escaped(&task.task) } else { String::new() };
            rows.push_str(&format!("{name} & {} \\\\\n", row(summary, analysis).join(" & ")));
        }
    }
    let margin = wording::margin(analysis.margin);
    let caption = format!(
        "Scores and paired differences from the dense model, points of 100, with 95\\% intervals; margin of the verdicts \
         {margin} points."
    );
    table("llrrlll", "Task & Variant & $n$ & Score & & Difference & Verdict", &rows, &caption)
}

/// Variant, n, mean, its interval, the difference with its interval, the verdict.
fn row(summary: &TaskSummary, analysis: &Analysis) -> [String; 6] {
    let paired = analysis.paired.iter().find(|one| one.variant == summary.variant && one.task == summary.task);
    let [low, high] = [summary.interval.low, summary.interval.high].map(wording::percent);
    let (difference, verdict) = match paired {
        Some(paired) if paired.n > 0 => (difference(paired.delta, paired.interval), verdict(paired.verdict)),
        _ => ("--".to_owned(), "--".to_owned()),
    };
    let mean = if summary.n > 0 { wording::percent(summary.mean) } else { "--".to_owned() };
    let variant = if summary.variant == DENSE { "dense".to_owned() } else { escaped(&summary.variant) };
    [variant, summary.n.to_string(), mean, format!("[{low}, {high}]"), difference, verdict]
}

/// One row a variant and capability that has a decision, then all tasks together.
fn together(analysis: &Analysis) -> String {
    let mut rows = String::new();
    let mut add = |variant: &str, what: &str, found: &record::PooledDecision| {
        let cells = [
            escaped(variant),
            what.to_owned(),
            found.tasks.to_string(),
            difference(found.delta, found.interval),
            verdict(found.verdict),
        ];
        rows.push_str(&format!("{} \\\\\n", cells.join(" & ")));
    };
    for one in &analysis.capabilities {
        one.pooled.iter().for_each(|found| add(&one.variant, &wording::capability(one.capability), found));
    }
    analysis.overall.iter().for_each(|one| add(&one.variant, "all", &one.pooled));
    if rows.is_empty() {
        return String::new();
    }
    let caption = "Several tasks as one decision: each task counts alike.";
    let rows = format!("\\midrule\n{rows}");
    format!("\n{}", table("llrll", "Variant & Tasks & Number & Difference & Verdict", &rows, caption))
}

fn table(columns: &str, header: &str, rows: &str, caption: &str) -> String {
    format!(
        "\\begin{{table}}\n\\centering\n\\caption{{{caption}}}\n\\begin{{tabular}}{{{columns}}}\n\\toprule\n{header} \\\\\n\
         {rows}\\bottomrule\n\\end{{tabular}}\n\\end{{table}}\n"
    )
}

/// `$-1.3$ [$-2.1$, $+0.4$]`
fn difference(delta: f64, interval: Interval) -> String {
    let [delta, low, high] = [delta, interval.low, interval.high]
        .map(|share| format!("${}$", wording::points(share).replace('\u{2212}', "-")));
    format!("{delta} [{low}, {high}]")
}

fn verdict(verdict: Verdict) -> String {
    wording::word(verdict)
}

/// A text in which nothing is a command; what LaTeX's default fonts do not have is a question mark.
fn escaped(text: &str) -> String {
    let mut safe = String::new();
    for c in text.chars() {
        match c {
            '\\' => safe.push_str("\\textbackslash{}"),
            '~' => safe.push_str("\\textasciitilde{}"),
            '^' => safe.push_str("\\textasciicircum{}"),
            '<' => safe.push_str("\\textless{}"),
            '>' => safe.push_str("\\textgreater{}"),
            '&' | '%' | '$' | '#' | '_' | '{' | '}' => safe.extend(['\\', c]),
            c if c.is_control() => safe.push(' '),
            c if c.is_ascii() || c.is_alphanumeric() => safe.push(c),
            _ => safe.push('?'),
        }
    }
    safe
}

/// A text for a comment.
fn one_line(text: &str) -> String {
    wording::printable(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_in_a_name_is_a_command() {
        assert_eq!(escaped("a_b & \\input{x} 5%"), "a\\_b \\& \\textbackslash{}input\\{x\\} 5\\%");
        assert_eq!(escaped("~^<\n>é"), "\\textasciitilde{}\\textasciicircum{}\\textless{} \\textgreater{}é");
        assert_eq!(one_line("x\n\\end"), "x \\end");
    }

    #[test]
    fn differences_are_mathematics() {
        let interval = Interval { low: -0.021, high: 0.004 };
        assert_eq!(difference(-0.013, interval), "$-1.3$ [$-2.1$, $+0.4$]");
    }
}
