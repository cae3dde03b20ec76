//! Numbers and names as a reader sees them.

use std::cmp::Ordering;

use record::{Activations, Capability, CheckpointRecord, Interval, Verdict};
use serde_json::Value;

/// How inputs of linears were rounded beside what checkpoints say.
pub(crate) fn activations(activations: Activations) -> &'static str {
    match activations {
        Activations::Stored => "",
        Activations::Int8 => "; inputs of integer weights rounded to 8 bits, as llama.cpp does",
        Activations::Bf16 => "; inputs of bfloat16 weights rounded to bfloat16, as llama.cpp does",
    }
}

/// A share as points of 100: `84.2`.
pub(crate) fn percent(share: f64) -> String {
    // Rounding can leave a minus sign on zero.
    format!("{:.1}", share * 100.0 + 0.0).replace("-0.0", "0.0")
}

/// A difference in points with its sign: `−1.3`, `+0.4`, `0.0`.
pub(crate) fn points(delta: f64) -> String {
    let text = format!("{:+.1}", delta * 100.0);
    match text.as_str() {
        "+0.0" | "-0.0" => "0.0".to_owned(),
        _ => text.replace('-', "\u{2212}"),
    }
}

/// A difference as whole points: `−12`, `+3`, `0`.
pub(crate) fn whole_points(delta: f64) -> String {
    match (delta * 100.0).round() {
        0.0 => "0".to_owned(),
        rounded => format!("{rounded:+}").replace('-', "\u{2212}"),
    }
}

/// The margin in points: `3`, `2.5`.
pub(crate) fn margin(share: f64) -> String {
    let tenths = (share * 1000.0).round() / 10.0;
    format!("{tenths}")
}

/// `[−2.1, +0.4]`
pub(crate) fn interval(interval: Interval) -> String {
    format!("[{}, {}]", points(interval.low), points(interval.high))
}

/// A p-value: `0.034`, `<0.001`.
pub(crate) fn p_value(p: f64) -> String {
    if p < 0.001 { "<0.001".to_owned() } else { format!("{p:.3}") }
}

/// A whole number with thin groups: `12,400`.
pub(crate) fn count(n: usize) -> String {
    let digits = n.to_string();
    let mut text = String::new();
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

/// A number of things: `1 sample`, `12 samples`.
pub(crate) fn counted(n: usize, thing: &str) -> String {
    format!("{} {thing}{}", count(n), if n == 1 { "" } else { "s" })
}

/// About that many, to two digits: `870`, `23,000`.
pub(crate) fn about(n: usize) -> String {
    let scale = 10usize.pow(n.checked_ilog10().unwrap_or(0).saturating_sub(1));
    count(n.div_ceil(scale) * scale)
}

/// About that many things, to two digits: `870 samples`.
pub(crate) fn counted_about(n: usize, thing: &str) -> String {
    format!("{} {thing}{}", about(n), if n == 1 { "" } else { "s" })
}

/// Bytes in powers of ten: `1.3 MB`.
pub(crate) fn bytes(size: f64) -> String {
    match size {
        s if s >= 1e9 => format!("{:.2} GB", s / 1e9),
        s if s >= 1e6 => format!("{:.1} MB", s / 1e6),
        s if s >= 1e3 => format!("{:.0} kB", s / 1e3),
        s => format!("{s:.0} B"),
    }
}

/// A capability in words: `tool use`.
pub(crate) fn capability(capability: Capability) -> String {
    capability.as_str().replace('_', " ")
}

/// A sign for each verdict, so that color is never the only carrier.
pub(crate) fn sign(verdict: Verdict) -> &'static str {
    match verdict {
        Verdict::Holds => "●",
        Verdict::Drops => "▼",
        Verdict::Inconclusive => "○",
        Verdict::Floor => "–",
    }
}

/// A verdict in a word or two.
pub(crate) fn word(verdict: Verdict) -> String {
    match verdict {
        Verdict::Floor => "cannot do".to_owned(),
        other => other.to_string(),
    }
}

/// `a, b and c`
pub(crate) fn list(items: &[String]) -> String {
    match items {
        [] => String::new(),
        [one] => one.clone(),
        [most @ .., last] => format!("{} and {last}", most.join(", ")),
    }
}

/// Settings as `bits 4`, `group_size 128`; what is null is left out.
pub(crate) fn settings(settings: &Value) -> Vec<String> {
    let text = |value: &Value| value.as_str().map_or_else(|| value.to_string(), str::to_owned);
    match settings {
        Value::Null => Vec::new(),
        Value::Object(fields) => fields
            .iter()
            .filter(|(_, value)| !value.is_null())
            .map(|(name, value)| format!("{} {}", name.replace('_', " "), text(value)))
            .collect(),
        other => vec![text(other)],
    }
}

