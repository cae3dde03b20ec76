//! The real engine as a world, by AgentBoard's rules.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use serde_json::{Value, json};

use super::engine::{Engine, EngineError, Limits, Script};
use super::subgoals::Subgoals;
use crate::real_world::agent::{Effect, Progress, World};

/// The action that asks for help.
pub const CHECK: &str = "check valid actions";

/// What is played, and how far one is.
pub struct Lab {
    jar: PathBuf,
    script: Script,
    limits: Limits,
    goal: String,
    opening: String,
    help: String,
    subgoals: Subgoals,
    /// `None` once it broke down for good.
    engine: Option<Engine>,
    stopped: Option<String>,
    /// What was done, and what was seen then.
    past: Vec<(String, String)>,
    /// What can be done now.
    possible: BTreeSet<String>,
    valid_before: usize,
}

impl Lab {
    /// Starts the engine, and goes to the beginning of a task.
    ///
    /// # Errors
    /// An engine that does not start, twice; a task that it does not know.
    pub fn open(
        jar: &Path,
        script: &Script,
        goal: String,
        subgoals: Subgoals,
        limits: Limits,
    ) -> Result<Self, EngineError> {
        let begun = begin(jar, script, limits).or_else(|_| begin(jar, script, limits))?;
        Ok(Self {
            jar: jar.to_owned(),
            script: script.clone(),
            limits,
            goal,
            opening: begun.opening,
            help: begun.help,
            subgoals,
            engine: Some(begun.engine),
            stopped: None,
            past: Vec::new(),
            possible: begun.possible,
            valid_before: 0,
        })
    }

    /// What the engine says to an action, and what can be done then. An engine that breaks down is started again and led
    /// through what was done, once; it must say what it said.
    fn ask(&mut self, action: &str) -> Result<Answer, String> {
        let Some(engine) = &mut self.engine else { return Err(self.stopped.clone().unwrap_or_default()) };
        let first = match answer(engine, action) {
            Ok(answer) => return Ok(answer),
            Err(error) => error,
        };
        self.engine = None;
        let mut engine = self.again().map_err(|why| format!("{first}; {why}"))?;
        let answer = answer(&mut engine, action).map_err(|error| format!("{error}, and did so twice"))?;
        self.engine = Some(engine);
        Ok(answer)
    }

    /// A new engine that was led through what was done.
    fn again(&self) -> Result<Engine, String> {
        let fail = |error: EngineError| format!("started again, {error}");
        let mut begun = begin(&self.jar, &self.script, self.limits).map_err(fail)?;
        let differs = || "started again, the engine says something else than before".to_owned();
        if begun.opening != self.opening {
            return Err(differs());
        }
        for (action, seen) in &self.past {
            let again = answer(&mut begun.engine, action).map_err(fail)?;
            if again.observation != *seen {
                return Err(differs());
            }
        }
        Ok(begun.engine)
    }

    /// Does an action.
    fn step(&mut self, action: &str) -> Result<Effect, String> {
        if action == CHECK {
            self.valid_before += 1;
            return Ok(Effect { observation: self.help.clone(), valid: true, action: None });
        }
        let Answer { observation, possible } = self.ask(action)?;
        self.subgoals.look(&observation);
        self.valid_before += usize::from(self.possible.contains(action));
        let valid = possible.contains(action);
        self.possible = possible;
        self.past.push((action.to_owned(), observation.clone()));
        Ok(Effect { observation, valid, action: None })
    }
}

/// What AgentBoard says to who asks for help. The engine has its forms in no order; here they are sorted.
pub fn help(forms: &BTreeSet<String>) -> String {
    let own = forms.iter().map(String::as_str).filter(|form| !form.contains("reset"));
    let forms: Vec<&str> = own.chain([CHECK]).collect();
    format!("Choose an action from these valid actions: {}", forms.join(", "))
}

struct Begun {
    engine: Engine,
    opening: String,
    help: String,
    possible: BTreeSet<String>,
}

fn begin(jar: &Path, script: &Script, limits: Limits) -> Result<Begun, EngineError> {
    let mut engine = Engine::start(jar, limits)?;
    let room = engine.load(script)?;
    let opening = format!("{room}\n{}", engine.inventory()?);
    let (help, possible) = (help(&engine.forms()?), engine.possible()?);
    Ok(Begun { engine, opening, help, possible })
}

struct Answer {
    observation: String,
    possible: BTreeSet<String>,
}

fn answer(engine: &mut Engine, action: &str) -> Result<Answer, EngineError> {
    let observation = engine.step(action)?;
    Ok(Answer { observation, possible: engine.possible()? })
}

impl World for Lab {
    fn goal(&self) -> String {
        self.goal.clone()
    }

    fn observe(&self) -> String {
        self.opening.clone()
    }

    fn help(&self) -> &'static str {
        CHECK
    }

    fn has_inventory(&self) -> bool {
        true
    }

    fn over(&self) -> bool {
        self.stopped.is_some() || self.progress().won
    }

    fn stopped(&self) -> Option<String> {
        self.stopped.clone()
    }

    fn act(&mut self, said: &str) -> Effect {
        self.step(said.trim()).unwrap_or_else(|why| {
            self.engine = None;
            self.stopped = Some(why);
            Effect::default()
        })
    }

    fn progress(&self) -> Progress {
        let (met, goals) = (self.subgoals.met(), self.subgoals.count());
        let share = met as f64 / goals.max(1) as f64;
        Progress { best: share, now: share, won: goals > 0 && met == goals, met, goals }
    }

    /// How many actions were possible before they were done; the agent counts those that are possible after.
    fn more(&self) -> Value {
        json!({"valid_before": self.valid_before})
    }
}
