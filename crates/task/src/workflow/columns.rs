//! The columns of the paper's table of workflow scores.

use record::{Column, MeanOf, Metric};

/// The table's name.
const TABLE: &str = "WorfBench";

macro_rules! column {
    ($name:literal, $set:literal, $metric:literal) => {
        Column {
            table: TABLE,
            name: $name,
            of: MeanOf::Metrics(&[Metric { task: "worfbench", name: $metric, tag: Some(("set", $set)), scale: 100.0 }]),
        }
    };
}

const fn average(name: &'static str, of: &'static [&'static str]) -> Column {
    Column { table: TABLE, name, of: MeanOf::Columns(of) }
}

/// Precision, recall and F1 of the node score by set, in points: the columns of ACBench's Table 10 in its order, with
/// their averages; then the three sets that the table leaves out, which no average counts.
pub const COLUMNS: &[Column] = &[
    column!("Alfworld-P", "alfworld", "node_precision"),
    column!("Alfworld-R", "alfworld", "node_recall"),
    column!("Alfworld-F1", "alfworld", "node_f1"),
    column!("Lumos-P", "lumos", "node_precision"),
    column!("Lumos-R", "lumos", "node_recall"),
    column!("Lumos-F1", "lumos", "node_f1"),
    column!("OS-P", "os", "node_precision"),
    column!("OS-R", "os", "node_recall"),
    column!("OS-F1", "os", "node_f1"),
    column!("ToolAlpaca-P", "toolalpaca", "node_precision"),
    column!("ToolAlpaca-R", "toolalpaca", "node_recall"),
    column!("ToolAlpaca-F1", "toolalpaca", "node_f1"),
    column!("ToolBench-P", "toolbench", "node_precision"),
    column!("ToolBench-R", "toolbench", "node_recall"),
    column!("ToolBench-F1", "toolbench", "node_f1"),
    column!("Webshop-P", "webshop", "node_precision"),
    column!("Webshop-R", "webshop", "node_recall"),
    column!("Webshop-F1", "webshop", "node_f1"),
    average("Average-P", &["Alfworld-P", "Lumos-P", "OS-P", "ToolAlpaca-P", "ToolBench-P", "Webshop-P"]),
    average("Average-R", &["Alfworld-R", "Lumos-R", "OS-R", "ToolAlpaca-R", "ToolBench-R", "Webshop-R"]),
    average("Average-F1", &["Alfworld-F1", "Lumos-F1", "OS-F1", "ToolAlpaca-F1", "ToolBench-F1", "Webshop-F1"]),
    column!("WikiHow-P", "wikihow", "node_precision"),
    column!("WikiHow-R", "wikihow", "node_recall"),
    column!("WikiHow-F1", "wikihow", "node_f1"),
    column!("SealTools-P", "seal_tools", "node_precision"),
    column!("SealTools-R", "seal_tools", "node_recall"),
    column!("SealTools-F1", "seal_tools", "node_f1"),
    column!("InterCodeSQL-P", "intercodesql", "node_precision"),
    column!("InterCodeSQL-R", "intercodesql", "node_recall"),
    column!("InterCodeSQL-F1", "intercodesql", "node_f1"),
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_average_is_of_columns_that_are_there() {
        for (index, column) in COLUMNS.iter().enumerate() {
            assert!(COLUMNS[..index].iter().all(|other| other.name != column.name));
            if let MeanOf::Columns(names) = column.of {
                let (_, kind) = column.name.split_once('-').unwrap_or_default();
                assert_eq!(names.len(), 6);
                assert!(names.iter().all(|name| name.ends_with(kind) && COLUMNS.iter().any(|c| c.name == *name)));
            }
        }
        assert_eq!(COLUMNS.len(), 30);
    }
}
