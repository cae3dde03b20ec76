//! What is taken off a reply before it is read.

use std::borrow::Cow;
use std::sync::LazyLock;

use regex::Regex;

use super::Language;
use crate::pattern;
use crate::python::strip;
use crate::tool_use::bfcl::Switches;

static TAG: LazyLock<Regex> = LazyLock::new(|| pattern(r"(?s)<TOOLCALL>(.*?)</TOOLCALL>"));
static FENCE: LazyLock<Regex> = LazyLock::new(|| pattern(r"(?s)```[A-Za-z_]*[ \t]*\n(.*?)```"));

/// Takes backticks, line ends and blanks off both ends, and puts brackets where they are missing.
pub(super) fn brackets<'r>(reply: &'r str, language: Language, switches: &Switches) -> Cow<'r, str> {
    let mut text = reply.trim_matches(['`', '\n', ' ']);
    if switches.any_fence && super::python::unread(reply, language) {
        text = fenced(reply).trim_matches(['`', '\n', ' ', '\t', '\r']);
    }
    let (open, close) = (text.starts_with('['), text.ends_with(']'));
    if open && close && text.len() > 1 {
        return Cow::Borrowed(text);
    }
    // Of the single character `[` or `]`, one of the two is missing.
    let open = if open { "" } else { "[" };
    let close = if close { "" } else { "]" };
    Cow::Owned(format!("{open}{text}{close}"))
}

/// The last code block of a reply, else its last list of calls, else all of it; without thoughts.
fn fenced(reply: &str) -> &str {
    let said = reply.rsplit_once("</think>").map_or(reply, |(_, said)| said);
    if let Some(block) = FENCE.captures_iter(said).last().and_then(|found| found.get(1)) {
        return block.as_str();
    }
    let text = said.trim();
    let Some(end) = text.rfind(")]") else { return text };
    let close = end + 2;
    let opened = text[..close].char_indices().filter(|(_, c)| *c == '[');
    let outermost = opened.map(|(at, _)| at).find(|at| {
        let rest = text[at + 1..].trim_start();
        rest.starts_with(|c: char| c.is_alphabetic() || c == '_')
    });
    outermost.map_or(text, |at| &text[at..close])
}

/// What stands between the tags for the first time.
pub(super) fn tagged(text: &str) -> Option<&str> {
    TAG.captures(text).and_then(|found| found.get(1)).map(|inner| strip(inner.as_str()))
}
