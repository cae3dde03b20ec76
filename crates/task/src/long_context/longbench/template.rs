//! Prompts: a template's holes filled, the middle cut out of one that is too long.

use serde_json::Value;

use crate::Tokens;

/// A template with its `{holes}` filled from the fields of a row. What a field holds is never read again, braces
/// included.
pub(super) fn fill(template: &str, row: &Value) -> Result<String, String> {
    let mut text = String::with_capacity(template.len());
    let mut rest = template;
    while let Some(at) = rest.find(['{', '}']) {
        text.push_str(&rest[..at]);
        let brace = &rest[at..at + 1];
        rest = &rest[at + 1..];
        if let Some(after) = rest.strip_prefix(brace) {
            text.push_str(brace); // doubled: the brace itself
            rest = after;
            continue;
        }
        let (name, after) = match rest.split_once('}') {
            Some(parts) if brace == "{" => parts,
            _ => return Err(format!("the template has a lone {brace}")),
        };
        match &row[name] {
            Value::String(value) => text.push_str(value),
            Value::Null => return Err(format!("the row has no field {name:?}, which the template asks for")),
            other => text.push_str(&other.to_string()),
        }
        rest = after;
    }
    text.push_str(rest);
    Ok(text)
}

/// A prompt of at most `most` tokens: the first half and the last half of them, the middle left out.
pub(super) fn shorten(prompt: String, most: usize, tokens: &dyn Tokens) -> String {
    let ids = tokens.encode(&prompt);
    if ids.len() <= most {
        return prompt;
    }
    let half = most / 2;
    tokens.decode(&ids[..half]) + &tokens.decode(&ids[ids.len() - half..])
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn holes_are_filled_once() {
        let row = json!({"context": "a {input} {", "input": "}{context}", "length": 3});
        assert_eq!(fill("{{x}} {context}|{input}|{length}", &row).as_deref(), Ok("{x} a {input} {|}{context}|3"));
        for (template, says) in [("{answer}", "no field"), ("a } b", "lone }"), ("{context", "lone {")] {
            assert!(fill(template, &row).is_err_and(|problem| problem.contains(says)), "{template}");
        }
    }

    #[test]
    fn the_middle_is_left_out() {
        struct Chars;
        impl Tokens for Chars {
            fn encode(&self, text: &str) -> Vec<u32> {
                text.chars().map(u32::from).collect()
            }

            fn decode(&self, ids: &[u32]) -> String {
                ids.iter().filter_map(|&id| char::from_u32(id)).collect()
            }
        }
        let cut = |most| shorten("abcdefgh".to_owned(), most, &Chars);
        assert_eq!([cut(8), cut(7), cut(4), cut(0)], ["abcdefgh", "abcfgh", "abgh", ""]);
    }
}
