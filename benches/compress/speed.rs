//! GFLOP/s of one core in f32, the best of 500 products: `cargo run --release -p compress --example speed`.

use std::hint::black_box;
use std::time::Instant;

use faer::linalg::matmul::matmul;
use faer::{Accum, Mat, Par};

const SIZE: usize = 1024;

fn main() {
    let [left, right] = [3, 5].map(|step| Mat::<f32>::from_fn(SIZE, SIZE, |i, j| ((i * step + j) % 7) as f32 - 3.0));
    let mut product = Mat::<f32>::zeros(SIZE, SIZE);
    let mut best = f64::INFINITY;
    for _ in 0..500 {
        let began = Instant::now();
        matmul(product.as_mut(), Accum::Replace, black_box(left.as_ref()), right.as_ref(), 1.0, Par::Seq);
        black_box(&product);
        best = best.min(began.elapsed().as_secs_f64());
    }
    println!("{:.1}", 2.0 * (SIZE as f64).powi(3) / best / 1e9);
}
