//! `MathAPI`: arithmetic.

use super::math_decimal::{logarithm, square_root};
use super::values::{error, iterated, object, whole};
use super::{Answer, Given, Service};
use crate::python::{Value, add, compared, divide, multiply, power, rounded, subtract, text};

const METHODS: &[(&str, &str)] = &[
    ("logarithm", "value, base, precision"),
    ("mean", "numbers"),
    ("standard_deviation", "numbers"),
    ("si_unit_conversion", "value, unit_in, unit_out"),
    ("imperial_si_conversion", "value, unit_in, unit_out"),
    ("add", "a, b"),
    ("subtract", "a, b"),
    ("multiply", "a, b"),
    ("divide", "a, b"),
    ("power", "base, exponent"),
    ("square_root", "number, precision"),
    ("absolute_value", "number"),
    ("round_number", "number, decimal_places=0"),
    ("percentage", "part, whole"),
    ("min_value", "numbers"),
    ("max_value", "numbers"),
    ("sum_values", "numbers"),
];

const SI_UNITS: [(&str, f64); 6] =
    [("km", 1000.0), ("m", 1.0), ("cm", 0.01), ("mm", 0.001), ("um", 1e-6), ("nm", 1e-9)];

/// Factors from one unit to another.
const FACTORS: [(&str, &str, f64); 10] = [
    ("cm", "in", 0.393_701),
    ("in", "cm", 2.54),
    ("m", "ft", 3.280_84),
    ("ft", "m", 0.3048),
    ("m", "yd", 1.093_61),
    ("yd", "m", 0.9144),
    ("km", "miles", 0.621_371),
    ("miles", "km", 1.609_34),
    ("kg", "lb", 2.204_62),
    ("lb", "kg", 0.453_592),
];

const NOT_ALL: &str = "All elements in the list must be numbers";
const NOT_BOTH: &str = "Both inputs must be numbers";

pub(super) struct Math;

fn result(made: Answer) -> Answer {
    made.map(|value| object([("result", value)]))
}

/// The result, or an error where Python raises a type error.
fn result_or(made: Answer, refused: &str) -> Answer {
    match made {
        Err(raised) if is_type_error(&raised) => Ok(error(refused)),
        made => result(made),
    }
}

fn is_type_error(raised: &str) -> bool {
    ["unsupported operand", "can only concatenate", "can't multiply", "'", "must be"]
        .iter()
        .any(|begin| raised.starts_with(begin))
}

/// The numbers of a list; what is said instead where there are none.
fn numbers(list: &Value, doing: &str) -> Result<Result<Vec<Value>, Value>, String> {
    if !list.truthy() {
        return Ok(Err(error(format!("Cannot {doing} of an empty list"))));
    }
    Ok(match iterated(list) {
        Ok(all) => Ok(all),
        Err(_) => Err(error(NOT_ALL)),
    })
}

fn sum(all: &[Value]) -> Answer {
    all.iter().try_fold(whole(0), |sum, value| add(&sum, value))
}

fn mean(all: &[Value]) -> Answer {
    divide(&sum(all)?, &whole(all.len()))
}

fn deviation(all: &[Value]) -> Answer {
    let mean = mean(all)?;
    let square = |value: &Value| power(&subtract(value, &mean)?, &whole(2));
    let squares = all.iter().map(square).collect::<Result<Vec<_>, _>>()?;
    let variance = divide(&sum(&squares)?, &whole(all.len()))?;
    Ok(Value::Float(variance.float().unwrap_or(f64::NAN).sqrt()))
}

fn extreme(all: &[Value], sign: &str) -> Answer {
    let mut all = all.iter();
    let first = all.next().cloned().unwrap_or(Value::None);
    all.try_fold(first, |best, value| Ok(if compared(value, sign, &best)? { value.clone() } else { best }))
}

fn unsupported(from: &Value, to: &Value) -> Value {
    error(format!("Conversion from '{}' to '{}' is not supported", text(from), text(to)))
}

