//! Ranking and distance of two models at many positions, one core: `cargo run --release -p analyze --example ranking_speed`.
//!
//! Prints the CPU seconds and, for `ranking.py` to compare, the means; the rows are made up the same way there.

use std::hint::black_box;
use std::sync::LazyLock;
use std::time::Instant;

use analyze::metric::MetricError;
use analyze::metric::distance::distance;
use analyze::metric::ranking::{Agreement, SIZES, agreements};
use record::Rng;

const POSITIONS: usize = 256;
const VOCABULARY: usize = 152_064;

/// Two rows of logits: up to 20, and as much with noise of up to 1.
fn rows(position: usize) -> [Vec<f64>; 2] {
    let mut rng = Rng::new(position as u64);
    let dense: Vec<f64> = (0..VOCABULARY).map(|_| 20.0 * rng.uniform()).collect();
    let compressed = dense.iter().map(|logit| logit + rng.uniform()).collect();
    [dense, compressed]
}

/// CPU seconds of this thread where Linux tells them, as others use the machine too; elsewhere those of the clock.
fn seconds() -> f64 {
    static BEGAN: LazyLock<Instant> = LazyLock::new(Instant::now);
    let own = std::fs::read_to_string("/proc/thread-self/schedstat").ok();
    let nanoseconds = own.and_then(|text| text.split_whitespace().next()?.parse::<f64>().ok());
    nanoseconds.map_or_else(|| BEGAN.elapsed().as_secs_f64(), |nanoseconds| nanoseconds / 1e9)
}

fn main() -> Result<(), MetricError> {
    let (mut ranking, mut distances) = (0.0, 0.0);
    let mut means = [[0.0; 3]; SIZES.len()];
    let (mut kl, mut acceptance) = (0.0, 0.0);
    for position in 0..POSITIONS {
        let [dense, compressed] = rows(position);
        let began = seconds();
        let found = black_box(agreements(&dense, &compressed)?);
        ranking += seconds() - began;
        let began = seconds();
        let apart = black_box(distance(&dense, &compressed)?);
        distances += seconds() - began;
        kl += apart.kl / POSITIONS as f64;
        acceptance += apart.acceptance / POSITIONS as f64;
        for (mean, Agreement { jaccard, kendall_tau, spearman_rho, .. }) in means.iter_mut().zip(found) {
            for (mean, number) in mean.iter_mut().zip([jaccard, kendall_tau, spearman_rho]) {
                *mean += number.unwrap_or(0.0) / POSITIONS as f64;
            }
        }
    }
    for (k, [jaccard, tau, rho]) in SIZES.into_iter().zip(means) {
        println!("k {k} jaccard {jaccard:.12} tau {tau:.12} rho {rho:.12}");
    }
    println!("kl {kl:.12} acceptance {acceptance:.12}");
    eprintln!("CPU: ranking {ranking:.3} s, distance {distances:.3} s");
    Ok(())
}
