//! Writes a checkpoint beside its place, tensor by tensor, so that a killed process loses one block at most.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use model::{Checkpoint, TensorView};
use record::{CompressionRecord, LayerRecord};
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::dense::float_bytes;
use super::gguf;
use super::kept::{KeptTensor, gguf_blocks, keep, widened};
use super::tensor_file::Plan;
use super::weight_file::{Contents, FileKind, WeightFile};
use super::{Format, Mix};
use crate::group::Target;
use crate::recipe::Recipe;
use crate::{CompressError, FloatType, Grid, Scheme};

/// What was done, beside the weights.
const RECORD: &str = "compress.json";
/// How far a walk has come, while it is under way.
const PROGRESS: &str = "progress.json";

/// A linear that will be compressed.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Planned {
    /// `(out, in)`
    pub shape: (usize, usize),
    /// What the dense checkpoint stores it as.
    pub stored: FloatType,
    /// How its weights are quantized; none where they are written as numbers.
    pub scheme: Option<Scheme>,
}

/// What is done to which checkpoint.
pub(crate) struct Done<'a> {
    pub checkpoint: &'a Checkpoint,
    pub recipe: &'a Recipe,
    pub format: Format,
    pub planned: &'a BTreeMap<String, Planned>,
    /// Linears that are not: the head, then what chooses experts.
    pub kept: &'a [String],
    /// A digest of everything that decides the result.
    pub job: String,
}

impl Done<'_> {
    fn mix(&self) -> Option<Mix<'_>> {
        Mix::of(self.recipe.scheme(), self.planned, self.kept)
    }
}

/// A walk under way, as `progress.json` has it.
#[derive(Serialize, Deserialize)]
struct Begun {
    job: String,
    blocks: usize,
    layers: Vec<LayerRecord>,
    warnings: Vec<String>,
}

/// How far an earlier process came.
pub(crate) struct Resumed {
    /// Blocks that are done.
    pub blocks: usize,
    /// The folder that holds them.
    pub part: PathBuf,
}

/// Writes a checkpoint into `<out>.part`, tensor by tensor, and renames it at the end.
pub(crate) struct CheckpointWriter<'a> {
    done: Done<'a>,
    out: PathBuf,
    part: PathBuf,
    file: WeightFile,
    progress: Begun,
    /// Bytes of all tensors that are written.
    bytes: usize,
    /// Weights of the dense checkpoint.
    weights: usize,
    finished: bool,
}

impl<'a> CheckpointWriter<'a> {
    /// Creates the folder and writes all tensors that stay as they are; or goes on with what an earlier process of the
    /// same job left.
    pub fn create(done: Done<'a>, out: &Path) -> Result<Self, CompressError> {
        let taken = fs::read_dir(out).map_or_else(|_| out.exists(), |mut entries| entries.next().is_some());
        let Some(name) = out.file_name().filter(|_| !taken) else {
            return Err(CompressError::OutputExists { path: out.to_owned() });
        };
        let mut beside = name.to_owned();
        beside.push(".part");
        let part = out.with_file_name(beside);
        let (plans, kept) = plans(&done)?;
        let bytes = plans.iter().map(Plan::bytes).sum();
        let names = done.checkpoint.tensor_names().map(|name| done.checkpoint.tensor(name));
        let count = |tensor: TensorView| match gguf_blocks(done.checkpoint, &tensor.name) {
            Some((linear, kind)) => widened(linear, kind, &tensor).shape.iter().product::<usize>(),
            None => tensor.shape.iter().product(),
        };
        let weights = names.map(|tensor| Ok(count(tensor?))).sum::<Result<_, CompressError>>()?;
        let metadata = match done.format.file {
            FileKind::Safetensors => None,
            FileKind::Gguf => Some(gguf::metadata(done.checkpoint, done.mix().map(|mix| mix.scheme).as_ref())?),
        };
        let contents = Contents { metadata, plans };
        let (file, progress) = match resume(&part, &done, &contents)? {
            Some(begun) => begun,
            None => begin(&part, &done, contents, &kept)?,
        };
        Ok(Self { done, out: out.to_owned(), part, file, progress, bytes, weights, finished: false })
    }

