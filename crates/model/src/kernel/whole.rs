//! Products of inputs and weights that are both small integers: exact within a run of inputs and a group of weights, as whole
//! numbers, whatever the order; these sums, scaled, are added in their order.

use std::ops::Range;

use half::f16;

use super::matmul;
use crate::strips::{Line, ROWS, Strip};
use crate::{Matrix, Strips};

/// Inputs `[m, k]` rounded to whole numbers of eight bits.
#[derive(Debug, Clone, PartialEq)]
pub struct Whole {
    /// Inputs of a row.
    pub k: usize,
    /// `[m, k]`
    pub codes: Vec<i8>,
    /// Inputs of a run; `k` where a row is one. The last may be shorter.
    pub run: usize,
    /// What the codes of a run are multiplied by, `[m, ceil(k / run)]`.
    pub scales: Vec<f32>,
    /// Where sums of inputs are held in 16 bits: what the codes of a run were steps of, before that was rounded, likewise.
    pub steps: Option<Vec<f32>>,
}

/// The same as one weight takes them: in segments, which are within one run and one group.
pub(super) struct Inputs<'a> {
    pub k: usize,
    /// `[m, k]`
    pub codes: &'a [i8],
    /// Inputs of a segment; the last may have fewer.
    pub segment: usize,
    /// The scale of each segment, `[m, segments]`.
    pub scales: Vec<f32>,
    /// The sum of the codes of each segment, `[m, segments]`.
    pub sums: Vec<i32>,
    /// The sum of the inputs of each segment, which offsets of weights are multiplied by, `[m, segments]`; none where there are no
    /// offsets.
    pub totals: Vec<f32>,
}

impl<'a> Inputs<'a> {
    pub fn of(x: &'a Whole, w: &Strips) -> Self {
        assert!(w.takes(x.run), "runs and groups that cross");
        let segment = x.run.min(w.group);
        let (segments, runs) = (x.k.div_ceil(segment), x.k.div_ceil(x.run));
        let spread = |of_runs: &[f32]| {
            let mut all = Vec::with_capacity(x.codes.len() / x.k * segments);
            for row in of_runs.chunks_exact(runs) {
                all.extend((0..segments).map(|at| row[at * segment / x.run]));
            }
            all
        };
        let scales = spread(&x.scales);
        let mut sums = vec![0; scales.len()];
        for (codes, sums) in x.codes.chunks_exact(x.k).zip(sums.chunks_exact_mut(segments)) {
            super::sums_of_codes(codes, segment, sums);
        }
        let total = |(sum, scale): (&i32, &f32)| *sum as f32 * scale;
        let totals = match &x.steps {
            _ if !w.has_offsets() => Vec::new(),
            None => sums.iter().zip(&scales).map(total).collect(),
            Some(steps) => {
                let short =
                    |total: f32| Some(f16::from_f32(total).to_f32()).filter(|short| short.is_finite()).unwrap_or(total);
                sums.iter().zip(&spread(steps)).map(|one| short(total(one))).collect()
            }
        };
        Self { k: x.k, codes: &x.codes, segment, scales, sums, totals }
    }

    /// Segments of a row.
    pub fn segments(&self) -> usize {
        self.k.div_ceil(self.segment)
    }

    /// The columns of a segment.
    pub fn columns(&self, segment: usize) -> Range<usize> {
        segment * self.segment..self.k.min((segment + 1) * self.segment)
    }

    fn rows(&self) -> usize {
        self.codes.len() / self.k
    }
}

/// `x w^T`, written over `y` `[m, out]`.
pub fn product(x: &Whole, w: &Strips, y: &mut Matrix) {
    assert_eq!((x.k, y.rows * x.k, y.cols), (w.cols, x.codes.len(), w.rows), "sizes of a product");
    if y.data.is_empty() || x.k == 0 {
        return y.data.fill(0.0);
    }
    let inputs = Inputs::of(x, w);
    matmul::in_strips((w.cols, ROWS), y, |rows, _, out, stride| here(&inputs, w, rows, out, stride));
}

/// Bytes of weights that stay in the second cache while rows of x pass.
const CACHED: usize = 256 << 10;

