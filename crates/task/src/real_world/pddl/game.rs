//! AgentBoard's text layer over a STRIPS world: what an agent reads, and what its words do.
//!
//! The environment acts as the reference does in both scoring modes, so that a transcript is the same experiment:
//!
//! | deviation | reference | here |
//! |---|---|---|
//! | `sorted_help` | valid actions and look-around texts come in a set's order, which changes from run to run | sorted |
//! | `first_action_name` | the first word that names an action *that can be done now* is taken: "drop b1, then move" moves where nothing can be dropped | the same for official episodes; the twins' replies are read by [`super::wanted`] |
//! | `progress_at_start` | goals that hold before the first action count 0 until an action takes effect | recorded as `start`; scoring `corrected` counts them |

use std::collections::{BTreeMap, HashSet};

use super::grounded::{GroundedProblem, State};
use super::words::words;

/// Texts for predicates and actions, with `{}` for each argument: AgentBoard's, read at run time.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Templates(BTreeMap<String, String>);

impl Templates {
    /// Templates by predicate or action name.
    pub fn new(by_name: BTreeMap<String, String>) -> Self {
        Self(by_name)
    }

    /// The text of a fact or an action. Without a template: its name and arguments. Arguments beyond the holes are left
    /// out, as the reference does.
    ///
    /// ```
    /// # use task::real_world::Templates;
    /// let templates = Templates::new([("on".into(), "{} is on {}.".into())].into());
    /// assert_eq!(templates.text("on", &["b1".into(), "b2".into()]), "b1 is on b2.");
    /// assert_eq!(templates.text("room", &["rooma".into()]), "room rooma");
    /// ```
    pub fn text(&self, name: &str, args: &[String]) -> String {
        let Some(template) = self.0.get(name) else {
            return std::iter::once(name).chain(args.iter().map(String::as_str)).collect::<Vec<_>>().join(" ");
        };
        let mut args = args.iter();
        let mut pieces = template.split("{}");
        let mut text = pieces.next().unwrap_or_default().to_owned();
        for piece in pieces {
            text.push_str(args.next().map_or("", String::as_str));
            text.push_str(piece);
        }
        text
    }

    /// The goal in one sentence: the conditions' texts, sorted.
    pub fn goal(&self, world: &GroundedProblem) -> String {
        let mut texts: Vec<String> = world.problem().goal.iter().map(|f| self.text(&f.predicate, &f.args)).collect();
        texts.sort();
        format!("The goal is to satisfy the following conditions: {}", texts.join(", "))
    }

    /// Texts of facts, each beginning with a capital (the rest in lower case), sorted.
    fn facts<'a>(&self, facts: impl Iterator<Item = &'a super::Fact>) -> Vec<String> {
        let mut texts: Vec<String> = facts.map(|f| capitalize(&self.text(&f.predicate, &f.args))).collect();
        texts.sort();
        texts
    }
}

/// What a step did.
#[derive(Debug, Clone, PartialEq)]
pub struct Outcome {
    /// What the agent is shown.
    pub observation: String,
    /// Whether the action was understood and had an effect (asking for help counts).
    pub valid: bool,
}

/// A game being played.
#[derive(Debug)]
pub struct Game {
    world: GroundedProblem,
    templates: Templates,
    state: State,
    /// Whether each observation is the whole state; else only what became true.
    whole: bool,
    /// Whether the list of valid actions mentions `look around`.
    look_listed: bool,
    progress: f64,
    won: bool,
}

/// The reply to words that name no action.
const NOT_UNDERSTOOD: &str = "The action is not valid and therefore takes no effect. Please check valid actions.";
/// The reply to an action that cannot be done or changes nothing.
const NO_EFFECT: &str = "The action is not valid and therefore takes no effect. Please remember to satisfy the \
                         restriction of actions. You can also check valid actions.";
/// The action that asks for the valid actions.
pub const CHECK: &str = "check valid actions";
/// The action that asks for the state.
const LOOK: &str = "look around";

impl Game {
    /// Opens a game. Barman and tyreworld show only what changed; every other game shows the whole state.
    pub fn new(world: GroundedProblem, name: &str, templates: Templates) -> Self {
        let partial = matches!(name, "barman" | "tyreworld");
        let state = world.initial();
        Self { world, templates, state, whole: !partial, look_listed: partial, progress: 0.0, won: false }
    }

    /// The first observation: the whole state.
    pub fn opening(&self) -> String {
        self.templates.facts(self.world.facts(&self.state)).join(" ")
    }

    /// The goal in one sentence.
    pub fn goal(&self) -> String {
        self.templates.goal(&self.world)
    }

    /// The world that is played in.
    pub fn world(&self) -> &GroundedProblem {
        &self.world
    }

    /// What is true now.
    pub fn state(&self) -> &State {
        &self.state
    }

    /// The largest share of goals that held after an action, in [0, 1]; 0 before the first.
    pub fn progress(&self) -> f64 {
        self.progress
    }

    /// Whether every goal holds.
    pub fn won(&self) -> bool {
        self.won
    }

    /// The share of goals that hold now; 1 where there are none.
    pub fn share(&self) -> f64 {
        let (met, all) = self.world.goal_count(&self.state);
        if all == 0 { 1.0 } else { met as f64 / all as f64 }
    }

