//! T-Eval (Chen et al. 2024): the skills that using tools takes, one by one.

use std::borrow::Cow;

use record::{Capability, Decided, Message, Sample, Score, Scoring, Transcript};
use serde_json::Value as Json;

use super::deviations::TABLE;
use super::form::formed;
use super::next_call::{NextCall, all_three, reason, retrieve, understand};
use super::plan::Plan;
use super::review::Answer;
use super::{COLUMNS, Gold, Judgment, Mistake, Switches, clean, instruct, official, own_turn, plan, review, twin};
use crate::{Drawn, Judge, Source, Task, TaskError, TaskInfo, Tokens, scored, with_form};

/// The tasks of T-Eval. Of two forms of a task each sample has one, in its tag `format`.
///
/// | task | asks for | value | gold |
/// |---|---|---|---|
/// | `Instruct` | a call in a prescribed form, JSON or string | mean of `format` and `args_em` | `response_format`, `template`, `ground_truth` |
/// | `Plan` | all calls in order, JSON or lines | `f1` | `prompt_type`, `API_list`, `ground_truth` |
/// | `Reason` | the next thought | `thought` | `ground_truth` |
/// | `Retrieve` | the next tool | `name` | `ground_truth` |
/// | `Understand` | the next arguments | `args` | `ground_truth` |
/// | `Rru` | these three in JSON | mean of `thought`, `name` and `args` | `ground_truth` |
/// | `Review` | what came of a call, a letter | `review_quality` | `response_format`, `answer` |
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[expect(missing_docs, reason = "each has its row in the table above")]
pub enum Teval {
    Instruct,
    Plan,
    Reason,
    Retrieve,
    Understand,
    Rru,
    Review,
}

impl Teval {
    /// All of them, in T-Eval's order.
    pub const ALL: [Teval; 7] =
        [Teval::Instruct, Teval::Plan, Teval::Reason, Teval::Retrieve, Teval::Understand, Teval::Rru, Teval::Review];

    /// Judges a reply that has been cleaned up. `prompt` is what it replied to: its tools are known ones.
    ///
    /// # Errors
    /// A gold of another task, in words. A reply of any content gets a judgment.
    pub fn judge(
        self,
        gold: &Json,
        prompt: &[Message],
        reply: &str,
        judge: &dyn Judge,
        switches: &Switches,
    ) -> Result<Judgment, String> {
        let whole;
        let reply = match switches.clean_reply {
            true => {
                whole = record::clean(reply);
                &whole
            }
            false => reply,
        };
        let judgment = self.judged(gold, prompt, reply, judge, switches)?;
        // Full-width signs may be the answer's own, or stand for those that the form asks for.
        match record::half_width(reply) {
            Cow::Owned(half) if switches.clean_reply && judgment.value < 1.0 => {
                let other = self.judged(gold, prompt, &half, judge, switches)?;
                Ok(if other.value > judgment.value { other } else { judgment })
            }
            _ => Ok(judgment),
        }
    }

    fn judged(
        self,
        gold: &Json,
        prompt: &[Message],
        reply: &str,
        judge: &dyn Judge,
        switches: &Switches,
    ) -> Result<Judgment, String> {
        Ok(match self {
            Teval::Instruct => instruct::judge(&Gold::read(gold)?, prompt, reply, switches),
            Teval::Plan => plan::judge(&Plan::read(gold)?, prompt, reply, judge, switches),
            Teval::Reason => reason(&NextCall::read(gold)?, reply, judge, switches),
            Teval::Retrieve => retrieve(&NextCall::read(gold)?, prompt, reply, switches),
            Teval::Understand => understand(&NextCall::read(gold)?, prompt, reply, switches),
            Teval::Rru => all_three(&NextCall::read(gold)?, prompt, reply, judge, switches),
            Teval::Review => review::judge(&Answer::read(gold)?, prompt, reply, switches),
        })
    }
}

/// What the rows of all seven share.
const SHARED: TaskInfo = TaskInfo {
    name: "",
    capability: Capability::ToolUse,
    about: "",
    official: &[],
    apart: false,
    judged: false,
    named_only: false,
    columns: COLUMNS,
    deviations: Some(TABLE),
    oracle: |sample| vec![twin::answer(sample)],
};

/// The rows, in the order of [`Teval::ALL`].
static INFO: [TaskInfo; 7] = [
    TaskInfo {
        name: "teval_instruct",
        about: "call the right tool with the right arguments in a prescribed form (T-Eval instruct)",
        official: &[official::files(&["instruct_v2.json"])],
        ..SHARED
    },
    TaskInfo {
        name: "teval_plan",
        about: "plan all calls that a goal needs, in order (T-Eval plan)",
        official: &[official::files(&["plan_json_v2.json", "plan_str_v2.json"])],
        judged: true,
        ..SHARED
    },
    TaskInfo {
        name: "teval_reason",
        about: "think of what to do next in a task under way (T-Eval reason)",
        official: &[official::files(&["reason_str_v2.json"])],
        judged: true,
        ..SHARED
    },
    TaskInfo {
        name: "teval_retrieve",
        about: "name the tool to call next (T-Eval retrieve)",
        official: &[official::files(&["retrieve_str_v2.json"])],
        ..SHARED
    },
    TaskInfo {
        name: "teval_understand",
        about: "give the arguments of the next call (T-Eval understand)",
        official: &[official::files(&["understand_str_v2.json"])],
        ..SHARED
    },
    TaskInfo {
        name: "teval_rru",
        about: "thought, tool and arguments of the next call in JSON (T-Eval reason-retrieve-understand)",
        official: &[official::files(&["reason_retrieve_understand_json_v2.json"])],
        judged: true,
        ..SHARED
    },
    TaskInfo {
        name: "teval_review",
        about: "tell what came of a call (T-Eval review)",
        official: &[official::files(&["review_str_v2.json"])],
        ..SHARED
    },
];

impl Task for Teval {
    fn info(&self) -> &'static TaskInfo {
        &INFO[*self as usize]
    }

    fn samples(&self, source: &Source, _tokens: &dyn Tokens, limit: Option<usize>) -> Result<Drawn, TaskError> {
        match source {
            Source::Official { folder, bad_rows, .. } => official::load(*self, folder, *bad_rows, limit),
            Source::Generated { seed, split, asking } => {
                Ok(Drawn::lazily(twin::generate(*self, *seed, *split, *asking, limit)))
            }
        }
    }

    fn decided(&self, sample: &Sample, reply: &str) -> Vec<Decided> {
        Teval::decided(*self, &sample.question(), reply)
    }

    fn score(
        &self,
        sample: &Sample,
        transcript: &Transcript,
        judge: &dyn Judge,
        scoring: Scoring,
    ) -> Result<Score, TaskError> {
        let switches = Switches::from(scoring);
        let reply = match switches.clean_reply {
            true => own_turn(transcript.last_reply()),
            false => clean(transcript.last_reply()),
        };
        let judgment = self.judge(&sample.gold, &sample.question(), reply, judge, &switches);
        let Judgment { value, metrics, mistake, reason } =
            judgment.map_err(|problem| TaskError::unusable(sample, problem))?;
        let formed = formed(*self, &sample.gold, &record::clean(reply));
        let read = formed || !matches!(mistake, Some(Mistake::NoCall | Mistake::Malformed(_)));
        let fault = mistake.map(|mistake| mistake.kind());
        let score = Score { fault, ..scored(sample, value.min(1.0), metrics, reason) };
        Ok(with_form(score, scoring, formed, read))
    }
}
