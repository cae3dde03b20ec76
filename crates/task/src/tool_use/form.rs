//! Whether a reply has the form that is asked for, and nothing beside it.

use std::sync::LazyLock;

use regex::Regex;
use serde_json::Value as Json;

use super::instruct::{self, Gold};
use super::{Cut, Switches, Teval, Value, load, strip};

static NAME: LazyLock<Regex> =
    LazyLock::new(|| Regex::new(r"^[A-Za-z_][A-Za-z0-9_.]*$").expect("a constant pattern that a test compiles"));
static LINE: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(r"^\d+[.)] *[A-Za-z_][A-Za-z0-9_.]*\b.*$").expect("a constant pattern that a test compiles")
});

/// No answer that is asked for is longer.
const MOST_BYTES: usize = 1 << 16;

/// Whether the reply to a task has the asked form. A gold of another task is no form at all.
pub(super) fn formed(task: Teval, gold: &Json, reply: &str) -> bool {
    let reply = strip(reply);
    if reply.len() > MOST_BYTES {
        return false;
    }
    let object = |keys: &[&str]| match load(reply, Cut::default()) {
        Some(value @ Value::Dict(_)) => keys.iter().all(|key| value.get(key).is_some()),
        _ => false,
    };
    let lines = || reply.lines().filter(|line| !line.trim().is_empty());
    match task {
        Teval::Instruct => {
            let switches = Switches { literal_markers: true, last_marker: true, ..Switches::all(false) };
            let judged = Gold::read(gold).map(|gold| instruct::judge(&gold, &[], reply, &switches));
            judged.is_ok_and(|judgment| judgment.metrics.contains(&("format", 1.0)))
        }
        Teval::Plan if gold["prompt_type"] == "json" => {
            matches!(load(reply, Cut::default()), Some(Value::List(steps)) if !steps.is_empty())
        }
        Teval::Plan => lines().next().is_some() && lines().all(|line| LINE.is_match(line.trim())),
        Teval::Reason => lines().count() == 1,
        Teval::Retrieve => NAME.is_match(reply),
        Teval::Understand => object(&[]),
        Teval::Rru => object(&["thought", "name", "args"]),
        Teval::Review => matches!(reply, "A" | "B" | "C" | "D" | "E"),
    }
}
