//! Weights as small whole numbers: `w = (q - zero) * scale`, several `q` in one 32-bit word.
//!
//! The layout is that of compressed-tensors 0.19 and 0.20 (`pack-quantized`): a row of `[cols]` integers is one stream of
//! `cols * bits` bits in `ceil(cols * bits / 32)` words, the first integer in the lowest bits of the first word; where
//! `bits` does not divide 32, an integer may begin in one word and end in the next. It is stored as `q + 2^(bits - 1)` with
//! `q` in `-2^(bits - 1) .. 2^(bits - 1)`.
//!
//! Versions up to 0.13, and this program before it followed, put `floor(32 / bits)` integers into each word and left the
//! rest of it empty ([`Layout::Padded`]): the same for 2, 4 and 8 bits, another for 3, 5, 6 and 7.

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
    /// Little-endian words, `[rows, ceil(cols * bits / 32)]`.
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

/// How integers lie in their words.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Layout {
    /// One stream of bits.
    Dense,
    /// Whole integers in each word.
    Padded,
}

impl Layout {
    /// Words that `count` integers of `bits` bits take.
    pub fn words(self, count: usize, bits: u32) -> usize {
        match self {
            Layout::Dense => (count * bits as usize).div_ceil(32),
            Layout::Padded => count.div_ceil((32 / bits.clamp(1, 32)) as usize),
        }
    }

    /// Unpacks words `[rows, words(cols)]` into rows of signed integers `[rows, cols]`.
    pub fn unpack(self, words: &[u32], cols: usize, bits: u32) -> Vec<i8> {
        let per_row = self.words(cols, bits).max(1);
        let row = |row: &[u32]| -> Vec<i8> {
            match self {
                Layout::Dense => integers(row.iter().copied(), bits).take(cols).collect(),
                Layout::Padded => row.iter().flat_map(|&word| integers([word].into_iter(), bits)).take(cols).collect(),
            }
        };
        words.chunks_exact(per_row).flat_map(row).collect()
    }
}

/// Packs rows of signed integers `[rows, cols]` into words `[rows, ceil(cols * bits / 32)]`.
///
/// ```
/// assert_eq!(model::packed::pack(&[-8, -7, 7], 3, 4), [0xF10]);
/// ```
pub fn pack(integers: &[i8], cols: usize, bits: u32) -> Vec<u32> {
    let middle = 1i32 << (bits - 1);
    let mut words = Vec::with_capacity(Layout::Dense.words(integers.len(), bits));
    for row in integers.chunks(cols.max(1)) {
        let (mut stream, mut held) = (0u64, 0);
        for &q in row {
            stream |= u64::from((i32::from(q) + middle) as u32 & ((1 << bits) - 1)) << held;
            held += bits;
            if held >= 32 {
                words.push(stream as u32);
                stream >>= 32;
                held -= 32;
            }
        }
        if held > 0 {
            words.push(stream as u32);
        }
    }
    words
}

/// The signed integers of one stream of bits, as many as are whole.
fn integers(words: impl Iterator<Item = u32>, bits: u32) -> impl Iterator<Item = i8> {
    let (mut words, mut stream, mut held) = (words, 0u64, 0);
    let (middle, mask) = (1i32 << (bits - 1), (1u64 << bits) - 1);
    std::iter::from_fn(move || {
        if held < bits {
            stream |= u64::from(words.next()?) << held;
            held += 32;
        }
        let level = (stream & mask) as i32;
        stream >>= bits;
        held -= bits;
        Some((level - middle) as i8)
    })
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
        Layout::Dense.words(self.cols, self.bits)
    }

    /// The words of one row.
    fn stream(&self, row: usize) -> impl Iterator<Item = u32> {
        let bytes = &self.words[row * self.row_words() * 4..(row + 1) * self.row_words() * 4];
        bytes.as_chunks::<4>().0.iter().map(|&four| u32::from_le_bytes(four))
    }

    /// The signed integers of one row, `[cols]`.
    pub fn integers(&self, row: usize) -> Vec<i8> {
        integers(self.stream(row), self.bits).take(self.cols).collect()
    }

    /// Bytes that the words and the grid take.
    pub fn bytes(&self) -> usize {
        let zeros = self.grid.zeros.as_ref().map_or(0, Vec::len);
        self.words.len() + self.grid.scales.len() * 4 + zeros
    }

    /// Widens one row into `out`, `[cols]`: `(q - zero) * scale`, each rounded once.
    pub fn widen_row(&self, row: usize, out: &mut [f32]) {
        let scales = &self.grid.scales[row * self.grid.groups..(row + 1) * self.grid.groups];
        let zeros = self.grid.zeros.as_ref().map(|all| &all[row * self.grid.groups..(row + 1) * self.grid.groups]);
        self.integers_of(row, &mut out[..self.cols]);
        self.scale_row((scales, zeros), out);
        if self.grid.half {
            out[..self.cols].iter_mut().for_each(|value| *value = f16::from_f32(*value).to_f32());
        }
    }

    /// The signed integers of one row, `[cols]`.
    fn integers_of(&self, row: usize, out: &mut [f32]) {
        let bytes = &self.words[row * self.row_words() * 4..(row + 1) * self.row_words() * 4];
        let small = |level: u8, middle: f32| f32::from(level) - middle;
        match self.bits {
            8 => out.iter_mut().zip(bytes).for_each(|(value, &byte)| *value = small(byte, 128.0)),
            4 => {
                let mut pairs = out.chunks_exact_mut(2);
                for (pair, &byte) in (&mut pairs).zip(bytes) {
                    (pair[0], pair[1]) = (small(byte & 15, 8.0), small(byte >> 4, 8.0));
                }
                if let ([last], Some(&byte)) = (pairs.into_remainder(), bytes.get(self.cols / 2)) {
                    *last = small(byte & 15, 8.0);
                }
            }
            bits => out.iter_mut().zip(integers(self.stream(row), bits)).for_each(|(value, q)| *value = f32::from(q)),
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
            let words = pack(&integers, cols, bits);
            prop_assert_eq!(words.len(), rows * Layout::Dense.words(cols, bits));
            prop_assert_eq!(&Layout::Dense.unpack(&words, cols, bits), &integers);
            let grid = Grid { groups: 1, group_size: cols, scales: vec![1.0; rows], zeros: None, half: false, group_of: None };
            let wide: Vec<f32> = integers.iter().map(|&q| f32::from(q)).collect();
            prop_assert_eq!(Packed::new(rows, cols, bits, &integers, grid).to_f32().data, wide);
        }
    }

    #[test]
    fn three_bits_cross_words_now_and_did_not_before() {
        // Levels 0..8 again and again: the eleventh integer is level 2, its two low bits in the first word.
        let integers: Vec<i8> = (0..16).map(|at| at % 8 - 4).collect();
        let levels = 0o7654_3210_u64 | 0o7654_3210 << 24;
        assert_eq!(pack(&integers, 16, 3), [levels as u32, (levels >> 32) as u32]);
        let before = [0o1_076_543_210u32, 0o765_432];
        assert_eq!(Layout::Padded.unpack(&before, 16, 3), integers);
        assert_eq!([Layout::Dense, Layout::Padded].map(|layout| layout.words(576, 3)), [54, 58]);
        assert_eq!([Layout::Dense, Layout::Padded].map(|layout| layout.words(577, 4)), [73, 73]);
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