    /// What an agent's text does, by AgentBoard's rules.
    pub fn step(&mut self, text: &str) -> Outcome {
        let text = text.to_lowercase();
        if text.contains("check") {
            return Outcome { observation: format!("Valid actions are: {}", self.help().join(", ")), valid: true };
        }
        if text.contains(LOOK) {
            return Outcome { observation: self.opening(), valid: true };
        }
        let Some(action) = self.read(&text) else {
            return Outcome { observation: NOT_UNDERSTOOD.to_owned(), valid: false };
        };
        let before = self.state.clone();
        if !action.is_some_and(|action| self.act(action)) {
            return Outcome { observation: NO_EFFECT.to_owned(), valid: false };
        }
        let mut observation = if self.whole {
            self.opening()
        } else {
            self.templates.facts(self.world.newly(&before, &self.state)).join(" ")
        };
        if self.won {
            observation.push_str(" The goal is satisfied.");
        }
        Outcome { observation, valid: true }
    }

    /// The texts of all actions that can be done now and of the requests for help, sorted.
    pub fn help(&self) -> Vec<String> {
        let applicable = self.world.applicable(&self.state);
        let mut texts: Vec<String> = applicable
            .into_iter()
            .filter_map(|action| self.world.action(action))
            .map(|action| self.templates.text(&action.name, &action.args))
            .collect();
        texts.push(CHECK.to_owned());
        if self.look_listed {
            texts.push(LOOK.to_owned());
        }
        texts.sort();
        texts
    }

    /// The state's texts as `look around` lists them, sorted.
    pub fn look(&self) -> Vec<String> {
        self.templates.facts(self.world.facts(&self.state))
    }

    /// The action that a lower-case text names: the first word that names an action *that can be done now* and the first
    /// words that are objects' names, as many as the action takes. `None` where the text names no action or too few
    /// objects; `Some(None)` where the objects do not fit it.
    fn read(&self, text: &str) -> Option<Option<usize>> {
        let words = words(text);
        let applicable = self.world.applicable(&self.state);
        let known: HashSet<&str> =
            applicable.into_iter().filter_map(|a| self.world.action(a)).map(|a| a.name.as_str()).collect();
        let name = words.iter().find(|word| known.contains(word.as_str()))?;
        let arity = self.world.domain().actions.iter().find(|action| action.name == *name)?.parameters.len();
        let objects: HashSet<&str> = self.world.problem().objects.iter().map(|(name, _)| name.as_str()).collect();
        let args: Vec<String> =
            words.iter().filter(|word| objects.contains(word.as_str())).take(arity).cloned().collect();
        (args.len() == arity).then(|| self.world.find(name, &args))
    }

    /// Does an action; false where it cannot be done or changes nothing.
    pub fn act(&mut self, action: usize) -> bool {
        let next = self.world.apply(&self.state, action);
        if next == self.state {
            return false;
        }
        self.state = next;
        self.progress = self.progress.max(self.share());
        self.won = self.world.solved(&self.state);
        true
    }
}

/// The first letter in upper case, the rest in lower case.
fn capitalize(text: &str) -> String {
    let mut chars = text.chars();
    chars
        .next()
        .map_or_else(String::new, |first| first.to_uppercase().chain(chars.as_str().to_lowercase().chars()).collect())
}

#[cfg(test)]
mod tests {
    use super::super::{Domain, PddlError, Problem};
    use super::*;

    const DOMAIN: &str = "(define (domain lamp) (:predicates (lit ?l) (held) (free) (dark ?l))
        (:action take :precondition (free) :effect (and (held) (not (free))))
        (:action light :parameters (?l) :precondition (and (held) (dark ?l)) :effect (and (lit ?l) (not (dark ?l)))))";

    fn game(name: &str) -> Result<Game, PddlError> {
        let domain = Domain::parse(DOMAIN)?;
        let problem = "(define (problem x) (:objects lamp1 lamp2) (:init (free) (dark lamp1) (dark lamp2))
            (:goal (and (lit lamp1) (lit lamp2) (dark lamp2))))";
        let problem = Problem::parse(problem, &domain)?;
        let templates = [("lit".to_owned(), "{} shines.".to_owned()), ("take".to_owned(), "Take the match".to_owned())];
        Ok(Game::new(GroundedProblem::new(domain, problem)?, name, Templates::new(templates.into())))
    }

    #[test]
    fn observations_are_whole_or_what_changed() -> Result<(), PddlError> {
        let mut whole = game("lamp")?;
        assert_eq!(whole.opening(), "Dark lamp1 Dark lamp2 Free");
        assert_eq!(whole.step("take").observation, "Dark lamp1 Dark lamp2 Held");
        let mut partial = game("barman")?;
        assert_eq!(partial.step("TAKE it").observation, "Held");
        assert_eq!(partial.step("light lamp1").observation, "Lamp1 shines.");
        assert_eq!(partial.help(), ["check valid actions", "light lamp2", "look around"]);
        assert_eq!(
            partial.goal(),
            "The goal is to satisfy the following conditions: dark lamp2, lamp1 shines., lamp2 shines."
        );
        Ok(())
    }

    #[test]
    fn an_action_that_cannot_be_done_is_not_a_name_in_the_reference() -> Result<(), PddlError> {
        let mut game = game("lamp")?;
        let outcome = game.step("light lamp1, or take it");
        assert!(outcome.valid, "the reference passes over light and takes");
        assert_eq!(game.step("light").observation, NOT_UNDERSTOOD);
        assert_eq!(game.step("light lamp1 lamp1").observation, "Dark lamp2 Held Lamp1 shines.");
        assert_eq!(game.step("light lamp1").observation, NO_EFFECT);
        Ok(())
    }

    #[test]
    fn progress_never_falls_and_counts_only_after_an_action() -> Result<(), PddlError> {
        let mut game = game("lamp")?;
        assert_eq!((game.progress(), game.share()), (0.0, 1.0 / 3.0));
        for (text, progress) in [("take", 1.0 / 3.0), ("light lamp1", 2.0 / 3.0), ("light lamp2", 2.0 / 3.0)] {
            game.step(text);
            assert_eq!(game.progress(), progress);
        }
        assert!(!game.won());
        Ok(())
    }
}
