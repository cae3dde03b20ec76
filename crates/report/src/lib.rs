//! Records in; tables, figures and pages out. Formats, never computes: every number that is shown was found by
//! `analyze` or `score` (means of a heat map's cells aside).
//!
//! [`write()`] fills a run's `report/` folder, [`terminal`] is the table that ends a command, [`json`] is for scripts.

mod comparison;
mod csv;
mod error;
mod example;
mod explore;
mod fault;
mod figure;
mod form;
mod gate;
mod grid;
mod json;
mod latex;
mod markdown;
mod page;
mod paper;
mod probe;
mod published;
mod recommend;
mod repeats;
mod serve;
mod stored;
mod table;
mod tally;
mod terminal;
mod verdict;
mod wording;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use record::{
    Analysis, Behavior, Blame, DENSE, Paired, ProbeAnalysis, RunRecord, TaskSource, TaskSummary, WeightsRecord,
};

pub use comparison::{comparison_markdown, comparison_terminal};
pub use csv::tables_csv;
pub use error::ReportError;
pub use example::Example;
pub use explore::{Explored, Explorer, Lost, Reading, TaskWriter, VariantWriter};
pub use gate::{gate_markdown, gate_terminal, junit, samples_terminal};
pub use json::json;
pub use latex::latex;
pub use page::{Progress, progress};
pub use paper::{PaperRow, PaperTable, paper_beside, paper_markdown, paper_tables, paper_terminal};
pub use probe::probe_table;
pub use recommend::recommend_terminal;
pub use serve::{Server, token};
pub use tally::{Tallies, Tally};
pub use terminal::terminal;

/// Everything a report shows.
#[derive(Debug, Clone, Copy)]
pub struct Report<'a> {
    /// What was asked.
    pub run: &'a RunRecord,
    /// What was found.
    pub analysis: &'a Analysis,
    /// What the weights are, by variant; one without a record is shown without.
    pub weights: &'a BTreeMap<String, WeightsRecord>,
    /// Counts by (variant, task): heat maps and failed samples are drawn from them.
    pub tallies: &'a Tallies,
    /// Replies worth reading, the worst of each task and variant first.
    pub examples: &'a [Example],
    /// The stamp of the folder `explore/` beside the page, [`Explored::stamp`]; `None` for a page without one.
    pub explore: Option<&'a str>,
    /// What variants spend and how their episodes go, by task and variant; empty where nobody looked.
    pub behaviors: &'a [Behavior],
    /// What the probes found, where the run was probed.
    pub probes: Option<&'a ProbeAnalysis>,
    /// What was searched for blame, by variant.
    pub blames: &'a [(String, Blame)],
}

impl<'a> Report<'a> {
    /// One task of one variant.
    pub(crate) fn summary(&self, variant: &str, task: &str) -> Option<&'a TaskSummary> {
        self.analysis.summaries.iter().find(|summary| summary.variant == variant && summary.task == task)
    }

    /// One comparison with the dense model.
    pub(crate) fn paired(&self, variant: &str, task: &str) -> Option<&'a Paired> {
        self.analysis.paired.iter().find(|paired| paired.variant == variant && paired.task == task)
    }

    /// What each variant scored on a task, in the run's order.
    pub(crate) fn summaries(&self, task: &str) -> impl Iterator<Item = &'a TaskSummary> {
        self.run.variants.iter().filter_map(move |variant| self.summary(&variant.name, task))
    }

    /// The comparisons of a task, in the run's order.
    pub(crate) fn comparisons(&self, task: &str) -> impl Iterator<Item = &'a Paired> {
        self.compressed().filter_map(move |variant| self.paired(variant, task))
    }

    /// The compressed variants whose weights are known, in the run's order.
    pub(crate) fn stored(&self) -> impl Iterator<Item = (&'a str, &'a WeightsRecord)> {
        self.compressed().filter_map(|variant| Some((variant, self.weights.get(variant)?)))
    }

    /// The compressed variants in the run's order.
    pub(crate) fn compressed(&self) -> impl Iterator<Item = &'a str> {
        self.run.variants.iter().map(|variant| variant.name.as_str()).filter(|name| *name != DENSE)
    }

    /// The tasks in the run's order.
    pub(crate) fn tasks(&self) -> impl Iterator<Item = &'a TaskSource> {
        self.run.tasks.iter()
    }

    /// Whether the bundled model was asked, whose scores are no real model's ability.
    pub(crate) fn is_pico(&self) -> bool {
        self.run.model.name == "pico"
    }
}

/// Writes `index.html`, `report.md`, `results.csv`, `columns.csv` where published tables have columns for the run, and
/// for tasks of lengths and depths a heat map a variant, `<task>-<variant>.svg` and `<task>-<variant>-difference.svg`,
/// and all of a task beside each other, `<task>.png`. Returns what was written, the page first.
///
/// # Errors
/// A file that cannot be written, by path.
pub fn write(report: &Report, folder: &Path) -> Result<Vec<PathBuf>, ReportError> {
    let mut files = vec![
        ("index.html".to_owned(), page::page(report)),
        ("report.md".to_owned(), markdown::markdown(report)),
        ("results.csv".to_owned(), csv::csv(report)),
    ];
    if !report.analysis.columns.is_empty() {
        files.push(("columns.csv".to_owned(), csv::columns(report)));
    }
    let maps = figure::heat_maps(report);
    files.extend(maps.iter().map(|map| (map.file_name(), figure::standalone(map))));
    let pictures = figure::pictures(report, &maps);
    let files = files.into_iter().map(|(name, text)| (name, text.into_bytes())).chain(pictures);
    let mut written = Vec::new();
    for (name, bytes) in files {
        let path = folder.join(name);
        record::write_atomic(&path, &bytes)
            .map_err(|source| ReportError::Write { path: path.clone(), source: Box::new(source) })?;
        written.push(path);
    }
    Ok(written)
}
