//! `acbench status`

use std::io::{self, IsTerminal};
use std::path::PathBuf;
use std::time::{Duration, Instant};

use acbench::{Counted, RunStatus, Status as Found, TaskStatus, WorkerStatus};
use clap::Args;

use super::Failure;
use super::output;
use super::progress::about;

/// The least time between two looks.
const PAUSE: Duration = Duration::from_secs(2);
/// Workers that are shown; of more, the number.
const SHOWN: usize = 20;

/// Show how far runs are, and who does what
#[derive(Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct Status {
    /// A run folder, or a folder of runs
    #[arg(value_name = "DIR")]
    folder: PathBuf,

    /// Look again until all is done
    #[arg(long)]
    watch: bool,

    /// Print it as JSON
    #[arg(long)]
    json: bool,
}

const EXAMPLES: &str = "\
Examples:
  acbench status runs/sweep --watch
  acbench status runs/sweep --json | jq '.runs[].workers[] | select(.gone)'";

impl Status {
    pub(crate) fn run(&self) -> Result<u8, Failure> {
        let mut counted = Counted::default();
        loop {
            let began = Instant::now();
            let found = acbench::status(&self.folder, &mut counted)?;
            if self.json {
                output::print_json(&serde_json::to_value(&found).unwrap_or_default())?;
            } else {
                // From the top of an empty screen.
                let clear = if self.watch && io::stdout().is_terminal() { "\x1b[H\x1b[2J" } else { "" };
                output::print(&format!("{clear}{}", shown(&found)))?;
            }
            if !self.watch || found.runs.iter().all(|run| run.reported) {
                return Ok(super::DONE);
            }
            // Looking must not be what the folder is busy with.
            std::thread::sleep(PAUSE.max(began.elapsed() * 10));
        }
    }
}

/// All of it as text.
fn shown(found: &Found) -> String {
    let mut text: String = found.runs.iter().map(run).collect();
    let speed = found.samples_per_second.map_or_else(String::new, |speed| format!(", {speed:.2} samples/s"));
    let left = found.seconds_left.filter(|_| found.done < found.total);
    let left = left.map_or_else(String::new, |left| format!(", {} left", about(Duration::from_secs_f64(left))));
    text += &format!("{} of {} samples{speed}{left}\n", found.done, found.total);
    text
}

fn run(run: &RunStatus) -> String {
    let mut text = format!("{}{}\n", run.run.display(), if run.reported { ": reported" } else { "" });
    let width = |of: fn(&TaskStatus) -> &str| run.tasks.iter().map(|task| of(task).chars().count()).max().unwrap_or(0);
    let (variant, task) = (width(|one| &one.variant), width(|one| &one.task));
    for one in &run.tasks {
        let failed = if one.failed > 0 { format!(", {} failed", one.failed) } else { String::new() };
        let ready = if one.ready { "" } else { "  to be compressed" };
        let (name, of) = (&one.variant, &one.task);
        text += &format!("  {name:variant$}  {of:task$}  {:>6} of {:<6}{failed}{ready}\n", one.done, one.total);
    }
    run.workers.iter().take(SHOWN).for_each(|one| text += &worker(one));
    if run.workers.len() > SHOWN {
        text += &format!("  and {} more at work\n", run.workers.len() - SHOWN);
    }
    text
}

fn worker(one: &WorkerStatus) -> String {
    let silent = match one.gone {
        true => format!("silent for {:.0} s: gone, others take over", one.silent_s),
        false => format!("last sign of life {:.0} s ago", one.silent_s),
    };
    let at = if one.total > 0 { format!(", {} of {}", one.done, one.total) } else { String::new() };
    let speed = one.samples_per_second.map_or_else(String::new, |speed| format!(", {speed:.2} samples/s"));
    format!("  {}: {} on {}{at}{speed}, {silent}\n", one.unit, one.pid, one.host)
}
