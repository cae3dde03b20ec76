//! JSON as Python's `json.loads` accepts it.

use num_bigint::BigInt;

use super::value::{Value, append, dictionary, push_code_point};

/// Python's recursion limit stops it at about this depth.
const MAX_DEPTH: usize = 990;

/// Python refuses to read longer whole numbers.
pub(super) const MAX_DIGITS: usize = 4300;

/// The value of a JSON text, or `None`.
///
/// Beyond the standard it takes `NaN`, `Infinity` and `-Infinity`; of equal keys the last value counts. Control
/// characters in strings, trailing commas and anything after the value are refused.
///
/// ```
/// use task::python::{Value, json_value};
/// assert_eq!(json_value(r#"{"a": [1, true]}"#).and_then(|v| v.get("a").cloned()), json_value("[1.0, 1]"));
/// assert_eq!(json_value("[1,]"), None);
/// ```
pub fn json_value(text: &str) -> Option<Value> {
    let mut reader = Reader { text: text.as_bytes(), at: 0 };
    reader.space();
    let value = reader.value(0)?;
    reader.space();
    (reader.at == reader.text.len()).then_some(value)
}

struct Reader<'t> {
    text: &'t [u8],
    at: usize,
}

impl Reader<'_> {
    fn peek(&self) -> Option<u8> {
        self.text.get(self.at).copied()
    }

    fn take(&mut self, byte: u8) -> bool {
        let found = self.peek() == Some(byte);
        self.at += usize::from(found);
        found
    }

    fn space(&mut self) {
        while matches!(self.peek(), Some(b' ' | b'\t' | b'\n' | b'\r')) {
            self.at += 1;
        }
    }

    fn value(&mut self, depth: usize) -> Option<Value> {
        match self.peek()? {
            b'"' => self.string().map(Value::Text),
            b'{' | b'[' if depth >= MAX_DEPTH => None,
            b'{' => self.object(depth),
            b'[' => self.array(depth),
            b'0'..=b'9' => self.number(),
            b'-' if self.text.get(self.at + 1).is_some_and(u8::is_ascii_digit) => self.number(),
            _ => {
                let words: [(&str, Value); 6] = [
                    ("null", Value::None),
                    ("true", Value::Bool(true)),
                    ("false", Value::Bool(false)),
                    ("NaN", Value::Float(f64::NAN)),
                    ("Infinity", Value::Float(f64::INFINITY)),
                    ("-Infinity", Value::Float(f64::NEG_INFINITY)),
                ];
                let rest = &self.text[self.at..];
                let (word, value) = words.into_iter().find(|(word, _)| rest.starts_with(word.as_bytes()))?;
                self.at += word.len();
                Some(value)
            }
        }
    }

    fn array(&mut self, depth: usize) -> Option<Value> {
        self.at += 1;
        let mut items = Vec::new();
        self.space();
        if self.take(b']') {
            return Some(Value::List(items));
        }
        loop {
            append(&mut items, self.value(depth + 1)?);
            self.space();
            if self.take(b']') {
                return Some(Value::List(items));
            }
            if !self.take(b',') {
                return None;
            }
            self.space();
        }
    }

    fn object(&mut self, depth: usize) -> Option<Value> {
        self.at += 1;
        let mut pairs = Vec::new();
        self.space();
        if self.take(b'}') {
            return Some(Value::Dict(pairs));
        }
        loop {
            let key = if self.peek() == Some(b'"') { Value::Text(self.string()?) } else { return None };
            self.space();
            if !self.take(b':') {
                return None;
            }
            self.space();
            append(&mut pairs, (key, self.value(depth + 1)?));
            self.space();
            if self.take(b'}') {
                return dictionary(pairs);
            }
            if !self.take(b',') {
                return None;
            }
            self.space();
        }
    }

    fn digits(&mut self) -> usize {
        let start = self.at;
        while self.peek().is_some_and(|byte| byte.is_ascii_digit()) {
            self.at += 1;
        }
        self.at - start
    }

    fn number(&mut self) -> Option<Value> {
        let start = self.at;
        let negative = self.take(b'-');
        let first = self.at;
        if !self.take(b'0') {
            self.digits();
        }
        let whole = &self.text[first..self.at];
        let mut float = false;
        for exponent in [false, true] {
            let before = self.at;
            if exponent {
                if self.take(b'e') || self.take(b'E') {
                    let _ = self.take(b'+') || self.take(b'-');
                }
            } else {
                self.take(b'.');
            }
            // A part without digits is not part of the number.
            if self.at > before && self.digits() > 0 { float = true } else { self.at = before }
        }
        if float {
            let text = std::str::from_utf8(&self.text[start..self.at]).ok()?;
            return text.parse().ok().map(Value::Float);
        }
        if whole.len() > MAX_DIGITS {
            return None;
        }
        let int = BigInt::parse_bytes(whole, 10)?;
        Some(Value::Int(if negative { -int } else { int }))
    }

    fn string(&mut self) -> Option<Vec<u8>> {
        self.at += 1;
        let mut text = Vec::new();
        loop {
            let start = self.at;
            while self.peek().is_some_and(|byte| byte >= 0x20 && byte != b'"' && byte != b'\\') {
                self.at += 1;
            }
            text.extend(&self.text[start..self.at]);
            match self.peek()? {
                b'"' => {
                    self.at += 1;
                    return Some(text);
                }
                b'\\' => self.escape(&mut text)?,
                _ => return None,
            }
        }
    }

    fn escape(&mut self, text: &mut Vec<u8>) -> Option<()> {
        self.at += 1;
        let byte = self.peek()?;
        self.at += 1;
        text.push(match byte {
            b'"' | b'\\' | b'/' => byte,
            b'b' => 8,
            b'f' => 12,
            b'n' => b'\n',
            b'r' => b'\r',
            b't' => b'\t',
            b'u' => {
                let mut code = self.hex()?;
                if (0xD800..0xDC00).contains(&code) && self.text[self.at..].starts_with(b"\\u") {
                    let back = self.at;
                    self.at += 2;
                    match self.hex()? {
                        low @ 0xDC00..0xE000 => code = 0x10000 + ((code - 0xD800) << 10) + (low - 0xDC00),
                        _ => self.at = back,
                    }
                }
                return push_code_point(text, code);
            }
            _ => return None,
        });
        Some(())
    }

    fn hex(&mut self) -> Option<u32> {
        let digits = self.text.get(self.at..self.at + 4)?;
        self.at += 4;
        digits.iter().try_fold(0, |code, &byte| Some(code << 4 | char::from(byte).to_digit(16)?))
    }
}

