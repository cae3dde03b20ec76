//! `round(number, places)`.

use num_bigint::BigInt;

use super::Value;
use super::arithmetic::Computed;
use super::int::from_f64;

/// The whole number that a float without fraction is.
pub(crate) fn whole_of(value: &Value) -> Option<BigInt> {
    match value {
        Value::Float(float) => from_f64(*float),
        value => value.whole(),
    }
}

/// A number to so many decimal places, by its exact value and half to even: floats stay floats, whole numbers whole.
///
/// # Errors
/// A value that is no number.
pub(crate) fn rounded(value: &Value, places: i32) -> Computed {
    match value {
        Value::Float(float) if !float.is_finite() => Ok(value.clone()),
        Value::Float(float) if places >= 0 => {
            // Beyond these digits nothing changes.
            let places = usize::try_from(places).unwrap_or(0).min(400);
            Ok(Value::Float(format!("{float:.places$}").parse().unwrap_or(*float)))
        }
        Value::Float(float) => {
            let (whole, lost) = (from_f64(float.trunc()).unwrap_or_default(), float.fract() != 0.0);
            let made = to_tens(&whole, places.unsigned_abs(), lost);
            Ok(Value::Float(made.to_string().parse::<f64>().unwrap_or(0.0).copysign(*float)))
        }
        value => match value.whole() {
            Some(whole) if places >= 0 => Ok(Value::Int(whole)),
            Some(whole) => Ok(Value::Int(to_tens(&whole, places.unsigned_abs(), false))),
            None => Err(format!("type {} doesn't define __round__ method", value.type_name())),
        },
    }
}

/// A whole number as the nearest multiple of a power of ten; `more` says that a fraction follows.
fn to_tens(whole: &BigInt, zeros: u32, more: bool) -> BigInt {
    if u64::from(zeros) * 3 > whole.bits() + 4 {
        return BigInt::ZERO;
    }
    let ten = BigInt::from(10).pow(zeros);
    let (size, negative) = (BigInt::from(whole.magnitude().clone()), *whole < BigInt::ZERO);
    let (mut count, rest) = (&size / &ten, &size % &ten);
    let twice = rest * 2;
    let odd = &count % 2 != BigInt::ZERO;
    if twice > ten || twice == ten && (more || odd) {
        count += 1;
    }
    let made = count * ten;
    if negative { -made } else { made }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::python::literal_value;

    #[test]
    fn numbers_round_as_in_python() {
        for (number, places, want) in [
            ("2.5", 0, "2.0"),
            ("0.5", 0, "0.0"),
            ("2.675", 2, "2.67"),
            ("1234.5", -2, "1200.0"),
            ("1250.5", -2, "1300.0"),
            ("1250", -2, "1200"),
            ("-1350", -2, "-1400"),
            ("7", 3, "7"),
            ("True", 0, "1"),
            ("1e308", 500, "1e+308"),
            ("99", -5, "0"),
        ] {
            let number = literal_value(number).unwrap_or(Value::None);
            assert_eq!(
                rounded(&number, places).map(|value| value.to_string()).as_deref(),
                Ok(want),
                "{number} {places}"
            );
        }
        assert!(rounded(&Value::from("a"), 0).is_err());
    }
}
