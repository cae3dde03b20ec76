//! `acbench blame`

use std::path::PathBuf;

use acbench::{BlameOptions, Run};
use clap::{Args, ValueEnum};

use super::Failure;
use super::output;
use super::progress::Progress;

/// What is put back at a time.
#[derive(Clone, Copy, ValueEnum)]
enum By {
    /// The linears that share an input (halves of a block where a method moved scales)
    Group,
    /// Whole blocks
    Block,
}

/// Find the linears that a variant's loss comes from, and write a recipe that spares them
#[derive(Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct Blame {
    /// The run folder, which was probed
    #[arg(value_name = "RUN")]
    run: PathBuf,

    /// The variant, as the run names it
    #[arg(value_name = "VARIANT")]
    variant: String,

    /// What is put back to dense at a time
    #[arg(long, value_enum, default_value = "group")]
    by: By,

    /// Look for the worst block only, by halves: few passes, for large models
    #[arg(long)]
    halving: bool,

    /// Tokens of the probe's texts that are read, about
    #[arg(long, value_name = "N", default_value_t = 4096)]
    tokens: usize,

    /// Write a recipe for --method_config: the variant's settings, with the worst parts at 8 bits (dense, where weights are
    /// only pruned)
    #[arg(long, value_name = "FILE")]
    write: Option<PathBuf>,

    /// How much larger the recipe may make the compressed linears, in percent
    #[arg(long, value_name = "PERCENT", default_value_t = 5.0)]
    size: f64,

    /// Print what was found as JSON
    #[arg(long)]
    json: bool,
}

const EXAMPLES: &str = "\
Each part is put back alone, and what disappears of KL(dense || variant) at the decisions is its share; parts work together,
so that the shares need not add up.

Examples:
  acbench probe runs/tools && acbench blame runs/tools gptq-w4-g64
  acbench blame runs/tools gptq-w4-g64 --write spared.toml --size 5
  acbench blame runs/tools gptq-w4-g64 --by block --halving";

/// Parts that the table shows.
const SHOWN: usize = 15;
/// Columns of the longest bar.
const BAR: usize = 24;

impl Blame {
    pub(crate) fn run(&self) -> Result<u8, Failure> {
        let run = Run::open(&self.run)?;
        if !(self.size.is_finite() && self.size >= 0.0) {
            let problem = "it should be a percentage, 0 or more".to_owned();
            return Err(acbench::Error::Flag { flag: "--size", value: self.size.to_string(), problem }.into());
        }
        let mut progress = Progress::new();
        let options = BlameOptions { groups: matches!(self.by, By::Group), halving: self.halving, tokens: self.tokens };
        let found = acbench::blame(&run, &self.variant, options, &mut |event| progress.show(event))?;
        drop(progress);
        match self.json {
            true => output::print_json(&serde_json::to_value(&found).unwrap_or_default())?,
            false => output::print(&chart(&found))?,
        }
        if let Some(path) = &self.write {
            let spared = acbench::write_recipe(&run, &self.variant, &found, self.size / 100.0, path)?;
            let acbench::Spared { parts, bits, bytes, before } = &spared;
            output::complain(&format!(
                "{}: {} parts at {bits}{}, {:.1}% larger ({bytes} bytes more than {before})",
                path.display(),
                parts.len(),
                if *bits == "dense" { "" } else { " bits" },
                *bytes as f64 * 100.0 / (*before).max(1) as f64
            ));
        }
        Ok(super::DONE)
    }
}

/// The parts that recover most, as bars.
fn chart(found: &acbench::Blamed) -> String {
    let mut text = format!(
        "KL at {} decisions of {} texts: {:.4} nats. Put back alone, these recover most:\n",
        found.positions, found.texts, found.kl
    );
    let shown = &found.parts[..found.parts.len().min(SHOWN)];
    let names: Vec<String> = shown.iter().map(acbench::BlamedPart::name).collect();
    let width = names.iter().map(|name| name.chars().count()).max().unwrap_or(0);
    let most = shown.first().map_or(0.0, |part| part.recovered).max(f64::MIN_POSITIVE);
    for (part, name) in shown.iter().zip(&names) {
        let bar = "█".repeat((part.recovered / most * BAR as f64).round().max(0.0) as usize);
        let share = part.recovered / found.kl.max(f64::MIN_POSITIVE) * 100.0;
        text.push_str(&format!("  {name:<width$}  {bar:<BAR$}  {share:>5.1}%\n"));
    }
    text
}
