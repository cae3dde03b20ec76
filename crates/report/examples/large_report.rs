//! Writes a report of made-up samples, as many as one wishes, some of them hostile, to try the page with:
//! `cargo run --release -p report --example large_report -- FOLDER VARIANTS SAMPLES`. Nothing in it was measured.

use std::collections::BTreeMap;
use std::error::Error;
use std::path::Path;

use record::{
    Analysis, Capability, DENSE, Decision, Finish, Interval, Message, ModelSource, Outcome, PairTest, Paired,
    Prompting, Reply, Rng, RunRecord, Score, Scoring, Step, TaskSource, TaskSummary, Transcript, VariantRecord,
    VariantSource, Verdict,
};
use report::{Explorer, Reading, Report};
use serde_json::{Value, json};

/// What a page must show as text: markup, a script, colors of a terminal, overrides of direction, a separator of lines.
const HOSTILE: &str = "<script>window.harmed=1</script><img src=x onerror=\"window.harmed=1\"></pre></script>\
    \u{1b}[31mred\u{1b}[0m \u{202e}desrever\u{202c} \u{2028}\u{0}\u{200b} javascript:alert(1) '\"`${window.harmed=1}`";
const TASKS: [(&str, Capability); 2] = [("teval_instruct", Capability::ToolUse), ("pddl", Capability::RealWorld)];

fn main() -> Result<(), Box<dyn Error>> {
    let args: Vec<String> = std::env::args().skip(1).collect();
    let [folder, variants, samples] = &args[..] else { return Err("FOLDER VARIANTS SAMPLES are wanted".into()) };
    let (folder, variants, samples) = (Path::new(folder), variants.parse()?, samples.parse()?);
    let run = run(variants, samples);
    let values = (0..variants).map(|variant| TASKS.map(|(task, _)| values(task, variant, samples))).collect::<Vec<_>>();
    let analysis = analysis(&run, &values);
    let mut explorer = Explorer::begin(folder, &run, &analysis)?;
    for task in 0..TASKS.len() {
        let mut writer = explorer.task();
        for (variant, values) in values.iter().enumerate() {
            let mut column = writer.variant(variant);
            for (sample, value) in values[task].iter().enumerate() {
                column.add(&score(task, sample, *value), &said(task, sample, *value))?;
            }
            column.finish()?;
        }
        let read = (1..values.len()).map(|variant| (variant, vec![0.0, 0.02, 1.5, 0.0])).collect();
        writer.readings(&[Reading {
            sample: format!("0 {HOSTILE}"),
            turn: 0,
            pieces: ["call ", HOSTILE, "box", ""].map(str::to_owned).to_vec(),
            decisions: vec![None, Some(Decision::Tool), Some(Decision::Argument), Some(Decision::End)],
            kl: read,
        }])?;
        writer.finish()?;
    }
    let explored = explorer.finish()?;
    let report = Report {
        run: &run,
        analysis: &analysis,
        weights: &BTreeMap::new(),
        tallies: &explored.tallies,
        examples: &[],
        explore: Some(&explored.stamp),
        behaviors: &[],
        probes: None,
        blames: &[],
    };
    report::write(&report, folder)?;
    Ok(())
}

fn run(variants: usize, samples: usize) -> RunRecord {
    let name = |variant: usize| match variant {
        0 => DENSE.to_owned(),
        2 => format!("rtn-w2 {HOSTILE}"),
        other => format!("gptq-w{}-{other}", 2 + other % 7),
    };
    let task = |&(task, capability): &(&str, Capability)| TaskSource {
        task: task.into(),
        capability,
        source: "made up".into(),
        judge: None,
        samples,
        skipped: Vec::new(),
        digest: record::digest(task.as_bytes()),
    };
    RunRecord {
        version: "0.0.0-made-up-example".into(),
        model: ModelSource { name: "made-up".into(), digest: record::digest(b"made up"), context: None },
        variants: (0..variants)
            .map(|variant| VariantRecord { name: name(variant), source: VariantSource::Dense })
            .collect(),
        tasks: TASKS.iter().map(task).collect(),
        embedders: BTreeMap::new(),
        seed: 1,
        scoring: Scoring::Corrected,
        epochs: 1,
        activations: Default::default(),
        sampling: BTreeMap::new(),
        chat_template: true,
        prompting: Prompting::default(),
        margin: 0.03,
    }
}

/// What a variant scores on each sample of a task; less than 0 where it fails.
fn values(task: &str, variant: usize, samples: usize) -> Vec<f64> {
    let mut rng = Rng::stream(variant as u64, task);
    let value = |sample: usize| match (sample, variant) {
        (0, 0) => 1.0,
        (0, _) | (1, _) => 0.0,
        (2, _) => f64::NAN,
        (3, 1..) => -1.0,
        _ => f64::from(u8::from(rng.uniform() < 0.8 - 0.03 * variant as f64)),
    };
    (0..samples).map(value).collect()
}

