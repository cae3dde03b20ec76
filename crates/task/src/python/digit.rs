//! Decimal digits of any script, as Python reads them.

use std::sync::LazyLock;

use crate::pattern;

/// The value of decimal digits of any script, at most `usize::MAX`.
pub(crate) fn number(digits: &str) -> usize {
    let add = |value: usize, c| value.saturating_mul(10).saturating_add(digit(c).unwrap_or(0));
    digits.chars().fold(0_usize, add)
}

/// A decimal digit of any script, as Python's `\d`.
pub(crate) fn is_digit(c: char) -> bool {
    digit(c).is_some()
}

/// The value of one decimal digit. Unicode lays out each script's ten digits in a row, zero first.
fn digit(c: char) -> Option<usize> {
    if c.is_ascii() || !c.is_numeric() {
        return c.to_digit(10).map(|value| value as usize);
    }
    static ZEROS: LazyLock<Vec<u32>> = LazyLock::new(zeros);
    let code = c as u32;
    let zero = ZEROS[..ZEROS.partition_point(|&zero| zero <= code)].last()?;
    Some((code - zero) as usize).filter(|value| *value < 10)
}

/// The zeros of all scripts but ASCII, ascending.
fn zeros() -> Vec<u32> {
    let decimal = pattern(r"^\d$");
    let numeric = ('\u{80}'..=char::MAX).filter(|c| c.is_numeric());
    let digits = numeric.filter(|c| decimal.is_match(c.encode_utf8(&mut [0; 4])));
    let mut zeros: Vec<u32> = Vec::new();
    for code in digits.map(u32::from) {
        if zeros.last().is_none_or(|zero| code - zero >= 10) {
            zeros.push(code);
        }
    }
    zeros
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn digits_of_any_script_are_numbers() {
        for (digits, value) in [("12", 12), ("１２", 12), ("٣", 3), ("𝟡", 9), ("𝟘", 0), (&"9".repeat(99), usize::MAX)]
        {
            assert_eq!(number(digits), value, "{digits}");
        }
        let decimal = pattern(r"^\d$");
        for c in '\0'..='\u{1FFFF}' {
            assert_eq!(is_digit(c), decimal.is_match(c.encode_utf8(&mut [0; 4])), "{c:?}");
        }
    }
}
