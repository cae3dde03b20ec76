//! Mixed precision on the bundled model: every format holds what was meant, linear by linear.

use std::collections::BTreeMap;
use std::error::Error;
use std::fs;
use std::path::Path;

use compress::method::Rtn;
use compress::{
    CalibrationSource, CalibrationText, CompressError, FORMATS, FloatType, Format, FormatInfo, Grid, GroupSize, Job,
    Recipe, check, compress, inspect, widths,
};
use model::{Block, Checkpoint, Linear, Matrix, Model};
use record::CompressionRecord;
use serde_json::{Value, json};

type Checked<T> = Result<T, Box<dyn Error>>;

const GROUP: usize = 32;

fn text() -> CalibrationSource {
    let mut rng = record::Rng::new(1);
    let tokens = (0..4 * 32).map(|_| rng.below(200) as u32 + 20).collect();
    CalibrationSource { origin: "random".into(), text: CalibrationText::Tokens(vec![tokens]), seed: 0 }
}

fn named(name: &str) -> Checked<Format> {
    Ok(FormatInfo::named(name).ok_or("a format")?)
}

fn recipe(pico: &Checkpoint, method: &str, settings: &Value) -> Result<Recipe, CompressError> {
    Recipe::fitted(method, settings, &widths(pico.config()))
}

fn run(method: &str, settings: &Value, format: Option<Format>, out: &Path) -> Checked<CompressionRecord> {
    let (pico, text) = (Checkpoint::bundled()?, text());
    let recipe = recipe(&pico, method, settings)?;
    Ok(compress(&pico, &Job { recipe: &recipe, calibration: Some(&text), format, ram_budget: None, out }, &mut |_| {})?)
}

/// Settings of methods that look at text, with these overrides.
fn mixed(overrides: Value) -> Value {
    json!({"sequences": 4, "length": 32, "overrides": overrides})
}

fn linears(checkpoint: &Checkpoint) -> Checked<BTreeMap<String, Linear>> {
    let blocks = Model::load(checkpoint)?.blocks;
    let all = blocks.iter().flat_map(Block::linears);
    Ok(all.map(|linear| (linear.name.clone(), linear.clone())).collect())
}

/// What rounding to nearest makes of a weight, as a format holds it.
fn rounded(weight: &Matrix, bits: u8, symmetric: bool, format: &str) -> Matrix {
    let (scale_type, held) = match format {
        "dense" => (FloatType::F32, Some(FloatType::Bf16)),
        "compressed-tensors" => (FloatType::Bf16, None),
        "awq" => (FloatType::F16, Some(FloatType::F16)),
        "gguf" => (FloatType::ShortF16, None),
        _ => (FloatType::F16, None),
    };
    let grid = Grid { scale_type, ..Grid::new(bits, symmetric) };
    let rtn = Rtn { grid, group: GroupSize::Columns(GROUP), activations: false };
    let mut weight = rtn.quantize(weight).dequantize();
    weight.data.iter_mut().for_each(|w| *w = held.map_or(*w, |held| held.nearest(*w)));
    weight
}

