//! The twins of `reason`, `retrieve`, `understand` and the three in one: a task under way, and its next call.
//!
//! ```text
//! user: Step 1: send the letter. The city is Oslo.
//!       Step 2: paint the crate. Its name is Ida.
//!       Steps done: 1
//!       What is the next call?
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
    // Where the words of a step are the whole answer, quotation marks say where they end.
    let goal = goal(rng, &calls, difficulty.shuffled, if task == Teval::Reason { "\"" } else { "" });
    let done = rng.below(calls.len());
    let said = match done {
        0 => "none".to_owned(),
        _ => (1..=done).map(|place| place.to_string()).collect::<Vec<_>>().join(", "),
    };
    let next = &calls[done];
    let truth = json!({"thought": next.tool.thought(), "name": next.tool.name(), "args": next.args});
    let form = if task == Teval::Rru { "json" } else { "str" };
    let thoughts: Vec<String> = calls.iter().map(|call| call.tool.thought()).collect();
    let gold = json!({"response_format": form, "ground_truth": truth, "thoughts": thoughts});
    let tags = [("tools", number(shelf.len())), ("steps", number(count)), ("arguments", number(next.args.len()))];
    let user = format!("{}\n\n{goal}\nSteps done: {said}\n{}", listed(&shelf), question(task));
    sample(task, instructions(task), user, gold, &tags)
}

pub(super) fn answer(task: Teval, sample: &Sample) -> String {
    let truth = &sample.gold["ground_truth"];
    let text = |key: &str| truth[key].as_str().map(str::to_owned).unwrap_or_default();
    match task {
        Teval::Reason => format!("\"{}\"", text("thought")),
        Teval::Retrieve => text("name"),
        Teval::Understand => spaced(truth.get("args").unwrap_or(&Value::Null), '\''),
        _ => spaced(truth, '"'),
    }
}

fn instructions(task: Teval) -> &'static str {
    match task {
        Teval::Reason => {
            "\
The user tells the steps of a task, each with its number, and which of them are done. Say what to do next: the first step \
that is not done.
Reply with what that step does: the user's words in quotation marks, without its number and its values, and nothing \
else."
        }
        Teval::Retrieve => {
            "\
The user tells the steps of a task, each with its number, and which of them are done. Find the tool that does the first \
step that is not done.
Reply with the full name of that tool, the dot included, and nothing else."
        }
        Teval::Understand => {
            "\
The user tells the steps of a task, each with its number, and which of them are done. Give the arguments of the tool call \
for the first step that is not done.
Reply with these arguments and nothing else, in this form:
{'argument': 'value', 'other argument': 'other value'}
Numbers stand without quotes."
        }
        _ => {
            "\
The user tells the steps of a task, each with its number, and which of them are done. Make the tool call for the first \
step that is not done.
Reply with one JSON object and nothing else, in this form:
{\"thought\": \"what the step does\", \"name\": \"full name of the tool\", \"args\": {\"argument\": \"value\"}}
Numbers stand without quotes."
        }
    }
}

fn question(task: Teval) -> &'static str {
    match task {
        Teval::Reason => "What is to be done next?",
        Teval::Retrieve => "Which tool is to be called next?",
        Teval::Understand => "Which arguments does the next call have?",
        _ => "What is the next call?",
    }
}
