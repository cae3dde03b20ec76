//! What a reply is worth.

use super::Mistake;

/// What a reply is worth, and what is wrong with it.
#[derive(Debug, Clone, PartialEq)]
pub struct Judgment {
    /// The headline number, in [0, 1].
    pub value: f64,
    /// Every number by name.
    pub metrics: Vec<(&'static str, f64)>,
    /// The first thing that is wrong.
    pub mistake: Option<Mistake>,
    /// Why the value is what it is.
    pub reason: String,
}

impl Judgment {
    /// A mistake is its own reason; `otherwise` is said where there is none.
    pub(super) fn of(
        value: f64,
        metrics: Vec<(&'static str, f64)>,
        mistake: Option<Mistake>,
        otherwise: impl Into<String>,
    ) -> Self {
        let reason = mistake.as_ref().map_or_else(|| otherwise.into(), ToString::to_string);
        Self { value, metrics, mistake, reason }
    }
}
