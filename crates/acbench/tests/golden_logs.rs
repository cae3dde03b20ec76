//! Logs of lm-eval, Inspect and BFCL against numbers that were computed from the same files by other code.

mod support;

use std::error::Error;
use std::path::{Path, PathBuf};

use acbench::logs::{self, Log, Series};
use record::{Compared, Comparison, Difference};
use serde_json::Value;

type Checked<T> = Result<T, Box<dyn Error>>;

fn golden() -> Option<PathBuf> {
    let root = std::env::var_os("ACBENCH_GOLDEN")
        .map_or_else(|| PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/../../../shared/golden")), PathBuf::from);
    let folder = root.join("logs");
    if folder.is_dir() {
        return Some(folder);
    }
    eprintln!("skipped: {} is not there", folder.display());
    None
}

fn expected(folder: &Path) -> Checked<Value> {
    Ok(serde_json::from_slice(&std::fs::read(folder.join("expected.json"))?)?)
}

fn open(path: impl AsRef<Path>) -> Checked<Log> {
    Ok(logs::open(path.as_ref().to_str().ok_or("no text")?)?)
}

fn near(name: &str, got: f64, expected: &Value) {
    let expected = expected.as_f64().unwrap_or(f64::NAN);
    assert!((got - expected).abs() < 1e-9, "{name}: {got}, expected {expected}");
}

fn compared<'a>(all: &'a Comparison, task: &str, metric: &str, filter: Option<&str>) -> Checked<&'a Compared> {
    let found =
        all.compared.iter().find(|one| one.task == task && one.metric == metric && one.filter.as_deref() == filter);
    found.ok_or_else(|| format!("no {task} {metric} {filter:?} in {all:#?}").into())
}

/// Means and counts of a pairing.
fn check_pairs(name: &str, found: &Difference, expected: &Value) -> Checked<()> {
    assert_eq!(found.n as u64, expected["n_paired"], "{name}");
    near(name, found.a, &expected["mean_A_paired"]);
    near(name, found.b, &expected["mean_B_paired"]);
    let counts = found.agreement.ok_or("graded")?;
    let all = [
        ("both_right", counts.both),
        ("only_A", counts.only_a),
        ("only_B", counts.only_b),
        ("neither", counts.neither),
    ];
    for (field, count) in all {
        assert_eq!(count, expected[field], "{name} {field}");
    }
    Ok(())
}

/// Both sides alone and together; `failures` is which side's missing scores the unpaired items are.
fn check(name: &str, found: &Compared, expected: &Value) -> Checked<()> {
    assert_eq!(
        (found.a.n as u64, found.b.n as u64),
        (expected["n_A"].as_u64().ok_or("n_A")?, expected["n_B"].as_u64().ok_or("n_B")?),
        "{name}"
    );
    near(name, found.a.mean, &expected["mean_A_all"]);
    near(name, found.b.mean, &expected["mean_B_all"]);
    check_pairs(name, &found.paired, expected)?;
    // `('err-0', 1)`: what A has alone is what B failed.
    let labels = |names: &[(String, String)], only: &[String]| -> Vec<String> {
        let all = names.iter().map(|(label, _)| label).chain(only);
        all.map(|label| label.replace("epoch ", "")).collect()
    };
    let strip = |text: &Value| text.as_str().unwrap_or_default().replace(['(', ')', '\''], "");
    let (a, b) = (labels(&found.failed_b, &found.only_a), labels(&found.failed_a, &found.only_b));
    for (got, field) in [(a, "unpaired_A"), (b, "unpaired_B")] {
        let expected: Vec<String> = expected[field].as_array().ok_or("no list")?.iter().map(strip).collect();
        assert_eq!(got, expected, "{name} {field}");
    }
    Ok(())
}

