//! `+` behind `|safe`: Python's `Markup` escapes what is added to it, which the engine's own safe text does not.

/// The filter that [`escape_added`] puts behind each operand that a `Markup` would escape.
pub(super) const ESCAPED: &str = "added_to_markup";
/// Filters whose result is a `Markup`.
const MARKUP: &[&str] = &["safe", "e", "escape", "forceescape"];

/// Where one pair of brackets, or the whole expression, stands in a chain of `+`.
#[derive(Default, Clone, Copy)]
struct Chain {
    /// The sum so far is a `Markup`.
    markup: bool,
    /// The operand that is being read is added to one.
    added: bool,
    /// Its last filter makes a `Markup` of it.
    safe: bool,
}

/// One expression or tag, with its brackets, with [`ESCAPED`] behind each operand that is added to a `Markup`.
pub(super) fn escape_added(text: &str) -> String {
    if !text.contains('+') || !MARKUP.iter().any(|name| text.contains(name)) {
        return text.to_owned();
    }
    let (mut out, mut chains, mut rest) = (String::new(), vec![Chain::default()], text);
    let mut filter = false;
    while let Some(first) = rest.chars().next() {
        let length = token(rest, first);
        let word = &rest[..length];
        let chain = chains.last_mut();
        match (first, chain) {
            (c, _) if c.is_whitespace() || matches!(c, '\'' | '"') => {}
            ('(' | '[' | '{', _) => chains.push(Chain::default()),
            (')' | ']' | '}', chain) => {
                chain.into_iter().for_each(|chain| end_operand(chain, &mut out));
                if chains.len() > 1 {
                    chains.pop();
                }
            }
            ('.', _) => {}
            ('|', _) => filter = true,
            ('+', Some(chain)) => {
                let safe = chain.safe;
                end_operand(chain, &mut out);
                chain.markup |= safe;
                (chain.added, chain.safe) = (chain.markup, false);
            }
            (c, Some(chain)) if c.is_alphanumeric() || c == '_' => {
                if filter {
                    chain.safe = MARKUP.contains(&word);
                } else if matches!(word, "if" | "else" | "and" | "or" | "in" | "not" | "is") {
                    end_operand(chain, &mut out);
                    *chain = Chain::default();
                }
            }
            (_, Some(chain)) => {
                end_operand(chain, &mut out);
                *chain = Chain::default();
            }
            (_, None) => {}
        }
        filter &= first == '|' || first.is_whitespace();
        out.push_str(word);
        rest = &rest[length..];
    }
    out
}

/// Puts the filter behind the operand that ends here, before the white space.
fn end_operand(chain: &mut Chain, out: &mut String) {
    if std::mem::take(&mut chain.added) {
        let end = out.trim_end().len();
        out.insert_str(end, &format!("|{ESCAPED}"));
    }
}

/// The length of the token that a text begins with: a quoted text, a word or one character.
fn token(text: &str, first: char) -> usize {
    let mut letters = text.char_indices().skip(1);
    match first {
        '\'' | '"' => {
            while let Some((at, letter)) = letters.next() {
                match letter {
                    '\\' => drop(letters.next()),
                    letter if letter == first => return at + 1,
                    _ => {}
                }
            }
            text.len()
        }
        c if c.is_alphanumeric() || c == '_' => {
            letters.find(|(_, c)| !c.is_alphanumeric() && *c != '_').map_or(text.len(), |(at, _)| at)
        }
        c => c.len_utf8(),
    }
}

/// `markupsafe.escape`
pub(super) fn escape(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for letter in text.chars() {
        match letter {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '\'' => out.push_str("&#39;"),
            '"' => out.push_str("&#34;"),
            other => out.push(other),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::escape_added;

    #[test]
    fn only_what_is_added_to_markup_is_escaped() {
        for (source, becomes) in [
            (
                "{{ a|safe + b['+'] | f(c + d) + e }}",
                "{{ a|safe + b['+'] | f(c + d)|added_to_markup + e|added_to_markup }}",
            ),
            ("{{ (a|safe + b) + c }}", "{{ (a|safe + b|added_to_markup) + c }}"),
            ("{{ a|safe ~ b + c }}", "{{ a|safe ~ b + c }}"),
            ("{{ a + b|safe + c }}", "{{ a + b|safe + c|added_to_markup }}"),
            ("{{ a|safe + b if c + d else e }}", "{{ a|safe + b|added_to_markup if c + d else e }}"),
            ("{{ safe + b }}", "{{ safe + b }}"),
            ("{{ 'a|safe + é' + \"|safe\\\"", "{{ 'a|safe + é' + \"|safe\\\""),
        ] {
            assert_eq!(escape_added(source), becomes);
        }
    }
}
