//! LongGenBench as a task.
//!
//! ```text
//! user:  examples, then 20 or 30 numbered questions
//! reply: Answer_9: ... The answer is 18. Answer_10: ...
//! score: the share of questions answered right
//! ```

use record::{Capability, Column, MeanOf, Metric, Sample, Score, Scoring, Transcript};
use serde_json::Value;

use super::deviations::TABLE;
use super::{Kind, Switches, accuracy, correct, numbered, official, twin};
use crate::{Drawn, Judge, Source, Task, TaskError, TaskInfo, Tokens, scored, with_form};

/// Many questions in one prompt, all answered in one long reply.
///
/// Metrics: `accuracy` is the value; `answered` is the share of questions that have an answer of their number. Sample
/// gold: `{"kind": "number" or "letter", "first": 9, "answers": ["... #### 18" or "B", ..]}`.
pub struct LongGenBench;

/// The columns of the paper's tables 6 and 7.
pub const COLUMNS: &[Column] = &[column("GSM8K", &[metric("gsm8k")]), column("MMLU", &[metric("mmlu")])];

const fn metric(set: &'static str) -> Metric {
    Metric { task: "longgenbench", name: "accuracy", tag: Some(("set", set)), scale: 100.0 }
}

const fn column(name: &'static str, of: &'static [Metric]) -> Column {
    Column { table: "LongGenBench", name, of: MeanOf::Metrics(of) }
}

static INFO: TaskInfo = TaskInfo {
    name: "longgenbench",
    capability: Capability::LongContext,
    about: "answer many questions in one long reply (LongGenBench, SCOPE form)",
    official: official::FILES,
    apart: false,
    judged: false,
    named_only: false,
    columns: COLUMNS,
    deviations: Some(TABLE),
    oracle: |sample| vec![twin::answer(sample)],
};

impl Task for LongGenBench {
    fn info(&self) -> &'static TaskInfo {
        &INFO
    }

    fn samples(&self, source: &Source, tokens: &dyn Tokens, limit: Option<usize>) -> Result<Drawn, TaskError> {
        match source {
            Source::Official { folder, bad_rows, .. } => official::load(folder, *bad_rows, tokens, limit),
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
        let gold = Gold::read(&sample.gold)
            .ok_or_else(|| TaskError::unusable(sample, "its gold has no kind, first number and answers"))?;
        let reply = transcript.last_reply();
        let right = correct(reply, &gold.answers, gold.kind, gold.first, &Switches::from(scoring));
        let said = numbered(reply, gold.kind, &Switches::all(true));
        let strict = Switches { by_number: true, ..Switches::all(false) };
        let formed = numbered(reply, gold.kind, &strict);
        let numbers = gold.first..gold.first + gold.answers.len();
        let silent: Vec<usize> = numbers.clone().filter(|number| !said.contains_key(number)).collect();
        let wrong: Vec<usize> = numbers
            .zip(&right)
            .filter(|(number, right)| !**right && !silent.contains(number))
            .map(|(at, _)| at)
            .collect();
        let value = accuracy(&right);
        let answered = 1.0 - silent.len() as f64 / gold.answers.len() as f64;
        let reason = reason(&right, &wrong, &silent);
        let asked = gold.first..gold.first + gold.answers.len();
        let share = asked.filter(|number| formed.contains_key(number)).count() as f64 / gold.answers.len() as f64;
        let score = scored(sample, value, vec![("accuracy", value), ("answered", answered)], reason);
        Ok(with_form(score, scoring, share, answered))
    }
}

struct Gold {
    kind: Kind,
    first: usize,
    answers: Vec<String>,
}

impl Gold {
    fn read(gold: &Value) -> Option<Self> {
        let kind = match gold["kind"].as_str()? {
            "number" => Kind::Number,
            "letter" => Kind::Letter,
            _ => return None,
        };
        let first = usize::try_from(gold["first"].as_u64()?).ok().filter(|first| *first < 1_000_000)?;
        let answers: Vec<String> =
            gold["answers"].as_array()?.iter().map(|text| text.as_str().map(str::to_owned)).collect::<Option<_>>()?;
        (!answers.is_empty()).then_some(Self { kind, first, answers })
    }
}

/// `17 of 20 right; wrong: 12; no answer: 15, 16`
fn reason(right: &[bool], wrong: &[usize], silent: &[usize]) -> String {
    let list = |name: &str, numbers: &[usize]| match numbers {
        [] => String::new(),
        _ => format!("; {name}: {}", numbers.iter().map(usize::to_string).collect::<Vec<_>>().join(", ")),
    };
    let count = right.iter().filter(|right| **right).count();
    format!("{count} of {} right{}{}", right.len(), list("wrong", wrong), list("no answer", silent))
}
