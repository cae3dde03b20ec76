//! One agent for every environment: what the model is shown of a world, what is remembered, and when an episode ends.
//!
//! A world knows its goal, what can be seen, what an action does, and how far the agent is; the rest is here: AgentBoard's
//! act-only prompt with its memory, or a conversation that grows, and the only [`Episode`] of the capability.

use record::{Ask, Message, Sample, ToolCall, Turn};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::Episode;

use super::react::{self, Said};
use super::reply::stated_action;
use super::tools;

/// What an agent acts in.
pub trait World: Send {
    /// What is to be reached, in a sentence.
    fn goal(&self) -> String;

    /// What is to be seen now.
    fn observe(&self) -> String;

    /// What AgentBoard's memory holds before the first action, as (kind, text).
    fn began(&self) -> Vec<(&'static str, String)> {
        vec![("Observation", self.observe())]
    }

    /// The action that asks for help.
    fn help(&self) -> &'static str;

    /// Whether AgentBoard's prompt also offers the command `inventory`.
    fn has_inventory(&self) -> bool {
        false
    }

    /// Whether nothing more can be done: the goal is reached, unless the world can end otherwise too.
    fn over(&self) -> bool {
        self.progress().won
    }

    /// Why the world itself broke down, if it did; it is over then.
    fn stopped(&self) -> Option<String> {
        None
    }

    /// Does what a text asks for. In [`Style::Agentboard`] it is the action that the reply states, in lower or upper case;
    /// in [`Style::Chat`] the cleaned reply.
    fn act(&mut self, said: &str) -> Effect;

    /// How far the agent is.
    fn progress(&self) -> Progress;

    /// What else its scorer needs of the end.
    fn more(&self) -> Value {
        Value::Null
    }
}

/// What an action did.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Effect {
    /// What the agent is shown.
    pub observation: String,
    /// Whether the action was understood and had an effect (asking for help counts).
    pub valid: bool,
    /// The action in the form that the rules ask for; `None` where the text names none. In [`Style::Agentboard`] it is what
    /// is remembered, `None` being the text itself.
    pub action: Option<String>,
}

/// How far an agent is.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct Progress {
    /// The largest share of the goal that was reached after an action, in [0, 1].
    pub best: f64,
    /// The share that is reached now.
    pub now: f64,
    /// Whether all of it was.
    pub won: bool,
    /// Parts of the goal that are reached now.
    pub met: usize,
    /// Parts of the goal.
    pub goals: usize,
}

/// How an episode talks with the model.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Style {
    /// One user message a step that holds the instruction, the examples, the goal and everything that happened.
    #[default]
    Agentboard,
    /// A conversation that grows: the model acts, the next user message is what it sees.
    Chat,
}

/// An environment's part of AgentBoard's prompt file.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Prompt {
    /// The rules.
    pub instruction: String,
    /// Whole episodes as text.
    pub examples: Vec<String>,
    /// The beginning of the system message.
    pub system_msg: String,
}

impl Prompt {
    pub(crate) fn is_empty(&self) -> bool {
        *self == Self::default()
    }
}

/// How an agent is asked.
#[derive(Debug, Clone, PartialEq)]
pub struct Manner {
    /// How the episode talks.
    pub style: Style,
    /// The most actions.
    pub max_steps: usize,
    /// [`Style::Agentboard`]: the official prompt.
    pub prompt: Prompt,
}

/// How many entries of the past a prompt shows at most.
const MEMORY: usize = 100;
/// How many characters of an invalid action are kept for the reason.
const QUOTED: usize = 80;

