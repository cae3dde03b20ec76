//! Weights as they are stored, sixteen of them widened to f32 in a register.

use std::arch::x86_64::*;

use half::{bf16, f16};

use crate::Packed;
use crate::kernel::portable::LANES;

/// A weight `[n, k]`.
pub(super) trait Source: Copy {
    /// What the weights of a group are widened with.
    type Grid: Copy;
    /// Bytes of sixteen weights.
    const BYTES: usize;
    /// Whether registers hold the lanes in the order 0, 8, 1, 9, ..., 7, 15.
    const TURNED: bool = false;

    /// Where a row begins, all of which is there.
    fn start(self, row: usize) -> *const u8;
    /// Weights that share a grid, a multiple of 16.
    #[inline(always)]
    fn group(self) -> usize {
        usize::MAX
    }
    /// The grid of a group.
    ///
    /// # Safety
    /// The processor must have AVX-512 (F, BW, DQ, VL).
    unsafe fn grid(self, row: usize, group: usize) -> Self::Grid;
    /// Weights `at .. at + 16` of the row that begins at `start`, `at` a multiple of 16.
    ///
    /// # Safety
    /// `start` must be of [`Source::start`], `at + 16` not exceed k, and the processor have AVX-512 (F, BW, DQ, VL).
    unsafe fn load(start: *const u8, grid: Self::Grid, at: usize) -> __m512;
    /// A weight.
    fn get(self, row: usize, at: usize) -> f32;
}

/// Values and k.
#[derive(Clone, Copy)]
pub(super) struct F32<'a>(pub(super) &'a [f32], pub(super) usize);

/// Two bytes a weight, little-endian, and k.
#[derive(Clone, Copy)]
pub(super) struct Bf16<'a>(pub(super) &'a [u8], pub(super) usize);

/// Two bytes a weight, little-endian, and k.
#[derive(Clone, Copy)]
pub(super) struct F16<'a>(pub(super) &'a [u8], pub(super) usize);

/// Eight weights in four bytes.
#[derive(Clone, Copy)]
pub(super) struct Int4<'a>(pub(super) Grids<'a>);

/// A byte a weight.
#[derive(Clone, Copy)]
pub(super) struct Int8<'a>(pub(super) Grids<'a>);

/// A packed weight whose integers can be widened in registers: no sixteen neighbors are in two groups.
#[derive(Clone, Copy)]
pub(super) struct Grids<'a> {
    w: &'a Packed,
    /// Weights of a group, a multiple of 16; where a row is one group, no fewer than it has.
    group: usize,
}

impl<'a> Grids<'a> {
    /// `None` where the weight is none of these.
    pub(super) fn of(w: &'a Packed) -> Option<Self> {
        let grid = &w.grid;
        let group = if grid.groups == 1 { w.cols.next_multiple_of(LANES) } else { grid.group_size };
        let fits = group.is_multiple_of(LANES) && group > 0 && grid.group_of.is_none();
        let held = w.bits == 4 || w.bits == 8 && !grid.half;
        (fits && held).then_some(Self { w, group })
    }

    /// The bytes of a row.
    #[inline(always)]
    fn bytes(self, row: usize) -> &'a [u8] {
        let width = self.w.row_words() * 4;
        &self.w.words[row * width..(row + 1) * width]
    }

    /// Scale, and what to take off a stored value whose middle is `middle`.
    #[inline(always)]
    fn scale(self, row: usize, group: usize, middle: i32) -> (f32, i32) {
        let (grid, at) = (&self.w.grid, row * self.w.grid.groups + group);
        (grid.scales[at], middle + grid.zeros.as_ref().map_or(0, |zeros| i32::from(zeros[at])))
    }

    /// `(stored - zero) * scale` of one weight.
    fn weight(self, row: usize, at: usize, stored: u8, middle: i32) -> f32 {
        let (scale, zero) = self.scale(row, at / self.group, middle);
        let weight = (i32::from(stored) - zero) as f32 * scale;
        if self.w.grid.half { f16::from_f32(weight).to_f32() } else { weight }
    }
}

