//! A task's row: the facts about it.

use std::fmt;

use record::{Capability, Column, Sample};

use crate::TaskDeviations;

/// What is known of a task before it does anything.
#[derive(Debug, Clone, Copy)]
pub struct TaskInfo {
    /// The name on the command line and in file names: `worfbench`.
    pub name: &'static str,
    /// Which of the four capabilities it measures.
    pub capability: Capability,
    /// One line for `acbench list tasks`.
    pub about: &'static str,
    /// The benchmark's own files.
    pub official: &'static [Files],
    /// Whether the rows of these may lie in another folder than the rest, since they come from elsewhere.
    pub apart: bool,
    /// Whether the score depends on the [`Judge`](crate::Judge), whose name is then shown with every number.
    pub judged: bool,
    /// Whether it runs only where it is named: neither its capability nor `all` stands for it.
    pub named_only: bool,
    /// The columns of the tables that the benchmark and the paper print. The tasks of one benchmark share them.
    pub columns: &'static [Column],
    /// What corrected scores do otherwise than the reference, if anything. The tasks of one benchmark share it.
    pub deviations: Option<TaskDeviations>,
    /// The replies, one a turn, that score 1 on a generated sample.
    pub oracle: fn(&Sample) -> Vec<String>,
}

/// Files of a benchmark.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Files {
    /// What they are called.
    pub names: &'static [&'static str],
    /// Where they come from.
    pub source: &'static str,
    /// Under which license.
    pub license: &'static str,
    /// What to do with them.
    pub put: &'static str,
}

/// `take a.json and b.json from the data set x/y (license: MIT); name the folder that holds them`
impl fmt::Display for Files {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { names, source, license, put } = self;
        write!(f, "take {} from {source} (license: {license}); {put}", names.join(" and "))
    }
}

#[cfg(test)]
mod tests {
    use record::MeanOf;

    use crate::TASKS;

    #[test]
    fn a_row_has_a_name_of_its_own_and_says_where_its_files_come_from() {
        for (at, task) in TASKS.iter().enumerate() {
            let info = task.info();
            assert!(TASKS[..at].iter().all(|other| other.name() != info.name), "{}", info.name);
            let told = |text: &str| !text.is_empty();
            let whole = |files: &super::Files| {
                told(files.source) && told(files.license) && told(files.put) && !files.names.is_empty()
            };
            assert!(told(info.about) && !info.official.is_empty() && info.official.iter().all(whole), "{}", info.name);
        }
    }

    #[test]
    fn columns_are_of_tasks_that_have_them() {
        for task in TASKS {
            for column in task.info().columns {
                let MeanOf::Metrics(metrics) = column.of else { continue };
                let has =
                    |name: &str| TASKS.iter().any(|of| of.name() == name && of.info().columns == task.info().columns);
                assert!(metrics.iter().all(|metric| has(metric.task)), "{}", column.name);
            }
        }
    }
}
