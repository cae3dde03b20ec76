//! What a reader of a report can rely on, whatever the records hold.

use std::collections::BTreeMap;
use std::fs;

use record::{
    Analysis, Capability, ColumnValue, CompressionRecord, Fault, Interval, LayerRecord, Message, ModelSource, Outcome,
    PairTest, Paired, Reply, RunRecord, Score, Scoring, ServedCalls, Step, TaskSource, TaskSummary, ToolCall,
    Transcript, VariantRecord, VariantSource, Verdict, WeightsRecord,
};
use report::{Example, Lost, Report, Tallies, Tally};
use serde_json::{Value, json};

/// Text that would do harm in HTML, a table, a terminal or a file name.
const HOSTILE: &str = "<script>alert('x')</script>|\"a\",\u{1b}[31m\u{0}../&amp;\u{202e}";
/// The stamp of a folder for the page's script that is not there.
const STAMP: &str = "0123456789ab";

/// Scores by (variant, task).
type Scores = BTreeMap<(String, String), Vec<Score>>;

/// Owns what a [`Report`] borrows.
struct Records {
    run: RunRecord,
    analysis: Analysis,
    weights: BTreeMap<String, WeightsRecord>,
    scores: Scores,
    examples: Vec<Example>,
}

impl Records {
    /// Does something with the report of these records.
    fn with<T>(&self, act: impl Fn(&Report) -> T) -> T {
        self.with_tallies(&self.tallies(), act)
    }

    fn tallies(&self) -> Tallies {
        self.scores.iter().map(|(key, scores)| (key.clone(), Tally::of(scores))).collect()
    }

    fn with_tallies<T>(&self, tallies: &Tallies, act: impl Fn(&Report) -> T) -> T {
        act(&Report {
            run: &self.run,
            analysis: &self.analysis,
            weights: &self.weights,
            tallies,
            examples: &self.examples,
            explore: Some(STAMP),
            behaviors: &[],
            probes: None,
            blames: &[],
        })
    }

    fn terminal(&self, width: u16, color: bool) -> String {
        self.with(|report| report::terminal(report, width, color))
    }
}

fn run(model: &str, variants: &[&str], tasks: &[(&str, Capability)]) -> RunRecord {
    RunRecord {
        version: "0.1.0".into(),
        model: ModelSource { name: model.into(), digest: "abc".into(), context: Some(1024) },
        variants: variants
            .iter()
            .map(|&name| VariantRecord { name: name.into(), source: VariantSource::Dense })
            .collect(),
        tasks: tasks
            .iter()
            .map(|&(task, capability)| TaskSource {
                skipped: Vec::new(),
                task: task.into(),
                capability,
                source: "generated".into(),
                judge: (capability == Capability::Workflow).then(|| "lexical".into()),
                samples: 6,
                digest: "def".into(),
            })
            .collect(),
        embedders: Default::default(),
        seed: 9,
        scoring: Scoring::Corrected,
        epochs: 1,
        activations: Default::default(),
        sampling: BTreeMap::new(),
        chat_template: true,
        prompting: record::Prompting::default(),
        margin: 0.03,
    }
}

fn paired(variant: &str, task: &str, capability: Capability, verdict: Verdict) -> Paired {
    Paired {
        variant: variant.into(),
        task: task.into(),
        capability,
        n: 6,
        left_out: 1,
        dense: 0.8,
        compressed: 0.7125,
        delta: -0.0875,
        interval: Interval { low: -0.2, high: 0.05 },
        bounds: Interval { low: -0.18, high: 0.03 },
        test: PairTest::McnemarMidP,
        p: 0.0123,
        p_exact: Some(0.02),
        p_holm: 0.04,
        flips: 0.2,
        harmful_flips: 0.15,
        verdict,
        detectable: 0.3,
        needed: (verdict == Verdict::Inconclusive).then_some(870),
    }
}

fn summary(variant: &str, task: &str, capability: Capability) -> TaskSummary {
    let kinds = ["1024", "256", "512"].map(|kind| (kind.to_owned(), (0.5, 2)));
    TaskSummary {
        variant: variant.into(),
        task: task.into(),
        capability,
        n: 6,
        failed: 1,
        mean: 0.8,
        interval: Interval { low: 0.5, high: 0.95 },
        metrics: BTreeMap::from([("f1".into(), 0.75)]),
        splits: BTreeMap::from([("length".into(), BTreeMap::from(kinds))]),
        faults: if task == "teval_instruct" { BTreeMap::from([(Fault::WrongTool, 2)]) } else { BTreeMap::new() },
    }
}

