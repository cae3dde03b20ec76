//! Products of many rows on AVX-512. One register holds the eight lanes of two rows of w, each in the order of `portable`.

use std::arch::x86_64::*;

use super::portable::LANES;

/// Rows of w that are multiplied side by side: four registers of two.
pub const COLUMNS: usize = 8;
/// Rows of x that are multiplied side by side: 6 x 4 sums, 4 registers of w and one of x fill the 32 registers.
const ROWS: usize = 6;
/// Values of w at eight neighboring k, for all columns of a panel.
const STEP: usize = COLUMNS * LANES;

/// Whether this processor has what the kernels here need.
pub fn available() -> bool {
    is_x86_feature_detected!("avx512f") && is_x86_feature_detected!("avx512dq") && is_x86_feature_detected!("avx512vl")
}

/// [`super::portable::rows_by_rows`], for rows enough to repay that w is laid out anew.
#[target_feature(enable = "avx512f,avx512dq,avx512vl")]
pub fn rows_by_rows(x: &[f32], w: &[f32], k: usize, out: &mut [f32], stride: usize) {
    let panel = k.div_ceil(LANES) * STEP;
    let mut panels = vec![0.0; (w.len() / k).div_ceil(COLUMNS) * panel];
    for (rows, panel) in w.chunks(COLUMNS * k).zip(panels.chunks_exact_mut(panel)) {
        interleave(rows, k, panel);
    }
    let columns = w.len() / k;
    for (block, x) in x.chunks(ROWS * k).enumerate() {
        for (at, panel) in panels.chunks_exact(panel).enumerate() {
            let from = at * COLUMNS;
            let width = COLUMNS.min(columns - from);
            let out = &mut out[block * ROWS * stride + from..];
            match x.len() / k {
                6 => tile::<6>(x, panel, k, out, (stride, width)),
                5 => tile::<5>(x, panel, k, out, (stride, width)),
                4 => tile::<4>(x, panel, k, out, (stride, width)),
                3 => tile::<3>(x, panel, k, out, (stride, width)),
                2 => tile::<2>(x, panel, k, out, (stride, width)),
                _ => tile::<1>(x, panel, k, out, (stride, width)),
            }
        }
    }
}

/// Lays up to eight rows out as the tiles read them: eight values of the first, eight of the second, and so on.
/// What is beyond the last row and the last k stays zero.
fn interleave(rows: &[f32], k: usize, panel: &mut [f32]) {
    for (column, row) in rows.chunks_exact(k).enumerate() {
        for (eight, step) in row.chunks(LANES).zip(panel.chunks_exact_mut(STEP)) {
            step[column * LANES..][..eight.len()].copy_from_slice(eight);
        }
    }
}

/// `R` rows of x by one panel; the first `width` of eight sums a row are written.
#[inline]
#[target_feature(enable = "avx512f,avx512dq,avx512vl")]
fn tile<const R: usize>(x: &[f32], panel: &[f32], k: usize, out: &mut [f32], (stride, width): (usize, usize)) {
    assert!(x.len() == R * k && panel.len() == k.div_ceil(LANES) * STEP && width <= COLUMNS);
    let mut sums = [[_mm512_setzero_ps(); COLUMNS / 2]; R];
    for step in 0..k / LANES {
        let w: [__m512; COLUMNS / 2] = std::array::from_fn(|pair| {
            // SAFETY: `step < ceil(k / 8)`, and the panel has 64 values for each (asserted above).
            unsafe { _mm512_loadu_ps(panel.as_ptr().add(step * STEP + pair * 2 * LANES)) }
        });
        for (r, sums) in sums.iter_mut().enumerate() {
            // SAFETY: `8 * step + 8 <= k`, and x has R rows of k values (asserted above).
            let x = _mm512_broadcast_f32x8(unsafe { _mm256_loadu_ps(x.as_ptr().add(r * k + step * LANES)) });
            for (sum, w) in sums.iter_mut().zip(w) {
                *sum = _mm512_fmadd_ps(x, w, *sum);
            }
        }
    }
    let rest = k % LANES;
    if rest > 0 {
        // Only the first lanes take part: adding a zero to the others would turn -0 into 0.
        let few = (1u8 << rest) - 1;
        let both = u16::from(few) << 8 | u16::from(few);
        for (r, sums) in sums.iter_mut().enumerate() {
            // SAFETY: only the `rest` values that remain of row r are read.
            let x = unsafe { _mm256_maskz_loadu_ps(few, x.as_ptr().add(r * k + k - rest)) };
            for (pair, sum) in sums.iter_mut().enumerate() {
                // SAFETY: the last step of the panel, as above.
                let w = unsafe { _mm512_loadu_ps(panel.as_ptr().add(k / LANES * STEP + pair * 2 * LANES)) };
                *sum = _mm512_mask3_fmadd_ps(_mm512_broadcast_f32x8(x), w, *sum, both);
            }
        }
    }
    for (r, sums) in sums.into_iter().enumerate() {
        let out = &mut out[r * stride..][..width];
        // SAFETY: only the first `width` of the eight sums are written, and `out` has that many.
        unsafe { _mm256_mask_storeu_ps(out.as_mut_ptr(), (0xFF >> (COLUMNS - width)) as u8, sum_lanes(sums)) };
    }
}

/// The sums of the lanes of eight rows of w, two a register, each in the order of [`super::portable::sum_lanes`].
#[inline]
#[target_feature(enable = "avx512f,avx512dq,avx512vl")]
fn sum_lanes([a, b, c, d]: [__m512; 4]) -> __m256 {
    // Lanes 0..4 plus lanes 4..8 of each row: four rows a register.
    let ab = _mm512_add_ps(_mm512_shuffle_f32x4::<0b10_00_10_00>(a, b), _mm512_shuffle_f32x4::<0b11_01_11_01>(a, b));
    let cd = _mm512_add_ps(_mm512_shuffle_f32x4::<0b10_00_10_00>(c, d), _mm512_shuffle_f32x4::<0b11_01_11_01>(c, d));
    // 0 plus 2 and 1 plus 3 of those: eight rows of two values.
    let two = _mm512_add_ps(_mm512_shuffle_ps::<0b01_00_01_00>(ab, cd), _mm512_shuffle_ps::<0b11_10_11_10>(ab, cd));
    let one = _mm512_add_ps(two, _mm512_permute_ps::<0b10_11_00_01>(two));
    let order = _mm512_setr_epi32(0, 4, 8, 12, 2, 6, 10, 14, 0, 0, 0, 0, 0, 0, 0, 0);
    _mm512_castps512_ps256(_mm512_permutexvar_ps(order, one))
}