#[test]
fn lm_eval() -> Checked<()> {
    let Some(folder) = golden() else { return Ok(()) };
    let expected = expected(&folder)?;
    let (a, b) = (open(folder.join("lm_eval/acme__dense-1b"))?, open(folder.join("lm_eval/acme__compressed-1b-w4"))?);
    assert_eq!((a.name.model.as_str(), b.name.model.as_str()), ("acme/dense-1b", "acme/compressed-1b-w4"));
    let found = acbench::compare(&a, &b, 0.03)?;
    assert_eq!(found.not_comparable, []);
    let all = expected["lm_eval"].as_object().ok_or("no numbers")?;
    assert_eq!(found.compared.len(), all.len());
    for (name, numbers) in all {
        let parts: Vec<&str> = name.split('|').collect();
        let [task, metric, filter] = parts[..] else { return Err(name.clone().into()) };
        check(name, compared(&found, task, metric, (filter != "none").then_some(filter))?, numbers)?;
    }
    let minimal = open(folder.join("minimal_lm_eval/acme__dense-1b"))?;
    assert_eq!(minimal.series.len(), 1);
    minimal_is("mini acc", &minimal.series[0], &expected["minimal_lm_eval"]["mini|acc|none"]);
    // A results file and a samples file are the same log.
    for file in ["results_2026-01-02T03-04-05.000006.json", "samples_mini_2026-01-02T03-04-05.000006.jsonl"] {
        let again = open(folder.join("minimal_lm_eval/acme__dense-1b").join(file))?;
        assert_eq!((&again.series, &again.unusable), (&minimal.series, &minimal.unusable), "{file}");
    }
    Ok(())
}

fn minimal_is(name: &str, series: &Series, expected: &Value) {
    let values: Vec<f64> = series.items.iter().filter_map(|item| item.value.as_ref().ok().copied()).collect();
    assert_eq!(values.len() as u64, expected["n"], "{name}");
    near(name, values.iter().sum::<f64>() / values.len() as f64, &expected["mean"]);
}

fn logs_of(folder: &Path) -> Checked<(Log, Log)> {
    let mut all = Vec::new();
    for entry in std::fs::read_dir(folder)? {
        all.push(open(entry?.path())?);
    }
    all.sort_by_key(|log| !log.name.model.contains("dense"));
    let mut all = all.into_iter();
    Ok((all.next().ok_or("no A")?, all.next().ok_or("no B")?))
}

#[test]
fn inspect() -> Checked<()> {
    let Some(folder) = golden() else { return Ok(()) };
    let expected = expected(&folder)?;
    for set in ["inspect_eval", "inspect_json"] {
        let numbers = &expected[set];
        let (a, b) = logs_of(&folder.join(set))?;
        for (side, log) in [("A", &a), ("B", &b)] {
            assert!(log.name.path.ends_with(numbers["files"][side].as_str().ok_or("no file")?), "{}", log.name.path);
            assert_eq!(log.series[0].items.len() as u64, numbers["samples_in_log"][side]);
            let series = log.series.iter().find(|series| series.metric == "brevity").ok_or("no brevity")?;
            let values: Vec<f64> = series.items.iter().filter_map(|item| item.value.as_ref().ok().copied()).collect();
            let mean = values.iter().sum::<f64>() / values.len() as f64;
            near("brevity", mean, &numbers["brevity_mean"][side]);
            near("brevity", mean, &numbers["header_brevity_mean"][side]);
        }
        let found = acbench::compare(&a, &b, 0.03)?;
        assert_eq!(found.not_comparable, []);
        let includes = compared(&found, "golden_add", "includes", None)?;
        check(set, includes, &numbers["includes|pair_by_id_epoch"])?;
        let failed = |all: &[(String, String)]| all.iter().map(|one| one.0.replace(", ", "/")).collect::<Vec<_>>();
        assert_eq!(
            serde_json::json!({"A": failed(&includes.failed_a), "B": failed(&includes.failed_b)}),
            numbers["errored"]
        );
        check_ids(set, includes, &numbers["includes|epoch_mean_per_id"])?;
        // Errors as wrong answers: everything that either has.
        let wrong = includes.errors_wrong.as_ref().ok_or("no errors")?;
        assert_eq!(wrong.n as u64, numbers["samples_in_log"]["A"]);
        let (n, mean) = (includes.b.n as f64, includes.b.mean);
        assert!((wrong.b - n * mean / wrong.n as f64).abs() < 1e-12);
    }
    Ok(())
}

