//! The text that compression methods look at.

mod archive;
mod choice;
pub(crate) mod own;

use std::path::Path;

use compress::{CalibrationSource, CalibrationText};
use generate::Checkpoint;
use record::Capability;
use serde_json::Value;
use task::{Asking, Calling, Source, Split, TASKS};

use crate::Error;
use crate::conversations::{Entry, entries, entry};
use crate::tokens::ModelTokens;

pub use choice::CalibrationChoice;
pub(crate) use choice::check;

/// Rounds of samples, one from each capability, after which a text that is still too short is given as it is.
const MOST_ROUNDS: usize = 4096;

/// Calibration text from a file: plain text; JSON lines, or one JSON array, of texts, chats, which the checkpoint's template
/// renders, or tokens ([`entry`]); a zip archive of plain texts ([`archive`]).
///
/// # Errors
/// A file that cannot be read, is not text, or has an entry that is none of these.
pub fn read(checkpoint: &Checkpoint, path: &Path, seed: u64) -> Result<CalibrationSource, Error> {
    let bad = |problem: String| Error::Calibration { path: path.to_owned(), problem };
    let ending = path.extension().and_then(|ending| ending.to_str()).unwrap_or_default().to_lowercase();
    let bytes = match ending.as_str() {
        "zip" => archive::texts(path).map_err(bad)?,
        _ => std::fs::read(path).map_err(|error| bad(error.to_string()))?,
    };
    let text = record::text(&bytes).map_err(|why| bad(why.problem))?;
    let (text, left_out) = match ending.as_str() {
        "jsonl" => lines(text).and_then(|all| gather(checkpoint, all)).map_err(bad)?,
        "json" => entries(text).and_then(|all| gather(checkpoint, all)).map_err(bad)?,
        _ => (CalibrationText::Text(text.to_owned()), String::new()),
    };
    Ok(CalibrationSource { origin: format!("{}{left_out}", path.display()), text, seed })
}

/// The entries of JSON lines.
fn lines(text: &str) -> Result<Vec<Entry>, String> {
    let lines = text.lines().enumerate().filter(|(_, line)| !line.trim().is_empty());
    let one = |(index, line): (usize, &str)| {
        let value: Result<Value, _> = serde_json::from_str(line);
        let read = value.map_err(|error| error.to_string()).and_then(|value| entry(&value));
        read.map_err(|problem| format!("line {}: {problem}", index + 1))
    };
    lines.map(one).collect()
}

/// What entries hold: all of them text, an empty line between them, or all of them tokens. Chats that the template
/// refuses are left out, and the second value says how many.
fn gather(checkpoint: &Checkpoint, all: Vec<Entry>) -> Result<(CalibrationText, String), String> {
    let (mut texts, mut tokens, mut refused) = (Vec::new(), Vec::new(), Vec::new());
    let count = all.len();
    for entry in all {
        match entry {
            Entry::Text(text) => texts.push(text),
            Entry::Tokens(ids) => tokens.push(ids),
            Entry::Chat(messages) => {
                let prompt = checkpoint.tokenizer().and_then(|tokenizer| tokenizer.prompt(&messages, true));
                prompt.map_or_else(|error| refused.push(error.to_string()), |prompt| tokens.push(prompt));
            }
        }
    }
    let left_out = match refused.first() {
        Some(why) if texts.is_empty() && tokens.is_empty() => {
            return Err(format!("no conversation can be used: {why}"));
        }
        Some(why) => format!(" ({} of {count} conversations left out: {why})", refused.len()),
        None => String::new(),
    };
    match (texts.is_empty(), tokens.is_empty()) {
        (true, _) => Ok((CalibrationText::Tokens(tokens), left_out)),
        (_, true) => Ok((CalibrationText::Text(texts.join("\n\n")), left_out)),
        _ => Err("some entries are text, others chats or tokens; use one of them throughout".into()),
    }
}

/// Training prompts of the generated twins, one capability after the other and its tasks in turn, at least `tokens` tokens of them: what an agent's
/// model sees, and never what it is evaluated on.
///
/// # Errors
/// A chat template that fails.
pub fn twins(checkpoint: &Checkpoint, seed: u64, tokens: usize) -> Result<CalibrationSource, Error> {
    let tokenizer = checkpoint.tokenizer()?;
    let source = Source::Generated { seed, split: Split::Train, asking: Asking::BARE };
    let mut rounds: usize = 16;
    loop {
        let mut each = Vec::new();
        for capability in Capability::ALL {
            let tasks: Vec<_> =
                TASKS.iter().filter(|task| task.capability() == capability && !task.info().named_only).collect();
            let mut samples = Vec::new();
            for task in &tasks {
                let some = Some(rounds.div_ceil(tasks.len()));
                samples.push(task.samples(&source, &ModelTokens(tokenizer, Calling::Prompting), some)?.samples);
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
        let read = |text: &str| Ok(gather(&pico, lines(text)?)?.0);
        let text: Result<_, String> = read("{\"text\": \"a\"}\n\n{\"text\": \"b\", \"id\": 1}\n");
        assert!(matches!(text, Ok(CalibrationText::Text(text)) if text == "a\n\nb"));
        let tokens = read("{\"input_ids\": [1, 2]}\n{\"messages\": [{\"role\": \"user\", \"content\": \"hi\"}]}");
        let Ok(CalibrationText::Tokens(tokens)) = tokens else { panic!("{tokens:?}") };
        assert_eq!(tokens[0], [1, 2]);
        assert_eq!(tokens[1], pico.tokenizer()?.prompt(&[record::Message::user("hi")], true)?);
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
