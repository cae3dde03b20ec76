//! What can be wrong with the numbers of a position.

/// Numbers that no metric can be computed from.
#[derive(Debug, Clone, Copy, PartialEq, thiserror::Error)]
pub enum MetricError {
    /// Nothing to compute from.
    #[error("there is no {what}")]
    Empty {
        /// What is missing.
        what: &'static str,
    },
    /// NaN, or an infinity where none can be.
    #[error("{what} {place} is {value}, not a finite number: the model broke there")]
    NotFinite {
        /// What it is.
        what: &'static str,
        /// Its place, counted from 0.
        place: usize,
        /// What it is instead.
        value: f64,
    },
    /// Two lists that belong together, of different lengths.
    #[error("{found} {what}, but {expected} were expected: the two do not belong together")]
    Length {
        /// What was counted.
        what: &'static str,
        /// How many there are.
        found: usize,
        /// How many there should be.
        expected: usize,
    },
    /// The compressed model can never say what the dense model can.
    #[error("at place {place} the compressed model's probability is 0 but the dense model's is not: KL is infinite")]
    Impossible {
        /// The token's place in the row or list; its length stands for the rest.
        place: usize,
    },
    /// A number outside its range.
    #[error("{what} is {value}, but {expected}")]
    Range {
        /// What it is.
        what: &'static str,
        /// Its value.
        value: f64,
        /// What it must be.
        expected: &'static str,
    },
}

/// Whether two lists are as long as each other.
pub(super) fn same_length(what: &'static str, found: usize, expected: usize) -> Result<(), MetricError> {
    if found == expected { Ok(()) } else { Err(MetricError::Length { what, found, expected }) }
}

/// Whether every number is finite.
pub(super) fn all_finite(what: &'static str, values: &[f64]) -> Result<(), MetricError> {
    match values.iter().position(|value| !value.is_finite()) {
        Some(place) => Err(MetricError::NotFinite { what, place, value: values[place] }),
        None => Ok(()),
    }
}
