//! `acbench submit`

use std::path::{Path, PathBuf};
use std::process::Command;

use acbench::{Error, Executor, Submission, Sweep};
use clap::{Args, ValueEnum};

use super::Failure;
use super::output;
use super::run_args::positive;
use super::sweep::planned;
use super::worker::LeaseArgs;

/// Submit workers to Slurm, or write a job for Kubernetes
///
/// The runs of the plan are made, then `submit/` in their folder: for Slurm scripts that submit arrays of workers (compress,
/// then generate, then score), which are run unless --dry_run is given; for Kubernetes the manifest of an Indexed Job, to be
/// looked at and created by you.
#[derive(Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct Submit {
    /// The TOML file, as for `acbench run`
    #[arg(value_name = "PLAN")]
    plan: PathBuf,

    /// Who starts the workers
    #[arg(long, value_name = "EXECUTOR", value_enum)]
    executor: ExecutorArg,

    /// How many workers
    #[arg(long, value_name = "N", default_value = "4", value_parser = positive)]
    workers: usize,

    /// Only write the files
    #[arg(long = "dry_run")]
    dry_run: bool,

    /// A flag for every sbatch; may be given several times
    #[arg(long, value_name = "FLAG", allow_hyphen_values = true)]
    sbatch: Vec<String>,

    /// Kubernetes: an image that has acbench
    #[arg(long, value_name = "IMAGE", required_if_eq("executor", "kubernetes"))]
    image: Option<String>,

    /// Kubernetes: the claim of a volume that all pods share, with the runs and the models
    #[arg(long, value_name = "CLAIM", required_if_eq("executor", "kubernetes"))]
    claim: Option<String>,

    /// Kubernetes: where that volume is mounted, here and in the pods [default: the folder of the runs]
    #[arg(long, value_name = "PATH")]
    mount: Option<PathBuf>,

    #[command(flatten)]
    lease: LeaseArgs,
}

const EXAMPLES: &str = "\
Examples:
  acbench submit plan.toml --executor slurm --workers 16 --sbatch=--partition=gpu --sbatch=--gres=gpu:1 --sbatch=--time=4:00:00
  acbench submit plan.toml --executor slurm --dry_run     writes submit/submit.sh and submit/worker.sh, to be read first
  acbench submit plan.toml --executor kubernetes --workers 16 --image registry/acbench --claim runs --mount /runs
  acbench status runs/sweep --watch";

/// What `--executor` says.
#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
enum ExecutorArg {
    /// Arrays of jobs that depend on each other
    Slurm,
    /// An Indexed Job
    Kubernetes,
}

impl Submit {
    /// `threads`: of each worker.
    pub(crate) fn run(&self, threads: Option<usize>) -> Result<u8, Failure> {
        self.check()?;
        let Sweep { root, runs } = acbench::sweep(&self.plan)?;
        let speeds = planned(&runs, false)?.into_iter().map(|(_, asked)| asked.speed.flags());
        let mut speeds: Vec<Vec<String>> = speeds.collect();
        speeds.dedup();
        if let [one, other, ..] = &speeds[..] {
            let problem = format!(
                "workers do all runs with the same speed, not with `{}` and `{}`",
                one.join(" "),
                other.join(" ")
            );
            return Err(Error::Flag { flag: "PLAN", value: self.plan.display().to_string(), problem }.into());
        }
        let threads = threads.map(|threads| format!("--threads={threads}")).into_iter().collect();
        let absolute = |path: &Path| std::path::absolute(path).unwrap_or_else(|_| path.to_owned());
        let wanted = Submission {
            folder: absolute(&root),
            program: std::env::current_exe().unwrap_or_else(|_| "acbench".into()),
            workers: self.workers,
            flags: [speeds.concat(), self.lease.flags(), threads].concat(),
            shard_size: self.lease.shard_size,
        };
        let executor = match self.executor {
            ExecutorArg::Slurm => Executor::Slurm { flags: self.sbatch.clone() },
            ExecutorArg::Kubernetes => Executor::Kubernetes {
                image: self.image.clone().unwrap_or_default(),
                claim: self.claim.clone().unwrap_or_default(),
                mount: self.mount.as_deref().map_or_else(|| wanted.folder.clone(), absolute),
            },
        };
        let files = acbench::submit(&wanted, &executor)?;
        let Some(first) = files.first() else { return Ok(super::DONE) };
        match self.executor {
            ExecutorArg::Slurm if !self.dry_run => hand_over(first),
            ExecutorArg::Slurm => Ok(output::print(&format!("sh {}\n", first.display()))?),
            ExecutorArg::Kubernetes => Ok(output::print(&format!("kubectl create -f {}\n", first.display()))?),
        }
        .map(|()| super::DONE)
    }

    /// That each flag is of the executor.
    fn check(&self) -> Result<(), Error> {
        let kubernetes = self.executor == ExecutorArg::Kubernetes;
        let given = [
            ("--sbatch", !self.sbatch.is_empty() && kubernetes),
            ("--image", self.image.is_some() && !kubernetes),
            ("--claim", self.claim.is_some() && !kubernetes),
            ("--mount", self.mount.is_some() && !kubernetes),
        ];
        let wrong = given.into_iter().find(|(_, wrong)| *wrong);
        wrong.map_or(Ok(()), |(flag, _)| {
            let problem = if kubernetes { "it is for --executor slurm" } else { "it is for --executor kubernetes" };
            Err(Error::Flag { flag, value: String::new(), problem: problem.to_owned() })
        })
    }
}

/// Runs the script that submits; its output, the jobs, is ours.
fn hand_over(script: &Path) -> Result<(), Failure> {
    let problem = match Command::new("sh").arg(script).status() {
        Ok(status) if status.success() => return Ok(()),
        Ok(status) => format!("it ended with {status}; what it submitted until then is above"),
        Err(error) => format!("sh cannot be run: {error}"),
    };
    let problem = format!("{problem}. `sh {}` submits by hand", script.display());
    Err(Error::Flag { flag: "--executor", value: "slurm".to_owned(), problem }.into())
}
