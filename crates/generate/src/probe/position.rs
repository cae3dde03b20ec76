//! What is kept of one prediction.

use std::cmp::Ordering;

use model::Matrix;
use rayon::prelude::*;
use record::{BesideDense, Positions};

/// A row of logits, looked at once.
struct Row {
    /// The likeliest tokens and their logits, the likeliest first.
    top: Vec<(u32, f32)>,
    log_sum_exp: f64,
    rest: f64,
    chosen: f32,
    rank: u32,
}

/// The dense model's side of some positions.
pub(super) struct DenseSide<'a> {
    /// `[m, vocab]`
    pub logits: &'a Matrix,
    /// `[m]`
    pub log_sum_exp: &'a [f64],
    /// `[m, top]`
    pub ids: &'a [u32],
}

/// Looks at logits `[m, vocab]`; `chosen` are the tokens that the text has. `None` where some are no numbers.
pub(super) fn look(logits: &Matrix, chosen: &[u32], top: usize, dense: Option<&DenseSide>) -> Option<Positions> {
    let top = top.min(logits.cols);
    let rows: Option<Vec<Row>> =
        (0..logits.rows).into_par_iter().map(|row| Row::of(logits.row(row), *chosen.get(row)? as usize, top)).collect();
    let rows = rows?;
    let mut all = Positions { top, ..Positions::default() };
    for row in &rows {
        all.ids.extend(row.top.iter().map(|one| one.0));
        all.logits.extend(row.top.iter().map(|one| one.1));
        all.log_sum_exp.push(row.log_sum_exp);
        all.rest.push(row.rest);
        all.chosen.push(row.chosen);
        all.rank.push(row.rank);
    }
    all.beside = dense.map(|dense| beside(logits, &rows, dense, top));
    Some(all)
}

fn beside(logits: &Matrix, rows: &[Row], dense: &DenseSide, top: usize) -> BesideDense {
    let of = |(at, row): (usize, &Row)| {
        let (theirs, own) = (dense.logits.row(at), logits.row(at));
        distance(theirs, dense.log_sum_exp[at], own, row.log_sum_exp)
    };
    let (kl, acceptance) = rows.par_iter().enumerate().map(of).unzip();
    let named = |at: usize| dense.ids[at * top..(at + 1) * top].iter().map(move |&id| (at, id as usize));
    let logits = (0..rows.len()).flat_map(named).map(|(at, id)| logits.row(at)[id]).collect();
    BesideDense { logits, kl, acceptance }
}

/// KL(p || q) in nats and the sum of the smaller probabilities, of logits and the logarithms of their exponentials' sums.
fn distance(p: &[f32], p_sum: f64, q: &[f32], q_sum: f64) -> (f64, f64) {
    let (mut kl, mut shared) = (0.0, 0.0);
    for (&p, &q) in p.iter().zip(q) {
        let (log_p, log_q) = (f64::from(p) - p_sum, f64::from(q) - q_sum);
        let (p, q) = (log_p.exp(), log_q.exp());
        kl += p * (log_p - log_q);
        shared += p.min(q);
    }
    (kl.max(0.0), shared.min(1.0))
}

/// The likelier of two tokens first; of equal ones that with the smaller id.
fn likelier(a: &(u32, f32), b: &(u32, f32)) -> Ordering {
    b.1.total_cmp(&a.1).then(a.0.cmp(&b.0))
}

impl Row {
    fn of(logits: &[f32], chosen: usize, top: usize) -> Option<Self> {
        let own = *logits.get(chosen)?;
        if logits.iter().any(|logit| !logit.is_finite()) {
            return None;
        }
        let top = likeliest(logits, top);
        let most = f64::from(top.first()?.1);
        let sum: f64 = logits.iter().map(|&logit| (f64::from(logit) - most).exp()).sum();
        let log_sum_exp = most + sum.ln();
        let kept: f64 = top.iter().map(|one| (f64::from(one.1) - log_sum_exp).exp()).sum();
        let before = |&(id, logit): &(usize, &f32)| logit.total_cmp(&own).then(chosen.cmp(&id)) == Ordering::Greater;
        let rank = logits.iter().enumerate().filter(before).count() as u32;
        Some(Self { top, log_sum_exp, rest: (1.0 - kept).max(0.0), chosen: own, rank })
    }
}

/// The `top` likeliest tokens, in order.
fn likeliest(logits: &[f32], top: usize) -> Vec<(u32, f32)> {
    // Twice as many as are wanted are gathered before the lesser half goes, so that most tokens cost a comparison.
    let (mut kept, mut least) = (Vec::with_capacity(2 * top + 1), f32::NEG_INFINITY);
    for (&logit, id) in logits.iter().zip(0u32..) {
        if logit > least || kept.len() < top {
            kept.push((id, logit));
            if kept.len() > 2 * top {
                kept.select_nth_unstable_by(top - 1, likelier);
                kept.truncate(top);
                least = kept.last().map_or(least, |one: &(u32, f32)| one.1);
            }
        }
    }
    kept.sort_unstable_by(likelier);
    kept.truncate(top);
    kept
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_likeliest_are_those_of_a_full_sort() {
        let mut rng = record::Rng::new(3);
        for (size, top) in [(5, 8), (70, 64), (4000, 64), (300, 1)] {
            // Few different values, so that many are equal.
            let logits: Vec<f32> = (0..size).map(|_| rng.below(40) as f32).collect();
            let mut sorted: Vec<(u32, f32)> = (0u32..).zip(logits.iter().copied()).collect();
            sorted.sort_by(likelier);
            sorted.truncate(top);
            assert_eq!(likeliest(&logits, top), sorted);
        }
    }

    #[test]
    fn a_position_by_hand() {
        let logits = Matrix::new(1, 4, [0.4f32, 0.3, 0.2, 0.1].map(f32::ln).to_vec());
        let dense = Matrix::new(1, 4, [0.1f32, 0.2, 0.3, 0.4].map(f32::ln).to_vec());
        let side = DenseSide { logits: &dense, log_sum_exp: &[0.0], ids: &[3, 2] };
        let got = look(&logits, &[2], 2, Some(&side)).unwrap_or_default();
        assert_eq!((got.ids.as_slice(), got.rank.as_slice(), got.len()), ([0, 1].as_slice(), [2].as_slice(), 1));
        let near = |a: f64, b: f64| assert!((a - b).abs() < 1e-6, "{a} {b}");
        near(got.log_sum_exp[0], 0.0);
        near(got.rest[0], 0.3);
        near(f64::from(got.chosen[0]), 0.2f64.ln());
        let beside = got.beside.unwrap_or_default();
        near(f64::from(beside.logits[0]), 0.1f64.ln());
        let kl: f64 =
            [(0.1f64, 0.4f64), (0.2, 0.3), (0.3, 0.2), (0.4, 0.1)].iter().map(|(p, q)| p * (p / q).ln()).sum();
        near(beside.kl[0], kl);
        near(beside.acceptance[0], 0.6);
        assert_eq!(look(&Matrix::new(1, 2, vec![0.0, f32::NAN]), &[0], 2, None), None);
        assert_eq!(look(&Matrix::new(1, 2, vec![0.0, 1.0]), &[2], 2, None), None, "a token beyond the vocabulary");
    }
}
