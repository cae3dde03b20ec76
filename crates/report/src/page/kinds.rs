//! The columns of published tables, and replies by kind of mistake.

use record::DENSE;

use super::table;
use crate::Report;
use crate::fault::{Faults, number};
use crate::form::Form;
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

/// Form and content, dense beside compressed.
pub(super) fn form(report: &Report) -> String {
    let mut body = String::new();
    for Form { summary, asked, read, content } in Form::of(report) {
        let class = if summary.variant == DENSE { " class=\"dense\"" } else { "" };
        let bar = |share: f64| {
            format!(
                "<td class=\"n\">{}%<span class=\"bar\"><i style=\"width:{:.0}%\"></i></span></td>",
                wording::percent(share),
                share.clamp(0.0, 1.0) * 100.0
            )
        };
        body.push_str(&format!(
            "<tr{class}><th scope=\"row\">{}</th><td class=\"mono\">{}</td>{}{}<td class=\"n\">{}</td>\
             <td class=\"n\">{}</td></tr>",
            escaped(&summary.task),
            escaped(&summary.variant),
            bar(asked),
            bar(read),
            wording::percent(content),
            wording::percent(summary.mean),
        ));
    }
    if body.is_empty() {
        return body;
    }
    let head = "<th scope=\"col\">Task</th><th scope=\"col\">Variant</th><th scope=\"col\" class=\"n\">Asked form</th>\
                <th scope=\"col\" class=\"n\">Readable</th><th scope=\"col\" class=\"n\">Score of readable</th>\
                <th scope=\"col\" class=\"n\">Score</th>";
    format!(
        "<p>How many replies have exactly the form that was asked for, and how many could be read in whatever form; and what \
         those are worth. A right answer in another form counts in full. What constrained decoding could win back is at \
         most what cannot be read; a lower score of readable replies is content that was lost.</p>{}",
        table("Form and content", head, &body)
    )
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
