//! Rotary positions (Su et al. 2021), in the two-halves form of `transformers`.

/// The rotary frequencies of a model.
#[derive(Debug, Clone, PartialEq)]
pub struct Rope {
    frequencies: Vec<f32>,
}

/// Cosine and sine of every row's angles, `[rows, dim / 2]` each.
#[derive(Debug, Clone, Default)]
pub(crate) struct Angles {
    cos: Vec<f32>,
    sin: Vec<f32>,
}

impl Rope {
    /// Frequencies `theta^(-2i / dim)` for i in `0 .. dim / 2`.
    pub fn new(theta: f64, dim: usize) -> Self {
        let frequency = |i: usize| 1.0 / (theta as f32).powf((2 * i) as f32 / dim as f32);
        Self { frequencies: (0..dim / 2).map(frequency).collect() }
    }

    /// The angles of rows at these positions. In f32 up to the cosine, as the models were trained.
    pub(crate) fn angles(&self, positions: impl Iterator<Item = usize>) -> Angles {
        let mut angles = Angles::default();
        for position in positions {
            for frequency in &self.frequencies {
                let (sin, cos) = f64::from(position as f32 * frequency).sin_cos();
                angles.cos.push(cos as f32);
                angles.sin.push(sin as f32);
            }
        }
        angles
    }
}

impl Angles {
    /// Turns every head `[dim]` of one row.
    pub fn turn(&self, row: usize, heads: &mut [f32], dim: usize) {
        let half = dim / 2;
        let cos = &self.cos[row * half..(row + 1) * half];
        let sin = &self.sin[row * half..(row + 1) * half];
        for head in heads.chunks_exact_mut(dim) {
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
    use super::Rope;

    #[test]
    fn a_turn_keeps_length_and_depends_on_the_distance_only() {
        let rope = Rope::new(10_000.0, 4);
        let angles = rope.angles([0, 1, 5, 6].into_iter());
        let turned = |row| {
            let mut head = [1.0, 2.0, 3.0, 4.0];
            angles.turn(row, &mut head, 4);
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
}