fn scores(values: &[f64]) -> Vec<Score> {
    let mut all: Vec<Score> = values
        .iter()
        .enumerate()
        .map(|(index, &value)| Score {
            sample: format!("s{index}"),
            outcome: Outcome::Finished,
            value,
            metrics: BTreeMap::new(),
            reason: format!("reason {index}"),
            fault: (value == 0.0).then_some(Fault::NoCall),
            cluster: None,
            tags: BTreeMap::from([
                ("length".into(), json!(256 << (index % 3))),
                ("depth".into(), json!(index / 3 * 50)),
            ]),
        })
        .collect();
    let mut failed = all[0].clone();
    failed.sample = "late".into();
    failed.outcome = Outcome::failed(format!("too long {HOSTILE}"));
    all.push(failed);
    all
}

/// One layer at 4 bits, with a hostile warning.
fn compression() -> CompressionRecord {
    let layer = LayerRecord {
        name: "model.layers.0.mlp.up_proj".into(),
        out_features: 256,
        in_features: 128,
        bits: 4.125,
        sparsity: 0.0,
        loss: Some(1.5),
        output_error: None,
        damping: Some(0.01),
        condition: None,
        fallback: None,
        dead_channels: 0,
    };
    CompressionRecord {
        method: "gptq".into(),
        settings: json!({"bits": 4, "group_size": 128, "note": null}),
        format: "compressed-tensors".into(),
        base_digest: "abc".into(),
        calibration: None,
        effective_bits: 4.125,
        checkpoint_bits: 7.5,
        sparsity: 0.01,
        layers: vec![layer],
        warnings: vec![HOSTILE.into()],
    }
}

/// Four tasks, one variant with a hostile name, every verdict.
fn full() -> Records {
    let tasks = [
        ("worfbench", Capability::Workflow),
        ("teval_instruct", Capability::ToolUse),
        ("needle", Capability::LongContext),
        ("pddl", Capability::RealWorld),
    ];
    let variants = ["dense", "gptq-w4-g128", HOSTILE];
    let verdicts = [Verdict::Holds, Verdict::Inconclusive, Verdict::Drops, Verdict::Holds];
    let columns = variants.iter().flat_map(|variant| {
        ["Instr-S", HOSTILE].map(|column| ColumnValue {
            table: "T-Eval".into(),
            column: column.into(),
            variant: (*variant).into(),
            value: 71.25,
            generated: true,
        })
    });
    let mut analysis = Analysis {
        margin: 0.03,
        summaries: vec![],
        paired: vec![],
        capabilities: vec![],
        overall: vec![],
        columns: columns.collect(),
        repeats: Vec::new(),
    };
    let mut all = Scores::new();
    for variant in variants {
        for ((task, capability), verdict) in tasks.into_iter().zip(verdicts) {
            analysis.summaries.push(summary(variant, task, capability));
            all.insert((variant.into(), task.into()), scores(&[1.0, 1.0, 0.0, 0.5, 1.0, 0.0]));
            if variant != "dense" {
                analysis.paired.push(paired(variant, task, capability, verdict));
            }
        }
    }
    let example = Example {
        task: "needle".into(),
        variant: HOSTILE.into(),
        sample: HOSTILE.into(),
        turn: 2,
        turns: (2, 3),
        question: HOSTILE.into(),
        dense_reply: HOSTILE.into(),
        compressed_reply: HOSTILE.repeat(500),
        dense_value: 1.0,
        compressed_value: 0.0,
        dense_reason: HOSTILE.into(),
        compressed_reason: HOSTILE.into(),
    };
    Records {
        run: run("pico", &variants, &tasks),
        analysis,
        weights: BTreeMap::from([("gptq-w4-g128".to_owned(), WeightsRecord::Compressed(Box::new(compression())))]),
        scores: all,
        examples: vec![example],
    }
}

fn write(records: &Records) -> Result<BTreeMap<String, String>, Box<dyn std::error::Error>> {
    let folder = tempfile::tempdir()?;
    let mut files = BTreeMap::new();
    for path in records.with(|report| report::write(report, folder.path()))? {
        assert_eq!(path.parent(), Some(folder.path()));
        let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
        let bytes = fs::read(&path)?;
        if name.ends_with(".png") {
            assert!(bytes.starts_with(b"\x89PNG") && bytes.len() < 150_000, "{name}: {} bytes", bytes.len());
        } else {
            files.insert(name, String::from_utf8(bytes)?);
        }
    }
    Ok(files)
}

