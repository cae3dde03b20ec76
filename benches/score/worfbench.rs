//! WorfBench's scores in mode `paper` from a file of predictions with their similarities, as a whole process.
//!
//!     score_worfbench prepare FOLDER    makes the file: a perturbed prediction for each gold workflow of the folder
//!     score_worfbench score FILE        prints {"id", "node": [P, R, F1], "graph": [P, R, F1]} a line; null: a crash

use std::error::Error;
use std::fmt::Write as _;
use std::io::{BufWriter, Write};

use record::{Rng, Sample};
use serde::{Deserialize, Serialize};
use task::workflow::{Crash, Graph, Prf, Switches, WorfBench, graph_score, node_score, parse};
use task::{BadRows, Judge, Lexical, Source, Task, Words};

/// A gold workflow, a prediction, and the similarity of their nodes `[prediction, gold]`; empty without a prediction.
#[derive(Serialize, Deserialize)]
struct Row {
    id: String,
    gold: String,
    prediction: String,
    similarity: Vec<Vec<f64>>,
}

fn main() -> Result<(), Box<dyn Error>> {
    let args: Vec<String> = std::env::args().skip(1).collect();
    let mut out = BufWriter::new(std::io::stdout().lock());
    match args.iter().map(String::as_str).collect::<Vec<_>>()[..] {
        ["prepare", folder] => {
            let source = Source::folder(folder, BadRows::Refuse);
            for (index, sample) in WorfBench.samples(&source, &Words, None)?.samples.enumerate() {
                let row = row(&sample, &mut Rng::stream(7, &format!("row-{index}")))?;
                writeln!(out, "{}", serde_json::to_string(&row)?)?;
            }
        }
        ["score", file] => {
            for line in std::fs::read_to_string(file)?.lines() {
                serde_json::to_writer(&mut out, &scored(&serde_json::from_str(line)?))?;
                out.write_all(b"\n")?;
            }
        }
        _ => return Err("usage: score_worfbench prepare FOLDER | score FILE".into()),
    }
    Ok(out.flush()?)
}

/// Precision, recall and F1 of both scores.
#[derive(Serialize)]
struct Scores<'r> {
    id: &'r str,
    node: Option<[f64; 3]>,
    graph: Option<[f64; 3]>,
}

fn scored(row: &Row) -> Scores<'_> {
    let switches = Switches::all(false);
    let numbers = |score: Result<Prf, Crash>| score.ok().map(|s| [s.precision, s.recall, s.f1]);
    let (node, graph) = match (parse(&row.prediction, &switches), parse(&row.gold, &switches)) {
        (Ok(reply), Ok(gold)) => (
            node_score(&reply, &gold, &row.similarity, &switches),
            graph_score(&reply, &gold, &row.similarity, &switches),
        ),
        _ => (Ok(Prf::default()), Ok(Prf::default())),
    };
    Scores { id: &row.id, node: numbers(node), graph: numbers(graph) }
}

fn row(sample: &Sample, rng: &mut Rng) -> Result<Row, Box<dyn Error>> {
    let switches = Switches::all(false);
    let text = sample.gold["workflow"].as_str().ok_or("no gold workflow")?;
    let gold = parse(text, &switches)?;
    let prediction = perturbed(&gold, rng);
    let similarity = parse(&prediction, &switches).map_or_else(|_| Vec::new(), |reply| similarities(&reply, &gold));
    Ok(Row { id: sample.id.clone(), gold: text.to_owned(), prediction, similarity })
}

/// Cosines to 6 digits, as a cache holds them.
fn similarities(reply: &Graph, gold: &Graph) -> Vec<Vec<f64>> {
    let cosine = |a: &String, b: &String| (Lexical.similarity(a, b) * 1e6).round() / 1e6;
    reply.nodes.iter().map(|a| gold.nodes.iter().map(|b| cosine(a, b)).collect()).collect()
}

/// The gold workflow with steps dropped, repeated, swapped and reworded, edges dropped and turned, and now and then
/// without what a parser looks for.
fn perturbed(gold: &Graph, rng: &mut Rng) -> String {
    let mut texts: Vec<String> = gold.steps().map(|v| gold.nodes[v].clone()).collect();
    for _ in 0..rng.below(4) {
        let (a, b) = (rng.below(texts.len().max(1)), rng.below(texts.len().max(1)));
        match rng.below(4) {
            0 if texts.len() > 1 => drop(texts.remove(a)),
            1 if !texts.is_empty() => texts.insert(b, texts[a].clone()),
            2 if !texts.is_empty() => texts.swap(a, b),
            _ => texts.get_mut(a).into_iter().for_each(|text| reword(text, rng)),
        }
    }
    let end = texts.len() + 1;
    let mut edges = gold.edges.clone();
    edges.retain(|_| !rng.chance(0.1));
    for edge in &mut edges {
        *edge = if rng.chance(0.05) { (edge.1, edge.0) } else { *edge };
    }
    let mut text = if rng.chance(0.02) { String::new() } else { "Node:\n".to_owned() };
    for (index, step) in texts.iter().enumerate() {
        let _ = writeln!(text, "{}{}{step}", index + 1, if rng.chance(0.02) { "." } else { ": " });
    }
    text.push_str("Edges:");
    for (a, b) in edges {
        let from = if a == 0 { "START".to_owned() } else { a.to_string() };
        let to = if b >= gold.end() || b >= end { "END".to_owned() } else { b.to_string() };
        let _ = write!(text, " ({from},{to})");
    }
    text
}

/// Drops or repeats a few words.
fn reword(text: &mut String, rng: &mut Rng) {
    let mut words: Vec<&str> = text.split(' ').collect();
    for _ in 0..rng.between(1, 3) {
        let at = rng.below(words.len());
        if rng.chance(0.5) && words.len() > 1 {
            words.remove(at);
        } else {
            words.insert(at, words[at]);
        }
    }
    *text = words.join(" ");
}