impl Source for F32<'_> {
    type Grid = ();
    const BYTES: usize = 64;

    #[inline(always)]
    fn start(self, row: usize) -> *const u8 {
        self.0[row * self.1..(row + 1) * self.1].as_ptr().cast()
    }

    #[inline]
    #[target_feature(enable = "avx512f,avx512bw,avx512dq,avx512vl")]
    unsafe fn grid(self, _row: usize, _group: usize) {}

    #[inline]
    #[target_feature(enable = "avx512f,avx512bw,avx512dq,avx512vl")]
    unsafe fn load(start: *const u8, (): (), at: usize) -> __m512 {
        // SAFETY: the caller keeps `at + 16` within the row, four bytes a weight.
        unsafe { _mm512_loadu_ps(start.cast::<f32>().add(at)) }
    }

    #[inline(always)]
    fn get(self, row: usize, at: usize) -> f32 {
        self.0[row * self.1 + at]
    }
}

impl Source for Bf16<'_> {
    type Grid = ();
    const BYTES: usize = 32;

    #[inline(always)]
    fn start(self, row: usize) -> *const u8 {
        self.0[2 * row * self.1..2 * (row + 1) * self.1].as_ptr()
    }

    #[inline]
    #[target_feature(enable = "avx512f,avx512bw,avx512dq,avx512vl")]
    unsafe fn grid(self, _row: usize, _group: usize) {}

    #[inline]
    #[target_feature(enable = "avx512f,avx512bw,avx512dq,avx512vl")]
    unsafe fn load(start: *const u8, (): (), at: usize) -> __m512 {
        // SAFETY: the caller keeps `at + 16` within the row, two bytes a weight; the load is unaligned.
        let raw = unsafe { _mm256_loadu_si256(start.add(2 * at).cast()) };
        _mm512_castsi512_ps(_mm512_slli_epi32::<16>(_mm512_cvtepu16_epi32(raw)))
    }

    fn get(self, row: usize, at: usize) -> f32 {
        let at = 2 * (row * self.1 + at);
        bf16::from_le_bytes([self.0[at], self.0[at + 1]]).to_f32()
    }
}

impl Source for F16<'_> {
    type Grid = ();
    const BYTES: usize = 32;

    #[inline(always)]
    fn start(self, row: usize) -> *const u8 {
        self.0[2 * row * self.1..2 * (row + 1) * self.1].as_ptr()
    }

    #[inline]
    #[target_feature(enable = "avx512f,avx512bw,avx512dq,avx512vl")]
    unsafe fn grid(self, _row: usize, _group: usize) {}

    #[inline]
    #[target_feature(enable = "avx512f,avx512bw,avx512dq,avx512vl")]
    unsafe fn load(start: *const u8, (): (), at: usize) -> __m512 {
        // SAFETY: the caller keeps `at + 16` within the row, two bytes a weight; the load is unaligned.
        _mm512_cvtph_ps(unsafe { _mm256_loadu_si256(start.add(2 * at).cast()) })
    }

    fn get(self, row: usize, at: usize) -> f32 {
        let at = 2 * (row * self.1 + at);
        f16::from_le_bytes([self.0[at], self.0[at + 1]]).to_f32()
    }
}

impl Int4<'_> {
    /// Rows of x `[m, k]` with each sixteen values in the order of the lanes, as [`Source::TURNED`] says; what is beyond
    /// the last whole sixteen of a row is left as it is.
    pub(super) fn turned<'a>(x: &'a [f32], k: usize, scratch: &'a mut Vec<f32>) -> &'a [f32] {
        scratch.clear();
        scratch.extend_from_slice(x);
        for (x, out) in x.chunks_exact(k).zip(scratch.chunks_exact_mut(k)) {
            for (x, out) in x.as_chunks::<LANES>().0.iter().zip(out.as_chunks_mut::<LANES>().0) {
                *out = std::array::from_fn(|place| x[place / 2 + place % 2 * 8]);
            }
        }
        scratch
    }
}

