//! JSON as Python writes it: `NaN` and `Infinity` may stand bare in it.

use std::borrow::Cow;
use std::fs::File;
use std::io::{BufRead, BufReader, Read};
use std::path::Path;

use record::RecordError;
use serde::Deserialize;
use serde::de::{DeserializeOwned, IgnoredAny};
use serde_json::Value;

use crate::Error;
use crate::logs::broken;

/// The longest line that is read, in bytes.
const LONGEST_LINE: u64 = 1 << 28;

/// Who wrote a JSON file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    Inspect,
    LmEval,
    Other,
}

#[derive(Deserialize)]
struct Keys {
    eval: Option<IgnoredAny>,
    results: Option<IgnoredAny>,
    versions: Option<IgnoredAny>,
    configs: Option<IgnoredAny>,
}

/// Who wrote a JSON file, by its keys.
pub(super) fn kind(bytes: &[u8]) -> Result<Kind, String> {
    let start = bytes.strip_prefix(b"\xEF\xBB\xBF").unwrap_or(bytes).trim_ascii_start();
    if start.first().is_some_and(|byte| *byte != b'{') {
        return Ok(Kind::Other);
    }
    let keys: Keys = value(bytes)?;
    Ok(if keys.eval.is_some() {
        Kind::Inspect
    } else if keys.results.is_some() && (keys.versions.is_some() || keys.configs.is_some()) {
        Kind::LmEval
    } else {
        Kind::Other
    })
}

/// A JSON value. Bare `NaN`, `Infinity` and `-Infinity` are read as texts of that name.
pub(super) fn value<T: DeserializeOwned>(bytes: &[u8]) -> Result<T, String> {
    let strict = match record::json(bytes) {
        Ok(value) => return Ok(value),
        Err(error) => error,
    };
    let Cow::Owned(quoted) = quoted(bytes) else { return Err(told(&strict)) };
    record::json(&quoted).map_err(|error| told(&error))
}

fn told(error: &record::NotText) -> String {
    format!("line {}: {error}", error.line)
}

/// The same text with the constants that JSON does not have between quotes.
fn quoted(bytes: &[u8]) -> Cow<'_, [u8]> {
    let mut out = Vec::new();
    let (mut at, mut copied, mut in_text) = (0, 0, false);
    while let Some(&byte) = bytes.get(at) {
        match byte {
            b'\\' if in_text => at += 1,
            b'"' => in_text = !in_text,
            b'N' | b'I' | b'-' if !in_text => {
                let found =
                    ["NaN", "Infinity", "-Infinity"].iter().find(|name| bytes[at..].starts_with(name.as_bytes()));
                if let Some(name) = found {
                    out.extend_from_slice(&bytes[copied..at]);
                    out.extend_from_slice(format!("\"{name}\"").as_bytes());
                    at += name.len();
                    copied = at;
                    continue;
                }
            }
            _ => {}
        }
        at += 1;
    }
    if copied == 0 {
        return Cow::Borrowed(bytes);
    }
    out.extend_from_slice(&bytes[copied..]);
    Cow::Owned(out)
}

/// Reads a file of JSON lines, one line in memory at a time; `each` gets the line's number, from 1.
pub(super) fn lines<T: DeserializeOwned>(
    path: &Path,
    mut each: impl FnMut(usize, T) -> Result<(), String>,
) -> Result<(), Error> {
    let file = File::open(path).map_err(|source| RecordError::io("read", path, source))?;
    let mut file = BufReader::new(file);
    let mut line = Vec::new();
    for number in 1.. {
        line.clear();
        let read = file.by_ref().take(LONGEST_LINE).read_until(b'\n', &mut line);
        if read.map_err(|source| RecordError::io("read", path, source))? == 0 {
            break;
        }
        if line.len() as u64 >= LONGEST_LINE {
            return Err(broken(path, format!("line {number} is longer than {LONGEST_LINE} bytes")));
        }
        if line.trim_ascii().is_empty() {
            continue;
        }
        let found = value(&line).map_err(|problem| problem.trim_start_matches("line 1: ").to_owned());
        found
            .and_then(|value| each(number, value))
            .map_err(|problem| broken(path, format!("line {number}: {problem}")))?;
    }
    Ok(())
}

/// A value as a fact: texts without quotes, `null` as nothing.
pub(super) fn fact(value: &Value) -> Option<String> {
    match value {
        Value::Null => None,
        Value::String(text) => Some(text.clone()),
        other => Some(other.to_string()),
    }
}

/// Digest of some values as JSON.
pub(super) fn digest(parts: &[&Value]) -> String {
    let text: Vec<String> = parts.iter().map(|part| part.to_string()).collect();
    record::digest(text.join("\n").as_bytes())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn constants_of_python_are_texts_and_texts_are_left_alone() {
        let read: Result<Value, String> =
            value(br#"{"a": NaN, "b": [-Infinity, Infinity], "c": "NaN \" Infinity", "d": -1}"#);
        let expected = serde_json::json!({"a": "NaN", "b": ["-Infinity", "Infinity"], "c": "NaN \" Infinity", "d": -1});
        assert_eq!(read, Ok(expected));
        assert!(value::<Value>(b"{\"a\": Nan}").is_err());
        assert!(value::<Value>(b"[1,\n2,\nNaN,").is_err_and(|problem| problem.starts_with("line 3")));
    }
}
