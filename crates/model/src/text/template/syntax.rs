//! What is done to a template's text before the engine reads it.

use super::markup::escape_added;

/// The text with `\n` for every kind of line end, as Jinja reads templates, and with each `{% generation %}` tag, with
/// which `transformers` marks the assistant's words and which prints nothing, as a `{% with %}`: a scope of its own.
pub(super) fn prepare(source: &str) -> String {
    let source = source.replace("\r\n", "\n").replace('\r', "\n");
    let mut out = String::with_capacity(source.len());
    let mut rest = source.as_str();
    while let Some(at) = rest.find('{') {
        out.push_str(&rest[..at]);
        rest = &rest[at..];
        let taken = match rest.as_bytes().get(1) {
            Some(b'#') => rest.find("#}").map_or(rest.len(), |end| end + 2),
            Some(b'{') => expression_end(rest, "}}"),
            Some(b'%') => match generation(rest) {
                Some((tag, length)) => {
                    out.push_str(&tag);
                    rest = &rest[length..];
                    continue;
                }
                None if word(rest).0 == "raw" => raw_end(rest),
                None => expression_end(rest, "%}"),
            },
            _ => 1,
        };
        match rest.as_bytes().get(1) {
            Some(b'{' | b'%') if word(rest).0 != "raw" => out.push_str(&escape_added(&rest[..taken])),
            _ => out.push_str(&rest[..taken]),
        }
        rest = &rest[taken..];
    }
    out + rest
}

/// The first word of a tag, and where it ends.
fn word(tag: &str) -> (&str, usize) {
    let inside = tag[2..].trim_start_matches(['-', '+']).trim_start();
    let length = inside.find(|c: char| !c.is_alphanumeric() && c != '_').unwrap_or(inside.len());
    (&inside[..length], tag.len() - inside.len() + length)
}

/// What stands in for a `generation` or `endgeneration` tag at the beginning of the text, and the tag's length.
fn generation(text: &str) -> Option<(String, usize)> {
    let (name, end) = word(text);
    let stands_in = match name {
        "generation" => "with",
        "endgeneration" => "endwith",
        _ => return None,
    };
    let sign = |c: Option<char>| c.filter(|c| matches!(c, '-' | '+')).map(String::from).unwrap_or_default();
    let tail = text[end..].trim_start();
    let after = sign(tail.chars().next());
    let close = tail[after.len()..].starts_with("%}").then_some(text.len() - tail.len() + after.len() + 2)?;
    Some((format!("{{%{} {stands_in} {after}%}}", sign(text[2..].chars().next())), close))
}

/// Where an expression or tag at the beginning of the text ends: behind the first `close` outside its quotes.
fn expression_end(text: &str, close: &str) -> usize {
    let mut quote = None;
    let mut letters = text.char_indices().skip(2);
    while let Some((at, letter)) = letters.next() {
        match quote {
            Some(_) if letter == '\\' => drop(letters.next()),
            Some(open) if letter == open => quote = None,
            Some(_) => {}
            None if text[at..].starts_with(close) => return at + close.len(),
            None if matches!(letter, '\'' | '"') => quote = Some(letter),
            None => {}
        }
    }
    text.len()
}

/// Where a `raw` block at the beginning of the text ends: before its `endraw` tag.
fn raw_end(text: &str) -> usize {
    let mut from = expression_end(text, "%}");
    while let Some(at) = text[from..].find("{%") {
        if word(&text[from + at..]).0 == "endraw" {
            return from + at + 2;
        }
        from += at + 2;
    }
    text.len()
}

#[cfg(test)]
mod tests {
    use super::prepare;

    #[test]
    fn generation_tags_become_scopes_and_nothing_else_changes() {
        for (source, becomes) in [
            ("a{% generation %}b{%- endgeneration -%} c", "a{% with %}b{%- endwith -%} c"),
            ("{%generation%}b{%+   endgeneration\n\n-%}", "{% with %}b{%+ endwith -%}"),
            ("{# {% generation %} #}{{ '{% generation %}' }}", "{# {% generation %} #}{{ '{% generation %}' }}"),
            ("{% raw %}{% generation %}{% endraw %}", "{% raw %}{% generation %}{% endraw %}"),
            ("{% set generation = 1 %}{% generation x %}", "{% set generation = 1 %}{% generation x %}"),
            ("a\r\nb\rc{", "a\nb\nc{"),
            ("{% generation", "{% generation"),
            ("{{ 'é\\'%}", "{{ 'é\\'%}"),
        ] {
            assert_eq!(prepare(source), becomes);
        }
    }
}
