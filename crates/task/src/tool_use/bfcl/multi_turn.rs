//! Whether a conversation with services went as it should: the state and the results after each turn against those of the
//! right calls.

use std::borrow::Cow;

use serde::{Deserialize, Serialize};
use serde_json::Value as Json;

use super::Switches;
use super::service::{Extensions, Instances, Setting};
use crate::python::Value;

/// What an entry of several turns wants.
#[derive(Debug, Clone)]
pub struct Conversation {
    /// The services that are involved.
    pub classes: Vec<String>,
    /// Their scenarios.
    pub scenarios: Json,
    /// The right calls of each turn.
    pub gold: Vec<Vec<String>>,
}

impl Conversation {
    /// Reads an entry and its `ground_truth`.
    ///
    /// # Errors
    /// What is not as the benchmark has it.
    pub fn read(entry: &Json, truth: &Json) -> Result<Self, String> {
        let classes = serde_json::from_value(entry["involved_classes"].clone());
        let gold = serde_json::from_value(truth.clone());
        Ok(Self {
            classes: classes.map_err(|error| format!("\"involved_classes\": {error}"))?,
            scenarios: entry["initial_config"].clone(),
            gold: gold.map_err(|error| format!("\"ground_truth\": {error}"))?,
        })
    }

    /// New instances.
    ///
    /// # Errors
    /// Scenarios that cannot be loaded.
    pub fn instances(&self, long: Option<&Extensions>, switches: &Switches) -> Result<Instances, String> {
        Instances::new(&self.classes, &Setting { scenarios: &self.scenarios, long, switches })
    }
}

/// What went wrong in a conversation.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Fault {
    /// The reference's name of it: `multi_turn:instance_state_mismatch`.
    pub kind: Cow<'static, str>,
    /// The turn, from 0.
    pub turn: usize,
    /// The service whose state is wrong.
    pub class: Option<String>,
    /// Its attributes that are wrong, in alphabetical order.
    pub attributes: Vec<String>,
    /// How many results are missing.
    pub missing: usize,
}

impl Fault {
    fn new(kind: &'static str, turn: usize) -> Self {
        Self { kind: Cow::Borrowed(kind), turn, class: None, attributes: Vec::new(), missing: 0 }
    }
}

/// What is known of a conversation after all its turns.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub struct Course {
    /// What went wrong first; nothing if all is right.
    pub fault: Option<Fault>,
    /// After which turns, from 0, the state was not the right one.
    pub wrong_states: Vec<usize>,
    /// Whether the state was right again after the last turn, having been wrong before.
    pub recovered: bool,
    /// Calls that raised or were refused, by turn.
    pub refused: Vec<usize>,
    /// Calls, by turn.
    pub calls: Vec<usize>,
    /// Calls that repeat the one before them.
    pub repeated: usize,
    /// Turns in which nothing was to be called.
    pub idle_turns: usize,
    /// Those of them whose calls changed a state.
    pub disturbed: usize,
    /// Whether what is wrong with the state is in texts that the model wrote, and nothing else.
    pub only_texts: bool,
}

/// Follows a conversation: `turns` has the calls of each step of each turn.
///
/// # Errors
/// Scenarios that cannot be loaded.
pub fn follow(
    turns: &[Vec<Vec<String>>],
    conversation: &Conversation,
    long: Option<&Extensions>,
    switches: &Switches,
) -> Result<Course, String> {
    let mut course = Course::default();
    if turns.len() != conversation.gold.len() {
        let turn = turns.len().min(conversation.gold.len().saturating_sub(1));
        course.fault = Some(Fault::new("multi_turn:force_terminated", turn));
    }
    let mut own = conversation.instances(long, switches)?;
    let mut right = Right::default();
    let mut results: Vec<String> = Vec::new();
    let mut last_call = "";
    for (turn, (steps, gold)) in turns.iter().zip(&conversation.gold).enumerate() {
        let idle = gold.is_empty();
        let before = (idle && steps.iter().any(|calls| !calls.is_empty())).then(|| states(&own, &conversation.classes));
        let first = results.len();
        let mut refused = 0;
        for call in steps.iter().flatten() {
            let result = own.execute(call);
            refused += usize::from(Instances::refused(&result));
            course.repeated += usize::from(call == last_call);
            last_call = call;
            results.push(result);
        }
        course.calls.push(steps.iter().flatten().count());
        course.refused.push(refused);
        let (wanted, wrong, texts) = if right.is_followed_by(steps, gold) {
            (results[first..].to_vec(), None, false)
        } else {
            let right = right.apart(conversation, long, switches)?;
            let wanted: Vec<String> = gold.iter().map(|call| right.execute(call)).collect();
            let wrong = state_fault(&own, right, &conversation.classes, turn);
            let texts = course.fault.is_none() && wrong.is_some() && only_texts(&own, right, &conversation.classes);
            (wanted, wrong, texts)
        };
        if idle {
            course.idle_turns += 1;
            course.disturbed += usize::from(before.is_some_and(|before| before != states(&own, &conversation.classes)));
        } else if course.fault.is_none() {
            course.only_texts = texts;
            course.fault = turn_fault(steps, &wanted, &results, wrong.clone(), turn);
        }
        course.recovered = wrong.is_none() && !course.wrong_states.is_empty();
        if wrong.is_some() {
            course.wrong_states.push(turn);
        }
    }
    Ok(course)
}

