//! Sums of weighted rows: what attention makes of values, and of keys that lie across.

use std::arch::x86_64::*;

use crate::kernel::portable::Weighted;

/// Columns of a register.
const EIGHT: usize = 8;

/// `R` sums of `len` rows, `8 * C` columns from `from` on.
#[inline]
#[target_feature(enable = "avx2,fma,f16c")]
fn tile<const R: usize, const C: usize>(
    weighted: Weighted<'_>,
    len: usize,
    from: usize,
    out: &mut [f32],
    stride: usize,
) {
    let Weighted { p, p_stride, v, v_stride, columns } = weighted;
    let end = from + C * EIGHT;
    assert!(end <= columns && p.len() >= (R - 1) * p_stride + len && out.len() >= (R - 1) * stride + end);
    assert!(len == 0 || v.len() >= (len - 1) * v_stride + end);
    let place = |r: usize, c: usize| r * stride + from + c * EIGHT;
    // SAFETY: the eight columns lie within row r of `out` (asserted above).
    let load = |r, c| unsafe { _mm256_loadu_ps(out.as_ptr().add(place(r, c))) };
    let mut sums: [[__m256; C]; R] = std::array::from_fn(|r| std::array::from_fn(|c| load(r, c)));
    for j in 0..len {
        // SAFETY: row j is below `len`, and the eight columns lie within it (asserted above).
        let v: [__m256; C] =
            std::array::from_fn(|c| unsafe { _mm256_loadu_ps(v.as_ptr().add(j * v_stride + from + c * EIGHT)) });
        for (r, sums) in sums.iter_mut().enumerate() {
            // SAFETY: `j < len` (asserted above).
            let p = unsafe { _mm256_broadcast_ss(&*p.as_ptr().add(r * p_stride + j)) };
            for (sum, v) in sums.iter_mut().zip(v) {
                *sum = _mm256_fmadd_ps(p, v, *sum);
            }
        }
    }
    for (r, sums) in sums.iter().enumerate() {
        for (c, sum) in sums.iter().enumerate() {
            // SAFETY: as for the loads.
            unsafe { _mm256_storeu_ps(out.as_mut_ptr().add(place(r, c)), *sum) };
        }
    }
}

/// All columns of `R` sums of `len` rows: `C` registers wide while that lasts, then one, then single columns.
#[inline]
#[target_feature(enable = "avx2,fma,f16c")]
fn sums<const R: usize, const C: usize>(weighted: Weighted<'_>, len: usize, out: &mut [f32], stride: usize) {
    let Weighted { p, p_stride, v, v_stride, columns } = weighted;
    let mut from = 0;
    while from + C * EIGHT <= columns {
        tile::<R, C>(weighted, len, from, out, stride);
        from += C * EIGHT;
    }
    while from + EIGHT <= columns {
        tile::<R, 1>(weighted, len, from, out, stride);
        from += EIGHT;
    }
    for row in 0..R {
        for column in from..columns {
            let sum = &mut out[row * stride + column];
            let p = p[row * p_stride..][..len].iter().enumerate();
            *sum = p.fold(*sum, |sum, (j, &p)| p.mul_add(v[j * v_stride + column], sum));
        }
    }
}

/// [`super::add_weighted_rows`]: six sums at a time as far as all of them go, then each to its own end.
#[target_feature(enable = "avx2,fma,f16c")]
pub(super) fn add_weighted_rows(weighted: Weighted<'_>, lens: &[usize], out: &mut [f32], stride: usize) {
    for row in (0..lens.len()).step_by(6) {
        let lens = &lens[row..lens.len().min(row + 6)];
        let (shared, out) = (lens.iter().copied().min().unwrap_or(0), &mut out[row * stride..]);
        let these = weighted.of(row, 0);
        match lens.len() {
            6 => sums::<6, 2>(these, shared, out, stride),
            5 => sums::<5, 2>(these, shared, out, stride),
            4 => sums::<4, 2>(these, shared, out, stride),
            3 => sums::<3, 4>(these, shared, out, stride),
            2 => sums::<2, 4>(these, shared, out, stride),
            _ => sums::<1, 8>(these, shared, out, stride),
        }
        for (at, &len) in lens.iter().enumerate().filter(|(_, len)| **len > shared) {
            sums::<1, 8>(these.of(at, shared), len - shared, &mut out[at * stride..], stride);
        }
    }
}
