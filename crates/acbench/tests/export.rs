//! A run as files of others: what our own readers find in them are the scores of the run. The run is made here.

mod support;

use std::fs;
use std::path::Path;

use acbench::Run;
use acbench::logs::{self, Log};
use record::{
    Capability, Finish, Message, ModelSource, Outcome, Reply, RunRecord, Sample, Score, Step, TaskSource,
    TranscriptLine, VariantRecord, VariantSource, run_path,
};
use serde_json::{Value, json};
use support::{Checked, refused, succeeds};

const TASK: &str = "teval_plan";
const SAMPLES: usize = 60;

fn sample(index: usize) -> Sample {
    Sample {
        id: format!("s/{index}"),
        task: TASK.to_owned(),
        messages: vec![Message::system("be brief"), Message::user(format!("question \"{index}\", ünicode\n"))],
        examples: 0,
        tools: Vec::new(),
        input: Value::Null,
        assets: Vec::new(),
        gold: if index.is_multiple_of(2) { json!({"a": index}) } else { json!("text") },
        max_tokens: 16,
        stop: Vec::new(),
        cluster: None,
        tags: Default::default(),
    }
}

/// What variant `x` loses: every fifth; and its third sample failed.
fn score(variant: &str, index: usize) -> Score {
    let failed = variant == "x" && index == 3;
    let value = if failed || variant == "x" && index.is_multiple_of(5) { 0.0 } else { 0.75 };
    Score {
        sample: format!("s/{index}"),
        outcome: if failed { Outcome::failed("too long") } else { Outcome::Finished },
        value,
        metrics: [("f1".to_owned(), value)].into(),
        reason: "because, of \"this\"".to_owned(),
        fault: None,
        cluster: None,
        tags: Default::default(),
    }
}

fn write(root: &Path) -> Checked<()> {
    let samples: Vec<Sample> = (0..SAMPLES).map(sample).collect();
    let path = run_path::samples(root, TASK);
    record::write_jsonl(&path, &samples)?;
    let task = TaskSource {
        task: TASK.to_owned(),
        capability: Capability::ToolUse,
        source: "generated".to_owned(),
        judge: None,
        samples: SAMPLES,
        skipped: Vec::new(),
        digest: record::digest(&fs::read(path)?),
    };
    let source = VariantSource::Compressed { method: "rtn".to_owned(), settings: json!({}), calibration: None };
    let record = RunRecord {
        version: "1".to_owned(),
        model: ModelSource { name: "some/model_a".to_owned(), digest: "d".to_owned(), context: None },
        variants: vec![VariantRecord::dense(), VariantRecord { name: "x".to_owned(), source }],
        tasks: vec![task],
        embedders: Default::default(),
        seed: 0,
        scoring: Default::default(),
        epochs: 1,
        activations: Default::default(),
        sampling: [("temperature".to_owned(), json!(0.0))].into(),
        chat_template: true,
        prompting: Default::default(),
        margin: 0.03,
    };
    record::write_json(&run_path::run(root), &record)?;
    for variant in ["dense", "x"] {
        let scores: Vec<Score> = (0..SAMPLES).map(|index| score(variant, index)).collect();
        record::write_jsonl(&run_path::scores(root, variant, TASK), &scores)?;
        let lines: Vec<TranscriptLine> = samples.iter().zip(&scores).flat_map(lines).collect();
        record::write_jsonl(&run_path::transcripts(root, variant, TASK), &lines)?;
    }
    acbench::analyze(&mut Run::open(root)?, None)?;
    Ok(())
}

fn lines((sample, score): (&Sample, &Score)) -> Vec<TranscriptLine> {
    let reply = Reply::said("a <b>reply</b>", 12, 5, Finish::Stop);
    let said = TranscriptLine::reply(&sample.id, 0, &Step { keep: 0, messages: sample.messages.clone(), reply });
    let (id, outcome) = (sample.id.clone(), score.outcome.clone());
    let end = TranscriptLine::End { sample: id, outcome: outcome.clone(), record: Value::Null };
    if outcome == Outcome::Finished { vec![said, end] } else { vec![end] }
}

fn open(path: &Path) -> Checked<Log> {
    Ok(logs::open(path.to_str().ok_or("no text")?)?)
}

/// The scores of a log in its order; failed ones as none.
fn values(log: &Log) -> Vec<Option<f64>> {
    let mut items: Vec<_> = log.series.iter().flat_map(|series| &series.items).collect();
    let number = |label: &str| label.chars().filter(char::is_ascii_digit).collect::<String>().parse().unwrap_or(0);
    if log.name.source == "Inspect" {
        items.sort_by_key(|item| number(item.label.split(',').next().unwrap_or_default()));
    }
    items.into_iter().map(|item| item.value.as_ref().ok().copied()).collect()
}

fn eval_file(folder: &Path) -> Checked<std::path::PathBuf> {
    let mut files: Vec<_> = fs::read_dir(folder)?.flatten().map(|entry| entry.path()).collect();
    assert_eq!(files.len(), 1, "{files:?}");
    Ok(files.remove(0))
}

