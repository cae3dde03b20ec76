//! A house as a world for the agent.

use serde::{Deserialize, Serialize};

use super::fact::Quest;
use super::house::House;
use super::reading::wanted;
use super::text;
use crate::real_world::agent::{Effect, Progress, World};

/// A house that is acted in.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Room {
    /// The house.
    pub house: House,
    /// What is to be reached.
    pub quest: Quest,
    /// Which steps and goals held after an action.
    #[serde(skip)]
    met: Vec<bool>,
}

impl Room {
    /// A house before the first action.
    pub fn new(house: House, quest: Quest) -> Self {
        Self { house, quest, met: Vec::new() }
    }

    fn note(&mut self) {
        self.met.resize(self.quest.facts().count(), false);
        for (met, fact) in self.met.iter_mut().zip(self.quest.facts()) {
            *met |= fact.holds(&self.house);
        }
    }
}

impl World for Room {
    fn goal(&self) -> String {
        self.quest.told.clone()
    }

    fn observe(&self) -> String {
        text::room(&self.house)
    }

    fn help(&self) -> &'static str {
        "look"
    }

    fn has_inventory(&self) -> bool {
        true
    }

    /// In a conversation and in AgentBoard's prompt alike, the words of an action may be any.
    fn act(&mut self, said: &str) -> Effect {
        let Some(deed) = wanted(&self.house, said) else {
            return Effect { observation: text::not_understood(), valid: false, action: None };
        };
        let done = self.house.act(&deed);
        self.note();
        let valid = done.is_ok();
        let observation = done.unwrap_or_else(|why| format!("Nothing happens: {why}."));
        Effect { observation, valid, action: Some(deed.to_string()) }
    }

    /// Steps and goals count once they held; where all goals hold at once, nothing more is to be done.
    fn progress(&self) -> Progress {
        let goals = self.quest.facts().count();
        let won = self.quest.is_reached(&self.house);
        let now = self.quest.facts().filter(|fact| fact.holds(&self.house)).count();
        let met = if won { goals } else { self.met.iter().filter(|met| **met).count() };
        let share = |count: usize| count as f64 / goals.max(1) as f64;
        Progress { best: share(met), now: share(now), won, met, goals }
    }
}
