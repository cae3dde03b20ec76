//! Which parts of a reply name the tool and its arguments' values, as the scorers read it.

use record::{Decided, Decision, Message};

use super::natural::{Stated, in_words, offered, stated, stated_arguments};
use super::{Teval, own_turn};
use crate::decision::{Finder, whole};
use crate::python::{Value, text};

impl Teval {
    /// What a reply decides; the whole of it where no call is to be named or none can be read.
    pub(super) fn decided(self, prompt: &[Message], reply: &str) -> Vec<Decided> {
        let offered = offered(prompt);
        let own = own_turn(reply);
        // What the scorer reads is a part of the reply.
        let from = reply.find(own).unwrap_or(0);
        let mut finder = Finder::new(reply, from);
        match self {
            Teval::Reason | Teval::Review => {}
            Teval::Instruct | Teval::Rru => {
                let call = stated(own, &offered).map(|(call, _)| call);
                call.iter().for_each(|call| mark(&mut finder, call, from));
            }
            Teval::Plan => in_words(own, &offered).iter().for_each(|call| mark(&mut finder, call, from)),
            Teval::Retrieve => {
                if let Some(call) = in_words(own, &offered).last() {
                    name(&mut finder, call, from);
                }
            }
            Teval::Understand => {
                let args = stated_arguments(own, &offered).unwrap_or_default();
                args.iter().for_each(|(_, value)| values(&mut finder, value));
            }
        }
        let found = finder.finish();
        if found.is_empty() { whole(reply, Decision::Answer) } else { found }
    }
}

fn name(finder: &mut Finder, call: &Stated, from: usize) {
    finder.go(from + call.at);
    let last = call.name.rsplit('.').next().unwrap_or_default();
    let _ = finder.find(&call.name, Decision::Tool) || finder.find(last, Decision::Tool);
}

fn mark(finder: &mut Finder, call: &Stated, from: usize) {
    name(finder, call, from);
    call.args.iter().flatten().for_each(|(_, value)| values(finder, value));
}

/// The texts of a value and of all that it holds.
fn values(finder: &mut Finder, value: &Value) {
    match value {
        Value::List(items) | Value::Tuple(items) => items.iter().for_each(|item| values(finder, item)),
        Value::Dict(pairs) => pairs.iter().for_each(|(_, value)| values(finder, value)),
        value => {
            finder.find(&text(value), Decision::Argument);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parts(task: Teval, reply: &str) -> Vec<(Decision, &str)> {
        let prompt = [Message::user("Tools: bank.pay and bank.ask")];
        task.decided(&prompt, reply).into_iter().map(|one| (one.decision, &reply[one.range])).collect()
    }

    #[test]
    fn tools_and_values_are_marked_in_every_form() {
        use Decision::{Answer, Argument, Tool};
        let call = [(Tool, "bank.pay"), (Argument, "Ida"), (Argument, "5")];
        assert_eq!(parts(Teval::Instruct, r#"Well. {"name": "bank.pay", "args": {"to": "Ida", "amount": 5}}"#), call);
        assert_eq!(parts(Teval::Rru, "Thought: bank\nAction: bank.pay\nArgs: {'to': 'Ida', 'amount': 5}"), call);
        assert_eq!(parts(Teval::Plan, "1. bank.pay with to = Ida, amount = 5\n2. bank.ask").len(), 4);
        assert_eq!(parts(Teval::Retrieve, "Not bank.ask, but bank.pay"), [(Tool, "bank.pay")]);
        assert_eq!(parts(Teval::Understand, "to = Ida, amount = 5"), call[1..]);
        assert_eq!(parts(Teval::Review, " A \n"), [(Answer, "A")]);
        assert_eq!(parts(Teval::Instruct, "I cannot."), [(Answer, "I cannot.")]);
        assert_eq!(parts(Teval::Instruct, ""), []);
    }
}
