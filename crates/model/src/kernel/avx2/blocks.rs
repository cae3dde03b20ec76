//! Blocks as they lie in a GGUF file, 32 weights widened to f32 in four registers. What they are is in
//! `format::gguf::blocks`, whose order of operations this keeps.

use std::arch::x86_64::*;
use std::marker::PhantomData;

use super::source::Source;
use crate::gguf::{IQ4_LEVELS, MXFP4_LEVELS, Quantized, mxfp4_scale, scale_and_offset};

/// How the weights of a block are stored.
pub(super) trait Form: Copy {
    /// Weights and bytes of a block.
    const VALUES: usize = 32;
    const BYTES: usize;

    /// Weights `at .. at + 32` of the block that begins at `block`.
    ///
    /// # Safety
    /// The whole block must be there, `at` be a multiple of 32 within it, and the processor have AVX2 and F16C.
    unsafe fn widen(block: *const u8, at: usize) -> [__m256; 4];
}

/// A row of blocks.
#[derive(Clone, Copy)]
pub(super) struct Blocks<'a, F>(&'a [u8], PhantomData<F>);

impl<'a, F: Form> Blocks<'a, F> {
    /// Whole blocks.
    pub(super) fn of(bytes: &'a [u8]) -> Self {
        Self(bytes, PhantomData)
    }

    /// A row of a weight.
    pub(super) fn row(w: &'a Quantized, row: usize) -> Self {
        Self::of(w.row_bytes(row..row + 1))
    }
}

impl<F: Form> Source for Blocks<'_, F> {
    const BYTES: usize = F::BYTES * 32 / F::VALUES;

    #[inline(always)]
    fn start(self) -> *const u8 {
        self.0.as_ptr()
    }

    #[inline(always)]
    fn is_wide(self) -> bool {
        true
    }

    #[inline]
    #[target_feature(enable = "avx2,fma,f16c")]
    unsafe fn load_wide(self, at: usize) -> [__m256; 4] {
        let block = at / F::VALUES * F::BYTES;
        debug_assert!(block + F::BYTES <= self.0.len());
        // SAFETY: the row is whole blocks, and `at` is within it, as the caller promises.
        unsafe { F::widen(self.0.as_ptr().add(block), at % F::VALUES) }
    }

    /// Rows are whole blocks: nobody asks for fewer than 32 weights.
    #[inline]
    #[target_feature(enable = "avx2,fma,f16c")]
    unsafe fn load(self, at: usize) -> __m256 {
        // SAFETY: as the caller promises: rows are multiples of 32.
        unsafe { self.load_wide(at / 32 * 32)[at % 32 / 8] }
    }

    fn get(self, at: usize) -> f32 {
        let mut out = [0.0; 32];
        // SAFETY: this is made only where the processor has AVX2, and `at` is within the row, which is a multiple of 32;
        // `out` has room for four registers of eight.
        unsafe {
            for (part, eight) in self.load_wide(at / 32 * 32).into_iter().zip(out.chunks_exact_mut(8)) {
                _mm256_storeu_ps(eight.as_mut_ptr(), part);
            }
        }
        out[at % 32]
    }
}

/// Does something with the form of a kind of blocks, or something else where registers cannot widen it.
macro_rules! of_form {
    ($kind:expr, |$form:ident| $then:expr, $otherwise:expr) => {
        of_form!($kind, |$form| $then, $otherwise, Q4_1 Q4_1, Q5_0 Q5_0, Q5_1 Q5_1, IQ4_NL Iq4Nl, MXFP4 Mxfp4,
            IQ4_XS Iq4Xs, Q2_K Q2K, Q3_K Q3K, Q4_K Q4K, Q5_K Q5K, Q6_K Q6K)
    };
    ($kind:expr, |$form:ident| $then:expr, $otherwise:expr, $($name:ident $type:ident),*) => {
        match $kind {
            $($crate::gguf::Kind::$name => {
                type $form = $crate::kernel::avx2::blocks::$type;
                $then
            })*
            _ => $otherwise,
        }
    };
}
pub(super) use of_form;

/// The f16 at `bytes`, eight times.
///
/// # Safety
/// Two bytes must be there.
#[inline]
#[target_feature(enable = "avx2,fma,f16c")]
unsafe fn half(bytes: *const u8) -> __m256 {
    // SAFETY: as the caller promises; the read is unaligned.
    let bits = unsafe { bytes.cast::<u16>().read_unaligned() };
    _mm256_cvtph_ps(_mm_set1_epi16(bits as i16))
}

