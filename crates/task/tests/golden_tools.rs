//! AgentBoard's tools against the reference's own logs: parsers, progress, academia, sheets, cleaned actions.

use std::collections::BTreeMap;
use std::fs;
use std::path::PathBuf;
use std::sync::Arc;

use serde_json::{Map, Value, json};
use task::python::{Value as Python, literal_value};
use task::real_world::story::cleaned_action;
use task::real_world::tools::{
    Academia, Graphs, Refused, Service, Stated, credited, network_error, same_location, sheet_match, sheet_name,
};
use task::real_world::{household_action, remembered, stated_action};

fn cases() -> Option<Vec<Value>> {
    let folder = std::env::var_os("ACBENCH_GOLDEN")
        .map_or_else(|| PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/../../../shared/golden")), PathBuf::from);
    let text = fs::read_to_string(folder.join("agentboard_tool.jsonl")).ok()?;
    let lines = text.lines().filter(|line| !line.trim().is_empty());
    Some(lines.map(|line| serde_json::from_str(line).expect("golden files are JSON lines")).collect())
}

fn text<'a>(case: &'a Value, key: &str) -> &'a str {
    case[key].as_str().unwrap_or_default()
}

fn extract(case: &Value) -> Value {
    let Some(stated) = Stated::find(text(case, "text")) else { return json!({"action": null, "action_input": null}) };
    let mut got = json!({"action": stated.name, "action_input": stated.input, "env_string": stated.sent()});
    match stated.read() {
        Ok((name, value)) => got["parsed"] = json!([name, value.to_string()]),
        Err(raised) => got["raised"] = json!(raised.to_string()),
    }
    got
}

/// What is logged of a case beside its inputs. What the reference raised may stand under any name, or not at all.
fn extract_passes(case: &Value) -> bool {
    let got = extract(case);
    let same = |key: &str| case.get(key).is_none_or(|logged| *logged == got[key]);
    let read = |of: &Value| of.get("parsed").is_some_and(Value::is_array);
    same("action")
        && same("action_input")
        && same("env_string")
        && read(case) == read(&got)
        && (!read(case) || same("parsed"))
}

fn values(list: &Value) -> Vec<Python> {
    list.as_array().into_iter().flatten().map(Python::from).collect()
}

fn progress(case: &Value) -> bool {
    let (wanted, logged) = (values(&case["subgoals"]), values(&case["predicted"]));
    let places = text(case, "env") == "WeatherEnv";
    let mut best: f64 = 0.0;
    let mut rewards = (1..=logged.len()).map(|seen| {
        best = best.max(credited(&wanted, &logged[..seen], places) as f64 / wanted.len() as f64);
        best
    });
    let right = |reward: &Value| reward.as_f64() == rewards.next();
    case["rewards"].as_array().is_some_and(|all| all.iter().all(right))
}

fn rows(value: &Value) -> Option<Vec<Vec<String>>> {
    serde_json::from_value(value.clone()).ok()
}

/// A sheet that is none is the text that no sheet is open.
fn sheet(case: &Value) -> bool {
    let gold = rows(&case["gold"]).unwrap_or_default();
    let got = rows(&case["sheet"]).map_or(0.0, |sheet| sheet_match(&sheet, &gold, false));
    case["score"].as_f64() == Some(got)
}

fn same(case: &Value) -> bool {
    let place = |key: &str| Some((case[key][0].as_f64()?, case[key][1].as_f64()?));
    let (a, b) = (place("a"), place("b"));
    let got = a.zip(b).map(|(a, b)| same_location(a, b, case["threshold_km"].as_f64().unwrap_or_default()));
    got == case["same"].as_bool()
}

/// The past that the case's note describes: a memory of three entries, no examples, no goal, no commands.
fn prompt(case: &Value) -> bool {
    let past: Vec<(&str, String)> = ["o0", "act1", "o1", "act2", "o2", "act3", "o3"]
        .into_iter()
        .map(|text| (if text.starts_with('a') { "Action" } else { "Observation" }, text.to_owned()))
        .collect();
    text(case, "prompt") == format!("INST{}", remembered(&past, 3))
}

/// The graphs that the logged calls looked at, gathered from what they saw; identities are made up.
#[derive(Default)]
struct Seen {
    nodes: [BTreeMap<String, Value>; 2],
    edges: [Vec<(String, String, Value)>; 2],
}

impl Seen {
    fn gather(cases: &[&Value]) -> Self {
        let mut seen = Self::default();
        for case in cases {
            seen.look(case);
        }
        seen
    }

    fn look(&mut self, case: &Value) {
        let (name, args, result) = (text(case, "fn"), &case["args"], &case["result"]);
        let kind = usize::from(name.starts_with("author") || text(args, "graph") == "AuthorNet");
        let known = |seen: &mut Self, node: &str| {
            seen.nodes[kind].entry(node.to_owned()).or_insert_with(|| json!({}));
        };
        match (name, result) {
            ("paperNodeCheck" | "authorNodeCheck", Value::Object(_)) => {
                self.nodes[kind].insert(text(args, "node").to_owned(), result.clone());
            }
            ("neighbourCheck", Value::Array(others)) => {
                known(self, text(args, "node"));
                for other in others.iter().filter_map(Value::as_str) {
                    known(self, other);
                    self.edges[kind].push((text(args, "node").to_owned(), other.to_owned(), Value::Null));
                }
            }
            ("paperEdgeCheck" | "authorEdgeCheck", found) => {
                let (a, b) = (text(args, "node1"), text(args, "node2"));
                let apart = found.as_str().is_some_and(|why| why.starts_with("There is no edge"));
                if found.is_object() || apart {
                    known(self, a);
                    known(self, b);
                }
                if found.is_object() {
                    self.edges[kind].push((a.to_owned(), b.to_owned(), found.clone()));
                    for paper in
                        found["collaborative_papers"].as_array().into_iter().flatten().filter_map(Value::as_str)
                    {
                        self.nodes[0].entry(paper.to_owned()).or_insert_with(|| json!({}));
                    }
                }
            }
            _ => {}
        }
    }

