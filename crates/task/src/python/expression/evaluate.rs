//! The value of an expression of literals, as Python's `eval` computes it. Nothing is looked up and nothing is called.

use super::super::arithmetic::{add, compared, divide, floor_divide, multiply, power, remainder, subtract};
use super::super::value::{dictionary, set};
use super::{Binary, Call, Expr, Unary};
use crate::python::Value;

use super::super::arithmetic::Computed;

/// What calls are worth.
pub(crate) trait Lookup {
    /// The result of a call.
    fn call(&mut self, call: &Call) -> Computed;

    /// `of[index]`
    fn subscript(&mut self, of: &Value, index: &Value) -> Computed;
}

/// Nothing can be called.
struct Nothing;

impl Lookup for Nothing {
    fn call(&mut self, call: &Call) -> Computed {
        Err(format!("name '{}' is not defined", super::unparse(&call.function)))
    }

    fn subscript(&mut self, _: &Value, _: &Value) -> Computed {
        Err("only plain values are read here".to_owned())
    }
}

/// What an expression of literals is worth.
///
/// # Errors
/// A name, a call, or anything else that would have to be looked up; what Python's arithmetic refuses.
pub(crate) fn evaluate(made: &Expr) -> Computed {
    evaluate_with(made, &mut Nothing)
}

/// What an expression of literals and calls is worth.
///
/// # Errors
/// As [`evaluate`]; what a call raises.
pub(crate) fn evaluate_with(made: &Expr, lookup: &mut dyn Lookup) -> Computed {
    let mut evaluate = |made: &Expr| evaluate_with(made, lookup);
    let mut all = |items: &[Expr]| items.iter().map(&mut evaluate).collect::<Result<Vec<_>, _>>();
    match made {
        Expr::Constant(value, _) => Ok(value.clone()),
        Expr::Name(name) => Err(format!("name '{name}' is not defined")),
        Expr::List(items) => all(items).map(Value::List),
        Expr::Tuple(items) => all(items).map(Value::Tuple),
        Expr::Set(items) => set(all(items)?).ok_or_else(|| unhashable(items)),
        Expr::Dict(pairs) => {
            let mut evaluate = |made: &Expr| evaluate_with(made, lookup);
            let pair = |(key, value): &(Option<Expr>, Expr)| match key {
                Some(key) => Ok((evaluate(key)?, evaluate(value)?)),
                None => Err("a dictionary is not unpacked here".to_owned()),
            };
            let made = pairs.iter().map(pair).collect::<Result<Vec<_>, String>>()?;
            dictionary(made).ok_or_else(|| "unhashable type: 'list'".to_owned())
        }
        Expr::Unary(operator, operand) => unary(*operator, &evaluate(operand)?),
        Expr::Binary(operator, left, right) => binary(*operator, &evaluate(left)?, &evaluate(right)?),
        Expr::Logic(and, parts) => {
            let mut last = Value::None;
            for part in parts {
                last = evaluate(part)?;
                if last.truthy() != *and {
                    break;
                }
            }
            Ok(last)
        }
        Expr::Choice(choice) => {
            let [test, made, other] = &**choice;
            let holds = evaluate(test)?.truthy();
            evaluate(if holds { made } else { other })
        }
        Expr::Compare(left, all) => compare(left, all, lookup),
        Expr::Call(call) => lookup.call(call),
        Expr::Attribute(of, name) => {
            let value = evaluate(of)?;
            Err(format!("'{}' object has no attribute '{name}'", value.type_name()))
        }
        Expr::Subscript(of, index) => {
            let (of, index) = (evaluate_with(of, lookup)?, evaluate_with(index, lookup)?);
            lookup.subscript(&of, &index)
        }
        _ => Err("only plain values are read here".to_owned()),
    }
}

fn unhashable(items: &[Expr]) -> String {
    let bad = items.iter().filter_map(|item| evaluate(item).ok()).find(|item| set(vec![item.clone()]).is_none());
    format!("unhashable type: '{}'", bad.map_or("list", |value| value.type_name()))
}

/// `-value`
pub(crate) fn negative(value: &Value) -> Computed {
    match value {
        Value::Float(float) => Ok(Value::Float(-float)),
        Value::Complex(real, imaginary) => Ok(Value::Complex(-real, -imaginary)),
        value => match value.whole() {
            Some(int) => Ok(Value::Int(-int)),
            None => Err(format!("bad operand type for unary -: '{}'", value.type_name())),
        },
    }
}

/// `+value`
fn plus(value: &Value) -> Computed {
    match value {
        Value::Bool(_) => Ok(Value::Int(value.whole().unwrap_or_default())),
        Value::Int(_) | Value::Float(_) | Value::Complex(..) => Ok(value.clone()),
        value => Err(format!("bad operand type for unary +: '{}'", value.type_name())),
    }
}