/// Every tag closes what was opened, and text holds no bare sign: enough for the XML that is written here.
fn assert_well_formed(name: &str, text: &str) {
    let void = ["meta", "br", "!DOCTYPE"];
    let mut open: Vec<&str> = Vec::new();
    let text = &markup(text).0;
    for piece in text.split('<').skip(1) {
        let (tag, _) = piece.split_once('>').unwrap_or_else(|| panic!("{name}: a tag without end: {piece}"));
        let word = tag.trim_start_matches('/').split([' ', '\n', '/']).next().unwrap_or_default();
        if tag.starts_with('/') {
            assert_eq!(open.pop(), Some(word), "{name}: {tag}");
        } else if !tag.ends_with('/') && !void.contains(&word) {
            open.push(word);
        }
        assert_eq!(tag.matches('"').count() % 2, 0, "{name}: {tag}");
    }
    assert!(open.is_empty(), "{name}: {open:?}");
}

/// A page without its script and style, which are ours, and whether the script is there.
fn markup(page: &str) -> (String, bool) {
    let without = |text: &str, tag: &str| match text.split_once(&format!("<{tag}>")) {
        Some((before, rest)) => {
            let (_, after) = rest.split_once(&format!("</{tag}>")).unwrap_or_default();
            (format!("{before}{after}"), true)
        }
        None => (text.to_owned(), false),
    };
    let (page, scripted) = without(page, "script");
    (without(&page, "style").0, scripted)
}

#[test]
fn the_page_asks_nothing_of_a_network_and_may_run_nothing_but_its_own_script() -> Result<(), Box<dyn std::error::Error>>
{
    let page = &write(&full())?["index.html"];
    let (markup, scripted) = markup(page);
    for word in ["http:", "https:", "src=", "url(", "@import", "<script", "<link", "<iframe", "javascript:", " style="]
    {
        assert!(!markup.contains(word), "{word}");
    }
    assert!(page.contains("prefers-color-scheme:dark") && page.contains("viewport"));
    let policy = page.find("Content-Security-Policy").unwrap_or(usize::MAX);
    assert!(scripted && policy < page.find("<style>").unwrap_or_default());
    assert!(page.contains("default-src 'none'") && !page.contains("unsafe-inline"));
    assert!(page.contains(&format!("data-stamp=\"{STAMP}\"")));
    let alone = full().with(|report| {
        let folder = tempfile::tempdir()?;
        report::write(&Report { explore: None, ..*report }, folder.path()).map_err(std::io::Error::other)?;
        fs::read_to_string(folder.path().join("index.html"))
    })?;
    assert!(!alone.contains("<script") && !alone.contains("script-src"));
    Ok(())
}

#[test]
fn hostile_text_is_shown_and_does_nothing() -> Result<(), Box<dyn std::error::Error>> {
    let files = write(&full())?;
    assert!(files["index.html"].contains("&lt;script&gt;alert('x')&lt;/script&gt;"));
    for (name, text) in &files {
        assert!(name.chars().all(|c| c.is_ascii_alphanumeric() || "-_.".contains(c)), "{name}");
        assert!(!text.contains('\u{1b}') || name.ends_with(".csv"), "{name}");
        let text = &markup(text).0;
        assert!(!text.contains("<script") || name.ends_with(".csv"), "{name}");
        assert!(!text.contains('\u{202e}') || name.ends_with(".csv") || name.ends_with(".md"), "{name}");
        if !name.ends_with(".csv") && !name.ends_with(".md") {
            assert_well_formed(name, text);
        }
    }
    assert!(!full().terminal(200, false).contains('\u{1b}'));
    Ok(())
}

