//! What variants spend and how their episodes go, from transcripts and scores.

use std::collections::hash_map::DefaultHasher;
use std::hash::{Hash, Hasher};

use analyze::{Trail, Turn, behavior, paced};
use record::{Behavior, DENSE, Effort, Finish, JsonlReader, Outcome, Score, TaskSource, Transcript, run_path};

use crate::Error;
use crate::effort::efforts;
use crate::run::Run;

/// Writes `analysis/behavior.json`.
///
/// # Errors
/// Transcripts or scores that are missing or broken.
pub(crate) fn behaviors(run: &Run) -> Result<Vec<Behavior>, Error> {
    let mut all = Vec::new();
    for task in &run.record.tasks {
        let dense = trails(run, DENSE, task)?;
        for variant in run.record.variants.iter().filter(|variant| variant.name != DENSE) {
            let of = behavior(&variant.name, &task.task, &dense, &trails(run, &variant.name, task)?);
            all.push(paced(of, took(run, DENSE, task).as_ref(), took(run, &variant.name, task).as_ref()));
        }
    }
    record::write_json(&run_path::behavior(&run.root), &all)?;
    Ok(all)
}

/// What replies to a task took, over all processes that worked on it.
fn took(run: &Run, variant: &str, task: &TaskSource) -> Option<Effort> {
    let all = efforts(&run.root, variant);
    Effort::sum(all.iter().filter(|effort| effort.task == task.task))
}

/// One trail a sample, in the order of the scores.
fn trails(run: &Run, variant: &str, task: &TaskSource) -> Result<Vec<Trail>, Error> {
    let mut said = run.transcripts(variant, task)?;
    let scores = JsonlReader::<Score>::open(&run_path::scores(&run.root, variant, &task.task))?;
    scores
        .map(|score| {
            let score = score?;
            Ok(trail(&said.get(&score.sample)?, score))
        })
        .collect()
}

fn trail(transcript: &Transcript, score: Score) -> Trail {
    let replies = || transcript.steps.iter().map(|step| &step.reply);
    let turn = |step: &record::Step| Turn {
        reply: number(step.reply.text.trim()),
        shown: number(step.messages.iter().map(|message| message.content.as_str()).collect::<Vec<_>>()),
    };
    Trail {
        tokens: replies().map(|reply| Some(reply.counted()? as u64)).sum(),
        cut: replies().any(|reply| reply.finish == Finish::Length),
        endless: replies().any(|reply| reply.endless),
        finished: score.outcome == Outcome::Finished,
        solved: score.value >= 1.0,
        turns: transcript.steps.iter().map(turn).collect(),
        invalid: serde_json::from_value(transcript.record["invalid"].clone()).ok(),
        cluster: score.cluster,
    }
}

fn number(text: impl Hash) -> u64 {
    let mut hasher = DefaultHasher::new();
    text.hash(&mut hasher);
    hasher.finish()
}
