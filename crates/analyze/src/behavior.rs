//! What variants spend, and where their episodes part from the dense model's.

use std::collections::HashMap;

use record::{Behavior, Course, Effort, InvalidTurn, SurvivalPoint};

use crate::statistic::{
    FirstDifference, Spent, cut_offs, kaplan_meier, median_survival, success_given_divergence, token_growth,
};

/// What a variant did with a sample.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Trail {
    /// Tokens generated over all turns; `None` where some were not counted.
    pub tokens: Option<u64>,
    /// Whether a reply ran into the limit.
    pub cut: bool,
    /// Whether it failed because a thought did not end.
    pub endless: bool,
    /// Whether it finished.
    pub finished: bool,
    /// Whether it scored 1.
    pub solved: bool,
    /// What was said in each turn, and what it answered, as numbers that differ where the texts do.
    pub turns: Vec<Turn>,
    /// The turns, from 1, whose actions were not valid; `None` where nobody counted them.
    pub invalid: Option<Vec<usize>>,
    /// The source that it shares with others.
    pub cluster: Option<String>,
}

/// A turn, by what was said in it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub struct Turn {
    /// The reply.
    pub reply: u64,
    /// What the model had been shown since its last reply.
    pub shown: u64,
}

/// The same reply to the same thing so many times is a loop.
const LOOP: usize = 3;

impl Trail {
    fn loops(&self) -> bool {
        let mut seen: HashMap<Turn, usize> = HashMap::new();
        self.turns.iter().any(|turn| {
            let count = seen.entry(*turn).or_default();
            *count += 1;
            *count >= LOOP
        })
    }

    /// Where it first says something else than `dense`, or ends.
    fn parts(&self, dense: &Self) -> FirstDifference {
        let together = self.turns.iter().zip(&dense.turns);
        match together.clone().position(|(own, theirs)| own.reply != theirs.reply) {
            Some(at) => FirstDifference { step: at + 1, differs: true },
            // One that goes on where the other has ended says something else there.
            None if self.turns.len() != dense.turns.len() => {
                FirstDifference { step: together.len() + 1, differs: true }
            }
            None => FirstDifference { step: self.turns.len().max(1), differs: false },
        }
    }
}

/// What a variant does otherwise than the dense model on a task: trails of the same samples, in the same order.
pub fn behavior(variant: &str, task: &str, dense: &[Trail], compressed: &[Trail]) -> Behavior {
    let both: Vec<(&Trail, &Trail)> =
        dense.iter().zip(compressed).filter(|(dense, own)| dense.finished && own.finished).collect();
    let spent: Vec<Spent> = (both.iter())
        .map(|(dense, own)| Spent {
            dense: dense.tokens.unwrap_or(0),
            compressed: own.tokens.unwrap_or(0),
            dense_cut: dense.cut,
            compressed_cut: own.cut,
        })
        .collect();
    let (growth, cut) = (token_growth(&spent, &clusters(&both)), cut_offs(&spent));
    let n = both.len();
    let dense_sum = both.iter().map(|both| both.0.tokens).sum::<Option<u64>>();
    let own_sum = both.iter().map(|both| both.1.tokens).sum::<Option<u64>>();
    let growth = growth.filter(|_| dense_sum.and(own_sum).is_some());
    let each = |sum: Option<u64>, count: usize| Some(sum? as f64 / count as f64).filter(|_| count > 0);
    Behavior {
        variant: variant.to_owned(),
        task: task.to_owned(),
        n,
        dense_tokens: each(dense_sum, n),
        tokens: each(own_sum, n),
        growth: growth.map(|growth| growth.ratio),
        growth_interval: growth.and_then(|growth| growth.interval),
        dense_cut: cut.dense,
        cut: cut.compressed,
        cut_p: cut.comparison.p,
        dense_tokens_solved: each(dense_sum, both.iter().filter(|both| both.0.solved).count()),
        tokens_solved: each(own_sum, both.iter().filter(|both| both.1.solved).count()),
        dense_seconds_solved: None,
        seconds_solved: None,
        dense_joules_solved: None,
        joules_solved: None,
        endless: compressed.iter().filter(|trail| trail.endless).count(),
        course: both.iter().any(|(dense, own)| dense.turns.len().max(own.turns.len()) > 1).then(|| course(&both)),
    }
}

/// Adds the seconds and joules of each solved sample: its tokens at the pace of the task's effort.
pub fn paced(of: Behavior, dense: Option<&Effort>, compressed: Option<&Effort>) -> Behavior {
    let each = |effort: Option<&Effort>, tokens: Option<f64>, rate: fn(&Effort) -> Option<f64>| {
        Some(tokens? * effort.and_then(rate)?)
    };
    let seconds = |effort: &Effort| effort.tokens_per_second().map(f64::recip);
    Behavior {
        dense_seconds_solved: each(dense, of.dense_tokens_solved, seconds),
        seconds_solved: each(compressed, of.tokens_solved, seconds),
        dense_joules_solved: each(dense, of.dense_tokens_solved, Effort::joules_per_token),
        joules_solved: each(compressed, of.tokens_solved, Effort::joules_per_token),
        ..of
    }
}

/// Numbers of the sources; a sample without one stands alone.
fn clusters(both: &[(&Trail, &Trail)]) -> Vec<usize> {
    let mut named: HashMap<&str, usize> = HashMap::new();
    let mut numbers = Vec::new();
    for (at, (dense, _)) in both.iter().enumerate() {
        numbers.push(dense.cluster.as_deref().map_or(at, |name| *named.entry(name).or_insert(at)));
    }
    numbers
}

