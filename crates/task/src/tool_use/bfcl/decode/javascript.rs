//! Calls written as JavaScript.

use tree_sitter::Node;

use super::syntax::{children, parsed};
use super::{Called, Decoded, inner_of};
use crate::python::Value;

/// The first expression statement that is a call, with all values as texts.
pub(super) fn calls(source: &str) -> Decoded {
    let Some(tree) = parsed(source, &tree_sitter_javascript::LANGUAGE.into()) else { return Decoded::Failed };
    let statements = children(tree.root_node()).into_iter().filter(|node| node.kind() == "expression_statement");
    let found = statements.flat_map(children).find(|node| node.kind() == "call_expression");
    let Some((name, given)) = found.and_then(|call| call.child(0).zip(call.child(1))) else { return Decoded::NoCalls };
    let text = |node: Node| source.get(node.byte_range()).unwrap_or_default();
    let mut arguments: Vec<(Value, Value)> = Vec::new();
    for child in children(given) {
        let (key, value) = match (child.kind(), child.child(0), child.child(2)) {
            ("assignment_expression", Some(name), Some(value)) => (Value::from(text(name)), unquoted(text(value))),
            ("identifier" | "true", _, _) => (Value::None, text(child)),
            _ => continue,
        };
        if arguments.iter().any(|(other, _)| *other == key) {
            return Decoded::Failed;
        }
        arguments.push((key, Value::from(value)));
    }
    Decoded::Calls(vec![Called { name: text(name).to_owned(), arguments: Value::Dict(arguments) }])
}

fn unquoted(value: &str) -> &str {
    let both = |quote: char| value.starts_with(quote) && value.ends_with(quote);
    if both('"') || both('\'') { inner_of(value) } else { value }
}
