//! Replies side by side: where compression turned a right answer into a wrong one.

use std::collections::BTreeMap;

use record::{Outcome, Score, Step, Transcript};

/// What one variant did on one task.
#[derive(Debug, Clone, Copy)]
pub struct Side<'a> {
    /// Its scores.
    pub scores: &'a [Score],
    /// Its transcripts by sample id.
    pub transcripts: &'a BTreeMap<String, Transcript>,
}

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

/// The `most` samples on which a compressed variant lost most, the worst first, with both scores; failed ones are none.
pub fn lost<'a>(dense: &'a [Score], compressed: &'a [Score], most: usize) -> Vec<(&'a Score, &'a Score)> {
    let theirs: BTreeMap<&str, &Score> = compressed.iter().map(|s| (s.sample.as_str(), s)).collect();
    let mut pairs: Vec<(&Score, &Score)> = dense
        .iter()
        .filter_map(|score| theirs.get(score.sample.as_str()).map(|other| (score, *other)))
        .filter(|(a, b)| a.outcome == Outcome::Finished && b.outcome == Outcome::Finished && b.value < a.value)
        .collect();
    // Stable: equal losses stay in the task's order.
    pairs.sort_by(|(a, b), (c, d)| (b.value - a.value).total_cmp(&(d.value - c.value)));
    pairs.truncate(most);
    pairs
}

impl Example {
    /// The `most` samples on which `compressed` lost most against `dense`: those of [`lost`].
    pub fn worst(task: &str, variant: &str, dense: Side, compressed: Side, most: usize) -> Vec<Example> {
        let lost = lost(dense.scores, compressed.scores, most).into_iter();
        let example = |(score, other)| Example::of(task, variant, dense.answer(score), compressed.answer(other));
        lost.map(example).collect()
    }

    /// One sample at the first turn in which the replies differ.
    fn of(task: &str, variant: &str, dense: Answer, compressed: Answer) -> Example {
        let turns = (dense.steps.len(), compressed.steps.len());
        let most = turns.0.max(turns.1);
        let differ = (0..most).find(|&turn| dense.reply(turn) != compressed.reply(turn));
        let turn = differ.unwrap_or(most.saturating_sub(1));
        let question = dense.steps.get(turn).or(compressed.steps.get(turn)).and_then(|step| step.messages.last());
        Example {
            task: task.to_owned(),
            variant: variant.to_owned(),
            sample: dense.score.sample.clone(),
            turn: turn + 1,
            turns,
            question: question.map_or_else(String::new, |message| message.content.clone()),
            dense_reply: dense.reply(turn).to_owned(),
            compressed_reply: compressed.reply(turn).to_owned(),
            dense_value: dense.score.value,
            compressed_value: compressed.score.value,
            dense_reason: dense.score.reason.clone(),
            compressed_reason: compressed.score.reason.clone(),
        }
    }
}

/// One variant's turns on one sample, and what they are worth.
#[derive(Clone, Copy)]
struct Answer<'a> {
    score: &'a Score,
    steps: &'a [Step],
}

impl<'a> Side<'a> {
    /// What was said to earn a score; nothing where there is no transcript.
    fn answer(&self, score: &'a Score) -> Answer<'a> {
        let transcript = self.transcripts.get(&score.sample);
        Answer { score, steps: transcript.map_or(&[], |transcript| &transcript.steps) }
    }
}

impl Answer<'_> {
    /// The reply of a turn, from 0; empty where there was no such turn.
    fn reply(&self, turn: usize) -> &str {
        self.steps.get(turn).map_or("", |step| &step.reply.text)
    }
}
