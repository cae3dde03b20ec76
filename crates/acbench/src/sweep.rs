//! Many evaluations from one file: what all have in common, and every combination of what they differ in.
//!
//! ```toml
//! output_path = "runs/sweep"          # a folder a run in it [default: runs/ and the file's name]
//!
//! [each]                              # flags of `acbench evaluate`
//! tasks = ["tool_use", "pddl"]
//! limit = 50
//!
//! [matrix]                            # every combination of these
//! model_name = ["./A", "./B"]
//! compression_method = [["gptq", "awq"], "wanda"]
//! seed = [0, 1]
//! ```

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use toml::{Table, Value};

use crate::Error;

/// The most runs of a file.
const MOST: usize = 10_000;
/// The longest name of a run's folder, in characters.
const LONGEST: usize = 100;

/// The runs of a file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sweep {
    /// The folder that has a folder for each run.
    pub root: PathBuf,
    /// The runs.
    pub runs: Vec<SweepRun>,
}

/// One run of a sweep.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SweepRun {
    /// What it differs in: `gptq-awq_A_seed-0`.
    pub name: String,
    /// Its folder.
    pub folder: PathBuf,
    /// Its flags, as they would be typed after `acbench evaluate`.
    pub flags: Vec<String>,
}

/// The runs of a file, keys in the order of the alphabet: the last one changes first.
///
/// # Errors
/// A file that cannot be read, keys that it has no meaning for, two runs of one name.
pub fn sweep(path: &Path) -> Result<Sweep, Error> {
    let bad = |problem: String| Error::Flag { flag: "PLAN", value: path.display().to_string(), problem };
    let text = record::read_text(path).map_err(|error| bad(error.to_string()))?;
    let table: Table = text.parse().map_err(|error: toml::de::Error| bad(error.to_string()))?;
    let stem = path.file_stem().unwrap_or_default().to_string_lossy().into_owned();
    runs(&table, &stem).map_err(bad)
}

fn runs(table: &Table, stem: &str) -> Result<Sweep, String> {
    if let Some(key) = table.keys().find(|key| !["output_path", "each", "matrix"].contains(&key.as_str())) {
        return Err(format!("`{key}` means nothing here: there are output_path, [each] and [matrix]"));
    }
    let root = match table.get("output_path") {
        None => Path::new("runs").join(stem),
        Some(Value::String(path)) => PathBuf::from(path),
        Some(other) => return Err(format!("output_path should be a text, not {other}")),
    };
    let part = |name: &str| match table.get(name) {
        None => Ok(Table::new()),
        Some(Value::Table(part)) => Ok(part.clone()),
        Some(other) => Err(format!("{name} should be a table, not {other}")),
    };
    let (each, matrix) = (part("each")?, part("matrix")?);
    if each.keys().chain(matrix.keys()).any(|key| key == "output_path") {
        return Err("output_path stands at the top: each run has a folder in it".to_owned());
    }
    if let Some(key) = matrix.keys().find(|key| each.contains_key(*key)) {
        return Err(format!("`{key}` is in [each] and in [matrix]"));
    }
    let common = each.iter().map(|(key, value)| flag(key, value)).collect::<Result<Vec<_>, _>>()?.concat();
    let mut names = BTreeSet::new();
    let mut all = Vec::new();
    for (name, own) in combinations(&matrix)? {
        if !names.insert(name.clone()) {
            return Err(format!(
                "two runs are called {name}: their values differ only in what a folder's name cannot have"
            ));
        }
        all.push(SweepRun { folder: root.join(&name), flags: [common.clone(), own].concat(), name });
    }
    Ok(Sweep { root, runs: all })
}

/// Name and flags of each combination.
fn combinations(matrix: &Table) -> Result<Vec<(String, Vec<String>)>, String> {
    let mut all: Vec<(Vec<String>, Vec<String>)> = vec![Default::default()];
    for (key, values) in matrix {
        let Value::Array(values) = values else { return Err(format!("matrix.{key} should be a list")) };
        if values.is_empty() {
            return Err(format!("matrix.{key} is empty"));
        }
        if all.len().saturating_mul(values.len()) > MOST {
            return Err(format!("these are more than {MOST} runs"));
        }
        let mut more = Vec::new();
        for (names, flags) in &all {
            for value in values {
                let named = [&names[..], &[label(key, value)]].concat();
                more.push((named, [&flags[..], &flag(key, value)?].concat()));
            }
        }
        all = more;
    }
    let named = |(names, flags): (Vec<String>, Vec<String>)| {
        let name: String = names.join("_").chars().take(LONGEST).collect();
        (if name.is_empty() { "run".to_owned() } else { name }, flags)
    };
    Ok(all.into_iter().map(named).collect())
}

