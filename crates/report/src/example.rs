//! Replies side by side: where compression turned a right answer into a wrong one.

use record::Transcript;

use crate::Lost;

/// One sample that the dense model did better than a compressed one.
#[derive(Debug, Clone, PartialEq)]
pub struct Example {
    /// The task's name.
    pub task: String,
    /// The compressed variant.
    pub variant: String,
    /// The sample's id.
    pub sample: String,
    /// The turn shown, from 1: the first in which the two replied differently.
    pub turn: usize,
    /// Turns that the dense model and the compressed one took.
    pub turns: (usize, usize),
    /// The last message that the model was shown before that turn.
    pub question: String,
    /// The dense model's reply.
    pub dense_reply: String,
    /// The compressed model's reply.
    pub compressed_reply: String,
    /// The dense model's score, in [0, 1].
    pub dense_value: f64,
    /// The compressed model's score, in [0, 1].
    pub compressed_value: f64,
    /// Why the dense model got its score.
    pub dense_reason: String,
    /// Why the compressed model got its score.
    pub compressed_reason: String,
}

impl Example {
    /// A sample on which a compressed variant lost, at the first turn in which the replies differ.
    pub fn of(task: &str, variant: &str, lost: &Lost, dense: &Transcript, compressed: &Transcript) -> Self {
        let turns = (dense.steps.len(), compressed.steps.len());
        let most = turns.0.max(turns.1);
        let differ = (0..most).find(|&turn| reply(dense, turn) != reply(compressed, turn));
        let turn = differ.unwrap_or(most.saturating_sub(1));
        let question = dense.steps.get(turn).or(compressed.steps.get(turn)).and_then(|step| step.messages.last());
        Self {
            task: task.to_owned(),
            variant: variant.to_owned(),
            sample: lost.sample.clone(),
            turn: turn + 1,
            turns,
            question: question.map_or_else(String::new, |message| message.content.clone()),
            dense_reply: reply(dense, turn).to_owned(),
            compressed_reply: reply(compressed, turn).to_owned(),
            dense_value: lost.dense.0,
            compressed_value: lost.compressed.0,
            dense_reason: lost.dense.1.clone(),
            compressed_reason: lost.compressed.1.clone(),
        }
    }
}

/// The reply of a turn, from 0; empty where there was no such turn.
fn reply(said: &Transcript, turn: usize) -> &str {
    said.steps.get(turn).map_or("", |step| &step.reply.text)
}
