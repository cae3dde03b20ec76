//! The generated twin: goals in houses with a little physics of their own, drawn from a seed. Nothing in them is random.
//!
//! ```text
//! system: the rules of the house, and how actions are written
//! user:   Goal: Melt the butter, so that it is liquid.  You are in the hall. You see: ...
//! reply:  go kitchen
//! user:   You are in the kitchen. You see: the stove (off; on it: nothing); ...
//! ... at most 30 actions
//! ```
//!
//! Six kinds of goals, each easy (three rooms, nothing hidden) and hard (five rooms, closed furniture, an errand beside
//! it). Worked examples are whole episodes before it.

mod act;
mod build;
mod deed;
mod fact;
mod family;
mod house;
mod matter;
mod physics;
mod plan;
mod reading;
mod room;
mod text;

use std::collections::{BTreeMap, BTreeSet};

use record::{Message, Rng, Sample};
use serde_json::json;

use crate::{Asking, Split, shots};

pub use act::Done;
pub use deed::{Deed, Role, Row, VERBS, Verb};
pub use fact::{Fact, Quest};
pub use family::{Family, Level};
pub use house::{HANDS, House, Kind, Place, ROOM_DEGREES, Thing, WET};
pub use matter::{Matter, State};
pub use physics::Stage;
pub use plan::plan;
pub use reading::wanted;
pub use room::Room;
pub use text::instructions;

use super::room::{Input, Scene};

/// Number of held-out instances where no limit is given: ten of each kind and difficulty.
pub const DEFAULT_SAMPLES: usize = 120;
/// The most actions, as in AgentBoard.
pub const MAX_STEPS: usize = 30;
/// Actions of the plans that episodes are kept for, by difficulty.
pub const PLAN_STEPS: [(usize, usize); 2] = [(3, 12), (9, 26)];
/// Actions of the plans of worked examples.
const EXAMPLE_STEPS: (usize, usize) = (3, 8);
/// Draws of a house, most of which are not of the split, or too easy or too hard, after which there is none.
const DRAWS: usize = 400;
/// Instances that were drawn before, after which one is left out.
const TWICE: usize = 20;

/// The held-out (or training) instances of a seed, no two alike; kinds and difficulties are dealt round.
pub fn generate(seed: u64, split: Split, asking: Asking, limit: Option<usize>) -> Vec<Sample> {
    let stream = match split {
        Split::Train => "household-train",
        Split::Test => "household-test",
    };
    let mut seen = BTreeSet::new();
    let examples = examples(seed, asking.shots);
    (0..limit.unwrap_or(DEFAULT_SAMPLES))
        .filter_map(|index| {
            let family = Family::ALL[index % Family::ALL.len()];
            let round = index / Family::ALL.len();
            let level = Level::ALL[round % Level::ALL.len()];
            let mut rng = Rng::stream(seed, &format!("{stream}-{index}"));
            let steps = PLAN_STEPS[round % Level::ALL.len()];
            let mut sample = (0..TWICE).find_map(|_| {
                instance(&mut rng, family, level, split, steps).filter(|sample| seen.insert(sample.input.to_string()))
            })?;
            sample.id = format!("{}-{}-{:03}", family.as_str(), level.as_str(), round / Level::ALL.len());
            shots::insert(&mut sample, examples.clone());
            Some(sample)
        })
        .collect()
}

/// One instance of a split whose plan has `steps.0` to `steps.1` actions; `None` where no draw gave one.
pub fn instance(rng: &mut Rng, family: Family, level: Level, split: Split, steps: (usize, usize)) -> Option<Sample> {
    (0..DRAWS).find_map(|_| {
        let (house, quest) = family::draw(rng, family, level);
        if split_of(&house) != split || quest.facts().any(|fact| fact.holds(&house)) {
            return None;
        }
        let plan = plan(&house, &quest)?;
        (steps.0..=steps.1).contains(&plan.len()).then(|| sample(family, level, Room::new(house, quest), plan.len()))
    })
}

