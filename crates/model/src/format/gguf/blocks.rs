//! Rows of blocks as they lie in a file: small integers with scales, widened exactly as llama.cpp widens them.

mod large;
mod small;

#[cfg(target_arch = "x86_64")]
pub(crate) use large::scale_and_offset;
#[cfg(target_arch = "x86_64")]
pub(crate) use small::{LEVELS as IQ4_LEVELS, MXFP4_LEVELS, mxfp4_scale};

use half::f16;
use rayon::prelude::*;

use super::kind::{BLOCK, Kind};
use crate::format::dense::{expect_shape, unfit};
use crate::packed::{Grid, Packed};
use crate::{Bytes, Checkpoint, ModelError, TensorView, Weight};

/// A weight `[rows, cols]` of blocks.
#[derive(Debug, Clone)]
pub struct Quantized {
    /// What the blocks are; no float.
    pub kind: Kind,
    /// Output channels.
    pub rows: usize,
    /// Input channels, a multiple of the values of a block.
    pub cols: usize,
    /// `[rows, bytes of a row]`
    pub bytes: Bytes,
}

impl Quantized {
    /// The blocks of some rows.
    pub fn row_bytes(&self, rows: std::ops::Range<usize>) -> &[u8] {
        let width = self.cols / self.kind.block_values() * self.kind.block_bytes();
        &self.bytes[rows.start * width..rows.end * width]
    }

    /// Widens one row into `out`, `[cols]`.
    pub fn widen_row(&self, row: usize, out: &mut [f32]) {
        crate::kernel::widen_blocks(self.kind, self.row_bytes(row..row + 1), &mut out[..self.cols]);
    }

    /// The numbers of a row as integers, scales and offsets: each is `q * scale + offset`. As long as `out`, `[cols]`.
    pub(crate) fn numbers(&self, row: usize, out: &mut [(i8, f32, f32)]) {
        numbers(self.kind, self.row_bytes(row..row + 1), &mut out[..self.cols], |q, scale, offset| (q, scale, offset));
    }

    /// The same numbers as small integers with a scale for each block, which products of few rows widen in registers;
    /// `None` where they are not a scale times an integer of 4 or 8 bits.
    pub fn packed(&self) -> Option<Packed> {
        let blocks = || self.bytes.chunks_exact(self.kind.block_bytes());
        let level = |nibble: u8| nibble as i8 - 8;
        let levels = |from: usize| -> Vec<i8> {
            let lower = |bytes: &[u8]| bytes.iter().map(move |byte| level(byte & 0xF)).collect::<Vec<_>>();
            let upper = |bytes: &[u8]| bytes.iter().map(move |byte| level(byte >> 4)).collect::<Vec<_>>();
            blocks().flat_map(|block| [lower(&block[from..]), upper(&block[from..])].concat()).collect()
        };
        let scales: Vec<f32> = blocks().map(|block| half_at(block, 0)).collect();
        let (bits, integers, zeros): (u32, Vec<i8>, _) = match self.kind {
            Kind::Q4_0 => (4, levels(2), None),
            Kind::Q4_1 => {
                let zeros = scales.iter().zip(blocks()).map(|(&d, block)| zero_point(d, half_at(block, 2)));
                let zeros = zeros.collect::<Option<Vec<i8>>>()?;
                (4, levels(4), Some(zeros))
            }
            Kind::Q8_0 => (8, blocks().flat_map(|block| &block[2..]).map(|&byte| byte as i8).collect(), None),
            _ => return None,
        };
        let (groups, group_size) = (self.cols / BLOCK, BLOCK);
        let grid = Grid { groups, group_size, scales, zeros, half: false, group_of: None };
        Some(Packed::new(self.rows, self.cols, bits, &integers, grid))
    }
}

/// The zero point less 8 whose offset `m = -d * zero` is, exactly; files that were written from integers with zero points
/// have such offsets, llama-quantize's have any.
fn zero_point(d: f32, m: f32) -> Option<i8> {
    let zero = if m == 0.0 { 0.0 } else { (-m / d).round() };
    ((0.0..=15.0).contains(&zero) && d * zero == -m).then(|| zero as i8 - 8)
}

/// The weight `[out, in]` of the linear `name`; `None` where it is not stored as blocks.
pub fn weight(checkpoint: &Checkpoint, name: &str, shape: (usize, usize)) -> Result<Option<Weight>, ModelError> {
    stored(checkpoint, name).map(|(kind, stored)| read(&checkpoint.tensor(&stored)?, kind, shape)).transpose()
}

/// The type and the tensor of the blocks of the linear `name`.
pub fn stored(checkpoint: &Checkpoint, name: &str) -> Option<(Kind, String)> {
    let tensor = |kind: Kind| (kind, format!("{name}.{}", kind.suffix()));
    Kind::all().filter(|kind| kind.block_values() > 1).map(tensor).find(|(_, stored)| checkpoint.has(stored))
}

