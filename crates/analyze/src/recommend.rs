//! Which variant to use: the Pareto front of size, speed and what is lost, and a choice under constraints.

use std::cmp::Ordering;

use record::{
    Analysis, Candidate, Capability, Constraints, DENSE, Dominance, Interval, Loss, LossCheck, LossLimit, Met, Paired,
    Recommendation, VariantFacts, Verdict,
};

/// More samples than this are out of reach.
const MOST_SAMPLES: f64 = 1e6;

/// Chooses among the variants of a run, dense among them.
///
/// A limit on a loss is kept only where the lower one-sided 95% bound of the difference is above it. Chosen is the smallest
/// variant that keeps all; where no loss is limited, the one whose bound is best. Where nothing is asked at all, the run's
/// margin is the limit for all tasks together. A variant is dominated by one that is no larger, no slower (where both were
/// measured), loses no more of all tasks together and of each capability with a limit, and is better in one of these; the
/// estimates are compared, and the intervals say how sure that is.
pub fn recommend(analysis: &Analysis, facts: &[VariantFacts], asked: Constraints) -> Recommendation {
    let by_default = asked.bytes.is_none() && asked.losses.is_empty();
    let mut constraints = asked;
    if by_default {
        constraints.losses.push(LossLimit { capability: None, most: analysis.margin });
    }
    let mut candidates: Vec<Candidate> = facts.iter().map(|facts| candidate(analysis, facts, &constraints)).collect();
    let dominated: Vec<Vec<Dominance>> = candidates
        .iter()
        .map(|one| candidates.iter().filter_map(|other| dominates(other, one, &constraints)).collect())
        .collect();
    candidates.iter_mut().zip(dominated).for_each(|(one, by)| one.dominated_by = by);
    let limited = !constraints.losses.is_empty();
    let better = |a: &&Candidate, b: &&Candidate| {
        let (size, loss) = (by_size(a, b), by_bound(a, b));
        if limited { size.then(loss) } else { loss.then(size) }
    };
    let chosen = candidates.iter().filter(|one| one.meets()).min_by(better).map(|one| one.variant.clone());
    let nearest = if chosen.is_some() { None } else { nearest(&candidates, constraints.bytes) };
    Recommendation { constraints, by_default, candidates, chosen, nearest }
}

fn candidate(analysis: &Analysis, facts: &VariantFacts, constraints: &Constraints) -> Candidate {
    let scopes = [None].into_iter().chain(Capability::ALL.map(Some));
    let seen = |capability| Seen::of(analysis, &facts.variant, capability);
    let check = |limit: &LossLimit| seen(limit.capability).check(*limit, analysis.margin);
    Candidate {
        variant: facts.variant.clone(),
        bytes: facts.bytes,
        speed: facts.speed,
        joules: facts.joules,
        pattern: facts.pattern.clone(),
        losses: scopes.filter_map(|capability| seen(capability).loss(capability)).collect(),
        fits: constraints.bytes.map(|most| match facts.bytes {
            Some(bytes) if bytes <= most => Met::Yes,
            Some(_) => Met::No,
            None => Met::NotMeasured,
        }),
        checks: constraints.losses.iter().map(check).collect(),
        dominated_by: Vec::new(),
    }
}

/// What is known of a variant on the tasks of a capability, or on all.
enum Seen<'a> {
    /// It is the dense model.
    Dense,
    /// Its only task with something to lose; others are left out of the decision.
    One(&'a Paired),
    /// Several tasks together.
    Several { loss: Loss, dense: f64 },
    /// The dense model can do none of the tasks.
    Floor,
    /// No sample was answered by both.
    Nothing,
}

