//! T-Eval's `reason`, `retrieve`, `understand`, and the three in one JSON object: what to do next in a task under way.

use std::collections::BTreeSet;
use std::sync::LazyLock;

use record::Message;
use regex::Regex;
use serde_json::Value as Json;

use super::likeness::Likeness;
use super::natural::{self, full_name, offered, stated_arguments};
use super::plan::{FINISH, truth};
use super::same::same;
use super::{Judgment, Mistake, Switches, Teval};
use crate::measure::{content, last_place};
use crate::python::{Cut, Value, excerpt, load, show, strip, text};
use crate::{Judge, pattern};

/// The next call: why, which tool, with which arguments.
#[derive(Debug, Clone, PartialEq)]
pub struct NextCall {
    thought: String,
    /// Other thoughts that a reply may hold, where the gold lists them.
    thoughts: Vec<String>,
    name: String,
    args: Value,
}

impl NextCall {
    /// Reads `{"ground_truth": {"thought", "name", "args"}}`, or the text of that object.
    ///
    /// # Errors
    /// What is missing or of another kind, in words.
    pub(super) fn read(gold: &Json) -> Result<Self, String> {
        let value = truth(&gold["ground_truth"], '{', '}').unwrap_or(Value::None);
        let call = Self::of(&value).ok_or_else(|| "its ground_truth is no object".to_owned())?;
        let thoughts = gold["thoughts"].as_array().into_iter().flatten().filter_map(Json::as_str);
        Ok(Self { thoughts: thoughts.map(str::to_owned).collect(), ..call })
    }

    /// That there is something to be right: a thought, a tool's name.
    pub(super) fn complete(&self, task: Teval) -> Result<(), String> {
        let (key, text) = match task {
            Teval::Reason => ("thought", &self.thought),
            Teval::Retrieve | Teval::Rru => ("name", &self.name),
            _ => return Ok(()),
        };
        if text.is_empty() { Err(format!("its ground_truth has no text \"{key}\"")) } else { Ok(()) }
    }

    /// What is not there is empty.
    fn of(value: &Value) -> Option<Self> {
        let Value::Dict(_) = value else { return None };
        let part = |key: &str| value.get(key).map(text).unwrap_or_default();
        let args = value.get("args").cloned().unwrap_or(Value::from(""));
        Some(Self { thought: part("thought"), thoughts: Vec::new(), name: part("name"), args })
    }
}

/// `reason`: the next thought, as text. Metrics: `thought`, the value, and `parse_rate`, always 1.
pub(super) fn reason(gold: &NextCall, reply: &str, judge: &dyn Judge, switches: &Switches) -> Judgment {
    let thought = thought(gold, reply, judge, switches);
    let mistake = strip(reply).is_empty().then_some(Mistake::NoCall);
    let reason = format!("thought: wanted {}, got {}", shown(&gold.thought), shown(reply));
    Judgment::of(thought, vec![("thought", thought), ("parse_rate", 1.0)], mistake, reason)
}

/// Thoughts of more words than this are compared by likeness.
const WHOLE: usize = 3;

/// What a thought is worth. With `whole_thought`, one of few words is there or not; of several that the gold lists, the
/// last one that is there counts.
fn thought(gold: &NextCall, reply: &str, judge: &dyn Judge, switches: &Switches) -> f64 {
    let wanted = content(&gold.thought);
    if !switches.whole_thought || wanted.is_empty() || wanted.len() > WHOLE {
        return Likeness::new(judge).of(reply, &gold.thought).min(1.0);
    }
    let words = content(&reply[..reply.floor_char_boundary(MOST_BYTES)]);
    let place = last_place(&words, &wanted);
    let others = gold.thoughts.iter().map(|other| content(other)).filter(|other| *other != wanted);
    let later =
        others.filter_map(|other| last_place(&words, &other)).any(|other| place.is_none_or(|place| other > place));
    f64::from(u8::from(place.is_some() && !later))
}

/// As much of a reply is searched for a thought.
const MOST_BYTES: usize = 1 << 16;

/// `retrieve`: the next tool's name, in any words. Metrics: `name`, the value, and `parse_rate`, always 1.
pub(super) fn retrieve(gold: &NextCall, prompt: &[Message], reply: &str, switches: &Switches) -> Judgment {
    let right = match (switches.last_tool, switches.listed_tools) {
        (true, _) => last_tool(gold, prompt, reply),
        (false, true) => names(gold, prompt, reply),
        (false, false) => names_only(&gold.name, reply),
    };
    let name = f64::from(u8::from(right));
    let mistake = (!right).then(|| {
        let found = || TOOL.find_iter(reply).map(|found| found.as_str()).filter(|found| *found != gold.name);
        let offered = found().take(MOST_TOOLS).find(|name| prompt.iter().any(|m| m.content.contains(name)));
        match offered.or_else(|| reply.contains(FINISH).then_some(FINISH)).or_else(|| found().next()) {
            _ if names(gold, prompt, reply) => {
                Mistake::Malformed("the reference takes other words for tools".to_owned())
            }
            Some(other) => Mistake::tool(&gold.name, excerpt(&Value::from(other)), prompt),
            None if strip(reply).is_empty() => Mistake::NoCall,
            None => Mistake::tool(&gold.name, excerpt(&Value::from(reply)), prompt),
        }
    });
    Judgment::of(name, vec![("name", name), ("parse_rate", 1.0)], mistake, "the right tool")
}

