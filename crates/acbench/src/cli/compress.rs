//! `acbench compress`

use std::path::PathBuf;

use acbench::{Compression, Error, FORMATS, Format, FormatInfo, TextOrigin};
use clap::Args;

use super::Failure;
use super::output;
use super::progress::Progress;
use super::run_args::{CompressionArgs, ModelArgs};

/// Write a compressed checkpoint
#[derive(Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct Compress {
    #[command(flatten)]
    model: ModelArgs,

    /// The method (`acbench list methods`), or several: smoothquant+gptq, wanda+gptq
    #[arg(long = "compression_method", alias = "method", value_name = "METHOD")]
    method: String,

    #[command(flatten)]
    compression: CompressionArgs,

    #[arg(long, value_name = "FORMAT", value_parser = format, help = formats_help())]
    format: Option<Format>,

    /// Memory to stay within, as 8GB: past it, calibration activations lie in a file
    #[arg(long = "ram_budget", value_name = "SIZE", value_parser = size)]
    ram_budget: Option<u64>,

    /// The folder to write [default: the model's and the variant's name, in the current folder]
    #[arg(long = "output_path", value_name = "DIR")]
    output: Option<PathBuf>,

    /// Print the record of the compression as JSON
    #[arg(long)]
    json: bool,
}

const EXAMPLES: &str = "\
Examples:
  acbench compress --model_name ./Qwen2.5-0.5B-Instruct --compression_method gptq
  acbench compress --compression_method gptq --method_args bits=3,symmetric=false --output_path pico-3bit
  acbench compress --compression_method wanda --method_args sparsity=2:4 --calibration notes.txt --json
  acbench compress --model_name ./Qwen2.5-7B-Instruct --compression_method smoothquant+gptq --ram_budget 8GB

The same command again goes on after the last finished block.";

/// The names of all formats.
fn formats() -> String {
    FORMATS.iter().map(|format| format.name).collect::<Vec<_>>().join(", ")
}

fn formats_help() -> String {
    format!("What to write: {} [default: compressed-tensors where weights are quantized, else dense]", formats())
}

/// A format by its name.
fn format(text: &str) -> Result<Format, String> {
    FormatInfo::named(text).ok_or_else(|| format!("the formats are {}", formats()))
}

/// `8GB`, `512 MB`, `1.5GiB`, or bytes.
pub(super) fn size(text: &str) -> Result<u64, String> {
    let text = text.trim().to_lowercase();
    let at = text.find(|c: char| !c.is_ascii_digit() && c != '.').unwrap_or(text.len());
    let (number, unit) = text.split_at(at);
    let unit = match unit.trim() {
        "" | "b" => 1.0,
        "kb" | "k" => 1e3,
        "mb" | "m" => 1e6,
        "gb" | "g" => 1e9,
        "kib" => 1024.0,
        "mib" => 1_048_576.0,
        "gib" => 1_073_741_824.0,
        _ => return Err("a size such as 8GB or 512MB".to_owned()),
    };
    let number: Option<f64> = number.parse().ok().filter(|number| *number > 0.0);
    number.map(|number| (number * unit) as u64).ok_or_else(|| "a size such as 8GB or 512MB".to_owned())
}

impl Compress {
    pub(crate) fn run(&self) -> Result<u8, Failure> {
        let model = self.model.folder()?;
        let checkpoint = acbench::open_checkpoint(model.as_deref())?;
        output::notes(checkpoint.notes());
        let chosen = self.compression.methods(std::slice::from_ref(&self.method), &checkpoint)?;
        let [recipe] = &chosen[..] else {
            let problem = "name one method; `acbench list methods` lists them".to_owned();
            let (flag, value) = ("--compression_method", self.method.clone());
            return Err(Error::Flag { flag, value, problem }.into());
        };
        let choice = self.compression.calibration(model.as_deref(), &chosen)?;
        let variant = recipe.variant_name();
        let origins = choice.origins(&checkpoint)?;
        let out = self.output.clone().unwrap_or_else(|| self.default_output(&variant));
        let wanted = Compression {
            recipe,
            calibration: origins.first().unwrap_or(&TextOrigin::Twins),
            kept: None,
            seed: self.compression.seed,
            format: self.format,
            ram_budget: self.ram_budget,
            out: &out,
        };
        let mut progress = Progress::new();
        let record = acbench::compress(&checkpoint, &wanted, &mut |event| progress.show(event))?;
        drop(progress);
        if self.json {
            output::print_json(&serde_json::to_value(&record).unwrap_or_default())?;
        } else {
            output::print(&format!(
                "{}: {:.2} bits a weight, {:.0}% zeros; {:.2} bits a weight over the whole checkpoint\n{}\n",
                variant,
                record.effective_bits,
                record.sparsity * 100.0,
                record.checkpoint_bits,
                out.display()
            ))?;
        }
        Ok(super::DONE)
    }

    /// `Qwen2.5-0.5B-Instruct-gptq-w4-g128`
    fn default_output(&self, variant: &str) -> PathBuf {
        let folder = self.model.model.as_deref().and_then(|folder| std::path::absolute(folder).ok());
        let name = folder.as_deref().and_then(|folder| folder.file_name());
        PathBuf::from(format!("{}-{variant}", name.map_or(acbench::PICO.into(), |name| name.to_string_lossy())))
    }
}
