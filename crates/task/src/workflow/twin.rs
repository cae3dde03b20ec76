//! The generated twin of WorfBench: a described job, and its steps as a graph.
//!
//! ```text
//! user: Goal: archive the map.
//!       First, scan the map. At the start, load the table. After you scan the map, trim the photo. ...
//! gold: Node:
//!       1: scan the map
//!       2: load the table
//!       3: trim the photo
//!       Edges:
//!       (START,1) (START,2) (1,3) (2,END) (3,END)
//! ```

use std::collections::{BTreeMap, VecDeque};

use record::{Message, Rng, Sample};
use serde_json::{Value, json};

use crate::vocabulary::{NOUNS, VERBS, words};
use crate::{Asking, Split, shots};

/// Number of held-out instances where no limit is given.
pub const DEFAULT_SAMPLES: usize = 200;

/// How hard an instance is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Difficulty {
    /// Fewest and most steps; 40 at most.
    pub steps: (usize, usize),
    /// The most steps that one step may wait for.
    pub joins: usize,
    /// How many branches begin at START, at least.
    pub branches: usize,
    /// Things that are mentioned but are no steps.
    pub distractors: usize,
}

impl Default for Difficulty {
    /// 3 to 8 steps; a step waits for at most 3 others; one branch at least, and nothing to mislead.
    fn default() -> Self {
        Self { steps: (3, 8), joins: 3, branches: 1, distractors: 0 }
    }
}

/// What is asked, and in which form.
const SYSTEM: &str = "\
Break the user's goal down into its steps, and say which step has to come before which.
Reply in this form and write nothing else:
Node:
1: the first step
2: the second step
Edges:
(START,1) (1,2) (2,END)
List every step once, in the user's words. Each edge (1,2) says that step 2 directly needs step 1. A step that needs no \
other step has an edge from START, and a step that no other step needs has an edge to END.";

/// How hard the worked examples are.
const EXAMPLE: Difficulty = Difficulty { steps: (3, 4), joins: 2, branches: 2, distractors: 0 };

/// The held-out (or training) instances of a seed.
pub fn generate(seed: u64, split: Split, asking: Asking, limit: Option<usize>) -> impl Iterator<Item = Sample> {
    let stream = match split {
        Split::Train => "workflow-train",
        Split::Test => "workflow-test",
    };
    (0..limit.unwrap_or(DEFAULT_SAMPLES)).map(move |index| {
        let mut rng = Rng::stream(seed, &format!("{stream}-{index}"));
        let mut sample = instance(&mut rng, split, Difficulty::default());
        sample.id = format!("workflow-{index:04}");
        let examples = (0..asking.shots).map(|place| {
            let example = instance(&mut shots::stream(seed, "workflow", place), Split::Train, EXAMPLE);
            let answer = answer(&example);
            (example, answer)
        });
        shots::show(&mut sample, examples);
        sample
    })
}

/// One instance: steps in an order that respects what they wait for, with parallel branches.
pub fn instance(rng: &mut Rng, split: Split, difficulty: Difficulty) -> Sample {
    let (fewest, most) = difficulty.steps;
    let count = rng.between(fewest, most).clamp(1, VERBS.len());
    let mut texts = things_to_do(rng, split, count + 1 + difficulty.distractors.min(VERBS.len()));
    let distractors = texts.split_off(count + 1);
    let goal = format!("Goal: {}.", texts.pop().unwrap_or_default());
    let waits = branches(rng, count, difficulty);
    let mut described: Vec<String> = (0..count).map(|step| sentence(rng, &texts, step, &waits[step])).collect();
    for text in distractors {
        let place = rng.below(described.len() + 1);
        described.insert(place, format!("There is no need to {text}."));
    }
    let parallel = waits.iter().filter(|w| w.is_empty()).count() > 1 || waits.iter().any(|w| w.len() > 1);
    Sample {
        id: String::new(),
        task: "worfbench".into(),
        messages: vec![Message::system(SYSTEM), Message::user(format!("{goal}\n{}", described.join(" ")))],
        examples: 0,
        tools: Vec::new(),
        input: Value::Null,
        assets: Vec::new(),
        gold: json!({"workflow": gold(&texts, &waits)}),
        max_tokens: 384,
        stop: Vec::new(),
        cluster: None,
        tags: BTreeMap::from([("nodes".to_owned(), json!(count)), ("parallel".to_owned(), json!(parallel))]),
    }
}

/// The reply that scores 1: what `pico` is trained to say.
pub fn answer(sample: &Sample) -> String {
    sample.gold["workflow"].as_str().unwrap_or_default().to_owned()
}

