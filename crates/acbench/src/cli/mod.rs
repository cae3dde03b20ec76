//! From arguments to an exit code: the verbs, one file each, and what they share.

mod analyze;
mod asked;
mod blame;
mod compare;
mod compress;
mod data;
mod evaluate;
mod export;
mod failure;
mod gate;
mod generate;
mod inspect;
mod list;
mod output;
mod paper;
mod plan;
mod probe;
mod progress;
mod recommend;
mod report;
mod run;
mod run_args;
mod score;
mod serve;
mod signals;
mod status;
mod submit;
mod sweep;
mod view;
mod worker;

use std::ffi::{OsStr, OsString};
use std::process::ExitCode;

use clap::{Parser, Subcommand};

use failure::Failure;

/// Everything was done.
const DONE: u8 = 0;
/// It could not be done: a wrong flag, a broken file, a full disk. What was finished is kept.
const STOPPED: u8 = 2;
/// Done, but some samples failed, or some scores could not be compared.
const SAMPLES_FAILED: u8 = 3;

/// Measures what compressing a language model costs when it works as an agent.
#[derive(Parser)]
#[command(name = "acbench", version, after_help = AFTER, arg_required_else_help = true)]
struct Cli {
    #[command(subcommand)]
    verb: Verb,

    /// Threads to compute with; they change no result [default: one for each core that this process may use]
    #[arg(long, value_name = "N", global = true, value_parser = threads)]
    threads: Option<usize>,
}

const AFTER: &str = "\
Examples:
  acbench evaluate --compression_method gptq --tasks workflow tool_use long_context real_world
  acbench evaluate --model_name ./Qwen2.5-0.5B-Instruct --compression_method gptq wanda --limit 50
  acbench report runs/pico-gptq-w4-g128-1f3a9c02 --json
  acbench compare before.eval after.eval

Flags may be written with `-` or `_`. The same command again resumes a run that was stopped.
Exit codes: 0 done; 1 `gate`: the budget is broken, `recommend`: no variant is shown to be what was asked for; 2 not done
(what, where and what to do is on stderr); 3 done, but some samples failed, or `compare` could not compare all; 75 `worker`:
it was told to end, and gave back what was not done.";

#[derive(Subcommand)]
enum Verb {
    /// Compress, generate, score, analyze and report, in one go
    Evaluate(evaluate::Evaluate),
    /// Evaluate every combination of models, methods, tasks and seeds that a file names
    Run(run::RunAll),
    /// Share the work of runs with other workers, on this host and on others
    Worker(worker::Worker),
    /// Submit workers to Slurm, or write a job for Kubernetes
    Submit(submit::Submit),
    /// Show how far runs are, and who does what
    Status(status::Status),
    /// Write a compressed checkpoint
    Compress(compress::Compress),
    /// Say what a checkpoint is: architecture, format, bits, zeros, sizes, digest
    Inspect(inspect::Inspect),
    /// Ask the dense and the compressed model every sample
    Generate(generate::Generate),
    /// Judge the replies of a run
    Score(score::Score),
    /// Let every variant read what the dense model wrote, and keep what each predicts
    Probe(probe::Probe),
    /// Compare the compressed variants of a run with the dense model
    Analyze(analyze::Analyze),
    /// Find the linears that a variant's loss comes from, and write a recipe that spares them
    Blame(blame::Blame),
    /// Write the tables, figures and the page of a run
    Report(report::Report),
    /// Compare any two logs item by item: of lm-eval, Inspect, BFCL, or variants of runs
    Compare(compare::Compare),
    /// Check a run against a budget, for CI
    Gate(gate::Gate),
    /// Say how many samples a margin needs, and what the samples of a run can show
    Plan(plan::Plan),
    /// Say which variant of a run to use, by size, speed and what it loses
    Recommend(recommend::Recommend),
    /// Write a run as tables, or as logs of lm-evaluation-harness or Inspect
    Export(export::Export),
    /// Show the paper's tables, beside a run or whole
    Paper(paper::Paper),
    /// Serve a variant or a model to other programs, or print how others serve it
    Serve(serve::Serve),
    /// Show the report of a run in a browser
    View(view::View),
    /// Say how the official data of a benchmark is fetched
    Data(data::Data),
    /// List tasks, methods or models
    List(list::List),
}

