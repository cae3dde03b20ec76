//! `acbench inspect`

use std::path::PathBuf;

use acbench::{Error, Inspection};
use clap::Args;

use super::Failure;
use super::output;

/// Say what a checkpoint is: architecture, format, bits, zeros, sizes, digest
#[derive(Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct Inspect {
    /// The folder of the checkpoint [default: the bundled model]
    #[arg(value_name = "DIR")]
    folder: Option<PathBuf>,

    /// Print it as JSON
    #[arg(long)]
    json: bool,
}

const EXAMPLES: &str = "\
Examples:
  acbench inspect pico-gptq-w4-g128
  acbench inspect ./Qwen2.5-7B-Instruct-AWQ --json";

impl Inspect {
    pub(crate) fn run(&self) -> Result<u8, Failure> {
        let checkpoint = acbench::open_checkpoint(self.folder.as_deref())?;
        output::notes(checkpoint.notes());
        let found = acbench::inspect(&checkpoint).map_err(Error::from)?;
        if self.json {
            output::print_json(&serde_json::to_value(&found).unwrap_or_default())?;
        } else {
            output::print(&text(&found))?;
        }
        Ok(super::DONE)
    }
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
    rows.iter().map(|(name, value)| format!("{name:<13} {value}\n")).collect()
}
