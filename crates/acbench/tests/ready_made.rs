//! Checkpoints that somebody made before, beside the model that they were made from.

mod support;

use std::fs;
use std::path::Path;

use serde_json::{Value, json};
use support::{Checked, json as json_of, refused, run, succeeds};

/// A GGUF file of 8 bits and a folder without its smaller half, made from the bundled model.
fn made(folder: &Path) -> Checked<()> {
    let eight = ["compress", "--compression_method", "rtn", "--method_args", "bits=8", "group_size=32"];
    succeeds(folder, &[&eight[..], &["--format", "gguf", "--output_path", "eight"]].concat())?;
    succeeds(folder, &["compress", "--compression_method", "magnitude", "--output_path", "half"])?;
    Ok(())
}

fn ask(variants: &[&'static str]) -> Vec<&'static str> {
    let asked = ["evaluate", "--tasks", "worfbench", "--limit", "3", "--output_path", "out", "--json", "--variant"];
    [&asked[..], variants].concat()
}

const BOTH: [&str; 2] = ["q8_0=eight/model.gguf", "half=half"];

#[test]
fn ready_made_checkpoints_are_compared_like_those_made_here() -> Checked<()> {
    let folder = tempfile::tempdir()?;
    made(folder.path())?;
    let result = json_of(folder.path(), &[&ask(&BOTH)[..], &["--compression_method", "magnitude"]].concat())?;
    let variants = result["run"]["variants"].as_array().ok_or("no variants")?;
    let named: Vec<(&Value, &Value)> = variants.iter().map(|one| (&one["name"], &one["source"])).collect();
    assert_eq!(
        json!(named),
        json!([["dense", "dense"], ["magnitude-0.5", "compressed"], ["q8_0", "checkpoint"], ["half", "checkpoint"]])
    );
    // The same weights give the same replies, wherever they were made.
    let replies = |variant: &str| fs::read(folder.path().join("out").join(variant).join("scores/worfbench.jsonl"));
    assert_eq!(replies("half")?, replies("magnitude-0.5")?);
    let found = &result["compressions"]["q8_0"];
    assert_eq!((&found["format"], found["linears"].as_object().map(|all| all.len())), (&json!("gguf"), Some(1)));
    assert!((8.0..9.0).contains(&found["linear_bits"].as_f64().ok_or("no bits")?), "{found}");
    let page = fs::read_to_string(folder.path().join("out/report/index.html"))?;
    assert!(page.contains("ready-made, gguf") && page.contains("not known"));
    Ok(())
}

#[test]
fn a_run_goes_on_with_the_checkpoint_that_it_began_with_and_no_other() -> Checked<()> {
    let folder = tempfile::tempdir()?;
    made(folder.path())?;
    let result = json_of(folder.path(), &ask(&BOTH))?;
    // Where it lies is not what it is.
    fs::rename(folder.path().join("half"), folder.path().join("moved"))?;
    assert_eq!(json_of(folder.path(), &ask(&["q8_0=eight/model.gguf", "half=moved"]))?["analysis"], result["analysis"]);
    let said = refused(folder.path(), &ask(&["q8_0=moved", "half=moved"]))?;
    assert!(said.contains("other settings") && said.contains("variants.q8_0.digest"), "{said}");
    // What `generate` finds there later has to be the same, too.
    fs::remove_dir_all(folder.path().join("out/half/transcripts"))?;
    fs::rename(folder.path().join("eight"), folder.path().join("half"))?;
    let said = refused(folder.path(), &["generate", "out"])?;
    assert!(said.contains("no longer what this run began with"), "{said}");
    Ok(())
}

#[test]
fn inputs_are_rounded_where_a_run_says_so_and_the_run_remembers_it() -> Checked<()> {
    let folder = tempfile::tempdir()?;
    made(folder.path())?;
    let exact = json_of(folder.path(), &ask(&BOTH))?;
    assert_eq!(exact["run"]["activations"], Value::Null);
    let said = |variant: &str| fs::read(folder.path().join("out").join(variant).join("transcripts/worfbench.jsonl"));
    let texts = |variants: &[&str]| variants.iter().map(|variant| said(variant)).collect::<Result<Vec<_>, _>>();
    let all = ["dense", "half", "q8_0"];
    let before = texts(&all)?;
    for (choice, on_page, same) in [
        ("int8", "inputs of integer weights rounded to 8 bits", &all[..2]),
        // Of the file of 8 bits it is the head.
        ("bf16", "inputs of bfloat16 weights rounded to bfloat16", &[]),
    ] {
        // A run whose inputs were not rounded so does not go on with others.
        let rounding = [&ask(&BOTH)[..], &["--activations", choice]].concat();
        let told = refused(folder.path(), &rounding)?;
        assert!(
            told.contains("activations: the run has ") && told.contains(&format!("asked now is {choice}")),
            "{told}"
        );
        fs::rename(folder.path().join("out"), folder.path().join(format!("before {choice}")))?;
        let output = run(folder.path(), &rounding)?;
        let told = String::from_utf8(output.stderr)?;
        assert!(output.status.success(), "{told}");
        let rounded: Value = serde_json::from_slice(&output.stdout)?;
        assert_eq!(rounded["run"]["activations"], choice);
        let page = fs::read_to_string(folder.path().join("out/report/index.html"))?;
        assert!(page.contains(on_page), "{choice}");
        // Weights of other kinds reply as they did, which is said of each.
        for (variant, before) in all.iter().zip(&before) {
            let named = told
                .contains(&format!("--activations {choice} changes nothing in {variant}, which has no such weights"));
            assert_eq!(named, same.contains(variant), "{told}");
            assert!(!named || said(variant)? == *before, "{variant}");
        }
    }
    Ok(())
}

/// Changes a text file.
fn edit(path: &Path, from: &str, to: &str) -> Checked<()> {
    let text = fs::read_to_string(path)?;
    assert!(text.contains(from), "{} has no {from}", path.display());
    Ok(fs::write(path, text.replacen(from, to, 1))?)
}

#[test]
fn prompts_are_the_dense_models_and_other_tokens_are_refused() -> Checked<()> {
    let folder = tempfile::tempdir()?;
    made(folder.path())?;
    let half = folder.path().join("half");
    edit(&half.join("tokenizer_config.json"), "{{", "{{ '' }}{{")?;
    let output = run(folder.path(), &ask(&["half=half"]))?;
    let said = String::from_utf8(output.stderr)?;
    assert!(output.status.success() && said.contains("half has another chat template"), "{said}");

    let path = half.join("tokenizer.json");
    let mut tokens: Value = serde_json::from_str(&fs::read_to_string(&path)?)?;
    let vocabulary = &mut tokens["model"]["vocab"];
    let (node, code) = (vocabulary["Node"].take(), vocabulary["code"].take());
    (vocabulary["Node"], vocabulary["code"]) = (code, node);
    fs::write(&path, tokens.to_string())?;
    let said = refused(folder.path(), &[&ask(&["half=half"])[..], &["--seed", "1"]].concat())?;
    assert!(said.contains("is `Node` in the model and `code` in half") && said.contains("--model_name"), "{said}");
    Ok(())
}

#[test]
fn names_and_paths_that_cannot_be_are_refused_before_anything_is_done() -> Checked<()> {
    let folder = tempfile::tempdir()?;
    for (variants, says) in [
        (&["q4"][..], "NAME=PATH"),
        (&["report=x"], "folder of this name"),
        (&["a/b=x"], "letters"),
        (&["a=no-such-thing"], "not a folder"),
    ] {
        let said = refused(folder.path(), &ask(variants))?;
        assert!(said.contains(says), "{variants:?}: {said}");
    }
    assert!(!folder.path().join("out").exists());
    Ok(())
}