/// Parses the arguments of the process and does what they say.
pub(crate) fn main() -> ExitCode {
    let cli = match Cli::try_parse_from(std::env::args_os().scan(false, |ended, arg| Some(spelled(arg, ended)))) {
        Ok(cli) => cli,
        Err(error) => {
            let code = if error.use_stderr() { STOPPED } else { DONE };
            // Nobody is left to tell where even this cannot be written.
            drop(error.print());
            return code.into();
        }
    };
    if let Some(Err(error)) = cli.threads.map(acbench::use_threads) {
        return Failure::from(error).show().into();
    }
    let done = match cli.verb {
        Verb::Evaluate(verb) => verb.run(),
        Verb::Run(verb) => verb.run(),
        Verb::Worker(verb) => verb.run(),
        Verb::Submit(verb) => verb.run(cli.threads),
        Verb::Status(verb) => verb.run(),
        Verb::Compress(verb) => verb.run(),
        Verb::Inspect(verb) => verb.run(),
        Verb::Generate(verb) => verb.run(),
        Verb::Score(verb) => verb.run(),
        Verb::Probe(verb) => verb.run(),
        Verb::Analyze(verb) => verb.run(),
        Verb::Blame(verb) => verb.run(),
        Verb::Report(verb) => verb.run(),
        Verb::Compare(verb) => verb.run(),
        Verb::Gate(verb) => verb.run(),
        Verb::Plan(verb) => verb.run(),
        Verb::Recommend(verb) => verb.run(),
        Verb::Export(verb) => verb.run(),
        Verb::Paper(verb) => verb.run(),
        Verb::Serve(verb) => verb.run(),
        Verb::View(verb) => verb.run(),
        Verb::Data(verb) => verb.run(),
        Verb::List(verb) => verb.run(),
    };
    match done {
        Ok(code) => code.into(),
        Err(failure) => failure.show().into(),
    }
}

/// Threads: more than a machine has are made, and more than any has are a slip.
fn threads(text: &str) -> Result<usize, String> {
    let number = text.parse().ok().filter(|number| (1..=1024).contains(number));
    number.ok_or_else(|| "a whole number from 1 to 1024".to_owned())
}

/// The same for flags that stand in a file.
fn spelled_all(flags: &[String]) -> Vec<OsString> {
    flags.iter().scan(false, |ended, flag| Some(spelled(flag.into(), ended))).collect()
}

/// `--model-name=X` as `--model_name=X`: names of flags accept `-` for `_`. What follows `--` is left alone.
fn spelled(arg: OsString, ended: &mut bool) -> OsString {
    *ended |= arg == OsStr::new("--");
    let Some(name) = arg.to_str().and_then(|text| text.strip_prefix("--")).filter(|_| !*ended) else { return arg };
    let (name, value) = name.split_once('=').map_or((name, None), |(name, value)| (name, Some(value)));
    let name = name.replace('-', "_");
    value.map_or_else(|| format!("--{name}"), |value| format!("--{name}={value}")).into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_command_line_is_consistent() {
        <Cli as clap::CommandFactory>::command().debug_assert();
    }

    #[test]
    fn a_run_that_goes_on_takes_the_flags_of_speed_only() {
        let mut command = <Cli as clap::CommandFactory>::command();
        command.build();
        let names = |args: Vec<&clap::Arg>| args.iter().map(|arg| arg.get_id().to_string()).collect::<Vec<_>>();
        let generate = command.find_subcommand("generate");
        let kept = generate.and_then(|verb| {
            let run = verb.get_arguments().find(|arg| arg.get_id() == "run")?;
            let refused = names(verb.get_arg_conflicts_with(run));
            Some(names(verb.get_arguments().filter(|arg| !refused.contains(&arg.get_id().to_string())).collect()))
        });
        assert_eq!(
            kept.unwrap_or_default(),
            ["run", "batch_size", "request_timeout", "api_key_file", "stream", "json", "threads", "help"]
        );
    }

    #[test]
    fn flags_are_spelled_with_either_line_and_values_are_not_touched() {
        let spell = |args: &[&str]| -> Vec<OsString> {
            args.iter().scan(false, |ended, arg| Some(spelled((*arg).into(), ended))).collect()
        };
        assert_eq!(
            spell(&["--model-name", "a-b", "--output-path=x-y=z", "-h", "--", "--a-b"]),
            ["--model_name", "a-b", "--output_path=x-y=z", "-h", "--", "--a-b"]
        );
    }
}
