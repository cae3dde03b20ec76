//! How prompts are made: what the chat template is given, and whether it takes the samples of a run.

use std::collections::BTreeSet;
use std::path::Path;
use std::time::SystemTime;

use generate::{Change, Chat, Checkpoint, Clock, ModelError, Surround};
use record::{Prompting, RunRecord, Turn, run_path};
use serde_json::{Map, Value};
use task::Task;

use crate::drawn::DrawnLines;
use crate::{Error, RunSpec};

/// Variables of a template that are not the user's to give.
const OURS: [&str; 3] = ["messages", "tools", "add_generation_prompt"];

/// What a chat template is given, of `name=value` each: `true`, `false`, `none`, numbers and JSON as such, else a text.
///
/// # Errors
/// Something without `=`, or a name that samples decide about.
pub fn template_args(given: &[String]) -> Result<Map<String, Value>, Error> {
    let one = |text: &String| {
        let bad = |problem: String| Error::Flag { flag: "--template_args", value: text.clone(), problem };
        let (name, value) = text
            .split_once('=')
            .filter(|(name, _)| !name.is_empty())
            .ok_or_else(|| bad("it should be NAME=VALUE, as in enable_thinking=false".to_owned()))?;
        if OURS.contains(&name) {
            return Err(bad(format!("`{name}` comes from the samples")));
        }
        Ok((name.to_owned(), typed(value)))
    };
    given.iter().map(one).collect()
}

fn typed(text: &str) -> Value {
    match text {
        "true" | "True" => Value::Bool(true),
        "false" | "False" => Value::Bool(false),
        "none" | "None" | "null" => Value::Null,
        other => serde_json::from_str(other).unwrap_or_else(|_| Value::from(other)),
    }
}

/// Variables by which chat templates let a model think, or not.
const SWITCHES: [&str; 2] = ["enable_thinking", "thinking"];

/// What the template is given: what the user says, and where it has a switch for thinking, which way.
fn args(spec: &RunSpec, reads: impl Fn(&str) -> bool) -> Map<String, Value> {
    let mut args = spec.template_args.clone();
    if let Some(on) = spec.thinking {
        for name in SWITCHES.into_iter().filter(|name| reads(name)) {
            args.entry(name).or_insert(Value::Bool(on));
        }
    }
    args
}

/// What trying the first prompt of each sample found.
#[derive(Default)]
struct Tried {
    changes: BTreeSet<Change>,
    /// Whether the tokenizer puts its own tokens around some prompt.
    surrounded: bool,
    asked: usize,
    refused: usize,
    notes: Vec<String>,
}

/// How the prompts of a spec are made, tried on all of its samples before anything is done with them.
///
/// # Errors
/// [`Error::NoPrompt`] where the template takes none of the samples.
pub(crate) fn describe(spec: &RunSpec, checkpoint: &Checkpoint, drawn: &[DrawnLines]) -> Result<Prompting, Error> {
    let tokenizer = checkpoint.tokenizer()?;
    let args = args(spec, |name| spec.chat_template && tokenizer.reads(name));
    let generated = spec.tasks.iter().any(|task| !spec.data.contains_key(task.name()));
    let asking = generated.then(|| spec.asking(checkpoint.config().longest())).transpose()?;
    let asked = Prompting {
        template_args: args.clone(),
        num_fewshot: asking.map(|asking| asking.shots),
        max_seq_length: asking.map(|asking| asking.window),
        thinking: spec.thinking,
        agent: spec.agent,
        tools: drawn.iter().any(|drawn| drawn.tools),
        // Mode `paper` keeps the limits of the paper.
        max_thinking_tokens: spec.scoring.is_corrected().then_some(spec.max_thinking_tokens),
        max_reply_tokens: spec.max_reply_tokens,
        notes: spec.max_reply_tokens.map(cut).into_iter().collect(),
        ..Prompting::default()
    };
    if spec.replies.is_some() {
        return Ok(asked);
    }
    let clock = Clock::now();
    let mut tried = Tried::default();
    let mut first = None;
    for (task, drawn) in spec.tasks.iter().zip(drawn) {
        let why = tried.task(*task, drawn, &mut |conversation| {
            let conversation = Chat { args: &args, clock, ..*conversation };
            let prompt = tokenizer.write(&conversation, spec.chat_template)?;
            Ok((prompt.changes, prompt.surround))
        })?;
        first = first.or(why);
    }
    if let Some(why) = first.filter(|_| tried.refused == tried.asked) {
        return Err(Error::NoPrompt { samples: tried.asked, why });
    }
    let surround = if tried.surrounded { tokenizer.surround()? } else { Surround::default() };
    let mut notes = asked.notes.clone();
    notes.extend(tried.changes.iter().map(|change| change.text().to_owned()));
    notes.append(&mut tried.notes);
    let templated = spec.chat_template && tokenizer.has_template();
    let unread = spec.template_args.keys().filter(|name| !templated || !tokenizer.reads(name));
    notes.extend(unread.map(|name| format!("the prompts do not depend on `{name}`: no chat template reads it")));
    if let Some(on) = spec.thinking.filter(|_| !SWITCHES.iter().any(|name| templated && tokenizer.reads(name))) {
        let (flag, does) = if on { ("on", "thinks as it does by itself") } else { ("off", "may think all the same") };
        notes.push(format!("--thinking {flag}: the chat template has no switch for it, so the model {does}"));
    }
    Ok(Prompting {
        clock: (templated && tokenizer.is_dated()).then(|| clock.text()),
        before: surround.before,
        after: surround.after,
        notes,
        ..asked
    })
}

