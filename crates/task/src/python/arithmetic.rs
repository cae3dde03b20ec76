//! Python's arithmetic and comparisons: whole numbers of any size, floats, booleans as numbers, texts and lists.

use std::cmp::Ordering;

use num_bigint::BigInt;

use super::Value;
use super::int::{from_f64, to_f64};

/// No number or text that is computed grows beyond this many bytes.
const MOST: usize = 1 << 20;

/// A value, or the message of the exception that Python would raise.
pub(crate) type Computed<T = Value> = Result<T, String>;

impl Value {
    /// The name of its type: `int`, `NoneType`.
    pub(crate) fn type_name(&self) -> &'static str {
        match self {
            Value::None => "NoneType",
            Value::Bool(_) => "bool",
            Value::Int(_) => "int",
            Value::Float(_) => "float",
            Value::Complex(..) => "complex",
            Value::Text(_) => "str",
            Value::Bytes(_) => "bytes",
            Value::List(_) => "list",
            Value::Tuple(_) => "tuple",
            Value::Set(_) => "set",
            Value::Dict(_) => "dict",
            Value::Ellipsis => "ellipsis",
        }
    }

    /// Whether `if value` holds.
    pub(crate) fn truthy(&self) -> bool {
        match self {
            Value::None => false,
            Value::Bool(value) => *value,
            Value::Int(int) => *int != BigInt::ZERO,
            Value::Float(float) => *float != 0.0,
            Value::Complex(real, imaginary) => *real != 0.0 || *imaginary != 0.0,
            Value::Text(bytes) | Value::Bytes(bytes) => !bytes.is_empty(),
            Value::List(items) | Value::Tuple(items) | Value::Set(items) => !items.is_empty(),
            Value::Dict(pairs) => !pairs.is_empty(),
            Value::Ellipsis => true,
        }
    }

    /// Whether it is an `int`, a `float` or a `bool`.
    pub(crate) fn is_real(&self) -> bool {
        matches!(self, Value::Int(_) | Value::Float(_) | Value::Bool(_))
    }

    /// A real number as a float; `None` for all else, infinite where none is near.
    pub(crate) fn float(&self) -> Option<f64> {
        match self {
            Value::Bool(value) => Some(f64::from(u8::from(*value))),
            Value::Int(int) => Some(to_f64(int)),
            Value::Float(float) => Some(*float),
            _ => None,
        }
    }

    /// An `int` or a `bool` as a whole number.
    pub(crate) fn whole(&self) -> Option<BigInt> {
        match self {
            Value::Bool(value) => Some(BigInt::from(*value)),
            Value::Int(int) => Some(int.clone()),
            _ => None,
        }
    }
}

fn unsupported(sign: &str, a: &Value, b: &Value) -> String {
    format!("unsupported operand type(s) for {sign}: '{}' and '{}'", a.type_name(), b.type_name())
}

fn floats(a: &Value, b: &Value) -> Computed<Option<(f64, f64)>> {
    let float = |value: &Value| match (value, value.float()) {
        (Value::Int(_), Some(float)) if float.is_infinite() => Err("int too large to convert to float".to_owned()),
        (_, float) => Ok(float),
    };
    Ok(float(a)?.zip(float(b)?))
}

fn complexes(a: &Value, b: &Value) -> Option<((f64, f64), (f64, f64))> {
    let complex = |value: &Value| match value {
        Value::Complex(real, imaginary) => Some((*real, *imaginary)),
        value => value.float().map(|real| (real, 0.0)),
    };
    let one = matches!(a, Value::Complex(..)) || matches!(b, Value::Complex(..));
    if one { complex(a).zip(complex(b)) } else { None }
}

/// `a + b`
pub(crate) fn add(a: &Value, b: &Value) -> Computed {
    let joined = |a: &[Value], b: &[Value]| a.iter().chain(b).cloned().collect::<Vec<_>>();
    match (a, b) {
        (Value::Text(a), Value::Text(b)) => return limited([a.as_slice(), b].concat()).map(Value::Text),
        (Value::Bytes(a), Value::Bytes(b)) => return limited([a.as_slice(), b].concat()).map(Value::Bytes),
        (Value::List(a), Value::List(b)) => return Ok(Value::List(joined(a, b))),
        (Value::Tuple(a), Value::Tuple(b)) => return Ok(Value::Tuple(joined(a, b))),
        _ => {}
    }
    if let Some((a, b)) = a.whole().zip(b.whole()) {
        return Ok(Value::Int(a + b));
    }
    if let Some(((a, b), (c, d))) = complexes(a, b) {
        return Ok(Value::Complex(a + c, b + d));
    }
    if matches!(a, Value::Text(_)) {
        return Err(format!("can only concatenate str (not \"{}\") to str", b.type_name()));
    }
    match floats(a, b)? {
        Some((a, b)) => Ok(Value::Float(a + b)),
        None => Err(unsupported("+", a, b)),
    }
}