fn course(both: &[(&Trail, &Trail)]) -> Course {
    let parts: Vec<FirstDifference> = both.iter().map(|(dense, own)| own.parts(dense)).collect();
    let curve = kaplan_meier(&parts, 0.95);
    let ends: Vec<(bool, bool)> = parts.iter().zip(both).map(|(part, both)| (part.differs, both.1.solved)).collect();
    let split = success_given_divergence(&ends);
    let loops = |of: fn(&(&Trail, &Trail)) -> bool| {
        both.iter().filter(|both| of(both)).count() as f64 / both.len().max(1) as f64
    };
    let counts = |found: crate::statistic::Successes| (found.n as usize, found.successes as usize);
    Course {
        median: median_survival(&curve),
        survival: (curve.iter())
            .map(|point| SurvivalPoint {
                turn: point.step,
                at_risk: point.at_risk,
                share: point.survival,
                interval: point.interval,
            })
            .collect(),
        parted: counts(split.differing),
        alike: counts(split.alike),
        dense_loops: loops(|both| both.0.loops()),
        loops: loops(|both| both.1.loops()),
        invalid: invalid(both),
    }
}

/// The actions that were not valid, turn by turn up to the last that any episode reaches.
fn invalid(both: &[(&Trail, &Trail)]) -> Vec<InvalidTurn> {
    let counted = both.iter().filter(|(dense, own)| dense.invalid.is_some() && own.invalid.is_some());
    let (dense, own): (Vec<&Trail>, Vec<&Trail>) = counted.copied().unzip();
    let last = dense.iter().chain(&own).map(|trail| trail.turns.len()).max().unwrap_or_default();
    let turn = |turn| InvalidTurn { turn, dense: invalid_at(&dense, turn), compressed: invalid_at(&own, turn) };
    (1..=last).map(turn).collect()
}

/// Episodes that reach a turn, and how many of them do there what is not valid.
fn invalid_at(trails: &[&Trail], turn: usize) -> (usize, usize) {
    let there: Vec<_> = trails.iter().filter(|trail| trail.turns.len() >= turn).collect();
    let bad = there.iter().filter(|trail| trail.invalid.as_ref().is_some_and(|all| all.contains(&turn)));
    (there.len(), bad.count())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn trail(replies: &[u64], tokens: u64) -> Trail {
        let turns = replies.iter().map(|&reply| Turn { reply, shown: 0 }).collect();
        Trail { tokens: Some(tokens), finished: true, solved: replies.last() == Some(&9), turns, ..Trail::default() }
    }

    #[test]
    fn invalid_actions_are_counted_by_turn_among_episodes_that_reach_it() {
        let with = |replies: &[u64], invalid: &[usize]| Trail { invalid: Some(invalid.to_vec()), ..trail(replies, 1) };
        let (dense, own) = ([with(&[1, 2], &[]), with(&[1], &[1])], [with(&[1, 5, 6], &[2, 3]), with(&[1], &[])]);
        let found = behavior("v", "t", &dense, &own).course.unwrap_or_default().invalid;
        let counts: Vec<_> = found.iter().map(|one| (one.turn, one.dense, one.compressed)).collect();
        assert_eq!(counts, [(1, (2, 1), (2, 0)), (2, (1, 0), (1, 1)), (3, (0, 0), (1, 1))]);
    }

    #[test]
    fn an_episode_parts_where_it_says_something_else() {
        let dense = [trail(&[1, 2, 9], 30), trail(&[1, 2, 9], 30), trail(&[1, 1, 1], 30), trail(&[4], 10)];
        let own = [trail(&[1, 2, 9], 60), trail(&[1, 3, 9], 60), trail(&[1, 1, 1, 9], 60), Trail::default()];
        let found = behavior("v", "t", &dense, &own);
        assert_eq!((found.n, found.growth, found.tokens), (3, Some(2.0), Some(60.0)));
        assert_eq!((found.dense_tokens_solved, found.tokens_solved), (Some(45.0), Some(60.0)));
        let course = found.course.unwrap_or_default();
        assert_eq!((course.parted, course.alike), ((2, 2), (1, 1)));
        let points: Vec<_> = course.survival.iter().map(|point| (point.turn, point.at_risk)).collect();
        assert_eq!(points, [(2, 3), (4, 1)]);
        assert!(course.invalid.is_empty(), "nobody counted");
        assert!((course.loops - 1.0 / 3.0).abs() < 1e-12 && (course.dense_loops - 1.0 / 3.0).abs() < 1e-12);
    }

    #[test]
    fn nothing_in_common_says_nothing() {
        let found = behavior("v", "t", &[Trail::default()], &[trail(&[1], 5)]);
        assert_eq!((found.n, found.growth, found.course.is_none()), (0, None, true));
        assert!(found.cut == 0.0 && found.tokens.is_none() && found.tokens_solved.is_none());
    }

    #[test]
    fn tokens_that_nobody_counted_are_not_zero() {
        let dense = [trail(&[9], 10), trail(&[9], 20)];
        let own = [trail(&[9], 10), Trail { tokens: None, ..trail(&[9], 0) }];
        let found = behavior("v", "t", &dense, &own);
        assert_eq!((found.n, found.dense_tokens, found.dense_tokens_solved), (2, Some(15.0), Some(15.0)));
        assert_eq!((found.tokens, found.tokens_solved, found.growth, found.growth_interval), (None, None, None, None));
    }
}