#[test]
fn what_our_readers_find_are_the_scores_of_the_run() -> Checked<()> {
    let folder = tempfile::tempdir()?;
    let root = folder.path().join("r");
    write(&root)?;
    let out = |what: &str, variant: &str| root.join("export").join(what).join(format!("model_a-{variant}"));
    for what in ["lm_eval", "inspect"] {
        let first = succeeds(folder.path(), &["export", "r", "--to", what])?;
        // Once more: the same files.
        assert_eq!(succeeds(folder.path(), &["export", "r", "--to", what])?, first);
        let mut read = Vec::new();
        for variant in ["dense", "x"] {
            let path = out(what, variant);
            let log = open(&if what == "inspect" { eval_file(&path)? } else { path })?;
            let expected: Vec<Option<f64>> = (0..SAMPLES)
                .map(|index| score(variant, index))
                .map(|score| (score.outcome == Outcome::Finished).then_some(score.value))
                .collect();
            assert_eq!((values(&log), &log.unusable), (expected, &Vec::new()), "{what} {variant}");
            read.push(log);
        }
        let both = acbench::compare(&read[0], &read[1], 0.03)?;
        let analysis: record::Analysis = record::read_json(&run_path::analysis(&root))?;
        assert_eq!(both.not_comparable, Vec::new(), "{what}");
        assert!((both.compared[0].paired.delta - analysis.paired[0].delta).abs() < 1e-12, "{what}");
        assert_eq!((both.compared[0].paired.n, both.compared[0].paired.left_out), (SAMPLES - 1, 1), "{what}");
    }
    Ok(())
}

#[test]
fn tables_have_every_sample_and_every_interval() -> Checked<()> {
    let folder = tempfile::tempdir()?;
    write(&folder.path().join("r"))?;
    succeeds(folder.path(), &["export", "r", "--to", "csv", "--output_path", "c"])?;
    let samples = fs::read_to_string(folder.path().join("c/samples.csv"))?;
    assert_eq!(samples.lines().count(), 1 + 2 * SAMPLES);
    assert!(samples.contains("teval_plan,x,s/3,,failed,,,0,0,0,too long\r\n"), "{samples}");
    assert!(samples.contains("teval_plan,x,s/4,,finished,0.75,,1,12,5,\"because, of \"\"this\"\"\"\r\n"), "{samples}");
    assert!(folder.path().join("c/results.csv").is_file());
    succeeds(folder.path(), &["export", "r", "--to", "latex", "--output_path", "t"])?;
    let table = fs::read_to_string(folder.path().join("t/results.tex"))?;
    assert!(table.contains("teval\\_plan & dense & 60 & 75.0 &"), "{table}");
    assert_eq!(table.matches("\\bottomrule").count(), 2, "{table}");
    Ok(())
}

#[test]
fn what_is_missing_is_said() -> Checked<()> {
    let folder = tempfile::tempdir()?;
    let root = folder.path().join("r");
    write(&root)?;
    fs::remove_file(run_path::scores(&root, "x", TASK))?;
    let said = refused(folder.path(), &["export", "r", "--to", "lm_eval"])?;
    assert!(said.contains("acbench score"), "{said}");
    assert!(refused(folder.path(), &["export", "none", "--to", "csv"])?.contains("run.json"));
    Ok(())
}

#[cfg(not(feature = "parquet"))]
#[test]
fn a_build_without_parquet_says_how_to_get_it() -> Checked<()> {
    let folder = tempfile::tempdir()?;
    write(&folder.path().join("r"))?;
    let said = support::refused(folder.path(), &["export", "r", "--to", "parquet"])?;
    assert!(said.contains("--features parquet") && !folder.path().join("r/export/parquet").exists(), "{said}");
    Ok(())
}

#[cfg(feature = "parquet")]
#[test]
fn a_parquet_file_has_the_rows_of_the_csv() -> Checked<()> {
    use parquet::file::reader::{FileReader, SerializedFileReader};
    use parquet::record::RowAccessor;
    let folder = tempfile::tempdir()?;
    write(&folder.path().join("r"))?;
    succeeds(folder.path(), &["export", "r", "--to", "parquet", "--output_path", "out"])?;
    let file = SerializedFileReader::new(fs::File::open(folder.path().join("out/samples.parquet"))?)?;
    assert_eq!(file.metadata().num_row_groups(), 2);
    let mut rows = Vec::new();
    for row in file.get_row_iter(None)? {
        let row = row?;
        assert_eq!((row.get_string(0)?.as_str(), row.get_long(7).is_ok()), (TASK, true));
        rows.push((row.get_string(1)?.clone(), row.get_string(2)?.clone(), row.get_double(5).ok()));
    }
    let expected = ["dense", "x"].into_iter().flat_map(|variant| {
        (0..SAMPLES).map(move |index| {
            let score = score(variant, index);
            let value = (score.outcome == Outcome::Finished).then_some(score.value);
            (variant.to_owned(), score.sample, value)
        })
    });
    assert_eq!(rows, expected.collect::<Vec<_>>());
    Ok(())
}
