//! What it took to ask a variant: `<variant>/generation.json`, one for each task that a process worked on.

use serde::{Deserialize, Serialize};

/// What replies to one task took.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub struct Effort {
    /// The task.
    pub task: String,
    /// Seconds on the clock, prompts and all.
    pub seconds: f64,
    /// Seconds of processors; absent where the system does not say.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cpu_seconds: Option<f64>,
    /// Joules that the processors took (RAPL), whatever else ran; absent where the system has no such counter or keeps it
    /// to itself.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub energy_j: Option<f64>,
    /// Of those, what idling as long would have taken.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub idle_j: Option<f64>,
    /// Replies.
    pub replies: usize,
    /// Tokens generated.
    pub tokens: usize,
}

impl Effort {
    /// The sum of several; what one of them does not know, it does not know either.
    pub fn sum<'a>(all: impl IntoIterator<Item = &'a Self>) -> Option<Self> {
        all.into_iter().cloned().reduce(|a, b| {
            let both = |a: Option<f64>, b: Option<f64>| Some(a? + b?);
            Self {
                seconds: a.seconds + b.seconds,
                cpu_seconds: both(a.cpu_seconds, b.cpu_seconds),
                energy_j: both(a.energy_j, b.energy_j),
                idle_j: both(a.idle_j, b.idle_j),
                replies: a.replies + b.replies,
                tokens: a.tokens + b.tokens,
                ..a
            }
        })
    }

    /// Tokens generated in a second; absent where none were.
    pub fn tokens_per_second(&self) -> Option<f64> {
        (self.tokens > 0 && self.seconds > 0.0).then(|| self.tokens as f64 / self.seconds)
    }

    /// Joules for each token, idling included; absent where no counter was read.
    pub fn joules_per_token(&self) -> Option<f64> {
        self.energy_j.filter(|_| self.tokens > 0).map(|joules| joules / self.tokens as f64)
    }
}