/// Names in a reply that are looked up in the prompt, to say what is wrong.
const MOST_TOOLS: usize = 100;

/// What is named like a tool of T-Eval: two words of two letters and more with one dot between them. What a prompt offers
/// may have more dots (`offered`); the two differ in what `a.b.c` is.
static TOOL: LazyLock<Regex> = LazyLock::new(|| pattern(r"[A-Za-z_][A-Za-z0-9_]+\.[A-Za-z_][A-Za-z0-9_]+"));

/// What the reference takes for a tool.
static DOTTED: LazyLock<Regex> = LazyLock::new(|| pattern(r"[\p{L}\p{N}_]+\.[\p{L}\p{N}_]+"));

/// The reference: the right name occurs, and whatever has a dot inside is it.
fn names_only(name: &str, reply: &str) -> bool {
    reply.contains(name)
        && DOTTED.find_iter(reply).all(|found| found.as_str() == name)
        && (name == FINISH || !reply.contains(FINISH))
}

/// The right name is the last one of those that the prompt offers, and no invented one stands after it.
fn last_tool(gold: &NextCall, prompt: &[Message], reply: &str) -> bool {
    let mut offered = offered(prompt);
    offered.extend([gold.name.as_str(), FINISH]);
    // `report.txt` may be a value; `report.print_text` is a tool.
    let tool = |name: &str| name.rsplit('.').next().is_some_and(|last| last.contains('_'));
    let invented = |name: &str| tool(name) && !offered.contains(name);
    let invented = TOOL.find_iter(reply).filter(|found| invented(found.as_str())).last().map(|found| found.start());
    natural::in_words(reply, &offered).last().is_some_and(|last| last.name == gold.name && invented <= Some(last.at))
}

/// The right name occurs as a whole, and no other tool that the prompt offers.
fn names(gold: &NextCall, prompt: &[Message], reply: &str) -> bool {
    let inside = |byte: Option<&u8>| byte.is_some_and(|byte| byte.is_ascii_alphanumeric() || *byte == b'_');
    let mut whole = reply.match_indices(gold.name.as_str()).filter(|(at, name)| {
        let before = at.checked_sub(1).and_then(|at| reply.as_bytes().get(at));
        !inside(before) && !inside(reply.as_bytes().get(at + name.len()))
    });
    let offered: BTreeSet<&str> =
        prompt.iter().flat_map(|message| TOOL.find_iter(&message.content)).map(|found| found.as_str()).collect();
    let other = |found: &str| found != gold.name && offered.contains(found);
    whole.next().is_some()
        && !TOOL.find_iter(reply).any(|found| other(found.as_str()))
        && (gold.name == FINISH || !reply.contains(FINISH))
}

/// `understand`: the next call's arguments, as text. Metrics: `args`, the value, and `parse_rate`, always 1.
pub(super) fn understand(gold: &NextCall, prompt: &[Message], reply: &str, switches: &Switches) -> Judgment {
    let bare = reply.trim_matches('\'').trim_matches('"');
    let wanted = text(&gold.args);
    let object = matches!(gold.args, Value::Dict(_));
    let mut got = if object { load(reply, OBJECT) } else { value(reply) };
    let means = |got: &Option<Value>| {
        got.as_ref().is_some_and(|got| {
            *got == gold.args || text(got) == wanted || switches.same_values && same(got, &gold.args)
        })
    };
    let mut right = bare == wanted || switches.equal_values && means(&got);
    if !right && object && switches.any_form {
        let mut offered = offered(prompt);
        offered.insert(&gold.name);
        let none = pairs(&gold.args).is_empty() && says_none(reply);
        let stated = stated_arguments(reply, &offered).or(none.then(Vec::new)).map(Value::Dict);
        right = means(&stated) && (switches.equal_values || switches.same_values);
        got = stated.or(got);
    }
    let args = f64::from(u8::from(right));
    let mistake = (!right).then(|| match got {
        _ if strip(reply).is_empty() => Mistake::NoCall,
        None => Mistake::Malformed(format!("the arguments are no object: {}", shown(reply))),
        Some(_) => Mistake::WrongArgument {
            name: gold.name.clone(),
            wanted: Some(shown(&wanted)),
            got: Some(shown(bare)),
            count: 1,
        },
    });
    Judgment::of(args, vec![("args", args), ("parse_rate", 1.0)], mistake, "the right arguments")
}

