//! The brackets of a PDDL text, before they mean anything.

/// A PDDL text that this reader cannot use.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum PddlError {
    /// Brackets do not match, or there is no list at all.
    #[error("line {line}: {problem}")]
    Brackets {
        /// Line, from 1.
        line: usize,
        /// What is wrong.
        problem: &'static str,
    },
    /// A part has a form that was not expected.
    #[error("line {line}: expected {expected}, got `{got}`")]
    Form {
        /// Line, from 1.
        line: usize,
        /// What should stand there.
        expected: &'static str,
        /// What stands there, shortened.
        got: String,
    },
    /// A name that nothing declares.
    #[error("line {line}: unknown {kind} `{name}`")]
    Unknown {
        /// Line, from 1.
        line: usize,
        /// `object`, `predicate`, `type`, `parameter`.
        kind: &'static str,
        /// The name.
        name: String,
    },
    /// A predicate with the wrong number of arguments.
    #[error("line {line}: `{name}` takes {expected} arguments, got {got}")]
    Arity {
        /// Line, from 1.
        line: usize,
        /// The predicate.
        name: String,
        /// Arguments it is declared with.
        expected: usize,
        /// Arguments that were given.
        got: usize,
    },
    /// A part of PDDL outside typed STRIPS: quantifiers, disjunctions, negative conditions, numbers.
    #[error(
        "line {line}: `{name}` is outside typed STRIPS (conjunctions of positive conditions, add and delete effects)"
    )]
    Unsupported {
        /// Line, from 1.
        line: usize,
        /// The construct.
        name: String,
    },
    /// More than this program is willing to hold.
    #[error("{what}: more than {limit}")]
    TooLarge {
        /// What there is too much of.
        what: &'static str,
        /// The limit.
        limit: usize,
    },
}

/// The longest text that is read, in bytes.
const MAX_BYTES: usize = 4 << 20;
/// How deep lists may nest.
const MAX_DEPTH: usize = 64;

/// A list or a word of PDDL.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Expression {
    /// A word in lower case.
    Word(String, usize),
    /// A bracketed list.
    List(Vec<Expression>, usize),
}

impl Expression {
    /// The line it begins in, from 1.
    pub(super) fn line(&self) -> usize {
        match self {
            Expression::Word(_, line) | Expression::List(_, line) => *line,
        }
    }

    /// The word, where it is one.
    pub(super) fn word(&self) -> Option<&str> {
        match self {
            Expression::Word(word, _) => Some(word),
            Expression::List(..) => None,
        }
    }

    /// The word, or an error that says what should have been one.
    pub(super) fn expect_word(&self, expected: &'static str) -> Result<&str, PddlError> {
        self.word().ok_or_else(|| self.unexpected(expected))
    }

    /// The list's items, or an error that says what should have been a list.
    pub(super) fn expect_list(&self, expected: &'static str) -> Result<&[Expression], PddlError> {
        match self {
            Expression::List(items, _) => Ok(items),
            Expression::Word(..) => Err(self.unexpected(expected)),
        }
    }

    /// The first word of a list: what the list is.
    pub(super) fn head(&self) -> Option<&str> {
        match self {
            Expression::List(items, _) => items.first().and_then(Expression::word),
            Expression::Word(..) => None,
        }
    }

    /// The error of finding this where `expected` should stand.
    pub(super) fn unexpected(&self, expected: &'static str) -> PddlError {
        let got = match (self, self.head()) {
            (Expression::Word(word, _), _) => word.chars().take(40).collect(),
            (_, Some(head)) => format!("({} ..)", head.chars().take(40).collect::<String>()),
            _ => "(..)".to_owned(),
        };
        PddlError::Form { line: self.line(), expected, got }
    }
}

/// Reads one bracketed list that is the whole text. `;` begins a comment; a word ends before `?`, so that
/// `?a - level?b` is three words and a variable, as one official domain has it.
pub(super) fn read(text: &str) -> Result<Expression, PddlError> {
    if text.len() > MAX_BYTES {
        return Err(PddlError::TooLarge { what: "bytes in a PDDL text", limit: MAX_BYTES });
    }
    let mut open: Vec<(Vec<Expression>, usize)> = Vec::new();
    for (index, content) in text.lines().enumerate() {
        let line = index + 1;
        let content = content.split(';').next().unwrap_or_default().to_lowercase();
        let mut rest = content.as_str();
        while let Some(first) = rest.chars().next() {
            let mut used = first.len_utf8();
            match first {
                '(' => {
                    if open.len() == MAX_DEPTH {
                        return Err(PddlError::TooLarge { what: "nested brackets", limit: MAX_DEPTH });
                    }
                    open.push((Vec::new(), line));
                }
                ')' => {
                    let (items, began) =
                        open.pop().ok_or(PddlError::Brackets { line, problem: "a `)` that closes nothing" })?;
                    let list = Expression::List(items, began);
                    match open.last_mut() {
                        Some((outer, _)) => outer.push(list),
                        None => return Ok(list),
                    }
                }
                c if c.is_whitespace() => {}
                _ => {
                    let ends = |c: char| c.is_whitespace() || matches!(c, '(' | ')' | '?');
                    used += rest[used..].find(ends).unwrap_or(rest.len() - used);
                    match open.last_mut() {
                        Some((outer, _)) => outer.push(Expression::Word(rest[..used].to_owned(), line)),
                        None => return Err(PddlError::Brackets { line, problem: "text before the first `(`" }),
                    }
                }
            }
            rest = &rest[used..];
        }
    }
    match open.first() {
        Some((_, line)) => Err(PddlError::Brackets { line: *line, problem: "a `(` that is never closed" }),
        None => Err(PddlError::Brackets { line: 1, problem: "no definition" }),
    }
}
