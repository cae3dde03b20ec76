//! What the probes found, as a table for the terminal, and the words and cells that the page shares with it.

use comfy_table::presets::UTF8_FULL_CONDENSED;
use comfy_table::{Attribute, Cell, CellAlignment, ContentArrangement, Table};
use record::{DENSE, Distance, DistanceAt, ProbeAnalysis, ProbeSummary, TopAgreement};

use crate::terminal::wrapped;
use crate::wording;

/// A column of the table: its title, what it says in a sentence, and a variant's cell.
pub(crate) struct Column {
    pub title: &'static str,
    pub about: &'static str,
    pub cell: fn(&ProbeSummary) -> String,
}

/// All columns, the ones that say most first.
pub(crate) const COLUMNS: &[Column] = &[
    Column {
        title: "KL at decisions",
        about: "how far the next-token distribution is from the dense model's where the tool, an argument, the action, the \
                answer or the end is decided, in nats, with its 95% interval (samples are clusters)",
        cell: |one| of(one, "decisions", with_interval),
    },
    Column {
        title: "elsewhere",
        about: "the same at all other tokens",
        cell: |one| of(one, "elsewhere", |at| number(at.kl)),
    },
    Column {
        title: "Same first token",
        about: "share of all positions where both find the same token likeliest",
        cell: |one| of(one, "all", |at| percent(at.agreement)),
    },
    Column {
        title: "Accepted",
        about: "expected acceptance rate, had the variant drafted for the dense model: 1 minus the total variation",
        cell: |one| of(one, "all", |at| percent(at.acceptance)),
    },
    Column {
        title: "Jaccard 10",
        about: "tokens in both models' ten likeliest, of those in either's",
        cell: |one| top(one, |top| top.jaccard),
    },
    Column {
        title: "Kendall 10",
        about: "rank correlation (tau-b) of the dense model's ten likeliest",
        cell: |one| top(one, |top| top.kendall),
    },
    Column {
        title: "Spearman 10",
        about: "rank correlation (rho) of the dense model's ten likeliest",
        cell: |one| top(one, |top| top.spearman),
    },
    Column {
        title: "Energy change",
        about: "mean distance of both models' logit energies, -log sum exp of the logits (no joules)",
        cell: |one| distance(one).map_or_else(none, |distance| number(distance.energy_change)),
    },
    Column {
        title: "ERank of logits",
        about: "effective rank of the logits at the sampled positions: exp of the entropy of the normalized singular \
                values; in brackets, its change",
        cell: |one| erank(one, "logits"),
    },
    Column {
        title: "Perplexity",
        about: "how much the model hesitates over what the dense model wrote",
        cell: |one| format!("{:.3}", one.perplexity),
    },
];

fn none() -> String {
    String::from("–")
}

fn distance(one: &ProbeSummary) -> Option<&Distance> {
    one.distance.as_ref()
}

/// Distances at some positions.
pub(crate) fn at<'a>(one: &'a ProbeSummary, name: &str) -> Option<&'a DistanceAt> {
    distance(one)?.at.iter().find(|at| at.at == name)
}

fn of(one: &ProbeSummary, name: &str, cell: fn(&DistanceAt) -> String) -> String {
    at(one, name).map_or_else(none, cell)
}

fn with_interval(at: &DistanceAt) -> String {
    let interval = at.kl_interval.map(|interval| format!(" [{}, {}]", number(interval.low), number(interval.high)));
    number(at.kl) + &interval.unwrap_or_default()
}

fn top(one: &ProbeSummary, which: fn(&TopAgreement) -> Option<f64>) -> String {
    let found = distance(one).and_then(|distance| which(distance.top.iter().find(|top| top.k == 10)?));
    found.map_or_else(none, |value| format!("{value:.3}"))
}

fn erank(one: &ProbeSummary, name: &str) -> String {
    let Some(found) = one.erank.iter().find(|erank| erank.of == name) else { return none() };
    let value = found.singular_values.map_or_else(none, |value| format!("{value:.1}"));
    value + &found.change.map(|change| format!(" ({change:+.1})")).unwrap_or_default()
}

/// Three digits that count.
pub(crate) fn number(value: f64) -> String {
    match value.abs() {
        0.0 => "0".to_owned(),
        size if size < 0.001 => format!("{value:.1e}"),
        size if size < 0.1 => format!("{value:.4}"),
        size if size < 10.0 => format!("{value:.3}"),
        _ => format!("{value:.1}"),
    }
}

fn percent(share: f64) -> String {
    format!("{:.1}%", share * 100.0)
}

/// What was read, in a sentence.
pub(crate) fn what_was_read(analysis: &ProbeAnalysis) -> String {
    format!(
        "Every variant read the same {} texts, most of them what the dense model wrote in its episodes: {} predictions of \
         the next token, {} of them decisions.",
        wording::count(analysis.texts),
        wording::count(analysis.positions),
        wording::count(analysis.decisions)
    )
}

/// A line for each variant, as many columns as `width` has room for.
pub fn probe_table(analysis: &ProbeAnalysis, width: u16) -> String {
    let wide = |table: &Table| {
        let content = table.column_max_content_widths();
        content.iter().map(|column| usize::from(*column) + 3).sum::<usize>() >= usize::from(width)
    };
    let mut count = COLUMNS.len();
    let mut table = draw(analysis, count);
    // The last columns are in the page and in the JSON all the same.
    while wide(&table) && count > 2 {
        count -= 1;
        table = draw(analysis, count);
    }
    let more = match COLUMNS.len() - count {
        0 => String::new(),
        left => format!(" {left} more columns are on the page of `acbench report`, all of it in `--json`."),
    };
    let mut text = format!("{table}\n");
    wrapped(&format!("{}{more}", what_was_read(analysis)), usize::from(width.max(40)), &mut text);
    text
}

/// The table with its first columns.
fn draw(analysis: &ProbeAnalysis, count: usize) -> Table {
    let columns = &COLUMNS[..count];
    let mut table = Table::new();
    table.load_style(UTF8_FULL_CONDENSED);
    let titles = std::iter::once("Variant").chain(columns.iter().map(|column| column.title));
    table.set_header(titles.map(|title| Cell::new(title).add_attribute(Attribute::Bold)));
    for one in &analysis.variants {
        let cells = columns.iter().map(|column| Cell::new((column.cell)(one)).set_alignment(CellAlignment::Right));
        table.add_row(std::iter::once(Cell::new(wording::printable(&one.variant))).chain(cells));
    }
    table.force_no_tty().set_content_arrangement(ContentArrangement::Disabled);
    table
}

/// How many hidden states there are, the embeddings among them.
pub(crate) fn layers(analysis: &ProbeAnalysis) -> usize {
    let dense = analysis.variants.iter().find(|one| one.variant == DENSE);
    dense.map_or(0, |dense| dense.erank.iter().filter(|erank| erank.of.starts_with("hidden.")).count())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_keep_what_counts() {
        let shown = [0.0, 0.00012, 0.0123, 0.5, 12.34].map(number);
        assert_eq!(shown, ["0", "1.2e-4", "0.0123", "0.500", "12.3"]);
    }

    #[test]
    fn a_variant_without_a_number_has_a_dash() {
        let one = ProbeSummary { variant: DENSE.to_owned(), perplexity: 2.0, ..ProbeSummary::default() };
        let table = probe_table(&ProbeAnalysis { variants: vec![one], ..ProbeAnalysis::default() }, 200);
        assert!(table.contains("dense") && table.contains("2.000") && table.contains('–'), "{table}");
    }
}
