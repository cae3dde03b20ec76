//! Plays episodes of tools.

use record::{Assets, Finish, Outcome, Reply, Sample, Scoring, Step, Transcript, Turn};
use task::real_world::tools::Tools;
use task::{Lexical, Task, TaskError};

/// Plays a sample; the policy sees the number of the turn and the last message.
pub fn play(
    task: Tools,
    sample: &Sample,
    assets: &Assets,
    mut policy: impl FnMut(usize, &str) -> String,
) -> Result<Transcript, TaskError> {
    let mut episode = task.open(sample, assets)?;
    let mut transcript = Transcript::default();
    let mut turn = episode.next(None);
    loop {
        match turn {
            Turn::Ask(ask) => {
                let shown = ask.messages.last().map(|message| message.content.clone()).unwrap_or_default();
                let reply = Reply::said(policy(transcript.steps.len(), &shown), 1, 1, Finish::Stop);
                turn = episode.next(Some(&reply.text));
                transcript.steps.push(Step { keep: 0, messages: ask.messages, reply });
            }
            Turn::Done(record) => {
                transcript.record = record;
                transcript.outcome = Some(Outcome::Finished);
                return Ok(transcript);
            }
        }
    }
}

/// Its value and whether it was won.
pub fn success(task: Tools, sample: &Sample, transcript: &Transcript) -> Result<(f64, f64), TaskError> {
    let score = task.score(sample, transcript, &Lexical, Scoring::Corrected)?;
    Ok((score.value, score.metrics["success"]))
}
