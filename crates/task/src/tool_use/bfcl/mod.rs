//! BFCL v4 (Patil et al. 2025, the Berkeley Function Calling Leaderboard): calls of given functions, from single ones to
//! conversations with services that keep a state.
//!
//! | part | what it does |
//! |---|---|
//! | [`decode`] | a reply as calls: Python, Java, JavaScript, JSON, XML, native |
//! | [`check`] | the calls of one turn against those that are accepted |

pub mod check;
mod columns;
mod copy;
pub mod decode;
mod deviations;
mod functions;
mod judge;
pub mod memory;
pub mod multi_turn;
mod official;
pub mod predictions;
pub mod prompt;
mod rooms;
mod sample;
pub mod score;
pub mod service;
mod task;
pub mod twin;
mod unreachable;

pub use check::normalized;
pub use columns::COLUMNS;
pub use copy::{Copy, KNOWN_VERSION, Row};
use decode::Language;
pub use deviations::{DEVIATIONS, Switches};
pub use functions::{Functions, Prepared, memory_order};
pub use task::Bfcl;
pub use unreachable::{UNREACHABLE, is_unreachable};
