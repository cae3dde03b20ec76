//! BFCL v4 (Patil et al. 2025, the Berkeley Function Calling Leaderboard): calls of given functions, from single ones to
//! conversations with services that keep a state.
//!
//! | part | what it does |
//! |---|---|
//! | [`decode`] | a reply as calls: Python, Java, JavaScript, JSON, XML, native |
//! | [`check`] | the calls of one turn against those that are accepted |

pub mod check;
mod copy;
pub mod decode;
mod deviations;
mod functions;
pub mod memory;
pub mod multi_turn;
pub mod prompt;
pub mod score;
pub mod service;
mod unreachable;

pub use check::normalized;
pub use copy::{Copy, KNOWN_VERSION, Row};
pub use deviations::{DEVIATIONS, Switches};
pub use functions::{Functions, Prepared, memory_order};
pub use unreachable::{UNREACHABLE, is_unreachable};
