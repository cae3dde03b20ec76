//! Whole numbers of any size, as Python has them.

use std::fmt;

/// Limbs of 4300 decimal digits.
const DECIMAL_LIMBS: usize = 447;

/// A whole number. Two of the same number are equal: what fits `i64` is always `Small`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Int {
    /// Fits 64 bits.
    Small(i64),
    /// Does not fit: sign and magnitude, 32 bits a limb, the least significant first, the last not zero.
    Big {
        /// Below zero.
        negative: bool,
        /// The magnitude.
        limbs: Vec<u32>,
    },
}

impl Int {
    /// The number of ASCII digits in `radix` (2 to 16); `None` where one is no digit.
    pub fn parse(digits: &[u8], radix: u32) -> Option<Self> {
        let mut small: u64 = 0;
        let mut limbs: Option<Vec<u32>> = None;
        for &byte in digits {
            let digit = char::from(byte).to_digit(radix)?;
            let next = small.checked_mul(u64::from(radix)).and_then(|value| value.checked_add(u64::from(digit)));
            match (&mut limbs, next) {
                (Some(limbs), _) => grow(limbs, radix, digit),
                (None, Some(next)) => small = next,
                (None, None) => {
                    let mut all = split(small);
                    grow(&mut all, radix, digit);
                    limbs = Some(all);
                }
            }
            // Digits of a power of two are too cheap to limit, but must not be multiplied in one by one.
            if limbs.is_some() && radix.is_power_of_two() && digits.len() > 64 {
                return from_bits(digits, radix);
            }
        }
        Some(match (limbs, i64::try_from(small)) {
            (None, Ok(small)) => Self::Small(small),
            (limbs, _) => Self::of(false, limbs.unwrap_or_else(|| split(small))),
        })
    }

    /// The number of sign and magnitude.
    fn of(negative: bool, mut limbs: Vec<u32>) -> Self {
        while limbs.last() == Some(&0) {
            limbs.pop();
        }
        let value = (limbs.len() <= 2).then(|| {
            let magnitude = limbs.iter().rev().fold(0_i128, |value, &limb| value << 32 | i128::from(limb));
            if negative { -magnitude } else { magnitude }
        });
        match value.and_then(|value| i64::try_from(value).ok()) {
            Some(value) => Self::Small(value),
            None => Self::Big { negative, limbs },
        }
    }

    /// The number with the other sign.
    pub fn negated(self) -> Self {
        match self {
            Self::Small(value) => match value.checked_neg() {
                Some(value) => Self::Small(value),
                None => Self::of(false, split(value.unsigned_abs())),
            },
            Self::Big { negative, limbs } => Self::of(!negative, limbs),
        }
    }

    /// The nearest `f64`, infinite where there is none.
    pub fn to_f64(&self) -> f64 {
        match self {
            Self::Small(value) => *value as f64,
            Self::Big { negative, limbs } if limbs.len() > 32 => {
                if *negative {
                    f64::NEG_INFINITY
                } else {
                    f64::INFINITY
                }
            }
            // Printing and reading back rounds correctly.
            Self::Big { .. } => self.to_string().parse().unwrap_or(f64::INFINITY),
        }
    }

    /// The whole number that a float is; `None` where it has a fraction or is not finite.
    pub fn from_f64(value: f64) -> Option<Self> {
        if !value.is_finite() || value.fract() != 0.0 {
            return None;
        }
        let bits = value.to_bits();
        let exponent = (bits >> 52 & 0x7FF) as usize;
        let mantissa = (bits & ((1 << 52) - 1)) | 1 << 52;
        if value.abs() < 9e15 {
            return Some(Self::Small(value as i64));
        }
        let shift = exponent.saturating_sub(1075); // the value is mantissa * 2^shift, for it is at least 2^52
        let mut limbs = vec![0; shift / 32];
        let wide = u128::from(mantissa) << (shift % 32);
        limbs.extend((0..4).map(|limb| (wide >> (32 * limb)) as u32));
        Some(Self::of(value < 0.0, limbs))
    }
}

