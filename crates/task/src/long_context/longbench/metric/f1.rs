//! F1 of the words of a short answer.

use std::collections::HashSet;
use std::sync::LazyLock;

use regex::Regex;

use super::super::Switches;
use super::chinese::cut;
use crate::measure::{self, shared, stem};
use crate::pattern;
use crate::python::{is_space, split};

/// The Chinese punctuation that the reference deletes beside ASCII's. It lacks `《`, `〈`, `〉` and `·`.
const CHINESE: &str = "！？｡。＂＃＄％＆＇（）＊＋，－／：；＜＝＞＠［＼］＾＿｀｛｜｝～｟｠｢｣､、〃》「」『』【】〔〕〖〗〘〙〚〛〜〝〞〟〰〾〿–—‘’‛“”„‟…‧﹏.";

/// A word in the sense of Python's `\b`.
static WORD: LazyLock<Regex> = LazyLock::new(|| pattern(r"[\p{L}\p{N}_]+"));

/// Unicode's punctuation.
static PUNCTUATION: LazyLock<Regex> = LazyLock::new(|| pattern(r"\p{P}"));

/// F1 of the words of prediction and answer; case, punctuation and articles do not count.
///
/// ```
/// use task::long_context::longbench::{Switches, qa_f1};
/// let f1 = qa_f1("It is the Eiffel Tower in Paris.", "Eiffel Tower", &Switches::all(false));
/// assert_eq!(f1, 0.5);
/// ```
pub fn qa_f1(prediction: &str, answer: &str, switches: &Switches) -> f64 {
    let words = |text: &str| split(&normal(text, switches)).map(str::to_owned).collect::<Vec<_>>();
    f1(&words(prediction), &words(answer))
}

/// Words that frame an answer and are no part of it.
const FRAME: [&str; 24] = [
    "answer",
    "is",
    "was",
    "are",
    "it",
    "its",
    "that",
    "so",
    "therefore",
    "question",
    "thus",
    "hence",
    "he",
    "she",
    "they",
    "his",
    "her",
    "their",
    "there",
    "i",
    "think",
    "in",
    "person",
    "town",
];

/// A prediction without the words of the question, which it may repeat, and those of "the answer is"; words of the answer
/// stay. As it is where nothing would be left.
///
/// ```
/// use task::long_context::longbench::own_words;
/// assert_eq!(own_words("Mara keeps a tall vase in Oslo.", "tall vase", "What does Mara keep in Oslo?"), "tall vase");
/// ```
pub fn own_words(prediction: &str, answer: &str, question: &str) -> String {
    let stems = |text: &str| -> HashSet<String> { WORD.find_iter(text).map(|word| stem(word.as_str())).collect() };
    let (wanted, asked) = (stems(answer), stems(question));
    let frame: HashSet<String> = FRAME.iter().map(|word| stem(word)).collect();
    let own = |word: &&str| {
        let stem = stem(word);
        let article = ["a", "an", "the"].contains(&stem.as_str());
        wanted.contains(&stem) || !(asked.contains(&stem) || frame.contains(&stem) || article)
    };
    let words: Vec<&str> = WORD.find_iter(prediction).map(|word| word.as_str()).filter(own).collect();
    if words.is_empty() { prediction.to_owned() } else { words.join(" ") }
}

/// F1 of the Chinese words of prediction and answer; punctuation and white space do not count.
pub fn qa_f1_zh(prediction: &str, answer: &str, switches: &Switches) -> f64 {
    let words = |text: &str| -> Vec<String> {
        let words = cut(text).into_iter().map(|word| normal_zh(word, switches));
        words.filter(|word| !word.is_empty()).collect()
    };
    f1(&words(prediction), &words(answer))
}

/// Lower case without punctuation, then without articles: `a.b` is `ab`.
fn normal(text: &str, switches: &Switches) -> String {
    let mut text = text.to_lowercase();
    text.retain(|c| !c.is_ascii_punctuation());
    if switches.unicode_punctuation {
        text = PUNCTUATION.replace_all(&text, "").into_owned();
    }
    let no_article = |found: &regex::Captures<'_>| match &found[0] {
        "a" | "an" | "the" => " ".to_owned(),
        word => word.to_owned(),
    };
    WORD.replace_all(&text, no_article).into_owned()
}

fn normal_zh(word: &str, switches: &Switches) -> String {
    let mut word = word.to_lowercase();
    word.retain(|c| !(c.is_ascii_punctuation() || is_space(c) || CHINESE.contains(c)));
    if switches.unicode_punctuation { PUNCTUATION.replace_all(&word, "").into_owned() } else { word }
}

fn f1(prediction: &[String], answer: &[String]) -> f64 {
    let shared = shared(answer, prediction) as f64;
    measure::f1(shared / prediction.len() as f64, shared / answer.len() as f64)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn punctuation_of_any_script_is_left_out_only_when_corrected() {
        let score = |on| qa_f1("“Paris”", "Paris", &Switches::all(on));
        assert_eq!((score(false), score(true)), (0.0, 1.0));
        let score = |on| qa_f1_zh("《红楼梦》", "红楼梦", &Switches::all(on));
        assert!(score(false) < 1.0 && score(true) == 1.0);
        assert_eq!(qa_f1("the a an", "the", &Switches::all(true)), 0.0);
    }
}
