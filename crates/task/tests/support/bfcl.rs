//! BFCL's data and golden values.

use std::path::PathBuf;

use serde_json::{Map, Value as Json, json};
use task::python::Value;
use task::tool_use::bfcl::check::{self, Manner, Relevance, Wanted};
use task::tool_use::bfcl::decode::{Decoded, Form, Language, NativeCall, decode, native};
use task::tool_use::bfcl::{Bfcl, Copy, Row, Switches};

/// The copy that `ACBENCH_BFCL` names, or the data beside the repository.
pub fn copy() -> Option<Copy> {
    let named = std::env::var_os("ACBENCH_BFCL").map(PathBuf::from);
    let beside = PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/../../../shared/data/bfcl"));
    let path = named.unwrap_or(beside);
    let copy = path.exists().then(|| Copy::open(&path).unwrap_or_else(|error| panic!("{error}")));
    if copy.is_none() {
        println!("bfcl: skipped, {} is not there", path.display());
    }
    copy
}

/// All single-turn entries.
#[allow(dead_code, reason = "not every test needs it")]
pub fn single_turn(copy: &Copy) -> Vec<Row> {
    let tasks = Bfcl::ALL.into_iter().take_while(|task| *task != Bfcl::MultiTurn);
    let categories = tasks.flat_map(Bfcl::categories);
    categories.flat_map(|category| copy.rows(category).unwrap_or_else(|error| panic!("{error}"))).collect()
}

/// A Python value as the golden files write it.
#[allow(dead_code, reason = "not every test needs it")]
pub fn encoded(value: &Value) -> Json {
    match value {
        Value::None => Json::Null,
        Value::Bool(value) => json!(value),
        Value::Int(int) => serde_json::from_str(&int.to_string()).unwrap_or(Json::Null),
        Value::Float(float) if float.is_finite() => json!(float),
        Value::Text(text) => json!(String::from_utf8_lossy(text)),
        Value::List(items) => items.iter().map(encoded).collect(),
        Value::Tuple(items) => json!({ "$tuple": items.iter().map(encoded).collect::<Vec<_>>() }),
        Value::Dict(pairs) if pairs.iter().all(|(key, _)| matches!(key, Value::Text(_))) => {
            let pair = |(key, value): &(Value, Value)| match encoded(key) {
                Json::String(key) => (key, encoded(value)),
                other => (other.to_string(), encoded(value)),
            };
            Json::Object(pairs.iter().map(pair).collect::<Map<_, _>>())
        }
        Value::Dict(pairs) => {
            json!({ "$dict": pairs.iter().map(|(key, value)| json!([encoded(key), encoded(value)])).collect::<Vec<_>>() })
        }
        other => json!({ "$repr": other.to_string() }),
    }
}

/// The state of a service as the golden files write it.
#[allow(dead_code, reason = "not every test needs it")]
pub fn state(attributes: &[(&'static str, Value)]) -> Json {
    let one = |(name, value): &(&'static str, Value)| {
        let value = match value {
            Value::Set(items) => {
                let mut items: Vec<Json> = items.iter().map(encoded).collect();
                items.sort_by_key(|item| item.as_i64());
                json!({ "$set": items })
            }
            value => encoded(value),
        };
        ((*name).to_owned(), value)
    };
    Json::Object(attributes.iter().map(one).collect())
}

/// The native calls of a case.
#[allow(dead_code, reason = "not every test needs it")]
pub fn native_calls(reply: &Json) -> Option<Vec<NativeCall>> {
    let calls = reply.as_array()?;
    let pair = |call: &Json| {
        let (name, arguments) = call.as_object()?.iter().next()?;
        Some((name.clone(), arguments.as_str()?.to_owned()))
    };
    calls.iter().map(pair).collect()
}

#[allow(dead_code, reason = "not every test needs it")]
fn category(case: &Json) -> &str {
    case["category"].as_str().unwrap_or_default()
}

/// What the reply of a case is read as.
#[allow(dead_code, reason = "not every test needs it")]
pub fn decoded(case: &Json, paper: &Switches) -> Decoded {
    if case["mode"] == "fc" {
        return native(native_calls(&case["reply"]).as_deref());
    }
    let reply = case["reply"].as_str().unwrap_or_default();
    let form = serde_json::from_value::<Form>(case["ret_fmt"].clone()).unwrap_or_default();
    let relevance = Relevance::of(category(case)).is_some();
    let language =
        if relevance || case["ret_fmt"].is_string() { Language::Python } else { Language::of(category(case)) };
    decode(reply, language, form, case["tool_call_tag"] == true, paper)
}

/// What is wrong with the reply of a case.
#[allow(dead_code, reason = "not every test needs it")]
pub fn verdict(case: &Json, decoded: &Decoded, row: &Row, paper: &Switches) -> Result<(), check::Wrong> {
    if let Some(wanted) = Relevance::of(category(case)) {
        return check::relevance(decoded, case["reply"].as_str().unwrap_or_default(), wanted, paper);
    }
    let wanted = Wanted::read(&row.entry["function"], &row.truth).unwrap_or_else(|error| panic!("{}: {error}", row.id));
    let manner = Manner {
        category: if case["ret_fmt"].is_string() { &row.id } else { category(case) },
        language: Language::of(category(case)),
        underscores: case["dots_to_underscores"] == true,
        switches: paper,
    };
    check::check(decoded, &wanted, &manner)
}