/// Sixteen bytes.
///
/// # Safety
/// They must be there.
#[inline]
#[target_feature(enable = "avx2,fma,f16c")]
unsafe fn sixteen(bytes: *const u8) -> __m128i {
    // SAFETY: as the caller promises; the load is unaligned.
    unsafe { _mm_loadu_si128(bytes.cast()) }
}

/// Bits of each byte, from bit `shift` on.
#[inline]
#[target_feature(enable = "avx2,fma,f16c")]
fn bits(bytes: __m128i, shift: usize, mask: u8) -> __m128i {
    _mm_and_si128(_mm_srl_epi16(bytes, _mm_cvtsi32_si128(shift as i32)), _mm_set1_epi8(mask as i8))
}

/// The low and the high four bits of each byte.
#[inline]
#[target_feature(enable = "avx2,fma,f16c")]
fn halves(bytes: __m128i) -> [__m128i; 2] {
    [bits(bytes, 0, 15), bits(bytes, 4, 15)]
}

/// `value` where a byte shares a bit with `mask`, else 0.
#[inline]
#[target_feature(enable = "avx2,fma,f16c")]
fn where_set(bytes: __m128i, mask: __m128i, value: u8) -> __m128i {
    let unset = _mm_cmpeq_epi8(_mm_and_si128(bytes, mask), _mm_setzero_si128());
    _mm_andnot_si128(unset, _mm_set1_epi8(value as i8))
}

/// Small signed numbers as f32, eight in a register.
#[inline]
#[target_feature(enable = "avx2,fma,f16c")]
fn floats(small: [__m128i; 2]) -> [__m256; 4] {
    let wide = |eight| _mm256_cvtepi32_ps(_mm256_cvtepi8_epi32(eight));
    let [a, b] = small;
    [wide(a), wide(_mm_unpackhi_epi64(a, a)), wide(b), wide(_mm_unpackhi_epi64(b, b))]
}

/// `scale * small`
#[inline]
#[target_feature(enable = "avx2,fma,f16c")]
fn scaled(small: [__m128i; 2], scale: __m256) -> [__m256; 4] {
    let [a, b, c, d] = floats(small);
    [_mm256_mul_ps(scale, a), _mm256_mul_ps(scale, b), _mm256_mul_ps(scale, c), _mm256_mul_ps(scale, d)]
}

/// `scale * small`, a scale for each sixteen.
#[inline]
#[target_feature(enable = "avx2,fma,f16c")]
fn scaled_in_two(small: [__m128i; 2], [first, second]: [__m256; 2]) -> [__m256; 4] {
    let [a, b, c, d] = floats(small);
    [_mm256_mul_ps(first, a), _mm256_mul_ps(first, b), _mm256_mul_ps(second, c), _mm256_mul_ps(second, d)]
}

/// `number + offset`
#[inline]
#[target_feature(enable = "avx2,fma,f16c")]
fn plus([a, b, c, d]: [__m256; 4], offset: __m256) -> [__m256; 4] {
    [_mm256_add_ps(a, offset), _mm256_add_ps(b, offset), _mm256_add_ps(c, offset), _mm256_add_ps(d, offset)]
}

/// `number - offset`, an offset for each sixteen.
#[inline]
#[target_feature(enable = "avx2,fma,f16c")]
fn less([a, b, c, d]: [__m256; 4], [first, second]: [__m256; 2]) -> [__m256; 4] {
    [_mm256_sub_ps(a, first), _mm256_sub_ps(b, first), _mm256_sub_ps(c, second), _mm256_sub_ps(d, second)]
}

/// Each byte less a whole number.
#[inline]
#[target_feature(enable = "avx2,fma,f16c")]
fn centered([a, b]: [__m128i; 2], middle: i8) -> [__m128i; 2] {
    let middle = _mm_set1_epi8(middle);
    [_mm_sub_epi8(a, middle), _mm_sub_epi8(b, middle)]
}

/// The levels of four-bit numbers.
#[inline]
#[target_feature(enable = "avx2,fma,f16c")]
fn looked_up([a, b]: [__m128i; 2], levels: &[i8; 16]) -> [__m128i; 2] {
    // SAFETY: there are sixteen levels of a byte.
    let table = unsafe { sixteen(levels.as_ptr().cast()) };
    [_mm_shuffle_epi8(table, a), _mm_shuffle_epi8(table, b)]
}

/// `factor * whole`
#[inline]
#[target_feature(enable = "avx2,fma,f16c")]
fn times(factor: __m256, whole: i8) -> __m256 {
    _mm256_mul_ps(factor, _mm256_set1_ps(f32::from(whole)))
}

