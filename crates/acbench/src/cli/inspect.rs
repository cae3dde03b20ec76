//! `acbench inspect`

use std::path::PathBuf;

use acbench::{Error, GgufSummary, Inspection, MemoryPlan};
use clap::Args;
use serde::Serialize;

use super::Failure;
use super::output;
use super::run_args::positive;

/// Say what a checkpoint is: architecture, format, bits, zeros, sizes, digest
#[derive(Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct Inspect {
    /// The folder of the checkpoint, or a GGUF file [default: the bundled model]
    #[arg(value_name = "DIR")]
    folder: Option<PathBuf>,

    /// Say what it takes of memory to run and to compress it, and what there is
    #[arg(long)]
    plan: bool,

    /// For --plan: conversations under way at a time
    #[arg(long = "batch_size", value_name = "N", default_value = "16", value_parser = positive, requires = "plan")]
    batch_size: usize,

    /// Print it as JSON
    #[arg(long)]
    json: bool,
}

/// What is printed as JSON.
#[derive(Serialize)]
struct Found<'a> {
    #[serde(flatten)]
    inspection: &'a Inspection,
    #[serde(skip_serializing_if = "Option::is_none")]
    memory: Option<&'a MemoryPlan>,
}

const EXAMPLES: &str = "\
Examples:
  acbench inspect pico-gptq-w4-g128
  acbench inspect ./Qwen2.5-7B-Instruct-AWQ --json
  acbench inspect ./Qwen2.5-7B-Instruct --plan
  acbench inspect ./SmolLM2-135M-Instruct.Q4_1.gguf";

impl Inspect {
    pub(crate) fn run(&self) -> Result<u8, Failure> {
        let checkpoint = match acbench::open_checkpoint(self.folder.as_deref()) {
            Ok(checkpoint) => checkpoint,
            Err(error) => return self.not_run(error),
        };
        output::notes(checkpoint.notes());
        let memory = self.plan.then(|| MemoryPlan::of(&checkpoint, self.batch_size)).transpose()?;
        let inspection = acbench::inspect(&checkpoint).map_err(Error::from)?;
        let rows = memory.as_ref().map_or_else(Vec::new, |plan| self.memory_rows(plan, inspection.context));
        let found = Found { inspection: &inspection, memory: memory.as_ref() };
        self.print(&found, &(text(&inspection) + &lines(&rows)))
    }

    /// What a GGUF file is whose model cannot be run.
    fn not_run(&self, error: Error) -> Result<u8, Failure> {
        let is_file = |path: &&PathBuf| path.is_file() && path.extension().is_some_and(|end| end == "gguf");
        match self.folder.as_ref().filter(is_file).map(|path| GgufSummary::read(path)) {
            Some(Ok(found)) if found.refused.is_some() => self.print(&found, &refused(&found)),
            _ => Err(error.into()),
        }
    }

    /// The rows of `--plan`.
    fn memory_rows(&self, plan: &MemoryPlan, context: usize) -> Vec<(&'static str, String)> {
        let size = acbench::size_text;
        let sequence = plan.token.saturating_mul(context as u64);
        let mut rows = vec![
            ("weights", format!("{} of mapped files, {} held beside them", size(plan.mapped), size(plan.held))),
            ("keys, values", format!("{} a token, {} for {context}", size(plan.token), size(sequence))),
            (
                "to reply",
                format!(
                    "{} at the least, {} at the most (--batch_size {})",
                    size(plan.least),
                    size(plan.most),
                    self.batch_size
                ),
            ),
        ];
        let compress = ["to compress"].into_iter().chain(std::iter::repeat(""));
        rows.extend(compress.zip(&plan.methods).map(|(name, method)| {
            let spilled = if method.least < method.peak {
                format!(", {} with activations in a file", size(method.least))
            } else {
                String::new()
            };
            (name, format!("{:<12} {}{spilled}", method.method, size(method.peak)))
        }));
        rows.push(("available", plan.available.map_or_else(|| "the system does not say".to_owned(), size)));
        rows
    }

