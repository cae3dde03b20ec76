//! A workflow as models write it: numbered steps, then edges in parentheses.
//!
//! ```text
//! Node:
//! 1: boil water
//! 2: put a tea bag into a cup
//! 3: pour the water over it
//! Edges: (START,1) (START,2) (1,3) (2,3) (3,END)
//! ```

use std::collections::{HashMap, HashSet};
use std::sync::LazyLock;

use regex::Regex;

use super::Switches;
use crate::tool_use::strip;

/// Steps and what depends on what.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Graph {
    /// The texts: `START` first, `END` last, the steps between them in the order listed.
    pub nodes: Vec<String>,
    /// From and to, as indices into `nodes`. An index may lie outside, where a text names a step it does not list.
    pub edges: Vec<(usize, usize)>,
}

impl Graph {
    /// Indices of the steps: all nodes but `START` and `END`.
    pub fn steps(&self) -> std::ops::Range<usize> {
        1..self.nodes.len().max(2) - 1
    }

    /// The index of `END`.
    pub fn end(&self) -> usize {
        self.nodes.len().saturating_sub(1)
    }
}

/// Why a text is no workflow.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum ParseFailure {
    /// Nothing was said.
    #[error("no workflow: the reply is empty")]
    Empty,
    /// The reference looks for this word first.
    #[error("no workflow: the word \"Node\" does not occur")]
    NoHeading,
    /// There is no `(1,2)`.
    #[error("no workflow: no edge like (START,1) was found")]
    NoEdges,
}

const STEP: &str = r"\d+[:.] (.+)";
const LOOSE_STEP: &str =
    r"(?m)^[^\w\n]*(?:(?i:step|node|subtask|task)[ \t]+)?(\d+)[ \t]*[:.)](?:[ \t]+(\S.*)|([^\s\d].*))$";
const EDGE: &str = r"\([\s\x1c-\x1f]*(\d+|START)[\s\x1c-\x1f]*,[\s\x1c-\x1f]*(\d+|END)[\s\x1c-\x1f]*\)";

/// Reads the workflow of a text: a gold one or a reply.
///
/// # Errors
/// [`ParseFailure`] where the text has no edge, or lacks what the reference insists on.
pub fn parse(text: &str, switches: &Switches) -> Result<Graph, ParseFailure> {
    if strip(text).is_empty() {
        return Err(ParseFailure::Empty);
    }
    if !switches.no_heading && !text.contains("Node") {
        return Err(ParseFailure::NoHeading);
    }
    let mut steps = if switches.loose_numbering { loose_steps(text) } else { strict_steps(text) };
    if switches.first_listing {
        let mut seen = HashSet::new();
        let end = steps.iter().position(|(number, _)| !seen.insert(*number)).unwrap_or(steps.len());
        steps.truncate(end);
    }
    let edges = edges(text, &steps, switches);
    if edges.is_empty() {
        return Err(ParseFailure::NoEdges);
    }
    let texts = steps.into_iter().map(|(_, text)| text.to_owned());
    let nodes = std::iter::once("START".to_owned()).chain(texts).chain(["END".to_owned()]).collect();
    Ok(Graph { nodes, edges })
}

/// The reference's rule: a number, a colon or full stop and one space, anywhere; the rest of the line is the step.
fn strict_steps(text: &str) -> Vec<(usize, &str)> {
    static PATTERN: LazyLock<Regex> = LazyLock::new(|| pattern(STEP));
    let number = |whole: &str| number(&whole[..whole.find([':', '.']).unwrap_or(0)]);
    PATTERN
        .captures_iter(text)
        .map(|found| (number(found.get(0).map_or("", |m| m.as_str())), strip(found.get(1).map_or("", |m| m.as_str()))))
        .collect()
}

fn loose_steps(text: &str) -> Vec<(usize, &str)> {
    static PATTERN: LazyLock<Regex> = LazyLock::new(|| pattern(LOOSE_STEP));
    static EDGE_FIRST: LazyLock<Regex> = LazyLock::new(|| pattern(&format!("^(?i:{EDGE})")));
    PATTERN
        .captures_iter(text)
        .map(|found| {
            let step = found.get(2).or(found.get(3)).map_or("", |m| m.as_str());
            (number(found.get(1).map_or("", |m| m.as_str())), strip(step))
        })
        .filter(|(_, step)| !EDGE_FIRST.is_match(step))
        .collect()
}

