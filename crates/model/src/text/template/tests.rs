use super::*;
use crate::text::chat::Clock;
use record::{Message, Role, ToolCall};
use serde_json::{Value as Json, json};

fn render_with(source: &str, messages: &[Message], tools: &[Json], args: &Json) -> Result<String, ModelError> {
    let specials = BTreeMap::from([("bos_token".to_owned(), "<s>".to_owned())]);
    let args = args.as_object().cloned().unwrap_or_default();
    let clock = Clock::read("2026-03-14T09:26:53").expect("a time");
    let conversation = Chat { messages, tools, args: &args, clock };
    ChatTemplate::new("tokenizer_config.json".into(), source, specials)?.render(&conversation, true)
}

fn render(source: &str, messages: &[Message]) -> Result<String, ModelError> {
    render_with(source, messages, &[], &json!({}))
}

/// What an expression prints; `x` is a dictionary, `n` a list.
fn shown(expression: &str) -> String {
    let args = json!({"x": {"z": 1, "a": [true, null, "it's"], "items": 2.0}, "n": [3, 1, 2]});
    render_with(&format!("{{{{ {expression} }}}}"), &[], &[], &args).unwrap_or_else(|error| error.to_string())
}

const CHATML: &str = "{{ bos_token }}{% for m in messages %}\n<|im_start|>{{ m['role'] }}\n{{ m.content.strip() }}\
    <|im_end|>\n{% endfor %}{% if add_generation_prompt %}<|im_start|>assistant\n{% endif %}";

#[test]
fn a_conversation_becomes_one_text() {
    let text = render(CHATML, &[Message::system("s "), Message::user("<b>")]).unwrap();
    assert_eq!(text, "<s><|im_start|>system\ns<|im_end|>\n<|im_start|>user\n<b><|im_end|>\n<|im_start|>assistant\n");
}

