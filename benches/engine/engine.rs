//! How fast a checkpoint decodes and reads a prompt, with so many threads:
//!
//! ```text
//! cargo run --release -p model --example engine -- CHECKPOINT THREADS [TOKENS [ROWS,.. [LENGTH]]]
//! ```
//!
//! One JSON line a thing that was done: `{"what", "threads", "tokens", "wall_s", "cpu_s", "read_bytes"}`. `read` reads
//! 1 GB of memory some times over, and `tokens` are then bytes; `decode 1` and `decode 8` (or as `ROWS` say) make replies to 1
//! and 8 prompts at once, of 16 tokens or `LENGTH`, what the prompts take alone taken off; `prompt 512` reads 512 tokens up to
//! the first token of a reply.

use std::error::Error;
use std::time::Instant;

use model::{Checkpoint, Model, Request, Session, SessionOptions, Tokenizer};
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

/// Makes `rows` replies of `most` tokens to random prompts of `length` tokens at once.
fn replies(
    model: &Model,
    tokenizer: &Tokenizer,
    (rows, length, most): (usize, usize, usize),
) -> Result<Took, Box<dyn Error>> {
    let mut rng = Rng::new(length as u64);
    let mut prompt = || (0..length).map(|_| rng.between(1, model.config.vocab_size - 1) as u32).collect();
    let requests: Vec<Request> =
        (0..rows).map(|_| Request { prompt: prompt(), max_tokens: most, ..Request::default() }).collect();
    let options = SessionOptions { batch_size: rows, retained_bytes: 0, ..SessionOptions::default() };
    let (began, used) = (Instant::now(), cpu());
    let mut tokens = 0;
    for reply in Session::new(model, tokenizer, options).generate(&requests) {
        tokens += reply?.tokens.len();
    }
    Ok((tokens, began.elapsed().as_secs_f64(), cpu() - used))
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
    let mut args = std::env::args().skip(1);
    let folder = args.next().ok_or("the first argument is a checkpoint")?;
    let threads: usize = args.next().ok_or("the second argument is a number of threads")?.parse()?;
    let most: usize = args.next().map_or(Ok(32), |tokens| tokens.parse())?;
    let rows = args.next().unwrap_or_else(|| "1,8".to_owned());
    let rows = rows.split(',').map(str::parse).collect::<Result<Vec<usize>, _>>()?;
    let length = args.next().map_or(Ok(16), |length| length.parse())?;
    rayon::ThreadPoolBuilder::new().num_threads(threads).build_global()?;
    let checkpoint = Checkpoint::open(std::path::Path::new(&folder))?;
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
    replies(&model, tokenizer, (1, 16, 2))?;
    for rows in rows {
        let first = replies(&model, tokenizer, (rows, length, 1))?;
        let all = replies(&model, tokenizer, (rows, length, 1 + most))?;
        line(&format!("decode {rows}"), (all.0 - first.0, all.1 - first.1, all.2 - first.2));
    }
    let (_, wall, cpu) = replies(&model, tokenizer, (1, 512, 1))?;
    line("prompt 512", (512, wall, cpu));
    Ok(())
}