/// `d * s` and `m * o` of a group of a block of Q4_K or Q5_K.
///
/// # Safety
/// Sixteen bytes must be there, and the group be one of eight.
#[inline]
#[target_feature(enable = "avx2,fma,f16c")]
unsafe fn group_of_k(block: *const u8, group: usize) -> [__m256; 2] {
    // SAFETY: as the caller promises.
    let (d, m, packed) = unsafe { (half(block), half(block.add(2)), &*block.add(4).cast::<[u8; 12]>()) };
    let (scale, offset) = scale_and_offset(packed, group);
    [times(d, scale as i8), times(m, offset as i8)]
}

/// The four bits of Q4_K and Q5_K of a group, whose bytes begin at `bytes`.
///
/// # Safety
/// 128 bytes must be there, and the group be one of eight.
#[inline]
#[target_feature(enable = "avx2,fma,f16c")]
unsafe fn four_bits_of_k(bytes: *const u8, group: usize) -> [__m128i; 2] {
    // SAFETY: as the caller promises: 96 + 32 at most.
    let (a, b) = unsafe { (sixteen(bytes.add(group / 2 * 32)), sixteen(bytes.add(group / 2 * 32 + 16))) };
    [bits(a, group % 2 * 4, 15), bits(b, group % 2 * 4, 15)]
}

/// Four bits of 32 numbers as the IQ4 types and the small ones hold them, and 16 where the number's bit of `fifth` is set.
#[inline]
#[target_feature(enable = "avx2,fma,f16c")]
fn five_bits(bytes: __m128i, fifth: u32) -> [__m128i; 2] {
    let [low, high] = halves(bytes);
    let word = _mm_set1_epi32(fifth as i32);
    // Byte 0 of the word eight times, byte 1 eight times; then bytes 2 and 3.
    let spread = |first: i8| {
        let (a, b) = (first, first + 1);
        _mm_shuffle_epi8(word, _mm_setr_epi8(a, a, a, a, a, a, a, a, b, b, b, b, b, b, b, b))
    };
    let each = _mm_setr_epi8(1, 2, 4, 8, 16, 32, 64, -128, 1, 2, 4, 8, 16, 32, 64, -128);
    [_mm_or_si128(low, where_set(spread(0), each, 16)), _mm_or_si128(high, where_set(spread(2), each, 16))]
}

