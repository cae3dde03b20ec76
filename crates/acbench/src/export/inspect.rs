//! Inspect 0.3: `<date>_<task>_<id>.eval`, a ZIP archive a task, in a folder a variant.
//!
//! A sample that failed has an error and no score, as Inspect has it, and is in no mean. `messages` are the conversation as
//! the model saw it in its last turn, and its last reply.

use std::fs::{self, File};
use std::io::{BufWriter, Write};
use std::path::{Path, PathBuf};

use record::{Finish, Message, Outcome, Role, TaskSource};
use serde_json::{Map, Value, json};
use zip::ZipWriter;
use zip::write::SimpleFileOptions;

use super::{Item, Items, Mean, date, file_name, io, model_name, task_version};
use crate::Error;
use crate::run::Run;

/// The one scorer.
const SCORER: &str = "score";
/// Characters of a text in the summaries.
const SHOWN: usize = 1000;

pub(super) fn write(run: &Run, folder: &Path) -> Result<Vec<PathBuf>, Error> {
    let mut written = Vec::new();
    for variant in &run.record.variants {
        let folder = folder.join(file_name(&model_name(run, &variant.name)));
        for task in &run.record.tasks {
            written.push(Log::of(run, &variant.name, task).write(&folder)?);
        }
    }
    Ok(written)
}

/// What is written of one variant and task.
struct Log<'a> {
    run: &'a Run,
    variant: &'a str,
    task: &'a TaskSource,
    model: String,
    /// When the run began: `2026-03-14T09:26:53+00:00`.
    created: String,
    /// From what was asked: the same run gives the same one.
    id: String,
}

/// What the samples of a log add up to.
#[derive(Default)]
struct Sums {
    all: usize,
    mean: Mean,
    read: usize,
    written: usize,
}

/// An archive that is written.
type Archive = ZipWriter<BufWriter<File>>;

impl<'a> Log<'a> {
    fn of(run: &'a Run, variant: &'a str, task: &'a TaskSource) -> Self {
        let model = model_name(run, variant);
        let text = [&model, &run.record.model.digest, &task.task, &task.digest].map(String::as_str).join("\n");
        let id = record::digest(text.as_bytes()).chars().take(22).collect();
        Self { run, variant, task, model, created: format!("{}+00:00", date(run)), id }
    }

    /// Writes the archive beside its place, then puts it there.
    fn write(&self, folder: &Path) -> Result<PathBuf, Error> {
        let name = format!("{}_{}_{}.eval", self.created.replace(':', "-"), self.task.task.replace('_', "-"), self.id);
        let path = folder.join(file_name(&name));
        let beside = path.with_extension("eval.part");
        let failed = io(&path);
        fs::create_dir_all(folder).map_err(&failed)?;
        let mut archive = ZipWriter::new(BufWriter::new(File::create(&beside).map_err(&failed)?));
        self.members(&mut archive, &failed)?;
        let file = archive.finish().map_err(|error| failed(error.into()))?;
        file.into_inner().map_err(|error| failed(error.into_error()))?.sync_all().map_err(&failed)?;
        fs::rename(&beside, &path).map_err(&failed)?;
        Ok(path)
    }

    fn members(&self, archive: &mut Archive, failed: &dyn Fn(std::io::Error) -> Error) -> Result<(), Error> {
        let (eval, plan) = (self.eval(), json!({"name": "plan", "steps": []}));
        let start = json!({"version": 2, "eval": eval, "plan": plan});
        member(archive, "_journal/start.json", &start).map_err(failed)?;
        let mut sums = Sums::default();
        for item in self.items()? {
            let item = item?;
            sums.add(&item);
            let name = format!("samples/{}_epoch_1.json", item.sample.id);
            member(archive, &name, &self.sample(&item)).map_err(failed)?;
        }
        self.list(archive, ("summaries.json", "[", "]"), failed, |item| Some(self.summary(item)))?;
        let opened = format!("[{{\"scorer\":\"{SCORER}\",\"samples\":[");
        self.list(archive, ("reductions.json", &opened, "]}]"), failed, |item| {
            item.value().map(|value| json!({"sample_id": item.sample.id, "value": value}))
        })?;
        let header = json!({
            "version": 2, "status": "success", "eval": eval, "plan": plan,
            "results": results(&sums), "stats": self.stats(&sums),
        });
        member(archive, "header.json", &header).map_err(failed)
    }

