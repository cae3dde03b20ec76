//! Plans as lists of steps: the right one, and what a reply says in JSON, in lines or in any other form.

use std::collections::BTreeSet;

use num_bigint::BigInt;
use record::Message;
use regex::Regex;
use serde_json::Value as Json;

use super::super::natural::{self, Stated, offered};
use super::super::{Mistake, Switches};
use crate::python::{Cut, Value, load, strip, text};

/// The pseudo tool that ends a plan and counts for nothing.
pub(in crate::tool_use) const FINISH: &str = "FinishAction";

/// Plans of more steps than this score 0 unread: no gold plan comes near it.
pub(super) const MAX_STEPS: usize = 100;

/// One call of a plan.
#[derive(Debug, Clone, PartialEq)]
pub struct Step {
    /// The tool.
    pub name: String,
    /// Its arguments as Python prints them; of a plan in lines, the whole line.
    pub args: String,
    /// Its place; whole numbers beyond 127 bits are as good as the largest.
    pub id: i128,
    /// Its arguments by name; `None` where they cannot be told apart.
    pub given: Option<Vec<(Value, Value)>>,
}

/// The form that a prompt prescribes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Form {
    Json,
    /// Lines that name these tools.
    Lines(Vec<String>),
}

/// The plan that is right, and the form that it must have.
#[derive(Debug, Clone, PartialEq)]
pub struct Plan {
    pub(super) form: Form,
    pub(super) steps: Vec<Step>,
}

impl Plan {
    /// Reads `{"prompt_type", "API_list", "ground_truth"}`; the second for plans in lines only.
    ///
    /// # Errors
    /// What is missing or of another kind, in words.
    pub(in crate::tool_use) fn read(gold: &Json) -> Result<Self, String> {
        let form = match gold["prompt_type"].as_str() {
            Some("json") => Form::Json,
            Some("str") => {
                let names = gold["API_list"].as_array().ok_or("its meta has no list \"API_list\"")?;
                let names: Option<Vec<String>> = names.iter().map(|name| name.as_str().map(str::to_owned)).collect();
                let names = names.filter(|names| !names.is_empty() && names.iter().all(|name| !name.is_empty()));
                Form::Lines(names.ok_or("its \"API_list\" is no list of names")?)
            }
            other => return Err(format!("its prompt_type is {other:?}, not \"json\" or \"str\"")),
        };
        let value = truth(&gold["ground_truth"], '[', ']').ok_or("its ground_truth is no list")?;
        Ok(Self { form, steps: steps(&value).ok_or("its ground_truth is no list of steps with name, id and args")? })
    }

    /// Its number of steps, the last `FinishAction` included.
    pub(in crate::tool_use) fn len(&self) -> usize {
        self.steps.len()
    }
}

/// A gold value: itself, or what its text means.
pub(in crate::tool_use) fn truth(json: &Json, start: char, end: char) -> Option<Value> {
    match json.as_str() {
        Some(text) => load(text, Cut { start: Some(start), end: Some(end), ..Cut::default() }),
        None => Some(Value::from(json)),
    }
}

/// The steps of a reply, and why there are none.
pub(super) fn stated(
    gold: &Plan,
    prompt: &[Message],
    reply: &str,
    switches: &Switches,
) -> (Vec<Step>, Option<Mistake>) {
    let (mut got, broken) = match &gold.form {
        Form::Json => json_steps(reply, switches),
        Form::Lines(names) => (lines(reply, names, switches), None),
    };
    if switches.any_form && (got.is_empty() || gold.form != Form::Json && !natural::values(reply).is_empty()) {
        let mut offered = offered(prompt);
        offered.extend(gold.steps.iter().map(|step| step.name.as_str()));
        if let Form::Lines(names) = &gold.form {
            offered.extend(names.iter().map(String::as_str));
        }
        offered.insert(FINISH);
        let other = in_any_form(reply, &offered);
        got = if other.len() < got.len().max(1) { got } else { other };
    }
    (got, broken)
}

/// The steps of a list; `None` where it is none, or any item lacks something.
fn steps(list: &Value) -> Option<Vec<Step>> {
    let Value::List(items) = list else { return None };
    let step = |item: &Value| {
        let args = item.get("args")?;
        let given = if let Value::Dict(pairs) = args { Some(pairs.clone()) } else { None };
        Some(Step { name: text(item.get("name")?), id: whole(item.get("id")?)?, args: text(args), given })
    };
    items.iter().map(step).collect()
}

/// Python's `int()`.
fn whole(value: &Value) -> Option<i128> {
    let beyond = |negative| if negative { i128::MIN } else { i128::MAX };
    match value {
        Value::Bool(value) => Some(i128::from(*value)),
        Value::Int(value) => Some(i64::try_from(value).map_or_else(|_| beyond(*value < BigInt::ZERO), i128::from)),
        Value::Float(value) => value.is_finite().then_some(*value as i128),
        Value::Text(text) => {
            let text = strip(std::str::from_utf8(text).ok()?);
            let digits = text.strip_prefix(['+', '-']).unwrap_or(text);
            let well = digits.split('_').all(|part| !part.is_empty() && part.bytes().all(|b| b.is_ascii_digit()));
            well.then(|| text.replace('_', "").parse().unwrap_or(beyond(text.starts_with('-'))))
        }
        _ => None,
    }
}

