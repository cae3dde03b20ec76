//! T-Eval's `instruct`: one tool call, in the form that the prompt prescribes.

use record::Message;

use super::markers::Markers;
use super::natural::{self, full_name, offered};
use super::same::same;
use super::{Judgment, Mistake, Switches};
use crate::python::{Cut, Value, excerpt, json_value, literal_value, load, show, strip};

/// The form that a prompt prescribes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Form {
    /// An object with these keys.
    Json {
        /// The keys of thought, action and arguments.
        keys: [String; 3],
    },
    /// Thought, action and arguments between markers.
    Text {
        /// Start and end of each, in order; ends are joined with the next start.
        markers: Markers,
    },
}

/// The call that is right, and the form it must have.
#[derive(Debug, Clone, PartialEq)]
pub struct Gold {
    /// The form.
    pub form: Form,
    /// The tool's name.
    pub action: String,
    /// The arguments by name.
    pub args: Vec<(String, Value)>,
}

impl Gold {
    /// Reads `{"response_format", "template", "ground_truth": {"action", "args"}}`.
    ///
    /// # Errors
    /// What is missing or of another kind, in words.
    pub fn read(gold: &serde_json::Value) -> Result<Self, String> {
        let template = &gold["template"];
        let key = |name: &str| -> Result<String, String> {
            let text = template[name].as_str();
            text.map(str::to_owned).ok_or_else(|| format!("its template has no text \"{name}\""))
        };
        let form = match gold["response_format"].as_str() {
            Some("json") => Form::Json { keys: [key("thought")?, key("action")?, key("args")?] },
            Some("string") => Form::Text {
                markers: Markers {
                    pieces: vec![
                        key("thought_start")?,
                        key("thought_end")? + &key("action_start")?,
                        key("action_end")? + &key("args_start")?,
                        key("args_end")?,
                    ],
                },
            },
            other => return Err(format!("its response_format is {other:?}, not \"json\" or \"string\"")),
        };
        let truth = &gold["ground_truth"];
        let action = truth["action"].as_str().ok_or("its ground_truth has no text \"action\"")?.to_owned();
        let args = truth["args"].as_object().ok_or("its ground_truth has no object \"args\"")?;
        let args = args.iter().map(|(name, value)| (name.clone(), Value::from(value))).collect();
        Ok(Self { form, action, args })
    }
}

/// A call as a reply has it.
struct Call {
    action: Value,
    args: Vec<(Value, Value)>,
    /// Why there are no arguments, where what was given is none.
    no_args: Option<String>,
}

/// Judges a reply that has been cleaned up. Metrics: `format` (1 where the reply has the form) and `args_em` (share of
/// the tool's name and the arguments that are right); the value is their mean, as in T-Eval's summary, or with
/// `call_alone` the second.
pub(super) fn judge(gold: &Gold, prompt: &[Message], reply: &str, switches: &Switches) -> Judgment {
    let call = match &gold.form {
        Form::Json { keys } => json_call(keys, reply, switches),
        Form::Text { markers } => text_call(markers, reply, switches),
    };
    let format = f64::from(u8::from(call.is_ok()));
    let call = if switches.any_form { in_any_form(gold, call, prompt, reply) } else { call };
    let (args_em, mistake) = match call {
        Ok(call) => compare(gold, &call, prompt, switches),
        Err(mistake) => (0.0, Some(mistake)),
    };
    let value = if switches.call_alone { args_em } else { f64::midpoint(format, args_em) };
    Judgment::of(value, vec![("format", format), ("args_em", args_em)], mistake, "the right call")
}

/// The call where it has the form and its arguments can be read, else the one that the reply states in another form.
fn in_any_form(gold: &Gold, call: Result<Call, Mistake>, prompt: &[Message], reply: &str) -> Result<Call, Mistake> {
    let mut offered = offered(prompt);
    offered.insert(&gold.action);
    match call {
        Ok(mut call) if call.no_args.is_none() => {
            if let Value::Text(name) = &call.action {
                call.action = Value::from(full_name(&String::from_utf8_lossy(name), &offered).as_str());
            }
            Ok(call)
        }
        other => match natural::stated(reply, &offered) {
            Some((stated, _)) => {
                // Arguments that are there and cannot be read are no missing ones.
                let unread =
                    other.as_ref().ok().and_then(|call| call.no_args.clone()).filter(|_| stated.args.is_none());
                let args = stated.args.unwrap_or_default();
                Ok(Call { action: Value::from(stated.name.as_str()), args, no_args: unread })
            }
            None => other,
        },
    }
}

