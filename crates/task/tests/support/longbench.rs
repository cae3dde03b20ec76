//! Golden cases of LongBench.

use task::long_context::longbench::Metric;

/// A metric by the name of the reference's function.
pub fn metric(name: &str) -> Option<Metric> {
    Some(match name {
        "qa_f1_score" => Metric::F1,
        "qa_f1_zh_score" => Metric::F1Zh,
        "rouge_score" => Metric::Rouge,
        "rouge_zh_score" => Metric::RougeZh,
        "classification_score" => Metric::Classification,
        "count_score" => Metric::Count,
        "retrieval_score" => Metric::Retrieval,
        "retrieval_zh_score" => Metric::RetrievalZh,
        "code_sim_score" => Metric::Code,
        _ => return None,
    })
}
