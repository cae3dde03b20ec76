//! What a sample of ScienceWorld plays in: the engine, or a house of the twin.

use record::{Assets, Sample};
use serde::{Deserialize, Serialize};

use super::twin;
use crate::real_world::agent::{Agent, Manner, Prompt, Style};
use crate::{Episode, TaskError};

/// What a sample of this task has as `input`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Input {
    /// What is played in.
    pub scene: Scene,
    /// The most actions.
    pub max_steps: usize,
}

/// What is played in.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Scene {
    /// A house of the twin.
    Household(twin::Room),
}

/// Opens the episode of a sample.
///
/// # Errors
/// An `input` that is not this task's, or a house that cannot be.
pub fn open(sample: &Sample, _assets: &Assets) -> Result<Box<dyn Episode>, TaskError> {
    let wrong = |problem: String| TaskError::unusable(sample, problem);
    let Input { scene, max_steps } =
        serde_json::from_value(sample.input.clone()).map_err(|error| wrong(format!("input: {error}")))?;
    match scene {
        Scene::Household(room) => {
            room.house.check().map_err(|problem| wrong(format!("its house: {problem}")))?;
            let manner = Manner { style: Style::Chat, max_steps, prompt: Prompt::default() };
            Ok(Box::new(Agent::new(room, manner, sample)))
        }
    }
}
