//! What methods are calibrated on, what is said meanwhile, and what it takes of memory.

mod support;

use std::fs;
use std::path::Path;

use serde_json::{Value, json};
use support::{Checked, json as json_of, refused, run, succeeds};

fn json_file(path: &Path) -> Checked<Value> {
    Ok(serde_json::from_slice(&fs::read(path)?)?)
}

/// `gptq` on text that the bundled model writes itself.
fn own(output: &str, tokens: &'static str) -> Vec<String> {
    let ask = ["compress", "--compression_method", "gptq", "--method_args", "length=64", "--calibration", tokens];
    ask.iter().copied().chain(["--output_path", output]).map(str::to_owned).collect()
}

#[test]
fn a_model_writes_its_own_text_the_same_every_time() -> Checked<()> {
    let folder = tempfile::tempdir()?;
    let here = folder.path();
    let ask = |output: &str| -> Checked<Value> {
        let args = own(output, "self:300");
        succeeds(here, &args.iter().map(String::as_str).collect::<Vec<_>>())?;
        json_file(&here.join(output).join("compress.json"))
    };
    let (first, second) = (ask("a")?, ask("b")?);
    let text = &first["calibration"];
    assert_eq!((&text["source"], &text["sequences"], &text["length"]), (&json!("self"), &json!(4), &json!(64)));
    assert_eq!((&first["settings"]["sequences"], &text["seed"]), (&json!(4), &json!(0)));
    assert_eq!(text["digest"], second["calibration"]["digest"]);
    let names: Vec<_> = fs::read_dir(here)?.flatten().map(|entry| entry.file_name()).collect();
    assert_eq!(names.len(), 2, "only the two checkpoints: {names:?}");
    Ok(())
}

#[test]
fn a_run_records_its_text_and_goes_on_with_it() -> Checked<()> {
    let folder = tempfile::tempdir()?;
    let here = folder.path();
    let mut ask =
        vec!["evaluate", "--compression_method", "gptq", "wanda", "--method_args", "sequences=4", "length=64"];
    ask.extend(["--tasks", "tool_use", "--limit", "1", "--output_path", "out", "--json"]);
    let own = [&ask[..], &["--calibration", "self:200"]].concat();
    json_of(here, &own)?;
    let record = json_file(&here.join("out/run.json"))?;
    assert_eq!(record["variants"][1]["calibration"], json!({"source": "self", "tokens": 200}));
    let of = |variant: &str| json_file(&here.join("out").join(variant).join("checkpoint/compress.json"));
    let digest = of("gptq-w4-g128")?["calibration"]["digest"].clone();
    assert_eq!(digest, of("wanda-0.5")?["calibration"]["digest"]);
    // What is torn off the text is written again, and is the same.
    let kept = here.join("out/calibration/self.jsonl");
    let text = fs::read_to_string(&kept)?;
    fs::write(&kept, text.lines().next().map(|line| format!("{line}\n")).unwrap_or_default())?;
    fs::remove_dir_all(here.join("out/gptq-w4-g128"))?;
    json_of(here, &own)?;
    assert_eq!((of("gptq-w4-g128")?["calibration"]["digest"].clone(), fs::read_to_string(&kept)?), (digest, text));
    // The bundled model's default are the twins, as before.
    let said = refused(here, &ask)?;
    assert!(said.contains("asked now is twins"), "{said}");
    // It is a text like any other.
    let args = ["compress", "--compression_method", "wanda", "--method_args", "sequences=2,length=64"];
    succeeds(here, &[&args[..], &["--calibration", "out/calibration/self.jsonl", "--output_path", "w"]].concat())?;
    Ok(())
}

#[test]
fn in_a_pipe_the_first_block_and_the_last_are_told() -> Checked<()> {
    let folder = tempfile::tempdir()?;
    let output = run(folder.path(), &["compress", "--compression_method", "rtn", "--output_path", "x"])?;
    let said = String::from_utf8(output.stderr)?;
    assert!(said.contains("rtn-w4-g128: compressing: 0 of 28, block 1 of 4"), "{said}");
    assert!(said.contains("28 of 28, block 4 of 4") && said.lines().count() < 8, "{said}");
    Ok(())
}

