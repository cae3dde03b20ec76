//! Logits of a checkpoint at every position of some sequences, as other programs can read them:
//! `cargo run --release -p model --example logits -- FOLDER IDS.jsonl OUT.safetensors [exact]`, each line
//! `{"input_ids": [...]}`; `exact` rounds neither inputs nor the cache.

use std::collections::BTreeMap;
use std::error::Error;
use std::path::Path;

use model::{Checkpoint, Dtype, Model};
use safetensors::tensor::TensorView;

fn main() -> Result<(), Box<dyn Error>> {
    let args: Vec<String> = std::env::args().skip(1).collect();
    let [folder, ids, out, how @ ..] = &args[..] else { return Err("FOLDER IDS.jsonl OUT.safetensors".into()) };
    let mut model = Model::load(&Checkpoint::open(Path::new(folder))?)?;
    if how.first().is_some_and(|how| how == "exact") {
        model.blocks.iter_mut().for_each(|block| block.without_rounding());
    }
    let mut all = BTreeMap::new();
    for (at, line) in record::read_text(ids.as_ref())?.lines().filter(|line| !line.is_empty()).enumerate() {
        let value: serde_json::Value = serde_json::from_str(line)?;
        let tokens: Vec<u32> = serde_json::from_value(value["input_ids"].clone())?;
        let logits = model.logits(&tokens)?;
        let bytes: Vec<u8> = logits.data.iter().flat_map(|logit| logit.to_le_bytes()).collect();
        all.insert(format!("logits.{at}"), ([logits.rows, logits.cols], bytes));
    }
    let views =
        all.iter().map(|(name, (shape, bytes))| Ok((name, TensorView::new(Dtype::F32, shape.to_vec(), bytes)?)));
    let views: Vec<_> = views.collect::<Result<_, safetensors::SafeTensorError>>()?;
    std::fs::write(out, safetensors::serialize(views, None)?)?;
    Ok(())
}
