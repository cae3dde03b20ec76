//! What each instruction does (Standard, sections 14 and 15), form by form.

use super::decode::{Form, Opcode, Operands};
use super::input::Asked;
use super::machine::Machine;
use super::objects::{self, Kin};
use super::{Problem, Version};

use Problem::NoInstruction;
use Version::{V4, V5};

type Done = Result<(), Problem>;

/// How many bytes are copied or summed in the time of an instruction.
pub(super) const COPIED: u64 = 8;
/// How many instructions a search through all letters takes.
pub(super) const SEARCHED: u64 = 64;

impl Machine {
    pub(super) fn execute(&mut self, opcode: Opcode, operands: &Operands) -> Done {
        match opcode.form {
            Form::Two => self.two(opcode.number, operands),
            Form::One => self.one(opcode.number, operands),
            Form::None => self.none(opcode.number),
            Form::Many => self.many(opcode.number, operands),
            Form::Extended => self.extended(opcode.number, operands),
        }
    }

    fn since(&self, version: Version) -> Done {
        if self.story().version >= version { Ok(()) } else { Err(NoInstruction) }
    }

    fn two(&mut self, number: u8, operands: &Operands) -> Done {
        // `je` compares with up to three values, the others take two.
        if number == 1 {
            let first = operands.at(0)?;
            return self.branch(operands.all().iter().skip(1).any(|&other| other == first));
        }
        let (a, b) = (operands.at(0)?, operands.at(1)?);
        let (signed_a, signed_b) = (a.cast_signed(), b.cast_signed());
        match number {
            2 => self.branch(signed_a < signed_b),
            3 => self.branch(signed_a > signed_b),
            4 => self.count(operands, -1, |now, limit| now < limit),
            5 => self.count(operands, 1, |now, limit| now > limit),
            6 => self.branch(objects::kin(&self.memory, a, Kin::Parent)? == b),
            7 => self.branch(a & b == b),
            8 => self.store(a | b),
            9 => self.store(a & b),
            10 => self.branch(objects::has(&self.memory, a, b)?),
            11 => objects::set(&mut self.memory, a, b, true),
            12 => objects::set(&mut self.memory, a, b, false),
            13 => self.set_named(operands.variable(0)?, b),
            14 => objects::insert(&mut self.memory, a, b).and_then(|passed| self.spend(passed)),
            15 => self.store(self.memory.word(element(a, b, 2))?),
            16 => self.store(u16::from(self.memory.byte(element(a, b, 1))?)),
            17 => self.store(objects::value(&self.memory, a, b)?),
            18 => self.store(short(objects::address(&self.memory, a, b)?)),
            19 => self.store(objects::next(&self.memory, a, b)?),
            20 => self.store(a.wrapping_add(b)),
            21 => self.store(a.wrapping_sub(b)),
            22 => self.store(a.wrapping_mul(b)),
            23 if b == 0 => Err(Problem::Division),
            23 => self.store(signed_a.wrapping_div(signed_b).cast_unsigned()),
            24 if b == 0 => Err(Problem::Division),
            24 => self.store(signed_a.wrapping_rem(signed_b).cast_unsigned()),
            25 => self.since(V4).and_then(|()| self.call_storing(operands)),
            26 => self.since(V5).and_then(|()| self.call(a, &[b], None)),
            27 => self.since(V5),
            28 => self.since(V5).and_then(|()| self.throw(a, b)),
            _ => Err(NoInstruction),
        }
    }

