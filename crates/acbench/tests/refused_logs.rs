//! What `compare` refuses, and why; logs are made here.

mod support;

use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};

use acbench::logs;
use serde_json::{Value, json};
use support::{Checked, json as json_of, refused, run};
use zip::CompressionMethod;
use zip::write::SimpleFileOptions;

const DATE: &str = "2026-01-02T03-04-05.000006";

/// A log of lm-eval of one task with two filters.
struct LmEval {
    results: Value,
    lines: Vec<Value>,
}

impl LmEval {
    fn of(model: &str, right: impl Fn(usize) -> bool) -> Self {
        let line = |filter: &str, id: usize| {
            json!({
                "doc_id": id, "doc": {"q": id}, "target": "x", "filter": filter, "metrics": ["acc"],
                "doc_hash": format!("d{id}"), "prompt_hash": format!("p{id}"), "target_hash": "t",
                "acc": if right(id) { 1.0 } else { 0.0 },
            })
        };
        let lines: Vec<Value> = ["strict", "loose"].iter().flat_map(|f| (0..20).map(move |id| line(f, id))).collect();
        let results = json!({
            "results": {}, "versions": {"t": 1.0}, "n-shot": {"t": 0}, "model_name": model,
            "configs": {"t": {"output_type": "generate_until", "metric_list": [{"metric": "acc", "aggregation": "mean"}]}},
            "chat_template_sha": null, "config": {"fewshot_seed": 1234},
        });
        Self { results, lines }
    }

    /// With the hash of the task that lm-eval would write.
    fn hashed(mut self) -> Self {
        let part = |line: &Value| {
            ["doc_hash", "prompt_hash", "target_hash"].map(|key| line[key].as_str().unwrap_or("").to_owned()).concat()
        };
        let all: String = self.lines.iter().map(part).collect();
        self.results["task_hashes"] = json!({"t": record::digest(all.as_bytes())});
        self
    }

    fn write(&self, folder: &Path) -> Checked<PathBuf> {
        self.write_at(folder, DATE)
    }

    fn write_at(&self, folder: &Path, date: &str) -> Checked<PathBuf> {
        fs::create_dir_all(folder)?;
        fs::write(folder.join(format!("results_{date}.json")), self.results.to_string())?;
        let lines: String = self.lines.iter().map(|line| format!("{line}\n")).collect();
        fs::write(folder.join(format!("samples_t_{date}.jsonl")), lines)?;
        Ok(folder.to_owned())
    }
}

fn a() -> LmEval {
    LmEval::of("a", |id| id < 15)
}

fn b() -> LmEval {
    LmEval::of("b", |id| id < 12)
}

/// What comparing says.
fn compare(folder: &Path, a: &LmEval, b: &LmEval) -> Checked<record::Comparison> {
    a.write(&folder.join("a"))?;
    b.write(&folder.join("b"))?;
    let open = |name: &str| logs::open(&folder.join(name).display().to_string());
    Ok(acbench::compare(&open("a")?, &open("b")?, 0.03)?)
}

fn whys(found: &record::Comparison) -> String {
    found.not_comparable.iter().map(|one| format!("{}: {}\n", one.name, one.why)).collect()
}

#[test]
fn every_filter_is_compared_once() -> Checked<()> {
    let folder = tempfile::tempdir()?;
    let found = compare(folder.path(), &a().hashed(), &b().hashed())?;
    assert_eq!(found.not_comparable, []);
    let n: Vec<_> = found.compared.iter().map(|one| (one.filter.as_deref(), one.paired.n, one.paired.a)).collect();
    assert_eq!(n, [(Some("strict"), 20, 0.75), (Some("loose"), 20, 0.75)]);
    // The same lines twice, as when two runs wrote into one file.
    let mut twice = b();
    twice.lines.extend(twice.lines.clone());
    let error = compare(folder.path(), &a(), &twice).err().map(|error| error.to_string()).unwrap_or_default();
    assert!(error.contains("line 41") && error.contains("twice for filter strict"), "{error}");
    Ok(())
}

type Change = Box<dyn Fn(&mut LmEval)>;

