//! Results that the benchmark's own program has written: `BFCL_v4_<category>_result.json`, judged anew.

use std::collections::HashMap;

use serde_json::Value as Json;

use super::check::{Manner, Relevance, Wanted, check, relevance};
use super::copy::{Copy, RawRow};
use super::decode::{Decoded, Form, Language, NativeCall, decode, executable, executable_native, native};
use super::memory;
use super::multi_turn::{Conversation, follow};
use super::prompt::Configuration;
use super::service::Extensions;
use super::{Switches, check::UNREAD};
use crate::TaskError;

/// An entry of a result file and what is wrong with it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Judged {
    /// The entry.
    pub id: String,
    /// The reference's name of the mistake; nothing where the entry is right.
    pub wrong: Option<String>,
}

/// What judging a category needs.
struct Bench<'a> {
    category: &'a str,
    copy: &'a Copy,
    /// By id.
    rows: HashMap<String, RawRow>,
    long: Option<Extensions>,
    /// Whether native calls have "_" for "." in their names.
    underscores: bool,
    switches: &'a Switches,
}

/// The results of a category, each judged by the entry of its id, in the order of the file.
///
/// # Errors
/// A category without data, or a result without a known id.
pub fn judged(copy: &Copy, category: &str, results: &[Json], switches: &Switches) -> Result<Vec<Judged>, TaskError> {
    let rows = match category {
        "format_sensitivity" => sensitivity_rows(copy)?,
        category if category.starts_with("memory_") => copy.raw_rows("memory")?,
        category => copy.raw_rows(category)?,
    };
    let long = if category.ends_with("long_context") { Extensions::read(copy)? } else { None };
    if category.ends_with("long_context") && long.is_none() {
        copy.needed("eval_checker/multi_turn_eval/func_source_code/long_context.py")?;
    }
    let underscores =
        results.iter().filter_map(|result| calls(&result["result"])).flatten().all(|(name, _)| !name.contains('.'));
    // Of several of one id the first counts.
    let rows = rows.into_iter().rev().map(|row| (row.id.clone(), row)).collect();
    let bench = Bench { category, copy, rows, long, underscores, switches };
    results.iter().filter(|result| !is_conversation(result)).map(|result| bench.judged(result)).collect()
}

/// The conversations that fill a memory are not judged.
fn is_conversation(result: &Json) -> bool {
    result["id"].as_str().is_some_and(|id| id.contains("prereq"))
}

fn sensitivity_rows(copy: &Copy) -> Result<Vec<RawRow>, TaskError> {
    let chosen: Json =
        serde_json::from_str(&copy.needed("data/BFCL_v4_format_sensitivity.json")?).unwrap_or(Json::Null);
    let names = chosen.as_object().into_iter().flatten().map(|(category, _)| category.clone());
    let mut rows = Vec::new();
    for category in names {
        rows.extend(copy.raw_rows(&category)?);
    }
    Ok(rows)
}

/// Native calls as result files hold them: objects of one name and its arguments as a text.
fn calls(result: &Json) -> Option<Vec<NativeCall>> {
    let call = |call: &Json| {
        let (name, arguments) = call.as_object()?.iter().next()?;
        Some((name.clone(), arguments.as_str().map_or_else(|| arguments.to_string(), str::to_owned)))
    };
    result.as_array()?.iter().map(call).collect()
}

impl Bench<'_> {
    fn judged(&self, result: &Json) -> Result<Judged, TaskError> {
        let id = result["id"].as_str().unwrap_or_default();
        let wanted = self.entry_id(id);
        let row = self.rows.get(&wanted).ok_or_else(|| TaskError::Format {
            path: format!("BFCL_v4_{}_result.json", self.category).into(),
            place: format!("the result {id:?}"),
            problem: "the data has no entry of this id".to_owned(),
        })?;
        let verdict = match self.category {
            category if category.starts_with("multi_turn") => self.talk(&result["result"], row)?,
            category if category.starts_with("memory_") => self.memory(&result["result"], row)?,
            _ => self.single(&result["result"], row, id)?,
        };
        Ok(Judged { id: id.to_owned(), wrong: verdict.err() })
    }

    fn entry_id(&self, id: &str) -> String {
        match self.category.strip_prefix("memory_") {
            Some(backend) => id.replace(&format!("memory_{backend}"), "memory"),
            None => id.rsplit(':').next().unwrap_or(id).to_owned(),
        }
    }

    /// An error is one of the data, and what is wrong with the result stands inside.
    fn single(&self, result: &Json, row: &RawRow, id: &str) -> Result<Result<(), String>, TaskError> {
        let configuration = id.split(':').nth(1).and_then(Configuration::parse);
        let own = calls(result);
        let said = result.as_str().unwrap_or_default();
        let wanted = Relevance::of(self.category);
        let language = if wanted.is_some() { Language::Python } else { Language::of(self.category) };
        let decoded = match (&own, result) {
            (Some(own), _) => native(Some(own)),
            (None, Json::String(said)) => {
                let Configuration { form, tag, .. } = configuration.unwrap_or_default();
                let form = if wanted.is_some() { Form::Python } else { form };
                decode(said, language, form, tag, self.switches)
            }
            _ => Decoded::Failed,
        };
        let told = |wrong: super::check::Wrong| wrong.kind.to_owned();
        if let Some(wanted) = wanted {
            return Ok(relevance(&decoded, said, wanted, self.switches).map_err(told));
        }
        let Ok(wanted) = Wanted::read(&self.copy.functions(row)?, &self.copy.truth(row)?) else {
            return Ok(Err(UNREAD.to_owned()));
        };
        let manner = Manner {
            category: if configuration.is_some() { &row.id } else { self.category },
            language,
            underscores: own.is_some() && self.underscores,
            switches: self.switches,
        };
        Ok(check(&decoded, &wanted, &manner).map_err(told))
    }

    fn talk(&self, result: &Json, row: &RawRow) -> Result<Result<(), String>, TaskError> {
        let Some(turns) = result.as_array() else { return Ok(Err("multi_turn:inference_error".to_owned())) };
        let step = |step: &Json| match (calls(step), step) {
            (Some(own), _) => executable_native(&own),
            (None, Json::String(said)) => executable(said, self.switches),
            _ => None,
        };
        let turn = |turn: &Json| {
            let steps = turn.as_array().into_iter().flatten().filter_map(step);
            steps.filter(|calls| !calls.is_empty()).collect::<Vec<_>>()
        };
        let turns: Vec<_> = turns.iter().map(turn).collect();
        let row = self.copy.read(row)?;
        let course = Conversation::read(&row.entry, &row.truth)
            .and_then(|conversation| follow(&turns, &conversation, self.long.as_ref(), self.switches));
        Ok(course.and_then(|course| course.fault.map_or(Ok(()), |fault| Err(fault.kind.into_owned()))))
    }

    fn memory(&self, result: &Json, row: &RawRow) -> Result<Result<(), String>, TaskError> {
        let accepted: Vec<String> = match serde_json::from_value(self.copy.truth(row)?) {
            Ok(accepted) => accepted,
            Err(error) => return Ok(Err(error.to_string())),
        };
        let Some(turns) = result.as_array() else { return Ok(Err("agentic:inference_error".to_owned())) };
        // A step of native calls is no message.
        let step = |step: &Json| step.as_str().map_or_else(|| "[called()]".to_owned(), str::to_owned);
        let turns: Vec<Vec<String>> =
            turns.iter().map(|turn| turn.as_array().into_iter().flatten().map(step).collect()).collect();
        Ok(memory::judge(&turns, &accepted, self.switches).map_err(str::to_owned))
    }
}