fn limited(bytes: Vec<u8>) -> Computed<Vec<u8>> {
    if bytes.len() > MOST { Err("the text would be too long".to_owned()) } else { Ok(bytes) }
}

/// `a - b`
pub(crate) fn subtract(a: &Value, b: &Value) -> Computed {
    if let Some((a, b)) = a.whole().zip(b.whole()) {
        return Ok(Value::Int(a - b));
    }
    if let Some(((a, b), (c, d))) = complexes(a, b) {
        return Ok(Value::Complex(a - c, b - d));
    }
    match floats(a, b)? {
        Some((a, b)) => Ok(Value::Float(a - b)),
        None => Err(unsupported("-", a, b)),
    }
}

/// `a * b`
pub(crate) fn multiply(a: &Value, b: &Value) -> Computed {
    match (a.whole(), b.whole()) {
        (Some(a), Some(b)) if a.bits() + b.bits() > 8 * MOST as u64 => Err("the number would be too long".to_owned()),
        (Some(a), Some(b)) => Ok(Value::Int(a * b)),
        (Some(times), None) if !b.is_real() => repeated(b, &times).unwrap_or_else(|| Err(unsupported("*", a, b))),
        (None, Some(times)) if !a.is_real() => repeated(a, &times).unwrap_or_else(|| Err(unsupported("*", a, b))),
        _ => {
            if let Some(((a, b), (c, d))) = complexes(a, b) {
                return Ok(Value::Complex(a * c - b * d, a * d + b * c));
            }
            let sequence =
                |value: &Value| matches!(value, Value::Text(_) | Value::Bytes(_) | Value::List(_) | Value::Tuple(_));
            if let Some((_, by)) = [(a, b), (b, a)].into_iter().find(|(of, _)| sequence(of)) {
                return Err(format!("can't multiply sequence by non-int of type '{}'", by.type_name()));
            }
            match floats(a, b)? {
                Some((a, b)) => Ok(Value::Float(a * b)),
                None => Err(unsupported("*", a, b)),
            }
        }
    }
}

fn repeated(of: &Value, times: &BigInt) -> Option<Computed> {
    let length = match of {
        Value::Text(bytes) | Value::Bytes(bytes) => bytes.len(),
        Value::List(items) | Value::Tuple(items) => items.len() * 16,
        Value::Complex(real, imaginary) => {
            let times = to_f64(times);
            return Some(Ok(Value::Complex(real * times, imaginary * times)));
        }
        _ => return None,
    };
    let times = if *times < BigInt::ZERO { Some(0) } else { usize::try_from(times).ok() };
    let Some(times) = times.filter(|times| times.saturating_mul(length) <= MOST) else {
        return Some(Err("the result would be too long".to_owned()));
    };
    Some(Ok(match of {
        Value::Text(bytes) => Value::Text(bytes.repeat(times)),
        Value::Bytes(bytes) => Value::Bytes(bytes.repeat(times)),
        Value::Tuple(items) => Value::Tuple(vec![items.as_slice(); times].concat()),
        Value::List(items) => Value::List(vec![items.as_slice(); times].concat()),
        _ => return None,
    }))
}

/// `a / b`
pub(crate) fn divide(a: &Value, b: &Value) -> Computed {
    if let Some((a, b)) = a.whole().zip(b.whole()) {
        return quotient(&a, &b).map(Value::Float);
    }
    match floats(a, b)? {
        Some((_, 0.0)) => Err("float division by zero".to_owned()),
        Some((a, b)) => Ok(Value::Float(a / b)),
        None => Err(unsupported("/", a, b)),
    }
}

