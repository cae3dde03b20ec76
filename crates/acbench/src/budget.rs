//! A budget file: what compression may cost, by task, by capability, or for all.

use std::collections::BTreeMap;
use std::path::Path;

use record::{Check, Gated, Paired, TaskSource, TaskSummary, Verdict};
use serde::Deserialize;

use crate::Error;
use crate::run::Run;

/// What a budget demands; TOML. Demands of a task stand before those of its capability, and these before those of `all`.
#[derive(Debug, Clone, PartialEq, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Budget {
    /// The variants that it is about; none: every compressed one.
    #[serde(default)]
    pub variants: Vec<String>,
    /// For every task.
    #[serde(default)]
    pub all: Demands,
    /// By capability: `tool_use`.
    #[serde(default)]
    pub capability: BTreeMap<String, Demands>,
    /// By task: `worfbench`.
    #[serde(default)]
    pub task: BTreeMap<String, Demands>,
}

/// What must hold; what is not named is not demanded, but for the verdict, which must not be `drops`.
#[derive(Debug, Clone, PartialEq, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Demands {
    /// The loss that is accepted, in points of 100 (else as the run has it).
    pub margin: Option<f64>,
    /// `holds`, `!= drops`, or `any`.
    pub verdict: Option<VerdictDemand>,
    /// The most samples whose score changed, in percent.
    pub max_flips: Option<f64>,
    /// The most samples whose score fell, in percent.
    pub max_harmful_flips: Option<f64>,
    /// The most failed replies of the variant, in percent of the samples.
    pub max_failed: Option<f64>,
    /// The fewest samples that both models finished.
    pub min_samples: Option<usize>,
}

/// What the verdict must be.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
pub enum VerdictDemand {
    /// It holds, and nothing else will do.
    #[serde(rename = "holds")]
    Holds,
    /// Anything but a drop.
    #[serde(rename = "!= drops")]
    NotDrops,
    /// Nothing is demanded.
    #[serde(rename = "any")]
    Any,
}

impl VerdictDemand {
    fn as_str(self) -> &'static str {
        match self {
            Self::Holds => "holds",
            Self::NotDrops => "!= drops",
            Self::Any => "any",
        }
    }

    fn met(self, verdict: Verdict) -> bool {
        match self {
            Self::Holds => verdict == Verdict::Holds,
            Self::NotDrops => verdict != Verdict::Drops,
            Self::Any => true,
        }
    }
}

impl Budget {
    /// Reads a budget file.
    ///
    /// # Errors
    /// [`Error::Budget`]: a file that cannot be read, is no TOML, has keys that no budget has, or numbers out of range.
    pub fn read(path: &Path) -> Result<Self, Error> {
        let bad = |problem: String| Error::Budget { path: path.to_owned(), problem };
        let text = record::read_text(path).map_err(|error| bad(error.to_string()))?;
        let budget: Self = toml::from_str(&text).map_err(|error| bad(error.to_string()))?;
        let all = [("all".to_owned(), &budget.all)].into_iter();
        let capabilities = budget.capability.iter().map(|(name, demands)| (format!("capability.{name}"), demands));
        let tasks = budget.task.iter().map(|(name, demands)| (format!("task.{name}"), demands));
        for (place, demands) in all.chain(capabilities).chain(tasks) {
            for (name, percent) in demands.percents() {
                if !(0.0..=100.0).contains(&percent) {
                    return Err(bad(format!("{place}: {name} = {percent} is not between 0 and 100")));
                }
            }
        }
        Ok(budget)
    }

    /// That a run has everything that the budget names: a demand on a task that is not there is met by nothing.
    ///
    /// # Errors
    /// [`Error::Budget`] with the first name that the run has not.
    pub(crate) fn fits(&self, path: &Path, run: &Run) -> Result<(), Error> {
        let tasks: Vec<&str> = run.record.tasks.iter().map(|task| task.task.as_str()).collect();
        let mut capabilities: Vec<&str> = run.record.tasks.iter().map(|task| task.capability.as_str()).collect();
        capabilities.dedup();
        let variants: Vec<&str> = run
            .record
            .variants
            .iter()
            .map(|variant| variant.name.as_str())
            .filter(|name| *name != record::DENSE)
            .collect();
        let named = [
            ("task", self.task.keys().collect::<Vec<_>>(), tasks),
            ("capability", self.capability.keys().collect(), capabilities),
            ("variant", self.variants.iter().collect(), variants),
        ];
        for (kind, names, known) in named {
            if let Some(name) = names.into_iter().find(|name| !known.contains(&name.as_str())) {
                let problem =
                    format!("the run {} has no {kind} `{name}`; it has {}", run.root.display(), known.join(", "));
                return Err(Error::Budget { path: path.to_owned(), problem });
            }
        }
        Ok(())
    }

    /// Whether the budget is about a variant.
    pub(crate) fn is_about(&self, variant: &str) -> bool {
        self.variants.is_empty() || self.variants.iter().any(|name| name == variant)
    }