#[test]
fn every_format_holds_the_widths_that_were_meant() -> Checked<()> {
    let (folder, dense) = (tempfile::tempdir()?, linears(&Checkpoint::bundled()?)?);
    let eight = ["model.layers.1.self_attn.o_proj", "model.layers.0.mlp.*"];
    let left = ["model.layers.1.self_attn.q_proj", "model.layers.0.self_attn.v_proj"];
    let is_eight = |name: &str| name == eight[0] || name.starts_with("model.layers.0.mlp.");
    let wide = json!({"linears": eight, "bits": 8});
    let none = json!({"linears": left, "bits": "dense"});
    for format in FORMATS {
        for (symmetric, with_eight) in [(true, true), (true, false), (false, false), (false, true)] {
            // What a format cannot hold is tried elsewhere.
            if with_eight && format.name == "awq"
                || !symmetric && (format.name == "gptq" || with_eight && format.name == "gguf")
            {
                continue;
            }
            let overrides = if with_eight { json!([wide, none]) } else { json!([none]) };
            let settings = json!({"group_size": GROUP, "symmetric": symmetric, "overrides": overrides});
            let out = folder.path().join(format!("{format}-{symmetric}-{with_eight}"));
            let record = run("rtn", &settings, Some(format), &out)?;
            let written = Checkpoint::open(&out)?;
            let read = linears(&written)?;
            assert_eq!(read.len(), dense.len());
            for (name, linear) in &read {
                let bits = if with_eight && is_eight(name) { 8 } else { 4 };
                let (kind, expected) = match left.contains(&name.as_str()) {
                    true => ("bf16".to_owned(), dense[name].weight.to_f32()),
                    false => {
                        (format!("int{bits}"), rounded(&dense[name].weight.to_f32(), bits, symmetric, format.name))
                    }
                };
                assert_eq!(
                    linear.weight.kind(),
                    if format.name == "dense" { "bf16" } else { &kind },
                    "{format} {name}"
                );
                assert!(linear.weight.to_f32() == expected, "{format} {name} {symmetric}");
            }
            checked_sizes(&record, &written, format.name, &dense, if with_eight { 4 } else { 0 })?;
        }
    }
    Ok(())
}

/// That the record and an inspection say what is there.
fn checked_sizes(
    record: &CompressionRecord,
    written: &Checkpoint,
    format: &str,
    dense: &BTreeMap<String, Linear>,
    eights: usize,
) -> Checked<()> {
    let seen = inspect(written)?;
    let mut kinds = BTreeMap::from([("bf16".to_owned(), 2), ("int4".to_owned(), dense.len() - 2 - eights)]);
    if eights > 0 {
        kinds.insert("int8".to_owned(), eights);
    }
    if format == "dense" {
        kinds = BTreeMap::from([("bf16".to_owned(), dense.len())]);
    }
    if format == "gguf" {
        let four = if record.settings["symmetric"] == json!(true) { "q4_0" } else { "q4_1" };
        let blocks = |kind: String| kind.replace("int4", four).replace("int8", "q8_0");
        kinds = kinds.into_iter().map(|(kind, count)| (blocks(kind), count)).collect();
    }
    assert_eq!(seen.linears, kinds, "{format}");
    let (mut bits, mut weights) = (0.0, 0.0);
    for layer in &record.layers {
        let size = (layer.out_features * layer.in_features) as f64;
        bits += layer.bits * size;
        weights += size;
    }
    assert!((record.effective_bits - bits / weights).abs() < 1e-9);
    // Files hold group indices, zero points of symmetric weights and shapes beside what a weight needs.
    assert!((seen.linear_bits - record.effective_bits).abs() < 0.6, "{} {}", seen.linear_bits, record.effective_bits);
    assert!((seen.checkpoint_bits - record.checkpoint_bits).abs() < 0.1, "{format}");
    Ok(())
}

#[test]
fn an_override_of_the_same_width_changes_no_byte() -> Checked<()> {
    let folder = tempfile::tempdir()?;
    for format in FORMATS {
        let (plain, same) = (folder.path().join(format.name), folder.path().join(format!("{format}-same")));
        run("rtn", &json!({"group_size": GROUP}), Some(format), &plain)?;
        let overrides = json!([{"linears": ["*.q_proj"], "bits": 4}]);
        run("rtn", &json!({"group_size": GROUP, "overrides": overrides}), Some(format), &same)?;
        for file in fs::read_dir(&plain)? {
            let name = file?.file_name();
            // The record says what was asked.
            if name != "compress.json" {
                assert!(fs::read(plain.join(&name))? == fs::read(same.join(&name))?, "{format} {}", name.display());
            }
        }
    }
    Ok(())
}

