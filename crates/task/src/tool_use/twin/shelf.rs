//! Invented tools, calls of them, and how a user tells what a call should have.

use record::Rng;
use serde_json::{Map, Value, json};

use super::Difficulty;
use crate::Split;
use crate::vocabulary::{ADJECTIVES, CITIES, COLORS, FIELDS, NOUNS, PARAMETERS, PEOPLE, VERBS, word, words};

/// One in so many names is held out.
const HELD_OUT: usize = 5;

/// What a value is that only an earlier call gives, with the number of its step.
const RESULT: &str = "result of step ";

/// Rounds of drawing names; each gives most of a shelf.
const MOST_ROUNDS: usize = 100;

pub(super) struct Tool {
    field: &'static str,
    verb: &'static str,
    noun: &'static str,
    pub(super) parameters: Vec<&'static str>,
}

impl Tool {
    /// `bank.send_letter`
    pub(super) fn name(&self) -> String {
        name(self.field, self.verb, self.noun)
    }

    /// `send the letter`
    pub(super) fn thought(&self) -> String {
        format!("{} the {}", self.verb, self.noun)
    }

    fn line(&self) -> String {
        offer(&self.thought(), &self.name(), &self.parameters)
    }
}

fn name(field: &str, verb: &str, noun: &str) -> String {
    format!("{field}.{verb}_{noun}")
}

/// `To send the letter (needs city, amount), use bank.send_letter.` Small models copy what follows a name in the list, so
/// nothing does: a signature (`bank.send_letter(city, amount)`) comes back as their answer.
pub(super) fn offer(thought: &str, name: &str, parameters: &[&str]) -> String {
    let needs = if parameters.is_empty() { String::new() } else { format!(" (needs {})", parameters.join(", ")) };
    format!("To {thought}{needs}, use {name}.")
}

/// Which instances a tool belongs to: decided by its name alone.
pub(super) fn split_of(name: &str) -> Split {
    if Rng::stream(0, name).below(HELD_OUT) == 0 { Split::Test } else { Split::Train }
}

/// The list of tools at the head of a question.
pub(super) fn listed(shelf: &[Tool]) -> String {
    let lines: Vec<String> = shelf.iter().map(Tool::line).collect();
    format!("Tools:\n{}", lines.join("\n"))
}

/// At least `needed` tools of different names, all of one split; each may be a distractor of another, for they share
/// verbs and nouns.
pub(super) fn shelf(rng: &mut Rng, split: Split, difficulty: Difficulty, needed: usize) -> Vec<Tool> {
    let count = rng.between(difficulty.tools.0, difficulty.tools.1).max(needed);
    let mut tools: Vec<Tool> = Vec::new();
    for _ in 0..MOST_ROUNDS {
        let side = count.div_ceil(2) + 1;
        let (verbs, nouns) = (words(rng, VERBS, side), words(rng, NOUNS, side));
        let mut pairs: Vec<_> = verbs.iter().flat_map(|verb| nouns.iter().map(move |noun| (*verb, *noun))).collect();
        rng.shuffle(&mut pairs);
        for (verb, noun) in pairs {
            if tools.len() == count {
                return tools;
            }
            let known = tools.iter().any(|tool| (tool.verb, tool.noun) == (verb, noun));
            let field = words(rng, FIELDS, FIELDS.len()).into_iter().find(|field| {
                split_of(&name(field, verb, noun)) == split && !tools.iter().any(|tool| tool.field == *field)
            });
            let (false, Some(field)) = (known, field) else { continue };
            let arguments = rng.between(difficulty.arguments.0, difficulty.arguments.1);
            tools.push(Tool { field, verb, noun, parameters: words(rng, PARAMETERS, arguments) });
        }
    }
    tools
}

/// A call with a value for each parameter, in the order of the signature.
pub(super) struct Call<'t> {
    pub(super) tool: &'t Tool,
    pub(super) args: Map<String, Value>,
}

impl<'t> Call<'t> {
    pub(super) fn draw(rng: &mut Rng, tool: &'t Tool, nesting: usize) -> Self {
        let args = tool.parameters.iter().map(|name| ((*name).to_owned(), argument(rng, name, nesting))).collect();
        Self { tool, args }
    }

    /// What the user says of the arguments, in any order: `The city is Oslo. Set amount to 7.`
    pub(super) fn told(&self, rng: &mut Rng) -> String {
        let mut pairs: Vec<_> = self.args.iter().collect();
        rng.shuffle(&mut pairs);
        let told = pairs.into_iter().map(|(parameter, value)| {
            let value = said(value);
            let value = if value.starts_with(RESULT) { format!("the {value}") } else { value };
            match rng.below(3) {
                0 => format!("The {parameter} is {value}."),
                1 => format!("Set {parameter} to {value}."),
                _ => format!("Its {parameter} is {value}."),
            }
        });
        told.collect::<Vec<_>>().join(" ")
    }

