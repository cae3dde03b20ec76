//! Products of whole numbers by VNNI: one instruction adds four products of bytes to each of sixteen sums.

use std::arch::x86_64::*;
use std::ops::Range;

use crate::Strips;
use crate::kernel::whole::Inputs;
use crate::strips::{Line, ROWS, ScalesOf};

/// Whether this processor has the instruction, too.
pub fn available() -> bool {
    is_x86_feature_detected!("avx512vnni")
}

/// [`crate::kernel::whole::portable`]
#[target_feature(enable = "avx512f,avx512bw,avx512dq,avx512vl,avx512vnni")]
pub fn by_strip(x: &Inputs<'_>, first: usize, w: &Strips, strip: usize, out: &mut [[f32; ROWS]]) {
    if w.bits == 4 {
        rows::<4>(x, first, w, strip, out);
    } else {
        rows::<8>(x, first, w, strip, out);
    }
}

/// Few rows are summed in several parts each, so that no sum waits for the one before.
#[target_feature(enable = "avx512f,avx512bw,avx512dq,avx512vl,avx512vnni")]
fn rows<const BITS: usize>(x: &Inputs<'_>, first: usize, w: &Strips, strip: usize, out: &mut [[f32; ROWS]]) {
    match out.len() {
        1 => tile::<1, 4, BITS>(x, first, w, strip, out),
        2 => tile::<2, 2, BITS>(x, first, w, strip, out),
        3 => tile::<3, 2, BITS>(x, first, w, strip, out),
        4 => tile::<4, 1, BITS>(x, first, w, strip, out),
        6 => tile::<6, 1, BITS>(x, first, w, strip, out),
        8 => tile::<8, 1, BITS>(x, first, w, strip, out),
        12 => tile::<12, 1, BITS>(x, first, w, strip, out),
        _ => (first..).zip(out.chunks_mut(1)).for_each(|(row, out)| tile::<1, 4, BITS>(x, row, w, strip, out)),
    }
}

/// `R` rows of x by a strip, each sum in `P` parts. (Within its caller, beside all others, sums would not stay in registers.)
#[inline(never)]
#[target_feature(enable = "avx512f,avx512bw,avx512dq,avx512vl,avx512vnni")]
fn tile<const R: usize, const P: usize, const BITS: usize>(
    x: &Inputs<'_>,
    first: usize,
    w: &Strips,
    strip: usize,
    out: &mut [[f32; ROWS]],
) {
    let strip = w.strip(strip);
    let segments = x.segments();
    assert!(strip.lines.len() == x.k * BITS / 32 && x.codes.len() >= (first + R) * x.k && out.len() == R);
    // SAFETY: x has the rows (asserted).
    let codes = unsafe { x.codes.as_ptr().add(first * x.k) };
    let mut totals = [_mm512_setzero_ps(); R];
    for segment in 0..segments {
        let columns = x.columns(segment);
        let (group, place) = (columns.start / w.group, first * segments + segment);
        // SAFETY: the strip and the rows of x have k columns (asserted), and segments are whole units of 16.
        let sums = unsafe { sums::<R, P, BITS>((codes, x.k), strip.lines, columns) };
        // SAFETY: sixteen values.
        let middles = strip.middles.map(|middles| unsafe { _mm512_loadu_si512(middles[group].as_ptr().cast()) });
        let scale = sixteen(strip.scales, group);
        for (r, sum) in sums.into_iter().enumerate() {
            let place = place + r * segments;
            let less = match middles {
                Some(middle) => _mm512_mullo_epi32(middle, _mm512_set1_epi32(x.sums[place])),
                None => _mm512_set1_epi32(strip.middle.wrapping_mul(x.sums[place])),
            };
            let whole = _mm512_cvtepi32_ps(_mm512_sub_epi32(sum, less));
            totals[r] = _mm512_fmadd_ps(whole, _mm512_mul_ps(scale, _mm512_set1_ps(x.scales[place])), totals[r]);
        }
        if let Some(offset) = strip.offsets.map(|offsets| sixteen(offsets, group)) {
            for (r, total) in totals.iter_mut().enumerate() {
                let place = place + r * segments;
                *total = _mm512_fmadd_ps(_mm512_set1_ps(x.totals[place]), offset, *total);
            }
        }
    }
    for (out, total) in out.iter_mut().zip(totals) {
        // SAFETY: sixteen values.
        unsafe { _mm512_storeu_ps(out.as_mut_ptr(), total) };
    }
}

/// The sums of the products of levels and codes in some columns, whole units of 16.
///
/// # Safety
/// The strip must have these columns, and `R` rows of x, of `k` codes each, begin at `codes`.
#[inline]
#[target_feature(enable = "avx512f,avx512bw,avx512dq,avx512vl,avx512vnni")]
unsafe fn sums<const R: usize, const P: usize, const BITS: usize>(
    (codes, k): (*const i8, usize),
    lines: &[Line],
    columns: Range<usize>,
) -> [__m512i; R] {
    let low = _mm512_set1_epi8(15);
    let mut sums = [[_mm512_setzero_si512(); P]; R];
    // Lines that make P products of each row, at least one; four products of a unit of 16 columns are whole lines.
    let step = (P * BITS / 8).max(1);
    let mut at = columns.start * BITS / 32;
    while at < columns.end * BITS / 32 {
        for line in at..at + step {
            // SAFETY: a segment has a multiple of `step` lines, and the strip has those of `k` columns (asserted), of which
            // a line has 32 / BITS; so have rows of x.
            unsafe {
                let bytes = _mm512_load_si512(lines.as_ptr().add(line).cast());
                let from = codes.add(line * 32 / BITS).cast::<i32>();
                let four = |r: usize, half: usize| _mm512_set1_epi32(from.byte_add(r * k + half * 4).read_unaligned());
                if BITS == 4 {
                    let part = (line - at) * 2 % P;
                    let halves = [_mm512_and_si512(bytes, low), _mm512_and_si512(_mm512_srli_epi16::<4>(bytes), low)];
                    for (r, sums) in sums.iter_mut().enumerate() {
                        sums[part] = _mm512_dpbusd_epi32(sums[part], halves[0], four(r, 0));
                        let part = (part + 1) % P;
                        sums[part] = _mm512_dpbusd_epi32(sums[part], halves[1], four(r, 1));
                    }
                } else {
                    let part = (line - at) % P;
                    for (r, sums) in sums.iter_mut().enumerate() {
                        sums[part] = _mm512_dpbusd_epi32(sums[part], bytes, four(r, 0));
                    }
                }
            }
        }
        at += step;
    }
    sums.map(|parts| parts.into_iter().reduce(|a, b| _mm512_add_epi32(a, b)).unwrap_or(_mm512_setzero_si512()))
}

/// The scales of a group.
#[inline]
#[target_feature(enable = "avx512f")]
fn sixteen(scales: ScalesOf<'_>, group: usize) -> __m512 {
    // SAFETY: sixteen values.
    unsafe {
        match scales {
            ScalesOf::Half(all) => _mm512_cvtph_ps(_mm256_loadu_si256(all[group].as_ptr().cast())),
            ScalesOf::Full(all) => _mm512_loadu_ps(all[group].as_ptr()),
        }
    }
}