impl<'a> Seen<'a> {
    fn of(analysis: &'a Analysis, variant: &str, capability: Option<Capability>) -> Self {
        if variant == DENSE {
            return Self::Dense;
        }
        let of = |paired: &&Paired| {
            paired.variant == variant && paired.n > 0 && capability.is_none_or(|it| it == paired.capability)
        };
        let all: Vec<&Paired> = analysis.paired.iter().filter(of).collect();
        let telling: Vec<&Paired> = all.iter().copied().filter(|paired| paired.verdict != Verdict::Floor).collect();
        let pooled = match capability {
            None => analysis.overall.iter().find(|one| one.variant == variant).map(|one| &one.pooled),
            Some(capability) => {
                let of = analysis.capabilities.iter();
                let mut of = of.filter(|one| one.variant == variant && one.capability == capability);
                of.next().and_then(|one| one.pooled.as_ref())
            }
        };
        match (&telling[..], pooled) {
            ([], _) if all.is_empty() => Self::Nothing,
            ([], _) => Self::Floor,
            ([one], _) => Self::One(one),
            (several, Some(found)) => Self::Several {
                loss: Loss {
                    capability,
                    delta: found.delta,
                    interval: found.interval,
                    bounds: found.bounds,
                    n: several.iter().map(|paired| paired.n).sum(),
                },
                dense: several.iter().map(|paired| paired.dense).sum::<f64>() / several.len() as f64,
            },
            (_, None) => Self::Nothing,
        }
    }

    fn loss(&self, capability: Option<Capability>) -> Option<Loss> {
        let none = Interval { low: 0.0, high: 0.0 };
        match self {
            Self::Dense => Some(Loss { capability, delta: 0.0, interval: none, bounds: none, n: 0 }),
            Self::One(Paired { delta, interval, bounds, n, .. }) => {
                Some(Loss { capability, delta: *delta, interval: *interval, bounds: *bounds, n: *n })
            }
            Self::Several { loss, .. } => Some(*loss),
            Self::Floor | Self::Nothing => None,
        }
    }

    fn check(&self, limit: LossLimit, margin: f64) -> LossCheck {
        let plain = |met| LossCheck { limit, met, needed: None };
        let (dense, planned) = match self {
            Self::Dense => return plain(Met::Yes),
            Self::Floor => return plain(Met::NothingToLose),
            Self::Nothing => return plain(Met::NotMeasured),
            // What the analysis planned for the run's margin knows more of the samples than their interval.
            Self::One(paired) => (paired.dense, paired.needed.filter(|_| (limit.most - margin).abs() < 1e-9)),
            Self::Several { dense, .. } => (*dense, None),
        };
        let Some(loss) = self.loss(limit.capability) else { return plain(Met::NotMeasured) };
        let met = match loss.bounds {
            _ if dense <= limit.most => Met::NothingToLose,
            Interval { low, .. } if low > -limit.most => Met::Yes,
            Interval { high, .. } if high < -limit.most => Met::No,
            _ => Met::CannotTell,
        };
        let needed = if met == Met::CannotTell { planned.or_else(|| needed(&loss, limit.most)) } else { None };
        LossCheck { limit, met, needed }
    }
}

/// About how many samples would bring the nearer bound past the limit, if the difference stays: bounds come nearer with the
/// root of the number of samples.
fn needed(loss: &Loss, most: f64) -> Option<usize> {
    let room = loss.delta + most;
    let reach = if room > 0.0 { loss.delta - loss.bounds.low } else { loss.bounds.high - loss.delta };
    let needed = loss.n as f64 * (reach / room).powi(2);
    (needed.is_finite() && needed <= MOST_SAMPLES).then(|| (needed.ceil() as usize).max(loss.n + 1))
}

/// Smaller first; an unknown size last.
fn by_size(a: &Candidate, b: &Candidate) -> Ordering {
    a.bytes.unwrap_or(u64::MAX).cmp(&b.bytes.unwrap_or(u64::MAX))
}

/// The better bound of all tasks together first; one that was not measured last.
fn by_bound(a: &Candidate, b: &Candidate) -> Ordering {
    let low = |one: &Candidate| one.loss(None).map_or(f64::NEG_INFINITY, |loss| loss.bounds.low);
    low(b).total_cmp(&low(a))
}

/// Two measurements this near to each other are equal: a share. Machines do other things too.
const NOISE: f64 = 0.1;

