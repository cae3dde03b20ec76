//! How fast a checkpoint decodes and reads a prompt, with so many threads:
//!
//! ```text
//! cargo run --release -p model --example engine -- CHECKPOINT THREADS [TOKENS [ROWS,.. [LENGTH [ALIKE]]]] [--int8|--bf16]
//! ```
//!
//! One JSON line a thing that was done: `{"what", "threads", "tokens", "wall_s", "cpu_s", "read_bytes"}`. `read` reads
//! 1 GB of memory some times over, and `tokens` are then bytes; `decode 1` and `decode 8` (or as `ROWS` say) make replies to 1
//! and 8 prompts at once, of 16 tokens or `LENGTH`, which begin with `ALIKE` same ones, what the prompts take not counted;
//! `prompt 512` reads 512 tokens up to the first token of a reply. With `--int8` the inputs of weights that are integers are rounded
//! to 8 bits, with `--bf16` those of bfloat16 weights to such numbers, as llama.cpp does.

use std::error::Error;
use std::time::Instant;

use model::{Activations, Checkpoint, Model, Request, Session, SessionOptions, Tokenizer};
use rayon::prelude::*;
use record::Rng;

/// User and system seconds so far, at 100 ticks a second; 0 where there is no such file.
fn cpu() -> f64 {
    let text = std::fs::read_to_string("/proc/self/stat").unwrap_or_default();
    let after = text.rsplit(')').next().unwrap_or_default();
    after.split_whitespace().skip(11).take(2).filter_map(|ticks| ticks.parse::<f64>().ok()).sum::<f64>() / 100.0
}

/// Tokens of replies, wall seconds and CPU seconds.
type Took = (usize, f64, f64);

/// Makes `rows` replies of `most` tokens to random prompts of `length` tokens at once, the first `alike` of them the same;
/// what the prompts took with the first token behind them, and what the other tokens took.
fn replies(
    model: &Model,
    tokenizer: &Tokenizer,
    (rows, length, alike, most): (usize, usize, usize, usize),
) -> Result<[Took; 2], Box<dyn Error>> {
    let mut rng = Rng::new(length as u64);
    let mut random = |tokens| (0..tokens).map(|_| rng.between(1, model.config.vocab_size - 1) as u32).collect();
    let begin: Vec<u32> = random(alike);
    let options = SessionOptions { batch_size: rows, retained_bytes: 0, ..SessionOptions::default() };
    let mut session = Session::new(model, tokenizer, options);
    for _ in 0..rows {
        let prompt = [begin.clone(), random(length - alike)].concat();
        session.submit(Request { prompt, max_tokens: most, ..Request::default() });
    }
    // The first step reads the prompts, and makes a token for each as every step does.
    let timed = |session: &mut Session, steps: usize| {
        let (began, used) = (Instant::now(), cpu());
        let done: Vec<_> = (0..steps).flat_map(|_| session.step()).collect();
        (done, began.elapsed().as_secs_f64(), cpu() - used)
    };
    let (ended, wall, used) = timed(&mut session, 1);
    let prompts = (rows * length, wall, used);
    let (done, wall, used) = timed(&mut session, most.saturating_sub(2));
    let mut tokens = 0;
    for (_, reply) in done {
        tokens += reply?.tokens.len() - 2;
    }
    if most > 1 && !ended.is_empty() || session.pending() > 0 {
        return Err("a reply ended at once, or did not".into());
    }
    Ok([prompts, (tokens, wall, used)])
}

/// Reads 1 GB eight times.
fn read() -> Took {
    let numbers = vec![1u64; 1 << 27];
    let (began, used) = (Instant::now(), cpu());
    for _ in 0..8 {
        let sum: u64 =
            numbers.par_chunks(1 << 16).map(|part| part.iter().fold(0, |all, one| all | one)).max().unwrap_or(0);
        std::hint::black_box(sum);
    }
    ((8 * 8) << 27, began.elapsed().as_secs_f64(), cpu() - used)
}

fn main() -> Result<(), Box<dyn Error>> {
    let (flags, args): (Vec<String>, Vec<String>) = std::env::args().skip(1).partition(|arg| arg.starts_with("--"));
    let inputs = match flags.first().map(String::as_str) {
        None => Activations::Stored,
        Some("--int8") => Activations::Int8,
        Some("--bf16") => Activations::Bf16,
        Some(other) => return Err(format!("{other}: there are --int8 and --bf16").into()),
    };
    let mut args = args.into_iter();
    let folder = args.next().ok_or("the first argument is a checkpoint")?;
    let threads: usize = args.next().ok_or("the second argument is a number of threads")?.parse()?;
    let most: usize = args.next().map_or(Ok(32), |tokens| tokens.parse())?;
    let rows = args.next().unwrap_or_else(|| "1,8".to_owned());
    let rows = rows.split(',').map(str::parse).collect::<Result<Vec<usize>, _>>()?;
    let length = args.next().map_or(Ok(16), |length| length.parse())?;
    let alike = args.next().map_or(Ok(0), |tokens| tokens.parse())?.min(length);
    rayon::ThreadPoolBuilder::new().num_threads(threads).build_global()?;
    let checkpoint = Checkpoint::open(std::path::Path::new(&folder))?.with_activations(inputs);
    let model = Model::load(&checkpoint)?;
    let tokenizer = checkpoint.tokenizer()?;
    let blocks: usize = model.blocks.iter().flat_map(|block| block.linears()).map(|linear| linear.weight.bytes()).sum();
    // What a token reads: the blocks, and one of embedding and output head where these are two of the same size.
    let ends = model.weight_bytes() - blocks;
    let read_bytes = blocks + if checkpoint.config().tie_embeddings { ends } else { ends / 2 };
    let line = |what: &str, (tokens, wall, cpu): Took| {
        println!(
            "{{\"what\": \"{what}\", \"threads\": {threads}, \"tokens\": {tokens}, \"wall_s\": {wall:.3}, \"cpu_s\": {cpu:.3}, \
             \"read_bytes\": {read_bytes}}}"
        );
    };
    line("read", read());
    replies(&model, tokenizer, (1, 16, 0, 3))?;
    for rows in rows {
        let [_, took] = replies(&model, tokenizer, (rows, length, alike, 2 + most))?;
        line(&format!("decode {rows}"), took);
    }
    let [took, _] = replies(&model, tokenizer, (1, 512, 0, 1))?;
    line("prompt 512", took);
    Ok(())
}
