//! `acbench worker`

use std::path::PathBuf;
use std::time::Duration;

use acbench::{Ending, STOPPED_CODE, Stage, Stop, Worked, WorkerOptions};
use clap::{Args, ValueEnum};
use serde_json::{Value, json};

use super::Failure;
use super::output;
use super::progress::Progress;
use super::run_args::{SpeedArgs, positive};
use super::signals;

/// Share the work of runs with other workers, on this host and on others
///
/// A worker takes one unit of work after another (a variant to compress, a slice of a task's samples, the scores of a run)
/// until all are done, and takes over from workers that give no sign of life. The last one scores and reports. On TERM, INT or
/// USR1 it ends after the replies in flight, with exit code 75.
#[derive(Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct Worker {
    /// A run folder, or a folder of runs: the `output_path` of a plan
    #[arg(value_name = "DIR")]
    folder: PathBuf,

    /// What this worker does [default: all of them, each when its turn comes]
    #[arg(long, value_name = "STAGE", num_args = 1.., value_enum)]
    stage: Vec<StageArg>,

    #[command(flatten)]
    lease: LeaseArgs,

    #[command(flatten)]
    speed: SpeedArgs,

    /// Print what was done as JSON
    #[arg(long)]
    json: bool,
}

const EXAMPLES: &str = "\
Examples:
  acbench run plan.toml --prepare     then on every host that sees the folder, as often as its memory allows:
  acbench worker runs/sweep
  acbench worker runs/sweep --stage compress
  acbench status runs/sweep --watch";

/// What `--stage` says.
#[derive(Clone, Copy, ValueEnum)]
enum StageArg {
    /// Makes variants ready
    Compress,
    /// Asks them
    Generate,
    /// Scores, analyzes and reports once all is said
    Score,
}

/// How work is shared.
#[derive(Args, Clone)]
pub(super) struct LeaseArgs {
    /// Seconds without a sign of life after which others take a worker's unit over
    #[arg(long = "lease_timeout", value_name = "S", default_value_t = 60, value_parser = clap::value_parser!(u64).range(1..=86_400))]
    timeout: u64,

    /// Samples in a unit of work; counts for the first worker of a run, the others do as it does
    #[arg(long = "shard_size", value_name = "N", default_value = "64", value_parser = positive)]
    pub shard_size: usize,
}

impl LeaseArgs {
    /// The same as flags, for a worker that another program starts.
    pub fn flags(&self) -> Vec<String> {
        vec![format!("--lease_timeout={}", self.timeout)]
    }
}

impl Worker {
    pub(crate) fn run(&self) -> Result<u8, Failure> {
        let stop = Stop { asked: signals::ends(), exit: end };
        let stage = |stage: &StageArg| match stage {
            StageArg::Compress => Stage::Compress,
            StageArg::Generate => Stage::Generate,
            StageArg::Score => Stage::Score,
        };
        let mut stages: Vec<Stage> = self.stage.iter().map(stage).collect();
        if stages.is_empty() {
            stages.extend(Stage::ALL);
        }
        let options = WorkerOptions {
            how: self.speed.how()?,
            stages,
            timeout: Duration::from_secs(self.lease.timeout),
            shard_size: self.lease.shard_size,
            stop,
            shown: output::shown(),
        };
        let mut progress = Progress::new();
        let worked = acbench::work(&self.folder, &options, &mut |event| progress.show(event))?;
        drop(progress);
        self.show(worked)
    }

    fn show(&self, worked: Worked) -> Result<u8, Failure> {
        let Worked { units, stopped, failures, finished } = worked;
        if self.json {
            let failures: Value =
                failures.iter().map(|(what, why)| json!({"unit": what, "why": why.to_string()})).collect();
            let runs: Vec<_> = finished.iter().map(|(run, _)| run).collect();
            output::print_json(&json!({"units": units, "stopped": stopped, "failures": failures, "finished": runs}))?;
        } else {
            let what = if stopped { "told to end" } else { "nothing is left to do here" };
            output::print(&format!("{units} units of work done; {what}\n"))?;
            for (run, finished) in &finished {
                output::print(&format!("\n{}\n{}", run.display(), finished.table))?;
                output::print_files(&finished.files)?;
            }
        }
        let failed = finished.iter().map(|(_, finished)| finished.scored.failed).sum();
        let code = match (failures.is_empty(), stopped) {
            (false, _) => super::STOPPED,
            (true, true) => STOPPED_CODE,
            (true, false) => output::code(failed),
        };
        for (_, error) in failures {
            Failure::from(error).show();
        }
        Ok(code)
    }
}

/// Ends the process in the middle of work that cannot be left half-way.
fn end(ending: Ending) -> ! {
    output::complain(match ending {
        Ending::Told => "told to end: the unit of work is given back; whoever takes it goes on with what is on disk",
        Ending::Lost => {
            "another worker has taken this unit of work over: this process was silent for too long, and ends"
        }
    });
    std::process::exit(match ending {
        Ending::Told => STOPPED_CODE.into(),
        Ending::Lost => super::STOPPED.into(),
    })
}
