//! Python literals, as `ast.literal_eval` accepts them.

use std::borrow::Cow;

use num_bigint::BigInt;

use super::int::to_f64;
use super::json::MAX_DIGITS;
use super::string::string_token;
use super::value::{Value, append, dictionary, set};

/// Python's tokenizer refuses more open brackets.
const MAX_DEPTH: usize = 200;

/// The value of a Python literal, or `None`.
///
/// Numbers (of any size, underscores, hexadecimal, octal, binary, complex), texts and bytes (prefixes, triple
/// quotes, escapes, pieces side by side), lists, tuples, sets, dictionaries, `None`, `True`, `False`, `...`,
/// `set()`; comments, and line breaks inside brackets. Reads in linear time and nests to 200, as Python.
///
/// ```
/// use task::python::literal_value;
/// assert_eq!(literal_value("{'a': (1_000, 0x10), }"), literal_value("{\"a\": (1e3, 16.0)} # the same"));
/// assert_eq!(literal_value("{'a': true}"), None);
/// ```
pub fn literal_value(text: &str) -> Option<Value> {
    if text.contains('\0') {
        return None;
    }
    let text = text.trim_start_matches([' ', '\t']);
    // Python translates line ends before it looks at anything else.
    let text =
        if text.contains('\r') { Cow::Owned(text.replace("\r\n", "\n").replace('\r', "\n")) } else { text.into() };
    let mut reader = Reader { text: text.as_bytes(), at: 0, depth: 0 };
    reader.blank_lines();
    let (value, _) = reader.list_or_value()?;
    reader.space();
    if reader.take(b'\n') {
        reader.blank_lines();
    }
    (reader.at == reader.text.len()).then_some(value)
}

/// The number at the start of `text` and its length in bytes; `None` where Python refuses it.
pub(super) fn number_token(text: &[u8]) -> Option<(Value, usize)> {
    let mut reader = Reader { text, at: 0, depth: 0 };
    let value = reader.number()?;
    Some((value, reader.at))
}

/// What may still be done with an expression: signs apply to bare numbers, sums begin with a number or a signed one.
#[derive(Clone, Copy, PartialEq)]
enum Kind {
    Number,
    Signed,
    Other,
}

