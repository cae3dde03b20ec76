//! Workflows in other forms than the one that is asked for: bullets, arrows, names instead of numbers, words, JSON.
//!
//! ```text
//! - scan the map            1. scan the map              {"nodes": ["scan the map", "trim the photo"],
//! - trim the photo          2. trim the photo (after 1)   "edges": [[1, 2]]}
//! scan the map -> trim the photo
//! ```

use std::sync::LazyLock;

use regex::Regex;

use crate::pattern;
use crate::tool_use::{Cut, Value, load};

/// Longer replies are read in the asked form only.
const MOST_BYTES: usize = 1 << 17;
/// Steps and edges that are looked for.
const MOST: usize = 2000;

/// One end of an edge: the start, a step by its place from 0, or the end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Tip {
    Start,
    Step(usize),
    End,
}

/// A step: what it is called by (`1`, `A`), and its text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Step {
    pub label: String,
    pub text: String,
}

/// What a text shows of a workflow.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(super) struct Sketch {
    pub steps: Vec<Step>,
    pub edges: Vec<(Tip, Tip)>,
}

/// `Edges:`, `**Dependencies**`, `The edges are:`; what follows in the line is the second group.
static EDGES_HEADING: LazyLock<Regex> = LazyLock::new(|| {
    pattern(
        r"(?i)^\W*(?:\d+[.)]\W*)?(?:the |my |directed |list of )?(?:edges?|dependenc(?:y|ies)|connections?|arrows?|order(?:ing)?|links?)(?: are| is| list| between (?:the )?steps)?\W*?(?:$|[:=][\s*_`]*(.*)$)",
    )
});
static NODES_HEADING: LazyLock<Regex> = LazyLock::new(|| {
    pattern(
        r"(?i)^\W*(?:the |my |list of )?(?:nodes?|steps?|tasks?|subtasks?)(?: are| list)?\W*?(?:$|[:=][\s*_`]*(.*)$)",
    )
});
static NUMBERED: LazyLock<Regex> = LazyLock::new(|| {
    pattern(
        r"^[^\w\n]*(?:(?i:step|node|task|subtask)[ \t]*#?)?(\d{1,4}|[A-Z])[ \t]*(?:\*\*)?[ \t]*[\]:.)|=–—-][ \t*|\])]*(\S.*)$",
    )
});
static BULLET: LazyLock<Regex> = LazyLock::new(|| pattern(r"^[ \t]*(?:[-*•+–‣◦]|\|)[ \t]+(\S.*)$"));
static INLINE: LazyLock<Regex> = LazyLock::new(|| pattern(r"(?:^|[\s,;(\[])(\d{1,3})[ \t]*[:.)][ \t]+"));
static DEPENDS: LazyLock<Regex> = LazyLock::new(|| {
    pattern(
        r"(?i)[\s,;:(\[–—*_-]*\b(?:depends? on|depending on|dependenc(?:y|ies)|comes after|after|requires?|needs?|prerequisites?|waits? for|follows)\b[\s*_]*[:=]?[\s*_]*((?:(?:steps?|nodes?|tasks?)\s*)?(?:start|none|nothing|no other step|\d+)(?:\s*(?:,|&|and|\s)\s*(?:and\s+)?(?:steps?\s*|nodes?\s*)?\d+)*)[\s)\].*_]*$",
    )
});
static FREE: LazyLock<Regex> = LazyLock::new(|| {
    pattern(r"(?i)[\s,;(\[–—-]+(?:no dependenc(?:y|ies)|no prerequisites?|start|independent)[)\].\s]*$")
});
static DIGITS: LazyLock<Regex> = LazyLock::new(|| pattern(r"\d+"));
static ARROW: LazyLock<Regex> = LazyLock::new(|| pattern(r"\s*(?:-+>+|=+>+|→|⇒|⟶|➔|➜|↦|>>)\s*"));
static FORWARD: LazyLock<Regex> = LazyLock::new(|| {
    pattern(
        r"(?i)^(.+?)\s+(?:to|before|precedes?|leads? to|goes? to|enables?|is followed by|comes? before|must come before|has to come before|is needed (?:by|for)|is required (?:by|for)|and then|then)\s+(.+)$",
    )
});
static BACKWARD: LazyLock<Regex> = LazyLock::new(|| {
    pattern(
        r"(?i)^(.+?)\s+(?:depends? on|directly needs?|needs?|requires?|follows?|comes? after|must come after|has to come after|waits? for|after)\s+(.+)$",
    )
});
static PAIR: LazyLock<Regex> = LazyLock::new(|| pattern(r"[(\[{<]([^()\[\]{}<>\n]{1,300})[)\]}>]"));
static BARE_PAIR: LazyLock<Regex> =
    LazyLock::new(|| pattern(r"(?i)^\s*(\d+|start)\s*(?:[,;:–—-]|\s)\s*(\d+|end)\s*[.,;]?\s*$"));
