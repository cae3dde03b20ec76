//! Packed text: three letters of five bits in a word, abbreviations, and back for words of the dictionary.

use super::alphabet::{character, letter, place};
use super::memory::Memory;
use super::{Problem, Version};

/// The most letters of one packed text, those of its abbreviations and those that print nothing included.
const MOST: usize = 65_536;

/// A text that was read.
pub struct Text {
    /// What it says.
    pub text: String,
    /// Where the next byte lies.
    pub end: usize,
    /// How many letters were read.
    pub letters: usize,
}

/// Reads the packed text at an address.
pub fn read(memory: &Memory, at: usize) -> Result<Text, Problem> {
    let mut reader = Reader { memory, text: String::new(), letters: 0 };
    let end = reader.string(at, false)?;
    Ok(Text { text: reader.text, end, letters: reader.letters })
}

struct Reader<'a> {
    memory: &'a Memory,
    text: String,
    letters: usize,
}

/// What the next letter means.
#[derive(Clone, Copy)]
enum Next {
    /// A letter of the alphabet.
    Letter(usize),
    /// Which abbreviation of a bank.
    Abbreviation(u16),
    /// The high half of a spelled code.
    High,
    /// The low half of a spelled code.
    Low(u16),
}

impl Reader<'_> {
    /// One string; `inside` an abbreviation there is no other.
    fn string(&mut self, at: usize, inside: bool) -> Result<usize, Problem> {
        let (mut at, mut next) = (at, Next::Letter(0));
        loop {
            let word = self.memory.word(at)?;
            at += 2;
            for shift in [10, 5, 0] {
                next = self.letter(next, (word >> shift) & 31, inside)?;
            }
            if word & 0x8000 != 0 {
                return Ok(at);
            }
        }
    }

    fn letter(&mut self, next: Next, z: u16, inside: bool) -> Result<Next, Problem> {
        self.letters += 1;
        if self.letters > MOST {
            return Err(Problem::Flood(MOST));
        }
        match (next, z) {
            (Next::High, _) => return Ok(Next::Low(z)),
            (Next::Low(high), _) => self.put(high << 5 | z)?,
            (Next::Abbreviation(bank), _) => self.abbreviation(32 * bank + z)?,
            (_, 0) => self.put(u16::from(b' '))?,
            (_, 1..=3) if inside => return Err(Problem::Refused("an abbreviation inside an abbreviation")),
            (_, 1..=3) => return Ok(Next::Abbreviation(z - 1)),
            (_, 4 | 5) => return Ok(Next::Letter(usize::from(z - 3))),
            (Next::Letter(2), 6) => return Ok(Next::High),
            (Next::Letter(alphabet), _) => {
                let place = u8::try_from(z).unwrap_or_default();
                self.put(u16::from(letter(self.memory, alphabet, place)?))?;
            }
        }
        Ok(Next::Letter(0))
    }

    fn abbreviation(&mut self, number: u16) -> Result<(), Problem> {
        let entry = self.memory.story().abbreviations + 2 * usize::from(number);
        let address = 2 * usize::from(self.memory.word(entry)?);
        self.string(address, true).map(|_| ())
    }

    fn put(&mut self, code: u16) -> Result<(), Problem> {
        self.text.extend(character(self.memory, code)?);
        Ok(())
    }
}

/// A word as the dictionary holds it: 6 letters in two words up to version 3, 9 in three words later.
pub fn encode(memory: &Memory, word: &[u8]) -> Result<Vec<u16>, Problem> {
    let length = if memory.story().version == Version::V3 { 6 } else { 9 };
    let mut letters: Vec<u8> = Vec::with_capacity(length + 4);
    for &sign in word {
        if letters.len() >= length {
            break;
        }
        match place(memory, sign)? {
            _ if sign == b' ' => letters.push(0),
            Some((0, place)) => letters.push(place),
            Some((alphabet, place)) => letters.extend([u8::try_from(alphabet).unwrap_or_default() + 3, place]),
            None => letters.extend([5, 6, sign >> 5, sign & 31]),
        }
    }
    letters.resize(length, 5);
    let words = letters.chunks(3).map(|three| three.iter().fold(0, |word, &letter| word << 5 | u16::from(letter)));
    let mut words: Vec<u16> = words.collect();
    if let Some(last) = words.last_mut() {
        *last |= 0x8000;
    }
    Ok(words)
}
