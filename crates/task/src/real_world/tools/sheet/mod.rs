//! Sheets in memory, for AgentBoard's sheet tool, whose reference copies a Google spreadsheet for each example.
//!
//! The twenty functions and what they refuse with words of their own are AgentBoard's; what Google's service does beneath
//! them is followed as far as it is documented. Differences: a formula's cell keeps the number that was computed, and the
//! result of a formula is shown in the automatic format.

mod address;
mod commands;
mod desk;
mod format;
mod formula;
mod functions;
mod grid;
mod input;
mod xlsx;
mod xml;

pub use address::{Area, Place};
pub use desk::{SheetDesk, sheet_name};
pub use format::Format;
pub use functions::Sheets;
pub(super) use functions::listed;
pub use grid::{Cell, Content, Grid, MOST_CELLS, MOST_TEXT, Side};
pub use xlsx::{XlsxError, workbook};
