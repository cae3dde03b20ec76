//! Which unit of work a worker takes next.

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;
use std::time::{Duration, Instant, SystemTime};

use super::lease::{Holder, Lease, Standing, State};
use super::units::{Board, Stage, Unit, worker_of};
use crate::Error;

/// Leases of others that are looked at in one go: where many wait for many, each looks at some.
const LOOKED_AT: usize = 16;
/// Free units that are tried before all are looked at anew.
const TRIED: usize = 16;

/// What is to be done next.
pub(crate) enum Next<'a> {
    /// This.
    Take(&'a Board, Unit, Lease),
    /// Others do what is left.
    Wait,
    /// What is left waits for what nobody does.
    Stuck(Error),
    /// Nothing is left.
    Done,
}

/// Chooses what a worker does next.
pub(crate) struct Picker<'a> {
    /// The runs in which something is left to do.
    open: Vec<&'a Board>,
    stages: &'a [Stage],
    timeout: Duration,
    /// What failed here; others may have more luck.
    given_up: BTreeSet<(PathBuf, Unit)>,
    /// Leases that seem old: when they were last written, and since when that is known.
    suspects: BTreeMap<(PathBuf, String), (SystemTime, Instant)>,
}

impl<'a> Picker<'a> {
    /// Chooses among the units of some runs that are of some stages.
    pub fn new(boards: &'a [Board], stages: &'a [Stage], timeout: Duration) -> Self {
        let (given_up, suspects) = (BTreeSet::new(), BTreeMap::new());
        Self { open: boards.iter().collect(), stages, timeout, given_up, suspects }
    }

    /// Leaves a unit to others; of a variant that could not be asked, all that ask it.
    pub fn give_up(&mut self, board: &Board, unit: Unit) {
        let same = |other: Unit| other == unit || (unit.asks().is_some() && unit.asks() == other.asks());
        let all = board.units.iter().map(|(_, other)| *other).filter(|other| same(*other));
        self.given_up.extend(all.map(|unit| (board.run.root.clone(), unit)));
    }

    /// Takes the next unit, of the first run that has one.
    pub fn next(&mut self) -> Result<Next<'a>, Error> {
        let mut left = Next::Done;
        for board in self.open.clone() {
            match self.next_of(board, None)? {
                Next::Take(board, unit, lease) => return Ok(Next::Take(board, unit, lease)),
                Next::Done => self.open.retain(|other| other.run.root != board.run.root),
                Next::Wait => left = Next::Wait,
                Next::Stuck(error) if matches!(left, Next::Done) => left = Next::Stuck(error),
                Next::Stuck(_) => {}
            }
        }
        Ok(left)
    }

    /// Takes the next unit of a run, or of one variant of it.
    pub fn next_of(&mut self, board: &'a Board, asked: Option<Unit>) -> Result<Next<'a>, Error> {
        let now = board.standings()?;
        let mine = |unit: Unit| {
            self.stages.contains(&unit.stage()) && !self.given_up.contains(&(board.run.root.clone(), unit))
        };
        let left: Vec<&(String, Unit)> =
            board.units.iter().filter(|(name, unit)| !now.is_done(name) && mine(*unit)).collect();
        let mut due: Vec<(&str, Unit, Standing)> = board.due(&now);
        due.retain(|(_, unit, _)| mine(*unit) && asked.is_none_or(|asked| asked.asks() == unit.asks()));
        let (mut free, held_due): (Vec<_>, Vec<_>) =
            due.into_iter().partition(|(.., standing)| standing.state == State::Free);
        order(&mut free, asked, &held_due);
        free.truncate(TRIED);
        if let Some(taken) = self.take(board, free)? {
            return Ok(taken);
        }
        // Only who finds nothing free looks at what others hold.
        let silent = self.silent(board, held_due)?;
        if let Some(taken) = self.take(board, silent)? {
            return Ok(taken);
        }
        let Some((first, _)) = left.first() else { return Ok(Next::Done) };
        let held = left.iter().any(|(name, _)| now.of(name).state == State::Held);
        if held || worker_of(&board.run)?.is_some() {
            return Ok(Next::Wait);
        }
        let (root, units, first) = (board.run.root.clone(), left.len(), first.clone());
        Ok(Next::Stuck(Error::Stuck { root, units, first }))
    }

    /// Takes the first of some units that nobody else takes before.
    fn take(&self, board: &'a Board, units: Vec<(&str, Unit, Standing)>) -> Result<Option<Next<'a>>, Error> {
        for (name, unit, standing) in units {
            if let Some(lease) = board.leases.take(name, standing, Holder::me(self.timeout))? {
                return Ok(Some(Next::Take(board, unit, lease)));
            }
        }
        Ok(None)
    }

    /// Those of some held units whose holders count as gone, and gave no sign of life since that was first seen, a while ago.
    fn silent<'n>(
        &mut self,
        board: &Board,
        mut held: Vec<(&'n str, Unit, Standing)>,
    ) -> Result<Vec<(&'n str, Unit, Standing)>, Error> {
        if held.is_empty() {
            return Ok(held);
        }
        let now = board.leases.now()?;
        let from = mixed(held.len());
        held.rotate_left(from);
        held.sort_by_key(|(name, ..)| !self.suspects.contains_key(&(board.run.root.clone(), (*name).to_owned())));
        held.truncate(LOOKED_AT);
        let mut silent = Vec::new();
        for (name, unit, standing) in held {
            let key = (board.run.root.clone(), name.to_owned());
            let Some(seen) = board.leases.holder(name, standing.generation, now)?.filter(|seen| !seen.is_alive())
            else {
                self.suspects.remove(&key);
                continue;
            };
            match self.suspects.get(&key) {
                Some((written, since)) if *written == seen.written => {
                    if since.elapsed() >= seen.holder.beat() {
                        silent.push((name, unit, standing));
                    }
                }
                _ => drop(self.suspects.insert(key, (seen.written, Instant::now()))),
            }
        }
        Ok(silent)
    }
}

/// Units as they are best taken: those of the task under way first; of variants that fewer work on first; and not all workers
/// the same.
fn order(free: &mut [(&str, Unit, Standing)], asked: Option<Unit>, held: &[(&str, Unit, Standing)]) {
    let others = |unit: Unit| held.iter().filter(|(_, other, _)| other.asks() == unit.asks()).count();
    let task = |unit: Unit| match unit {
        Unit::Generate { task, .. } => Some(task),
        Unit::Calibrate | Unit::Ready(_) | Unit::Score => None,
    };
    free.sort_by_cached_key(|(_, unit, _)| {
        (asked.is_some_and(|asked| task(asked) != task(*unit)), others(*unit), *unit)
    });
    let key = |unit: Unit| (unit.asks(), task(unit));
    let alike = free
        .first()
        .map_or(0, |(_, first, _)| free.iter().take_while(|(_, unit, _)| key(*unit) == key(*first)).count());
    if alike > 0 {
        free[..alike].rotate_left(mixed(alike));
    }
}

/// A number below `count` that differs between workers.
fn mixed(count: usize) -> usize {
    let token = Holder::me(Duration::ZERO).token;
    u64::from_str_radix(&token, 16).map_or(0, |number| (number % count.max(1) as u64) as usize)
}
