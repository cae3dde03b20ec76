//! What a sample was worth, and what went wrong with its calls.

use record::{Decision, Fault, Sample, Score, Scoring, Transcript};
use serde_json::Value as Json;

use super::Switches;
use super::check::{self, Abstention, Manner, NO_FORM, Relevance, UNREAD, Wanted, Wrong};
use super::decode::{Decoded, Language};
use super::memory;
use super::multi_turn::{Course, follow};
use super::rooms::{conversation, steps};
use super::sample::{Input, Kind};
use crate::python::{Value, text};
use crate::score::with_form;
use crate::{TaskError, scored};

type Mode<'a> = (&'a Switches, Scoring);

/// Judges a finished sample.
pub(super) fn judge(sample: &Sample, transcript: &Transcript, mode: Mode) -> Result<Score, TaskError> {
    let input = Input::read(sample)?;
    match input.kind {
        Kind::Single => single(sample, &input, transcript.last_reply(), mode),
        Kind::Talk => talk(sample, &input, transcript, mode),
        Kind::Memory => remembered(sample, &input, transcript, mode),
    }
}

/// A score whose value is its accuracy.
fn graded(sample: &Sample, value: f64, mut metrics: Vec<(&'static str, f64)>, reason: impl Into<String>) -> Score {
    metrics.insert(0, ("accuracy", value));
    scored(sample, value, metrics, reason)
}

fn wanted(sample: &Sample, input: &Input) -> Result<Wanted, TaskError> {
    let functions = Json::Array(input.functions.clone());
    Wanted::read(&functions, &sample.gold).map_err(|problem| TaskError::unusable(sample, problem))
}

fn single(sample: &Sample, input: &Input, reply: &str, (switches, scoring): Mode) -> Result<Score, TaskError> {
    let decoded = input.decoded(reply, &sample.tools, switches);
    let called = decoded.calls().is_some_and(|calls| !calls.is_empty());
    let flag = |holds: bool| f64::from(u8::from(holds));
    let (verdict, metrics, fault) = match Relevance::of(&input.category) {
        Some(wanted) => {
            let verdict = check::relevance(&decoded, reply, wanted, switches);
            let said = Abstention::of(&decoded, reply);
            let empty = !called && matches!(said, Abstention::Empty | Abstention::Degenerate);
            let metrics = vec![("called", flag(called)), ("empty_reply", flag(empty))];
            let broken = !called && said == Abstention::BrokenCall;
            let fault = match wanted {
                Relevance::Any if broken => Some(Fault::Malformed),
                Relevance::Any => Some(Fault::NoCall),
                Relevance::None if broken => Some(Fault::Malformed),
                Relevance::None => None,
            };
            (verdict, metrics, fault)
        }
        None => {
            let wanted = wanted(sample, input)?;
            let manner = Manner {
                category: category(sample, input),
                language: Language::of(&input.category),
                underscores: input.native,
                switches,
            };
            let verdict = check::check(&decoded, &wanted, &manner);
            let rest = parts(&decoded, &wanted, verdict.is_ok(), input.native);
            let fault = verdict.as_ref().err().map(|wrong| fault(wrong, &decoded, reply, &wanted));
            (verdict, rest, fault)
        }
    };
    let (value, reason) = match &verdict {
        Ok(()) => (1.0, "right".to_owned()),
        Err(wrong) => (0.0, told(wrong)),
    };
    let fault = fault.filter(|_| verdict.is_err());
    let score = Score { fault, ..graded(sample, value, metrics, reason) };
    if Relevance::of(&input.category).is_some() {
        return Ok(score);
    }
    // The reference reads a list without calls in nothing, and in words where JSON is asked for.
    let has_calls = |decoded: &Decoded| decoded.calls().is_some_and(|calls| !calls.is_empty());
    let formed = has_calls(&input.decoded(reply, &sample.tools, &Switches::all(false)));
    let read = has_calls(&decoded);
    Ok(with_form(score, scoring, formed, read))
}

/// The category that decides over the number of calls: of format sensitivity it is in the id.
fn category<'a>(sample: &'a Sample, input: &'a Input) -> &'a str {
    if input.configuration.is_empty() { &input.category } else { &sample.id }
}

/// Whether to call, how often, which functions, and which arguments: each 1 as far as the reply got it right.
fn parts(decoded: &Decoded, wanted: &Wanted, right: bool, underscores: bool) -> Vec<(&'static str, f64)> {
    let calls = decoded.calls().unwrap_or_default();
    let name = |name: &str| if underscores { name.replace('.', "_") } else { name.to_owned() };
    let mut given: Vec<&str> = calls.iter().map(|call| call.name.as_str()).collect();
    let mut expected: Vec<String> = wanted.calls.iter().map(|(function, _)| name(function)).collect();
    given.sort_unstable();
    expected.sort_unstable();
    let flag = |holds: bool| f64::from(u8::from(holds));
    vec![
        ("called", flag(!calls.is_empty())),
        ("count", flag(calls.len() == wanted.calls.len())),
        ("tool", flag(given.iter().eq(expected.iter()))),
        ("arguments", flag(right)),
    ]
}

fn fault(wrong: &Wrong, decoded: &Decoded, reply: &str, wanted: &Wanted) -> Fault {
    let calls = decoded.calls().unwrap_or_default();
    let offered = |name: &str| {
        let known = |function: &Json| {
            let known = function["name"].as_str().unwrap_or_default();
            known == name || known.replace('.', "_") == name
        };
        wanted.functions.iter().any(known)
    };
    let unknown = calls.iter().any(|call| !offered(&call.name));
    match wrong.inner.unwrap_or(wrong.kind) {
        UNREAD | NO_FORM => match Abstention::of(decoded, reply) {
            Abstention::BrokenCall | Abstention::Degenerate => Fault::Malformed,
            _ => Fault::NoCall,
        },
        _ if calls.is_empty() => Fault::NoCall,
        _ if unknown => Fault::HallucinatedTool,
        kind if kind.ends_with("wrong_count") || kind.ends_with("wrong_func_name") => Fault::WrongTool,
        _ => Fault::WrongArgument,
    }
}

fn told(wrong: &Wrong) -> String {
    let mut told = wrong.kind.to_owned();
    if let Some(inner) = wrong.inner {
        told.push_str(&format!(", nearest: {inner}"));
    }
    if let Some(parameter) = &wrong.parameter {
        told.push_str(&format!(", parameter {parameter}"));
    }
    if wrong.crash {
        told.push_str(" (the reference would crash here)");
    }
    told
}

fn talk(
    sample: &Sample,
    input: &Input,
    transcript: &Transcript,
    (switches, scoring): Mode,
) -> Result<Score, TaskError> {
    let unusable = |problem: String| TaskError::unusable(sample, problem);
    let record = &transcript.record;
    let replies: Vec<Vec<String>> = serde_json::from_value(record["replies"].clone()).unwrap_or_default();
    let tools: Vec<Json> = serde_json::from_value(record["tools"].clone()).unwrap_or_default();
    let course = if input.long {
        let index = usize::from(scoring.is_corrected());
        serde_json::from_value(record["courses"][index].clone()).map_err(|error| unusable(error.to_string()))?
    } else {
        let steps = steps(&replies, (input.native, &tools), switches);
        follow(&steps, &conversation(sample, input)?, None, switches).map_err(unusable)?
    };
    Ok(talk_score(sample, &course))
}

fn talk_score(sample: &Sample, course: &Course) -> Score {
    let share = |part: usize, of: usize| part as f64 / of.max(1) as f64;
    let turns = sample.gold.as_array().map_or(0, Vec::len);
    let (calls, refused): (usize, usize) = (course.calls.iter().sum(), course.refused.iter().sum());
    let right = course.fault.as_ref().map_or(turns, |fault| fault.turn);
    let metrics = vec![
        ("turns_right", share(right, turns)),
        ("refused", share(refused, calls)),
        ("repeated", share(course.repeated, calls)),
        ("disturbed", share(course.disturbed, course.idle_turns)),
        ("recovered", f64::from(u8::from(course.recovered))),
    ];
    let Some(fault) = &course.fault else { return graded(sample, 1.0, metrics, "right") };
    let mut told = format!("{} in turn {} of {turns}", fault.kind, fault.turn + 1);
    if let Some(class) = &fault.class {
        told.push_str(&format!(": {class} {}", fault.attributes.join(", ")));
    }
    if fault.missing > 0 {
        told.push_str(&format!(": {} results are missing", fault.missing));
    }
    if course.only_texts {
        told.push_str("; only words that the model wrote differ");
    }
    if course.recovered {
        told.push_str("; the state was right again at the end");
    }
    let kind = match fault.kind.as_ref() {
        "multi_turn:empty_turn_model_response" => Some(Fault::NoCall),
        "multi_turn:force_terminated" => None,
        _ if refused > 0 => Some(Fault::WrongArgument),
        _ => Some(Fault::WrongTool),
    };
    Score { fault: kind, ..graded(sample, 0.0, metrics, told) }
}

fn remembered(
    sample: &Sample,
    input: &Input,
    transcript: &Transcript,
    (switches, _): Mode,
) -> Result<Score, TaskError> {
    let unusable = |problem: &str| TaskError::unusable(sample, problem);
    let questions = input.memory.as_ref().map(|memory| &memory.questions).ok_or_else(|| unusable("no memory"))?;
    let accepted: Vec<Vec<String>> =
        serde_json::from_value(sample.gold.clone()).map_err(|error| unusable(&error.to_string()))?;
    let answers: Vec<Vec<Vec<String>>> =
        serde_json::from_value(transcript.record["answers"].clone()).unwrap_or_default();
    let snapshot = transcript.record["snapshot"].as_str().unwrap_or_default();
    let (mut right, mut stored) = (0, 0);
    let mut wrong = Vec::new();
    for (index, accepted) in accepted.iter().enumerate() {
        stored += usize::from(memory::answered(snapshot, accepted));
        match answers.get(index).map(|turns| memory::judge(turns, accepted, switches)) {
            Some(Ok(())) => right += 1,
            found => {
                let id = questions.get(index).map_or("", |(id, _)| id);
                wrong.push(format!("{id} {}", found.and_then(Result::err).unwrap_or("not asked")));
            }
        }
    }
    let share = |part: usize| part as f64 / accepted.len().max(1) as f64;
    let fill = |index: usize| {
        let fill = &transcript.record["fill"][index];
        fill[0].as_f64().unwrap_or_default() / fill[1].as_f64().unwrap_or_default().max(1.0)
    };
    let refused = transcript.record["refused_writes"].as_f64().unwrap_or_default();
    let metrics = vec![
        ("answered", share(right)),
        ("stored", share(stored)),
        ("core_fill", fill(0)),
        ("archive_fill", fill(1)),
        ("refused_writes", refused),
    ];
    let told = match wrong.first() {
        None => format!("all {} questions answered", accepted.len()),
        Some(first) => format!("{right} of {} questions answered; first miss: {first}", accepted.len()),
    };
    Ok(graded(sample, share(right), metrics, told))
}

/// The texts of a reply that name the tool and the arguments' values.
pub(super) fn decisions(sample: &Sample, reply: &str) -> Vec<(String, Decision)> {
    let Ok(input) = Input::read(sample) else { return Vec::new() };
    let decoded = input.decoded(reply, &sample.tools, &Switches::all(true));
    let mut found = Vec::new();
    for call in decoded.calls().unwrap_or_default() {
        found.push((call.name.clone(), Decision::Tool));
        if let Value::Dict(pairs) = &call.arguments {
            pairs.iter().for_each(|(_, value)| leaves(value, &mut found));
        }
    }
    found
}

fn leaves(value: &Value, found: &mut Vec<(String, Decision)>) {
    match value {
        Value::List(items) | Value::Tuple(items) => items.iter().for_each(|item| leaves(item, found)),
        Value::Dict(pairs) => pairs.iter().for_each(|(_, value)| leaves(value, found)),
        value => found.push((text(value), Decision::Argument)),
    }
}
