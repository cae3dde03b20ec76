//! The twins of Tool-Query and Tool-Operation: solved by their oracle, not by chance, with names of their own.

#[path = "support/tools.rs"]
mod tools_played;

use std::collections::BTreeSet;
use std::error::Error;

use record::{Assets, Rng, Sample};
use serde_json::{Value, json};
use task::real_world::tools::Tools;
use task::{Asking, Source, Split, Task, TaskError, Words};
use tools_played::{play, success};

type Checked = Result<(), Box<dyn Error>>;

const TASKS: [Tools; 2] = [Tools::Query, Tools::Operation];

fn drawn(task: Tools, seed: u64, split: Split, limit: usize) -> Result<Vec<Sample>, TaskError> {
    let source = Source::Generated { seed, split, asking: Asking::BARE };
    task.samples(&source, &Words, Some(limit)).map(|drawn| drawn.held().0)
}

#[test]
fn the_oracle_solves_every_one_of_a_thousand_episodes() -> Checked {
    for task in TASKS {
        for split in [Split::Test, Split::Train] {
            let samples = drawn(task, 21, split, 1000)?;
            assert_eq!(samples.len(), 1000, "{}", task.name());
            for sample in &samples {
                let replies = (task.info().oracle)(sample);
                let done =
                    play(task, sample, &Assets::default(), |turn, _| replies.get(turn).cloned().unwrap_or_default())?;
                assert_eq!(success(task, sample, &done)?, (1.0, 1.0), "{}", sample.messages[1].content);
                assert_eq!(done.record["valid"], done.record["steps"], "{}", sample.id);
                assert_eq!(done.record["formed"], json!(replies.len()));
            }
        }
    }
    Ok(())
}

/// Calls tools at random with what was seen so far: texts in quotes, numbers, words of the goal.
fn chance(rng: &mut Rng, tools: &[(String, Vec<String>)], seen: &[String]) -> String {
    let Some((name, keys)) = rng.pick(tools) else { return String::new() };
    let value = |rng: &mut Rng| rng.pick(seen).cloned().unwrap_or_default();
    let arguments: serde_json::Map<String, Value> = keys.iter().map(|key| (key.clone(), json!(value(rng)))).collect();
    json!({"name": name, "arguments": arguments}).to_string()
}

/// The tools of a first message, with their keys.
fn tools_of(sample: &Sample) -> Vec<(String, Vec<String>)> {
    let lines = sample.messages[0].content.lines();
    let tool = |line: &str| {
        let (name, rest) = line.split_once('(')?;
        let (keys, _) = rest.split_once("): ")?;
        let keys = keys.split(", ").filter(|key| !key.is_empty()).map(str::to_owned).collect();
        name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_').then(|| (name.to_owned(), keys))
    };
    lines.filter_map(tool).collect()
}

fn pieces(text: &str) -> impl Iterator<Item = String> {
    let cut = |c: char| matches!(c, '"' | '\'' | '[' | ']' | '{' | '}' | ',' | '?' | '\n');
    text.split(cut).map(|piece| piece.trim_matches([' ', ':', '.']).to_owned()).filter(|piece| !piece.is_empty())
}

#[test]
fn chance_wins_few_episodes() -> Checked {
    for task in TASKS {
        let samples = drawn(task, 5, Split::Test, 300)?;
        let mut rng = Rng::new(9);
        let mut won = 0.0;
        for sample in &samples {
            let tools = tools_of(sample);
            assert!(tools.len() > 4, "{}", sample.messages[0].content);
            let mut seen = Vec::new();
            let done = play(task, sample, &Assets::default(), |_, shown| {
                seen.extend(pieces(shown));
                chance(&mut rng, &tools, &seen)
            })?;
            won += success(task, sample, &done)?.1;
        }
        println!("{}: chance wins {won} of {}", task.name(), samples.len());
        assert!(won < 0.1 * samples.len() as f64, "{}: {won}", task.name());
    }
    Ok(())
}

#[test]
fn an_answer_without_a_call_wins_nothing() -> Checked {
    for task in TASKS {
        let samples = drawn(task, 6, Split::Test, 300)?;
        let mut won = 0.0;
        for sample in &samples {
            // The answer of another episode of the same tool and kind of question.
            let like = |other: &&Sample| other.id != sample.id && other.tags["tool"] == sample.tags["tool"];
            let answers: Vec<String> =
                samples.iter().filter(like).filter_map(|other| (task.info().oracle)(other).pop()).collect();
            for answer in answers.iter().take(10) {
                let done = play(task, sample, &Assets::default(), |_, _| answer.clone())?;
                won += success(task, sample, &done)?.1 / 10.0;
            }
        }
        assert!(won < 0.1 * samples.len() as f64, "{}: {won}", task.name());
    }
    Ok(())
}