struct Reader<'t> {
    text: &'t [u8],
    at: usize,
    /// Open brackets.
    depth: usize,
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

    /// Skips what stands between tokens: inside brackets line ends too.
    fn space(&mut self) {
        loop {
            match self.peek() {
                Some(b' ' | b'\t' | 0x0C) => self.at += 1,
                Some(b'\n') if self.depth > 0 => self.at += 1,
                Some(b'\\') if self.text.get(self.at + 1) == Some(&b'\n') && self.at + 2 < self.text.len() => {
                    self.at += 2;
                }
                Some(b'#') => self.comment(),
                _ => return,
            }
        }
    }

    fn comment(&mut self) {
        while self.peek().is_some_and(|byte| byte != b'\n') {
            self.at += 1;
        }
    }

    /// Skips whole lines without a token. A line that begins with white space and has a token stays, and is refused.
    fn blank_lines(&mut self) {
        loop {
            let start = self.at;
            while matches!(self.peek(), Some(b' ' | b'\t' | 0x0C)) {
                self.at += 1;
            }
            let indent = self.text[start..self.at].iter().any(|&byte| byte != 0x0C);
            if self.peek() == Some(b'#') {
                self.comment();
            } else if !indent && self.text[self.at..].starts_with(b"\\\n") && self.at + 2 < self.text.len() {
                self.at += 2;
                continue;
            } else if self.peek() != Some(b'\n') {
                if indent {
                    self.at = start;
                }
                return;
            }
            if !self.take(b'\n') {
                return;
            }
        }
    }

    /// Expressions with commas between them are a tuple, with or without parentheses around.
    fn list_or_value(&mut self) -> Option<(Value, Kind)> {
        let first = self.expression()?;
        self.space();
        if self.peek() != Some(b',') {
            return Some(first);
        }
        let mut items = vec![first.0];
        while self.take(b',') {
            self.space();
            if matches!(self.peek(), None | Some(b')' | b'\n')) {
                break;
            }
            items.push(self.expression()?.0);
            self.space();
        }
        Some((Value::Tuple(items), Kind::Other))
    }

    fn expression(&mut self) -> Option<(Value, Kind)> {
        let (left, kind) = self.signed()?;
        self.space();
        let Some(sign @ (b'+' | b'-')) = self.peek() else { return Some((left, kind)) };
        self.at += 1;
        self.space();
        let left_is_int = matches!(left, Value::Int(_));
        let real = match (left, kind) {
            (Value::Int(int), Kind::Number | Kind::Signed) => to_f64(&int),
            (Value::Float(float), Kind::Number | Kind::Signed) => float,
            _ => return None,
        };
        let (Value::Complex(_, imaginary), Kind::Number) = self.atom()? else { return None };
        if left_is_int && real.is_infinite() {
            return None; // Python refuses to convert it
        }
        let imaginary = if sign == b'+' { imaginary } else { -imaginary };
        Some((Value::Complex(real, imaginary), Kind::Other))
    }

    fn signed(&mut self) -> Option<(Value, Kind)> {
        let Some(sign @ (b'+' | b'-')) = self.peek() else { return self.atom() };
        self.at += 1;
        self.space();
        let (number, Kind::Number) = self.atom()? else { return None };
        let value = match number {
            number if sign == b'+' => number,
            Value::Int(int) => Value::Int(-int),
            Value::Float(float) => Value::Float(-float),
            Value::Complex(real, imaginary) => Value::Complex(-real, -imaginary),
            _ => return None,
        };
        Some((value, Kind::Signed))
    }

    fn atom(&mut self) -> Option<(Value, Kind)> {
        match self.peek()? {
            b'(' => self.parenthesis(),
            b'[' => self.list().map(|value| (value, Kind::Other)),
            b'{' => self.brace().map(|value| (value, Kind::Other)),
            b'0'..=b'9' => self.number().map(|value| (value, Kind::Number)),
            b'.' if self.text[self.at..].starts_with(b"...") => {
                self.at += 3;
                Some((Value::Ellipsis, Kind::Other))
            }
            b'.' => self.number().map(|value| (value, Kind::Number)),
            _ => self.word().map(|value| (value, Kind::Other)),
        }
    }

    fn open(&mut self) -> Option<()> {
        self.at += 1;
        self.depth += 1;
        self.space();
        (self.depth <= MAX_DEPTH).then_some(())
    }

    fn close(&mut self, bracket: u8) -> Option<()> {
        self.space();
        self.depth -= 1;
        self.take(bracket).then_some(())
    }

    fn parenthesis(&mut self) -> Option<(Value, Kind)> {
        self.open()?;
        let inside =
            if self.peek() == Some(b')') { (Value::Tuple(Vec::new()), Kind::Other) } else { self.list_or_value()? };
        self.close(b')')?;
        Some(inside)
    }

    fn list(&mut self) -> Option<Value> {
        self.open()?;
        let mut items = Vec::new();
        while self.peek() != Some(b']') {
            append(&mut items, self.expression()?.0);
            self.space();
            if !self.take(b',') {
                break;
            }
            self.space();
        }
        self.close(b']')?;
        Some(Value::List(items))
    }

    fn brace(&mut self) -> Option<Value> {
        self.open()?;
        let (mut items, mut pairs) = (Vec::new(), Vec::new());
        while self.peek() != Some(b'}') {
            let item = self.expression()?.0;
            self.space();
            if self.take(b':') {
                self.space();
                append(&mut pairs, (item, self.expression()?.0));
                self.space();
            } else {
                append(&mut items, item);
            }
            if !self.take(b',') {
                break;
            }
            self.space();
        }
        self.close(b'}')?;
        match (items.is_empty(), pairs.is_empty()) {
            (true, _) => dictionary(pairs),
            (false, true) => set(items),
            (false, false) => None,
        }
    }

    /// A text, or a name: only those of constants, and `set()`.
    fn word(&mut self) -> Option<Value> {
        if let Some(value) = self.strings()? {
            return Some(value);
        }
        let length = self.text[self.at..].iter().take_while(|byte| byte.is_ascii_alphanumeric()).count();
        let word = &self.text[self.at..self.at + length];
        self.at += length;
        if self.peek().is_some_and(|byte| byte == b'_' || !byte.is_ascii()) {
            return None;
        }
        match word {
            b"None" => Some(Value::None),
            b"True" => Some(Value::Bool(true)),
            b"False" => Some(Value::Bool(false)),
            b"set" => {
                self.space();
                if self.peek() != Some(b'(') {
                    return None;
                }
                self.open()?;
                self.close(b')')?;
                Some(Value::Set(Vec::new()))
            }
            _ => None,
        }
    }

    /// Texts side by side; `Some(None)` where no text begins here.
    #[expect(clippy::option_option, reason = "outer: is it well-formed; inner: is it a text")]
    fn strings(&mut self) -> Option<Option<Value>> {
        let mut all: Option<Value> = None;
        while let Some(token) = string_token(&self.text[self.at..]) {
            let (piece, length) = token?;
            self.at += length;
            all = Some(match (all, piece) {
                (None, piece) => piece,
                (Some(Value::Text(mut a)), Value::Text(b)) => {
                    a.extend(b);
                    Value::Text(a)
                }
                (Some(Value::Bytes(mut a)), Value::Bytes(b)) => {
                    a.extend(b);
                    Value::Bytes(a)
                }
                _ => return None,
            });
            self.space();
        }
        Some(all)
    }

    fn number(&mut self) -> Option<Value> {
        let rest = &self.text[self.at..];
        let radix = match rest {
            [b'0', b'x' | b'X', ..] => Some(16),
            [b'0', b'o' | b'O', ..] => Some(8),
            [b'0', b'b' | b'B', ..] => Some(2),
            _ => None,
        };
        let value = if let Some(radix) = radix {
            self.at += 2;
            self.take(b'_');
            let digits = self.digits(radix)?;
            Value::Int(BigInt::parse_bytes(&digits, radix)?)
        } else {
            self.decimal()?
        };
        // Whatever follows a number directly, no literal has it.
        let ends = self.peek().is_none_or(|byte| byte.is_ascii() && !byte.is_ascii_alphanumeric() && byte != b'_');
        ends.then_some(value)
    }

    fn decimal(&mut self) -> Option<Value> {
        // The usual case, without a list of digits: few digits, no zero first, and nothing that belongs to them after.
        let rest = &self.text[self.at..];
        let length = rest.iter().take_while(|byte| byte.is_ascii_digit()).count();
        let alone = rest.get(length).is_none_or(|next| !next.is_ascii_alphabetic() && !matches!(next, b'.' | b'_'));
        if (1..=18).contains(&length) && alone && (length == 1 || rest[0] != b'0') {
            self.at += length;
            return BigInt::parse_bytes(&rest[..length], 10).map(Value::Int);
        }
        let start = self.at;
        let whole = if self.peek() == Some(b'.') { Vec::new() } else { self.digits(10)? };
        let mut text = whole.clone();
        if self.take(b'.') {
            text.push(b'.');
            if self.peek().is_some_and(|byte| byte.is_ascii_digit()) {
                text.extend(self.digits(10)?);
            }
        }
        if matches!(self.peek(), Some(b'e' | b'E')) {
            text.push(b'e');
            self.at += 1;
            if let Some(sign @ (b'+' | b'-')) = self.peek() {
                text.push(sign);
                self.at += 1;
            }
            text.extend(self.digits(10)?);
        }
        let float = || std::str::from_utf8(&text).ok()?.parse::<f64>().ok();
        if self.take(b'j') || self.take(b'J') {
            return Some(Value::Complex(0.0, float()?));
        }
        if text.len() > whole.len() {
            return float().map(Value::Float);
        }
        let leading_zero = self.text[start] == b'0' && whole.iter().any(|&digit| digit != b'0');
        if leading_zero || whole.len() > MAX_DIGITS {
            return None;
        }
        BigInt::parse_bytes(&whole, 10).map(Value::Int)
    }

    /// Digits with single underscores between them, which are left out; at least one.
    fn digits(&mut self, radix: u32) -> Option<Vec<u8>> {
        let mut digits = Vec::new();
        while let Some(byte) = self.peek().filter(|&byte| char::from(byte).is_digit(radix)) {
            digits.push(byte);
            self.at += 1;
            let more = self.text.get(self.at + 1).is_some_and(|&next| char::from(next).is_digit(radix));
            if more {
                self.take(b'_');
            }
        }
        (!digits.is_empty()).then_some(digits)
    }
}

