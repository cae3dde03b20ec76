//! From a spec to a run: the samples are made, the model is named by its digest, and `run.json` says all of it.

use std::collections::BTreeMap;
use std::path::Path;

use generate::{Checkpoint, Scripted, label};
use record::{
    AgentStyle, Capability, DENSE, ModelSource, RunRecord, TaskSource, TextOrigin, VariantRecord, VariantSource,
};
use serde_json::{Map, Value, json};
use task::{Calling, Source, Split, Task, real_world};

use crate::drawn::DrawnLines;
use crate::run::{PICO, Run, differences, file_digest};
use crate::similarity::judges_name;
use crate::tokens::ModelTokens;
use crate::{DataFolders, Error, RunSpec, Served, lookup, prompts};

/// Begins the run that a spec asks for, or resumes it.
///
/// Without `output` it lies in `runs/` of the current folder, under a name that depends on everything asked, so that
/// the same spec finds its run again.
///
/// # Errors
/// A model or data that cannot be read, or an output folder that holds a run with other settings.
pub fn plan(spec: &RunSpec, output: Option<&Path>) -> Result<Run, Error> {
    let checkpoint = spec.checkpoint()?;
    spec.methods.iter().try_for_each(|recipe| compress::check(checkpoint.config(), recipe, None))?;
    let (mut record, samples) = describe(spec, &checkpoint)?;
    let place = |record: &RunRecord| output.map_or_else(|| Path::new("runs").join(run_name(record)), Path::to_owned);
    let mut asked = Vec::new();
    let ready_made = ready_made(spec, &checkpoint, &mut record.prompting.notes)?;
    let served = spec.served.iter().map(Served::variant).collect::<Result<Vec<_>, _>>()?;
    for calibration in spec.calibration.origins(&checkpoint)? {
        record.variants = placed(variants(spec, &calibration, &ready_made)?, &served)?;
        let root = place(&record);
        // A run that is there goes on with the text that it began with.
        if Run::open(&root).is_ok_and(|run| differences(&run.record, &record).is_empty()) {
            return Run::begin(&root, record, &samples);
        }
        asked.push(record.clone());
    }
    let record = asked.into_iter().next().unwrap_or(record);
    Run::begin(&place(&record), record, &samples)
}

/// What a reader of a run must know about the samples of one of its tasks.
///
/// # Errors
/// Samples that cannot be read.
pub fn notes(run: &Run, task: &TaskSource) -> Result<Vec<String>, Error> {
    let mut failed = None;
    let mut samples = run.samples(task)?.map_while(|sample| sample.map_err(|error| failed = Some(error)).ok());
    let notes = lookup::task(&task.task)?.notes(&mut samples);
    drop(samples);
    failed.map_or(Ok(notes), Err)
}

/// The record of a spec, without its variants, and what was drawn for each of its tasks.
fn describe(spec: &RunSpec, checkpoint: &Checkpoint) -> Result<(RunRecord, Vec<DrawnLines>), Error> {
    let (mut tasks, mut all, mut embedders) = (Vec::new(), Vec::new(), BTreeMap::new());
    // Where no task compares texts, an embedder changes nothing, and is not even read.
    if spec.tasks.iter().any(|task| task.judged()) {
        spec.similarities.apply(&mut embedders)?;
    }
    for task in &spec.tasks {
        let (mut source, drawn) = samples(spec, *task, checkpoint)?;
        source.judge = task.judged().then(|| judges_name(&embedders, (drawn.chinese, drawn.count)));
        tasks.push(source);
        all.push(drawn);
    }
    let prompting = prompts::describe(spec, checkpoint, &all)?;
    let record = RunRecord {
        version: env!("CARGO_PKG_VERSION").to_owned(),
        model: model_source(spec, checkpoint)?,
        variants: Vec::new(),
        tasks,
        embedders,
        seed: spec.seed,
        scoring: spec.scoring,
        epochs: spec.epochs,
        sampling: sampling(spec),
        activations: spec.activations,
        chat_template: spec.chat_template && checkpoint.tokenizer()?.has_template(),
        prompting,
        margin: spec.margin,
    };
    Ok((record, all))
}

/// The model's name, made absolute so that the run can be resumed from anywhere, and its digest.
fn model_source(spec: &RunSpec, checkpoint: &Checkpoint) -> Result<ModelSource, Error> {
    let name = match &spec.model {
        None => PICO.to_owned(),
        Some(folder) => std::path::absolute(folder).unwrap_or_else(|_| folder.clone()).display().to_string(),
    };
    Ok(ModelSource { name, digest: checkpoint.digest()?, context: Some(checkpoint.config().max_positions) })
}