/// Every name in the data of some samples.
fn names(task: Tools, split: Split) -> Result<BTreeSet<String>, TaskError> {
    const NAMED: [&str; 10] =
        ["title", "name", "institute", "town", "birthplace", "content", "item", "current_location", "home", "authors"];
    fn gather(value: &Value, names: &mut BTreeSet<String>) {
        match value {
            Value::Object(pairs) => {
                for (key, value) in pairs {
                    if NAMED.contains(&key.as_str()) {
                        names.extend(value.as_str().map(str::to_owned));
                    }
                    gather(value, names);
                }
            }
            Value::Array(items) => items.iter().for_each(|item| gather(item, names)),
            _ => {}
        }
    }
    let mut all = BTreeSet::new();
    for sample in drawn(task, 3, split, 200)? {
        gather(&sample.input["scene"], &mut all);
    }
    Ok(all)
}

#[test]
fn no_name_of_the_held_out_instances_occurs_in_training() -> Checked {
    for task in TASKS {
        let (train, test) = (names(task, Split::Train)?, names(task, Split::Test)?);
        assert!(train.len() > 500 && test.len() > 300, "{}: {} {}", task.name(), train.len(), test.len());
        assert_eq!(train.intersection(&test).next(), None, "{}", task.name());
    }
    Ok(())
}

#[test]
fn levels_and_scenes_are_dealt_round_and_examples_are_whole_episodes() -> Checked {
    for (task, scenes) in [(Tools::Query, 3), (Tools::Operation, 2)] {
        let source = Source::Generated { seed: 2, split: Split::Test, asking: Asking::default() };
        let samples = task.samples(&source, &Words, Some(2 * scenes))?.held().0;
        let kinds: BTreeSet<String> =
            samples.iter().map(|sample| format!("{} {}", sample.tags["tool"], sample.tags["difficulty"])).collect();
        assert_eq!(kinds.len(), 2 * scenes);
        for sample in &samples {
            let calls = |level: &str| sample.tags["difficulty"] == json!(level);
            let count = sample.tags["calls"].as_u64().unwrap_or_default();
            assert!(!calls("easy") || count <= 4, "{}", sample.id);
            let examples = &sample.messages[1..=sample.examples];
            assert_eq!(
                examples.iter().filter(|message| message.content.contains("\"finish\"")).count(),
                2,
                "{}",
                sample.id
            );
            assert!(sample.messages.last().is_some_and(|message| message.content.starts_with("Goal: ")));
        }
    }
    Ok(())
}

#[test]
fn a_wrong_answer_ends_without_success_and_says_how_far_it_came() -> Checked {
    for sample in drawn(Tools::Query, 4, Split::Test, 12)? {
        let mut replies = (Tools::Query.info().oracle)(&sample);
        replies.pop();
        replies.push(r#"{"name": "finish", "arguments": {"answer": "nobody knows"}}"#.to_owned());
        let done = play(Tools::Query, &sample, &Assets::default(), |turn, _| replies[turn].clone())?;
        let (value, success) = success(Tools::Query, &sample, &done)?;
        assert_eq!((value, success), ((replies.len() - 1) as f64 / replies.len() as f64, 0.0), "{}", sample.id);
    }
    Ok(())
}

#[test]
fn more_changes_than_were_asked_for_do_not_win() -> Checked {
    let mut tried = 0;
    for sample in drawn(Tools::Operation, 4, Split::Test, 24)? {
        let mut replies = (Tools::Operation.info().oracle)(&sample);
        let end = replies.len() - 1;
        let project = replies.get(1).and_then(|reply| serde_json::from_str::<Value>(reply).ok());
        let project = project.map(|call| call["arguments"]["project_id"].clone());
        let harm = match sample.tags["tool"].as_str() {
            Some("tables") => json!({"name": "update_cell", "arguments": {"position": "A2", "value": "gone"}}),
            _ => json!({"name": "update_project", "arguments": {"project_id": project, "is_favorite": "true"}}),
        };
        if sample.messages[1].content.contains("a favorite") {
            continue;
        }
        tried += 1;
        replies.insert(end, harm.to_string());
        let done = play(Tools::Operation, &sample, &Assets::default(), |turn, _| replies[turn].clone())?;
        assert_eq!(success(Tools::Operation, &sample, &done)?.1, 0.0, "{}", sample.messages[1].content);
    }
    assert!(tried > 12);
    Ok(())
}

#[test]
fn broken_samples_are_errors() -> Checked {
    let sample = drawn(Tools::Query, 1, Split::Test, 1)?.remove(0);
    for (part, value) in [("input", json!({"scene": 1})), ("input", json!({})), ("gold", json!([]))] {
        let mut broken = sample.clone();
        match part {
            "input" => broken.input = value,
            _ => broken.gold = value,
        }
        assert!(Tools::Query.open(&broken, &Assets::default()).is_err(), "{part}");
    }
    Ok(())
}
