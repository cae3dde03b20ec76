//! Replies side by side: where compression turned a right answer into a wrong one.

use std::collections::BTreeMap;

use record::{Outcome, Score, Transcript};

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
        let none = Transcript::default();
        lost(dense.scores, compressed.scores, most)
            .into_iter()
            .map(|(score, other)| {
                let said = dense.transcripts.get(&score.sample).unwrap_or(&none);
                let instead = compressed.transcripts.get(&score.sample).unwrap_or(&none);
                Example::of(task, variant, (score, said), (other, instead))
            })
            .collect()
    }

    /// One sample at the first turn in which the replies differ.
    fn of(task: &str, variant: &str, dense: (&Score, &Transcript), compressed: (&Score, &Transcript)) -> Example {
        let reply = |transcript: &Transcript, turn: usize| {
            transcript.steps.get(turn).map_or_else(String::new, |step| step.reply.text.clone())
        };
        let turns = (dense.1.steps.len(), compressed.1.steps.len());
        let most = turns.0.max(turns.1);
        let turn =
            (0..most).find(|&turn| reply(dense.1, turn) != reply(compressed.1, turn)).unwrap_or(most.saturating_sub(1));
        let question = dense.1.steps.get(turn).or(compressed.1.steps.get(turn)).and_then(|step| step.messages.last());
        Example {
            task: task.to_owned(),
            variant: variant.to_owned(),
            sample: dense.0.sample.clone(),
            turn: turn + 1,
            turns,
            question: question.map_or_else(String::new, |message| message.content.clone()),
            dense_reply: reply(dense.1, turn),
            compressed_reply: reply(compressed.1, turn),
            dense_value: dense.0.value,
            compressed_value: compressed.0.value,
            dense_reason: dense.0.reason.clone(),
            compressed_reason: compressed.0.reason.clone(),
        }
    }
}
