//! Conversations with a store: what changes in one turn is there in the next.

use std::collections::BTreeMap;

use record::{Message, Rng, Sample};
use serde_json::{Value as Json, json};

use super::store::{Kind, kind, kinds};
use super::{Maker, system};
use crate::tool_use::bfcl::prompt::{Configuration, tools};
use crate::tool_use::bfcl::sample::{Input, Kind as Episode};

/// Turns under way: what is said, the right calls, and what is in the store.
struct Plan {
    kind: &'static Kind,
    said: Vec<String>,
    calls: Vec<Vec<String>>,
    things: BTreeMap<&'static str, usize>,
    /// The turn before which the exchange becomes known.
    added: Option<usize>,
}

impl Plan {
    fn say(&mut self, words: String, calls: Vec<String>) {
        self.said.push(words);
        self.calls.push(calls);
    }

    /// A thing of which there are some.
    fn some(&self, rng: &mut Rng) -> (&'static str, usize) {
        let there: Vec<(&'static str, usize)> =
            self.things.iter().filter(|(_, count)| **count > 1).map(|(name, count)| (*name, *count)).collect();
        rng.pick(&there).copied().unwrap_or((self.kind.things[0], 1))
    }

    fn step(&mut self, rng: &mut Rng) {
        let (kind, place) = (self.kind, self.kind.place);
        let (name, has) = self.some(rng);
        match rng.below(3) {
            0 => {
                let name = rng.pick(&kind.things).copied().unwrap_or(name);
                let amount = rng.between(2, 20);
                *self.things.entry(name).or_insert(0) += amount;
                let call = format!("{}(name='{name}', amount={amount})", kind.method(0));
                self.say(format!("Put {amount} {name} into {place}."), vec![call]);
            }
            1 => {
                let amount = rng.between(1, has - 1);
                self.things.insert(name, has - amount);
                let take = format!("{}(name='{name}', amount={amount})", kind.method(1));
                let count = format!("{}(name='{name}')", kind.method(2));
                let words = format!("Take {amount} {name} out of {place}, and then look how many {name} are left.");
                self.say(words, vec![take, count]);
            }
            _ => {
                let words = format!("What is in {place}, and how many {name} are there?");
                let count = format!("{}(name='{name}')", kind.method(2));
                self.say(words, vec![format!("{}()", kind.method(3)), count]);
            }
        }
    }

    /// Something that a function does which is not known yet; it is added a turn later.
    fn held_out(&mut self, rng: &mut Rng) {
        let (taken, has) = self.some(rng);
        let others: Vec<&'static str> = self.kind.things.iter().copied().filter(|name| *name != taken).collect();
        let given = rng.pick(&others).copied().unwrap_or_default();
        let amount = rng.between(1, has - 1);
        self.things.insert(taken, has - amount);
        *self.things.entry(given).or_insert(0) += amount;
        let place = self.kind.place;
        self.say(format!("Exchange {amount} {taken} of {place} for as many {given}, in one go."), Vec::new());
        self.added = Some(self.said.len());
        let call = format!("{}(given='{given}', taken='{taken}', amount={amount})", self.kind.method(4));
        // The user says nothing: the functions come with words of their own.
        self.say(String::new(), vec![call]);
    }

    /// An order without its amount, which the user gives when asked.
    fn vague(&mut self, rng: &mut Rng) {
        let name = rng.pick(&self.kind.things).copied().unwrap_or_default();
        let amount = rng.between(2, 20);
        *self.things.entry(name).or_insert(0) += amount;
        self.say(format!("Some more {name} should go into {}.", self.kind.place), Vec::new());
        let call = format!("{}(name='{name}', amount={amount})", self.kind.method(0));
        self.say(format!("Oh, {amount} of them."), vec![call]);
    }
}

pub(super) fn sample(maker: &Maker, rng: &mut Rng, index: usize) -> Sample {
    let all = kinds(maker.split);
    let kind = all[rng.below(all.len())];
    let chosen = rng.choose(kind.things.len(), 3);
    let things: BTreeMap<&'static str, usize> =
        chosen.into_iter().map(|at| (kind.things[at], rng.between(5, 40))).collect();
    let scenarios = json!({ kind.class: {"things": things} });
    let mut plan = Plan { kind, said: Vec::new(), calls: Vec::new(), things, added: None };
    plan.step(rng);
    let category = ["multi_turn_base", "multi_turn_miss_func", "multi_turn_miss_param"][index % 3];
    match category {
        "multi_turn_miss_func" => plan.held_out(rng),
        "multi_turn_miss_param" => plan.vague(rng),
        _ => plan.step(rng),
    }
    plan.step(rng);
    let mut documents = kind.documents();
    let mut added = BTreeMap::new();
    if let Some(turn) = plan.added {
        let later = documents.split_off(4);
        let words = format!("Now there is another function:\n{}", Json::Array(later.clone()));
        added.insert(turn, (words, tools(&later)));
    }
    let turn = |words: &String| if words.is_empty() { Vec::new() } else { vec![Message::user(words.as_str())] };
    let turns: Vec<Vec<Message>> = plan.said.iter().map(turn).collect();
    let first = turns.first().cloned().unwrap_or_default();
    let input = Input {
        kind: Episode::Talk,
        category: category.to_owned(),
        native: maker.native,
        turns,
        added,
        classes: vec![kind.class.to_owned()],
        scenarios,
        ..Input::default()
    };
    let system = system(&Configuration::default(), &documents);
    maker.made(index, (input, json!(plan.calls)), (system, first), &documents)
}

/// The calls of each turn, then a word that ends it.
pub(super) fn answers(sample: &Sample, input: &Input) -> Vec<String> {
    let gold: Vec<Vec<String>> = serde_json::from_value(sample.gold.clone()).unwrap_or_default();
    let native = |call: &String| native_call(call, input).unwrap_or_default();
    let said = |calls: &Vec<String>| match input.native {
        true => calls.iter().map(native).collect::<Vec<_>>().join("\n"),
        false => format!("[{}]", calls.join(", ")),
    };
    let turn = |calls: &Vec<String>| match calls.is_empty() {
        true => vec!["I need to know more for that.".to_owned()],
        false => vec![said(calls), "Done.".to_owned()],
    };
    gold.iter().flat_map(turn).collect()
}

/// A call text of this twin in Hermes' form.
fn native_call(call: &str, input: &Input) -> Option<String> {
    let known = input.classes.first().and_then(|class| kind(class));
    known?;
    let found = record::calls(&format!("[{call}]"), &[]);
    let (name, arguments) = match found.and_then(|found| found.calls.into_iter().next()) {
        Some(call) => (call.name, call.arguments),
        None => (call.trim_end_matches("()").to_owned(), json!({})),
    };
    Some(format!("<tool_call>\n{}\n</tool_call>", json!({"name": name, "arguments": arguments})))
}