fn json_call(keys: &[String; 3], reply: &str, switches: &Switches) -> Result<Call, Mistake> {
    let cut = Cut { closed_fence: switches.closed_fence, ..Cut::default() };
    let value = load(reply, cut).ok_or_else(|| {
        if reply.contains('{') {
            Mistake::Malformed("the reply is no JSON object or Python dictionary".to_owned())
        } else {
            Mistake::NoCall
        }
    })?;
    if !matches!(value, Value::Dict(_)) {
        return Err(Mistake::Malformed(format!("wanted an object, got {}", show(&value))));
    }
    let find = |key: &String| value.get(key).ok_or_else(|| Mistake::Malformed(format!("the key \"{key}\" is missing")));
    let [thought, action, args] = keys;
    let (_, action, args) = (find(thought)?, find(action)?, find(args)?);
    Ok(Call::new(action.clone(), Some(args.clone())))
}

fn text_call(markers: &Markers, reply: &str, switches: &Switches) -> Result<Call, Mistake> {
    let mut gaps = markers.find(reply, switches.literal_markers);
    let bare_end = markers.pieces.last().is_some_and(|end| strip(end).is_empty());
    if gaps.is_none() && switches.last_marker && bare_end {
        let mut open = markers.clone();
        open.pieces.pop();
        open.pieces.push(String::new());
        gaps = open.find(reply, switches.literal_markers);
    }
    let Some([_, action, args]) = gaps.as_deref() else {
        let begun = markers.pieces.iter().map(|piece| strip(piece)).any(|p| !p.is_empty() && reply.contains(p));
        let problem = || Mistake::Malformed("the markers of the form were not all found in their order".to_owned());
        return Err(if begun { problem() } else { Mistake::NoCall });
    };
    let args = strip(args);
    let value = literal_value(args).or_else(|| if switches.json_arguments { json_value(args) } else { None });
    Ok(Call::new(Value::from(strip(action)), value))
}

impl Call {
    fn new(action: Value, args: Option<Value>) -> Self {
        match args {
            Some(Value::Dict(args)) => Self { action, args, no_args: None },
            Some(other) => Self { action, args: vec![], no_args: Some(format!("got {}", show(&other))) },
            None => Self { action, args: vec![], no_args: Some("they cannot be read".to_owned()) },
        }
    }
}

