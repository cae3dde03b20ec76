//! Matching alone: 40 x 40 dense weights, and 500 x 40, the largest that a reply can ask for.
//!
//! `cargo bench -p task --bench matching`

use criterion::{Criterion, criterion_group, criterion_main};
use record::Rng;
use task::workflow::max_weight_matching;

/// Weights above the threshold, `[rows, columns]`; with `levels`, that many different ones, so that ties abound.
fn weights(rows: usize, columns: usize, levels: Option<usize>) -> Vec<Vec<f64>> {
    let mut rng = Rng::new(40);
    let mut draw = || match levels {
        Some(levels) => rng.between(1, levels) as f64 / levels as f64,
        None => rng.uniform(),
    };
    (0..rows).map(|_| (0..columns).map(|_| 0.6 + 0.4 * draw()).collect()).collect()
}

fn matching(c: &mut Criterion) {
    let cases = [
        ("40x40 distinct", weights(40, 40, None)),
        ("40x40 ties", weights(40, 40, Some(8))),
        ("40x40 one weight", weights(40, 40, Some(1))),
        ("500x40 ties", weights(500, 40, Some(8))),
    ];
    for (name, weights) in &cases {
        c.bench_function(name, |b| b.iter(|| max_weight_matching(std::hint::black_box(weights), 0.6)));
    }
}

criterion_group! { name = benches; config = Criterion::default().sample_size(20); targets = matching }
criterion_main!(benches);
