//! Python expressions: read into a tree, printed as Python's `ast.unparse` prints them, and computed where all is literal.

mod evaluate;
mod parse;
mod token;
mod unparse;

use super::Value;

pub(crate) use evaluate::{Lookup, binary, evaluate, evaluate_with, negative};
pub(crate) use parse::{expression, expression_of};
pub(crate) use unparse::unparse;

/// An expression.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Expr {
    /// A number, text, `None`, `True`, `False` or `...`; whether the text was written with `u`.
    Constant(Value, bool),
    /// A formatted text, as it is written.
    Formatted(String),
    Name(String),
    Attribute(Box<Expr>, String),
    Subscript(Box<Expr>, Box<Expr>),
    Call(Box<Call>),
    Unary(Unary, Box<Expr>),
    Binary(Binary, Box<Expr>, Box<Expr>),
    /// `and` (true) or `or` between all.
    Logic(bool, Vec<Expr>),
    Compare(Box<Expr>, Vec<(&'static str, Expr)>),
    /// `a if test else b`: test, a, b.
    Choice(Box<[Expr; 3]>),
    Lambda(Vec<Parameter>, Box<Expr>),
    List(Vec<Expr>),
    Tuple(Vec<Expr>),
    Set(Vec<Expr>),
    /// Pairs; `**x` has no key.
    Dict(Vec<(Option<Expr>, Expr)>),
    Comprehension(Box<Comprehension>),
    /// `await`, `yield`, `yield from`.
    Word(&'static str, Option<Box<Expr>>),
    Starred(Box<Expr>),
    Named(Box<Expr>, Box<Expr>),
    Slice([Option<Box<Expr>>; 3]),
}

/// A call.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Call {
    pub(crate) function: Expr,
    pub(crate) positional: Vec<Expr>,
    /// `**x` has no name.
    pub(crate) named: Vec<(Option<String>, Expr)>,
}

/// A parameter of a lambda: its stars, name and default. Alone: `*`, `/`.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Parameter {
    pub(crate) name: String,
    pub(crate) default: Option<Expr>,
}

/// A comprehension: what it makes (brackets `[`, `{`, `(`), of which element (and value), with which clauses.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Comprehension {
    pub(crate) bracket: u8,
    pub(crate) element: Expr,
    pub(crate) value: Option<Expr>,
    pub(crate) clauses: Vec<Clause>,
}

/// `for target in source if ..`
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Clause {
    pub(crate) awaited: bool,
    pub(crate) target: Expr,
    pub(crate) source: Expr,
    pub(crate) conditions: Vec<Expr>,
}

/// Operators before an operand.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) enum Unary {
    Minus,
    Plus,
    Invert,
    Not,
}

/// Operators between operands.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) enum Binary {
    Or,
    Xor,
    And,
    Left,
    Right,
    Add,
    Subtract,
    Multiply,
    Divide,
    Floor,
    Remainder,
    Matrix,
    Power,
}

impl Binary {
    /// The sign and how tightly it binds.
    pub(crate) fn sign(self) -> (&'static str, u8) {
        match self {
            Binary::Or => ("|", unparse::EXPR),
            Binary::Xor => ("^", unparse::EXPR + 1),
            Binary::And => ("&", unparse::EXPR + 2),
            Binary::Left => ("<<", unparse::EXPR + 3),
            Binary::Right => (">>", unparse::EXPR + 3),
            Binary::Add => ("+", unparse::ARITH),
            Binary::Subtract => ("-", unparse::ARITH),
            Binary::Multiply => ("*", unparse::ARITH + 1),
            Binary::Divide => ("/", unparse::ARITH + 1),
            Binary::Floor => ("//", unparse::ARITH + 1),
            Binary::Remainder => ("%", unparse::ARITH + 1),
            Binary::Matrix => ("@", unparse::ARITH + 1),
            Binary::Power => ("**", unparse::POWER),
        }
    }

    const ALL: [Binary; 13] = [
        Binary::Or,
        Binary::Xor,
        Binary::And,
        Binary::Left,
        Binary::Right,
        Binary::Add,
        Binary::Subtract,
        Binary::Multiply,
        Binary::Divide,
        Binary::Floor,
        Binary::Remainder,
        Binary::Matrix,
        Binary::Power,
    ];

    /// The operator of a sign.
    pub(crate) fn of(sign: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|operator| operator.sign().0 == sign)
    }
}