#[test]
fn what_is_not_the_same_task_has_no_number() -> Checked<()> {
    let set = |place: &[&str], value: Value| {
        let place: Vec<String> = place.iter().map(|key| (*key).to_owned()).collect();
        move |log: &mut LmEval| {
            let mut at = &mut log.results;
            for key in &place {
                at = &mut at[key.as_str()];
            }
            *at = value.clone();
        }
    };
    let lines = |change: fn(usize, &mut Value)| {
        move |log: &mut LmEval| log.lines.iter_mut().enumerate().for_each(|(index, line)| change(index, line))
    };
    let changes: [(Change, &str); 9] = [
        (
            Box::new(set(&["task_hashes"], json!({"t": "00"}))),
            "does not hold the samples that its results file is about",
        ),
        (Box::new(set(&["versions", "t"], json!(2.0))), "task version: A has 1.0, B has 2.0"),
        (Box::new(set(&["n-shot", "t"], json!(5))), "number of few-shot examples: A has 0, B has 5"),
        (Box::new(set(&["results"], json!({"t": {"acc,strict": 0.9, "acc,loose": 0.6}}))), "the log reports 0.9000"),
        (Box::new(set(&["higher_is_better"], json!({"t": {"acc": false}}))), "lower is better"),
        (Box::new(lines(|index, line| line["doc_hash"] = json!(format!("e{index}")))), "none is in both"),
        (Box::new(lines(|_, line| line["target_hash"] = json!("u"))), "another right answer"),
        (Box::new(lines(|_, line| line["prompt_hash"] = json!("q"))), "20 of 20 prompts differ"),
        (Box::new(lines(|_, line| line["acc"] = json!(55.0))), "needs scores from 0 to 1"),
    ];
    for (change, says) in changes {
        let folder = tempfile::tempdir()?;
        let mut other = b();
        change(&mut other);
        let found = compare(folder.path(), &a(), &other)?;
        assert!(whys(&found).contains(says), "{says}: {}", whys(&found));
        assert!(found.compared.iter().all(|one| !whys(&found).contains(&one.name())));
    }
    Ok(())
}

#[test]
fn another_chat_template_is_a_warning_and_a_limit_too() -> Checked<()> {
    let folder = tempfile::tempdir()?;
    let mut other = b();
    other.results["chat_template_sha"] = json!("abc");
    other.lines.iter_mut().for_each(|line| line["prompt_hash"] = json!("q"));
    other.lines.retain(|line| line["doc_id"].as_u64() < Some(10));
    let found = compare(folder.path(), &a(), &other)?;
    assert_eq!((found.not_comparable.len(), found.compared.len(), found.compared[0].paired.n), (0, 2, 10));
    let warnings = found.compared[0].warnings.join("\n");
    assert!(warnings.contains("10 of 10 prompts differ (chat template: A has none, B has abc)"), "{warnings}");
    assert!(warnings.contains("10 items are only in A"), "{warnings}");
    assert_eq!(found.compared[0].only_a.len(), 10);
    // Some items of each alone are other items.
    let mut first = a();
    first.lines.retain(|line| line["doc_id"].as_u64() > Some(5));
    assert!(whys(&compare(folder.path(), &first, &other)?).contains("6 only in B, 4 in both"));
    Ok(())
}

#[test]
fn one_date_of_a_folder_is_read_and_never_two() -> Checked<()> {
    let folder = tempfile::tempdir()?;
    let path = a().write(&folder.path().join("a"))?;
    LmEval::of("later", |_| true).write_at(&path, "2026-02-02T03-04-05")?;
    let log = logs::open(&path.display().to_string())?;
    assert_eq!((log.name.model.as_str(), log.series[0].items.len()), ("later", 20));
    assert!(log.notes.join("").contains("results of 2 dates"), "{:?}", log.notes);
    let first = logs::open(&path.join(format!("results_{DATE}.json")).display().to_string())?;
    assert_eq!(first.name.model, "a");
    Ok(())
}

#[test]
fn nan_is_no_score_and_a_long_line_is_read() -> Checked<()> {
    let folder = tempfile::tempdir()?;
    let mut log = a();
    log.lines[3]["doc"] = json!("x".repeat(1 << 20));
    let path = log.write(&folder.path().join("a"))?;
    let samples = path.join(format!("samples_t_{DATE}.jsonl"));
    let text = fs::read_to_string(&samples)?.replacen("\"acc\":1.0", "\"acc\":NaN", 1);
    fs::write(&samples, text)?;
    let log = logs::open(&path.display().to_string())?;
    assert_eq!(log.series[0].items[0].value, Err("the score is NaN".to_owned()));
    assert_eq!(log.series[0].items.len(), 20);
    b().write(&folder.path().join("b"))?;
    let found = acbench::compare(&log, &logs::open(&folder.path().join("b").display().to_string())?, 0.03)?;
    let strict = &found.compared[0];
    assert_eq!((strict.paired.n, strict.paired.left_out), (19, 1));
    assert_eq!(strict.errors_wrong.as_ref().map(|wrong| (wrong.n, wrong.a)), Some((20, 0.7)));
    Ok(())
}

