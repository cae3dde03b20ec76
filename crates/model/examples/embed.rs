//! Embeddings of texts, for comparison with other programs:
//!
//! `cargo run --release -p model --example embed -- FOLDER TEXTS.jsonl OUT.safetensors`
//!
//! Each line of `TEXTS` is a JSON text; `OUT` has `embeddings` `[texts, width]`. CPU seconds are the caller's to measure.

use std::error::Error;
use std::path::Path;

use model::Encoder;
use safetensors::{Dtype, tensor::TensorView};

fn main() -> Result<(), Box<dyn Error>> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [folder, texts, out] = &arguments[..] else { return Err("FOLDER TEXTS.jsonl OUT.safetensors".into()) };
    let encoder = Encoder::open(folder.as_ref())?;
    let lines = record::read_text(texts.as_ref())?;
    let texts = lines.lines().map(serde_json::from_str).collect::<Result<Vec<String>, _>>()?;
    let embedded = encoder.embed(&texts.iter().map(String::as_str).collect::<Vec<_>>())?;
    let bytes: Vec<u8> = embedded.data.iter().flat_map(|x| x.to_le_bytes()).collect();
    let view = TensorView::new(Dtype::F32, vec![embedded.rows, embedded.cols], &bytes)?;
    safetensors::serialize_to_file([("embeddings", view)], None, Path::new(out))?;
    println!("{} {}", encoder.name(), encoder.digest());
    Ok(())
}
