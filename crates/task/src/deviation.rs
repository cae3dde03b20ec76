//! What corrected scores do otherwise than the references, and how much each difference changes.

use std::collections::BTreeMap;

use record::Scoring;
use serde::{Deserialize, Serialize};

/// One way in which corrected scores differ from the reference implementation's.
#[derive(Debug, Clone, Copy)]
pub struct Deviation<S> {
    /// Its name: `no_free_match`.
    pub name: &'static str,
    /// What the reference does, and what is done instead.
    pub about: &'static str,
    /// Turns it on or off in the switches of a scorer.
    pub set: fn(&mut S, bool),
}

/// The switches of a scorer for a way of scoring.
pub(crate) fn switches<S: Copy>(scoring: Scoring, task: &str, off: S, rows: &[Deviation<S>]) -> S {
    let mut switches = off;
    for row in rows {
        (row.set)(&mut switches, scoring.has(task, row.name));
    }
    switches
}

/// What most scorers do with a reply before they read it, as a row of [`deviations!`].
pub(crate) const CLEAN_REPLY: &str = "the reference reads thoughts, and what templates leave behind, as part of the \
    answer; they are left out, and full-width signs are read as the usual ones";

/// Declares the `Switches` of a scorer, all off for the paper's numbers and all on for the corrected ones, its
/// `DEVIATIONS`, a row for each, in the order in which a reply meets them, and their `TABLE` for the task's row:
/// `deviations! { "task", "whose scorer"; name: "what the reference does, and what is done instead", .. }`.
macro_rules! deviations {
    ($task:literal, $whose:literal; $($name:ident: $about:expr,)+) => {
        #[doc = concat!("Which deviations from ", $whose, " are on.")]
        #[derive(Debug, Clone, Copy, PartialEq, Eq)]
        #[expect(missing_docs, reason = "each is described in DEVIATIONS")]
        pub struct Switches {
            $(pub $name: bool,)+
        }

        impl Switches {
            /// All deviations on or off.
            pub fn all(on: bool) -> Self {
                Self { $($name: on,)+ }
            }
        }

        impl From<record::Scoring> for Switches {
            fn from(scoring: record::Scoring) -> Self {
                $crate::deviation::switches(scoring, $task, Self::all(false), DEVIATIONS)
            }
        }

        #[doc = concat!("Every deviation from ", $whose, ".")]
        pub const DEVIATIONS: &[$crate::Deviation<Switches>] = &[
            $($crate::Deviation { name: stringify!($name), about: $about, set: |switches, on| switches.$name = on },)+
        ];

        /// Their names and descriptions.
        pub(crate) const TABLE: $crate::TaskDeviations =
            $crate::TaskDeviations { task: $task, rows: || $crate::deviation::described(DEVIATIONS) };
    };
}
pub(crate) use deviations;

/// All deviations of one task.
#[derive(Debug, Clone, Copy)]
pub struct TaskDeviations {
    /// The task, or the part of one that has a scorer of its own.
    pub task: &'static str,
    /// Name and description of each, in the order in which a reply meets them.
    pub rows: fn() -> Vec<(&'static str, &'static str)>,
}

/// Name and description of each row.
pub(crate) fn described<S>(rows: &[Deviation<S>]) -> Vec<(&'static str, &'static str)> {
    rows.iter().map(|row| (row.name, row.about)).collect()
}

/// What one deviation alone changes in the scores of mode `paper`, measured on golden cases.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Effect {
    /// The task.
    pub task: String,
    /// The deviation, or `all` for all of the task's together.
    pub name: String,
    /// What changes: `value`, the score itself, or one of its metrics.
    pub metric: String,
    /// The file of cases.
    pub file: String,
    /// How many cases there are.
    pub cases: usize,
    /// In how many of them the metric changes.
    pub changed: usize,
    /// The mean change of the metric over all cases, in points of 100, to 4 decimals.
    pub mean_change: f64,
}

/// Effects, and the files that they were measured on.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub struct Effects {
    /// File name to SHA-256.
    pub files: BTreeMap<String, String>,
    /// By task, deviation and metric; the value comes first.
    pub effects: Vec<Effect>,
}

impl Effects {
    /// The measured effects that come with the program (`crates/task/deviations.json`).
    pub fn measured() -> Self {
        serde_json::from_str(include_str!("../deviations.json")).expect("a test reads this constant file")
    }

    /// The effects of one deviation: on the value, and on the metrics that it changes.
    pub fn of(&self, task: &str, name: &str) -> Vec<&Effect> {
        let shown = |effect: &&Effect| effect.metric == "value" || effect.changed > 0;
        self.effects.iter().filter(|effect| effect.task == task && effect.name == name).filter(shown).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::DEVIATIONS;

    #[test]
    fn every_measured_effect_is_of_a_deviation_and_every_deviation_is_measured() {
        let measured = Effects::measured();
        let mut names: Vec<(String, String)> = Vec::new();
        for of in DEVIATIONS.iter() {
            names.extend((of.rows)().into_iter().map(|(name, _)| (of.task.to_owned(), name.to_owned())));
            names.push((of.task.to_owned(), "all".to_owned()));
        }
        let values = measured.effects.iter().filter(|effect| effect.metric == "value");
        let found: Vec<_> = values.map(|effect| (effect.task.clone(), effect.name.clone())).collect();
        assert_eq!(found, names, "ACBENCH_WRITE_EFFECTS=1 cargo test -p task --test golden_deviations");
        assert!(measured.effects.iter().all(|effect| measured.files.contains_key(&effect.file)));
    }
}
