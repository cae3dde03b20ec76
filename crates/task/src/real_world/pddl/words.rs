//! Cuts a text into words as NLTK's `word_tokenize` does: the Penn Treebank's rules.
//!
//! AgentBoard looks for action and object names among these words, so the rules decide what an agent may write:
//! `b1.` names b1 at the end of a sentence, `(b1)` names it anywhere, `b1's` does too, `b1/b2` does not.
//! Written from the rules' description; contractions such as `cannot` are not taken apart, and a sentence ends where a
//! word character and a full stop are followed by a space (NLTK asks a trained model).

/// The words of a text.
///
/// ```
/// assert_eq!(task::real_world::words("stack b1, then jack-up (b2)."), ["stack", "b1", ",", "then", "jack-up", "(", "b2", ")", "."]);
/// ```
pub fn words(text: &str) -> Vec<String> {
    sentences(text).iter().flat_map(|sentence| sentence_words(sentence)).collect()
}

fn sentences(text: &str) -> Vec<String> {
    let mut all = vec![String::new()];
    let mut before = [' ', ' '];
    for c in text.chars() {
        if c.is_whitespace() && before[1] == '.' && (before[0].is_alphanumeric() || before[0] == '_') {
            all.push(String::new());
        } else if let Some(last) = all.last_mut() {
            last.push(c);
        }
        before = [before[1], c];
    }
    all
}

fn sentence_words(sentence: &str) -> Vec<String> {
    let spaced = quotes(&brackets(&punctuation(&opening_quotes(sentence))));
    spaced.split_whitespace().map(str::to_owned).collect()
}

fn is_word(c: char) -> bool {
    c.is_alphanumeric() || c == '_'
}

/// Quotes that begin something become words of their own; an apostrophe leaves a single letter that follows it.
fn opening_quotes(text: &str) -> String {
    let chars: Vec<char> = text.chars().collect();
    let mut out = String::with_capacity(text.len() + 8);
    let mut at = 0;
    while at < chars.len() {
        let c = chars[at];
        let opens = at == 0 || matches!(chars[at - 1], ' ' | '(' | '[' | '{' | '<');
        let pair = c == '\'' && chars.get(at + 1) == Some(&'\'') && at > 0 && opens;
        if pair || c == '"' && opens {
            out.push_str(" `` ");
            at += usize::from(pair);
        } else if matches!(c, '«' | '“' | '‘' | '„') || c == '`' {
            out.push(' ');
            out.push(c);
            if chars.get(at + 1) != Some(&'`') || c != '`' {
                out.push(' ');
            }
        } else {
            out.push(c);
            let next = chars.get(at + 1).copied();
            let alone = next.is_some_and(is_word) && !chars.get(at + 2).copied().is_some_and(is_word);
            let clitic = next.is_some_and(|n| matches!(n.to_ascii_lowercase(), 'm' | 't' | 's' | 'd' | 'n'));
            if c == '\'' && alone && !clitic {
                out.push(' ');
            }
        }
        at += 1;
    }
    out
}

/// Takes off the last full stop (with the quotes and brackets after it), runs of dots, commas and colons that no digit
/// follows, and the signs that never belong to a word.
fn punctuation(text: &str) -> String {
    let chars: Vec<char> = text.trim_end().chars().collect();
    let last = chars.iter().rposition(|&c| !matches!(c, ']' | ')' | '}' | '>' | '"' | '\'' | '»' | '”' | '’' | ' '));
    let stop = last.filter(|&at| at > 0 && chars[at] == '.' && chars[at - 1] != '.');
    let mut out = String::with_capacity(text.len() + 8);
    for (at, &c) in chars.iter().enumerate() {
        let next = chars.get(at + 1).copied();
        let dots = c == '.' && (next == Some('.') || at > 0 && chars[at - 1] == '.');
        let apart = match c {
            ',' | ':' => !next.is_some_and(char::is_numeric),
            ';' | '@' | '#' | '$' | '%' | '&' | '?' | '!' | '*' => true,
            '.' => stop == Some(at),
            '\'' => next.is_none_or(|n| n == ' ') && at > 0 && chars[at - 1] != '\'',
            _ => false,
        };
        if dots {
            if at == 0 || chars[at - 1] != '.' {
                out.push(' ');
            }
            out.push(c);
            if next != Some('.') {
                out.push(' ');
            }
        } else if apart {
            out.extend([' ', c, ' ']);
        } else {
            out.push(c);
        }
    }
    out
}

fn brackets(text: &str) -> String {
    let mut out = String::with_capacity(text.len() + 8);
    for c in text.chars() {
        if matches!(c, '[' | ']' | '(' | ')' | '{' | '}' | '<' | '>') {
            out.extend([' ', c, ' ']);
        } else {
            out.push(c);
        }
    }
    out.replace("--", " -- ")
}

/// Quotes that end something, and the endings 's 'm 'd 'll 're 've n't.
fn quotes(text: &str) -> String {
    let mut spaced = String::with_capacity(text.len() + 8);
    for c in text.chars() {
        match c {
            '»' | '”' | '’' => spaced.extend([' ', c, ' ']),
            '"' => spaced.push_str(" '' "),
            c => spaced.push(c),
        }
    }
    let spaced = spaced.replace("''", " '' ");
    let mut out = String::with_capacity(spaced.len() + 8);
    for word in spaced.split_whitespace() {
        let lower = word.to_ascii_lowercase();
        let ending = ["'s", "'m", "'d", "'ll", "'re", "'ve", "n't", "'"].iter().find(|e| lower.ends_with(*e));
        match ending {
            Some(ending) if word.len() > ending.len() && !word[..word.len() - ending.len()].ends_with('\'') => {
                let (stem, ending) = word.split_at(word.len() - ending.len());
                out.extend([stem, " ", ending, " "]);
            }
            _ => out.extend([word, " "]),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn punctuation_leaves_words_and_hyphens_stay() {
        for (text, want) in [
            ("put-on-wheel r1 on the hub the-hub1.", "put-on-wheel r1 on the hub the-hub1 ."),
            ("fetch wrench boot. then close boot", "fetch wrench boot . then close boot"),
            ("pick b1.b2", "pick b1.b2"),
            ("b1,b2", "b1 , b2"),
            ("l1,2", "l1,2"),
            ("stack [b1] (b2)!", "stack [ b1 ] ( b2 ) !"),
            ("\"stack b1\"", "`` stack b1 ''"),
            ("'stack b1'", "'stack b1 '"),
            ("b1's", "b1 's"),
            ("wait...", "wait ..."),
            ("a--b", "a -- b"),
            ("b1.)", "b1 . )"),
            ("action: b1", "action : b1"),
        ] {
            assert_eq!(words(text).join(" "), want, "{text}");
        }
    }

    proptest::proptest! {
        #[test]
        fn no_text_panics(text in "\\PC{0,60}", quoted in "[\"'`. a,:(-]{0,20}") {
            let _ = words(&text);
            let _ = words(&quoted);
        }
    }
}
