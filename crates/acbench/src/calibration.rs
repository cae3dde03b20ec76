//! The text that compression methods look at.

mod archive;
mod choice;
pub(crate) mod own;

use std::path::Path;

use compress::{CalibrationSource, CalibrationText};
use generate::Checkpoint;
use record::{Capability, Message};
use serde_json::Value;
use task::{Source, Split, TASKS};

use crate::Error;
use crate::tokens::ModelTokens;

pub use choice::{Calibration, CalibrationChoice};

/// Rounds of samples, one from each capability, after which a text that is still too short is given as it is.
const MOST_ROUNDS: usize = 4096;

/// Calibration text from a file: plain text; JSON lines whose field `text` holds text, `messages` a chat, which the
/// checkpoint's template renders, or `input_ids` tokens; a zip archive of such texts ([`archive`]).
///
/// # Errors
/// A file that cannot be read, is not text, or has a line with none of these fields.
pub fn read(checkpoint: &Checkpoint, path: &Path, seed: u64) -> Result<CalibrationSource, Error> {
    let bad = |problem: String| Error::Calibration { path: path.to_owned(), problem };
    let zipped = path.extension().is_some_and(|extension| extension == "zip");
    let bytes = match zipped {
        true => archive::texts(path).map_err(bad)?,
        false => std::fs::read(path).map_err(|error| bad(error.to_string()))?,
    };
    let text = String::from_utf8(bytes).map_err(|_| bad("it is not UTF-8 text".to_owned()))?;
    let lines = path.extension().is_some_and(|extension| extension == "jsonl");
    let text = match lines {
        true => records(checkpoint, &text).map_err(bad)?,
        false => CalibrationText::Text(text),
    };
    Ok(CalibrationSource { origin: path.display().to_string(), text, seed })
}

/// What JSON lines hold: all of them text, an empty line between them, or all of them tokens.
fn records(checkpoint: &Checkpoint, lines: &str) -> Result<CalibrationText, String> {
    let (mut texts, mut tokens) = (Vec::new(), Vec::new());
    for (index, line) in lines.lines().enumerate().filter(|(_, line)| !line.trim().is_empty()) {
        let at = |problem: String| format!("line {}: {problem}", index + 1);
        let value: Value = serde_json::from_str(line).map_err(|error| at(error.to_string()))?;
        match (value.get("text"), value.get("messages"), value.get("input_ids")) {
            (Some(Value::String(text)), _, _) => texts.push(text.clone()),
            (_, Some(messages), _) => tokens.push(chat(checkpoint, messages).map_err(at)?),
            (_, _, Some(ids)) => tokens.push(token_ids(ids).map_err(at)?),
            _ => return Err(at("it has no field `text`, `messages` or `input_ids`".to_owned())),
        }
    }
    match (texts.is_empty(), tokens.is_empty()) {
        (true, _) => Ok(CalibrationText::Tokens(tokens)),
        (_, true) => Ok(CalibrationText::Text(texts.join("\n\n"))),
        _ => Err("some lines have a field `text`, others `messages` or `input_ids`; use one of them throughout".into()),
    }
}

/// A chat as the checkpoint's template renders it.
fn chat(checkpoint: &Checkpoint, messages: &Value) -> Result<Vec<u32>, String> {
    let messages: Vec<Message> =
        serde_json::from_value(messages.clone()).map_err(|error| format!("`messages` is no chat: {error}"))?;
    let prompt = checkpoint.tokenizer().and_then(|tokenizer| tokenizer.prompt(&messages, true));
    prompt.map_err(|error| error.to_string())
}

fn token_ids(ids: &Value) -> Result<Vec<u32>, String> {
    let id = |id: &Value| id.as_u64().and_then(|id| u32::try_from(id).ok());
    let all: Option<Vec<u32>> = ids.as_array().and_then(|ids| ids.iter().map(id).collect());
    all.ok_or_else(|| "`input_ids` is no list of token ids".to_owned())
}

/// Training prompts of the generated twins, one capability after the other and its tasks in turn, at least `tokens` tokens of them: what an agent's
/// model sees, and never what it is evaluated on.
///
/// # Errors
/// A chat template that fails.
pub fn twins(checkpoint: &Checkpoint, seed: u64, tokens: usize) -> Result<CalibrationSource, Error> {
    let tokenizer = checkpoint.tokenizer()?;
    let source = Source::Generated { seed, split: Split::Train };
    let mut rounds: usize = 16;
    loop {
        let mut each = Vec::new();
        for capability in Capability::ALL {
            let tasks: Vec<_> = TASKS.iter().filter(|task| task.capability() == capability).collect();
            let mut samples = Vec::new();
            for task in &tasks {
                let some = Some(rounds.div_ceil(tasks.len()));
                samples.push(task.samples(&source, &ModelTokens(tokenizer), some)?.samples.into_iter());
            }
            each.push(samples);
        }
        let mut all = Vec::new();
        for round in 0..rounds {
            for tasks in &mut each {
                let turn = round % tasks.len().max(1);
                let Some(sample) = tasks.get_mut(turn).and_then(Iterator::next) else { continue };
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
    fn json_lines_hold_text_chats_or_tokens_and_a_bad_line_is_named() -> Result<(), Error> {
        let pico = Checkpoint::bundled()?;
        let read = |lines: &str| records(&pico, lines);
        let text = read("{\"text\": \"a\"}\n\n{\"text\": \"b\", \"id\": 1}\n");
        assert!(matches!(text, Ok(CalibrationText::Text(text)) if text == "a\n\nb"));
        let tokens = read("{\"input_ids\": [1, 2]}\n{\"messages\": [{\"role\": \"user\", \"content\": \"hi\"}]}");
        let Ok(CalibrationText::Tokens(tokens)) = tokens else { panic!("{tokens:?}") };
        assert_eq!(tokens[0], [1, 2]);
        assert_eq!(tokens[1], pico.tokenizer()?.prompt(&[Message::user("hi")], true)?);
        for (lines, says) in [
            ("{\"text\": \"a\"}\n{\"body\": \"b\"}", "line 2: it has no field"),
            ("{\"text\": \"a\"}\nnoise", "line 2"),
            ("{\"text\": \"a\"}\n{\"input_ids\": [1]}", "throughout"),
            ("{\"input_ids\": [-1]}", "line 1: `input_ids`"),
            ("{\"messages\": 3}", "line 1: `messages`"),
        ] {
            assert!(read(lines).is_err_and(|problem| problem.contains(says)), "{lines}");
        }
        Ok(())
    }
}
