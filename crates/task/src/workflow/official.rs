//! WorfBench's own files: `<set>/graph_eval.json`, also below `gold_traj/`.

use std::collections::{BTreeMap, HashSet};
use std::path::{Path, PathBuf};

use record::{Message, Role, Sample};
use serde::Deserialize;
use serde_json::json;

use super::few_shot::FewShot;
use super::{Switches, parse, topological_orders};
use crate::rows::{Rows, deal};
use crate::text::read_json;
use crate::{BadRows, Drawn, Files, TaskError};

/// The nine sets; the last three are held out in the paper.
const SETS: [&str; 9] =
    ["wikihow", "toolbench", "toolalpaca", "lumos", "alfworld", "webshop", "os", "seal_tools", "intercodesql"];

/// Where the data set comes from.
pub(super) const FILES: &[Files] = &[Files {
    names: &["<set>/graph_eval.json of one or more of the nine sets"],
    source: "the data set zjunlp/WorFBench_test of the Hugging Face hub, or a checkout of zjunlp/WorfBench",
    license: "the code MIT; the texts keep those of their sources: wikihow CC BY-NC-SA (not for commercial use); \
              toolbench, toolalpaca, lumos, os (AgentBench) and seal_tools Apache-2.0; alfworld, webshop and \
              intercodesql MIT; check them at the source before you pass texts on",
    put: "name the folder that holds them",
}];

/// The most tokens of a reply (WorfBench's setting).
const MAX_TOKENS: usize = 1024;

#[derive(Deserialize)]
struct Row {
    id: String,
    conversations: Vec<Message>,
}

/// The samples of all sets in the folder, one set after the other in turn, so that the first few cover all sets.
///
/// Zero-shot, unless there are examples of the set in the user's checkout of the benchmark (`prompts/eval_prompt.py`
/// in the folder or up to 3 folders above) or in a `few_shot.json` in the folder: `{"examples": {"<set>": [{"role":
/// .., "content": ..}, ..]}, "turn": "text put before the question"}`.
pub(super) fn load(folder: &Path, bad_rows: BadRows, limit: Option<usize>) -> Result<Drawn, TaskError> {
    let few_shot = FewShot::find(folder)?;
    let mut rows = Rows::new(bad_rows);
    let mut sets = Vec::new();
    for set in SETS {
        if let Some(path) = find(folder, set) {
            sets.push(load_set(set, &path, &few_shot, &mut rows)?);
        }
    }
    if sets.is_empty() {
        let path = folder.join(SETS[0]).join("graph_eval.json");
        return Err(TaskError::Missing { task: "worfbench", path, files: FILES });
    }
    let mut dealt = deal(sets, limit);
    let mut ids = HashSet::new();
    for sample in &mut dealt {
        let set = sample.tags.get("set").and_then(|set| set.as_str()).unwrap_or_default();
        if !ids.insert(sample.id.clone()) {
            let id = format!("{set}/{}", sample.id);
            if !ids.insert(id.clone()) {
                return Err(format(folder, id, "two rows have this id"));
            }
            sample.id = id;
        }
    }
    Ok(rows.drawn(dealt))
}

fn find(folder: &Path, set: &str) -> Option<PathBuf> {
    let below = [folder.join(set), folder.join("gold_traj").join(set)];
    let itself = (folder.file_name().is_some_and(|name| name == set)).then(|| folder.to_owned());
    below.into_iter().chain(itself).map(|place| place.join("graph_eval.json")).find(|path| path.is_file())
}

fn load_set(set: &str, path: &Path, few_shot: &FewShot, kept: &mut Rows) -> Result<Vec<Sample>, TaskError> {
    let rows: Vec<serde_json::Value> = read_json(path)?;
    let mut samples = Vec::new();
    for (index, row) in rows.into_iter().enumerate() {
        let id = row.get("id").and_then(|id| id.as_str()).unwrap_or("without id").to_owned();
        let place = || format!("row {} ({id})", index + 1);
        let row = serde_json::from_value(row).map_err(|error| error.to_string());
        let sample = row.and_then(|row: Row| sample(set, row, few_shot));
        samples.extend(kept.keep(sample.map_err(|problem| format(path, place(), problem)))?);
    }
    Ok(samples)
}

fn sample(set: &str, row: Row, few_shot: &FewShot) -> Result<Sample, String> {
    let mut messages = row.conversations;
    let gold = messages.pop().filter(|last| last.role == Role::Assistant);
    let gold = gold.ok_or("the last message is not the assistant's gold workflow")?.content;
    if messages.last().is_none_or(|last| last.role != Role::User) {
        return Err("no user message comes before the gold workflow".to_owned());
    }
    few_shot.show(set, &mut messages);
    check(&gold)?;
    Ok(Sample {
        id: row.id,
        task: "worfbench".to_owned(),
        messages,
        examples: 0,
        tools: Vec::new(),
        input: serde_json::Value::Null,
        assets: Vec::new(),
        gold: json!({ "workflow": gold }),
        max_tokens: MAX_TOKENS,
        stop: Vec::new(),
        cluster: None,
        tags: BTreeMap::from([("set".to_owned(), json!(set))]),
    })
}

/// A gold workflow must have steps, edges between them, and an order, whichever way it is read.
pub(super) fn check(workflow: &str) -> Result<(), String> {
    for corrected in [true, false] {
        let graph = parse(workflow, &Switches::all(corrected)).map_err(|failure| format!("the gold is {failure}"))?;
        if graph.steps().is_empty() {
            return Err("the gold workflow has no steps".to_owned());
        }
        topological_orders(graph.nodes.len(), &graph.edges, 1)
            .map_err(|_| "the gold workflow has a cycle, or an edge to a step that it does not list")?;
    }
    Ok(())
}

fn format(path: &Path, place: String, problem: impl ToString) -> TaskError {
    TaskError::Format { path: path.to_owned(), place, problem: problem.to_string() }
}
