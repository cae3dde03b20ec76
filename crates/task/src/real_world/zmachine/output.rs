//! Where text goes: to the reader, into tables, or nowhere (Standard, sections 7 and 8).

use super::Problem;
use super::alphabet::{character, code};
use super::decode::Operands;
use super::machine::Machine;
use super::memory::Memory;

/// The most tables that output goes into at once.
const TABLES: usize = 16;

/// What was printed, and where output goes.
#[derive(Debug, Clone)]
pub struct Output {
    text: String,
    most: usize,
    /// Characters of this turn, whatever became of them.
    pub printed: usize,
    /// The window: what is printed in the upper one is not shown.
    upper: bool,
    screen: bool,
    /// Tables that output goes into instead, the latest last.
    tables: Vec<Table>,
}

#[derive(Debug, Clone)]
struct Table {
    at: usize,
    length: usize,
}

impl Output {
    /// Nothing printed yet; at most so many characters a turn.
    pub fn new(most: usize) -> Self {
        Self { text: String::new(), most, printed: 0, upper: false, screen: true, tables: Vec::new() }
    }

    /// Sets how many characters may be printed in a turn.
    pub fn limit(&mut self, most: usize) {
        self.most = most;
    }

    /// What was printed since this was last asked for.
    pub fn take(&mut self) -> String {
        std::mem::take(&mut self.text)
    }

    /// Goes back to the reader's window.
    pub fn reset(&mut self) {
        (self.upper, self.screen) = (false, true);
        self.tables.clear();
    }

    /// Chooses a window: 0 is the reader's.
    pub fn window(&mut self, number: u16) -> Result<(), Problem> {
        self.upper = number != 0;
        Ok(())
    }

    /// Prints a text where output goes.
    pub fn print(&mut self, memory: &mut Memory, text: &str) -> Result<(), Problem> {
        self.printed += text.chars().count();
        if self.printed > self.most {
            return Err(Problem::Flood(self.most));
        }
        if let Some(table) = self.tables.last_mut() {
            for character in text.chars() {
                memory.set_byte(table.at + 2 + table.length, code(memory, character).unwrap_or(b'?'))?;
                table.length += 1;
            }
        } else if self.screen && !self.upper {
            self.text.push_str(text);
        }
        Ok(())
    }

    /// The opcode `output_stream`: a positive number begins a stream, a negative one ends it.
    fn select(&mut self, memory: &mut Memory, stream: i16, table: Option<u16>) -> Result<(), Problem> {
        match (stream, table) {
            (1 | -1, _) => self.screen = stream > 0,
            (3, None) => return Err(Problem::NoOperand(2)),
            (3, Some(_)) if self.tables.len() >= TABLES => {
                return Err(Problem::Refused("output goes into 16 tables already"));
            }
            (3, Some(at)) => self.tables.push(Table { at: usize::from(at), length: 0 }),
            (-3, _) => {
                if let Some(Table { at, length }) = self.tables.pop() {
                    memory.set_word(at, u16::try_from(length).unwrap_or(u16::MAX))?;
                }
            }
            // The transcript and the record of commands are not kept.
            _ => {}
        }
        Ok(())
    }
}

impl Machine {
    pub(super) fn select_output(&mut self, operands: &Operands) -> Result<(), Problem> {
        self.output.select(&mut self.memory, operands.signed(0)?, operands.get(1))
    }

    /// The opcode `print_char`.
    pub(super) fn print_code(&mut self, code: u16) -> Result<(), Problem> {
        match character(&self.memory, code)? {
            Some(character) => self.print(character.encode_utf8(&mut [0; 4])),
            None => Ok(()),
        }
    }
}
