//! LongBench v1 (Bai et al. 2023): 21 sets of long texts, each with its own prompt and metric.

mod archive;
mod columns;
mod deviations;
mod metric;
mod official;
mod score;
mod sets;
mod task;
mod template;
pub mod twin;
mod winnable;

pub use columns::COLUMNS;
pub use deviations::{DEVIATIONS, Switches};
pub use metric::{
    Metric, Ratio, Rules, after_heading, classification, code_line, code_similarity, count, cut, indel_ratio,
    own_words, paragraph, paragraph_zh, qa_f1, qa_f1_zh, ratio, rouge, rouge_zh, stated,
};
pub use score::{points, points_to, score};
pub use sets::{SETS, Set, TWINS, bucket, find};
pub use task::LongBench;
