//! Questions of one turn.

use record::{Message, Rng, Sample};
use serde_json::{Map, Value as Json, json};

use super::{Maker, listed, system};
use crate::Split;
use crate::python::Value;
use crate::tool_use::bfcl::Bfcl;
use crate::tool_use::bfcl::check::Relevance;
use crate::tool_use::bfcl::decode::Form;
use crate::tool_use::bfcl::prompt::Configuration;
use crate::tool_use::bfcl::sample::{Input, Kind};
use crate::vocabulary::{ADJECTIVES, CITIES, COLORS, FIELDS, NOUNS, PEOPLE, VERBS, word};

/// An invented function.
struct Tool {
    verb: &'static str,
    noun: &'static str,
    field: &'static str,
    /// Its parameters, the needed ones first, and how many are needed.
    parameters: Vec<(&'static str, &'static str)>,
    needed: usize,
}

/// Names and types of parameters.
const PARAMETERS: [(&str, &str); 12] = [
    ("city", "string"),
    ("owner", "string"),
    ("color", "string"),
    ("style", "string"),
    ("amount", "integer"),
    ("level", "integer"),
    ("limit", "integer"),
    ("price", "float"),
    ("express", "boolean"),
    ("guests", "array"),
    ("codes", "array of integer"),
    ("place", "dict"),
];

/// A noun of the split: every second word belongs to each.
fn noun(split: Split, rng: &mut Rng) -> &'static str {
    let own: Vec<&'static str> = NOUNS
        .iter()
        .enumerate()
        .filter(|(index, _)| (index % 2 == 0) == (split == Split::Train))
        .map(|(_, n)| *n)
        .collect();
    rng.pick(&own).copied().unwrap_or_default()
}

impl Tool {
    fn new(split: Split, rng: &mut Rng) -> Self {
        let chosen = rng.between(1, 4);
        let mut parameters: Vec<_> =
            rng.choose(PARAMETERS.len(), chosen).into_iter().map(|at| PARAMETERS[at]).collect();
        let needed = rng.between(1, parameters.len());
        parameters.truncate(4);
        Self { verb: word(rng, VERBS), noun: noun(split, rng), field: word(rng, FIELDS), parameters, needed }
    }

    fn name(&self) -> String {
        format!("{}.{}_{}", self.field, self.verb, self.noun)
    }

    fn document(&self) -> Json {
        let mut properties = Map::new();
        for (name, kind) in &self.parameters {
            let about = format!("The {name} of the {}.", self.noun);
            let property = match *kind {
                "array" => json!({"type": "array", "description": about, "items": {"type": "string"}}),
                "array of integer" => json!({"type": "array", "description": about, "items": {"type": "integer"}}),
                "dict" => json!({"type": "dict", "description": about, "properties": {
                    "town": {"type": "string", "description": "The town."},
                    "number": {"type": "integer", "description": "The number of the house."}}}),
                kind => json!({"type": kind, "description": about}),
            };
            properties.insert((*name).to_owned(), property);
        }
        let required: Vec<&str> = self.parameters[..self.needed].iter().map(|(name, _)| *name).collect();
        json!({
            "name": self.name(),
            "description": format!("{} the {} of the {}.", capital(self.verb), self.noun, self.field),
            "parameters": {"type": "dict", "properties": properties, "required": required},
        })
    }

    /// What a user says of a call, and what is accepted.
    fn wanted(&self, rng: &mut Rng) -> (String, Json) {
        let (mut said, mut accepted) = (Vec::new(), Map::new());
        for (index, (name, kind)) in self.parameters.iter().enumerate() {
            if index >= self.needed && rng.chance(0.5) {
                accepted.insert((*name).to_owned(), json!([""]));
                continue;
            }
            let (value, words) = value(name, kind, rng);
            said.push(words);
            accepted.insert((*name).to_owned(), json!([value]));
        }
        let words = format!("{} the {} of the {}. {}.", self.verb, self.noun, self.field, capital(&listed(&said)));
        let mut call = Map::new();
        call.insert(self.name(), Json::Object(accepted));
        (words, Json::Object(call))
    }
}

