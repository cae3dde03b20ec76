//! LongGenBench's own files: GSM8K's test questions, MMLU's csv files, and the texts of their examples.

use std::collections::{BTreeMap, HashMap};
use std::fs;
use std::path::{Path, PathBuf};

use record::{Message, Sample};
use serde::Deserialize;
use serde_json::{Value, json};

use super::construct::{Built, Choice, Construction, choices, gsm8k, mmlu};
use super::twin;
use crate::long_context::longbench::twin::Generated;
use crate::rows::{Rows, deal};
use crate::text::{read_bytes, read_text, wrong};
use crate::{BadRows, Drawn, Files, Split, TaskError, Tokens};

/// Either set of questions suffices, with the texts of its examples.
pub(super) const FILES: &[Files] = &[
    Files {
        names: &["GSM8K's test.jsonl"],
        source: "grade_school_math/data of github.com/openai/grade-school-math",
        license: "MIT",
        put: "name the folder that holds it and gsm8k_prompt.txt",
    },
    Files {
        names: &["MMLU's test/*_test.csv"],
        source: "github.com/hendrycks/test",
        license: "MIT",
        put: "name the folder that holds them and mmlu_prompt.json instead",
    },
    Files {
        names: &["these prompt files (LongGenBench_prompt.txt, LongGenBench_prompt.json)"],
        source: "github.com/Dominic789654/LongGenBench",
        license: "none stated",
        put: "a checkout's own folders are found too",
    },
];
const QUESTIONS: [&str; 5] =
    ["gsm8k.jsonl", "gsm8k_test.jsonl", "test.jsonl", "gsm8k/test.jsonl", "grade_school_math/data/test.jsonl"];
const GSM8K_SHOTS: [&str; 3] = [
    "gsm8k_prompt.txt",
    "LongGenBench_GSM8K_prompt/LongGenBench_prompt.txt",
    "data/LongGenBench_GSM8K_prompt/LongGenBench_prompt.txt",
];
const SUBJECTS: [&str; 5] = ["test", "mmlu/test", "data/test", "MMLU/data/test", "data/MMLU/data/test"];
const MMLU_SHOTS: [&str; 3] = [
    "mmlu_prompt.json",
    "LongGenBench_MMLU_prompt/LongGenBench_prompt.json",
    "data/LongGenBench_MMLU_prompt/LongGenBench_prompt.json",
];
const SCRIPTS: [&str; 2] = ["run_longgenbench.py", "SCOPE/run_longgenbench.py"];

/// Questions of a prompt of GSM8K.
const GSM8K_K: usize = 30;
/// Questions of a prompt of MMLU.
const MMLU_K: usize = 20;

/// What may be set in `longgenbench.json`; everything has a default.
#[derive(Debug, Clone, PartialEq, Eq, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
struct Settings {
    /// Whether prompts are whole, or built as the reference builds them.
    construction: Construction,
    /// The most tokens of a reply: 4,096 for GSM8K and 7,950 for MMLU where it is not set.
    max_tokens: Option<usize>,
    /// Held-out instances of the twin instead of data, of these lengths.
    generated: Option<Generated>,
}

/// The samples of whichever of the two sets is there, dealt round.
pub(super) fn load(
    folder: &Path,
    bad_rows: BadRows,
    tokens: &dyn Tokens,
    limit: Option<usize>,
) -> Result<Drawn, TaskError> {
    let settings = settings(folder)?;
    if let Some(generated) = settings.generated {
        let samples = limit.unwrap_or(generated.samples);
        return Ok(twin::instances(&Generated { samples, ..generated }, Split::Test, 0, tokens).into());
    }
    let mut kept = Rows::new(bad_rows);
    let texts = Texts { settings, script: text(folder, &SCRIPTS)?.map(|(_, script)| script).unwrap_or_default() };
    let lists = [texts.gsm8k(folder, &mut kept)?, texts.mmlu(folder, &mut kept)?];
    if lists.iter().all(Vec::is_empty) {
        return Err(missing(folder.join(QUESTIONS[2])));
    }
    Ok(kept.drawn(deal(lists, limit)))
}

