//! The machine: runs until it wants a line, and takes one.

use super::alphabet::code;
use super::decode::Opcode;
use super::fault::{Fault, Problem};
use super::frames::{Frame, Frames, LOCALS};
use super::input::Asked;
use super::memory::Memory;
use super::output::Output;
use super::random::Random;
use super::snapshot::Snapshot;
use super::{Story, Version, decode::Form, text};

/// What a turn may cost.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Budget {
    /// Instructions; bytes that an instruction copies, compares or prints count too.
    pub instructions: u64,
    /// Characters of output.
    pub characters: usize,
}

impl Default for Budget {
    /// Some hundred times what games need for their longest turns.
    fn default() -> Self {
        Self { instructions: 20_000_000, characters: 200_000 }
    }
}

/// What a story waits for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Wants {
    /// A line.
    Line,
    /// A key; the first letter of a line is taken for it, and the return key for an empty one.
    Key,
    /// Nothing: it is over.
    Nothing,
}

/// A story that is played. A clone goes on from the same moment, with the same dice.
#[derive(Debug, Clone)]
pub struct Machine {
    pub(super) memory: Memory,
    pub(super) frames: Frames,
    pub(super) output: Output,
    pub(super) random: Random,
    /// Where the next byte is read.
    pub(super) at: usize,
    pub(super) asked: Asked,
    /// What `save` kept, and `save_undo`, the latest last.
    pub(super) saved: Option<Box<Snapshot>>,
    pub(super) undo: Vec<Snapshot>,
    budget: Budget,
    /// Instructions left in this turn.
    left: u64,
}

impl Machine {
    /// A story before its first instruction. The same seed and the same lines always give the same text.
    pub fn new(story: &Story, seed: u64) -> Self {
        Self::with_budget(story, seed, Budget::default())
    }

    /// The same with other budgets.
    pub fn with_budget(story: &Story, seed: u64, budget: Budget) -> Self {
        Self {
            memory: Memory::new(story),
            frames: Frames::new(),
            output: Output::new(budget.characters),
            random: Random::new(seed),
            at: story.start,
            asked: Asked::Nothing,
            saved: None,
            undo: Vec::new(),
            left: budget.instructions,
            budget,
        }
    }

    /// The same machine with other budgets from here on.
    pub fn budgeted(mut self, budget: Budget) -> Self {
        self.budget = budget;
        self.output.limit(budget.characters);
        self
    }

    /// The story that is played.
    pub fn story(&self) -> &Story {
        self.memory.story()
    }

    /// What it waits for.
    pub fn wants(&self) -> Wants {
        match self.asked {
            Asked::Line { .. } => Wants::Line,
            Asked::Key => Wants::Key,
            Asked::Nothing | Asked::Over => Wants::Nothing,
        }
    }

    /// Plays from the beginning to the first wait, and gives what was printed.
    ///
    /// # Errors
    /// A fault of the story, after which it is over; what it printed is lost.
    pub fn run(&mut self) -> Result<String, Fault> {
        (self.left, self.output.printed) = (self.budget.instructions, 0);
        while matches!(self.asked, Asked::Nothing) {
            let (address, mut opcode) = (self.at, Opcode { form: Form::None, number: 0 });
            if let Err(problem) = self.step(&mut opcode) {
                self.asked = Asked::Over;
                return Err(Fault { address, opcode, problem });
            }
        }
        Ok(self.output.take())
    }

    /// Enters a line (or its first letter, where a key is wanted) and plays to the next wait.
    ///
    /// # Errors
    /// A story that is over; a fault, after which it is.
    pub fn enter(&mut self, line: &str) -> Result<String, Fault> {
        let address = self.at;
        let fault = |problem| Fault { address, opcode: Opcode { form: Form::Many, number: 4 }, problem };
        if self.wants() == Wants::Nothing {
            return Err(fault(Problem::Over));
        }
        let signs: Vec<u8> = line.chars().filter_map(|character| code(&self.memory, character)).collect();
        if let Err(problem) = self.answer(&signs) {
            self.asked = Asked::Over;
            return Err(fault(problem));
        }
        self.run()
    }

    fn step(&mut self, at: &mut Opcode) -> Result<(), Problem> {
        self.spend(1)?;
        let (opcode, byte) = self.opcode()?;
        *at = opcode;
        let operands = self.operands(opcode, byte)?;
        self.execute(opcode, &operands)
    }

    /// Counts instructions.
    pub(super) fn spend(&mut self, count: u64) -> Result<(), Problem> {
        self.left = self.left.checked_sub(count).ok_or(Problem::Endless(self.budget.instructions))?;
        Ok(())
    }

    /// Prints a text where output goes.
    pub(super) fn print(&mut self, text: &str) -> Result<(), Problem> {
        self.spend(text.len() as u64)?;
        self.output.print(&mut self.memory, text)
    }