    fn items(&self) -> Result<Items, Error> {
        Items::open(self.run, self.variant, self.task)
    }

    /// A member that is a list over all samples, value by value.
    fn list(
        &self,
        archive: &mut Archive,
        (name, before, after): (&str, &str, &str),
        failed: &dyn Fn(std::io::Error) -> Error,
        each: impl Fn(&Item) -> Option<Value>,
    ) -> Result<(), Error> {
        archive.start_file(name, packed()).map_err(|error| failed(error.into()))?;
        let mut separator = before.to_owned();
        for item in self.items()? {
            if let Some(value) = each(&item?) {
                write!(archive, "{separator}{value}").map_err(failed)?;
                ",".clone_into(&mut separator);
            }
        }
        let rest = if separator == "," { "" } else { before };
        write!(archive, "{rest}{after}").map_err(failed)
    }

    fn eval(&self) -> Value {
        let record = &self.run.record;
        let settings: Map<String, Value> = ["temperature", "top_p", "top_k"]
            .into_iter()
            .filter_map(|name| Some((name.to_owned(), record.sampling.get(name)?.clone())))
            .filter(|(_, value)| value.is_number())
            .collect();
        json!({
            "eval_id": self.id, "run_id": self.id, "created": self.created,
            "task": self.task.task, "task_id": self.id, "task_version": task_version(self.run, self.task),
            "task_args": {},
            "dataset": {"name": self.task.source, "samples": self.task.samples, "shuffled": false},
            "model": format!("acbench/{}", self.model),
            "model_generate_config": settings,
            "model_args": {},
            "config": {"epochs": 1},
            "packages": {"acbench": record.version},
            "metadata": {
                "variant": self.variant, "capability": self.task.capability.as_str(), "seed": record.seed,
                "samples_digest": self.task.digest,
            },
            "scorers": [{"name": SCORER, "options": {"scoring": record.scoring.to_string()}}],
        })
    }

    fn stats(&self, sums: &Sums) -> Value {
        let usage = usage(sums.read, sums.written);
        json!({"started_at": self.created, "completed_at": self.created, "model_usage": {&self.model: usage}})
    }

    fn sample(&self, item: &Item) -> Value {
        let last = item.said.steps.last();
        let mut conversation = Vec::new();
        for step in &item.said.steps {
            step.show(&mut conversation);
            conversation.push(step.reply.message());
        }
        let choices: Vec<Value> = last
            .map(|step| {
                let reason = if step.reply.finish == Finish::Length { "max_tokens" } else { "stop" };
                json!({"message": message(&step.reply.message()), "stop_reason": reason})
            })
            .into_iter()
            .collect();
        let (read, written) = tokens(item);
        let mut sample = json!({
            "id": item.sample.id,
            "epoch": 1,
            "input": messages(item.prompt()),
            "target": item.target(),
            "messages": messages(&conversation),
            "output": {"model": self.model, "choices": choices, "completion": item.said.last_reply()},
            "scores": scores(item),
            "metadata": {"cluster": item.score.cluster, "tags": item.score.tags, "turns": item.said.steps.len()},
            "model_usage": {&self.model: usage(read, written)},
        });
        if let Outcome::Failed { reason, .. } = &item.score.outcome {
            sample["error"] = json!({"message": reason, "traceback": "", "traceback_ansi": ""});
        }
        sample
    }

