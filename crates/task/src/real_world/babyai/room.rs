//! BabyAI as a world: by AgentBoard's rules, or the twin's.

use record::{Asset, Assets, Sample};
use serde::{Deserialize, Serialize};
use serde_json::json;

use crate::TaskError;
use crate::real_world::agent::{Agent, Effect, Manner, Progress, Prompt, Style, World};
use crate::real_world::said::Reader;

use super::game::{Game, Step};
use super::level::Level;
use super::subgoals::Subgoals;
use super::twin::{Deed, Milestone, Play, in_line, text};

/// What a sample of this task has as `input`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Input {
    /// The initial state and the mission.
    pub level: Level,
    /// `agentboard`: what progress is measured by.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub subgoals: Option<Subgoals>,
    /// `chat`: what progress is measured by.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub milestones: Vec<Milestone>,
    /// How the episode talks.
    #[serde(default)]
    pub style: Style,
    /// The most actions.
    #[serde(default = "thirty")]
    pub max_steps: usize,
}

fn thirty() -> usize {
    30
}

/// The name of the asset that holds AgentBoard's prompt.
const PROMPT: &str = "prompt";

/// Adds the prompt to the assets, and says how samples name it.
pub(super) fn put(prompt: &Prompt, assets: &mut Assets) -> Asset {
    assets.add(PROMPT, json!(prompt).to_string().into_bytes())
}

/// A level that is played.
pub enum Room {
    /// By AgentBoard's rules.
    Official(Box<Game>),
    /// By the twin's.
    Twin(Box<Play>),
}

/// Opens the episode of a sample.
///
/// # Errors
/// An `input` that is not this task's, a level that cannot be played, a prompt that is missing.
pub fn open(sample: &Sample, assets: &Assets) -> Result<Agent<Room>, TaskError> {
    let wrong = |problem: String| TaskError::unusable(sample, problem);
    let input: Input = serde_json::from_value(sample.input.clone()).map_err(|e| wrong(format!("input: {e}")))?;
    let Input { level, subgoals, milestones, style, max_steps } = &input;
    let (room, prompt) = match style {
        Style::Agentboard => {
            let game = Game::new(level, subgoals.as_ref()).map_err(wrong)?;
            (Room::Official(Box::new(game)), prompt(sample, assets)?)
        }
        Style::Chat => (Room::Twin(Box::new(Play::new(level, milestones).map_err(wrong)?)), Prompt::default()),
    };
    Ok(Agent::new(room, Manner { style: *style, max_steps: *max_steps, prompt }, sample))
}

fn prompt(sample: &Sample, assets: &Assets) -> Result<Prompt, TaskError> {
    let text = assets.bytes(sample, PROMPT).map_err(|source| TaskError::without(sample, source))?;
    serde_json::from_slice(&text).map_err(|error| TaskError::unusable(sample, format!("{PROMPT}: {error}")))
}

impl World for Room {
    fn goal(&self) -> String {
        match self {
            Self::Official(game) => game.goal().to_owned(),
            Self::Twin(play) => text::goal(play.mission()),
        }
    }

    fn observe(&self) -> String {
        match self {
            Self::Official(game) => game.opening().to_owned(),
            Self::Twin(play) => text::told(&play.sight()),
        }
    }

    fn help(&self) -> &'static str {
        "check valid actions"
    }

    fn has_inventory(&self) -> bool {
        true
    }

    fn act(&mut self, said: &str) -> Effect {
        match self {
            Self::Official(game) => {
                let Step { observation, valid } = game.step(said);
                Effect { observation, valid, action: None }
            }
            Self::Twin(play) => act_as_told(play, said),
        }
    }

    fn progress(&self) -> Progress {
        let (won, (met, goals), share) = match self {
            Self::Official(game) => (game.done(), game.subgoals(), game.progress()),
            Self::Twin(play) => {
                let (met, goals) = play.met();
                (play.won(), (met, goals), met as f64 / goals as f64)
            }
        };
        Progress { best: share, now: share, won, met, goals }
    }
}