#[cfg(test)]
mod tests {
    use super::literal_value;

    fn printed(text: &str) -> Option<String> {
        literal_value(text).map(|value| value.to_string())
    }

    #[test]
    fn what_python_reads_is_read() {
        let all = [
            ("{'a': [1, 2.50, (3,)], \"b\": None}", "{'a': [1, 2.5, (3,)], 'b': None}"),
            ("1,", "(1,)"),
            ("-1-2j", "(-1-2j)"),
            ("-(1)", "-1"),
            ("01.5", "1.5"),
            ("0_0", "0"),
            ("1_0e1_0", "100000000000.0"),
            ("rb'\\x' b\"'\"", "b\"\\\\x'\""),
            ("'a\\\nb' '''c\n''' u\"\\u00e9\"", "'abc\\né'"),
            ("'\\8\\101\\x41\\/'", "'\\\\8AA\\\\/'"),
            ("{1: 'a', True: 'b', 1.0: 'c'}", "{1: 'c'}"),
            ("# first\n[ # one\n1\n]\n\n", "[1]"),
            ("{'a': 1}\r\n", "{'a': 1}"),
            ("set ( )", "set()"),
            ("'\\ud83d\\ude00'", "'\\ud83d\\ude00'"),
        ];
        for (text, want) in all {
            assert_eq!(printed(text).as_deref(), Some(want), "{text}");
        }
    }

