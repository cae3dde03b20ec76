//! The words of a story's dictionary, and what its compiler says of them.

use super::dictionary::Dictionary;
use super::machine::Machine;
use super::{Problem, Version, objects, text};

/// A word of the dictionary.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Word {
    /// Its first 6 letters (9 from version 4 on).
    pub text: String,
    /// Whether it names or describes a thing.
    pub thing: bool,
}

/// All words.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Vocabulary {
    /// In the dictionary's order.
    pub words: Vec<Word>,
    /// How many letters of a word count.
    pub letters: usize,
}

/// The most words that are read.
const MOST: usize = 8_192;

impl Machine {
    /// The words of the story's dictionary; those of a broken one as far as they can be read.
    ///
    /// The byte behind a word says what it is: Inform, which leaves its version in the header, has one bit for nouns,
    /// Infocom's compiler one for nouns and one for adjectives.
    pub fn vocabulary(&self) -> Vocabulary {
        let letters = if self.story().version == Version::V3 { 6 } else { 9 };
        let Ok(dictionary) = Dictionary::read(&self.memory, self.story().dictionary) else {
            return Vocabulary { words: Vec::new(), letters };
        };
        let inform = self.memory.byte(0x3c).is_ok_and(|byte| byte.is_ascii_digit());
        let word = |index: usize| -> Result<Word, Problem> {
            let at = dictionary.first + index * dictionary.size;
            let flags = self.memory.byte(at + if letters == 6 { 4 } else { 6 })?;
            let noun = if inform { 0x80 } else { 0x80 | 0x20 };
            Ok(Word { text: text::read(&self.memory, at)?.text.trim_end().to_owned(), thing: flags & noun != 0 })
        };
        let words = (0..dictionary.count.min(MOST)).map_while(|index| word(index).ok());
        Vocabulary { words: words.collect(), letters }
    }

    /// The bytes that hold all attributes and places of the story's objects: what differs when its world changed.
    pub fn world(&self) -> &[u8] {
        objects::tree(&self.memory)
    }
}

impl Vocabulary {
    /// The word as the dictionary holds it.
    pub fn find(&self, word: &str) -> Option<&Word> {
        let short: String = word.to_lowercase().chars().take(self.letters).collect();
        self.words.iter().find(|known| known.text == short)
    }
}
