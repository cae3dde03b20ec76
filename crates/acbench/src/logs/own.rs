//! One variant of a run folder of ours.

use std::path::Path;

use record::{LogName, NotComparable, Outcome, RunRecord, Score, TaskSource, run_path, series_name};

use crate::Error;
use crate::logs::{Facts, Item, Log, Series, broken, json};
use crate::run::Run;

/// The headline value of a task.
const METRIC: &str = "score";

/// Reads the scores of one variant.
pub(super) fn read(root: &Path, variant: &str) -> Result<Log, Error> {
    let run = Run::open(root)?;
    let names: Vec<&str> = run.record.variants.iter().map(|variant| variant.name.as_str()).collect();
    if !names.contains(&variant) {
        let each: Vec<String> = names.iter().map(|name| format!("{}:{name}", root.display())).collect();
        return Err(broken(root, format!("it is a run folder; name one of its variants: {}", each.join(", "))));
    }
    let mut log = Log {
        name: LogName {
            source: "ACBench".to_owned(),
            path: format!("{}:{variant}", root.display()),
            model: format!("{}, {variant}", run.record.model.name),
        },
        settings: settings(&run.record),
        notes: Vec::new(),
        series: Vec::new(),
        unusable: Vec::new(),
        seed: Some(analyze::seed_of(&run.record)),
    };
    for task in &run.record.tasks {
        let path = run_path::scores(root, variant, &task.task);
        if path.is_file() {
            let scores: Vec<Score> = record::read_jsonl(&path)?;
            log.series.push(series(&run.record, task, scores));
        } else {
            let why = format!("{} has no scores of it: `acbench score {}` makes them", log.name.path, root.display());
            log.unusable.push(NotComparable { name: series_name(&task.task, METRIC, None), why });
        }
    }
    Ok(log)
}

/// What should be the same for all tasks.
fn settings(run: &RunRecord) -> Facts {
    let mut facts = Facts::from([
        ("ACBench's version".to_owned(), run.version.clone()),
        ("chat template applied".to_owned(), run.chat_template.to_string()),
    ]);
    if !run.activations.are_stored() {
        facts.insert("activations".to_owned(), run.activations.as_str().to_owned());
    }
    facts.extend(run.sampling.iter().map(|(name, value)| (name.clone(), value.to_string())));
    let prompting = serde_json::to_value(&run.prompting).unwrap_or_default();
    let asked = prompting.as_object().into_iter().flatten().filter(|(name, _)| *name != "notes");
    facts.extend(asked.filter_map(|(name, value)| Some((name.replace('_', " "), json::fact(value)?))));
    facts
}

fn series(run: &RunRecord, task: &TaskSource, scores: Vec<Score>) -> Series {
    let mut must = Facts::from([
        ("digest of the samples".to_owned(), task.digest.clone()),
        ("scoring".to_owned(), run.scoring.to_string()),
    ]);
    must.insert("similarity of texts".to_owned(), task.judge.clone().unwrap_or_else(|| "none".to_owned()));
    for (language, embedder) in &run.embedders {
        if task.judge.is_some() {
            must.insert(format!("embedder ({language})"), embedder.digest.clone());
        }
    }
    let item = |score: Score| Item {
        label: score.sample.clone(),
        key: score.sample,
        digest: None,
        prompt: None,
        cluster: score.cluster,
        epoch: 1,
        value: match score.outcome {
            Outcome::Finished => Ok(score.value),
            Outcome::Failed { reason, .. } => Err(reason),
        },
    };
    Series {
        task: task.task.clone(),
        metric: METRIC.to_owned(),
        filter: None,
        must,
        settings: Facts::new(),
        prompts_by: Facts::new(),
        items: scores.into_iter().map(item).collect(),
    }
}
