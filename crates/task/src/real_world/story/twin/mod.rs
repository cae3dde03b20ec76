//! The generated twin of AgentBoard's text adventures: one story of our own (`tools/story/house.inf`), and a house for it
//! drawn from a seed.
//!
//! A house is a table in the story's memory; the samples share the compiled story and hold the table, so that any number
//! of houses are valid story files. Things are to be put where they belong; on the way keys, locked doors, closed
//! containers and a dark room. The conversation is a chat: the first message tells the commands, the next one the task and
//! the room, each reply is one command, and each answer is what the story prints.

mod draw;
mod house;
mod solve;

use std::collections::{BTreeMap, BTreeSet};

use record::{Asset, Assets, Message, Rng, Sample};
use serde_json::json;

use super::room::{self, Input, STORY};
use crate::real_world::agent::Style;
use crate::real_world::zmachine::{Machine, Story};
use crate::{Asking, Drawn, Split, shots};

pub use draw::{Difficulty, EASY, EXAMPLE, HARD};
pub use solve::Walk;

/// Number of held-out instances where no limit is given.
pub const DEFAULT_SAMPLES: usize = 160;
/// The most commands: more than twice the longest walk, since the house must be explored.
pub const MAX_STEPS: usize = 40;
/// Draws of a house, after which an instance is left out.
const DRAWS: usize = 2000;
/// Houses that are tried until one was not drawn before.
const FRESH: usize = 100;
/// What is asked, in turn.
const DIFFICULTIES: [Difficulty; 2] = [EASY, HARD];

const INSTRUCTIONS: &str = "You play a text adventure: you are in a house, and you are told what you see.\n\
    The commands are:\n\
    north, east, south, west: go there\n\
    look: see the room again\n\
    inventory: see what you have\n\
    examine THING: look at a thing\n\
    take THING, drop THING: you must have a thing to use it\n\
    open THING, close THING: a container or a door\n\
    unlock THING with KEY: a container or a door that is locked; it must be opened afterwards\n\
    put THING on THING, put THING in THING: put what you have on or in something\n\
    light THING: make light with a lamp that you have; in the dark you see nothing\n\
    Reply with one command and nothing else. You are then told what happens. Go on until your task is done.";

/// What [`generate`] gives, with the story.
pub fn drawn(seed: u64, split: Split, asking: Asking, limit: Option<usize>) -> Drawn {
    let mut assets = Assets::default();
    assets.add(STORY, house::STORY);
    Drawn { samples: generate(seed, split, asking, limit).into(), assets, ..Drawn::default() }
}

/// The held-out (or training) instances of a seed, no two alike, easy and hard in turn.
pub fn generate(seed: u64, split: Split, asking: Asking, limit: Option<usize>) -> Vec<Sample> {
    let stream = match split {
        Split::Train => "jericho-train",
        Split::Test => "jericho-test",
    };
    let Ok(story) = Story::read(house::STORY) else { return Vec::new() };
    let mut seen = BTreeSet::new();
    let examples = examples(&story, seed, asking.shots);
    (0..limit.unwrap_or(DEFAULT_SAMPLES))
        .filter_map(|index| {
            let difficulty = DIFFICULTIES[index % DIFFICULTIES.len()];
            let mut rng = Rng::stream(seed, &format!("{stream}-{index}"));
            let drawn = std::iter::from_fn(|| instance(&mut rng, &story, split, difficulty));
            let mut sample = drawn.take(FRESH).find(|sample| seen.insert(opening(sample)))?;
            sample.id = format!("{}-{:04}", difficulty.name, index / DIFFICULTIES.len());
            shots::insert(&mut sample, examples.clone());
            Some(sample)
        })
        .collect()
}

fn opening(sample: &Sample) -> String {
    sample.messages.last().map(|message| message.content.clone()).unwrap_or_default()
}

/// One instance of a split; `None` where some thousand draws gave none.
pub fn instance(rng: &mut Rng, story: &Story, split: Split, difficulty: Difficulty) -> Option<Sample> {
    (0..DRAWS).find_map(|_| {
        let house = draw::house(rng, difficulty)?;
        let walk = solve::walk(&house)?;
        if !(difficulty.steps.0..=difficulty.steps.1).contains(&walk.commands.len()) {
            return None;
        }
        let mut input = Input {
            game: "house".into(),
            goal: String::new(),
            subgoals: walk.subgoals.clone(),
            opening: None,
            patch: Some(house.patch(story)?),
            style: Style::Chat,
            max_steps: MAX_STEPS,
        };
        let opening = Machine::new(&room::story(&input, story.bytes()).ok()?, 0).run().ok()?;
        let opening = opening.trim_end_matches('>').trim().to_owned();
        if split_of(&opening) != split {
            return None;
        }
        input.goal = opening.lines().next()?.to_owned();
        Some(sample(&input, opening, (&walk, difficulty)))
    })
}

/// Which split a house belongs to, by a digest of what the model is shown first: a quarter is held out.
fn split_of(opening: &str) -> Split {
    match record::digest(opening.as_bytes()).as_bytes() {
        [b'0'..=b'3', ..] => Split::Test,
        _ => Split::Train,
    }
}

fn sample(input: &Input, opening: String, (walk, difficulty): (&Walk, Difficulty)) -> Sample {
    let steps = walk.commands.len();
    Sample {
        id: String::new(),
        task: "jericho".into(),
        messages: vec![Message::system(INSTRUCTIONS), Message::user(opening)],
        examples: 0,
        tools: Vec::new(),
        input: json!(input),
        assets: vec![Asset { name: STORY.to_owned(), digest: record::digest(house::STORY) }],
        gold: json!({"walk": walk.commands}),
        max_tokens: 96,
        stop: Vec::new(),
        cluster: None,
        tags: BTreeMap::from([
            ("game".to_owned(), json!("house")),
            ("difficulty".to_owned(), json!(difficulty.name)),
            ("steps".to_owned(), json!(steps)),
        ]),
    }
}

/// The commands that win, one a turn. Empty for a sample of another task.
pub fn answer(sample: &Sample) -> Vec<String> {
    serde_json::from_value(sample.gold["walk"].clone()).unwrap_or_default()
}

/// Whole short games as conversations: the task and the room, then every command and what the story says of it.
fn examples(story: &Story, seed: u64, count: usize) -> Vec<Message> {
    let mut seen = BTreeSet::new();
    let mut all = Vec::new();
    for place in 0..count {
        let mut rng = shots::stream(seed, "jericho", place);
        let drawn = std::iter::from_fn(|| instance(&mut rng, story, Split::Train, EXAMPLE));
        let fresh = drawn.take(FRESH).find(|sample| seen.insert(opening(sample)));
        all.extend(fresh.and_then(|sample| played(story, &sample)).unwrap_or_default());
    }
    all
}

/// A game played to its end, without the instructions.
fn played(story: &Story, sample: &Sample) -> Option<Vec<Message>> {
    let input: Input = serde_json::from_value(sample.input.clone()).ok()?;
    let mut machine = Machine::new(&room::story(&input, story.bytes()).ok()?, 0);
    machine.run().ok()?;
    let mut messages = vec![Message::user(opening(sample))];
    for command in answer(sample) {
        let said = machine.enter(&command).ok()?;
        messages.push(Message::assistant(command));
        messages.push(Message::user(said.trim_end_matches('>').trim()));
    }
    // The question of the next game follows where the last answer would stand.
    messages.pop();
    Some(messages)
}

#[cfg(test)]
mod tests;
