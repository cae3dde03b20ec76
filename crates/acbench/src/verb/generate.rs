//! `generate`: every sample asked of every variant, every reply on disk.

use std::time::Instant;

use generate::{Backend, Conversation, Job, Local, LocalOptions, Model, Progress, Sampling, Scripted};
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
            ask(run, &VariantTasks { variant, tasks: wanted, how }, watch)?;
        }
    }
    counts(run)
}

/// Writes down what a checkpoint holds that was made elsewhere, once.
fn look_at(run: &Run, variant: &VariantRecord) -> Result<(), Error> {
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

/// What is asked of one variant.
struct VariantTasks<'a> {
    variant: &'a VariantRecord,
    tasks: Vec<&'a TaskSource>,
    how: &'a GenerateOptions,
}

/// Asks it.
fn ask(run: &Run, asked: &VariantTasks<'_>, watch: &mut Watch<'_>) -> Result<(), Error> {
    let variant = asked.variant;
    match &variant.source {
        VariantSource::Scripted { replies, .. } => {
            let mut scripted = Scripted::read(replies)?.remove(&variant.name).unwrap_or_default();
            return ask_backend(run, asked, &mut scripted, watch);
        }
        VariantSource::Endpoint { addresses, model } => return ask_servers(run, asked, (addresses, model), watch),
        VariantSource::Dense | VariantSource::Compressed { .. } | VariantSource::Checkpoint { .. } => {}
    }
    let checkpoint = run.made(variant)?.map_or_else(|| run.checkpoint(), Ok)?;
    // What was made elsewhere is asked in the dense model's tokens.
    let elsewhere = matches!(variant.source, VariantSource::Checkpoint { .. });
    let dense = elsewhere.then(|| run.checkpoint()).transpose()?;
    let tokenizer = dense.as_ref().unwrap_or(&checkpoint).tokenizer()?;
    if variant.source == VariantSource::Dense {
        missing_template(tokenizer, true).into_iter().for_each(|text| watch(Event::Warning(text)));
    }
    let model = Model::load(&checkpoint)?;
    let options = LocalOptions {
        sampling: sampling(run),
        chat_template: run.record.chat_template,
        template_args: run.record.prompting.template_args.clone(),
        clock: crate::prompts::clock(&run.root, &run.record),
        max_thinking_tokens: run.record.prompting.max_thinking_tokens,
        batch_size: asked.how.batch_size,
    };
    let mut local = Local::new(&model, tokenizer, options)?;
    ask_backend(run, asked, &mut local, watch)
}

/// Asks a variant behind servers, which are asked before and after who they are.
#[cfg(feature = "endpoint")]
fn ask_servers(
    run: &Run,
    asked: &VariantTasks<'_>,
    (addresses, model): (&[String], &str),
    watch: &mut Watch<'_>,
) -> Result<(), Error> {
    let prompting = &run.record.prompting;
    let thought_tokens = match prompting.thinking {
        Some(true) => prompting.max_thinking_tokens.unwrap_or(0),
        _ => 0,
    };
    let ServerOptions { timeout, key } = asked.how.servers.clone();
    let options = generate::EndpointOptions {
        sampling: sampling(run),
        template_args: prompting.template_args.clone(),
        thought_tokens,
        connections: asked.how.batch_size,
        timeout,
        key,
        ..Default::default()
    };
    let place = |base: &String| generate::Address { base: base.clone(), model: Some(model.to_owned()) };
    let places: Vec<generate::Address> = addresses.iter().map(place).collect();
    let mut endpoint = generate::Endpoint::open(&places, options)?;
    identity::look(run, &asked.variant.name, &endpoint, watch)?;
    let done = ask_backend(run, asked, &mut endpoint, watch);
    let looked = identity::look(run, &asked.variant.name, &endpoint, watch);
    done.and(looked)
}

#[cfg(not(feature = "endpoint"))]
fn ask_servers(_: &Run, _: &VariantTasks<'_>, _: (&[String], &str), _: &mut Watch<'_>) -> Result<(), Error> {
    Err(Error::NotBuilt { what: "requests to servers", feature: "endpoint" })
}

fn ask_backend(
    run: &Run,
    asked: &VariantTasks<'_>,
    backend: &mut dyn Backend,
    watch: &mut Watch<'_>,
) -> Result<(), Error> {
    let &VariantTasks { variant, ref tasks, how } = asked;
    let mut meter = Meter::new();
    for source in tasks {
        let (task, assets) = (lookup::task(&source.task)?, run.assets(source));
        watch(Event::Begin(format!("{}: {}", variant.name, source.task)));
        let began = Instant::now();
        meter.begin();
        let mut samples: Vec<Sample> = run.samples(source)?.collect::<Result<_, _>>()?;
        let others = run.other_transcripts(&variant.name, source)?;
        samples.retain(|sample| !others.state(&sample.id).is_over());
        let transcript = run_path::transcripts(&run.root, &variant.name, &source.task);
        let job = Job { samples: &samples, transcript: &transcript, batch_size: how.batch_size, seed: run.record.seed };
        let end = generate::run(&job, &|sample| open(task, sample, &assets), backend, &mut |at| {
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
fn speed(at: Progress, began: Instant) -> String {
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
