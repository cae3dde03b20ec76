//! Chat templates: Jinja as `transformers` runs it.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::time::{SystemTime, UNIX_EPOCH};

use minijinja::syntax::SyntaxConfig;
use minijinja::value::{Kwargs, Value};
use minijinja::{Environment, Error, ErrorKind, context};
use record::Message;

use crate::ModelError;
use crate::calendar::strftime;

/// Instructions of the template engine per rendering: hundreds of messages take thousands, a loop takes all.
const FUEL: u64 = 5_000_000;

/// A compiled chat template.
pub(crate) struct ChatTemplate {
    environment: Environment<'static>,
    specials: BTreeMap<String, String>,
    path: PathBuf,
}

impl std::fmt::Debug for ChatTemplate {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "ChatTemplate({})", self.path.display())
    }
}

impl ChatTemplate {
    /// Compiles the template that `path` holds. `specials`: `bos_token` and the like.
    pub fn new(path: PathBuf, source: String, specials: BTreeMap<String, String>) -> Result<Self, ModelError> {
        let mut environment = Environment::new();
        let syntax = SyntaxConfig::builder()
            .trim_blocks(true)
            .lstrip_blocks(true)
            .build()
            .map_err(|error| ModelError::Template { path: path.clone(), why: explain(&error) })?;
        environment.set_syntax(syntax);
        environment.set_fuel(Some(FUEL));
        environment.set_unknown_method_callback(minijinja_contrib::pycompat::unknown_method_callback);
        environment.add_function("raise_exception", raise_exception);
        environment.add_function("strftime_now", |format: String| strftime(&format, now()));
        environment.add_filter("tojson", tojson);
        // transformers marks the assistant's words with this tag; it prints nothing.
        let source = strip_generation_tags(&source);
        environment
            .add_template_owned("chat", source)
            .map_err(|error| ModelError::Template { path: path.clone(), why: explain(&error) })?;
        Ok(Self { environment, specials, path })
    }

    /// The conversation as one text.
    pub fn render(&self, messages: &[Message], add_generation_prompt: bool) -> Result<String, ModelError> {
        let messages: Vec<Value> = messages
            .iter()
            .map(|message| context! { role => message.role.as_str(), content => message.content.clone() })
            .collect();
        let mut variables: BTreeMap<String, Value> =
            self.specials.iter().map(|(name, token)| (name.clone(), Value::from(token.clone()))).collect();
        variables.insert("messages".to_owned(), Value::from(messages));
        variables.insert("add_generation_prompt".to_owned(), Value::from(add_generation_prompt));
        variables.insert("tools".to_owned(), Value::from(()));
        variables.insert("documents".to_owned(), Value::from(()));
        let render = || self.environment.get_template("chat")?.render(Value::from(variables));
        render().map_err(|error| ModelError::Template { path: self.path.clone(), why: explain(&error) })
    }
}

fn explain(error: &Error) -> String {
    let line = error.line().map(|line| format!(" (line {line})")).unwrap_or_default();
    if error.kind() == ErrorKind::OutOfFuel {
        return format!(
            "it ran for more than {FUEL} instructions{line}: it loops; take the template of the original model"
        );
    }
    format!("{error}{line}")
}

fn raise_exception(message: String) -> Result<String, Error> {
    Err(Error::new(ErrorKind::InvalidOperation, format!("it refuses this conversation: {message}")))
}

fn strip_generation_tags(source: &str) -> String {
    let mut source = source.to_owned();
    for name in ["generation", "endgeneration"] {
        for (open, close) in [("{%", "%}"), ("{%-", "%}"), ("{%", "-%}"), ("{%-", "-%}")] {
            // An empty expression in place of the tag keeps its white-space control.
            let comment = format!("{}{}", open.replace('%', "#"), close.replace('%', "#"));
            source = source.replace(&format!("{open} {name} {close}"), &comment);
        }
    }
    source
}

/// Seconds since 1970, for templates that print the date.
fn now() -> u64 {
    SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_secs())
}

