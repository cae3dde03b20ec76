//! Logarithms and square roots of any precision, and the texts in which the reference shows them: it computes the first
//! with binary floats of as many bits as the precision asks for, the second with decimal ones.

use num_bigint::BigInt;

use super::Answer;
use super::trading::to_int;
use super::values::error;
use crate::python::{Value, compared, float_of, int_of, text};

/// The most decimal digits that are computed.
const MOST_DIGITS: i64 = 5000;

/// A binary float: `whole * 2^power`.
#[derive(Debug, Clone, PartialEq)]
struct Binary {
    whole: BigInt,
    power: i64,
}

/// What a logarithm can be.
enum Number {
    Finite(Binary),
    MinusInfinity,
    Infinity,
    NotOne,
}

impl Binary {
    fn new(whole: impl Into<BigInt>, power: i64) -> Self {
        Self { whole: whole.into(), power }
    }

    fn zero() -> Self {
        Self::new(0, 0)
    }

    fn is_zero(&self) -> bool {
        self.whole == BigInt::ZERO
    }

    /// Rounded to so many bits, half to even.
    fn rounded(self, bits: u64) -> Self {
        let size = self.whole.bits();
        if size <= bits {
            return self;
        }
        let cut = size - bits;
        let (negative, size) = (self.whole < BigInt::ZERO, BigInt::from(self.whole.magnitude().clone()));
        let (mut kept, rest) = (&size >> cut, &size & ((BigInt::from(1) << cut) - 1));
        let half = BigInt::from(1) << (cut - 1);
        if rest > half || rest == half && &kept % 2 != BigInt::ZERO {
            kept += 1;
        }
        Self::new(if negative { -kept } else { kept }, self.power + cut as i64)
    }

    fn divided(&self, by: &Self, bits: u64) -> Self {
        if self.is_zero() {
            return Self::zero();
        }
        let shift = (bits + 4 + by.whole.bits()).saturating_sub(self.whole.bits());
        let scaled = &self.whole << shift;
        let (quotient, rest) = (&scaled / &by.whole, &scaled % &by.whole);
        // A last bit stands for all that is left.
        let negative = (self.whole < BigInt::ZERO) != (by.whole < BigInt::ZERO);
        let sticky = if rest == BigInt::ZERO {
            0
        } else if negative {
            -1
        } else {
            1
        };
        Self::new((quotient << 1) + sticky, self.power - by.power - shift as i64 - 1).rounded(bits)
    }
}

/// `2 atanh(numerator / denominator)` with so many bits after the point.
fn twice_atanh(numerator: &BigInt, denominator: &BigInt, bits: u64) -> BigInt {
    let y = (numerator << bits) / denominator;
    let square = (&y * &y) >> bits;
    let (mut term, mut sum, mut n) = (y.clone(), y, 1);
    while term != BigInt::ZERO {
        term = (term * &square) >> bits;
        n += 2;
        sum += &term / n;
        if term.bits() <= 1 {
            break;
        }
    }
    sum * 2
}

/// The natural logarithm of a positive number, to so many bits.
fn logarithm_of(of: &Binary, bits: u64) -> Binary {
    let work = bits + 160;
    // The number is `part * 2^power` with a part near 1.
    let size = of.whole.bits();
    let mut power = of.power + size as i64;
    let (mut one, mut part) = (BigInt::from(1) << size, of.whole.clone());
    if &part * 10 < &one * 7 {
        part *= 2;
        power -= 1;
    }
    if part == one && power == 0 {
        return Binary::zero();
    }
    let near = twice_atanh(&(&part - &one), &(&part + &one), work);
    one = twice_atanh(&BigInt::from(1), &BigInt::from(3), work);
    Binary::new(near + one * power, -(work as i64)).rounded(bits)
}

/// The ratio of a circle to its diameter, to so many bits (Machin's formula).
fn pi(bits: u64) -> Binary {
    let work = bits + 64;
    let arctangent = |of: u32| {
        let (square, mut term) = (BigInt::from(of * of), (BigInt::from(1) << work) / of);
        let (mut sum, mut n, mut minus) = (term.clone(), 1, true);
        while term != BigInt::ZERO {
            term /= &square;
            n += 2;
            let part = &term / n;
            sum = if minus { sum - part } else { sum + part };
            minus = !minus;
        }
        sum
    };
    Binary::new((arctangent(5) * 4 - arctangent(239)) * 4, -(work as i64)).rounded(bits)
}

