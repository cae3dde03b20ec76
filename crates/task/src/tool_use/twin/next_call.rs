//! The twins of `reason`, `retrieve`, `understand` and the three in one: a task under way, and its next call.
//!
//! ```text
//! user: Step 1: send the letter. The city is Oslo.
//!       Step 2: paint the crate. Its name is Ida.
//!       Done: 1. What is next?
//! gold: {"thought": "paint the crate", "name": "farm.paint_crate", "args": {"name": "Ida"}}
//! ```

use record::{Rng, Sample};
use serde_json::{Value, json};

use super::super::Teval;
use super::shelf::{chain, goal, listed, shelf};
use super::{Difficulty, number, sample, spaced};
use crate::Split;

pub(super) fn instance(task: Teval, rng: &mut Rng, split: Split, difficulty: Difficulty) -> Sample {
    let count = rng.between(difficulty.steps.0, difficulty.steps.1);
    let shelf = shelf(rng, split, difficulty, count);
    let calls = chain(rng, &shelf, count, difficulty.nesting);
    let goal = goal(rng, &calls, difficulty.shuffled);
    let done = rng.below(calls.len());
    let said = match done {
        0 => "nothing".to_owned(),
        _ => (1..=done).map(|place| place.to_string()).collect::<Vec<_>>().join(", "),
    };
    let next = &calls[done];
    let truth = json!({"thought": next.tool.thought(), "name": next.tool.name(), "args": next.args});
    let form = if task == Teval::Rru { "json" } else { "str" };
    let gold = json!({"response_format": form, "ground_truth": truth});
    let tags = [("tools", number(shelf.len())), ("steps", number(count)), ("arguments", number(next.args.len()))];
    let system = format!("{}\n{}", listed(&shelf), instructions(task));
    sample(task, system, format!("{goal}\nDone: {said}. What is next?"), gold, &tags)
}

pub(super) fn answer(task: Teval, sample: &Sample) -> String {
    let truth = &sample.gold["ground_truth"];
    let text = |key: &str| truth[key].as_str().map(str::to_owned).unwrap_or_default();
    match task {
        Teval::Reason => text("thought"),
        Teval::Retrieve => text("name"),
        Teval::Understand => spaced(truth.get("args").unwrap_or(&Value::Null), '\''),
        _ => spaced(truth, '"'),
    }
}

fn instructions(task: Teval) -> &'static str {
    match task {
        Teval::Reason => "Reply with the next thought only.",
        Teval::Retrieve => "Reply with the name of the next tool only.",
        Teval::Understand => "Reply with the arguments of the next call only.",
        _ => "Reply in JSON with the keys thought, name, args.",
    }
}
