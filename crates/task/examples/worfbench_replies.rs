//! Turns predictions that WorfBench's own scripts have written for one set into replies for `acbench --replies`.
//!
//! `cargo run --release -p task --example worfbench_replies -- DATA SET PREDICTIONS [VARIANT] >> replies.jsonl`: DATA is
//! the folder of `--data`, SET one of its sets, PREDICTIONS a `.json` or `.jsonl` in the order of the gold file.

use std::io::{self, BufWriter, Write};
use std::path::Path;

use serde_json::json;
use task::workflow::{WorfBench, predictions};
use task::{BadRows, Source, Task, Words};

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let args: Vec<String> = std::env::args().skip(1).collect();
    let (data, set, file, variant) = match &args[..] {
        [data, set, file] => (data, set, file, record::DENSE),
        [data, set, file, variant] => (data, set, file, variant.as_str()),
        _ => return Err("usage: worfbench_replies DATA SET PREDICTIONS [VARIANT]".into()),
    };
    let source = Source::folder(data, BadRows::Refuse);
    let mut samples = WorfBench.samples(&source, &Words, None)?.held().0;
    samples.retain(|sample| sample.tags["set"] == set.as_str());
    let replies = predictions(Path::new(file))?;
    if samples.len() != replies.len() || samples.is_empty() {
        return Err(
            format!("{file} has {} predictions, {set} in {data} {} questions", replies.len(), samples.len()).into()
        );
    }
    let mut out = BufWriter::new(io::stdout().lock());
    for (sample, text) in samples.iter().zip(replies) {
        writeln!(out, "{}", json!({"variant": variant, "sample": sample.id, "text": text}))?;
    }
    Ok(out.flush()?)
}
