//! LongBench as a task.
//!
//! ```text
//! user:  instruction, 1,000 to 50,000 words of passages, instruction, question
//! reply: a short answer, a summary, a class, a number, a line of code
//! score: the set's own metric, the best over the answers
//! ```
//!
//! Deviations from the reference beside those of the scorers: a prompt is shortened only where a length is set, and
//! without special tokens; chats go through the model's own template instead of one chosen by its nickname; replies
//! are not searched for the marks of particular models.

use std::borrow::Cow;

use record::{Capability, Sample, Score, Scoring, Transcript};
use serde_json::Value;

use super::deviations::TABLE;
use super::metric::{Metric, Ratio, Rules};
use super::score::score;
use super::sets::{Set, find};
use super::{COLUMNS, Switches, official, twin};
use crate::measure::{content, last_place};
use crate::{Drawn, Judge, Source, Task, TaskError, TaskInfo, Tokens, scored, with_form};

/// Long texts of 21 kinds.
///
/// Metrics: `score` is the value, in [0, 1]; a set's score is its mean times 100. `facts` is there for the twin's
/// summaries only. Sample gold: `{"set": "qasper",
/// "answers": ["..."], "all_classes": null or ["..."]}`.
pub struct LongBench;

static INFO: TaskInfo = TaskInfo {
    name: "longbench",
    capability: Capability::LongContext,
    about: "questions, summaries, classes, counts and code over long texts (LongBench v1, LongBench-E)",
    official: official::FILES,
    apart: true,
    judged: false,
    named_only: false,
    columns: COLUMNS,
    deviations: Some(TABLE),
    oracle: |sample| vec![twin::answer(sample)],
};

impl Task for LongBench {
    fn info(&self) -> &'static TaskInfo {
        &INFO
    }

    fn samples(&self, source: &Source, tokens: &dyn Tokens, limit: Option<usize>) -> Result<Drawn, TaskError> {
        match source {
            Source::Official { folder, rows, bad_rows } => {
                official::load((folder, rows.as_deref()), *bad_rows, tokens, limit)
            }
            Source::Generated { seed, split, asking } => {
                Ok(twin::generate(*seed, *split, *asking, tokens, limit).into())
            }
        }
    }

    fn score(
        &self,
        sample: &Sample,
        transcript: &Transcript,
        _: &dyn Judge,
        scoring: Scoring,
    ) -> Result<Score, TaskError> {
        let gold = Gold::read(&sample.gold).map_err(|problem| TaskError::unusable(sample, problem))?;
        let switches = Switches::from(scoring);
        let rules = Rules { classes: &gold.classes, ratio: gold.ratio, question: &gold.question, switches: &switches };
        let reply = match switches.clean_reply && gold.set.metric != Metric::Code {
            true => Cow::Owned(record::clean(transcript.last_reply())),
            false => Cow::Borrowed(transcript.last_reply()),
        };
        let (mut value, best) = score(gold.set, &reply, &gold.answers, &rules);
        let mut metrics = Vec::new();
        if let Some(facts) = facts(&sample.gold, &reply) {
            metrics.push(("facts", facts.exact));
            if switches.all_facts {
                value = facts.in_any_words * brevity(&reply, gold.answers.get(best).map_or("", String::as_str));
            }
        }
        metrics.push(("score", value));
        let reason = reason(&gold, &reply, (value, best));
        let score = scored(sample, value, metrics, reason);
        Ok(with_form(score, scoring, formed(gold.set, &reply), !reply.trim().is_empty()))
    }
}

struct Gold {
    set: &'static Set,
    answers: Vec<String>,
    classes: Vec<String>,
    ratio: Ratio,
    question: String,
}

impl Gold {
    fn read(gold: &Value) -> Result<Self, &'static str> {
        let texts = |key: &str| -> Vec<String> {
            gold[key].as_array().into_iter().flatten().filter_map(|text| text.as_str().map(str::to_owned)).collect()
        };
        let set = gold["set"].as_str().and_then(find).ok_or("its gold names no set of LongBench")?;
        let answers = texts("answers");
        if answers.is_empty() {
            return Err("its gold has no answers");
        }
        let ratio = if gold["code_ratio"] == "indel" { Ratio::Indel } else { Ratio::Difflib };
        let question = gold["question"].as_str().unwrap_or_default().to_owned();
        Ok(Self { set, answers, classes: texts("all_classes"), ratio, question })
    }
}

/// The share of the twin's facts that a summary states.
struct Facts {
    /// Letter by letter.
    exact: f64,
    /// Their content words in order, near each other.
    in_any_words: f64,
}

/// `None` where the gold lists no facts.
fn facts(gold: &Value, reply: &str) -> Option<Facts> {
    let facts: Vec<&str> = gold["facts"].as_array()?.iter().filter_map(Value::as_str).collect();
    let words = content(reply);
    let is_there = |fact: &&&str| {
        let mut wanted = content(fact);
        wanted.retain(|word| word != "will");
        last_place(&words, &wanted).is_some()
    };
    let share = |count: usize| count as f64 / facts.len().max(1) as f64;
    Some(Facts {
        exact: share(facts.iter().filter(|fact| reply.contains(**fact)).count()),
        in_any_words: share(facts.iter().filter(is_there).count()),
    })
}

/// 1 for up to twice as many words as the right summary has; less for more.
fn brevity(reply: &str, summary: &str) -> f64 {
    let words = |text: &str| text.split_whitespace().count();
    (2.0 * words(summary) as f64 / words(reply).max(1) as f64).min(1.0)
}

/// Whether a reply to the twin's question has the form that it asks for; one to another set that is not empty has.
fn formed(set: &Set, reply: &str) -> bool {
    let reply = reply.trim();
    let short = !reply.is_empty() && !reply.contains('\n') && reply.split_whitespace().count() <= 5;
    match set.name {
        "counting" => !reply.is_empty() && reply.trim_end_matches('.').bytes().all(|byte| byte.is_ascii_digit()),
        "retrieval" => {
            let number = reply.trim_end_matches('.').strip_prefix("Paragraph ").unwrap_or(reply);
            !number.is_empty() && number.bytes().all(|byte| byte.is_ascii_digit())
        }
        "document_qa" | "multi_document_qa" => short,
        "few_shot" => set.judged(reply).split_whitespace().count() == 1,
        _ => !reply.is_empty(),
    }
}

/// `qa_f1 0.40 against "Oslo"; replied "in Oslo, Norway"`
fn reason(gold: &Gold, reply: &str, (value, best): (f64, usize)) -> String {
    if reply.trim().is_empty() {
        return "empty reply".to_owned();
    }
    let metric = gold.set.metric.name();
    let answer = short(gold.answers.get(best).map_or("", String::as_str));
    format!("{metric} {value:.2} against {answer:?}; replied {:?}", short(gold.set.judged(reply)))
}

/// The first 60 characters.
fn short(text: &str) -> String {
    let text = text.trim();
    match text.char_indices().nth(60) {
        Some((end, _)) => format!("{}…", &text[..end]),
        None => text.to_owned(),
    }
}
