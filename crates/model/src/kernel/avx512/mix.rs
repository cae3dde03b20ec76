//! Sums of weighted rows: what attention makes of values, and of keys that lie across.

use std::arch::x86_64::*;

use crate::kernel::ahead::{NEAR, ask};
use crate::kernel::portable::{LANES, Weighted};

/// Rows that are asked for before they are needed.
const AHEAD: usize = 24;

/// `R` sums of `len` rows, `C` registers of columns from `from` on; of the last register only the columns of `mask`.
#[inline]
#[target_feature(enable = "avx512f,avx512bw,avx512dq,avx512vl")]
fn tile<const R: usize, const C: usize>(
    weighted: Weighted<'_>,
    len: usize,
    (from, mask): (usize, __mmask16),
    out: &mut [f32],
    stride: usize,
) {
    let Weighted { p, p_stride, v, v_stride, columns } = weighted;
    let end = from + C * LANES - mask.leading_zeros() as usize;
    assert!(end <= columns && p.len() >= (R - 1) * p_stride + len && out.len() >= (R - 1) * stride + end);
    assert!(len == 0 || v.len() >= (len - 1) * v_stride + end);
    let mask_of = |c| if c + 1 == C { mask } else { __mmask16::MAX };
    let place = |r: usize, c: usize| r * stride + from + c * LANES;
    let mut sums = [[_mm512_setzero_ps(); C]; R];
    for (r, sums) in sums.iter_mut().enumerate() {
        for (c, sum) in sums.iter_mut().enumerate() {
            // SAFETY: the columns of the mask lie within row r of `out` (asserted above).
            *sum = unsafe { _mm512_maskz_loadu_ps(mask_of(c), out.as_ptr().add(place(r, c))) };
        }
    }
    for j in 0..len {
        let mut wide = [_mm512_setzero_ps(); C];
        for (c, wide) in wide.iter_mut().enumerate() {
            ask::<NEAR>(v.as_ptr().wrapping_add((j + AHEAD) * v_stride + from + c * LANES).cast());
            // SAFETY: row j is below `len`, and the columns of the mask lie within it (asserted above).
            *wide = unsafe { _mm512_maskz_loadu_ps(mask_of(c), v.as_ptr().add(j * v_stride + from + c * LANES)) };
        }
        for (r, sums) in sums.iter_mut().enumerate() {
            // SAFETY: `j < len`, and row r has so many weights (asserted above).
            let p = _mm512_set1_ps(unsafe { *p.as_ptr().add(r * p_stride + j) });
            for (sum, wide) in sums.iter_mut().zip(&wide) {
                *sum = _mm512_fmadd_ps(p, *wide, *sum);
            }
        }
    }
    for (r, sums) in sums.iter().enumerate() {
        for (c, sum) in sums.iter().enumerate() {
            // SAFETY: as for the loads.
            unsafe { _mm512_mask_storeu_ps(out.as_mut_ptr().add(place(r, c)), mask_of(c), *sum) };
        }
    }
}

/// All columns of `R` sums of `len` rows: four registers wide while that lasts, then one.
#[inline]
#[target_feature(enable = "avx512f,avx512bw,avx512dq,avx512vl")]
fn sums<const R: usize>(weighted: Weighted<'_>, len: usize, out: &mut [f32], stride: usize) {
    let (columns, mut from) = (weighted.columns, 0);
    while from + 4 * LANES <= columns {
        tile::<R, 4>(weighted, len, (from, __mmask16::MAX), out, stride);
        from += 4 * LANES;
    }
    while from < columns {
        let mask = __mmask16::MAX >> LANES.saturating_sub(columns - from);
        tile::<R, 1>(weighted, len, (from, mask), out, stride);
        from += LANES;
    }
}

/// [`crate::kernel::add_weighted_rows`]: six sums at a time as far as all of them go, then each to its own end.
#[target_feature(enable = "avx512f,avx512bw,avx512dq,avx512vl")]
pub fn add_weighted_rows(weighted: Weighted<'_>, lens: &[usize], out: &mut [f32], stride: usize) {
    for row in (0..lens.len()).step_by(6) {
        let lens = &lens[row..lens.len().min(row + 6)];
        let (shared, out) = (lens.iter().copied().min().unwrap_or(0), &mut out[row * stride..]);
        let these = weighted.of(row, 0);
        match lens.len() {
            6 => sums::<6>(these, shared, out, stride),
            5 => sums::<5>(these, shared, out, stride),
            4 => sums::<4>(these, shared, out, stride),
            3 => sums::<3>(these, shared, out, stride),
            2 => sums::<2>(these, shared, out, stride),
            _ => sums::<1>(these, shared, out, stride),
        }
        for (at, &len) in lens.iter().enumerate().filter(|(_, len)| **len > shared) {
            sums::<1>(these.of(at, shared), len - shared, &mut out[at * stride..], stride);
        }
    }
}
