//! What the page's script finds in the folder `explore/`, whatever was said.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use record::{
    Analysis, Capability, Finish, Message, ModelSource, Outcome, Prompting, Reply, RunRecord, Score, Scoring, Step,
    TaskSource, ToolCall, Transcript, VariantRecord, VariantSource,
};
use report::{Explored, Explorer, Lost, Reading};
use serde_json::{Value, json};

type Checked<T> = Result<T, Box<dyn std::error::Error>>;

fn run(variants: &[&str]) -> RunRecord {
    RunRecord {
        version: "0".into(),
        model: ModelSource { name: "m".into(), digest: "d".into(), context: None },
        variants: variants
            .iter()
            .map(|name| VariantRecord { name: (*name).into(), source: VariantSource::Dense })
            .collect(),
        tasks: vec![TaskSource {
            task: "../../<pddl>".into(),
            capability: Capability::RealWorld,
            source: "generated".into(),
            judge: None,
            samples: 4,
            skipped: Vec::new(),
            digest: "d".into(),
        }],
        embedders: BTreeMap::new(),
        seed: 0,
        scoring: Scoring::Corrected,
        epochs: 1,
        activations: Default::default(),
        sampling: BTreeMap::new(),
        chat_template: true,
        prompting: Prompting::default(),
        margin: 0.03,
    }
}

fn analysis() -> Analysis {
    Analysis {
        margin: 0.03,
        summaries: vec![],
        paired: vec![],
        capabilities: vec![],
        overall: vec![],
        columns: vec![],
        repeats: Vec::new(),
    }
}

fn score(sample: &str, value: f64) -> Score {
    Score {
        sample: sample.into(),
        outcome: if value < 0.0 { Outcome::failed("too long") } else { Outcome::Finished },
        value,
        metrics: BTreeMap::from([("read".to_owned(), 1.0)]),
        reason: format!("worth {value}"),
        fault: None,
        cluster: None,
        tags: BTreeMap::from([("game".to_owned(), json!("chess"))]),
    }
}

fn said(question: &str, replies: &[&str]) -> Transcript {
    let step = |(turn, text): (usize, &&str)| Step {
        keep: 2 * turn,
        messages: vec![Message::user(format!("{question} {turn}"))],
        reply: Reply::said(*text, 3, 1, Finish::Length),
    };
    Transcript {
        steps: replies.iter().enumerate().map(step).collect(),
        outcome: Some(Outcome::Finished),
        record: Value::Null,
    }
}

/// The data of one file, which is one call with the stamp and its own name.
fn chunk(folder: &Path, stamp: &str, name: &str) -> Checked<Value> {
    let text = fs::read_to_string(folder.join("explore").join(format!("{name}.js")))?;
    let data = text.strip_prefix(&format!("acb.chunk(\"{stamp}\",\"{name}\",")).ok_or("another call")?;
    Ok(serde_json::from_str(data.strip_suffix(");\n").ok_or("no end")?)?)
}