fn split(value: u64) -> Vec<u32> {
    vec![value as u32, (value >> 32) as u32]
}

/// `limbs * radix + digit`
fn grow(limbs: &mut Vec<u32>, radix: u32, digit: u32) {
    let mut carry = u64::from(digit);
    for limb in limbs.iter_mut() {
        carry += u64::from(*limb) * u64::from(radix);
        *limb = carry as u32;
        carry >>= 32;
    }
    if carry > 0 {
        limbs.push(carry as u32);
    }
}

/// Digits of 1, 3 or 4 bits laid side by side.
fn from_bits(digits: &[u8], radix: u32) -> Option<Int> {
    let width = radix.trailing_zeros() as usize;
    let mut limbs = vec![0_u32; (digits.len() * width).div_ceil(32) + 1];
    for (place, &byte) in digits.iter().rev().enumerate() {
        let digit = u64::from(char::from(byte).to_digit(radix)?);
        let (limb, shift) = (place * width / 32, place * width % 32);
        let wide = digit << shift;
        limbs[limb] |= wide as u32;
        limbs[limb + 1] |= (wide >> 32) as u32;
    }
    Some(Int::of(false, limbs))
}

/// Decimal, as Python prints it. Numbers that Python refuses to print (over 4300 digits) are in hexadecimal, for
/// which the time is linear.
impl fmt::Display for Int {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Small(value) => write!(f, "{value}"),
            Self::Big { negative, limbs } if limbs.len() > DECIMAL_LIMBS => {
                write!(f, "{}0x", if *negative { "-" } else { "" })?;
                limbs.iter().rev().try_for_each(|limb| write!(f, "{limb:08x}"))
            }
            Self::Big { negative, limbs } => {
                let mut rest = limbs.clone();
                let mut groups = Vec::new();
                while !rest.is_empty() {
                    let mut remainder = 0_u64;
                    for limb in rest.iter_mut().rev() {
                        let value = remainder << 32 | u64::from(*limb);
                        *limb = (value / 1_000_000_000) as u32;
                        remainder = value % 1_000_000_000;
                    }
                    groups.push(remainder);
                    while rest.last() == Some(&0) {
                        rest.pop();
                    }
                }
                let first = groups.pop().unwrap_or_default();
                write!(f, "{}{first}", if *negative { "-" } else { "" })?;
                groups.iter().rev().try_for_each(|group| write!(f, "{group:09}"))
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::Int;

    fn int(text: &str) -> Option<Int> {
        Int::parse(text.as_bytes(), 10)
    }

    #[test]
    fn numbers_of_any_size_print_as_they_were_read() {
        for text in ["0", "9223372036854775807", "9223372036854775808", "123456789012345678901234567890"] {
            assert_eq!(int(text).map(|n| n.to_string()).as_deref(), Some(text));
        }
        let long = format!("1{}", "0".repeat(999));
        assert_eq!(int(&long).map(|n| n.to_string()), Some(long));
        assert_eq!(int("007"), Some(Int::Small(7)));
        assert_eq!(int("9223372036854775808").map(Int::negated), Some(Int::Small(i64::MIN)));
    }

    #[test]
    fn bases_agree() {
        let hex = "f".repeat(40);
        assert_eq!(Int::parse(hex.as_bytes(), 16), Int::parse("1".repeat(160).as_bytes(), 2));
        assert_eq!(Int::parse(b"ffffffffffffffffffff", 16), int("1208925819614629174706175"));
        assert_eq!(Int::parse(b"7777777777777777777777777", 8), int("37778931862957161709567"));
    }

    #[test]
    fn floats_are_whole_numbers_where_they_are() {
        assert_eq!(Int::from_f64(1e22), int("10000000000000000000000"));
        assert_eq!(Int::from_f64(-3.0), Some(Int::Small(-3)));
        assert_eq!(Int::from_f64(1.8446744073709552e19), int("18446744073709551616"));
        assert_eq!(Int::from_f64(0.5), None);
        assert_eq!(Int::from_f64(f64::INFINITY), None);
    }
}
