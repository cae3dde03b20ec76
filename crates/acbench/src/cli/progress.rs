//! Progress on standard error: a bar on a terminal, one line a finished piece of work elsewhere.

use std::io::{self, IsTerminal};
use std::time::Duration;

use acbench::Event;
use indicatif::{ProgressBar, ProgressStyle};

use super::output;

/// Shows the events of a verb.
pub(crate) struct Progress {
    terminal: bool,
    bar: Option<ProgressBar>,
}

impl Progress {
    /// Shows to standard error.
    pub(crate) fn new() -> Self {
        Self { terminal: io::stderr().is_terminal(), bar: None }
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
            let bar = ProgressBar::new_spinner().with_message(what);
            bar.enable_steady_tick(Duration::from_millis(120));
            self.bar = Some(bar);
        }
    }

    fn advance(&mut self, done: usize, total: usize, detail: String) {
        let Some(bar) = &self.bar else { return };
        if bar.length() != Some(total as u64) {
            bar.set_length(total as u64);
            let plain = "{msg} [{bar:24}] {pos}/{len} {elapsed} {prefix}";
            let colored = "{msg} [{bar:24.cyan}] {pos}/{len} {elapsed} {prefix:.dim}";
            let template = if output::color(self.terminal) { colored } else { plain };
            if let Ok(style) = ProgressStyle::with_template(template) {
                bar.set_style(style.progress_chars("=> "));
            }
        }
        bar.set_position(done as u64);
        bar.set_prefix(detail);
    }

    fn clear(&mut self) {
        if let Some(bar) = self.bar.take() {
            bar.finish_and_clear();
        }
    }
}

impl Drop for Progress {
    /// An error message must not be drawn into a bar.
    fn drop(&mut self) {
        self.clear();
    }
}
