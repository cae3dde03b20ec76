//! The turns of a PDDL game: AgentBoard's act-only agent, or a plain conversation.

use std::collections::BTreeMap;

use record::{Ask, Message, Sample, Turn};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::{Episode, TaskError};

use super::agentboard::{CHECK, Game, Templates};
use super::pddl::{Domain, Problem};
use super::reading::{Wanted, wanted};
use super::reply::stated_action;
use super::strips::World;
use super::twin::text;

/// How an episode talks with the model.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Style {
    /// One user message a step that holds the instruction, the examples, the goal and everything that happened.
    #[default]
    Agentboard,
    /// A conversation that grows: the model acts, the next user message is the new state.
    Chat,
}

/// A game's part of AgentBoard's prompt file.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Prompt {
    /// The game's rules.
    pub instruction: String,
    /// Whole episodes as text.
    pub examples: Vec<String>,
    /// The beginning of the system message.
    pub system_msg: String,
}

/// What a sample of this task has as `input`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Input {
    /// The game: `gripper`.
    pub game: String,
    /// The domain's PDDL.
    pub domain: String,
    /// The problem's PDDL.
    pub problem: String,
    /// How the episode talks.
    #[serde(default)]
    pub style: Style,
    /// The most actions.
    #[serde(default = "thirty")]
    pub max_steps: usize,
    /// `chat`: texts of predicates with `{}` for each argument.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub phrases: BTreeMap<String, String>,
    /// `agentboard`: texts of predicates and actions.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub templates: BTreeMap<String, String>,
    /// `agentboard`: the official prompt.
    #[serde(default)]
    pub prompt: Prompt,
}

fn thirty() -> usize {
    30
}

/// How many entries of the past a prompt shows at most.
const MEMORY: usize = 100;
/// How many characters of an invalid action are kept for the reason.
const QUOTED: usize = 80;

/// A game between a model and a world.
pub struct Play {
    game: Game,
    input: Input,
    /// `agentboard`: (kind, text) of everything that happened.
    memory: Vec<(&'static str, String)>,
    /// `chat`: the conversation.
    conversation: Vec<Message>,
    max_tokens: usize,
    stop: Vec<String>,
    start: f64,
    steps: usize,
    valid: usize,
    /// `chat`: replies in the asked form, and replies that name an action.
    formed: usize,
    read: usize,
    history: Vec<(usize, f64)>,
    last_invalid: Option<String>,
}

impl Play {
    /// Opens the episode of a sample.
    ///
    /// # Errors
    /// An `input` that is not this task's, or PDDL that cannot be used.
    pub fn open(sample: &Sample) -> Result<Self, TaskError> {
        let wrong = |problem: String| TaskError::Sample { task: "pddl".into(), sample: sample.id.clone(), problem };
        let input: Input = serde_json::from_value(sample.input.clone()).map_err(|e| wrong(format!("input: {e}")))?;
        let world = world(&input.domain, &input.problem).map_err(|e| wrong(e.to_string()))?;
        let game = Game::new(world, &input.game, Templates::new(input.templates.clone()));
        let memory = vec![("Observation", game.opening())];
        Ok(Self {
            start: game.share(),
            game,
            input,
            memory,
            conversation: sample.messages.clone(),
            max_tokens: sample.max_tokens,
            stop: sample.stop.clone(),
            steps: 0,
            valid: 0,
            formed: 0,
            read: 0,
            history: Vec::new(),
            last_invalid: None,
        })
    }

    fn act(&mut self, reply: &str) {
        let before = self.game.progress();
        let (action, valid) = match self.input.style {
            Style::Agentboard => self.act_agentboard(reply),
            Style::Chat => self.act_chat(reply),
        };
        self.steps += 1;
        self.valid += usize::from(valid);
        if !valid {
            self.last_invalid = Some(action.chars().take(QUOTED).collect());
        }
        if self.game.progress() > before {
            self.history.push((self.steps, self.game.progress()));
        }
    }

    fn act_agentboard(&mut self, reply: &str) -> (String, bool) {
        let action = stated_action(reply);
        let outcome = self.game.step(&action);
        self.memory.push(("Action", action.clone()));
        self.memory.push(("Observation", outcome.observation));
        (action, outcome.valid)
    }