/// The exact value of an argument.
fn exact(value: &Value) -> Result<Number, String> {
    let float = match value {
        Value::Text(_) => {
            let said = text(value);
            if let Some(int) = int_of(&said) {
                return Ok(Number::Finite(Binary::new(int, 0)));
            }
            float_of(&said).ok_or_else(|| format!("cannot create mpf from {value}"))?
        }
        Value::Float(float) => *float,
        value => match value.whole() {
            Some(int) => return Ok(Number::Finite(Binary::new(int, 0))),
            None => return Err(format!("cannot create mpf from {value}")),
        },
    };
    if float.is_nan() {
        return Ok(Number::NotOne);
    }
    if float.is_infinite() {
        return Ok(if float > 0.0 { Number::Infinity } else { Number::MinusInfinity });
    }
    let (bits, sign) = (float.abs().to_bits(), if float < 0.0 { -1 } else { 1 });
    let (exponent, fraction) = ((bits >> 52) as i64, bits & ((1 << 52) - 1));
    let whole = if exponent == 0 { fraction } else { fraction | 1 << 52 };
    Ok(Number::Finite(Binary::new(BigInt::from(whole) * sign, exponent.max(1) - 1075)))
}

/// A logarithm: its real part and, of negative numbers, its imaginary one.
fn complex_logarithm(of: Number, bits: u64) -> (Number, Option<Binary>) {
    match of {
        Number::Finite(of) if of.is_zero() => (Number::MinusInfinity, None),
        Number::Finite(of) if of.whole < BigInt::ZERO => {
            let size = Binary::new(-of.whole, of.power);
            (Number::Finite(logarithm_of(&size, bits)), Some(pi(bits)))
        }
        Number::Finite(of) => (Number::Finite(logarithm_of(&of, bits)), None),
        Number::MinusInfinity => (Number::Infinity, Some(pi(bits))),
        other => (other, None),
    }
}

/// `logarithm(value, base, precision)`
pub(super) fn logarithm(value: &Value, base: &Value, precision: &Value) -> Answer {
    let digits = match to_int(precision) {
        Ok(digits) => digits.whole().and_then(|digits| i64::try_from(digits).ok()),
        Err(problem) => return Ok(error(problem)),
    };
    let Some(digits) = digits.filter(|digits| *digits <= MOST_DIGITS) else {
        return Ok(error(format!("a precision of {} digits is not computed", text(precision))));
    };
    let bits = ((digits + 1) as f64 * 3.321_928_094_887_362_6).round_ties_even().max(1.0) as u64;
    let (value, base) = match (exact(value), exact(base)) {
        (Ok(value), Ok(base)) => (value, base),
        (Err(problem), _) | (_, Err(problem)) => return Ok(error(problem)),
    };
    let (above, below) = (complex_logarithm(value, bits), complex_logarithm(base, bits));
    let shown = Shown::of(bits);
    if matches!(&below, (Number::Finite(real), None) if real.is_zero()) {
        return Ok(error("")); // a division by zero, whose message is empty
    }
    let made = match (above, below) {
        ((Number::NotOne, _), _) | (_, (Number::NotOne, _)) => "mpf('nan')".to_owned(),
        ((Number::Finite(_), None), (Number::Infinity | Number::MinusInfinity, None)) => "mpf('0.0')".to_owned(),
        ((Number::Finite(real), None), (Number::Finite(by), None)) => {
            format!("mpf('{}')", shown.text(&real.divided(&by, bits)))
        }
        ((Number::Finite(real), Some(imaginary)), (Number::Finite(by), None)) => {
            let (real, imaginary) = (real.divided(&by, bits), imaginary.divided(&by, bits));
            format!("mpc(real='{}', imag='{}')", shown.text(&real), shown.text(&imaginary))
        }
        ((Number::Finite(real), imaginary), (Number::Finite(by), Some(turn))) => {
            let (real, imaginary) = complex_quotient((real, imaginary), (by, turn), bits);
            format!("mpc(real='{}', imag='{}')", shown.text(&real), shown.text(&imaginary))
        }
        ((infinite, None), (Number::Finite(by), None)) => {
            let negative = matches!(infinite, Number::MinusInfinity) != (by.whole < BigInt::ZERO);
            format!("mpf('{}inf')", if negative { '-' } else { '+' })
        }
        _ => "mpf('nan')".to_owned(),
    };
    Ok(Value::from(format!("{{'result': {made}}}").as_str()))
}