    /// The demands on one task.
    fn on(&self, task: &TaskSource) -> Demands {
        let of_capability = self.capability.get(task.capability.as_str());
        let layers = [self.task.get(&task.task), of_capability, Some(&self.all)];
        layers.into_iter().flatten().fold(Demands::default(), |near, far| near.or(far))
    }

    /// One comparison against the budget. `margin` is the run's, a share.
    pub(crate) fn judge(&self, task: &TaskSource, paired: &Paired, summary: &TaskSummary, margin: f64) -> Gated {
        let demands = self.on(task);
        let margin = demands.margin.map_or(margin, |points| points / 100.0);
        let verdict = analyze::verdict_at(paired, margin);
        let all = (summary.n + summary.failed).max(1) as f64;
        Gated {
            variant: paired.variant.clone(),
            task: paired.task.clone(),
            capability: paired.capability,
            margin,
            n: paired.n,
            delta: paired.delta,
            verdict,
            checks: demands.checks(verdict, paired, summary.failed as f64 / all),
        }
    }
}

impl Demands {
    fn percents(&self) -> Vec<(&'static str, f64)> {
        let all = [
            ("margin", self.margin),
            ("max_flips", self.max_flips),
            ("max_harmful_flips", self.max_harmful_flips),
            ("max_failed", self.max_failed),
        ];
        all.into_iter().filter_map(|(name, value)| Some((name, value?))).collect()
    }

    /// These, and where nothing is said, those of `far`.
    fn or(self, far: &Self) -> Self {
        Self {
            margin: self.margin.or(far.margin),
            verdict: self.verdict.or(far.verdict),
            max_flips: self.max_flips.or(far.max_flips),
            max_harmful_flips: self.max_harmful_flips.or(far.max_harmful_flips),
            max_failed: self.max_failed.or(far.max_failed),
            min_samples: self.min_samples.or(far.min_samples),
        }
    }

    fn checks(&self, verdict: Verdict, paired: &Paired, failed: f64) -> Vec<Check> {
        let wanted = self.verdict.unwrap_or(VerdictDemand::NotDrops);
        let mut all = Vec::new();
        if wanted != VerdictDemand::Any {
            all.push(Check {
                demand: format!("verdict = \"{}\"", wanted.as_str()),
                found: verdict.to_string(),
                met: wanted.met(verdict),
            });
        }
        let shares = [
            ("max_flips", self.max_flips, paired.flips),
            ("max_harmful_flips", self.max_harmful_flips, paired.harmful_flips),
            ("max_failed", self.max_failed, failed),
        ];
        for (name, most, found) in shares {
            let Some(most) = most else { continue };
            let found = found * 100.0;
            // Shares are counts over counts: what is equal but for the last digits is equal.
            all.push(Check {
                demand: format!("{name} = {most}"),
                found: format!("{found:.2}"),
                met: found <= most + 1e-9,
            });
        }
        if let Some(fewest) = self.min_samples {
            all.push(Check {
                demand: format!("min_samples = {fewest}"),
                found: paired.n.to_string(),
                met: paired.n >= fewest,
            });
        }
        all
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use record::Capability;

    fn read(text: &str) -> Result<Budget, String> {
        let folder = tempfile::tempdir().map_err(|error| error.to_string())?;
        let path = folder.path().join("gate.toml");
        std::fs::write(&path, text).map_err(|error| error.to_string())?;
        Budget::read(&path).map_err(|error| error.to_string())
    }

    #[test]
    fn the_nearest_demand_counts() -> Result<(), String> {
        let budget = read(
            "[all]\nmargin = 3\nverdict = \"!= drops\"\nmin_samples = 100\n[capability.tool_use]\nmargin = 5\n\
             [task.teval_plan]\nverdict = \"holds\"",
        )?;
        let task = |name: &str, capability| TaskSource {
            task: name.into(),
            capability,
            source: "generated".into(),
            judge: None,
            samples: 1,
            skipped: Vec::new(),
            digest: String::new(),
        };
        let plan = budget.on(&task("teval_plan", Capability::ToolUse));
        assert_eq!((plan.margin, plan.verdict, plan.min_samples), (Some(5.0), Some(VerdictDemand::Holds), Some(100)));
        let other = budget.on(&task("pddl", Capability::RealWorld));
        assert_eq!((other.margin, other.verdict), (Some(3.0), Some(VerdictDemand::NotDrops)));
        Ok(())
    }

    #[test]
    fn what_no_budget_has_is_refused_by_name() {
        for (text, says) in [
            ("[all]\nmargn = 3", "margn"),
            ("[task.a]\nverdict = \"fine\"", "fine"),
            ("[all]\nmax_flips = 101", "max_flips = 101"),
            ("[all]\nmargin = -1", "all: margin"),
            ("[all]\nmargin = nan", "margin"),
            ("[all]\nmin_samples = -1", "min_samples"),
            ("everything = 1", "everything"),
            ("[all", "line 1"),
        ] {
            let error = read(text).err().unwrap_or_default();
            assert!(error.contains(says), "{text}: {error}");
        }
    }
}