#[test]
fn the_page_holds_what_was_found() -> Result<(), Box<dyn std::error::Error>> {
    let page = &write(&full())?["index.html"];
    for text in ["worfbench", "teval_instruct", "needle", "pddl", "tool use", "real world"] {
        assert!(page.contains(text), "{text}");
    }
    assert!(page.contains(
        "gptq-w4-g128 holds on 2 of 4 capabilities; drops on long context (−8.8 points); inconclusive \
                           on tool use: needs about 870 samples (has 6)."
    ));
    assert!(page.contains("not a real model’s ability") || page.contains("not a real model&#39;s ability"));
    assert!(page.contains("lexical similarity") && page.contains("not comparable with the paper"));
    assert!(
        page.contains("−8.8") && page.contains("[−20.0, +5.0]") && page.contains("0.012") && page.contains("0.040")
    );
    assert!(page.contains("1 sample left out") && page.contains("too long"));
    assert!(page.contains("bits 4 · group size 128") && page.contains("4.12") && !page.contains("note null"));
    // Numbers by size, not by letter.
    let at = |text: &str| page.find(text).unwrap_or(usize::MAX);
    assert!(at("<th scope=\"row\">256</th>") < at("<th scope=\"row\">512</th>"));
    assert!(at("<th scope=\"row\">512</th>") < at("<th scope=\"row\">1024</th>"));
    assert!(!page.contains("NaN") && !page.contains("inf%"));
    Ok(())
}

#[test]
fn a_real_model_is_not_called_pico() -> Result<(), Box<dyn std::error::Error>> {
    let mut records = full();
    records.run.model.name = "/models/qwen2".into();
    records.run.tasks[0].judge = Some("gte-small".into());
    let page = &write(&records)?["index.html"];
    assert!(!page.contains("pico") && !page.contains("lexical"));
    assert!(page.contains("worfbench compares texts by gte-small."));
    Ok(())
}

#[test]
fn the_csv_has_one_row_a_task_of_a_variant() -> Result<(), Box<dyn std::error::Error>> {
    let mut records = full();
    records.run.variants.truncate(2);
    let files = write(&records)?;
    let rows: Vec<Vec<&str>> = files["results.csv"].lines().map(|line| line.split(',').collect()).collect();
    assert_eq!(rows.len(), 1 + 4 * 2);
    assert!(rows.iter().all(|row| row.len() == rows[0].len()), "{rows:?}");
    let column = |name: &str| rows[0].iter().position(|title| *title == name).unwrap_or(usize::MAX);
    assert_eq!((rows[1][column("variant")], rows[1][column("delta")]), ("dense", ""));
    assert_eq!((rows[2][column("variant")], rows[2][column("delta")]), ("gptq-w4-g128", "-0.0875"));
    assert_eq!(rows[2][column("verdict")], "holds");
    // A cell with a comma or a quote is quoted.
    assert!(write(&full())?["results.csv"].contains("|\"\"a\"\","));
    Ok(())
}

#[test]
fn heat_maps_are_files_with_a_number_in_each_cell() -> Result<(), Box<dyn std::error::Error>> {
    let mut records = full();
    let key = ("gptq-w4-g128".to_owned(), "needle".to_owned());
    records.scores.insert(key, scores(&[0.0, 1.0, 0.0, 0.5, 1.0, 0.25]));
    let files = write(&records)?;
    assert!(files["needle-dense.svg"].matches("class=\"value").count() == 6);
    let difference = &files["needle-gptq-w4-g128-difference.svg"];
    assert!(difference.contains(">−100<") && difference.contains(">+25<") && difference.contains(">0<"));
    assert!(difference.contains("xmlns=") && difference.contains("prefers-color-scheme"));
    Ok(())
}

#[test]
fn lengths_beyond_the_context_stand_behind_its_line() -> Result<(), Box<dyn std::error::Error>> {
    let mut records = full();
    assert!(!write(&records)?["needle-dense.svg"].contains("class=\"limit\""), "every length fits");
    records.run.model.context = Some(600);
    let files = write(&records)?;
    assert!(files["needle-dense.svg"].contains("class=\"limit\"") && files["index.html"].contains("context 600"));
    for (_, scores) in records.scores.iter_mut().filter(|(key, _)| key.1 == "needle") {
        for score in scores.iter_mut().filter(|score| score.tags["length"] == 1024) {
            score.outcome = Outcome::failed("too long");
        }
    }
    assert!(write(&records)?["needle-dense.svg"].contains("no sample"), "failed cells are shown, empty");
    Ok(())
}

