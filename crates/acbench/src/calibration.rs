//! The text that compression methods look at.

use std::path::Path;

use compress::{CalibrationSource, CalibrationText};
use generate::Checkpoint;
use serde_json::Value;
use task::{Source, Split, TASKS};

use crate::Error;
use crate::tokens::ModelTokens;

/// Rounds of samples, one from each task, after which a text that is still too short is given as it is.
const MOST_ROUNDS: usize = 4096;

/// A calibration text from a file: plain text, or JSON lines with a field `text`.
///
/// # Errors
/// A file that cannot be read, is not text, or has a line without that field.
pub fn calibration_file(path: &Path, seed: u64) -> Result<CalibrationSource, Error> {
    let bad = |problem: String| Error::Calibration { path: path.to_owned(), problem };
    let bytes = std::fs::read(path).map_err(|error| bad(error.to_string()))?;
    let text = String::from_utf8(bytes).map_err(|_| bad("it is not UTF-8 text".to_owned()))?;
    let lines = path.extension().is_some_and(|extension| extension == "jsonl");
    let text = if lines { texts(&text).map_err(bad)? } else { text };
    Ok(CalibrationSource { origin: path.display().to_string(), text: CalibrationText::Text(text), seed })
}

/// The fields `text` of JSON lines, an empty line between them.
fn texts(lines: &str) -> Result<String, String> {
    let mut all = Vec::new();
    for (index, line) in lines.lines().enumerate().filter(|(_, line)| !line.trim().is_empty()) {
        let value: Value = serde_json::from_str(line).map_err(|error| format!("line {}: {error}", index + 1))?;
        let text = value.get("text").and_then(Value::as_str);
        all.push(text.ok_or_else(|| format!("line {} has no field `text`", index + 1))?.to_owned());
    }
    Ok(all.join("\n\n"))
}

/// Training prompts of the generated twins, one task after the other, at least `tokens` tokens of them: what an agent's
/// model sees, and never what it is evaluated on.
///
/// # Errors
/// A chat template that fails.
pub fn twins(checkpoint: &Checkpoint, seed: u64, tokens: usize) -> Result<CalibrationSource, Error> {
    let tokenizer = checkpoint.tokenizer()?;
    let source = Source::Generated { seed, split: Split::Train };
    let mut rounds = 16;
    loop {
        let mut each = Vec::new();
        for task in TASKS {
            each.push(task.samples(&source, &ModelTokens(tokenizer), Some(rounds))?);
        }
        let mut all = Vec::new();
        for round in 0..rounds {
            for sample in each.iter().filter_map(|samples| samples.get(round)) {
                // A prompt that the tokenizer cannot spell is no calibration text.
                all.extend(tokenizer.prompt(&sample.messages, true).ok().filter(|prompt| !prompt.is_empty()));
            }
        }
        let length: usize = all.iter().map(Vec::len).sum();
        if length >= tokens || rounds >= MOST_ROUNDS {
            return Ok(CalibrationSource { origin: "twins".to_owned(), text: CalibrationText::Tokens(all), seed });
        }
        rounds = (rounds * tokens / length.max(1) * 11 / 10 + 1).clamp(rounds * 2, MOST_ROUNDS);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_are_taken_from_json_lines_and_a_bad_line_is_named() {
        assert_eq!(texts("{\"text\": \"a\"}\n\n{\"text\": \"b\", \"id\": 1}\n"), Ok("a\n\nb".to_owned()));
        assert_eq!(texts("{\"text\": \"a\"}\n{\"body\": \"b\"}"), Err("line 2 has no field `text`".to_owned()));
        assert!(texts("{\"text\": \"a\"}\nnoise").is_err_and(|problem| problem.starts_with("line 2")));
    }
}
