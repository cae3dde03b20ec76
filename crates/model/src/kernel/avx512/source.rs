//! Weights as they are stored, sixteen of them widened to f32 in a register.

use std::arch::x86_64::*;

use half::{bf16, f16};

use crate::Fp8;
#[cfg(doc)]
use crate::kernel::ahead::Ahead;
use crate::kernel::portable::LANES;

/// Where some neighboring rows lie.
pub(super) trait Rows: Copy {
    /// Where the first of them begins.
    fn start(self) -> *const u8;
    /// Asks memory for what [`Source::grid`] reads for a group of row c, which may be beyond the rows. [`Ahead`] asks for the
    /// weights themselves.
    #[inline(always)]
    fn ask<const TO: u8>(self, _c: usize, _group: usize) {}
}

/// A weight `[n, k]`.
pub(super) trait Source: Copy {
    /// Where some neighboring rows lie.
    type Rows: Rows;
    /// What the weights of a group are widened with.
    type Grid: Copy;
    /// Bytes of sixteen weights.
    const BYTES: usize;
    /// Whether registers hold the lanes in the order 0, 8, 1, 9, ..., 7, 15.
    const TURNED: bool = false;
    /// Whether a value is a pair of bfloat16 numbers. Where there are such, the processor has AVX512_BF16.
    const PAIRS: bool = false;

    /// Where `count` rows from row `first` on lie: all of them are there.
    fn rows(self, first: usize, count: usize) -> Self::Rows;
    /// Weights that share a grid, a multiple of 16.
    #[inline(always)]
    fn group(self) -> usize {
        usize::MAX
    }
    /// The grid of a group of row c of them.
    ///
    /// # Safety
    /// `rows` must be of [`Source::rows`] with more than c rows, the group one of theirs, and the processor have AVX-512
    /// (F, BW, DQ, VL).
    unsafe fn grid(rows: Self::Rows, c: usize, group: usize) -> Self::Grid;
    /// Weights `at .. at + 16` of row c of them, `at` a multiple of 16.
    ///
    /// # Safety
    /// `rows` must be of [`Source::rows`] with more than c rows, `at + 16` not exceed k, and the processor have AVX-512 (F,
    /// BW, DQ, VL).
    unsafe fn load(rows: Self::Rows, c: usize, grid: Self::Grid, at: usize) -> __m512;
    /// A weight.
    fn get(self, row: usize, at: usize) -> f32;
}

/// Rows of equal length, one after another.
#[derive(Clone, Copy)]
pub(super) struct Run {
    start: *const u8,
    /// Bytes of a row.
    width: usize,
}

/// The bytes of numbers.
#[inline(always)]
fn bytes(numbers: &[f32]) -> &[u8] {
    // SAFETY: so many bytes are there, and every byte is one.
    unsafe { std::slice::from_raw_parts(numbers.as_ptr().cast(), size_of_val(numbers)) }
}

impl Run {
    /// `count` rows of `width` bytes from row `first` on.
    #[inline(always)]
    pub(super) fn of(bytes: &[u8], width: usize, first: usize, count: usize) -> Self {
        Self { start: bytes[first * width..(first + count) * width].as_ptr(), width }
    }

    /// Byte `at` of row c.
    ///
    /// # Safety
    /// There must be more than c rows, and `at` not exceed their width.
    #[inline(always)]
    pub(super) unsafe fn byte(self, c: usize, at: usize) -> *const u8 {
        // SAFETY: the rows are there, as `of` has seen.
        unsafe { self.start.add(c * self.width + at) }
    }
}

impl Rows for Run {
    #[inline(always)]
    fn start(self) -> *const u8 {
        self.start
    }
}

/// Two bytes a weight, little-endian, and k: bfloat16, or f16.
#[derive(Clone, Copy)]
pub(super) struct Two<'a, const BF16: bool>(pub(super) &'a [u8], pub(super) usize);

/// Words of four bytes, little-endian, and how many a row has: numbers, or pairs of bfloat16 numbers.
#[derive(Clone, Copy)]
pub(super) struct Words<'a, const PAIRS: bool> {
    bytes: &'a [u8],
    k: usize,
}

impl<'a> Words<'a, false> {
    pub(super) fn numbers(numbers: &'a [f32], k: usize) -> Self {
        Self { bytes: bytes(numbers), k }
    }
}

impl<'a> Words<'a, true> {
    /// # Safety
    /// The processor must have AVX512_BF16.
    pub(super) unsafe fn pairs(bytes: &'a [u8], k: usize) -> Self {
        Self { bytes, k }
    }
}

/// 8-bit floats whose blocks no sixteen neighbors are in two of.
#[derive(Clone, Copy)]
pub(super) struct Float8<'a> {
    w: &'a Fp8,
    /// Weights of a block, a multiple of 16; where a row is one block, no fewer than it has.
    group: usize,
}

impl<'a> Float8<'a> {
    /// `None` where the weight is none of these.
    pub(super) fn of(w: &'a Fp8) -> Option<Self> {
        let group = if w.block.1 >= w.cols { w.cols.next_multiple_of(LANES) } else { w.block.1 };
        (group.is_multiple_of(LANES) && group > 0).then_some(Self { w, group })
    }
}

