//! Products of whole numbers by AVX2: pairs of products of bytes are added in 16 bits, as long as they fit.

use std::arch::x86_64::*;

use crate::Strips;
use crate::kernel::whole::Inputs;
use crate::strips::{ROWS, ScalesOf, Strip, UNIT};

/// [`crate::kernel::whole::portable`]
#[target_feature(enable = "avx2,fma,f16c")]
pub fn by_strip(x: &Inputs<'_>, first: usize, w: &Strips, strip: usize, out: &mut [[f32; ROWS]]) {
    if w.bits == 4 {
        rows::<4>(x, first, w, strip, out);
    } else {
        rows::<8>(x, first, w, strip, out);
    }
}

#[target_feature(enable = "avx2,fma,f16c")]
fn rows<const BITS: usize>(x: &Inputs<'_>, first: usize, w: &Strips, strip: usize, out: &mut [[f32; ROWS]]) {
    for (row, out) in (first..).step_by(4).zip(out.chunks_mut(4)) {
        for half in 0..2 {
            match out.len() {
                1 => tile::<1, BITS>(x, row, w, (strip, half), out),
                2 => tile::<2, BITS>(x, row, w, (strip, half), out),
                3 => tile::<3, BITS>(x, row, w, (strip, half), out),
                _ => tile::<4, BITS>(x, row, w, (strip, half), out),
            }
        }
    }
}

/// `R` rows of x by half a strip, eight rows of w.
#[inline]
#[target_feature(enable = "avx2,fma,f16c")]
fn tile<const R: usize, const BITS: usize>(
    x: &Inputs<'_>,
    first: usize,
    w: &Strips,
    (strip, half): (usize, usize),
    out: &mut [[f32; ROWS]],
) {
    let Strip { lines, scales, offsets, middle, middles } = w.strip(strip);
    let segments = x.segments();
    assert!(lines.len() == x.k * BITS / 32 && x.codes.len() >= (first + R) * x.k && out.len() == R && half < 2);
    // SAFETY: x has the rows (asserted).
    let codes = unsafe { x.codes.as_ptr().add(first * x.k) };
    let (low, ones, sixteens) = (_mm256_set1_epi8(15), _mm256_set1_epi16(1), _mm256_set1_epi16(16));
    let mut totals = [_mm256_setzero_ps(); R];
    for segment in 0..segments {
        let columns = x.columns(segment);
        let (group, place) = (columns.start / w.group, first * segments + segment);
        let mut sums = [_mm256_setzero_si256(); R];
        // As many as fit, where that comes out even.
        let size = if columns.len().is_multiple_of(2 * UNIT) { 2 * UNIT } else { UNIT };
        for unit in columns.step_by(size) {
            // Sums of the low and of the high halves of bytes: eight times two products of at most 15 x 128 fit in 16 bits.
            let mut parts = [[_mm256_setzero_si256(); 2]; R];
            for line in unit * BITS / 32..(unit + size) * BITS / 32 {
                // SAFETY: segments are whole units of 16 columns; the strip has the lines of `k` columns (asserted), of which a
                // line has 32 / BITS; so have rows of x.
                unsafe {
                    let bytes = _mm256_load_si256(lines.as_ptr().add(line).cast::<__m256i>().add(half));
                    let from = codes.add(line * 32 / BITS).cast::<i32>();
                    let four =
                        |r: usize, next: usize| _mm256_set1_epi32(from.byte_add(r * x.k + next * 4).read_unaligned());
                    let halves = [_mm256_and_si256(bytes, low), _mm256_and_si256(_mm256_srli_epi16::<4>(bytes), low)];
                    for (r, parts) in parts.iter_mut().enumerate() {
                        for (high, half) in halves.into_iter().enumerate() {
                            // Of four bits the halves are other columns, of eight the same.
                            let (to, next) = if BITS == 4 { (0, high) } else { (high, 0) };
                            parts[to] = _mm256_add_epi16(parts[to], _mm256_maddubs_epi16(half, four(r, next)));
                        }
                    }
                }
            }
            for (sum, parts) in sums.iter_mut().zip(parts) {
                *sum = _mm256_add_epi32(*sum, _mm256_madd_epi16(parts[0], ones));
                if BITS == 8 {
                    *sum = _mm256_add_epi32(*sum, _mm256_madd_epi16(parts[1], sixteens));
                }
            }
        }
        // SAFETY: eight values of sixteen.
        let middles =
            middles.map(|middles| unsafe { _mm256_loadu_si256(middles[group].as_ptr().add(half * 8).cast()) });
        let scale = eight(scales, group, half);
        for (r, sum) in sums.into_iter().enumerate() {
            let place = place + r * segments;
            let less = match middles {
                Some(middle) => _mm256_mullo_epi32(middle, _mm256_set1_epi32(x.sums[place])),
                None => _mm256_set1_epi32(middle.wrapping_mul(x.sums[place])),
            };
            let whole = _mm256_cvtepi32_ps(_mm256_sub_epi32(sum, less));
            let factor = _mm256_set1_ps(x.scales[place]);
            totals[r] = _mm256_fmadd_ps(whole, _mm256_mul_ps(scale, factor), totals[r]);
        }
        if let Some(offset) = offsets.map(|offsets| eight(offsets, group, half)) {
            for (r, total) in totals.iter_mut().enumerate() {
                let place = place + r * segments;
                *total = _mm256_fmadd_ps(_mm256_set1_ps(x.totals[place]), offset, *total);
            }
        }
    }
    for (out, total) in out.iter_mut().zip(totals) {
        // SAFETY: eight values of sixteen.
        unsafe { _mm256_storeu_ps(out.as_mut_ptr().add(half * 8), total) };
    }
}

/// The scales of a group, of the lower or the upper eight rows.
#[inline]
#[target_feature(enable = "avx2,fma,f16c")]
fn eight(scales: ScalesOf<'_>, group: usize, half: usize) -> __m256 {
    let from = half.min(1) * 8;
    // SAFETY: eight values of sixteen.
    unsafe {
        match scales {
            ScalesOf::Half(all) => _mm256_cvtph_ps(_mm_loadu_si128(all[group].as_ptr().add(from).cast())),
            ScalesOf::Full(all) => _mm256_loadu_ps(all[group].as_ptr().add(from)),
        }
    }
}
