//! Weights as small whole numbers: `w = (q - zero) * scale`, several `q` in one 32-bit word.
//!
//! The layout is that of compressed-tensors (`pack-quantized`): a row of `[cols]` integers takes
//! `ceil(cols / per_word)` words with `per_word = 32 / bits` (10 for 3 bits, two bits of each word unused), the
//! first integer in the lowest bits, stored as `q + 2^(bits - 1)` with `q` in `-2^(bits - 1) .. 2^(bits - 1)`.

use half::f16;

use crate::{Bytes, Matrix};

/// A packed weight `[rows, cols]` with its grid.
#[derive(Debug, Clone)]
pub struct Packed {
    /// Output channels.
    pub rows: usize,
    /// Input channels.
    pub cols: usize,
    /// Bits of one integer, 1 to 8.
    pub bits: u32,
    /// Little-endian words, `[rows, ceil(cols / per_word)]`.
    pub words: Bytes,
    /// The grid.
    pub grid: Grid,
}

/// The grid of a packed weight: the scale and zero point of each group of columns.
#[derive(Debug, Clone, PartialEq)]
pub struct Grid {
    /// Groups in a row.
    pub groups: usize,
    /// Columns in a group; `cols` where a row is one group. The last group may be shorter.
    pub group_size: usize,
    /// `[rows, groups]`
    pub scales: Vec<f32>,
    /// `[rows, groups]`, in the signed domain of `q`; `None` where the grid is symmetric.
    pub zeros: Option<Vec<i8>>,
    /// Whether each `(q - zero) * scale` is rounded to 16 bits (f16), as every program that runs AWQ does.
    pub half: bool,
    /// `[cols]`: the group of each column where groups are not runs of columns (GPTQ with dynamic act order).
    pub group_of: Option<Vec<u32>>,
}

/// Integers in one 32-bit word.
pub fn per_word(bits: u32) -> usize {
    (32 / bits.clamp(1, 32)) as usize
}

/// Packs rows of signed integers `[rows, cols]` into words `[rows, ceil(cols / per_word)]`.
///
/// ```
/// assert_eq!(model::packed::pack(&[-8, -7, 7], 3, 4), [0xF10]);
/// ```
pub fn pack(integers: &[i8], cols: usize, bits: u32) -> Vec<u32> {
    let offset = 1i32 << (bits - 1);
    let mut words = Vec::with_capacity(integers.len().div_ceil(per_word(bits)));
    for row in integers.chunks(cols.max(1)) {
        for few in row.chunks(per_word(bits)) {
            let word = few.iter().enumerate().fold(0u32, |word, (slot, &q)| {
                word | (((i32::from(q) + offset) as u32) & ((1 << bits) - 1)) << (slot as u32 * bits)
            });
            words.push(word);
        }
    }
    words
}

/// Unpacks words `[rows, ceil(cols / per_word)]` into rows of signed integers `[rows, cols]`.
pub fn unpack(words: &[u32], cols: usize, bits: u32) -> Vec<i8> {
    let per_row = cols.div_ceil(per_word(bits)).max(1);
    let offset = 1i32 << (bits - 1);
    let mut integers = Vec::with_capacity(words.len() / per_row * cols);
    for row in words.chunks_exact(per_row) {
        integers.extend((0..cols).map(|col| {
            let word = row[col / per_word(bits)] >> ((col % per_word(bits)) as u32 * bits);
            ((word & ((1 << bits) - 1)) as i32 - offset) as i8
        }));
    }
    integers
}

impl Packed {
    /// Packs signed integers `[rows, cols]`.
    ///
    /// # Panics
    /// Where a length does not fit the shape: a mistake of the caller, never of a file.
    pub fn new(rows: usize, cols: usize, bits: u32, integers: &[i8], grid: Grid) -> Self {
        assert_eq!(integers.len(), rows * cols);
        assert_eq!(grid.scales.len(), rows * grid.groups);
        let bytes: Vec<u8> = pack(integers, cols, bits).into_iter().flat_map(u32::to_le_bytes).collect();
        Self { rows, cols, bits, words: bytes.into(), grid }
    }

    /// Words in one row.
    pub fn row_words(&self) -> usize {
        self.cols.div_ceil(per_word(self.bits))
    }

