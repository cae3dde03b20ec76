//! A Z-machine: what runs story files of text adventures (Z-Machine Standards Document 1.1), versions 3, 4, 5 and 8.
//!
//! ```text
//! Story::read(bytes) -> Machine::new -> run: text, and what is wanted next -> enter(line) -> run ..
//! ```
//!
//! Written from the Standard for a reader that is no person at a screen: what is printed is plain text, the upper window
//! (status lines, quotations) is left out, colors, fonts, sounds and timed input are said to be absent, and a key that is
//! waited for is the first letter of the line that is entered. A story never reaches a file: `save` and `restore` work in
//! memory.
//!
//! - `story` and `memory`: the file, its header, and checked reads and writes.
//! - `alphabet`, `text`, `dictionary`, `vocabulary`: letters, packed strings, words.
//! - `objects`, `frames`, `random`: the tree of objects, routines and their stack, random numbers from a seed.
//! - `decode` and `execute`: instructions; `input`, `output`, `tables` and `snapshot` are the longer ones.
//!
//! Story files are hostile until they prove otherwise: every access is checked, and a turn has budgets for instructions,
//! calls, stack and output. What goes wrong is a [`Fault`] with its address and opcode.

mod alphabet;
mod decode;
mod dictionary;
mod execute;
mod fault;
mod frames;
mod input;
mod machine;
mod memory;
mod objects;
mod output;
mod random;
mod snapshot;
mod status;
mod story;
mod tables;
mod text;
mod vocabulary;

pub use decode::Opcode;
pub use fault::{Fault, Problem, StoryError};
pub use machine::{Budget, Machine, Wants};
pub use status::{Clock, Status};
pub use story::{Story, Version};
pub use vocabulary::{Vocabulary, Word};

#[cfg(test)]
mod tests;
