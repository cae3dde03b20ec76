//! The whole flow on the bundled model and on checkpoints made from it.

mod support;

use std::fs;
use std::path::{Path, PathBuf};

use serde_json::json;
use support::{Checked, json as json_of, refused, succeeds};

/// The tasks that run where none is named.
fn by_default() -> impl Iterator<Item = &'static &'static dyn task::Task> {
    task::TASKS.iter().filter(|task| !task.info().named_only)
}

/// A Hugging Face folder: the bundled model with weights of 8 bits.
fn exported(folder: &Path, method: &str, settings: &str) -> Checked<PathBuf> {
    let args = ["compress", "--compression_method", method, "--method_args", settings, "--output_path", "model"];
    succeeds(folder, &args)?;
    Ok(folder.join("model"))
}

#[test]
fn every_method_runs_from_the_bundled_model_to_a_table() -> Checked<()> {
    let folder = tempfile::tempdir()?;
    let result = json_of(
        folder.path(),
        &[
            "evaluate",
            "--compression_method",
            "gptq",
            "wanda",
            "rtn",
            "magnitude",
            "--method_args",
            "sequences=4",
            "length=64",
            "--limit",
            "2",
            "--output_path",
            "out",
            "--json",
        ],
    )?;
    let variants: Vec<&str> =
        result["run"]["variants"].as_array().ok_or("none")?.iter().filter_map(|v| v["name"].as_str()).collect();
    assert_eq!(variants, ["dense", "gptq-w4-g128", "wanda-0.5", "rtn-w4-g128", "magnitude-0.5"]);
    assert_eq!(result["analysis"]["paired"].as_array().map(Vec::len), Some(4 * by_default().count()));
    let sparsity = result["compressions"]["wanda-0.5"]["sparsity"].as_f64().ok_or("no sparsity")?;
    assert!((sparsity - 0.5).abs() < 0.01, "{sparsity}");
    let bits = result["compressions"]["gptq-w4-g128"]["effective_bits"].as_f64().ok_or("no bits")?;
    assert!((4.0..4.5).contains(&bits), "{bits}");
    let page = fs::read_to_string(folder.path().join("out/report/index.html"))?;
    assert!(page.contains("gptq-w4-g128") && !page.contains("http://") && !page.contains("<script src"));
    Ok(())
}

#[test]
fn a_compressed_checkpoint_runs_as_a_model() -> Checked<()> {
    let folder = tempfile::tempdir()?;
    exported(folder.path(), "rtn", "bits=8")?;
    let ask = ["generate", "--model_name", "model", "--tasks", "tool_use", "--limit", "2", "--json"];
    let counts = json_of(folder.path(), &ask)?;
    let tasks = by_default().filter(|task| task.capability() == record::Capability::ToolUse).count();
    assert_eq!((&counts["samples"], &counts["failed"]), (&json!(2 * tasks), &json!(0)));
    let again = ["evaluate", "--model_name", "model", "--compression_method", "rtn", "--limit", "1"];
    assert!(refused(folder.path(), &again)?.contains("is quantized already"));
    Ok(())
}

#[test]
fn any_file_of_a_model_that_is_damaged_is_named_with_a_cure() -> Checked<()> {
    let folder = tempfile::tempdir()?;
    let model = exported(folder.path(), "magnitude", "sparsity=0.1")?;
    fs::remove_file(model.join("compress.json"))?;
    let files = fs::read_dir(&model)?.map(|entry| Ok(entry?.path())).collect::<std::io::Result<Vec<_>>>()?;
    assert_eq!(files.len(), 5, "{files:?}");
    for path in files {
        let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
        let whole = fs::read(&path)?;
        let noise: Vec<u8> = (0..whole.len()).map(|at| (at.wrapping_mul(2_654_435_761) >> 13) as u8).collect();
        // A model runs without its stop tokens and its template, as in transformers.
        let optional = ["generation_config.json", "tokenizer_config.json"].contains(&name.as_str());
        let absent = (!optional).then_some(None);
        for damaged in absent.into_iter().chain([Some(&whole[..whole.len() / 2]), Some(&noise[..])]) {
            match damaged {
                None => fs::remove_file(&path)?,
                Some(bytes) => fs::write(&path, bytes)?,
            }
            let ask = ["evaluate", "--model_name", "model", "--compression_method", "rtn", "--limit", "1"];
            let said = refused(folder.path(), &ask)?;
            assert!(said.contains(&name) && said.contains("original download") || said.contains("download"), "{said}");
            fs::write(&path, &whole)?;
        }
    }
    Ok(())
}

#[test]
fn a_calibration_text_that_is_too_short_is_refused() -> Checked<()> {
    let folder = tempfile::tempdir()?;
    fs::write(folder.path().join("short.txt"), "a few words")?;
    let ask = ["compress", "--compression_method", "gptq", "--calibration", "short.txt", "--output_path", "x"];
    let said = refused(folder.path(), &ask)?;
    assert!(said.contains("short.txt") && said.contains("tokens"), "{said}");
    assert!(!folder.path().join("x").exists());
    Ok(())
}

#[test]
fn samples_asked_several_times_say_how_often_all_replies_are_right() -> Checked<()> {
    let folder = tempfile::tempdir()?;
    let ask = |more: &[&str]| -> Vec<String> {
        let ask = "evaluate --compression_method rtn --method_args bits=3 --tasks teval_retrieve --limit 4 --epochs 3";
        ask.split(' ').chain(more.iter().copied()).map(str::to_owned).collect()
    };
    let refusal = ask(&[]);
    let refusal: Vec<&str> = refusal.iter().map(String::as_str).collect();
    assert!(refused(folder.path(), &refusal)?.contains("--temperature"));
    let asked = ask(&["--temperature", "1.2", "--output_path", "out", "--json"]);
    let asked: Vec<&str> = asked.iter().map(String::as_str).collect();
    let result = json_of(folder.path(), &asked)?;
    assert_eq!((&result["run"]["epochs"], &result["run"]["tasks"][0]["samples"]), (&json!(3), &json!(12)));
    let repeats = result["analysis"]["repeats"].as_array().ok_or("no repeats")?;
    assert_eq!(repeats.len(), 2);
    for of in repeats {
        assert_eq!(of["items"], 4);
        let passes = of["passes"].as_array().ok_or("no passes")?;
        assert_eq!(passes.len(), 3);
        let first = |name: &str| passes[0][name].as_f64().unwrap_or(f64::NAN);
        assert!((first("any") - first("all")).abs() < 1e-12, "{of}");
        assert_eq!(passes[0].get("all_change").is_some(), of["variant"] != "dense");
    }
    let replies = fs::read_to_string(folder.path().join("out/dense/transcripts/teval_retrieve.jsonl"))?;
    let texts: std::collections::BTreeSet<String> = replies
        .lines()
        .map(|line| serde_json::from_str::<serde_json::Value>(line).map(|it| it["reply"]["text"].to_string()))
        .collect::<Result<_, _>>()?;
    assert!(texts.len() > 4, "the draws of the epochs are alike: {texts:?}");
    assert!(fs::read_to_string(folder.path().join("out/report/index.html"))?.contains("Asked several times"));
    // The same samples, asked once, are another run.
    let once = ["evaluate", "--tasks", "teval_retrieve", "--limit", "4", "--output_path", "out"];
    assert!(refused(folder.path(), &once)?.contains("epochs"));
    Ok(())
}