impl Source for Int4<'_> {
    /// The sixteen weights that a nibble may stand for.
    type Grid = __m512;
    const BYTES: usize = 8;
    const TURNED: bool = true;

    #[inline(always)]
    fn start(self, row: usize) -> *const u8 {
        self.0.bytes(row).as_ptr()
    }

    #[inline(always)]
    fn group(self) -> usize {
        self.0.group
    }

    /// `(stored - zero) * scale` for the stored values 0 to 15: the difference is a small whole number, so only the product
    /// is rounded, and then to 16 bits where that is asked for.
    #[inline]
    #[target_feature(enable = "avx512f,avx512bw,avx512dq,avx512vl")]
    unsafe fn grid(self, row: usize, group: usize) -> __m512 {
        let (scale, zero) = self.0.scale(row, group, 8);
        let stored = _mm512_setr_ps(0., 1., 2., 3., 4., 5., 6., 7., 8., 9., 10., 11., 12., 13., 14., 15.);
        let whole = _mm512_sub_ps(stored, _mm512_set1_ps(zero as f32));
        let weights = _mm512_mul_ps(whole, _mm512_set1_ps(scale));
        match self.0.w.grid.half {
            true => _mm512_cvtph_ps(_mm512_cvtps_ph::<_MM_FROUND_TO_NEAREST_INT>(weights)),
            false => weights,
        }
    }

    #[inline]
    #[target_feature(enable = "avx512f,avx512bw,avx512dq,avx512vl")]
    unsafe fn load(start: *const u8, grid: __m512, at: usize) -> __m512 {
        // SAFETY: the caller keeps `at + 16` within the row, half a byte a weight; the load is unaligned.
        let eight = unsafe { start.add(at / 2).cast::<i64>().read_unaligned() };
        // Even lanes have the nibbles of the first word, odd lanes those of the second; a permute looks at four bits.
        let shifts = _mm512_setr_epi32(0, 0, 4, 4, 8, 8, 12, 12, 16, 16, 20, 20, 24, 24, 28, 28);
        _mm512_permutexvar_ps(_mm512_srlv_epi32(_mm512_set1_epi64(eight), shifts), grid)
    }

    fn get(self, row: usize, at: usize) -> f32 {
        self.0.weight(row, at, self.0.bytes(row)[at / 2] >> (at % 2 * 4) & 0xF, 8)
    }
}

impl Source for Int8<'_> {
    /// Scale and zero point.
    type Grid = (__m512, __m512i);
    const BYTES: usize = 16;

    #[inline(always)]
    fn start(self, row: usize) -> *const u8 {
        self.0.bytes(row).as_ptr()
    }

    #[inline(always)]
    fn group(self) -> usize {
        self.0.group
    }

    #[inline]
    #[target_feature(enable = "avx512f,avx512bw,avx512dq,avx512vl")]
    unsafe fn grid(self, row: usize, group: usize) -> (__m512, __m512i) {
        let (scale, zero) = self.0.scale(row, group, 128);
        (_mm512_set1_ps(scale), _mm512_set1_epi32(zero))
    }

    #[inline]
    #[target_feature(enable = "avx512f,avx512bw,avx512dq,avx512vl")]
    unsafe fn load(start: *const u8, (scale, zero): (__m512, __m512i), at: usize) -> __m512 {
        // SAFETY: the caller keeps `at + 16` within the row, a byte a weight; the load is unaligned.
        let sixteen = unsafe { _mm_loadu_si128(start.add(at).cast()) };
        let whole = _mm512_sub_epi32(_mm512_cvtepu8_epi32(sixteen), zero);
        _mm512_mul_ps(_mm512_cvtepi32_ps(whole), scale)
    }

    fn get(self, row: usize, at: usize) -> f32 {
        self.0.weight(row, at, self.0.bytes(row)[at], 128)
    }
}
