//! The generated twin of T-Eval's `instruct`: a shelf of tools, a request that fits one, a reply in a given form.
//!
//! ```text
//! system: Tools:
//!         send the letter: bank.send_letter(city, amount)
//!         send the parcel: farm.send_parcel(name)
//!         Reply in JSON with the keys thought, action, args.
//! user:   Please send the parcel. The name is Ida.
//! gold:   {"thought": "send the parcel", "action": "farm.send_parcel", "args": {"name": "Ida"}}
//! ```
//!
//! Distractors share the verb or the noun of the right tool, so that neither alone decides.

use std::collections::BTreeMap;

use record::{Message, Rng, Sample};
use serde_json::{Map, Value, json};

use crate::Split;
use crate::vocabulary::{ADJECTIVES, CITIES, FIELDS, NOUNS, PARAMETERS, PEOPLE, VERBS, word, words};

/// Number of held-out instances where no limit is given.
pub const DEFAULT_SAMPLES: usize = 200;

/// How hard an instance is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Difficulty {
    /// Fewest and most tools on the shelf.
    pub tools: (usize, usize),
    /// Fewest and most arguments of a tool.
    pub arguments: (usize, usize),
}

impl Default for Difficulty {
    /// 4 to 8 tools with 1 to 4 arguments.
    fn default() -> Self {
        Self { tools: (4, 8), arguments: (1, 4) }
    }
}

struct Tool {
    field: &'static str,
    verb: &'static str,
    noun: &'static str,
    parameters: Vec<&'static str>,
}

impl Tool {
    fn name(&self) -> String {
        format!("{}.{}_{}", self.field, self.verb, self.noun)
    }

    fn line(&self) -> String {
        format!("{} the {}: {}({})", self.verb, self.noun, self.name(), self.parameters.join(", "))
    }
}

/// The held-out (or training) instances of a seed; half ask for JSON, half for the string form.
pub fn generate(seed: u64, split: Split, limit: Option<usize>) -> Vec<Sample> {
    let stream = match split {
        Split::Train => "tool_use-train",
        Split::Test => "tool_use-test",
    };
    (0..limit.unwrap_or(DEFAULT_SAMPLES))
        .map(|index| {
            let mut rng = Rng::stream(seed, &format!("{stream}-{index}"));
            let mut sample = instance(&mut rng, Difficulty::default(), index % 2 == 0);
            sample.id = format!("tool-{index:04}");
            sample
        })
        .collect()
}

/// One instance.
pub fn instance(rng: &mut Rng, difficulty: Difficulty, as_json: bool) -> Sample {
    let shelf = shelf(rng, difficulty);
    let chosen = &shelf[rng.below(shelf.len())];
    let mut values = vec![Value::Null; chosen.parameters.len()];
    let mut told = Vec::new();
    for index in rng.choose(chosen.parameters.len(), chosen.parameters.len()) {
        let (parameter, value) = (chosen.parameters[index], argument(rng));
        let shown = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
        told.push(match rng.below(3) {
            0 => format!("The {parameter} is {shown}."),
            1 => format!("Set {parameter} to {shown}."),
            _ => format!("Its {parameter} is {shown}."),
        });
        values[index] = value;
    }
    // In the order of the signature, whatever order they were told in.
    let args: Map<String, Value> = chosen.parameters.iter().map(|name| (*name).to_owned()).zip(values).collect();
    let wish = match rng.below(3) {
        0 => format!("Please {} the {}.", chosen.verb, chosen.noun),
        1 => format!("I want to {} the {}.", chosen.verb, chosen.noun),
        _ => format!("Can you {} the {}?", chosen.verb, chosen.noun),
    };
    let form = if as_json { "json" } else { "string" };
    let template = template(as_json);
    let listed: Vec<String> = shelf.iter().map(Tool::line).collect();
    let system = format!("Tools:\n{}\n{}", listed.join("\n"), instructions(as_json));
    Sample {
        id: String::new(),
        task: "teval_instruct".into(),
        messages: vec![Message::system(system), Message::user(format!("{wish} {}", told.join(" ")))],
        input: Value::Null,
        gold: json!({
            "response_format": form,
            "template": template,
            "ground_truth": {
                "thought": format!("{} the {}", chosen.verb, chosen.noun),
                "action": chosen.name(),
                "args": args,
            },
        }),
        max_tokens: 128,
        stop: Vec::new(),
        cluster: None,
        tags: BTreeMap::from([
            ("format".to_owned(), json!(form)),
            ("tools".to_owned(), json!(shelf.len())),
            ("arguments".to_owned(), json!(chosen.parameters.len())),
        ]),
    }
}

/// The reply that scores 1: what `pico` is trained to say.
pub fn answer(sample: &Sample) -> String {
    let truth = &sample.gold["ground_truth"];
    if sample.gold["response_format"] == "json" {
        return format!(
            "{{\"thought\": {}, \"action\": {}, \"args\": {}}}",
            truth["thought"],
            truth["action"],
            spaced(&truth["args"], '"')
        );
    }
    let text = |key: &str| truth[key].as_str().unwrap_or_default();
    format!("Thought: {}\nAction: {}\nArgs: {}\nEnd", text("thought"), text("action"), spaced(&truth["args"], '\''))
}

/// A flat object as Python prints it, with the given quote.
fn spaced(args: &Value, quote: char) -> String {
    let pairs: Vec<String> = args
        .as_object()
        .into_iter()
        .flatten()
        .map(|(key, value)| match value.as_str() {
            Some(text) => format!("{quote}{key}{quote}: {quote}{text}{quote}"),
            None => format!("{quote}{key}{quote}: {value}"),
        })
        .collect();
    format!("{{{}}}", pairs.join(", "))
}

/// Tools of different names; the right one is drawn from them later, so each may be a distractor of another.
fn shelf(rng: &mut Rng, difficulty: Difficulty) -> Vec<Tool> {
    let count = rng.between(difficulty.tools.0, difficulty.tools.1);
    let fields = words(rng, FIELDS, count);
    let verbs = words(rng, VERBS, count.div_ceil(2));
    let nouns = words(rng, NOUNS, count.div_ceil(2));
    let mut pairs: Vec<(usize, usize)> = (0..verbs.len()).flat_map(|v| (0..nouns.len()).map(move |n| (v, n))).collect();
    rng.shuffle(&mut pairs);
    pairs
        .into_iter()
        .zip(fields)
        .map(|((v, n), field)| {
            let arguments = rng.between(difficulty.arguments.0, difficulty.arguments.1);
            Tool { field, verb: verbs[v], noun: nouns[n], parameters: words(rng, PARAMETERS, arguments) }
        })
        .collect()
}

fn argument(rng: &mut Rng) -> Value {
    match rng.below(4) {
        0 => json!(rng.between(1, 99)),
        1 => json!(word(rng, CITIES)),
        2 => json!(word(rng, PEOPLE)),
        _ => json!(format!("{} {}", word(rng, ADJECTIVES), word(rng, NOUNS))),
    }
}

fn template(as_json: bool) -> Value {
    if as_json {
        return json!({"thought": "thought", "action": "action", "args": "args"});
    }
    json!({
        "thought_start": "Thought:", "thought_end": "\n",
        "action_start": "Action:", "action_end": "\n",
        "args_start": "Args:", "args_end": "\nEnd",
    })
}

fn instructions(as_json: bool) -> &'static str {
    if as_json {
        "Reply in JSON with the keys thought, action, args."
    } else {
        "Reply in lines: Thought, Action, Args, then End."
    }
}
