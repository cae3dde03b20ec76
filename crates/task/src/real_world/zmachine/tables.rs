//! Instructions on tables.

use super::Problem;
use super::decode::Operands;
use super::machine::Machine;

impl Machine {
    /// The opcode `scan_table`: the first field that holds a value. The form says how long fields are, and with its
    /// highest bit that words are looked for.
    pub(super) fn scan_table(&mut self, operands: &Operands) -> Result<(), Problem> {
        let (wanted, table, count) = (operands.at(0)?, operands.address(1)?, operands.address(2)?);
        let form = operands.get(3).unwrap_or(0x82);
        let (words, size) = (form & 0x80 != 0, usize::from(form & 0x7f));
        self.spend(count as u64)?;
        let mut found = 0;
        for at in (0..count).map(|index| table + index * size) {
            let value = if words { self.memory.word(at)? } else { u16::from(self.memory.byte(at)?) };
            if value == wanted {
                found = u16::try_from(at).unwrap_or_default();
                break;
            }
        }
        self.store(found)?;
        self.branch(found != 0)
    }

    /// The opcode `copy_table`: fills with zeros where there is no second table; a negative size copies forward whatever
    /// that destroys.
    pub(super) fn copy_table(&mut self, operands: &Operands) -> Result<(), Problem> {
        let (from, to, size) = (operands.address(0)?, operands.address(1)?, operands.signed(2)?);
        let length = usize::from(size.unsigned_abs());
        self.spend(length as u64)?;
        if to == 0 {
            return (0..length).try_for_each(|index| self.memory.set_byte(from + index, 0));
        }
        let backward = size > 0 && to > from;
        for step in 0..length {
            let index = if backward { length - 1 - step } else { step };
            let byte = self.memory.byte(from + index)?;
            self.memory.set_byte(to + index, byte)?;
        }
        Ok(())
    }

    /// The opcode `print_table`: a rectangle of characters, a line each.
    pub(super) fn print_table(&mut self, operands: &Operands) -> Result<(), Problem> {
        let (table, width) = (operands.address(0)?, operands.address(1)?);
        let height = operands.get(2).map_or(1, usize::from);
        let skip = operands.get(3).map_or(0, usize::from);
        for row in 0..height {
            if row > 0 {
                self.print("\n")?;
            }
            self.spend(1)?;
            for column in 0..width {
                let sign = self.memory.byte(table + row * (width + skip) + column)?;
                self.spend(1)?;
                self.print_code(u16::from(sign))?;
            }
        }
        Ok(())
    }
}
