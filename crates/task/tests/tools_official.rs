//! AgentBoard's own rows of tools: won, scored, missing, and met with input that means harm.

#[path = "support/tools.rs"]
mod tools_played;

use std::error::Error;
use std::fs;
use std::path::Path;

use proptest::prelude::*;
use record::{Scoring, Transcript};
use serde_json::{Value, json};
use task::real_world::tools::Tools;
use task::{Asking, BadRows, Drawn, Lexical, Source, Split, Task, TaskError, Words};
use tools_played::{play, success};

type Checked = Result<(), Box<dyn Error>>;

const TASKS: [Tools; 2] = [Tools::Query, Tools::Operation];

/// A row of each tool of a part, as lines.
fn rows(part: &str) -> String {
    let row = |tool: &str, goal: &str, subgoals: Value, info: Value| {
        let mut info = info;
        info["tool"] = json!(tool);
        let mut row = json!({"task": "tool", "id": 0, "goal": goal, "subgoals": subgoals, "difficulty": "easy"});
        row["additional_info"] = info;
        format!("{row}\n")
    };
    let here = json!({"current_date": "2031-05-01", "current_location": "Oslo"});
    let projects = json!([{"order": 1, "color": "charcoal", "name": "House", "is_favorite": false}]);
    let gold = json!([["Item", "Price"], ["lamp", "7.50"], ["vase", "9"]]).to_string();
    let papers = json!(["PaperNet is loaded.", {"year": 1999}, "1999"]);
    let place = json!([{"latitude": 59.9, "longitude": 10.7, "elevation": 12.0}, 12]);
    let set = "In \"Sheet1\", set the price of the lamp to 7.5.";
    match part {
        "tool-query" => [
            row("academia", "When?", papers, json!({"answer": "1999", "goal_type": 0})),
            row("weather", "How high?", place, json!({"goal_type": 0, "init_config": here})),
            row("movie", "Who?", json!([{"id": 7}]), json!({"goal_type": 0})),
        ]
        .concat(),
        _ => {
            let end = json!({"projects": projects, "tasks": []});
            let todo = json!({"answer": end, "goal_type": 1, "init_config": here});
            let sheet = json!({"answer": gold, "goal_type": 1});
            row("todo", "Delete it.", json!(["done"]), todo) + &row("sheet", set, json!([]), sheet)
        }
    }
}

