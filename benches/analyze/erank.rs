//! The effective ranks of 256 x 152,064 logits, both definitions, as the probe computes them. Logits are made up as in
//! `ranking.rs`; making them is not counted.

use std::time::Instant;

use generate::{Matrix, spectra_of};
use record::{Rng, SpectrumOf};

const POSITIONS: usize = 256;
const VOCABULARY: usize = 152_064;

/// exp of the entropy of what is normalized to sum 1.
fn erank(values: &[f64]) -> f64 {
    let sum: f64 = values.iter().sum();
    values.iter().map(|value| value / sum).filter(|share| *share > 0.0).map(|p| -p * p.ln()).sum::<f64>().exp()
}

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let row = |position| {
        let mut rng = Rng::new(position as u64);
        (0..VOCABULARY).map(move |_| (20.0 * rng.uniform()) as f32)
    };
    let logits = Matrix::new(POSITIONS, VOCABULARY, (0..POSITIONS).flat_map(row).collect());
    let began = Instant::now();
    let found = spectra_of(SpectrumOf::Logits, &logits)?;
    let (singular, covariance) = (erank(&found.singular), erank(&found.covariance));
    eprintln!("erank: {:.2} s", began.elapsed().as_secs_f64());
    println!("{singular:.6} {covariance:.6}");
    Ok(())
}
