//! The tasks of a capability, or of a variant, as one question.

use std::collections::HashMap;

use record::{Capability, Paired, PooledDecision, Verdict};

use crate::pairing::Pairs;
use crate::statistic::{Stratum, decide, pooled};

/// A comparison, and the pairs that it is of.
pub(crate) type Compared<'a> = (&'a Paired, &'a Pairs);

/// The decision over several tasks of one variant; `None` where no task can be in it.
pub(crate) fn together(compared: &[Compared], margin: f64) -> Option<PooledDecision> {
    // Where the dense model can do nothing there is nothing to lose: such a task would only hide what others lose.
    let decided: Vec<&Compared> = compared.iter().filter(|(paired, _)| paired.verdict != Verdict::Floor).collect();
    let found = pooled(&strata(&decided))?;
    Some(PooledDecision {
        delta: found.delta,
        interval: found.comparison.interval,
        bounds: found.comparison.bounds,
        p: found.comparison.p,
        verdict: decide(found.comparison.bounds, margin),
        tasks: found.tasks,
        left_out: compared.len() - found.tasks,
    })
}

/// The differences by task. A source of one name in two tasks of a capability is the same one.
fn strata(compared: &[&Compared]) -> Vec<Stratum> {
    let mut named: HashMap<(Capability, &str), usize> = HashMap::new();
    let mut count = 0;
    let mut all = Vec::new();
    for (paired, pairs) in compared {
        let clusters = pairs
            .sources
            .iter()
            .map(|source| {
                let mut fresh = || {
                    count += 1;
                    count - 1
                };
                match source {
                    Some(name) => *named.entry((paired.capability, name)).or_insert_with(fresh),
                    None => fresh(),
                }
            })
            .collect();
        all.push(Stratum { differences: pairs.differences.clone(), clusters });
    }
    all
}
