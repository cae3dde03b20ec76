//! The twin of `instruct`: one call in a prescribed form.

use record::{Rng, Sample};
use serde_json::{Value, json};

use super::super::Teval;
use super::shelf::{Call, listed, shelf, wish};
use super::{Difficulty, number, sample, spaced};
use crate::Split;

pub(super) fn instance(rng: &mut Rng, split: Split, difficulty: Difficulty, as_json: bool) -> Sample {
    let shelf = shelf(rng, split, difficulty, 1);
    let chosen = rng.below(shelf.len());
    let call = Call::draw(rng, &shelf[chosen], difficulty.nesting);
    let (wish, told) = (wish(rng, call.tool), call.told(rng));
    let form = if as_json { "json" } else { "string" };
    let gold = json!({
        "response_format": form,
        "template": template(as_json),
        "ground_truth": {"thought": call.tool.thought(), "action": call.tool.name(), "args": call.args},
    });
    let tags = [("format", json!(form)), ("tools", number(shelf.len())), ("arguments", number(call.args.len()))];
    let user = format!("{}\n\n{wish} {told}", listed(&shelf));
    sample(Teval::Instruct, instructions(as_json), user, gold, &tags)
}

pub(super) fn answer(sample: &Sample) -> String {
    let truth = &sample.gold["ground_truth"];
    if sample.gold["response_format"] == "json" {
        return spaced(truth, '"');
    }
    let text = |key: &str| truth[key].as_str().unwrap_or_default();
    format!("Thought: {}\nAction: {}\nArgs: {}\nEnd", text("thought"), text("action"), spaced(&truth["args"], '\''))
}

fn template(as_json: bool) -> Value {
    if as_json {
        return json!({"thought": "thought", "action": "action", "args": "args"});
    }
    json!({
        "thought_start": "Thought:", "thought_end": "\n",
        "action_start": "Action:", "action_end": "\n",
        "args_start": "Args:", "args_end": "\nEnd",
    })
}

fn instructions(as_json: bool) -> &'static str {
    if as_json {
        "\
Choose the tool that does what the user wants, and give each of its arguments the value that the user states.
Reply with one JSON object and nothing else, in this form:
{\"thought\": \"what you will do\", \"action\": \"full name of the tool\", \"args\": {\"argument\": \"value\"}}
Numbers stand without quotes."
    } else {
        "\
Choose the tool that does what the user wants, and give each of its arguments the value that the user states.
Reply with these four lines and nothing else:
Thought: what you will do
Action: full name of the tool
Args: {'argument': 'value'}
End
Numbers stand without quotes."
    }
}
