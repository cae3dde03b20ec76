//! The filter `tojson` as `transformers` defines it: Python's `json.dumps`, which escapes nothing for HTML and puts a
//! space after `,` and `:`.

use minijinja::value::{Kwargs, Rest, Value, ValueKind};
use minijinja::{Error, ErrorKind, State};

use super::python::float;

/// The deepest value that is written.
const DEPTH: usize = 100;
/// Spaces of an indentation that are still taken seriously.
const WIDEST: usize = 64;

/// How values are written.
struct Style {
    ascii: bool,
    indent: Option<String>,
    separators: (String, String),
    sorted: bool,
}

/// `tojson(value, ensure_ascii=False, indent=None, separators=None, sort_keys=False)`
pub(super) fn tojson(state: &State, value: Value, given: Rest<Value>, options: Kwargs) -> Result<Value, Error> {
    let one = |at: usize, name: &str| -> Result<Value, Error> {
        let named: Option<Value> = options.get(name)?;
        Ok(named.or_else(|| given.get(at).cloned()).unwrap_or_else(|| Value::from(())))
    };
    let indent = indent(&one(1, "indent")?)?;
    let separators = match one(2, "separators")? {
        pair if pair.is_none() => ((if indent.is_some() { "," } else { ", " }).to_owned(), ": ".to_owned()),
        pair => {
            let item = |at: usize| pair.get_item(&Value::from(at)).map(|text| text.to_string());
            (item(0)?, item(1)?)
        }
    };
    let style =
        Style { ascii: one(0, "ensure_ascii")?.is_true(), indent, separators, sorted: one(3, "sort_keys")?.is_true() };
    options.assert_all_used()?;
    let mut out = String::new();
    style.write(&value, 0, &mut out)?;
    state.consume_fuel(out.len() as u64 / 64)?;
    Ok(Value::from(out))
}

/// Python takes a number of spaces or the text itself.
fn indent(value: &Value) -> Result<Option<String>, Error> {
    match value.kind() {
        ValueKind::None => Ok(None),
        ValueKind::String => Ok(Some(value.to_string())),
        _ => Ok(Some(" ".repeat(i64::try_from(value.clone())?.clamp(0, WIDEST as i64) as usize))),
    }
}

impl Style {
    fn write(&self, value: &Value, depth: usize, out: &mut String) -> Result<(), Error> {
        let bad = |what: String| Error::new(ErrorKind::BadSerialization, format!("tojson: {what}"));
        if depth > DEPTH {
            return Err(bad("the value is nested too deeply".to_owned()));
        }
        match value.kind() {
            ValueKind::None => out.push_str("null"),
            ValueKind::Bool => out.push_str(if value.is_true() { "true" } else { "false" }),
            ValueKind::Number => out.push_str(&number(value)),
            ValueKind::String => self.quote(value.as_str().unwrap_or_default(), out),
            ValueKind::Map => {
                let keys: Vec<Value> = value.try_iter()?.collect();
                let mut pairs = Vec::with_capacity(keys.len());
                for key in keys {
                    pairs.push((key_text(&key).ok_or_else(|| bad(format!("{key} is no key")))?, value.get_item(&key)?));
                }
                if self.sorted {
                    pairs.sort_by(|(a, _), (b, _)| a.cmp(b));
                }
                self.list(("{", "}"), depth, pairs, out, |(key, item), out| {
                    self.quote(&key, out);
                    out.push_str(&self.separators.1);
                    self.write(&item, depth + 1, out)
                })?;
            }
            ValueKind::Seq | ValueKind::Iterable => {
                let items: Vec<Value> = value.try_iter()?.collect();
                self.list(("[", "]"), depth, items, out, |item, out| self.write(&item, depth + 1, out))?;
            }
            other => return Err(bad(format!("a value of type {other} is not JSON"))),
        }
        Ok(())
    }

    fn list<T>(
        &self,
        (open, close): (&str, &str),
        depth: usize,
        items: Vec<T>,
        out: &mut String,
        mut write: impl FnMut(T, &mut String) -> Result<(), Error>,
    ) -> Result<(), Error> {
        let line = |depth: usize, out: &mut String| {
            if let Some(indent) = &self.indent {
                out.push('\n');
                out.extend(std::iter::repeat_n(indent.as_str(), depth));
            }
        };
        out.push_str(open);
        let empty = items.is_empty();
        for (at, item) in items.into_iter().enumerate() {
            if at > 0 {
                out.push_str(&self.separators.0);
            }
            line(depth + 1, out);
            write(item, out)?;
        }
        if !empty {
            line(depth, out);
        }
        out.push_str(close);
        Ok(())
    }

    fn quote(&self, text: &str, out: &mut String) {
        let quoted = serde_json::Value::from(text).to_string();
        if !self.ascii {
            return out.push_str(&quoted);
        }
        for letter in quoted.chars() {
            match letter {
                '\u{7f}' => out.push(letter),
                letter if letter.is_ascii() => out.push(letter),
                letter => {
                    let mut units = [0; 2];
                    letter.encode_utf16(&mut units).iter().for_each(|unit| out.push_str(&format!("\\u{unit:04x}")));
                }
            }
        }
    }
}

/// A number as Python writes it into JSON.
fn number(value: &Value) -> String {
    match f64::try_from(value.clone()) {
        Ok(x) if !value.is_integer() => match x {
            x if x.is_nan() => "NaN".to_owned(),
            x if x.is_infinite() => if x > 0.0 { "Infinity" } else { "-Infinity" }.to_owned(),
            x => float(x),
        },
        _ => value.to_string(),
    }
}

/// A dictionary's key as JSON has it.
fn key_text(key: &Value) -> Option<String> {
    match key.kind() {
        ValueKind::String => Some(key.to_string()),
        ValueKind::None => Some("null".to_owned()),
        ValueKind::Bool => Some(if key.is_true() { "true" } else { "false" }.to_owned()),
        ValueKind::Number => Some(number(key)),
        _ => None,
    }
}