    /// How far an earlier process came.
    pub fn resumed(&self) -> Resumed {
        Resumed { blocks: self.progress.blocks, part: self.part.clone() }
    }

    /// The folder that is written.
    pub fn part(&self) -> &Path {
        &self.part
    }

    /// Writes a linear that is compressed.
    ///
    /// # Errors
    /// A full disk.
    pub fn linear(&mut self, done: &Target, record: LayerRecord, warning: Option<String>) -> Result<(), CompressError> {
        let planned = self.done.planned.get(&done.name);
        match (&done.quantized, planned.and_then(|planned| planned.scheme)) {
            (Some(quantized), Some(scheme)) => {
                let scheme = Scheme { grid: quantized.grid, ..scheme };
                let plans = (self.done.format.plans)(&done.name, (quantized.rows, quantized.cols), &scheme);
                for (plan, bytes) in plans.iter().zip((self.done.format.contents)(quantized, &scheme)) {
                    self.file.write(&plan.name, &bytes)?;
                }
            }
            _ => {
                let bytes = float_bytes(done.stored, done.weight.data.iter().copied());
                self.file.write(&format!("{}.weight", done.name), &bytes)?;
            }
        }
        self.progress.layers.push(record);
        self.progress.warnings.extend(warning);
        Ok(())
    }

    /// Writes the new values of a norm, a bias or a router.
    ///
    /// # Errors
    /// A full disk.
    pub fn changed(&mut self, tensor: &str, values: &[f32]) -> Result<(), CompressError> {
        let stored = crate::run::stored_as(self.done.checkpoint, tensor)?;
        self.file.write(tensor, &float_bytes(stored, values.iter().copied()))
    }

    /// Block `index` is compressed: what was written of it is on disk.
    ///
    /// # Errors
    /// A full disk.
    pub fn block(&mut self, index: usize) -> Result<(), CompressError> {
        self.file.flush()?;
        self.progress.blocks = index + 1;
        Ok(record::write_json(&self.part.join(PROGRESS), &self.progress)?)
    }

    /// Writes everything beside the weights, and gives the checkpoint its name.
    ///
    /// `record` comes with what the caller knows; the layers and the shares over them are filled in here.
    pub fn finish(mut self, mut record: CompressionRecord) -> Result<CompressionRecord, CompressError> {
        record.layers = std::mem::take(&mut self.progress.layers);
        record.warnings.append(&mut self.progress.warnings);
        let size = |layer: &LayerRecord| (layer.out_features * layer.in_features) as f64;
        let all = record.layers.iter().map(size).sum::<f64>().max(1.0);
        let mean = |of: fn(&LayerRecord) -> f64| record.layers.iter().map(|l| of(l) * size(l)).sum::<f64>() / all;
        record.effective_bits = mean(|layer| layer.bits);
        record.sparsity = mean(|layer| layer.sparsity);
        record.checkpoint_bits = self.bytes as f64 * 8.0 / self.weights.max(1) as f64;
        for (name, bytes) in self.done.checkpoint.files()? {
            record::write_atomic(&self.part.join(name), &bytes)?;
        }
        if let Some((name, content)) = self.done.format.companion(self.done.mix().as_ref()) {
            record::write_json(&self.part.join(name), &content)?;
        }
        record::write_json(&self.part.join(RECORD), &record)?;
        self.file.sync()?;
        let progress = self.part.join(PROGRESS);
        fs::remove_file(&progress).map_err(CompressError::io("remove", &progress))?;
        if self.out.is_dir() {
            // It is empty; another system than ours may not rename over it.
            fs::remove_dir(&self.out).map_err(CompressError::io("replace", &self.out))?;
        }
        fs::rename(&self.part, &self.out).map_err(CompressError::io("rename", &self.part))?;
        self.finished = true;
        Ok(record)
    }
}

