//! Samples that are played to their end.

use record::{Assets, Finish, Outcome, Reply, Sample, Step, Transcript, Turn};
use task::{Task, TaskError};

/// Plays a sample with a policy from turn number to reply.
pub fn play(
    task: &dyn Task,
    (sample, assets): (&Sample, &Assets),
    mut policy: impl FnMut(usize) -> String,
) -> Result<Transcript, TaskError> {
    let mut episode = task.open(sample, assets)?;
    let mut transcript = Transcript::default();
    let mut last: Option<String> = None;
    loop {
        match episode.next(last.as_deref()) {
            Turn::Ask(ask) => {
                let text = policy(transcript.steps.len());
                let reply = Reply::said(text.clone(), 0, 0, Finish::Stop);
                transcript.steps.push(Step { keep: 0, messages: ask.messages, reply });
                last = Some(text);
            }
            Turn::Done(record) => {
                transcript.record = record;
                transcript.outcome = Some(Outcome::Finished);
                return Ok(transcript);
            }
        }
    }
}
