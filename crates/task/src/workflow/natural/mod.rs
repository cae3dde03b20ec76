//! Workflows in other forms than the one that is asked for: bullets, arrows, names instead of numbers, words, JSON.
//!
//! ```text
//! - scan the map            1. scan the map              {"nodes": ["scan the map", "trim the photo"],
//! - trim the photo          2. trim the photo (after 1)   "edges": [[1, 2]]}
//! scan the map -> trim the photo
//! ```

mod edges;
mod structured;

use std::sync::LazyLock;

use regex::Regex;

pub(super) use edges::edges;
use structured::structured;

use crate::pattern;

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
