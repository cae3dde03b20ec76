//! The memory of the agentic part: what is asked in which order, and whether an answer is right.

use serde_json::Value as Json;

use super::Switches;
use super::decode::executable;
use super::service::{Backend, Instances, MemoryService};
use crate::python::{Layout, Value, dumps};

/// The scenarios in the order in which their conversations are held.
pub const SCENARIOS: [&str; 5] = ["customer", "healthcare", "finance", "student", "notetaker"];

/// A memory that a model works on.
pub struct Memory {
    instances: Instances,
    backend: Backend,
}

impl Memory {
    /// An empty memory of a backend, `kv` or `rec_sum`, or that of a snapshot; `None` for others.
    pub fn new(backend: &str, snapshot: Option<&Json>) -> Option<Self> {
        let (_, backend) = *Backend::ALL.iter().find(|(name, _)| *name == backend)?;
        let snapshot = snapshot.map(Value::from);
        let service = MemoryService::new(backend, snapshot.as_ref());
        Some(Self { instances: Instances::of(Box::new(service), false), backend })
    }

    /// The result of a call as text.
    pub fn execute(&mut self, call: &str) -> String {
        self.instances.execute(call)
    }

    fn stored(&self) -> Value {
        let class = self.instances.classes().first().copied().unwrap_or_default();
        self.instances.state(class).into_iter().next().map_or(Value::None, |(_, snapshot)| snapshot)
    }

    fn service(&self) -> MemoryService {
        MemoryService::new(self.backend, Some(&self.stored()))
    }

    /// What a model is shown of it before it begins.
    pub fn context(&self) -> String {
        let part = match self.backend {
            Backend::KeyValue => "core memory",
            Backend::Summary => "memory",
        };
        self.service().context().unwrap_or_else(|| format!("There is no content in the {part} at this point."))
    }

    /// The text of the file that the reference keeps it in.
    pub fn snapshot(&self) -> String {
        dumps(&self.stored(), Layout { indent: Some(4), sorted: false }).unwrap_or_default()
    }

    /// How many entries it holds and how many it may: at hand, in the archive.
    pub fn fill(&self) -> [(usize, usize); 2] {
        self.service().fill()
    }
}

/// The files, by their paths, that the reference writes after an entry: none after a question.
pub fn files(id: &str, backend: &str, memory: &Memory) -> Vec<(String, String)> {
    if !id.contains("prereq") {
        return Vec::new();
    }
    let folder = format!("agentic/memory/{backend}/memory_snapshot");
    let scenario = id.split('-').nth(1).unwrap_or_default();
    let text = memory.snapshot();
    vec![
        (format!("{folder}/prereq_checkpoints/{id}.json"), text.clone()),
        (format!("{folder}/{scenario}_final.json"), text),
    ]
}

/// The id of an entry for a backend: `memory_kv_0-customer-0`.
pub fn id_for(id: &str, backend: &str) -> String {
    id.replace("memory", &format!("memory_{backend}"))
}

/// The ids that an entry depends on: the earlier conversations of its scenario, all of them for a question.
pub fn depends_on(id: &str, conversations: &[String]) -> Vec<String> {
    let scenario = |id: &str| id.split('-').nth(1).unwrap_or_default().to_owned();
    let own = conversations.iter().filter(|other| scenario(other) == scenario(id));
    own.take_while(|other| *other != id).cloned().collect()
}

/// A text without `, . / - _ * ^ ( )`, in lower case, with double quotes for single ones.
fn plain(text: &str) -> String {
    let signs = |c: &char| !matches!(c, ',' | '.' | '/' | '-' | '_' | '*' | '^' | '(' | ')');
    text.chars().filter(signs).collect::<String>().to_lowercase().replace('\'', "\"")
}

/// Whether an accepted answer stands in a message between the bounds of words.
///
/// ```
/// use task::tool_use::bfcl::memory::answered;
/// assert!(answered("The answer is (Michael).", &["Michael".into()]));
/// assert!(!answered("Michaels", &["Michael".into()]));
/// ```
pub fn answered(message: &str, accepted: &[String]) -> bool {
    let message = plain(message);
    accepted.iter().any(|answer| stands_in(&plain(answer), &message))
}

fn stands_in(answer: &str, message: &str) -> bool {
    let word = |c: Option<char>| c.is_some_and(|c| c.is_alphanumeric() || c == '_');
    if answer.is_empty() {
        return message.chars().any(|c| word(Some(c)));
    }
    let bound = |at: usize| word(message[..at].chars().next_back()) != word(message[at..].chars().next());
    let places = message.char_indices().map(|(at, _)| at).filter(|at| message[*at..].starts_with(answer));
    places.into_iter().any(|at| bound(at) && bound(at + answer.len()))
}

/// The message that answers: the last step of the turn that calls nothing.
///
/// # Errors
/// The reference's name of what is missing.
pub fn last_message<'t>(turns: &'t [Vec<String>], switches: &Switches) -> Result<&'t str, &'static str> {
    let [steps] = turns else { return Err("agentic:inference_error") };
    let said = |step: &&String| executable(step, switches).is_none_or(|calls| calls.is_empty());
    match steps.iter().rev().find(said).map(String::as_str) {
        None | Some("") => Err("agentic:no_last_message"),
        Some(message) => Ok(message),
    }
}

/// Whether a conversation of one turn answers.
///
/// # Errors
/// The reference's name of what is wrong.
pub fn judge(turns: &[Vec<String>], accepted: &[String], switches: &Switches) -> Result<(), &'static str> {
    let message = last_message(turns, switches)?;
    if answered(message, accepted) { Ok(()) } else { Err("agentic:answer_not_found") }
}
