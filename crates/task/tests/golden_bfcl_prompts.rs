//! BFCL's prompts, memories and leaderboard, reproduced.

#[path = "support/bfcl.rs"]
mod bfcl_cases;
#[path = "support/golden.rs"]
mod runner;

use std::collections::{BTreeMap, HashMap};
use std::error::Error;

use bfcl_cases::{copy, single_turn};
use runner::{golden, same};
use serde_json::{Value, json};
use task::tool_use::bfcl::prompt::{
    Configuration, Texts, answer_form, before, converted, dumped, hinted, memory_system, more_functions, results_text,
    tools,
};
use task::tool_use::bfcl::score::{Leaderboard, sensitivity};
use task::tool_use::bfcl::{Copy, Functions, Switches, memory};

fn digest(text: &str) -> String {
    record::digest(text.as_bytes())
}

struct Data {
    entries: HashMap<String, Value>,
    functions: Functions,
    texts: Option<Texts>,
}

fn data(copy: &Copy) -> Result<Data, Box<dyn Error>> {
    let mut rows = single_turn(copy);
    for set in ["base", "miss_func", "miss_param", "long_context"] {
        rows.extend(copy.rows(&format!("multi_turn_{set}"))?);
    }
    rows.extend(copy.rows("memory")?);
    let entries = rows.into_iter().map(|row| (row.id, row.entry)).collect();
    Ok(Data { entries, functions: Functions::read(copy)?, texts: Texts::read(copy)? })
}

fn prompt(case: &Value, data: &Data) -> Result<(), Box<dyn Error>> {
    let (id, category) = (case["entry"].as_str().unwrap_or_default(), case["category"].as_str().unwrap_or_default());
    let mut parts = id.splitn(3, ':');
    let (first, configuration, base) = (parts.next().unwrap_or_default(), parts.next(), parts.next());
    let backend = category.strip_prefix("memory_");
    let plain = match backend {
        Some(backend) => first.replace(&format!("memory_{backend}"), "memory"),
        None => base.unwrap_or(first).to_owned(),
    };
    let entry = data.entries.get(&plain).ok_or("no such entry")?;
    let prepared = data.functions.of(entry, base.map_or(category, |id| id), backend);
    let mut functions = prepared.functions;
    if configuration.is_some() {
        functions = hinted(&functions, task::tool_use::bfcl::decode::Language::Python);
    }
    same("functions", Some(digest(&dumped(&functions)).as_str()), case["functions_sha256"].as_str())?;
    same("tools", Some(digest(&dumped(&tools(&functions))).as_str()), case["tools_sha256"].as_str())?;
    let bare: Vec<Value> = functions.iter().map(converted).collect();
    same("bare tools", Some(digest(&dumped(&bare)).as_str()), case["tools_oss_sha256"].as_str())?;
    let Some(texts) = &data.texts else { return Ok(()) };
    let configuration = match configuration {
        Some(name) => Configuration::parse(name).ok_or("an unknown configuration")?,
        None => Configuration::default(),
    };
    let said = entry.pointer("/question/0/0").filter(|message| message["role"] == "system");
    let own = said.and_then(|message| message["content"].as_str());
    let own = own.or_else(|| backend.map(|_| answer_form(texts)));
    let system = before(configuration.system(&functions, texts), own);
    same("system", Some(digest(&system).as_str()), case["system_sha256"].as_str())?;
    for (turn, held) in case["holdout"].as_object().into_iter().flatten() {
        let added = prepared.held_out.get(&turn.parse::<usize>()?).ok_or("nothing is held out")?;
        let user = more_functions(added, texts, false);
        same("user", Some(digest(&user).as_str()), held["user_sha256"].as_str())?;
        let after: Vec<Value> = functions.iter().chain(added).cloned().collect();
        same("tools after", Some(digest(&dumped(&tools(&after))).as_str()), held["tools_after_sha256"].as_str())?;
    }
    Ok(())
}

#[test]
fn golden_bfcl_prompts() -> Result<(), Box<dyn Error>> {
    let Some(copy) = copy() else { return Ok(()) };
    let data = data(&copy)?;
    if data.texts.is_none() {
        println!("golden bfcl prompts: system texts skipped, ACBENCH_BFCL names no wheel");
    }
    golden("bfcl_prompts.jsonl", "bfcl prompts", |case| case["entry"].is_string(), |case| prompt(case, &data))
}