fn missing(path: PathBuf) -> TaskError {
    TaskError::Missing { task: "longgenbench", path, files: FILES }
}

fn settings(folder: &Path) -> Result<Settings, TaskError> {
    let Some((path, text)) = text(folder, &["longgenbench.json"])? else { return Ok(Settings::default()) };
    let problem = |place: String, problem: String| TaskError::Format { path: path.clone(), place, problem };
    let settings: Settings =
        serde_json::from_str(&text).map_err(|error| problem(format!("line {}", error.line()), error.to_string()))?;
    match settings.generated.as_ref().and_then(Generated::problem) {
        Some(what) => Err(problem("settings".to_owned(), what.to_owned())),
        None => Ok(settings),
    }
}

/// What stands around the questions.
struct Texts {
    settings: Settings,
    /// `run_longgenbench.py` of the user's checkout of SCOPE, whose system texts are used; may be empty.
    script: String,
}

impl Texts {
    fn gsm8k(&self, folder: &Path, kept: &mut Rows) -> Result<Vec<Sample>, TaskError> {
        let Some((path, text)) = text(folder, &QUESTIONS)? else { return Ok(Vec::new()) };
        let (_, shots) = self::text(folder, &GSM8K_SHOTS)?.ok_or_else(|| missing(folder.join(GSM8K_SHOTS[0])))?;
        let mut pairs = Vec::new();
        for (at, line) in text.lines().enumerate().filter(|(_, line)| !line.trim().is_empty()) {
            let row = pair(line).map_err(|problem| TaskError::Format {
                path: path.clone(),
                place: format!("line {}", at + 1),
                problem,
            });
            pairs.extend(kept.keep(row)?);
        }
        let groups = pairs.chunks(GSM8K_K).enumerate();
        let whole = self.settings.construction == Construction::Paper;
        let groups = groups.filter(|(_, group)| !whole || group.len() == GSM8K_K);
        let one = |(at, group): (usize, &[(String, String)])| {
            let (questions, answers): (Vec<&str>, Vec<&str>) =
                group.iter().map(|(question, answer)| (question.as_str(), answer.as_str())).unzip();
            let built = gsm8k(&questions, &answers, &shots, self.settings.construction);
            self.sample(format!("gsm8k-{at:03}"), "gsm8k", "", built)
        };
        Ok(groups.map(one).collect())
    }

    fn mmlu(&self, folder: &Path, kept: &mut Rows) -> Result<Vec<Sample>, TaskError> {
        let places = SUBJECTS.iter().map(|place| folder.join(place)).chain([folder.to_owned()]);
        let files: Option<Vec<PathBuf>> = places.map(|place| subjects(&place)).find(|files| !files.is_empty());
        let Some(files) = files else { return Ok(Vec::new()) };
        let (shots_path, shots) = text(folder, &MMLU_SHOTS)?.ok_or_else(|| missing(folder.join(MMLU_SHOTS[0])))?;
        let shots: HashMap<String, String> = serde_json::from_str(&shots).map_err(|error| TaskError::Format {
            path: shots_path.clone(),
            place: format!("line {}", error.line()),
            problem: error.to_string(),
        })?;
        let mut samples = Vec::new();
        for path in files {
            let subject = subject(&path);
            let shots = shots.get(&subject).ok_or_else(|| TaskError::Format {
                path: shots_path.clone(),
                place: subject.clone(),
                problem: "it has no examples of this subject".to_owned(),
            })?;
            let rows = first_rows(&path, kept)?;
            if !rows.is_empty() {
                let built = mmlu(&rows, shots, self.settings.construction);
                samples.push(self.sample(format!("mmlu-{subject}"), "mmlu", &subject, built));
            }
        }
        Ok(samples)
    }

