//! Every text file of official data may begin with a byte-order mark; UTF-16 is named.

use std::error::Error;
use std::fs;
use std::path::{Path, PathBuf};

use record::Sample;
use serde_json::{Value, json};
use task::real_world::GAMES;
use task::{BadRows, Source, TASKS, Words};

type Checked<T> = Result<T, Box<dyn Error>>;

/// Small official data of each task: the task, and its files by path.
fn official() -> Vec<(&'static str, Vec<(String, String)>)> {
    let own = |name: &str, text: String| (name.to_owned(), text);
    let gold = "Node:\n1: a\nEdges: (START,1) (1,END)";
    let flow = json!([{"id": "os_1", "conversations": [
        {"role": "system", "content": "s"}, {"role": "user", "content": "u"}, {"role": "assistant", "content": gold}]}]);
    let few = json!({"examples": {"os": [{"role": "user", "content": "u"}, {"role": "assistant", "content": gold}]}});
    let call = json!({"a": {"origin_prompt": [{"role": "user", "content": "write"}], "template": {"thought": "goal", "action": "name", "args": "args"},
        "ground_truth": {"action": "send", "args": {}, "thought": "x"}, "meta_data": {"response_format": "json"}}});
    let needle =
        json!({"lengths": [40], "depths": 2, "needle": "The code is 7.", "question": "What is it?", "answer": "7"});
    let row = json!({"input": "who?", "context": "Ann.", "answers": ["Ann"], "all_classes": null, "length": 9});
    let (shots, csv) = ("Question_1: \nq\n\nAnswer_1: \nThe answer is 1.", "q,1,2,3,4,B\n");
    let mut games = vec![own("pddl_vanilla_prompt.json", prompts().to_string())];
    for game in GAMES {
        games.push(own(&format!("{game}.pddl"), "(define (domain d) (:predicates (p)))".to_owned()));
        games.push(own(&format!("{game}/p1.pddl"), "(define (problem x) (:init) (:goal (p)))".to_owned()));
    }
    vec![
        (
            "worfbench",
            vec![own("gold_traj/os/graph_eval.json", flow.to_string()), own("few_shot.json", few.to_string())],
        ),
        ("teval_instruct", vec![own("instruct_v2.json", call.to_string())]),
        ("needle", vec![own("needle.json", needle.to_string()), own("a.txt", "One. Two. Three. ".repeat(9))]),
        (
            "longbench",
            vec![
                own("dataset2prompt.json", r#"{"qasper": "{context} {input}"}"#.to_owned()),
                own("dataset2maxlen.json", r#"{"qasper": 7}"#.to_owned()),
                own("longbench.json", r#"{"max_length": 90}"#.to_owned()),
                own("qasper.jsonl", row.to_string()),
            ],
        ),
        (
            "longgenbench",
            vec![
                own(
                    "test.jsonl",
                    (0..3).map(|k| format!("{{\"question\": \"q{k}\", \"answer\": \"#### {k}\"}}\n")).collect(),
                ),
                own("gsm8k_prompt.txt", shots.to_owned()),
                own(
                    "mmlu_prompt.json",
                    r#"{"law": "x\n\nQ: q\n(A) 1 (B) 2 (C) 3 (D) 4\nA: The answer is (A)."}"#.to_owned(),
                ),
                own("mmlu/test/law_test.csv", csv.repeat(25)),
                own("longgenbench.json", r#"{"max_tokens": 99}"#.to_owned()),
            ],
        ),
        ("pddl", games),
    ]
}

fn prompts() -> Value {
    let empty = serde_json::to_value(task::real_world::Prompt::default()).unwrap_or_default();
    Value::Object(GAMES.iter().map(|game| ((*game).to_owned(), empty.clone())).collect())
}

fn samples(name: &str, folder: &Path) -> Result<Vec<Sample>, String> {
    let task = TASKS.iter().find(|task| task.name() == name).ok_or(name)?;
    let drawn =
        task.samples(&Source::folder(folder, BadRows::Refuse), &Words, None).map_err(|error| error.to_string())?;
    let (samples, _) = drawn.held();
    if samples.is_empty() { Err("no samples".to_owned()) } else { Ok(samples) }
}

fn write(path: PathBuf, bytes: &[u8]) -> Checked<()> {
    fs::create_dir_all(path.parent().ok_or("no folder")?)?;
    Ok(fs::write(path, bytes)?)
}

#[test]
fn a_mark_changes_nothing_and_utf16_is_named_in_every_file() -> Checked<()> {
    for (task, files) in official() {
        let folder = tempfile::tempdir()?;
        for (name, text) in &files {
            write(folder.path().join(name), text.as_bytes())?;
        }
        let plain = samples(task, folder.path()).map_err(|said| format!("{task}: {said}"))?;
        for (name, text) in &files {
            let path = folder.path().join(name);
            write(path.clone(), format!("\u{FEFF}{text}").as_bytes())?;
            assert_eq!(samples(task, folder.path())?, plain, "{task} {name}");
            let wide: Vec<u8> = format!("\u{FEFF}{text}").encode_utf16().flat_map(u16::to_le_bytes).collect();
            write(path.clone(), &wide)?;
            let said = samples(task, folder.path()).err().ok_or(format!("{task} {name} is read"))?;
            let file = path.file_name().ok_or("no name")?.to_string_lossy();
            assert!(said.contains("UTF-16") && said.contains(&*file), "{task} {name}: {said}");
            write(path, text.as_bytes())?;
        }
    }
    Ok(())
}
