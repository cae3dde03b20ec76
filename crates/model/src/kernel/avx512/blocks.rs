//! Blocks as they lie in a GGUF file, sixteen weights widened to f32 in a register. What they are is in
//! `format::gguf::blocks`, whose order of operations this keeps.

use std::arch::x86_64::*;
use std::marker::PhantomData;

use super::source::{Run, Source};
use crate::gguf::{IQ4_LEVELS, MXFP4_LEVELS, Quantized, mxfp4_scale, scale_and_offset};

/// How the weights of a block are stored.
pub(super) trait Form: Copy {
    /// Weights and bytes of a block.
    const VALUES: usize = 32;
    const BYTES: usize;
    /// Weights that share a grid, 16 or 32.
    const GROUP: usize = 32;
    /// What they are widened with.
    type Grid: Copy;

    /// The grid of a group of the block that begins at `block`.
    ///
    /// # Safety
    /// The whole block must be there, the group be one of it, and the processor have AVX-512 (F, BW, DQ, VL).
    unsafe fn grid(block: *const u8, group: usize) -> Self::Grid;
    /// Weights `at .. at + 16` of the block that begins at `block`.
    ///
    /// # Safety
    /// The whole block must be there, `at` be a multiple of 16 within it, and the processor have AVX-512 (F, BW, DQ, VL).
    unsafe fn load(block: *const u8, grid: Self::Grid, at: usize) -> __m512;
}

/// A weight of blocks.
#[derive(Clone, Copy)]
pub(super) struct Blocks<'a, F>(&'a Quantized, PhantomData<F>);

impl<'a, F: Form> Blocks<'a, F> {
    /// A weight of this form.
    pub(super) fn of(w: &'a Quantized) -> Self {
        assert!(w.kind.block_values() == F::VALUES && w.kind.block_bytes() == F::BYTES);
        Self(w, PhantomData)
    }
}

impl<F: Form> Source for Blocks<'_, F> {
    type Rows = Run;
    type Grid = F::Grid;
    const BYTES: usize = F::BYTES * 16 / F::VALUES;

    #[inline(always)]
    fn rows(self, first: usize, count: usize) -> Run {
        Run::of(&self.0.bytes, self.0.cols / F::VALUES * F::BYTES, first, count)
    }

    #[inline(always)]
    fn group(self) -> usize {
        F::GROUP
    }

    #[inline]
    #[target_feature(enable = "avx512f,avx512bw,avx512dq,avx512vl")]
    unsafe fn grid(rows: Run, c: usize, group: usize) -> F::Grid {
        // SAFETY: rows are whole blocks, and the group is one of theirs, as the caller promises.
        unsafe { F::grid(rows.byte(c, group * F::GROUP / F::VALUES * F::BYTES), group % (F::VALUES / F::GROUP)) }
    }

    #[inline]
    #[target_feature(enable = "avx512f,avx512bw,avx512dq,avx512vl")]
    unsafe fn load(rows: Run, c: usize, grid: F::Grid, at: usize) -> __m512 {
        // SAFETY: rows are whole blocks, and `at` is within them, as the caller promises.
        unsafe { F::load(rows.byte(c, at / F::VALUES * F::BYTES), grid, at % F::VALUES) }
    }

    /// Rows are whole blocks: no weight is asked for by itself.
    fn get(self, row: usize, at: usize) -> f32 {
        let mut out = vec![0.0; self.0.cols];
        self.0.widen_row(row, &mut out);
        out[at]
    }
}

/// `scale * level` for the sixteen levels 0 to 15.
#[inline]
#[target_feature(enable = "avx512f,avx512bw,avx512dq,avx512vl")]
fn scaled(scale: __m512) -> __m512 {
    let levels = _mm512_setr_ps(0., 1., 2., 3., 4., 5., 6., 7., 8., 9., 10., 11., 12., 13., 14., 15.);
    _mm512_mul_ps(levels, scale)
}

/// The f16 at `bytes`, sixteen times.
///
/// # Safety
/// Two bytes must be there.
#[inline]
#[target_feature(enable = "avx512f,avx512bw,avx512dq,avx512vl")]
unsafe fn half(bytes: *const u8) -> __m512 {
    // SAFETY: as the caller promises; the read is unaligned.
    let bits = unsafe { bytes.cast::<u16>().read_unaligned() };
    _mm512_cvtph_ps(_mm256_set1_epi16(bits as i16))
}

/// `d * s` and `m * o` of a group of a block of Q4_K or Q5_K.
///
/// # Safety
/// Sixteen bytes must be there, and the group be one of eight.
#[inline]
#[target_feature(enable = "avx512f,avx512bw,avx512dq,avx512vl")]
unsafe fn group_of_k(block: *const u8, group: usize) -> (__m512, __m512) {
    // SAFETY: as the caller promises.
    let (d, m, packed) = unsafe { (half(block), half(block.add(2)), &*block.add(4).cast::<[u8; 12]>()) };
    let (scale, offset) = scale_and_offset(packed, group);
    let times = |factor: __m512, whole: u8| _mm512_mul_ps(factor, _mm512_set1_ps(f32::from(whole)));
    (times(d, scale), times(m, offset))
}

