//! Weights as they are stored, sixteen of them widened to f32 in a register.

use std::arch::x86_64::*;

use half::{bf16, f16};

use crate::kernel::portable::LANES;
use crate::{Fp8, Packed};

/// A weight `[n, k]`.
pub(super) trait Source: Copy {
    /// Where some neighboring rows lie.
    type Rows: Copy;
    /// What the weights of a group are widened with.
    type Grid: Copy;
    /// Bytes of sixteen weights.
    const BYTES: usize;
    /// Whether registers hold the lanes in the order 0, 8, 1, 9, ..., 7, 15.
    const TURNED: bool = false;

    /// Where `count` rows from row `first` on lie: all of them are there.
    fn rows(self, first: usize, count: usize) -> Self::Rows;
    /// Where the first of them begins.
    fn start(rows: Self::Rows) -> *const u8;
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

    #[inline(always)]
    pub(super) fn start(self) -> *const u8 {
        self.start
    }
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

/// Eight weights in four bytes; `PLAIN` where there are neither zero points nor rounding to 16 bits.
#[derive(Clone, Copy)]
pub(super) struct Int4<'a, const PLAIN: bool>(pub(super) Grids<'a>);

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

    /// Whether there are neither zero points nor rounding to 16 bits.
    pub(super) fn plain(self) -> bool {
        self.w.grid.zeros.is_none() && !self.w.grid.half
    }

    /// Where some rows lie.
    #[inline(always)]
    fn rows(self, first: usize, count: usize) -> Packs {
        let (grid, groups) = (&self.w.grid, self.w.grid.groups);
        let part = first * groups..(first + count) * groups;
        assert!(groups * self.group >= self.w.cols);
        Packs {
            run: Run::of(&self.w.words, self.w.row_words() * 4, first, count),
            groups,
            scales: grid.scales[part.clone()].as_ptr(),
            zeros: grid.zeros.as_ref().map(|zeros| zeros[part].as_ptr()),
            half: grid.half,
        }
    }

    /// A byte of a row.
    fn stored(self, row: usize, at: usize) -> u8 {
        self.w.words[row * self.w.row_words() * 4 + at]
    }

    /// `(stored - zero) * scale` of one weight.
    fn weight(self, row: usize, at: usize, stored: u8, middle: i32) -> f32 {
        let (grid, group) = (&self.w.grid, row * self.w.grid.groups + at / self.group);
        let zero = middle + grid.zeros.as_ref().map_or(0, |zeros| i32::from(zeros[group]));
        let scale = grid.scales[group];
        let weight = (i32::from(stored) - zero) as f32 * scale;
        if self.w.grid.half { f16::from_f32(weight).to_f32() } else { weight }
    }
}

/// Rows of a packed weight.
#[derive(Clone, Copy)]
pub(super) struct Packs {
    run: Run,
    /// Groups of a row.
    groups: usize,
    scales: *const f32,
    zeros: Option<*const i8>,
    half: bool,
}

impl Packs {
    /// Scale, and what to take off a stored value whose middle is `middle`.
    ///
    /// # Safety
    /// There must be more than c rows, and the group be one of theirs.
    #[inline(always)]
    unsafe fn scale(self, c: usize, group: usize, middle: i32) -> (f32, i32) {
        let at = c * self.groups + group;
        // SAFETY: scales and zero points of all the rows are there, as `Grids::rows` has seen.
        unsafe { (*self.scales.add(at), middle + self.zeros.map_or(0, |zeros| i32::from(*zeros.add(at)))) }
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

impl Source for F32<'_> {
    type Rows = Run;
    type Grid = ();
    const BYTES: usize = 64;

    #[inline(always)]
    fn rows(self, first: usize, count: usize) -> Run {
        Run::of(bytes(self.0), 4 * self.1, first, count)
    }

    #[inline(always)]
    fn start(rows: Run) -> *const u8 {
        rows.start()
    }

    #[inline]
    #[target_feature(enable = "avx512f,avx512bw,avx512dq,avx512vl")]
    unsafe fn grid(_rows: Run, _c: usize, _group: usize) {}

    #[inline]
    #[target_feature(enable = "avx512f,avx512bw,avx512dq,avx512vl")]
    unsafe fn load(rows: Run, c: usize, (): (), at: usize) -> __m512 {
        // SAFETY: the caller keeps `at + 16` within the row, four bytes a weight.
        unsafe { _mm512_loadu_ps(rows.byte(c, 4 * at).cast()) }
    }

    fn get(self, row: usize, at: usize) -> f32 {
        self.0[row * self.1 + at]
    }
}

impl Source for Bf16<'_> {
    type Rows = Run;
    type Grid = ();
    const BYTES: usize = 32;

    #[inline(always)]
    fn rows(self, first: usize, count: usize) -> Run {
        Run::of(self.0, 2 * self.1, first, count)
    }

    #[inline(always)]
    fn start(rows: Run) -> *const u8 {
        rows.start()
    }

    #[inline]
    #[target_feature(enable = "avx512f,avx512bw,avx512dq,avx512vl")]
    unsafe fn grid(_rows: Run, _c: usize, _group: usize) {}

    #[inline]
    #[target_feature(enable = "avx512f,avx512bw,avx512dq,avx512vl")]
    unsafe fn load(rows: Run, c: usize, (): (), at: usize) -> __m512 {
        // SAFETY: the caller keeps `at + 16` within the row, two bytes a weight; the load is unaligned.
        let raw = unsafe { _mm256_loadu_si256(rows.byte(c, 2 * at).cast()) };
        _mm512_castsi512_ps(_mm512_slli_epi32::<16>(_mm512_cvtepu16_epi32(raw)))
    }

