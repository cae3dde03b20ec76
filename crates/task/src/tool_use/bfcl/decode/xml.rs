//! Calls written as XML.

use std::sync::LazyLock;

use regex::Regex;

use super::Called;
use crate::pattern;
use crate::python::{Value, dictionary, float_of, int_of, literal_value, strip};

static FUNCTIONS: LazyLock<Regex> = LazyLock::new(|| pattern(r"(?s)<functions>(.*?)</functions>"));

/// The functions of the first `<functions>`; `None` where that is no XML, or a value is not of the type it states.
pub(super) fn calls(source: &str, verbose: bool) -> Option<Vec<Called>> {
    let root = document(FUNCTIONS.find(source)?.as_str())?;
    root.children.iter().filter(|node| node.name == "function").map(|node| call(node, verbose)).collect()
}

fn call(function: &Element, verbose: bool) -> Option<Called> {
    let name = function.attribute("name")?.to_owned();
    let holder = function.children.iter().find(|node| verbose && node.name == "params").unwrap_or(function);
    let parameter = |node: &Element| {
        let name = node.attribute("name").map(Value::from);
        let name = if verbose { name.unwrap_or(Value::None) } else { name? };
        let raw = if verbose { node.attribute("value").unwrap_or_default() } else { strip(&node.text) };
        Some((name, typed(raw, node.attribute("type").unwrap_or("string"))?))
    };
    let parameters = holder.children.iter().filter(|node| node.name == "param").map(parameter);
    Some(Called { name, arguments: dictionary(parameters.collect::<Option<_>>()?)? })
}

fn typed(raw: &str, kind: &str) -> Option<Value> {
    Some(match kind {
        "integer" => Value::Int(int_of(raw)?),
        "float" => Value::Float(float_of(raw)?),
        "boolean" => Value::Bool(raw.to_lowercase() == "true"),
        "null" => Value::None,
        "array" | "tuple" | "object" | "dict" => literal_value(raw)?,
        _ => Value::from(raw),
    })
}

#[derive(Default)]
struct Element {
    name: String,
    attributes: Vec<(String, String)>,
    /// What is said before the first child.
    text: String,
    children: Vec<Element>,
}

impl Element {
    fn attribute(&self, name: &str) -> Option<&str> {
        self.attributes.iter().find(|(key, _)| key == name).map(|(_, value)| value.as_str())
    }
}

/// The deepest document that is read.
const MAX_DEPTH: usize = 200;

/// The root of a well-formed document.
fn document(source: &str) -> Option<Element> {
    let mut open: Vec<Element> = Vec::new();
    let mut rest = source;
    loop {
        let (text, after) = rest.split_once('<')?;
        let said = unescaped(text)?;
        if let Some(element) = open.last_mut().filter(|element| element.children.is_empty()) {
            element.text.push_str(&said);
        }
        if text.contains("]]>") {
            return None;
        }
        if let Some(after) = after.strip_prefix("!--") {
            let (comment, after) = after.split_once("-->")?;
            rest = if comment.contains("--") { return None } else { after };
            continue;
        }
        if let Some(after) = after.strip_prefix("![CDATA[") {
            let (said, after) = after.split_once("]]>")?;
            if let Some(element) = open.last_mut().filter(|element| element.children.is_empty()) {
                element.text.push_str(said);
            }
            rest = after;
            continue;
        }
        if let Some(after) = after.strip_prefix('?') {
            rest = after.split_once("?>")?.1;
            continue;
        }
        let closed = if let Some(after) = after.strip_prefix('/') {
            let (name, after) = after.split_once('>')?;
            rest = after;
            let element = open.pop()?;
            (element.name == name.trim_end_matches(WHITE)).then_some(element)?
        } else {
            let (element, empty, after) = tag(after)?;
            rest = after;
            if !empty {
                open.push(element);
                (open.len() < MAX_DEPTH).then_some(())?;
                continue;
            }
            element
        };
        match open.last_mut() {
            Some(parent) => parent.children.push(closed),
            None => return rest.trim_matches(WHITE).is_empty().then_some(closed),
        }
    }
}

const WHITE: [char; 4] = [' ', '\t', '\n', '\r'];

/// A tag after its `<`: the element, whether it ends at once, and what follows.
fn tag(source: &str) -> Option<(Element, bool, &str)> {
    let (name, mut rest) = named(source)?;
    let mut element = Element { name: name.to_owned(), ..Element::default() };
    loop {
        let trimmed = rest.trim_start_matches(WHITE);
        if let Some(after) = trimmed.strip_prefix("/>") {
            return Some((element, true, after));
        }
        if let Some(after) = trimmed.strip_prefix('>') {
            return Some((element, false, after));
        }
        // Attributes stand apart.
        (trimmed.len() < rest.len()).then_some(())?;
        let (name, after) = named(trimmed)?;
        let after = after.trim_start_matches(WHITE).strip_prefix('=')?.trim_start_matches(WHITE);
        let quote = after.chars().next().filter(|c| matches!(c, '"' | '\''))?;
        let (value, after) = after[1..].split_once(quote)?;
        let known = element.attribute(name).is_some();
        (!known && !value.contains('<')).then_some(())?;
        let value = unescaped(value)?.replace(['\n', '\t', '\r'], " ");
        element.attributes.push((name.to_owned(), value));
        rest = after;
    }
}

fn named(source: &str) -> Option<(&str, &str)> {
    let first = |c: char| c.is_alphabetic() || matches!(c, '_' | ':');
    let end = source.find(|c: char| !(first(c) || c.is_numeric() || matches!(c, '-' | '.')));
    let (name, rest) = source.split_at(end.unwrap_or(source.len()));
    name.starts_with(first).then_some((name, rest))
}

/// A text with its references replaced; `None` where one is unknown, or a character is none of XML's.
fn unescaped(text: &str) -> Option<String> {
    if text.contains(|c: char| c < ' ' && !WHITE.contains(&c)) {
        return None;
    }
    let text = text.replace("\r\n", "\n").replace('\r', "\n");
    let mut made = String::with_capacity(text.len());
    let mut rest = text.as_str();
    while let Some((before, after)) = rest.split_once('&') {
        made.push_str(before);
        let (name, after) = after.split_once(';')?;
        made.push(match name {
            "lt" => '<',
            "gt" => '>',
            "amp" => '&',
            "quot" => '"',
            "apos" => '\'',
            name => {
                let number = name.strip_prefix('#')?;
                let code = match number.strip_prefix('x') {
                    Some(digits) => u32::from_str_radix(digits, 16).ok()?,
                    None => number.parse().ok()?,
                };
                char::from_u32(code).filter(|c| *c >= ' ' || WHITE.contains(c))?
            }
        });
        rest = after;
    }
    made.push_str(rest);
    Some(made)
}