/// Which split a house belongs to, whatever the goal in it: a quarter is held out.
fn split_of(house: &House) -> Split {
    match record::digest(json!(house).to_string().as_bytes()).as_bytes() {
        [b'0'..=b'3', ..] => Split::Test,
        _ => Split::Train,
    }
}

/// The actions that reach the goal of a sample, one a turn. Empty for a sample without such a house.
pub fn answer(sample: &Sample) -> Vec<String> {
    let input = serde_json::from_value::<Input>(sample.input.clone());
    let Ok(Input { scene: Scene::Household(room), .. }) = input else { return Vec::new() };
    let plan = plan(&room.house, &room.quest).unwrap_or_default();
    plan.iter().map(ToString::to_string).collect()
}

fn sample(family: Family, level: Level, room: Room, steps: usize) -> Sample {
    let opening = opening(&room);
    let input = Input { scene: Scene::Household(room), max_steps: MAX_STEPS };
    Sample {
        id: String::new(),
        task: "scienceworld".into(),
        messages: vec![Message::system(instructions()), Message::user(opening)],
        examples: 0,
        tools: Vec::new(),
        input: json!(input),
        assets: Vec::new(),
        gold: json!({"plan": steps}),
        max_tokens: 96,
        stop: Vec::new(),
        cluster: None,
        tags: BTreeMap::from([
            ("kind".to_owned(), json!(family.as_str())),
            ("difficulty".to_owned(), json!(level.as_str())),
            ("plan".to_owned(), json!(steps)),
        ]),
    }
}

/// The first thing that is said of an episode.
fn opening(room: &Room) -> String {
    format!("Goal: {}\n{}", room.quest.told, text::room(&room.house))
}

/// Whole episodes as conversations, each of another kind: what opens them, and every action and answer up to the goal.
fn examples(seed: u64, count: usize) -> Vec<Message> {
    let mut all = Vec::new();
    for place in 0..count {
        let family = Family::ALL[(2 * place + 1) % Family::ALL.len()];
        let mut rng = shots::stream(seed, "household", place);
        let sample = instance(&mut rng, family, Level::Easy, Split::Train, EXAMPLE_STEPS);
        all.extend(sample.and_then(|sample| played(&sample)).unwrap_or_default());
    }
    all
}

/// An episode played by the planner, without its rules.
fn played(sample: &Sample) -> Option<Vec<Message>> {
    let input = serde_json::from_value::<Input>(sample.input.clone()).ok()?;
    let Scene::Household(mut room) = input.scene else { return None };
    let mut messages = sample.messages.get(1..)?.to_vec();
    for deed in plan(&room.house, &room.quest)? {
        messages.push(Message::assistant(deed.to_string()));
        messages.push(Message::user(room.house.act(&deed).ok()?));
    }
    // The question of the next episode follows where the last answer would stand.
    messages.pop();
    Some(messages)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_kind_is_drawn_at_every_level() {
        let mut rng = Rng::new(1);
        for family in Family::ALL {
            for (level, (least, most)) in Level::ALL.into_iter().zip(PLAN_STEPS) {
                let drawn: Vec<_> = (0..200).map(|_| family::draw(&mut rng, family, level)).collect();
                let fresh = drawn.iter().filter(|(house, quest)| !quest.facts().any(|fact| fact.holds(house)));
                let lengths: Vec<usize> =
                    fresh.filter_map(|(house, quest)| plan(house, quest)).map(|plan| plan.len()).collect();
                let fits = lengths.iter().filter(|length| (least..=most).contains(length)).count();
                let (low, high) = (lengths.iter().min(), lengths.iter().max());
                println!("{family:?} {level:?}: {} plans, {low:?} to {high:?}, {fits} fit", lengths.len());
                assert!(fits > 50, "{family:?} {level:?}");
            }
        }
    }
}
