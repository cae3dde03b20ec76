//! The kernels in plain Rust: what every other version must equal, bit for bit.

use super::pairs::LEAST_INPUT;
use crate::gguf::{self, Kind};
use crate::{Fp8, Packed, fp8};

/// Lanes of one accumulator.
pub const LANES: usize = 16;
/// Values of k whose products are added up before the next block's begin: rows of x and of w stay in the level-1 cache.
pub const BLOCK: usize = 512;

/// The fixed order in which the lanes of an accumulator are added: halves onto halves.
#[inline(always)]
pub fn sum_lanes(lanes: [f32; LANES]) -> f32 {
    let a: [f32; 8] = std::array::from_fn(|lane| lanes[lane] + lanes[lane + 8]);
    ((a[0] + a[4]) + (a[2] + a[6])) + ((a[1] + a[5]) + (a[3] + a[7]))
}

/// `sum_k x[k] w[k]`: blocks of [`BLOCK`] values in order. In a block, lane l takes k = 16j + l in order, the last
/// `len % 16` values going to the first lanes.
#[inline(always)]
pub fn dot(x: &[f32], w: &[f32]) -> f32 {
    let blocks = x.chunks(BLOCK).zip(w.chunks(BLOCK)).map(|(x, w)| dot_of_block(x, w));
    blocks.reduce(|sum, block| sum + block).unwrap_or(0.0)
}

#[inline(always)]
fn dot_of_block(x: &[f32], w: &[f32]) -> f32 {
    let mut lanes = [0.0f32; LANES];
    let ((x_whole, x_rest), (w_whole, w_rest)) = (x.as_chunks::<LANES>(), w.as_chunks::<LANES>());
    for (x, w) in x_whole.iter().zip(w_whole) {
        for lane in 0..LANES {
            lanes[lane] = x[lane].mul_add(w[lane], lanes[lane]);
        }
    }
    for (lane, (x, w)) in lanes.iter_mut().zip(x_rest.iter().zip(w_rest)) {
        *lane = x.mul_add(*w, *lane);
    }
    sum_lanes(lanes)
}

/// `out[r * stride + c] = x[r] . w[c]` for `x` `[m, k]` and `w` `[n, k]`.
#[cfg(test)]
pub fn rows_by_rows(x: &[f32], w: &[f32], k: usize, out: &mut [f32], stride: usize) {
    for (row, x) in x.chunks_exact(k).enumerate() {
        for (col, w) in w.chunks_exact(k).enumerate() {
            out[row * stride + col] = dot(x, w);
        }
    }
}

/// [`rows_by_rows`] with the rows `rows` of a weight, each widened by itself.
#[cfg(test)]
pub fn rows_by_held(x: &[f32], w: &crate::Weight, rows: std::ops::Range<usize>, out: &mut [f32], stride: usize) {
    let k = w.shape().1;
    let mut wide = vec![0.0f32; k];
    for (col, row) in rows.enumerate() {
        w.widen_row(row, &mut wide);
        for (row, x) in x.chunks_exact(k).enumerate() {
            out[row * stride + col] = dot(x, &wide);
        }
    }
}

/// One row of a packed weight in f32, `[cols]`.
pub fn widen_packed(w: &Packed, row: usize, out: &mut [f32]) {
    w.widen_row(row, out);
}

/// One row of 8-bit floats in f32, `[cols]`.
pub fn widen_fp8(w: &Fp8, row: usize, out: &mut [f32]) {
    w.widen_row(row, out);
}

/// Rows of blocks in f32.
#[inline(always)]
pub fn widen_blocks(kind: Kind, bytes: &[u8], out: &mut [f32]) {
    gguf::widen(kind, bytes, out);
}

/// Rows `v` `[n, columns]` that are weighted and added, which lie `v_stride` apart, and the weights of each sum, `p_stride`
/// apart.
#[derive(Debug, Clone, Copy)]
pub struct Weighted<'a> {
    pub p: &'a [f32],
    pub p_stride: usize,
    pub v: &'a [f32],
    pub v_stride: usize,
    pub columns: usize,
}

#[cfg(target_arch = "x86_64")]
impl Weighted<'_> {
    /// The rows from `from` on, and the sums from `r` on.
    pub fn of(self, r: usize, from: usize) -> Self {
        let p = &self.p[(r * self.p_stride + from).min(self.p.len())..];
        Self { p, v: &self.v[(from * self.v_stride).min(self.v.len())..], ..self }
    }
}

