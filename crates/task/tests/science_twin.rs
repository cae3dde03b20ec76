//! What the household twin promises: its own answer reaches every goal, chance does not, and no house is in both splits.

use std::collections::{BTreeMap, BTreeSet};

use proptest::prelude::*;
use record::{Assets, Rng, Sample, Turn};
use serde_json::{Value, json};
use task::real_world::science::twin::{Deed, House, Room, VERBS, generate};
use task::real_world::science::{Input, Scene, ScienceWorld};
use task::{Asking, Split, Task};

/// Plays a sample until its end: the record, and what was shown last.
fn play(
    sample: &Sample,
    policy: &mut dyn FnMut(usize, &str) -> String,
) -> Result<(Value, String), Box<dyn std::error::Error>> {
    let mut episode = ScienceWorld.open(sample, &Assets::default())?;
    let (mut turn, mut shown, mut asked) = (episode.next(None), String::new(), 0);
    loop {
        match turn {
            Turn::Done(record) => return Ok((record, shown)),
            Turn::Ask(ask) => {
                shown = ask.messages.last().map(|message| message.content.clone()).unwrap_or_default();
                let reply = policy(asked, &shown);
                asked += 1;
                turn = episode.next(Some(&reply));
            }
        }
    }
}

fn room(sample: &Sample) -> Result<Room, serde_json::Error> {
    let Scene::Household(room) = serde_json::from_value::<Input>(sample.input.clone())?.scene else { unreachable!() };
    Ok(room)
}

#[test]
fn the_twins_own_answer_reaches_a_thousand_goals() -> Result<(), Box<dyn std::error::Error>> {
    let samples = generate(5, Split::Test, Asking::BARE, Some(1000));
    assert_eq!(samples.len(), 1000);
    let mut steps: BTreeMap<String, (usize, usize, usize)> = BTreeMap::new();
    for sample in &samples {
        let answer = (ScienceWorld.info().oracle)(sample);
        let (record, shown) = play(sample, &mut |turn, _| answer.get(turn).cloned().unwrap_or_default())?;
        assert_eq!(
            (&record["won"], &record["progress"]),
            (&json!(true), &json!(1.0)),
            "{}: {answer:?} {shown}",
            sample.id
        );
        let all = json!(answer.len());
        assert_eq!((&record["steps"], &record["valid"], &record["formed"]), (&all, &all, &all), "{}", sample.id);
        let kind = format!("{} {}", sample.tags["difficulty"], sample.tags["kind"]);
        let (least, most, sum) = steps.get(&kind).copied().unwrap_or((usize::MAX, 0, 0));
        steps.insert(kind, (least.min(answer.len()), most.max(answer.len()), sum + answer.len()));
    }
    println!("actions of the answers (least, most, sum): {steps:?}");
    Ok(())
}

/// Every action that can be said in a house, whether it can be done or not.
fn sayable(house: &House) -> Vec<Deed> {
    let names: Vec<&String> = house.rooms.keys().chain(house.things.keys()).collect();
    let mut all = Vec::new();
    for row in VERBS {
        let mut lists: Vec<Vec<&str>> = vec![Vec::new()];
        for role in row.roles {
            let mut longer = Vec::new();
            for list in &lists {
                let fitting = names.iter().filter(|name| role.fits(house, name));
                longer.extend(fitting.map(|name| [list.as_slice(), &[name.as_str()]].concat()));
            }
            lists = longer;
        }
        all.extend(lists.iter().map(|objects| Deed::new(row.verb, objects)));
    }
    all
}

#[test]
fn chance_among_what_can_be_done_reaches_less_than_a_tenth() -> Result<(), Box<dyn std::error::Error>> {
    let samples = generate(6, Split::Test, Asking::BARE, Some(240));
    let mut rng = Rng::new(1);
    let mut sums: BTreeMap<String, (f64, f64, f64)> = BTreeMap::new();
    for sample in &samples {
        let mut own = room(sample)?;
        let deeds = sayable(&own.house);
        // The first that can be done, of actions drawn one after the other: each that can be done is as likely.
        let (record, _) = play(sample, &mut |_, _| {
            loop {
                let deed = &deeds[rng.below(deeds.len())];
                if own.house.act(deed).is_ok() {
                    return deed.to_string();
                }
            }
        })?;
        assert_eq!(record["valid"], record["steps"], "{}", sample.id);
        let number = |key: &str| record[key].as_f64().unwrap_or_default();
        for key in [format!("{} {}", sample.tags["difficulty"], sample.tags["kind"]), "all".to_owned()] {
            let sum = sums.entry(key).or_default();
            *sum = (sum.0 + 1.0, sum.1 + number("progress"), sum.2 + f64::from(u8::from(record["won"] == true)));
        }
    }
    for (kind, (count, progress, won)) in &sums {
        println!("{kind}: progress {:.3}, success {:.3} of {count}", progress / count, won / count);
    }
    let (count, progress, won) = sums["all"];
    assert!(progress / count < 0.1 && won / count < 0.02, "{progress} {won} of {count}");
    Ok(())
}

