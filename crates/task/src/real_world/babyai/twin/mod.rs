//! The generated twin of BabyAI: houses of our own generator on the same simulator, told and acted in other words, with
//! missions in the families of the benchmark's levels.
//!
//! ```text
//! system: what the agent sees and can do
//! user:   Goal: pick up the red ball. You have 14 actions.
//!         You see a closed blue door 3 steps ahead and 1 to the left. The wall ahead is 4 steps away. You carry nothing.
//! reply:  open blue door
//! user:   You see ..
//! ```
//!
//! Each level was solved by the oracle, whose plan the sample keeps; the agent may take twice as many actions.

mod deed;
mod family;
mod house;
mod play;
mod scene;
mod solve;
pub mod text;

use std::collections::{BTreeMap, BTreeSet};

use record::{Message, Rng, Sample};
use serde_json::json;

use super::Level;
use super::room::Input;
use crate::real_world::Style;
use crate::{Asking, Drawn, Split, shots};

pub use deed::{Deed, Name, in_line};
pub use family::{FAMILIES, Family, Puzzle};
pub use play::{Milestone, Play};
pub use solve::solve;

/// Number of held-out instances where no limit is given: 20 a family.
pub const DEFAULT_SAMPLES: usize = 160;
/// Actions of the oracle's plan.
pub const PLAN_STEPS: (usize, usize) = (4, 16);
/// Those of the worked examples: of easy families, and of hard ones.
const EXAMPLE_STEPS: [(usize, usize); 2] = [(3, 5), (4, 10)];
/// Draws of a level that was not drawn before, after which one is left out: each is asked once.
const DRAWS: usize = 100;
/// Draws of a level that fits.
const TRIES: usize = 2000;

const RULES: &str =
    "You walk through the rooms of a house. You see up to six steps ahead of you and three steps to each \
side; walls and closed doors hide what is behind them. You can carry one thing.
The actions are:
turn left, turn right: you turn on the spot
walk N: you walk N steps ahead
go to THING: you walk up to a thing that you see, and face it
pick up THING: you walk up to a ball, a box or a key and take it
drop: you put down what you carry, one step ahead of you
drop next to THING: you put down what you carry beside a thing that you see
open DOOR: you walk up to a closed door and open it; for a locked one you must carry the key of its color
go through DOOR: you pass an open door into the next room
Reply with one action and nothing else, for example: pick up red ball. You are then told what you see. Go on until the \
goal is reached.";

/// The most actions of an episode whose plan has so many.
pub fn max_steps(plan: usize) -> usize {
    2 * plan
}

/// What [`generate`] gives.
pub fn drawn(seed: u64, split: Split, asking: Asking, limit: Option<usize>) -> Drawn {
    generate(seed, split, asking, limit).into()
}

/// The held-out (or training) instances of a seed, no two alike; the families are dealt round.
pub fn generate(seed: u64, split: Split, asking: Asking, limit: Option<usize>) -> Vec<Sample> {
    let stream = match split {
        Split::Train => "babyai-train",
        Split::Test => "babyai-test",
    };
    let mut seen = BTreeSet::new();
    let examples: Vec<Vec<Message>> = FAMILIES.iter().map(|family| examples(family, seed, asking.shots)).collect();
    let numbered = FAMILIES.iter().zip(&examples).enumerate().cycle();
    (0..limit.unwrap_or(DEFAULT_SAMPLES))
        .zip(numbered)
        .filter_map(|(index, (_, (family, examples)))| {
            let mut rng = Rng::stream(seed, &format!("{stream}-{index}"));
            let mut sample = (0..DRAWS).find_map(|_| {
                instance(&mut rng, family, split, PLAN_STEPS).filter(|sample| seen.insert(asked(sample)))
            })?;
            sample.id = format!("{}-{:04}", family.name, index / FAMILIES.len());
            shots::insert(&mut sample, examples.clone());
            Some(sample)
        })
        .collect()
}

fn asked(sample: &Sample) -> Option<String> {
    sample.messages.last().map(|message| message.content.clone())
}

