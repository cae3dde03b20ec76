//! The columns of published tables, and replies by kind of mistake.

use record::DENSE;

use super::table;
use crate::Report;
use crate::fault::{Faults, number};
use crate::published::Published;
use crate::wording::{self, escaped};

/// A table for each published one that the run has numbers for.
pub(super) fn published(report: &Report) -> String {
    let tables: String = Published::all(report).iter().map(one).collect();
    match tables.is_empty() {
        true => tables,
        false => format!("<p>Means over all finished samples, in the units of the published tables.</p>{tables}"),
    }
}

fn one(published: &Published) -> String {
    let heads =
        published.columns.iter().map(|column| format!("<th scope=\"col\" class=\"n\">{}</th>", escaped(column)));
    let head = format!("<th scope=\"col\">Variant</th>{}", heads.collect::<String>());
    let rows: String = published.rows.iter().map(|(variant, numbers)| row(variant, numbers)).collect();
    format!("<h3>{}</h3>{}", escaped(published.table), table(published.table, &head, &rows))
}

fn row(variant: &str, numbers: &[String]) -> String {
    let class = if variant == DENSE { " class=\"dense\"" } else { "" };
    let cells: String = numbers.iter().map(|number| format!("<td class=\"n\">{number}</td>")).collect();
    format!("<tr{class}><th scope=\"row\">{}</th>{cells}</tr>", escaped(variant))
}

/// How many replies have which kind of mistake, beside the score.
pub(super) fn mistakes(report: &Report) -> String {
    let Faults { kinds, rows } = Faults::of(report);
    if rows.is_empty() {
        return String::new();
    }
    let mut body = String::new();
    for summary in rows {
        let class = if summary.variant == DENSE { " class=\"dense\"" } else { "" };
        let cells: String = kinds
            .iter()
            .map(|kind| {
                let count = number(summary, *kind);
                let share = wording::percent(count as f64 / summary.n.max(1) as f64);
                format!("<td class=\"n\">{} <small>{share}%</small></td>", wording::count(count))
            })
            .collect();
        body.push_str(&format!(
            "<tr{class}><th scope=\"row\">{}</th><td class=\"mono\">{}</td><td class=\"n\">{}</td>\
             <td class=\"n\">{}</td>{cells}</tr>",
            escaped(&summary.task),
            escaped(&summary.variant),
            wording::percent(summary.mean),
            wording::count(summary.n),
        ));
    }
    let heads: String = kinds.iter().map(|kind| format!("<th scope=\"col\" class=\"n\">{kind}</th>")).collect();
    let head = format!(
        "<th scope=\"col\">Task</th><th scope=\"col\">Variant</th><th scope=\"col\" class=\"n\">Score</th>\
         <th scope=\"col\" class=\"n\">Samples</th>{heads}"
    );
    format!(
        "<p>Each reply is counted once, by the first thing that is wrong with it: no call, one that cannot be read, a \
         tool that does not exist, a wrong one, or a wrong argument.</p>{}",
        table("Kinds of mistake", &head, &body)
    )
}
