//! Matching alone: 40 x 40 dense weights, and 500 x 40, the largest that a reply can ask for; and replies of a megabyte,
//! read and judged.
//!
//! `cargo bench -p task --bench matching`

use std::time::Duration;

use criterion::{Criterion, criterion_group, criterion_main};
use record::Rng;
use task::Lexical;
use task::measure::max_weight_matching;
use task::workflow::{Switches, judge, parse};

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

fn hostile(c: &mut Criterion) {
    let filled = |piece: &str| piece.repeat((1 << 20) / piece.len());
    let many: String = (1..60_000).map(|step| format!("{step}: a\n({step},END)\n")).collect();
    let long: String = (1..=400).map(|step| format!("{step}: {}\n({step},END)\n", "ab cd ".repeat(430))).collect();
    let pieces = ["(1,2)", "((((((((", "(1, ", "1: 1: 1: ", "1. a\n", "\0", "1", "(\u{a0}", "(𝟡,𝟡)"];
    let shapes = pieces.into_iter().map(|piece| (piece, filled(piece)));
    let all = shapes.chain([("many steps and edges", many), ("400 long steps", long)]);
    let gold = "Node:\n1: boil water\n2: pour it over the tea\n3: wait\nEdges: (START,1) (1,2) (2,3) (3,END)";
    for (name, text) in all {
        let text = format!("Node:\n{text}");
        for (mode, switches) in [("paper", Switches::all(false)), ("corrected", Switches::all(true))] {
            c.bench_function(&format!("parse {mode} {name:?}"), |b| b.iter(|| parse(&text, &switches)));
            c.bench_function(&format!("judge {mode} {name:?}"), |b| {
                b.iter(|| judge(&text, gold, &Lexical, &switches));
            });
        }
    }
}

criterion_group! { name = benches; config = Criterion::default().sample_size(20); targets = matching }
criterion_group! {
    name = replies;
    config = Criterion::default()
        .sample_size(10)
        .warm_up_time(Duration::from_millis(50))
        .measurement_time(Duration::from_millis(200));
    targets = hostile
}
criterion_main!(benches, replies);
