//! AgentBoard's text layer: what an action in words does, and what is told of it.
//!
//! The environment acts as the reference does in both scoring modes, so that a transcript is the same experiment. Its
//! quirks are kept: an action's last low-level step decides whether the mission is done; a mission that the simulator calls
//! done counts only where more than half of the subgoals are met, though the text says otherwise; meeting all subgoals ends
//! the episode whatever the simulator says; an action that leads nowhere leaves the validity of the one before.

use super::level::{Level, Opened};
use super::offers::Offers;
use super::sight::Sight;
use super::simulator::{Ground, Move, Simulator};
use super::subgoals::{Subgoals, Tracker};
use super::verifier::{Verdict, Verifier};
use super::view::View;

/// A level being played.
#[derive(Debug)]
pub struct Game {
    world: Simulator,
    verifier: Verifier,
    goal: String,
    subgoals: Option<Tracker>,
    /// Low-level steps taken, and the most that the environment rewards.
    steps: (u64, u64),
    opening: String,
    offers: Offers,
    view: View,
    reward: f64,
    done: bool,
    valid: bool,
}

/// What an action did.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Step {
    /// What the agent is shown.
    pub observation: String,
    /// Whether the action was possible.
    pub valid: bool,
}

const NO_CHANGE: &str = "No change in state.";
const NOT_RECOGNIZED: &str = "The action is not recognized. Please check valid actions.";
const COMPLETED: &str = "\n The task is completed.";

impl Game {
    /// Opens a level. Without subgoals, progress is the environment's own reward.
    ///
    /// # Errors
    /// A level that cannot be played.
    pub fn new(level: &Level, subgoals: Option<&Subgoals>) -> Result<Self, String> {
        let Opened { world, verifier } = level.open()?;
        let tracker = subgoals.map(|subgoals| Tracker::new(subgoals).ok_or("there are no subgoals")).transpose()?;
        let view = View::of(&world);
        let sight = Sight::of(&world, &view);
        Ok(Self {
            goal: level.mission.replace("then", "and").replace("after you", "and"),
            subgoals: tracker,
            steps: (0, level.max_steps),
            opening: sight.told(),
            offers: Offers::of(&world, &sight),
            world,
            verifier,
            view,
            reward: 0.0,
            done: false,
            valid: false,
        })
    }

    /// The mission as AgentBoard shows it: the order of its parts is not told.
    pub fn goal(&self) -> &str {
        &self.goal
    }

    /// What is seen before the first action.
    pub fn opening(&self) -> &str {
        &self.opening
    }

    /// What can be done now.
    pub fn offers(&self) -> &Offers {
        &self.offers
    }

    /// The world as it is.
    pub fn world(&self) -> &Simulator {
        &self.world
    }

    /// The share of subgoals that were met, in [0, 1]; without subgoals the reward of the last action.
    pub fn progress(&self) -> f64 {
        self.reward
    }

    /// Whether the episode is won.
    pub fn done(&self) -> bool {
        self.done
    }

    /// Subgoals that were met, and all of them; without subgoals the mission is the only one.
    pub fn subgoals(&self) -> (usize, usize) {
        let mission = (usize::from(self.done), 1);
        self.subgoals.as_ref().map_or(mission, |subgoals| (subgoals.met(), subgoals.all()))
    }

    /// Does what a text says.
    pub fn step(&mut self, text: &str) -> Step {
        let text = text.to_lowercase();
        let action = crate::python::strip(&text);
        if action.contains("check") {
            let names: Vec<&str> = self.offers.actions.iter().map(|(name, _)| name.as_str()).collect();
            let list = format!("You can take the following actions: {}", names.join(", "));
            return self.told(list, true);
        }
        let Some(moves) = self.offers.moves(action).map(<[Move]>::to_vec) else {
            let refusal = self.offers.refusals.get(action).map_or(NOT_RECOGNIZED, String::as_str);
            let why = if action.is_empty() { NO_CHANGE } else { refusal };
            return self.told(why.to_owned(), false);
        };
        if moves.is_empty() {
            return self.told(NO_CHANGE.to_owned(), self.valid);
        }
        let observation = self.act(&moves);
        self.told(observation, true)
    }

    fn told(&mut self, observation: String, valid: bool) -> Step {
        self.valid = valid;
        Step { observation, valid }
    }

