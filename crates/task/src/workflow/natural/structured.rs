//! Workflows as JSON or Python values.

use super::edges::{Names, line_edges};
use super::{Found, MOST, NUMBERED, Sketch, Tip, listing, numbers, sketched};
use crate::python::{Cut, Value, load};

const NODE_KEYS: [&str; 6] = ["nodes", "node", "steps", "step", "tasks", "subtasks"];
const EDGE_KEYS: [&str; 5] = ["edges", "edge", "dependencies", "links", "connections"];
const TEXT_KEYS: [&str; 9] = ["text", "step", "name", "description", "task", "label", "action", "content", "title"];
const LABEL_KEYS: [&str; 5] = ["id", "number", "index", "key", "node"];
const NEED_KEYS: [&str; 7] =
    ["depends_on", "dependencies", "after", "requires", "needs", "prerequisites", "predecessors"];

/// A workflow as a JSON or Python value: an object with nodes and edges, or a list of steps that say what they need.
pub(super) fn structured(text: &str) -> Option<Sketch> {
    let cut = |start, end| Cut { start: Some(start), end: Some(end), closed_fence: true, first_value: true };
    let begins = text.find(['{', '['])?;
    let value = match text.as_bytes()[begins] {
        b'{' => load(text, cut('{', '}')).or_else(|| load(text, cut('[', ']'))),
        _ => load(text, cut('[', ']')).or_else(|| load(text, cut('{', '}'))),
    }?;
    let nodes = match &value {
        Value::Dict(_) => field(&value, &NODE_KEYS)?,
        list => list.clone(),
    };
    let items: Vec<(String, Value)> = match nodes {
        Value::List(items) | Value::Tuple(items) => items.into_iter().map(|item| (String::new(), item)).collect(),
        Value::Dict(pairs) => pairs.into_iter().map(|(key, value)| (key_text(&key), value)).collect(),
        Value::Text(text) => {
            let listed = listing(&String::from_utf8_lossy(&text));
            listed.steps.into_iter().map(|step| (step.label, Value::from(step.text.as_str()))).collect()
        }
        _ => return None,
    };
    let mut steps = Vec::new();
    for (label, item) in items.into_iter().take(MOST) {
        let mut step = stated_step(&item)?;
        if step.label.is_empty() {
            step.label = label;
        }
        steps.push(step);
    }
    let mut sketch = sketched(steps);
    if sketch.steps.is_empty() {
        return None;
    }
    let names = Names::of(&sketch.steps, true);
    let mut all = Vec::new();
    if let Some(edges) = field(&value, &EDGE_KEYS) {
        let items = match edges {
            Value::List(items) | Value::Tuple(items) | Value::Set(items) => items,
            Value::Dict(pairs) => pairs.into_iter().map(|(key, value)| Value::Tuple(vec![key, value])).collect(),
            text => vec![text],
        };
        for item in items.iter().take(MOST) {
            all.extend(value_edges(item, &names));
        }
    }
    sketch.edges.extend(all);
    Some(sketch)
}

/// The value under the first of an object's keys that is one of `keys`, in any case.
fn field(object: &Value, keys: &[&str]) -> Option<Value> {
    let Value::Dict(pairs) = object else { return None };
    let is = |key: &Value| keys.iter().any(|name| key_text(key).eq_ignore_ascii_case(name));
    pairs.iter().find(|(key, _)| is(key)).map(|(_, value)| value.clone())
}

/// A step as a text, or as an object that has one.
fn stated_step(item: &Value) -> Option<Found> {
    if let Value::Text(text) = item {
        let text = String::from_utf8_lossy(text);
        return Some(match NUMBERED.captures(&text) {
            Some(found) => Found::of(&found[1], &found[2]),
            None => Found::of("", &text),
        });
    }
    let text = key_text(&field(item, &TEXT_KEYS)?);
    let label = field(item, &LABEL_KEYS).map(|label| key_text(&label)).unwrap_or_default();
    let needs = match field(item, &NEED_KEYS) {
        Some(Value::List(all) | Value::Tuple(all)) => all.iter().map(key_text).collect(),
        Some(one) => numbers(&key_text(&one)),
        None => Vec::new(),
    };
    Some(Found { needs, ..Found::of(&label, &text) })
}

/// `[1, 2]`, `["START", [1, 2]]`, `{"from": 1, "to": 2}`, `"1 -> 2"`.
fn value_edges(item: &Value, names: &Names<'_>) -> Vec<(Tip, Tip)> {
    let group = |value: &Value| match value {
        Value::List(all) | Value::Tuple(all) => {
            all.iter().map(|one| names.end(&key_text(one))).collect::<Option<Vec<_>>>()
        }
        one => names.group(&key_text(one)),
    };
    let ends = match item {
        Value::List(two) | Value::Tuple(two) if two.len() == 2 => Some((two[0].clone(), two[1].clone())),
        Value::Dict(pairs) if pairs.len() >= 2 => {
            let is = |words: &[&str]| {
                let key = |key: &Value| words.contains(&key_text(key).to_lowercase().as_str());
                pairs.iter().find(|(name, _)| key(name)).map(|(_, value)| value.clone())
            };
            is(&["from", "source", "before", "start", "src"]).zip(is(&["to", "target", "after", "end", "dst"]))
        }
        _ => None,
    };
    match ends {
        Some((from, to)) => match (group(&from), group(&to)) {
            (Some(from), Some(to)) => from.iter().flat_map(|from| to.iter().map(move |to| (*from, *to))).collect(),
            _ => Vec::new(),
        },
        None => key_text(item).lines().flat_map(|line| line_edges(line, names, true)).collect(),
    }
}

/// A text as it is, anything else as it prints.
fn key_text(value: &Value) -> String {
    match value {
        Value::Text(text) => String::from_utf8_lossy(text).into_owned(),
        other => other.to_string(),
    }
}
