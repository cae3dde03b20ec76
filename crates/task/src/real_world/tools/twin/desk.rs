//! A twin's episode: calls in whatever form, told in a chat.

use super::super::progress::credited;
use super::super::service::{Function, Refused, find};
use super::answer::is_answer;
use super::reading::{Wanted, wanted};
use super::scene::{Call, Machine, Scene};
use crate::python::{Value, text};
use crate::real_world::agent::{Effect, Progress, World};

/// The tool that ends an episode, where it gives an answer.
const ANSWERS: Function = Function { name: "finish", keys: &["answer"] };
/// And where it does not.
const ENDS: Function = Function { name: "finish", keys: &[] };

/// What is to be reached.
enum Aim {
    /// Results that bring the answer to light, and the answer.
    Answer { results: Vec<Value>, answer: Value },
    /// A state, and the one at the start.
    State { start: Vec<String>, end: Vec<String> },
}

/// The episode.
pub struct Desk {
    machine: Box<dyn Machine>,
    goal: String,
    aim: Aim,
    tools: Vec<Function>,
    logged: Vec<Value>,
    best: f64,
    finished: bool,
    answered: bool,
}

/// The tools of a scene, with the one that ends.
pub(super) fn tools(scene: &Scene) -> Vec<Function> {
    let (machine, manual) = (scene.machine(), scene.manual());
    let told = |function: &&Function| manual.tools.iter().any(|(name, _)| *name == function.name);
    let end = if matches!(machine.state(), Value::None) { ANSWERS } else { ENDS };
    machine.functions().iter().filter(told).copied().chain([end]).collect()
}

impl Desk {
    /// An episode before its first call. What is to be reached is what the calls that solve it reach.
    pub fn new(scene: &Scene, goal: String, calls: &[Call]) -> Self {
        let (mut solved, machine, tools) = (scene.machine(), scene.machine(), tools(scene));
        let (mut results, mut answer) = (Vec::new(), Value::None);
        for call in calls {
            let input = Value::from(&serde_json::Value::Object(call.arguments.clone()));
            match find(&*solved, &call.name) {
                Some(function) => {
                    let named = solved.named(function, &input).unwrap_or_default();
                    results.extend(solved.call(function.name, &named).ok());
                }
                None => answer = input.get("answer").cloned().unwrap_or(Value::None),
            }
        }
        let aim = match (machine.state(), solved.state()) {
            (Value::None, _) => Aim::Answer { results, answer },
            (start, end) => Aim::State { start: lines(&start), end: lines(&end) },
        };
        Self { machine, goal, aim, tools, logged: Vec::new(), best: 0.0, finished: false, answered: false }
    }

    /// What a call gives, or why it gives nothing.
    fn done(&mut self, call: &Wanted) -> Result<String, String> {
        let Some(tool) = self.tools.iter().find(|tool| tool.name == call.name) else { return Err(self.listed()) };
        if call.name == ENDS.name {
            return self.finish(&call.arguments);
        }
        let named = self.machine.named(tool, &call.arguments);
        let named = named.map_err(|_| format!("{} needs: {}.", tool.name, tool.keys.join(", ")))?;
        match self.machine.call(tool.name, &named) {
            Ok(result) => {
                let shown = text(&result);
                self.logged.push(result);
                Ok(shown)
            }
            Err(Refused::Told(why)) => Err(why),
            Err(Refused::Raised(raised)) => Err(raised.to_string()),
        }
    }

    fn finish(&mut self, arguments: &Value) -> Result<String, String> {
        if let Aim::Answer { answer, .. } = &self.aim {
            let given = arguments.get("answer").ok_or("finish needs: answer.")?;
            self.answered = is_answer(given, answer);
        }
        self.finished = true;
        Ok("The end.".to_owned())
    }

    fn listed(&self) -> String {
        let names: Vec<&str> = self.tools.iter().map(|tool| tool.name).collect();
        format!("The reply is no call of a tool. The tools are {}.", names.join(", "))
    }

    /// Parts that are reached, and all of them.
    fn parts(&self) -> (usize, usize) {
        match &self.aim {
            Aim::Answer { results, .. } if self.answered => (results.len() + 1, results.len() + 1),
            Aim::Answer { results, .. } => (credited(results, &self.logged, false), results.len() + 1),
            Aim::State { start, end } => {
                let now = lines(&self.machine.state());
                let all = apart(start, end).max(1);
                (if now == *end { all } else { all.saturating_sub(apart(&now, end).max(1)) }, all)
            }
        }
    }

    fn won(&self) -> bool {
        let (met, all) = self.parts();
        self.finished && met == all
    }
}

impl World for Desk {
    fn goal(&self) -> String {
        self.goal.clone()
    }

    fn observe(&self) -> String {
        String::new()
    }

    fn help(&self) -> &'static str {
        ""
    }

    fn over(&self) -> bool {
        self.finished
    }

    fn act(&mut self, said: &str) -> Effect {
        let Some(call) = wanted(&self.tools, said) else {
            return Effect { observation: self.listed(), valid: false, action: None };
        };
        let done = self.done(&call);
        let (met, all) = self.parts();
        self.best = self.best.max(met as f64 / all as f64);
        let valid = done.is_ok();
        Effect { observation: done.unwrap_or_else(|why| why), valid, action: Some(form(&call, said)) }
    }

    fn progress(&self) -> Progress {
        let (met, goals) = self.parts();
        Progress { best: self.best, now: met as f64 / goals as f64, won: self.won(), met, goals }
    }
}

/// A state as lines: projects and tasks, or rows.
fn lines(state: &Value) -> Vec<String> {
    match state {
        Value::List(rows) => rows.iter().map(Value::to_string).collect(),
        Value::Dict(parts) => parts.iter().flat_map(|(_, part)| lines(part)).collect(),
        other => vec![other.to_string()],
    }
}

/// How many lines of either state the other lacks.
fn apart(a: &[String], b: &[String]) -> usize {
    let mut left: Vec<&String> = b.iter().collect();
    let mut lacking = 0;
    for line in a {
        match left.iter().position(|other| *other == line) {
            Some(at) => drop(left.swap_remove(at)),
            None => lacking += 1,
        }
    }
    lacking + left.len()
}

/// The call in the form that the instructions show: the reply itself where it has it.
fn form(call: &Wanted, said: &str) -> String {
    match serde_json::from_str::<Call>(said.trim()) {
        Ok(read) if read.name == call.name => said.trim().to_owned(),
        _ => format!("{} {}", call.name, call.arguments),
    }
}