/// `json.dumps(value, ensure_ascii=False, indent=indent)`, as `transformers` defines the filter: unlike Jinja's own, it
/// escapes nothing for HTML and puts a space after `,` and `:`.
fn tojson(value: Value, options: Kwargs) -> Result<Value, Error> {
    let indent: Option<usize> = options.get("indent")?;
    let _: Option<bool> = options.get("ensure_ascii")?;
    let sort: Option<bool> = options.get("sort_keys")?;
    options.assert_all_used()?;
    let mut json = serde_json::to_value(&value)
        .map_err(|error| Error::new(ErrorKind::BadSerialization, format!("tojson: {error}")))?;
    if sort == Some(true) {
        json.sort_all_objects();
    }
    let mut text = String::new();
    write_json(&json, indent.map(|width| width.min(32)), 0, &mut text);
    Ok(Value::from_safe_string(text))
}

fn write_json(value: &serde_json::Value, indent: Option<usize>, depth: usize, out: &mut String) {
    let line = |depth: usize, out: &mut String| {
        if let Some(width) = indent {
            out.push('\n');
            out.extend(std::iter::repeat_n(' ', width * depth));
        }
    };
    let separator = if indent.is_some() { "," } else { ", " };
    match value {
        serde_json::Value::Array(items) if !items.is_empty() => {
            out.push('[');
            for (at, item) in items.iter().enumerate() {
                if at > 0 {
                    out.push_str(separator);
                }
                line(depth + 1, out);
                write_json(item, indent, depth + 1, out);
            }
            line(depth, out);
            out.push(']');
        }
        serde_json::Value::Object(map) if !map.is_empty() => {
            out.push('{');
            for (at, (key, item)) in map.iter().enumerate() {
                if at > 0 {
                    out.push_str(separator);
                }
                line(depth + 1, out);
                out.push_str(&serde_json::Value::from(key.as_str()).to_string());
                out.push_str(": ");
                write_json(item, indent, depth + 1, out);
            }
            line(depth, out);
            out.push('}');
        }
        other => out.push_str(&other.to_string()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn render(source: &str, messages: &[Message]) -> Result<String, ModelError> {
        let specials = BTreeMap::from([("bos_token".to_owned(), "<s>".to_owned())]);
        ChatTemplate::new("tokenizer_config.json".into(), source.to_owned(), specials)?.render(messages, true)
    }

    const CHATML: &str = "{{ bos_token }}{% for m in messages %}\n<|im_start|>{{ m['role'] }}\n{{ m.content.strip() }}\
        <|im_end|>\n{% endfor %}{% if add_generation_prompt %}<|im_start|>assistant\n{% endif %}";

    #[test]
    fn a_conversation_becomes_one_text() {
        let text = render(CHATML, &[Message::system("s "), Message::user("<b>")]).unwrap();
        assert_eq!(
            text,
            "<s><|im_start|>system\ns<|im_end|>\n<|im_start|>user\n<b><|im_end|>\n<|im_start|>assistant\n"
        );
    }

    #[test]
    fn json_is_written_as_python_writes_it() {
        let text = render("{{ {'a': [1, 2.5, true], 'b': '<é\"'} | tojson }}", &[]).unwrap();
        assert_eq!(text, r#"{"a": [1, 2.5, true], "b": "<é\""}"#);
        let text = render("{{ {'a': [1], 'b': {}} | tojson(indent=2) }}", &[]).unwrap();
        assert_eq!(text, "{\n  \"a\": [\n    1\n  ],\n  \"b\": {}\n}");
    }

    #[test]
    fn a_template_that_loops_or_refuses_or_is_none_is_an_error() {
        let looping = "{% for a in range(90000) %}{% for b in range(90000) %}x{% endfor %}{% endfor %}";
        for (source, says) in [
            (looping, "it loops"),
            ("{{ raise_exception('no system role') }}", "no system role"),
            ("{% macro f() %}{{ f() }}{% endmacro %}{{ f() }}", "failed"),
            ("{% for %}", "failed"),
            ("{{ messages.nothing.at.all }}", "failed"),
        ] {
            let error = render(source, &[Message::user("x")]).unwrap_err().to_string();
            assert!(error.contains(says) && error.contains("tokenizer_config.json"), "{error}");
        }
    }

    #[test]
    fn generation_tags_print_nothing() {
        assert_eq!(render("a{% generation %}b{%- endgeneration -%} c", &[]).unwrap(), "abc");
    }
}