fn json_steps(reply: &str, switches: &Switches) -> (Vec<Step>, Option<Mistake>) {
    let cut = Cut {
        start: Some('['),
        end: Some(']'),
        closed_fence: switches.closed_fence,
        first_value: switches.first_value,
    };
    let malformed = |problem: &str| (Vec::new(), Some(Mistake::Malformed(problem.to_owned())));
    match load(reply, cut) {
        None if !reply.contains(['[', '{']) => (Vec::new(), Some(Mistake::NoCall)),
        None => malformed("the plan is no JSON or Python list"),
        Some(value) => match steps(&value) {
            None => malformed("the plan is no list of steps with name, id and args"),
            Some(steps) => (steps, None),
        },
    }
}

/// The steps of a reply in lines: each line with a tool's name is a call of it.
fn lines(reply: &str, names: &[String], switches: &Switches) -> Vec<Step> {
    let text = reply.replace(". ", "\n");
    let Some(pattern) = pattern(names, switches.whole_names) else { return Vec::new() };
    let calls = text.split('\n').filter_map(|line| Some((pattern.find(line)?.as_str(), line)));
    let calls = calls.take(MAX_STEPS + 1).zip(0..);
    let step = |((name, line), id): ((&str, &str), i128)| {
        let given = switches.plan_arguments.then(|| given(name, line)).flatten();
        Step { name: name.to_owned(), args: line.to_owned(), id, given }
    };
    calls.map(step).collect()
}

/// The arguments of a line: what follows the tool's name.
fn given(name: &str, line: &str) -> Option<Vec<(Value, Value)>> {
    let offered = BTreeSet::from([name]);
    let call = natural::in_words(line, &offered).into_iter().find_map(|call| call.args);
    call.or_else(|| line.split_once(name).and_then(|(_, rest)| natural::arguments(rest)))
}

/// Finds the name that comes first in a line; of those at one place the one that is listed first, or with `whole` the
/// one that stands there as a whole word.
fn pattern(names: &[String], whole: bool) -> Option<Regex> {
    let names: Vec<String> = names.iter().map(|name| regex::escape(name)).collect();
    let any = names.join("|");
    Regex::new(&if whole { format!(r"(?-u:\b)(?:{any})(?-u:\b)") } else { any }).ok()
}

/// The steps of a plan in another form: a list of calls with whatever keys, calls one after the other, or lines with tools.
fn in_any_form(reply: &str, offered: &BTreeSet<&str>) -> Vec<Step> {
    if reply.len() > natural::MOST_BYTES {
        return Vec::new();
    }
    let values = natural::values(reply);
    let lists = values.iter().filter_map(|(at, value)| match value {
        Value::List(items) => Some((*at, items.as_slice())),
        Value::Dict(pairs) => pairs.iter().find_map(|(_, value)| match value {
            Value::List(items) => Some((*at, items.as_slice())),
            _ => None,
        }),
        _ => None,
    });
    let calls = |at: usize, items: &[Value]| -> Vec<Stated> {
        items.iter().filter_map(|item| natural::from_value(at, item, offered)).collect()
    };
    let of_list = lists.map(|(at, items)| calls(at, items)).rfind(|calls| !calls.is_empty());
    let one_by_one = || -> Vec<Stated> {
        values.iter().filter_map(|(at, value)| natural::from_value(*at, value, offered)).collect()
    };
    let mut found = of_list.unwrap_or_else(one_by_one);
    if found.is_empty() {
        // Of each line the first tool: what is said of others there is no further step. Beside a brace that nothing closes
        // it is the beginning of a call that cannot be read.
        let whole = |line: &str| {
            let call = natural::in_words(line, offered).into_iter().next()?;
            (call.args.is_some() || !line.contains('{')).then_some(call)
        };
        let lines = reply.lines().filter_map(whole);
        found = lines.take(MAX_STEPS + 1).collect();
    }
    let step = |(call, id): (Stated, i128)| {
        let args = Value::Dict(call.args.clone().unwrap_or_default()).to_string();
        Step { name: call.name, args, id, given: call.args }
    };
    found.into_iter().zip(0..).map(step).collect()
}

/// Steps by their ids, without a last `FinishAction`.
pub(super) fn finished(mut steps: Vec<Step>) -> Vec<Step> {
    steps.sort_by_key(|step| step.id);
    if steps.last().is_some_and(|step| step.name == FINISH) {
        steps.pop();
    }
    steps
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whole_numbers_are_pythons() {
        let texts = ["3", " 3\n", "+3", "1_000", "-0"].map(|text| whole(&Value::from(text)));
        assert_eq!(texts, [Some(3), Some(3), Some(3), Some(1000), Some(0)]);
        for text in ["", "3.0", "1__0", "_1", "a", "--1", "0x3"] {
            assert_eq!(whole(&Value::from(text)), None, "{text}");
        }
        assert_eq!([whole(&Value::Float(2.7)), whole(&Value::Float(-2.7))], [Some(2), Some(-2)]);
        assert_eq!(
            [whole(&Value::Bool(true)), whole(&Value::Float(f64::NAN)), whole(&Value::None)],
            [Some(1), None, None]
        );
    }

    #[test]
    fn lines_name_the_first_tool_in_them() {
        let names = ["a.get", "a.get_all", "b.put"].map(str::to_owned);
        let found = |text: &str, corrected| -> Vec<String> {
            lines(text, &names, &Switches::all(corrected)).into_iter().map(|step| step.name).collect()
        };
        let text = "1. Use a.get_all. 2. Then b.put after a.get\nnothing here\nxa.get";
        assert_eq!(found(text, false), ["a.get", "b.put", "a.get"]);
        assert_eq!(found(text, true), ["a.get_all", "b.put"]);
    }
}
