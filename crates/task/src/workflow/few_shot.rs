//! The examples that come before each question, from the user's own copy of the benchmark.

use std::collections::BTreeMap;
use std::path::Path;

use record::{Message, Role};
use serde::Deserialize;

use crate::TaskError;
use crate::python::{Value, assigned};
use crate::text::{read_json, read_text};

/// Where a checkout of the benchmark has its examples, and under which name.
const PROMPTS: &str = "prompts/eval_prompt.py";
const NAME: &str = "two_shot_example";

/// How many folders above the data are searched.
const PARENTS: usize = 3;

/// What the benchmark's script puts before a question that follows examples (its interface, not in its prompt file).
const TURN: &str = "Now it's your turn.\n";

/// Examples by set, and what leads from them to the question.
#[derive(Deserialize, Default, Debug, PartialEq)]
pub(super) struct FewShot {
    /// Set name to messages.
    examples: BTreeMap<String, Vec<Message>>,
    /// Put before the question where there are examples.
    #[serde(default)]
    turn: String,
}

impl FewShot {
    /// Reads `few_shot.json` in the folder, else `prompts/eval_prompt.py` in it or up to 3 folders above; none
    /// where there is neither.
    pub(super) fn find(folder: &Path) -> Result<Self, TaskError> {
        let own = folder.join("few_shot.json");
        if own.is_file() {
            return read_json(&own);
        }
        let folder = folder.canonicalize().unwrap_or_else(|_| folder.to_owned());
        let places = folder.ancestors().take(1 + PARENTS).map(|place| place.join(PROMPTS));
        places
            .into_iter()
            .find(|path| path.is_file())
            .map_or_else(|| Ok(Self::default()), |path| Self::of_checkout(&path))
    }

    fn of_checkout(path: &Path) -> Result<Self, TaskError> {
        let problem = |place: String, problem: String| TaskError::Format { path: path.to_owned(), place, problem };
        let source = read_text(path)?;
        let value = assigned(&source, NAME).map_err(|error| problem(format!("line {}", error.line), error.problem))?;
        let value = value.ok_or_else(|| problem("the whole file".into(), format!("nothing is assigned to {NAME}")))?;
        let examples = examples(&value).map_err(|(place, what)| problem(format!("{NAME}{place}"), what))?;
        Ok(Self { examples, turn: TURN.to_owned() })
    }

    /// Puts the examples of a set after the system message, and the turn before the question, which is last.
    pub(super) fn show(&self, set: &str, messages: &mut Vec<Message>) {
        let Some(examples) = self.examples.get(set).filter(|examples| !examples.is_empty()) else { return };
        if let Some(question) = messages.last_mut().filter(|last| !last.content.starts_with(&self.turn)) {
            question.content.insert_str(0, &self.turn);
        }
        let at = messages.iter().take_while(|message| message.role == Role::System).count();
        messages.splice(at..at, examples.iter().cloned());
    }
}

/// `{set: [{"role": .., "content": ..}, ..]}`; an error names the place within it.
fn examples(value: &Value) -> Result<BTreeMap<String, Vec<Message>>, (String, String)> {
    let Value::Dict(sets) = value else { return Err((String::new(), "it is no dictionary".to_owned())) };
    let mut all = BTreeMap::new();
    for (set, messages) in sets {
        let place = format!("[{set}]");
        let set = text(set).ok_or_else(|| (place.clone(), "the name of a set should be a text".to_owned()))?;
        let (Value::List(messages) | Value::Tuple(messages)) = messages else {
            return Err((place, "it is no list of messages".to_owned()));
        };
        let read = messages.iter().enumerate().map(|(index, message)| {
            let what = "it is no message {\"role\": \"user\" or \"assistant\", \"content\": text}";
            self::message(message).ok_or_else(|| (format!("{place}[{index}]"), what.to_owned()))
        });
        all.insert(set, read.collect::<Result<_, _>>()?);
    }
    Ok(all)
}

fn message(value: &Value) -> Option<Message> {
    let role = match text(value.get("role")?)?.as_str() {
        "system" => Role::System,
        "user" => Role::User,
        "assistant" => Role::Assistant,
        _ => return None,
    };
    Some(Message::new(role, text(value.get("content")?)?))
}

fn text(value: &Value) -> Option<String> {
    let Value::Text(bytes) = value else { return None };
    String::from_utf8(bytes.clone()).ok()
}