fn score(task: usize, sample: usize, value: f64) -> Score {
    let id = if sample == 0 { format!("0 {HOSTILE}") } else { format!("{}-{sample:05}", TASKS[task].0) };
    let reason = if sample == 0 { HOSTILE.to_owned() } else { format!("{} of 1 right", value) };
    Score {
        sample: id,
        outcome: if value < 0.0 { Outcome::failed(format!("too long {HOSTILE}")) } else { Outcome::Finished },
        value,
        metrics: BTreeMap::from([("read".to_owned(), 1.0)]),
        reason,
        fault: None,
        cluster: None,
        tags: BTreeMap::from([("level".to_owned(), json!(sample % 5))]),
    }
}

/// One turn, three in the games; the second sample has a megabyte in one cell.
fn said(task: usize, sample: usize, value: f64) -> Transcript {
    let turns = 1 + 2 * task;
    let question = match sample {
        0 => HOSTILE.to_owned(),
        1 => "a long text ".repeat(90_000) + "THE END",
        _ => {
            format!("Sample {sample}: which tool is to be called for the order of the blue box number {}?", sample * 7)
        }
    };
    let reply = match (sample, value > 0.5) {
        (0, _) => format!("{HOSTILE} {value}"),
        (_, true) => format!("call the tool that opens box {} and wait for the answer", sample * 7),
        (_, false) => format!("call the tool that paints box {} and go", sample * 7),
    };
    let step = |turn: usize| Step {
        keep: 2 * turn,
        messages: match turn {
            0 => vec![Message::system("Answer with one call."), Message::user(question.clone())],
            _ => vec![Message::user(format!("State after turn {turn}: nothing happens."))],
        },
        reply: Reply::said(reply.clone(), 30, 12, Finish::Stop),
    };
    Transcript { steps: (0..turns).map(step).collect(), outcome: Some(Outcome::Finished), record: Value::Null }
}

/// Counts are counted, intervals are made up.
fn analysis(run: &RunRecord, values: &[[Vec<f64>; 2]]) -> Analysis {
    let (mut summaries, mut paired) = (Vec::new(), Vec::new());
    for (variant, values) in run.variants.iter().zip(values) {
        for (source, own) in run.tasks.iter().zip(values) {
            summaries.push(summary(&variant.name, source, own));
        }
    }
    for (variant, own) in run.variants.iter().zip(values).skip(1) {
        for (task, source) in run.tasks.iter().enumerate() {
            paired.push(compared(&variant.name, source, &values[0][task], &own[task]));
        }
    }
    Analysis {
        margin: 0.03,
        summaries,
        paired,
        capabilities: Vec::new(),
        overall: Vec::new(),
        columns: Vec::new(),
        repeats: Vec::new(),
    }
}

fn summary(variant: &str, task: &TaskSource, values: &[f64]) -> TaskSummary {
    let finished: Vec<f64> = values.iter().copied().filter(|value| *value >= 0.0).collect();
    let mean = finished.iter().sum::<f64>() / finished.len().max(1) as f64;
    TaskSummary {
        variant: variant.into(),
        task: task.task.clone(),
        capability: task.capability,
        n: finished.len(),
        failed: values.iter().filter(|value| **value < 0.0).count(),
        mean,
        interval: Interval { low: mean - 0.01, high: mean + 0.01 },
        metrics: BTreeMap::new(),
        splits: BTreeMap::new(),
        faults: BTreeMap::new(),
    }
}

fn compared(variant: &str, task: &TaskSource, dense: &[f64], own: &[f64]) -> Paired {
    // What is no number counts as unchanged.
    let finished = |value: &f64| value.is_nan() || *value >= 0.0;
    let both = || dense.iter().zip(own).filter(|(a, b)| finished(a) && finished(b));
    let n = both().count();
    let share = |count: usize| count as f64 / n.max(1) as f64;
    let (worse, better) = (both().filter(|(a, b)| b < a).count(), both().filter(|(a, b)| b > a).count());
    let delta = share(better) - share(worse);
    let bounds = Interval { low: delta - 0.01, high: delta + 0.01 };
    let verdict = match bounds {
        bounds if bounds.low > -0.03 => Verdict::Holds,
        bounds if bounds.high < -0.03 => Verdict::Drops,
        _ => Verdict::Inconclusive,
    };
    Paired {
        variant: variant.into(),
        task: task.task.clone(),
        capability: task.capability,
        n,
        left_out: dense.len() - n,
        dense: 0.8,
        compressed: 0.8 + delta,
        delta,
        interval: Interval { low: delta - 0.012, high: delta + 0.012 },
        bounds,
        test: PairTest::McnemarMidP,
        p: 0.01,
        p_exact: None,
        p_holm: 0.02,
        flips: share(worse + better),
        harmful_flips: share(worse),
        verdict,
        detectable: 0.02,
        needed: (verdict == Verdict::Inconclusive).then_some(2 * n),
    }
}