    fn print<T: Serialize>(&self, found: &T, text: &str) -> Result<u8, Failure> {
        if self.json {
            output::print_json(&serde_json::to_value(found).unwrap_or_default())?;
        } else {
            output::print(text)?;
        }
        Ok(super::DONE)
    }
}

/// The rows that only a GGUF file has.
fn gguf_rows(found: &GgufSummary) -> Vec<(&'static str, String)> {
    let mut rows: Vec<_> = found.name.iter().map(|name| ("name", name.clone())).collect();
    rows.extend(
        found.types.iter().zip(["types"].into_iter().chain(std::iter::repeat(""))).map(|(sum, name)| {
            (name, format!("{}: {} tensors, {:.2} MB", sum.name, sum.tensors, sum.bytes as f64 / 1e6))
        }),
    );
    let template = if found.template { "a chat template" } else { "no chat template" };
    let tokenizer = found.tokenizer.as_deref().unwrap_or("none");
    rows.push(("tokenizer", format!("{tokenizer}, {} tokens, {template}", found.vocabulary)));
    rows
}

/// One line a fact of a file whose model cannot be run.
fn refused(found: &GgufSummary) -> String {
    let number = |value: Option<u64>| value.map_or_else(|| "?".to_owned(), |value| value.to_string());
    let sizes = format!("{} blocks of width {}", number(found.layers), number(found.hidden_size));
    let mut rows = vec![
        ("architecture", format!("{}, {sizes}", found.architecture)),
        ("context", format!("{} tokens", number(found.context))),
        ("format", "gguf".to_owned()),
    ];
    rows.extend(gguf_rows(found));
    rows.push(("bits", format!("{:.2} a weight of all", found.bits())));
    rows.push(("size", format!("{:.2} M parameters", found.parameters() as f64 / 1e6)));
    rows.extend(found.refused.iter().map(|why| ("not run", why.clone())));
    lines(&rows)
}

fn lines(rows: &[(&str, String)]) -> String {
    rows.iter().map(|(name, value)| format!("{name:<13} {value}\n")).collect()
}

/// One line a fact.
fn text(found: &Inspection) -> String {
    let kinds: Vec<String> = found.linears.iter().map(|(kind, count)| format!("{count} of {kind}")).collect();
    let mut rows = vec![
        ("architecture", format!("{}, {} blocks of width {}", found.architecture, found.layers, found.hidden_size)),
        ("vocabulary", format!("{}{}", found.vocab_size, if found.tied { ", head tied to the embedding" } else { "" })),
        ("context", format!("{} tokens", found.context)),
        ("format", found.format.clone()),
        ("linears", kinds.join(", ")),
    ];
    rows.extend(found.gguf.iter().flat_map(gguf_rows));
    rows.extend(found.activations.as_ref().map(|kind| ("activations", format!("{kind}, a scale for each token"))));
    rows.extend(found.kv_bits.map(|bits| ("KV cache", format!("{bits} bits"))));
    let zeros = found.linear_sparsity * 100.0;
    rows.extend([
        ("bits", format!("{:.2} a weight of the linears, {:.2} of all", found.linear_bits, found.checkpoint_bits)),
        ("zeros", format!("{zeros:.1}% of the linears' weights")),
        ("size", format!("{:.1} MB, {:.2} M parameters", found.bytes as f64 / 1e6, found.parameters as f64 / 1e6)),
    ]);
    if let Some(made) = &found.made {
        let calibration = made.calibration.as_ref().map_or(String::new(), |text| {
            format!(", calibrated on {} x {} tokens of {}", text.sequences, text.length, text.source)
        });
        rows.push(("made by", format!("{}{calibration}", made.method)));
        rows.push(("made from", made.base_digest.clone()));
        rows.push(("warnings", made.warnings.len().to_string()));
    }
    rows.push(("sha256", found.digest.clone()));
    lines(&rows)
}
