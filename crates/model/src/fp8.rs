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

/// The nearest number that has a code: `decode(encode(value))`, in arithmetic alone.
///
/// ```
/// use model::fp8::round;
/// assert_eq!((round(1.0), round(-1e9), round(17.0), round(0.001)), (1.0, -448.0, 16.0, 0.001953125));
/// ```
#[inline(always)]
pub fn round(value: f32) -> f32 {
    let size = value.abs();
    let size = if size > MAX { MAX } else { size };
    // From 2^-6 on three bits of fraction are kept; below, numbers are 2^-9 apart, as f32s near 2^14 are.
    let bits = size.to_bits();
    let kept = f32::from_bits((bits + 0x7_FFFF + (bits >> 20 & 1)) & !0xF_FFFF);
    let small = (size + 16_384.0) - 16_384.0;
    let rounded = if size < 1.0 / 64.0 { small } else { kept };
    let rounded = if size.is_nan() { size } else { rounded };
    rounded.copysign(value)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rounding_is_encoding_and_decoding() {
        for top in 0..=u16::MAX {
            for low in [0, 1, 0x7FFF, 0x8000, 0x8001, 0xFFFF] {
                let value = f32::from_bits(u32::from(top) << 16 | low);
                let (ours, coded) = (round(value), decode(encode(value)));
                assert!(
                    ours.to_bits() == coded.to_bits() || ours.is_nan() && coded.is_nan(),
                    "{value}: {ours}, {coded}"
                );
            }
        }
    }

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
