//! `save`, `restore` and their undo twins: moments of the story, kept in memory.

use super::execute::COPIED;
use super::frames::Frames;
use super::machine::Machine;
use super::{Problem, Version};

/// How many moments `save_undo` keeps.
const UNDO: usize = 4;

/// A moment of a story: everything but its dice and what it printed.
#[derive(Debug, Clone)]
pub struct Snapshot {
    dynamic: Vec<u8>,
    frames: Frames,
    /// Where the instruction says what to do with its result.
    at: usize,
}

impl Machine {
    fn snapshot(&mut self) -> Result<Snapshot, Problem> {
        self.spend((self.memory.dynamic().len() + self.frames.bytes()) as u64 / COPIED)?;
        Ok(Snapshot { dynamic: self.memory.dynamic().to_vec(), frames: self.frames.clone(), at: self.at })
    }

    fn return_to(&mut self, moment: &Snapshot) -> Result<(), Problem> {
        self.spend((moment.dynamic.len() + moment.frames.bytes()) as u64 / COPIED)?;
        self.memory.restore(&moment.dynamic);
        self.frames = moment.frames.clone();
        self.at = moment.at;
        Ok(())
    }

    /// Says how it went: by a branch in version 3, by a number later; 2 says that the story is back.
    fn told(&mut self, result: u16) -> Result<(), Problem> {
        match self.story().version {
            Version::V3 => self.branch(result > 0),
            _ => self.store(result),
        }
    }

    /// The opcode `save`: always works, for as long as the story is played.
    pub(super) fn save(&mut self) -> Result<(), Problem> {
        self.saved = Some(Box::new(self.snapshot()?));
        self.told(1)
    }

    /// The opcode `restore`: goes back to what was saved, and fails where nothing was.
    pub(super) fn restore(&mut self) -> Result<(), Problem> {
        match self.saved.clone() {
            Some(moment) => {
                self.return_to(&moment)?;
                self.told(2)
            }
            None => self.told(0),
        }
    }

    /// The opcode `save_undo`.
    pub(super) fn save_undo(&mut self) -> Result<(), Problem> {
        let moment = self.snapshot()?;
        if self.undo.len() >= UNDO {
            self.undo.remove(0);
        }
        self.undo.push(moment);
        self.store(1)
    }

    /// The opcode `restore_undo`.
    pub(super) fn restore_undo(&mut self) -> Result<(), Problem> {
        match self.undo.pop() {
            Some(moment) => {
                self.return_to(&moment)?;
                self.store(2)
            }
            None => self.store(0),
        }
    }
}
