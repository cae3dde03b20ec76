//! The generated twin of AgentBoard's PDDL games: the same four games in domains of our own, with puzzles drawn from a
//! seed and kept when their shortest plan has 4 to 15 steps.
//!
//! The conversation is a chat: the first message tells the rules, the next one the goal and the state, each reply is one
//! action, and each answer is the state after it, or why nothing happened. Worked examples are whole games before it.

mod barman;
mod blockworld;
mod gripper;
pub mod text;
mod tyreworld;

use std::collections::{BTreeMap, BTreeSet};

use record::{Assets, Message, Rng, Sample};
use serde_json::json;

use super::{Domain, GroundedProblem, PddlError, Problem, Rules};
use crate::{Asking, Drawn, Split, shots};

/// Number of held-out instances where no limit is given: 40 a game.
pub const DEFAULT_SAMPLES: usize = 160;
/// Draws of a puzzle that was not drawn before, after which one is left out: each is asked once.
const DRAWS: usize = 100;
/// Shortest plans of the puzzles, in steps.
pub const PLAN_STEPS: (usize, usize) = (4, 15);
/// Shortest plans of the worked examples, in steps.
const EXAMPLE_STEPS: (usize, usize) = (2, 4);
/// The most actions: a sixth more than the longest shortest plan, at least.
pub const MAX_STEPS: usize = 18;
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
    about: &'static str,
    /// What each action does.
    moves: &'static [(&'static str, &'static str)],
    phrases: &'static [(&'static str, &'static str)],
    draw: fn(&mut Rng) -> Puzzle,
}

/// A puzzle before it is known to be solvable; facts are written `predicate arg arg`.
struct Puzzle {
    objects: String,
    init: Vec<String>,
    goal: Vec<String>,
}

/// What [`generate`] gives, with the rules of the games.
pub fn drawn(seed: u64, split: Split, asking: Asking, limit: Option<usize>) -> Drawn {
    let mut assets = Assets::default();
    for game in GAMES {
        rules(game).put(&mut assets);
    }
    Drawn { samples: generate(seed, split, asking, limit).into(), assets, ..Drawn::default() }
}

/// The held-out (or training) instances of a seed, no two alike; the games are dealt round.
pub fn generate(seed: u64, split: Split, asking: Asking, limit: Option<usize>) -> Vec<Sample> {
    let stream = match split {
        Split::Train => "real_world-train",
        Split::Test => "real_world-test",
    };
    let mut seen = BTreeSet::new();
    let examples = GAMES.map(|game| examples(game, seed, asking.shots));
    (0..limit.unwrap_or(DEFAULT_SAMPLES))
        .filter_map(|index| {
            let game = GAMES[index % GAMES.len()];
            let mut rng = Rng::stream(seed, &format!("{stream}-{index}"));
            let mut sample = (0..DRAWS).find_map(|_| {
                instance(&mut rng, game, split, PLAN_STEPS)
                    .filter(|sample| seen.insert(sample.messages.iter().map(|m| m.content.clone()).collect::<Vec<_>>()))
            })?;
            sample.id = format!("{}-{:04}", game.name, index / GAMES.len());
            shots::insert(&mut sample, examples[index % GAMES.len()].clone());
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
        let opening = text::opening(&world, &world.initial(), &phrases(game));
        if split_of(&opening) != split {
            return None;
        }
        let plan = world.plan(&world.initial(), MAX_STATES)?;
        (steps.0..=steps.1).contains(&plan.len()).then(|| sample(game, &world, problem, (opening, plan.len())))
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

/// The actions that solve a puzzle, one a turn. Empty for a sample of another task.
pub fn answer(sample: &Sample) -> Vec<String> {
    let text = |key: &str| sample.input[key].as_str().unwrap_or_default();
    let Some(game) = GAMES.iter().find(|game| game.name == text("game")) else { return Vec::new() };
    let Ok(world) = world(game.domain, text("problem")) else { return Vec::new() };
    let plan = world.plan(&world.initial(), MAX_STATES).unwrap_or_default();
    plan.iter().filter_map(|&action| world.action(action)).map(ToString::to_string).collect()
}

/// The grounded world of a twin's sample.
pub fn world(domain: &str, problem: &str) -> Result<GroundedProblem, PddlError> {
    let domain = Domain::parse(domain)?;
    let problem = Problem::parse(problem, &domain)?;
    GroundedProblem::new(domain, problem)
}

/// What the samples of a game share.
pub fn rules(game: &Game) -> Rules {
    Rules { domain: game.domain.trim().to_owned(), phrases: phrases(game), ..Rules::default() }
}

/// How a game is told: what it is about, its actions, and how to reply.
fn instructions(game: &Game, domain: &Domain) -> String {
    let moves: Vec<String> = domain
        .actions
        .iter()
        .map(|schema| {
            let does = game.moves.iter().find(|(name, _)| *name == schema.name).map_or("", |(_, does)| does);
            format!("{}: {does}", text::form(schema))
        })
        .collect();
    format!(
        "{}\nThe actions are:\n{}\nReply with one action and nothing else: its name, and for each word in capitals the \
         name of such a thing. You are then told the new state. Go on until everything in the goal is true.",
        game.about,
        moves.join("\n")
    )
}

/// Whole games as conversations: the question that each opens with, and every reply and state up to the goal.
fn examples(game: &Game, seed: u64, count: usize) -> Vec<Message> {
    let mut seen = BTreeSet::new();
    let mut all = Vec::new();
    for place in 0..count {
        let mut rng = shots::stream(seed, game.name, place);
        let drawn = (0..DRAWS).filter_map(|_| instance(&mut rng, game, Split::Train, EXAMPLE_STEPS));
        let opening = |sample: &Sample| sample.messages.last().map(|message| message.content.clone());
        let fresh =
            drawn.filter_map(|sample| Some((opening(&sample)?, sample))).find(|(text, _)| seen.insert(text.clone()));
        all.extend(fresh.and_then(|(_, sample)| played(game, &sample)).unwrap_or_default());
    }
    all
}

/// A game played by the planner, without its rules.
fn played(game: &Game, sample: &Sample) -> Option<Vec<Message>> {
    let world = world(game.domain, sample.input["problem"].as_str()?).ok()?;
    let phrases = phrases(game);
    let mut messages = sample.messages[1..].to_vec();
    let mut state = world.initial();
    for action in world.plan(&state, MAX_STATES)? {
        state = world.apply(&state, action);
        messages.push(Message::assistant(world.action(action)?.to_string()));
        messages.push(Message::user(text::state(&world, &state, &phrases)));
    }
    // The question of the next game follows where the last state would stand.
    messages.pop();
    Some(messages)
}

fn phrases(game: &Game) -> BTreeMap<String, String> {
    game.phrases.iter().map(|&(predicate, phrase)| (predicate.to_owned(), phrase.to_owned())).collect()
}

fn sample(game: &Game, world: &GroundedProblem, problem: String, (opening, shortest): (String, usize)) -> Sample {
    Sample {
        id: String::new(),
        task: "pddl".into(),
        messages: vec![Message::system(instructions(game, world.domain())), Message::user(opening)],
        examples: 0,
        tools: Vec::new(),
        input: json!({
            "game": game.name,
            "problem": problem,
            "style": "chat",
            "max_steps": MAX_STEPS,
        }),
        assets: vec![rules(game).put(&mut Assets::default())],
        gold: json!({"shortest_plan": shortest}),
        max_tokens: 96,
        stop: Vec::new(),
        cluster: None,
        tags: BTreeMap::from([("game".to_owned(), json!(game.name)), ("plan".to_owned(), json!(shortest))]),
    }
}
