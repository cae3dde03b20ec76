//! Weights as they are stored, widened to f32 in registers.

use std::arch::x86_64::*;

use half::{bf16, f16};

use crate::kernel::pairs::TURN;
use crate::kernel::portable::LANES;
use crate::{Fp8, Packed};

/// Weights of a register.
const EIGHT: usize = 8;

/// A row of weights.
pub(super) trait Source: Copy {
    /// Bytes of 32 weights.
    const BYTES: usize;

    /// Where the row begins.
    fn start(self) -> *const u8;
    /// Weights `at .. at + 8`.
    ///
    /// # Safety
    /// `at + 8` must not exceed the length of the row, and the processor must have AVX2.
    unsafe fn load(self, at: usize) -> __m256;
    /// Weight `at`.
    fn get(self, at: usize) -> f32;
    /// Whether 32 weights from a multiple of 32 on can be widened together.
    #[inline(always)]
    fn is_wide(self) -> bool {
        false
    }
    /// Weights `at .. at + 32`, where [`Source::is_wide`].
    ///
    /// # Safety
    /// `at + 32` must not exceed the length of the row, and the processor must have AVX2.
    #[inline]
    #[target_feature(enable = "avx2,fma,f16c")]
    unsafe fn load_wide(self, at: usize) -> [__m256; 4] {
        // SAFETY: the caller keeps `at + 32` within the row.
        std::array::from_fn(|part| unsafe { self.load(at + part * EIGHT) })
    }
}

/// All weights of one row.
#[inline]
#[target_feature(enable = "avx2,fma,f16c")]
pub(super) fn widen<S: Source>(row: S, out: &mut [f32]) {
    let step = if row.is_wide() { 4 * EIGHT } else { out.len() + 1 };
    let mut chunks = out.chunks_exact_mut(step);
    let mut at = 0;
    for chunk in &mut chunks {
        // SAFETY: `at + 32` does not exceed the length of the row, which is that of `out`.
        let wide = unsafe { row.load_wide(at) };
        for (part, eight) in wide.into_iter().zip(chunk.chunks_exact_mut(EIGHT)) {
            // SAFETY: `eight` has eight values.
            unsafe { _mm256_storeu_ps(eight.as_mut_ptr(), part) };
        }
        at += step;
    }
    for (value, at) in chunks.into_remainder().iter_mut().zip(at..) {
        *value = row.get(at);
    }
}

#[derive(Clone, Copy)]
pub(super) struct F32<'a>(pub(super) &'a [f32]);

/// Two bytes a weight, little-endian: bfloat16, or f16.
#[derive(Clone, Copy)]
pub(super) struct Two<'a, const BF16: bool>(pub(super) &'a [u8]);

/// bfloat16 numbers, each 32 turned as [`crate::kernel::pairs`] says.
#[derive(Clone, Copy)]
pub(super) struct Turned<'a>(pub(super) &'a [u8]);

/// A row of 8-bit floats, with the scales of its blocks of `1 << shift` weights, at least 32.
#[derive(Clone, Copy)]
pub(super) struct Float8<'a> {
    codes: &'a [u8],
    scales: &'a [f32],
    shift: u32,
}

impl<'a> Float8<'a> {
    /// The blocks' weights in a row as a power of two; `None` where they are none, or fewer than 32.
    pub(super) fn shift(w: &Fp8) -> Option<u32> {
        let wide = w.block.1;
        match wide.is_power_of_two() && wide >= 4 * EIGHT {
            _ if wide >= w.cols => Some(usize::BITS - 1),
            true => Some(wide.trailing_zeros()),
            false => None,
        }
    }

    /// Row `at` of a weight with blocks of `1 << shift`.
    pub(super) fn of(w: &'a Fp8, at: usize, shift: u32) -> Self {
        Self { codes: w.codes_of(at), scales: w.scales_of(at), shift }
    }
}

/// A row of 4-bit integers, eight in a word, with the grids of its groups; `PLAIN` where there are no zero points.
#[derive(Clone, Copy)]
pub(super) struct Int4<'a, const PLAIN: bool>(pub(super) Row<'a>);

/// A row of 8-bit integers, four in a word, with the grids of its groups.
#[derive(Clone, Copy)]
pub(super) struct Int8<'a>(pub(super) Row<'a>);

/// A row of packed integers. A group is `1 << shift` weights, at least eight.
#[derive(Clone, Copy)]
pub(super) struct Row<'a> {
    bytes: &'a [u8],
    scales: &'a [f32],
    zeros: Option<&'a [i8]>,
    shift: u32,
}

impl Row<'_> {
    /// Scale, and what to take off a stored value whose middle is `middle`, of the group of weight `at`.
    #[inline(always)]
    fn grid(self, at: usize, middle: i32) -> (f32, i32) {
        let group = at >> self.shift;
        (self.scales[group], middle + self.zeros.map_or(0, |zeros| i32::from(zeros[group])))
    }
}

