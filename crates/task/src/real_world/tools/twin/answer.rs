//! Whether an answer is the right one, in whatever words it is given.

use std::sync::LazyLock;

use regex::Regex;

use crate::pattern;
use crate::python::{Value, text};
use crate::real_world::tools::progress::number;

/// Whether what was given is the answer: a number may come as text, with its unit or in a sentence that has no other; a
/// text in quotes or in other letters.
pub fn is_answer(given: &Value, answer: &Value) -> bool {
    if let Value::List(items) | Value::Tuple(items) = given {
        return matches!(&items[..], [one] if is_answer(one, answer));
    }
    match number(answer) {
        Some(wanted) => stated(given).is_some_and(|stated| (stated - wanted).abs() < 1e-6),
        None => plain(&text(given)) == plain(&text(answer)),
    }
}

/// The only number of a value.
fn stated(given: &Value) -> Option<f64> {
    static NUMBER: LazyLock<Regex> = LazyLock::new(|| pattern(r"-?\d[\d,]*(?:\.\d+)?"));
    if let Some(number) = number(given).filter(|_| !matches!(given, Value::Bool(_))) {
        return Some(number);
    }
    let Value::Text(_) = given else { return None };
    let text = text(given);
    let mut all = NUMBER.find_iter(&text);
    let (one, another) = (all.next()?, all.next());
    if another.is_some() { None } else { one.as_str().replace(',', "").parse().ok() }
}

fn plain(text: &str) -> String {
    let bare =
        text.trim().trim_end_matches('.').trim_matches(|c: char| matches!(c, '"' | '\'' | '“' | '”' | '`' | '*'));
    bare.trim().to_lowercase()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::python::literal_value;

    #[test]
    fn an_answer_may_be_worded_but_not_wrong() {
        let is = |given: &str, answer: &str| {
            literal_value(given).zip(literal_value(answer)).map(|(given, answer)| is_answer(&given, &answer))
        };
        for given in ["12.5", "'12.5'", "'12.50 mm'", "'It was 12.5 degrees.'", "[12.5]", "('12.5',)"] {
            assert_eq!(is(given, "12.5"), Some(true), "{given}");
        }
        for given in ["12", "'12.5 or 13'", "''", "[12.5, 1]", "None", "{'answer': 12.5}", "True"] {
            assert_eq!(is(given, "12.5"), Some(false), "{given}");
        }
        assert_eq!(is("'1,200 dollars'", "1200"), Some(true));
        assert_eq!(is("'\"the quiet lamp\".'", "'The Quiet Lamp'"), Some(true));
        assert_eq!(is("'The Quiet Lamp or The Old Map'", "'The Quiet Lamp'"), Some(false));
    }
}