/// The correctly rounded quotient of two whole numbers.
fn quotient(a: &BigInt, b: &BigInt) -> Computed<f64> {
    if *b == BigInt::ZERO {
        return Err("division by zero".to_owned());
    }
    if a.bits() <= 53 && b.bits() <= 53 {
        return Ok(to_f64(a) / to_f64(b));
    }
    // A quotient of about 70 bits, whose last bit stands for all that follows.
    let shift = 70 + b.bits() as i64 - a.bits() as i64;
    let scaled = if shift >= 0 { a << shift } else { a >> -shift };
    let (mut whole, rest) = (&scaled / b, &scaled % b);
    let lost = shift < 0 && (&scaled << -shift) != *a;
    if rest != BigInt::ZERO || lost {
        whole = (whole << 1) + if (*a < BigInt::ZERO) == (*b < BigInt::ZERO) { 1 } else { -1 };
    } else {
        whole <<= 1;
    }
    let (value, power) = (to_f64(&whole), -(shift + 1));
    let half = i32::try_from(power / 2).unwrap_or(0);
    let other = i32::try_from(power).unwrap_or(0) - half;
    let value = value * 2_f64.powi(half) * 2_f64.powi(other);
    if value.is_infinite() { Err("integer division result too large for a float".to_owned()) } else { Ok(value) }
}

/// `a // b`
pub(crate) fn floor_divide(a: &Value, b: &Value) -> Computed {
    if let Some((a, b)) = a.whole().zip(b.whole()) {
        return floored(&a, &b).map(|(quotient, _)| Value::Int(quotient));
    }
    match floats(a, b)? {
        Some((_, 0.0)) => Err("float floor division by zero".to_owned()),
        Some((a, b)) => Ok(Value::Float(divided(a, b).0)),
        None => Err(unsupported("//", a, b)),
    }
}

/// `a % b` of numbers.
pub(crate) fn remainder(a: &Value, b: &Value) -> Computed {
    if let Some((a, b)) = a.whole().zip(b.whole()) {
        return floored(&a, &b).map(|(_, rest)| Value::Int(rest));
    }
    match floats(a, b)? {
        Some((_, 0.0)) => Err("float modulo".to_owned()),
        Some((a, b)) => Ok(Value::Float(divided(a, b).1)),
        None => Err(unsupported("%", a, b)),
    }
}

fn floored(a: &BigInt, b: &BigInt) -> Computed<(BigInt, BigInt)> {
    if *b == BigInt::ZERO {
        return Err("integer division or modulo by zero".to_owned());
    }
    let (quotient, rest) = (a / b, a % b);
    if rest != BigInt::ZERO && (rest < BigInt::ZERO) != (*b < BigInt::ZERO) {
        return Ok((quotient - 1, rest + b));
    }
    Ok((quotient, rest))
}

/// Python's `divmod` of floats.
fn divided(a: f64, b: f64) -> (f64, f64) {
    let mut rest = a % b;
    let mut quotient = (a - rest) / b;
    if rest != 0.0 && (b < 0.0) != (rest < 0.0) {
        rest += b;
        quotient -= 1.0;
    } else if rest == 0.0 {
        rest = 0.0_f64.copysign(b);
    }
    let floor = if quotient != 0.0 {
        let floor = quotient.floor();
        if quotient - floor > 0.5 { floor + 1.0 } else { floor }
    } else {
        0.0_f64.copysign(a / b)
    };
    (floor, rest)
}

/// `a ** b`
pub(crate) fn power(a: &Value, b: &Value) -> Computed {
    if let Some((base, exponent)) = a.whole().zip(b.whole()).filter(|(_, exponent)| *exponent >= BigInt::ZERO) {
        let small = base.bits() <= 1;
        let exponent = match u32::try_from(&exponent) {
            Ok(exponent) if small || base.bits().saturating_mul(u64::from(exponent)) <= 8 * MOST as u64 => exponent,
            _ if small => u32::from(&exponent % 2 != BigInt::ZERO) + 2 * u32::from(exponent != BigInt::ZERO),
            _ => return Err("the number would be too long".to_owned()),
        };
        return Ok(Value::Int(base.pow(exponent)));
    }
    match floats(a, b)? {
        Some((base, exponent)) => float_power(base, exponent),
        None => Err(unsupported("** or pow()", a, b)),
    }
}

fn float_power(base: f64, exponent: f64) -> Computed {
    if base == 0.0 && exponent < 0.0 {
        return Err("0.0 cannot be raised to a negative power".to_owned());
    }
    if base < 0.0 && base.is_finite() && exponent.is_finite() && exponent.fract() != 0.0 {
        let (length, angle) = ((-base).powf(exponent), std::f64::consts::PI * exponent);
        return Ok(Value::Complex(length * angle.cos(), length * angle.sin()));
    }
    let value = base.powf(exponent);
    if value.is_infinite() && base.is_finite() && exponent.is_finite() {
        return Err("(34, 'Numerical result out of range')".to_owned());
    }
    Ok(Value::Float(value))
}