/// An action in whatever words, answered by what is seen then, and by what was wrong where nothing happened.
fn act_as_told(play: &mut Play, said: &str) -> Effect {
    let deed: Option<Deed> = Reader { in_line: &in_line, is_whole: &|_| true }.read(said);
    let outcome = match &deed {
        Some(deed) => play.act(deed),
        None => {
            Err("the reply names no action. The actions are turn, walk, go to, pick up, drop, open and go through"
                .into())
        }
    };
    let seen = text::told(&play.sight());
    let observation = match &outcome {
        Ok(()) => seen,
        Err(why) => format!("Nothing happens: {why}.\n{seen}"),
    };
    Effect { observation, valid: outcome.is_ok(), action: deed.map(|deed| deed.to_string()) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::real_world::babyai::{BabyAi, twin};
    use crate::{Asking, Lexical, Split, Task};
    use record::{Scoring, Transcript, Turn};

    /// Plays until the end; `replies` is given the number of the turn.
    fn play(sample: &Sample, replies: &mut dyn FnMut(usize) -> String) -> Result<(Transcript, Vec<String>), TaskError> {
        let mut episode = BabyAi.open(sample, &Assets::default())?;
        let (mut turn, mut shown) = (episode.next(None), Vec::new());
        while let Turn::Ask(ask) = &turn {
            shown.extend(ask.messages.last().map(|message| message.content.clone()));
            turn = episode.next(Some(&replies(shown.len() - 1)));
        }
        let Turn::Done(record) = turn else { return Ok(Default::default()) };
        Ok((Transcript { record, ..Transcript::default() }, shown))
    }

    fn samples(count: usize) -> Vec<Sample> {
        twin::generate(3, Split::Test, Asking::BARE, Some(count))
    }

    #[test]
    fn the_plan_wins_in_other_words_and_silence_wins_nothing() -> Result<(), TaskError> {
        for sample in samples(16) {
            let plan = twin::answer(&sample);
            let (won, shown) =
                play(&sample, &mut |turn| format!("I see.\n**Action:** {}!", plan[turn].to_uppercase()))?;
            let score = BabyAi.score(&sample, &won, &Lexical, Scoring::Corrected)?;
            assert_eq!((score.value, score.metrics["success"], shown.len()), (1.0, 1.0, plan.len()));
            assert_eq!((score.metrics["form"], score.metrics["read"]), (0.0, 1.0));
            let (silent, shown) = play(&sample, &mut |_| String::new())?;
            assert_eq!(shown.len(), twin::max_steps(plan.len()));
            assert!(shown[1].starts_with("Nothing happens: the reply names no action."), "{}", shown[1]);
            let score = BabyAi.score(&sample, &silent, &Lexical, Scoring::Corrected)?;
            assert_eq!((score.value, score.metrics["success"], score.metrics["grounding"]), (0.0, 0.0, 0.0));
        }
        Ok(())
    }

    #[test]
    fn a_flood_and_an_action_for_ever_end_after_the_last_step() -> Result<(), TaskError> {
        let sample = samples(1).remove(0);
        let flood = "put a pick up red ".repeat(1 << 19);
        let (flooded, shown) = play(&sample, &mut |turn| if turn == 0 { flood.clone() } else { "turn left".into() })?;
        assert!(shown.iter().all(|text| text.len() < 1000));
        assert_eq!(flooded.record["won"], false);
        let (again, _) = play(&sample, &mut |turn| if turn == 0 { flood.clone() } else { "turn left".into() })?;
        assert_eq!(flooded, again, "the same replies give the same episode");
        Ok(())
    }

    #[test]
    fn broken_samples_are_errors() {
        let sample = samples(1).remove(0);
        let broken = |change: &dyn Fn(&mut Sample)| {
            let mut sample = sample.clone();
            change(&mut sample);
            BabyAi.open(&sample, &Assets::default()).map(drop).expect_err("it is broken").to_string()
        };
        assert!(broken(&|sample| sample.input["level"]["mission"] = json!("dance")).contains("dance"));
        assert!(broken(&|sample| sample.input["level"] = json!(7)).contains("input"));
        assert!(broken(&|sample| sample.input["milestones"] = json!([[0, "open the box"]])).contains("box"));
        assert!(broken(&|sample| sample.input["style"] = json!("agentboard")).contains(PROMPT));
        let transcript = Transcript { record: json!({"progress": "x"}), ..Transcript::default() };
        assert!(BabyAi.score(&sample, &transcript, &Lexical, Scoring::Paper).is_err());
    }
}
