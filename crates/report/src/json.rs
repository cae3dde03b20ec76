//! The report as one value, for `--json`.

use serde_json::{Map, Value, json};

use crate::Report;
use crate::verdict::{bottom_line, floor, notes, verdicts};

/// What was asked, what was found, and the sentences that say it. Layer lists of the compression are left out.
pub fn json(report: &Report) -> Value {
    let compressions: Map<String, Value> = report
        .weights
        .iter()
        .map(|(variant, record)| {
            let mut value = serde_json::to_value(record).unwrap_or(Value::Null);
            if let Some(fields) = value.as_object_mut() {
                fields.shift_remove("layers");
            }
            (variant.clone(), value)
        })
        .collect();
    let sentences: Map<String, Value> =
        verdicts(report).iter().map(|verdict| (verdict.variant.to_owned(), json!(verdict.sentence()))).collect();
    json!({
        "bottom_line": bottom_line(report),
        "verdicts": sentences,
        "floor": floor(report),
        "notes": notes(report),
        "run": report.run,
        "analysis": report.analysis,
        "compressions": compressions,
    })
}
