//! One text or bytes token of Python.

use super::value::{Value, push_code_point};

/// The token at the start of `text` and its length in bytes; `None` where no text begins there, `Some(None)` where
/// one begins that Python refuses.
#[expect(clippy::option_option, reason = "outer: does a text begin here; inner: is it well-formed")]
pub(super) fn string_token(text: &[u8]) -> Option<Option<(Value, usize)>> {
    let prefix = text.iter().take(3).take_while(|byte| byte.is_ascii_alphabetic()).count();
    let quote = *text.get(prefix).filter(|byte| matches!(byte, b'"' | b'\''))?;
    let (raw, bytes) = match text[..prefix].to_ascii_lowercase().as_slice() {
        b"" | b"u" => (false, false),
        b"r" => (true, false),
        b"b" => (false, true),
        b"br" | b"rb" => (true, true),
        _ => return Some(None),
    };
    let triple = text[prefix..].starts_with(&[quote; 3]);
    let start = prefix + if triple { 3 } else { 1 };
    Some(body(text, Token { at: start, quote, triple, raw, bytes }))
}

struct Token {
    at: usize,
    quote: u8,
    triple: bool,
    raw: bool,
    bytes: bool,
}

fn body(text: &[u8], mut token: Token) -> Option<(Value, usize)> {
    let mut value = Vec::new();
    loop {
        let start = token.at;
        let plain = |byte: u8| byte != token.quote && byte != b'\\' && (token.triple || byte != b'\n');
        while text.get(token.at).is_some_and(|&byte| plain(byte)) {
            token.at += 1;
        }
        let run = &text[start..token.at];
        if token.bytes && !run.is_ascii() {
            return None;
        }
        value.extend(run);
        match *text.get(token.at)? {
            b'\\' if token.raw => {
                let pair = text.get(token.at..token.at + 2)?;
                if token.bytes && !pair.is_ascii() {
                    return None;
                }
                value.extend(pair);
                token.at += 2;
            }
            b'\\' => token.at = escape(text, token.at + 1, &mut value, token.bytes)?,
            byte if byte == token.quote => {
                let ends = !token.triple || text[token.at..].starts_with(&[byte; 3]);
                token.at += if ends && token.triple { 3 } else { 1 };
                if ends {
                    let value = if token.bytes { Value::Bytes(value) } else { Value::Text(value) };
                    return Some((value, token.at));
                }
                value.push(byte);
            }
            _ => return None, // a line end
        }
    }
}

/// Reads what follows a backslash; returns the place after it.
fn escape(text: &[u8], at: usize, value: &mut Vec<u8>, bytes: bool) -> Option<usize> {
    let byte = *text.get(at)?;
    let simple = match byte {
        b'\n' => return Some(at + 1),
        b'\\' | b'\'' | b'"' => byte,
        b'a' => 7,
        b'b' => 8,
        b'f' => 12,
        b'n' => b'\n',
        b'r' => b'\r',
        b't' => b'\t',
        b'v' => 11,
        b'0'..=b'7' => {
            let digits = text[at..].iter().take(3).take_while(|digit| matches!(digit, b'0'..=b'7'));
            let (length, code) =
                digits.fold((0, 0), |(length, code), digit| (length + 1, code * 8 + u32::from(digit - b'0')));
            push(value, code, bytes)?;
            return Some(at + length);
        }
        b'x' => return hex(text, at + 1, 2, value, bytes),
        b'u' if !bytes => return hex(text, at + 1, 4, value, bytes),
        b'U' if !bytes => return hex(text, at + 1, 8, value, bytes),
        b'N' if !bytes => return named(text, at + 1, value),
        _ if bytes && !byte.is_ascii() => return None,
        _ => {
            // An unknown escape stays as it is.
            value.push(b'\\');
            byte
        }
    };
    value.push(simple);
    Some(at + 1)
}

/// Reads the name of a character in braces.
fn named(text: &[u8], at: usize, value: &mut Vec<u8>) -> Option<usize> {
    let inside = text.get(at..)?.strip_prefix(b"{")?;
    let length = inside.iter().position(|byte| *byte == b'}')?;
    let c = unicode_names2::character(std::str::from_utf8(&inside[..length]).ok()?)?;
    value.extend(c.encode_utf8(&mut [0; 4]).as_bytes());
    Some(at + length + 2)
}

fn hex(text: &[u8], at: usize, length: usize, value: &mut Vec<u8>, bytes: bool) -> Option<usize> {
    let digits = text.get(at..at + length)?;
    let code = digits.iter().try_fold(0_u32, |code, &byte| Some(code << 4 | char::from(byte).to_digit(16)?))?;
    push(value, code, bytes)?;
    Some(at + length)
}

fn push(value: &mut Vec<u8>, code: u32, bytes: bool) -> Option<()> {
    if bytes {
        value.push(code as u8); // \777 is taken modulo 256
        return Some(());
    }
    push_code_point(value, code)
}
