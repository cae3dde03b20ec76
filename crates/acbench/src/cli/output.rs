//! What is written where: results to standard output, everything else to standard error.

use std::io::{self, IsTerminal, Write};

use serde_json::Value;

/// Columns where the terminal does not say, or where there is none.
const WIDTH: u16 = 100;

/// Writes a text to standard output as it is.
pub(crate) fn print(text: &str) -> io::Result<()> {
    let mut out = io::stdout().lock();
    out.write_all(text.as_bytes())?;
    out.flush()
}

/// Writes a value to standard output as JSON.
pub(crate) fn print_json(value: &Value) -> io::Result<()> {
    print(&format!("{value:#}\n"))
}

/// Writes a line to standard error. Nobody is left to tell where that fails.
pub(crate) fn complain(text: &str) {
    drop(writeln!(io::stderr(), "{}", text.trim_end()));
}

/// Writes what a reader should know of a checkpoint beside its weights to standard error.
pub(crate) fn notes(notes: &[String]) {
    notes.iter().for_each(|note| complain(&format!("note: {note}")));
}

/// Whether a stream that is (or is not) a terminal gets colors: `NO_COLOR` (<https://no-color.org>) and `TERM=dumb`
/// forbid them.
pub(crate) fn color(terminal: bool) -> bool {
    let set = |name| std::env::var_os(name).is_some_and(|value| !value.is_empty());
    terminal && !set("NO_COLOR") && std::env::var_os("TERM").is_none_or(|term| term != "dumb")
}

/// Columns of a stream's terminal.
#[cfg(unix)]
pub(crate) fn width(stream: &impl std::os::fd::AsFd) -> u16 {
    terminal_size::terminal_size_of(stream).map_or(WIDTH, |(width, _)| width.0)
}

/// Columns of a stream's terminal.
#[cfg(not(unix))]
pub(crate) fn width<T>(_stream: &T) -> u16 {
    terminal_size::terminal_size().map_or(WIDTH, |(width, _)| width.0)
}

/// How tables are shown on standard output.
pub(crate) fn shown() -> acbench::TerminalOptions {
    acbench::TerminalOptions { width: width(&io::stdout()), color: color(io::stdout().is_terminal()) }
}

/// The exit code of work of which some samples failed, or none.
pub(crate) fn code(failed: usize) -> u8 {
    if failed > 0 { super::SAMPLES_FAILED } else { super::DONE }
}

/// The files of a report: the page first, the others counted.
pub(crate) fn print_files(files: &[std::path::PathBuf]) -> io::Result<()> {
    let Some((page, others)) = files.split_first() else { return Ok(()) };
    print(&format!("Page: {} (and {} more files beside it)\n", page.display(), others.len()))
}
