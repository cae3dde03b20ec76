//! lm-evaluation-harness 0.4.13: `results_<date>.json` and `samples_<task>_<date>.jsonl`, a folder a variant.
//!
//! Every line is of the filter `none` and the metric `score`; a sample that failed has no score, and is in no mean. A
//! conversation of several turns is there with its first prompt and its last reply.

use std::path::{Path, PathBuf};

use record::{Analysis, Digest, JsonlWriter, TaskSource};
use serde_json::{Map, Value, json};

use super::{Item, Items, Mean, date, file_name, model_name, task_version};
use crate::Error;
use crate::run::Run;

/// The name of the headline value.
const METRIC: &str = "score";

pub(super) fn write(run: &Run, analysis: &Analysis, folder: &Path) -> Result<Vec<PathBuf>, Error> {
    let date = date(run).replace(':', "-");
    let mut written = Vec::new();
    for variant in &run.record.variants {
        let name = model_name(run, &variant.name);
        let folder = folder.join(file_name(&name));
        let mut results = header(run, &name, &variant.name);
        for task in &run.record.tasks {
            let path = folder.join(format!("samples_{}_{date}.jsonl", file_name(&task.task)));
            let found = samples(run, &variant.name, task, &path)?;
            add(&mut results, run, task, &found);
            let of = analysis.summaries.iter().find(|one| one.variant == variant.name && one.task == task.task);
            for (metric, mean) in of.into_iter().flat_map(|one| &one.metrics).filter(|(name, _)| *name != METRIC) {
                results["results"][&task.task][format!("{metric},none")] = json!(mean);
            }
            written.push(path);
        }
        // Last: a folder with results has its samples.
        let path = folder.join(format!("results_{date}.json"));
        record::write_json(&path, &results)?;
        written.push(path);
    }
    Ok(written)
}

/// What the results file says once.
fn header(run: &Run, name: &str, variant: &str) -> Value {
    let model_args = json!({"pretrained": run.record.model.name, "variant": variant});
    let empty = || Value::Object(Map::new());
    json!({
        "results": empty(), "group_subtasks": empty(), "configs": empty(), "versions": empty(), "n-shot": empty(),
        "higher_is_better": empty(), "n-samples": empty(),
        "config": {
            "model": "acbench",
            "model_args": model_args,
            "limit": null,
            "gen_kwargs": run.record.sampling,
            "random_seed": run.record.seed,
        },
        "task_hashes": empty(),
        "model_source": "acbench",
        "model_name": name,
        "model_name_sanitized": file_name(name),
        "acbench_version": run.record.version,
    })
}

/// What the lines of a task add up to.
struct Found {
    all: usize,
    mean: Mean,
    hashes: String,
}

fn samples(run: &Run, variant: &str, task: &TaskSource, path: &Path) -> Result<Found, Error> {
    let mut file = JsonlWriter::create(path)?;
    let (mut all, mut mean, mut hashes) = (0, Mean::default(), Digest::default());
    for item in Items::open(run, variant, task)? {
        let item = item?;
        let line = line(all, task, &item);
        for name in ["doc_hash", "prompt_hash", "target_hash"] {
            hashes.update(line[name].as_str().unwrap_or_default().as_bytes());
        }
        item.value().into_iter().for_each(|value| mean.add(value));
        file.push(&line)?;
        all += 1;
    }
    file.finish()?;
    Ok(Found { all, mean, hashes: hashes.hex() })
}

/// One line. All texts are texts, whatever the task: readers of columns want one type in each.
fn line(at: usize, task: &TaskSource, item: &Item) -> Value {
    let doc = json!({
        "id": item.sample.id,
        "task": task.task,
        "cluster": item.score.cluster.clone().unwrap_or_default(),
    });
    let messages: Vec<Value> = item
        .prompt()
        .iter()
        .map(|message| json!({"role": message.role.as_str(), "content": message.content}))
        .collect();
    let prompt = Value::from(messages).to_string();
    let (target, reply) = (item.target(), item.said.last_reply());
    json!({
        "doc_id": at,
        "doc_hash": hash(&python_json(&doc)),
        "prompt_hash": hash(&prompt),
        "target_hash": hash(&target),
        "doc": doc,
        "target": target,
        "arguments": {"gen_args_0": {
            "arg_0": [prompt],
            "arg_1": {"max_gen_toks": item.sample.max_tokens, "until": item.sample.stop},
        }},
        "resps": [[reply]],
        "filtered_resps": [reply],
        "filter": "none",
        "metrics": [METRIC],
        METRIC: item.value(),
    })
}

/// As Python's `json.dumps(value, indent=2, ensure_ascii=False)`, of objects of texts.
fn python_json(value: &Value) -> String {
    format!("{value:#}")
}

fn hash(text: &str) -> String {
    record::digest(text.as_bytes())
}

/// Adds a task to the results.
fn add(results: &mut Value, run: &Run, task: &TaskSource, found: &Found) {
    let (name, version, shots) = (&task.task, task_version(run, task), run.record.prompting.num_fewshot.unwrap_or(0));
    results["results"][name] = json!({
        "name": name,
        "alias": name,
        "sample_len": found.all,
        format!("{METRIC},none"): if found.mean.n > 0 { json!(found.mean.mean) } else { json!("N/A") },
        format!("{METRIC}_stderr,none"): found.mean.error().map_or(json!("N/A"), |error| json!(error)),
    });
    results["configs"][name] = json!({
        "task": name,
        "dataset_path": task.source,
        "output_type": "generate_until",
        "metric_list": [{"metric": METRIC, "aggregation": "mean", "higher_is_better": true}],
        "generation_kwargs": run.record.sampling,
        "repeats": 1,
        "num_fewshot": shots,
        "metadata": {"version": version, "capability": task.capability.as_str(), "digest": task.digest},
    });
    results["versions"][name] = json!(version);
    results["n-shot"][name] = json!(shots);
    results["higher_is_better"][name] = json!({METRIC: true});
    results["n-samples"][name] = json!({"original": found.all, "effective": found.mean.n});
    results["task_hashes"][name] = json!(found.hashes);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn documents_are_hashed_as_python_prints_them() {
        let printed = python_json(&json!({"id": "a\"\n\u{1}ä\u{7f}", "n": ""}));
        assert_eq!(printed, "{\n  \"id\": \"a\\\"\\n\\u0001ä\u{7f}\",\n  \"n\": \"\"\n}");
    }
}