static LIST_MARK: LazyLock<Regex> = LazyLock::new(|| pattern(r"^\s*(?:[-*•+]|\d+[.)])\s+"));

/// The steps of a text in whichever list it has, and the edges that its lines name in passing ("after 1 and 2").
pub(super) fn listing(text: &str) -> Sketch {
    if text.len() > MOST_BYTES {
        return Sketch::default();
    }
    if let Some(sketch) = structured(text) {
        return sketch;
    }
    let (mut numbered, mut bullets, mut plain): (Vec<Found>, Vec<Found>, Vec<Found>) = Default::default();
    let (mut in_nodes, mut in_edges) = (false, false);
    for line in text.lines() {
        if EDGES_HEADING.is_match(line) {
            (in_nodes, in_edges) = (false, true);
            continue;
        }
        if let Some(found) = NODES_HEADING.captures(line) {
            (in_nodes, in_edges) = (true, false);
            let rest = found.get(1).map_or("", |rest| rest.as_str());
            let inline = numbered_inline(rest);
            if !inline.is_empty() {
                numbered.extend(inline);
            } else if !rest.is_empty() {
                plain.extend(rest.split([',', ';']).map(|text| Found::of("", text)));
            }
            continue;
        }
        if in_edges || line.trim().is_empty() || ARROW.is_match(line) {
            continue;
        }
        let annotates = |all: &mut Vec<Found>| match (DEPENDS.captures(line), all.last_mut()) {
            (Some(found), Some(step)) if line[..found.get(0).map_or(0, |all| all.start())].trim().is_empty() => {
                step.needs.extend(numbers(&found[1]));
                true
            }
            _ => false,
        };
        if annotates(&mut numbered) || annotates(&mut bullets) {
            continue;
        }
        if let Some(found) = NUMBERED.captures(line) {
            numbered.push(Found::of(&found[1], &found[2]));
        } else if let Some(found) = BULLET.captures(line) {
            bullets.push(Found::of("", &found[1]));
        } else if in_nodes {
            plain.push(Found::of("", line));
        }
    }
    if numbered.len() < 2 {
        let inline = text.lines().map(numbered_inline).max_by_key(Vec::len).unwrap_or_default();
        if inline.len() > numbered.len() {
            numbered = inline;
        }
    }
    let found = [numbered, bullets, plain].into_iter().find(|list| !list.is_empty()).unwrap_or_default();
    sketched(found)
}

/// A step on its way.
struct Found {
    label: String,
    text: String,
    needs: Vec<String>,
}

impl Found {
    fn of(label: &str, text: &str) -> Self {
        let (text, needs) = match DEPENDS.captures(text).filter(|found| found.get(0).is_some_and(|all| all.start() > 0))
        {
            Some(found) => (&text[..found.get(0).map_or(0, |all| all.start())], numbers(&found[1])),
            None => (text, Vec::new()),
        };
        let text = FREE.find(text).filter(|found| found.start() > 0).map_or(text, |found| &text[..found.start()]);
        Self { label: label.to_owned(), text: bare(text).to_owned(), needs }
    }
}

fn numbers(text: &str) -> Vec<String> {
    DIGITS.find_iter(text).map(|found| found.as_str().to_owned()).collect()
}

/// A text without marks, quotes and stops around it.
fn bare(text: &str) -> &str {
    text.trim()
        .trim_matches(['*', '_', '`', '"', '\'', '|', ' ', '\t', '“', '”'])
        .trim_end_matches(['.', ',', ';'])
        .trim()
}

/// `1: scan the map, 2: load the table` in one line.
fn numbered_inline(line: &str) -> Vec<Found> {
    let marks: Vec<(usize, usize, &str)> = INLINE
        .captures_iter(line)
        .filter_map(|found| Some((found.get(0)?.start(), found.get(0)?.end(), found.get(1)?.as_str())))
        .collect();
    let in_order = marks.iter().zip(1..).all(|((.., number), place)| number.parse() == Ok(place));
    if marks.len() < 2 || !in_order {
        return Vec::new();
    }
    let ends = marks.iter().skip(1).map(|mark| mark.0).chain([line.len()]);
    let one = |((_, start, number), end): (&(usize, usize, &str), usize)| {
        Found::of(number, line[*start..end].trim_end_matches([']', ')', '(', '[', ' ']))
    };
    marks.iter().zip(ends).map(one).collect()
}

