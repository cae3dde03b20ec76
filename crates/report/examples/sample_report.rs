//! Draws a report of made-up numbers, to look at: `cargo run -p report --example sample_report -- FOLDER`.
//! Nothing in it was measured.

use std::collections::BTreeMap;
use std::path::Path;

use record::{
    Analysis, Calibration, Capability, ColumnValue, CompressionRecord, Fault, Interval, LayerRecord, ModelSource,
    Outcome, PairTest, Paired, Rng, RunRecord, Score, Scoring, TaskSource, TaskSummary, VariantRecord, VariantSource,
    Verdict, WeightsRecord,
};
use report::{Example, Report, Tallies, Tally};
use serde_json::{Value, json};

/// Scores by (variant, task).
type Scores = BTreeMap<(String, String), Vec<Score>>;

/// Variant, and what it loses on each of the four tasks.
const VARIANTS: [(&str, [f64; 4]); 4] = [
    ("dense", [0.0, 0.0, 0.0, 0.0]),
    ("gptq-w4-g128", [0.004, 0.012, 0.006, 0.021]),
    ("wanda-2of4", [0.055, 0.09, 0.03, 0.14]),
    ("rtn-w2-g128", [0.61, 0.58, 0.44, 0.52]),
];
/// Task, capability, dense mean, samples.
const TASKS: [(&str, Capability, f64, usize); 4] = [
    ("worfbench", Capability::Workflow, 0.884, 400),
    ("teval_instruct", Capability::ToolUse, 0.815, 400),
    ("needle", Capability::LongContext, 0.957, 300),
    ("pddl", Capability::RealWorld, 0.702, 120),
];

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let folder = std::env::args().nth(1).unwrap_or_else(|| "sample-report".to_owned());
    let run = run();
    let scores = scores();
    let analysis = analysis(&scores);
    let examples = examples();
    let weights = weights();
    let tallies: Tallies = scores.iter().map(|(key, scores)| (key.clone(), Tally::of(scores))).collect();
    let report = Report {
        run: &run,
        analysis: &analysis,
        weights: &weights,
        tallies: &tallies,
        examples: &examples,
        explore: None,
        behaviors: &[],
        probes: None,
        blames: &[],
    };
    for path in report::write(&report, Path::new(&folder))? {
        println!("{}", path.display());
    }
    print!("{}{}", report::terminal(&report, 120, true), report::terminal(&report, 70, false));
    Ok(())
}

fn run() -> RunRecord {
    RunRecord {
        version: "0.0.0-made-up-example".into(),
        model: ModelSource { name: "pico".into(), digest: record::digest(b"made up"), context: None },
        variants: VARIANTS
            .iter()
            .map(|(name, _)| VariantRecord { name: (*name).into(), source: VariantSource::Dense })
            .collect(),
        tasks: TASKS
            .iter()
            .map(|&(task, capability, _, samples)| TaskSource {
                skipped: Vec::new(),
                task: task.into(),
                capability,
                source: "generated".into(),
                judge: (task == "worfbench").then(|| "lexical".into()),
                samples,
                digest: record::digest(task.as_bytes()),
            })
            .collect(),
        embedders: Default::default(),
        seed: 42,
        scoring: Scoring::Corrected,
        epochs: 1,
        activations: Default::default(),
        sampling: BTreeMap::new(),
        chat_template: true,
        prompting: record::Prompting::default(),
        margin: 0.03,
    }
}

/// Tags as the tasks give them.
fn tags(task: &str, index: usize) -> BTreeMap<String, Value> {
    let pairs: Vec<(&str, Value)> = match task {
        "worfbench" => vec![("nodes", json!(3 + index % 6)), ("parallel", json!(index.is_multiple_of(2)))],
        "teval_instruct" => vec![("format", json!(["string", "json"][index % 2])), ("arguments", json!(1 + index % 4))],
        "needle" => vec![("length", json!([256, 512, 768, 1024][index % 4])), ("depth", json!(index / 4 % 6 * 20))],
        _ => vec![("game", json!(["gripper", "blockworld", "barman", "tyreworld"][index % 4]))],
    };
    pairs.into_iter().map(|(name, value)| (name.to_owned(), value)).collect()
}