/// Adds `sum_j p[r][j] v[j]` over the first `lens[r]` of the j to each row r of `out`, in order of j.
pub fn add_weighted_rows(weighted: Weighted<'_>, lens: &[usize], out: &mut [f32], stride: usize) {
    let Weighted { p, p_stride, v, v_stride, columns } = weighted;
    for (row, &len) in lens.iter().enumerate() {
        let out = &mut out[row * stride..][..columns];
        for (&p, v) in p[row * p_stride..][..len].iter().zip(v.chunks(v_stride.max(1))) {
            for (out, &v) in out.iter_mut().zip(v) {
                *out = p.mul_add(v, *out);
            }
        }
    }
}

/// 1.5 * 2^23: adding it leaves no place for a fraction, and the whole number, ties to even, in the low bits.
const MAGIC: f32 = 12_582_912.0;

/// `e^x` within 2 units in the last place for x in [-86.6, 88]; outside, the value at the nearer end.
///
/// Range reduction by ln 2 in two parts, then the degree-6 polynomial of Cephes (Moshier 1989), all in FMA.
#[inline(always)]
pub fn exp(x: f32) -> f32 {
    let x = if x > -86.6 { x } else { -86.6 };
    let x = if x < 88.0 { x } else { 88.0 };
    let shifted = x.mul_add(std::f32::consts::LOG2_E, MAGIC);
    let n = shifted - MAGIC;
    let r = n.mul_add(-0.693_359_4, x);
    let r = n.mul_add(2.121_944_4e-4, r);
    let p = 1.987_569_2e-4f32.mul_add(r, 1.398_199_9e-3);
    let p = p.mul_add(r, 8.333_452e-3);
    let p = p.mul_add(r, 4.166_579_6e-2);
    let p = p.mul_add(r, 1.666_666_5e-1);
    let p = p.mul_add(r, 0.5);
    let y = p.mul_add(r * r, r) + 1.0;
    f32::from_bits(y.to_bits().wrapping_add(shifted.to_bits() << 23))
}

/// A softmax whose scores come block after block.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Soft {
    /// The largest score so far.
    pub most: f32,
    /// The sum of `e^(score - most)` so far.
    pub sum: f32,
}

impl Soft {
    /// Before the first score.
    pub const START: Self = Self { most: f32::NEG_INFINITY, sum: 0.0 };
}

/// Turns more scores into `e^(score - most)`, in place. Gives what weights so far are to be multiplied by, since `most`
/// may have grown: 1 where it has not.
#[inline(always)]
pub fn online_softmax(row: &mut [f32], soft: &mut Soft) -> f32 {
    let most = largest(row, soft.most);
    let factor = if most > soft.most { exp(soft.most - most) } else { 1.0 };
    soft.most = most;
    soft.sum = soft.sum.mul_add(factor, exp_of_differences(row, most));
    factor
}

/// The largest of `row` and `least`.
#[inline(always)]
fn largest(row: &[f32], least: f32) -> f32 {
    let mut most = [least; LANES];
    let (whole, rest) = row.as_chunks::<LANES>();
    for chunk in whole {
        for lane in 0..LANES {
            most[lane] = if chunk[lane] > most[lane] { chunk[lane] } else { most[lane] };
        }
    }
    most.iter().chain(rest).fold(least, |a, &b| if b > a { b } else { a })
}

/// `e^(x - most)` of a row, in place, and their sum, lane by lane.
#[inline(always)]
fn exp_of_differences(row: &mut [f32], most: f32) -> f32 {
    let mut lanes = [0.0f32; LANES];
    let (whole, rest) = row.as_chunks_mut::<LANES>();
    for chunk in whole {
        for lane in 0..LANES {
            chunk[lane] = exp(chunk[lane] - most);
            lanes[lane] += chunk[lane];
        }
    }
    for (lane, value) in lanes.iter_mut().zip(rest) {
        *value = exp(*value - most);
        *lane += *value;
    }
    sum_lanes(lanes)
}

/// Softmax of one row, in place: `e^(x - max) / sum`.
#[inline(always)]
pub fn softmax(row: &mut [f32]) {
    let most = largest(row, f32::NEG_INFINITY);
    let scale = 1.0 / exp_of_differences(row, most);
    row.iter_mut().for_each(|value| *value *= scale);
}

/// `gate = gate / (1 + e^-gate) * up`, in place.
#[inline(always)]
pub fn silu_times(gate: &mut [f32], up: &[f32]) {
    for (gate, &up) in gate.iter_mut().zip(up) {
        *gate = *gate / (1.0 + exp(-*gate)) * up;
    }
}

