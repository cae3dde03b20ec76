//! The generated twin of AgentBoard's PDDL games: the same four games in domains of our own, with puzzles drawn from a
//! seed and kept when their shortest plan has 4 to 15 steps.
//!
//! The conversation is a chat: the first message names the actions, the goal and the state, each reply is one action,
//! and each answer is the state after it.

mod barman;
mod blockworld;
mod gripper;
pub mod text;
mod tyreworld;

use std::collections::{BTreeMap, BTreeSet};

use record::{Message, Rng, Sample};
use serde_json::json;

use super::{Domain, PddlError, Problem, World};
use crate::Split;

/// Number of held-out instances where no limit is given: 40 a game.
pub const DEFAULT_SAMPLES: usize = 160;
/// Draws of a puzzle that was not drawn before, after which one is left out: each is asked once.
const DRAWS: usize = 100;
/// Shortest plans of the puzzles, in steps.
pub const PLAN_STEPS: (usize, usize) = (4, 15);
/// States searched for a plan before a puzzle is thrown away.
pub const MAX_STATES: usize = 60_000;

/// The four games, in AgentBoard's order.
pub const GAMES: [&Game; 4] = [&gripper::GRIPPER, &blockworld::BLOCKWORLD, &barman::BARMAN, &tyreworld::TYREWORLD];

/// A game: its rules, how its facts are told, and how puzzles are drawn.
#[derive(Debug)]
pub struct Game {
    /// The name: `gripper`.
    pub name: &'static str,
    domain: &'static str,
    phrases: &'static [(&'static str, &'static str)],
    draw: fn(&mut Rng) -> Puzzle,
}

/// A puzzle before it is known to be solvable; facts are written `predicate arg arg`.
struct Puzzle {
    objects: String,
    init: Vec<String>,
    goal: Vec<String>,
}

/// The held-out (or training) instances of a seed, no two alike; the games are dealt round.
pub fn generate(seed: u64, split: Split, limit: Option<usize>) -> Vec<Sample> {
    let stream = match split {
        Split::Train => "real_world-train",
        Split::Test => "real_world-test",
    };
    let mut seen = BTreeSet::new();
    (0..limit.unwrap_or(DEFAULT_SAMPLES))
        .filter_map(|index| {
            let game = GAMES[index % GAMES.len()];
            let mut rng = Rng::stream(seed, &format!("{stream}-{index}"));
            let mut sample = (0..DRAWS).find_map(|_| {
                instance(&mut rng, game, split, PLAN_STEPS)
                    .filter(|sample| seen.insert(sample.messages.iter().map(|m| m.content.clone()).collect::<Vec<_>>()))
            })?;
            sample.id = format!("{}-{:04}", game.name, index / GAMES.len());
            Some(sample)
        })
        .collect()
}

/// One instance of a split whose shortest plan has `steps.0` to `steps.1` steps; `None` where some thousand draws gave
/// none.
pub fn instance(rng: &mut Rng, game: &Game, split: Split, steps: (usize, usize)) -> Option<Sample> {
    (0..4000).find_map(|_| {
        let puzzle = (game.draw)(rng);
        let problem = puzzle.text(game.name);
        let world = world(game.domain, &problem).ok()?;
        let opening = opening(game, &world);
        if split_of(&opening) != split {
            return None;
        }
        let plan = world.plan(&world.initial(), MAX_STATES)?;
        (steps.0..=steps.1).contains(&plan.len()).then(|| sample(game, problem, opening, plan.len()))
    })
}

/// Which split a puzzle belongs to, by a digest of what the model is shown: a quarter is held out. The games have few
/// puzzles, so that other random numbers alone would draw the same ones again.
fn split_of(opening: &str) -> Split {
    match record::digest(opening.as_bytes()).as_bytes() {
        [b'0'..=b'3', ..] => Split::Test,
        _ => Split::Train,
    }
}

impl Puzzle {
    fn text(&self, game: &str) -> String {
        let facts = |all: &[String]| all.iter().map(|fact| format!("({fact})")).collect::<Vec<_>>().join(" ");
        format!(
            "(define (problem twin) (:domain {game}) (:objects {}) (:init {}) (:goal (and {})))",
            self.objects,
            facts(&self.init),
            facts(&self.goal)
        )
    }
}

/// The grounded world of a twin's sample.
pub fn world(domain: &str, problem: &str) -> Result<World, PddlError> {
    let domain = Domain::parse(domain)?;
    let problem = Problem::parse(problem, &domain)?;
    World::new(domain, problem)
}

/// What the model is shown first: the game, its actions, the goal and the state.
fn opening(game: &Game, world: &World) -> String {
    let actions: Vec<String> = world
        .domain()
        .actions
        .iter()
        .map(|schema| format!("{} {}", schema.name, schema.parameters.join(" ")))
        .collect();
    let text = text::opening(world, &world.initial(), &phrases(game));
    format!("Game: {}\nActions: {}\n{text}", game.name, actions.join(", "))
}

fn phrases(game: &Game) -> BTreeMap<String, String> {
    game.phrases.iter().map(|&(predicate, phrase)| (predicate.to_owned(), phrase.to_owned())).collect()
}

fn sample(game: &Game, problem: String, opening: String, shortest: usize) -> Sample {
    Sample {
        id: String::new(),
        task: "pddl".into(),
        messages: vec![Message::system("Reply with the next action."), Message::user(opening)],
        tools: Vec::new(),
        input: json!({
            "game": game.name,
            "domain": game.domain.trim(),
            "problem": problem,
            "style": "chat",
            "phrases": phrases(game),
        }),
        gold: json!({"shortest_plan": shortest}),
        max_tokens: 24,
        stop: vec!["\n".into()],
        cluster: None,
        tags: BTreeMap::from([("game".to_owned(), json!(game.name)), ("plan".to_owned(), json!(shortest))]),
    }
}
