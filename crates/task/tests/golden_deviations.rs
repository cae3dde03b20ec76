//! What each deviation alone changes on the golden cases: measured again, and compared with `deviations.json`.
//!
//! `ACBENCH_WRITE_EFFECTS=1 cargo test -p task --test golden_deviations` writes that file anew.

#[path = "support/bfcl.rs"]
mod bfcl_cases;
#[path = "support/longbench.rs"]
mod longbench_cases;
#[path = "support/pddl.rs"]
mod pddl_cases;
#[path = "support/teval.rs"]
mod teval_cases;

use std::collections::BTreeMap;
use std::error::Error;
use std::fs;
use std::path::{Path, PathBuf};

use serde::Deserialize;
use serde_json::Value;
use task::long_context::{self, longbench, longgenbench};
use task::real_world::science;
use task::{DEVIATIONS, Deviation, Effect, Effects, Judge, Lexical, real_world, tool_use, workflow};

type Measured = Result<Vec<Effect>, Box<dyn Error>>;
type Measure = fn(&Path) -> Measured;

/// How the effects of each row of [`DEVIATIONS`] are measured, in the same order.
const MEASURES: &[(&str, Measure)] = &[
    ("worfbench", worfbench),
    ("teval", teval),
    ("bfcl", bfcl),
    ("needle", needle),
    ("longbench", longbench),
    ("longgenbench", longgenbench),
    ("pddl", pddl),
    ("tools", tools),
    ("scienceworld", scienceworld),
];

fn worfbench(folder: &Path) -> Measured {
    let all = workflow::Switches::all;
    let cases = Cases::read(folder, "worfbench", "worfbench.jsonl", |_| true)?;
    cases.effects(workflow::DEVIATIONS, all(false), &["value", "graph_f1"], |case, switches| {
        let text = |key: &str| case[key].as_str().unwrap_or_default();
        let judge = Table::read(case)?;
        // A gold workflow that cannot be used is worth nothing in any mode.
        let found = workflow::judge(text("pred_text"), text("gold_text"), &judge, switches);
        Ok(found.map_or_else(|_| vec![0.0; 2], |found| vec![found.value, found.graph.f1]))
    })
}

fn teval(folder: &Path) -> Measured {
    let cases = Cases::read(folder, "teval", "teval.jsonl", |_| true)?;
    cases.effects(tool_use::DEVIATIONS, tool_use::Switches::all(false), &["value"], |case, switches| {
        Ok(vec![teval_cases::judged(case, switches)?.value])
    })
}

/// Each reply of one turn; the data lies beside the golden files.
fn bfcl(folder: &Path) -> Measured {
    use tool_use::bfcl;
    let single = |case: &Value| case["category"] != "execute";
    let cases = Cases::read(folder, "bfcl", "bfcl_ast.jsonl", single)?;
    let copy = bfcl_cases::copy().ok_or("BFCL's data is not there")?;
    let rows: BTreeMap<String, bfcl::Row> =
        bfcl_cases::single_turn(&copy).into_iter().map(|row| (row.id.clone(), row)).collect();
    cases.effects(bfcl::DEVIATIONS, bfcl::Switches::all(false), &["value"], |case, switches| {
        let row = rows.get(case["entry"].as_str().unwrap_or_default()).ok_or("no such entry")?;
        let decoded = bfcl_cases::decoded(case, switches);
        Ok(vec![f64::from(u8::from(bfcl_cases::verdict(case, &decoded, row, switches).is_ok()))])
    })
}

fn needle(folder: &Path) -> Measured {
    let cases = Cases::read(folder, "needle", "niah.jsonl", |case| case["kind"] == "score")?;
    let off = long_context::Switches::all(false);
    cases.effects(long_context::DEVIATIONS, off, &["value"], |case, switches| {
        let text = |key: &str| case[key].as_str().unwrap_or_default();
        let response = long_context::judged(text("response"), switches);
        Ok(vec![long_context::found(text("visual_expected_answer"), &response, switches)])
    })
}

fn texts(value: &Value) -> Vec<String> {
    value.as_array().into_iter().flatten().filter_map(|text| text.as_str().map(str::to_owned)).collect()
}

