//! Result files of BFCL's own program, judged.

#[path = "support/bfcl.rs"]
mod bfcl_cases;

use std::error::Error;

use bfcl_cases::copy;
use serde_json::{Value, json};
use task::tool_use::bfcl::predictions::judged;
use task::tool_use::bfcl::{Copy, Switches};

fn wrong(copy: &Copy, category: &str, results: &[Value]) -> Result<Vec<Option<String>>, Box<dyn Error>> {
    let found = judged(copy, category, results, &Switches::all(false))?;
    Ok(found.into_iter().map(|one| one.wrong).collect())
}

#[test]
fn results_in_words_and_of_native_calls_are_judged_by_their_ids() -> Result<(), Box<dyn Error>> {
    let Some(copy) = copy() else { return Ok(()) };
    let right = "[calculate_triangle_area(base=10, height=5, unit='units')]";
    let results = [
        json!({"id": "simple_python_0", "result": right}),
        json!({"id": "simple_python_0", "result": [{"calculate_triangle_area": "{\"base\": 10, \"height\": 5}"}]}),
        json!({"id": "simple_python_0", "result": "I cannot."}),
        json!({"id": "simple_python_0", "result": null}),
    ];
    let unread = Some("ast_decoder:decoder_failed".to_owned());
    assert_eq!(wrong(&copy, "simple_python", &results)?, [None, None, unread.clone(), unread]);
    let none = [json!({"id": "irrelevance_0", "result": "I cannot."}), json!({"id": "irrelevance_0", "result": "f()"})];
    let called = Some("irrelevance_error:decoder_success".to_owned());
    assert_eq!(wrong(&copy, "irrelevance", &none)?, [None, called]);
    let id =
        "format_sensitivity_0:ret_fmt=python&tool_call_tag=True&func_doc_fmt=python&prompt_fmt=plaintext&style=classic";
    let tagged = json!({"id": format!("{id}:simple_python_0"), "result": format!("<TOOLCALL>{right}</TOOLCALL>")});
    assert_eq!(wrong(&copy, "format_sensitivity", &[tagged])?, [None]);
    Ok(())
}

#[test]
fn conversations_and_memories_are_judged() -> Result<(), Box<dyn Error>> {
    let Some(copy) = copy() else { return Ok(()) };
    let Some(row) = copy.rows("multi_turn_base")?.into_iter().nth(1) else { return Err("no entry".into()) };
    let turns = row.truth.as_array().cloned().unwrap_or_default();
    let step = |calls: &Value| {
        let calls: Vec<&str> = calls.as_array().into_iter().flatten().filter_map(Value::as_str).collect();
        json!([format!("[{}]", calls.join(", ")), "Done."])
    };
    let said: Vec<Value> = turns.iter().map(step).collect();
    let results = [
        json!({"id": row.id, "result": said}),
        json!({"id": row.id, "result": said[1..]}),
        json!({"id": row.id, "result": "Error during inference: out of memory"}),
    ];
    let found = wrong(&copy, "multi_turn_base", &results)?;
    let kind = |kind: &str| Some(format!("multi_turn:{kind}"));
    assert_eq!(found, [None, kind("force_terminated"), kind("inference_error")]);
    let memories = [
        json!({"id": "memory_kv_prereq_0-customer-0", "result": [["Noted."]]}),
        json!({"id": "memory_kv_0-customer-0", "result": [[[{"core_memory_list_keys": "{}"}], "Michael"]]}),
        json!({"id": "memory_kv_0-customer-0", "result": [["Bob"]]}),
    ];
    let missed = Some("agentic:answer_not_found".to_owned());
    assert_eq!(wrong(&copy, "memory_kv", &memories)?, [None, missed]);
    Ok(())
}

#[test]
fn a_result_of_no_known_entry_is_named() {
    let Some(copy) = copy() else { return };
    for (category, id) in [("simple_python", "simple_python_9999"), ("simple_python", ""), ("no_such", "x_0")] {
        let error = judged(&copy, category, &[json!({"id": id, "result": "f()"})], &Switches::all(false)).err();
        assert!(error.is_some_and(|error| error.to_string().contains(if category == "no_such" {
            "no_such"
        } else {
            id
        })));
    }
}