/// How a value shows in a folder's name: a path by its last part, numbers with what they are.
fn label(key: &str, value: &Value) -> String {
    let text = match value {
        Value::String(text) => text.trim_end_matches('/').rsplit('/').next().unwrap_or(text).to_owned(),
        Value::Array(values) => {
            values.iter().map(|value| plain(value).unwrap_or_default()).collect::<Vec<_>>().join("-")
        }
        other => format!("{key}-{other}"),
    };
    let kept = |c: char| if c.is_ascii_alphanumeric() || "-.+=".contains(c) { c } else { '-' };
    text.chars().map(kept).collect::<String>().trim_matches(['.', '-']).to_owned()
}

/// A flag with its values.
fn flag(key: &str, value: &Value) -> Result<Vec<String>, String> {
    match value {
        Value::Boolean(true) => Ok(vec![format!("--{key}")]),
        Value::Array(values) => {
            let values = values.iter().map(plain).collect::<Option<Vec<_>>>();
            let values = values.ok_or_else(|| format!("`{key}` has a value that no flag has"))?;
            Ok([format!("--{key}")].into_iter().chain(values).collect())
        }
        other => plain(other).map(|text| vec![format!("--{key}={text}")]).ok_or_else(|| format!("`{key}` is no flag")),
    }
}

fn plain(value: &Value) -> Option<String> {
    match value {
        Value::String(text) => Some(text.clone()),
        Value::Integer(number) => Some(number.to_string()),
        Value::Float(number) => Some(number.to_string()),
        Value::Boolean(on) => Some(on.to_string()),
        Value::Array(_) | Value::Table(_) | Value::Datetime(_) => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(text: &str) -> Result<Vec<SweepRun>, String> {
        Ok(runs(&text.parse::<Table>().map_err(|error| error.to_string())?, "plan")?.runs)
    }

    #[test]
    fn every_combination_is_a_run() -> Result<(), String> {
        let all = of(
            "[each]\ntasks = [\"pddl\"]\nskip_bad_rows = true\nmargin = 2.5\n[matrix]\nmodel_name = [\"./a/A\", \"B.gguf\"]\n\
             compression_method = [[\"gptq\", \"awq\"], \"wanda\"]\nseed = [0, 1]\n",
        )?;
        assert_eq!(all.len(), 8);
        let folder = |run: &SweepRun| run.folder.display().to_string();
        assert_eq!(
            (folder(&all[0]), all[7].name.as_str()),
            ("runs/plan/gptq-awq_A_seed-0".into(), "wanda_B.gguf_seed-1")
        );
        let flags = [
            "--margin=2.5",
            "--skip_bad_rows",
            "--tasks",
            "pddl",
            "--compression_method",
            "gptq",
            "awq",
            "--model_name=./a/A",
            "--seed=0",
        ];
        assert_eq!(all[0].flags, flags);
        assert_eq!(of("output_path = \"x\"\n[each]\nlimit = 1")?[0].folder, Path::new("x/run"));
        Ok(())
    }

    #[test]
    fn what_means_nothing_is_named() {
        for (text, says) in [
            ("limit = 3", "`limit`"),
            ("[each]\noutput_path = \"x\"", "output_path stands"),
            ("[each]\nseed = 1\n[matrix]\nseed = [1]", "`seed` is in"),
            ("[matrix]\nseed = 1", "should be a list"),
            ("[matrix]\nseed = []", "empty"),
            ("[matrix]\nmodel_name = [\"a/x\", \"b/x\"]", "two runs are called x"),
            ("[each]\nlimit = {a = 1}", "`limit` is no flag"),
            ("[each]\nlimit = [[1]]", "no flag has"),
            ("each = 1", "should be a table"),
            ("output_path = 1", "should be a text"),
        ] {
            assert!(of(text).is_err_and(|problem| problem.contains(says)), "{text}");
        }
        let many = format!("[matrix]\na = {0:?}\nb = {0:?}\nc = {0:?}", (0..30).collect::<Vec<_>>());
        assert!(of(&many).is_err_and(|problem| problem.contains("more than")));
    }
}
