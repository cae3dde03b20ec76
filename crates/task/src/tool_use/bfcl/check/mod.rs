//! Whether the calls of a reply are those that are wanted.

mod call;
mod java;
mod javascript;
mod relevance;
mod types;
mod value;

use serde_json::Value as Json;

use super::Switches;
use super::decode::{Called, Decoded, Language};
use crate::python::Value;

pub(in crate::tool_use::bfcl) use relevance::Abstention;
pub use relevance::{Relevance, relevance};
pub use value::normalized;

/// What is wrong with a reply.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Wrong {
    /// The reference's name of it: `value_error:string`.
    pub kind: &'static str,
    /// The parameter that it is about.
    pub parameter: Option<String>,
    /// Whether the reference stops with an exception here; the entry is wrong.
    pub crash: bool,
    /// Of parallel calls: what is wrong with the given call that comes nearest.
    pub inner: Option<&'static str>,
}

impl Wrong {
    fn new(kind: &'static str) -> Self {
        Self { kind, parameter: None, crash: false, inner: None }
    }

    fn of(kind: &'static str, parameter: &Value) -> Self {
        Self { parameter: Some(crate::python::text(parameter)), ..Self::new(kind) }
    }

    fn crash(kind: &'static str) -> Self {
        Self { crash: true, ..Self::new(kind) }
    }
}

/// The kind of a reply that cannot be read.
pub const UNREAD: &str = "ast_decoder:decoder_failed";
/// The kind of a reply that was read and is no list of calls.
pub const NO_FORM: &str = "ast_decoder:decoder_wrong_output_format";

/// An expected call: the function, and for each parameter the values that are accepted.
pub type Expected = (String, Vec<(String, Vec<Value>)>);

/// What an entry of one turn wants.
#[derive(Debug, Clone)]
pub struct Wanted {
    /// The functions' documents, without hints.
    pub functions: Vec<Json>,
    /// The expected calls: the function, and for each parameter the values that are accepted; `""` among them: it may be
    /// left out.
    pub calls: Vec<Expected>,
}

impl Wanted {
    /// Reads the documents of an entry and its `ground_truth`.
    ///
    /// # Errors
    /// What is not as the benchmark has it.
    pub fn read(functions: &Json, truth: &Json) -> Result<Self, String> {
        let functions = functions.as_array().cloned().ok_or("\"function\" is no list")?;
        let calls = truth.as_array().ok_or("\"ground_truth\" is no list")?;
        let call = |call: &Json| -> Result<_, String> {
            let (name, parameters) =
                call.as_object().and_then(|call| call.iter().next()).ok_or("a call has no name")?;
            let parameters = parameters.as_object().ok_or("a call has no parameters")?;
            let accepted = |(name, values): (&String, &Json)| {
                let values = values.as_array().ok_or_else(|| format!("{name} has no list of values"))?;
                Ok((name.clone(), values.iter().map(Value::from).collect::<Vec<_>>()))
            };
            Ok((name.clone(), parameters.iter().map(accepted).collect::<Result<Vec<_>, String>>()?))
        };
        Ok(Self { functions, calls: calls.iter().map(call).collect::<Result<_, _>>()? })
    }

    fn function(&self, name: &str) -> Option<&Json> {
        self.functions.iter().find(|function| function["name"] == name)
    }
}

/// How the calls of an entry are checked.
#[derive(Debug, Clone, Copy)]
pub struct Manner<'a> {
    /// The category, or the id of an entry, whose name says how many calls are wanted.
    pub category: &'a str,
    /// The language of the values.
    pub language: Language,
    /// Whether the model was given names with "_" for ".".
    pub underscores: bool,
    /// What is done otherwise than in the reference.
    pub switches: &'a Switches,
}

