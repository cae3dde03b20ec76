//! Edges in other forms than `(1,2)`: arrows, pairs in any brackets, words.

use std::sync::LazyLock;

use regex::Regex;

use super::{ARROW, EDGES_HEADING, MOST, MOST_BYTES, Step, Tip, bare};
use crate::pattern;

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

/// Edges in other forms than `(1,2)` between steps; `named`: also where the steps' texts stand instead of their numbers.
pub(in crate::workflow) fn edges(text: &str, steps: &[Step], named: bool) -> Vec<(Tip, Tip)> {
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

pub(super) fn line_edges(line: &str, names: &Names<'_>, headed: bool) -> Vec<(Tip, Tip)> {
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
pub(super) struct Names<'s> {
    steps: &'s [Step],
    /// The texts' words; none where only numbers count.
    words: Vec<String>,
}

impl<'s> Names<'s> {
    pub(super) fn of(steps: &'s [Step], named: bool) -> Self {
        let words = if named { steps.iter().map(|step| normal(&step.text)).collect() } else { Vec::new() };
        Self { steps, words }
    }

    /// One end by its number or its text.
    pub(super) fn end(&self, text: &str) -> Option<Tip> {
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
    pub(super) fn group(&self, text: &str) -> Option<Vec<Tip>> {
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