#[test]
fn linears_of_a_group_may_differ_under_every_method() -> Checked<()> {
    let (folder, dense) = (tempfile::tempdir()?, linears(&Checkpoint::bundled()?)?);
    let [q, k, v] = ["q", "k", "v"].map(|part| format!("model.layers.1.self_attn.{part}_proj"));
    let both = json!([{"linears": [q], "bits": 8}, {"linears": [k], "bits": "dense"}]);
    let left = json!([{"linears": [k], "bits": "dense"}]);
    for (at, (method, overrides, kinds)) in [
        ("gptq", &both, ["int8", "bf16", "int4"]),
        ("awq", &both, ["int8", "bf16", "int4"]),
        ("awq+gptq", &both, ["int8", "bf16", "int4"]),
        ("wanda+gptq", &both, ["int8", "bf16", "int4"]),
        ("sparsegpt+rtn", &both, ["int8", "bf16", "int4"]),
        ("smoothquant+gptq", &left, ["int8", "bf16", "int8"]),
        ("fp8", &left, ["fp8", "bf16", "fp8"]),
        ("wanda", &left, ["bf16", "bf16", "bf16"]),
        ("sparsegpt", &left, ["bf16", "bf16", "bf16"]),
        ("magnitude", &left, ["bf16", "bf16", "bf16"]),
    ]
    .into_iter()
    .enumerate()
    {
        let out = folder.path().join(at.to_string());
        let settings = match method {
            "fp8" | "magnitude" => json!({"overrides": overrides}),
            _ => mixed(overrides.clone()),
        };
        let record = run(method, &settings, None, &out)?;
        let read = linears(&Checkpoint::open(&out)?)?;
        let found = [&q, &k, &v].map(|name| read[name].weight.kind());
        assert_eq!(found, kinds, "{method}");
        assert!(read[&k].activation.is_none(), "{method}");
        if !method.contains("awq") && !method.contains("smooth") {
            assert!(read[&k].weight.to_f32() == dense[&k].weight.to_f32(), "{method}");
        }
        let layer = |name: &str| record.layers.iter().find(|layer| layer.name == name).ok_or("no such layer");
        assert_eq!((layer(&k)?.bits, layer(&k)?.sparsity < 0.01), (16.0, true), "{method}");
        assert_eq!(
            layer(&v)?.sparsity > 0.4,
            method.contains("wanda") || method.contains("sparse") || method == "magnitude"
        );
        let warned = record.warnings.iter().any(|warning| warning.contains("vLLM") && warning.contains(&k));
        assert_eq!(warned, kinds[0] != "bf16", "{method}: {:?}", record.warnings);
        assert_eq!(record.settings["overrides"], *overrides, "{method}");
    }
    Ok(())
}

#[test]
fn what_is_left_dense_is_still_folded() -> Checked<()> {
    let (folder, pico) = (tempfile::tempdir()?, Checkpoint::bundled()?);
    let gate = "model.layers.0.mlp.gate_proj";
    let whole =
        ["model.layers.1.self_attn.q_proj", "model.layers.1.self_attn.k_proj", "model.layers.1.self_attn.v_proj"];
    let overrides = json!([{"linears": [gate, whole[0], whole[1], whole[2]], "bits": "dense"}]);
    for (at, method) in ["awq", "smoothquant"].into_iter().enumerate() {
        let out = folder.path().join(at.to_string());
        run(method, &mixed(overrides.clone()), None, &out)?;
        let (before, after) = (Model::load(&pico)?, Model::load(&Checkpoint::open(&out)?)?);
        let weight = |model: &Model, name: &str| -> Checked<Matrix> {
            let find = |block: &Block| block.linear(name).map(|linear| linear.weight.to_f32());
            Ok(model.blocks.iter().find_map(find).ok_or("no such linear")?)
        };
        let (dense, folded) = (weight(&before, gate)?, weight(&after, gate)?);
        assert!(dense != folded, "{method}");
        for (row, changed) in dense.data.chunks(dense.cols).zip(folded.data.chunks(dense.cols)) {
            for (column, (w, moved)) in row.iter().zip(changed).enumerate() {
                let norm = |model: &Model| model.blocks[0].mlp_norm.as_ref().map_or(0.0, |norm| norm.weight[column]);
                let (a, b) = (w * norm(&before), moved * norm(&after));
                // Both are stored as bf16.
                assert!((a - b).abs() <= 0.01 * a.abs(), "{method}: {a} {b}");
            }
        }
        // Where nothing of a group is rounded, nothing is moved into it.
        assert!(before.blocks[1].attention_norm == after.blocks[1].attention_norm, "{method}");
        assert!(weight(&before, whole[0])? == weight(&after, whole[0])?, "{method}");
    }
    Ok(())
}