fn samples(
    spec: &RunSpec,
    task: &'static dyn Task,
    checkpoint: &Checkpoint,
) -> Result<(TaskSource, DrawnLines), Error> {
    let (source, origin) = match spec.data.get(task.name()) {
        Some(DataFolders { folder, rows }) => {
            let origin = match rows {
                None => folder.display().to_string(),
                Some(rows) => format!("{}, rows in {}", folder.display(), rows.display()),
            };
            (Source::Official { folder: folder.clone(), rows: rows.clone(), bad_rows: spec.bad_rows }, origin)
        }
        None => {
            let asking = spec.asking(checkpoint.config().longest())?;
            (Source::Generated { seed: spec.seed, split: Split::Test, asking }, "generated".to_owned())
        }
    };
    let thinks = spec.agent == AgentStyle::React && task.capability() == Capability::RealWorld;
    // Who thinks aloud says its actions in words.
    let calling = if thinks { Calling::Prompting } else { calling(spec, checkpoint)? };
    let drawn = task.samples(&source, &ModelTokens(checkpoint.tokenizer()?, calling), spec.limit)?;
    let mut lines = DrawnLines::with(drawn.assets);
    for mut sample in drawn.samples {
        if let Some(most) = spec.max_reply_tokens {
            sample.max_tokens = sample.max_tokens.min(most);
        }
        if thinks {
            real_world::think_aloud(&mut sample);
        }
        match spec.epochs {
            0 | 1 => lines.push(&sample)?,
            several => (1..=several).try_for_each(|epoch| lines.push(&sample.repeated(epoch)))?,
        }
    }
    if lines.count == 0 {
        return Err(Error::NoSamples { task: task.name(), origin });
    }
    let source = TaskSource {
        task: task.name().to_owned(),
        capability: task.capability(),
        source: origin,
        judge: None,
        samples: lines.count,
        skipped: drawn.skipped,
        digest: lines.digest(),
    };
    Ok((source, lines))
}

/// How functions are offered: as it was said, else as tools where the chat template has a place for them.
fn calling(spec: &RunSpec, checkpoint: &Checkpoint) -> Result<Calling, Error> {
    let tokenizer = checkpoint.tokenizer()?;
    let native = spec.chat_template && tokenizer.has_template() && tokenizer.reads("tools");
    match spec.calling {
        Some(Calling::Native) if !native && spec.replies.is_none() => {
            let problem = "the chat template has no place for tools; `prompting` describes them in words".to_owned();
            Err(Error::Flag { flag: "--calling", value: "native".to_owned(), problem })
        }
        Some(said) => Ok(said),
        None if native && spec.replies.is_none() => Ok(Calling::Native),
        None => Ok(Calling::Prompting),
    }
}

/// The variants of checkpoints that were made before.
fn ready_made(spec: &RunSpec, checkpoint: &Checkpoint, notes: &mut Vec<String>) -> Result<Vec<VariantRecord>, Error> {
    let mut all = Vec::new();
    for one in &spec.checkpoints {
        let (variant, found) = one.variant(checkpoint)?;
        if spec.methods.iter().any(|recipe| recipe.variant_name() == variant.name) {
            let problem = "a --compression_method makes a variant of this name; choose another".to_owned();
            return Err(Error::Flag { flag: "--variant", value: variant.name, problem });
        }
        notes.extend(found);
        all.push(variant);
    }
    Ok(all)
}

/// Dense first; then the methods and what was made before, or whoever else has replies in the file that stands in for the
/// model.
fn variants(
    spec: &RunSpec,
    calibration: &TextOrigin,
    ready_made: &[VariantRecord],
) -> Result<Vec<VariantRecord>, Error> {
    if let Some(path) = &spec.replies {
        return scripted_variants(path);
    }
    let compressed = spec.methods.iter().map(|recipe| VariantRecord {
        name: recipe.variant_name(),
        source: VariantSource::Compressed {
            method: recipe.name(),
            settings: recipe.settings(),
            calibration: recipe.calibrates().then(|| calibration.clone()),
        },
    });
    Ok([VariantRecord::dense()].into_iter().chain(compressed).chain(ready_made.iter().cloned()).collect())
}

/// The variants with those behind servers; one named `dense` takes the model's place.
fn placed(mut variants: Vec<VariantRecord>, served: &[VariantRecord]) -> Result<Vec<VariantRecord>, Error> {
    for one in served {
        match variants.iter_mut().find(|other| other.name == one.name) {
            None => variants.push(one.clone()),
            Some(dense) if dense.source == VariantSource::Dense => *dense = one.clone(),
            Some(_) => {
                let problem = "another variant has this name; choose another".to_owned();
                return Err(Error::Flag { flag: "--variant", value: one.name.clone(), problem });
            }
        }
    }
    Ok(variants)
}

fn scripted_variants(path: &Path) -> Result<Vec<VariantRecord>, Error> {
    let source = VariantSource::Scripted { replies: path.to_owned(), digest: file_digest(path)? };
    let mut names: Vec<String> = Scripted::read(path)?.into_keys().filter(|name| name != DENSE).collect();
    names.insert(0, DENSE.to_owned());
    Ok(names.into_iter().map(|name| VariantRecord { name, source: source.clone() }).collect())
}

fn sampling(spec: &RunSpec) -> BTreeMap<String, Value> {
    // Through text, so that 0.7 is recorded as 0.7 and not as the nearest 32-bit number.
    let short = |number: f32| json!(number.to_string().parse::<f64>().unwrap_or(f64::from(number)));
    BTreeMap::from([
        ("temperature".to_owned(), short(spec.sampling.temperature)),
        ("top_p".to_owned(), short(spec.sampling.top_p)),
        ("top_k".to_owned(), json!(spec.sampling.top_k)),
    ])
}

/// `pico-gptq-w4-g128-1f3a9c02`: the model, the methods, and a digest of everything asked.
fn run_name(record: &RunRecord) -> String {
    let mut parts = vec![label(Path::new(&record.model.name))];
    parts.extend(record.variants.iter().skip(1).map(|variant| variant.name.clone()));
    let asked: Map<String, Value> = crate::run::fields_of(record);
    let digest = record::digest(Value::Object(asked).to_string().as_bytes());
    let mut name = parts.join("-");
    name.retain(|c| c.is_ascii_alphanumeric() || "-_.".contains(c));
    name.truncate(80);
    format!("{name}-{}", &digest[..8])
}