/// Rows of 8-bit floats.
#[derive(Clone, Copy)]
pub(super) struct Codes {
    run: Run,
    /// Where the scales of each row begin.
    scales: [*const f32; Codes::MOST],
}

impl Codes {
    /// Rows that are read side by side at most.
    const MOST: usize = 4;
}

impl Rows for Codes {
    #[inline(always)]
    fn start(self) -> *const u8 {
        self.run.start()
    }
}

impl<const PAIRS: bool> Source for Words<'_, PAIRS> {
    type Rows = Run;
    type Grid = ();
    const BYTES: usize = 64;
    const PAIRS: bool = PAIRS;

    #[inline(always)]
    fn rows(self, first: usize, count: usize) -> Run {
        Run::of(self.bytes, 4 * self.k, first, count)
    }

    #[inline]
    #[target_feature(enable = "avx512f,avx512bw,avx512dq,avx512vl")]
    unsafe fn grid(_rows: Run, _c: usize, _group: usize) {}

    #[inline]
    #[target_feature(enable = "avx512f,avx512bw,avx512dq,avx512vl")]
    unsafe fn load(rows: Run, c: usize, (): (), at: usize) -> __m512 {
        // SAFETY: the caller keeps `at + 16` within the row, four bytes a word; the load is unaligned.
        unsafe { _mm512_loadu_ps(rows.byte(c, 4 * at).cast()) }
    }

    fn get(self, row: usize, at: usize) -> f32 {
        let at = 4 * (row * self.k + at);
        f32::from_le_bytes(std::array::from_fn(|byte| self.bytes[at + byte]))
    }
}

impl<const BF16: bool> Source for Two<'_, BF16> {
    type Rows = Run;
    type Grid = ();
    const BYTES: usize = 32;

    #[inline(always)]
    fn rows(self, first: usize, count: usize) -> Run {
        Run::of(self.0, 2 * self.1, first, count)
    }

    #[inline]
    #[target_feature(enable = "avx512f,avx512bw,avx512dq,avx512vl")]
    unsafe fn grid(_rows: Run, _c: usize, _group: usize) {}

    #[inline]
    #[target_feature(enable = "avx512f,avx512bw,avx512dq,avx512vl")]
    unsafe fn load(rows: Run, c: usize, (): (), at: usize) -> __m512 {
        // SAFETY: the caller keeps `at + 16` within the row, two bytes a weight; the load is unaligned.
        let raw = unsafe { _mm256_loadu_si256(rows.byte(c, 2 * at).cast()) };
        match BF16 {
            true => _mm512_castsi512_ps(_mm512_slli_epi32::<16>(_mm512_cvtepu16_epi32(raw))),
            false => _mm512_cvtph_ps(raw),
        }
    }

    fn get(self, row: usize, at: usize) -> f32 {
        let at = 2 * (row * self.1 + at);
        let two = [self.0[at], self.0[at + 1]];
        if BF16 { bf16::from_le_bytes(two).to_f32() } else { f16::from_le_bytes(two).to_f32() }
    }
}

impl Source for Float8<'_> {
    type Rows = Codes;
    /// 256 times the scale.
    type Grid = __m512;
    const BYTES: usize = 16;

    #[inline(always)]
    fn rows(self, first: usize, count: usize) -> Codes {
        assert!(count <= Codes::MOST && self.w.cols.div_ceil(self.w.block.1) * self.group >= self.w.cols);
        let scales = |c: usize| self.w.scales_of(first + c.min(count - 1)).as_ptr();
        Codes { run: Run::of(&self.w.bytes, self.w.cols, first, count), scales: std::array::from_fn(scales) }
    }

    #[inline(always)]
    fn group(self) -> usize {
        self.group
    }

    #[inline]
    #[target_feature(enable = "avx512f,avx512bw,avx512dq,avx512vl")]
    unsafe fn grid(rows: Codes, c: usize, group: usize) -> __m512 {
        // SAFETY: the scales of each row's blocks are there, as `rows` has seen, and the group is one of them.
        _mm512_set1_ps(unsafe { *rows.scales[c].add(group) } * 256.0)
    }

    #[inline]
    #[target_feature(enable = "avx512f,avx512bw,avx512dq,avx512vl")]
    unsafe fn load(rows: Codes, c: usize, scale: __m512, at: usize) -> __m512 {
        // SAFETY: the caller keeps `at + 16` within the row, a byte a weight; the load is unaligned.
        let codes = _mm256_cvtepi8_epi16(unsafe { _mm_loadu_si128(rows.run.byte(c, at).cast()) });
        // Sign, four bits of exponent, three of fraction: those of an f16 that is the 256th part.
        let halves = _mm256_and_si256(_mm256_slli_epi16::<7>(codes), _mm256_set1_epi16(0xBFFFu16 as i16));
        _mm512_mul_ps(_mm512_cvtph_ps(halves), scale)
    }

    fn get(self, row: usize, at: usize) -> f32 {
        Fp8::weight(self.w.codes_of(row)[at], self.w.scales_of(row)[at / self.group])
    }
}