/// An agent in a world.
pub struct Agent<W> {
    world: W,
    manner: Manner,
    /// Whether each reply is a thought and an action.
    react: bool,
    /// [`Style::Agentboard`]: (kind, text) of everything that happened, but for the oldest that no prompt had room for.
    memory: Vec<(&'static str, String)>,
    /// [`Style::Chat`]: the conversation, but for the oldest turns that no prompt had room for.
    conversation: Vec<Message>,
    /// [`Style::Chat`]: the messages of its opening, which always stay.
    opening: usize,
    /// What the model may call; where there are some, it acts by calls.
    tools: Vec<Value>,
    max_tokens: usize,
    stop: Vec<String>,
    start: f64,
    steps: usize,
    valid: usize,
    /// [`Style::Chat`]: replies in the asked form, and replies that name an action.
    formed: usize,
    read: usize,
    history: Vec<(usize, f64)>,
    last_invalid: Option<String>,
    /// The steps, from 1, whose actions were not valid.
    invalid: Vec<usize>,
}

impl<W: World> Agent<W> {
    /// An agent before its first action.
    pub fn new(world: W, manner: Manner, sample: &Sample) -> Self {
        let memory = world.began();
        Self {
            start: world.progress().now,
            world,
            manner,
            react: react::is_asked(sample),
            memory,
            conversation: sample.messages.clone(),
            opening: sample.messages.len(),
            tools: sample.tools.clone(),
            max_tokens: sample.max_tokens,
            stop: sample.stop.clone(),
            steps: 0,
            valid: 0,
            formed: 0,
            read: 0,
            history: Vec::new(),
            last_invalid: None,
            invalid: Vec::new(),
        }
    }

    fn act(&mut self, reply: &str) {
        let before = self.world.progress().best;
        let (said, valid) = match self.manner.style {
            Style::Agentboard => self.remember(reply),
            Style::Chat => self.talk(reply),
        };
        self.steps += 1;
        self.valid += usize::from(valid);
        if !valid {
            self.last_invalid = Some(said.chars().take(QUOTED).collect());
            self.invalid.push(self.steps);
        }
        let after = self.world.progress().best;
        if after > before {
            self.history.push((self.steps, after));
        }
    }

    /// The thought and the action of a reply; `None` where it is not asked for both, or has no action by itself.
    fn parts(&self, reply: &str) -> Option<Said> {
        if self.react { react::said(reply) } else { None }
    }

    fn remember(&mut self, reply: &str) -> (String, bool) {
        let plain = || Said { thought: String::new(), action: stated_action(reply) };
        let Said { thought, action } = self.parts(reply).unwrap_or_else(plain);
        if !thought.is_empty() {
            self.memory.push(("Thought", thought));
        }
        let effect = self.world.act(&action);
        self.memory.push(("Action", effect.action.unwrap_or_else(|| action.clone())));
        self.memory.push(("Observation", effect.observation));
        (action, effect.valid)
    }

    /// What a reply calls, if the agent acts by calls: the first one.
    fn called(&self, reply: &str) -> Option<(ToolCall, String)> {
        if self.tools.is_empty() {
            return None;
        }
        let found = record::calls(reply, &self.tools)?;
        let call = found.calls.into_iter().next()?;
        Some((ToolCall { id: Some(format!("call_{}", self.steps)), ..call }, found.said))
    }

    fn call(&mut self, call: &ToolCall, said: String) -> (String, bool) {
        let text = json!({"name": call.name, "arguments": call.arguments}).to_string();
        let effect = self.world.act(&text);
        self.read += usize::from(effect.action.is_some());
        self.formed += usize::from(effect.action.is_some() && said.trim().is_empty());
        self.conversation.push(Message { tool_calls: vec![call.clone()], ..Message::assistant(said) });
        self.conversation.push(tools::twin::result(call, effect.observation));
        (text, effect.valid)
    }

    fn talk(&mut self, reply: &str) -> (String, bool) {
        if let Some((call, said)) = self.called(reply) {
            return self.call(&call, said);
        }
        let said = self.parts(reply).map_or_else(|| reply.trim().to_owned(), |said| said.action);
        let effect = self.world.act(&record::half_width(&record::clean(&said)));
        self.read += usize::from(effect.action.is_some());
        self.formed += usize::from(effect.action.as_deref() == Some(said.as_str()));
        self.conversation.push(Message::assistant(reply));
        self.conversation.push(Message::user(effect.observation));
        (said, effect.valid)
    }

    fn over(&self) -> bool {
        self.world.over() || self.steps >= self.manner.max_steps
    }

    fn ask(&self) -> Ask {
        let messages = match self.manner.style {
            Style::Chat => self.conversation.clone(),
            Style::Agentboard => self.prompt(),
        };
        Ask { messages, tools: self.tools.clone(), max_tokens: self.max_tokens, stop: self.stop.clone() }
    }

