//! Blocks of 256 numbers in groups of 16 or 32, each with a small scale of its own.
//!
//! d and m are f16, little-endian. Scales are multiplied first, in f32, then by q, then the offset is taken off.

use super::small::LEVELS;
use super::{NOTHING, Number, half_at, nibbles};

/// 16 `s`, 64 bytes of two-bit q, `d`, `m`; a group of 16: `d * (s & 15) * q - m * (s >> 4)`.
#[inline(always)]
pub fn q2_k<T>(block: &[u8; 84], out: &mut [T; 256], number: impl Number<T>) {
    let (d, m) = (half_at(block, 80), half_at(block, 82));
    for (group, run) in out.as_chunks_mut::<16>().0.iter_mut().enumerate() {
        let (scale, offset) = (d * f32::from(block[group] & 15), m * f32::from(block[group] >> 4));
        two_bits(&block[16..80], group, run, |q, _| number(q as i8, scale, -offset));
    }
}

/// 32 bytes of third bits, 64 of two-bit q, 12 of six-bit `s`, `d`; a group of 16: `d * (s - 32) * (q - 4)`.
#[inline(always)]
pub fn q3_k<T>(block: &[u8; 110], out: &mut [T; 256], number: impl Number<T>) {
    let d = half_at(block, 108);
    let packed = &block[96..108];
    for (group, run) in out.as_chunks_mut::<16>().0.iter_mut().enumerate() {
        let low = packed[group % 8] >> (group / 8 * 4) & 15;
        let high = packed[8 + group % 4] >> (group / 4 * 2) & 3;
        let scale = d * f32::from((low | high << 4) as i8 - 32);
        let (bits, shift) = (&block[group % 2 * 16..][..16], group / 2);
        two_bits(&block[32..96], group, run, |q, at| {
            number((q | (bits[at] >> shift & 1) << 2) as i8 - 4, scale, NOTHING)
        });
    }
}

/// `d`, `m`, 12 bytes of six-bit `s` and `o`, 128 bytes of q; a group of 32: `d * s * q - m * o`. A run of 32 bytes holds one
/// group in its low and the next in its high four bits.
#[inline(always)]
pub fn q4_k<T>(block: &[u8; 144], out: &mut [T; 256], number: impl Number<T>) {
    let (d, m) = (half_at(block, 0), half_at(block, 2));
    for (group, run) in out.as_chunks_mut::<32>().0.iter_mut().enumerate() {
        let (scale, offset) = scale_and_offset(&block[4..16], group);
        let (scale, offset) = (d * f32::from(scale), m * f32::from(offset));
        let (bytes, shift) = (&block[16 + group / 2 * 32..][..32], group % 2 * 4);
        run.iter_mut().zip(bytes).for_each(|(out, byte)| *out = number((byte >> shift & 15) as i8, scale, -offset));
    }
}

/// As [`q4_k`], with 32 bytes of fifth bits before q: bit g of byte j is that of number j of group g.
#[inline(always)]
pub fn q5_k<T>(block: &[u8; 176], out: &mut [T; 256], number: impl Number<T>) {
    let (d, m) = (half_at(block, 0), half_at(block, 2));
    let bits = &block[16..48];
    for (group, run) in out.as_chunks_mut::<32>().0.iter_mut().enumerate() {
        let (scale, offset) = scale_and_offset(&block[4..16], group);
        let (scale, offset) = (d * f32::from(scale), m * f32::from(offset));
        let (bytes, shift) = (&block[48 + group / 2 * 32..][..32], group % 2 * 4);
        for ((out, byte), bit) in run.iter_mut().zip(bytes).zip(bits) {
            *out = number((byte >> shift & 15 | (bit >> group & 1) << 4) as i8, scale, -offset);
        }
    }
}

