//! Which files of a folder hold its weights: `model.safetensors`, or the shards that an index names.
//!
//! As in transformers, a single file comes before an index, an index says which files there are and not which tensors, and
//! of a tensor that lies in two shards the one in the later file counts. Unlike there, a single file that lacks tensors is
//! passed over where the shards have them: the rest of it would be drawn at random.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use serde_json::Value;

use crate::checkpoint::files::{DOWNLOAD, Files, damaged};
use crate::checkpoint::tensors::Tensors;
use crate::{Bytes, ModelError};

pub(crate) const WEIGHTS: &str = "model.safetensors";
pub(crate) const INDEX: &str = "model.safetensors.index.json";

impl Tensors {
    /// Reads the headers of a folder's weight files. `complete` tells whether some tensors are all that are needed.
    ///
    /// # Errors
    /// A folder without weights that can be read, and why; a file that is damaged.
    pub fn read(files: &Files, complete: &dyn Fn(&Tensors) -> bool) -> Result<Self, ModelError> {
        let single = files.find(WEIGHTS)?;
        let index = if files.find(INDEX)?.is_some() { Some(Index::read(files)) } else { None };
        match (single, index) {
            (Some(bytes), None) => Self::of_single(files, bytes),
            (Some(bytes), Some(index)) => Self::of_either(files, bytes, index, complete),
            (None, Some(index)) => index?.tensors(files),
            (None, None) => Err(no_weights(files)),
        }
    }

    fn of_single(files: &Files, bytes: Bytes) -> Result<Self, ModelError> {
        let mut tensors = Self::default();
        tensors.add_shard(files.path(WEIGHTS), bytes)?;
        Ok(tensors)
    }

    /// The tensors of a folder that has a single file and an index.
    fn of_either(
        files: &Files,
        bytes: Bytes,
        index: Result<Index, ModelError>,
        complete: &dyn Fn(&Tensors) -> bool,
    ) -> Result<Self, ModelError> {
        let mut single = Self::of_single(files, bytes);
        let shards = match index {
            Ok(index) if index.shards.iter().all(|shard| shard == WEIGHTS) => return single,
            Ok(index) => index.tensors(files),
            Err(problem) => Err(problem),
        };
        let whole = |tensors: &Result<Tensors, ModelError>| tensors.as_ref().is_ok_and(complete);
        let folder = place(files);
        if !whole(&single) && whole(&shards) {
            return shards.map(|mut shards| {
                let lack = single.err().map_or("lacks tensors that the shards have".to_owned(), |why| why.to_string());
                shards.notes.push(format!(
                    "{}: the shards of {INDEX} are read; {WEIGHTS} beside them is left over from something else ({lack}) \
                     and can be removed",
                    folder.display()
                ));
                shards
            });
        }
        if let Ok(single) = &mut single {
            single.notes.push(format!(
                "{}: {WEIGHTS} is read, as transformers does, and {INDEX} with its shards is not; remove the one that is \
                 not the model",
                folder.display()
            ));
        }
        single
    }
}

/// What `model.safetensors.index.json` says.
struct Index {
    /// The shards by name.
    shards: BTreeSet<String>,
    /// The shard of each tensor.
    tensors: BTreeMap<String, String>,
}

impl Index {
    fn read(files: &Files) -> Result<Self, ModelError> {
        let path = files.path(INDEX);
        let index = files.json(INDEX, DOWNLOAD)?;
        let Some(map) = index.get("weight_map").and_then(Value::as_object) else {
            return Err(damaged(&path, "it has no `weight_map`", DOWNLOAD));
        };
        let mut tensors = BTreeMap::new();
        for (tensor, shard) in map {
            let Some(shard) = shard.as_str().filter(|shard| is_plain_name(shard)) else {
                let why = format!("tensor `{tensor}` should lie in a file beside it and lies in {shard}");
                return Err(damaged(&path, why, DOWNLOAD));
            };
            tensors.insert(tensor.clone(), shard.to_owned());
        }
        Ok(Self { shards: tensors.values().cloned().collect(), tensors })
    }

    /// The tensors of all shards that are there. What is promised and not there is an error once it is needed.
    fn tensors(self, files: &Files) -> Result<Tensors, ModelError> {
        let mut all = Tensors::default();
        for shard in &self.shards {
            if let Some(bytes) = files.find(shard)? {
                all.add_shard(files.path(shard), bytes)?;
            }
        }
        let absent = self.tensors.into_iter().filter(|(name, _)| !all.has(name));
        all.absent = absent.map(|(name, shard)| (name, files.path(&shard))).collect();
        Ok(all)
    }
}

/// What the folder is called in messages.
fn place(files: &Files) -> PathBuf {
    files.folder().map_or_else(|| files.path(""), Path::to_owned)
}

/// Whether an index may name this file: a plain name, so that nothing outside the folder is read.
fn is_plain_name(name: &str) -> bool {
    !name.contains(['/', '\\']) && Path::new(name).file_name().is_some_and(|file| file == name)
}

/// A kind of file that a folder may have where its weights should be.
struct Instead {
    is: fn(&str) -> bool,
    what: &'static str,
    cure: &'static str,
}

/// Where there is none of these either.
const NOTHING: &str = "a checkpoint has it, or model.safetensors.index.json with its shards, or is one .gguf file; download \
     them, or convert the model with transformers' save_pretrained";

const INSTEAD: [Instead; 6] = [
    Instead {
        is: |name| name == "adapter_model.safetensors",
        what: "a LoRA adapter and not a model",
        cure: "merge it into the model that it was trained on (peft: merge_and_unload, then save_pretrained) and give that \
               folder",
    },
    Instead {
        is: |name| name.starts_with("consolidated") && name.ends_with(".safetensors"),
        what: "Mistral's own layout, whose tensors have other names",
        cure: "download the repository's model*.safetensors, model.safetensors.index.json and config.json too",
    },
    Instead {
        is: |name| name.starts_with("model-") && name.contains("-of-") && name.ends_with(".safetensors"),
        what: "a shard without the index that lists all of them",
        cure: "download model.safetensors.index.json from the same repository",
    },
    Instead {
        is: |name| name.ends_with(".safetensors"),
        what: "not called model.safetensors, as transformers wants it too",
        cure: "rename it if it holds the whole model",
    },
    Instead {
        is: |name| [".bin", ".pt", ".pth", ".ckpt"].iter().any(|end| name.ends_with(end)),
        what: "a pickle, which can run programs and is never read",
        cure: "take a repository or a revision (@refs/pr/N) with safetensors, or convert it with transformers: \
               AutoModelForCausalLM.from_pretrained(DIR).save_pretrained(NEW_DIR)",
    },
    Instead {
        is: |name| [".h5", ".msgpack", ".onnx"].iter().any(|end| name.ends_with(end)),
        what: "of another framework",
        cure: "download the repository's safetensors",
    },
];

/// The error that a folder has no weights under the names that are looked for: what it has instead, and what to do.
fn no_weights(files: &Files) -> ModelError {
    let folder = place(files);
    let entries = std::fs::read_dir(&folder).into_iter().flatten().flatten();
    let mut names: Vec<String> = entries.map(|entry| entry.file_name().to_string_lossy().into_owned()).collect();
    names.sort();
    let found = INSTEAD.iter().find_map(|kind| names.iter().find(|name| (kind.is)(name)).map(|name| (name, kind)));
    match found {
        Some((name, kind)) => {
            ModelError::NoWeights { folder, found: format!("{name} is {}", kind.what), cure: kind.cure.to_owned() }
        }
        None => ModelError::Missing { path: files.path(WEIGHTS), cure: NOTHING },
    }
}
