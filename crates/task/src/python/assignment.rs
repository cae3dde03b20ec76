//! What a Python file assigns to a name: read, never run.

use std::ops::Range;

use super::{Value, literal_value};

/// Why what is assigned cannot be read without running the file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct NoLiteral {
    /// The line, from 1.
    pub(crate) line: usize,
    /// What stands there.
    pub(crate) problem: String,
}

/// The value of the last assignment `name = ...` that begins a line of `source`; `None` where there is none.
///
/// The right side is a Python literal. Texts may be joined with `+`; formatted texts and names are refused by name.
pub(crate) fn assigned(source: &str, name: &str) -> Result<Option<Value>, NoLiteral> {
    let mut scan = Scan { text: source.as_bytes(), at: 0, depth: 0 };
    let mut last = None;
    while scan.at < source.len() {
        let start = scan.at;
        let first = scan.token();
        if matches!(first, Some((Token::LineEnd, _))) {
            continue;
        }
        let named = matches!(first, Some((Token::Word, at)) if at.start == start && source[at.clone()] == *name);
        let assigns = named && scan.skip_to_equals();
        let right = scan.at;
        let mut tokens = Vec::new();
        while let Some((token, at)) = scan.token().filter(|(token, _)| *token != Token::LineEnd) {
            if assigns {
                tokens.push((token, at));
            }
        }
        if assigns {
            last = Some((right..scan.at, tokens));
        }
    }
    last.map(|(right, tokens)| read(source, right, &tokens)).transpose()
}

fn read(source: &str, right: Range<usize>, tokens: &[(Token, Range<usize>)]) -> Result<Value, NoLiteral> {
    let line = |at: usize| source[..at].matches('\n').count() + 1;
    let refused = |at: &Range<usize>, problem: &str| NoLiteral { line: line(at.start), problem: problem.to_owned() };
    for (token, at) in tokens {
        let word = &source[at.clone()];
        if *token == Token::Formatted {
            return Err(refused(at, "a formatted text (f\"...\") would have to be run; write it out"));
        }
        if *token == Token::Word && !matches!(word, "None" | "True" | "False") {
            return Err(refused(at, &format!("the name {word} would have to be looked up; write its value out")));
        }
    }
    let mut literal = source[right.clone()].trim_end().to_owned();
    for three in tokens.windows(3) {
        // Texts side by side are one text, so that the sign between them may go.
        if let [(Token::Text, _), (Token::Plus, at), (Token::Text, _)] = three {
            literal.replace_range(at.start - right.start..at.end - right.start, " ");
        }
    }
    literal_value(&literal).ok_or_else(|| refused(&right, "what is assigned is no Python literal"))
}

#[derive(Debug, Clone, Copy, PartialEq)]
enum Token {
    Text,
    Formatted,
    Word,
    Plus,
    /// The end of a line outside brackets.
    LineEnd,
    Other,
}

struct Scan<'s> {
    text: &'s [u8],
    at: usize,
    /// Open brackets.
    depth: usize,
}

