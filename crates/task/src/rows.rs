//! Rows of official files: set aside where they are bad, dealt out so that the first few cover every list.

use record::{Assets, Sample};

use crate::TaskError;

/// What to do with a row of an official file that cannot be used.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum BadRows {
    /// Stop with an error that names it.
    #[default]
    Refuse,
    /// Leave it out, and say so.
    Skip,
}

/// The samples of a source.
#[derive(Default)]
pub struct Drawn {
    /// The samples, in an order that does not change; generated ones are made as they are taken.
    pub samples: Drawing,
    /// What they share, and perhaps more.
    pub assets: Assets,
    /// Rows that were left out, and why: one line each. Empty unless [`BadRows::Skip`] was asked for.
    pub skipped: Vec<String>,
}

/// Samples one by one.
pub struct Drawing(Box<dyn Iterator<Item = Sample>>);

impl Drawing {
    pub(crate) fn new(samples: impl Iterator<Item = Sample> + 'static) -> Self {
        Self(Box::new(samples))
    }
}

impl Default for Drawing {
    fn default() -> Self {
        Self::new(std::iter::empty())
    }
}

impl From<Vec<Sample>> for Drawing {
    fn from(samples: Vec<Sample>) -> Self {
        Self::new(samples.into_iter())
    }
}

impl Iterator for Drawing {
    type Item = Sample;

    fn next(&mut self) -> Option<Sample> {
        self.0.next()
    }
}

impl Drawn {
    /// Samples that share nothing, made as they are taken.
    pub(crate) fn lazily(samples: impl Iterator<Item = Sample> + 'static) -> Self {
        Self { samples: Drawing::new(samples), ..Self::default() }
    }

    /// All samples, and what they share.
    pub fn held(self) -> (Vec<Sample>, Assets) {
        (self.samples.collect(), self.assets)
    }
}

impl From<Vec<Sample>> for Drawn {
    fn from(samples: Vec<Sample>) -> Self {
        Self { samples: samples.into(), ..Self::default() }
    }
}

/// Reads rows one by one, and keeps count of those that were left out.
#[derive(Debug, Default)]
pub(crate) struct Rows {
    bad: BadRows,
    skipped: Vec<String>,
}

impl Rows {
    pub(crate) fn new(bad: BadRows) -> Self {
        Self { bad, skipped: Vec::new() }
    }

    /// Whether bad rows are left out.
    pub(crate) fn skips(&self) -> bool {
        self.bad == BadRows::Skip
    }

    /// What a row gave; nothing where it is bad and bad ones are skipped.
    pub(crate) fn keep<T>(&mut self, row: Result<T, TaskError>) -> Result<Option<T>, TaskError> {
        match (row, self.bad) {
            (Ok(row), _) => Ok(Some(row)),
            (Err(error), BadRows::Refuse) => Err(error),
            (Err(error), BadRows::Skip) => {
                self.skipped.push(error.to_string());
                Ok(None)
            }
        }
    }

    /// The samples, with the rows that gave none.
    pub(crate) fn drawn(self, samples: Vec<Sample>) -> Drawn {
        Drawn { samples: samples.into(), skipped: self.skipped, ..Drawn::default() }
    }
}

/// Deals lists round: the first of each, the second of each, ..; `limit` at most.
pub(crate) fn deal<T>(lists: impl IntoIterator<Item = Vec<T>>, limit: Option<usize>) -> Vec<T> {
    let mut lists: Vec<_> = lists.into_iter().map(Vec::into_iter).collect();
    let limit = limit.unwrap_or(usize::MAX);
    let mut dealt = Vec::new();
    while dealt.len() < limit {
        let before = dealt.len();
        dealt.extend(lists.iter_mut().filter_map(Iterator::next));
        if dealt.len() == before {
            break;
        }
    }
    dealt.truncate(limit);
    dealt
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lists_are_dealt_round_until_they_are_empty() {
        let lists = || [vec![1, 4, 6], vec![], vec![2], vec![3, 5]];
        assert_eq!(deal(lists(), None), [1, 2, 3, 4, 5, 6]);
        assert_eq!(deal(lists(), Some(4)), [1, 2, 3, 4]);
        assert!(deal(lists(), Some(0)).is_empty());
    }

    #[test]
    fn a_bad_row_is_refused_or_named() {
        let bad = || -> Result<u8, TaskError> {
            Err(TaskError::Format { path: "a.json".into(), place: "row 3".into(), problem: "no id".into() })
        };
        assert!(Rows::new(BadRows::Refuse).keep(bad()).is_err());
        let mut rows = Rows::new(BadRows::Skip);
        assert!(matches!(rows.keep(bad()), Ok(None)));
        assert!(matches!(rows.keep(Ok(1)), Ok(Some(1))));
        assert_eq!(rows.drawn(Vec::new()).skipped, ["a.json row 3: no id"]);
    }
}