/// Items averaged over their epochs first.
fn check_ids(name: &str, found: &Compared, expected: &Value) -> Checked<()> {
    let (n, a, b, higher, equal, lower) = match &found.epochs {
        Some(epochs) => (epochs.n, epochs.a, epochs.b, epochs.a_higher, epochs.equal, epochs.b_higher),
        None => {
            let counts = found.paired.agreement.ok_or("graded")?;
            let equal = (counts.both + counts.neither) as usize;
            let found = &found.paired;
            (found.n, found.a, found.b, counts.only_a as usize, equal, counts.only_b as usize)
        }
    };
    let counts = [("n_ids_paired", n), ("A_greater", higher), ("equal", equal), ("B_greater", lower)];
    for (field, count) in counts {
        assert_eq!(count as u64, expected[field], "{name} {field}");
    }
    near(name, a, &expected["mean_A_paired"]);
    near(name, b, &expected["mean_B_paired"]);
    // As many epochs for every id: the mean over ids is the mean over samples.
    near(name, found.a.mean, &expected["mean_A_all"]);
    near(name, found.b.mean, &expected["mean_B_all"]);
    let epochs = if found.epochs.is_some() { 2 } else { 1 };
    assert_eq!((found.a.n / epochs) as u64, expected["n_ids_A"], "{name}");
    assert_eq!((found.b.n / epochs) as u64, expected["n_ids_B"], "{name}");
    Ok(())
}

#[test]
fn minimal_inspect_logs_of_every_compression_are_the_same() -> Checked<()> {
    let Some(folder) = golden() else { return Ok(()) };
    let expected = &expected(&folder)?["minimal_inspect"]["each_file"];
    let mut all = Vec::new();
    for entry in std::fs::read_dir(folder.join("minimal_inspect"))? {
        let log = open(entry?.path())?;
        assert_eq!(log.series.len(), 1);
        let series = &log.series[0];
        minimal_is(&log.name.path, series, expected);
        for (ids, value) in [("right_ids", 1.0), ("wrong_ids", 0.0)] {
            let found: Vec<&str> = series
                .items
                .iter()
                .filter(|item| item.value == Ok(value))
                .filter_map(|item| item.cluster.as_deref())
                .collect();
            assert_eq!(serde_json::json!(found), expected[ids]);
        }
        all.push(log);
    }
    assert_eq!(all.len(), 4);
    let found = acbench::compare(&all[0], &all[1], 0.03)?;
    assert!(found.not_comparable.is_empty() && found.compared[0].paired.flips == 0.0, "{found:?}");
    // A folder of several logs is asked about, not guessed at.
    assert!(open(folder.join("minimal_inspect")).is_err_and(|error| error.to_string().contains("several")));
    Ok(())
}

#[test]
fn bfcl() -> Checked<()> {
    let Some(folder) = golden() else { return Ok(()) };
    let expected = expected(&folder)?;
    let root = folder.join("bfcl_handwritten");
    let a = open(format!("{}:acme_dense-1b-FC", root.display()))?;
    let b = open(root.join("result/acme_compressed-1b-w4-FC"))?;
    assert!(open(&root).is_err_and(|error| error.to_string().contains("acme_dense-1b-FC")));
    let found = acbench::compare(&a, &b, 0.03)?;
    assert_eq!(found.not_comparable, []);
    let all = expected["bfcl_handwritten"].as_object().ok_or("no numbers")?;
    assert_eq!(found.compared.len(), all.len());
    for (category, numbers) in all {
        let one = compared(&found, category, "accuracy", None)?;
        // BFCL counts a reply that could not be had as wrong.
        let paired = one.errors_wrong.as_ref().unwrap_or(&one.paired);
        check_pairs(category, paired, numbers)?;
        let all = |side: &record::SideSummary| (side.n + side.failed) as u64;
        assert_eq!(
            (all(&one.a), all(&one.b)),
            (numbers["n_A"].as_u64().ok_or("n")?, numbers["n_B"].as_u64().ok_or("n")?)
        );
        near(category, one.a.n as f64 * one.a.mean / all(&one.a) as f64, &numbers["mean_A_all"]);
        near(category, one.b.n as f64 * one.b.mean / all(&one.b) as f64, &numbers["mean_B_all"]);
        assert_eq!((one.only_a.len(), one.only_b.len()), (0, 0));
    }
    let simple = compared(&found, "simple_python", "accuracy", None)?;
    assert_eq!((simple.failed_b.len(), simple.paired.n), (1, 7));
    Ok(())
}

