//! Parity with AutoAWQ, llm-awq, SmoothQuant and torch's FP8 casts on single layers: `golden/compression/layer_*_awq_sq_fp8`.
//!
//! Scales, losses and clips within 1e-3, SmoothQuant's scales within 1e-5, casts exact (issue 3). Where rounding is by
//! the same grid, integers are those of the reference but for 0.2% by one.

use std::error::Error;
use std::path::{Path, PathBuf};

use compress::method::{Awq, Candidate, Fp8, Rtn, Scaling, SmoothQuant, clip, clip_limits, largest_weights};
use compress::{ActOrder, FloatType, Grid, GridRule, GroupSize, LinearGroup, Matrix, Needs, Scheme, Seen, Target};
use model::GroupKind;
use safetensors::SafeTensors;

type Checked<T> = Result<T, Box<dyn Error>>;

fn golden() -> PathBuf {
    std::env::var_os("ACBENCH_GOLDEN")
        .map_or_else(|| PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/../../../shared/golden")), PathBuf::from)
        .join("compression")
}

fn floats(file: &SafeTensors, name: &str) -> Checked<Vec<f32>> {
    Ok(file.tensor(name)?.data().as_chunks::<4>().0.iter().map(|&b| f32::from_le_bytes(b)).collect())
}

fn doubles(file: &SafeTensors, name: &str) -> Checked<Vec<f64>> {
    Ok(file.tensor(name)?.data().as_chunks::<8>().0.iter().map(|&b| f64::from_le_bytes(b)).collect())
}

fn whole(file: &SafeTensors, name: &str) -> Checked<Vec<i32>> {
    Ok(file.tensor(name)?.data().as_chunks::<4>().0.iter().map(|&b| i32::from_le_bytes(b)).collect())
}

/// One layer with its calibration inputs and the file of what the references made of it.
struct Layer {
    name: String,
    weight: Matrix,
    seen: Seen,
    bytes: Vec<u8>,
}

fn layers() -> Checked<Vec<Layer>> {
    let Ok(entries) = std::fs::read_dir(golden()) else {
        println!("skipped: {} is not there", golden().display());
        return Ok(Vec::new());
    };
    let mut found = Vec::new();
    for entry in entries {
        let file = entry?.file_name().to_string_lossy().into_owned();
        let Some(name) = file.strip_prefix("layer_").and_then(|rest| rest.strip_suffix("_awq_sq_fp8.safetensors"))
        else {
            continue;
        };
        found.push(read(&golden().join(&file), name)?);
    }
    found.sort_by(|a, b| a.name.cmp(&b.name));
    Ok(found)
}

fn read(path: &Path, name: &str) -> Checked<Layer> {
    let inputs = std::fs::read(path.with_file_name(format!("layer_{name}_inputs.safetensors")))?;
    let file = SafeTensors::deserialize(&inputs)?;
    let (w, x) = (file.tensor("W")?.shape().to_vec(), file.tensor("X")?.shape().to_vec());
    let weight = Matrix::new(w[0], w[1], floats(&file, "W")?);
    let inputs = Matrix::new(x[0] * x[1], x[2], floats(&file, "X")?);
    let mut seen = Seen::new(Needs { channels: true, sketch: true, ..Needs::HESSIAN }, x[2], inputs.rows);
    seen.add(&inputs, x[0]);
    Ok(Layer { name: name.to_owned(), weight, seen, bytes: std::fs::read(path)? })
}

fn group(weights: &[&Matrix]) -> LinearGroup {
    let linear = |weight: &&Matrix| Target {
        name: "layer".to_owned(),
        position: 0,
        width: None,
        weight: (*weight).clone(),
        bias: None,
        stored: FloatType::F32,
        scales: FloatType::F32,
        pruned: false,
        quantized: None,
    };
    LinearGroup { kind: GroupKind::Down, expert: 0, linears: weights.iter().map(linear).collect() }
}

/// `autoawq.g32.zp.duo`, as settings.
fn scheme(case: &str) -> Checked<(Scheme, Scaling)> {
    let parts: Vec<&str> = case.split('.').collect();
    let [_, size, zeros, scaling] = parts[..] else { return Err(format!("{case}: what is this?").into()) };
    let grid = Grid { rule: GridRule::Awq, ..Grid::new(4, zeros == "sym") };
    let group = GroupSize::Columns(size.trim_start_matches('g').parse()?);
    let scaling = match scaling {
        // The reference ran on a CPU.
        "duo" => Scaling::DuoReference,
        "actonly" => Scaling::Activations,
        other => return Err(format!("{case}: {other}?").into()),
    };
    Ok((Scheme { activations: false, grid, group, act_order: ActOrder::None }, scaling))
}

fn near(ours: f64, wanted: f64, tolerance: f64) -> bool {
    (ours - wanted).abs() <= tolerance * wanted.abs().max(1e-12)
}

fn cases(file: &SafeTensors, last: &str) -> Vec<String> {
    let mut all: Vec<String> = file.names().iter().filter_map(|n| n.strip_suffix(last)).map(str::to_owned).collect();
    all.sort();
    all
}

/// What differs between the scales that were tried and AutoAWQ's history.
fn check_search(case: &str, layer: &Layer, file: &SafeTensors) -> Checked<Vec<String>> {
    let (scheme, scaling) = scheme(case)?;
    let awq = Awq { scaling, steps: 20, clip: true, quantize: None };
    let tried = awq.search(&group(&[&layer.weight]), &layer.seen, &scheme)?;
    let mut wrong = Vec::new();
    let history = doubles(file, &format!("{case}.loss_history"))?;
    for (at, (ours, wanted)) in tried.iter().zip(&history).enumerate() {
        if !near(ours.loss, *wanted, 1e-3) {
            wrong.push(format!("{case}: loss {at} is {}, not {wanted}", ours.loss));
        }
    }
    let best = |best: Candidate, next: Candidate| if next.loss < best.loss { next } else { best };
    let best = tried.into_iter().reduce(best).ok_or("nothing was tried")?;
    let scales = floats(file, &format!("{case}.scales"))?;
    if !best.scales.iter().zip(&scales).all(|(a, b)| near(f64::from(*a), f64::from(*b), 1e-3)) {
        wrong.push(format!("{case}: scales differ"));
    }
    if history.len() != 20 || scales.len() != best.scales.len() {
        wrong.push(format!("{case}: other sizes"));
    }
    Ok(wrong)
}

/// What differs after clipping and rounding with the reference's scales.
fn check_clip(case: &str, layer: &Layer, file: &SafeTensors) -> Checked<Vec<String>> {
    let (scheme, _) = scheme(case)?;
    let scales = floats(file, &format!("{case}.scales"))?;
    let mut weight = layer.weight.clone();
    weight.data.chunks_mut(scales.len()).for_each(|row| row.iter_mut().zip(&scales).for_each(|(w, s)| *w *= s));
    let mut seen = layer.seen.clone();
    seen.divide(&scales);
    let limits = clip_limits(&weight, seen.hessian()?, scheme.grid, scheme.group);
    let mut wrong = Vec::new();
    let wanted = floats(file, &format!("{case}.clip_max"))?;
    let off = limits.iter().zip(&wanted).filter(|(a, b)| !near(f64::from(**a), f64::from(**b), 1e-3)).count();
    if off > 0 || limits.len() != wanted.len() {
        wrong.push(format!("{case}: {off} of {} clips differ", wanted.len()));
    }
    clip(&mut weight, &limits, scheme.group);
    let ours = Rtn { grid: scheme.grid, group: scheme.group, activations: false }.quantize(&weight);
    let wanted: Vec<i16> =
        file.tensor(&format!("{case}.final_qint"))?.data().iter().map(|&b| i16::from(b as i8)).collect();
    let middle = if scheme.grid.symmetric { 8 } else { 0 };
    let differ = ours.levels.iter().zip(&wanted).filter(|(a, b)| i16::from(**a) - middle != **b).count();
    if differ as f64 > 0.002 * wanted.len() as f64 {
        wrong.push(format!("{case}: {differ} of {} integers differ", wanted.len()));
    }
    let final_scales = floats(file, &format!("{case}.final_scale"))?;
    if !ours.steps.iter().zip(&final_scales).all(|(a, b)| near(f64::from(a.scale), f64::from(*b), 1e-3)) {
        wrong.push(format!("{case}: final scales differ"));
    }
    if let Ok(zeros) = whole(file, &format!("{case}.final_zero"))
        && !ours.steps.iter().zip(&zeros).all(|(a, b)| a.zero == *b as f32)
    {
        wrong.push(format!("{case}: zero points differ"));
    }
    Ok(wrong)
}

#[test]
fn golden_awq_layers() -> Checked<()> {
    let (mut wrong, mut total) = (Vec::new(), 0);
    for layer in layers()? {
        let file = SafeTensors::deserialize(&layer.bytes)?;
        for case in cases(&file, ".loss_history") {
            total += 1;
            wrong.extend(check_search(&case, &layer, &file)?.into_iter().map(|w| format!("{}/{w}", layer.name)));
        }
        for case in cases(&file, ".clip_max") {
            total += 1;
            wrong.extend(check_clip(&case, &layer, &file)?.into_iter().map(|w| format!("{}/{w}", layer.name)));
        }
        for case in cases(&file, ".clip_max_unscaled") {
            total += 1;
            let (scheme, _) = scheme(&format!("{case}.duo"))?;
            let ours = clip_limits(&layer.weight, layer.seen.hessian()?, scheme.grid, scheme.group);
            let wanted = floats(&file, &format!("{case}.clip_max_unscaled"))?;
            let off = ours.iter().zip(&wanted).filter(|(a, b)| !near(f64::from(**a), f64::from(**b), 1e-3)).count();
            if off > 0 || ours.len() != wanted.len() {
                wrong.push(format!("{}/{case}: {off} of {} clips differ", layer.name, wanted.len()));
            }
        }
    }
    println!("golden awq layers: {total} cases, {} differences", wrong.len());
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    Ok(())
}

#[test]
fn golden_smoothquant_layers() -> Checked<()> {
    let mut total = 0;
    for layer in layers()? {
        let file = SafeTensors::deserialize(&layer.bytes)?;
        for case in cases(&file, ".act_absmax") {
            total += 1;
            let channels = layer.seen.channels()?;
            assert_eq!(channels.largest(), floats(&file, &format!("{case}.act_absmax"))?);
            let alpha = case.trim_start_matches("smoothquant.a").parse()?;
            // The reference was shown a second linear: half the first, its rows in the other order.
            let cols = layer.weight.cols;
            let halved = layer.weight.data.chunks(cols).rev().flatten().map(|w| 0.5 * w).collect();
            let both = [&layer.weight, &Matrix::new(layer.weight.rows, cols, halved)];
            let smooth = SmoothQuant { alpha, ranges: false, quantize: None };
            let ours = smooth.scales(channels, &largest_weights(&group(&both)));
            let wanted = floats(&file, &format!("{case}.scales"))?;
            assert_eq!(ours.len(), wanted.len());
            for (a, b) in ours.iter().zip(&wanted) {
                assert!(near(f64::from(*a), f64::from(*b), 1e-5), "{}/{case}: {a} is not {b}", layer.name);
            }
            let mut smoothed = layer.weight.clone();
            smoothed.data.chunks_mut(cols).for_each(|row| row.iter_mut().zip(&wanted).for_each(|(w, s)| *w *= s));
            let grid = Grid { rule: GridRule::Awq, ..Grid::new(8, true) };
            let rounded = Rtn { grid, group: GroupSize::Channel, activations: true }.quantize(&smoothed);
            let wanted: Vec<i16> =
                file.tensor(&format!("{case}.w8_int"))?.data().iter().map(|&b| i16::from(b as i8)).collect();
            let off = rounded.levels.iter().zip(&wanted).filter(|(a, b)| i16::from(**a) - 128 != **b).count();
            assert!(off as f64 <= 0.002 * wanted.len() as f64, "{}/{case}: {off} integers differ", layer.name);
        }
    }
    println!("golden smoothquant layers: {total}");
    Ok(())
}

#[test]
fn golden_fp8_layers() -> Checked<()> {
    let mut total = 0;
    for layer in layers()? {
        let file = SafeTensors::deserialize(&layer.bytes)?;
        let (from, to) = (floats(&file, "fp8.cast_in")?, file.tensor("fp8.cast_bits")?.data().to_vec());
        for (&value, &code) in from.iter().zip(&to) {
            assert_eq!(model::fp8::encode(value), code, "{}: {value}", layer.name);
        }
        let ours = Fp8 { activations: true }.rtn().quantize(&layer.weight);
        let scales: Vec<f32> = ours.steps.iter().map(|step| step.scale).collect();
        assert_eq!(scales, floats(&file, "fp8.channel.scale")?);
        assert!(ours.levels == file.tensor("fp8.channel.bits")?.data(), "{}: codes differ", layer.name);
        total += from.len() + ours.levels.len();
    }
    println!("golden fp8: {total} casts");
    Ok(())
}
