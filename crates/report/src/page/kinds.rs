//! The columns of published tables, and replies by kind of mistake.

use maud::{Markup, html};
use record::Fault;

use super::{bar, numbers, row_class, table, words};
use crate::Report;
use crate::fault::{self, Faults};
use crate::form::Form;
use crate::paper::{self, PaperTable};
use crate::published::Published;
use crate::repeats;
use crate::tally::{Served, served_calls};
use crate::wording;

/// A table for each published one that the run has numbers for.
pub(super) fn published(report: &Report) -> Option<Markup> {
    let tables = Published::all(report);
    (!tables.is_empty()).then(|| {
        html! {
            p { "Means over all finished samples, in the units of the published tables." }
            @for table in &tables { (published_table(table)) }
            @for table in paper::beside(report) { (beside(&table)) }
        }
    })
}

fn published_table(published: &Published) -> Markup {
    let head = html! { (words("Variant")) @for column in &published.columns { (numbers(column)) } };
    let rows = html! {
        @for (variant, cells) in &published.rows {
            tr class=[row_class(variant)] { th scope="row" { (variant) } @for cell in cells { td.n { (cell) } } }
        }
    };
    html! { h3 { (published.table) } (table(published.table, &head, &rows)) }
}

/// The paper's rows of the same compressions, folded.
fn beside(of: &PaperTable) -> Markup {
    let head = html! {
        (words("From")) (words("Model")) (words("Compression"))
        @for column in &of.columns { (numbers(column)) }
    };
    let rows = html! {
        @for row in &of.rows {
            tr {
                th scope="row" { (row.origin()) }
                td { (row.model) }
                td.mono { (row.compression) @if !row.doubts.is_empty() { " (doubtful)" } }
                @for cell in row.cells() { td.n { (cell) } }
            }
        }
    };
    let title = format!("{}: beside the paper", of.table);
    html! {
        details {
            summary { (title) }
            (table(&title, &head, &rows))
            div.notes { @for note in of.notes() { p { (note) } } }
        }
    }
}

/// Samples that were asked several times.
pub(super) fn repeated(report: &Report) -> Option<Markup> {
    let rows = repeats::rows(report);
    let head = html! {
        @for name in &repeats::HEADINGS[..2] { (words(name)) }
        @for name in &repeats::HEADINGS[2..] { (numbers(name)) }
    };
    let rows = (!rows.is_empty()).then(|| {
        html! {
            @for row in &rows {
                tr class=[row_class(&row[1])] {
                    th scope="row" { (row[0]) }
                    td.mono { (row[1]) }
                    @for cell in &row[2..] { td.n { (cell) } }
                }
            }
        }
    })?;
    Some(html! { p { (repeats::MEANING) } (table("Asked several times", &head, &rows)) })
}

/// Form and content, dense beside compressed.
pub(super) fn form(report: &Report) -> Option<Markup> {
    let forms = Form::of(report);
    if forms.is_empty() {
        return None;
    }
    let head = html! {
        (words("Task")) (words("Variant")) (numbers("Asked form")) (numbers("Readable"))
        (numbers("Score of readable")) (numbers("Score"))
    };
    let rows = html! { @for form in &forms { (form_row(form)) } };
    Some(html! {
        p {
            "How many replies have exactly the form that was asked for, and how many could be read in whatever form; and \
             what those are worth. A right answer in another form counts in full. What constrained decoding could win back \
             is at most what cannot be read; a lower score of readable replies is content that was lost."
        }
        (table("Form and content", &head, &rows))
    })
}

fn form_row(form: &Form) -> Markup {
    let share = |share: f64| html! { td.n { (wording::percent(share)) "%" (bar(share)) } };
    html! {
        tr class=[row_class(&form.summary.variant)] {
            th scope="row" { (form.summary.task) }
            td.mono { (form.summary.variant) }
            (share(form.asked))
            (share(form.read))
            td.n { (wording::percent(form.content)) }
            td.n { (wording::percent(form.summary.mean)) }
        }
    }
}

/// What servers made of the calls that models wrote.
pub(super) fn served(report: &Report) -> Option<Markup> {
    let rows: Vec<(&str, &str, &Served)> = served_calls(report).collect();
    if rows.is_empty() {
        return None;
    }
    let head = html! {
        (words("Task")) (words("Variant")) (numbers("Replies with calls")) (numbers("Given otherwise"))
        (numbers("Calls written")) (numbers("Lost")) (numbers("Added")) (words("The first"))
    };
    let rows = html! {
        @for (task, variant, served) in rows {
            tr class=[row_class(variant)] {
                th scope="row" { (task) }
                td.mono { (variant) }
                td.n { (wording::count(served.replies)) }
                td.n { (wording::count(served.differing)) }
                td.n { (wording::count(served.written)) }
                td.n { (wording::count(served.lost)) }
                td.n { (wording::count(served.added)) }
                td.mono { (served.first.join(", ")) }
            }
        }
    };
    Some(html! {
        p {
            "Calls as the model wrote them, read here from its own text, beside those that its server's parser gave. What is \
             lost there counts against the score above, as it does for whoever uses the server, and is no loss of the model: \
             another parser, or the model's text read as it is, has it back."
        }
        (table("Parser or model", &head, &rows))
    })
}

/// How many replies have which kind of mistake, beside the score.
pub(super) fn mistakes(report: &Report) -> Option<Markup> {
    let Faults { kinds, rows } = Faults::of(report);
    if rows.is_empty() {
        return None;
    }
    let head = html! {
        (words("Task")) (words("Variant")) (numbers("Score")) (numbers("Samples"))
        @for kind in &kinds { (numbers(kind.to_string())) }
    };
    let rows = html! { @for summary in rows { (mistakes_row(summary, &kinds)) } };
    Some(html! {
        p {
            "Each reply is counted once, by the first thing that is wrong with it: no call, one that cannot be read, a \
             tool that does not exist, a wrong one, or a wrong argument."
        }
        (table("Kinds of mistake", &head, &rows))
    })
}

fn mistakes_row(summary: &record::TaskSummary, kinds: &[Fault]) -> Markup {
    let share = |count: usize| wording::percent(count as f64 / summary.n.max(1) as f64);
    html! {
        tr class=[row_class(&summary.variant)] {
            th scope="row" { (summary.task) }
            td.mono { (summary.variant) }
            td.n { (wording::percent(summary.mean)) }
            td.n { (wording::count(summary.n)) }
            @for count in kinds.iter().map(|kind| fault::replies(summary, *kind)) {
                td.n { (wording::count(count)) " " small { (share(count)) "%" } }
            }
        }
    }
}