#[test]
fn json_is_written_as_python_writes_it() {
    for (expression, prints) in [
        ("{'a': [1, 2.5, true], 'b': '<é\"'} | tojson", r#"{"a": [1, 2.5, true], "b": "<é\""}"#),
        ("{'a': [1], 'b': {}} | tojson(indent=2)", "{\n  \"a\": [\n    1\n  ],\n  \"b\": {}\n}"),
        ("x | tojson", r#"{"z": 1, "a": [true, null, "it's"], "items": 2.0}"#),
        ("x | tojson(sort_keys=true, separators=(',', ':'))", r#"{"a":[true,null,"it's"],"items":2.0,"z":1}"#),
        ("'é😀' | tojson(ensure_ascii=true)", r#""\u00e9\ud83d\ude00""#),
        ("[1e16, 1e-5, 0.5, 1e3] | tojson", "[1e+16, 1e-05, 0.5, 1000.0]"),
        ("[[], {}] | tojson(indent=1)", "[\n [],\n {}\n]"),
        ("{1: none, true: 2} | tojson", r#"{"1": 2}"#),
    ] {
        assert_eq!(shown(expression), prints, "{expression}");
    }
    assert!(shown("nothing | tojson").contains("undefined"), "{}", shown("nothing | tojson"));
}

#[test]
fn values_print_as_python_prints_them() {
    for (expression, prints) in [
        ("x", "{'z': 1, 'a': [True, None, \"it's\"], 'items': 2.0}"),
        ("[1e16, 1e-5, 123456.789, -0.0]", "[1e+16, 1e-05, 123456.789, -0.0]"),
        ("1e22", "1e+22"),
        ("(1,)", "(1,)"),
        ("['a\\n\\u2028\\u00ad\\x00é', '\"\\'']", "['a\\n\\u2028\\xad\\x00é', '\"\\'']"),
        ("true ~ none ~ 1.0", "TrueNone1.0"),
        ("[true]|string", "[True]"),
        ("none is iterable", "False"),
        ("x is iterable and 'a' is iterable and n is iterable", "True"),
        ("x is sequence and 'a' is sequence and not 1 is sequence", "True"),
        ("x.items() | list", "[('z', 1), ('a', [True, None, \"it's\"]), ('items', 2.0)]"),
        ("x.keys() | list", "['z', 'a', 'items']"),
        ("n[::-1]", "[2, 1, 3]"),
        ("n[1:]|tojson ~ nothing|d('z', boolean=true)", "[1, 2]z"),
        ("'a\\nb'|indent('> ') ~ 'a\\n'|indent(2)", "a\n> ba\n"),
        ("'\"'|safe + '<' + '\"'|safe", "\"&lt;\""),
        ("n[-2:]", "[1, 2]"),
        ("'abc'[:-1]", "ab"),
    ] {
        assert_eq!(shown(expression), prints, "{expression}");
    }
}

#[test]
fn texts_have_pythons_methods() {
    for (expression, prints) in [
        ("'a b  c '.split()", "['a', 'b', 'c']"),
        ("' a b  c '.split(None, 1)", "['a', 'b  c ']"),
        ("' a b '.split(none, 0)", "['a b ']"),
        ("'a,b,c'.split(',', 1)", "['a', 'b,c']"),
        ("'a,b,c'.split(',', maxsplit=1)[-1]", "b,c"),
        ("'a,b,c'.rsplit(',', 1)", "['a,b', 'c']"),
        ("' a b  c '.rsplit(none, 1)", "[' a b', 'c']"),
        ("'k=v=w'.partition('=')", "('k', '=', 'v=w')"),
        ("'kv'.rpartition('=')", "('', '', 'kv')"),
        ("'xxaxx'.strip('x') ~ 'xya'.lstrip('yx') ~ 'a\\n'.rstrip()", "aaa"),
        ("'<think>a'.removeprefix('<think>').removesuffix('a') ~ '.'", "."),
        ("'abcabc'.find('c', 3) ~ 'abcabc'.rfind('a') ~ 'ab'.find('x')", "53-1"),
        ("'abcabc'.count('b') ~ 'abcabc'.count('b', 2)", "21"),
        ("'they\\'re UP'.title() ~ 'aB'.swapcase() ~ 'hELLO'.capitalize()", "They'Re UpAbHello"),
        ("'abc'.startswith(('x', 'ab')) and 'abc'.endswith('c') and 'abc'.startswith('b', 1)", "True"),
        ("'a\\r\\nb\\n'.splitlines()", "['a', 'b']"),
        ("'-7'.zfill(4) ~ 'a'.center(4, '*') ~ 'a'.ljust(2) ~ 'a'.rjust(2)", "-007*a**a  a"),
        ("'aaa'.replace('a', 'b', 2)", "bba"),
        ("'{} {0}'.format(1)[:1]", "the chat template"),
        ("'{:>3}|{}'.format(1, 'x')", "  1|x"),
        ("n.index(1) ~ n.count(3)", "11"),
    ] {
        assert!(shown(expression).starts_with(prints), "{expression}: {}", shown(expression));
    }
}

#[test]
fn what_a_template_is_given_is_there_and_keeps_its_order() {
    let mut call = Message::assistant("");
    let arguments = json!({"z": 1, "a": {"y": 2.5, "b": null}});
    call.tool_calls = vec![ToolCall { id: Some("7".into()), name: "f".into(), arguments }];
    call.reasoning_content = Some("hm".into());
    let mut result = Message::new(Role::Tool, "ok");
    result.tool_call_id = Some("7".into());
    let tools = [json!({"type": "function", "function": {"name": "f", "description": "d", "parameters": {}}})];
    let source = "{{ tools|tojson }} {{ messages[0].tool_calls[0].function.arguments|tojson }} \
        {{ messages[0].reasoning_content }} {{ messages[1].tool_call_id }} {{ messages[1].role }} \
        {{ messages[1].reasoning_content is defined }} {{ enable_thinking }} {{ strftime_now('%d %b %Y') }}";
    let text = render_with(source, &[call, result], &tools, &json!({"enable_thinking": false})).unwrap();
    assert_eq!(
        text,
        r#"[{"type": "function", "function": {"name": "f", "description": "d", "parameters": {}}}] {"z": 1, "a": {"y": 2.5, "b": null}} hm 7 tool False False 14 Mar 2026"#
    );
}

#[test]
fn a_template_that_loops_or_refuses_or_is_none_is_an_error() {
    let looping = "{% for a in range(90000) %}{% for b in range(90000) %}x{% endfor %}{% endfor %}";
    let deep = format!("{{{{ {}1{} }}}}", "(".repeat(5000), ")".repeat(5000));
    let nested = "{% if 1 %}".repeat(3000);
    let doubling =
        "{% set ns = namespace(x='xxxxxxxx') %}{% for a in range(99) %}{% set ns.x = ns.x ~ ns.x %}{% endfor %}";
    for (source, says) in [
        (looping, "it loops"),
        ("{{ raise_exception('no system role') }}", "no system role"),
        ("{% macro f() %}{{ f() }}{% endmacro %}{{ f() }}", "failed"),
        ("{% for %}", "failed"),
        ("{{ messages.nothing.at.all }}", "failed"),
        ("{{ 'x' * 10**9 }}", "failed"),
        ("{{ range(10**12)|list }}", "failed"),
        ("{{ 'a'.ljust(10**11) }}", "failed"),
        ("{{ [1] * 10**10 }}", "failed"),
        (doubling, "failed"),
        (&deep, "failed"),
        (&nested, "failed"),
        ("\0\u{1}{%\u{7f}{{", "failed"),
    ] {
        let error = render(source, &[Message::user("x")]).unwrap_err().to_string();
        assert!(error.contains(says) && error.contains("tokenizer_config.json"), "{error}");
    }
}

#[test]
fn a_refusal_has_the_templates_own_words() {
    let error = render("{% macro f() %}{{ raise_exception('roles must alternate') }}{% endmacro %}{{ f() }}", &[]);
    assert!(matches!(error, Err(ModelError::Refused { words, .. }) if words == "roles must alternate"));
}

#[test]
fn generation_tags_print_nothing_and_line_ends_are_one() {
    assert_eq!(render("a{% generation %}b{%- endgeneration -%} c", &[]).unwrap(), "abc");
    let source = "{%- for m in messages %}\r\n{{ m.content }}\r\n{%- endfor %}\r\nend\r\n";
    assert_eq!(render(source, &[Message::user("a\r\nb")]).unwrap(), "a\r\nbend");
}
