//! Routines that wait for each other, their local variables, and the stack that they share.

use super::Problem;

/// The most values on the stack.
const VALUES: usize = 32_768;
/// The most routines that wait for each other.
const CALLS: usize = 4_096;
/// The most local variables.
pub const LOCALS: u8 = 15;

/// A routine that runs, or waits.
#[derive(Debug, Clone)]
pub struct Frame {
    /// Where its caller goes on.
    pub back: usize,
    /// Which variable of the caller takes its result.
    pub result: Option<u8>,
    /// How many arguments it was given.
    pub arguments: u8,
    locals: [u16; LOCALS as usize],
    count: u8,
    /// Where its part of the stack begins.
    base: usize,
}

/// All routines and the stack.
#[derive(Debug, Clone)]
pub struct Frames {
    frames: Vec<Frame>,
    stack: Vec<u16>,
    /// The code before any routine: it has no local variables.
    main: Frame,
}

impl Frame {
    /// A routine with local variables.
    pub fn new(back: usize, result: Option<u8>, locals: &[u16]) -> Self {
        let mut frame = Self { back, result, arguments: 0, locals: [0; LOCALS as usize], count: 0, base: 0 };
        for (place, &value) in frame.locals.iter_mut().zip(locals) {
            *place = value;
            frame.count += 1;
        }
        frame
    }
}

impl Frames {
    /// No routine yet.
    pub fn new() -> Self {
        Self { frames: Vec::new(), stack: Vec::new(), main: Frame::new(0, None, &[]) }
    }

    /// About how many bytes they take.
    pub fn bytes(&self) -> usize {
        self.frames.len() * size_of::<Frame>() + self.stack.len() * 2
    }

    /// The routine that runs.
    pub fn top(&self) -> &Frame {
        self.frames.last().unwrap_or(&self.main)
    }

    /// Begins a routine.
    pub fn enter(&mut self, frame: Frame) -> Result<(), Problem> {
        if self.frames.len() >= CALLS {
            return Err(Problem::CallsFull(CALLS));
        }
        self.frames.push(Frame { base: self.stack.len(), ..frame });
        Ok(())
    }

    /// Ends the routine that runs.
    pub fn leave(&mut self) -> Result<Frame, Problem> {
        let frame = self.frames.pop().ok_or(Problem::NoCaller)?;
        self.stack.truncate(frame.base);
        Ok(frame)
    }

    /// The number of the routine that runs, for [`Frames::back_to`].
    pub fn number(&self) -> u16 {
        u16::try_from(self.frames.len()).unwrap_or(u16::MAX)
    }

    /// Makes an earlier routine the one that runs.
    pub fn back_to(&mut self, number: u16) -> Result<(), Problem> {
        if usize::from(number) > self.frames.len() {
            return Err(Problem::NoFrame(number));
        }
        while self.frames.len() > usize::from(number) {
            self.leave()?;
        }
        Ok(())
    }

    /// Puts a value on the stack.
    pub fn push(&mut self, value: u16) -> Result<(), Problem> {
        if self.stack.len() >= VALUES {
            return Err(Problem::StackFull(VALUES));
        }
        self.stack.push(value);
        Ok(())
    }

    /// Takes a value that this routine put there.
    pub fn pop(&mut self) -> Result<u16, Problem> {
        if self.stack.len() <= self.top().base {
            return Err(Problem::StackEmpty);
        }
        self.stack.pop().ok_or(Problem::StackEmpty)
    }

    /// The value that a pop would take.
    pub fn peek(&mut self) -> Result<&mut u16, Problem> {
        if self.stack.len() <= self.top().base {
            return Err(Problem::StackEmpty);
        }
        self.stack.last_mut().ok_or(Problem::StackEmpty)
    }

    /// A local variable, from 1.
    pub fn local(&mut self, number: u8) -> Result<&mut u16, Problem> {
        let frame = self.frames.last_mut().unwrap_or(&mut self.main);
        let known = (1..=frame.count).contains(&number);
        let place = usize::from(number.saturating_sub(1));
        frame.locals.get_mut(place).filter(|_| known).ok_or(Problem::NoLocal(number))
    }
}
