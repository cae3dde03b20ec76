//! `acbench run`

use std::path::PathBuf;

use acbench::{Run, Sweep, SweepRun};
use clap::Args;
use serde_json::{Value, json};

use super::Failure;
use super::output;
use super::progress::Progress;
use super::run_args::RunArgs;
use super::sweep::planned;

/// Evaluate every combination of models, methods, tasks and seeds that a file names
///
/// All of them are planned before the first begins. One that stops does not stop the others. The same command goes on where
/// it stopped.
#[derive(Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct RunAll {
    /// The TOML file
    #[arg(value_name = "PLAN")]
    plan: PathBuf,

    /// Only say what would be run, and what it takes
    #[arg(long = "dry_run")]
    dry_run: bool,

    /// Only make the folders of the runs, for `acbench worker` to work on
    #[arg(long, conflicts_with = "dry_run")]
    prepare: bool,

    /// Print the runs as JSON
    #[arg(long)]
    json: bool,
}

const EXAMPLES: &str = "\
Example of a plan:
  output_path = \"runs/sweep\"
  [each]
  tasks = [\"tool_use\", \"pddl\"]
  limit = 50
  [matrix]
  model_name = [\"./Qwen2.5-0.5B-Instruct\", \"./SmolLM2-135M-Instruct\"]
  compression_method = [[\"gptq\", \"awq\"], \"wanda\"]
  seed = [0, 1]

  acbench run plan.toml --dry_run     then without it: eight runs, runs/sweep/wanda_SmolLM2-135M-Instruct_seed-1 the last";

/// What became of a run.
struct Outcome {
    run: SweepRun,
    /// How many samples failed, or why it stopped.
    end: Result<usize, String>,
}

impl RunAll {
    pub(crate) fn run(&self) -> Result<u8, Failure> {
        let Sweep { root, runs } = acbench::sweep(&self.plan)?;
        let planned_runs = planned(&runs, self.dry_run)?;
        if self.dry_run || self.prepare {
            let names: Vec<Value> = runs.iter().map(|run| json!({"run": run.folder, "flags": run.flags})).collect();
            match self.json {
                true => output::print_json(&json!(names))?,
                false => runs.iter().try_for_each(|run| output::print(&format!("{}\n", run.folder.display())))?,
            }
            if self.prepare {
                output::complain(&format!(
                    "next: acbench worker {}, as often and on as many hosts as you like",
                    root.display()
                ));
            }
            return Ok(super::DONE);
        }
        let ends: Vec<Outcome> =
            runs.into_iter().zip(planned_runs).map(|(run, planned)| evaluated(run, planned)).collect();
        self.show(&ends)
    }

    fn show(&self, ends: &[Outcome]) -> Result<u8, Failure> {
        if self.json {
            let row = |Outcome { run, end }: &Outcome| json!({"run": run.folder, "failed": end.as_ref().ok(), "stopped": end.as_ref().err()});
            output::print_json(&ends.iter().map(row).collect::<Value>())?;
        } else {
            for Outcome { run, end } in ends {
                let end = match end {
                    Ok(0) => "done".to_owned(),
                    Ok(failed) => format!("done, {failed} samples failed"),
                    Err(why) => format!("stopped: {why}"),
                };
                output::print(&format!("{}: {end}\n", run.folder.display()))?;
            }
        }
        let stopped = ends.iter().any(|one| one.end.is_err());
        let failed = ends.iter().filter_map(|one| one.end.as_ref().ok()).sum();
        Ok(if stopped { super::STOPPED } else { output::code(failed) })
    }
}

/// Evaluates one run, whatever becomes of it.
fn evaluated(run: SweepRun, (mut planned, asked): (Run, RunArgs)) -> Outcome {
    let mut work = || -> Result<usize, Failure> {
        let mut progress = Progress::new();
        let watch = &mut |event| progress.show(event);
        let finished = acbench::evaluate(&mut planned, &asked.speed.how()?, output::shown(), watch)?;
        drop(progress);
        output::complain(&finished.table);
        Ok(finished.scored.failed)
    };
    let end = work().map_err(|failure| {
        failure.show();
        failure.to_string()
    });
    Outcome { run, end }
}
