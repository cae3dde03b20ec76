//! Reads random prompts of some lengths and says how long the first token took:
//!
//! ```text
//! cargo run --release -p model --example prefill -- CHECKPOINT LENGTH ...
//! ```
//!
//! One JSON line a length: `{"tokens", "wall_s", "cpu_s", "peak_bytes"}`. `peak_bytes` is that of the process so far, so
//! ascending lengths give the peak of each; a first line with `"tokens": 0` is what loading took.

use std::error::Error;
use std::time::Instant;

use model::{Checkpoint, Model, Request, Session, SessionOptions};
use record::Rng;

/// A field of `/proc/self/status` in bytes; 0 where there is no such file.
fn status(field: &str) -> u64 {
    let text = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = text.lines().find_map(|line| line.strip_prefix(field)).unwrap_or_default();
    line.split_whitespace().find_map(|word| word.parse::<u64>().ok()).unwrap_or(0) * 1024
}

/// User and system seconds so far, at 100 ticks a second; 0 where there is no such file.
fn cpu() -> f64 {
    let text = std::fs::read_to_string("/proc/self/stat").unwrap_or_default();
    let after = text.rsplit(')').next().unwrap_or_default();
    after.split_whitespace().skip(11).take(2).filter_map(|ticks| ticks.parse::<f64>().ok()).sum::<f64>() / 100.0
}

fn main() -> Result<(), Box<dyn Error>> {
    let mut args = std::env::args().skip(1);
    let folder = args.next().ok_or("the first argument is a checkpoint's folder")?;
    let checkpoint = Checkpoint::open(std::path::Path::new(&folder))?;
    let model = Model::load(&checkpoint)?;
    let line = |tokens: usize, wall: f64, cpu: f64| {
        println!(
            "{{\"tokens\": {tokens}, \"wall_s\": {wall:.3}, \"cpu_s\": {cpu:.3}, \"peak_bytes\": {}}}",
            status("VmHWM:")
        );
    };
    line(0, 0.0, cpu());
    for length in args {
        let length: usize = length.parse()?;
        let mut rng = Rng::new(length as u64);
        let prompt = (0..length).map(|_| rng.between(1, checkpoint.config().vocab_size - 1) as u32).collect();
        let request = Request { prompt, max_tokens: 1, ..Request::default() };
        let options = SessionOptions { batch_size: 1, retained_bytes: 0, ..SessionOptions::default() };
        let (began, used) = (Instant::now(), cpu());
        for reply in Session::new(&model, checkpoint.tokenizer()?, options).generate(&[request]) {
            reply?;
        }
        line(length, began.elapsed().as_secs_f64(), cpu() - used);
    }
    Ok(())
}
