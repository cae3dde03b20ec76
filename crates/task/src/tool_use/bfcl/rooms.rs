//! The conversations: with services, and with a memory.

use std::collections::BTreeMap;

use record::{Ask, Assets, Message, Role, Sample, ToolCall, Turn};
use serde_json::{Value as Json, json};

use super::decode::{executable, executable_native};
use super::memory::Memory;
use super::multi_turn::{Conversation, Course, follow};
use super::prompt::before;
use super::sample::{Input, MemoryInput, native_calls};
use super::service::{Extensions, Instances};
use super::{Switches, official};
use crate::{Episode, TaskError};

/// Steps with calls in one turn after which a conversation is stopped (20 and one, as the reference counts).
const MOST_STEPS: usize = 20;

/// One conversation under way.
struct Talk {
    native: bool,
    tools: Vec<Json>,
    messages: Vec<Message>,
    turns: std::vec::IntoIter<Vec<Message>>,
    added: BTreeMap<usize, (String, Vec<Json>)>,
    /// What was said in each turn.
    replies: Vec<Vec<String>>,
    /// Steps with calls in this turn.
    steps: usize,
    over: bool,
    /// Calls, and which steps of the whole had a refused one.
    asked: usize,
    invalid: Vec<usize>,
}

impl Talk {
    fn new(system: Option<Message>, input: &Input, tools: &[Json], turns: Vec<Vec<Message>>) -> Self {
        let mut talk = Self {
            native: input.native,
            tools: tools.to_vec(),
            messages: system.into_iter().collect(),
            turns: turns.into_iter(),
            added: input.added.clone(),
            replies: Vec::new(),
            steps: 0,
            over: false,
            asked: 0,
            invalid: Vec::new(),
        };
        talk.begin();
        talk
    }

    /// Begins the next turn, if there is one.
    fn begin(&mut self) {
        let Some(said) = self.turns.next() else {
            self.over = true;
            return;
        };
        self.messages.extend(said);
        if let Some((words, tools)) = self.added.remove(&self.replies.len()) {
            self.messages.push(Message::user(words));
            if self.native {
                self.tools.extend(tools);
            }
        }
        self.replies.push(Vec::new());
        self.steps = 0;
    }

    /// Takes a reply: calls are executed, anything else ends the turn.
    fn hear(&mut self, reply: &str, execute: &mut dyn FnMut(&str) -> String) {
        if let Some(turn) = self.replies.last_mut() {
            turn.push(reply.to_owned());
        }
        self.asked += 1;
        let found = self.native.then(|| native_calls(reply, &self.tools)).flatten();
        let calls = match self.native {
            true => found.as_deref().and_then(executable_native),
            false => executable(reply, &Switches::all(false)),
        };
        let Some(calls) = calls.filter(|calls| !calls.is_empty()) else {
            self.messages.push(Message::assistant(reply));
            self.begin();
            return;
        };
        self.messages.push(self.spoken(reply));
        let mut refused = false;
        for (index, call) in calls.iter().enumerate() {
            let result = execute(call);
            refused |= Instances::refused(&result);
            let name = match &found {
                Some(found) => found.get(index).map(|(name, _)| name.clone()),
                None => Some(call.clone()),
            };
            let tool_call_id = self.native.then(|| self.call_id(index));
            self.messages.push(Message { name, tool_call_id, ..Message::new(Role::Tool, result) });
        }
        if refused {
            self.invalid.push(self.asked);
        }
        self.steps += 1;
        // The reference stops after the step that is one too many.
        self.over = self.steps > MOST_STEPS;
    }

    fn call_id(&self, index: usize) -> String {
        format!("call{:05}", self.asked * 100 + index)
    }

    /// The model's message: native calls as calls, so that its template writes them as its own.
    fn spoken(&self, reply: &str) -> Message {
        let Some(found) = record::calls(reply, &self.tools).filter(|_| self.native) else {
            return Message::assistant(reply);
        };
        let calls = found.calls.into_iter().enumerate();
        let calls = calls.map(|(index, call)| ToolCall { id: Some(self.call_id(index)), ..call }).collect();
        Message { tool_calls: calls, ..Message::assistant(found.said) }
    }

    fn ask(&self, sample: &Sample) -> Ask {
        Ask {
            messages: self.messages.clone(),
            tools: self.tools.clone(),
            max_tokens: sample.max_tokens,
            stop: sample.stop.clone(),
        }
    }
}

/// The system message of a sample.
fn system(sample: &Sample) -> Option<Message> {
    sample.messages.first().filter(|message| message.role == Role::System).cloned()
}

struct Services {
    sample: Sample,
    talk: Talk,
    instances: Instances,
    /// What judging needs of long texts.
    long: Option<(Conversation, Extensions)>,
}

/// Opens a conversation with services.
pub(super) fn talk(sample: &Sample, input: Input, assets: &Assets) -> Result<Box<dyn Episode>, TaskError> {
    let conversation = conversation(sample, &input)?;
    let long = if input.long { Some(official::extensions(sample, assets)?) } else { None };
    let paper = Switches::all(false);
    let instances =
        conversation.instances(long.as_ref(), &paper).map_err(|problem| TaskError::unusable(sample, problem))?;
    let talk = Talk::new(system(sample), &input, &sample.tools, input.turns.clone());
    let long = long.map(|long| (conversation, long));
    Ok(Box::new(Services { sample: sample.clone(), talk, instances, long }))
}

