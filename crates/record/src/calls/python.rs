//! Calls as Python.

use serde_json::{Map, Number, Value};

use super::{CallForm, Calls, call};
use crate::ToolCall;

/// The deepest value that is read.
const MAX_DEPTH: usize = 100;

/// A reply that is nothing but a list of calls.
pub(super) fn alone(reply: &str, tools: &[Value]) -> Option<Calls> {
    let text = reply.trim();
    let text = text.strip_prefix("<|python_start|>").unwrap_or(text);
    let text = text.strip_suffix("<|python_end|>").unwrap_or(text).trim();
    let mut reader = Reader { rest: text };
    let calls = reader.list()?;
    let known = |call: &ToolCall| tools.is_empty() || tools.iter().any(|tool| named(tool, &call.name));
    let whole = reader.rest.trim().is_empty() && !calls.is_empty();
    // A list of calls of nothing that was offered may be anything.
    (whole && (calls.iter().any(known) || text.contains('='))).then(|| Calls {
        form: CallForm::Pythonic,
        calls,
        said: String::new(),
    })
}

fn named(tool: &Value, name: &str) -> bool {
    tool.get("function").unwrap_or(tool)["name"] == name
}

struct Reader<'t> {
    rest: &'t str,
}

impl<'t> Reader<'t> {
    fn take(&mut self, sign: &str) -> bool {
        let trimmed = self.rest.trim_start();
        match trimmed.strip_prefix(sign) {
            Some(rest) => {
                self.rest = rest;
                true
            }
            None => false,
        }
    }

    fn need(&mut self, sign: &str) -> Option<()> {
        self.take(sign).then_some(())
    }

    /// A name with its points.
    fn name(&mut self) -> Option<&'t str> {
        let trimmed = self.rest.trim_start();
        let end =
            trimmed.find(|c: char| !(c.is_alphanumeric() || matches!(c, '_' | '.' | '-'))).unwrap_or(trimmed.len());
        let (name, rest) = trimmed.split_at(end);
        self.rest = rest;
        name.starts_with(|c: char| c.is_alphabetic() || c == '_').then_some(name)
    }

    fn list(&mut self) -> Option<Vec<ToolCall>> {
        self.need("[")?;
        let mut calls = Vec::new();
        while !self.take("]") {
            calls.push(self.call()?);
            if !self.take(",") {
                self.need("]")?;
                break;
            }
        }
        Some(calls)
    }

    fn call(&mut self) -> Option<ToolCall> {
        let name = self.name()?;
        self.need("(")?;
        let mut arguments = Map::new();
        while !self.take(")") {
            let key = self.name()?;
            self.need("=")?;
            arguments.insert(key.to_owned(), self.value(0)?);
            if !self.take(",") {
                self.need(")")?;
                break;
            }
        }
        Some(call(name, Value::Object(arguments)))
    }

    fn value(&mut self, depth: usize) -> Option<Value> {
        if depth > MAX_DEPTH {
            return None;
        }
        let trimmed = self.rest.trim_start();
        let first = trimmed.chars().next()?;
        match first {
            '"' | '\'' => self.text(first).map(Value::from),
            '[' | '(' => {
                let close = if first == '[' { "]" } else { ")" };
                self.rest = &trimmed[1..];
                let mut items = Vec::new();
                while !self.take(close) {
                    items.push(self.value(depth + 1)?);
                    if !self.take(",") {
                        self.need(close)?;
                        break;
                    }
                }
                Some(Value::Array(items))
            }
            '{' => {
                self.rest = &trimmed[1..];
                let mut pairs = Map::new();
                while !self.take("}") {
                    let key = match self.value(depth + 1)? {
                        Value::String(key) => key,
                        other => other.to_string(),
                    };
                    self.need(":")?;
                    pairs.insert(key, self.value(depth + 1)?);
                    if !self.take(",") {
                        self.need("}")?;
                        break;
                    }
                }
                Some(Value::Object(pairs))
            }
            _ => self.word(),
        }
    }

    /// A constant or a number.
    fn word(&mut self) -> Option<Value> {
        let trimmed = self.rest.trim_start();
        let end = trimmed.find([',', ')', ']', '}', ':', ' ', '\n']).unwrap_or(trimmed.len());
        let (word, rest) = trimmed.split_at(end);
        self.rest = rest;
        Some(match word {
            "True" | "true" => Value::Bool(true),
            "False" | "false" => Value::Bool(false),
            "None" | "null" => Value::Null,
            word => {
                let digits = word.replace('_', "");
                let whole = digits.parse::<i64>().ok().map(Number::from);
                let float = || digits.parse::<f64>().ok().and_then(Number::from_f64);
                let starts = word.starts_with(|c: char| c.is_ascii_digit() || matches!(c, '-' | '+' | '.'));
                Value::Number(whole.or_else(float).filter(|_| starts)?)
            }
        })
    }

    fn text(&mut self, quote: char) -> Option<String> {
        let inside = self.rest.trim_start().strip_prefix(quote)?;
        let mut made = String::new();
        let mut chars = inside.char_indices();
        while let Some((at, c)) = chars.next() {
            match c {
                c if c == quote => {
                    self.rest = &inside[at + c.len_utf8()..];
                    return Some(made);
                }
                '\\' => match chars.next()?.1 {
                    'n' => made.push('\n'),
                    't' => made.push('\t'),
                    'r' => made.push('\r'),
                    'u' => {
                        let code: String = chars.by_ref().take(4).map(|(_, c)| c).collect();
                        made.push(u32::from_str_radix(&code, 16).ok().and_then(char::from_u32)?);
                    }
                    other if matches!(other, '\\' | '\'' | '"') => made.push(other),
                    other => made.extend(['\\', other]),
                },
                c => made.push(c),
            }
        }
        None
    }
}
