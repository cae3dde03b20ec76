//! A PDDL game as a world: by AgentBoard's rules, or read and told in the twins' words.

use std::collections::BTreeMap;

use record::{Asset, Assets, Sample};
use serde::{Deserialize, Serialize};
use serde_json::json;

use crate::TaskError;
use crate::real_world::agent::{Agent, Effect, Manner, Progress, Prompt, Style, World};
use crate::real_world::shared::shared;

use super::domain::{Domain, Problem};
use super::game::{CHECK, Game, Outcome, Templates};
use super::grounded::GroundedProblem;
use super::reading::{Wanted, wanted};
use super::twin::text;

/// What a sample of this task has as `input`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Input {
    /// The game: `gripper`.
    pub game: String,
    /// The problem's PDDL.
    pub problem: String,
    /// How the episode talks.
    #[serde(default)]
    pub style: Style,
    /// The most actions.
    #[serde(default = "thirty")]
    pub max_steps: usize,
}

/// What all samples of a game share: as JSON, their asset [`RULES`].
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub struct Rules {
    /// The domain's PDDL.
    pub domain: String,
    /// `chat`: texts of predicates with `{}` for each argument.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub phrases: BTreeMap<String, String>,
    /// `agentboard`: texts of predicates and actions.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub templates: BTreeMap<String, String>,
    /// `agentboard`: the official prompt.
    #[serde(default, skip_serializing_if = "Prompt::is_empty")]
    pub prompt: Prompt,
}

/// The name of the asset that holds [`Rules`].
pub const RULES: &str = "rules";

impl Rules {
    /// Adds them to the assets, and says how samples name them.
    pub(super) fn put(&self, assets: &mut Assets) -> Asset {
        assets.add(RULES, json!(self).to_string().into_bytes())
    }

    /// Those of a sample. Samples of earlier runs hold them in their `input`.
    fn of(sample: &Sample, assets: &Assets) -> Result<Self, TaskError> {
        if sample.asset(RULES).is_some() {
            return shared(sample, assets, RULES);
        }
        serde_json::from_value(sample.input.clone())
            .map_err(|error| TaskError::unusable(sample, format!("input: {error}")))
    }
}

fn thirty() -> usize {
    30
}

/// A game that is played.
pub struct Room {
    game: Game,
    style: Style,
    phrases: BTreeMap<String, String>,
}

/// Opens the episode of a sample.
///
/// # Errors
/// An `input` that is not this task's, rules that are missing, or PDDL that cannot be used.
pub fn open(sample: &Sample, assets: &Assets) -> Result<Agent<Room>, TaskError> {
    let wrong = |problem: String| TaskError::unusable(sample, problem);
    let input: Input = serde_json::from_value(sample.input.clone()).map_err(|e| wrong(format!("input: {e}")))?;
    let rules = Rules::of(sample, assets)?;
    let problem = grounded(&rules.domain, &input.problem).map_err(|e| wrong(e.to_string()))?;
    let game = Game::new(problem, &input.game, Templates::new(rules.templates));
    let room = Room { game, style: input.style, phrases: rules.phrases };
    let manner = Manner { style: input.style, max_steps: input.max_steps, prompt: rules.prompt };
    Ok(Agent::new(room, manner, sample))
}

impl World for Room {
    fn goal(&self) -> String {
        self.game.goal()
    }

    fn observe(&self) -> String {
        self.game.opening()
    }

    fn help(&self) -> &'static str {
        CHECK
    }

    fn act(&mut self, said: &str) -> Effect {
        match self.style {
            Style::Agentboard => {
                let Outcome { observation, valid } = self.game.step(said);
                Effect { observation, valid, action: None }
            }
            Style::Chat => self.act_as_told(said),
        }
    }

    fn progress(&self) -> Progress {
        let (met, goals) = self.game.world().goal_count(self.game.state());
        Progress { best: self.game.progress(), now: self.game.share(), won: self.game.won(), met, goals }
    }
}

impl Room {
    /// An action in whatever words, answered by the state, and by what was wrong where nothing happened.
    fn act_as_told(&mut self, said: &str) -> Effect {
        let before = self.game.state().clone();
        let wanted = wanted(self.game.world(), said);
        let action = wanted.as_ref().and_then(|wanted| self.game.world().find(&wanted.name, &wanted.args));
        let valid = action.is_some_and(|action| self.game.act(action));
        let (world, phrases) = (self.game.world(), &self.phrases);
        let state = text::state(world, self.game.state(), phrases);
        let observation = match &wanted {
            _ if valid => state,
            Some(Wanted { name, args }) => format!("{}\n{state}", text::refusal(world, &before, name, args, phrases)),
            None => format!("{}\n{state}", text::not_understood(world)),
        };
        let form = |wanted: &Wanted| [std::slice::from_ref(&wanted.name), &wanted.args].concat().join(" ");
        Effect { observation, valid, action: wanted.as_ref().map(form) }
    }
}