/// `(stored - zero) * scale`: the difference is a small whole number, so only the product is rounded.
#[inline]
#[target_feature(enable = "avx2,fma,f16c")]
fn scaled(stored: __m256i, (scale, zero): (f32, i32)) -> __m256 {
    let whole = _mm256_cvtepi32_ps(_mm256_sub_epi32(stored, _mm256_set1_epi32(zero)));
    _mm256_mul_ps(whole, _mm256_set1_ps(scale))
}

impl Source for Turned<'_> {
    const BYTES: usize = 64;

    #[inline(always)]
    fn start(self) -> *const u8 {
        self.0.as_ptr()
    }

    #[inline]
    #[target_feature(enable = "avx2,fma,f16c")]
    unsafe fn load(self, at: usize) -> __m256 {
        let eight: [f32; EIGHT] = std::array::from_fn(|place| self.get(at + place));
        // SAFETY: eight values.
        unsafe { _mm256_loadu_ps(eight.as_ptr()) }
    }

    #[inline(always)]
    fn get(self, at: usize) -> f32 {
        let (lane, second) = (at % LANES, at % TURN < LANES);
        let at = 2 * (at / TURN * TURN + 2 * lane + usize::from(second));
        bf16::from_le_bytes([self.0[at], self.0[at + 1]]).to_f32()
    }

    #[inline(always)]
    fn is_wide(self) -> bool {
        true
    }

    #[inline]
    #[target_feature(enable = "avx2,fma,f16c")]
    unsafe fn load_wide(self, at: usize) -> [__m256; 4] {
        debug_assert!(2 * (at + 32) <= self.0.len());
        // SAFETY: the caller keeps `at + 32` within the row, two bytes a number.
        let words = |at: usize| unsafe { _mm256_loadu_si256(self.0.as_ptr().add(2 * at).cast()) };
        let (low, high) = (words(at), words(at + LANES));
        let second = |words| _mm256_castsi256_ps(_mm256_and_si256(words, _mm256_set1_epi32(0xFFFF_0000u32 as i32)));
        let first = |words| _mm256_castsi256_ps(_mm256_slli_epi32::<16>(words));
        [second(low), second(high), first(low), first(high)]
    }
}

impl<const PLAIN: bool> Source for Int4<'_, PLAIN> {
    const BYTES: usize = 16;

    #[inline(always)]
    fn start(self) -> *const u8 {
        self.0.bytes.as_ptr()
    }

    #[inline]
    #[target_feature(enable = "avx2,fma,f16c")]
    unsafe fn load(self, at: usize) -> __m256 {
        // The caller's `at` is a multiple of 8 with whole words behind it: a checked index costs nothing beside the rest.
        let word = self.0.bytes[at / 2..at / 2 + 4].try_into().map_or(0, i32::from_le_bytes);
        let shifts = _mm256_setr_epi32(0, 4, 8, 12, 16, 20, 24, 28);
        let stored = _mm256_and_si256(_mm256_srlv_epi32(_mm256_set1_epi32(word), shifts), _mm256_set1_epi32(0xF));
        scaled(stored, self.0.grid(at, 8))
    }

    #[inline(always)]
    fn is_wide(self) -> bool {
        self.0.shift >= 5
    }

    #[inline]
    #[target_feature(enable = "avx2,fma,f16c")]
    unsafe fn load_wide(self, at: usize) -> [__m256; 4] {
        let group = at >> self.0.shift;
        debug_assert!((at + 32) / 2 <= self.0.bytes.len() && group < self.0.scales.len());
        // SAFETY: `at` is within the row, and every weight of a row has a group (`packed_row` has seen it).
        let scale = _mm256_set1_ps(unsafe { *self.0.scales.get_unchecked(group) });
        let zero = _mm256_set1_epi32(if PLAIN { 8 } else { self.0.grid(at, 8).1 });
        let shifts = _mm256_setr_epi32(0, 4, 8, 12, 16, 20, 24, 28);
        std::array::from_fn(|part| {
            // SAFETY: the caller keeps `at + 32` within the row, which is half a byte a weight; the load is unaligned.
            let word = unsafe { self.0.bytes.as_ptr().add(at / 2 + 4 * part).cast::<i32>().read_unaligned() };
            let stored = _mm256_and_si256(_mm256_srlv_epi32(_mm256_set1_epi32(word), shifts), _mm256_set1_epi32(0xF));
            _mm256_mul_ps(_mm256_cvtepi32_ps(_mm256_sub_epi32(stored, zero)), scale)
        })
    }

    #[inline(always)]
    fn get(self, at: usize) -> f32 {
        let (scale, zero) = self.0.grid(at, 8);
        (i32::from(self.0.bytes[at / 2] >> (at % 2 * 4) & 0xF) - zero) as f32 * scale
    }
}