impl Scan<'_> {
    fn peek(&self) -> Option<u8> {
        self.text.get(self.at).copied()
    }

    /// The next token; `None` at the end of the file.
    fn token(&mut self) -> Option<(Token, Range<usize>)> {
        self.space();
        let (start, byte) = (self.at, self.peek()?);
        let token = match byte {
            b'\n' => self.one(Token::LineEnd),
            b'+' => self.one(Token::Plus),
            b'"' | b'\'' => self.string(Token::Text),
            b'0'..=b'9' => {
                self.word();
                Token::Other
            }
            _ if is_word(byte) => {
                self.word();
                let prefix = self.text[start..self.at].to_ascii_lowercase();
                let quoted = prefix.len() <= 2 && matches!(self.peek(), Some(b'"' | b'\''));
                match quoted {
                    true if prefix.contains(&b'f') || prefix.contains(&b't') => self.string(Token::Formatted),
                    true => self.string(Token::Text),
                    false => Token::Word,
                }
            }
            _ => {
                match byte {
                    b'(' | b'[' | b'{' => self.depth += 1,
                    b')' | b']' | b'}' => self.depth = self.depth.saturating_sub(1),
                    _ => {}
                }
                self.one(Token::Other)
            }
        };
        Some((token, start..self.at))
    }

    fn one(&mut self, token: Token) -> Token {
        self.at += 1;
        token
    }

    fn word(&mut self) {
        while self.peek().is_some_and(is_word) {
            self.at += 1;
        }
    }

    /// Skips spaces, comments, joined lines, and inside brackets all line ends.
    fn space(&mut self) {
        loop {
            match self.peek() {
                Some(b' ' | b'\t' | b'\r' | 0x0C) => self.at += 1,
                Some(b'\n') if self.depth > 0 => self.at += 1,
                Some(b'\\') => self.at = (self.at + 2).min(self.text.len()),
                Some(b'#') => {
                    while self.peek().is_some_and(|byte| byte != b'\n') {
                        self.at += 1;
                    }
                }
                _ => return,
            }
        }
    }

    /// Skips a text whose first quote is here.
    fn string(&mut self, token: Token) -> Token {
        let quote = self.text[self.at];
        let triple = self.text[self.at..].starts_with(&[quote; 3]);
        let size = if triple { 3 } else { 1 };
        self.at += size;
        while let Some(byte) = self.peek() {
            if self.text[self.at..].starts_with(&[quote; 3][..size]) {
                self.at += size;
                break;
            }
            if byte == b'\n' && !triple {
                break;
            }
            self.at = (self.at + if byte == b'\\' { 2 } else { 1 }).min(self.text.len());
        }
        token
    }

    /// Passes `=`, or a type and `=`; false where no assignment follows.
    fn skip_to_equals(&mut self) -> bool {
        let mut annotated = false;
        while let Some((token, at)) = self.token().filter(|(token, _)| *token != Token::LineEnd) {
            match self.text[at.start] {
                b'=' if self.depth == 0 => return token == Token::Other && self.peek() != Some(b'='),
                b':' => annotated = true,
                _ if !annotated => return false,
                _ => {}
            }
        }
        false
    }
}

fn is_word(byte: u8) -> bool {
    byte == b'_' || byte.is_ascii_alphanumeric() || !byte.is_ascii()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn value(source: &str) -> Option<String> {
        assigned(source, "examples").ok().flatten().map(|value| value.to_string())
    }

    #[test]
    fn literals_are_read_however_they_are_written() {
        for (source, want) in [
            ("examples = {'a': 1}", "{'a': 1}"),
            (
                "import os\nother = {'examples': 2}\nexamples={\n  # 'b': \"{\n  'a': 'é',  # }\n}\nprint(examples)\n",
                "{'a': 'é'}",
            ),
            ("examples: dict[str, list] = [\"a\"\n  'b' + \"c\" \\\n + '''d\n''', ]", "['abcd\\n']"),
            ("examples = (\n  ('a')\n)\r\nx = 1", "'a'"),
            ("text = '''\nexamples = 1\n'''\nexamples = 2\nexamples = 3", "3"),
            ("if x:\n    examples = 1\nexamples = r'\\'", "'\\\\'"),
        ] {
            let want = if source.ends_with("r'\\'") { None } else { Some(want) };
            assert_eq!(value(source).as_deref(), want, "{source}");
        }
        for source in ["", "examples == 1", "examples['a'] = 1", "other = 1", "examples.update(a=1)", " examples = 1"] {
            assert_eq!(assigned(source, "examples"), Ok(None), "{source}");
        }
    }

    #[test]
    fn what_would_have_to_be_run_is_refused_with_its_line() {
        for (source, line, word) in [
            ("\nexamples = {\n 'a': f'{x}'}", 3, "formatted"),
            ("examples = {\n 'a': other}", 2, "other"),
            ("examples = {'a': len('b')}", 1, "len"),
            ("examples = 1 + 2", 1, "literal"),
            ("examples = {'a': 'b' % 1}", 1, "literal"),
            ("examples = [(('a'", 1, "literal"),
        ] {
            let error = assigned(source, "examples").expect_err(source);
            assert_eq!(error.line, line, "{source}");
            assert!(error.problem.contains(word), "{source}: {}", error.problem);
        }
    }

    #[test]
    fn a_megabyte_of_anything_ends() {
        for piece in ["[", "'", "\\", "#", "examples = ", "'''", "examples = 'a' + ", "f'"] {
            let _ = assigned(&piece.repeat((1 << 20) / piece.len()), "examples");
        }
    }
}