#[test]
fn golden_bfcl_results_text() -> Result<(), Box<dyn Error>> {
    golden(
        "bfcl_prompts.jsonl",
        "bfcl results as text",
        |case| case["category"] == "tool_results_text",
        |case| {
            let texts = |key: &str| serde_json::from_value::<Vec<String>>(case[key].clone());
            same("text", Some(results_text(&texts("calls")?, &texts("results")?).as_str()), case["text"].as_str())
        },
    )
}

/// A text, or its digest.
fn is(got: &str, want: &Value) -> bool {
    match want {
        Value::String(want) => got == want,
        want => want["sha256"] == digest(got),
    }
}

/// `{y*2000}` stands for so many letters.
fn unfolded(call: &str) -> String {
    let Some((before, after)) = call.split_once('{') else { return call.to_owned() };
    let Some((inside, rest)) = after.split_once('}') else { return call.to_owned() };
    match inside.split_once('*').and_then(|(letter, count)| Some((letter, count.parse::<usize>().ok()?))) {
        Some((letter, count)) => format!("{before}{}{}", letter.repeat(count), unfolded(rest)),
        None => format!("{before}{{{}", unfolded(after)),
    }
}

fn memory_calls(case: &Value) -> Result<(), Box<dyn Error>> {
    let backend = case["backend"].as_str().ok_or("no backend")?;
    let snapshot = Some(&case["snapshot"]).filter(|snapshot| !snapshot.is_null());
    let mut made = memory::Memory::new(backend, snapshot).ok_or("an unknown backend")?;
    for (call, want) in
        case["calls"].as_array().into_iter().flatten().zip(case["results"].as_array().into_iter().flatten())
    {
        let call = unfolded(call.as_str().unwrap_or_default());
        let got = made.execute(&call);
        if !is(&got, want) {
            return Err(format!("{call} gives {got}, not {want}").into());
        }
    }
    same("context", is(&made.context(), &case["context"]), true)?;
    let files: BTreeMap<String, String> =
        memory::files(case["test_id"].as_str().unwrap_or_default(), backend, &made).into_iter().collect();
    let want = case["files"].as_object().ok_or("no files")?;
    same(
        "names of files",
        files.keys().collect::<Vec<_>>(),
        want.keys().collect::<std::collections::BTreeSet<_>>().into_iter().collect(),
    )?;
    for (name, want) in want {
        same(name, is(&files[name], want), true)?;
    }
    Ok(())
}

fn memory_answer(case: &Value, answers: &HashMap<String, Vec<String>>) -> Result<(), Box<dyn Error>> {
    let own: Option<Vec<String>> = serde_json::from_value(case["answers"].clone()).ok();
    let known = answers.get(case["entry"].as_str().unwrap_or_default());
    let accepted = own.as_ref().or(known).ok_or("no answers")?;
    if case["part"] == "answer" {
        // What is no text is printed; of a list the first item is.
        let message = match &case["message"] {
            Value::Array(items) => items.first().unwrap_or(&Value::Null),
            message => message,
        };
        let printed = task::python::Value::from(message).to_string();
        let got = memory::answered(message.as_str().unwrap_or(&printed), accepted);
        return same("valid", Some(got), case["valid"].as_bool());
    }
    let turns: Vec<Vec<String>> = serde_json::from_value(case["result"].clone())?;
    let got = memory::judge(&turns, accepted, &Switches::all(false));
    same("valid", Some(got.is_ok()), case["valid"].as_bool())?;
    same("kind", got.err(), case["error_type"].as_str())
}