#[test]
fn a_budget_that_cannot_be_kept_is_refused_with_one_that_can() -> Checked<()> {
    let folder = tempfile::tempdir()?;
    let here = folder.path();
    let mut ask = vec!["compress", "--compression_method", "wanda", "--method_args", "sequences=8,length=256"];
    ask.extend(["--output_path", "x", "--ram_budget"]);
    let said = refused(here, &[&ask[..], &["1MB"]].concat())?;
    let enough = said.split("give --ram_budget ").nth(1).and_then(|rest| rest.split(' ').next()).ok_or(said.clone())?;
    assert!(!here.join("x").exists() && !here.join("x.part").exists());
    succeeds(here, &[&ask[..], &[enough]].concat())?;
    Ok(())
}

#[test]
fn what_a_model_takes_of_memory_is_said_before_it_is_loaded() -> Checked<()> {
    let folder = tempfile::tempdir()?;
    let here = folder.path();
    let plan = |ask: &[&str]| -> Checked<Value> {
        Ok(json_of(here, &[&["inspect", "--plan", "--json"], ask].concat())?["memory"].clone())
    };
    let pico = Path::new(env!("CARGO_MANIFEST_DIR")).join("../model/pico");
    let dense = plan(&[])?;
    let size = |value: &Value, name: &str| value[name].as_u64().ok_or(format!("{name} of {value}"));
    assert_eq!(size(&dense, "mapped")?, fs::metadata(pico.join("model.safetensors"))?.len());
    assert!(size(&dense, "least")? < size(&dense, "most")? && size(&dense, "token")? > 0, "{dense}");
    assert!(size(&plan(&["--batch_size", "1"])?, "most")? < size(&dense, "most")?);
    let methods = dense["methods"].as_array().ok_or("no methods")?;
    assert!(methods.iter().any(|one| one["method"] == "gptq" && one["peak"].as_u64() > Some(1 << 20)), "{dense}");
    succeeds(here, &["compress", "--compression_method", "rtn", "--output_path", "int4"])?;
    let packed = plan(&["int4"])?;
    assert_eq!(packed["methods"], json!([]), "what is quantized is not compressed again");
    assert!(size(&packed, "mapped")? < size(&dense, "mapped")?);
    let said = succeeds(here, &["inspect", "--plan"])?;
    assert!(said.contains("to reply") && said.contains("to compress   gptq"), "{said}");
    Ok(())
}

#[test]
fn the_number_of_threads_changes_no_byte() -> Checked<()> {
    let folder = tempfile::tempdir()?;
    let here = folder.path();
    let settings = ["--method_args", "sequences=2,length=128", "--output_path"];
    let ask = [&["compress", "--compression_method", "gptq"][..], &settings].concat();
    for threads in ["1", "3"] {
        succeeds(here, &[&ask[..], &[threads, "--threads", threads]].concat())?;
    }
    assert!(fs::read(here.join("1/model.safetensors"))? == fs::read(here.join("3/model.safetensors"))?);
    for threads in ["0", "many", "9999"] {
        assert!(refused(here, &["--threads", threads, "list", "tasks"])?.contains("1 to 1024"));
    }
    Ok(())
}

const HIDDEN: usize = 512;
const INTER: usize = 1536;
const VOCABULARY: usize = 8192;