/// `count` different things to do, none of which the other split ever has. No verb or noun occurs twice before all
/// others have. At most three of a verb are asked for, and each has more nouns than that in either split.
fn things_to_do(rng: &mut Rng, split: Split, count: usize) -> Vec<String> {
    let verbs = words(rng, VERBS, VERBS.len());
    let mut nouns: VecDeque<&str> = words(rng, NOUNS, NOUNS.len()).into();
    let mut texts: Vec<String> = Vec::new();
    for verb in verbs.into_iter().cycle().take(count) {
        let of = |noun: &str| format!("{verb} the {noun}");
        let fits = |text: &String| split_of(text) == split && !texts.contains(text);
        let place = nouns.iter().position(|noun| fits(&of(noun))).unwrap_or(0);
        // A used noun goes to the end.
        let noun = nouns.remove(place).unwrap_or_default();
        nouns.push_back(noun);
        texts.push(of(noun));
    }
    texts
}

/// Half of all pairs of a verb and a noun belong to each split.
fn split_of(text: &str) -> Split {
    let odd = record::digest(text.as_bytes()).ends_with(['1', '3', '5', '7', '9', 'b', 'd', 'f']);
    if odd { Split::Test } else { Split::Train }
}

/// What each step waits for: indices of earlier steps, ascending.
fn branches(rng: &mut Rng, count: usize, difficulty: Difficulty) -> Vec<Vec<usize>> {
    let Difficulty { joins, branches, .. } = difficulty;
    let mut waits: Vec<Vec<usize>> = vec![Vec::new()];
    for step in 1..count {
        let starts = step < branches || step == 1 && count > 3 && rng.chance(0.5) || rng.chance(0.15);
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
            0 => format!("At the start, {text}."),
            _ => format!("First, {text}."),
        };
    }
    match rng.below(3) {
        0 => format!("After you {before}, {text}."),
        1 => format!("Once you {before}, {text}."),
        _ => format!("Before you {text}, {before}."),
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

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    /// Of the 200 held-out instances of seed 0.
    const DIGEST: &str = "0e48f83eb70c520f0e5f44ccb283ab0d57b5ff176392f57ce587d6c31e7b89f2";

    fn steps(sample: &Sample) -> Vec<String> {
        let gold = answer(sample);
        let lines = gold.lines().skip(1).take_while(|line| *line != "Edges:");
        lines.filter_map(|line| line.split_once(": ")).map(|(_, step)| step.to_owned()).collect()
    }

    #[test]
    fn the_same_seed_gives_the_same_bytes_everywhere() -> Result<(), serde_json::Error> {
        let bytes = serde_json::to_vec(&generate(0, Split::Test, Asking::BARE, None).collect::<Vec<_>>())?;
        assert_eq!(record::digest(&bytes), DIGEST);
        Ok(())
    }

    #[test]
    fn no_step_of_one_split_occurs_in_the_other() {
        let all = |split| -> BTreeSet<String> {
            let samples = (0..4).flat_map(|seed| generate(seed, split, Asking::BARE, Some(500)));
            samples.flat_map(|sample| steps(&sample)).collect()
        };
        let (train, test) = (all(Split::Train), all(Split::Test));
        assert_eq!(train.intersection(&test).count(), 0);
        assert!(train.len() > 800 && test.len() > 800, "{} {}", train.len(), test.len());
    }

    #[test]
    fn every_verb_has_nouns_enough_in_either_split() {
        for verb in VERBS {
            let test = NOUNS.iter().filter(|noun| split_of(&format!("{verb} the {noun}")) == Split::Test).count();
            assert!((4..=NOUNS.len() - 4).contains(&test), "{verb} {test}");
        }
    }

    #[test]
    fn every_setting_does_what_it_says() {
        let hard = Difficulty { steps: (20, 40), joins: 6, branches: 5, distractors: 9 };
        for index in 0..50 {
            let sample = instance(&mut Rng::new(index), Split::Test, hard);
            let (steps, prompt) = (steps(&sample), &sample.messages[1].content);
            assert!((20..=40).contains(&steps.len()), "{}", steps.len());
            assert_eq!(prompt.matches("There is no need to").count(), 9);
            assert!(answer(&sample).matches("(START,").count() >= 5);
            assert_eq!(steps.iter().collect::<BTreeSet<_>>().len(), steps.len());
            assert!(steps.iter().all(|step| !prompt.contains(&format!("There is no need to {step}."))));
        }
        let odd = Difficulty { steps: (0, 0), joins: 0, branches: 0, distractors: 5000 };
        assert_eq!(steps(&instance(&mut Rng::new(1), Split::Train, odd)).len(), 1);
    }

    #[test]
    fn thousands_are_made_in_a_second() {
        let start = std::time::Instant::now();
        let count = generate(3, Split::Test, Asking::BARE, Some(4000)).count();
        println!("{count} in {:?}", start.elapsed());
        assert!(start.elapsed().as_secs() < 10, "{:?}", start.elapsed());
    }
}
