//! Which variant of a run to use: what `recommend` prints.

use serde::{Deserialize, Serialize};

use crate::{Capability, Interval};

/// What is asked of a variant.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub struct Constraints {
    /// The most bytes of the weights as stored.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub bytes: Option<u64>,
    /// The losses that are allowed.
    pub losses: Vec<LossLimit>,
}

/// A loss that is allowed: it must be shown to be smaller.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct LossLimit {
    /// Of which tasks; `None`: of all together.
    pub capability: Option<Capability>,
    /// A share: 0.03 is 3 points.
    pub most: f64,
}

/// What is known of a variant beside its scores.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct VariantFacts {
    /// The variant's folder name.
    pub variant: String,
    /// Bytes of its weights as stored; `None` where no file says.
    pub bytes: Option<u64>,
    /// Tokens written in a second, where that was measured.
    pub speed: Option<f64>,
    /// Joules for each token, where that was measured.
    pub joules: Option<f64>,
    /// The n:m pattern of its zeros: `2:4`.
    pub pattern: Option<String>,
}

/// Whether a variant keeps within a limit.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Met {
    /// The lower one-sided 95% bound of the difference is above the limit.
    Yes,
    /// The upper one-sided 95% bound is below the limit.
    No,
    /// Neither; more samples could tell.
    CannotTell,
    /// The dense model scores no more than the limit there: no loss could be seen.
    NothingToLose,
    /// No sample of it was answered by both, or no file says the size.
    NotMeasured,
}

/// What a variant loses on some tasks.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Loss {
    /// Of which tasks; `None`: of all together.
    pub capability: Option<Capability>,
    /// compressed - dense, a share.
    pub delta: f64,
    /// Its two-sided 95% interval.
    pub interval: Interval,
    /// The two one-sided 95% bounds: what limits are held against.
    pub bounds: Interval,
    /// Samples that are in it.
    pub n: usize,
}

/// A limit held against a variant.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct LossCheck {
    /// The limit.
    pub limit: LossLimit,
    /// Whether it is kept.
    pub met: Met,
    /// About how many samples of these tasks would tell; absent where that is told already, or out of reach.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub needed: Option<usize>,
}

/// A variant that is no worse in anything measured, and better in something.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Dominance {
    /// Its folder name.
    pub by: String,
    /// Whether the 95% intervals of what the two lose are apart or touch only, so that chance does not explain it.
    pub sure: bool,
}

/// One variant.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Candidate {
    /// The variant's folder name.
    pub variant: String,
    /// Bytes of its weights as stored; absent where no file says.
    pub bytes: Option<u64>,
    /// Tokens written in a second; absent where that was not measured.
    pub speed: Option<f64>,
    /// Joules for each token; absent where that was not measured.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub joules: Option<f64>,
    /// The n:m pattern of its zeros.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub pattern: Option<String>,
    /// What it loses: of all tasks together first, then by capability; what was not measured is absent.
    pub losses: Vec<Loss>,
    /// Whether it fits; absent where no size was asked for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub fits: Option<Met>,
    /// The limits, in the order asked.
    pub checks: Vec<LossCheck>,
    /// Who dominates it; none: it is on the Pareto front.
    pub dominated_by: Vec<Dominance>,
}

impl Candidate {
    /// Everything that was asked of it, and whether it is so.
    pub fn found(&self) -> impl Iterator<Item = Met> {
        self.fits.into_iter().chain(self.checks.iter().map(|check| check.met))
    }

    /// Whether all that was asked is shown.
    pub fn meets(&self) -> bool {
        self.found().all(|met| met == Met::Yes)
    }

    /// What it loses of the tasks of a capability, or of all.
    pub fn loss(&self, capability: Option<Capability>) -> Option<&Loss> {
        self.losses.iter().find(|loss| loss.capability == capability)
    }
}

/// Which variant to use.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Recommendation {
    /// What was asked.
    pub constraints: Constraints,
    /// Whether nothing was asked, so that the run's margin is the limit.
    pub by_default: bool,
    /// All variants in the run's order, dense first.
    pub candidates: Vec<Candidate>,
    /// The variant to use: the smallest that keeps the limits, or where no loss was limited, the one that is shown to
    /// lose least.
    pub chosen: Option<String>,
    /// Where there is none: what comes nearest.
    pub nearest: Option<String>,
}