fn scores() -> Scores {
    let mut all = Scores::new();
    for (variant, losses) in VARIANTS {
        for (&(task, _, mean, samples), loss) in TASKS.iter().zip(losses) {
            let mut rng = Rng::stream(7, task);
            let list = (0..samples)
                .map(|index| {
                    let failed = task == "pddl" && index % 60 == 59;
                    let reason = "prompt of 2210 tokens exceeds the context of 2048".to_owned();
                    let tags = tags(task, index);
                    let hard = 1.0 + tags.get("depth").and_then(Value::as_f64).unwrap_or(50.0) / 100.0;
                    Score {
                        sample: format!("{task}-{index:04}"),
                        outcome: if failed { Outcome::failed(reason) } else { Outcome::Finished },
                        value: f64::from(u8::from(!failed && rng.uniform() < mean - loss * hard * 0.75)),
                        metrics: BTreeMap::from([("f1".into(), mean - loss), ("precision".into(), mean)]),
                        reason: String::new(),
                        fault: None,
                        cluster: None,
                        tags,
                    }
                })
                .collect();
            all.insert((variant.into(), task.into()), list);
        }
    }
    all
}

/// Means are counted, everything else is made up: `report` shows, `analyze` finds.
fn analysis(scores: &Scores) -> Analysis {
    let mut analysis = Analysis {
        margin: 0.03,
        summaries: Vec::new(),
        paired: Vec::new(),
        capabilities: Vec::new(),
        overall: Vec::new(),
        columns: columns(),
        repeats: Vec::new(),
    };
    for (variant, losses) in VARIANTS {
        for (&(task, capability, _, _), loss) in TASKS.iter().zip(losses) {
            let list = &scores[&(variant.to_owned(), task.to_owned())];
            let summary = summary(variant, task, capability, list);
            if variant != "dense" {
                let dense = analysis.summaries.iter().find(|s| s.task == task).map_or(0.0, |s| s.mean);
                analysis.paired.push(paired(&summary, dense, loss));
            }
            analysis.summaries.push(summary);
        }
    }
    analysis
}

/// The wrong calls, shared out over the kinds.
fn faults(task: &str, n: usize, mean: f64) -> BTreeMap<Fault, usize> {
    let wrong = (n as f64 * (1.0 - mean)) as usize;
    if task != "teval_instruct" {
        return BTreeMap::new();
    }
    BTreeMap::from([(Fault::WrongArgument, wrong / 2), (Fault::WrongTool, wrong / 4), (Fault::Malformed, wrong / 8)])
}

/// Two columns of a table.
fn columns() -> Vec<ColumnValue> {
    let of = |(variant, losses): &(&str, [f64; 4])| {
        [("Instr-S", 0.83), ("Instr-J", 0.8)].map(|(column, value)| ColumnValue {
            table: "T-Eval".into(),
            column: column.into(),
            variant: (*variant).into(),
            value: 100.0 * (value - losses[1]),
            generated: true,
        })
    };
    VARIANTS.iter().flat_map(of).collect()
}

fn summary(variant: &str, task: &str, capability: Capability, list: &[Score]) -> TaskSummary {
    let finished: Vec<&Score> = list.iter().filter(|score| score.outcome == Outcome::Finished).collect();
    let mean = finished.iter().map(|score| score.value).sum::<f64>() / finished.len() as f64;
    let mut splits: BTreeMap<String, BTreeMap<String, (f64, usize)>> = BTreeMap::new();
    for score in &finished {
        for (tag, value) in &score.tags {
            let name = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
            let kind = splits.entry(tag.clone()).or_default().entry(name).or_default();
            *kind = ((kind.0 * kind.1 as f64 + score.value) / (kind.1 + 1) as f64, kind.1 + 1);
        }
    }
    TaskSummary {
        variant: variant.into(),
        task: task.into(),
        capability,
        n: finished.len(),
        failed: list.len() - finished.len(),
        mean,
        interval: Interval { low: mean - 0.03, high: (mean + 0.03).min(1.0) },
        metrics: list.first().map(|score| score.metrics.clone()).unwrap_or_default(),
        splits,
        faults: faults(task, finished.len(), mean),
    }
}

