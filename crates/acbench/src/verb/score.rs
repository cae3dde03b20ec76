//! `score`: what each reply was worth, and why.

use record::{Outcome, Sample, Score, Scoring, TaskSource, Transcript, run_path};
use task::Task;

use crate::event::{Event, Watch};
use crate::run::Run;
use crate::similarity::{self, Judges, Similarities};
use crate::{Error, names};

/// How many samples were dealt with, and how many of them failed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Counts {
    /// Samples, over all variants and tasks.
    pub samples: usize,
    /// Those that could not be asked.
    pub failed: usize,
}

/// How replies are to be judged where not as the run says.
#[derive(Debug, Clone, Default)]
pub struct Anew {
    /// Another scoring.
    pub scoring: Option<Scoring>,
    /// Other embedders.
    pub similarities: Similarities,
}

/// Judges every transcript of a run. What is judged anew is written into `run.json`.
///
/// # Errors
/// Samples without a finished transcript, files that are broken or changed, an embedder that cannot be used.
pub fn score(run: &mut Run, anew: &Anew, watch: &mut Watch<'_>) -> Result<Counts, Error> {
    let before = run.record.clone();
    run.record.scoring = anew.scoring.unwrap_or(before.scoring);
    anew.similarities.apply(&mut run.record.embedders)?;
    if run.record.embedders != before.embedders {
        similarity::name_judges(run)?;
    }
    if run.record != before {
        run.save()?;
    }
    similarity::warn(&run.record, watch);
    watch(Event::Begin("scoring".to_owned()));
    let mut judges = Judges::new(run, watch);
    let mut scored = Counts::default();
    for (at, variant) in run.record.variants.iter().enumerate() {
        for task in &run.record.tasks {
            if at == 0 && task.judge.is_some() {
                similarity::warn_of_chinese(&run.record, &run.samples(task)?, watch);
            }
            let scores = score_task(run, &variant.name, task, &mut judges, watch)?;
            scored.samples += scores.len();
            scored.failed += scores.iter().filter(|score| score.outcome != Outcome::Finished).count();
            record::write_jsonl(&run_path::scores(&run.root, &variant.name, &task.task), &scores)?;
        }
    }
    Ok(scored)
}

/// The scores of one task, in the order of its samples: the order in which replies came leaves no trace. They are
/// computed again as long as the judges lacked the embedding of a text.
fn score_task(
    run: &Run,
    variant: &str,
    source: &TaskSource,
    judges: &mut Judges,
    watch: &mut Watch<'_>,
) -> Result<Vec<Score>, Error> {
    let task = names::task(&source.task)?;
    let transcripts = run.transcripts(variant, source)?;
    let none = Transcript::default();
    let samples = run.samples(source)?;
    loop {
        let one = |sample: &Sample| {
            let transcript = transcripts.get(&sample.id).unwrap_or(&none);
            score_sample(task, sample, transcript, (run, judges))
        };
        let scores = samples.iter().map(one).collect::<Result<_, _>>()?;
        if !judges.embed_missing(watch)? {
            return Ok(scores);
        }
    }
}

fn score_sample(
    task: &dyn Task,
    sample: &Sample,
    transcript: &Transcript,
    (run, judges): (&Run, &Judges),
) -> Result<Score, Error> {
    if let Some(outcome @ Outcome::Failed { reason }) = &transcript.outcome {
        return Ok(Score { outcome: outcome.clone(), ..task::scored(sample, 0.0, Vec::new(), reason.as_str()) });
    }
    Ok(task.score(sample, transcript, judges.of(sample), run.record.scoring)?)
}
