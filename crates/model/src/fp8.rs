//! 8-bit floating point: e4m3 without infinities (Micikevicius et al. 2022; `F8_E4M3` in safetensors).
//!
//! A sign bit, 4 bits of exponent with bias 7, 3 bits of fraction; 448 is the largest number, `0x7F` and `0xFF` are NaN.

use std::sync::OnceLock;

/// The largest number.
pub const MAX: f32 = 448.0;

/// The number of a code.
///
/// ```
/// assert_eq!((model::fp8::decode(0x38), model::fp8::decode(0xFE), model::fp8::decode(0x01)), (1.0, -448.0, 0.001953125));
/// ```
pub fn decode(code: u8) -> f32 {
    static NUMBERS: OnceLock<[f32; 256]> = OnceLock::new();
    NUMBERS.get_or_init(|| std::array::from_fn(|code| number(code as u8)))[usize::from(code)]
}

fn number(code: u8) -> f32 {
    let (exponent, fraction) = (i32::from((code >> 3) & 0xF), f32::from(code & 7));
    let size = match (exponent, code & 7) {
        (0xF, 7) => f32::NAN,
        (0, _) => fraction / 512.0,
        _ => (1.0 + fraction / 8.0) * 2f32.powi(exponent - 7),
    };
    if code & 0x80 == 0 { size } else { -size }
}

/// The code of the nearest number, ties to the even code; what is beyond 448 becomes 448.
///
/// ```
/// use model::fp8::encode;
/// assert_eq!((encode(1.0), encode(1e9), encode(-0.0), encode(17.0)), (0x38, 0x7E, 0x80, 0x58));
/// ```
pub fn encode(value: f32) -> u8 {
    let sign = if value.is_sign_negative() { 0x80 } else { 0 };
    let size = value.abs();
    if size.is_nan() {
        return sign | 0x7F;
    }
    if size >= MAX {
        return sign | 0x7E;
    }
    // Below 2^-6 codes are equally far apart; above, eight of them to each power of two.
    let exponent = ((size.to_bits() >> 23) as i32 - 127).max(-6);
    let steps = (size * 2f32.powi(3 - exponent)).round_ties_even() as u8;
    sign | ((((exponent + 6) as u8) << 3) + steps)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_number_has_its_own_code_and_values_between_go_to_the_nearest() {
        for code in (0..=0xFF).filter(|code| code & 0x7F != 0x7F) {
            assert_eq!(encode(decode(code)), code);
        }
        for code in 0..0x7Eu8 {
            let (low, high) = (decode(code), decode(code + 1));
            assert!(low < high);
            let middle = (low + high) / 2.0;
            assert_eq!(encode(middle.next_down()), code);
            assert_eq!(encode(middle.next_up()), code + 1);
            assert_eq!(encode(middle) % 2, 0, "{middle}");
            assert_eq!(encode(-middle), 0x80 | encode(middle));
        }
        assert!(decode(encode(f32::NAN)).is_nan() && decode(0xFF).is_nan());
        assert_eq!((encode(f32::INFINITY), encode(449.0), encode(1e-30)), (0x7E, 0x7E, 0));
    }
}