/// All tensors of the new checkpoint, and those that are copied.
fn plans(done: &Done) -> Result<(Vec<Plan>, Vec<KeptTensor>), CompressError> {
    let (mut plans, mut kept) = (Vec::new(), Vec::new());
    for name in done.checkpoint.tensor_names() {
        let tensor = done.checkpoint.tensor(name)?;
        let blocks = gguf_blocks(done.checkpoint, name);
        let linear = name.strip_suffix(".weight").or(blocks.map(|(linear, _)| linear));
        let linear = linear.and_then(|linear| done.planned.get_key_value(linear));
        match (linear, linear.and_then(|(_, planned)| planned.scheme)) {
            (Some((linear, planned)), Some(scheme)) => {
                let grid = Grid { scale_type: done.format.scales(planned.stored), ..scheme.grid };
                plans.extend((done.format.plans)(linear, planned.shape, &Scheme { grid, ..scheme }));
            }
            // Another format than GGUF has no such blocks, and what was changed is no longer what they stood for.
            (linear, _) => {
                let plan = match blocks.filter(|_| linear.is_some() || done.format.file != FileKind::Gguf) {
                    Some((linear, kind)) => widened(linear, kind, &tensor),
                    None => Plan { name: name.to_owned(), dtype: tensor.dtype, shape: tensor.shape.clone() },
                };
                kept.extend(linear.is_none().then_some(KeptTensor { plan: plan.clone(), tensor }));
                plans.push(plan);
            }
        }
    }
    Ok((plans, kept))
}

/// What an earlier process left, where it did the same job.
fn resume(part: &Path, done: &Done, contents: &Contents) -> Result<Option<(WeightFile, Begun)>, CompressError> {
    let Ok(progress) = record::read_json::<Begun>(&part.join(PROGRESS)) else { return Ok(None) };
    if progress.job != done.job {
        return Ok(None);
    }
    Ok(WeightFile::reopen(part, contents)?.map(|file| (file, progress)))
}

/// Begins a folder anew.
fn begin(
    part: &Path,
    done: &Done,
    contents: Contents,
    kept: &[KeptTensor],
) -> Result<(WeightFile, Begun), CompressError> {
    if part.exists() {
        fs::remove_dir_all(part).map_err(CompressError::io("remove", part))?;
    }
    fs::create_dir_all(part).map_err(CompressError::io("create", part))?;
    let write = || -> Result<(WeightFile, Begun), CompressError> {
        let mut file = WeightFile::create(part, contents)?;
        for one in kept {
            keep(&mut file, done.checkpoint, one)?;
        }
        let mut config = done.checkpoint.config_json().clone();
        if let Value::Object(config) = &mut config {
            // Its blocks are not kept: what they stand for is compressed.
            if config.get("quantization_config").is_some_and(|how| how["quant_method"] == "mxfp4") {
                config.remove("quantization_config");
            }
            done.format.configure(config, done.mix().as_ref(), done.recipe.kv_bits());
        }
        record::write_json(&part.join("config.json"), &config)?;
        let progress = Begun { job: done.job.clone(), blocks: 0, layers: Vec::new(), warnings: Vec::new() };
        file.flush()?;
        record::write_json(&part.join(PROGRESS), &progress)?;
        Ok((file, progress))
    };
    write().inspect_err(|_| {
        // The error at hand says more than one about the clean-up would.
        let _ = fs::remove_dir_all(part);
    })
}

impl Drop for CheckpointWriter<'_> {
    /// What has not finished a block is of no use to a later process.
    fn drop(&mut self) {
        if !self.finished && self.progress.blocks == 0 {
            // The error that brought us here says more than one about the clean-up would.
            let _ = fs::remove_dir_all(&self.part);
        }
    }
}
