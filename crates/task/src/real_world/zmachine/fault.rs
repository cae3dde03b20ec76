//! What can be wrong with a story.

use super::Opcode;

/// Why bytes are no story file.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum StoryError {
    /// Shorter than a header, or longer than any story.
    #[error("a story file has 64 to {most} bytes, this has {got}")]
    Size {
        /// The most.
        most: usize,
        /// How many there are.
        got: usize,
    },
    /// A version that is not run.
    #[error("version {version} of the Z-machine is not run: 3, 4, 5 and 8 are")]
    Version {
        /// The file's first byte.
        version: u8,
    },
    /// An address in the header that lies outside of what it points into.
    #[error("the header puts {what} at {address:#06x}, outside of {first:#06x}..{end:#06x}")]
    Header {
        /// What it is the address of.
        what: &'static str,
        /// The address.
        address: usize,
        /// Where it may begin.
        first: usize,
        /// Where it must have begun.
        end: usize,
    },
    /// What was to be changed is not there to change.
    #[error("{length} bytes at {address:#06x} are not all in the story's dynamic memory")]
    Patch {
        /// The first byte.
        address: usize,
        /// How many.
        length: usize,
    },
}

/// Why a story stopped.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("the story stopped at {address:#06x}, opcode {opcode}: {problem}")]
pub struct Fault {
    /// Where the instruction begins.
    pub address: usize,
    /// Which it is, as far as it could be read.
    pub opcode: Opcode,
    /// What is wrong.
    pub problem: Problem,
}

/// What an instruction cannot do.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Problem {
    /// An address outside of the file.
    #[error("nothing lies at address {0:#06x}")]
    NoMemory(usize),
    /// A write outside of dynamic memory.
    #[error("address {0:#06x} cannot be written to")]
    ReadOnly(usize),
    /// An opcode that this version does not have.
    #[error("no such instruction in this version")]
    NoInstruction,
    /// Fewer operands than the instruction needs.
    #[error("operand {0} is missing")]
    NoOperand(usize),
    /// A local variable that the routine does not have.
    #[error("the routine has no local variable {0}")]
    NoLocal(u8),
    /// A value taken from an empty stack.
    #[error("the routine's stack is empty")]
    StackEmpty,
    /// More values than a stack may hold.
    #[error("more than {0} values on the stack")]
    StackFull(usize),
    /// Calls too deep.
    #[error("more than {0} routines are waiting for each other")]
    CallsFull(usize),
    /// A routine that claims too many local variables.
    #[error("a routine at {address:#06x} with {count} local variables")]
    NoRoutine {
        /// Where it should begin.
        address: usize,
        /// How many it claims; at most 15 are possible.
        count: u8,
    },
    /// A return to a routine that is over.
    #[error("no routine is waiting under number {0}")]
    NoFrame(u16),
    /// The main routine returned.
    #[error("the main routine returned")]
    NoCaller,
    /// A division by zero.
    #[error("a division by zero")]
    Division,
    /// A property that an object lacks and that has no default.
    #[error("object {object} has no property {property}")]
    NoProperty {
        /// The object.
        object: u16,
        /// The property.
        property: u16,
    },
    /// An attribute that no object has.
    #[error("there is no attribute {0}")]
    NoAttribute(u16),
    /// Something that is not possible here, such as a 17th table for output.
    #[error("{0}")]
    Refused(&'static str),
    /// More instructions in a turn than the budget allows.
    #[error("more than {0} instructions in a turn")]
    Endless(u64),
    /// More text in a turn than the budget allows.
    #[error("more than {0} characters printed in a turn")]
    Flood(usize),
    /// Asked to go on when there is no more.
    #[error("the story is over")]
    Over,
}
