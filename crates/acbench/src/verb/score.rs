//! `score`: what each reply was worth, and why.

use record::{
    JsonlWriter, Outcome, Sample, Score, Scoring, TaskSource, Transcript, Transcripts, VariantRecord, run_path,
};
use task::Task;

use crate::event::{Event, Watch};
use crate::run::Run;
use crate::similarity::{self, Judges, Similarities};
use crate::{Error, lookup};

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
pub struct ScoreOptions {
    /// Another scoring.
    pub scoring: Option<Scoring>,
    /// Other embedders.
    pub similarities: Similarities,
}

/// Judges every transcript of a run. What is judged anew is written into `run.json`.
///
/// # Errors
/// Samples without a finished transcript, files that are broken or changed, an embedder that cannot be used.
pub fn score(run: &mut Run, anew: &ScoreOptions, watch: &mut Watch<'_>) -> Result<Counts, Error> {
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
    let mut counts = Counts::default();
    for task in &run.record.tasks {
        score_task(run, task, &mut judges, &mut counts, watch)?;
    }
    Ok(counts)
}

/// One variant of a task: what was said, and the file of what it is worth.
struct Side {
    said: Transcripts,
    scores: JsonlWriter,
}

/// Writes the scores of one task, in the order of its samples: the order in which replies came leaves no trace. They are
/// computed again as long as the judges lacked the embedding of a text.
fn score_task(
    run: &Run,
    source: &TaskSource,
    judges: &mut Judges,
    counts: &mut Counts,
    watch: &mut Watch<'_>,
) -> Result<(), Error> {
    let task = lookup::task(&source.task)?;
    loop {
        let mut sides =
            run.record.variants.iter().map(|variant| side(run, variant, source)).collect::<Result<Vec<_>, _>>()?;
        let (mut scored, mut chinese) = (Counts::default(), false);
        for sample in run.samples(source)? {
            let sample = sample?;
            chinese |= similarity::is_chinese(&sample);
            for (Side { said, scores }, variant) in sides.iter_mut().zip(&run.record.variants) {
                let transcript = said.get(&sample.id)?;
                if transcript.outcome.is_none() {
                    let (variant, task) = (variant.name.clone(), source.task.clone());
                    return Err(Error::OtherSamples { variant, task, sample: sample.id });
                }
                let score = score_sample(task, &sample, &transcript, run, judges)?;
                scored.add(&score);
                scores.push(&score)?;
            }
        }
        if !judges.embed_missing(watch)? {
            if chinese && source.judge.is_some() {
                similarity::warn_of_chinese(&run.record, watch);
            }
            counts.samples += scored.samples;
            counts.failed += scored.failed;
            return Ok(sides.into_iter().try_for_each(|side| side.scores.finish())?);
        }
    }
}

fn side(run: &Run, variant: &VariantRecord, source: &TaskSource) -> Result<Side, Error> {
    let said = run.ended(&variant.name, source)?;
    let scores = JsonlWriter::create(&run_path::scores(&run.root, &variant.name, &source.task))?;
    Ok(Side { said, scores })
}

impl Counts {
    fn add(&mut self, score: &Score) {
        self.samples += 1;
        self.failed += usize::from(score.outcome != Outcome::Finished);
    }
}

fn score_sample(
    task: &dyn Task,
    sample: &Sample,
    transcript: &Transcript,
    run: &Run,
    judges: &Judges,
) -> Result<Score, Error> {
    if let Some(outcome @ Outcome::Failed { reason, .. }) = &transcript.outcome {
        return Ok(Score { outcome: outcome.clone(), ..task::scored(sample, 0.0, Vec::new(), reason.as_str()) });
    }
    Ok(task.score(sample, transcript, judges.of(sample), run.record.scoring)?)
}
