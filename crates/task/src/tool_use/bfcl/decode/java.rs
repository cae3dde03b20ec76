//! Calls written as Java.

use tree_sitter::Node;

use super::syntax::{MAX_DEPTH, children, parsed};
use super::{Called, Decoded};
use crate::python::Value;
use crate::tool_use::bfcl::Switches;

/// The first method that a Java expression invokes, with all values as texts.
pub(super) fn calls(source: &str, switches: &Switches) -> Decoded {
    let Some(tree) = parsed(source, &tree_sitter_java::language()) else { return Decoded::Failed };
    let cut = (!source.is_ascii() && !switches.character_offsets).then(|| source.chars().collect());
    let reader = Java { source, cut, bodies: switches.class_bodies };
    match reader.first(tree.root_node(), 0) {
        Err(Lost) => Decoded::Failed,
        Ok(None) => Decoded::NoCalls,
        Ok(Some(call)) => call.map_or(Decoded::Failed, |call| Decoded::Calls(vec![call])),
    }
}

/// A tree that the reference cannot follow either: too deep, or without a part that it asks for.
struct Lost;

struct Java<'s> {
    source: &'s str,
    /// The characters, where the reference cuts them at offsets that count bytes.
    cut: Option<Vec<char>>,
    /// Whether class bodies stay.
    bodies: bool,
}

impl Java<'_> {
    fn text(&self, node: Node) -> String {
        let range = node.byte_range();
        match &self.cut {
            None => self.source.get(range).unwrap_or_default().to_owned(),
            Some(chars) => {
                let end = range.end.min(chars.len());
                chars[range.start.min(end)..end].iter().collect()
            }
        }
    }

    /// The first invocation, depth first; `Some(None)` where it names an argument twice.
    #[expect(clippy::option_option, reason = "outer: is there one; inner: is it well-formed")]
    fn first(&self, node: Node, depth: usize) -> Result<Option<Option<Called>>, Lost> {
        if depth > MAX_DEPTH {
            return Err(Lost);
        }
        if node.kind() != "method_invocation" {
            for child in children(node) {
                if let Some(found) = self.first(child, depth + 1)? {
                    return Ok(Some(found));
                }
            }
            return Ok(None);
        }
        let Some(name) = node.child_by_field_name("name") else { return Ok(None) };
        let Some(arguments) = node.child_by_field_name("arguments") else { return Ok(None) };
        let name = match node.child_by_field_name("object") {
            Some(object) => format!("{}.{}", self.text(object), self.text(name)),
            None => self.text(name),
        };
        let arguments = self.arguments(arguments)?;
        Ok(Some(arguments.map(|arguments| Called { name, arguments: Value::Dict(arguments) })))
    }

    fn arguments(&self, node: Node) -> Result<Option<Vec<(Value, Value)>>, Lost> {
        let mut all: Vec<(Value, Value)> = Vec::new();
        for child in children(node) {
            let (key, value) = match (child.kind(), child.child(0), child.child(2)) {
                ("assignment_expression", Some(name), Some(value)) => (Value::from(self.text(name).as_str()), value),
                ("identifier" | "class_literal" | "set", _, _) => (Value::None, child),
                _ => continue,
            };
            let value = Value::from(self.value(value, false, 0)?.as_str());
            if all.iter().any(|(other, _)| *other == key) {
                return Ok(None);
            }
            all.push((key, value));
        }
        Ok(Some(all))
    }

    fn value(&self, node: Node, nested: bool, depth: usize) -> Result<String, Lost> {
        if depth > MAX_DEPTH {
            return Err(Lost);
        }
        let field = |name: &str| match node.child_by_field_name(name) {
            Some(part) => self.value(part, true, depth + 1),
            // An array without values, `new int[3]`: the reference stops.
            None => Err(Lost),
        };
        Ok(match node.kind() {
            "string_literal" | "character_literal" if !nested => super::inner_of(&self.text(node)).to_owned(),
            "string_literal" | "character_literal" | "identifier" | "class_literal" | "type_identifier"
            | "method_invocation" => self.text(node),
            "array_creation_expression" => format!("new {}[]{}", field("type")?, field("value")?),
            // The source of the whole, with its blanks.
            "object_creation_expression" if self.bodies => self.text(node),
            "object_creation_expression" => {
                let given = node.child_by_field_name("arguments").map(children).unwrap_or_default();
                let given = given.into_iter().filter(|child| !matches!(child.kind(), "," | "(" | ")"));
                let texts = given.map(|child| self.value(child, true, depth + 1)).collect::<Result<Vec<_>, _>>()?;
                format!("new {}({})", field("type")?, texts.join(", "))
            }
            _ if node.child_count() > 0 => {
                let parts = children(node).into_iter().map(|child| self.value(child, true, depth + 1));
                parts.collect::<Result<String, _>>()?
            }
            _ => self.text(node),
        })
    }
}
