//! What was said: one file a task, `transcripts/<task>.jsonl`, one line per finished reply.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::{Message, Outcome, Role, ServedCalls, Spoken};

/// Why a reply ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Finish {
    /// A stop token or a stop text.
    Stop,
    /// The token limit.
    Length,
}

/// One reply of a model.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Reply {
    /// What was said, without the stop text and without thoughts.
    pub text: String,
    /// What was thought before or beside it; never judged.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reasoning: Option<String>,
    /// Tokens of the thoughts, of those generated.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub reasoning_tokens: usize,
    /// Whether it is a thought that did not end, and nothing beside it.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub endless: bool,
    /// Tokens of the rendered prompt; 0 where a server counted none.
    pub prompt_tokens: usize,
    /// Tokens generated, the stop token included.
    pub completion_tokens: usize,
    /// Why it ended.
    pub finish: Finish,
    /// What a server made of its calls, where it tells what the model wrote.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub served_calls: Option<ServedCalls>,
}

fn is_zero(count: &usize) -> bool {
    *count == 0
}

impl Reply {
    /// A reply without thoughts.
    pub fn said(text: impl Into<String>, prompt_tokens: usize, completion_tokens: usize, finish: Finish) -> Self {
        let (text, reasoning, reasoning_tokens, endless, served_calls) = (text.into(), None, 0, false, None);
        Self { text, reasoning, reasoning_tokens, endless, prompt_tokens, completion_tokens, finish, served_calls }
    }

    /// The reply with its thoughts taken off its text; `count` gives the tokens of a text.
    pub fn apart(self, count: impl Fn(&str) -> usize) -> Self {
        let Spoken { reasoning, content, endless } = Spoken::of(&self.text);
        let reasoning_tokens = reasoning.as_deref().map_or(0, count).min(self.completion_tokens);
        Self { text: content, reasoning, reasoning_tokens, endless, ..self }
    }

    /// Tokens generated; `None` where a server did not count them, as a prompt always has some.
    pub fn counted(&self) -> Option<usize> {
        (self.prompt_tokens > 0).then_some(self.completion_tokens)
    }

    /// The message that later turns show of it.
    pub fn message(&self) -> Message {
        Message { reasoning_content: self.reasoning.clone(), ..Message::assistant(self.text.clone()) }
    }
}

/// One line of a transcript file. A crash can tear only the last line of a file, which readers drop.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "line", rename_all = "lowercase")]
pub enum TranscriptLine {
    /// A reply arrived.
    Reply {
        /// The sample's id.
        sample: String,
        /// 0 for the first reply of the sample.
        turn: usize,
        /// How many messages of the previous turn's conversation (its prompt and its reply) this turn keeps.
        keep: usize,
        /// The messages that follow the kept ones: together they are the prompt.
        messages: Vec<Message>,
        /// The reply.
        reply: Reply,
    },
    /// The sample is over.
    End {
        /// The sample's id.
        sample: String,
        /// Finished, or failed and why.
        outcome: Outcome,
        /// What the episode says of itself at its end; `null` for single-turn tasks.
        #[serde(default, skip_serializing_if = "Value::is_null")]
        record: Value,
    },
}

/// One turn of a sample: what the model was shown that it had not seen, and what it replied.
#[derive(Debug, Clone, PartialEq)]
pub struct Step {
    /// How many messages of the conversation before (the previous turn's prompt and its reply) this turn keeps.
    pub keep: usize,
    /// The messages that follow the kept ones.
    pub messages: Vec<Message>,
    /// What it replied.
    pub reply: Reply,
}

/// All that was said for one sample.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Transcript {
    /// The turns, in order.
    pub steps: Vec<Step>,
    /// How it ended; `None` while it has not.
    pub outcome: Option<Outcome>,
    /// What the episode said of itself at its end.
    pub record: Value,
}

impl Transcript {
    /// The last reply's text; empty where there is none.
    pub fn last_reply(&self) -> &str {
        self.steps.last().map_or("", |step| step.reply.text.as_str())
    }

    /// Whether the sample is over: finished, or failed in a way that asking again would not change.
    pub fn is_over(&self) -> bool {
        self.outcome.as_ref().is_some_and(|outcome| !outcome.again())
    }

    /// Collects the lines of a transcript file by sample id.
    ///
    /// A line that repeats a turn, or that follows a gap, is ignored: the first finished reply stands.
    pub fn collect(lines: impl IntoIterator<Item = TranscriptLine>) -> BTreeMap<String, Transcript> {
        let mut all: BTreeMap<String, Transcript> = BTreeMap::new();
        for line in lines {
            all.entry(line.sample().to_owned()).or_default().add(line);
        }
        all
    }

