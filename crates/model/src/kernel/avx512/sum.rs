//! The lanes of accumulators, added in the order of `portable::sum_lanes`.

use std::arch::asm;
use std::arch::x86_64::*;

/// Adds the products of sixteen values to sixteen sums; of `PAIRS` of bfloat16 numbers, that of the second ones before that of the
/// first.
///
/// # Safety
/// For pairs, the processor must have AVX512_BF16.
#[inline]
#[target_feature(enable = "avx512f,avx512bw,avx512dq,avx512vl")]
pub(super) unsafe fn add<const PAIRS: bool>(x: __m512, w: __m512, mut sums: __m512) -> __m512 {
    if !PAIRS {
        return _mm512_fmadd_ps(x, w, sums);
    }
    // SAFETY: the processor has the instruction, as the caller promises, which changes nothing but these sums. (By its name it
    // could be had only within functions that are compiled for it, and so every kernel would stand here twice.)
    unsafe {
        asm!("vdpbf16ps {sums}, {x}, {w}", sums = inout(zmm_reg) sums, x = in(zmm_reg) x, w = in(zmm_reg) w,
            options(pure, nomem, nostack, preserves_flags));
    }
    sums
}

/// The sums of the lanes of eight accumulators.
#[inline]
#[target_feature(enable = "avx512f,avx512bw,avx512dq,avx512vl")]
pub(super) fn of_eight(a: [__m512; 8]) -> __m256 {
    // Lanes 0 to 7 plus lanes 8 to 15: two accumulators a register, then four, then eight.
    let halves = |a: __m512, b: __m512| {
        let (low, high) = (_mm512_shuffle_f32x4::<0b01_00_01_00>(a, b), _mm512_shuffle_f32x4::<0b11_10_11_10>(a, b));
        _mm512_add_ps(low, high)
    };
    let fours = |a: __m512, b: __m512| {
        let (low, high) = (_mm512_shuffle_f32x4::<0b10_00_10_00>(a, b), _mm512_shuffle_f32x4::<0b11_01_11_01>(a, b));
        _mm512_add_ps(low, high)
    };
    let (ab, cd) = (fours(halves(a[0], a[1]), halves(a[2], a[3])), fours(halves(a[4], a[5]), halves(a[6], a[7])));
    // Of the four sums that each has left, 0 plus 2 and 1 plus 3, and those.
    let two = _mm512_add_ps(_mm512_shuffle_ps::<0b01_00_01_00>(ab, cd), _mm512_shuffle_ps::<0b11_10_11_10>(ab, cd));
    let one = _mm512_add_ps(two, _mm512_permute_ps::<0b10_11_00_01>(two));
    let order = _mm512_setr_epi32(0, 4, 8, 12, 2, 6, 10, 14, 0, 0, 0, 0, 0, 0, 0, 0);
    _mm512_castps512_ps256(_mm512_permutexvar_ps(order, one))
}

/// The sums of the lanes of some accumulators.
#[inline]
#[target_feature(enable = "avx512f,avx512bw,avx512dq,avx512vl")]
pub(super) fn of_all<const R: usize, const C: usize>(sums: &[[__m512; C]; R]) -> [[f32; C]; R] {
    let mut totals = [[0.0; C]; R];
    for (totals, sums) in totals.as_flattened_mut().chunks_mut(8).zip(sums.as_flattened().chunks(8)) {
        let eight = std::array::from_fn(|at| *sums.get(at).unwrap_or(&_mm512_setzero_ps()));
        let mut out = [0.0; 8];
        // SAFETY: `out` has eight values.
        unsafe { _mm256_storeu_ps(out.as_mut_ptr(), of_eight(eight)) };
        totals.copy_from_slice(&out[..totals.len()]);
    }
    totals
}

/// The lanes in order, of those that are held as 0, 8, 1, 9, ..., 7, 15.
#[inline]
#[target_feature(enable = "avx512f,avx512bw,avx512dq,avx512vl")]
pub(super) fn in_order(turned: __m512) -> __m512 {
    _mm512_permutexvar_ps(_mm512_setr_epi32(0, 2, 4, 6, 8, 10, 12, 14, 1, 3, 5, 7, 9, 11, 13, 15), turned)
}
