//! Whole numbers of any size, as Python converts and prints them.

use num_bigint::{BigInt, ToBigInt};

/// The bits of numbers that Python prints in decimal: about 4300 digits.
const DECIMAL_BITS: u64 = 447 * 32;

/// The nearest `f64`, infinite where there is none.
pub(super) fn to_f64(int: &BigInt) -> f64 {
    match int.bits() {
        // Printing and reading back rounds correctly.
        0..=1024 => int.to_string().parse().unwrap_or(f64::INFINITY),
        _ if *int < BigInt::ZERO => f64::NEG_INFINITY,
        _ => f64::INFINITY,
    }
}

/// The whole number that a float is; `None` where it has a fraction or is not finite.
pub(super) fn from_f64(value: f64) -> Option<BigInt> {
    if value.fract() == 0.0 { value.to_bigint() } else { None }
}

/// Decimal, as Python prints it. Numbers that Python refuses to print (over 4300 digits) are in hexadecimal, for
/// which the time is linear.
pub(super) fn int_text(int: &BigInt) -> String {
    if int.bits() <= DECIMAL_BITS {
        return int.to_string();
    }
    let (sign, digits) = (if *int < BigInt::ZERO { "-" } else { "" }, int.magnitude().to_str_radix(16));
    let zeros = "0".repeat(digits.len().next_multiple_of(8) - digits.len());
    format!("{sign}0x{zeros}{digits}")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn int(text: &str) -> Option<BigInt> {
        text.parse().ok()
    }

    #[test]
    fn numbers_of_any_size_print_as_they_were_read() {
        let (long, longer) = (format!("1{}", "0".repeat(999)), format!("-1{}", "f".repeat(3577)));
        for text in ["0", "9223372036854775807", "9223372036854775808", "123456789012345678901234567890", &long] {
            assert_eq!(int(text).map(|n| int_text(&n)).as_deref(), Some(text));
        }
        let hexadecimal = BigInt::parse_bytes(longer.as_bytes(), 16);
        assert_eq!(hexadecimal.map(|n| int_text(&n)), Some(format!("-0x0000001{}", "f".repeat(3577))));
        assert_eq!(int("007"), Some(BigInt::from(7)));
        assert_eq!(int("9223372036854775808").map(|n| -n), Some(BigInt::from(i64::MIN)));
    }

    #[test]
    fn floats_are_whole_numbers_where_they_are() {
        assert_eq!(from_f64(1e22), int("10000000000000000000000"));
        assert_eq!(from_f64(-3.0), Some(BigInt::from(-3)));
        assert_eq!(from_f64(1.8446744073709552e19), int("18446744073709551616"));
        assert_eq!((from_f64(0.5), from_f64(f64::INFINITY), from_f64(f64::NAN)), (None, None, None));
    }

    #[test]
    fn whole_numbers_are_the_nearest_floats() {
        let float = |text: &str| int(text).map(|n| to_f64(&n));
        assert_eq!(float("9007199254740993"), Some(9007199254740992.0));
        assert_eq!(float(&format!("-1{}", "0".repeat(308))), Some(-1e308));
        assert_eq!(float(&format!("-1{}", "0".repeat(309))), Some(f64::NEG_INFINITY));
    }
}
