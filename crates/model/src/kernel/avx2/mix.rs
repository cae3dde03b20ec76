//! Sums of weighted rows: what attention makes of values.

use std::arch::x86_64::*;

/// Columns of a register.
const LANES: usize = 8;

/// What some rows of [`add_weighted_rows`] are made of.
#[derive(Clone, Copy)]
struct Mixed<'a> {
    /// Weights of the rows, `stride` apart.
    p: &'a [f32],
    stride: usize,
    /// `[len, dim]`
    v: &'a [f32],
    len: usize,
    dim: usize,
}

/// `R` rows and `8 * C` columns of [`add_weighted_rows`], from column `from`; `out` `[R, dim]`.
#[inline]
#[target_feature(enable = "avx2,fma,f16c")]
fn mix_tile<const R: usize, const C: usize>(mixed: Mixed<'_>, from: usize, out: &mut [f32]) {
    let Mixed { p, stride, v, len, dim } = mixed;
    assert!(p.len() >= (R - 1) * stride + len && v.len() >= len * dim);
    assert!(out.len() >= R * dim && from + C * LANES <= dim);
    let place = |r: usize, c: usize| r * dim + from + c * LANES;
    // SAFETY: the eight columns lie within row r of `out` (asserted above).
    let load = |r, c| unsafe { _mm256_loadu_ps(out.as_ptr().add(place(r, c))) };
    let mut sums: [[__m256; C]; R] = std::array::from_fn(|r| std::array::from_fn(|c| load(r, c)));
    for j in 0..len {
        // SAFETY: row j is below `len`, and the eight columns lie within it (asserted above).
        let v: [__m256; C] =
            std::array::from_fn(|c| unsafe { _mm256_loadu_ps(v.as_ptr().add(j * dim + from + c * LANES)) });
        for (r, sums) in sums.iter_mut().enumerate() {
            // SAFETY: `j < len` (asserted above).
            let p = unsafe { _mm256_broadcast_ss(&*p.as_ptr().add(r * stride + j)) };
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

/// All columns of `R` rows: `C` registers wide while that lasts, then one, then single columns.
#[inline]
#[target_feature(enable = "avx2,fma,f16c")]
fn mix_columns<const R: usize, const C: usize>(mixed: Mixed<'_>, out: &mut [f32]) {
    let Mixed { p, stride, v, len, dim } = mixed;
    let mut from = 0;
    while from + C * LANES <= dim {
        mix_tile::<R, C>(mixed, from, out);
        from += C * LANES;
    }
    while from + LANES <= dim {
        mix_tile::<R, 1>(mixed, from, out);
        from += LANES;
    }
    for row in 0..R {
        for column in from..dim {
            let sum = &mut out[row * dim + column];
            *sum = p[row * stride..][..len]
                .iter()
                .enumerate()
                .fold(*sum, |sum, (j, &p)| p.mul_add(v[j * dim + column], sum));
        }
    }
}

/// [`super::add_weighted_rows`]: six rows at a time as far as all of them go, then each to its own end.
#[target_feature(enable = "avx2,fma,f16c")]
pub(super) fn add_weighted_rows(p: &[f32], lens: &[usize], v: &[f32], out: &mut [f32]) {
    let (rows, dim) = (lens.len().max(1), out.len() / lens.len().max(1));
    let stride = p.len() / rows;
    let mut row = 0;
    while row < lens.len() {
        let count = (lens.len() - row).min(6);
        let shared = lens[row..row + count].iter().copied().min().unwrap_or(0);
        let mixed = Mixed { p: &p[row * stride..], stride, v, len: shared, dim };
        let out = &mut out[row * dim..(row + count) * dim];
        match count {
            6 => mix_columns::<6, 2>(mixed, out),
            5 => mix_columns::<5, 2>(mixed, out),
            4 => mix_columns::<4, 2>(mixed, out),
            3 => mix_columns::<3, 4>(mixed, out),
            2 => mix_columns::<2, 4>(mixed, out),
            _ => mix_columns::<1, 8>(mixed, out),
        }
        for (at, out) in out.chunks_exact_mut(dim).enumerate() {
            let p = &p[(row + at) * stride..][shared..lens[row + at]];
            if !p.is_empty() {
                mix_columns::<1, 8>(Mixed { p, stride, v: &v[shared * dim..], len: p.len(), dim }, out);
            }
        }
        row += count;
    }
}
