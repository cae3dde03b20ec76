//! T-Eval (Chen et al. 2024), instruct: call a tool in a prescribed form.

use record::{Capability, Sample, Score, Scoring, Transcript};

use super::instruct::judge;
use super::{Fault, Gold, Judgment, Switches, clean, official};
use crate::{Drawn, Judge, Source, Task, TaskError, Tokens, scored};

/// T-Eval instruct: name the tool and its arguments in the form that the prompt prescribes.
///
/// Metrics: `format` (1 where the reply has the form) and `args_em` (share of the tool's name and the arguments that
/// are right). The value is their mean, as in T-Eval's summary. Sample gold: `{"response_format": "string" or
/// "json", "template": {..}, "ground_truth": {"action": .., "args": {..}}}`.
pub struct TevalInstruct;

impl Task for TevalInstruct {
    fn name(&self) -> &'static str {
        "teval_instruct"
    }

    fn capability(&self) -> Capability {
        Capability::ToolUse
    }

    fn about(&self) -> &'static str {
        "call the right tool with the right arguments in a prescribed form (T-Eval instruct)"
    }

    fn samples(&self, source: &Source, _tokens: &dyn Tokens, limit: Option<usize>) -> Result<Drawn, TaskError> {
        match source {
            Source::Official { folder, bad_rows } => official::load(folder, *bad_rows, limit),
            Source::Generated { seed, split } => Ok(super::twin::generate(*seed, *split, limit).into()),
        }
    }

    fn score(
        &self,
        sample: &Sample,
        transcript: &Transcript,
        _judge: &dyn Judge,
        scoring: Scoring,
    ) -> Result<Score, TaskError> {
        let gold = Gold::read(&sample.gold).map_err(|problem| TaskError::Sample {
            task: self.name().to_owned(),
            sample: sample.id.clone(),
            problem,
        })?;
        let Judgment { format, args_em, fault } =
            judge(&gold, clean(transcript.last_reply()), &Switches::from(scoring));
        let format = f64::from(u8::from(format));
        let metrics = vec![("format", format), ("args_em", args_em)];
        Ok(scored(sample, f64::midpoint(format, args_em), metrics, reason(sample, fault)))
    }
}

/// What is wrong, in words. A wrong tool of which the prompt says nothing is a hallucinated one.
fn reason(sample: &Sample, fault: Option<Fault>) -> String {
    match fault {
        None => "the right call".to_owned(),
        Some(Fault::WrongTool { wanted, got })
            if got.is_empty() || !sample.messages.iter().any(|message| message.content.contains(&got)) =>
        {
            format!("hallucinated tool: wanted {wanted}, got {got}, of which the prompt says nothing")
        }
        Some(fault) => fault.to_string(),
    }
}
