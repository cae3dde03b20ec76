//! LongBench's metrics: one prediction against one answer, in [0, 1].

mod chinese;
mod classification;
mod code;
mod difflib;
mod f1;
mod fraction;
mod lcs;
mod rouge;
mod text;

pub use chinese::cut;
pub use classification::classification;
pub use code::{Ratio, code_line, code_similarity};
pub use difflib::{indel_ratio, ratio};
pub use f1::{qa_f1, qa_f1_zh};
pub use fraction::{count, paragraph, paragraph_zh};
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
    /// Which deviations are on.
    pub switches: &'a Switches,
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
            Metric::F1 => qa_f1(prediction, answer, switches),
            Metric::F1Zh => qa_f1_zh(prediction, answer, switches),
            Metric::Rouge => rouge(prediction, answer, switches),
            Metric::RougeZh => rouge_zh(prediction, answer, switches),
            Metric::Classification => classification(prediction, answer, rules.classes, switches),
            Metric::Count => count(prediction, answer, switches),
            Metric::Retrieval => paragraph(answer).map_or(0.0, |number| count(prediction, number, switches)),
            Metric::RetrievalZh => paragraph_zh(answer).map_or(0.0, |number| count(prediction, number, switches)),
            Metric::Code => code_similarity(prediction, answer, rules.ratio, switches),
        }
    }
}