/// A value, and how a user says it.
fn value(name: &str, kind: &str, rng: &mut Rng) -> (Json, String) {
    match kind {
        "integer" => {
            let number = rng.between(2, 99);
            (json!(number), format!("the {name} is {number}"))
        }
        "float" => {
            let number = rng.between(2, 80) as f64 + 0.5;
            (json!(number), format!("the {name} is {number}"))
        }
        "boolean" => (json!(true), format!("{name} is true")),
        "array" => {
            let names: Vec<String> = crate::vocabulary::words(rng, PEOPLE, 3).into_iter().map(str::to_owned).collect();
            let names = names[..rng.between(2, 3)].to_vec();
            (json!(names), format!("the {name} are {}", listed(&names)))
        }
        "array of integer" => {
            let numbers: Vec<usize> = (0..rng.between(2, 3)).map(|_| rng.between(10, 99)).collect();
            let words: Vec<String> = numbers.iter().map(usize::to_string).collect();
            (json!(numbers), format!("the {name} are {}", listed(&words)))
        }
        "dict" => {
            let (town, number) = (word(rng, CITIES), rng.between(1, 99));
            (json!({"town": [town], "number": [number]}), format!("the {name} is number {number} in {town}"))
        }
        _ => {
            let list = match name {
                "city" => CITIES,
                "owner" => PEOPLE,
                "color" => COLORS,
                _ => ADJECTIVES,
            };
            let text = word(rng, list);
            (json!(text), format!("the {name} is {text}"))
        }
    }
}

fn capital(text: &str) -> String {
    let mut chars = text.chars();
    chars.next().map_or_else(String::new, |first| first.to_uppercase().collect::<String>() + chars.as_str())
}

/// Different functions.
fn shelf(split: Split, rng: &mut Rng, count: usize) -> Vec<Tool> {
    let mut tools: Vec<Tool> = Vec::new();
    while tools.len() < count {
        let tool = Tool::new(split, rng);
        if !tools.iter().any(|other| other.noun == tool.noun) {
            tools.push(tool);
        }
    }
    tools
}

pub(super) fn sample(maker: &Maker, rng: &mut Rng, (category, index): (&str, usize)) -> Sample {
    let sensitive = maker.task == Bfcl::FormatSensitivity;
    let all = Configuration::all();
    let configuration = if sensitive { all[index % all.len()] } else { Configuration::default() };
    let category = if sensitive { "simple_python" } else { category };
    let (multiple, parallel) = (category.contains("multiple"), category.contains("parallel"));
    let count = if multiple { rng.between(2, 4) } else { 1 };
    let tools = shelf(maker.split, rng, count);
    let relevance = Relevance::of(category);
    let mut calls: Vec<(String, Json)> = match (relevance, parallel) {
        (Some(_), _) => Vec::new(),
        (None, false) => tools.first().map(|tool| tool.wanted(rng)).into_iter().collect(),
        (None, true) => {
            let count = rng.between(2, 3);
            (0..count).map(|at| tools[if multiple { at % tools.len() } else { 0 }].wanted(rng)).collect()
        }
    };
    if relevance == Some(Relevance::Any) {
        calls = tools.first().map(|tool| tool.wanted(rng)).into_iter().collect();
    }
    let words: Vec<String> = match relevance {
        Some(Relevance::None) => vec![elsewhere(maker.split, &tools, rng)],
        _ => calls.iter().map(|(words, _)| words.clone()).collect(),
    };
    let asked = format!("Please {}", words.join(" Also "));
    let mut documents: Vec<Json> = tools.iter().map(Tool::document).collect();
    rng.shuffle(&mut documents);
    let gold = match relevance {
        Some(Relevance::None) => Json::Null,
        _ => calls.into_iter().map(|(_, call)| call).collect(),
    };
    let input = Input {
        kind: Kind::Single,
        category: if sensitive { "format_sensitivity".to_owned() } else { category.to_owned() },
        native: maker.native,
        configuration: if sensitive { configuration.name() } else { String::new() },
        functions: documents.clone(),
        ..Input::default()
    };
    let said = (system(&configuration, &documents), vec![Message::user(asked)]);
    let mut sample = maker.made(index, (input, gold), said, &documents);
    if sensitive {
        sample.id = format!("format_sensitivity_{index}:{}:simple_python_{index}", configuration.name());
        sample.tags.insert("configuration".to_owned(), json!(configuration.name()));
    }
    sample
}

