//! BFCL's numbers as the leaderboard prints them.

use record::{Column, MeanOf, Metric};

const TABLE: &str = "BFCL v4";

const fn one(task: &'static str, category: &'static str) -> Metric {
    Metric { task, name: "accuracy", tag: Some(("category", category)), scale: 100.0 }
}

const fn column(name: &'static str, of: MeanOf) -> Column {
    Column { table: TABLE, name, of }
}

const SIMPLE: &str = "bfcl_simple";
const LIVE: &str = "bfcl_live";
const TURNS: &str = "bfcl_multi_turn";

/// The leaderboard's parts that can be run offline. Its overall number is a weighted mean of five parts, of which web
/// search and the memory of vectors are not run here: at most 73.3 of 100 points are within reach.
pub const COLUMNS: &[Column] = &[
    column(
        "Simple",
        MeanOf::Metrics(&[one(SIMPLE, "simple_python"), one(SIMPLE, "simple_java"), one(SIMPLE, "simple_javascript")]),
    ),
    column("Multiple", MeanOf::Metrics(&[one("bfcl_multiple", "multiple")])),
    column("Parallel", MeanOf::Metrics(&[one("bfcl_parallel", "parallel")])),
    column("Parallel multiple", MeanOf::Metrics(&[one("bfcl_parallel_multiple", "parallel_multiple")])),
    column("Non-live", MeanOf::Columns(&["Simple", "Multiple", "Parallel", "Parallel multiple"])),
    column("Irrelevance", MeanOf::Metrics(&[one("bfcl_irrelevance", "irrelevance"), one(LIVE, "live_irrelevance")])),
    column("Live simple", MeanOf::Metrics(&[one(LIVE, "live_simple")])),
    column("Live multiple", MeanOf::Metrics(&[one(LIVE, "live_multiple")])),
    column("Relevance (16)", MeanOf::Metrics(&[one(LIVE, "live_relevance")])),
    column(
        "Multi-turn",
        MeanOf::Metrics(&[
            one(TURNS, "multi_turn_base"),
            one(TURNS, "multi_turn_miss_func"),
            one(TURNS, "multi_turn_miss_param"),
            one(TURNS, "multi_turn_long_context"),
        ]),
    ),
    column("Memory", MeanOf::Metrics(&[one("bfcl_memory", "memory_kv"), one("bfcl_memory", "memory_rec_sum")])),
];