    fn get(self, row: usize, at: usize) -> f32 {
        let at = 2 * (row * self.1 + at);
        bf16::from_le_bytes([self.0[at], self.0[at + 1]]).to_f32()
    }
}

impl Source for F16<'_> {
    type Rows = Run;
    type Grid = ();
    const BYTES: usize = 32;

    #[inline(always)]
    fn rows(self, first: usize, count: usize) -> Run {
        Run::of(self.0, 2 * self.1, first, count)
    }

    #[inline(always)]
    fn start(rows: Run) -> *const u8 {
        rows.start()
    }

    #[inline]
    #[target_feature(enable = "avx512f,avx512bw,avx512dq,avx512vl")]
    unsafe fn grid(_rows: Run, _c: usize, _group: usize) {}

    #[inline]
    #[target_feature(enable = "avx512f,avx512bw,avx512dq,avx512vl")]
    unsafe fn load(rows: Run, c: usize, (): (), at: usize) -> __m512 {
        // SAFETY: the caller keeps `at + 16` within the row, two bytes a weight; the load is unaligned.
        _mm512_cvtph_ps(unsafe { _mm256_loadu_si256(rows.byte(c, 2 * at).cast()) })
    }

    fn get(self, row: usize, at: usize) -> f32 {
        let at = 2 * (row * self.1 + at);
        f16::from_le_bytes([self.0[at], self.0[at + 1]]).to_f32()
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
    fn start(rows: Codes) -> *const u8 {
        rows.run.start()
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

impl<const PLAIN: bool> Source for Int4<'_, PLAIN> {
    type Rows = Packs;
    /// The sixteen weights that a nibble may stand for.
    type Grid = __m512;
    const BYTES: usize = 8;
    const TURNED: bool = true;

    #[inline(always)]
    fn rows(self, first: usize, count: usize) -> Packs {
        self.0.rows(first, count)
    }

    #[inline(always)]
    fn start(rows: Packs) -> *const u8 {
        rows.run.start()
    }

    #[inline(always)]
    fn group(self) -> usize {
        self.0.group
    }

    /// `(stored - zero) * scale` for the stored values 0 to 15: the difference is a small whole number, so only the product
    /// is rounded, and then to 16 bits where that is asked for.
    #[inline]
    #[target_feature(enable = "avx512f,avx512bw,avx512dq,avx512vl")]
    unsafe fn grid(rows: Packs, c: usize, group: usize) -> __m512 {
        // SAFETY: as the caller promises.
        let (scale, zero) = unsafe { rows.scale(c, group, 8) };
        let stored = _mm512_setr_ps(0., 1., 2., 3., 4., 5., 6., 7., 8., 9., 10., 11., 12., 13., 14., 15.);
        let zero = if PLAIN { 8.0 } else { zero as f32 };
        let weights = _mm512_mul_ps(_mm512_sub_ps(stored, _mm512_set1_ps(zero)), _mm512_set1_ps(scale));
        match !PLAIN && rows.half {
            true => _mm512_cvtph_ps(_mm512_cvtps_ph::<_MM_FROUND_TO_NEAREST_INT>(weights)),
            false => weights,
        }
    }

    #[inline]
    #[target_feature(enable = "avx512f,avx512bw,avx512dq,avx512vl")]
    unsafe fn load(rows: Packs, c: usize, grid: __m512, at: usize) -> __m512 {
        // SAFETY: the caller keeps `at + 16` within the row, half a byte a weight; the load is unaligned.
        let eight = unsafe { rows.run.byte(c, at / 2).cast::<i64>().read_unaligned() };
        // Even lanes have the nibbles of the first word, odd lanes those of the second; a permute looks at four bits.
        let shifts = _mm512_setr_epi32(0, 0, 4, 4, 8, 8, 12, 12, 16, 16, 20, 20, 24, 24, 28, 28);
        _mm512_permutexvar_ps(_mm512_srlv_epi32(_mm512_set1_epi64(eight), shifts), grid)
    }

    fn get(self, row: usize, at: usize) -> f32 {
        self.0.weight(row, at, self.0.stored(row, at / 2) >> (at % 2 * 4) & 0xF, 8)
    }
}

impl Source for Int8<'_> {
    type Rows = Packs;
    /// Scale and zero point.
    type Grid = (__m512, __m512i);
    const BYTES: usize = 16;

    #[inline(always)]
    fn rows(self, first: usize, count: usize) -> Packs {
        self.0.rows(first, count)
    }

    #[inline(always)]
    fn start(rows: Packs) -> *const u8 {
        rows.run.start()
    }

    #[inline(always)]
    fn group(self) -> usize {
        self.0.group
    }

    #[inline]
    #[target_feature(enable = "avx512f,avx512bw,avx512dq,avx512vl")]
    unsafe fn grid(rows: Packs, c: usize, group: usize) -> (__m512, __m512i) {
        // SAFETY: as the caller promises.
        let (scale, zero) = unsafe { rows.scale(c, group, 128) };
        (_mm512_set1_ps(scale), _mm512_set1_epi32(zero))
    }

    #[inline]
    #[target_feature(enable = "avx512f,avx512bw,avx512dq,avx512vl")]
    unsafe fn load(rows: Packs, c: usize, (scale, zero): (__m512, __m512i), at: usize) -> __m512 {
        // SAFETY: the caller keeps `at + 16` within the row, a byte a weight; the load is unaligned.
        let sixteen = unsafe { _mm_loadu_si128(rows.run.byte(c, at).cast()) };
        let whole = _mm512_sub_epi32(_mm512_cvtepu8_epi32(sixteen), zero);
        _mm512_mul_ps(_mm512_cvtepi32_ps(whole), scale)
    }

    fn get(self, row: usize, at: usize) -> f32 {
        self.0.weight(row, at, self.0.stored(row, at), 128)
    }
}
