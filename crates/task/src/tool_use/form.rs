//! Whether a reply has the form that is asked for, and nothing beside it.

use std::sync::LazyLock;

use regex::Regex;
use serde_json::Value as Json;

use super::instruct::{self, Gold};
use super::{Switches, Teval};
use crate::pattern;
use crate::python::{Cut, Value, load, strip};

static NAME: LazyLock<Regex> = LazyLock::new(|| pattern(r"^[A-Za-z_][A-Za-z0-9_]*(?:\.[A-Za-z_][A-Za-z0-9_]*)*$"));
static LINE: LazyLock<Regex> = LazyLock::new(|| pattern(r"^\d+[.)] *[A-Za-z_][A-Za-z0-9_.]*\b.*$"));
/// `1. bank.send_letter with city = Oslo, amount = 7`, the lines that the generated plans ask for.
static CALL: LazyLock<Regex> =
    LazyLock::new(|| pattern(r"^\d+[.)] *[A-Za-z_][A-Za-z0-9_.]*(?: with [A-Za-z_][A-Za-z0-9_]* *= *\S.*)?$"));

/// No answer that is asked for is longer.
const MOST_BYTES: usize = 1 << 16;

/// Whether the reply to a task has the asked form. A gold of another task is no form at all.
pub(super) fn formed(task: Teval, gold: &Json, reply: &str) -> bool {
    let reply = strip(reply);
    if reply.len() > MOST_BYTES {
        return false;
    }
    let object = |keys: &[&str]| match load(reply, Cut::default()) {
        Some(value @ Value::Dict(_)) => keys.iter().all(|key| value.get(key).is_some()),
        _ => false,
    };
    let lines = || reply.lines().filter(|line| !line.trim().is_empty());
    match task {
        Teval::Instruct => {
            let switches = Switches { literal_markers: true, last_marker: true, ..Switches::all(false) };
            let judged = Gold::read(gold).map(|gold| instruct::judge(&gold, &[], reply, &switches));
            let marker = |key: &str| strip(gold["template"][key].as_str().unwrap_or_default());
            let alone = match gold["response_format"].as_str() {
                Some("json") => object(&[]),
                _ => reply.starts_with(marker("thought_start")) && reply.ends_with(marker("args_end")),
            };
            alone && judged.is_ok_and(|judgment| judgment.metrics.contains(&("format", 1.0)))
        }
        Teval::Plan if gold["prompt_type"] == "json" => {
            matches!(load(reply, Cut::default()), Some(Value::List(steps)) if !steps.is_empty())
        }
        Teval::Plan => {
            let line = if gold["lines"].is_array() { &CALL } else { &LINE };
            lines().next().is_some() && lines().all(|text| line.is_match(text.trim()))
        }
        Teval::Reason => lines().count() == 1,
        Teval::Retrieve => NAME.is_match(reply),
        Teval::Understand => object(&[]),
        Teval::Rru => object(&["thought", "name", "args"]),
        Teval::Review => matches!(reply, "A" | "B" | "C" | "D" | "E"),
    }
}

#[cfg(test)]
mod tests {
    use record::Rng;

    use super::*;
    use crate::Split;
    use crate::tool_use::twin::{Difficulty, answer, instance};

    #[test]
    fn the_answers_of_the_generated_tasks_have_the_asked_form() {
        let mut rng = Rng::new(7);
        for task in Teval::ALL {
            for at in 0..40 {
                let difficulty = Difficulty::level(task, at % 4);
                let sample = instance(task, &mut rng, Split::Train, difficulty, at % 2 == 0);
                let reply = answer(&sample);
                assert!(formed(task, &sample.gold, &reply), "{}: {reply}", sample.task);
                assert!(!formed(task, &sample.gold, &format!("Here it is:\n{reply}\nThat is all.")), "{}", sample.task);
            }
        }
    }

    #[test]
    fn a_plan_in_lines_states_values() {
        let gold = serde_json::json!({"prompt_type": "str", "lines": []});
        let official = serde_json::json!({"prompt_type": "str"});
        for reply in
            ["1. bank.pay with to = Ida, amount = 5\n2. FinishAction", " 1) bank.pay with to=Ida\n\n2) FinishAction\n"]
        {
            assert!(formed(Teval::Plan, &gold, reply), "{reply}");
            assert!(formed(Teval::Plan, &official, reply), "{reply}");
        }
        for reply in [
            "1. bank.pay(to, amount): pay the bill",
            "1. bank.pay with to, amount\n2. FinishAction",
            "1. bank.pay with Ida",
            "1. bank.pay(to = Ida)",
        ] {
            assert!(!formed(Teval::Plan, &gold, reply), "{reply}");
            assert!(formed(Teval::Plan, &official, reply), "{reply}");
        }
        assert!(!formed(Teval::Plan, &gold, "bank.pay with to = Ida"));
        assert!(!formed(Teval::Plan, &gold, ""));
    }
}
