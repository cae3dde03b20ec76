//! Calls written as Python.

use super::{Called, Language};
use crate::python::{Binary, Call, Expr, Unary, Value, binary, evaluate, expression, negative, strip, unparse};
use crate::python::{dictionary, text};
use crate::tool_use::bfcl::Switches;

/// The calls of a list, a tuple or a set of calls, or of one call; `None` where the text is anything else.
pub(super) fn calls(source: &str, switches: &Switches) -> Option<Vec<Called>> {
    let source = strip(source).trim_matches('\'');
    let all = match expression(source)? {
        Expr::Call(call) => return Some(vec![called(&call, switches)?]),
        Expr::List(items) | Expr::Tuple(items) | Expr::Set(items) => items,
        _ => return None,
    };
    let one = |item: &Expr| match item {
        Expr::Call(call) => called(call, switches),
        _ => None,
    };
    all.iter().map(one).collect()
}

/// Whether a reply is no list of calls as it stands.
pub(super) fn unread(reply: &str, language: Language) -> bool {
    let text = reply.trim_matches(['`', '\n', ' ']);
    match language {
        Language::Python => {
            let wrapped = format!("[{}]", text.strip_prefix('[').and_then(|t| t.strip_suffix(']')).unwrap_or(text));
            calls(&wrapped, &Switches::all(true)).is_none()
        }
        _ => !(text.starts_with('[') && text.ends_with(']')),
    }
}

/// The key under which positional arguments are kept until the function's document names them.
pub(in crate::tool_use::bfcl) fn position(index: usize) -> Value {
    Value::Tuple(vec![Value::Int(index.into())])
}

fn called(call: &Call, switches: &Switches) -> Option<Called> {
    let mut pairs = Vec::new();
    if switches.positional_arguments {
        for (index, value) in call.positional.iter().enumerate() {
            pairs.push((position(index), resolved(value, switches)?));
        }
    }
    for (name, value) in &call.named {
        let key = name.as_deref().map_or(Value::None, Value::from);
        pairs.push((key, resolved(value, switches)?));
    }
    Some(Called { name: name(&call.function), arguments: dictionary(pairs)? })
}

/// The attributes of a chain; its beginning only where that is a plain name.
fn name(function: &Expr) -> String {
    let mut parts = Vec::new();
    let mut part = function;
    while let Expr::Attribute(of, name) = part {
        parts.push(name.as_str());
        part = of;
    }
    if let Expr::Name(name) = part {
        parts.push(name);
    }
    parts.reverse();
    parts.join(".")
}

/// What an argument is worth as the reference resolves it; `None` where it gives up.
fn resolved(value: &Expr, switches: &Switches) -> Option<Value> {
    let all = |items: &[Expr]| items.iter().map(|item| resolved(item, switches)).collect::<Option<Vec<_>>>();
    Some(match value {
        Expr::Constant(Value::Ellipsis, _) => Value::from("..."),
        Expr::Constant(value, _) => value.clone(),
        Expr::Unary(..) if switches.true_signs => evaluate(value).ok()?,
        // Whatever the sign, the reference takes the number's negative.
        Expr::Unary(Unary::Minus | Unary::Plus | Unary::Invert | Unary::Not, operand) => match &**operand {
            Expr::Constant(value, _) => negative(value).ok()?,
            _ => return None,
        },
        Expr::List(items) => Value::List(all(items)?),
        Expr::Tuple(items) => Value::Tuple(all(items)?),
        Expr::Dict(pairs) => {
            let pair = |(key, value): &(Option<Expr>, Expr)| {
                Some((resolved(key.as_ref()?, switches)?, resolved(value, switches)?))
            };
            dictionary(pairs.iter().map(pair).collect::<Option<_>>()?)?
        }
        Expr::Binary(operator, left, right) => computed(*operator, left, right)?,
        Expr::Name(name) => Value::from(name.as_str()),
        Expr::Call(call) if call.named.is_empty() => Value::from(unparse(value).as_str()),
        Expr::Call(call) => {
            let Called { name, arguments } = called(call, &Switches { positional_arguments: false, ..*switches })?;
            Value::Dict(vec![(Value::from(name.as_str()), arguments)])
        }
        Expr::Subscript(of, index) => Value::from(format!("{}[{}]", unparse(of), unparse(index)).as_str()),
        Expr::Attribute(..) if switches.attribute_values => Value::from(unparse(value).as_str()),
        _ => return None,
    })
}

fn computed(operator: Binary, left: &Expr, right: &Expr) -> Option<Value> {
    binary(operator, &evaluate(left).ok()?, &evaluate(right).ok()?).ok()
}

/// `str` of a key.
pub(super) fn key_text(key: &Value) -> String {
    text(key)
}