fn longbench(folder: &Path) -> Measured {
    let single = |case: &Value| !case["metric"].as_str().is_some_and(|name| name.starts_with("scorer:"));
    let cases = Cases::read(folder, "longbench", "longbench_metrics.jsonl", single)?;
    cases.effects(longbench::DEVIATIONS, longbench::Switches::all(false), &["value"], |case, switches| {
        let classes = texts(&case["all_classes"]);
        let rules = longbench::Rules { classes: &classes, ratio: longbench::Ratio::Difflib, question: "", switches };
        let name = case["metric"].as_str().unwrap_or_default();
        let metric = longbench_cases::metric(name).ok_or("an unknown metric")?;
        let prediction = case["prediction"].as_str().unwrap_or_default();
        let scores = texts(&case["references"]).into_iter().map(|answer| metric.score(prediction, &answer, &rules));
        Ok(vec![scores.fold(0.0, f64::max)])
    })
}

fn longgenbench(folder: &Path) -> Measured {
    let scope = |case: &Value| matches!(case["kind"].as_str(), Some("scope_gsm8k" | "scope_mmlu"));
    let cases = Cases::read(folder, "longgenbench", "longgenbench.jsonl", scope)?;
    cases.effects(longgenbench::DEVIATIONS, longgenbench::Switches::all(false), &["value"], |case, switches| {
        let kind = match case["kind"].as_str() {
            Some("scope_mmlu") => longgenbench::Kind::Letter,
            _ => longgenbench::Kind::Number,
        };
        let reply = case["prediction"].as_str().unwrap_or_default();
        let hits = longgenbench::correct(reply, &texts(&case["answers"]), kind, 9, switches);
        Ok(vec![longgenbench::accuracy(&hits)])
    })
}

/// Each logged game from its beginning to its end.
fn pddl(folder: &Path) -> Measured {
    let cases = Cases::read(folder, "pddl", "agentboard_pddl.jsonl", |_| true)?;
    let templates = pddl_cases::templates(folder)?;
    cases.effects(real_world::DEVIATIONS, real_world::Switches::all(false), &["value"], |case, switches| {
        let mut game = pddl_cases::open(case, &templates)?;
        let start = game.share();
        for step in case["steps"].as_array().into_iter().flatten() {
            game.step(step["action"].as_str().unwrap_or_default());
        }
        Ok(vec![real_world::progress(game.progress(), start, switches)])
    })
}

/// Each logged pair of sheets, as if nothing had been right at the start.
fn tools(folder: &Path) -> Measured {
    let sheets = |case: &Value| case["kind"] == "sheet_match" && case["sheet"].is_array();
    let cases = Cases::read(folder, "tools", "agentboard_tool.jsonl", sheets)?;
    let off = real_world::tools::Switches::all(false);
    cases.effects(real_world::tools::DEVIATIONS, off, &["value"], |case, switches| {
        let rows = |key: &str| serde_json::from_value::<Vec<Vec<String>>>(case[key].clone());
        Ok(vec![real_world::tools::sheet_match(&rows("sheet")?, &rows("gold")?, switches.whole_sheet)])
    })
}

/// Each logged episode. The logs hold what was possible after each action only, so that of the grounding nothing can be
/// measured: of the value there is nothing to change.
fn scienceworld(folder: &Path) -> Measured {
    let logged = |case: &Value| case["steps"].is_array();
    let cases = Cases::read(folder, "scienceworld", "agentboard_scienceworld.jsonl", logged)?;
    let off = science::Switches::all(false);
    cases.effects(science::DEVIATIONS, off, &["value"], |case, switches| {
        let mut subgoals = science::Subgoals::new(&texts(&case["subgoals"]))?;
        for step in case["steps"].as_array().into_iter().flatten().filter(|step| step["action"] != science::CHECK) {
            subgoals.look(step["observation"].as_str().unwrap_or_default());
        }
        let end = serde_json::json!({"progress": subgoals.met() as f64 / subgoals.count() as f64});
        Ok(vec![science::judged(&end, switches)["progress"].as_f64().unwrap_or_default()])
    })
}

/// The similarities of a golden case by text; what the reference did not compare is compared by spelling.
struct Table(BTreeMap<(String, String), f64>);

impl Table {
    fn read(case: &Value) -> Result<Self, Box<dyn Error>> {
        let nodes = |key: &str| Vec::<String>::deserialize(&case[key]["nodes"]).unwrap_or_default();
        let (reply, gold) = (nodes("pred_graph"), nodes("gold_graph"));
        let rows = Vec::<Vec<f64>>::deserialize(&case["cos_raw"]).unwrap_or_default();
        let mut table = BTreeMap::new();
        for (text, row) in reply.iter().zip(rows) {
            table.extend(gold.iter().zip(row).map(|(other, cosine)| ((text.clone(), other.clone()), cosine)));
        }
        Ok(Self(table))
    }
}

