//! How often 95% intervals hold the truth, and how often a verdict is wrong, over made-up runs whose truth is known.
//!
//! `cargo run --release -p analyze --example coverage [RUNS] [NAME]` [20000, every case]. The same seeds give the same
//! figures on any number of cores.

use std::num::NonZero;
use std::thread;

use analyze::statistic::{
    Comparison, PairCounts, Stratum, Unit, benjamini_hochberg, graded, holm, pooled, right_or_wrong,
};
use record::Rng;

/// Resamples a made-up run; a real one takes 10,000, with which the ends are steadier and intervals a little narrower.
const RESAMPLES: usize = 399;

/// One made-up run of a size.
type Draw = fn(&mut Rng, usize) -> Comparison;

/// A way in which differences come about.
struct Case {
    name: &'static str,
    sizes: &'static [usize],
    /// The true mean difference.
    truth: f64,
    draw: Draw,
}

const ITEMS: &[usize] = &[20, 60, 200, 1000];
const CLUSTERS: &[usize] = &[12, 40, 200];

const CASES: &[Case] = &[
    Case {
        name: "right or wrong, 6% lost, 3% won",
        sizes: ITEMS,
        truth: -0.03,
        draw: |rng, n| binary(rng, n, 0.06, 0.03),
    },
    Case { name: "right or wrong, 3% lost", sizes: ITEMS, truth: -0.03, draw: |rng, n| binary(rng, n, 0.03, 0.0) },
    Case {
        name: "right or wrong, 2% lost, 2% won",
        sizes: ITEMS,
        truth: 0.0,
        draw: |rng, n| binary(rng, n, 0.02, 0.02),
    },
    Case {
        name: "graded, all change, sd 0.2",
        sizes: ITEMS,
        truth: -0.03,
        draw: |rng, n| items(rng, n, |rng| -0.03 + 0.2 * normal(rng)),
    },
    Case {
        name: "graded, 20% change, skewed",
        sizes: ITEMS,
        truth: -0.05,
        draw: |rng, n| items(rng, n, |rng| if rng.chance(0.2) { -1.0 + 1.5 * rng.uniform() } else { 0.0 }),
    },
    Case {
        name: "graded, 3% lose all, all waver",
        sizes: ITEMS,
        truth: -0.03,
        draw: |rng, n| items(rng, n, |rng| if rng.chance(0.03) { -1.0 } else { waver(rng, 0.05) }),
    },
    Case {
        name: "fives, normal, shared and alone",
        sizes: CLUSTERS,
        truth: -0.05,
        draw: |rng, n| fives(rng, n, |rng| -0.05 + 0.15 * normal(rng), 0.25),
    },
    Case {
        name: "fives, 10% shared +-0.9, all waver",
        sizes: CLUSTERS,
        truth: 0.0,
        draw: |rng, n| fives(rng, n, |rng| if rng.chance(0.1) { either(rng) * 0.9 } else { 0.0 }, 0.1),
    },
    Case {
        name: "fives, 10% shared losses, all waver",
        sizes: CLUSTERS,
        truth: -0.09,
        draw: |rng, n| fives(rng, n, |rng| if rng.chance(0.1) { -0.9 } else { 0.0 }, 0.1),
    },
    Case {
        name: "fives, 5% shared losses, all waver",
        sizes: CLUSTERS,
        truth: -0.045,
        draw: |rng, n| fives(rng, n, |rng| if rng.chance(0.05) { -0.9 } else { 0.0 }, 0.1),
    },
    Case {
        name: "fives, 5% shared gains, all waver",
        sizes: CLUSTERS,
        truth: 0.045,
        draw: |rng, n| fives(rng, n, |rng| if rng.chance(0.05) { 0.9 } else { 0.0 }, 0.1),
    },
    Case {
        name: "fives, right or wrong, shared odds",
        sizes: CLUSTERS,
        truth: -0.05,
        draw: |rng, n| flips_in_fives(rng, n),
    },
    Case { name: "uneven clusters of 1 to 20, shared", sizes: CLUSTERS, truth: -0.05, draw: uneven },
    Case { name: "pooled: six tasks of n", sizes: &[20, 60, 200], truth: -0.03, draw: six_tasks },
];