    /// Prints the packed text at an address, and says where it ends.
    pub(super) fn print_packed(&mut self, at: usize) -> Result<usize, Problem> {
        let read = text::read(&self.memory, at)?;
        self.spend(read.letters as u64)?;
        self.print(&read.text)?;
        Ok(read.end)
    }

    /// The byte that comes next.
    pub(super) fn next_byte(&mut self) -> Result<u8, Problem> {
        let byte = self.memory.byte(self.at)?;
        self.at += 1;
        Ok(byte)
    }

    /// The word that comes next.
    pub(super) fn next_word(&mut self) -> Result<u16, Problem> {
        let word = self.memory.word(self.at)?;
        self.at += 2;
        Ok(word)
    }

    /// The value of a variable; that of 0 is taken from the stack.
    pub(super) fn variable(&mut self, number: u8) -> Result<u16, Problem> {
        match number {
            0 => self.frames.pop(),
            1..=LOCALS => self.frames.local(number).copied(),
            _ => self.memory.word(self.global(number)),
        }
    }

    /// Sets a variable; 0 puts it on the stack.
    pub(super) fn set_variable(&mut self, number: u8, value: u16) -> Result<(), Problem> {
        match number {
            0 => self.frames.push(value)?,
            1..=LOCALS => *self.frames.local(number)? = value,
            _ => self.memory.set_word(self.global(number), value)?,
        }
        Ok(())
    }

    fn global(&self, number: u8) -> usize {
        self.story().globals + 2 * usize::from(number - LOCALS - 1)
    }

    /// The value of a variable that an instruction names: 0 is the top of the stack, which stays there.
    pub(super) fn named(&mut self, number: u8) -> Result<u16, Problem> {
        if number == 0 { self.frames.peek().copied() } else { self.variable(number) }
    }

    /// Sets a variable that an instruction names: 0 is the top of the stack, which is replaced.
    pub(super) fn set_named(&mut self, number: u8, value: u16) -> Result<(), Problem> {
        if number > 0 {
            return self.set_variable(number, value);
        }
        *self.frames.peek()? = value;
        Ok(())
    }

    /// Stores the result of an instruction, which names the variable behind its operands.
    pub(super) fn store(&mut self, value: u16) -> Result<(), Problem> {
        let number = self.next_byte()?;
        self.set_variable(number, value)
    }

    /// Goes where an instruction says behind its operands if its condition is as it wants.
    pub(super) fn branch(&mut self, condition: bool) -> Result<(), Problem> {
        let first = self.next_byte()?;
        let wanted = first & 0x80 != 0;
        let offset = match first & 0x40 {
            0 => {
                let far = u16::from(first & 63) << 8 | u16::from(self.next_byte()?);
                // 14 bits with a sign.
                (far << 2).cast_signed() >> 2
            }
            _ => i16::from(first & 63),
        };
        match (condition == wanted, offset) {
            (false, _) => Ok(()),
            (true, 0 | 1) => self.leave(u16::from(offset == 1)),
            (true, _) => self.jump(offset),
        }
    }

    /// Goes on elsewhere, as seen from here.
    pub(super) fn jump(&mut self, offset: i16) -> Result<(), Problem> {
        let to = self.at.checked_add_signed(isize::from(offset)).and_then(|to| to.checked_sub(2));
        self.at = to.ok_or(Problem::NoMemory(0))?;
        Ok(())
    }

    /// Calls a routine; a call of address 0 gives 0.
    pub(super) fn call(&mut self, packed: u16, arguments: &[u16], result: Option<u8>) -> Result<(), Problem> {
        if packed == 0 {
            return result.map_or(Ok(()), |variable| self.set_variable(variable, 0));
        }
        let address = self.story().unpack(packed);
        let count = self.memory.byte(address)?;
        if count > LOCALS {
            return Err(Problem::NoRoutine { address, count });
        }
        let back = std::mem::replace(&mut self.at, address + 1);
        let mut locals = [0; LOCALS as usize];
        let locals = &mut locals[..usize::from(count)];
        if self.story().version < Version::V5 {
            for local in locals.iter_mut() {
                *local = self.next_word()?;
            }
        }
        for (local, &argument) in locals.iter_mut().zip(arguments) {
            *local = argument;
        }
        let given = u8::try_from(arguments.len()).unwrap_or(u8::MAX);
        let mut frame = Frame::new(back, result, locals);
        frame.arguments = given;
        self.frames.enter(frame)
    }

    /// Ends the routine that runs, with a result.
    pub(super) fn leave(&mut self, value: u16) -> Result<(), Problem> {
        let frame = self.frames.leave()?;
        self.at = frame.back;
        frame.result.map_or(Ok(()), |variable| self.set_variable(variable, value))
    }
}