/// The steps with labels: those that they have, else their places. A label that stands again begins another list, which
/// does not count.
fn sketched(found: Vec<Found>) -> Sketch {
    let labeled = found.iter().all(|step| !step.label.is_empty());
    let mut sketch = Sketch::default();
    let mut needs = Vec::new();
    for (place, step) in found.into_iter().take(MOST).enumerate() {
        let label = if labeled { step.label } else { (place + 1).to_string() };
        if step.text.is_empty() || sketch.steps.iter().any(|other| other.label == label) {
            break;
        }
        sketch.steps.push(Step { label, text: step.text });
        needs.push(step.needs);
    }
    for (place, needs) in needs.iter().enumerate() {
        let from = needs.iter().filter_map(|label| sketch.steps.iter().position(|step| step.label == *label));
        sketch.edges.extend(from.map(|from| (Tip::Step(from), Tip::Step(place))));
    }
    sketch
}

/// Edges in other forms than `(1,2)` between steps; `named`: also where the steps' texts stand instead of their numbers.
pub(super) fn edges(text: &str, steps: &[Step], named: bool) -> Vec<(Tip, Tip)> {
    if text.len() > MOST_BYTES || steps.is_empty() {
        return Vec::new();
    }
    let names = Names::of(steps, named);
    let mut headed = false;
    let mut all = Vec::new();
    for line in text.lines() {
        let rest = match EDGES_HEADING.captures(line) {
            Some(found) => {
                headed = true;
                found.get(1).map_or("", |rest| rest.as_str()).to_owned()
            }
            None => line.to_owned(),
        };
        if all.len() > MOST {
            break;
        }
        all.extend(line_edges(&rest, &names, headed));
    }
    let mut seen = Vec::new();
    all.retain(|edge| {
        !seen.contains(edge) && {
            seen.push(*edge);
            true
        }
    });
    all
}

fn line_edges(line: &str, names: &Names<'_>, headed: bool) -> Vec<(Tip, Tip)> {
    let unmarked = LIST_MARK.replace(line, "");
    for text in [line, &unmarked] {
        let found = arrows(text, names);
        if !found.is_empty() {
            return found;
        }
    }
    let pairs: Vec<(Tip, Tip)> = PAIR.captures_iter(line).filter_map(|found| pair(&found[1], names)).collect();
    if !pairs.is_empty() {
        return pairs;
    }
    // "1. 2" may be a step and "1-2" a range: what has no sign of an edge counts below the heading only.
    if !headed {
        return Vec::new();
    }
    if let Some(found) = BARE_PAIR.captures(&unmarked).or_else(|| BARE_PAIR.captures(line)) {
        return names.end(&found[1]).zip(names.end(&found[2])).into_iter().collect();
    }
    if let Some((from, to)) = line.split_once(':') {
        let from = names.end(from);
        let to = names.group(to);
        if let (Some(from), Some(to)) = (from, to) {
            return to.into_iter().map(|to| (from, to)).collect();
        }
    }
    related(&unmarked, names)
}

/// `1 -> 2 -> 3`, `1, 2 -> 3`, `1 -> 2, 1 -> 3`.
fn arrows(line: &str, names: &Names<'_>) -> Vec<(Tip, Tip)> {
    if !ARROW.is_match(line) {
        return Vec::new();
    }
    let inside = |text: &str| text.trim().trim_matches(['(', ')', '[', ']', '{', '}', ' ']).to_owned();
    let pieces: Vec<&str> = line.split([',', ';']).filter(|piece| !piece.trim().is_empty()).collect();
    let chains: Vec<&str> = if pieces.iter().all(|piece| ARROW.is_match(piece)) { pieces } else { vec![line] };
    let mut all = Vec::new();
    for chain in chains {
        let chain = inside(chain);
        let parts: Vec<&str> = ARROW.split(&chain).collect();
        for two in parts.windows(2) {
            let (Some(from), Some(to)) = (names.group(two[0]), names.group(two[1])) else { continue };
            all.extend(from.iter().flat_map(|from| to.iter().map(move |to| (*from, *to))));
        }
    }
    all
}