/// How `a` compares with `b`, of what was measured once.
fn unlike(a: f64, b: f64) -> Ordering {
    if (a - b).abs() <= NOISE * a.max(b) { Ordering::Equal } else { a.total_cmp(&b) }
}

/// Whether `a` dominates `b`, by what was measured of both.
fn dominates(a: &Candidate, b: &Candidate, constraints: &Constraints) -> Option<Dominance> {
    let (Some(small), Some(large)) = (a.bytes, b.bytes) else { return None };
    let mut order = vec![large.cmp(&small)];
    if let (Some(fast), Some(slow)) = (a.speed, b.speed) {
        order.push(unlike(fast, slow));
    }
    if let (Some(frugal), Some(hungry)) = (a.joules, b.joules) {
        order.push(unlike(hungry, frugal));
    }
    let mut sure = true;
    let scopes = [None].into_iter().chain(constraints.losses.iter().map(|limit| limit.capability));
    for scope in scopes {
        let (mine, theirs) = (a.loss(scope)?, b.loss(scope)?);
        order.push(mine.delta.total_cmp(&theirs.delta));
        sure &= mine.interval.low >= theirs.interval.high;
    }
    let dominates = order.iter().all(|one| one.is_ge()) && order.iter().any(|one| one.is_gt());
    dominates.then(|| Dominance { by: a.variant.clone(), sure })
}

/// The compressed variant that comes nearest to what was asked: the fewest constraints broken, then the fewest open, then the least
/// that is missing.
fn nearest(candidates: &[Candidate], bytes: Option<u64>) -> Option<String> {
    let count = |one: &Candidate, which: fn(Met) -> bool| one.found().filter(|met| which(*met)).count();
    let key = |one: &Candidate| {
        let broken = count(one, |met| met == Met::No);
        let open = count(one, |met| !matches!(met, Met::No | Met::Yes));
        (broken, open, missing(one, bytes))
    };
    let order = |a: &&Candidate, b: &&Candidate| {
        let (a, b) = (key(a), key(b));
        (a.0, a.1).cmp(&(b.0, b.1)).then(a.2.total_cmp(&b.2))
    };
    let compressed = candidates.iter().filter(|one| one.variant != DENSE).min_by(order);
    compressed.or(candidates.first()).map(|one| one.variant.clone())
}

/// By how much a variant misses its constraints: shares of a loss, and of the bytes allowed.
fn missing(one: &Candidate, bytes: Option<u64>) -> f64 {
    let lost = one.checks.iter().map(|check| {
        let low = one.loss(check.limit.capability).map_or(-1.0, |loss| loss.bounds.low);
        (-check.limit.most - low).max(0.0)
    });
    let size = match (bytes, one.bytes) {
        (Some(most), Some(size)) => (size as f64 / (most as f64).max(1.0) - 1.0).max(0.0),
        _ => 0.0,
    };
    lost.sum::<f64>() + size
}

#[cfg(test)]
mod tests {
    use record::{CapabilitySummary, Overall, PairTest, PooledDecision};

    use super::*;

    const TASKS: [(&str, Capability); 2] = [("pddl", Capability::RealWorld), ("teval_plan", Capability::ToolUse)];

    fn facts(variant: &str, bytes: u64) -> VariantFacts {
        VariantFacts { variant: variant.into(), bytes: Some(bytes), ..VariantFacts::default() }
    }

    fn around(delta: f64, half: f64) -> Interval {
        Interval { low: delta - half, high: delta + half }
    }

    fn paired(variant: &str, (task, capability): (&str, Capability), delta: f64, half: f64) -> Paired {
        Paired {
            variant: variant.into(),
            task: task.into(),
            capability,
            n: 100,
            left_out: 0,
            dense: 0.5,
            compressed: 0.5 + delta,
            delta,
            interval: around(delta, half * 1.2),
            bounds: around(delta, half),
            test: PairTest::PairedBootstrap,
            p: 0.5,
            p_exact: None,
            p_holm: 1.0,
            flips: 0.1,
            harmful_flips: 0.1,
            verdict: Verdict::Inconclusive,
            detectable: 0.1,
            needed: Some(870),
        }
    }