#[test]
fn the_terminal_table_fits_and_is_plain_unless_asked() {
    let mut records = full();
    records.run.variants.truncate(2);
    for width in [0, 40, 60, 80, 100, 120, 200] {
        let text = records.terminal(width, false);
        assert!(!text.contains('\u{1b}'));
        let widest = text.lines().map(|line| line.chars().count()).max().unwrap_or(0);
        assert!(widest <= usize::from(width.max(40)), "{width}: {widest}\n{text}");
        assert!(text.contains("−8.8") && text.contains("pddl"), "{text}");
    }
    assert!(records.terminal(120, true).contains('\u{1b}'));
    let wide = records.terminal(200, false);
    assert!(wide.contains("long context") && wide.contains("▼ drops") && wide.contains("0.012"));
}

#[test]
fn json_has_the_verdicts_and_reads_back() -> Result<(), serde_json::Error> {
    let records = full();
    let value = records.with(report::json);
    assert_eq!(serde_json::from_value::<Analysis>(value["analysis"].clone())?, records.analysis);
    assert!(value["verdicts"]["gptq-w4-g128"].as_str().is_some_and(|text| text.contains("2 of 4")));
    assert!(value["compressions"]["gptq-w4-g128"]["layers"].is_null());
    Ok(())
}

#[test]
fn a_run_of_nothing_is_a_report_of_nothing() -> Result<(), Box<dyn std::error::Error>> {
    let empty = |variants: &[&str]| Records {
        run: run("m", variants, &[]),
        analysis: Analysis {
            margin: 0.0,
            summaries: vec![],
            paired: vec![],
            capabilities: vec![],
            overall: vec![],
            columns: vec![],
            repeats: Vec::new(),
        },
        weights: BTreeMap::new(),
        scores: Scores::new(),
        examples: vec![],
    };
    for variants in [&[][..], &["dense"], &["dense", "gptq"]] {
        let records = empty(variants);
        let files = write(&records)?;
        assert_well_formed("index.html", &files["index.html"]);
        assert!(files["index.html"].contains("Nothing was compared"));
        assert!(records.terminal(80, false).contains("Nothing was compared"));
    }
    let mut dense = full();
    dense.run.variants.truncate(1);
    dense.analysis.paired.clear();
    let files = write(&dense)?;
    assert!(files["index.html"].contains("needle") && files.contains_key("needle-dense.svg"));
    assert!(dense.terminal(120, false).contains("80.0"));
    Ok(())
}

#[test]
fn nothing_finished_is_a_dash_and_odd_numbers_do_not_break_the_page() -> Result<(), Box<dyn std::error::Error>> {
    let mut records = full();
    for paired in &mut records.analysis.paired {
        (paired.n, paired.delta, paired.dense, paired.needed) = (0, 0.0, 0.0, None);
        paired.interval = Interval { low: -1.0, high: 1.0 };
        paired.verdict = Verdict::Inconclusive;
    }
    let page = &write(&records)?["index.html"];
    assert!(page.contains("no sample finished in both") && !page.contains("says nothing"));
    let mut odd = full();
    for paired in &mut odd.analysis.paired {
        (paired.delta, paired.p, paired.interval.low) = (f64::NAN, f64::NAN, f64::NEG_INFINITY);
    }
    odd.analysis.margin = f64::NAN;
    odd.run.tasks[2].task = "../../etc".into();
    assert_well_formed("index.html", &write(&odd)?["index.html"]);
    Ok(())
}

#[test]
fn a_dense_model_without_ability_is_named() -> Result<(), Box<dyn std::error::Error>> {
    let mut records = full();
    let task = records.analysis.paired[0].task.clone();
    for paired in records.analysis.paired.iter_mut().filter(|paired| paired.task == task) {
        (paired.dense, paired.verdict) = (0.01, Verdict::Floor);
    }
    let page = &write(&records)?["index.html"];
    assert_eq!(page.matches("no number of samples would show a loss").count(), 1);
    assert!(page.contains(&format!("{task} (1.0)")) && page.contains("cannot do"));
    Ok(())
}

#[test]
fn a_folder_that_cannot_be_written_is_named() {
    let error =
        full().with(|report| report::write(report, std::path::Path::new("/proc/none"))).err().map(|e| e.to_string());
    assert!(error.is_some_and(|text| text.contains("/proc/none/index.html")));
}

