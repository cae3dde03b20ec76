//! What was asked of a run: `run.json`, written once, and the places of its files.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::{Capability, Prompting, Scoring, VariantRecord};

/// The name of the uncompressed variant and of its folder.
pub const DENSE: &str = "dense";

/// Where a model comes from.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ModelSource {
    /// What was typed: a folder, or `pico` for the bundled model.
    pub name: String,
    /// SHA-256 over configuration, tokenizer and weights, hexadecimal.
    pub digest: String,
    /// The longest context, in tokens; absent in runs that did not record it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub context: Option<usize>,
}

/// Where a task's samples come from, and how many there are.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct TaskSource {
    /// The task's name.
    pub task: String,
    /// What it measures.
    pub capability: Capability,
    /// `generated`, or the folder of the official data.
    pub source: String,
    /// How node texts were compared: `lexical`, or an embedder's name; absent where the task compares none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub judge: Option<String>,
    /// Number of samples.
    pub samples: usize,
    /// Rows of the official files that were left out, and why.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub skipped: Vec<String>,
    /// SHA-256 of the samples file.
    pub digest: String,
}

/// What was asked. A run folder is resumed only by a command that asks the same.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct RunRecord {
    /// The program's version.
    pub version: String,
    /// The model.
    pub model: ModelSource,
    /// The variants, dense first.
    pub variants: Vec<VariantRecord>,
    /// The tasks, in the order asked.
    pub tasks: Vec<TaskSource>,
    /// The embedders that compare texts, by language: `en` for all but those that have one of their own. None: spelling.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub embedders: BTreeMap<String, ModelSource>,
    /// The seed of everything that is drawn.
    pub seed: u64,
    /// How replies are scored.
    pub scoring: Scoring,
    /// How often each sample is asked, with other draws each time: each time is a sample of its own, named by
    /// [`Sample::repeated`](crate::Sample::repeated).
    #[serde(default = "once", skip_serializing_if = "is_once")]
    pub epochs: usize,
    /// Sampling settings: temperature, top_p, top_k.
    pub sampling: BTreeMap<String, Value>,
    /// Whether the model's chat template rendered the prompts.
    pub chat_template: bool,
    /// How inputs of linears are rounded where the weights lie here.
    #[serde(default, skip_serializing_if = "Activations::are_stored")]
    pub activations: Activations,
    /// What else made the prompts.
    #[serde(default, skip_serializing_if = "Prompting::is_empty")]
    pub prompting: Prompting,
    /// Verdict margin, a share: 0.03 is 3 points.
    pub margin: f64,
}

/// Which inputs of linears are rounded while a model runs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Activations {
    /// Those of which the checkpoint says it (W8A8, FP8).
    #[default]
    Stored,
    /// Those of weights that are integers of 8 bits or fewer, too: to integers of 8 bits in runs of 32 inputs, of 256 where weights
    /// lie in blocks of 256. So do llama.cpp, on processors, and servers with kernels for W4A8.
    Int8,
    /// Those of bfloat16 weights, too: to bfloat16. So do llama.cpp, on processors, and models that run in bfloat16 elsewhere.
    Bf16,
}

impl Activations {
    /// Whether they are [`Activations::Stored`].
    pub fn are_stored(&self) -> bool {
        *self == Self::Stored
    }

    /// How they are called: `stored`, `int8`, `bf16`.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Stored => "stored",
            Self::Int8 => "int8",
            Self::Bf16 => "bf16",
        }
    }
}

fn once() -> usize {
    1
}

fn is_once(epochs: &usize) -> bool {
    *epochs == 1
}

/// The places of a run's files, in one function each so that every stage agrees.
pub mod run_path {
    use super::{Path, PathBuf};

    /// `run.json`
    pub fn run(root: &Path) -> PathBuf {
        root.join("run.json")
    }

    /// `tasks/<task>.jsonl`: the samples, shared by all variants.
    pub fn samples(root: &Path, task: &str) -> PathBuf {
        root.join("tasks").join(format!("{task}.jsonl"))
    }

    /// `tasks/<task>.assets/`: what samples share, `<digest>` each.
    pub fn assets(root: &Path, task: &str) -> PathBuf {
        root.join("tasks").join(format!("{task}.assets"))
    }

