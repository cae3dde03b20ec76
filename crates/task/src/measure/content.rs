//! The words that say what is done, wherever a text has them.

use super::stem;

/// The stems of the words that say what is done: all but articles and the like.
pub(crate) fn content(text: &str) -> Vec<String> {
    const EMPTY: [&str; 12] = ["a", "an", "the", "to", "of", "for", "in", "on", "with", "and", "is", "be"];
    let words = text.split(|c: char| !c.is_alphanumeric()).filter(|word| !word.is_empty());
    words.map(str::to_lowercase).filter(|word| !EMPTY.contains(&word.as_str())).map(|word| stem(&word)).collect()
}

/// Where in a text all words of a thought stand in their order, the last such place; `None` where they do not.
pub(crate) fn last_place(words: &[String], thought: &[String]) -> Option<usize> {
    if thought.is_empty() {
        return None;
    }
    // The words of a thought stand near each other: "send the letter", "sending that letter".
    let near = thought.len() + 3;
    (0..words.len()).rev().find(|&start| {
        words[start] == thought[0] && {
            let mut rest = words[start + 1..].iter().take(near - 1);
            thought[1..].iter().all(|wanted| rest.any(|word| word == wanted))
        }
    })
}