macro_rules! forms {
    ($($(#[$doc:meta])* $name:ident ($values:literal in $bytes:literal) |$block:ident, $at:ident| $widen:expr)*) => {$(
        $(#[$doc])*
        #[derive(Clone, Copy)]
        pub(super) struct $name;

        impl Form for $name {
            const VALUES: usize = $values;
            const BYTES: usize = $bytes;

            #[inline]
            #[target_feature(enable = "avx2,fma,f16c")]
            unsafe fn widen($block: *const u8, $at: usize) -> [__m256; 4] {
                // SAFETY: the whole block is there, and `at` within it, as the caller promises; what is read of a block is
                // named in `format::gguf::blocks`.
                unsafe { $widen }
            }
        }
    )*};
}

forms! {
    /// `d`, `m`, 16 bytes of halves: `d * q + m`.
    Q4_1 (32 in 20) |block, _at| plus(scaled(halves(sixteen(block.add(4))), half(block)), half(block.add(2)))

    /// `d`, 32 fifth bits, 16 bytes of halves: `d * (q - 16)`.
    Q5_0 (32 in 22) |block, _at| {
        let q = five_bits(sixteen(block.add(6)), block.add(2).cast::<u32>().read_unaligned());
        scaled(centered(q, 16), half(block))
    }

    /// `d`, `m`, 32 fifth bits, 16 bytes of halves: `d * q + m`.
    Q5_1 (32 in 24) |block, _at| {
        let q = five_bits(sixteen(block.add(8)), block.add(4).cast::<u32>().read_unaligned());
        plus(scaled(q, half(block)), half(block.add(2)))
    }

    /// `d`, 16 bytes of halves: `d * level[q]`.
    Iq4Nl (32 in 18) |block, _at| scaled(looked_up(halves(sixteen(block.add(2))), &IQ4_LEVELS), half(block))

    /// An exponent e, 16 bytes of halves: `2^(e - 128) * level[q]`.
    Mxfp4 (32 in 17) |block, _at| {
        let levels = looked_up(halves(sixteen(block.add(1))), &MXFP4_LEVELS);
        scaled(levels, _mm256_set1_ps(mxfp4_scale(*block)))
    }

    /// `d`, high two bits of eight `s`, their low four, 128 bytes of halves: `d * (s - 32) * level[q]`.
    Iq4Xs (256 in 136) |block, at| {
        let (group, high) = (at / 32, block.add(2).cast::<u16>().read_unaligned());
        let low = *block.add(4 + group / 2) >> (group % 2 * 4) & 15;
        let scale = (low | ((high >> (group * 2) & 3) as u8) << 4) as i8 - 32;
        let levels = looked_up(halves(sixteen(block.add(8 + group * 16))), &IQ4_LEVELS);
        scaled(levels, times(half(block), scale))
    }

    /// 16 `s`, 64 bytes of two-bit q, `d`, `m`: `d * (s & 15) * q - m * (s >> 4)`.
    Q2K (256 in 84) |block, at| {
        let (group, d, m) = (at / 16, half(block.add(80)), half(block.add(82)));
        let [a, b] = [*block.add(group), *block.add(group + 1)];
        let scales = [times(d, (a & 15) as i8), times(d, (b & 15) as i8)];
        let offsets = [times(m, (a >> 4) as i8), times(m, (b >> 4) as i8)];
        less(scaled_in_two(two_bits(block.add(16), at), scales), offsets)
    }

    /// 32 bytes of third bits, 64 of two-bit q, 12 of six-bit `s`, `d`: `d * (s - 32) * (q - 4)`.
    Q3K (256 in 110) |block, at| {
        let (group, d, packed) = (at / 16, half(block.add(108)), block.add(96));
        let scale = |group: usize| {
            let low = *packed.add(group % 8) >> (group / 8 * 4) & 15;
            let high = *packed.add(8 + group % 4) >> (group / 4 * 2) & 3;
            (low | high << 4) as i8 - 32
        };
        let [a, b] = two_bits(block.add(32), at);
        let bit = _mm_set1_epi8((1u8 << (at / 32)) as i8);
        let thirds = [where_set(sixteen(block), bit, 4), where_set(sixteen(block.add(16)), bit, 4)];
        let q = centered([_mm_or_si128(a, thirds[0]), _mm_or_si128(b, thirds[1])], 4);
        scaled_in_two(q, [times(d, scale(group)), times(d, scale(group + 1))])
    }

    /// `d`, `m`, 12 bytes of six-bit `s` and `o`, 128 bytes of q: `d * s * q - m * o`.
    Q4K (256 in 144) |block, at| {
        let [scale, offset] = group_of_k(block, at / 32);
        less(scaled(four_bits_of_k(block.add(16), at / 32), scale), [offset, offset])
    }

    /// The same with 32 bytes of the highest of five bits of q before the 128 of the others.
    Q5K (256 in 176) |block, at| {
        let ([scale, offset], [a, b]) = (group_of_k(block, at / 32), four_bits_of_k(block.add(48), at / 32));
        let bit = _mm_set1_epi8((1u8 << (at / 32)) as i8);
        let fifths = [where_set(sixteen(block.add(16)), bit, 16), where_set(sixteen(block.add(32)), bit, 16)];
        less(scaled([_mm_or_si128(a, fifths[0]), _mm_or_si128(b, fifths[1])], scale), [offset, offset])
    }

    /// 128 bytes of the low four and 64 of the high two bits of q, 16 signed `s`, `d`: `d * s * (q - 32)`.
    Q6K (256 in 210) |block, at| {
        let (d, group) = (half(block.add(208)), at / 16);
        let (half, within) = (at / 128, at / 32 % 4);
        let (low, high) = (block.add(half * 64 + within % 2 * 32), block.add(128 + half * 32));
        let six = |low: *const u8, high: *const u8| {
            let high = _mm_slli_epi16::<4>(bits(sixteen(high), within * 2, 3));
            _mm_or_si128(bits(sixteen(low), within / 2 * 4, 15), high)
        };
        let q = centered([six(low, high), six(low.add(16), high.add(16))], 32);
        let scale = |group: usize| times(d, *block.add(192 + group).cast::<i8>());
        scaled_in_two(q, [scale(group), scale(group + 1)])
    }
}

/// Two-bit numbers `at .. at + 32` of those that begin at `bytes`: a run of 32 bytes holds 128 of them.
///
/// # Safety
/// 64 bytes must be there, and `at` be a multiple of 32 below 256.
#[inline]
#[target_feature(enable = "avx2,fma,f16c")]
unsafe fn two_bits(bytes: *const u8, at: usize) -> [__m128i; 2] {
    let (from, shift) = (at / 128 * 32, at / 32 % 4 * 2);
    // SAFETY: as the caller promises: 32 + 16 + 16 at most.
    let (a, b) = unsafe { (sixteen(bytes.add(from)), sixteen(bytes.add(from + 16))) };
    [bits(a, shift, 3), bits(b, shift, 3)]
}