/// What nobody on the shelf can do.
fn elsewhere(split: Split, tools: &[Tool], rng: &mut Rng) -> String {
    loop {
        let other = Tool::new(split, rng);
        if !tools.iter().any(|tool| tool.noun == other.noun || tool.verb == other.verb) {
            return other.wanted(rng).0;
        }
    }
}

/// The reply that scores 1.
pub(super) fn answer(sample: &Sample, input: &Input) -> String {
    if Relevance::of(&input.category) == Some(Relevance::None) {
        return "None of the functions can do that.".to_owned();
    }
    let calls: Vec<(String, Vec<(String, Json)>)> = sample.gold.as_array().into_iter().flatten().map(chosen).collect();
    if input.native {
        let one = |(name, arguments): &(String, Vec<(String, Json)>)| {
            let arguments: Map<String, Json> = arguments.iter().cloned().collect();
            let call = json!({"name": name.replace('.', "_"), "arguments": arguments});
            format!("<tool_call>\n{call}\n</tool_call>")
        };
        return calls.iter().map(one).collect::<Vec<_>>().join("\n");
    }
    let configuration = Configuration::parse(&input.configuration).unwrap_or_default();
    let made = match configuration.form {
        Form::Python => format!("[{}]", calls.iter().map(python).collect::<Vec<_>>().join(", ")),
        Form::Json => {
            let one = |(name, arguments): &(String, Vec<(String, Json)>)| {
                let arguments: Map<String, Json> = arguments.iter().cloned().collect();
                json!({"function": name, "parameters": arguments})
            };
            Json::Array(calls.iter().map(one).collect()).to_string()
        }
        form => {
            let functions: String = calls.iter().map(|call| xml(call, form == Form::VerboseXml)).collect();
            format!("<functions>{functions}</functions>")
        }
    };
    if configuration.tag { format!("<TOOLCALL>{made}</TOOLCALL>") } else { made }
}

/// The first accepted value of each parameter that has one.
fn chosen(call: &Json) -> (String, Vec<(String, Json)>) {
    let Some((name, parameters)) = call.as_object().and_then(|call| call.iter().next()) else {
        return (String::new(), Vec::new());
    };
    let value = |(name, accepted): (&String, &Json)| {
        let value = accepted.get(0).filter(|value| **value != "")?;
        let value = match value {
            Json::Object(fields) => {
                fields.iter().map(|(key, values)| (key.clone(), values.get(0).cloned().unwrap_or(Json::Null))).collect()
            }
            other => other.clone(),
        };
        Some((name.clone(), value))
    };
    (name.clone(), parameters.as_object().into_iter().flatten().filter_map(value).collect())
}

fn python((name, arguments): &(String, Vec<(String, Json)>)) -> String {
    let given: Vec<String> = arguments.iter().map(|(key, value)| format!("{key}={}", Value::from(value))).collect();
    format!("{name}({})", given.join(", "))
}

fn xml((name, arguments): &(String, Vec<(String, Json)>), verbose: bool) -> String {
    let one = |(key, value): &(String, Json)| {
        let kind = match value {
            Json::Number(number) if number.is_f64() => "float",
            Json::Number(_) => "integer",
            Json::Bool(_) => "boolean",
            Json::Array(_) => "array",
            Json::Object(_) => "dict",
            _ => "string",
        };
        let text = value.as_str().map_or_else(|| Value::from(value).to_string(), str::to_owned);
        match verbose {
            true => format!("<param name=\"{key}\" value=\"{text}\" type=\"{kind}\"/>"),
            false => format!("<param name=\"{key}\" type=\"{kind}\">{text}</param>"),
        }
    };
    let inside: String = arguments.iter().map(one).collect();
    let inside = if verbose { format!("<params>{inside}</params>") } else { inside };
    format!("<function name=\"{name}\">{inside}</function>")
}
