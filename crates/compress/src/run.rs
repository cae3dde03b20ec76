//! The verb: a checkpoint in, a compressed checkpoint out.

use std::collections::BTreeMap;
use std::path::Path;

use model::{Checkpoint, Dtype, Model, Weight};
use record::CompressionRecord;
use serde_json::Value;

use crate::calibration::{Calibration, CalibrationSource};
use crate::format::{CheckpointWriter, Planned};
use crate::group::Needs;
use crate::method::{self, Method, MethodInfo};
use crate::settings::Settings;
use crate::walk::{Progress, Walk};
use crate::{CompressError, FloatType, GroupSize, Sparsity};

/// Group sizes that are offered where the one asked for does not fit.
const GROUP_SIZES: [usize; 6] = [256, 128, 64, 32, 16, 8];

/// What to do to a checkpoint.
#[derive(Debug, Clone, Copy)]
pub struct Job<'a> {
    /// The method's name.
    pub method: &'a str,
    /// Its settings, an object or null; see [`MethodInfo::settings`].
    pub settings: &'a Value,
    /// The calibration text; methods that need none do not look at it.
    pub calibration: Option<&'a CalibrationSource>,
    /// The folder to write. It must not exist yet, or be empty.
    pub out: &'a Path,
}

/// Compresses a checkpoint.
///
/// The new checkpoint is written to `<out>.part` and renamed once it is whole, with a [`CompressionRecord`] in
/// `compress.json`. `progress` is told of each finished linear. The same job gives the same bytes, whatever the
/// number of threads.
///
/// # Errors
/// An unknown method or setting, sizes that do not fit, text that is too short, a checkpoint that is damaged or
/// quantized already, a full disk. Nothing is left at `out` then.
pub fn compress(
    checkpoint: &Checkpoint,
    job: &Job,
    progress: &mut dyn FnMut(Progress),
) -> Result<CompressionRecord, CompressError> {
    let info = method::method(job.method)?;
    let settings = info.resolve(job.settings)?;
    let method = info.build(&settings)?;
    let mut model = Model::load(checkpoint)?;
    let planned = plan(checkpoint, &model, method.as_ref())?;
    let calibration = calibrate(checkpoint, job, (info, &settings), method.needs())?;
    let mut writer = CheckpointWriter::create(checkpoint, job.out, method.scheme(), &planned)?;
    let stored = |name: &str| stored_as(checkpoint, name);
    let sequences = calibration.as_ref().map_or(&[][..], |calibration| &calibration.sequences);
    let mut walk = Walk { method: method.as_ref(), stored: &stored, sequences, progress };
    walk.run(&mut model, &mut writer)?;
    writer.finish(CompressionRecord {
        method: info.name.to_owned(),
        settings: Value::Object(settings.values().clone()),
        base_digest: checkpoint.digest()?,
        calibration: calibration.map(|calibration| calibration.record),
        effective_bits: 0.0,
        checkpoint_bits: 0.0,
        sparsity: 0.0,
        layers: Vec::new(),
        warnings: Vec::new(),
    })
}

/// All linears that will be compressed, once each of them is known to fit.
fn plan(
    checkpoint: &Checkpoint,
    model: &Model,
    method: &dyn Method,
) -> Result<BTreeMap<String, Planned>, CompressError> {
    let mut planned = BTreeMap::new();
    for linear in model.blocks.iter().flat_map(|block| block.linears()) {
        if matches!(linear.weight, Weight::Packed(_)) {
            return Err(CompressError::AlreadyCompressed { layer: linear.name.clone() });
        }
        let shape = linear.weight.shape();
        fits(&linear.name, shape.1, method)?;
        planned.insert(linear.name.clone(), Planned { shape, stored: stored_as(checkpoint, &linear.name)? });
    }
    Ok(planned)
}

/// Whether the group size or the pattern divides the inputs.
fn fits(layer: &str, in_features: usize, method: &dyn Method) -> Result<(), CompressError> {
    let unfit = |what: String, cure: String| {
        Err(CompressError::Indivisible { layer: layer.to_owned(), in_features, what, cure })
    };
    if let Some(GroupSize::Columns(size)) = method.scheme().map(|scheme| scheme.group)
        && !in_features.is_multiple_of(size)
    {
        let fitting = GROUP_SIZES.iter().filter(|&&size| in_features.is_multiple_of(size));
        let fitting: Vec<String> = fitting.map(usize::to_string).chain(["channel".to_owned()]).collect();
        return unfit(format!("group_size {size}"), format!("set group_size to one of {}", fitting.join(", ")));
    }
    if let Some(Sparsity::NofM { n, m }) = method.sparsity()
        && !in_features.is_multiple_of(m)
    {
        return unfit(format!("the pattern {n}:{m}"), "choose another pattern, or an unstructured share".to_owned());
    }
    Ok(())
}

/// What a linear's weight is stored as.
fn stored_as(checkpoint: &Checkpoint, linear: &str) -> Result<FloatType, CompressError> {
    match checkpoint.tensor(&format!("{linear}.weight"))?.dtype {
        Dtype::F32 => Ok(FloatType::F32),
        Dtype::F16 => Ok(FloatType::F16),
        Dtype::BF16 => Ok(FloatType::Bf16),
        _ => Err(CompressError::AlreadyCompressed { layer: linear.to_owned() }),
    }
}

/// The calibration sequences, for methods that look at some. A sequence is never longer than the model's context.
fn calibrate(
    checkpoint: &Checkpoint,
    job: &Job,
    (info, settings): (&MethodInfo, &Settings),
    needs: Needs,
) -> Result<Option<Calibration>, CompressError> {
    if needs == Needs::Nothing {
        return Ok(None);
    }
    let source = job.calibration.ok_or(CompressError::NoCalibration { method: info.name })?;
    let length = settings.count("length")?.min(checkpoint.config().max_positions);
    source.cut(checkpoint, settings.count("sequences")?, length).map(Some)
}
