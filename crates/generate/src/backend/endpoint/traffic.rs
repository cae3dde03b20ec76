//! How many requests are under way at each address: more while they are answered, half as many when a server says that it is
//! busy or fails, none for a while where it fails again and again.

use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

/// Requests at an address before any was answered.
const FIRST: f64 = 4.0;
/// Failures in a row after which an address is left alone for a while.
const STRIKES: u32 = 5;
/// The longest that it is left alone.
const REST: Duration = Duration::from_secs(60);
/// What is under way when a server gets busy fails together: it counts once.
const ONCE: Duration = Duration::from_secs(1);
/// The longest that a server may ask us to wait.
const WAIT: Duration = Duration::from_secs(600);

/// How a request ended, as far as the address is concerned.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Ended {
    /// It was answered, if only to say that the request is wrong.
    Answered,
    /// It has too much to do, and may say for how long.
    Busy(Option<Duration>),
    /// No answer, half of one, or a server's error.
    Failed,
}

#[derive(Debug, Clone)]
struct Place {
    under_way: usize,
    /// How many may be.
    limit: f64,
    /// Failures since the last answer.
    strikes: u32,
    closed: Option<Instant>,
    lowered: Option<Instant>,
}

impl Place {
    /// How many more it may have now.
    fn free(&self, now: Instant) -> usize {
        if self.closed.is_some_and(|until| now < until) {
            return 0;
        }
        // One that failed again and again is tried by one request.
        let most = if self.strikes >= STRIKES { 1 } else { self.limit as usize };
        most.saturating_sub(self.under_way)
    }

    fn load(&self) -> f64 {
        self.under_way as f64 / self.limit
    }

    fn end(&mut self, how: Ended, most: usize, now: Instant) {
        self.under_way = self.under_way.saturating_sub(1);
        match how {
            Ended::Answered => {
                (self.strikes, self.closed) = (0, None);
                // Twice as many a round until the first trouble, one more a round from then on.
                let more = if self.lowered.is_none() { 1.0 } else { 1.0 / self.limit };
                self.limit = (self.limit + more).min(most.max(1) as f64);
            }
            Ended::Busy(wait) => {
                self.lower(now);
                self.closed = wait.map(|wait| now + wait.min(WAIT)).max(self.closed);
            }
            Ended::Failed => {
                self.lower(now);
                self.strikes += 1;
                if let Some(more) = self.strikes.checked_sub(STRIKES) {
                    self.closed = Some(now + Duration::from_secs(1 << more.min(6)).min(REST));
                }
            }
        }
    }

    fn lower(&mut self, now: Instant) {
        if self.lowered.is_none_or(|then| now.duration_since(then) >= ONCE) {
            self.limit = (self.limit / 2.0).max(1.0);
            self.lowered = Some(now);
        }
    }
}

/// All addresses of a variant.
#[derive(Debug)]
pub(super) struct Traffic {
    places: Mutex<Vec<Place>>,
    freed: Condvar,
    /// The most requests under way at one address.
    most: usize,
}

/// How long who waits for a place sleeps at most before it looks again.
const LOOK: Duration = Duration::from_millis(200);

impl Traffic {
    pub fn new(addresses: usize, most: usize) -> Self {
        let limit = FIRST.min(most.max(1) as f64);
        let place = Place { under_way: 0, limit, strikes: 0, closed: None, lowered: None };
        Self { places: Mutex::new(vec![place; addresses]), freed: Condvar::new(), most }
    }

    /// Waits for the least loaded address that takes another request; `None` where there is none until a moment.
    pub fn enter(&self, until: Instant) -> Option<usize> {
        let mut places = self.lock();
        loop {
            let now = Instant::now();
            let open = places.iter().enumerate().filter(|(_, place)| place.free(now) > 0);
            if let Some(index) = open.min_by(|(_, a), (_, b)| a.load().total_cmp(&b.load())).map(|(index, _)| index) {
                places.get_mut(index)?.under_way += 1;
                return Some(index);
            }
            if now >= until {
                return None;
            }
            let wait = LOOK.min(until - now);
            places = self.freed.wait_timeout(places, wait).unwrap_or_else(PoisonError::into_inner).0;
        }
    }

