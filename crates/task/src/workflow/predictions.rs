//! Predictions that the benchmark's own scripts have written.

use std::path::Path;

use serde_json::Value;

use crate::TaskError;
use crate::text::read_text;

/// The replies in a file of predictions, in its order: `.json`, an array of `{"query", "workflow"}`, or `.jsonl`, lines
/// with `answer.choices[0].message.content`. A reply that failed there (no text) is empty.
///
/// # Errors
/// A file that cannot be read, or the entry that is no prediction.
pub fn predictions(path: &Path) -> Result<Vec<String>, TaskError> {
    let text = read_text(path)?;
    let bad = |place: String, problem: String| TaskError::Format { path: path.to_owned(), place, problem };
    if path.extension().is_some_and(|end| end == "jsonl") {
        let lines = text.lines().enumerate().filter(|(_, line)| !line.trim().is_empty());
        return lines
            .map(|(index, line)| {
                let place = || format!("line {}", index + 1);
                let row: Value = serde_json::from_str(line).map_err(|error| bad(place(), error.to_string()))?;
                let answer = row.get("answer").ok_or_else(|| bad(place(), "it has no \"answer\"".to_owned()))?;
                Ok(reply(&answer["choices"][0]["message"]["content"]))
            })
            .collect();
    }
    let rows: Vec<Value> =
        serde_json::from_str(&text).map_err(|error| bad(format!("line {}", error.line()), error.to_string()))?;
    rows.iter()
        .enumerate()
        .map(|(index, row)| {
            let missing = || bad(format!("entry {}", index + 1), "it has no \"workflow\"".to_owned());
            row.get("workflow").map(reply).ok_or_else(missing)
        })
        .collect()
}

fn reply(value: &Value) -> String {
    value.as_str().unwrap_or_default().to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_forms_are_read_and_failures_are_empty() -> Result<(), Box<dyn std::error::Error>> {
        let folder = tempfile::tempdir()?;
        let array = folder.path().join("pred.json");
        std::fs::write(
            &array,
            r#"[{"query": "q", "workflow": "Node"}, {"query": "q", "workflow": {"error": "HTTP 500"}}]"#,
        )?;
        assert_eq!(predictions(&array)?, ["Node", ""]);
        let lines = folder.path().join("pred.jsonl");
        std::fs::write(
            &lines,
            "{\"answer\": {\"choices\": [{\"message\": {\"content\": \"Node\"}}]}}\n{\"answer\": null}\n",
        )?;
        assert_eq!(predictions(&lines)?, ["Node", ""]);
        std::fs::write(&array, r#"[{"query": "q"}]"#)?;
        let error = predictions(&array).err().map(|error| error.to_string()).unwrap_or_default();
        assert!(error.contains("entry 1"), "{error}");
        std::fs::write(&lines, "{}\n")?;
        assert!(predictions(&lines).is_err());
        Ok(())
    }
}