fn paired(summary: &TaskSummary, dense: f64, loss: f64) -> Paired {
    let half = 0.35 / (summary.n as f64).sqrt() + loss / 12.0;
    let delta = summary.mean - dense;
    let bounds = Interval { low: delta - 0.84 * half, high: delta + 0.84 * half };
    let verdict = match bounds {
        b if b.low > -0.03 => Verdict::Holds,
        b if b.high < -0.03 => Verdict::Drops,
        _ => Verdict::Inconclusive,
    };
    let p = (-60.0 * loss).exp().max(1e-6);
    Paired {
        variant: summary.variant.clone(),
        task: summary.task.clone(),
        capability: summary.capability,
        n: summary.n,
        left_out: summary.failed,
        dense,
        compressed: summary.mean,
        delta,
        interval: Interval { low: delta - half, high: delta + half },
        bounds,
        test: PairTest::McnemarMidP,
        p,
        p_exact: Some(p * 1.2),
        p_holm: (p * 4.0).min(1.0),
        flips: 0.02 + loss,
        harmful_flips: 0.01 + loss,
        verdict,
        detectable: half * 1.4,
        needed: (verdict == Verdict::Inconclusive).then_some(870),
    }
}

fn weights() -> BTreeMap<String, WeightsRecord> {
    let layer = |index: usize, bits: f64, sparsity: f64| LayerRecord {
        name: format!("model.layers.{}.self_attn.{}", index / 3, ["q_proj", "k_proj", "v_proj"][index % 3]),
        out_features: 256,
        in_features: 256,
        bits,
        sparsity,
        loss: (bits < 8.0).then_some(0.1 * index as f64),
        output_error: Some(0.004 + 0.001 * index as f64),
        damping: (bits == 4.125).then_some(0.01),
        condition: None,
        fallback: None,
        dead_channels: 0,
    };
    let one = |method: &str, settings: Value, bits: f64, sparsity: f64| {
        WeightsRecord::Compressed(Box::new(CompressionRecord {
            method: method.into(),
            settings,
            format: "compressed-tensors".into(),
            base_digest: record::digest(b"made up"),
            calibration: (method != "rtn").then(|| Calibration {
                source: "twins".into(),
                digest: record::digest(b"text"),
                sequences: 128,
                length: 512,
                seed: 42,
            }),
            effective_bits: bits,
            checkpoint_bits: bits * 0.7 + 4.8,
            sparsity,
            layers: (0..12).map(|index| layer(index, bits, sparsity)).collect(),
            warnings: if method == "gptq" { vec!["layer 2: damping raised to 0.1".into()] } else { Vec::new() },
        }))
    };
    BTreeMap::from([
        ("gptq-w4-g128".to_owned(), one("gptq", json!({"bits": 4, "group_size": 128, "act_order": true}), 4.125, 0.02)),
        ("wanda-2of4".to_owned(), one("wanda", json!({"sparsity": "2:4"}), 16.0, 0.5)),
        ("rtn-w2-g128".to_owned(), one("rtn", json!({"bits": 2, "group_size": 128}), 2.125, 0.3)),
    ])
}

fn examples() -> Vec<Example> {
    vec![
        Example {
            task: "teval_instruct".into(),
            variant: "wanda-2of4".into(),
            sample: "teval_instruct-0031".into(),
            turn: 1,
            turns: (1, 1),
            question: "Book a table for two at Luigi's on Friday at 19:00. Answer as JSON.".into(),
            dense_reply: "{\"name\": \"reserve_table\", \"args\": {\"place\": \"Luigi's\", \"guests\": 2}}".into(),
            compressed_reply: "{\"name\": \"reserve_table\", \"args\": {\"place\": \"Luigi's\", \"guests\": <script>"
                .into(),
            dense_value: 1.0,
            compressed_value: 0.0,
            dense_reason: "right tool, 2 of 2 arguments".into(),
            compressed_reason: "not JSON: expected a value at column 58".into(),
        },
        Example {
            task: "pddl".into(),
            variant: "rtn-w2-g128".into(),
            sample: "pddl-0007".into(),
            turn: 3,
            turns: (9, 30),
            question: "Observation: You are in room1. ball2 is here. Choose the next action.".into(),
            dense_reply: "pick(ball2, room1, left)".into(),
            compressed_reply: "pick pick pick ball ball".into(),
            dense_value: 1.0,
            compressed_value: 0.25,
            dense_reason: "goal reached after 9 steps".into(),
            compressed_reason: "27 of 30 actions were not valid".into(),
        },
    ]
}