    #[test]
    fn what_python_refuses_is_refused() {
        let all = [
            "",
            "a",
            "true",
            "-True",
            "--1",
            "1+2",
            "1+-2j",
            "-(1+2j)",
            "01",
            "1__0",
            "1_",
            "0x",
            "1e",
            "1L",
            "[1 2]",
            "[1,,2]",
            "[,]",
            "(,)",
            "{1:2,3}",
            "{[]: 1}",
            "{([],)}",
            "'a\nb'",
            "'a",
            "b'é'",
            "b'a' 'b'",
            "f'a'",
            "ur'a'",
            "'\\x1'",
            "'\\U00110000'",
            "1\n 2",
            "\n 1",
            "1 \\\n",
            "1;",
            "{}{}",
            "[1][0]",
            "set([])",
            "'\0'",
            "1\u{a0}",
            "'a'\n'b'",
            "None()",
            "{**{}}",
            "[*()]",
            "(1)\n  ",
            "1or 2",
        ];
        for text in all {
            assert_eq!(printed(text), None, "{text}");
        }
    }

    #[test]
    fn brackets_nest_to_200_and_no_further() {
        let nested = |depth: usize| "[".repeat(depth) + &"]".repeat(depth);
        assert!(literal_value(&nested(200)).is_some());
        assert!(literal_value(&nested(201)).is_none());
        assert!(literal_value(&"[{(".repeat(1 << 18)).is_none());
        assert!(literal_value(&"-".repeat(1 << 20)).is_none());
    }
}
