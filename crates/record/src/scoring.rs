//! How faithful scoring is to the reference implementations.

use std::collections::BTreeSet;
use std::fmt;
use std::str::FromStr;
use std::sync::{Mutex, PoisonError};

use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// How faithful scoring is to the reference implementations. Written `corrected`, `paper`, `paper+NAME+..` (the reference's
/// scores with single deviations) or `corrected-NAME-..` (all deviations but some); a name may have its task before it:
/// `paper+teval.no_free_match`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Scoring {
    /// The reference's known faults are corrected: what a person should believe.
    #[default]
    Corrected,
    /// The reference's numbers bit for bit, faults included: what published tables hold.
    Paper,
    /// One of these two, but for some deviations.
    Mixed(&'static Mixture),
}

/// A scoring between the two.
#[derive(Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Mixture {
    /// Which of the two the other deviations are as.
    pub corrected: bool,
    /// The deviations that are not: `no_free_match`, or `teval.no_free_match` for one task.
    pub other: BTreeSet<String>,
}

impl Scoring {
    /// Whether deviations are on that nobody named.
    pub fn is_corrected(self) -> bool {
        match self {
            Self::Corrected => true,
            Self::Paper => false,
            Self::Mixed(mixture) => mixture.corrected,
        }
    }

    /// The deviations that were named, with or without their task; none for the two pure ones.
    pub fn named(self) -> impl Iterator<Item = &'static str> {
        let mixture = if let Self::Mixed(mixture) = self { Some(mixture) } else { None };
        mixture.into_iter().flat_map(|mixture| mixture.other.iter().map(String::as_str))
    }

    /// Whether a deviation of a task is on.
    ///
    /// ```
    /// let scoring: record::Scoring = "paper+teval.first_value".parse()?;
    /// assert!(scoring.has("teval", "first_value") && !scoring.has("teval", "closed_fence"));
    /// # Ok::<(), String>(())
    /// ```
    pub fn has(self, task: &str, deviation: &str) -> bool {
        let is_it = |name: &str| match name.split_once('.') {
            Some((of, name)) => of == task && name == deviation,
            None => name == deviation,
        };
        self.is_corrected() != self.named().any(is_it)
    }
}

/// Mixtures live as long as the process: one for each that is asked for, so that a [`Scoring`] can be copied about.
fn kept(mixture: Mixture) -> &'static Mixture {
    static KEPT: Mutex<BTreeSet<&'static Mixture>> = Mutex::new(BTreeSet::new());
    let mut all = KEPT.lock().unwrap_or_else(PoisonError::into_inner);
    if let Some(known) = all.get(&mixture) {
        return known;
    }
    let new: &'static Mixture = Box::leak(Box::new(mixture));
    all.insert(new);
    new
}

impl fmt::Display for Scoring {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let corrected = self.is_corrected();
        f.write_str(if corrected { "corrected" } else { "paper" })?;
        self.named().try_for_each(|name| write!(f, "{}{name}", if corrected { '-' } else { '+' }))
    }
}

impl FromStr for Scoring {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let (base, names) = match text.find(['+', '-']) {
            Some(at) => text.split_at(at),
            None => (text, ""),
        };
        let (corrected, sign, pure) = match base {
            "corrected" => (true, '-', Self::Corrected),
            "paper" => (false, '+', Self::Paper),
            _ => return Err(format!("{text:?} begins neither with `corrected` nor with `paper`")),
        };
        if names.is_empty() {
            return Ok(pure);
        }
        let names: Option<BTreeSet<String>> =
            names.strip_prefix(sign).map(|names| names.split(sign).map(str::to_owned).collect());
        let well = |name: &String| !name.is_empty() && !name.contains(['+', '-']);
        match names.filter(|names| names.iter().all(well)) {
            Some(other) => Ok(Self::Mixed(kept(Mixture { corrected, other }))),
            None => Err(format!("deviations follow as in `paper+NAME+NAME` or `corrected-NAME-NAME`, not {text:?}")),
        }
    }
}

impl Serialize for Scoring {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Scoring {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?.parse().map_err(serde::de::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_written_is_read_again() -> Result<(), Box<dyn std::error::Error>> {
        for text in ["corrected", "paper", "paper+a+b.c", "corrected-a"] {
            let scoring: Scoring = text.parse()?;
            assert_eq!(scoring.to_string(), text);
            assert_eq!(serde_json::from_str::<Scoring>(&serde_json::to_string(&scoring)?)?, scoring);
        }
        assert_eq!("paper+b+a".parse::<Scoring>(), "paper+a+b".parse());
        for text in ["", "Corrected", "paper+", "paper-a", "corrected+a", "paper+a-b", "paper++a"] {
            assert!(text.parse::<Scoring>().is_err(), "{text}");
        }
        Ok(())
    }

    #[test]
    fn single_deviations_are_turned() -> Result<(), String> {
        let mixed: Scoring = "corrected-teval.a-b".parse()?;
        let on = [("teval", "a"), ("worfbench", "a"), ("teval", "b"), ("worfbench", "c")];
        assert_eq!(on.map(|(task, name)| mixed.has(task, name)), [false, true, false, true]);
        assert!(!Scoring::Paper.has("teval", "a") && Scoring::Corrected.has("teval", "a"));
        Ok(())
    }
}
