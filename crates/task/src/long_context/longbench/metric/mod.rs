//! LongBench's metrics: one prediction against one answer, in [0, 1].

mod chinese;
mod classification;
mod code;
mod difflib;
mod f1;
mod fraction;
mod lcs;
mod rouge;

pub use chinese::cut;
pub use classification::classification;
pub use code::{Ratio, after_heading, code_line, code_similarity};
pub use difflib::{indel_ratio, ratio};
pub use f1::{own_words, qa_f1, qa_f1_zh};
pub use fraction::{count, paragraph, paragraph_zh, stated};
pub use rouge::{rouge, rouge_zh};

use super::Switches;

/// How a set is judged.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Metric {
    /// F1 of words.
    F1,
    /// F1 of Chinese words.
    F1Zh,
    /// ROUGE-L over sentences.
    Rouge,
    /// ROUGE-L over Chinese words.
    RougeZh,
    /// Names of classes that the reply holds.
    Classification,
    /// Share of the reply's numbers that are the answer.
    Count,
    /// Share of the reply's numbers that are the answer's paragraph.
    Retrieval,
    /// The same for Chinese answers.
    RetrievalZh,
    /// Likeness of the first line of code.
    Code,
}

/// What else a metric needs to know.
#[derive(Debug, Clone, Copy)]
pub struct Rules<'a> {
    /// The names of the classes, for [`Metric::Classification`].
    pub classes: &'a [String],
    /// How lines of code are compared.
    pub ratio: Ratio,
    /// The question, for [`Metric::F1`], and the line that the code goes on after, for [`Metric::Code`]; may be empty.
    pub question: &'a str,
    /// Which deviations are on.
    pub switches: &'a Switches,
}

/// A number in a reply: the one that it states, else the share of its numbers that are right.
fn number(prediction: &str, answer: &str, switches: &Switches) -> f64 {
    match stated(prediction).filter(|_| switches.stated_number) {
        Some(said) => count(&said, answer, switches),
        None => count(prediction, answer, switches),
    }
}

impl Metric {
    /// Its name in scores and reasons.
    pub fn name(self) -> &'static str {
        match self {
            Metric::F1 => "qa_f1",
            Metric::F1Zh => "qa_f1_zh",
            Metric::Rouge => "rouge_l",
            Metric::RougeZh => "rouge_l_zh",
            Metric::Classification => "classification",
            Metric::Count => "count",
            Metric::Retrieval => "retrieval",
            Metric::RetrievalZh => "retrieval_zh",
            Metric::Code => "code_similarity",
        }
    }

    /// What a prediction is worth against one answer.
    pub fn score(self, prediction: &str, answer: &str, rules: &Rules<'_>) -> f64 {
        let switches = rules.switches;
        match self {
            Metric::F1 if switches.question_words => {
                qa_f1(&own_words(prediction, answer, rules.question), answer, switches)
            }
            Metric::F1 => qa_f1(prediction, answer, switches),
            Metric::F1Zh => qa_f1_zh(prediction, answer, switches),
            Metric::Rouge => rouge(prediction, answer, switches),
            Metric::RougeZh => rouge_zh(prediction, answer, switches),
            Metric::Classification => classification(prediction, answer, rules.classes, switches),
            Metric::Count => number(prediction, answer, switches),
            Metric::Retrieval => paragraph(answer).map_or(0.0, |wanted| number(prediction, wanted, switches)),
            Metric::RetrievalZh => paragraph_zh(answer).map_or(0.0, |wanted| number(prediction, wanted, switches)),
            Metric::Code if switches.repeated_heading => {
                code_similarity(after_heading(prediction, rules.question), answer, rules.ratio, switches)
            }
            Metric::Code => code_similarity(prediction, answer, rules.ratio, switches),
        }
    }
}
