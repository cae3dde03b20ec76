//! Every architecture is compressed and read again; folded scales leave what a model computes as it was.

use std::error::Error;
use std::path::Path;

use compress::{CalibrationSource, CalibrationText, Job, Recipe, compress, widths};
use model::{Checkpoint, Model};
use serde_json::json;

type Checked<T> = Result<T, Box<dyn Error>>;

const TOKENS: [u32; 12] = [5, 9, 33, 2, 60, 41, 17, 28, 3, 50, 11, 7];

fn logits(folder: &Path) -> Checked<Vec<f32>> {
    Ok(Model::load(&Checkpoint::open(folder)?)?.logits(&TOKENS)?.data)
}

#[test]
fn each_architecture_survives_each_kind_of_method() -> Checked<()> {
    let fixtures = Path::new(env!("CARGO_MANIFEST_DIR")).join("../model/tests/fixtures");
    let mut rng = record::Rng::new(1);
    let tokens = (0..8 * 24).map(|_| rng.below(64) as u32).collect();
    let source = CalibrationSource { origin: "random".into(), text: CalibrationText::Tokens(vec![tokens]), seed: 0 };
    for name in ["llama", "mistral", "mixtral", "qwen3", "qwen3_moe", "phi3", "smollm3"] {
        let dense = logits(&fixtures.join(name))?;
        let size: f32 = dense.iter().map(|x| x * x).sum::<f32>().sqrt();
        // How far 8 bits and half of the weights may move the logits, of their size.
        for (method, settings, most) in [
            ("gptq", json!({"bits": 8, "group_size": 8, "sequences": 6, "length": 24}), 0.05),
            ("awq", json!({"bits": 8, "group_size": 8, "clip": false, "sequences": 6, "length": 24}), 0.05),
            ("smoothquant+gptq", json!({"sequences": 6, "length": 24}), 0.2),
            ("wanda", json!({"sequences": 6, "length": 24}), 1.2),
        ] {
            let checkpoint = Checkpoint::open(&fixtures.join(name))?;
            let folder = tempfile::tempdir()?;
            let out = folder.path().join("out");
            let (calibration, ram_budget) = (Some(&source), None);
            let recipe = Recipe::fitted(method, &settings, &widths(checkpoint.config()))?;
            let job = Job { recipe: &recipe, calibration, format: None, ram_budget, out: &out };
            compress(&checkpoint, &job, &mut |_| {})?;
            let off = logits(&out)?.iter().zip(&dense).map(|(a, b)| (a - b) * (a - b)).sum::<f32>().sqrt() / size;
            println!("{name} {method}: {off:.4}");
            assert!(off > 0.0 && off < most, "{name} {method}: {off}");
        }
    }
    Ok(())
}
