//! Checkpoints of every format with random damage: read or refused, never a panic.
//!
//! 400 damaged checkpoints by default; `ACBENCH_FUZZ_SECONDS` goes on for as long.

use std::error::Error;
use std::fs;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::Path;
use std::time::{Duration, Instant};

use compress::{CalibrationSource, CalibrationText, FormatInfo, Job, Recipe, compress, inspect, widths};
use model::{Checkpoint, Model};
use record::Rng;
use serde_json::{Value, json};

type Checked<T> = Result<T, Box<dyn Error>>;

/// Writes the bundled model in every format.
fn originals(folder: &Path) -> Checked<Vec<String>> {
    let pico = Checkpoint::bundled()?;
    let tokens: Vec<u32> = (0..64).collect();
    let text = CalibrationSource { origin: "counted".into(), text: CalibrationText::Tokens(vec![tokens]), seed: 0 };
    let mut names = Vec::new();
    for (method, settings, format) in [
        ("magnitude", json!({}), "dense"),
        ("rtn", json!({"symmetric": false, "group_size": 32}), "compressed-tensors"),
        ("gptq", json!({"act_order": "dynamic", "group_size": 32}), "compressed-tensors"),
        ("rtn+kv_cache", json!({"bits": 8, "group_size": "channel", "activation_bits": 8}), "compressed-tensors"),
        ("fp8", json!({}), "compressed-tensors"),
        ("rtn", json!({"group_size": 32}), "gptq"),
        ("rtn", json!({"bits": 3, "symmetric": false, "group_size": 32}), "gptq_v2"),
        ("rtn", json!({"symmetric": false, "group_size": 32}), "awq"),
        ("rtn", json!({"group_size": 32}), "gguf"),
        ("rtn", json!({"bits": 8, "group_size": 32}), "gguf"),
    ] {
        let mut settings = settings;
        if method == "gptq" {
            settings["sequences"] = json!(2);
            settings["length"] = json!(32);
        }
        let name = format!("{format}-{}", names.len());
        let out = folder.join(&name);
        let job = Job {
            recipe: &Recipe::fitted(method, &settings, &widths(pico.config()))?,
            calibration: Some(&text),
            format: Some(FormatInfo::named(format).ok_or(format)?),
            ram_budget: None,
            out: &out,
        };
        compress(&pico, &job, &mut |_| {})?;
        names.push(name);
    }
    Ok(names)
}

/// Something that a number, a text or a list in a configuration might be instead.
fn nonsense(rng: &mut Rng) -> Value {
    let all = [
        json!(null),
        json!(-1),
        json!(0),
        json!(3),
        json!(1e300),
        json!(u64::MAX),
        json!("x"),
        json!([]),
        json!({}),
        json!(true),
    ];
    all[rng.below(all.len())].clone()
}

/// Changes one value, however deep it lies.
fn damage_json(value: &mut Value, rng: &mut Rng) {
    let inner = match value {
        Value::Object(fields) if !fields.is_empty() => {
            let at = rng.below(fields.len());
            fields.values_mut().nth(at)
        }
        Value::Array(items) if !items.is_empty() => {
            let at = rng.below(items.len());
            items.get_mut(at)
        }
        _ => None,
    };
    match inner {
        Some(inner) if rng.below(4) > 0 => damage_json(inner, rng),
        Some(inner) => *inner = nonsense(rng),
        None => *value = nonsense(rng),
    }
}

/// Changes a few bytes, most of them where lengths, names and shapes are; or the end is missing.
fn damage_bytes(bytes: &mut Vec<u8>, rng: &mut Rng) {
    for _ in 0..=rng.below(6) {
        let near = if rng.below(4) > 0 { bytes.len().min(6000) } else { bytes.len() };
        let at = rng.below(near.max(1));
        match rng.below(5) {
            0 => bytes[at] = rng.below(256) as u8,
            1 => bytes[at] ^= 1 << rng.below(8),
            2 => bytes[at] = b'0' + rng.below(10) as u8,
            3 => bytes[at] = 0xFF,
            _ => bytes.truncate(at.max(1)),
        }
        if bytes.len() < 2 {
            break;
        }
    }
}

/// Opens, loads, runs and inspects.
fn use_it(folder: &Path) {
    let Ok(checkpoint) = Checkpoint::open(folder) else { return };
    drop(checkpoint.tokenizer().map(|tokenizer| tokenizer.encode("a b", false)));
    if let Ok(model) = Model::load(&checkpoint) {
        drop(model.logits(&[1, 2, 3]));
    }
    drop(inspect(&checkpoint));
}

#[test]
fn damaged_checkpoints_never_panic() -> Checked<()> {
    let folder = tempfile::tempdir()?;
    let names = originals(folder.path())?;
    for name in &names {
        Model::load(&Checkpoint::open(&folder.path().join(name))?)?;
    }
    let seconds = std::env::var("ACBENCH_FUZZ_SECONDS").ok().and_then(|text| text.parse().ok()).unwrap_or(0);
    let end = Instant::now() + Duration::from_secs(seconds);
    let mut count = 0;
    while count < 400 || Instant::now() < end {
        let mut rng = Rng::new(count);
        let name = &names[count as usize % names.len()];
        let damaged = folder.path().join("damaged");
        fs::create_dir(&damaged)?;
        for entry in fs::read_dir(folder.path().join(name))? {
            let path = entry?.path();
            fs::copy(&path, damaged.join(path.file_name().ok_or("no name")?))?;
        }
        let weights = if name.starts_with("gguf") { "model.gguf" } else { "model.safetensors" };
        if rng.below(3) == 0 && !name.starts_with("gguf") {
            let path = damaged.join("config.json");
            let mut config: Value = serde_json::from_slice(&fs::read(&path)?)?;
            damage_json(&mut config, &mut rng);
            fs::write(&path, config.to_string())?;
        } else {
            let path = damaged.join(weights);
            let mut bytes = fs::read(&path)?;
            damage_bytes(&mut bytes, &mut rng);
            fs::write(&path, bytes)?;
        }
        let used = catch_unwind(AssertUnwindSafe(|| use_it(&damaged)));
        assert!(used.is_ok(), "{name}, seed {count}: a panic");
        fs::remove_dir_all(&damaged)?;
        count += 1;
    }
    println!("{count} damaged checkpoints of {} formats", names.len());
    Ok(())
}