    fn one(&mut self, number: u8, operands: &Operands) -> Done {
        let a = operands.at(0)?;
        let kin = |machine: &Self, which| objects::kin(&machine.memory, a, which);
        match number {
            0 => self.branch(a == 0),
            1 | 2 => {
                let relative = kin(self, if number == 1 { Kin::Sibling } else { Kin::Child })?;
                self.store(relative)?;
                self.branch(relative != 0)
            }
            3 => self.store(kin(self, Kin::Parent)?),
            4 => self.store(objects::data_length(&self.memory, usize::from(a))?),
            5 => self.step_variable(operands, 1).map(|_| ()),
            6 => self.step_variable(operands, -1).map(|_| ()),
            7 => self.print_packed(usize::from(a)).map(|_| ()),
            8 => self.since(V4).and_then(|()| self.call_storing(operands)),
            9 => objects::remove(&mut self.memory, a).and_then(|passed| self.spend(passed)),
            10 => self.print_name(a),
            11 => self.leave(a),
            12 => self.jump(a.cast_signed()),
            13 => self.print_packed(self.story().unpack(a)).map(|_| ()),
            14 => {
                let value = self.named(operands.variable(0)?)?;
                self.store(value)
            }
            15 if self.story().version < V5 => self.store(!a),
            15 => self.call(a, &[], None),
            _ => Err(NoInstruction),
        }
    }

    fn none(&mut self, number: u8) -> Done {
        match number {
            0 => self.leave(1),
            1 => self.leave(0),
            2 | 3 => {
                self.at = self.print_packed(self.at)?;
                if number == 2 {
                    return Ok(());
                }
                self.print("\n")?;
                self.leave(1)
            }
            4 => Ok(()),
            5 if self.story().version < V5 => self.save(),
            6 if self.story().version < V5 => self.restore(),
            7 => self.restart(),
            8 => {
                let value = self.frames.pop()?;
                self.leave(value)
            }
            9 if self.story().version < V5 => self.frames.pop().map(|_| ()),
            9 => self.store(self.frames.number()),
            10 => {
                self.asked = Asked::Over;
                Ok(())
            }
            11 => self.print("\n"),
            // Some games of later versions say it too.
            12 => Ok(()),
            13 => {
                self.spend(self.story().bytes().len() as u64 / COPIED)?;
                self.branch(self.story().verify())
            }
            15 => self.since(V5).and_then(|()| self.branch(true)),
            _ => Err(NoInstruction),
        }
    }

    fn many(&mut self, number: u8, operands: &Operands) -> Done {
        match number {
            0 => self.call_storing(operands),
            1 => self.memory.set_word(element(operands.at(0)?, operands.at(1)?, 2), operands.at(2)?),
            2 => {
                let byte = operands.at(2)?.to_be_bytes()[1];
                self.memory.set_byte(element(operands.at(0)?, operands.at(1)?, 1), byte)
            }
            3 => objects::set_value(&mut self.memory, operands.at(0)?, operands.at(1)?, operands.at(2)?),
            4 => self.read_line(operands),
            5 => self.print_code(operands.at(0)?),
            6 => self.print(&operands.signed(0)?.to_string()),
            7 => {
                let rolled = self.random.roll(operands.signed(0)?);
                self.store(rolled)
            }
            8 => self.frames.push(operands.at(0)?),
            9 => {
                let value = self.frames.pop()?;
                self.set_named(operands.variable(0)?, value)
            }
            10 => Ok(()),
            11 => self.output.window(operands.at(0)?),
            12 => self.since(V4).and_then(|()| self.call_storing(operands)),
            13 if operands.signed(0)? == -1 => self.output.window(0),
            13 | 14 | 15 | 17 | 18 => self.since(V4),
            16 => self.since(V4).and_then(|()| self.cursor(operands.address(0)?)),
            19 => self.select_output(operands),
            20 | 21 => Ok(()),
            22 => self.since(V4).and_then(|()| self.read_key()),
            23 => self.since(V4).and_then(|()| self.scan_table(operands)),
            24 => self.since(V5).and_then(|()| self.store(!operands.at(0)?)),
            25 | 26 => {
                self.since(V5)?;
                let (&routine, arguments) = operands.all().split_first().ok_or(Problem::NoOperand(1))?;
                self.call(routine, arguments, None)
            }
            27 => self.since(V5).and_then(|()| self.tokenize(operands)),
            28 => self.since(V5).and_then(|()| self.encode_text(operands)),
            29 => self.since(V5).and_then(|()| self.copy_table(operands)),
            30 => self.since(V5).and_then(|()| self.print_table(operands)),
            31 => {
                self.since(V5)?;
                let given = operands.at(0)? <= u16::from(self.frames.top().arguments);
                self.branch(given)
            }
            _ => Err(NoInstruction),
        }
    }