    /// `city = Oslo, amount = 7`
    pub(super) fn written(&self) -> String {
        let pairs: Vec<String> = self.args.iter().map(|(name, value)| format!("{name} = {}", said(value))).collect();
        pairs.join(", ")
    }
}

/// A value in a sentence: `Oslo`, `7`, `Ida and Ben`, `city Oslo and day 7`.
fn said(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        Value::Array(items) => items.iter().map(said).collect::<Vec<_>>().join(" and "),
        Value::Object(pairs) => {
            pairs.iter().map(|(key, value)| format!("{key} {}", said(value))).collect::<Vec<_>>().join(" and ")
        }
        other => other.to_string(),
    }
}

/// A value that a parameter of this name may have.
pub(super) fn argument(rng: &mut Rng, parameter: &str, nesting: usize) -> Value {
    let several = nesting > 0 && rng.chance(0.3);
    match parameter {
        "place" if nesting > 1 && several => json!({"city": word(rng, CITIES), "day": rng.between(1, 31)}),
        "city" | "place" if several => json!(words(rng, CITIES, 2)),
        "city" | "place" => json!(word(rng, CITIES)),
        "name" | "owner" | "user" if several => json!(words(rng, PEOPLE, 2)),
        "name" | "owner" | "user" => json!(word(rng, PEOPLE)),
        "date" | "day" => json!(rng.between(1, 31)),
        "amount" | "code" | "level" | "limit" | "price" | "size" => json!(rng.between(1, 99)),
        "color" => json!(word(rng, COLORS)),
        "format" | "mode" | "style" => json!(word(rng, ADJECTIVES)),
        _ => json!(format!("{} {}", word(rng, ADJECTIVES), word(rng, NOUNS))),
    }
}

/// One wish as a user says it: `Please send the letter.`
pub(super) fn wish(rng: &mut Rng, tool: &Tool) -> String {
    let thought = tool.thought();
    match rng.below(3) {
        0 => format!("Please {thought}."),
        1 => format!("I want to {thought}."),
        _ => format!("Can you {thought}?"),
    }
}

/// Calls that follow each other; where they are several, an argument may be the result of an earlier one.
pub(super) fn chain<'t>(rng: &mut Rng, shelf: &'t [Tool], count: usize, nesting: usize) -> Vec<Call<'t>> {
    let mut calls: Vec<Call<'t>> = Vec::new();
    for index in rng.choose(shelf.len(), count) {
        let mut call = Call::draw(rng, &shelf[index], nesting);
        if !calls.is_empty() && call.args.len() > 1 && rng.chance(0.3) {
            let from = rng.between(1, calls.len());
            if let Some(value) = call.args.values_mut().next() {
                *value = json!(format!("{RESULT}{from}"));
            }
        }
        calls.push(call);
    }
    calls
}

/// What the user wants of a chain: `Step 2: paint the crate. Its name is Ida.`, a line each; what a step does stands
/// between the given marks.
pub(super) fn goal(rng: &mut Rng, calls: &[Call], shuffled: bool, mark: &str) -> String {
    let mut lines: Vec<String> = calls
        .iter()
        .zip(1..)
        .map(|(call, place)| {
            let (thought, told) = (call.tool.thought(), call.told(rng));
            format!("Step {place}: {mark}{thought}{mark}. {told}").trim_end().to_owned()
        })
        .collect();
    if shuffled && rng.chance(0.5) {
        rng.shuffle(&mut lines);
    }
    lines.join("\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_name_stands_in_another() {
        for words in [VERBS, NOUNS] {
            for (at, a) in words.iter().enumerate() {
                assert!(words.iter().skip(at + 1).all(|b| a != b), "{a} twice");
            }
        }
        // A name ends where its noun ends, so a noun must not begin another.
        for a in NOUNS {
            assert!(NOUNS.iter().all(|b| a == b || !b.starts_with(a)), "{a}");
        }
    }

    #[test]
    fn a_shelf_is_full_and_of_one_split() {
        let difficulty = Difficulty { tools: (1, 8), arguments: (0, 3), steps: (1, 1), nesting: 2, shuffled: false };
        for split in [Split::Train, Split::Test] {
            let mut rng = Rng::new(4);
            for _ in 0..200 {
                let tools = shelf(&mut rng, split, difficulty, 3);
                assert!((3..=8).contains(&tools.len()));
                assert!(tools.iter().all(|tool| split_of(&tool.name()) == split));
            }
        }
    }
}
