//! WorfBench's reference, reproduced: parsing, matching, topological orders and both scores in mode `paper`.

use std::cell::Cell;
use std::collections::HashMap;
use std::error::Error;
use std::fs;
use std::path::PathBuf;

use record::Scoring;
use serde::Deserialize;
use serde_json::Value;
use task::Judge;
use task::measure::{longest_increasing, max_weight_matching};
use task::workflow::{
    Crash, Graph, Prf, Switches, gold_chains, graph_score, judge, node_score, parse, topological_orders,
};

/// The cases of a golden file, or `None` (said on stdout) where the golden folder is not there.
fn cases(file: &str) -> Result<Option<Vec<Value>>, Box<dyn Error>> {
    let folder = std::env::var_os("ACBENCH_GOLDEN")
        .map_or_else(|| PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/../../../shared/golden")), PathBuf::from);
    let path = folder.join(file);
    if !path.is_file() {
        println!("golden {file}: skipped, {} is not there", path.display());
        return Ok(None);
    }
    let text = fs::read_to_string(path)?;
    let lines = text.lines().filter(|line| !line.trim().is_empty());
    Ok(Some(lines.map(serde_json::from_str).collect::<Result<_, _>>()?))
}

/// Runs `check` on every case and reports how many passed and what the others differ in.
fn golden(file: &str, check: impl Fn(&Value) -> Result<(), Box<dyn Error>>) -> Result<(), Box<dyn Error>> {
    let Some(cases) = cases(file)? else { return Ok(()) };
    let failures: Vec<String> = cases
        .iter()
        .filter_map(|case| check(case).err().map(|problem| format!("{} {}: {problem}", case["id"], case["kind"])))
        .collect();
    let name = file.trim_end_matches(".jsonl");
    println!("golden {name}: {} of {}", cases.len() - failures.len(), cases.len());
    assert!(failures.is_empty(), "{}", failures.join("\n"));
    Ok(())
}

fn same<T: PartialEq + std::fmt::Debug>(what: &str, got: T, want: T) -> Result<(), Box<dyn Error>> {
    if got == want { Ok(()) } else { Err(format!("{what}: got {got:?}, want {want:?}").into()) }
}

fn mapping(value: &Value) -> Result<Vec<Option<usize>>, Box<dyn Error>> {
    let numbers = Vec::<i64>::deserialize(value)?;
    Ok(numbers.into_iter().map(|number| usize::try_from(number).ok()).collect())
}

#[test]
fn golden_matching() -> Result<(), Box<dyn Error>> {
    golden("matching.jsonl", |case| {
        let weights = Vec::<Vec<f64>>::deserialize(&case["weights"])?;
        let threshold = f64::deserialize(&case["threshold"])?;
        let found = max_weight_matching(&weights, threshold);
        same("mapping", &found, &mapping(&case["mapping"])?)?;
        let total: f64 = found.iter().zip(&weights).filter_map(|(column, row)| column.map(|c| row[c])).sum();
        let want = f64::deserialize(&case["total_weight"])?;
        if (total - want).abs() > 1e-9 {
            return Err(format!("total weight: got {total}, want {want}").into());
        }
        // The reference credits one match at least.
        same("lis", longest_increasing(&found).max(1), usize::deserialize(&case["lis"])?)
    })
}

#[test]
fn golden_topo_sorts() -> Result<(), Box<dyn Error>> {
    golden("topo_sorts.jsonl", |case| {
        let n = usize::deserialize(&case["n"])?;
        let edges = Vec::<(usize, usize)>::deserialize(&case["edges"])?;
        let orders = |limit| topological_orders(n, &edges, limit).map_err(|_| "a cycle was found");
        same("first 20", orders(20)?, Vec::deserialize(&case["first20"])?)?;
        let total = usize::deserialize(&case["total"])?;
        if total <= 10_000 {
            same("total", orders(usize::MAX)?.len(), total)?;
        }
        Ok(())
    })
}

#[derive(Deserialize)]
struct Nodes {
    nodes: Vec<String>,
    edges: Vec<(usize, usize)>,
}

/// A graph of the golden file; an empty list is a text that does not parse.
fn graph(value: &Value) -> Result<Option<Graph>, Box<dyn Error>> {
    if value.as_array().is_some_and(Vec::is_empty) {
        return Ok(None);
    }
    let Nodes { nodes, edges } = Nodes::deserialize(value)?;
    Ok(Some(Graph { nodes, edges }))
}

fn score(value: &Value) -> Result<Result<Prf, Crash>, Box<dyn Error>> {
    if value.get("error").is_some() {
        return Ok(Err(Crash));
    }
    let number = |key: &str| f64::deserialize(&value[key]);
    Ok(Ok(Prf { precision: number("precision")?, recall: number("recall")?, f1: number("f1_score")? }))
}

/// How the reference matches a reply's steps with each order of the gold steps: places in that order, -1 for none.
fn chain_mappings(reply: &Graph, gold: &Graph, similarity: &[Vec<f64>]) -> Vec<Vec<i64>> {
    let ends = |v: &usize| !matches!(reply.nodes[*v].as_str(), "START" | "END");
    let steps: Vec<usize> = (0..reply.nodes.len()).filter(ends).collect();
    let matched = |order: Vec<usize>| {
        let weights: Vec<Vec<f64>> =
            steps.iter().map(|&row| order.iter().map(|&column| similarity[row][column]).collect()).collect();
        let places = max_weight_matching(&weights, 0.6);
        places.into_iter().map(|place| place.map_or(-1, |place| place as i64)).collect()
    };
    gold_chains(gold).unwrap_or_default().into_iter().map(matched).collect()
}

/// Similarities by text: those of the case.
struct Texts<'c>(HashMap<(&'c str, &'c str), f64>);

impl<'c> Texts<'c> {
    fn new(reply: &'c Graph, gold: &'c Graph, similarity: &[Vec<f64>]) -> Self {
        let rows = reply.nodes.iter().zip(similarity);
        let pairs = rows.flat_map(|(a, row)| gold.nodes.iter().zip(row).map(move |(b, x)| ((&a[..], &b[..]), *x)));
        Self(pairs.collect())
    }
}

impl Judge for Texts<'_> {
    fn name(&self) -> &str {
        "golden"
    }

    fn similarity(&self, a: &str, b: &str) -> f64 {
        self.0.get(&(a, b)).copied().unwrap_or_default()
    }
}

