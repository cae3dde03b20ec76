//! The columns of published tables, from scores.

use std::collections::BTreeMap;

use record::{Column, ColumnValue, MeanOf, Metric, Outcome, RunRecord, Score};

use crate::Scores;
use crate::statistic::mean;
use crate::summary::text;

/// What `record::TaskSource::source` is where the samples are a generated twin's.
const GENERATED: &str = "generated";

/// The value of every column for every variant of a run. A column whose samples were not asked is absent, and so is
/// one of columns of which one is.
pub(crate) fn columns(run: &RunRecord, scores: &Scores, tables: &[&[Column]]) -> Vec<ColumnValue> {
    let mut all = Vec::new();
    for variant in &run.variants {
        for table in tables {
            let found = values(run, &variant.name, scores, table);
            all.extend(table.iter().filter_map(|column| {
                let &(value, generated) = found.get(&(column.table, column.name))?;
                let (table, column, variant) = (column.table.to_owned(), column.name.to_owned(), variant.name.clone());
                Some(ColumnValue { table, column, variant, value, generated })
            }));
        }
    }
    all
}

/// Value, and whether it is a twin's, by table and column.
type Found = BTreeMap<(&'static str, &'static str), (f64, bool)>;

/// Columns of columns are found once theirs are, whatever their order; those of a circle never are.
fn values(run: &RunRecord, variant: &str, scores: &Scores, table: &[Column]) -> Found {
    let mut found = Found::new();
    loop {
        let before = found.len();
        for column in table {
            let parts: Option<Vec<(f64, bool)>> = match column.of {
                MeanOf::Metrics(metrics) => {
                    metrics.iter().map(|metric| of_metric(run, variant, scores, metric)).collect()
                }
                MeanOf::Columns(names) => names.iter().map(|name| found.get(&(column.table, *name)).copied()).collect(),
            };
            if let Some(parts) = parts.filter(|parts| !parts.is_empty()) {
                let numbers: Vec<f64> = parts.iter().map(|part| part.0).collect();
                found.insert((column.table, column.name), (mean(&numbers), parts.iter().any(|part| part.1)));
            }
        }
        if found.len() == before {
            return found;
        }
    }
}

/// The mean of a metric over the finished samples that have it and its tag.
fn of_metric(run: &RunRecord, variant: &str, scores: &Scores, metric: &Metric) -> Option<(f64, bool)> {
    let task = run.tasks.iter().find(|task| task.task == metric.task)?;
    let scores = scores.get(&(variant.to_owned(), metric.task.to_owned()))?;
    let tagged = |score: &&Score| {
        metric.tag.is_none_or(|(tag, value)| score.tags.get(tag).is_some_and(|found| text(found) == value))
    };
    let finished = scores.iter().filter(|score| score.outcome == Outcome::Finished).filter(tagged);
    let numbers: Vec<f64> = finished.filter_map(|score| score.metrics.get(metric.name).copied()).collect();
    (!numbers.is_empty()).then(|| (mean(&numbers) * metric.scale, task.source == GENERATED))
}