/// Checks a reply to an entry of one turn.
///
/// # Errors
/// What is wrong with it.
pub fn check(decoded: &Decoded, wanted: &Wanted, manner: &Manner) -> Result<(), Wrong> {
    if *decoded == Decoded::Failed {
        return Err(Wrong::new(UNREAD));
    }
    let given = decoded.calls().ok_or_else(|| Wrong::new(NO_FORM))?;
    let (parallel, multiple) = (manner.category.contains("parallel"), manner.category.contains("multiple"));
    let count = |expected: usize, kind: &'static str| {
        if given.len() == expected { Ok(()) } else { Err(Wrong::new(kind)) }
    };
    if parallel {
        count(wanted.calls.len(), "parallel_function_checker_no_order:wrong_count")?;
        return parallel_calls(given, wanted, manner);
    }
    let first = if multiple {
        count(wanted.calls.len(), "multiple_function_checker:wrong_count")?;
        wanted.calls.first().and_then(|(name, _)| wanted.function(name))
    } else {
        count(1, "simple_function_checker:wrong_count")?;
        wanted.functions.first()
    };
    match (first, given.first(), wanted.calls.first()) {
        (Some(function), Some(given), Some(expected)) => call::check(given, function, expected, manner),
        _ => Err(Wrong::crash("simple_function_checker:unclear")),
    }
}

/// Every expected call in any order.
fn parallel_calls(given: &[Called], wanted: &Wanted, manner: &Manner) -> Result<(), Wrong> {
    let missed = |inner: Option<Wrong>| {
        let crash = inner.as_ref().is_some_and(|wrong| wrong.crash);
        let parameter = inner.as_ref().and_then(|wrong| wrong.parameter.clone());
        let inner = inner.map(|wrong| wrong.kind);
        Wrong { kind: "parallel_function_checker_no_order:cannot_find_match", parameter, crash, inner }
    };
    let verdict = |expected: &Expected, given: &Called| match wanted.function(&expected.0) {
        Some(function) => call::check(given, function, expected, manner),
        None => Err(Wrong::crash("parallel_function_checker_no_order:cannot_find_match")),
    };
    if manner.switches.any_matching {
        let rows: Vec<Vec<bool>> =
            wanted.calls.iter().map(|want| given.iter().map(|given| verdict(want, given).is_ok()).collect()).collect();
        return match unmatched(&rows, given.len()) {
            None => Ok(()),
            Some(row) => {
                let all = given.iter().filter_map(|given| verdict(&wanted.calls[row], given).err());
                Err(missed(nearest(all)))
            }
        };
    }
    let mut used = vec![false; given.len()];
    for expected in &wanted.calls {
        let mut wrongs = Vec::new();
        let mut found = false;
        for (index, call) in given.iter().enumerate().filter(|(index, _)| !used[*index]).collect::<Vec<_>>() {
            match verdict(expected, call) {
                Ok(()) => {
                    used[index] = true;
                    found = true;
                    break;
                }
                Err(wrong) => wrongs.push(wrong),
            }
        }
        if !found {
            return Err(missed(nearest(wrongs)));
        }
    }
    Ok(())
}

/// The mistake that is found last in the order of the checks.
fn nearest(wrongs: impl IntoIterator<Item = Wrong>) -> Option<Wrong> {
    wrongs.into_iter().max_by_key(|wrong| match wrong.kind.split(':').next_back() {
        Some("wrong_func_name") => 0,
        Some("missing_required") => 1,
        Some("unexpected_param") => 2,
        _ => 3,
    })
}

/// A row that no one-to-one match of rows and columns has room for.
fn unmatched(rows: &[Vec<bool>], columns: usize) -> Option<usize> {
    fn place(row: usize, rows: &[Vec<bool>], taken: &mut [Option<usize>], seen: &mut [bool]) -> bool {
        for column in 0..taken.len() {
            if !rows[row][column] || std::mem::replace(&mut seen[column], true) {
                continue;
            }
            if taken[column].is_none_or(|other| place(other, rows, taken, seen)) {
                taken[column] = Some(row);
                return true;
            }
        }
        false
    }
    let mut taken = vec![None; columns];
    (0..rows.len()).find(|row| !place(*row, rows, &mut taken, &mut vec![false; columns]))
}
