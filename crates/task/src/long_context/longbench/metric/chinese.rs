//! Chinese words, as jieba 0.42.1 cuts them in its precise mode.
//!
//! jieba-rs has its dictionary and its hidden Markov model, but newer rules for what is no Chinese: it takes rare
//! characters into blocks and keeps `GPT-4` whole. So the blocks are found here, and such words are cut again.

use std::sync::LazyLock;

use jieba_rs::Jieba;
use regex::Regex;

use crate::pattern;

/// The dictionary takes a moment to unpack, once.
static JIEBA: LazyLock<Jieba> = LazyLock::new(Jieba::new);
/// What is cut by dictionary and model.
static BLOCK: LazyLock<Regex> = LazyLock::new(|| pattern(r"[\x{4E00}-\x{9FD5}a-zA-Z0-9+#&._%\-]+"));
/// What stays together in a block's parts that are no Chinese.
static PLAIN: LazyLock<Regex> = LazyLock::new(|| pattern(r"[a-zA-Z0-9]+(?:\.\d+)?%?"));

/// The words of a text, in order; nothing is left out.
pub fn cut(text: &str) -> Vec<&str> {
    let mut words = Vec::new();
    let mut end = 0;
    for block in BLOCK.find_iter(text) {
        characters(&text[end..block.start()], &mut words);
        for token in JIEBA.cut(block.as_str(), true) {
            match token.word.contains(['.', '_', '-']) && !JIEBA.has_word(token.word) {
                true => plain(token.word, &mut words),
                false => words.push(token.word),
            }
        }
        end = block.end();
    }
    characters(&text[end..], &mut words);
    words
}

/// Each character is a word; `\r\n` is one.
fn characters<'t>(text: &'t str, words: &mut Vec<&'t str>) {
    let mut rest = text;
    while let Some(first) = rest.chars().next() {
        let (word, after) = rest.split_at(if rest.starts_with("\r\n") { 2 } else { first.len_utf8() });
        words.push(word);
        rest = after;
    }
}

/// What `PLAIN` finds, and what lies between.
fn plain<'t>(text: &'t str, words: &mut Vec<&'t str>) {
    let mut end = 0;
    for found in PLAIN.find_iter(text) {
        words.extend(Some(&text[end..found.start()]).filter(|gap| !gap.is_empty()));
        words.push(found.as_str());
        end = found.end();
    }
    words.extend(Some(&text[end..]).filter(|gap| !gap.is_empty()));
}

#[cfg(test)]
mod tests {
    use super::cut;

    #[test]
    fn nothing_is_left_out_and_versions_are_cut() {
        assert_eq!(cut("GPT-4是模型"), ["GPT", "-", "4", "是", "模型"]);
        assert_eq!(cut("v1.2.3-rc%"), ["v1.2", ".", "3", "-", "rc%"]);
        let text = "会议\r\n 讨论了𠀀人工智能的趋势。C++ 3.5% a_b--";
        assert_eq!(cut(text).concat(), text);
    }
}
