//! T-Eval's `plan`: the calls that a goal needs, in order, as a JSON list or in lines of text.

use std::borrow::Cow;
use std::collections::BTreeSet;

use num_bigint::BigInt;
use record::Message;
use regex::Regex;
use serde_json::Value as Json;

use super::likeness::Likeness;
use super::natural::{self, Stated, offered};
use super::same::same;
use super::{Judgment, Mistake, Switches};
use crate::Judge;
use crate::measure::{f1, longest_increasing, max_weight_matching};
use crate::python::{Cut, Value, excerpt, load, strip, text};

/// The pseudo tool that ends a plan and counts for nothing.
pub(super) const FINISH: &str = "FinishAction";

/// Steps whose similarity is not above this are never matched.
const THRESHOLD: f64 = 0.8;

/// What the name of a tool and its arguments weigh in the similarity of two steps.
const WEIGHTS: (f64, f64) = (0.75, 0.25);

/// Plans of more steps than this score 0 unread: no gold plan comes near it.
const MAX_STEPS: usize = 100;

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
enum Form {
    Json,
    /// Lines that name these tools.
    Lines(Vec<String>),
}

/// The plan that is right, and the form that it must have.
#[derive(Debug, Clone, PartialEq)]
pub struct Plan {
    form: Form,
    steps: Vec<Step>,
}

