//! ScienceWorld's own calls.

use std::collections::BTreeSet;
use std::path::Path;

use serde::{Deserialize, Serialize};
use serde_json::Value as Json;

use super::child::{Process, java};
use super::line::{Limits, Line};
use super::protocol::{Argument, Value, call, construct, value};
use super::{EngineError, short};

/// The class through which other programs use ScienceWorld.
const CLASS: &str = "scienceworld.runtime.pythonapi.PythonInterface";

/// Which task is played.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Script {
    /// ScienceWorld's name of it: `boil`.
    pub task: String,
    /// Its variation.
    pub variation: i32,
    /// What is made simpler, with commas between.
    pub simplifications: String,
}

/// A running ScienceWorld.
pub struct Engine {
    line: Line,
    object: String,
    /// Ended after the line to it is closed.
    _process: Process,
}

impl Engine {
    /// Starts the engine of a jar.
    ///
    /// # Errors
    /// A Java that is not there or does not start, a jar without the engine.
    pub fn start(jar: &Path, limits: Limits) -> Result<Self, EngineError> {
        let (process, port) = Process::start(&java(), jar, limits.start)?;
        let mut line = Line::connect(port, limits)?;
        let answer = line.ask(&construct(CLASS), "a new world")?;
        let wrong = |said: String| EngineError::Answer { what: "a new world".to_owned(), said: short(&said) };
        match value(&answer).map_err(wrong)? {
            Value::Object(object) => Ok(Self { line, object, _process: process }),
            other => Err(wrong(format!("{other:?}"))),
        }
    }

    /// Loads a task and goes to its beginning: what is to be seen there.
    ///
    /// # Errors
    /// An engine that does not answer, or that does not know the task.
    pub fn load(&mut self, script: &Script) -> Result<String, EngineError> {
        let arguments = [
            Argument::Text(&script.task),
            Argument::Int(script.variation),
            Argument::Text(&script.simplifications),
            Argument::Bool(false),
        ];
        let said = self.text("load", &arguments)?;
        if said.contains("ERROR") {
            return Err(EngineError::Answer { what: format!("the task {:?}", script.task), said: short(&said) });
        }
        self.text("reset", &[])?;
        self.step("look around")
    }

    /// Does an action: what is to be seen then.
    ///
    /// # Errors
    /// An engine that does not answer.
    pub fn step(&mut self, action: &str) -> Result<String, EngineError> {
        self.text("step", &[Argument::Text(action)])
    }

    /// What the agent holds.
    ///
    /// # Errors
    /// An engine that does not answer.
    pub fn inventory(&mut self) -> Result<String, EngineError> {
        self.text("freeActionInventory", &[])
    }

    /// The forms of actions, sorted: `pick up OBJ`.
    ///
    /// # Errors
    /// An engine that does not answer.
    pub fn forms(&mut self) -> Result<BTreeSet<String>, EngineError> {
        let all = self.json("getPossibleActionsWithIDs")?;
        Ok(texts(&all, "action_example"))
    }

    /// Every action that can be done now, as ScienceWorld writes it.
    ///
    /// # Errors
    /// An engine that does not answer.
    pub fn possible(&mut self) -> Result<BTreeSet<String>, EngineError> {
        let all = self.json("getValidActionObjectCombinationsJSON")?;
        Ok(texts(&all["validActions"], "action"))
    }

    fn json(&mut self, method: &str) -> Result<Json, EngineError> {
        let text = self.text(method, &[])?;
        serde_json::from_str(&text).map_err(|_| EngineError::Answer { what: method.to_owned(), said: short(&text) })
    }

    fn text(&mut self, method: &str, arguments: &[Argument<'_>]) -> Result<String, EngineError> {
        let answer = self.line.ask(&call(&self.object, method, arguments), method)?;
        match value(&answer) {
            Ok(Value::Text(text)) => Ok(text),
            Ok(Value::Nothing) => Ok(String::new()),
            Ok(other) => Err(EngineError::Answer { what: method.to_owned(), said: short(&format!("{other:?}")) }),
            Err(said) => Err(EngineError::Answer { what: method.to_owned(), said: short(&said) }),
        }
    }
}

fn texts(rows: &Json, key: &str) -> BTreeSet<String> {
    let rows = rows.as_array().into_iter().flatten();
    rows.filter_map(|row| row[key].as_str().map(str::to_owned)).collect()
}
