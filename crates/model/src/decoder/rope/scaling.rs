//! How the rotary frequencies of a model are made: the types that `transformers` 5 knows, read from a configuration.

use std::f32::consts::TAU;

use super::yarn::Yarn;
use crate::ModelError;
use crate::config::Fields;

/// The rotary positions of a model.
#[derive(Debug, Clone, PartialEq)]
pub struct RopeSettings {
    /// Base of the frequencies.
    pub theta: f64,
    /// Numbers of a head that turn, from the first on; even. The others pass as they are.
    pub dim: usize,
    /// How the frequencies are changed for a longer context.
    pub scaling: RopeScaling,
    /// Neighbors turn together, and not a number of the first half with one of the second.
    pub pairs: bool,
}

/// What `rope_parameters` calls the blocks that see everything, and those with windows.
const FULL: &str = "full_attention";
const WINDOWED: &str = "sliding_attention";

/// A base of frequencies.
fn base(fields: &Fields<'_>, theta: f64) -> Result<f64, ModelError> {
    if theta > 0.0 && theta.is_finite() {
        Ok(theta)
    } else {
        Err(fields.bad(format!("rope_theta {theta} is out of range")))
    }
}

/// How the frequencies `f_i = theta^(-2i / dim)` are changed for a longer context.
#[derive(Debug, Clone, PartialEq)]
pub enum RopeScaling {
    /// They are not.
    None,
    /// `f_i / factor` (position interpolation, Chen et al. 2023).
    Linear {
        /// How much longer the context is.
        factor: f32,
    },
    /// A base that grows with the sequence beyond the original context (dynamic NTK).
    Dynamic {
        /// How fast it grows.
        factor: f64,
        /// Tokens of the original context.
        original: usize,
    },
    /// Llama 3.1's: slow frequencies are divided, fast ones stay.
    Llama3(Llama3Scaling),
    /// YaRN (Peng et al. 2023).
    Yarn(Yarn),
    /// LongRoPE (Ding et al. 2024): frequencies divided one by one, otherwise beyond the original context.
    LongRope(LongRope),
    /// `f_i / factors_i`, as GGUF files state Llama 3.1's.
    Factors(Vec<f32>),
}

/// Llama 3.1's longer context: frequencies that turn less than `low` times in the original context are divided by
/// `factor`, those that turn more than `high` times stay, and those between are mixed.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Llama3Scaling {
    /// How much longer the context is.
    pub factor: f32,
    /// `low_freq_factor`, in turns.
    pub low: f32,
    /// `high_freq_factor`, in turns; more than `low`.
    pub high: f32,
    /// Tokens of the original context.
    pub original: usize,
}

/// LongRoPE's lists, `[dim / 2]` each, and what cosines and sines are multiplied by.
#[derive(Debug, Clone, PartialEq)]
pub struct LongRope {
    /// Divisors of sequences up to the original context.
    pub short: Vec<f32>,
    /// Divisors of longer ones.
    pub long: Vec<f32>,
    /// Tokens of the original context.
    pub original: usize,
    /// On both sides of the switch.
    pub attention_factor: f32,
}

/// What a scaling is read with beside its own fields.
pub(super) struct Around {
    /// `max_position_embeddings`
    pub positions: usize,
    /// Tokens of the original context.
    pub original: usize,
    /// Numbers that turn.
    pub dim: usize,
}

impl RopeSettings {
    /// Reads both styles: `rope_theta` with `rope_scaling`, or `rope_parameters` with all of it. `head_dim` and
    /// `positions` (`max_position_embeddings`) are the model's, `theta` what its architecture takes where none is given.
    ///
    /// # Errors
    /// A scaling that is not known, a missing or senseless field, frequencies that are not finite.
    pub fn read(fields: &Fields<'_>, head_dim: usize, positions: usize, theta: f64) -> Result<Self, ModelError> {
        let inner = match fields.inner("rope_scaling")? {
            Some(inner) if !inner.is_empty() => Some(inner),
            _ => fields.inner("rope_parameters")?,
        };
        Self::of(fields, inner.as_ref(), head_dim, positions, theta)
    }

    /// The same for blocks that see everything, where `rope_parameters` may have them by kinds of blocks.
    ///
    /// # Errors
    /// As [`RopeSettings::read`].
    pub fn read_global(fields: &Fields<'_>, head_dim: usize, positions: usize, theta: f64) -> Result<Self, ModelError> {
        if let Some(all) = fields.inner("rope_parameters")?
            && let Some(own) = all.inner(FULL)?
        {
            return Self::of(fields, Some(&own), head_dim, positions, theta);
        }
        Self::read(fields, head_dim, positions, theta)
    }