/// One instance of a split whose plan has `steps.0` to `steps.1` actions; `None` where some thousand draws gave none.
pub fn instance(rng: &mut Rng, family: &Family, split: Split, steps: (usize, usize)) -> Option<Sample> {
    (0..TRIES).find_map(|_| {
        let puzzle = (family.draw)(rng)?;
        let level = Level::of(&puzzle.world, &puzzle.mission);
        let mut play = Play::new(&level, &puzzle.milestones).ok()?;
        if split_of(&play) != split {
            return None;
        }
        let plan = solve(&puzzle.world, &puzzle.chores)?;
        let opening = text::opening(play.mission(), max_steps(plan.len()), &play.sight());
        let wins = plan.iter().position(|deed| play.act(deed).is_ok() && play.won())? + 1;
        let fits = (steps.0..=steps.1).contains(&plan.len()) && wins == plan.len();
        fits.then(|| sample(family, level, puzzle.milestones, plan, opening))
    })
}

/// Which split a level belongs to, by a digest of what the model is shown first: a quarter is held out.
fn split_of(play: &Play) -> Split {
    let shown = format!("{}\n{}", text::goal(play.mission()), text::told(&play.sight()));
    match record::digest(shown.as_bytes()).as_bytes() {
        [b'0'..=b'3', ..] => Split::Test,
        _ => Split::Train,
    }
}

fn sample(family: &Family, level: Level, milestones: Vec<Milestone>, plan: Vec<Deed>, opening: String) -> Sample {
    let plan: Vec<String> = plan.iter().map(Deed::to_string).collect();
    let max_steps = max_steps(plan.len());
    let input = Input { level, subgoals: None, milestones, style: Style::Chat, max_steps };
    let difficulty = if family.hard { "hard" } else { "easy" };
    Sample {
        id: String::new(),
        task: "babyai".into(),
        messages: vec![Message::system(RULES), Message::user(opening)],
        examples: 0,
        tools: Vec::new(),
        input: json!(input),
        assets: Vec::new(),
        gold: json!({"plan": plan}),
        max_tokens: 96,
        stop: Vec::new(),
        cluster: None,
        tags: BTreeMap::from([
            ("family".to_owned(), json!(family.name)),
            ("difficulty".to_owned(), json!(difficulty)),
            ("plan".to_owned(), json!(plan.len())),
        ]),
    }
}

/// The actions that solve a level, one a turn. Empty for a sample of another source.
pub fn answer(sample: &Sample) -> Vec<String> {
    serde_json::from_value(sample.gold["plan"].clone()).unwrap_or_default()
}

/// Whole episodes as conversations: the question that each opens with, and every reply and sight up to the goal.
fn examples(family: &Family, seed: u64, count: usize) -> Vec<Message> {
    let mut seen = BTreeSet::new();
    let mut all = Vec::new();
    for place in 0..count {
        let mut rng = shots::stream(seed, &format!("babyai-{}", family.name), place);
        let steps = EXAMPLE_STEPS[usize::from(family.hard)];
        let mut drawn = (0..DRAWS).filter_map(|_| instance(&mut rng, family, Split::Train, steps));
        let fresh = drawn.find(|sample| seen.insert(asked(sample)));
        all.extend(fresh.and_then(|sample| played(&sample)).unwrap_or_default());
    }
    all
}

/// An episode played by the oracle, without the rules.
fn played(sample: &Sample) -> Option<Vec<Message>> {
    let input: Input = serde_json::from_value(sample.input.clone()).ok()?;
    let mut play = Play::new(&input.level, &input.milestones).ok()?;
    let mut messages: Vec<Message> = sample.messages.iter().skip(1).cloned().collect();
    for reply in answer(sample) {
        play.act(&in_line(&reply)?).ok()?;
        messages.push(Message::assistant(reply));
        messages.push(Message::user(text::told(&play.sight())));
    }
    // The question of the next episode follows where the last sight would stand.
    messages.pop();
    Some(messages)
}