/// What a reader must know of replies that were cut.
fn cut(tokens: usize) -> String {
    format!(
        "replies are cut at {tokens} tokens where their tasks allow more: scores are to be compared within this run, not with \
         others"
    )
}

/// Writes a prompt: what was changed for the template, and whether the tokenizer puts its tokens around it.
type Write<'a> = dyn FnMut(&Chat<'_>) -> Result<(BTreeSet<Change>, bool), ModelError> + 'a;

impl Tried {
    /// Tries the first prompt of each sample of a task. Returns the first refusal.
    fn task(
        &mut self,
        task: &dyn Task,
        drawn: &DrawnLines,
        write: &mut Write<'_>,
    ) -> Result<Option<ModelError>, Error> {
        let (mut refused, mut first) = (0, None);
        let none = Map::new();
        for sample in drawn.samples() {
            let Turn::Ask(ask) = task.open(&sample?, &drawn.assets)?.next(None) else { continue };
            self.asked += 1;
            let conversation = Chat { messages: &ask.messages, tools: &ask.tools, args: &none, clock: Clock::now() };
            match write(&conversation) {
                Ok((changes, surrounded)) => {
                    self.changes.extend(changes);
                    self.surrounded |= surrounded;
                }
                Err(error) => {
                    refused += 1;
                    first = first.or(Some(error));
                }
            }
        }
        self.refused += refused;
        if let Some(error) = &first {
            let (name, all) = (task.name(), drawn.count);
            self.notes.push(format!("{name}: {refused} of {all} samples cannot be asked and will fail: {error}"));
        }
        Ok(first)
    }
}

/// The time that the prompts of a run print: as it was recorded, else when its `run.json` was written.
pub(crate) fn clock(root: &Path, record: &RunRecord) -> Clock {
    let recorded = record.prompting.clock.as_deref().and_then(Clock::read);
    let written = || {
        let modified = std::fs::metadata(run_path::run(root)).and_then(|file| file.modified());
        Clock::at(modified.unwrap_or_else(|_| SystemTime::now()))
    };
    recorded.unwrap_or_else(written)
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn values_are_what_they_look_like() -> Result<(), Error> {
        let given = ["a=true", "b=low", "c=3", "d=none", "e={\"x\": [1]}", "f=", "g=a=b", "h=\"3\""];
        let args = template_args(&given.map(str::to_owned))?;
        let expected =
            json!({"a": true, "b": "low", "c": 3, "d": null, "e": {"x": [1]}, "f": "", "g": "a=b", "h": "3"});
        assert_eq!(Value::Object(args), expected);
        for bad in ["thinking", "=1", "messages=[]", "add_generation_prompt=false"] {
            assert!(template_args(&[bad.to_owned()]).is_err_and(|error| error.to_string().contains(bad)));
        }
        Ok(())
    }
}
