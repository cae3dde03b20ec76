//! Numbers as `int(text)` and `float(text)` read them.

use num_bigint::BigInt;

use super::digit::{is_digit, number};
use super::json::MAX_DIGITS;
use super::strip;

/// `int(text)`: spaces around, a sign, digits of any script, single underscores between them.
pub(crate) fn int_of(text: &str) -> Option<BigInt> {
    let text = strip(text);
    let (negative, digits) = match text.strip_prefix(['-', '+']) {
        Some(rest) => (text.starts_with('-'), rest),
        None => (false, text),
    };
    let digits = plain_digits(digits)?;
    if digits.len() > MAX_DIGITS {
        return None;
    }
    let int = BigInt::parse_bytes(digits.as_bytes(), 10)?;
    Some(if negative { -int } else { int })
}

/// `float(text)`: a decimal number, `inf`, `infinity` or `nan` in any case.
pub(crate) fn float_of(text: &str) -> Option<f64> {
    let text = strip(text);
    let unsigned = text.strip_prefix(['-', '+']).unwrap_or(text);
    if ["inf", "infinity", "nan"].contains(&unsigned.to_ascii_lowercase().as_str()) {
        return text.parse().ok();
    }
    let mut plain = String::with_capacity(text.len());
    let mut last_digit = false;
    let mut all = text.chars().peekable();
    while let Some(c) = all.next() {
        let digit = is_digit(c);
        match c {
            '_' if last_digit && all.peek().is_some_and(|next| is_digit(*next)) => {}
            _ if digit => plain.push_str(&number(c.encode_utf8(&mut [0; 4])).to_string()),
            '+' | '-' | '.' | 'e' | 'E' => plain.push(c),
            _ => return None,
        }
        last_digit = digit;
    }
    let has_digit = plain.bytes().any(|byte| byte.is_ascii_digit());
    if has_digit { plain.parse().ok() } else { None }
}

fn plain_digits(text: &str) -> Option<String> {
    let mut plain = String::with_capacity(text.len());
    let mut before = false;
    for c in text.chars() {
        if c == '_' && before {
            before = false;
        } else if is_digit(c) {
            plain.push_str(&number(c.encode_utf8(&mut [0; 4])).to_string());
            before = true;
        } else {
            return None;
        }
    }
    before.then_some(plain)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_read_as_python_converts_texts() {
        for (text, want) in [(" 12 ", Some(12)), ("-1_0", Some(-10)), ("１２", Some(12)), ("+3", Some(3))] {
            assert_eq!(int_of(text), want.map(BigInt::from), "{text}");
        }
        for text in ["", "-", "1__0", "_1", "1_", "1.0", "1e5", "0x1"] {
            assert_eq!(int_of(text), None, "{text}");
        }
        for (text, want) in [("1e5", 1e5), (" .5", 0.5), ("5.", 5.0), ("-Infinity", f64::NEG_INFINITY), ("1_0.0", 10.0)]
        {
            assert_eq!(float_of(text), Some(want), "{text}");
        }
        for text in ["", ".", "e5", "1e", "1_.0", "abc", "infin", "--1"] {
            assert_eq!(float_of(text), None, "{text}");
        }
        assert!(float_of("NaN").is_some_and(f64::is_nan));
    }
}
