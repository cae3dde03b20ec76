//! Each deviation from T-Eval alone: what it does to a reply, and to how many of the golden cases.

use std::collections::BTreeSet;
use std::error::Error;
use std::fs;
use std::path::PathBuf;

use record::Message;
use serde_json::{Value, json};
use task::tool_use::{DEVIATIONS, Switches, Teval};
use task::{Judge, Lexical};

fn value(task: Teval, gold: &Value, reply: &str, switches: &Switches) -> Result<f64, String> {
    let prompt = [Message::system("bank.pay(to), bank.ask(of)")];
    Ok(task.judge(gold, &prompt, reply, &Lexical, switches)?.value)
}

/// Only this one on.
fn alone(name: &str) -> Switches {
    let mut switches = Switches::all(false);
    DEVIATIONS.iter().filter(|row| row.name == name).for_each(|row| (row.set)(&mut switches, true));
    switches
}

fn instruct(form: &str, action_start: &str, args_end: &str, args: Value) -> Value {
    json!({
        "response_format": form,
        "template": {
            "thought": "t", "action": "a", "args": "g",
            "thought_start": "T: ", "thought_end": "\n", "action_start": action_start, "action_end": "\n",
            "args_start": "Args: ", "args_end": args_end,
        },
        "ground_truth": {"action": "bank.pay", "args": args},
    })
}

fn plan(form: &str, steps: &[(&str, Value)]) -> Value {
    let tools = ["bank.pay", "bank.get", "bank.get_all", "bank.list"];
    let steps: Vec<Value> = steps.iter().zip(0..).map(|((name, args), id)| step(name, id, args)).collect();
    json!({"prompt_type": form, "API_list": tools, "ground_truth": steps})
}

fn step(name: &str, id: usize, args: &Value) -> Value {
    json!({"name": name, "id": id, "args": args})
}

