//! `acbench evaluate`

use clap::Args;

use super::Failure;
use super::output;
use super::progress::Progress;
use super::run_args::RunArgs;

/// Compress, generate, score, analyze and report, in one go
#[derive(Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct Evaluate {
    #[command(flatten)]
    asked: RunArgs,

    /// Print the result as JSON
    #[arg(long)]
    json: bool,
}

const EXAMPLES: &str = "\
Examples:
  acbench evaluate --compression_method gptq --tasks workflow tool_use long_context real_world
  acbench evaluate --compression_method gptq rtn --method_args bits=3 --tasks workflow --limit 50
  acbench evaluate --model_name ./Qwen2.5-0.5B-Instruct --compression_method wanda --method_args sparsity=2:4
  acbench evaluate --model_name ./SmolLM2-135M-Instruct --variant q4_k_m=./SmolLM2-135M-Instruct.Q4_K_M.gguf --limit 50
  acbench evaluate --compression_method gptq --tasks worfbench --data worfbench=./WorfBench/toolbench";

impl Evaluate {
    pub(crate) fn run(&self) -> Result<u8, Failure> {
        let mut run = self.asked.plan()?;
        let mut progress = Progress::new();
        let watch = &mut |event| progress.show(event);
        let finished = acbench::evaluate(&mut run, &self.asked.speed.how()?, output::shown(), watch)?;
        drop(progress);
        if self.json {
            output::print_json(&finished.json)?;
        } else {
            output::print(&finished.table)?;
            output::print_files(&finished.files)?;
        }
        Ok(output::code(finished.scored.failed))
    }
}
