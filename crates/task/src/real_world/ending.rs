//! How an episode ended, and what that is worth.

use record::{Sample, Score, Scoring, Transcript};
use serde::Deserialize;

use crate::{TaskError, scored, with_form};

/// What an episode says of itself at its end.
#[derive(Debug, Clone, PartialEq, Default, Deserialize)]
#[serde(default)]
pub struct Ending {
    /// The largest share of goals that held after an action, in [0, 1].
    pub progress: f64,
    /// The share of goals that held before the first action, in [0, 1].
    pub start: f64,
    /// Whether every goal held at the end.
    pub won: bool,
    /// Actions taken.
    pub steps: usize,
    /// Actions that were understood and had an effect, requests for help included.
    pub valid: usize,
    /// (step, progress) of every rise.
    pub history: Vec<(usize, f64)>,
    /// Goals that hold at the end.
    pub met: usize,
    /// Goals.
    pub goals: usize,
    /// Replies that had the form of an action and nothing beside it; absent where there is no such form.
    pub formed: Option<usize>,
    /// Replies that named an action of the game.
    pub read: Option<usize>,
    /// The last action that was not valid.
    pub last_invalid: Option<String>,
    /// Why the world itself broke down, if it did.
    pub stopped: Option<String>,
}

/// The score of an episode of any world: its value is what `progress` makes of its end, clamped to [0, 1]. Metrics:
/// `progress`, `success` (0 or 1), `grounding` (valid actions over actions).
///
/// # Errors
/// A record that no agent wrote.
pub(super) fn score(
    (sample, transcript): (&Sample, &Transcript),
    scoring: Scoring,
    progress: impl FnOnce(&Ending) -> f64,
) -> Result<Score, TaskError> {
    if transcript.record.is_null() {
        let metrics = vec![("progress", 0.0), ("success", 0.0), ("grounding", 0.0)];
        return Ok(scored(sample, 0.0, metrics, "the episode never began"));
    }
    let end: Ending = serde_json::from_value(transcript.record.clone())
        .map_err(|error| TaskError::unusable(sample, format!("the episode's record: {error}")))?;
    let progress = progress(&end).clamp(0.0, 1.0);
    let share = |count: usize| count as f64 / end.steps.max(1) as f64;
    let success = f64::from(u8::from(end.won));
    let metrics = vec![("progress", progress), ("success", success), ("grounding", share(end.valid))];
    let score = scored(sample, progress, metrics, end.reason());
    Ok(match (end.formed, end.read) {
        (Some(formed), Some(read)) => with_form(score, scoring, share(formed), share(read)),
        _ => score,
    })
}

impl Ending {
    /// What happened, in words.
    fn reason(&self) -> String {
        let Self { met, goals, steps, .. } = self;
        let mut reason = match self.won {
            true if met >= goals => format!("all {goals} goals met in {steps} steps"),
            true => format!("done in {steps} steps, with {met} of {goals} goals met"),
            false => format!("{met} of {goals} goals met after {steps} steps"),
        };
        let invalid = steps.saturating_sub(self.valid);
        if invalid > 0 {
            reason.push_str(&format!("; {invalid} invalid actions"));
            if let Some(last) = &self.last_invalid {
                reason.push_str(&format!(", the last: {last:?}"));
            }
        }
        if let Some(why) = &self.stopped {
            reason.push_str(&format!("; the world broke down: {why}"));
        }
        reason
    }
}
