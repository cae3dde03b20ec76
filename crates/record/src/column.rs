//! Columns of published tables: which scores each is the mean of.

/// A column of a table that a benchmark or a paper prints, in points of 100.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Column {
    /// The table: `T-Eval`.
    pub table: &'static str,
    /// The column's heading: `Reason-S`.
    pub name: &'static str,
    /// What it is the mean of.
    pub of: MeanOf,
}

/// What a column is the mean of, each counting the same.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum MeanOf {
    /// The means of metrics over samples.
    Metrics(&'static [Metric]),
    /// Other columns of the same table, by name.
    Columns(&'static [&'static str]),
}

/// A metric's mean over the finished samples of a task, or over those with one value of one tag.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Metric {
    /// The task.
    pub task: &'static str,
    /// The metric's name in [`crate::Score::metrics`].
    pub name: &'static str,
    /// Only samples whose tag has this value: `("set", "alfworld")`.
    pub tag: Option<(&'static str, &'static str)>,
    /// What one point of the metric is worth in the column: 100 where the metric lies in [0, 1].
    pub scale: f64,
}