/// Which of two numbers is larger; `None` where one is no number or not comparable.
fn numbers(a: &Value, b: &Value) -> Option<Ordering> {
    match (a, b) {
        (Value::Float(a), Value::Float(b)) => a.partial_cmp(b),
        (Value::Float(_), _) => numbers(b, a).map(Ordering::reverse),
        (a, Value::Float(float)) => {
            let whole = a.whole()?;
            if float.is_infinite() || float.is_nan() {
                return 0.0_f64.partial_cmp(float);
            }
            let floor = from_f64(float.floor())?;
            let order = whole.cmp(&floor);
            Some(if order == Ordering::Equal && float.fract() != 0.0 { Ordering::Less } else { order })
        }
        (a, b) => Some(a.whole()?.cmp(&b.whole()?)),
    }
}

/// The order of two values under `sign`; `None` inside where both are numbers without order (`nan`).
///
/// # Errors
/// Values that Python does not compare.
pub(crate) fn order(a: &Value, b: &Value, sign: &str) -> Computed<Option<Ordering>> {
    match (a, b) {
        (Value::Text(a), Value::Text(b)) | (Value::Bytes(a), Value::Bytes(b)) => Ok(Some(a.cmp(b))),
        (Value::List(a), Value::List(b)) | (Value::Tuple(a), Value::Tuple(b)) => {
            match a.iter().zip(b).find(|(a, b)| a != b) {
                Some((a, b)) => order(a, b, sign),
                None => Ok(Some(a.len().cmp(&b.len()))),
            }
        }
        (a, b) if a.is_real() && b.is_real() => Ok(numbers(a, b)),
        (a, b) => {
            Err(format!("'{sign}' not supported between instances of '{}' and '{}'", a.type_name(), b.type_name()))
        }
    }
}

/// `a < b`, `a <= b`, `a > b`, `a >= b`.
pub(crate) fn compared(a: &Value, sign: &str, b: &Value) -> Computed<bool> {
    let order = order(a, b, sign)?;
    Ok(match sign {
        "<" => order == Some(Ordering::Less),
        "<=" => matches!(order, Some(Ordering::Less | Ordering::Equal)),
        ">" => order == Some(Ordering::Greater),
        _ => matches!(order, Some(Ordering::Greater | Ordering::Equal)),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::python::literal_value;

    fn of(text: &str) -> Value {
        literal_value(text).unwrap_or_else(|| panic!("{text}"))
    }

    #[test]
    fn numbers_are_computed_as_in_python() {
        type Operation = fn(&Value, &Value) -> Computed;
        let all: [(Operation, &str, &str, &str); 16] = [
            (add, "1", "2.5", "3.5"),
            (add, "True", "1", "2"),
            (add, "'a'", "'b'", "'ab'"),
            (multiply, "'ab'", "2", "'abab'"),
            (multiply, "3", "[1]", "[1, 1, 1]"),
            (divide, "1", "4", "0.25"),
            (divide, "10000000000000000000000", "3", "3.3333333333333335e+21"),
            (divide, "1", "10000000000000000000000000", "1e-25"),
            (floor_divide, "7", "-2", "-4"),
            (floor_divide, "7.5", "2", "3.0"),
            (remainder, "-7", "3", "2"),
            (remainder, "-7.5", "3", "1.5"),
            (power, "2", "100", "1267650600228229401496703205376"),
            (power, "2", "-1", "0.5"),
            (power, "-1", "1000000000001", "-1"),
            (subtract, "1", "True", "0"),
        ];
        for (operation, a, b, want) in all {
            assert_eq!(operation(&of(a), &of(b)).map(|value| value.to_string()).as_deref(), Ok(want), "{a} {b}");
        }
    }

    #[test]
    fn what_python_refuses_or_would_not_end_is_an_error() {
        assert_eq!(divide(&of("1"), &of("0")), Err("division by zero".to_owned()));
        assert!(power(&of("10"), &of("10000000000")).is_err());
        assert!(multiply(&of("'a'"), &of("10000000000")).is_err());
        assert!(add(&of("1"), &of("'a'")).is_err());
        assert_eq!(
            compared(&of("'a'"), "<", &of("1")),
            Err("'<' not supported between instances of 'str' and 'int'".to_owned())
        );
        assert_eq!(compared(&of("9007199254740993"), ">", &of("9007199254740992.0")), Ok(true));
    }
}