/// What sixteen bytes have in their low (`shift` 0) or high (4) four bits, looked up in a table.
///
/// # Safety
/// Sixteen bytes must be there.
#[inline]
#[target_feature(enable = "avx512f,avx512bw,avx512dq,avx512vl")]
unsafe fn look_up(bytes: *const u8, shift: usize, table: __m512) -> __m512 {
    // SAFETY: as the caller promises; the load is unaligned.
    let bytes = unsafe { _mm_loadu_si128(bytes.cast()) };
    // A permute looks at four bits.
    _mm512_permutexvar_ps(shifted(bytes, shift), table)
}

/// Sixteen bytes, each shifted right.
#[inline]
#[target_feature(enable = "avx512f,avx512bw,avx512dq,avx512vl")]
fn shifted(bytes: __m128i, shift: usize) -> __m512i {
    _mm512_srlv_epi32(_mm512_cvtepu8_epi32(bytes), _mm512_set1_epi32(shift as i32))
}

/// `scale * level` for sixteen levels.
#[inline]
#[target_feature(enable = "avx512f,avx512bw,avx512dq,avx512vl")]
fn of_levels(levels: &[i8; 16], scale: __m512) -> __m512 {
    // SAFETY: there are sixteen levels of a byte.
    let levels = _mm512_cvtepi8_epi32(unsafe { _mm_loadu_si128(levels.as_ptr().cast()) });
    _mm512_mul_ps(scale, _mm512_cvtepi32_ps(levels))
}

/// `d`, `m`, 16 bytes of halves: `d * q + m`.
#[derive(Clone, Copy)]
pub(super) struct Q4_1;

impl Form for Q4_1 {
    const BYTES: usize = 20;
    type Grid = __m512;

    #[inline]
    #[target_feature(enable = "avx512f,avx512bw,avx512dq,avx512vl")]
    unsafe fn grid(block: *const u8, _group: usize) -> __m512 {
        // SAFETY: a block has 20 bytes.
        let (d, m) = unsafe { (half(block), half(block.add(2))) };
        _mm512_add_ps(scaled(d), m)
    }

    #[inline]
    #[target_feature(enable = "avx512f,avx512bw,avx512dq,avx512vl")]
    unsafe fn load(block: *const u8, table: __m512, at: usize) -> __m512 {
        // SAFETY: a block has 20 bytes.
        unsafe { look_up(block.add(4), at / 4, table) }
    }
}

/// `d`, 16 bytes of halves: `d * level[q]`.
#[derive(Clone, Copy)]
pub(super) struct Iq4Nl;

impl Form for Iq4Nl {
    const BYTES: usize = 18;
    type Grid = __m512;

    #[inline]
    #[target_feature(enable = "avx512f,avx512bw,avx512dq,avx512vl")]
    unsafe fn grid(block: *const u8, _group: usize) -> __m512 {
        // SAFETY: a block has 18 bytes.
        of_levels(&IQ4_LEVELS, unsafe { half(block) })
    }

    #[inline]
    #[target_feature(enable = "avx512f,avx512bw,avx512dq,avx512vl")]
    unsafe fn load(block: *const u8, table: __m512, at: usize) -> __m512 {
        // SAFETY: a block has 18 bytes.
        unsafe { look_up(block.add(2), at / 4, table) }
    }
}

/// An exponent e, 16 bytes of halves: `2^(e - 128) * level[q]`.
#[derive(Clone, Copy)]
pub(super) struct Mxfp4;

impl Form for Mxfp4 {
    const BYTES: usize = 17;
    type Grid = __m512;

    #[inline]
    #[target_feature(enable = "avx512f,avx512bw,avx512dq,avx512vl")]
    unsafe fn grid(block: *const u8, _group: usize) -> __m512 {
        // SAFETY: a block has 17 bytes.
        of_levels(&MXFP4_LEVELS, _mm512_set1_ps(mxfp4_scale(unsafe { *block })))
    }

    #[inline]
    #[target_feature(enable = "avx512f,avx512bw,avx512dq,avx512vl")]
    unsafe fn load(block: *const u8, table: __m512, at: usize) -> __m512 {
        // SAFETY: a block has 17 bytes.
        unsafe { look_up(block.add(1), at / 4, table) }
    }
}

/// `d`, `m`, 12 bytes of six-bit `s` and `o`, 128 bytes of q: `d * s * q - m * o`.
#[derive(Clone, Copy)]
pub(super) struct Q4K;