#[cfg(test)]
mod tests {
    use super::json_value;

    fn printed(text: &str) -> Option<String> {
        json_value(text).map(|value| value.to_string())
    }

    #[test]
    fn what_python_reads_is_read() {
        let all = [
            ("{\"a\" : [null, true, -0, 1E+2], \"a\": 2}", "{'a': 2}"),
            ("[NaN, -Infinity, 1e400]", "[nan, -inf, inf]"),
            ("\"\\ud83d\\ude00 \\ud83dA \\/\"", "'😀 \\ud83dA /'"),
            (" \t\r\n\"\u{7f}\"\n", "'\\x7f'"),
        ];
        for (text, want) in all {
            assert_eq!(printed(text).as_deref(), Some(want), "{text}");
        }
    }

    #[test]
    fn what_python_refuses_is_refused() {
        let all = [
            "",
            "01",
            "1.",
            ".5",
            "+1",
            "-",
            "1e",
            "[1,]",
            "{\"a\":1,}",
            "{1:2}",
            "'a'",
            "\"\u{1f}\"",
            "\"\\x\"",
            "\"\\u00e\"",
            "\"\\u+123\"",
            "\"a",
            "nul",
            "-NaN",
            "[1] x",
            "\u{feff}1",
            "\u{c}1",
            "１",
        ];
        for text in all {
            assert_eq!(printed(text), None, "{text}");
        }
        assert!(json_value(&("[".repeat(990) + &"]".repeat(990))).is_some());
        assert!(json_value(&"[{\"a\":".repeat(1 << 18)).is_none());
    }
}