#[test]
fn golden_worfbench() -> Result<(), Box<dyn Error>> {
    let (counted, crashes) = (Cell::new(0), Cell::new(0));
    let done = golden("worfbench.jsonl", |case| {
        let switches = Switches::from(Scoring::Paper);
        let text = |key: &str| case[key].as_str().unwrap_or_default();
        let read = |key: &str| parse(text(key), &switches).ok();
        let (gold, reply) = (read("gold_text"), read("pred_text"));
        same("gold graph", &gold, &graph(&case["gold_graph"])?)?;
        same("predicted graph", &reply, &graph(&case["pred_graph"])?)?;
        let skipped = bool::deserialize(&case["skipped"])?;
        same("skipped", reply.is_none(), skipped)?;
        let (Some(reply), Some(gold)) = (reply, gold) else { return Ok(()) };
        let similarity = Vec::<Vec<f64>>::deserialize(&case["cos_raw"])?;
        same("graph mapping", max_weight_matching(&similarity, 0.6), mapping(&case["graph_mapping"])?)?;
        if let Ok(orders) = Vec::<Vec<usize>>::deserialize(&case["topo_orders"]) {
            same("orders", gold_chains(&gold).map_err(|_| "cycle")?, orders)?;
            same(
                "chain mappings",
                chain_mappings(&reply, &gold, &similarity),
                Vec::deserialize(&case["chain_mappings"])?,
            )?;
        }
        if let Some(total) = case["topo_total"].as_u64().filter(|_| gold.nodes.len() < 10) {
            let orders = topological_orders(gold.nodes.len(), &gold.edges, usize::MAX).map_err(|_| "cycle")?;
            same("all orders", orders.len() as u64, total)?;
        }
        counted.set(counted.get() + 1);
        let judged = judge(text("pred_text"), text("gold_text"), &Texts::new(&reply, &gold, &similarity), &switches)?;
        let crash = [&case["node"], &case["graph"]].iter().any(|score| score.get("error").is_some());
        same("crash", judged.crash, crash)?;
        crashes.set(crashes.get() + usize::from(crash));
        same("node", node_score(&reply, &gold, &similarity, &switches), score(&case["node"])?)?;
        same("graph", graph_score(&reply, &gold, &similarity, &switches), score(&case["graph"])?)
    });
    println!("golden worfbench: {} scored, {} of them crashes of the reference", counted.get(), crashes.get());
    done
}
