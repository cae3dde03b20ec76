//! The twin of `plan`: all calls in order.
//!
//! ```text
//! user: Step 2: paint the crate. Its name is Ida.
//!       Step 1: send the letter. The city is Oslo.
//! gold: 1. bank.send_letter with city = Oslo
//!       2. farm.paint_crate with name = Ida
//!       3. FinishAction
//! ```

use record::{Rng, Sample};
use serde_json::{Value, json};

use super::super::Teval;
use super::super::plan::FINISH;
use super::shelf::{chain, goal, listed, offer, shelf};
use super::{Difficulty, number, sample, spaced};
use crate::Split;

pub(super) fn instance(rng: &mut Rng, split: Split, difficulty: Difficulty, as_json: bool) -> Sample {
    let count = rng.between(difficulty.steps.0, difficulty.steps.1);
    let shelf = shelf(rng, split, difficulty, count);
    let calls = chain(rng, &shelf, count, difficulty.nesting);
    let user = goal(rng, &calls, difficulty.shuffled, "");
    let steps = calls.iter().map(|call| (call.tool.name(), json!(call.args))).chain([(FINISH.to_owned(), json!({}))]);
    let steps: Vec<Value> =
        steps.zip(0..).map(|((name, args), id)| json!({"id": id, "name": name, "args": args})).collect();
    let lines =
        calls.iter().zip(1..).map(|(call, place)| format!("{place}. {} with {}", call.tool.name(), call.written()));
    let lines: Vec<String> = lines.chain([format!("{}. {FINISH}", count + 1)]).collect();
    let names: Vec<String> = shelf.iter().map(|tool| tool.name()).chain([FINISH.to_owned()]).collect();
    let form = if as_json { "json" } else { "str" };
    let gold = json!({"prompt_type": form, "API_list": names, "ground_truth": steps, "lines": lines});
    let tags = [("format", json!(form)), ("tools", number(shelf.len())), ("steps", number(count))];
    let (tools, end) = (listed(&shelf), offer("end the plan", FINISH, &[]));
    let user = format!("{tools}\n{end}\n\n{user}\nWrite the plan with {} calls.", count + 1);
    sample(Teval::Plan, instructions(as_json), user, gold, &tags)
}

pub(super) fn answer(sample: &Sample) -> String {
    if sample.gold["prompt_type"] == "json" {
        return spaced(&sample.gold["ground_truth"], '"');
    }
    let lines = sample.gold["lines"].as_array().into_iter().flatten().filter_map(Value::as_str);
    lines.collect::<Vec<_>>().join("\n")
}

fn instructions(as_json: bool) -> &'static str {
    if as_json {
        "\
The user tells the steps of a task, each with its number. Write the plan: for each step, in the order of the numbers, the \
call of its tool with the values that the user states. The last call is FinishAction.
Reply with one JSON list and nothing else, in this form:
[{\"id\": 0, \"name\": \"full name of the tool\", \"args\": {\"argument\": \"value\"}}, \
{\"id\": 1, \"name\": \"FinishAction\", \"args\": {}}]
The ids count from 0. Numbers stand without quotes."
    } else {
        "\
The user tells the steps of a task, each with its number. Write the plan: for each step, in the order of the numbers, the \
call of its tool with the values that the user states. The last call is FinishAction.
Reply with one line for each call and nothing else, in this form:
1. full name of the tool with argument = value, argument = value
2. FinishAction"
    }
}