/// A folder with a random model that is larger than the bundled one, whose tokenizer it has.
fn made_model(here: &Path) -> Checked<()> {
    let dense = ["compress", "--compression_method", "magnitude", "--method_args", "sparsity=0.1"];
    succeeds(here, &[&dense[..], &["--output_path", "model"]].concat())?;
    let path = here.join("model/config.json");
    let mut config = json_file(&path)?;
    for (name, value) in [
        ("hidden_size", HIDDEN),
        ("intermediate_size", INTER),
        ("num_hidden_layers", 2),
        ("num_attention_heads", 8),
        ("num_key_value_heads", 8),
        ("vocab_size", VOCABULARY),
    ] {
        config[name] = json!(value);
    }
    fs::write(&path, config.to_string())?;
    let (mut tensors, mut end) = (serde_json::Map::new(), 0);
    let mut add = |name: String, shape: &[usize]| {
        let bytes = shape.iter().product::<usize>() * 2;
        tensors.insert(name, json!({"dtype": "BF16", "shape": shape, "data_offsets": [end, end + bytes]}));
        end += bytes;
    };
    add("model.embed_tokens.weight".into(), &[VOCABULARY, HIDDEN]);
    add("model.norm.weight".into(), &[HIDDEN]);
    for layer in 0..2 {
        let name = |part: &str| format!("model.layers.{layer}.{part}");
        ["input_layernorm.weight", "post_attention_layernorm.weight"]
            .iter()
            .for_each(|part| add(name(part), &[HIDDEN]));
        for part in ["q", "k", "v"] {
            add(name(&format!("self_attn.{part}_proj.weight")), &[HIDDEN, HIDDEN]);
            add(name(&format!("self_attn.{part}_proj.bias")), &[HIDDEN]);
        }
        add(name("self_attn.o_proj.weight"), &[HIDDEN, HIDDEN]);
        add(name("mlp.gate_proj.weight"), &[INTER, HIDDEN]);
        add(name("mlp.up_proj.weight"), &[INTER, HIDDEN]);
        add(name("mlp.down_proj.weight"), &[HIDDEN, INTER]);
    }
    let header = Value::Object(tensors).to_string();
    let mut bytes = (header.len() as u64).to_le_bytes().to_vec();
    bytes.extend(header.as_bytes());
    let mut rng = record::Rng::new(3);
    bytes.extend((0..end / 2).flat_map(|_| {
        // Between -0.06 and 0.06, in bfloat16.
        let value = (rng.uniform() as f32 - 0.5) * 0.12;
        ((value.to_bits() >> 16) as u16).to_le_bytes()
    }));
    fs::write(here.join("model/model.safetensors"), bytes)?;
    let mut ids = || (0..512).map(|_| rng.below(VOCABULARY)).collect::<Vec<_>>();
    let lines: Vec<String> = (0..64).map(|_| json!({"input_ids": ids()}).to_string()).collect();
    fs::write(here.join("text.jsonl"), lines.join("\n"))?;
    Ok(())
}

#[cfg(target_os = "linux")]
#[test]
fn the_expected_memory_is_what_is_taken() -> Checked<()> {
    let folder = tempfile::tempdir()?;
    let here = folder.path();
    made_model(here)?;
    let mut off = Vec::new();
    for (method, settings) in [
        ("rtn", "bits=4"),
        ("gptq", "sequences=64,length=512"),
        ("wanda", "sequences=64,length=512"),
        ("sparsegpt", "sequences=16,length=512"),
    ] {
        let mut ask = vec!["compress", "--model_name", "model", "--compression_method", method];
        ask.extend(["--method_args", settings, "--calibration", "text.jsonl", "--output_path", method]);
        let said = String::from_utf8(run(here, &ask)?.stderr)?;
        let megabytes = |before: &str| -> Option<f64> {
            let number = said.split(before).nth(1)?.trim_start().split(' ').next()?;
            number.parse().ok()
        };
        let expected = megabytes("expected peak memory:").ok_or_else(|| said.clone())?;
        let taken = megabytes("peak memory of this process:").ok_or_else(|| said.clone())?;
        let line = format!("{method}: {expected} MB expected, {taken} MB taken");
        println!("{line}");
        off.extend(((expected / taken - 1.0).abs() >= 0.25).then_some(line));
    }
    assert!(off.is_empty(), "{off:?}");
    Ok(())
}