/// The data of the tools: path and text.
fn data() -> [(&'static str, String); 4] {
    let place = json!({"latitude": 59.91, "longitude": 10.75});
    let found = json!({"latitude": 59.91, "longitude": 10.75, "elevation": 12.0});
    let height = json!({"tool": "weather", "function": "get_elevation", "arguments": place, "result": found});
    let name = json!({"movie_name": "X"});
    let movie = json!({"tool": "movie", "function": "get_search_movie", "arguments": name, "result": {"id": 7}});
    let graphs = json!({
        "paper_net": {"nodes": {"p": {"year": 1999}}, "neighbors": {}}, "author_net": {"nodes": {}, "neighbors": {}},
        "title2id": {"One": "p"}, "id2title": {"p": "One"}, "author2id": {}, "id2author": {},
    });
    let length = json!({"content": "paint", "description": "", "due_date": "2031-05-02", "duration": 5,
        "duration_unit": "minute", "priority": 1});
    let actions = json!({"tool_set_message": [{"name": "get_tasks"}, {"name": "finish"}]});
    [
        ("data/tool-query/recordings.jsonl", format!("{height}\n{movie}\n")),
        ("data/tool-query/academia/academia.json", graphs.to_string()),
        ("agentboard/utils/todo/projects.json", json!([{"name": "House", "tasks": [length]}]).to_string()),
        ("agentboard/prompts/Raw/todo_raw.json", actions.to_string()),
    ]
}

/// A folder of AgentBoard with one row of each tool.
fn folder(path: &Path) -> Checked {
    let write = |name: &str, bytes: &[u8]| -> Checked {
        let file = path.join(name);
        fs::create_dir_all(file.parent().ok_or("a folder")?)?;
        Ok(fs::write(file, bytes)?)
    };
    for part in ["tool-query", "tool-operation"] {
        write(&format!("data/{part}/test.jsonl"), rows(part).as_bytes())?;
    }
    for (name, text) in data() {
        write(name, text.as_bytes())?;
    }
    let prompt = json!({"instruction": "RULES\n", "examples": ["E"], "system_msg": "S"}).to_string();
    for tool in ["academia", "weather", "movie", "todo", "sheet"] {
        write(&format!("agentboard/prompts/VanillaAgent/{tool}_prompt.json"), prompt.as_bytes())?;
    }
    write("agentboard/utils/sheet/Test Sheet-For Copy.xlsx", &workbook()?)
}

fn workbook() -> Result<Vec<u8>, Box<dyn Error>> {
    use std::io::{Cursor, Write};
    let cell = |label: &str, text: &str| format!(r#"<c r="{label}" t="inlineStr"><is><t>{text}</t></is></c>"#);
    let texts = [cell("A1", "Item"), cell("B1", "Price"), cell("A2", "lamp"), cell("A3", "vase")].concat();
    let sheet = format!(
        r#"<worksheet><sheetData>{texts}<c r="B2" s="1"><v>7</v></c><c r="B3"><v>9</v></c></sheetData></worksheet>"#
    );
    let parts = [
        ("xl/workbook.xml", r#"<workbook><sheets><sheet name="Sheet1" r:id="a"/></sheets></workbook>"#),
        (
            "xl/_rels/workbook.xml.rels",
            r#"<Relationships><Relationship Id="a" Target="worksheets/s.xml"/></Relationships>"#,
        ),
        ("xl/styles.xml", r#"<styleSheet><cellXfs><xf numFmtId="0"/><xf numFmtId="2"/></cellXfs></styleSheet>"#),
        ("xl/worksheets/s.xml", sheet.as_str()),
    ];
    let mut file = zip::ZipWriter::new(Cursor::new(Vec::new()));
    for (name, text) in parts {
        file.start_file(name, zip::write::SimpleFileOptions::default())?;
        file.write_all(text.as_bytes())?;
    }
    Ok(file.finish()?.into_inner())
}

fn official(task: Tools, path: &Path, bad_rows: BadRows) -> Result<Drawn, TaskError> {
    task.samples(&Source::folder(path, bad_rows), &Words, None)
}

fn actions(tool: &str) -> &'static [&'static str] {
    match tool {
        "academia" => &[
            "Action: loadPaperNet with Action Input: {}",
            "paperNodeCheck with Action Input: {\"node\": \"One\"}",
            "finish with Action Input: {\"answer\": \"1999\"}",
        ],
        "weather" => &[
            "get_elevation with Action Input: {\"latitude\": \"59.910\", \"longitude\": 10.75}",
            "finish with Action Input: {\"answer\": 12.0}",
        ],
        "movie" => &[
            "get_search_movie with Action Input: {\"movie_name\": \"X\"}",
            "finish with Action Input: {\"answer\": \"nobody\"}",
        ],
        "todo" => &[
            "delete_task with Action Input: {\"task_id\": \"6530020001\"}",
            "finish with Action Input: {\"answer\": \"done\"}",
        ],
        _ => &["update_cell with Action Input: {\"position\": \"B2\", \"value\": 7.5}", "finish with Action Input: {}"],
    }
}

#[test]
fn official_episodes_of_every_tool_can_be_won() -> Checked {
    let place = tempfile::tempdir()?;
    folder(place.path())?;
    for (task, tools) in [(Tools::Query, 3), (Tools::Operation, 2)] {
        let (samples, assets) = official(task, place.path(), BadRows::Refuse)?.held();
        assert_eq!(samples.len(), tools);
        for sample in &samples {
            let tool = sample.tags["tool"].as_str().unwrap_or_default();
            let replies = actions(tool);
            let done =
                play(task, sample, &assets, |turn, _| replies.get(turn).copied().unwrap_or_default().to_owned())?;
            assert_eq!(success(task, sample, &done)?, (1.0, 1.0), "{tool}: {:?}", done.record);
            assert_eq!(done.steps.len(), replies.len(), "{tool}");
            let prompt = &done.steps.last().ok_or("a step")?.messages[1].content;
            assert!(prompt.starts_with("RULES\n\nHere are examples:\nE\nYou should perform actions"), "{prompt}");
            assert!(
                prompt.contains("your action cannot be understood: check_valid_actions\nObservation: "),
                "{prompt}"
            );
            let first = replies[0].trim_start_matches("Action: ");
            assert!(prompt.contains(&format!("\nAction: {first}\nObservation: ")), "{prompt}");
        }
        assert!(!task.notes(&mut samples.iter().cloned()).is_empty());
    }
    Ok(())
}

#[test]
fn a_sheet_that_nobody_touched_scores_only_as_in_the_reference() -> Checked {
    let place = tempfile::tempdir()?;
    folder(place.path())?;
    let (samples, assets) = official(Tools::Operation, place.path(), BadRows::Refuse)?.held();
    let sheet = samples.iter().find(|sample| sample.tags["tool"] == json!("sheet")).ok_or("a sheet")?;
    let shown = &sheet.messages[1].content;
    assert!(shown.contains("Action: open_sheet with Action Input: {'name': 'Sheet1'}\nObservation: You are now in Sheet1\n[['Item', 'Price'], ['lamp', '7.00'], ['vase', '9']]"), "{shown}");
    let play_all = |replies: &[&str]| {
        play(Tools::Operation, sheet, &assets, |turn, _| replies.get(turn).copied().unwrap_or_default().to_owned())
    };
    let scores = |transcript: &Transcript| -> Result<[f64; 4], TaskError> {
        let of = |scoring| Tools::Operation.score(sheet, transcript, &Lexical, scoring);
        let (paper, corrected) = (of(Scoring::Paper)?, of(Scoring::Corrected)?);
        Ok([paper.value, paper.metrics["success"], corrected.value, corrected.metrics["success"]])
    };
    let untouched = play_all(&["finish with Action Input: {}"])?;
    assert_eq!(scores(&untouched)?, [5.0 / 6.0, 0.0, 0.0, 0.0]);
    let cut = play_all(&[
        "delete_batch_data with Action Input: {'dimension': 'row', 'index_list': [2]}",
        "delete_batch_data with Action Input: {'dimension': 'col', 'index_list': [2]}",
    ])?;
    assert_eq!(scores(&cut)?[3], 0.0);
    Ok(())
}

#[test]
fn what_is_missing_or_broken_is_named_or_left_out() -> Checked {
    let place = tempfile::tempdir()?;
    let problem =
        |task, bad| official(task, place.path(), bad).err().map(|error| error.to_string()).unwrap_or_default();
    assert!(problem(Tools::Query, BadRows::Refuse).contains("GPL-2.0"), "{}", problem(Tools::Query, BadRows::Refuse));
    folder(place.path())?;
    let cases = [
        (Tools::Query, "data/tool-query/recordings.jsonl", "recordings.jsonl", 1),
        (Tools::Query, "data/tool-query/academia/academia.json", "academia.json", 0),
        (Tools::Operation, "agentboard/utils/sheet/Test Sheet-For Copy.xlsx", "Copy.xlsx", 1),
        (Tools::Operation, "agentboard/prompts/VanillaAgent/todo_prompt.json", "todo_prompt.json", 0),
    ];
    for (task, file, named, left) in cases {
        fs::remove_file(place.path().join(file))?;
        let told = problem(task, BadRows::Refuse);
        assert!(told.contains(named) && told.contains("license"), "{told}");
        let drawn = official(task, place.path(), BadRows::Skip)?;
        assert_eq!(drawn.samples.count(), left, "{file}");
        assert!(drawn.skipped.iter().any(|line| line.contains(named)), "{:?}", drawn.skipped);
    }
    fs::write(place.path().join("data/tool-query/test.jsonl"), "{\"goal\": 3}\n")?;
    assert!(problem(Tools::Query, BadRows::Refuse).contains("row 1"));
    Ok(())
}

const FUNCTIONS: &str = "insert_rows insert_cols update_range update_cell update_cell_by_formula get_value_by_formula \
    delete_batch_data sort_sheet_by_col merge_cells get_range_values filter_cells update_note freeze_data get_A1_annotation \
    open_sheet del_sheet get_tasks update_task complete_task temperatures find_station list_papers film_cast finish \
    get_elevation neighbourCheck";
const KEYS: &str = "values_list row_idx col_idx start_position end_position position value operator query index_list \
    dimension num row col order col_num content name task_id project_id due_date station first last graph node answer \
    result_position";

/// Arguments that mean harm: huge numbers, deep nesting, long texts.
fn argument() -> impl Strategy<Value = String> {
    prop_oneof![
        Just("'A1'".to_owned()),
        Just("'ZZZ999999999'".to_owned()),
        Just("'A18446744073709551615'".to_owned()),
        Just("-1".to_owned()),
        Just("-9223372036854775808".to_owned()),
        Just("-1e300".to_owned()),
        Just("9".repeat(400)),
        Just("1e999".to_owned()),
        Just("10**100".to_owned()),
        Just("'row'".to_owned()),
        Just("'SUM'".to_owned()),
        Just(format!("{}{}", "[".repeat(150), "]".repeat(150))),
        Just("(".repeat(5000)),
        Just(format!("'{}'", "x".repeat(60_000))),
        Just(format!("[{}]", "[1, 'x'], ".repeat(4000))),
        Just(format!("'={}A1'", "SUM(".repeat(900))),
        Just("'=SUM(A1:ZZZ9999999)'".to_owned()),
        Just("'1969-99-99'".to_owned()),
        "[a-z\\[\\]{}()'\", :0-9]{0,12}",
    ]
}

/// Calls of every function with such arguments.
fn harm() -> impl Strategy<Value = String> {
    let one_of = |words: &'static str| prop::sample::select(words.split_whitespace().collect::<Vec<_>>());
    let input = prop::collection::vec((one_of(KEYS), argument()), 0..8).prop_map(|pairs| {
        let pairs: Vec<String> = pairs.into_iter().map(|(key, value)| format!("'{key}': {value}")).collect();
        format!("{{{}}}", pairs.join(", "))
    });
    (one_of(FUNCTIONS), input).prop_map(|(name, input)| format!("{name} with Action Input: {input}"))
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    #[test]
    fn harm_ends_in_a_bounded_answer(replies in prop::collection::vec(harm(), 1..10)) {
        let place = tempfile::tempdir().expect("a folder");
        folder(place.path()).expect("files");
        for task in TASKS {
            let (mut samples, assets) = official(task, place.path(), BadRows::Refuse).expect("samples").held();
            let twin = Source::Generated { seed: 1, split: Split::Test, asking: Asking::BARE };
            samples.extend(task.samples(&twin, &Words, Some(3)).expect("samples").samples);
            for sample in &samples {
                let began = std::time::Instant::now();
                let done = play(task, sample, &assets, |turn, _| replies.get(turn).cloned().unwrap_or_default()).expect("an episode");
                let longest = done.steps.iter().flat_map(|step| &step.messages).map(|message| message.content.len()).max();
                prop_assert!(longest.unwrap_or_default() < 32 << 20);
                prop_assert!(began.elapsed().as_secs() < 60, "{}", sample.id);
                prop_assert!(task.score(sample, &done, &Lexical, Scoring::Paper).is_ok());
            }
        }
    }
}