    fn extended(&mut self, number: u8, operands: &Operands) -> Done {
        match number {
            // A table or a name says that a part of memory is meant: there are no files to keep it in.
            0 | 1 if operands.count > 0 => self.store(0),
            0 => self.save(),
            1 => self.restore(),
            2 => self.store(shifted(operands.at(0)?, operands.signed(1)?)),
            3 => {
                let (value, by) = (operands.signed(0)?, operands.signed(1)?);
                let right = value >> by.unsigned_abs().min(15);
                self.store(if by < 0 { right.cast_unsigned() } else { shifted(value.cast_unsigned(), by) })
            }
            // Fonts: the usual one is there, and is the one that was chosen before.
            4 => self.store(u16::from(matches!(operands.at(0)?, 0 | 1))),
            9 => self.save_undo(),
            10 => self.restore_undo(),
            11 => {
                let character = char::from_u32(u32::from(operands.at(0)?)).unwrap_or('?');
                self.print(character.encode_utf8(&mut [0; 4]))
            }
            12 => {
                self.spend(SEARCHED)?;
                let known = char::from_u32(u32::from(operands.at(0)?)).is_some_and(|c| !c.is_control());
                let read = known && self.can_enter(operands.at(0)?);
                self.store(u16::from(known) + 2 * u16::from(read))
            }
            13 => Ok(()),
            _ => Err(NoInstruction),
        }
    }

    /// Calls a routine whose result goes into the variable that follows.
    fn call_storing(&mut self, operands: &Operands) -> Done {
        let result = self.next_byte()?;
        let (&routine, arguments) = operands.all().split_first().ok_or(Problem::NoOperand(1))?;
        self.call(routine, arguments, Some(result))
    }

    /// Ends routines down to the one that was caught.
    fn throw(&mut self, value: u16, number: u16) -> Done {
        self.frames.back_to(number)?;
        self.leave(value)
    }

    /// Adds to a variable that the first operand names.
    fn step_variable(&mut self, operands: &Operands, by: i16) -> Result<i16, Problem> {
        let variable = operands.variable(0)?;
        let value = self.named(variable)?.cast_signed().wrapping_add(by);
        self.set_named(variable, value.cast_unsigned())?;
        Ok(value)
    }

    /// `inc_chk` and `dec_chk`.
    fn count(&mut self, operands: &Operands, by: i16, past: fn(i16, i16) -> bool) -> Done {
        let value = self.step_variable(operands, by)?;
        self.branch(past(value, operands.signed(1)?))
    }

    fn print_name(&mut self, object: u16) -> Done {
        match objects::name(&self.memory, object)? {
            Some(at) => self.print_packed(at).map(|_| ()),
            None => Ok(()),
        }
    }

    fn restart(&mut self) -> Done {
        let fresh = super::memory::Memory::new(self.story());
        self.memory.restore(fresh.dynamic());
        self.frames = super::frames::Frames::new();
        self.output.reset();
        self.at = self.story().start;
        self.spend(self.memory.dynamic().len() as u64 / COPIED)
    }

    /// `get_cursor`: there is no upper window, so that it is always at its beginning.
    fn cursor(&mut self, table: usize) -> Done {
        self.memory.set_word(table, 1)?;
        self.memory.set_word(table + 2, 1)
    }
}

/// The address of an element of a table; addresses wrap round at 64 kB.
fn element(table: u16, index: u16, size: u16) -> usize {
    usize::from(table.wrapping_add(index.wrapping_mul(size)))
}

/// An address as a value.
fn short(address: usize) -> u16 {
    u16::try_from(address).unwrap_or_default()
}

/// A value shifted left, or right where `by` is negative; zeros come in.
fn shifted(value: u16, by: i16) -> u16 {
    let far = u32::from(by.unsigned_abs());
    let shifted = if by < 0 { value.checked_shr(far) } else { value.checked_shl(far) };
    shifted.unwrap_or_default()
}