    fn sample(&self, id: String, set: &str, subject: &str, built: Built) -> Sample {
        let kind = if set == "mmlu" { "letter" } else { "number" };
        let default = if set == "mmlu" { 7950 } else { 4096 };
        let mut tags =
            BTreeMap::from([("set".to_owned(), json!(set)), ("questions".to_owned(), json!(built.answers.len()))]);
        if !subject.is_empty() {
            tags.insert("subject".to_owned(), json!(subject));
        }
        Sample {
            id,
            task: "longgenbench".to_owned(),
            messages: vec![Message::system(self.system(set, subject)), Message::user(built.prompt)],
            examples: 0,
            tools: Vec::new(),
            input: Value::Null,
            assets: Vec::new(),
            gold: json!({"kind": kind, "first": built.first, "answers": built.answers}),
            max_tokens: self.settings.max_tokens.unwrap_or(default).max(1),
            stop: Vec::new(),
            cluster: None,
            tags,
        }
    }

    /// The system text: the checkout's, else our own. The reference leaves the subject out at its end.
    fn system(&self, set: &str, subject: &str) -> String {
        let about = subject.replace('_', " ");
        match (script_text(&self.script, set), self.settings.construction) {
            (Some(text), Construction::Corrected) if !subject.is_empty() => format!("{text}{about}."),
            (Some(text), _) => text,
            (None, _) if subject.is_empty() => twin::SYSTEM.to_owned(),
            (None, _) => format!("{} The questions offer choices, about {about}: give the letter.", twin::SYSTEM),
        }
    }
}

/// A question of GSM8K and its answer.
fn pair(line: &str) -> Result<(String, String), String> {
    let row: Value = serde_json::from_str(line).map_err(|error| format!("it is no JSON: {error}"))?;
    let text = |key: &str| row[key].as_str().map(str::to_owned).ok_or_else(|| format!("it has no text {key:?}"));
    let (question, answer) = (text("question")?, text("answer")?);
    match super::gold_number(&answer) {
        Some(_) => Ok((question, answer)),
        None => Err("its answer has no number after ####".to_owned()),
    }
}

/// The csv files of a folder of MMLU's tests, by name.
fn subjects(folder: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(folder).into_iter().flatten().flatten().map(|entry| entry.path());
    let mut files: Vec<PathBuf> =
        entries.filter(|path| path.to_string_lossy().ends_with("_test.csv") && path.is_file()).collect();
    files.sort();
    files
}

fn subject(path: &Path) -> String {
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    name.trim_end_matches("_test.csv").to_owned()
}

/// The questions of a subject that are asked: its first usable ones.
fn first_rows(path: &Path, kept: &mut Rows) -> Result<Vec<Choice>, TaskError> {
    let bytes = read_bytes(path)?;
    let bytes = record::unmarked(&bytes).map_err(|why| wrong(path, why))?;
    let mut rows = Vec::new();
    for (at, row) in choices(bytes).enumerate() {
        if rows.len() == MMLU_K {
            break;
        }
        let row = row.map_err(|problem| TaskError::Format {
            path: path.to_owned(),
            place: format!("row {}", at + 1),
            problem,
        });
        rows.extend(kept.keep(row)?);
    }
    Ok(rows)
}

/// The first of some files that is there, without a mark of its byte order.
fn text(folder: &Path, names: &[&str]) -> Result<Option<(PathBuf, String)>, TaskError> {
    let Some(path) = names.iter().map(|name| folder.join(name)).find(|path| path.is_file()) else { return Ok(None) };
    let text = read_text(&path)?;
    Ok(Some((path, text)))
}

