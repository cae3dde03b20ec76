//! Blocks of 32 numbers.
//!
//! d and m are f16, little-endian. In "halves" byte j of a run of 16 holds number j in its low and number j + 16 in its
//! high four bits.

use super::{NOTHING, Number, half_at, nibbles};

/// `d`, 16 bytes of halves: `d * (q - 8)`.
#[inline(always)]
pub fn q4_0<T>(block: &[u8; 18], out: &mut [T; 32], number: impl Number<T>) {
    let d = half_at(block, 0);
    nibbles(&block[2..], out, |q, _| number(q as i8 - 8, d, NOTHING));
}

/// `d`, `m`, 16 bytes of halves: `d * q + m`.
#[inline(always)]
pub fn q4_1<T>(block: &[u8; 20], out: &mut [T; 32], number: impl Number<T>) {
    let (d, m) = (half_at(block, 0), half_at(block, 2));
    nibbles(&block[4..], out, |q, _| number(q as i8, d, m));
}

/// `d`, 32 fifth bits, 16 bytes of halves: `d * (q - 16)`.
#[inline(always)]
pub fn q5_0<T>(block: &[u8; 22], out: &mut [T; 32], number: impl Number<T>) {
    let (d, high) = (half_at(block, 0), word(block, 2));
    nibbles(&block[6..], out, |q, at| number(fifth(q, high, at) as i8 - 16, d, NOTHING));
}

/// `d`, `m`, 32 fifth bits, 16 bytes of halves: `d * q + m`.
#[inline(always)]
pub fn q5_1<T>(block: &[u8; 24], out: &mut [T; 32], number: impl Number<T>) {
    let (d, m, high) = (half_at(block, 0), half_at(block, 2), word(block, 4));
    nibbles(&block[8..], out, |q, at| number(fifth(q, high, at) as i8, d, m));
}

/// `d`, 32 signed bytes: `d * q`.
#[inline(always)]
pub fn q8_0<T>(block: &[u8; 34], out: &mut [T; 32], number: impl Number<T>) {
    let d = half_at(block, 0);
    out.iter_mut().zip(&block[2..]).for_each(|(out, &q)| *out = number(q as i8, d, NOTHING));
}

/// The levels of the IQ4 types.
pub const LEVELS: [i8; 16] = [-127, -104, -83, -65, -49, -35, -22, -10, 1, 13, 25, 38, 53, 69, 89, 113];

/// `d`, 16 bytes of halves: `d * level[q]`.
#[inline(always)]
pub fn iq4_nl<T>(block: &[u8; 18], out: &mut [T; 32], number: impl Number<T>) {
    let d = half_at(block, 0);
    nibbles(&block[2..], out, |q, _| number(LEVELS[usize::from(q)], d, NOTHING));
}

/// Exponent `e`, 16 bytes of halves: `2^(e - 127)` times 0, 0.5, 1, 1.5, 2, 3, 4, 6, negative from q = 8 on.
#[inline(always)]
pub fn mxfp4<T>(block: &[u8; 17], out: &mut [T; 32], number: impl Number<T>) {
    let scale = mxfp4_scale(block[0]);
    nibbles(&block[1..], out, |q, _| number(MXFP4_LEVELS[usize::from(q)], scale, NOTHING));
}

/// Twice the 4-bit floats.
pub const MXFP4_LEVELS: [i8; 16] = [0, 1, 2, 3, 4, 6, 8, 12, 0, -1, -2, -3, -4, -6, -8, -12];

/// `2^(e - 128)`, which is subnormal for e < 2.
#[inline(always)]
pub fn mxfp4_scale(exponent: u8) -> f32 {
    match exponent {
        small @ 0..2 => f32::from_bits(0x0020_0000 << small),
        e => f32::from_bits(u32::from(e - 1) << 23),
    }
}

#[inline(always)]
fn fifth(q: u8, high: u32, at: usize) -> u8 {
    q | ((high >> at & 1) as u8) << 4
}

#[inline(always)]
fn word(block: &[u8], at: usize) -> u32 {
    u32::from_le_bytes([block[at], block[at + 1], block[at + 2], block[at + 3]])
}
