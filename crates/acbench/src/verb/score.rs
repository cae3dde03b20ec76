//! `score`: what each reply was worth, and why.

use record::{Outcome, Sample, Score, Scoring, TaskSource, Transcript, run_path};
use task::{Lexical, Task};

use crate::event::{Event, Watch};
use crate::run::Run;
use crate::{Error, names};

/// How many samples were dealt with, and how many of them failed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Counts {
    /// Samples, over all variants and tasks.
    pub samples: usize,
    /// Those that could not be asked.
    pub failed: usize,
}

/// Judges every transcript of a run. Another `scoring` than the run's is written into `run.json`.
///
/// # Errors
/// Samples without a finished transcript, or files that are broken or changed.
pub fn score(run: &mut Run, scoring: Option<Scoring>, watch: &mut Watch<'_>) -> Result<Counts, Error> {
    if let Some(scoring) = scoring.filter(|scoring| *scoring != run.record.scoring) {
        run.record.scoring = scoring;
        run.save()?;
    }
    watch(Event::Begin("scoring".to_owned()));
    let mut scored = Counts::default();
    for variant in &run.record.variants {
        for task in &run.record.tasks {
            let scores = score_task(run, &variant.name, task)?;
            scored.samples += scores.len();
            scored.failed += scores.iter().filter(|score| score.outcome != Outcome::Finished).count();
            record::write_jsonl(&run_path::scores(&run.root, &variant.name, &task.task), &scores)?;
        }
    }
    Ok(scored)
}

/// The scores of one task, in the order of its samples: the order in which replies came leaves no trace.
fn score_task(run: &Run, variant: &str, source: &TaskSource) -> Result<Vec<Score>, Error> {
    let task = names::task(&source.task)?;
    let transcripts = run.transcripts(variant, source)?;
    let none = Transcript::default();
    let samples = run.samples(source)?;
    let one = |sample: &Sample| score_sample(task, sample, transcripts.get(&sample.id).unwrap_or(&none), run);
    samples.iter().map(one).collect()
}

fn score_sample(task: &dyn Task, sample: &Sample, transcript: &Transcript, run: &Run) -> Result<Score, Error> {
    if let Some(outcome @ Outcome::Failed { reason }) = &transcript.outcome {
        return Ok(Score { outcome: outcome.clone(), ..task::scored(sample, 0.0, Vec::new(), reason.as_str()) });
    }
    Ok(task.score(sample, transcript, &Lexical, run.record.scoring)?)
}