    fn summary(&self, item: &Item) -> Value {
        let asked = item.prompt().last().map_or("", |message| message.content.as_str());
        let mut summary = json!({
            "id": item.sample.id,
            "epoch": 1,
            "input": clipped(asked),
            "target": clipped(&item.target()),
            "scores": item.value().map_or(json!({}), |value| json!({SCORER: {"value": value}})),
            "completed": true,
            "message_count": item.prompt().len() + item.said.steps.len(),
            "turn_count": item.said.steps.len(),
        });
        if let Outcome::Failed { reason, .. } = &item.score.outcome {
            summary["error"] = json!(clipped(reason));
        }
        summary
    }
}

impl Sums {
    fn add(&mut self, item: &Item) {
        let (read, written) = tokens(item);
        self.all += 1;
        self.read += read;
        self.written += written;
        item.value().into_iter().for_each(|value| self.mean.add(value));
    }
}

fn packed() -> SimpleFileOptions {
    SimpleFileOptions::default().compression_method(zip::CompressionMethod::Deflated)
}

fn member(archive: &mut Archive, name: &str, value: &Value) -> std::io::Result<()> {
    archive.start_file(name, packed())?;
    write!(archive, "{value}")
}

/// Tokens of all prompts and replies of a sample.
fn tokens(item: &Item) -> (usize, usize) {
    let replies = || item.said.steps.iter().map(|step| &step.reply);
    (replies().map(|reply| reply.prompt_tokens).sum(), replies().map(|reply| reply.completion_tokens).sum())
}

fn usage(read: usize, written: usize) -> Value {
    json!({"input_tokens": read, "output_tokens": written, "total_tokens": read + written})
}

fn results(sums: &Sums) -> Value {
    let metric = |name: &str, value: f64| json!({"name": name, "value": value, "params": {}});
    let mut metrics = Map::new();
    if sums.mean.n > 0 {
        metrics.insert("mean".to_owned(), metric("mean", sums.mean.mean));
    }
    if let Some(error) = sums.mean.error() {
        metrics.insert("stderr".to_owned(), metric("stderr", error));
    }
    json!({
        "total_samples": sums.all,
        "completed_samples": sums.mean.n,
        "scores": [{
            "name": SCORER, "scorer": SCORER, "params": {}, "metrics": metrics,
            "scored_samples": sums.mean.n, "unscored_samples": sums.all - sums.mean.n,
        }],
    })
}

/// The score of a sample; none of one that failed.
fn scores(item: &Item) -> Value {
    let Some(value) = item.value() else { return json!({}) };
    json!({SCORER: {
        "value": value,
        "answer": item.said.last_reply(),
        "explanation": item.score.reason,
        "metadata": {"metrics": item.score.metrics, "fault": item.score.fault},
    }})
}

fn messages(all: &[Message]) -> Vec<Value> {
    all.iter().map(message).collect()
}

/// A message in Inspect's form. A `function` of T-Eval was shown as the user's turn, and so was a text without conversation.
fn message(message: &Message) -> Value {
    let role = match message.role {
        Role::System => "system",
        Role::User | Role::Function | Role::Raw => "user",
        Role::Assistant => "assistant",
        Role::Tool => "tool",
    };
    let content = match &message.reasoning_content {
        Some(thought) => json!([
            {"type": "reasoning", "reasoning": thought},
            {"type": "text", "text": message.content},
        ]),
        None => json!(message.content),
    };
    let mut written = json!({"role": role, "content": content});
    if message.role == Role::Assistant && !message.tool_calls.is_empty() {
        let calls = message.tool_calls.iter().enumerate().map(|(at, call)| {
            let arguments = match &call.arguments {
                object @ Value::Object(_) => object.clone(),
                other => json!({"arguments": other}),
            };
            let id = call.id.clone().unwrap_or_else(|| format!("call_{at}"));
            json!({"id": id, "function": call.name, "arguments": arguments, "type": "function"})
        });
        written["tool_calls"] = calls.collect();
    }
    if message.role == Role::Tool {
        let known = [("tool_call_id", &message.tool_call_id), ("function", &message.name)];
        known.into_iter().for_each(|(name, value)| {
            if let Some(value) = value {
                written[name] = json!(value);
            }
        });
    }
    written
}

fn clipped(text: &str) -> String {
    text.chars().take(SHOWN).collect()
}