/// The weight `[out, in]` of blocks.
pub(crate) fn read(tensor: &TensorView, kind: Kind, (rows, cols): (usize, usize)) -> Result<Weight, ModelError> {
    if !cols.is_multiple_of(kind.block_values()) {
        return Err(unfit(tensor, format!("rows of {cols}"), format!("blocks of {}", kind.block_values())));
    }
    expect_shape(tensor, &[rows, cols / kind.block_values() * kind.block_bytes()])?;
    check_finite(tensor, kind)?;
    Ok(Weight::Quantized(Quantized { kind, rows, cols, bytes: tensor.bytes.clone() }))
}

/// That every block stands for numbers. What its scales are multiplied by is far from overflowing.
fn check_finite(tensor: &TensorView, kind: Kind) -> Result<(), ModelError> {
    const PIECE: usize = 1 << 12;
    let width = kind.block_bytes();
    let bad = |block: &[u8]| {
        !scales(kind).iter().all(|&at| half_at(block, at).is_finite())
            || kind == Kind::MXFP4 && block[0] > 252 && first_not_finite(kind, block).is_some()
    };
    let pieces = tensor.bytes.par_chunks(width * PIECE).enumerate();
    let found =
        pieces.find_map_first(|(piece, bytes)| bytes.chunks_exact(width).position(bad).map(|at| piece * PIECE + at));
    let Some(block) = found else { return Ok(()) };
    let (at, value) = first_not_finite(kind, &tensor.bytes[block * width..][..width]).unwrap_or((0, f32::NAN));
    let index = block * kind.block_values() + at;
    Err(ModelError::NotFinite { name: tensor.name.clone(), path: tensor.file.clone(), index, value })
}

/// Where the f16 scales of a block lie.
fn scales(kind: Kind) -> &'static [usize] {
    match kind {
        Kind::Q4_1 | Kind::Q5_1 | Kind::Q4_K | Kind::Q5_K => &[0, 2],
        Kind::Q4_0 | Kind::Q5_0 | Kind::Q8_0 | Kind::IQ4_NL | Kind::IQ4_XS => &[0],
        Kind::Q2_K => &[80, 82],
        Kind::Q3_K => &[108],
        Kind::Q6_K => &[208],
        Kind::TQ1_0 => &[52],
        Kind::TQ2_0 => &[64],
        Kind::MXFP4 | Kind::F32 | Kind::F16 | Kind::Bf16 => &[],
    }
}

fn first_not_finite(kind: Kind, block: &[u8]) -> Option<(usize, f32)> {
    let mut wide = vec![0.0; kind.block_values()];
    widen(kind, block, &mut wide);
    wide.into_iter().enumerate().find(|(_, value)| !value.is_finite())
}

/// Widens whole blocks.
#[inline(always)]
pub(crate) fn widen(kind: Kind, bytes: &[u8], out: &mut [f32]) {
    numbers(kind, bytes, out, |q, scale, offset| scale * f32::from(q) + offset);
}

/// What is made of a number: an integer, what it is multiplied by, and what is added then.
trait Number<T>: Fn(i8, f32, f32) -> T {}

impl<T, F: Fn(i8, f32, f32) -> T> Number<T> for F {}

/// Added to any number, it changes none, not even a zero's sign.
const NOTHING: f32 = -0.0;

/// The numbers of whole blocks.
#[inline(always)]
fn numbers<T>(kind: Kind, bytes: &[u8], out: &mut [T], number: impl Number<T>) {
    match kind {
        Kind::Q4_0 => each(bytes, out, |block, out| small::q4_0(block, out, &number)),
        Kind::Q4_1 => each(bytes, out, |block, out| small::q4_1(block, out, &number)),
        Kind::Q5_0 => each(bytes, out, |block, out| small::q5_0(block, out, &number)),
        Kind::Q5_1 => each(bytes, out, |block, out| small::q5_1(block, out, &number)),
        Kind::Q8_0 => each(bytes, out, |block, out| small::q8_0(block, out, &number)),
        Kind::Q2_K => each(bytes, out, |block, out| large::q2_k(block, out, &number)),
        Kind::Q3_K => each(bytes, out, |block, out| large::q3_k(block, out, &number)),
        Kind::Q4_K => each(bytes, out, |block, out| large::q4_k(block, out, &number)),
        Kind::Q5_K => each(bytes, out, |block, out| large::q5_k(block, out, &number)),
        Kind::Q6_K => each(bytes, out, |block, out| large::q6_k(block, out, &number)),
        Kind::IQ4_NL => each(bytes, out, |block, out| small::iq4_nl(block, out, &number)),
        Kind::IQ4_XS => each(bytes, out, |block, out| large::iq4_xs(block, out, &number)),
        Kind::TQ1_0 => each(bytes, out, |block, out| large::tq1_0(block, out, &number)),
        Kind::TQ2_0 => each(bytes, out, |block, out| large::tq2_0(block, out, &number)),
        Kind::MXFP4 => each(bytes, out, |block, out| small::mxfp4(block, out, &number)),
        // Floats are no blocks: `dense` reads them.
        Kind::F32 | Kind::F16 | Kind::Bf16 => {}
    }
}

