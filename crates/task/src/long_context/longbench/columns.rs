//! The columns of the paper's tables of LongBench.

use record::{Column, MeanOf, Metric};

macro_rules! columns {
    ($($name:literal: $set:literal),* $(,)?) => {
        &[$(Column {
            table: "LongBench",
            name: $name,
            of: MeanOf::Metrics(&[Metric {
                task: "longbench",
                name: "score",
                tag: Some(("set", $set)),
                scale: 100.0,
            }]),
        }),*]
    };
}

/// The columns of the paper's tables 3 to 5, each a set's score.
pub const COLUMNS: &[Column] = columns![
    "NrtvQA": "narrativeqa",
    "Qasper": "qasper",
    "MF-en": "multifieldqa_en",
    "HotpotQA": "hotpotqa",
    "2WikiMQA": "2wikimqa",
    "Musique": "musique",
    "Dureader": "dureader",
    "GovReport": "gov_report",
    "QMSum": "qmsum",
    "MultiNews": "multi_news",
    "VCSum": "vcsum",
    "TREC": "trec",
    "TriviaQA": "triviaqa",
    "SAMSum": "samsum",
    "LSHT": "lsht",
    "PRE": "passage_retrieval_en",
    "Pcount": "passage_count",
    "Lcc": "lcc",
    "RB-P": "repobench-p",
];