fn edges(text: &str, steps: &[(usize, &str)], switches: &Switches) -> Vec<(usize, usize)> {
    static STRICT: LazyLock<Regex> = LazyLock::new(|| pattern(EDGE));
    static ANY_CASE: LazyLock<Regex> = LazyLock::new(|| pattern(&format!("(?i){EDGE}")));
    let places: Option<HashMap<usize, usize>> = switches
        .printed_numbers
        .then(|| steps.iter().enumerate().map(|(index, (number, _))| (*number, index + 1)).collect())
        .filter(|places: &HashMap<usize, usize>| places.len() == steps.len());
    let end = steps.len() + 1;
    let index = |name: &str| match name {
        _ if name.eq_ignore_ascii_case("START") => 0,
        _ if name.eq_ignore_ascii_case("END") => end,
        _ => {
            let number = number(name);
            places.as_ref().map_or(number, |places| places.get(&number).copied().unwrap_or(usize::MAX))
        }
    };
    let pattern = if switches.any_case { &ANY_CASE } else { &STRICT };
    pattern
        .captures_iter(text)
        .map(|found| (index(found.get(1).map_or("", |m| m.as_str())), index(found.get(2).map_or("", |m| m.as_str()))))
        .collect()
}

fn pattern(text: &str) -> Regex {
    Regex::new(text).expect("the patterns of this file are constants that a test compiles")
}

/// The value of decimal digits of any script, at most `usize::MAX`.
fn number(digits: &str) -> usize {
    digits.chars().fold(0_usize, |value, c| value.saturating_mul(10).saturating_add(digit(c)))
}

/// The value of one decimal digit. Unicode lays out each script's ten digits in a row, zero first.
fn digit(c: char) -> usize {
    if let Some(value) = c.to_digit(10) {
        return value as usize;
    }
    static DIGIT: LazyLock<Regex> = LazyLock::new(|| pattern(r"^\d$"));
    let mut buffer = [0; 4];
    let before = (0..c as u32).rev().map_while(char::from_u32);
    before.take_while(|&c| DIGIT.is_match(c.encode_utf8(&mut buffer))).count() % 10
}

#[cfg(test)]
mod tests {
    use super::*;

    fn paper(text: &str) -> Result<Graph, ParseFailure> {
        parse(text, &Switches::all(false))
    }

    fn corrected(text: &str) -> Result<Graph, ParseFailure> {
        parse(text, &Switches::all(true))
    }

    #[test]
    fn steps_and_edges_are_read() -> Result<(), ParseFailure> {
        let text = "Node:\n1: boil water\n2: pour it\nEdges: (START,1) ( 1 , 2 ) (2,END)";
        for graph in [paper(text)?, corrected(text)?] {
            assert_eq!(graph.nodes, ["START", "boil water", "pour it", "END"]);
            assert_eq!(graph.edges, [(0, 1), (1, 2), (2, 3)]);
        }
        Ok(())
    }

    #[test]
    fn the_form_that_the_prompt_asks_for_is_read_when_corrected() -> Result<(), ParseFailure> {
        let text = "1.boil water\n2)pour it\n(start,1)\n(1,2)\n(2,End)";
        assert_eq!(paper(text), Err(ParseFailure::NoHeading));
        assert_eq!(paper(&format!("Node {text}"))?.nodes, ["START", "END"]);
        assert_eq!(corrected(text)?.nodes, ["START", "boil water", "pour it", "END"]);
        assert_eq!(corrected(text)?.edges, [(0, 1), (1, 2), (2, 3)]);
        Ok(())
    }

    #[test]
    fn printed_numbers_count_when_corrected() -> Result<(), ParseFailure> {
        let text = "Node:\n2: pour it\n1: boil water\nEdges: (START,1) (1,2) (2,END) (7,END)";
        assert_eq!(corrected(text)?.edges, [(0, 2), (2, 1), (1, 3), (usize::MAX, 3)]);
        assert_eq!(paper(text)?.edges, [(0, 1), (1, 2), (2, 3), (7, 3)]);
        Ok(())
    }

    #[test]
    fn a_second_listing_and_numbered_edges_are_no_steps_when_corrected() -> Result<(), ParseFailure> {
        let text = "Node:\n1: a\n2: b\n- Node 1: a again\n3: (START,1)\n4: (1,2)";
        assert_eq!(corrected(text)?.nodes, ["START", "a", "b", "END"]);
        assert_eq!(paper(text)?.nodes.len(), 7);
        Ok(())
    }

    #[test]
    fn digits_of_any_script_are_numbers() {
        assert_eq!(number("12"), 12);
        assert_eq!(number("１２"), 12);
        assert_eq!(number("٣"), 3);
        assert_eq!(number("𝟡"), 9);
        assert_eq!(number(&"9".repeat(99)), usize::MAX);
    }

    #[test]
    fn megabytes_of_anything_are_read_quickly() {
        let all = [
            "1".repeat(1 << 20),
            "Node (1,".repeat(1 << 17),
            "Node\n1: \n".repeat(1 << 17),
            "\0".repeat(1 << 20),
            "((((((((".repeat(1 << 17),
        ];
        let start = std::time::Instant::now();
        for text in all {
            let _ = (paper(&text), corrected(&text));
        }
        assert!(start.elapsed().as_secs() < 20, "{:?}", start.elapsed());
    }
}