impl Plan {
    /// Reads `{"prompt_type", "API_list", "ground_truth"}`; the second for plans in lines only.
    ///
    /// # Errors
    /// What is missing or of another kind, in words.
    pub(super) fn read(gold: &Json) -> Result<Self, String> {
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
    pub(super) fn len(&self) -> usize {
        self.steps.len()
    }
}

/// A gold value: itself, or what its text means.
pub(super) fn truth(json: &Json, start: char, end: char) -> Option<Value> {
    match json.as_str() {
        Some(text) => load(text, Cut { start: Some(start), end: Some(end), ..Cut::default() }),
        None => Some(Value::from(json)),
    }
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

/// Finds the name that comes first in a line; of those at one place the one that is listed first, or with `whole` the
/// one that stands there as a whole word.
fn pattern(names: &[String], whole: bool) -> Option<Regex> {
    let names: Vec<String> = names.iter().map(|name| regex::escape(name)).collect();
    let any = names.join("|");
    Regex::new(&if whole { format!(r"(?-u:\b)(?:{any})(?-u:\b)") } else { any }).ok()
}

/// Judges a reply that has been cleaned up. Metrics: `precision`, `recall`, `f1`, `parse_rate`, and
/// `reference_would_crash`, of which the first three are 0 where the last is 1; the value is the F1.
pub(super) fn judge(gold: &Plan, prompt: &[Message], reply: &str, judge: &dyn Judge, switches: &Switches) -> Judgment {
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
    if got.is_empty() || gold.steps.is_empty() {
        return scored([0.0; 3], 0.0, false, Some(broken.unwrap_or(Mistake::NoCall)));
    }
    if got.len() > MAX_STEPS {
        let mistake = Mistake::Malformed(format!("more than {MAX_STEPS} steps, which are not compared"));
        return scored([0.0; 3], 1.0, false, Some(mistake));
    }
    let (got, wanted) = (finished(got), finished(gold.steps.clone()));
    if got.is_empty() || wanted.is_empty() {
        let right = f64::from(u8::from(switches.no_free_match && got.is_empty() && wanted.is_empty()));
        let mistake = mistake(&got, &wanted, prompt);
        return scored([right; 3], 1.0, !switches.no_free_match, mistake);
    }
    let common = if switches.plan_arguments {
        heaviest_common(&credit(&got, &wanted, judge))
    } else {
        let weights = likeness(&got, &wanted, gold, judge, switches);
        let common = match switches.common_order {
            true => longest_common(&weights),
            false => longest_increasing(&max_weight_matching(&weights, THRESHOLD)),
        };
        common as f64
    };
    let common = if switches.no_free_match { common } else { common.max(1.0) };
    let (precision, recall) = (common / got.len() as f64, common / wanted.len() as f64);
    let f1 = f1(precision, recall);
    let mistake = if f1 == 1.0 { None } else { mistake(&got, &wanted, prompt).or(Some(out_of_place(&got, &wanted))) };
    scored([precision, recall, f1], 1.0, false, mistake)
}

fn scored([precision, recall, f1]: [f64; 3], parsed: f64, crash: bool, mistake: Option<Mistake>) -> Judgment {
    let metrics = vec![
        ("precision", precision),
        ("recall", recall),
        ("f1", f1),
        ("parse_rate", parsed),
        ("reference_would_crash", f64::from(u8::from(crash))),
    ];
    let mut judgment = Judgment::of(f1, metrics, mistake, "the right plan");
    if crash {
        judgment.reason = format!("the reference crashes here: {}", judgment.reason);
    }
    judgment
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

/// Steps by their ids, without a last `FinishAction`.
fn finished(mut steps: Vec<Step>) -> Vec<Step> {
    steps.sort_by_key(|step| step.id);
    if steps.last().is_some_and(|step| step.name == FINISH) {
        steps.pop();
    }
    steps
}

/// How alike the steps are, `[got, wanted]`.
fn likeness(got: &[Step], wanted: &[Step], gold: &Plan, judge: &dyn Judge, switches: &Switches) -> Vec<Vec<f64>> {
    let mut alike = Likeness::new(judge);
    let lines = switches.line_arguments && gold.form != Form::Json;
    let mut pair = |step: &Step, other: &Step| {
        let name = match switches.exact_names {
            true => f64::from(u8::from(step.name == other.name)),
            false => alike.of(&step.name, &other.name),
        };
        // Whatever the arguments, these two are too unlike; the embedder need not be asked.
        if WEIGHTS.0 * name + WEIGHTS.1 * 1.001 <= THRESHOLD {
            return 0.0;
        }
        let args = match lines {
            true if matches!(other.args.as_str(), "{}" | "") => 1.0,
            true => alike.of(&after_name(step), &other.args),
            false => alike.of(&step.args, &other.args),
        };
        WEIGHTS.0 * name + WEIGHTS.1 * args
    };
    got.iter().map(|step| wanted.iter().map(|other| pair(step, other)).collect()).collect()
}

/// What each step is worth as another, `[got, wanted]`: nothing for another tool, else what the tool weighs and the share
/// of its arguments that are right.
fn credit(got: &[Step], wanted: &[Step], judge: &dyn Judge) -> Vec<Vec<f64>> {
    let mut alike = Likeness::new(judge);
    let mut pair = |step: &Step, other: &Step| {
        if step.name != other.name {
            return 0.0;
        }
        let share = match (&step.given, &other.given) {
            (Some(given), Some(wanted)) => share(given, wanted, &mut alike),
            (None, Some(wanted)) => mentioned(&after_name(step), wanted),
            _ => alike.of(&step.args, &other.args),
        };
        WEIGHTS.0 + WEIGHTS.1 * share
    };
    got.iter().map(|step| wanted.iter().map(|other| pair(step, other)).collect()).collect()
}

/// The share of values that a text mentions; 1 where none is wanted.
fn mentioned(text: &str, wanted: &[(Value, Value)]) -> f64 {
    let words = |text: &str| -> String {
        let words = text.split(|c: char| !c.is_alphanumeric()).filter(|word| !word.is_empty());
        words.map(str::to_lowercase).collect::<Vec<_>>().join(" ")
    };
    let said = format!(" {} ", words(text));
    let there = wanted.iter().filter(|(_, value)| said.contains(&format!(" {} ", words(&self::text(value)))));
    if wanted.is_empty() { 1.0 } else { there.count() as f64 / wanted.len() as f64 }
}

/// Texts of so many words and more are compared by likeness.
const SENTENCE: usize = 4;

/// The share of arguments that are right, of those that are wanted or given.
fn share(given: &[(Value, Value)], wanted: &[(Value, Value)], alike: &mut Likeness<'_>) -> f64 {
    let find = |key: &Value| given.iter().find(|(other, _)| same(other, key)).map(|(_, value)| value);
    let mut right = 0.0;
    for (key, value) in wanted {
        let Some(got) = find(key) else { continue };
        let (a, b) = (text(got), text(value));
        let long = [&a, &b].into_iter().all(|text| text.split_whitespace().count() >= SENTENCE);
        right += match same(got, value) {
            true => 1.0,
            false if long => alike.of(&a, &b).min(1.0),
            false => 0.0,
        };
    }
    let extra = given.iter().filter(|(key, _)| !wanted.iter().any(|(other, _)| same(key, other))).count();
    match wanted.len() + extra {
        0 => 1.0,
        total => right / total as f64,
    }
}

/// What a line says of the arguments: all but the tool's name.
fn after_name(step: &Step) -> Cow<'_, str> {
    match step.args.split_once(step.name.as_str()) {
        Some((before, after)) if strip(before).is_empty() => Cow::Borrowed(after),
        Some((before, after)) => Cow::Owned(format!("{before}{after}")),
        None => Cow::Borrowed(&step.args),
    }
}

/// The most pairs of alike steps that are in the same order on both sides (a longest common subsequence).
fn longest_common(weights: &[Vec<f64>]) -> usize {
    let columns = weights.first().map_or(0, Vec::len);
    let mut best = vec![0; columns + 1];
    for row in weights {
        let mut before = 0; // best without this row and this column
        for (column, &weight) in row.iter().enumerate() {
            let above = best[column + 1];
            best[column + 1] = if weight > THRESHOLD { above.max(before + 1) } else { above }.max(best[column]);
            before = above;
        }
    }
    best[columns]
}

/// The most that steps in the same order on both sides are worth together.
fn heaviest_common(worth: &[Vec<f64>]) -> f64 {
    let columns = worth.first().map_or(0, Vec::len);
    let mut best = vec![0.0; columns + 1];
    for row in worth {
        let mut before = 0.0; // best without this row and this column
        for (column, &worth) in row.iter().enumerate() {
            let above = best[column + 1];
            best[column + 1] = f64::max(above, before + worth).max(best[column]);
            before = above;
        }
    }
    best[columns]
}

/// A tool that is made up, wrong or missing; `None` where both have the same tools.
fn mistake(got: &[Step], wanted: &[Step], prompt: &[Message]) -> Option<Mistake> {
    let mut rest: Vec<&str> = wanted.iter().map(|step| step.name.as_str()).collect();
    let mut extra = Vec::new();
    for step in got {
        match rest.iter().position(|name| *name == step.name) {
            Some(at) => drop(rest.remove(at)),
            None => extra.push(step),
        }
    }
    let missing = rest.first().copied();
    let wrong = |step: &&Step| {
        let instead = missing.unwrap_or("no further step");
        match wanted.iter().any(|other| other.name == step.name) {
            true => Mistake::WrongTool { wanted: instead.to_owned(), got: step.name.clone() },
            false => Mistake::tool(instead, shown(&step.name), prompt),
        }
    };
    let all: Vec<Mistake> = extra.iter().map(wrong).collect();
    let made_up = all.iter().find(|mistake| matches!(mistake, Mistake::HallucinatedTool { .. }));
    made_up.or(all.first()).cloned().or_else(|| missing.map(|step| Mistake::MissingStep(step.to_owned())))
}

/// The same tools, but in another order or with other arguments.
fn out_of_place(got: &[Step], wanted: &[Step]) -> Mistake {
    let pairs = || got.iter().zip(wanted);
    if let Some((got, wanted)) = pairs().find(|(got, wanted)| got.name != wanted.name) {
        let wanted = format!("{} at this place", wanted.name);
        return Mistake::WrongTool { wanted, got: shown(&got.name) };
    }
    let Some((got, wanted)) = pairs().find(|(got, wanted)| got.args != wanted.args) else {
        return Mistake::Malformed("the plan has other steps".to_owned());
    };
    let name = format!("those of {}", wanted.name);
    Mistake::WrongArgument { name, wanted: Some(shown(&wanted.args)), got: Some(shown(&got.args)), count: 1 }
}

/// What a reason has room for.
fn shown(text: &str) -> String {
    excerpt(&Value::from(text))
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

    #[test]
    fn the_longest_common_sequence_is_found() {
        let alike = |a: &str, b: &str| -> Vec<Vec<f64>> {
            a.chars().map(|x| b.chars().map(|y| f64::from(u8::from(x == y))).collect()).collect()
        };
        for (a, b, length) in [("abcbdab", "bdcaba", 4), ("aba", "aba", 3), ("abc", "cba", 1), ("a", "b", 0)] {
            assert_eq!(longest_common(&alike(a, b)), length, "{a} {b}");
        }
    }
}
