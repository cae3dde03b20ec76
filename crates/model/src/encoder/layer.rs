//! One layer of an encoder: attention over the whole text, then two linears, each followed by a layer norm.

use std::ops::Range;

use crate::{Matrix, Weight, kernel};

/// A linear that runs on the calling thread.
#[derive(Debug)]
pub(crate) struct Dense {
    /// `[out, in]`
    pub weight: Weight,
    /// `[out]`
    pub bias: Vec<f32>,
}

impl Dense {
    fn forward(&self, x: &Matrix) -> Matrix {
        let mut y = kernel::matmul_here(x, &self.weight);
        for row in y.data.chunks_exact_mut(self.bias.len()) {
            row.iter_mut().zip(&self.bias).for_each(|(y, b)| *y += b);
        }
        y
    }
}

/// A layer norm, `[hidden]` each.
#[derive(Debug)]
pub(crate) struct Norm {
    pub weight: Vec<f32>,
    pub bias: Vec<f32>,
    pub eps: f32,
}

impl Norm {
    /// Norms every row in place.
    pub fn apply(&self, x: &mut Matrix) {
        for row in x.data.chunks_exact_mut(self.weight.len()) {
            kernel::layer_norm(row, &self.weight, &self.bias, self.eps);
        }
    }
}

/// One layer. The result of a text depends on that text alone, bit for bit.
#[derive(Debug)]
pub(crate) struct Layer {
    /// `[hidden, hidden]` each.
    pub qkv: [Dense; 3],
    /// `[hidden, hidden]`
    pub output: Dense,
    pub attention_norm: Norm,
    /// `[intermediate, hidden]`
    pub up: Dense,
    /// `[hidden, intermediate]`
    pub down: Dense,
    pub norm: Norm,
    pub heads: usize,
}

impl Layer {
    /// `hidden` `[m, hidden]`: rows of several texts, each a range of `texts`. `bias` gives what is added to the scaled
    /// product of a query and a key by their distance, key minus query, for each head.
    pub fn forward(&self, hidden: Matrix, texts: &[Range<usize>], bias: Option<&Distances>) -> Matrix {
        let [q, k, v] = self.qkv.each_ref().map(|linear| linear.forward(&hidden));
        let mut mixed = Matrix::zeros(hidden.rows, hidden.cols);
        for text in texts {
            for head in 0..self.heads {
                self.attend([&q, &k, &v], text, head, bias, &mut mixed);
            }
        }
        let mut x = self.output.forward(&mixed);
        x.add(&hidden);
        self.attention_norm.apply(&mut x);
        let mut inner = self.up.forward(&x);
        kernel::gelu(&mut inner.data);
        let mut y = self.down.forward(&inner);
        y.add(&x);
        self.norm.apply(&mut y);
        y
    }

    /// `softmax(q k^T / sqrt(dim) + bias) v` of one head and one text, written into its place in `mixed`.
    fn attend(
        &self,
        [q, k, v]: [&Matrix; 3],
        text: &Range<usize>,
        head: usize,
        bias: Option<&Distances>,
        mixed: &mut Matrix,
    ) {
        let (count, dim, width) = (text.len(), q.cols / self.heads, q.cols);
        let scale = 1.0 / (dim as f32).sqrt();
        let part = |m: &Matrix, scale: f32| -> Vec<f32> {
            text.clone().flat_map(|row| m.row(row)[head * dim..][..dim].iter().map(move |x| x * scale)).collect()
        };
        let (queries, keys) = (part(q, scale), part(k, 1.0));
        let mut values = vec![0.0; dim * count]; // [dim, count]
        for (at, row) in text.clone().enumerate() {
            for (column, value) in v.row(row)[head * dim..][..dim].iter().enumerate() {
                values[column * count + at] = *value;
            }
        }
        let mut scores = vec![0.0; count * count];
        kernel::rows_by_rows(&queries, &keys, dim, &mut scores, count);
        for (at, scores) in scores.chunks_exact_mut(count).enumerate() {
            if let Some(bias) = bias {
                scores.iter_mut().zip(bias.of_query(head, at)).for_each(|(score, bias)| *score += bias);
            }
            kernel::softmax(scores);
        }
        let place = &mut mixed.data[text.start * width + head * dim..];
        kernel::rows_by_rows(&scores, &values, count, place, width);
    }
}

/// MPNet's bias by distance (Song et al. 2020), one number for each head and distance.
#[derive(Debug)]
pub(crate) struct Distances {
    /// The longest text, in tokens.
    most: usize,
    /// `[heads, 2 * most - 1]`: of the distance `key - query`, from `1 - most` on.
    values: Vec<f32>,
}

/// Buckets of distances, half of them for keys before the query.
pub(crate) const BUCKETS: usize = 32;
/// Distances from here on share the last bucket.
const FARTHEST: f32 = 128.0;

impl Distances {
    /// From the table `[BUCKETS, heads]` of the checkpoint, for texts of up to `most` tokens.
    pub fn new(table: &Matrix, most: usize) -> Self {
        let distances = 1 - most as i64..most as i64;
        let of_head = |head: usize| distances.clone().map(move |distance| table.row(bucket(distance))[head]);
        Self { most, values: (0..table.cols).flat_map(of_head).collect() }
    }

    /// Of the keys 0, 1, ... for the query at `at`.
    fn of_query(&self, head: usize, at: usize) -> &[f32] {
        let row = &self.values[head * (2 * self.most - 1)..][..2 * self.most - 1];
        &row[self.most - 1 - at..]
    }
}

/// The bucket of a distance `key - query`: exact up to 7, then by its logarithm; the upper half for keys that come after.
fn bucket(distance: i64) -> usize {
    let (half, exact) = (BUCKETS / 2, BUCKETS / 4);
    let after = if distance > 0 { half } else { 0 };
    let far = distance.unsigned_abs() as usize;
    if far < exact {
        return after + far;
    }
    // In f32, as the reference: at a bucket's edge the last bit decides.
    let share = (far as f32 / exact as f32).ln() / (FARTHEST / exact as f32).ln();
    after + (exact + (share * (half - exact) as f32) as usize).min(half - 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn buckets_grow_with_the_distance_and_part_before_from_after() {
        assert_eq!([0, -1, -7, -8, -11, -12].map(bucket), [0, 1, 7, 8, 8, 9]);
        assert_eq!([1, 7, 8, 127, 128, 500].map(bucket), [17, 23, 24, 31, 31, 31]);
        assert_eq!([-127, -128, -500].map(bucket), [15, 15, 15]);
        for distance in 1..600 {
            assert_eq!(bucket(distance), 16 + bucket(-distance));
            assert!(bucket(-distance - 1) >= bucket(-distance));
        }
    }

    #[test]
    fn a_query_finds_the_bias_of_each_key() {
        let table = Matrix::new(BUCKETS, 2, (0..64).map(|value| value as f32).collect());
        let all = Distances::new(&table, 5);
        assert_eq!(all.of_query(1, 2)[..4], [5.0, 3.0, 1.0, 35.0]);
        assert_eq!(all.of_query(0, 4)[..5], [8.0, 6.0, 4.0, 2.0, 0.0]);
    }
}