/// `tanh(x)`, within 1e-7.
#[inline(always)]
fn tanh(x: f32) -> f32 {
    let small = exp(-2.0 * x.abs());
    ((1.0 - small) / (1.0 + small)).copysign(x)
}

/// `gate = x / 2 * (1 + tanh(sqrt(2 / pi) (x + 0.044715 x^3))) * up`, x the gate, in place.
#[inline(always)]
pub fn gelu_tanh_times(gate: &mut [f32], up: &[f32]) {
    for (gate, &up) in gate.iter_mut().zip(up) {
        let x = *gate;
        let inner = 0.797_884_6 * (0.044_715 * x * x).mul_add(x, x);
        // x (1 + tanh u) / 2 = x / (1 + e^(-2u)), which keeps its digits where tanh is near -1.
        *gate = x / (1.0 + exp(-2.0 * inner)) * up;
    }
}

/// `gate = (u + 1) * g / (1 + e^(-alpha g))`, g the gate up to the limit and u up within it on both sides, in place.
#[inline(always)]
pub fn clamped_times(gate: &mut [f32], up: &[f32], limit: f32, alpha: f32) {
    for (gate, &up) in gate.iter_mut().zip(up) {
        let (g, u) = (gate.min(limit), up.max(-limit).min(limit));
        *gate = (u + 1.0) * (g / (1.0 + exp(-alpha * g)));
    }
}

/// `cap * tanh(value / cap)` in place.
#[inline(always)]
pub fn soft_cap(values: &mut [f32], cap: f32) {
    values.iter_mut().for_each(|value| *value = cap * tanh(*value / cap));
}

/// GELU in place: `x * (1 + erf(x / sqrt 2)) / 2`, within 2e-7 of the largest of 1 and |x|.
///
/// `erfc(u) = e^(-u^2) t P(t)` with `t = 1 / (1 + 0.4 u)` for u >= 0; P, of degree 8, interpolates at Chebyshev nodes and is
/// within 4e-8 of `erfc(u) e^(u^2) / t`.
#[inline(always)]
pub fn gelu(values: &mut [f32]) {
    const P: [f32; 9] = [
        0.225_403_58,
        0.229_934_37,
        0.179_436_58,
        0.273_534_78,
        -0.094_067_75,
        0.322_810_92,
        -0.109_284_22,
        -0.051_606_71,
        0.023_838_47,
    ];
    for x in values {
        let u = x.abs() * std::f32::consts::FRAC_1_SQRT_2;
        let t = 1.0 / 0.4f32.mul_add(u, 1.0);
        let p = P.iter().rev().fold(0.0, |p: f32, &c| p.mul_add(t, c));
        // The half of erfc(u): what lies beyond |x| of the normal distribution.
        let beyond = 0.5 * exp(-u * u) * t * p;
        *x *= if *x < 0.0 { beyond } else { 1.0 - beyond };
    }
}

/// Layer norm of one row in place: `(x - mean) / sqrt(variance + eps) * weight + bias`.
#[inline(always)]
pub fn layer_norm(row: &mut [f32], weight: &[f32], bias: &[f32], eps: f32) {
    let count = row.len() as f32;
    let mut lanes = [0.0f32; LANES];
    row.chunks(LANES).for_each(|chunk| lanes.iter_mut().zip(chunk).for_each(|(lane, x)| *lane += x));
    let mean = sum_lanes(lanes) / count;
    row.iter_mut().for_each(|x| *x -= mean);
    let scale = 1.0 / (dot(row, row) / count + eps).sqrt();
    for ((x, &weight), &bias) in row.iter_mut().zip(weight).zip(bias) {
        *x = (*x * scale).mul_add(weight, bias);
    }
}

/// The least and the largest number, lane by lane; of none, an empty range.
#[inline(always)]
pub fn extent(values: &[f32]) -> (f32, f32) {
    let (mut low, mut high) = ([f32::INFINITY; LANES], [f32::NEG_INFINITY; LANES]);
    let (whole, rest) = values.as_chunks::<LANES>();
    for chunk in whole {
        for lane in 0..LANES {
            low[lane] = if chunk[lane] < low[lane] { chunk[lane] } else { low[lane] };
            high[lane] = if chunk[lane] > high[lane] { chunk[lane] } else { high[lane] };
        }
    }
    for (lane, &value) in rest.iter().enumerate() {
        low[lane] = if value < low[lane] { value } else { low[lane] };
        high[lane] = if value > high[lane] { value } else { high[lane] };
    }
    (low.into_iter().fold(f32::INFINITY, f32::min), high.into_iter().fold(f32::NEG_INFINITY, f32::max))
}