    /// The signed integers of one row, `[cols]`.
    pub fn integers(&self, row: usize) -> Vec<i8> {
        let bytes = &self.words[row * self.row_words() * 4..(row + 1) * self.row_words() * 4];
        let words: Vec<u32> = bytes.as_chunks::<4>().0.iter().map(|&four| u32::from_le_bytes(four)).collect();
        unpack(&words, self.cols, self.bits)
    }

    /// Bytes that the words and the grid take.
    pub fn bytes(&self) -> usize {
        let zeros = self.grid.zeros.as_ref().map_or(0, Vec::len);
        self.words.len() + self.grid.scales.len() * 4 + zeros
    }

    /// Widens one row into `out`, `[cols]`: `(q - zero) * scale`, each rounded once.
    pub fn widen_row(&self, row: usize, out: &mut [f32]) {
        let bytes = &self.words[row * self.row_words() * 4..(row + 1) * self.row_words() * 4];
        let words = bytes.as_chunks::<4>().0;
        let scales = &self.grid.scales[row * self.grid.groups..(row + 1) * self.grid.groups];
        let zeros = self.grid.zeros.as_ref().map(|all| &all[row * self.grid.groups..(row + 1) * self.grid.groups]);
        let offset = 1i32 << (self.bits - 1);
        let mask = (1u32 << self.bits) - 1;
        for (few, &word) in out[..self.cols].chunks_mut(per_word(self.bits)).zip(words) {
            let mut word = u32::from_le_bytes(word);
            for value in few {
                *value = ((word & mask) as i32 - offset) as f32;
                word >>= self.bits;
            }
        }
        self.scale_row((scales, zeros), out);
        if self.grid.half {
            out[..self.cols].iter_mut().for_each(|value| *value = f16::from_f32(*value).to_f32());
        }
    }

    /// Turns the integers of one row into weights, in place.
    fn scale_row(&self, (scales, zeros): (&[f32], Option<&[i8]>), out: &mut [f32]) {
        if let Some(group_of) = &self.grid.group_of {
            for (value, &group) in out.iter_mut().zip(group_of) {
                let zero = zeros.map_or(0.0, |zeros| f32::from(zeros[group as usize]));
                *value = (*value - zero) * scales[group as usize];
            }
            return;
        }
        for (group, run) in out[..self.cols].chunks_mut(self.grid.group_size.max(1)).enumerate() {
            let zero = zeros.map_or(0.0, |zeros| f32::from(zeros[group]));
            run.iter_mut().for_each(|value| *value = (*value - zero) * scales[group]);
        }
    }

    /// The weight in f32, `[rows, cols]`.
    pub fn to_f32(&self) -> Matrix {
        let mut all = Matrix::zeros(self.rows, self.cols);
        (0..self.rows).for_each(|row| self.widen_row(row, all.row_mut(row)));
        all
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn unpack_undoes_pack(bits in 1u32..=8, cols in 1usize..40, rows in 1usize..4, seed: u64) {
            let mut rng = record::Rng::new(seed);
            let half = 1i32 << (bits - 1);
            let integers: Vec<i8> = (0..rows * cols).map(|_| (rng.below(1 << bits) as i32 - half) as i8).collect();
            prop_assert_eq!(unpack(&pack(&integers, cols, bits), cols, bits), integers);
        }
    }

    #[test]
    fn a_group_has_its_own_scale_and_zero() {
        let grid = Grid {
            groups: 2,
            group_size: 2,
            scales: vec![0.5, 2.0],
            zeros: Some(vec![1, -1]),
            half: false,
            group_of: None,
        };
        let packed = Packed::new(1, 4, 4, &[3, 1, 0, -8], grid);
        assert_eq!(packed.to_f32().data, [1.0, 0.0, 2.0, -14.0]);
        assert_eq!(packed.integers(0), [3, 1, 0, -8]);
    }

    #[test]
    fn columns_may_name_their_group() {
        let grid = Grid {
            groups: 2,
            group_size: 2,
            scales: vec![1.0, 10.0],
            zeros: None,
            half: false,
            group_of: Some(vec![1, 0, 1, 0]),
        };
        let packed = Packed::new(1, 4, 8, &[1, 2, 3, 4], grid);
        assert_eq!(packed.to_f32().data, [10.0, 2.0, 30.0, 4.0]);
    }
}