    /// Those of blocks with windows, where these turn otherwise: `rope_parameters` has them by kinds of blocks, older files
    /// their base in `rope_local_base_freq`; `theta` where neither is there.
    ///
    /// # Errors
    /// As [`RopeSettings::read`].
    pub fn read_local(fields: &Fields<'_>, head_dim: usize, positions: usize, theta: f64) -> Result<Self, ModelError> {
        if let Some(all) = fields.inner("rope_parameters")?
            && let Some(own) = all.inner(WINDOWED)?
        {
            return Self::of(fields, Some(&own), head_dim, positions, theta);
        }
        let theta = base(fields, fields.number_or("rope_local_base_freq", theta)?)?;
        Ok(Self { theta, dim: head_dim, scaling: RopeScaling::None, pairs: false })
    }

    fn of(
        fields: &Fields<'_>,
        inner: Option<&Fields<'_>>,
        head_dim: usize,
        positions: usize,
        theta: f64,
    ) -> Result<Self, ModelError> {
        let either = |name: &str, default: f64| match inner {
            Some(inner) if inner.get(name).is_some() => inner.number_or(name, default),
            _ => fields.number_or(name, default),
        };
        let (theta, share) = (base(fields, either("rope_theta", theta)?)?, either("partial_rotary_factor", 1.0)?);
        let dim = (head_dim as f64 * share) as usize;
        if !(share > 0.0 && share <= 1.0) || dim == 0 || !dim.is_multiple_of(2) {
            let why = format!("partial_rotary_factor {share} of a head of {head_dim} is no even number of values");
            return Err(fields.bad(why));
        }
        let Some(inner) = inner else { return Ok(Self { theta, dim, scaling: RopeScaling::None, pairs: false }) };
        let original = match fields.get("original_max_position_embeddings") {
            Some(_) => fields.count("original_max_position_embeddings")?,
            None => inner.count_or("original_max_position_embeddings", positions)?,
        };
        let scaling = RopeScaling::read(inner, &Around { positions, original, dim })?;
        let settings = Self { theta, dim, scaling, pairs: false };
        if !super::Rope::new(&settings).is_finite() {
            return Err(fields.bad(format!("its rope settings give frequencies that are not finite: {settings:?}")));
        }
        Ok(settings)
    }

    /// Tokens that a model can look at whose file says `positions`. Files state the original context with `linear`,
    /// and some of them with YaRN; with `dynamic` any length is possible, and this is what the factor is made for.
    pub fn context(&self, positions: usize) -> usize {
        let longer = |tokens: usize, factor: f64| (tokens as f64 * factor) as usize;
        match &self.scaling {
            RopeScaling::Linear { factor } => positions.max(longer(positions, f64::from(*factor))),
            RopeScaling::Dynamic { factor, .. } => positions.max(longer(positions, *factor)),
            RopeScaling::Yarn(yarn) => positions.max(longer(yarn.original, yarn.factor)),
            _ => positions,
        }
    }
}

impl RopeScaling {
    fn read(fields: &Fields<'_>, around: &Around) -> Result<Self, ModelError> {
        for kind in [FULL, WINDOWED] {
            if fields.get(kind).is_some() {
                let cure = "use a checkpoint whose blocks all turn alike, as those of this architecture do";
                return Err(fields.unsupported(format!("rope settings for `{kind}` by itself"), cure));
            }
        }
        let kind = if fields.get("rope_type").is_some() { "rope_type" } else { "type" };
        match if fields.get(kind).is_some() { fields.text(kind)? } else { "default" } {
            "default" => Ok(Self::None),
            "linear" => Ok(Self::Linear { factor: factor(fields)? as f32 }),
            "dynamic" if fields.get("alpha").is_some() => {
                let cure = "use a checkpoint that states `factor` alone";
                Err(fields.unsupported("`alpha` of rope scaling `dynamic`".to_owned(), cure))
            }
            "dynamic" => Ok(Self::Dynamic { factor: factor(fields)?, original: around.positions }),
            "llama3" => Llama3Scaling::read(fields, around).map(Self::Llama3),
            // The first files of Phi-3 call LongRoPE so.
            "yarn" if fields.get("short_factor").is_some() => LongRope::read(fields, around).map(Self::LongRope),
            "yarn" => Yarn::read(fields, around).map(Self::Yarn),
            "longrope" | "su" => LongRope::read(fields, around).map(Self::LongRope),
            "factors" => divisors(fields, "factors", around.dim / 2).map(Self::Factors),
            other => Err(fields.unsupported(
                format!("rope scaling `{other}`"),
                "known ones are default, linear, dynamic, llama3, yarn and longrope; without its scaling the model would \
                 compute something else",
            )),
        }
    }
}