/// Rounds numbers to whole ones in -128..=127 of a step, ties to even, times the factor.
#[inline(always)]
pub fn round_to_int8(row: &mut [f32], step: f32, factor: f32) {
    row.iter_mut().for_each(|x| *x = (*x / step).round_ties_even().clamp(-128.0, 127.0) * factor);
}

/// The whole numbers alone, in -128..=127; of what is no number, 0.
#[inline(always)]
pub fn int8_codes(row: &[f32], step: f32, codes: &mut [i8]) {
    for (code, &x) in codes.iter_mut().zip(row) {
        *code = ((x / step).clamp(-128.0, 127.0) + MAGIC).to_bits() as i8;
    }
}

/// The sum of each so many codes, the last of what is left.
#[inline(always)]
pub fn sums_of_codes(codes: &[i8], size: usize, sums: &mut [i32]) {
    for (sum, codes) in sums.iter_mut().zip(codes.chunks(size.max(1))) {
        *sum = codes.iter().map(|&code| i32::from(code)).sum();
    }
}

/// Rounds numbers to bfloat16, ties to even, those nearer to zero than 2^-48 to it.
#[inline(always)]
pub fn round_to_bf16(row: &[f32], out: &mut [u16]) {
    for (out, x) in out.iter_mut().zip(row) {
        let bits = x.to_bits();
        let rounded = bits.wrapping_add(0x7FFF + (bits >> 16 & 1));
        let kept = if x.abs() < LEAST_INPUT { 0 } else { rounded };
        // What is no number stays none.
        *out = ((if x.is_nan() { bits | 0x40_0000 } else { kept }) >> 16) as u16;
    }
}

/// Rounds numbers to those of e4m3 times the scale.
#[inline(always)]
pub fn round_to_fp8(row: &mut [f32], scale: f32) {
    row.iter_mut().for_each(|x| *x = fp8::round(*x / scale) * scale);
}

/// Codes of 8 bits, or of 4 with the first in the low half of a byte, of numbers that are `low + code * step`, ties to even. Of
/// equal numbers the step is 0, and every code is.
#[inline(always)]
pub fn round_to_codes(numbers: &[f32], (low, step): (f32, f32), bits: u8, codes: &mut [u8]) {
    let top = f32::from(u8::MAX >> (8 - bits));
    let code = |number: f32| ((number - low) / step).round_ties_even().clamp(0.0, top) as u8;
    if bits == 8 {
        return codes.iter_mut().zip(numbers).for_each(|(out, &number)| *out = code(number));
    }
    for (out, pair) in codes.iter_mut().zip(numbers.chunks(2)) {
        *out = code(pair[0]) | pair.get(1).map_or(0, |&number| code(number) << 4);
    }
}

/// The numbers of codes.
#[inline(always)]
pub fn widen_codes(codes: &[u8], (low, step): (f32, f32), bits: u8, numbers: &mut [f32]) {
    let number = |code: u8| f32::from(code).mul_add(step, low);
    if bits == 8 {
        return numbers.iter_mut().zip(codes).for_each(|(out, &code)| *out = number(code));
    }
    for (out, code) in numbers.chunks_mut(2).zip(codes) {
        out.iter_mut().zip([code & 0xF, code >> 4]).for_each(|(out, code)| *out = number(code));
    }
}

/// The nearest whole number, ties to even, of numbers below a million; of larger ones, a large number.
#[inline(always)]
pub fn round(x: f32) -> f32 {
    (x.clamp(-1e6, 1e6) + MAGIC) - MAGIC
}

/// Rounds weights to a grid in place: `scale * (clamp(round(w / scale) + zero, 0, top) - zero)`.
#[inline(always)]
pub fn round_to_grid(weights: &mut [f32], scale: f32, zero: f32, top: f32) {
    for w in weights {
        *w = scale * ((round(*w / scale) + zero).clamp(0.0, top) - zero);
    }
}

/// `target -= factor * row`
#[inline(always)]
pub fn subtract_scaled(target: &mut [f32], factor: f32, row: &[f32]) {
    for (target, &value) in target.iter_mut().zip(row) {
        *target -= factor * value;
    }
}

/// `difference = difference / scales - weights`
#[inline(always)]
pub fn unscaled_error(difference: &mut [f32], scales: &[f32], weights: &[f32]) {
    for ((d, &s), &w) in difference.iter_mut().zip(scales).zip(weights) {
        *d = *d / s - w;
    }
}