    /// A request at an address has ended.
    pub fn leave(&self, index: usize, how: Ended) {
        if let Some(place) = self.lock().get_mut(index) {
            place.end(how, self.most, Instant::now());
        }
        self.freed.notify_all();
    }

    fn lock(&self) -> MutexGuard<'_, Vec<Place>> {
        self.places.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// How long to wait before a request is tried again: twice as long each time up to half a minute, between half of it and all
/// of it, so that those who failed together do not come back together. `draw` is in [0, 1).
pub(super) fn pause(tries: u32, draw: f64) -> Duration {
    let longest = Duration::from_millis(250 << tries.min(7));
    longest.mul_f64(0.5 + 0.5 * draw)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn place() -> Place {
        Place { under_way: 0, limit: 4.0, strikes: 0, closed: None, lowered: None }
    }

    #[test]
    fn a_limit_doubles_until_the_first_trouble_and_then_grows_by_one_a_round() {
        let (now, mut one) = (Instant::now(), place());
        (0..4).for_each(|_| one.end(Ended::Answered, 64, now));
        assert_eq!(one.limit, 8.0);
        (0..3).for_each(|_| one.end(Ended::Busy(None), 64, now));
        assert_eq!(one.limit, 4.0);
        one.end(Ended::Busy(None), 64, now + ONCE);
        assert_eq!(one.limit, 2.0);
        one.limit = 4.0;
        (0..4).for_each(|_| one.end(Ended::Answered, 64, now));
        assert!((4.9..5.0).contains(&one.limit), "{}", one.limit);
        (0..1000).for_each(|_| one.end(Ended::Answered, 6, now));
        assert_eq!(one.limit, 6.0);
    }

    #[test]
    fn an_address_that_fails_again_and_again_rests_and_is_tried_by_one() {
        let (now, mut one) = (Instant::now(), place());
        (0..STRIKES - 1).for_each(|_| one.end(Ended::Failed, 64, now));
        assert!(one.free(now) > 0);
        one.end(Ended::Failed, 64, now);
        assert_eq!((one.free(now), one.free(now + Duration::from_secs(1))), (0, 1));
        (0..40).for_each(|_| one.end(Ended::Failed, 64, now));
        assert_eq!((one.free(now + REST - ONCE), one.free(now + REST)), (0, 1));
        one.limit = 4.0;
        one.end(Ended::Answered, 64, now);
        assert_eq!(one.free(now), 4);
    }

    #[test]
    fn who_says_when_to_come_back_is_left_alone_until_then() {
        let (now, mut one) = (Instant::now(), place());
        one.end(Ended::Busy(Some(Duration::from_secs(7))), 64, now);
        one.end(Ended::Busy(None), 64, now);
        assert_eq!((one.free(now + Duration::from_secs(6)), one.free(now + Duration::from_secs(7))), (0, 2));
        one.end(Ended::Busy(Some(Duration::MAX)), 64, now);
        assert!(one.free(now + WAIT) > 0);
    }

    #[test]
    fn the_least_loaded_address_is_taken() {
        let traffic = Traffic::new(2, 3);
        let soon = Instant::now() + Duration::from_millis(10);
        let taken: Vec<_> = (0..7).map(|_| traffic.enter(soon)).collect();
        let each = |index| taken.iter().filter(|one| **one == Some(index)).count();
        assert_eq!((each(0), each(1), taken[6]), (3, 3, None));
        traffic.leave(1, Ended::Answered);
        assert_eq!(traffic.enter(soon), Some(1));
    }

    #[test]
    fn pauses_grow_to_half_a_minute() {
        assert_eq!(pause(0, 0.0), Duration::from_millis(125));
        assert!(pause(60, 0.999) < Duration::from_secs(33) && pause(60, 0.0) >= Duration::from_secs(15));
    }
}
