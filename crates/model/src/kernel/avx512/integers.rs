//! Packed integers as they are stored, sixteen of them widened to f32 in a register.

use std::arch::x86_64::*;

use half::f16;

use super::source::{Rows, Run, Source};
use crate::Packed;
use crate::kernel::ahead;
use crate::kernel::portable::LANES;

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

impl Rows for Packs {
    #[inline(always)]
    fn start(self) -> *const u8 {
        self.run.start()
    }

    #[inline(always)]
    fn ask<const TO: u8>(self, c: usize, group: usize) {
        ahead::ask::<TO>(self.scales.wrapping_add(c * self.groups + group).cast());
    }
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
