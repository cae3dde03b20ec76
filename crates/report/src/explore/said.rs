//! What was said, as lists: names come from models, and a list has no names that a script could mistake.

use std::hash::{Hash, Hasher};

use record::{Finish, Message, Score, Step, Transcript};
use serde::Serialize;

/// A message: who speaks, what is said, and what stands beside it (`["thought", text]`, `["call", "f {..}"]`).
#[derive(Serialize)]
pub(super) struct Said<'a>(&'static str, &'a str, Vec<(&'static str, String)>);

impl<'a> Said<'a> {
    /// Some messages.
    pub fn of(messages: &'a [Message]) -> Vec<Self> {
        messages.iter().map(|message| Self(message.role.as_str(), &message.content, beside(message))).collect()
    }
}

fn beside(message: &Message) -> Vec<(&'static str, String)> {
    let thought = message.reasoning_content.iter().map(|text| ("thought", text.clone()));
    let call = message.tool_calls.iter().map(|call| ("call", format!("{} {}", call.name, call.arguments)));
    let answers = message.tool_call_id.iter().map(|id| ("answers", id.clone()));
    let name = message.name.iter().map(|name| ("name", name.clone()));
    thought.chain(call).chain(answers).chain(name).collect()
}

/// A hash of messages, for telling whether two variants were asked the same.
pub(super) fn hash(hasher: &mut impl Hasher, messages: &[Message]) -> u64 {
    for message in messages {
        (message.role.as_str(), &message.content, beside(message)).hash(hasher);
    }
    hasher.finish()
}

/// One sample of one variant.
#[derive(Serialize)]
pub(super) struct Row<'a>(
    /// The sample's place.
    usize,
    /// Why it has its score, or why it failed.
    &'a str,
    /// Its other numbers, in words.
    String,
    Vec<Turn<'a>>,
);

/// One turn.
#[derive(Serialize)]
struct Turn<'a>(
    /// How many messages of the conversation before are kept.
    usize,
    /// The messages that follow; `None` where they open the conversation as everybody's do.
    Option<Vec<Said<'a>>>,
    /// The reply.
    &'a str,
    /// What was thought before it.
    Option<&'a str>,
    /// Tokens of the prompt and of the reply.
    (usize, usize),
    /// 1 where the reply ended at the limit of its tokens.
    u8,
);

impl<'a> Row<'a> {
    /// A row; `opens` says that the first turn's messages are written elsewhere.
    pub fn of(item: usize, score: &'a Score, reason: &'a str, said: &'a Transcript, opens: bool) -> Self {
        let turns = said.steps.iter().enumerate();
        Self(item, reason, metrics(score), turns.map(|(at, step)| turn(step, opens && at == 0)).collect())
    }
}

fn turn(step: &Step, shared: bool) -> Turn<'_> {
    let Step { keep, messages, reply } = step;
    Turn(
        *keep,
        (!shared).then(|| Said::of(messages)),
        &reply.text,
        reply.reasoning.as_deref(),
        (reply.prompt_tokens, reply.completion_tokens),
        u8::from(reply.finish == Finish::Length),
    )
}

/// `form 1, read 0.25`
fn metrics(score: &Score) -> String {
    let one = |(name, value): (&String, &f64)| format!("{name} {}", (value * 1000.0).round() / 1000.0);
    score.metrics.iter().map(one).collect::<Vec<_>>().join(", ")
}
