//! Parity with the reference implementations on single layers: `golden/compression/layer_*`.
//!
//! Tolerances: an independent implementation in f32 and f64 differs from the references in at most 0.064% of the
//! integers, always by one (`reimpl_tolerance.json`); so 0.2% may differ by one, and the output error may differ by 1%.
//! Masks must be equal away from ties, that is where the score is not within 1e-5 of the threshold.

use std::collections::BTreeSet;
use std::error::Error;
use std::path::{Path, PathBuf};

use compress::method::{Gptq, Magnitude, Rtn, SparseGpt, Wanda};
use compress::{Channels, Grid, GridRule, GroupSize, Hessian, Matrix, QuantizedWeight, Sparsity, zero_masked};
use safetensors::SafeTensors;
use serde_json::Value;

type Checked<T> = Result<T, Box<dyn Error>>;

fn golden() -> PathBuf {
    std::env::var_os("ACBENCH_GOLDEN")
        .map_or_else(|| PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/../../../shared/golden")), PathBuf::from)
}

fn floats(file: &SafeTensors, name: &str) -> Checked<Vec<f32>> {
    Ok(file.tensor(name)?.data().as_chunks::<4>().0.iter().map(|&b| f32::from_le_bytes(b)).collect())
}

fn whole(file: &SafeTensors, name: &str) -> Checked<Vec<i32>> {
    Ok(file.tensor(name)?.data().as_chunks::<4>().0.iter().map(|&b| i32::from_le_bytes(b)).collect())
}

/// The dense layer and its calibration inputs.
struct Layer {
    name: String,
    weight: Matrix,
    /// All tokens of all samples, `[tokens, in]`.
    inputs: Matrix,
    /// Samples, each of equally many tokens.
    samples: usize,
}

impl Layer {
    fn read(path: &Path, name: &str) -> Checked<Self> {
        let bytes = std::fs::read(path)?;
        let file = SafeTensors::deserialize(&bytes)?;
        let (w, x) = (file.tensor("W")?.shape().to_vec(), file.tensor("X")?.shape().to_vec());
        let weight = Matrix { rows: w[0], cols: w[1], data: floats(&file, "W")? };
        let inputs = Matrix { rows: x[0] * x[1], cols: x[2], data: floats(&file, "X")? };
        Ok(Self { name: name.to_owned(), weight, inputs, samples: x[0] })
    }

    fn hessian(&self) -> Hessian {
        let mut hessian = Hessian::new(self.weight.cols);
        hessian.add(&self.inputs, self.samples);
        hessian
    }

    fn mean_squares(&self) -> Vec<f64> {
        let mut channels = Channels::new(self.weight.cols);
        channels.add(&self.inputs, self.samples);
        channels.mean_squares()
    }

    /// Mean squared error of the outputs, computed the long way.
    fn output_error(&self, changed: &Matrix) -> f64 {
        let difference: Vec<f64> =
            changed.data.iter().zip(&self.weight.data).map(|(a, b)| f64::from(*a) - f64::from(*b)).collect();
        let mut sum = 0.0;
        for x in self.inputs.data.chunks(self.weight.cols) {
            for row in difference.chunks(self.weight.cols) {
                sum += row.iter().zip(x).map(|(d, &x)| d * f64::from(x)).sum::<f64>().powi(2);
            }
        }
        sum / (self.inputs.rows * self.weight.rows) as f64
    }
}

/// Every `layer_<name>_inputs.safetensors` of the folder, with the file `layer_<name>_<kind>.safetensors` beside it.
fn layers(kind: &str) -> Checked<Vec<(Layer, Vec<u8>)>> {
    let folder = golden().join("compression");
    let Ok(entries) = std::fs::read_dir(&folder) else {
        println!("skipped: {} is not there", folder.display());
        return Ok(Vec::new());
    };
    let mut found = Vec::new();
    for entry in entries {
        let file = entry?.file_name().to_string_lossy().into_owned();
        if let Some(name) = file.strip_prefix("layer_").and_then(|rest| rest.strip_suffix("_inputs.safetensors")) {
            let beside = folder.join(format!("layer_{name}_{kind}.safetensors"));
            if beside.exists() {
                found.push((Layer::read(&folder.join(&file), name)?, std::fs::read(beside)?));
            }
        }
    }
    found.sort_by(|a, b| a.0.name.cmp(&b.0.name));
    Ok(found)
}

fn metrics() -> Checked<Value> {
    let path = golden().join("compression/layer_metrics.json");
    if !path.exists() {
        return Ok(Value::Null);
    }
    Ok(serde_json::from_slice(&std::fs::read(path)?)?)
}

/// The names of the cases in a file: its tensors' names without the last part.
fn cases(file: &SafeTensors, last: &str) -> BTreeSet<String> {
    file.names().iter().filter_map(|name| name.strip_suffix(last)).map(str::to_owned).collect()
}

/// What a key such as `gptq.w4.g32.asym.act.static.mse` says.
struct Key {
    gptq: bool,
    settings: Gptq,
}

fn parse(key: &str) -> Checked<Key> {
    let mut parts = key.split('.');
    let gptq = match parts.next() {
        Some("gptq") => true,
        Some("rtn") => false,
        other => return Err(format!("{key}: {other:?} is no method").into()),
    };
    let grid = Grid { rule: GridRule::Reference, ..Grid::new(4, false) };
    let mut settings = Gptq { act_order: false, static_groups: false, ..Gptq::new(grid, GroupSize::Channel) };
    for part in parts {
        match part {
            "sym" => settings.grid.symmetric = true,
            "asym" => settings.grid.symmetric = false,
            "act" => settings.act_order = true,
            "noact" => settings.act_order = false,
            "static" => settings.static_groups = true,
            "mse" => settings.grid.mse = true,
            "gch" => settings.group = GroupSize::Channel,
            _ => match (part.strip_prefix('w'), part.strip_prefix('g')) {
                (Some(bits), _) => settings.grid.bits = bits.parse()?,
                (_, Some(group)) => settings.group = GroupSize::Columns(group.parse()?),
                _ => return Err(format!("{key}: what is {part}?").into()),
            },
        }
    }
    Ok(Key { gptq, settings })
}

fn run(key: &Key, layer: &Layer, hessian: &Hessian) -> QuantizedWeight {
    let settings = &key.settings;
    if key.gptq {
        settings.quantize(&layer.weight, &hessian.factor(settings.damping, settings.act_order), false).0
    } else {
        Rtn { grid: settings.grid, group: settings.group, activations: false }.quantize(&layer.weight)
    }
}

/// What is wrong with a quantized weight; `None` where it is as the reference's.
fn check(case: &str, ours: &QuantizedWeight, layer: &Layer, file: &SafeTensors) -> Checked<Option<String>> {
    let wanted = file.tensor(&format!("{case}.qint"))?.data().to_vec();
    let differ = ours.levels.iter().zip(&wanted).filter(|(a, b)| a != b).count();
    let most = ours.levels.iter().zip(&wanted).map(|(a, b)| a.abs_diff(*b)).max().unwrap_or(0);
    let share = differ as f64 / wanted.len() as f64;
    if ours.levels.len() != wanted.len() || share > 0.002 || most > 1 {
        return Ok(Some(format!("{:.3}% of the integers differ, by up to {most}", share * 100.0)));
    }
    let (scales, zeros) = (floats(file, &format!("{case}.scale"))?, whole(file, &format!("{case}.zero"))?);
    let near = |(ours, (scale, zero)): (&compress::Step, (&f32, &i32))| {
        (ours.scale / scale - 1.0).abs() < 2e-3 && (ours.zero - *zero as f32).abs() <= 1.0
    };
    if ours.steps.len() != scales.len() || !ours.steps.iter().zip(scales.iter().zip(&zeros)).all(near) {
        return Ok(Some("scales or zero points differ".to_owned()));
    }
    let wanted = metrics()?[format!("{}/{case}", layer.name)]["out_mse"].as_f64();
    let error = layer.output_error(&ours.dequantize());
    Ok(match wanted {
        Some(wanted) if (error / wanted - 1.0).abs() > 0.01 => Some(format!("output error {error}, not {wanted}")),
        _ => None,
    })
}

#[test]
fn golden_layers_quantized() -> Checked<()> {
    let mut failures = Vec::new();
    let mut total = 0;
    for (layer, bytes) in layers("gptq")? {
        let file = SafeTensors::deserialize(&bytes)?;
        let hessian = layer.hessian();
        for case in cases(&file, ".qint") {
            total += 1;
            let ours = run(&parse(&case)?, &layer, &hessian);
            if let Some(why) = check(&case, &ours, &layer, &file)? {
                failures.push(format!("{}/{case}: {why}", layer.name));
            }
        }
    }
    println!("golden gptq and rtn layers: {} of {total}", total - failures.len());
    assert!(failures.is_empty(), "{}", failures.join("\n"));
    Ok(())
}

fn sparsity(text: &str) -> Checked<Sparsity> {
    let plain = text.strip_prefix("un").map_or_else(|| text.replace("to", ":"), str::to_owned);
    Sparsity::parse(&plain).ok_or_else(|| format!("{text} is no sparsity").into())
}

/// The mask of `wanda.2to4`, with the score of each weight.
fn mask(case: &str, layer: &Layer) -> Checked<(Vec<bool>, Vec<f32>)> {
    let Some((method, text)) = case.split_once('.') else { return Err(format!("{case}: what is this?").into()) };
    let sparsity = sparsity(text)?;
    let magnitudes = || layer.weight.data.iter().map(|w| w.abs()).collect();
    Ok(match method {
        "magnitude" => (Magnitude { sparsity }.mask(&layer.weight), magnitudes()),
        "wanda" | "wanda_variant" => {
            let energies = layer.mean_squares();
            let wanda = Wanda { sparsity, variant: method == "wanda_variant", true_sequential: false };
            let weights = layer.weight.data.iter().enumerate();
            let scores = weights.map(|(at, w)| w.abs() * energies[at % layer.weight.cols].sqrt() as f32);
            (wanda.mask(&layer.weight, &energies), scores.collect())
        }
        other => return Err(format!("{case}: {other} is no method").into()),
    })
}

/// Compares a pruned weight with the reference's: the same zeros, but for a few ties and what they bring along, the same
/// error of the outputs, and where the zeros are the same the same weights.
fn check_sparsegpt(case: &str, layer: &Layer, wanted: &[f32]) -> Checked<Option<String>> {
    let text = case.split_once('.').map(|(_, text)| text).ok_or("no sparsity")?;
    let factor = layer.hessian().factor(0.01, false);
    let mut ours = layer.weight.clone();
    SparseGpt::new(sparsity(text)?).prune(&mut ours, &factor);
    let differ = ours.data.iter().zip(wanted).filter(|(a, b)| (**a == 0.0) != (**b == 0.0)).count();
    let largest = wanted.iter().fold(0f32, |most, w| most.max(w.abs()));
    let off = ours.data.iter().zip(wanted).map(|(a, b)| (a - b).abs()).fold(0.0, f32::max) / largest;
    let (error, reference) =
        (layer.output_error(&ours), layer.output_error(&Matrix::new(ours.rows, ours.cols, wanted.to_vec())));
    println!("{}/{case}: {differ} zeros differ, weights by {off:.1e}", layer.name);
    Ok(if differ > 0 || off > 1e-3 || (error / reference - 1.0).abs() > 1e-3 {
        Some(format!("{differ} zeros differ, weights by {off:.1e}, output error {error} not {reference}"))
    } else {
        None
    })
}

/// Whether a weight's score is a tie with one that was treated the other way, in the range where they compete.
fn is_tie(at: usize, mask: &[bool], scores: &[f32], range: std::ops::Range<usize>) -> bool {
    range.filter(|&other| mask[other] != mask[at]).any(|other| (scores[other] - scores[at]).abs() <= 1e-5 * scores[at])
}

#[test]
fn golden_layers_pruned() -> Checked<()> {
    let mut failures = Vec::new();
    let mut total = 0;
    for (layer, bytes) in layers("prune")? {
        let file = SafeTensors::deserialize(&bytes)?;
        for case in cases(&file, ".W") {
            total += 1;
            if let Some(why) = check_sparsegpt(&case, &layer, &floats(&file, &format!("{case}.W"))?)? {
                failures.push(format!("{}/{case}: {why}", layer.name));
            }
        }
        for case in cases(&file, ".mask") {
            let (ours, scores) = mask(&case, &layer)?;
            total += 1;
            let wanted: Vec<bool> = file.tensor(&format!("{case}.mask"))?.data().iter().map(|&m| m != 0).collect();
            let width = if case.starts_with("magnitude.un") { wanted.len() } else { layer.weight.cols };
            let wrong = (0..wanted.len())
                .filter(|&at| ours[at] != wanted[at])
                .filter(|&at| !is_tie(at, &ours, &scores, at / width * width..(at / width + 1) * width))
                .count();
            if wrong > 0 || ours.len() != wanted.len() {
                failures.push(format!("{}/{case}: {wrong} of {} weights", layer.name, wanted.len()));
            }
            let mut pruned = layer.weight.clone();
            zero_masked(&mut pruned, &ours);
            let error = layer.output_error(&pruned);
            let wanted = metrics()?[format!("{}/{case}", layer.name)]["out_mse"].as_f64().unwrap_or(error);
            if (error / wanted - 1.0).abs() > 0.01 {
                failures.push(format!("{}/{case}: output error {error}, not {wanted}", layer.name));
            }
        }
    }
    println!("golden pruned layers: {} of {total}", total - failures.len());
    assert!(failures.is_empty(), "{}", failures.join("\n"));
    Ok(())
}