fn normal(rng: &mut Rng) -> f64 {
    (-2.0 * (1.0 - rng.uniform()).ln()).sqrt() * (std::f64::consts::TAU * rng.uniform()).cos()
}

fn waver(rng: &mut Rng, size: f64) -> f64 {
    size * (2.0 * rng.uniform() - 1.0)
}

fn either(rng: &mut Rng) -> f64 {
    if rng.chance(0.5) { 1.0 } else { -1.0 }
}

fn counts(rng: &mut Rng, n: usize, lost: f64, won: f64) -> PairCounts {
    let mut pairs = PairCounts::default();
    for _ in 0..n {
        match rng.uniform() {
            u if u < lost => pairs.dense_only += 1,
            u if u < lost + won => pairs.compressed_only += 1,
            u if u < 0.6 => pairs.both += 1,
            _ => pairs.neither += 1,
        }
    }
    pairs
}

fn binary(rng: &mut Rng, n: usize, lost: f64, won: f64) -> Comparison {
    right_or_wrong(counts(rng, n, lost, won))
}

/// Compares the differences of the items of each cluster.
fn compare(rng: &mut Rng, clusters: Vec<Vec<f64>>) -> Comparison {
    let units: Vec<Unit> = clusters.iter().map(|items| Unit { sum: items.iter().sum(), n: items.len() }).collect();
    let changed = clusters.iter().flatten().filter(|&&difference| difference != 0.0).count();
    graded(&units, changed, RESAMPLES, rng.next_u64())
}

fn items(rng: &mut Rng, n: usize, draw: impl Fn(&mut Rng) -> f64) -> Comparison {
    let clusters = (0..n).map(|_| vec![draw(rng).clamp(-1.0, 1.0)]).collect();
    compare(rng, clusters)
}

/// A cluster of `n`: `shared` by all of it, and each item's own wavering by up to `alone`.
fn cluster(rng: &mut Rng, n: usize, shared: f64, alone: f64) -> Vec<f64> {
    (0..n).map(|_| (shared + waver(rng, alone)).clamp(-1.0, 1.0)).collect()
}

fn fives(rng: &mut Rng, clusters: usize, shared: impl Fn(&mut Rng) -> f64, alone: f64) -> Comparison {
    let clusters = (0..clusters).map(|_| {
        let shared = shared(rng);
        cluster(rng, 5, shared, alone)
    });
    let clusters = clusters.collect();
    compare(rng, clusters)
}

/// Clusters that differ in how often their items are lost: 0 to 16%, and 3% won.
fn flips_in_fives(rng: &mut Rng, clusters: usize) -> Comparison {
    let clusters = (0..clusters).map(|_| {
        let lost = 0.16 * rng.uniform();
        (0..5).map(|_| flip(rng, lost, 0.03)).collect()
    });
    let clusters = clusters.collect();
    compare(rng, clusters)
}

/// The difference of one right-or-wrong item.
fn flip(rng: &mut Rng, lost: f64, won: f64) -> f64 {
    let pairs = counts(rng, 1, lost, won);
    pairs.compressed_only as f64 - pairs.dense_only as f64
}

fn uneven(rng: &mut Rng, clusters: usize) -> Comparison {
    let clusters = (0..clusters).map(|_| {
        let (n, shared) = (rng.between(1, 20), -0.05 + 0.15 * normal(rng));
        cluster(rng, n, shared, 0.25)
    });
    let clusters = clusters.collect();
    compare(rng, clusters)
}

