//! Products of one and of eight rows by weights as they are held, and rounded inputs: `cargo bench -p model --bench kernels`.
//!
//! Throughput is counted in weights, so that formats can be compared: bytes read are 4, 2, 1 and about 0.5 times that.

use criterion::{BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};
use model::packed::Grid;
use model::weight::HalfKind;
use model::{Activation, Fp8, Matrix, Packed, Weight, fp8, kernel};

fn numbers(count: usize) -> Vec<f32> {
    let mut rng = record::Rng::new(1);
    (0..count).map(|_| rng.uniform() as f32 - 0.5).collect()
}

fn packed(rows: usize, cols: usize, bits: u32) -> Weight {
    let mut rng = record::Rng::new(2);
    let integers: Vec<i8> = (0..rows * cols).map(|_| (rng.below(1 << bits) as i32 - (1 << (bits - 1))) as i8).collect();
    let groups = cols / 128;
    let scales = numbers(rows * groups);
    let grid = Grid { groups, group_size: 128, scales, zeros: None, half: false, group_of: None };
    Weight::Packed(Packed::new(rows, cols, bits, &integers, grid))
}

/// Rounded to 8-bit floats, a scale for each row.
fn float8(dense: &Matrix) -> Weight {
    let bytes: Vec<u8> = dense.data.iter().map(|&value| fp8::encode(value * 100.0)).collect();
    let (rows, cols) = (dense.rows, dense.cols);
    Weight::Fp8(Fp8 { rows, cols, bytes: bytes.into(), block: (1, cols), scales: vec![0.01; rows] })
}

fn products(criterion: &mut Criterion) {
    let (rows, cols) = (4864, 896);
    let dense = Matrix::new(rows, cols, numbers(rows * cols));
    let weights = [
        ("f32", Weight::F32(dense.clone())),
        ("bf16", Weight::half(HalfKind::Bf16, &dense)),
        ("f16", Weight::half(HalfKind::F16, &dense)),
        ("fp8", float8(&dense)),
        ("int8", packed(rows, cols, 8)),
        ("int4", packed(rows, cols, 4)),
    ];
    let pool = rayon::ThreadPoolBuilder::new().num_threads(1).build().expect("one thread can be had");
    for m in [1, 8] {
        let x = Matrix::new(m, cols, numbers(m * cols));
        let mut group = criterion.benchmark_group(format!("{m} rows by {rows} x {cols}"));
        group.throughput(Throughput::Elements((rows * cols) as u64)).sample_size(20);
        for (name, weight) in &weights {
            group.bench_function(BenchmarkId::from_parameter(name), |bencher| {
                pool.install(|| bencher.iter(|| kernel::matmul(&x, weight)));
            });
        }
    }
}

/// What inputs are rounded to before the product, of 512 tokens.
fn inputs(criterion: &mut Criterion) {
    let x = Matrix::new(512, 896, numbers(512 * 896));
    let mut group = criterion.benchmark_group("rounding inputs of 512 x 896");
    group.throughput(Throughput::Elements(512 * 896)).sample_size(20);
    for activation in [Activation::Int8, Activation::Fp8] {
        group.bench_function(BenchmarkId::from_parameter(activation.name()), |bencher| {
            bencher.iter(|| activation.round(&x));
        });
    }
}

criterion_group!(benches, products, inputs);
criterion_main!(benches);
