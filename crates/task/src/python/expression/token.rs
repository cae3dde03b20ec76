//! The tokens of a Python expression.

use super::super::literal::number_token;
use super::super::string::string_token;
use super::super::value::Value;

/// Python's tokenizer refuses more open brackets.
const MAX_DEPTH: usize = 200;

/// A token.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Token {
    /// A name that is no keyword.
    Name(String),
    /// A keyword.
    Word(&'static str),
    Number(Value),
    /// A text or bytes; whether it begins with `u`.
    Text(Value, bool),
    Formatted(String),
    Sign(&'static str),
}

const WORDS: [&str; 35] = [
    "False", "None", "True", "and", "as", "assert", "async", "await", "break", "class", "continue", "def", "del",
    "elif", "else", "except", "finally", "for", "from", "global", "if", "import", "in", "is", "lambda", "nonlocal",
    "not", "or", "pass", "raise", "return", "try", "while", "with", "yield",
];

/// Signs, the longest first.
const SIGNS: [&str; 32] = [
    "...", "**", "//", "<<", ">>", "<=", ">=", "==", "!=", ":=", "->", "(", ")", "[", "]", "{", "}", ",", ":", ".",
    "=", "+", "-", "*", "/", "%", "@", "&", "|", "^", "~", "<",
];

/// The tokens of one expression; `None` where Python's tokenizer refuses the text, or a second line follows.
pub(super) fn tokens(text: &str) -> Option<Vec<Token>> {
    if text.contains('\0') {
        return None;
    }
    let text = text.replace("\r\n", "\n").replace('\r', "\n");
    let bytes = text.as_bytes();
    let (mut at, mut tokens, mut open) = (0, Vec::new(), Vec::new());
    while let Some(&byte) = bytes.get(at) {
        match byte {
            b' ' | b'\t' | 0x0C => at += 1,
            b'#' => at += bytes[at..].iter().take_while(|&&byte| byte != b'\n').count(),
            b'\n' if !open.is_empty() => at += 1,
            b'\n' if tokens.is_empty() => at += 1,
            b'\n' => return rest_is_blank(&text[at..]).then_some(tokens),
            b'\\' if bytes.get(at + 1) == Some(&b'\n') && at + 2 < bytes.len() => at += 2,
            _ => {
                let (token, length) = token(&text[at..])?;
                at += length;
                balance(&token, &mut open)?;
                tokens.push(token);
            }
        }
    }
    open.is_empty().then_some(tokens)
}

fn rest_is_blank(rest: &str) -> bool {
    rest.lines().all(|line| {
        let line = line.trim_matches([' ', '\t', '\u{c}']);
        line.is_empty() || line.starts_with('#')
    })
}

fn balance(token: &Token, open: &mut Vec<&'static str>) -> Option<()> {
    let Token::Sign(sign) = token else { return Some(()) };
    match *sign {
        "(" | "[" | "{" => open.push(sign),
        ")" | "]" | "}" => {
            let wanted = match *sign {
                ")" => "(",
                "]" => "[",
                _ => "{",
            };
            return (open.pop()? == wanted).then_some(());
        }
        _ => {}
    }
    (open.len() < MAX_DEPTH).then_some(())
}

fn token(text: &str) -> Option<(Token, usize)> {
    let bytes = text.as_bytes();
    let first = text.chars().next()?;
    if let Some(found) = formatted(text) {
        return found.map(|length| (Token::Formatted(text[..length].to_owned()), length));
    }
    if let Some(found) = string_token(bytes) {
        return found.map(|(value, length)| (Token::Text(value, matches!(bytes[0], b'u' | b'U')), length));
    }
    let digit = |at: usize| bytes.get(at).is_some_and(u8::is_ascii_digit);
    if digit(0) || first == '.' && digit(1) {
        return number_token(bytes).map(|(value, length)| (Token::Number(value), length));
    }
    if first == '_' || first.is_alphabetic() {
        let length = text.find(|c: char| c != '_' && !c.is_alphanumeric()).unwrap_or(text.len());
        let name = &text[..length];
        let word = WORDS.into_iter().find(|word| *word == name);
        return Some((word.map_or_else(|| Token::Name(name.to_owned()), Token::Word), length));
    }
    let sign = SIGNS.into_iter().chain([">"]).find(|sign| text.starts_with(sign))?;
    Some((Token::Sign(sign), sign.len()))
}

/// The length of a formatted text that begins here: `None` where none does, `Some(None)` where it does not end.
#[expect(clippy::option_option, reason = "outer: does one begin here; inner: does it end")]
fn formatted(text: &str) -> Option<Option<usize>> {
    let bytes = text.as_bytes();
    let prefix = bytes.iter().take(3).take_while(|byte| byte.is_ascii_alphabetic()).count();
    let quote = *bytes.get(prefix).filter(|byte| matches!(byte, b'"' | b'\''))?;
    if !matches!(bytes[..prefix].to_ascii_lowercase().as_slice(), b"f" | b"fr" | b"rf") {
        return None;
    }
    let size = if bytes[prefix..].starts_with(&[quote; 3]) { 3 } else { 1 };
    let mut at = prefix + size;
    while let Some(&byte) = bytes.get(at) {
        if bytes[at..].starts_with(&[quote; 3][..size]) {
            return Some(Some(at + size));
        }
        if byte == b'\n' && size == 1 {
            break;
        }
        at += if byte == b'\\' { 2 } else { 1 };
    }
    Some(None)
}
