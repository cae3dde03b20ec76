//! Rotary positions (Su et al. 2021), in the two-halves form of `transformers`.

mod scaling;
mod yarn;

use std::sync::Arc;

use crate::Config;

pub use scaling::{Llama3Scaling, LongRope, RopeScaling, RopeSettings};
pub use yarn::Yarn;
pub(crate) use yarn::growth;

/// The rotary frequencies of a model.
#[derive(Debug, Clone, PartialEq)]
pub struct Rope {
    /// Of sequences within the original context, `[dim / 2]`.
    frequencies: Vec<f32>,
    /// What cosines and sines are multiplied by.
    scale: f32,
    beyond: Beyond,
    pairs: bool,
    /// Which of a model's tables it is.
    pub(crate) table: usize,
}

/// The frequencies of all blocks of a model.
#[derive(Debug, Clone)]
pub(crate) struct Ropes {
    pub global: Arc<Rope>,
    /// Of blocks that have others.
    pub local: Option<Arc<Rope>>,
}

impl Ropes {
    pub fn of(config: &Config) -> Self {
        let local = config.local_rope.as_ref().map(|settings| Arc::new(Rope { table: 1, ..Rope::new(settings) }));
        Self { global: Arc::new(Rope::new(&config.rope)), local }
    }

    /// The stage of a sequence of so many tokens.
    pub fn stage(&self, length: usize) -> Stage {
        let local = self.local.as_ref().map(|rope| rope.stage(length)).unwrap_or_default();
        self.global.stage(length).and(local)
    }
}

/// How many tables of angles a model has at most: that of blocks that see everything, and that of those with windows.
pub(crate) const TABLES: usize = 2;

/// What becomes of the frequencies of sequences beyond the original context.
#[derive(Debug, Clone, PartialEq)]
enum Beyond {
    /// They stay.
    Same,
    /// Each length has a base of its own.
    Base { theta: f64, factor: f64, original: usize },
    /// There are others.
    Others { frequencies: Vec<f32>, original: usize },
}

/// Which frequencies a sequence has: those of equal stage turn alike. Where a sequence grows into another stage, all of it
/// turns otherwise, the tokens that were run before as well.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct Stage([usize; TABLES]);

impl Stage {
    /// Of tables whose sequences have these stages.
    pub fn and(self, other: Self) -> Self {
        let Self([own, _]) = self;
        let Self([local, _]) = other;
        Self([own, local])
    }
}

/// Cosine and sine of every row's angles, `[rows, dim / 2]` each.
#[derive(Debug, Clone, Default)]
pub(crate) struct Angles {
    half: usize,
    pairs: bool,
    cos: Vec<f32>,
    sin: Vec<f32>,
}

impl Rope {
    /// The frequencies that these settings make, in f32 as the models were trained.
    pub fn new(settings: &RopeSettings) -> Self {
        let (theta, dim) = (settings.theta, settings.dim);
        let plain = || frequencies(theta, dim);
        let divided = |factors: &[f32]| {
            periods(theta, dim).zip(factors).map(|(period, factor)| 1.0 / (factor * period)).collect()
        };
        let same = |frequencies| (frequencies, 1.0, Beyond::Same);
        let (frequencies, scale, beyond) = match &settings.scaling {
            RopeScaling::None => same(plain()),
            RopeScaling::Linear { factor } => same(plain().into_iter().map(|f| f / factor).collect()),
            RopeScaling::Llama3(stretch) => same(plain().into_iter().map(|f| stretch.apply(f)).collect()),
            RopeScaling::Factors(factors) => same(plain().into_iter().zip(factors).map(|(f, by)| f / by).collect()),
            RopeScaling::Yarn(yarn) => (yarn.frequencies(theta, dim), yarn.attention_factor, Beyond::Same),
            &RopeScaling::Dynamic { factor, original } => (plain(), 1.0, Beyond::Base { theta, factor, original }),
            RopeScaling::LongRope(long) => {
                let beyond = Beyond::Others { frequencies: divided(&long.long), original: long.original };
                (divided(&long.short), long.attention_factor, beyond)
            }
        };
        Self { frequencies, scale, beyond, pairs: settings.pairs, table: 0 }
    }