/// `(a + bi) / (c + di)`
fn complex_quotient(above: (Binary, Option<Binary>), below: (Binary, Binary), bits: u64) -> (Binary, Binary) {
    let product = |a: &Binary, b: &Binary| Binary::new(&a.whole * &b.whole, a.power + b.power);
    let sum = |a: Binary, b: Binary| {
        let power = a.power.min(b.power);
        Binary::new((a.whole << (a.power - power)) + (b.whole << (b.power - power)), power)
    };
    let minus = |a: Binary| Binary::new(-a.whole, a.power);
    let ((a, b), (c, d)) = ((above.0, above.1.unwrap_or_else(Binary::zero)), below);
    let size = sum(product(&c, &c), product(&d, &d));
    let real = sum(product(&a, &c), product(&b, &d));
    let imaginary = sum(product(&b, &c), minus(product(&a, &d)));
    (real.divided(&size, bits), imaginary.divided(&size, bits))
}

/// How binary floats of a number of bits are shown.
struct Shown {
    digits: usize,
}

impl Shown {
    fn of(bits: u64) -> Self {
        let decimal = ((bits as f64 / 3.321_928_094_887_362_6).round_ties_even() as i64 - 1).max(1);
        Self { digits: if decimal == 15 { 17 } else { decimal as usize + 3 } }
    }

    fn text(&self, of: &Binary) -> String {
        if of.is_zero() {
            return "0.0".to_owned();
        }
        let sign = if of.whole < BigInt::ZERO { "-" } else { "" };
        let (digits, exponent) = self.decimal(of);
        let n = self.digits as i64;
        if (-(n / 3)).min(-5) < exponent && exponent < n {
            let (whole, fraction) = if exponent < 0 {
                ("0".to_owned(), "0".repeat(exponent.unsigned_abs() as usize - 1) + &digits)
            } else {
                let split = (exponent as usize + 1).min(digits.len());
                (digits[..split].to_owned(), digits[split..].to_owned())
            };
            return format!("{sign}{whole}.{}", stripped(&fraction));
        }
        let e = if exponent < 0 { "e" } else { "e+" };
        format!("{sign}{}.{}{e}{exponent}", &digits[..1], stripped(&digits[1..]))
    }

    /// The digits, and the power of ten of the first.
    fn decimal(&self, of: &Binary) -> (String, i64) {
        let size = BigInt::from(of.whole.magnitude().clone());
        // So many digits before the point, about.
        let before = ((size.bits() as i64 + of.power) as f64 * std::f64::consts::LOG10_2).floor() as i64;
        let scale = (self.digits as i64 + 6 - before).max(0);
        let scaled = size * BigInt::from(10).pow(scale as u32);
        let whole = if of.power >= 0 { scaled << of.power } else { scaled >> -of.power };
        let all = whole.to_string();
        let mut exponent = all.len() as i64 - scale - 1;
        let cut = &all[..all.len().min(self.digits + 3)];
        let mut digits = cut[..cut.len().min(self.digits)].to_owned();
        if cut.as_bytes().get(self.digits).is_some_and(|digit| *digit >= b'5') {
            let up = (BigInt::parse_bytes(digits.as_bytes(), 10).unwrap_or_default() + 1_u32).to_string();
            if up.len() > digits.len() {
                exponent += 1;
            }
            digits = up[..digits.len()].to_owned();
        }
        while digits.len() < self.digits {
            digits.push('0');
        }
        (digits, exponent)
    }
}

fn stripped(digits: &str) -> &str {
    let digits = digits.trim_end_matches('0');
    if digits.is_empty() { "0" } else { digits }
}