fn unary(operator: Unary, value: &Value) -> Computed {
    match operator {
        Unary::Minus => negative(value),
        Unary::Plus => plus(value),
        Unary::Not => Ok(Value::Bool(!value.truthy())),
        Unary::Invert => match value.whole() {
            Some(int) => Ok(Value::Int(-int - 1)),
            None => Err(format!("bad operand type for unary ~: '{}'", value.type_name())),
        },
    }
}

/// `left operator right`
pub(crate) fn binary(operator: Binary, left: &Value, right: &Value) -> Computed {
    match operator {
        Binary::Add => add(left, right),
        Binary::Subtract => subtract(left, right),
        Binary::Multiply => multiply(left, right),
        Binary::Divide => divide(left, right),
        Binary::Floor => floor_divide(left, right),
        Binary::Remainder => match left {
            Value::Text(text) => formatted(&String::from_utf8_lossy(text), right),
            left => remainder(left, right),
        },
        Binary::Power => power(left, right),
        Binary::Matrix => Err("unsupported operand type(s) for @".to_owned()),
        bits => {
            let refused = || format!("unsupported operand type(s) for {}", bits.sign().0);
            let (Some(a), Some(b)) = (left.whole(), right.whole()) else { return Err(refused()) };
            let both_bool = matches!((left, right), (Value::Bool(_), Value::Bool(_)));
            let shift = || u32::try_from(&b).ok().filter(|by| *by < 1 << 20).ok_or_else(refused);
            let made = match bits {
                Binary::Or => a | b,
                Binary::Xor => a ^ b,
                Binary::And => a & b,
                Binary::Left => a << shift()?,
                _ => a >> shift()?,
            };
            let bool = both_bool && !matches!(bits, Binary::Left | Binary::Right);
            Ok(if bool { Value::Bool(made != num_bigint::BigInt::ZERO) } else { Value::Int(made) })
        }
    }
}

fn compare(left: &Expr, all: &[(&'static str, Expr)], lookup: &mut dyn Lookup) -> Computed {
    let mut left = evaluate_with(left, lookup)?;
    for (sign, right) in all {
        let right = evaluate_with(right, lookup)?;
        let contains = || match &right {
            Value::List(items) | Value::Tuple(items) | Value::Set(items) => Ok(items.contains(&left)),
            Value::Dict(pairs) => Ok(pairs.iter().any(|(key, _)| *key == left)),
            Value::Text(text) => match &left {
                Value::Text(part) => Ok(String::from_utf8_lossy(text).contains(String::from_utf8_lossy(part).as_ref())),
                _ => Err("'in <string>' requires string as left operand".to_owned()),
            },
            other => Err(format!("argument of type '{}' is not iterable", other.type_name())),
        };
        let holds = match *sign {
            "==" => left == right,
            "!=" => left != right,
            "in" => contains()?,
            "not in" => !contains()?,
            "is" => left == right && left.type_name() == right.type_name(),
            "is not" => left != right || left.type_name() != right.type_name(),
            sign => compared(&left, sign, &right)?,
        };
        if !holds {
            return Ok(Value::Bool(false));
        }
        left = right;
    }
    Ok(Value::Bool(true))
}

/// `text % values`, with `%s`, `%r`, `%d`, `%f` and `%%`.
fn formatted(text: &str, values: &Value) -> Computed {
    let mut values = match values {
        Value::Tuple(items) => items.iter().collect::<Vec<_>>(),
        value => vec![value],
    }
    .into_iter();
    let mut made = String::new();
    let mut rest = text;
    while let Some((before, after)) = rest.split_once('%') {
        made.push_str(before);
        let digits = after.find(|c: char| !c.is_ascii_digit() && c != '.').unwrap_or(after.len());
        let kind = after[digits..].chars().next().ok_or("incomplete format")?;
        if kind == '%' {
            made.push('%');
        } else {
            let value = values.next().ok_or("not enough arguments for format string")?;
            made.push_str(&format_one(value, kind, &after[..digits])?);
        }
        rest = &after[digits + kind.len_utf8()..];
    }
    made.push_str(rest);
    match values.next() {
        Some(_) => Err("not all arguments converted during string formatting".to_owned()),
        None => Ok(Value::from(made.as_str())),
    }
}

fn format_one(value: &Value, kind: char, size: &str) -> Computed<String> {
    let number = || value.float().ok_or_else(|| format!("%{kind} format: a real number is required"));
    let precision = size.split_once('.').and_then(|(_, digits)| digits.parse::<usize>().ok()).unwrap_or(6);
    Ok(match kind {
        's' => super::super::text(value),
        'r' => value.to_string(),
        'd' | 'i' => value.whole().map_or_else(|| number().map(|n| format!("{}", n.trunc())), |n| Ok(n.to_string()))?,
        'f' if precision <= 100 => format!("{:.precision$}", number()?),
        _ => return Err(format!("unsupported format character '{kind}'")),
    })
}
