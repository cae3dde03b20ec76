//! What a sample of ScienceWorld plays in: the engine, or a house of the twin.

use std::path::PathBuf;

use record::{Asset, Assets, Sample};
use serde::{Deserialize, Serialize};
use serde_json::json;

use super::engine::{Limits, Script};
use super::lab::{CHECK, Lab};
use super::subgoals::Subgoals;
use super::twin;
use crate::real_world::agent::{Agent, Effect, Manner, Progress, Prompt, Style, World};
use crate::real_world::shared::shared;
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
    /// The real engine.
    Engine(Play),
}

/// An episode on the real engine.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Play {
    /// Which task.
    pub script: Script,
    /// What is to be reached, in AgentBoard's words.
    pub goal: String,
    /// Patterns of what is seen on the way.
    pub subgoals: Vec<String>,
}

/// What all episodes on the engine share: as JSON, their asset [`RULES`].
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Rules {
    /// The engine's jar.
    pub jar: PathBuf,
    /// SHA-256 of the jar, hexadecimal.
    pub digest: String,
    /// The official prompt.
    pub prompt: Prompt,
}

/// The name of the asset that holds [`Rules`].
pub const RULES: &str = "rules";

impl Rules {
    /// Adds them to the assets, and says how samples name them.
    pub(super) fn put(&self, assets: &mut Assets) -> Asset {
        assets.add(RULES, json!(self).to_string().into_bytes())
    }

    /// That the jar is what the run began with.
    fn check(&self) -> Result<(), String> {
        let bytes = std::fs::read(&self.jar).map_err(|error| format!("{}: {error}", self.jar.display()))?;
        match record::digest(&bytes) == self.digest {
            true => Ok(()),
            false => Err(format!("{} is another engine than the run began with", self.jar.display())),
        }
    }
}

/// Opens the episode of a sample.
///
/// # Errors
/// An `input` that is not this task's, a house that cannot be, an engine that is not there or does not start.
pub fn open(sample: &Sample, assets: &Assets) -> Result<Box<dyn Episode>, TaskError> {
    let wrong = |problem: String| TaskError::unusable(sample, problem);
    let Input { scene, max_steps } =
        serde_json::from_value(sample.input.clone()).map_err(|error| wrong(format!("input: {error}")))?;
    match scene {
        Scene::Household(room) => {
            room.house.check().map_err(|problem| wrong(format!("its house: {problem}")))?;
            let manner = Manner { style: Style::Chat, max_steps, prompt: Prompt::default() };
            Ok(Box::new(Agent::new(room, manner, sample)))
        }
        Scene::Engine(play) => {
            let rules = shared::<Rules>(sample, assets, RULES)?;
            rules.check().map_err(wrong)?;
            let subgoals = Subgoals::new(&play.subgoals).map_err(wrong)?;
            let lab = Lab::open(&rules.jar, &play.script, play.goal, subgoals, Limits::default());
            let lab = lab.map_err(|error| wrong(error.to_string()))?;
            Ok(Box::new(Agent::new(lab, manner(rules.prompt, max_steps), sample)))
        }
    }
}

fn manner(prompt: Prompt, max_steps: usize) -> Manner {
    Manner { style: Style::Agentboard, max_steps, prompt }
}

/// The first prompt of an episode whose engine has not been started: what it will say at the beginning is left out.
pub(super) fn preview(play: &Play, prompt: &Prompt, sample: &Sample) -> record::Turn {
    let manner = manner(prompt.clone(), 1);
    Agent::new(Unopened(play.goal.clone()), manner, sample).next(None)
}

/// A world before its engine is started.
struct Unopened(String);

impl World for Unopened {
    fn goal(&self) -> String {
        self.0.clone()
    }

    fn observe(&self) -> String {
        "(what the engine says at the beginning)".to_owned()
    }

    fn help(&self) -> &'static str {
        CHECK
    }

    fn has_inventory(&self) -> bool {
        true
    }

    fn act(&mut self, _: &str) -> Effect {
        Effect::default()
    }

    fn progress(&self) -> Progress {
        Progress::default()
    }
}