/// The services as the right calls leave them. As long as the very same calls were made they are the model's own: what a
/// service does depends on its calls alone.
#[derive(Default)]
struct Right<'a> {
    /// The right calls of the turns in which nothing else was called.
    calls: Vec<&'a String>,
    /// The services, once something else was called.
    instances: Option<Instances>,
}

impl<'a> Right<'a> {
    /// Whether the same was called as is right, in this turn and all before.
    fn is_followed_by(&mut self, steps: &[Vec<String>], gold: &'a [String]) -> bool {
        let same = self.instances.is_none() && steps.iter().flatten().eq(gold);
        if same {
            self.calls.extend(gold);
        }
        same
    }

    /// The services apart from the model's own.
    fn apart(
        &mut self,
        conversation: &Conversation,
        long: Option<&Extensions>,
        switches: &Switches,
    ) -> Result<&mut Instances, String> {
        match &mut self.instances {
            Some(instances) => Ok(instances),
            none => {
                let mut instances = conversation.instances(long, switches)?;
                self.calls.iter().for_each(|call| drop(instances.execute(call)));
                Ok(none.insert(instances))
            }
        }
    }
}

fn turn_fault(
    steps: &[Vec<String>],
    wanted: &[String],
    results: &[String],
    wrong: Option<Fault>,
    turn: usize,
) -> Option<Fault> {
    let empty = match steps {
        [] => true,
        [only] => only.is_empty() || matches!(only.as_slice(), [call] if call.is_empty()),
        _ => false,
    };
    if empty {
        return Some(Fault::new("multi_turn:empty_turn_model_response", turn));
    }
    if wrong.is_some() {
        return wrong;
    }
    let mut left: Vec<&String> = results.iter().collect();
    let mut missing = 0;
    for result in wanted {
        match left.iter().position(|other| *other == result) {
            Some(at) => {
                left.swap_remove(at);
            }
            None => missing += 1,
        }
    }
    (missing > 0).then(|| Fault { missing, ..Fault::new("multi_turn:execution_response_mismatch", turn) })
}

/// The states of all classes.
fn states(of: &Instances, classes: &[String]) -> Vec<Vec<(&'static str, Value)>> {
    classes.iter().map(|class| of.state(class)).collect()
}

fn differences(own: &Instances, right: &Instances, class: &str) -> Vec<(&'static str, Value, Value)> {
    let pairs = own.state(class).into_iter().zip(right.state(class));
    pairs.filter(|((_, a), (_, b))| a != b).map(|((name, a), (_, b))| (name, a, b)).collect()
}

/// The first class whose state differs, and in what.
fn state_fault(own: &Instances, right: &Instances, classes: &[String], turn: usize) -> Option<Fault> {
    classes.iter().find_map(|class| {
        let mut attributes: Vec<String> =
            differences(own, right, class).into_iter().map(|(name, _, _)| name.to_owned()).collect();
        attributes.sort();
        let fault = Fault::new("multi_turn:instance_state_mismatch", turn);
        (!attributes.is_empty()).then(|| Fault { class: Some(class.clone()), attributes, ..fault })
    })
}

/// Whether all that differs are texts with blanks in them: messages, posts, descriptions.
fn only_texts(own: &Instances, right: &Instances, classes: &[String]) -> bool {
    fn alike(a: &Value, b: &Value) -> bool {
        match (a, b) {
            (Value::Text(a), Value::Text(b)) => a == b || a.contains(&b' ') && b.contains(&b' '),
            (Value::List(a), Value::List(b)) => a.len() == b.len() && a.iter().zip(b).all(|(a, b)| alike(a, b)),
            (Value::Dict(a), Value::Dict(b)) => {
                a.len() == b.len() && a.iter().all(|(key, a)| b.iter().any(|(other, b)| key == other && alike(a, b)))
            }
            (a, b) => a == b,
        }
    }
    classes.iter().all(|class| differences(own, right, class).iter().all(|(_, a, b)| alike(a, b)))
}