/// `square_root(number, precision)`
pub(super) fn square_root(number: &Value, precision: &Value) -> Answer {
    let refused = || Ok(error("Input must be a number or computation resulted in an invalid operation"));
    let Ok(negative) = compared(number, "<", &Value::Int(BigInt::ZERO)) else { return refused() };
    if negative {
        return Ok(error("Cannot calculate square root of a negative number"));
    }
    let Some(digits) = precision.whole() else { return refused() };
    let Some(digits) = i64::try_from(digits).ok().filter(|digits| *digits > 0) else {
        return Err("valid range for prec is [1, MAX_PREC]".to_owned());
    };
    if digits > MOST_DIGITS {
        return Err(format!("a precision of {digits} digits is not computed"));
    }
    let made = match exact(number) {
        Ok(Number::Finite(number)) => Decimal::exact(&number).square_root(digits as usize).text(),
        Ok(Number::Infinity) => "Infinity".to_owned(),
        Ok(_) => "NaN".to_owned(),
        Err(_) => return refused(),
    };
    let minus = matches!(number, Value::Float(float) if *float == 0.0 && float.is_sign_negative());
    Ok(Value::from(format!("{{'result': Decimal('{}{made}')}}", if minus { "-" } else { "" }).as_str()))
}

/// A decimal number: `whole * 10^power`.
struct Decimal {
    whole: BigInt,
    power: i64,
}

impl Decimal {
    /// The exact value, without superfluous zeros after the point.
    fn exact(of: &Binary) -> Self {
        if of.is_zero() {
            return Self { whole: BigInt::ZERO, power: 0 };
        }
        let zeros = of.whole.trailing_zeros().unwrap_or(0) as i64;
        let (whole, power) = (&of.whole >> zeros, of.power + zeros);
        if power >= 0 {
            return Self { whole: whole << power, power: 0 };
        }
        Self { whole: whole * BigInt::from(5).pow(power.unsigned_abs() as u32), power }
    }

    fn digits(&self) -> usize {
        self.whole.to_string().len()
    }

    fn square_root(&self, precision: usize) -> Self {
        if self.whole == BigInt::ZERO {
            return Self { whole: BigInt::ZERO, power: self.power.div_euclid(2) };
        }
        // The root of an even power, with one digit more than is asked for.
        let odd = self.power.rem_euclid(2) == 1;
        let mut whole = if odd { &self.whole * 10 } else { self.whole.clone() };
        let ideal = self.power.div_euclid(2);
        let length = (if odd { self.digits() / 2 } else { self.digits().div_ceil(2) }) + usize::from(odd);
        let shift = precision as i64 + 1 - length as i64;
        let hundred = BigInt::from(100).pow(shift.unsigned_abs() as u32);
        let mut exact = true;
        if shift >= 0 {
            whole *= hundred;
        } else {
            exact = &whole % &hundred == BigInt::ZERO;
            whole /= hundred;
        }
        let mut root = whole.sqrt();
        exact &= &root * &root == whole;
        let mut power = ideal - shift;
        if exact {
            let ten = BigInt::from(10).pow(shift.unsigned_abs() as u32);
            root = if shift >= 0 { root / ten } else { root * ten };
            power = ideal;
        } else if &root % 5 == BigInt::ZERO {
            // So that it is no tie.
            root += 1;
        }
        Self { whole: root, power }.rounded(precision)
    }

    fn rounded(self, precision: usize) -> Self {
        let extra = self.digits().saturating_sub(precision);
        if extra == 0 {
            return self;
        }
        let ten = BigInt::from(10).pow(extra as u32);
        let (mut whole, rest) = (&self.whole / &ten, &self.whole % &ten);
        let twice = rest * 2;
        if twice > ten || twice == ten && &whole % 2 != BigInt::ZERO {
            whole += 1;
        }
        Self { whole, power: self.power + extra as i64 }.rounded(precision)
    }

    fn text(&self) -> String {
        let digits = self.whole.to_string();
        let adjusted = self.power + digits.len() as i64 - 1;
        if self.power <= 0 && adjusted >= -6 {
            let point = digits.len() as i64 + self.power;
            return match point {
                _ if self.power == 0 => digits,
                1.. => format!("{}.{}", &digits[..point as usize], &digits[point as usize..]),
                _ => format!("0.{}{digits}", "0".repeat(point.unsigned_abs() as usize)),
            };
        }
        let fraction = if digits.len() > 1 { format!(".{}", &digits[1..]) } else { String::new() };
        format!("{}{fraction}E{}{adjusted}", &digits[..1], if adjusted < 0 { "" } else { "+" })
    }
}