/// Reads and grounds a game.
pub(super) fn grounded(domain: &str, problem: &str) -> Result<GroundedProblem, super::PddlError> {
    let domain = Domain::parse(domain)?;
    let problem = Problem::parse(problem, &domain)?;
    GroundedProblem::new(domain, problem)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Asking, Drawn, Lexical, Split, Task, Words};
    use record::{Finish, Reply, Scoring, Step, Transcript, Turn};
    use serde_json::json;

    use super::super::{Pddl, twin};

    /// Plays until the end; `replies` is given the number of the turn.
    fn play(
        (sample, assets): (&Sample, &Assets),
        replies: &mut dyn FnMut(usize) -> String,
    ) -> Result<Transcript, TaskError> {
        let mut episode = Pddl.open(sample, assets)?;
        let mut transcript = Transcript::default();
        let mut turn = episode.next(None);
        loop {
            match turn {
                Turn::Done(record) => {
                    transcript.record = record;
                    return Ok(transcript);
                }
                Turn::Ask(ask) => {
                    let text = replies(transcript.steps.len());
                    let reply = Reply::said(text, 1, 1, Finish::Stop);
                    turn = episode.next(Some(&reply.text));
                    transcript.steps.push(Step { keep: 0, messages: ask.messages, reply });
                }
            }
        }
    }

    fn drawn(seed: u64, limit: usize) -> Drawn {
        twin::drawn(seed, Split::Test, Asking::BARE, Some(limit))
    }

    #[test]
    fn the_plan_wins_every_twin_game_and_silence_wins_none() -> Result<(), Box<dyn std::error::Error>> {
        let (samples, assets) = drawn(3, 8).held();
        for sample in samples {
            let plan = twin::answer(&sample);
            let won = play((&sample, &assets), &mut |turn| plan[turn].clone())?;
            assert_eq!(won.steps.len(), plan.len());
            let score = Pddl.score(&sample, &won, &Lexical, Scoring::Corrected)?;
            assert_eq!((score.value, score.metrics["success"], score.metrics["grounding"]), (1.0, 1.0, 1.0));
            let silent = play((&sample, &assets), &mut |_| String::new())?;
            assert_eq!(silent.steps.len(), twin::MAX_STEPS);
            let score = Pddl.score(&sample, &silent, &Lexical, Scoring::Paper)?;
            assert_eq!((score.value, score.metrics["success"], score.metrics["grounding"]), (0.0, 0.0, 0.0));
            assert!(score.reason.contains(&format!("{} invalid actions", twin::MAX_STEPS)), "{}", score.reason);
        }
        Ok(())
    }

    #[test]
    fn an_episode_replays_the_same_and_stays_over() -> Result<(), Box<dyn std::error::Error>> {
        let (samples, assets) = drawn(4, 4).held();
        for sample in samples {
            let plan = twin::answer(&sample);
            let mut policy =
                |turn: usize| if turn.is_multiple_of(2) { "fly".to_owned() } else { plan[turn / 2].to_uppercase() };
            let (once, again) = (play((&sample, &assets), &mut policy)?, play((&sample, &assets), &mut policy)?);
            assert_eq!(once, again);
            assert_eq!(once.record["valid"], json!(once.steps.len() / 2));
            let mut episode = Pddl.open(&sample, &assets)?;
            episode.next(None);
            for step in &once.steps {
                episode.next(Some(&step.reply.text));
            }
            assert_eq!(episode.next(Some("anything")), Turn::Done(once.record.clone()));
        }
        Ok(())
    }

    #[test]
    fn an_agentboard_prompt_holds_the_past_and_help_counts_as_valid() -> Result<(), Box<dyn std::error::Error>> {
        let (mut sample, mut assets) = (drawn(5, 1).held().0.remove(0), Assets::default());
        sample.input["style"] = json!("agentboard");
        sample.input["max_steps"] = json!(3);
        let prompt = Prompt { instruction: "RULES".into(), examples: vec!["E1".into()], system_msg: "S".into() };
        sample.assets = vec![Rules { prompt, ..twin::rules(twin::GAMES[0]) }.put(&mut assets)];
        let done = play((&sample, &assets), &mut |turn| ["Action: check", "look around", "fly"][turn].to_owned())?;
        let last = &done.steps[2].messages[1].content;
        assert!(last.starts_with("RULES\nHere are examples:\nE1\nYou should"), "{last}");
        assert!(last.contains("\nAction: check\nObservation: Valid actions are: "), "{last}");
        assert!(last.ends_with("\nAction: "));
        assert_eq!((&done.record["valid"], &done.record["steps"]), (&json!(2), &json!(3)));
        Ok(())
    }

    #[test]
    fn an_agent_that_thinks_aloud_acts_as_one_that_does_not() -> Result<(), Box<dyn std::error::Error>> {
        let (mut sample, mut assets) = (drawn(5, 1).held().0.remove(0), drawn(5, 1).assets);
        let plan = twin::answer(&sample);
        crate::real_world::think_aloud(&mut sample);
        let thought =
            |turn: usize| format!("Thought: I should act, not fly.\n**Action:** {}\nObservation: fine", plan[turn]);
        let mut board = sample.clone();
        board.input["style"] = json!("agentboard");
        board.assets = vec![Rules { prompt: Prompt::default(), ..twin::rules(twin::GAMES[0]) }.put(&mut assets)];
        for asked in [&sample, &board] {
            for won in [
                play((asked, &assets), &mut |turn| thought(turn))?,
                play((asked, &assets), &mut |turn| plan[turn].clone())?,
            ] {
                assert_eq!((&won.record["won"], &won.record["valid"]), (&json!(true), &json!(plan.len())));
            }
        }
        let done = play((&board, &assets), &mut |turn| thought(turn))?;
        let [system, user] = &done.steps[1].messages[..] else { return Err("not two messages".into()) };
        assert!(system.content.contains("Thought: one or two"));
        let past = format!("\nThought: I should act, not fly.\nAction: {}\nObservation: ", plan[0]);
        assert!(user.content.contains(&past) && user.content.ends_with("\nThought: "), "{}", user.content);
        Ok(())
    }

    #[test]
    fn what_no_prompt_has_room_for_is_forgotten_from_the_oldest_on() -> Result<(), Box<dyn std::error::Error>> {
        let (mut sample, mut assets) = (drawn(5, 1).held().0.remove(0), Assets::default());
        let chat = sample.clone();
        sample.input["style"] = json!("agentboard");
        sample.assets = vec![Rules { prompt: Prompt::default(), ..twin::rules(twin::GAMES[0]) }.put(&mut assets)];
        let mut board = Pddl.open(&sample, &assets)?;
        board.next(None);
        board.next(Some("look around"));
        board.next(Some("fly"));
        let shown = |ask: &record::Ask| ask.messages.last().map(|it| it.content.clone()).unwrap_or_default();
        let first = board.shorten().ok_or("nothing forgotten")?;
        // The first observation, then the first action: the goal stays.
        assert!(shown(&first).contains("accomplish the goal") && shown(&first).contains("\nAction: look around\n"));
        let second = board.shorten().ok_or("nothing forgotten")?;
        assert!(!shown(&second).contains("look around") && shown(&second).contains("\nAction: fly\n"));
        assert_eq!(std::iter::from_fn(|| board.shorten()).count(), 3);
        let mut talk = Pddl.open(&chat, &drawn(5, 1).assets)?;
        talk.next(None);
        assert_eq!(talk.shorten(), None);
        talk.next(Some("fly"));
        talk.next(Some("swim"));
        let left = talk.shorten().ok_or("nothing forgotten")?.messages;
        assert_eq!(left[..chat.messages.len()], chat.messages[..]);
        assert_eq!((left.len(), left[chat.messages.len()].content.as_str()), (chat.messages.len() + 2, "swim"));
        assert_eq!(talk.shorten(), None);
        Ok(())
    }

    #[test]
    fn a_sample_that_holds_its_rules_itself_opens_as_one_that_shares_them() -> Result<(), TaskError> {
        let (samples, assets) = drawn(7, 4).held();
        for (sample, game) in samples.iter().zip(twin::GAMES) {
            let mut old = Sample { assets: Vec::new(), ..sample.clone() };
            let rules = twin::rules(game);
            (old.input["domain"], old.input["phrases"]) = (json!(rules.domain), json!(rules.phrases));
            let mut replies = |turn: usize| twin::answer(sample)[turn].clone();
            let (shared, own) =
                (play((sample, &assets), &mut replies)?, play((&old, &Assets::default()), &mut replies)?);
            assert_eq!(shared, own);
            assert!(Pddl.open(&Sample { assets: Vec::new(), ..sample.clone() }, &assets).is_err());
        }
        Ok(())
    }

    #[test]
    fn broken_samples_are_errors() {
        let (samples, mut assets) = drawn(6, 1).held();
        let sample = &samples[0];
        for (key, value) in [("problem", json!("")), ("style", json!("x"))] {
            let mut broken = sample.clone();
            broken.input[key] = value;
            assert!(Pddl.open(&broken, &assets).is_err(), "{key}");
        }
        let domain = Rules { domain: "(define".into(), ..Rules::default() }.put(&mut assets);
        for rules in [domain, assets.add(RULES, &b"[1]"[..]), Asset { name: RULES.into(), digest: "none".into() }] {
            let broken = Sample { assets: vec![rules], ..sample.clone() };
            assert!(Pddl.open(&broken, &assets).is_err(), "{:?}", broken.assets);
        }
        let transcript = Transcript { record: json!({"progress": "x"}), ..Transcript::default() };
        assert!(Pddl.score(sample, &transcript, &Lexical, Scoring::Paper).is_err());
        let missing = crate::Source::folder("/does/not/exist", crate::BadRows::Refuse);
        assert!(Pddl.samples(&missing, &Words, None).is_err());
    }
}