impl Judge for Table {
    fn name(&self) -> &str {
        "golden"
    }

    fn similarity(&self, a: &str, b: &str) -> f64 {
        let known = self.0.get(&(a.to_owned(), b.to_owned()));
        known.copied().unwrap_or_else(|| Lexical.similarity(a, b))
    }
}

struct Cases {
    task: &'static str,
    file: &'static str,
    cases: Vec<Value>,
}

impl Cases {
    fn read(
        folder: &Path,
        task: &'static str,
        file: &'static str,
        wanted: impl Fn(&Value) -> bool,
    ) -> Result<Self, Box<dyn Error>> {
        let text = fs::read_to_string(folder.join(file))?;
        let lines = text.lines().filter(|line| !line.trim().is_empty());
        let cases: Vec<Value> = lines.map(serde_json::from_str).collect::<Result<_, _>>()?;
        Ok(Self { task, file, cases: cases.into_iter().filter(|case| wanted(case)).collect() })
    }

    /// The effect of each row alone, and of all together, on the metrics that `judge` gives; `off` has all switches off.
    fn effects<S: Copy>(
        &self,
        rows: &[Deviation<S>],
        off: S,
        metrics: &[&str],
        judge: impl Fn(&Value, &S) -> Result<Vec<f64>, Box<dyn Error>>,
    ) -> Measured {
        let judged = |switches: &S| self.cases.iter().map(|case| judge(case, switches)).collect::<Result<Vec<_>, _>>();
        let paper = judged(&off)?;
        let mut all = off;
        let mut effects = Vec::new();
        let mut add = |name: &str, switches: &S| -> Result<(), Box<dyn Error>> {
            let after = judged(switches)?;
            for (index, metric) in metrics.iter().enumerate() {
                let changes: Vec<f64> = paper.iter().zip(&after).map(|(a, b)| b[index] - a[index]).collect();
                effects.push(self.effect(name, metric, &changes));
            }
            Ok(())
        };
        for row in rows {
            let mut alone = off;
            (row.set)(&mut alone, true);
            (row.set)(&mut all, true);
            add(row.name, &alone)?;
        }
        add("all", &all)?;
        Ok(effects)
    }

    fn effect(&self, name: &str, metric: &str, changes: &[f64]) -> Effect {
        let mean = changes.iter().sum::<f64>() / changes.len().max(1) as f64;
        Effect {
            task: self.task.to_owned(),
            name: name.to_owned(),
            metric: metric.to_owned(),
            file: self.file.to_owned(),
            cases: changes.len(),
            changed: changes.iter().filter(|change| change.abs() > 1e-9).count(),
            // Minus zero is zero.
            mean_change: (mean * 1e6).round() / 1e4 + 0.0,
        }
    }
}

#[test]
fn golden_deviations() -> Result<(), Box<dyn Error>> {
    let folder = std::env::var_os("ACBENCH_GOLDEN")
        .map_or_else(|| PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/../../../shared/golden")), PathBuf::from);
    if !folder.is_dir() {
        println!("golden deviations: skipped, {} is not there", folder.display());
        return Ok(());
    }
    assert_eq!(
        MEASURES.iter().map(|row| row.0).collect::<Vec<_>>(),
        DEVIATIONS.iter().map(|d| d.task).collect::<Vec<_>>()
    );
    let mut found = Effects::default();
    for (_, measure) in MEASURES {
        found.effects.extend(measure(&folder)?);
    }
    for effect in &found.effects {
        let digest = record::digest(&fs::read(folder.join(&effect.file))?);
        found.files.insert(effect.file.clone(), digest);
    }
    if std::env::var_os("ACBENCH_WRITE_EFFECTS").is_some() {
        let path = concat!(env!("CARGO_MANIFEST_DIR"), "/deviations.json");
        fs::write(path, serde_json::to_string_pretty(&found)? + "\n")?;
        return Ok(());
    }
    let known = Effects::measured();
    let mut same = 0;
    for effect in &found.effects {
        let Effect { task, name, metric, changed, cases, mean_change, file } = effect;
        println!("{task} {name} {metric}: {changed} of {cases}, mean {mean_change:+.4}");
        if found.files[file] == known.files.get(file).cloned().unwrap_or_default() {
            assert!(known.effects.contains(effect), "{effect:?} is not in deviations.json");
            same += 1;
        }
    }
    println!("golden deviations: {same} of {} as in deviations.json, the others on other files", found.effects.len());
    Ok(())
}
