//! The values of Python literals, and when two of them are equal.

use std::collections::HashSet;

use num_bigint::BigInt;

use super::int::{from_f64, int_text};

/// A value that a Python literal or a JSON text can denote.
///
/// `==` is Python's: `1 == 1.0 == True`, `(1,) != [1]`, order of sets and dictionaries does not matter.
#[derive(Debug, Clone)]
pub enum Value {
    /// `None`, JSON `null`.
    None,
    /// `True`, `False`.
    Bool(bool),
    /// A whole number.
    Int(BigInt),
    /// A floating-point number.
    Float(f64),
    /// Real and imaginary part.
    Complex(f64, f64),
    /// Text, as UTF-8 of its code points. Unlike Rust's, Python's text may hold lone surrogates, three bytes each.
    Text(Vec<u8>),
    /// `b"..."`
    Bytes(Vec<u8>),
    /// `[a, b]`
    List(Vec<Value>),
    /// `(a, b)`
    Tuple(Vec<Value>),
    /// `{a, b}`; no two are equal.
    Set(Vec<Value>),
    /// `{a: b}` in the order of first appearance; no two keys are equal.
    Dict(Vec<(Value, Value)>),
    /// `...`
    Ellipsis,
}

impl Value {
    /// The value of a key that is a text; `None` where this is no dictionary or lacks it.
    pub fn get(&self, key: &str) -> Option<&Value> {
        let Value::Dict(pairs) = self else { return None };
        pairs.iter().find(|(name, _)| matches!(name, Value::Text(text) if text == key.as_bytes())).map(|(_, v)| v)
    }

    /// A text that is equal for two hashable values exactly where they are; `None` for lists, sets, dictionaries and
    /// tuples of them, which Python refuses as keys.
    pub(super) fn key(&self) -> Option<Vec<u8>> {
        let mut key = Vec::new();
        self.write_key(&mut key)?;
        Some(key)
    }

    fn write_key(&self, key: &mut Vec<u8>) -> Option<()> {
        match self {
            Value::None => key.push(b'N'),
            Value::Ellipsis => key.push(b'.'),
            Value::Text(text) => write_bytes(key, b't', text),
            Value::Bytes(bytes) => write_bytes(key, b'b', bytes),
            Value::Tuple(items) => {
                write_bytes(key, b'(', items.len().to_string().as_bytes());
                items.iter().try_for_each(|item| item.write_key(key))?;
            }
            Value::List(_) | Value::Set(_) | Value::Dict(_) => return None,
            number => {
                let Number { real, imaginary } = number.number()?;
                match real {
                    Real::Int(int) => write_bytes(key, b'i', int_text(&int).as_bytes()),
                    Real::Float(float) => write_bytes(key, b'f', &float.to_bits().to_le_bytes()),
                }
                write_bytes(key, b'j', &imaginary.to_bits().to_le_bytes());
            }
        }
        Some(())
    }

    fn number(&self) -> Option<Number> {
        let real = |value: f64| from_f64(value).map_or(Real::Float(value), Real::Int);
        Some(match self {
            Value::Bool(value) => Number { real: Real::Int(BigInt::from(*value)), imaginary: 0.0 },
            Value::Int(value) => Number { real: Real::Int(value.clone()), imaginary: 0.0 },
            Value::Float(value) => Number { real: real(*value), imaginary: 0.0 },
            // Minus zero is zero.
            Value::Complex(re, im) => Number { real: real(*re), imaginary: im + 0.0 },
            _ => return None,
        })
    }
}

fn write_bytes(key: &mut Vec<u8>, kind: u8, bytes: &[u8]) {
    key.push(kind);
    key.extend((bytes.len() as u64).to_le_bytes());
    key.extend(bytes);
}

/// A number by its value, whatever its type: whole parts are always `Int`.
#[derive(PartialEq)]
struct Number {
    real: Real,
    imaginary: f64,
}

#[derive(PartialEq)]
enum Real {
    Int(BigInt),
    Float(f64),
}

impl PartialEq for Value {
    fn eq(&self, other: &Self) -> bool {
        match (self, other) {
            (Value::None, Value::None) | (Value::Ellipsis, Value::Ellipsis) => true,
            (Value::Text(a), Value::Text(b)) | (Value::Bytes(a), Value::Bytes(b)) => a == b,
            (Value::List(a), Value::List(b)) | (Value::Tuple(a), Value::Tuple(b)) => a == b,
            (Value::Set(a), Value::Set(b)) => {
                let keys: HashSet<_> = a.iter().map(Value::key).collect();
                a.len() == b.len() && b.iter().all(|item| keys.contains(&item.key()))
            }
            (Value::Dict(a), Value::Dict(b)) => {
                let values: std::collections::HashMap<_, _> = a.iter().map(|(key, value)| (key.key(), value)).collect();
                a.len() == b.len() && b.iter().all(|(key, value)| values.get(&key.key()).is_some_and(|v| *v == value))
            }
            (a, b) => a.number().zip(b.number()).is_some_and(|(a, b)| a == b),
        }
    }
}