    fn act_chat(&mut self, reply: &str) -> (String, bool) {
        let before = self.game.state().clone();
        let said = record::half_width(&record::clean(reply)).into_owned();
        let wanted = wanted(self.game.world(), &said);
        let form = |wanted: &Wanted| [std::slice::from_ref(&wanted.name), &wanted.args].concat().join(" ");
        self.read += usize::from(wanted.is_some());
        self.formed += usize::from(wanted.as_ref().is_some_and(|wanted| form(wanted) == reply.trim()));
        let action = wanted.as_ref().and_then(|wanted| self.game.world().find(&wanted.name, &wanted.args));
        let valid = action.is_some_and(|action| self.game.act(action));
        let (world, phrases) = (self.game.world(), &self.input.phrases);
        let state = text::state(world, self.game.state(), phrases);
        let shown = match &wanted {
            _ if valid => state,
            Some(Wanted { name, args }) => format!("{}\n{state}", text::refusal(world, &before, name, args, phrases)),
            None => format!("{}\n{state}", text::not_understood(world)),
        };
        self.conversation.push(Message::assistant(reply));
        self.conversation.push(Message::user(shown));
        (reply.trim().to_owned(), valid)
    }

    fn over(&self) -> bool {
        self.game.won() || self.steps >= self.input.max_steps
    }

    fn ask(&self) -> Ask {
        let messages = match self.input.style {
            Style::Chat => self.conversation.clone(),
            Style::Agentboard => prompt(&self.input.prompt, &self.game.goal(), &self.memory),
        };
        Ask { messages, tools: Vec::new(), max_tokens: self.max_tokens, stop: self.stop.clone() }
    }

