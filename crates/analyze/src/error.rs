//! What can be wrong with the scores of a run.

/// Scores that cannot be analyzed.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
pub enum AnalyzeError {
    /// The run has no uncompressed variant to compare with.
    #[error("the run has no variant named `{}`: there is nothing to compare with; run `evaluate` again", record::DENSE)]
    NoDense,
    /// A task of a variant has not been scored.
    #[error("variant `{variant}` has no scores of task `{task}`: run `generate` and `score` for it first")]
    MissingScores {
        /// Which variant.
        variant: String,
        /// Which task.
        task: String,
    },
    /// A number that is no score.
    #[error(
        "variant `{variant}`, task `{task}`, sample `{sample}`: {name} is {number}, but {expected}; \
         score the task again"
    )]
    BadNumber {
        /// Which variant.
        variant: String,
        /// Which task.
        task: String,
        /// Which sample.
        sample: String,
        /// Which number of the score: `value` or a metric's name.
        name: String,
        /// What it is.
        number: f64,
        /// What it must be.
        expected: &'static str,
    },
    /// The same sample twice in one file.
    #[error("variant `{variant}`, task `{task}`: sample `{sample}` was scored twice; delete the file and score again")]
    Duplicate {
        /// Which variant.
        variant: String,
        /// Which task.
        task: String,
        /// Which sample.
        sample: String,
    },
    /// A sample that only one of the two variants has.
    #[error(
        "task `{task}`: sample `{sample}` has a score in `{present}` but none in `{absent}`: the two were not run on \
         the same samples; run both with the same seed and limit"
    )]
    Unpaired {
        /// Which task.
        task: String,
        /// Which sample.
        sample: String,
        /// The variant that has it.
        present: String,
        /// The variant that lacks it.
        absent: String,
    },
    /// A margin that is no share.
    #[error("the margin is {margin}, but it must be a share from 0 to 1 (0.03 is 3 points)")]
    BadMargin {
        /// What was given.
        margin: f64,
    },
}
