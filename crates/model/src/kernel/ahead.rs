//! Asking memory for weights before they are needed.

use std::arch::x86_64::{_MM_HINT_T0, _MM_HINT_T1, _mm_prefetch};

/// Values of a row of x from which on it does not stay in the first cache while weights pass through: its lines then come from
/// the second one, between those of the weights, and the processor foresees the weights no more.
pub const LONG: usize = 4096;
/// The same of all rows of x together, where several rows of weights are read side by side.
pub const LONG_BESIDE: usize = 3584;

/// Nothing is asked for: one row after another is what processors foresee best.
pub const NOT: u8 = 0;
/// Into the first cache, where rows are short enough for that.
pub const NEAR: u8 = 1;
/// Into the second cache.
pub const FAR: u8 = 2;

/// Asks for the line of 64 bytes around an address.
#[inline(always)]
pub fn ask<const TO: u8>(address: *const u8) {
    // SAFETY: a prefetch reads nothing that a program could see, and no address is wrong for it; every x86-64 has SSE.
    unsafe {
        match TO {
            NEAR => _mm_prefetch::<_MM_HINT_T0>(address.cast()),
            FAR => _mm_prefetch::<_MM_HINT_T1>(address.cast()),
            _ => {}
        }
    }
}

/// Asks for what the next rows need, in the order in which it lies there: rows that are read side by side are no stream
/// that a processor foresees. `TO` says what is asked for: [`NOT`], [`NEAR`] or [`FAR`].
pub struct Ahead<const TO: u8> {
    next: *const u8,
    /// 1, or 0 where nothing is asked for.
    on: usize,
}

impl<const TO: u8> Ahead<TO> {
    /// Rows that take no more bytes than this are asked into the first cache.
    const MOST: usize = 24 << 10;
    /// How far ahead at least, in bytes.
    const LEAST: usize = 6 << 10;

    /// For rows side by side that begin at `start` and take `bytes`.
    #[inline(always)]
    pub fn of(start: *const u8, bytes: usize) -> Self {
        let on = usize::from(TO == FAR || bytes <= Self::MOST);
        Self { next: start.wrapping_add(on * bytes.max(Self::LEAST)), on }
    }

    /// So many bytes were taken.
    #[inline(always)]
    pub fn go(&mut self, bytes: usize) {
        ask::<TO>(self.next);
        self.next = self.next.wrapping_add(self.on * bytes);
    }
}
