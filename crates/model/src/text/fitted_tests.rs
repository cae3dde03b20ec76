use super::*;
use serde_json::Map;

fn render(source: &str, messages: &[Message]) -> Result<Prompt, ModelError> {
    let template = ChatTemplate::new("chat_template.jinja".into(), source, Default::default())?;
    let args = Map::new();
    super::render(&template, &Chat { messages, tools: &[], args: &args, clock: crate::Clock::now() })
}

/// Shows user and assistant, who must take turns; refuses other roles.
const ALTERNATING: &str = "{% for m in messages %}\
    {% if (m.role == 'user') != (loop.index0 % 2 == 0) %}{{ raise_exception('roles must alternate') }}{% endif %}\
    [{{ m.role }}:{{ m.content }}]{% endfor %}";
/// Shows system, user and assistant; drops other roles.
const SILENT: &str = "{% for m in messages %}{% if m.role in ['system', 'user', 'assistant'] %}\
    [{{ m.role }}:{{ m.content }}]{% endif %}{% endfor %}";

#[test]
fn a_refused_system_message_stands_before_the_users_words() {
    let prompt = render(ALTERNATING, &[Message::system("s"), Message::user("u")]).unwrap();
    assert_eq!(prompt.text, "[user:s\n\nu]");
    assert_eq!(prompt.changes, [Change::SystemFolded].into());
    let alone = render(ALTERNATING, &[Message::system("s")]).unwrap();
    assert_eq!(alone.text, "[user:s]");
    let kept = render(SILENT, &[Message::system("s"), Message::user("u")]).unwrap();
    assert_eq!((kept.text.as_str(), kept.changes.len()), ("[system:s][user:u]", 0));
}

#[test]
fn a_system_message_that_would_vanish_is_folded_too() {
    let only_user = "{% for m in messages if m.role == 'user' %}[{{ m.content }}]{% endfor %}";
    let prompt = render(only_user, &[Message::system("s"), Message::user("u")]).unwrap();
    assert_eq!(prompt.text, "[s\n\nu]");
    let first_only = "{% if messages[0].role == 'system' %}<{{ messages[0].content }}>{% endif %}\
        {% for m in messages if m.role == 'user' %}[{{ m.content }}]{% endfor %}";
    let late = [Message::system("a"), Message::user("u"), Message::system("b"), Message::user("v")];
    let prompt = render(first_only, &late).unwrap();
    assert_eq!(prompt.text, "<a>[u][b\n\nv]");
}

#[test]
fn results_of_functions_and_tools_never_vanish() {
    let talk = [Message::user("u"), Message::assistant("call"), Message::new(Role::Function, "{\"t\": 21}")];
    for source in [ALTERNATING, SILENT] {
        let prompt = render(source, &talk).unwrap();
        assert_eq!(prompt.text, "[user:u][assistant:call][user:{\"t\": 21}]");
        assert_eq!(prompt.changes, [Change::FunctionAsUser].into());
    }
    let [user, mut call, result] = tool_probe();
    call.content = "I call f".to_owned();
    let prompt = render(SILENT, &[user.clone(), call.clone(), result.clone()]).unwrap();
    assert!(prompt.text.ends_with("[user:acbmarker7]") && prompt.changes.contains(&Change::ToolAsUser));
    let knows = "{% for m in messages %}[{{ m.role }}:{{ m.content }}{{ m.tool_calls }}]{% endfor %}";
    let prompt = render(knows, &[user, call, result]).unwrap();
    assert!(prompt.text.ends_with("[tool:acbmarker7]") && prompt.changes.is_empty());
}

#[test]
fn what_is_left_out_is_named_but_thoughts_may_go() {
    let last_only = "[{{ messages[-1].content }}]";
    let talk = [Message::user("first words"), Message::assistant("a"), Message::user("b")];
    let error = render(last_only, &talk).unwrap_err();
    assert!(matches!(error, ModelError::LeftOut { index: 0, role: "user", .. }), "{error}");
    let thoughtless = "{% for m in messages %}[{{ m.content.split('</think>')[-1] }}]{% endfor %}";
    let talk = [Message::user("u"), Message::assistant("<think>long</think>4"), Message::user("v")];
    assert_eq!(render(thoughtless, &talk).unwrap().text, "[u][4][v]");
}

#[test]
fn a_refusal_of_one_conversation_is_not_circumvented() {
    let picky = "{% if messages[1].content|length > 9 %}{{ raise_exception('too long') }}{% endif %}\
        {% for m in messages %}[{{ m.role }}:{{ m.content }}]{% endfor %}";
    assert!(render(picky, &[Message::system("s"), Message::user("short")]).is_ok());
    let error = render(picky, &[Message::system("s"), Message::user("much too long")]).unwrap_err();
    assert!(matches!(error, ModelError::Refused { words, .. } if words == "too long"));
}