    /// `<variant>/checkpoint/`
    pub fn checkpoint(root: &Path, variant: &str) -> PathBuf {
        root.join(variant).join("checkpoint")
    }

    /// `<variant>/weights.json`: what a checkpoint holds that was made elsewhere.
    pub fn weights(root: &Path, variant: &str) -> PathBuf {
        root.join(variant).join("weights.json")
    }

    /// `<variant>/endpoint.json`: what a served model said of itself.
    pub fn endpoint(root: &Path, variant: &str) -> PathBuf {
        root.join(variant).join("endpoint.json")
    }

    /// `calibration/self.jsonl`: text that the dense model wrote to calibrate on, shared by all variants.
    pub fn own_text(root: &Path) -> PathBuf {
        root.join("calibration").join("self.jsonl")
    }

    /// `<variant>/transcripts/<task>.jsonl`
    pub fn transcripts(root: &Path, variant: &str, task: &str) -> PathBuf {
        root.join(variant).join("transcripts").join(format!("{task}.jsonl"))
    }

    /// `<variant>/transcripts/<task>/<shard>-<generation>.jsonl`: what one worker wrote of a shard under one lease.
    pub fn shard(root: &Path, variant: &str, task: &str, (shard, generation): (usize, u32)) -> PathBuf {
        let folder = transcripts(root, variant, task).with_extension("");
        folder.join(format!("{shard:05}-{generation:03}.jsonl"))
    }

    /// `leases/`: which worker does what.
    pub fn leases(root: &Path) -> PathBuf {
        root.join("leases")
    }

    /// Every transcript file of a task that is there, in order: `<variant>/transcripts/<task>.jsonl`, then what others wrote
    /// beside it, `<variant>/transcripts/<task>/<shard>.jsonl`.
    pub fn transcript_files(root: &Path, variant: &str, task: &str) -> Vec<PathBuf> {
        let first = transcripts(root, variant, task);
        let entries = std::fs::read_dir(first.with_extension("")).into_iter().flatten().flatten();
        let is_shard = |path: &PathBuf| path.extension().is_some_and(|end| end == "jsonl");
        let mut shards: Vec<PathBuf> = entries.map(|entry| entry.path()).filter(is_shard).collect();
        shards.sort();
        [first].into_iter().chain(shards).filter(|path| path.is_file()).collect()
    }

    /// `<variant>/generation.json`: what asking took, a list of [`Effort`](crate::Effort)s.
    pub fn efforts(root: &Path, variant: &str) -> PathBuf {
        root.join(variant).join("generation.json")
    }

    /// `<variant>/scores/<task>.jsonl`
    pub fn scores(root: &Path, variant: &str, task: &str) -> PathBuf {
        root.join(variant).join("scores").join(format!("{task}.jsonl"))
    }

    /// `probes/texts.jsonl`: what every variant reads in a probe.
    pub fn probe_texts(root: &Path) -> PathBuf {
        root.join("probes").join("texts.jsonl")
    }

    /// `probes/probe.json`: how the probes of a run were asked.
    pub fn probe(root: &Path) -> PathBuf {
        root.join("probes").join("probe.json")
    }

    /// `<variant>/probes/`
    pub fn probes(root: &Path, variant: &str) -> PathBuf {
        root.join(variant).join("probes")
    }

    /// `embeddings/<digest>.bin`: the embeddings of one embedder.
    pub fn embeddings(root: &Path, digest: &str) -> PathBuf {
        let short: String = digest.chars().filter(char::is_ascii_alphanumeric).take(12).collect();
        root.join("embeddings").join(format!("{short}.bin"))
    }

    /// `analysis/paired.json`
    pub fn analysis(root: &Path) -> PathBuf {
        root.join("analysis").join("paired.json")
    }

    /// `analysis/behavior.json`
    pub fn behavior(root: &Path) -> PathBuf {
        root.join("analysis").join("behavior.json")
    }

    /// `analysis/probes.json`
    pub fn probe_analysis(root: &Path) -> PathBuf {
        root.join("analysis").join("probes.json")
    }

    /// `analysis/blame-<variant>.json`
    pub fn blame(root: &Path, variant: &str) -> PathBuf {
        root.join("analysis").join(format!("blame-{variant}.json"))
    }

    /// `report/`
    pub fn report(root: &Path) -> PathBuf {
        root.join("report")
    }
}
