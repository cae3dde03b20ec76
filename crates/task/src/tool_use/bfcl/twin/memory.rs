//! Facts that are told in conversations, and questions about them.

use record::{Message, Rng, Sample};
use serde_json::json;

use super::{Maker, system};
use crate::Split;
use crate::tool_use::bfcl::memory::{Memory, id_for};
use crate::tool_use::bfcl::prompt::Configuration;
use crate::tool_use::bfcl::sample::{Input, Kind, MemoryInput};
use crate::vocabulary::{ADJECTIVES, CITIES, COLORS, PEOPLE, word};

/// Whom facts are about, in training and held out.
const PEOPLE_OF: [[&str; 6]; 2] = [
    ["brother", "aunt", "cousin", "boss", "teacher", "tailor"],
    ["sister", "uncle", "neighbor", "doctor", "baker", "landlord"],
];

/// What a fact is: its key, how it is told and how it is asked.
const FACTS: [(&str, &str, &str); 4] = [
    ("name", "My {who} is called {what}.", "What is my {who} called?"),
    ("city", "My {who} lives in {what}.", "In which town does my {who} live?"),
    ("car", "My {who} drives a {what} car.", "Which color has the car of my {who}?"),
    ("mood", "My {who} is always so {what}.", "How is my {who} always?"),
];

/// Whom a fact is about, which fact, and what it is.
type Told = (&'static str, (&'static str, &'static str, &'static str), &'static str);

pub(super) fn sample(maker: &Maker, rng: &mut Rng, index: usize) -> Sample {
    let backend = ["kv", "rec_sum"][index % 2];
    let people = PEOPLE_OF[usize::from(maker.split == Split::Test)];
    let mut facts = Vec::new();
    for at in rng.choose(people.len(), 4) {
        let fact = FACTS[rng.below(FACTS.len())];
        let list = match fact.0 {
            "name" => PEOPLE,
            "city" => CITIES,
            "car" => COLORS,
            _ => ADJECTIVES,
        };
        facts.push((people[at], fact, word(rng, list)));
    }
    let told = |(who, fact, what): &Told| vec![Message::user(fact.1.replace("{who}", who).replace("{what}", what))];
    let conversations = facts.chunks(2).map(|part| part.iter().map(told).collect()).collect();
    let question = |(at, (who, fact, _)): (usize, &Told)| {
        let id = id_for(&format!("memory_{at}-twin-{index}"), backend);
        (id, vec![Message::user(fact.2.replace("{who}", who))])
    };
    let documents = documents(backend);
    let memory = MemoryInput {
        backend: backend.to_owned(),
        before: (!maker.native).then(|| system(&Configuration::default(), &documents)),
        frame: "You remember things for the user from one conversation to the next, and only what you write into your \
                memory stays. Write down every fact. What you remember now:\n{memory_content}"
            .to_owned(),
        answer_form: "Answer with the fact and nothing else.".to_owned(),
        conversations,
        questions: facts.iter().enumerate().map(question).collect(),
    };
    let gold: Vec<Vec<&str>> = facts.iter().map(|(_, _, what)| vec![*what]).collect();
    let first = facts.first().map(told).unwrap_or_default();
    let input = Input {
        kind: Kind::Memory,
        category: format!("memory_{backend}"),
        native: maker.native,
        memory: Some(memory),
        ..Input::default()
    };
    let words = system(&Configuration::default(), &documents);
    maker.made(index, (input, json!(gold)), (words, first), &documents)
}

/// The functions of a memory, described in words of this twin.
fn documents(backend: &str) -> Vec<serde_json::Value> {
    let text = |about: &str| json!({"type": "string", "description": about});
    let document = |name: &str, about: &str, parameters: &[(&str, &str)]| {
        let properties: serde_json::Map<String, serde_json::Value> =
            parameters.iter().map(|(name, about)| ((*name).to_owned(), text(about))).collect();
        let required: Vec<&str> = parameters.iter().map(|(name, _)| *name).collect();
        json!({"name": name, "description": about,
            "parameters": {"type": "dict", "properties": properties, "required": required}})
    };
    match backend {
        "kv" => vec![
            document(
                "core_memory_add",
                "Writes a fact into the memory.",
                &[("key", "A name in lower case with underscores."), ("value", "The fact.")],
            ),
            document("core_memory_retrieve", "Reads a fact of the memory.", &[("key", "Its name.")]),
            document("core_memory_remove", "Takes a fact out of the memory.", &[("key", "Its name.")]),
        ],
        _ => vec![
            document("memory_append", "Writes a text at the end of the memory.", &[("text", "The text.")]),
            document("memory_update", "Replaces the whole memory.", &[("text", "The new memory.")]),
        ],
    }
}

/// Writes down every fact, and answers from what was written.
pub(super) fn answers(sample: &Sample, input: &Input) -> Vec<String> {
    let Some(memory) = &input.memory else { return Vec::new() };
    let mut said = Vec::new();
    let facts = memory.conversations.iter().flatten().flatten();
    for (at, message) in facts.enumerate() {
        let fact = message.content.replace('\'', "");
        let call = match memory.backend.as_str() {
            "kv" => ("core_memory_add", json!({"key": format!("fact_{at}"), "value": fact})),
            _ => ("memory_append", json!({"text": format!("{fact} ")})),
        };
        let (name, arguments) = call;
        said.push(match input.native {
            true => format!("<tool_call>\n{}\n</tool_call>", json!({"name": name, "arguments": arguments})),
            false => {
                let given = arguments.as_object().into_iter().flatten();
                let given = given.map(|(key, value)| format!("{key}='{}'", value.as_str().unwrap_or_default()));
                format!("[{name}({})]", given.collect::<Vec<_>>().join(", "))
            }
        });
        said.push("Noted.".to_owned());
    }
    let gold: Vec<Vec<String>> = serde_json::from_value(sample.gold.clone()).unwrap_or_default();
    debug_assert!(Memory::new(&memory.backend, None).is_some());
    said.extend(gold.into_iter().filter_map(|accepted| accepted.into_iter().next()));
    said
}
