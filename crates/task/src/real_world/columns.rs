//! The columns of the paper's table of real-world scores.

use record::{Column, MeanOf, Metric};

macro_rules! columns {
    ($($name:literal: $task:literal $metric:literal),* $(,)?) => {
        &[$(Column {
            table: "AgentBoard",
            name: $name,
            of: MeanOf::Metrics(&[Metric { task: $task, name: $metric, tag: None, scale: 100.0 }]),
        }),*]
    };
}

/// The columns of the paper's Table 9: progress rate and success of each environment.
pub const COLUMNS: &[Column] = columns![
    "Jericho-P": "jericho" "progress",
    "Jericho-S": "jericho" "success",
    "PDDL-P": "pddl" "progress",
    "PDDL-S": "pddl" "success",
    "ToolQuery-P": "tool_query" "progress",
    "ToolQuery-S": "tool_query" "success",
    "ToolOp-P": "tool_operation" "progress",
    "ToolOp-S": "tool_operation" "success",
    "SciWorld-P": "scienceworld" "progress",
    "SciWorld-S": "scienceworld" "success",
];
