//! `score --predictions`: results that a benchmark's own program has written, judged anew.

use std::path::{Path, PathBuf};

use record::Scoring;
use serde_json::{Value, json};
use task::tool_use::bfcl::predictions::{Judged, judged};
use task::tool_use::bfcl::score::{CEILING, Leaderboard};
use task::tool_use::bfcl::{Copy, Switches};

use crate::Error;

/// How deep the groups of categories lie: `agentic/memory/<backend>`.
const DEPTH: usize = 4;

/// What came of judging results.
#[derive(Debug, Clone)]
pub struct Predicted {
    /// Category, right and all entries, in the order of their files.
    pub categories: Vec<(String, usize, usize)>,
    /// Files of categories that are not judged here.
    pub left_out: Vec<String>,
    /// The folder of the score files that were written.
    pub folder: PathBuf,
}

impl Predicted {
    /// The leaderboard's numbers.
    pub fn leaderboard(&self) -> Leaderboard {
        let share = |(right, all): (usize, usize)| right as f64 / all.max(1) as f64;
        let scored = self.categories.iter().filter(|(name, ..)| name != "format_sensitivity");
        Leaderboard::new(scored.map(|(name, right, all)| (name.clone(), share((*right, *all)), *all)))
    }

    /// What was found, in lines.
    pub fn text(&self) -> String {
        let percent = |share: f64| format!("{:.2}", share * 100.0);
        let mut lines: Vec<String> = self
            .categories
            .iter()
            .map(|(name, right, all)| {
                format!("{name:<26} {right:>5} of {all:<5} {:>6}", percent(*right as f64 / (*all).max(1) as f64))
            })
            .collect();
        let board = self.leaderboard();
        let ceiling = percent(CEILING);
        lines.push(format!("overall as on the leaderboard: {} (at most {ceiling} offline)", percent(board.overall())));
        if let Some(offline) = board.offline_overall() {
            lines.push(format!("offline overall, of what was run: {}", percent(offline)));
        }
        lines.extend(self.left_out.iter().map(|name| format!("not judged: {name}")));
        lines.push(format!("score files in {}; `acbench compare` pairs them by entry", self.folder.display()));
        lines.join("\n") + "\n"
    }
}

/// Judges the results of a model, `ROOT/result/MODEL`, by a copy of BFCL, and writes `ROOT/score/MODEL` as BFCL's own
/// evaluation does: a first line with the counts, then a line for each wrong entry.
///
/// # Errors
/// A folder without results, results that are broken or of no known entry, a copy that lacks their category.
pub fn score_predictions(results: &Path, data: &Path, scoring: Scoring) -> Result<Predicted, Error> {
    let bad = |problem: &str| Error::Flag {
        flag: "--predictions",
        value: results.display().to_string(),
        problem: problem.to_owned(),
    };
    let model = results.file_name().ok_or_else(|| bad("it should be ROOT/result/MODEL"))?;
    let root = results.parent().filter(|parent| parent.file_name().is_some_and(|name| name == "result"));
    let root = root.and_then(Path::parent).ok_or_else(|| bad("it should be ROOT/result/MODEL"))?;
    let copy = Copy::open(data)?;
    let switches = Switches::from(scoring);
    let folder = root.join("score").join(model);
    let mut found = Predicted { categories: Vec::new(), left_out: Vec::new(), folder };
    for path in files(results, 0) {
        let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
        let Some(category) = category(&path, &name) else { continue };
        if category.starts_with("web_search") {
            found.left_out.push(name);
            continue;
        }
        let lines: Vec<Value> = record::read_jsonl(&path)?;
        let judged = judged(&copy, &category, &lines, &switches)?;
        let inside = path.parent().and_then(|parent| parent.strip_prefix(results).ok()).unwrap_or(Path::new(""));
        let target = found.folder.join(inside).join(name.replace("_result.json", "_score.json"));
        record::write_jsonl(&target, &score_lines(&judged))?;
        let right = judged.iter().filter(|one| one.wrong.is_none()).count();
        found.categories.push((category, right, judged.len()));
    }
    if found.categories.is_empty() && found.left_out.is_empty() {
        return Err(bad("there is no BFCL_v4_*_result.json in it"));
    }
    Ok(found)
}

fn score_lines(judged: &[Judged]) -> Vec<Value> {
    let wrong = judged.iter().filter_map(|one| one.wrong.as_ref().map(|kind| (&one.id, kind)));
    let right = judged.len() - wrong.clone().count();
    let accuracy = right as f64 / judged.len().max(1) as f64;
    let header = json!({"accuracy": accuracy, "correct_count": right, "total_count": judged.len()});
    let lines = wrong.map(|(id, kind)| json!({"id": id, "valid": false, "error_type": kind}));
    [header].into_iter().chain(lines).collect()
}

/// All files below a folder, by name.
fn files(folder: &Path, depth: usize) -> Vec<PathBuf> {
    let mut entries: Vec<PathBuf> =
        std::fs::read_dir(folder).into_iter().flatten().flatten().map(|entry| entry.path()).collect();
    entries.sort();
    let inside = |path: PathBuf| if path.is_dir() && depth < DEPTH { files(&path, depth + 1) } else { vec![path] };
    entries.into_iter().flat_map(inside).collect()
}

/// The category of `BFCL_v4_<category>_result.json`; that of a memory may be in the folder's name alone.
fn category(path: &Path, name: &str) -> Option<String> {
    let (_, category) = name.strip_prefix("BFCL_")?.strip_suffix("_result.json")?.split_once('_')?;
    if category == "memory" {
        let backend = path.parent()?.file_name()?.to_string_lossy().into_owned();
        return Some(format!("memory_{backend}"));
    }
    Some(category.to_owned())
}
