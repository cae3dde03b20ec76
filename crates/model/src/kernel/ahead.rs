//! Asking memory for weights before they are needed.

use std::arch::x86_64::{_MM_HINT_T0, _mm_prefetch};

/// Asks for what the next rows need, in the order in which it lies there: rows that are read side by side are no stream
/// that a processor foresees.
pub struct Ahead {
    next: *const u8,
    /// 1, or 0 where rows are so long that it foresees them.
    on: usize,
}

impl Ahead {
    /// Rows that are read side by side and take no more bytes than this are asked for.
    const MOST: usize = 24 << 10;
    /// How far ahead at least, in bytes.
    const LEAST: usize = 6 << 10;

    /// For rows side by side that begin at `start` and take `bytes`.
    #[inline(always)]
    pub fn of(start: *const u8, bytes: usize, on: bool) -> Self {
        let on = usize::from(on && bytes <= Self::MOST);
        Self { next: start.wrapping_add(on * bytes.max(Self::LEAST)), on }
    }

    /// So many bytes were taken.
    #[inline(always)]
    pub fn go(&mut self, bytes: usize) {
        // SAFETY: a prefetch reads nothing that a program could see, and no address is wrong for it; every x86-64 has SSE.
        unsafe { _mm_prefetch::<_MM_HINT_T0>(self.next.cast()) };
        self.next = self.next.wrapping_add(self.on * bytes);
    }
}