    /// Whether all frequencies are numbers.
    fn is_finite(&self) -> bool {
        let others = match &self.beyond {
            Beyond::Others { frequencies, .. } => &frequencies[..],
            _ => &[],
        };
        self.scale.is_finite() && self.frequencies.iter().chain(others).all(|f| f.is_finite())
    }

    /// The stage of a sequence of so many tokens.
    pub(crate) fn stage(&self, length: usize) -> Stage {
        let stage = match self.beyond {
            Beyond::Base { original, .. } if length > original => length,
            Beyond::Others { original, .. } if length > original => 1,
            _ => 0,
        };
        Stage([stage, 0])
    }

    /// Adds the angles of rows at these positions, in a sequence of `length` tokens in all. In f32 up to the cosine, as the
    /// models were trained.
    pub(crate) fn add_angles(&self, angles: &mut Angles, positions: impl Iterator<Item = usize>, length: usize) {
        let own;
        let frequencies = match &self.beyond {
            &Beyond::Base { theta, factor, original } if length > original => {
                let dim = 2.0 * self.frequencies.len() as f64;
                let grown = factor * length as f64 / original as f64 - (factor - 1.0);
                own = frequencies(theta * grown.powf(dim / (dim - 2.0)), 2 * self.frequencies.len());
                &own
            }
            Beyond::Others { frequencies, original } if length > *original => frequencies,
            _ => &self.frequencies,
        };
        (angles.half, angles.pairs) = (frequencies.len(), self.pairs);
        for position in positions {
            for frequency in frequencies {
                let (sin, cos) = f64::from(position as f32 * frequency).sin_cos();
                angles.cos.push(cos as f32 * self.scale);
                angles.sin.push(sin as f32 * self.scale);
            }
        }
    }
}

/// `theta^(2i / dim)` for i in `0 .. dim / 2`.
fn periods(theta: f64, dim: usize) -> impl Iterator<Item = f32> {
    (0..dim / 2).map(move |i| (theta as f32).powf((2 * i) as f32 / dim as f32))
}

/// `theta^(-2i / dim)` for i in `0 .. dim / 2`.
fn frequencies(theta: f64, dim: usize) -> Vec<f32> {
    periods(theta, dim).map(|period| 1.0 / period).collect()
}