fn si(given: &Given) -> Answer {
    let (value, from, to) = (&given[0], &given[1], &given[2]);
    if !value.is_real() {
        return Ok(error("Value must be a number"));
    }
    given.keys(&[1, 2])?;
    let factor =
        |unit: &Value| SI_UNITS.iter().find(|(name, _)| *unit == Value::from(*name)).map(|(_, factor)| *factor);
    let Some((a, b)) = factor(from).zip(factor(to)) else { return Ok(unsupported(from, to)) };
    let Ok(scaled) = multiply(value, &exact(a)) else {
        return Ok(error("Conversion resulted in a value too large to represent"));
    };
    result(multiply(&scaled, &Value::Float(1.0 / b)))
}

/// A factor as the whole number that it is, or a float.
fn exact(factor: f64) -> Value {
    if factor.fract() == 0.0 { whole(factor as i64) } else { Value::Float(factor) }
}

fn imperial(given: &Given) -> Answer {
    let (value, from, to) = (&given[0], &given[1], &given[2]);
    if !value.is_real() {
        return Ok(error("Value must be a number"));
    }
    if from == to {
        return result(Ok(value.clone()));
    }
    let float = Value::Float;
    let (a, b) = (text(from), text(to));
    result(match (a.as_str(), b.as_str()) {
        ("celsius", "fahrenheit") => add(&multiply(value, &float(1.8))?, &whole(32)),
        ("fahrenheit", "celsius") => multiply(&subtract(value, &whole(32))?, &float(5.0 / 9.0)),
        (a, b) => match FACTORS.iter().find(|(from, to, _)| *from == a && *to == b) {
            Some((_, _, factor)) => multiply(value, &float(*factor)),
            None => return Ok(unsupported(from, to)),
        },
    })
}

fn absolute(number: &Value) -> Answer {
    match number {
        Value::Float(float) => result(Ok(Value::Float(float.abs()))),
        Value::Complex(real, imaginary) => result(Ok(Value::Float(real.hypot(*imaginary)))),
        number => match number.whole() {
            Some(int) => result(Ok(Value::Int(int.magnitude().clone().into()))),
            None => Ok(error("Input must be a number")),
        },
    }
}

fn round(number: &Value, places: &Value) -> Answer {
    let places = places.whole().and_then(|places| i32::try_from(places).ok());
    match places.filter(|_| number.is_real()) {
        Some(places) => result(rounded(number, places)),
        None => Ok(error("First input must be a number, second input must be an integer")),
    }
}

fn of_list(method: &str, list: &Value) -> Answer {
    type Computed = fn(&[Value]) -> Answer;
    let (doing, compute): (&str, Computed) = match method {
        "mean" => ("calculate mean", mean),
        "standard_deviation" => ("calculate standard deviation", deviation),
        "min_value" => ("find minimum", |all| extreme(all, "<")),
        "max_value" => ("find maximum", |all| extreme(all, ">")),
        _ => ("calculate sum", sum),
    };
    match numbers(list, doing)? {
        Ok(all) => result_or(compute(&all), NOT_ALL),
        Err(refused) => Ok(refused),
    }
}

impl Service for Math {
    fn class(&self) -> &'static str {
        "MathAPI"
    }

    fn methods(&self) -> &'static [(&'static str, &'static str)] {
        METHODS
    }

    fn call(&mut self, method: &str, given: &Given) -> Answer {
        let (a, b) = (&given[0], &given[1]);
        match method {
            "logarithm" => logarithm(a, b, &given[2]),
            "si_unit_conversion" => si(given),
            "imperial_si_conversion" => imperial(given),
            "add" => result_or(add(a, b), NOT_BOTH),
            "subtract" => result_or(subtract(a, b), NOT_BOTH),
            "multiply" if a.is_real() && b.is_real() => result(multiply(a, b)),
            "multiply" => Ok(error(NOT_BOTH)),
            "divide" if *b == whole(0) => Ok(error("Cannot divide by zero")),
            "divide" => result_or(divide(a, b), NOT_BOTH),
            "power" => result_or(power(a, b), NOT_BOTH),
            "square_root" => square_root(a, b),
            "absolute_value" => absolute(a),
            "round_number" => round(a, b),
            "percentage" if *b == whole(0) => Ok(error("Whole value cannot be zero")),
            "percentage" => result_or(divide(a, b).and_then(|share| multiply(&share, &whole(100))), NOT_BOTH),
            method => of_list(method, a),
        }
    }

    fn state(&self) -> Vec<(&'static str, Value)> {
        Vec::new()
    }
}
