//! What a run costs, before it begins: tokens to read and to write, and the time that they take on this machine.

use std::time::Instant;

use generate::{Chat, Checkpoint, Model, ModelError, ModelRequest, Session, SessionOptions, Tokenizer};
use record::{Sample, Turn, VariantSource};

use crate::run::Run;
use crate::{Error, lookup};

/// Tokens that are read, and written, to see how fast the model is.
const READ: usize = 192;
const WRITTEN: usize = 8;
/// Replies that are written at a time then.
const ROWS: usize = 4;
/// Models of more bytes are not loaded only to be timed.
const MOST_BYTES: usize = 4 << 30;

/// What every variant of a run is asked.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct Cost {
    /// Variants, the dense one included.
    pub variants: usize,
    /// Samples of each.
    pub samples: usize,
    /// Tokens of the first prompts of all samples; what one has in common with the one before it is read once.
    pub read: usize,
    /// The most tokens of the replies to them.
    pub written: usize,
    /// Whether samples go on for several turns, which are not in these numbers.
    pub turns: bool,
    /// Seconds for all variants: where replies end early, and where they take all their tokens. Absent where the model was
    /// not timed.
    pub seconds: Option<(f64, f64)>,
}

/// Counts the tokens of a run, and times its dense model on a few.
///
/// # Errors
/// Samples that cannot be read, a model that cannot be loaded.
pub fn cost(run: &Run, checkpoint: &Checkpoint) -> Result<Cost, Error> {
    let tokenizer = checkpoint.tokenizer()?;
    let mut cost = Cost { variants: run.record.variants.len(), ..Cost::default() };
    let mut longest: Vec<u32> = Vec::new();
    for source in &run.record.tasks {
        let (task, assets) = (lookup::task(&source.task)?, run.assets(source));
        let mut before: Vec<u32> = Vec::new();
        for sample in run.samples(source)? {
            let sample = sample?;
            cost.samples += 1;
            cost.turns |= !sample.input.is_null();
            let Turn::Ask(ask) = task.open(&sample, &assets)?.next(None) else { continue };
            // A prompt that the template refuses costs nothing.
            let Some(ids) = ids(run, tokenizer, &sample, &ask.messages) else { continue };
            let common = ids.iter().zip(&before).take_while(|(a, b)| a == b).count();
            cost.read += ids.len() - common;
            cost.written += ask.max_tokens;
            if ids.len() > longest.len() {
                longest.clone_from(&ids);
            }
            before = ids;
        }
    }
    let here = run.record.variants.iter().any(|variant| variant.source == VariantSource::Dense);
    if here && checkpoint.weight_bytes() <= MOST_BYTES && longest.len() > ROWS {
        let speed = speed(checkpoint, tokenizer, &longest)?;
        let variants = cost.variants as f64;
        let (reading, writing) = (cost.read as f64 / speed.read, cost.written as f64 / speed.written);
        cost.seconds = Some((variants * (reading + writing / 4.0), variants * (reading + writing)));
    }
    Ok(cost)
}

fn ids(run: &Run, tokenizer: &Tokenizer, sample: &Sample, messages: &[record::Message]) -> Option<Vec<u32>> {
    let args = &run.record.prompting.template_args;
    let clock = crate::prompts::clock(&run.root, &run.record);
    let chat = Chat { messages, tools: &sample.tools, args, clock };
    tokenizer.ask(&chat, run.record.chat_template).ok()
}

/// Tokens that a model reads and writes in a second.
struct Speed {
    read: f64,
    written: f64,
}

/// Times a model on the first tokens of a prompt.
fn speed(checkpoint: &Checkpoint, tokenizer: &Tokenizer, ids: &[u32]) -> Result<Speed, ModelError> {
    let model = Model::load(checkpoint)?;
    let request = |from: usize, max_tokens: usize| ModelRequest {
        prompt: ids[from..(from + READ).min(ids.len())].to_vec(),
        max_tokens,
        ..ModelRequest::default()
    };
    let mut session = Session::new(&model, tokenizer, SessionOptions::default());
    let first: Vec<ModelRequest> = (0..ROWS).map(|from| request(from, 1)).collect();
    let began = Instant::now();
    session.generate(&first).into_iter().collect::<Result<Vec<_>, _>>()?;
    let reading = began.elapsed().as_secs_f64();
    let again: Vec<ModelRequest> = (0..ROWS).map(|from| request(from, 1 + WRITTEN)).collect();
    let began = Instant::now();
    let written: usize = session
        .generate(&again)
        .into_iter()
        .map(|reply| reply.map(|reply| reply.tokens.len()))
        .sum::<Result<_, _>>()?;
    let writing = began.elapsed().as_secs_f64();
    let read = (ROWS * first[0].prompt.len()) as f64 / reading.max(1e-6);
    Ok(Speed { read, written: written as f64 / writing.max(1e-6) })
}
