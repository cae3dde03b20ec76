//! Progress on standard error: a bar on a terminal; elsewhere a line now and then, and one for each finished piece of work.

use std::io::{self, IsTerminal};
use std::time::{Duration, Instant};

use acbench::Event;
use indicatif::{ProgressBar, ProgressStyle};

use super::output;

/// How long nothing is said where there is no terminal.
const QUIET: Duration = Duration::from_secs(30);

/// Shows the events of a verb.
pub(crate) struct Progress {
    terminal: bool,
    bar: Option<ProgressBar>,
    /// The piece of work under way.
    work: Option<Work>,
}

/// A piece of work.
struct Work {
    what: String,
    /// When its first step was told of, and how many steps were done by then.
    began: Option<(Instant, usize)>,
    /// When a line was last written.
    said: Option<Instant>,
    /// Whether the last step was told of.
    ended: bool,
}

impl Progress {
    /// Shows to standard error.
    pub(crate) fn new() -> Self {
        Self { terminal: io::stderr().is_terminal(), bar: None, work: None }
    }

    /// Shows one event.
    pub(crate) fn show(&mut self, event: Event) {
        match event {
            Event::Begin(what) => self.begin(what),
            Event::Progress { done, total, detail } => self.advance(done, total, detail),
            Event::End(what) => {
                self.clear();
                output::complain(&what);
            }
            Event::Note(what) => self.say(&what),
            Event::Warning(what) => self.say(&format!("warning: {what}")),
        }
    }

    /// A line above the bar.
    fn say(&self, what: &str) {
        match &self.bar {
            Some(bar) => bar.suspend(|| output::complain(what)),
            None => output::complain(what),
        }
    }

    fn begin(&mut self, what: String) {
        self.clear();
        if self.terminal {
            let bar = ProgressBar::new_spinner().with_message(what.clone());
            bar.enable_steady_tick(Duration::from_millis(120));
            self.bar = Some(bar);
        }
        self.work = Some(Work { what, began: None, said: None, ended: false });
    }

    fn advance(&mut self, done: usize, total: usize, detail: String) {
        let Some(work) = &mut self.work else { return };
        let left = work.left(done, total).map(|left| format!("{left} left"));
        let detail = [Some(detail), left].into_iter().flatten().filter(|part| !part.is_empty());
        let detail = detail.collect::<Vec<_>>().join(", ");
        match &self.bar {
            Some(bar) => draw(bar, (done, total), detail, output::color(self.terminal)),
            None if work.is_due(done >= total) => {
                let comma = if detail.is_empty() { "" } else { ", " };
                output::complain(&format!("{}: {done} of {total}{comma}{detail}", work.what));
            }
            None => {}
        }
    }

    fn clear(&mut self) {
        if let Some(bar) = self.bar.take() {
            bar.finish_and_clear();
        }
        self.work = None;
    }
}

fn draw(bar: &ProgressBar, (done, total): (usize, usize), detail: String, colored: bool) {
    if bar.length() != Some(total as u64) {
        bar.set_length(total as u64);
        let plain = "{msg} [{bar:24}] {pos}/{len} {elapsed} {prefix}";
        let dyed = "{msg} [{bar:24.cyan}] {pos}/{len} {elapsed} {prefix:.dim}";
        if let Ok(style) = ProgressStyle::with_template(if colored { dyed } else { plain }) {
            bar.set_style(style.progress_chars("=> "));
        }
    }
    bar.set_position(done as u64);
    bar.set_prefix(detail);
}

impl Work {
    /// The time that is left if the other steps take as long as those since the first one told of.
    fn left(&mut self, done: usize, total: usize) -> Option<String> {
        let (began, first) = *self.began.get_or_insert((Instant::now(), done));
        let since = done.saturating_sub(first);
        let left = began.elapsed().mul_f64(total.saturating_sub(done) as f64 / since.max(1) as f64);
        (since > 0 && done < total).then(|| about(left))
    }

    /// Whether a line is due: for the first step, the last one, and after a while of silence.
    fn is_due(&mut self, last: bool) -> bool {
        let due = last || self.said.is_none_or(|said| said.elapsed() >= QUIET);
        if !due || self.ended {
            return false;
        }
        self.said = Some(Instant::now());
        self.ended = last;
        true
    }
}

/// `40 s`, `12 min`, `3.5 h`
pub(super) fn about(time: Duration) -> String {
    match time.as_secs() {
        seconds @ ..100 => format!("{seconds} s"),
        seconds @ ..6000 => format!("{} min", (seconds + 30) / 60),
        seconds => format!("{:.1} h", seconds as f64 / 3600.0),
    }
}

impl Drop for Progress {
    /// An error message must not be drawn into a bar.
    fn drop(&mut self) {
        self.clear();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_time_left_counts_from_the_first_step_told_of() {
        let began = Instant::now().checked_sub(Duration::from_secs(60)).map(|then| (then, 70));
        let mut work = Work { what: String::new(), began, said: None, ended: false };
        assert_eq!(work.left(70, 210), None);
        assert_eq!(work.left(100, 210).as_deref(), Some("4 min"));
        assert_eq!(work.left(210, 210), None);
        assert_eq!([99, 100, 7200].map(|seconds| about(Duration::from_secs(seconds))), ["99 s", "2 min", "2.0 h"]);
    }

    #[test]
    fn without_a_terminal_the_first_step_the_last_and_some_between_are_told() {
        let mut work = Work { what: String::new(), began: None, said: None, ended: false };
        assert!(work.is_due(false) && !work.is_due(false));
        work.said = Instant::now().checked_sub(QUIET);
        assert!(work.is_due(false));
        assert!(work.is_due(true) && !work.is_due(true));
    }
}
