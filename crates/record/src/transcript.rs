//! What was said: one file a task, `transcripts/<task>.jsonl`, one line per finished reply.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::{Message, Outcome, Role, Spoken};

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
    /// Tokens of the rendered prompt.
    pub prompt_tokens: usize,
    /// Tokens generated, the stop token included.
    pub completion_tokens: usize,
    /// Why it ended.
    pub finish: Finish,
}

fn is_zero(count: &usize) -> bool {
    *count == 0
}

impl Reply {
    /// A reply without thoughts.
    pub fn said(text: impl Into<String>, prompt_tokens: usize, completion_tokens: usize, finish: Finish) -> Self {
        let (reasoning, reasoning_tokens, endless) = (None, 0, false);
        Self { text: text.into(), reasoning, reasoning_tokens, endless, prompt_tokens, completion_tokens, finish }
    }

    /// The reply with its thoughts taken off its text; `count` gives the tokens of a text.
    pub fn apart(self, count: impl Fn(&str) -> usize) -> Self {
        let Spoken { reasoning, content, endless } = Spoken::of(&self.text);
        let reasoning_tokens = reasoning.as_deref().map_or(0, count).min(self.completion_tokens);
        Self { text: content, reasoning, reasoning_tokens, endless, ..self }
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

/// One turn of a sample: what the model was shown and what it replied.
#[derive(Debug, Clone, PartialEq)]
pub struct Step {
    /// The whole conversation that the model was shown.
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

    /// Collects the lines of a transcript file by sample id.
    ///
    /// A line that repeats a turn, or that follows a gap, is ignored: the first finished reply stands.
    pub fn collect(lines: impl IntoIterator<Item = TranscriptLine>) -> BTreeMap<String, Transcript> {
        let mut all: BTreeMap<String, Transcript> = BTreeMap::new();
        for line in lines {
            match line {
                TranscriptLine::Reply { sample, turn, keep, messages, reply } => {
                    let transcript = all.entry(sample).or_default();
                    if transcript.outcome.is_none() && transcript.steps.len() == turn {
                        let mut conversation = transcript.conversation();
                        conversation.truncate(keep);
                        conversation.extend(messages);
                        transcript.steps.push(Step { messages: conversation, reply });
                    }
                }
                TranscriptLine::End { sample, outcome, record } => {
                    let transcript = all.entry(sample).or_default();
                    if transcript.outcome.is_none() {
                        transcript.outcome = Some(outcome);
                        transcript.record = record;
                    }
                }
            }
        }
        all
    }

    /// The line that records `reply` to `messages` as the next turn of this transcript, stored as a difference.
    pub fn next_line(&self, sample: &str, messages: &[Message], reply: Reply) -> TranscriptLine {
        let before = self.conversation();
        let keep = before.iter().zip(messages).take_while(|(a, b)| a == b).count();
        TranscriptLine::Reply {
            sample: sample.to_owned(),
            turn: self.steps.len(),
            keep,
            messages: messages[keep..].to_vec(),
            reply,
        }
    }

    /// Gives replies that messages repeat the thoughts that they had, for templates that show them.
    pub fn remember(steps: &[Step], messages: &mut [Message]) {
        for step in steps.iter().filter(|step| step.reply.reasoning.is_some()) {
            let same = |message: &&mut Message| message.role == Role::Assistant && message.content == step.reply.text;
            if let Some(message) = messages.get_mut(step.messages.len()).filter(same) {
                message.reasoning_content.clone_from(&step.reply.reasoning);
            }
        }
    }

    /// The last turn's prompt followed by its reply.
    fn conversation(&self) -> Vec<Message> {
        self.steps.last().map_or_else(Vec::new, |step| {
            let mut all = step.messages.clone();
            all.push(step.reply.message());
            all
        })
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
        let mut transcript = Transcript::default();
        let first = vec![Message::system("s"), Message::user("u0")];
        let line = transcript.next_line("x", &first, reply("a0"));
        transcript.steps.push(Step { messages: first.clone(), reply: reply("a0") });
        let mut second = first.clone();
        second.extend([Message::assistant("a0"), Message::user("u1")]);
        let next = transcript.next_line("x", &second, reply("a1"));
        assert!(matches!(&next, TranscriptLine::Reply { keep: 3, messages, .. } if messages.len() == 1));
        let all = Transcript::collect([line, next]);
        assert_eq!(all["x"].steps[1].messages, second);
        assert_eq!(all["x"].last_reply(), "a1");
    }

    #[test]
    fn a_repeated_or_late_turn_is_ignored() {
        let transcript = Transcript::default();
        let line = transcript.next_line("x", &[Message::user("u")], reply("first"));
        let mut again = line.clone();
        if let TranscriptLine::Reply { reply, .. } = &mut again {
            reply.text = "second".into();
        }
        let mut gap = line.clone();
        if let TranscriptLine::Reply { turn, .. } = &mut gap {
            *turn = 5;
        }
        let all = Transcript::collect([line, again, gap]);
        assert_eq!(all["x"].steps.len(), 1);
        assert_eq!(all["x"].last_reply(), "first");
    }
}
