//! Errors as a person reads them: what, why, and what to do.

use std::fmt;
use std::io::{self, IsTerminal};

use miette::{Diagnostic, GraphicalReportHandler, GraphicalTheme};

use super::output;

/// Why a verb stopped.
#[derive(Debug)]
pub(crate) enum Failure {
    /// The library's error.
    Library(acbench::Error),
    /// Standard output could not be written.
    Output(io::Error),
}

impl From<acbench::Error> for Failure {
    fn from(error: acbench::Error) -> Self {
        Self::Library(error)
    }
}

impl From<io::Error> for Failure {
    fn from(error: io::Error) -> Self {
        Self::Output(error)
    }
}

impl Failure {
    /// Writes it to standard error and returns the exit code.
    pub(crate) fn show(&self) -> u8 {
        // A reader that closed its end, as `head` does, wanted no more.
        if let Self::Output(error) = self
            && error.kind() == io::ErrorKind::BrokenPipe
        {
            return super::DONE;
        }
        let theme = if output::color(io::stderr().is_terminal()) {
            GraphicalTheme::unicode()
        } else {
            GraphicalTheme::unicode_nocolor()
        };
        let handler = GraphicalReportHandler::new_themed(theme).with_width(output::width(&io::stderr()).into());
        let mut text = String::new();
        if handler.render_report(&mut text, self).is_err() {
            text = self.to_string();
        }
        output::complain(&text);
        super::STOPPED
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Library(error) => error.fmt(f),
            Self::Output(error) => write!(f, "standard output cannot be written: {error}"),
        }
    }
}

impl std::error::Error for Failure {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            Self::Library(error) => error.source(),
            Self::Output(error) => error.source(),
        }
    }
}

impl Diagnostic for Failure {
    fn help<'a>(&'a self) -> Option<Box<dyn fmt::Display + 'a>> {
        match self {
            Self::Library(error) => error.help().map(|help| Box::new(help) as Box<dyn fmt::Display>),
            Self::Output(_) => None,
        }
    }
}