#[inline(always)]
fn each<T, const BYTES: usize, const VALUES: usize>(
    bytes: &[u8],
    out: &mut [T],
    widen: impl Fn(&[u8; BYTES], &mut [T; VALUES]),
) {
    bytes.as_chunks().0.iter().zip(out.as_chunks_mut().0).for_each(|(block, out)| widen(block, out));
}

/// The f16 that begins at byte `at`.
#[inline(always)]
pub(crate) fn half_at(block: &[u8], at: usize) -> f32 {
    let bits = u32::from(u16::from_le_bytes([block[at], block[at + 1]]));
    let magnitude = bits << 13 & 0x0FFF_E000;
    let sign = (bits & 0x8000) << 16;
    let wide = match bits & 0x7C00 {
        // Subnormal: the same bits as a mantissa after 2^-14, less 2^-14.
        0 => (f32::from_bits(magnitude | 113 << 23) - f32::from_bits(113 << 23)).to_bits(),
        0x7C00 => return f16::from_bits(bits as u16).to_f32(),
        _ => magnitude + (112 << 23),
    };
    f32::from_bits(wide | sign)
}

/// 32 numbers of 16 bytes of halves; `value` is given q and its place.
#[inline(always)]
fn nibbles<T>(bytes: &[u8], out: &mut [T; 32], value: impl Fn(u8, usize) -> T) {
    for at in 0..16 {
        out[at] = value(bytes[at] & 15, at);
        out[at + 16] = value(bytes[at] >> 4, at + 16);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_f16_is_widened_as_the_library_does() {
        for bits in 0..=u16::MAX {
            let (ours, theirs) = (half_at(&bits.to_le_bytes(), 0), f16::from_bits(bits).to_f32());
            assert!(ours.to_bits() == theirs.to_bits() || ours.is_nan() && theirs.is_nan(), "{bits:#06x}");
        }
    }

    #[test]
    fn packed_integers_are_the_same_numbers() {
        for kind in Kind::all().filter(|kind| kind.block_values() > 1) {
            let mut rng = record::Rng::new(7);
            let (rows, cols) = (3, 2 * kind.block_values());
            let mut bytes: Vec<u8> = (0..rows * 2 * kind.block_bytes()).map(|_| rng.below(256) as u8).collect();
            for block in bytes.chunks_exact_mut(kind.block_bytes()) {
                block[..2].copy_from_slice(&f16::from_f32(rng.uniform() as f32 - 0.5).to_le_bytes());
            }
            let any = Quantized { kind, rows, cols, bytes: bytes.clone().into() };
            assert_eq!(any.packed().is_some(), [Kind::Q4_0, Kind::Q8_0].contains(&kind), "{}", kind.name());
            if kind == Kind::Q4_1 {
                for (at, block) in bytes.chunks_exact_mut(kind.block_bytes()).enumerate() {
                    // Scales so short that a multiple of them is an f16, too.
                    block[0] = 0;
                    let offset = -half_at(block, 0) * at as f32;
                    block[2..4].copy_from_slice(&f16::from_f32(offset).to_le_bytes());
                }
            }
            let blocks = Quantized { kind, rows, cols, bytes: bytes.into() };
            let Some(packed) = blocks.packed() else {
                assert_ne!(kind, Kind::Q4_1);
                continue;
            };
            assert_eq!(packed.to_f32(), Weight::Quantized(blocks).to_f32(), "{}", kind.name());
        }
    }

    #[test]
    fn blocks_by_hand() {
        let one = f16::ONE.to_le_bytes();
        let halves: Vec<u8> = (0..16).map(|at| at | (15 - at) << 4).collect();
        let widened = |kind: Kind, head: &[u8]| {
            let mut out = vec![0.0; 32];
            widen(kind, &[head, &halves].concat(), &mut out);
            out
        };
        let q4_0 = widened(Kind::Q4_0, &one);
        assert_eq!((q4_0[0], q4_0[15], q4_0[16], q4_0[31]), (-8.0, 7.0, 7.0, -8.0));
        let q4_1 = widened(Kind::Q4_1, &[one, one].concat());
        assert_eq!((q4_1[0], q4_1[15], q4_1[31]), (1.0, 16.0, 1.0));
        let q5_0 = widened(Kind::Q5_0, &[&one[..], &[1, 0, 0, 0x80]].concat());
        assert_eq!((q5_0[0], q5_0[1], q5_0[31]), (0.0, -15.0, 0.0));
        let mxfp4 = widened(Kind::MXFP4, &[128]);
        assert_eq!((mxfp4[1], mxfp4[7], mxfp4[9], mxfp4[15]), (1.0, 12.0, -1.0, -12.0));
        assert_eq!(widened(Kind::MXFP4, &[0])[1], f32::from_bits(0x0020_0000));
    }
}
