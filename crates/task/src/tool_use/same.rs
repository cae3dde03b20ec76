//! Whether values are the same to a person.

use num_bigint::BigInt;

use super::natural::as_arguments;
use crate::python::{Value, strip};

/// Whether a person would take one value for the other: `"5"` for 5, one text for a list of one, `Mara and Paul` for two.
pub(super) fn same(got: &Value, wanted: &Value) -> bool {
    if got == wanted {
        return true;
    }
    match (wanted, got) {
        (Value::Int(_) | Value::Float(_), Value::Text(said)) => {
            number(&String::from_utf8_lossy(said)).is_some_and(|number| number == *wanted)
        }
        (Value::Bool(wanted), Value::Text(said)) => {
            let said = String::from_utf8_lossy(said).trim().to_lowercase();
            match said.as_str() {
                "true" | "yes" => *wanted,
                "false" | "no" => !wanted,
                _ => false,
            }
        }
        (Value::None, Value::Text(said)) => {
            ["none", "null", ""].contains(&String::from_utf8_lossy(said).trim().to_lowercase().as_str())
        }
        (Value::Text(wanted), Value::Text(got)) => {
            let (wanted, got) = (String::from_utf8_lossy(wanted), String::from_utf8_lossy(got));
            plain(&wanted) == plain(&got)
        }
        (Value::Text(wanted), Value::Int(_) | Value::Float(_)) => {
            number(&String::from_utf8_lossy(wanted)).is_some_and(|number| number == *got)
        }
        (Value::List(wanted), Value::List(got) | Value::Tuple(got)) => {
            wanted.len() == got.len() && wanted.iter().zip(got).all(|(wanted, got)| same(got, wanted))
        }
        (Value::List(wanted), Value::Text(said)) => {
            let said = String::from_utf8_lossy(said);
            if wanted.len() == 1 {
                return same(got, &wanted[0]);
            }
            let parts: Vec<&str> = said.split([',', ';', '&']).flat_map(|part| part.split(" and ")).collect();
            let parts = parts.into_iter().map(|part| strip(part).trim_start_matches("and "));
            let parts: Vec<Value> = parts.filter(|part| !part.is_empty()).map(Value::from).collect();
            parts.len() == wanted.len() && wanted.iter().zip(&parts).all(|(wanted, got)| same(got, wanted))
        }
        (Value::List(wanted), got) if wanted.len() == 1 => same(got, &wanted[0]),
        (wanted, Value::List(got)) if got.len() == 1 => same(&got[0], wanted),
        (Value::Dict(wanted), Value::Dict(got)) => {
            let find = |key: &Value| got.iter().find(|(other, _)| same(other, key)).map(|(_, value)| value);
            wanted.len() == got.len() && wanted.iter().all(|(key, value)| find(key).is_some_and(|got| same(got, value)))
        }
        (Value::Dict(pairs), Value::Text(said)) => {
            let said = String::from_utf8_lossy(said);
            let got = as_arguments(got).filter(|got| got.len() == pairs.len()).or_else(|| {
                let spoken = said.split(" and ").map(|part| strip(part).split_once(' '));
                let spoken = spoken.map(|pair| pair.map(|(key, value)| (Value::from(key), Value::from(value))));
                spoken.collect::<Option<Vec<_>>>()
            });
            got.is_some_and(|got| same(&Value::Dict(got), wanted))
        }
        _ => false,
    }
}

/// A number as it is written: `5`, `1,200`, `5.0`.
fn number(said: &str) -> Option<Value> {
    let said = strip(said).trim_matches(['"', '\'', '`']);
    let digits: String = said.chars().filter(|c| *c != ',' && *c != '_').collect();
    let well = digits.trim_start_matches(['-', '+']);
    if well.is_empty() || !well.starts_with(|c: char| c.is_ascii_digit()) || digits.len() > 40 {
        return None;
    }
    if well.bytes().all(|byte| byte.is_ascii_digit()) {
        let int = BigInt::parse_bytes(well.as_bytes(), 10)?;
        return Some(Value::Int(if digits.starts_with('-') { -int } else { int }));
    }
    digits.parse().ok().map(Value::Float)
}

/// A text in lower case, without an article before it, and quotes and a stop around it.
fn plain(text: &str) -> String {
    let text = record::half_width(text).to_lowercase();
    let text = strip(&text).trim_matches(['"', '\'', '`', '*']).trim_end_matches('.').trim();
    let text = ["the ", "a ", "an "].iter().find_map(|article| text.strip_prefix(article)).unwrap_or(text);
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::python::json_value;

    #[test]
    fn values_are_compared_as_a_person_would() {
        for (got, wanted, right) in [
            (r#""5""#, "5", true),
            ("5.0", "5", true),
            (r#""1,200""#, "1200", true),
            (r#""ulm""#, r#""Ulm""#, true),
            (r#""the result of step 1""#, r#""result of step 1""#, true),
            (r#""Ida""#, r#"["Ida"]"#, true),
            (r#"["Ida"]"#, r#""Ida""#, true),
            (r#""Mara and Paul""#, r#"["Mara", "Paul"]"#, true),
            (r#""Mara, Paul""#, r#"["Mara", "Paul"]"#, true),
            (r#"{"day": "7", "city": "Oslo"}"#, r#"{"city": "Oslo", "day": 7}"#, true),
            (r#""city Oslo and day 7""#, r#"{"city": "Oslo", "day": 7}"#, true),
            (r#""6""#, "5", false),
            (r#""Ulma""#, r#""Ulm""#, false),
            (r#""Mara""#, r#"["Mara", "Paul"]"#, false),
            (r#""""#, "5", false),
            ("null", "5", false),
        ] {
            let (Some(a), Some(b)) = (json_value(got), json_value(wanted)) else { panic!("{got} {wanted}") };
            assert_eq!(same(&a, &b), right, "{got} for {wanted}");
        }
    }
}
