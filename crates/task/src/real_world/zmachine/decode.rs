//! Instructions: which one it is, and its operands (Standard, section 4).

use std::fmt;

use super::machine::Machine;
use super::{Problem, Version};

/// How an instruction takes its operands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Form {
    None,
    One,
    Two,
    Many,
    Extended,
}

/// An instruction, as the Standard writes it: `2OP:20` is `add`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Opcode {
    pub(super) form: Form,
    pub(super) number: u8,
}

impl fmt::Display for Opcode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // The Standard counts every form from its own number on.
        let (form, first) = match self.form {
            Form::Two => ("2OP", 0),
            Form::One => ("1OP", 128),
            Form::None => ("0OP", 176),
            Form::Many => ("VAR", 224),
            Form::Extended => ("EXT", 0),
        };
        write!(f, "{form}:{}", u16::from(self.number) + first)
    }
}

/// Up to eight operands, by value.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Operands {
    values: [u16; 8],
    pub count: usize,
}

impl Operands {
    fn put(&mut self, value: u16) {
        if let Some(place) = self.values.get_mut(self.count) {
            *place = value;
            self.count += 1;
        }
    }

    /// One that must be there, from 0.
    pub fn at(&self, index: usize) -> Result<u16, Problem> {
        self.all().get(index).copied().ok_or(Problem::NoOperand(index + 1))
    }

    /// One that may be left out.
    pub fn get(&self, index: usize) -> Option<u16> {
        self.all().get(index).copied()
    }

    /// One that is an address.
    pub fn address(&self, index: usize) -> Result<usize, Problem> {
        self.at(index).map(usize::from)
    }

    /// One that has a sign.
    pub fn signed(&self, index: usize) -> Result<i16, Problem> {
        self.at(index).map(u16::cast_signed)
    }

    /// One that is the number of a variable.
    pub fn variable(&self, index: usize) -> Result<u8, Problem> {
        u8::try_from(self.at(index)?).map_err(|_| Problem::Refused("a variable's number is at most 255"))
    }

    /// All of them.
    pub fn all(&self) -> &[u16] {
        self.values.get(..self.count).unwrap_or_default()
    }
}

/// How an operand is written.
const LARGE: u8 = 0;
const SMALL: u8 = 1;
const VARIABLE: u8 = 2;
const OMITTED: u8 = 3;

impl Machine {
    /// Reads which instruction comes next.
    pub(super) fn opcode(&mut self) -> Result<(Opcode, u8), Problem> {
        let byte = self.next_byte()?;
        let opcode = |form, mask: u8| Opcode { form, number: byte & mask };
        Ok((
            match byte {
                0xbe if self.story().version >= Version::V5 => {
                    Opcode { form: Form::Extended, number: self.next_byte()? }
                }
                0x00..=0x7f => opcode(Form::Two, 31),
                0x80..=0xaf => opcode(Form::One, 15),
                0xb0..=0xbf => opcode(Form::None, 15),
                0xc0..=0xdf => opcode(Form::Two, 31),
                0xe0..=0xff => opcode(Form::Many, 31),
            },
            byte,
        ))
    }

    /// Reads the operands of an instruction, whose first byte tells how the shorter ones are written.
    pub(super) fn operands(&mut self, opcode: Opcode, byte: u8) -> Result<Operands, Problem> {
        let mut operands = Operands::default();
        match opcode.form {
            Form::None => {}
            Form::One => self.operand(byte >> 4 & 3, &mut operands)?,
            Form::Two if byte < 0x80 => {
                for bit in [0x40, 0x20] {
                    self.operand(if byte & bit == 0 { SMALL } else { VARIABLE }, &mut operands)?;
                }
            }
            Form::Many if matches!(opcode.number, 12 | 26) => {
                let types = [self.next_byte()?, self.next_byte()?];
                self.typed(&types, &mut operands)?;
            }
            _ => {
                let types = [self.next_byte()?];
                self.typed(&types, &mut operands)?;
            }
        }
        Ok(operands)
    }

    fn typed(&mut self, types: &[u8], operands: &mut Operands) -> Result<(), Problem> {
        for byte in types {
            for shift in [6, 4, 2, 0] {
                match byte >> shift & 3 {
                    OMITTED => return Ok(()),
                    kind => self.operand(kind, operands)?,
                }
            }
        }
        Ok(())
    }

    fn operand(&mut self, kind: u8, operands: &mut Operands) -> Result<(), Problem> {
        let value = match kind {
            LARGE => self.next_word()?,
            SMALL => u16::from(self.next_byte()?),
            _ => {
                let number = self.next_byte()?;
                self.variable(number)?
            }
        };
        operands.put(value);
        Ok(())
    }
}