/// A set's text in the dictionary `model2prompt` of the script.
fn script_text(script: &str, set: &str) -> Option<String> {
    let (_, dictionary) = script.split_once("model2prompt")?;
    let (_, after) = dictionary.split_once(&format!("\"{set}\":"))?;
    let mut letters = after.trim_start().strip_prefix('"')?.chars();
    let mut text = String::new();
    loop {
        match letters.next()? {
            '"' => return Some(text),
            '\\' => match letters.next()? {
                'n' => text.push('\n'),
                other => text.push(other),
            },
            letter => text.push(letter),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Words;

    fn write(folder: &Path, name: &str, bytes: &[u8]) -> std::io::Result<()> {
        let path = folder.join(name);
        fs::create_dir_all(path.parent().unwrap_or(folder))?;
        fs::write(path, bytes)
    }

    fn both(folder: &Path) -> std::io::Result<()> {
        let row = |k: usize| format!("{{\"question\": \"q{k}\", \"answer\": \"#### {k}\"}}\n");
        write(folder, "test.jsonl", (0..61).map(row).collect::<String>().as_bytes())?;
        write(folder, "gsm8k_prompt.txt", b"Question_1: \nq\n\nAnswer_1: \nThe answer is 1.")?;
        write(folder, "mmlu_prompt.json", br#"{"law": "x\n\nQ: q\n(A) 1 (B) 2 (C) 3 (D) 4\nA: The answer is (A)."}"#)?;
        write(folder, "mmlu/test/law_test.csv", "q,1,2,3,4,B\n".repeat(25).as_bytes())
    }

    #[test]
    fn both_sets_are_built_and_dealt_round() -> Result<(), Box<dyn std::error::Error>> {
        let folder = tempfile::tempdir()?;
        both(folder.path())?;
        let samples = |limit| load(folder.path(), BadRows::Refuse, &Words, limit).map(|drawn| drawn.held().0);
        let ids: Vec<String> = samples(None)?.into_iter().map(|sample| sample.id).collect();
        assert_eq!(ids, ["gsm8k-000", "mmlu-law", "gsm8k-001", "gsm8k-002"]);
        let law = &samples(Some(2))?[1];
        assert_eq!((law.gold["answers"].as_array().map(Vec::len), law.gold["first"].as_u64()), (Some(20), Some(2)));
        assert!(law.messages[0].content.contains("about law"));
        write(folder.path(), "longgenbench.json", br#"{"construction": "paper", "max_tokens": 99}"#)?;
        write(
            folder.path(),
            "SCOPE/run_longgenbench.py",
            br#"model2prompt = { "gsm8k": "Do \"it\".", "mmlu": "About " }"#,
        )?;
        let paper = samples(None)?;
        assert_eq!(paper.len(), 3);
        assert_eq!((paper[0].messages[0].content.as_str(), paper[0].max_tokens), ("Do \"it\".", 99));
        assert_eq!(paper[1].messages[0].content, "About ");
        Ok(())
    }

    #[test]
    fn what_is_missing_or_broken_is_named() -> Result<(), Box<dyn std::error::Error>> {
        let folder = tempfile::tempdir()?;
        let path = folder.path();
        let says = |bad| load(path, bad, &Words, None).err().map_or_else(String::new, |error| error.to_string());
        assert!(says(BadRows::Refuse).contains("openai/grade-school-math"));
        both(path)?;
        write(path, "test.jsonl", b"{\"question\": \"q\", \"answer\": \"none\"}\n")?;
        assert!(says(BadRows::Refuse).contains("line 1: its answer has no number"));
        let skipped = load(path, BadRows::Skip, &Words, None)?.skipped;
        assert_eq!(skipped.len(), 1);
        write(path, "test.jsonl", b"\xEF\xBB\xBF{\"question\": \"q\", \"answer\": \"#### 1\"}\n\xff")?;
        assert!(says(BadRows::Skip).contains("line 2: it is not UTF-8"));
        fs::remove_file(path.join("test.jsonl"))?;
        write(path, "mmlu/test/art_test.csv", b"q,1,2,3,4,B\n")?;
        assert!(says(BadRows::Refuse).contains("art: it has no examples"));
        fs::remove_file(path.join("mmlu_prompt.json"))?;
        assert!(says(BadRows::Refuse).contains("mmlu_prompt.json is not there"));
        write(path, "longgenbench.json", br#"{"generated": {"lengths": []}}"#)?;
        assert!(says(BadRows::Refuse).contains("generated.lengths"));
        Ok(())
    }
}