    /// Variants that lose `delta` with bounds `half` to either side, of all tasks and of each.
    fn analysis(variants: &[(&str, f64, f64)]) -> Analysis {
        let mut all = Analysis {
            margin: 0.03,
            summaries: Vec::new(),
            paired: Vec::new(),
            capabilities: Vec::new(),
            overall: Vec::new(),
            columns: Vec::new(),
            repeats: Vec::new(),
        };
        for &(variant, delta, half) in variants {
            all.paired.extend(TASKS.map(|task| paired(variant, task, delta, half)));
            let pooled = PooledDecision {
                delta,
                interval: around(delta, half * 1.2),
                bounds: around(delta, half),
                p: 0.5,
                verdict: Verdict::Inconclusive,
                tasks: 2,
                left_out: 0,
            };
            all.overall.push(Overall { variant: variant.into(), pooled });
        }
        all
    }

    fn limits(bytes: Option<u64>, losses: &[(Option<Capability>, f64)]) -> Constraints {
        let losses = losses.iter().map(|&(capability, most)| LossLimit { capability, most }).collect();
        Constraints { bytes, losses }
    }

    fn found<'a>(all: &'a Recommendation, variant: &str) -> &'a Candidate {
        let found = all.candidates.iter().find(|one| one.variant == variant);
        found.unwrap_or_else(|| unreachable!("{variant}"))
    }

    #[test]
    fn the_smallest_that_is_shown_to_keep_the_limit_is_chosen() {
        let analysis = analysis(&[("w8", -0.001, 0.01), ("w4", -0.01, 0.01), ("w3", -0.02, 0.02), ("w2", -0.2, 0.02)]);
        let sizes = [facts("dense", 100), facts("w8", 50), facts("w4", 25), facts("w3", 20), facts("w2", 15)];
        let all = recommend(&analysis, &sizes, limits(None, &[(None, 0.03)]));
        assert_eq!(all.chosen.as_deref(), Some("w4"));
        let met: Vec<Met> = all.candidates.iter().map(|one| one.checks[0].met).collect();
        assert_eq!(met, [Met::Yes, Met::Yes, Met::Yes, Met::CannotTell, Met::No]);
        // 200 samples leave 2 points below -2; half of that is four times as many.
        assert!(found(&all, "w3").checks[0].needed.is_some_and(|n| (800..=801).contains(&n)));
        assert!(all.candidates.iter().all(|one| one.dominated_by.is_empty()));
        let asked = recommend(&analysis, &sizes, Constraints::default());
        assert!(asked.by_default && asked.chosen == all.chosen && asked.constraints.losses[0].most == 0.03);
    }

    #[test]
    fn what_fits_is_chosen_by_its_bound_and_dense_where_it_fits() {
        let analysis = analysis(&[("w4", -0.01, 0.01), ("w3", -0.005, 0.05)]);
        let sizes = [facts("dense", 100), facts("w4", 25), facts("w3", 20), VariantFacts::default()];
        let chosen = |bytes| recommend(&analysis, &sizes, limits(Some(bytes), &[])).chosen;
        assert_eq!(chosen(100).as_deref(), Some("dense"));
        assert_eq!(chosen(30).as_deref(), Some("w4"));
        assert_eq!(chosen(20).as_deref(), Some("w3"));
        let none = recommend(&analysis, &sizes, limits(Some(10), &[]));
        // The one without a size is open, not broken.
        assert_eq!((none.chosen, none.nearest.as_deref()), (None, Some("")));
    }

    #[test]
    fn one_task_uses_its_own_bounds_and_plan_and_a_floor_is_no_evidence() {
        let mut analysis = analysis(&[("w4", -0.01, 0.03)]);
        let asked = |most| limits(None, &[(Some(Capability::ToolUse), most)]);
        let sizes = [facts("dense", 100), facts("w4", 25)];
        let all = recommend(&analysis, &sizes, asked(0.03));
        assert_eq!((found(&all, "w4").checks[0].met, found(&all, "w4").checks[0].needed), (Met::CannotTell, Some(870)));
        assert_eq!(all.chosen.as_deref(), Some("dense"));
        // 100 samples reach 3 points, and 1 is wanted.
        let all = recommend(&analysis, &sizes, asked(0.02));
        assert!(found(&all, "w4").checks[0].needed.is_some_and(|n| (900..=901).contains(&n)));
        assert_eq!(recommend(&analysis, &sizes, asked(0.05)).chosen.as_deref(), Some("w4"));
        let long = recommend(&analysis, &sizes, limits(None, &[(Some(Capability::LongContext), 0.03)]));
        assert_eq!(found(&long, "w4").checks[0].met, Met::NotMeasured);
        analysis.paired[1].verdict = Verdict::Floor;
        let all = recommend(&analysis, &sizes, asked(0.05));
        assert_eq!(found(&all, "w4").checks[0].met, Met::NothingToLose);
        assert_eq!(found(&all, "w4").loss(Some(Capability::ToolUse)), None);
    }

    #[test]
    fn several_tasks_of_a_capability_are_one_question() {
        let mut analysis = analysis(&[("w4", -0.01, 0.03)]);
        analysis.paired[0].capability = Capability::ToolUse;
        analysis.capabilities.push(CapabilitySummary {
            variant: "w4".into(),
            capability: Capability::ToolUse,
            tasks: 2,
            dense: 0.5,
            compressed: 0.49,
            verdicts: Default::default(),
            pooled: Some(PooledDecision { bounds: around(-0.01, 0.015), ..analysis.overall[0].pooled.clone() }),
        });
        let limit = limits(None, &[(Some(Capability::ToolUse), 0.03)]);
        let all = recommend(&analysis, &[facts("w4", 25)], limit);
        assert_eq!((found(&all, "w4").checks[0].met, all.chosen.as_deref()), (Met::Yes, Some("w4")));
        assert_eq!(found(&all, "w4").loss(Some(Capability::ToolUse)).map(|loss| loss.n), Some(200));
    }

    #[test]
    fn the_front_says_who_dominates_whom_and_how_surely() {
        let analysis = analysis(&[("good", -0.01, 0.01), ("bad", -0.2, 0.01), ("alike", -0.011, 0.01)]);
        let sizes = [facts("good", 20), facts("bad", 25), facts("alike", 20)];
        let all = recommend(&analysis, &sizes, limits(None, &[]));
        assert!(found(&all, "good").dominated_by.is_empty());
        let by = |variant: &str| -> Vec<(String, bool)> {
            found(&all, variant).dominated_by.iter().map(|one| (one.by.clone(), one.sure)).collect()
        };
        assert_eq!(by("bad"), [("good".to_owned(), true), ("alike".to_owned(), true)]);
        assert_eq!(by("alike"), [("good".to_owned(), false)]);
        // A measured speed keeps it on the front.
        let mut fast = sizes;
        (fast[0].speed, fast[2].speed) = (Some(10.0), Some(20.0));
        let all = recommend(&analysis, &fast, limits(None, &[]));
        assert!(found(&all, "alike").dominated_by.is_empty());
    }

    #[test]
    fn the_nearest_breaks_least() {
        let analysis = analysis(&[("w4", -0.04, 0.02), ("w2", -0.3, 0.02)]);
        let sizes = [facts("dense", 100), facts("w4", 25), facts("w2", 15)];
        let nearest = |bytes| recommend(&analysis, &sizes, limits(Some(bytes), &[(None, 0.03)])).nearest;
        assert_eq!(nearest(30).as_deref(), Some("w4"));
        assert_eq!(nearest(20).as_deref(), Some("w2"));
        assert_eq!(recommend(&analysis, &[], limits(Some(1), &[])).nearest, None);
    }
}
