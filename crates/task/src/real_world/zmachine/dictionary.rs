//! The dictionary: splits a line into words and finds them.

use super::Problem;
use super::memory::Memory;
use super::text::encode;

/// A dictionary's header.
pub struct Dictionary {
    /// Signs that are words of their own.
    separators: Vec<u8>,
    /// Bytes of an entry.
    pub size: usize,
    /// Entries.
    pub count: usize,
    /// The first entry.
    pub first: usize,
}

/// A word in a line.
pub struct Token {
    /// Its first letter's index.
    pub from: usize,
    /// How many letters it has.
    pub length: usize,
    /// Its entry in the dictionary; 0 where there is none.
    pub entry: usize,
}

impl Dictionary {
    /// The dictionary at an address. A negative count says that the entries are in no order, which makes no difference
    /// here.
    pub fn read(memory: &Memory, at: usize) -> Result<Self, Problem> {
        let separators = usize::from(memory.byte(at)?);
        let head = at + 1 + separators;
        Ok(Self {
            separators: (at + 1..head).map(|at| memory.byte(at)).collect::<Result<_, _>>()?,
            size: usize::from(memory.byte(head)?),
            count: usize::from((memory.word(head + 1)?.cast_signed()).unsigned_abs()),
            first: head + 3,
        })
    }

    /// The entry of a word; 0 where there is none.
    pub fn find(&self, memory: &Memory, word: &[u8]) -> Result<usize, Problem> {
        let wanted = encode(memory, word)?;
        'entries: for index in 0..self.count {
            let entry = self.first + index * self.size;
            for (offset, &part) in wanted.iter().enumerate() {
                if memory.word(entry + 2 * offset)? != part {
                    continue 'entries;
                }
            }
            return Ok(entry);
        }
        Ok(0)
    }

    /// The words of a line.
    pub fn tokens(&self, memory: &Memory, line: &[u8]) -> Result<Vec<Token>, Problem> {
        let mut tokens = Vec::new();
        let mut from = 0;
        while let Some(&sign) = line.get(from) {
            let word = |byte: &u8| *byte != b' ' && !self.separators.contains(byte);
            let length = match sign {
                b' ' => 0,
                _ => line[from..].iter().take_while(|byte| word(byte)).count().max(1),
            };
            if length > 0 {
                let entry = self.find(memory, &line[from..from + length])?;
                tokens.push(Token { from, length, entry });
            }
            from += length.max(1);
        }
        Ok(tokens)
    }
}
