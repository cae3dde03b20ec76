//! BFCL's checkers of one turn, reproduced: what a reply is read as, whether it is right, and what is wrong.

#[path = "support/bfcl.rs"]
mod bfcl_cases;
#[path = "support/golden.rs"]
mod runner;

use std::collections::HashMap;
use std::error::Error;

use bfcl_cases::{copy, decoded, encoded, native_calls, single_turn, verdict};
use runner::{golden, same};
use serde_json::{Value, json};
use task::tool_use::bfcl::decode::{Called, Decoded, executable, executable_native};
use task::tool_use::bfcl::{Row, Switches};

fn pass(case: &Value, rows: &HashMap<String, Row>) -> Result<(), Box<dyn Error>> {
    let paper = Switches::all(false);
    let decoded = decoded(case, &paper);
    let found = match &decoded {
        Decoded::Failed | Decoded::NoCalls => Value::Null,
        Decoded::Calls(calls) => {
            let call = |call: &Called| json!({ &call.name: encoded(&call.arguments) });
            calls.iter().map(call).collect()
        }
    };
    // Without a call the reference has nothing, or an empty object.
    let want =
        if decoded == Decoded::NoCalls && case["decoded"] == json!({}) { &Value::Null } else { &case["decoded"] };
    // As texts: 1 is not 1.0, and the order of keys counts.
    same("read as", found.to_string(), want.to_string())?;
    let row = rows.get(case["entry"].as_str().unwrap_or_default()).ok_or("no such entry")?;
    let verdict = verdict(case, &decoded, row, &paper);
    if case.get("crash").is_none_or(Value::is_null) {
        same("kind", verdict.as_ref().err().map(|wrong| wrong.kind), case["error_type"].as_str())?;
    }
    same("valid", Some(verdict.is_ok()), case["valid"].as_bool())
}

#[test]
fn golden_bfcl_ast() -> Result<(), Box<dyn Error>> {
    let Some(copy) = copy() else { return Ok(()) };
    let rows: HashMap<String, Row> = single_turn(&copy).into_iter().map(|row| (row.id.clone(), row)).collect();
    golden("bfcl_ast.jsonl", "bfcl ast", |case| case["category"] != "execute", |case| pass(case, &rows))
}

#[test]
fn golden_bfcl_execute() -> Result<(), Box<dyn Error>> {
    let paper = Switches::all(false);
    golden(
        "bfcl_ast.jsonl",
        "bfcl execute",
        |case| case["category"] == "execute",
        |case| {
            let calls = match case["mode"].as_str() {
                Some("fc") => native_calls(&case["reply"]).and_then(|calls| executable_native(&calls)),
                _ => executable(case["reply"].as_str().unwrap_or_default(), &paper),
            };
            same("calls", json!(calls), case["calls"].clone())
        },
    )
}
