//! `generate`: every sample asked of every variant, every reply on disk.

use std::time::Instant;

use generate::{Backend, Conversation, Job, Leave, Local, LocalOptions, Model, Progress, Sampling, Scripted};
use record::{Ask, Assets, Sample, TaskSource, Turn, VariantRecord, VariantSource, run_path};
use serde_json::Value;
use task::{Episode, Task};

use crate::effort::{self, Meter};
use crate::event::{Event, Watch};
#[cfg(feature = "endpoint")]
use crate::identity;
use crate::run::{Run, missing_template, unchanged};
use crate::{Counts, Error, ServerOptions, lookup};

/// What changes how fast replies come, and nothing else.
#[derive(Debug, Clone)]
pub struct GenerateOptions {
    /// Conversations under way at a time, at least 1.
    pub batch_size: usize,
    /// How servers are asked.
    pub servers: ServerOptions,
}

/// Asks what is missing of every variant of a run, compressing the ones that are not yet. Returns how many samples the
/// run has over all variants and tasks, and how many of them failed.
///
/// # Errors
/// A model that cannot be loaded or asked, a transcript that is broken, a full disk, another process at work in the
/// folder. Finished replies are kept.
pub fn generate(run: &Run, how: &GenerateOptions, watch: &mut Watch<'_>) -> Result<Counts, Error> {
    let _lock = run.lock()?;
    for variant in &run.record.variants {
        crate::verb::compress_variant(run, variant, watch)?;
        look_at(run, variant)?;
    }
    for variant in &run.record.variants {
        let mut wanted = Vec::new();
        for task in &run.record.tasks {
            if run.transcripts(&variant.name, task)?.over() < task.samples {
                wanted.push(task);
            }
        }
        // A variant with nothing left to ask is not even loaded.
        if !wanted.is_empty() {
            let ask = &mut |backend: &mut dyn Backend, watch: &mut Watch<'_>| {
                ask_tasks(run, (variant, &wanted), how.batch_size, backend, watch)
            };
            with_backend(run, variant, how, watch, ask)?;
        }
    }
    counts(run)
}

/// Writes down what a checkpoint holds that was made elsewhere, once.
pub(crate) fn look_at(run: &Run, variant: &VariantRecord) -> Result<(), Error> {
    let VariantSource::Checkpoint { path, digest } = &variant.source else { return Ok(()) };
    let known = run_path::weights(&run.root, &variant.name);
    if !known.is_file() {
        record::write_json(&known, &compress::inspect(&unchanged(path, digest)?)?.record())?;
    }
    Ok(())
}

/// Samples and failed ones, as the transcripts have them.
fn counts(run: &Run) -> Result<Counts, Error> {
    let mut counts = Counts::default();
    for variant in &run.record.variants {
        for task in &run.record.tasks {
            let transcripts = run.ended(&variant.name, task)?;
            counts.samples += transcripts.ended();
            counts.failed += transcripts.failed();
        }
    }
    Ok(counts)
}

/// What is done with whoever replies.
pub(crate) type Asking<'a> = dyn FnMut(&mut dyn Backend, &mut Watch<'_>) -> Result<(), Error> + 'a;

/// Loads a variant, or finds its servers or its file, and has it asked.
///
/// # Errors
/// A model that cannot be loaded or asked, and what `ask` says.
pub(crate) fn with_backend(
    run: &Run,
    variant: &VariantRecord,
    how: &GenerateOptions,
    watch: &mut Watch<'_>,
    ask: &mut Asking<'_>,
) -> Result<(), Error> {
    match &variant.source {
        VariantSource::Scripted { replies, .. } => {
            let mut scripted = Scripted::read(replies)?.remove(&variant.name).unwrap_or_default();
            return ask(&mut scripted, watch);
        }
        VariantSource::Endpoint { .. } => return with_servers(run, variant, how, watch, ask),
        VariantSource::Dense | VariantSource::Compressed { .. } | VariantSource::Checkpoint { .. } => {}
    }
    let checkpoint = run.running(variant)?;
    // What was made elsewhere is asked in the dense model's tokens.
    let elsewhere = matches!(variant.source, VariantSource::Checkpoint { .. });
    let dense = elsewhere.then(|| run.checkpoint()).transpose()?;
    let tokenizer = dense.as_ref().unwrap_or(&checkpoint).tokenizer()?;
    if variant.source == VariantSource::Dense {
        missing_template(tokenizer, true).into_iter().for_each(|text| watch(Event::Warning(text)));
    }
    let model = Model::load(&checkpoint)?;
    let activations = run.record.activations;
    if !activations.are_stored() && !model.rounds_inputs() {
        watch(Event::Warning(format!(
            "--activations {} changes nothing in {}, which has no such weights",
            activations.as_str(),
            variant.name
        )));
    }
    let options = LocalOptions {
        sampling: sampling(run),
        chat_template: run.record.chat_template,
        template_args: run.record.prompting.template_args.clone(),
        clock: crate::prompts::clock(&run.root, &run.record),
        max_thinking_tokens: run.record.prompting.max_thinking_tokens,
        batch_size: how.batch_size,
    };
    let mut local = Local::new(&model, tokenizer, options)?;
    ask(&mut local, watch)
}