    /// What scoring needs: see [`super::Ending`].
    fn record(&self) -> Value {
        let (met, goals) = self.game.world().goal_count(self.game.state());
        let chat = |count: usize| (self.input.style == Style::Chat).then_some(count);
        json!({
            "formed": chat(self.formed),
            "read": chat(self.read),
            "progress": self.game.progress(),
            "start": self.start,
            "won": self.game.won(),
            "steps": self.steps,
            "valid": self.valid,
            "history": self.history,
            "met": met,
            "goals": goals,
            "last_invalid": self.last_invalid,
        })
    }
}

impl Episode for Play {
    fn next(&mut self, reply: Option<&str>) -> Turn {
        if let Some(reply) = reply
            && !self.over()
        {
            self.act(reply);
        }
        if self.over() { Turn::Done(self.record()) } else { Turn::Ask(self.ask()) }
    }
}

/// Reads and grounds a game.
pub(super) fn world(domain: &str, problem: &str) -> Result<World, super::PddlError> {
    let domain = Domain::parse(domain)?;
    let problem = Problem::parse(problem, &domain)?;
    World::new(domain, problem)
}

/// AgentBoard's act-only prompt: rules, examples, goal, the command for help, and what happened so far.
///
/// The fixed sentences are AgentBoard's (Apache-2.0), in its order; the model's own chat template wraps them (the
/// reference has templates of its own, indented by accident, for six model families only).
fn prompt(file: &Prompt, goal: &str, memory: &[(&'static str, String)]) -> Vec<Message> {
    let system = format!(
        "{}Generate your next step of action after Action. Action must not be empty. e.g. Action: put down cup. \n",
        file.system_msg
    );
    let mut user = file.instruction.clone();
    if !file.examples.is_empty() {
        user.push_str("\nHere are examples:\n");
        for example in &file.examples {
            user.push_str(example);
            user.push('\n');
        }
    }
    user.push_str(&format!("You should perform actions to accomplish the goal: {goal}\n"));
    user.push_str(&format!(
        "You should use the following commands for help when your action cannot be understood: {CHECK}\n"
    ));
    let shown = &memory[memory.len().saturating_sub(MEMORY)..];
    let lines: Vec<String> = shown.iter().map(|(kind, text)| format!("{kind}: {text}")).collect();
    user.push_str(&lines.join("\n"));
    user.push_str("\nAction: ");
    vec![Message::system(system), Message::user(user)]
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Asking, Lexical, Split, Task, Words};
    use record::{Finish, Reply, Scoring, Step, Transcript};

    use super::super::{Pddl, twin};

    /// Plays until the end; `replies` is given the number of the turn.
    fn play(sample: &Sample, replies: &mut dyn FnMut(usize) -> String) -> Result<Transcript, TaskError> {
        let mut episode = Pddl.open(sample)?;
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

    fn plan(sample: &Sample) -> Result<Vec<String>, Box<dyn std::error::Error>> {
        let input: Input = serde_json::from_value(sample.input.clone())?;
        let world = world(&input.domain, &input.problem)?;
        let plan = world.plan(&world.initial(), 100_000).ok_or("no plan")?;
        Ok(plan.into_iter().filter_map(|action| world.action(action)).map(ToString::to_string).collect())
    }

    #[test]
    fn the_plan_wins_every_twin_game_and_silence_wins_none() -> Result<(), Box<dyn std::error::Error>> {
        for sample in twin::generate(3, Split::Test, Asking::BARE, Some(8)) {
            let plan = plan(&sample)?;
            let won = play(&sample, &mut |turn| plan[turn].clone())?;
            assert_eq!(won.steps.len(), plan.len());
            let score = Pddl.score(&sample, &won, &Lexical, Scoring::Corrected)?;
            assert_eq!((score.value, score.metrics["success"], score.metrics["grounding"]), (1.0, 1.0, 1.0));
            let silent = play(&sample, &mut |_| String::new())?;
            assert_eq!(silent.steps.len(), twin::MAX_STEPS);
            let score = Pddl.score(&sample, &silent, &Lexical, Scoring::Paper)?;
            assert_eq!((score.value, score.metrics["success"], score.metrics["grounding"]), (0.0, 0.0, 0.0));
            assert!(score.reason.contains(&format!("{} invalid actions", twin::MAX_STEPS)), "{}", score.reason);
        }
        Ok(())
    }

    #[test]
    fn an_episode_replays_the_same_and_stays_over() -> Result<(), Box<dyn std::error::Error>> {
        for sample in twin::generate(4, Split::Test, Asking::BARE, Some(4)) {
            let plan = plan(&sample)?;
            let mut policy =
                |turn: usize| if turn.is_multiple_of(2) { "fly".to_owned() } else { plan[turn / 2].to_uppercase() };
            let (once, again) = (play(&sample, &mut policy)?, play(&sample, &mut policy)?);
            assert_eq!(once, again);
            assert_eq!(once.record["valid"], json!(once.steps.len() / 2));
            let mut episode = Pddl.open(&sample)?;
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
        let mut sample = twin::generate(5, Split::Test, Asking::BARE, Some(1)).remove(0);
        sample.input["style"] = json!("agentboard");
        sample.input["max_steps"] = json!(3);
        sample.input["prompt"] = json!({"instruction": "RULES", "examples": ["E1"], "system_msg": "S"});
        let done = play(&sample, &mut |turn| ["Action: check", "look around", "fly"][turn].to_owned())?;
        let last = &done.steps[2].messages[1].content;
        assert!(last.starts_with("RULES\nHere are examples:\nE1\nYou should"), "{last}");
        assert!(last.contains("\nAction: check\nObservation: Valid actions are: "), "{last}");
        assert!(last.ends_with("\nAction: "));
        assert_eq!((&done.record["valid"], &done.record["steps"]), (&json!(2), &json!(3)));
        Ok(())
    }

    #[test]
    fn broken_samples_are_errors() {
        let sample = twin::generate(6, Split::Test, Asking::BARE, Some(1)).remove(0);
        for (key, value) in [("domain", json!("(define")), ("problem", json!("")), ("style", json!("x"))] {
            let mut broken = sample.clone();
            broken.input[key] = value;
            assert!(Pddl.open(&broken).is_err(), "{key}");
        }
        let transcript = Transcript { record: json!({"progress": "x"}), ..Transcript::default() };
        assert!(Pddl.score(&sample, &transcript, &Lexical, Scoring::Paper).is_err());
        let missing = crate::Source::folder("/does/not/exist", crate::BadRows::Refuse);
        assert!(Pddl.samples(&missing, &Words, None).is_err());
    }
}
