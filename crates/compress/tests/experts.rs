//! Experts that hardly any calibration token reaches are rounded or pruned without looking at inputs, and listed.

use std::error::Error;
use std::fs;
use std::path::Path;

use compress::{CalibrationSource, CalibrationText, Job, Recipe, compress, widths};
use model::{Checkpoint, Model};
use safetensors::SafeTensors;
use serde_json::{Value, json};

type Checked<T> = Result<T, Box<dyn Error>>;

/// A copy of the tiny Mixtral whose routers never choose the last of four experts: of scores s, -s, 0 and 0 the two largest
/// are one of the first two and, of equal ones, the first.
fn starved(folder: &Path) -> Checked<()> {
    let fixture = Path::new(env!("CARGO_MANIFEST_DIR")).join("../model/tests/fixtures/mixtral");
    fs::copy(fixture.join("config.json"), folder.join("config.json"))?;
    let mut bytes = fs::read(fixture.join("model.safetensors"))?;
    let start = bytes.as_ptr() as usize;
    let mut places = Vec::new();
    for (name, tensor) in SafeTensors::deserialize(&bytes)?.tensors() {
        if name.ends_with("block_sparse_moe.gate.weight") {
            let at = tensor.data().as_ptr() as usize - start;
            places.push((at, tensor.data().len() / 4));
        }
    }
    for &(at, row) in &places {
        for value in 0..row / 4 {
            let v: [u8; 4] = bytes[at + 4 * value..at + 4 * value + 4].try_into()?;
            let minus = (-f32::from_le_bytes(v)).to_le_bytes();
            bytes[at + row + 4 * value..at + row + 4 * value + 4].copy_from_slice(&minus);
        }
        bytes[at + 2 * row..at + 4 * row].fill(0);
    }
    assert_eq!(places.len(), 2, "two blocks");
    fs::write(folder.join("model.safetensors"), bytes)?;
    Ok(())
}

#[test]
fn an_expert_that_saw_no_tokens_falls_back_and_is_listed() -> Checked<()> {
    let folder = tempfile::tempdir()?;
    starved(folder.path())?;
    let checkpoint = Checkpoint::open(folder.path())?;
    let mut rng = record::Rng::new(1);
    let tokens: Vec<u32> = (0..8 * 24).map(|_| rng.below(64) as u32).collect();
    let text = CalibrationSource { origin: "random".into(), text: CalibrationText::Tokens(vec![tokens]), seed: 0 };
    let few = |mut settings: Value| {
        settings["sequences"] = json!(8);
        settings["length"] = json!(24);
        settings
    };
    for (method, settings, fallback) in [
        ("gptq", few(json!({"group_size": 8})), "rounded to nearest"),
        ("awq", few(json!({"group_size": 8})), "rounded to nearest"),
        ("wanda", few(json!({"sparsity": "2:4"})), "pruned by magnitude"),
        ("wanda+gptq", few(json!({"group_size": 8})), "pruned by magnitude, rounded to nearest"),
        ("sparsegpt", few(json!({})), "pruned by magnitude"),
    ] {
        let out = folder.path().join(method);
        let recipe = Recipe::fitted(method, &settings, &widths(checkpoint.config()))?;
        let job = Job { recipe: &recipe, calibration: Some(&text), format: None, ram_budget: None, out: &out };
        let record = compress(&checkpoint, &job, &mut |_| {})?;
        let fell: Vec<&str> =
            record.layers.iter().filter(|layer| layer.fallback.is_some()).map(|layer| layer.name.as_str()).collect();
        assert_eq!(fell.len(), 6, "{method}: three linears in each of two blocks: {fell:?}");
        assert!(fell.iter().all(|name| name.contains("experts.3.")), "{method}: {fell:?}");
        assert!(record.layers.iter().all(|layer| layer.fallback.as_deref().is_none_or(|said| said == fallback)));
        let listed = |name: &&&str| record.warnings.iter().any(|w| w.contains(**name) && w.contains("saw 0 of 192"));
        assert_eq!(fell.iter().filter(listed).count(), 6, "{method}: {:?}", record.warnings);
        let logits = Model::load(&Checkpoint::open(&out)?)?.logits(&[1, 2, 3, 4, 5])?;
        assert!(logits.data.iter().all(|logit| logit.is_finite()));
    }
    Ok(())
}
