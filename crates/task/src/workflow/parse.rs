//! A workflow as models write it: numbered steps, then edges in parentheses.
//!
//! ```text
//! Node:
//! 1: boil water
//! 2: put a tea bag into a cup
//! 3: pour the water over it
//! Edges: (START,1) (START,2) (1,3) (2,3) (3,END)
//! ```

use std::borrow::Cow;
use std::collections::{HashMap, HashSet};
use std::sync::LazyLock;

use regex::Regex;

use super::Switches;
use super::natural::{self, Step, Tip};
use super::scan::{Name, all_edges, loose_steps, strict_steps};
use crate::pattern;
use crate::python::{number, strip};

/// Steps and what depends on what.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Graph {
    /// The texts: `START` first, `END` last, the steps between them in the order listed.
    pub nodes: Vec<String>,
    /// From and to, as indices into `nodes`. An index may lie outside, where a text names a step it does not list.
    pub edges: Vec<(usize, usize)>,
}

impl Graph {
    /// Steps between START and END.
    fn of(steps: Vec<String>, edges: Vec<(usize, usize)>) -> Self {
        let nodes = std::iter::once("START".to_owned()).chain(steps).chain(["END".to_owned()]).collect();
        Self { nodes, edges }
    }

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
    let text = match switches.clean_reply {
        true => Cow::Owned(record::half_width(&record::clean(text)).into_owned()),
        false => Cow::Borrowed(text),
    };
    let text = if switches.last_answer { last_answer(&text, switches) } else { &text };
    let numbered = numbered(text, switches);
    let edges = edges(text, &numbered, switches);
    if !numbered.is_empty() && !edges.is_empty() {
        return Ok(Graph::of(numbered.into_iter().map(|(_, text)| text.to_owned()).collect(), edges));
    }
    let steps = numbered.iter().map(|(number, text)| Step { label: number.to_string(), text: (*text).to_owned() });
    let (mut steps, mut found): (Vec<Step>, Vec<(Tip, Tip)>) = (steps.collect(), Vec::new());
    if switches.other_lists {
        let listing = natural::listing(text);
        if listing.steps.len() >= steps.len() {
            (steps, found) = (listing.steps, listing.edges);
        }
    }
    if switches.other_edges && found.is_empty() {
        found = natural::edges(text, &steps, switches.named_edges);
    }
    let end = steps.len() + 1;
    let place = |end_of: Tip| match end_of {
        Tip::Start => 0,
        Tip::Step(place) => place + 1,
        Tip::End => end,
    };
    let mut all: Vec<(usize, usize)> = found.into_iter().map(|(from, to)| (place(from), place(to))).collect();
    if all.is_empty() {
        all = edges;
    }
    let complete = switches.steps_alone && !steps.is_empty();
    if all.is_empty() && !complete {
        return Err(ParseFailure::NoEdges);
    }
    Ok(Graph::of(steps.into_iter().map(|step| step.text).collect(), all))
}

/// A line that begins a workflow.
static HEADING: LazyLock<Regex> = LazyLock::new(|| pattern(r"(?im)^\W*nodes?\W*$"));

/// The last of several workflows, each with a heading, steps and edges; the whole text where there are not several.
fn last_answer<'t>(text: &'t str, switches: &Switches) -> &'t str {
    let starts: Vec<usize> = HEADING.find_iter(text).map(|found| found.start()).collect();
    let whole = |part: &str| {
        let steps = numbered(part, switches);
        !steps.is_empty() && !edges(part, &steps, switches).is_empty()
    };
    let Some((last, before)) = starts.split_last() else { return text };
    let earlier = before.last().is_some_and(|start| whole(&text[*start..*last]));
    if earlier && whole(&text[*last..]) { &text[*last..] } else { text }
}

/// The steps with numbers.
fn numbered<'t>(text: &'t str, switches: &Switches) -> Vec<(usize, &'t str)> {
    let mut steps = if switches.loose_numbering { loose_steps(text) } else { strict_steps(text) };
    if switches.first_listing {
        let mut seen = HashSet::new();
        let end = steps.iter().position(|(number, _)| !seen.insert(*number)).unwrap_or(steps.len());
        steps.truncate(end);
    }
    steps
}

fn edges(text: &str, steps: &[(usize, &str)], switches: &Switches) -> Vec<(usize, usize)> {
    let places: Option<HashMap<usize, usize>> = switches
        .printed_numbers
        .then(|| steps.iter().enumerate().map(|(index, (number, _))| (*number, index + 1)).collect())
        .filter(|places: &HashMap<usize, usize>| places.len() == steps.len());
    let end = steps.len() + 1;
    let index = |name: Name<'_>| match name {
        Name::Start => 0,
        Name::End => end,
        Name::Number(digits) => {
            let number = number(digits);
            places.as_ref().map_or(number, |places| places.get(&number).copied().unwrap_or(usize::MAX))
        }
    };
    all_edges(text, switches.any_case).into_iter().map(|(from, to)| (index(from), index(to))).collect()
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

    /// Optimized, none of these takes 50 ms of CPU time a reading; here there is room for a busy machine.
    #[test]
    fn megabytes_of_anything_are_read_quickly() {
        let filled = |piece: &str| piece.repeat((1 << 20) / piece.len());
        for piece in [
            "1",
            "٣",
            "Node (1,",
            "Node\n1: \n",
            "\0",
            "((((((((",
            "( ",
            "(1, ",
            "(START,",
            "(1,2)",
            "1. a\n",
            "1: 1: 1: ",
            "Step ",
            "- - - ",
            "\n",
            "1",
            "é: ",
            "𝟡",
            "(𝟡,𝟡)",
            "\u{85}",
            "(\u{a0}",
        ] {
            let text = filled(piece);
            let start = std::time::Instant::now();
            let _ = (paper(&text), corrected(&text));
            println!("{piece:?} {:?}", start.elapsed());
            assert!(start.elapsed().as_secs() < 5, "{piece:?} {:?}", start.elapsed());
        }
    }
}