impl Angles {
    /// Turns numbers of every head `[dim]` of one row, from number `from` on; what has no angle passes as it is.
    pub fn turn(&self, row: usize, heads: &mut [f32], dim: usize, from: usize) {
        let half = self.half;
        let cos = &self.cos[row * half..(row + 1) * half];
        let sin = &self.sin[row * half..(row + 1) * half];
        for head in heads.chunks_exact_mut(dim) {
            let head = &mut head[from..from + 2 * half];
            if self.pairs {
                for (pair, (cos, sin)) in head.chunks_exact_mut(2).zip(cos.iter().zip(sin)) {
                    (pair[0], pair[1]) = (pair[0] * cos - pair[1] * sin, pair[1] * cos + pair[0] * sin);
                }
                continue;
            }
            let (low, high) = head.split_at_mut(half);
            for i in 0..half {
                let (a, b) = (low[i], high[i]);
                low[i] = a * cos[i] - b * sin[i];
                high[i] = b * cos[i] + a * sin[i];
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn angles(settings: &RopeSettings, positions: &[usize], length: usize) -> Angles {
        let mut angles = Angles::default();
        Rope::new(settings).add_angles(&mut angles, positions.iter().copied(), length);
        angles
    }

    fn settings(dim: usize, scaling: RopeScaling) -> RopeSettings {
        RopeSettings { theta: 10_000.0, dim, scaling, pairs: false }
    }

    #[test]
    fn a_turn_keeps_length_and_depends_on_the_distance_only() {
        let angles = angles(&settings(4, RopeScaling::None), &[0, 1, 5, 6], 7);
        let turned = |row| {
            let mut head = [1.0, 2.0, 3.0, 4.0];
            angles.turn(row, &mut head, 4, 0);
            head
        };
        let dot = |a: [f32; 4], b: [f32; 4]| a.iter().zip(b).map(|(a, b)| a * b).sum::<f32>();
        assert_eq!(turned(0), [1.0, 2.0, 3.0, 4.0]);
        assert!((dot(turned(3), turned(3)) - 30.0).abs() < 1e-4);
        assert!((dot(turned(0), turned(1)) - dot(turned(2), turned(3))).abs() < 1e-4);
        // First pair (1, 3) at position 1 with frequency 1.
        let (sin, cos) = 1f32.sin_cos();
        assert!((turned(1)[0] - (cos - 3.0 * sin)).abs() < 1e-6);
    }

    #[test]
    fn what_does_not_turn_passes() {
        let mut heads = [1.0, 2.0, 3.0, 4.0, 1.0, 2.0, 3.0, 4.0];
        angles(&settings(2, RopeScaling::None), &[1], 2).turn(0, &mut heads, 4, 0);
        let (sin, cos) = 1f32.sin_cos();
        assert_eq!(heads[..4], heads[4..]);
        assert_eq!(heads[2..4], [3.0, 4.0]);
        assert!((heads[0] - (cos - 2.0 * sin)).abs() < 1e-6 && (heads[1] - (2.0 * cos + sin)).abs() < 1e-6);
    }

    #[test]
    fn neighbors_turn_where_a_head_says_so_and_from_where_it_says() {
        let mut head = [9.0, 8.0, 1.0, 3.0, 2.0, 4.0];
        let mut halves = [1.0, 2.0, 3.0, 4.0];
        let plain = settings(4, RopeScaling::None);
        angles(&RopeSettings { pairs: true, ..plain.clone() }, &[3], 4).turn(0, &mut head, 6, 2);
        angles(&plain, &[3], 4).turn(0, &mut halves, 4, 0);
        assert_eq!(head, [9.0, 8.0, halves[0], halves[2], halves[1], halves[3]]);
    }

    #[test]
    fn a_base_grows_beyond_the_original_context() {
        let dynamic = settings(4, RopeScaling::Dynamic { factor: 2.0, original: 8 });
        let plain = angles(&settings(4, RopeScaling::None), &[1], 8);
        assert_eq!(angles(&dynamic, &[1], 8).sin, plain.sin);
        // At 12 tokens the base is 10000 * (2 * 12 / 8 - 1)^2, and the second frequency its root's inverse.
        let grown = angles(&dynamic, &[1], 12);
        assert_eq!(grown.sin[0], plain.sin[0]);
        assert!((grown.sin[1] - (1.0f32 / 200.0).sin()).abs() < 1e-8);
        let rope = Rope::new(&dynamic);
        assert_eq!(rope.stage(3), rope.stage(8));
        assert!(rope.stage(9) != rope.stage(8) && rope.stage(9) != rope.stage(10));
    }

    #[test]
    fn longrope_switches_once_and_multiplies_on_both_sides() {
        let long = LongRope { short: vec![1.0, 2.0], long: vec![1.0, 4.0], original: 8, attention_factor: 0.5 };
        let settings = settings(4, RopeScaling::LongRope(long));
        let (near, far) = (angles(&settings, &[1], 8), angles(&settings, &[1], 9));
        let sine = |by: f32| 0.5 * (0.01f32 / by).sin();
        assert!((near.sin[1] - sine(2.0)).abs() < 1e-8 && (far.sin[1] - sine(4.0)).abs() < 1e-8);
        assert_eq!(near.cos[0], 0.5 * 1f32.cos());
        let rope = Rope::new(&settings);
        assert!(rope.stage(8) != rope.stage(9) && rope.stage(9) == rope.stage(99));
    }
}
