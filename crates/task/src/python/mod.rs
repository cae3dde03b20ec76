//! Python as far as scorers need it: its literals and JSON, when values are equal, how they print, what white space and digits are.
//!
//! The references are Python programs, so that what they can read, compare and print decides over a score.

mod arithmetic;
mod assignment;
mod convert;
mod digit;
mod dumps;
mod expression;
mod int;
mod json;
mod literal;
mod load;
mod print;
mod round;
mod space;
mod string;
mod value;

pub(crate) use arithmetic::{add, compared, divide, multiply, order, power, remainder, subtract};
pub(crate) use assignment::assigned;
pub(crate) use convert::{float_of, int_of};
pub(crate) use digit::{is_digit, number};
pub use dumps::{Layout, dumps};
pub(crate) use expression::{
    Binary, Call, Expr, Lookup, Unary, binary, evaluate, evaluate_with, expression, expression_of, negative, unparse,
};
pub use json::json_value;
pub use literal::literal_value;
pub use load::{Cut, load};
pub(crate) use load::{closing, read};
pub(crate) use print::{excerpt, show, text};
pub(crate) use round::{rounded, whole_of};
pub use space::strip;
pub(crate) use space::{is_space, split};
pub use value::Value;
pub(crate) use value::dictionary;