/// Has a variant behind servers asked; before and after they are asked who they are.
#[cfg(feature = "endpoint")]
pub(crate) fn with_servers(
    run: &Run,
    variant: &VariantRecord,
    how: &GenerateOptions,
    watch: &mut Watch<'_>,
    ask: &mut Asking<'_>,
) -> Result<(), Error> {
    let VariantSource::Endpoint { addresses, model } = &variant.source else { return Ok(()) };
    let prompting = &run.record.prompting;
    let thought_tokens = match prompting.thinking {
        Some(true) => prompting.max_thinking_tokens.unwrap_or(0),
        _ => 0,
    };
    let ServerOptions { timeout, key, stream } = how.servers.clone();
    let options = generate::EndpointOptions {
        sampling: sampling(run),
        template_args: prompting.template_args.clone(),
        thought_tokens,
        connections: how.batch_size,
        timeout,
        key,
        stream,
        ..Default::default()
    };
    let place = |base: &String| generate::Address { base: base.clone(), model: Some(model.clone()) };
    let places: Vec<generate::Address> = addresses.iter().map(place).collect();
    let mut endpoint = generate::Endpoint::open(&places, options)?;
    identity::look(run, &variant.name, &endpoint, watch)?;
    let done = ask(&mut endpoint, watch);
    let looked = identity::look(run, &variant.name, &endpoint, watch);
    done.and(looked)
}

#[cfg(not(feature = "endpoint"))]
pub(crate) fn with_servers(
    _: &Run,
    _: &VariantRecord,
    _: &GenerateOptions,
    _: &mut Watch<'_>,
    _: &mut Asking<'_>,
) -> Result<(), Error> {
    Err(Error::NotBuilt { what: "requests to servers", feature: "endpoint" })
}

/// Asks a variant what is missing of some tasks.
fn ask_tasks(
    run: &Run,
    (variant, tasks): (&VariantRecord, &[&TaskSource]),
    batch_size: usize,
    backend: &mut dyn Backend,
    watch: &mut Watch<'_>,
) -> Result<(), Error> {
    let mut meter = Meter::new();
    for source in tasks {
        watch(Event::Begin(format!("{}: {}", variant.name, source.task)));
        let began = Instant::now();
        meter.begin();
        let samples = run.sample_file(source)?;
        let transcript = run_path::transcripts(&run.root, &variant.name, &source.task);
        let earlier = run.other_transcripts(&variant.name, source);
        let seed = run.record.seed;
        let job = Job {
            samples: &samples,
            transcript: &transcript,
            earlier: &earlier,
            batch_size,
            seed,
            leave: &|| Leave::Never,
        };
        let end = ask_samples(run, source, &job, backend, &mut |at| {
            meter.tick();
            watch(Event::Progress { done: at.done, total: at.total, detail: speed(at, began) });
        })?;
        watch(Event::End(format!("{}: {}: {} samples, {}", variant.name, source.task, end.total, speed(end, began))));
        if end.replies > 0 && variant.source.is_local() {
            let effort = meter.end(&source.task, end.replies, end.tokens);
            effort::add(&run.root, &variant.name, effort)?;
        }
    }
    Ok(())
}

/// Asks the samples of a job, which are of one task.
///
/// # Errors
/// As [`generate::run`].
pub(crate) fn ask_samples(
    run: &Run,
    source: &TaskSource,
    job: &Job<'_>,
    backend: &mut dyn Backend,
    watch: &mut dyn FnMut(Progress),
) -> Result<Progress, Error> {
    let (task, assets) = (lookup::task(&source.task)?, run.assets(source));
    Ok(generate::run(job, &|sample| open(task, sample, &assets), backend, watch)?)
}

/// The episode of a sample, as the run loop wants it: the crates of tasks and of replies do not know each other.
fn open(
    task: &dyn Task,
    sample: &Sample,
    assets: &Assets,
) -> Result<Box<dyn Conversation>, Box<dyn std::error::Error + Send + Sync>> {
    Ok(Box::new(Opened(task.open(sample, assets)?)))
}

struct Opened(Box<dyn Episode>);

impl Conversation for Opened {
    fn next(&mut self, reply: Option<&str>) -> Turn {
        self.0.next(reply)
    }

    fn shorten(&mut self) -> Option<Ask> {
        self.0.shorten()
    }
}

/// `412 tokens/s, 3 failed`
pub(crate) fn speed(at: Progress, began: Instant) -> String {
    let rate = at.tokens as f64 / began.elapsed().as_secs_f64().max(1e-3);
    let failed = if at.failed > 0 { format!(", {} failed", at.failed) } else { String::new() };
    format!("{rate:.0} tokens/s{failed}")
}

/// The sampling settings in `run.json`; greedy where one is missing.
fn sampling(run: &Run) -> Sampling {
    let number = |name: &str| run.record.sampling.get(name).and_then(Value::as_f64);
    Sampling {
        temperature: number("temperature").map_or(0.0, |number| number as f32),
        top_p: number("top_p").map_or(1.0, |number| number as f32),
        top_k: number("top_k").map_or(0, |number| number as usize),
    }
}
