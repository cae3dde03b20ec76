//! What a story asks for, and what it is answered.

use super::alphabet::code;
use super::decode::Operands;
use super::dictionary::Dictionary;
use super::execute::SEARCHED;
use super::machine::Machine;
use super::text::encode;
use super::{Problem, Version};

/// What a story waits for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Asked {
    /// It runs.
    Nothing,
    /// A line, to be written and split into words at these addresses.
    Line {
        /// Where the letters go.
        text: usize,
        /// Where the words go; 0 for nowhere.
        words: usize,
    },
    /// A key.
    Key,
    /// It is over.
    Over,
}

impl Machine {
    /// The opcode `read`. What it says of time is not heard: a line always comes before the time is up.
    pub(super) fn read_line(&mut self, operands: &Operands) -> Result<(), Problem> {
        self.asked = Asked::Line { text: operands.address(0)?, words: operands.get(1).map_or(0, usize::from) };
        Ok(())
    }

    /// The opcode `read_char`.
    pub(super) fn read_key(&mut self) -> Result<(), Problem> {
        self.asked = Asked::Key;
        Ok(())
    }

    /// Gives what was asked for, as ZSCII.
    pub(super) fn answer(&mut self, signs: &[u8]) -> Result<(), Problem> {
        match std::mem::replace(&mut self.asked, Asked::Nothing) {
            Asked::Line { text, words } => self.take_line(text, words, signs),
            Asked::Key => self.store(signs.first().map_or(13, |&sign| u16::from(sign))),
            Asked::Nothing | Asked::Over => Err(Problem::Over),
        }
    }

    fn take_line(&mut self, text: usize, words: usize, signs: &[u8]) -> Result<(), Problem> {
        let most = usize::from(self.memory.byte(text)?);
        let later = self.story().version >= Version::V5;
        // From version 5 on the buffer tells how many letters it has, and may begin with some; before, a zero ends them.
        let before = if later { usize::from(self.memory.byte(text + 1)?) } else { 0 };
        let room = if later { most } else { most.saturating_sub(1) }.saturating_sub(before);
        let lower = signs.iter().take(room).map(u8::to_ascii_lowercase);
        let first = text + 1 + usize::from(later) + before;
        let mut end = first;
        for sign in lower {
            self.memory.set_byte(end, sign)?;
            end += 1;
        }
        match later {
            true => {
                self.memory.set_byte(text + 1, u8::try_from(end - text - 2).unwrap_or(u8::MAX))?;
                if words > 0 {
                    self.split(text, words, self.story().dictionary, false)?;
                }
                self.store(13)
            }
            false => {
                self.memory.set_byte(end, 0)?;
                self.split(text, words, self.story().dictionary, false)
            }
        }
    }

    /// The opcode `tokenise`.
    pub(super) fn tokenize(&mut self, operands: &Operands) -> Result<(), Problem> {
        let dictionary = operands.get(2).filter(|&at| at > 0).map_or(self.story().dictionary, usize::from);
        let keep = operands.get(3).is_some_and(|flag| flag > 0);
        self.split(operands.address(0)?, operands.address(1)?, dictionary, keep)
    }

    /// Splits the letters at `text` into words at `words`. `keep` leaves those alone that the dictionary does not have.
    fn split(&mut self, text: usize, words: usize, dictionary: usize, keep: bool) -> Result<(), Problem> {
        let (line, offset) = self.letters(text)?;
        let dictionary = Dictionary::read(&self.memory, dictionary)?;
        let most = usize::from(self.memory.byte(words)?);
        self.spend((line.len() as u64 / 2 + 1).saturating_mul(dictionary.count as u64 + SEARCHED))?;
        let mut tokens = dictionary.tokens(&self.memory, &line)?;
        tokens.truncate(most);
        for (index, token) in tokens.iter().enumerate().filter(|(_, token)| !keep || token.entry > 0) {
            let at = words + 2 + 4 * index;
            self.memory.set_word(at, u16::try_from(token.entry).unwrap_or_default())?;
            self.memory.set_byte(at + 2, u8::try_from(token.length).unwrap_or(u8::MAX))?;
            self.memory.set_byte(at + 3, u8::try_from(token.from + offset).unwrap_or(u8::MAX))?;
        }
        self.memory.set_byte(words + 1, u8::try_from(tokens.len()).unwrap_or(u8::MAX))
    }

    /// The letters of a text buffer, and how far behind its address they begin.
    fn letters(&self, text: usize) -> Result<(Vec<u8>, usize), Problem> {
        let mut line = Vec::new();
        if self.story().version >= Version::V5 {
            let count = usize::from(self.memory.byte(text + 1)?);
            for index in 0..count {
                line.push(self.memory.byte(text + 2 + index)?);
            }
            return Ok((line, 2));
        }
        while line.len() < usize::from(u8::MAX) {
            match self.memory.byte(text + 1 + line.len())? {
                0 => break,
                sign => line.push(sign),
            }
        }
        Ok((line, 1))
    }

    /// The opcode `encode_text`.
    pub(super) fn encode_text(&mut self, operands: &Operands) -> Result<(), Problem> {
        self.spend(9 * SEARCHED)?;
        let first = operands.address(0)? + operands.address(2)?;
        let mut word = Vec::new();
        for index in 0..operands.address(1)?.min(9) {
            word.push(self.memory.byte(first + index)?);
        }
        let to = operands.address(3)?;
        for (index, part) in encode(&self.memory, &word)?.into_iter().enumerate() {
            self.memory.set_word(to + 2 * index, part)?;
        }
        Ok(())
    }

    /// Whether a character could be part of a line.
    pub(super) fn can_enter(&self, character: u16) -> bool {
        char::from_u32(u32::from(character)).is_some_and(|character| code(&self.memory, character).is_some())
    }
}