impl Source for Int8<'_> {
    const BYTES: usize = 32;

    #[inline(always)]
    fn start(self) -> *const u8 {
        self.0.bytes.as_ptr()
    }

    #[inline]
    #[target_feature(enable = "avx2,fma,f16c")]
    unsafe fn load(self, at: usize) -> __m256 {
        let eight = self.0.bytes[at..at + 8].try_into().map_or(0, i64::from_le_bytes);
        scaled(_mm256_cvtepu8_epi32(_mm_cvtsi64_si128(eight)), self.0.grid(at, 128))
    }

    #[inline(always)]
    fn is_wide(self) -> bool {
        self.0.shift >= 5
    }

    #[inline]
    #[target_feature(enable = "avx2,fma,f16c")]
    unsafe fn load_wide(self, at: usize) -> [__m256; 4] {
        debug_assert!(at + 32 <= self.0.bytes.len());
        let (scale, zero) = self.0.grid(at, 128);
        let (scale, zero) = (_mm256_set1_ps(scale), _mm256_set1_epi32(zero));
        std::array::from_fn(|part| {
            // SAFETY: the caller keeps `at + 32` within the row, a byte a weight; the load is unaligned.
            let eight = unsafe { _mm_loadl_epi64(self.0.bytes.as_ptr().add(at + part * EIGHT).cast()) };
            let whole = _mm256_sub_epi32(_mm256_cvtepu8_epi32(eight), zero);
            _mm256_mul_ps(_mm256_cvtepi32_ps(whole), scale)
        })
    }

    #[inline(always)]
    fn get(self, at: usize) -> f32 {
        let (scale, zero) = self.0.grid(at, 128);
        (i32::from(self.0.bytes[at]) - zero) as f32 * scale
    }
}

impl Source for F32<'_> {
    const BYTES: usize = 128;

    #[inline(always)]
    fn start(self) -> *const u8 {
        self.0.as_ptr().cast()
    }

    #[inline]
    #[target_feature(enable = "avx2,fma,f16c")]
    unsafe fn load(self, at: usize) -> __m256 {
        debug_assert!(at + EIGHT <= self.0.len());
        // SAFETY: the caller keeps `at + 8` within the row.
        unsafe { _mm256_loadu_ps(self.0.as_ptr().add(at)) }
    }

    #[inline(always)]
    fn is_wide(self) -> bool {
        true
    }

    #[inline(always)]
    fn get(self, at: usize) -> f32 {
        self.0[at]
    }
}

impl<const BF16: bool> Source for Two<'_, BF16> {
    const BYTES: usize = 64;

    #[inline(always)]
    fn start(self) -> *const u8 {
        self.0.as_ptr()
    }

    #[inline]
    #[target_feature(enable = "avx2,fma,f16c")]
    unsafe fn load(self, at: usize) -> __m256 {
        debug_assert!(2 * (at + EIGHT) <= self.0.len());
        // SAFETY: the caller keeps `at + 8` within the row, which is 2 bytes a value; the load is unaligned.
        let raw = unsafe { _mm_loadu_si128(self.0.as_ptr().add(2 * at).cast()) };
        match BF16 {
            true => _mm256_castsi256_ps(_mm256_slli_epi32::<16>(_mm256_cvtepu16_epi32(raw))),
            false => _mm256_cvtph_ps(raw),
        }
    }

    #[inline(always)]
    fn is_wide(self) -> bool {
        true
    }

    #[inline(always)]
    fn get(self, at: usize) -> f32 {
        let two = [self.0[2 * at], self.0[2 * at + 1]];
        if BF16 { bf16::from_le_bytes(two).to_f32() } else { f16::from_le_bytes(two).to_f32() }
    }
}

impl Source for Float8<'_> {
    const BYTES: usize = 32;

    #[inline(always)]
    fn start(self) -> *const u8 {
        self.codes.as_ptr()
    }

    #[inline]
    #[target_feature(enable = "avx2,fma,f16c")]
    unsafe fn load(self, at: usize) -> __m256 {
        debug_assert!(at + EIGHT <= self.codes.len());
        // SAFETY: the caller keeps `at + 8` within the row, a byte a weight; the load is unaligned.
        let codes = _mm_cvtepi8_epi16(unsafe { _mm_loadl_epi64(self.codes.as_ptr().add(at).cast()) });
        // Sign, four bits of exponent, three of fraction: those of an f16 that is the 256th part.
        let halves = _mm_and_si128(_mm_slli_epi16::<7>(codes), _mm_set1_epi16(0xBFFFu16 as i16));
        _mm256_mul_ps(_mm256_cvtph_ps(halves), _mm256_set1_ps(self.scales[at >> self.shift] * 256.0))
    }

    #[inline(always)]
    fn is_wide(self) -> bool {
        true
    }

    #[inline(always)]
    fn get(self, at: usize) -> f32 {
        Fp8::weight(self.codes[at], self.scales[at >> self.shift])
    }
}

/// Row `at` of a packed weight whose groups are `1 << shift` weights.
pub(super) fn packed_row(w: &Packed, at: usize, shift: u32) -> Row<'_> {
    let (width, groups) = (w.row_words() * 4, w.grid.groups);
    assert!(w.cols.div_ceil(1 << shift) <= groups);
    let part = at * groups..(at + 1) * groups;
    Row {
        bytes: &w.words[at * width..(at + 1) * width],
        scales: &w.grid.scales[part.clone()],
        zeros: w.grid.zeros.as_ref().map(|zeros| &zeros[part]),
        shift,
    }
}
