//! Memory: the part of a story that may be written to, and the rest of the file.

use super::{Problem, Story};

/// A story's memory. Every access is checked.
#[derive(Debug, Clone)]
pub struct Memory {
    story: Story,
    /// The bytes from 0 on that may be written to.
    dynamic: Vec<u8>,
}

/// Bits of the byte and the word of flags that a story must not see set: what it asks for and cannot have.
const NO_PICTURES: u16 = 0b1_1010_1000;

impl Memory {
    /// Memory as it is before the first instruction.
    pub fn new(story: &Story) -> Self {
        let dynamic = story.bytes().get(..story.fixed).unwrap_or_default().to_vec();
        let mut memory = Self { story: story.clone(), dynamic };
        memory.describe_screen();
        memory
    }

    /// Says in the header what there is to print on: 80 fixed columns without end, nothing else. `fixed` is at least a
    /// header long.
    fn describe_screen(&mut self) {
        use super::Version::{V3, V4};
        let flags = self.dynamic[0x10..0x12].iter().fold(0_u16, |word, &byte| word << 8 | u16::from(byte));
        let mut put = |at: usize, bytes: &[u8]| self.dynamic[at..at + bytes.len()].copy_from_slice(bytes);
        put(0x10, &(flags & !NO_PICTURES).to_be_bytes());
        put(0x32, &[1, 1]);
        match self.story.version {
            V3 => self.dynamic[1] = self.dynamic[1] & 0b1000_1111 | 0b0010_0000,
            version => {
                self.dynamic[1] = 0b0001_0000;
                let mut put = |at: usize, bytes: &[u8]| self.dynamic[at..at + bytes.len()].copy_from_slice(bytes);
                put(0x1e, &[6, b'A', 255, 80]);
                if version > V4 {
                    put(0x22, &[0, 80, 0, 255, 1, 1]);
                }
            }
        }
    }

    /// The story that it is of.
    pub fn story(&self) -> &Story {
        &self.story
    }

    /// All bytes that may be written to.
    pub fn dynamic(&self) -> &[u8] {
        &self.dynamic
    }

    /// Takes the place of all bytes that may be written to, but for the two bits that say how text is printed.
    pub fn restore(&mut self, dynamic: &[u8]) {
        let printing = self.dynamic[0x11] & 0b11;
        self.dynamic.copy_from_slice(dynamic);
        self.dynamic[0x11] = self.dynamic[0x11] & !0b11 | printing;
    }

    /// A byte.
    pub fn byte(&self, at: usize) -> Result<u8, Problem> {
        match self.dynamic.get(at) {
            Some(&byte) => Ok(byte),
            None => self.story.byte(at),
        }
    }

    /// A word, its high byte first.
    pub fn word(&self, at: usize) -> Result<u16, Problem> {
        Ok(u16::from(self.byte(at)?) << 8 | u16::from(self.byte(at.saturating_add(1))?))
    }

    /// Writes a byte.
    pub fn set_byte(&mut self, at: usize, value: u8) -> Result<(), Problem> {
        let place = self.dynamic.get_mut(at).ok_or(Problem::ReadOnly(at))?;
        *place = value;
        Ok(())
    }

    /// Writes a word.
    pub fn set_word(&mut self, at: usize, value: u16) -> Result<(), Problem> {
        let [high, low] = value.to_be_bytes();
        self.set_byte(at.saturating_add(1), low)?;
        self.set_byte(at, high)
    }
}