impl From<&str> for Value {
    fn from(text: &str) -> Self {
        Value::Text(text.as_bytes().to_vec())
    }
}

impl From<&serde_json::Value> for Value {
    fn from(json: &serde_json::Value) -> Self {
        use serde_json::Value as Json;
        match json {
            Json::Null => Value::None,
            Json::Bool(value) => Value::Bool(*value),
            Json::Number(number) => match (number.as_i64(), number.as_u64()) {
                (Some(value), _) => Value::Int(BigInt::from(value)),
                (None, Some(value)) => Value::Int(BigInt::from(value)),
                (None, None) => Value::Float(number.as_f64().unwrap_or(f64::NAN)),
            },
            Json::String(text) => Value::from(text.as_str()),
            Json::Array(items) => Value::List(items.iter().map(Value::from).collect()),
            Json::Object(pairs) => {
                Value::Dict(pairs.iter().map(|(key, value)| (Value::from(key.as_str()), Value::from(value))).collect())
            }
        }
    }
}

/// Appends an item. The first gets no room for others beside it: most brackets hold little, and a hostile reply has half
/// a million of them.
pub(super) fn append<T>(items: &mut Vec<T>, item: T) {
    if items.capacity() == 0 {
        items.reserve_exact(1);
    }
    items.push(item);
}

/// Puts pairs into a dictionary: of equal keys the first stays and gets the last value. `None` for unhashable keys.
pub(crate) fn dictionary(pairs: Vec<(Value, Value)>) -> Option<Value> {
    let mut places = std::collections::HashMap::with_capacity(pairs.len());
    let mut kept: Vec<(Value, Value)> = Vec::with_capacity(pairs.len());
    for (key, value) in pairs {
        let place = *places.entry(key.key()?).or_insert(kept.len());
        match kept.get_mut(place) {
            Some(pair) => pair.1 = value,
            None => kept.push((key, value)),
        }
    }
    Some(Value::Dict(kept))
}

/// Puts items into a set: of equal ones the first stays. `None` for unhashable ones.
pub(super) fn set(items: Vec<Value>) -> Option<Value> {
    let mut seen = HashSet::with_capacity(items.len());
    let mut kept = Vec::with_capacity(items.len());
    for item in items {
        if seen.insert(item.key()?) {
            kept.push(item);
        }
    }
    Some(Value::Set(kept))
}

/// Appends a code point to a [`Value::Text`], surrogates included. `None` beyond the last code point.
pub(super) fn push_code_point(text: &mut Vec<u8>, code: u32) -> Option<()> {
    if let Some(c) = char::from_u32(code) {
        text.extend(c.encode_utf8(&mut [0; 4]).as_bytes());
        return Some(());
    }
    if code > 0x0010_FFFF {
        return None;
    }
    text.extend([0xE0 | (code >> 12) as u8, 0x80 | (code >> 6 & 0x3F) as u8, 0x80 | (code & 0x3F) as u8]);
    Some(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn equality_is_pythons() {
        let one = Value::Int(BigInt::from(1));
        assert_eq!(one, Value::Float(1.0));
        assert_eq!(one, Value::Bool(true));
        assert_eq!(one, Value::Complex(1.0, -0.0));
        assert_ne!(one, Value::from("1"));
        assert_ne!(Value::Float(f64::NAN), Value::Float(f64::NAN));
        assert_eq!(Value::Float(-0.0), Value::Bool(false));
        assert_ne!(Value::Tuple(vec![one.clone()]), Value::List(vec![one]));
        assert_eq!(Value::from(&json!({"a": 1, "b": [2.0]})), Value::from(&json!({"b": [2], "a": true})));
        assert_ne!(Value::from(&json!({"a": 1})), Value::from(&json!({"a": 1, "b": 1})));
    }

    #[test]
    fn equal_keys_are_one_key() {
        let pairs = vec![(Value::Bool(true), Value::from("a")), (Value::Float(1.0), Value::from("b"))];
        let Some(Value::Dict(pairs)) = dictionary(pairs) else { panic!("no dictionary") };
        assert!(matches!(&pairs[..], [(Value::Bool(true), value)] if *value == Value::from("b")));
        assert!(dictionary(vec![(Value::List(vec![]), Value::None)]).is_none());
    }
}