impl Form for Q4K {
    const VALUES: usize = 256;
    const BYTES: usize = 144;
    type Grid = __m512;

    #[inline]
    #[target_feature(enable = "avx512f,avx512bw,avx512dq,avx512vl")]
    unsafe fn grid(block: *const u8, group: usize) -> __m512 {
        // SAFETY: a block has 144 bytes.
        let (scale, offset) = unsafe { group_of_k(block, group) };
        _mm512_sub_ps(scaled(scale), offset)
    }

    #[inline]
    #[target_feature(enable = "avx512f,avx512bw,avx512dq,avx512vl")]
    unsafe fn load(block: *const u8, table: __m512, at: usize) -> __m512 {
        // SAFETY: a block has 144 bytes, and at is below 256: 16 + 96 + 16 + 16 at most.
        unsafe { look_up(block.add(16 + at / 64 * 32 + at % 32), at / 32 % 2 * 4, table) }
    }
}

/// The same with 32 bytes of the highest of five bits of q before the 128 of the others.
#[derive(Clone, Copy)]
pub(super) struct Q5K;

impl Form for Q5K {
    const VALUES: usize = 256;
    const BYTES: usize = 176;
    /// Without the highest bit and with it.
    type Grid = (__m512, __m512);

    #[inline]
    #[target_feature(enable = "avx512f,avx512bw,avx512dq,avx512vl")]
    unsafe fn grid(block: *const u8, group: usize) -> (__m512, __m512) {
        // SAFETY: a block has 176 bytes, the first 16 as Q4_K's, and eight groups.
        let (scale, offset) = unsafe { group_of_k(block, group) };
        let high = _mm512_setr_ps(16., 17., 18., 19., 20., 21., 22., 23., 24., 25., 26., 27., 28., 29., 30., 31.);
        (_mm512_sub_ps(scaled(scale), offset), _mm512_sub_ps(_mm512_mul_ps(high, scale), offset))
    }

    #[inline]
    #[target_feature(enable = "avx512f,avx512bw,avx512dq,avx512vl")]
    unsafe fn load(block: *const u8, (low, high): (__m512, __m512), at: usize) -> __m512 {
        // SAFETY: a block has 176 bytes, and at is below 256: 48 + 96 + 16 + 16 at most, and 16 + 16 + 16.
        let (bytes, bits) = unsafe {
            let bytes = block.add(48 + at / 64 * 32 + at % 32);
            (_mm_loadu_si128(bytes.cast()), _mm_loadu_si128(block.add(16 + at % 32).cast()))
        };
        let four = _mm512_and_si512(shifted(bytes, at / 32 % 2 * 4), _mm512_set1_epi32(15));
        let fifth = _mm512_and_si512(_mm512_slli_epi32::<4>(shifted(bits, at / 32)), _mm512_set1_epi32(16));
        _mm512_permutex2var_ps(low, _mm512_or_si512(four, fifth), high)
    }
}

/// 128 bytes of the low four and 64 of the high two bits of q, 16 signed `s`, `d`: `d * s * (q - 32)`.
#[derive(Clone, Copy)]
pub(super) struct Q6K;

impl Form for Q6K {
    const VALUES: usize = 256;
    const BYTES: usize = 210;
    const GROUP: usize = 16;
    type Grid = __m512;

    #[inline]
    #[target_feature(enable = "avx512f,avx512bw,avx512dq,avx512vl")]
    unsafe fn grid(block: *const u8, group: usize) -> __m512 {
        // SAFETY: a block has 210 bytes, and sixteen groups.
        let (d, scale) = unsafe { (half(block.add(208)), *block.add(192 + group).cast::<i8>()) };
        _mm512_mul_ps(d, _mm512_set1_ps(f32::from(scale)))
    }

    #[inline]
    #[target_feature(enable = "avx512f,avx512bw,avx512dq,avx512vl")]
    unsafe fn load(block: *const u8, scale: __m512, at: usize) -> __m512 {
        let (half, within) = (at / 128, at / 16 % 8);
        // SAFETY: a block has 210 bytes; the low bits lie below 128, the high ones below 192.
        let (low, high) = unsafe {
            let low = block.add(half * 64 + within % 4 * 16);
            let high = block.add(128 + half * 32 + within % 2 * 16);
            (_mm_loadu_si128(low.cast()), _mm_loadu_si128(high.cast()))
        };
        let masked = |bytes, shift, mask| _mm512_and_si512(shifted(bytes, shift), _mm512_set1_epi32(mask));
        let high = _mm512_slli_epi32::<4>(masked(high, within / 2 * 2, 3));
        let q = _mm512_sub_epi32(_mm512_or_si512(masked(low, within / 4 * 4, 15), high), _mm512_set1_epi32(32));
        _mm512_mul_ps(scale, _mm512_cvtepi32_ps(q))
    }
}