#[test]
fn numbers_do_not_depend_on_which_time_they_are_computed() -> Checked<()> {
    let Some(folder) = golden() else { return Ok(()) };
    let (a, b) = logs_of(&folder.join("inspect_eval"))?;
    assert_eq!(acbench::compare(&a, &b, 0.03)?, acbench::compare(&a, &b, 0.03)?);
    Ok(())
}

#[test]
fn bytes_that_were_changed_are_an_error_or_a_log_and_never_a_panic() -> Checked<()> {
    let Some(folder) = golden() else { return Ok(()) };
    let scratch = tempfile::tempdir()?;
    let mut rng = record::Rng::new(14);
    let minimal = folder.join("minimal_inspect");
    let mut files: Vec<PathBuf> =
        std::fs::read_dir(&minimal)?.map(|entry| Ok(entry?.path())).collect::<Checked<_>>()?;
    files.sort();
    for file in &files {
        let bytes = std::fs::read(file)?;
        let path = scratch.path().join(file.file_name().ok_or("no name")?);
        for _ in 0..300 {
            std::fs::write(&path, changed(&bytes, &mut rng))?;
            drop(open(&path));
        }
    }
    for (from, names) in [
        (
            "minimal_lm_eval/acme__dense-1b",
            &["samples_mini_2026-01-02T03-04-05.000006.jsonl", "results_2026-01-02T03-04-05.000006.json"][..],
        ),
        (
            "bfcl_handwritten",
            &[
                "result/acme_dense-1b-FC/non_live/BFCL_v4_simple_python_result.json",
                "score/acme_dense-1b-FC/non_live/BFCL_v4_simple_python_score.json",
            ],
        ),
    ] {
        for name in names {
            let whole = scratch.path().join(from);
            copy(&folder.join(from), &whole)?;
            let bytes = std::fs::read(whole.join(name))?;
            for _ in 0..200 {
                std::fs::write(whole.join(name), changed(&bytes, &mut rng))?;
                let log =
                    if from == "bfcl_handwritten" { open(whole.join("result/acme_dense-1b-FC")) } else { open(&whole) };
                if let Ok(log) = log {
                    drop(acbench::compare(&log, &log, 0.03));
                }
            }
        }
    }
    Ok(())
}

fn copy(from: &Path, to: &Path) -> Checked<()> {
    std::fs::create_dir_all(to)?;
    for entry in std::fs::read_dir(from)? {
        let entry = entry?;
        let (from, to) = (entry.path(), to.join(entry.file_name()));
        if from.is_dir() { copy(&from, &to)? } else { std::fs::write(&to, std::fs::read(&from)?)? }
    }
    Ok(())
}

/// Bytes changed, cut, repeated or put in, up to eight times.
fn changed(bytes: &[u8], rng: &mut record::Rng) -> Vec<u8> {
    let mut bytes = bytes.to_vec();
    for _ in 0..rng.between(1, 8) {
        if bytes.is_empty() {
            break;
        }
        let at = rng.below(bytes.len());
        match rng.below(5) {
            0 => bytes[at] = rng.next_u64() as u8,
            1 => bytes[at] ^= 1 << rng.below(8),
            2 => bytes.truncate(at),
            3 => bytes.extend_from_within(at..),
            _ => {
                let most = bytes.len() - at;
                bytes.drain(at..at + rng.below(most.min(64) + 1));
            }
        }
    }
    bytes
}