#[test]
fn no_house_is_in_both_splits_and_the_same_seed_gives_the_same_bytes() -> Result<(), Box<dyn std::error::Error>> {
    let houses = |split, seed| -> Result<BTreeSet<String>, serde_json::Error> {
        let all = generate(seed, split, Asking::BARE, Some(200));
        all.iter().map(|sample| Ok(json!(room(sample)?.house).to_string())).collect()
    };
    for seed in [1, 2] {
        let (train, test) = (houses(Split::Train, seed)?, houses(Split::Test, seed)?);
        assert_eq!((train.len(), test.len()), (200, 200), "no house twice");
        assert_eq!(train.intersection(&test).next(), None);
    }
    let bytes = || serde_json::to_string(&generate(3, Split::Test, Asking::default(), Some(24)));
    assert_eq!(bytes()?, bytes()?);
    Ok(())
}

#[test]
fn easy_and_hard_are_what_they_say() {
    let samples = generate(4, Split::Test, Asking::BARE, Some(120));
    let mean = |level: &str| {
        let plans: Vec<f64> = samples
            .iter()
            .filter(|sample| sample.tags["difficulty"] == level)
            .filter_map(|sample| sample.tags["plan"].as_f64())
            .collect();
        assert_eq!(plans.len(), 60);
        plans.iter().sum::<f64>() / 60.0
    };
    let (easy, hard) = (mean("easy"), mean("hard"));
    println!("plans: easy {easy:.1}, hard {hard:.1}");
    assert!(easy < 9.0 && hard > 12.0, "{easy} {hard}");
    let kinds: BTreeSet<String> = samples.iter().map(|sample| sample.tags["kind"].to_string()).collect();
    assert_eq!(kinds.len(), 6);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    /// Any words are answered, and what could not be done changed nothing.
    #[test]
    fn any_words_are_answered(seed in 0..40u64, replies in prop::collection::vec(words(), 1..12)) {
        let sample = generate(seed, Split::Test, Asking::BARE, Some(6)).swap_remove(usize::try_from(seed % 6).unwrap_or(0));
        let mut replies = replies.into_iter();
        let (record, _) = play(&sample, &mut |_, _| replies.next().unwrap_or_default()).expect("the episode opens");
        prop_assert!(record["steps"].as_u64() <= Some(30));
    }

    /// A house of a broken run folder is an error or plays.
    #[test]
    fn a_changed_house_is_refused_or_plays(seed in 0..12u64, thing in 0..30usize, at in words(), agent in any::<bool>()) {
        let mut sample = generate(seed, Split::Test, Asking::BARE, Some(12)).swap_remove(usize::try_from(seed % 12).unwrap_or(0));
        let house = &mut sample.input["scene"]["household"]["house"];
        if agent {
            house["agent"] = json!(at);
        } else {
            let name = house["things"].as_object().and_then(|all| all.keys().nth(thing % all.len()).cloned()).unwrap_or_default();
            house["things"][&name]["at"] = json!(if at.len() % 3 == 0 { name.clone() } else { at });
        }
        let answer = (ScienceWorld.info().oracle)(&sample);
        if ScienceWorld.open(&sample, &Assets::default()).is_ok() {
            let played = play(&sample, &mut |turn, _| answer.get(turn).cloned().unwrap_or_else(|| "look".into()));
            prop_assert!(played.is_ok());
        }
    }
}

/// Words of the game, in any order, and any other.
fn words() -> impl Strategy<Value = String> {
    let known = prop::sample::select(vec![
        "go",
        "kitchen",
        "take",
        "put",
        "stove",
        "oven",
        "turn",
        "on",
        "off",
        "open",
        "freezer",
        "red",
        "cup",
        "wire",
        "connect",
        "battery",
        "pour",
        "fill",
        "Action:",
        "wait",
        "no,",
        "plant",
        "measure",
        "sink",
        "flower pot",
        "drop",
        "in",
        "\n",
        "ünïcode",
    ]);
    prop_oneof![4 => prop::collection::vec(known, 0..8).prop_map(|words| words.join(" ")), 1 => ".{0,40}"]
}
