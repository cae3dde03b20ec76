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

use record::{Capability, Sample, Score, Scoring, Transcript};
use serde_json::Value;

use super::metric::{Ratio, Rules};
use super::score::score;
use super::sets::{Set, find};
use super::{Switches, official, twin};
use crate::{Drawn, Judge, Source, Task, TaskError, Tokens, scored};

/// Long texts of 21 kinds.
///
/// Metrics: `score` is the value, in [0, 1]; a set's score is its mean times 100. `facts` is there for the twin's
/// summaries only. Sample gold: `{"set": "qasper",
/// "answers": ["..."], "all_classes": null or ["..."]}`.
pub struct LongBench;

impl Task for LongBench {
    fn name(&self) -> &'static str {
        "longbench"
    }

    fn capability(&self) -> Capability {
        Capability::LongContext
    }

    fn about(&self) -> &'static str {
        "questions, summaries, classes, counts and code over long texts (LongBench v1, LongBench-E)"
    }

    /// The hub has the rows, the repository the prompts.
    fn apart(&self) -> bool {
        true
    }

    fn samples(&self, source: &Source, tokens: &dyn Tokens, limit: Option<usize>) -> Result<Drawn, TaskError> {
        match source {
            Source::Official { folder, rows, bad_rows } => {
                official::load((folder, rows.as_deref()), *bad_rows, tokens, limit)
            }
            Source::Generated { seed, split } => Ok(twin::generate(*seed, *split, tokens, limit).into()),
        }
    }

    fn score(
        &self,
        sample: &Sample,
        transcript: &Transcript,
        _: &dyn Judge,
        scoring: Scoring,
    ) -> Result<Score, TaskError> {
        let gold = Gold::read(&sample.gold).map_err(|problem| TaskError::Sample {
            task: self.name().to_owned(),
            sample: sample.id.clone(),
            problem: problem.to_owned(),
        })?;
        let switches = Switches::from(scoring);
        let rules = Rules { classes: &gold.classes, ratio: gold.ratio, switches: &switches };
        let (value, best) = score(gold.set, transcript.last_reply(), &gold.answers, &rules);
        let reason = reason(&gold, transcript.last_reply(), (value, best));
        let mut metrics = vec![("score", value)];
        metrics.extend(facts(&sample.gold, transcript.last_reply()).map(|share| ("facts", share)));
        Ok(scored(sample, value, metrics, reason))
    }
}

struct Gold {
    set: &'static Set,
    answers: Vec<String>,
    classes: Vec<String>,
    ratio: Ratio,
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
        Ok(Self { set, answers, classes: texts("all_classes"), ratio })
    }
}

/// The share of the twin's facts that a summary states as they are; `None` where the gold lists none.
fn facts(gold: &Value, reply: &str) -> Option<f64> {
    let facts: Vec<&str> = gold["facts"].as_array()?.iter().filter_map(Value::as_str).collect();
    let stated = facts.iter().filter(|fact| reply.contains(**fact)).count();
    Some(stated as f64 / facts.len().max(1) as f64)
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
