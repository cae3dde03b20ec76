//! T-Eval's `plan`: the calls that a goal needs, in order, as a JSON list or in lines of text.

mod steps;
mod worth;

use record::Message;

use super::{Judgment, Mistake, Switches};
use crate::Judge;
use crate::measure::f1;
use crate::python::{Value, excerpt};

pub(super) use steps::{FINISH, Plan, truth};
use steps::{MAX_STEPS, Step, finished, stated};
use worth::common;

/// Judges a reply that has been cleaned up. Metrics: `precision`, `recall`, `f1`, `parse_rate`, and
/// `reference_would_crash`, of which the first three are 0 where the last is 1; the value is the F1.
pub(super) fn judge(gold: &Plan, prompt: &[Message], reply: &str, judge: &dyn Judge, switches: &Switches) -> Judgment {
    let (got, broken) = stated(gold, prompt, reply, switches);
    if got.is_empty() || gold.steps.is_empty() {
        return scored([0.0; 3], 0.0, false, Some(broken.unwrap_or(Mistake::NoCall)));
    }
    if got.len() > MAX_STEPS {
        let mistake = Mistake::Malformed(format!("more than {MAX_STEPS} steps, which are not compared"));
        return scored([0.0; 3], 1.0, false, Some(mistake));
    }
    let (got, wanted) = (finished(got), finished(gold.steps.clone()));
    if got.is_empty() || wanted.is_empty() {
        let right = f64::from(u8::from(switches.no_free_match && got.is_empty() && wanted.is_empty()));
        let mistake = mistake(&got, &wanted, prompt);
        return scored([right; 3], 1.0, !switches.no_free_match, mistake);
    }
    let common = common(&got, &wanted, gold, judge, switches);
    let common = if switches.no_free_match { common } else { common.max(1.0) };
    let (precision, recall) = (common / got.len() as f64, common / wanted.len() as f64);
    let f1 = f1(precision, recall);
    let mistake = if f1 == 1.0 { None } else { mistake(&got, &wanted, prompt).or(Some(out_of_place(&got, &wanted))) };
    scored([precision, recall, f1], 1.0, false, mistake)
}

fn scored([precision, recall, f1]: [f64; 3], parsed: f64, crash: bool, mistake: Option<Mistake>) -> Judgment {
    let metrics = vec![
        ("precision", precision),
        ("recall", recall),
        ("f1", f1),
        ("parse_rate", parsed),
        ("reference_would_crash", f64::from(u8::from(crash))),
    ];
    let mut judgment = Judgment::of(f1, metrics, mistake, "the right plan");
    if crash {
        judgment.reason = format!("the reference crashes here: {}", judgment.reason);
    }
    judgment
}

/// A tool that is made up, wrong or missing; `None` where both have the same tools.
fn mistake(got: &[Step], wanted: &[Step], prompt: &[Message]) -> Option<Mistake> {
    let mut rest: Vec<&str> = wanted.iter().map(|step| step.name.as_str()).collect();
    let mut extra = Vec::new();
    for step in got {
        match rest.iter().position(|name| *name == step.name) {
            Some(at) => drop(rest.remove(at)),
            None => extra.push(step),
        }
    }
    let missing = rest.first().copied();
    let wrong = |step: &&Step| {
        let instead = missing.unwrap_or("no further step");
        match wanted.iter().any(|other| other.name == step.name) {
            true => Mistake::WrongTool { wanted: instead.to_owned(), got: step.name.clone() },
            false => Mistake::tool(instead, shown(&step.name), prompt),
        }
    };
    let all: Vec<Mistake> = extra.iter().map(wrong).collect();
    let made_up = all.iter().find(|mistake| matches!(mistake, Mistake::HallucinatedTool { .. }));
    made_up.or(all.first()).cloned().or_else(|| missing.map(|step| Mistake::MissingStep(step.to_owned())))
}

/// The same tools, but in another order or with other arguments.
fn out_of_place(got: &[Step], wanted: &[Step]) -> Mistake {
    let pairs = || got.iter().zip(wanted);
    if let Some((got, wanted)) = pairs().find(|(got, wanted)| got.name != wanted.name) {
        let wanted = format!("{} at this place", wanted.name);
        return Mistake::WrongTool { wanted, got: shown(&got.name) };
    }
    let Some((got, wanted)) = pairs().find(|(got, wanted)| got.args != wanted.args) else {
        return Mistake::Malformed("the plan has other steps".to_owned());
    };
    let name = format!("those of {}", wanted.name);
    Mistake::WrongArgument { name, wanted: Some(shown(&wanted.args)), got: Some(shown(&got.args)), count: 1 }
}

/// What a reason has room for.
fn shown(text: &str) -> String {
    excerpt(&Value::from(text))
}