fn memory_prompt(case: &Value, data: &Data) -> Result<(), Box<dyn Error>> {
    let Some(texts) = &data.texts else { return Ok(()) };
    let id = case["entry"].as_str().unwrap_or_default();
    let backend = if id.contains("rec_sum") { "rec_sum" } else { "kv" };
    let snapshot = Some(&case["snapshot"]).filter(|snapshot| !snapshot.is_null());
    let made = memory::Memory::new(backend, snapshot).ok_or("an unknown backend")?;
    let setting = (case["scenario"].as_str().unwrap_or_default(), backend == "rec_sum");
    let system = memory_system(texts, setting, &made.context(), !id.contains("prereq"));
    same("native", Some(digest(&system).as_str()), case["fc_system_sha256"].as_str())?;
    let functions = data.functions.of(&json!({"involved_classes": ["MemoryAPI"]}), "memory", Some(backend)).functions;
    let system = before(Configuration::default().system(&functions, texts), Some(&system));
    same("prompting", Some(digest(&system).as_str()), case["prompting_system_sha256"].as_str())
}

fn schedule(case: &Value, copy: &Copy) -> Result<(), Box<dyn Error>> {
    let backend = case["category"].as_str().and_then(|name| name.strip_prefix("memory_")).ok_or("no backend")?;
    let order = task::tool_use::bfcl::memory_order(copy, backend)?;
    same("entries", Some(order.len() as u64), case["entries"].as_u64())?;
    let ids: Vec<String> = order.iter().map(|(id, _)| id.clone()).collect();
    let first: Vec<String> = serde_json::from_value(case["first"].clone())?;
    same("first", &ids[..first.len()], &first[..])?;
    for (id, wanted) in case["depends_on"].as_object().into_iter().flatten() {
        let found = order.iter().find(|(other, _)| other == id).ok_or("no such entry")?;
        same(id, json!(found.1), wanted.clone())?;
    }
    same("order", Some(digest(&ids.join("\n")).as_str()), case["order_sha256"].as_str())
}

#[test]
fn golden_bfcl_memory() -> Result<(), Box<dyn Error>> {
    let Some(copy) = copy() else { return Ok(()) };
    let data = data(&copy)?;
    let answer = |row: task::tool_use::bfcl::Row| Some((row.id, serde_json::from_value(row.truth).ok()?));
    let answers: HashMap<String, Vec<String>> = copy.rows("memory")?.into_iter().filter_map(answer).collect();
    golden(
        "bfcl_memory.jsonl",
        "bfcl memory",
        |_| true,
        |case| match case["part"].as_str() {
            Some("api") => memory_calls(case),
            Some("system_prompt") => memory_prompt(case, &data),
            Some("schedule") => schedule(case, &copy),
            _ => memory_answer(case, &answers),
        },
    )
}

#[test]
fn golden_bfcl_score() -> Result<(), Box<dyn Error>> {
    golden(
        "bfcl_score.jsonl",
        "bfcl score",
        |_| true,
        |case| match case["part"].as_str() {
            Some("leaderboard") => {
                let categories = case["categories"].as_object().ok_or("no categories")?.iter().map(|(name, one)| {
                    let accuracy = one["accuracy"].as_f64().unwrap_or_default();
                    (name.clone(), accuracy, one["total_count"].as_u64().unwrap_or_default() as usize)
                });
                for (name, cells) in Leaderboard::new(categories).tables() {
                    let got: serde_json::Map<String, Value> =
                        cells.into_iter().map(|(key, cell)| (key.to_owned(), json!(cell))).collect();
                    let mut want = case["rows"][name].clone();
                    if let Some(want) = want.as_object_mut().filter(|_| name == "overall") {
                        want.retain(|key, _| got.contains_key(key));
                    }
                    same(name, Value::Object(got), want)?;
                }
                Ok(())
            }
            Some("format_sensitivity_configs") => {
                let names: Vec<String> = Configuration::all().iter().map(Configuration::name).collect();
                same("names", json!(names), case["configs"].clone())
            }
            _ => {
                let counts = case["per_config"].as_object().into_iter().flatten();
                let counts = counts.map(|(_, counts)| serde_json::from_value::<(usize, usize)>(counts.clone()));
                let got = sensitivity(&counts.collect::<Result<Vec<_>, _>>()?);
                let number = |key: &str| case[key].as_f64().unwrap_or(f64::NAN);
                same("delta", got.max_delta, number("accuracy_max_delta"))?;
                same("variance", got.variance, number("accuracy_variance"))?;
                same("deviation", got.deviation, number("accuracy_std"))?;
                same("accuracy", got.accuracy, number("accuracy"))
            }
        },
    )
}