type Samples<'a> = &'a [(&'a str, f64, Transcript)];

/// Writes samples of each variant; returns what each lost.
fn write(folder: &Path, variants: &[(&str, Samples)]) -> Checked<(Explored, Vec<Vec<Lost>>)> {
    let names: Vec<&str> = variants.iter().map(|(name, _)| *name).collect();
    let mut explorer = Explorer::begin(folder, &run(&names), &analysis())?;
    let mut task = explorer.task();
    let mut lost = Vec::new();
    for (place, (_, samples)) in variants.iter().enumerate() {
        let mut column = task.variant(place);
        for (sample, value, said) in *samples {
            column.add(&score(sample, *value), said)?;
        }
        lost.push(column.finish()?);
    }
    task.readings(&[
        Reading {
            sample: "a".into(),
            turn: 1,
            pieces: vec!["go ".into(), "".into()],
            decisions: vec![Some(record::Decision::Action), None],
            kl: vec![(1, vec![0.0004, 1.25])],
        },
        Reading { sample: "of another task".into(), turn: 0, pieces: vec![], decisions: vec![], kl: vec![] },
    ])?;
    task.finish()?;
    Ok((explorer.finish()?, lost))
}

#[test]
fn values_outcomes_and_replies_are_found_by_place() -> Checked<()> {
    let folder = tempfile::tempdir()?;
    let dense = [
        ("a", 1.0, said("who", &["I", "you"])),
        ("b", 0.5, said("what", &["it"])),
        ("c", 0.25, said("when", &["now"])),
        ("d", -1.0, Transcript::default()),
    ];
    // Another order, one sample less, one that the dense model did not have, another question.
    let other = [
        ("c", 0.0, said("WHEN", &["then"])),
        ("a", 0.25, said("who", &["he"])),
        ("b", 0.75, said("what", &["this"])),
        ("new", f64::NAN, Transcript::default()),
    ];
    let (explored, lost) = write(folder.path(), &[("dense", &dense), ("<b>", &other)])?;
    let read = |name: &str| chunk(folder.path(), &explored.stamp, name);
    let items = read("t0/items-0")?;
    assert_eq!(items["ids"], json!(["a", "b", "c", "d", "new"]));
    assert_eq!((&items["texts"], &items["tags"]), (&json!(["game chess"]), &json!([0, 0, 0, 0, 0])));
    assert_eq!(items["asked"], json!([[3, 0], [2, -1]]));
    let (first, second) = (read("t0/v0-0")?, read("t0/v1-0")?);
    assert_eq!((&first["values"], &first["outcomes"]), (&json!([10_000, 5000, 2500, null]), &json!("dddf")));
    assert_eq!(second["values"], json!([2500, 7500, 0, null, null]));
    assert_eq!(second["outcomes"], json!("wbw-d"));
    assert_eq!(second["said"], json!([[3, 0], [1, -1], [1, 0]]));
    let asked = read("t0/asked-0")?;
    assert_eq!(asked[0], json!([0, [["user", "who 0", []]]]));
    let rows = read("t0/v1-said-0")?;
    assert_eq!(rows[0], json!([2, "worth 0", "read 1", [[0, [["user", "WHEN 0", []]], "then", null, [3, 1], 1]]]));
    assert!(rows[1][3][0][1].is_null(), "the same question is written once");
    assert_eq!(read("t0/v0-said-0")?[3][1], "too long");
    let contents = read("run")?;
    assert_eq!(contents["tasks"][0]["read"], json!(true));
    assert_eq!(read("t0/read")?, json!([[0, 1, ["go ", ""], "a.", [[1, [0, 1250]]]]]));
    assert_eq!(contents["variants"], json!(["dense", "<b>"]));
    assert_eq!(
        (&contents["tasks"][0]["name"], &contents["tasks"][0]["measured"]),
        (&json!("../../<pddl>"), &json!([0, 1]))
    );
    let names: Vec<&str> = lost[1].iter().map(|lost| lost.sample.as_str()).collect();
    assert_eq!(names, ["a", "c"], "the worst first");
    Ok(())
}

#[test]
fn what_is_said_stays_data() -> Checked<()> {
    let folder = tempfile::tempdir()?;
    let hostile = "</script><img src=x onerror=alert(1)>\u{2028}\u{202e}\u{1b}[31m\u{0}\"\\";
    let mut one = said(hostile, &[hostile]);
    let call = ToolCall { id: None, name: "__proto__".into(), arguments: json!({"__proto__": hostile}) };
    one.steps[0].messages.push(Message { tool_calls: vec![call], ..Message::assistant("") });
    let (explored, _) = write(folder.path(), &[("dense", &[("__proto__", 1.0, one)])])?;
    let asked = chunk(folder.path(), &explored.stamp, "t0/asked-0")?;
    assert_eq!(asked[0][1][0][1], format!("{hostile} 0"));
    assert_eq!(asked[0][1][1][2][0][0], "call");
    for file in ["run", "t0/items-0", "t0/v0-0", "t0/asked-0", "t0/v0-said-0"] {
        let text = fs::read_to_string(folder.path().join(format!("explore/{file}.js")))?;
        assert!(!text.contains("\"__proto__\":"), "{file}: no name in an object comes from a model");
    }
    Ok(())
}

#[test]
fn files_are_bounded_and_old_ones_go() -> Checked<()> {
    let folder = tempfile::tempdir()?;
    let long = "x".repeat(150_000);
    let samples: Vec<(String, f64, Transcript)> =
        (0..7).map(|at| (format!("s{at}"), 1.0, said("q", &[&long]))).collect();
    let borrowed: Vec<(&str, f64, Transcript)> =
        samples.iter().map(|(name, value, said)| (name.as_str(), *value, said.clone())).collect();
    let (explored, _) = write(folder.path(), &[("dense", &borrowed)])?;
    let column = chunk(folder.path(), &explored.stamp, "t0/v0-0")?;
    assert_eq!((&column["said"], &column["files"]), (&json!([[2, 0], [2, 1], [2, 2], [1, 3]]), &json!(4)));
    write(folder.path(), &[("dense", &[])])?;
    assert!(!folder.path().join("explore/t0/v0-said-3.js").exists() && !folder.path().join("explore.part").exists());
    Ok(())
}

#[test]
fn ids_and_values_of_many_samples_lie_in_several_files() -> Checked<()> {
    let folder = tempfile::tempdir()?;
    let mut explorer = Explorer::begin(folder.path(), &run(&["dense", "other"]), &analysis())?;
    let mut task = explorer.task();
    for (variant, samples) in [(0, 20_001), (1, 3)] {
        let mut column = task.variant(variant);
        for sample in 0..samples {
            column.add(&score(&format!("s{sample}"), 1.0), &Transcript::default())?;
        }
        column.finish()?;
    }
    task.finish()?;
    let stamp = explorer.finish()?.stamp;
    let length = |name: &str, field: &str| {
        let value = chunk(folder.path(), &stamp, name)?[field].take();
        Ok::<_, Box<dyn std::error::Error>>(
            value.as_array().map_or_else(|| value.as_str().map_or(0, str::len), Vec::len),
        )
    };
    assert_eq!((length("t0/items-0", "ids")?, length("t0/items-1", "ids")?), (20_000, 1));
    assert_eq!((length("t0/v0-1", "values")?, length("t0/v1-0", "outcomes")?), (1, 20_000));
    assert_eq!(chunk(folder.path(), &stamp, "t0/items-1")?["samples"], 20_001);
    Ok(())
}

#[test]
fn a_folder_that_cannot_be_written_is_named() {
    let error = Explorer::begin(Path::new("/proc/none"), &run(&[]), &analysis()).err().map(|error| error.to_string());
    assert!(error.is_some_and(|text| text.contains("/proc/none")));
}