/// What is right in a conversation.
pub(super) fn conversation(sample: &Sample, input: &Input) -> Result<Conversation, TaskError> {
    let entry = json!({"involved_classes": input.classes, "initial_config": input.scenarios});
    Conversation::read(&entry, &sample.gold).map_err(|problem| TaskError::unusable(sample, problem))
}

/// The calls of each step of each turn; steps that call nothing are left out.
pub(super) fn steps(
    replies: &[Vec<String>],
    (native, tools): (bool, &[Json]),
    switches: &Switches,
) -> Vec<Vec<Vec<String>>> {
    let step = |reply: &String| match native {
        true => native_calls(reply, tools).as_deref().and_then(executable_native),
        false => executable(reply, switches),
    };
    replies.iter().map(|turn| turn.iter().filter_map(step).filter(|calls| !calls.is_empty()).collect()).collect()
}

impl Services {
    /// What judging needs: the replies by turn, and in long context how it went, which takes the long texts.
    fn record(&self) -> Json {
        let talk = &self.talk;
        let courses = self.long.as_ref().map(|(conversation, long)| {
            [false, true].map(|corrected| {
                let switches = Switches::all(corrected);
                let steps = steps(&talk.replies, (talk.native, &talk.tools), &switches);
                follow(&steps, conversation, Some(long), &switches).unwrap_or_else(|_| Course::default())
            })
        });
        json!({
            "replies": talk.replies,
            "tools": if talk.native { json!(talk.tools) } else { Json::Null },
            "steps": talk.asked,
            "valid": talk.asked - talk.invalid.len(),
            "invalid": talk.invalid,
            "stopped": talk.steps > MOST_STEPS,
            "courses": courses,
        })
    }
}

impl Episode for Services {
    fn next(&mut self, reply: Option<&str>) -> Turn {
        if let Some(reply) = reply.filter(|_| !self.talk.over) {
            let instances = &mut self.instances;
            self.talk.hear(reply, &mut |call| instances.execute(call));
        }
        if self.talk.over { Turn::Done(self.record()) } else { Turn::Ask(self.talk.ask(&self.sample)) }
    }
}

struct Remembering {
    sample: Sample,
    input: Input,
    memory: MemoryInput,
    /// The memory that conversations fill.
    kept: Memory,
    /// That of the question under way, which nothing outlives.
    copy: Option<Memory>,
    talk: Option<Talk>,
    conversation: usize,
    question: usize,
    refused_writes: usize,
    /// The replies to each question.
    answers: Vec<Vec<Vec<String>>>,
}

/// Opens the conversations and questions of a scenario.
pub(super) fn memory(sample: &Sample, mut input: Input) -> Result<Box<dyn Episode>, TaskError> {
    let unusable = |problem: &str| TaskError::unusable(sample, problem);
    let memory = input.memory.take().ok_or_else(|| unusable("it has no memory"))?;
    let kept = Memory::new(&memory.backend, None).ok_or_else(|| unusable("its memory is of an unknown kind"))?;
    let mut room = Remembering {
        sample: sample.clone(),
        input,
        memory,
        kept,
        copy: None,
        talk: None,
        conversation: 0,
        question: 0,
        refused_writes: 0,
        answers: Vec::new(),
    };
    room.begin();
    Ok(Box::new(room))
}

impl Remembering {
    /// The system message: what the model is told, what it remembers, and before a question how to answer.
    fn system(&self, question: bool) -> Message {
        let told = self.memory.frame.replace("{memory_content}", &self.kept.context());
        let told = before(told, (question && !self.memory.answer_form.is_empty()).then_some(&self.memory.answer_form));
        Message::system(match &self.memory.before {
            Some(first) => before(first.clone(), Some(&told)),
            None => told,
        })
    }

    /// Begins the next conversation, or the next question.
    fn begin(&mut self) {
        self.copy = None;
        let question = self.conversation >= self.memory.conversations.len();
        let turns = match question {
            false => self.memory.conversations.get(self.conversation).cloned(),
            true => self.memory.questions.get(self.question).map(|(_, words)| vec![words.clone()]),
        };
        if question && turns.is_some() {
            let snapshot: Json = serde_json::from_str(&self.kept.snapshot()).unwrap_or(Json::Null);
            self.copy = Memory::new(&self.memory.backend, Some(&snapshot));
        }
        let system = self.system(question);
        self.talk = turns.map(|turns| Talk::new(Some(system), &self.input, &self.sample.tools, turns));
    }

    fn record(&self) -> Json {
        json!({
            "answers": self.answers,
            "snapshot": self.kept.snapshot(),
            "fill": self.kept.fill(),
            "refused_writes": self.refused_writes,
        })
    }
}

impl Episode for Remembering {
    fn next(&mut self, reply: Option<&str>) -> Turn {
        if let (Some(reply), Some(talk)) = (reply, self.talk.as_mut()) {
            let own = self.copy.as_mut();
            let asks = own.is_some();
            let memory = own.unwrap_or(&mut self.kept);
            let mut refused = 0;
            talk.hear(reply, &mut |call| {
                let result = memory.execute(call);
                refused += usize::from(Instances::refused(&result));
                result
            });
            self.refused_writes += if asks { 0 } else { refused };
            if talk.over {
                if asks {
                    self.answers.push(talk.replies.clone());
                    self.question += 1;
                } else {
                    self.conversation += 1;
                }
                self.begin();
            }
        }
        match &self.talk {
            Some(talk) => Turn::Ask(talk.ask(&self.sample)),
            None => Turn::Done(self.record()),
        }
    }
}