#[test]
fn what_cannot_be_is_refused_before_anything_is_read() -> Checked<()> {
    let pico = Checkpoint::bundled()?;
    let of = |name: &str, bits: Value| json!([{"linears": [name], "bits": bits}]);
    let down = "model.layers.0.mlp.down_proj";
    for (method, overrides, format, says) in [
        ("rtn", of("model.layers.99.*", json!(8)), "dense", "`model.layers.99.*` is none of the linears"),
        ("wanda", of("lm_head", json!("dense")), "dense", "`lm_head` is none"),
        ("rtn", of("model.layers.0.mlp.down_proj.weight", json!(8)), "dense", "down_proj.weight` is none"),
        (
            "rtn",
            json!([{"linears": ["*.down_proj"], "bits": 8}, {"linears": [down], "bits": "dense"}]),
            "dense",
            "override 2: `model.layers.0.mlp.down_proj` is in override 1 too",
        ),
        ("rtn", of(down, json!(8)), "awq", "8-bit weights (model.layers.0.mlp.down_proj)"),
        ("rtn", of(down, json!(3)), "gguf", "3-bit weights (model.layers.0.mlp.down_proj)"),
    ] {
        let recipe = recipe(&pico, method, &json!({"overrides": overrides}))?;
        let error = check(pico.config(), &recipe, Some(named(format)?)).err().map(|error| error.to_string());
        assert!(error.as_ref().is_some_and(|error| error.contains(says)), "{overrides}: {error:?}");
        let folder = tempfile::tempdir()?;
        let error =
            run(method, &json!({"overrides": overrides}), Some(named(format)?), &folder.path().join("out")).err();
        assert!(error.is_some_and(|error| error.to_string().contains(says)), "{overrides}");
    }
    Ok(())
}

#[test]
fn a_recipe_says_its_overrides_again() -> Checked<()> {
    let pico = Checkpoint::bundled()?;
    let overrides = json!([{"linears": ["model.layers.0.*"], "bits": 8}]);
    for (list, given) in [
        ("gptq", json!({"overrides": overrides})),
        ("gptq", json!({"gptq.overrides": overrides, "bits": 3})),
        ("wanda+gptq", json!({"overrides": overrides.to_string()})),
        ("wanda+gptq", json!({"gptq": {"overrides": overrides, "bits": 3}})),
    ] {
        let first = recipe(&pico, list, &given)?;
        let again = recipe(&pico, list, &first.settings())?;
        assert_eq!((again.settings(), again.variant_name()), (first.settings(), first.variant_name()));
        assert!(first.variant_name().contains("-mix"));
        let bits = |name: &str| first.scheme_of(name).map(|scheme| scheme.grid.bits);
        assert_eq!(bits("model.layers.0.mlp.up_proj"), Some(8));
        assert_ne!(bits("model.layers.1.mlp.up_proj"), Some(8));
    }
    let twice = recipe(&pico, "gptq", &json!({"overrides": overrides, "gptq.overrides": overrides}));
    assert!(twice.is_err_and(|error| error.to_string().contains("given once")));
    assert!(recipe(&pico, "gptq", &json!({"overrides": []}))?.settings().get("overrides").is_none());
    Ok(())
}
