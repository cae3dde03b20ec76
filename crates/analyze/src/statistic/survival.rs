//! How long a trajectory stays the dense model's, and what becomes of it once it does not.

use record::Interval;

use super::interval::wilson;
use super::quantile::normal_quantile;

/// When a trajectory first did something else than the dense model's.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct FirstDifference {
    /// The action that differs, counted from 1; where none does, the number of actions that were compared.
    pub step: usize,
    /// Whether it differs; otherwise the trajectory ended alike, and what would have come after is not known.
    pub differs: bool,
}

/// The curve after a step at which some trajectory first differed.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct SurvivalStep {
    /// The step, counted from 1.
    pub step: usize,
    /// Trajectories that were alike up to the step before, and went on.
    pub at_risk: usize,
    /// Of those, how many differ at this step.
    pub differing: usize,
    /// Estimated share of trajectories that are still alike after it, in [0, 1].
    pub survival: f64,
    /// Greenwood's variance of `survival`.
    pub variance: f64,
    /// Its interval through ln(-ln S), which stays in [0, 1]; absent where nothing is left alike.
    pub interval: Option<Interval>,
}

/// Kaplan and Meier's estimate (1958) of the share of trajectories that are still the dense model's, at each step at which
/// some first differ; variance by Greenwood (1926), interval at `confidence` on the scale ln(-ln S). A trajectory that
/// ends at a step is at risk at that step. Trajectories count as independent of each other.
///
/// ```
/// use analyze::statistic::{FirstDifference, kaplan_meier};
/// // Of 4: one differs at 1, one ends alike at 2, one differs at 3, one ends alike at 4. S = 3/4, then 3/4 * 1/2.
/// let seen = [(1, true), (2, false), (3, true), (4, false)].map(|(step, differs)| FirstDifference { step, differs });
/// let curve = kaplan_meier(&seen, 0.95);
/// let found: Vec<_> = curve.iter().map(|point| (point.step, point.at_risk, point.survival)).collect();
/// assert_eq!(found, [(1, 4, 0.75), (3, 2, 0.375)]);
/// // S^2 sum d / (n (n - d)): 9/16 * 1/12, then 9/64 * (1/12 + 1/2).
/// assert!((curve[0].variance - 3.0 / 64.0).abs() < 1e-15);
/// assert!((curve[1].variance - 9.0 / 64.0 * 7.0 / 12.0).abs() < 1e-15);
/// ```
pub fn kaplan_meier(trajectories: &[FirstDifference], confidence: f64) -> Vec<SurvivalStep> {
    let mut steps: Vec<usize> = trajectories.iter().filter(|seen| seen.differs).map(|seen| seen.step).collect();
    steps.sort_unstable();
    steps.dedup();
    let (mut survival, mut greenwood) = (1.0, 0.0);
    let mut curve = Vec::with_capacity(steps.len());
    for step in steps {
        let at_risk = trajectories.iter().filter(|seen| seen.step >= step).count();
        let differing = trajectories.iter().filter(|seen| seen.differs && seen.step == step).count();
        let (n, d) = (at_risk as f64, differing as f64);
        survival *= (n - d) / n;
        greenwood += if differing < at_risk { d / (n * (n - d)) } else { 0.0 };
        let variance = survival * survival * greenwood;
        let interval = (survival > 0.0).then(|| log_log(survival, greenwood, confidence));
        curve.push(SurvivalStep { step, at_risk, differing, survival, variance, interval });
    }
    curve
}

/// S^exp(+-z sqrt(V) / |ln S|), V the variance of ln S.
fn log_log(survival: f64, variance: f64, confidence: f64) -> Interval {
    let z = normal_quantile(0.5 + confidence / 2.0);
    let factor = (z * variance.sqrt() / survival.ln().abs()).exp();
    Interval { low: survival.powf(factor), high: survival.powf(1.0 / factor) }
}

/// The first step after which no more than half of the trajectories are estimated to be alike; `None` where the curve stays
/// above.
///
/// ```
/// use analyze::statistic::{FirstDifference, kaplan_meier, median_survival};
/// let seen = [1, 2, 3].map(|step| FirstDifference { step, differs: true });
/// assert_eq!(median_survival(&kaplan_meier(&seen, 0.95)), Some(2));
/// ```
pub fn median_survival(curve: &[SurvivalStep]) -> Option<usize> {
    // Thirds and the like do not add up exactly.
    curve.iter().find(|point| point.survival <= 0.5 + 1e-12).map(|point| point.step)
}

/// How many of some trajectories reached their goal.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Successes {
    /// How many did.
    pub successes: u64,
    /// Of how many.
    pub n: u64,
    /// Wilson's 95% interval of the share; 0 to 1 of none.
    pub interval: Interval,
}

impl Successes {
    fn of(trajectories: &[(bool, bool)], differs: bool) -> Self {
        let count = |success: Option<bool>| {
            let counts = |seen: &&(bool, bool)| seen.0 == differs && success.is_none_or(|success| seen.1 == success);
            trajectories.iter().filter(counts).count() as u64
        };
        let (successes, n) = (count(Some(true)), count(None));
        Self { successes, n, interval: wilson(successes, n, 0.95) }
    }

    /// Their share; `None` of none.
    pub fn share(self) -> Option<f64> {
        (self.n > 0).then(|| self.successes as f64 / self.n as f64)
    }
}

/// Success of the compressed model where it left the dense model's way, and where it did not.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct SuccessByDivergence {
    /// Of trajectories that differ somewhere.
    pub differing: Successes,
    /// Of those that never do.
    pub alike: Successes,
}

/// Splits trajectories, (differs, succeeds) each, by whether they left the dense model's way.
///
/// ```
/// let seen = [(true, true), (true, false), (false, true), (true, false)];
/// let found = analyze::statistic::success_given_divergence(&seen);
/// assert_eq!((found.differing.share(), found.alike.share()), (Some(1.0 / 3.0), Some(1.0)));
/// ```
pub fn success_given_divergence(trajectories: &[(bool, bool)]) -> SuccessByDivergence {
    SuccessByDivergence { differing: Successes::of(trajectories, true), alike: Successes::of(trajectories, false) }
}
