//! WorfBench's examples, read from files like those of a checkout, and never run.

use std::error::Error;
use std::fs;
use std::path::Path;

use record::Sample;
use serde_json::json;
use task::workflow::WorfBench;
use task::{BadRows, Source, Task, Words};

const SETS: [&str; 9] =
    ["wikihow", "toolbench", "toolalpaca", "lumos", "alfworld", "webshop", "os", "seal_tools", "intercodesql"];

/// A checkout with one question a set.
fn checkout(folder: &Path) -> Result<(), Box<dyn Error>> {
    for set in SETS {
        let place = folder.join("gold_traj").join(set);
        fs::create_dir_all(&place)?;
        let row = json!([{"id": format!("{set}_1"), "conversations": [
            {"role": "system", "content": "plan"}, {"role": "user", "content": format!("do {set}")},
            {"role": "assistant", "content": "Node:\n1: a\nEdges: (START,1) (1,END)"},
        ]}]);
        fs::write(place.join("graph_eval.json"), row.to_string())?;
    }
    fs::create_dir_all(folder.join("prompts"))?;
    Ok(())
}

fn load(folder: &Path) -> Result<Vec<Sample>, String> {
    let source = Source::folder(folder, BadRows::Refuse);
    WorfBench.samples(&source, &Words, None).map(|drawn| drawn.held().0).map_err(|error| error.to_string())
}

fn said(samples: &[Sample], set: &str) -> Vec<String> {
    let of_set = samples.iter().filter(|sample| sample.tags["set"] == set);
    of_set.flat_map(|sample| sample.messages.iter().map(|message| message.content.clone())).collect()
}

/// Seven sets, each written in another way that Python allows.
const PROMPTS: &str = r#"
import json

one_shot_example = {"os": f"{json}"}
two_shot_example = {
    # "none": [{"role": "user", "content": "commented out"}],
    "wikihow": [
        {"role": "user", "content": "q\n1"}, {"role": "assistant", "content": "a1"},
        # {"role": "user", "content": 'it"s'},
        {"role": "user", "content": "q2"}, {'role': 'assistant', 'content': 'a2',},
    ],
    'toolbench': [{"role": "user", "content": """three
lines "quoted" """ }, {"role": "assistant", "content": '''a'''}],
    "toolalpaca": ({"role": "user", "content": ("a" 'b'
        "c")}, {"role": "assistant", "content": "x" + "y" + 'z'}),
    "lumos": [dict_free] if False else [],
    "alfworld": [{"role": "user", "content": r"raw\n"}],
    "webshop": [{"content": "\u00e9\t", "role": "user"}],
    "os": [],
}
"#;

#[test]
fn examples_of_seven_sets_come_before_the_question() -> Result<(), Box<dyn Error>> {
    let folder = tempfile::tempdir()?;
    checkout(folder.path())?;
    let prompts = folder.path().join("prompts/eval_prompt.py");
    assert_eq!(said(&load(folder.path())?, "wikihow"), ["plan", "do wikihow"]);
    fs::write(&prompts, PROMPTS)?;
    let refused = load(folder.path()).err().ok_or("not refused")?;
    assert!(refused.contains("eval_prompt.py line 16") && refused.contains("dict_free"), "{refused}");
    fs::write(&prompts, PROMPTS.replace("[dict_free] if False else []", "[{'role': 'system', 'content': ''}]"))?;
    for place in ["", "gold_traj", "gold_traj/toolbench/.."] {
        let samples = load(&folder.path().join(place))?;
        assert_eq!(samples.len(), 9);
        let turn = |set: &str| format!("Now it's your turn.\ndo {set}");
        assert_eq!(said(&samples, "wikihow"), ["plan", "q\n1", "a1", "q2", "a2", &turn("wikihow")]);
        assert_eq!(said(&samples, "toolbench")[1], "three\nlines \"quoted\" ");
        assert_eq!(said(&samples, "toolalpaca")[1..3], ["abc", "xyz"]);
        assert_eq!(said(&samples, "alfworld"), ["plan", "raw\\n", &turn("alfworld")]);
        assert_eq!(said(&samples, "webshop")[1], "é\t");
        assert_eq!(said(&samples, "os"), ["plan", "do os"]);
        for held_out in ["seal_tools", "intercodesql"] {
            assert_eq!(said(&samples, held_out), ["plan".to_owned(), format!("do {held_out}")]);
        }
    }
    let one = load(&folder.path().join("gold_traj/webshop"))?;
    assert_eq!((one.len(), said(&one, "webshop").len()), (1, 3));
    Ok(())
}

#[test]
fn a_prompt_file_that_cannot_be_read_is_an_error_with_its_place() -> Result<(), Box<dyn Error>> {
    let folder = tempfile::tempdir()?;
    checkout(folder.path())?;
    let mut deep = "two_shot_example = ".to_owned();
    deep.push_str(&"[".repeat(1 << 18));
    for (text, what) in [
        ("one_shot_example = {}", "nothing is assigned to two_shot_example"),
        ("two_shot_example = {\n'os': [{'role': 'user', 'content': f'x'}]}", "line 2"),
        ("two_shot_example = []", "no dictionary"),
        ("two_shot_example = {'os': 'text'}", "two_shot_example['os']"),
        ("two_shot_example = {'os': [{'role': 'user'}]}", "two_shot_example['os'][0]"),
        ("two_shot_example = {'os': [{'role': 'tool', 'content': ''}]}", "two_shot_example['os'][0]"),
        ("two_shot_example = {'os': [{'role': 'user', 'content': '\\ud800'}]}", "two_shot_example['os'][0]"),
        ("two_shot_example = {'os': []", "no Python literal"),
        ("two_shot_example = {'os\0': []}", "no Python literal"),
        (&deep, "no Python literal"),
    ] {
        fs::write(folder.path().join("prompts/eval_prompt.py"), text)?;
        let refused = load(folder.path()).err().ok_or("not refused")?;
        assert!(refused.contains(what) && refused.contains("eval_prompt.py"), "{refused}");
    }
    fs::write(folder.path().join("prompts/eval_prompt.py"), [0xFF, 0xFE])?;
    assert!(load(folder.path()).is_err());
    fs::write(folder.path().join("few_shot.json"), r#"{"examples": {}}"#)?;
    assert_eq!(load(folder.path())?.len(), 9);
    Ok(())
}
