//! `acbench recommend`

use std::path::PathBuf;

use acbench::{Capability, Constraints, LossLimit, Run};
use clap::Args;

use super::Failure;
use super::compress::size;
use super::output;
use super::run_args::points;

/// No variant is shown to be what was asked for.
const NONE: u8 = 1;

/// Say which variant of a run to use, by size, speed and what it loses
#[derive(Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct Recommend {
    /// The run folder
    #[arg(value_name = "RUN")]
    run: PathBuf,

    /// The most that the weights may take as stored, as 6GB
    #[arg(long, value_name = "SIZE", value_parser = size)]
    fits: Option<u64>,

    /// The most that all tasks together may lose, in points of 100
    #[arg(long, value_name = "POINTS", value_parser = points)]
    loses: Option<f64>,

    /// The most that a capability may lose: workflow, tool_use, long_context or real_world
    #[arg(long, value_name = "NAME=POINTS", num_args = 1.., value_parser = limit)]
    capability: Vec<LossLimit>,

    /// Print the recommendation as JSON
    #[arg(long)]
    json: bool,
}

const EXAMPLES: &str = "\
A variant keeps a limit only where its one-sided 95% bound does. Chosen is the smallest that keeps all; with --fits alone,
the one with the best bound; with none of these, the run's margin is the limit for all tasks together.

Examples:
  acbench recommend runs/a
  acbench recommend runs/a --fits 6GB --capability tool_use=3
  acbench recommend runs/a --loses 2 --capability tool_use=3 long_context=5 --json

Exit codes: 0 a variant is recommended; 1 none is shown to be what was asked for; 2 the run cannot be read.";

/// `tool_use=3`
fn limit(text: &str) -> Result<LossLimit, String> {
    let names: Vec<&str> = Capability::ALL.iter().map(|capability| capability.as_str()).collect();
    let wrong = || format!("a capability and points, as in tool_use=3; the capabilities are {}", names.join(", "));
    let (name, most) = text.split_once('=').ok_or_else(wrong)?;
    let name = name.trim().to_lowercase().replace(['-', ' '], "_");
    let capability = Capability::ALL.into_iter().find(|capability| capability.as_str() == name).ok_or_else(wrong)?;
    Ok(LossLimit { capability: Some(capability), most: points(most.trim())? / 100.0 })
}

impl Recommend {
    pub(crate) fn run(&self) -> Result<u8, Failure> {
        let all = self.loses.map(|points| LossLimit { capability: None, most: points / 100.0 });
        let losses = all.into_iter().chain(self.capability.iter().copied()).collect();
        let found = acbench::recommend(&Run::open(&self.run)?, Constraints { bytes: self.fits, losses })?;
        if self.json {
            output::print_json(&serde_json::to_value(&found).unwrap_or_default())?;
        } else {
            output::print(&acbench::recommend_terminal(&found, output::shown().width))?;
        }
        Ok(if found.chosen.is_some() { super::DONE } else { NONE })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn limits_are_read_by_capability() {
        let read = limit("tool-use = 2.5");
        assert!(read.is_ok_and(|it| it.capability == Some(Capability::ToolUse) && (it.most - 0.025).abs() < 1e-12));
        for text in ["tool_use", "tools=3", "tool_use=-1", "tool_use=x"] {
            assert!(limit(text).is_err(), "{text}");
        }
    }
}