#[test]
fn a_log_without_scores_is_refused() -> Checked<()> {
    let folder = tempfile::tempdir()?;
    let mut empty = a();
    empty.lines.clear();
    let found = compare(folder.path(), &empty, &b())?;
    assert!(found.compared.is_empty() && whys(&found).contains("holds no scores"), "{}", whys(&found));
    for (name, text, says) in [
        ("empty.json", "", "line 1"),
        ("list.json", "[]", "neither lm-eval's results"),
        ("other.json", "{\"a\": 1}", "neither lm-eval's results"),
        ("none.json", r#"{"version": 2, "eval": {"task": "t", "model": "m"}, "samples": []}"#, "holds no samples"),
        ("empty.jsonl", "", "NOT COMPARABLE"),
        ("other.jsonl", "{\"a\": 1}\n", "line 1: it has neither"),
        ("empty.eval", "", "no whole zip archive"),
    ] {
        let path = folder.path().join(name);
        fs::write(&path, text)?;
        let output = run(folder.path(), &["compare", name, "a"])?;
        let said = String::from_utf8(output.stderr)? + &String::from_utf8(output.stdout)?;
        assert_eq!(output.status.code(), Some(2), "{name}: {said}");
        let said = said.replace('│', " ").split_whitespace().collect::<Vec<_>>().join(" ");
        assert!(said.contains(says) && !said.contains("panicked"), "{name}: {said}");
    }
    assert!(refused(folder.path(), &["compare", "nowhere", "a"])?.contains("no such file or folder"));
    Ok(())
}

fn inspect_header(model: &str) -> Value {
    json!({"version": 2, "status": "success", "plan": {}, "stats": {},
           "eval": {"task": "t", "task_version": 0, "dataset": {}, "model": model, "config": {}}})
}

fn sample(id: &str, value: &Value) -> Value {
    json!({"id": id, "epoch": 1, "input": format!("q {id}"), "target": "x", "scores": {"match": {"value": value}}})
}

/// A ZIP archive of some texts, deflated or stored.
fn archive(path: &Path, members: &[(&str, String)], method: CompressionMethod) -> Checked<()> {
    let mut file = zip::ZipWriter::new(fs::File::create(path)?);
    for (name, text) in members {
        file.start_file(*name, SimpleFileOptions::default().compression_method(method))?;
        file.write_all(text.as_bytes())?;
    }
    file.finish()?;
    Ok(())
}

fn whole(path: &Path) -> Checked<()> {
    let members = [
        ("samples/a_epoch_1.json", sample("a", &json!("C")).to_string()),
        ("samples/../../b_epoch_1.json", sample("b", &json!("I")).to_string()),
        ("samples//etc/passwd_epoch_1.json", sample("c", &json!("C")).to_string()),
        ("header.json", inspect_header("m").to_string()),
    ];
    archive(path, &members, CompressionMethod::Deflated)
}

#[test]
fn archives_that_lie_or_break_off_are_refused() -> Checked<()> {
    let folder = tempfile::tempdir()?;
    let path = folder.path().join("x.eval");
    let open = |path: &Path| logs::open(&path.display().to_string()).map_err(|error| error.to_string());
    whole(&path)?;
    // Names are names, not paths: nothing is written anywhere.
    assert_eq!(open(&path)?.series[0].items.len(), 3);
    let bytes = fs::read(&path)?;
    for cut in [10, bytes.len() / 2, bytes.len() - 1] {
        fs::write(&path, &bytes[..cut])?;
        assert!(open(&path).is_err_and(|error| error.contains("zip archive")), "{cut}");
    }
    // Sizes of the central directory that are not so: 24 bytes after its magic number stands the unpacked size.
    let directory = bytes.windows(4).position(|at| at == b"PK\x01\x02").ok_or("no directory")?;
    for size in [0u32, 1, 0x7FFF_FFFF] {
        let mut lying = bytes.clone();
        lying[directory + 24..directory + 28].copy_from_slice(&size.to_le_bytes());
        fs::write(&path, &lying)?;
        let error = open(&path).err().unwrap_or_default();
        assert!(error.contains(&format!("claims {size}")) || error.contains("declared"), "{error}");
    }
    // No archive of Inspect's.
    archive(&path, &[("x.txt", String::new())], CompressionMethod::Stored)?;
    assert!(open(&path).is_err_and(|error| error.contains("no Inspect log")));
    Ok(())
}

#[test]
fn the_last_member_of_a_name_wins() -> Checked<()> {
    let folder = tempfile::tempdir()?;
    let path = folder.path().join("x.eval");
    let members = [
        ("samples/a_epoch_1.json", sample("a", &json!("I")).to_string()),
        ("header.json", inspect_header("m").to_string()),
        ("samples/a_epoch_2.json", sample("a", &json!("C")).to_string()),
    ];
    archive(&path, &members, CompressionMethod::Stored)?;
    // The writer refuses to write a name twice.
    let bytes = fs::read(&path)?;
    let mut twice = bytes.clone();
    for at in bytes.windows(12).enumerate().filter(|(_, name)| *name == b"epoch_2.json").map(|(at, _)| at) {
        twice[at..at + 12].copy_from_slice(b"epoch_1.json");
    }
    assert_ne!(twice, bytes);
    fs::write(&path, twice)?;
    let log = logs::open(&path.display().to_string())?;
    assert_eq!((log.series[0].items.len(), &log.series[0].items[0].value), (1, &Ok(1.0)));
    Ok(())
}

#[test]
fn a_log_that_was_never_finished_is_read_with_a_warning() -> Checked<()> {
    let folder = tempfile::tempdir()?;
    let path = folder.path().join("x.eval");
    let mut start = inspect_header("m");
    start.as_object_mut().ok_or("no object")?.shift_remove("status");
    let members =
        [("_journal/start.json", start.to_string()), ("samples/a_epoch_1.json", sample("a", &json!("C")).to_string())];
    archive(&path, &members, CompressionMethod::Stored)?;
    let log = logs::open(&path.display().to_string())?;
    assert!(log.notes.join("").contains("its status is `started`"), "{:?}", log.notes);
    Ok(())
}

#[test]
fn inspect_s_items_are_the_same_or_there_is_no_number() -> Checked<()> {
    let folder = tempfile::tempdir()?;
    let write = |name: &str, samples: Vec<Value>, version: u64| -> Checked<logs::Log> {
        let mut log = inspect_header(name);
        log["eval"]["task_version"] = json!(version);
        log["samples"] = json!(samples);
        let path = folder.path().join(format!("{name}.json"));
        fs::write(&path, log.to_string().replace("\"nan\"", "NaN"))?;
        Ok(logs::open(&path.display().to_string())?)
    };
    let all = || vec![sample("a", &json!("C")), sample("b", &json!("I")), sample("c", &json!("nan"))];
    let first = write("a", all(), 1)?;
    let compare = |other: &logs::Log| -> Checked<record::Comparison> { Ok(acbench::compare(&first, other, 0.03)?) };
    let same = compare(&write("b", all(), 1)?)?;
    assert_eq!((same.compared[0].paired.n, same.compared[0].failed_a.len()), (2, 1));
    assert!(whys(&compare(&write("c", all(), 2)?)?).contains("task version: A has 1, B has 2"));
    let mut other = all();
    other[0]["input"] = json!("another question");
    assert!(whys(&compare(&write("d", other, 1)?)?).contains("a, epoch 1 is not the same in both"));
    let mut words = all();
    words.iter_mut().for_each(|sample| sample["scores"]["match"]["value"] = json!("fine"));
    assert!(whys(&compare(&write("e", words, 1)?)?).contains("no item has a score in both"));
    let mut twice = all();
    twice.push(twice[0].clone());
    assert!(write("f", twice, 1).is_err_and(|error| error.to_string().contains("twice")));
    let other =
        acbench::compare(&first, &logs::open(&a().write(&folder.path().join("lm"))?.display().to_string())?, 0.03)?;
    assert!(whys(&other).contains("A is a log of Inspect, B of lm-eval"));
    Ok(())
}

#[test]
fn the_command_says_what_is_not_compared_in_its_exit_code() -> Checked<()> {
    let folder = tempfile::tempdir()?;
    a().write(&folder.path().join("a"))?;
    let mut other = b();
    other.write(&folder.path().join("b"))?;
    let found = json_of(folder.path(), &["compare", "a", "b", "--json", "--markdown", "c.md"])?;
    assert_eq!(
        found["compared"][0]["paired"]["agreement"],
        json!({"both": 12, "only_a": 3, "only_b": 0, "neither": 5})
    );
    assert!(fs::read_to_string(folder.path().join("c.md"))?.contains("| t acc (strict) | 20 | 75.0 | 60.0 |"));
    other.lines.retain(|line| line["filter"] == "loose");
    other.write(&folder.path().join("b"))?;
    let output = run(folder.path(), &["compare", "a", "b"])?;
    let said = String::from_utf8(output.stdout)?;
    assert_eq!(output.status.code(), Some(3), "{said}");
    assert!(said.contains("NOT COMPARABLE t acc (strict): B has no such scores"), "{said}");
    assert!(said.contains("t acc (loose)"), "{said}");
    Ok(())
}
