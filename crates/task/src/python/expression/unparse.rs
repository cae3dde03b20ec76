//! An expression as Python's `ast.unparse` writes it (3.11).

use super::{Call, Clause, Comprehension, Expr, Parameter, Unary};
use crate::python::Value;

const NAMED: u8 = 0;
const TUPLE: u8 = 1;
const YIELD: u8 = 2;
const TEST: u8 = 3;
const OR: u8 = 4;
const AND: u8 = 5;
const NOT: u8 = 6;
const CMP: u8 = 7;
pub(super) const EXPR: u8 = 8;
pub(super) const ARITH: u8 = 12;
const FACTOR: u8 = 14;
pub(super) const POWER: u8 = 15;
const AWAIT: u8 = 16;
const ATOM: u8 = 17;

/// The text of an expression.
pub(crate) fn unparse(made: &Expr) -> String {
    let mut text = String::new();
    write(&mut text, made, TEST);
    text
}

fn within(text: &mut String, parens: bool, inner: impl FnOnce(&mut String)) {
    if parens {
        text.push('(');
    }
    inner(text);
    if parens {
        text.push(')');
    }
}

fn list<'e>(text: &mut String, items: impl IntoIterator<Item = &'e Expr>) {
    for (index, item) in items.into_iter().enumerate() {
        if index > 0 {
            text.push_str(", ");
        }
        write(text, item, TEST);
    }
}

fn write(text: &mut String, made: &Expr, around: u8) {
    match made {
        Expr::Constant(value, unicode) => constant(text, value, *unicode),
        Expr::Formatted(source) => text.push_str(source),
        Expr::Name(name) => text.push_str(name),
        Expr::Attribute(of, name) => {
            write(text, of, ATOM);
            if matches!(**of, Expr::Constant(Value::Int(_), _)) {
                text.push(' ');
            }
            text.push('.');
            text.push_str(name);
        }
        Expr::Subscript(of, index) => {
            write(text, of, ATOM);
            text.push('[');
            match &**index {
                Expr::Tuple(items) if !items.is_empty() => tuple_items(text, items),
                index => write(text, index, TEST),
            }
            text.push(']');
        }
        Expr::Call(call) => write_call(text, call),
        Expr::Unary(operator, operand) => unary(text, *operator, operand, around),
        Expr::Binary(operator, left, right) => {
            let (sign, strength) = operator.sign();
            let power = sign == "**";
            within(text, around > strength, |text| {
                write(text, left, strength + u8::from(power));
                text.push_str(&format!(" {sign} "));
                write(text, right, strength + u8::from(!power));
            });
        }
        Expr::Logic(and, parts) => logic(text, *and, parts, around),
        Expr::Compare(left, compared) => within(text, around > CMP, |text| {
            write(text, left, CMP + 1);
            for (sign, right) in compared {
                text.push_str(&format!(" {sign} "));
                write(text, right, CMP + 1);
            }
        }),
        Expr::Choice(choice) => within(text, around > TEST, |text| {
            let [test, made, other] = &**choice;
            write(text, made, TEST + 1);
            text.push_str(" if ");
            write(text, test, TEST + 1);
            text.push_str(" else ");
            write(text, other, TEST);
        }),
        Expr::Lambda(parameters, body) => within(text, around > TEST, |text| lambda(text, parameters, body)),
        other => brackets(text, other, around),
    }
}

fn lambda(text: &mut String, parameters: &[Parameter], body: &Expr) {
    text.push_str("lambda");
    for (index, parameter) in parameters.iter().enumerate() {
        text.push_str(if index > 0 { ", " } else { " " });
        text.push_str(&parameter.name);
        if let Some(default) = &parameter.default {
            text.push('=');
            write(text, default, TEST);
        }
    }
    text.push_str(": ");
    write(text, body, TEST);
}