    /// Low-level actions until one changes nothing in sight; the last one decides.
    fn act(&mut self, moves: &[Move]) -> String {
        let mut ended = None;
        for action in moves {
            ended = self.low_level(*action);
            let view = View::of(&self.world);
            if view == self.view {
                break;
            }
            self.view = view;
        }
        let sight = Sight::of(&self.world, &self.view);
        let mut observation = sight.told();
        self.offers = Offers::of(&self.world, &sight);
        self.done = ended.is_some();
        if self.done {
            observation.push_str(COMPLETED);
        }
        match &mut self.subgoals {
            Some(subgoals) => {
                subgoals.read(&observation);
                self.reward = self.reward.max(subgoals.share());
            }
            None => self.reward = ended.unwrap_or(0.0),
        }
        self.done &= self.reward > 0.5;
        if self.reward >= 1.0 && !self.done {
            self.done = true;
            observation.push_str(COMPLETED);
        }
        observation
    }

    /// The reward of an action that ended the environment's episode.
    fn low_level(&mut self, action: Move) -> Option<f64> {
        let (count, most) = &mut self.steps;
        *count += 1;
        let reward = 1.0 - 0.9 * (*count as f64 / *most as f64);
        let ground = self.world.act(action);
        match (self.verifier.judge(action, &self.world), ground) {
            (Verdict::Success, _) | (Verdict::Open, Ground::Goal) => Some(reward),
            (Verdict::Failure, _) | (Verdict::Open, Ground::Lava) => Some(0.0),
            (Verdict::Open, Ground::Safe) => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn level(mission: &str) -> Level {
        let row = |row: &str| row.split(' ').map(str::to_owned).collect();
        Level {
            mission: mission.into(),
            grid: ["# # # # #", "# . . ball:red #", "# . . key:blue #", "# # # # #"].map(row).to_vec(),
            agent_pos: (1, 1),
            max_steps: 10,
            ..Level::default()
        }
    }

    fn patterns(all: &[&str]) -> Subgoals {
        Subgoals::One(all.iter().map(|pattern| (*pattern).to_owned()).collect())
    }

    #[test]
    fn without_subgoals_progress_is_the_reward_of_the_last_action() -> Result<(), String> {
        let mut game = Game::new(&level("go to the blue key"), None)?;
        assert_eq!(game.goal(), "go to the blue key");
        assert!(game.step(" GO TO red ball 1").valid);
        assert_eq!((game.progress(), game.done()), (0.0, false));
        let last = game.step("go to blue key 1");
        assert!(last.observation.ends_with("You are not carrying anything.\n The task is completed."), "{last:?}");
        assert_eq!((game.progress(), game.done()), (1.0 - 0.9 * 0.4, true));
        Ok(())
    }

    #[test]
    fn subgoals_decide_whether_a_mission_is_done() -> Result<(), String> {
        let reached = "There is a red ball ** right in front of you 1 steps away.";
        let mission = level("go to the red ball");
        let mut half = Game::new(&mission, Some(&patterns(&[reached, "You are carrying a blue key"])))?;
        let said = half.step("go to red ball 1").observation;
        assert!(said.ends_with("The task is completed.") && !half.done(), "{said}");
        assert_eq!((half.progress(), half.subgoals()), (0.5, (1, 2)));
        half.step("pickup blue key 1");
        assert_eq!((half.progress(), half.done()), (1.0, true));
        assert!(Game::new(&mission, Some(&patterns(&[]))).is_err());
        Ok(())
    }

    #[test]
    fn what_leads_nowhere_keeps_the_validity_of_the_action_before() -> Result<(), String> {
        let mut game = Game::new(&level("pick up the red ball"), None)?;
        for (action, valid, said) in [
            ("go to red ball 1", true, "In front"),
            ("go to red ball 1", true, NO_CHANGE),
            ("dance", false, NOT_RECOGNIZED),
            ("go to red ball 1", false, NO_CHANGE),
            ("", false, NO_CHANGE),
            ("please check", true, "You can take the following actions: turn left, turn right, "),
            ("drop", false, "You cannot drop the object, as you are not carrying anything."),
        ] {
            let step = game.step(action);
            assert_eq!(step.valid, valid, "{action}");
            assert!(step.observation.starts_with(said), "{action}: {}", step.observation);
        }
        Ok(())
    }

    proptest::proptest! {
        #[test]
        fn no_text_panics_and_possible_actions_are_done(texts in proptest::collection::vec(".{0,12}|go to blue key 1|[0-9]", 1..20)) {
            let mut game = Game::new(&level("put the red ball next to the blue key"), None).expect("a level");
            for text in texts {
                let (names, number) = (game.offers().actions.clone(), text.parse::<usize>());
                let text = number.ok().and_then(|at| names.get(at)).map_or(text, |(name, _)| name.clone());
                let offered = names.iter().any(|(name, moves)| *name == text && !moves.is_empty());
                proptest::prop_assert!(!offered || game.step(&text).valid);
                game.step(&text);
            }
        }
    }
}
