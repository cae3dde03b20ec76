//! Checkpoints on disk: what was compressed as compressed-tensors or dense, everything else byte for byte.

pub(crate) mod pack_quantized;
mod tensor_file;

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use model::{Block, Checkpoint};
use record::{CompressionRecord, LayerRecord};
use serde_json::Value;

use crate::group::Target;
use crate::walk::Sink;
use crate::{CompressError, FloatType, Grid, Scheme};
use tensor_file::{Plan, TensorFile};

/// The weights of a checkpoint.
const WEIGHTS: &str = "model.safetensors";
/// What was done, beside the weights.
const RECORD: &str = "compress.json";

/// A linear that will be compressed.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Planned {
    /// `(out, in)`
    pub shape: (usize, usize),
    /// What the dense checkpoint stores it as.
    pub stored: FloatType,
}

/// Writes a checkpoint into `<out>.part`, tensor by tensor, and renames it at the end.
pub(crate) struct CheckpointWriter<'a> {
    checkpoint: &'a Checkpoint,
    out: PathBuf,
    part: PathBuf,
    scheme: Option<Scheme>,
    file: TensorFile,
    /// Bytes of all tensors that are written.
    bytes: usize,
    /// Weights of the dense checkpoint.
    weights: usize,
    layers: Vec<LayerRecord>,
    warnings: Vec<String>,
    done: bool,
}

impl<'a> CheckpointWriter<'a> {
    /// Creates the folder and writes all tensors that stay as they are.
    pub fn create(
        checkpoint: &'a Checkpoint,
        out: &Path,
        scheme: Option<Scheme>,
        planned: &BTreeMap<String, Planned>,
    ) -> Result<Self, CompressError> {
        let taken = fs::read_dir(out).map_or_else(|_| out.exists(), |mut entries| entries.next().is_some());
        let Some(name) = out.file_name().filter(|_| !taken) else {
            return Err(CompressError::OutputExists { path: out.to_owned() });
        };
        let mut beside = name.to_owned();
        beside.push(".part");
        let part = out.with_file_name(beside);
        if part.exists() {
            fs::remove_dir_all(&part).map_err(CompressError::io("remove", &part))?;
        }
        fs::create_dir_all(&part).map_err(CompressError::io("create", &part))?;
        let (mut plans, mut kept, mut weights) = (Vec::new(), Vec::new(), 0);
        for name in checkpoint.tensor_names() {
            let tensor = checkpoint.tensor(name)?;
            weights += tensor.shape.iter().product::<usize>();
            match (name.strip_suffix(".weight").and_then(|linear| planned.get_key_value(linear)), scheme) {
                (Some((linear, planned)), Some(scheme)) => {
                    let grid = Grid { scale_type: planned.stored, ..scheme.grid };
                    plans.extend(pack_quantized::plans(linear, planned.shape, &Scheme { grid, ..scheme }));
                }
                (linear, _) => {
                    plans.push(Plan { name: name.to_owned(), dtype: tensor.dtype, shape: tensor.shape.clone() });
                    kept.extend(linear.is_none().then_some(tensor));
                }
            }
        }
        let bytes = plans.iter().map(Plan::bytes).sum();
        let (out, file) = (out.to_owned(), TensorFile::create(&part.join(WEIGHTS), plans));
        let clean = |error| {
            // The error at hand says more than one about the clean-up would.
            let _ = fs::remove_dir_all(&part);
            error
        };
        let file = file.map_err(clean)?;
        let (layers, warnings) = (Vec::new(), Vec::new());
        let mut writer = Self { checkpoint, out, part, scheme, file, bytes, weights, layers, warnings, done: false };
        for tensor in kept {
            writer.file.write(&tensor.name, &tensor.bytes)?;
        }
        Ok(writer)
    }

    /// Writes everything beside the weights, and gives the checkpoint its name.
    ///
    /// `record` comes with what the caller knows; the layers and the shares over them are filled in here.
    pub fn finish(mut self, mut record: CompressionRecord) -> Result<CompressionRecord, CompressError> {
        record.layers = std::mem::take(&mut self.layers);
        record.warnings.append(&mut self.warnings);
        let size = |layer: &LayerRecord| (layer.out_features * layer.in_features) as f64;
        let all = record.layers.iter().map(size).sum::<f64>().max(1.0);
        let mean = |of: fn(&LayerRecord) -> f64| record.layers.iter().map(|l| of(l) * size(l)).sum::<f64>() / all;
        record.effective_bits = mean(|layer| layer.bits);
        record.sparsity = mean(|layer| layer.sparsity);
        record.checkpoint_bits = self.bytes as f64 * 8.0 / self.weights.max(1) as f64;
        let mut config = self.checkpoint.config_json().clone();
        if let (Some(scheme), Value::Object(config)) = (&self.scheme, &mut config) {
            config.insert("quantization_config".to_owned(), pack_quantized::configuration(scheme));
        }
        record::write_json(&self.part.join("config.json"), &config)?;
        for (name, bytes) in self.checkpoint.files()? {
            record::write_atomic(&self.part.join(name), &bytes)?;
        }
        record::write_json(&self.part.join(RECORD), &record)?;
        self.file.sync()?;
        fs::rename(&self.part, &self.out).map_err(CompressError::io("rename", &self.part))?;
        self.done = true;
        Ok(record)
    }
}

impl Sink for CheckpointWriter<'_> {
    fn linear(&mut self, done: &Target, record: LayerRecord, warning: Option<String>) -> Result<(), CompressError> {
        match (&done.quantized, self.scheme) {
            (Some(quantized), Some(scheme)) => {
                let scheme = Scheme { grid: quantized.grid, ..scheme };
                let plans = pack_quantized::plans(&done.name, (quantized.rows, quantized.cols), &scheme);
                for (plan, bytes) in plans.iter().zip(pack_quantized::contents(quantized)) {
                    self.file.write(&plan.name, &bytes)?;
                }
            }
            _ => {
                let bytes = pack_quantized::float_bytes(done.stored, done.weight.data.iter().copied());
                self.file.write(&format!("{}.weight", done.name), &bytes)?;
            }
        }
        self.layers.push(record);
        self.warnings.extend(warning);
        Ok(())
    }

    fn block(&mut self, _: Block) {}
}

impl Drop for CheckpointWriter<'_> {
    fn drop(&mut self) {
        if !self.done {
            // The error that brought us here says more than one about the clean-up would.
            let _ = fs::remove_dir_all(&self.part);
        }
    }
}
