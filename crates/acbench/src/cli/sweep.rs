//! The runs of a plan, made or tried.

use acbench::{Run, SweepRun};
use clap::Parser;

use super::Failure;
use super::output;
use super::run_args::RunArgs;

/// The flags of one run.
#[derive(Parser)]
#[command(name = "acbench run", no_binary_name = true)]
struct Asked {
    #[command(flatten)]
    asked: RunArgs,
}

/// Makes the folders of all runs, or only tries whether that goes; with their flags.
pub(super) fn planned(runs: &[SweepRun], try_only: bool) -> Result<Vec<(Run, RunArgs)>, Failure> {
    let elsewhere = try_only.then(|| std::env::temp_dir().join(format!("acbench-{}", std::process::id())));
    let mut all = Vec::new();
    for (index, run) in runs.iter().enumerate() {
        output::complain(&format!("{} of {}: {}", index + 1, runs.len(), run.name));
        let folder = elsewhere.as_ref().map_or_else(|| run.folder.clone(), |folder| folder.join(&run.name));
        let flags = [&run.flags[..], &[format!("--output_path={}", folder.display())]].concat();
        let parsed = Asked::try_parse_from(super::spelled_all(&flags)).map_err(|error| wrong(run, &error));
        // Planning says what it takes, and what is wrong.
        let planned = parsed.and_then(|parsed| Ok((parsed.asked.plan()?, parsed.asked)));
        if let Some(folder) = &elsewhere {
            drop(std::fs::remove_dir_all(folder));
        }
        all.push(planned?);
    }
    Ok(all)
}

/// A flag of a run that is none.
fn wrong(run: &SweepRun, error: &clap::Error) -> Failure {
    let text = error.to_string();
    let problem = text.lines().next().unwrap_or_default().trim_start_matches("error: ").to_owned();
    acbench::Error::Flag { flag: "PLAN", value: run.name.clone(), problem }.into()
}