/// What stands between brackets: `1, 2`, `1; 2`, `1 2`, `scan the map, trim the photo`, `from: 1, to: 2`.
fn pair(text: &str, names: &Names<'_>) -> Option<(Tip, Tip)> {
    let parts: Vec<&str> = text.split([',', ';', '|']).collect();
    let parts = if parts.len() == 1 { text.split_whitespace().collect() } else { parts };
    let [from, to] = parts[..] else { return None };
    let value = |text: &str| text.split_once(':').map_or(text, |(_, value)| value).to_owned();
    names.end(&value(from)).zip(names.end(&value(to)))
}

/// `1 to 2`, `from step 1 to step 2`, `step 2 depends on steps 1 and 3`.
fn related(line: &str, names: &Names<'_>) -> Vec<(Tip, Tip)> {
    let line = line.trim().trim_end_matches('.');
    let line = line.strip_prefix("from ").or_else(|| line.strip_prefix("From ")).unwrap_or(line);
    for (relation, forward) in [(&BACKWARD, false), (&FORWARD, true)] {
        let Some(found) = relation.captures(line) else { continue };
        let (Some(a), Some(b)) = (names.group(&found[1]), names.group(&found[2])) else { continue };
        let (from, to) = if forward { (a, b) } else { (b, a) };
        return from.iter().flat_map(|from| to.iter().map(move |to| (*from, *to))).collect();
    }
    Vec::new()
}

/// What steps are called.
struct Names<'s> {
    steps: &'s [Step],
    /// The texts' words; none where only numbers count.
    words: Vec<String>,
}

impl<'s> Names<'s> {
    fn of(steps: &'s [Step], named: bool) -> Self {
        let words = if named { steps.iter().map(|step| normal(&step.text)).collect() } else { Vec::new() };
        Self { steps, words }
    }

    /// One end by its number or its text.
    fn end(&self, text: &str) -> Option<Tip> {
        let text = bare(text).trim_matches(['(', ')', '[', ']', '{', '}', '<', '>']).trim();
        let words = normal(text);
        match words.as_str() {
            "start" | "begin" | "the start" | "beginning" => return Some(Tip::Start),
            "end" | "finish" | "the end" | "done" => return Some(Tip::End),
            _ => {}
        }
        let after = ["step ", "node ", "task ", "subtask "].iter().find_map(|word| words.strip_prefix(word));
        let label = after.unwrap_or(&words);
        let same = |step: &Step| step.label.eq_ignore_ascii_case(label);
        let place = self.steps.iter().position(same).or_else(|| {
            // "1: scan the map"
            let (number, rest) = label.split_once(' ')?;
            let place = self.steps.iter().position(|step| step.label == number)?;
            (normal(&self.steps[place].text) == rest).then_some(place)
        });
        place.or_else(|| self.words.iter().position(|other| *other == words && !words.is_empty())).map(Tip::Step)
    }

    /// One end or several: `1, 2`, `1 and 2`, `steps 1 & 2`.
    fn group(&self, text: &str) -> Option<Vec<Tip>> {
        if let Some(end) = self.end(text) {
            return Some(vec![end]);
        }
        let text = text.trim().trim_matches(['(', ')', '[', ']', '{', '}']);
        let lower = text.to_lowercase();
        let plural = ["steps ", "nodes ", "both "].iter().find(|word| lower.starts_with(*word));
        let text = plural.map_or(text, |word| &text[word.len()..]);
        let parts: Vec<&str> = text.split([',', ';', '&']).flat_map(|part| part.split(" and ")).collect();
        let parts =
            parts.into_iter().map(|part| part.trim().trim_start_matches("and ")).filter(|part| !part.is_empty());
        let ends: Vec<Tip> = parts.map(|part| self.end(part)).collect::<Option<_>>()?;
        (!ends.is_empty()).then_some(ends)
    }
}

/// Words in lower case, one space between them.
fn normal(text: &str) -> String {
    let words = text.split(|c: char| !c.is_alphanumeric()).filter(|word| !word.is_empty());
    words.map(str::to_lowercase).collect::<Vec<_>>().join(" ")
}

const NODE_KEYS: [&str; 6] = ["nodes", "node", "steps", "step", "tasks", "subtasks"];
const EDGE_KEYS: [&str; 5] = ["edges", "edge", "dependencies", "links", "connections"];
const TEXT_KEYS: [&str; 9] = ["text", "step", "name", "description", "task", "label", "action", "content", "title"];
const LABEL_KEYS: [&str; 5] = ["id", "number", "index", "key", "node"];
const NEED_KEYS: [&str; 7] =
    ["depends_on", "dependencies", "after", "requires", "needs", "prerequisites", "predecessors"];

/// A workflow as a JSON or Python value: an object with nodes and edges, or a list of steps that say what they need.
fn structured(text: &str) -> Option<Sketch> {
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