    /// AgentBoard's act-only prompt; where the agent thinks first, it is asked for a thought instead.
    fn prompt(&self) -> Vec<Message> {
        let file = &self.manner.prompt;
        let (system, cue) = if self.react {
            (react::system(&file.system_msg), "Thought: ")
        } else {
            let act = "Generate your next step of action after Action. Action must not be empty. e.g. Action: put down cup. \n";
            (format!("{}{act}", file.system_msg), "Action: ")
        };
        let happened = past(&self.memory, MEMORY);
        let user = format!("{}{happened}\n{cue}", instructions(file, &self.world));
        vec![Message::system(system), Message::user(user)]
    }

    /// What scoring needs: see [`super::Ending`].
    fn record(&self) -> Value {
        let Progress { best, won, met, goals, .. } = self.world.progress();
        let chat = |count: usize| (self.manner.style == Style::Chat).then_some(count);
        let mut record = json!({
            "formed": chat(self.formed),
            "read": chat(self.read),
            "progress": best,
            "start": self.start,
            "won": won,
            "steps": self.steps,
            "valid": self.valid,
            "history": self.history,
            "met": met,
            "goals": goals,
            "last_invalid": self.last_invalid,
            "invalid": self.invalid,
            "stopped": self.world.stopped(),
        });
        let more = self.world.more();
        if !more.is_null() {
            record["more"] = more;
        }
        record
    }
}

impl<W: World> Episode for Agent<W> {
    fn next(&mut self, reply: Option<&str>) -> Turn {
        if let Some(reply) = reply
            && !self.over()
        {
            self.act(reply);
        }
        if self.over() { Turn::Done(self.record()) } else { Turn::Ask(self.ask()) }
    }

    /// Forgets the oldest: of AgentBoard's memory an entry (the goal stays, the first observation goes first), of a
    /// conversation a reply and what it led to, down to the last of them.
    fn shorten(&mut self) -> Option<Ask> {
        let forgotten = match self.manner.style {
            Style::Agentboard if !self.memory.is_empty() => {
                self.memory.remove(0);
                true
            }
            Style::Chat if self.conversation.len() > self.opening + 2 => {
                self.conversation.drain(self.opening..self.opening + 2);
                true
            }
            _ => false,
        };
        forgotten.then(|| self.ask())
    }
}

/// AgentBoard's prompt before what happened: rules, examples, goal, and the commands for help.
///
/// The fixed sentences are AgentBoard's (Apache-2.0), in its order; the model's own chat template wraps them (the
/// reference has templates of its own, indented by accident, for six model families only).
fn instructions(file: &Prompt, world: &dyn World) -> String {
    let mut user = file.instruction.clone();
    if !file.examples.is_empty() {
        user.push_str("\nHere are examples:\n");
        for example in &file.examples {
            user.push_str(example);
            user.push('\n');
        }
    }
    user.push_str(&format!("You should perform actions to accomplish the goal: {}\n", world.goal()));
    let inventory = world.has_inventory().then_some("inventory");
    for command in [Some(world.help()), inventory].into_iter().flatten() {
        user.push_str(&format!(
            "You should use the following commands for help when your action cannot be understood: {command}\n"
        ));
    }
    user
}

/// How AgentBoard's prompt ends: the last `shown` entries of (kind, text) of what happened, and the word after which the
/// model acts.
///
/// ```
/// use task::real_world::remembered;
/// let past = [("Observation", "a door".to_owned()), ("Action", "open".to_owned()), ("Observation", "open".to_owned())];
/// assert_eq!(remembered(&past, 2), "Action: open\nObservation: open\nAction: ");
/// ```
pub fn remembered(memory: &[(&str, String)], shown: usize) -> String {
    past(memory, shown) + "\nAction: "
}

fn past(memory: &[(&str, String)], shown: usize) -> String {
    let shown = &memory[memory.len().saturating_sub(shown)..];
    let lines: Vec<String> = shown.iter().map(|(kind, text)| format!("{kind}: {text}")).collect();
    lines.join("\n")
}