/// Whether a reply says that there are no arguments.
fn says_none(reply: &str) -> bool {
    let said = strip(reply).trim_end_matches('.').to_lowercase();
    ["none", "no arguments", "there are no arguments", "it has no arguments", "{}", "()", "[]"].contains(&said.as_str())
}

const OBJECT: Cut = Cut { start: Some('{'), end: Some('}'), closed_fence: true, first_value: true };

/// What a reply means; itself where it is no literal.
fn value(reply: &str) -> Option<Value> {
    load(reply, Cut { closed_fence: true, ..Cut::default() }).or_else(|| Some(Value::from(strip(reply))))
}

/// Thought, tool and arguments in one JSON object. Metrics: `thought`, `name`, `args` and `parse_rate`; the value is
/// the mean of the first three.
pub(super) fn all_three(
    gold: &NextCall,
    prompt: &[Message],
    reply: &str,
    judge: &dyn Judge,
    switches: &Switches,
) -> Judgment {
    let cut = Cut {
        start: Some('{'),
        end: Some('}'),
        closed_fence: switches.closed_fence,
        first_value: switches.first_value,
    };
    let value = load(reply, cut);
    let mut found = value.as_ref().and_then(NextCall::of);
    let whole = |call: &NextCall| !call.name.is_empty() && matches!(call.args, Value::Dict(_));
    if switches.any_form {
        let mut offered = offered(prompt);
        offered.insert(&gold.name);
        // Of several objects the last one counts, and what lacks a name or arguments is read in another form.
        let stated =
            natural::stated(reply, &offered).filter(|(_, count)| *count > 1 || !found.as_ref().is_some_and(whole));
        if let Some((stated, _)) = stated {
            let args = Value::Dict(stated.args.unwrap_or_default());
            let thought = stated.thought.or_else(|| found.map(|call| call.thought));
            let before = || reply[..stated.at].to_owned();
            let thought = thought.filter(|thought| !thought.is_empty()).unwrap_or_else(before);
            found = Some(NextCall { thought, thoughts: Vec::new(), name: stated.name, args });
        } else if let Some(call) = &mut found {
            call.name = full_name(&call.name, &offered);
        }
    }
    let Some(got) = found else {
        let mistake = match reply.contains('{') {
            true => Mistake::Malformed("the reply is no JSON object or Python dictionary".to_owned()),
            false => Mistake::NoCall,
        };
        return three([0.0; 3], 0.0, Some(mistake));
    };
    let thought = thought(gold, &got.thought, judge, switches);
    let right = got.name == gold.name;
    let (args, wrong) = arguments(gold, &got, switches);
    let mistake = if right {
        wrong
    } else if got.name.is_empty() {
        Some(Mistake::Malformed("the key \"name\" is missing".to_owned()))
    } else {
        Some(Mistake::tool(&gold.name, excerpt(&Value::from(got.name.as_str())), prompt))
    };
    three([thought, f64::from(u8::from(right)), args], 1.0, mistake)
}

fn three([thought, name, args]: [f64; 3], parsed: f64, mistake: Option<Mistake>) -> Judgment {
    let metrics = vec![("thought", thought), ("name", name), ("args", args), ("parse_rate", parsed)];
    Judgment::of((thought + name + args) / 3.0, metrics, mistake, "the right call")
}

/// Share of the gold arguments that print as they should, and the first that does not.
fn arguments(gold: &NextCall, got: &NextCall, switches: &Switches) -> (f64, Option<Mistake>) {
    let (wanted, given) = (pairs(&gold.args), pairs(&got.args));
    let find = |key: &Value| given.iter().find(|(other, _)| other == key).map(|(_, value)| value);
    let mut wrong: Vec<_> = wanted
        .iter()
        .filter_map(|(key, value)| match find(key) {
            Some(got) if text(got) == text(value) || switches.same_values && same(got, value) => None,
            got => Some((shown(&text(key)), Some(show(value)), got.map(show))),
        })
        .collect();
    let right = (wanted.len() - wrong.len()) as f64;
    let mut total = wanted.len();
    if switches.extra_arguments {
        let extra = given.iter().filter(|(key, _)| !wanted.iter().any(|(other, _)| other == key));
        wrong.extend(extra.map(|(key, value)| (shown(&text(key)), None, Some(show(value)))));
        total = right as usize + wrong.len();
    }
    let share = match total {
        0 => f64::from(u8::from(given.is_empty())),
        total if switches.whole_share => right / total as f64,
        total => right / (total as f64 + 1e-5),
    };
    let count = wrong.len();
    let mistake = wrong.into_iter().next().map(|(name, wanted, given)| match &got.args {
        Value::Dict(_) => Mistake::WrongArgument { name, wanted, got: given, count },
        args => Mistake::Malformed(format!("the arguments are no object: {}", show(args))),
    });
    (share, mistake)
}

fn pairs(args: &Value) -> &[(Value, Value)] {
    if let Value::Dict(pairs) = args { pairs } else { &[] }
}

/// What a reason has room for.
fn shown(text: &str) -> String {
    excerpt(&Value::from(text))
}
