//! Rotary positions, as llama.cpp reads them.

use std::f32::consts::TAU;

use model::gguf::ROPE_TRUNCATE;
use model::{Config, Llama3Scaling, RopeScaling};

use super::metadata::Metadata;
use crate::CompressError;

/// The error that llama.cpp has no such positions.
fn refused(what: String) -> CompressError {
    let cure = "choose --format compressed-tensors".to_owned();
    CompressError::Format { format: "gguf", what, cure }
}

/// Adds the base, the share of a head that turns, and how frequencies are scaled. `name` is the architecture's.
pub(super) fn add(all: &mut Metadata, name: &str, config: &Config) -> Result<(), CompressError> {
    let key = |field: &str| format!("{name}.rope.{field}");
    let rope = &config.rope;
    if rope.dim != config.head_dim && all.pairs.is_some() {
        return Err(refused(format!("heads of {} numbers of which {} turn", config.head_dim, rope.dim)));
    }
    all.whole(&key("dimension_count"), rope.dim as u32);
    all.number(&key("freq_base"), rope.theta as f32);
    let divisors = match &rope.scaling {
        RopeScaling::None => return Ok(()),
        // llama.cpp scales scores by what is YaRN's, too.
        RopeScaling::Linear { factor } if name != "deepseek2" => {
            all.text(&key("scaling.type"), "linear");
            all.number(&key("scaling.factor"), *factor);
            return Ok(());
        }
        // llama.cpp makes the ramp's ends whole in gpt-oss, too, which is meant not to.
        RopeScaling::Yarn(yarn) if yarn.truncate || name == "gpt-oss" => {
            all.text(&key("scaling.type"), "yarn");
            all.number(&key("scaling.factor"), yarn.factor as f32);
            all.whole(&key("scaling.original_context_length"), yarn.original as u32);
            all.number(&key("scaling.yarn_beta_fast"), yarn.beta_fast as f32);
            all.number(&key("scaling.yarn_beta_slow"), yarn.beta_slow as f32);
            if name == "gpt-oss" && yarn.truncate {
                all.flag(ROPE_TRUNCATE, true);
            }
            if name == "deepseek2" {
                return Ok(());
            }
            let usual = 0.1 * yarn.factor.max(1.0).ln() + 1.0;
            let own = f64::from(yarn.attention_factor) / usual;
            if (own - 1.0).abs() > 1e-6 {
                all.number(&key("scaling.attn_factor"), own as f32);
            }
            return Ok(());
        }
        RopeScaling::LongRope(long) if matches!(name, "phi3" | "llama" | "minicpm3") => {
            all.text(&key("scaling.type"), "longrope");
            all.number(&key("scaling.attn_factor"), long.attention_factor);
            all.whole(&key("scaling.original_context_length"), long.original as u32);
            all.vectors.push(("rope_factors_long.weight".to_owned(), long.long.clone()));
            all.vectors.push(("rope_factors_short.weight".to_owned(), long.short.clone()));
            return Ok(());
        }
        RopeScaling::Llama3(_) | RopeScaling::Factors(_) if matches!(name, "gpt-oss" | "minicpm3" | "deepseek2") => {
            return Err(refused(format!("rotary positions of this kind in {name}")));
        }
        RopeScaling::Llama3(stretch) => divisors(stretch, rope.theta as f32, rope.dim),
        RopeScaling::Factors(factors) => factors.clone(),
        other => return Err(refused(format!("rotary positions of this kind ({other:?})"))),
    };
    all.vectors.push(("rope_freqs.weight".to_owned(), divisors));
    Ok(())
}

/// What each of Llama 3.1's frequencies is divided by, `[dim / 2]`.
fn divisors(stretch: &Llama3Scaling, theta: f32, dim: usize) -> Vec<f32> {
    let divisor = |i: usize| {
        let turns = stretch.original as f32 / theta.powf((2 * i) as f32 / dim as f32) / TAU;
        let share = ((turns - stretch.low) / (stretch.high - stretch.low)).clamp(0.0, 1.0);
        ((1.0 - share) / stretch.factor + share).recip()
    };
    (0..dim / 2).map(divisor).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn slow_frequencies_are_divided_by_the_factor_and_fast_ones_by_one() {
        // Turns in the original context: 128, 2.5 and 0.05 of theta = 2621.44^... at 0, 1/2 and 1.
        let stretch = Llama3Scaling { factor: 8.0, low: 1.0, high: 4.0, original: (128.0 * TAU) as usize };
        let found = divisors(&stretch, 51.2f32.powi(2), 4);
        assert_eq!(found[0], 1.0);
        // Half of the way between: 1 / (0.5 / 8 + 0.5).
        assert!((found[1] - 1.0 / 0.5625).abs() < 2e-2, "{found:?}");
        let slow = Llama3Scaling { original: 3, ..stretch };
        assert_eq!(divisors(&slow, 100.0, 4), [8.0, 8.0]);
    }
}
