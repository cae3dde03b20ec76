//! The text protocol of py4j, as far as the engine needs it: a command is some lines, of which the last is `e`, and an
//! answer is one line.
//!
//! ```text
//! i\nsome.Class\ne\n                      a new object        !yro0
//! c\no0\nstep\nslook around\ne\n          a call              !ysThis room is called ..
//! ```

/// What a call is given.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Argument<'a> {
    /// A text.
    Text(&'a str),
    /// A whole number of 32 bits.
    Int(i32),
    /// True or false.
    Bool(bool),
}

/// What comes back.
#[derive(Debug, Clone, PartialEq)]
pub enum Value {
    /// Nothing.
    Nothing,
    /// A text.
    Text(String),
    /// A number or truth value, as it was written.
    Plain(String),
    /// The name by which an object, list or map is called.
    Object(String),
}

/// The command that makes an object of a class.
pub fn construct(class: &str) -> String {
    format!("i\n{class}\ne\n")
}

/// The command that calls a method of an object.
///
/// ```
/// use task::real_world::science::engine::{Argument, call};
/// assert_eq!(call("o0", "step", &[Argument::Text("a\nb\\")]), "c\no0\nstep\nsa\\nb\\\\\ne\n");
/// assert_eq!(call("o0", "at", &[Argument::Int(3), Argument::Bool(true)]), "c\no0\nat\ni3\nbtrue\ne\n");
/// ```
pub fn call(object: &str, method: &str, arguments: &[Argument<'_>]) -> String {
    let mut command = format!("c\n{object}\n{method}\n");
    for argument in arguments {
        command += &match argument {
            Argument::Text(text) => format!("s{}\n", escaped(text)),
            Argument::Int(number) => format!("i{number}\n"),
            Argument::Bool(truth) => format!("b{truth}\n"),
        };
    }
    command + "e\n"
}

/// What an answer says; an error is what the engine says went wrong, or the line itself where it is no answer.
///
/// # Errors
/// An exception of the engine, or a line that is no answer.
///
/// ```
/// use task::real_world::science::engine::{Value, value};
/// assert_eq!(value("!ysa\\nb"), Ok(Value::Text("a\nb".into())));
/// assert_eq!(value("!yro7"), Ok(Value::Object("o7".into())));
/// assert_eq!(value("!xspy4j.Py4JException: no"), Err("py4j.Py4JException: no".into()));
/// assert!(value("hello").is_err());
/// ```
pub fn value(line: &str) -> Result<Value, String> {
    let answer = line.strip_prefix('!').ok_or(line)?;
    if let Some(wrong) = answer.strip_prefix('x') {
        return Err(plain(wrong.get(1..).unwrap_or(wrong)));
    }
    let mut signs = answer.strip_prefix('y').ok_or(line)?.chars();
    let kind = signs.next().ok_or(line)?;
    let rest = signs.as_str();
    Ok(match kind {
        'v' | 'n' => Value::Nothing,
        's' => Value::Text(plain(rest)),
        'r' | 'l' | 'a' | 'h' | 't' | 'g' => Value::Object(rest.to_owned()),
        _ => Value::Plain(rest.to_owned()),
    })
}

/// With line ends and backslashes written as two signs, so that a text is one line.
fn escaped(text: &str) -> String {
    text.replace('\\', "\\\\").replace('\n', "\\n").replace('\r', "\\r")
}

/// The text that was [escaped].
fn plain(text: &str) -> String {
    let mut signs = text.chars();
    let mut all = String::with_capacity(text.len());
    while let Some(sign) = signs.next() {
        match (sign, signs.as_str().chars().next()) {
            ('\\', Some(next @ ('\\' | 'n' | 'r'))) => {
                all.push(match next {
                    'n' => '\n',
                    'r' => '\r',
                    other => other,
                });
                signs.next();
            }
            _ => all.push(sign),
        }
    }
    all
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn a_text_comes_back_as_it_went(text in any::<String>()) {
            prop_assert_eq!(plain(&escaped(&text)), text.clone());
            prop_assert!(!escaped(&text).contains(['\n', '\r']));
        }

        #[test]
        fn any_line_is_an_answer_or_an_error(line in any::<String>()) {
            let _ = value(&line);
            let _ = value(&format!("!y{line}"));
        }
    }
}