/// Three right-or-wrong tasks and three graded ones, each with a mean of its own, the first twice as long.
fn six_tasks(rng: &mut Rng, n: usize) -> Comparison {
    let mut first = 0;
    let strata: Vec<Stratum> = (0..6)
        .map(|task| {
            let length = if task == 0 { 2 * n } else { n };
            let clusters = (first..first + length).collect();
            first += length;
            let draw = |rng: &mut Rng| match task {
                0..3 => flip(rng, 0.02 * (task + 1) as f64, 0.01),
                _ => -0.03 + 0.15 * normal(rng),
            };
            Stratum { differences: (0..length).map(|_| draw(rng).clamp(-1.0, 1.0)).collect(), clusters }
        })
        .collect();
    match pooled(&strata) {
        Some(found) => found.comparison,
        None => right_or_wrong(PairCounts::default()),
    }
}

/// Runs `one` for every seed below `runs`, on all cores; in the order of the seeds.
fn over<T: Send>(runs: usize, one: impl Fn(&mut Rng) -> T + Sync) -> Vec<T> {
    let cores = thread::available_parallelism().map_or(1, NonZero::get);
    let part = |core: usize| runs * core / cores..runs * (core + 1) / cores;
    thread::scope(|scope| {
        let one = &one;
        let all: Vec<_> = (0..cores)
            .map(|core| {
                scope.spawn(move || {
                    part(core).map(|run| one(&mut Rng::stream(run as u64, "coverage"))).collect::<Vec<T>>()
                })
            })
            .collect();
        all.into_iter().flat_map(|part| part.join().unwrap_or_default()).collect()
    })
}

fn percent<T>(all: &[T], holds: impl Fn(&T) -> bool) -> f64 {
    100.0 * all.iter().filter(|one| holds(one)).count() as f64 / all.len().max(1) as f64
}

fn case(case: &Case, runs: usize) {
    for &n in case.sizes {
        let all = over(runs, |rng| (case.draw)(rng, n));
        let truth = case.truth;
        let covered = percent(&all, |one| one.interval.low <= truth && truth <= one.interval.high);
        let width = all.iter().map(|one| one.interval.high - one.interval.low).sum::<f64>() / all.len() as f64;
        // With the true loss as the margin, every `holds` and every `drops` is false.
        let holds = percent(&all, |one| one.bounds.low > truth);
        let drops = percent(&all, |one| one.bounds.high < truth);
        println!("| {} | {n} | {covered:.1} | {:.1} | {holds:.1} | {drops:.1} |", case.name, 100.0 * width);
    }
}

/// 24 comparisons in which nothing changed on average: how often at least one is found.
fn false_alarms(runs: usize) {
    let any = |p: &[f64]| p.iter().any(|&p| p < 0.05);
    let all = over(runs, |rng| {
        let p: Vec<f64> =
            (0..24)
                .map(|i| {
                    if i % 2 == 0 { binary(rng, 100, 0.05, 0.05).p } else { items(rng, 100, |rng| 0.2 * normal(rng)).p }
                })
                .collect();
        (any(&p), any(&holm(&p)), any(&benjamini_hochberg(&p)))
    });
    println!(
        "\n24 comparisons of 100 samples, nothing changed, 12 right or wrong and 12 graded: at least one found in"
    );
    let (plain, holm, bh) = (percent(&all, |a| a.0), percent(&all, |a| a.1), percent(&all, |a| a.2));
    println!("{plain:.1}% of reports without adjustment, {holm:.1}% by Holm, {bh:.1}% by Benjamini and Hochberg");
}

fn main() {
    let mut arguments = std::env::args().skip(1);
    let runs = arguments.next().and_then(|runs| runs.parse().ok()).unwrap_or(20_000);
    let name = arguments.next().unwrap_or_default();
    println!(
        "| differences | samples or clusters | covered, % | mean width, points | false holds, % | false drops, % |"
    );
    println!("|---|---|---|---|---|---|");
    CASES.iter().filter(|one| one.name.contains(&name)).for_each(|one| case(one, runs));
    if name.is_empty() {
        false_alarms(runs / 4);
    }
}