fn brackets(text: &mut String, made: &Expr, around: u8) {
    match made {
        Expr::List(items) => {
            text.push('[');
            list(text, items);
            text.push(']');
        }
        Expr::Tuple(items) => {
            text.push('(');
            tuple_items(text, items);
            text.push(')');
        }
        Expr::Set(items) => {
            text.push('{');
            list(text, items);
            text.push('}');
        }
        Expr::Dict(pairs) => dict(text, pairs),
        Expr::Comprehension(made) => comprehension(text, made),
        Expr::Word(word, operand) => {
            let strength = if *word == "await" { AWAIT } else { YIELD };
            within(text, around > strength, |text| {
                text.push_str(word);
                if let Some(operand) = operand {
                    text.push(' ');
                    write(text, operand, ATOM);
                }
            });
        }
        Expr::Starred(operand) => {
            text.push('*');
            write(text, operand, EXPR);
        }
        Expr::Named(name, value) => within(text, around > NAMED, |text| {
            write(text, name, ATOM);
            text.push_str(" := ");
            write(text, value, ATOM);
        }),
        Expr::Slice([lower, upper, step]) => {
            let mut bound = |made: &Option<Box<Expr>>| made.iter().for_each(|made| write(text, made, TEST));
            bound(lower);
            text.push(':');
            let mut bound = |made: &Option<Box<Expr>>| made.iter().for_each(|made| write(text, made, TEST));
            bound(upper);
            if let Some(step) = step {
                text.push(':');
                write(text, step, TEST);
            }
        }
        _ => {}
    }
}

fn tuple_items(text: &mut String, items: &[Expr]) {
    list(text, items);
    if items.len() == 1 {
        text.push(',');
    }
}

fn constant(text: &mut String, value: &Value, unicode: bool) {
    if unicode {
        text.push('u');
    }
    match value {
        Value::Ellipsis => text.push_str("..."),
        Value::Float(_) | Value::Complex(..) => text.push_str(&value.to_string().replace("inf", "1e309")),
        value => text.push_str(&value.to_string()),
    }
}

fn unary(text: &mut String, operator: Unary, operand: &Expr, around: u8) {
    let (sign, strength) = match operator {
        Unary::Minus => ("-", FACTOR),
        Unary::Plus => ("+", FACTOR),
        Unary::Invert => ("~", FACTOR),
        Unary::Not => ("not ", NOT),
    };
    within(text, around > strength, |text| {
        text.push_str(sign);
        write(text, operand, strength);
    });
}

fn logic(text: &mut String, and: bool, parts: &[Expr], around: u8) {
    let (word, mut strength) = if and { (" and ", AND) } else { (" or ", OR) };
    within(text, around > strength, |text| {
        for (index, part) in parts.iter().enumerate() {
            if index > 0 {
                text.push_str(word);
            }
            strength = (strength + 1).min(ATOM);
            write(text, part, strength);
        }
    });
}

fn write_call(text: &mut String, call: &Call) {
    write(text, &call.function, ATOM);
    text.push('(');
    list(text, &call.positional);
    for (index, (name, value)) in call.named.iter().enumerate() {
        if index > 0 || !call.positional.is_empty() {
            text.push_str(", ");
        }
        match name {
            Some(name) => text.push_str(&format!("{name}=")),
            None => text.push_str("**"),
        }
        write(text, value, TEST);
    }
    text.push(')');
}

fn dict(text: &mut String, pairs: &[(Option<Expr>, Expr)]) {
    text.push('{');
    for (index, (key, value)) in pairs.iter().enumerate() {
        if index > 0 {
            text.push_str(", ");
        }
        match key {
            Some(key) => {
                write(text, key, TEST);
                text.push_str(": ");
                write(text, value, TEST);
            }
            None => {
                text.push_str("**");
                write(text, value, EXPR);
            }
        }
    }
    text.push('}');
}

fn comprehension(text: &mut String, made: &Comprehension) {
    let close = match made.bracket {
        b'[' => ']',
        b'{' => '}',
        _ => ')',
    };
    text.push(char::from(made.bracket));
    write(text, &made.element, TEST);
    if let Some(value) = &made.value {
        text.push_str(": ");
        write(text, value, TEST);
    }
    for Clause { awaited, target, source, conditions } in &made.clauses {
        text.push_str(if *awaited { " async for " } else { " for " });
        match target {
            Expr::Tuple(items) if !items.is_empty() => tuple_items(text, items),
            target => write(text, target, TUPLE),
        }
        text.push_str(" in ");
        write(text, source, TEST + 1);
        for condition in conditions {
            text.push_str(" if ");
            write(text, condition, TEST + 1);
        }
    }
    text.push(close);
}