    /// Adds the next line of the sample.
    pub fn add(&mut self, line: TranscriptLine) {
        if self.is_over() {
            return;
        }
        match line {
            TranscriptLine::Reply { turn, keep, messages, reply, .. } if self.steps.len() == turn => {
                // What failed before was asked again.
                self.outcome = None;
                self.steps.push(Step { keep, messages, reply });
            }
            TranscriptLine::Reply { .. } => {}
            TranscriptLine::End { outcome, record, .. } => {
                self.outcome = Some(outcome);
                self.record = record;
            }
        }
    }

    /// Gives replies that messages repeat the thoughts that they had, for templates that show them.
    pub fn remember(steps: &[Step], messages: &mut [Message]) {
        for step in steps.iter().filter(|step| step.reply.reasoning.is_some()) {
            let same = |message: &&mut Message| message.role == Role::Assistant && message.content == step.reply.text;
            if let Some(message) = messages.get_mut(step.keep + step.messages.len()).filter(same) {
                message.reasoning_content.clone_from(&step.reply.reasoning);
            }
        }
    }
}

impl Step {
    /// The turn that shows `prompt`, where `before` was said until then: the previous turn's prompt and its reply.
    pub fn after(before: &[Message], prompt: &[Message], reply: Reply) -> Self {
        let keep = before.iter().zip(prompt).take_while(|(a, b)| a == b).count();
        Self { keep, messages: prompt[keep..].to_vec(), reply }
    }

    /// Makes of what was said before this turn what the model was shown in it.
    pub fn show(&self, conversation: &mut Vec<Message>) {
        conversation.truncate(self.keep);
        conversation.extend_from_slice(&self.messages);
    }
}

impl TranscriptLine {
    /// Which sample it is about.
    pub fn sample(&self) -> &str {
        match self {
            Self::Reply { sample, .. } | Self::End { sample, .. } => sample,
        }
    }

    /// The line of a turn.
    pub fn reply(sample: &str, turn: usize, step: &Step) -> Self {
        let Step { keep, messages, reply } = step.clone();
        Self::Reply { sample: sample.to_owned(), turn, keep, messages, reply }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Message;

    fn reply(text: &str) -> Reply {
        Reply::said(text, 3, 1, Finish::Stop)
    }

    #[test]
    fn a_conversation_stored_as_differences_comes_back_whole() {
        let first = vec![Message::system("s"), Message::user("u0")];
        let before = [&first[..], &[Message::assistant("a0")]].concat();
        let second = [&before[..], &[Message::user("u1")]].concat();
        let steps = [Step::after(&[], &first, reply("a0")), Step::after(&before, &second, reply("a1"))];
        assert!(steps[1].keep == 3 && steps[1].messages.len() == 1);
        let lines = steps.iter().enumerate().map(|(turn, step)| TranscriptLine::reply("x", turn, step));
        let all = Transcript::collect(lines);
        let mut shown = Vec::new();
        all["x"].steps[0].show(&mut shown);
        assert_eq!(shown, first);
        shown.push(all["x"].steps[0].reply.message());
        all["x"].steps[1].show(&mut shown);
        assert_eq!(shown, second);
        assert_eq!(all["x"].last_reply(), "a1");
    }

    #[test]
    fn a_repeated_or_late_turn_is_ignored() {
        let line = |turn, text| TranscriptLine::reply("x", turn, &Step::after(&[], &[Message::user("u")], reply(text)));
        let all = Transcript::collect([line(0, "first"), line(0, "second"), line(5, "late")]);
        assert_eq!(all["x"].steps.len(), 1);
        assert_eq!(all["x"].last_reply(), "first");
    }

    #[test]
    fn what_failed_for_now_goes_on_and_what_failed_for_good_does_not() {
        let end = |again| TranscriptLine::End {
            sample: "x".into(),
            outcome: Outcome::Failed { reason: "late".into(), again },
            record: Value::Null,
        };
        let line = || TranscriptLine::reply("x", 0, &Step::after(&[], &[], reply("a")));
        assert!(!Transcript::collect([end(true)])["x"].is_over());
        let all = Transcript::collect([end(true), line()]);
        assert!(all["x"].outcome.is_none() && all["x"].steps.len() == 1);
        let all = Transcript::collect([end(false), line()]);
        assert!(all["x"].is_over() && all["x"].steps.is_empty());
    }
}