/// 128 bytes of the low four and 64 of the high two bits of q, 16 signed `s`, `d`; a group of 16: `d * s * (q - 32)`.
#[inline(always)]
pub fn q6_k<T>(block: &[u8; 210], out: &mut [T; 256], number: impl Number<T>) {
    let d = half_at(block, 208);
    for (group, run) in out.as_chunks_mut::<16>().0.iter_mut().enumerate() {
        let scale = d * f32::from(block[192 + group] as i8);
        // 128 numbers a half, eight groups; the first four of them lie in low nibbles.
        let (half, within) = (group / 8, group % 8);
        let (low, shift) = (&block[half * 64 + within % 4 * 16..][..16], within / 4 * 4);
        let (high, lift) = (&block[128 + half * 32 + within % 2 * 16..][..16], within / 2 * 2);
        for ((out, low), high) in run.iter_mut().zip(low).zip(high) {
            *out = number((low >> shift & 15 | (high >> lift & 3) << 4) as i8 - 32, scale, NOTHING);
        }
    }
}

/// `d`, high two bits of eight `s`, their low four, 128 bytes of halves; a group of 32: `d * (s - 32) * level[q]`.
#[inline(always)]
pub fn iq4_xs<T>(block: &[u8; 136], out: &mut [T; 256], number: impl Number<T>) {
    let d = half_at(block, 0);
    let high = u16::from_le_bytes([block[2], block[3]]);
    for (group, run) in out.as_chunks_mut::<32>().0.iter_mut().enumerate() {
        let low = block[4 + group / 2] >> (group % 2 * 4) & 15;
        let scale = d * f32::from((low | ((high >> (group * 2) & 3) as u8) << 4) as i8 - 32);
        nibbles(&block[8 + group * 16..], run, |q, _| number(LEVELS[usize::from(q)], scale, NOTHING));
    }
}

/// Ternary digits, five to a byte, the first ones highest, as a share of 256; then `d`: `d * (digit - 1)`. 32 bytes give 160
/// numbers (the first digit of each, then the second, ...), 16 bytes 80, 4 bytes 16.
#[inline(always)]
pub fn tq1_0<T>(block: &[u8; 54], out: &mut [T; 256], number: impl Number<T>) {
    let d = half_at(block, 52);
    for (bytes, from) in [(&block[..32], 0), (&block[32..48], 160), (&block[48..52], 240)] {
        for (at, out) in out[from..].iter_mut().enumerate().take(bytes.len() * 5) {
            let digit = bytes[at % bytes.len()].wrapping_mul([1, 3, 9, 27, 81][at / bytes.len()]);
            *out = number(((u16::from(digit) * 3) >> 8) as i8 - 1, d, NOTHING);
        }
    }
}

/// 64 bytes of two-bit q, `d`: `d * (q - 1)`.
#[inline(always)]
pub fn tq2_0<T>(block: &[u8; 66], out: &mut [T; 256], number: impl Number<T>) {
    let d = half_at(block, 64);
    for (group, run) in out.as_chunks_mut::<16>().0.iter_mut().enumerate() {
        two_bits(&block[..64], group, run, |q, _| number(q as i8 - 1, d, NOTHING));
    }
}

/// The 16 numbers of a group of two-bit q: a run of 32 bytes holds 128 numbers, 32 in bits 0 and 1, the next 32 in bits 2
/// and 3, and so on.
#[inline(always)]
fn two_bits<T>(bytes: &[u8], group: usize, out: &mut [T; 16], value: impl Fn(u8, usize) -> T) {
    let (half, within) = (group / 8, group % 8);
    let bytes = &bytes[half * 32 + within % 2 * 16..][..16];
    for (at, out) in out.iter_mut().enumerate() {
        *out = value(bytes[at] >> (within / 2 * 2) & 3, at);
    }
}

/// Six-bit scale and offset of a group, of 12 bytes: of the first four groups in the low six bits of bytes 0 to 3 and 4 to
/// 7; of the others their low four bits in the last four bytes, their high two above the first ones.
#[inline(always)]
pub fn scale_and_offset(packed: &[u8], group: usize) -> (u8, u8) {
    match group {
        0..4 => (packed[group] & 63, packed[group + 4] & 63),
        _ => (packed[group + 4] & 15 | packed[group - 4] >> 6 << 4, packed[group + 4] >> 4 | packed[group] >> 6 << 4),
    }
}
