//! The turns of a sample.

use record::{Ask, Sample, Turn};
use serde_json::Value;

/// A sample being worked on: it is given each reply and says what to show next.
///
/// Deterministic: the same replies always give the same turns, which is how an interrupted episode resumes.
pub trait Episode: Send {
    /// The next turn. `reply` is `None` at the start and the model's last reply afterwards.
    fn next(&mut self, reply: Option<&str>) -> Turn;

    /// The turn before again with less of the past, where it was too long for the model. `None` where nothing more can go.
    fn shorten(&mut self) -> Option<Ask> {
        None
    }
}

/// The episode of a task that asks once.
pub struct SingleTurn {
    ask: Option<Ask>,
}

impl SingleTurn {
    /// Asks the sample's messages.
    pub fn new(sample: &Sample) -> Self {
        Self {
            ask: Some(Ask {
                messages: sample.messages.clone(),
                tools: sample.tools.clone(),
                max_tokens: sample.max_tokens,
                stop: sample.stop.clone(),
            }),
        }
    }
}

impl Episode for SingleTurn {
    fn next(&mut self, _reply: Option<&str>) -> Turn {
        self.ask.take().map_or(Turn::Done(Value::Null), Turn::Ask)
    }
}