    fn graphs(&self) -> Result<Graphs, serde_json::Error> {
        let id = |kind: usize, name: &str| format!("{kind}:{name}");
        let net = |kind: usize| {
            let nodes: Map<String, Value> =
                self.nodes[kind].iter().map(|(name, of)| (id(kind, name), of.clone())).collect();
            let mut neighbors: Map<String, Value> = Map::new();
            for (a, b, edge) in &self.edges[kind] {
                let mut edge = edge.clone();
                for paper in edge.get_mut("collaborative_papers").and_then(Value::as_array_mut).into_iter().flatten() {
                    *paper = json!(id(0, paper.as_str().unwrap_or_default()));
                }
                let around = neighbors.entry(id(kind, a)).or_insert_with(|| json!({}));
                let old = around.get(id(kind, b)).filter(|old| !old.is_null());
                if old.is_none() {
                    around[id(kind, b)] = edge;
                }
            }
            json!({"nodes": nodes, "neighbors": neighbors})
        };
        let ids = |kind: usize| -> Map<String, Value> {
            self.nodes[kind].keys().map(|name| (name.clone(), json!(id(kind, name)))).collect()
        };
        let names = |kind: usize| -> Map<String, Value> {
            self.nodes[kind].keys().map(|name| (id(kind, name), json!(name))).collect()
        };
        serde_json::from_value(json!({
            "paper_net": net(0), "author_net": net(1),
            "title2id": ids(0), "id2title": names(0), "author2id": ids(1), "id2author": names(1),
        }))
    }
}

/// What a call gives, and what is logged of it.
fn called(case: &Value, graphs: &Arc<Graphs>) -> Option<(Python, Python)> {
    let mut service = Academia::new(Arc::clone(graphs));
    for (loaded, load) in [("paper_net_loaded", "loadPaperNet"), ("author_net_loaded", "loadAuthorNet")] {
        if case[loaded] == json!(true) {
            service.call(load, &Vec::new()).ok()?;
        }
    }
    let input = Python::from(&case["args"]);
    let name = service.alias(text(case, "fn")).unwrap_or(text(case, "fn"));
    let function = service.functions().iter().find(|function| function.name == name)?;
    let named = function.keys.iter().filter_map(|key| Some((*key, input.get(key)?.clone()))).collect();
    match service.call(function.name, &named) {
        Ok(value) => Some((value.clone(), value)),
        Err(Refused::Told(why)) => {
            let failed = format!("Calling {name} with {input} failed");
            Some((Python::from(why.as_str()), Python::from(failed.as_str())))
        }
        Err(Refused::Raised(_)) => None,
    }
}

/// A finished answer goes through the whole desk.
fn finished(case: &Value, graphs: &Arc<Graphs>) -> bool {
    use task::real_world::World;
    use task::real_world::tools::{Facts, Wanted};
    let wanted = Wanted { results: vec![Python::from(&case["subgoal"])], ..Wanted::default() };
    let mut desk = Facts::new(Academia::new(Arc::clone(graphs)), |_| Python::None, wanted);
    let said = format!("finish with Action Input: {}", Python::from(&case["args"]));
    let shown = desk.act(&said).observation;
    literal_value(&shown) == Some(Python::from(&case["result"])) && desk.progress().won
}

fn academia(case: &Value, graphs: &Arc<Graphs>) -> bool {
    if text(case, "fn") == "finish" {
        return finished(case, graphs);
    }
    called(case, graphs) == Some((Python::from(&case["result"]), Python::from(&case["subgoal"])))
}

#[test]
fn golden_agentboard_tools() -> Result<(), Box<dyn std::error::Error>> {
    let Some(cases) = cases() else {
        println!("golden agentboard tools: skipped, the file is not there");
        return Ok(());
    };
    let of_academia: Vec<&Value> = cases.iter().filter(|case| case["kind"] == "academia").collect();
    let graphs = Arc::new(Seen::gather(&of_academia).graphs()?);
    let mut counts: BTreeMap<&str, (usize, usize)> = BTreeMap::new();
    for case in &cases {
        let is = |got: String, key: &str| case[key].as_str() == Some(got.as_str());
        let passed = match text(case, "kind") {
            "extract" => extract_passes(case),
            "vanilla_parser" => is(stated_action(text(case, "text")), "action"),
            "vanilla_prompt" => prompt(case),
            "progress" => progress(case),
            "academia" => academia(case, &graphs),
            "sheet_match" => sheet(case),
            "sheet_name" => json!(sheet_name(text(case, "text"))) == case["name"],
            "same_location" => same(case),
            "network_error" => case["hit"].as_bool() == Some(network_error(text(case, "text"))),
            "jericho_parse_action" => is(cleaned_action(text(case, "text")), "action"),
            "alfworld_parse_action" => is(household_action(text(case, "text")), "action"),
            kind => return Err(format!("an unknown kind of case: {kind}").into()),
        };
        let count = counts.entry(text(case, "kind")).or_default();
        *count = (count.0 + usize::from(passed), count.1 + 1);
        if !passed {
            println!("differs: {case}");
        }
    }
    for (kind, (passed, all)) in &counts {
        println!("golden agentboard tools: {kind}: {passed} of {all}");
    }
    assert!(counts.values().all(|(passed, all)| passed == all));
    Ok(())
}