/// Deviation, task, gold, reply, and its values in mode `paper` and with the deviation on.
type Case = (&'static str, Teval, Value, String, f64, f64);

fn cases() -> Vec<Case> {
    [instruct_cases(), plan_cases(), other_cases()].concat()
}

fn ida() -> Value {
    json!({"to": "Ida"})
}

fn instruct_cases() -> Vec<Case> {
    let call = |args: &str| format!("{{\"t\": \"\", \"a\": \"bank.pay\", \"g\": {args}}}");
    let string = |action: &str, end: &str, args: Value| instruct("string", action, end, args);
    let said = |action: &str, args: &str| format!("T: x\n{action}bank.pay\nArgs: {args}");
    vec![
        ("literal_markers", Teval::Instruct, string("[A] ", "", ida()), said("[A] ", "{'to': 'Ida'}"), 0.0, 1.0),
        ("last_marker", Teval::Instruct, string("A: ", "\n", ida()), said("A: ", "{'to': 'Ida'}"), 0.0, 1.0),
        (
            "json_arguments",
            Teval::Instruct,
            string("A: ", "", json!({"to": true})),
            said("A: ", "{\"to\": true}"),
            0.75,
            1.0,
        ),
        (
            "closed_fence",
            Teval::Instruct,
            instruct("json", "", "", ida()),
            format!("Here:\n```json\n{}\n```\nDone.", call("{\"to\": \"Ida\"}")),
            0.0,
            1.0,
        ),
        (
            "extra_arguments",
            Teval::Instruct,
            instruct("json", "", "", ida()),
            call("{\"to\": \"Ida\", \"at\": 1}"),
            1.0,
            5.0 / 6.0,
        ),
        ("missing_is_not_empty", Teval::Instruct, instruct("json", "", "", json!({"to": ""})), call("{}"), 1.0, 0.75),
        ("any_form", Teval::Instruct, instruct("json", "", "", ida()), "bank.pay(to=\"Ida\")".to_owned(), 0.0, 0.5),
        (
            "same_values",
            Teval::Instruct,
            instruct("json", "", "", json!({"to": ["Ida", "Ben"], "amount": 5})),
            call("{\"to\": \"Ida and Ben\", \"amount\": \"5\"}"),
            f64::midpoint(1.0, 1.0 / 3.0),
            1.0,
        ),
        ("call_alone", Teval::Instruct, instruct("json", "", "", ida()), call("{\"to\": \"Ben\"}"), 0.75, 0.5),
        (
            "clean_reply",
            Teval::Instruct,
            instruct("json", "", "", ida()),
            format!("<think>{{}}</think>{}", call("{\"to\": \"Ida\"}")),
            0.0,
            1.0,
        ),
    ]
}

fn plan_cases() -> Vec<Case> {
    let ida = ida();
    let all = [step("a.pay_bill", 0, &ida), step("a.send_letter", 1, &ida)];
    let all = json!({"prompt_type": "json", "ground_truth": all});
    let alike = json!([step("a.pay_bills", 0, &ida), step("a.send_letters", 1, &ida)]).to_string();
    let again = json!([step("bank.pay", 0, &ida), step("bank.ask", 1, &ida), step("bank.pay", 2, &ida)]);
    let pay = || plan("json", &[("bank.pay", ida.clone())]);
    vec![
        ("first_value", Teval::Plan, pay(), format!("see [1]: [{}] or [{{}}]", step("bank.pay", 0, &ida)), 0.0, 1.0),
        (
            "whole_names",
            Teval::Plan,
            plan("str", &[("bank.get_all", ida.clone()), ("bank.pay", ida.clone())]),
            "1. bank.get_all to Ida\n2. bank.pay to Ida".to_owned(),
            0.5,
            1.0,
        ),
        ("exact_names", Teval::Plan, all, alike, 1.0, 0.5),
        (
            "line_arguments",
            Teval::Plan,
            plan("str", &[("bank.list", json!({})), ("bank.pay", ida.clone())]),
            "bank.list\nbank.pay to Ida".to_owned(),
            0.5,
            1.0,
        ),
        (
            "common_order",
            Teval::Plan,
            json!({"prompt_type": "json", "ground_truth": again}),
            again.to_string(),
            1.0 / 3.0,
            1.0,
        ),
        (
            "plan_arguments",
            Teval::Plan,
            plan("json", &[("bank.pay", ida.clone()), ("bank.get", ida.clone())]),
            {
                let more = json!({"to": "Ida", "from": "Ben"});
                json!([step("bank.pay", 0, &more), step("bank.get", 1, &more)]).to_string()
            },
            1.0,
            0.875,
        ),
        ("no_free_match", Teval::Plan, pay(), format!("[{}]", step("shop.paint_wall", 0, &json!({"on": 1}))), 1.0, 0.0),
    ]
}

fn other_cases() -> Vec<Case> {
    let next = json!({"ground_truth": {"thought": "pay", "name": "bank.pay", "args": ida()}});
    vec![
        (
            "whole_share",
            Teval::Rru,
            next.clone(),
            "{'thought': 'pay', 'name': 'bank.pay', 'args': {'to': 'Ida'}}".to_owned(),
            (2.0 + 1.0 / 1.00001) / 3.0,
            1.0,
        ),
        (
            "whole_thought",
            Teval::Reason,
            json!({"ground_truth": {"thought": "send the letter", "name": "", "args": {}}}),
            "Next I am sending that letter.".to_owned(),
            Lexical.similarity("Next I am sending that letter.", "send the letter"),
            1.0,
        ),
        ("last_tool", Teval::Retrieve, next.clone(), "Not bank.ask, but bank.pay".to_owned(), 0.0, 1.0),
        ("stated_choice", Teval::Review, json!({"response_format": "str", "answer": "B"}), "(b)".to_owned(), 0.0, 1.0),
        ("listed_tools", Teval::Retrieve, next.clone(), "bank.pay, e.g. version 2.0".to_owned(), 0.0, 1.0),
        ("equal_values", Teval::Understand, next.clone(), "{\"to\":\"Ida\"}".to_owned(), 0.0, 1.0),
        (
            "stated_letter",
            Teval::Review,
            json!({"response_format": "str", "answer": "B"}),
            "B: Correct".to_owned(),
            0.0,
            1.0,
        ),
    ]
}

#[test]
fn each_deviation_alone_has_its_effect() -> Result<(), Box<dyn Error>> {
    let mut covered = BTreeSet::new();
    for (name, task, gold, reply, paper, corrected) in cases() {
        let near = |a: f64, b: f64| (a - b).abs() < 1e-9;
        let before = value(task, &gold, &reply, &Switches::all(false))?;
        let after = value(task, &gold, &reply, &alone(name))?;
        assert!(
            near(before, paper) && near(after, corrected),
            "{name}: {before} and {after}, not {paper} and {corrected}"
        );
        covered.insert(name);
    }
    assert_eq!(covered, DEVIATIONS.iter().map(|row| row.name).collect());
    Ok(())
}

/// The task and the gold of a golden case.
fn case(case: &Value) -> Option<(Teval, Value)> {
    let datum = &case["datum"];
    let (truth, meta) = (&datum["ground_truth"], &datum["meta_data"]);
    Some(match (case["evaluator"].as_str()?, case["eval_type"].as_str()) {
        ("instruct", _) => {
            let form = &meta["response_format"];
            (Teval::Instruct, json!({"response_format": form, "template": datum["template"], "ground_truth": truth}))
        }
        ("plan", _) => {
            let meta = &datum["meta"];
            let gold = json!({"prompt_type": meta["prompt_type"], "API_list": meta["API_list"], "ground_truth": truth});
            (Teval::Plan, gold)
        }
        ("review", _) => {
            (Teval::Review, json!({"response_format": meta["response_format"], "answer": truth["answer"]}))
        }
        (_, Some("reason")) => (Teval::Reason, json!({"ground_truth": truth})),
        (_, Some("retrieve")) => (Teval::Retrieve, json!({"ground_truth": truth})),
        (_, Some("understand")) => (Teval::Understand, json!({"ground_truth": truth})),
        _ => (Teval::Rru, json!({"ground_truth": truth})),
    })
}

#[test]
fn golden_effect_of_each_deviation() -> Result<(), Box<dyn Error>> {
    let folder = std::env::var_os("ACBENCH_GOLDEN")
        .map_or_else(|| PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/../../../shared/golden")), PathBuf::from);
    let path = folder.join("teval.jsonl");
    let Ok(text) = fs::read_to_string(&path) else {
        println!("golden effect of deviations: skipped, {} is not there", path.display());
        return Ok(());
    };
    let rows: Vec<Value> = text.lines().map(serde_json::from_str).collect::<Result<_, _>>()?;
    for row in DEVIATIONS {
        let (mut up, mut down, mut all) = (0, 0, 0);
        for golden in &rows {
            let (Some((task, gold)), Some(reply)) = (case(golden), golden["datum"]["prediction"].as_str()) else {
                continue;
            };
            let change =
                value(task, &gold, reply, &alone(row.name))? - value(task, &gold, reply, &Switches::all(false))?;
            (up, down, all) = (up + usize::from(change > 0.0), down + usize::from(change < 0.0), all + 1);
        }
        println!("golden effect of {}: {up} better, {down} worse of {all}", row.name);
        assert!(up + down < all);
    }
    Ok(())
}