#[test]
fn examples_show_the_first_turn_that_differs() {
    let said = |replies: &[&str]| Transcript {
        steps: replies
            .iter()
            .enumerate()
            .map(|(turn, text)| Step {
                keep: 0,
                messages: vec![Message::user(format!("question {turn}"))],
                reply: Reply::said(*text, 1, 1, record::Finish::Stop),
            })
            .collect(),
        outcome: Some(Outcome::Finished),
        record: Value::Null,
    };
    let lost = |sample: &str, value: f64| Lost {
        sample: sample.into(),
        dense: (1.0, "right".into()),
        compressed: (value, "wrong".into()),
    };
    let (theirs, ours) = (said(&["go", "take", "done"]), said(&["go", "drop"]));
    let found = [
        Example::of("pddl", "gptq", &lost("s1", 0.0), &theirs, &ours),
        Example::of("pddl", "gptq", &lost("s0", 0.5), &Transcript::default(), &Transcript::default()),
    ];
    assert_eq!((found[0].turn, found[0].turns, found[0].question.as_str()), (2, (3, 2), "question 1"));
    assert_eq!((found[0].dense_reply.as_str(), found[0].compressed_reply.as_str()), ("take", "drop"));
    assert_eq!(found[1].dense_reply, "");
}

#[test]
fn kinds_of_mistake_columns_and_rows_left_out_are_shown_everywhere() -> Result<(), Box<dyn std::error::Error>> {
    let mut records = full();
    records.run.tasks[1].skipped = vec![format!("a.json row 3: {HOSTILE}"), "a.json row 5: no id".into()];
    let files = write(&records)?;
    let (page, markdown) = (&files["index.html"], &files["report.md"]);
    for text in [page, markdown, &records.terminal(100, false)] {
        let text = text.split_whitespace().collect::<Vec<_>>().join(" ").replace("\\_", "_");
        assert!(text.contains("wrong tool") && text.contains("Instr-S") && text.contains("71.2"), "{text}");
        assert!(text.contains("teval_instruct: 2 rows of the official files"), "{text}");
        assert!(text.contains("not comparable with the published table"), "{text}");
    }
    assert_well_formed("index.html", page);
    let csv: Vec<Vec<&str>> = files["results.csv"].lines().map(|line| line.split(',').collect()).collect();
    let column = |name: &str| csv[0].iter().position(|title| *title == name).unwrap_or(usize::MAX);
    let task = csv.iter().find(|row| row[column("task")] == "teval_instruct").ok_or("no row")?;
    assert_eq!((task[column("wrong_tool")], task[column("no_call")]), ("2", "0"));
    assert!(files["columns.csv"].contains("T-Eval,Instr-S,dense,71.25,true"), "{}", files["columns.csv"]);
    Ok(())
}

#[test]
fn calls_that_a_server_lost_are_said_everywhere() -> Result<(), Box<dyn std::error::Error>> {
    let records = full();
    let mut tallies = records.tallies();
    let raw = "<tool_call>{\"name\": \"f\", \"arguments\": {}}</tool_call>";
    let said = |given: &[ToolCall]| {
        let served_calls = ServedCalls::of(&format!("{raw}{HOSTILE}"), &[], given);
        let reply = Reply { served_calls, ..Reply::said("", 1, 1, record::Finish::Stop) };
        Transcript { steps: vec![Step::after(&[], &[], reply)], ..Transcript::default() }
    };
    let call = ToolCall { id: None, name: "f".into(), arguments: json!({}) };
    let tally = tallies.get_mut(&("gptq-w4-g128".into(), "teval_instruct".into())).ok_or("no tally")?;
    tally.serve("s1", &said(&[call]));
    tally.serve("s2", &said(&[]));
    tally.serve(HOSTILE, &said(&[]));
    let folder = tempfile::tempdir()?;
    records.with_tallies(&tallies, |report| report::write(report, folder.path()))?;
    let read = |name: &str| fs::read_to_string(folder.path().join(name));
    let (page, markdown) = (read("index.html")?, read("report.md")?);
    let terminal = records.with_tallies(&tallies, |report| report::terminal(report, 100, false));
    for text in [&page, &markdown, &terminal] {
        let text = text.split_whitespace().collect::<Vec<_>>().join(" ");
        assert!(text.contains("its server lost 2 of 3 calls that the model wrote"), "{text}");
    }
    assert!(markdown.contains("| teval\\_instruct | gptq-w4-g128 | 3 | 2 | 3 | 2 | 0 |"), "{markdown}");
    assert!(page.contains("Parser or model") && page.contains("s2"));
    assert_well_formed("index.html", &page);
    assert!(!write(&records)?["index.html"].contains("Parser or model"), "nothing where nobody tells");
    Ok(())
}