/// `factor`, which must be there: a positive number.
fn factor(fields: &Fields<'_>) -> Result<f64, ModelError> {
    positive(fields, "factor")?.ok_or_else(|| fields.bad("field `factor` of the rope scaling is missing".to_owned()))
}

/// A number above 0 and below 10^6, where the field is there.
pub(super) fn positive(fields: &Fields<'_>, name: &str) -> Result<Option<f64>, ModelError> {
    if fields.get(name).is_none() {
        return Ok(None);
    }
    let value = fields.number_or(name, 0.0)?;
    if value > 0.0 && value < 1e6 {
        return Ok(Some(value));
    }
    Err(fields.bad(format!("field `{name}` of the rope scaling is {value}, which is out of range")))
}

/// A list of positive numbers, one for each frequency.
fn divisors(fields: &Fields<'_>, name: &str, count: usize) -> Result<Vec<f32>, ModelError> {
    let list = fields.get(name).and_then(serde_json::Value::as_array);
    let numbers = list.map(|list| list.iter().filter_map(serde_json::Value::as_f64).map(|x| x as f32).collect());
    let numbers: Vec<f32> = numbers.unwrap_or_default();
    if numbers.len() == count && numbers.iter().all(|&x| x > 0.0 && x.is_finite()) {
        return Ok(numbers);
    }
    Err(fields.bad(format!("field `{name}` of the rope scaling should be a list of {count} positive numbers")))
}

impl Llama3Scaling {
    fn read(fields: &Fields<'_>, around: &Around) -> Result<Self, ModelError> {
        let number = |name| match fields.get(name) {
            None => Err(fields.bad(format!("field `{name}` of the rope scaling is missing"))),
            Some(_) => fields.number_or(name, 0.0),
        };
        let (factor, low, high) = (factor(fields)?, number("low_freq_factor")?, number("high_freq_factor")?);
        if !(low > 0.0 && low < high && high < 1e6) {
            return Err(fields
                .bad(format!("the rope scaling's low_freq_factor {low} or high_freq_factor {high} is out of range")));
        }
        Ok(Self { factor: factor as f32, low: low as f32, high: high as f32, original: around.original })
    }

    /// The frequency that takes the place of another.
    pub(super) fn apply(&self, frequency: f32) -> f32 {
        let turns = self.original as f32 * frequency / TAU;
        let share = ((turns - self.low) / (self.high - self.low)).clamp(0.0, 1.0);
        (1.0 - share) * frequency / self.factor + share * frequency
    }
}

impl LongRope {
    fn read(fields: &Fields<'_>, around: &Around) -> Result<Self, ModelError> {
        let list = |name| divisors(fields, name, around.dim / 2);
        let (positions, original) = (around.positions as f64, around.original as f64);
        let longer = positive(fields, "factor")?.unwrap_or(positions / original);
        let formula = if longer <= 1.0 { 1.0 } else { (1.0 + longer.ln() / original.ln()).sqrt() };
        let attention_factor = positive(fields, "attention_factor")?.unwrap_or(formula) as f32;
        Ok(Self {
            short: list("short_factor")?,
            long: list("long_factor")?,
            original: around.original,
            attention_factor,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::{Llama3Scaling, TAU};

    #[test]
    fn a_stretch_slows_what_turns_little() {
        let stretch = Llama3Scaling { factor: 8.0, low: 1.0, high: 4.0, original: 64 };
        let turning = |turns: f32| turns * TAU / 64.0;
        for (turns, stays) in [(0.5, 0.125), (1.0, 0.125), (2.5, 0.5625), (4.0, 1.0), (9.0, 1.0)] {
            let stretched = stretch.apply(turning(turns)) / turning(turns);
            assert!((stretched - stays).abs() < 1e-5, "{turns}: {stretched}");
        }
    }
}
