//! The sets of LongBench v1 and of its twin.

use super::metric::Metric;

/// A set of samples that are asked and judged alike.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Set {
    /// Its name: `hotpotqa`.
    pub name: &'static str,
    /// `en`, `zh` or `code`.
    pub language: &'static str,
    /// How it is judged.
    pub metric: Metric,
    /// The most tokens of a reply, where `dataset2maxlen.json` does not say.
    pub max_tokens: usize,
    /// Whether the prompt goes through the chat template; if not, the model goes on with it as it is.
    pub chat: bool,
    /// Whether only the first line of a reply counts.
    pub first_line: bool,
    /// Whether LongBench-E has it too, as `<name>_e`.
    pub even: bool,
}

const fn set(name: &'static str, language: &'static str, metric: Metric, max_tokens: usize) -> Set {
    Set { name, language, metric, max_tokens, chat: true, first_line: false, even: false }
}

impl Set {
    const fn even(self) -> Self {
        Self { even: true, ..self }
    }

    /// Examples that the model goes on with: no chat, and what follows the first line is another example.
    const fn few_shot(self) -> Self {
        Self { chat: false, first_line: true, ..self }
    }

    const fn no_chat(self) -> Self {
        Self { chat: false, ..self }
    }

    /// What of a reply is judged.
    pub fn judged<'r>(&self, reply: &'r str) -> &'r str {
        match self.first_line {
            true => reply.trim_start_matches('\n').split('\n').next().unwrap_or_default(),
            false => reply,
        }
    }
}

/// The 21 sets of LongBench v1, in the order of its paper.
pub const SETS: &[Set] = &[
    set("narrativeqa", "en", Metric::F1, 128),
    set("qasper", "en", Metric::F1, 128).even(),
    set("multifieldqa_en", "en", Metric::F1, 64).even(),
    set("multifieldqa_zh", "zh", Metric::F1Zh, 64),
    set("hotpotqa", "en", Metric::F1, 32).even(),
    set("2wikimqa", "en", Metric::F1, 32).even(),
    set("musique", "en", Metric::F1, 32),
    set("dureader", "zh", Metric::RougeZh, 128),
    set("gov_report", "en", Metric::Rouge, 512).even(),
    set("qmsum", "en", Metric::Rouge, 512),
    set("multi_news", "en", Metric::Rouge, 512).even(),
    set("vcsum", "zh", Metric::RougeZh, 512),
    set("trec", "en", Metric::Classification, 64).few_shot().even(),
    set("triviaqa", "en", Metric::F1, 32).few_shot().even(),
    set("samsum", "en", Metric::Rouge, 128).few_shot().even(),
    set("lsht", "zh", Metric::Classification, 64).few_shot(),
    set("passage_count", "en", Metric::Count, 32).even(),
    set("passage_retrieval_en", "en", Metric::Retrieval, 32).even(),
    set("passage_retrieval_zh", "zh", Metric::RetrievalZh, 32),
    set("lcc", "code", Metric::Code, 64).no_chat().even(),
    set("repobench-p", "code", Metric::Code, 64).no_chat().even(),
];

/// The sets of the generated twin, dealt in this order.
pub const TWINS: &[Set] = &[
    set("document_qa", "en", Metric::F1, 48),
    set("multi_document_qa", "en", Metric::F1, 48),
    set("summary", "en", Metric::Rouge, 128),
    set("few_shot", "en", Metric::Classification, 16).few_shot(),
    set("counting", "en", Metric::Count, 48),
    set("retrieval", "en", Metric::Retrieval, 48),
    set("code", "code", Metric::Code, 32).no_chat(),
];

/// The set of a name; `qasper_e` is LongBench-E's part of `qasper`.
pub fn find(name: &str) -> Option<&'static Set> {
    let named = |name: &str| SETS.iter().chain(TWINS).find(|set| set.name == name);
    named(name).or_else(|| name.strip_suffix("_e").and_then(named).filter(|set| set.even))
}

/// LongBench-E's bucket of a length in words (or characters, for Chinese): `0-4k`, `4-8k`, `8k+`.
pub fn bucket(length: u64) -> &'static str {
    match length {
        ..4000 => "0-4k",
        4000..8000 => "4-8k",
        _ => "8k+",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn there_are_21_sets_and_13_even_ones() {
        assert_eq!(SETS.len(), 21);
        assert_eq!(SETS.iter().filter(|set| set.even).count(), 13);
        assert!(SETS.iter().chain(TWINS).all(|set| find(set.name) == Some(set)));
        assert_eq!(find("lcc_e").map(|set| set.name), Some("lcc"));
        assert_eq!((find("lsht_e"), find("lcc_e_e"), find("")), (None, None, None));
        assert_eq!([0, 3999, 4000, 7999, 8000].map(bucket), ["0-4k", "0-4k", "4-8k", "4-8k", "8k+"]);
    }
}
