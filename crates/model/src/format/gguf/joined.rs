//! Linears of the folder whose rows lie in two tensors of a file: gate and up of gpt-oss's experts, keys and values that are
//! made of latents.

use std::ops::Range;

use half::{bf16, f16};

use super::blocks::widen;
use super::kind::Kind;

/// A tensor of two: of each head some rows of the first, then some of the second.
#[derive(Debug, Clone, PartialEq)]
pub struct Joined {
    /// Heads; for rows by turns, pairs of rows.
    pub heads: usize,
    /// Rows of each head in the first and in the second.
    pub rows: [usize; 2],
    /// Numbers of a row.
    pub cols: usize,
    /// The first lies `[heads, cols, rows]`, not `[heads, rows, cols]`.
    pub transposed: bool,
    /// Types, and where the values lie in the file.
    pub parts: [(Kind, Range<usize>); 2],
}

impl Joined {
    /// What the whole is: what both parts are, where their rows are taken as they lie; else f32.
    pub fn kind(&self) -> Kind {
        let [(one, _), (other, _)] = &self.parts;
        let movable = !self.transposed || one.block_values() == 1;
        if one == other && movable { *one } else { Kind::F32 }
    }

    /// The values, row-major `[heads * (rows + rows), cols]`, of a whole file's bytes.
    pub fn bytes(&self, file: &[u8]) -> Vec<u8> {
        let kind = self.kind();
        let [mut one, other] = self.parts.each_ref().map(|(from, range)| {
            let bytes = file.get(range.clone()).unwrap_or_default();
            if *from == kind { bytes.to_vec() } else { widened(*from, bytes) }
        });
        if self.transposed {
            one = self.turned(&one, kind.block_bytes());
        }
        let width = self.cols / kind.block_values() * kind.block_bytes();
        let mut all = Vec::with_capacity(one.len() + other.len());
        let heads = |rows: usize| (width * rows).max(1);
        for (one, other) in one.chunks(heads(self.rows[0])).zip(other.chunks(heads(self.rows[1]))) {
            all.extend_from_slice(one);
            all.extend_from_slice(other);
        }
        all
    }

    /// `[heads, rows, cols]` of `[heads, cols, rows]`, of numbers of so many bytes.
    fn turned(&self, bytes: &[u8], width: usize) -> Vec<u8> {
        let [rows, _] = self.rows;
        let mut all = Vec::with_capacity(bytes.len());
        for head in bytes.chunks_exact((rows * self.cols * width).max(1)) {
            for (row, col) in (0..rows).flat_map(|row| (0..self.cols).map(move |col| (row, col))) {
                all.extend_from_slice(&head[(col * rows + row) * width..][..width]);
            }
        }
        all
    }
}

/// Numbers of any type as f32.
fn widened(kind: Kind, bytes: &[u8]) -> Vec<u8> {
    let wide =
        |to: fn([u8; 2]) -> f32| bytes.as_chunks::<2>().0.iter().flat_map(|&two| to(two).to_le_bytes()).collect();
    match kind {
        Kind::F32 => bytes.to_vec(),
        Kind::F16 => wide(|two| f16::from_le_bytes(two).to_f32()),
        Kind::Bf16 => wide(|two| bf16::from_le_bytes(two).to_f32()),
        blocks => {
            let mut numbers = vec![0.0; bytes.len() / blocks.block_bytes() * blocks.block_values()];
            widen(blocks, bytes, &mut numbers);
            numbers.iter().flat_map(|number| number.to_le_bytes()).collect()
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn floats(bytes: &[u8]) -> Vec<f32> {
        bytes.as_chunks::<4>().0.iter().map(|&four| f32::from_le_bytes(four)).collect()
    }

    #[test]
    fn rows_by_turns_and_by_heads() {
        let file: Vec<u8> = (0..24).collect();
        // Gates 0, 1 and 2, 3; ups 4, 5 and 6, 7: f16 rows of one number.
        let parts = [(Kind::F16, 0..4), (Kind::F16, 4..8)];
        let turns = Joined { heads: 2, rows: [1, 1], cols: 1, transposed: false, parts };
        assert_eq!((turns.kind(), turns.bytes(&file)), (Kind::F16, vec![0, 1, 4, 5, 2, 3, 6, 7]));
        // One head, whose two keys of three numbers lie as three pairs; one value.
        let parts = [(Kind::F16, 0..12), (Kind::F16, 12..18)];
        let heads = Joined { heads: 1, rows: [2, 1], cols: 3, transposed: true, parts };
        assert_eq!(heads.bytes(&file), [0, 1, 4, 5, 8, 9, 2, 3, 6, 7, 10, 11, 12, 13, 14, 15, 16, 17]);
    }

    #[test]
    fn unequal_types_and_blocks_that_turn_are_widened() {
        // A block of Q8_0 of scale 1 and numbers 0 to 31; then 32 halves of 1.
        let mut file = f16::ONE.to_le_bytes().to_vec();
        file.extend(0..32);
        file.extend(f16::ONE.to_le_bytes().repeat(32));
        let parts = [(Kind::Q8_0, 0..34), (Kind::F16, 34..98)];
        let unequal = Joined { heads: 1, rows: [1, 1], cols: 32, transposed: false, parts };
        let made = floats(&unequal.bytes(&file));
        assert_eq!((unequal.kind(), made[31], made[32]), (Kind::F32, 31.0, 1.0));
        let parts = [(Kind::Q8_0, 0..34), (Kind::Q8_0, 0..34)];
        let turned = Joined { heads: 1, rows: [32, 1], cols: 1, transposed: true, parts };
        assert_eq!(turned.kind(), Kind::F32);
        assert_eq!(floats(&turned.bytes(&file))[..3], [0.0, 1.0, 2.0]);
    }
}