/// `209 linears of q4_1`
pub(crate) fn linears(record: &CheckpointRecord) -> Vec<String> {
    record.linears.iter().map(|(kind, count)| format!("{count} linears of {kind}")).collect()
}

/// Tag values in a reader's order: numbers by size, then words.
pub(crate) fn by_size(a: &str, b: &str) -> Ordering {
    match (a.parse::<f64>(), b.parse::<f64>()) {
        (Ok(x), Ok(y)) => x.total_cmp(&y),
        (Ok(_), Err(_)) => Ordering::Less,
        (Err(_), Ok(_)) => Ordering::Greater,
        (Err(_), Err(_)) => a.cmp(b),
    }
}

/// The first `most` characters, with an ellipsis where there were more.
pub(crate) fn clipped(text: &str, most: usize) -> String {
    match text.char_indices().nth(most) {
        Some((end, _)) => format!("{}…", text[..end].trim_end()),
        None => text.to_owned(),
    }
}

/// Text without control characters: names come from files, and a terminal obeys them.
pub(crate) fn printable(text: &str) -> String {
    text.chars().map(|c| if c.is_control() || is_unseen(c) { ' ' } else { c }).collect()
}

/// A finished page or drawing with a sign in place of control characters: XML knows none but these two, and a reader
/// should see that one was there. What would turn other text around, or cannot be seen, is spelled out: `⟨U+202E⟩`.
pub(crate) fn legible(markup: &str) -> String {
    let mut text = String::with_capacity(markup.len());
    for c in markup.chars() {
        match c {
            '\n' | '\t' => text.push(c),
            c if c.is_control() => text.push('\u{FFFD}'),
            c if is_unseen(c) => text.push_str(&format!("⟨U+{:04X}⟩", u32::from(c))),
            c => text.push(c),
        }
    }
    text
}

/// Marks and overrides of direction, spaces without width, and tags (Unicode 16: general category Cf), but for the two
/// joiners that scripts and emoji are written with.
fn is_unseen(c: char) -> bool {
    matches!(c,
        '\u{AD}' | '\u{61C}' | '\u{180E}' | '\u{200B}' | '\u{200E}' | '\u{200F}' | '\u{2028}'..='\u{202E}'
        | '\u{2060}'..='\u{206F}' | '\u{FEFF}' | '\u{FFF9}'..='\u{FFFB}' | '\u{E0000}'..='\u{E007F}')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_read_well() {
        assert_eq!(points(-0.0134), "−1.3");
        assert_eq!((points(0.00004), points(-0.0), points(0.25)), ("0.0".into(), "0.0".into(), "+25.0".into()));
        assert_eq!((percent(-0.0), percent(1.0)), ("0.0".into(), "100.0".into()));
        assert_eq!((margin(0.03), margin(0.025), margin(0.0)), ("3".into(), "2.5".into(), "0".into()));
        assert_eq!(
            (about(870), about(23_545), about(7), about(0)),
            ("870".into(), "24,000".into(), "7".into(), "0".into())
        );
        assert_eq!((p_value(0.0004), p_value(0.0344)), ("<0.001".into(), "0.034".into()));
        assert_eq!((bytes(1_340_000.0), bytes(12.0)), ("1.3 MB".into(), "12 B".into()));
    }

    #[test]
    fn tag_values_sort_as_a_reader_counts() {
        let mut values = vec!["1024", "barman", "256", "0.5", "512"];
        values.sort_by(|a, b| by_size(a, b));
        assert_eq!(values, ["0.5", "256", "512", "1024", "barman"]);
    }

    #[test]
    fn text_is_harmless_and_cut_between_characters() {
        let hostile = "<b a='\"'>&\u{1b}";
        let element = maud::html! { i title=(hostile) { (hostile) } }.into_string();
        let safe = "&lt;b a='&quot;'&gt;&amp;\u{FFFD}";
        assert_eq!(legible(&element), format!("<i title=\"{safe}\">{safe}</i>"));
        assert_eq!(clipped("äöü", 2), "äö…");
        assert_eq!(clipped("äöü", 3), "äöü");
        assert_eq!(printable("a\u{1b}[31m\u{202e}"), "a [31m ");
        assert_eq!(legible("a\u{202e}b\u{200d}c"), "a⟨U+202E⟩b\u{200d}c");
    }
}