fn compare(gold: &Gold, call: &Call, prompt: &[Message], switches: &Switches) -> (f64, Option<Mistake>) {
    let right_tool = call.action == Value::from(gold.action.as_str());
    let mut right = usize::from(right_tool);
    let mut wrong = Vec::new();
    for (name, wanted) in &gold.args {
        let key = Value::from(name.as_str());
        let got = call.args.iter().find(|(other, _)| *other == key).map(|(_, value)| value);
        let empty = !switches.missing_is_not_empty && *wanted == Value::from("");
        let is_right = |got: &Value| got == wanted || switches.same_values && same(got, wanted);
        if got.map_or(empty, is_right) {
            right += 1;
        } else {
            wrong.push((name.clone(), Some(show(wanted)), got.map(show)));
        }
    }
    let mut total = gold.args.len() + 1;
    if switches.extra_arguments {
        let known = |key: &Value| gold.args.iter().any(|(name, _)| *key == Value::from(name.as_str()));
        for (key, value) in call.args.iter().filter(|(key, _)| !known(key)) {
            total += 1;
            wrong.push((show(key), None, Some(show(value))));
        }
    }
    let count = wrong.len();
    let mistake = match wrong.into_iter().next() {
        _ if !right_tool => Some(Mistake::tool(&gold.action, excerpt(&call.action), prompt)),
        Some(_) if call.no_args.is_some() => {
            let problem = call.no_args.as_deref().unwrap_or_default();
            Some(Mistake::Malformed(format!("the arguments are no object: {problem}")))
        }
        Some((name, wanted, got)) => Some(Mistake::WrongArgument { name, wanted, got, count }),
        None => None,
    };
    (right as f64 / total as f64, mistake)
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn gold(form: &str) -> Result<Gold, String> {
        Gold::read(&json!({
            "response_format": form,
            "template": {
                "thought": "t", "action": "name", "args": "args",
                "thought_start": "T: ", "thought_end": "\n", "action_start": "[A] ", "action_end": "\n",
                "args_start": "Args: ", "args_end": "\n",
            },
            "ground_truth": {"action": "bank.pay", "args": {"to": "Ida", "note": ""}},
        }))
    }

    fn judged(form: &str, reply: &str, corrected: bool) -> Result<Judgment, String> {
        Ok(judge(&gold(form)?, &[Message::user("bank.pay, bank.pai")], reply, &Switches::all(corrected)))
    }

    fn fault(form: &str, reply: &str) -> Result<String, String> {
        Ok(judged(form, reply, true)?.mistake.map_or_else(String::new, |mistake| mistake.to_string()))
    }

    #[test]
    fn faults_are_named() -> Result<(), String> {
        let call = |name: &str, args: &str| format!("{{\"t\": \"x\", \"name\": \"{name}\", \"args\": {args}}}");
        let right = r#"{"to": "Ida", "note": ""}"#;
        assert_eq!(fault("json", &call("bank.pay", right))?, "");
        assert_eq!(fault("json", "I cannot do that.")?, Mistake::NoCall.to_string());
        assert!(fault("json", "{\"t\": ")?.starts_with("malformed"));
        assert!(fault("json", "{\"t\": 1, \"args\": {}}")?.contains("\"name\" is missing"));
        assert_eq!(fault("json", &call("bank.pai", right))?, "wrong tool: wanted bank.pay, got bank.pai");
        let got = fault("json", &call("bank.pay", r#"{"to": 7}"#))?;
        assert_eq!(got, "wrong argument: to: wanted 'Ida', got 7 (and 1 more wrong)");
        let got = fault("json", &call("bank.pay", r#"{"to": "Ida", "note": "", "at": true}"#))?;
        assert_eq!(got, "wrong argument: 'at': not asked for, got True");
        assert!(fault("json", &call("bank.pay", "[7]"))?.starts_with("malformed: the arguments are no object"));
        Ok(())
    }

    #[test]
    fn each_deviation_has_its_effect() -> Result<(), String> {
        let text = "T: x\n[A] bank.pay\nArgs: {\"to\": \"Ida\", \"note\": \"\"}";
        assert_eq!(judged("string", text, true)?.metrics[1].1, 1.0);
        assert!(judged("string", text, false)?.metrics[0].1 == 0.0); // no "A" stands before the name, and no line end at the end
        let no_note = r#"{"t": "x", "name": "bank.pay", "args": {"to": "Ida", "at": 1}}"#;
        assert_eq!(judged("json", no_note, false)?.metrics[1].1, 1.0);
        assert_eq!(judged("json", no_note, true)?.metrics[1].1, 0.5);
        let fenced = format!("Here:\n```json\n{no_note}\n```\nDone.");
        assert_eq!(judged("json", &fenced, true)?.metrics[0].1, 1.0);
        assert_eq!(judged("json", &fenced, false)?.metrics[0].1, 0.0);
        let json_words = "T: x\n[A] bank.pay\nArgs: {\"to\": null}";
        assert!(
            judged("string", json_words, true)?.mistake.is_some_and(|mistake| mistake.to_string().contains("got None"))
        );
        Ok(())
    }

    #[test]
    fn a_gold_of_another_kind_is_an_error() {
        for broken in [json!({}), json!({"response_format": "xml"}), json!({"response_format": "json", "template": 1})]
        {
            assert!(Gold::read(&broken).is_err());
        }
    }
}
