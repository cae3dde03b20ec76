//! Golden cases of T-Eval: the task, its gold, the reply and the similarities that the reference had.

use std::collections::HashMap;
use std::error::Error;

use serde_json::{Value, json};
use task::Judge;
use task::tool_use::{Judgment, Switches, Teval};

/// Similarities that are known beforehand.
#[derive(Default)]
struct Table(HashMap<(String, String), f64>);

impl Table {
    fn insert(&mut self, a: &str, b: &str, similarity: f64) {
        self.0.insert((a.to_owned(), b.to_owned()), similarity);
    }
}

impl Judge for Table {
    fn name(&self) -> &str {
        "table"
    }

    fn similarity(&self, a: &str, b: &str) -> f64 {
        self.0.get(&(a.to_owned(), b.to_owned())).copied().unwrap_or(f64::NAN)
    }
}

/// The cosines of a case's names and arguments; the rows are sorted as the reference sorts the steps.
fn plan_table(case: &Value) -> Table {
    let steps = |key: &str| {
        let mut steps = case[key].as_array().cloned().unwrap_or_default();
        steps.sort_by_key(|step| step["id"].as_i64());
        steps
    };
    let (got, wanted) = (steps("parsed_pred"), steps("parsed_gt"));
    let mut table = Table::default();
    for (field, cosines) in [("name", &case["name_cos"]), ("args", &case["args_cos"])] {
        for (a, row) in got.iter().zip(cosines.as_array().into_iter().flatten()) {
            for (b, cosine) in wanted.iter().zip(row.as_array().into_iter().flatten()) {
                let text = |step: &Value| step[field].as_str().unwrap_or_default().to_owned();
                table.insert(&text(a), &text(b), cosine.as_f64().unwrap_or(f64::NAN));
            }
        }
    }
    table
}

/// The cosine of a case's thoughts.
fn thought_table(case: &Value) -> Table {
    let text = |key: &str| case[key]["thought"].as_str().unwrap_or_default().to_owned();
    let mut table = Table::default();
    table.insert(&text("parsed_pred"), &text("parsed_gt"), case["result"]["thought"].as_f64().unwrap_or(f64::NAN));
    table
}

/// Which task a case is of.
pub fn task_of(case: &Value) -> Result<Teval, Box<dyn Error>> {
    Ok(match (case["evaluator"].as_str(), case["eval_type"].as_str()) {
        (Some("instruct"), _) => Teval::Instruct,
        (Some("plan"), _) => Teval::Plan,
        (Some("review"), _) => Teval::Review,
        (Some("rru"), Some("reason")) => Teval::Reason,
        (Some("rru"), Some("retrieve")) => Teval::Retrieve,
        (Some("rru"), Some("understand")) => Teval::Understand,
        (Some("rru"), _) => Teval::Rru,
        (other, _) => return Err(format!("an unknown evaluator {other:?}").into()),
    })
}

fn gold(task: Teval, case: &Value) -> Value {
    let datum = &case["datum"];
    let (truth, form) = (&datum["ground_truth"], &datum["meta_data"]["response_format"]);
    match task {
        Teval::Instruct => json!({"response_format": form, "template": datum["template"], "ground_truth": truth}),
        Teval::Plan => json!({
            "prompt_type": datum["meta"]["prompt_type"],
            "API_list": datum["meta"]["API_list"],
            "ground_truth": truth,
        }),
        Teval::Review => json!({"response_format": form, "answer": truth["answer"]}),
        // Its gold has a tuple, which the file, being JSON, could only keep as a list.
        _ if case["kind"] == "json_repr_float_unicode_tuple" => {
            json!({"ground_truth": "{'thought': 'a', 'name': 'b', 'args': {'x': 1.0, 'y': 'é\\n', 'z': (1,)}}"})
        }
        _ => json!({"ground_truth": truth}),
    }
}

/// Judges the prediction of a case. What is no text there is read from the text of it.
pub fn judged(case: &Value, switches: &Switches) -> Result<Judgment, Box<dyn Error>> {
    let task = task_of(case)?;
    let table = match task {
        Teval::Plan => plan_table(case),
        Teval::Instruct | Teval::Review => Table::default(),
        _ => thought_table(case),
    };
    let prediction = &case["datum"]["prediction"];
    let reply = prediction.as_str().map_or_else(|| prediction.to_string(), str::to_owned);
    Ok(task.judge(&gold(task, case), &[], &reply, &table, switches)?)
}