/// The rows `rows` of w, of which the first is that of a strip: `out[r * stride + c] = x[r] . w[rows.start + c]`.
fn here(x: &Inputs<'_>, w: &Strips, rows: Range<usize>, out: &mut [f32], stride: usize) {
    let strips = rows.start / ROWS..rows.end.div_ceil(ROWS);
    let some = (CACHED / (w.lines_in_one() * size_of::<Line>()).max(1)).max(1);
    for from in strips.clone().step_by(some) {
        let mut row = 0;
        while row < x.rows() {
            let count = together(x.rows() - row);
            for strip in from..strips.end.min(from + some) {
                let (first, last) = (strip * ROWS, rows.end.min((strip + 1) * ROWS));
                let mut dots = [[0.0; ROWS]; TOGETHER];
                by_strip(x, row, w, strip, &mut dots[..count]);
                for (r, dots) in dots[..count].iter().enumerate() {
                    let out = &mut out[(row + r) * stride + first - rows.start..][..last - first];
                    out.copy_from_slice(&dots[..last - first]);
                }
            }
            row += count;
        }
    }
}

/// The most rows of x that are multiplied side by side.
const TOGETHER: usize = 12;

/// Rows of x that are multiplied side by side where so many are left.
fn together(left: usize) -> usize {
    match left {
        TOGETHER.. => TOGETHER,
        8.. => 8,
        6.. => 6,
        _ => left.min(4),
    }
}

/// `out.len()` rows of x from `first` on by a strip.
fn by_strip(x: &Inputs<'_>, first: usize, w: &Strips, strip: usize, out: &mut [[f32; ROWS]]) {
    #[cfg(target_arch = "x86_64")]
    match super::level() {
        super::Level::Portable => {}
        // SAFETY: the processor has AVX-512 (F, BW, DQ, VL) and VNNI, as was just asked.
        super::Level::Avx512 if super::avx512::whole::available() => unsafe {
            return super::avx512::whole::by_strip(x, first, w, strip, out);
        },
        // SAFETY: the processor has AVX2, FMA and F16C.
        _ => unsafe { return super::avx2::whole::by_strip(x, first, w, strip, out) },
    }
    portable(x, first, w, strip, out);
}

/// The same in plain Rust.
pub(super) fn portable(x: &Inputs<'_>, first: usize, w: &Strips, strip: usize, out: &mut [[f32; ROWS]]) {
    let Strip { lines, scales, offsets, middle, middles } = w.strip(strip);
    for (row, out) in (first..).zip(out) {
        *out = [0.0; ROWS];
        for segment in 0..x.segments() {
            let (columns, place) = (x.columns(segment), row * x.segments() + segment);
            let codes = &x.codes[row * x.k..][columns.clone()];
            let group = columns.start / w.group;
            let lines = &lines[columns.start * w.bits as usize / 32..columns.end * w.bits as usize / 32];
            let mut sums = [0i32; ROWS];
            if w.bits == 4 {
                lines.iter().zip(codes.as_chunks().0).for_each(|(line, codes)| add_four_bits(line, codes, &mut sums));
            } else {
                lines.iter().zip(codes.as_chunks().0).for_each(|(line, codes)| add_bytes(line, codes, &mut sums));
            }
            for (at, (out, sum)) in out.iter_mut().zip(sums).enumerate() {
                let middle = middles.map_or(middle, |middles| middles[group][at]);
                let whole = sum.wrapping_sub(middle.wrapping_mul(x.sums[place]));
                *out = (whole as f32).mul_add(scales.get(group, at) * x.scales[place], *out);
                if let Some(offsets) = offsets {
                    *out = x.totals[place].mul_add(offsets.get(group, at), *out);
                }
            }
        }
    }
}

/// `sums += levels . codes` of eight columns.
#[inline(always)]
fn add_four_bits(line: &Line, codes: &[i8; 8], sums: &mut [i32; ROWS]) {
    let codes = codes.map(i32::from);
    for (sum, bytes) in sums.iter_mut().zip(line.0.as_chunks::<4>().0) {
        for (j, &byte) in bytes.iter().enumerate() {
            *sum = sum.wrapping_add(i32::from(byte & 15) * codes[j] + i32::from(byte >> 4) * codes[4 + j]);
        }
    }
}

/// `sums += levels . codes` of four columns.
#[inline(always)]
fn add_bytes(line: &Line, codes: &[i8; 4], sums: &mut [i32; ROWS]) {
    let codes = codes.map(i32::from);
    for (sum, bytes) in sums.iter_mut().zip(line.0.as_chunks::<4>().0) {
        for (&byte, code) in bytes.iter().zip(codes) {
            *sum = sum.wrapping_add(i32::from(byte) * code);
        }
    }
}
