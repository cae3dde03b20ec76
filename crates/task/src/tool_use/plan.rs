//! T-Eval's `plan`: the calls that a goal needs, in order, as a JSON list or in lines of text.

use std::borrow::Cow;

use record::Message;
use regex::Regex;
use serde_json::Value as Json;

use super::likeness::Likeness;
use super::print::{excerpt, text};
use super::{Cut, Int, Judgment, Mistake, Switches, Value, load, strip};
use crate::Judge;
use crate::workflow::{longest_increasing, max_weight_matching};

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
        Some(Step { name: text(item.get("name")?), id: whole(item.get("id")?)?, args: text(item.get("args")?) })
    };
    items.iter().map(step).collect()
}

/// Python's `int()`.
fn whole(value: &Value) -> Option<i128> {
    match value {
        Value::Bool(value) => Some(i128::from(*value)),
        Value::Int(Int::Small(value)) => Some(i128::from(*value)),
        Value::Int(Int::Big { negative, .. }) => Some(if *negative { i128::MIN } else { i128::MAX }),
        Value::Float(value) => value.is_finite().then_some(*value as i128),
        Value::Text(text) => {
            let text = strip(std::str::from_utf8(text).ok()?);
            let digits = text.strip_prefix(['+', '-']).unwrap_or(text);
            let well = digits.split('_').all(|part| !part.is_empty() && part.bytes().all(|b| b.is_ascii_digit()));
            let big = if text.starts_with('-') { i128::MIN } else { i128::MAX };
            well.then(|| text.replace('_', "").parse().unwrap_or(big))
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
    calls.map(|((name, line), id)| Step { name: name.to_owned(), args: line.to_owned(), id }).collect()
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
    let (got, broken) = match &gold.form {
        Form::Json => json_steps(reply, switches),
        Form::Lines(names) => (lines(reply, names, switches), None),
    };
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
    let weights = likeness(&got, &wanted, gold, judge, switches);
    let mut common = if switches.common_order {
        longest_common(&weights)
    } else {
        longest_increasing(&max_weight_matching(&weights, THRESHOLD))
    };
    if !switches.no_free_match {
        common = common.max(1);
    }
    let (precision, recall) = (common as f64 / got.len() as f64, common as f64 / wanted.len() as f64);
    let f1 = if common == 0 { 0.0 } else { 2.0 * precision * recall / (precision + recall) };
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
