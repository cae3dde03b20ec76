//! The generated twin of WorfBench: a described job, and its steps as a graph.
//!
//! ```text
//! user: Goal: archive the map. Start with scan the map. Start with load the table.
//!       After scan the map, trim the map. ...
//! gold: Node:
//!       1: scan the map
//!       2: load the table
//!       3: trim the map
//!       Edges:
//!       (START,1) (START,2) (1,3) (2,END) (3,END)
//! ```

use std::collections::BTreeMap;

use record::{Message, Rng, Sample};
use serde_json::{Value, json};

use crate::Split;
use crate::vocabulary::{NOUNS, VERBS, word, words};

/// Number of held-out instances where no limit is given.
pub const DEFAULT_SAMPLES: usize = 200;

/// How hard an instance is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Difficulty {
    /// Fewest and most steps.
    pub steps: (usize, usize),
    /// The most steps that one step may wait for.
    pub joins: usize,
}

impl Default for Difficulty {
    /// 3 to 8 steps; a step waits for at most 3 others.
    fn default() -> Self {
        Self { steps: (3, 8), joins: 3 }
    }
}

/// The held-out (or training) instances of a seed.
pub fn generate(seed: u64, split: Split, limit: Option<usize>) -> Vec<Sample> {
    let stream = match split {
        Split::Train => "workflow-train",
        Split::Test => "workflow-test",
    };
    (0..limit.unwrap_or(DEFAULT_SAMPLES))
        .map(|index| {
            let mut rng = Rng::stream(seed, &format!("{stream}-{index}"));
            let mut sample = instance(&mut rng, Difficulty::default());
            sample.id = format!("workflow-{index:04}");
            sample
        })
        .collect()
}

/// One instance: steps in an order that respects what they wait for, with parallel branches.
pub fn instance(rng: &mut Rng, difficulty: Difficulty) -> Sample {
    let count = rng.between(difficulty.steps.0, difficulty.steps.1);
    let texts: Vec<String> = words(rng, VERBS, count)
        .into_iter()
        .zip(words(rng, NOUNS, count))
        .map(|(verb, noun)| format!("{verb} the {noun}"))
        .collect();
    let waits = branches(rng, count, difficulty.joins);
    let described: Vec<String> = (0..count).map(|step| sentence(rng, &texts, step, &waits[step])).collect();
    let goal = format!("Goal: {} the {}.", word(rng, VERBS), word(rng, NOUNS));
    let system = "List the steps as nodes and draw the edges. Answer with Node and Edges.";
    let parallel = waits.iter().filter(|w| w.is_empty()).count() > 1 || waits.iter().any(|w| w.len() > 1);
    Sample {
        id: String::new(),
        task: "worfbench".into(),
        messages: vec![Message::system(system), Message::user(format!("{goal} {}", described.join(" ")))],
        input: Value::Null,
        gold: json!({"workflow": gold(&texts, &waits)}),
        max_tokens: 192,
        stop: Vec::new(),
        cluster: None,
        tags: BTreeMap::from([("nodes".to_owned(), json!(count)), ("parallel".to_owned(), json!(parallel))]),
    }
}

/// The reply that scores 1: what `pico` is trained to say.
pub fn answer(sample: &Sample) -> String {
    sample.gold["workflow"].as_str().unwrap_or_default().to_owned()
}

/// What each step waits for: indices of earlier steps, ascending. At least two chains run side by side from 4 steps on.
fn branches(rng: &mut Rng, count: usize, joins: usize) -> Vec<Vec<usize>> {
    let mut waits: Vec<Vec<usize>> = vec![Vec::new()];
    for step in 1..count {
        let starts = step == 1 && count > 3 && rng.chance(0.5) || rng.chance(0.15);
        if starts {
            waits.push(Vec::new());
            continue;
        }
        let many = if rng.chance(0.35) { rng.between(1, joins.min(step)) } else { 1 };
        let mut chosen = rng.choose(step, many);
        chosen.sort_unstable();
        waits.push(chosen);
    }
    waits
}

fn sentence(rng: &mut Rng, texts: &[String], step: usize, waits: &[usize]) -> String {
    let text = &texts[step];
    let names: Vec<&str> = waits.iter().map(|&w| texts[w].as_str()).collect();
    let before = names.join(" and ");
    if waits.is_empty() {
        return match rng.below(2) {
            0 => format!("Start with {text}."),
            _ => format!("First {text}."),
        };
    }
    match rng.below(3) {
        0 => format!("After {before}, {text}."),
        1 => format!("Once you {before}, {text}."),
        _ => format!("Then {text}, which needs {before}."),
    }
}

/// The graph in WorfBench's form; edges by the node they lead to, those to END last.
fn gold(texts: &[String], waits: &[Vec<usize>]) -> String {
    let nodes: Vec<String> = texts.iter().enumerate().map(|(k, text)| format!("{}: {text}", k + 1)).collect();
    let mut edges = Vec::new();
    for (step, before) in waits.iter().enumerate() {
        if before.is_empty() {
            edges.push(format!("(START,{})", step + 1));
        }
        edges.extend(before.iter().map(|w| format!("({},{})", w + 1, step + 1)));
    }
    let last = (0..texts.len()).filter(|step| !waits.iter().any(|w| w.contains(step)));
    edges.extend(last.map(|step| format!("({},END)", step + 1)));
    format!("Node:\n{}\nEdges:\n{}", nodes.join("\n"), edges.join(" "))
}
